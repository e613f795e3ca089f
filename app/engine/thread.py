"""The engine's thread: a native loop, and a small Python loop around it.

The native loop (`kernel.run_live`) holds no GIL and returns only to stop, or when
someone asks for a structural change. A change is a callable that runs on the engine's
thread between two events, while nothing else touches the arena.

The thread is a daemon, but is meant to be stopped and joined: `stop` raises the flag
and joins. A failure is kept in `failure` and told through `on_failure`.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena
from app.engine.control import CONTROL_WORDS, Control, Outcome
from app.engine.kernel import run_live
from app.engine.links import Link
from app.errors import EngineError

_log = logging.getLogger("app.engine")
_JOIN_S: Final = 5.0


class EngineThread:
    """Runs one arena.

    Parameters
    ----------
    arena : Arena
    links : (LINK_WORDS,) int64
        Composed links; the control block's address is added here.
    nap_us, spin_ns : int
        How long to sleep when idle, and how long to spin before the first sleep.
    view_interval_ns : int
        Least time between two views.
    feed_clock : bool
        Only the feed's records move time (a recording), not the wall clock.
    on_failure : callable
        Told of an exception that ended the thread, on the engine's thread.
    """

    def __init__(
        self,
        arena: Arena,
        links: Any,
        *,
        nap_us: int = 50,
        spin_ns: int = 50_000,
        view_interval_ns: int = 8_000_000,
        feed_clock: bool = False,
        on_failure: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self.arena = arena
        self.links = links
        self.control = np.zeros(CONTROL_WORDS, np.int64)
        self.control[Control.NAP_US] = nap_us
        self.control[Control.SPIN_NS] = spin_ns
        self.control[Control.VIEW_INTERVAL_NS] = view_interval_ns
        self.control[Control.FEED_CLOCK] = feed_clock
        self.control[Control.TIME_HANDLERS] = 1
        links[Link.CONTROL] = self.control.ctypes.data
        self.failure: BaseException | None = None
        self._on_failure = on_failure
        self._changes: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]]
        self._changes = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start, or start anew after a stop.

        Raises
        ------
        EngineError
            If it runs already.
        """
        with self._lock:
            if self.is_running:
                raise EngineError("the engine thread runs already")
            self.control[Control.STOP] = 0
            self.failure = None
            # Compiled before the thread: kernels are loaded where errors can be told.
            assert run_live.address
            self._thread = threading.Thread(
                target=self._run, name="ringside-engine", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop and join; safe to call twice, and from any other thread.

        Raises
        ------
        EngineError
            If the thread does not end.
        """
        with self._lock:
            thread = self._thread
            if thread is None:
                return
            self.control[Control.STOP] = 1
            thread.join(_JOIN_S)
            if thread.is_alive():
                raise EngineError(f"the engine did not stop within {_JOIN_S:g} s")
            self._thread = None
            self._run_changes()

    def change(self, action: Callable[[], Any]) -> "Future[Any]":
        """Run `action` on the engine's thread between two events.

        On a stopped engine it runs at once, in the caller's thread.
        """
        future: Future[Any] = Future()
        self._changes.put((action, future))
        if self.is_running:
            self.control[Control.BREAK] = 1
        else:
            self._run_changes()
        return future

    def _run_changes(self) -> None:
        while not self._changes.empty():
            action, future = self._changes.get()
            try:
                future.set_result(action())
            except Exception as error:  # noqa: BLE001  (handed to whoever asked)
                future.set_exception(error)

    def _run(self) -> None:
        try:
            while True:
                outcome = run_live(self.arena.address, self.links.ctypes.data)
                if outcome == Outcome.STOPPED:
                    return
                self.control[Control.BREAK] = 0
                self._run_changes()
        except BaseException as error:  # noqa: BLE001  (a thread's end: told, not lost)
            _log.exception("the engine thread ended by an error")
            self.failure = error
            self._on_failure(error)
