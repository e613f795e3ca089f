"""What a strategy's handler sees: the state that its `ctx` reads, and its own memory.

`Context` is what a handler's `ctx` is: `ctx.position(i)` in a strategy is
`position(ctx, i)` here, compiled or interpreted, so both give the same bytes. Prices
are in currency and quantities in instrument units (SEMANTICS 58). These are short and
compiled into each handler; what is asked for stands in `strategy_orders`.
"""

import math
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np

from app.engine.accounts import position_row
from app.engine.arena import Section, section_words
from app.engine.bits import integer
from app.engine.book_levels import best, best_price
from app.engine.book_state import books, levels
from app.engine.compile import kernel
from app.engine.handler_events import price_of, quantity_of
from app.engine.memory import view
from app.engine.records import (
    BUY,
    MONEY_SCALE,
    SELL,
)
from app.engine.state import accounts, engine, instruments, positions
from app.engine.strategy import HandlerStatus, strategies
from app.engine.venue.latency import uniform

_NEARLY: Final = 1e-6
"""Share of an order step that a quantity may fall short of it and still count."""
_MOST: Final = 2.0**62


class Context(NamedTuple):
    """What `ctx` is: the arena, the strategy's number and the address of its memory."""

    arena: int
    strategy: int
    memory: int


HEAD: Final = np.dtype(
    [
        ("status", "<i8"),  # HandlerStatus that a handler has found itself
        ("draws", "<i8"),  # random numbers drawn so far
        ("seed", "<i8"),
        ("allocation", "<f8"),  # share of the account's equity
        ("followed", "<i8"),  # how many instruments it follows
        ("history_at", "<i8"),  # closes by instrument, bytes from here; 0 = none kept
        ("history_length", "<i8"),
        ("quotes_at", "<i8"),  # order ids of its quotes, two by instrument
        ("groups", "<i8"),  # group numbers given so far
        ("budget", "<i8"),  # turns of loops that the handler in hand still has
        ("notes_at", "<i8"),  # NOTE ring, bytes from here
        ("notes_room", "<i8"),  # how many it holds; 0 = none are kept
        ("notes", "<i8"),  # how many were written so far
        ("unused", "<i8", (3,)),
    ],
    align=True,
)
"""The first bytes of a strategy's memory; its own state follows."""

STATUS_AT: Final = int(HEAD.fields["status"][1])  # type: ignore[index]
BUDGET_AT: Final = int(HEAD.fields["budget"][1])  # type: ignore[index]
"""Where these stand, bytes, for interpreted code."""


class NoteKind(IntEnum):
    """What a strategy noted."""

    PLOT = 1  # a value of a curve
    LINE = 2  # a line of its log with a value
    TEXT = 3  # a line without one


NOTE: Final = np.dtype(
    [
        ("ts", "<i8"),  # ns since 1970 UTC
        ("value", "<f8"),
        ("name", "<i4"),  # index of its name or text among those of the source
        ("kind", "<i4"),  # NoteKind
    ]
)
"""What `ctx.plot` and `ctx.log` write; note n stands at n % notes_room."""
NOTE_BYTES: Final = NOTE.itemsize


@kernel
def head(ctx: Any) -> Any:
    """The HEAD of the strategy's memory."""
    return view(ctx.memory, 1, HEAD)[0]


@kernel
def known(ctx: Any, instrument: int) -> int:
    """An instrument's number, if it is one of the session's."""
    if instrument < 0 or instrument >= engine(ctx.arena)[0]["instruments"]:
        raise IndexError("no such instrument in this session")
    return integer(instrument)


# What is.


@kernel
def now(ctx: Any) -> int:
    """Time, ns since 1970 UTC."""
    return integer(engine(ctx.arena)[0]["now"])


@kernel
def position(ctx: Any, instrument: int) -> float:
    """What the strategy itself holds of an instrument, signed."""
    instrument = known(ctx, instrument)
    row = position_row(ctx.arena, instrument, ctx.strategy)
    held = integer(positions(ctx.arena)[row]["quantity"])
    return quantity_of(ctx.arena, instrument, held)


@kernel
def price(ctx: Any, instrument: int) -> float:
    """Last price of an instrument; NaN before the first trade or bar."""
    instrument = known(ctx, instrument)
    book = integer(instruments(ctx.arena)[instrument]["book"])
    return price_of(
        ctx.arena, instrument, integer(books(ctx.arena)[book]["last_price"])
    )


@kernel
def _best(ctx: Any, instrument: int, side: int) -> float:
    instrument = known(ctx, instrument)
    book = integer(instruments(ctx.arena)[instrument]["book"])
    return price_of(ctx.arena, instrument, best_price(ctx.arena, book, side))


@kernel
def bid(ctx: Any, instrument: int) -> float:
    """Best bid; NaN if there is none."""
    return _best(ctx, instrument, integer(BUY))


@kernel
def ask(ctx: Any, instrument: int) -> float:
    """Best ask; NaN if there is none."""
    return _best(ctx, instrument, integer(SELL))


@kernel
def _best_size(ctx: Any, instrument: int, side: int) -> float:
    instrument = known(ctx, instrument)
    book = integer(instruments(ctx.arena)[instrument]["book"])
    level = best(ctx.arena, book, side)
    if level == 0:
        return 0.0
    return quantity_of(ctx.arena, instrument, integer(levels(ctx.arena)[level]["size"]))


@kernel
def bid_size(ctx: Any, instrument: int) -> float:
    """Size at the best bid."""
    return _best_size(ctx, instrument, integer(BUY))


@kernel
def ask_size(ctx: Any, instrument: int) -> float:
    """Size at the best ask."""
    return _best_size(ctx, instrument, integer(SELL))


@kernel
def equity(ctx: Any) -> float:
    """Equity of the strategy: its share of the capital and its P&L, base currency."""
    return accounts(ctx.arena)[ctx.strategy]["equity"] / float(MONEY_SCALE)


@kernel
def cash(ctx: Any) -> float:
    """Cash of the strategy, base currency."""
    return accounts(ctx.arena)[ctx.strategy]["cash"] / float(MONEY_SCALE)


@kernel
def history(ctx: Any, instrument: int, length: int) -> Any:
    """The newest closes of an instrument, oldest first: a view, shorter at first.

    At most `history_length` of the strategy.
    """
    instrument, memory = known(ctx, instrument), head(ctx)
    kept = integer(memory["history_length"])
    if length < 1 or length > kept:
        raise IndexError("history is asked for beyond history_length")
    row = ctx.memory + memory["history_at"] + instrument * 8 * (2 * kept + 1)
    closes = view(row, 2 * kept + 1, np.float64)
    count = integer(closes[0])
    end = 1 + kept + (count - 1) % kept + 1 if count else 1
    return closes[end - min(length, min(count, kept)) : end]


@kernel
def keep_close(ctx: Any, instrument: int, close: float) -> None:
    """Add a bar's close to the history: twice, so that each stretch is in one piece."""
    memory = head(ctx)
    kept = integer(memory["history_length"])
    if kept == 0:
        return
    row = ctx.memory + memory["history_at"] + instrument * 8 * (2 * kept + 1)
    closes = view(row, 2 * kept + 1, np.float64)
    place = integer(closes[0]) % kept
    closes[1 + place], closes[1 + kept + place] = close, close
    closes[0] += 1.0


@kernel
def random(ctx: Any) -> float:
    """Next number of the strategy's own generator, in (0, 1]."""
    memory = head(ctx)
    memory["draws"] += 1
    return uniform(memory["seed"], memory["draws"])


@kernel
def normal(ctx: Any) -> float:
    """Next standard normal number of the strategy's own generator."""
    first, second = random(ctx), random(ctx)
    return math.sqrt(-2.0 * math.log(first)) * math.cos(2.0 * math.pi * second)


@kernel
def memory_of(arena: int, strategy: int) -> int:
    """Address of a strategy's memory."""
    entry = section_words(arena, Section.STRATEGY_STATE)
    return integer(arena + entry[0] + strategies(arena)[strategy]["state_offset"])


# What the rewritten source of a handler calls beside that.


@kernel
def note(ctx: Any, kind: int, name: int, value: float) -> None:
    """Write a note over the oldest one; it costs a turn of the handler's budget."""
    spend(ctx)
    memory = head(ctx)
    room = integer(memory["notes_room"])
    if room == 0:
        return
    at = memory["notes_at"] + (memory["notes"] % room) * NOTE_BYTES
    row = view(ctx.memory + at, 1, NOTE)[0]
    row["ts"], row["value"] = engine(ctx.arena)[0]["now"], value
    row["name"], row["kind"] = name, kind
    memory["notes"] += 1


LOOP_BUDGET: Final = 5_000_000
"""Turns of loops that one call of a handler may take."""


@kernel
def begin(arena: int, strategy: int) -> Any:
    """The context of a handler that is called now."""
    ctx = Context(arena, strategy, memory_of(arena, strategy))
    memory = head(ctx)
    memory["budget"], memory["status"] = LOOP_BUDGET, 0
    return ctx


@kernel
def failed(ctx: Any) -> int:
    """Status of a handler that raised."""
    status = integer(head(ctx)["status"])
    return status or integer(HandlerStatus.RAISED)


@kernel
def spend(ctx: Any) -> None:
    """Take one turn of a loop off the budget."""
    memory = head(ctx)
    memory["budget"] -= 1
    if memory["budget"] < 0:
        memory["status"] = HandlerStatus.OUT_OF_BUDGET
        raise RuntimeError("a loop ran too long")


@kernel
def floats(ctx: Any, at: int, count: int) -> Any:
    """An array of the strategy's memory."""
    return view(ctx.memory + at, count, np.float64)


@kernel
def ints(ctx: Any, at: int, count: int) -> Any:
    """An array of the strategy's memory."""
    return view(ctx.memory + at, count, np.int64)


@kernel
def row_of(ctx: Any, at: int, words: int, count: int, index: int) -> Any:
    """An indicator's row."""
    if index < 0 or index >= count:
        raise IndexError("no such instrument in this session")
    return view(ctx.memory + at + index * 8 * words, words, np.float64)
