"""Binance's rules for a book from a snapshot and diffs, as a state machine.

Diffs come numbered: spot's U must be the previous u + 1, futures' pu the previous u. A
snapshot says up to which number it holds; what is older is dropped, and the first diff
applied must reach over it. A recording has diffs before its snapshot arrives: they are
held back, and those the snapshot does not hold yet are applied after it. Where a number
is missing the book is stale until the next snapshot; where none comes in time, the
diffs are told after a GAP, so that the book is stale but follows.

Binance, "How to manage a local order book correctly" (spot and USD-M futures).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

from app.data.text_columns import Issues

Levels = list[tuple[str, str]]
"""Price and size of each level, as text."""
_LONGEST_WAIT_NS: Final = 60 * 10**9
_MOST_HELD: Final = 200_000
_RECENT: Final = 4096


class Said(IntEnum):
    """What a message tells."""

    DIFF = 1
    SNAPSHOT = 2
    TRADE = 3
    GAP = 4


@dataclass(slots=True)
class Message:
    """One message of a symbol, its numbers still text."""

    said: Said
    issues: Issues
    """Of its file."""
    row: int
    """Line in its file, from 1."""
    received: int
    """ns since 1970 UTC."""
    venue: int
    """ns since 1970 UTC, the venue's clock."""
    sequence: int = 0
    """u of a diff, lastUpdateId of a snapshot, trade id; GAP: how many are missing."""
    first: int = 0
    """U of a diff."""
    previous: int | None = None
    """pu of a diff; futures only."""
    bids: Levels = field(default_factory=list)
    asks: Levels = field(default_factory=list)
    aggressor: int = 0
    price: str = ""
    size: str = ""


class BookSync:
    """Orders the messages of one symbol; nothing is told before its place is known.

    Parameters
    ----------
    is_futures : bool
        Which rules hold.
    continues : int, optional
        u of the last diff that is already in the catalog.
    """

    def __init__(self, *, is_futures: bool, continues: int | None = None) -> None:
        self._is_futures = is_futures
        self._last = continues
        self._continues = continues is not None
        self._is_waiting = continues is None
        self._is_stale = False
        self._snapshot_at = 0
        self._held: list[Message] = []
        self._recent: deque[Message] = deque(maxlen=_RECENT)
        self.gaps = 0
        self.snapshots = 0
        self.dropped = 0

    def take(self, message: Message) -> Iterable[Message]:
        """Take the next message; returns what can be told now."""
        if self._continues and message.said == Said.DIFF:
            self._continues = False
            # Otherwise it is a new beginning, and as such waits for its snapshot.
            self._is_waiting = self._missing(message) is not None
            self._last = None if self._is_waiting else self._last
        if self._is_waiting:
            return self._wait(message)
        if message.said == Said.DIFF:
            return self._diff(message)
        if message.said == Said.SNAPSHOT:
            return self._late_snapshot(message)
        return (message,)

    def end(self) -> Iterable[Message]:
        """Tell what is still held back."""
        return self._give_up() if self._is_waiting else ()

    def _wait(self, message: Message) -> Iterable[Message]:
        """Hold back until the first snapshot, or until it takes too long."""
        if message.said == Said.SNAPSHOT:
            told = [each for each in self._held if each.said != Said.DIFF]
            diffs = [each for each in self._held if each.said == Said.DIFF]
            self._held, self._is_waiting = [], False
            return [*told, *self._restart(message, diffs)]
        self._held.append(message)
        waited = message.received - self._held[0].received
        if waited > _LONGEST_WAIT_NS or len(self._held) > _MOST_HELD:
            return self._give_up()
        return ()

    def _give_up(self) -> Iterable[Message]:
        """Tell what was held back, as a book that is stale from its first diff on."""
        held, self._held, self._is_waiting = self._held, [], False
        told: list[Message] = []
        for each in held:
            told += self._diff(each) if each.said == Said.DIFF else (each,)
        return told

    def _restart(self, snapshot: Message, diffs: list[Message]) -> Iterable[Message]:
        """Tell a snapshot, and after it the diffs that it does not hold yet."""
        self.snapshots += 1
        self._last = None
        fresh = [each for each in diffs if each.sequence > snapshot.sequence]
        self.dropped += len(diffs) - len(fresh)
        self._is_stale = False
        self._recent.clear()
        told = [snapshot]
        self._snapshot_at = snapshot.sequence
        for each in fresh:
            # It becomes known with the snapshot, not before.
            told += self._diff(replace(each, received=snapshot.received))
        return told

    def _late_snapshot(self, snapshot: Message) -> Iterable[Message]:
        """Use a snapshot only where the book is not known already."""
        if not self._is_stale:
            return ()
        return self._restart(snapshot, list(self._recent))

    def _diff(self, diff: Message) -> list[Message]:
        if self._last is None and self.snapshots and diff.sequence <= self._snapshot_at:
            self.dropped += 1
            return []
        told = []
        missing = self._missing(diff)
        if missing is not None:
            self.gaps += 1
            self._is_stale = True
            gap = Message(
                Said.GAP, diff.issues, diff.row, diff.received, diff.venue, missing
            )
            told.append(gap)
        self._last = diff.sequence
        self._recent.append(diff)
        told.append(diff)
        return told

    def _missing(self, diff: Message) -> int | None:
        """Return how many numbers are missing before a diff; None = it follows."""
        if self._last is not None:
            follows = (
                diff.previous == self._last
                if self._is_futures
                else diff.first == self._last + 1
            )
            return None if follows else max(0, diff.first - self._last - 1)
        if not self.snapshots:
            return 0
        # The first after a snapshot must reach over it.
        at = self._snapshot_at
        reaches = diff.first <= at + 1 <= diff.sequence
        if self._is_futures:
            reaches = diff.previous == at or diff.first <= at + 1
        return None if reaches else max(0, diff.first - at - 1)
