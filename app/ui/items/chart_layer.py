"""What moves with the bars of a chart, as a picture: moved, and painted on in strips.

A pan or a new bar moves the picture by whole px of the device and paints the strip that
came into view; only other scales, another look or another width of bars paint it anew.
The newest column, which changes with every trade, is a small picture of its own.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app.ui.items.chart_paint import paint_columns
from app.ui.items.plot_picture import PlotPicture
from app.ui.models.chart_columns import MARGIN_PX, NO_COLUMNS, Columns

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_NEAR: Final = 4
"""Columns around a strip through which its lines go."""


class BarLayer:
    """The closed columns of a chart.

    Attributes
    ----------
    picture : PlotPicture or None
    painted : int
        Columns painted since it was made, for benchmarks and tests.
    """

    def __init__(self) -> None:
        self.picture: PlotPicture | None = None
        self.painted = 0
        self._key: Any = None
        self._origin = 0
        self._end = 0

    def bring(self, chart: "ChartSurface", key: Any) -> bool:
        """Bring the picture to the columns in view; True if anything of it changed.

        Parameters
        ----------
        key : anything with ==
            What the picture depends on beside columns and their place.
        """
        shown = chart.closed()
        size = shown.extent, round(chart.plot.height() * shown.ratio)
        picture = self.picture
        if picture is None or picture.size != size:
            picture = self.picture = PlotPicture(*size, shown.ratio)
            self._key = None
        shift = shown.origin - self._origin
        end = min(_end_of(shown), shown.origin + shown.extent)
        if key != self._key or abs(shift) >= shown.extent:
            strips = [(0, shown.extent)]
        else:
            strips = self._move(picture, shown, shift, end)
        self._key, self._origin, self._end = key, shown.origin, end
        for strip in strips:
            self._paint(chart, picture, shown, strip)
        picture.clip_to(0, 0, *size)
        return bool(strips) or shift != 0

    def _move(
        self, picture: PlotPicture, shown: Columns, shift: int, end: int
    ) -> list[tuple[int, int]]:
        """Move what is there; what is to be painted, px of the picture."""
        width = shown.extent
        picture.clip_to(0, 0, *picture.size)
        picture.move(shift)
        begin, was_full = width, self._end >= self._origin + width
        if shift > 0:
            begin = width - shift
        if end > self._end and not was_full:
            # The last line ended in the middle of the last column.
            last = self._end - round(shown.width * shown.ratio)
            begin = min(begin, last - shown.origin - round(MARGIN_PX * shown.ratio))
        strips = [(0, -shift)] if shift < 0 else []
        return [*strips, (max(0, begin), width)] if begin < width else strips

    def _paint(
        self,
        chart: "ChartSurface",
        picture: PlotPicture,
        shown: Columns,
        strip: tuple[int, int],
    ) -> None:
        left, right = strip
        picture.clip_to(left, 0, right, picture.size[1])
        picture.fill(0)
        width = shown.width * shown.ratio
        places = shown.places
        first = int(np.searchsorted(places, shown.origin + left - width)) - 1
        last = int(np.searchsorted(places, shown.origin + right)) + 1
        first, last = max(0, first), min(len(shown), last)
        near = shown.part(max(0, first - _NEAR), min(len(shown), last + _NEAR))
        self.painted += max(0, last - first)
        if last > first:
            paint_columns(chart, picture, shown.part(first, last), near)


class NewestLayer:
    """The newest column of a chart, over its closed ones.

    Attributes
    ----------
    picture : PlotPicture or None
    x : int
        Where it lies, px of the device from the plot's left edge.
    """

    def __init__(self) -> None:
        self.picture: PlotPicture | None = None
        self.x = 0
        self._of: Columns | None = None
        self._own = self._near = NO_COLUMNS

    def paint(self, chart: "ChartSurface") -> None:
        """Paint the newest column."""
        shown = chart.shown
        width = int(shown.width * shown.ratio) + 1
        margin = round(MARGIN_PX * shown.ratio)
        size = 2 * width + 2 * margin, round(chart.plot.height() * shown.ratio)
        if self.picture is None or self.picture.size != size:
            self.picture = PlotPicture(*size, shown.ratio)
        picture, count = self.picture, len(shown)
        if shown is not self._of:
            # A trade changes the rows in place: the rest is as it was.
            self._of = shown
            left = int(shown.places[-1]) - width - margin
            self.x = left - shown.origin
            self._near = _at(shown.part(max(0, count - _NEAR), count), left)
            self._own = _at(shown.part(count - 1, count), left)
        picture.clip_to(0, 0, *size)
        picture.fill(0)
        # From the middle of the last closed column on: up to there lines are painted.
        middle = round((width if count < 2 else width / 2) + margin)
        picture.clip_to(middle, 0, *size)
        paint_columns(chart, picture, self._own, self._near)


def _at(shown: Columns, origin: int) -> Columns:
    """The same columns from another left edge on."""
    return replace(shown, origin=origin)


def _end_of(shown: Columns) -> int:
    """Past the last column, px of the device from the first bar."""
    if not len(shown):
        return 0
    width = shown.pen if shown.is_thin else shown.scale
    return int(shown.places[-1] + width)
