"""Fire drills: what goes wrong in markets, on request, in the exchange's own thread.

Those of the market (flash crash, one-sided book, partial fills) are made with orders of
agents; those of the wire (feed gap, reject storm, late acknowledgements, disconnection)
with what `wire` does to records and reports, and `loop` to commands. `drill_table` has
them in words. One runs at a time; each ends by itself, and a report says when it begins
and ends. Time is the exchange's: in a stepped exchange a drill is the same every time.
"""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.books import push_books
from app.engine.exchange.chance import below
from app.engine.exchange.drill_table import DRILLS, Drill
from app.engine.exchange.mood import mid_price
from app.engine.exchange.state import (
    CONTROL_WORDS,
    SLOT_BITS,
    TAKER_ACCOUNT,
    Control,
    agent_markets,
    exchange,
)
from app.engine.exchange.trading import (
    act,
    change_command,
    new_command,
    whole_lots,
    withdraw,
)
from app.engine.exchange.wire import (
    market_scratch,
    push_market,
    push_status,
    release_all,
    tell_drill,
)
from app.engine.matching_state import match_level, match_order, matching
from app.engine.matching_trade import best_level
from app.engine.memory import words
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    EventKind,
    FeedStatus,
    Reason,
    RecordFlag,
    TimeInForce,
)

_SECONDS: Final = (0, *(row.seconds for row in DRILLS))
_LAST: Final = int(RecordFlag.LAST)
_LAST_DRILL: Final = int(Drill.DISCONNECT)
_SECOND_NS: Final = 1_000_000_000
_STEP_NS: Final = 40_000_000
_NIBBLE_NS: Final = 250_000_000
_LATE_NS: Final = 2 * _SECOND_NS
_FOR_EVER_NS: Final = 1 << 60
_CRASH_NS: Final = DRILLS[0].seconds * _SECOND_NS
_FALL_NS: Final = 4 * _SECOND_NS
_DEEPEST: Final = 0.92
"""Of the price before: no deeper does a crash sell."""
_RECOVERY: Final = 0.03
"""Share of the way back in each step."""
_SEEN: Final = 64
"""Orders of a queue that are looked at."""
_CHANGED: Final = 4
"""Of them, how many change in one step."""
_LEAST: Final = 0.02
"""Of a lot: what the best prices hold in PARTIAL_FILLS."""


# The market's own.


@kernel
def _sell_off(arena: int, control: int, instrument: int) -> None:
    """Sell what the two best bids want, and let everybody think it is worth less."""
    level = best_level(arena, instrument, integer(BUY))
    market = agent_markets(arena)[instrument]
    if level == 0 or mid_price(arena, instrument) < _DEEPEST * market["anchor"]:
        return
    row = match_level(arena, level)
    quantity = row["size"]
    price = row["price"]
    worse = integer(row["worse"])
    if worse:
        quantity += match_level(arena, worse)["size"]
        price = match_level(arena, worse)["price"]
    _take(arena, control, instrument, integer(SELL), price, quantity)
    market["fair"] = min(market["fair"], mid_price(arena, instrument))


@kernel
def _take(
    arena: int, control: int, instrument: int, side: int, price: int, quantity: int
) -> None:
    command = new_command(arena, instrument, 0, TAKER_ACCOUNT - 1)
    market = agent_markets(arena)[instrument]
    step = market["quantity_step"]
    command["side"] = side
    command["price"] = price
    command["quantity"] = max(quantity // step * step, market["quantity_min"])
    command["time_in_force"] = TimeInForce.IOC
    act(arena, control, command)


@kernel
def _crash(arena: int, control: int, instrument: int) -> None:
    """Fall, then recover."""
    state = exchange(arena)[0]
    market = agent_markets(arena)[instrument]
    begun = state["drill_ends"] - _CRASH_NS
    if matching(arena)["now"] - begun < _FALL_NS:
        _sell_off(arena, control, instrument)
    else:
        market["fair"] += _RECOVERY * (state["drill_fair"] - market["fair"])


@kernel
def _shrink(arena: int, control: int, instrument: int, side: int) -> None:
    """Let the first agents at the touch that have more keep next to nothing."""
    level = best_level(arena, instrument, side)
    if level == 0:
        return
    least = whole_lots(agent_markets(arena)[instrument], _LEAST)
    index = integer(match_level(arena, level)["head"])
    changed = 0
    for _ in range(_SEEN):
        order = match_order(arena, index)
        slot = integer(order["client_order_id"] & ((1 << SLOT_BITS) - 1))
        if order["account"] != 0 and slot and order["leaves"] > least:
            filled = order["quantity"] - order["leaves"]
            command = change_command(arena, instrument, slot, Action.REPLACE)
            command["price"] = NO_PRICE
            command["quantity"] = filled + least
            # A smaller quantity keeps its place: the queue is as it was.
            act(arena, control, command)
            changed += 1
        index = integer(order["next"])
        if index == 0 or changed == _CHANGED:
            return


@kernel
def _nibble(arena: int, control: int, instrument: int, side: int) -> None:
    """Trade with the user's order at the touch of a side: a third of what is left."""
    level = best_level(arena, instrument, side)
    if level == 0:
        return
    price = match_level(arena, level)["price"]
    index = integer(match_level(arena, level)["head"])
    ahead = 0
    for _ in range(_SEEN):
        order = match_order(arena, index)
        ahead += order["leaves"]
        if order["account"] == 0:
            bite = max(order["leaves"] // 3, 1)
            wanted = ahead - order["leaves"] + bite
            _take(arena, control, instrument, -side, price, wanted)
            return
        index = integer(order["next"])
        if index == 0:
            return


@kernel
def _trickle(arena: int, control: int, instrument: int) -> None:
    for side in (BUY, SELL):
        _shrink(arena, control, instrument, integer(side))
    if matching(arena)["now"] % _NIBBLE_NS < _STEP_NS:
        for side in (BUY, SELL):
            _nibble(arena, control, instrument, integer(side))


# Beginning, going on, ending.


@kernel
def _begin(arena: int, control: int, drill: int, instrument: int) -> None:
    state = exchange(arena)[0]
    if drill == Drill.FLASH_CRASH:
        state["drill_fair"] = agent_markets(arena)[instrument]["fair"]
    elif drill == Drill.ONE_SIDED:
        state["drill_side"] = SELL
        withdraw(arena, control, instrument, integer(SELL))
    elif drill == Drill.GAP:
        for each in range(state["instruments"]):
            push_status(arena, control, EventKind.GAP, integer(each), _LAST, 0)
        state["is_mute"] = 1
    elif drill == Drill.REJECT_STORM:
        state["refusing"] = Reason.VENUE_BUSY
    elif drill == Drill.LATE_ACKS:
        state["delay"] = _LATE_NS
    elif drill == Drill.DISCONNECT:
        _push_line(arena, control, integer(FeedStatus.DISCONNECTED))
        state["is_mute"] = 1
        state["refusing"] = Reason.NOT_CONNECTED
        state["delay"] = _FOR_EVER_NS


@kernel
def _push_line(arena: int, control: int, status: int) -> None:
    record = market_scratch(arena, control, EventKind.FEED_STATUS, -1)
    record["flags"] = _LAST
    record["count"] = status
    push_market(arena, control, record)


@kernel
def end_drill(arena: int, control: int) -> None:
    """End the drill that runs, put everything right, and say so."""
    state = exchange(arena)[0]
    drill, instrument = integer(state["drill"]), integer(state["drill_instrument"])
    if drill == 0:
        return
    was_mute = state["is_mute"]
    state["is_mute"] = 0
    state["refusing"] = 0
    state["delay"] = 0
    state["drill_side"] = 0
    state["drill"] = 0
    words(control, CONTROL_WORDS)[Control.DRILL] = 0
    release_all(control)
    if drill == Drill.DISCONNECT:
        _push_line(arena, control, integer(FeedStatus.CONNECTED))
    if was_mute:
        push_books(arena, control)
    tell_drill(arena, control, drill, instrument, integer(0), integer(Reason.NONE))


@kernel
def begin_drill(arena: int, control: int, drill: int, instrument: int) -> None:
    """Begin a drill, or say why not; in a market, `instrument` -1 means the first."""
    state = exchange(arena)[0]
    if drill < 1 or drill > _LAST_DRILL:
        reason = integer(Reason.UNSUPPORTED)
        tell_drill(arena, control, drill, instrument, integer(0), reason)
        return
    if state["drill"]:
        reason = integer(Reason.VENUE_BUSY)
        tell_drill(arena, control, drill, instrument, integer(0), reason)
        return
    is_local = (
        drill == Drill.FLASH_CRASH
        or drill == Drill.ONE_SIDED
        or drill == Drill.PARTIAL_FILLS
    )
    place = max(instrument, 0) if is_local else -1
    now = matching(arena)["now"]
    state["drill"] = drill
    state["drill_instrument"] = place
    state["drill_ends"] = now + _SECONDS[drill] * _SECOND_NS
    state["drill_next"] = now
    words(control, CONTROL_WORDS)[Control.DRILL_SINCE] = now
    words(control, CONTROL_WORDS)[Control.DRILL] = drill
    tell_drill(arena, control, drill, place, integer(1), integer(Reason.NONE))
    _begin(arena, control, drill, place)


@kernel
def _surprise(arena: int, control: int, now: int) -> None:
    """Begin a drill that nobody asked for, if it is time."""
    state = exchange(arena)[0]
    if state["surprise_ns"] == 0 or now < state["surprise_due"]:
        return
    if state["surprise_due"]:
        drill = 1 + below(arena, _LAST_DRILL)
        begin_drill(arena, control, drill, below(arena, state["instruments"]))
    state["surprise_due"] = now + state["surprise_ns"]


@kernel
def step_drill(arena: int, control: int) -> None:
    """Let the drill that runs do what is due, or end."""
    state = exchange(arena)[0]
    now = matching(arena)["now"]
    drill = state["drill"]
    if drill == 0:
        _surprise(arena, control, now)
    elif now >= state["drill_ends"]:
        end_drill(arena, control)
    elif now >= state["drill_next"]:
        state["drill_next"] = now + _STEP_NS
        if drill == Drill.FLASH_CRASH:
            _crash(arena, control, integer(state["drill_instrument"]))
        elif drill == Drill.PARTIAL_FILLS:
            _trickle(arena, control, integer(state["drill_instrument"]))
