"""A dock with one panel in it; floating, it is a window like any other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QKeyEvent,
    QMoveEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QDockWidget, QWidget

from app.ui.context import Context
from app.ui.dock_title import DockTitle
from app.ui.links import Link
from app.ui.models.desk import Desk
from app.ui.panel_host import PanelHost
from app.ui.panel_rows import PanelRow, instance_name, instance_title
from app.ui.tab_order import first_stop

_WINDOW: Final = (
    Qt.WindowType.Window
    | Qt.WindowType.WindowTitleHint
    | Qt.WindowType.WindowSystemMenuHint
    | Qt.WindowType.WindowMinMaxButtonsHint
    | Qt.WindowType.WindowCloseButtonHint
)
_WHILE_DRAGGED_MS: Final = 50
_NEAR_PX: Final = 64
"""A window manager may put a window so far from where it was asked to."""
_GRASP: Final = (120, 24)
"""So much of a window's upper edge must be on a screen to be got hold of, pixels."""


class PanelDock(QDockWidget):
    """One instance of a panel.

    Attributes
    ----------
    row : PanelRow
    number : int
        1 for the first instance of its kind.
    name : str
    link : Link
        The instrument it shows and whom it shares it with.
    host : PanelHost
    title : DockTitle

    Signals
    -------
    dismissed(str)
        An added instance was closed by the user; the name says which.
    key_pressed(object)
        A QKeyEvent that nothing in this window wanted.
    touched()
        It was moved, resized, opened, closed or linked otherwise.
    """

    dismissed = Signal(str)
    key_pressed = Signal(object)
    touched = Signal()

    def __init__(
        self, row: PanelRow, number: int, desk: Desk, link: Link, parent: QWidget
    ) -> None:
        title = instance_title(row, number)
        super().__init__(title.replace("&", "&&"), parent)
        self._window = parent
        self.row, self.number, self.link = row, number, link
        self.name = instance_name(row, number)
        self.setObjectName(self.name)
        self.host = PanelHost(title, row.factory)
        self.title = DockTitle(title, desk, link if row.is_linked else None)
        self.setTitleBarWidget(self.title)
        self.setWidget(self.host)
        self._away: tuple[QRect, QRect] | None = None  # wanted, and where it is put
        self._become = QTimer(self)
        self._become.setSingleShot(True)
        self._become.timeout.connect(self._become_window)
        self.title.float_wanted.connect(self.toggle_float)
        self.title.close_wanted.connect(self.close)
        self.visibilityChanged.connect(self.host.show_panel)
        self.topLevelChanged.connect(self._on_top_level)
        for signal in (
            self.visibilityChanged,
            self.topLevelChanged,
            self.dockLocationChanged,
            link.changed,
        ):
            signal.connect(self.touched)

    def give(self, context: Context) -> None:
        """Hand the panel what it needs; one that is there is made anew."""
        self.title.dress(context.theme, context.settings.scale)
        self.host.give(replace(context, focus=self.link.focus))

    def toggle_float(self) -> None:
        """Make it a window of its own, or bring it back."""
        self.setFloating(not self.isFloating())
        if self.isFloating():
            scale = self.title.scale
            place = QRect(0, 0, *(round(side * scale) for side in self.row.size))
            place.moveCenter(self._window.frameGeometry().center())
            self.put_on_screen(place)
        else:
            self.raise_()  # in sight, before the others of its tabs

    def take_keyboard(self) -> None:
        """Give the keyboard to what the panel is for."""
        if self.host.panel is None:
            self.setFocus()
            return
        first = first_stop(self.host.panel) or self.title.dismiss
        first.setFocus(Qt.FocusReason.TabFocusReason)

    def put_on_screen(self, wanted: QRect) -> None:
        """Move a floating panel to a place, or near to it where no screen is there."""
        screens = [each.availableGeometry() for each in QGuiApplication.screens()]
        place = on_screen(wanted, screens)
        self.setGeometry(place)
        self._away = (wanted, place) if place != wanted else None

    def place(self) -> QRect:
        """Where it floats; where it shall float again, while that screen is gone."""
        # Where a maximised window goes back to when it is made smaller.
        now = self.normalGeometry() if self.isMaximized() else self.geometry()
        if self._away is None:
            return now
        wanted, put = self._away
        moved = (now.topLeft() - put.topLeft()).manhattanLength()
        return wanted if now.size() == put.size() and moved < _NEAR_PX else now

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        if self.number > 1:
            self.dismissed.emit(self.name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.touched.emit()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.touched.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if self.isFloating():
            self.key_pressed.emit(event)

    def _on_top_level(self, is_floating: bool) -> None:
        if is_floating:
            self._become.start(0)

    def _become_window(self) -> None:
        """Give a floating dock a frame with buttons, once nobody drags it."""
        if not self.isFloating() or self.windowFlags() & _WINDOW == _WINDOW:
            return
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._become.start(_WHILE_DRAGGED_MS)
            return
        place, was_shown = self.geometry(), self.isVisible()
        self.setWindowFlags(_WINDOW)
        self.setGeometry(place)
        if was_shown:
            self.show()


def is_in_sight(dock: QDockWidget) -> bool:
    """Whether a panel is shown, and not behind another of its stack.

    Those Qt moves out of the window, and leaves them shown. What is visible of a dock
    says nothing: it has no pixel of its own where its title and its panel paint all.
    """
    if dock.isFloating() or not dock.isVisible():
        return dock.isVisible()
    return dock.window().rect().intersects(dock.geometry())


def on_screen(wanted: QRect, screens: Sequence[QRect]) -> QRect:
    """Where a window may be: as wanted if it can be got hold of, else on a screen.

    Parameters
    ----------
    wanted : QRect
    screens : sequence of QRect
        What may be used of each screen, the main one first.
    """
    edge = QRect(wanted.left(), wanted.top(), wanted.width(), _GRASP[1])
    for screen in screens:
        seen = edge.intersected(screen)
        if seen.width() >= min(_GRASP[0], edge.width()) and seen.height() >= _GRASP[1]:
            return wanted
    if not screens:
        return wanted
    home = screens[0]
    size = wanted.size().boundedTo(home.size())
    place = QRect(home.topLeft(), size)
    place.moveCenter(home.center())
    return place
