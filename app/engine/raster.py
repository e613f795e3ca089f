"""Cells of text and bars painted straight into a picture's memory.

One idea: a table is a grid of `RASTER_CELL`s, all that is to be seen of each cell as
small integers. `raster_cells` compares the grid with the one that is painted already,
paints only the cells that differ, and says which. Text is drawn from an atlas of glyph
masks that the window makes once; a text is a run of glyph numbers, or a number whose
figures are written here (`raster_numbers`). What has a shape is a sprite: a small
picture with transparency, made once and laid over its cell.

The unit is compiled when it is first used: only the window paints.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import entry, kernel
from app.engine.ladder_rows import ROWS_WORDS, make_rows
from app.engine.memory import view, words
from app.engine.raster_ladder import (
    CELLS as LADDER_CELLS,
    COLUMN_COUNT,
    COLUMNS,
    DEPTH,
    FILL_WORDS,
    FULL,
    HAS_FLOW,
    HAS_MOVED,
    LADDER_COLUMN,
    LADDER_LOOK,
    LOOK,
    MARKS,
    NOTHING,
    PRICE,
    ROW_COUNT,
    ROW_WORDS,
    ROWS,
    TOP as FIRST_INDEX,
    VOLUME,
    fill_depth,
    fill_flow,
    fill_ground,
    fill_price,
    most_of,
)
from app.engine.raster_numbers import NUMBER, NUMBER_CODES, number_codes

RASTER_CELL: Final = np.dtype(
    [
        ("x", "<i4"),  # px of the device, as all that follows
        ("y", "<i4"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("ground", "<u4"),  # 0xffRRGGBB
        ("bar_x", "<i4"),  # from the cell's left
        ("bar_width", "<i4"),
        ("bar", "<u4"),
        ("own_x", "<i4"),
        ("own_width", "<i4"),
        ("own", "<u4"),
        ("run", "<i4"),  # text; 0 = none
        ("number", "<i4"),  # NUMBER that writes `value` instead; 0 = none
        ("align", "<i4"),  # 0 left, 1 centred, 2 right
        ("pad", "<i4"),
        ("ink", "<u4"),  # colour of the text
        ("line", "<u4"),  # colour of the lowest row of px; 0 = none
        ("sprite", "<i4"),  # laid over the cell at its top left; 0 = none
        ("value", "<i8"),
    ]
)
"""What one cell looks like: 80 bytes."""

GLYPH_PX: Final = 8
"""Of so many columns each is a multiple that a glyph has in the atlas."""
GLYPH: Final = np.dtype(
    [
        ("x", "<i4"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("top", "<i4"),  # rows of its mask that cover anything
        ("bottom", "<i4"),
        ("room", "<i4"),  # its columns in the atlas, the ones behind it empty
    ]
)
"""Where a glyph's mask lies in the atlas; masks begin at its top."""
RUN: Final = np.dtype([("first", "<i4"), ("count", "<i4"), ("width", "<i4")])
"""A text: its glyphs' place among the codes, and its width."""
SPRITE: Final = np.dtype(
    [("bits", "<i8"), ("width", "<i4"), ("height", "<i4"), ("pitch", "<i8")]
)
"""A picture of premultiplied ARGB; its pitch in px."""

(
    PICTURE, PITCH, WIDTH, HEIGHT, CELLS, PAINTED, DRAWN, COUNT,
    ATLAS, ATLAS_PITCH, GLYPHS, RUNS, CODES, NUMBERS, SCRATCH, SPRITES,
    LEFT, TOP, RIGHT, BOTTOM,
) = range(20)  # fmt: skip
"""Words of a job: addresses and lengths. PITCH counts px, ATLAS_PITCH bytes; DRAWN is a
byte for each cell, set where it was painted; SCRATCH has room for NUMBER_CODES; LEFT to
BOTTOM surround what was painted, in px."""
JOB_WORDS: Final = 20
_CELL_WORDS: Final = RASTER_CELL.itemsize // 8
_MANY: Final = 1 << 30
_OUTER, _INNER = np.uint32(0xFF00FF), np.uint32(0x00FF00)
_OPAQUE, _U255, _U256 = np.uint32(0xFF000000), np.uint32(255), np.uint32(256)
_U7, _U8 = np.uint32(7), np.uint32(8)


@kernel
def _row(job: Any, x: int, y: int, length: int) -> Any:
    """A stretch of a row of the picture."""
    place = job[PICTURE] + 4 * (y * job[PITCH] + x)
    return view(place, max(length, 0), np.uint32)


@kernel
def _fill(job: Any, left: int, top: int, right: int, bottom: int, ink: int) -> None:
    """Fill a rectangle, clipped to the picture."""
    left, right = max(left, 0), min(right, job[WIDTH])
    colour = np.uint32(ink)
    for y in range(max(top, 0), min(bottom, job[HEIGHT])):
        row = _row(job, left, y, right - left)
        for x in range(len(row)):
            row[x] = colour


@kernel
def _blend_row(row: Any, masks: Any, ink: Any) -> None:
    """Mix a colour into pixels by how far each is covered.

    Written without branches and in 32 bits, red with blue and green alone, so that it
    takes eight pixels at a time. What is not covered stays as it is.
    """
    outer_ink, inner_ink = np.uint32(ink & 0xFF00FF), np.uint32((ink >> 8) & 0xFF)
    for at in range(len(row)):
        mask, ground = np.uint32(masks[at]), row[at]
        cover = np.uint32(mask + np.uint32(mask >> _U7))
        rest = np.uint32(_U256 - cover)
        under = np.uint32(np.uint32(ground & _OUTER) * rest)
        outer = np.uint32(np.uint32(outer_ink * cover) + under)
        under = np.uint32(np.uint32(np.uint32(ground >> _U8) & _U255) * rest)
        inner = np.uint32(np.uint32(inner_ink * cover) + under)
        mixed = np.uint32(np.uint32(outer >> _U8) & _OUTER)
        row[at] = np.uint32(_OPAQUE | mixed | np.uint32(inner & _INNER))


@kernel
def _glyph(job: Any, glyph: Any, cell: Any, x: int) -> None:
    """Draw one glyph at x, vertically centred, clipped to its cell."""
    top = cell["y"] + (cell["height"] - glyph["height"]) // 2
    left = max(x, cell["x"], 0)
    right = min(x + glyph["width"], cell["x"] + cell["width"], job[WIDTH])
    if right - left == glyph["width"] and left + glyph["room"] <= job[WIDTH]:
        right = left + glyph["room"]  # nothing is covered there
    ink, pitch = np.int64(cell["ink"]), job[ATLAS_PITCH]
    begin = job[ATLAS] + glyph["x"] + left - x
    end = min(top + glyph["bottom"], job[HEIGHT])
    for y in range(max(top + glyph["top"], 0), end):
        row = _row(job, left, y, right - left)
        masks: Any = view(begin + (y - top) * pitch, len(row), np.uint8)
        _blend_row(row, masks, ink)


@kernel
def _write(job: Any, cell: Any, codes: Any) -> int:
    """Draw glyphs where the cell's alignment puts them; return their width."""
    glyphs = view(job[GLYPHS], _MANY, GLYPH)
    width = 0
    for i in range(len(codes)):
        width += glyphs[codes[i]]["width"]
    x = cell["x"] + cell["pad"]
    x += (cell["width"] - 2 * cell["pad"] - width) * cell["align"] // 2
    for i in range(len(codes)):
        glyph = glyphs[codes[i]]
        _glyph(job, glyph, cell, x)
        x += glyph["width"]
    return width


@kernel
def _width(job: Any, codes: Any) -> int:
    glyphs = view(job[GLYPHS], _MANY, GLYPH)
    width = 0
    for i in range(len(codes)):
        width += glyphs[codes[i]]["width"]
    return width


@kernel
def _text(job: Any, cell: Any) -> None:
    """Draw a cell's text."""
    run = view(job[RUNS], _MANY, RUN)[cell["run"]]
    codes: Any = view(job[CODES] + 4 * run["first"], run["count"], np.int32)
    _write(job, cell, codes)


@kernel
def _number(job: Any, cell: Any) -> None:
    """Draw a cell's number: with its suffix, without where both have no room.

    A number that has a suffix stands beside a sprite: it is left out rather than cut.
    """
    style = view(job[NUMBERS], _MANY, NUMBER)[cell["number"]]
    buffer: Any = view(job[SCRATCH], NUMBER_CODES, np.int32)
    end = NUMBER_CODES // 2
    first = number_codes(style, cell["value"], buffer, end)
    if style["suffix"]:
        run = view(job[RUNS], _MANY, RUN)[style["suffix"]]
        more: Any = view(job[CODES] + 4 * run["first"], run["count"], np.int32)
        room = cell["width"] - cell["pad"] - style["margin"]
        number = _width(job, buffer[first:end])
        if number > room:
            return
        if number + run["width"] <= room:
            for i in range(min(len(more), NUMBER_CODES - end)):
                buffer[end + i] = more[i]
            end += min(len(more), NUMBER_CODES - end)
    _write(job, cell, buffer[first:end])


@kernel
def _lay(ground: Any, pixel: Any) -> Any:
    """Lay a premultiplied pixel over another."""
    rest = 255 - (pixel >> 24)
    outer = ((ground & 0xFF00FF) * rest + 0x800080) >> 8
    inner = (((ground >> 8) & 0xFF) * rest + 0x80) & 0xFF00
    return 0xFF000000 | ((pixel & 0xFFFFFF) + (outer & 0xFF00FF) + inner)


@kernel
def _sprite(job: Any, cell: Any) -> None:
    """Lay a cell's sprite over it, clipped to the cell."""
    sprite = view(job[SPRITES], _MANY, SPRITE)[cell["sprite"]]
    left, top = max(cell["x"], 0), max(cell["y"], 0)
    right = min(cell["x"] + min(sprite["width"], cell["width"]), job[WIDTH])
    bottom = min(cell["y"] + min(sprite["height"], cell["height"]), job[HEIGHT])
    for y in range(top, bottom):
        row = _row(job, left, y, right - left)
        place = sprite["bits"] + 4 * ((y - cell["y"]) * sprite["pitch"])
        pixels = view(place + 4 * (left - cell["x"]), len(row), np.uint32)
        for at in range(len(row)):
            pixel = np.int64(pixels[at])
            if pixel >> 24 == 255:
                row[at] = pixel
            elif pixel >> 24:
                row[at] = _lay(np.int64(row[at]), pixel)


@kernel
def _paint(job: Any, cell: Any) -> None:
    """Paint one cell: ground, bar, own part, line, text, sprite."""
    x, y = cell["x"], cell["y"]
    right, bottom = x + cell["width"], y + cell["height"]
    _fill(job, x, y, right, bottom, cell["ground"])
    if cell["bar_width"]:
        left = x + cell["bar_x"]
        end = min(left + cell["bar_width"], right)
        _fill(job, left, y + 1, end, bottom - 1, cell["bar"])
    if cell["own_width"]:
        left = x + cell["own_x"]
        end = min(left + cell["own_width"], right)
        _fill(job, left, y + 1, end, bottom - 1, cell["own"])
    if cell["line"]:
        _fill(job, x, bottom - 1, right, bottom, cell["line"])
    if cell["number"] > 0:
        _number(job, cell)
    elif cell["run"] > 0:
        _text(job, cell)
    if cell["sprite"] > 0:
        _sprite(job, cell)


@kernel
def _take(new: Any, old: Any, begin: int) -> int:
    """Copy a cell's words; 1 if they differed."""
    differ = 0
    for at in range(begin, begin + _CELL_WORDS):
        differ |= new[at] ^ old[at]
        old[at] = new[at]
    return 1 if differ else 0


@kernel
def _surround(job: Any, cell: Any) -> None:
    """Let the rectangle of what was painted surround a cell, too."""
    job[LEFT] = min(job[LEFT], cell["x"])
    job[TOP] = min(job[TOP], cell["y"])
    job[RIGHT] = max(job[RIGHT], cell["x"] + cell["width"])
    job[BOTTOM] = max(job[BOTTOM], cell["y"] + cell["height"])


@entry
def raster_cells(job_address: int, _b: int, _c: int) -> int:
    """Paint the cells that differ from those painted; how many they were."""
    job = words(job_address, JOB_WORDS)
    count = job[COUNT]
    cells = view(job[CELLS], count, RASTER_CELL)
    new = words(job[CELLS], count * _CELL_WORDS)
    old = words(job[PAINTED], count * _CELL_WORDS)
    drawn = view(job[DRAWN], count, np.uint8)
    total = 0
    job[LEFT], job[TOP], job[RIGHT], job[BOTTOM] = job[WIDTH], job[HEIGHT], 0, 0
    for i in range(count):
        drawn[i] = _take(new, old, i * _CELL_WORDS)
        if drawn[i]:
            _paint(job, cells[i])
            _surround(job, cells[i])
            total += 1
    return total


@entry
def ladder_cells(job_address: int, _b: int, _c: int) -> int:
    """Write a ladder's rows into cells, see `raster_ladder`; how many rows."""
    job = words(job_address, FILL_WORDS)
    count, across, row_words = job[ROW_COUNT], job[COLUMN_COUNT], job[ROW_WORDS]
    rows = words(job[ROWS], count * row_words)
    cells = view(job[LADDER_CELLS], count * across, RASTER_CELL)
    columns = view(job[COLUMNS], across, LADDER_COLUMN)
    look = view(job[LOOK], 1, LADDER_LOOK)[0]
    for x in range(across):
        column = columns[x]
        kind, most = column["kind"], 1
        if kind == VOLUME:
            most = most_of(rows, column["value"], count, row_words)
        for y in range(count):
            cell, row = cells[y * across + x], rows[y * row_words :]
            if job[HAS_MOVED]:
                fill_ground(column, look, cell, job[FIRST_INDEX] - y)
            if kind == DEPTH:
                fill_depth(column, row, cell, job[FULL])
            elif kind == PRICE:
                fill_price(column, look, row, cell, row[job[MARKS]])
            elif kind != NOTHING and job[HAS_FLOW]:
                fill_flow(column, look, row, cell, row[job[MARKS]], most)
    return count


@entry
def ladder_rows(job_address: int, _b: int, _c: int) -> int:
    """Make a ladder's rows from a view, see `ladder_rows`; how many there are."""
    return make_rows(words(job_address, ROWS_WORDS))
