"""Latency: of the newest seconds, and from a gesture to its answer on the screen."""

from collections import deque
from typing import Final

import numpy as np

from app.engine.records import Action, ReportType
from app.engine.views import HISTOGRAM_BUCKETS
from app.ui.formatting import latency_quantile
from app.ui.models.codes import mask_of

ANSWERS: Final = mask_of(
    (
        ReportType.NEW,
        ReportType.REJECTED,
        ReportType.REPLACED,
        ReportType.REPLACE_REJECTED,
        ReportType.FILL,
        ReportType.HELD,
    )
)
"""Reports that say what became of what was asked for."""
_MOST_AWAITED: Final = 1_024
_KEPT: Final = 50
"""Pulses looked back on; five of them are a second."""


def bucket(latency_ns: int) -> int:
    """Bucket of a latency in a histogram by half octave, as `engine.kernel` counts."""
    passed = max(1, latency_ns)
    top = passed.bit_length() - 1
    half = (passed >> (top - 1)) & 1 if top else 0
    return min(2 * top + half, HISTOGRAM_BUCKETS - 1)


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


class AnswerTimes:
    """How long from a gesture's command to the paint that shows its first answer.

    Attributes
    ----------
    histogram : (HISTOGRAM_BUCKETS,) int64
        Counts by half octave of ns, as the engine's own histograms (`engine.views`).
    """

    def __init__(self) -> None:
        self.histogram = np.zeros(HISTOGRAM_BUCKETS, np.int64)
        self._awaited: dict[int, int] = {}
        self._unpainted: list[int] = []

    def forget(self) -> None:
        """Begin with another session."""
        self.histogram[:] = 0
        self._awaited.clear()
        self._unpainted.clear()

    def sent(self, commands: np.ndarray, now: int) -> None:
        """Note new orders and replaces that leave now (monotonic ns)."""
        for command in np.atleast_1d(commands):
            if command["action"] in (Action.NEW, Action.REPLACE):
                if len(self._awaited) >= _MOST_AWAITED:
                    self._awaited.clear()
                self._awaited[int(command["client_order_id"])] = now

    def take(self, reports: np.ndarray) -> None:
        """Note answers among the reports of a frame."""
        if not self._awaited:
            return
        ids = reports["client_order_id"][ANSWERS[reports["report"]]]
        for each in ids.tolist():
            since = self._awaited.pop(each, None)
            if since is not None:
                self._unpainted.append(since)

    def painted(self, now: int) -> None:
        """Count what this frame's paint has shown (monotonic ns)."""
        for since in self._unpainted:
            self.histogram[bucket(now - since)] += 1
        self._unpainted.clear()
