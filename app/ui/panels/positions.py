"""The blotter of positions."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.models.blotters import Blotters, position_rows
from app.ui.models.messages import Level
from app.ui.models.table import RecordTable


class PositionsPanel(QWidget):
    """Positions of the account, each closed with one press."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        desk, bridge = context.desk, context.bridge
        columns = Blotters(desk, context.theme).positions()
        self.table = RecordTable(columns, lambda: position_rows(desk))
        self.view = BlotterView(self.table, "No positions.")
        self.view.add_button(
            "Close selected",
            "Close the selected positions by limits inside the collar",
            self._on_close,
        )
        self.view.add_export("positions", lambda text: bridge.tell(text, Level.ERROR))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        bridge.tables_due.connect(self.view.sync)
        bridge.reports_arrived.connect(self.view.on_news)
        bridge.session_changed.connect(self.table.sync)

    def _on_close(self) -> None:
        for row in self.view.chosen():
            self._context.trading.close(int(self.table.record(row)["instrument"]))
