"""The price collar, against mid and last (SEMANTICS 52).

A limit further through mid or last than so many parts per million is refused, with the
worst valid price that would pass; passive prices pass. The mid of a book that cannot be
trusted is left out; where there is neither mid nor last, the mark stands for them. The
limit of a stop is held to its stop price instead, for it works from there (22). A
collar is at least one tick wide.
"""

from typing import Any, Final

from app.engine.accounts import account_row
from app.engine.bits import integer
from app.engine.book_state import Stale, books
from app.engine.compile import inlined, kernel
from app.engine.instruments import step_at, step_price, valid_towards, within_bands
from app.engine.records import BUY, NO_PRICE, SELL, OrderType, Reason, RiskLimit
from app.engine.risk_exposure import protection_price, touch_price
from app.engine.risk_state import limit_of
from app.engine.state import instruments, positions

MILLION: Final = 1_000_000
_QUICK: Final = 2**42
"""Below this, a doubled price times parts per million fits int64."""


@inlined
def _references(arena: int, instrument: int) -> tuple[int, int]:
    """Twice the last and twice the mid, or the mark for both; NO_PRICE = none."""
    book = integer(instruments(arena)[instrument]["book"])
    last, mid = integer(NO_PRICE), integer(NO_PRICE)
    if book:
        traded = integer(books(arena)[book]["last_price"])
        if traded != NO_PRICE:
            last = 2 * traded
        if books(arena)[book]["stale"] == Stale.FRESH:
            bid = touch_price(arena, instrument, integer(BUY))
            ask = touch_price(arena, instrument, integer(SELL))
            if bid != NO_PRICE and ask != NO_PRICE:
                mid = bid + ask
    if last == NO_PRICE and mid == NO_PRICE:
        mid = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    return last, mid


@kernel
def _through(arena: int, instrument: int, side: int, doubled: int, ppm: int) -> int:
    """Worst valid price at most `ppm` through half of `doubled`."""
    size = abs(doubled)
    width = size // MILLION * ppm + size % MILLION * ppm // MILLION
    width = max(width, 2 * step_at(arena, instrument, doubled >> 1))
    bound = side * ((side * doubled + width) >> 1)
    return valid_towards(arena, instrument, bound, -side)


@kernel
def collar_price(arena: int, instrument: int, side: int) -> int:
    """Worst price that the collar allows; NO_PRICE = no bound."""
    ppm = limit_of(arena, instrument, integer(RiskLimit.COLLAR))
    if ppm == 0:
        return NO_PRICE
    last, mid = _references(arena, instrument)
    bound = integer(NO_PRICE)
    if last != NO_PRICE:
        bound = _through(arena, instrument, side, last, ppm)
    if mid != NO_PRICE:
        other = _through(arena, instrument, side, mid, ppm)
        if bound == NO_PRICE or side * (bound - other) > 0:
            bound = other
    return bound


@kernel
def protect(arena: int, check: Any) -> None:
    """Give a market order the tighter of its protection and the collar.

    Where even the touch is beyond the collar, an exit becomes a limit at the collar's
    price; an entry becomes one at the touch, for the collar to refuse.
    """
    side, instrument = check["side"], check["instrument"]
    bound = collar_price(arena, instrument, side)
    touch = touch_price(arena, instrument, -side)
    if bound == NO_PRICE or touch == NO_PRICE:
        return
    if side * (touch - bound) > 0:
        inside = within_bands(arena, instrument, bound)
        check["price"] = inside if check["is_exit"] else touch
        return
    allowed = check["ticks"]
    price = protection_price(arena, instrument, side, allowed)
    if price != NO_PRICE and side * (price - bound) <= 0:
        return
    one, steps = integer(1), integer(0)
    price = step_price(arena, instrument, touch, one, side)
    while (allowed < 0 or steps < allowed) and side * (price - bound) <= 0:
        steps += 1
        price = step_price(arena, instrument, price, one, side)
    check["ticks"] = steps


@inlined
def _is_inside(side: int, price: int, doubled: int, ppm: int) -> bool:
    """Tell quickly that a price is within the collar; False = look closer."""
    through = side * (2 * price - doubled)
    if doubled == NO_PRICE or through <= 0:
        return True
    size = abs(doubled)
    if through >= _QUICK or size >= _QUICK:
        return False
    return through * MILLION <= size * ppm


@kernel
def collar_fault(arena: int, check: Any) -> int:
    """Refuse a limit that is further through mid or last than the collar allows."""
    price = check["price"]
    if price == NO_PRICE:
        return Reason.NONE
    instrument, side = check["instrument"], check["side"]
    ppm = limit_of(arena, instrument, integer(RiskLimit.COLLAR))
    if ppm == 0:
        return Reason.NONE
    if check["order_type"] >= OrderType.STOP and check["stop_price"] != NO_PRICE:
        bound = _through(arena, instrument, side, 2 * check["stop_price"], ppm)
    else:
        last, mid = _references(arena, instrument)
        inside = _is_inside(side, price, last, ppm)
        if inside and _is_inside(side, price, mid, ppm):
            return Reason.NONE
        bound = collar_price(arena, instrument, side)
    if bound == NO_PRICE or side * (price - bound) <= 0:
        return Reason.NONE
    check["collar"] = bound
    check["limit"] = ppm
    return Reason.PRICE_COLLAR


@kernel
def reference_fault(arena: int, check: Any) -> int:
    """Refuse new risk where nothing says what a price should be."""
    if limit_of(arena, check["instrument"], integer(RiskLimit.COLLAR)) == 0:
        return Reason.NONE
    last, mid = _references(arena, check["instrument"])
    if last == NO_PRICE and mid == NO_PRICE:
        return Reason.NO_PRICE_REFERENCE
    return Reason.NONE
