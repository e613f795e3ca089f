"""A dock with one panel in it."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDockWidget, QWidget

from app.ui.context import Context
from app.ui.panel_host import PanelHost
from app.ui.panel_rows import PanelRow, instance_name, instance_title


class PanelDock(QDockWidget):
    """One instance of a panel.

    Attributes
    ----------
    row : PanelRow
    number : int
        1 for the first instance of its kind.
    name : str
    host : PanelHost

    Signals
    -------
    dismissed(str)
        An added instance was closed by the user; the name says which.
    """

    dismissed = Signal(str)

    def __init__(self, row: PanelRow, number: int, parent: QWidget) -> None:
        super().__init__(instance_title(row, number).replace("&", "&&"), parent)
        self.row, self.number = row, number
        self.name = instance_name(row, number)
        self.setObjectName(self.name)
        self.host = PanelHost(instance_title(row, number), row.factory)
        self.setWidget(self.host)
        self.visibilityChanged.connect(self.host.show_panel)

    def give(self, context: Context) -> None:
        """Hand the panel what it needs; one that is there is made anew."""
        self.host.give(context)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        if self.number > 1:
            self.dismissed.emit(self.name)
