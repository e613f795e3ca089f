"""Recordings as a feed: the catalog's records at their own pace, faster, or paused.

Several recordings play together, merged by received time. Their received times are the
session's clock. A thread hands blocks of records to the native player
(`app.engine.playback`), which pushes each when it is due. Long stretches without
records are skipped, so that a night does not have to be waited for. Corporate actions
that the catalog knows come among the records, on their ex-dates.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.clock import SystemClock
from app.data.action_records import ActionRecords
from app.data.catalog import Recording
from app.data.corporate_actions import CorporateActions
from app.data.merging import Merged
from app.engine.playback import PLAYBACK_WORDS, Playback, idle_on, play_records
from app.engine.records import MARKET, EventKind, FeedStatus as Status
from app.engine.ring import Ring
from app.errors import FeedError
from app.feeds.protocol import FeedClock, FeedStatus
from app.instrument import Instrument

_log = logging.getLogger("app.market")
_CLOCK: Final = SystemClock()
_RING: Final = 1 << 14
_PPM: Final = 1_000_000
_IDLE_NS: Final = 1_000_000_000
_RATE_NS: Final = 500_000_000
_JOIN_S: Final = 5.0


class RecordingFeed:
    """See `app.feeds.protocol.Feed`.

    Parameters
    ----------
    *recordings : Recording
        Opened in the catalog.
    speed : float
        Times its own pace; 0 is as fast as the engine takes it.
    skip_idle_s : float
        Stretches without a record longer than this are skipped; 0 keeps them.
    actions : mapping of name to CorporateActions
        What the catalog knows of the instruments.
    """

    clock: FeedClock = "feed"

    def __init__(
        self,
        *recordings: Recording,
        speed: float = 1.0,
        skip_idle_s: float = 60.0,
        actions: Mapping[str, CorporateActions] | None = None,
    ) -> None:
        self._merged = Merged(recordings)
        self._rest = np.empty(0, MARKET)
        self._names = ", ".join(each.name for each in recordings)
        self.name = f"recording:{','.join(each.name for each in recordings)}"
        self.instruments: tuple[Instrument, ...] = self._merged.instruments
        self.data_bases = self._merged.bases
        self._actions = ActionRecords(
            self.instruments, actions or {}, self._merged.first_ts
        )
        self.full_depths = self._merged.full_depths
        self.bar_intervals = self._merged.bar_intervals
        self.data_basis = " and ".join(dict.fromkeys(self.data_bases))
        self.market = Ring(MARKET, _RING)
        self.rings: tuple[Ring, ...] = (self.market,)
        self._control = np.zeros(PLAYBACK_WORDS, np.int64)
        self._control[Playback.RING] = self.market.address
        self._control[Playback.SKIP_IDLE_NS] = round(skip_idle_s * 1e9)
        self.set_speed(speed)
        self._thread: threading.Thread | None = None
        # State, since when, message: one, as they are read from another thread.
        self._standing = "waiting", _CLOCK.wall_ns(), ""
        self._counted = (_CLOCK.monotonic_ns(), 0)
        self._rate = 0.0

    @property
    def position(self) -> int:
        """Records sent so far."""
        return int(self._control[Playback.POSITION])

    @property
    def session_time(self) -> int:
        """The recording's time now, ns since 1970 UTC."""
        return int(self._control[Playback.SESSION_TIME])

    @property
    def is_paused(self) -> bool:
        """Whether it is paused."""
        return bool(self._control[Playback.PAUSED])

    @property
    def first_ts(self) -> int:
        """Received time of the first record, ns since 1970 UTC."""
        return self._merged.first_ts

    @property
    def speed(self) -> float:
        """Times its own pace; 0 = as fast as the engine takes it."""
        return float(self._control[Playback.SPEED_PPM]) / _PPM

    def set_speed(self, speed: float) -> None:
        """Change the pace: times its own; 0 is as fast as the engine takes it."""
        if not 0 <= speed <= 1e6:
            raise FeedError(f"speed must lie in [0, 1000000], was {speed:g}")
        self._control[Playback.SPEED_PPM] = round(speed * _PPM)

    def set_paused(self, paused: bool) -> None:
        """Pause, or go on; the session's clock stands meanwhile."""
        self._control[Playback.PAUSED] = paused

    def start(self) -> None:
        """Begin, or go on after a stop where it stopped."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._control[Playback.STOP] = 0
        self._thread = threading.Thread(
            target=self._run, name="ringside-recording", daemon=True
        )
        self._set_state("connected", "")
        self._thread.start()

    def stop(self) -> None:
        """Stop and join; safe to call twice."""
        self._control[Playback.STOP] = 1
        if self._thread is not None:
            self._thread.join(_JOIN_S)
            if self._thread.is_alive():
                raise FeedError(f"{self.name} did not stop within {_JOIN_S:g} s")
            self._thread = None

    def _run(self) -> None:
        try:
            while not self._stopped:
                block = self._rest
                if not len(block):
                    block = self._actions.put(self._merged.read())
                if not len(block):
                    break
                # Told to stop, it leaves a rest with which the next start goes on.
                self._rest = block[self._play(block) :]
            if not self._stopped:
                self._end()
        except Exception as error:  # noqa: BLE001  (a thread's end: told, not lost)
            _log.exception("the recording could not be played")
            self._set_state("disconnected", f"the recording cannot be read: {error}")

    def _play(self, records: NDArray[np.void]) -> int:
        control = self._control.ctypes.data
        return play_records(control, records.ctypes.data, len(records))

    @property
    def _stopped(self) -> bool:
        return bool(self._control[Playback.STOP])

    def _end(self) -> None:
        """Tell the engine that no more comes, then carry time on for open orders.

        At the recording's own pace at most: hours would pass over them in seconds.
        """
        last = np.zeros(len(self.instruments), MARKET)
        last["instrument"] = np.arange(len(last))
        last["kind"] = EventKind.FEED_STATUS
        last["count"] = Status.ENDED
        last["ts_venue"] = last["ts_received"] = self.session_time
        position = self.position
        self._play(last)
        self._control[Playback.POSITION] = position
        self._set_state("ended", f"the recording of {self._names} has ended")
        if not 0 < self.speed <= 1:
            self.set_speed(1.0)
        while not self._stopped:
            idle_on(self._control.ctypes.data, _IDLE_NS)

    def _set_state(self, state: str, message: str) -> None:
        self._standing = state, _CLOCK.wall_ns(), message

    def status(self) -> FeedStatus:
        """Tell how it stands."""
        now, position = _CLOCK.monotonic_ns(), self.position
        then, before = self._counted
        if now - then >= _RATE_NS:
            self._rate = (position - before) * 1e9 / (now - then)
            self._counted = (now, position)
        state, since, message = self._standing
        paused = state == "connected" and self.is_paused
        return FeedStatus(
            state="paused" if paused else state,
            since=since,
            message=message,
            messages_per_s=self._rate,
        )
