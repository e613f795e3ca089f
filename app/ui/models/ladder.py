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

from app.engine.ladder_rows import LADDER_ROW
from app.engine.records import BUY, NO_PRICE, SafetyState
from app.ui.models.market import Listed, Market
from app.ui.models.situation import THROUGH_TICKS, Situation

CELL: Final = LADDER_ROW


class Shape(IntEnum):
    """What the orders of ours in a cell are, and how they stand: bits."""

    STOP = 1
    TRAILING = 2  # a stop that follows the price
    ICEBERG = 4
    PENDING = 8  # waits for the venue's word
    GHOST = 16  # a bracket's exit whose entry is not filled yet
    WAITING = 32  # unsent: it waits for the hand


class Own(NamedTuple):
    """What the orders of ours in one cell look like.

    Attributes
    ----------
    size : int
        What is open, quantity units; a ghost's is its entry's.
    display : int
        Peak of an iceberg, quantity units; 0 = none.
    orders : int
        How many.
    shape : int
        Shape bits.
    """

    size: int
    display: int
    orders: int
    shape: int


class Away(NamedTuple):
    """Orders of ours on one side that lie above or below the rows."""

    side: int
    is_above: bool
    size: int  # quantity units
    price: int  # of the nearest, price units


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a frame shows that no view says.

    Attributes
    ----------
    group : int
        Ticks in a row.
    flow : (n,) FLOW or None
        What happened at the prices of the rows; None = unknown.
    deep : tuple of VIEW_LEVEL arrays or None
        Levels of both sides within the rows, however far from the touch.
    marks : tuple of (Mark, price)
        The session's and the trail's; NO_PRICE is passed over.
    through_ticks : int
        A click further through the market asks for a confirm.
    """

    group: int = 1
    flow: np.ndarray | None = None
    deep: tuple[np.ndarray, np.ndarray] | None = None
    marks: tuple[tuple[int, int], ...] = ()
    through_ticks: int = THROUGH_TICKS


NOTHING_ELSE: Final = Surroundings()


@dataclass(frozen=True, slots=True)
class LadderFrame:
    """All that one painting of a ladder shows, and what a click in it means.

    Attributes
    ----------
    at : Situation
        What was seen: what a gesture in this frame is judged by.
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
    last : int
        Last price, price units; NO_PRICE = none yet.
    own : mapping
        (row, side) to the client order ids there, oldest first.
    looks : mapping
        (row, side) to what is to be seen of them.
    group : int
        Ticks in a row.
    has_flow : bool
        Whether the columns of the flow are known.
    away : tuple of Away
        Orders of ours out of view.
    groups : tuple
        Brackets and OCOs: of each its members as (row, side, letter).
    """

    at: Situation
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
    last: int = NO_PRICE
    own: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    looks: dict[tuple[int, int], Own] = field(default_factory=dict)
    group: int = 1
    has_flow: bool = False
    away: tuple[Away, ...] = ()
    groups: tuple[tuple[tuple[int, int, str], ...], ...] = ()

    @property
    def listed(self) -> Listed:
        """The instrument."""
        return self.at.listed

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

    def opposite(self, side: int) -> np.ndarray:
        """Levels that an order of this side would take, best first."""
        return self.asks if side == BUY else self.bids

    def row(self, price: int) -> int:
        """Row of a price; may lie outside the frame."""
        return self.top - self.listed.scale.index(price) // self.group

    def price(self, row: int, side: int = 0) -> int:
        """Price of a row, price units.

        A row of several ticks means, for an order of a side, the one nearest the
        market: the highest for a buy, the lowest for a sell and where no side is said.
        """
        index = (self.top - row) * self.group
        return self.listed.scale.price(index + (self.group - 1 if side > 0 else 0))


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
