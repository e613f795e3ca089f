"""The market history of a paper session: the log, read behind the engine."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import config
from app.data.log_tail import LogTail
from app.engine.history.history import History
from app.engine.history.records import BarKind
from app.engine.records import MARKET, NO_PRICE, EventKind
from app.sessions.composition import PaperEngine
from app.sessions.history import BarSpec
from app.sessions.market_history import HistoryThread, trade_dates
from tests.waiting import eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]

SECOND = 1_000_000_000


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    environment = {
        "RINGSIDE_PATHS_LOGS": str(tmp_path / "logs"),
        "RINGSIDE_PATHS_DATA": str(tmp_path / "catalog"),
        "RINGSIDE_RISK_FILE": str(tmp_path / "limits.toml"),
    }
    settings = config.load(None, environment).settings
    failures: list[BaseException] = []
    engine = PaperEngine("exchange", settings, failures.append)
    yield engine
    engine.stop()
    assert not failures


def logged(directory: Path) -> Any:
    """All market records of a log."""
    tail, found = LogTail(directory), []
    while len(records := tail.read()):
        found.append(records)
    return np.concatenate(found) if found else np.empty(0, MARKET)


def trades_in(history: Any) -> int:
    return int(sum(history.trade_count(i) for i in range(len(history._tracks))))


def test_a_sessions_tape_holds_every_trade_of_its_log(engine: PaperEngine) -> None:
    engine.start()
    history = engine.history
    assert history is not None
    bars = history.bars(0, BarSpec(BarKind.TIME, SECOND))
    eventually(lambda: trades_in(history) > 200)

    engine.stop()

    records = logged(engine.log.directory)
    known = records[records["kind"] == EventKind.TRADE]
    known = known[known["size"] > 0]
    executed = records[records["kind"] == EventKind.ORDER_EXECUTE]
    for number in range(len(engine.instruments)):
        tape = history.trades(number, 0, 1 << 40)
        told = known[known["instrument"] == number]
        if not (executed["instrument"] == number).any():
            assert np.array_equal(tape["price"], told["price"])
            assert np.array_equal(tape["size"], told["size"])
            assert np.array_equal(tape["ts"], told["ts_received"])
    again = History(engine.instruments)
    again.fold(records)
    assert trades_in(again) == trades_in(history)
    assert bars.read(0, bars.count)["volume"].sum() == (
        history.trades(0, 0, 1 << 40)["size"].sum()
    )
    assert history.stats(0)["last"] != NO_PRICE
    assert engine._history_thread is not None
    assert engine._history_thread.lag == 0


def test_a_session_shows_how_far_its_history_is_behind(engine: PaperEngine) -> None:
    engine.start()

    fill = [each for each in engine.rings() if each.name == "log → history"]

    assert len(fill) == 1
    assert fill[0].dropped == 0


def test_a_history_that_fails_says_so_and_the_session_goes_on(
    engine: PaperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: History, *_: Any) -> None:
        raise ValueError("no good")

    monkeypatch.setattr(History, "follow", fails)

    engine.start()

    eventually(lambda: "no good" in engine._log_message())
    before = engine.log.frames
    eventually(lambda: engine.log.frames > before + 100)


def test_the_books_of_a_history_are_the_engines(engine: PaperEngine) -> None:
    from app.engine.arena import Section

    engine.start()
    history = engine.history
    assert isinstance(history, History)
    eventually(lambda: trades_in(history) > 50)

    engine.stop()

    ours, theirs = (a.records(Section.BOOKS) for a in (history.arena, engine.arena))
    for number in range(len(engine.instruments)):
        mine, engines = ours[history.book_of(number)], theirs[1 + number]
        for field in ("sequence", "last_price", "volume", "trades"):
            assert mine[field] == engines[field], (number, field)


def test_trade_dates_begin_once_a_day() -> None:
    from tests.ui.scripted_session import INSTRUMENTS, START_NS

    times = trade_dates(INSTRUMENTS[2], START_NS)

    assert (np.diff(times) > 0).all()
    assert len(times) >= 200


def test_a_thread_without_a_log_is_refused(tmp_path: Path) -> None:
    from app.errors import LogError

    with pytest.raises(LogError):
        HistoryThread(History(()), tmp_path, lambda: 0)


def test_a_thread_that_begins_late_reads_all_segments(tmp_path: Path) -> None:
    from app.engine.journal import EngineLog
    from app.engine.log import Stream
    from tests.ui.scripted_session import FUTURE

    history = History((FUTURE,))
    log = EngineLog(tmp_path / "log", segment_bytes=128 << 10)
    records = np.zeros(9_000, MARKET)
    records["kind"], records["price"] = EventKind.TRADE, np.arange(9_000)
    records["size"], records["ts_received"] = 1, np.arange(9_000) * SECOND
    thread = HistoryThread(history, log.directory, lambda: log.frames)
    for number, each in enumerate(records[:5000]):
        assert log.append(each, Stream.INBOUND, number)
        log.turn()
    assert thread.lag == 5000

    thread.start()
    for number, each in enumerate(records[5000:], 5000):
        assert log.append(each, Stream.INBOUND, number)
        log.turn()
    thread.stop()
    log.close()

    assert thread.failure == ""
    assert thread.lag == 0
    assert np.array_equal(history.trades(0, 0, 10_000)["price"], np.arange(9_000))
