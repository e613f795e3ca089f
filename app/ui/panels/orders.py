"""The blotter of orders."""

import numpy as np
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.models.blotters import Blotters
from app.ui.models.messages import Level
from app.ui.models.orders import ENDED
from app.ui.models.table import RecordTable


def is_working(orders: np.ndarray) -> np.ndarray:
    """Mask of the orders that have not ended."""
    return ~np.isin(orders["status"], [int(status) for status in ENDED])


class OrdersPanel(QWidget):
    """Orders, newest first; working ones alone if wanted; cancel those selected."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        desk, bridge = context.desk, context.bridge
        columns = Blotters(desk, context.theme).orders()
        self.table = RecordTable(columns, lambda: desk.orders.rows)
        self.view = BlotterView(
            self.table, "No orders yet. Arm the ladder and click a size."
        )
        self._working = QPushButton("Working only")
        self._working.setCheckable(True)
        self._working.toggled.connect(self._on_toggled)
        self.view.bar.addWidget(self._working)
        self.view.add_button(
            "Cancel selected", "Cancel the selected orders", self._on_cancel
        )
        self.view.add_export("orders", lambda text: bridge.tell(text, Level.ERROR))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        bridge.tables_due.connect(self.view.sync)
        bridge.reports_arrived.connect(self.view.on_news)
        bridge.session_changed.connect(self.table.sync)

    def _on_toggled(self, is_on: bool) -> None:
        self.table.show_where(is_working if is_on else None)

    def _on_cancel(self) -> None:
        rows = self.view.chosen()
        ids = [int(self.table.record(row)["client_order_id"]) for row in rows]
        self._context.trading.cancel(ids)
