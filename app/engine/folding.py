"""One event folded into state.

`fold` is deterministic: state and outputs depend on the state before and on the record
alone. Sessions, timers and bars that became due before a record happen first, at their
time; then the record, by its kind; then what strategies asked for.
"""

from typing import Any, Final

from app.engine.arena import USED, Section, section_words
from app.engine.bars import (
    close_bars,
    first_waiting,
    forget_waiting,
    is_due,
    next_close,
    note_trade,
    wait,
    waiting_bar,
    waiting_behind,
    waiting_instrument,
    waiting_size,
)
from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.control import Control
from app.engine.links import Link, call_link, linked
from app.engine.memory import record_address, view
from app.engine.outbound import DECISION, append_record, control_of
from app.engine.records import (
    COMMAND,
    MARKET,
    WIDE_BYTES,
    Action,
    EventKind,
    RecordFlag,
    SafetyState,
    SessionState,
)
from app.engine.ring import ring_push
from app.engine.schedule import (
    due_strategy,
    ends_in_passing,
    enter_session,
    follow_schedule,
    hold_timer,
    next_session,
    plan,
    release_timers,
    schedules,
    session_event,
    session_ts,
    take_timer,
    timer_ts,
)
from app.engine.state import MAX_STRATEGIES, engine, instruments
from app.engine.strategy import (
    BY_HANDLER,
    PAUSE,
    Handler,
    StrategyState,
    call_handler,
    call_handlers,
    call_now,
    follows,
    forget_requests,
    has_handler,
    has_requests,
    strategies,
    take_request,
    takes_bar,
)

TIME_BOUND: Final = 2**62
"""Times, ns since 1970, are smaller: a latency or an interval may be added to them."""


@kernel
def _market_handler(kind: int) -> int:
    """Handler that a market record is for; -1 for none."""
    if kind == EventKind.BAR:
        return Handler.ON_BAR
    if kind == EventKind.QUOTE:
        return Handler.ON_QUOTE
    if kind == EventKind.TRADE or kind == EventKind.ORDER_EXECUTE:
        return Handler.ON_TRADE
    if kind == EventKind.SESSION:
        return Handler.ON_SESSION
    if kind == EventKind.SIGNAL:
        return Handler.ON_SIGNAL
    return -1


@kernel
def hand_on(arena: int, links: int, address: int) -> None:
    """Give a market record, whose book has moved, to strategies and to the window."""
    record = view(address, 1, MARKET)[0]
    instrument = integer(record["instrument"])
    handler = _market_handler(integer(record["kind"]))
    if handler >= 0 and not (handler == Handler.ON_BAR and wait(arena, address)):
        call_handlers(arena, links, handler, instrument, address)
    if record["flags"] & RecordFlag.LAST and handler != Handler.ON_BAR:
        call_handlers(arena, links, Handler.ON_BOOK, instrument, address)
    ring = linked(links, Link.MARKET_OUT)
    if ring and not ring_push(ring, address):
        control_of(links)[Control.MARKET_LOST] += 1


@kernel
def _fold_market(arena: int, links: int, address: int) -> None:
    record = view(address, 1, MARKET)[0]
    instrument = integer(record["instrument"])
    session = engine(arena)[0]
    if instrument >= session["instruments"]:
        session["bad_records"] += 1
        return
    session["market_records"] += 1
    changed = call_link(arena, links, Link.VENUE_MARKET, address)
    note_trade(arena, record, changed)
    if instrument >= 0 and record["kind"] >= EventKind.DIVIDEND:
        call_link(arena, links, Link.GATE_ACTION, address)
    # Any number below nought names no instrument; to the gate one below -1 would.
    call_link(arena, links, Link.GATE_MARKED, max(instrument, -1))
    hand_on(arena, links, address)


@inlined
def _takes(arena: int, strategy: int, row: int) -> bool:
    """Whether a strategy follows a waiting bar's instrument, and takes its kind."""
    if not follows(strategies(arena)[strategy], waiting_instrument(arena, row)):
        return False
    size, address = waiting_size(arena, row), waiting_bar(arena, row)
    return takes_bar(arena, strategy, size, address)


@kernel
def _takes_one(arena: int, strategy: int, row: int) -> bool:
    """Whether a strategy takes one of the bars that wait, from this row."""
    while row:
        if _takes(arena, strategy, row):
            return True
        row = waiting_behind(arena, row)
    return False


@inlined
def tell_waiting(arena: int, links: int) -> None:
    """Call the handlers of all bars that waited, then those of the whole time (11)."""
    first, count = first_waiting(arena), section_words(arena, Section.STRATEGIES)[USED]
    row, last = first, first
    while row:
        address = waiting_bar(arena, row)
        for strategy in range(1, count):
            if _takes(arena, strategy, row):
                call_now(arena, links, strategy, Handler.ON_BAR, address)
        last, row = row, waiting_behind(arena, row)
    for strategy in range(1, count):
        has_one = has_handler(strategies(arena)[strategy], Handler.ON_BARS)
        if has_one and _takes_one(arena, strategy, first):
            address = waiting_bar(arena, last)
            call_handler(arena, links, strategy, Handler.ON_BARS, address)
    forget_waiting(arena)


@kernel
def _tell_bars(arena: int, links: int) -> None:
    """Call the handlers of all bars that waited, and act on what they asked for."""
    tell_waiting(arena, links)
    if has_requests(arena):
        fold_requests(arena, links)


@kernel
def _pass_bars(arena: int, links: int, time: int) -> None:
    """Close the bars that end by a time (ns), and let the handlers run of those before.

    The clock stands at each close while its handlers run, and what was due at the venue
    by then has happened, so that they see what a strategy would have seen.
    """
    session = engine(arena)[0]
    while is_due(arena, time):
        closes = next_close(arena)
        if first_waiting(arena) and session["now"] < min(closes, time):
            _tell_bars(arena, links)
        elif closes <= time:
            # Data of an instant act before our orders that arrive in it.
            call_link(arena, links, Link.VENUE_CLOCK, min(closes, time - 1))
            session["now"] = max(session["now"], closes)
            close_bars(arena, closes)
        else:
            return


@kernel
def _fold_time(arena: int, links: int, address: int) -> None:
    now = engine(arena)[0]["now"]
    call_link(arena, links, Link.VENUE_CLOCK, now)
    call_link(arena, links, Link.GATE_CLOCK, now)
    if first_waiting(arena):
        _tell_bars(arena, links)
    if view(address, 1, MARKET)[0]["reference"]:
        call_handlers(arena, links, Handler.ON_TIMER, -1, address)


@kernel
def _stop(arena: int, links: int, strategy: int) -> None:
    """Stop a strategy, if it runs or is paused."""
    record = strategies(arena)[strategy]
    if record["state"] == StrategyState.PAUSED:
        record["state"] = StrategyState.RUNNING
        release_timers(arena, strategy)
    if record["state"] == StrategyState.RUNNING:
        call_handler(arena, links, strategy, Handler.ON_STOP, 0)
        if record["state"] == StrategyState.RUNNING:
            record["state"] = StrategyState.STOPPED


@kernel
def _pause(arena: int, strategy: int) -> None:
    """Pause a strategy, if it runs: its memory stays, and no handler is called."""
    if strategies(arena)[strategy]["state"] == StrategyState.RUNNING:
        strategies(arena)[strategy]["state"] = StrategyState.PAUSED


@kernel
def _begin(arena: int, links: int, strategy: int) -> None:
    """Let a strategy run: from its begin, or on from where it was paused."""
    record = strategies(arena)[strategy]
    state = record["state"]
    killed = engine(arena)[0]["safety_state"] == SafetyState.KILLED
    if state == StrategyState.EMPTY or killed:
        return
    record["state"], record["status"] = StrategyState.RUNNING, 0
    if state == StrategyState.PAUSED:
        release_timers(arena, strategy)
    if state != StrategyState.PAUSED and state != StrategyState.RUNNING:
        call_handler(arena, links, strategy, Handler.ON_START, 0)


@kernel
def _stop_all(arena: int, links: int) -> None:
    for strategy in range(1, MAX_STRATEGIES):
        _stop(arena, links, strategy)


@kernel
def _fold_command(arena: int, links: int, address: int) -> None:
    """Act on a command; starting and stopping strategies is the kernel's own part."""
    command = view(address, 1, COMMAND)[0]
    action = integer(command["action"])
    strategy = integer(command["strategy"])
    engine(arena)[0]["commands"] += 1
    known = 0 < strategy < MAX_STRATEGIES
    if action == Action.KILL:
        _stop_all(arena, links)
    elif action == Action.STOP_STRATEGY and known:
        if command["value"] == PAUSE:
            _pause(arena, strategy)
        else:
            _stop(arena, links, strategy)
    call_link(arena, links, Link.GATE_COMMAND, address)
    if action == Action.START_STRATEGY and known:
        _begin(arena, links, strategy)


@kernel
def _may_request(command: Any) -> bool:
    """Whether a handler may ask for this: orders, but nobody's rules or money."""
    action = integer(command["action"])
    if command["source"] != BY_HANDLER:
        return True
    return (
        Action.NEW <= action <= Action.CANCEL_ALL
        or action == Action.FLATTEN
        or action == Action.STOP_STRATEGY
    )


@kernel
def fold_requests(arena: int, links: int) -> None:
    """Send strategies' requests through the gate, those they cause included."""
    fold_requests_from(arena, links, integer(1))


@kernel
def fold_requests_from(arena: int, links: int, index: int) -> None:
    """Send the requests from `index` on; those before it are dealt with."""
    scratch = linked(links, Link.CONTROL) + 8 * Control.REQUEST_RECORD
    while take_request(arena, index, scratch):
        number = engine(arena)[0]["event"]
        append_record(links, scratch, WIDE_BYTES, DECISION, number)
        if _may_request(view(scratch, 1, COMMAND)[0]):
            _fold_command(arena, links, scratch)
        else:
            engine(arena)[0]["bad_records"] += 1
        index += 1
    forget_requests(arena)


@kernel
def _reach(arena: int, links: int, ts: int, venue_ts: int) -> None:
    """Let the clock come to an instant, and what the venue has due by then happen."""
    session = engine(arena)[0]
    if venue_ts >= session["now"]:
        session["now"] = venue_ts
        call_link(arena, links, Link.VENUE_CLOCK, venue_ts)
    session["now"] = max(session["now"], ts)


@kernel
def _tell_session(arena: int, links: int, schedule: int, ts: int) -> None:
    """Tell venue, gate and strategies what a schedule says from an instant on.

    Where a trade date ends in a market that does not close, it is closed to the venue
    for an instant, so that DAY orders end alike everywhere.
    """
    for instrument in range(engine(arena)[0]["instruments"]):
        if instruments(arena)[instrument]["calendar"] != schedule:
            continue
        if ends_in_passing(arena, schedule):
            instruments(arena)[instrument]["session"] = SessionState.CLOSED
            call_link(arena, links, Link.VENUE_SESSION, instrument)
        follow_schedule(arena, instrument, ts)
        call_link(arena, links, Link.VENUE_SESSION, instrument)
        call_link(arena, links, Link.GATE_SESSION, instrument)
        if schedules(arena)[schedule]["told"]:
            event = record_address(session_event(arena, instrument, ts))
            call_handlers(arena, links, Handler.ON_SESSION, instrument, event)
    schedules(arena)[schedule]["told"] = 1


@kernel
def _begin_sessions(arena: int, links: int, now: int) -> None:
    """Tell everyone where the schedules stand, at the first event."""
    for schedule in range(1, section_words(arena, Section.SCHEDULES)[USED]):
        if schedules(arena)[schedule]["told"] == 0:
            _tell_session(arena, links, integer(schedule), now)


@kernel
def _wake(arena: int, links: int) -> None:
    """Call the strategy whose timer is due; one that is paused, when it goes on."""
    if strategies(arena)[due_strategy(arena)]["state"] == StrategyState.PAUSED:
        hold_timer(arena)
        return
    event = take_timer(arena)
    strategy, address = integer(event["count"]), record_address(event)
    call_handler(arena, links, strategy, Handler.ON_TIMER, address)


@kernel
def _pass_time(arena: int, links: int, until: int, timers_until: int) -> None:
    """Let sessions and timers that are due happen, each at its own time, in order.

    Parameters
    ----------
    until, timers_until : int
        The last instants, ns, of sessions and of timers; at equal times sessions go
        first.
    """
    if engine(arena)[0]["schedule_due"] == 0:
        _begin_sessions(arena, links, until)
    while True:
        schedule, wake = next_session(arena), timer_ts(arena)
        ts = session_ts(arena, schedule)
        if ts <= wake and ts <= until:
            if is_due(arena, ts):
                _pass_bars(arena, links, ts)
            _reach(arena, links, ts, ts - 1)
            enter_session(arena, schedule)
            _tell_session(arena, links, schedule, ts)
        elif wake < ts and wake <= timers_until:
            if is_due(arena, wake):
                _pass_bars(arena, links, wake)
            _reach(arena, links, wake, wake)
            if first_waiting(arena):
                _tell_bars(arena, links)
            _wake(arena, links)
        else:
            break
        fold_requests(arena, links)
    plan(arena)


@kernel
def come_to(arena: int, links: int, record: Any) -> bool:
    """Let what was due before a record happen; False if its time is impossible."""
    session = engine(arena)[0]
    session["event"] += 1
    ts = integer(record["ts_received"])
    if abs(ts) >= TIME_BOUND:
        session["bad_records"] += 1
        return False
    if ts >= session["schedule_due"]:
        # A bar is stamped at its close: it goes before the session that ends with it.
        until = ts - 1 if record["kind"] == EventKind.BAR else ts
        _pass_time(arena, links, until, ts - 1)
    if is_due(arena, ts):
        _pass_bars(arena, links, ts)
    if ts > session["now"]:
        session["now"] = ts
    return True


@kernel
def act_on(arena: int, links: int, address: int) -> None:
    """Fold a record for which time has come, by its kind."""
    kind = integer(view(address, 1, MARKET)[0]["kind"])
    if kind == EventKind.COMMAND:
        _fold_command(arena, links, address)
    elif kind == EventKind.REPORT:
        call_link(arena, links, Link.VENUE_REPORT, address)
    elif kind == EventKind.TIMER:
        _fold_time(arena, links, address)
    else:
        _fold_market(arena, links, address)


@kernel
def leave(arena: int, links: int, record: Any) -> None:
    """Do what strategies asked for at a record, and what its time has brought."""
    if has_requests(arena):
        fold_requests(arena, links)
    ts = integer(record["ts_received"])
    if record["kind"] == EventKind.TIMER and ts >= engine(arena)[0]["schedule_due"]:
        _pass_time(arena, links, ts, ts)


@kernel
def fold(arena: int, links: int, address: int) -> None:
    """Fold one inbound record into state; what was due before it happens before it."""
    record = view(address, 1, MARKET)[0]
    if come_to(arena, links, record):
        act_on(arena, links, address)
        leave(arena, links, record)
