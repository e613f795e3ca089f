"""What lies over a ladder's rows: the pointer's cell, notes, a pending recentring."""

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui.items.ink import Ink
from app.ui.items.ladder_geometry import Column, Geometry, Spot

_PAD: Final = 6.0


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
        left = geometry.lefts[Column.BID]
        right = geometry.lefts[Column.OWN_SELLS]
        rect = geometry.row_rect(row)
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
