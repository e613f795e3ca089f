"""Cells of text and bars painted straight into a picture's memory.

One idea: a table is a grid of `RASTER_CELL`s, all that is to be seen of each cell as
small integers. `raster_cells` compares the grid with the one that is painted already,
paints only the cells that differ, and says which. Text is drawn from an atlas of glyph
masks that the window makes once; a text is a run of glyph numbers.

The unit is compiled when it is first used: only the window paints.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import entry, kernel
from app.engine.memory import view, words

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
        ("align", "<i4"),  # 0 left, 1 centred, 2 right
        ("pad", "<i4"),
        ("ink", "<u4"),  # colour of the text
        ("line", "<u4"),  # colour of the lowest row of px; 0 = none
        ("special", "<i8"),  # changes with what is painted over the cell later
    ]
)
"""What one cell looks like: 72 bytes."""

GLYPH: Final = np.dtype([("x", "<i4"), ("width", "<i4"), ("height", "<i4")])
"""Where a glyph's mask lies in the atlas; masks begin at its top."""
RUN: Final = np.dtype([("first", "<i4"), ("count", "<i4"), ("width", "<i4")])
"""A text: its glyphs' place among the codes, and its width."""

(
    PICTURE, PITCH, WIDTH, HEIGHT, CELLS, PAINTED, DRAWN, COUNT,
    ATLAS, ATLAS_PITCH, GLYPHS, RUNS, CODES,
) = range(13)  # fmt: skip
"""Words of a job: addresses and lengths. PITCH counts px, ATLAS_PITCH bytes; DRAWN is a
byte for each cell, set where it was painted."""
JOB_WORDS: Final = 13
_CELL_WORDS: Final = RASTER_CELL.itemsize // 8
_MANY: Final = 1 << 30


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
def _blend(ground: Any, ink: Any, cover: Any) -> Any:
    """Mix a colour into another, red with blue and green alone; cover 0 to 256."""
    rest = 256 - cover
    outer = ((ink & 0xFF00FF) * cover + (ground & 0xFF00FF) * rest) >> 8
    inner = ((ink & 0x00FF00) * cover + (ground & 0x00FF00) * rest) >> 8
    return 0xFF000000 | (outer & 0xFF00FF) | (inner & 0x00FF00)


@kernel
def _glyph(job: Any, glyph: Any, cell: Any, x: int) -> None:
    """Draw one glyph at x, vertically centred, clipped to its cell."""
    top = cell["y"] + (cell["height"] - glyph["height"]) // 2
    left = max(x, cell["x"], 0)
    right = min(x + glyph["width"], cell["x"] + cell["width"], job[WIDTH])
    ink, pitch = np.int64(cell["ink"]), job[ATLAS_PITCH]
    begin = job[ATLAS] + glyph["x"] + left - x
    for y in range(max(top, 0), min(top + glyph["height"], job[HEIGHT])):
        row = _row(job, left, y, right - left)
        masks = view(begin + (y - top) * pitch, len(row), np.uint8)
        for at in range(len(row)):
            cover = np.int64(masks[at])
            if cover:
                row[at] = _blend(np.int64(row[at]), ink, cover + (cover >> 7))


@kernel
def _text(job: Any, cell: Any) -> None:
    """Draw a cell's text."""
    run = view(job[RUNS], _MANY, RUN)[cell["run"]]
    codes: Any = view(job[CODES] + 4 * run["first"], run["count"], np.int32)
    glyphs = view(job[GLYPHS], _MANY, GLYPH)
    room = cell["width"] - 2 * cell["pad"] - run["width"]
    x = cell["x"] + cell["pad"] + room * cell["align"] // 2
    for i in range(len(codes)):
        glyph = glyphs[codes[i]]
        _glyph(job, glyph, cell, x)
        x += glyph["width"]


@kernel
def _paint(job: Any, cell: Any) -> None:
    """Paint one cell: ground, bar, own part, text, line."""
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
    if cell["run"] > 0:
        _text(job, cell)


@kernel
def _take(new: Any, old: Any, begin: int) -> int:
    """Copy a cell's words; 1 if they differed."""
    differ = 0
    for at in range(begin, begin + _CELL_WORDS):
        differ |= new[at] ^ old[at]
        old[at] = new[at]
    return 1 if differ else 0


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
    for i in range(count):
        drawn[i] = _take(new, old, i * _CELL_WORDS)
        if drawn[i]:
            _paint(job, cells[i])
            total += 1
    return total
