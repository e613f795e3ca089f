"""Sources that are read into syntax trees, by several threads."""

import gc
import threading
from typing import Any

from app.strategies.syntax import expression, parsed

_TEXT = "def f(x):\n" + "    x = [x, (x + 1) * 2]\n" * 200


class _Dying:
    """Garbage that, where Python collects it, lets another thread run for a while."""

    def __init__(self, run: Any) -> None:
        self.run, self.itself = run, self

    def __del__(self) -> None:
        self.run()


def test_a_thread_that_comes_between_spoils_no_tree() -> None:
    """CPython 3.11 counts the depth of all threads' trees in one place."""
    found: list[str] = []

    def parse() -> None:
        found.append(type(expression("a + [b, (c, d)]")).__name__)

    others: list[threading.Thread] = []

    def come_between() -> None:
        others.append(threading.Thread(target=parse))
        others[-1].start()
        # It ends at once, or when the tree in hand is whole.
        others[-1].join(0.05)

    before = gc.get_threshold()
    _Dying(come_between)
    gc.set_threshold(1)
    try:
        tree = parsed(_TEXT)
    finally:
        gc.set_threshold(*before)
    for each in others:
        each.join()

    assert len(tree) == 1
    assert found == ["BinOp"]
