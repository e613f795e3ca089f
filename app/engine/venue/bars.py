"""Our orders against bars, where a feed has nothing finer (SEMANTICS 38, 39).

What arrives before a bar's stamp, its close, meets that bar; what is decided at a close
meets the next. A bar tells four prices and a volume and not in which order they came,
so where two readings are possible the one that is worse for us holds.

In one bar, of its volume that we may have: stops, then market orders, then limits by
price and time, each in the order of their arrival. Market orders fill at the open,
orders at the close at the close, limits by rule 38. Where there is no book there is no
queue, no opposite side to be missing (17) and no protection price (22); and ours do not
meet each other (41), for each trades with the bar. What is judged at arrival elsewhere,
post-only, IOC and FOK, is judged at the open of the first bar met.
"""

from enum import IntEnum
from typing import Any, Final

from app.engine.arena import Section, take
from app.engine.bits import integer
from app.engine.book_events import apply_bar
from app.engine.book_state import books, side_index
from app.engine.compile import kernel
from app.engine.memory import record_address, view
from app.engine.price_index import neighbour
from app.engine.records import (
    BAR,
    NO_PRICE,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
)
from app.engine.venue.fees import MAKER, TAKER
from app.engine.venue.impact import note_impact
from app.engine.venue.levels import (
    append,
    join_queue,
    our_best,
    our_level,
    venue_book,
)
from app.engine.venue.reduce_only import allowed, closable, is_reduce_only
from app.engine.venue.reports import end, fill
from app.engine.venue.state import (
    Stage,
    models,
    venue,
    venue_instruments,
    venue_levels,
    venue_orders,
)

_MILLION: Final = 1_000_000
_ALL: Final = 1 << 62


class FillSource(IntEnum):
    """What the orders of an instrument are filled from."""

    BOOK = 0
    BARS = 1


@kernel
def fills_from_bars(arena: int, instrument: int) -> bool:
    """Whether an instrument's orders are filled from bars."""
    return models(arena)[instrument]["fills_from"] == FillSource.BARS


# Waiting for a bar.


@kernel
def _waiting(arena: int, instrument: int) -> int:
    """Level that holds what has no price to wait at; made if need be, 0 = no room.

    It stands beside the sides; what is taken of it, a phantom unit, keeps it.
    """
    state = venue_instruments(arena)[instrument]
    if state["waiting"] == 0:
        level = take(arena, Section.VENUE_LEVELS)
        if level == 0:
            return 0
        row = venue_levels(arena)[level]
        row["price"], row["side"], row["taken"] = NO_PRICE, 1, 1
        row["first"], row["last"], row["shown"] = 0, 0, 0
        state["waiting"] = level
    return integer(state["waiting"])


@kernel
def _ends_with_bar(time_in_force: int) -> bool:
    """Whether an order does not wait longer than for one bar."""
    return time_in_force != TimeInForce.GTC and (
        time_in_force == TimeInForce.IOC
        or time_in_force == TimeInForce.FOK
        or _is_auction(time_in_force)
    )


@kernel
def _is_auction(time_in_force: int) -> bool:
    return (
        time_in_force == TimeInForce.AT_THE_OPEN
        or time_in_force == TimeInForce.AT_THE_CLOSE
    )


@kernel
def wait_for_bar(arena: int, links: int, index: int) -> None:
    """Let an order that has arrived, or was replaced, wait for a bar."""
    order = venue_orders(arena)[index]
    order["arrived_ts"] = venue(arena)[0]["at"]
    if order["price"] != NO_PRICE:
        has_room = join_queue(arena, index)
        if _ends_with_bar(order["time_in_force"]):
            venue_instruments(arena)[order["instrument"]]["judged"] += 1
    else:
        level = _waiting(arena, order["instrument"])
        has_room = level != 0
        if has_room:
            append(arena, level, index)
    if not has_room:
        end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)


@kernel
def bar_refusal(arena: int, index: int) -> int:
    """Why an arriving order is rejected where there are only bars; NONE if it is not.

    A halt does not refuse: what cannot wait in it waits for the next bar.
    """
    order = venue_orders(arena)[index]
    if venue_book(arena, order["instrument"]) == 0:
        return Reason.UNKNOWN_INSTRUMENT
    if order["order_type"] > OrderType.LIMIT:
        return Reason.UNSUPPORTED
    if is_reduce_only(arena, index) and closable(arena, index) == 0:
        return Reason.NOT_REDUCING
    return Reason.NONE


# One order and one bar.


@kernel
def _meets(arena: int, order: Any, ts: int) -> bool:
    """Whether an order was there, and decided, before the bar stamped `ts` began.

    Where it is not known how long a bar lasts, to have arrived before its stamp is
    enough.
    """
    lasts = models(arena)[order["instrument"]]["bar_interval"]
    return order["arrived_ts"] < ts and (
        lasts == 0 or order["decided_ts"] <= ts - lasts
    )


@kernel
def _is_new(arena: int, order: Any) -> bool:
    """Whether the bar in hand is the first that an order meets."""
    before = venue_instruments(arena)[order["instrument"]]["bar_ts"]
    return before == 0 or not _meets(arena, order, before)


@kernel
def share_of(volume: int, ppm: int) -> int:
    """What of a bar's volume all our orders may have, rounded down; ppm -1 = all."""
    if ppm < 0:
        return _ALL
    whole, rest = volume // _MILLION, volume % _MILLION
    return whole * ppm + rest * ppm // _MILLION


@kernel
def _take(arena: int, links: int, index: int, price: int, most: int, role: int) -> None:
    """Fill up to `most` of an order, as the bar's share and reduce-only allow."""
    order = venue_orders(arena)[index]
    state = venue_instruments(arena)[order["instrument"]]
    quantity = allowed(arena, index, min(state["bar_room"], most))
    if quantity <= 0:
        return
    state["bar_room"] -= quantity
    if order["order_type"] != OrderType.LIMIT:
        note_impact(arena, index, price, quantity)
    fill(arena, links, index, price, quantity, role)


@kernel
def _reached(side: int, limit: int, price: int) -> bool:
    """Whether a price is at or beyond a limit."""
    return side * (limit - price) >= 0


@kernel
def _auction_price(order: Any, bar: Any) -> int:
    """Price at which an order fills that takes the open, or the close."""
    if order["time_in_force"] == TimeInForce.AT_THE_CLOSE:
        return bar["open"] + bar["close_offset"]
    return integer(bar["open"])


@kernel
def _at_once(arena: int, links: int, index: int, bar: Any) -> None:
    """Fill an order at the open, or the close, or end it: market orders, IOC, FOK.

    The rest of a plain market order goes on waiting.
    """
    order = venue_orders(arena)[index]
    force, leaves = order["time_in_force"], order["leaves"]
    price, limit = _auction_price(order, bar), order["price"]
    if limit != NO_PRICE and not _reached(order["side"], limit, price):
        leaves = 0
    if force == TimeInForce.FOK:
        room = venue_instruments(arena)[order["instrument"]]["bar_room"]
        if allowed(arena, index, min(room, leaves)) < order["leaves"]:
            leaves = 0
    _take(arena, links, index, price, leaves, integer(TAKER))
    if order["stage"] == Stage.ENDED or not _ends_with_bar(force):
        return
    reason = integer(Reason.AUCTION_MISSED)
    if force == TimeInForce.IOC:
        reason = integer(Reason.IOC_REMAINDER)
    elif force == TimeInForce.FOK:
        reason = integer(Reason.FOK_NOT_FILLABLE)
    end(arena, links, index, ReportType.CANCELLED, reason)


@kernel
def _limit(arena: int, links: int, index: int, bar: Any) -> None:
    """Fill a resting limit whose price the bar passed: at it, or at a better open."""
    order = venue_orders(arena)[index]
    side, limit, opened = order["side"], order["price"], integer(bar["open"])
    at_open = _reached(side, limit, opened)
    post_only = order["options"] & OrderOption.POST_ONLY
    if at_open and post_only and _is_new(arena, order):
        reason = integer(Reason.POST_ONLY_WOULD_CROSS)
        end(arena, links, index, ReportType.REJECTED, reason)
        return
    extreme = opened + (bar["low_offset"] if side > 0 else bar["high_offset"])
    touches = models(arena)[order["instrument"]]["touch_fills"] != 0
    if limit == extreme and not touches:
        return
    if at_open and opened != limit:
        _take(arena, links, index, opened, order["leaves"], integer(TAKER))
    else:
        _take(arena, links, index, limit, order["leaves"], integer(MAKER))


# All orders and one bar.


@kernel
def _first_unmet(arena: int, level: int, ts: int) -> int:
    """First order at a level that has still to meet the bar stamped `ts`; 0 = none."""
    index = venue_levels(arena)[level]["first"] if level else 0
    while index:
        order = venue_orders(arena)[index]
        if order["met_ts"] != ts and _meets(arena, order, ts):
            return index
        index = order["next"]
    return 0


@kernel
def _meet_markets(arena: int, links: int, instrument: int, bar: Any, ts: int) -> None:
    """Let what waits for no price meet the bar."""
    level = venue_instruments(arena)[instrument]["waiting"]
    index = _first_unmet(arena, level, ts)
    while index:
        venue_orders(arena)[index]["met_ts"] = ts
        _at_once(arena, links, index, bar)
        index = _first_unmet(arena, level, ts)


@kernel
def _judged_later(arena: int, level: int) -> int:
    """How many limits at a level end with a bar that is still to come."""
    count = 0
    index = venue_levels(arena)[level]["first"] if level else 0
    while index:
        order = venue_orders(arena)[index]
        count += _ends_with_bar(order["time_in_force"])
        index = order["next"]
    return count


@kernel
def _meet_level(arena: int, links: int, level: int, bar: Any, ts: int) -> None:
    """Let the limits at a level meet the bar, in the order of their arrival."""
    row = venue_levels(arena)[level]
    price, side = integer(row["price"]), integer(row["side"])
    instrument = integer(bar["instrument"])
    index = _first_unmet(arena, level, ts)
    while index:
        order = venue_orders(arena)[index]
        order["met_ts"] = ts
        if _ends_with_bar(order["time_in_force"]):
            _at_once(arena, links, index, bar)
        else:
            _limit(arena, links, index, bar)
        # The level went with its last order, or has another price by now.
        level = our_level(arena, instrument, side, price)
        index = _first_unmet(arena, level, ts)
    venue_instruments(arena)[instrument]["judged"] += _judged_later(arena, level)


@kernel
def _meet_limits(arena: int, links: int, instrument: int, bar: Any, ts: int) -> None:
    """Let resting limits meet the bar, by price and time.

    Those it does not reach are looked at only if there are any that end with it.
    """
    state = venue_instruments(arena)[instrument]
    everyone = state["judged"] > 0
    state["judged"] = 0
    for side in (1, -1):
        extreme = bar["open"] + (bar["low_offset"] if side > 0 else bar["high_offset"])
        level = our_best(arena, instrument, side)
        while level:
            price = integer(venue_levels(arena)[level]["price"])
            if not everyone and not _reached(side, price, extreme):
                break
            _meet_level(arena, links, level, bar, ts)
            level = neighbour(arena, state["sides"][side_index(side)], price, -side)


@kernel
def _has_orders(arena: int, instrument: int) -> bool:
    state = venue_instruments(arena)[instrument]
    waiting = state["waiting"]
    limits = state["sides"][0]["levels"] + state["sides"][1]["levels"]
    return limits > 0 or (waiting != 0 and venue_levels(arena)[waiting]["first"] != 0)


@kernel
def bar_closed(arena: int, links: int, record: Any) -> None:
    """Let our orders meet a BAR, and the book have its close as the last price."""
    instrument = integer(record["instrument"])
    bar, book = view(record_address(record), 1, BAR)[0], venue_book(arena, instrument)
    state, ts = venue_instruments(arena)[instrument], venue(arena)[0]["at"]
    if book == 0 or not apply_bar(arena, book, bar):
        return
    halted = books(arena)[book]["session"] == SessionState.HALTED
    if _has_orders(arena, instrument) and not halted:
        ppm = models(arena)[instrument]["participation"]
        state["bar_room"] = share_of(bar["volume"], ppm)
        _meet_markets(arena, links, instrument, bar, ts)
        _meet_limits(arena, links, instrument, bar, ts)
    state["bar_ts"] = ts
