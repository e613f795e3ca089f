"""The series of a report: daily values, underwater, rolling figures, months, falls."""

import numpy as np
from numpy.typing import NDArray

from app.analytics.performance import NAN, daily, drawdowns, returns_of
from app.analytics.report.records import Drawdown, Histogram, Months, Series
from app.analytics.report.statistics import rolling_moments
from app.analytics.run_data import Floats, RunData

_DAY_NS = 86_400_000_000_000
_MONTHS = 12


def series_of(run: RunData, window: int, *, benchmark: bool = True) -> Series:
    """Work out a report's curves."""
    days, places = daily(run.ts, np.arange(len(run.ts), dtype=np.float64), run.days)
    last = places.astype(np.int64)
    day_ts, day_equity = run.ts[last], run.equity[last]
    returns = returns_of(day_equity, run.start)
    held = _held(run, day_ts) if benchmark else np.full(len(days), NAN)
    held_returns = _held_returns(held)
    falls = 1.0 - held / np.fmax.accumulate(held) if len(held) else held
    mean, variance, both, spread = rolling_moments(returns, held_returns, window)
    deviation = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe = np.where(deviation > 1e-12, mean / deviation, NAN)
        beta = np.where(spread > 1e-18, both / spread, NAN)
        gross = np.where(run.equity > 0, run.gross_exposure / run.equity, NAN)
        net = np.where(run.equity > 0, run.net_exposure / run.equity, NAN)
    year = np.sqrt(run.days_per_year)
    return Series(
        ts=run.ts,
        equity=run.equity,
        underwater=-drawdowns(run.equity, run.start),
        gross_share=gross,
        net_share=net,
        day_ts=day_ts,
        days=days,
        day_equity=day_equity,
        day_returns=returns,
        benchmark=held,
        benchmark_returns=held_returns,
        benchmark_underwater=-falls,
        window=window,
        rolling_sharpe=sharpe * year,
        rolling_volatility=deviation * year,
        rolling_beta=beta,
    )


def _held(run: RunData, day_ts: NDArray[np.int64]) -> Floats:
    """The initial capital, held in the benchmark from its first price on."""
    held = np.full(len(day_ts), NAN)
    if len(run.benchmark_ts) and run.benchmark_price[0] > 0:
        rows = np.searchsorted(run.benchmark_ts, day_ts, side="right") - 1
        known = rows >= 0
        prices = run.benchmark_price[rows[known]]
        held[known] = run.start * prices / run.benchmark_price[0]
    return held


def _held_returns(held: Floats) -> Floats:
    """Returns of the benchmark; 0 on its first day, when it is bought at the close."""
    found = np.zeros(len(held))
    with np.errstate(divide="ignore", invalid="ignore"):
        found[1:] = held[1:] / held[:-1] - 1.0
    return np.nan_to_num(found, nan=0.0) if not np.isnan(held).all() else held.copy()


def months_of(series: Series) -> Months:
    """Returns of months and years, compounded of daily ones."""
    dates = series.days.astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(np.int64)
    if not len(month):
        none = np.empty(0)
        return Months(np.empty(0, np.int64), np.empty((0, _MONTHS)), none, none)
    first = int(month[0]) // _MONTHS
    count = int(month[-1]) // _MONTHS - first + 1
    cells, totals = np.unique(month, return_inverse=True)
    grown = np.bincount(totals, weights=_logs(series.day_returns))
    grid = np.full(count * _MONTHS, NAN)
    grid[cells - first * _MONTHS] = np.expm1(grown)
    year = month // _MONTHS - first
    return Months(
        np.arange(1970 + first, 1970 + first + count),
        grid.reshape(count, _MONTHS),
        _by_year(series.day_returns, year, count),
        _by_year(series.benchmark_returns, year, count),
    )


def _logs(returns: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.log1p(np.maximum(returns, -1.0))
    return found


def _by_year(returns: Floats, year: NDArray[np.int64], count: int) -> Floats:
    days = np.bincount(year, minlength=count)
    found = np.expm1(np.bincount(year, weights=_logs(returns), minlength=count))
    return np.where(days > 0, found, NAN)


def worst_drawdowns(series: Series, start: float, most: int = 10) -> list[Drawdown]:
    """The deepest falls from a peak, each until the peak was reached again."""
    ts, equity = series.ts, series.equity
    if not len(ts):
        return []
    peaks = np.maximum.accumulate(np.maximum(equity, start))
    is_below = equity < peaks
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_below, [0]]).astype(int)))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return []
    depth = 1.0 - equity / peaks
    bounds = np.column_stack([begins, ends]).ravel()
    deepest = np.maximum.reduceat(np.append(depth, 0.0), bounds)[::2]
    found = []
    for place in np.argsort(-deepest, kind="stable")[:most].tolist():
        begin, end = int(begins[place]), int(ends[place])
        trough = begin + int(np.argmax(depth[begin:end]))
        peak = max(begin - 1, 0)
        is_recovered = end < len(ts)
        until = int(ts[end]) if is_recovered else int(ts[-1])
        found.append(
            Drawdown(
                int(ts[peak]),
                int(ts[trough]),
                until if is_recovered else 0,
                float(deepest[place]),
                (until - int(ts[peak])) / _DAY_NS,
                (int(ts[trough]) - int(ts[peak])) / _DAY_NS,
            )
        )
    return found


def histogram_of(values: Floats, most: int = 41) -> Histogram:
    """Counts in bins of equal width, one of whose edges is 0."""
    values = values[np.isfinite(values)]
    if not len(values) or not float(np.ptp(values)) > 0.0:
        return Histogram(np.empty(0), np.empty(0, np.int64))
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    bins = min(most, max(5, int(np.sqrt(len(values))) * 2))
    step = (high - low) / bins
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    edges = np.arange(first, last + 1).astype(np.float64) * step
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    counts, _ = np.histogram(values, edges)
    return Histogram(edges, counts.astype(np.int64))
