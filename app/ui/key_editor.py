"""Changes keys: choose a command, press the key. Conflicts are named, never hidden."""

from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QColor, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.commands import COMMANDS, Commands, by_id
from app.ui.hotkeys import Hotkeys
from app.ui.models.fuzzy import match
from app.ui.physical_keys import chord_of
from app.ui.theme import Theme

_SIZE: Final = (720, 620)
_HEADINGS: Final = ("Command", "Key", "As shipped", "")
_ID: Final = Qt.ItemDataRole.UserRole
_HINT: Final = (
    "Keys go by their place on the keyboard, named as on a US one, in any layout."
)
RESERVED: Final = frozenset(
    {"Return", "Enter", "Esc", "Tab", "Shift+Tab", "Shift+Backtab", "Backspace", "Del"}
    | {"Up", "Down", "Left", "Right", "PgUp", "PgDown", "Home", "End"}
)
"""Keys that move, confirm and leave everywhere."""


class KeyCatcher(QPushButton):
    """A button that, once pressed, waits for the key.

    Signals
    -------
    caught(str)
        A chord; "" where the user left with Esc.
    """

    caught = Signal(str)

    def __init__(self, hotkeys: Hotkeys) -> None:
        super().__init__("Set key…")
        self._hotkeys = hotkeys
        self._is_catching = False
        self.clicked.connect(self.catch)

    def catch(self) -> None:
        """Take the next key; no command hears of it."""
        self._is_catching = self._hotkeys.is_paused = True
        self.setText("Press the key…  (Esc: none)")
        self.setFocus()

    def stop(self) -> None:
        """Wait no longer."""
        self._is_catching = self._hotkeys.is_paused = False
        self.setText("Set key…")

    def event(self, event: QEvent) -> bool:
        if self._is_catching:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                self._take(event)
                return True
            if event.type() == QEvent.Type.FocusOut:
                self.stop()
        return super().event(event)

    def _take(self, event: QKeyEvent) -> None:
        chord = chord_of(event)
        if chord and not event.isAutoRepeat():
            self.stop()
            self.caught.emit("" if chord == "Esc" else chord)


class KeyEditor(QDialog):
    """Every command with its key; it blocks nothing."""

    def __init__(
        self, parent: QWidget, theme: Theme, commands: Commands, hotkeys: Hotkeys
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys")
        self.resize(*_SIZE)
        self._theme, self._keys = theme, commands.keys
        self._commands = commands
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Search commands or keys")
        self.filter.setAccessibleName("Search commands or keys")
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(_HEADINGS)
        self.tree.setRootIsDecorated(False)
        self.tree.setAccessibleName("Commands and their keys")
        self.words = QLabel(_HINT)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.catcher = KeyCatcher(hotkeys)
        self.take = QPushButton("Take it from them")
        self.none = QPushButton("No key")
        self.reset = QPushButton("As shipped")
        self.reset_all = QPushButton("All as shipped")
        self._items: dict[str, QTreeWidgetItem] = {}
        self._groups: dict[str, QTreeWidgetItem] = {}
        self._lay_out()
        self._fill()
        self._connect()
        self._on_row()

    def select(self, command_id: str) -> None:
        """Choose a command."""
        self.tree.setCurrentItem(self._items[command_id])

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.catcher, self.take, self.none, self.reset):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        self.reset_all.setAutoDefault(False)
        buttons.addStretch(1)
        buttons.addWidget(self.reset_all)
        layout = QVBoxLayout(self)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.words)
        layout.addLayout(buttons)
        header = self.tree.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)

    def _fill(self) -> None:
        height = round(self.fontMetrics().height() * 1.6)
        for command in COMMANDS:
            group = self._groups.get(command.group)
            if group is None:
                group = QTreeWidgetItem(self.tree, [command.group.capitalize()])
                group.setForeground(0, QColor(self._theme.muted))
                group.setSizeHint(0, QSize(240, height))
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self._groups[command.group] = group
            item = QTreeWidgetItem(group, [self._commands.title(command.id)])
            item.setData(0, _ID, command.id)
            item.setSizeHint(0, QSize(240, height))
            item.setToolTip(0, command.sentence)
            self._items[command.id] = item
        self.tree.expandAll()
        self._show_keys()
        self.select(COMMANDS[0].id)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._on_filter)
        self.filter.returnPressed.connect(self._on_found)
        self.tree.currentItemChanged.connect(self._on_row)
        self.tree.itemActivated.connect(lambda *_: self.catcher.catch())
        self.catcher.caught.connect(self._on_caught)
        self.take.clicked.connect(self._on_take)
        self.none.clicked.connect(lambda: self._give(""))
        self.reset.clicked.connect(self._on_reset)
        self.reset_all.clicked.connect(self._keys.reset_all)
        self._keys.changed.connect(self._show_keys)
        self._keys.changed.connect(self._on_row)

    @property
    def _current(self) -> str:
        item = self.tree.currentItem()
        command_id = item.data(0, _ID) if item is not None else None
        return command_id or ""

    def _show_keys(self) -> None:
        conflicts = self._keys.conflicts()
        for command_id, item in self._items.items():
            chord = self._keys.chord(command_id)
            is_changed = self._keys.is_changed(command_id)
            rivals = ", ".join(
                self._name(each) for each in conflicts.get(command_id, ())
            )
            item.setText(1, chord or "–")
            item.setText(2, (by_id(command_id).key or "–") if is_changed else "")
            item.setText(3, f"also {rivals}" if rivals else "")
            item.setForeground(3, QColor(self._theme.warning))
            font = item.font(1)
            font.setBold(is_changed)
            item.setFont(1, font)

    def _name(self, command_id: str) -> str:
        return f"{by_id(command_id).group}: {self._commands.title(command_id)}"

    def _on_row(self) -> None:
        self.catcher.stop()
        command_id = self._current
        for button in (self.catcher, self.none):
            button.setEnabled(bool(command_id))
        chord = self._keys.chord(command_id) if command_id else ""
        rivals = self._keys.rivals(command_id, chord) if command_id else []
        self.reset.setEnabled(bool(command_id) and self._keys.is_changed(command_id))
        self.take.setVisible(bool(rivals))
        if rivals:
            named = " and ".join(self._name(each) for each in rivals)
            self.words.setText(
                f"{chord} means {named} as well; the first in this list has it."
            )
        else:
            self.words.setText(_HINT)

    def _on_found(self) -> None:
        """Enter in the search field goes on with what it has found."""
        if self._current:
            self.catcher.catch()

    def _on_caught(self, chord: str) -> None:
        if chord in RESERVED:
            self.words.setText(f"{chord} moves, confirms or leaves everywhere: no key")
        elif chord:
            self._give(chord)

    def _give(self, chord: str) -> None:
        if self._current:
            self._keys.give(self._current, chord)

    def _on_reset(self) -> None:
        self.tree.setFocus()  # not what resets all, which is next to what goes dark
        self._keys.reset(self._current)

    def _on_take(self) -> None:
        """Leave the key to the chosen command alone."""
        command_id = self._current
        chord = self._keys.chord(command_id)
        for rival in self._keys.rivals(command_id, chord):
            self._keys.give(rival, "")

    def _on_filter(self, text: str) -> None:
        for command_id, item in self._items.items():
            shown = f"{self._name(command_id)} {self._keys.chord(command_id)}"
            item.setHidden(match(text, shown) is None)
        shown_in = {i.parent() for i in self._items.values() if not i.isHidden()}
        for group in self._groups.values():
            group.setHidden(group not in shown_in)
        current = self.tree.currentItem()
        if current is None or current.isHidden():
            # A key is given to what is seen, or to nothing.
            seen = (each for each in self._items.values() if not each.isHidden())
            first = next(seen, None)
            if first is not None:
                self.tree.setCurrentItem(first)
            else:
                self.tree.setCurrentIndex(QModelIndex())

    def closeEvent(self, event: QCloseEvent) -> None:
        self.catcher.stop()
        super().closeEvent(event)
