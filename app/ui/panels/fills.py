"""The blotter of fills."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.models.blotters import Blotters
from app.ui.models.messages import Level
from app.ui.models.table import RecordTable


class FillsPanel(QWidget):
    """Fills, newest first."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        desk, bridge = context.desk, context.bridge
        columns = Blotters(desk, context.theme).fills()
        self.table = RecordTable(columns, lambda: desk.fills.rows)
        self.view = BlotterView(self.table, "No fills yet.")
        self.view.add_export("fills", lambda text: bridge.tell(text, Level.ERROR))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        bridge.tables_due.connect(self.view.sync)
        bridge.reports_arrived.connect(self.view.on_news)
        bridge.session_changed.connect(self.table.sync)
