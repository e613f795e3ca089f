"""Prices that trigger stops at the simulated venue (SEMANTICS 21, 23, 24, 26, 37).

A print triggers if it is a last price to the order, in continuous trading and on a book
that can be trusted; touch and mid only while the book is fresh. Where nothing waits for
a price nothing is looked at: a stop that comes has its price looked up.
"""

from typing import Any, Final

from app.engine.accounts import mark_of
from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.book_levels import best_price
from app.engine.book_state import Stale, books
from app.engine.compile import kernel
from app.engine.conditional.queues import shelf_index, stop_waiting
from app.engine.conditional.state import (
    Step,
    Wait,
    condition,
    condition_markets,
)
from app.engine.conditional.steps import line_up
from app.engine.conditional.triggers import (
    follow,
    half_of,
    is_reached,
    note_last,
    note_mark,
    note_quote,
)
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    EventKind,
    OrderOption,
    Reason,
    RecordFlag,
    Trigger,
)
from app.engine.risk_state import working
from app.engine.venue.levels import venue_book
from app.engine.venue.state import venue_orders
from app.engine.venue.sweep import is_matched
from app.engine.venue.trading import tells_last

_OUTSIDE: Final = int(OrderOption.OUTSIDE_HOURS)


@kernel
def _mark(arena: int, instrument: int) -> int:
    """Twice the mark as accounts have it; NO_PRICE = none."""
    return mark_of(arena, instrument, working(arena)[instrument]["settlement"])


@kernel
def price_now(arena: int, index: int) -> int:
    """Price that the trigger of a condition has now; NO_PRICE = none."""
    row = condition(arena, index)
    instrument, side = integer(row["instrument"]), integer(row["side"])
    trigger, book = integer(row["trigger"]), venue_book(arena, instrument)
    if trigger == Trigger.LAST:
        return integer(books(arena)[book]["last_price"])
    if trigger == Trigger.MARK:
        return half_of(_mark(arena, instrument), side)
    if trigger == Trigger.TOUCH:
        return best_price(arena, book, -side)
    bid = best_price(arena, book, integer(BUY))
    ask = best_price(arena, book, integer(SELL))
    if bid == NO_PRICE or ask == NO_PRICE:
        return integer(NO_PRICE)
    return half_of(bid + ask, side)


@kernel
def see_now(arena: int, index: int) -> None:
    """Let what stops of this trigger saw last be the price now, if nobody watched."""
    row = condition(arena, index)
    market = condition_markets(arena)[row["instrument"]]
    which = shelf_index(integer(row["trigger"]), integer(row["side"]))
    if market["shelves"][which]["best"] == 0:
        market["seen"][which] = price_now(arena, index)


@kernel
def forget_prices(arena: int, instrument: int) -> None:
    """Let the next price of each trigger count as new: another session has begun."""
    condition_markets(arena)[instrument]["seen"][:] = NO_PRICE


@kernel
def _note_extended(arena: int, instrument: int, price: int) -> None:
    """Let a print that counts outside regular hours alone act on stops of those."""
    for mine in range(1, section_words(arena, Section.CONDITIONS)[USED]):
        row = condition(arena, mine)
        if row["number"] == 0 or row["instrument"] != instrument:
            continue
        watches = row["wait"] == Wait.TRIGGER and row["trigger"] == Trigger.LAST
        options = integer(venue_orders(arena)[row["order"]]["options"])
        if not watches or options & _OUTSIDE == 0:
            continue
        if is_reached(integer(row["side"]), row["stop_price"], price):
            stop_waiting(arena, mine)
            line_up(arena, mine, integer(Step.TRIGGER), integer(Reason.NONE))
        elif row["trail"] and follow(arena, mine, price):
            line_up(arena, mine, integer(Step.MOVED), integer(Reason.TRAILED))


@kernel
def _note_print(arena: int, instrument: int, record: Any, price: int) -> None:
    conditions = integer(record["conditions"])
    if record["size"] <= 0:
        return
    if tells_last(arena, instrument, conditions, integer(0)):
        note_last(arena, instrument, price)
    elif tells_last(arena, instrument, conditions, _OUTSIDE):
        _note_extended(arena, instrument, price)


@kernel
def look_at_touch(arena: int, instrument: int) -> None:
    """Let stops see touch, mid and mark as they are now."""
    market, book = condition_markets(arena)[instrument], venue_book(arena, instrument)
    if market["waiting"] == 0 or not is_matched(arena, instrument):
        return
    if books(arena)[book]["stale"] == Stale.FRESH:
        bid = best_price(arena, book, integer(BUY))
        ask = best_price(arena, book, integer(SELL))
        note_quote(arena, instrument, bid, ask)
    for side in (BUY, SELL):
        shelf = shelf_index(integer(Trigger.MARK), integer(side))
        if market["shelves"][shelf]["best"]:
            note_mark(arena, instrument, _mark(arena, instrument))


@kernel
def look_at_record(arena: int, instrument: int, record: Any, price: int) -> None:
    """Let stops see what a market record, which the book has by now, says.

    Parameters
    ----------
    price : int
        Of the trade, where the record is one, price units.
    """
    if condition_markets(arena)[instrument]["waiting"] == 0:
        return
    kind = record["kind"]
    printed = kind == EventKind.TRADE or kind == EventKind.ORDER_EXECUTE
    if printed and is_matched(arena, instrument):
        _note_print(arena, instrument, record, price)
    if record["flags"] & RecordFlag.LAST:
        look_at_touch(arena, instrument)
