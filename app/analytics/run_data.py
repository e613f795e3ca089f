"""What a backtest left behind, as columns: what reports, exports and panels read.

A `RunData` is all that is known of a run once it has ended, in a session or read from
the run store. Times are int64 ns since 1970 UTC (0: never), prices and quantities
float64 of currency and of shares, contracts or coins, money float64 of the base
currency, a side +1 or -1; what is not known is NaN or "".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

FILL_COLUMNS: Final = {
    "ts": np.int64,  # when the venue made it
    "known_ts": np.int64,  # when we knew
    "symbol": np.str_,
    "strategy": np.str_,
    "side": np.int8,
    "quantity": np.float64,
    "price": np.float64,
    "fee": np.float64,  # > 0 is paid
    "value": np.float64,  # |price x quantity x multiplier|
    "liquidity": np.int8,  # +1 maker, -1 taker, 0 unknown
    "order": np.int64,
    "order_type": np.str_,
    "decided_ts": np.int64,  # of its order
    "latency_s": np.float64,  # from the decision to the fill; of a stop its trigger
    "arrival_price": np.float64,  # of its order
    "mid_price": np.float64,  # just before the fill; NaN where data have no quotes
    "slippage": np.float64,  # money lost against the arrival price; < 0 is won
    "spread_paid": np.float64,  # money lost against the mid; < 0 is earned
    "lucky": np.int8,  # 1: rested, and the market did not go through its price
}
"""Columns of `RunData.fills`, oldest first."""

ORDER_COLUMNS: Final = {
    "order": np.int64,
    "ts": np.int64,  # when it was decided
    "symbol": np.str_,
    "strategy": np.str_,
    "side": np.int8,
    "type": np.str_,
    "time_in_force": np.str_,
    "quantity": np.float64,
    "filled": np.float64,
    "fill_ratio": np.float64,
    "price": np.float64,  # limit
    "stop_price": np.float64,
    "average_price": np.float64,
    # Mid, else the last price, when it was decided; of a stop that was triggered: its
    # stop price then.
    "arrival_price": np.float64,
    "status": np.str_,
    "reason": np.str_,  # why it was refused or ended
    "accepted_ts": np.int64,  # when the venue had it
    "acknowledged_ts": np.int64,  # when we knew that
    "triggered_ts": np.int64,  # 0: no stop, or not triggered
    "first_fill_ts": np.int64,
    "ended_ts": np.int64,
    "time_to_fill_s": np.float64,  # from the decision, or trigger, to the last fill
    "fee": np.float64,
    "replaces": np.int64,  # as asked: not by its hours, its group or a trail
}
"""Columns of `RunData.orders`, as they stood at the end, in the order of decision."""

TRADE_COLUMNS: Final = {
    "trade": np.int64,  # from 1
    "symbol": np.str_,
    "strategy": np.str_,
    "side": np.int8,  # +1 long, -1 short
    "quantity": np.float64,  # largest held
    "opened": np.int64,
    "closed": np.int64,  # 0 while it is open
    "entry_price": np.float64,
    "exit_price": np.float64,
    "mark_price": np.float64,  # of what is still held, at the end; NaN of a closed one
    "pnl": np.float64,  # after fees; what is still held at the mark
    "unrealised": np.float64,  # the part of it that is of what is still held
    "fees": np.float64,
    "return": np.float64,  # pnl of the value that was entered
    "hold_s": np.float64,
    "mae": np.float64,  # money, <= 0: worst it stood at
    "mfe": np.float64,  # money, >= 0: best it stood at
    "mae_return": np.float64,  # fractions of the entry price
    "mfe_return": np.float64,
    "fills": np.int64,
    "entry_order": np.int64,
    "exit_order": np.int64,
    "exit_reason": np.str_,  # market, limit, stop, trailing_stop, …, reversal, open
}
"""Columns of `RunData.trades`, in the order in which they began."""


class Table(Mapping[str, NDArray[Any]]):
    """Columns of equal length that nobody changes.

    `table["price"]` is a column, `len(table)` its rows, `table.row(i)` one row.

    Parameters
    ----------
    columns : mapping of name to (n,) array
    """

    __slots__ = ("_columns", "_rows")

    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        self._columns = {name: frozen(each) for name, each in columns.items()}
        lengths = {name: len(each) for name, each in self._columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns must be of one length, were {lengths}")
        self._rows = next(iter(lengths.values()), 0)

    @classmethod
    def empty(cls, kinds: Mapping[str, Any]) -> "Table":
        """A table without rows, of the columns that e.g. `FILL_COLUMNS` names."""
        return cls({name: np.empty(0, kind) for name, kind in kinds.items()})

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __bool__(self) -> bool:
        return self._rows > 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table) or self.names != other.names:
            return NotImplemented if not isinstance(other, Table) else False
        return all(
            np.array_equal(a, other[name], equal_nan=a.dtype.kind == "f")
            for name, a in self._columns.items()
        )

    __hash__ = None  # type: ignore[assignment]  # equal by content

    def row(self, index: int) -> dict[str, Any]:
        """One row, of Python's own values."""
        return {name: each[index].item() for name, each in self._columns.items()}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows one after another, of Python's own values."""
        lists = [each.tolist() for each in self._columns.values()]
        for values in zip(*lists, strict=True):
            yield dict(zip(self._columns, values, strict=True))

    def take(self, which: NDArray[Any]) -> "Table":
        """Rows by place, or by a mask."""
        return Table({name: each[which] for name, each in self._columns.items()})


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The array, not to be written to."""
    array = array.view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class RunData:
    """A run that has ended.

    Attributes
    ----------
    card : dict
        What was run; plain JSON. Keys: run_id, name, note, created, ringside, engine,
        is_whole, events, wall_seconds, currency, initial_capital, start, end,
        time_zone, days_per_year, seed, orders_sent, request (as given), data (one a
        stream: symbol, stream, basis, records, first, last, gaps, hash, source,
        is_made_up),
        strategies (one each: id, name, parameters, allocation, code, is_compiled,
        reason, failure, calls, requests), instruments (by symbol: kind, currency,
        price_unit, quantity_unit, multiplier, fees, models), benchmark (symbol,
        stream) or None, rejects (by reason), no_book (orders by symbol, where the book
        was never whole; not in cards of older versions), digest.
    ts : (n,) int64
        Times of equity, ascending.
    days : (n,) int64
        Trade date of each, days since 1970.
    equity, gross_exposure, net_exposure, cash : (n,) float64
    strategy_equity : dict of id to (n,) float64
        Each strategy's share of the capital with what it made; dividends, financing and
        cash that no strategy has stay out of it.
    fills, orders, trades : Table
        See `FILL_COLUMNS`, `ORDER_COLUMNS`, `TRADE_COLUMNS`.
    benchmark_ts : (m,) int64
    benchmark_price : (m,) float64
        What it would have been to hold; none if the data have no such price.
    notes : dict of id to plain JSON
        What each strategy logged and plotted.
    """

    card: dict[str, Any]
    ts: Times
    days: Times
    equity: Floats
    gross_exposure: Floats
    net_exposure: Floats
    cash: Floats
    strategy_equity: dict[str, Floats]
    fills: Table
    orders: Table
    trades: Table
    benchmark_ts: Times = field(default_factory=lambda: np.empty(0, np.int64))
    benchmark_price: Floats = field(default_factory=lambda: np.empty(0))
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("days", "equity", "gross_exposure", "net_exposure", "cash"):
            if len(getattr(self, name)) != len(self.ts):
                raise ValueError(f"{name} must be as long as ts")
        for name in (*ARRAYS, *BENCHMARK):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def run_id(self) -> str:
        """Its name in the store; "" until it is saved."""
        return str(self.card.get("run_id", ""))

    @property
    def start(self) -> float:
        """Capital at the beginning, base currency."""
        return float(self.card["initial_capital"])

    @property
    def currency(self) -> str:
        """Base currency."""
        return str(self.card["currency"])

    @property
    def time_zone(self) -> str:
        """IANA name of the zone of the trade dates."""
        return str(self.card["time_zone"])

    @property
    def dates(self) -> tuple[str, str]:
        """First and last trade date: what closes at midnight is of the day before."""
        if not len(self.days):
            return self.card["start"][:10], self.card["end"][:10]
        first, last = self.days[[0, -1]].astype("datetime64[D]")
        return str(first), str(last)

    @property
    def period(self) -> str:
        """Its dates in words."""
        return " – ".join(self.dates)

    @property
    def days_per_year(self) -> int:
        """Daily returns of a year."""
        return int(self.card["days_per_year"])

    @property
    def closed_trades(self) -> Table:
        """Trades that ended, in the order in which they did."""
        closed = self.trades["closed"]
        order = np.argsort(closed, kind="stable")
        return self.trades.take(order[closed[order] > 0])


ARRAYS: Final = ("ts", "days", "equity", "gross_exposure", "net_exposure", "cash")
"""Columns of a `RunData` that go with `ts`."""
BENCHMARK: Final = ("benchmark_ts", "benchmark_price")
