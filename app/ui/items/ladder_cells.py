"""A frame of the ladder as cells for the raster: grounds, bars, numbers, colours.

Whole columns at a time: what differs between two columns is in tables, and bids and
asks share the code. Row 0 of the grid is the heading. What does not change from frame
to frame is written when the cells are laid out.
"""

from typing import Final

import numpy as np

from app.engine.raster_numbers import CHANGE, PRICE, SIZE
from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.items.ink import Ink
from app.ui.items.ladder_geometry import Column, Geometry
from app.ui.items.raster import Lettering, Numbers, RasterGrid, rgb
from app.ui.models.ladder import LadderFrame, Mark
from app.ui.theme import Theme

USUAL, BOLD, SMALL = range(3)
"""Fonts of the lettering."""
SIZES, FLOWS, CHANGES, PRICES, TOUCHES, AHEAD, NUMBER_COUNT = range(1, 8)
"""How numbers are written: rows of the `Numbers`."""
PAD: Final = 6
_AHEAD: Final = " ahead"
_MARGIN: Final = 17  # a group's line and letter stand there
_LAST: Final = int(Mark.LAST)
_AT_TOUCH: Final = int(Mark.LAST | Mark.BEST_BID | Mark.BEST_ASK)
_INSIDE, _BEST_BID, _POC = int(Mark.INSIDE), int(Mark.BEST_BID), int(Mark.POC)
_TRAIL: Final = (int(Mark.TRAIL_3), int(Mark.TRAIL_2), int(Mark.TRAIL_1))
_ANY_TRAIL: Final = sum(_TRAIL)
_FIELDS: Final = {
    Column.BID: "bid",
    Column.ASK: "ask",
    Column.SOLD: "sold",
    Column.BOUGHT: "bought",
    Column.BID_CHANGE: "bid_change",
    Column.ASK_CHANGE: "ask_change",
    Column.VOLUME: "volume",
}
_NUMBERS: Final = {
    Column.BID: SIZES,
    Column.ASK: SIZES,
    Column.SOLD: FLOWS,
    Column.BOUGHT: FLOWS,
    Column.VOLUME: FLOWS,
    Column.BID_CHANGE: CHANGES,
    Column.ASK_CHANGE: CHANGES,
    Column.PRICE: PRICES,
}
_INKS: Final = {Column.SOLD: "ask", Column.BOUGHT: "bid"}
_GROUNDS: Final = {
    Column.BID: "bid_cell",
    Column.ASK: "ask_cell",
    Column.PRICE: "price_cell",
}
_RIGHT: Final = (Column.BID, Column.SOLD, Column.BID_CHANGE, Column.OWN_BUYS)
"""Columns whose text stands at their right."""
_CENTRED: Final = (Column.PRICE,)
_TITLES: Final = {
    Column.OWN_BUYS: "my buys",
    Column.BID_CHANGE: "pull/stack",
    Column.SOLD: "sold",
    Column.BOUGHT: "bought",
    Column.ASK_CHANGE: "pull/stack",
    Column.OWN_SELLS: "my sells",
    Column.VOLUME: "volume",
    Column.NOTES: "notes",
}


class LadderCells:
    """Fills a grid from frames.

    Parameters
    ----------
    theme : Theme
    lettering : Lettering
        Fonts: usual, bold, small.
    numbers : Numbers
        Has NUMBER_COUNT rows.
    ink : Ink
        Measures what may be too long.
    """

    def __init__(
        self, theme: Theme, lettering: Lettering, numbers: Numbers, ink: Ink
    ) -> None:
        self._lettering, self._numbers, self._fonts = lettering, numbers, ink
        self._text: InstrumentText | None = None
        self._generation = -1
        self._ink = {
            name: rgb(getattr(theme, name))
            for name in (
                "panel", "shade", "line", "text", "muted", "bid", "ask", "bid_cell",
                "ask_cell", "bid_bar", "ask_bar", "bid_own", "ask_own", "price_cell",
                "last_cell", "last", "accent", "gain", "loss",
            )
        }  # fmt: skip

    def arrange(self, grid: RasterGrid, geometry: Geometry, ratio: float) -> None:
        """Lay the cells out; what does not change from frame to frame."""
        self._geometry, self._ratio, self._grid = geometry, ratio, grid
        rows, ink = np.arange(geometry.rows + 1), self._ink
        tops = np.append(0, rows * geometry.row_height + geometry.header)
        edges = np.rint(tops * ratio).astype(np.int32)
        cells, self._body = grid.cells, grid.cells[1:]
        cells["y"], cells["height"] = edges[:-1, None], np.diff(edges)[:, None]
        sides = np.rint(np.array(geometry.edges) * ratio).astype(np.int32)
        cells["x"], cells["width"] = sides[:-1], np.diff(sides)
        cells["pad"] = round(PAD * ratio)
        grounds = [ink[_GROUNDS.get(each, "panel")] for each in geometry.columns]
        self._plain = np.array(grounds, np.uint32)
        is_panel = self._plain == ink["panel"]
        self._shaded = np.where(is_panel, np.uint32(ink["shade"]), self._plain)
        for i, column in enumerate(geometry.columns):
            part = self._body[:, i]
            part["align"] = 2 if column in _RIGHT else int(column in _CENTRED)
            part["number"] = _NUMBERS.get(column, 0)
            part["ink"] = ink[_INKS.get(column, "text")]
            if column in (Column.BID, Column.ASK):
                name = _FIELDS[column]
                part["bar"], part["own"] = ink[f"{name}_bar"], ink[f"{name}_own"]
                part["bar_x"] = 1
            elif column is Column.VOLUME:
                part["bar"], part["own"] = ink["line"], ink["accent"]
                part["bar_x"] = part["own_x"] = 1
        self._generation, self._top = -1, -1

    def fill(self, frame: LadderFrame) -> None:
        """Write what a frame looks like into the grid's cells."""
        self._begin(frame)
        rows = len(frame.cells)
        if frame.top != self._top:
            self._top = frame.top
            is_fifth = (frame.top - np.arange(rows)) % 5 == 0
            self._body["ground"] = np.where(
                is_fifth[:, None], self._shaded, self._plain
            )
            line = np.where(is_fifth, np.uint32(self._ink["line"]), 0)
            self._body["line"] = line[:, None]
        for i, column in enumerate(self._geometry.columns):
            part = self._body[:, i]
            if column is Column.PRICE:
                self._prices(part, frame, int(self._plain[i]))
            elif column in (Column.BID, Column.ASK):
                self._sizes(part, frame, column)
            elif column in _FIELDS and frame.has_flow:
                self._flow(part, frame, column)
        self._heading(frame)

    def _begin(self, frame: LadderFrame) -> None:
        """Take another instrument, or an emptied store of texts."""
        text, generation = frame.listed.text, self._lettering.generation
        if text is self._text and generation == self._generation:
            self._know_flow(frame)
            return
        self._text = text
        write, margin = self._numbers.write, round(_MARGIN * self._ratio)
        write(SIZES, SIZE, USUAL, text.quantity_unit)
        write(FLOWS, SIZE, SMALL, text.quantity_unit)
        write(CHANGES, CHANGE, SMALL, text.quantity_unit)
        write(PRICES, PRICE, USUAL, text.price_unit, text.bands)
        write(TOUCHES, PRICE, BOLD, text.price_unit, text.bands)
        write(AHEAD, SIZE, SMALL, text.quantity_unit, suffix=_AHEAD, margin=margin)
        self._titles()
        self._had_flow: bool | None = None
        self._know_flow(frame)
        self._generation = self._lettering.generation
        self._grid.forget()

    def _know_flow(self, frame: LadderFrame) -> None:
        """Where the flow is not known, its columns have dashes."""
        if frame.has_flow is self._had_flow:
            return
        self._had_flow = frame.has_flow
        dash = self._lettering.run(SMALL, formatting.DASH)
        for i, column in enumerate(self._geometry.columns):
            if _NUMBERS.get(column) in (FLOWS, CHANGES):
                part = self._body[:, i]
                part["number"] = _NUMBERS[column] if frame.has_flow else 0
                part["run"] = dash
                part["ink"] = self._ink["muted"]
                part["bar_width"] = part["own_width"] = 0
                if frame.has_flow:
                    part["ink"] = self._ink[_INKS.get(column, "text")]

    # The heading.

    def _titles(self) -> None:
        """Write what the heading says of the columns."""
        heading, ink, columns = self._grid.cells[0], self._ink, self._geometry.columns
        heading["ground"], heading["line"] = ink["panel"], ink["line"]
        heading["run"] = heading["number"] = 0
        for i, column in enumerate(columns):
            cell = heading[i]
            cell["align"], cell["ink"], cell["pad"] = 1, ink["muted"], 0
            if column in _TITLES:
                room = self._geometry.column_width(column) - 4
                words = self._fonts.small.elided(_TITLES[column], room)
                cell["run"] = self._lettering.run(SMALL, words)
            elif column is not Column.PRICE:
                cell["number"], cell["ink"] = FLOWS, ink[_FIELDS[column]]
                cell["align"] = 2 if column in _RIGHT else 0
                cell["pad"] = round(PAD * self._ratio)
        self._spread = ""

    def _heading(self, frame: LadderFrame) -> None:
        """Totals of both sides, and the spread."""
        heading, geometry = self._grid.cells[0], self._geometry
        totals = {Column.BID: frame.bid_total, Column.ASK: frame.ask_total}
        for column, total in totals.items():
            if geometry.has(column):
                heading["value"][geometry.columns.index(column)] = total
        spread = _spread(frame)
        if spread != self._spread:
            self._spread = spread
            room = geometry.column_width(Column.PRICE) - 2 * PAD
            run = self._lettering.run(SMALL, self._fonts.small.elided(spread, room))
            heading["run"][geometry.columns.index(Column.PRICE)] = run

    # The rows.

    def _prices(self, part: np.ndarray, frame: LadderFrame, ground: int) -> None:
        ink, marks = self._ink, frame.cells["marks"]
        part["value"], part["ground"] = frame.cells["price"], ground
        part["ink"] = np.where(marks & _INSIDE, ink["muted"], ink["text"])
        part["number"], part["own_width"] = PRICES, 0
        for row in np.flatnonzero(marks & _AT_TOUCH).tolist():
            mark, cell = int(marks[row]), part[row]
            colour = "last" if mark & _LAST else ""
            colour = colour or ("bid" if mark & _BEST_BID else "ask")
            cell["ink"], cell["number"] = ink[colour], TOUCHES
            if mark & _LAST:
                cell["ground"] = ink["last_cell"]
        for row in np.flatnonzero(marks & _ANY_TRAIL).tolist():
            mark, cell = int(marks[row]), part[row]
            if not mark & _LAST:
                # A stripe that thins with age: the way by which the price came.
                width = 1 + max(i for i, each in enumerate(_TRAIL) if mark & each)
                cell["own_width"] = round(2 * width * self._ratio)
                cell["own"] = ink["muted"]

    def _sizes(self, part: np.ndarray, frame: LadderFrame, column: Column) -> None:
        cells, is_bid = frame.cells, column is Column.BID
        own_name = "buy" if is_bid else "sell"
        sizes = part["value"] = cells[_FIELDS[column]]
        room = int(part["width"][0]) - 2
        part["bar_width"] = lengths = _lengths(sizes, frame.full, room)
        if is_bid:
            part["bar_x"] = room + 1 - lengths
        part["own_width"] = 0
        for row in np.flatnonzero(cells[own_name]).tolist():
            size, length, cell = int(sizes[row]), int(lengths[row]), part[row]
            if not size:
                continue
            own = min(int(cells[own_name][row]), size)
            ahead = max(0, min(int(cells[f"{own_name}_ahead"][row]), size - own))
            start, width = length * ahead // size, max(2, length * own // size)
            cell["own_width"] = width
            cell["own_x"] = room + 1 - start - width if is_bid else 1 + start

    def _flow(self, part: np.ndarray, frame: LadderFrame, column: Column) -> None:
        """Traded, pulled and stacked sizes."""
        values = part["value"] = frame.cells[_FIELDS[column]]
        if column in (Column.BID_CHANGE, Column.ASK_CHANGE):
            part["ink"] = np.where(values > 0, self._ink["gain"], self._ink["loss"])
        elif column is Column.VOLUME:
            room = int(part["width"][0]) - 2
            part["bar_width"] = _lengths(values, max(1, int(values.max())), room)
            # The price of most volume: an outer stripe, so that not only colour tells.
            most = frame.cells["marks"] & _POC
            part["own_width"] = np.where(most, round(4 * self._ratio), 0)


def _lengths(sizes: np.ndarray, full: int, room: int) -> np.ndarray:
    """Length of each bar, device px; something is to be seen of the smallest."""
    lengths = np.minimum(sizes * (max(room, 2) / full), max(room, 2))
    return np.where(sizes > 0, np.maximum(lengths, 2.0), 0.0).astype(np.int32)


def _spread(frame: LadderFrame) -> str:
    """The spread in words, and how many ticks a row has."""
    ticks = frame.spread_ticks
    if ticks is not None:
        words = f"{ticks} tick" + ("s" if ticks != 1 else "")
    else:
        is_any = len(frame.bids) or len(frame.asks)
        words = "one-sided" if is_any else formatting.DASH
    return words if frame.group == 1 else f"{words} · {frame.group} a row"
