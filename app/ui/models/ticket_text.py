"""What a ticket says beside its form: the cost of the order, in words and numbers."""

import math
from typing import Final

import numpy as np

from app.engine.records import BUY, NO_PRICE, SELL, GroupRole, OrderOption
from app.ui import formatting
from app.ui.models.estimate import Estimate
from app.ui.models.judge import Verdict
from app.ui.models.judgement import Judgement
from app.ui.models.situation import Situation
from app.ui.models.ticket import Draft
from app.ui.theme import Theme

Facts = list[tuple[str, str, str]]


def market_line(at: Situation) -> str:
    """Bid, ask and last in one line."""
    text = at.listed.text
    bid, ask = at.touch(BUY), at.touch(SELL)
    return (
        f"{at.listed.instrument.name}   {text.price(bid)} × {text.price(ask)}"
        f"   last {text.price(at.last)}"
    )


def facts(found: Estimate | None, at: Situation, theme: Theme) -> Facts:
    """Cost of an order, a fact a line; dashes while there is no order to judge."""
    if found is None:
        return [(caption, formatting.DASH, theme.muted) for caption in _CAPTIONS]
    text, currency = at.listed.text, at.listed.instrument.currency

    def money(amount: int) -> str:
        return formatting.money(amount, currency)

    position = text.quantity(at.position), text.quantity(found.position)
    values = (
        (text.average(found.average), ""),
        (_fills(found, at), ""),
        (_slippage(found, at), theme.warning if found.slippage > 0 else ""),
        (money(found.spread), ""),
        (money(found.fee), ""),
        (f"{money(found.notional)} {currency}", ""),
        (formatting.money(found.margin, at.currency), ""),
        (f"{position[0]} → {position[1]}", theme.text),
    )
    return [
        (caption, value, colour)
        for caption, (value, colour) in zip(_CAPTIONS, values, strict=True)
    ]


_CAPTIONS = (
    "Avg price",
    "Fills",
    "Slippage",
    "Spread paid",
    "Fee",
    "Notional",
    "Margin",
    "Position",
)


def verdict(judged: Judgement, outcome: str, theme: Theme) -> tuple[str, str]:
    """Words under the form, and their colour."""
    if outcome:
        return outcome, theme.warning
    if judged.is_incomplete:
        return judged.text, theme.muted
    if judged.verdict is Verdict.SEND:
        return "OK: the checks pass. Enter sends.", theme.muted
    colour = theme.error if judged.verdict is Verdict.BLOCK else theme.warning
    return f"{judged.verdict.value}: {judged.text}", colour


def _fills(found: Estimate, at: Situation) -> str:
    """What is filled at once, what rests behind how much, what is not seen."""
    text = at.listed.text
    if found.is_at_stop:
        return "at its stop"
    if found.is_at_auction:
        return "at the auction"
    taken = text.size(found.taken.quantity)
    if found.unseen:
        return f"{taken}, {text.size(found.unseen)} unseen"
    if not found.resting:
        return f"{taken} now"
    ahead = f" behind {text.size(found.ahead)}" if found.ahead >= 0 else ""
    rests = f"rests{ahead}"
    return f"{taken} now, rest {rests}" if found.taken.quantity else rests


def _slippage(found: Estimate, at: Situation) -> str:
    if math.isnan(found.slippage_ticks):
        return formatting.DASH
    money = formatting.money(found.slippage, at.listed.instrument.currency)
    return f"{money} ({found.slippage_ticks:.1f} ticks)"


def quick_price(name: str, at: Situation) -> int:
    """Price of a button: bid, ask, mid or last; NO_PRICE = there is none."""
    if name == "mid":
        mid = at.doubled_mid
        return (
            NO_PRICE
            if mid is None
            else at.listed.scale.price(at.listed.scale.index(mid >> 1))
        )
    return {"bid": at.touch(BUY), "ask": at.touch(SELL), "last": at.last}[name]


def summary(draft: Draft, at: Situation) -> str:
    """Say what is sent: ``BUY 5 RSTK LMT 149.97 DAY``."""
    order, text = draft.order, at.listed.text
    if order is None:
        return ""
    words = [
        formatting.side(int(order["side"])),
        text.quantity(int(order["quantity"])),
        at.listed.instrument.name,
        *_terms(order, at),
    ]
    tail = [word for bit, word in _OPTIONS if int(order["options"]) & bit]
    if order["display_quantity"]:
        tail.append(f"shows {text.quantity(int(order['display_quantity']))}")
    for i, other in enumerate(draft.commands):
        if i != draft.entry:
            tail.append(_member(other, at))
    return " · ".join([" ".join(words), *tail])


_OPTIONS: Final = (
    (OrderOption.POST_ONLY, "post-only"),
    (OrderOption.REDUCE_ONLY, "reduce-only"),
    (OrderOption.OUTSIDE_HOURS, "outside hours"),
)


def _terms(order: np.void, at: Situation) -> list[str]:
    """Type, prices and time in force of an order."""
    text, kind = at.listed.text, int(order["order_type"])
    words = [formatting.order_type(kind)]
    stop, price, trail = (int(order[x]) for x in ("stop_price", "price", "trail"))
    if trail:
        words.append(
            f"{-trail / 10_000:g} %" if trail < 0 else f"by {text.price(trail)}"
        )
    elif stop != NO_PRICE:
        words.append(text.price(stop))
    if price != NO_PRICE:
        words.append(text.price(price) if not trail else f"limit {text.price(price)}")
    words.append(formatting.time_in_force(int(order["time_in_force"])))
    return words


def _member(order: np.void, at: Situation) -> str:
    """Another order of a group, in short."""
    role, text = int(order["role"]), at.listed.text
    price = text.price(
        int(order["price" if order["price"] != NO_PRICE else "stop_price"])
    )
    if role == GroupRole.BRACKET_TARGET:
        return f"target {price}"
    if role == GroupRole.BRACKET_STOP:
        return f"stop {price}"
    kind = formatting.order_type(int(order["order_type"]))
    return f"or {formatting.side(int(order['side']))} {kind} {price}"
