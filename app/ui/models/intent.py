"""What a click would do, before it is made: the words and the order from one place.

The line under the ladder and the order that is sent are made by the same function from
the same painted frame, so that the one cannot say what the other does not do.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, OrderOption, SafetyState
from app.engine.views import DEPTH
from app.ui import formatting, reasons
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at

THROUGH_TICKS: Final = 5
"""A click further through the market than this is held for a confirmation."""
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
        The order; price NO_PRICE = a market order.
    sequence : int
        Of the painted book.
    options : int
        OrderOption bits.
    order : int
        Client order id of the order to replace; 0 = a new order.
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

    def confirmed(self) -> "Intent":
        """The same, confirmed by the user."""
        return Intent(
            Verdict.SEND,
            self.text,
            "",
            self.side,
            self.price,
            self.quantity,
            self.sequence,
            self.options | OrderOption.CONFIRMED,
            self.order,
        )


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
        _position(frame, side, quantity),
    ]
    options = _exit_option(frame, side, quantity)
    verdict, why = _judge(frame, side, price, quantity, options, unready)
    # What stops it comes early: the line may be cut off at its end.
    parts.insert(1 if why else len(parts), _outcome(verdict, why))
    if frame.state != SafetyState.REDUCE:
        options = 0
    options |= _resting(frame, side, price)
    line = SEPARATOR.join(part for part in parts if part)
    return Intent(verdict, line, why, side, price, quantity, frame.sequence, options)


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
        f"{ticks:+d} ticks, leaves the queue".replace("-", formatting.MINUS),
    ]
    verdict, why = _judge_replace(frame, order, price, unready)
    parts.insert(2 if why else len(parts), _outcome(verdict, why))
    return Intent(
        verdict,
        SEPARATOR.join(parts),
        why,
        side,
        price,
        int(order["leaves"]),
        frame.sequence,
        _resting(frame, side, price),
        order=int(order["client_order_id"]),
    )


def through_ticks(frame: LadderFrame, side: int, price: int) -> int:
    """Ticks by which a price lies through the opposite touch; negative = it rests."""
    opposite = frame.opposite(side)
    if not len(opposite) or price == NO_PRICE:
        return -1  # nobody to trade with
    scale = frame.listed.scale
    return side * (scale.index(price) - scale.index(int(opposite["price"][0])))


def _outcome(verdict: Verdict, why: str) -> str:
    return f"{verdict.value}: {why}" if why else verdict.value


def _resting(frame: LadderFrame, side: int, price: int) -> int:
    """Option that tells the engine that the painted price was one to rest at."""
    rests = price != NO_PRICE and through_ticks(frame, side, price) < 0
    return int(OrderOption.RESTING_INTENT) if rests else 0


def _judge(
    frame: LadderFrame, side: int, price: int, quantity: int, options: int, unready: str
) -> tuple[Verdict, str]:
    blocked = unready or _blocked_by_state(frame, options)
    if not blocked and frame.stale:
        blocked = f"stale book: {reasons.stale_text(frame.stale)}"
    if not blocked and quantity <= 0:
        blocked = "choose a size first"
    if not blocked and price == NO_PRICE and not len(frame.opposite(side)):
        blocked = "nobody is on the other side"
    if blocked:
        return Verdict.BLOCK, blocked
    through = through_ticks(frame, side, price)
    if through > THROUGH_TICKS:
        return Verdict.HOLD, f"{through} ticks through the market"
    return Verdict.SEND, ""


def _judge_replace(
    frame: LadderFrame, order: np.void, price: int, unready: str
) -> tuple[Verdict, str]:
    options = int(order["options"]) & OrderOption.REDUCE_ONLY
    blocked = unready or _blocked_by_state(frame, options)
    if not blocked and frame.stale:
        blocked = f"stale book: {reasons.stale_text(frame.stale)}"
    if blocked:
        return Verdict.BLOCK, blocked
    if through_ticks(frame, int(order["side"]), price) >= 0:
        return Verdict.HOLD, "it would trade at once"
    return Verdict.SEND, ""


def _blocked_by_state(frame: LadderFrame, options: int) -> str:
    """Why the safety state forbids an order; exits pass in REDUCE."""
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


def _position(frame: LadderFrame, side: int, quantity: int) -> str:
    text = frame.listed.text
    now, then = frame.position, frame.position + side * quantity
    words = f"pos {text.quantity(now)}→{text.quantity(then)}"
    return words + (
        f" of {text.quantity(frame.max_position)}" if frame.max_position else ""
    )
