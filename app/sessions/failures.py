"""Why a strategy failed: the handler, the line, the traceback.

Compiled code tells no line. So the event at which it failed is run once more as Python,
in a copy of the arena, where it can do no harm; what is said then has happened again.
A running session keeps a strategy's memory as it was before each call. All else may
have moved on since; if it does not happen again, the handler alone is told.
"""

import traceback
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.arena import Arena, Section
from app.engine.snapshot import SnapshotBuffer, load_arena, snapshot_bytes
from app.engine.strategy import Handler, HandlerStatus, Interpreted
from app.sessions.hanging import memory_of
from app.strategies.running import Runnable, as_python
from app.strategies.strategy import title_of

_PATIENCE_NS: Final = 50_000_000
"""How long the loops may take that are run once more."""
_WORDS: Final = {
    HandlerStatus.RAISED: "raised",
    HandlerStatus.OUT_OF_BUDGET: "ran out of budget",
    HandlerStatus.BAD_NUMBER: "made a number that is none",
    HandlerStatus.FLOODED: "sent far more orders than the message rate allows",
}


@dataclass(frozen=True)
class Failure:
    """How a strategy failed.

    Attributes
    ----------
    message : str
        In a line.
    file : str
        Where it stands.
    line : int
        In its file; 0 if it is not known.
    source : str
        That line.
    trace : str
        The traceback; "" if there is none.
    """

    message: str
    file: str
    line: int = 0
    source: str = ""
    trace: str = ""


def copy_of(arena: Arena) -> Arena:
    """Copy an arena that nothing else touches meanwhile."""
    buffer = SnapshotBuffer(snapshot_bytes(arena.address, 0, 0))
    buffer.save(arena)
    return arena_from(arena, buffer)


def arena_from(arena: Arena, buffer: SnapshotBuffer) -> Arena:
    """Make an arena of its own from a snapshot of another one."""
    made = Arena(arena.layout)
    load_arena(made.address, buffer.address, 0)
    return made


def failure_of(
    arena: Arena,
    number: int,
    runnable: Runnable,
    *,
    is_copy: bool = False,
    before: NDArray[np.uint8] | None = None,
) -> Failure:
    """Tell why a strategy failed.

    Parameters
    ----------
    arena : Arena
        As it stands now, or (`is_copy`) a copy that may be written into.
    before : uint8, optional
        The strategy's memory before the call; as it stands now by default.
    """
    row = arena.records(Section.STRATEGIES)[number]
    title, file = title_of(runnable.program.cls), runnable.program.file
    status = HandlerStatus(int(row["status"]))
    event, words = int(row["failed_event"]), _WORDS.get(status, status.name.lower())
    if row["failed_handler"] < 0:
        return Failure(f"{title} {words}, at event {event}", file)
    handler = Handler(int(row["failed_handler"]))
    error = runnable.errors[-1] if runnable.errors else None
    if error is None:
        copy = arena if is_copy else copy_of(arena)
        if before is not None:
            memory_of(copy, number)[: len(before)] = before
        error = _again(copy, number, runnable, handler)
    message = f"{title}.{handler.name.lower()} {words} at event {event}"
    if error is None:
        return Failure(message, file)
    told = f"{message}: {type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if each.filename == file and each.line]
    trace = "".join(
        [
            "Traceback (most recent call last):\n",
            *(each.replace("in _r_", "in ") for each in traceback.format_list(own)),
            *traceback.format_exception_only(error),
        ]
    )
    if not own:
        return Failure(told, file, trace=trace)
    last = own[-1]
    return Failure(
        f"{told} (line {last.lineno})", file, last.lineno or 0, last.line or "", trace
    )


def _again(
    arena: Arena, number: int, runnable: Runnable, handler: Handler
) -> BaseException | None:
    """Run the failed event as Python; what it raised, None if nothing."""
    python = as_python(runnable.program, "to find the line", _PATIENCE_NS, quiet=True)
    again = python.handlers[handler]
    assert isinstance(again, Interpreted)
    row = arena.records(Section.STRATEGIES)[number]
    record: Any = np.frombuffer(row["failed_record"].tobytes(), np.int64).copy()
    no_event = handler in (Handler.ON_START, Handler.ON_STOP)
    again.function(arena.address, number, 0 if no_event else record.ctypes.data)
    return python.errors[-1] if python.errors else None
