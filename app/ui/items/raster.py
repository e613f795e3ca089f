"""A grid of cells painted by compiled code: text and bars, only what has changed.

`Lettering` makes masks of glyphs and turns texts into runs of them, `Sprites` keeps
small pictures that are laid over cells; `RasterGrid` keeps the picture, what is painted
in it, and the job for `app.engine.raster`.
"""

from collections.abc import Callable, Hashable
from typing import Final

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from app.engine import raster
from app.engine.raster import GLYPH, GLYPH_PX, RASTER_CELL, RUN, SPRITE, raster_cells
from app.engine.raster_numbers import BAND, FIGURES, NUMBER, NUMBER_CODES, PRICE

_RUNS: Final = 1 << 15
_SPRITES: Final = 1 << 10
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
        self._figures: dict[int, np.ndarray] = {}
        self._clear()

    def figures(self, font: int) -> int:
        """Address of the glyphs of FIGURES in a font, for a NUMBER."""
        if font not in self._figures:
            codes = [self._code(font, each) for each in FIGURES]
            self._figures[font] = np.array(codes, np.int32)
        return int(self._figures[font].ctypes.data)

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
        room = -(-width // GLYPH_PX) * GLYPH_PX
        self._need(room)
        lines = np.frombuffer(image.constBits(), np.uint8)
        lines = lines.reshape(height, image.bytesPerLine())[:, :width]
        left, code = self._atlas_used, self._glyph_count
        self.atlas[:height, left : left + width] = lines
        covered = np.flatnonzero(lines.any(axis=1))
        top, bottom = (covered[0], covered[-1] + 1) if len(covered) else (0, 0)
        self.glyphs[code] = (left, width, height, top, bottom, room)
        self._atlas_used += room
        self._glyph_count += 1
        return code

    def _need(self, width: int) -> None:
        """Make room for a glyph."""
        if self._atlas_used + width > self.atlas.shape[1]:
            self.atlas = np.hstack([self.atlas, np.zeros_like(self.atlas)])
        if self._glyph_count == len(self.glyphs):
            self.glyphs = np.concatenate([self.glyphs, np.zeros_like(self.glyphs)])


class Numbers:
    """How numbers are written: rows of NUMBER, made once for an instrument.

    Attributes
    ----------
    rows : NUMBER array
        Row 0 is none.
    """

    def __init__(self, lettering: Lettering, most: int) -> None:
        self.rows = np.zeros(most, NUMBER)
        self._lettering = lettering
        self._bands: dict[int, np.ndarray] = {}

    def write(
        self,
        number: int,
        kind: int,
        font: int,
        unit: tuple[int, int],
        bands: list[tuple[int, int, int]] | None = None,
        suffix: str = "",
        margin: int = 0,
    ) -> None:
        """Say how a number is written.

        Parameters
        ----------
        number : int
            Its row.
        kind : int
            SIZE, CHANGE, PRICE of `engine.raster_numbers`.
        font : int
            Its place among the fonts.
        unit : tuple of int
            A unit as numerator and decimal places.
        bands : list of (start, step, decimals)
            Of the tick table; for prices.
        suffix : str
            Written behind it where there is room.
        margin : int
            Kept free at the far side of a number with a suffix, device px.
        """
        row, lettering = self.rows[number], self._lettering
        row["figures"], row["kind"] = lettering.figures(font), kind
        row["numerator"], row["places"] = unit
        row["suffix"], row["margin"] = lettering.run(font, suffix), margin
        if kind == PRICE:
            table = self._bands[number] = np.array(bands, BAND)
            row["bands"], row["band_count"] = table.ctypes.data, len(table)


class Sprites:
    """Small pictures by what they show.

    Attributes
    ----------
    generation : int
        Changes when all were dropped, because the store was full.
    """

    def __init__(self, ratio: float) -> None:
        self.rows = np.zeros(_SPRITES, SPRITE)
        self.generation = 0
        self._ratio = ratio
        self.clear()

    def clear(self) -> None:
        """Drop all."""
        self._known: dict[Hashable, int] = {}
        self._images: list[QImage] = []
        self.generation += 1

    def of(
        self, key: Hashable, size: tuple[int, int], draw: Callable[[QPainter], None]
    ) -> int:
        """Sprite of a key; drawn at its first use.

        Parameters
        ----------
        key : hashable
            All that its looks depend on but the size.
        size : tuple of int
            Device px.
        draw : callable
            Draws it in logical px, its top left at 0, 0.
        """
        known = self._known.get((key, size))
        return self._make((key, size), size, draw) if known is None else known

    def _make(
        self, key: Hashable, size: tuple[int, int], draw: Callable[[QPainter], None]
    ) -> int:
        if len(self._images) + 1 >= _SPRITES:
            self.clear()
        image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(0)
        image.setDevicePixelRatio(self._ratio)
        painter = QPainter(image)
        draw(painter)
        painter.end()
        self._images.append(image)
        number = self._known[key] = len(self._images)
        # The address is taken once: nothing else may share the picture's memory.
        bits = np.frombuffer(image.bits(), np.uint32).ctypes.data
        self.rows[number] = (bits, *size, image.bytesPerLine() // 4)
        return number


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
    numbers : Numbers
    sprites : Sprites
    size : tuple of int
        Width and height of the picture, device px.
    shape : tuple of int
        Rows and columns.
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
        numbers: Numbers,
        sprites: Sprites,
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
        self._lettering, self._sprites = lettering, sprites
        self._generation = self._stores
        self._scratch = np.zeros(NUMBER_CODES, np.int32)
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
        self._job[raster.NUMBERS] = numbers.rows.ctypes.data
        self._job[raster.SCRATCH] = self._scratch.ctypes.data
        self._job[raster.SPRITES] = sprites.rows.ctypes.data
        self._job_address = self._job.ctypes.data
        self._kept = numbers
        self.drawn = self._drawn.view(bool)
        self._read_from(lettering)
        self.forget()

    def forget(self) -> None:
        """Let the next `paint` paint every cell."""
        self._painted["width"] = -1

    @property
    def _stores(self) -> tuple[int, int]:
        return self._lettering.generation, self._sprites.generation

    @property
    def is_current(self) -> bool:
        """Whether runs and sprites of the cells still mean what they meant."""
        return self._generation == self._stores

    def renew(self) -> None:
        """Begin with new generations of runs and sprites."""
        self._generation = self._stores
        self.forget()

    def paint(self) -> int:
        """Paint the cells that changed; return how many they were."""
        lettering = self._lettering
        # An array's address is dear to ask for: they change only where more is kept.
        if lettering.atlas is not self._atlas or lettering.glyphs is not self._glyphs:
            self._read_from(lettering)
        return raster_cells(self._job_address)

    def _read_from(self, lettering: Lettering) -> None:
        self._atlas, self._glyphs = lettering.atlas, lettering.glyphs
        job = self._job
        job[raster.ATLAS] = lettering.atlas.ctypes.data
        job[raster.ATLAS_PITCH] = lettering.atlas.shape[1]
        job[raster.GLYPHS] = lettering.glyphs.ctypes.data
        job[raster.RUNS] = lettering.runs.ctypes.data
        job[raster.CODES] = lettering.codes.ctypes.data

    def drawn_rect(self, ratio: float) -> QRect:
        """What surrounds all that the last `paint` painted, logical px."""
        left, top, right, bottom = self._job[raster.LEFT : raster.BOTTOM + 1].tolist()
        if right <= left:
            return QRect()
        x, y = int(left // ratio), int(top // ratio)
        return QRect(x, y, int(-(-right // ratio)) - x, int(-(-bottom // ratio)) - y)


def rgb(colour: str) -> int:
    """A colour of the theme as a pixel."""
    return int(QColor(colour).rgb())
