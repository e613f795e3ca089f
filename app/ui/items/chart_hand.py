"""What a hand does with orders on a chart, as intentions: place, drag, confirm.

The same judge as the ladder's: words and order come from `models.intent`, made of the
frame of the book that was painted. Prices come in, intentions go out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.engine.records import BUY, SELL
from app.ui.items.ladder_gestures import CONFIRM_AFTER_NS, HELD_FOR_NS, Held
from app.ui.models.intent import (
    Intent,
    Verdict,
    order_intent,
    replace_intent,
    through_ticks,
)
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at
from app.ui.models.protective import exit_stop_intent, stop_intent


def _nothing(*_: object) -> None:
    return None


def _unknown(_: int) -> np.void | None:
    return None


@dataclass(slots=True)
class OrderDrag:
    """An order in the hand, and the price over which it is."""

    order: int
    price: int


@dataclass(slots=True)
class ChartHand:
    """Turns presses into intentions.

    Attributes
    ----------
    make : callable
        Takes an Intent that is to be sent, or that is blocked and to be explained.
    order : callable
        Returns an order by its client order id, or None.
    quantity : int
        Of a new order, quantity units.
    unready : str
        Why nothing can be sent; "" where it can.
    is_staging : bool
        Whether what is placed waits, unsent, for a confirm.
    frame : LadderFrame or None
        The book as it was painted.
    drag : OrderDrag or None
    held : Held or None
        Waits for a confirm.
    """

    make: Callable[[Intent], None] = _nothing
    order: Callable[[int], np.void | None] = _unknown
    quantity: int = 0
    unready: str = ""
    is_staging: bool = False
    frame: LadderFrame | None = None
    drag: OrderDrag | None = None
    held: Held | None = None

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
        sides = [side for side in (BUY, SELL) if through_ticks(frame, side, price) < 0]
        made = [order_intent(frame, side, *given) for side in sides]
        if len(sides) == 1:
            made.append(stop_intent(frame, -sides[0], *given))
            if frame.position * sides[0] > 0:
                made.append(exit_stop_intent(frame, price, self.unready))
        return made

    def ghost(self) -> Intent | None:
        """What a drop would do now; None where it would do nothing."""
        drag = self.drag
        order = self.order(drag.order) if drag is not None else None
        if drag is None or order is None or self.frame is None:
            return None
        if drag.price == priced_at(order):
            return None
        return replace_intent(self.frame, order, drag.price, self.unready)

    def drop(self, now: int) -> None:
        """Let the order in the hand go (now: monotonic ns)."""
        intent = self.ghost()
        self.drag = None
        if intent is not None:
            self.decide(intent, now)

    def decide(self, intent: Intent, now: int) -> None:
        """Pass an intention on, or keep it for one confirm."""
        if self.is_staging and intent.verdict is not Verdict.BLOCK and intent.again:
            self.held = Held([intent], now, is_staged=True)
        else:
            self._pass_on(intent, now)

    def _pass_on(self, intent: Intent, now: int) -> None:
        if intent.verdict is Verdict.HOLD:
            self.hold(intent, now)
        else:
            self.make(intent)

    def hold(self, intent: Intent, now: int) -> None:
        """Keep an intention for one confirm."""
        self.held = Held([intent], now)

    def confirm(self, now: int) -> None:
        """Send what is held, unless it has only just appeared."""
        held = self.held
        if held is None or now - held.since < CONFIRM_AFTER_NS:
            return
        self.held = None
        for intent in held.intents:
            if not held.is_staged:
                self.make(intent.confirmed())
            elif intent.again is not None and self.frame is not None:
                # What was staged is judged anew: it means what is seen now.
                self._pass_on(intent.again(self.frame), now)

    def escape(self) -> bool:
        """Drop whatever is in the hand; False if it was empty."""
        was_busy = self.drag is not None or self.held is not None
        self.drag = self.held = None
        return was_busy

    def expire(self, now: int) -> None:
        """Drop what nobody confirmed in time."""
        held = self.held
        if held and not held.is_staged and now - held.since > HELD_FOR_NS:
            self.held = None
