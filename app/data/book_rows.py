"""Whole books, row after row, told as what changed from each to the next.

Feeds that show the best N levels repeat all of them in every row. Only what differs
from the row before becomes a LEVEL record; a level that leaves the window is taken out,
so the book always holds exactly the window.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engine.records import NO_PRICE, EventKind

Part = tuple[NDArray[np.int64], int, NDArray[np.void]]
"""Row of each record, rank within its row, the records."""
TRADE, TRADE_LATER = 1, 5
"""Ranks of what a row tells besides its book: before its levels, or after them."""
_BEGIN, _LEFT, _CHANGED, _END = 0, 2, 3, 4
_ENDS: Final = ((_BEGIN, EventKind.SNAPSHOT_BEGIN), (_END, EventKind.SNAPSHOT_END))
_MOST_PAIRS: Final = 1 << 23


class BookRows:
    """Tells rows of levels as changes; the first row as a snapshot.

    Parameters
    ----------
    depth : int
        Levels a side.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._before: NDArray[np.int64] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there was a row."""
        return self._before is not None

    def take(
        self,
        stamps: NDArray[np.void],
        levels: NDArray[np.int64],
        others: Sequence[Part] = (),
    ) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """Return the records of some rows, and the row of each, ascending.

        Parameters
        ----------
        stamps : (n,) MARKET
            Times and sequence of each row, nothing else set.
        levels : (n, 2, depth, 3) int64
            Price, size and count of bids and asks; `NO_PRICE`, 0, 0 where there is no
            level.
        others : sequence of Part
            What the rows tell besides.
        """
        if not len(stamps):
            return stamps, np.empty(0, np.int64)
        parts = list(others)
        before = self._before
        if before is None:
            before = np.zeros_like(levels[:1])
            before[..., 0] = NO_PRICE
            for rank, kind in _ENDS:
                mark = stamps[:1].copy()
                mark["kind"] = kind
                parts.append((np.zeros(1, np.int64), rank, mark))
        old = np.concatenate([before, levels[:-1]])
        self._before = levels[-1:]
        # Levels are compared each with each: in pieces, so that memory stays bounded.
        step = max(1, _MOST_PAIRS // self._depth**2)
        for low in range(0, len(stamps), step):
            piece = slice(low, low + step)
            parts += _changes(stamps, low, old[piece], levels[piece])
        return _joined(stamps, parts)


def _joined(
    stamps: NDArray[np.void], parts: list[Part]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Put the parts in order; a row that changes nothing becomes a tick of time."""
    silent = np.ones(len(stamps), np.bool_)
    for at, _, _ in parts:
        silent[at] = False
    quiet = np.flatnonzero(silent)
    ticks = stamps[quiet]
    ticks["kind"] = EventKind.TIMER
    parts.append((quiet, TRADE, ticks))
    at = np.concatenate([part[0] for part in parts])
    ranks = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
    order = np.lexsort((ranks, at))
    return np.concatenate([part[2] for part in parts])[order], at[order]


def _changes(
    stamps: NDArray[np.void],
    first: int,
    before: NDArray[np.int64],
    after: NDArray[np.int64],
) -> list[Part]:
    """Return LEVEL records: what left, then what is new or different."""
    parts: list[Part] = []
    for side, sign in ((0, 1), (1, -1)):
        old, new = before[:, side], after[:, side]
        price = old[:, :, None, 0] == new[:, None, :, 0]
        equal = price & np.all(old[:, :, None, 1:] == new[:, None, :, 1:], axis=3)
        left = (old[..., 0] != NO_PRICE) & ~price.any(axis=2)
        changed = (new[..., 0] != NO_PRICE) & ~equal.any(axis=1)
        for rank, where, levels in ((_LEFT, left, old), (_CHANGED, changed, new)):
            row, k = np.nonzero(where)
            records = stamps[first + row]
            records["kind"], records["side"] = EventKind.LEVEL, sign
            records["price"] = levels[row, k, 0]
            if rank == _CHANGED:
                records["size"], records["count"] = levels[row, k, 1], levels[row, k, 2]
            parts.append((first + row, rank, records))
    return parts
