"""What the venues hold natively (SEMANTICS 27): times in force by order type.

The matching engine and the simulated venue offer the same; a ticket offers no more.
"""

from collections.abc import Mapping
from typing import Final

from app.engine.compile import kernel
from app.engine.records import OrderOption, OrderType, TimeInForce

_IMMEDIATE: Final = (TimeInForce.IOC, TimeInForce.FOK)
_LASTING: Final = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
_AUCTION: Final = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)

CAPABILITIES: Final[Mapping[OrderType, tuple[TimeInForce, ...]]] = {
    OrderType.MARKET: (*_LASTING, *_IMMEDIATE, *_AUCTION),
    OrderType.LIMIT: (*_LASTING, *_IMMEDIATE, *_AUCTION),
    OrderType.STOP: _LASTING,
    OrderType.STOP_LIMIT: _LASTING,
    OrderType.TRAILING_STOP: _LASTING,
    OrderType.TRAILING_STOP_LIMIT: _LASTING,
}
"""Groups, brackets and reduce-only go with each of them; post-only with limit orders
that last; icebergs with orders that may rest at a limit of their own."""

_MEANT_TO_REST: Final = int(OrderOption.RESTING_INTENT | OrderOption.CONFIRMED)
_TYPES: Final = 1 + max(OrderType)
_TIMES: Final = tuple(
    sum(1 << time for time in CAPABILITIES.get(OrderType(each), ())) if each else 0
    for each in range(_TYPES)
)


@kernel
def is_offered(order_type: int, time_in_force: int) -> bool:
    """Whether the venues hold this type of order with this time in force."""
    if not 0 <= order_type < _TYPES or not 0 <= time_in_force < 32:
        return False
    return (_TIMES[order_type] >> time_in_force) & 1 == 1


@kernel
def lasts(time_in_force: int) -> bool:
    """Whether an order waits until it is filled, cancelled or its time has run out."""
    return (
        time_in_force == TimeInForce.GTC
        or time_in_force == TimeInForce.DAY
        or time_in_force == TimeInForce.GTD
    )


@kernel
def is_immediate(time_in_force: int) -> bool:
    """Whether an order is judged at its arrival and never waits."""
    return time_in_force == TimeInForce.IOC or time_in_force == TimeInForce.FOK


@kernel
def is_for_auction(time_in_force: int) -> bool:
    """Whether an order trades in an auction only (SEMANTICS 25)."""
    return (
        time_in_force == TimeInForce.AT_THE_OPEN
        or time_in_force == TimeInForce.AT_THE_CLOSE
    )


@kernel
def was_to_rest(options: int) -> bool:
    """Whether a gesture meant a limit to rest, and nobody confirmed otherwise.

    The gate compares the book that was painted with its own; what the market does while
    the order is on its way only the venue can see. It refuses such an order, or such a
    replace, as it would a post-only one, which this is at its arrival alone.
    """
    return options & _MEANT_TO_REST == OrderOption.RESTING_INTENT


@kernel
def is_stop(order_type: int) -> bool:
    """Whether an order waits for its trigger first."""
    return order_type >= OrderType.STOP


@kernel
def has_limit(order_type: int) -> bool:
    """Whether an order brings a limit of its own."""
    return (
        order_type == OrderType.LIMIT
        or order_type == OrderType.STOP_LIMIT
        or order_type == OrderType.TRAILING_STOP_LIMIT
    )


@kernel
def is_trailing(order_type: int) -> bool:
    """Whether an order's stop follows the price (SEMANTICS 23)."""
    return (
        order_type == OrderType.TRAILING_STOP
        or order_type == OrderType.TRAILING_STOP_LIMIT
    )
