"""What a bar fills of our orders (SEMANTICS 23, 25, 38, 39).

A bar tells four prices and a volume and not in which order they came, so where two
readings are possible the one that is worse for us holds.

In one bar, of its volume that we may have: stops, then market orders, then limits by
price and time. Market orders fill at the open, orders at the close at the close, limits
by rule 38; an auction's orders, IOC and FOK end with the bar that they meet. Post-only
is judged by the open of the first bar met. Ours do not meet each other (41), for each
trades with the bar. After each fill its group acts, and stops that it brought to life
are tested in the same bar.

While a bar is acted out the book's last price is the price reached so far: the open,
then that of each fill, at the end the close.
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.book_events import apply_bar
from app.engine.book_state import books, side_index
from app.engine.compile import kernel
from app.engine.conditional.queues import shelf_index, stop_waiting
from app.engine.conditional.state import (
    Step,
    condition,
    condition_groups,
    condition_levels,
    condition_markets,
    is_exit_role,
    order_of,
)
from app.engine.conditional.steps import line_up
from app.engine.conditional.times import works_outside
from app.engine.conditional.triggers import follow, is_reached
from app.engine.memory import record_address, view
from app.engine.price_index import neighbour
from app.engine.records import (
    BAR,
    BUY,
    NO_PRICE,
    SELL,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
    Trigger,
)
from app.engine.schedule import schedules
from app.engine.state import instruments
from app.engine.venue.bars import ends_with_bar, wait_for_bar
from app.engine.venue.fees import MAKER, TAKER
from app.engine.venue.impact import note_impact
from app.engine.venue.levels import our_best, our_level, venue_book
from app.engine.venue.quiet import has_orders
from app.engine.venue.reduce_only import allowed
from app.engine.venue.reports import end, fill, tell
from app.engine.venue.sizing import is_sized_at_fill, size_at
from app.engine.venue.state import (
    Stage,
    models,
    venue,
    venue_instruments,
    venue_levels,
    venue_orders,
)
from app.engine.venue.steps import perform_steps

_MILLION: Final = 1_000_000
_ALL: Final = 1 << 62


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
def _is_after_open(arena: int, order: Any, ts: int) -> bool:
    """Whether the bar stamped `ts` begins with an open that found the order there.

    Bars of days have it each; without a calendar no open is known, and any will do.
    """
    number = integer(order["instrument"])
    lasts = models(arena)[number]["bar_interval"]
    calendar = instruments(arena)[number]["calendar"]
    if lasts == 0 or calendar == 0:
        return True
    opens = schedules(arena)[calendar]["regular_open"]
    return opens == 0 or (order["arrived_ts"] <= opens and ts - lasts >= opens)


@kernel
def _is_its_bar(arena: int, order: Any, ts: int) -> bool:
    """Whether the bar stamped `ts` is one of an order's hours, or has its auction."""
    instrument = instruments(arena)[order["instrument"]]
    session, force = instrument["session"], order["time_in_force"]
    if force == TimeInForce.AT_THE_CLOSE:
        return ts >= instrument["regular_close"]
    extended = session == SessionState.EXTENDED
    if force == TimeInForce.AT_THE_OPEN:
        until = instrument["at_open_until"]
        in_time = until == 0 or order["arrived_ts"] <= until
        waits = extended or session == SessionState.PRE_OPEN
        return in_time and not waits and _is_after_open(arena, order, ts)
    if not extended:
        return True
    return works_outside(arena, order["instrument"], integer(order["options"]))


@kernel
def _may_meet(arena: int, order: Any, ts: int) -> bool:
    """Whether an order meets the bar stamped `ts`."""
    return _meets(arena, order, ts) and _is_its_bar(arena, order, ts)


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
    books(arena)[venue_book(arena, order["instrument"])]["last_price"] = price
    if order["price"] == NO_PRICE:
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
    if order["target_share"] and is_sized_at_fill(arena, order["instrument"]):
        size_at(arena, links, index, price)
        if order["stage"] == Stage.ENDED:
            return
        leaves = order["leaves"]
    if limit != NO_PRICE and not _reached(order["side"], limit, price):
        leaves = 0
    if force == TimeInForce.FOK:
        room = venue_instruments(arena)[order["instrument"]]["bar_room"]
        if allowed(arena, index, min(room, leaves)) < order["leaves"]:
            leaves = 0
    _take(arena, links, index, price, leaves, integer(TAKER))
    if order["stage"] == Stage.ENDED or not ends_with_bar(force):
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
    if not _reached(side, limit, extreme) or (limit == extreme and not touches):
        return
    if at_open and opened != limit:
        _take(arena, links, index, opened, order["leaves"], integer(TAKER))
    else:
        _take(arena, links, index, limit, order["leaves"], integer(MAKER))


# Stops.


@kernel
def _extreme(bar: Any, side: int) -> int:
    """Price of a bar that is the worst for orders of a side: the high for buyers."""
    return bar["open"] + (bar["high_offset"] if side > 0 else bar["low_offset"])


@kernel
def _reached_stop(arena: int, side: int, bar: Any, ts: int) -> int:
    """Condition of the nearest stop of a side that a bar reaches; 0 if none is.

    An exit that came to life within the bar is one, whatever else the bar began with.
    """
    instrument = integer(bar["instrument"])
    market, every = condition_markets(arena)[instrument], condition_levels(arena)
    level = market["shelves"][shelf_index(integer(Trigger.LAST), side)]["best"]
    while level and is_reached(side, every[level]["price"], _extreme(bar, side)):
        mine = integer(every[level]["first"])
        while mine:
            order = venue_orders(arena)[order_of(arena, mine)]
            if order["arrived_ts"] == ts or _may_meet(arena, order, ts):
                return mine
            mine = integer(condition(arena, mine)["next"])
        level = every[level]["worse"]
    return 0


@kernel
def _trigger(arena: int, links: int, mine: int, bar: Any, ts: int) -> None:
    """Trigger a stop that the bar reached and fill it, no better than its price.

    What the share does not allow waits as a market order. A stop-limit that the open
    reached rests in this bar as from then on; one that was reached later takes its
    trigger's price if the limit allows, and otherwise waits for the next bar.
    """
    index = order_of(arena, mine)
    order, row = venue_orders(arena)[index], condition(arena, mine)
    side, stop = order["side"], integer(row["stop_price"])
    stop_waiting(arena, mine)
    order["met_ts"], order["triggered_ts"], order["stop_price"] = ts, ts, stop
    order["stage"] = Stage.IN_FLIGHT
    if order["order_type"] == OrderType.TRAILING_STOP_LIMIT:
        order["price"] = stop + row["offset"]
    tell(arena, links, index, ReportType.TRIGGERED, Reason.NONE)
    arrived = order["arrived_ts"]
    book = venue_book(arena, order["instrument"])
    begun = bar["open"] if arrived < ts else books(arena)[book]["last_price"]
    at_once = is_reached(side, stop, begun)
    price = begun if at_once else stop
    limit = integer(order["price"])
    if limit == NO_PRICE or (not at_once and _reached(side, limit, price)):
        price += side * models(arena)[order["instrument"]]["slippage"]
        if limit != NO_PRICE and side * (price - limit) > 0:
            price = limit
        _take(arena, links, index, price, order["leaves"], integer(TAKER))
    if order["stage"] == Stage.IN_FLIGHT:
        wait_for_bar(arena, links, index)
        if limit != NO_PRICE and at_once:
            order["arrived_ts"], order["met_ts"] = arrived, 0


@kernel
def _target_of(arena: int, mine: int, bar: Any, ts: int) -> int:
    """Target in a stop's group at or beyond which the bar opens; 0 if there is none."""
    group = integer(condition(arena, mine)["group"])
    member = integer(condition_groups(arena)[group]["first"]) if group else 0
    while member:
        row, index = condition(arena, member), order_of(arena, member)
        order = venue_orders(arena)[index]
        rests = order["stage"] == Stage.RESTING and order["price"] != NO_PRICE
        works = rests and is_exit_role(integer(row["role"]))
        opens = works and _reached(order["side"], order["price"], bar["open"])
        if opens and member != mine and _may_meet(arena, order, ts):
            return index
        member = integer(row["next_member"])
    return 0


@kernel
def _meet_stops(arena: int, links: int, bar: Any, ts: int) -> None:
    """Let the bar trigger stops, nearest first, and those that this brings to life.

    A stop goes before its target, unless the bar opened at or beyond the target.
    """
    instrument = integer(bar["instrument"])
    while condition_markets(arena)[instrument]["waiting"]:
        mine = _reached_stop(arena, integer(BUY), bar, ts)
        if mine == 0:
            mine = _reached_stop(arena, integer(SELL), bar, ts)
        if mine == 0:
            return
        target, number = (
            _target_of(arena, mine, bar, ts),
            condition(arena, mine)["number"],
        )
        if target:
            order = venue_orders(arena)[target]
            order["met_ts"] = ts
            price = integer(bar["open"])
            _take(arena, links, target, price, order["leaves"], integer(TAKER))
            perform_steps(arena, links)
        if condition(arena, mine)["number"] == number:
            _trigger(arena, links, mine, bar, ts)
            perform_steps(arena, links)


@kernel
def _follow_up(arena: int, links: int, bar: Any, ts: int) -> None:
    """Let a fill's group act, and what it brought to life meet the bar."""
    perform_steps(arena, links)
    _meet_stops(arena, links, bar, ts)


@kernel
def _trail(arena: int, bar: Any, ts: int) -> None:
    """Let trailing stops that were there follow the high, or the low (23)."""
    market = condition_markets(arena)[integer(bar["instrument"])]
    every = condition_levels(arena)
    for side in (BUY, SELL):
        which = shelf_index(integer(Trigger.LAST), integer(side))
        level = market["shelves"][which]["best"]
        while level:
            following, mine = every[level]["worse"], integer(every[level]["first"])
            while mine:
                behind = integer(condition(arena, mine)["next"])
                order = venue_orders(arena)[order_of(arena, mine)]
                trails = condition(arena, mine)["trail"] != 0
                trails = trails and _may_meet(arena, order, ts)
                if trails and follow(arena, mine, _extreme(bar, -side)):
                    line_up(arena, mine, integer(Step.MOVED), integer(Reason.TRAILED))
                mine = behind
            level = following


# All orders and one bar.


@kernel
def _first_unmet(arena: int, level: int, ts: int) -> int:
    """First order at a level that has still to meet the bar stamped `ts`; 0 = none."""
    index = venue_levels(arena)[level]["first"] if level else 0
    while index:
        order = venue_orders(arena)[index]
        if order["met_ts"] != ts and _may_meet(arena, order, ts):
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
        _follow_up(arena, links, bar, ts)
        index = _first_unmet(arena, level, ts)


@kernel
def _judged_later(arena: int, level: int) -> int:
    """How many limits at a level end with a bar that is still to come."""
    count = 0
    index = venue_levels(arena)[level]["first"] if level else 0
    while index:
        order = venue_orders(arena)[index]
        count += ends_with_bar(order["time_in_force"])
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
        if ends_with_bar(order["time_in_force"]):
            _at_once(arena, links, index, bar)
        else:
            _limit(arena, links, index, bar)
        _follow_up(arena, links, bar, ts)
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
def _act_out(arena: int, links: int, instrument: int, bar: Any, ts: int) -> None:
    """Let all our orders in an instrument meet a bar."""
    ppm = models(arena)[instrument]["participation"]
    venue_instruments(arena)[instrument]["bar_room"] = share_of(bar["volume"], ppm)
    _meet_stops(arena, links, bar, ts)
    _meet_markets(arena, links, instrument, bar, ts)
    _meet_limits(arena, links, instrument, bar, ts)
    if condition_markets(arena)[instrument]["trailing"]:
        _trail(arena, bar, ts)
        perform_steps(arena, links)


@kernel
def bar_closed(arena: int, links: int, record: Any) -> None:
    """Let our orders meet a BAR, and the book have its close as the last price.

    Of several bars of one time the first is acted out.
    """
    instrument = integer(record["instrument"])
    bar, book = view(record_address(record), 1, BAR)[0], venue_book(arena, instrument)
    state, ts = venue_instruments(arena)[instrument], venue(arena)[0]["at"]
    if book == 0 or not apply_bar(arena, book, bar):
        return
    halted = instruments(arena)[instrument]["session"] == SessionState.HALTED
    if ts > state["bar_ts"] and not halted and has_orders(arena, instrument):
        row = books(arena)[book]
        close, row["last_price"] = row["last_price"], bar["open"]
        _act_out(arena, links, instrument, bar, ts)
        row["last_price"] = close
    state["bar_ts"] = ts
