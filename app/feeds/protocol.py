"""What a feed is: instruments, rings of market data, a start and an end.

A new feed is one file with a class that meets `Feed`, and a line in `open_feed`. It
pushes MARKET records into its rings from one thread of its own per ring; the engine
polls them. What the records owe the book is said in `app.engine.book`.

A feed whose venue also takes orders (the built-in exchange) meets `ExternalVenue` too.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from app.engine.ring import Ring
from app.instrument import Instrument

FeedClock = Literal["wall", "feed"]
"""What moves the session's time: the wall clock, or the feed's records alone."""


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """How a feed stands."""

    state: str
    """waiting, connected, paused, disconnected or ended."""
    since: int
    """Since when it stands so, ns since 1970 UTC."""
    message: str = ""
    """What went wrong, or what is being waited for; empty when all is well."""
    messages_per_s: float = 0.0
    """Records pushed lately, per second."""
    detail: str = ""
    """A figure or two of the feed's own, for a tooltip."""
    seed: int | None = None
    """Of the built-in exchange's agents; None for any other feed."""


@runtime_checkable
class Feed(Protocol):
    """A live source of events."""

    name: str
    """As `open_feed` takes it."""
    instruments: tuple[Instrument, ...]
    """Records name an instrument by its place here."""
    data_basis: str
    """What the data are: by order, depth, tick-by-tick, sampled, delayed."""
    clock: FeedClock
    rings: tuple[Ring, ...]
    """Rings of MARKET that the engine polls, in order of priority."""

    def start(self) -> None:
        """Begin, or go on after a stop; returns at once. Safe to call twice."""
        ...

    def stop(self) -> None:
        """End and join the feed's threads. Safe to call twice, or without a start."""
        ...

    def status(self) -> FeedStatus:
        """Tell how it stands; cheap, from any thread."""
        ...


@runtime_checkable
class ExternalVenue(Protocol):
    """A venue of its own that takes the session's orders."""

    orders: Ring
    """COMMAND records from the engine to the venue."""
    reports: Ring
    """REPORT records from the venue to the engine."""


@runtime_checkable
class MixedBases(Protocol):
    """A feed whose data are not the same for every instrument."""

    data_bases: tuple[str, ...]
    """Data basis by instrument."""
    full_depths: tuple[bool, ...]
    """Whether every level of its book is shown, by instrument."""
    bar_intervals: tuple[int, ...]
    """How long bars last, by instrument, ns; 0 = there are finer data, or unknown."""


@runtime_checkable
class Paced(Protocol):
    """A feed whose time can be slowed, hastened and stopped: a recording."""

    @property
    def first_ts(self) -> int:
        """Received time of its first record, ns since 1970 UTC."""
        ...

    @property
    def speed(self) -> float:
        """Times its own pace; 0 = as fast as the engine takes it."""
        ...

    def set_speed(self, speed: float) -> None:
        """Change the pace; FeedError if it is out of bounds."""
        ...

    def set_paused(self, paused: bool) -> None:
        """Pause, or go on."""
        ...
