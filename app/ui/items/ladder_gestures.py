"""What a hand does on a ladder, as intentions: press, drag, keys, confirm.

No Qt widget and no engine: cells and buttons come in, `Intent`s and order numbers go
out through callables. Every price is that of the painted frame. The column decides what
a click means, never what happens to lie in the cell; with a modifier key that is bound
to nothing, a click does nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.engine.records import BUY
from app.ui.items.ladder_geometry import Column, Spot
from app.ui.models.intent import Intent, Verdict, order_intent, replace_intent
from app.ui.models.ladder import LadderFrame

CONFIRM_AFTER_NS: Final = 400_000_000
"""The second click of a double click must not confirm."""
HELD_FOR_NS: Final = 10_000_000_000


@dataclass(slots=True)
class Drag:
    """Orders of one cell in the hand."""

    start: Spot
    orders: tuple[int, ...]
    at: Spot | None
    has_moved: bool = False


@dataclass(slots=True)
class Held:
    """What waits for a confirm, since when (monotonic ns)."""

    intents: list[Intent]
    since: int


def _nothing(*_: object) -> None:
    return None


def _unknown(_: int) -> np.void | None:
    return None


@dataclass(slots=True)
class Gestures:
    """Turns presses into intentions.

    Attributes
    ----------
    make : callable
        Takes an Intent that is to be sent, or that is blocked and to be explained.
    cancel : callable
        Takes the client order ids to cancel.
    order : callable
        Returns an order by its client order id, or None.
    pick : callable
        Takes a price that was pointed at in the price column.
    quantities : tuple of int
        Sizes of the left and the right button, quantity units.
    unready : str
        Why nothing can be sent; "" where it can.
    cursor : Spot or None
        The keyboard's cell.
    """

    make: Callable[[Intent], None] = _nothing
    cancel: Callable[[tuple[int, ...]], None] = _nothing
    order: Callable[[int], np.void | None] = _unknown
    pick: Callable[[int], None] = _nothing
    quantities: tuple[int, int] = (0, 0)
    unready: str = ""
    cursor: Spot | None = None
    drag: Drag | None = None
    held: Held | None = None

    @property
    def is_busy(self) -> bool:
        """Whether rows must not move: an order is dragged or waits for a confirm."""
        return self.drag is not None or self.held is not None

    def press(
        self, frame: LadderFrame, spot: Spot, *, is_right: bool, now: int
    ) -> None:
        """A mouse button (or Enter) goes down on a cell (now: monotonic ns)."""
        if self.held is not None:
            self._press_while_held(frame, spot, is_right=is_right, now=now)
        elif spot.column.is_own:
            here = tuple(frame.own.get((spot.row, spot.column.side), ()))
            if is_right:
                self.cancel(here)
            elif here:
                self.drag = Drag(spot, here, spot)
        elif spot.column.side:
            self._order(frame, spot, self.quantities[is_right], now)
        elif spot.column is Column.PRICE:
            self.pick(frame.price(spot.row))

    def move(self, spot: Spot | None) -> None:
        """The pointer moves with the button down."""
        if self.drag is not None:
            self.drag.at = spot
            self.drag.has_moved |= spot != self.drag.start

    def release(self, frame: LadderFrame, spot: Spot | None, now: int) -> None:
        """The button goes up: a drop, or a click on an own order, which cancels it."""
        drag, self.drag = self.drag, None
        if drag is None or spot is None:
            return
        if spot.row != drag.start.row:
            self.decide(self._replaces(frame, drag.orders, spot.row), now)
        elif not drag.has_moved:
            self.cancel(drag.orders)

    def enter(self, frame: LadderFrame, now: int) -> None:
        """Enter: confirm what is held, else act on the keyboard's cell."""
        if self.held is not None:
            self.confirm(now)
        elif self.cursor is not None and not self.cursor.column.is_own:
            self.press(frame, self.cursor, is_right=False, now=now)

    def delete(self, frame: LadderFrame) -> None:
        """Delete: cancel our orders of the cursor's row and side."""
        if self.cursor is not None and self.cursor.column.side:
            side = self.cursor.column.side
            self.cancel(tuple(frame.own.get((self.cursor.row, side), ())))

    def steer(self, rows: int, row_step: int, column_step: int) -> None:
        """Arrow keys: move the keyboard's cell within the size columns."""
        columns = (Column.BID, Column.ASK)
        if self.cursor is None:
            self.cursor = Spot(rows // 2, Column.BID)
            return
        at = columns.index(Column.BID if self.cursor.column.side == BUY else Column.ASK)
        column = columns[max(0, min(1, at + column_step))]
        row = max(0, min(rows - 1, self.cursor.row + row_step))
        self.cursor = Spot(row, column)

    def hold(self, intents: list[Intent], now: int) -> None:
        """Keep intentions for one confirm."""
        self.held = Held(intents, now)

    def confirm(self, now: int) -> None:
        """Send what is held, unless it has only just appeared."""
        held = self.held
        if held is None or now - held.since < CONFIRM_AFTER_NS:
            return
        self.held = None
        for intent in held.intents:
            self.make(intent.confirmed())

    def escape(self) -> None:
        """Drop whatever is in the hand."""
        self.drag = self.held = self.cursor = None

    def expire(self, now: int) -> None:
        """Drop what nobody confirmed in time."""
        if self.held is not None and now - self.held.since > HELD_FOR_NS:
            self.held = None

    def ghosts(self, frame: LadderFrame) -> list[Intent]:
        """What a drop would do now."""
        drag = self.drag
        if drag is None or drag.at is None or drag.at.row == drag.start.row:
            return []
        return self._replaces(frame, drag.orders, drag.at.row)

    def intent_at(
        self, frame: LadderFrame, spot: Spot, *, is_right: bool = False
    ) -> Intent | None:
        """What a click on a cell would do; None where it would send no order."""
        if spot.column.is_own or not spot.column.side:
            return None
        quantity = self.quantities[is_right]
        return order_intent(
            frame, spot.column.side, frame.price(spot.row), quantity, self.unready
        )

    def _order(self, frame: LadderFrame, spot: Spot, quantity: int, now: int) -> None:
        price = frame.price(spot.row)
        intent = order_intent(frame, spot.column.side, price, quantity, self.unready)
        self.decide([intent], now)

    def _replaces(
        self, frame: LadderFrame, orders: tuple[int, ...], row: int
    ) -> list[Intent]:
        price = frame.price(row)
        known = [self.order(each) for each in orders]
        return [
            replace_intent(frame, order, price, self.unready)
            for order in known
            if order is not None
        ]

    def _press_while_held(
        self, frame: LadderFrame, spot: Spot, *, is_right: bool, now: int
    ) -> None:
        """A click on the held row confirms; any other drops it and does no more."""
        assert self.held is not None
        if not is_right and spot.row == frame.row(self.held.intents[0].price):
            self.confirm(now)
        else:
            self.held = None

    def decide(self, intents: list[Intent], now: int) -> None:
        """Pass intentions on, and keep those that need a confirm."""
        waiting = [each for each in intents if each.verdict is Verdict.HOLD]
        for intent in intents:
            if intent.verdict is not Verdict.HOLD:
                self.make(intent)
        if waiting:
            self.hold(waiting, now)
