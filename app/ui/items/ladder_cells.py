"""A frame of the ladder as cells for the raster: grounds, bars, text, colours.

Whole columns at a time: what differs between two columns is in tables, and bids and
asks share the code. Texts are looked up by number, so that a size is written once.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.items.ladder_geometry import Column, Geometry
from app.ui.items.raster import Lettering, RasterGrid, rgb
from app.ui.models.ladder import LadderFrame, Mark
from app.ui.theme import Theme

USUAL, BOLD, SMALL = range(3)
"""Fonts of the lettering."""
_PAD: Final = 6
_LAST: Final = int(Mark.LAST)
_AT_TOUCH: Final = int(Mark.LAST | Mark.BEST_BID | Mark.BEST_ASK)
BESIDE: Final = int(
    Mark.LAST | Mark.LAST_BUY | Mark.LAST_SELL | Mark.HIGH | Mark.LOW | Mark.AVERAGE
    | Mark.OPEN | Mark.PREVIOUS_CLOSE | Mark.VWAP | Mark.BREAK_EVEN
)  # fmt: skip
"""Marks that are drawn beside a price."""
_TRAIL: Final = (int(Mark.TRAIL_3), int(Mark.TRAIL_2), int(Mark.TRAIL_1))
_UNKNOWN: Final = {
    Column.BID: int(Mark.UNKNOWN_BID),
    Column.ASK: int(Mark.UNKNOWN_ASK),
}
_FIELDS: Final = {
    Column.BID: "bid",
    Column.ASK: "ask",
    Column.SOLD: "sold",
    Column.BOUGHT: "bought",
    Column.BID_CHANGE: "bid_change",
    Column.ASK_CHANGE: "ask_change",
    Column.VOLUME: "volume",
}
_RIGHT: Final = (Column.BID, Column.SOLD, Column.BID_CHANGE, Column.OWN_BUYS)
"""Columns whose text stands at their right."""
_CENTRED: Final = (Column.PRICE,)


class LadderCells:
    """Fills a grid from frames.

    Parameters
    ----------
    theme : Theme
    lettering : Lettering
        Fonts: usual, bold, small.
    """

    def __init__(self, theme: Theme, lettering: Lettering) -> None:
        self._lettering = lettering
        self._text: InstrumentText | None = None
        self._generation = -1
        self._ink = {
            name: rgb(getattr(theme, name))
            for name in (
                "panel", "shade", "line", "text", "muted", "bid", "ask", "bid_cell",
                "ask_cell", "bid_bar", "ask_bar", "bid_own", "ask_own", "price_cell",
                "last_cell", "last", "accent", "gain", "loss", "raised",
            )
        }  # fmt: skip

    def arrange(self, grid: RasterGrid, geometry: Geometry, ratio: float) -> None:
        """Lay the cells out; what does not change from frame to frame."""
        cells, self._geometry, self._ratio = grid.cells, geometry, ratio
        tops = np.arange(geometry.rows + 1) * geometry.row_height + geometry.header
        edges = np.rint(tops * ratio).astype(np.int32)
        cells["y"] = edges[:-1, None]
        cells["height"] = np.diff(edges)[:, None]
        sides = np.rint(np.array(geometry.edges) * ratio).astype(np.int32)
        cells["x"], cells["width"] = sides[:-1], np.diff(sides)
        cells["pad"] = round(_PAD * ratio)
        grounds = {
            Column.BID: "bid_cell",
            Column.ASK: "ask_cell",
            Column.PRICE: "price_cell",
        }
        plain = np.zeros(len(geometry.columns), np.uint32)
        for i, column in enumerate(geometry.columns):
            plain[i] = self._ink[grounds.get(column, "panel")]
            centred = 1 if column in _CENTRED else 0
            cells["align"][:, i] = 2 if column in _RIGHT else centred
        self._plain = plain
        is_panel = plain == self._ink["panel"]
        self._shaded = np.where(is_panel, np.uint32(self._ink["shade"]), plain)
        self._generation = -1

    def fill(self, grid: RasterGrid, frame: LadderFrame) -> None:
        """Write what a frame looks like into the grid's cells."""
        self._begin(frame)
        cells, rows = grid.cells, len(frame.cells)
        is_fifth = (frame.top - np.arange(rows)) % 5 == 0
        cells["ground"] = np.where(is_fifth[:, None], self._shaded, self._plain)
        cells["line"] = np.where(is_fifth, np.uint32(self._ink["line"]), 0)[:, None]
        for i, column in enumerate(self._geometry.columns):
            part = cells[:, i]
            if column is Column.PRICE:
                self._prices(part, frame)
            elif column in _UNKNOWN:
                self._sizes(part, frame, column)
            elif column in _FIELDS:
                self._flow(part, frame, column)
        if not grid.is_current:
            # The store of runs was emptied on the way: every run is another one now.
            grid.renew()
            self.fill(grid, frame)

    def _begin(self, frame: LadderFrame) -> None:
        """Forget texts of another instrument, or of an emptied store."""
        text, generation = frame.listed.text, self._lettering.generation
        if text is self._text and generation == self._generation:
            return
        self._text, self._generation = text, generation
        dash = self._lettering.run(SMALL, formatting.DASH)
        self._dash = dash
        self._sizes_known: dict[int, int] = {0: 0}
        self._small_known: dict[int, int] = {0: 0}
        self._changes_known: dict[int, int] = {0: 0}
        self._prices_known: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def _runs(
        self,
        known: dict[int, int],
        font: int,
        write: Callable[[int], str],
        values: list[int],
    ) -> list[int]:
        """Run of each number."""
        runs = [known.get(value, -1) for value in values]
        if -1 in runs:
            for i, run in enumerate(runs):
                if run < 0:
                    value = values[i]
                    runs[i] = known[value] = self._lettering.run(font, write(value))
        return runs

    def _prices(self, part: np.ndarray, frame: LadderFrame) -> None:
        ink, marks = self._ink, frame.cells["marks"]
        prices, write = frame.cells["price"].tolist(), frame.listed.text.price
        part["run"] = self._runs(self._prices_known[0], USUAL, write, prices)
        special = marks & BESIDE
        part["ink"], part["own_width"] = ink["text"], 0
        part["ink"][marks & int(Mark.INSIDE) != 0] = ink["muted"]
        for row in np.flatnonzero(marks & _AT_TOUCH).tolist():
            mark = int(marks[row])
            colour = "last" if mark & _LAST else ""
            colour = colour or ("bid" if mark & int(Mark.BEST_BID) else "ask")
            part["ink"][row] = ink[colour]
            bold = self._prices_known[1]
            part["run"][row] = self._runs(bold, BOLD, write, [prices[row]])[0]
            if mark & _LAST:
                part["ground"][row] = ink["last_cell"]
                special[row] += int(frame.cells["last_size"][row]) << 24
        for width, mark in enumerate(_TRAIL, 1):
            # A stripe that thins with age: the way by which the price came.
            is_trail = (marks & mark != 0) & (marks & _LAST == 0)
            part["own_width"][is_trail] = round(2 * width * self._ratio)
        part["own_x"], part["own"] = 0, ink["muted"]
        special[special != 0] ^= np.int64(frame.position > 0) << 62
        part["special"] = special

    def _sizes(self, part: np.ndarray, frame: LadderFrame, column: Column) -> None:
        cells, ink, is_bid = frame.cells, self._ink, column is Column.BID
        name, own_name = ("bid", "buy") if is_bid else ("ask", "sell")
        sizes = cells[name]
        write = frame.listed.text.size
        part["run"] = self._runs(self._sizes_known, USUAL, write, sizes.tolist())
        part["ink"] = ink["text"]
        part["bar"], part["own"] = ink[f"{name}_bar"], ink[f"{name}_own"]
        room = int(part["width"][0]) - 2
        lengths = _lengths(sizes, frame.full, room)
        part["bar_width"] = lengths
        part["bar_x"] = room + 1 - lengths if is_bid else 1
        part["own_width"] = 0
        for row in np.flatnonzero((cells[own_name] > 0) & (sizes > 0)).tolist():
            size, length = int(sizes[row]), int(lengths[row])
            own = min(int(cells[own_name][row]), size)
            ahead = max(0, min(int(cells[f"{own_name}_ahead"][row]), size - own))
            start, width = length * ahead // size, max(2, length * own // size)
            part["own_width"][row] = width
            part["own_x"][row] = room + 1 - start - width if is_bid else 1 + start
        part["special"] = cells["marks"] & _UNKNOWN[column]

    def _flow(self, part: np.ndarray, frame: LadderFrame, column: Column) -> None:
        """Traded, pulled and stacked sizes; a dash where they are unknown."""
        ink, values = self._ink, frame.cells[_FIELDS[column]]
        part["ink"], part["bar_width"] = ink["muted"], 0
        if not frame.has_flow:
            part["run"] = self._dash
            return
        text = frame.listed.text
        if column in (Column.BID_CHANGE, Column.ASK_CHANGE):
            known, write = self._changes_known, text.change
            part["ink"][values > 0] = ink["gain"]
            part["ink"][values < 0] = ink["loss"]
        else:
            known, write = self._small_known, text.size
            part["ink"] = ink["text"]
        part["run"] = self._runs(known, SMALL, write, values.tolist())
        if column is Column.VOLUME:
            self._histogram(part, frame, values)
        elif column in (Column.SOLD, Column.BOUGHT):
            part["ink"] = ink["ask" if column is Column.SOLD else "bid"]

    def _histogram(
        self, part: np.ndarray, frame: LadderFrame, values: np.ndarray
    ) -> None:
        ink = self._ink
        room = int(part["width"][0]) - 2
        part["bar_width"] = _lengths(values, max(1, int(values.max())), room)
        part["bar_x"], part["bar"] = 1, ink["line"]
        # The price of most volume: an outer stripe, so that not only colour tells.
        most = frame.cells["marks"] & int(Mark.POC) != 0
        part["own"], part["own_x"] = ink["accent"], 1
        part["own_width"] = np.where(most, round(4 * self._ratio), 0)


def _lengths(sizes: np.ndarray, full: int, room: int) -> np.ndarray:
    """Length of each bar, device px; something is to be seen of the smallest."""
    part = np.minimum(sizes / full, 1.0) * max(room, 2)
    lengths: np.ndarray = np.where(sizes > 0, np.maximum(part, 2.0), 0)
    return lengths.astype(np.int32)
