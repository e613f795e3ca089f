"""The kernel: one event folded into state, and the loop that feeds it.

`fold` is deterministic: state and outputs depend on the state before and on the record
alone. Sessions and timers that became due before a record happen first, at their time.
What touches the world stands around it: `process` numbers, stamps and logs an inbound
record; `run_live` polls the rings, lets time pass, publishes views and naps.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import USED, Section, section_words
from app.engine.atomics import load_acquire, pause
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
)
from app.engine.bits import highest_bit, integer
from app.engine.compile import entry, kernel
from app.engine.control import CONTROL_WORDS, Control, Outcome
from app.engine.links import LINK_WORDS, Link, call_link, linked
from app.engine.log import (
    CONTROL_WORDS as LOG_WORDS,
    CURSOR,
    END,
    READY,
    SEGMENT,
    log_append,
)
from app.engine.memory import record_address, view, words
from app.engine.native import monotonic_ns, nap_us, wall_clock_ns
from app.engine.records import (
    COMMAND,
    MARKET,
    MARKET_BYTES,
    REPORT,
    WIDE_BYTES,
    Action,
    EventKind,
    RecordFlag,
    ReportType,
    SafetyState,
    SessionState,
)
from app.engine.ring import ring_front, ring_push, ring_release
from app.engine.schedule import (
    NEVER,
    ends_in_passing,
    enter_session,
    follow_schedule,
    next_session,
    plan,
    schedules,
    session_event,
    session_ts,
    take_timer,
    timer_ts,
)
from app.engine.state import MAX_STRATEGIES, engine, instruments
from app.engine.strategy import (
    BY_HANDLER,
    Handler,
    StrategyState,
    call_handler,
    call_handlers,
    follows,
    forget_requests,
    strategies,
    take_request,
)
from app.engine.views import HISTOGRAM_BUCKETS

TIME_BOUND: Final = 2**62
"""Times, ns since 1970, are smaller: a latency or an interval may be added to them."""
INBOUND: Final = 0
DECISION: Final = 1
"""Streams of the log."""

_LOG_RESERVE: Final = 1 << 20
_BATCH: Final = 32
_TIMER_IDLE_NS: Final = 100_000_000


@kernel
def _control(links: int) -> Any:
    return words(linked(links, Link.CONTROL), CONTROL_WORDS)


@kernel
def _log_has_room(log: int) -> bool:
    """Tell whether an event and all that it decides will fit the log.

    Without room the loop takes no event: what cannot be written down does not happen,
    and feeds wait in their rings. It goes on by itself once the journal has room.
    """
    if log == 0:
        return True
    control = words(log, LOG_WORDS)
    if control[END] - control[CURSOR] >= _LOG_RESERVE:
        return True
    return load_acquire(log + 8 * READY) > control[SEGMENT]


@kernel
def _append(links: int, address: int, size: int, stream: int, number: int) -> None:
    """Write a record to the log; see `_log_has_room` for why there is room."""
    log = linked(links, Link.LOG)
    if log == 0:
        return
    control = _control(links)
    if log_append(log, address, size, stream, number):
        control[Control.LOGGED] += 1
    else:
        control[Control.UNLOGGED] += 1


@kernel
def _is_wide(kind: int) -> bool:
    return kind == EventKind.COMMAND or kind == EventKind.REPORT


@entry
def emit(arena: int, links: int, address: int) -> int:
    """Give out one REPORT: log, the window's ring, the strategy it belongs to."""
    report = view(address, 1, REPORT)[0]
    session = engine(arena)[0]
    session["reports"] += 1
    report["kind"] = EventKind.REPORT
    report["sequence"] = session["reports"]
    kind = integer(report["report"])
    rejected = (
        kind == ReportType.REJECTED
        or kind == ReportType.CANCEL_REJECTED
        or kind == ReportType.REPLACE_REJECTED
    )
    if rejected:
        session["rejects"] += 1
    if kind == ReportType.FILL:
        session["fills"] += 1
    _append(links, address, WIDE_BYTES, DECISION, session["event"])
    ring = linked(links, Link.EVENTS_OUT)
    if ring and not ring_push(ring, address):
        _control(links)[Control.EVENTS_LOST] += 1
    strategy = integer(report["strategy"])
    if 0 < strategy < MAX_STRATEGIES and kind < ReportType.STATE:
        if kind == ReportType.FILL:
            call_handler(arena, links, strategy, Handler.ON_FILL, address)
        call_handler(arena, links, strategy, Handler.ON_ORDER, address)
    return 0


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
    call_link(arena, links, Link.GATE_MARKED, instrument)
    handler = _market_handler(integer(record["kind"]))
    if handler >= 0 and not (handler == Handler.ON_BAR and wait(arena, address)):
        call_handlers(arena, links, handler, instrument, address)
    if record["flags"] & RecordFlag.LAST and handler != Handler.ON_BAR:
        call_handlers(arena, links, Handler.ON_BOOK, instrument, address)
    ring = linked(links, Link.MARKET_OUT)
    if ring and not ring_push(ring, address):
        _control(links)[Control.MARKET_LOST] += 1


@kernel
def _follows_one(arena: int, strategy: int, row: int) -> bool:
    """Whether a strategy follows the instrument of a bar that waits, from this row."""
    while row:
        if follows(strategies(arena)[strategy], waiting_instrument(arena, row)):
            return True
        row = waiting_behind(arena, row)
    return False


@kernel
def _tell_bars(arena: int, links: int) -> None:
    """Call the handlers of all bars that waited, then those of the whole time (11)."""
    first = first_waiting(arena)
    row, last = first, first
    while row:
        instrument, address = waiting_instrument(arena, row), waiting_bar(arena, row)
        call_handlers(arena, links, Handler.ON_BAR, instrument, address)
        last, row = row, waiting_behind(arena, row)
    for strategy in range(1, section_words(arena, Section.STRATEGIES)[USED]):
        if _follows_one(arena, strategy, first):
            address = waiting_bar(arena, last)
            call_handler(arena, links, strategy, Handler.ON_BARS, address)
    forget_waiting(arena)
    _fold_requests(arena, links)


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
    """Stop a strategy, if it runs."""
    if strategies(arena)[strategy]["state"] == StrategyState.RUNNING:
        call_handler(arena, links, strategy, Handler.ON_STOP, 0)
        strategies(arena)[strategy]["state"] = StrategyState.STOPPED


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
        _stop(arena, links, strategy)
    call_link(arena, links, Link.GATE_COMMAND, address)
    if action == Action.START_STRATEGY and known:
        state = strategies(arena)[strategy]["state"]
        killed = engine(arena)[0]["safety_state"] == SafetyState.KILLED
        if state != StrategyState.EMPTY and not killed:
            strategies(arena)[strategy]["state"] = StrategyState.RUNNING
            call_handler(arena, links, strategy, Handler.ON_START, 0)


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
def _fold_requests(arena: int, links: int) -> None:
    """Send strategies' requests through the gate, those they cause included."""
    scratch = linked(links, Link.CONTROL) + 8 * Control.REQUEST_RECORD
    index = 1
    while take_request(arena, index, scratch):
        number = engine(arena)[0]["event"]
        _append(links, scratch, WIDE_BYTES, DECISION, number)
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
    """Call the strategy whose timer is due."""
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
        _fold_requests(arena, links)
    plan(arena)


@kernel
def fold(arena: int, links: int, address: int) -> None:
    """Fold one inbound record into state; what was due before it happens before it."""
    record = view(address, 1, MARKET)[0]
    session = engine(arena)[0]
    session["event"] += 1
    ts, kind = integer(record["ts_received"]), integer(record["kind"])
    if abs(ts) >= TIME_BOUND:
        session["bad_records"] += 1
        return
    if ts >= session["schedule_due"]:
        # A bar is stamped at its close: it goes before the session that ends with it.
        until = ts - 1 if kind == EventKind.BAR else ts
        _pass_time(arena, links, until, ts - 1)
    if is_due(arena, ts):
        _pass_bars(arena, links, ts)
    if ts > session["now"]:
        session["now"] = ts
    if kind == EventKind.COMMAND:
        _fold_command(arena, links, address)
    elif kind == EventKind.REPORT:
        call_link(arena, links, Link.VENUE_REPORT, address)
    elif kind == EventKind.TIMER:
        _fold_time(arena, links, address)
    else:
        _fold_market(arena, links, address)
    _fold_requests(arena, links)
    if kind == EventKind.TIMER and ts >= session["schedule_due"]:
        _pass_time(arena, links, ts, ts)


@kernel
def count_latency(histogram: Any, latency_ns: int) -> None:
    """Count a latency in its bucket: two buckets for each doubling."""
    if latency_ns < 1:
        latency_ns = 1
    top = highest_bit(np.uint64(latency_ns))
    half = (latency_ns >> (top - 1)) & 1 if top > 0 else 0
    bucket = min(2 * top + half, HISTOGRAM_BUCKETS - 1)
    histogram[bucket] += 1


@kernel
def process(arena: int, links: int, address: int, feed_clock: bool) -> None:
    """Stamp, log and fold one inbound record, and count how long that took."""
    record = view(address, 1, MARKET)[0]
    kind = integer(record["kind"])
    control = _control(links)
    wide = _is_wide(kind)
    begun = wall_clock_ns()
    if wide:
        now = engine(arena)[0]["now"]
        record["ts_received"] = now if feed_clock else begun
    size = WIDE_BYTES if wide else MARKET_BYTES
    _append(links, address, size, INBOUND, engine(arena)[0]["event"] + 1)
    fold(arena, links, address)
    ended = wall_clock_ns()
    if kind == EventKind.COMMAND:
        histogram = control[Control.COMMAND_HISTOGRAM :]
        count_latency(histogram, ended - record["ts_venue"])
    else:
        since = begun if feed_clock or wide else record["ts_received"]
        count_latency(control[Control.HISTOGRAM :], ended - since)


@kernel
def _poll(arena: int, links: int, feed_clock: bool) -> int:
    """Process a few records of each input ring; return how many there were."""
    table = words(links, LINK_WORDS)
    worked = 0
    if not _log_has_room(table[Link.LOG]):
        _control(links)[Control.STALLS] += 1
        return 0
    for i in range(table[Link.INPUT_COUNT]):
        ring = table[Link.INPUTS + i]
        for _ in range(_BATCH):
            address = ring_front(ring)
            if address == 0:
                break
            process(arena, links, address, feed_clock)
            ring_release(ring)
            worked += 1
    return worked


@kernel
def _let_time_pass(arena: int, links: int) -> None:
    """Make a TIMER event when something is due, or when the last is long ago.

    A lively market is no clock: what is asked again each second, and an instrument that
    has fallen silent among others, must not wait until all is quiet.
    """
    if not _log_has_room(linked(links, Link.LOG)):
        return
    now = wall_clock_ns()
    address = linked(links, Link.CONTROL) + 8 * Control.TIMER_RECORD
    record = view(address, 1, MARKET)[0]
    idle = now - record["ts_received"]
    due = call_link(arena, links, Link.VENUE_DUE, 0)
    bars_wait = is_due(arena, now)
    due = min(due or NEVER, engine(arena)[0]["schedule_due"])
    if idle < _TIMER_IDLE_NS and due > now and not bars_wait:
        return
    record["ts_venue"] = now
    record["ts_received"] = now
    record["instrument"] = -1
    record["kind"] = EventKind.TIMER
    process(arena, links, address, False)


@kernel
def _publish(arena: int, links: int, control: Any, now: int) -> None:
    if now - control[Control.LAST_VIEW] < control[Control.VIEW_INTERVAL_NS]:
        return
    control[Control.LAST_VIEW] = now
    control[Control.HEARTBEAT] = now
    if call_link(arena, links, Link.PUBLISH_VIEW, wall_clock_ns()) == 0:
        control[Control.VIEWS_SKIPPED] += 1


@entry
def run_live(arena: int, links: int, unused: int) -> int:
    """Poll, fold, publish and nap until told to stop; see `Control`."""
    address = linked(links, Link.CONTROL)
    control = _control(links)
    feed_clock = control[Control.FEED_CLOCK] != 0
    busy_until = monotonic_ns() + control[Control.SPIN_NS]
    while True:
        if load_acquire(address + 8 * Control.STOP):
            return Outcome.STOPPED
        if load_acquire(address + 8 * Control.BREAK):
            return Outcome.BROKEN_OFF
        worked = _poll(arena, links, feed_clock)
        if not feed_clock:
            _let_time_pass(arena, links)
        now = monotonic_ns()
        _publish(arena, links, control, now)
        if worked:
            busy_until = now + control[Control.SPIN_NS]
        elif now > busy_until:
            control[Control.NAPS] += 1
            nap_us(control[Control.NAP_US])
        else:
            pause()


@entry
def fold_record(arena: int, links: int, address: int) -> int:
    """Fold one record without log or clock: tests, replay."""
    fold(arena, links, address)
    return engine(arena)[0]["event"]


@entry
def fold_frames(arena: int, links: int, batch: int) -> int:
    """Fold a batch of records that lie one after another: replay of a log.

    `batch` is the address of two words: the address of the first record and the number
    of bytes. Records are 64 or 128 bytes by their kind.
    """
    header = words(batch, 2)
    address, end = header[0], header[0] + header[1]
    count = 0
    while address < end:
        kind = integer(view(address, 1, MARKET)[0]["kind"])
        fold(arena, links, address)
        address += WIDE_BYTES if _is_wide(kind) else MARKET_BYTES
        count += 1
    return count
