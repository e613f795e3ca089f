"""Safety states, kill, flatten and loss limits (SEMANTICS 42, 51-54).

KILL refuses new risk, cancels entries and keeps exits; with flatten it cancels exits
too, waits until all are confirmed and closes what is then held by limits in the collar,
again and again until nothing is held. The kernel stops the strategies. A loss limit
that is exceeded cancels entries and turns ARMED into REDUCE, until re-armed by hand.
"""

from enum import IntEnum
from typing import Any, Final

from app.engine.accounts import account_row, position_row, unmanaged
from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer, lowest_bit
from app.engine.compile import kernel
from app.engine.gate_orders import next_working, request_cancel, still_working
from app.engine.gate_reports import blank_report, send
from app.engine.instruments import valid_towards, within_bands
from app.engine.orders import find_order, is_ended
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    SafetyState,
    TimeInForce,
)
from app.engine.risk import broken_loss_limit
from app.engine.risk_collar import collar_price
from app.engine.risk_exposure import closable, protection_price, touch_price
from app.engine.risk_state import REDUCE_ONLY, checks, is_exit, risk, working
from app.engine.state import (
    MAX_STRATEGIES,
    engine,
    instruments,
    orders,
    positions,
)
from app.engine.strategy import StrategyState, request, requests, strategies

ANY: Final = -1
"""Stands for every instrument, or every strategy."""
_RETRY_NS: Final = 1_000_000_000
_PAUSE_NS: Final = 250_000_000
_LONGEST_PAUSE: Final = 4


class Flatten(IntEnum):
    """How far the flatten of an instrument has come."""

    NONE = 0
    CLOSING = 1  # orders in the way are cancelled, then what is held is closed


# Cancelling many.


@kernel
def _is_meant(arena: int, index: int, side: int, strategy: int, exits: int) -> bool:
    """Tell whether an order is among those to cancel and not asked for yet."""
    order = orders(arena)[index]
    if order["status"] == OrderStatus.PENDING_CANCEL:
        return False
    if side and order["side"] != side:
        return False
    if strategy != ANY and order["strategy"] != strategy:
        return False
    return exits != 0 or not is_exit(integer(order["role"]), integer(order["options"]))


@kernel
def _cancel_in(
    arena: int, links: int, instrument: int, meant: tuple[int, int, int], reason: int
) -> None:
    side, strategy, exits = meant
    index = next_working(arena, instrument, 0)
    while index:
        following = next_working(arena, instrument, index)
        if _is_meant(arena, index, side, strategy, exits):
            first_time = orders(arena)[index]["end_reason"] != Reason.KILLED
            if reason == Reason.KILLED and first_time:
                risk(arena)[0]["kill_left"] += 1
            request_cancel(arena, links, index, reason)
        index = still_working(arena, instrument, following)


@kernel
def cancel_many(
    arena: int, links: int, instrument: int, meant: tuple[int, int, int], reason: int
) -> None:
    """Cancel the working orders of an instrument, or of all (`ANY`).

    Parameters
    ----------
    meant : (int, int, int)
        Side, 0 = both; strategy, `ANY` = all; 1 for exits as well.
    reason : int
        Reason of their ends; NONE for a user's cancel.
    """
    if instrument != ANY:
        _cancel_in(arena, links, instrument, meant, reason)
        return
    for each in range(engine(arena)[0]["instruments"]):
        _cancel_in(arena, links, each, meant, reason)


# States.


@kernel
def change_state(arena: int, links: int, state: int, reason: int) -> None:
    """Set the safety state and report it; cancelling is left to others."""
    session = engine(arena)[0]
    before = session["safety_state"]
    session["safety_state"] = state
    session["state_reason"] = reason
    session["state_since"] = session["now"]
    report = blank_report(arena, integer(ReportType.STATE), integer(ANY))
    report["reason"] = reason
    report["quantity"] = state
    report["filled"] = before
    report["last_quantity"] = checks(arena)[0]["limit"]
    report["fee"] = checks(arena)[0]["stands"]
    send(arena, links)


@kernel
def arming_fault(arena: int) -> int:
    """Reason why trading cannot be armed: a broken invariant, or a loss limit."""
    if engine(arena)[0]["halted"]:
        return integer(Reason.STATE_KILLED)
    return integer(broken_loss_limit(arena))


@kernel
def arm(arena: int, links: int) -> None:
    """Arm by hand: the end of KILL and of a loss limit's stop."""
    state = risk(arena)[0]
    state["loss_stop"] = Reason.NONE
    for strategy in range(MAX_STRATEGIES):
        runs = strategies(arena)[strategy]["state"] == StrategyState.RUNNING
        if strategy == 0 or runs:
            unmanaged(arena, strategy, integer(0))
    change_state(arena, links, integer(SafetyState.ARMED), integer(Reason.USER))


@kernel
def leave_kill(arena: int) -> None:
    """Forget what KILL still wanted."""
    state = risk(arena)[0]
    state["kill_left"] = 0
    if state["flatten"]:
        state["flatten"] = 0
        for instrument in range(engine(arena)[0]["instruments"]):
            working(arena)[instrument]["flatten"] = Flatten.NONE


@kernel
def tell_kill(arena: int, links: int) -> None:
    """Report how far KILL is: orders still to cancel, instruments still held."""
    held = 0
    for instrument in range(engine(arena)[0]["instruments"]):
        held += positions(arena)[account_row(arena, instrument)]["quantity"] != 0
    report = blank_report(arena, integer(ReportType.KILL), integer(ANY))
    report["reason"] = Reason.KILLED
    report["leaves"] = risk(arena)[0]["kill_left"]
    report["filled"] = held
    report["quantity"] = risk(arena)[0]["flatten"]
    send(arena, links)


@kernel
def kill(arena: int, links: int, flatten: int) -> None:
    """KILL (53): cancels entries; with `flatten` exits too, then closes all."""
    state, session = risk(arena)[0], engine(arena)[0]
    change_state(arena, links, integer(SafetyState.KILLED), integer(Reason.KILLED))
    state["flatten"] = 1 if flatten else state["flatten"]
    state["kill_ts"] = session["now"] + _RETRY_NS
    for strategy in range(1, MAX_STRATEGIES):
        unmanaged(arena, strategy, integer(1))
    for strategy in range(1, section_words(arena, Section.STRATEGIES)[USED]):
        if strategies(arena)[strategy]["state"] == StrategyState.STOPPED:
            stopped = integer(StrategyState.STOPPED)
            tell_strategy(arena, links, strategy, stopped, integer(Reason.KILLED))
    meant = (integer(0), integer(ANY), integer(state["flatten"]))
    cancel_many(arena, links, integer(ANY), meant, integer(Reason.KILLED))
    tell_kill(arena, links)
    if state["flatten"]:
        for instrument in range(session["instruments"]):
            begin_flatten(arena, links, instrument, integer(0))


@kernel
def kill_ended(arena: int, links: int, reason: int) -> None:
    """Count an order that KILL waited for."""
    state = risk(arena)[0]
    if reason == Reason.KILLED and state["kill_left"] > 0:
        state["kill_left"] -= 1
        tell_kill(arena, links)


@kernel
def retry_cancels(arena: int, links: int) -> None:
    """Ask again, once a second, for cancels of the engine's own that were refused."""
    state, session = risk(arena)[0], engine(arena)[0]
    if session["now"] < state["kill_ts"]:
        return
    state["kill_ts"] = session["now"] + _RETRY_NS
    if session["safety_state"] == SafetyState.KILLED and state["kill_left"]:
        meant = (integer(0), integer(ANY), integer(state["flatten"]))
        cancel_many(arena, links, integer(ANY), meant, integer(Reason.KILLED))
        return
    for instrument in range(session["instruments"]):
        _retry_in(arena, links, integer(instrument))


@kernel
def _retry_in(arena: int, links: int, instrument: int) -> None:
    """Ask again for the orders of an instrument that were to end for a reason."""
    index = next_working(arena, instrument, 0)
    while index:
        following = next_working(arena, instrument, index)
        order = orders(arena)[index]
        reason = integer(order["end_reason"])
        if reason != Reason.NONE and order["status"] != OrderStatus.PENDING_CANCEL:
            request_cancel(arena, links, index, reason)
        index = still_working(arena, instrument, following)


# Strategies and losses.


@kernel
def tell_strategy(
    arena: int, links: int, strategy: int, state: int, reason: int
) -> None:
    """Report the state of a strategy."""
    report = blank_report(arena, integer(ReportType.STRATEGY), integer(ANY))
    report["strategy"] = strategy
    report["quantity"] = state
    report["reason"] = reason
    send(arena, links)


@kernel
def stop_strategy(arena: int, links: int, strategy: int, reason: int) -> None:
    """Strategy stopped (54): entries go, exits stay, positions are marked."""
    unmanaged(arena, strategy, integer(1))
    state = integer(strategies(arena)[strategy]["state"])
    tell_strategy(arena, links, strategy, state, reason)
    meant = (integer(0), strategy, integer(0))
    ended = reason if reason != Reason.NONE else integer(Reason.STRATEGY_STOPPED)
    cancel_many(arena, links, integer(ANY), meant, ended)


@kernel
def _is_managed(arena: int, strategy: int) -> bool:
    """Tell whether anyone looks after a strategy's positions; 0 is manual."""
    if risk(arena)[0]["loss_stop"] != Reason.NONE:
        return False
    if strategy == 0:
        return True
    state = strategies(arena)[strategy]["state"]
    stopped = state == StrategyState.STOPPED or state == StrategyState.FAILED
    return not stopped and engine(arena)[0]["safety_state"] != SafetyState.KILLED


@kernel
def mark_late_fill(arena: int, instrument: int, strategy: int) -> None:
    """Mark what a fill on its way left to a strategy that was stopped (54)."""
    position = positions(arena)[position_row(arena, instrument, strategy)]
    if position["quantity"] != 0 and not _is_managed(arena, strategy):
        position["unmanaged"] = 1


@kernel
def watch_losses(arena: int, links: int) -> None:
    """Stop new risk once a loss limit is exceeded (54)."""
    state, session = risk(arena)[0], engine(arena)[0]
    if state["loss_stop"] != Reason.NONE:
        return
    reason = integer(broken_loss_limit(arena))
    if reason == Reason.NONE:
        return
    state["loss_stop"] = reason
    after = session["safety_state"]
    if after == SafetyState.ARMED:
        after = integer(SafetyState.REDUCE)
    change_state(arena, links, after, reason)
    for strategy in range(MAX_STRATEGIES):
        unmanaged(arena, strategy, integer(1))
    meant = (integer(0), integer(ANY), integer(0))
    cancel_many(arena, links, integer(ANY), meant, integer(Reason.LOSS_LIMIT))


# Flatten.


@kernel
def _held(arena: int, instrument: int, strategy: int) -> int:
    """Position that a flatten closes: a strategy's own, else the account's (42)."""
    if strategy > 0:
        row = position_row(arena, instrument, strategy)
    else:
        row = account_row(arena, instrument)
    return positions(arena)[row]["quantity"]


@kernel
def _join_flatten(arena: int, row: Any, strategy: int) -> bool:
    """Note whose position is to be closed; False if the account's flatten does it."""
    others = integer(row["flatten_whose"]) if row["flatten"] else integer(0)
    if strategy > 0 and others & 1:
        return False
    joins = strategy > 0 and others != 0
    soon = engine(arena)[0]["now"] + _PAUSE_NS
    row["flatten"] = Flatten.CLOSING
    row["flatten_whose"] = (others if joins else 0) | integer(1) << strategy
    row["flatten_strategy"] = strategy - 1 if joins else strategy
    row["flatten_order"] = 0
    row["flatten_ts"] = min(row["flatten_ts"], soon) if joins else 0
    row["flatten_tries"] = 0
    return True


@kernel
def begin_flatten(arena: int, links: int, instrument: int, strategy: int) -> None:
    """Cancel what works for a position, then close it; for strategy 0 the account's."""
    row = working(arena)[instrument]
    if not _join_flatten(arena, row, strategy):
        return
    whose = strategy if strategy > 0 else integer(ANY)
    killed = risk(arena)[0]["flatten"] != 0
    reason = integer(Reason.KILLED) if killed else integer(Reason.USER)
    cancel_many(arena, links, instrument, (integer(0), whose, integer(1)), reason)
    flatten_step(arena, links, instrument)


@kernel
def _is_in_the_way(arena: int, instrument: int, strategy: int) -> bool:
    """Tell whether an order still works for the position that is to be closed."""
    index = next_working(arena, instrument, 0)
    while index:
        if strategy <= 0 or orders(arena)[index]["strategy"] == strategy:
            return True
        index = next_working(arena, instrument, index)
    return False


@kernel
def _sole_holder(arena: int, instrument: int) -> int:
    """Strategy that alone holds the account's position; else 0, manual."""
    holders = positions(arena)[account_row(arena, instrument)]["holders"]
    if holders and holders & (holders - 1) == 0:
        return lowest_bit(holders)
    return 0


@kernel
def _closing_price(arena: int, instrument: int, side: int) -> int:
    """Limit that closes: the collar, else protection, touch or mark; in the bands."""
    price = collar_price(arena, instrument, side)
    if price == NO_PRICE:
        price = protection_price(arena, instrument, side, integer(-1))
    if price == NO_PRICE:
        price = touch_price(arena, instrument, -side)
    if price == NO_PRICE:
        mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
        if mark != NO_PRICE:
            price = valid_towards(arena, instrument, mark >> 1, -side)
    if price == NO_PRICE:
        return price
    return within_bands(arena, instrument, price)


@kernel
def flatten_step(arena: int, links: int, instrument: int) -> None:
    """Go on with a flatten, in turn for each that it is for."""
    row = working(arena)[instrument]
    if row["flatten"] == Flatten.NONE:
        return
    before = integer(row["flatten_strategy"])
    for turn in range(1, MAX_STRATEGIES + 1):
        strategy = (before + turn) % MAX_STRATEGIES
        if (row["flatten_whose"] >> strategy) & 1:
            _close_one(arena, instrument, integer(strategy))
    if row["flatten_whose"] == 0:
        row["flatten"] = Flatten.NONE
        if risk(arena)[0]["flatten"]:
            tell_kill(arena, links)


@kernel
def _close_one(arena: int, instrument: int, strategy: int) -> None:
    """Close a position: nothing while orders are in the way or a close works."""
    row = working(arena)[instrument]
    if _is_in_the_way(arena, instrument, strategy):
        return
    held = _held(arena, instrument, strategy)
    if held == 0:
        row["flatten_whose"] = integer(row["flatten_whose"]) ^ (integer(1) << strategy)
        return
    if engine(arena)[0]["now"] < row["flatten_ts"]:
        return
    side = integer(SELL) if held > 0 else integer(BUY)
    price = _closing_price(arena, instrument, side)
    if price != NO_PRICE:
        _send_close(arena, instrument, strategy, side, price)


@kernel
def _send_close(
    arena: int, instrument: int, strategy: int, side: int, price: int
) -> None:
    """Queue a closing order; it goes through the gate when this event is done."""
    row, now = working(arena)[instrument], engine(arena)[0]["now"]
    last = find_order(arena, row["flatten_order"])
    if last == 0:
        # The gate refused it: as good as one that filled nothing.
        row["flatten_tries"] += row["flatten_order"] != 0
    elif is_ended(orders(arena)[last]["status"]):
        filled = orders(arena)[last]["filled"] > 0
        row["flatten_tries"] = 0 if filled else row["flatten_tries"] + 1
    pause = _PAUSE_NS << min(row["flatten_tries"], _LONGEST_PAUSE)
    row["flatten_ts"] = now + pause
    row["flatten_strategy"] = strategy
    owner = strategy if strategy > 0 else _sole_holder(arena, instrument)
    quantity = closable(arena, instrument, owner, side)
    most = instruments(arena)[instrument]["order_max"]
    if most:
        quantity = min(quantity, most)
    index = request(arena, owner, instrument, integer(Action.NEW))
    if index == 0:
        return
    command = requests(arena)[index]
    command["side"] = side
    command["order_type"] = OrderType.LIMIT
    command["time_in_force"] = TimeInForce.IOC
    command["options"] = REDUCE_ONLY
    command["quantity"] = quantity
    command["price"] = price
    row["flatten_order"] = command["client_order_id"]
