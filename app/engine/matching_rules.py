"""What the matching engine refuses, before anything changes (SEMANTICS 17-19)."""

from typing import Any, Final

from app.engine.arena import CAPACITY, LIVE, Section, section_words
from app.engine.bits import integer
from app.engine.compile import inlined, kernel, rare
from app.engine.conditional.capabilities import was_to_rest
from app.engine.conditional.state import condition
from app.engine.instruments import step_price, valid_towards
from app.engine.matching_ids import find_hashed
from app.engine.matching_positions import is_reduce_only
from app.engine.matching_state import (
    PRICE_BOUND,
    QUANTITY_BOUND,
    match_level,
    match_order,
    matching,
)
from app.engine.matching_trade import best_level, reaches
from app.engine.rare import out_of_line
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
_NOT_PLAIN: Final = int(
    OrderOption.POST_ONLY | OrderOption.REDUCE_ONLY | OrderOption.RESTING_INTENT
)


@inlined
def is_price(price: int) -> bool:
    """Whether a number can be an order's price."""
    return -PRICE_BOUND < price < PRICE_BOUND


@inlined
def is_post_only(record: Any) -> bool:
    """Whether a command or an order may only rest."""
    return integer(record["options"]) & _POST_ONLY != 0


@inlined
def is_plain(command: Any) -> bool:
    """Whether a new order is a market or limit order and nothing more.

    Of those the rules stand here, on the way that costs nothing; for the others see
    `matching_special`.
    """
    kind, force = command["order_type"], command["time_in_force"]
    limited = kind == OrderType.LIMIT
    rests = force == TimeInForce.GTC
    immediate = force == TimeInForce.IOC or force == TimeInForce.FOK
    if not (limited or kind == OrderType.MARKET) or not (rests or immediate):
        return False
    more = command["display_quantity"] | command["trail"]
    if more | command["group"] | command["role"] != 0:
        return False
    options = integer(command["options"])
    return options & _NOT_PLAIN == 0 or (options & _NOT_PLAIN == _POST_ONLY and rests)


@inlined
def names_instrument(arena: int, command: Any) -> bool:
    """Whether a command's instrument is one of ours."""
    instrument = command["instrument"]
    return instrument >= 0 and instrument < matching(arena)["instruments"]


@inlined
def malformed(command: Any) -> int:
    """Judge a new plain order by itself; return a Reason."""
    limited = command["order_type"] == OrderType.LIMIT
    if is_post_only(command) and not limited:
        return integer(Reason.UNSUPPORTED)
    if command["side"] != BUY and command["side"] != SELL:
        return integer(Reason.UNSUPPORTED)
    if command["quantity"] <= 0:
        return integer(Reason.BAD_QUANTITY)
    if command["quantity"] > QUANTITY_BOUND:
        return integer(Reason.QUANTITY_TOO_LARGE)
    if limited and not is_price(command["price"]):
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
def would_trade(arena: int, instrument: int, side: int, limit: int) -> bool:
    """Whether a limit reaches the best price of the other side."""
    level = best_level(arena, instrument, -side)
    return level != 0 and reaches(side, limit, match_level(arena, level)["price"])


@rare
def _others_before(
    arena: int, instrument: int, side: int, account: int, upto: int
) -> bool:
    """Whether an account has an order that is met before the order `upto`."""
    out_of_line()
    level_index = best_level(arena, instrument, side)
    while level_index:
        level = match_level(arena, level_index)
        index = integer(level["head"])
        while index and index != upto:
            if match_order(arena, index)["account"] == account:
                return True
            index = integer(match_order(arena, index)["next"])
        if index:
            return False
        level_index = integer(level["worse"])
    return False


@rare
def _counted(arena: int, index: int, hidden: bool) -> int:
    """What a FOK may count on of a resting order: displayed, or hidden.

    Of an order that others of its account may shrink (SEMANTICS 20, 29) it is certain
    only what is displayed, and only if it is met before those.
    """
    out_of_line()
    order = match_order(arena, index)
    here = integer(order["condition"])
    if here == 0:
        return 0 if hidden else order["leaves"]
    row = condition(arena, here)
    if row["group"] == 0 and not is_reduce_only(order):
        return row["hidden"] if hidden else order["leaves"]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    account = integer(order["account"])
    if hidden or _others_before(arena, instrument, side, account, index):
        return 0
    return order["leaves"]


@rare
def fillable(
    arena: int, instrument: int, side: int, limit: int, account: int, wanted: int
) -> bool:
    """Whether `wanted` can trade at once, before an order of the same account.

    What a level hides is met after what it displays, so only if no own order is there.
    """
    out_of_line()
    level_index = best_level(arena, instrument, -side)
    while level_index and wanted > 0:
        level = match_level(arena, level_index)
        if not reaches(side, limit, level["price"]):
            return False
        hidden = integer(0)
        index = integer(level["head"])
        while index and wanted > 0:
            order = match_order(arena, index)
            if order["account"] == account:
                return False
            wanted -= _counted(arena, index, False)
            if order["condition"]:
                hidden += _counted(arena, index, True)
            index = integer(order["next"])
        wanted -= hidden
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
    if is_post_only(command) and would_trade(arena, instrument, side, limit):
        return integer(Reason.POST_ONLY_WOULD_CROSS)
    if command["time_in_force"] == TimeInForce.FOK:
        wanted = command["quantity"]
        if not fillable(arena, instrument, side, limit, account, wanted):
            return integer(Reason.FOK_NOT_FILLABLE)
    return integer(Reason.NONE)


@inlined
def replace_refusal(
    arena: int, command: Any, order: Any, kind: int, limit: int, quantity: int
) -> int:
    """Judge a replace of a resting order against the book; return a Reason."""
    if kind > OrderType.LIMIT:
        return integer(Reason.UNSUPPORTED)
    if quantity < 0:
        return integer(Reason.BAD_QUANTITY)
    if quantity > QUANTITY_BOUND:
        return integer(Reason.QUANTITY_TOO_LARGE)
    if limit == NO_PRICE:
        return integer(Reason.NO_OPPOSITE_SIDE)
    if not is_price(limit):
        return integer(Reason.BAD_PRICE)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    meant = was_to_rest(integer(command["options"]))
    if (meant or is_post_only(order)) and would_trade(arena, instrument, side, limit):
        refusal = Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        return integer(refusal)
    return integer(Reason.NONE)
