"""A split of a position, exact (SEMANTICS 46).

Quantities become `new` for `old`; the cost stays, so the average follows. What is less
than a quantity unit is settled in cash at the mark: it closes its share of the cost as
a sale would. The account holds what its strategies hold together.
"""

from typing import Any

import numpy as np

from app.engine.accounts import (
    NO_ACCOUNT,
    account_row,
    contribute,
    note_holder,
    position_row,
    sum_up,
    value_at,
)
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.money import cost_money, cost_plus, money_of
from app.engine.records import NO_PRICE
from app.engine.state import MAX_STRATEGIES, engine, instruments, positions


@kernel
def split_quantity(quantity: int, new: int, old: int) -> int:
    """Quantity after a split, rounded towards zero."""
    if quantity < 0:
        return -(-quantity * new // old)
    return quantity * new // old


@kernel
def split_price(price: int, new: int, old: int) -> int:
    """Price, or twice it, after a split, to the nearest, halves up; NO_PRICE stays."""
    if price == NO_PRICE:
        return price
    return (2 * price * old + new) // (2 * new)


@kernel
def _share(position: Any, rest: int, whole: int, denominator: int) -> int:
    """Cost, money, of `rest` of `whole`; 0 where the rest adds to the position."""
    if (rest > 0) != (whole > 0) or whole == 0 or rest == 0:
        return 0
    high, low = position["cost_high"], position["cost_low"]
    return cost_money(high, low, abs(rest), abs(whole), denominator)


@kernel
def _in_lieu(arena: int, row: int, rest: int, terms: tuple[int, int]) -> int:
    """Cash for `rest`, in 1/old of the new unit, at the mark; without one at cost.

    rest / old units at mark × old / new: the old number falls out.
    """
    position, (new, _) = positions(arena)[row], terms
    definition = instruments(arena)[row % engine(arena)[0]["instruments"]]
    numerator = definition["money_numerator"]
    denominator = definition["money_denominator"]
    doubled = position["mark_doubled"]
    if doubled == NO_PRICE:
        return _share(position, rest, position["quantity"] * new, denominator)
    return money_of(rest, doubled, numerator, 2 * new * denominator)


@kernel
def _split_row(
    position: Any, target: int, paid: int, terms: tuple[int, int], definition: Any
) -> None:
    """Give a position its new quantity, and the cash for what it is short of."""
    new, old = terms
    denominator = definition["money_denominator"]
    whole = position["quantity"] * new
    rest = whole - target * old
    share = _share(position, rest, whole, denominator)
    opens = rest != 0 and (whole == 0 or (rest > 0) != (whole > 0))
    removed = paid if opens else share
    high, low = cost_plus(
        position["cost_high"], position["cost_low"], -removed, denominator, integer(1)
    )
    position["cost_high"] = high
    position["cost_low"] = low
    if target == 0:
        position["cost_high"] = 0
        position["cost_low"] = np.uint64(0)
    position["realised"] += paid - removed
    position["cash"] += paid
    position["quantity"] = target
    doubled = split_price(integer(position["mark_doubled"]), new, old)
    value_at(position, doubled, definition["money_numerator"], denominator)


@kernel
def _change(
    arena: int, row: int, account: int, target: int, paid: int, terms: tuple[int, int]
) -> None:
    instrument = row % engine(arena)[0]["instruments"]
    definition = instruments(arena)[instrument]
    contribute(arena, account, instrument, row, integer(-1))
    _split_row(positions(arena)[row], target, paid, terms, definition)
    contribute(arena, account, instrument, row, integer(1))
    sum_up(arena, account)


@kernel
def split_positions(arena: int, instrument: int, new: int, old: int) -> None:
    """Split every position in an instrument: `new` units for `old` ones."""
    terms = (new, old)
    target, paid = integer(0), integer(0)
    for strategy in range(MAX_STRATEGIES):
        row = position_row(arena, instrument, integer(strategy))
        held = integer(positions(arena)[row]["quantity"])
        if held == 0:
            continue
        own = split_quantity(held, new, old)
        cash = _in_lieu(arena, row, held * new - own * old, terms)
        account = integer(strategy) if strategy > 0 else integer(NO_ACCOUNT)
        _change(arena, row, account, own, cash, terms)
        note_holder(arena, instrument, integer(strategy))
        target += own
        paid += cash
    row = account_row(arena, instrument)
    _change(arena, row, integer(0), target, paid, terms)
    record = instruments(arena)[instrument]
    if record["located"] > 0:
        record["located"] = split_quantity(integer(record["located"]), new, old)
