"""A frame of the ladder as cells for the raster: grounds, bars, numbers, colours.

The rows are written by compiled code (`app.engine.raster_ladder`), from tables that are
made here when the cells are laid out, as is all that does not change from frame to
frame. Row 0 of the grid is the heading.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from app.engine import raster_ladder
from app.engine.ladder_rows import Mark
from app.engine.raster import ladder_cells
from app.engine.raster_ladder import LADDER_COLUMN, LADDER_LOOK
from app.engine.raster_numbers import CHANGE, PRICE, SIZE
from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.items.ink import Ink
from app.ui.items.ladder_geometry import Column, Geometry
from app.ui.items.raster import Lettering, Numbers, RasterGrid, rgb
from app.ui.models.ladder import CELL, LadderFrame
from app.ui.theme import Theme

USUAL, BOLD, SMALL = range(3)
"""Fonts of the lettering."""
SIZES, FLOWS, CHANGES, PRICES, TOUCHES, AHEAD, NUMBER_COUNT = range(1, 8)
"""How numbers are written: rows of the `Numbers`."""
PAD: Final = 6
_AHEAD: Final = " ahead"
_MOST: Final = 2**63 - 1  # that a word of the kernel's holds
_MARGIN: Final = 17  # a group's line and letter stand there
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
_KINDS: Final = {
    Column.BID: raster_ladder.DEPTH,
    Column.ASK: raster_ladder.DEPTH,
    Column.SOLD: raster_ladder.PLAIN,
    Column.BOUGHT: raster_ladder.PLAIN,
    Column.BID_CHANGE: raster_ladder.SIGNED,
    Column.ASK_CHANGE: raster_ladder.SIGNED,
    Column.VOLUME: raster_ladder.VOLUME,
    Column.PRICE: raster_ladder.PRICE,
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
        self._table, self._looks = self._columns_of(geometry.columns), self._look()
        self._job = job = np.zeros(raster_ladder.FILL_WORDS, np.int64)
        job[raster_ladder.ROW_WORDS] = CELL.itemsize // 8
        job[raster_ladder.MARKS] = _word("marks")
        job[raster_ladder.CELLS] = self._body.ctypes.data
        job[raster_ladder.COLUMNS] = self._table.ctypes.data
        job[raster_ladder.COLUMN_COUNT] = len(geometry.columns)
        job[raster_ladder.LOOK] = self._looks.ctypes.data
        self._job_address = job.ctypes.data

    def fill(self, frame: LadderFrame) -> None:
        """Write what a frame looks like into the grid's cells."""
        self._begin(frame)
        job, rows = self._job, np.ascontiguousarray(frame.cells)
        count = min(len(rows), len(self._body))
        job[raster_ladder.ROWS], job[raster_ladder.ROW_COUNT] = rows.ctypes.data, count
        job[raster_ladder.FULL] = min(frame.full, _MOST)
        job[raster_ladder.TOP] = frame.top
        job[raster_ladder.HAS_MOVED] = frame.top != self._top
        job[raster_ladder.HAS_FLOW] = frame.has_flow
        self._top = frame.top
        ladder_cells(self._job_address)
        self._heading(frame)

    def _columns_of(self, columns: Sequence[Column]) -> np.ndarray:
        """How the kernel writes each column."""
        made = np.zeros(len(columns), LADDER_COLUMN)
        for row, column in zip(made, columns, strict=True):
            row["kind"] = _KINDS.get(column, raster_ladder.NOTHING)
            row["value"] = _word(_FIELDS.get(column, "price"))
            own = "buy" if column is Column.BID else "sell"
            row["own"], row["ahead"] = _word(own), _word(f"{own}_ahead")
            row["is_mirrored"] = column is Column.BID
        made["plain"], made["shaded"] = self._plain, self._shaded
        return made

    def _look(self) -> np.ndarray:
        """Colours, and what the marks' bits mean, for the kernel."""
        made = np.zeros(1, LADDER_LOOK)
        look, ink = made[0], self._ink
        for name in (
            "text", "muted", "bid", "ask", "last", "last_cell", "gain", "loss", "line",
        ):  # fmt: skip
            look[name] = ink[name]
        look["prices"], look["touches"] = PRICES, TOUCHES
        look["most_px"] = round(4 * self._ratio)
        look["is_last"], look["inside"], look["most"] = Mark.LAST, Mark.INSIDE, Mark.POC
        look["best_bid"], look["best_ask"] = Mark.BEST_BID, Mark.BEST_ASK
        look["trail"] = Mark.TRAIL_3, Mark.TRAIL_2, Mark.TRAIL_1
        look["trail_px"] = [round(2 * width * self._ratio) for width in (1, 2, 3)]
        return made

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


def _word(field: str) -> int:
    """Place of a field in a row of CELL, in words."""
    return int(CELL.fields[field][1]) // 8  # type: ignore[index]  # it has fields


def _spread(frame: LadderFrame) -> str:
    """The spread in words, and how many ticks a row has."""
    ticks = frame.spread_ticks
    if ticks is not None:
        words = f"{ticks} tick" + ("s" if ticks != 1 else "")
    else:
        is_any = len(frame.bids) or len(frame.asks)
        words = "one-sided" if is_any else formatting.DASH
    return words if frame.group == 1 else f"{words} · {frame.group} a row"
