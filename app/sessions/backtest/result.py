"""What came of a backtest: its `RunData`, and the JSON result made of it.

`Result.as_table` is the JSON result: `run` (what was run), `stats`, `fills`, `orders`,
`trades`, `equity`. Times are ISO 8601 in UTC, prices and quantities decimal numbers in
currency and instrument units, money in the base currency.
"""

import hashlib
import json
import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.analytics.performance import daily, returns_of
from app.analytics.run_data import RunData, Table
from app.analytics.sums import curve_sums, return_sums, trade_sums
from app.clock import Clock
from app.data.local_time import DAY_NS
from app.data.time_columns import from_utc
from app.data.trade_dates import trade_dates
from app.engine.records import MONEY_SCALE, ReportType
from app.sessions.backtest.composing import Composition
from app.sessions.backtest.figures import RunSums, figures_table
from app.sessions.backtest.price_tracks import PriceTrack, track_of, tracks_of
from app.sessions.backtest.run import Outcomes
from app.sessions.backtest.run_card import card_of, models_row, zone_of
from app.sessions.backtest.run_orders import Orders
from app.sessions.backtest.run_tables import (
    fill_table,
    order_table,
    strategy_equities,
    trade_table,
)
from app.sessions.backtest.run_units import Units, marks_of, rates_of
from app.sessions.notes import note_rows
from app.whole_files import write_whole

_SIDES: Final = {1: "buy", -1: "sell"}
_DIRECTIONS: Final = {1: "long", -1: "short"}
_ROLES: Final = {1: "maker", -1: "taker", 0: ""}
_VOLATILE: Final = ("run_id", "name", "note", "created", "wall_seconds", "request")
"""Of the card, what differs from run to run, or is the request itself."""


def run_data_of(outcomes: Outcomes, clock: Clock | None = None) -> RunData:
    """Make a run's data of what the engine left behind.

    Parameters
    ----------
    outcomes : Outcomes
    clock : Clock, optional
        Says when; the system's by default.
    """
    composition = outcomes.composition
    units = units_of(composition)
    reports, worths = outcomes.reports, outcomes.worths
    raw = reports[reports["report"] == ReportType.FILL]
    orders = Orders(reports)
    fills = fill_table(raw, orders, units)
    ts: NDArray[np.int64] = worths["ts"].copy()
    capital = {
        each.number: float(composition.request.initial_capital * each.terms.allocation)
        for each in composition.strategies
    }
    owned = strategy_equities(ts, raw, capital, units)
    held_ts, held_price = _benchmark(composition, units, ts)
    return RunData(
        card=card_of(outcomes, digest(outcomes), clock),
        ts=ts,
        days=days_of(composition, ts),
        **{
            name: worths[name] / MONEY_SCALE
            for name in ("equity", "gross_exposure", "net_exposure", "cash")
        },
        strategy_equity={units.ids[number]: each for number, each in owned.items()},
        fills=fills,
        orders=order_table(orders, fills, units),
        trades=trade_table(raw, units),
        benchmark_ts=held_ts,
        benchmark_price=held_price,
        notes={
            name: note_rows(each.notes, each.notes_lost)
            for name, each in outcomes.strategies.items()
        },
    )


def units_of(composition: Composition) -> Units:
    """What a run's reports count in, and where its markets stood."""
    count = len(composition.instruments)
    return Units(
        instruments=composition.instruments,
        rates=rates_of(composition),
        ids={each.number: each.terms.id for each in composition.strategies},
        tracks=tracks_of(composition.data),
        exact_queue=np.array(
            [models_row(composition, i)["queue"] == "exact" for i in range(count)]
        ),
        marks=marks_of(composition),
    )


def digest(outcomes: Outcomes) -> str:
    """Hash of all that the engine told, byte for byte."""
    found = hashlib.sha256(outcomes.reports.tobytes())
    found.update(outcomes.worths.tobytes())
    return found.hexdigest()


def days_of(composition: Composition, ts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Trade date of each time, by the first instrument's calendar.

    What stands at a bar's close is of the day in which the bar lay: a day's bar that
    closes at midnight belongs to the day that ends there.
    """
    first = composition.instruments[0]
    is_bars = composition.data.bases[0] == "bars"
    # The last values stand just behind the last record, in whose day they are.
    inside = np.minimum(ts, composition.data.last_ts) - 1 if is_bars else ts
    is_daily = is_bars and not composition.data.bar_intervals[0]
    if first.calendar is not None and not is_daily:
        return trade_dates(first, inside)
    days: NDArray[np.int64] = from_utc(inside, zone_of(composition)) // DAY_NS
    return days


def _benchmark(
    composition: Composition, units: Units, ts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Price of the benchmark at the times of equity, from where there is one."""
    recording, rows = composition.benchmark
    data = composition.data
    track: PriceTrack
    if any(recording is each for each in data.recordings):
        names = [each.name for each in data.instruments]
        track = units.tracks[names.index(recording.name)]
    else:
        track = track_of(recording, rows)
    price = track.at(ts)
    known = ~np.isnan(price)
    return ts[known], price[known]


class Result:
    """A run's results, worked out when asked for.

    Parameters
    ----------
    outcomes : Outcomes
    """

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes

    @cached_property
    def data(self) -> RunData:
        """The run's columns and its card."""
        return run_data_of(self.outcomes)

    @property
    def ts(self) -> NDArray[np.int64]:
        """Times of equity, ns since 1970 UTC."""
        return self.data.ts

    @property
    def equity(self) -> NDArray[np.float64]:
        """At each time, base currency."""
        return self.data.equity

    @cached_property
    def fills(self) -> NDArray[Any]:
        """FILL reports, oldest first."""
        reports = self.outcomes.reports
        found: NDArray[Any] = reports[reports["report"] == ReportType.FILL]
        return found

    def digest(self) -> str:
        """Hash of all that the engine told, byte for byte."""
        return digest(self.outcomes)

    def stats(self) -> dict[str, Any]:
        """Statistics, by name; see `stats_of`."""
        return stats_of(self.data)

    def run_rows(self) -> dict[str, Any]:
        """What was run: data, code, models."""
        return run_rows(self.data)

    def fill_rows(self) -> list[dict[str, Any]]:
        """Fills, oldest first."""
        return fill_rows(self.data)

    def order_rows(self) -> list[dict[str, Any]]:
        """Orders as they stood at the end, in the order in which they were made."""
        return order_rows(self.data)

    def trade_rows(self) -> list[dict[str, Any]]:
        """Trades in the order in which they began."""
        return trade_rows(self.data)

    def as_table(self) -> dict[str, Any]:
        """The JSON result."""
        return as_table(self.data)

    def write_json(self, path: Path) -> None:
        """Write the JSON result."""
        write_json(self.data, path)


def stats_of(run: RunData) -> dict[str, Any]:
    """Statistics, by name; what is not defined is None."""
    closed, fills = run.closed_trades, run.fills
    closes = daily(run.ts, run.equity, run.days)[1]
    return figures_table(
        RunSums(
            start=run.start,
            days_per_year=run.days_per_year,
            curve=curve_sums(run.ts, run.equity, run.start),
            returns=return_sums(returns_of(closes, run.start)),
            closed=trade_sums(closed["pnl"], closed["closed"] - closed["opened"]),
            trades=len(run.trades),
            exposed=int(np.count_nonzero(run.gross_exposure > 0)),
            fees=float(fills["fee"].sum()),
            fills=len(fills),
            makers=int(np.count_nonzero(fills["liquidity"] > 0)),
            orders=run.card["orders_sent"],
            rejects=sum(run.card["rejects"].values()),
            events=run.card["events"],
        )
    )


def run_rows(run: RunData) -> dict[str, Any]:
    """What was run, without what differs from run to run."""
    return {name: each for name, each in run.card.items() if name not in _VOLATILE}


def fill_rows(run: RunData) -> list[dict[str, Any]]:
    """Fills, oldest first."""
    return _rows(
        run.fills,
        {
            "time": ("ts", iso_column),
            "symbol": ("symbol", _as_is),
            "strategy": ("strategy", _as_is),
            "side": ("side", _named(_SIDES)),
            "quantity": ("quantity", _as_is),
            "price": ("price", _known),
            "fee": ("fee", _as_is),
            "liquidity": ("liquidity", _named(_ROLES)),
            "order": ("order", _as_is),
        },
    )


def order_rows(run: RunData) -> list[dict[str, Any]]:
    """Orders as they stood at the end, in the order in which they were made."""
    return _rows(
        run.orders,
        {
            "order": ("order", _as_is),
            "time": ("ts", iso_column),
            "symbol": ("symbol", _as_is),
            "strategy": ("strategy", _as_is),
            "side": ("side", _named(_SIDES)),
            "type": ("type", _as_is),
            "quantity": ("quantity", _as_is),
            "filled": ("filled", _as_is),
            "price": ("price", _known),
            "stop_price": ("stop_price", _known),
            "status": ("status", _as_is),
            "reason": ("reason", _as_is),
            "time_to_fill_s": ("time_to_fill_s", _known),
            "fill_ratio": ("fill_ratio", _known),
        },
    )


def trade_rows(run: RunData) -> list[dict[str, Any]]:
    """Trades in the order in which they began; open ones are marked at the end."""
    return _rows(
        run.trades,
        {
            "symbol": ("symbol", _as_is),
            "strategy": ("strategy", _as_is),
            "side": ("side", _named(_DIRECTIONS)),
            "quantity": ("quantity", _as_is),
            "opened": ("opened", iso_column),
            "closed": ("closed", iso_column),
            "entry_price": ("entry_price", _known),
            "exit_price": ("exit_price", _known),
            "mark_price": ("mark_price", _known),
            "pnl": ("pnl", _as_is),
            "unrealised": ("unrealised", _as_is),
            "fees": ("fees", _as_is),
            "return": ("return", _known),
            "mae": ("mae", _known),
            "mfe": ("mfe", _known),
            "exit_reason": ("exit_reason", _as_is),
            "fills": ("fills", _as_is),
        },
    )


def as_table(run: RunData) -> dict[str, Any]:
    """The JSON result."""
    return {
        "run": run_rows(run),
        "stats": stats_of(run),
        "fills": fill_rows(run),
        "orders": order_rows(run),
        "trades": trade_rows(run),
        "equity": [
            list(each)
            for each in zip(iso_column(run.ts), run.equity.tolist(), strict=True)
        ],
        "notes": run.notes,
    }


def write_json(run: RunData, path: Path) -> None:
    """Write the JSON result."""
    write_whole(path, json.dumps(as_table(run), indent=1) + "\n")


_Maker = Callable[[NDArray[Any]], list[Any]]


def _rows(table: Table, columns: dict[str, tuple[str, _Maker]]) -> list[dict[str, Any]]:
    """A table's rows, each column made by its function at once."""
    made = [make(table[name]) for name, make in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*made, strict=True)]


def _as_is(values: NDArray[Any]) -> list[Any]:
    found: list[Any] = values.tolist()
    return found


def _known(values: NDArray[Any]) -> list[Any]:
    """NaN is None."""
    return [each if math.isfinite(each) else None for each in values.tolist()]


def _named(names: dict[int, str]) -> _Maker:
    return lambda values: [names[each] for each in values.tolist()]


def iso_column(ts: NDArray[np.int64]) -> list[str | None]:
    """Times as ISO 8601 in UTC, ns where there are any; 0 is None."""
    whole = ts % 1_000_000_000 == 0
    seconds = np.datetime_as_string(ts.astype("datetime64[ns]").astype("datetime64[s]"))
    fine = np.datetime_as_string(ts.astype("datetime64[ns]"))
    texts = np.char.add(np.where(whole, seconds, fine), "Z")
    never = (ts == 0).tolist()
    return [
        None if none else text for none, text in zip(never, texts.tolist(), strict=True)
    ]
