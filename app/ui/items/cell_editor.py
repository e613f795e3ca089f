"""Edits a cell of a blotter in its place: nothing leaves it but by Enter, and right.

A field that loses the focus is dropped, not sent: an order must not change because
someone clicked elsewhere.
"""

from collections.abc import Callable

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from app.ui.formatting import plain
from app.ui.items.step_field import StepField
from app.ui.models.table import RecordTable
from app.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex


class CellEditor(QStyledItemDelegate):
    """Makes the field of a cell, and says what was entered.

    Parameters
    ----------
    table : RecordTable
    theme : Theme
    judge : callable
        Row, what is edited (`Column.edits`) and a text to what is wrong with it.
    step : callable
        Row, what is edited, a text and a number of steps to the text after them.
    enter : callable
        Takes row, what is edited, and the text, which was judged right; returns what
        it waits for (the field stays, and Enter confirms), "" where it is done.
    """

    def __init__(
        self,
        table: RecordTable,
        theme: Theme,
        judge: Callable[[int, str, str], str],
        step: Callable[[int, str, str, int], str],
        enter: Callable[[int, str, str], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._table = table
        self._theme = theme
        self._judge = judge
        self._step = step
        self._send = enter
        self._at = QPersistentModelIndex()

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> QWidget:
        column = self._table.columns[index.column()]
        self._at = QPersistentModelIndex(index)
        field = StepField(self._theme, f"New {column.title}")
        field.setParent(parent)
        field.setFrame(False)
        field.setText(plain(column.text(self._table.record(index.row()))))
        field.selectAll()
        field.textEdited.connect(lambda: self._show_fault(field))
        field.stepped.connect(lambda steps: self._on_step(field, steps))
        return field

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Keep what is being typed: the table goes on changing below it."""

    def setModelData(
        self, editor: QWidget, model: QAbstractItemModel, index: Index
    ) -> None:
        """Nothing is written: the engine's report will change the cell."""

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if isinstance(editor, StepField) and event.type() == QEvent.Type.FocusOut:
            self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)
            return False
        if isinstance(editor, StepField) and isinstance(event, QKeyEvent):
            is_press = event.type() == QEvent.Type.KeyPress
            if is_press and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if not event.isAutoRepeat():
                    self._enter(editor)
                return True
            if is_press and event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)
                return True
        return super().eventFilter(editor, event)

    def _what(self) -> str:
        return self._table.columns[self._at.column()].edits

    def _enter(self, field: StepField) -> None:
        if not self._at.isValid():  # its row has gone meanwhile
            self.closeEditor.emit(field, QStyledItemDelegate.EndEditHint.NoHint)
            return
        row, what, text = self._at.row(), self._what(), field.text()
        if self._show_fault(field):
            return
        waits = self._send(row, what, text)
        if waits:
            self._say(field, waits)
        else:
            self.closeEditor.emit(field, QStyledItemDelegate.EndEditHint.NoHint)

    def _on_step(self, field: StepField, steps: int) -> None:
        if self._at.isValid():
            at = self._at.row(), self._what()
            field.setText(self._step(*at, field.text(), steps))
            self._show_fault(field)

    def _show_fault(self, field: StepField) -> bool:
        """Say what is wrong with what is typed; True if anything is."""
        if not self._at.isValid():
            return True
        words = self._judge(self._at.row(), self._what(), field.text())
        self._say(field, words)
        return bool(words)

    @staticmethod
    def _say(field: StepField, words: str) -> None:
        field.show_fault(words)
        below = field.mapToGlobal(field.rect().bottomLeft())
        QToolTip.showText(below, words, field) if words else QToolTip.hideText()
