"""Positions and money, exact (SEMANTICS 42-48).

A POSITION row is kept for each strategy and instrument, and one for the account in each
instrument; every fill is booked in both. Open cost is a 128-bit sum (money.py): a
partial close realises its share rounded half-even, and the rest stays in the cost, so
that the sum when flat is exact. ACCOUNT rows are sums of POSITION rows in the base
currency, kept up to date by what changed.

Row 0 of ACCOUNT is the whole account, row s strategy s; manual orders have positions of
their own (strategy 0) but no row in ACCOUNT.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.bits import integer, lowest_bit
from app.engine.book_levels import best_price
from app.engine.book_state import Stale, books
from app.engine.compile import inlined, kernel
from app.engine.money import (
    converted,
    cost_money,
    cost_plus,
    cost_price,
    gain,
    money_of,
    worth,
)
from app.engine.records import BUY, NO_PRICE, SELL
from app.engine.settlement import defer
from app.engine.state import (
    MAX_STRATEGIES,
    UNSETTLED,
    accounts,
    engine,
    instruments,
    positions,
)

NO_ACCOUNT: Final = -1
_START_FIELDS: Final = (
    "cash",
    "settled_cash",
    "start_equity",
    "equity",
    "peak_equity",
    "day_start_equity",
)


def open_accounts(arena: Arena, start_equity: int = 0) -> None:
    """Prepare flat positions and the account; after the instruments were loaded.

    Parameters
    ----------
    start_equity : int
        Cash at the start, money in the base currency.
    """
    count = int(arena.records(Section.ENGINE)[0]["instruments"])
    rows = (MAX_STRATEGIES + 1) * count
    every = arena.records(Section.POSITIONS)
    every[:rows] = np.zeros((), every.dtype)
    every["mark"][:rows] = NO_PRICE
    every["mark_doubled"][:rows] = NO_PRICE
    arena.set_used(Section.POSITIONS, rows)
    totals = arena.records(Section.ACCOUNTS)
    totals[:] = np.zeros((), totals.dtype)
    totals["exposure_known"] = 1
    for field in _START_FIELDS:
        totals[0][field] = start_equity
    arena.set_used(Section.ACCOUNTS, MAX_STRATEGIES)
    arena.records(Section.UNSETTLED)[:count] = np.zeros((), UNSETTLED)
    arena.set_used(Section.UNSETTLED, count)


@inlined
def position_row(arena: int, instrument: int, strategy: int) -> int:
    """Row in POSITIONS of a strategy's own position; 0 is manual."""
    return strategy * engine(arena)[0]["instruments"] + instrument


@inlined
def account_row(arena: int, instrument: int) -> int:
    """Row in POSITIONS of the account's position."""
    return MAX_STRATEGIES * engine(arena)[0]["instruments"] + instrument


@kernel
def average_price(arena: int, row: int) -> float:
    """Average price of an open position, price units; NaN when flat."""
    position = positions(arena)[row]
    instrument = row % engine(arena)[0]["instruments"]
    return cost_price(
        position["cost_high"],
        position["cost_low"],
        position["quantity"],
        instruments(arena)[instrument]["money_numerator"],
    )


@inlined
def _contribute_worth(total: Any, position: Any, conversion: int, sign: int) -> None:
    """Add (+1) or take back (-1) what a mark decides of a position's part."""
    value = converted(position["value"], conversion)
    total["unrealised"] += sign * converted(position["unrealised"], conversion)
    total["gross_exposure"] += sign * abs(value)
    total["net_exposure"] += sign * value


@kernel
def contribute(arena: int, account: int, instrument: int, row: int, sign: int) -> None:
    """Add (+1) or take back (-1) a position's part in an ACCOUNT row."""
    if account == NO_ACCOUNT:
        return
    total, position = accounts(arena)[account], positions(arena)[row]
    definition = instruments(arena)[instrument]
    conversion = definition["conversion"]
    if conversion == 0:
        total["unknown"] += sign * (position["quantity"] != 0)
        return
    realised = converted(position["realised"], conversion)
    fees = converted(position["fees"], conversion)
    paid = realised
    if definition["cash_product"]:
        paid = converted(position["cash"], conversion)
    total["realised"] += sign * realised
    total["fees"] += sign * fees
    total["cash"] += sign * (paid - fees)
    waiting = converted(position["unsettled"], conversion)
    total["settled_cash"] += sign * (paid - fees - waiting)
    _contribute_worth(total, position, conversion, sign)


@kernel
def sum_up(arena: int, account: int) -> None:
    """Work out what follows from an ACCOUNT row's sums."""
    if account == NO_ACCOUNT:
        return
    total = accounts(arena)[account]
    equity = total["start_equity"] + total["realised"] + total["unrealised"]
    equity -= total["fees"]
    total["equity"] = equity
    total["peak_equity"] = max(total["peak_equity"], equity)
    total["day_pnl"] = equity - total["day_start_equity"]
    total["exposure_known"] = total["unknown"] == 0


@kernel
def value_at(position: Any, doubled: int, numerator: int, denominator: int) -> None:
    """Value a position at a mark; without one it is worth its cost."""
    high, low = position["cost_high"], position["cost_low"]
    quantity = position["quantity"]
    position["mark_doubled"] = doubled
    position["mark"] = doubled if doubled == NO_PRICE else doubled >> 1
    if quantity == 0:
        position["unrealised"] = 0
        position["value"] = 0
    elif doubled == NO_PRICE:
        position["unrealised"] = 0
        position["value"] = cost_money(high, low, 1, 1, denominator)
    else:
        ratio = (numerator, denominator)
        position["unrealised"] = gain(high, low, doubled, quantity, ratio)
        position["value"] = worth(doubled, quantity, ratio)


@kernel
def _cost(position: Any, price: int, quantity: int, factor: int) -> None:
    """Add price · quantity · factor to a position's cost."""
    high, low = cost_plus(
        position["cost_high"], position["cost_low"], price, quantity, factor
    )
    position["cost_high"] = high
    position["cost_low"] = low


@kernel
def _close(position: Any, price: int, part: int, ratio: tuple[int, int]) -> None:
    """Close `part` (signed as the fill) of a position: realise, keep the remainder."""
    numerator, denominator = ratio
    whole = abs(position["quantity"])
    if abs(part) == whole:
        # What the fill pays less the cost, rounded once: the sum when flat is exact.
        _cost(position, price, part, numerator)
        high, low = position["cost_high"], position["cost_low"]
        realised = -cost_money(high, low, 1, 1, denominator)
        position["cost_high"] = 0
        position["cost_low"] = np.uint64(0)
    else:
        high, low = position["cost_high"], position["cost_low"]
        share = cost_money(high, low, abs(part), whole, denominator)
        realised = -money_of(price, part, numerator, denominator) - share
        _cost(position, price, part, numerator)
        _cost(position, realised, denominator, integer(1))
    position["realised"] += realised
    position["quantity"] += part


@kernel
def _take(position: Any, price: int, quantity: int, ratio: tuple[int, int]) -> None:
    """Apply a fill's signed quantity: through zero it closes, then opens (43)."""
    held = position["quantity"]
    if held < 0 < quantity or quantity < 0 < held:
        part = min(abs(held), abs(quantity))
        part = part if quantity > 0 else -part
        _close(position, price, part, ratio)
        quantity -= part
    if quantity:
        _cost(position, price, quantity, ratio[0])
        position["quantity"] += quantity


@kernel
def _fill_row(
    arena: int, row: int, account: int, price: int, quantity: int, fee: int
) -> None:
    """Book a fill in one POSITION row and its ACCOUNT row."""
    instrument = row % engine(arena)[0]["instruments"]
    definition = instruments(arena)[instrument]
    ratio = (definition["money_numerator"], definition["money_denominator"])
    position = positions(arena)[row]
    contribute(arena, account, instrument, row, integer(-1))
    _take(position, price, quantity, ratio)
    paid = money_of(price, quantity, ratio[0], ratio[1])
    position["cash"] -= paid
    position["fees"] += fee
    if account == 0 and quantity < 0 and definition["settle_days"]:
        position["unsettled"] -= paid
        defer(arena, instrument, -paid)
    doubled = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    value_at(position, doubled, ratio[0], ratio[1])
    contribute(arena, account, instrument, row, integer(1))
    sum_up(arena, account)


@kernel
def book_fill(
    arena: int, instrument: int, strategy: int, price: int, quantity: int, fee: int
) -> None:
    """Book a fill for its strategy and for the account (42, 43).

    Parameters
    ----------
    price : int
        Price units.
    quantity : int
        Signed: bought positive, sold negative; quantity units.
    fee : int
        Money in the instrument's currency; paid is positive.
    """
    account = strategy if strategy > 0 else NO_ACCOUNT
    own = position_row(arena, instrument, strategy)
    _fill_row(arena, own, account, price, quantity, fee)
    row = account_row(arena, instrument)
    _fill_row(arena, row, integer(0), price, quantity, fee)
    note_holder(arena, instrument, strategy)


@kernel
def note_holder(arena: int, instrument: int, strategy: int) -> None:
    """Remember whether a strategy holds a position, after it changed."""
    own, bit = position_row(arena, instrument, strategy), integer(1) << strategy
    row = account_row(arena, instrument)
    if positions(arena)[own]["quantity"]:
        positions(arena)[row]["holders"] |= bit
    else:
        positions(arena)[row]["holders"] &= ~bit
        positions(arena)[own]["unmanaged"] = 0


@kernel
def _pnl_row(arena: int, row: int, account: int, value: int) -> None:
    instrument = row % engine(arena)[0]["instruments"]
    contribute(arena, account, instrument, row, integer(-1))
    positions(arena)[row]["realised"] += value
    positions(arena)[row]["cash"] += value
    contribute(arena, account, instrument, row, integer(1))
    sum_up(arena, account)


@kernel
def settle(arena: int, instrument: int, amount: int) -> None:
    """Count proceeds that have become due, money, as settled."""
    row, whole = account_row(arena, instrument), integer(0)
    contribute(arena, whole, instrument, row, integer(-1))
    positions(arena)[row]["unsettled"] -= amount
    contribute(arena, whole, instrument, row, integer(1))


@kernel
def _fee_row(arena: int, row: int, account: int, fee: int) -> None:
    instrument = row % engine(arena)[0]["instruments"]
    contribute(arena, account, instrument, row, integer(-1))
    positions(arena)[row]["fees"] += fee
    contribute(arena, account, instrument, row, integer(1))
    sum_up(arena, account)


@kernel
def book_fee(arena: int, instrument: int, strategy: int, fee: int) -> None:
    """Book a fee that is no fill's, money; paid is positive."""
    account = strategy if strategy > 0 else NO_ACCOUNT
    _fee_row(arena, position_row(arena, instrument, strategy), account, fee)
    _fee_row(arena, account_row(arena, instrument), integer(0), fee)


@kernel
def book_pnl(arena: int, instrument: int, strategy: int, value: int) -> None:
    """Book money that is no fill (funding, dividends) as realised P&L and cash."""
    account = strategy if strategy > 0 else NO_ACCOUNT
    _pnl_row(arena, position_row(arena, instrument, strategy), account, value)
    _pnl_row(arena, account_row(arena, instrument), integer(0), value)


@kernel
def mark_of(arena: int, instrument: int, settlement: int) -> int:
    """Twice the mark by rule 44: mid, else last, else settlement, else NO_PRICE."""
    book = integer(instruments(arena)[instrument]["book"])
    record = books(arena)[book]
    if book and record["stale"] == Stale.FRESH:
        bid = best_price(arena, book, integer(BUY))
        ask = best_price(arena, book, integer(SELL))
        if bid != NO_PRICE and ask != NO_PRICE:
            return bid + ask
    if book and record["last_price"] != NO_PRICE:
        return 2 * record["last_price"]
    return NO_PRICE if settlement == NO_PRICE else 2 * settlement


@inlined
def _value_like(definition: Any, position: Any, like: Any, doubled: int) -> None:
    """Value a position at a mark, as one was that may be of the same size and cost."""
    same = position["quantity"] == like["quantity"]
    same = same and position["cost_low"] == like["cost_low"]
    if same and position["cost_high"] == like["cost_high"]:
        position["mark_doubled"], position["mark"] = doubled, like["mark"]
        position["unrealised"], position["value"] = like["unrealised"], like["value"]
    else:
        numerator = definition["money_numerator"]
        value_at(position, doubled, numerator, definition["money_denominator"])


@kernel
def _mark_row(
    arena: int, instrument: int, row: int, marked: int, account: int, doubled: int
) -> None:
    """Value one POSITION row at a mark, and its ACCOUNT row with it.

    `marked` is a row that has its value at this mark, or -1: where one strategy holds
    all there is, the account's row is worth the same, and nothing is divided again.
    """
    definition, position = instruments(arena)[instrument], positions(arena)[row]
    numerator = definition["money_numerator"]
    denominator, conversion = definition["money_denominator"], definition["conversion"]
    counts = account != NO_ACCOUNT and conversion != 0
    total = accounts(arena)[max(0, account)]
    if counts:
        _contribute_worth(total, position, conversion, integer(-1))
    if marked >= 0:
        _value_like(definition, position, positions(arena)[marked], doubled)
    else:
        value_at(position, doubled, numerator, denominator)
    if counts:
        _contribute_worth(total, position, conversion, integer(1))
    sum_up(arena, account)


@kernel
def set_mark(arena: int, instrument: int, doubled: int) -> bool:
    """Value an instrument's positions at half of `doubled`; False if it is no news."""
    row = account_row(arena, instrument)
    position = positions(arena)[row]
    if position["mark_doubled"] == doubled or doubled == NO_PRICE:
        return False
    left = np.uint64(position["holders"])
    if left == np.uint64(0) and position["quantity"] == 0:
        position["mark_doubled"] = doubled
        position["mark"] = doubled >> 1
        return True
    own = integer(-1)
    while left != np.uint64(0):
        strategy = lowest_bit(left)
        left &= left - np.uint64(1)
        account = strategy if strategy > 0 else NO_ACCOUNT
        own = position_row(arena, instrument, strategy)
        _mark_row(arena, instrument, own, integer(-1), account, doubled)
    _mark_row(arena, instrument, row, own, integer(0), doubled)
    return True


@kernel
def set_conversion(arena: int, instrument: int, conversion: int) -> None:
    """Convert an instrument's money at another rate, all of it (48)."""
    if instruments(arena)[instrument]["conversion"] == conversion:
        return
    for strategy in range(MAX_STRATEGIES):
        account = strategy if strategy > 0 else NO_ACCOUNT
        own = position_row(arena, instrument, strategy)
        contribute(arena, account, instrument, own, integer(-1))
    whole, row = integer(0), account_row(arena, instrument)
    contribute(arena, whole, instrument, row, integer(-1))
    instruments(arena)[instrument]["conversion"] = conversion
    for strategy in range(MAX_STRATEGIES):
        account = strategy if strategy > 0 else NO_ACCOUNT
        own = position_row(arena, instrument, strategy)
        contribute(arena, account, instrument, own, integer(1))
        sum_up(arena, account)
    contribute(arena, whole, instrument, row, integer(1))
    sum_up(arena, whole)


@kernel
def start_account_day(arena: int) -> None:
    """Begin a trade date of the session: the accounts' daily figures restart."""
    for account in range(MAX_STRATEGIES):
        total = accounts(arena)[account]
        total["day_start_equity"] = total["equity"]
        total["day_pnl"] = 0


@kernel
def unmanaged(arena: int, strategy: int, flag: int) -> None:
    """Mark (1) a strategy's open positions as unmanaged, or (0) as managed (54)."""
    for instrument in range(engine(arena)[0]["instruments"]):
        position = positions(arena)[position_row(arena, instrument, strategy)]
        position["unmanaged"] = flag if position["quantity"] != 0 else 0
