"""The bridge: once a frame it drains the session and tells the panels what changed.

The only timer that reads rings stands here. Each frame drains the reports once and
takes the newest view once, hands both to the desk, and emits at most one signal per
stream. Commands of the user go the other way through `send`. What a frame costs, drain
and paint together, is measured on every one.
"""

import logging
from collections import deque
from dataclasses import replace
from typing import Final

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal

from app.clock import Clock, thread_ns
from app.sessions.session import EngineState, Session, SessionStatus
from app.ui.models.desk import Desk
from app.ui.models.latency import AnswerTimes
from app.ui.models.messages import Level
from app.ui.models.order_life import OrderLives
from app.ui.models.vitals import Vitals
from app.ui.turns import Turns

_log = logging.getLogger("app.ui")
_PULSE_HZ: Final = 5
_PICTURES_HZ: Final = 20
_KEPT_FRAMES: Final = 512
_PAINTED: Final = QEvent.Type(QEvent.registerEventType())
_IDLE: Final = SessionStatus(EngineState.STOPPED, "no session is open")


class FrameTimes:
    """Durations of the newest frames, ns: drain and paint, and from frame to frame."""

    def __init__(self) -> None:
        self.work = np.zeros(_KEPT_FRAMES, np.int64)
        self.interval = np.zeros(_KEPT_FRAMES, np.int64)
        self.count = 0

    def add(self, work: int, interval: int) -> None:
        """Add one frame."""
        at = self.count % _KEPT_FRAMES
        self.work[at] = work
        self.interval[at] = interval
        self.count += 1

    def newest(self) -> tuple[np.ndarray, np.ndarray]:
        """Work and intervals of the frames that are kept, ns, in no order."""
        kept = min(self.count, _KEPT_FRAMES)
        return self.work[:kept], self.interval[:kept]

    def quantile(self, quantile: float) -> float:
        """Quantile of the work per frame, ns; NaN before the first one."""
        work, _ = self.newest()
        return float(np.quantile(work, quantile)) if len(work) else float("nan")


class Bridge(QObject):
    """Between one session and the desk.

    Signals
    -------
    session_changed()
        Another session, or none; models are empty.
    instruments_changed()
        The session's instruments are known.
    view_changed()
        A newer view is in the desk; at most once a frame.
    reports_arrived(object)
        REPORT records of this frame, already in the desk.
    status_changed(object)
        SessionStatus, when it differs.
    message_added()
        The desk has a new message; at most once a frame.

    Attributes
    ----------
    ladders_due : Beat
        In each frame with news. Where ladders take longer than a frame has for them,
        they come in turn, but all at once where something of ours changed.
    pulsed, tables_due, charts_due : Beat
        Five times a second each, for what nobody reads faster; receivers come in turn,
        so that no frame bears all of it.
    pictures_due : Beat
        Twenty times a second while there is news, likewise: charts, depth, the tape.
    """

    session_changed = Signal()
    instruments_changed = Signal()
    view_changed = Signal()
    reports_arrived = Signal(object)
    status_changed = Signal(object)
    message_added = Signal()

    def __init__(self, desk: Desk, clock: Clock, frames_per_s: int = 60) -> None:
        super().__init__()
        self.desk = desk
        self.clock = clock
        self.session: Session | None = None
        self.status: SessionStatus = _IDLE
        self.frames = FrameTimes()
        self.events_per_s = 0.0
        self._turns = Turns(self)
        self.ladders_due = self._turns.beat()
        self.pulsed = self._turns.beat()
        self.tables_due = self._turns.beat()
        self.charts_due = self._turns.beat()
        self.pictures_due = self._turns.beat()
        self._has_news = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.frame)
        self.set_pace(frames_per_s)
        self._began = self._before = self._spent = 0
        self._is_measuring = False
        self._told = 0
        # Records seen at the last pulses: the rate is that of about a second.
        self._counted: deque[tuple[int, int]] = deque(maxlen=_PULSE_HZ + 1)
        self._number = 0
        self.vitals = Vitals()
        self.answers = AnswerTimes()
        self.lives = OrderLives()

    def attach(self, session: Session) -> None:
        """Show this session from now on; it may still be starting."""
        self.session = session
        self.desk.reset(session)
        self._counted.clear()
        self.vitals.forget_counters()
        self.answers.forget()
        self.lives.forget()
        self.events_per_s = 0.0
        self.session_changed.emit()
        self._poll_status()
        self._timer.start()

    def detach(self) -> Session | None:
        """Stop showing the session and return it, so that it can be stopped."""
        self._timer.stop()
        session, self.session = self.session, None
        self.desk.reset(None)
        self.status = _IDLE
        self.session_changed.emit()
        self.status_changed.emit(self.status)
        return session

    def set_pace(self, frames_per_s: int) -> None:
        """Bring the window up to date this often from now on."""
        self._timer.setInterval(max(1, int(1000 / frames_per_s)))
        self._per_pulse = max(1, round(frames_per_s / _PULSE_HZ))
        self._per_picture = max(1, round(frames_per_s / _PICTURES_HZ))
        self._turns.frame_ns = 1_000_000_000 // frames_per_s
        for beat in (self.pulsed, self.tables_due, self.charts_due):
            beat.frames = self._per_pulse
        self.pictures_due.frames = self._per_picture

    def pause(self) -> None:
        """Stop the timer; frames come when `frame` is called (tests, benchmarks)."""
        self._timer.stop()
        self._turns.is_spread = False

    def show_status(self, status: SessionStatus) -> None:
        """Show how things stand while there is no session to ask."""
        self.status = status
        self.status_changed.emit(status)

    def send(self, command: np.ndarray) -> bool:
        """Send a command to the engine; tells the user where that fails."""
        if self.session is not None and self.session.submit(command):
            self.desk.orders.note_sent(command)
            self.answers.sent(command, self.clock.monotonic_ns())
            self.lives.sent(command)
            return True
        why = self.unready() or "the engine takes no commands just now; try again"
        self.tell(f"not sent: {why}", Level.ERROR)
        return False

    def set_paused(self, paused: bool) -> None:
        """Pause a recording, or go on."""
        if self.session is not None:
            self.session.set_paused(paused)
            self._poll_status()

    def set_speed(self, speed: float) -> None:
        """Change a recording's pace, times its own."""
        if self.session is not None:
            self.session.set_speed(speed)
            self._poll_status()

    def next_order_id(self) -> int:
        """A client order id for a new order; 0 without a session."""
        return self.session.next_order_id() if self.session is not None else 0

    def unready(self) -> str:
        """Why nothing can be traded at all, in plain words; "" where it can."""
        done, total = self.status.progress
        words = {
            EngineState.COMPILING: "the engine is compiling"
            + (f", {done} of {total}" if total else ""),
            EngineState.FAILED: f"the engine failed: {self.status.engine_message}",
            EngineState.STOPPED: "the engine has stopped; restart the session",
        }
        return words.get(self.status.engine, "")

    def tell(self, text: str, level: Level = Level.INFO, topic: str = "") -> None:
        """Tell the user something."""
        self.desk.tell(self.clock.wall_ns(), text, level, topic)
        self._emit_messages()

    def frame(self) -> None:
        """Drain once, hand on, and measure until everything is painted."""
        session = self.session
        if session is None:
            return
        self._began, self._spent = self.clock.monotonic_ns(), thread_ns()
        reports = session.reports()
        if len(reports):
            if self.desk.learn_instruments(session):  # which they speak of
                self.instruments_changed.emit()
            self.desk.take_reports(reports, self.clock.wall_ns())
            self.answers.take(reports)
            self.lives.take(reports)
        view = session.view()
        if view is not None:
            self.desk.take_view(view)
        if len(reports):
            self.reports_arrived.emit(reports)
        if view is not None:
            self.view_changed.emit()
        if view is not None or len(reports):
            self._has_news = True
            self._turns.strike(self.ladders_due, self._began)
        if len(reports):
            self._turns.call(self.ladders_due)
        self._number += 1
        self._slow_things(self._number % self._per_pulse)
        self._emit_messages()
        if not self._is_measuring:
            # Comes after the paint events that this frame has asked for.
            self._is_measuring = True
            lowest = Qt.EventPriority.LowEventPriority.value - 1
            QCoreApplication.postEvent(self, QEvent(_PAINTED), lowest)

    def event(self, event: QEvent) -> bool:
        if event.type() != _PAINTED:
            return super().event(event)
        self._is_measuring = False
        interval = self._began - self._before if self._before else 0
        now = self.clock.monotonic_ns()
        self.frames.add(now - self._began, interval)
        self._turns.learn(thread_ns() - self._spent)
        self.answers.painted(now)
        self.lives.painted(self.clock.wall_ns())
        self._before = self._began
        return True

    def _slow_things(self, phase: int) -> None:
        if phase == 0:
            self._pulse()
        if phase == self._per_pulse // 3:
            self._turns.strike(self.tables_due, self._began)
        if phase == 2 * self._per_pulse // 3:
            self._turns.strike(self.charts_due, self._began)
        if self._has_news and self._number % self._per_picture == 0:
            self._has_news = False
            self._turns.strike(self.pictures_due, self._began)
        self._turns.take(self._began)

    def _pulse(self) -> None:
        self._poll_status()
        view, now = self.desk.market.view, self.clock.monotonic_ns()
        if view is not None:
            counted = self._counted
            counted.append((int(view["market_records"]), now))
            (before, then), (seen, now) = counted[0], counted[-1]
            if now > then:
                self.events_per_s = max(0, seen - before) * 1e9 / (now - then)
        work, interval = self.frames.newest()
        self.vitals.take(self.clock.monotonic_ns() / 1e9, view, work, interval)
        self.desk.pulse(self.session)
        self._turns.strike(self.pulsed, self._began)

    def _poll_status(self) -> None:
        session = self.session
        if session is None:
            return
        if self.desk.learn_instruments(session):
            self.instruments_changed.emit()
        before, status = self.status, session.status()
        self.status = status
        # The feed's rate differs each second; it alone is nobody's news.
        if replace(status, messages_per_s=before.messages_per_s) != before:
            self._tell_status(before, status)
            self.status_changed.emit(status)

    def _tell_status(self, old: SessionStatus, new: SessionStatus) -> None:
        """Put turns of the engine, the feed and the log into words."""
        if new.engine != old.engine and new.engine is EngineState.FAILED:
            self.tell(f"the engine failed: {new.engine_message}", Level.ERROR, "engine")
        elif new.engine != old.engine and new.engine_message:
            self.tell(new.engine_message, Level.INFO, "engine")
        if new.feed_state != old.feed_state and new.feed_message:
            is_well = new.feed_state in ("connected", "waiting", "paused")
            level = Level.INFO if is_well else Level.WARNING
            self.tell(new.feed_message, level, "feed")
        if new.log_status != old.log_status and new.log_status:
            self.tell(new.log_status, Level.ERROR, "log")

    def _emit_messages(self) -> None:
        if self._told != self.desk.messages.total:
            self._told = self.desk.messages.total
            self.message_added.emit()
