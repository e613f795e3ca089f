"""Walking framed bytes: packets of a capture, ITCH messages, and which order is whose.

What NumPy cannot do for ITCH is what depends on the message before: where a frame
begins, and what an order's reference stands for. Three entries do that and nothing
else; fields are decoded by NumPy, a type at a time (app/data/itch.py).

Jobs are int64 arrays, addresses first. The unit is compiled when it is first used, not
by `build`: who never imports ITCH never waits for it.
"""

from typing import Any, Final

import numpy as np

from app.engine.bits import integer
from app.engine.compile import entry, inlined, kernel
from app.engine.memory import copy_bytes, view, words
from app.engine.records import MARKET, NO_PRICE, EventKind, RecordFlag

_BYTE: Final = np.dtype("u1")

# Packets of a capture file (see `walk_packets`).
(
    PACKET_BYTES,  # address of the bytes
    PACKET_LENGTH,  # how many there are
    PACKET_POSITION,  # where the next record or block begins
    PACKET_IS_BLOCKS,  # 1 = pcapng, 0 = pcap
    PACKET_IS_BIG,  # 1 = numbers are big-endian
    PACKET_OUT,  # (capacity, PACKET_WIDTH)
    PACKET_CAPACITY,
    PACKET_WRITTEN,
) = range(8)
PACKET_JOB_WORDS: Final = 8
PACKET_OFFSET, PACKET_CAPTURED, PACKET_ORIGINAL = range(3)
PACKET_TIME, PACKET_FRACTION, PACKET_INTERFACE = range(3, 6)
"""pcap: seconds and fraction; pcapng: upper and lower word of the time."""
PACKET_WIDTH: Final = 6
NEEDS_MORE, OTHER_BLOCK, DAMAGED, IS_FULL = range(1, 5)
"""Why `walk_packets` stopped."""
_RECORD_HEADER: Final = 16
_BLOCK_HEADER: Final = 28
_ENHANCED_PACKET: Final = 6
_LARGEST_PACKET: Final = 1 << 18

# Messages (see `walk_messages`).
(
    WALK_BYTES,
    WALK_SPANS,  # (n, SPAN_WIDTH)
    WALK_SPAN_COUNT,
    WALK_LENGTHS,  # (256,): bytes of each type of message, 0 = unknown
    WALK_CHOICE,  # (65536,) bytes: `SKIPPED` for what is not wanted
    WALK_OUT,  # (capacity, WALK_WIDTH)
    WALK_WRITTEN,
    WALK_FAULTS,  # (fault capacity, FAULT_WIDTH)
    WALK_FAULT_CAPACITY,
    WALK_FAULT_COUNT,
    WALK_POSITION,  # behind the last whole frame
    WALK_NUMBER,  # of the frame after it
    WALK_READ,  # frames walked over
) = range(13)
WALK_JOB_WORDS: Final = 13
SPAN_START, SPAN_STOP, SPAN_NUMBER, SPAN_SKIP = range(4)
"""Bytes from and to, number of the first frame, how many frames to pass over."""
SPAN_WIDTH: Final = 4
WALK_OFFSET, WALK_MESSAGE, WALK_SPAN = range(3)
"""Offset of the type's byte, number of the message, which span it is in."""
WALK_WIDTH: Final = 3
FAULT_MESSAGE, FAULT_TYPE, FAULT_LENGTH = range(3)
FAULT_WIDTH: Final = 3
SKIPPED: Final = 2
SHORTEST: Final = 12
"""Bytes of the shortest message, a system event."""

# Rows (see `gather_rows`).
(
    ROWS_BYTES,
    ROWS_OFFSETS,  # (n,): where each row begins
    ROWS_COUNT,
    ROWS_WIDTH,  # bytes of a row
    ROWS_OUT,  # n rows, one after the other
) = range(5)
ROWS_JOB_WORDS: Final = 5

# Orders (see `resolve_orders`).
(
    ORDERS_IN,  # MARKET records, with what the messages tell
    ORDERS_COUNT,
    ORDERS_NEW,  # (n,): reference after a replace
    ORDERS_OUT,  # MARKET records, at least twice as many
    ORDERS_WRITTEN,
    ORDERS_VERDICTS,  # (n,) bytes
    ORDERS_TABLE,  # (capacity, ORDER_WIDTH)
    ORDERS_CAPACITY,  # power of two, more than twice the orders that may rest
    ORDERS_LIVE,
    ORDERS_OLD_TABLE,  # `regrow_orders` only
    ORDERS_OLD_CAPACITY,
) = range(11)
ORDERS_JOB_WORDS: Final = 11
ORDER_KEY, ORDER_PRICE, ORDER_SIZE, ORDER_SIDE = range(4)
"""A key of 0 is an empty place."""
ORDER_WIDTH: Final = 4
FINE, UNKNOWN, TAKEN, TOO_LARGE = range(4)
"""Verdicts: of an order not known, a reference in use, more than the order has."""
_LAST: Final = int(RecordFlag.LAST)


@inlined
def _word(data: Any, at: int, big: int) -> int:
    """Four bytes as an unsigned number."""
    if big:
        high = integer(data[at]) << 24 | integer(data[at + 1]) << 16
        return high | integer(data[at + 2]) << 8 | integer(data[at + 3])
    low = integer(data[at]) | integer(data[at + 1]) << 8
    return low | integer(data[at + 2]) << 16 | integer(data[at + 3]) << 24


@inlined
def _following(data: Any, at: int, end: int, is_blocks: int, big: int) -> int:
    """Where the packet at a place ends; minus the reason why it is none."""
    if is_blocks:
        if at + 12 > end:
            return -NEEDS_MORE
        if _word(data, at, big) != _ENHANCED_PACKET:
            return -OTHER_BLOCK
    header = _BLOCK_HEADER if is_blocks else _RECORD_HEADER
    if at + header > end:
        return -NEEDS_MORE
    captured = _word(data, at + header - 8, big)
    size = header + captured
    if is_blocks:
        size = _word(data, at + 4, big)
        if size & 3 or header + captured + 4 > size:
            return -DAMAGED
    if captured > _LARGEST_PACKET or size > 2 * _LARGEST_PACKET:
        return -DAMAGED
    return at + size if at + size <= end else -NEEDS_MORE


@entry
def walk_packets(address: int, _second: int, _third: int) -> int:
    """List packets until the bytes end, the list is full or something else comes."""
    job = words(address, PACKET_JOB_WORDS)
    end, is_blocks, big = job[PACKET_LENGTH], job[PACKET_IS_BLOCKS], job[PACKET_IS_BIG]
    data = view(job[PACKET_BYTES], end, _BYTE)
    header = _BLOCK_HEADER if is_blocks else _RECORD_HEADER
    at = job[PACKET_POSITION]
    for written in range(job[PACKET_CAPACITY]):
        following = _following(data, at, end, is_blocks, big)
        if following < 0:
            job[PACKET_POSITION], job[PACKET_WRITTEN] = at, written
            return -following
        row = words(job[PACKET_OUT] + 8 * written * PACKET_WIDTH, PACKET_WIDTH)
        fields = at + header - 16
        row[PACKET_OFFSET] = at + header
        row[PACKET_TIME] = _word(data, fields, big)
        row[PACKET_FRACTION] = _word(data, fields + 4, big)
        row[PACKET_CAPTURED] = _word(data, fields + 8, big)
        row[PACKET_ORIGINAL] = _word(data, fields + 12, big)
        row[PACKET_INTERFACE] = _word(data, at + 8, big) if is_blocks else 0
        at = following
    job[PACKET_POSITION], job[PACKET_WRITTEN] = at, job[PACKET_CAPACITY]
    return IS_FULL


@kernel
def _note_fault(job: Any, number: int, code: int, length: int) -> None:
    """Keep a frame that is no message, and count it."""
    if job[WALK_FAULT_COUNT] < job[WALK_FAULT_CAPACITY]:
        row = words(
            job[WALK_FAULTS] + 8 * FAULT_WIDTH * job[WALK_FAULT_COUNT], FAULT_WIDTH
        )
        row[FAULT_MESSAGE], row[FAULT_TYPE], row[FAULT_LENGTH] = number, code, length
    job[WALK_FAULT_COUNT] += 1


@entry
def walk_messages(address: int, _second: int, _third: int) -> int:
    """List the messages in spans of frames: two bytes of length, then as many bytes.

    A frame that is not whole ends its span; a frame of no bytes is none.
    """
    job = words(address, WALK_JOB_WORDS)
    spans = words(job[WALK_SPANS], job[WALK_SPAN_COUNT] * SPAN_WIDTH)
    lengths = words(job[WALK_LENGTHS], 256)
    choice = view(job[WALK_CHOICE], 1 << 16, _BYTE)
    written = 0
    for span in range(job[WALK_SPAN_COUNT]):
        first = span * SPAN_WIDTH
        at, stop = spans[first + SPAN_START], spans[first + SPAN_STOP]
        number, skip = spans[first + SPAN_NUMBER], spans[first + SPAN_SKIP]
        data = view(job[WALK_BYTES], stop, _BYTE)
        while at + 2 <= stop:
            length = integer(data[at]) << 8 | integer(data[at + 1])
            if at + 2 + length > stop:
                break
            if skip > 0:
                skip -= 1
            elif length:
                code = integer(data[at + 2])
                if lengths[code] != length:
                    _note_fault(job, number, code, length)
                elif choice[data[at + 3] * 256 + data[at + 4]] != SKIPPED:
                    row = words(job[WALK_OUT] + 8 * WALK_WIDTH * written, WALK_WIDTH)
                    row[WALK_OFFSET], row[WALK_MESSAGE] = at + 2, number
                    row[WALK_SPAN] = span
                    written += 1
            job[WALK_READ] += 1
            number += 1
            at += 2 + length
        job[WALK_POSITION], job[WALK_NUMBER] = at, number
    job[WALK_WRITTEN] = written
    return 0


@entry
def count_frames(address: int, _second: int, _third: int) -> int:
    """Put the number of frames that fill each span in its skip; -1 if they do not."""
    job = words(address, WALK_JOB_WORDS)
    spans = words(job[WALK_SPANS], job[WALK_SPAN_COUNT] * SPAN_WIDTH)
    for span in range(job[WALK_SPAN_COUNT]):
        first = span * SPAN_WIDTH
        at, stop = spans[first + SPAN_START], spans[first + SPAN_STOP]
        data = view(job[WALK_BYTES], stop, _BYTE)
        count = 0
        while at + 2 <= stop:
            at += 2 + (integer(data[at]) << 8 | integer(data[at + 1]))
            count += 1
        spans[first + SPAN_SKIP] = count if at == stop else -1
    return 0


@entry
def gather_rows(address: int, _second: int, _third: int) -> int:
    """Copy rows of one width, which lie anywhere, to one after the other."""
    job = words(address, ROWS_JOB_WORDS)
    offsets = words(job[ROWS_OFFSETS], job[ROWS_COUNT])
    width, out = job[ROWS_WIDTH], job[ROWS_OUT]
    for i in range(job[ROWS_COUNT]):
        copy_bytes(out + i * width, job[ROWS_BYTES] + offsets[i], width)
    return 0


@inlined
def _home(key: int, mask: int) -> int:
    """Place where a key belongs.

    References rise by one from order to order, so neighbours share cache lines: 24 ns a
    message, where a hash that scatters them has 125.
    """
    return (key ^ (key >> 19) ^ (key >> 38)) & mask


@inlined
def _place(table: Any, mask: int, key: int) -> int:
    """Place of a key, or the empty one where it would go."""
    place = _home(key, mask)
    while table[place * ORDER_WIDTH] != key and table[place * ORDER_WIDTH] != 0:
        place = (place + 1) & mask
    return place


@kernel
def _put(
    table: Any, mask: int, place: int, key: int, price: int, size: int, side: int
) -> None:
    row = place * ORDER_WIDTH
    table[row + ORDER_KEY], table[row + ORDER_PRICE] = key, price
    table[row + ORDER_SIZE], table[row + ORDER_SIDE] = size, side


@kernel
def _drop(table: Any, mask: int, place: int) -> None:
    """Empty a place and close the gap, so that no search stops too early."""
    hole, place = place, (place + 1) & mask
    while table[place * ORDER_WIDTH] != 0:
        home = _home(table[place * ORDER_WIDTH], mask)
        if (place - home) & mask >= (place - hole) & mask:
            for word in range(ORDER_WIDTH):
                table[hole * ORDER_WIDTH + word] = table[place * ORDER_WIDTH + word]
            hole = place
        place = (place + 1) & mask
    table[hole * ORDER_WIDTH] = 0


@kernel
def _quiet(record: Any) -> None:
    """Make a record a tick of time: its message changes nothing that is known."""
    record["kind"] = EventKind.TIMER
    record["price"], record["size"], record["reference"] = 0, 0, 0
    record["side"], record["aggressor"], record["conditions"] = 0, 0, 0


@kernel
def _add(job: Any, table: Any, record: Any) -> int:
    """Let an order rest."""
    mask = job[ORDERS_CAPACITY] - 1
    key, side = record["reference"], integer(record["side"])
    place = _place(table, mask, key)
    if table[place * ORDER_WIDTH] == key:
        return TAKEN
    _put(table, mask, place, key, record["price"], record["size"], side)
    job[ORDERS_LIVE] += 1
    return FINE


@kernel
def _reduce(job: Any, table: Any, record: Any) -> int:
    """Take size off an order, all of it where none is given; tell price and side."""
    mask = job[ORDERS_CAPACITY] - 1
    place = _place(table, mask, record["reference"])
    row = place * ORDER_WIDTH
    if table[row] == 0:
        return UNKNOWN
    left, size = table[row + ORDER_SIZE], record["size"]
    if size > left:
        return TOO_LARGE
    is_execution = record["kind"] == EventKind.ORDER_EXECUTE
    record["side"] = table[row + ORDER_SIDE]
    if not is_execution or record["price"] == NO_PRICE:
        record["price"] = table[row + ORDER_PRICE]
    if is_execution:
        record["aggressor"] = -table[row + ORDER_SIDE]
    if size == 0 or size == left:
        _drop(table, mask, place)
        job[ORDERS_LIVE] -= 1
    else:
        table[row + ORDER_SIZE] = left - size
    return FINE


@kernel
def _replace(job: Any, table: Any, record: Any, second: Any, new: int) -> int:
    """Cancel an order and add another in its stead; `second` becomes the addition."""
    mask = job[ORDERS_CAPACITY] - 1
    taken = _place(table, mask, new)
    if table[taken * ORDER_WIDTH] == new:
        return TAKEN
    price, size = record["price"], record["size"]
    record["kind"], record["size"] = EventKind.ORDER_CANCEL, 0
    verdict = _reduce(job, table, record)
    if verdict != FINE:
        return verdict
    second["ts_venue"], second["ts_received"] = (
        record["ts_venue"],
        record["ts_received"],
    )
    second["sequence"], second["instrument"] = record["sequence"], record["instrument"]
    second["kind"], second["flags"] = EventKind.ORDER_ADD, record["flags"]
    second["price"], second["size"], second["reference"] = price, size, new
    second["side"] = record["side"]
    record["flags"] = record["flags"] & ~_LAST
    return _add(job, table, second)


@entry
def resolve_orders(address: int, _second: int, _third: int) -> int:
    """Tell each order event its order's side and price, and split the replacements.

    An event of an order that is not known becomes a tick of time; one that cannot be
    is left out and its verdict says why.
    """
    job = words(address, ORDERS_JOB_WORDS)
    count = job[ORDERS_COUNT]
    records = view(job[ORDERS_IN], count, MARKET)
    out = view(job[ORDERS_OUT], 2 * count, MARKET)
    new = words(job[ORDERS_NEW], count)
    verdicts = view(job[ORDERS_VERDICTS], count, _BYTE)
    table = words(job[ORDERS_TABLE], job[ORDERS_CAPACITY] * ORDER_WIDTH)
    written = 0
    for i in range(count):
        record = out[written]
        out[written] = records[i]
        kind, verdict, made = record["kind"], FINE, 1
        if kind == EventKind.ORDER_ADD:
            verdict = _add(job, table, record)
        elif kind == EventKind.ORDER_MODIFY:
            verdict = _replace(job, table, record, out[written + 1], new[i])
            made = 2
        elif kind == EventKind.ORDER_CANCEL or kind == EventKind.ORDER_EXECUTE:
            verdict = _reduce(job, table, record)
        if verdict == UNKNOWN:
            _quiet(record)
            made = 1
        elif verdict != FINE:
            made = 0
        verdicts[i] = verdict
        written += made
    job[ORDERS_WRITTEN] = written
    return 0


@entry
def regrow_orders(address: int, _second: int, _third: int) -> int:
    """Move the orders of the old table into the new one, which is empty."""
    job = words(address, ORDERS_JOB_WORDS)
    old = words(job[ORDERS_OLD_TABLE], job[ORDERS_OLD_CAPACITY] * ORDER_WIDTH)
    table = words(job[ORDERS_TABLE], job[ORDERS_CAPACITY] * ORDER_WIDTH)
    mask = job[ORDERS_CAPACITY] - 1
    for place in range(job[ORDERS_OLD_CAPACITY]):
        row = place * ORDER_WIDTH
        if old[row]:
            _put(
                table,
                mask,
                _place(table, mask, old[row]),
                old[row],
                old[row + ORDER_PRICE],
                old[row + ORDER_SIZE],
                old[row + ORDER_SIDE],
            )
    return 0
