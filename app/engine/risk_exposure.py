"""The worst case of working orders (SEMANTICS 50, 51), kept up to date order by order.

Per instrument and side: the quantity that working orders stand for, and its value at
the price each is counted at. Exits stand for nothing, entries of which one at most is
filled (of an OCO, be they orders or brackets') for the worst of them, a pending replace
for its larger version. Each ORDER keeps what it stands for by itself, `counted`; what
its alternatives stand for is found among the working orders. Exposure values each at
the worse of that price and the mark; where the mark lies beyond all of them, as it
nearly always does, the sums say that without looking at the orders.
"""

from typing import Any, Final

from app.engine.accounts import account_row, position_row
from app.engine.bits import integer
from app.engine.book_levels import best_price
from app.engine.compile import inlined, kernel
from app.engine.group_numbers import alternatives
from app.engine.instruments import step_price
from app.engine.margin import (
    book_margin,
    initial_margin,
    maintenance_margin,
    pays_in_full,
    purchase_cost,
)
from app.engine.money import converted, money_of, plus
from app.engine.records import BUY, NO_PRICE, SELL, OrderType
from app.engine.risk_state import is_exit, risk, working
from app.engine.state import instruments, orders, positions

_MOST: Final = 2**63 - 1
WORKING_BOUND: Final = 2**62
"""Price × quantity of the working orders of a side may not pass this."""


@kernel
def _add(arena: int, instrument: int, side: int, quantity: int, price: int) -> None:
    """Add an order's worst case to the account's row, or take it back (negative)."""
    position = positions(arena)[account_row(arena, instrument)]
    if side == BUY:
        position["working_buy"] += quantity
        position["working_buy_value"] += quantity * price
    else:
        position["working_sell"] += quantity
        position["working_sell_value"] += quantity * price
    if quantity > 0:
        row, which = working(arena)[instrument], (1 - side) >> 1
        if working_quantity(position, side) == quantity:
            row["highest"][which] = price
            row["lowest"][which] = price
        row["highest"][which] = max(row["highest"][which], price)
        row["lowest"][which] = min(row["lowest"][which], price)


@inlined
def working_quantity(position: Any, side: int) -> int:
    """Worst-case quantity of a side's working orders."""
    return position["working_buy"] if side == BUY else position["working_sell"]


@inlined
def working_value(position: Any, side: int) -> int:
    """Worst-case price × quantity of a side's working orders, where each is counted."""
    if side == BUY:
        return position["working_buy_value"]
    return position["working_sell_value"]


@kernel
def touch_price(arena: int, instrument: int, side: int) -> int:
    """Best price of a side of the book that is shown; NO_PRICE if there is none."""
    book = integer(instruments(arena)[instrument]["book"])
    return best_price(arena, book, side) if book else integer(NO_PRICE)


@kernel
def protection_ticks(arena: int, instrument: int, ticks: int) -> int:
    """Steps that protect a market order: its own, else the instrument's; -1 = none."""
    return ticks if ticks >= 0 else instruments(arena)[instrument]["protection_ticks"]


@kernel
def protection_price(arena: int, instrument: int, side: int, ticks: int) -> int:
    """Worst price of a market order, steps from the touch (17); else NO_PRICE."""
    touch = touch_price(arena, instrument, -side)
    ticks = protection_ticks(arena, instrument, ticks)
    if touch == NO_PRICE or ticks < 0:
        return integer(NO_PRICE)
    return step_price(arena, instrument, touch, ticks, side)


@kernel
def counted_price(
    arena: int, instrument: int, side: int, request: Any, ticks: int, doubled: int
) -> int:
    """Absolute price that a request (COMMAND or ORDER) is counted at."""
    kind = request["order_type"]
    price = integer(request["price"])
    if kind == OrderType.MARKET:
        price = protection_price(arena, instrument, side, ticks)
    elif price == NO_PRICE and request["stop_price"] != NO_PRICE:
        # A triggered stop is protected from its stop price (22).
        steps = max(0, protection_ticks(arena, instrument, ticks))
        price = step_price(arena, instrument, request["stop_price"], steps, side)
    if price == NO_PRICE:
        price = 0 if doubled == NO_PRICE else doubled >> 1
    return abs(price)


@kernel
def _wanted(arena: int, index: int) -> tuple[int, int]:
    """Quantity and price that an order stands for by itself."""
    order = orders(arena)[index]
    if order["leaves"] == 0 or is_exit(order["role"], order["options"]):
        return integer(0), integer(0)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    ticks = integer(order["protection_ticks"])
    price = counted_price(arena, instrument, side, order, ticks, mark)
    quantity = order["leaves"]
    if order["pending_replaces"]:
        quantity = max(quantity, order["new_quantity"] - order["filled"])
        if order["new_price"] != NO_PRICE:
            price = max(price, abs(order["new_price"]))
    return quantity, price


@kernel
def recount(arena: int, index: int) -> bool:
    """Count an order anew, after anything about it changed; False if it counts alike.

    Then what working orders stand for is as it was, and so is the exposure.
    """
    order = orders(arena)[index]
    quantity, price = _wanted(arena, index)
    if order["pending_replaces"] > 1:
        # An earlier replace, now overwritten, may still take effect.
        quantity = max(quantity, order["counted"])
        price = max(price, order["counted_price"])
    if quantity == order["counted"] and price == order["counted_price"]:
        return False
    _set_counted(arena, index, quantity, price)
    return True


@kernel
def _set_counted(arena: int, index: int, quantity: int, price: int) -> None:
    """Let an order stand for so much by itself, and its alternatives with it."""
    order = orders(arena)[index]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    before = integer(order["counted"]), integer(order["counted_price"])
    after = quantity, price
    shared = alternatives(integer(order["role"]), integer(order["group"]))
    if shared:
        others = group_counted(arena, instrument, side, shared, index)
        before, after = worse_of(others, before), worse_of(others, after)
    if before[0]:
        _add(arena, instrument, side, -before[0], before[1])
    order["counted"] = quantity
    order["counted_price"] = price
    if after[0]:
        _add(arena, instrument, side, after[0], after[1])


@kernel
def _worth(quantity: int, price: int) -> int:
    """Quantity times price; what is beyond `WORKING_BOUND` is just beyond it."""
    if price and quantity > WORKING_BOUND // price:
        return integer(WORKING_BOUND + 1)
    return quantity * price


@kernel
def worse_of(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """What stands for two alternatives, each (quantity, price): the larger of either.

    That is the larger quantity, at a price at which it is worth as much as the dearer
    one: at whatever mark, its worth is then the larger of the two.
    """
    quantity = max(one[0], other[0])
    if quantity == 0:
        return integer(0), integer(0)
    worth = max(_worth(one[0], one[1]), _worth(other[0], other[1]))
    return quantity, -(-worth // quantity)


@kernel
def group_counted(
    arena: int, instrument: int, side: int, shared: int, without: int
) -> tuple[int, int]:
    """Quantity and price that stand for entries of which one at most is filled.

    Parameters
    ----------
    shared : int
        Their number, of `group_numbers.alternatives`.
    without : int
        Index of an order that is left out; 0 = none.
    """
    every = orders(arena)
    index = integer(working(arena)[instrument]["first"])
    quantity, worth = integer(0), integer(0)
    while index:
        order = every[index]
        if order["counted"] and order["side"] == side and index != without:
            of = alternatives(integer(order["role"]), integer(order["group"]))
            if of == shared:
                quantity = max(quantity, order["counted"])
                worth = max(worth, order["counted"] * order["counted_price"])
        index = integer(order["next"])
    return quantity, -(-worth // max(quantity, 1))


@inlined
def order_money(
    quantity: int, price: int, doubled: int, numerator: int, denominator: int
) -> int:
    """Money of a quantity at the worse of |price| and |mark| (50)."""
    mark = integer(0) if doubled == NO_PRICE else abs(doubled)
    if 2 * price >= mark:
        return money_of(price, quantity, numerator, denominator)
    return money_of(mark, quantity, numerator, 2 * denominator)


@kernel
def working_money(arena: int, instrument: int, side: int, doubled: int) -> int:
    """Money of a side's working orders, each at the worse of its price and the mark."""
    position = positions(arena)[account_row(arena, instrument)]
    quantity = working_quantity(position, side)
    if quantity == 0:
        return 0
    definition = instruments(arena)[instrument]
    numerator = definition["money_numerator"]
    denominator = definition["money_denominator"]
    row, which = working(arena)[instrument], (1 - side) >> 1
    mark = integer(0) if doubled == NO_PRICE else abs(doubled)
    if mark > 2 * row["lowest"][which] and mark < 2 * row["highest"][which]:
        quantity, value = _walk(arena, instrument, side, mark)
        below = money_of(mark, quantity, numerator, 2 * denominator)
        return plus(below, money_of(value, 1, numerator, denominator))
    if mark <= 2 * row["lowest"][which]:
        value = working_value(position, side)
        return money_of(value, 1, numerator, denominator)
    return money_of(mark, quantity, numerator, 2 * denominator)


@kernel
def _part(arena: int, index: int) -> tuple[int, int]:
    """What an order adds to its side; of alternatives the first stands for all."""
    every = orders(arena)
    order = every[index]
    shared = alternatives(integer(order["role"]), integer(order["group"]))
    if shared == 0:
        return integer(order["counted"]), integer(order["counted_price"])
    instrument, side = integer(order["instrument"]), integer(order["side"])
    before = integer(working(arena)[instrument]["first"])
    while before != index:
        mate = every[before]
        of = alternatives(integer(mate["role"]), integer(mate["group"]))
        if mate["counted"] and mate["side"] == side and of == shared:
            return integer(0), integer(0)
        before = integer(mate["next"])
    return group_counted(arena, instrument, side, shared, integer(0))


@kernel
def _walk(arena: int, instrument: int, side: int, mark: int) -> tuple[int, int]:
    """Quantity counted below the mark, and value counted at or above it.

    Makes `highest` and `lowest` exact on the way.
    """
    row, which = working(arena)[instrument], (1 - side) >> 1
    every = orders(arena)
    index = integer(row["first"])
    below, value = integer(0), integer(0)
    highest, lowest = integer(0), _MOST
    while index:
        order = every[index]
        if order["side"] == side and order["counted"]:
            quantity, price = _part(arena, index)
            if quantity:
                highest, lowest = max(highest, price), min(lowest, price)
            if 2 * price < mark:
                below += quantity
            else:
                value += quantity * price
        index = integer(order["next"])
    row["highest"][which] = highest
    row["lowest"][which] = lowest
    return below, value


@inlined
def signed_value(position: Any) -> int:
    """Money of a position at the mark, with the sign of its quantity."""
    value = abs(position["value"])
    return value if position["quantity"] >= 0 else -value


@kernel
def refresh_exposure(arena: int, instrument: int) -> None:
    """Bring an instrument's worst-case exposure, margin and the sums up to date."""
    position = positions(arena)[account_row(arena, instrument)]
    idle = position["quantity"] == 0 and position["exposure"] == 0
    idle = idle and position["initial_margin"] == 0
    if idle and position["working_buy"] == 0 and position["working_sell"] == 0:
        return
    work_out_exposure(arena, instrument)


@kernel
def work_out_exposure(arena: int, instrument: int) -> None:
    """`refresh_exposure` of an instrument that had, or has, any."""
    position = positions(arena)[account_row(arena, instrument)]
    definition, doubled = instruments(arena)[instrument], position["mark_doubled"]
    held, quantity = signed_value(position), position["quantity"]
    worst, margin = integer(0), integer(0)
    for side in (BUY, SELL):
        work = working_money(arena, instrument, side, doubled)
        value = plus(side * held, work)
        most = side * quantity + working_quantity(position, side)
        worst = max(worst, value)
        margin = max(margin, initial_margin(definition, value, most))
    if pays_in_full(arena, instrument):
        margin = purchase_cost(definition, position["working_buy_value"])
    conversion = definition["conversion"]
    exposure = converted(worst, conversion)
    state = risk(arena)[0]
    state["gross"] = plus(state["gross"], exposure - position["exposure"])
    position["exposure"] = exposure
    kept = maintenance_margin(definition, abs(held), quantity)
    margin, kept = converted(margin, conversion), converted(kept, conversion)
    book_margin(arena, position, margin, kept)


@kernel
def closable(arena: int, instrument: int, strategy: int, side: int) -> int:
    """Quantity that an order of this side may close at most (20, 42).

    The strategy's own position, for manual orders the account's.
    """
    row = account_row(arena, instrument)
    if strategy > 0:
        row = position_row(arena, instrument, strategy)
    return max(0, -side * positions(arena)[row]["quantity"])
