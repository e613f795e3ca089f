"""One ladder's frame alone: state read, rows made, cells painted, laid on the screen.

A ladder of forty rows, as narrow as it ships and with all its columns, in three
markets: a storm, in which every level of the book differs from frame to frame and
trades print in each; the same while our orders are reported in each frame; and an
ordinary market, a few levels a frame and a trade in every third. Flow and book are
those of a real market history. Times are the thread's own, so that other work on the
machine does not count; `cold` is a frame after which the caches hold something else, as
between frames of a window that shows more than a ladder.
"""

import time
from decimal import Decimal
from typing import Any, Final

import numpy as np
from PySide6.QtWidgets import QApplication

from app.clock import SystemClock
from app.config import Settings
from app.engine.history.history import History
from app.engine.records import (
    BUY,
    MARKET,
    NO_PRICE,
    REPORT,
    SELL,
    EventKind,
    OrderStatus,
    OrderType,
    ReportType,
    SafetyState,
)
from app.engine.views import DEPTH, VIEW
from app.instrument import Instrument, InstrumentKind
from app.ui.items.ladder_view import LadderView
from app.ui.main import application
from app.ui.models.ladder_frames import LadderFrames
from app.ui.models.market import Market
from app.ui.models.orders import OwnOrders
from app.ui.theme import DARK
from benchmarks.pace import million_additions_ms

FRAMES: Final = 600
WARM_UP: Final = 60
WIDTHS: Final = (460, 900)
ORDERS: Final = 12
_HEIGHT: Final = 800
_TOUCH: Final = 17_000
_START_NS: Final = 1_780_000_000_000_000_000
_FRAME_NS: Final = 16_666_667
_REPORTED: Final = 4
_FLUSHED_BYTES: Final = 96 << 20
_THROUGH_TICKS: Final = 5
_FUTURE: Final = Instrument(
    name="RSX",
    kind=InstrumentKind.FUTURE,
    venue="BENCH",
    currency="USD",
    price_unit=Decimal("0.25"),
    multiplier=Decimal(50),
)
_CASES: Final = {
    # Levels and trades that a frame has, and whether our orders are reported in it.
    "storm": (2 * DEPTH, 8, False),
    "storm_with_reports": (2 * DEPTH, 8, True),
    "ordinary": (6, 1 / 3, False),
}


class _Feed:
    """A book whose touch walks: as records for the history, and as views."""

    def __init__(self, levels: int, trades: float) -> None:
        self._random = np.random.default_rng(11)
        self._levels, self._trades = levels, trades
        self._touch, self._frame = _TOUCH, 0
        self._sizes = self._random.integers(1, 2_000, (2, DEPTH))
        self.history = History((_FUTURE,))
        self._view = np.zeros(1, VIEW)
        self._tell(range(2 * DEPTH), 8)

    def next_view(self) -> np.void:
        """Go on by a frame; a view of its own."""
        self._frame += 1
        random = self._random
        if random.random() < 0.02 * self._trades:
            self._touch += int(random.choice((-1, 1)))
            changed: Any = range(2 * DEPTH)  # all are other prices' now
        else:
            changed = random.permutation(2 * DEPTH)[: self._levels]
        trades = int(self._trades) + (random.random() < self._trades % 1)
        self._tell(changed, trades)
        part = self._view["instrument"][0, 0]
        return self._written(part).copy()[0]

    def _tell(self, changed: Any, trades: int) -> None:
        """Change levels and trade at the touch."""
        records = np.zeros(len(changed) + trades, MARKET)
        now = _START_NS + self._frame * _FRAME_NS
        records["ts_venue"] = records["ts_received"] = now
        for record, number in zip(records, changed, strict=False):
            side, level = divmod(int(number), DEPTH)
            size = self._sizes[side, level] = self._random.integers(1, 2_000)
            record["kind"], record["side"] = EventKind.LEVEL, SELL if side else BUY
            record["price"] = self._touch + 1 + level if side else self._touch - level
            record["size"] = size
        prints = records[len(changed) :]
        prints["kind"], prints["size"] = EventKind.TRADE, 3
        prints["aggressor"] = self._random.choice((BUY, SELL), trades)
        prints["price"] = self._touch + (prints["aggressor"] == BUY)
        if trades:
            self._last = prints[-1].copy()
        self.history.fold(records)

    def _written(self, part: np.void) -> np.ndarray:
        view, levels = self._view, np.arange(DEPTH)
        view["instruments"], view["safety_state"] = 1, SafetyState.ARMED
        view["now"] = view["wall"] = _START_NS + self._frame * _FRAME_NS
        view["market_records"] = part["book_sequence"] = self._frame
        part["bid_levels"] = part["ask_levels"] = DEPTH
        part["bids"]["price"] = self._touch - levels
        part["asks"]["price"] = self._touch + 1 + levels
        part["bids"]["size"], part["asks"]["size"] = self._sizes
        part["last_price"], part["last_size"] = self._last["price"], 3
        part["last_aggressor"] = self._last["aggressor"]
        part["high"], part["low"] = _TOUCH + 14, _TOUCH - 14
        part["position"], part["average_price"] = 5, _TOUCH + 1.5
        part["mark"] = 2 * self._touch + 1
        view["orders"] = ORDERS
        working = view["working"][0]
        working["client_order_id"][:ORDERS] = np.arange(1, ORDERS + 1)
        working["queue_ahead"][:ORDERS] = self._random.integers(0, 500, ORDERS)
        working["queue_total"][:ORDERS] = 600
        return view


def _reports(first: int, count: int) -> np.ndarray:
    """Reports of our resting orders, which stand around the touch."""
    reports = np.zeros(count, REPORT)
    ids = (first + np.arange(count)) % ORDERS
    side = np.where(ids % 2, SELL, BUY)
    reports["report"], reports["status"] = ReportType.REPLACED, OrderStatus.NEW
    reports["client_order_id"], reports["side"] = ids + 1, side
    reports["order_type"] = OrderType.LIMIT
    reports["quantity"] = reports["leaves"] = 10
    reports["price"], reports["stop_price"] = _TOUCH - side * (2 + ids), NO_PRICE
    return reports


class _Ladder:
    """A ladder on its feed, a frame at a time."""

    def __init__(self, width: int, case: str) -> None:
        levels, trades, self._is_reported = _CASES[case]
        self._feed, self._frame = _Feed(levels, trades), 0
        self._market, self._orders = Market(), OwnOrders()
        self._market.reset((_FUTURE,))
        self._orders.apply(_reports(0, ORDERS))
        self._frames = LadderFrames(self._market, self._orders)
        rows = Settings().ui.ladder_rows
        self.view = LadderView(DARK, 1.0, rows, SystemClock())
        self.view.resize(width, _HEIGHT)
        self.view.show()

    def next(self) -> tuple[int, int, int]:
        """Show a frame; ns of reading and making it, of its cells, of the screen."""
        self._market.view = self._feed.next_view()
        if self._is_reported:
            self._orders.apply(_reports(self._frame, _REPORTED))
        listed, frames, view = self._market.listed[0], self._frames, self.view
        if self._frame % 12 == 0:
            frames.pulse(listed, self._feed.history)
        self._frame += 1
        begun = time.thread_time_ns()
        view.follow(frames.touch(listed))
        frame = frames.frame(listed, view.top, view.rows, 1, _THROUGH_TICKS)
        made = time.thread_time_ns()
        view.show_frame(frame)
        painted = time.thread_time_ns()
        QApplication.processEvents()
        return made - begun, painted - made, time.thread_time_ns() - painted

    def whole(self) -> int:
        """Paint all of it; ns."""
        begun = time.thread_time_ns()
        self.view.repaint_all()
        QApplication.processEvents()
        return time.thread_time_ns() - begun


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure each market at each width, with warm caches and with cold ones."""
    application()
    figures: dict[str, Any] = {"frames": FRAMES, "own_orders": ORDERS}
    for width in WIDTHS:
        for case in _CASES:
            for caches in ("warm", "cold"):
                measured = _measure(width, case, is_cold=caches == "cold")
                figures |= {
                    f"{case}_{width}_px_{caches}_{name}": each
                    for name, each in measured.items()
                }
    return figures


def _measure(width: int, case: str, *, is_cold: bool) -> dict[str, float]:
    ladder, times, whole, paces = _Ladder(width, case), [], [], []
    other = np.zeros(_FLUSHED_BYTES if is_cold else 1, np.uint8)
    for number in range(WARM_UP + FRAMES):
        if number % 60 == 0:
            paces.append(million_additions_ms())
        other += 1
        times.append(ladder.next())
    for _ in range(60):
        other += 1
        whole.append(ladder.whole())
    ladder.view.close()
    parts = np.array(times[WARM_UP:]) / 1e6
    frames, pace = parts.sum(axis=1), float(np.median(paces))
    made, cells, screen = np.median(parts, axis=0).tolist()
    return {
        "p50_ms": float(np.median(frames)),
        "p99_ms": float(np.quantile(frames, 0.99)),
        "read_and_made_ms": made,
        "cells_ms": cells,
        "screen_ms": screen,
        "whole_ms": float(np.median(whole)) / 1e6,
        "million_additions_ms": pace,
        "p50_where_they_take_27_ms": float(np.median(frames)) * 27 / pace,
        "p99_where_they_take_27_ms": float(np.quantile(frames, 0.99)) * 27 / pace,
    }


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"  {name:52} {figure:.4g}")
