"""The exchange's loop: commands first, then agents at their pace, then time itself.

The agents' pace is messages per second of the monotonic clock; what a stall left undone
is not caught up with beyond a tenth of a second. Records carry the wall clock. A feed
that is silent for 100 ms sends a TIMER, so that time passes for its reader.
"""

from typing import Any, Final

from app.engine.atomics import load_acquire
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.agents import take_turn
from app.engine.exchange.rules import broken_rule, name_nearest
from app.engine.exchange.state import (
    CONTROL_WORDS,
    Control,
    exchange,
)
from app.engine.exchange.trading import (
    act,
    end_due_orders,
    push_market,
    push_record,
)
from app.engine.matching_output import clear_outputs, report_refused
from app.engine.matching_state import (
    match_level,
    match_order,
    match_report,
    match_side,
    matching,
    side_index,
)
from app.engine.memory import record_address, view, words
from app.engine.native import monotonic_ns, nap_us, wall_clock_ns
from app.engine.records import (
    BUY,
    COMMAND,
    MARKET,
    NO_PRICE,
    REPORT,
    SELL,
    Action,
    EventKind,
    Reason,
    RecordFlag,
    ReportType,
    SessionState,
)
from app.engine.ring import ring_front, ring_release

_LAST: Final = int(RecordFlag.LAST)
_SNAPSHOT: Final = int(RecordFlag.SNAPSHOT)
_REPORT_BYTES: Final = REPORT.itemsize
_SECOND_NS: Final = 1_000_000_000
_SILENCE_NS: Final = 100_000_000
_MOST_BEHIND_NS: Final = 100_000_000
_TURNS_PER_PASS: Final = 64
_COMMANDS_PER_PASS: Final = 64
_NAP_US: Final = 250
"""Longest nap, and wait of a command; naps of 50 would cost a tenth of a core."""


@kernel
def _scratch(arena: int, control: int, kind: int, instrument: int) -> Any:
    """Begin a market record that is no order's."""
    record = view(control + 8 * Control.SCRATCH, 1, MARKET)[0]
    now = matching(arena)["now"]
    record["ts_venue"] = now
    record["ts_received"] = now
    record["instrument"] = instrument
    record["kind"] = kind
    record["source"] = 0
    record["flags"] = 0
    record["price"] = NO_PRICE
    record["size"] = 0
    record["reference"] = 0
    record["count"] = 0
    record["side"] = 0
    record["aggressor"] = 0
    record["conditions"] = 0
    return record


@kernel
def _push_status(
    arena: int, control: int, kind: int, instrument: int, flags: int, count: int
) -> bool:
    record = _scratch(arena, control, kind, instrument)
    record["flags"] = flags
    record["count"] = count
    return push_market(control, record)


@kernel
def _push_side(arena: int, control: int, instrument: int, side: int) -> bool:
    """Push one side of the book as ORDER_ADDs, each queue from its head."""
    level = integer(match_side(arena, side_index(instrument, side))["best"])
    while level:
        row = match_level(arena, level)
        index = integer(row["head"])
        while index:
            order = match_order(arena, index)
            record = _scratch(arena, control, EventKind.ORDER_ADD, instrument)
            record["flags"] = _SNAPSHOT
            record["price"] = row["price"]
            record["size"] = order["leaves"]
            record["reference"] = order["venue_order_id"]
            record["side"] = side
            if not push_market(control, record):
                return False
            index = integer(order["next"])
        level = integer(row["worse"])
    return True


@kernel
def push_books(arena: int, control: int) -> bool:
    """Open the session and give every book whole; False when told to stop."""
    for instrument in range(exchange(arena)[0]["instruments"]):
        session = integer(SessionState.OPEN)
        begun = _push_status(
            arena, control, EventKind.SESSION, instrument, _LAST, session
        ) and _push_status(
            arena, control, EventKind.SNAPSHOT_BEGIN, instrument, _SNAPSHOT, 0
        )
        whole = begun and _push_side(arena, control, instrument, BUY)
        whole = whole and _push_side(arena, control, instrument, SELL)
        flags = _SNAPSHOT | _LAST
        if not whole or not _push_status(
            arena, control, EventKind.SNAPSHOT_END, instrument, flags, 0
        ):
            return False
    return True


@kernel
def _refuse(arena: int, control: int, command: Any, reason: int) -> None:
    """Answer a command that breaks a rule of its instrument."""
    clear_outputs(arena)
    kind = integer(ReportType.REJECTED)
    if command["action"] == Action.REPLACE:
        kind = integer(ReportType.REPLACE_REJECTED)
    report_refused(arena, command, kind, reason)
    if reason == Reason.OFF_TICK:
        name_nearest(arena, command)
    ring = words(control, CONTROL_WORDS)[Control.REPORTS]
    report = match_report(arena, 1)
    push_record(control, ring, record_address(report), _REPORT_BYTES)


@kernel
def take_commands(arena: int, control: int, limit: int) -> int:
    """Act on waiting commands of the user; return how many there were."""
    block = words(control, CONTROL_WORDS)
    for i in range(limit):
        address = ring_front(block[Control.COMMANDS])
        if address == 0:
            return i
        command = view(address, 1, COMMAND)[0]
        command["account"] = 0
        reason = broken_rule(arena, command)
        if reason == Reason.NONE:
            act(arena, control, command)
        else:
            _refuse(arena, control, command, reason)
        ring_release(block[Control.COMMANDS])
        block[Control.ACCEPTED] += 1
    return limit


@kernel
def _keep_awake(arena: int, control: int) -> None:
    """Send a TIMER if nothing was sent for long."""
    now = matching(arena)["now"]
    if now - words(control, CONTROL_WORDS)[Control.LAST_PUSH] >= _SILENCE_NS:
        _push_status(arena, control, EventKind.TIMER, -1, 0, 0)


@kernel
def _is_told(control: int, word: int) -> bool:
    return load_acquire(control + 8 * word) != 0


@kernel
def trade_until_told(arena: int, control: int) -> None:
    """Run until `Control.STOP`."""
    state = matching(arena)
    due = monotonic_ns()
    while not _is_told(control, Control.STOP):
        state["now"] = wall_clock_ns()
        worked = take_commands(arena, control, _COMMANDS_PER_PASS)
        gap = _SECOND_NS // max(load_acquire(control + 8 * Control.RATE), 1)
        now = monotonic_ns()
        due = max(due, now - _MOST_BEHIND_NS)
        resting = _is_told(control, Control.PAUSED)
        for _ in range(_TURNS_PER_PASS):
            if resting or due > now:
                break
            take_turn(arena, control)
            due += gap
            worked += 1
        end_due_orders(arena, control)
        _keep_awake(arena, control)
        if worked == 0:
            wait_us = (due - now) // 1000
            nap_us(_NAP_US if resting else min(max(wait_us, 1), _NAP_US))
