"""What a paper session is made of, put together.

Imported only when the engine's units are compiled: the modules below load them.
"""

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from app import __version__
from app.clock import SystemClock, utc
from app.config import Settings
from app.engine import gate
from app.engine.arena import Arena
from app.engine.conditional.capabilities import CAPABILITIES
from app.engine.control import Control
from app.engine.journal import EngineLog
from app.engine.kernel import emit
from app.engine.limits import Limits
from app.engine.links import Link, link_entries, new_links
from app.engine.log import LogStatus
from app.engine.records import COMMAND, MONEY_SCALE, REPORT
from app.engine.ring import Ring
from app.engine.snapshot import SnapshotBuffer, snapshot_bytes
from app.engine.thread import EngineThread
from app.engine.venue import external, simulated
from app.engine.venue.models import Queue, VenueModels
from app.engine.view_writer import publish_view
from app.engine.views import VIEW
from app.errors import RingsideError
from app.feeds import open_feed
from app.feeds.protocol import ExternalVenue, Feed, MixedBases, Paced
from app.instrument import Instrument, plain
from app.sessions.arena_making import DataTerms, SessionTerms, make_arena
from app.sessions.history import MarketHistory
from app.sessions.hours import YEAR_NS
from app.sessions.live_strategies import LiveStrategies
from app.sessions.market_history import HistoryThread, history_of
from app.sessions.session import EngineState, RingFill, SessionStatus

_log = logging.getLogger("app.engine")
_CLOCK: Final = SystemClock()
_SPIN_US: Final = 100
_CORES_TO_SPIN: Final = 4
"""Fewer are all needed: by the window, the feed, the engine and the market history."""
_COMMANDS: Final = 1 << 12
_EVENTS: Final = 1 << 16
_VIEWS: Final = 8
START_FILE: Final = "start.arena"
"""Beside a log: the used bytes of the arena before the first event."""
_HISTORY_LAG: Final = 1 << 20
"""Records behind the engine at which the history counts as lost behind."""
_START_EQUITY: Final = 1_000_000 * MONEY_SCALE
"""Data bases that show every order."""
_LOG_MESSAGES: Final = {
    LogStatus.NO_ROOM: "the log has no room: free disk space, the engine goes on then",
    LogStatus.FAILED: "the log's keeper failed: the engine stops when the log is full",
    LogStatus.NOT_SYNCED: "the disk refuses to sync the log: a power cut would cost it",
}


def spin_ns(spin_us: int) -> int:
    """How long the engine spins before it naps, ns; -1 goes by the machine's cores."""
    if spin_us < 0:
        has_room = (os.cpu_count() or 1) >= _CORES_TO_SPIN
        spin_us = _SPIN_US if has_room else 0
    return spin_us * 1000


def _base_currency(instruments: tuple[Instrument, ...]) -> str:
    """Currency of account and limits: the instruments' own where they share one."""
    currencies = {each.currency for each in instruments}
    return currencies.pop() if len(currencies) == 1 else "USD"


class PaperEngine:
    """Feed, arena, links, rings, log and thread of one paper session.

    Parameters
    ----------
    feed_name : str
        "exchange" or "recording:NAME".
    settings : Settings
    on_failure : callable
        Told of an exception that ended the engine's thread.
    """

    def __init__(
        self,
        feed_name: str,
        settings: Settings,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self.feed: Feed = open_feed(feed_name, settings)
        self.instruments: tuple[Instrument, ...] = self.feed.instruments
        self.base_currency = _base_currency(self.instruments)
        self.capabilities = CAPABILITIES
        self.exact_queues: frozenset[int] = frozenset()
        self.commands = Ring(COMMAND, _COMMANDS)
        self.events = Ring(REPORT, _EVENTS)
        self.views = Ring(VIEW, _VIEWS)
        self.arena = self._make_arena(settings)
        self.log = self._make_log(settings)
        self._column_ns = settings.history.column_ms * 1_000_000
        self.history: MarketHistory | None = None
        self._history_thread: HistoryThread | None = None
        self.links = self._make_links()
        self.thread = EngineThread(
            self.arena,
            self.links,
            nap_us=settings.engine.nap_us,
            spin_ns=spin_ns(settings.engine.spin_us),
            view_interval_ns=500_000_000 // settings.ui.frames_per_s,
            feed_clock=self.feed.clock == "feed",
            on_failure=on_failure,
        )
        self.strategies = LiveStrategies(
            self, _START_EQUITY, (settings.paths.strategies,), settings.paths.data
        )

    @property
    def venue(self) -> ExternalVenue | None:
        """The feed's own venue, if it has one."""
        return self.feed if isinstance(self.feed, ExternalVenue) else None

    def _make_arena(self, settings: Settings) -> Arena:
        begin = self._begins()
        data = [self._data(number) for number in range(len(self.instruments))]
        self.exact_queues = frozenset(
            number for number, each in enumerate(data) if self._is_exact(settings, each)
        )
        terms = SessionTerms(
            instruments=self.instruments,
            data=data,
            base_currency=self.base_currency,
            begin=begin,
            end=begin + YEAR_NS,
            equity=_START_EQUITY,
            limits=Limits.load_or_default(settings.risk.file),
            models=None if self.venue else lambda data: self._models(settings, data),
        )
        return make_arena(terms)

    def _data(self, number: int) -> DataTerms:
        """What the feed tells of an instrument."""
        feed = self.feed
        if isinstance(feed, MixedBases):
            lasts = feed.bar_intervals[number]
            return DataTerms(feed.data_bases[number], feed.full_depths[number], lasts)
        data = DataTerms(feed.data_basis, is_full=False)
        return replace(data, is_full=data.is_by_order)

    def basis(self, number: int) -> str:
        """What the feed tells of an instrument's book."""
        return self._data(number).basis

    def _is_exact(self, settings: Settings, data: DataTerms) -> bool:
        """Whether places in the queue are known: orders are told, and we follow them.

        An external venue's feed names its orders, or none.
        """
        if not data.is_by_order or self.venue is not None:
            return data.is_by_order
        return self._models(settings, data).queue == Queue.EXACT

    def _models(self, settings: Settings, data: DataTerms) -> VenueModels:
        """Choose the simulated venue's models."""
        venue = settings.venue
        automatic = Queue.EXACT if data.is_by_order else Queue.PROBABILISTIC
        return VenueModels(
            order_latency_ns=venue.order_latency_us * 1000,
            report_latency_ns=venue.report_latency_us * 1000,
            queue=automatic if venue.queue == "auto" else Queue(venue.queue),
        )

    def _begins(self) -> int:
        """When the session begins by its own clock, ns."""
        return self.feed.first_ts if isinstance(self.feed, Paced) else _CLOCK.wall_ns()

    def _make_log(self, settings: Settings) -> EngineLog:
        begun = utc(_CLOCK.wall_ns())
        folder = settings.paths.logs / f"{begun:%Y-%m-%dT%H.%M.%S.%f}"
        start = SnapshotBuffer(snapshot_bytes(self.arena.address))
        start.save(self.arena)
        state = start.bytes[: start.size].tobytes()
        log = EngineLog(folder, self._metadata(state))
        (folder / START_FILE).write_bytes(state)
        return log

    def _metadata(self, state: bytes) -> dict[str, Any]:
        """What a reader needs to replay the log, with the state that it begins with."""
        return {
            "ringside": __version__,
            "mode": "paper",
            "feed": self.feed.name,
            "base_currency": self.base_currency,
            "instruments": [each.name for each in self.instruments],
            "units": {
                each.name: [plain(each.price_unit), plain(each.quantity_unit)]
                for each in self.instruments
            },
            "start": START_FILE,
            "start_sha256": hashlib.sha256(state).hexdigest(),
        }

    def _make_links(self) -> Any:
        links = new_links()
        link_entries(links, gate.LINKS)
        links[Link.EMIT] = emit.address
        links[Link.PUBLISH_VIEW] = publish_view.address
        links[Link.EVENTS_OUT] = self.events.address
        links[Link.VIEWS_OUT] = self.views.address
        links[Link.LOG] = self.log.address
        inputs = [self.commands, *self.feed.rings]
        venue = self.venue
        if venue is None:
            link_entries(links, simulated.LINKS)
        else:
            link_entries(links, external.LINKS)
            links[Link.ORDERS_OUT] = venue.orders.address
            inputs.insert(1, venue.reports)
        for i, ring in enumerate(inputs):
            links[Link.INPUTS + i] = ring.address
        links[Link.INPUT_COUNT] = len(inputs)
        return links

    def start(self) -> None:
        """Log, engine, feed: each is ready before the next can reach it."""
        self.log.start()
        try:
            self._start_history()
            self.thread.start()
            self.feed.start()
        except BaseException:
            self.stop()
            raise

    def _start_history(self) -> None:
        """Let the log be followed; a session without a history is still a session."""
        try:
            made = history_of(
                self.instruments,
                self._begins(),
                self.log.directory,
                self._column_ns,
            )
            follower = HistoryThread(made, self.log.directory, lambda: self.log.frames)
        except (OSError, RingsideError):
            _log.exception("there is no market history in this session")
            return
        follower.start()
        self.history, self._history_thread = made, follower

    def stop(self) -> None:
        """Feed, engine, log, each whatever became of the others; safe to call twice."""
        try:
            self.feed.stop()
        finally:
            try:
                self.thread.stop()
            finally:
                self._stop_readers()

    def _stop_readers(self) -> None:
        try:
            if self._history_thread is not None:
                self._history_thread.stop()
        finally:
            self.log.close()

    def set_speed(self, speed: float) -> None:
        """Change the pace of a feed that has one."""
        if isinstance(self.feed, Paced):
            self.feed.set_speed(speed)

    def set_paused(self, paused: bool) -> None:
        """Pause a feed that can be paused."""
        if isinstance(self.feed, Paced):
            self.feed.set_paused(paused)

    def submit(self, records: Any) -> bool:
        """Send COMMAND records, stamped with the time of the gesture."""
        stamped = records.copy()
        stamped["ts_venue"] = _CLOCK.wall_ns()
        return self.commands.push(stamped) == len(stamped)

    def rings(self) -> tuple[RingFill, ...]:
        """Tell how full each ring is, in the order in which an event passes them."""
        rings = [(f"feed {i + 1} → engine", r) for i, r in enumerate(self.feed.rings)]
        rings.append(("window → engine", self.commands))
        venue = self.venue
        if venue is not None:
            rings.append(("engine → venue", venue.orders))
            rings.append(("venue → engine", venue.reports))
        rings.append(("engine → window, reports", self.events))
        rings.append(("engine → window, views", self.views))
        fills = [
            RingFill(name, ring.fill, ring.capacity, ring.dropped)
            for name, ring in rings
        ]
        return *fills, *self._history_fill()

    def _history_fill(self) -> tuple[RingFill, ...]:
        """Tell how far the history is behind, as if the log were a ring."""
        follower = self._history_thread
        if follower is None:
            return ()
        lost = follower.history.lost
        return (RingFill("log → history", follower.lag, _HISTORY_LAG, lost),)

    def _log_message(self) -> str:
        """Say what is wrong with the log, or its reader, or nothing."""
        words = _LOG_MESSAGES.get(self.log.status, "")
        if words and self.log.failure:
            return f"{words} ({self.log.failure})"
        follower = self._history_thread
        if words or follower is None or not follower.failure:
            return words
        return f"charts and tape stand still: {follower.failure}"

    def status(
        self, state: EngineState, message: str, progress: tuple[int, int]
    ) -> SessionStatus:
        """Tell how things stand."""
        feed = self.feed.status()
        return SessionStatus(
            engine=state,
            engine_message=message,
            progress=progress,
            feed_state=feed.state,
            feed_since=feed.since,
            feed_message=feed.message,
            messages_per_s=feed.messages_per_s,
            log_path=str(self.log.directory),
            log_status=self._log_message(),
            unlogged=int(self.thread.control[Control.UNLOGGED]),
            speed=self.feed.speed if isinstance(self.feed, Paced) else None,
            seed=feed.seed,
        )
