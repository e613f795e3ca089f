"""What a session is, whoever composes it: the face that the window and the gateway see.

A session is one feed, one engine, one venue and one log, composed for one mode. What
it can do is decided by what it was composed of, never by a flag read when an order is
sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from app.engine.records import OrderType, TimeInForce
from app.instrument import Instrument
from app.sessions.history import MarketHistory

if TYPE_CHECKING:
    from app.sessions.live_strategies import LiveStrategies


FIRST_ORDER_ID: Final = 1 << 40
"""The window's client order ids begin behind it; the engine numbers its own from 1."""


class Mode(Enum):
    """The program's modes."""

    BACKTEST = "backtest"
    PAPER = "paper"
    LIVE = "live"

    @property
    def title(self) -> str:
        """The mode's name on screen."""
        return self.value.capitalize()


class EngineState(StrEnum):
    """Where the engine of a session stands."""

    COMPILING = "compiling"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """What is true of a session now, in words and numbers for the window.

    Attributes
    ----------
    engine : EngineState
    engine_message : str
        What it does, or why it failed.
    progress : tuple of int
        Units compiled, and how many there are.
    feed_state : str
        "connected", "disconnected", "ended", "waiting" or "paused".
    feed_since : int
        Since when, ns since 1970 UTC.
    feed_message : str
        One line in plain words.
    messages_per_s : float
        Market records that the feed sent in the last second.
    log_path : str
        The folder of the session's log.
    log_status : str
        "" while the log is sound, else what is wrong with it.
    unlogged : int
        Records that the log could not take.
    speed : float or None
        Pace of a recording, times its own; None for a market, which waits for no one.
    seed : int or None
        Of the built-in exchange, which also has fire drills; None for any other feed.
    """

    engine: EngineState
    engine_message: str = ""
    progress: tuple[int, int] = (0, 0)
    feed_state: str = "waiting"
    feed_since: int = 0
    feed_message: str = ""
    messages_per_s: float = 0.0
    log_path: str = ""
    log_status: str = ""
    unlogged: int = 0
    speed: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class RingFill:
    """How full a ring is between two threads.

    Attributes
    ----------
    name : str
        Who writes and who reads, in words.
    used, capacity : int
        Slots.
    dropped : int
        Records that found no room since the start.
    """

    name: str
    used: int
    capacity: int
    dropped: int


class Session(Protocol):
    """One running session."""

    mode: Mode
    feed_name: str
    base_currency: str

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Instruments, by their number in records; empty until the engine is ready."""
        ...

    @property
    def capabilities(self) -> Mapping[OrderType, tuple[TimeInForce, ...]]:
        """Times in force by order type that the venue holds natively (SEMANTICS 27).

        Empty until the engine is ready; the window's order entry offers no others.
        """
        ...

    @property
    def exact_queues(self) -> frozenset[int]:
        """Instruments whose places in the queue are known by order, no estimates."""
        ...

    @property
    def history(self) -> MarketHistory | None:
        """What the market did so far; None until the engine is ready."""
        ...

    @property
    def strategies(self) -> "LiveStrategies | None":
        """What trades by itself; None where nothing can, and until it is ready."""
        ...

    def start(self) -> None:
        """Begin; returns at once, `status` tells how far it is."""
        ...

    def stop(self) -> None:
        """End and join everything; safe to call twice."""
        ...

    def submit(self, command: Any) -> bool:
        """Send COMMAND records to the engine; False if it cannot take them now."""
        ...

    def next_order_id(self) -> int:
        """Return a client order id that was not used in this session."""
        ...

    def reports(self) -> Any:
        """Drain the REPORT records that have come since the last call."""
        ...

    def view(self) -> Any | None:
        """Take the newest VIEW; None if there is no newer one."""
        ...

    def set_speed(self, speed: float) -> None:
        """Change a recording's pace; nothing where `SessionStatus.speed` is None."""
        ...

    def set_paused(self, paused: bool) -> None:
        """Pause a recording, or go on; its clock stands meanwhile."""
        ...

    def rings(self) -> tuple[RingFill, ...]:
        """Tell how full the rings are; none until the engine is ready."""
        ...

    def status(self) -> SessionStatus:
        """Tell how things stand."""
        ...
