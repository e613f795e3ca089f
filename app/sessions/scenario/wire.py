"""The matching venue of a scenario, and the wire between it and us.

The matching engine runs in an arena of its own, as in the built-in exchange. What the
gate sends arrives `latency.order` later, a report comes back `latency.report` later;
other participants' commands and all market data have no latency. A match of two orders
is told to both at once, the maker first: that is how trades are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.exchange.unit import match_batch
from app.engine.instruments import instrument_records, load_instruments
from app.engine.matching_positions import write_position
from app.engine.matching_state import Output, matching_layout, open_matching
from app.engine.records import MARKET, EventKind, RecordFlag, ReportType
from app.engine.state import fixed_layout
from app.sessions.scenario.orders import Known
from app.sessions.scenario.world import World

_ORDERS = 4096
_ACCOUNTS = 64
"""Positions are kept, and reduce-only orders taken, of accounts below this."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A match: client order ids of maker and taker."""

    maker: int
    taker: int
    price: int
    quantity: int
    ts: int


class MatchingVenue:
    """A matching engine, what it told, and whom.

    Parameters
    ----------
    world : World
        For its instruments.
    """

    def __init__(self, world: World) -> None:
        count = len(world.instruments)
        layout = matching_layout(count, _ORDERS, accounts=_ACCOUNTS)
        self.arena = Arena({**fixed_layout(count), **layout})
        load_instruments(self.arena, world.instruments)
        instrument_records(self.arena)["protection_ticks"] = -1
        outputs = int(Output.REPORTS | Output.MARKET)
        open_matching(self.arena, count, outputs, _ACCOUNTS)
        self._state = self.arena.records(Section.MATCHING)[0]
        self.trades: list[Trade] = []
        self.known = Known()
        """Orders as the venue tells their owners, whoever they are."""

    def hold(self, world: World) -> None:
        """Let our account and its strategies hold what they hold from the start."""
        for instrument in range(int(self._state["instruments"])):
            held = int(world.position(instrument)["quantity"])
            write_position(self.arena, instrument, held)
            for number in world.strategies.values():
                own = int(world.position(instrument, number)["quantity"])
                write_position(self.arena, instrument, own, strategy=number)

    def match(self, command: Any, now: int) -> tuple[Any, Any]:
        """Act on a COMMAND (an array of one) at a time, ns.

        Returns
        -------
        (n,) MARKET
            Order-by-order data, for everyone.
        (m,) REPORT
            Reports of our account's orders.
        """
        command["ts_venue"] = now
        match_batch(self.arena.address, command.ctypes.data, 1)
        return self._told()

    def pass_time(self, now: int) -> tuple[Any, Any]:
        """Let time pass up to an instant, ns; returns as `match`."""
        match_batch(self.arena.address, now, 0)
        return self._told()

    def _told(self) -> tuple[Any, Any]:
        market = self._outputs(Section.MATCH_MARKET)
        reports = self._outputs(Section.MATCH_REPORTS)
        self.trades += _trades(reports)
        self.known.hear(reports)
        # Until the driver numbers a report its sequence is the owner's account.
        return market, reports[reports["sequence"] == 0]

    def _outputs(self, section: Section) -> Any:
        return self.arena.records(section)[1 : self.arena.used(section)].copy()

    def open_books(self, now: int) -> Iterator[Any]:
        """Whole, empty books of all instruments, as a venue sends when it begins."""
        for instrument in range(int(self._state["instruments"])):
            for kind in (EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END):
                record = np.zeros(1, MARKET)
                record["kind"], record["instrument"] = kind, instrument
                record["flags"] = int(RecordFlag.SNAPSHOT)
                if kind == EventKind.SNAPSHOT_END:
                    record["flags"] |= int(RecordFlag.LAST)
                record["ts_venue"] = record["ts_received"] = now
                yield record


def _trades(reports: Any) -> list[Trade]:
    """Trades of one command: its fills come in pairs, the maker's first."""
    fills = reports[reports["report"] == ReportType.FILL]
    return [
        Trade(
            int(maker["client_order_id"]),
            int(taker["client_order_id"]),
            int(maker["last_price"]),
            int(maker["last_quantity"]),
            int(maker["ts_venue"]),
        )
        for maker, taker in zip(fills[::2], fills[1::2], strict=True)
    ]
