"""The blotter of positions."""

from functools import partial
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.ui.asking import Asking
from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.lines import Line
from app.ui.items.row_menu import Entry, row_menu
from app.ui.models.blotters import Blotters
from app.ui.models.deciding import Deciding
from app.ui.models.intent import Intent
from app.ui.models.messages import Level
from app.ui.models.positions import ACCOUNT, may_act, position_rows, totals
from app.ui.models.protective import reverse_intent
from app.ui.models.table import RecordTable

_SPARE: Final = (
    "Break-even", "P&L %", "Fees", "P&L ticks", "Held by", "Mark", "Exposure",
    "Realised", "Reverse", "Close",
)  # fmt: skip


class PositionsPanel(QWidget):
    """Positions of the account, each closed or turned round with one press."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._asking = Asking(context)
        self._hand = Deciding(make=self._make)
        desk, bridge = context.desk, context.bridge
        columns = Blotters(desk, context.theme).positions()
        self.by_holder = QPushButton("By holder")
        self.by_holder.setCheckable(True)
        self.by_holder.setProperty("role", "pad")
        self.by_holder.setToolTip("Below each position, who has which part of it")
        self.table = RecordTable(columns, self._rows)
        self.view = BlotterView(self.table, "No positions.")
        self.view.bar.addWidget(self.by_holder)
        self.by_holder.toggled.connect(self.view.sync)
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
        self.view.spare_columns(*_SPARE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.addWidget(self.view)
        padded = QHBoxLayout()
        padded.setContentsMargins(8, 0, 8, 0)
        padded.addWidget(self.total)
        layout.addLayout(padded)
        self.view.action_pressed.connect(self._act)
        self.view.menu_wanted.connect(self._on_menu)
        self.view.table.deleted.connect(self._on_close)
        self.view.table.entered_row.connect(self._on_show)
        bridge.tables_due.connect(self._on_due)
        bridge.session_changed.connect(self.view.renew)
        bridge.instruments_changed.connect(self.view.renew)

    def state(self) -> dict[str, Any]:
        """Columns, sorting, and whether holders have rows of their own."""
        return self.view.state() | {"by_holder": self.by_holder.isChecked()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        self.view.restore(state)
        self.by_holder.setChecked(state.get("by_holder") is True)

    def _rows(self) -> np.ndarray:
        # The session's order from the top; the table shows its source's newest first.
        rows = position_rows(self._context.desk, by_holder=self.by_holder.isChecked())
        return rows[::-1]

    def _on_due(self) -> None:
        if self.isVisible():
            self.view.sync()
            theme = self._context.theme
            self.total.show_text(totals(self._context.desk), theme.text)

    def _act(self, row: int, does: str) -> None:
        self._act_on(self.table.record(row).copy(), does)

    def _act_on(self, row: np.void, does: str) -> None:
        """Close or reverse what a row held when it was pressed."""
        instrument, strategy = int(row["instrument"]), int(row["strategy"])
        if not may_act(row, does):
            return
        if does == "reverse" or strategy == 0:
            self._turn(instrument, int(row["position"]), is_whole=does == "reverse")
        else:
            self._context.trading.close(instrument, max(0, strategy))

    def _turn(self, instrument: int, held: int, *, is_whole: bool) -> None:
        """Close by an order of one's own, or turn round; the same again confirms."""
        at = self._context.situation(instrument)
        if at is None:
            return
        unready = self._context.bridge.unready()
        intent = reverse_intent(at, held, unready, whole=is_whole)
        self._hand.is_staging = self._context.safety.is_staging
        if self._hand.ask(intent, self._context.clock.monotonic_ns()):
            words = f"CONFIRM · {intent.text} · the same press again sends it"
            self._context.bridge.tell(words, Level.WARNING)

    def _make(self, intent: Intent) -> None:
        why_not = self._asking.act(intent)
        if why_not:
            self._context.bridge.tell(intent.text, Level.WARNING)

    def _on_close(self) -> None:
        self._act_on_chosen("close")

    def _on_reverse(self) -> None:
        self._act_on_chosen("reverse")

    def _act_on_chosen(self, does: str) -> None:
        rows = [self.table.record(row).copy() for row in self.view.chosen()]
        whole = {int(x["instrument"]) for x in rows if x["strategy"] == ACCOUNT}
        for row in rows:
            # A part goes with its whole: it must not be closed twice.
            if row["strategy"] == ACCOUNT or int(row["instrument"]) not in whole:
                self._act_on(row, does)

    def _on_show(self, row: int) -> None:
        self._context.focus.choose(int(self.table.record(row)["instrument"]))

    def _on_menu(self, row: int, place: QPoint) -> None:
        # A menu outlives the row's number: what it does goes by the instrument.
        record = self.table.record(row).copy()
        number = int(record["instrument"])
        show = partial(self._context.focus.choose, number)
        entries: list[Entry] = [("Show in the ladder", show)]
        for does in ("close", "reverse"):
            if may_act(record, does):
                act = partial(self._act_on, record, does)
                entries.append((does.capitalize(), act))
        entries.append(("Copy rows", self.view.copy))
        self.menu = row_menu(self, entries, place)
