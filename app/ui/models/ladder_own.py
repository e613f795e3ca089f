"""Where our orders stand in a ladder, and what is to be seen of them there.

It is the same from frame to frame until one of them changes, so it is made once.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from app.engine.ladder_rows import LADDER_OWN
from app.engine.records import NO_PRICE, OrderStatus, OrderType
from app.ui.models.ladder import Away, Own, Shape
from app.ui.models.market import Listed
from app.ui.models.orders import (
    PENDING,
    STOPS,
    TRAILING,
    prices_at,
    sizes,
    waits_for_stop,
)

_GHOST: Final = int(Shape.GHOST)
_ICEBERG: Final = int(Shape.ICEBERG)
_STOPS: Final = np.zeros(1 + max(OrderType), np.int64)
_STOPS[list(STOPS)] = int(Shape.STOP)
_STOPS[list(TRAILING)] |= int(Shape.TRAILING)
_PENDING: Final = np.zeros(1 + max(OrderStatus), np.int64)
_PENDING[list(PENDING)] = int(Shape.PENDING)
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
        | np.where((display > 0) & (display < leaves), _ICEBERG, 0)
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """Our orders among the rows of a ladder.

    Attributes
    ----------
    table : (n,) LADDER_OWN
        Those in view, by cell.
    own, looks, away, groups
        As in `LadderFrame`.
    """

    table: np.ndarray
    own: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    looks: dict[tuple[int, int], Own] = field(default_factory=dict)
    away: tuple[Away, ...] = ()
    groups: tuple[tuple[tuple[int, int, str], ...], ...] = ()


NOWHERE: Final = Placed(np.zeros(0, LADDER_OWN))


def place_own(
    listed: Listed, orders: np.ndarray, top: int, rows: int, group: int
) -> Placed:
    """Place an instrument's working orders; the arguments are those of `build_frame`.

    What is returned is shared: it is read only.
    """
    if not len(orders):
        return NOWHERE
    prices = prices_at(orders)
    is_priced = prices != NO_PRICE
    orders, prices = orders[is_priced], prices[is_priced]
    columns = [orders[name].tolist() for name in _SHOWN]
    at = (top - listed.scale.indices(prices) // group).tolist()
    columns += [sizes(orders).tolist(), _shapes(orders).tolist()]
    every = [_Order(*each) for each in zip(at, prices.tolist(), *columns, strict=True)]
    groups: dict[int, list[_Order]] = {}
    cells: dict[tuple[int, int], list[_Order]] = {}
    outside = []
    for order in every:
        if order.group:
            groups.setdefault(order.group, []).append(order)
        if 0 <= order.row < rows:
            cells.setdefault((order.row, order.side), []).append(order)
        else:
            outside.append((order.row, order.side, order.shown, order.price))
    table = [
        (*key, sum(each.leaves for each in here), here[0].number)
        for key, here in cells.items()
    ]
    return Placed(
        np.array(table, LADDER_OWN),
        {key: [each.number for each in here] for key, here in cells.items()},
        {key: _look(here) for key, here in cells.items()},
        _away(outside),
        tuple(_lettered(each) for each in groups.values() if len(each) > 1),
    )


def _look(orders: list[_Order]) -> Own:
    """What the orders of one cell look like."""
    shape, is_ghost = 0, _GHOST
    for each in orders:
        shape |= each.shape
        is_ghost &= each.shape  # a cell is a ghost's only where all of it is
    return Own(
        sum(each.shown for each in orders),
        sum(each.display for each in orders if each.shape & _ICEBERG),
        len(orders),
        shape & ~_GHOST | is_ghost,
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
