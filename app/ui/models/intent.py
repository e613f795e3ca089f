"""What a click would do, before it is made: the words and the order from one place.

The line under the ladder and the order that is sent are made by the same function from
the same painted frame, so that the one cannot say what the other does not do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, OrderOption, SafetyState
from app.engine.views import DEPTH
from app.instrument import InstrumentKind
from app.ui import formatting, reasons
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at

SEPARATOR: Final = " · "


class Verdict(Enum):
    """What happens to a gesture."""

    SEND = "OK"
    HOLD = "needs a confirm"
    BLOCK = "blocked"


@dataclass(frozen=True, slots=True)
class Intent:
    """A gesture's meaning.

    Attributes
    ----------
    verdict : Verdict
    text : str
        The whole line.
    why : str
        Why it is held or blocked; "" where it is sent.
    side, price, quantity : int
        The order; price NO_PRICE = a market order, or a stop where `stop` is given.
    sequence : int
        Of the painted book.
    options : int
        OrderOption bits.
    order : int
        Client order id of the order to replace; 0 = a new order.
    stop : int
        Stop price of a stop order, price units; NO_PRICE = none.
    total : int
        Replace: the new total; 0 = unchanged.
    exits : tuple of int
        Bracket: prices of target and stop; empty = no bracket.
    like : int
        Client order id of the order whose time in force a new one takes; 0 = none.
    turns : bool
        Whether the order `like` is cancelled first: the new one is for what was left.
    again : callable or None
        Makes the same intention from another frame.
    """

    verdict: Verdict
    text: str
    why: str
    side: int
    price: int
    quantity: int
    sequence: int
    options: int = 0
    order: int = 0
    stop: int = NO_PRICE
    total: int = 0
    exits: tuple[int, ...] = ()
    like: int = 0
    turns: bool = False
    again: "Callable[[LadderFrame], Intent] | None" = field(
        default=None, compare=False, repr=False
    )

    @property
    def at(self) -> int:
        """Price of the row it is about, price units; NO_PRICE = none."""
        return self.stop if self.price == NO_PRICE else self.price

    def confirmed(self) -> "Intent":
        """The same, confirmed by the user.

        A new stop waits for a confirm only where it would trigger at once: what is
        confirmed then is the market order that it would become (SEMANTICS 22 refuses
        the stop).
        """
        is_triggered = self.stop != NO_PRICE and not self.order and not self.turns
        return replace(
            self,
            verdict=Verdict.SEND,
            why="",
            stop=NO_PRICE if is_triggered else self.stop,
            options=self.options | OrderOption.CONFIRMED,
        )


def row_of(frame: LadderFrame, intent: Intent) -> int:
    """Row of an intention; a market order's is the touch that it would take."""
    price = intent.at
    if price == NO_PRICE:
        opposite = frame.opposite(intent.side)
        price = int(opposite["price"][0]) if len(opposite) else frame.last
    return frame.row(price) if price != NO_PRICE else -1


def waiting_text(intent: Intent, *, is_staged: bool) -> str:
    """What waits for the hand, and how it goes on."""
    word = "STAGED" if is_staged else "CONFIRM"
    return SEPARATOR.join([word, intent.text, "click again or Enter"])


def order_intent(
    frame: LadderFrame, side: int, price: int, quantity: int, unready: str = ""
) -> Intent:
    """Say what a click for a new order would do.

    Parameters
    ----------
    frame : LadderFrame
        As painted.
    side : int
        BUY or SELL.
    price : int
        Limit, price units; NO_PRICE = a market order.
    quantity : int
        Quantity units.
    unready : str
        Why nothing can be sent at all; "" where it can.
    """
    text = frame.listed.text
    what = "MKT" if price == NO_PRICE else f"LMT {text.price(price)}"
    parts = [
        f"{formatting.side(side)} {text.quantity(quantity)} {what}",
        _meets(frame, side, price, quantity),
        position_words(frame, side, quantity),
    ]
    options = _exit_option(frame, side, quantity)
    verdict, why = _judge(frame, side, price, quantity, options, unready)
    # What stops it comes early: the line may be cut off at its end.
    parts.insert(1 if why else len(parts), outcome(verdict, why))
    if frame.state != SafetyState.REDUCE:
        options = 0
    options |= _resting(frame, side, price)
    line = SEPARATOR.join(part for part in parts if part)
    return Intent(
        verdict,
        line,
        why,
        side,
        price,
        quantity,
        frame.sequence,
        options,
        again=lambda other: order_intent(other, side, price, quantity, unready),
    )


def replace_intent(
    frame: LadderFrame, order: np.void, price: int, unready: str = ""
) -> Intent:
    """Say what dragging an order to another price would do."""
    text, scale = frame.listed.text, frame.listed.scale
    side, old = int(order["side"]), priced_at(order)
    ticks = scale.index(price) - scale.index(old)
    parts = [
        f"MOVE {formatting.side(side)} {text.quantity(int(order['leaves']))}",
        f"{text.price(old)} → {text.price(price)}",
        f"{ticks:+d} ticks, {_moves(frame, order, price)}".replace(
            "-", formatting.MINUS
        ),
    ]
    verdict, why = _judge_replace(frame, order, price, unready)
    parts.insert(2 if why else len(parts), outcome(verdict, why))
    is_stop = order["price"] == NO_PRICE
    return Intent(
        verdict,
        SEPARATOR.join(parts),
        why,
        side,
        NO_PRICE if is_stop else price,
        int(order["leaves"]),
        frame.sequence,
        0 if is_stop else _resting(frame, side, price),
        order=int(order["client_order_id"]),
        stop=price if is_stop else NO_PRICE,
        again=lambda other: replace_intent(other, order, price, unready),
    )


def through_ticks(frame: LadderFrame, side: int, price: int) -> int:
    """Ticks by which a price lies through the opposite touch; negative = it rests."""
    opposite = frame.opposite(side)
    if not len(opposite) or price == NO_PRICE:
        return -1  # nobody to trade with
    scale = frame.listed.scale
    return side * (scale.index(price) - scale.index(int(opposite["price"][0])))


def outcome(verdict: Verdict, why: str) -> str:
    """What becomes of a gesture, in words."""
    return f"{verdict.value}: {why}" if why else verdict.value


def _resting(frame: LadderFrame, side: int, price: int) -> int:
    """Option that tells the engine that the painted price was one to rest at."""
    rests = price != NO_PRICE and through_ticks(frame, side, price) < 0
    return int(OrderOption.RESTING_INTENT) if rests else 0


def _judge(
    frame: LadderFrame, side: int, price: int, quantity: int, options: int, unready: str
) -> tuple[Verdict, str]:
    blocked = unready or blocked_by_state(frame, options)
    if not blocked and frame.stale:
        blocked = f"stale book: {reasons.stale_text(frame.stale)}"
    if not blocked and quantity <= 0:
        blocked = "choose a size first"
    if not blocked and price == NO_PRICE and not len(frame.opposite(side)):
        blocked = "nobody is on the other side"
    if blocked:
        return Verdict.BLOCK, blocked
    through = through_ticks(frame, side, price)
    if through > frame.through_ticks:
        return Verdict.HOLD, f"{through} ticks through the market"
    return Verdict.SEND, ""


def _judge_replace(
    frame: LadderFrame, order: np.void, price: int, unready: str
) -> tuple[Verdict, str]:
    options = int(order["options"]) & OrderOption.REDUCE_ONLY
    blocked = unready or blocked_by_state(frame, options)
    if not blocked and frame.stale:
        blocked = f"stale book: {reasons.stale_text(frame.stale)}"
    if blocked:
        return Verdict.BLOCK, blocked
    side = int(order["side"])
    if order["price"] == NO_PRICE:
        if would_trigger(frame, side, price):
            return Verdict.BLOCK, "the stop would trigger at once"
    elif through_ticks(frame, side, price) >= 0:
        return Verdict.HOLD, "it would trade at once"
    return Verdict.SEND, ""


def would_trigger(frame: LadderFrame, side: int, stop: int) -> bool:
    """Whether a stop at this price is through the market already (SEMANTICS 21, 22).

    By the last trade; for FX, or before the first trade, by the touch.
    """
    opposite = frame.opposite(side)
    price = frame.last
    if frame.listed.instrument.kind is InstrumentKind.FX_SPOT or price == NO_PRICE:
        price = int(opposite["price"][0]) if len(opposite) else NO_PRICE
    return price != NO_PRICE and side * (price - stop) >= 0


def blocked_by_state(frame: LadderFrame, options: int) -> str:
    """Why the safety state forbids an order; "" where it passes.

    `options` other than 0: an order that shrinks the position, which REDUCE lets pass.
    """
    if frame.state == SafetyState.ARMED:
        return ""
    if frame.state == SafetyState.REDUCE:
        return (
            "" if options else "REDUCE lets only orders pass that shrink the position"
        )
    if frame.state == SafetyState.KILLED:
        return "KILLED: no new risk; cancel, or close the position"
    return "VIEW: press ARMED to trade"


def _exit_option(frame: LadderFrame, side: int, quantity: int) -> int:
    shrinks = side * frame.position < 0 and quantity <= abs(frame.position)
    return int(OrderOption.REDUCE_ONLY) if shrinks else 0


def _meets(frame: LadderFrame, side: int, price: int, quantity: int) -> str:
    """What the order would find in the painted book: a queue, or somebody to take."""
    text = frame.listed.text
    opposite = frame.opposite(side)
    if price == NO_PRICE:
        reached = opposite
    else:
        reached = opposite[side * (price - opposite["price"]) >= 0]
    if not len(reached):
        return _joins(frame, side, price) if price != NO_PRICE else ""
    depth = np.cumsum(reached["size"])
    last = min(int(np.searchsorted(depth, quantity)), len(reached) - 1)
    taken = min(quantity, int(depth[-1]))
    how = "at" if last == 0 else "up to" if side > 0 else "down to"
    words = (
        f"takes {text.quantity(taken)} {how} {text.price(int(reached['price'][last]))}"
    )
    rest = quantity - taken
    return words + (
        f", {text.quantity(rest)} rests" if rest and price != NO_PRICE else ""
    )


def _moves(frame: LadderFrame, order: np.void, price: int) -> str:
    """What becomes of an order at another price: it takes, or queues anew."""
    side = int(order["side"])
    if order["price"] == NO_PRICE or through_ticks(frame, side, price) < 0:
        return "leaves the queue"
    return _meets(frame, side, price, int(order["leaves"]))


def _joins(frame: LadderFrame, side: int, price: int) -> str:
    own_side = frame.opposite(-side)
    here = own_side["size"][own_side["price"] == price]
    if len(here):
        return f"joins {frame.listed.text.quantity(int(here[0]))} ahead"
    if not len(own_side) or side * (price - int(own_side["price"][0])) > 0:
        return "new best " + ("bid" if side > 0 else "ask")
    is_beyond = side * (price - int(own_side["price"][-1])) < 0
    if is_beyond and len(own_side) >= DEPTH:
        return "beyond the depth that is shown"
    return "first at this price"


def position_words(frame: LadderFrame, side: int, quantity: int) -> str:
    """The position before and after an order, and its limit."""
    text = frame.listed.text
    now, then = frame.position, frame.position + side * quantity
    words = f"pos {text.quantity(now)}→{text.quantity(then)}"
    return words + (
        f" of {text.quantity(frame.max_position)}" if frame.max_position else ""
    )
