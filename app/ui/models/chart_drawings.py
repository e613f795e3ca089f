"""Drawings of one instrument, shared by all its charts, kept in a file, undone.

A drawing is bound to times and prices, not to pixels or bars, so that it stands right
at any interval. Every change is written at once and told to the other charts.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.errors import RingsideError
from app.ui import json_file

KINDS: Final = {
    "horizontal": 1,
    "vertical": 1,
    "trend": 2,
    "ray": 2,
    "rectangle": 2,
    "fibonacci": 2,
    "note": 1,
}
"""Kinds of drawings, and how many points each has."""
MOST: Final = 500
_UNDONE: Final = 100
_FAR: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    points : tuple of (int, float)
        Time, ns since 1970 UTC, and price, price units.
    text : str
        Of a note.
    """

    kind: str
    points: tuple[tuple[int, float], ...]
    text: str = ""

    def moved(self, ns: int, price: float) -> "Drawing":
        """The same elsewhere."""
        points = tuple((ts + ns, at + price) for ts, at in self.points)
        return replace(self, points=points)

    def with_point(self, number: int, point: tuple[int, float]) -> "Drawing":
        """The same with another point."""
        points = list(self.points)
        points[number] = point
        return replace(self, points=tuple(points))


def read_drawing(kept: object) -> Drawing | None:
    """Read a drawing from a file; None where it is not sound."""
    if not isinstance(kept, dict) or str(kept.get("kind")) not in KINDS:
        return None
    points, text = kept.get("points"), kept.get("text", "")
    if not isinstance(points, list) or len(points) != KINDS[str(kept["kind"])]:
        return None
    try:
        read = tuple((int(ts), float(price)) for ts, price in points)
    except (TypeError, ValueError, OverflowError):
        return None
    is_sane = all(abs(ts) < _FAR and math.isfinite(price) for ts, price in read)
    return Drawing(str(kept["kind"]), read, str(text)[:200]) if is_sane else None


class Drawings:
    """Drawings of one instrument.

    Attributes
    ----------
    items : tuple of Drawing
        Newest last.
    failure : str
        Why the last change could not be kept; "" where it was.
    """

    def __init__(self, path: Path) -> None:
        self.items: tuple[Drawing, ...] = ()
        self.failure = ""
        self._path = path
        self._past: list[tuple[Drawing, ...]] = []
        self._listeners: list[Callable[[], None]] = []
        self._read()

    def _read(self) -> None:
        try:
            kept = json_file.read(self._path) or {}
        except (ValueError, OSError) as error:
            self.failure = f"{self._path.name}: {error}"
            if self._path.exists():
                json_file.set_aside(self._path)
            return
        found = kept.get("drawings")
        made = [read_drawing(each) for each in found] if isinstance(found, list) else []
        self.items = tuple(each for each in made if each is not None)[:MOST]

    def follow(self, listener: Callable[[], None]) -> None:
        """Be told of changes."""
        self._listeners.append(listener)

    def leave(self, listener: Callable[[], None]) -> None:
        """Be told no longer."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def add(self, drawing: Drawing) -> None:
        """Add a drawing.

        Raises
        ------
        RingsideError
            If there are too many.
        """
        if len(self.items) >= MOST:
            raise RingsideError(f"an instrument has at most {MOST} drawings")
        self._become((*self.items, drawing))

    def change(self, old: Drawing, new: Drawing) -> None:
        """Put a drawing in another's place."""
        if old in self.items and old != new:
            self._become(tuple(new if each is old else each for each in self.items))

    def remove(self, drawing: Drawing) -> None:
        """Take a drawing away."""
        self._become(tuple(each for each in self.items if each is not drawing))

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return bool(self._past)

    def undo(self) -> bool:
        """Take the last change back; False if there is none."""
        if not self._past:
            return False
        self.items = self._past.pop()
        self._keep()
        return True

    def _become(self, items: tuple[Drawing, ...]) -> None:
        if items == self.items:
            return
        self._past = [*self._past[-_UNDONE:], self.items]
        self.items = items
        self._keep()

    def _keep(self) -> None:
        content: dict[str, Any] = {"drawings": [asdict(each) for each in self.items]}
        try:
            json_file.write(self._path, content)
            self.failure = ""
        except OSError as error:
            self.failure = f"drawings are not kept: {error}"
        for listener in tuple(self._listeners):
            listener()


class DrawingBook:
    """The drawings of every instrument of one window, made when asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Drawings] = {}

    def of(self, instrument: str) -> Drawings:
        """Drawings of an instrument by its name."""
        if instrument not in self._known:
            safe = "".join(c if c.isalnum() else f"%{ord(c):x}" for c in instrument)
            self._known[instrument] = Drawings(self._folder / f"{safe}.json")
        return self._known[instrument]
