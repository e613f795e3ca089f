"""Latency of the newest seconds, from histograms that only grow."""

from collections import deque
from typing import Final

import numpy as np

from app.ui.formatting import latency_quantile

_KEPT: Final = 50
"""Pulses looked back on; five of them are a second."""


class LatencyWindow:
    """Quantiles of what came in the last seconds."""

    def __init__(self) -> None:
        self._seen: deque[np.ndarray] = deque(maxlen=_KEPT)
        self._recent: np.ndarray = np.zeros(0, np.int64)

    def take(self, histogram: np.ndarray) -> None:
        """Take the histogram as it stands; a smaller one begins anew."""
        histogram = histogram.copy()
        if self._seen and histogram.sum() < self._seen[-1].sum():
            self._seen.clear()
        self._seen.append(histogram)
        recent = histogram - self._seen[0]
        self._recent = recent if recent.any() else histogram

    @property
    def recent(self) -> np.ndarray:
        """Counts by bucket of the newest seconds."""
        return self._recent

    def quantile(self, quantile: float) -> float:
        """Upper edge of the bucket that holds a quantile, ns; NaN without counts."""
        return latency_quantile(self._recent, quantile)
