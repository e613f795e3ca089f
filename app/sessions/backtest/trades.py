"""Trades made of fills: flat to flat per instrument and strategy (SEMANTICS 59).

A fill that reverses a position closes one trade and opens the next; its fee is shared
by quantity. Sums are exact integers of price units × quantity units.
"""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from app.engine.records import MONEY_SCALE
from app.instrument import Instrument


@dataclass(slots=True)
class Trade:
    """One trade, in the engine's units until it is told.

    Attributes
    ----------
    instrument, strategy : int
    side : int
        +1 long, -1 short.
    opened_ts, closed_ts : int
        ns since 1970 UTC; closed 0 while it is open.
    quantity : int
        Largest size held, quantity units.
    entry_value, exit_value : int
        Sums of price units × quantity units.
    entry_quantity, exit_quantity : int
    fees : float
        Money.
    fills : int
    entry_order, exit_order : int
        Ids of the first and the last order.
    """

    instrument: int
    strategy: int
    side: int
    opened_ts: int
    entry_order: int
    closed_ts: int = 0
    quantity: int = 0
    entry_value: int = 0
    exit_value: int = 0
    entry_quantity: int = 0
    exit_quantity: int = 0
    fees: float = 0.0
    fills: int = 0
    exit_order: int = 0

    @property
    def is_open(self) -> bool:
        """Whether something of it is still held."""
        return self.entry_quantity > self.exit_quantity

    def take(self, fill: Any, part: int, share: float) -> None:
        """Add a part of a fill."""
        value = int(fill["last_price"]) * part
        if int(fill["side"]) == self.side:
            self.entry_value += value
            self.entry_quantity += part
            self.quantity = max(self.quantity, self.entry_quantity - self.exit_quantity)
        else:
            self.exit_value += value
            self.exit_quantity += part
        self.fees += float(fill["fee"]) * share
        self.fills += 1
        self.exit_order = int(fill["client_order_id"])
        if not self.is_open:
            self.closed_ts = int(fill["ts_venue"])

    def pnl(self, instrument: Instrument) -> float:
        """Profit or loss of what was closed, after fees, currency."""
        numerator, denominator = instrument.money_ratio
        if not self.exit_quantity:
            return -self.fees / MONEY_SCALE
        cost = self.entry_value * self.exit_quantity / self.entry_quantity
        made = self.side * (self.exit_value - cost) * numerator / denominator
        return (made - self.fees) / MONEY_SCALE


def trades_of(fills: NDArray[Any]) -> list[Trade]:
    """Make trades of FILL reports, in the order in which they began."""
    found: list[Trade] = []
    current: dict[tuple[int, int], Trade] = {}
    for fill in fills:
        key = int(fill["strategy"]), int(fill["instrument"])
        left, whole = int(fill["last_quantity"]), int(fill["last_quantity"])
        side = int(fill["side"])
        while left:
            trade = current.get(key)
            if trade is None:
                ts, order = int(fill["ts_venue"]), int(fill["client_order_id"])
                trade = Trade(key[1], key[0], side, ts, order)
                current[key] = trade
                found.append(trade)
            part = left
            if side != trade.side:
                part = min(left, trade.entry_quantity - trade.exit_quantity)
            trade.take(fill, part, part / whole)
            if not trade.is_open:
                del current[key]
            left -= part
    return found
