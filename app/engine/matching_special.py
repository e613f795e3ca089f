"""New orders that are more than plain ones, and plain ones outside regular trading.

What such an order asks for is judged before anything is changed. An accepted one gets
its condition and begins: it works, or waits for its trigger, its entry, its hours or
its auction (SEMANTICS 16-29).
"""

from typing import Any, Final

from app.engine.arena import CAPACITY, LIVE, Section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.capabilities import (
    has_limit,
    is_for_auction,
    is_immediate,
    is_offered,
    is_stop,
    is_trailing,
    lasts,
    was_to_rest,
)
from app.engine.conditional.groups import (
    await_entry,
    comes_late,
    entry_refused,
    join_group,
)
from app.engine.conditional.state import condition, new_condition
from app.engine.conditional.times import (
    ends_by_time,
    is_continuous,
    is_within_hours,
    watch_time,
    works_outside,
)
from app.engine.conditional.triggers import (
    is_reached,
    resolved_trigger,
    trailing_stop,
)
from app.engine.matching_begin import begin
from app.engine.matching_ids import find_order, key_hash, link_order
from app.engine.matching_orders import begin_order, end_with, peaks_of
from app.engine.matching_output import report_refused, report_working
from app.engine.matching_positions import (
    is_reduce_only,
    owner_row,
    remember_reducing,
)
from app.engine.matching_prices import trigger_price
from app.engine.matching_rules import (
    fillable,
    is_post_only,
    is_price,
    protected_limit,
    would_trade,
)
from app.engine.matching_state import (
    FAR,
    PEAKS_BOUND,
    PRICE_BOUND,
    QUANTITY_BOUND,
    match_order,
    match_position,
    matching,
)
from app.engine.rare import out_of_line
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    GroupRole,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
    Trigger,
)
from app.engine.state import instruments

MILLION: Final = 1_000_000
"""A trail of so many parts per million of the price is all of it."""


@kernel
def _is_exit_of_bracket(command: Any) -> bool:
    role = command["role"]
    return role == GroupRole.BRACKET_TARGET or role == GroupRole.BRACKET_STOP


@kernel
def _unsupported(arena: int, command: Any) -> bool:
    """Whether this engine does not know such an order."""
    kind, force = integer(command["order_type"]), integer(command["time_in_force"])
    if not is_offered(kind, force):
        return True
    if command["side"] != BUY and command["side"] != SELL:
        return True
    if is_post_only(command) and not (kind == OrderType.LIMIT and lasts(force)):
        return True
    display = command["display_quantity"]
    if display != 0 and not (has_limit(kind) and lasts(force)):
        return True
    if (command["trail"] != 0) != is_trailing(kind):
        return True
    if is_reduce_only(command) and not (
        0 <= command["account"] < matching(arena)["accounts"]
    ):
        return True
    if _is_exit_of_bracket(command) and not lasts(force):
        return True
    grouped = command["role"] != GroupRole.NONE
    if grouped != (command["group"] != 0) or command["role"] > GroupRole.BRACKET_STOP:
        return True
    return is_stop(kind) and command["trigger"] > Trigger.MARK


@kernel
def _bad_numbers(arena: int, command: Any) -> int:
    """Judge quantities, prices and times by themselves; return a Reason."""
    kind = integer(command["order_type"])
    display = command["display_quantity"]
    if command["quantity"] <= 0 or display < 0:
        return integer(Reason.BAD_QUANTITY)
    if command["quantity"] > QUANTITY_BOUND:
        return integer(Reason.QUANTITY_TOO_LARGE)
    if display and peaks_of(command["quantity"], display) > PEAKS_BOUND // 16:
        return integer(Reason.BAD_QUANTITY)
    if has_limit(kind) and not is_price(command["price"]):
        return integer(Reason.BAD_PRICE)
    stop = command["stop_price"]
    needs_stop = is_stop(kind) and not is_trailing(kind)
    if (needs_stop or (is_stop(kind) and stop != NO_PRICE)) and not is_price(stop):
        return integer(Reason.BAD_PRICE)
    if command["trail"] <= -MILLION or command["trail"] >= PRICE_BOUND:
        return integer(Reason.BAD_PRICE)
    force = command["time_in_force"]
    if force == TimeInForce.GTD and command["expire_ts"] <= matching(arena)["now"]:
        return integer(Reason.EXPIRED)
    return integer(Reason.NONE)


@kernel
def _no_room(arena: int, command: Any) -> int:
    """Judge what the engine's pools can take; return a Reason."""
    account = integer(command["account"])
    if find_order(arena, account, command["client_order_id"]):
        return integer(Reason.DUPLICATE_ORDER_ID)
    pool = section_words(arena, Section.MATCH_ORDERS)
    if pool[LIVE] + 1 >= pool[CAPACITY]:
        return integer(Reason.POOL_FULL)
    peaks = peaks_of(command["quantity"], command["display_quantity"])
    if matching(arena)["peaks"] + peaks > PEAKS_BOUND:
        return integer(Reason.POOL_FULL)
    return integer(Reason.NONE)


@kernel
def _cut_off(arena: int, instrument: int, force: int, session: int) -> bool:
    """Whether an auction order comes after its cut-off, for the auction to come."""
    rules, now = instruments(arena)[instrument], matching(arena)["now"]
    if force == TimeInForce.AT_THE_OPEN:
        until = rules["at_open_until"]
        ahead = (
            session == SessionState.PRE_OPEN or session == SessionState.OPENING_AUCTION
        )
    else:
        until = rules["at_close_until"]
        ahead = is_within_hours(session, False)
    return ahead and until != 0 and now >= until


@kernel
def _too_late(arena: int, command: Any, session: int) -> int:
    """Judge an order that cannot wait, or comes too late, in a session state."""
    instrument = integer(command["instrument"])
    kind, force = integer(command["order_type"]), integer(command["time_in_force"])
    if is_for_auction(force):
        if _cut_off(arena, instrument, force, session):
            return integer(Reason.MARKET_CLOSED_CUTOFF)
        return integer(Reason.NONE)
    outside = works_outside(arena, instrument, integer(command["options"]))
    if not is_within_hours(session, outside):
        return integer(Reason.CLOSED if is_immediate(force) else Reason.NONE)
    if is_continuous(session):
        return integer(Reason.NONE)
    if kind == OrderType.MARKET or is_immediate(force):
        return integer(Reason.HALTED)
    return integer(Reason.NONE)


@kernel
def _reducible(arena: int, command: Any) -> int:
    """Quantity that a reduce-only command's side could reduce now."""
    row = owner_row(
        arena,
        integer(command["instrument"]),
        integer(command["account"]),
        integer(command["strategy"]),
    )
    return max(-integer(command["side"]) * match_position(arena, row)["quantity"], 0)


@kernel
def _first_stop(arena: int, command: Any, trigger: int) -> int:
    """Stop that a stop order begins with; afar while a trail has no price (23)."""
    if command["stop_price"] != NO_PRICE or command["trail"] == 0:
        return command["stop_price"]
    instrument, side = integer(command["instrument"]), integer(command["side"])
    price = trigger_price(arena, instrument, trigger, side)
    if price == NO_PRICE or _is_exit_of_bracket(command):
        return side * FAR
    return trailing_stop(arena, instrument, side, price, command["trail"])


@rare
def _stop_refusal(arena: int, command: Any) -> int:
    """Judge a stop by its trigger's own price (22); return a Reason."""
    out_of_line()
    instrument, side = integer(command["instrument"]), integer(command["side"])
    trigger = resolved_trigger(arena, instrument, integer(command["trigger"]))
    stop = _first_stop(arena, command, trigger)
    if _is_exit_of_bracket(command) or stop == side * FAR:
        return integer(Reason.NONE)
    if not is_price(stop):
        return integer(Reason.BAD_PRICE)
    if is_reached(side, stop, trigger_price(arena, instrument, trigger, side)):
        return integer(Reason.STOP_THROUGH_MARKET)
    return integer(Reason.NONE)


@rare
def _book_refusal(arena: int, command: Any, limit: int, session: int) -> int:
    """Judge an order that would work at once against the book; return a Reason."""
    out_of_line()
    instrument, side = integer(command["instrument"]), integer(command["side"])
    outside = works_outside(arena, instrument, integer(command["options"]))
    force = integer(command["time_in_force"])
    if is_for_auction(force) or _is_exit_of_bracket(command):
        return integer(Reason.NONE)
    if not is_continuous(session) or not is_within_hours(session, outside):
        return integer(Reason.NONE)
    if limit == NO_PRICE:
        return integer(Reason.NO_OPPOSITE_SIDE)
    meant = was_to_rest(integer(command["options"]))
    if (meant or is_post_only(command)) and would_trade(arena, instrument, side, limit):
        refusal = Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        return integer(refusal)
    if force == TimeInForce.FOK:
        wanted = command["quantity"]
        if is_reduce_only(command):
            wanted = min(wanted, _reducible(arena, command))
        account = integer(command["account"])
        if not fillable(arena, instrument, side, limit, account, wanted):
            return integer(Reason.FOK_NOT_FILLABLE)
    return integer(Reason.NONE)


@rare
def _limit_of(arena: int, command: Any) -> int:
    """Limit of an order that is no stop; NO_PRICE where there is no opposite side."""
    out_of_line()
    if command["order_type"] == OrderType.LIMIT:
        return command["price"]
    instrument, side = integer(command["instrument"]), integer(command["side"])
    ticks = integer(command["protection_ticks"])
    return protected_limit(arena, instrument, side, ticks)


@rare
def _refusal(arena: int, command: Any, session: int) -> int:
    """Judge an order whose instrument is ours; return a Reason."""
    out_of_line()
    if _unsupported(arena, command):
        return integer(Reason.UNSUPPORTED)
    reason = _bad_numbers(arena, command)
    if reason == Reason.NONE:
        reason = _no_room(arena, command)
    if reason == Reason.NONE:
        reason = _too_late(arena, command, session)
    if reason != Reason.NONE:
        return reason
    reduces = is_reduce_only(command) and not _is_exit_of_bracket(command)
    if reduces and _reducible(arena, command) == 0:
        return integer(Reason.NOT_REDUCING)
    if is_stop(integer(command["order_type"])):
        return _stop_refusal(arena, command)
    return _book_refusal(arena, command, _limit_of(arena, command), session)


@kernel
def _needs_condition(command: Any) -> bool:
    """Whether an order has more than price and quantity."""
    return (
        is_stop(integer(command["order_type"]))
        or ends_by_time(integer(command["time_in_force"]))
        or 0 < command["display_quantity"] < command["quantity"]
        or command["role"] != GroupRole.NONE
        or is_reduce_only(command)
    )


@rare
def attach(arena: int, index: int) -> int:
    """Give an order a condition; there is one for each order."""
    out_of_line()
    order = match_order(arena, index)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    here = new_condition(arena, index, instrument, side)
    order["condition"] = here
    row = condition(arena, here)
    row["time_in_force"] = order["time_in_force"]
    options = integer(order["options"])
    row["outside"] = integer(works_outside(arena, instrument, options))
    row["leaves"] = order["leaves"]
    state = matching(arena)
    if state["conditions"] == 0:
        state["seen_executions"] = state["executions"]
    state["conditions"] += 1
    return here


@kernel
def set_offset(row: Any) -> None:
    """Note how far a trailing stop's limit is from it; NO_PRICE while it is afar."""
    known = row["limit"] != NO_PRICE and abs(row["stop_price"]) != FAR
    row["offset"] = row["limit"] - row["stop_price"] if known else NO_PRICE


@rare
def _write_condition(arena: int, index: int, command: Any) -> None:
    """Attach what an order has beyond price and quantity; it joins its group."""
    out_of_line()
    here = attach(arena, index)
    order, row = match_order(arena, index), condition(arena, here)
    instrument = integer(command["instrument"])
    row["limit"] = NO_PRICE
    if has_limit(integer(command["order_type"])):
        row["limit"] = command["price"]
    row["protection_ticks"] = command["protection_ticks"]
    row["group_number"] = command["group"]
    if 0 < command["display_quantity"] < command["quantity"]:
        row["display"] = command["display_quantity"]
    if command["time_in_force"] == TimeInForce.GTD:
        row["expire_ts"] = command["expire_ts"]
        watch_time(arena, here)
    if is_stop(integer(command["order_type"])):
        trigger = resolved_trigger(arena, instrument, integer(command["trigger"]))
        row["trigger"] = trigger
        row["stop_price"] = _first_stop(arena, command, trigger)
        if is_trailing(integer(command["order_type"])):
            row["trail"] = command["trail"]
            set_offset(row)
    if is_reduce_only(command):
        remember_reducing(arena, order)
    if command["role"] != GroupRole.NONE:
        account, role = integer(command["account"]), integer(command["role"])
        join_group(arena, here, account, role)
        if _is_exit_of_bracket(command):
            order["leaves"] = row["leaves"]
            order["quantity"] = row["leaves"]


@rare
def new_special(arena: int, command: Any) -> int:
    """Accept or refuse a new order that is not a plain one in regular trading."""
    out_of_line()
    instrument = integer(command["instrument"])
    session = integer(instruments(arena)[instrument]["session"])
    reason = _refusal(arena, command, session)
    account = integer(command["account"])
    if reason != Reason.NONE:
        report_refused(arena, command, integer(ReportType.REJECTED), reason)
        if command["role"] == GroupRole.BRACKET_ENTRY:
            entry_refused(arena, account, integer(command["group"]))
        return reason
    limit = command["price"]
    if command["order_type"] == OrderType.MARKET:
        limit = _limit_of(arena, command)
    hashed = key_hash(account, command["client_order_id"])
    index = begin_order(arena, command, hashed)
    link_order(arena, index)
    order = match_order(arena, index)
    outside = works_outside(arena, instrument, integer(command["options"]))
    waits = not is_within_hours(session, outside)
    if waits or _needs_condition(command):
        _write_condition(arena, index, command)
    role, number = integer(command["role"]), integer(command["group"])
    if comes_late(arena, account, role, number):
        end_with(arena, index, integer(ReportType.CANCELLED), integer(Reason.GROUP))
        return reason
    kind = integer(ReportType.NEW)
    here = integer(order["condition"])
    if _is_exit_of_bracket(command) and order["leaves"] == 0:
        await_entry(arena, here)
        report_working(arena, order, kind, reason, condition(arena, here)["limit"])
        return reason
    begin(arena, index, kind, reason, limit)
    return reason
