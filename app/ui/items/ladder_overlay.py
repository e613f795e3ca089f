"""What lies over a ladder's rows: the pointer's cell, notes, a pending recentring."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from app.ui.items.ink import Ink
from app.ui.items.ladder_geometry import Column, Geometry, Spot
from app.ui.models.ladder import Away, LadderFrame

_PAD: Final = 6.0
_FRAME_PX: Final = 2
_BARRED_PX: Final = 5
NOTE_NS: Final = 6_000_000_000


@dataclass(frozen=True, slots=True)
class Note:
    """Words across a row until an instant (monotonic ns)."""

    text: str
    until: int


class LadderOverlay:
    """Draws over rows that are painted already."""

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        self.theme = ink.theme

    def outline(
        self, painter: QPainter, geometry: Geometry, spot: Spot, *, dashed: bool
    ) -> None:
        """Draw the pointer's cell, or (dashed) the keyboard's."""
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        colour = self.theme.accent if dashed else self.theme.muted
        painter.setPen(QPen(QColor(colour), 1, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(
            geometry.cell(spot.row, spot.column).adjusted(0.5, 0.5, -1.5, -1.5)
        )

    def note(
        self,
        painter: QPainter,
        geometry: Geometry,
        row: int,
        words: str,
        *,
        is_error: bool,
    ) -> None:
        """Write something across a row: a refusal, or what waits for a confirm."""
        rect = geometry.row_rect(row)
        own = [c for c in geometry.columns if c.is_own]
        edges = [geometry.cell(row, column) for column in own]
        left = edges[0].right() if edges and edges[0].left() == 0 else 0.0
        right = geometry.width if len(edges) < 2 else edges[-1].left()
        box = QRectF(left, rect.top() + 1, right - left, rect.height() - 2)
        t = self.theme
        colour = t.error if is_error else t.warning
        painter.fillRect(box, self._ink.brush(t.raised if is_error else t.warning_cell))
        painter.setPen(self._ink.pen(colour))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        self._ink.write_in(painter, self._ink.small)
        shown = self._ink.small.elided(words, box.width() - 2 * _PAD)
        self._ink.small.draw(painter, box, shown, 0.5, _PAD)

    def away(
        self, painter: QPainter, geometry: Geometry, rows: int, *, is_flash: bool
    ) -> None:
        """Show that the market is out of view: negative `rows` above, else below."""
        t = self.theme
        row = 0 if rows < 0 else geometry.rows - 1
        rect = geometry.row_rect(row)
        edge = rect.top() if rows < 0 else rect.bottom() - 2
        painter.fillRect(QRectF(0, edge, geometry.width, 3), self._ink.brush(t.accent))
        box = geometry.cell(row, Column.PRICE)
        ground = t.last if is_flash else t.accent
        painter.fillRect(box, self._ink.brush(ground))
        self._ink.write_in(painter, self._ink.bold)
        painter.setPen(self._ink.pen(t.panel if is_flash else t.on_accent))
        arrow = "▲" if rows < 0 else "▼"
        self._ink.bold.draw(painter, box, f"{arrow} {abs(rows)} · Space", 0.5)

    def badges(
        self,
        painter: QPainter,
        frame: LadderFrame,
        badges: list[tuple[QRectF, Away]],
    ) -> None:
        """Draw arrows to orders of ours out of view, with size and nearest price."""
        t, text = self.theme, frame.listed.text
        for box, away in badges:
            arrow = "▲" if away.is_above else "▼"
            words = f"{arrow} {text.size(away.size)} @ {text.price(away.price)}"
            if self._ink.small.width(words) > box.width() - 4:
                words = f"{arrow} {text.size(away.size)}"
            inner = box.adjusted(1, 1, -1, -1)
            painter.fillRect(inner, self._ink.brush(t.raised))
            painter.setPen(self._ink.pen(t.side(away.side)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(inner.adjusted(0.5, 0.5, -0.5, -0.5))
            self._ink.write_in(painter, self._ink.small)
            self._ink.small.draw(painter, inner, words, 0.5)

    def groups(self, painter: QPainter, geometry: Geometry, frame: LadderFrame) -> None:
        """Draw a bracket beside the members of each group: entry, target, stop."""
        own = {1: Column.OWN_BUYS, -1: Column.OWN_SELLS}
        for members in frame.groups:
            # The line stands beside the exits, the letter beside each order.
            exits = [side for _, side, letter in members if letter != "E"]
            column = own[(exits or [members[0][1]])[0]]
            if geometry.has(column):
                self._line(painter, geometry, [row for row, _, _ in members], column)
            for row, side, letter in members:
                is_seen = geometry.has(own[side]) and 0 <= row < geometry.rows
                if is_seen and letter != "S":  # a stop's own shape says it
                    self._letter(painter, geometry, row, letter, own[side])

    def _line(
        self, painter: QPainter, geometry: Geometry, rows: list[int], column: Column
    ) -> None:
        """Join the rows of a group at a column's outer edge."""
        height, middle = geometry.row_height, geometry.header + geometry.row_height / 2
        x, towards = _outer(geometry, column)
        painter.setPen(self._ink.pen(self.theme.accent))
        top, bottom = (max(-1, min(geometry.rows, r)) for r in (min(rows), max(rows)))
        painter.drawLine(QLineF(x, middle + top * height, x, middle + bottom * height))
        for row in rows:
            if 0 <= row < geometry.rows:
                y = middle + row * height
                painter.drawLine(QLineF(x, y, x + 4 * towards, y))

    def _letter(
        self,
        painter: QPainter,
        geometry: Geometry,
        row: int,
        letter: str,
        column: Column,
    ) -> None:
        """Say what an order is in its group: entry, target, stop."""
        x, towards = _outer(geometry, column)
        box = geometry.cell(row, column)
        left = x + 4 if towards > 0 else x - 16
        painter.setPen(self._ink.pen(self.theme.accent))
        self._ink.write_in(painter, self._ink.small)
        box = QRectF(left, box.top(), 12, box.height())
        self._ink.small.draw(painter, box, letter, 0.5)

    def veil(self, painter: QPainter, geometry: Geometry, words: str) -> None:
        """Lay a veil over the rows: nothing trades, and why."""
        t, top = self.theme, geometry.header
        ground = QColor(t.window)
        ground.setAlpha(110)
        painter.fillRect(QRectF(0, top, geometry.width, geometry.height - top), ground)
        glyphs = self._ink.bold
        width = min(glyphs.width(words) + 24, geometry.width)
        left = (geometry.width - width) / 2
        box = QRectF(left, top + geometry.row_height, width, geometry.row_height + 4)
        painter.fillRect(box, self._ink.brush(t.warning_cell))
        painter.setPen(self._ink.pen(t.warning))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        self._ink.write_in(painter, glyphs)
        glyphs.draw(painter, box, glyphs.elided(words, width - 8), 0.5)

    def frame(
        self, painter: QPainter, geometry: Geometry, state: int, *, is_barred: bool
    ) -> None:
        """Draw the safety state at sides and foot; barred where orders are real."""
        colour, wide = QColor(self.theme.state(state)), _FRAME_PX
        if is_barred:
            colour, wide = QColor(self.theme.killed), _BARRED_PX
        brush = QBrush(colour)
        if is_barred:
            brush.setStyle(Qt.BrushStyle.BDiagPattern)
        painter.fillRect(0, 0, wide, geometry.height, brush)
        painter.fillRect(geometry.width - wide, 0, wide, geometry.height, brush)
        painter.fillRect(0, geometry.height - wide, geometry.width, wide, brush)


def _outer(geometry: Geometry, column: Column) -> tuple[float, float]:
    """Where a group's line stands in a column, and which way the prices lie."""
    edge = geometry.cell(0, column)
    if column is Column.OWN_BUYS:
        return edge.left() + 4.5, 1.0
    return edge.right() - 4.5, -1.0
