"""What a click would do, before it is made: the words and the order from one place.

The line under the ladder and the order that is sent are made by the same function from
what was seen (`Situation`: in a ladder or a chart that of the painted frame), so that
the one cannot say what the other does not do. `judge` says what becomes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, Action, OrderOption, RiskLimit
from app.engine.views import DEPTH
from app.ui import formatting
from app.ui.models import judge, requests
from app.ui.models.judge import Change, Verdict, through_ticks
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at, waits_for_stop
from app.ui.models.situation import Situation

SEPARATOR: Final = " · "


@dataclass(frozen=True, slots=True)
class Intent:
    """A gesture's meaning.

    Attributes
    ----------
    verdict : Verdict
    text : str
        The whole line.
    why : str
        Why it is doubted, held or blocked; "" where it is sent.
    seen : Situation
        What it was judged by.
    commands : (n,) COMMAND
        What is sent, in this order and without ids: an order, a bracket, a replace.
    entry : int
        Row of the order itself.
    at : int
        Price of the row it is about, price units; NO_PRICE = none.
    size : int
        What is open of it once it stands, quantity units.
    triggers : bool
        Whether it is a stop that would trigger at once.
    turns : int
        Client order id of the limit that is cancelled first, for whose rest the order
        is; 0 = none.
    again : callable or None
        Makes the same intention from another situation.
    """

    verdict: Verdict
    text: str
    why: str
    seen: Situation = field(compare=False, repr=False)
    commands: np.ndarray = field(compare=False)
    entry: int = 0
    at: int = NO_PRICE
    size: int = 0
    triggers: bool = False
    turns: int = 0
    again: "Callable[[Situation], Intent] | None" = field(
        default=None, compare=False, repr=False
    )

    @property
    def command(self) -> np.void:
        """The order itself, or the replace."""
        found: np.void = self.commands[self.entry]
        return found

    @property
    def order(self) -> int:
        """Client order id of the order to replace; 0 = a new order."""
        is_replace = self.command["action"] == Action.REPLACE
        return int(self.command["client_order_id"]) if is_replace else 0

    @property
    def side(self) -> int:
        """BUY or SELL."""
        return int(self.command["side"])

    @property
    def price(self) -> int:
        """Limit, price units; NO_PRICE = none."""
        return int(self.command["price"])

    @property
    def stop(self) -> int:
        """Stop price, price units; NO_PRICE = none."""
        return int(self.command["stop_price"])

    @property
    def options(self) -> int:
        """OrderOption bits."""
        return int(self.command["options"])

    @property
    def is_group(self) -> bool:
        """Whether it is more than one order."""
        return len(self.commands) > 1

    def asks_what(self, other: "Intent") -> bool:
        """Whether another asks for the same, however it is judged."""
        return bool((self.commands[_ASKED] == other.commands[_ASKED]).all())

    def confirmed(self) -> "Intent":
        """The same, confirmed by the user."""
        commands = self.commands.copy()
        commands["options"] |= int(OrderOption.CONFIRMED)
        if self.triggers:
            commands = judge.triggered(commands, self.seen)
        return replace(self, verdict=Verdict.SEND, why="", commands=commands)


_ASKED: Final = [
    "action", "instrument", "client_order_id", "side", "quantity", "price",
    "stop_price",
]  # fmt: skip


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
    at: Situation, side: int, price: int, quantity: int, unready: str = ""
) -> Intent:
    """Say what a click for a new order would do.

    Parameters
    ----------
    at : Situation
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
    text = at.listed.text
    what = "MKT" if price == NO_PRICE else f"LMT {text.price(price)}"
    parts = [
        f"{formatting.side(side)} {text.quantity(quantity)} {what}",
        _meets(at, side, price, quantity),
        position_words(at, side, quantity),
    ]
    commands = proposal(at, side, quantity, price=price)
    return ruled(
        commands,
        at,
        parts,
        unready,
        again=lambda other: order_intent(other, side, price, quantity, unready),
    )


def proposal(
    at: Situation,
    side: int,
    quantity: int,
    *,
    price: int = NO_PRICE,
    stop: int = NO_PRICE,
    options: int = 0,
) -> np.ndarray:
    """Make the order that a gesture proposes, as yet without id and time."""
    return requests.new_order(
        0,
        instrument=at.listed.number,
        client_order_id=0,
        side=side,
        quantity=quantity,
        price=price,
        stop=stop,
        sequence=at.sequence,
        options=options,
    )


def ruled(
    commands: np.ndarray,
    at: Situation,
    parts: list[str],
    unready: str,
    again: Callable[[Situation], Intent] | None = None,
    entry: int = 0,
) -> Intent:
    """Judge new orders and say what becomes of them.

    Parameters
    ----------
    commands : (n,) COMMAND
        As proposed.
    at : Situation
    parts : list of str
        What the orders are; the outcome is added.
    unready : str
        As in `judge.judge`.
    again : callable or None
        As in `Intent`.
    entry : int
        Row of the order itself.
    """
    commands = judge.meant(commands, at)
    ruling = judge.judge(commands, at, unready)
    order = commands[entry]
    price, stop = int(order["price"]), int(order["stop_price"])
    return Intent(
        ruling.verdict,
        worded(parts, ruling, 1),
        ruling.why,
        at,
        commands,
        entry,
        at=price if stop == NO_PRICE else stop,
        size=int(order["quantity"]),
        triggers=ruling.triggers,
        again=again,
    )


def worded(parts: list[str], ruling: judge.Ruling, place: int) -> str:
    """Put what becomes of a gesture into its line.

    What stops it comes early, at `place`: the line may be cut off at its end.
    """
    words = list(parts)
    words.insert(place if ruling.why else len(words), outcome(ruling))
    return SEPARATOR.join(part for part in words if part)


def outcome(ruling: judge.Ruling) -> str:
    """What becomes of a gesture, in words."""
    said = ruling.verdict.value
    return f"{said}: {ruling.why}" if ruling.why else said


def replace_intent(
    at: Situation, order: np.void, price: int, unready: str = ""
) -> Intent:
    """Say what dragging an order to another price would do.

    A stop-limit that waits is dragged by its stop; its limit keeps its distance.
    """
    text, scale = at.listed.text, at.listed.scale
    side, old, limit = int(order["side"]), priced_at(order), int(order["price"])
    ticks = scale.index(price) - scale.index(old)
    change = Change(price)
    if waits_for_stop(order) or limit == NO_PRICE:
        if limit != NO_PRICE:
            limit = scale.price(scale.index(limit) + ticks)
        change = Change(limit, stop_price=price)
    parts = [
        f"MOVE {formatting.side(side)} {text.quantity(int(order['leaves']))}",
        f"{text.price(old)} → {text.price(price)}",
        f"{ticks:+d} ticks, {_moves(at, order, price)}".replace("-", formatting.MINUS),
    ]
    if NO_PRICE not in (change.stop_price, change.price):
        parts[1] += f", limit {text.price(change.price)}"
    return change_intent(
        at,
        order,
        parts,
        change,
        unready,
        again=lambda other: replace_intent(other, order, price, unready),
    )


def change_intent(
    at: Situation,
    order: np.void,
    parts: list[str],
    change: Change,
    unready: str = "",
    again: Callable[[Situation], Intent] | None = None,
) -> Intent:
    """Judge a change of a working order and say what becomes of it.

    Parameters
    ----------
    at : Situation
    order : OWN_ORDER record
    parts : list of str
        What changes; the outcome is added.
    change : Change
    unready : str
        As in `judge.judge`.
    again : callable or None
        As in `Intent`; what only makes an order smaller is not staged: it adds nothing.
    """
    ruling = judge.judge_replace(order, change, at, unready)
    price, stop, total = change.price, change.stop_price, change.quantity
    command = requests.replace(
        0, order, price=price, stop=stop, quantity=total, sequence=at.sequence
    )
    side = int(order["side"])
    rests = price != NO_PRICE and not waits_for_stop(order)
    if rests and through_ticks(at, side, price) < 0:
        command["options"] |= int(OrderOption.RESTING_INTENT)
    row = price if stop == NO_PRICE else stop
    shrinks = row == NO_PRICE and total <= int(order["quantity"])
    return Intent(
        ruling.verdict,
        worded(parts, ruling, 2),
        ruling.why,
        at,
        command,
        at=priced_at(order) if row == NO_PRICE else row,
        size=total or int(order["leaves"]),
        again=None if shrinks else again,
    )


def _meets(at: Situation, side: int, price: int, quantity: int) -> str:
    """What the order would find in the painted book: a queue, or somebody to take."""
    text = at.listed.text
    opposite = at.levels(-side)
    if price == NO_PRICE:
        reached = opposite
    else:
        reached = opposite[side * (price - opposite["price"]) >= 0]
    if not len(reached):
        return _joins(at, side, price) if price != NO_PRICE else ""
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


def _moves(at: Situation, order: np.void, price: int) -> str:
    """What becomes of an order at another price: it takes, or queues anew."""
    side = int(order["side"])
    if waits_for_stop(order):
        return f"triggers at or {'above' if side > 0 else 'below'} it"
    if through_ticks(at, side, price) < 0:
        return "leaves the queue"
    return _meets(at, side, price, int(order["leaves"]))


def _joins(at: Situation, side: int, price: int) -> str:
    own_side = at.levels(side)
    here = own_side["size"][own_side["price"] == price]
    if len(here):
        return f"joins {at.listed.text.quantity(int(here[0]))} ahead"
    if not len(own_side) or side * (price - int(own_side["price"][0])) > 0:
        return "new best " + ("bid" if side > 0 else "ask")
    is_beyond = side * (price - int(own_side["price"][-1])) < 0
    if is_beyond and len(own_side) >= DEPTH:
        return "beyond the depth that is shown"
    return "first at this price"


def position_words(at: Situation, side: int, quantity: int) -> str:
    """The position before and after an order, and its limit."""
    text = at.listed.text
    now, then = at.position, at.position + side * quantity
    words = f"pos {text.quantity(now)}→{text.quantity(then)}"
    most = at.limit(RiskLimit.MAX_POSITION_SIZE)
    return words + (f" of {text.quantity(most)}" if most else "")
