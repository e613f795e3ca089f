"""The command palette: type a few letters of anything, Enter does it.

It blocks nothing and closes itself when something else is looked at.
"""

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from app.ui.items.palette_delegate import ENTRY_ROLE, PLACES_ROLE, PaletteDelegate
from app.ui.models.fuzzy import match
from app.ui.palette_entries import Entry
from app.ui.theme import Theme

_MOST: Final = 200
_SIZE: Final = (640, 440)
_RECENT_BONUS: Final = 12
# Before commands that only begin with the same word.
_BONUS: Final = {"instrument": 9, "panel": 8, "workspace": 8}
_MOVES: Final = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Tab: 1,
    Qt.Key.Key_Backtab: -1,
    Qt.Key.Key_PageDown: 10,
    Qt.Key.Key_PageUp: -10,
}
Index = QModelIndex | QPersistentModelIndex


class Found(QAbstractListModel):
    """Entries that answer a query, best first; those used lately before others."""

    def __init__(self, entries: Sequence[Entry], recent: Sequence[str]) -> None:
        super().__init__()
        self._entries = entries
        self._recent = {each: place for place, each in enumerate(recent)}
        self.rows: list[tuple[Entry, tuple[int, ...]]] = []
        self.search("")

    def search(self, query: str) -> None:
        """Find what answers a query; nothing typed finds everything."""
        late = len(self._recent)
        ranked = []
        for order, entry in enumerate(self._entries):
            found = match(query, entry.title)
            if found is not None:
                age = self._recent.get(entry.id, late)
                bonus = _BONUS.get(entry.kind, 0)
                bonus += _RECENT_BONUS if age < late else 0
                score = found[0] + bonus if query.strip() else 0
                ranked.append((-score, age, order, entry, found[1]))
        ranked.sort(key=lambda row: row[:3])
        self.beginResetModel()
        self.rows = [(entry, places) for *_, entry, places in ranked[:_MOST]]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry, places = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.sentence
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.title}, {entry.kind}, {entry.key}".rstrip(", ")
        if role == ENTRY_ROLE:
            return entry
        return places if role == PLACES_ROLE else None


class CommandPalette(QDialog):
    """A field and what is found.

    Signals
    -------
    chosen(object)
        The Entry that is to be run.
    ran()
        It was.
    """

    chosen = Signal(object)
    ran = Signal()

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        scale: float,
        entries: Sequence[Entry],
        recent: Sequence[str],
    ) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Commands")
        self.field = QLineEdit()
        self.field.setPlaceholderText("Command, panel, workspace, instrument, theme…")
        self.field.setAccessibleName("Search commands")
        self.model = Found(entries, recent)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(PaletteDelegate(theme, scale, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setAccessibleName("Found")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setProperty("role", "muted")
        self._lay_out(parent, scale)
        self.field.textChanged.connect(self._on_text)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._run)
        self._select(0)

    def _lay_out(self, parent: QWidget, scale: float) -> None:
        layout = QVBoxLayout(self)
        self.setProperty("role", "palette")
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        for widget in (self.field, self.list, self.sentence):
            layout.addWidget(widget)
        width, height = (round(side * scale) for side in _SIZE)
        self.resize(min(width, parent.width()), min(height, parent.height()))
        top = parent.mapToGlobal(QPoint((parent.width() - self.width()) // 2, 60))
        self.move(top)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Keys that move in the list, while the field has the focus."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            if key in _MOVES:
                self._move(_MOVES[key])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if not event.isAutoRepeat():
                    self._run(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # No row is cut in half.
        row, room = self.list.sizeHintForRow(0), self.list.viewport().height()
        if row > 0:
            self.resize(self.width(), self.height() - room % row)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowDeactivate and self.isVisible():
            self.close()
        return super().event(event)

    def _on_text(self, text: str) -> None:
        self.model.search(text)
        self._select(0)

    def _move(self, by: int) -> None:
        count = self.model.rowCount()
        row = self.list.currentIndex().row() + by
        if abs(by) == 1 and count:
            row %= count
        self._select(max(0, min(row, count - 1)))

    def _select(self, row: int) -> None:
        self.list.setCurrentIndex(self.model.index(row, 0))
        rows = self.model.rows
        self.sentence.setText(rows[row][0].sentence if rows else "nothing is called so")

    def _run(self, index: QModelIndex) -> None:
        if index.isValid():
            self._entry = self.model.rows[index.row()][0]
            self.hide()
            self.chosen.emit(self._entry)
            # Later: what runs may build the whole window anew.
            QTimer.singleShot(0, self, self._finish)

    def _finish(self) -> None:
        self._entry.run()
        self.ran.emit()
        self.close()
