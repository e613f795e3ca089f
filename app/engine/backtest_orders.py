"""Orders of a backtest that the next bar fills whole: a short way for the commonest.

A market order that a strategy asks for at one bar, alone, in an instrument where
nothing else of ours works, by a venue without latency: at the next bar's open it is
filled, and it is history. On its way through gate, queues, venue and gate it is looked
up, copied and asked about wherever something might have come in between. Here nothing
can, so its steps stand one behind another; each is the one that every order takes, and
the order, the reports and the money are the same bytes. `may_send` and `send` say when
that is so; anything else goes the whole way, for until then nothing was done.
"""

from typing import Any, Final

from app.engine.accounts import account_row, book_fill
from app.engine.arena import CAPACITY, LIVE, USED, Section, section_words
from app.engine.backtest_block import RUN_WORDS, Run, has_room
from app.engine.backtest_fills import book_alone, charge_taker
from app.engine.backtest_judge import passes
from app.engine.bits import integer
from app.engine.compile import inlined, rare
from app.engine.gate_orders import new_fault, take_terms
from app.engine.gate_reports import forget_findings
from app.engine.gate_safety import mark_late_fill
from app.engine.links import Link, linked
from app.engine.memory import clear_bytes, view, words
from app.engine.money import MOST, converted, money_of
from app.engine.orders import known_order, remember
from app.engine.rare import out_of_line
from app.engine.records import (
    BAR,
    MARKET,
    NO_PRICE,
    REPORT,
    WIDE_BYTES,
    Action,
    EventKind,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    RiskLimit,
    SessionState,
    TimeInForce,
)
from app.engine.reports import copy_terms
from app.engine.risk_exposure import refresh_exposure, work_out_exposure
from app.engine.risk_recent import note_message, note_order
from app.engine.risk_state import REDUCE_ONLY, checks, limit_of, risk, working
from app.engine.state import engine, instruments, orders, positions
from app.engine.strategy import (
    BY_HANDLER,
    Handler,
    forget_requests,
    has_handler,
    requests,
    strategies,
)
from app.engine.venue.bar_fills import share_of
from app.engine.venue.bars import waiting_level
from app.engine.venue.fees import TAKER
from app.engine.venue.sending import begin_order, use_up_to
from app.engine.venue.state import (
    Stage,
    models,
    venue,
    venue_instruments,
    venue_orders,
)

_FIRST: Final = 1
"""Of the requests."""
_LARGE: Final = MOST >> 2
"""Exposures below it add up without reaching the largest number there is."""
_MESSAGES: Final = 3
"""On their way for such an order: the request, its acceptance, its fill."""
_LIMITS: Final = (
    int(RiskLimit.COLLAR),
    int(RiskLimit.MESSAGE_RATE),
    int(RiskLimit.MAX_DAILY_LOSS),
    int(RiskLimit.MAX_DRAWDOWN),
)
"""Limits by which an order becomes another, counts, or stops others."""


@inlined
def may_send(arena: int, links: int, instrument: int) -> bool:
    """Whether an order in an instrument that is quiet could take the short way.

    It holds until the loop that asks is left.
    """
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


@inlined
def _is_plain(arena: int, request: Any, instrument: int) -> bool:
    """Whether a request is a market order, and nobody is called about it."""
    if request["action"] != Action.NEW or request["source"] != BY_HANDLER:
        return False
    if request["instrument"] != instrument:
        return False
    kind, force = request["order_type"], request["time_in_force"]
    if kind != OrderType.MARKET or force != TimeInForce.GTC:
        return False
    options = integer(request["options"])
    if options & ~REDUCE_ONLY or request["role"] or request["display_quantity"]:
        return False
    record = strategies(arena)[request["strategy"]]
    return not (
        has_handler(record, Handler.ON_ORDER) or has_handler(record, Handler.ON_FILL)
    )


@inlined
def _is_timely(arena: int, instrument: int, record: Any) -> bool:
    """Whether what is asked for now is at the venue before a bar, and all is told."""
    now = engine(arena)[0]["now"]
    state, time = (
        venue_instruments(arena)[instrument],
        min(record["ts_venue"], record["ts_received"]),
    )
    if max(state["last_arrival"], now, engine(arena)[0]["venue_now"]) >= time:
        return False
    if state["last_delivery"] > time or state["bar_ts"] >= time:
        return False
    return now <= time - models(arena)[instrument]["bar_interval"]


@inlined
def _is_small(arena: int, instrument: int) -> bool:
    """Whether the order in the check adds to exposures, and nothing saturates."""
    check, definition = checks(arena)[0], instruments(arena)[instrument]
    if check["is_exit"]:
        return risk(arena)[0]["gross"] < _LARGE
    added = money_of(
        check["counted_price"],
        check["quantity"],
        definition["money_numerator"],
        definition["money_denominator"],
    )
    added = converted(added, definition["conversion"])
    return 0 < added < _LARGE and risk(arena)[0]["gross"] < _LARGE


@rare
def _fault(arena: int) -> int:
    """Ask the gate about the request, which is the only one."""
    out_of_line()
    return new_fault(arena, requests(arena)[_FIRST])


@inlined
def _begin_report(arena: int, block: Any, index: int, kind: int) -> Any:
    """Begin the next report of the run: where an order stands."""
    used, session, order = (
        block[Run.REPORTS_USED],
        engine(arena)[0],
        orders(arena)[index],
    )
    block[Run.REPORTS_USED] = used + 1
    address = block[Run.REPORTS] + used * WIDE_BYTES
    clear_bytes(address, WIDE_BYTES)
    report = view(address, 1, REPORT)[0]
    copy_terms(report, order)
    session["reports"] += 1
    report["sequence"], report["ts_received"] = session["reports"], session["now"]
    report["kind"], report["report"] = EventKind.REPORT, kind
    report["status"] = order["status"]
    return report


@inlined
def _accept(arena: int, block: Any, request: Any, instrument: int) -> int:
    """Make the order that was judged, here and at the venue, and tell of it."""
    index = known_order(arena, request)
    order, check = orders(arena)[index], checks(arena)[0]
    take_terms(order, check)
    if not check["is_exit"]:
        note_order(arena, check)
        row, which = working(arena)[instrument], (1 - check["side"]) >> 1
        row["highest"][which] = check["counted_price"]
        row["lowest"][which] = check["counted_price"]
    note_message(arena)
    report = _begin_report(arena, block, index, integer(ReportType.PENDING_NEW))
    report["ts_venue"], report["last_price"] = engine(arena)[0]["now"], NO_PRICE
    use_up_to(arena, Section.VENUE_ORDERS, index)
    use_up_to(arena, Section.VENUE_INSTRUMENTS, instrument)
    begin_order(arena, index)
    return index


@inlined
def _arrive(arena: int, instrument: int, index: int, sent: int) -> int:
    """Let an order arrive at the venue; returns when its acceptance is told, ns."""
    session, state = engine(arena)[0], venue_instruments(arena)[instrument]
    state["last_arrival"] = max(state["last_arrival"], sent)
    at = max(session["venue_now"], state["last_arrival"])
    session["venue_now"] = at
    state["last_delivery"] = max(state["last_delivery"], at)
    session["next_venue_order_id"] += 1
    placed, order = venue_orders(arena)[index], orders(arena)[index]
    placed["venue_order_id"] = session["next_venue_order_id"]
    placed["arrived_ts"] = at
    order["venue_order_id"] = session["next_venue_order_id"]
    order["accepted_ts"] = at
    order["status"] = OrderStatus.NEW
    venue(arena)[0]["sequence"] += _MESSAGES
    return integer(at)


@inlined
def send(arena: int, links: int, address: int, instrument: int, at: int) -> int:
    """Send what a strategy has asked for, if the BAR at an address will fill it.

    Time comes to the bar. `may_send` holds.

    Returns
    -------
    int
        The order, for `fill` once book and venue have the bar; 0 = nothing is done.
    """
    record, bar = view(at, 1, MARKET)[0], view(at, 1, BAR)[0]
    block, request = words(address, RUN_WORDS), requests(arena)[_FIRST]
    if section_words(arena, Section.REQUESTS)[USED] != _FIRST + 1:
        return 0
    if not has_room(block) or not _is_plain(arena, request, instrument):
        return 0
    pool = section_words(arena, Section.ORDERS)
    full = pool[LIVE] + 1 >= pool[CAPACITY]
    if full or not _is_timely(arena, instrument, record):
        return 0
    forget_findings(arena)
    room = share_of(bar["volume"], models(arena)[instrument]["participation"])
    if not passes(arena, request, instrument) and _fault(arena) != Reason.NONE:
        return 0
    if checks(arena)[0]["total"] > room:
        return 0
    if not _is_small(arena, instrument) or waiting_level(arena, instrument) == 0:
        return 0
    session = engine(arena)[0]
    sent = integer(session["now"])
    session["commands"] += 1
    index = _accept(arena, block, request, instrument)
    forget_requests(arena)
    session["now"] = record["ts_received"]
    told = _arrive(arena, instrument, index, sent)
    report = _begin_report(arena, block, index, integer(ReportType.NEW))
    report["ts_venue"] = told
    return index


@inlined
def _expose(arena: int, instrument: int, doubled: int) -> None:
    """Bring the exposure up to date after a fill, before a mark at half of `doubled`.

    Where that mark is news, and there is or was anything, it does so again.
    """
    position = positions(arena)[account_row(arena, instrument)]
    news = position["mark_doubled"] != doubled and doubled != NO_PRICE
    if news and position["quantity"] | position["exposure"] != 0:
        return
    if checks(arena)[0]["is_exit"]:
        refresh_exposure(arena, instrument)
    else:
        # While it worked there was some, whatever there was before.
        work_out_exposure(arena, instrument)


@rare
def _book(
    arena: int, instrument: int, strategy: int, price: int, signed: int, fee: int
) -> None:
    """Book a fill where others hold some, or a part is closed."""
    out_of_line()
    book_fill(arena, instrument, strategy, price, signed, fee)


@inlined
def _pay(arena: int, instrument: int, index: int, price: int, fee: int) -> None:
    """Book a fill: order, position, money."""
    order = orders(arena)[index]
    quantity, strategy = order["quantity"], integer(order["strategy"])
    order["filled"], order["fee"] = quantity, fee
    remember(arena, index, integer(OrderStatus.FILLED))
    signed = quantity * integer(order["side"])
    if not book_alone(arena, instrument, strategy, price, signed, fee):
        _book(arena, instrument, strategy, price, signed, fee)
    mark_late_fill(arena, instrument, strategy)


@inlined
def fill(arena: int, address: int, instrument: int, index: int, at: int) -> None:
    """Fill an order that was sent, whole, at the open of the BAR at an address."""
    bar, block = view(at, 1, BAR)[0], words(address, RUN_WORDS)
    placed, state = venue_orders(arena)[index], venue_instruments(arena)[instrument]
    price, quantity = integer(bar["open"]), placed["quantity"]
    now = venue(arena)[0]["at"]
    ppm = models(arena)[instrument]["participation"]
    state["bar_room"] = share_of(bar["volume"], ppm) - quantity
    state["last_delivery"] = max(state["last_delivery"], now)
    state["fills"] += 1
    placed["met_ts"], placed["filled"], placed["leaves"] = now, quantity, 0
    placed["stage"] = Stage.ENDED
    fee = charge_taker(arena, instrument, placed, price, quantity)
    placed["fee"], placed["report_latency"] = fee, state["last_delivery"] - now
    _pay(arena, instrument, index, price, fee)
    _expose(arena, instrument, 2 * (price + bar["close_offset"]))
    engine(arena)[0]["fills"] += 1
    report = _begin_report(arena, block, index, integer(ReportType.FILL))
    report["ts_venue"] = now
    report["last_price"], report["last_quantity"] = price, quantity
    report["fee"], report["liquidity"] = fee, TAKER
    forget_findings(arena)
