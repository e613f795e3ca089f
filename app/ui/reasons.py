"""Refusals, rejects and stale books in plain words, with the way out.

A table over the engine's reason codes; the numbers come from the report. The text
continues "refused: …", so that it reads the same in the ladder's row and in the log.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, Reason, ReportType, SafetyState
from app.ui import formatting
from app.ui.formatting import InstrumentText

_QUANTITY_LIMITS: Final = (Reason.MAX_ORDER_SIZE, Reason.MAX_POSITION_SIZE)

_WOULD_BE: Final = ", this order could make it {stands}"
_VIEW: Final = "the desk is in VIEW; {how} to trade"
_STANDS_AT: Final = ", it stands at {stands}; only exits pass"
_WORDS: Final[Mapping[Reason, str]] = {
    Reason.UNKNOWN_INSTRUMENT: "the session has no such instrument",
    Reason.UNKNOWN_ORDER: "there is no such order",
    Reason.DUPLICATE_ORDER_ID: "the order's number was used before",
    Reason.UNSUPPORTED: "the venue does not offer this order type or option",
    Reason.BAD_QUANTITY: "quantity {quantity} is not a multiple of {step}",
    Reason.QUANTITY_TOO_SMALL: "quantity {quantity} is below the minimum {minimum}",
    Reason.QUANTITY_TOO_LARGE: "quantity {quantity} is above the maximum {maximum}",
    Reason.VALUE_TOO_SMALL: "the order's value is below the venue's minimum",
    Reason.OFF_TICK: "price {price} is off the tick table; the nearest is {last_price}",
    Reason.BAD_PRICE: "price {price} is missing or outside the venue's bands",
    Reason.POOL_FULL: "the engine has no room for another order; cancel some first",
    Reason.ORDER_ENDED: "the order has already ended",
    Reason.NO_OPPOSITE_SIDE: "nobody is on the other side of the book",
    Reason.POST_ONLY_WOULD_CROSS: "post-only, but {price} would trade at once",
    Reason.FOK_NOT_FILLABLE: "fill-or-kill, and {quantity} was not there",
    Reason.IOC_REMAINDER: "immediate-or-cancel: the rest found nobody",
    Reason.SELF_MATCH: "it would have traded with your own order",
    Reason.STOP_THROUGH_MARKET: "the stop would trigger at once",
    Reason.NOT_REDUCING: "reduce-only, and there is no position that it reduces",
    Reason.HALTED: "trading is halted",
    Reason.CLOSED: "the venue is closed",
    Reason.EXPIRED: "its time ran out",
    Reason.USER: "cancelled as asked",
    Reason.STRATEGY: "cancelled as its strategy asked",
    Reason.MARKET_CLOSED_CUTOFF: "too late for this auction",
    Reason.NOT_CONNECTED: "the venue is not connected",
    Reason.GROUP: "another order of its group ended it",
    Reason.AUCTION_MISSED: "the auction did not fill it",
    Reason.SIZED: "sized again by the price at which it was filled",
    Reason.TRAILED: "its stop followed the price",
    Reason.NOT_TRADING: "the contract's last trading day is over",
    Reason.VENUE_BUSY: "the venue takes no orders just now",
    Reason.MAX_ORDER_SIZE: "max order size {limit}, this order is {quantity}",
    Reason.MAX_ORDER_VALUE: "max order value {limit}, this order is worth {stands}",
    Reason.MAX_POSITION_SIZE: "max position {limit}" + _WOULD_BE,
    Reason.MAX_SYMBOL_EXPOSURE: "max exposure per symbol {limit}" + _WOULD_BE,
    Reason.MAX_GROSS_EXPOSURE: "max gross exposure {limit}" + _WOULD_BE,
    Reason.MAX_DAILY_LOSS: "max daily loss {limit}" + _STANDS_AT,
    Reason.MAX_DRAWDOWN: "max drawdown {limit}" + _STANDS_AT,
    Reason.PRICE_COLLAR: "price {price} is beyond the collar at {last_price}",
    Reason.MESSAGE_RATE: "too many messages; the limit is {limit}",
    Reason.DUPLICATE: "the same order was just sent",
    Reason.RESTRICTED: "{instrument} is on the restricted list",
    Reason.SHORT_SALE: "{instrument} cannot be sold short",
    Reason.STALE_BOOK: "the book is stale; wait for fresh data",
    Reason.SESSION_HOURS: "outside the session's hours",
    Reason.STATE_VIEW: _VIEW.format(how="press ARMED"),
    Reason.STATE_REDUCE: "the desk is in REDUCE; only exits pass",
    Reason.STATE_KILLED: "the desk is KILLED; only cancels and exits pass",
    Reason.NO_CONVERSION_RATE: "no conversion rate from {currency}: exposure unknown",
    Reason.NO_PRICE_REFERENCE: "no price to judge the order by",
    Reason.STRATEGY_STOPPED: "its strategy is stopped",
    Reason.INSUFFICIENT_MARGIN: "margin or cash for it is not there",
    Reason.NO_LOCATE: "fewer than {quantity} were located to sell short",
    Reason.MEANING_CHANGED: "the market moved as you clicked; confirm to send",
    Reason.KILLED: "the kill switch",
    Reason.LOSS_LIMIT: "a loss limit was hit",
    Reason.STRATEGY_RAISED: "its strategy raised an error",
    Reason.CORPORATE_ACTION: "changed by a corporate action",
    Reason.SETTLED: "closed at the contract's settlement",
    Reason.FIRST_NOTICE: "first notice is near: a long may be given delivery",
    Reason.LAST_TRADING: "its last trading day is near: what is held then is settled",
}


def reason_text(report: np.void, text: InstrumentText, currency: str) -> str:
    """Say why an order was refused or ended, with the limit and the order's value.

    Parameters
    ----------
    report : REPORT
    text : InstrumentText
        Of the report's instrument.
    currency : str
        Base currency, in which money limits count.
    """
    reason = int(report["reason"])
    if reason not in Reason.__members__.values():
        return f"reason {reason}"
    return _WORDS.get(Reason(reason), formatting.words(Reason(reason).name)).format(
        **_numbers(report, text, currency)
    )


def _numbers(report: np.void, text: InstrumentText, currency: str) -> dict[str, str]:
    instrument = text.instrument
    reason = int(report["reason"])
    # A refusal carries the limit's value, and what the order would have made of it.
    limit, stands = int(report["last_quantity"]), int(report["fee"])
    largest = instrument.order_max
    return {
        "limit": _amount(limit, reason, text, currency),
        "stands": _amount(stands, reason, text, currency),
        "quantity": text.quantity(int(report["quantity"])),
        "step": text.quantity(instrument.order_step),
        "minimum": text.quantity(instrument.order_min),
        "maximum": formatting.DASH if largest is None else text.quantity(largest),
        "price": _price(report, "price", text),
        "last_price": _price(report, "last_price", text),
        "instrument": instrument.name,
        "currency": instrument.currency,
    }


def _amount(value: int, reason: int, text: InstrumentText, currency: str) -> str:
    if reason in _QUANTITY_LIMITS:
        return text.quantity(value)
    if reason == Reason.MESSAGE_RATE:
        return formatting.count(value)
    return f"{formatting.money(value, currency)} {currency}"


def _price(report: np.void, field: str, text: InstrumentText) -> str:
    price = int(report[field])
    return "(market)" if price == NO_PRICE else text.price(price)


def view_text(arming: str) -> str:
    """Say that VIEW lets no new risk pass, and how the desk is armed as it now is."""
    return _VIEW.format(how=arming)


def short_text(reason: int) -> str:
    """Name a reason in a few words, without the numbers of a report."""
    if reason not in Reason.__members__.values():
        return f"reason {reason}"
    return formatting.words(Reason(reason).name)


_OUTCOMES: Final[Mapping[int, str]] = {
    ReportType.REJECTED: "refused",
    ReportType.CANCEL_REJECTED: "cancel refused",
    ReportType.REPLACE_REJECTED: "replace refused",
    ReportType.CANCELLED: "cancelled",
    ReportType.EXPIRED: "expired",
    ReportType.HELD: "held",
}


def outcome_text(report: np.void, text: InstrumentText, currency: str) -> str:
    """Say what became of an order: ``refused: max position 100, …``."""
    verb = _OUTCOMES.get(int(report["report"]))
    if verb is None:
        verb = formatting.words(ReportType(int(report["report"])).name)
    return f"{verb}: {reason_text(report, text, currency)}"


_STALE: Final = (
    "fresh",
    "no snapshot yet",
    "data were lost; waiting for a snapshot",
    "the book is crossed; waiting for one that is not",
    "nothing has come for too long",
    "the feed is disconnected",
    "the feed sent a record that cannot be true",
    "the book has no room left",
)


def stale_text(reason: int) -> str:
    """Say why a book may not be trusted (engine's book_state.Stale)."""
    return _STALE[reason] if 0 <= reason < len(_STALE) else f"reason {reason}"


_STATES: Final[Mapping[SafetyState, str]] = {
    SafetyState.VIEW: "looking only: a click sends nothing; cancels and exits pass",
    SafetyState.ARMED: "a click sends an order",
    SafetyState.REDUCE: "only orders that shrink the position pass",
    SafetyState.KILLED: "all new risk is refused; cancels and exits pass",
}


def state_text(state: SafetyState) -> str:
    """Say what a safety state lets pass."""
    return _STATES[state]
