"""What a hand does on a chart, as intentions: place, drag, leave, plan, confirm.

The same judge as the ladder's: words and order come from `models.intent`, made of what
the painted frame saw. Prices come in, intentions go out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.engine.records import BUY, SELL
from app.ui.models.deciding import Deciding
from app.ui.models.exits import ENTRY, LEGS, Plan, exit_intent
from app.ui.models.intent import Intent, order_intent
from app.ui.models.judge import Verdict, through_ticks
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at
from app.ui.models.protective import move_intent, stop_intent


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
class PositionDrag:
    """The position's line in the hand: where it was taken, the price it is over now."""

    start: int
    price: int


@dataclass(slots=True)
class PlanDrag:
    """A line of the plan in the hand, by its name in `exits.LEGS`."""

    leg: str
    price: int


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
    drag : OrderDrag, PositionDrag, PlanDrag or None
        What is in the hand.
    plan : Plan or None
        A bracket that is drawn, not sent.
    leg : str
        Its line that keys move, of `exits.LEGS`.
    """

    order: Callable[[int], np.void | None] = _unknown
    family: Callable[[int], tuple[int, ...]] = _alone
    quantity: int = 0
    is_turning: bool = False
    frame: LadderFrame | None = None
    drag: OrderDrag | PositionDrag | PlanDrag | None = None
    plan: Plan | None = None
    leg: str = ENTRY

    def intents_at(self, price: int) -> list[Intent]:
        """What can be placed at a price: a limit that rests there, a stop beyond.

        Below the market that is a buy limit and a sell stop, above it the other way
        round; in a book without a touch both limits. With a position there is what
        closes it: a limit on the side of the gain, else a stop.
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
            if frame.position:
                made.append(exit_intent(at, price, self.unready))
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
        if self.frame is None or drag is None or isinstance(drag, PlanDrag):
            return []
        if isinstance(drag, PositionDrag):
            if drag.price == drag.start or not self.frame.position:
                return []
            return [exit_intent(self.frame.at, drag.price, self.unready)]
        order = self.order(drag.order)
        if order is None or drag.price == priced_at(order):
            return []
        return self._moves(self.frame, drag, order)

    def _moves(
        self, frame: LadderFrame, drag: OrderDrag, order: np.void
    ) -> list[Intent]:
        at, unready = frame.at, self.unready
        turns = self.is_turning and not drag.others
        made = [move_intent(at, order, drag.price, unready, turns=turns)]
        scale = at.listed.scale
        ticks = scale.index(drag.price) - scale.index(priced_at(order))
        for other in filter(None, map(self.order, drag.others)):
            price = scale.price(scale.index(priced_at(other)) + ticks)
            made.append(move_intent(at, other, price, unready, turns=False))
        return made

    def drag_to(self, price: int) -> None:
        """Take what is in the hand to a price."""
        drag = self.drag
        if drag is None:
            return
        drag.price = price
        if isinstance(drag, PlanDrag) and self.plan and self.frame:
            self.plan = self.plan.moved(self.frame.at, drag.leg, price)

    def drop(self, now: int) -> None:
        """Let what is in the hand go (now: monotonic ns)."""
        intents = self.ghosts()
        self.drag = None
        if intents:
            self.decide(intents, now)

    def plan_lines(self) -> list[tuple[str, Intent]]:
        """The lines of the plan by name, with their words."""
        if self.plan is None or self.frame is None:
            return []
        return self.plan.lines(self.frame.at, self.quantity, self.unready)

    def choose_leg(self, step: int) -> None:
        """Let keys move another line of the plan."""
        self.leg = LEGS[(LEGS.index(self.leg) + step) % len(LEGS)]

    def nudge_plan(self, ticks: int) -> None:
        """Move the chosen line of the plan by ticks."""
        if self.plan is None or self.frame is None:
            return
        at = self.frame.at
        price = next(i.at for leg, i in self.plan_lines() if leg == self.leg)
        moved = at.listed.scale.price(at.listed.scale.index(price) + ticks)
        self.plan = self.plan.moved(at, self.leg, moved)

    def send_plan(self, now: int) -> None:
        """Decide the plan's bracket by what is seen now; one that is blocked stays."""
        if self.plan is None or self.frame is None:
            return
        intent = self.plan.intent(self.frame.at, self.quantity, self.unready)
        if intent.verdict is not Verdict.BLOCK:
            self.plan = None
        self.decide([intent], now)

    def press(self, now: int) -> None:
        """Confirm what is held, by what is seen now."""
        if self.frame is not None:
            self.confirm(self.frame.at, now)

    def escape(self) -> bool:
        """Drop whatever is in the hand; False if it was empty."""
        if self.drag is not None or self.held is not None:
            self.drag = self.held = None
            return True
        was_planned = self.plan is not None
        self.plan = None
        return was_planned
