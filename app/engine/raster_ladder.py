"""A ladder's rows as raster cells: sizes, flow and prices, their bars and colours.

One row of int64 words stands for each row of cells; a column of cells says which word
it shows and how. The window gives colours and the meaning of the marks' bits once, as a
LADDER_LOOK, when it lays the cells out. Bids and asks share the code.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import kernel

NOTHING, PLAIN, SIGNED, DEPTH, VOLUME, PRICE = range(6)
"""Kinds of columns: written elsewhere; a value; one coloured by its sign; what rests,
with a bar and what of it is ours; traded, with a bar; the price itself."""

LADDER_COLUMN: Final = np.dtype(
    [
        ("kind", "<i4"),
        ("value", "<i4"),  # word of the value
        ("own", "<i4"),  # words of our leaves and of the queue ahead: DEPTH
        ("ahead", "<i4"),
        ("is_mirrored", "<i4"),  # its bars begin at the right
        ("plain", "<u4"),  # ground
        ("shaded", "<u4"),  # ground of every fifth row
    ]
)
LADDER_LOOK: Final = np.dtype(
    [
        ("text", "<u4"),
        ("muted", "<u4"),
        ("bid", "<u4"),
        ("ask", "<u4"),
        ("last", "<u4"),
        ("last_cell", "<u4"),
        ("gain", "<u4"),
        ("loss", "<u4"),
        ("line", "<u4"),
        ("prices", "<i4"),  # NUMBER of a price, and of one at the touch
        ("touches", "<i4"),
        ("most_px", "<i4"),  # width of the stripe at the price of most volume
        ("is_last", "<i8"),  # bits of the marks
        ("best_bid", "<i8"),
        ("best_ask", "<i8"),
        ("inside", "<i8"),
        ("most", "<i8"),
        ("trail", "<i8", (3,)),  # the oldest first,
        ("trail_px", "<i8", (3,)),  # and how wide its stripe is
    ]
)

(
    ROWS, ROW_COUNT, ROW_WORDS, MARKS, CELLS, COLUMNS, COLUMN_COUNT, LOOK, FULL, TOP,
    HAS_MOVED, HAS_FLOW,
) = range(12)  # fmt: skip
"""Words of a job: addresses, lengths, the marks' word; FULL is what a whole bar stands
for; TOP the tick index of the first row; HAS_MOVED: grounds are written, too."""
FILL_WORDS: Final = 12


@kernel
def bar_length(size: int, full: int, room: int) -> int:
    """Length of a bar, px; something is to be seen of the smallest."""
    if size <= 0:
        return 0
    most = float(max(room, 2))
    length = min(float(size) * (most / float(full)), most)
    return int(max(length, 2.0))


@kernel
def fill_ground(column: Any, look: Any, cell: Any, index: int) -> None:
    """Every fifth tick has a line and a shade."""
    is_fifth = index % 5 == 0
    cell["ground"] = column["shaded"] if is_fifth else column["plain"]
    cell["line"] = look["line"] if is_fifth else np.uint32(0)


@kernel
def fill_depth(column: Any, row: Any, cell: Any, full: int) -> None:
    """What rests at a price, and which part of its bar is ours."""
    size, room = row[column["value"]], cell["width"] - 2
    length = bar_length(size, full, room)
    cell["value"], cell["bar_width"], cell["own_width"] = size, length, 0
    if column["is_mirrored"]:
        cell["bar_x"] = room + 1 - length
    own = min(row[column["own"]], size)
    if row[column["own"]] == 0 or size == 0:
        return
    ahead = max(0, min(row[column["ahead"]], size - own))
    start, width = length * ahead // size, max(2, length * own // size)
    cell["own_width"] = width
    cell["own_x"] = room + 1 - start - width if column["is_mirrored"] else 1 + start


@kernel
def fill_price(column: Any, look: Any, row: Any, cell: Any, marks: int) -> None:
    """A price: the touch and the last are bold, the way there is a stripe."""
    cell["value"], cell["number"] = row[column["value"]], look["prices"]
    cell["ground"], cell["own_width"] = column["plain"], 0
    cell["ink"] = look["muted"] if marks & look["inside"] else look["text"]
    is_last = marks & look["is_last"]
    if is_last:
        cell["ink"], cell["ground"] = look["last"], look["last_cell"]
    elif marks & look["best_bid"]:
        cell["ink"] = look["bid"]
    elif marks & look["best_ask"]:
        cell["ink"] = look["ask"]
    if marks & (look["is_last"] | look["best_bid"] | look["best_ask"]):
        cell["number"] = look["touches"]
    if is_last:
        return
    for age in range(3):
        if marks & look["trail"][age]:
            # A stripe that thins with age: the way by which the price came.
            cell["own_width"], cell["own"] = look["trail_px"][age], look["muted"]


@kernel
def fill_flow(
    column: Any, look: Any, row: Any, cell: Any, marks: int, most: int
) -> None:
    """Traded, pulled and stacked sizes."""
    value = row[column["value"]]
    cell["value"] = value
    if column["kind"] == SIGNED:
        cell["ink"] = look["gain"] if value > 0 else look["loss"]
    elif column["kind"] == VOLUME:
        cell["bar_width"] = bar_length(value, most, cell["width"] - 2)
        # The price of most volume: an outer stripe, so that not only colour tells.
        cell["own_width"] = look["most_px"] if marks & look["most"] else 0


@kernel
def most_of(rows: Any, word: int, count: int, row_words: int) -> int:
    """Largest of a word over all rows; 1 at least."""
    most = 1
    for i in range(count):
        most = max(most, rows[i * row_words + word])
    return most
