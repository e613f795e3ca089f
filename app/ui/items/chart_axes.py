"""Axes of a chart: grid, round prices and times, breaks of days, tags on the edge."""

from typing import Any, Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink
from app.ui.models import chart_ticks
from app.ui.models.chart_columns import Columns

_LABEL_PX: Final = 3.2  # heights of text between labels
_PAD: Final = 5.0


def paint_prices(
    painter: QPainter, ink: Ink, pane: Pane, text: InstrumentText, right: float
) -> None:
    """Paint grid lines at round prices, and the prices right of the plot."""
    scale = pane.scale
    room = int(pane.box.height() / (ink.small.height * _LABEL_PX))
    unit = float(text.instrument.price_unit)
    tick = text.instrument.step_at(round((scale.low + scale.high) / 2))
    ten = 1 / unit if unit > 0 else 1.0
    marks = chart_ticks.price_marks(scale.low, scale.high, room, tick, ten)
    labels = [(scale.y(mark), text.price(mark)) for mark in marks]
    _labels(painter, ink, pane, labels, right)


def paint_values(
    painter: QPainter,
    ink: Ink,
    pane: Pane,
    labels: list[tuple[float, str]],
    right: float,
) -> None:
    """Paint a sub-pane's edge, grid and labels (value, text)."""
    painter.setPen(ink.pen(ink.theme.line))
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
) -> None:
    height = ink.small.height
    painter.setPen(_grid_pen(ink))
    painter.drawLines([QLineF(pane.box.left(), y, right, y) for y, _ in labels])
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(ink.theme.muted))
    for y, words in labels:
        if pane.box.top() + height / 2 < y < pane.box.bottom() - height / 3:
            box = QRectF(right, y - height / 2, 400, height)
            ink.small.draw(painter, box, words, 0.0, _PAD)


def _grid_pen(ink: Ink) -> QPen:
    colour = QColor(ink.theme.line)
    colour.setAlpha(110)
    return QPen(colour)


def paint_times(
    painter: QPainter, ink: Ink, shown: Columns, plot: QRectF, bottom: float
) -> None:
    """Paint lines at round times with their labels, and breaks between days."""
    rows, xs = shown.rows, plot.left() + shown.xs
    if not len(rows):
        return
    height = bottom - plot.bottom()
    room = ink.small.width("00:00:00") + 26
    marks, step = chart_ticks.time_marks(rows["begin"], xs, room)
    breaks = chart_ticks.day_breaks(rows["begin"]) if step <= chart_ticks.DAY else []
    painter.setPen(_grid_pen(ink))
    painter.drawLines([QLineF(xs[i], plot.top(), xs[i], plot.bottom()) for i in marks])
    if len(breaks) * 12 < plot.width():
        painter.setPen(QPen(QColor(ink.theme.muted), 1, Qt.PenStyle.DashLine))
        lines = [QLineF(xs[i], plot.top(), xs[i], plot.bottom()) for i in breaks]
        painter.drawLines(lines)
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(ink.theme.muted))
    new_days = set(breaks)
    for i in marks:
        words = formatting.axis_time(int(rows["begin"][i]), step, is_day=i in new_days)
        width = ink.small.width(words)
        middle = min(max(xs[i], width / 2 + 2), plot.right() - width / 2)
        box = QRectF(middle - width / 2, plot.bottom(), width, height)
        ink.small.draw(painter, box, words, 0.5)


def paint_gaps(
    painter: QPainter, ink: Ink, shown: Columns, gaps: list[int], plot: QRectF
) -> None:
    """Mark columns before which data were lost."""
    if not gaps:
        return
    colour = QColor(ink.theme.warning)
    painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
    lines = []
    for at in gaps:
        x = plot.left() + float(shown.xs[at])
        lines.append(QLineF(x, plot.top(), x, plot.bottom()))
    painter.drawLines(lines)


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
        ink.small.draw(painter, part, line, 0.0, _PAD)


def tag_box(ink: Ink, y: float, right: float, width: float, lines: int) -> QRectF:
    """Where a tag of some lines stands beside a price."""
    height = ink.small.height * lines + 2
    return QRectF(right, y - ink.small.height / 2 - 1, width, height)


def axis_width(ink: Ink, texts: list[str]) -> float:
    """Room that the widest of some texts needs at the axis."""
    widest: Any = max((ink.small.width(each) for each in texts), default=30.0)
    return float(round(widest + 2 * _PAD + 2))
