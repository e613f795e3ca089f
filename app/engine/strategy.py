"""The handler table: how strategies hang in the kernel.

A handler is an entry, ``handler(arena, strategy, event_address) -> HandlerStatus``,
reached through an address in the links table (`Link.HANDLERS`). The kernel is compiled
once, whatever hangs in it. A compiled handler is an `@entry` in a module of its own; an
interpreted one is a Python function behind `interpreted`, which takes the GIL for as
long as it runs.

A handler sees the state after the event, writes only its own bytes of STRATEGY_STATE,
and asks for orders with `request`; requests go through the gate when it has returned,
in the order in which they were made.
"""

import ctypes
import logging
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.arena import CAPACITY, OFFSET, USED, Section, section, section_words
from app.engine.compile import Entry, entry, inlined, kernel, rare
from app.engine.control import CONTROL_WORDS, Control
from app.engine.links import LINK_WORDS, MAX_HANDLERS, Link
from app.engine.memory import call, copy_bytes, record_address, view, words
from app.engine.native import monotonic_ns
from app.engine.rare import out_of_line
from app.engine.records import (
    BAR,
    COMMAND,
    MARKET_BYTES,
    NO_PRICE,
    WIDE_BYTES,
    Action,
    EventKind,
)
from app.engine.schedule import set_timer, set_timer_before
from app.engine.state import MAX_STRATEGIES, engine

_log = logging.getLogger("app.engine")

REQUEST_CAPACITY: Final = 4096
BY_HANDLER: Final = 1
"""A request's `source` if a handler made it; 0: the engine itself, when it closes."""
STATE_BYTES: Final = 1 << 26
"""Bytes of strategy memory in an arena, shared by all; reserved, not taken."""
PAUSE: Final = 100
"""A STOP_STRATEGY's `value` that pauses: no handler runs, and START goes on with it."""
FLOOD: Final = 16
"""A strategy that asks for so many times the messages it may send is stopped."""


class Handler(IntEnum):
    """Kinds of handlers; also bits of a strategy's `handlers`."""

    ON_START = 0  # event: none (address 0)
    ON_BAR = 1  # event: BAR
    ON_BARS = 2  # event: the last BAR of one close time
    ON_QUOTE = 3  # event: QUOTE
    ON_TRADE = 4  # event: MARKET
    ON_BOOK = 5  # event: MARKET, the last record of a venue event
    ON_TIMER = 6  # event: MARKET of kind TIMER
    ON_FILL = 7  # event: REPORT
    ON_ORDER = 8  # event: REPORT
    ON_SIGNAL = 9  # event: MARKET of kind SIGNAL
    ON_SESSION = 10  # event: MARKET of kind SESSION
    ON_STOP = 11  # event: none (address 0)


class HandlerStatus(IntEnum):
    """What a handler returns."""

    OK = 0
    RAISED = 1  # it raised; the strategy is stopped
    OUT_OF_BUDGET = 2  # a loop ran too long
    BAD_NUMBER = 3  # an integer left int64, or a price was NaN
    FLOODED = 4  # far more orders than the message rate allows


class StrategyState(IntEnum):
    """Where a strategy stands."""

    EMPTY = 0
    LOADED = 1
    RUNNING = 2
    PAUSED = 3
    STOPPED = 4
    FAILED = 5


STRATEGY: Final = np.dtype(
    [
        ("state", "<i8"),  # StrategyState
        ("handlers", "<i8"),  # bit h: it has Handler h
        ("interpreted", "<i8"),  # 1: Python, takes the GIL
        ("state_offset", "<i8"),  # its bytes in STRATEGY_STATE
        ("state_bytes", "<i8"),
        ("instruments", "<u8", (4,)),  # bit i of word i // 64: it follows instrument i
        ("calls", "<i8"),
        ("requests", "<i8"),
        ("status", "<i8"),  # HandlerStatus that stopped it
        ("failed_handler", "<i8"),
        ("failed_event", "<i8"),  # number of the event
        ("bars", "<i8"),  # it takes built bars of so many ns; 0 = the feed's
        ("bars_from", "<i8"),  # … that began here or later, ns
        ("sent_since", "<i8"),  # when the count below began, ns
        ("sent", "<i8"),  # messages asked for since
        ("failed_record", "u1", (WIDE_BYTES,)),  # the event, for the traceback
    ],
    align=True,
)
"""A strategy; its number is its row, from 1. Written by the kernel and the loader."""

FAILED_RECORD: Final = int(STRATEGY.fields["failed_record"][1])  # type: ignore[index]

strategies = section(Section.STRATEGIES, STRATEGY)
requests = section(Section.REQUESTS, COMMAND)
strategy_bytes = section(Section.STRATEGY_STATE, np.dtype("u1"))

LAYOUT: Final[dict[Section, tuple[np.dtype[Any], int]]] = {
    Section.STRATEGIES: (STRATEGY, MAX_STRATEGIES),
    Section.STRATEGY_STATE: (np.dtype("u1"), STATE_BYTES),
    Section.REQUESTS: (COMMAND, REQUEST_CAPACITY),
}


@kernel
def request(arena: int, strategy: int, instrument: int, action: int) -> int:
    """Queue a command of a strategy and return its index in `requests`; 0 = full.

    All fields are preset (no price, a fresh client order id); the handler fills in
    side, quantity, price and the like.
    """
    entry = section_words(arena, Section.REQUESTS)
    index = entry[USED]
    # The last places are kept for what stops strategies that fail.
    kept = 0 if action == Action.STOP_STRATEGY else MAX_STRATEGIES
    if index >= entry[CAPACITY] - kept:
        return 0
    entry[USED] = index + 1
    record = requests(arena)[index]
    session = engine(arena)[0]
    for word in range(16):
        _clear(arena, index, word)
    session["next_engine_order_id"] += 1
    record["kind"] = EventKind.COMMAND
    record["ts_received"] = session["now"]
    record["instrument"] = instrument
    record["action"] = action
    record["client_order_id"] = session["next_engine_order_id"]
    record["price"] = NO_PRICE
    record["stop_price"] = NO_PRICE
    record["strategy"] = strategy
    record["protection_ticks"] = -1
    strategies(arena)[strategy]["requests"] += 1
    return index


@entry
def request_entry(arena: int, strategy: int, instrument: int) -> int:
    """Queue a NEW command for an interpreted handler, which fills in the rest."""
    return request(arena, strategy, instrument, Action.NEW)


@entry
def timer_entry(arena: int, strategy: int, terms: int) -> int:
    """Set a timer for an interpreted handler; return when it will be, ns, 0 = never.

    `terms` is the address of four words: the timer's number, an instrument (-1 = none),
    ns, and SessionFlag bits. Without bits ns is the instant; with them it is so long
    before (negative: after) the next instant at which one of them holds.
    """
    asked = words(terms, 4)
    number, instrument, ns, flags = asked[0], asked[1], asked[2], asked[3]
    if flags == 0:
        return set_timer(arena, strategy, number, ns, instrument)
    return set_timer_before(arena, strategy, number, instrument, (ns, flags))


@kernel
def _clear(arena: int, index: int, word: int) -> None:
    entry = section_words(arena, Section.REQUESTS)
    words(arena + entry[0] + index * entry[2] + 8 * word, 1)[0] = 0


@kernel
def follows(record: Any, instrument: int) -> bool:
    """Tell whether a strategy follows an instrument; -1 is everyone's."""
    if instrument < 0:
        return True
    word = record["instruments"][instrument >> 6]
    return (word >> np.uint64(instrument & 63)) & np.uint64(1) != np.uint64(0)


@inlined
def has_handler(record: Any, handler: int) -> bool:
    """Tell whether a strategy has a handler."""
    return (record["handlers"] >> handler) & 1 != 0


@kernel
def _sign(arena: int, first: int, strategy: int) -> None:
    """Write onto requests whose handler made them, whatever it wrote there itself."""
    for index in range(first, section_words(arena, Section.REQUESTS)[USED]):
        requests(arena)[index]["strategy"] = strategy
        requests(arena)[index]["source"] = BY_HANDLER


@kernel
def takes_bar(arena: int, strategy: int, size: int, address: int) -> bool:
    """Tell whether a strategy takes the BAR at an address, built of `size` ns or 0."""
    record = strategies(arena)[strategy]
    if record["bars"] == 0:
        return True
    closes = view(address, 1, BAR)[0]["ts_venue"]
    return record["bars"] == size and closes - size >= record["bars_from"]


@kernel
def fail(arena: int, strategy: int, handler: int, status: int) -> None:
    """Let a strategy be stopped for a fault of its own; -1 is no handler."""
    record = strategies(arena)[strategy]
    record["state"] = StrategyState.FAILED
    record["status"] = status
    record["failed_handler"] = handler
    record["failed_event"] = engine(arena)[0]["event"]
    index = request(arena, strategy, -1, Action.STOP_STRATEGY)
    if index:
        requests(arena)[index]["value"] = status


@kernel
def rate_share(limit: int) -> int:
    """Messages that may be one strategy's, of those that the account may send."""
    return max(1, limit // 3)


@kernel
def floods(arena: int, strategy: int, limit: int, window: int) -> bool:
    """Count a message of a strategy; tell whether it is more than its share.

    A third of what the account may send within a window is any one strategy's: with
    the cancels of the same orders it leaves room to the others, the hand and the exits.
    """
    record, now = strategies(arena)[strategy], engine(arena)[0]["now"]
    if now - record["sent_since"] >= window:
        record["sent_since"], record["sent"] = now, 0
    record["sent"] += 1
    share = rate_share(limit)
    running = record["state"] == StrategyState.RUNNING
    if running and record["sent"] > share * FLOOD:
        fail(arena, strategy, -1, HandlerStatus.FLOODED)
    return record["sent"] > share


@inlined
def _is_timed(control: int) -> bool:
    """Whether it is to be known how long handlers take."""
    return control != 0 and words(control, CONTROL_WORDS)[Control.TIME_HANDLERS] != 0


@rare
def _timed_call(
    control: int, address: int, arena: int, strategy: int, event: int
) -> int:
    """Call a handler; keep its memory as it was, and how long it took.

    Neither is part of the state: the same events still give the same bytes.
    """
    out_of_line()
    block = words(control, CONTROL_WORDS)
    kept = block[Control.HANDLER_MEMORY]
    if kept:
        place = words(kept + 16 * strategy, 2)
        if place[1]:
            entry = section_words(arena, Section.STRATEGY_STATE)
            source = arena + entry[OFFSET] + strategies(arena)[strategy]["state_offset"]
            copy_bytes(place[0], source, place[1])
    begun = monotonic_ns()
    status = call(address, arena, strategy, event)
    block[Control.HANDLER_TIMES + 2 * strategy] += 1
    block[Control.HANDLER_TIMES + 2 * strategy + 1] += monotonic_ns() - begun
    return status


@kernel
def _keep_event(record: Any, handler: int, event: int) -> None:
    """Keep the event at which a handler failed."""
    if event == 0:
        return
    is_report = handler == Handler.ON_FILL or handler == Handler.ON_ORDER
    size = WIDE_BYTES if is_report else MARKET_BYTES
    at = record_address(record) + FAILED_RECORD
    copy_bytes(at, event, size)


@inlined
def call_now(arena: int, links: int, strategy: int, handler: int, event: int) -> None:
    """Call one strategy's handler, if it runs and has it; stop it if it fails."""
    record = strategies(arena)[strategy]
    if record["state"] != StrategyState.RUNNING or not has_handler(record, handler):
        return
    table = words(links, LINK_WORDS)
    address = table[Link.HANDLERS + (strategy - 1) * MAX_HANDLERS + handler]
    record["calls"] += 1
    first = section_words(arena, Section.REQUESTS)[USED]
    control = table[Link.CONTROL]
    if _is_timed(control):
        status = _timed_call(control, address, arena, strategy, event)
    else:
        status = call(address, arena, strategy, event)
    if section_words(arena, Section.REQUESTS)[USED] != first:
        _sign(arena, first, strategy)
    if status != HandlerStatus.OK:
        _fail(arena, strategy, handler, event, status)


@kernel
def call_handler(
    arena: int, links: int, strategy: int, handler: int, event: int
) -> None:
    """`call_now`, as a function of its own."""
    call_now(arena, links, strategy, handler, event)


@rare
def _fail(arena: int, strategy: int, handler: int, event: int, status: int) -> None:
    """Stop a strategy whose handler failed, and keep the event."""
    out_of_line()
    _keep_event(strategies(arena)[strategy], handler, event)
    fail(arena, strategy, handler, status)


@kernel
def call_handlers(
    arena: int, links: int, handler: int, instrument: int, event: int
) -> None:
    """Call a handler of every strategy that follows the instrument."""
    count = section_words(arena, Section.STRATEGIES)[USED]
    for strategy in range(1, count):
        record = strategies(arena)[strategy]
        if has_handler(record, handler) and follows(record, instrument):
            call_handler(arena, links, strategy, handler, event)


@inlined
def has_requests(arena: int) -> bool:
    """Whether a handler has asked for anything."""
    return section_words(arena, Section.REQUESTS)[USED] > 1


@kernel
def take_request(arena: int, index: int, target: int) -> bool:
    """Copy queued request `index` to `target`; False if there is none."""
    entry = section_words(arena, Section.REQUESTS)
    if index >= entry[USED]:
        return False
    copy_bytes(target, arena + entry[0] + index * entry[2], entry[2])
    return True


@kernel
def forget_requests(arena: int) -> None:
    """Empty the queue."""
    section_words(arena, Section.REQUESTS)[USED] = 1


_CALLBACK: Final = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64
)


class Interpreted:
    """A Python function in the handler table.

    It is called with the GIL held; an exception is kept in `error` with its traceback
    and stops the strategy.
    """

    def __init__(self, function: Callable[[int, int, int], int | None]) -> None:
        self.function = function
        self.error: BaseException | None = None
        self._callback = _CALLBACK(self._run)
        address = ctypes.cast(self._callback, ctypes.c_void_p).value
        assert address is not None
        self.address = address

    def _run(self, arena: int, strategy: int, event: int) -> int:
        try:
            return int(self.function(arena, strategy, event) or HandlerStatus.OK)
        except BaseException as error:  # noqa: BLE001  (C would swallow it silently)
            self.error = error
            _log.exception("strategy %d raised in an interpreted handler", strategy)
            return int(HandlerStatus.RAISED)


def hang(
    arena: Any,
    links: Any,
    handlers: dict[Handler, Entry | Interpreted],
    instruments: list[int],
    state_bytes: int = 0,
) -> int:
    """Hang a strategy in the handler table.

    Parameters
    ----------
    arena : Arena
    links : (LINK_WORDS,) int64
        Filled with the handlers' addresses.
    instruments : list of int
        Instruments that it follows.
    state_bytes : int
        Memory that it wants in the arena, zeroed.

    Returns
    -------
    int
        The strategy's number, from 1; 0 if there is no room for it.
    """
    number = arena.used(Section.STRATEGIES)
    if number >= MAX_STRATEGIES or not _take_memory(arena, number, state_bytes):
        return 0
    record = arena.records(Section.STRATEGIES)[number]
    record["state"] = StrategyState.LOADED
    for instrument in instruments:
        record["instruments"][instrument >> 6] |= np.uint64(1 << (instrument & 63))
    _link(arena, links, number, handlers)
    arena.set_used(Section.STRATEGIES, number + 1)
    return number


def rehang(
    arena: Any,
    links: Any,
    number: int,
    handlers: dict[Handler, Entry | Interpreted],
    state_bytes: int,
) -> bool:
    """Give a strategy that does not run other handlers and memory, not yet filled.

    Returns
    -------
    bool
        False, and nothing is changed, if there is no room for its memory.
    """
    record = arena.records(Section.STRATEGIES)[number]
    grows = state_bytes > record["state_bytes"]
    if grows and not _take_memory(arena, number, state_bytes):
        return False
    _link(arena, links, number, handlers)
    return True


def _take_memory(arena: Any, number: int, size: int) -> bool:
    """Give a strategy memory behind all that is taken; False if there is no room."""
    first = arena.used(Section.STRATEGY_STATE) + 7 & ~7
    if first + size > STATE_BYTES:
        return False
    record = arena.records(Section.STRATEGIES)[number]
    record["state_offset"], record["state_bytes"] = first, size
    arena.set_used(Section.STRATEGY_STATE, first + size)
    return True


def _link(
    arena: Any, links: Any, number: int, handlers: dict[Handler, Entry | Interpreted]
) -> None:
    record = arena.records(Section.STRATEGIES)[number]
    record["handlers"] = sum(1 << kind for kind in handlers)
    record["interpreted"] = any(isinstance(h, Interpreted) for h in handlers.values())
    base = Link.HANDLERS + (number - 1) * MAX_HANDLERS
    links[base : base + MAX_HANDLERS] = 0
    for kind, handler in handlers.items():
        links[base + kind] = handler.address
