"""Absurd values cannot freeze a frame: no exception, and work that does not grow.

A session hands out the worst that its types can hold. What a frame costs is counted in
calls of Python functions, which no other load on the machine changes: a frame of a
hundred thousand reports may cost more than one of ten, by what the desk does per order
told of, but never by what is painted.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import (
    NO_PRICE,
    REPORT,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
)
from app.engine.views import DEPTH, VIEW_INSTRUMENTS, VIEW_ORDERS
from app.sessions.session import EngineState, Mode, SessionStatus
from app.ui.main_window import MainWindow
from app.ui.models.messages import LIMIT
from app.ui.opening import Sessions
from app.ui.panel_rows import PANELS
from tests.counting import Calls
from tests.ui.scripted_session import ScriptedSession

pytestmark = pytest.mark.gui
EXTREMES = (2**62, -(2**62), 2**63 - 1, -(2**63), NO_PRICE, 0, -1, 1)
ODD = "\u202e\x00\ud7ff<b>&amp;\n\t" + "Ж" * 3_000
STORM = 100_000
MOST_CALLS = 150_000


class AbsurdSession(ScriptedSession):
    """Views and reports that no market sends."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.random = np.random.default_rng(seed)
        self.kind = ""
        self.storm = 0

    def view(self) -> Any:
        view = super().view()
        if self.kind:
            getattr(self, f"_{self.kind}")(view)
        return view

    def reports(self) -> np.ndarray:
        if not self.storm:
            return super().reports()
        return self._storm(self.storm)

    def _extreme(self, view: Any) -> None:
        """Every number of every instrument is an extreme."""
        for name in ("bids", "asks"):
            for field in ("price", "size", "count"):
                shape = view["instrument"][name][field].shape
                view["instrument"][name][field] = self._any(shape)
        for field in _NUMBERS:
            view["instrument"][field] = self._any(view["instrument"][field].shape)
        average = self.random.choice((np.nan, np.inf, -np.inf, 1e300, 0.0))
        view["instrument"]["average_price"] = average
        for field in (
            "equity",
            "realised",
            "unrealised",
            "fees",
            "day_pnl",
            "drawdown",
            "gross_exposure",
            "net_exposure",
            "cash",
            "settled_cash",
            "market_records",
            "log_records",
        ):
            view[field] = self._any(())
        view["limits"], view["used"] = self._any((32,)), self._any((32,))
        view["working"]["queue_ahead"] = self._any((VIEW_ORDERS,))

    def _any(self, shape: tuple[int, ...]) -> Any:
        return self.random.choice(np.array(EXTREMES, np.int64), shape)

    def _empty(self, view: Any) -> None:
        view["instrument"]["bid_levels"] = view["instrument"]["ask_levels"] = 0
        view["instrument"]["last_price"] = NO_PRICE
        view["instrument"]["mark"] = NO_PRICE

    def _duplicate(self, view: Any) -> None:
        """Every level has the same price, bid and ask alike."""
        view["instrument"]["bid_levels"] = view["instrument"]["ask_levels"] = DEPTH
        view["instrument"]["bids"]["price"] = view["instrument"]["asks"]["price"] = (
            17_285
        )
        view["instrument"]["bids"]["size"] = 2**62

    def _crossed(self, view: Any) -> None:
        view["instrument"]["bids"]["price"], view["instrument"]["asks"]["price"] = (
            view["instrument"]["asks"]["price"].copy(),
            view["instrument"]["bids"]["price"].copy(),
        )

    def _negative(self, view: Any) -> None:
        for name in ("bids", "asks"):
            view["instrument"][name]["price"] -= 40_000
            view["instrument"][name]["size"] *= -1
        view["instrument"]["last_price"] -= 40_000

    def _leaping(self, view: Any) -> None:
        """The market is somewhere else in each frame."""
        away = int(self.random.integers(-(2**40), 2**40))
        for name in ("bids", "asks"):
            view["instrument"][name]["price"] += away
        view["instrument"]["last_price"] += away

    def _timeless(self, view: Any) -> None:
        for field in ("now", "wall", "state_since"):
            view[field] = self.random.choice((0, -1, 2**63 - 1))
        view["instrument"]["last_ts"] = 2**63 - 1
        view["instrument"]["ts_received"] = -1

    def _storm(self, count: int) -> np.ndarray:
        reports = np.zeros(count, REPORT)
        pick = self.random.choice
        kinds = (
            ReportType.FILL,
            ReportType.REJECTED,
            ReportType.NEW,
            ReportType.CANCELLED,
            ReportType.REPLACED,
        )
        reports["report"] = pick(kinds, count)
        reports["status"] = pick((OrderStatus.NEW, OrderStatus.FILLED), count)
        reports["reason"] = pick((Reason.NONE, Reason.MAX_ORDER_SIZE), count)
        reports["client_order_id"] = self.random.integers(1, 2_000, count)
        reports["side"] = pick((-1, 1), count)
        reports["order_type"] = OrderType.LIMIT
        reports["instrument"] = self.random.integers(0, 3, count)
        for field in ("price", "stop_price", "last_price", "quantity", "leaves"):
            reports[field] = pick(np.array(EXTREMES, np.int64), count)
        reports["ts_received"] = reports["ts_venue"] = self.now
        return reports


_NUMBERS = (
    "last_price", "last_size", "high", "low", "volume", "position", "mark", "realised",
    "unrealised", "fees", "exposure", "cash", "conversion", "book_sequence",
)  # fmt: skip
KINDS = ("extreme", "empty", "duplicate", "crossed", "negative", "leaping", "timeless")


@pytest.fixture
def session() -> AbsurdSession:
    return AbsurdSession(5)


@pytest.fixture
def window(qtbot: QtBot, session: AbsurdSession) -> Iterator[MainWindow]:
    sessions = Sessions(lambda *_: session, list, frozenset({Mode.PAPER}))
    made = MainWindow(Settings(), sessions, SystemClock())
    made.amenities.sound.programs = ()
    qtbot.addWidget(made)
    made.resize(1900, 1200)
    made.show()
    for row in PANELS:
        made.panels.show(row.name)
    made.bridge.attach(session)
    made.bridge.pause()
    frames(made, 14)
    yield made
    made.close()


def frames(window: MainWindow, count: int) -> int:
    """Let frames pass; the calls of the dearest one."""
    worst = 0
    for _ in range(count):
        with Calls() as calls:
            window.bridge.frame()
            QApplication.processEvents()
        worst = max(worst, calls.count)
    return worst


def failed(window: MainWindow) -> list[str]:
    return [
        host.title
        for host in window.hosts.values()
        if host.isVisible() and not host.panel
    ]


def test_no_panel_minds_absurd_views(
    window: MainWindow, session: AbsurdSession
) -> None:
    for session.kind in KINDS:
        worst = frames(window, 13)

        assert failed(window) == [], session.kind
        assert worst < MOST_CALLS, session.kind


def test_a_storm_of_reports_costs_a_frame_not_the_window(
    window: MainWindow, session: AbsurdSession
) -> None:
    session.storm = STORM
    worst = frames(window, 1)
    session.storm = 0

    assert failed(window) == []
    assert len(window.desk.messages.rows) <= LIMIT
    assert worst < 10 * STORM
    assert frames(window, 13) < MOST_CALLS


def test_more_instruments_and_orders_than_there_are(
    window: MainWindow, session: AbsurdSession
) -> None:
    view = session.view()
    view["instruments"], view["orders"] = VIEW_INSTRUMENTS, VIEW_ORDERS
    window.desk.take_view(view)
    window.bridge.view_changed.emit()
    QApplication.processEvents()

    assert failed(window) == []


def test_texts_of_any_letters_are_shown(
    window: MainWindow, session: AbsurdSession
) -> None:
    session.given = SessionStatus(
        EngineState.READY,
        ODD,
        feed_state="disconnected",
        feed_message=ODD,
        log_status=ODD,
    )
    for _ in range(50):
        window.bridge.tell(ODD)
    assert frames(window, 13) < MOST_CALLS
    assert failed(window) == []
