"""Boxes and lines painted straight into a picture's memory: what charts are made of.

A candle is two boxes, a bar of volume one, an indicator a line. All is in px of the
device and clipped to a rectangle, and a pixel's colour does not depend on that
rectangle: a picture that is moved by whole pixels and painted on in the strip that
came into view is the picture painted as a whole. A line's cover of a pixel goes by the
distance of its middle, so that nothing but the neighbouring points counts.

Pictures are ARGB, alpha multiplied in; one without alpha is one where all is opaque.
The unit is compiled when it is first used: only the window paints.
"""

import math
from typing import Any, Final

import numpy as np

from app.engine.bits import integer
from app.engine.compile import entry, kernel
from app.engine.memory import view, words

BOX: Final = np.dtype(
    [
        ("left", "<i4"),
        ("top", "<i4"),
        ("right", "<i4"),  # past the last pixel
        ("bottom", "<i4"),
        ("ink", "<u4"),  # 0xAARRGGBB, alpha not multiplied in
    ]
)
"""A filled rectangle; one without extent is nothing."""

(
    PICTURE, PITCH, LEFT, TOP, RIGHT, BOTTOM, COUNT, BOXES, XS, YS, INK, HALF, SHIFT,
) = range(13)  # fmt: skip
"""Words of a job: the picture's address and px a row, the clip, how many boxes or
points, their addresses, a line's colour and half its width in 1/256 px, and by how many
px the clip's content moves to the left."""
JOB_WORDS: Final = 13
_FAR: Final = 1e6


@kernel
def _row(job: Any, x: int, y: int, length: int) -> Any:
    """A stretch of a row of the picture."""
    place = job[PICTURE] + 4 * (y * job[PITCH] + x)
    return view(place, max(length, 0), np.uint32)


@kernel
def _over(ground: Any, ink: Any, cover: Any) -> Any:
    """Lay an opaque colour over a pixel; cover 0 to 256."""
    rest = 256 - cover
    ink |= 0xFF000000
    outer = ((ink & 0xFF00FF) * cover + (ground & 0xFF00FF) * rest) >> 8
    inner = ((ink >> 8) & 0xFF00FF) * cover + ((ground >> 8) & 0xFF00FF) * rest
    return (outer & 0xFF00FF) | (inner & 0xFF00FF00)


@kernel
def fill(job: Any, left: int, top: int, right: int, bottom: int, ink: int) -> None:
    """Fill a rectangle in a colour, 0xAARRGGBB, within the clip."""
    left, right = max(left, job[LEFT]), min(right, job[RIGHT])
    alpha = ink >> 24
    cover = alpha + (alpha >> 7)
    for y in range(max(top, job[TOP]), min(bottom, job[BOTTOM])):
        row = _row(job, left, y, right - left)
        if cover == 256:
            for x in range(len(row)):
                row[x] = np.uint32(ink)
        else:
            for x in range(len(row)):
                row[x] = np.uint32(_over(np.int64(row[x]), ink, cover))


@entry
def fill_boxes(job_address: int, _b: int, _c: int) -> int:
    """Fill COUNT boxes, the later ones over the earlier."""
    job = words(job_address, JOB_WORDS)
    boxes = view(job[BOXES], job[COUNT], BOX)
    for i in range(len(boxes)):
        box = boxes[i]
        left, right = integer(box["left"]), integer(box["right"])
        top, bottom = integer(box["top"]), integer(box["bottom"])
        fill(job, left, top, right, bottom, integer(box["ink"]))
    return len(boxes)


@entry
def move_picture(job_address: int, _b: int, _c: int) -> int:
    """Move the clip's content SHIFT px to the left, or to the right where negative."""
    job = words(job_address, JOB_WORDS)
    shift, left, width = job[SHIFT], job[LEFT], job[RIGHT] - job[LEFT]
    for y in range(job[TOP], job[BOTTOM]):
        row = _row(job, left, y, width)
        if shift >= 0:
            for x in range(width - shift):
                row[x] = row[x + shift]
        else:
            for x in range(width - 1, -1 - shift, -1):
                row[x] = row[x + shift]
    return 0


@kernel
def _first_after(xs: Any, x: float) -> int:
    """Index of the first point right of x, or past the last."""
    low, high = 0, len(xs)
    while low < high:
        middle = (low + high) // 2
        if xs[middle] > x:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def _distance(dx: float, dy: float, x: float, y: float) -> float:
    """Distance of (x, y) from the stretch between (0, 0) and (dx, dy)."""
    square = dx * dx + dy * dy
    along = 0.0
    if square > 0.0:
        along = min(1.0, max(0.0, (x * dx + y * dy) / square))
    away, off = x - along * dx, y - along * dy
    return math.sqrt(away * away + off * off)


@kernel
def _cover(xs: Any, ys: Any, begin: int, end: int, x: float, y: float) -> float:
    """Least distance of a pixel's middle from the stretches [begin, end)."""
    least = _FAR
    for i in range(begin, end):
        dx, dy = xs[i + 1] - xs[i], ys[i + 1] - ys[i]
        least = min(least, _distance(dx, dy, x - xs[i], y - ys[i]))
    return least


@kernel
def _column(job: Any, xs: Any, ys: Any, x: int) -> None:
    """Paint what a line covers of one column of pixels."""
    half = job[HALF] / 256.0
    middle, reach = x + 0.5, half + 1.0
    begin = max(0, _first_after(xs, middle - reach) - 1)
    end = min(len(xs) - 1, _first_after(xs, middle + reach))
    low, high = _FAR, -_FAR
    for i in range(begin, end):
        # What of the stretch is near this column, not all of a steep one's height.
        dx, dy = xs[i + 1] - xs[i], ys[i + 1] - ys[i]
        near, far = 0.0, 1.0
        if dx > 0.0:
            near = min(1.0, max(0.0, (middle - reach - xs[i]) / dx))
            far = min(1.0, max(0.0, (middle + reach - xs[i]) / dx))
        one, two = ys[i] + near * dy, ys[i] + far * dy
        low, high = min(low, one, two), max(high, one, two)
    if begin >= end:
        return
    ink = job[INK]
    top = max(job[TOP], np.int64(max(low - reach, -_FAR)))
    bottom = min(job[BOTTOM], np.int64(min(high + reach, _FAR)) + 1)
    for y in range(top, bottom):
        away = _cover(xs, ys, begin, end, middle, y + 0.5)
        cover = np.int64(256.0 * min(1.0, max(0.0, half + 0.5 - away)))
        if cover:
            row = _row(job, x, y, 1)
            row[0] = np.uint32(_over(np.int64(row[0]), ink, cover))


@entry
def draw_line(job_address: int, _b: int, _c: int) -> int:
    """Draw a line through COUNT points whose x ascend."""
    job = words(job_address, JOB_WORDS)
    count = job[COUNT]
    if count < 2:
        return 0
    xs, ys = view(job[XS], count, np.float64), view(job[YS], count, np.float64)
    reach = job[HALF] // 256 + 2
    first = max(job[LEFT], np.int64(max(xs[0], -_FAR)) - reach)
    last = min(job[RIGHT], np.int64(min(xs[count - 1], _FAR)) + reach)
    for x in range(first, last):
        _column(job, xs, ys, x)
    return count
