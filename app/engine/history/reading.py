"""What readers on other threads copy out of the arena, each in a turn of its own."""

from typing import Any, Final

from app.engine.atomics import load_acquire
from app.engine.bits import integer
from app.engine.book_levels import level_from
from app.engine.book_state import books, levels
from app.engine.compile import entry, kernel
from app.engine.history.records import FLOW, PROFILE, SESSION_STATS
from app.engine.history.state import (
    first_price,
    heads,
    price_above,
    price_rows,
    tracks,
)
from app.engine.history.turns import begin_reading, end_reading
from app.engine.memory import copy_bytes, record_address, view, words
from app.engine.records import BUY, SELL
from app.engine.views import VIEW_LEVEL

NUMBER, LOW, HIGH, TARGET, ROOM, BIDS, ASKS, SEQUENCE = range(8)
"""Words of a job: instrument, price window, where rows go and how many fit; a depth's
answers: rows of bids, of asks (which begin `ROOM` rows behind), the book's sequence."""
JOB_WORDS: Final = 8
_STATS_BYTES: Final = SESSION_STATS.itemsize
_LEVEL_BYTES: Final = VIEW_LEVEL.itemsize


@entry
def history_load(address: int, _b: int, _c: int) -> int:
    """Load a count that the fold publishes."""
    return int(load_acquire(address))


@entry
def history_copy(arena: int, job_address: int, _c: int) -> int:
    """Copy bytes that the fold may be changing: words source, target, length."""
    job = words(job_address, 3)
    place = record_address(heads(arena)[0])
    begin_reading(place)
    copy_bytes(job[1], job[0], job[2])
    end_reading(place)
    return 0


@kernel
def _side_into(arena: int, job: Any, side: int, target: int) -> int:
    """Copy the levels of a side within the window, best first; how many there are."""
    rows = view(target, job[ROOM], VIEW_LEVEL)
    every = levels(arena)
    begin, end = (job[HIGH], job[LOW]) if side > 0 else (job[LOW], job[HIGH])
    level = level_from(arena, tracks(arena)[job[NUMBER]]["book"], side, begin)
    count = 0
    while level and side * (every[level]["price"] - end) >= 0 and count < job[ROOM]:
        row, found = rows[count], every[level]
        row["price"], row["size"] = found["price"], found["size"]
        row["count"] = found["count"]
        level = found["worse"]
        count += 1
    return count


@entry
def history_depth(arena: int, job_address: int, _c: int) -> int:
    """Copy the displayed levels in a window of prices."""
    job = words(job_address, JOB_WORDS)
    place = record_address(heads(arena)[0])
    behind = job[TARGET] + job[ROOM] * _LEVEL_BYTES
    begin_reading(place)
    job[BIDS] = _side_into(arena, job, integer(BUY), job[TARGET])
    job[ASKS] = _side_into(arena, job, integer(SELL), behind)
    job[SEQUENCE] = books(arena)[tracks(arena)[job[NUMBER]]["book"]]["sequence"]
    end_reading(place)
    return 0


@kernel
def _write_flow(row: Any, found: Any, flow: int, session: int) -> bool:
    """Write a price's flow; False if there is none of this session and reset."""
    is_new, is_today = found["flow"] == flow, found["session"] == session
    row["price"] = found["price"]
    row["sold"] = found["sold"] if is_new else 0
    row["bought"] = found["bought"] if is_new else 0
    row["bid_change"] = found["sides"][0]["change"] if is_new else 0
    row["ask_change"] = found["sides"][1]["change"] if is_new else 0
    row["volume"] = found["volume"] if is_today else 0
    return bool(is_new or (is_today and found["volume"] != 0))


@entry
def history_flow(arena: int, job_address: int, _c: int) -> int:
    """Copy the flow in a window of prices; how many rows there are."""
    job = words(job_address, JOB_WORDS)
    place = record_address(heads(arena)[0])
    rows = view(job[TARGET], job[ROOM], FLOW)
    begin_reading(place)
    track, every = tracks(arena)[job[NUMBER]], price_rows(arena)
    # What was asked holds at once, before the fold has taken notice.
    flow, session = track["flow_asked"], track["session"]
    index, count = first_price(arena, track, job[LOW]), 0
    while index and every[index]["price"] <= job[HIGH] and count < job[ROOM]:
        if _write_flow(rows[count], every[index], flow, session):
            count += 1
        index = price_above(arena, track, every[index]["price"])
    end_reading(place)
    return count


@entry
def history_profile(arena: int, job_address: int, _c: int) -> int:
    """Copy the session's volume by price; how many rows there are."""
    job = words(job_address, JOB_WORDS)
    place = record_address(heads(arena)[0])
    rows = view(job[TARGET], job[ROOM], PROFILE)
    begin_reading(place)
    track, every = tracks(arena)[job[NUMBER]], price_rows(arena)
    index, count = first_price(arena, track, job[LOW]), 0
    while index and every[index]["price"] <= job[HIGH] and count < job[ROOM]:
        found = every[index]
        if found["session"] == track["session"] and found["volume"]:
            rows[count]["price"] = found["price"]
            rows[count]["buys"], rows[count]["sells"] = found["buys"], found["sells"]
            count += 1
        index = price_above(arena, track, found["price"])
    end_reading(place)
    return count


@entry
def history_stats(arena: int, number: int, target: int) -> int:
    """Copy an instrument's SESSION_STATS."""
    place = record_address(heads(arena)[0])
    begin_reading(place)
    copy_bytes(target, record_address(tracks(arena)[number]["stats"]), _STATS_BYTES)
    end_reading(place)
    return 0
