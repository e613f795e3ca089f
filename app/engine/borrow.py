"""The cost of borrowed shares, for each calendar day (SEMANTICS 47).

A day costs rate ÷ 360 of the short's value at the day's close: US stock loans count
actual days over 360 (Interactive Brokers, "Short sale cost"; SIFMA's Master Securities
Loan Agreement leaves the base to the market, which is 360). A short over a weekend pays
three days. The account pays for its net short; strategies that are short share it by
their quantities, so that the parts add up.
"""

from typing import Final

from app.engine.accounts import account_row, book_fee, position_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.money import converted, money_of
from app.engine.state import MAX_STRATEGIES, accounts, instruments, positions

_YEAR: Final = 360 * 1_000_000


@kernel
def borrow_cost(value: int, rate: int, days: int) -> int:
    """Cost of a short, money: its |value|, ppm per year, calendar days."""
    return money_of(value, rate * days, 1, _YEAR)


@kernel
def _shorts(arena: int, instrument: int) -> int:
    """Sum of the strategies' short quantities, manual ones included."""
    total = integer(0)
    for strategy in range(MAX_STRATEGIES):
        row = position_row(arena, instrument, strategy)
        total -= min(0, positions(arena)[row]["quantity"])
    return total


@kernel
def accrue_borrow(arena: int, instrument: int, days: int) -> None:
    """Book what the account's short cost in so many calendar days, at its mark."""
    position = positions(arena)[account_row(arena, instrument)]
    definition = instruments(arena)[instrument]
    if position["quantity"] >= 0 or definition["borrow_rate"] == 0:
        return
    cost = borrow_cost(abs(position["value"]), definition["borrow_rate"], days)
    whole, left = _shorts(arena, instrument), cost
    for strategy in range(MAX_STRATEGIES):
        row = position_row(arena, instrument, strategy)
        short = -min(0, positions(arena)[row]["quantity"])
        if short:
            part = left if short == whole else money_of(left, short, 1, whole)
            book_fee(arena, instrument, integer(strategy), part)
            left -= part
            whole -= short
    base = converted(cost, definition["conversion"])
    accounts(arena)[0]["borrow_fees"] += base
