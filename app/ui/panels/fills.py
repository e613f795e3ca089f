"""The blotter of fills."""

from functools import partial
from typing import Any, Final

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.row_menu import row_menu
from app.ui.models.blotter_filter import wanted
from app.ui.models.blotters import Blotters
from app.ui.models.messages import Level
from app.ui.models.table import RecordTable

_CHIPS: Final = (
    (("Buy", "buy"), ("Sell", "sell")),
    (("Maker", "maker"), ("Taker", "taker")),
)


class FillsPanel(QWidget):
    """Fills, newest first."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        desk, bridge = context.desk, context.bridge
        columns = Blotters(desk, context.theme).fills()
        self.table = RecordTable(columns, lambda: desk.fills.rows)
        self.view = BlotterView(self.table, "No fills yet.")
        self.filter = self.view.add_filter(_CHIPS)
        self.view.add_export("fills", lambda text: bridge.tell(text, Level.ERROR))
        self.view.table.setAccessibleName("Fills")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.filter.changed.connect(self._on_filter)
        self.view.table.entered_row.connect(self._on_show)
        self.view.menu_wanted.connect(self._on_menu)
        self.view.follow(bridge)

    def state(self) -> dict[str, Any]:
        """Columns, sorting and filter."""
        return self.view.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        self.view.restore(state)

    def _on_filter(self, words: str) -> None:
        self.table.show_where(wanted(words, self._context.desk))
        self.view.sync()

    def _on_show(self, row: int) -> None:
        self._context.focus.choose(int(self.table.record(row)["instrument"]))

    def _on_menu(self, row: int, place: QPoint) -> None:
        number = int(self.table.record(row)["instrument"])
        entries = (
            ("Show in the ladder", partial(self._context.focus.choose, number)),
            ("Copy rows", self.view.copy),
        )
        self.menu = row_menu(self, entries, place)
