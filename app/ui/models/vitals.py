"""How the program itself does: rates, frame times, memory and its threads' time.

Sampled once a second whether anybody looks or not, so that the past is there when a
panel is opened.
"""

import threading
from collections.abc import Mapping
from typing import Final

import numpy as np
import psutil

from app.ui.models.course import Course

_COUNTERS: Final = {
    "events": "market_records",
    "commands": "commands",
    "reports": "reports",
    "fills": "fills",
}
"""Rate per second to the VIEW's counter."""
COLUMNS: Final = (
    *_COUNTERS,
    "frame_p50",
    "frame_p99",
    "interval_p99",
    "resident",
    "private",
)
_MAIN: Final = "window"


class Vitals:
    """Samples of the process.

    Attributes
    ----------
    course : Course
        `COLUMNS`: per second; ms; ms; ms; bytes, all and without what files back.
    """

    def __init__(self) -> None:
        self.course = Course(COLUMNS, 1.0)
        self._process = psutil.Process()
        self._counted: tuple[float, dict[str, int]] | None = None
        self._threads: dict[int, float] = {}
        self._measured = 0.0

    def take(
        self, now_s: float, view: np.void | None, work: np.ndarray, interval: np.ndarray
    ) -> None:
        """Take a sample if one is due.

        Parameters
        ----------
        now_s : float
            A clock that never goes back, seconds.
        view : VIEW or None
        work, interval : (n,) int64
            Of the newest frames, ns.
        """
        if not self.course.is_due(now_s):
            return
        row = self._rates(now_s, view)
        if len(work):
            row["frame_p50"], row["frame_p99"] = np.quantile(work, (0.5, 0.99)) / 1e6
            row["interval_p99"] = float(np.quantile(interval, 0.99)) / 1e6
        memory = self._process.memory_info()
        row["resident"] = float(memory.rss)
        row["private"] = float(memory.rss - getattr(memory, "shared", 0))
        self.course.take(now_s, **row)

    def forget_counters(self) -> None:
        """Another session counts anew."""
        self._counted = None

    def threads(self, now_s: float) -> list[tuple[str, float]]:
        """Share of a core that each thread took since the last call, busiest first."""
        names = _thread_names(self._process.pid)
        shares: dict[str, float] = {}
        passed, self._measured = now_s - self._measured, now_s
        seen = {}
        for each in self._process.threads():
            used = each.user_time + each.system_time
            seen[each.id] = used
            name = names.get(each.id, "others")
            share = (used - self._threads.get(each.id, used)) / max(passed, 1e-9)
            shares[name] = shares.get(name, 0.0) + share
        self._threads = seen
        return sorted(shares.items(), key=lambda row: -row[1])

    def _rates(self, now_s: float, view: np.void | None) -> dict[str, float]:
        if view is None:
            self._counted = None
            return {}
        counts = {name: int(view[field]) for name, field in _COUNTERS.items()}
        before, self._counted = self._counted, (now_s, counts)
        if before is None or now_s <= before[0]:
            return {}
        passed = now_s - before[0]
        return {
            name: max(0, count - before[1][name]) / passed
            for name, count in counts.items()
        }


def _thread_names(process: int) -> Mapping[int, str]:
    """Names of this process's threads by the system's number."""
    names = {
        each.native_id: each.name.removeprefix("ringside-")
        for each in threading.enumerate()
        if each.native_id is not None
    }
    names[process] = _MAIN
    return names
