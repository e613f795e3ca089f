"""The one place that reads the system's clocks.

The engine has no clock: time comes in with the events (STYLE 3.5). Whoever stamps an
event, paces a recording or measures an interval is handed a `Clock`, so that a test or
a replay hands over another one.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 UTC; may step when the system's clock is set."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds since some instant; never steps back. For intervals."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds since the machine started."""
        return time.monotonic_ns()


def thread_ns() -> int:
    """Processor time of the calling thread, ns; waiting for a core does not count."""
    return time.thread_time_ns()


def utc(wall_ns: int) -> datetime:
    """Turn nanoseconds since 1970 UTC into a date and time, cut to microseconds."""
    whole, rest = divmod(wall_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(whole, UTC)
    return moment.replace(microsecond=rest // 1000)
