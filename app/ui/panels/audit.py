"""The audit panel: every command and report of the session, newest first."""

from functools import partial
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.row_menu import Entry, row_menu
from app.ui.models.audit import Audit
from app.ui.models.blotter_filter import Mask, wanted
from app.ui.models.messages import Level
from app.ui.models.order_life import REFUSALS
from app.ui.models.table import RecordTable
from app.ui.order_life import OrderLife

_REFUSED: Final = "refused"
_CHIPS: Final = ((("Refused", _REFUSED),), (("Buy", "buy"), ("Sell", "sell")))


class AuditPanel(QWidget):
    """The trail as a table: filtered, sorted, exported; an order's life by its menu."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        bridge = context.bridge
        columns = Audit(context.desk, context.theme).columns()
        self.table = RecordTable(columns, lambda: bridge.lives.trail.rows)
        self.view = BlotterView(self.table, "Nothing was asked or told yet.")
        self.filter = self.view.add_filter(_CHIPS)
        self.view.add_export("audit", lambda text: bridge.tell(text, Level.ERROR))
        self.view.table.setAccessibleName("Audit trail")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.filter.changed.connect(self._on_filter)
        self.view.table.entered_row.connect(self._on_entered)
        self.view.menu_wanted.connect(self._on_menu)
        self.view.follow(bridge)

    def state(self) -> dict[str, Any]:
        """Columns, sorting and filter."""
        return self.view.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        self.view.restore(state)

    def _on_filter(self, words: str) -> None:
        self.table.show_where(self._wanted(words))
        self.view.sync()

    def _wanted(self, words: str) -> Mask | None:
        """A filter's words to a mask; *refused* is all that was not done as asked."""
        plain = [each for each in words.split() if each.lower() != _REFUSED]
        others = wanted(" ".join(plain), self._context.desk)
        if len(plain) == len(words.split()):
            return others

        def mask(rows: np.ndarray) -> np.ndarray:
            kept: np.ndarray = REFUSALS[rows["report"]]
            return kept if others is None else kept & others(rows)

        return mask

    def _on_entered(self, row: int) -> None:
        self.show_life(self.table.record(row))

    def show_life(self, record: np.void) -> None:
        """Show the life of a row's order, if it is one's that is known."""
        order = self._context.desk.orders.order(int(record["client_order_id"]))
        listed = self._context.desk.listed(int(record["instrument"]))
        if order is not None and listed is not None:
            self.life = OrderLife(self._context, order.copy(), listed, self)
            self.life.show()

    def entries(self, row: int) -> list[Entry]:
        """What can be done with a row."""
        # A menu outlives the row's number.
        record, made = self.table.record(row).copy(), list[Entry]()
        if self._context.desk.orders.order(int(record["client_order_id"])) is not None:
            made.append(("Life of this order…", partial(self.show_life, record)))
        if record["instrument"] >= 0:
            show = partial(self._context.focus.choose, int(record["instrument"]))
            made.append(("Show in the ladder", show))
        return [*made, ("Copy rows", self.view.copy)]

    def _on_menu(self, row: int, place: QPoint) -> None:
        self.menu = row_menu(self, self.entries(row), place)
