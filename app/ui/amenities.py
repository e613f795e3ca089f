"""What stands around the panels of one window: settings and what follows from them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.config import Settings
from app.errors import ConfigError
from app.settings import Loaded
from app.settings_file import DECLARED, SettingsFile
from app.ui import formatting
from app.ui.models.messages import Level

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow


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
        self._window, self._file = window, file
        window.focus.changed.connect(self._show_zone)
        window.bridge.instruments_changed.connect(self._show_zone)
        self._show_zone()

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

        self.dialog = SettingsDialog(window, file, loaded)
        self.dialog.saved.connect(self._on_saved)
        self.dialog.show()

    def _on_saved(self, loaded: Loaded[Settings], changed: list[str]) -> None:
        window, self.settings = self._window, loaded.settings
        ui = loaded.settings.ui
        window.bridge.set_pace(ui.frames_per_s)
        self._show_zone()
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
