"""What a command says on stderr while the engine, or a strategy, is being compiled."""

import sys
from collections.abc import Callable
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
