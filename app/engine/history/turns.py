"""Taking turns between the thread that folds and those that read.

The fold takes a turn for some hundred records at a time, microseconds; a reader that
wants one has the right of way. Each says what it wants, and then looks at the other's
word: with a full fence between, at least one of two sees the other (Dekker). Nobody
holds the GIL meanwhile, so no turn waits for Python. Readers among themselves take
turns with a lock of theirs.
"""

from typing import Final

from app.engine.atomics import fence, load_acquire, pause, store_release
from app.engine.compile import kernel
from app.engine.history.state import HEAD
from app.engine.native import nap_us

_FOLDING: Final = int(HEAD.fields["folding"][1])  # type: ignore[index]
_READING: Final = int(HEAD.fields["reading"][1])  # type: ignore[index]
_SPINS: Final = 2000
"""Looks at the other's word, some 50 µs, before the core is left to others."""


@kernel
def _wait_for(word: int) -> None:
    """Wait until a word is 0."""
    spins = 0
    while load_acquire(word):
        pause()
        spins += 1
        if spins > _SPINS:
            nap_us(20)


@kernel
def begin_folding(head: int) -> None:
    """Wait for readers, and keep them out."""
    while True:
        store_release(head + _FOLDING, 1)
        fence()
        if load_acquire(head + _READING) == 0:
            return
        store_release(head + _FOLDING, 0)
        _wait_for(head + _READING)


@kernel
def end_folding(head: int) -> None:
    """Let readers in."""
    store_release(head + _FOLDING, 0)


@kernel
def begin_reading(head: int) -> None:
    """Wait until the fold is between two turns, and keep it there."""
    store_release(head + _READING, 1)
    fence()
    _wait_for(head + _FOLDING)
    fence()


@kernel
def end_reading(head: int) -> None:
    """Let the fold go on."""
    store_release(head + _READING, 0)
