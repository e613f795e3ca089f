"""The ladder's heading under the hand: which columns, in what order; badges, notes.

It listens to a ladder's view before the gestures do: headings mean no price, badges
lead to orders out of view, and a double click in the notes asks for words.
"""

from typing import Any, Final

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QMenu

from app.ui.items.ladder_geometry import Column
from app.ui.items.ladder_surface import LadderSurface
from app.ui.models.hand import STOP_LIMITS, stop_title
from app.ui.models.ladder_history import GROUPS
from app.ui.models.recentre import RULES

_LEFT: Final = Qt.MouseButton.LeftButton
_EVENTS: Final = frozenset(
    (
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.ContextMenu,
    )
)


class LadderHeader(QObject):
    """Columns of one ladder.

    Signals
    -------
    away_pressed(object)
        The Away whose badge was pressed.
    note_wanted(object)
        A price (price units) whose note is to be written.
    group_chosen(int)
        Ticks in a row.
    rule_chosen(str)
        Name of a rule of recentring.
    stop_chosen(int)
        What a click's stop becomes, of `hand.STOP_LIMITS`.
    reset_pressed()
        The flow is to be counted anew.

    Attributes
    ----------
    order : list of Column
        All of them, left to right.
    hidden : set of Column
    """

    away_pressed = Signal(object)
    note_wanted = Signal(object)
    group_chosen = Signal(int)
    rule_chosen = Signal(str)
    stop_chosen = Signal(int)
    reset_pressed = Signal()

    def __init__(self, view: LadderSurface) -> None:
        super().__init__(view)
        self._view = view
        self.order = list(Column)
        self.hidden: set[Column] = set()
        self.rule = next(iter(RULES))
        self._dragged: Column | None = None
        view.installEventFilter(self)

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {
            "columns": [column.name for column in self.order],
            "hidden": sorted(column.name for column in self.hidden),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept; what it does not know is passed over."""
        named = _columns(state.get("columns"))
        self.order = [*named, *(each for each in Column if each not in named)]
        self.hidden = set(_columns(state.get("hidden"))) - {Column.PRICE}
        self._show()

    def toggle(self, column: Column) -> None:
        """Show a column, or hide it; the price stays."""
        if column is not Column.PRICE:
            self.hidden ^= {column}
            self._show()

    def move(self, column: Column, target: Column) -> None:
        """Put a column where another one is."""
        if column is not target:
            place = self.order.index(target)
            self.order.remove(column)
            self.order.insert(place, column)
            self._show()

    def menu(self) -> QMenu:
        """Everything about the ladder's columns, rows and recentring."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in self.order:
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(column not in self.hidden)
            action.setEnabled(column is not Column.PRICE)
            action.triggered.connect(lambda _=False, c=column: self.toggle(c))
        menu.addSeparator()
        rows = menu.addMenu("Ticks in a row")
        for group in GROUPS:
            action = rows.addAction(str(group))
            action.setCheckable(True)
            action.setChecked(group == self._view.group)
            action.triggered.connect(lambda _=False, g=group: self.group_chosen.emit(g))
        rules = menu.addMenu("Recentre")
        for name, rule in RULES.items():
            action = rules.addAction(rule.title)
            action.setCheckable(True)
            action.setChecked(name == self.rule)
            action.triggered.connect(lambda _=False, n=name: self.rule_chosen.emit(n))
        stops = menu.addMenu("A stop becomes")
        for beyond in STOP_LIMITS:
            action = stops.addAction(stop_title(beyond))
            action.setCheckable(True)
            action.setChecked(beyond == self._view.gestures.stop_limit)
            action.triggered.connect(lambda _=False, b=beyond: self.stop_chosen.emit(b))
        menu.addSeparator()
        menu.addAction("Count sold, bought, pulled and stacked anew").triggered.connect(
            lambda _=False: self.reset_pressed.emit()
        )
        menu.addAction("Columns as they ship").triggered.connect(
            lambda _=False: self.restore({})
        )
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in _EVENTS:
            return False
        if isinstance(event, QContextMenuEvent):
            if self._view.heading_at(QPointF(event.pos())) is None:
                return False
            self.menu().popup(event.globalPos())
            return True
        if not isinstance(event, QMouseEvent):
            return False
        if kind == QEvent.Type.MouseButtonRelease:
            return self._release(event)
        is_double = kind == QEvent.Type.MouseButtonDblClick
        return self._press(event, is_double=is_double)

    def _press(self, event: QMouseEvent, *, is_double: bool) -> bool:
        """Take a press that is not the gestures'."""
        view, point = self._view, event.position()
        column = view.heading_at(point)
        if column is not None:
            self._dragged = column if event.button() == _LEFT else None
            return event.button() != Qt.MouseButton.MiddleButton
        if event.button() != _LEFT:
            return False
        for box, away in view.badges():
            if box.contains(point):
                self.away_pressed.emit(away)
                return True
        spot = view.spot_at(point)
        if spot is None or spot.column is not Column.NOTES or view.painted is None:
            return False
        if is_double:
            self.note_wanted.emit(view.painted.price(spot.row))
        return True

    def _release(self, event: QMouseEvent) -> bool:
        dragged, self._dragged = self._dragged, None
        if dragged is None:
            return False
        target = self._view.heading_at(event.position())
        if target is not None:
            self.move(dragged, target)
        return True

    def _show(self) -> None:
        self._view.show_columns(
            tuple(each for each in self.order if each not in self.hidden)
        )


def _columns(names: object) -> list[Column]:
    """Columns by their names, each once."""
    if not isinstance(names, list):
        return []
    known = [Column[each] for each in names if each in Column.__members__]
    return list(dict.fromkeys(known))
