"""Orders of a backtest that the next bar fills whole: a short way for the commonest.

A market order that a strategy asks for at one bar, alone in an instrument where nothing
else of ours works, by a venue without latency: at the next bar's open it is filled, and
it is history; so are those in other instruments whose bars close with it. On its way
through gate, queues, venue and gate an order is looked up, copied and asked about
wherever something might have come in between. Here nothing can, so its steps stand one
behind another; each is the one that every order takes, and the order, the reports and
the money are the same bytes. Handlers that hear of orders are called where they would
be, and find what they would find. `backtest_lanes.py` and `send` say when that is so;
anything else goes the whole way, on from what was done until then.
"""

from typing import Any, Final

from app.engine.accounts import account_row, book_fill
from app.engine.arena import CAPACITY, FREE, LIVE, USED, Section, section_words
from app.engine.backtest_block import MOST_HELD, RUN_WORDS, Run, has_room
from app.engine.backtest_fills import book_alone, charge_taker
from app.engine.backtest_judge import passes
from app.engine.backtest_lanes import (
    concerns,
    is_known,
    known_lane,
    lane_of,
    may_pass,
)
from app.engine.bits import integer
from app.engine.compile import inlined, rare
from app.engine.folding import fold_requests_from
from app.engine.gate_orders import new_fault, take_terms
from app.engine.gate_reports import forget_findings
from app.engine.gate_safety import mark_late_fill
from app.engine.memory import clear_bytes, record_address, view, words
from app.engine.money import MOST, converted, money_of
from app.engine.orders import end_order, join, known_order, remember
from app.engine.prefetch import prefetch
from app.engine.rare import out_of_line
from app.engine.records import (
    BAR,
    MARKET,
    MARKET_BYTES,
    NO_PRICE,
    REPORT,
    WIDE_BYTES,
    Action,
    EventKind,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)
from app.engine.reports import copy_terms
from app.engine.risk_exposure import (
    recount,
    refresh_exposure,
    work_out_exposure,
)
from app.engine.risk_recent import note_message, note_order
from app.engine.risk_state import REDUCE_ONLY, checks, risk, working
from app.engine.state import engine, instruments, orders, positions
from app.engine.strategy import (
    BY_HANDLER,
    Handler,
    forget_requests,
    requests,
    strategies,
)
from app.engine.telling import tell_owner
from app.engine.venue.bar_fills import share_of
from app.engine.venue.bars import waiting_level
from app.engine.venue.fees import TAKER
from app.engine.venue.levels import append
from app.engine.venue.sending import begin_order, send_request, use_up_to
from app.engine.venue.state import (
    VENUE_ORDER,
    Message,
    Stage,
    models,
    venue,
    venue_instruments,
    venue_orders,
)

_FIRST: Final = 1
"""Of the requests."""
_LINE: Final = 64
"""Bytes of a cache line."""
_VENUE_ORDER_BYTES: Final = VENUE_ORDER.itemsize
_LARGE: Final = MOST >> 2
"""Exposures below it add up without reaching the largest number there is."""
_MESSAGES: Final = 2
"""On their way for an order that arrives: the request, its acceptance."""
_ON_ORDER: Final = 1 << Handler.ON_ORDER
_HEARING: Final = _ON_ORDER | 1 << Handler.ON_FILL
"""Bits of handlers that are called about orders."""
_MOST_AT_ONCE: Final = 1024
"""Orders sent at one time: the reports of all must find room (`RESERVE`)."""


@inlined
def _is_plain(arena: int, request: Any) -> bool:
    """Whether a request is a market order without more terms."""
    if request["action"] != Action.NEW or request["source"] != BY_HANDLER:
        return False
    if not is_known(arena, integer(request["instrument"])):
        return False
    kind, force = request["order_type"], request["time_in_force"]
    if kind != OrderType.MARKET or force != TimeInForce.GTC:
        return False
    options = integer(request["options"])
    return options & ~REDUCE_ONLY | request["role"] | request["display_quantity"] == 0


@rare
def _tell_owner(arena: int, links: int, address: int) -> None:
    """Call the handlers for the REPORT at an address."""
    out_of_line()
    tell_owner(arena, links, address)


@inlined
def _tell(arena: int, links: int, block: Any, report: Any) -> None:
    """Call the handlers for a report, if its strategy has one."""
    if block[Run.HEARS]:
        _tell_owner(arena, links, record_address(report))


@inlined
def _is_timely(arena: int, instrument: int, time: int) -> bool:
    """Whether what is asked for now is at the venue before a bar, and all is told."""
    session, state = engine(arena)[0], venue_instruments(arena)[instrument]
    now, at = session["now"], max(session["now"], session["venue_now"])
    if at >= time or state["bar_ts"] >= time:
        return False
    if state["last_arrival"] > at or state["last_delivery"] > at:
        return False
    return now <= time - models(arena)[instrument]["bar_interval"]


@inlined
def _asks_plainly(arena: int, links: int, address: int) -> bool:
    """Whether all that is asked for are plain orders, one in an instrument.

    Their lanes know that they are asked for at this event. The block knows whether
    somebody hears of one, and sees one at work: then all must be in the lists.
    """
    event, used = (
        engine(arena)[0]["event"],
        section_words(arena, Section.REQUESTS)[USED],
    )
    handlers = integer(0)
    for index in range(_FIRST, used):
        request = requests(arena)[index]
        if not _is_plain(arena, request):
            return False
        lane = lane_of(arena, links, address, integer(request["instrument"]))
        if lane["sends"] == 0 or lane["asked"] == event:
            return False
        lane["asked"], lane["bar"] = event, 0
        handlers |= strategies(arena)[request["strategy"]]["handlers"]
    hears, block = handlers & _HEARING, words(address, RUN_WORDS)
    block[Run.HEARS] = hears
    several = used > _FIRST + 1
    block[Run.STANDS] = hears if several else hears & _ON_ORDER
    return True


@inlined
def _meet_bars(arena: int, links: int, address: int, index: int, left: int) -> bool:
    """Whether so many orders meet their bars at the time of the record at `index`.

    Their lanes know which bar it is: of several the first.
    """
    block, session = words(address, RUN_WORDS), engine(arena)[0]
    at = block[Run.RECORDS] + index * MARKET_BYTES
    first, end = (
        view(at, 1, MARKET)[0],
        at + MARKET_BYTES * min(MOST_HELD, block[Run.COUNT] - index),
    )
    time = min(first["ts_venue"], first["ts_received"])
    while left > 0 and at < end:
        record, bar = view(at, 1, MARKET)[0], view(at, 1, BAR)[0]
        together = record["ts_received"] == first["ts_received"]
        together = together and min(record["ts_venue"], record["ts_received"]) == time
        instrument = integer(record["instrument"])
        if not together or not may_pass(session, record, bar):
            return False
        if not is_known(arena, instrument):
            return False
        lane = lane_of(arena, links, address, instrument)
        if lane["is_plain"] == 0 or (lane["rests"] and concerns(lane, bar)):
            return False
        if lane["asked"] == session["event"] and lane["bar"] == 0:
            if not _is_timely(arena, instrument, time):
                return False
            lane["bar"] = at
            left -= 1
        at += MARKET_BYTES
    return left == 0


@inlined
def _added(arena: int, instrument: int) -> int:
    """What the order in the check adds to exposures at most; below 0 = too much."""
    check, definition = checks(arena)[0], instruments(arena)[instrument]
    if check["is_exit"]:
        return 0
    added = money_of(
        check["counted_price"],
        check["quantity"],
        definition["money_numerator"],
        definition["money_denominator"],
    )
    added = converted(added, definition["conversion"])
    return added if 0 < added < _LARGE else -1


@rare
def _fault(arena: int, request: int) -> int:
    """Ask the gate about a request."""
    out_of_line()
    return new_fault(arena, requests(arena)[request])


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


@rare
def _stand(arena: int, instrument: int, index: int) -> None:
    """Put an order into the lists of what works, and count it."""
    out_of_line()
    join(arena, index)
    recount(arena, index)
    refresh_exposure(arena, instrument)


@rare
def _end_standing(arena: int, index: int) -> None:
    """Take a filled order out of the lists of what works."""
    out_of_line()
    end_order(arena, index, integer(OrderStatus.FILLED))
    recount(arena, index)


@inlined
def _accept(arena: int, links: int, block: Any, request: Any, instrument: int) -> int:
    """Make the order that was judged, here and at the venue, and tell of it."""
    index = known_order(arena, request)
    order, check = orders(arena)[index], checks(arena)[0]
    take_terms(order, check)
    if not check["is_exit"]:
        note_order(arena, check)
        row, which = working(arena)[instrument], (1 - check["side"]) >> 1
        row["highest"][which] = check["counted_price"]
        row["lowest"][which] = check["counted_price"]
    if block[Run.STANDS]:
        _stand(arena, instrument, index)
    note_message(arena)
    report = _begin_report(arena, block, index, integer(ReportType.PENDING_NEW))
    report["ts_venue"], report["last_price"] = engine(arena)[0]["now"], NO_PRICE
    _tell(arena, links, block, report)
    use_up_to(arena, Section.VENUE_ORDERS, index)
    use_up_to(arena, Section.VENUE_INSTRUMENTS, instrument)
    begin_order(arena, index)
    return index


@inlined
def _arrive(arena: int, instrument: int, index: int, sent: int) -> None:
    """Let an order arrive at the venue; it was sent at a time, ns."""
    session, state = engine(arena)[0], venue_instruments(arena)[instrument]
    state["last_arrival"] = max(state["last_arrival"], sent)
    at = max(session["venue_now"], state["last_arrival"])
    session["venue_now"] = at
    state["last_delivery"] = max(state["last_delivery"], at)
    session["next_venue_order_id"] += 1
    placed = venue_orders(arena)[index]
    placed["venue_order_id"] = session["next_venue_order_id"]
    placed["arrived_ts"] = at
    venue(arena)[0]["sequence"] += _MESSAGES


@inlined
def _acknowledge(arena: int, links: int, block: Any, index: int) -> None:
    """Learn that the venue has an order, and tell of it."""
    placed, order = venue_orders(arena)[index], orders(arena)[index]
    order["venue_order_id"] = placed["venue_order_id"]
    order["accepted_ts"] = placed["arrived_ts"]
    order["status"] = OrderStatus.NEW
    order["resting_status"] = OrderStatus.NEW
    report = _begin_report(arena, block, index, integer(ReportType.NEW))
    report["ts_venue"] = placed["arrived_ts"]
    _tell(arena, links, block, report)


@rare
def _stand_before(arena: int, block: Any, request: int) -> None:
    """Put the orders that were made of requests before this one into the lists."""
    out_of_line()
    if block[Run.STANDS]:
        return
    block[Run.STANDS] = 1
    for before in range(_FIRST, request):
        instrument = integer(requests(arena)[before]["instrument"])
        index = integer(known_lane(block, instrument)["order"])
        _stand(arena, instrument, index)


@rare
def _hand_over(arena: int, links: int, block: Any, request: int) -> None:
    """Give the whole way the orders that were made of requests before this one.

    Nothing of it has happened that would not have happened there.
    """
    out_of_line()
    _stand_before(arena, block, request)
    for before in range(_FIRST, request):
        instrument = integer(requests(arena)[before]["instrument"])
        index = integer(known_lane(block, instrument)["order"])
        send_request(arena, links, index, integer(Message.SUBMIT))
    fold_requests_from(arena, links, request)


@rare
def let_wait(arena: int, block: Any) -> None:
    """Let orders that were sent and not filled yet wait where the whole way has them.

    A handler has asked for something: more may follow than `fill` does.
    """
    out_of_line()
    instrument = block[Run.SENT]
    while instrument >= 0:
        lane = known_lane(block, instrument)
        if lane["order"]:
            append(arena, waiting_level(arena, instrument), integer(lane["order"]))
        instrument = integer(lane["behind"])


@inlined
def _judge(arena: int, links: int, block: Any, index: int, before: int) -> int:
    """Make an order of a request, if its bar fills it whole.

    Parameters
    ----------
    before : int
        What the orders made before it add to exposures, money.

    Returns
    -------
    int
        The sum with this one; below 0 if nothing was done.
    """
    request = requests(arena)[index]
    instrument = integer(request["instrument"])
    lane = known_lane(block, instrument)
    forget_findings(arena)
    volume = view(lane["bar"], 1, BAR)[0]["volume"]
    room = share_of(volume, models(arena)[instrument]["participation"])
    if not passes(arena, request, instrument):
        if index > _FIRST:
            # The gate counts the orders before it.
            _stand_before(arena, block, index)
        if _fault(arena, index) != Reason.NONE:
            return -1
    added = _added(arena, instrument)
    if checks(arena)[0]["total"] > room or added < 0:
        return -1
    if risk(arena)[0]["gross"] + before + added >= _LARGE:
        return -1
    if waiting_level(arena, instrument) == 0:
        return -1
    engine(arena)[0]["commands"] += 1
    lane["order"] = _accept(arena, links, block, request, instrument)
    lane["behind"] = -1
    if index == _FIRST:
        block[Run.SENT] = instrument
    else:
        previous = requests(arena)[index - 1]["instrument"]
        known_lane(block, previous)["behind"] = instrument
    return before + added


@inlined
def send(arena: int, links: int, address: int, index: int) -> int:
    """Send what strategies have asked for, if bars of the next time will fill it.

    Parameters
    ----------
    address : int
        Of the `Run` block.
    index : int
        The first record of that time, a bar; time comes to it.

    Returns
    -------
    int
        Orders that wait for `fill`, once book and venue have their bars; 0 if the whole
        way is to do what is not done.
    """
    block, end = words(address, RUN_WORDS), section_words(arena, Section.REQUESTS)[USED]
    count, pool = end - _FIRST, section_words(arena, Section.ORDERS)
    full = pool[LIVE] + count >= pool[CAPACITY] or count > _MOST_AT_ONCE
    if full or not has_room(block) or not _asks_plainly(arena, links, address):
        return 0
    if not _meet_bars(arena, links, address, index, count):
        return 0
    added = integer(0)
    for request in range(_FIRST, end):
        added = _judge(arena, links, block, request, added)
        if added < 0:
            if request > _FIRST:
                _hand_over(arena, links, block, request)
            return 0
    if section_words(arena, Section.REQUESTS)[USED] != end:
        # Who was told of an order has asked for more.
        _hand_over(arena, links, block, end)
        return 0
    session = engine(arena)[0]
    sent = integer(session["now"])
    at = block[Run.RECORDS] + index * MARKET_BYTES
    session["now"] = view(at, 1, MARKET)[0]["ts_received"]
    instrument = block[Run.SENT]
    while instrument >= 0:
        lane = known_lane(block, instrument)
        _arrive(arena, instrument, integer(lane["order"]), sent)
        instrument = integer(lane["behind"])
    forget_requests(arena)
    instrument = block[Run.SENT]
    while instrument >= 0:
        lane = known_lane(block, instrument)
        _acknowledge(arena, links, block, integer(lane["order"]))
        instrument = integer(lane["behind"])
    return count


@inlined
def _expose(arena: int, instrument: int, is_exit: int, doubled: int) -> None:
    """Bring the exposure up to date after a fill, before a mark at half of `doubled`.

    Where that mark is news, and there is or was anything, it does so again. NO_PRICE is
    no news: somebody looks before there is a mark.
    """
    position = positions(arena)[account_row(arena, instrument)]
    news = position["mark_doubled"] != doubled and doubled != NO_PRICE
    if news and position["quantity"] | position["exposure"] != 0:
        return
    if is_exit:
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
def _prefetch_next(arena: int) -> None:
    """Fetch what the venue's next order is written to: far from every cache.

    The gate's own is on its way since the order before that which makes room for it
    was forgotten (`orders.forget_oldest`).
    """
    index = section_words(arena, Section.ORDERS)[FREE]
    address = record_address(venue_orders(arena)[index])
    for line in range(0, _VENUE_ORDER_BYTES, _LINE):
        prefetch(address + line)


@inlined
def _pay(
    arena: int, instrument: int, index: int, price: int, fee: int, stands: int
) -> None:
    """Book a fill: order, position, money."""
    order = orders(arena)[index]
    quantity, strategy = order["quantity"], integer(order["strategy"])
    order["filled"], order["fee"] = quantity, fee
    if stands:
        _end_standing(arena, index)
    else:
        remember(arena, index, integer(OrderStatus.FILLED))
    _prefetch_next(arena)
    signed = quantity * integer(order["side"])
    if not book_alone(arena, instrument, strategy, price, signed, fee):
        _book(arena, instrument, strategy, price, signed, fee)
    mark_late_fill(arena, instrument, strategy)


@inlined
def fill(arena: int, links: int, address: int, instrument: int, at: int) -> None:
    """Fill the order that was sent, whole, at the open of the BAR at an address."""
    bar, block = view(at, 1, BAR)[0], words(address, RUN_WORDS)
    lane = known_lane(block, instrument)
    index = integer(lane["order"])
    lane["order"] = 0
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
    venue(arena)[0]["sequence"] += 1
    _pay(arena, instrument, index, price, fee, block[Run.STANDS])
    is_exit = integer(placed["options"]) & REDUCE_ONLY
    doubled = 2 * (price + bar["close_offset"])
    if block[Run.STANDS] | block[Run.HEARS]:
        doubled = integer(NO_PRICE)
    _expose(arena, instrument, is_exit, doubled)
    engine(arena)[0]["fills"] += 1
    report = _begin_report(arena, block, index, integer(ReportType.FILL))
    report["ts_venue"] = now
    report["last_price"], report["last_quantity"] = price, quantity
    report["fee"], report["liquidity"] = fee, TAKER
    _tell(arena, links, block, report)
    forget_findings(arena)
