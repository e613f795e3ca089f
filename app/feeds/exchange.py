"""The built-in exchange as a feed, and as the venue that takes the session's orders.

Its matching engine and its agents run on a thread of their own, natively. It is no
broker: an order goes through the `orders` ring and never leaves the process.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any, Final

from app.clock import SystemClock
from app.config import Settings
from app.data.instrument_master import InstrumentMaster
from app.engine.exchange.drill_table import Drill
from app.engine.exchange.profiles import PROFILES
from app.engine.exchange.state import Control
from app.engine.exchange.unit import run_exchange
from app.engine.exchange.venue import BuiltInExchange
from app.engine.ring import Ring
from app.errors import FeedError
from app.feeds.protocol import FeedClock, FeedStatus
from app.instrument import Instrument
from app.priority import HELPING, give_way

_log = logging.getLogger("app.market")
_CLOCK: Final = SystemClock()
_JOIN_S: Final = 5.0
_MINUTE_NS: Final = 60_000_000_000
_RATE_NS: Final = 500_000_000
MOST_MESSAGES_PER_S: Final = 200_000


class ExchangeFeed:
    """See `app.feeds.protocol.Feed` and `ExternalVenue`.

    Parameters
    ----------
    instruments : sequence of Instrument
        What it trades.
    seed : int
        Of its agents.
    messages_per_s : int
        Pace of all agents together.
    day_minutes : float
        Length of a trading day; 0 = it is always open.
    drill_minutes : float
        Between two fire drills that nobody asked for; 0 = none.
    """

    name = "exchange"
    data_basis = "by order"
    clock: FeedClock = "wall"

    def __init__(
        self,
        instruments: Sequence[Instrument],
        seed: int,
        messages_per_s: int,
        *,
        day_minutes: float = 0.0,
        drill_minutes: float = 0.0,
    ) -> None:
        if not instruments:
            raise FeedError("the built-in exchange needs an instrument to trade")
        self.instruments = tuple(instruments)
        self.seed = seed
        self.exchange = BuiltInExchange(self.instruments, seed, messages_per_s)
        self.exchange.state["day_ns"] = int(day_minutes * _MINUTE_NS)
        self.exchange.state["surprise_ns"] = int(drill_minutes * _MINUTE_NS)
        self.market = self.exchange.market
        self.rings: tuple[Ring, ...] = (self.market,)
        self.orders = self.exchange.orders
        self.reports = self.exchange.reports
        self.set_pace(messages_per_s)
        self._thread: threading.Thread | None = None
        self._state, self._since, self._message = "waiting", _CLOCK.wall_ns(), ""
        self._counted = (_CLOCK.monotonic_ns(), 0)
        self._rate = 0.0

    @property
    def is_running(self) -> bool:
        """Whether its thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def set_pace(self, messages_per_s: int) -> None:
        """Change the pace of all agents together."""
        if not 1 <= messages_per_s <= MOST_MESSAGES_PER_S:
            raise FeedError(
                f"messages_per_s must lie in [1, {MOST_MESSAGES_PER_S}], "
                f"was {messages_per_s}"
            )
        self.exchange.control[Control.RATE] = messages_per_s

    def set_paused(self, paused: bool) -> None:
        """Let the agents rest, or go on; orders are matched meanwhile."""
        self.exchange.control[Control.PAUSED] = paused

    def start(self) -> None:
        """Open, or go on where it stopped; every book is sent whole first."""
        if self.is_running:
            return
        # Compiled before the thread, where a failure can be told.
        assert run_exchange.address
        self.exchange.control[Control.STOP] = 0
        self._set_state("connected", "")
        self._thread = threading.Thread(
            target=self._run, name="ringside-exchange", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop and join; the books and the user's orders stay as they are.

        Raises
        ------
        FeedError
            If the thread does not end.
        """
        thread = self._thread
        if thread is None:
            return
        self.exchange.control[Control.STOP] = 1
        thread.join(_JOIN_S)
        if thread.is_alive():
            raise FeedError(f"the exchange did not stop within {_JOIN_S:g} s")
        self._thread = None
        if self._state == "connected":
            self._set_state("waiting", "")

    def _run(self) -> None:
        give_way(HELPING)
        try:
            self.exchange.run()
        except Exception as error:  # noqa: BLE001  (the thread's own boundary)
            _log.exception("the built-in exchange ended by an error")
            self._set_state("disconnected", f"the built-in exchange failed: {error}")

    def _set_state(self, state: str, message: str) -> None:
        self._state, self._since, self._message = state, _CLOCK.wall_ns(), message

    def status(self) -> FeedStatus:
        """Tell how it stands."""
        control = self.exchange.control
        now, pushed = _CLOCK.monotonic_ns(), int(control[Control.SEQUENCE])
        then, before = self._counted
        if now - then >= _RATE_NS:
            self._rate = (pushed - before) * 1e9 / (now - then)
            self._counted = (now, pushed)
        state, since, message = self._standing(control)
        return FeedStatus(
            state=state,
            since=since,
            message=message,
            messages_per_s=self._rate,
            detail=self._detail(),
            seed=self.seed,
        )

    def _standing(self, control: Any) -> tuple[str, int, str]:
        """State, since when, and why, as a user of the line sees it."""
        if self._state != "connected":
            return self._state, self._since, self._message
        if control[Control.DRILL] == Drill.DISCONNECT:
            since = int(control[Control.DRILL_SINCE])
            return "disconnected", since, "fire drill: the line to the exchange is cut"
        state = "paused" if control[Control.PAUSED] else self._state
        return state, self._since, self._message

    def _detail(self) -> str:
        """Say what a slow reader has cost; empty if nothing."""
        waits = int(self.exchange.control[Control.WAITS])
        unsent = int(self.exchange.control[Control.UNSENT])
        parts = [f"waited {waits} times for the engine"] if waits else []
        if unsent:
            parts.append(f"{unsent} records were unsent when it was stopped")
        return "; ".join(parts)


def open_exchange(settings: Settings) -> ExchangeFeed:
    """Make the exchange that the settings describe; it has not started.

    Raises
    ------
    InstrumentError
        If an instrument is unknown, or does not suit the agents.
    """
    master = InstrumentMaster.beside(settings.paths.data)
    names = settings.exchange.instruments or tuple(PROFILES)
    instruments = [master.instrument(name) for name in names]
    exchange = settings.exchange
    return ExchangeFeed(
        instruments,
        exchange.seed,
        exchange.messages_per_s,
        day_minutes=exchange.day_minutes,
        drill_minutes=exchange.drill_minutes,
    )
