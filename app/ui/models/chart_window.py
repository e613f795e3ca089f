"""Which bars a chart shows: a window over bar indices, moved, zoomed, following.

Bars stand side by side by index, whatever time lies between them. `right` is the index
at the plot's right edge, in bars; `bar_px` the width of one. While it follows, the
newest bar stays at its distance from the edge.
"""

import math
from typing import Final

LEAST_PX: Final = 0.0002
MOST_PX: Final = 260.0
USUAL_PX: Final = 7.0
THIN_PX: Final = 2.5
"""A bar below this width is a line from low to high."""
_MARGIN: Final = 0.18
"""Share of the plot that is free right of the newest bar: orders' chips stand there."""
_CHIP_PX: Final = 104.0
_MOST_MARGIN: Final = 0.3
"""A chip's room at the least, but no more than this share."""
_FACTOR: Final = 8


class ChartWindow:
    """Bars to pixels and back.

    Attributes
    ----------
    width : float
        Of the plot, px.
    bar_px : float
    right : float
        Bar index at the right edge; bar i covers [i, i + 1).
    is_following : bool
    ratio : float
        Device px for one logical px.
    """

    def __init__(self) -> None:
        self.ratio = 1.0
        self.width = 100.0
        self.bar_px = USUAL_PX
        self.right = 0.0
        self.is_following = True
        self.count = 0

    def reset(self) -> None:
        """Usual width of a bar, newest bar at the right."""
        self.bar_px = USUAL_PX
        self.to_end()

    def show(self, width: float, count: int) -> bool:
        """Take the plot's width and the number of bars; True if bars moved."""
        before = self.right
        self.width, self.count = max(1.0, width), count
        if self.is_following:
            self.right = self._end()
        else:
            self._clip()
        return self.right != before

    def shift(self, added: int) -> None:
        """Older bars came before all others: what is seen stays where it is."""
        self.count += added
        self.right += added

    # Device px: what is painted stands on whole ones, and a pan moves it by whole ones.

    @property
    def scale(self) -> float:
        """Width of a bar, px of the device."""
        return self.bar_px * self.ratio

    @property
    def pen(self) -> int:
        """Px of the device that make a line."""
        return max(1, int(self.ratio))

    @property
    def extent(self) -> int:
        """Width of the plot, px of the device."""
        return math.ceil(self.width * self.ratio)

    @property
    def origin(self) -> int:
        """What the plot's left edge is at, px of the device from the first bar."""
        return round((self.right * self.bar_px - self.width) * self.ratio)

    def x(self, index: float) -> float:
        """Left edge of a bar as it is painted, px from the plot's left edge."""
        return (index * self.scale - self.origin) / self.ratio

    def index_at(self, x: float) -> float:
        """Bar index at a pixel."""
        return self.right - (self.width - x) / self.bar_px

    @property
    def is_thin(self) -> bool:
        """Whether a bar is a line from low to high, or several of them are."""
        return self.bar_px < THIN_PX

    def visible(self) -> tuple[int, int]:
        """Bars [first, last) of which something is seen."""
        first = max(0, int(self.index_at(0.0)))
        last = min(self.count, int(self.right) + 1)
        return min(first, max(last, 0)), max(last, 0)

    def level(self) -> int:
        """Power of eight by which bars are joined so that a column has 1 to 8 rows."""
        level, size = 0, 1
        while self.scale * size * _FACTOR <= self.pen:
            level, size = level + 1, size * _FACTOR
        return level

    def pan(self, px: float) -> None:
        """Move the picture to the right by pixels; at the end it follows again."""
        self.right -= px / self.bar_px
        self.is_following = px < 0 and self.right >= self._end()
        self._clip()

    def zoom(self, factor: float, x: float) -> None:
        """Widen bars by a factor around a pixel; the newest stays while following."""
        at = self.index_at(x)
        least = max(LEAST_PX, self.width / max(4 * self.count, 4000))
        self.bar_px = max(least, min(MOST_PX, self.bar_px * factor))
        if self.is_following:
            self.right = self._end()
        else:
            self.right = at + (self.width - x) / self.bar_px
        self._clip()

    def to_end(self) -> None:
        """Show the newest bar and follow it."""
        self.is_following = True
        self.right = self._end()

    def to_begin(self) -> None:
        """Show the oldest bar."""
        self.is_following = False
        self.right = self.width * 0.98 / self.bar_px
        self._clip()

    def show_range(self, first: float, last: float) -> None:
        """Show bars [first, last)."""
        wanted = self.width / max(last - first, 1e-9)
        self.bar_px = max(LEAST_PX, min(MOST_PX, wanted))
        self.right = last
        self.is_following = False
        self._clip()

    def _end(self) -> float:
        room = max(self.width * _MARGIN, min(_CHIP_PX, self.width * _MOST_MARGIN))
        return self.count + room / self.bar_px

    def _clip(self) -> None:
        """Never leave all bars: a few stay in view at either end."""
        span = self.width / self.bar_px
        most = self.count + span * 0.9
        least = min(span * 0.1, float(self.count))
        self.right = max(least, min(most, self.right))
