"""The prices that stops see in our own exchange (SEMANTICS 21-23, 26).

After each command stops see the first and the last price at which it traded, both
sides, then touch, mid and mark. In a halt, and while orders gather for an auction, they
see nothing; afterwards the auction's print and the book that it leaves. The mark is the
mid, else the last price.
"""

from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.state import condition_markets
from app.engine.conditional.times import is_continuous
from app.engine.conditional.triggers import (
    half_of,
    note_last,
    note_mark,
    note_quote,
    seen_price,
)
from app.engine.matching_state import match_level, match_side, matching, side_index
from app.engine.matching_trade import best_level, last_price
from app.engine.rare import out_of_line
from app.engine.records import BUY, NO_PRICE, SELL, Trigger
from app.engine.state import instruments


@kernel
def best_price(arena: int, instrument: int, side: int) -> int:
    """Best price of a side; NO_PRICE if it is empty."""
    level = best_level(arena, instrument, side)
    return match_level(arena, level)["price"] if level else NO_PRICE


@kernel
def _is_seen(arena: int, instrument: int) -> bool:
    return is_continuous(integer(instruments(arena)[instrument]["session"]))


@rare
def _doubled_mark(arena: int, instrument: int) -> int:
    """Twice the mid, else twice the last price; NO_PRICE if there is neither."""
    out_of_line()
    bid = best_price(arena, instrument, integer(BUY))
    ask = best_price(arena, instrument, integer(SELL))
    if bid != NO_PRICE and ask != NO_PRICE:
        return bid + ask
    last = last_price(arena, instrument)
    return last if last == NO_PRICE else 2 * last


@rare
def trigger_price(arena: int, instrument: int, trigger: int, side: int) -> int:
    """Price of a trigger now, for stops of a side; NO_PRICE where there is none."""
    out_of_line()
    if trigger == Trigger.LAST:
        return last_price(arena, instrument)
    if not _is_seen(arena, instrument):
        return NO_PRICE
    if trigger == Trigger.TOUCH:
        return best_price(arena, instrument, -side)
    if trigger == Trigger.MARK:
        return half_of(_doubled_mark(arena, instrument), side)
    bid = best_price(arena, instrument, integer(BUY))
    ask = best_price(arena, instrument, integer(SELL))
    if bid == NO_PRICE or ask == NO_PRICE:
        return NO_PRICE
    return half_of(bid + ask, side)


@rare
def _see_quotes(arena: int, instrument: int) -> None:
    out_of_line()
    bid = best_price(arena, instrument, integer(BUY))
    ask = best_price(arena, instrument, integer(SELL))
    note_quote(arena, instrument, bid, ask)
    note_mark(arena, instrument, _doubled_mark(arena, instrument))


@rare
def see_now(arena: int, instrument: int) -> None:
    """Remember the prices of now before a first stop waits, so that it triggers none.

    While any waits they are remembered after each command.
    """
    out_of_line()
    if condition_markets(arena)[instrument]["waiting"] == 0:
        last = last_price(arena, instrument)
        note_last(arena, instrument, last)
        if _is_seen(arena, instrument):
            _see_quotes(arena, instrument)


@rare
def see_trades(arena: int, instrument: int) -> None:
    """Let stops see what traded since they saw trades last, of this instrument."""
    out_of_line()
    state = matching(arena)
    if state["executions"] == state["seen_executions"]:
        return
    state["seen_executions"] = state["executions"]
    if condition_markets(arena)[instrument]["waiting"] == 0:
        return
    bids = match_side(arena, side_index(instrument, integer(BUY)))
    asks = match_side(arena, side_index(instrument, integer(SELL)))
    maker = BUY if bids["execution"] > asks["execution"] else SELL
    # The best price of the side that rested, which stops saw before the sweep.
    touch = integer(Trigger.TOUCH)
    first = seen_price(arena, instrument, touch, integer(-maker))
    note_last(arena, instrument, first)
    note_last(arena, instrument, last_price(arena, instrument))


@rare
def see_prices(arena: int, instrument: int) -> None:
    """Let stops see what a command, or a step, has done to their prices."""
    out_of_line()
    if condition_markets(arena)[instrument]["waiting"] == 0:
        matching(arena)["seen_executions"] = matching(arena)["executions"]
        return
    if not _is_seen(arena, instrument):
        return
    see_trades(arena, instrument)
    if condition_markets(arena)[instrument]["waiting"]:
        _see_quotes(arena, instrument)


@rare
def see_auction(arena: int, instrument: int) -> None:
    """Let stops see an auction's print, and the book that it left, as new."""
    out_of_line()
    state = matching(arena)
    state["seen_executions"] = state["executions"]
    none = integer(NO_PRICE)
    note_quote(arena, instrument, none, none)
    note_mark(arena, instrument, none)
    if _is_seen(arena, instrument):
        note_last(arena, instrument, last_price(arena, instrument))
        _see_quotes(arena, instrument)
