"""What a strategy's `ctx` has: state to read (`strategy_state`), and what to ask for.

What is asked for is a call of `strategy_calls`, by name, so that a handler compiles no
more of it than the call.
"""

from typing import Any, Final

from app.engine import strategy_calls as calls
from app.engine.compile import kernel
from app.engine.records import OrderOption, TimeInForce
from app.engine.strategy_orders import OPTIONS_SHIFT
from app.engine.strategy_state import (
    ask,
    ask_size,
    bid,
    bid_size,
    cash,
    equity,
    history,
    normal,
    now,
    position,
    price,
    random,
)
from app.session_rows import SessionFlag

_REGULAR_BEGINS: Final = int(SessionFlag.REGULAR_BEGINS)
_REGULAR_ENDS: Final = int(SessionFlag.REGULAR_ENDS)
_GTC: Final = int(TimeInForce.GTC)
_POST_ONLY: Final = int(OrderOption.POST_ONLY) << OPTIONS_SHIFT
_REDUCE_ONLY: Final = int(OrderOption.REDUCE_ONLY) << OPTIONS_SHIFT
_OUTSIDE: Final = int(OrderOption.OUTSIDE_HOURS) << OPTIONS_SHIFT


@kernel
def _checked(answer: int) -> int:
    if answer < 0:
        raise ValueError(
            "no such instrument, or a quantity or price that is no finite number, "
            "or terms that do not go together, or too many requests in one event"
        )
    return answer


@kernel
def is_working(ctx: Any, order: int) -> bool:
    """Whether an order of the strategy's has not ended."""
    return calls.is_working(ctx.arena, ctx.strategy, ctx.memory, order) > 0


@kernel
def working(ctx: Any, instrument: int) -> float:
    """Signed quantity of the strategy's working orders; members of groups apart."""
    return calls.working(ctx.arena, ctx.strategy, ctx.memory, instrument)


@kernel
def size(ctx: Any, instrument: int) -> float:
    """Default quantity: equity ÷ instruments followed, at the last price."""
    return calls.size(ctx.arena, ctx.strategy, ctx.memory, instrument)


@kernel
def round_quantity(ctx: Any, instrument: int, quantity: float) -> float:
    """Quantity cut towards zero to the order step."""
    return calls.round_quantity(
        ctx.arena, ctx.strategy, ctx.memory, instrument, quantity
    )


@kernel
def average_price(ctx: Any, instrument: int) -> float:
    """Average price of the strategy's position; NaN when it is flat."""
    return calls.average_price(ctx.arena, ctx.strategy, ctx.memory, instrument)


# Orders. `tif` is a TimeInForce, `until` when the order ends (ns since 1970 UTC).


@kernel
def _terms(tif: int, post_only: bool, reduce_only: bool, outside: bool) -> int:
    """Time in force and options as one number."""
    terms = tif + (_POST_ONLY if post_only else 0)
    return terms + (_REDUCE_ONLY if reduce_only else 0) + (_OUTSIDE if outside else 0)


@kernel
def market(
    ctx: Any,
    instrument: int,
    quantity: float,
    tif: int = _GTC,
    reduce_only: bool = False,
    outside_hours: bool = False,
) -> int:
    """Buy (or sell, if negative) at the market; the order's id, 0 if cut to nothing."""
    own, terms = ctx.memory, _terms(tif, False, reduce_only, outside_hours)
    return _checked(
        calls.market(ctx.arena, ctx.strategy, own, instrument, quantity, terms, 0)
    )


@kernel
def limit(  # noqa: PLR0913  (terms, by name)
    ctx: Any,
    instrument: int,
    quantity: float,
    price: float,
    tif: int = _GTC,
    post_only: bool = False,
    reduce_only: bool = False,
    outside_hours: bool = False,
    until: int = 0,
) -> int:
    """Send a limit order; its id."""
    terms = _terms(tif, post_only, reduce_only, outside_hours)
    told = (instrument, quantity, price, terms, until)
    return _checked(calls.limit(ctx.arena, ctx.strategy, ctx.memory, *told))


@kernel
def stop(  # noqa: PLR0913  (terms, by name)
    ctx: Any,
    instrument: int,
    quantity: float,
    price: float,
    tif: int = _GTC,
    reduce_only: bool = False,
    outside_hours: bool = False,
    until: int = 0,
) -> int:
    """Rest a stop order; its id."""
    terms = _terms(tif, False, reduce_only, outside_hours)
    told = (instrument, quantity, price, terms, until)
    return _checked(calls.stop(ctx.arena, ctx.strategy, ctx.memory, *told))


@kernel
def stop_limit(  # noqa: PLR0913  (terms, by name)
    ctx: Any,
    instrument: int,
    quantity: float,
    price: float,
    limit: float,
    tif: int = _GTC,
    reduce_only: bool = False,
    outside_hours: bool = False,
    until: int = 0,
) -> int:
    """Rest a stop that becomes a limit order; its id."""
    terms = _terms(tif, False, reduce_only, outside_hours)
    told = (instrument, quantity, price, limit, terms, until)
    return _checked(calls.stop_limit(ctx.arena, ctx.strategy, ctx.memory, *told))


@kernel
def trailing_stop(  # noqa: PLR0913  (terms, by name)
    ctx: Any,
    instrument: int,
    quantity: float,
    distance: float,
    tif: int = _GTC,
    reduce_only: bool = False,
    outside_hours: bool = False,
    until: int = 0,
) -> int:
    """Rest a stop that follows the last price at a distance, in currency; its id."""
    terms = _terms(tif, False, reduce_only, outside_hours)
    told = (instrument, quantity, distance, terms, until)
    return _checked(calls.trailing_stop(ctx.arena, ctx.strategy, ctx.memory, *told))


@kernel
def oco(
    ctx: Any, a: int, b: int, c: int = 0, d: int = 0, e: int = 0, f: int = 0
) -> None:
    """Let the first fill, of any size, of one of these orders cancel the others.

    Ids of orders, or of the entries of brackets, that this call of the handler has
    made; 0 is none. Orders that all reduce only are exits: a fill of one takes as much
    off the others.
    """
    members = (a, b, c, d, e, f)
    _checked(calls.oco(ctx.arena, ctx.strategy, ctx.memory, *members))


@kernel
def target(ctx: Any, instrument: int, quantity: float) -> int:
    """Order what is missing to hold a quantity, working orders counted; the id."""
    return _checked(
        calls.target(ctx.arena, ctx.strategy, ctx.memory, instrument, quantity)
    )


@kernel
def target_share(ctx: Any, instrument: int, share: float) -> int:
    """Order what is missing to hold a share of the default quantity; the id."""
    return _checked(
        calls.target_share(ctx.arena, ctx.strategy, ctx.memory, instrument, share)
    )


@kernel
def close(ctx: Any, instrument: int) -> int:
    """Close the strategy's position at the market, reducing only; the order's id."""
    return _checked(calls.close(ctx.arena, ctx.strategy, ctx.memory, instrument))


@kernel
def cancel(ctx: Any, order: int) -> None:
    """Ask for an order's cancel; nothing happens if it has ended."""
    _checked(calls.cancel(ctx.arena, ctx.strategy, ctx.memory, order))


@kernel
def cancel_all(ctx: Any, instrument: int) -> None:
    """Ask for the cancel of all its orders in an instrument; -1 = all."""
    _checked(calls.cancel_all(ctx.arena, ctx.strategy, ctx.memory, instrument))


@kernel
def replace(ctx: Any, order: int, quantity: float, price: float) -> None:
    """Ask for another total quantity and price of a working order.

    The price is its limit, or the stop of an order that has no limit.
    """
    _checked(calls.replace(ctx.arena, ctx.strategy, ctx.memory, order, quantity, price))


@kernel
def move(ctx: Any, order: int, price: float) -> None:
    """Ask for another price of a working order, its quantity unchanged."""
    _checked(calls.move(ctx.arena, ctx.strategy, ctx.memory, order, price))


@kernel
def bracket(
    ctx: Any,
    instrument: int,
    quantity: float,
    target: float,
    stop: float,
    tif: int = _GTC,
    outside_hours: bool = False,
) -> int:
    """Enter at the market with a target and a stop, of which one cancels the other.

    The terms are the entry's; `outside_hours` is the exits', too.

    Returns
    -------
    int
        Id of the entry; the stop's is one less, the target's two. 0 if cut to nothing.
    """
    terms = _terms(tif, False, False, outside_hours)
    told = (instrument, quantity, target, stop, terms)
    return _checked(calls.bracket(ctx.arena, ctx.strategy, ctx.memory, *told))


@kernel
def limit_bracket(  # noqa: PLR0913  (terms, by name)
    ctx: Any,
    instrument: int,
    quantity: float,
    price: float,
    target: float,
    stop: float,
    tif: int = _GTC,
    post_only: bool = False,
    outside_hours: bool = False,
    until: int = 0,
) -> int:
    """Enter at a limit with a target and a stop, as `bracket`; the entry's id."""
    terms = _terms(tif, post_only, False, outside_hours)
    told = (instrument, quantity, price, target, stop, terms, until)
    return _checked(calls.limit_bracket(ctx.arena, ctx.strategy, ctx.memory, *told))


@kernel
def stop_bracket(  # noqa: PLR0913  (terms, by name)
    ctx: Any,
    instrument: int,
    quantity: float,
    price: float,
    target: float,
    stop: float,
    tif: int = _GTC,
    outside_hours: bool = False,
    until: int = 0,
) -> int:
    """Enter at a stop with a target and a stop, as `bracket`; the entry's id."""
    terms = _terms(tif, False, False, outside_hours)
    told = (instrument, quantity, price, target, stop, terms, until)
    return _checked(calls.stop_bracket(ctx.arena, ctx.strategy, ctx.memory, *told))


@kernel
def quote(ctx: Any, instrument: int, bid: float, ask: float, quantity: float) -> None:
    """Keep a bid and an ask resting, post-only; NaN takes a side away."""
    _checked(
        calls.quote(ctx.arena, ctx.strategy, ctx.memory, instrument, bid, ask, quantity)
    )


@kernel
def set_timer(ctx: Any, number: int, ts: int) -> int:
    """Wake `on_timer` once, at a time, ns since 1970 UTC."""
    return _checked(calls.set_timer(ctx.arena, ctx.strategy, ctx.memory, number, ts))


@kernel
def set_timer_around(
    ctx: Any, number: int, instrument: int, before: int, flags: int
) -> int:
    """Wake `on_timer` so long (ns) before an instrument's next session change."""
    return _checked(
        calls.set_timer_around(
            ctx.arena, ctx.strategy, ctx.memory, number, instrument, before, flags
        )
    )


@kernel
def exits(ctx: Any, instrument: int, target: float, stop: float) -> int:
    """Close what is held at a target or at a stop, whichever comes.

    Returns
    -------
    int
        Id of the stop, the target's is one less; 0 if nothing is held.
    """
    return _checked(
        calls.exits(ctx.arena, ctx.strategy, ctx.memory, instrument, target, stop)
    )


@kernel
def breakout(
    ctx: Any, instrument: int, quantity: float, above: float, below: float
) -> int:
    """Buy at a stop above or sell at a stop below; the first fill cancels the other.

    Returns
    -------
    int
        Id of the sell stop, the buy stop's is one less; 0 if cut to nothing.
    """
    return _checked(
        calls.breakout(
            ctx.arena, ctx.strategy, ctx.memory, instrument, quantity, above, below
        )
    )


@kernel
def filled(ctx: Any, order: int) -> float:
    """What is filled of an order, signed; NaN if it is not known."""
    return calls.order_state(ctx.arena, ctx.strategy, ctx.memory, order, 0)


@kernel
def leaves(ctx: Any, order: int) -> float:
    """What is left of an order, signed; NaN if it is not known any more."""
    return calls.order_state(ctx.arena, ctx.strategy, ctx.memory, order, 1)


@kernel
def limit_price(ctx: Any, order: int) -> float:
    """Limit of an order, as the venue has it; NaN if it has none."""
    return calls.order_state(ctx.arena, ctx.strategy, ctx.memory, order, 2)


@kernel
def stop_price(ctx: Any, order: int) -> float:
    """Stop of an order, as the venue has it; NaN if it has none."""
    return calls.order_state(ctx.arena, ctx.strategy, ctx.memory, order, 3)


@kernel
def is_pending(ctx: Any, order: int) -> bool:
    """Whether a request about an order (new, cancel, replace) waits for its answer."""
    return calls.order_state(ctx.arena, ctx.strategy, ctx.memory, order, 5) > 0.0


@kernel
def before_open(ctx: Any, number: int, instrument: int, minutes: float) -> int:
    """Wake `on_timer` so many minutes before the next regular open; when, ns.

    0 if no open is known.
    """
    before = int(minutes * 60e9)
    return set_timer_around(ctx, number, instrument, before, _REGULAR_BEGINS)


@kernel
def before_close(ctx: Any, number: int, instrument: int, minutes: float) -> int:
    """Wake `on_timer` so many minutes before the next regular close; when, ns.

    Half days close earlier, by the calendar. 0 if no close is known.
    """
    before = int(minutes * 60e9)
    return set_timer_around(ctx, number, instrument, before, _REGULAR_ENDS)


@kernel
def buy(ctx: Any, instrument: int, quantity: float) -> int:
    """Buy at the market; the order's id."""
    return market(ctx, instrument, quantity)


@kernel
def sell(ctx: Any, instrument: int, quantity: float) -> int:
    """Sell at the market; the order's id."""
    return market(ctx, instrument, -quantity)


__all__ = [
    "ask",
    "ask_size",
    "average_price",
    "before_close",
    "before_open",
    "bid",
    "bid_size",
    "bracket",
    "breakout",
    "buy",
    "cancel",
    "cancel_all",
    "cash",
    "close",
    "equity",
    "exits",
    "filled",
    "history",
    "is_pending",
    "is_working",
    "leaves",
    "limit",
    "limit_bracket",
    "limit_price",
    "market",
    "move",
    "normal",
    "now",
    "oco",
    "position",
    "price",
    "quote",
    "random",
    "replace",
    "round_quantity",
    "sell",
    "set_timer",
    "set_timer_around",
    "size",
    "stop",
    "stop_bracket",
    "stop_limit",
    "stop_price",
    "target",
    "target_share",
    "trailing_stop",
    "working",
]
