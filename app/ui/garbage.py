"""Cyclic garbage is collected on the window's thread, and on no other.

Python collects cycles on whichever thread happens to allocate. A cycle with widgets in
it that dies on the thread of a job has their destructors run there, or interrupts this
thread with them at any call; Qt allows neither. So while a window is open the automatic
collection is off, and a timer of the window's does what it would have done.

A pass over everything is dear, and what survived so long rarely dies: there is one only
so often, and not over what was there before the window opened (`gc.freeze`).
"""

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

from app.clock import Clock

_EVERY_MS: Final = 100
_FULL_EVERY_NS: Final = 15_000_000_000
_open: list[bool] = []
"""One for each that is at work: whether the automatic collection was on before it."""


class Garbage(QObject):
    """Collects, from its making until `close`."""

    def __init__(self, clock: Clock, parent: QObject) -> None:
        super().__init__(parent)
        self._clock = clock
        self._full_at = clock.monotonic_ns() + _FULL_EVERY_NS
        self._is_closed = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect)
        self._timer.start(_EVERY_MS)
        _open.append(gc.isenabled())
        gc.disable()

    def collect(self) -> None:
        """Collect the oldest generation that is due, if there is one."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        now = self._clock.monotonic_ns()
        if counts[2] > thresholds[2] and now >= self._full_at:
            self._full_at = now + _FULL_EVERY_NS
            gc.collect()
        elif counts[1] > thresholds[1]:
            gc.collect(1)
        elif counts[0] > thresholds[0]:
            gc.collect(0)

    def close(self) -> None:
        """Stop, and leave collecting to Python again once nobody else is at work."""
        if self._is_closed:
            return
        self._is_closed = True
        self._timer.stop()
        was_on = _open.pop()
        if was_on and not _open:
            gc.enable()
