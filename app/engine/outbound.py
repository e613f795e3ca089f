"""The engine's way to its log: records are appended, or nothing more is taken in."""

from typing import Any, Final

from app.engine.atomics import load_acquire
from app.engine.compile import kernel
from app.engine.control import CONTROL_WORDS, Control
from app.engine.links import Link, linked
from app.engine.log import (
    CONTROL_WORDS as LOG_WORDS,
    CURSOR,
    END,
    READY,
    SEGMENT,
    log_append,
)
from app.engine.memory import words
from app.engine.records import (
    EventKind,
)

INBOUND: Final = 0
DECISION: Final = 1
"""Streams of the log."""

_LOG_RESERVE: Final = 1 << 20


@kernel
def control_of(links: int) -> Any:
    """Return the words of the loop's control block."""
    return words(linked(links, Link.CONTROL), CONTROL_WORDS)


@kernel
def log_has_room(log: int) -> bool:
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
def append_record(
    links: int, address: int, size: int, stream: int, number: int
) -> None:
    """Write a record to the log; see `log_has_room` for why there is room."""
    log = linked(links, Link.LOG)
    if log == 0:
        return
    control = control_of(links)
    if log_append(log, address, size, stream, number):
        control[Control.LOGGED] += 1
    else:
        control[Control.UNLOGGED] += 1


@kernel
def is_wide(kind: int) -> bool:
    """Tell whether a record of this kind takes two slots."""
    return kind == EventKind.COMMAND or kind == EventKind.REPORT
