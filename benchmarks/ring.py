"""Records through the ring between two threads; a regression delays every event.

The work is that of the peers' benchmark: records of 64 bytes, capacity 4096, the
consumer checks each sequence number and adds up one field; and a round trip, one record
at a time through two rings. Both need two free cores, so the best round counts.
"""

import threading
import time
from typing import Any

import numpy as np

from app.engine.atomics import pause
from app.engine.compile import entry
from app.engine.memory import words
from app.engine.native import monotonic_ns
from app.engine.records import MARKET
from app.engine.ring import (
    Ring,
    ring_claim,
    ring_front,
    ring_publish,
    ring_record,
    ring_release,
    ring_room,
    ring_slot,
    ring_waiting,
)

CAPACITY = 4096
BATCH = 64
SEQUENCE, PRICE = 2, 4
"""Words of a MARKET record."""


@entry
def produce(ring: int, count: int, _unused: int) -> int:
    """Write `count` records in place, publishing each."""
    for number in range(count):
        slot = ring_claim(ring)
        while slot == 0:
            pause()
            slot = ring_claim(ring)
        record = words(slot, 8)
        for i in range(8):
            record[i] = number
        ring_publish(ring)
    return count


@entry
def consume(ring: int, count: int, _unused: int) -> int:
    """Read `count` records; the sum of a field, or -1 if one is out of order."""
    total = 0
    for number in range(count):
        place = ring_front(ring)
        while place == 0:
            pause()
            place = ring_front(ring)
        record = words(place, 8)
        if record[SEQUENCE] != number:
            return -1
        total += record[PRICE]
        ring_release(ring)
    return total


@entry
def produce_batches(ring: int, count: int, batch: int) -> int:
    """Write records in place, publishing once for each batch."""
    number = 0
    while number < count:
        wanted = min(batch, count - number)
        room = min(wanted, ring_room(ring, wanted))
        for ahead in range(room):
            record = words(ring_slot(ring, ahead), 8)
            for i in range(8):
                record[i] = number + ahead
        if room:
            ring_publish(ring, room)
            number += room
        else:
            pause()
    return count


@entry
def consume_batches(ring: int, count: int, batch: int) -> int:
    """Read records, releasing once for each batch."""
    total, number = 0, 0
    while number < count:
        waiting = min(batch, ring_waiting(ring, batch))
        for ahead in range(waiting):
            record = words(ring_record(ring, ahead), 8)
            if record[SEQUENCE] != number + ahead:
                return -1
            total += record[PRICE]
        if waiting:
            ring_release(ring, waiting)
            number += waiting
        else:
            pause()
    return total


@entry
def echo(there: int, back: int, count: int) -> int:
    """Send back each record that comes."""
    for _ in range(count):
        place = ring_front(there)
        while place == 0:
            place = ring_front(there)
        number = words(place, 8)[SEQUENCE]
        ring_release(there)
        words(ring_claim(back), 8)[SEQUENCE] = number
        ring_publish(back)
    return count


@entry
def send(there: int, back: int, call: int) -> int:
    """Send records and await each; `call`: the count, then where the times go."""
    count = words(call, 1)[0]
    times = words(call + 8, count)
    for number in range(count):
        begun = monotonic_ns()
        words(ring_claim(there), 8)[SEQUENCE] = number
        ring_publish(there)
        place = ring_front(back)
        while place == 0:
            place = ring_front(back)
        ring_release(back)
        times[number] = monotonic_ns() - begun
    return count


def _records_per_s(producer: Any, consumer: Any, records: int, batch: int) -> float:
    ring = Ring(MARKET, CAPACITY)
    thread = threading.Thread(target=producer, args=(ring.address, records, batch))
    begun = time.perf_counter_ns()
    thread.start()
    total = consumer(ring.address, records, batch)
    elapsed = time.perf_counter_ns() - begun
    thread.join()
    assert total == records * (records - 1) // 2, total
    return records / elapsed * 1e9


def _round_trips_ns(count: int) -> np.ndarray:
    there, back = Ring(MARKET, CAPACITY), Ring(MARKET, CAPACITY)
    call = np.zeros(count + 1, np.int64)
    call[0] = count
    thread = threading.Thread(target=echo, args=(there.address, back.address, count))
    thread.start()
    send(there.address, back.address, call.ctypes.data)
    thread.join()
    return call[1:]


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure; `settings`: records, round_trips, rounds.

    Returns
    -------
    dict
        The best round's throughput and the median round's; round trips of the best.
    """
    given = settings or {}
    records = int(given.get("records", 20_000_000))
    round_trips = int(given.get("round_trips", 200_000))
    rounds = int(given.get("rounds", 5))
    for function in (produce, consume, produce_batches, consume_batches, echo, send):
        assert function.address  # compiled before the clock starts
    _records_per_s(produce, consume, 100_000, 1)
    single = [_records_per_s(produce, consume, records, 1) for _ in range(rounds)]
    batched = [
        _records_per_s(produce_batches, consume_batches, records, BATCH)
        for _ in range(rounds)
    ]
    trips = [np.sort(_round_trips_ns(round_trips)) for _ in range(rounds)]
    best = min(trips, key=lambda times: float(np.median(times)))
    return {
        "records_per_s": max(single),
        "records_per_s_median_of_rounds": float(np.median(single)),
        "batched_records_per_s": max(batched),
        "round_trip_p50_ns": float(best[len(best) // 2]),
        "round_trip_p99_ns": float(best[int(len(best) * 0.99)]),
        "round_trip_p999_ns": float(best[int(len(best) * 0.999)]),
        "round_trip_worst_ns": float(best[-1]),
        "records": records,
        "round_trips": round_trips,
        "rounds": rounds,
        "capacity": CAPACITY,
        "slot_bytes": MARKET.itemsize,
        "batch": BATCH,
    }
