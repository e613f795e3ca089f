"""What the window's commands do, said once: each command is bound here."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from app.engine.exchange.drill_table import DRILLS
from app.engine.records import SafetyState
from app.ui.command_palette import CommandPalette
from app.ui.help import HelpWindow
from app.ui.key_editor import KeyEditor
from app.ui.links import Link
from app.ui.models.messages import Level
from app.ui.models.pace import next_speed
from app.ui.palette_entries import Entry, entries, instruments
from app.ui.safety import Way

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

_RECENT: Final = 24


class WindowCommands:
    """Binds the commands of one window."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.palette: CommandPalette | None = None
        bind = window.commands.bind
        self._bind_session(bind)
        self._bind_safety(bind)
        bind("file.import", window.library.ask_import)
        bind("file.data", partial(window.panels.show, "data"))
        bind("file.instruments", partial(window.panels.show, "instruments"))
        bind("file.settings", window.amenities.open_settings)
        bind("trade.cancel_all", window.trading.cancel_all)
        bind("help.keys", self._help)
        bind("help.tour", window.amenities.start_tour)
        bind("help.crashes", window.amenities.open_crashes)
        bind("help.edit_keys", self._edit_keys)
        self._bind_window(bind)
        for row in DRILLS:
            name = f"drill.{row.drill.name.lower()}"
            bind(name, partial(self._drill, row.drill))
        for action in window.commands.group("ladder"):
            command_id = action.objectName()
            bind(command_id, partial(self._ladder, command_id))

    def _bind_session(self, bind: Callable[[str, Callable[[], None]], None]) -> None:
        window = self._window
        bind("session.record", window.recording.toggle)
        bind("session.restart", window.opening.reopen)
        bind("session.pause", self._pause)
        bind("session.faster", partial(self._pace, 1))
        bind("session.slower", partial(self._pace, -1))
        bind("session.quit", lambda: self._quit())

    def _bind_safety(self, bind: Callable[[str, Callable[[], None]], None]) -> None:
        trading, safety = self._window.trading, self._window.safety
        bind("safety.view", lambda: self._set_state(SafetyState.VIEW))
        bind("safety.hold", partial(safety.choose, Way.HOLD))
        bind("safety.stage", partial(safety.choose, Way.STAGE))
        bind("safety.armed", lambda: self._leave_killed_first(SafetyState.ARMED))
        bind("safety.reduce", lambda: self._leave_killed_first(SafetyState.REDUCE))
        bind("safety.kill", trading.kill)
        bind("safety.flatten_all", lambda: trading.kill(flatten=True))

    def _bind_window(self, bind: Callable[[str, Callable[[], None]], None]) -> None:
        window = self._window
        bind("window.alerts", partial(window.panels.show, "alerts"))
        bind("window.try_sound", window.amenities.try_sound)
        bind("window.log", partial(window.panels.show, "messages"))
        bind("window.palette", self._palette)
        bind("window.theme", window.look.turn)
        bind("window.larger", partial(window.look.grow, 1))
        bind("window.smaller", partial(window.look.grow, -1))
        bind("window.usual_size", partial(window.look.grow, 0))
        bind("window.next_panel", partial(window.panels.step, 1))
        bind("window.previous_panel", partial(window.panels.step, -1))
        bind("window.float_panel", window.panels.toggle_float)
        bind("window.close_panel", window.panels.close_panel)

    def search_instruments(self, link: Link) -> None:
        """Search the session's instruments for a panel."""
        self._open_palette(list(instruments(self._window, link)))

    def _palette(self) -> None:
        self._open_palette(entries(self._window))

    def _open_palette(self, offered: list[Entry]) -> None:
        window = self._window
        if self.palette is not None:
            self.palette.close()
        recent = window.memory.texts("recent")
        scale = window.look.settings.scale
        self.palette = CommandPalette(window, window.theme, scale, offered, recent)
        self.palette.chosen.connect(self._on_chosen)
        self.palette.finished.connect(self._on_closed)
        self.palette.show()
        self.palette.activateWindow()
        self.palette.field.setFocus()

    def _on_closed(self) -> None:
        self.palette = None

    def _on_chosen(self, entry: Entry) -> None:
        """Offer first what was used last."""
        recent = self._window.memory.texts("recent")
        recent = [entry.id, *(each for each in recent if each != entry.id)]
        self._window.memory.put(recent=recent[:_RECENT])

    def _help(self) -> None:
        window = self._window
        help_window = HelpWindow(window, window.theme, window.commands)
        help_window.change.clicked.connect(self._edit_keys)
        help_window.show()

    def _edit_keys(self) -> None:
        window = self._window
        KeyEditor(window, window.theme, window.commands, window.hotkeys).show()

    def _ladder(self, command_id: str) -> None:
        ladder = self._window.ladder()
        if ladder is not None:
            ladder.run(command_id)
        else:
            self._window.bridge.tell("no ladder is shown; add one in the menu Window")

    def _drill(self, drill: int) -> None:
        self._window.trading.fire_drill(drill, self._window.focus.number)

    def _pause(self) -> None:
        bridge = self._window.bridge
        if bridge.status.speed is None:
            bridge.tell("this feed cannot be paused: it is no recording")
        else:
            bridge.set_paused(bridge.status.feed_state != "paused")

    def _pace(self, step: int) -> None:
        bridge = self._window.bridge
        speed = bridge.status.speed
        if speed is None:
            bridge.tell("this feed has no pace: it is no recording")
        else:
            bridge.set_speed(next_speed(speed, step))

    def _leave_killed_first(self, state: SafetyState) -> None:
        """Change the state, but never out of KILLED with one press."""
        window = self._window
        if window.desk.market.safety_state is SafetyState.KILLED:
            window.bridge.tell(
                "KILLED is left in the risk panel, by typing the word it asks for",
                Level.WARNING,
            )
            window.panels.show("risk")
        else:
            self._set_state(state)

    def _set_state(self, state: SafetyState) -> None:
        self._window.safety.direct()
        self._window.trading.set_state(state)

    def _quit(self) -> None:
        self._window.quit()
