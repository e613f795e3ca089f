"""What a ladder shows in one frame: a cell record per row, and the touch above it.

One idea: a frame is a value. It is built from the newest view, compared with the one
painted before to find the rows that changed, and kept as *the painted frame*, so that a
click is judged by what the eye saw. Rows count downwards from `top`, the tick index of
the first one.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from app.engine.records import BUY, NO_PRICE, SELL, RiskLimit, SafetyState
from app.ui.models.market import Listed, Market
from app.ui.models.orders import PENDING, STOPS

CELL: Final = np.dtype(
    [
        ("price", "<i8"),  # price units
        ("bid", "<i8"),  # displayed size, quantity units
        ("ask", "<i8"),
        ("buy", "<i8"),  # our leaves, quantity units
        ("sell", "<i8"),
        ("buy_ahead", "<i8"),  # queue ahead of our first order; -1 = unknown
        ("sell_ahead", "<i8"),
        ("last_size", "<i8"),  # of the last trade, where it was here
        ("marks", "<i4"),  # Mark
    ]
)


class Mark(IntEnum):
    """What else there is to show in a row: bits, as plain integers for speed."""

    LAST = 1  # the last trade was here
    LAST_BUY = 2  # its aggressor bought
    LAST_SELL = 4
    BEST_BID = 8
    BEST_ASK = 16
    INSIDE = 32  # between bid and ask
    AVERAGE = 64  # average price of the position
    HIGH = 128  # of the session
    LOW = 256
    PENDING_BUY = 512  # an order of ours waits for the venue's word
    PENDING_SELL = 1024
    STOP_BUY = 2048  # one of ours here is a stop
    STOP_SELL = 4096


class Cell(NamedTuple):
    """A row of CELL as plain integers, which paint faster; fields as there."""

    price: int
    bid: int
    ask: int
    buy: int
    sell: int
    buy_ahead: int
    sell_ahead: int
    last_size: int
    marks: int


@dataclass(frozen=True, slots=True)
class LadderFrame:
    """All that one painting of a ladder shows, and what a click in it means.

    Attributes
    ----------
    listed : Listed
    top : int
        Tick index of the first row.
    cells : (rows,) CELL
    full : int
        Size that fills a bar, quantity units.
    sequence : int
        Of the book shown; 0 before the first view.
    bids, asks : VIEW_LEVEL arrays
        Levels, best first.
    stale : int
        Reason; 0 = fresh.
    max_position, max_order : int
        Limits, quantity units; 0 = off.
    last : int
        Last price, price units; NO_PRICE = none yet.
    own : mapping
        (row, side) to the client order ids there, oldest first.
    """

    listed: Listed
    top: int
    cells: np.ndarray
    full: int
    sequence: int = 0
    bids: np.ndarray = field(default_factory=lambda: np.zeros(0, CELL))
    asks: np.ndarray = field(default_factory=lambda: np.zeros(0, CELL))
    bid_total: int = 0
    ask_total: int = 0
    stale: int = 0
    stale_since: int = 0
    state: SafetyState = SafetyState.VIEW
    position: int = 0
    max_position: int = 0
    max_order: int = 0
    last: int = NO_PRICE
    own: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    @property
    def best_bid(self) -> int:
        """Best bid, price units; NO_PRICE = none."""
        return int(self.bids["price"][0]) if len(self.bids) else NO_PRICE

    @property
    def best_ask(self) -> int:
        """Best ask, price units; NO_PRICE = none."""
        return int(self.asks["price"][0]) if len(self.asks) else NO_PRICE

    @property
    def spread_ticks(self) -> int | None:
        """Ticks between bid and ask; None where a side is empty."""
        if not len(self.bids) or not len(self.asks):
            return None
        scale = self.listed.scale
        return scale.index(self.best_ask) - scale.index(self.best_bid)

    def cell(self, row: int) -> Cell:
        """A row's cell as plain integers."""
        return Cell._make(self.cells[row].item())

    def opposite(self, side: int) -> np.ndarray:
        """Levels that an order of this side would take, best first."""
        return self.asks if side == BUY else self.bids

    def row(self, price: int) -> int:
        """Row of a price; may lie outside the frame."""
        return self.top - self.listed.scale.index(price)

    def price(self, row: int) -> int:
        """Price of a row, price units."""
        return self.listed.scale.price(self.top - row)


def touch_index(market: Market, listed: Listed) -> int | None:
    """Tick index to centre on: the mid, else the one side, else the last price."""
    part = market.instrument(listed.number)
    if part is None:
        return None
    prices = [
        int(part[side]["price"][0])
        for side, levels in (("bids", "bid_levels"), ("asks", "ask_levels"))
        if part[levels]
    ]
    if not prices and part["last_price"] != NO_PRICE:
        prices = [int(part["last_price"])]
    if not prices:
        return None
    indices = [listed.scale.index(price) for price in prices]
    return sum(indices) // len(indices)


def build_frame(
    market: Market, listed: Listed, orders: np.ndarray, top: int, rows: int
) -> LadderFrame:
    """Build a frame from the newest view.

    Parameters
    ----------
    market : Market
    listed : Listed
        The instrument.
    orders : (n,) OWN_ORDER
        Its working orders, oldest first.
    top : int
        Tick index of the first row.
    rows : int
    """
    cells = np.zeros(rows, CELL)
    cells["price"] = listed.scale.prices(top - np.arange(rows))
    cells["buy_ahead"] = cells["sell_ahead"] = -1
    own = _place_own(cells, listed, top, orders, market.queues())
    part = market.instrument(listed.number)
    if part is None or market.view is None:
        return LadderFrame(listed, top, cells, 1, own=own)
    bids = part["bids"][: int(part["bid_levels"])].copy()
    asks = part["asks"][: int(part["ask_levels"])].copy()
    _place_sizes(cells["bid"], listed, top, bids)
    _place_sizes(cells["ask"], listed, top, asks)
    _place_marks(cells, listed, top, part, bids, asks)
    limits = market.view["limits"]
    return LadderFrame(
        listed,
        top,
        cells,
        full=bar_scale(int(max(cells["bid"].max(), cells["ask"].max()))),
        sequence=int(part["book_sequence"]),
        bids=bids,
        asks=asks,
        bid_total=int(bids["size"].sum()),
        ask_total=int(asks["size"].sum()),
        stale=int(part["stale"]),
        stale_since=int(part["stale_since"]),
        state=market.safety_state,
        position=int(part["position"]),
        max_position=int(limits[RiskLimit.MAX_POSITION_SIZE]),
        max_order=int(limits[RiskLimit.MAX_ORDER_SIZE]),
        last=int(part["last_price"]),
        own=own,
    )


def bar_scale(largest: int) -> int:
    """Size that fills a bar: the next 1, 1.5, 2, 3, 5 or 7 times a power of ten.

    Coarse on purpose: the bars keep their meaning while the largest size flickers.
    """
    power = 1
    while True:
        for step in (10, 15, 20, 30, 50, 70):
            if step * power >= largest * 10:
                return max(1, step * power // 10)
        power *= 10


def dirty_rows(old: LadderFrame | None, new: LadderFrame) -> list[int] | None:
    """Rows that differ between two frames; None where all do."""
    if (
        old is None
        or old.listed is not new.listed
        or (old.top, old.full, len(old.cells)) != (new.top, new.full, len(new.cells))
    ):
        return None
    rows: list[int] = np.nonzero(old.cells != new.cells)[0].tolist()
    return rows


def _place_sizes(
    column: np.ndarray, listed: Listed, top: int, levels: np.ndarray
) -> None:
    rows = top - listed.scale.indices(levels["price"])
    seen = (rows >= 0) & (rows < len(column))
    # Levels off the tick table share the row below them.
    np.add.at(column, rows[seen], levels["size"][seen])


def _place_marks(
    cells: np.ndarray,
    listed: Listed,
    top: int,
    part: np.void,
    bids: np.ndarray,
    asks: np.ndarray,
) -> None:
    aggressor = int(part["last_aggressor"])
    last = Mark.LAST | (
        Mark.LAST_BUY if aggressor > 0 else Mark.LAST_SELL if aggressor < 0 else 0
    )
    marks = [
        (last, int(part["last_price"])),
        (Mark.HIGH, int(part["high"])),
        (Mark.LOW, int(part["low"])),
    ]
    if part["position"]:
        marks.append((Mark.AVERAGE, round(float(part["average_price"]))))
    if len(bids):
        marks.append((Mark.BEST_BID, int(bids["price"][0])))
    if len(asks):
        marks.append((Mark.BEST_ASK, int(asks["price"][0])))
    for mark, price in marks:
        row = top - listed.scale.index(price) if price != NO_PRICE else -1
        if 0 <= row < len(cells):
            cells["marks"][row] |= mark
            if mark & Mark.LAST:
                cells["last_size"][row] = part["last_size"]
    if len(bids) and len(asks):
        low, high = int(bids["price"][0]), int(asks["price"][0])
        inside = (cells["price"] > low) & (cells["price"] < high)
        cells["marks"][inside] |= Mark.INSIDE


_OWN: Final = {
    BUY: ("buy", "buy_ahead", Mark.PENDING_BUY, Mark.STOP_BUY),
    SELL: ("sell", "sell_ahead", Mark.PENDING_SELL, Mark.STOP_SELL),
}
_SHOWN: Final = ("client_order_id", "side", "leaves", "status", "order_type")


def _place_own(
    cells: np.ndarray,
    listed: Listed,
    top: int,
    orders: np.ndarray,
    queues: dict[int, tuple[int, int]],
) -> dict[tuple[int, int], list[int]]:
    own: dict[tuple[int, int], list[int]] = {}
    if not len(orders):
        return own
    prices = np.where(
        orders["price"] == NO_PRICE, orders["stop_price"], orders["price"]
    )
    rows = top - listed.scale.indices(prices)
    seen = (rows >= 0) & (rows < len(cells)) & (prices != NO_PRICE)
    columns = [orders[name][seen].tolist() for name in _SHOWN]
    for row, number, side, leaves, status, order_type in zip(
        rows[seen].tolist(), *columns, strict=True
    ):
        size, ahead, pending, stop = _OWN[side]
        here = own.setdefault((row, side), [])
        here.append(number)
        cells[size][row] += leaves
        if len(here) == 1:
            cells[ahead][row] = queues.get(number, (-1, -1))[0]
        if status in PENDING:
            cells["marks"][row] |= pending
        if order_type in STOPS:
            cells["marks"][row] |= stop
    return own
