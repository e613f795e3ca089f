"""What a ladder's rows look like as cells, column by column in plain numpy."""

from typing import Final

import numpy as np

from app.engine.ladder_rows import Mark
from app.ui.items.ladder_cells import (
    _FIELDS,
    PRICES,
    TOUCHES,
    LadderCells,
)
from app.ui.items.ladder_geometry import Column
from app.ui.models.ladder import LadderFrame

_LAST: Final = int(Mark.LAST)
_AT_TOUCH: Final = int(Mark.LAST | Mark.BEST_BID | Mark.BEST_ASK)
_INSIDE, _BEST_BID, _POC = int(Mark.INSIDE), int(Mark.BEST_BID), int(Mark.POC)
_TRAIL: Final = (int(Mark.TRAIL_3), int(Mark.TRAIL_2), int(Mark.TRAIL_1))
_ANY_TRAIL: Final = sum(_TRAIL)


class ReferenceCells(LadderCells):
    """Fills a grid as `LadderCells` must."""

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
