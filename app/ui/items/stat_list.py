"""Statistics by section in columns: a label, a value; its definition as a tool tip."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.analytics.report.records import Section
from app.ui.laid_out import take_out
from app.ui.models import report_text
from app.ui.theme import Theme

_COLUMN_PX: Final = 290


class StatList(QWidget):
    """Sections side by side, as many as fit."""

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self._theme, self._scale = theme, scale
        self.texts: dict[str, str] = {}
        self._parts: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(22)
        self._grid.setVerticalSpacing(10)

    def show_sections(self, sections: Sequence[Section]) -> None:
        """Show other statistics."""
        for part in self._parts:
            take_out(self._grid, part)
            part.hide()
            part.deleteLater()
        self.texts = {}
        self._parts = [self._part(each) for each in sections]
        self._columns = 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, int(self.width() / (_COLUMN_PX * self._scale)))
        if columns == self._columns:
            return
        self._columns = columns
        heights = [0] * columns
        for part in self._parts:
            take_out(self._grid, part)
        columns_of: list[QVBoxLayout] = []
        for i in reversed(range(self._grid.count())):
            self._grid.takeAt(i)
        for i in range(columns):
            box = QVBoxLayout()
            box.setSpacing(12)
            columns_of.append(box)
            self._grid.addLayout(box, 0, i)
            self._grid.setColumnStretch(i, 1)
        for i in range(columns, 12):
            self._grid.setColumnStretch(i, 0)
        for part in self._parts:
            at = heights.index(min(heights))
            heights[at] += part.sizeHint().height()
            columns_of[at].addWidget(part)
        for box in columns_of:
            box.addStretch(1)

    def _part(self, section: Section) -> QWidget:
        part = QWidget(self)
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        head = QLabel(section.title)
        head.setProperty("role", "heading")
        grid.addWidget(head, 0, 0, 1, 2)
        for row, each in enumerate(section.statistics, 1):
            label = QLabel(each.label)
            label.setProperty("role", "muted")
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            text = self.texts[each.key] = report_text.told(each.value, each.format)
            value = QLabel(text)
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            value.setStyleSheet(f"color: {report_text.colour(each, self._theme)};")
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(f"{each.label} {text}")
            for widget in (label, value):
                widget.setTextFormat(Qt.TextFormat.PlainText)
                widget.setToolTip(report_text.tip(each))
            grid.addWidget(label, row, 0)
            grid.addWidget(value, row, 1)
        return part
