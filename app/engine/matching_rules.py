"""What the matching engine refuses, before anything changes (SEMANTICS 17-19)."""

from typing import Any, Final

from app.engine.arena import CAPACITY, LIVE, Section, section_words
from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.instruments import step_price, valid_towards
from app.engine.matching_ids import find_hashed
from app.engine.matching_state import (
    PRICE_BOUND,
    QUANTITY_BOUND,
    match_level,
    match_order,
    matching,
)
from app.engine.matching_trade import best_level, reaches
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    OrderOption,
    OrderType,
    Reason,
    TimeInForce,
)
from app.engine.state import instruments

_POST_ONLY: Final = int(OrderOption.POST_ONLY)


@inlined
def is_price(price: int) -> bool:
    """Whether a number can be an order's price."""
    return -PRICE_BOUND < price < PRICE_BOUND


@inlined
def is_post_only(record: Any) -> bool:
    """Whether a command or an order may only rest."""
    return integer(record["options"]) & _POST_ONLY != 0


@inlined
def _unsupported(command: Any) -> bool:
    """Whether this engine does not know such an order."""
    kind = command["order_type"]
    force = command["time_in_force"]
    limited = kind == OrderType.LIMIT
    rests = force == TimeInForce.GTC or force == TimeInForce.DAY
    immediate = force == TimeInForce.IOC or force == TimeInForce.FOK
    if not limited and kind != OrderType.MARKET:
        return True
    if not (rests or immediate) or command["display_quantity"] != 0:
        return True
    if is_post_only(command) and not (limited and rests):
        return True
    return command["side"] != BUY and command["side"] != SELL


@inlined
def malformed(arena: int, command: Any) -> int:
    """Judge a new order by itself; return a Reason."""
    instrument = command["instrument"]
    if instrument < 0 or instrument >= matching(arena)["instruments"]:
        return integer(Reason.UNKNOWN_INSTRUMENT)
    if _unsupported(command):
        return integer(Reason.UNSUPPORTED)
    if command["quantity"] <= 0:
        return integer(Reason.BAD_QUANTITY)
    if command["quantity"] > QUANTITY_BOUND:
        return integer(Reason.QUANTITY_TOO_LARGE)
    if command["order_type"] == OrderType.LIMIT and not is_price(command["price"]):
        return integer(Reason.BAD_PRICE)
    return integer(Reason.NONE)


@kernel
def protected_limit(arena: int, instrument: int, side: int, ticks: int) -> int:
    """Worst price of a market order (rule 17).

    Parameters
    ----------
    ticks : int
        Steps of the tick table from the opposite touch; -1 = the instrument's default,
        whose -1 is no bound.

    Returns
    -------
    int
        Price units; ``side * PRICE_BOUND`` where nothing bounds it, NO_PRICE where
        there is no opposite side.
    """
    level = best_level(arena, instrument, -side)
    if level == 0:
        return NO_PRICE
    if ticks < 0:
        ticks = instruments(arena)[instrument]["protection_ticks"]
        if ticks < 0:
            return side * PRICE_BOUND
    touch = match_level(arena, level)["price"]
    limit = step_price(arena, instrument, touch, ticks, side)
    if is_price(limit):
        return limit
    return valid_towards(arena, instrument, side * (PRICE_BOUND - 1), -side)


@inlined
def limit_of(arena: int, command: Any) -> int:
    """Price up to which a new order may trade; see `protected_limit`."""
    if command["order_type"] == OrderType.LIMIT:
        return command["price"]
    instrument, side = integer(command["instrument"]), integer(command["side"])
    ticks = integer(command["protection_ticks"])
    return protected_limit(arena, instrument, side, ticks)


@inlined
def _would_trade(arena: int, instrument: int, side: int, limit: int) -> bool:
    level = best_level(arena, instrument, -side)
    return level != 0 and reaches(side, limit, match_level(arena, level)["price"])


@kernel
def _fillable(
    arena: int, instrument: int, side: int, limit: int, account: int, wanted: int
) -> bool:
    """Whether `wanted` can trade at once, before an order of the same account."""
    level_index = best_level(arena, instrument, -side)
    while level_index and wanted > 0:
        level = match_level(arena, level_index)
        if not reaches(side, limit, level["price"]):
            return False
        index = integer(level["head"])
        while index and wanted > 0:
            order = match_order(arena, index)
            if order["account"] == account:
                return False
            wanted -= order["leaves"]
            index = integer(order["next"])
        level_index = integer(level["worse"])
    return wanted <= 0


@inlined
def refusal(arena: int, command: Any, limit: int, hashed: int) -> int:
    """Judge a well-formed new order, of this `key_hash`; return a Reason."""
    account = integer(command["account"])
    if find_hashed(arena, hashed, account, command["client_order_id"]):
        return integer(Reason.DUPLICATE_ORDER_ID)
    pool = section_words(arena, Section.MATCH_ORDERS)
    if pool[LIVE] + 1 >= pool[CAPACITY]:
        return integer(Reason.POOL_FULL)
    if limit == NO_PRICE:
        return integer(Reason.NO_OPPOSITE_SIDE)
    instrument, side = integer(command["instrument"]), integer(command["side"])
    if is_post_only(command) and _would_trade(arena, instrument, side, limit):
        return integer(Reason.POST_ONLY_WOULD_CROSS)
    if command["time_in_force"] == TimeInForce.FOK:
        wanted = command["quantity"]
        if not _fillable(arena, instrument, side, limit, account, wanted):
            return integer(Reason.FOK_NOT_FILLABLE)
    return integer(Reason.NONE)


@inlined
def replace_refusal(arena: int, order: Any, limit: int, quantity: int) -> int:
    """Judge a replace of a resting order against the book; return a Reason."""
    if quantity < 0:
        return integer(Reason.BAD_QUANTITY)
    if quantity > QUANTITY_BOUND:
        return integer(Reason.QUANTITY_TOO_LARGE)
    if limit == NO_PRICE:
        return integer(Reason.NO_OPPOSITE_SIDE)
    if not is_price(limit):
        return integer(Reason.BAD_PRICE)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    if is_post_only(order) and _would_trade(arena, instrument, side, limit):
        return integer(Reason.POST_ONLY_WOULD_CROSS)
    return integer(Reason.NONE)
