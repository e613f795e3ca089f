"""Judges the alerts of a window, tells of them, and keeps them from run to run."""

from typing import Final

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.sessions.session import SessionStatus
from app.ui.bridge import Bridge
from app.ui.models.alert_bars import AlertBars
from app.ui.models.alert_values import Readings, events
from app.ui.models.alerts import Fired
from app.ui.models.messages import Level
from app.ui.models.order_text import order_text
from app.ui.workspace_files import WorkspaceFiles

_FILE: Final = "alerts.json"
_LOST: Final = ("disconnected", "ended")


class AlertDesk(QObject):
    """Between the bridge and the desk's alerts.

    Values are judged with every view: an alert costs a comparison; those that need the
    history (VWAP, averages, indicators) five times a second.

    Signals
    -------
    went_off()
        At least one alert did.
    """

    went_off = Signal()

    def __init__(self, bridge: Bridge, files: WorkspaceFiles, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._alerts = bridge.desk.alerts
        self._files, self._path = files, files.path(_FILE)
        self._feed = ""
        self._bars = AlertBars()
        for words in self._alerts.load(files.read(self._path) or {}):
            bridge.tell(f"{_FILE}: {words}", Level.WARNING, "alert")
        self._saved = self._alerts.version
        bridge.session_changed.connect(self._bars.forget)
        bridge.view_changed.connect(self._on_view)
        bridge.reports_arrived.connect(self._on_reports)
        bridge.status_changed.connect(self._on_status)
        bridge.tables_due.connect(self._on_tick)

    def _on_view(self) -> None:
        if self._alerts.are_waiting(is_slow=False):
            self._judge(is_slow=False)

    def _on_tick(self) -> None:
        if self._alerts.are_waiting(is_slow=True):
            self._judge(is_slow=True)
        self._bars.sweep()
        if self._alerts.version != self._saved:
            self._saved = self._alerts.version
            self._files.write(self._path, self._alerts.to_json())

    def _judge(self, *, is_slow: bool) -> None:
        session = self._bridge.session
        history = session.history if session is not None else None
        readings = Readings(self._bridge.desk, history, self._bars)
        now = self._bridge.clock.wall_ns()
        self._tell(self._alerts.judge(readings, now, is_slow=is_slow))

    def _on_reports(self, reports: np.ndarray) -> None:
        desk, now = self._bridge.desk, self._bridge.clock.wall_ns()
        if not self._alerts.rows:
            return
        for kind, report in events(reports):
            listed = desk.listed(int(report["instrument"]))
            if listed is not None:
                name, words = listed.instrument.name, order_text(report, listed)
                self._tell(self._alerts.take_event(kind, name, now, words))

    def _on_status(self, status: SessionStatus) -> None:
        before, self._feed = self._feed, status.feed_state
        if status.feed_state in _LOST and before not in ("", *_LOST):
            words = status.feed_message or f"feed {status.feed_state}"
            now = self._bridge.clock.wall_ns()
            self._tell(self._alerts.take_event("feed", "", now, words))

    def _tell(self, gone: list[Fired]) -> None:
        for fired in gone:
            self._bridge.tell(fired.text, Level.INFO, "alert")
        if gone:
            self.went_off.emit()
