"""Waiting for what native threads do: they set no Python event, so it is looked for."""

import threading
from collections.abc import Callable

from app.clock import SystemClock

_NEVER = threading.Event()
_CLOCK = SystemClock()


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return once the condition holds; AssertionError if it never does."""
    end = _CLOCK.monotonic_ns() + int(seconds * 1e9)
    while not condition():
        assert _CLOCK.monotonic_ns() < end, f"did not happen within {seconds:g} s"
        _NEVER.wait(0.001)
