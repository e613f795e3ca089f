"""Safety states, kill and loss limits (SEMANTICS 42, 51-54).

KILL refuses new risk, cancels entries and keeps exits; with flatten it cancels exits
too, waits until all are confirmed and closes what is then held by limits in the collar,
again and again until nothing is held. The kernel stops the strategies. A loss limit
that is exceeded cancels entries and turns ARMED into REDUCE, until re-armed by hand.
"""

from typing import Final

from app.engine.accounts import account_row, position_row, unmanaged
from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import inlined, kernel, rare
from app.engine.gate_cancel import ANY, cancel_many, tell_kill
from app.engine.gate_flatten import Flatten, begin_flatten
from app.engine.gate_marks import new_loss
from app.engine.gate_orders import next_working, request_cancel, still_working
from app.engine.gate_reports import blank_report, send
from app.engine.rare import out_of_line
from app.engine.records import OrderStatus, Reason, ReportType, SafetyState
from app.engine.risk import broken_loss_limit
from app.engine.risk_state import checks, risk, working
from app.engine.state import MAX_STRATEGIES, engine, orders, positions
from app.engine.strategy import StrategyState, strategies

_RETRY_NS: Final = 1_000_000_000


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
            held = positions(arena)[account_row(arena, instrument)]["quantity"] != 0
            if held or working(arena)[instrument]["count"]:
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
        is_own = reason != Reason.NONE and reason != Reason.STRATEGY
        if is_own and order["status"] != OrderStatus.PENDING_CANCEL:
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
    stopped = stopped or state == StrategyState.PAUSED
    return not stopped and engine(arena)[0]["safety_state"] != SafetyState.KILLED


@kernel
def mark_late_fill(arena: int, instrument: int, strategy: int) -> None:
    """Mark what a fill on its way left to a strategy that was stopped (54)."""
    position = positions(arena)[position_row(arena, instrument, strategy)]
    if position["quantity"] != 0 and not _is_managed(arena, strategy):
        position["unmanaged"] = 1


@inlined
def watch_losses(arena: int, links: int) -> None:
    """Stop new risk once a loss limit is exceeded (54)."""
    reason = new_loss(arena)
    if reason != Reason.NONE:
        _stop_losses(arena, links, reason)


@rare
def _stop_losses(arena: int, links: int, reason: int) -> None:
    """Turn ARMED into REDUCE and cancel entries: a loss limit is exceeded."""
    out_of_line()
    state, session = risk(arena)[0], engine(arena)[0]
    state["loss_stop"] = reason
    after = session["safety_state"]
    if after == SafetyState.ARMED:
        after = integer(SafetyState.REDUCE)
    change_state(arena, links, after, reason)
    for strategy in range(MAX_STRATEGIES):
        unmanaged(arena, strategy, integer(1))
    meant = (integer(0), integer(ANY), integer(0))
    cancel_many(arena, links, integer(ANY), meant, integer(Reason.LOSS_LIMIT))
