"""Marks of a backtest: what a position is worth, in one pass where nothing else counts.

Nearly always one strategy holds all there is of an instrument, in the base currency.
Then its position and the account's are worth the same. Where nothing works, what the
worst case asks for is what is held; where entries work, it is what the sums say, unless
the mark lies among their prices. `mark_at` works each out once and writes down what
follows, where `accounts.set_mark` and `risk_exposure.refresh_exposure` take rows and
sides one after another. It leaves the same bytes; anything else goes their way.
"""

from typing import Any, Final

import numpy as np

from app.engine.accounts import position_row, set_mark, sum_up
from app.engine.bits import integer, lowest_bit
from app.engine.compile import inlined, rare
from app.engine.gate_marks import new_loss
from app.engine.margin import (
    book_margin,
    initial_margin,
    maintenance_margin,
    pays_in_full,
    purchase_cost,
)
from app.engine.money import CONVERSION_SCALE, gain, money_of, plus, worth
from app.engine.rare import out_of_line
from app.engine.records import NO_PRICE, Reason, RiskLimit
from app.engine.risk_exposure import (
    refresh_exposure,
    signed_value,
    work_out_exposure,
)
from app.engine.risk_state import account_limit, risk, working
from app.engine.state import accounts, instruments, positions

_LARGE: Final = 2**61
"""Money below it is added and taken away without leaving int64."""
_NOBODY: Final = np.uint64(0)
_ONE: Final = np.uint64(1)


@inlined
def _watches_losses(arena: int) -> bool:
    """Whether a mark can break a limit."""
    most_lost = account_limit(arena, integer(RiskLimit.MAX_DAILY_LOSS))
    return most_lost | account_limit(arena, integer(RiskLimit.MAX_DRAWDOWN)) != 0


@inlined
def _worths(definition: Any, position: Any, doubled: int) -> tuple[int, int]:
    """Unrealised P&L and worth of a position at half of `doubled`, its own currency."""
    numerator, quantity = definition["money_numerator"], position["quantity"]
    low, denominator = (
        integer(position["cost_low"]),
        definition["money_denominator"],
    )
    if denominator == 1 and doubled & 1 == 0 and position["cost_high"] == low >> 63:
        value = money_of(doubled >> 1, quantity, numerator, integer(1))
        if abs(value) < _LARGE and -_LARGE < low < _LARGE:
            return value - low, value
    high, ratio = position["cost_high"], (numerator, denominator)
    cost_low = position["cost_low"]
    unrealised = gain(high, cost_low, doubled, quantity, ratio)
    return unrealised, worth(doubled, quantity, ratio)


@inlined
def revalue(
    arena: int, account: int, position: Any, doubled: int, worths: tuple[int, int]
) -> None:
    """Give a position its worth at a mark, and its ACCOUNT row with it."""
    total, (unrealised, value) = accounts(arena)[account], worths
    before = position["value"]
    total["unrealised"] += unrealised - position["unrealised"]
    total["gross_exposure"] += abs(value) - abs(before)
    total["net_exposure"] += value - before
    position["mark_doubled"], position["mark"] = doubled, doubled >> 1
    position["unrealised"], position["value"] = unrealised, value
    sum_up(arena, account)


@inlined
def _expose_held(arena: int, instrument: int, definition: Any, position: Any) -> None:
    """`work_out_exposure` of what is held, where nothing works; base currency."""
    held, quantity, state = (
        abs(position["value"]),
        position["quantity"],
        risk(arena)[0],
    )
    margin = integer(0)
    if not pays_in_full(arena, instrument):
        margin = max(margin, initial_margin(definition, held, abs(quantity)))
    state["gross"] = plus(state["gross"], held - position["exposure"])
    position["exposure"] = held
    kept = maintenance_margin(definition, held, quantity)
    book_margin(arena, position, margin, kept)


@inlined
def _lies_among(row: Any, which: int, mark: int) -> bool:
    """Whether twice a mark lies among the prices that a side's orders count at."""
    return mark > 2 * row["lowest"][which] and mark < 2 * row["highest"][which]


@inlined
def _money_worked(definition: Any, lowest: int, mark: int, works: Any) -> int:
    """`working_money` of a side whose prices all lie on one side of the mark.

    Parameters
    ----------
    mark : int
        Twice its absolute value.
    works : (int, int)
        Quantity of the side's orders, and its value where each is counted.
    """
    quantity, value = works
    numerator, denominator = (
        definition["money_numerator"],
        definition["money_denominator"],
    )
    if quantity == 0:
        return 0
    if mark <= 2 * lowest:
        return money_of(value, integer(1), numerator, denominator)
    if mark & 1:
        return money_of(mark, quantity, numerator, 2 * denominator)
    return money_of(mark >> 1, quantity, numerator, denominator)


@rare
def _expose_all(arena: int, instrument: int) -> None:
    """Bring the exposure up to date where the mark lies among orders' prices."""
    out_of_line()
    work_out_exposure(arena, instrument)


@inlined
def _expose_worst(
    arena: int, instrument: int, definition: Any, position: Any, doubled: int
) -> None:
    """`work_out_exposure` where entries work; base currency."""
    row, mark = working(arena)[instrument], abs(doubled)
    bought, sold = position["working_buy"], position["working_sell"]
    among = bought != 0 and _lies_among(row, 0, mark)
    if among or (sold != 0 and _lies_among(row, 1, mark)):
        _expose_all(arena, instrument)
        return
    held, quantity, state = (
        signed_value(position),
        position["quantity"],
        risk(arena)[0],
    )
    paid = position["working_buy_value"]
    buys = bought, paid
    sells = sold, position["working_sell_value"]
    long = plus(held, _money_worked(definition, row["lowest"][0], mark, buys))
    short = plus(-held, _money_worked(definition, row["lowest"][1], mark, sells))
    worst = max(integer(0), long, short)
    if pays_in_full(arena, instrument):
        margin = purchase_cost(definition, paid)
    else:
        margin = max(
            integer(0),
            initial_margin(definition, long, bought + quantity),
            initial_margin(definition, short, sold - quantity),
        )
    state["gross"] = plus(state["gross"], worst - position["exposure"])
    position["exposure"] = worst
    kept = maintenance_margin(definition, abs(held), quantity)
    book_margin(arena, position, margin, kept)


@inlined
def _expose(
    arena: int, instrument: int, definition: Any, position: Any, doubled: int
) -> None:
    """`work_out_exposure` of what is held and works; base currency."""
    if position["working_buy"] | position["working_sell"] == 0:
        _expose_held(arena, instrument, definition, position)
    else:
        _expose_worst(arena, instrument, definition, position, doubled)


@rare
def _mark_all(arena: int, instrument: int, doubled: int) -> None:
    """Mark an instrument that several hold."""
    out_of_line()
    set_mark(arena, instrument, doubled)
    refresh_exposure(arena, instrument)


@inlined
def _is_held_alone(arena: int, instrument: int, position: Any) -> int:
    """Strategy that holds all there is of an instrument; else 0."""
    holders = np.uint64(position["holders"])
    if holders == _NOBODY or holders & (holders - _ONE) != _NOBODY:
        return 0
    if instruments(arena)[instrument]["conversion"] != CONVERSION_SCALE:
        return 0
    strategy = integer(lowest_bit(holders))
    own = positions(arena)[position_row(arena, instrument, strategy)]
    same = own["quantity"] == position["quantity"]
    same = same and own["cost_low"] == position["cost_low"]
    return strategy if same and own["cost_high"] == position["cost_high"] else 0


@inlined
def _is_flat(arena: int, instrument: int, position: Any) -> bool:
    """Whether nothing is held of an instrument."""
    if position["holders"] | position["quantity"] | position["value"] != 0:
        return False
    return instruments(arena)[instrument]["conversion"] == CONVERSION_SCALE


@inlined
def mark_at(arena: int, instrument: int, position: Any, doubled: int) -> bool:
    """Mark an instrument at half of `doubled`; whether that breaks a loss limit.

    Parameters
    ----------
    position : POSITION
        The account's, of the instrument.
    """
    if position["mark_doubled"] == doubled or doubled == NO_PRICE:
        return False
    held = position["holders"] | position["quantity"] | position["exposure"]
    works = position["working_buy"] | position["working_sell"]
    if held | works | position["initial_margin"] == 0:
        # Nothing is worth more or less than it was.
        position["mark_doubled"] = doubled
        position["mark"] = doubled >> 1
        return False
    strategy = _is_held_alone(arena, instrument, position)
    if strategy:
        own = positions(arena)[position_row(arena, instrument, strategy)]
        definition = instruments(arena)[instrument]
        worths = _worths(definition, own, doubled)
        revalue(arena, strategy, own, doubled, worths)
        revalue(arena, integer(0), position, doubled, worths)
        _expose(arena, instrument, definition, position, doubled)
    elif _is_flat(arena, instrument, position):
        # What was held is closed, or entries work.
        position["mark_doubled"], position["mark"] = doubled, doubled >> 1
        definition = instruments(arena)[instrument]
        _expose(arena, instrument, definition, position, doubled)
    else:
        _mark_all(arena, instrument, doubled)
    return _watches_losses(arena) and new_loss(arena) != Reason.NONE
