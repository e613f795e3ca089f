"""The life of one order, as a list: time, how long after the first, who, what, why."""

from typing import Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.text_table import TextTable
from app.ui.models.market import Listed
from app.ui.models.order_life import Event
from app.ui.models.order_text import order_text
from app.ui.models.telling import Subject

_SIZE: Final = (760, 360)
_HEADS: Final = ("Time", "After", "Who", "What")
_NOTHING: Final = "Nothing is kept of this order any more; the session's log has it."


class OrderLife(QDialog):
    """Follows one order until it is closed; it blocks nothing.

    Parameters
    ----------
    context : Context
    order : OWN_ORDER record
    listed : Listed
    parent : QWidget
    """

    def __init__(
        self, context: Context, order: np.void, listed: Listed, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._context, self._listed = context, listed
        self._order = int(order["client_order_id"])
        self._shown: list[Event] = []
        name = listed.instrument.name
        self.setWindowTitle(f"Life of order {formatting.order_number(self._order)}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.title = QLabel(f"{name} · {order_text(order, listed)}")
        self.title.setProperty("role", "muted")
        self.table = TextTable("Events of the order")
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setSectionResizeMode(
            QHeaderView.ResizeMode.Interactive
        )
        self.copy = QPushButton("&Copy")
        self.copy.clicked.connect(self._copy)
        leave = QPushButton("C&lose")
        leave.clicked.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(self.copy)
        line.addStretch(1)
        line.addWidget(leave)
        layout = QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(self.table, 1)
        layout.addLayout(line)
        self.refresh()
        context.bridge.tables_due.connect(self.refresh)
        context.bridge.session_changed.connect(self.reject)

    def refresh(self) -> None:
        """Show what is known by now."""
        context = self._context
        lives, currency = context.bridge.lives, context.desk.currency
        events = lives.life(self._order, Subject(self._listed, currency))
        if events != self._shown or not self.table.text.rows:
            self._shown = events
            rows = _rows(events) or [("", "", "", _NOTHING)]
            self.table.show_rows(_HEADS, rows)

    def _copy(self) -> None:
        lines = [_HEADS, *self.table.text.rows]
        text = "\n".join("\t".join(line) for line in lines)
        QGuiApplication.clipboard().setText(text)


def _rows(events: list[Event]) -> list[tuple[str, str, str, str]]:
    begin = events[0].ts if events else 0
    return [
        (
            formatting.clock_time(each.ts, fine=True),
            f"+{formatting.duration(each.ts - begin)}" if each.ts > begin else "",
            each.who,
            each.what,
        )
        for each in events
    ]
