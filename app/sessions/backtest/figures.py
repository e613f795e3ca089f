"""The statistics of a run by name, as the JSON result has them, made of its sums."""

import math
from typing import Any, NamedTuple

from app.analytics.performance import performance_from, trade_statistics_from
from app.analytics.sums import CurveSums, ReturnSums, TradeSums


class RunSums(NamedTuple):
    """What the statistics of a run are made of.

    Attributes
    ----------
    start : float
        Equity at the beginning.
    days_per_year : int
    curve : CurveSums
        Of equity.
    returns : ReturnSums
        Of each trade date.
    closed : TradeSums
    trades : int
        Open ones, too.
    exposed : int
        Values of equity with a position.
    fees : float
    fills, makers, orders, rejects, events : int
        Makers are the fills that rested.
    """

    start: float
    days_per_year: int
    curve: CurveSums
    returns: ReturnSums
    closed: TradeSums
    trades: int
    exposed: int
    fees: float
    fills: int
    makers: int
    orders: int
    rejects: int
    events: int


def figures_table(run: RunSums) -> dict[str, Any]:
    """Statistics, by name; what is not defined is None."""
    curve, fills = run.curve, run.fills
    found = performance_from(curve, run.returns, run.start, run.days_per_year)
    table = {
        "initial_capital": run.start,
        "final_equity": curve.end,
        **_by_name(found),
        **_by_name(trade_statistics_from(run.closed)),
        "open_trades": run.trades - run.closed.count,
        "exposure_time": run.exposed / curve.count if curve.count else 0.0,
        "fees": run.fees,
        "fills": fills,
        "orders": run.orders,
        "rejects": run.rejects,
        "maker_share": run.makers / fills if fills else math.nan,
        "events": run.events,
    }
    # Numbers that JSON knows.
    return {
        name: None if isinstance(each, float) and not math.isfinite(each) else each
        for name, each in table.items()
    }


def _by_name(figures: Any) -> dict[str, Any]:
    """Fields of a dataclass; `asdict` copies each deeply, which a sweep would feel."""
    return {name: getattr(figures, name) for name in figures.__dataclass_fields__}
