"""What the loop of a backtest's bars knows of each instrument: its lane.

Whether an instrument is its bars and no more, who takes them, and whether orders may
take the short way is the same at each bar until the loop is left. It is looked up at
the first bar of a turn of the loop, and stands in a row of the session's own.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import USED, Section, section_words
from app.engine.backtest_block import LANE, LANE_BYTES, RUN_WORDS, Run
from app.engine.bits import integer
from app.engine.book_events import is_bar
from app.engine.book_state import Stale, books
from app.engine.compile import inlined, rare
from app.engine.folding import TIME_BOUND
from app.engine.gate_marks import moves_money_alone
from app.engine.links import Link, linked
from app.engine.memory import view, words
from app.engine.rare import out_of_line
from app.engine.records import EventKind, RiskLimit, SessionState
from app.engine.risk_state import limit_of, working
from app.engine.state import engine, instruments
from app.engine.strategy import Handler, follows, has_handler, strategies
from app.engine.venue.bars import fills_from_bars
from app.engine.venue.levels import venue_book
from app.engine.venue.quiet import has_orders
from app.engine.venue.state import models, venue

_LIMITS: Final = (
    int(RiskLimit.COLLAR),
    int(RiskLimit.MESSAGE_RATE),
    int(RiskLimit.MAX_DAILY_LOSS),
    int(RiskLimit.MAX_DRAWDOWN),
)
"""Limits by which an order becomes another, counts, or stops others."""


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
    if not fills_from_bars(arena, instrument) or has_orders(arena, instrument):
        return False
    return moves_money_alone(arena, instrument)


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
    for limit in _LIMITS:
        if limit_of(arena, instrument, limit):
            return False
    return True


@rare
def _look_up(arena: int, links: int, instrument: int, lane: Any) -> None:
    """Find out what holds of an instrument for this turn of the loop."""
    out_of_line()
    lane["is_plain"] = _is_plain(arena, instrument)
    lane["bar_callers"] = _callers(arena, instrument, Handler.ON_BAR)
    lane["bars_callers"] = _callers(arena, instrument, Handler.ON_BARS)
    lane["sends"] = _may_send(arena, links, instrument)
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
