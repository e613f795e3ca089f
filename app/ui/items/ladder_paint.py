"""How a ladder looks: compiled cells, with sprites for what has a shape."""

import math
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QPainter

from app.ui.items.ink import Ink
from app.ui.items.ladder_cells import NUMBER_COUNT, PAD, SMALL, LadderCells
from app.ui.items.ladder_geometry import Column, Geometry
from app.ui.items.ladder_shapes import LadderShapes
from app.ui.items.raster import Lettering, Numbers, RasterGrid, Sprites, rgb
from app.ui.models.ladder import LadderFrame

_TRIES: Final = 2


class LadderPaint:
    """Paints frames into a picture of its own.

    Parameters
    ----------
    ink : Ink
        Usual text for sizes and prices, bold for the touch and own orders, small for
        marks.
    ratio : float
        Device px for one logical px.
    """

    def __init__(self, ink: Ink, ratio: float) -> None:
        self._ink = ink
        self._ratio = ratio
        self.theme = ink.theme
        fonts = (ink.usual.font, ink.bold.font, ink.small.font)
        self._lettering = Lettering(fonts, ratio)
        self._numbers = Numbers(self._lettering, NUMBER_COUNT)
        self._sprites = Sprites(ratio)
        self._cells = LadderCells(self.theme, self._lettering, self._numbers, ink)
        self._shapes = LadderShapes(ink, self._sprites)
        self.chips = self._shapes.chips
        self._noted: dict[int, str] = {}

    def arrange(self, geometry: Geometry) -> None:
        """Make a picture for another size or other columns."""
        ratio, self._geometry = self._ratio, geometry
        size = round(geometry.width * ratio), round(geometry.height * ratio)
        shape = geometry.rows + 1, len(geometry.columns)
        self._sprites.clear()
        stores = self._lettering, self._numbers, self._sprites
        self._grid = RasterGrid(*stores, size, shape, ratio)
        self._cells.arrange(self._grid, geometry, ratio)
        self._shapes.arrange(self._grid, geometry, ratio)
        self._noted = {}

    def paint(self, frame: LadderFrame, notes: dict[int, str]) -> QRect:
        """Bring the picture to a frame; return what changed, logical px.

        Parameters
        ----------
        frame : LadderFrame
        notes : dict
            The user's words by row.
        """
        grid = self._grid
        for _ in range(_TRIES):
            self._cells.fill(frame)
            self._shapes.place(frame)
            self._notes(notes)
            if grid.is_current:
                break
            # A store was emptied on the way: everything in it is another one now.
            grid.renew()
            self._noted = {}
        return grid.drawn_rect(self._ratio) if grid.paint() else QRect()

    def forget(self) -> None:
        """Let the next `paint` paint everything."""
        self._grid.forget()

    def blit(self, painter: QPainter, rect: QRect) -> None:
        """Copy a part of the picture (logical px) to the screen, unscaled."""
        ratio = self._ratio
        left, top = int(rect.x() * ratio), int(rect.y() * ratio)
        right = math.ceil((rect.x() + rect.width()) * ratio)
        bottom = math.ceil((rect.y() + rect.height()) * ratio)
        source = QRect(left, top, right - left, bottom - top)
        # A rectangle as the target would be taken for a change of scale: 2 ms.
        painter.drawImage(
            QPointF(left / ratio, top / ratio), self._grid.image, QRectF(source)
        )

    def _notes(self, notes: dict[int, str]) -> None:
        if notes == self._noted or not self._geometry.has(Column.NOTES):
            return
        self._noted = dict(notes)
        part = self._grid.cells[1:, self._geometry.columns.index(Column.NOTES)]
        part["run"], part["ink"] = 0, rgb(self.theme.text)
        room = self._geometry.column_width(Column.NOTES) - 2 * PAD
        for row, words in notes.items():
            if 0 <= row < len(part):
                shown = self._ink.small.elided(words, room)
                part["run"][row] = self._lettering.run(SMALL, shown)
