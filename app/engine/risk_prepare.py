"""What an order would stand for, written down once for all checks (CHECK)."""

from typing import Any

from app.engine.accounts import account_row
from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.group_numbers import alternatives
from app.engine.records import NO_PRICE, OrderType
from app.engine.risk_collar import protect
from app.engine.risk_exposure import (
    counted_price,
    group_counted,
    protection_ticks,
    worse_of,
)
from app.engine.risk_state import checks, is_exit
from app.engine.state import orders, positions


@inlined
def _take_terms(check: Any, request: Any) -> None:
    """Write down whose request (COMMAND or ORDER) it is, and of which kind."""
    check["instrument"] = request["instrument"]
    check["strategy"] = request["strategy"]
    check["side"] = request["side"]
    check["is_exit"] = is_exit(integer(request["role"]), integer(request["options"]))
    check["order_type"] = request["order_type"]
    check["time_in_force"] = request["time_in_force"]
    check["options"] = request["options"]


@kernel
def prepare_new(arena: int, command: Any, quantity: int) -> None:
    """Write down what a new order of this quantity would stand for."""
    check = checks(arena)[0]
    instrument, side = integer(command["instrument"]), integer(command["side"])
    mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    _take_terms(check, command)
    check["total"] = quantity
    check["price"] = command["price"]
    check["doubled"] = mark
    check["is_replace"] = 0
    check["old_quantity"] = 0
    check["old_price"] = 0
    check["collar"] = NO_PRICE
    check["stop_price"] = command["stop_price"]
    check["ticks"] = protection_ticks(
        arena, instrument, integer(command["protection_ticks"])
    )
    if check["order_type"] == OrderType.MARKET:
        protect(arena, check)
    check["counted_price"] = counted_price(
        arena, instrument, side, command, check["ticks"], mark
    )
    check["quantity"] = 0 if check["is_exit"] else quantity
    shared = alternatives(integer(command["role"]), integer(command["group"]))
    if shared:
        _join_group(arena, shared, integer(0))


@kernel
def _join_group(arena: int, shared: int, index: int) -> None:
    """Let entries of which one is filled stand for the worst of them.

    `index` is the order that is replaced, 0 a new one.
    """
    check = checks(arena)[0]
    instrument, side = integer(check["instrument"]), integer(check["side"])
    others = group_counted(arena, instrument, side, shared, index)
    old = worse_of(others, (integer(check["old_quantity"]), check["old_price"]))
    new = worse_of(others, (integer(check["quantity"]), check["counted_price"]))
    check["old_quantity"], check["old_price"] = old
    check["quantity"], check["counted_price"] = new


@kernel
def prepare_replace(
    arena: int, index: int, quantity: int, price: int, stop_price: int
) -> None:
    """Write down what an order would stand for with a new total and new prices."""
    check, order = checks(arena)[0], orders(arena)[index]
    instrument = integer(order["instrument"])
    mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    _take_terms(check, order)
    check["total"] = quantity
    check["price"] = price
    check["ticks"] = order["protection_ticks"]
    check["doubled"] = mark
    check["is_replace"] = 1
    check["old_quantity"] = order["counted"]
    check["old_price"] = order["counted_price"]
    check["collar"] = NO_PRICE
    check["stop_price"] = stop_price
    worse = max(order["counted_price"], 0 if price == NO_PRICE else abs(price))
    check["counted_price"] = max(
        worse, 0 if stop_price == NO_PRICE else abs(stop_price)
    )
    wanted = max(order["leaves"], quantity - order["filled"], order["counted"])
    check["quantity"] = 0 if check["is_exit"] else wanted
    shared = alternatives(integer(order["role"]), integer(order["group"]))
    if shared:
        _join_group(arena, shared, index)
