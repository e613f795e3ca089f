"""Commands that set something: limits, marks, rates, lists, windows."""

from typing import Any

from app.engine.accounts import book_pnl
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.gate_cancel import ANY, cancel_many
from app.engine.gate_marks import move_mark
from app.engine.gate_reports import blank_report, forget_findings, refuse, send
from app.engine.gate_safety import (
    arm,
    arming_fault,
    change_state,
    kill,
    leave_kill,
    watch_losses,
)
from app.engine.order_rules import is_known_instrument, is_known_strategy
from app.engine.rates import follow_rate, set_rate
from app.engine.records import (
    Action,
    Reason,
    ReportType,
    RiskLimit,
    SafetyState,
)
from app.engine.risk_exposure import refresh_exposure
from app.engine.risk_state import MESSAGE_CAPACITY, limits, working
from app.engine.state import engine, instruments


@kernel
def is_of_instruments(limit: int) -> bool:
    """Tell whether a limit counts an instrument's quantity units: its own row only."""
    return limit == RiskLimit.MAX_ORDER_SIZE or limit == RiskLimit.MAX_POSITION_SIZE


@kernel
def is_of_account(limit: int) -> bool:
    """Tell whether a limit is the account's alone."""
    return (
        limit == RiskLimit.MAX_GROSS_EXPOSURE
        or limit == RiskLimit.MAX_DAILY_LOSS
        or limit == RiskLimit.MAX_DRAWDOWN
        or limit == RiskLimit.MESSAGE_RATE
        or limit == RiskLimit.RATE_WINDOW
        or limit == RiskLimit.CASH_ACCOUNT
        or limit == RiskLimit.MARGIN
    )


@kernel
def _limit_fault(arena: int, command: Any) -> int:
    limit, instrument = integer(command["group"]), integer(command["instrument"])
    if limit < RiskLimit.MAX_ORDER_SIZE or limit > RiskLimit.MARGIN:
        return Reason.UNSUPPORTED
    if instrument == ANY:
        if is_of_instruments(limit):
            return Reason.UNSUPPORTED
    elif not is_known_instrument(arena, instrument):
        return Reason.UNKNOWN_INSTRUMENT
    elif is_of_account(limit):
        return Reason.UNSUPPORTED
    if command["value"] < 0:
        return Reason.BAD_QUANTITY
    if limit == RiskLimit.MESSAGE_RATE and command["value"] > MESSAGE_CAPACITY:
        return Reason.QUANTITY_TOO_LARGE
    return Reason.NONE


@kernel
def _set_limit(arena: int, links: int, command: Any) -> None:
    """SET_LIMIT: at once, and reported so that the log has it."""
    fault = _limit_fault(arena, command)
    if fault != Reason.NONE:
        refuse(arena, links, command, integer(fault))
        return
    instrument, limit = integer(command["instrument"]), integer(command["group"])
    row = limits(arena)[0 if instrument == ANY else 1 + instrument]["value"]
    report = blank_report(arena, integer(ReportType.LIMIT), instrument)
    report["group"] = limit
    report["quantity"] = command["value"]
    report["filled"] = row[limit]
    report["reason"] = Reason.USER
    row[limit] = command["value"]
    send(arena, links)
    if limit == RiskLimit.CASH_ACCOUNT:
        for each in range(engine(arena)[0]["instruments"]):
            refresh_exposure(arena, integer(each))
    forget_findings(arena)
    watch_losses(arena, links)


@kernel
def _set_state(arena: int, links: int, command: Any) -> None:
    """SET_STATE: VIEW, ARMED, REDUCE by hand; KILLED as KILL without flatten."""
    state = integer(command["value"])
    if state == SafetyState.KILLED:
        kill(arena, links, integer(0))
        return
    if state < SafetyState.VIEW or state > SafetyState.KILLED:
        refuse(arena, links, command, integer(Reason.UNSUPPORTED))
        return
    if state == SafetyState.ARMED:
        fault = arming_fault(arena)
        if fault != Reason.NONE:
            refuse(arena, links, command, fault)
            return
        leave_kill(arena)
        engine(arena)[0]["armed_by"] = command["sequence"]
        arm(arena, links)
        return
    leave_kill(arena)
    change_state(arena, links, state, integer(Reason.USER))
    if state == SafetyState.REDUCE:
        meant = (integer(0), integer(ANY), integer(0))
        cancel_many(arena, links, integer(ANY), meant, integer(Reason.STATE_REDUCE))


@kernel
def mark_instrument(arena: int, links: int, instrument: int) -> None:
    """Bring an instrument's mark up to date, and what follows from it."""
    if move_mark(arena, instrument):
        if instruments(arena)[instrument]["rate_of"]:
            follow_rate(arena, instrument)
        watch_losses(arena, links)


@kernel
def _set_of_instrument(arena: int, links: int, command: Any, action: int) -> bool:
    """Set something of one instrument; False if the action is no such."""
    instrument, value = integer(command["instrument"]), integer(command["value"])
    record = instruments(arena)[instrument]
    if action == Action.SET_WINDOW:
        record["window_price"] = command["price"]
    elif action == Action.SET_MARK:
        working(arena)[instrument]["settlement"] = command["price"]
        mark_instrument(arena, links, instrument)
    elif action == Action.SET_RESTRICTED:
        record["restricted"] = value
    elif action == Action.SET_SHORTABLE:
        record["shortable"] = value
    elif action == Action.SET_BORROW:
        record["located"] = command["quantity"]
        record["borrow_rate"] = value
    elif action == Action.SET_CONVERSION:
        set_rate(arena, integer(record["currency"]), value)
        watch_losses(arena, links)
    elif action == Action.BOOK_PNL:
        book_pnl(arena, instrument, integer(command["strategy"]), value)
        watch_losses(arena, links)
    else:
        return False
    return True


@kernel
def command_setting(arena: int, links: int, command: Any) -> None:
    """Every SET_… action, and BOOK_PNL; strategies may set nothing.

    The strategy of a BOOK_PNL is the one whose money it is. Handlers cannot ask for
    it: the kernel refuses what is none of a strategy's business before it comes here.
    """
    action = integer(command["action"])
    forget_findings(arena)
    if command["strategy"] != 0 and action != Action.BOOK_PNL:
        refuse(arena, links, command, integer(Reason.UNSUPPORTED))
    elif action == Action.SET_STATE:
        _set_state(arena, links, command)
    elif action == Action.SET_LIMIT:
        _set_limit(arena, links, command)
    elif not is_known_instrument(arena, integer(command["instrument"])):
        refuse(arena, links, command, integer(Reason.UNKNOWN_INSTRUMENT))
    elif not is_known_strategy(integer(command["strategy"])) or (
        command["value"] < 0 and (action == Action.SET_CONVERSION)
    ):
        refuse(arena, links, command, integer(Reason.BAD_QUANTITY))
    elif not _set_of_instrument(arena, links, command, action):
        refuse(arena, links, command, integer(Reason.UNSUPPORTED))
