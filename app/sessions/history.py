"""The face of a session's market history: what panels may ask of it.

A thread of its own (`ringside-view`) reads behind the engine in the session's log, so
it misses nothing and costs the engine nothing, and folds what it reads into the records
of `app.engine.history.records`. Readers are on another thread: they copy what is
published, and see a state that is at most some frames old. What changes in place (a
book, an open bar) they copy between two turns of the fold, microseconds apart.

Trades that do not set the last price (SEMANTICS 37) are in the tape and in a session's
volume; bars, profiles and flow leave them out. An instrument that a feed tells of in
bars alone has bars of TIME only, made of those. Of an instrument that there is not, all
is empty. `app.engine.history.history.History` is the real one, also without a thread:
``History(instruments)`` and ``fold(records)``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from app.engine.history.records import BarKind

if TYPE_CHECKING:
    from app.engine.history.heat_tiles import HeatTiles


@dataclass(frozen=True, slots=True)
class BarSpec:
    """Which bars.

    Attributes
    ----------
    kind : BarKind
    size : int
        ns, trades, quantity units or price units, by kind; positive.
    """

    kind: BarKind
    size: int


class BarSeries(Protocol):
    """Bars of one instrument that grow while somebody follows them.

    Attributes
    ----------
    spec : BarSpec
    instrument : int
    """

    spec: BarSpec
    instrument: int

    @property
    def count(self) -> int:
        """Bars there are; the last may still be open."""
        ...

    @property
    def version(self) -> int:
        """Changes whenever a bar was added or changed; a reader compares it."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether the past was folded already; until then bars may be missing."""
        ...

    def read(self, first: int, last: int) -> Any:
        """Copy bars [first, last) as BAR_ROW, clipped to what there is."""
        ...

    def find(self, ts: int) -> int:
        """Index of the first bar whose end is past `ts`; `count` if there is none."""
        ...

    def release(self) -> None:
        """Follow it no longer."""
        ...


class MarketHistory(Protocol):
    """What a session's market did so far, by number of instrument."""

    @property
    def now(self) -> int:
        """Received time of the newest record that is in it, ns; 0 before the first."""
        ...

    def trade_count(self, instrument: int) -> int:
        """Trades so far."""
        ...

    def trades(self, instrument: int, first: int, last: int) -> Any:
        """Copy trades [first, last) as TAPE, oldest first, clipped to what there is."""
        ...

    def find_trade(self, instrument: int, ts: int) -> int:
        """Index of the first trade at or after `ts`."""
        ...

    def bars(self, instrument: int, spec: BarSpec) -> BarSeries:
        """Follow bars; equal requests share one series, released as often.

        Raises
        ------
        EngineError
            If the size is not positive, or there is no such instrument.
        """
        ...

    def trade_dates(self, instrument: int) -> Any:
        """When its trade dates begin, also those to come, (n,) int64 ns, ascending."""
        ...

    def gaps(self, instrument: int) -> Any:
        """When trades came after lost data, (n,) int64 ns, ascending.

        Reads on in the tape, a bounded piece a call.
        """
        ...

    def stats(self, instrument: int) -> Any:
        """One SESSION_STATS record."""
        ...

    def profile(self, instrument: int) -> Any:
        """Volume by price of the session, (n,) PROFILE, lowest price first."""
        ...

    def profile_of(self, instrument: int, first: int, last: int) -> Any:
        """Volume by price of trades [first, last), (n,) PROFILE."""
        ...

    def footprint(self, instrument: int, edges: Any) -> Any:
        """Profiles of consecutive runs of trades.

        Parameters
        ----------
        edges : (n + 1,) int64
            Indices in the tape; run i is [edges[i], edges[i + 1]).

        Returns
        -------
        tuple
            (m,) PROFILE, run after run, and (n + 1,) int64 where each run begins.
        """
        ...

    def flow(self, instrument: int, low: int, high: int) -> Any:
        """What happened at the prices in [low, high], (n,) FLOW, lowest first."""
        ...

    def reset_flow(self, instrument: int) -> None:
        """Count sold, bought, stacked and pulled from here on anew."""
        ...

    def depth(self, instrument: int, low: int, high: int) -> tuple[int, Any, Any]:
        """Book sequence and the displayed levels in [low, high], however far away.

        Returns
        -------
        tuple
            The book's sequence as in a VIEW, bids and asks as VIEW_LEVEL, best first.
        """
        ...

    def samples(self, instrument: int, count: int) -> Any:
        """Copy the newest samples, (n,) SAMPLE, oldest first.

        Seconds in which the feed sent nothing of any instrument have none.
        """
        ...

    def heatmap(self, instrument: int) -> "HeatTiles | None":
        """Depth over time since the session began; None if there is none to come.

        The columns themselves: they are read without a lock, see `heat_state`.
        """
        ...
