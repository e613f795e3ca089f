"""A Qt table that paints whole rows itself, each kept as a picture until it changes.

Qt asks a delegate cell by cell and lets a style sheet draw each cell's ground, which
costs more than the text. Here a row is a transparent picture of its texts, written when
a text changes and copied otherwise: in a blotter that moves down with every fill most
rows only move. Columns with a delegate of their own are left to it. Everything else
(sorting, selection, headings, editing) is Qt's.
"""

from typing import Final

from PySide6.QtCore import QElapsedTimer, QEvent, QModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QCursor,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QTableView

from app.ui.items.glyphs import Glyphs
from app.ui.models.table import Cell, RecordTable

_PAD: Final = 6.0
_KEPT: Final = 400
_HOLD_MS: Final = 3_000


class BlotterTable(QTableView):
    """Shows a RecordTable.

    Signals
    -------
    deleted()
        The Delete key was pressed.
    copied()
        The selected rows are to be copied.
    entered_row(int)
        Enter was pressed on a row.
    """

    deleted = Signal()
    copied = Signal()
    entered_row = Signal(int)

    def __init__(self, model: RecordTable) -> None:
        super().__init__()
        self.records = model
        self._glyphs = Glyphs(self.font())
        role, palette = QPalette.ColorRole, self.palette()
        self._shade = QBrush(palette.color(role.AlternateBase))
        self._chosen = QBrush(palette.color(role.Mid))
        self._cursor = QPen(palette.color(role.Accent))
        self._usual = QPen(palette.color(role.Text))
        self._pens: dict[str, QPen] = {}
        self._pictures: dict[int, tuple[list[Cell], QPixmap]] = {}
        self._columns: list[tuple[int, float, float]] | None = None
        self._painted: list[int] = []
        self._since_move = QElapsedTimer()
        self.setMouseTracking(True)
        self.setModel(model)
        heading = self.horizontalHeader()
        heading.sectionResized.connect(self._lay_out_anew)
        heading.sectionMoved.connect(self._lay_out_anew)
        heading.sectionCountChanged.connect(self._lay_out_anew)

    def visible_rows(self) -> tuple[int, int]:
        """First and last row on screen; the last may lie past the end."""
        first = max(0, self.rowAt(0))
        height = max(1, self.verticalHeader().defaultSectionSize())
        return first, first + self.viewport().height() // height + 1

    @property
    def holds_still(self) -> bool:
        """Whether rows must not move: the pointer is about to press one's button."""
        if not self.underMouse() or not self._since_move.isValid():
            return False
        place = self.viewport().mapFromGlobal(QCursor.pos())
        column = self.columnAt(place.x())
        on_action = column >= 0 and bool(self.records.columns[column].does)
        return on_action and not self._since_move.hasExpired(_HOLD_MS)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._since_move.start()
        super().mouseMoveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        dirty, height = event.rect(), max(1, self.rowHeight(0))
        rows = self.records.rowCount()
        first = max(0, self.rowAt(dirty.top()))
        top = self.rowViewportPosition(first) if rows else 0
        last = min(rows - 1, first + (dirty.bottom() - top) // height)
        left, width = -self.horizontalHeader().offset(), self.viewport().width()
        selection = self.selectionModel()
        has_any = selection.hasSelection()
        for row in range(first, last + 1):
            y = top + (row - first) * height
            chosen = has_any and selection.isRowSelected(row, QModelIndex())
            if chosen or row % 2:
                ground = self._chosen if chosen else self._shade
                painter.fillRect(0, y, width, height, ground)
            painter.drawPixmap(left, y, self._picture(row, height))
            for column in self._painted:
                self._delegate(painter, row, column, chosen=chosen)
        self._mark_current(painter)
        painter.end()

    def _mark_current(self, painter: QPainter) -> None:
        current = self.currentIndex()
        if current.isValid() and self.hasFocus():
            painter.setPen(self._cursor)
            painter.drawRect(self.visualRect(current).adjusted(0, 0, -1, -1))

    def _lay_out_anew(self, *_: object) -> None:
        self._columns = None
        self._pictures.clear()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._glyphs = Glyphs(self.font())
            self._lay_out_anew()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copied.emit()
        elif event.key() == Qt.Key.Key_Delete and not event.isAutoRepeat():
            self.deleted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.entered_row.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def _picture(self, row: int, height: int) -> QPixmap:
        """A row's texts on nothing; made anew where one of them has changed."""
        cells, number = self.records.cells(row), self.records.source_row(row)
        known = self._pictures.get(number)
        scale = self.devicePixelRatioF()
        if known is not None and known[0] == cells:
            picture = known[1]
            if picture.devicePixelRatio() == scale and picture.height() == round(
                height * scale
            ):
                return picture
        if len(self._pictures) >= _KEPT:
            self._pictures.clear()
        width = max(1, self.horizontalHeader().length())
        picture = QPixmap(round(width * scale), round(height * scale))
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setFont(self._glyphs.font)
        self._write(painter, cells, height)
        painter.end()
        self._pictures[number] = cells, picture
        return picture

    def _write(self, painter: QPainter, cells: list[Cell], height: int) -> None:
        columns, glyphs, before = self._places(), self._glyphs, None
        for column, x, width in columns:
            text, colour = cells[column]
            if not text:
                continue
            if colour != before:
                painter.setPen(self._pen(colour))
                before = colour
            room = width - 2 * _PAD
            if glyphs.width(text) > room:
                text = glyphs.elided(text, room)
            align = 1.0 if self.records.columns[column].is_number else 0.0
            box = QRectF(x, 0, width, height)
            glyphs.draw_once(painter, box, text, align, _PAD)

    def _places(self) -> list[tuple[int, float, float]]:
        """Columns that are written here: number, left edge and width, px."""
        if self._columns is None:
            heading, found = self.horizontalHeader(), []
            self._painted = []
            for column in range(len(self.records.columns)):
                if self.isColumnHidden(column):
                    continue
                if self.itemDelegateForColumn(column) is not None:
                    self._painted.append(column)
                    continue
                x, width = heading.sectionPosition(column), heading.sectionSize(column)
                found.append((column, float(x), float(width)))
            self._columns = found
        return self._columns

    def _delegate(
        self, painter: QPainter, row: int, column: int, *, chosen: bool
    ) -> None:
        option, index = QStyleOptionViewItem(), self.records.index(row, column)
        option.rect = self.visualRect(index)
        if chosen:
            option.state |= QStyle.StateFlag.State_Selected
        painter.save()
        self.itemDelegateForColumn(column).paint(painter, option, index)
        painter.restore()

    def _pen(self, colour: str) -> QPen:
        if not colour:
            return self._usual
        pen = self._pens.get(colour)
        if pen is None:
            pen = self._pens[colour] = QPen(QColor(colour))
        return pen
