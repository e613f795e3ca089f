"""Native parts of the latency benchmark: a steady producer, and a strategy."""

from app.engine.bits import integer
from app.engine.compile import entry
from app.engine.memory import copy_bytes, view, words
from app.engine.native import monotonic_ns, wall_clock_ns
from app.engine.records import (
    BUY,
    MARKET,
    MARKET_BYTES,
    Action,
    OrderType,
    TimeInForce,
)
from app.engine.ring import ring_claim, ring_publish
from app.engine.strategy import request, requests


@entry
def push_steadily(ring: int, records: int, plan: int) -> int:
    """Push records, each stamped when it is pushed.

    `plan` is the address of three words: how many records, how many lie at `records`
    (they are taken in turn), and the nanoseconds between two. Spins; waits when full.
    """
    count, cycle, interval = words(plan, 3)[0], words(plan, 3)[1], words(plan, 3)[2]
    waits = 0
    due = monotonic_ns()
    for i in range(count):
        due += interval
        while monotonic_ns() < due:
            pass
        slot = ring_claim(ring)
        while slot == 0:
            waits += 1
            slot = ring_claim(ring)
        copy_bytes(slot, records + (i % cycle) * MARKET_BYTES, MARKET_BYTES)
        record = view(slot, 1, MARKET)[0]
        record["ts_received"] = wall_clock_ns()
        record["ts_venue"] = record["ts_received"]
        ring_publish(ring)
    return waits


@entry
def order_on_trade(arena: int, strategy: int, event: int) -> int:
    """Answer every trade with an order that cannot fill: IOC, far from the market."""
    trade = view(event, 1, MARKET)[0]
    index = request(arena, strategy, integer(trade["instrument"]), Action.NEW)
    command = requests(arena)[index]
    command["side"] = BUY
    command["order_type"] = OrderType.LIMIT
    command["time_in_force"] = TimeInForce.IOC
    command["quantity"] = 1
    command["price"] = trade["price"] - 10_000
    return 0
