"""Which own order a key is about, and what another price of it would do."""

import numpy as np

from app.engine.records import NO_PRICE
from app.ui.models.intent import Intent, replace_intent
from app.ui.models.orders import PENDING, priced_at, prices_at, waits_for_stop
from app.ui.models.situation import Situation

UNANSWERED = "its last change is not answered yet"
"""A key pressed again before the venue answers must not count from the old price."""


_WAIT_NS = 1_000_000_000


class Unanswered:
    """Moves by key that the venue has not answered, for a second at most."""

    def __init__(self) -> None:
        self._sent: dict[int, tuple[tuple[int, int], int]] = {}

    def note(self, order: np.void, now: int) -> None:
        """A move of an order leaves now (monotonic ns)."""
        self._sent = {int(order["client_order_id"]): (_stands(order), now)}

    def why(self, order: np.void, now: int) -> str:
        """Why an order cannot move yet; "" where it can."""
        known = self._sent.get(int(order["client_order_id"]))
        is_same = known is not None and known[0] == _stands(order)
        is_waiting = known is not None and is_same and now - known[1] < _WAIT_NS
        is_waiting |= int(order["status"]) in PENDING
        return UNANSWERED if is_waiting else ""


def _stands(order: np.void) -> tuple[int, int]:
    """What an answer changes: the last report's time, and the price."""
    return int(order["updated_ts"]), priced_at(order)


def by_hand(orders: np.ndarray) -> np.ndarray:
    """Those of working orders that are no strategy's."""
    mine: np.ndarray = orders[orders["strategy"] == 0]
    return mine


def nearest(orders: np.ndarray, at: Situation) -> int:
    """The order nearest to the market, by ticks from its own touch; 0 = none.

    Of several as near the one placed last.

    Parameters
    ----------
    orders : (n,) OWN_ORDER
        Working orders of one instrument, newest last.
    at : Situation
        As it was painted.
    """
    best, least = 0, None
    for order, price in zip(orders, prices_at(orders).tolist(), strict=True):
        away = _away(at, int(order["side"]), price)
        if away is not None and (least is None or away <= least):
            best, least = int(order["client_order_id"]), away
    return best


def newest(orders: np.ndarray) -> int:
    """The order that was placed last; 0 = none."""
    return int(orders["client_order_id"].max()) if len(orders) else 0


def nudge_intent(
    at: Situation, order: np.void, ticks: int, unready: str = ""
) -> Intent:
    """Say what moving an order by some ticks of the table would do."""
    scale = at.listed.scale
    price = scale.price(scale.index(priced_at(order)) + ticks)
    return replace_intent(at, order, price, unready)


def join_intent(at: Situation, order: np.void, unready: str = "") -> Intent:
    """Say what moving a limit to the best price of its own side would do."""
    touch = at.touch(int(order["side"]))
    if not unready and touch == NO_PRICE:
        unready = "that side of the book is empty"
    if not unready and waits_for_stop(order):
        unready = "a stop waits beyond the market, not at the touch"
    price = priced_at(order) if touch == NO_PRICE else touch
    return replace_intent(at, order, price, unready)


def _away(at: Situation, side: int, price: int) -> int | None:
    """Ticks from the touch of an order's side; None where there is no price."""
    if price == NO_PRICE:
        return None
    touch = at.touch(side)
    touch = at.touch(-side) if touch == NO_PRICE else touch
    if touch == NO_PRICE:
        return 0
    scale = at.listed.scale
    return abs(scale.index(price) - scale.index(touch))
