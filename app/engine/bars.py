"""Bars made of trades, and bars that wait for their handlers (SEMANTICS 11, 12).

A builder makes bars of one instrument: of a time, of so many trades, of a volume or of
a range of prices. A time bar is [open, close): it holds what was received before its
close, carries the close as its stamp and is done when time reaches it; an interval
without trades makes none. Prints that do not set the last price do not count (37).

Handlers of bars run late: a bar, built or of a feed, waits until time has passed its
stamp, so that of bars that close together all are applied before any handler runs.

Row 0 of the section stands for all, row 1 + i is the first builder of instrument i;
further builders and waiting bars are rows behind.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.arena import USED, Arena, Section, give, section, section_words, take
from app.engine.bits import integer
from app.engine.book_events import sets_last
from app.engine.book_state import Change, books
from app.engine.compile import inlined, kernel
from app.engine.memory import copy_bytes, record_address
from app.engine.records import BAR, MARKET_BYTES, EventKind, RecordFlag
from app.engine.state import engine, instruments
from app.errors import EngineError

NEVER: Final = 2**63 - 1
MOST_BUILDERS: Final = 256
"""Beside the first of each instrument."""
MOST_WAITING: Final = 4096
_MOST_OFFSET: Final = 2**31 - 1


class BarKind(IntEnum):
    """What ends a bar."""

    NONE = 0
    TIME = 1  # so many ns
    TRADES = 2  # so many trades
    VOLUME = 3  # at least so much volume, quantity units
    RANGE = 4  # a high so far above the low, price units


BAR_ROW: Final = np.dtype(
    [
        ("next", "<i8"),  # builder of the same instrument; waiting bar behind it
        ("bar", BAR),  # the bar being built, or that waits
        ("kind", "<i8"),  # BarKind
        ("size", "<i8"),  # see BarKind; waiting: ns of a bar built by time, else 0
        ("offset", "<i8"),  # TIME: bars begin here plus multiples of `size`, ns
        ("ends", "<i8"),  # TIME: close of the open bar, ns; NEVER = none is open
        ("high", "<i8"),  # of the open bar, price units
        ("low", "<i8"),
        ("close", "<i8"),
        ("trades", "<i8"),  # in the open bar; 0 = none is open
        ("made", "<i8"),  # bars so far
        ("refused", "<i8"),  # bars whose prices lie too far apart for a BAR
        # of row 0 alone
        ("wake", "<i8"),  # from when something is to be done, ns; NEVER = nothing is
        ("last", "<i8"),  # newest waiting bar; `next` is the oldest
        ("instruments", "<i8"),
        ("timed", "<i8"),  # builders of time bars
    ],
    align=True,
)
"""A builder, or a waiting bar."""

rows = section(Section.BARS, BAR_ROW)


def layout(instrument_count: int) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Section of a session whose kernel builds bars; reserved, not taken."""
    most = 1 + instrument_count + MOST_BUILDERS + MOST_WAITING
    return {Section.BARS: (BAR_ROW, most)}


def open_bars(arena: Arena) -> None:
    """Prepare the section, after the instruments were loaded."""
    count = int(arena.records(Section.ENGINE)[0]["instruments"])
    every = arena.records(Section.BARS)
    every[: 1 + count] = np.zeros((), BAR_ROW)
    every["wake"][0], every["ends"][: 1 + count] = NEVER, NEVER
    every["instruments"][0] = count
    arena.set_used(Section.BARS, 1 + count)


def build_bars(
    arena: Arena,
    instrument: int,
    size: int,
    kind: BarKind = BarKind.TIME,
    offset: int = 0,
) -> int:
    """Let bars be built of an instrument's trades.

    Parameters
    ----------
    size : int
        By kind: ns, trades, quantity units or price units.
    offset : int
        TIME: bars begin at this time plus multiples of `size`, ns.

    Returns
    -------
    int
        Row of the builder.

    Raises
    ------
    EngineError
        If the size is not positive, or there is no room.
    """
    if size < 1:
        raise EngineError(f"the size of a bar must be 1 or more, was {size}")
    every = arena.records(Section.BARS)
    if not 0 <= instrument < every["instruments"][0]:
        raise EngineError(f"no bars can be built of instrument {instrument}")
    row = 1 + instrument
    if every["kind"][row] != BarKind.NONE:
        row = arena.take(Section.BARS)
        if row == 0:
            raise EngineError(f"more than {MOST_BUILDERS} further builders of bars")
        every[row] = np.zeros((), BAR_ROW)
        every["next"][row] = every["next"][1 + instrument]
        every["next"][1 + instrument] = row
    every["timed"][0] += kind == BarKind.TIME
    every["kind"][row], every["size"][row] = kind, size
    every["offset"][row], every["ends"][row] = offset, NEVER
    every["bar"]["instrument"][row] = instrument
    return int(row)


# Time.


@inlined
def is_due(arena: int, time: int) -> bool:
    """Whether a bar closes, or handlers may run, before an event of this time."""
    if section_words(arena, Section.BARS)[USED] == 0:
        return False
    return rows(arena)[0]["wake"] <= time


@kernel
def next_close(arena: int) -> int:
    """When the first open time bar closes, ns; NEVER = none is open."""
    every = rows(arena)
    earliest = integer(NEVER)
    if every[0]["timed"] == 0:
        return earliest
    for row in range(1, section_words(arena, Section.BARS)[USED]):
        if every[row]["kind"] == BarKind.TIME:
            earliest = min(earliest, every[row]["ends"])
    return earliest


@kernel
def set_wake(arena: int) -> None:
    """Work out when something is to be done next."""
    state = rows(arena)[0]
    wake = next_close(arena)
    if state["next"]:
        wake = min(wake, engine(arena)[0]["now"] + 1)
    state["wake"] = wake


@kernel
def close_bars(arena: int, time: int) -> None:
    """End every time bar that closes at or before a time, and let it wait."""
    for row in range(1, section_words(arena, Section.BARS)[USED]):
        builder = rows(arena)[row]
        if builder["kind"] == BarKind.TIME and builder["ends"] <= time:
            _finish(arena, row, builder["ends"])
    set_wake(arena)


# Building.


@kernel
def _finish(arena: int, row: int, stamp: int) -> None:
    """End the open bar of a builder and let it wait for its handlers."""
    builder = rows(arena)[row]
    trades = builder["trades"]
    builder["trades"], builder["ends"] = 0, NEVER
    if builder["high"] - builder["low"] > _MOST_OFFSET:
        builder["refused"] += 1
        return
    bar, opened = builder["bar"], builder["bar"]["open"]
    bar["ts_venue"], bar["ts_received"] = stamp, stamp
    bar["kind"], bar["flags"] = EventKind.BAR, RecordFlag.LAST
    bar["high_offset"] = builder["high"] - opened
    bar["low_offset"] = builder["low"] - opened
    bar["close_offset"] = builder["close"] - opened
    builder["made"] += 1
    bar["sequence"], bar["trades"] = builder["made"], trades
    if wait(arena, record_address(bar)) and builder["kind"] == BarKind.TIME:
        rows(arena)[rows(arena)[0]["last"]]["size"] = builder["size"]


@kernel
def _begin(arena: int, builder: Any, price: int) -> None:
    """Open a bar with its first trade."""
    builder["bar"]["open"], builder["bar"]["volume"] = price, 0
    builder["high"], builder["low"] = price, price
    if builder["kind"] == BarKind.TIME:
        now, size = engine(arena)[0]["now"], builder["size"]
        builder["ends"] = now - (now - builder["offset"]) % size + size
        rows(arena)[0]["wake"] = min(rows(arena)[0]["wake"], builder["ends"])


@kernel
def _is_full(builder: Any) -> bool:
    """Whether the last trade ended the open bar; time does that for time bars."""
    kind, size = builder["kind"], builder["size"]
    if kind == BarKind.TRADES:
        return builder["trades"] >= size
    if kind == BarKind.VOLUME:
        return builder["bar"]["volume"] >= size
    if kind == BarKind.RANGE:
        return builder["high"] - builder["low"] >= size
    return False


@kernel
def _build(arena: int, instrument: int, price: int, size: int) -> None:
    """Give a trade to all builders of its instrument."""
    row = 1 + instrument
    while row:
        builder = rows(arena)[row]
        if builder["trades"] == 0:
            _begin(arena, builder, price)
        builder["high"] = max(builder["high"], price)
        builder["low"] = min(builder["low"], price)
        builder["close"] = price
        builder["bar"]["volume"] += size
        builder["trades"] += 1
        if _is_full(builder):
            _finish(arena, row, engine(arena)[0]["now"])
            set_wake(arena)
        row = integer(builder["next"])


@kernel
def note_trade(arena: int, record: Any, changed: int) -> None:
    """Let a TRADE or ORDER_EXECUTE, which the book has by now, enter the bars.

    Parameters
    ----------
    changed : int
        What it changed in the book, `Change` bits.
    """
    instrument = integer(record["instrument"])
    if changed & Change.TRADE == 0 or instrument < 0:
        return
    if section_words(arena, Section.BARS)[USED] == 0:
        return
    if rows(arena)[1 + instrument]["kind"] == BarKind.NONE:
        return
    book = books(arena)[instruments(arena)[instrument]["book"]]
    if sets_last(book["consolidated"], integer(record["conditions"])):
        _build(arena, instrument, book["last_price"], book["last_size"])


# Waiting for handlers.


@kernel
def wait(arena: int, address: int) -> bool:
    """Let the BAR at an address wait for its handlers; False if it does not."""
    nobody = section_words(arena, Section.STRATEGIES)[USED] <= 1
    if nobody or section_words(arena, Section.BARS)[USED] == 0:
        return False
    row = take(arena, Section.BARS)
    if row == 0:
        return False
    every = rows(arena)
    copy_bytes(record_address(every[row]["bar"]), address, MARKET_BYTES)
    every[row]["kind"], every[row]["next"] = BarKind.NONE, 0
    every[row]["size"] = 0
    every[row]["ends"], every[row]["trades"] = NEVER, 0
    state = every[0]
    if state["next"]:
        every[state["last"]]["next"] = row
    else:
        state["next"] = row
    state["last"] = row
    state["wake"] = min(state["wake"], engine(arena)[0]["now"] + 1)
    return True


@kernel
def first_waiting(arena: int) -> int:
    """Row of the bar that waits longest for its handlers; 0 if none does."""
    if section_words(arena, Section.BARS)[USED] == 0:
        return 0
    return integer(rows(arena)[0]["next"])


@kernel
def waiting_behind(arena: int, row: int) -> int:
    """Row of the bar that waits behind this one; 0 if none does."""
    return integer(rows(arena)[row]["next"])


@kernel
def waiting_bar(arena: int, row: int) -> int:
    """Address of the waiting BAR in a row."""
    return record_address(rows(arena)[row]["bar"])


@kernel
def waiting_instrument(arena: int, row: int) -> int:
    """Instrument of the waiting bar in a row."""
    return integer(rows(arena)[row]["bar"]["instrument"])


@kernel
def waiting_size(arena: int, row: int) -> int:
    """How long the waiting bar in a row lasted, ns, if it was built by time; else 0."""
    return integer(rows(arena)[row]["size"])


@kernel
def forget_waiting(arena: int) -> None:
    """Give back the rows of all waiting bars, whose handlers have run."""
    state = rows(arena)[0]
    row = integer(state["next"])
    state["next"], state["last"] = 0, 0
    while row:
        behind = integer(rows(arena)[row]["next"])
        give(arena, Section.BARS, row)
        row = behind
    set_wake(arena)
