"""What a command says on stderr while something is compiled; how Ctrl-C ends a run."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from app.clock import SystemClock
from app.strategies.compiling import Compiling

_TELL_S: Final = 5


def tell_build(unit: str, done: int, total: int) -> None:
    """Tell how far the engine's compiling is, as `build` asks."""
    sys.stderr.write(f"compiling the engine: {done}/{total} {unit}\n")


def compile_teller() -> Callable[[Compiling | None], None]:
    """Say every few seconds what is being compiled: the first time takes one or two.

    For `compiling.watched`, from one thread or several.
    """
    clock, told = SystemClock(), [0]

    def tell(what: Compiling | None) -> None:
        if what is None:
            told[0] = 0
            return
        seconds = (clock.monotonic_ns() - what.begun_ns) // 10**9
        if seconds >= told[0] + _TELL_S:
            told[0] = seconds
            sys.stderr.write(f"compiling {what.title} · {seconds} s\n")

    return tell


@contextmanager
def interruptible(cancel: Callable[[], None]) -> Iterator[threading.Event]:
    """Let Ctrl-C cancel a run; a second one raises.

    Raised at once it would come up in a strategy that runs as Python, which would then
    be what failed, and the run would go on without it.

    Yields
    ------
    threading.Event
        Set once it was cancelled.
    """
    asked, before = threading.Event(), signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(before):
        yield asked
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        asked.set()
        cancel()
        sys.stderr.write("interrupted: what is in hand is broken off\n")

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
