"""What tells of a user's file that has a fault: its line, the nearest right name.

A file of strategies runs in our process when it is loaded: it gets so long and no
longer, and may not end the program.
"""

import ctypes
import difflib
import inspect
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.clock import SystemClock
from app.errors import StrategyError
from app.strategies.strategy import HANDLERS

COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
"""How a terminal is told colours, which numba writes whether there is one or not."""
PATIENCE_S: Final = 5.0
"""Longest that the lines of a file, or an `__init__`, may take, of the processor."""
_LONGEST: Final = 12
"""Times as long by the clock: where others run it may have to wait, not for ever."""


class _TooLong(BaseException):
    """Ends what ran too long; no `except Exception` of a user's file takes it."""


@contextmanager
def ending_within(what: str, seconds: float = PATIENCE_S) -> Iterator[None]:
    """Bound how long this thread may run in a block of Python, by processor time.

    A call that waits outside of Python (``time.sleep``) is ended once it returns.

    Parameters
    ----------
    what : str
        Begins the message: "FILE: its lines".

    Raises
    ------
    StrategyError
        If it took longer.
    """
    owner, lock = ctypes.c_ulong(threading.get_ident()), threading.Lock()
    is_over, is_late = threading.Event(), threading.Event()
    throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
    run_time, clock = _run_time(), SystemClock()
    limit = run_time() + seconds
    latest = clock.monotonic_ns() + round(_LONGEST * seconds * 1e9)

    def watch() -> None:
        left = seconds
        while not is_over.wait(left):
            with lock:
                if is_over.is_set():
                    return
                left = limit - run_time()
                if left <= 0 or clock.monotonic_ns() >= latest:
                    is_late.set()
                    throw(owner, ctypes.py_object(_TooLong))
                    return

    threading.Thread(target=watch, daemon=True).start()
    try:
        try:
            yield
        finally:
            with lock:
                is_over.set()
            if is_late.is_set():
                # It comes up at a turn of this loop, where it has not yet. To take it
                # back would leave CPython 3.11's flag for it set for ever: each call
                # looks for what is not there, and under a profiler none ever begins.
                for _ in range(100):
                    pass
    except _TooLong as error:
        raise StrategyError(f"{what} did not end within {seconds:g} s") from error


def _run_time() -> Callable[[], float]:
    """Processor time of this thread, s, for others to look at."""
    own = time.pthread_getcpuclockid(threading.get_ident())
    return lambda: time.clock_gettime(own)


def line_in(error: BaseException | None, file: str | Path) -> int:
    """Line of a file in which an error came up; 0 if it did not."""
    line, trace = 0, error.__traceback__ if error is not None else None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def unknown_handlers(cls: type) -> str:
    """Say which methods look like handlers and are none; "" if there is none."""
    return "; ".join(
        f"there is no event for {name}{near(name, HANDLERS)}"
        for name, _ in inspect.getmembers(cls, inspect.isfunction)
        if name.startswith("on_") and name not in HANDLERS
    )


def near(name: str, known: Iterable[str]) -> str:
    """Name the nearest of what is known, as the end of a message; "" if none is."""
    found = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def words_of(error: BaseException) -> str:
    """What an error is, in a line: numba's pages are cut to what they say first."""
    lines = [each.strip() for each in COLOURS.sub("", str(error)).splitlines()]
    told = [each for each in lines if each and not each.startswith("Failed in")]
    argument = [each for each in told if each.startswith("- argument")]
    words = (argument or told or [""])[0].removeprefix("- ")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def frames_in(error: BaseException, file: str) -> list[traceback.FrameSummary]:
    """The frames of an error that stand in a user's file, outermost first."""
    return [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if each.filename == file and not each.name.startswith("_r_")
    ]


def trace_of(error: BaseException, file: str) -> str:
    """The traceback of an error as far as it lies in a user's file."""
    frames = traceback.format_list(frames_in(error, file))
    return "".join(
        [
            *(["Traceback (most recent call last):\n"] if frames else []),
            *(each.replace("in _m_", "in ") for each in frames),
            words_of(error) + "\n",
        ]
    )
