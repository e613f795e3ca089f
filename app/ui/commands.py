"""What the user can do, each declared once: menus, buttons, keys and help read it.

A panel makes no action of its own; it asks for one by its id. Keys of the group
"ladder" act on the ladder that has the focus or the pointer, which reads them by
`Commands.by_ladder_key_event`; `hotkeys` reads the others wherever the focus is. Both
go by a key's place on the keyboard, and do nothing when the keyboard repeats.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeyEvent

from app.engine.exchange.drill_table import DRILLS
from app.ui.key_map import KeyMap
from app.ui.physical_keys import chord_of

LOCAL: Final = ("ladder",)
"""Groups whose keys work only where the panel of that name has the keyboard."""
_SIGNS: Final = {"Shift+=": "=", "Shift+-": "-"}


@dataclass(frozen=True, slots=True)
class Command:
    """An action of the user.

    Attributes
    ----------
    id : str
        ``group.name``; the group is the menu.
    title : str
        As a menu shows it.
    key : str
        Default chord, as `physical_keys` writes it; "" = none.
    sentence : str
        For help and tool tips.
    always : bool
        The key works even while a text field has the focus.
    """

    id: str
    title: str
    key: str = ""
    sentence: str = ""
    always: bool = False

    @property
    def group(self) -> str:
        """The menu it belongs to."""
        return self.id.partition(".")[0]

    @property
    def scope(self) -> str:
        """Where its key works: "window", or a panel's name."""
        return self.group if self.group in LOCAL else "window"


COMMANDS: Final = (
    Command(
        "file.import",
        "Import…",
        "Ctrl+O",
        "Import market data from files of any format",
        always=True,
    ),
    Command(
        "file.data", "Data", "Ctrl+D", "Show the recordings of the catalog", always=True
    ),
    Command(
        "file.instruments",
        "Instruments",
        "Ctrl+I",
        "Show and edit the instruments",
        always=True,
    ),
    Command(
        "file.settings",
        "Settings…",
        "Ctrl+,",
        "Show and change every setting of the program",
        always=True,
    ),
    Command(
        "session.restart",
        "Restart the session",
        "",
        "Stop the session and open it anew",
    ),
    Command(
        "session.record",
        "Record",
        "Ctrl+R",
        "Record this session's market from its beginning, or stop",
        always=True,
    ),
    Command(
        "session.pause",
        "Pause or play",
        "Ctrl+P",
        "Pause a recording, or go on",
        always=True,
    ),
    Command("session.faster", "Faster", "Ctrl+Right", "Play a recording faster"),
    Command("session.slower", "Slower", "Ctrl+Left", "Play a recording slower"),
    Command(
        "session.quit",
        "Quit",
        "Ctrl+Q",
        "Stop the session and close the window",
        always=True,
    ),
    Command(
        "safety.view", "View", "F8", "Look only: a click sends nothing", always=True
    ),
    Command("safety.armed", "Arm", "F9", "A click in the ladder sends an order"),
    Command(
        "safety.hold",
        "Hold to arm",
        "Shift+F9",
        "Orders pass only while the arming key is held down",
    ),
    Command(
        "safety.stage",
        "Stage",
        "Ctrl+F9",
        "A click makes an unsent order, which Enter or a second click sends",
    ),
    Command(
        "safety.reduce",
        "Reduce",
        "F10",
        "Only orders that shrink the position pass",
        always=True,
    ),
    Command(
        "safety.kill",
        "Kill",
        "Ctrl+Shift+F12",
        "Refuse all new risk and cancel every entry order; exits stay",
        always=True,
    ),
    Command(
        "safety.flatten_all",
        "Kill and flatten",
        "",
        "Cancel exits too, then close every position by limits inside the collar",
    ),
    Command(
        "trade.cancel_all",
        "Cancel all orders",
        "Ctrl+Shift+E",
        "Cancel every working order",
        always=True,
    ),
    Command("ladder.recentre", "Recentre", "Space", "Bring the market to the middle"),
    Command("ladder.join_bid", "Join the bid", "Q", "Buy limit at the best bid"),
    Command("ladder.join_ask", "Join the ask", "W", "Sell limit at the best ask"),
    Command("ladder.buy_market", "Buy at market", "A", "Buy market order"),
    Command("ladder.sell_market", "Sell at market", "S", "Sell market order"),
    Command("ladder.lift", "Lift the ask", "Z", "Buy limit at the best ask"),
    Command("ladder.hit", "Hit the bid", "X", "Sell limit at the best bid"),
    Command(
        "ladder.cancel",
        "Cancel entries here",
        "E",
        "Cancel this instrument's entry orders; exits stay",
    ),
    Command(
        "ladder.cancel_stops",
        "Cancel stops here",
        "F",
        "Cancel this instrument's stops",
    ),
    Command(
        "ladder.close", "Close the position", "R", "Close this instrument's position"
    ),
    Command(
        "ladder.reverse",
        "Reverse the position",
        "T",
        "A market order for twice the position, the other way",
    ),
    Command(
        "ladder.move_up",
        "Move the order up",
        "I",
        "Move your order at the cell, else the one nearest to the market, up a tick",
    ),
    Command(
        "ladder.move_down",
        "Move the order down",
        "K",
        "Move your order at the cell, else the one nearest to the market, down a tick",
    ),
    Command(
        "ladder.move_to_touch",
        "Move the order to the touch",
        "J",
        "Move your order at the cell, else the one nearest to the market, to the best "
        "price of its side",
    ),
    Command(
        "ladder.cancel_nearest",
        "Cancel the nearest order",
        "D",
        "Cancel your order nearest to the market",
    ),
    Command(
        "ladder.cancel_last",
        "Cancel the last order",
        "L",
        "Cancel the order that you placed last here",
    ),
    Command(
        "ladder.cancel_buys",
        "Cancel buys here",
        "U",
        "Cancel every buy order of this instrument, exits too",
    ),
    Command(
        "ladder.cancel_sells",
        "Cancel sells here",
        "O",
        "Cancel every sell order of this instrument, exits too",
    ),
    Command(
        "ladder.next_stop",
        "Next click: stop",
        "V",
        "The next click places a stop, as Shift + click does",
    ),
    Command(
        "ladder.next_exit_stop",
        "Next click: exit stop",
        "C",
        "The next click places a stop that closes the position, as Ctrl + click does",
    ),
    Command(
        "ladder.next_bracket",
        "Next click: bracket",
        "B",
        "The next click places entry, target and stop, as Alt + click does; the next "
        "drag moves an order's whole group, as Alt + drag does",
    ),
    Command("ladder.size_1", "First size", "1", "Choose the first size pad"),
    Command("ladder.size_2", "Second size", "2", "Choose the second size pad"),
    Command("ladder.size_3", "Third size", "3", "Choose the third size pad"),
    Command("ladder.size_4", "Fourth size", "4", "Choose the fourth size pad"),
    Command("ladder.group_more", "More ticks in a row", "=", "Group prices in rows"),
    Command("ladder.group_less", "Fewer ticks in a row", "-", "Group prices less"),
    Command(
        "ladder.reset_flow",
        "Count the flow anew",
        "G",
        "Count sold, bought, pulled and stacked sizes from now on",
    ),
    Command(
        "ladder.columns",
        "Columns of the ladder…",
        "M",
        "Choose columns, ticks in a row and when the ladder recentres",
    ),
    Command("ladder.note", "Note at a price…", "N", "Write a note in the row chosen"),
    Command(
        "window.palette",
        "Commands…",
        "Ctrl+K",
        "Search every command, panel, workspace, instrument and theme",
        always=True,
    ),
    Command("window.larger", "Larger", "Ctrl+=", "Larger text", always=True),
    Command("window.smaller", "Smaller", "Ctrl+-", "Smaller text", always=True),
    Command(
        "window.usual_size",
        "Usual size",
        "Ctrl+0",
        "Text as large as the settings say",
        always=True,
    ),
    Command(
        "window.next_panel", "Next panel", "F6", "Work in the next panel", always=True
    ),
    Command(
        "window.previous_panel",
        "Previous panel",
        "Shift+F6",
        "Work in the panel before",
        always=True,
    ),
    Command(
        "window.float_panel",
        "Float or dock the panel",
        "Ctrl+Shift+F",
        "Make the panel that is worked in a window of its own, or bring it back",
    ),
    Command(
        "window.close_panel",
        "Close the panel",
        "Ctrl+W",
        "Close the panel that is worked in",
    ),
    Command(
        "window.alerts", "Alerts", "Ctrl+Shift+A", "Show and make alerts", always=True
    ),
    Command(
        "window.try_sound",
        "Try the sound of alerts",
        "",
        "Play the sound of an alert, or say why none is heard",
    ),
    Command(
        "window.log",
        "Log",
        "Ctrl+L",
        "Show everything you were told",
        always=True,
    ),
    Command("window.theme", "Light or dark", "Ctrl+T", "Change the theme", always=True),
    Command(
        "workspace.save_as",
        "Save as…",
        "Ctrl+Shift+S",
        "Go on with a copy of this workspace under another name",
    ),
    Command("workspace.rename", "Rename…", "", "Give your workspace another name"),
    Command("workspace.delete", "Delete…", "", "Take your workspace away"),
    Command(
        "workspace.reset", "Reset", "", "Put every panel back as the workspace ships"
    ),
    Command(
        "workspace.next", "Next", "Ctrl+PgDown", "Show the next workspace", always=True
    ),
    Command(
        "workspace.previous",
        "Previous",
        "Ctrl+PgUp",
        "Show the workspace before",
        always=True,
    ),
    *(
        Command(
            f"workspace.go_{number}",
            f"Workspace {number}",
            f"Alt+{number}",
            f"Show workspace number {number}",
            always=True,
        )
        for number in range(1, 10)
    ),
    *(
        Command(f"drill.{row.drill.name.lower()}", row.title, "", row.sentence)
        for row in DRILLS
    ),
    Command(
        "help.edit_keys",
        "Change keys…",
        "Ctrl+Shift+K",
        "Give commands other keys; conflicts are shown",
    ),
    Command(
        "help.tour", "First steps", "", "A tour of the window that ends with a trade"
    ),
    Command(
        "help.crashes",
        "Crash reports…",
        "",
        "Show what was kept of failures, on this machine and nowhere else",
    ),
    Command(
        "help.keys",
        "Keys and gestures",
        "F1",
        "Show what keys and clicks do",
        always=True,
    ),
)

_BY_ID: Final = {command.id: command for command in COMMANDS}


class Commands:
    """The actions of one window, bound to what they do.

    Attributes
    ----------
    keys : KeyMap
        The keys they have now.

    Parameters
    ----------
    parent : QObject
        Owns the actions.
    """

    def __init__(self, parent: QObject) -> None:
        self._parent = parent
        self.keys = KeyMap(COMMANDS, parent)
        self._actions: dict[str, QAction] = {}
        self._titles: dict[str, str] = {}
        self._handlers: dict[str, Callable[[], None]] = {}
        for command in COMMANDS:
            self._actions[command.id] = self._action(command)
        self._show_keys()
        self.keys.changed.connect(self._show_keys)

    def bind(self, command_id: str, handler: Callable[[], None]) -> None:
        """Say what a command does; a later binding takes its place."""
        self._handlers[command_id] = handler
        self._actions[command_id].setEnabled(True)

    def action(self, command_id: str) -> QAction:
        """Return a command's action, for a menu or a button."""
        return self._actions[command_id]

    def entitle(self, command_id: str, title: str) -> None:
        """Call a command otherwise than it is declared, in menus and the palette."""
        self._titles[command_id] = title
        self._show_key(command_id)

    def title(self, command_id: str) -> str:
        """What a command is called now."""
        return self._titles.get(command_id, _BY_ID[command_id].title)

    def run(self, command_id: str) -> None:
        """Do it."""
        self._handlers[command_id]()

    def group(self, name: str) -> Iterator[QAction]:
        """Actions of a menu, in the order of declaration."""
        return (self._actions[c.id] for c in COMMANDS if c.group == name)

    def is_enabled(self, command_id: str) -> bool:
        """Tell whether it is bound and offered just now."""
        action = self._actions[command_id]
        return action.isEnabled() and action.isVisible()

    def by_ladder_key_event(self, event: QKeyEvent) -> Command | None:
        """Return the ladder's command of a key press, or None.

        Goes by the key's place and by what the user made of the keys, modifiers
        included. Whoever calls it passes over ``event.isAutoRepeat()``: a key that is
        held down sends nothing.
        """
        chord = chord_of(event)
        command_id = self.keys.command(chord, "ladder")
        if command_id is None and chord in _SIGNS:  # + is written with Shift
            command_id = self.keys.command(_SIGNS[chord], "ladder")
        return None if command_id is None else _BY_ID[command_id]

    def tip(self, command_id: str) -> str:
        """What a pointer resting on its button is told, with the key it has now."""
        command = _BY_ID[command_id]
        chord = self.keys.chord(command_id)
        key = f"  ({chord})" if chord else ""
        return f"{command.sentence or command.title}{key}"

    def _action(self, command: Command) -> QAction:
        action = QAction(self._parent)
        action.setObjectName(command.id)
        action.setEnabled(False)
        action.triggered.connect(lambda: self.run(command.id))
        return action

    def _show_keys(self) -> None:
        # A shortcut of Qt's would go by the layout's letters: it is shown, not set.
        for command_id in self._actions:
            self._show_key(command_id)

    def _show_key(self, command_id: str) -> None:
        action, chord = self._actions[command_id], self.keys.chord(command_id)
        title = self.title(command_id).replace("&", "&&")
        action.setText(f"{title}\t{chord}" if chord else title)
        action.setToolTip(self.tip(command_id))


def by_id(command_id: str) -> Command:
    """Return a command's declaration."""
    return _BY_ID[command_id]
