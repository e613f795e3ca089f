"""Stops and trailing stops: what a price triggers, and how a stop follows it.

SEMANTICS 21-23. A stop waits on the shelf of its trigger and side, sorted by price, so
that a price which reaches none costs two comparisons. Buy stops trigger at or above
their price, sell stops at or below. Prices by trigger: LAST, of a trade that counts;
TOUCH, the ask for buys and the bid for sells; MID, rounded so that a stop is reached
only where the exact mid reaches it; MARK, the venue's mark, rounded as the mid.
"""

from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.queues import (
    put_on_shelf,
    shelf_index,
    stop_waiting,
)
from app.engine.conditional.state import (
    Step,
    condition,
    condition_levels,
    condition_markets,
)
from app.engine.conditional.steps import line_up
from app.engine.instruments import valid_towards
from app.engine.rare import out_of_line
from app.engine.records import BUY, NO_PRICE, SELL, Reason, Trigger
from app.engine.state import instruments

_MILLION = 1_000_000


@kernel
def resolved_trigger(arena: int, instrument: int, trigger: int) -> int:
    """Trigger of a stop: the one asked for, else the instrument's default (21)."""
    if trigger != Trigger.DEFAULT:
        return trigger
    return integer(instruments(arena)[instrument]["default_trigger"])


@kernel
def is_reached(side: int, stop_price: int, price: int) -> bool:
    """Whether a price reaches a stop; equal counts (22)."""
    return price != NO_PRICE and side * (price - stop_price) >= 0


@kernel
def half_of(doubled: int, side: int) -> int:
    """Price from twice a mid or mark, for stops of a side: never reached too early."""
    if doubled == NO_PRICE:
        return NO_PRICE
    return doubled >> 1 if side == BUY else -((-doubled) >> 1)


@kernel
def seen_price(arena: int, instrument: int, trigger: int, side: int) -> int:
    """Last price of a trigger that stops of this side have seen; NO_PRICE = none."""
    market = condition_markets(arena)[instrument]
    return integer(market["seen"][shelf_index(trigger, side)])


@rare
def trailing_stop(
    arena: int, instrument: int, side: int, price: int, trail: int
) -> int:
    """Stop that follows at a distance, rounded away from the market (23).

    Parameters
    ----------
    price : int
        The trigger's own, price units.
    trail : int
        > 0: price units; < 0: parts per million of the price.
    """
    out_of_line()
    distance = trail
    if trail < 0:
        size = abs(price)
        whole, rest = size // _MILLION, size % _MILLION
        # Rounded up: the exact distance is never passed towards the market.
        distance = whole * -trail + -(rest * trail // _MILLION)
    return valid_towards(arena, instrument, price + side * distance, side)


@kernel
def watch(arena: int, index: int) -> bool:
    """Let a stop, its `stop_price` set, wait for its price; False = no room."""
    return put_on_shelf(arena, index)


@rare
def follow(arena: int, index: int, price: int) -> bool:
    """Move a trailing stop after its trigger's price, only in favour; True if moved."""
    out_of_line()
    row = condition(arena, index)
    instrument, side = integer(row["instrument"]), integer(row["side"])
    stop = trailing_stop(arena, instrument, side, price, integer(row["trail"]))
    if side * (stop - row["stop_price"]) >= 0:
        return False
    stop_waiting(arena, index)
    row["stop_price"] = stop
    # It leaves a place on the shelf, so there is room for its new one.
    put_on_shelf(arena, index)
    return True


@rare
def _trigger_reached(arena: int, instrument: int, which: int, price: int) -> None:
    """Line up every stop of a shelf that a price reaches: nearest first, then time."""
    out_of_line()
    market, every = condition_markets(arena)[instrument], condition_levels(arena)
    side = BUY if which % 2 == 0 else SELL
    level = integer(market["shelves"][which]["best"])
    while level and is_reached(side, integer(every[level]["price"]), price):
        index = integer(every[level]["first"])
        stop_waiting(arena, index)
        line_up(arena, index, integer(Step.TRIGGER), integer(Reason.NONE))
        level = integer(market["shelves"][which]["best"])


@rare
def _follow_all(arena: int, instrument: int, which: int, price: int) -> None:
    """Let the trailing stops of a shelf follow a price that moved in their favour."""
    out_of_line()
    market, every = condition_markets(arena)[instrument], condition_levels(arena)
    level = integer(market["shelves"][which]["best"])
    while level:
        following = integer(every[level]["worse"])
        index = integer(every[level]["first"])
        while index:
            behind = integer(condition(arena, index)["next"])
            if condition(arena, index)["trail"] and follow(arena, index, price):
                line_up(arena, index, integer(Step.MOVED), integer(Reason.TRAILED))
            index = behind
        level = following


@rare
def note_price(
    arena: int, instrument: int, trigger: int, side: int, price: int
) -> None:
    """Let the stops of one side see a price of a trigger.

    Those that it reaches are lined up; the trailing ones of the others follow it.
    NO_PRICE: there is none now, so whatever comes next is new to them.
    """
    out_of_line()
    market = condition_markets(arena)[instrument]
    which = shelf_index(trigger, side)
    before = market["seen"][which]
    market["seen"][which] = price
    if price == NO_PRICE or market["waiting"] == 0 or before == price:
        return
    _trigger_reached(arena, instrument, which, price)
    if market["trailing"] and (before == NO_PRICE or side * (price - before) < 0):
        _follow_all(arena, instrument, which, price)


@rare
def note_last(arena: int, instrument: int, price: int) -> None:
    """Let all stops see the price of a trade that counts (37)."""
    out_of_line()
    for side in (BUY, SELL):
        note_price(arena, instrument, integer(Trigger.LAST), side, price)


@rare
def note_quote(arena: int, instrument: int, bid: int, ask: int) -> None:
    """Let all stops see the touch and the mid; NO_PRICE = that side is empty."""
    out_of_line()
    touch, mid = integer(Trigger.TOUCH), integer(Trigger.MID)
    note_price(arena, instrument, touch, BUY, ask)
    note_price(arena, instrument, touch, SELL, bid)
    doubled = bid + ask if bid != NO_PRICE and ask != NO_PRICE else NO_PRICE
    for side in (BUY, SELL):
        note_price(arena, instrument, mid, side, half_of(doubled, side))


@rare
def note_mark(arena: int, instrument: int, doubled: int) -> None:
    """Let all stops see the mark, doubled."""
    out_of_line()
    for side in (BUY, SELL):
        note_price(
            arena, instrument, integer(Trigger.MARK), side, half_of(doubled, side)
        )
