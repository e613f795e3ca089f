"""What lies over a heatmap in one frame, and the contrast of the picture under it."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE
from app.engine.views import VIEW_LEVEL
from app.ui.models.desk import Desk
from app.ui.models.market import Listed
from app.ui.models.orders import priced_at, sizes, waits_for_stop

LOW, HIGH = 20, 99
"""Contrast when new: sizes below `LOW` per cent of what is seen are dim."""
_FILLS: Final = 200
_LOOKED_AT: Final = 2_000
_STEP: Final = 1 << 21
"""Codes move in quarters of a doubling, so that the picture does not flicker."""
_FIRST: Final = (0x3F800000, 0x45000000)  # sizes 1 to 2,048


@dataclass(frozen=True, slots=True)
class OwnLine:
    """Working orders at one price: side +1 or -1, leaves, and how many there are."""

    price: int
    side: int
    leaves: int
    orders: int
    is_stop: bool


@dataclass(frozen=True, slots=True)
class HeatFrame:
    """What the newest view says of an instrument.

    Attributes
    ----------
    listed : Listed
    now : int
        The engine's clock, ns.
    bids, asks : (n,) VIEW_LEVEL
        Best first.
    last_price : int
        NO_PRICE = none.
    own : tuple of OwnLine
    fills : tuple of (ts, price, side)
        The newest.
    """

    listed: Listed
    now: int
    bids: np.ndarray
    asks: np.ndarray
    last_price: int = NO_PRICE
    last_side: int = 0
    own: tuple[OwnLine, ...] = ()
    fills: tuple[tuple[int, int, int], ...] = field(default=())

    @property
    def touch(self) -> float | None:
        """Mid, else the one side, else the last price; price units."""
        best = [float(each["price"][0]) for each in (self.bids, self.asks) if len(each)]
        if best:
            return sum(best) / len(best)
        return None if self.last_price == NO_PRICE else float(self.last_price)

    @property
    def reach(self) -> tuple[float, float] | None:
        """Lowest and highest displayed price near the touch, price units."""
        if not len(self.bids) or not len(self.asks):
            return None
        # The farthest levels may be stubs; two thirds of them tell the scale.
        deep = [each["price"][len(each) * 2 // 3] for each in (self.bids, self.asks)]
        return float(deep[0]), float(deep[1])


def build_heat_frame(desk: Desk, listed: Listed) -> HeatFrame | None:
    """Build a frame from the newest view; None before the first."""
    part, view = desk.market.instrument(listed.number), desk.market.view
    if part is None or view is None:
        return None
    return HeatFrame(
        listed,
        int(view["now"]),
        part["bids"][: int(part["bid_levels"])].copy(),
        part["asks"][: int(part["ask_levels"])].copy(),
        int(part["last_price"]),
        int(part["last_aggressor"]),
        _own(desk, listed.number),
        _fills(desk, listed.number),
    )


def no_levels() -> np.ndarray:
    """No VIEW_LEVEL at all."""
    return np.zeros(0, VIEW_LEVEL)


def _own(desk: Desk, number: int) -> tuple[OwnLine, ...]:
    lines: dict[tuple[int, int, bool], list[int]] = {}
    working = desk.orders.working(number)
    for order, size in zip(working, sizes(working).tolist(), strict=True):
        price = priced_at(order)
        if price != NO_PRICE:
            is_stop = bool(waits_for_stop(order))
            key = price, int(order["side"]), is_stop
            lines.setdefault(key, []).append(size)
    return tuple(
        OwnLine(price, side, sum(leaves), len(leaves), is_stop)
        for (price, side, is_stop), leaves in lines.items()
    )


def _fills(desk: Desk, number: int) -> tuple[tuple[int, int, int], ...]:
    rows = desk.fills.rows
    if not len(rows):
        return ()
    rows = rows[-_LOOKED_AT:]
    rows = rows[rows["instrument"] == number][-_FILLS:]
    columns = (rows[name].tolist() for name in ("ts_received", "last_price", "side"))
    return tuple(zip(*columns, strict=True))


class Contrast:
    """Which sizes the ramp's ends stand for: shares of what is seen.

    Attributes
    ----------
    low, high : int
        Per cent of the seen pixels that are dim, and that are not the brightest.
    codes : tuple of int
        Ends of the ramp, see `heat_state.size_code`.
    is_held : bool
        Whether the codes stay, whatever is seen.
    """

    def __init__(self) -> None:
        self.low, self.high = LOW, HIGH
        self.codes = _FIRST
        self.is_held = False

    def take(self, found: tuple[int, int] | None) -> bool:
        """Take the codes at both shares; True if the ramp moves."""
        if found is None or self.is_held:
            return False
        low, high = (round(each / _STEP) * _STEP for each in found)
        wanted = low, max(high, low + 4 * _STEP)
        near = all(
            abs(new - old) < 2 * _STEP
            for new, old in zip(wanted, self.codes, strict=True)
        )
        if near:
            return False
        self.codes = wanted
        return True

    def choose(self, low: int, high: int) -> None:
        """Take other shares, per cent; the same ones leave the ramp as it is."""
        low = min(max(0, low), 98)
        high = min(max(low + 1, high), 100)
        if (low, high) == (self.low, self.high):
            return
        self.low, self.high = low, high
        self.codes = self.codes[0], self.codes[1] + 8 * _STEP  # looked at anew
