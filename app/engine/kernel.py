"""The kernel: the loop that feeds events to `folding.fold`, and their way out.

What touches the world stands here: `process` numbers, stamps and logs an inbound
record; `run_live` polls the rings, lets time pass, publishes views and naps; `emit`
gives a report to the log, the window and its strategy.
"""

from typing import Any, Final

import numpy as np

from app.engine.atomics import load_acquire, pause
from app.engine.bars import (
    is_due,
)
from app.engine.bits import highest_bit, integer
from app.engine.compile import entry, kernel
from app.engine.control import Control, Outcome
from app.engine.folding import fold
from app.engine.links import LINK_WORDS, Link, call_link, linked
from app.engine.memory import view, words
from app.engine.native import monotonic_ns, nap_us, wall_clock_ns
from app.engine.outbound import (
    DECISION,
    INBOUND,
    append_record,
    control_of,
    is_wide,
    log_has_room,
)
from app.engine.records import (
    MARKET,
    MARKET_BYTES,
    WIDE_BYTES,
    EventKind,
)
from app.engine.ring import ring_front, ring_push, ring_release
from app.engine.schedule import (
    NEVER,
)
from app.engine.state import engine
from app.engine.telling import number_report, tell_owner
from app.engine.views import HISTOGRAM_BUCKETS

_BATCH: Final = 32
_TIMER_IDLE_NS: Final = 100_000_000


@entry
def emit(arena: int, links: int, address: int) -> int:
    """Give out one REPORT: log, the window's ring, the strategy it belongs to."""
    number_report(arena, address)
    append_record(links, address, WIDE_BYTES, DECISION, engine(arena)[0]["event"])
    ring = linked(links, Link.EVENTS_OUT)
    if ring and not ring_push(ring, address):
        control_of(links)[Control.EVENTS_LOST] += 1
    tell_owner(arena, links, address)
    return 0


@kernel
def count_latency(histogram: Any, latency_ns: int) -> None:
    """Count a latency in its bucket: two buckets for each doubling."""
    if latency_ns < 1:
        latency_ns = 1
    top = highest_bit(np.uint64(latency_ns))
    half = (latency_ns >> (top - 1)) & 1 if top > 0 else 0
    bucket = min(2 * top + half, HISTOGRAM_BUCKETS - 1)
    histogram[bucket] += 1


@kernel
def process(arena: int, links: int, address: int, feed_clock: bool) -> None:
    """Stamp, log and fold one inbound record, and count how long that took."""
    record = view(address, 1, MARKET)[0]
    kind = integer(record["kind"])
    control = control_of(links)
    wide = is_wide(kind)
    begun = wall_clock_ns()
    if wide:
        now = engine(arena)[0]["now"]
        record["ts_received"] = now if feed_clock else begun
    size = WIDE_BYTES if wide else MARKET_BYTES
    append_record(links, address, size, INBOUND, engine(arena)[0]["event"] + 1)
    fold(arena, links, address)
    ended = wall_clock_ns()
    if kind == EventKind.COMMAND:
        histogram = control[Control.COMMAND_HISTOGRAM :]
        count_latency(histogram, ended - record["ts_venue"])
    else:
        since = begun if feed_clock or wide else record["ts_received"]
        count_latency(control[Control.HISTOGRAM :], ended - since)


@kernel
def _poll(arena: int, links: int, feed_clock: bool) -> int:
    """Process a few records of each input ring; return how many there were."""
    table = words(links, LINK_WORDS)
    worked = 0
    if not log_has_room(table[Link.LOG]):
        control_of(links)[Control.STALLS] += 1
        return 0
    for i in range(table[Link.INPUT_COUNT]):
        ring = table[Link.INPUTS + i]
        for _ in range(_BATCH):
            address = ring_front(ring)
            if address == 0:
                break
            process(arena, links, address, feed_clock)
            ring_release(ring)
            worked += 1
    return worked


@kernel
def _let_time_pass(arena: int, links: int) -> None:
    """Make a TIMER event when something is due, or when the last is long ago.

    A lively market is no clock: what is asked again each second, and an instrument that
    has fallen silent among others, must not wait until all is quiet.
    """
    if not log_has_room(linked(links, Link.LOG)):
        return
    now = wall_clock_ns()
    address = linked(links, Link.CONTROL) + 8 * Control.TIMER_RECORD
    record = view(address, 1, MARKET)[0]
    idle = now - record["ts_received"]
    due = call_link(arena, links, Link.VENUE_DUE, 0)
    bars_wait = is_due(arena, now)
    due = min(due or NEVER, engine(arena)[0]["schedule_due"])
    if idle < _TIMER_IDLE_NS and due > now and not bars_wait:
        return
    record["ts_venue"] = now
    record["ts_received"] = now
    record["instrument"] = -1
    record["kind"] = EventKind.TIMER
    process(arena, links, address, False)


@kernel
def _publish(arena: int, links: int, control: Any, now: int) -> None:
    if now - control[Control.LAST_VIEW] < control[Control.VIEW_INTERVAL_NS]:
        return
    control[Control.LAST_VIEW] = now
    control[Control.HEARTBEAT] = now
    if call_link(arena, links, Link.PUBLISH_VIEW, wall_clock_ns()) == 0:
        control[Control.VIEWS_SKIPPED] += 1


@entry
def run_live(arena: int, links: int, unused: int) -> int:
    """Poll, fold, publish and nap until told to stop; see `Control`."""
    address = linked(links, Link.CONTROL)
    control = control_of(links)
    feed_clock = control[Control.FEED_CLOCK] != 0
    busy_until = monotonic_ns() + control[Control.SPIN_NS]
    while True:
        if load_acquire(address + 8 * Control.STOP):
            return Outcome.STOPPED
        if load_acquire(address + 8 * Control.BREAK):
            return Outcome.BROKEN_OFF
        worked = _poll(arena, links, feed_clock)
        if not feed_clock:
            _let_time_pass(arena, links)
        now = monotonic_ns()
        _publish(arena, links, control, now)
        if worked:
            busy_until = now + control[Control.SPIN_NS]
        elif now > busy_until:
            control[Control.NAPS] += 1
            nap_us(control[Control.NAP_US])
        else:
            pause()


@entry
def fold_record(arena: int, links: int, address: int) -> int:
    """Fold one record without log or clock: tests, replay."""
    fold(arena, links, address)
    return engine(arena)[0]["event"]


@entry
def fold_frames(arena: int, links: int, batch: int) -> int:
    """Fold a batch of records that lie one after another: replay of a log.

    `batch` is the address of two words: the address of the first record and the number
    of bytes. Records are 64 or 128 bytes by their kind.
    """
    header = words(batch, 2)
    address, end = header[0], header[0] + header[1]
    count = 0
    while address < end:
        kind = integer(view(address, 1, MARKET)[0]["kind"])
        fold(arena, links, address)
        address += WIDE_BYTES if is_wide(kind) else MARKET_BYTES
        count += 1
    return count
