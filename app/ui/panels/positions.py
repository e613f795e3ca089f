"""The blotter of positions."""

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.lines import Line
from app.ui.items.row_menu import Entry, row_menu
from app.ui.models.blotters import Blotters
from app.ui.models.messages import Level
from app.ui.models.positions import position_rows, totals
from app.ui.models.table import RecordTable


class PositionsPanel(QWidget):
    """Positions of the account, each closed or turned round with one press."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        desk, bridge = context.desk, context.bridge
        columns = Blotters(desk, context.theme).positions()
        self.table = RecordTable(columns, lambda: position_rows(desk))
        self.view = BlotterView(self.table, "No positions.", delay=6)
        self.total = Line()
        self.view.add_button(
            "Close selected",
            "Close the selected positions by limits inside the collar (Delete)",
            self._on_close,
        )
        self.view.add_button(
            "Reverse selected",
            "Turn the selected positions round, at the market",
            self._on_reverse,
        )
        self.view.add_export("positions", lambda text: bridge.tell(text, Level.ERROR))
        self.view.table.setAccessibleName("Positions")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.addWidget(self.view)
        padded = QHBoxLayout()
        padded.setContentsMargins(8, 0, 8, 0)
        padded.addWidget(self.total)
        layout.addLayout(padded)
        self._acts: dict[str, Callable[[int], object]] = {
            "close": context.trading.close,
            "reverse": context.trading.reverse,
        }
        self.view.action_pressed.connect(self._act)
        self.view.menu_wanted.connect(self._on_menu)
        self.view.table.deleted.connect(self._on_close)
        self.view.table.entered_row.connect(self._on_show)
        bridge.tables_due.connect(self._on_due)
        bridge.drained.connect(self.view.on_frame)
        bridge.session_changed.connect(self.view.renew)
        bridge.instruments_changed.connect(self.view.renew)

    def state(self) -> dict[str, Any]:
        """Columns and sorting."""
        return self.view.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        self.view.restore(state)

    def _on_due(self) -> None:
        if self.isVisible():
            self.view.due()
            theme = self._context.theme
            self.total.show_text(totals(self._context.desk), theme.text)

    def _act(self, row: int, does: str) -> None:
        self._acts[does](int(self.table.record(row)["instrument"]))

    def _on_close(self) -> None:
        for row in self.view.chosen():
            self._act(row, "close")

    def _on_reverse(self) -> None:
        for row in self.view.chosen():
            self._act(row, "reverse")

    def _on_show(self, row: int) -> None:
        self._context.focus.choose(int(self.table.record(row)["instrument"]))

    def _on_menu(self, row: int, place: QPoint) -> None:
        # A menu outlives the row's number: what it does goes by the instrument.
        record = self.table.record(row)
        number = int(record["instrument"])
        show = partial(self._context.focus.choose, number)
        entries: list[Entry] = [("Show in the ladder", show)]
        if record["position"]:
            for does in self._acts:
                act = partial(self._acts[does], number)
                entries.append((does.capitalize(), act))
        entries.append(("Copy rows", self.view.copy))
        self.menu = row_menu(self, entries, place)
