"""The wire between the exchange and its user: market records and reports on their way.

A full ring is waited for. What a fire drill does to the wire (`app.engine.exchange.
drills`) happens here: market records are lost, numbers and all, while it is mute; and
reports that arrive late wait in a ring of their own, in order.
"""

from typing import Any, Final

from app.engine.atomics import load_acquire
from app.engine.compile import kernel
from app.engine.exchange.state import CONTROL_WORDS, Control, exchange
from app.engine.matching_output import blank_market
from app.engine.matching_state import matching
from app.engine.memory import copy_bytes, record_address, view, words
from app.engine.native import nap_us
from app.engine.records import MARKET, NO_PRICE, REPORT, EventKind, ReportType
from app.engine.ring import ring_claim, ring_front, ring_publish, ring_release

_MARKET_BYTES: Final = MARKET.itemsize
_REPORT_BYTES: Final = REPORT.itemsize
_FULL_NAP_US: Final = 20
_DRILL: Final = int(ReportType.DRILL)


@kernel
def push_record(control: int, ring: int, address: int, size: int) -> bool:
    """Push a record, waiting while the ring is full; False when told to stop."""
    block = words(control, CONTROL_WORDS)
    slot = ring_claim(ring)
    while slot == 0:
        if load_acquire(control + 8 * Control.STOP):
            block[Control.UNSENT] += 1
            return False
        block[Control.WAITS] += 1
        nap_us(_FULL_NAP_US)
        slot = ring_claim(ring)
    copy_bytes(slot, address, size)
    ring_publish(ring)
    return True


@kernel
def push_market(arena: int, control: int, record: Any) -> bool:
    """Number a MARKET record and push it; False when told to stop."""
    block = words(control, CONTROL_WORDS)
    block[Control.SEQUENCE] += 1
    if exchange(arena)[0]["is_mute"]:
        return True
    block[Control.LAST_PUSH] = record["ts_received"]
    record["sequence"] = block[Control.SEQUENCE]
    ring = block[Control.MARKET]
    return push_record(control, ring, record_address(record), _MARKET_BYTES)


@kernel
def market_scratch(arena: int, control: int, kind: int, instrument: int) -> Any:
    """Begin a market record that is no order's."""
    record = view(control + 8 * Control.SCRATCH, 1, MARKET)[0]
    blank_market(arena, record, instrument, kind)
    return record


@kernel
def push_status(
    arena: int, control: int, kind: int, instrument: int, flags: int, count: int
) -> bool:
    """Push a record that says how things stand; False when told to stop."""
    record = market_scratch(arena, control, kind, instrument)
    record["flags"] = flags
    record["count"] = count
    return push_market(arena, control, record)


@kernel
def send_report(control: int, report: Any) -> None:
    """Push a report to the user at once."""
    ring = words(control, CONTROL_WORDS)[Control.REPORTS]
    push_record(control, ring, record_address(report), _REPORT_BYTES)


@kernel
def deliver(arena: int, control: int, report: Any) -> None:
    """Send a report to the user, or let it wait its time; none overtakes another."""
    held = words(control, CONTROL_WORDS)[Control.HELD]
    state = exchange(arena)[0]
    if state["delay"] == 0 and ring_front(held) == 0:
        send_report(control, report)
        return
    # Its time of arrival: the reader's own clock is written over it later.
    report["ts_received"] = matching(arena)["now"] + state["delay"]
    slot = ring_claim(held)
    if slot == 0:
        _release(control, held)
        slot = ring_claim(held)
    copy_bytes(slot, record_address(report), _REPORT_BYTES)
    ring_publish(held)


@kernel
def _release(control: int, held: int) -> None:
    report = view(ring_front(held), 1, REPORT)[0]
    report["ts_received"] = report["ts_venue"]
    send_report(control, report)
    ring_release(held)


@kernel
def release_due(arena: int, control: int) -> None:
    """Send the reports that have waited long enough."""
    held = words(control, CONTROL_WORDS)[Control.HELD]
    now = matching(arena)["now"]
    while True:
        front = ring_front(held)
        if front == 0 or view(front, 1, REPORT)[0]["ts_received"] > now:
            return
        _release(control, held)


@kernel
def release_all(control: int) -> None:
    """Send every report that waits."""
    held = words(control, CONTROL_WORDS)[Control.HELD]
    while ring_front(held):
        _release(control, held)


@kernel
def tell_drill(
    arena: int, control: int, drill: int, instrument: int, began: int, reason: int
) -> None:
    """Report that a fire drill began (1), ended (0), or was refused for a reason."""
    report = view(control + 8 * Control.REPORT, 1, REPORT)[0]
    now = matching(arena)["now"]
    report["ts_venue"] = now
    report["ts_received"] = now
    report["kind"] = EventKind.REPORT
    report["instrument"] = instrument
    report["report"] = _DRILL
    report["group"] = drill
    report["quantity"] = began
    report["reason"] = reason
    report["price"] = NO_PRICE
    report["stop_price"] = NO_PRICE
    report["last_price"] = NO_PRICE
    send_report(control, report)
