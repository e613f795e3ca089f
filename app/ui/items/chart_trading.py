"""A chart on which one trades: own orders are dragged and cancelled where they stand.

Over `ChartView`: a press on an order's chip or its line takes the order, a drop
replaces it; the chip's cross or a right click on it cancels; the position's line is
dragged to where one would leave. A drawing on a line goes before it, and who pulls a
line aside moves the chart. A right click elsewhere offers what can be placed there, in
the words of the ladder's line, and a bracket to draw.
"""

from functools import partial
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPaintEvent,
)

from app.clock import Clock
from app.engine.records import REPORT
from app.ui.items.chart_floats import Float
from app.ui.items.chart_hand import ChartHand, PlanDrag, PositionDrag
from app.ui.items.chart_orders import (
    Chip,
    PositionMark,
    fill_floats,
    ghost_label,
    ghost_lines,
    lay_chips,
    order_chips,
    order_lines,
    position_floats,
    position_mark,
)
from app.ui.items.chart_plan import (
    Label,
    lay_labels,
    plan_labels,
    plan_lines,
    plan_zones,
    zone,
)
from app.ui.items.chart_view import ChartView
from app.ui.items.spoken import tell
from app.ui.models.exits import ENTRY, plan_at
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import OWN_ORDER
from app.ui.models.protective import bracket_ghosts
from app.ui.theme import Theme

_GROUP: Final = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
"""With one of them a drag moves a whole group; window managers may keep Alt."""
_PLAN_KEYS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_MANY: Final = 10
"""Ticks of a step with Ctrl."""
_NEAR_PX: Final = 3.0
"""From a line that can be dragged."""
_START_PX: Final = 4.0
"""A hand that trembles on a press drags nothing."""
_PLAN_PX: Final = 32.0
_PLAN_TICKS: Final = 8
"""A bracket begins with its stop so far away at the least, its target twice as far."""


class TradingChart(ChartView):
    """Adds own orders, fills and position.

    Signals
    -------
    cancelled(object)
        Client order ids that shall be cancelled.
    menu_wanted(object)
        Where (QPoint of the screen) a menu is wanted; `menu_price` says of which price.
    order_pointed(object)
        Client order id of the order whose chip or line the pointer is on; 0 = it left.

    Attributes
    ----------
    hand : ChartHand
    """

    cancelled = Signal(object)
    menu_wanted = Signal(object)
    order_pointed = Signal(object)  # an int here has 32 bits, its number has more

    def __init__(self, theme: Theme, scale: float, clock: Clock) -> None:
        self.hand = ChartHand()
        self.menu_price = 0
        self._clock = clock
        self._orders = np.zeros(0, OWN_ORDER)
        self._fills = np.zeros(0, REPORT)
        self._part: np.void | None = None
        self._next: LadderFrame | None = None
        self._chips: list[Chip] = []
        self._labels: list[Label] = []
        self._mark: PositionMark | None = None
        self._away = 0.0  # from the line that is dragged to what was pressed
        self._pressed: QPointF | None = None  # until the hand has moved from there
        self._is_on_line = False
        self._has_held = False
        self._pointed_order = 0
        super().__init__(theme, scale)

    def show_trading(
        self,
        frame: LadderFrame | None,
        part: np.void | None,
        orders: np.ndarray,
        fills: np.ndarray,
    ) -> None:
        """Take own things; repaints if any of them changed.

        Parameters
        ----------
        frame : LadderFrame or None
            The book; what a press means is judged by the one that was painted.
        part : VIEW's part of the instrument or None
        orders : (n,) OWN_ORDER
            Working.
        fills : (n,) REPORT
        """
        self.hand.forget(self._clock.monotonic_ns())
        position = _position(part)
        is_same = (
            position == _position(self._part)
            and len(fills) == len(self._fills)
            and np.array_equal(orders, self._orders)
        )
        self._next, self._part, self._orders, self._fills = frame, part, orders, fills
        # What the chart shows of trading is that of the newer book, too; the prices
        # painted are those of the last bar.
        self.hand.frame = frame
        hand = self.hand
        if not is_same or hand.drag or hand.held or hand.plan or self._has_held:
            self._has_held = hand.held is not None
            self.show_floats("trading", "chips")

    def paintEvent(self, event: QPaintEvent) -> None:
        self.hand.frame = self._next
        super().paintEvent(event)

    def floats(self) -> dict[str, list[Float]]:
        made = super().floats()
        self._chips = []
        layer = self.extras.drawings
        pane = self.panes[0].box.toAlignedRect()
        if self.look.drawings and layer.drawings is not None and layer.drawings.items:
            made["drawings"] = [Float(object(), (pane,), partial(layer.paint, self))]
        else:
            made["drawings"] = []
        is_busy = layer.is_busy
        hand = Float(object(), (pane,), partial(layer.paint_hand, self))
        made["hand"] = [hand] if is_busy else []
        return made | self._trading()

    def _trading(self) -> dict[str, list[Float]]:
        """Fills, position, orders, and what the hand holds."""
        self._labels, self._mark = [], None
        if not self.look.trading or self.listed is None:
            return {"trading": [], "chips": []}
        hand = self.hand
        self._labels = lay_labels(self, hand.plan_lines(), hand.leg)
        self._mark = position_mark(self, self._part, self.listed)
        made = plan_zones(self, self._labels)
        ghosts = hand.ghosts()
        if ghosts and isinstance(hand.drag, PositionDrag) and self._mark is not None:
            made.append(self._stake(self._mark, ghosts[0].at))
        made += fill_floats(self, self._fills)
        seen = hand.frame.at if hand.frame is not None else None
        placed = lay_chips(self, self._orders, self.listed, seen)
        self._chips = [chip for chip, _, _ in placed]
        made += order_lines(self, placed)
        made += position_floats(self, self._mark)  # its words lie over lines
        for intent in hand.held.intents if hand.held else ():
            ghosts += bracket_ghosts(intent) if intent.is_group else [intent]
        chips = plan_lines(self, self._labels) + ghost_lines(self, ghosts)
        chips += order_chips(self, placed) + plan_labels(self, self._labels)
        chips += [ghost_label(self, ghost) for ghost in ghosts]
        return {"trading": made, "chips": chips}

    def _stake(self, mark: PositionMark, price: int) -> Float:
        """A veil from the average price to where the position would be left."""
        assert self.hand.frame is not None
        y = float(self.price_scale.y(price))
        is_gain = self.hand.frame.position * (mark.y - y) > 0
        t = self.ink.theme
        return zone(self, mark.y, y, t.gain if is_gain else t.loss)

    # The hand.

    def chip_at(self, at: QPointF) -> Chip | None:
        """The order's chip at a point."""
        found = [chip for chip in self._chips if chip.box.contains(at)]
        return found[-1] if found else None

    def line_at(self, at: QPointF) -> Chip | None:
        """The chip of the order whose line lies at a point, unless a drawing does."""
        near = [x for x in self._chips if abs(at.y() - x.y) <= _NEAR_PX]
        is_in = self.panes[0].box.contains(at)
        if not near or not is_in or self._is_on_drawing(at):
            return None
        return min(reversed(near), key=lambda x: abs(at.y() - x.y))

    def _is_on_drawing(self, at: QPointF) -> bool:
        is_seen = self.look.drawings and self.extras.drawings.drawings is not None
        return is_seen and self.extras.drawings.find(self, at) is not None

    def chip_of(self, order: int) -> Chip | None:
        """An order's chip, for tests and for tours that point at it."""
        return next((chip for chip in self._chips if chip.order == order), None)

    def label_at(self, at: QPointF) -> Label | None:
        """The label of the plan, or its line, at a point."""
        for label in self._labels:
            if label.box.contains(at):
                return label
        return next((x for x in self._labels if abs(at.y() - x.y) <= _NEAR_PX), None)

    def is_over_position(self, at: QPointF) -> bool:
        """Whether the position's box or line lies at a point."""
        mark = self._mark
        if mark is None or mark.box.contains(at):
            return mark is not None
        return abs(at.y() - mark.y) <= _NEAR_PX and not self._is_on_drawing(at)

    def begin_plan(self, side: int, price: int) -> None:
        """Draw a bracket whose entry is at a price; nothing is sent before its time."""
        if self.hand.frame is None or self.listed is None:
            return
        near = self.price_at(float(self.price_scale.y(price)) - _PLAN_PX)
        scale = self.listed.scale
        least = max(_PLAN_TICKS, scale.index(near) - scale.index(price))
        self.hand.leg = ENTRY
        self.hand.plan = plan_at(self.hand.frame.at, price, side, (2 * least, least))
        self.show_floats()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        elif self._confirmed(event):
            return
        elif not self.extras.drawings.tool and self._is_taken(event):
            self.show_floats()
        elif self._is_drawn(event.position()):
            self.rebuild()
        else:
            super().mousePressEvent(event)

    def _is_taken(self, event: QMouseEvent) -> bool:
        """Take what lies under a press into the hand, or do what its part says."""
        at = event.position()
        if not self.panes[0].box.contains(at):
            return False
        label, chip, line = self.label_at(at), self.chip_at(at), self.line_at(at)
        self._pressed, self._is_on_line = at, False
        if label is not None:
            self._take_label(label, at)
        elif chip is not None:
            self._take_chip(chip, event)
        elif line is not None:
            self._is_on_line = True
            self._take_order(line, event, at.y() - line.y)
        elif self._mark is not None and self.is_over_position(at):
            self._away = at.y() - self._mark.y
            self._is_on_line = not self._mark.box.contains(at)
            start = self.price_at(self._mark.y)
            self.hand.drag = PositionDrag(start, start)
        else:
            return False
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        return True

    def _take_label(self, label: Label, at: QPointF) -> None:
        if label.cross.contains(at):
            self.hand.plan = None
        elif label.send.contains(at):
            self.hand.send_plan(self._clock.monotonic_ns())
        else:
            self._away = at.y() - label.y
            self.hand.leg = label.leg
            self.hand.drag = PlanDrag(label.leg, self.price_at(label.y))

    def _take_chip(self, chip: Chip, event: QMouseEvent) -> None:
        if chip.cross.contains(event.position()):
            self.cancelled.emit((chip.order,))
            return
        # A chip that stands beside its line is not dragged by a touch.
        self._take_order(chip, event, chip.away)

    def _take_order(self, chip: Chip, event: QMouseEvent, away: float) -> None:
        order = self.hand.order(chip.order)
        if order is not None:
            self.hand.take(order, is_group=bool(event.modifiers() & _GROUP))
            self._away = away

    def _is_drawn(self, at: QPointF) -> bool:
        """Give a press to the drawings, where they take it."""
        layer = self.extras.drawings
        if not self.look.drawings or not self.panes[0].box.contains(at):
            return False
        had_selected = layer.selected is not None
        is_taken = layer.press(self, at)
        if had_selected and not is_taken:
            self.rebuild()
        return is_taken

    def _confirmed(self, event: QMouseEvent) -> bool:
        """A click near what is held confirms it; any other drops it."""
        held = self.hand.held
        if held is None:
            return False
        y = float(self.price_scale.y(held.intents[0].at))
        if abs(event.position().y() - y) <= 2 * self.ink.small.height:
            self.hand.press(self._clock.monotonic_ns())
        else:
            self.hand.held = None
        self.show_floats()
        return True

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._trembles(event.position()):
            return
        if self.hand.drag is not None and self.listed is not None:
            self.hand.drag_to(self.price_at(event.position().y() - self._away))
            self.pointer = event.position()
            self.show_floats()
            return
        if self.extras.drawings.move(self, event.position()):
            self.point_at(event.position())
            self.show_floats()
            return
        super().mouseMoveEvent(event)
        at = event.position()
        self._point_at_order(self.chip_at(at) or self.line_at(at))
        shape = self._shape_at(at)
        if self.cursor().shape() != shape:
            self.setCursor(shape)

    def _trembles(self, at: QPointF) -> bool:
        """Whether what was pressed stays where it is; a line pulled aside is let go."""
        begin = self._pressed
        if begin is None or self.hand.drag is None:
            return False
        moved = at - begin
        if moved.manhattanLength() < _START_PX:
            return True
        self._pressed = None
        if self._is_on_line and abs(moved.x()) > abs(moved.y()):
            self.hand.drag = None
            self.begin_pan(begin)
        return False

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at_order(None)
        super().leaveEvent(event)

    def _point_at_order(self, chip: Chip | None) -> None:
        order = 0 if chip is None else chip.order
        if order != self._pointed_order:
            self._pointed_order = order
            self.order_pointed.emit(order)

    def _shape_at(self, at: QPointF) -> Qt.CursorShape:
        """The pointer's shape: what acts, and what can be dragged, look so."""
        if self.extras.drawings.tool:
            return Qt.CursorShape.CrossCursor  # a press draws
        chip, label = self.chip_at(at), self.label_at(at)
        acts = chip is not None and chip.cross.contains(at)
        if label is not None:
            acts = label.send.contains(at) or label.cross.contains(at)
        if acts:
            return Qt.CursorShape.PointingHandCursor
        line = self.line_at(at)
        if chip or label or line or self.is_over_position(at):
            return Qt.CursorShape.SizeVerCursor
        return Qt.CursorShape.CrossCursor

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.hand.drag is not None:
            if self.panes[0].box.contains(event.position()):
                self.hand.drop(self._clock.monotonic_ns())
            else:
                self.hand.drag = None  # dropped outside: nothing is sent
            self.show_floats()
            return
        if self.extras.drawings.release():
            self.rebuild()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        is_own = self.chip_at(at) or self.label_at(at) or self.line_at(at)
        if is_own or self.is_over_position(at) or self.hand.held is not None:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = self.pointer if event.reason() == event.Reason.Keyboard else None
        at = QPointF(event.pos()) if at is None else at
        chip = self.chip_at(at)
        if chip is not None:
            self.cancelled.emit((chip.order,))
        elif self.listed is not None and len(self.shown):
            self.menu_price = self.price_at(at.y())
            self.menu_wanted.emit(self.mapToGlobal(QPoint(int(at.x()), int(at.y()))))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        layer = self.extras.drawings
        if self._is_for_plan(event):
            self._move_plan(*_PLAN_KEYS[key], event.modifiers())
            return
        is_escape = key == Qt.Key.Key_Escape
        is_delete = key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if is_escape and (self.hand.escape() or layer.escape()):
            self.rebuild()
        elif is_delete and layer.delete():
            self.show_floats()
        elif event.matches(QKeySequence.StandardKey.Undo) and layer.drawings:
            layer.selected = None
            layer.drawings.undo()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._has_waiting:
            if not event.isAutoRepeat():
                self._go_on()
            self.show_floats()
        else:
            super().keyPressEvent(event)

    def _is_for_plan(self, event: QKeyEvent) -> bool:
        is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        is_drawn = self.hand.plan is not None and not is_shifted
        return is_drawn and Qt.Key(event.key()) in _PLAN_KEYS

    def _move_plan(self, step: int, ticks: int, modifiers: Qt.KeyboardModifier) -> None:
        """Choose a line of the plan by keys, or move it, and tell what it says."""
        many = _MANY if modifiers & Qt.KeyboardModifier.ControlModifier else 1
        if step:
            self.hand.choose_leg(step)
        else:
            self.hand.nudge_plan(ticks * many)
        self.show_floats()
        words = dict(self.hand.plan_lines())
        if self.hand.leg in words:
            tell(self, words[self.hand.leg].text)

    @property
    def _has_waiting(self) -> bool:
        return self.hand.held is not None or self.hand.plan is not None

    def _go_on(self) -> None:
        """Confirm what is held, else send what is drawn."""
        now = self._clock.monotonic_ns()
        if self.hand.held is not None:
            self.hand.press(now)
        else:
            self.hand.send_plan(now)


def _position(part: np.void | None) -> tuple[int, float, int]:
    if part is None:
        return 0, 0.0, 0
    average = float(part["average_price"])
    shown = average if average == average else 0.0  # NaN is no average
    return int(part["position"]), shown, int(part["unrealised"])
