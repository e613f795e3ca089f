"""Sweeps that are kept: a list to open and delete from."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMessageBox, QPushButton, QVBoxLayout, QWidget

from app.ui import formatting
from app.ui.items.blotter_view import BlotterView
from app.ui.items.question import ask
from app.ui.items.row_menu import row_menu
from app.ui.models.sweep_list import SweepList
from app.ui.models.table import RecordTable
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.sweeps.store import SweepSummary

_EMPTY: Final = "No sweep is kept yet."


class SweepShelf(QWidget):
    """Lists what is kept.

    Signals
    -------
    open_wanted(str)
        A sweep's name.
    delete_wanted(object)
        Names; the user has confirmed it.
    """

    open_wanted = Signal(str)
    delete_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.list = SweepList()
        self.table = RecordTable(self.list.columns(theme), lambda: self.list.rows)
        self.view = BlotterView(self.table, _EMPTY)
        self.view.table.setAccessibleName("Sweeps that are kept")
        self.dialog: QMessageBox | None = None
        self.buttons: dict[str, QPushButton] = {
            "open": self.view.add_button("Open", "Show it (Enter)", self.open),
            "delete": self.view.add_button(
                "Delete…", "Delete what is selected", self.ask_delete
            ),
        }
        self.view.bar.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        table = self.view.table
        table.selectionModel().selectionChanged.connect(self._on_selected)
        table.doubleClicked.connect(lambda _: self.open())
        table.entered_row.connect(lambda _: self.open())
        table.deleted.connect(self.ask_delete)
        self.view.menu_wanted.connect(self._on_menu)
        self._on_selected()

    def show_sweeps(self, sweeps: "Sequence[SweepSummary]") -> None:
        """Show another listing, newest first."""
        self.list.show(sweeps)
        self.view.table.clearSelection()
        self.view.renew()
        self.view.sync()
        self._on_selected()

    def chosen(self) -> "list[SweepSummary]":
        """Those that are selected."""
        rows = [row for row in self.view.chosen() if row < self.table.rowCount()]
        return [self.list.sweep(self.table.record(row)) for row in rows]

    def open(self) -> None:
        """Ask for the selected one to be shown."""
        chosen = self.chosen()
        if len(chosen) == 1 and not chosen[0].damaged:
            self.open_wanted.emit(chosen[0].name)

    def ask_delete(self) -> None:
        """Ask whether the selected ones are to go."""
        names = [each.name for each in self.chosen()]
        if not names:
            return
        self.dialog = ask(
            self,
            "Delete?",
            f"{formatting.plural(len(names), 'sweep')} will be gone for good.",
            "Delete",
            partial(self.delete_wanted.emit, names),
            keeps="Keep",
        )

    def _on_selected(self, *_: object) -> None:
        chosen = self.chosen()
        is_sound = len(chosen) == 1 and not chosen[0].damaged
        self.buttons["open"].setEnabled(is_sound)
        self.buttons["delete"].setEnabled(bool(chosen))

    def _on_menu(self, _: int, place: QPoint) -> None:
        entries = (("Open", self.open), ("Delete…", self.ask_delete))
        self.menu = row_menu(self, entries, place)

    def showEvent(self, event: object) -> None:
        self.view.sync()
