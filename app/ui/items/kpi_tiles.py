"""Key figures as tiles: a caption, a large value, a line below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui.items.ink import Ink
from app.ui.theme import Theme, text_font

_TILE_PX: Final = 118
_GAP: Final = 6.0


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure, its colour, what stands below it, what it is."""

    caption: str
    value: str
    colour: str
    below: str = ""
    tip: str = ""


class KpiTiles(QWidget):
    """Tiles in as many rows as the width asks for."""

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self._theme, self._scale = theme, scale
        large = text_font(scale, 1.5, bold=True)
        self._ink = Ink(theme, text_font(scale), large, text_font(scale, 0.84))
        self.tiles: tuple[Tile, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._height = round(
            self._ink.small.height * 2 + self._ink.bold.height + 16 * scale
        )

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show other figures."""
        self.tiles = tuple(tiles)
        told = ", ".join(f"{each.caption} {each.value}" for each in tiles)
        self.setAccessibleName(told)
        self.updateGeometry()
        self.update()

    def _columns(self, width: int) -> int:
        return max(1, min(len(self.tiles) or 1, int(width / (_TILE_PX * self._scale))))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = -(-len(self.tiles) // self._columns(width))
        return int(rows * (self._height + _GAP))

    def sizeHint(self) -> QSize:
        return QSize(400, self.heightForWidth(max(self.width(), 300)))

    def _box(self, i: int) -> QRectF:
        columns = self._columns(self.width())
        row, column = divmod(i, columns)
        each = (self.width() + _GAP) / columns
        top = row * (self._height + _GAP)
        return QRectF(column * each, top, each - _GAP, self._height)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            for i, tile in enumerate(self.tiles):
                if self._box(i).contains(event.pos()):
                    QToolTip.showText(event.globalPos(), tile.tip, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, ink, t = QPainter(self), self._ink, self._theme
        ink.begin()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pad = 8.0
        for i, tile in enumerate(self.tiles):
            box = self._box(i)
            painter.setPen(ink.pen(t.line))
            painter.setBrush(ink.brush(t.raised))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            inner = box.adjusted(pad, 5, -pad, -5)
            small, large = ink.small.height, ink.bold.height
            places = (
                (ink.small, tile.caption, t.muted, 0.0, small),
                (ink.bold, tile.value, tile.colour, small + 1, large),
                (ink.small, tile.below, t.muted, small + large + 2, small),
            )
            for glyphs, words, colour, top, height in places:
                ink.write_in(painter, glyphs)
                painter.setPen(ink.pen(colour))
                room = QRectF(inner.left(), inner.top() + top, inner.width(), height)
                glyphs.draw(painter, room, glyphs.elided(words, inner.width()), 0.0)
        painter.end()
