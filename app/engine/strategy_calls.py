"""What handlers ask for, compiled once and called by name.

Each is a function of `strategy_orders` or `strategy_groups` behind plain numbers: the
arena, the strategy, the address of its memory, then its own. -1 (NaN for a float) says
that it raised.
"""

import math

from app.engine import strategy_groups as grouped, strategy_orders as asked
from app.engine.compile import Exported, exported
from app.engine.strategy_state import Context


@exported("int64(int64,int64,int64,int64)")
def is_working(arena: int, strategy: int, memory: int, order: int) -> int:
    """Whether an order of the strategy's has not ended."""
    try:
        return 1 if asked.is_working(Context(arena, strategy, memory), order) else 0
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("float64(int64,int64,int64,int64)")
def working(arena: int, strategy: int, memory: int, instrument: int) -> float:
    """Signed quantity of the strategy's working orders; members of groups apart."""
    try:
        return asked.working(Context(arena, strategy, memory), instrument)
    except Exception:  # noqa: BLE001  (told by the answer)
        return math.nan


@exported("float64(int64,int64,int64,int64)")
def size(arena: int, strategy: int, memory: int, instrument: int) -> float:
    """Default quantity: equity ÷ instruments followed, at the last price."""
    try:
        return asked.size(Context(arena, strategy, memory), instrument)
    except Exception:  # noqa: BLE001  (told by the answer)
        return math.nan


@exported("float64(int64,int64,int64,int64,float64)")
def round_quantity(
    arena: int, strategy: int, memory: int, instrument: int, quantity: float
) -> float:
    """Quantity cut towards zero to the order step."""
    try:
        return asked.round_quantity(
            Context(arena, strategy, memory), instrument, quantity
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return math.nan


@exported("float64(int64,int64,int64,int64)")
def average_price(arena: int, strategy: int, memory: int, instrument: int) -> float:
    """Average price of the strategy's position; NaN when it is flat."""
    try:
        return asked.average_price(Context(arena, strategy, memory), instrument)
    except Exception:  # noqa: BLE001  (told by the answer)
        return math.nan


@exported("int64(int64,int64,int64,int64,float64,int64,int64)")
def market(
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    terms: int,
    until: int,
) -> int:
    """Buy (or sell, if negative) at the market; the order's id, 0 if cut to nothing."""
    try:
        return asked.market(
            Context(arena, strategy, memory), instrument, quantity, terms, until
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,int64,int64)")
def limit(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    price: float,
    terms: int,
    until: int,
) -> int:
    """Rest a limit order, good till cancelled; its id."""
    try:
        return asked.limit(
            Context(arena, strategy, memory), instrument, quantity, price, terms, until
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,int64,int64)")
def stop(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    price: float,
    terms: int,
    until: int,
) -> int:
    """Rest a stop order, good till cancelled; its id."""
    try:
        return asked.stop(
            Context(arena, strategy, memory), instrument, quantity, price, terms, until
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,float64,int64,int64)")
def stop_limit(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    price: float,
    limit: float,
    terms: int,
    until: int,
) -> int:
    """Rest a stop that becomes a limit order; its id."""
    try:
        return asked.stop_limit(
            Context(arena, strategy, memory),
            instrument,
            quantity,
            price,
            limit,
            terms,
            until,
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,int64,int64)")
def trailing_stop(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    distance: float,
    terms: int,
    until: int,
) -> int:
    """Rest a stop that follows the last price at a distance; its id."""
    try:
        return asked.trailing_stop(
            Context(arena, strategy, memory),
            instrument,
            quantity,
            distance,
            terms,
            until,
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64)")
def exits(
    arena: int, strategy: int, memory: int, instrument: int, target: float, stop: float
) -> int:
    """Close what is held at a target or at a stop; the stop's id."""
    try:
        return grouped.exits(Context(arena, strategy, memory), instrument, target, stop)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,float64)")
def breakout(
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    above: float,
    below: float,
) -> int:
    """Buy at a stop above or sell at one below; the sell stop's id."""
    try:
        return grouped.breakout(
            Context(arena, strategy, memory), instrument, quantity, above, below
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("float64(int64,int64,int64,int64,int64)")
def order_state(
    arena: int, strategy: int, memory: int, order: int, field: int
) -> float:
    """What stands of an order; NaN where it is not known any more."""
    try:
        return asked.order_state(Context(arena, strategy, memory), order, field)
    except Exception:  # noqa: BLE001  (told by the answer)
        return math.nan


@exported("int64(int64,int64,int64,int64,float64)")
def target(
    arena: int, strategy: int, memory: int, instrument: int, quantity: float
) -> int:
    """Order what is missing to hold a quantity, working orders counted; the id."""
    try:
        return asked.target(Context(arena, strategy, memory), instrument, quantity)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64)")
def target_share(
    arena: int, strategy: int, memory: int, instrument: int, share: float
) -> int:
    """Order what is missing to hold a share of the default quantity; the id."""
    try:
        return asked.target_share(Context(arena, strategy, memory), instrument, share)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64)")
def close(arena: int, strategy: int, memory: int, instrument: int) -> int:
    """Close the strategy's position at the market, reducing only; the order's id."""
    try:
        return asked.close(Context(arena, strategy, memory), instrument)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64)")
def cancel(arena: int, strategy: int, memory: int, order: int) -> int:
    """Ask for an order's cancel; nothing happens if it has ended."""
    try:
        asked.cancel(Context(arena, strategy, memory), order)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1
    return 0


@exported("int64(int64,int64,int64,int64)")
def cancel_all(arena: int, strategy: int, memory: int, instrument: int) -> int:
    """Ask for the cancel of all its orders in an instrument; -1 = all."""
    try:
        asked.cancel_all(Context(arena, strategy, memory), instrument)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1
    return 0


@exported("int64(int64,int64,int64,int64,float64,float64)")
def replace(
    arena: int, strategy: int, memory: int, order: int, quantity: float, price: float
) -> int:
    """Ask for another total quantity and price of a working order."""
    try:
        asked.replace(Context(arena, strategy, memory), order, quantity, price)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1
    return 0


@exported("int64(int64,int64,int64,int64,float64)")
def move(arena: int, strategy: int, memory: int, order: int, price: float) -> int:
    """Ask for another price of a working order, its quantity unchanged."""
    try:
        asked.move(Context(arena, strategy, memory), order, price)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1
    return 0


@exported("int64(int64,int64,int64,int64,float64,float64,float64,int64)")
def bracket(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    target: float,
    stop: float,
    terms: int,
) -> int:
    """Enter at the market with a target and a stop; the entry's id."""
    try:
        return grouped.bracket(
            Context(arena, strategy, memory), instrument, quantity, target, stop, terms
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,float64,float64,int64,int64)")
def limit_bracket(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    price: float,
    target: float,
    stop: float,
    terms: int,
    until: int,
) -> int:
    """Enter at a limit with a target and a stop; the entry's id."""
    try:
        return grouped.limit_bracket(
            Context(arena, strategy, memory),
            instrument,
            quantity,
            price,
            target,
            stop,
            terms,
            until,
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,float64,float64,int64,int64)")
def stop_bracket(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    quantity: float,
    price: float,
    target: float,
    stop: float,
    terms: int,
    until: int,
) -> int:
    """Enter at a stop with a target and a stop; the entry's id."""
    try:
        return grouped.stop_bracket(
            Context(arena, strategy, memory),
            instrument,
            quantity,
            price,
            target,
            stop,
            terms,
            until,
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,int64,int64,int64,int64,int64)")
def oco(  # noqa: PLR0913  (plain numbers, for C)
    arena: int,
    strategy: int,
    memory: int,
    a: int,
    b: int,
    c: int,
    d: int,
    e: int,
    f: int,
) -> int:
    """Let the first fill of one of up to six orders cancel the others."""
    try:
        return grouped.oco(Context(arena, strategy, memory), (a, b, c, d, e, f))
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,float64,float64,float64)")
def quote(
    arena: int,
    strategy: int,
    memory: int,
    instrument: int,
    bid: float,
    ask: float,
    quantity: float,
) -> int:
    """Keep a bid and an ask resting, post-only; NaN takes a side away."""
    try:
        grouped.quote(Context(arena, strategy, memory), instrument, bid, ask, quantity)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1
    return 0


@exported("int64(int64,int64,int64,int64,int64)")
def set_timer(arena: int, strategy: int, memory: int, number: int, ts: int) -> int:
    """Wake `on_timer` once, at a time, ns since 1970 UTC."""
    try:
        return asked.set_timer(Context(arena, strategy, memory), number, ts)
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


@exported("int64(int64,int64,int64,int64,int64,int64,int64)")
def set_timer_around(
    arena: int,
    strategy: int,
    memory: int,
    number: int,
    instrument: int,
    before: int,
    flags: int,
) -> int:
    """Wake `on_timer` so long (ns) before an instrument's next session change."""
    try:
        return asked.set_timer_around(
            Context(arena, strategy, memory), number, instrument, before, flags
        )
    except Exception:  # noqa: BLE001  (told by the answer)
        return -1


def offer() -> None:
    """Let the machine code of handlers be linked to all of these."""
    for each in globals().values():
        if isinstance(each, Exported):
            each.offer()
