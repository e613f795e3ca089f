"""Entries of the matching engine and of the built-in exchange."""

from app.engine.bits import integer
from app.engine.compile import entry, inlined
from app.engine.exchange.agents import take_turn
from app.engine.exchange.loop import push_books, take_commands, trade_until_told
from app.engine.exchange.state import CONTROL_WORDS, Control
from app.engine.matching import match
from app.engine.matching_ids import prefetch_bucket, prefetch_order
from app.engine.matching_output import clear_outputs, outputs_have_room
from app.engine.matching_state import matching
from app.engine.memory import view, words
from app.engine.prefetch import prefetch
from app.engine.records import COMMAND

_TURN_NS = 1_000_000
_COMMAND_BYTES = COMMAND.itemsize
_LINE = 64


@entry
def match_command(arena: int, _links: int, command: int) -> int:
    """Act on the COMMAND at an address; return why it was refused, or 0.

    Outputs of earlier commands are forgotten.
    """
    clear_outputs(arena)
    return match(arena, view(command, 1, COMMAND)[0])


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

    A command's venue time is the time of what it causes.

    Returns
    -------
    int
        How many were acted on: fewer than `count` when the outputs must be taken
        before there is room for those of one more.
    """
    records = view(commands, count, COMMAND)
    clear_outputs(arena)
    state = matching(arena)
    for i in range(count):
        if state["outputs"] and not outputs_have_room(arena):
            return i
        _look_ahead(arena, commands, i, count)
        state["now"] = records[i]["ts_venue"]
        match(arena, records[i])
    return count


@entry
def exchange_run(arena: int, control: int, _unused: int) -> int:
    """Run the exchange on the calling thread until `Control.STOP`."""
    trade_until_told(arena, control)
    return 0


@entry
def exchange_turns(arena: int, control: int, count: int) -> int:
    """Take the waiting commands, then `count` turns of agents, without a clock.

    Each turn is a millisecond of the exchange's time.
    """
    state = matching(arena)
    if words(control, CONTROL_WORDS)[Control.COMMANDS]:
        take_commands(arena, control, 1 << 30)
    for _ in range(count):
        state["now"] += _TURN_NS
        take_turn(arena, control)
    return count


@entry
def exchange_books(arena: int, control: int, _unused: int) -> int:
    """Push every book whole; return 1, or 0 when told to stop."""
    return 1 if push_books(arena, control) else 0
