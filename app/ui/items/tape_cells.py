"""Rows of the tape as cells for the raster: text, bars and colours, newest on top.

Texts are looked up by what they say, so that only what is new is written; the raster
paints only cells that differ.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QImage

from app.engine.history.records import TapeFlag
from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.items.raster import Lettering, Numbers, RasterGrid, Sprites, rgb
from app.ui.theme import Theme

SHARES: Final = (0.36, 0.27, 0.23, 0.14)
"""Of the width: time, price, size, trades."""
TIME, PRICE, SIZE, TRADES = range(4)
_USUAL, _BOLD = range(2)
_PAD: Final = 6
_SIDES: Final = ("ask", "text", "bid")
_BARS: Final = ("ask_bar", "raised", "bid_bar")
_SHAPES: Final = {1: "▴", -1: "▾", 0: "·"}
_MS: Final = 1_000_000


class TapeCells:
    """The picture of as many rows as fit.

    Parameters
    ----------
    theme : Theme
    fonts : tuple of QFont
        Usual and bold.
    ratio : float
        Device px for one logical px.
    """

    def __init__(self, theme: Theme, fonts: tuple[QFont, QFont], ratio: float) -> None:
        self.ratio = ratio
        self._lettering = Lettering(fonts, ratio)
        # The tape has neither: its texts are kept, and so few are new in a frame.
        self._no_numbers = Numbers(self._lettering, 1)
        self._no_sprites = Sprites(ratio)
        self._panel, self._muted, self._text_ink = (
            rgb(each) for each in (theme.panel, theme.muted, theme.text)
        )
        self._inks, self._bars = (
            np.array([rgb(getattr(theme, name)) for name in names], np.uint32)
            for names in (_SIDES, _BARS)
        )
        self._text: InstrumentText | None = None
        self._known: dict[Hashable, int] = {}
        self._arrange(1, 1, 1)

    @property
    def image(self) -> QImage:
        """What is painted."""
        return self._grid.image

    def arrange(self, width: int, row_height: int, rows: int) -> None:
        """Lay out for a width, logical px."""
        if (width, row_height, rows) != self._shape:
            self._arrange(width, row_height, rows)

    def _arrange(self, width: int, row_height: int, rows: int) -> None:
        self._shape, ratio = (width, row_height, rows), self.ratio
        size = round(width * ratio), round(rows * row_height * ratio)
        self._grid = RasterGrid(
            self._lettering,
            self._no_numbers,
            self._no_sprites,
            size,
            (rows, len(SHARES)),
            ratio,
        )
        cells = self._grid.cells
        edges = np.rint(np.arange(rows + 1) * row_height * ratio).astype(np.int32)
        cells["y"], cells["height"] = edges[:-1, None], np.diff(edges)[:, None]
        sides = np.rint(np.cumsum((0.0, *SHARES)) * width * ratio).astype(np.int32)
        cells["x"], cells["width"] = sides[:-1], np.diff(sides)
        cells["pad"], cells["ground"] = round(_PAD * ratio), self._panel
        cells["align"] = (0, 2, 2, 2)
        cells["ink"] = (self._muted, 0, self._text_ink, self._muted)

    def paint(self, rows: np.ndarray, text: InstrumentText, large: int) -> QRect:
        """Paint TAPE_ROW, newest first; what changed, logical px.

        Parameters
        ----------
        rows : (n,) TAPE_ROW
            Not more than fit.
        text : InstrumentText
        large : int
            Sizes from here on are heavy; 0 = none is.
        """
        if text is not self._text or not self._grid.is_current:
            self._text = text
            self._known.clear()
            self._grid.renew()
        cells, count = self._grid.cells, len(rows)
        cells["run"][count:] = 0
        cells["bar_width"][count:] = 0
        part = cells[:count]
        self._write(part, rows, text, large)
        if not self._grid.is_current:
            # The store of runs was emptied on the way: every run is another one now.
            return self.paint(rows, text, large)
        side = np.sign(rows["aggressor"]) + 1
        part["ink"][:, PRICE] = self._inks[side]
        self._write_bars(part[:, SIZE], rows["size"], self._bars[side], large)
        self._grid.paint()
        return self._grid.drawn_rect(self.ratio)

    def _write(
        self, part: np.ndarray, rows: np.ndarray, text: InstrumentText, large: int
    ) -> None:
        """Look every text up, and write those that are new."""
        is_large = ((rows["size"] >= large) & (large > 0)).tolist()
        sides = np.sign(rows["aggressor"]).tolist()
        inferred = (rows["flags"] & TapeFlag.INFERRED != 0).tolist()
        times, prices = (rows["ts"] // _MS).tolist(), rows["price"].tolist()
        sizes, trades = rows["size"].tolist(), rows["trades"].tolist()
        columns: tuple[tuple[Sequence[Hashable], Callable[..., str]], ...] = (
            (times, lambda each: formatting.clock_time(each * _MS, fine=True)),
            (
                list(zip(prices, sides, inferred, strict=True)),
                lambda each: _arrow(each[1], is_inferred=each[2]) + text.price(each[0]),
            ),
            (sizes, text.size),
            (trades, lambda each: f"×{each}" if each > 1 else ""),
        )
        for column, (values, write) in enumerate(columns):
            keys = [
                (column, bold, value)
                for bold, value in zip(is_large, values, strict=True)
            ]
            known = self._known
            for key in keys:
                if key not in known:
                    font = _BOLD if key[1] else _USUAL
                    known[key] = self._lettering.run(font, write(key[2]))
            part["run"][:, column] = [known[key] for key in keys]

    def _write_bars(
        self, part: np.ndarray, sizes: np.ndarray, colours: np.ndarray, large: int
    ) -> None:
        """Bars as long as the size, of what a large trade is."""
        if not len(part):
            return
        full = float(max(large, int(sizes.max()), 1))
        room = int(part["width"][0])
        wide = np.clip(room * (sizes / full), 1.0, room).astype(np.int32)
        part["bar_x"], part["bar_width"], part["bar"] = room - wide, wide, colours


def _arrow(side: int, *, is_inferred: bool) -> str:
    """Which side took, as a shape; a question mark where it was inferred."""
    return f"{_SHAPES[side]}? " if is_inferred else f"{_SHAPES[side]} "
