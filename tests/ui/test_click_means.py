"""The click that means what the eye saw, on the real engine.

The market is moved at the instant of the click, a thousand times, and no order that was
to rest becomes a taker.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import (
    BUY,
    MARKET,
    SELL,
    EventKind,
    OrderOption,
    Reason,
    RecordFlag,
    ReportType,
    SafetyState,
)
from app.engine.ring import Ring
from app.feeds.protocol import FeedStatus
from app.sessions import composition
from app.sessions.session import EngineState, Mode
from app.ui.items.ladder_geometry import Column
from app.ui.main import sessions_of
from app.ui.main_window import MainWindow
from app.ui.models.intent import order_intent
from app.ui.shot_scene import has_market
from tests.ui.scripted_session import FUTURE
from tests.waiting import eventually

pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.threads]
COMPILE_MS = 590_000
CLICKS = 1_000
DRAGS = 300
LATENCY_US = 2_000  # the market moves while an order is on its way, too
MID = 17_285
LEVELS = 12
SIZE = 50


class MovedFeed:
    """A market that moves when the test says so."""

    name, data_basis, clock = "moved", "depth", "wall"

    def __init__(self) -> None:
        self.instruments = (FUTURE,)
        self.rings = (Ring(MARKET, 1 << 12),)

    def start(self) -> None:
        self.move(MID)

    def stop(self) -> None:
        return

    def status(self) -> FeedStatus:
        return FeedStatus("connected", since=1)

    def move(self, bid: int) -> None:
        """The whole book at once: best bid here, best ask a tick above."""
        book = np.zeros(2 * LEVELS + 2, MARKET)
        book["kind"] = EventKind.LEVEL
        book["kind"][0], book["kind"][-1] = (
            EventKind.SNAPSHOT_BEGIN,
            EventKind.SNAPSHOT_END,
        )
        book["flags"] = RecordFlag.SNAPSHOT
        book["flags"][-1] |= RecordFlag.LAST
        book["ts_venue"] = book["ts_received"] = SystemClock().wall_ns()
        for level in range(LEVELS):
            for place, side, price in (
                (1 + level, BUY, bid - level),
                (1 + LEVELS + level, SELL, bid + 1 + level),
            ):
                book[place]["side"], book[place]["price"] = side, price
                book[place]["size"], book[place]["count"] = SIZE, 1
        assert self.rings[0].push(book) == len(book)


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> MovedFeed:
    made = MovedFeed()
    monkeypatch.setattr(composition, "open_feed", lambda *_: made)
    return made


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, feed: MovedFeed) -> Iterator[MainWindow]:
    made = opened(qtbot, tmp_path)
    yield made
    made.close()


def opened(qtbot: QtBot, tmp_path: Path, **ui: bool) -> MainWindow:
    """A window over the moved market, armed."""
    usual = Settings()
    settings = replace(
        usual,
        paths=replace(usual.paths, logs=tmp_path / "logs"),
        venue=replace(usual.venue, order_latency_us=LATENCY_US, report_latency_us=0),
        risk=replace(usual.risk, file=_limits(tmp_path)),
        ui=replace(usual.ui, frames_per_s=240, **ui),  # type: ignore[arg-type]
    )
    made = MainWindow(settings, sessions_of(settings), SystemClock())
    qtbot.addWidget(made)
    made.show()
    made.open(Mode.PAPER, "moved")
    over = (EngineState.READY, EngineState.FAILED)
    qtbot.waitUntil(
        lambda: made.bridge.session is not None and made.bridge.status.engine in over,
        timeout=COMPILE_MS,
    )
    assert made.bridge.status.engine is EngineState.READY, made.bridge.status
    qtbot.waitUntil(lambda: has_market(made))
    made.commands.run("safety.armed")
    armed = SafetyState.ARMED
    qtbot.waitUntil(lambda: made.desk.market.safety_state is armed)
    return made


def _limits(folder: Path) -> Path:
    """No limit at all: what is told is the meaning of clicks, not risk."""
    path = folder / "limits.toml"
    path.write_text("", "utf-8")
    return path


def test_no_click_that_was_to_rest_ever_takes(
    qtbot: QtBot, window: MainWindow, feed: MovedFeed
) -> None:
    random = np.random.default_rng(20261129)
    ladder, desk, bridge = window.ladder(), window.desk, window.bridge
    assert ladder is not None
    view = ladder.view
    bridge.pause()  # frames come from here alone: what is painted stands still
    seen: list[np.ndarray] = []
    bridge.reports_arrived.connect(seen.append)
    held = resting = 0
    bid = MID
    for _ in range(CLICKS):
        _settle(window, bid)
        frame = view.painted
        assert frame is not None
        assert frame.best_bid == bid
        side = BUY if random.random() < 0.5 else SELL
        away = int(random.integers(0, 4))
        price = bid - away if side == BUY else bid + 1 + away
        bid = MID + int(random.integers(-6, 7))
        before = int(desk.market.view["reports"])  # type: ignore[index]
        column = Column.BID if side == BUY else Column.ASK
        place = view.cell_centre(frame.row(price), column).toPoint()
        seen.clear()
        is_late = random.random() < 0.5
        if not is_late:
            feed.move(bid)  # between the eye and the finger
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
        if is_late:
            feed.move(bid)  # between the gate and the venue
        _until_reported(qtbot, window, before)
        if _was_asked(window, seen, side, price, bid):
            held += 1
            view.gestures.escape()
        else:
            resting += 1
        window.trading.cancel_all()
    assert held > CLICKS // 20
    assert resting > CLICKS // 20


def test_no_drag_that_was_to_rest_ever_takes(
    qtbot: QtBot, window: MainWindow, feed: MovedFeed
) -> None:
    random = np.random.default_rng(20261130)
    ladder, bridge = window.ladder(), window.bridge
    assert ladder is not None
    view = ladder.view
    bridge.pause()
    seen: list[np.ndarray] = []
    bridge.reports_arrived.connect(seen.append)
    asked = moved = 0
    bid = MID
    for _ in range(DRAGS):
        _settle(window, bid)
        frame = view.painted
        assert frame is not None
        side = BUY if random.random() < 0.5 else SELL
        touch = bid if side == BUY else bid + 1
        start, price = touch - 5 * side, touch - int(random.integers(0, 4)) * side
        seen.clear()
        (order,) = window.trading.send(order_intent(frame.at, side, start, 1))
        _until(window, seen, ReportType.NEW)
        _until_painted(window, order)
        seen.clear()
        bid = MID + int(random.integers(-6, 7))
        is_late = random.random() < 0.5
        if not is_late:
            feed.move(bid)  # between the eye and the finger
        _drag(qtbot, window, side, start, price)
        if is_late:
            feed.move(bid)  # between the gate and the venue
        _until(window, seen, *_DRAGGED)
        if _was_asked(window, seen, side, price, bid):
            asked += 1
            view.gestures.escape()
        else:
            moved += 1
        window.trading.cancel_all()
    assert asked > DRAGS // 20
    assert moved > DRAGS // 20


def _was_asked(
    window: MainWindow, seen: list[np.ndarray], side: int, price: int, bid: int
) -> bool:
    """Nothing took; True where a confirm is asked for, and rightly so."""
    reports = np.concatenate(seen)
    fills = reports[reports["report"] == ReportType.FILL]
    assert not (fills["liquidity"] < 0).any(), "it was to rest, and took"
    if not (reports["reason"] == Reason.MEANING_CHANGED).any():
        return False
    ladder = window.ladder()
    assert ladder is not None
    held = ladder.view.gestures.held
    assert held is not None
    assert held.intents[0].price == price
    crosses = bid + 1 <= price if side == BUY else bid >= price
    assert crosses, "held although it means what was seen"
    return True


_DRAGGED = (
    ReportType.REPLACED, ReportType.HELD, ReportType.REPLACE_REJECTED, ReportType.FILL,
)  # fmt: skip


def _drag(qtbot: QtBot, window: MainWindow, side: int, start: int, price: int) -> None:
    ladder = window.ladder()
    assert ladder is not None
    view, frame = ladder.view, ladder.view.painted
    assert frame is not None
    column = Column.OWN_BUYS if side == BUY else Column.OWN_SELLS
    places = [view.cell_centre(frame.row(p), column).toPoint() for p in (start, price)]
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=places[0])
    qtbot.mouseMove(view, pos=places[1])
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=places[1])


def _frames_until(window: MainWindow, condition: Callable[[], bool]) -> None:
    """Frames until something holds, however many the engine needs."""

    def holds() -> bool:
        window.bridge.frame()
        return condition()

    eventually(holds)


def _until(window: MainWindow, seen: list[np.ndarray], *kinds: ReportType) -> None:
    """Frames until a report of these kinds has come."""
    _frames_until(
        window, lambda: any(np.isin(each["report"], kinds).any() for each in seen)
    )


def _until_painted(window: MainWindow, order: int) -> None:
    """Frames until an order of ours is on the screen."""
    ladder = window.ladder()
    assert ladder is not None

    def is_shown() -> bool:
        _paint(window)
        frame = ladder.view.painted
        return frame is not None and any(order in each for each in frame.own.values())

    _frames_until(window, is_shown)


def _settle(window: MainWindow, bid: int) -> None:
    """Frames until the book is painted and no order works."""
    ladder = window.ladder()
    assert ladder is not None

    def is_settled() -> bool:
        _paint(window)
        frame = ladder.view.painted
        is_there = frame is not None and frame.best_bid == bid
        return is_there and not len(window.desk.orders.working())

    _frames_until(window, is_settled)


def _paint(window: MainWindow) -> None:
    ladder = window.ladder()
    assert ladder is not None
    ladder.view.repaint()


def _until_reported(qtbot: QtBot, window: MainWindow, before: int) -> None:
    """Frames until the engine has said what became of the click."""
    answered = (
        ReportType.NEW, ReportType.HELD, ReportType.REJECTED, ReportType.FILL,
    )  # fmt: skip
    told: list[bool] = []

    def take(reports: np.ndarray) -> None:
        told.append(bool(np.isin(reports["report"], answered).any()))

    window.bridge.reports_arrived.connect(take)
    try:
        _frames_until(window, lambda: any(told))
    finally:
        window.bridge.reports_arrived.disconnect(take)


def test_a_confirmed_click_is_sent_as_it_is(
    qtbot: QtBot, window: MainWindow, feed: MovedFeed
) -> None:
    ladder = window.ladder()
    assert ladder is not None
    view = ladder.view
    window.bridge.pause()
    _settle(window, MID)
    frame = view.painted
    assert frame is not None
    feed.move(MID - 4)
    place = view.cell_centre(frame.row(MID), Column.BID).toPoint()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    _frames_until(window, lambda: view.gestures.held is not None)
    assert view.gestures.held is not None
    (intent,) = view.gestures.held.intents

    sent = intent.confirmed()

    assert sent.options & OrderOption.CONFIRMED
    assert window.trading.send(sent)
    _frames_until(window, lambda: len(window.desk.fills) > 0)
    assert window.desk.fills.rows[-1]["liquidity"] < 0
