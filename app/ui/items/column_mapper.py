"""Says what each column of a table is: its first rows, a choice above each column."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.data.recognise import TableHead
from app.ui.formatting import words
from app.ui.models.importing import KINDS, ROLES, missing_roles

_NOTHING: Final = "–"
_MAKER: Final = "buyer is maker"
_ROWS: Final = 3


class ColumnMapper(QWidget):
    """Rows as they stand in the file; what each column is can be chosen.

    Signals
    -------
    changed()
        Another kind, or another choice for a column.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self.kind = QComboBox()
        self.kind.addItems(KINDS)
        self.kind.setAccessibleName("Kind of table")
        self.table = QTableWidget()
        self.table.setAccessibleName("Columns of the file")
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.choices: list[QComboBox] = []
        self._says = QLabel()
        self._says.setProperty("role", "muted")
        row = QHBoxLayout()
        row.addWidget(QLabel("Each row is of"))
        row.addWidget(self.kind)
        row.addWidget(self._says, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.table)
        self.kind.activated.connect(self._on_kind)

    @property
    def columns(self) -> dict[str, str]:
        """What was chosen: ours to the file's."""
        chosen: dict[str, str] = {}
        for name, choice in zip(self._names, self.choices, strict=True):
            role = choice.currentData()
            if role:
                chosen["side" if role == _MAKER else role] = name
        return chosen

    @property
    def buyer_is_maker(self) -> bool:
        """Whether the side is told as "the buyer was the maker"."""
        return any(choice.currentData() == _MAKER for choice in self.choices)

    @property
    def missing(self) -> list[str]:
        """Columns that are needed and not chosen yet."""
        return missing_roles(self.kind.currentText(), self.columns)

    def show_table(self, head: TableHead, kind: str, columns: dict[str, str]) -> None:
        """Show a file's first rows and what its columns are taken for."""
        self.kind.setCurrentText(kind)
        if head.names != self._names or not self.choices:
            self._fill(head)
        of = {theirs: ours for ours, theirs in columns.items()}
        self._offer([of.get(name, "") for name in self._names])

    def _fill(self, head: TableHead) -> None:
        self._names = list(head.names)
        table = self.table
        rows = head.rows[:_ROWS]
        table.setRowCount(1 + len(rows))
        table.setColumnCount(len(self._names))
        titles = (
            self._names
            if head.has_header
            else [f"column {int(name) + 1}" for name in self._names]
        )
        table.setHorizontalHeaderLabels(titles)
        self.choices = []
        metrics = QFontMetrics(self.font())
        for at, title in enumerate(titles):
            choice = QComboBox()
            choice.setAccessibleName(f"What {title} is")
            choice.activated.connect(self._on_choice)
            self.choices.append(choice)
            table.setCellWidget(0, at, choice)
            for number, row in enumerate(rows):
                table.setItem(1 + number, at, QTableWidgetItem(row[at]))
            texts = [title, "buyer is maker", *(row[at] for row in rows)]
            widest = max(metrics.horizontalAdvance(text[:30]) for text in texts)
            table.setColumnWidth(at, widest + 44)
        table.setRowHeight(0, round(metrics.height() * 2.1))
        for number in range(1, table.rowCount()):
            table.setRowHeight(number, round(metrics.height() * 1.5))
        height = sum(table.rowHeight(i) for i in range(table.rowCount()))
        heading = table.horizontalHeader().sizeHint().height()
        bar = table.horizontalScrollBar().sizeHint().height()
        table.setFixedHeight(height + heading + bar + 4)

    def _offer(self, chosen: list[str]) -> None:
        kind = self.kind.currentText()
        roles = list(ROLES[kind])
        if kind == "trades":
            roles.insert(roles.index("side") + 1, _MAKER)
        for choice, role in zip(self.choices, chosen, strict=True):
            was = choice.currentData() if role == "side" else role
            role = _MAKER if was == _MAKER else role
            choice.clear()
            choice.addItem(_NOTHING, "")
            for each in roles:
                choice.addItem(words(each) if each != _MAKER else each, each)
            choice.setCurrentIndex(max(0, choice.findData(role)))
        self._tell()

    def _on_kind(self) -> None:
        self._offer([choice.currentData() or "" for choice in self.choices])
        self.changed.emit()

    def _on_choice(self) -> None:
        sender = self.sender()
        # A column of each kind: the newest choice takes it from another.
        for choice in self.choices:
            is_other = choice is not sender and isinstance(sender, QComboBox)
            if is_other and choice.currentData() == sender.currentData():  # type: ignore[attr-defined]
                choice.setCurrentIndex(0)
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        left = [words(each) for each in self.missing]
        self._says.setText(f"still needed: {', '.join(left)}" if left else "")
