"""A grid of cells painted by compiled code: text and bars, only what has changed.

`Lettering` makes masks of glyphs and turns texts into runs of them; `RasterGrid` keeps
the picture, what is painted in it, and the job for `app.engine.raster`.
"""

from typing import Final

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from app.engine import raster
from app.engine.raster import GLYPH, RASTER_CELL, RUN, raster_cells

_RUNS: Final = 1 << 15
_CODES: Final = 1 << 18
_FIRST_GLYPHS: Final = 512


class Lettering:
    """Texts of some fonts as runs of glyph masks.

    Kerning is left out on purpose: figures must stand below each other.

    Parameters
    ----------
    fonts : tuple of QFont
        Sizes in logical px.
    ratio : float
        Device px for one logical px.

    Attributes
    ----------
    generation : int
        Changes when every run was dropped, because the store was full.
    """

    def __init__(self, fonts: tuple[QFont, ...], ratio: float) -> None:
        self._fonts = [_sized(font, ratio) for font in fonts]
        self._metrics = [QFontMetrics(font) for font in self._fonts]
        height = max(metrics.height() for metrics in self._metrics)
        self.atlas = np.zeros((height, 4096), np.uint8)
        self.glyphs = np.zeros(_FIRST_GLYPHS, GLYPH)
        self.runs = np.zeros(_RUNS, RUN)
        self.codes = np.zeros(_CODES, np.int32)
        self.generation = 0
        self._glyph_count, self._atlas_used = 1, 0
        self._codes: dict[tuple[int, str], int] = {}
        self._clear()

    def run(self, font: int, text: str) -> int:
        """Run of a text in a font (its place among the fonts); 0 = no text."""
        if not text:
            return 0
        known = self._known.get((font, text))
        return self._make(font, text) if known is None else known

    def width(self, run: int) -> int:
        """Width of a run, device px."""
        return int(self.runs["width"][run])

    def _clear(self) -> None:
        self._known: dict[tuple[int, str], int] = {}
        self._run_count, self._code_count = 1, 0
        self.generation += 1

    def _make(self, font: int, text: str) -> int:
        if self._run_count == _RUNS or self._code_count + len(text) > _CODES:
            self._clear()
        codes = [self._code(font, character) for character in text[:_RUNS]]
        run, first = self._run_count, self._code_count
        self.codes[first : first + len(codes)] = codes
        width = sum(self.glyphs["width"][codes].tolist())
        self.runs[run] = (first, len(codes), width)
        self._run_count += 1
        self._code_count += len(codes)
        self._known[font, text] = run
        return run

    def _code(self, font: int, character: str) -> int:
        code = self._codes.get((font, character))
        if code is None:
            code = self._codes[font, character] = self._draw(font, character)
        return code

    def _draw(self, font: int, character: str) -> int:
        """Make the mask of a glyph."""
        metrics = self._metrics[font]
        width, height = max(1, metrics.horizontalAdvance(character)), metrics.height()
        image = QImage(width, height, QImage.Format.Format_Grayscale8)
        image.fill(0)
        painter = QPainter(image)
        painter.setFont(self._fonts[font])
        painter.setPen(QColor(Qt.GlobalColor.white))
        painter.drawText(0, metrics.ascent(), character)
        painter.end()
        self._need(width)
        lines = np.frombuffer(image.constBits(), np.uint8)
        lines = lines.reshape(height, image.bytesPerLine())
        left, code = self._atlas_used, self._glyph_count
        self.atlas[:height, left : left + width] = lines[:, :width]
        self.glyphs[code] = (left, width, height)
        self._atlas_used += width
        self._glyph_count += 1
        return code

    def _need(self, width: int) -> None:
        """Make room for a glyph."""
        if self._atlas_used + width > self.atlas.shape[1]:
            self.atlas = np.hstack([self.atlas, np.zeros_like(self.atlas)])
        if self._glyph_count == len(self.glyphs):
            self.glyphs = np.concatenate([self.glyphs, np.zeros_like(self.glyphs)])


def _sized(font: QFont, ratio: float) -> QFont:
    """A font for device pixels."""
    made = QFont(font)
    made.setPixelSize(max(1, round(font.pixelSize() * ratio)))
    return made


class RasterGrid:
    """A picture of rows and columns of cells.

    Parameters
    ----------
    lettering : Lettering
    width, height : int
        Of the picture, device px.
    rows, columns : int
    ratio : float
        Device px for one logical px.

    Attributes
    ----------
    image : QImage
    cells : (rows, columns) RASTER_CELL
        What is to be seen; `paint` brings the picture there.
    drawn : (rows, columns) bool
        What the last `paint` painted.
    """

    def __init__(
        self,
        lettering: Lettering,
        size: tuple[int, int],
        shape: tuple[int, int],
        ratio: float,
    ) -> None:
        width, height = max(1, size[0]), max(1, size[1])
        self.image = QImage(width, height, QImage.Format.Format_RGB32)
        self.image.fill(0)
        self.image.setDevicePixelRatio(ratio)
        self.cells = np.zeros(shape, RASTER_CELL)
        self._painted = np.zeros(shape, RASTER_CELL)
        self._drawn = np.zeros(shape, np.uint8)
        self._lettering = lettering
        self._generation = lettering.generation
        # The address is taken once: nothing else may share the picture's memory.
        self._bits = np.frombuffer(self.image.bits(), np.uint32)
        self._job = np.zeros(raster.JOB_WORDS, np.int64)
        self._job[raster.PICTURE] = self._bits.ctypes.data
        self._job[raster.PITCH] = self.image.bytesPerLine() // 4
        self._job[raster.WIDTH], self._job[raster.HEIGHT] = width, height
        self._job[raster.CELLS] = self.cells.ctypes.data
        self._job[raster.PAINTED] = self._painted.ctypes.data
        self._job[raster.DRAWN] = self._drawn.ctypes.data
        self._job[raster.COUNT] = self.cells.size
        self._job_address = self._job.ctypes.data
        self.drawn = self._drawn.view(bool)
        self.forget()

    def forget(self) -> None:
        """Let the next `paint` paint every cell."""
        self._painted["width"] = -1

    @property
    def is_current(self) -> bool:
        """Whether runs of the cells still mean their texts."""
        return self._generation == self._lettering.generation

    def renew(self) -> None:
        """Begin with a new generation of runs."""
        self._generation = self._lettering.generation
        self.forget()

    def paint(self) -> int:
        """Paint the cells that changed; return how many they were."""
        job, lettering = self._job, self._lettering
        job[raster.ATLAS] = lettering.atlas.ctypes.data
        job[raster.ATLAS_PITCH] = lettering.atlas.shape[1]
        job[raster.GLYPHS] = lettering.glyphs.ctypes.data
        job[raster.RUNS] = lettering.runs.ctypes.data
        job[raster.CODES] = lettering.codes.ctypes.data
        return raster_cells(self._job_address)

    def drawn_rect(self, ratio: float) -> QRect:
        """What surrounds all that the last `paint` painted, logical px."""
        seen = self.cells[self.drawn]
        if not len(seen):
            return QRect()
        left, top = int(seen["x"].min()), int(seen["y"].min())
        right = int((seen["x"] + seen["width"]).max())
        bottom = int((seen["y"] + seen["height"]).max())
        x, y = int(left // ratio), int(top // ratio)
        return QRect(x, y, int(-(-right // ratio)) - x, int(-(-bottom // ratio)) - y)


def rgb(colour: str) -> int:
    """A colour of the theme as a pixel."""
    return int(QColor(colour).rgb())
