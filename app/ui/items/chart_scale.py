"""Panes of a chart and their vertical scales: value to pixel and back."""

import math
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QRectF

_PAD: Final = 0.07
_AHEAD: Final = 1.5
"""Pads that a scale leaves besides where what is shown has grown."""
_LEAST_PANE: Final = 34.0
_LEAST_PRICES: Final = 100.0
"""Height that the prices keep: panes below go before that."""


@dataclass(slots=True)
class Scale:
    """Values from bottom to top of a stretch of pixels.

    Attributes
    ----------
    top, bottom : float
        Px.
    low, high : float
        Values there.
    is_manual : bool
        Chosen by hand; bars no longer move it.
    """

    top: float = 0.0
    bottom: float = 1.0
    low: float = 0.0
    high: float = 1.0
    is_manual: bool = False

    def y(self, value: Any) -> Any:
        """Pixel of a value, or of an array of them."""
        per = (self.bottom - self.top) / (self.high - self.low)
        return self.bottom - (value - self.low) * per

    def value(self, y: float) -> float:
        """Value at a pixel."""
        room = max(1.0, self.bottom - self.top)
        return self.low + (self.bottom - y) * (self.high - self.low) / room

    @property
    def per_px(self) -> float:
        """What a pixel is worth."""
        return (self.high - self.low) / max(1.0, self.bottom - self.top)

    def fit(self, low: float, high: float, least: float) -> bool:
        """Show a range with some room around it, `least` at the least.

        Returns
        -------
        bool
            Whether the scale moved.
        """
        if self.is_manual or not math.isfinite(low) or not math.isfinite(high):
            return False
        if high - low < least:
            middle = (low + high) / 2
            low, high = middle - least / 2, middle + least / 2
        room = (high - low) * _PAD
        has_low = self.low <= low - room * 0.2
        has_high = high + room * 0.2 <= self.high
        is_loose = self.high - self.low > (high - low) * 1.45
        if has_low and has_high and not is_loose:
            return False
        # What grew past an edge goes on there, and a scale that moves paints all anew.
        more = room * _AHEAD if self.low < high and low < self.high else 0.0
        self.low = low - room - (0.0 if has_low else more)
        self.high = high + room + (0.0 if has_high else more)
        return True

    def drag(self, px: float) -> None:
        """Move the values with the hand, px downwards."""
        moved = px * self.per_px
        self.low, self.high = self.low + moved, self.high + moved
        self.is_manual = True

    def stretch(self, factor: float) -> None:
        """Widen the range around its middle."""
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2 * factor
        half = max(half, 1e-9, abs(middle) * 1e-12)
        self.low, self.high = middle - half, middle + half
        self.is_manual = True


@dataclass(slots=True)
class Pane:
    """A part of the plot with a scale of its own.

    Attributes
    ----------
    name : str
        "price", "volume", "delta", or an indicator's.
    """

    name: str
    box: QRectF
    scale: Scale


def lay_panes(
    names: list[str], plot: QRectF, known: dict[str, Scale], share: float = 0.17
) -> list[Pane]:
    """Stack panes: the first has what the others leave; those too low are left out."""
    fitting = max(0, int((plot.height() - _LEAST_PRICES) // _LEAST_PANE))
    names = names[: 1 + fitting]
    others = len(names) - 1
    each = max(_LEAST_PANE, plot.height() * min(share, 0.55 / max(1, others)))
    panes, top = [], plot.top()
    for i, name in enumerate(names):
        height = plot.height() - others * each if i == 0 else each
        box = QRectF(plot.left(), top, plot.width(), height)
        scale = known.setdefault(name, Scale())
        scale.top, scale.bottom = box.top() + (2 if i == 0 else 12), box.bottom() - 2
        panes.append(Pane(name, box, scale))
        top += height
    return panes
