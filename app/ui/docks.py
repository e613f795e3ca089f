"""The docks of the window: which panels there are, one dock an instance.

The first instance of each kind always has a dock, shown or not, so that Qt keeps its
place; others are added and removed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from app.ui.context import Context
from app.ui.dock_tabs import DockTabs
from app.ui.links import Links
from app.ui.models.desk import Desk
from app.ui.panel_dock import PanelDock, is_in_sight
from app.ui.panel_host import PanelHost
from app.ui.panel_rows import (
    BY_NAME,
    PANELS,
    PanelRow,
    import_next,
    instance_name,
    parse_instance,
)

_IMPORT_MS: Final = 100
_WIDE: Final = 1.5
"""Width of a wide panel, times its height."""
"""Between two imports of panels that nobody has asked for yet: frames go before."""


class Docks(QObject):
    """All docks by name.

    Attributes
    ----------
    by_name : dict of str to PanelDock

    Signals
    -------
    changed()
        A dock was added or removed.
    search_wanted(object)
        An instrument is to be searched for a Link.
    touched()
        A dock was moved, resized, opened, closed or linked otherwise.
    key_pressed(object)
        A QKeyEvent in a floating panel that nothing there wanted.
    """

    changed = Signal()
    touched = Signal()
    search_wanted = Signal(object)
    key_pressed = Signal(object)

    def __init__(self, window: QMainWindow, desk: Desk, links: Links) -> None:
        super().__init__(window)
        self._window, self._desk, self._links = window, desk, links
        self._context: Context | None = None
        self.by_name: dict[str, PanelDock] = {}
        self._used: dict[str, str] = {}
        self._last = ""
        self._tabs = DockTabs(window)
        for row in PANELS:
            self._make(row, 1)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def give(self, context: Context) -> None:
        """Hand every panel its context."""
        self._context = context
        for dock in self.by_name.values():
            dock.give(context)

    def import_soon(self) -> None:
        """Import panels that were not shown yet, so that the first look waits less.

        One at a time, and none in the frame that asks for it.
        """
        QTimer.singleShot(_IMPORT_MS, self, self._import_ahead)

    def _import_ahead(self) -> None:
        if import_next():
            self.import_soon()

    def strip(self) -> None:
        """Take the panels away until they are given a context: the look changes."""
        for dock in self.by_name.values():
            dock.host.strip()

    def hosts(self) -> dict[str, PanelHost]:
        """The panels' hosts by name."""
        return {name: dock.host for name, dock in self.by_name.items()}

    def ordered(self) -> Iterator[PanelDock]:
        """Docks in the order of their rows, then of their numbers."""
        order = {row.name: place for place, row in enumerate(PANELS)}
        return iter(
            sorted(
                self.by_name.values(),
                key=lambda each: (order[each.row.name], each.number),
            )
        )

    @contextmanager
    def arranging(self) -> Iterator[None]:
        """While docks are moved about no panel is made; those seen are at its end."""
        for dock in self.by_name.values():
            dock.host.is_waiting = True
        size = self._window.size()
        is_animated = self._window.isAnimated()
        self._window.setAnimated(False)  # nobody sees the way to where they go
        try:
            yield
        finally:
            self._window.setAnimated(is_animated)
            layout = self._window.layout()
            assert layout is not None
            layout.activate()  # only now Qt knows which docks are behind others
            # On the way docks stood one below the other, and the window grew for them.
            if self._window.size() != size:
                self._window.resize(size)
            for dock in list(self.by_name.values()):
                dock.host.settle()

    # Instances.

    def add(self, kind: str) -> PanelDock:
        """Show one more panel of a kind; where there is but one, show that."""
        row = BY_NAME[kind]
        number = 1
        if row.is_many:
            while not self._is_free(instance_name(row, number)):
                number += 1
        dock = self.ensure(instance_name(row, number))
        assert dock is not None
        self._place(dock)
        dock.take_keyboard()
        self._last = dock.name
        return dock

    def ensure(self, name: str) -> PanelDock | None:
        """Return a dock, made if it is missing; None for a name that says nothing."""
        if name in self.by_name:
            return self.by_name[name]
        parsed = parse_instance(name)
        if parsed is None:
            return None
        dock = self._make(*parsed)
        self.changed.emit()
        return dock

    def remove(self, name: str) -> None:
        """Take an added instance away; a first one is only hidden."""
        dock = self.by_name[name]
        if dock.number == 1:
            dock.hide()
            return
        del self.by_name[name]
        self._window.removeDockWidget(dock)
        # It lives on for a moment; Qt shall not find it by the name of the next.
        dock.setObjectName("")
        self._links.drop(dock.link)
        dock.deleteLater()
        self.changed.emit()

    def show(self, name: str) -> None:
        """Bring a panel to the front."""
        dock = self.by_name[name]
        if not dock.isVisible() and self._is_homeless(dock):
            self._place(dock)
        dock.show()
        dock.raise_()
        self._last = name

    def go_to(self, name: str) -> None:
        """Bring a panel to the front and give it the keyboard."""
        self.show(name)
        dock = self.by_name[name]
        dock.activateWindow()
        dock.take_keyboard()

    def has_keyboard(self) -> bool:
        """Whether the keyboard is in a panel, or nowhere: on no bar of the window."""
        focus = self._window.focusWidget()
        return focus in (None, self._window) or self._of(focus) is not None

    def go_on(self, dock: PanelDock | None) -> None:
        """Give the keyboard back to a panel that was made anew; else begin."""
        if dock is not None and _is_seen(dock):
            dock.take_keyboard()
            self._last = dock.name
        else:
            self.begin()

    def begin(self) -> None:
        """Give the keyboard to a ladder that is seen, else to the panel with most room.

        Else it is where Qt happens to find a button.
        """
        ladders = (x for x in self.ordered() if x.row.name == "ladder" and _is_seen(x))
        dock = next(ladders, None) or self._widest()
        if dock is not None:
            dock.take_keyboard()
            self._last = dock.name

    def used(self, kind: str) -> PanelDock | None:
        """The instance of a kind that was used last, of those that can be seen."""
        last = self.by_name.get(self._used.get(kind, kind))
        every = [dock for dock in self.ordered() if dock.row.name == kind]
        candidates = [last, *every] if last is not None else every
        return next((dock for dock in candidates if dock.isVisible()), None)

    def raise_floats(self) -> None:
        """Bring floating panels before the window."""
        for dock in self.by_name.values():
            if dock.isFloating():
                dock.raise_()

    # The panel that is worked in.

    def worked_in(self) -> PanelDock | None:
        """The dock that has the keyboard, or had it last."""
        return self.by_name.get(self._last)

    def step(self, by: int) -> None:
        """Go on to the next panel that can be seen, or the one before."""
        shown = [dock for dock in self.ordered() if dock.isVisible()]
        if not shown:
            return
        last = self.worked_in()
        at = shown.index(last) if last in shown else -1 if by > 0 else 0
        dock = shown[(at + by) % len(shown)]
        dock.raise_()
        dock.activateWindow()
        dock.take_keyboard()
        self._last = dock.name

    def toggle_float(self) -> None:
        """Float the panel that is worked in, or bring it back."""
        dock = self.worked_in()
        if dock is not None:
            dock.toggle_float()
            dock.activateWindow()
            dock.take_keyboard()
            self._last = dock.name

    def close_panel(self) -> None:
        """Close the panel that is worked in."""
        dock = self.worked_in()
        if dock is not None:
            dock.close()

    # Parts.

    def _make(self, row: PanelRow, number: int) -> PanelDock:
        link = self._links.new()
        dock = PanelDock(row, number, self._desk, link, self._window)
        self.by_name[dock.name] = dock
        dock.dismissed.connect(self.remove)
        dock.key_pressed.connect(self.key_pressed)
        dock.touched.connect(self.touched)
        dock.title.search_wanted.connect(lambda: self.search_wanted.emit(dock.link))
        self._tabs.follow(dock)
        if number > 1:
            dock.hide()
        if self._context is not None:
            dock.give(self._context)
        return dock

    def _is_free(self, name: str) -> bool:
        dock = self.by_name.get(name)
        return dock is None or (dock.number == 1 and dock.isHidden())

    def _is_homeless(self, dock: PanelDock) -> bool:
        area = self._window.dockWidgetArea(dock)
        return area == Qt.DockWidgetArea.NoDockWidgetArea and not dock.isFloating()

    def _place(self, dock: PanelDock) -> None:
        """Put a dock beside others of its kind, else where there is room.

        Beside one that is a tab it is a tab, as large as that: Qt splits no stack.
        """
        twins = [
            each
            for each in self.by_name.values()
            if each.row is dock.row
            and each is not dock
            and each.isVisible()
            and not each.isFloating()
        ]
        if twins:
            side = Qt.Orientation.Horizontal
            self._window.splitDockWidget(twins[-1], dock, side)
        elif self._is_homeless(dock):
            widest = self._widest()
            if widest is not None:
                self._window.tabifyDockWidget(widest, dock)
            else:
                self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        dock.host.settle()
        dock.show()
        dock.raise_()

    def _widest(self) -> PanelDock | None:
        """The docked panel that most of a wide one would fit in; None = none is seen.

        A column of its own would take the room of all the others.
        """
        seen = [each for each in self.by_name.values() if _is_seen(each)]
        return max(
            seen,
            key=lambda each: min(each.width(), _WIDE * each.height()),
            default=None,
        )

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        """Remember which instance is worked in."""
        dock = self._of(new)
        if dock is not None:
            self._used[dock.row.name] = self._last = dock.name

    def _of(self, widget: QWidget | None) -> PanelDock | None:
        """The dock that a widget is in."""
        while widget is not None and not isinstance(widget, PanelDock):
            widget = widget.parentWidget()
        return widget


def _is_seen(dock: PanelDock) -> bool:
    """Whether a panel is docked, and not behind another."""
    return not dock.isFloating() and is_in_sight(dock)
