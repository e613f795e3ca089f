"""A Qt table that paints its texts itself: the cells that changed, and rows that moved.

Qt asks a delegate cell by cell and lets a style sheet draw each cell's ground, which
costs more than the text. Here cells that changed are written alone; a whole row is kept
as a transparent picture once it is asked for again as it was: in a blotter that moves
down with every fill most rows only move. Columns with a delegate of their own are left
to it. Everything else (sorting, selection, headings, editing) is Qt's.
"""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import (
    QElapsedTimer,
    QEvent,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
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
    QRegion,
)
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QTableView

from app.ui.items.glyphs import Glyphs
from app.ui.models.table import Cell, Index, RecordTable

_PAD: Final = 6
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
        self._ground = QBrush(palette.color(role.Base))
        self._shade = QBrush(palette.color(role.AlternateBase))
        self._chosen = QBrush(palette.color(role.Mid))
        self._cursor = QPen(palette.color(role.Accent))
        self._usual = QPen(palette.color(role.Text))
        self._pens: dict[str, QPen] = {}
        self._pictures: dict[int, tuple[list[Cell], QPixmap | None]] = {}
        self._columns: list[tuple[int, int, int, bool]] | None = None
        self._painted: list[int] = []
        self._since_move = QElapsedTimer()
        self.setMouseTracking(True)
        # Else every widget around it is painted first, by a style sheet.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
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

    def indexAt(self, place: QPoint) -> QModelIndex:
        """Cell at a place; none in a row that is not painted, being cut off."""
        return QModelIndex() if self._is_cut(place.y()) else super().indexAt(place)

    def rowAt(self, y: int) -> int:
        """Row at a height; -1 = none, or one that is not painted."""
        return -1 if self._is_cut(y) else super().rowAt(y)

    def _whole_px(self) -> int:
        """Height of the rows that are wholly on screen; all of it where none is."""
        room, row = self.viewport().height(), max(1, self.rowHeight(0))
        return room // row * row or room

    def _is_cut(self, y: int) -> bool:
        return y >= self._whole_px()

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

    def dataChanged(self, first: Index, last: Index, roles: Iterable[int] = ()) -> None:
        """Ask for the cells that differ to be painted, and for no other."""
        if not self.records.changes:
            super().dataChanged(first, last, list(roles))
            return
        region, height = QRegion(), max(1, self.rowHeight(0))
        offset = self.horizontalHeader().offset()
        places = {column: (x, width) for column, x, width, _ in self._places()}
        for row, columns in self.records.changes:
            spans = [places[each] for each in columns if each in places]
            if spans:
                left = min(x for x, _ in spans) - offset
                right = max(x + width for x, width in spans) - offset
                y = self.rowViewportPosition(row)
                region += QRect(left, y, right - left, height)
        self.viewport().update(region)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setFont(self._glyphs.font)
        for dirty in event.region():  # type: ignore[attr-defined]  # not in its stub
            self._paint(painter, dirty)
        painter.setClipping(False)
        self._mark_current(painter)
        painter.end()

    def _paint(self, painter: QPainter, dirty: QRect) -> None:
        """Paint the rows, or parts of rows, in a rectangle."""
        selection = self.selectionModel()
        has_any = selection.hasSelection()
        height, rows = max(1, self.rowHeight(0)), self.records.rowCount()
        # Qt's own: a cut row is below all that is painted.
        first = max(0, super().rowAt(dirty.top()))
        top = self.rowViewportPosition(first) if rows else 0
        bottom = min(dirty.bottom(), self._whole_px() - 1)
        last = min(rows - 1, first + (bottom - top) // height)
        painter.setClipRect(dirty)
        left, is_whole = -self.horizontalHeader().offset(), self._spans(dirty)
        for row in range(first, last + 1):
            y = top + (row - first) * height
            chosen = has_any and selection.isRowSelected(row, QModelIndex())
            ground = self._shade if row % 2 else self._ground
            box = QRect(dirty.x(), y, dirty.width(), height)
            painter.fillRect(box, self._chosen if chosen else ground)
            self._write_row(painter, row, box.translated(-left, 0), left, is_whole)
            for column in self._painted:
                index = self.records.index(row, column)
                if dirty.intersects(self.visualRect(index)):
                    self._delegate(painter, index, chosen=chosen)
        below = top + (last + 1 - first) * height if last >= first else 0
        if dirty.bottom() >= below:
            dirty.setTop(max(dirty.top(), below))
            painter.fillRect(dirty, self._ground)

    def _spans(self, dirty: QRect) -> bool:
        """Whether a rectangle holds the rows' whole width."""
        return dirty.width() >= min(
            self.viewport().width(), self.horizontalHeader().length()
        )

    def _write_row(
        self, painter: QPainter, row: int, box: QRect, left: int, is_whole: bool
    ) -> None:
        """Write what of a row lies in a box, in the row's own coordinates."""
        cells = self.records.cells(row)
        picture = self._picture(row, cells, box.height()) if is_whole else None
        if picture is not None:
            painter.drawPixmap(left, box.y(), picture)
            return
        painter.translate(left, box.y())
        self._write(painter, cells, box)
        painter.translate(-left, -box.y())

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

    def _picture(self, row: int, cells: list[Cell], height: int) -> QPixmap | None:
        """A row's texts on nothing, from the second time that it is asked for as it is.

        In a storm most rows are seen but once: a picture would cost more than the text.
        """
        number = self.records.source_row(row)
        known = self._pictures.get(number)
        if known is None or known[0] != cells:
            if len(self._pictures) >= _KEPT:
                self._pictures.clear()
            self._pictures[number] = cells, None
            return None
        scale, picture = self.devicePixelRatioF(), known[1]
        if (
            picture is not None
            and picture.devicePixelRatio() == scale
            and picture.height() == round(height * scale)
        ):
            return picture
        width = max(1, self.horizontalHeader().length())
        picture = QPixmap(round(width * scale), round(height * scale))
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setFont(self._glyphs.font)
        self._write(painter, cells, QRect(0, 0, width, height))
        painter.end()
        self._pictures[number] = cells, picture
        return picture

    def _write(self, painter: QPainter, cells: list[Cell], part: QRect) -> None:
        """Write the cells that lie in a part of their row."""
        glyphs, before, height = self._glyphs, None, part.height()
        begin, end = part.left(), part.left() + part.width()
        for column, x, width, is_number in self._places():
            text, colour = cells[column]
            if not text or x >= end or x + width <= begin:
                continue
            if colour != before:
                painter.setPen(self._pen(colour))
                before = colour
            room = width - 2 * _PAD
            glyphs.draw_once(painter, x + _PAD, room, height, text, is_number)

    def _places(self) -> list[tuple[int, int, int, bool]]:
        """Columns that are written here: number, left edge, width, px; to the right."""
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
                is_number = self.records.columns[column].is_number
                found.append((column, x, width, is_number))
            self._columns = found
        return self._columns

    def _delegate(self, painter: QPainter, index: QModelIndex, *, chosen: bool) -> None:
        option = QStyleOptionViewItem()
        option.rect = self.visualRect(index)
        if chosen:
            option.state |= QStyle.StateFlag.State_Selected
        painter.save()
        self.itemDelegateForColumn(index.column()).paint(painter, option, index)
        painter.restore()

    def _pen(self, colour: str) -> QPen:
        if not colour:
            return self._usual
        pen = self._pens.get(colour)
        if pen is None:
            pen = self._pens[colour] = QPen(QColor(colour))
        return pen
