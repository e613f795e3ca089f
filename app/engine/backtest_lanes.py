"""What the loop of a backtest's bars knows of each instrument: its lane.

Whether an instrument is its bars and no more, who takes them, and whether orders may
take the short way is the same at each bar until the loop is left. It is looked up at
the first bar of a turn of the loop, and stands in a row of the session's own.

Orders of ours may rest at the venue meanwhile. Limits and stops wait for prices, and
the nearest of each side stay where they are until the loop is left: what lies between
them meets nobody (`bar_fills.py`). Whatever meets any bar, or the next, keeps the whole
way: what waits for no price, ends with a bar, or follows one.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import USED, Section, section_words
from app.engine.backtest_block import LANE, LANE_BYTES, RUN_WORDS, Run
from app.engine.bits import integer
from app.engine.book_events import is_bar
from app.engine.book_state import Stale, books
from app.engine.compile import inlined, rare
from app.engine.conditional.queues import shelf_index
from app.engine.conditional.state import condition_levels, condition_markets
from app.engine.folding import TIME_BOUND
from app.engine.gate_marks import moves_money_alone
from app.engine.links import Link, linked
from app.engine.memory import view, words
from app.engine.rare import out_of_line
from app.engine.records import (
    BUY,
    SELL,
    EventKind,
    RiskLimit,
    SessionState,
    Trigger,
)
from app.engine.risk_state import limit_of, working
from app.engine.state import engine, instruments
from app.engine.strategy import Handler, follows, has_handler, strategies
from app.engine.venue.bars import fills_from_bars
from app.engine.venue.levels import our_best, venue_book
from app.engine.venue.quiet import has_orders
from app.engine.venue.state import (
    models,
    venue,
    venue_instruments,
    venue_levels,
)

_LIMITS: Final = (
    int(RiskLimit.COLLAR),
    int(RiskLimit.MESSAGE_RATE),
    int(RiskLimit.MAX_DAILY_LOSS),
    int(RiskLimit.MAX_DRAWDOWN),
)
"""Limits by which an order becomes another, counts, or stops others."""
_FAR: Final = 2**63 - 1
"""No price is as far from nought."""


@inlined
def may_pass(session: Any, record: Any, bar: Any) -> bool:
    """Whether a record is a bar that can be true, with nothing due before it."""
    ts = integer(record["ts_received"])
    timely = abs(ts) < TIME_BOUND and ts < session["schedule_due"]
    return timely and record["kind"] == EventKind.BAR and is_bar(bar)


@inlined
def _is_plain(arena: int, instrument: int) -> bool:
    """Whether an instrument's bars are all there is to it, while nothing is asked."""
    book = integer(instruments(arena)[instrument]["book"])
    row = books(arena)[book]
    whole = row["stale"] == Stale.FRESH
    whole = whole and row["sides"][0]["best"] == 0 and row["sides"][1]["best"] == 0
    if book == 0 or book != venue_book(arena, instrument) or not whole:
        return False
    if not fills_from_bars(arena, instrument):
        return False
    return moves_money_alone(arena, instrument)


@inlined
def _meets_any(arena: int, instrument: int) -> bool:
    """Whether orders of ours meet a bar of an instrument wherever it is."""
    state, market = (
        venue_instruments(arena)[instrument],
        condition_markets(arena)[instrument],
    )
    waiting, halted = state["waiting"], integer(SessionState.HALTED)
    if market["trailing"] or state["judged"]:
        return True
    if waiting and venue_levels(arena)[waiting]["first"]:
        return True
    return instruments(arena)[instrument]["session"] == halted


@inlined
def _limit_price(arena: int, instrument: int, side: int, none: int) -> int:
    """Price of our nearest limit of a side; `none` if there is none."""
    level = our_best(arena, instrument, side)
    return integer(venue_levels(arena)[level]["price"]) if level else none


@inlined
def _stop_price(arena: int, instrument: int, side: int, none: int) -> int:
    """Price of our nearest stop of a side; `none` if there is none."""
    shelves = condition_markets(arena)[instrument]["shelves"]
    level = shelves[shelf_index(integer(Trigger.LAST), side)]["best"]
    return integer(condition_levels(arena)[level]["price"]) if level else none


@inlined
def _take_bounds(arena: int, instrument: int, lane: Any) -> None:
    """Find the prices that orders of ours wait for."""
    low, high = -_FAR, _FAR
    buy, sell = integer(BUY), integer(SELL)
    lane["floor"] = max(
        _limit_price(arena, instrument, buy, low),
        _stop_price(arena, instrument, sell, low),
    )
    lane["ceiling"] = min(
        _limit_price(arena, instrument, sell, high),
        _stop_price(arena, instrument, buy, high),
    )


@inlined
def concerns(lane: Any, bar: Any) -> bool:
    """Whether a bar reaches a price that an order of ours waits for.

    To touch it is enough: a limit remembers the bar, though it does not fill.
    """
    opened = bar["open"]
    below = opened + bar["low_offset"] <= lane["floor"]
    return below or opened + bar["high_offset"] >= lane["ceiling"]


@inlined
def _callers(arena: int, instrument: int, handler: int) -> Any:
    """Strategies that have a handler for a feed's bars of an instrument: a bit each."""
    found = np.uint64(0)
    for strategy in range(1, section_words(arena, Section.STRATEGIES)[USED]):
        record = strategies(arena)[strategy]
        takes = record["bars"] == 0 and follows(record, instrument)
        if takes and has_handler(record, handler):
            found |= np.uint64(1) << np.uint64(strategy)
    return found


@inlined
def _may_send(arena: int, links: int, instrument: int) -> bool:
    """Whether an order in an instrument that is plain could take the short way."""
    model, session = (
        models(arena)[instrument],
        instruments(arena)[instrument]["session"],
    )
    delays = model["latency"] | model["order_latency"] | model["report_latency"]
    if delays | model["impact"] | model["sized_at_fill"] or linked(links, Link.LOG):
        return False
    if session != SessionState.OPEN and session != SessionState.UNKNOWN:
        return False
    if working(arena)[instrument]["count"] or venue(arena)[0]["flags"]:
        return False
    if venue_instruments(arena)[instrument]["judged"]:
        # Of limits that ended before their bar: the next that is acted out clears it.
        return False
    for limit in _LIMITS:
        if limit_of(arena, instrument, limit):
            return False
    return True


@rare
def _look_up(arena: int, links: int, instrument: int, lane: Any) -> None:
    """Find out what holds of an instrument for this turn of the loop."""
    out_of_line()
    rests = has_orders(arena, instrument)
    lane["is_plain"], lane["rests"] = _is_plain(arena, instrument), rests
    if rests:
        lane["is_plain"] &= not _meets_any(arena, instrument)
        _take_bounds(arena, instrument, lane)
    lane["bar_callers"] = _callers(arena, instrument, Handler.ON_BAR)
    lane["bars_callers"] = _callers(arena, instrument, Handler.ON_BARS)
    lane["sends"] = not rests and _may_send(arena, links, instrument)
    lane["order"], lane["asked"], lane["bar"] = 0, 0, 0


@inlined
def known_lane(block: Any, instrument: int) -> Any:
    """Lane of an instrument that was looked up in this turn."""
    return view(block[Run.LANES] + instrument * LANE_BYTES, 1, LANE)[0]


@inlined
def lane_of(arena: int, links: int, address: int, instrument: int) -> Any:
    """Lane of an instrument, looked up if it is not yet.

    Parameters
    ----------
    address : int
        Of the `Run` block.
    """
    block = words(address, RUN_WORDS)
    lane = known_lane(block, instrument)
    if lane["turn"] != block[Run.TURN]:
        lane["turn"] = block[Run.TURN]
        _look_up(arena, links, instrument, lane)
    return lane


@inlined
def is_known(arena: int, instrument: int) -> bool:
    """Whether there is such an instrument."""
    return 0 <= instrument < engine(arena)[0]["instruments"]
