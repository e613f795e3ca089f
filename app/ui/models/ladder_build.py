"""How a ladder's frame is made from the newest view: each thing to its row."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    OrderStatus,
    OrderType,
)
from app.engine.views import DEPTH
from app.ui.models.ladder import (
    CELL,
    NOTHING_ELSE,
    Away,
    LadderFrame,
    Mark,
    Own,
    Shape,
    Surroundings,
)
from app.ui.models.market import Listed, Market
from app.ui.models.orders import (
    PENDING,
    STOPS,
    TRAILING,
    prices_at,
    sizes,
    waits_for_stop,
)
from app.ui.models.situation import seen

_BEST_BID, _BEST_ASK = int(Mark.BEST_BID), int(Mark.BEST_ASK)
_INSIDE, _LAST = int(Mark.INSIDE), int(Mark.LAST)
_LAST_SIDE: Final = {1: int(Mark.LAST_BUY), -1: int(Mark.LAST_SELL)}
_GHOST: Final = int(Shape.GHOST)
_STOPS: Final = np.zeros(1 + max(OrderType), np.int64)
_STOPS[list(STOPS)] = int(Shape.STOP)
_STOPS[list(TRAILING)] |= int(Shape.TRAILING)
_PENDING: Final = np.zeros(1 + max(OrderStatus), np.int64)
_PENDING[list(PENDING)] = int(Shape.PENDING)
_FLOW: Final = ("sold", "bought", "bid_change", "ask_change", "volume")


@dataclass(slots=True)
class _Rows:
    """The rows of a frame while it is being made."""

    listed: Listed
    top: int
    cells: np.ndarray
    group: int
    own: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    looks: dict[tuple[int, int], Own] = field(default_factory=dict)
    away: tuple[Away, ...] = ()
    groups: tuple[tuple[tuple[int, int, str], ...], ...] = ()

    def of(self, prices: np.ndarray) -> np.ndarray:
        """Row of each price; may lie outside."""
        indices = self.listed.scale.indices(prices)
        return self.top - (indices if self.group == 1 else indices // self.group)

    def mark(self, mark: int, price: int) -> int:
        """Set a mark in a price's row; return the row, or -1 outside."""
        if price == NO_PRICE:
            return -1
        row = self.top - self.listed.scale.index(price) // self.group
        if not 0 <= row < len(self.cells):
            return -1
        self.cells["marks"][row] |= mark
        return row


def build_frame(
    market: Market,
    listed: Listed,
    orders: np.ndarray,
    top: int,
    rows: int,
    around: Surroundings = NOTHING_ELSE,
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
        Index of the first row: tick index // ticks in a row.
    rows : int
    around : Surroundings
        What no view says.
    """
    group = max(1, around.group)
    cells = np.zeros(rows, CELL)
    cells["price"] = listed.scale.prices((top - np.arange(rows)) * group)
    cells["buy_ahead"] = cells["sell_ahead"] = -1
    made = _Rows(listed, top, cells, group)
    _place_own(made, orders, market.queues() if len(orders) else {})
    at = seen(market, listed, orders, around.through_ticks)
    part = at.part
    if part is None or market.view is None:
        return LadderFrame(
            at,
            top,
            cells,
            1,
            own=made.own,
            looks=made.looks,
            group=group,
            away=made.away,
        )
    bids = part["bids"][: int(part["bid_levels"])].copy()
    asks = part["asks"][: int(part["ask_levels"])].copy()
    _place_book(made, bids, asks, around.deep)
    _place_marks(made, part, bids, asks)
    for mark, price in around.marks:
        made.mark(mark, price)
    if around.flow is not None:
        _place_flow(made, around.flow)
    return LadderFrame(
        at,
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
        last=int(part["last_price"]),
        own=made.own,
        looks=made.looks,
        group=group,
        has_flow=around.flow is not None,
        away=made.away,
        groups=made.groups,
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


def break_even(part: np.void, listed: Listed) -> int:
    """Price at which the session's P&L after fees is zero; NO_PRICE when flat."""
    position = int(part["position"])
    average = float(part["average_price"])
    if not position or not np.isfinite(average):
        return NO_PRICE
    numerator, denominator = listed.instrument.money_ratio
    made = int(part["realised"]) - int(part["fees"])
    worth = position * numerator / denominator
    price = average - made / worth
    return round(price) if abs(price) < 2.0**62 else NO_PRICE


def reaches_beyond(part: np.void, low: int, high: int) -> bool:
    """Whether rows from `low` to `high` (prices) lie beyond the view's levels."""
    for side, levels, is_bid in (
        ("bids", "bid_levels", True),
        ("asks", "ask_levels", False),
    ):
        if part[levels] < DEPTH:
            continue  # the whole side is known
        last = int(part[side]["price"][DEPTH - 1])
        if (low < last) if is_bid else (high > last):
            return True
    return False


def _place_book(
    rows: _Rows,
    bids: np.ndarray,
    asks: np.ndarray,
    deep: tuple[np.ndarray, np.ndarray] | None,
) -> None:
    """Both sides' sizes; what lies beyond the view's levels is unknown without deep."""
    cells = rows.cells
    for column, side, levels, mark in (
        ("bid", BUY, bids, int(Mark.UNKNOWN_BID)),
        ("ask", SELL, asks, int(Mark.UNKNOWN_ASK)),
    ):
        _place_sizes(rows, cells[column], levels)
        if len(levels) < DEPTH:
            continue
        last = int(levels["price"][-1])
        if deep is not None:
            more = deep[0 if side == BUY else 1]
            _place_sizes(rows, cells[column], more[(last - more["price"]) * side > 0])
        else:
            is_beyond = (last - cells["price"]) * side > 0
            cells["marks"][is_beyond] |= mark


def _place_sizes(rows: _Rows, column: np.ndarray, levels: np.ndarray) -> None:
    if not len(levels):
        return
    at = rows.of(levels["price"])
    seen = (at >= 0) & (at < len(column))
    # Levels of one row, and those off the tick table, add up.
    np.add.at(column, at[seen], levels["size"][seen])


def _place_flow(rows: _Rows, flow: np.ndarray) -> None:
    if not len(flow):
        return
    at = rows.of(flow["price"])
    seen = (at >= 0) & (at < len(rows.cells))
    at, flow = at[seen], flow[seen]
    for name in _FLOW:
        np.add.at(rows.cells[name], at, flow[name])


def _place_marks(
    rows: _Rows, part: np.void, bids: np.ndarray, asks: np.ndarray
) -> None:
    cells = rows.cells
    side = _LAST_SIDE.get(int(part["last_aggressor"]), 0)
    row = rows.mark(_LAST | side, int(part["last_price"]))
    if row >= 0:
        cells["last_size"][row] = part["last_size"]
    rows.mark(int(Mark.HIGH), int(part["high"]))
    rows.mark(int(Mark.LOW), int(part["low"]))
    average = float(part["average_price"])
    if part["position"] and np.isfinite(average) and abs(average) < 2.0**62:
        rows.mark(int(Mark.AVERAGE), round(average))
        rows.mark(int(Mark.BREAK_EVEN), break_even(part, rows.listed))
    if len(bids):
        rows.mark(_BEST_BID, int(bids["price"][0]))
    if len(asks):
        rows.mark(_BEST_ASK, int(asks["price"][0]))
    if len(bids) and len(asks):
        low, high = int(bids["price"][0]), int(asks["price"][0])
        inside = (cells["price"] > low) & (cells["price"] < high)
        cells["marks"][inside] |= _INSIDE


_OWN: Final = {BUY: ("buy", "buy_ahead"), SELL: ("sell", "sell_ahead")}
_SHOWN: Final = (
    "client_order_id",
    "side",
    "leaves",
    "display",
    "status",
    "order_type",
    "group",
)


class _Order(NamedTuple):
    """What a ladder shows of one order."""

    row: int
    price: int
    number: int
    side: int
    leaves: int
    display: int
    status: int
    order_type: int
    group: int
    shown: int  # the size that it says
    shape: int  # Shape bits


def _shapes(orders: np.ndarray) -> np.ndarray:
    """Shape bits of each order."""
    leaves, display = orders["leaves"], orders["display"]
    kinds = orders["order_type"]
    return np.asarray(
        np.where(waits_for_stop(orders), _STOPS[kinds], 0)
        | _PENDING[orders["status"]]
        # A bracket's exit whose entry is not filled has no size yet.
        | np.where((leaves == 0) & (orders["group"] != 0), _GHOST, 0)
        | np.where((display > 0) & (display < leaves), int(Shape.ICEBERG), 0)
    )


def _place_own(
    rows: _Rows, orders: np.ndarray, queues: dict[int, tuple[int, int]]
) -> None:
    if not len(orders):
        return
    prices = prices_at(orders)
    is_priced = prices != NO_PRICE
    orders, prices = orders[is_priced], prices[is_priced]
    columns = [orders[name].tolist() for name in _SHOWN]
    at = rows.of(prices).tolist()
    columns += [sizes(orders).tolist(), _shapes(orders).tolist()]
    every = [_Order(*each) for each in zip(at, prices.tolist(), *columns, strict=True)]
    groups: dict[int, list[_Order]] = {}
    for order in every:
        if order.group:
            groups.setdefault(order.group, []).append(order)
    seen = [order for order in every if 0 <= order.row < len(rows.cells)]
    for order in seen:
        _place_order(rows, order, queues)
    outside = [order for order in every if not 0 <= order.row < len(rows.cells)]
    rows.away = _away([(o.row, o.side, o.shown, o.price) for o in outside])
    rows.groups = tuple(_lettered(each) for each in groups.values() if len(each) > 1)


def _place_order(
    rows: _Rows,
    order: _Order,
    queues: dict[int, tuple[int, int]],
) -> None:
    """Add an order to what its cell shows."""
    size, ahead = _OWN[order.side]
    key = (order.row, order.side)
    here = rows.own.setdefault(key, [])
    here.append(order.number)
    rows.cells[size][order.row] += order.leaves
    if len(here) == 1:
        rows.cells[ahead][order.row] = queues.get(order.number, (-1, -1))[0]
    known = rows.looks.get(key, Own(0, 0, 0, 0))
    rows.looks[key] = Own(
        known.size + order.shown,
        known.display + (order.display if order.shape & Shape.ICEBERG else 0),
        known.orders + 1,
        # A cell is a ghost's only where all of it is.
        (known.shape | order.shape) & ~_GHOST
        | order.shape & (known.shape if known.orders else _GHOST) & _GHOST,
    )


def _away(outside: list[tuple[int, int, int, int]]) -> tuple[Away, ...]:
    """Orders out of view, by side and edge; the nearest one's price."""
    found: dict[tuple[int, bool], list[tuple[int, int, int, int]]] = {}
    for each in outside:
        found.setdefault((each[1], each[0] < 0), []).append(each)
    return tuple(
        Away(
            side,
            is_above,
            sum(each[2] for each in orders),
            (max if is_above else min)(orders)[3],
        )
        for (side, is_above), orders in sorted(found.items())
    )


def _lettered(members: list[_Order]) -> tuple[tuple[int, int, str], ...]:
    """Members of a group with what they are in it: entry, target, stop."""
    exits = {each.side for each in members if each.order_type in STOPS}

    def letter(order: _Order) -> str:
        if order.order_type in STOPS:
            return "S"
        return "T" if order.side in exits else "E"

    return tuple((each.row, each.side, letter(each)) for each in members)


def prices_shown(listed: Listed, top: int, rows: int, group: int) -> tuple[int, int]:
    """Lowest and highest price of the rows, price units."""
    scale = listed.scale
    low = scale.price((top - rows + 1) * group)
    return low, scale.price(top * group + group - 1)
