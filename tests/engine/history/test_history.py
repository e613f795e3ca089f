"""A market's history against a plain one, over random streams."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.data.log_tail import LogTail
from app.engine.book import BookReplay
from app.engine.history.footprints import GrowingFootprint
from app.engine.history.heat_state import STALE
from app.engine.history.history import History
from app.engine.history.records import BarKind, TapeFlag
from app.engine.journal import EngineLog
from app.engine.log import Stream
from app.engine.records import (
    BAR,
    BUY,
    MARKET,
    NO_PRICE,
    QUOTE,
    SELL,
    EventKind,
    FeedStatus,
    SessionState,
    TradeCondition,
)
from app.errors import EngineError
from app.instrument import Instrument
from app.sessions.history import BarSpec
from tests.engine.history.reference_history import (
    LAST,
    ReferenceHistory,
    reference_bars,
    reference_profile,
)
from tests.ui.scripted_session import FUTURE, STOCK

K = EventKind
SECOND = 1_000_000_000
START = 1_780_000_000 * SECOND
_FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def history(*instruments: Instrument, **more: Any) -> History:
    return History(instruments or (FUTURE,), **more)


def record(kind: int, ts: int = START, **fields: int) -> Any:
    """One MARKET record."""
    made = np.zeros(1, MARKET)
    made["kind"], made["flags"] = kind, LAST
    made["ts_venue"] = made["ts_received"] = ts
    for name, value in fields.items():
        made[name] = value
    return made


def joined(*records: Any) -> Any:
    return np.concatenate(records)


def whole() -> Any:
    return joined(record(K.SNAPSHOT_BEGIN), record(K.SNAPSHOT_END))


def trade(price: int, size: int, ts: int = START, **fields: int) -> Any:
    return record(K.TRADE, ts, price=price, size=size, **fields)


def level(side: int, price: int, size: int, ts: int = START) -> Any:
    return record(K.LEVEL, ts, side=side, price=price, size=size)


def folded(records: Any, *instruments: Instrument) -> History:
    made = history(*instruments)
    made.fold(records)
    return made


def random_levels(seed: int, count: int) -> Any:
    """A stream by level: changes, trades with and without an aggressor, snapshots."""
    random = np.random.default_rng(seed)
    rows, ts = [whole()], START
    for _ in range(count):
        ts += int(random.choice((0, 1_000, 400_000_000), p=(0.4, 0.5, 0.1)))
        draw = random.random()
        if draw < 0.01:
            rows += [record(K.SNAPSHOT_BEGIN, ts), record(K.SNAPSHOT_END, ts)]
        elif draw < 0.3:
            price, size = int(random.integers(95, 106)), int(random.integers(0, 9))
            aggressor = int(random.integers(-1, 2))
            rows.append(trade(price, size, ts, aggressor=aggressor))
        else:
            side = BUY if random.random() < 0.5 else SELL
            price = int(
                random.integers(95, 100) if side > 0 else random.integers(100, 106)
            )
            rows.append(level(side, price, int(random.integers(0, 40)), ts))
    return joined(*rows)


def random_orders(seed: int, count: int) -> Any:
    """A stream by order."""
    random = np.random.default_rng(seed)
    rows, ts, newest = [whole()], START, 0
    live: dict[int, tuple[int, int]] = {}
    for _ in range(count):
        ts += int(random.choice((0, 2_000, 300_000_000)))
        draw = random.random()
        if draw < 0.5 or not live:
            newest += 1
            side = BUY if random.random() < 0.5 else SELL
            price = int(
                random.integers(90, 100) if side > 0 else random.integers(100, 110)
            )
            size = int(random.integers(1, 30))
            live[newest] = side, size
            fields = {"side": side, "price": price, "size": size}
            rows.append(record(K.ORDER_ADD, ts, reference=newest, **fields))
            continue
        order = int(random.choice(list(live)))
        side, left = live[order]
        size = int(random.integers(1, left + 1))
        if draw < 0.7:
            size = size if random.random() < 0.7 else 0
            rows.append(record(K.ORDER_CANCEL, ts, reference=order, size=size))
            left -= size or left
        elif draw < 0.85:
            price = NO_PRICE if random.random() < 0.7 else int(random.integers(95, 105))
            fields = {"price": price, "size": size}
            rows.append(record(K.ORDER_EXECUTE, ts, reference=order, **fields))
            left -= size
        else:
            price = int(
                random.integers(90, 100) if side > 0 else random.integers(100, 110)
            )
            left = int(random.integers(1, 30))
            fields = {"price": price, "size": left}
            rows.append(record(K.ORDER_MODIFY, ts, reference=order, **fields))
        live[order] = side, left
        if left == 0:
            del live[order]
    return joined(*rows)


STREAMS = st.tuples(
    st.sampled_from((random_levels, random_orders)),
    st.integers(0, 10_000),
    st.integers(1, 700),
).map(lambda drawn: drawn[0](*drawn[1:]))


@_FEW
@given(STREAMS)
def test_tape_flow_and_depth_equal_the_plain_ones(records: Any) -> None:
    plain = ReferenceHistory()
    for each in records:
        plain.take(each)

    made = folded(records)

    tape = made.trades(0, 0, 1 << 40)
    names = "ts", "price", "size", "bid", "ask", "aggressor", "flags"
    assert [tuple(int(row[n]) for n in names) for row in tape] == plain.tape
    flow = made.flow(0, -1000, 1000)
    for side, name in ((BUY, "bid_change"), (SELL, "ask_change")):
        changes = dict(zip(flow["price"].tolist(), flow[name].tolist(), strict=True))
        wanted = {p: v for (s, p), v in plain.change.items() if s == side and v}
        assert {p: v for p, v in changes.items() if v} == wanted
    _, bids, asks = made.depth(0, -1000, 1000)
    assert dict(bids[["price", "size"]].tolist()) == plain.levels[BUY]
    assert dict(asks[["price", "size"]].tolist()) == plain.levels[SELL]
    assert bids["price"].tolist() == sorted(plain.levels[BUY], reverse=True)
    assert asks["price"].tolist() == sorted(plain.levels[SELL])


@_FEW
@given(STREAMS, st.sampled_from(list(BarKind)), st.integers(1, 40), st.integers(1, 50))
def test_bars_equal_the_plain_ones_however_late_they_are_followed(
    records: Any, kind: BarKind, size: int, parts: int
) -> None:
    if kind == BarKind.TIME:
        size *= 50_000_000
    made = history()
    begun = len(records) // 3
    made.fold(records[:begun])
    bars = made.bars(0, BarSpec(kind, size))
    for part in np.array_split(records[begun:], parts):
        made.fold(part)

    rows = bars.read(-5, 1 << 40)

    tape = made.trades(0, 0, 1 << 40)
    assert [tuple(int(x) for x in list(row)[:13]) for row in rows] == reference_bars(
        tape, kind, size
    )
    assert bars.is_complete
    assert np.allclose(rows["turnover"].sum(), (tape["price"] * tape["size"]).sum())
    for at in range(0, len(rows), 7):
        ts = int(rows["end"][at]) - 1
        assert bars.find(ts) == int(np.searchsorted(rows["end"], ts, side="right"))


@_FEW
@given(STREAMS, st.lists(st.integers(-3, 300), min_size=1, max_size=12))
def test_footprints_add_up_to_the_tape(records: Any, edges: list[int]) -> None:
    made = folded(records)
    edges = sorted(edges)

    rows, starts = made.footprint(0, np.array(edges, np.int64))

    for run, (first, last) in enumerate(pairwise(edges)):
        part = rows[starts[run] : starts[run + 1]]
        wanted = reference_profile(made.trades(0, max(first, 0), last))
        assert {int(p): [int(b), int(s)] for p, b, s in part.tolist()} == wanted
        assert (np.diff(part["price"]) > 0).all()
        assert np.array_equal(part, made.profile_of(0, first, last))
    of_all = reference_profile(made.trades(0, 0, 1 << 40))
    assert {p: [b, s] for p, b, s in made.profile(0).tolist()} == of_all
    volume = {p: v for p, *_, v in made.flow(0, -1000, 1000).tolist() if v}
    assert volume == {p: b + s for p, (b, s) in of_all.items()}


@_FEW
@given(STREAMS, st.lists(st.integers(0, 300), min_size=2, max_size=12))
def test_a_growing_footprint_reads_each_trade_once(
    records: Any, edges: list[int]
) -> None:
    made = folded(records)
    there = made.trade_count(0)
    first, *ends = sorted(min(each, there) for each in edges)
    growing = GrowingFootprint()

    for last in ends:
        rows = growing.up_to(made, 0, first, last)
        assert rows.tolist() == made.profile_of(0, first, last).tolist()

    assert growing.read == ends[-1] - first
    assert growing.up_to(made, 0, 0, there).tolist() == (
        made.profile_of(0, 0, there).tolist()
    )


def test_profiles_of_prices_far_apart_add_up_too() -> None:
    far = [trade(p, 3, aggressor=1) for p in (-(2**60), 5, 2**60, 5, -(2**60))]
    made = folded(joined(whole(), *far, trade(7, 2, aggressor=-1)))

    rows, starts = made.footprint(0, [0, 2, 5, 6])

    assert starts.tolist() == [0, 2, 5, 6]
    assert rows.tolist() == [
        (-(2**60), 3, 0), (5, 3, 0),
        (-(2**60), 3, 0), (5, 3, 0), (2**60, 3, 0),
        (7, 0, 2),
    ]  # fmt: skip


def test_a_trade_and_the_decrease_that_reports_it_are_no_pull() -> None:
    book = joined(whole(), level(BUY, 99, 50), level(SELL, 100, 50))
    made = folded(joined(book, trade(100, 20, START + 1, aggressor=1)))
    made.reset_flow(0)

    made.fold(level(SELL, 100, 25, START + 1))

    assert made.flow(0, 100, 100)["ask_change"].tolist() == [-5]


def test_a_decrease_and_the_trade_that_explains_it_are_no_pull() -> None:
    book = joined(whole(), level(BUY, 99, 50), level(SELL, 100, 50))
    later = START + 1

    made = folded(
        joined(book, level(SELL, 100, 25, later), trade(100, 20, later, aggressor=1))
    )

    assert made.flow(0, 100, 100)["ask_change"].tolist() == [45]
    made.fold(level(SELL, 100, 20, later + 5))
    assert made.flow(0, 100, 100)["ask_change"].tolist() == [40]


def test_flow_counts_anew_after_a_reset_and_volume_goes_on() -> None:
    made = folded(joined(whole(), trade(100, 20, aggressor=1)))

    made.reset_flow(0)
    assert made.flow(0, 0, 200).tolist() == [(100, 0, 0, 0, 0, 20)]
    made.fold(trade(100, 5, aggressor=-1))

    assert made.flow(0, 0, 200).tolist() == [(100, 5, 0, 0, 0, 25)]


def test_a_quote_that_moves_stacks_or_pulls_at_the_touch() -> None:
    def quote(bid: int, bid_size: int, ts: int) -> Any:
        made = np.zeros(1, QUOTE)
        made["kind"], made["flags"] = K.QUOTE, LAST
        made["ts_venue"] = made["ts_received"] = ts
        made["bid_price"], made["bid_size"] = bid, bid_size
        made["ask_price"], made["ask_size"] = 110, 10
        return made.view(MARKET)

    quotes = (100, 10), (100, 14), (101, 5), (100, 20)
    made = folded(joined(*(quote(*q, START + i) for i, q in enumerate(quotes))))

    changes = made.flow(0, 0, 105)
    assert changes[["price", "bid_change"]].tolist() == [(100, 4), (101, 0)]


def test_prints_that_do_not_set_the_last_price_are_in_the_tape_alone() -> None:
    from dataclasses import replace

    odd = int(TradeCondition.ODD_LOT)
    shared = replace(STOCK, consolidated=True)
    made = history(shared)
    bars = made.bars(0, BarSpec(BarKind.TICKS, 1))

    made.fold(joined(whole(), trade(100, 5), trade(500, 1, conditions=odd)))

    flags = made.trades(0, 0, 9)["flags"] & TapeFlag.NOT_LAST
    assert (flags > 0).tolist() == [False, True]
    assert bars.count == 1
    stats = made.stats(0)
    assert (stats["high"], stats["last"], stats["volume"]) == (100, 100, 6)
    assert made.profile(0)["price"].tolist() == [100]


def test_a_trade_after_lost_data_says_so() -> None:
    made = folded(joined(whole(), trade(1, 1), record(K.GAP), trade(2, 1), trade(3, 1)))
    made.fold(record(K.FEED_STATUS, count=FeedStatus.DISCONNECTED, instrument=-1))
    made.fold(trade(4, 1))

    after = made.trades(0, 0, 9)["flags"] & TapeFlag.AFTER_GAP
    assert (after > 0).tolist() == [False, True, False, True]


def test_a_trade_date_begins_the_session_anew() -> None:
    begin = np.array([START - SECOND, START + 10 * SECOND], np.int64)
    made = history(boundaries=[begin])
    made.fold(joined(whole(), trade(100, 5, aggressor=1), trade(90, 5)))
    assert made.stats(0)["begin"] == START - SECOND

    made.fold(trade(95, 1, START + 10 * SECOND))

    stats = made.stats(0)
    assert stats["begin"] == START + 10 * SECOND
    assert (stats["open"], stats["high"], stats["volume"]) == (95, 95, 1)
    assert stats["previous_close"] == 90
    assert made.profile(0)["price"].tolist() == [95]


def test_a_venues_own_session_begins_anew_before_the_open() -> None:
    made = folded(joined(whole(), trade(100, 5)))

    made.fold(record(K.SESSION, count=SessionState.PRE_OPEN))

    assert made.stats(0)["volume"] == 0
    assert made.stats(0)["previous_close"] == 100


def test_samples_hold_the_touch_as_each_second_ends() -> None:
    book = joined(whole(), level(BUY, 99, 5), level(SELL, 101, 5))
    made = folded(joined(book, level(BUY, 100, 5, START + 5 * SECOND + 3)))

    made.fold(level(BUY, 98, 1, START + 6 * SECOND))

    samples = made.samples(0, 10)
    assert samples.tolist() == [
        (START + 5 * SECOND, 99, 101, NO_PRICE),
        (START + 6 * SECOND, 100, 101, NO_PRICE),
    ]
    assert len(made.samples(0, 1)) == 1


def test_bars_of_a_feed_make_longer_ones() -> None:
    bars = np.zeros(6, BAR)
    bars["kind"], bars["flags"] = K.BAR, LAST
    bars["ts_venue"] = bars["ts_received"] = START + np.arange(1, 7) * SECOND
    bars["open"] = 100 + np.arange(6)
    bars["high_offset"], bars["low_offset"], bars["close_offset"] = 2, -1, 1
    bars["volume"], bars["trades"] = 10, 3
    made = history()
    series = made.bars(0, BarSpec(BarKind.TIME, 3 * SECOND))

    made.fold(bars.view(MARKET))

    rows = series.read(0, 9)
    begin = START - START % (3 * SECOND)
    names = "begin", "open", "high", "low", "close", "volume", "trades", "first_trade"
    shift = (START - begin) // SECOND
    assert rows["volume"].sum() == 60
    assert rows["volume"][0] == 10 * (3 - shift)
    first = tuple(int(rows[0][name]) for name in names)
    assert first[:3] == (begin, 100, 102 + (2 - shift))
    assert first[-1] == -1
    assert made.stats(0)["volume"] == 60
    assert made.trade_count(0) == 0


def test_depth_equals_the_books_own_replay() -> None:
    records = random_orders(3, 3000)
    made, replay = folded(records), BookReplay("orders")
    rows = replay.apply(records, 30)

    sequence, bids, asks = made.depth(0, -(2**62), 2**62)

    assert sequence == replay.state["sequence"]
    for levels, side in ((bids, "bid"), (asks, "ask")):
        count = len(levels)
        assert np.array_equal(levels["price"], rows[-1][f"{side}_price"][:count])
        assert np.array_equal(levels["size"], rows[-1][f"{side}_size"][:count])
    middle = made.depth(0, 95, 104)
    assert np.array_equal(middle[1], bids[bids["price"] >= 95])
    assert np.array_equal(middle[2], asks[asks["price"] <= 104])


def test_a_column_holds_what_came_before_its_end() -> None:
    made = History((FUTURE,), column_ns=SECOND)
    tiles = made.heatmap(0)
    assert tiles is not None

    made.fold(
        joined(whole(), *(trade(1, 1, START + i * SECOND // 2) for i in range(6)))
    )

    assert tiles.times.tolist() == [START, START + SECOND]
    assert [
        int(tiles.column(i)["buys"] + tiles.column(i)["sells"]) for i in (0, 1)
    ] == [2, 2]


def test_a_stretch_in_which_nothing_came_makes_no_column() -> None:
    made = History((FUTURE,), column_ns=SECOND)
    tiles = made.heatmap(0)
    assert tiles is not None

    made.fold(joined(whole(), trade(1, 1, START), trade(1, 1, START + 10**9 * SECOND)))

    assert tiles.times.tolist() == [START]


def follow(made: History, folder: Path, records: Any) -> None:
    """Let a history follow a log of these records to its end."""
    log = EngineLog(folder, segment_bytes=128 << 10)
    for number, each in enumerate(records):
        assert log.append(each, Stream.INBOUND, number)
        log.turn()
    tail = LogTail(folder)
    while tail.is_open() and tail.take_stop(made.follow(tail.scan, 0, SECOND)):
        pass
    log.close()


def test_a_log_that_is_followed_gives_what_its_records_give(tmp_path: Path) -> None:
    walk = (trade(100 + i % 7, 1 + i, START + i * SECOND // 8) for i in range(900))
    records = joined(whole(), *walk)
    plain, made = history(), history()
    bars = [each.bars(0, BarSpec(BarKind.TICKS, 7)) for each in (plain, made)]
    plain.fold(records)

    follow(made, tmp_path / "log", records)

    tiles = [each.heatmap(0) for each in (plain, made)]
    assert made.frames == made.records == len(records)
    assert made.now == plain.now == records["ts_received"][-1]
    assert bars[0].count == bars[1].count > 100
    for ours, theirs in (
        (made.trades(0, 0, 2000), plain.trades(0, 0, 2000)),
        (bars[1].read(0, 999), bars[0].read(0, 999)),
        (tiles[1].times, tiles[0].times) if tiles[0] and tiles[1] else (0, 1),
    ):
        assert np.array_equal(ours, theirs)


def test_a_gap_is_a_gap_while_nothing_comes(tmp_path: Path) -> None:
    made = history(column_ns=SECOND)
    lost = record(
        K.FEED_STATUS, START + 2 * SECOND, count=FeedStatus.DISCONNECTED, instrument=-1
    )
    times = (record(K.TIMER, START + i * SECOND) for i in range(3, 6))

    follow(
        made,
        tmp_path / "log",
        joined(
            whole(), level(BUY, 100, 5), level(BUY, 99, 5, START + SECOND), lost, *times
        ),
    )

    tiles = made.heatmap(0)
    assert tiles is not None
    assert tiles.times.tolist() == [START + i * SECOND for i in range(3)]
    assert [int(tiles.column(i)["flags"]) for i in range(3)] == [0, 0, STALE]


def test_equal_requests_share_one_series_until_all_let_go() -> None:
    made = history()
    first, second = (made.bars(0, BarSpec(BarKind.TICKS, 5)) for _ in range(2))
    assert first is second

    first.release()
    assert made.bars(0, BarSpec(BarKind.TICKS, 5)) is second
    second.release()
    second.release()

    assert made.bars(0, BarSpec(BarKind.TICKS, 5)) is not first


def test_what_there_is_not_is_empty_and_bad_bars_are_refused_in_words() -> None:
    made = history()

    for number in (-1, 1, 2**40):
        assert made.trade_count(number) == 0
        assert len(made.trades(number, 0, 5)) == 0
        assert len(made.flow(number, 0, 5)) == 0
        assert len(made.profile(number)) == 0
        assert len(made.samples(number, 5)) == 0
        assert made.stats(number)["last"] == NO_PRICE
        assert made.depth(number, 0, 5)[0] == 0
        assert made.find_trade(number, 5) == 0
        assert len(made.footprint(number, [0, 5])[0]) == 0
        made.reset_flow(number)
    with pytest.raises(EngineError, match="1 or more, was 0"):
        made.bars(0, BarSpec(BarKind.TIME, 0))
    with pytest.raises(EngineError, match="instrument 7"):
        made.bars(7, BarSpec(BarKind.TIME, 1))


def test_random_bytes_neither_raise_nor_hang() -> None:
    random = np.random.default_rng(11)
    for _ in range(30):
        records = random.integers(0, 256, 64 * 400, np.uint8).view(MARKET)
        records["instrument"] = random.integers(-2, 3, 400)
        records["kind"] = random.integers(0, 24, 400)
        made = history(FUTURE, STOCK)
        bars = [made.bars(i, BarSpec(k, 7)) for i in (0, 1) for k in BarKind]

        made.fold(records)

        for number in (0, 1):
            made.depth(number, -(2**63), 2**63 - 1)
            made.footprint(number, [0, 2**40])
            made.profile(number)
            made.flow(number, -(2**63), 2**63 - 1)
        assert all(len(each.read(0, 2**40)) == each.count for each in bars)


def test_find_trade_is_the_first_at_or_after_a_time() -> None:
    made = folded(joined(whole(), *(trade(1, 1, START + 10 * i) for i in range(5))))

    assert [made.find_trade(0, START + t) for t in (-5, 0, 1, 40, 41)] == [
        0,
        0,
        1,
        4,
        5,
    ]
