"""The paper session: a live feed, the engine, and a venue that is no broker.

Composition decides what it can do. With the built-in exchange, orders leave through a
ring that only the exchange reads; with any other feed the simulated venue in the kernel
fills them against the feed's book. No broker's order path exists in this module.

Starting happens on a thread of its own: compile what is missing (in subprocesses), open
the feed, lay out the arena, fill the links table, start the log, the engine, the feed.
"""

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.config import Settings
from app.engine.records import COMMAND, REPORT, OrderType, TimeInForce
from app.errors import RingsideError
from app.instrument import Instrument
from app.sessions.history import MarketHistory
from app.sessions.session import (
    FIRST_ORDER_ID,
    EngineState,
    Mode,
    RingFill,
    SessionStatus,
)

if TYPE_CHECKING:
    from app.sessions.live_strategies import LiveStrategies

_log = logging.getLogger("app.engine")


class PaperSession:
    """See `app.sessions.session.Session`.

    Parameters
    ----------
    feed_name : str
        "exchange" or "recording:NAME".
    settings : Settings
    """

    mode = Mode.PAPER

    def __init__(self, feed_name: str, settings: Settings) -> None:
        self.feed_name = feed_name
        self.base_currency = "USD"
        self._settings = settings
        self._turn = threading.Lock()
        self._state = EngineState.COMPILING
        self._message = "starting"
        self._progress = (0, 0)
        self._engine: Any = None
        self._stopping = threading.Event()
        self._starter: threading.Thread | None = None
        self._order_id = FIRST_ORDER_ID

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Instruments, by their number in records."""
        return () if self._engine is None else self._engine.instruments

    @property
    def capabilities(self) -> Mapping[OrderType, tuple[TimeInForce, ...]]:
        """Times in force by order type that the venue holds natively."""
        return {} if self._engine is None else self._engine.capabilities

    @property
    def exact_queues(self) -> frozenset[int]:
        """Instruments whose places in the queue are known by order, no estimates."""
        return frozenset() if self._engine is None else self._engine.exact_queues

    @property
    def history(self) -> MarketHistory | None:
        """What the market did so far; None until the engine is ready."""
        return None if self._engine is None else self._engine.history

    @property
    def strategies(self) -> "LiveStrategies | None":
        """What trades by itself; None until the engine is ready."""
        return None if self._engine is None else self._engine.strategies

    def start(self) -> None:
        """Begin on a thread; `status` tells how far it is."""
        self._stopping.clear()
        self._starter = threading.Thread(
            target=self._start, name="ringside-start", daemon=True
        )
        self._starter.start()

    def _start(self) -> None:
        try:
            self._compile()
            if self._stopping.is_set():
                return
            from app.sessions.composition import PaperEngine

            engine = PaperEngine(self.feed_name, self._settings, self._on_failure)
            self.base_currency = engine.base_currency
            engine.start()
            self._engine = engine
            self._become(EngineState.READY)
        except RingsideError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001  (a job: told, not lost)
            _log.exception("the session could not start")
            self._fail(f"{type(error).__name__}: {error}")

    def _compile(self) -> None:
        from app.engine.build import build

        self._message = "compiling the engine"
        build(self._on_progress, is_wanted=lambda: not self._stopping.is_set())
        if self._stopping.is_set():
            return
        self._message = "loading the engine"

    def _on_progress(self, unit: str, done: int, total: int) -> None:
        name = unit.removeprefix("app.engine.")  # "" before the first
        self._message = f"compiling the engine{': ' if name else ''}{name}"
        self._progress = (done, total)

    def _on_failure(self, error: BaseException) -> None:
        self._fail(f"the engine stopped: {error}")

    def _fail(self, message: str) -> None:
        self._become(EngineState.FAILED, message)

    def _become(self, state: EngineState, message: str = "") -> None:
        """Be in another state; what has failed stays so, whichever thread found it."""
        with self._turn:
            if self._state is not EngineState.FAILED:
                self._state, self._message = state, message

    def stop(self) -> None:
        """End and join everything."""
        self._stopping.set()
        if self._starter is not None:
            self._starter.join()
        if self._engine is not None:
            self._engine.stop()
        self._become(EngineState.STOPPED)

    def submit(self, command: Any) -> bool:
        """Stamp COMMAND records with the gesture's time and send them."""
        if self._state is not EngineState.READY:
            return False
        records = np.atleast_1d(np.asarray(command, dtype=COMMAND))
        return bool(self._engine.submit(records))

    def next_order_id(self) -> int:
        """Return a client order id that was not used in this session."""
        self._order_id += 1
        return self._order_id

    def reports(self) -> Any:
        """Drain the REPORT records that have come since the last call."""
        if self._engine is None:
            return np.empty(0, REPORT)
        return self._engine.events.drain()

    def view(self) -> Any | None:
        """Take the newest VIEW; None if there is no newer one."""
        return None if self._engine is None else self._engine.views.newest()

    def set_speed(self, speed: float) -> None:
        """Change a recording's pace."""
        if self._engine is not None:
            self._engine.set_speed(speed)

    def set_paused(self, paused: bool) -> None:
        """Pause a recording, or go on."""
        if self._engine is not None:
            self._engine.set_paused(paused)

    def rings(self) -> tuple[RingFill, ...]:
        """Tell how full the rings are."""
        if self._engine is None:
            return ()
        fills: tuple[RingFill, ...] = self._engine.rings()
        return fills

    def status(self) -> SessionStatus:
        """Tell how things stand."""
        if self._engine is None:
            return SessionStatus(self._state, self._message, self._progress)
        status: SessionStatus = self._engine.status(
            self._state, self._message, self._progress
        )
        return status
