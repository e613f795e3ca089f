"""The view thread: reads behind the engine in the session's log, and folds history.

The engine knows nothing of it. It folds and naps in compiled code for half a second at
a time, without the GIL, and tells how far it is behind. Whatever becomes of it, the
session goes on.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.calendar import schedule_of
from app.data.log_tail import LogTail
from app.engine.history.history import History
from app.errors import RingsideError
from app.instrument import Instrument
from app.priority import HELPING, give_way
from app.sessions.hours import YEAR_NS, calendar_folder

_log = logging.getLogger("app.engine")
_NAP_S: Final = 0.016
"""A frame: nobody sees more often what came of it."""
_SPELL_NS: Final = 500_000_000
"""In between it does not come back from compiled code, but for room in a file."""
_JOIN_S: Final = 5.0


def trade_dates(instrument: Instrument, begin: int) -> Any:
    """When the trade dates of an instrument begin, a year from `begin` on.

    Returns
    -------
    (n,) int64
        ns since 1970 UTC.

    Raises
    ------
    CalendarError
        If its calendar is unknown.
    """
    rows = schedule_of(instrument, begin, begin + YEAR_NS, calendar_folder()).rows
    is_first = np.ones(len(rows), bool)
    is_first[1:] = rows["trade_date"][1:] != rows["trade_date"][:-1]
    return np.ascontiguousarray(rows["ts"][is_first])


def history_of(
    instruments: Sequence[Instrument],
    begin: int,
    directory: Path | None,
    column_ns: int,
) -> History:
    """Make the empty history of a session that begins at a time, ns since 1970 UTC."""
    known: dict[Any, Any] = {}
    for each in instruments:
        if _hours(each) not in known:
            known[_hours(each)] = trade_dates(each, begin)
    dates = [known[_hours(each)] for each in instruments]
    return History(instruments, directory, dates, column_ns)


def _hours(instrument: Instrument) -> Any:
    """What trade dates depend on."""
    hours = instrument.regular_hours, instrument.extended_hours
    return instrument.calendar, instrument.time_zone, hours


class HistoryThread:
    """Folds a session's log into its history, as it grows.

    Parameters
    ----------
    history : History
    directory : Path
        The log's folder.
    frames : callable
        How many records the log has by now.

    Attributes
    ----------
    failure : str
        Why it ended before it was stopped; "" while it did not.
    """

    def __init__(
        self, history: History, directory: Path, frames: Callable[[], int]
    ) -> None:
        self.history = history
        self.failure = ""
        self._tail = LogTail(directory)
        self._frames = frames
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lag(self) -> int:
        """Records of the log that it has not read yet."""
        return max(0, self._frames() - self.history.frames)

    def start(self) -> None:
        """Begin to follow the log."""
        self._thread = threading.Thread(
            target=self._run, name="ringside-view", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Read what is left, and end; the engine must have stopped. Twice is safe."""
        self._stopping.set()
        self.history.stop_following()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        give_way(HELPING)
        try:
            while not self._stopping.is_set():
                if self._tail.is_open():
                    self._follow(round(_NAP_S * 1e6))
                else:
                    self._stopping.wait(_NAP_S)
            self._finish()
        except RingsideError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001  (a thread's run: told, not lost)
            _log.exception("the market history ended")
            self._fail(f"{type(error).__name__}: {error}")

    def _follow(self, nap_us: int) -> bool:
        """Fold what the log has and gets; True if there is more to do at once."""
        stop = self.history.follow(self._tail.scan, nap_us, _SPELL_NS)
        return self._tail.take_stop(stop)

    def _finish(self) -> None:
        """Fold the rest of the log; its engine has stopped."""
        while self._tail.is_open() and (self._follow(0) or self.history.is_behind):
            pass

    def _fail(self, message: str) -> None:
        self.failure = message
        _log.error("the market history stands still: %s", message)
