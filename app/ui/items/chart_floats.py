"""What floats over a chart's bars, each with its place: only what changed is painted.

A float is made of what it shows. Where two of the same place in a group differ, both
their boxes are painted anew, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any, Final

from PySide6.QtCore import QLineF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QRegion

from app.ui.items.chart_axes import hairline

GROUPS: Final = ("drawings", "last", "trading", "legend", "chips", "hand", "cross")
"""From below to above."""


@dataclass(frozen=True, slots=True)
class Float:
    """Something over the bars.

    Attributes
    ----------
    key : anything with ==
        All that it shows; floats with equal keys look the same.
    boxes : tuple of QRect
        What it covers.
    paint : callable
    """

    key: Any
    boxes: tuple[QRect, ...]
    paint: Callable[[QPainter], None]


class Floats:
    """The floats of one chart."""

    def __init__(self) -> None:
        self._groups: dict[str, list[Float]] = {name: [] for name in GROUPS}

    def put(self, group: str, floats: list[Float]) -> list[QRect]:
        """Replace a group; what of the chart is to be painted anew."""
        before, self._groups[group] = self._groups[group], floats
        stale: list[QRect] = []
        if before is floats:
            return stale
        for old, new in zip_longest(before, floats):
            if old is not new and (not old or not new or old.key != new.key):
                stale += old.boxes if old is not None else ()
                stale += new.boxes if new is not None else ()
        return _rows(stale)

    def clear(self) -> None:
        """Let nothing float."""
        self._groups = {name: [] for name in GROUPS}

    def paint(self, painter: QPainter, region: QRegion) -> None:
        """Paint those that a region meets."""
        for floats in self._groups.values():
            for each in floats:
                if any(region.intersects(box) for box in each.boxes):
                    each.paint(painter)


def _rows(boxes: list[QRect]) -> list[QRect]:
    """Boxes of which those side by side, as words are, are one."""
    made: list[QRect] = []
    for box in boxes:
        if made and _are_beside(made[-1], box):
            made[-1] = made[-1].united(box)
        else:
            made.append(box)
    return made


def _are_beside(one: QRect, other: QRect) -> bool:
    is_level = one.y() == other.y() and one.height() == other.height()
    left, right = max(one.left(), other.left()), min(one.right(), other.right())
    return is_level and left <= right + 1


def around(box: QRectF, margin: int = 1) -> QRect:
    """Whole pixels around a box."""
    return box.toAlignedRect().adjusted(-margin, -margin, margin, margin)


def line_float(line: QLineF, colour: str, style: Qt.PenStyle) -> Float:
    """A level or upright line from the plot's left or upper edge."""
    is_level = line.dy() == 0
    box = level(line.y1(), line.x2()) if is_level else upright(line.x1(), line.y2())
    paint = partial(_draw, line, colour, style)
    return Float((line.toTuple(), colour, style), (box,), paint)


def _draw(line: QLineF, colour: str, style: Qt.PenStyle, painter: QPainter) -> None:
    painter.setPen(hairline(painter, colour, style))
    painter.drawLine(line)


def level(y: float, right: float) -> QRect:
    """Pixels of a level line."""
    return QRect(0, int(y) - 1, int(right) + 1, 4)


def upright(x: float, bottom: float) -> QRect:
    """Pixels of an upright line."""
    return QRect(int(x) - 1, 0, 4, int(bottom) + 1)
