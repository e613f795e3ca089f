"""What a hand does with orders on a chart, as intentions: place, drag, confirm.

The same judge as the ladder's: words and order come from `models.intent`, made of what
the painted frame saw. Prices come in, intentions go out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.engine.records import BUY, SELL
from app.ui.models.deciding import Deciding
from app.ui.models.intent import Intent, order_intent
from app.ui.models.judge import through_ticks
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at
from app.ui.models.protective import exit_stop_intent, move_intent, stop_intent


def _unknown(_: int) -> np.void | None:
    return None


def _alone(order: int) -> tuple[int, ...]:
    return (order,)


@dataclass(slots=True)
class OrderDrag:
    """An order in the hand, the price over which it is, and those that go with it."""

    order: int
    price: int
    others: tuple[int, ...] = ()


@dataclass(slots=True)
class ChartHand(Deciding):
    """Turns presses into intentions.

    Attributes
    ----------
    order : callable
        Returns an order by its client order id, or None.
    family : callable
        Returns the working orders of an order's group.
    quantity : int
        Of a new order, quantity units.
    is_turning : bool
        Whether a limit dragged across the market becomes a stop.
    frame : LadderFrame or None
        The book as it was painted.
    drag : OrderDrag or None
    """

    order: Callable[[int], np.void | None] = _unknown
    family: Callable[[int], tuple[int, ...]] = _alone
    quantity: int = 0
    is_turning: bool = False
    frame: LadderFrame | None = None
    drag: OrderDrag | None = None

    def intents_at(self, price: int) -> list[Intent]:
        """What can be placed at a price: a limit that rests there, a stop beyond.

        Below the market that is a buy limit and a sell stop, above it the other way
        round; in a book without a touch both limits. With a position there is a stop
        that closes it, on the side where it protects.
        """
        frame = self.frame
        if frame is None:
            return []
        given = (price, self.quantity, self.unready)
        at = frame.at
        sides = [side for side in (BUY, SELL) if through_ticks(at, side, price) < 0]
        made = [order_intent(at, side, *given) for side in sides]
        if len(sides) == 1:
            made.append(stop_intent(at, -sides[0], *given))
            if frame.position * sides[0] > 0:
                made.append(exit_stop_intent(at, price, self.unready))
        return made

    def take(self, order: np.void, *, is_group: bool) -> None:
        """Take an order, or its whole group, into the hand."""
        number = int(order["client_order_id"])
        family = self.family(number) if is_group else ()
        others = tuple(each for each in family if each != number)
        self.drag = OrderDrag(number, priced_at(order), others)

    def ghosts(self) -> list[Intent]:
        """What a drop would do now: the order's own move first, then its group's."""
        drag = self.drag
        order = self.order(drag.order) if drag is not None else None
        if drag is None or order is None or self.frame is None:
            return []
        if drag.price == priced_at(order):
            return []
        at, unready = self.frame.at, self.unready
        turns = self.is_turning and not drag.others
        made = [move_intent(at, order, drag.price, unready, turns=turns)]
        scale = at.listed.scale
        ticks = scale.index(drag.price) - scale.index(priced_at(order))
        for other in filter(None, map(self.order, drag.others)):
            price = scale.price(scale.index(priced_at(other)) + ticks)
            made.append(move_intent(at, other, price, unready, turns=False))
        return made

    def drop(self, now: int) -> None:
        """Let what is in the hand go (now: monotonic ns)."""
        intents = self.ghosts()
        self.drag = None
        if intents:
            self.decide(intents, now)

    def press(self, now: int) -> None:
        """Confirm what is held, by what is seen now."""
        if self.frame is not None:
            self.confirm(self.frame.at, now)

    def escape(self) -> bool:
        """Drop whatever is in the hand; False if it was empty."""
        was_busy = self.drag is not None or self.held is not None
        self.drag = self.held = None
        return was_busy
