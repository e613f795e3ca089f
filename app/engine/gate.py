"""The order gate: the one way of every order in every mode, and of every report back.

A unit with six entries. `gate_command` takes each Action; `gate_report` applies a
venue's report to order, position and money; `gate_marked`, `gate_clock` and
`gate_session` follow the market, time and the calendar; `gate_view` fills in the gate's
part of a view. What happened goes out as REPORT records through `Link.EMIT`.

The rooms behind it: order_rules (is it an order at all), risk (may it pass),
gate_orders (order, report, venue), gate_safety (states, kill, losses), gate_flatten,
gate_session (trade dates, expiry), gate_settings (what commands set), gate_corporate,
orders, accounts, risk_exposure, margin, settlement, borrow, funding.
"""

from typing import Any, Final

from app.engine.accounts import (
    account_row,
    book_fill,
    open_accounts,
    settle,
    unmanaged,
)
from app.engine.arena import Arena
from app.engine.bits import integer
from app.engine.book_stale import check_silence, set_stale
from app.engine.book_state import Stale, books
from app.engine.borrow import accrue_borrow
from app.engine.compile import entry, kernel, rare
from app.engine.funding import roll_over
from app.engine.gate_cancel import ANY, cancel_many
from app.engine.gate_corporate import apply_action
from app.engine.gate_flatten import Flatten, begin_flatten, flatten_step
from app.engine.gate_marks import MARKED, shown_stale
from app.engine.gate_orders import (
    asked_reason,
    command_cancel,
    command_new,
)
from app.engine.gate_replace import command_replace, shrink_exits
from app.engine.gate_reports import blank_report, forget_findings, pass_on, refuse, send
from app.engine.gate_safety import (
    kill,
    kill_ended,
    mark_late_fill,
    retry_cancels,
    stop_strategy,
    tell_strategy,
    watch_losses,
)
from app.engine.gate_session import end_contract, session_changed
from app.engine.gate_settings import command_setting, mark_instrument
from app.engine.links import Link, call_link
from app.engine.memory import record_address, view
from app.engine.order_rules import is_known_instrument, is_known_strategy
from app.engine.orders import FILLED, IGNORED, apply_report, find_order, is_ended
from app.engine.rare import out_of_line
from app.engine.records import (
    COMMAND,
    MARKET,
    REPORT,
    Action,
    Reason,
    ReportType,
    RiskLimit,
    SafetyState,
)
from app.engine.risk import day_loss, drawdown
from app.engine.risk_exposure import recount, refresh_exposure
from app.engine.risk_recent import messages_within
from app.engine.risk_state import (
    LIMIT_COUNT,
    account_limit,
    layout,
    limit_of,
    limits,
    open_gate,
    risk,
    working,
)
from app.engine.settlement import date_of, take_due
from app.engine.state import (
    accounts,
    engine,
    instruments,
    orders,
    positions,
    unsettled,
)
from app.engine.strategy import StrategyState, strategies
from app.engine.views import VIEW, VIEW_INSTRUMENTS

__all__ = [
    "LINKS",
    "gate_action",
    "gate_clock",
    "gate_command",
    "gate_marked",
    "gate_report",
    "gate_session",
    "gate_view",
    "layout",
    "open_session",
]


def open_session(arena: Arena, start_equity: int = 0) -> None:
    """Prepare accounts and gate, after the instruments were loaded.

    Parameters
    ----------
    start_equity : int
        Cash at the start, money in the base currency.
    """
    open_accounts(arena, start_equity)
    open_gate(arena)


# Commands.


@kernel
def _cancel_all(arena: int, links: int, command: Any) -> None:
    """CANCEL_ALL: a strategy's own, for manual commands everyone's; ends a flatten."""
    instrument, strategy = integer(command["instrument"]), integer(command["strategy"])
    whose = strategy if strategy > 0 else integer(ANY)
    if strategy == 0 and risk(arena)[0]["flatten"] == 0:
        for each in range(engine(arena)[0]["instruments"]):
            if instrument in (ANY, each):
                working(arena)[each]["flatten"] = Flatten.NONE
    meant = (integer(command["side"]), whose, integer(1))
    cancel_many(arena, links, instrument, meant, asked_reason(command))


@kernel
def _flatten(arena: int, links: int, command: Any) -> None:
    """FLATTEN: of one instrument or all, by rule 42."""
    instrument, strategy = integer(command["instrument"]), integer(command["strategy"])
    for each in range(engine(arena)[0]["instruments"]):
        if instrument in (ANY, each):
            begin_flatten(arena, links, integer(each), strategy)


@kernel
def _start_strategy(arena: int, links: int, command: Any) -> None:
    """START_STRATEGY: its positions are managed again; the kernel lets it run."""
    strategy = integer(command["strategy"])
    if engine(arena)[0]["safety_state"] == SafetyState.KILLED:
        refuse(arena, links, command, integer(Reason.STATE_KILLED))
    elif strategies(arena)[strategy]["state"] == StrategyState.EMPTY:
        refuse(arena, links, command, integer(Reason.UNSUPPORTED))
    else:
        unmanaged(arena, strategy, integer(0))
        running = integer(StrategyState.RUNNING)
        tell_strategy(arena, links, strategy, running, integer(Reason.NONE))


@kernel
def _stop_strategy(arena: int, links: int, strategy: int) -> None:
    """STOP_STRATEGY: the kernel has stopped it, or it failed."""
    reason = integer(Reason.NONE)
    if strategies(arena)[strategy]["state"] == StrategyState.FAILED:
        reason = integer(Reason.STRATEGY_RAISED)
    stop_strategy(arena, links, strategy, reason)


@kernel
def _is_addressed(arena: int, command: Any) -> bool:
    """Tell whether a command names an instrument, or all, and a possible strategy."""
    instrument = integer(command["instrument"])
    known = instrument == ANY or is_known_instrument(arena, instrument)
    return known and is_known_strategy(integer(command["strategy"]))


@kernel
def _many(arena: int, links: int, command: Any, action: int) -> bool:
    """Act on commands about many orders; False if the action is no such."""
    if action == Action.CANCEL_ALL:
        _cancel_all(arena, links, command)
    elif action == Action.FLATTEN:
        _flatten(arena, links, command)
    elif action == Action.KILL:
        kill(arena, links, integer(command["value"]))
    elif action == Action.STOP_STRATEGY and command["strategy"] > 0:
        _stop_strategy(arena, links, integer(command["strategy"]))
    elif action == Action.START_STRATEGY and command["strategy"] > 0:
        _start_strategy(arena, links, command)
    elif action == Action.FIRE_DRILL and command["strategy"] == 0:
        address = record_address(command)
        if call_link(arena, links, Link.VENUE_DRILL, address) == 0:
            refuse(arena, links, command, integer(Reason.UNSUPPORTED))
    else:
        return False
    return True


@entry
def gate_command(arena: int, links: int, address: int) -> int:
    """Link.GATE_COMMAND: act on the COMMAND at `address`."""
    command = view(address, 1, COMMAND)[0]
    action = integer(command["action"])
    if action == Action.NEW:
        command_new(arena, links, command)
    elif action == Action.CANCEL:
        command_cancel(arena, links, command)
    elif action == Action.REPLACE:
        command_replace(arena, links, command)
    else:
        forget_findings(arena)
        if not _is_addressed(arena, command):
            refuse(arena, links, command, integer(Reason.UNKNOWN_INSTRUMENT))
        elif not _many(arena, links, command, action):
            command_setting(arena, links, command)
    return 0


# Reports.


@kernel
def _book(arena: int, index: int, report: Any) -> None:
    """Book a fill of an order in positions and money."""
    order = orders(arena)[index]
    instrument, strategy = integer(order["instrument"]), integer(order["strategy"])
    price, fee = integer(report["last_price"]), integer(report["fee"])
    quantity = integer(report["last_quantity"]) * integer(order["side"])
    book_fill(arena, instrument, strategy, price, quantity, fee)
    mark_late_fill(arena, instrument, strategy)


@kernel
def _follow(arena: int, links: int, instrument: int, filled: bool) -> None:
    """Do what a change of an order or a position brings with it."""
    row = working(arena)[instrument]
    if filled:
        forget_findings(arena)
        watch_losses(arena, links)
        if row["exits"]:
            shrink_exits(arena, links, instrument)
    if row["flatten"]:
        flatten_step(arena, links, instrument)


@entry
def gate_report(arena: int, links: int, address: int) -> int:
    """Link.GATE_REPORT: apply the venue's REPORT at `address`, then give it out."""
    report = view(address, 1, REPORT)[0]
    index = find_order(arena, report["client_order_id"])
    if index == 0:
        risk(arena)[0]["unknown_reports"] += 1
        return 0
    order = orders(arena)[index]
    instrument = integer(order["instrument"])
    was_ended = is_ended(order["status"])
    outcome = apply_report(arena, index, report)
    if outcome == IGNORED:
        return 0
    if outcome == FILLED:
        _book(arena, index, report)
    if recount(arena, index) or outcome == FILLED:
        refresh_exposure(arena, instrument)
    ended = is_ended(order["status"]) and not was_ended
    asked = integer(order["end_reason"])
    pass_on(arena, links, index, report)
    if ended:
        kill_ended(arena, links, asked)
    _follow(arena, links, instrument, outcome == FILLED)
    return 1


# The market and time.


@rare
def _tell_stale(arena: int, links: int, instrument: int, stale: int) -> None:
    """Report that a book became stale, or fresh."""
    out_of_line()
    row = working(arena)[instrument]
    report = blank_report(arena, integer(ReportType.STALE), instrument)
    report["quantity"] = stale != Stale.FRESH
    report["filled"] = stale
    report["reason"] = Reason.STALE_BOOK if stale != Stale.FRESH else Reason.NONE
    row["stale"] = stale
    send(arena, links)


@kernel
def _marked(arena: int, links: int, instrument: int) -> None:
    """Mark an instrument whose book moved, and do what follows."""
    mark_instrument(arena, links, instrument)
    _follow_book(arena, links, instrument)


@kernel
def _follow_book(arena: int, links: int, instrument: int) -> None:
    """Do what follows from a book that moved, beside its mark."""
    row, stale = working(arena)[instrument], shown_stale(arena, instrument)
    if row["stale"] != stale:
        _tell_stale(arena, links, instrument, stale)
    if row["flatten"]:
        flatten_step(arena, links, instrument)


@entry
def gate_marked(arena: int, links: int, instrument: int) -> int:
    """Link.GATE_MARKED: an instrument's book moved, or all books (-1); see `MARKED`."""
    forget_findings(arena)
    if instrument <= MARKED:
        watch_losses(arena, links)
        _follow_book(arena, links, integer(MARKED) - instrument)
        return 0
    if instrument >= 0:
        _marked(arena, links, instrument)
        return 0
    for each in range(engine(arena)[0]["instruments"]):
        _marked(arena, links, each)
    return 0


@entry
def gate_action(arena: int, links: int, address: int) -> int:
    """Link.GATE_ACTION: a DIVIDEND, SPLIT or FUNDING record at `address`."""
    record = view(address, 1, MARKET)[0]
    forget_findings(arena)
    apply_action(arena, links, record)
    watch_losses(arena, links)
    return 0


@kernel
def _check_silence(arena: int, instrument: int, now: int) -> None:
    """Make a book stale whose feed, or whose limit, allows no such silence."""
    book = integer(instruments(arena)[instrument]["book"])
    if book == 0:
        return
    check_silence(arena, book, now)
    record = books(arena)[book]
    after = limit_of(arena, instrument, integer(RiskLimit.STALE_AFTER))
    silent = record["ts_received"] > 0 and now - record["ts_received"] > after
    if after and silent and record["stale"] == Stale.FRESH:
        set_stale(arena, book, integer(Stale.SILENT), now)


@kernel
def _pass_date(arena: int, instrument: int) -> None:
    """Book what a new trade date of an instrument brings: cash due, interest."""
    row, date = unsettled(arena)[instrument], date_of(arena, instrument)
    before = integer(row["date"])
    if date <= before:
        return
    row["date"] = date
    if before == 0:
        return
    accrue_borrow(arena, instrument, date - before)
    roll_over(arena, instrument, before, date)
    settle(arena, instrument, take_due(arena, instrument, date))


@entry
def gate_clock(arena: int, links: int, now: int) -> int:
    """Link.GATE_CLOCK: time passes (ns)."""
    forget_findings(arena)
    for instrument in range(engine(arena)[0]["instruments"]):
        _pass_date(arena, instrument)
        _check_silence(arena, instrument, now)
        _marked(arena, links, instrument)
        end_contract(arena, links, integer(instrument))
    retry_cancels(arena, links)
    return 0


@entry
def gate_session(arena: int, links: int, instrument: int) -> int:
    """Link.GATE_SESSION: an instrument's calendar changed its session."""
    _pass_date(arena, instrument)
    session_changed(arena, links, instrument)
    return 0


@kernel
def _view_instrument(arena: int, instrument: int, target: Any) -> None:
    """Write the limits that hold for an instrument, and what they stand at."""
    for limit in range(LIMIT_COUNT):
        target["limits"][limit] = limit_of(arena, instrument, limit)
        target["used"][limit] = 0
    row = positions(arena)[account_row(arena, instrument)]
    long = row["quantity"] + row["working_buy"]
    short = row["working_sell"] - row["quantity"]
    target["used"][RiskLimit.MAX_POSITION_SIZE] = max(long, short)
    target["used"][RiskLimit.MAX_SYMBOL_EXPOSURE] = row["exposure"]


@entry
def gate_view(arena: int, links: int, address: int) -> int:
    """Link.GATE_VIEW: write limits, what they stand at and reject counts to a VIEW."""
    target = view(address, 1, VIEW)[0]
    target["limits"][:] = limits(arena)[0]["value"]
    used = target["used"]
    used[:] = 0
    largest = integer(0)
    for instrument in range(engine(arena)[0]["instruments"]):
        row = positions(arena)[account_row(arena, instrument)]
        largest = max(largest, row["exposure"])
        if instrument < VIEW_INSTRUMENTS:
            _view_instrument(arena, instrument, target["instrument"][instrument])
    window = account_limit(arena, integer(RiskLimit.RATE_WINDOW))
    used[RiskLimit.MAX_SYMBOL_EXPOSURE] = largest
    used[RiskLimit.MAX_GROSS_EXPOSURE] = risk(arena)[0]["gross"]
    used[RiskLimit.MAX_DAILY_LOSS] = max(0, day_loss(arena))
    used[RiskLimit.MAX_DRAWDOWN] = drawdown(arena)
    used[RiskLimit.MARGIN] = accounts(arena)[0]["initial_margin"]
    used[RiskLimit.MESSAGE_RATE] = messages_within(arena, window)
    target["reject_counts"][:] = risk(arena)[0]["reject_counts"]
    return 0


LINKS: Final = {
    Link.GATE_COMMAND: gate_command,
    Link.GATE_REPORT: gate_report,
    Link.GATE_MARKED: gate_marked,
    Link.GATE_CLOCK: gate_clock,
    Link.GATE_SESSION: gate_session,
    Link.GATE_VIEW: gate_view,
    Link.GATE_ACTION: gate_action,
}
"""What a composer links of this unit."""
