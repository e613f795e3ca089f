"""Margin: what positions and orders ask for, of the equity (SEMANTICS 47, 51).

An instrument asks for parts per million of the value at the mark, or for money per
contract; initially for the worse side of what is held and works (51), to be kept for
what is held. Sources: Regulation T, 12 CFR 220.12: 50 per cent of a stock, long or
short; FINRA rule 4210 (c): to be kept 25 per cent of a long stock, of a short one 30
per cent and at least 5 dollars a share, below 5 dollars 100 per cent and at least
2.50; futures by what their clearing house asks per contract.

As at brokers that watch margin continuously, new risk passes if the equity covers the
initial margin of all of it; the sums stand in ACCOUNT, in the base currency. In a cash
account a purchase asks for all it costs, of cash that is settled, and nothing is lent.
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.money import money_of, plus
from app.engine.records import RiskLimit
from app.engine.risk_state import account_limit
from app.engine.state import accounts, instruments

_PPM: Final = 1_000_000


@inlined
def is_cash_account(arena: int) -> bool:
    """Tell whether nothing is lent to the account: neither money nor shares."""
    return account_limit(arena, integer(RiskLimit.CASH_ACCOUNT)) != 0


@inlined
def pays_in_full(arena: int, instrument: int) -> bool:
    """Tell whether a purchase asks for all it costs: cash products, cash accounts."""
    return is_cash_account(arena) and instruments(arena)[instrument]["cash_product"]


@kernel
def initial_margin(definition: Any, value: int, quantity: int) -> int:
    """Initial margin of a side, money in the instrument's currency.

    Parameters
    ----------
    definition : INSTRUMENT
    value : int
        Worth of the side's worst case, money.
    quantity : int
        Its quantity units.
    """
    asked = money_of(max(0, value), definition["initial_margin"], 1, _PPM)
    return plus(asked, max(0, quantity) * definition["initial_per_unit"])


@kernel
def maintenance_margin(definition: Any, value: int, quantity: int) -> int:
    """Margin to be kept for a position, money in the instrument's currency.

    Parameters
    ----------
    value : int
        |worth| at the mark, money.
    quantity : int
        Signed, quantity units.
    """
    per_unit = abs(quantity) * definition["maintenance_per_unit"]
    if quantity >= 0:
        return plus(
            money_of(value, definition["maintenance_margin"], 1, _PPM), per_unit
        )
    asked = plus(money_of(value, definition["short_maintenance"], 1, _PPM), per_unit)
    floor = -quantity * definition["short_floor"]
    return max(asked, min(max(value, floor // 2), floor))


@inlined
def purchase_cost(definition: Any, worth: int) -> int:
    """What purchases cost at most, money; `worth` is price × quantity units."""
    return money_of(
        worth, 1, definition["money_numerator"], definition["money_denominator"]
    )


@inlined
def available(arena: int) -> int:
    """What may be asked for in all: settled cash, or the equity; base currency."""
    if is_cash_account(arena):
        return accounts(arena)[0]["settled_cash"]
    return accounts(arena)[0]["equity"]


@kernel
def book_margin(arena: int, position: Any, initial: int, maintenance: int) -> None:
    """Replace an account position's part in the sums; base currency."""
    total = accounts(arena)[0]
    total["initial_margin"] += initial - position["initial_margin"]
    total["maintenance_margin"] += maintenance - position["maintenance_margin"]
    position["initial_margin"] = initial
    position["maintenance_margin"] = maintenance
