"""Doing something at most so often, by a clock that is handed in."""

from app.clock import Clock


class Throttle:
    """Says whether it is time again; at once the first time.

    Parameters
    ----------
    clock : Clock
    every_ns : int
        At least between two times.

    Attributes
    ----------
    every_ns : int
    """

    def __init__(self, clock: Clock, every_ns: int) -> None:
        self._clock = clock
        self.every_ns = every_ns
        self._next = clock.monotonic_ns()

    def is_due(self) -> bool:
        """Tell whether it is time; then the next time is `every_ns` away."""
        now = self._clock.monotonic_ns()
        if now < self._next:
            return False
        self._next = now + self.every_ns
        return True
