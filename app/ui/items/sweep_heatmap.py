"""Cells of a sweep as a painted map of two axes: values, the best, what is to come."""

import math
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme as themes
from app.ui.items.ink import Ink
from app.ui.models.sweep_book import Picture
from app.ui.models.sweep_text import stat_text, stat_title, tight_text
from app.ui.theme import Theme

_GAP_PX: Final = 14.0
"""Cells at least as large stand apart."""
_LEGEND_PX: Final = 90.0
_SHADES: Final = 256
_NONE: Final = (-1, -1)
_MOST_LABEL: Final = 12
_STEPS: Final = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (1, 0), Qt.Key.Key_Down: (-1, 0),
}  # fmt: skip


class SweepHeatmap(QWidget):
    """Shows a picture of a sweep; the lightness of a colour tells what is better.

    Signals
    -------
    pointed(int)
        The number of the cell under the pointer or the cursor; -1: none.
    picked(int)
        A cell was clicked, or Enter was pressed on it.
    """

    pointed = Signal(int)
    picked = Signal(int)

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        usual, small = themes.text_font(scale, 0.94), themes.text_font(scale, 0.86)
        self._ink = Ink(theme, usual, themes.text_font(scale, 0.94, bold=True), small)
        self._table = ramp(theme)
        self.picture: Picture | None = None
        self.statistic, self.sign, self.best = "sharpe", 1, -1
        self.at = _NONE
        self._empty = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of the sweep")
        self.setMinimumSize(round(200 * scale), round(90 * scale))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(520, 340)

    def show_empty(self, words: str) -> None:
        """Say why there is nothing."""
        self.picture, self._empty, self.at = None, words, _NONE
        self.update()

    def show_picture(
        self, picture: Picture, statistic: str, sign: int, best: int
    ) -> None:
        """Show a picture.

        Parameters
        ----------
        statistic : str
            What its values are.
        sign : int
            +1: the more the better; -1: the less.
        best : int
            Number of the best cell; -1: there is none yet.
        """
        if self.picture is None or self.picture.values.shape != picture.values.shape:
            self.at = _NONE
        self.picture, self.statistic = picture, statistic
        self.sign, self.best = sign, best
        self.update()

    # Places.

    def plot(self) -> QRectF:
        """Where the cells are."""
        line, left = self._ink.small.height, 10.0
        if self.picture is not None and self.picture.up is not None:
            widest = max(
                self._ink.small.width(each[:_MOST_LABEL])
                for each in self.picture.up.labels
            )
            left = widest + 14
        top, foot = line * 1.9, line * 2.9
        width, height = self.width() - left - 10, self.height() - top - foot
        return QRectF(left, top, max(1.0, width), max(1.0, height))

    def box(self, row: int, column: int) -> QRectF:
        """A cell's place; row 0 is the lowest."""
        assert self.picture is not None
        rows, columns = self.picture.values.shape
        plot = self.plot()
        width, height = plot.width() / columns, plot.height() / rows
        return QRectF(
            plot.x() + column * width, plot.bottom() - (row + 1) * height, width, height
        )

    def cell_at(self, x: float, y: float) -> tuple[int, int]:
        """Row and column at a place; (-1, -1) = none."""
        plot = self.plot()
        if self.picture is None or not plot.contains(x, y):
            return _NONE
        rows, columns = self.picture.values.shape
        row = int((plot.bottom() - y) / plot.height() * rows)
        column = int((x - plot.x()) / plot.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def number(self) -> int:
        """The cell at the cursor; -1: none."""
        if self.picture is None or self.at == _NONE:
            return -1
        return int(self.picture.numbers[self.at])

    # The hand.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self.cell_at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        if not self.hasFocus():
            self._point(_NONE)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point(self.cell_at(event.position().x(), event.position().y()))
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        step = next((way for each, way in _STEPS.items() if each == key), None)
        if step is not None and self.picture is not None:
            rows, columns = self.picture.values.shape
            if self.at == _NONE:
                self._point(self._home())
            else:
                row, column = self.at[0] + step[0], self.at[1] + step[1]
                self._point(
                    (max(0, min(rows - 1, row)), max(0, min(columns - 1, column)))
                )
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick()
        elif key == Qt.Key.Key_Home and self.picture is not None:
            self._point(self._home())
        else:
            super().keyPressEvent(event)

    def _home(self) -> tuple[int, int]:
        """The best cell's place, where it is in the picture."""
        assert self.picture is not None
        found = np.argwhere(self.picture.numbers == self.best)
        if self.best < 0 or not len(found):
            return 0, 0
        return int(found[0][0]), int(found[0][1])

    def _point(self, at: tuple[int, int]) -> None:
        if at != self.at:
            self.at = at
            self.pointed.emit(self.number())
            self.update()

    def _pick(self) -> None:
        number = self.number()
        if number >= 0:
            self.picked.emit(number)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, ink, t = QPainter(self), self._ink, self._ink.theme
        ink.begin()
        painter.fillRect(self.rect(), ink.brush(t.panel))
        picture = self.picture
        if picture is None:
            painter.setPen(ink.pen(t.muted))
            painter.setFont(ink.usual.font)
            centre = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 0, -16, 0), centre, self._empty)
            painter.end()
            return
        self._paint_cells(painter, picture)
        self._paint_axes(painter, picture)
        self._paint_legend(painter, picture)
        self._paint_marks(painter, picture)
        if self.hasFocus():
            painter.setPen(ink.pen(t.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def strengths(self, picture: Picture) -> Any:
        """How good each value is, 0 to 1; NaN where there is none."""
        span = picture.high - picture.low
        part = (
            (picture.values - picture.low) / span
            if span > 0
            else (np.where(np.isfinite(picture.values), 0.5, np.nan))
        )
        part = np.clip(part, 0.0, 1.0)
        return part if self.sign > 0 else 1.0 - part

    def _paint_cells(self, painter: QPainter, picture: Picture) -> None:
        ink, t = self._ink, self._ink.theme
        part, plot = self.strengths(picture), self.plot()
        is_known = np.isfinite(part)
        shade = np.where(is_known, np.nan_to_num(part) * (_SHADES - 1), 0).astype(int)
        pixels = np.where(
            is_known,
            self._table[shade],
            np.where(picture.is_due, _argb(t.panel), _argb(t.raised)),
        ).astype(np.uint32)[::-1]
        rows, columns = pixels.shape
        pixels = np.ascontiguousarray(pixels)
        form = QImage.Format.Format_RGB32
        image = QImage(pixels.data, columns, rows, 4 * columns, form)
        painter.drawImage(plot, image)
        box = self.box(0, 0)
        is_apart = min(box.width(), box.height()) >= _GAP_PX
        if is_apart:
            painter.setPen(QPen(QColor(t.panel), 1.5))
            lines = [
                QLineF(plot.x() + i * box.width(), plot.y(),
                       plot.x() + i * box.width(), plot.bottom())
                for i in range(1, columns)
            ]  # fmt: skip
            lines += [
                QLineF(plot.x(), plot.y() + i * box.height(),
                       plot.right(), plot.y() + i * box.height())
                for i in range(1, rows)
            ]  # fmt: skip
            painter.drawLines(lines)
        if box.height() >= ink.small.height + 1 and box.width() >= 24:
            self._paint_values(painter, picture, shade)
        self._paint_refused(painter, picture)
        self._paint_failed(painter, picture)

    def _paint_values(self, painter: QPainter, picture: Picture, shade: Any) -> None:
        ink = self._ink
        ink.write_in(painter, ink.small)
        for row, column in np.argwhere(np.isfinite(picture.values)).tolist():
            box = self.box(row, column)
            words = tight_text(self.statistic, float(picture.values[row, column]))
            if ink.small.width(words) > box.width() - 4:
                continue
            ground = QColor(int(self._table[shade[row, column]]))
            painter.setPen(ink.pen(_on(ground)))
            ink.small.draw(painter, box, words, 0.5)

    def _paint_refused(self, painter: QPainter, picture: Picture) -> None:
        """A hatching where parameters break a rule: there is nothing to run."""
        hatching = QBrush(QColor(self._ink.theme.muted), Qt.BrushStyle.BDiagPattern)
        edges = np.diff(np.pad(picture.refused.astype(np.int8), ((0, 0), (1, 1))))
        begins, ends = np.argwhere(edges > 0), np.argwhere(edges < 0)
        # Side by side they are one: few boxes for what is mostly a corner of the map.
        for (row, first), (_, last) in zip(begins.tolist(), ends.tolist(), strict=True):
            box = self.box(row, first).united(self.box(row, last - 1))
            painter.fillRect(box.adjusted(1, 1, -1, -1), hatching)

    def _paint_failed(self, painter: QPainter, picture: Picture) -> None:
        """A cross where there are no figures."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._ink.theme.muted), 1.2))
        for row, column in np.argwhere(picture.failed).tolist():
            centre = self.box(row, column)
            size = min(4.0, 0.3 * centre.width(), 0.3 * centre.height())
            x, y = centre.center().x(), centre.center().y()
            painter.drawLine(QLineF(x - size, y - size, x + size, y + size))
            painter.drawLine(QLineF(x - size, y + size, x + size, y - size))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _paint_axes(self, painter: QPainter, picture: Picture) -> None:
        ink, t, plot = self._ink, self._ink.theme, self.plot()
        glyphs = ink.small
        ink.write_in(painter, glyphs)
        painter.setPen(ink.pen(t.muted))
        box, line = self.box(0, 0), glyphs.height
        labels = picture.across.labels
        widest = max(glyphs.width(each[:_MOST_LABEL]) for each in labels) + 8
        step = max(1, math.ceil(widest / box.width()))
        for i in range(0, len(labels), step):
            place = QRectF(
                plot.x() + (i + 0.5) * box.width() - widest / 2,
                plot.bottom() + 2, widest, line * 1.3,
            )  # fmt: skip
            glyphs.draw(painter, place, labels[i][:_MOST_LABEL], 0.5)
        if picture.up is not None:
            step = max(1, math.ceil(line / box.height()))
            for i in range(0, len(picture.up.labels), step):
                middle = plot.bottom() - (i + 0.5) * box.height()
                place = QRectF(0, middle - line / 2, plot.x() - 6, line)
                label = picture.up.labels[i][:_MOST_LABEL]
                glyphs.draw(painter, place, label, 1.0)
        painter.setPen(ink.pen(t.text))
        foot = QRectF(plot.x(), plot.bottom() + line * 1.4, plot.width(), line * 1.4)
        glyphs.draw(painter, foot, f"{picture.across.axis.name} →", 0.5)
        if picture.up is not None:
            head = QRectF(6, 0, self.width() / 2, line * 1.7)
            glyphs.draw(painter, head, f"↑ {picture.up.axis.name}", 0.0)

    def _paint_legend(self, painter: QPainter, picture: Picture) -> None:
        """What colours mean: the worse at the left, the better at the right."""
        ink, t, plot = self._ink, self._ink.theme, self.plot()
        glyphs = ink.small
        ends = [picture.low, picture.high][:: self.sign]
        if not np.isfinite(picture.values).any() and picture.low == picture.high:
            return
        told = [stat_text(self.statistic, each) for each in ends]
        if picture.is_cut:
            worse, better = ("≤", "≥") if self.sign > 0 else ("≥", "≤")
            told = [f"{worse} {told[0]}", f"{better} {told[1]}"]
        line = glyphs.height * 1.7
        right = plot.right()
        painter.setPen(ink.pen(t.muted))
        ink.write_in(painter, glyphs)
        glyphs.draw(painter, QRectF(0, 0, right, line), told[1], 1.0)
        right -= glyphs.width(told[1]) + 6
        room = min(_LEGEND_PX, max(24.0, right * 0.3))
        bar = QRectF(right - room, line / 2 - 5, room, 10)
        image = QImage(
            np.ascontiguousarray(self._table).data, _SHADES, 1, 4 * _SHADES,
            QImage.Format.Format_RGB32,
        )  # fmt: skip
        painter.drawImage(bar, image)
        left = bar.x() - 6
        glyphs.draw(painter, QRectF(0, 0, left, line), told[0], 1.0)
        left -= glyphs.width(told[0]) + 8
        title = stat_title(self.statistic)
        if glyphs.width(title) < left - self.width() * 0.2:
            painter.setPen(ink.pen(t.text))
            glyphs.draw(painter, QRectF(0, 0, left, line), title, 1.0)

    def _paint_marks(self, painter: QPainter, picture: Picture) -> None:
        """A ring around the best, and one around the cursor."""
        t = self._ink.theme
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.best >= 0:
            for row, column in np.argwhere(picture.numbers == self.best).tolist():
                box = self.box(row, column)
                for colour, width, inset in ((t.panel, 4.0, 1.5), (t.text, 2.0, 1.5)):
                    painter.setPen(QPen(QColor(colour), width))
                    painter.drawRect(box.adjusted(inset, inset, -inset, -inset))
        if self.at != _NONE:
            painter.setPen(QPen(QColor(t.accent), 2.0))
            painter.drawRect(self.box(*self.at).adjusted(1, 1, -1, -1))


def ramp(theme: Theme) -> Any:
    """Colours from the worse to the better as (256,) pixels: lightness alone tells."""
    stops = [QColor(each) for each in theme.heat]
    at, places = np.linspace(0, len(stops) - 1, _SHADES), np.arange(len(stops))
    channels = [
        np.interp(at, places, [getattr(each, name)() for each in stops])
        for name in ("red", "green", "blue")
    ]
    red, green, blue = (np.rint(each).astype(np.uint32) for each in channels)
    return (np.uint32(255) << 24) | (red << 16) | (green << 8) | blue


def _argb(colour: str) -> int:
    return int(QColor(colour).rgb())


def _on(ground: QColor) -> str:
    """Text that is read on a ground."""
    light = 0.299 * ground.red() + 0.587 * ground.green() + 0.114 * ground.blue()
    return "#0a0f15" if light > 130 else "#ffffff"
