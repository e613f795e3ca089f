"""A blotter's filter: words to a mask over records, without a text per row.

Each word must hold; it holds where it names the instrument, the side, the status, the
type, the time in force, the role or the end of the order's number. A minus before a
word turns it round. ``rstk buy working`` are the working buys of RSTK.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import numpy as np

from app.engine.records import BUY, SELL, OrderStatus, OrderType, TimeInForce
from app.sessions.session import FIRST_ORDER_ID
from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.orders import has_ended

_SYNONYMS: Final = {"refused": "rejected", "canceled": "cancelled", "partial": "partly"}
_SIDES: Final = {BUY: "buy", SELL: "sell"}
_ROLES: Final = {1: "maker", -1: "taker"}
_WORKING: Final = "working"

Mask = Callable[[np.ndarray], np.ndarray]


def is_working(orders: np.ndarray) -> np.ndarray:
    """Mask of the orders that have not ended."""
    return ~has_ended(orders)


def wanted(text: str, desk: Desk) -> Mask | None:
    """Return the mask that a filter's words ask for; None = all records."""
    words = text.lower().split()
    return partial(_mask, words, desk) if words else None


def _mask(words: list[str], desk: Desk, records: np.ndarray) -> np.ndarray:
    kept = np.ones(len(records), bool)
    for word in words:
        plain = word.removeprefix("-")
        if plain:
            holds = _holds(_SYNONYMS.get(plain, plain), desk, records)
            kept &= ~holds if word.startswith("-") else holds
    return kept


def _holds(word: str, desk: Desk, records: np.ndarray) -> np.ndarray:
    """Mask of the records that a word names in any way."""
    names = records.dtype.names or ()
    if word == _WORKING and "status" in names:
        return is_working(records)
    holds = np.zeros(len(records), bool)
    for field, codes in _codes(word, desk):
        if field in names and codes:
            holds |= np.isin(records[field], codes)
    digits = word.removeprefix("e")
    if digits.isdigit() and len(digits) < 18 and "client_order_id" in names:
        # As `formatting.order_number` writes it: an e for those that are not yours.
        numbers = records["client_order_id"]
        is_own = numbers > FIRST_ORDER_ID
        shown = np.where(is_own, numbers - FIRST_ORDER_ID, numbers)
        is_meant = (digits == word) | ~is_own
        holds |= is_meant & (shown % 10 ** len(digits) == int(digits))
    if word in ("long", "short") and "position" in names:
        holds |= records["position"] * (1 if word == "long" else -1) > 0
    return holds


def _codes(word: str, desk: Desk) -> Iterable[tuple[str, list[int]]]:
    """Codes of each field whose words contain a word."""
    listed = desk.market.listed
    yield "instrument", [x.number for x in listed if word in x.instrument.name.lower()]
    yield "side", [code for code, name in _SIDES.items() if name.startswith(word)]
    yield "liquidity", [code for code, name in _ROLES.items() if name.startswith(word)]
    yield "status", [int(x) for x in OrderStatus if word in _status(x)]
    kinds = [int(x) for x in OrderType if word in formatting.order_type(x).lower()]
    yield "order_type", kinds
    forces = [x for x in TimeInForce if word in formatting.time_in_force(x).lower()]
    yield "time_in_force", [int(x) for x in forces]


def _status(status: OrderStatus) -> str:
    return formatting.status(status).lower() if status else ""
