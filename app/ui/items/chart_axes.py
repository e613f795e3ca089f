"""Axes of a chart: grid, round prices and times, breaks of days, tags on the edge."""

from functools import lru_cache
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui.formatting import InstrumentText
from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink
from app.ui.models.axis import multiples, price_step
from app.ui.models.chart_columns import Columns

_LABEL_PX: Final = 2.0  # heights of text between labels
_PAD: Final = 5.0
_SOLID: Final = Qt.PenStyle.SolidLine


def paint_prices(
    painter: QPainter, ink: Ink, pane: Pane, text: InstrumentText, right: float
) -> list[QLineF]:
    """Paint grid lines at round prices, and the prices right of the plot.

    Returns
    -------
    list of QLineF
        The lines.
    """
    marks = price_marks(ink, pane, text)
    labels = [(pane.scale.y(mark), text.price(mark)) for mark in marks]
    return _labels(painter, ink, pane, labels, right)


def price_marks(ink: Ink, pane: Pane, text: InstrumentText) -> list[int]:
    """Round prices of a pane, as many as there is room for."""
    scale = pane.scale
    room = int(pane.box.height() / (ink.small.height * _LABEL_PX))
    tick = text.instrument.step_at(round((scale.low + scale.high) / 2))
    step = price_step(text.instrument, tick, (scale.high - scale.low) / max(room, 1))
    return multiples(step, scale.low, scale.high) if room else []


def paint_values(
    painter: QPainter,
    ink: Ink,
    pane: Pane,
    labels: list[tuple[float, str]],
    right: float,
) -> None:
    """Paint a sub-pane's edge, grid and labels (value, text)."""
    painter.setPen(hairline(painter, ink.theme.line))
    top = pane.box.top()
    painter.drawLine(QLineF(0, top, right, top))
    placed = [(pane.scale.y(value), words) for value, words in labels]
    _labels(painter, ink, pane, placed, right)


def _labels(
    painter: QPainter,
    ink: Ink,
    pane: Pane,
    labels: list[tuple[float, str]],
    right: float,
) -> list[QLineF]:
    height = ink.small.height
    ys = [crisp(y, painter) for y, _ in labels]
    lines = [QLineF(pane.box.left(), y, right, y) for y in ys]
    paint_grid(painter, ink, lines)
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(ink.theme.muted))
    for y, words in labels:
        if pane.box.top() + height / 2 < y < pane.box.bottom() - height / 3:
            box = QRectF(right, round(y - height / 2), 400, height)
            ink.small.draw(painter, box, words, 0.0, _PAD)
    return lines


def paint_grid(painter: QPainter, ink: Ink, lines: list[QLineF]) -> None:
    """Paint lines that only guide the eye."""
    painter.setPen(grid_pen(painter, ink))
    painter.drawLines(lines)


def crisp(at: float, painter: QPainter) -> float:
    """The whole px of the device nearest to a place."""
    ratio = painter.device().devicePixelRatio()
    return round(at * ratio) / ratio


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def hairline(
    painter: QPainter, colour: str | QColor, style: Qt.PenStyle = _SOLID
) -> QPen:
    """Pen of whole px of the device: at 1.5 a line is as thin here as there."""
    width = max(1, int(painter.device().devicePixelRatio()))
    return _pen(colour if isinstance(colour, str) else colour.rgba(), width, style)


@lru_cache(256)
def _pen(colour: str | int, width: int, style: Qt.PenStyle) -> QPen:
    """A pen of a colour by its name or its ARGB; nobody changes it."""
    known = QColor(colour) if isinstance(colour, str) else QColor.fromRgba(colour)
    pen = QPen(known, width, style)
    pen.setCosmetic(True)
    return pen


def grid_pen(painter: QPainter, ink: Ink) -> QPen:
    """Pen of lines that only guide the eye; opaque, since a veil costs ten times."""
    return hairline(painter, _grid_colour(ink.theme.line, ink.theme.panel))


@lru_cache(16)
def _grid_colour(line: str, panel: str) -> str:
    over, under = QColor(line), QColor(panel)
    parts = zip(_rgb(over), _rgb(under), strict=True)
    return QColor(*(low + (high - low) * 110 // 255 for high, low in parts)).name()


def paint_times(
    painter: QPainter,
    ink: Ink,
    labels: list[tuple[float, str]],
    plot: QRectF,
    bottom: float,
) -> None:
    """Paint times (x, text) under the plot; those at its edges are moved inside."""
    height = bottom - plot.bottom()
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(ink.theme.muted))
    for x, words in labels:
        width = ink.small.width(words)
        middle = min(max(x, width / 2 + 2), plot.right() - width / 2)
        box = QRectF(round(middle - width / 2), plot.bottom(), width, height)
        ink.small.draw(painter, box, words, 0.5)


def gap_columns(shown: Columns, gaps: Any) -> list[int]:
    """Columns before or within which data were lost, by number.

    Parameters
    ----------
    gaps : (n,) int64
        When trades came after a gap, ns since 1970 UTC, ascending.
    """
    if not len(gaps) or not len(shown):
        return []
    rows = shown.rows
    at = np.searchsorted(rows["begin"], gaps, side="right") - 1
    found: list[int] = np.unique(at[(at >= 0) & (gaps <= rows["end"][-1])]).tolist()
    return found


def write_passing(
    painter: QPainter, ink: Ink, box: QRectF, words: str, pad: float
) -> None:
    """Write what the next trade changes: to lay it out costs four times as much."""
    ink.write_in(painter, ink.small)
    y = box.y() + (box.height() - ink.small.height) / 2 + ink.small.metrics.ascent()
    painter.drawText(QPointF(box.x() + pad, round(y)), words)


def paint_tag(
    painter: QPainter,
    ink: Ink,
    box: QRectF,
    words: list[str],
    colours: tuple[str, str],
) -> None:
    """Paint lines of text on a ground (ground, text), at an axis."""
    painter.fillRect(box, ink.brush(colours[0]))
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(colours[1]))
    height = box.height() / len(words)
    for i, line in enumerate(words):
        part = QRectF(box.left(), box.top() + i * height, box.width(), height)
        write_passing(painter, ink, part, line, _PAD)


def tag_box(ink: Ink, y: float, right: float, width: float, lines: int) -> QRectF:
    """Where a tag of some lines stands beside a price."""
    height = ink.small.height * lines + 2
    return QRectF(right, y - ink.small.height / 2 - 1, width, height)


def axis_width(ink: Ink, texts: list[str]) -> float:
    """Room that the widest of some texts needs at the axis."""
    widest: Any = max((ink.small.width(each) for each in texts), default=30.0)
    return float(round(widest + 2 * _PAD + 2))
