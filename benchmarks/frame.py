"""The window's work per frame: a regression here makes the ladder stutter in a storm.

The whole window as it ships, every panel open, drains and paints views that change as
200,000 market records a second would change them: at 60 frames a second every level of
every book differs from frame to frame, trades print in each, the touch moves now and
then, and a dozen working orders are acknowledged, filled and replaced.
"""

import os
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

import numpy as np
from PySide6.QtWidgets import QApplication

from app.clock import SystemClock
from app.config import Settings
from app.engine.conditional.capabilities import CAPABILITIES
from app.engine.records import (
    NO_PRICE,
    REPORT,
    OrderStatus,
    OrderType,
    ReportType,
    RiskLimit,
    SafetyState,
    TimeInForce,
)
from app.engine.views import DEPTH, VIEW
from app.instrument import Instrument, InstrumentKind
from app.sessions.history import MarketHistory
from app.sessions.session import EngineState, Mode, RingFill, SessionStatus
from app.ui.main import application
from app.ui.main_window import MainWindow
from app.ui.opening import Sessions

EVENTS_PER_S: Final = 200_000
FRAMES_PER_S: Final = 60
INSTRUMENTS: Final = 3
FRAMES: Final = 1_200
WARM_UP: Final = 120
VIEWS: Final = 240
ORDERS: Final = 12
REPORTS_PER_FRAME: Final = 4
_START_NS: Final = 1_780_000_000_000_000_000
_FRAME_NS: Final = 1_000_000_000 // FRAMES_PER_S


class Storm:
    """A session that hands out prepared views and reports, one set a frame."""

    mode = Mode.PAPER
    feed_name = "storm"
    base_currency = "USD"
    history: MarketHistory | None = None
    capabilities: Mapping[OrderType, tuple[TimeInForce, ...]] = CAPABILITIES
    exact_queues: frozenset[int] = frozenset()

    def __init__(self, seed: int = 11) -> None:
        self.instruments = tuple(
            Instrument(
                name=f"S{number}",
                kind=InstrumentKind.FUTURE,
                venue="BENCH",
                currency="USD",
                price_unit=Decimal("0.25"),
                multiplier=Decimal(50),
            )
            for number in range(INSTRUMENTS)
        )
        self._random = np.random.default_rng(seed)
        self._views = self._walk()
        self._frame = 0
        self._cycle = 0

    def _walk(self) -> np.ndarray:
        random, views = self._random, np.zeros(VIEWS, VIEW)
        views["instruments"] = INSTRUMENTS
        views["safety_state"] = SafetyState.ARMED
        views["exposure_known"] = 1
        views["limits"][:, RiskLimit.MAX_POSITION_SIZE] = 1_000
        touch = np.full(INSTRUMENTS, 17_000)
        for view in views:
            touch += random.choice((-1, 0, 0, 0, 1), INSTRUMENTS)
            for number in range(INSTRUMENTS):
                self._book(view["instrument"][number], int(touch[number]))
            view["realised"], view["unrealised"] = random.integers(-(10**11), 10**11, 2)
            view["histogram"][18:26] = random.integers(1, 10**6, 8)
            view["orders"] = ORDERS
            view["working"]["client_order_id"][:ORDERS] = np.arange(1, ORDERS + 1)
            view["working"]["queue_ahead"][:ORDERS] = random.integers(0, 500, ORDERS)
            view["working"]["queue_total"][:ORDERS] = 600
        return views

    def _book(self, part: Any, touch: int) -> None:
        random, levels = self._random, np.arange(DEPTH)
        part["bid_levels"] = part["ask_levels"] = DEPTH
        part["bids"]["price"] = touch - levels
        part["asks"]["price"] = touch + 1 + levels
        for side in ("bids", "asks"):
            part[side]["size"] = random.integers(1, 2_000, DEPTH)
        part["last_price"] = touch + int(random.integers(0, 2))
        part["last_size"] = random.integers(1, 90)
        part["last_aggressor"] = random.choice((-1, 1))
        part["high"], part["low"] = 17_040, 16_960
        part["position"], part["average_price"] = 5, 17_001.5
        part["mark"] = 2 * touch + 1
        part["unrealised"] = random.integers(-(10**11), 10**11)

    def start(self) -> None:
        """Nothing runs behind it."""

    def stop(self) -> None:
        """Nothing runs behind it."""

    def submit(self, command: Any) -> bool:  # noqa: ARG002 - the Protocol's
        """Take a command and do nothing."""
        return True

    def rings(self) -> tuple[RingFill, ...]:
        return (RingFill("engine → window, reports", 0, 1024, 0),)

    def set_speed(self, speed: float) -> None:
        """It is no recording."""

    def set_paused(self, paused: bool) -> None:
        """It is no recording."""

    def next_order_id(self) -> int:
        """Return a number that is not one of the storm's own."""
        return 1 << 40

    def status(self) -> SessionStatus:
        """Tell that all is well."""
        return SessionStatus(EngineState.READY, feed_state="connected", feed_since=1)

    def view(self) -> Any:
        """Return this frame's view."""
        self._frame += 1
        view = self._views[self._frame % VIEWS]
        view["now"] = view["wall"] = _START_NS + self._frame * _FRAME_NS
        view["market_records"] = self._frame * EVENTS_PER_S // FRAMES_PER_S
        for number in range(INSTRUMENTS):
            view["instrument"][number]["book_sequence"] = view["market_records"]
        return view

    def reports(self) -> Any:
        """Return this frame's reports: orders that change, a fill now and then."""
        reports = np.zeros(REPORTS_PER_FRAME, REPORT)
        ids = (self._cycle + np.arange(REPORTS_PER_FRAME)) % ORDERS
        self._cycle += REPORTS_PER_FRAME
        side = np.where(ids % 2, 1, -1)
        reports["report"] = ReportType.REPLACED
        reports["report"][self._frame % 8 == 0] = ReportType.FILL
        reports["status"] = OrderStatus.NEW
        reports["client_order_id"] = ids + 1
        reports["side"] = side
        reports["order_type"] = OrderType.LIMIT
        reports["quantity"] = reports["leaves"] = 10
        reports["price"] = 17_000 - side * (2 + ids)
        reports["stop_price"] = NO_PRICE
        reports["last_price"] = 17_000
        reports["last_quantity"] = 1
        reports["ts_received"] = _START_NS + self._frame * _FRAME_NS
        return reports


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure drain and paint of the whole window, frame by frame."""
    app = application()
    storm = Storm()
    sessions = Sessions(lambda *_: storm, list, frozenset({Mode.PAPER}))
    window = MainWindow(Settings(), sessions, SystemClock())
    window.show()
    window.bridge.attach(storm)
    # The frames are asked for here, one behind the other, not by the timer.
    window.bridge.pause()
    ladder = window.ladder()
    assert ladder is not None
    work, cpu, paint, full = [], [], [], []
    for _ in range(WARM_UP + FRAMES):
        start, begun = time.perf_counter_ns(), time.thread_time_ns()
        window.bridge.frame()
        app.processEvents()
        work.append(time.perf_counter_ns() - start)
        cpu.append(time.thread_time_ns() - begun)
        paint.append(ladder.view.paint_ns)
    for _ in range(VIEWS):
        ladder.view.repaint_all()
        QApplication.processEvents()
        full.append(ladder.view.paint_ns)
    size = window.size()
    rows = ladder.view.rows
    window.close()
    measured = np.array(work[WARM_UP:]) / 1e6
    # The thread's own time: what the work costs on a machine that does other work, too.
    own = np.array(cpu[WARM_UP:]) / 1e6
    return {
        "work_p50_ms": float(np.median(measured)),
        "work_p99_ms": float(np.quantile(measured, 0.99)),
        "work_worst_ms": float(measured.max()),
        "thread_time_p50_ms": float(np.median(own)),
        "thread_time_p99_ms": float(np.quantile(own, 0.99)),
        "ladder_paint_p50_ms": float(np.median(paint[WARM_UP:])) / 1e6,
        "ladder_paint_p99_ms": float(np.quantile(paint[WARM_UP:], 0.99)) / 1e6,
        "ladder_full_repaint_p50_ms": float(np.median(full)) / 1e6,
        "ladder_full_repaint_best_ms": float(np.min(full)) / 1e6,
        "events_per_s": EVENTS_PER_S,
        "frames": FRAMES,
        "frames_per_s": FRAMES_PER_S,
        "reports_per_frame": REPORTS_PER_FRAME,
        "instruments": INSTRUMENTS,
        "levels_per_side": DEPTH,
        "ladder_rows": rows,
        "window": f"{size.width()}x{size.height()}",
        "platform": QApplication.platformName(),
    }
