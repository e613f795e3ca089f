"""Handlers that tests hang in the kernel: one compiled, and its interpreted twin.

Both buy one unit whenever a trade is below the last, and keep the last
price and a count in their own bytes of STRATEGY_STATE.
"""

from collections.abc import Callable

import numpy as np

from app.engine.arena import Arena, Section, record_at
from app.engine.bits import integer
from app.engine.compile import entry
from app.engine.memory import address_of, view, words
from app.engine.records import BUY, COMMAND, MARKET, Action, OrderType
from app.engine.strategy import (
    request,
    request_entry,
    requests,
    strategies,
    strategy_bytes,
)

LAST, SEEN = 0, 1


@entry
def buy_the_dip(arena: int, strategy: int, event: int) -> int:
    """Compiled handler."""
    offset = strategies(arena)[strategy]["state_offset"]
    state = words(address_of(strategy_bytes(arena), offset), 2)
    trade = view(event, 1, MARKET)[0]
    if state[SEEN] and trade["price"] < state[LAST]:
        index = request(arena, strategy, integer(trade["instrument"]), Action.NEW)
        command = requests(arena)[index]
        command["side"] = BUY
        command["order_type"] = OrderType.MARKET
        command["quantity"] = 1
    state[LAST] = trade["price"]
    state[SEEN] += 1
    return 0


@entry
def always_fails(arena: int, strategy: int, event: int) -> int:
    """Compiled handler that reports a failure."""
    return 1


@entry
def arms_itself(arena: int, strategy: int, event: int) -> int:
    """Compiled handler that asks for what is not a strategy's to ask."""
    request(arena, strategy, -1, Action.SET_STATE)
    index = request(arena, strategy, 0, Action.NEW)
    requests(arena)[index]["strategy"] = 0
    return 0


@entry
def keep_command(arena: int, links: int, address: int) -> int:
    """Stand at the gate: append commands to the buffer that word 1000 names."""
    table = words(links, 1024)
    kept = view(table[1000], 4096, COMMAND)
    kept[table[1001]] = view(address, 1, COMMAND)[0]
    table[1001] += 1
    return 0


def interpreted_dip(arena: Arena) -> Callable[[int, int, int], int]:
    """Make the interpreted twin of `buy_the_dip` for one arena."""

    def handler(address: int, strategy: int, event: int) -> int:
        offset = int(arena.records(Section.STRATEGIES)[strategy]["state_offset"])
        memory = arena.records(Section.STRATEGY_STATE)[offset : offset + 16]
        state = memory.view(np.int64)
        trade = record_at(event, MARKET)
        if state[SEEN] and trade["price"] < state[LAST]:
            index = request_entry(address, strategy, int(trade["instrument"]))
            command = arena.records(Section.REQUESTS)[index]
            command["side"] = BUY
            command["order_type"] = OrderType.MARKET
            command["quantity"] = 1
        state[LAST] = trade["price"]
        state[SEEN] += 1
        return 0

    return handler
