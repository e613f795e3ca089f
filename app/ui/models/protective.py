"""What the other gestures would do: stops, exit stops, brackets, another size.

Like `intent`, from the painted frame alone: words and order from one place.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, OrderOption, OrderType
from app.ui import formatting, reasons
from app.ui.models.intent import (
    SEPARATOR,
    Intent,
    Verdict,
    blocked_by_state,
    order_intent,
    outcome,
    position_words,
    through_ticks,
    would_trigger,
)
from app.ui.models.ladder import LadderFrame
from app.ui.models.orders import priced_at

_AT_ONCE: Final = "it would trigger at once, a confirm sends it at market"


def stop_intent(
    frame: LadderFrame, side: int, price: int, quantity: int, unready: str = ""
) -> Intent:
    """Say what a click for a new stop order would do."""
    blocked = unready or blocked_by_state(frame, 0) or _stale(frame)
    if not blocked and quantity <= 0:
        blocked = "choose a size first"
    made = _stop(frame, side, price, quantity, blocked)
    return replace(
        made, again=lambda other: stop_intent(other, side, price, quantity, unready)
    )


def exit_stop_intent(frame: LadderFrame, price: int, unready: str = "") -> Intent:
    """Say what a click for a stop that closes the position would do.

    It is reduce-only and passes in every safety state (SEMANTICS 52); the engine keeps
    it no larger than the position (20).
    """
    side = -1 if frame.position > 0 else 1
    blocked = unready or ("" if frame.position else "there is no position to protect")
    made = _stop(frame, side, price, abs(frame.position), blocked)
    return replace(
        made,
        options=int(OrderOption.REDUCE_ONLY),
        again=lambda other: exit_stop_intent(other, price, unready),
    )


def may_turn(frame: LadderFrame, order: np.void, price: int) -> bool:
    """Whether an order at a price is a limit across the market that stands alone."""
    is_alone = order["order_type"] == OrderType.LIMIT and not order["group"]
    return bool(is_alone) and through_ticks(frame, int(order["side"]), price) >= 0


def turn_intent(
    frame: LadderFrame, order: np.void, price: int, unready: str = ""
) -> Intent:
    """Say what dragging a limit across the market would do where it becomes a stop.

    It is cancelled; once that is confirmed, a stop is sent for what was left of it.
    """
    text, side = frame.listed.text, int(order["side"])
    left, options = int(order["leaves"]), int(order["options"])
    options &= OrderOption.REDUCE_ONLY
    why = unready or blocked_by_state(frame, options) or _stale(frame)
    if not why and would_trigger(frame, side, price):
        why = "the stop would trigger at once"
    verdict = Verdict.BLOCK if why else Verdict.HOLD
    why = why or "the limit is cancelled first"
    how = "at or above" if side > 0 else "at or below"
    old = text.price(priced_at(order))
    parts = [
        f"{formatting.side(side)} {text.quantity(left)} LMT {old}",
        f"becomes STP {text.price(price)}",
        outcome(verdict, why),
        f"triggers {how} it",
    ]
    return Intent(
        verdict,
        SEPARATOR.join(parts),
        why,
        side,
        NO_PRICE,
        left,
        frame.sequence,
        options,
        stop=price,
        like=int(order["client_order_id"]),
        turns=True,
        again=lambda other: turn_intent(other, order, price, unready),
    )


def bracket_intent(
    frame: LadderFrame,
    side: int,
    price: int,
    quantity: int,
    ticks: tuple[int, int],
    unready: str = "",
) -> Intent:
    """Say what a click for a bracket would do: entry, target, stop.

    Parameters
    ----------
    ticks : tuple of int
        From the entry to the target and to the stop, rows of the tick table.
    """
    scale, text = frame.listed.scale, frame.listed.text
    entry = order_intent(frame, side, price, quantity, unready)
    at = scale.index(price)
    target = scale.price(at + side * ticks[0])
    stop = scale.price(at - side * ticks[1])
    words = f"target {text.price(target)}, stop {text.price(stop)}"
    first, _, rest = entry.text.partition(SEPARATOR)
    return replace(
        entry,
        text=SEPARATOR.join(part for part in (first, words, rest) if part),
        exits=(target, stop),
        again=lambda other: bracket_intent(
            other, side, price, quantity, ticks, unready
        ),
    )


def bracket_ghosts(frame: LadderFrame, bracket: Intent) -> list[Intent]:
    """Entry, target and stop of a bracket, each to be drawn in its row."""
    text, exit_side = frame.listed.text, formatting.side(-bracket.side)
    quantity = text.quantity(bracket.quantity)
    ghosts = [bracket]
    for name, price in zip(("target", "stop"), bracket.exits, strict=True):
        kind = "LMT" if name == "target" else "STP"
        words = f"{name}: {exit_side} {quantity} {kind} {text.price(price)}"
        ghosts.append(
            replace(bracket, text=words, side=-bracket.side, price=price, exits=())
        )
    return ghosts


def resize_intent(
    frame: LadderFrame, order: np.void, change: int, unready: str = ""
) -> Intent:
    """Say what another size of an order would do (change: quantity units).

    A smaller one keeps its place in the queue and passes in every safety state; a
    larger one loses it (SEMANTICS 16, 52).
    """
    text, step = frame.listed.text, frame.listed.instrument.order_step
    least = int(order["filled"]) + step
    total = max(least, int(order["quantity"]) + change)
    is_larger = total > order["quantity"]
    options = int(order["options"]) & OrderOption.REDUCE_ONLY
    why = unready
    if not why and is_larger:
        why = blocked_by_state(frame, options) or _stale(frame)
    if not why and total == order["quantity"]:
        why = "it cannot be smaller; cancel it instead"
    parts = [
        f"SIZE {formatting.side(int(order['side']))} {text.price(priced_at(order))}",
        f"{text.quantity(int(order['quantity']))} → {text.quantity(total)}",
        "leaves the queue" if is_larger else "keeps its place",
    ]
    verdict = Verdict.BLOCK if why else Verdict.SEND
    parts.append(outcome(verdict, why))
    return Intent(
        verdict,
        SEPARATOR.join(parts),
        why,
        int(order["side"]),
        priced_at(order),
        int(order["leaves"]),
        frame.sequence,
        order=int(order["client_order_id"]),
        total=total,
    )


def _stop(
    frame: LadderFrame, side: int, price: int, quantity: int, blocked: str
) -> Intent:
    text = frame.listed.text
    how = "at or above" if side > 0 else "at or below"
    if blocked:
        verdict, why = Verdict.BLOCK, blocked
    elif would_trigger(frame, side, price):
        verdict, why = Verdict.HOLD, _AT_ONCE
    else:
        verdict, why = Verdict.SEND, ""
    parts = [
        f"{formatting.side(side)} {text.quantity(quantity)} STP {text.price(price)}",
        f"triggers {how} it",
        position_words(frame, side, quantity),
    ]
    parts.insert(1 if why else len(parts), outcome(verdict, why))
    return Intent(
        verdict,
        SEPARATOR.join(parts),
        why,
        side,
        NO_PRICE,
        quantity,
        frame.sequence,
        stop=price,
    )


def _stale(frame: LadderFrame) -> str:
    return f"stale book: {reasons.stale_text(frame.stale)}" if frame.stale else ""
