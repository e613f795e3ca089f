"""What stands around the panels of one window: settings and what follows from them."""

import logging
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from app.config import Settings
from app.crash_reports import CrashReports, RunMark, UncleanEnd
from app.engine.records import ReportType, SafetyState
from app.errors import ConfigError
from app.folders import user_folder
from app.settings import Loaded
from app.settings_file import DECLARED, SettingsFile
from app.ui import formatting
from app.ui.alert_desk import AlertDesk
from app.ui.context import Context
from app.ui.models.alerts import Silence
from app.ui.models.messages import Level
from app.ui.notice_board import NoticeBoard
from app.ui.sound import Sound, players
from app.ui.tour import TourCard

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

_log = logging.getLogger("app.ui")


class Amenities(QObject):
    """Applies settings, at the start and when they are changed.

    Attributes
    ----------
    settings : Settings
        Those that hold now; a session that is opened later goes by them.

    Parameters
    ----------
    window : MainWindow
    settings : Settings
    file : SettingsFile or None
        Where settings are changed; None = they cannot be.
    """

    def __init__(
        self, window: "MainWindow", settings: Settings, file: SettingsFile | None
    ) -> None:
        super().__init__(window)
        self.settings = settings
        self.notices = NoticeBoard(window)
        self.alerts = AlertDesk(window.bridge, window.files, self)
        self.sound = Sound(user_folder("user_cache") / "sounds", players())
        self.sound.setParent(self)
        self.sound.failed.connect(self._on_silence)
        self.alerts.went_off.connect(lambda: self._play("alert"))
        window.desk.alerts.silence = self._silence
        window.bridge.reports_arrived.connect(self._on_reports)
        self._window, self._file = window, file
        self.tour: TourCard | None = None
        self.crashes: CrashReports | None = None
        self._mark: RunMark | None = None
        window.focus.changed.connect(self._show_zone)
        window.bridge.instruments_changed.connect(self._show_zone)
        self._show_zone()
        self._hush()

    def open_settings(self) -> None:
        """Show the settings dialog."""
        window, file = self._window, self._file
        if file is None:
            window.bridge.tell("this window was opened without a file of settings")
            return
        try:
            loaded = file.load()
        except ConfigError as error:
            window.bridge.tell(str(error), Level.ERROR, "settings")
            return
        # Late: a start needs none of it.
        from app.ui.settings_dialog import SettingsDialog

        obstacle = self.sound.obstacle
        notes = {"sounds": f"No sound: {obstacle}"} if obstacle else {}
        self.dialog = SettingsDialog(window, file, loaded, notes)
        self.dialog.saved.connect(self._on_saved)
        self.dialog.show()

    def give(self, context: Context) -> None:
        """Take the context of now: another look."""
        self.notices.give(context)

    def close(self) -> None:
        """Stop what still sounds."""
        self.sound.close()

    def _on_reports(self, reports: np.ndarray) -> None:
        """Let fills, refusals and the kill switch be heard; the gravest of a frame."""
        kinds = reports["report"]
        states = reports["quantity"][kinds == ReportType.STATE]
        if (states == SafetyState.KILLED).any():
            self._play("kill")
        elif (kinds == ReportType.REJECTED).any():
            self._play("reject")
        elif (kinds == ReportType.FILL).any():
            self._play("fill")

    def try_sound(self) -> None:
        """Let the sound of an alert be heard, or say why it is not."""
        self._play("alert")
        if self.sound.silence:
            self._window.bridge.tell(f"no sound: {self.sound.silence}", topic="sound")

    def _play(self, name: str) -> None:
        try:
            self.sound.play(name, self._window.bridge.clock.monotonic_ns())
        except OSError as error:
            self.sound.is_on = False
            words = f"no sounds: {self.sound.folder}: {error.strerror}"
            self._window.bridge.tell(words, Level.WARNING, "sound")

    def start_tour(self) -> None:
        """Show the first steps; a tour that is under way begins anew."""
        self.end_tour()
        self.tour = TourCard(self._window)
        self.tour.ended.connect(self._on_toured)

    def end_tour(self) -> None:
        """End the tour, if one is under way."""
        if self.tour is not None:
            self.tour.close_tour()

    def greet(self) -> None:
        """Offer the tour at the first start of all; it is remembered."""
        if not self._window.memory.text("toured"):
            self.start_tour()

    def _on_toured(self) -> None:
        self.tour = None
        self._window.memory.put(toured="yes")

    # What went wrong.

    def watch(self, reports: CrashReports) -> None:
        """Keep reports of failures; tell of a run before that ended unexpectedly."""
        self.crashes = reports
        logging.getLogger("app").addHandler(reports.tail)
        self._window.failures.keep = self._keep
        for end in reports.unclean_ends():
            self._tell_unclean(reports, end)
        self._mark = reports.begin()
        self._window.bridge.pulsed.connect(self._touch)

    def unwatch(self) -> None:
        """Say that the program ends as it should."""
        if self._mark is not None:
            self._mark.end()
            self._mark = None
        if self.crashes is not None:
            logging.getLogger("app").removeHandler(self.crashes.tail)

    def open_crashes(self) -> None:
        """Show the crash reports."""
        if self.crashes is None:
            self._window.bridge.tell("this window keeps no crash reports")
            return
        from app.ui.crash_dialog import CrashDialog

        CrashDialog(self._window, self.crashes).show()

    def _keep(self, words: str, trace: str, panel: str) -> None:
        assert self.crashes is not None
        try:
            self.crashes.write(self._window.context.now(), words, trace, panel)
        except OSError as error:
            # A full disk must not make a second failure out of the first.
            _log.warning("no crash report could be written: %s", error)

    def _tell_unclean(self, reports: CrashReports, end: UncleanEnd) -> None:
        ts = round(end.ts * 1e9)
        when = f"{formatting.day(ts)} {formatting.clock_time(ts)}"
        words = f"Ringside ended unexpectedly at about {when}"
        if end.last_words:
            try:
                reports.write(ts, words, end.last_words)
            except OSError as error:
                _log.warning("no crash report could be written: %s", error)
            words += "; Help > Crash reports has its last words"
        logs = self.settings.paths.logs
        told = f"{words}. The engine's log up to then is in {logs}; the layout is back"
        self._window.bridge.tell(told, Level.WARNING, "window")

    def _touch(self) -> None:
        if self._mark is not None:
            self._mark.touch()

    def _silence(self) -> Silence:
        return Silence(self.sound.silence, self.sound.is_hushed)

    def _on_silence(self, words: str) -> None:
        self._window.bridge.tell(
            f"no sound: {words}; sounds.on = false hushes this", topic="sound"
        )

    # What follows from settings.

    def _hush(self) -> None:
        sounds = self.settings.sounds
        self.sound.is_on, self.sound.volume = sounds.on, sounds.volume

    def _on_saved(self, loaded: Loaded[Settings], changed: list[str]) -> None:
        window, self.settings = self._window, loaded.settings
        ui = loaded.settings.ui
        window.bridge.set_pace(ui.frames_per_s)
        self._show_zone()
        self._hush()
        if any(key.startswith("ui.") for key in changed):
            window.look.declare(ui)
        later = {DECLARED[key].rule.applies for key in changed} - {"now"}
        if "session" in later:
            window.bridge.tell(
                "settings are saved; some hold from the next session on (Session > "
                "Restart the session)",
                topic="settings",
            )
        if "start" in later:
            window.bridge.tell(
                "settings are saved; some hold from the next start of the program on",
                topic="settings",
            )

    def _show_zone(self) -> None:
        """Show times in the zone of the settings."""
        listed = self._window.desk.listed(self._window.focus.number)
        exchange = "UTC" if listed is None else listed.instrument.time_zone
        formatting.use_zone(self.settings.ui.time_zone, exchange)
