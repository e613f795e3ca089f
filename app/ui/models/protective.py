"""What the other gestures would do: stops, exit stops, brackets, another size.

Like `intent`, from what was seen alone: words and order from one place.
"""

from dataclasses import replace

import numpy as np

from app.engine.records import BUY, NO_PRICE, SELL, OrderOption, OrderType
from app.ui import formatting
from app.ui.models import judge, requests
from app.ui.models.gains import average_of, result_words
from app.ui.models.hand import AT_MARKET
from app.ui.models.intent import (
    SEPARATOR,
    Intent,
    change_intent,
    order_intent,
    position_words,
    proposal,
    replace_intent,
    ruled,
    worded,
)
from app.ui.models.judge import Change, through_ticks
from app.ui.models.orders import priced_at
from app.ui.models.situation import Situation


def stop_intent(
    at: Situation,
    side: int,
    price: int,
    quantity: int,
    unready: str = "",
    beyond: int = AT_MARKET,
) -> Intent:
    """Say what a click for a new stop order would do.

    Parameters
    ----------
    beyond : int
        Ticks from the stop to the limit that it becomes, against us; AT_MARKET = it
        becomes a market order.
    """
    scale, limit = at.listed.scale, NO_PRICE
    if beyond != AT_MARKET:
        limit = scale.price(scale.index(price) + side * beyond)
    made = _stop(at, side, price, quantity, unready, limit=limit)
    return replace(
        made,
        again=lambda other: stop_intent(other, side, price, quantity, unready, beyond),
    )


def exit_stop_intent(at: Situation, price: int, unready: str = "") -> Intent:
    """Say what a click for a stop that closes the position would do.

    It is reduce-only and passes in every safety state (SEMANTICS 52); the engine keeps
    it no larger than the position (20).
    """
    side = SELL if at.position > 0 else BUY
    unready = unready or ("" if at.position else "there is no position to protect")
    made = _stop(at, side, price, abs(at.position), unready, is_exit=True)
    return replace(made, again=lambda other: exit_stop_intent(other, price, unready))


def reverse_intent(
    at: Situation, held: int, unready: str = "", *, whole: bool = True
) -> Intent:
    """Say what turning a position round, or closing a part of it, at market would do.

    What only brings the account nearer to nothing is an exit.

    Parameters
    ----------
    held : int
        The position, or the part that is meant; quantity units.
    whole : bool
        Whether it is turned round, else closed.
    """
    side, quantity = (SELL if held > 0 else BUY), abs(held) * (2 if whole else 1)
    is_exit = not whole and at.position * held > 0 and abs(at.position) >= abs(held)
    text = at.listed.text
    parts = [
        f"{formatting.side(side)} {text.quantity(quantity)} MKT",
        position_words(at, side, quantity),
    ]
    options = int(OrderOption.REDUCE_ONLY) if is_exit else 0
    return ruled(
        proposal(at, side, quantity, options=options),
        at,
        parts,
        unready or ("" if held else "there is no position to reverse"),
        again=lambda other: reverse_intent(other, held, unready, whole=whole),
    )


def may_turn(at: Situation, order: np.void, price: int) -> bool:
    """Whether an order at a price is a limit across the market that stands alone."""
    is_alone = order["order_type"] == OrderType.LIMIT and not order["group"]
    return bool(is_alone) and through_ticks(at, int(order["side"]), price) >= 0


def move_intent(
    at: Situation, order: np.void, price: int, unready: str = "", *, turns: bool
) -> Intent:
    """Say what dragging an order to another price would do.

    `turns`: a limit dragged across the market becomes a stop.
    """
    if turns and may_turn(at, order, price):
        return turn_intent(at, order, price, unready)
    return replace_intent(at, order, price, unready)


def turn_intent(at: Situation, order: np.void, price: int, unready: str = "") -> Intent:
    """Say what dragging a limit across the market would do where it becomes a stop.

    It is cancelled; once that is confirmed, a stop is sent for what was left of it.
    """
    text, side = at.listed.text, int(order["side"])
    left, options = int(order["leaves"]), int(order["options"])
    options &= OrderOption.REDUCE_ONLY
    commands = proposal(at, side, left, stop=price, options=options)
    for name in ("time_in_force", "expire_ts"):
        commands[name] = order[name]
    # What works is not counted twice: the limit goes before its stop comes.
    ruling = judge.judge_turn(order, commands[0], at, unready)
    how = "at or above" if side > 0 else "at or below"
    old = text.price(priced_at(order))
    parts = [
        f"{formatting.side(side)} {text.quantity(left)} LMT {old}",
        f"becomes STP {text.price(price)}",
        f"triggers {how} it",
    ]
    return Intent(
        ruling.verdict,
        worded(parts, ruling, 2),
        ruling.why,
        at,
        commands,
        at=price,
        size=left,
        turns=int(order["client_order_id"]),
        again=lambda other: turn_intent(other, order, price, unready),
    )


def bracket_intent(
    at: Situation,
    side: int,
    price: int,
    quantity: int,
    ticks: tuple[int, int],
    unready: str = "",
    *,
    is_stop: bool = False,
) -> Intent:
    """Say what a click for a bracket would do: entry, target, stop.

    Parameters
    ----------
    ticks : tuple of int
        From the entry to the target and to the stop, rows of the tick table.
    is_stop : bool
        Whether the entry is a stop, else a limit.
    """
    scale, text = at.listed.scale, at.listed.text
    make = stop_intent if is_stop else order_intent
    entry = make(at, side, price, quantity, unready)
    index = scale.index(price)
    target = scale.price(index + side * ticks[0])
    stop = scale.price(index - side * ticks[1])
    words = f"target {text.price(target)}, stop {text.price(stop)}"
    first, _, rest = entry.text.partition(SEPARATOR)
    legs = {"stop" if is_stop else "price": price}
    commands = requests.bracket(proposal(at, side, quantity, **legs), target, stop)
    made = ruled(
        commands,
        at,
        [],
        unready,
        entry=len(commands) - 1,
        again=lambda other: bracket_intent(
            other, side, price, quantity, ticks, unready, is_stop=is_stop
        ),
    )
    if (made.verdict, made.why) != (entry.verdict, entry.why):
        rest = made.text  # what is wrong is with the exits
    return replace(
        made, text=SEPARATOR.join(part for part in (first, words, rest) if part)
    )


def bracket_ghosts(bracket: Intent) -> list[Intent]:
    """Entry, target and stop of a bracket, each to be drawn in its row."""
    text = bracket.seen.listed.text
    exit_side, quantity = formatting.side(-bracket.side), text.quantity(bracket.size)
    ghosts = [bracket]
    for i, name in enumerate(("target", "stop")):
        leg = bracket.commands[i : i + 1]
        is_limit = leg["price"][0] != NO_PRICE
        price = int(leg["price" if is_limit else "stop_price"][0])
        kind = "LMT" if is_limit else "STP"
        words = f"{name}: {exit_side} {quantity} {kind} {text.price(price)}"
        ghosts.append(replace(bracket, text=words, commands=leg, entry=0, at=price))
    return ghosts


def resize_intent(
    at: Situation, order: np.void, change: int, unready: str = ""
) -> Intent:
    """Say what another size of an order would do (change: quantity units).

    A smaller one keeps its place in the queue and passes in every safety state; a
    larger one loses it (SEMANTICS 16, 52).
    """
    text, step = at.listed.text, at.listed.instrument.order_step
    least = int(order["filled"]) + step
    total = max(least, int(order["quantity"]) + change)
    if not unready and total == order["quantity"]:
        unready = "it cannot be smaller; cancel it instead"
    parts = [
        f"SIZE {formatting.side(int(order['side']))} {text.price(priced_at(order))}",
        f"{text.quantity(int(order['quantity']))} → {text.quantity(total)}",
        "leaves the queue" if total > order["quantity"] else "keeps its place",
    ]
    return change_intent(
        at,
        order,
        parts,
        Change(quantity=total),
        unready,
        again=lambda other: resize_intent(other, order, change, unready),
    )


def _stop(
    at: Situation,
    side: int,
    price: int,
    quantity: int,
    unready: str,
    *,
    is_exit: bool = False,
    limit: int = NO_PRICE,
) -> Intent:
    text = at.listed.text
    how = "at or above" if side > 0 else "at or below"
    kind = f"STP {text.price(price)}"
    if limit != NO_PRICE:
        kind = f"STP LMT {text.price(price)}, limit {text.price(limit)}"
    parts = [
        f"{formatting.side(side)} {text.quantity(quantity)} {kind}",
        f"triggers {how} it",
        result_words(at.listed, at.position, average_of(at), price) if is_exit else "",
        position_words(at, side, quantity),
    ]
    options = int(OrderOption.REDUCE_ONLY) if is_exit else 0
    commands = proposal(at, side, quantity, price=limit, stop=price, options=options)
    return ruled(commands, at, parts, unready)
