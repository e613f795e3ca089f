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
from app.engine.exchange.day import step_day
from app.engine.exchange.drills import begin_drill, step_drill
from app.engine.exchange.rules import broken_rule, name_nearest
from app.engine.exchange.state import CONTROL_WORDS, Control, exchange
from app.engine.exchange.trading import act, end_due_orders
from app.engine.exchange.wire import deliver, push_status, release_due, send_report
from app.engine.matching_output import clear_outputs, report_refused
from app.engine.matching_state import match_report, matching
from app.engine.memory import view, words
from app.engine.native import monotonic_ns, nap_us, wall_clock_ns
from app.engine.records import COMMAND, Action, EventKind, Reason, ReportType
from app.engine.ring import ring_front, ring_release

_SECOND_NS: Final = 1_000_000_000
_SILENCE_NS: Final = 100_000_000
_MOST_BEHIND_NS: Final = 100_000_000
_TURNS_PER_PASS: Final = 64
_COMMANDS_PER_PASS: Final = 64
_NAP_US: Final = 250
"""Longest nap, and wait of a command; naps of 50 would cost a tenth of a core."""


@kernel
def _refuse(arena: int, control: int, command: Any, reason: int) -> None:
    """Answer a command that breaks a rule of its instrument."""
    clear_outputs(arena)
    kind = integer(ReportType.REJECTED)
    if command["action"] == Action.REPLACE:
        kind = integer(ReportType.REPLACE_REJECTED)
    elif command["action"] == Action.CANCEL:
        kind = integer(ReportType.CANCEL_REJECTED)
    report_refused(arena, command, kind, reason)
    if reason == Reason.OFF_TICK:
        name_nearest(arena, command)
    report = match_report(arena, 1)
    if reason == Reason.NOT_CONNECTED:
        # Said on this side of the line: nothing that waits beyond it comes first.
        send_report(control, report)
    else:
        deliver(arena, control, report)


@kernel
def _judge(arena: int, command: Any) -> int:
    """Why a command goes no further; a drill's refusals come first."""
    refusing = integer(exchange(arena)[0]["refusing"])
    cancels = command["action"] == Action.CANCEL
    if refusing == Reason.NOT_CONNECTED or (refusing and not cancels):
        return refusing
    return broken_rule(arena, command)


@kernel
def _take_command(arena: int, control: int, command: Any) -> None:
    command["account"] = 0
    if command["action"] == Action.FIRE_DRILL:
        drill, instrument = integer(command["value"]), integer(command["instrument"])
        begin_drill(arena, control, drill, instrument)
        return
    reason = _judge(arena, command)
    if reason == Reason.NONE:
        act(arena, control, command)
    else:
        _refuse(arena, control, command, reason)


@kernel
def take_commands(arena: int, control: int, limit: int) -> int:
    """Act on waiting commands of the user; return how many there were."""
    block = words(control, CONTROL_WORDS)
    for i in range(limit):
        address = ring_front(block[Control.COMMANDS])
        if address == 0:
            return i
        _take_command(arena, control, view(address, 1, COMMAND)[0])
        ring_release(block[Control.COMMANDS])
        block[Control.ACCEPTED] += 1
    return limit


@kernel
def _keep_awake(arena: int, control: int) -> None:
    """Send a TIMER if nothing was sent for long."""
    now = matching(arena)["now"]
    if now - words(control, CONTROL_WORDS)[Control.LAST_PUSH] >= _SILENCE_NS:
        push_status(arena, control, EventKind.TIMER, -1, 0, 0)


@kernel
def follow_time(arena: int, control: int) -> None:
    """Do what is due: orders that end, the day, the drill, reports that come late."""
    end_due_orders(arena, control)
    step_day(arena, control)
    step_drill(arena, control)
    release_due(arena, control)


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
        follow_time(arena, control)
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
        _keep_awake(arena, control)
        if worked == 0:
            wait_us = (due - now) // 1000
            nap_us(_NAP_US if resting else min(max(wait_us, 1), _NAP_US))
