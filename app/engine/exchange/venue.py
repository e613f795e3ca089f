"""The built-in exchange, as Python holds it: arena, control block, rings.

`BuiltInExchange` can be stepped without a clock (the same seed and commands give the
same records) or run on a thread of the caller's.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.exchange.profiles import open_market
from app.engine.exchange.state import (
    CONTROL_WORDS,
    Control,
    declare_used,
    exchange_layout,
)
from app.engine.exchange.unit import BOOKS, UNTIL_TOLD, match_batch, run_exchange
from app.engine.instruments import load_instruments
from app.engine.matching_state import Output, open_matching
from app.engine.records import COMMAND, MARKET, REPORT
from app.engine.ring import Ring
from app.instrument import Instrument

_MARKET_SLOTS: Final = 1 << 15
_ORDER_SLOTS: Final = 1 << 12
_REPORT_SLOTS: Final = 1 << 14
_OPENING_TURNS: Final = 1500
"""Turns of agents per instrument before the doors open: the book is deep by then."""


class BuiltInExchange:
    """A matching engine with its agents and the rings that lead to it.

    Parameters
    ----------
    instruments : sequence of Instrument
        In the order of their numbers.
    seed : int
        Of the agents.
    messages_per_s : int
        Pace of all agents together when run.

    Attributes
    ----------
    market : Ring of MARKET
        Order-by-order data of all instruments.
    orders : Ring of COMMAND
        What the user asks for; the account is taken to be 0.
    reports : Ring of REPORT
        What became of it.
    """

    def __init__(
        self, instruments: Sequence[Instrument], seed: int, messages_per_s: int
    ) -> None:
        count = len(instruments)
        self.market = Ring(MARKET, _MARKET_SLOTS)
        self.orders = Ring(COMMAND, _ORDER_SLOTS)
        self.reports = Ring(REPORT, _REPORT_SLOTS)
        self._held = Ring(REPORT, _REPORT_SLOTS)
        self.arena = Arena(exchange_layout(count))
        load_instruments(self.arena, instruments)
        declare_used(self.arena, count)
        for row, each in zip(
            self.arena.records(Section.AGENTS), instruments, strict=True
        ):
            open_market(row, each)
        self.state = self.arena.records(Section.EXCHANGE)[0]
        self.state["random"] = seed
        self.state["instruments"] = count
        open_matching(self.arena, count, int(Output.REPORTS | Output.MARKET))
        self._open(messages_per_s, _OPENING_TURNS * count)

    def _open(self, messages_per_s: int, turns: int) -> None:
        """Let the agents fill the books, then connect the rings."""
        self.control: Any = np.zeros(CONTROL_WORDS, np.int64)
        self.control[Control.RATE] = messages_per_s
        self.control[Control.MATCH] = match_batch.address
        self.control[Control.HELD] = self._held.address
        self.turns(turns)
        self.control[Control.COMMANDS] = self.orders.address
        self.control[Control.MARKET] = self.market.address
        self.control[Control.REPORTS] = self.reports.address

    def turns(self, count: int) -> None:
        """Take the waiting commands, then let agents send `count` messages."""
        self._run(count)

    def push_books(self) -> None:
        """Push every book whole, as `run` does when it begins."""
        self._run(BOOKS)

    def run(self) -> None:
        """Run on the calling thread, without the GIL, until `Control.STOP`."""
        self._run(UNTIL_TOLD)

    def _run(self, turns: int) -> None:
        run_exchange(self.arena.address, self.control.ctypes.data, turns)
