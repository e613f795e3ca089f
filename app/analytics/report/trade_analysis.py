"""What a run's trades say: figures, and sums by hour, weekday, symbol and so on."""

from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.analytics.performance import NAN, trade_statistics
from app.analytics.report.records import Breakdown, Section, Statistic
from app.analytics.report.statistics import kelly_fraction, system_quality
from app.analytics.run_data import Floats, RunData, Table

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def local_ns(ts: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Times as a clock in a zone shows them, ns since 1970."""
    import pandas as pd

    if not len(ts):
        return ts
    local = pd.DatetimeIndex(ts, tz="UTC").tz_convert(ZoneInfo(zone)).tz_localize(None)
    found: NDArray[np.int64] = (
        local.to_numpy().astype("datetime64[ns]").astype(np.int64)
    )
    return found


def trades_section(run: RunData) -> Section:
    """Figures of closed trades."""
    closed = run.closed_trades
    pnl, gained = closed["pnl"], closed["return"]
    found = trade_statistics(pnl, closed["closed"] - closed["opened"])
    won, lost = pnl > 0, pnl < 0
    hold = closed["hold_s"]
    payoff = found.average_win / -found.average_loss if found.losers else NAN
    best = float(closed["mfe"].sum())
    captured = float(pnl.sum()) / best if best > 0 else NAN
    rows = (
        Statistic("trades", "Trades", found.trades, "count", "Closed trades, each from flat to flat; a reversal ends one and begins the next."),
        Statistic("open_trades", "Open at the end", len(run.trades) - len(closed), "count", "Trades that still hold something at the end of the data; they are in the equity, not in these figures."),
        Statistic("win_rate", "Winners", found.win_rate, "percent", "Share of closed trades whose profit after fees is above 0.", better=1),
        Statistic("profit_factor", "Profit factor", found.profit_factor, "ratio", "Sum of profits ÷ sum of losses of closed trades.", better=1),
        Statistic("payoff", "Payoff", payoff, "ratio", "Average winner ÷ average loser.", better=1),
        Statistic("expectancy", "Expectancy", found.expectancy, "money", "Mean profit of a closed trade, after fees.", better=1),
        Statistic("mean_trade_return", "Mean return of a trade", _mean(gained), "percent", "Mean of profit after fees ÷ value entered.", better=1),
        Statistic("average_win", "Average winner", found.average_win, "money", "Mean profit of trades that won.", better=1),
        Statistic("average_loss", "Average loser", found.average_loss, "money", "Mean profit of trades that lost.", better=1),
        Statistic("best", "Best trade", found.best, "money", "Largest profit of a closed trade.", better=1),
        Statistic("worst", "Worst trade", found.worst, "money", "Smallest profit of a closed trade.", better=1),
        Statistic("longest_win_streak", "Longest run of winners", found.longest_win_streak, "count", "Closed trades in a row that won, in the order in which they closed.", better=1),
        Statistic("longest_loss_streak", "Longest run of losers", found.longest_loss_streak, "count", "Closed trades in a row that lost.", better=-1),
        Statistic("average_hold_s", "Average time held", _mean(hold), "seconds", "Mean time from the first to the last fill of a closed trade."),
        Statistic("median_hold_s", "Median time held", _median(hold), "seconds", "Half of the closed trades were held for less."),
        Statistic("win_hold_s", "Winners held", _mean(hold[won]), "seconds", "Mean time that winners were held."),
        Statistic("loss_hold_s", "Losers held", _mean(hold[lost]), "seconds", "Mean time that losers were held."),
        Statistic("average_mae", "Average MAE", _mean(closed["mae_return"]), "percent", "Maximum adverse excursion: how far the price went against the trade while it was held, of its entry price; mean.", "Sweeney (1997)", better=1),
        Statistic("average_mfe", "Average MFE", _mean(closed["mfe_return"]), "percent", "Maximum favourable excursion: how far the price went for the trade, of its entry price; mean.", "Sweeney (1997)", better=1),
        Statistic("mfe_captured", "Share of MFE kept", captured, "percent", "Sum of the profits of closed trades ÷ sum of their maximum favourable excursions in money.", better=1),
        Statistic("long_pnl", "Profit of longs", float(pnl[closed["side"] > 0].sum()), "money", "Sum of the profits of closed long trades.", better=1),
        Statistic("short_pnl", "Profit of shorts", float(pnl[closed["side"] < 0].sum()), "money", "Sum of the profits of closed short trades.", better=1),
        Statistic("kelly", "Kelly fraction", kelly_fraction(pnl), "percent", "Share of winners less share of losers ÷ payoff: the part of the capital that a trade may risk if its odds were known.", "Kelly (1956)"),
        Statistic("sqn", "System quality number", system_quality(pnl), "ratio", "Mean ÷ deviation of trades' profits × √(number of trades, 100 at most).", "Tharp (2008)", better=1),
    )  # fmt: skip
    return Section("trades", "Trades", rows)


def _mean(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else NAN


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else NAN


def breakdowns_of(run: RunData) -> tuple[Breakdown, ...]:
    """Closed trades by when they began, what they held and how they ended."""
    closed = run.closed_trades
    # What fills within a bar is stamped at its close: a moment before is inside it.
    is_bars = all(each["basis"] == "bars" for each in run.card["data"])
    opened = local_ns(closed["opened"] - int(is_bars), run.time_zone)
    days = opened.astype("datetime64[ns]").astype("datetime64[D]").astype(np.int64)
    hours = opened // 3_600_000_000_000 % 24
    months = opened.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    clock = [f"{hour:02}" for hour in range(24)]
    sides = np.where(closed["side"] > 0, "long", "short")
    return (
        Breakdown("hour", "By hour of entry", _grouped(closed, hours, clock)),
        Breakdown("weekday", "By weekday of entry", _grouped(closed, (days + 3) % 7, _WEEKDAYS)),
        Breakdown("month", "By month of entry", _grouped(closed, months % 12, _MONTHS)),
        Breakdown("symbol", "By symbol", _by_word(closed, closed["symbol"])),
        Breakdown("side", "By side", _by_word(closed, sides)),
        Breakdown("strategy", "By strategy", _by_word(closed, closed["strategy"])),
        Breakdown("exit", "By exit", _by_word(closed, closed["exit_reason"])),
    )  # fmt: skip


def _by_word(trades: Table, words: NDArray[np.str_]) -> Table:
    names, codes = np.unique(words, return_inverse=True)
    return _grouped(trades, codes, names.tolist())


def _grouped(trades: Table, codes: NDArray[np.int64], names: list[str] | tuple[str, ...]) -> Table:  # fmt: skip
    """Sums of trades by a code; codes without a trade are left out."""
    size, pnl = len(names), trades["pnl"]

    def total(weights: NDArray[np.float64]) -> Floats:
        found = np.bincount(codes, weights=weights, minlength=size)
        return found.astype(np.float64)

    count = np.bincount(codes, minlength=size)
    made, lost = total(np.maximum(pnl, 0.0)), -total(np.minimum(pnl, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        table = Table(
            {
                "group": np.array(names if size else np.empty(0, "U1"), str),
                "trades": count,
                "win_rate": total((pnl > 0).astype(np.float64)) / count,
                "pnl": total(pnl),
                "average": total(pnl) / count,
                "fees": total(trades["fees"]),
                "hold_s": total(trades["hold_s"]) / count,
                "profit_factor": np.where(lost > 0, made / lost, np.nan),
            }
        )
    return table.take(count > 0)
