"""Which stretch of time and prices a picture shows, and how a hand moves it.

Time runs to the right, prices upwards. While it follows, the right edge keeps a little
room after now, and the price is moved only when the touch leaves the middle: so the
picture scrolls one way at a time.
"""

from typing import Final

SECOND_NS: Final = 1_000_000_000
ROOM: Final = 0.03
"""Share of the width that stays free after now, while it follows."""
_CALM: Final = 0.32
"""The touch may be so far from the middle, in heights, before the price follows."""
_LOST: Final = 0.45
"""Prices that fill less of the height are shown larger."""
_LEAST_NS: Final = 100_000.0
_MOST_NS: Final = 60.0 * SECOND_NS * 60
_MOST_TICK_PX: Final = 120.0
_LEAST_TICK_PX: Final = 1e-7
_FIRST_NS: Final = 150_000_000.0


class Viewport:
    """The window onto time and price.

    Attributes
    ----------
    width, height : float
        Pixels.
    ns_per_px, units_per_px : float
        units: price units.
    centre : float
        Price in the middle, price units.
    is_following : bool
        Whether it moves with time and the touch.
    is_fitting : bool
        Whether it shows all prices that the touch had, until a hand zooms the price.
    is_placed : bool
        Whether it knows a price to show.
    """

    def __init__(self, tick: int = 1) -> None:
        self.width = self.height = 100.0
        self.tick = max(1, tick)
        self.ns_per_px = _FIRST_NS
        self.units_per_px = self.tick / 8
        self.centre = 0.0
        self.right = 0.0
        self.is_following = True
        self.is_fitting = True
        self.is_placed = False

    def resize(self, width: float, height: float) -> None:
        """Take a size; the middle price and the right edge stay."""
        self.width, self.height = max(1.0, width), max(1.0, height)

    # Where things are.

    @property
    def begin(self) -> float:
        """Time at the left edge, ns."""
        return self.right - self.width * self.ns_per_px

    @property
    def top(self) -> float:
        """Price at the upper edge, price units."""
        return self.centre + self.units_per_px * self.height / 2

    def x_of(self, ts: float) -> float:
        """Place of a time."""
        return self.width - (self.right - ts) / self.ns_per_px

    def time_at(self, x: float) -> int:
        """Time at a place, ns."""
        return round(self.right - (self.width - x) * self.ns_per_px)

    def y_of(self, price: float) -> float:
        """Place of a price."""
        return (self.top - price) / self.units_per_px

    def price_at(self, y: float) -> float:
        """Price at a place, price units."""
        return self.top - y * self.units_per_px

    # What moves it.

    def fit(self, low: float, high: float) -> None:
        """Show the prices in [low, high], with some room."""
        span = max(high - low, 20.0 * self.tick)
        self.units_per_px = span * 1.15 / self.height
        self.centre = (low + high) / 2
        self.is_placed = True
        self._bound()

    def keep_in_view(self, low: float, high: float) -> bool:
        """Fit the prices in [low, high] if they are cut off, or lost in the middle.

        True if that moved it. Where a hand zoomed or dragged, nothing moves.
        """
        if not (self.is_following and self.is_fitting and self.is_placed):
            return False
        bottom = self.top - self.units_per_px * self.height
        share = (high - low) / (self.units_per_px * self.height)
        is_cut = low < bottom or high > self.top
        least = 20.0 * self.tick / (self.units_per_px * self.height)
        if not is_cut and (share > _LOST or least > _LOST):
            return False
        self.fit(low, high)
        return True

    def follow(self, now: int, touch: float | None) -> None:
        """Move with time and the touch (price units), if it follows."""
        if not self.is_following:
            return
        self.right = now + ROOM * self.width * self.ns_per_px
        if touch is not None and self.is_placed:
            away = abs(touch - self.centre) / (self.units_per_px * self.height)
            if away > _CALM:
                self.centre = touch

    def pan(self, right: float, down: float) -> None:
        """Move the picture by pixels; it follows no longer."""
        self.is_following = False
        self.right -= right * self.ns_per_px
        self.centre += down * self.units_per_px

    def zoom_time(self, factor: float, x: float) -> None:
        """Show more (factor above 1) or less time around a place."""
        # While it follows, now stays where it is.
        x = self.width * (1 - ROOM) if self.is_following else x
        fixed = self.right - (self.width - x) * self.ns_per_px
        self.ns_per_px *= factor
        self._bound()
        self.right = fixed + (self.width - x) * self.ns_per_px

    def zoom_price(self, factor: float, y: float) -> None:
        """Show more (factor above 1) or fewer prices around a place."""
        self.is_fitting = False
        fixed = self.price_at(y)
        self.units_per_px *= factor
        self._bound()
        self.centre = fixed - self.units_per_px * (self.height / 2 - y)

    def _bound(self) -> None:
        self.ns_per_px = min(max(self.ns_per_px, _LEAST_NS), _MOST_NS)
        least = self.tick / _MOST_TICK_PX
        most = self.tick / _LEAST_TICK_PX
        self.units_per_px = min(max(self.units_per_px, least), most)
