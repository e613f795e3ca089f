"""Lines over time in panes one below the other: one axis of time, one crosshair.

Painted by hand, as the live equity is: of each line only the lowest and highest value
of each pixel column are drawn, and lines are laid anew only where the view has moved.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.ui import formatting, theme as themes
from app.ui.items.chart_axes import grid_pen, hairline
from app.ui.items.ink import Ink
from app.ui.items.polygon import polygon
from app.ui.models import axis
from app.ui.theme import Theme

_NOTCH: Final = 120
_ZOOM: Final = 1.25
_FILL_ALPHA: Final = 46
_GAP: Final = 5.0
_LEAST_NS: Final = 1_000_000
_ROOM: Final = 0.05
_STEP: Final = 0.1


@dataclass(frozen=True, eq=False)
class Line:
    """A line: its name, colour and values at the plot's times; NaN breaks nothing.

    `is_filled` shades what lies between it and its pane's base; `ts` are its own times,
    where it has others.
    """

    name: str
    colour: str
    values: Any
    is_filled: bool = False
    width: float = 1.4
    ts: Any = None


@dataclass(frozen=True, eq=False)
class PlotPane:
    """Lines with a scale of their own.

    Attributes
    ----------
    title : str
    lines : tuple of Line
    text : callable
        A value in words, for the crosshair.
    share : float
        Of the height, beside the others'.
    base : float or None
        A value that is always in view, marked by a line.
    """

    title: str
    lines: tuple[Line, ...]
    text: Callable[[float], str]
    share: float = 1.0
    base: float | None = None


class TimePlot(QWidget):
    """Shows panes; zoomed by the wheel, moved by the hand, read by the crosshair.

    Signals
    -------
    range_moved(object, object)
        First and last instant in view, ns since 1970 UTC, after the hand moved it.
    time_pointed(object)
        Instant under the crosshair; 0 = none.
    picked(object)
        An instant that was clicked, or Enter was pressed on.
    """

    range_moved = Signal(object, object)
    time_pointed = Signal(object)
    picked = Signal(object)

    def __init__(self, theme: Theme, scale: float, name: str, empty: str) -> None:
        super().__init__()
        usual, small = themes.text_font(scale), themes.text_font(scale, 0.86)
        self._ink = Ink(theme, usual, themes.text_font(scale, bold=True), small)
        self._empty = empty
        self.ts: Any = np.empty(0, np.int64)
        self.panes: tuple[PlotPane, ...] = ()
        self.begin = self.end = 0
        self.pointed = 0
        self.band = (0, 0)
        self._grab: tuple[QPointF, int, int] | None = None
        self._was_moved = False
        self._laid_for: Any = None
        self._laid: list[tuple[float, float, list[QPolygonF]]] = []
        self._axis = round(self._ink.small.width("−1,000,000") + 10)
        self._foot = round(self._ink.small.height * 1.4)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 90)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def sizeHint(self) -> QSize:
        return QSize(560, 300)

    # What is shown.

    def show_panes(self, ts: Any, panes: Sequence[PlotPane]) -> None:
        """Show other lines over ascending times, ns since 1970 UTC."""
        self.ts, self.panes = ts, tuple(panes)
        self._laid_for = None
        self.update()

    def show_range(self, begin: int, end: int) -> None:
        """Show a stretch of time."""
        if end > begin and (begin, end) != (self.begin, self.end):
            self.begin, self.end = begin, end
            self.update()

    def show_pointed(self, ts: int) -> None:
        """Put the crosshair at an instant; 0 takes it away."""
        if ts != self.pointed:
            self.pointed = ts
            self.update()

    def show_band(self, begin: int, end: int) -> None:
        """Shade a stretch, as that of a chosen trade; (0, 0) = none."""
        if (begin, end) != self.band:
            self.band = begin, end
            self.update()

    def values_at(self, ts: int) -> list[tuple[str, str]]:
        """Names of all lines, with their values at an instant."""
        return [
            (line.name, pane.text(self._value(line, ts)))
            for pane in self.panes
            for line in pane.lines
        ]

    def _value(self, line: Line, ts: int) -> float:
        times = self.ts if line.ts is None else line.ts
        at = int(np.searchsorted(times, ts, side="right")) - 1
        return float(line.values[at]) if 0 <= at < len(line.values) else math.nan

    # Places.

    @property
    def plot(self) -> QRectF:
        """Where lines are painted, all panes together."""
        height = max(10.0, self.height() - self._foot)
        return QRectF(6, 0, max(10.0, self.width() - self._axis - 6), height)

    def boxes(self) -> list[QRectF]:
        """Where each pane is painted."""
        plot, made, top = self.plot, [], 0.0
        total = sum(each.share for each in self.panes)
        room = plot.height() - _GAP * max(0, len(self.panes) - 1)
        for each in self.panes:
            height = room * each.share / total
            made.append(QRectF(plot.left(), top, plot.width(), height))
            top += height + _GAP
        return made

    def x_of(self, ts: Any) -> Any:
        """Pixel of an instant, or of an array of them."""
        plot = self.plot
        per = plot.width() / max(1, self.end - self.begin)
        return plot.left() + (ts - self.begin) * per

    def time_at(self, x: float) -> int:
        """Instant at a pixel."""
        plot = self.plot
        part = (x - plot.left()) / plot.width()
        return self.begin + round(part * (self.end - self.begin))

    def _nearest(self, ts: int) -> int:
        """The time of the lines that is nearest to an instant."""
        at = int(np.searchsorted(self.ts, ts))
        near = self.ts[max(0, at - 1) : at + 1]
        return int(near[np.argmin(np.abs(near - ts))]) if len(near) else 0

    # The hand.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grab = event.position(), self.begin, self.end
            self._was_moved = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grab is not None:
            start, begin, end = self._grab
            moved = event.position().x() - start.x()
            if abs(moved) > 3 or self._was_moved:
                self._was_moved = True
                shift = -round(moved * (end - begin) / self.plot.width())
                self._move(begin + shift, end + shift)
        is_inside = self.plot.contains(event.position()) and len(self.ts)
        self._point(self._nearest(self.time_at(event.position().x())) if is_inside
                    else 0)  # fmt: skip

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._grab is not None and not self._was_moved and len(self.ts):
            self.picked.emit(self.time_at(event.position().x()))
        self._grab = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset_view()

    def leaveEvent(self, event: QEvent) -> None:
        self._point(0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or (
            abs(turned.x()) > abs(turned.y())
        ):
            self.pan(-(turned.y() or turned.x()) / _NOTCH * _STEP)
        else:
            at = self.time_at(event.position().x())
            self.zoom(_ZOOM ** (turned.y() / _NOTCH), at)
        event.accept()

    def _point(self, ts: int) -> None:
        if ts != self.pointed:
            self.show_pointed(ts)
            self.time_pointed.emit(ts)

    def _move(self, begin: int, end: int) -> None:
        """Show a stretch that the hand chose; something of the lines stays in view."""
        if len(self.ts):
            width = end - begin
            whole = max(1, int(self.ts[-1]) - int(self.ts[0]))
            width = max(_LEAST_NS, min(width, 2 * whole))
            begin = max(int(self.ts[0]) - width * 9 // 10, begin)
            begin = min(int(self.ts[-1]) - width // 10, begin)
            self.show_range(begin, begin + width)
            self.range_moved.emit(self.begin, self.end)

    def zoom(self, factor: float, at: int) -> None:
        """Show less time (a factor above 1) or more, around an instant."""
        begin = at - round((at - self.begin) / factor)
        self._move(begin, begin + round((self.end - self.begin) / factor))

    def pan(self, part: float) -> None:
        """Move on by a part of what is in view."""
        shift = round(part * (self.end - self.begin))
        self._move(self.begin + shift, self.end + shift)

    def reset_view(self) -> None:
        """Show all."""
        if len(self.ts) > 1:
            self._move(int(self.ts[0]), int(self.ts[-1]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, is_ctrl = event.key(), event.modifiers() & _CTRL
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            way = 1 if key == Qt.Key.Key_Right else -1
            if is_ctrl:
                self.pan(way * _STEP)
            else:
                self._step(way)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            way = -1 if key == Qt.Key.Key_Minus else 1
            middle = (self.begin + self.end) // 2
            self.zoom(_ZOOM**way, self.pointed or middle)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_0):
            self.reset_view()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.pointed:
            self.picked.emit(self.pointed)
        else:
            super().keyPressEvent(event)

    def _step(self, way: int) -> None:
        """Move the crosshair by about two pixels, one value at the least."""
        if not len(self.ts):
            return
        low, high = np.searchsorted(self.ts, (self.begin, self.end + 1))
        jump = max(1, int(2 * (high - low) / self.plot.width()))
        at = int(np.searchsorted(self.ts, self.pointed)) if self.pointed else int(high)
        at = max(0, min(len(self.ts) - 1, at + way * jump))
        self._point(int(self.ts[at]))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self._ink.theme
        self._ink.begin()
        painter.fillRect(self.rect(), self._ink.brush(t.panel))
        if len(self.ts) < 2 or not self.panes or self.end <= self.begin:
            painter.setPen(self._ink.pen(t.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._empty)
            painter.end()
            return
        boxes = self.boxes()
        self._lay(boxes)
        self._paint_band(painter)
        self._paint_times(painter, boxes)
        for pane, box, laid in zip(self.panes, boxes, self._laid, strict=True):
            self._paint_values(painter, box, pane, laid)
            self._paint_lines(painter, box, pane, laid)
        for pane, box in zip(self.panes, boxes, strict=True):
            self._paint_legend(painter, box, pane)
        if self.pointed:
            self._paint_cross(painter)
        painter.end()

    def _lay(self, boxes: list[QRectF]) -> None:
        """Bring the lines to the stretch in view."""
        key = self.begin, self.end, self.width(), self.height()
        if key == self._laid_for:
            return
        self._laid_for, self._laid = key, []
        for pane, box in zip(self.panes, boxes, strict=True):
            parts = [self._in_view(each) for each in pane.lines]
            low, high = range_of([values for _, values in parts], pane.base)
            field = self._field(box)
            polygons = [_polygon(xs, values, field, low, high) for xs, values in parts]
            self._laid.append((low, high, polygons))

    def _field(self, box: QRectF) -> QRectF:
        """Where a pane's values stand: below the line of its legend."""
        head = self._ink.small.height + 3
        return box.adjusted(0, head, 0, 0) if box.height() > 3 * head else box

    def _in_view(self, line: Line) -> tuple[Any, Any]:
        """Places and values of a line in view, with a neighbour on either side."""
        times = self.ts if line.ts is None else line.ts
        low, high = np.searchsorted(times, (self.begin, self.end))
        first, last = max(0, int(low) - 1), int(high) + 1
        values = line.values[first:last]
        xs = self.x_of(times[first:last].astype(np.float64))
        return thinned(xs, values)

    def _paint_lines(
        self,
        painter: QPainter,
        box: QRectF,
        pane: PlotPane,
        laid: tuple[float, float, list[QPolygonF]],
    ) -> None:
        low, high, polygons = laid
        painter.save()
        painter.setClipRect(box.adjusted(0, 0, 1, 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        field = self._field(box)
        base = y_of(pane.base if pane.base is not None else low, field, low, high)
        for line, points in zip(pane.lines, polygons, strict=True):
            if line.is_filled and points.size() > 1:
                shade = QColor(line.colour)
                shade.setAlpha(_FILL_ALPHA)
                ends = [
                    (points.at(points.size() - 1).x(), base),
                    (points.at(0).x(), base),
                ]
                area = QPolygonF(points)
                for x, y in ends:
                    area.append(QPointF(x, y))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(shade)
                painter.drawPolygon(area)
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(line.colour), line.width))
            painter.drawPolyline(points)
        painter.restore()

    def _paint_band(self, painter: QPainter) -> None:
        begin, end = self.band
        if not begin:
            return
        left, right = (float(self.x_of(each)) for each in (begin, max(begin, end)))
        plot = self.plot
        box = QRectF(left, 0, max(2.0, right - left), plot.height())
        shade = QColor(self._ink.theme.accent)
        shade.setAlpha(48)
        painter.fillRect(box.intersected(plot), shade)

    def _paint_times(self, painter: QPainter, boxes: list[QRectF]) -> None:
        ink, plot = self._ink, self.plot
        room = ink.small.width("00 Www 0000") + 22
        marks = time_marks(self.begin, self.end, max(1, int(plot.width() / room)))
        xs = [float(self.x_of(ts)) for ts, _ in marks]
        painter.setPen(grid_pen(painter, ink))
        for box in boxes:
            painter.drawLines([QLineF(x, box.top(), x, box.bottom()) for x in xs])
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(ink.theme.muted))
        for x, (_, words) in zip(xs, marks, strict=True):
            width = ink.small.width(words)
            left = min(max(x - width / 2, 2.0), self.width() - width - 2)
            place = QRectF(left, plot.bottom(), width + 2, self._foot)
            ink.small.draw(painter, place, words, 0.0)

    def _paint_values(
        self,
        painter: QPainter,
        box: QRectF,
        pane: PlotPane,
        laid: tuple[float, float, Any],
    ) -> None:
        ink, (low, high, _), field = self._ink, laid, self._field(box)
        room = max(3, int(field.height() / (ink.small.height * 1.9)))
        ink.write_in(painter, ink.small)
        marks = axis.value_marks(low, high, room)
        texts = formatting.axis_texts([pane.text(each) for each in marks])
        for value, text in zip(marks, texts, strict=True):
            y = round(y_of(value, field, low, high))
            painter.setPen(grid_pen(painter, ink))
            painter.drawLine(QLineF(box.left(), y, box.right(), y))
            if box.top() + 4 <= y <= box.bottom() - 2:
                painter.setPen(ink.pen(ink.theme.muted))
                place = QRectF(
                    box.right(), y - ink.small.height / 2, self._axis, ink.small.height
                )
                ink.small.draw(painter, place, text, 0.0, 6)
        if pane.base is not None:
            y = round(y_of(pane.base, field, low, high))
            painter.setPen(hairline(painter, ink.theme.muted))
            painter.drawLine(QLineF(box.left(), y, box.right(), y))
        painter.setPen(hairline(painter, ink.theme.line))
        painter.drawLine(QLineF(box.right(), box.top(), box.right(), box.bottom()))
        painter.drawLine(QLineF(0, box.bottom(), self.width(), box.bottom()))

    def _paint_legend(self, painter: QPainter, box: QRectF, pane: PlotPane) -> None:
        """Title and values, at the crosshair or at the end, as many as fit."""
        ink, t = self._ink, self._ink.theme
        ts = self.pointed or min(self.end, int(self.ts[-1]))
        ink.write_in(painter, ink.small)
        x, height = box.left() + 4, ink.small.height
        ground = QColor(t.panel)
        ground.setAlpha(200)
        for word, colour in [
            (pane.title, t.muted),
            *((f"{x.name} {pane.text(self._value(x, ts))}", x.colour)
              for x in pane.lines),
        ]:  # fmt: skip
            width = ink.small.width(word)
            if x + width > box.right():
                break
            painter.fillRect(QRectF(x - 2, box.top() + 1, width + 4, height), ground)
            painter.setPen(ink.pen(colour))
            ink.small.draw(
                painter, QRectF(x, box.top() + 1, width + 2, height), word, 0
            )
            x += width + 12

    def _paint_cross(self, painter: QPainter) -> None:
        ink, t, plot = self._ink, self._ink.theme, self.plot
        x = round(float(self.x_of(self.pointed)))
        if not plot.left() <= x <= plot.right() + 1:
            return
        painter.setPen(hairline(painter, t.muted, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(x, 0, x, plot.bottom()))
        words = moment(self.pointed, self.end - self.begin)
        width = ink.small.width(words) + 10
        left = max(0.0, min(plot.right() - width, x - width / 2))
        box = QRectF(round(left), plot.bottom(), width, self._foot)
        painter.fillRect(box, ink.brush(t.raised))
        painter.setPen(ink.pen(t.text))
        ink.write_in(painter, ink.small)
        ink.small.draw(painter, box, words, 0.5)


_CTRL: Final = Qt.KeyboardModifier.ControlModifier


def moment(ts: int, span: int) -> str:
    """An instant in the words that a stretch of time needs."""
    if span > 20 * axis.DAY:
        return formatting.day(ts)
    return f"{formatting.day(ts)} {formatting.clock_time(ts, fine=span < axis.DAY)}"


def time_marks(begin: int, end: int, room: int) -> list[tuple[int, str]]:
    """Round instants in a stretch with their labels; months and years by calendar."""
    step = axis.time_step(max((end - begin) / room, axis.SECOND / 100))
    if step >= 28 * axis.DAY:
        return _months(begin, end, max(1, math.ceil(step / (30.5 * axis.DAY))))
    offset = axis.SECOND * formatting.zone_offset(begin)
    first = -(-(begin + offset) // step)
    marks = range(first, (end + offset) // step + 1)
    found = [each * step - offset for each in marks]
    return [
        (ts, formatting.axis_time(ts, step, is_day=(ts + offset) % axis.DAY == 0))
        for ts in found
    ]


def _months(begin: int, end: int, step: int) -> list[tuple[int, str]]:
    step = next((each for each in (1, 2, 3, 6, 12, 24, 60, 120) if each >= step), 240)
    first = int(np.datetime64(begin, "ns").astype("datetime64[M]").astype(int))
    last = int(np.datetime64(end, "ns").astype("datetime64[M]").astype(int))
    made = []
    for month in range(-(-first // step) * step, last + 1, step):
        at = np.datetime64(month, "M")
        ts = int(at.astype("datetime64[ns]").astype(np.int64))
        year, number = divmod(month + 12 * 1970, 12)
        words = f"{year}" if number == 0 else f"{_NAMES[number]} {year}"
        if begin <= ts <= end:
            made.append((ts, words))
    return made


_NAMES: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def range_of(parts: Sequence[Any], base: float | None) -> tuple[float, float]:
    """A range that holds all values, and the base, with some room."""
    found = [each[np.isfinite(each)] for each in parts]
    lows = [float(each.min()) for each in found if len(each)]
    highs = [float(each.max()) for each in found if len(each)]
    if base is not None:
        lows, highs = [*lows, base], [*highs, base]
    low, high = min(lows, default=0.0), max(highs, default=1.0)
    if high <= low:
        reach = max(abs(low) * 0.01, 1e-9)
        return low - reach, high + reach
    room = (high - low) * _ROOM
    is_floor, is_roof = (
        base is not None and low == base,
        base is not None and high == base,
    )
    return (low if is_floor else low - room), (high if is_roof else high + room)


def thinned(xs: Any, values: Any) -> tuple[Any, Any]:
    """The lowest and the highest value of each pixel column, where there are many."""
    is_known = np.isfinite(values)
    if not is_known.all():
        xs, values = xs[is_known], values[is_known]
    if len(xs) < 4 or len(xs) < 3 * (xs[-1] - xs[0]):
        return xs, values
    starts = np.append(0, np.flatnonzero(np.diff(np.floor(xs))) + 1)
    pairs = np.stack(
        [np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)], 1
    )
    return np.repeat(xs[starts], 2), pairs.reshape(-1)


def y_of(value: Any, box: QRectF, low: float, high: float) -> Any:
    """Pixel of a value in a box."""
    return box.bottom() - (value - low) / (high - low) * box.height()


def _polygon(xs: Any, values: Any, box: QRectF, low: float, high: float) -> QPolygonF:
    ys = y_of(values.astype(np.float64), box, low, high)
    return polygon(np.clip(xs, -1e5, 1e5), np.clip(ys, -1e5, 1e5))
