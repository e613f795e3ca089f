"""A ladder's rows as `build_frame` must make them, one thing at a time in plain Python.

Written for reading: integers of any size, a mapping from row to what stands there.
"""

from dataclasses import dataclass, field

import numpy as np

from app.engine.ladder_rows import Mark
from app.engine.records import BUY, NO_PRICE, SELL
from app.engine.views import DEPTH
from app.ui.models.ladder import CELL, Surroundings
from app.ui.models.ladder_build import break_even
from app.ui.models.market import Listed, Market
from app.ui.models.orders import prices_at

_FLOW = ("sold", "bought", "bid_change", "ask_change", "volume")
_SIDES = {
    BUY: ("bid", "buy", "buy_ahead", Mark.UNKNOWN_BID),
    SELL: ("ask", "sell", "sell_ahead", Mark.UNKNOWN_ASK),
}


@dataclass
class _Rows:
    listed: Listed
    top: int
    cells: np.ndarray
    group: int
    known: set[tuple[int, int]] = field(default_factory=set)

    def row(self, price: int) -> int | None:
        row = self.top - self.listed.scale.index(price) // self.group
        return row if 0 <= row < len(self.cells) else None

    def add(self, name: str, price: int, value: int) -> None:
        row = self.row(price)
        if row is not None:
            self.cells[name][row] += value

    def mark(self, mark: int, price: int) -> int | None:
        row = None if price == NO_PRICE else self.row(price)
        if row is not None:
            self.cells["marks"][row] |= int(mark)
        return row


def reference_rows(
    market: Market,
    listed: Listed,
    orders: np.ndarray,
    top: int,
    rows: int,
    around: Surroundings,
) -> np.ndarray:
    """(rows,) CELL for the arguments of `build_frame`."""
    cells = np.zeros(rows, CELL)
    made = _Rows(listed, top, cells, around.group)
    for row in range(rows):
        cells["price"][row] = listed.scale.price((top - row) * around.group)
    cells["buy_ahead"] = cells["sell_ahead"] = -1
    _orders(made, orders, market.queues())
    part = market.instrument(listed.number)
    if part is None:
        return cells
    sides = {
        BUY: part["bids"][: int(part["bid_levels"])],
        SELL: part["asks"][: int(part["ask_levels"])],
    }
    for side, levels in sides.items():
        _sizes(made, levels, side, around)
    _marks(made, part, sides)
    for mark, price in around.marks:
        made.mark(mark, price)
    for each in () if around.flow is None else around.flow:
        for name in _FLOW:
            made.add(name, int(each["price"]), int(each[name]))
    return cells


def _orders(
    rows: _Rows, orders: np.ndarray, queues: dict[int, tuple[int, int]]
) -> None:
    for order, price in zip(orders, prices_at(orders).tolist(), strict=True):
        row = None if price == NO_PRICE else rows.row(price)
        if row is None:
            continue
        side = int(order["side"])
        _, leaves, ahead, _ = _SIDES[side]
        rows.cells[leaves][row] += order["leaves"]
        if (row, side) not in rows.known:
            rows.known.add((row, side))
            number = int(order["client_order_id"])
            rows.cells[ahead][row] = queues.get(number, (-1, -1))[0]


def _sizes(rows: _Rows, levels: np.ndarray, side: int, around: Surroundings) -> None:
    name, _, _, unknown = _SIDES[side]
    for price, size, _count in levels.tolist():
        rows.add(name, price, size)
    if len(levels) < DEPTH:
        return
    last = int(levels["price"][-1])
    if around.deep is None:
        for row in range(len(rows.cells)):
            if (last - int(rows.cells["price"][row])) * side > 0:
                rows.cells["marks"][row] |= int(unknown)
        return
    for price, size, _count in around.deep[0 if side == BUY else 1].tolist():
        if (last - price) * side > 0:
            rows.add(name, price, size)


def _marks(rows: _Rows, part: np.void, sides: dict[int, np.ndarray]) -> None:
    aggressor = {1: Mark.LAST_BUY, -1: Mark.LAST_SELL}
    mark = Mark.LAST | aggressor.get(int(part["last_aggressor"]), 0)
    row = rows.mark(mark, int(part["last_price"]))
    if row is not None:
        rows.cells["last_size"][row] = part["last_size"]
    rows.mark(Mark.HIGH, int(part["high"]))
    rows.mark(Mark.LOW, int(part["low"]))
    average = float(part["average_price"])
    if part["position"] and np.isfinite(average):
        rows.mark(Mark.AVERAGE, round(average))
        rows.mark(Mark.BREAK_EVEN, break_even(part, rows.listed))
    best = {side: int(each["price"][0]) for side, each in sides.items() if len(each)}
    for side, price in best.items():
        rows.mark(Mark.BEST_BID if side == BUY else Mark.BEST_ASK, price)
    if len(best) == len(sides):
        prices = rows.cells["price"]
        inside = (prices > best[BUY]) & (prices < best[SELL])
        rows.cells["marks"][inside] |= int(Mark.INSIDE)
