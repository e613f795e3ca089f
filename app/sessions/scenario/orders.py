"""What the reports say of orders and fills: the same that the window's blotters show.

`OrderBook` of any account: an order is what its last report said. Ours come from the
gate; other participants' from the matching venue itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from app.engine.records import (
    NO_PRICE,
    OrderStatus,
    Reason,
    RecordFlag,
    ReportType,
)

_WORDS: Final = {
    OrderStatus.NONE: ("unknown",),
    OrderStatus.PENDING_NEW: ("pending_new",),
    OrderStatus.NEW: ("working",),
    OrderStatus.PARTIALLY_FILLED: ("working",),
    OrderStatus.FILLED: ("filled",),
    OrderStatus.CANCELLED: ("cancelled",),
    OrderStatus.REJECTED: ("rejected",),
    OrderStatus.EXPIRED: ("cancelled", "expired"),
    OrderStatus.PENDING_CANCEL: ("pending_cancel",),
    OrderStatus.PENDING_REPLACE: ("pending_replace",),
    OrderStatus.TRIGGERED: ("working", "triggered"),
    OrderStatus.INACTIVE: ("inactive",),
    OrderStatus.HELD: ("held", "inactive", "working"),
}
"""What a scenario may call a status; the first is how it is shown."""

_ENDED: Final = frozenset(
    (
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    )
)
_BY_VENUE: Final = frozenset(
    (
        Reason.NOT_REDUCING,
        Reason.GROUP,
        Reason.TRAILED,
        Reason.CLOSED,
        Reason.CORPORATE_ACTION,
        Reason.SIZED,
    )
)
"""Reasons of changes that answer no request."""
_ASKED_FOR: Final = (Reason.USER, Reason.STRATEGY)
_SYNONYMS: Final = {
    **dict.fromkeys(("new", "partially_filled", "open", "active"), "working"),
    **dict.fromkeys(("resting", "accepted", "part_filled", "partial"), "working"),
    **dict.fromkeys(("canceled", "killed", "done"), "cancelled"),
    **dict.fromkeys(("not_triggered", "pending_trigger", "waiting"), "inactive"),
}
_FLAGS: Final = {
    RecordFlag.INFERRED: "inferred",
    RecordFlag.BEYOND_DEPTH: "beyond_depth",
    RecordFlag.SETTLEMENT: "settlement",
}


def status_words(status: int) -> tuple[str, ...]:
    """Words that a scenario may use for a status, see `status_word`."""
    return _WORDS[OrderStatus(status)]


def status_word(word: str) -> str:
    """Word of `status_words` that a scenario's word means."""
    plain = word.lower().replace("-", "_").replace(" ", "_")
    return _SYNONYMS.get(plain, plain)


def is_over(status: int) -> bool:
    """Whether an order with a status has ended."""
    return status in _ENDED


@dataclass(slots=True)
class KnownOrder:
    """An order as its reports tell it."""

    number: int
    instrument: int
    status: int = OrderStatus.NONE
    quantity: int = 0
    filled: int = 0
    leaves: int = 0
    price: int | None = None
    stop: int | None = None
    reason: int = Reason.NONE
    nearest: int | None = None
    """Bounding or nearest valid price of the last refusal."""
    fee: int = 0
    """Money so far."""
    sent_ts: int = 0
    """When it was first told of, ns."""
    replaces: list[str] = field(default_factory=list)
    """What became of each replace, in order: accepted or rejected."""
    cancels: list[str] = field(default_factory=list)
    asked_replaces: int = 0
    """Replaces on their way."""
    asked_cancels: int = 0
    beyond_depth: int = 0
    """Quantity filled beyond the depth that the feed shows."""


@dataclass(frozen=True, slots=True)
class OwnFill:
    """A fill of ours."""

    number: int
    price: int
    quantity: int
    ts_venue: int
    flags: tuple[str, ...]


class Known:
    """Orders and fills by the reports seen so far."""

    def __init__(self) -> None:
        self.orders: dict[int, KnownOrder] = {}
        self.fills: list[OwnFill] = []
        self.states: list[tuple[int, int]] = []
        """Safety states with the times of their beginning."""
        self.unsupported: list[int] = []
        """Orders that were refused because nobody offers what they ask for."""

    def hear(self, reports: Iterable[Any]) -> None:
        """Take notice of REPORTs in the order in which they came."""
        for report in reports:
            kind = int(report["report"])
            if kind == ReportType.STATE:
                when = int(report["ts_received"])
                self.states.append((when, int(report["quantity"])))
            elif kind < ReportType.STATE and report["client_order_id"] > 0:
                self._hear_order(report, kind)

    def _hear_order(self, report: Any, kind: int) -> None:
        number = int(report["client_order_id"])
        known = self.orders.get(number)
        if known is None:
            known = KnownOrder(number, int(report["instrument"]))
            known.sent_ts = int(report["ts_received"])
            self.orders[number] = known
        elif report["reason"] == Reason.DUPLICATE_ORDER_ID:
            return
        if report["reason"] == Reason.UNSUPPORTED:
            self.unsupported.append(number)
        if kind == ReportType.FILL:
            self._fill(known, report)
        _copy(known, report, kind)
        _follow_requests(known, report, kind)

    def _fill(self, order: KnownOrder, report: Any) -> None:
        bits, quantity = int(report["flags"]), int(report["last_quantity"])
        order.fee += int(report["fee"])
        if bits & RecordFlag.BEYOND_DEPTH:
            order.beyond_depth += quantity
        self.fills.append(
            OwnFill(
                order.number,
                int(report["last_price"]),
                quantity,
                int(report["ts_venue"]),
                tuple(word for flag, word in _FLAGS.items() if bits & flag),
            )
        )


def _follow_requests(order: KnownOrder, report: Any, kind: int) -> None:
    """Note what became of requests; the end of an order answers those on their way."""
    if kind == ReportType.PENDING_REPLACE:
        order.asked_replaces += 1
    elif kind == ReportType.PENDING_CANCEL:
        order.asked_cancels += 1
    elif kind == ReportType.REPLACED and report["reason"] not in _BY_VENUE:
        _answer_replace(order, "accepted")
    elif kind == ReportType.REPLACE_REJECTED:
        _answer_replace(order, "rejected")
    elif kind == ReportType.CANCEL_REJECTED:
        _answer_cancel(order, "rejected")
    elif kind == ReportType.CANCELLED and report["reason"] in _ASKED_FOR:
        _answer_cancel(order, "accepted")
    if order.status in _ENDED:
        for _ in range(order.asked_cancels):
            _answer_cancel(order, "rejected")
        for _ in range(order.asked_replaces):
            _answer_replace(order, "rejected")


def _answer_cancel(order: KnownOrder, answer: str) -> None:
    order.asked_cancels = max(0, order.asked_cancels - 1)
    order.cancels.append(answer)


def _answer_replace(order: KnownOrder, answer: str) -> None:
    order.asked_replaces = max(0, order.asked_replaces - 1)
    order.replaces.append(answer)


def _copy(order: KnownOrder, report: Any, kind: int) -> None:
    refused = kind in (
        ReportType.REJECTED,
        ReportType.CANCEL_REJECTED,
        ReportType.REPLACE_REJECTED,
    )
    if refused and report["last_price"] != NO_PRICE:
        order.nearest = int(report["last_price"])
    if report["reason"] != Reason.NONE:
        order.reason = int(report["reason"])
    if refused and kind != ReportType.REJECTED and not report["status"]:
        return
    order.status = int(report["status"])
    order.quantity = int(report["quantity"])
    order.filled = int(report["filled"])
    order.leaves = int(report["leaves"])
    order.price = _price(report["price"])
    order.stop = _price(report["stop_price"])


def _price(price: Any) -> int | None:
    return None if price == NO_PRICE else int(price)
