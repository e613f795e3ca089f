"""Opens and closes sessions in the background; the newest request wins."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from PySide6.QtCore import QObject, Signal

from app.sessions.session import EngineState, Mode, Session, SessionStatus
from app.ui.bridge import Bridge
from app.ui.jobs import Jobs
from app.ui.models.messages import Level

_log = logging.getLogger("app.ui")


@dataclass(frozen=True, slots=True)
class Sessions:
    """Where sessions come from; given by the composition root.

    Attributes
    ----------
    open : callable
        Composes a session of a mode and a feed; it is not started yet.
    feeds : callable
        Names of the feeds that can be opened.
    built : frozenset of Mode
        Modes that can be entered.
    """

    open: Callable[[Mode, str], Session]
    feeds: Callable[[], Sequence[str]]
    built: frozenset[Mode]


class Opening(QObject):
    """Changes the bridge's session.

    Signals
    -------
    opened(object)
        The session that the bridge shows now.
    """

    opened = Signal(object)

    def __init__(self, sessions: Sessions, bridge: Bridge, jobs: Jobs) -> None:
        super().__init__()
        self.sessions = sessions
        self.mode = Mode.PAPER
        self.feed = ""
        self._bridge = bridge
        self._jobs = jobs
        self._newest = 0
        self._lock = Lock()
        self._started: list[Session] = []  # and not yet on the screen
        self._is_closed = False

    def open(self, mode: Mode, feed: str) -> None:
        """Leave the session that is open, if any, and open another."""
        self.mode, self.feed = mode, feed
        self._newest += 1
        number = self._newest
        old = self._bridge.detach()
        self._bridge.show_status(
            SessionStatus(EngineState.COMPILING, f"opening {mode.title}, {feed} …")
        )
        self._jobs.run(
            lambda: self._work(old, mode, feed),
            lambda session: self._on_done(number, session),
            lambda error: self._on_failed(number, error),
        )

    def reopen(self) -> None:
        """Stop the session and open it anew."""
        self.open(self.mode, self.feed)

    def close(self) -> None:
        """Stop the session and wait for it; one that is being opened stops itself."""
        self._newest += 1
        session = self._bridge.detach()
        if session is not None:
            session.stop()
        with self._lock:
            self._is_closed = True
            started, self._started = self._started, []
        for each in started:
            each.stop()

    def _work(self, old: Session | None, mode: Mode, feed: str) -> Session:
        """Run on the jobs' thread."""
        if old is not None:
            old.stop()
        session = self.sessions.open(mode, feed)
        session.start()
        with self._lock:
            is_late = self._is_closed
            if not is_late:
                self._started.append(session)
        if is_late:
            session.stop()
        return session

    def _on_done(self, number: int, session: Session) -> None:
        if self._is_closed:
            return  # it was stopped with the window
        self._started.remove(session)
        if number != self._newest:
            # Another was asked for meanwhile; this one never reaches the screen.
            self._jobs.run(session.stop, lambda _: None, lambda _: None)
            return
        self._bridge.attach(session)
        self.opened.emit(session)

    def _on_failed(self, number: int, error: BaseException) -> None:
        if number == self._newest:
            status = SessionStatus(EngineState.FAILED, str(error))
            self._bridge.show_status(status)
            self._bridge.tell(f"{self.feed} not opened: {error}", Level.ERROR)
