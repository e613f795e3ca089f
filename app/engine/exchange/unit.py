"""Entries of the matching engine and of the built-in exchange."""

from app.engine.arena import USED, Section, section_words
from app.engine.compile import entry
from app.engine.matching import match
from app.engine.matching_output import clear_outputs, outputs_have_room
from app.engine.matching_state import matching
from app.engine.memory import view, words
from app.engine.records import COMMAND


@entry
def match_command(arena: int, links: int, command: int) -> int:
    """Act on the COMMAND at an address; return why it was refused, or 0.

    Outputs of earlier commands are forgotten.
    """
    clear_outputs(arena)
    return match(arena, view(command, 1, COMMAND)[0])


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
    state = matching(arena)[0]
    for i in range(count):
        if state["outputs"] and not outputs_have_room(arena):
            return i
        state["now"] = records[i]["ts_venue"]
        match(arena, records[i])
    return count
