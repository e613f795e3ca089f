"""Entries of the matching engine and of the built-in exchange."""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import entry, inlined
from app.engine.exchange.agents import take_turn
from app.engine.exchange.books import push_books
from app.engine.exchange.loop import follow_time, take_commands, trade_until_told
from app.engine.exchange.state import CONTROL_WORDS, Control
from app.engine.matching import match
from app.engine.matching_ids import prefetch_bucket, prefetch_order
from app.engine.matching_output import clear_outputs, outputs_have_room
from app.engine.matching_session import let_time_pass
from app.engine.matching_state import matching
from app.engine.memory import view, words
from app.engine.native import wall_clock_ns
from app.engine.prefetch import prefetch
from app.engine.records import COMMAND

UNTIL_TOLD: Final = -1
BOOKS: Final = -2
"""What `run_exchange` does instead of a number of turns."""

_TURN_NS: Final = 1_000_000
_COMMAND_BYTES: Final = COMMAND.itemsize
_LINE: Final = 64


@inlined
def _look_ahead(arena: int, commands: int, i: int, count: int) -> None:
    """Fetch what the next commands of a batch will touch: they are known."""
    prefetch(commands + (i + 16) * _COMMAND_BYTES)
    prefetch(commands + (i + 16) * _COMMAND_BYTES + _LINE)
    if i + 8 < count:
        ahead = view(commands + (i + 8) * _COMMAND_BYTES, 1, COMMAND)[0]
        account = integer(ahead["account"])
        prefetch_bucket(arena, account, ahead["client_order_id"])
        ahead = view(commands + (i + 4) * _COMMAND_BYTES, 1, COMMAND)[0]
        account = integer(ahead["account"])
        prefetch_order(arena, account, ahead["client_order_id"])


@entry
def match_batch(arena: int, commands: int, count: int) -> int:
    """Act on an array of COMMANDs, at its address, in one call.

    A command's venue time is the time of what it causes; what ends before it ends
    first. Outputs of earlier calls are forgotten. Without commands, `count` 0, time
    passes: `commands` is the time then, ns.

    Returns
    -------
    int
        How many were acted on: fewer than `count` when the outputs must be taken
        before there is room for those of one more.
    """
    clear_outputs(arena)
    state = matching(arena)
    if count == 0:
        let_time_pass(arena, commands)
    records = view(commands, count, COMMAND)
    for i in range(count):
        if state["outputs"] and not outputs_have_room(arena):
            return i
        _look_ahead(arena, commands, i, count)
        state["now"] = records[i]["ts_venue"]
        if state["conditions"]:
            let_time_pass(arena, state["now"])
        match(arena, records[i])
    return count


@entry
def run_exchange(arena: int, control: int, turns: int) -> int:
    """Run the exchange: until told to stop, or for some turns without a clock.

    `turns` is a number of agents' messages, a millisecond of the exchange's time each,
    sent after the waiting commands were taken; or `UNTIL_TOLD`; or `BOOKS`, to push
    every book whole. One entry for all three, so that the agents compile once.
    """
    state = matching(arena)
    if turns == UNTIL_TOLD:
        state["now"] = wall_clock_ns()
    if turns < 0 and not push_books(arena, control):
        return 0
    if turns == UNTIL_TOLD:
        trade_until_told(arena, control)
    is_open = words(control, CONTROL_WORDS)[Control.COMMANDS] != 0
    if turns >= 0 and is_open:
        take_commands(arena, control, 1 << 30)
    for _ in range(turns):
        state["now"] += _TURN_NS
        if is_open:
            follow_time(arena, control)
        take_turn(arena, control)
    return 1
