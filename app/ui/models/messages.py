"""What the user is told, newest last, bounded."""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

LIMIT: Final = 5_000


class Level(IntEnum):
    """How much a message matters."""

    INFO = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Message:
    """One line: when (ns since 1970 UTC), how grave, about what, in plain words."""

    ts: int
    level: Level
    topic: str
    text: str


class Messages:
    """The newest messages, oldest first.

    Attributes
    ----------
    total : int
        Messages ever added; `total - len(rows)` of them are gone.
    unread : int
        Warnings and errors that came since the log was last seen.
    """

    def __init__(self) -> None:
        self.rows: deque[Message] = deque(maxlen=LIMIT)
        self.total = 0
        self.unread = 0

    def add(self, message: Message) -> None:
        """Add a message."""
        self.rows.append(message)
        self.total += 1
        self.unread += int(message.level >= Level.WARNING)

    def mark_read(self) -> None:
        """Say that the user has seen all of them."""
        self.unread = 0

    @property
    def newest(self) -> Message | None:
        """The last message, if any."""
        return self.rows[-1] if self.rows else None
