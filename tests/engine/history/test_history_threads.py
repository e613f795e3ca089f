"""A market's history under two threads, without disk, and for long."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engine.history.growing import GrowingRows
from app.engine.history.history import History
from app.engine.history.records import TAPE, BarKind
from app.engine.records import BUY, MARKET, SELL, EventKind, RecordFlag
from app.sessions.history import BarSpec
from benchmarks.book import level_stream
from tests.ui.scripted_session import FUTURE
from tests.waiting import NEVER_S

pytestmark = pytest.mark.threads


def trades(count: int) -> Any:
    """So many trades, one a microsecond, of a price that wanders."""
    random = np.random.default_rng(5)
    records = np.zeros(count, MARKET)
    records["kind"], records["flags"] = EventKind.TRADE, RecordFlag.LAST
    records["ts_venue"] = records["ts_received"] = 10**18 + np.arange(count) * 1000
    records["price"] = 1000 + np.cumsum(random.integers(-1, 2, count))
    records["size"] = random.integers(1, 9, count)
    records["aggressor"] = random.choice((BUY, SELL), count)
    return records


def is_sound(history: History, bars: Any) -> bool:
    """Whether what a reader sees now can be true at one instant."""
    _, bids, asks = history.depth(0, -(2**62), 2**62)
    is_ordered = bool((np.diff(bids["price"]) < 0).all())
    is_ordered &= bool((np.diff(asks["price"]) > 0).all())
    is_ordered &= bool((bids["size"] > 0).all() and (asks["size"] > 0).all())
    rows = bars.read(max(bars.count - 5, 0), bars.count)
    is_ordered &= bool((rows["buys"] + rows["sells"] == rows["volume"]).all())
    profile = history.profile(0)
    stats = history.stats(0)
    total = int(profile["buys"].sum() + profile["sells"].sum())
    return is_ordered and total <= int(stats["volume"])


def test_a_reader_never_sees_half_a_record() -> None:
    records = level_stream(400_000)
    history = History((FUTURE,))
    bars = history.bars(0, BarSpec(BarKind.TICKS, 50))
    looked, done = threading.Semaphore(0), threading.Event()

    def fold() -> None:
        for number, first in enumerate(range(0, len(records), 700)):
            if number % 20 == 0:
                # However late the reader gets its turns, it looks now and then.
                looked.acquire(timeout=NEVER_S)
            history.fold(records[first : first + 700])
        done.set()

    thread = threading.Thread(target=fold)
    thread.start()
    while not done.is_set():
        looked.release()
        assert is_sound(history, bars)
    thread.join()

    assert history.records == len(records)


def test_the_fold_goes_on_while_readers_never_pause() -> None:
    records = trades(200_000)
    history = History((FUTURE,))
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            history.stats(0)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    history.fold(records)
    stop.set()
    for each in readers:
        each.join()

    assert history.trade_count(0) == len(records)


def test_a_full_disk_loses_trades_and_says_so_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_space(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    history = History((FUTURE,))
    bars = history.bars(0, BarSpec(BarKind.TICKS, 1))
    history.fold(trades(10))
    with monkeypatch.context() as without:
        without.setattr(os, "posix_fallocate", no_space)
        history.fold(trades(200_000))
        room = history.trade_count(0)
        assert history.lost == 200_010 - room
        assert room < 200_000
        assert bars.count <= room

    history.fold(trades(5))

    assert history.trade_count(0) == room + 5
    assert history.stats(0)["trades"] == 200_015
    history.fold(np.empty(0, MARKET))
    assert bars.count == room + 5


def resident() -> int:
    """Resident memory of this process, bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


def test_a_long_tape_stays_out_of_memory_and_can_be_read_all_the_same() -> None:
    rows = GrowingRows(TAPE, 1 << 30, 3 << 20)
    before, step = resident(), 50_000
    for first in range(0, 5_000_000, step):
        assert rows.make_room(first + step)
        rows.rows["price"][first : first + step] = np.arange(first, first + step)
        rows.drop_behind(first + step)

    assert resident() - before < 64 << 20
    assert np.array_equal(
        rows.rows["price"][:5_000_000:999], np.arange(0, 5_000_000, 999)
    )


def test_there_is_never_more_than_was_reserved() -> None:
    rows = GrowingRows(TAPE, 48_000, 4096)

    assert rows.make_room(1000)
    assert not rows.make_room(1001)
    assert rows.room == 1000
