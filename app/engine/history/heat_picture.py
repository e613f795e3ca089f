"""Pictures of heatmap columns: the buffers they need, and the call that paints them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.history.heat_render import heat_render
from app.engine.history.heat_tiles import HeatTiles
from app.engine.history.heat_view import (
    BLOCK,
    BUCKET_BITS,
    HEAT_VIEW,
    HISTOGRAM,
    PIXEL,
)
from app.engine.records import NO_PRICE
from app.errors import EngineError

MOST_PX: Final = 16_384
"""Largest width and height of a picture."""


@dataclass(frozen=True, slots=True)
class HeatColours:
    """Colours of a picture, ``0xffrrggbb``.

    Attributes
    ----------
    palette : (512,) uint32
        Ramp of the bids, from small to large, then that of the asks.
    ground, outside, gap, gap_line : int
        Where nothing rests; before the data and after now; where data are missing.
    bid_line, ask_line, buy, sell, rim : int
    """

    palette: NDArray[np.uint32]
    ground: int
    outside: int
    gap: int
    gap_line: int
    bid_line: int
    ask_line: int
    buy: int
    sell: int
    rim: int


@dataclass(frozen=True, slots=True)
class HeatRequest:
    """What a picture shows.

    Attributes
    ----------
    width, height : int
        Pixels.
    begin : int
        Time at the left edge, ns; `end`: now, where the data end.
    ns_per_px : float
    top : float
        Price at the upper edge, price units.
    units_per_px : float
    tick : float
        Price units that a level is tall.
    low, high : int
        Codes at the ends of the ramp, see `size_code`.
    bubble_volume : float
        Volume of the largest bubble; 0 = none are drawn.
    bubble_radius : float
        Its radius, px.
    bubble_px, line_px : int
        Stretch over which trades are summed; thickness of the touch.
    """

    width: int
    height: int
    begin: int
    end: int
    ns_per_px: float
    top: float
    units_per_px: float
    tick: float
    low: int
    high: int
    bubble_volume: float = 0.0
    bubble_radius: float = 0.0
    bubble_px: int = 12
    line_px: int = 1


@dataclass(frozen=True, slots=True)
class HeatPart:
    """Columns that stand from one time to another, and not beyond.

    Attributes
    ----------
    tiles : HeatTiles
    begin, end : int
        ns since 1970 UTC; nothing is known from `end` to the next part's `begin`.
    """

    tiles: HeatTiles
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class HeatPicture:
    """A picture that was painted.

    Attributes
    ----------
    request : HeatRequest
    pixels : (height, width) uint32
        ``0xffrrggbb``.
    histogram : (HISTOGRAM,) int32
        How often codes were seen, by ``code >> BUCKET_BITS``.
    touch : tuple of int
        Lowest bid and highest ask in it, price units; NO_PRICE = none. Where both are
        there, of the session's own columns and not of the past.
    largest : int
        Volume of the largest bubble, quantity units.
    columns : int
        How many columns there were.
    """

    request: HeatRequest
    pixels: NDArray[np.uint32]
    histogram: NDArray[np.int32]
    touch: tuple[int, int]
    largest: int
    columns: int


class HeatPainter:
    """Paints pictures into two buffers by turns, so that one may be on the screen.

    For one thread. A picture's pixels are its own until the one after next.
    """

    def __init__(self) -> None:
        self._job = np.zeros(1, HEAT_VIEW)
        self._turn = 0
        self._images = [np.empty((0, 0), np.uint32)] * 2
        self._counts = [np.zeros(HISTOGRAM, np.int32) for _ in range(2)]
        self._rows = np.empty(0, np.int32)
        self._pixels = np.empty(0, PIXEL)

    def paint(
        self,
        tiles: HeatTiles,
        request: HeatRequest,
        colours: HeatColours,
        past: Sequence[HeatPart] = (),
    ) -> HeatPicture:
        """Paint a picture; the GIL is free meanwhile.

        Parameters
        ----------
        past : sequence of HeatPart
            What stands before the first column of `tiles`, in order of time.

        Raises
        ------
        EngineError
            If the picture is too large, or has no extent in time or price.
        """
        _check(request)
        image, counts = self._buffers(request.width, request.height)
        job = self._job[0]
        for name in HeatRequest.__dataclass_fields__:
            job[name] = getattr(request, name)
        for name in HeatColours.__dataclass_fields__:
            if name != "palette":
                job[name] = getattr(colours, name)
        job["palette"], job["stride"] = colours.palette.ctypes.data, request.width
        job["rows"], job["pixels"] = self._rows.ctypes.data, self._pixels.ctypes.data
        first = int(tiles.times[0]) if past and tiles.count else request.begin
        stretches = _stretches(request, past, first)
        if stretches:
            self._paint_past(request, colours, stretches, image, counts)
        left = min(request.width, max(0, _pixel(request, first))) if stretches else 0
        known = job["touch_low"], job["touch_high"], job["largest"], counts.copy()
        if left == request.width:
            touch, largest = (int(known[0]), int(known[1])), int(known[2])
            return HeatPicture(request, image, counts, touch, largest, tiles.count)
        columns = self._paint_part(tiles, request, (left, request.width), image, counts)
        touch = int(job["touch_low"]), int(job["touch_high"])
        largest = int(job["largest"])
        if stretches:
            counts += known[3]
            if touch == (NO_PRICE, NO_PRICE):
                touch = int(known[0]), int(known[1])
            largest = max(largest, int(known[2]))
        return HeatPicture(request, image, counts, touch, largest, columns)

    def _paint_past(
        self,
        request: HeatRequest,
        colours: HeatColours,
        stretches: Sequence[tuple[HeatPart, int, int]],
        image: Any,
        counts: Any,
    ) -> None:
        """Paint what stands before the session, and hatch what is missing between.

        What it saw is in the job, as after a picture of one part.
        """
        job, sums = self._job[0], np.zeros(HISTOGRAM, np.int32)
        touch, largest = (NO_PRICE, NO_PRICE), 0
        image[:, : stretches[0][1]] = colours.outside
        before = stretches[0][1]
        for part, left, right in stretches:
            _hatch(image, (before, left), colours)
            before = max(before, right)
            if right > left:
                job["end"] = min(part.end, request.end)
                self._paint_part(part.tiles, request, (left, right), image, counts)
                sums += counts
                seen = int(job["touch_low"]), int(job["touch_high"])
                touch, largest = _joined(touch, seen), max(largest, int(job["largest"]))
        _hatch(image, (before, request.width), colours)
        job["end"] = request.end
        job["touch_low"], job["touch_high"] = touch
        job["largest"] = largest
        counts[:] = sums

    def _paint_part(
        self,
        tiles: HeatTiles,
        request: HeatRequest,
        across: tuple[int, int],
        image: Any,
        counts: Any,
    ) -> int:
        """Paint columns of pixels [first, last) of a picture; how many columns are."""
        job, (left, right) = self._job[0], across
        begin = request.begin + int(left * request.ns_per_px)
        job["control"], job["begin"] = tiles.address, begin
        job["width"] = right - left
        job["image"] = image.ctypes.data + left * image.itemsize
        job["histogram"] = counts.ctypes.data
        job["phase"] = int(begin // max(1, round(request.ns_per_px))) & 7
        return heat_render(0, 0, self._job.ctypes.data)

    def _buffers(self, width: int, height: int) -> tuple[Any, Any]:
        self._turn ^= 1
        if self._images[self._turn].shape != (height, width):
            self._images[self._turn] = np.empty((height, width), np.uint32)
        if len(self._rows) < height * BLOCK:
            self._rows = np.empty(height * BLOCK, np.int32)
        if len(self._pixels) < width:
            self._pixels = np.empty(width, PIXEL)
        return self._images[self._turn], self._counts[self._turn]


def _pixel(request: HeatRequest, ts: int) -> int:
    """Column of pixels that a time is in, within or beside the picture."""
    at = (ts - request.begin) / request.ns_per_px
    return int(max(-1.0, min(float(request.width), np.floor(at))))


def _stretches(
    request: HeatRequest, past: Sequence[HeatPart], first: int
) -> list[tuple[HeatPart, int, int]]:
    """Columns of pixels of each part, up to where a time is; none if none is seen."""
    most = min(request.width, max(0, _pixel(request, first)))
    made, seen = [], False
    for part in past:
        left, right = (
            min(most, max(0, _pixel(request, each))) for each in (part.begin, part.end)
        )
        if part.end > request.begin:
            right = min(most, max(right, left + 1))  # however short, it is seen
        seen |= right > left
        made.append((part, left, right))
    is_beside = most > 0 and any(left < most for _, left, _ in made)
    return made if seen or is_beside else []


def _joined(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Lowest bid and highest ask of two stretches; NO_PRICE = none."""
    lows = [each[0] for each in (one, other) if each[0] != NO_PRICE]
    return min(lows, default=NO_PRICE), max(one[1], other[1])


def _hatch(image: Any, across: tuple[int, int], colours: HeatColours) -> None:
    """Hatch columns of pixels as where data are missing."""
    left, right = across
    if right <= left:
        return
    rows, columns = np.ogrid[: image.shape[0], left:right]
    is_line = (rows + columns) & 7 < 2
    image[:, left:right] = np.where(is_line, colours.gap_line, colours.gap)


def code_of(size: float) -> int:
    """Write a size as a code, see `size_code`."""
    return int(np.float32(max(size, 0.0)).view(np.int32))


def size_of(code: int) -> float:
    """Size of a code."""
    return float(np.int32(max(code, 0)).view(np.float32))


def quantile_codes(
    histogram: NDArray[np.int32], low: float, high: float
) -> tuple[int, int] | None:
    """Codes below which shares `low` and `high` of what was seen lie; None: nothing."""
    sums = np.cumsum(histogram)
    if not sums[-1]:
        return None
    at = np.searchsorted(sums, (low * sums[-1], high * sums[-1]))
    return int(at[0]) << BUCKET_BITS, (int(at[1]) + 1) << BUCKET_BITS


def _check(request: HeatRequest) -> None:
    if not (0 < request.width <= MOST_PX and 0 < request.height <= MOST_PX):
        raise EngineError(
            f"a picture has 1 to {MOST_PX} pixels a side, was "
            f"{request.width} x {request.height}"
        )
    if not (request.ns_per_px > 0 and request.units_per_px > 0):
        raise EngineError(
            "a pixel must span time and price, was "
            f"{request.ns_per_px} ns, {request.units_per_px} price units"
        )
