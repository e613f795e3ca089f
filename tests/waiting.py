"""Waiting for what native threads do: they set no Python event, so it is looked for."""

import threading
from collections.abc import Callable
from typing import Final

from app.clock import SystemClock

_NEVER = threading.Event()
_CLOCK = SystemClock()


NEVER_S: Final = 240.0
"""Longer than anything takes on the slowest machine; how fast it is, no test claims."""


def eventually(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; AssertionError if it never does."""
    end = _CLOCK.monotonic_ns() + int(NEVER_S * 1e9)
    while not condition():
        assert _CLOCK.monotonic_ns() < end, f"did not happen within {NEVER_S:g} s"
        _NEVER.wait(0.001)
