"""The blotter of orders."""

from functools import partial
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPersistentModelIndex, QPoint
from PySide6.QtWidgets import QAbstractItemView, QVBoxLayout, QWidget

from app.ui.asking import Asking
from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.cell_editor import CellEditor
from app.ui.items.row_menu import Entry, row_menu
from app.ui.models import replacing
from app.ui.models.blotter_filter import wanted
from app.ui.models.blotters import Blotters
from app.ui.models.deciding import Deciding
from app.ui.models.intent import Intent
from app.ui.models.judge import Verdict
from app.ui.models.market import Listed
from app.ui.models.messages import Level
from app.ui.models.orders import ENDED
from app.ui.models.situation import Situation
from app.ui.models.table import RecordTable
from app.ui.order_life import OrderLife

_CHIPS: Final = (
    (
        ("Working", "working"),
        ("Filled", "filled"),
        ("Cancelled", "cancelled"),
        ("Refused", "refused"),
    ),
    (("Buy", "buy"), ("Sell", "sell")),
)
_FIRST_HIDDEN: Final = ("Trail", "Display", "Group", "Options", "Fee", "Id")
_SPARE: Final = ("Average", "Leaves", "TIF", "Stop", "Ahead", "Sent", "Type", "Filled")


class OrdersPanel(QWidget):
    """Orders, newest first: filtered, changed in their rows, cancelled."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        desk, bridge = context.desk, context.bridge
        columns = Blotters(desk, context.theme).orders()
        self.table = RecordTable(columns, lambda: desk.orders.rows)
        self.table.may_edit = _is_working
        self.view = BlotterView(
            self.table, "No orders yet. Arm the ladder and click a size."
        )
        self.filter = self.view.add_filter(_CHIPS)
        self.view.add_button(
            "Cancel selected", "Cancel the selected orders (Delete)", self._on_cancel
        )
        self.view.add_export("orders", lambda text: bridge.tell(text, Level.ERROR))
        for title in _FIRST_HIDDEN:
            self.view.show_column(self._column(title), is_shown=False)
        heading = self.view.table.horizontalHeader()
        status = heading.visualIndex(self._column("Status"))
        heading.moveSection(status, heading.count() - 1)  # the last one is widened
        self.view.spare_columns(*_SPARE)
        self._edit()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._connect()

    def _edit(self) -> None:
        table = self.view.table
        trigger = QAbstractItemView.EditTrigger
        table.setEditTriggers(trigger.DoubleClicked | trigger.EditKeyPressed)
        theme = self._context.theme
        self._asking = Asking(self._context)
        self._hand = Deciding(make=self._act)
        self.editor = CellEditor(
            self.table, theme, self._judge, self._step, self._on_entered, table
        )
        table.setItemDelegate(self.editor)
        table.setAccessibleName("Orders")

    def _connect(self) -> None:
        bridge, view = self._context.bridge, self.view
        self.filter.changed.connect(self._on_filter)
        view.action_pressed.connect(self._on_action)
        view.menu_wanted.connect(self._on_menu)
        view.table.deleted.connect(self._on_cancel)
        view.table.entered_row.connect(self._on_show)
        view.follow(bridge)
        bridge.reports_arrived.connect(view.on_news)

    def state(self) -> dict[str, Any]:
        """Columns, sorting and filter."""
        return self.view.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        self.view.restore(state)

    def _column(self, title: str) -> int:
        return [column.title for column in self.table.columns].index(title)

    def _at(self, row: int) -> Situation | None:
        number = int(self.table.record(row)["instrument"])
        return self._context.situation(number)

    # Changing an order in its row.

    def _edit_cell(self, index: QPersistentModelIndex) -> None:
        if index.isValid():
            self.view.table.edit(self.table.index(index.row(), index.column()))

    def _judge(self, row: int, what: str, text: str) -> str:
        """Say what is wrong with what is typed; "" where it can be sent."""
        intent, fault = self._intent(row, what, text)
        if intent is None or intent.verdict is not Verdict.BLOCK:
            return fault
        return intent.why

    def _intent(self, row: int, what: str, text: str) -> tuple[Intent | None, str]:
        """What a change typed into a row means, else what is wrong with it."""
        at, order = self._at(row), self.table.record(row)
        if at is None or not replacing.may_change(order, what):
            return None, "this cannot be changed"
        change, fault = replacing.read_change(order, what, text, at)
        if change is None:
            return None, fault
        unready = self._context.bridge.unready()
        return replacing.row_intent(order.copy(), change, at, unready), ""

    def _step(self, row: int, what: str, text: str, steps: int) -> str:
        at = self._at(row)
        return text if at is None else replacing.step(what, text, at, steps)

    def _on_entered(self, row: int, what: str, text: str) -> str:
        """Send a change, or confirm it; return what it waits for, "" = nothing."""
        intent, _ = self._intent(row, what, text)
        if intent is None:
            return ""
        self._hand.is_staging = self._context.safety.is_staging
        waits = self._hand.ask(intent, self._context.clock.monotonic_ns())
        return waits and f"{waits}: Enter again sends it"

    def _act(self, intent: Intent) -> None:
        why_not = self._asking.act(intent)
        if why_not:
            self._context.bridge.tell(why_not, Level.WARNING)

    # What a user does.

    def _on_filter(self, words: str) -> None:
        self.table.show_where(wanted(words, self._context.desk))
        self.view.sync()

    def _on_action(self, row: int, _: str) -> None:
        order = self.table.record(row)
        self._context.trading.cancel([int(order["client_order_id"])])

    def _on_cancel(self) -> None:
        orders = [self.table.record(row) for row in self.view.chosen()]
        ids = [int(each["client_order_id"]) for each in orders if _is_working(each)]
        self._context.trading.cancel(ids)

    def _on_show(self, row: int) -> None:
        self._context.focus.choose(int(self.table.record(row)["instrument"]))

    def _on_menu(self, row: int, place: QPoint) -> None:
        self.menu = row_menu(self, self.entries(row), place)

    def _show_life(self, order: np.void, listed: Listed) -> None:
        self.life = OrderLife(self._context, order, listed, self)
        self.life.show()

    def entries(self, row: int) -> list[Entry]:
        """What can be done with a row's order."""
        # A menu outlives the row's number: what it does goes by the order itself.
        order, at = self.table.record(row), self._at(row)
        show = partial(self._context.focus.choose, int(order["instrument"]))
        entries: list[Entry] = [("Show in the ladder", show)]
        if _is_working(order):
            ids = [int(order["client_order_id"])]
            entries.append(("Cancel", partial(self._context.trading.cancel, ids)))
            for title in ("Price", "Stop", "Quantity"):
                column = self._column(title)
                if replacing.may_change(order, self.table.columns[column].edits):
                    index = QPersistentModelIndex(self.table.index(row, column))
                    edit = partial(self._edit_cell, index)
                    entries.append((f"Change {title.lower()}", edit))
        why = "" if at is None else replacing.why(order, at)
        if why:
            entries.append((f"Why: {why}", None))
        listed = self._context.desk.listed(int(order["instrument"]))
        if listed is not None:
            tell = partial(self._show_life, order.copy(), listed)
            entries.append(("Life of this order…", tell))
        entries.append(("Copy rows", self.view.copy))
        return entries


def _is_working(order: np.void) -> bool:
    return int(order["status"]) not in ENDED
