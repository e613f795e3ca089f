"""A chart on which one trades: own orders are dragged and cancelled where they stand.

Over `ChartView`: a press on an order's chip takes the order, a drop replaces it; its
cross or a right click cancels; a right click elsewhere offers what can be placed there,
in the words of the ladder's line.
"""

from functools import partial
from typing import Final

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt, Signal
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
from app.ui.items.chart_hand import ChartHand
from app.ui.items.chart_orders import (
    Chip,
    fill_floats,
    ghost_float,
    lay_chips,
    order_chips,
    order_lines,
    position_floats,
)
from app.ui.items.chart_view import ChartView
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import OWN_ORDER
from app.ui.theme import Theme

_GROUP: Final = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
"""With one of them a drag moves a whole group; window managers may keep Alt."""


class TradingChart(ChartView):
    """Adds own orders, fills and position.

    Signals
    -------
    cancelled(object)
        Client order ids that shall be cancelled.
    menu_wanted(object)
        Where (QPoint of the screen) a menu is wanted; `menu_price` says of which price.

    Attributes
    ----------
    hand : ChartHand
    """

    cancelled = Signal(object)
    menu_wanted = Signal(object)

    def __init__(self, theme: Theme, scale: float, clock: Clock) -> None:
        self.hand = ChartHand()
        self.menu_price = 0
        self._clock = clock
        self._orders = np.zeros(0, OWN_ORDER)
        self._fills = np.zeros(0, REPORT)
        self._part: np.void | None = None
        self._next: LadderFrame | None = None
        self._chips: list[Chip] = []
        self._away = 0.0  # of the chip that is dragged
        self._has_held = False
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
        if not is_same or self.hand.drag or self.hand.held or self._has_held:
            self._has_held = self.hand.held is not None
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
        if not self.look.trading or self.listed is None:
            return {"trading": [], "chips": []}
        made = fill_floats(self, self._fills)
        made += position_floats(self, self._part, self.listed)
        placed = lay_chips(self, self._orders, self.listed)
        self._chips = [chip for chip, _, _ in placed]
        made += order_lines(self, placed)
        chips = order_chips(self, placed)
        for ghost in self.hand.ghosts():
            chips.append(ghost_float(self, ghost.at, ghost))
        for intent in self.hand.held.intents if self.hand.held else ():
            chips.append(ghost_float(self, intent.at, intent))
        return {"trading": made, "chips": chips}

    # The hand.

    def chip_at(self, at: QPointF) -> Chip | None:
        """The order's chip at a point."""
        found = [chip for chip in self._chips if chip.box.contains(at)]
        return found[-1] if found else None

    def chip_of(self, order: int) -> Chip | None:
        """An order's chip, for tests and for tours that point at it."""
        return next((chip for chip in self._chips if chip.order == order), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        chip = self.chip_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and self._confirmed(event):
            return
        layer = self.extras.drawings
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        elif layer.tool or chip is None:
            if self._is_drawn(event.position()):
                self.rebuild()
            else:
                super().mousePressEvent(event)
        elif chip.cross.contains(event.position()):
            self.cancelled.emit((chip.order,))
        else:
            order = self.hand.order(chip.order)
            if order is not None:
                is_group = bool(event.modifiers() & _GROUP)
                self.hand.take(order, is_group=is_group)
                self._away = chip.away
            self.show_floats()

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
        if self.hand.drag is not None and self.listed is not None:
            # A chip that stands beside its line is not dragged by a touch.
            self.hand.drag.price = self.price_at(event.position().y() - self._away)
            self.pointer = event.position()
            self.show_floats()
            return
        if self.extras.drawings.move(self, event.position()):
            self.point_at(event.position())
            self.show_floats()
            return
        super().mouseMoveEvent(event)
        over = self.chip_at(event.position()) is not None
        shape = Qt.CursorShape.SizeVerCursor if over else Qt.CursorShape.CrossCursor
        if self.cursor().shape() != shape:
            self.setCursor(shape)

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
        if self.chip_at(event.position()) is not None or self.hand.held is not None:
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
        is_escape = key == Qt.Key.Key_Escape
        is_delete = key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if is_escape and (self.hand.escape() or layer.escape()):
            self.rebuild()
        elif is_delete and layer.delete():
            self.show_floats()
        elif event.matches(QKeySequence.StandardKey.Undo) and layer.drawings:
            layer.selected = None
            layer.drawings.undo()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.hand.held:
            if not event.isAutoRepeat():
                self.hand.press(self._clock.monotonic_ns())
            self.show_floats()
        else:
            super().keyPressEvent(event)


def _position(part: np.void | None) -> tuple[int, float, int]:
    if part is None:
        return 0, 0.0, 0
    average = float(part["average_price"])
    shown = average if average == average else 0.0  # NaN is no average
    return int(part["position"]), shown, int(part["unrealised"])
