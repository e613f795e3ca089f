"""What a ladder says in words: its figures, and the orders under the pointer."""

from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, SessionState
from app.sessions.history import MarketHistory
from app.sessions.session import Session
from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.fill_time import expected_wait
from app.ui.models.market import Listed
from app.ui.models.order_text import order_text
from app.ui.models.queue_error import error_words
from app.ui.theme import Theme

CAPTIONS: Final = ("Position", "Average", "P&L", "Open", "Volume")


def figures(desk: Desk, listed: Listed | None, theme: Theme) -> list[tuple[str, str]]:
    """Values of `CAPTIONS` with their colours; dashes where nothing is known."""
    part = desk.market.instrument(listed.number) if listed is not None else None
    if part is None or listed is None:
        return [(formatting.DASH, theme.muted)] * len(CAPTIONS)
    text = listed.text
    position = int(part["position"])
    unrealised = int(part["unrealised"])
    pnl = int(part["realised"]) + unrealised - int(part["fees"])
    return [
        (
            text.quantity(position, signed=True),
            theme.side(position) if position else theme.text,
        ),
        (text.average(float(part["average_price"])), theme.text),
        (text.money(pnl, signed=True), theme.change(pnl)),
        (text.money(unrealised, signed=True), theme.change(unrealised)),
        (text.size(int(part["volume"])), theme.text),
    ]


def own_orders(
    desk: Desk,
    listed: Listed,
    ids: tuple[int, ...],
    session: Session | None,
    gestures: str = "drag moves, click cancels",
) -> str:
    """Describe the orders under the pointer, and what a hand does with them there."""
    view = desk.market.view
    # The engine's clock: a recording's time is not the wall's.
    now = int(view["now"]) if view is not None else 0
    queues = desk.market.queues()
    known = [order for order in map(desk.orders.order, ids) if order is not None]
    # Without single orders in the feed a place is followed by what levels show.
    is_exact = session is not None and listed.number in session.exact_queues
    history = session.history if session is not None else None
    lines, has_place = [], False
    for order in known:
        ahead, total = queues.get(int(order["client_order_id"]), (-1, -1))
        words = _own_order(order, listed, (ahead, total), now, is_exact=is_exact)
        has_place |= ahead >= 0
        waits = _waits(order, listed, ahead, now, history)
        lines.append(f"{words}, {waits}" if waits else words)
    if has_place and not is_exact:
        lines.append(error_words(desk.queue_errors.errors(listed.number)))
    return " · ".join([*lines, gestures]) if lines else ""


def _own_order(
    order: np.void,
    listed: Listed,
    place: tuple[int, int],
    now: int,
    *,
    is_exact: bool,
) -> str:
    text = listed.text
    words = [order_text(order, listed), formatting.status(int(order["status"]))]
    if order["filled"]:
        words.append(f"{text.quantity(int(order['filled']))} filled")
    ahead, total = place
    if ahead >= 0:
        behind = total - ahead - int(order["leaves"])
        words.append(f"{text.quantity(ahead)} ahead")
        if behind >= 0:
            words.append(f"{text.quantity(behind)} behind")
        if total >= 0:
            words.append(f"of {text.quantity(total)}")
        words.append("exact" if is_exact else "an estimate")
    words.append(f"{formatting.duration(max(0, now - int(order['sent_ts'])))} old")
    return ", ".join(words)


def _waits(
    order: np.void,
    listed: Listed,
    ahead: int,
    now: int,
    history: MarketHistory | None,
) -> str:
    """When an order may be filled, at the rate of the newest minute."""
    price, left = int(order["price"]), int(order["leaves"])
    if history is None or ahead < 0 or price == NO_PRICE or not left:
        return ""
    wait = expected_wait(
        history,
        listed.number,
        now,
        side=int(order["side"]),
        price=price,
        to_go=ahead + left,
    )
    if np.isnan(wait):
        return ""
    if np.isinf(wait):
        return "nothing traded here for a minute"
    return f"about {formatting.duration(wait)} to fill"


def last_price(desk: Desk, listed: Listed) -> int:
    """About what an instrument trades at, price units; NO_PRICE = unknown."""
    part = desk.market.instrument(listed.number)
    if part is None:
        return NO_PRICE
    for side, levels in (("bids", "bid_levels"), ("asks", "ask_levels")):
        if part["last_price"] == NO_PRICE and part[levels]:
            return int(part[side]["price"][0])
    return int(part["last_price"])


UNITS: Final = ("currency", "ticks", "per cent", "hidden")
"""In what the cell between the market buttons says P&L; a click takes the next."""


def pnl_cell(
    desk: Desk, listed: Listed | None, unit: str, theme: Theme
) -> tuple[str, str]:
    """Text and colour of the P&L cell.

    In currency it is the session's P&L after fees; in ticks and in per cent it is how
    far the mark stands from the average price, in favour of the position.
    """
    part = desk.market.instrument(listed.number) if listed is not None else None
    if unit == "hidden":
        return "P&L hidden", theme.muted
    if part is None or listed is None:
        return f"P&L {formatting.DASH}", theme.muted
    if unit == "currency":
        pnl = int(part["realised"]) + int(part["unrealised"]) - int(part["fees"])
        return f"P&L {listed.text.money(pnl, signed=True)}", theme.change(pnl)
    position, average = int(part["position"]), float(part["average_price"])
    if not position or part["mark"] == NO_PRICE or not np.isfinite(average):
        return f"P&L {formatting.DASH} {unit}", theme.muted
    gained = (int(part["mark"]) / 2 - average) * (1 if position > 0 else -1)
    if unit == "ticks":
        ticks = gained / listed.instrument.step_at(round(average))
        return f"P&L {formatting.ticks(ticks)}", theme.change(ticks)
    share = gained / abs(average) if average else float("nan")
    colour = theme.change(share) if np.isfinite(share) else theme.muted
    return f"P&L {formatting.percent_change(share)}", colour


_TRADING: Final = (
    SessionState.UNKNOWN,
    SessionState.OPEN,
    SessionState.EXTENDED,
)


def condition(desk: Desk, listed: Listed | None) -> str:
    """Why an instrument does not trade; "" while it does, or where nothing is known."""
    part = desk.market.instrument(listed.number) if listed is not None else None
    if part is None or listed is None:
        return ""
    known = {state.value: state for state in SessionState}
    state = known.get(int(part["session"]), SessionState.UNKNOWN)
    if state in _TRADING:
        return ""
    return f"{listed.instrument.name}: {formatting.words(state.name)}"
