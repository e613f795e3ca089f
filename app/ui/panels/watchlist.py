"""The watchlist: every instrument of the session at a glance; a row chooses it."""

from typing import Any

import numpy as np
from PySide6.QtCore import QItemSelectionModel, QModelIndex
from PySide6.QtWidgets import QAbstractItemView, QVBoxLayout, QWidget

from app.sessions.history import MarketHistory
from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.sparkline import SparklineDelegate
from app.ui.models.messages import Level
from app.ui.models.table import RecordTable
from app.ui.models.watchlist import TREND, WatchColumns, sparkline, watch_rows

_PULSES = 5
_SPARE = ("Low", "High", "Volume", "Spread", "Position", TREND, "Bid", "Ask")
"""Columns that go where there is no room, the first one first."""


class WatchlistPanel(QWidget):
    """A table of instruments; the chosen row is the panel's focus, both ways."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        desk, bridge = context.desk, context.bridge
        self._lines: dict[int, np.ndarray] = {}
        self._pulses = 0
        columns = WatchColumns(desk, context.theme).columns()
        self.table = RecordTable(columns, self._rows)
        self.view = BlotterView(self.table, "No instruments yet.")
        self.view.add_export("watchlist", lambda text: bridge.tell(text, Level.ERROR))
        table = self.view.table
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setAccessibleName("Watchlist")
        self.view.spare_columns(*_SPARE)
        trend = next(i for i, column in enumerate(columns) if column.title == TREND)
        table.setItemDelegateForColumn(
            trend, SparklineDelegate(context.theme, table, self._line)
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        table.selectionModel().currentRowChanged.connect(self._on_row)
        bridge.tables_due.connect(self._on_due)
        bridge.session_changed.connect(self._on_session_changed)
        context.focus.changed.connect(self._show_focus)

    def _history(self) -> MarketHistory | None:
        session = self._context.bridge.session
        return session.history if session is not None else None

    def _rows(self) -> Any:
        # Session order from the top; the table shows its source's newest first.
        return watch_rows(self._context.desk, self._history())[::-1]

    def _line(self, row: int) -> np.ndarray:
        number = int(self.table.record(row)["instrument"])
        return self._lines.get(number, np.zeros(0))

    def showEvent(self, event: object) -> None:
        self._pulses = 0
        self._on_due()

    def _on_due(self) -> None:
        if not self.isVisible():
            return
        if self._pulses % _PULSES == 0:
            history, listed = self._history(), self._context.desk.market.listed
            self._lines = {x.number: sparkline(history, x.number) for x in listed}
            self.view.table.viewport().update()
        self._pulses += 1
        self.view.sync()
        if not self.view.table.selectionModel().hasSelection():
            self._show_focus()

    def _on_session_changed(self) -> None:
        self._lines, self._pulses = {}, 0
        self.table.sync()

    def _on_row(self, current: QModelIndex, before: QModelIndex) -> None:
        if current.isValid() and current.row() < self.table.rowCount():
            record = self.table.record(current.row())
            self._context.focus.choose(int(record["instrument"]))

    def _show_focus(self) -> None:
        """Mark the row of the instrument that the focus names."""
        for row in range(self.table.rowCount()):
            if self.table.record(row)["instrument"] == self._context.focus.number:
                flag = QItemSelectionModel.SelectionFlag
                self.view.table.selectionModel().setCurrentIndex(
                    self.table.index(row, 0), flag.ClearAndSelect | flag.Rows
                )
