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
from app.ui.models.deciding import Deciding
from app.ui.models.hand import AT_MARKET, Hand
from app.ui.models.intent import Intent, order_intent, row_of
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at
from app.ui.models.protective import (
    bracket_ghosts,
    bracket_intent,
    exit_stop_intent,
    move_intent,
    resize_intent,
    stop_intent,
)

COLLECT_NS: Final = 300_000_000
"""Notches of the wheel over an order that come this close are one change of size."""


@dataclass(slots=True)
class Drag:
    """Orders of one cell in the hand."""

    start: Spot
    orders: tuple[int, ...]
    at: Spot | None
    has_moved: bool = False
    is_group: bool = False


@dataclass(slots=True)
class Resize:
    """Notches over an order, not sent yet: the change, and the last notch's time."""

    order: int
    change: int
    since: int


def _nothing(*_: object) -> None:
    return None


def _unknown(_: int) -> np.void | None:
    return None


def _alone(order: int) -> tuple[int, ...]:
    return (order,)


@dataclass(slots=True)
class Gestures(Deciding):
    """Turns presses into intentions.

    Attributes
    ----------
    cancel : callable
        Takes the client order ids to cancel.
    order : callable
        Returns an order by its client order id, or None.
    pick : callable
        Takes a price that was pointed at in the price column.
    family : callable
        Returns the working orders of an order's group.
    quantities : tuple of int
        Sizes of the left and the right button, quantity units.
    step : int
        What a notch of the wheel over an order adds, quantity units.
    exit_ticks : tuple of int
        From a bracket's entry to its target and to its stop.
    stop_limit : int
        What a stop becomes, of `hand.STOP_LIMITS`.
    latched : Hand
        What the next click means without a modifier.
    pointer : tuple or None
        The cell under the pointer and the hand that hovers there.
    is_turning : bool
        Whether a limit dragged across the market becomes a stop.
    cursor : Spot or None
        The keyboard's cell.
    """

    cancel: Callable[[tuple[int, ...]], None] = _nothing
    order: Callable[[int], np.void | None] = _unknown
    pick: Callable[[int], None] = _nothing
    family: Callable[[int], tuple[int, ...]] = _alone
    quantities: tuple[int, int] = (0, 0)
    step: int = 1
    exit_ticks: tuple[int, int] = (8, 8)
    stop_limit: int = AT_MARKET
    latched: Hand = Hand.PLAIN
    pointer: tuple[Spot, Hand] | None = None
    is_turning: bool = False
    cursor: Spot | None = None
    drag: Drag | None = None
    resize: Resize | None = None

    @property
    def is_busy(self) -> bool:
        """Whether rows must not move: an order is dragged or waits for a confirm."""
        waits = self.held is not None and not self.held.is_staged
        return self.drag is not None or waits

    def press(
        self,
        frame: LadderFrame,
        spot: Spot,
        *,
        is_right: bool,
        now: int,
        hand: Hand = Hand.PLAIN,
    ) -> None:
        """A mouse button (or Enter) goes down on a cell (now: monotonic ns)."""
        if self.held is not None and self._press_while_held(
            frame, spot, is_right=is_right, now=now
        ):
            return
        if spot.column.is_own:
            here = tuple(frame.own.get((spot.row, spot.column.side), ()))
            if is_right:
                self.cancel(here)
            elif here:
                is_group = Hand.BRACKET in (hand, self.latched)
                self.latched = Hand.PLAIN
                orders = self._families(here) if is_group else here
                self.drag = Drag(spot, orders, spot, is_group=is_group)
        elif spot.column.side:
            intent = self.intent_at(frame, spot, is_right=is_right, hand=hand)
            self.latched = Hand.PLAIN
            if intent is not None:
                self.decide([intent], now)
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
            self.decide(self._replaces(frame, drag, spot.row), now)
        elif not drag.has_moved:
            self.cancel(drag.orders)

    def enter(self, frame: LadderFrame, now: int, hand: Hand = Hand.PLAIN) -> None:
        """Enter: confirm what is held, else act on the keyboard's cell."""
        if self.held is not None:
            self.confirm(frame.at, now)
        elif self.cursor is not None and not self.cursor.column.is_own:
            self.press(frame, self.cursor, is_right=False, now=now, hand=hand)

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

    def escape(self) -> bool:
        """Drop whatever is in the hand; False if it was empty."""
        in_hand = (self.drag, self.held, self.cursor, self.resize)
        was_busy = any(each is not None for each in in_hand)
        was_busy |= self.latched is not Hand.PLAIN
        self.drag = self.held = self.cursor = self.resize = None
        self.latched = Hand.PLAIN
        return was_busy

    def expire(self, now: int, frame: LadderFrame | None = None) -> None:
        """Drop what nobody confirmed in time; send a size that has come to rest."""
        self.forget(now)
        resize = self.resize
        if resize and frame is not None and now - resize.since > COLLECT_NS:
            self.resize = None
            intent = self._resized(frame, resize)
            if intent is not None:
                self.decide([intent], now)

    def turn(self, frame: LadderFrame, spot: Spot, notches: int, now: int) -> bool:
        """The wheel turns over a cell to change a size; False where no order is."""
        here = frame.own.get((spot.row, spot.column.side), ())
        if not spot.column.is_own or not here or not notches:
            return False
        order, change = here[0], notches * self.step
        if self.resize is not None and self.resize.order == order:
            change += self.resize.change
        self.resize = Resize(order, change, now)
        return True

    def ghosts(self, frame: LadderFrame) -> list[Intent]:
        """What a drop, a rest of the wheel or a click for a bracket would do now."""
        drag = self.drag
        if drag is not None:
            if drag.at is None or drag.at.row == drag.start.row:
                return []
            return self._replaces(frame, drag, drag.at.row)
        if self.resize is not None:
            intent = self._resized(frame, self.resize)
            return [] if intent is None else [intent]
        if self.pointer is None or self.held is not None:
            return []
        spot, hand = self.pointer
        intent = self.intent_at(frame, spot, hand=hand)
        return bracket_ghosts(intent) if intent is not None and intent.is_group else []

    def intent_at(
        self,
        frame: LadderFrame,
        spot: Spot,
        *,
        is_right: bool = False,
        hand: Hand = Hand.PLAIN,
    ) -> Intent | None:
        """What a click on a cell would do; None where it would send no order."""
        if spot.column.is_own or not spot.column.side:
            return None
        hand = self.latched if hand is Hand.PLAIN else hand
        side = spot.column.side
        price = frame.price(spot.row, side)
        at, quantity, unready = frame.at, self.quantities[is_right], self.unready
        if hand is Hand.STOP:
            limit = self.stop_limit
            return stop_intent(at, side, price, quantity, unready, limit)
        if hand is Hand.EXIT_STOP:
            return exit_stop_intent(at, price, unready)
        if hand is Hand.BRACKET:
            ticks = self.exit_ticks
            return bracket_intent(at, side, price, quantity, ticks, unready)
        return order_intent(at, side, price, quantity, unready)

    def _families(self, orders: tuple[int, ...]) -> tuple[int, ...]:
        every = [each for order in orders for each in self.family(order)]
        return tuple(dict.fromkeys(every))

    def _resized(self, frame: LadderFrame, resize: Resize) -> Intent | None:
        order = self.order(resize.order)
        if order is None:
            return None
        return resize_intent(frame.at, order, resize.change, self.unready)

    def _replaces(self, frame: LadderFrame, drag: Drag, row: int) -> list[Intent]:
        """Replaces of the orders in the hand; a group keeps its distances."""
        scale = frame.listed.scale
        ticks = (drag.start.row - row) * frame.group
        made = []
        for each in drag.orders:
            order = self.order(each)
            if order is None:
                continue
            price = frame.price(row, int(order["side"]))
            if drag.is_group:
                price = scale.price(scale.index(priced_at(order)) + ticks)
            turns = self.is_turning and not drag.is_group
            made.append(move_intent(frame.at, order, price, self.unready, turns=turns))
        return made

    def _press_while_held(
        self, frame: LadderFrame, spot: Spot, *, is_right: bool, now: int
    ) -> bool:
        """A click on the held row confirms, any other drops it.

        Returns
        -------
        bool
            Whether the click has done its work: not where a staged order is put
            elsewhere.
        """
        assert self.held is not None
        rows = [row_of(frame, each) for each in self.held.intents]
        if not is_right and spot.row in rows:
            self.confirm(frame.at, now)
            return True
        is_moved = self.held.is_staged and not is_right
        self.held = None
        return not is_moved
