"""Funding of perpetuals, and rollover of FX: money for a position held (SEMANTICS 47).

Funding is the position's value at the mark × the rate that the venue tells; longs pay a
positive one, shorts receive it (Binance, "Introduction to Binance Futures funding
rates"). FX positions are rolled when their trade date changes, at 17:00 New York: they
pay the interest on the currency they sold less that on the one they bought, for the
days by which the spot date, two business days on, moves; so Wednesday pays for three
(ACI Model Code, "tom/next"). Actual days over 360.
"""

from typing import Final

from app.engine.accounts import book_pnl, position_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.money import converted, money_of
from app.engine.settlement import business_day_after
from app.engine.state import MAX_STRATEGIES, accounts, instruments, positions

RATE_SCALE: Final = 1_000_000_000
"""A funding rate counts 1e-9 of the position's value."""
_YEAR: Final = 360 * 1_000_000
_SPOT_DAYS: Final = 2


@kernel
def book_rate(arena: int, instrument: int, rate: int, scale: int) -> None:
    """Let every holder pay rate ÷ scale of what it holds; shorts receive it."""
    paid = integer(0)
    for strategy in range(MAX_STRATEGIES):
        own = positions(arena)[position_row(arena, instrument, strategy)]
        if own["quantity"]:
            value = abs(own["value"]) if own["quantity"] > 0 else -abs(own["value"])
            amount = -money_of(value, rate, 1, scale)
            paid += amount
            book_pnl(arena, instrument, integer(strategy), amount)
    conversion = instruments(arena)[instrument]["conversion"]
    accounts(arena)[0]["funding"] += converted(paid, conversion)


@kernel
def spot_days(before: int, after: int) -> int:
    """Calendar days by which the spot date moves between two trade dates."""
    first = business_day_after(before, _SPOT_DAYS)
    return business_day_after(after, _SPOT_DAYS) - first


@kernel
def roll_over(arena: int, instrument: int, before: int, after: int) -> None:
    """Book the rollover of an FX position from one trade date to another."""
    rate = instruments(arena)[instrument]["rollover"]
    if rate:
        days = spot_days(before, after)
        book_rate(arena, instrument, integer(rate) * days, integer(_YEAR))
