"""A fill's fee and money in 64 bits, where they suffice, and once for both positions.

Where one strategy holds all there is of an instrument, or nobody holds anything, a fill
makes the same of the strategy's position and of the account's, and in the base currency
what is money divides by nothing. `book_alone` works that out once; anything else is
booked by `accounts.book_fill`, to the same bytes.
"""

from typing import Any, Final

import numpy as np

from app.engine.accounts import account_row, note_holder, position_row
from app.engine.backtest_marks import revalue
from app.engine.bits import integer
from app.engine.compile import inlined, rare
from app.engine.money import CONVERSION_SCALE, money_of
from app.engine.rare import out_of_line
from app.engine.records import NO_PRICE
from app.engine.settlement import defer
from app.engine.state import accounts, instruments, positions
from app.engine.venue.fees import TAKER, bounded_fee, charge

_SMALL: Final = 2**31
_LARGE: Final = 2**61
"""Money below it is added and taken away without leaving int64."""


@rare
def _charge(arena: int, instrument: int, placed: Any, price: int, quantity: int) -> int:
    """What a taker pays, in 128 bits."""
    out_of_line()
    return charge(arena, instrument, placed, (price, quantity, integer(TAKER)))


@inlined
def charge_taker(
    arena: int, instrument: int, placed: Any, price: int, quantity: int
) -> int:
    """Fee of a taker's fill, money: `fees.charge`, in 64 bits where they suffice."""
    definition = instruments(arena)[instrument]
    divisor, rate, per_unit = (
        definition["fee_denominator"],
        definition["taker_fee"],
        definition["fee_per_unit"],
    )
    large = max(abs(price), abs(rate), abs(per_unit), quantity) >= _SMALL
    per_unit += abs(price) * rate
    if divisor > 1 or large or abs(per_unit) >= _SMALL:
        return _charge(arena, instrument, placed, price, quantity)
    numerator = definition["money_numerator"]
    placed["traded"] += money_of(
        abs(price), quantity, numerator, definition["money_denominator"]
    )
    if divisor:
        placed["fee_unbounded"] += quantity * per_unit
    fee, traded = placed["fee_unbounded"], placed["traded"]
    return bounded_fee(arena, instrument, fee, traded) - placed["fee"]


@inlined
def _book(
    arena: int, account: int, position: Any, fill: Any, after: Any, waiting: int
) -> None:
    """Book a fill in a POSITION row, and in the ACCOUNT row that it is a part of.

    Parameters
    ----------
    fill : (int, int, int, int)
        What was paid for it, its fee, what it realised, what it brought in cash.
    after : (int, int, int, (int, int))
        Quantity and cost held now, twice the mark, unrealised P&L and worth.
    waiting : int
        Proceeds that are not settled yet.
    """
    (paid, fee, realised, gained), (quantity, cost, doubled, worths) = fill, after
    total = accounts(arena)[account]
    position["quantity"] = quantity
    position["cost_high"], position["cost_low"] = cost >> 63, np.uint64(cost)
    position["realised"] += realised
    position["cash"] -= paid
    position["fees"] += fee
    total["realised"] += realised
    total["fees"] += fee
    total["cash"] += gained
    total["settled_cash"] += gained - waiting
    revalue(arena, account, position, doubled, worths)


@inlined
def book_alone(
    arena: int, instrument: int, strategy: int, price: int, quantity: int, fee: int
) -> bool:
    """`accounts.book_fill` of a fill that opens, adds, or closes all that is held.

    False, and nothing is done, where others hold some, or numbers are large or divided.
    """
    definition = instruments(arena)[instrument]
    position = positions(arena)[account_row(arena, instrument)]
    own = positions(arena)[position_row(arena, instrument, strategy)]
    plain = definition["conversion"] == CONVERSION_SCALE
    if not plain or definition["money_denominator"] != 1:
        return False
    held, low, doubled = (
        own["quantity"],
        integer(own["cost_low"]),
        position["mark_doubled"],
    )
    same = position["holders"] & ~(integer(1) << strategy) == 0
    same = same and position["quantity"] == held
    same = same and position["cost_low"] == own["cost_low"]
    if not same or position["cost_high"] != own["cost_high"]:
        return False
    if own["cost_high"] != low >> 63 or abs(low) >= _LARGE:
        return False
    if doubled == NO_PRICE or doubled & 1:
        return False
    numerator, after = definition["money_numerator"], held + quantity
    paid = money_of(price, quantity, numerator, integer(1))
    value = money_of(doubled >> 1, after, numerator, integer(1))
    if abs(paid) >= _LARGE or abs(value) >= _LARGE or abs(low + paid) >= _LARGE:
        return False
    cost, realised = low + paid, integer(0)
    if after == 0:
        cost, realised = integer(0), -cost
    elif (held > 0 and quantity < 0) or (held < 0 and quantity > 0):
        return False
    gained = (-paid if definition["cash_product"] else realised) - fee
    fill, left = (
        (paid, fee, realised, gained),
        (after, cost, doubled, (value - cost, value)),
    )
    _book(arena, strategy, own, fill, left, integer(0))
    waiting = integer(0)
    if quantity < 0 and definition["settle_days"]:
        waiting = -paid
        position["unsettled"] += waiting
        defer(arena, instrument, waiting)
    _book(arena, integer(0), position, fill, left, waiting)
    note_holder(arena, instrument, strategy)
    return True
