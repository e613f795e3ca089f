"""What strategies note with `ctx.log` and `ctx.plot`, read and kept within bounds.

Notes are written into a ring in a strategy's memory. `NoteReader` takes what is new in
it, also while the engine writes; `Notes` keeps lines and curves for people.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.arena import Arena
from app.engine.strategy_state import HEAD, NOTE, NoteKind
from app.sessions.hanging import memory_of

LINES_KEPT: Final = 10_000
POINTS_KEPT: Final = 20_000
"""Of one curve; a longer one keeps the least and the greatest of each stretch."""
_STRETCH: Final = 4


class NoteReader:
    """Reads the notes of one strategy, each once.

    Parameters
    ----------
    arena : Arena
    number : int
        The strategy's.

    Attributes
    ----------
    lost : int
        Notes that were written over before they were read.
    """

    def __init__(self, arena: Arena, number: int) -> None:
        self._arena, self._number = arena, number
        self._read = 0
        self.lost = 0

    def restart(self) -> None:
        """Begin with a memory that is fresh."""
        self._read = 0

    def read(self) -> NDArray[np.void]:
        """Take the notes since the last call, oldest first, (n,) NOTE."""
        memory = memory_of(self._arena, self._number)
        head = memory[: HEAD.itemsize].view(HEAD)[0]
        room, written = int(head["notes_room"]), int(head["notes"])
        if room == 0 or written <= self._read:
            return np.empty(0, NOTE)
        at = int(head["notes_at"])
        ring = memory[at : at + room * NOTE.itemsize].view(NOTE)
        first = max(self._read, written - room)
        found = ring[np.arange(first, written) % room]
        # What the engine wrote over meanwhile is not what it was.
        torn = max(0, min(int(head["notes"]) - room - first, len(found)))
        self.lost += first - self._read + torn
        self._read = written
        return found[torn:]


@dataclass
class Curve:
    """A curve that a strategy plots.

    Attributes
    ----------
    ts : (n,) int64
        ns since 1970 UTC.
    values : (n,) float64
    points : int
        How many were plotted; more than n once it was thinned.
    """

    ts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    points: int = 0

    def add(self, ts: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Add points behind the others."""
        self.points += len(ts)
        self.ts = np.concatenate([self.ts, ts])
        self.values = np.concatenate([self.values, values])
        while len(self.ts) > POINTS_KEPT:
            self.ts, self.values = _thinned(self.ts, self.values)


def _thinned(
    ts: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Keep the least and the greatest of each four points, in their order."""
    whole = len(ts) // _STRETCH * _STRETCH
    rows = np.where(np.isnan(values[:whole]), 0.0, values[:whole])
    rows = rows.reshape(-1, _STRETCH)
    least, most = rows.argmin(1), rows.argmax(1)
    # Where all are equal, its first and last point stay.
    most = np.where(least == most, _STRETCH - 1, most)
    begin = np.arange(len(rows)) * _STRETCH
    pairs = np.sort(np.stack([begin + least, begin + most], 1), axis=1).ravel()
    kept = np.concatenate([pairs, np.arange(whole, len(ts))])
    return ts[kept], values[kept]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a strategy's log; `ts` in ns since 1970 UTC."""

    ts: int
    text: str


class Notes:
    """Lines and curves of one strategy.

    Attributes
    ----------
    lines : deque of Line
        The newest `LINES_KEPT`.
    written : int
        Lines so far.
    curves : dict of name to Curve
    version : int
        Changes with each addition.
    """

    def __init__(self) -> None:
        self.lines: deque[Line] = deque(maxlen=LINES_KEPT)
        self.written = 0
        self.curves: dict[str, Curve] = {}
        self.version = 0

    def add(self, notes: NDArray[np.void], names: list[str]) -> None:
        """Add what a `NoteReader` took.

        Parameters
        ----------
        notes : (n,) NOTE
        names : list of str
            Of the program that wrote them.
        """
        if not len(notes):
            return
        self.version += 1
        is_plot = notes["kind"] == NoteKind.PLOT
        for name in np.unique(notes["name"][is_plot]):
            some = notes[is_plot & (notes["name"] == name)]
            curve = self.curves.setdefault(names[name], Curve())
            curve.add(some["ts"], some["value"])
        lines = notes[~is_plot]
        self.written += len(lines)
        for note in lines[-LINES_KEPT:]:
            text = worded(names[note["name"]], float(note["value"]))
            self.lines.append(Line(int(note["ts"]), text))


def note_rows(notes: Notes, lost: int) -> dict[str, Any]:
    """Lines and curves of a strategy for a JSON result; NaN is None.

    `points` counts all that were plotted; a long curve is thinned.
    """
    return {
        "log": [{"ts": iso(each.ts), "text": each.text} for each in notes.lines],
        "lines": notes.written,
        "plots": {
            name: {
                "points": curve.points,
                "ts": [iso(int(ts)) for ts in curve.ts],
                "values": [None if v != v else v for v in curve.values.tolist()],
            }
            for name, curve in notes.curves.items()
        },
        "lost": lost,
    }


def iso(ts: int) -> str:
    """A time as ISO 8601 in UTC, ns where there are any."""
    text = str(np.datetime64(ts, "ns"))
    return text.removesuffix("000000000").rstrip(".") + "Z"


def worded(template: str, value: float) -> str:
    """Put a value into a line's text; a format that does not fit it is told."""
    try:
        return template.format(value)
    except ValueError as error:
        return f"{template} ({value:g}; {error})"
