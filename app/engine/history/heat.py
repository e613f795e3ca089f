"""Heatmap columns: taken from the book, and merged into coarser ones."""

from enum import IntEnum
from typing import Any, Final

from app.engine.atomics import store_release
from app.engine.bits import integer
from app.engine.book_levels import best
from app.engine.book_state import Stale, books, levels
from app.engine.compile import entry, kernel
from app.engine.history.heat_state import (
    AFTER_GAP,
    COLUMNS,
    CONTROL_WORDS,
    COUNTS,
    FAN,
    FAN_BITS,
    GRAINS,
    HEAP,
    HEAP_USED,
    LAST_STALE,
    LOST,
    MERGED_ENTRIES,
    MOST_COLUMNS,
    MOST_ENTRIES,
    MOST_LEVELS,
    MOST_MERGED,
    ROOM_COLUMNS,
    ROOM_ENTRIES,
    SEEN_TRADES,
    SEQUENCE,
    SOURCES,
    STALE,
    TIMES,
    columns_at,
    entries_at,
    size_code,
)
from app.engine.history.records import TAPE, TapeFlag
from app.engine.memory import view, words
from app.engine.records import BUY, NO_PRICE, SELL

_FARTHEST: Final = (1 << 31) - 1


class HeatJob(IntEnum):
    """Words of what is asked of `heat_append`."""

    CONTROL = 0  # address of the control block
    BOOK = 1
    BEGIN = 2  # when the column begins, ns
    TAPE = 3  # address of the trades; 0 = none are known
    TRADES = 4  # how many there are by now


JOB_WORDS: Final = 8


@kernel
def _copy_side(
    arena: int, control: Any, book: int, side: int, base: int, place: int
) -> int:
    """Write a side's best levels from entry `place` on; how many."""
    heap = entries_at(control[HEAP], control[MOST_ENTRIES])
    every, level = levels(arena), best(arena, book, side)
    is_ask, count = (1 - side) >> 1, 0
    while level and count < control[MOST_LEVELS]:
        row = every[level]
        offset = row["price"] - base
        if offset > _FARTHEST or offset < -_FARTHEST:
            break
        entry_row = heap[place + count]
        entry_row["offset"], entry_row["code"] = offset, size_code(row["size"], is_ask)
        level = row["worse"]
        count += 1
    return count


@kernel
def _add_trades(control: Any, column: Any, tape: int, trades: int) -> None:
    """Add the trades since the last column to one."""
    column["buys"], column["sells"] = 0, 0
    column["buy_value"], column["sell_value"] = 0.0, 0.0
    if tape == 0:
        return
    rows = view(tape, trades, TAPE)
    for i in range(control[SEEN_TRADES], trades):
        row = rows[i]
        size, aggressor = row["size"], row["aggressor"]
        bought = size if aggressor > 0 else 0 if aggressor < 0 else size - size // 2
        column["buys"] += bought
        column["sells"] += size - bought
        column["buy_value"] += float(row["price"]) * bought
        column["sell_value"] += float(row["price"]) * (size - bought)
        if row["flags"] & TapeFlag.AFTER_GAP:
            column["flags"] |= AFTER_GAP
    control[SEEN_TRADES] = trades


@kernel
def _touch(arena: int, book: int, side: int) -> int:
    level = best(arena, book, side)
    return levels(arena)[level]["price"] if level else NO_PRICE


@kernel
def _take_column(arena: int, control: Any, column: Any, book: int) -> None:
    """Fill a column with what rests now."""
    bid, ask = _touch(arena, book, integer(BUY)), _touch(arena, book, integer(SELL))
    column["bid"], column["ask"] = bid, ask
    column["bid_low"], column["ask_high"] = bid, ask
    base = bid if bid != NO_PRICE else ask
    column["base"] = base if base != NO_PRICE else 0
    column["flags"] = 0
    if books(arena)[book]["stale"] != Stale.FRESH:
        column["flags"] = STALE
    used = control[HEAP_USED]
    column["entries"] = used
    base = column["base"]
    bids = _copy_side(arena, control, book, integer(BUY), base, used)
    asks = _copy_side(arena, control, book, integer(SELL), base, used + bids)
    column["bids"], column["asks"] = bids, asks
    control[HEAP_USED] = used + bids + asks


# Merging.


@kernel
def _next_offset(heap: Any, sources: Any, side: int) -> int:
    """Best price of the sources' next entries; `NO_PRICE` when all are used up."""
    chosen = NO_PRICE
    for i in range(FAN):
        if sources[3 * i] < sources[3 * i + 1]:
            price = sources[3 * i + 2] + heap[sources[3 * i]]["offset"]
            if chosen == NO_PRICE or side * (price - chosen) > 0:
                chosen = price
    return chosen


@kernel
def _merge_side(
    control: Any, columns: Any, side: int, base: int, place: int, sources: Any
) -> int:
    """Merge a side of four columns, the largest size at each price; how many."""
    heap = entries_at(control[HEAP], control[MOST_ENTRIES])
    for i in range(FAN):
        first = columns[i]["entries"] + (columns[i]["bids"] if side < 0 else 0)
        count = columns[i]["bids"] if side > 0 else columns[i]["asks"]
        sources[3 * i], sources[3 * i + 1] = first, first + count
        sources[3 * i + 2] = columns[i]["base"]
    count = 0
    while count < MOST_MERGED:
        price = _next_offset(heap, sources, side)
        if price == NO_PRICE:
            break
        code = 0
        for i in range(FAN):
            at = sources[3 * i]
            if (
                at < sources[3 * i + 1]
                and sources[3 * i + 2] + heap[at]["offset"] == price
            ):
                code = max(code, integer(heap[at]["code"]))
                sources[3 * i] += 1
        if -_FARTHEST <= price - base <= _FARTHEST:
            heap[place + count]["offset"] = price - base
            heap[place + count]["code"] = code
            count += 1
    return count


@kernel
def _lower(a: int, b: int) -> int:
    """Lower of two prices, either of which may be absent."""
    if a == NO_PRICE or b == NO_PRICE:
        return max(a, b)
    return min(a, b)


@kernel
def _merge(control: Any, columns: Any, target: Any) -> None:
    """Merge four columns into one."""
    last, used = columns[FAN - 1], control[HEAP_USED]
    target["base"], target["entries"] = last["base"], used
    target["bid"], target["ask"] = last["bid"], last["ask"]
    target["bid_low"], target["ask_high"] = NO_PRICE, NO_PRICE
    target["buys"], target["sells"], target["flags"] = 0, 0, 0
    target["buy_value"], target["sell_value"] = 0.0, 0.0
    for i in range(FAN):
        each = columns[i]
        target["bid_low"] = _lower(target["bid_low"], each["bid_low"])
        target["ask_high"] = max(target["ask_high"], each["ask_high"])
        target["buys"] += each["buys"]
        target["sells"] += each["sells"]
        target["buy_value"] += each["buy_value"]
        target["sell_value"] += each["sell_value"]
        target["flags"] |= each["flags"]
    sources = control[SOURCES : SOURCES + 3 * FAN]
    base = target["base"]
    bids = _merge_side(control, columns, integer(BUY), base, used, sources)
    asks = _merge_side(control, columns, integer(SELL), base, used + bids, sources)
    target["bids"], target["asks"] = bids, asks
    control[HEAP_USED] = used + bids + asks


@kernel
def _merge_upwards(address: int, control: Any) -> None:
    """Make the coarser columns that the newest one completes."""
    for grain in range(1, GRAINS):
        below = control[COUNTS + grain - 1]
        if below % FAN:
            return
        count = control[COUNTS + grain]
        sources = columns_at(control[COLUMNS + grain - 1], below)
        room = control[MOST_COLUMNS] >> (FAN_BITS * grain)
        target = columns_at(control[COLUMNS + grain], room)[count]
        _merge(control, sources[below - FAN : below], target)
        store_release(address + 8 * (COUNTS + grain), count + 1)


@kernel
def lacks_room(control: Any) -> bool:
    """Whether another column needs disk first."""
    count = control[COUNTS]
    if count >= control[MOST_COLUMNS]:
        return False  # there will be none
    most = control[HEAP_USED] + 2 * control[MOST_LEVELS] + MERGED_ENTRIES
    return count >= control[ROOM_COLUMNS] or most > control[ROOM_ENTRIES]


@kernel
def append_column(
    arena: int, place: int, book: int, begin: int, tape: int, trades: int
) -> bool:
    """Append a column if the book, or what was traded, has changed.

    `place` is the address of a control block; the rest is said at `HeatJob`.
    """
    control = words(place, CONTROL_WORDS)
    row = books(arena)[book]
    count = control[COUNTS]
    is_same = (
        control[SEQUENCE] == row["sequence"]
        and control[LAST_STALE] == row["stale"]
        and control[SEEN_TRADES] == trades
    )
    if is_same and count:
        return False
    if count >= control[MOST_COLUMNS] or lacks_room(control):
        control[LOST] += 1
        return False
    column = columns_at(control[COLUMNS], control[MOST_COLUMNS])[count]
    _take_column(arena, control, column, book)
    _add_trades(control, column, tape, trades)
    words(control[TIMES], control[MOST_COLUMNS])[count] = begin
    control[SEQUENCE], control[LAST_STALE] = row["sequence"], row["stale"]
    store_release(place + 8 * COUNTS, count + 1)
    _merge_upwards(place, control)
    return True


@entry
def heat_append(arena: int, unused: int, address: int) -> int:
    """Append a column, see `append_column`; `address` is that of a job. 1 if it did."""
    job = words(address, JOB_WORDS)
    place, book, begin = (
        job[HeatJob.CONTROL],
        job[HeatJob.BOOK],
        job[HeatJob.BEGIN],
    )
    tape, trades = job[HeatJob.TAPE], job[HeatJob.TRADES]
    return 1 if append_column(arena, place, book, begin, tape, trades) else 0
