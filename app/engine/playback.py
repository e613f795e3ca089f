"""Playback: records of a recording pushed into a ring at their own pace.

The recording's time moves with the wall clock times the speed, and stands while
paused. Between records a TIMER record carries time on, so that a session driven by a
recording knows no other clock.
"""

from enum import IntEnum
from typing import Any, Final

from app.engine.atomics import load_acquire
from app.engine.compile import entry, kernel
from app.engine.memory import copy_bytes, view, words
from app.engine.native import monotonic_ns, nap_us
from app.engine.records import MARKET, MARKET_BYTES, EventKind
from app.engine.ring import ring_claim, ring_publish


class Playback(IntEnum):
    """Words of the control block."""

    STOP = 0
    PAUSED = 1
    SPEED_PPM = 2  # 1_000_000 = own pace; 0 = as fast as the reader takes it
    RING = 3  # address
    SKIP_IDLE_NS = 4  # a longer stretch without records is skipped; 0 = never
    # written by the player
    POSITION = 8  # records pushed so far
    SESSION_TIME = 9  # the recording's time now, ns
    ANCHOR_SESSION = 10  # session time at …
    ANCHOR_WALL = 11  # … this monotonic time
    SEEN_SPEED = 12
    LAST_TIMER = 13  # session time of the last TIMER
    WAITS = 14  # times the reader's ring was full
    TIMER_RECORD = 16  # eight words


PLAYBACK_WORDS: Final = 64
_TIMER_NS: Final = 5_000_000
_REANCHOR_NS: Final = 1_000_000_000
_NAP_US: Final = 50
_FULL_NAP_US: Final = 20


@kernel
def _stopped(control: int) -> bool:
    return load_acquire(control + 8 * Playback.STOP) != 0


@kernel
def _anchor(block: Any, session_time: int) -> None:
    block[Playback.ANCHOR_SESSION] = session_time
    block[Playback.ANCHOR_WALL] = monotonic_ns()
    block[Playback.SESSION_TIME] = session_time


@kernel
def _advance(control: int) -> int:
    """Move session time on; a pause or another speed sets a new anchor."""
    block = words(control, PLAYBACK_WORDS)
    speed = load_acquire(control + 8 * Playback.SPEED_PPM)
    paused = load_acquire(control + 8 * Playback.PAUSED)
    if paused:
        speed = -1
    if speed != block[Playback.SEEN_SPEED]:
        block[Playback.SEEN_SPEED] = speed
        _anchor(block, block[Playback.SESSION_TIME])
    if speed > 0:
        elapsed = monotonic_ns() - block[Playback.ANCHOR_WALL]
        if elapsed > _REANCHOR_NS:
            # Long stretches times a high speed would pass int64.
            moved = _REANCHOR_NS // 1000 * speed // 1000
            block[Playback.ANCHOR_SESSION] += moved
            block[Playback.ANCHOR_WALL] += _REANCHOR_NS
            elapsed -= _REANCHOR_NS
        moved = elapsed // 1000 * speed // 1000
        block[Playback.SESSION_TIME] = block[Playback.ANCHOR_SESSION] + moved
    return speed


@kernel
def _push(control: int, address: int) -> bool:
    """Push, waiting while the ring is full; False when told to stop."""
    block = words(control, PLAYBACK_WORDS)
    ring = block[Playback.RING]
    slot = ring_claim(ring)
    while slot == 0:
        if _stopped(control):
            return False
        block[Playback.WAITS] += 1
        nap_us(_FULL_NAP_US)
        slot = ring_claim(ring)
    copy_bytes(slot, address, MARKET_BYTES)
    ring_publish(ring)
    return True


@kernel
def _push_timer(control: int, session_time: int) -> bool:
    block = words(control, PLAYBACK_WORDS)
    block[Playback.LAST_TIMER] = session_time
    address = control + 8 * Playback.TIMER_RECORD
    record = view(address, 1, MARKET)[0]
    record["ts_venue"] = session_time
    record["ts_received"] = session_time
    record["instrument"] = -1
    record["kind"] = EventKind.TIMER
    return _push(control, address)


@kernel
def _wait_until(control: int, due: int) -> bool:
    """Let session time reach `due`; False when told to stop."""
    block = words(control, PLAYBACK_WORDS)
    while True:
        if _stopped(control):
            return False
        speed = _advance(control)
        if speed == 0:
            _anchor(block, due)
            return True
        now = block[Playback.SESSION_TIME]
        if now >= due:
            return True
        skip = block[Playback.SKIP_IDLE_NS]
        if skip and speed > 0 and due - now > skip:
            _anchor(block, due - skip // 8)
            continue
        timer_due = speed > 0 and now - block[Playback.LAST_TIMER] >= _TIMER_NS
        if timer_due and not _push_timer(control, now):
            return False
        nap_us(_NAP_US)


@entry
def play_records(control: int, records: int, count: int) -> int:
    """Push `count` MARKET records from address `records`, each at its received time.

    Returns
    -------
    int
        How many were pushed; fewer than `count` when told to stop.
    """
    block = words(control, PLAYBACK_WORDS)
    for i in range(count):
        address = records + i * MARKET_BYTES
        due = view(address, 1, MARKET)[0]["ts_received"]
        if block[Playback.ANCHOR_WALL] == 0:
            block[Playback.SEEN_SPEED] = -2
            block[Playback.LAST_TIMER] = due
            _anchor(block, due)
        if not _wait_until(control, due):
            return i
        if not _push(control, address):
            return i
        block[Playback.POSITION] += 1
    return count


@entry
def idle_on(control: int, duration_ns: int, unused: int) -> int:
    """After the last record: carry time on for a while of session time."""
    block = words(control, PLAYBACK_WORDS)
    end = block[Playback.SESSION_TIME] + duration_ns
    while block[Playback.SESSION_TIME] < end:
        if _stopped(control):
            return 0
        speed = _advance(control)
        if speed == 0:
            _anchor(block, block[Playback.SESSION_TIME] + _TIMER_NS)
        now = block[Playback.SESSION_TIME]
        if now - block[Playback.LAST_TIMER] >= _TIMER_NS and not _push_timer(
            control, now
        ):
            return 0
        nap_us(_NAP_US * 10)
    return 1
