"""How commands reach the exchange's matching engine, and what becomes of the outputs.

Every command goes the same way, whoever sent it: it is matched, its market records go
out to the feed's ring, the user's reports to the reports' ring, and the agents take
notice of trades and of their own reports.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.state import conditional
from app.engine.exchange.mood import notice_iceberg, notice_trade
from app.engine.exchange.state import (
    CONTROL_WORDS,
    HIDDEN_PLACE,
    MAKER_SLOTS,
    QUOTES,
    SLOT_BITS,
    SLOTS,
    Control,
    agent_markets,
    agent_orders,
    commands,
    exchange,
    first_slot,
)
from app.engine.exchange.wire import deliver, push_market
from app.engine.matching_state import market_record, match_report, matching
from app.engine.memory import call, record_address, words
from app.engine.records import (
    MARKET,
    REPORT,
    Action,
    EventKind,
    OrderType,
    ReportType,
    TimeInForce,
)

_MARKET_BYTES: Final = MARKET.itemsize
_REPORT_BYTES: Final = REPORT.itemsize
_FULL_NAP_US: Final = 20


@kernel
def act(arena: int, control: int, command: Any) -> None:
    """Match one command and deliver what it causes.

    The matching engine is called by address, so that it compiles once.
    """
    block = words(control, CONTROL_WORDS)
    command["ts_venue"] = matching(arena)["now"]
    call(block[Control.MATCH], arena, record_address(command), 1)
    _give_out(arena, control)


@kernel
def end_due_orders(arena: int, control: int) -> None:
    """Let orders end whose time has come, where no command does so in passing."""
    now, ends = matching(arena)["now"], conditional(arena)["next_expiry"]
    if matching(arena)["conditions"] and 0 < ends <= now:
        call(words(control, CONTROL_WORDS)[Control.MATCH], arena, now, 0)
        _give_out(arena, control)


@kernel
def _give_out(arena: int, control: int) -> None:
    """Deliver what the matching engine has written, and let agents take notice."""
    block = words(control, CONTROL_WORDS)
    instrument = 0
    traded = 0
    bought = 0
    for i in range(1, section_words(arena, Section.MATCH_MARKET)[USED]):
        record = market_record(arena, i)
        if record["kind"] == EventKind.ORDER_EXECUTE:
            instrument = integer(record["instrument"])
            traded += record["size"]
            bought += record["size"] * integer(record["aggressor"])
        if block[Control.MARKET]:
            push_market(arena, control, record)
    if bought:
        lots = traded / agent_markets(arena)[instrument]["lot"]
        notice_trade(arena, instrument, 1.0 if bought > 0 else -1.0, lots)
    for i in range(1, section_words(arena, Section.MATCH_REPORTS)[USED]):
        report = match_report(arena, i)
        if report["sequence"] == 0:
            deliver(arena, control, report)
        else:
            _notice_report(arena, report)


@kernel
def _notice_report(arena: int, report: Any) -> None:
    """Keep an agent's slot, and a maker's inventory, by its report."""
    slot = report["client_order_id"] & ((1 << SLOT_BITS) - 1)
    if slot == 0:
        return
    order = agent_orders(arena)[slot]
    kind = report["report"]
    if kind == ReportType.CANCEL_REJECTED or kind == ReportType.REPLACE_REJECTED:
        return
    if kind == ReportType.FILL:
        _notice_fill(arena, slot, report)
    order["leaves"] = report["leaves"]
    order["side"] = report["side"]
    order["price"] = report["price"]
    order["filled"] = report["filled"]
    order["client_order_id"] = report["client_order_id"] if report["leaves"] else 0


@kernel
def _notice_fill(arena: int, slot: int, report: Any) -> None:
    instrument = integer(report["instrument"])
    place = slot - first_slot(instrument)
    market = agent_markets(arena)[instrument]
    lots = report["last_quantity"] / market["lot"]
    if place == HIDDEN_PLACE:
        market["hidden_left"] -= report["last_quantity"]
        if report["liquidity"] > 0:
            notice_iceberg(arena, instrument, float(integer(report["side"])), lots)
    elif place < MAKER_SLOTS:
        market["inventory"][place // (2 * QUOTES)] += report["side"] * lots


@kernel
def _blank(arena: int, instrument: int, action: int) -> Any:
    command = commands(arena)[0]
    command["kind"] = EventKind.COMMAND
    command["instrument"] = instrument
    command["action"] = action
    command["options"] = 0
    command["order_type"] = OrderType.LIMIT
    command["time_in_force"] = TimeInForce.GTC
    command["display_quantity"] = 0
    command["protection_ticks"] = -1
    return command


@kernel
def account_of(instrument: int, slot: int) -> int:
    """Account that owns a slot: a maker has many, a noise trader one."""
    first = first_slot(instrument)
    place = slot - first
    if place < MAKER_SLOTS:
        return first + place - place % (2 * QUOTES)
    return slot


@kernel
def new_command(arena: int, instrument: int, slot: int, account: int) -> Any:
    """Begin a new limit order of an agent; the caller fills in the rest."""
    state = exchange(arena)[0]
    state["orders"] += 1
    command = _blank(arena, instrument, Action.NEW)
    command["client_order_id"] = (state["orders"] << SLOT_BITS) + slot
    command["account"] = account
    return command


@kernel
def change_command(arena: int, instrument: int, slot: int, action: int) -> Any:
    """Begin a cancel or replace of the order in a slot."""
    command = _blank(arena, instrument, action)
    command["client_order_id"] = agent_orders(arena)[slot]["client_order_id"]
    command["account"] = account_of(instrument, slot)
    command["quantity"] = 0
    return command


@kernel
def whole_lots(market: Any, lots: float) -> int:
    """Quantity of about so many lots, on the instrument's quantity step."""
    step = market["quantity_step"]
    steps = int(lots * market["lot"]) // step
    return max(np.int64(steps) * step, market["quantity_min"])


@kernel
def session_command(arena: int, instrument: int, session: int) -> Any:
    """Change an instrument's session, as the exchange itself."""
    command = _blank(arena, instrument, Action.SET_SESSION)
    command["client_order_id"] = 0
    command["account"] = 0
    command["value"] = session
    return command


@kernel
def withdraw(arena: int, control: int, instrument: int, side: int) -> None:
    """Let every agent cancel what it has on a side; 0 = both."""
    first = first_slot(instrument)
    for slot in range(first, first + SLOTS):
        order = agent_orders(arena)[slot]
        if order["client_order_id"] != 0 and side in (0, order["side"]):
            act(arena, control, change_command(arena, instrument, slot, Action.CANCEL))
