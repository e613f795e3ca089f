"""A report made of a run, and several put beside each other."""

import math
from collections.abc import Sequence

import numpy as np

from app.analytics.overfitting import expected_best_sharpe
from app.analytics.performance import (
    NAN,
    Performance,
    moments,
    performance,
    probabilistic_sharpe,
    sharpe_ratio,
    sortino_ratio,
)
from app.analytics.report import statistics as figures
from app.analytics.report.curves import (
    histogram_of,
    months_of,
    series_of,
    worst_drawdowns,
)
from app.analytics.report.execution import costs_section, execution_section
from app.analytics.report.flags import flags_of
from app.analytics.report.records import (
    Compared,
    Drawdown,
    Months,
    Report,
    Section,
    Series,
    Statistic,
)
from app.analytics.report.trade_analysis import breakdowns_of, trades_section
from app.analytics.run_data import RunData

WINDOW = 126
"""Trade dates of the rolling figures: half a year."""


def report_of(
    run: RunData,
    risk_free: float = 0.0,
    *,
    benchmark: bool = True,
    trials: int = 1,
    trial_variance: float | None = None,
    window: int | None = None,
) -> Report:
    """Work out all that is told of a run.

    Parameters
    ----------
    run : RunData
    risk_free : float
        Rate of a year, a fraction.
    benchmark : bool
        Whether to compare with holding the benchmark.
    trials : int
        Runs that this one was chosen from, itself included.
    trial_variance : float, optional
        Variance of the trials' Sharpe ratios, per return; by default the squared
        standard error of this run's, as if the trials differed by luck alone.
    window : int, optional
        Trade dates of the rolling figures; half a year, or a fifth of a short run.
    """
    if window is None:
        days = len(np.unique(run.days))
        window = max(5, min(WINDOW, days // 5))
    series = series_of(run, window, benchmark=benchmark)
    base = performance(run.ts, run.equity, run.days, run.start, run.days_per_year)
    months = months_of(series)
    falls = worst_drawdowns(series, run.start)
    deflated = _deflated(series, trials, trial_variance)
    sections = [
        _returns(run, series, base, months),
        _risk(run, series, base, falls),
        _ratios(run, series, base, risk_free, deflated, trials),
        *([_against(run, series, risk_free)] if benchmark else []),
        trades_section(run),
        costs_section(run),
        execution_section(run),
    ]
    return Report(
        run=run,
        sections=tuple(sections),
        series=series,
        months=months,
        daily_histogram=histogram_of(series.day_returns),
        pnl_histogram=histogram_of(run.closed_trades["pnl"]),
        drawdowns=tuple(falls),
        breakdowns=breakdowns_of(run),
        rejects=dict(run.card["rejects"]),
        flags=flags_of(run, series, trials, deflated),
        risk_free=risk_free,
        trials=trials,
    )


def _deflated(series: Series, trials: int, variance: float | None) -> float:
    returns = series.day_returns
    ratio = sharpe_ratio(returns, 1)
    if math.isnan(ratio) or len(returns) < 3:
        return NAN
    if variance is None:
        variance = figures.sharpe_deviation(returns) ** 2
    threshold = expected_best_sharpe(variance, trials)
    return probabilistic_sharpe(ratio, threshold, len(returns), *moments(returns))


def _returns(
    run: RunData, series: Series, base: Performance, months: Months
) -> Section:
    end = float(run.equity[-1]) if len(run.ts) else run.start
    monthly = months.returns[np.isfinite(months.returns)]
    returns = series.day_returns
    exposed = run.gross_exposure > 0
    rows = (
        Statistic("initial_capital", "Initial capital", run.start, "money", "Equity at the beginning."),
        Statistic("final_equity", "Final equity", end, "money", "Equity when time had passed the last record; what is still held stands at its mark.", better=1),
        Statistic("net_profit", "Net profit", end - run.start, "money", "Final equity less initial capital, after all costs.", better=1),
        Statistic("total_return", "Return", base.total_return, "percent", "Final equity ÷ initial capital − 1.", better=1),
        Statistic("annual_return", "Return a year", base.annual_return, "percent", "Geometric, over calendar time: (final ÷ initial)^(1 ÷ years) − 1; a year has 365.25 days.", better=1),
        Statistic("best_day", "Best day", base.best_day, "percent", "Largest daily return.", better=1),
        Statistic("worst_day", "Worst day", base.worst_day, "percent", "Smallest daily return.", better=1),
        Statistic("best_month", "Best month", _extreme(monthly, 1), "percent", "Largest return of a calendar month.", better=1),
        Statistic("worst_month", "Worst month", _extreme(monthly, -1), "percent", "Smallest return of a calendar month.", better=1),
        Statistic("best_year", "Best year", _extreme(months.yearly, 1), "percent", "Largest return of a calendar year; the first and last may be parts.", better=1),
        Statistic("worst_year", "Worst year", _extreme(months.yearly, -1), "percent", "Smallest return of a calendar year.", better=1),
        Statistic("positive_days", "Days up", _share(returns > 0), "percent", "Share of daily returns above 0.", better=1),
        Statistic("positive_months", "Months up", _share(monthly > 0), "percent", "Share of months above 0.", better=1),
        Statistic("exposure_time", "Time in the market", _share(exposed), "percent", "Share of the times of equity at which something was held."),
        Statistic("average_exposure", "Average exposure", _mean(series.gross_share), "percent", "Mean of gross exposure ÷ equity."),
        Statistic("days", "Trade dates", base.days, "count", "Daily returns that were counted."),
    )  # fmt: skip
    return Section("return", "Return", rows)


def _risk(
    run: RunData, series: Series, base: Performance, falls: Sequence[Drawdown]
) -> Section:
    returns = series.day_returns
    depths = np.array([each.depth for each in falls])
    rows = (
        Statistic("volatility", "Volatility a year", base.volatility, "percent", "Deviation of daily returns (n − 1) × √(days of a year).", better=-1),
        Statistic("downside_deviation", "Downside deviation", figures.downside_deviation(returns, run.days_per_year), "percent", "Root of the mean of squared returns below 0, over all days, of a year.", "Sortino and Price (1994)", better=-1),
        Statistic("max_drawdown", "Largest drawdown", -base.max_drawdown, "percent", "Deepest fall below the highest equity so far, at every time of the run.", better=1),
        Statistic("max_drawdown_days", "Longest drawdown", base.max_drawdown_days, "days", "Calendar days from a peak until it was reached again, or the end.", better=-1),
        Statistic("average_drawdown", "Average of the ten deepest", -_mean(depths), "percent", "Mean depth of the drawdowns in the table.", better=1),
        Statistic("ulcer_index", "Ulcer index", figures.ulcer_index(series.underwater), "percent", "Root mean square of drawdowns at all times.", "Martin and McCann (1989)", better=-1),
        Statistic("value_at_risk", "Value at risk, 95 %, a day", figures.value_at_risk(returns), "percent", "5 % quantile of daily returns, by history.", "Jorion (2006), ch. 10", better=1),
        Statistic("expected_shortfall", "Expected shortfall, 95 %, a day", figures.expected_shortfall(returns), "percent", "Mean of the worst 5 % of daily returns (CVaR).", "Rockafellar and Uryasev (2000)", better=1),
        Statistic("skew", "Skew", base.skew, "ratio", "Third standardised moment of daily returns.", better=1),
        Statistic("kurtosis", "Kurtosis", base.kurtosis, "ratio", "Fourth standardised moment of daily returns; a normal's is 3.", better=-1),
        Statistic("tail_ratio", "Tail ratio", figures.tail_ratio(returns), "ratio", "95 % quantile ÷ |5 % quantile| of daily returns.", "empyrical", better=1),
    )  # fmt: skip
    return Section("risk", "Risk", rows)


def _ratios(
    run: RunData,
    series: Series,
    base: Performance,
    risk_free: float,
    deflated: float,
    trials: int,
) -> Section:
    year = run.days_per_year
    rate = math.expm1(math.log1p(risk_free) / year)
    returns = series.day_returns
    excess = returns - rate
    ulcer = figures.ulcer_index(series.underwater)
    martin = (base.annual_return - risk_free) / ulcer if ulcer > 0 else NAN
    gain, loss = float(returns.sum()), -float(returns[returns < 0].sum())
    error = figures.sharpe_deviation(returns) * math.sqrt(year)
    rows = (
        Statistic("sharpe", "Sharpe", sharpe_ratio(excess, year), "ratio", "Mean ÷ deviation of daily returns above the risk-free rate × √(days of a year).", "Sharpe (1994)", better=1),
        Statistic("sharpe_error", "Standard error of Sharpe", error, "ratio", "√((1 − skew·SR + (kurtosis − 1)/4·SR²) ÷ (n − 1)), of a year.", "Lo (2002); Mertens (2002)", better=-1),
        Statistic("sortino", "Sortino", sortino_ratio(excess, year), "ratio", "Mean excess return ÷ downside deviation, of a year.", "Sortino and Price (1994)", better=1),
        Statistic("calmar", "Calmar", base.calmar, "ratio", "Return a year ÷ largest drawdown, of the whole run.", "Young (1991)", better=1),
        Statistic("martin", "Martin", martin, "ratio", "Return a year above the risk-free rate ÷ ulcer index.", "Martin and McCann (1989)", better=1),
        Statistic("omega", "Omega", figures.omega_ratio(excess), "ratio", "Sum of daily returns above the risk-free rate ÷ sum of what fell below it.", "Keating and Shadwick (2002)", better=1),
        Statistic("gain_to_pain", "Gain to pain", gain / loss if loss > 0 else NAN, "ratio", "Sum of daily returns ÷ sum of losses.", "Schwager (2012)", better=1),
        Statistic("stability", "Stability", figures.stability(returns), "ratio", "R² of a line through cumulative log returns.", "empyrical", better=1),
        Statistic("probabilistic_sharpe", "Probabilistic Sharpe", base.probabilistic_sharpe, "percent", "Probability that the true Sharpe ratio is above 0, with the skew and tails of these returns.", "Bailey and López de Prado (2012)", better=1),
        Statistic("deflated_sharpe", f"Deflated Sharpe, {trials} trial{'s' * (trials > 1)}", deflated, "percent", "The same, given that the run was the best of so many trials; with one trial it is the probabilistic Sharpe ratio.", "Bailey and López de Prado (2014)", better=1),
        Statistic("least_track_record", "Track record needed", figures.least_track_record(returns), "count", "Daily returns needed for a Sharpe ratio above 0 at 95 %.", "Bailey and López de Prado (2012)", better=-1),
    )  # fmt: skip
    return Section("ratios", "Ratios", rows)


def _against(run: RunData, series: Series, risk_free: float) -> Section:
    year = run.days_per_year
    rate = math.expm1(math.log1p(risk_free) / year)
    own, other = series.day_returns[1:], series.benchmark_returns[1:]
    alpha, beta = figures.alpha_beta(own, other, year, rate)
    held = series.benchmark[np.isfinite(series.benchmark)]
    total = float(held[-1] / held[0] - 1.0) if len(held) else NAN
    both = len(own) > 1 and float(np.std(own)) > 0 and float(np.std(other)) > 0
    link = float(np.corrcoef(own, other)[0, 1]) if both else NAN
    excess = own - other
    error = float(np.std(excess, ddof=1)) * math.sqrt(year) if len(own) > 1 else NAN
    deepest = float(series.benchmark_underwater.min()) if len(held) else NAN
    symbol = (run.card["benchmark"] or {}).get("symbol", "benchmark")
    rows = (
        Statistic("benchmark_return", f"Return of holding {symbol}", total, "percent", "The benchmark bought at its first close and held, without costs."),
        Statistic("benchmark_sharpe", "Its Sharpe", sharpe_ratio(other - rate, year), "ratio", "As for the run.", "Sharpe (1994)"),
        Statistic("benchmark_drawdown", "Its largest drawdown", deepest, "percent", "Of daily closes."),
        Statistic("excess_return", "Return above it", float(series.day_equity[-1] / run.start - 1.0) - total if len(own) else NAN, "percent", "Return of the run less that of the benchmark.", better=1),
        Statistic("alpha", "Alpha a year", alpha, "percent", "Intercept of daily returns on the benchmark's, both above the risk-free rate, compounded over a year.", "Jensen (1968)", better=1),
        Statistic("beta", "Beta", beta, "ratio", "Slope of daily returns on the benchmark's.", "Sharpe (1964)"),
        Statistic("correlation", "Correlation", link, "ratio", "Of daily returns with the benchmark's (Pearson)."),
        Statistic("tracking_error", "Tracking error", error, "percent", "Deviation of daily returns above the benchmark's, of a year."),
        Statistic("information_ratio", "Information ratio", figures.information_ratio(own, other, year), "ratio", "Mean ÷ deviation of daily returns above the benchmark's, of a year.", "Goodwin (1998)", better=1),
        Statistic("up_capture", "Up capture", figures.capture(own, other, year, 1), "percent", "Annual return on days on which the benchmark rose ÷ the benchmark's on them.", "Morningstar", better=1),
        Statistic("down_capture", "Down capture", figures.capture(own, other, year, -1), "percent", "The same on days on which it fell.", "Morningstar", better=-1),
    )  # fmt: skip
    return Section("benchmark", "Against the benchmark", rows)


def compare(reports: Sequence[Report]) -> tuple[Compared, ...]:
    """Put the statistics of runs side by side, in the order of the first's."""
    if not reports:
        return ()
    return tuple(
        _compared(section.title, each, reports)
        for section in reports[0].sections
        for each in section.statistics
        if all(each.key in report for report in reports)
    )


def _compared(title: str, each: Statistic, reports: Sequence[Report]) -> Compared:
    values = tuple(report[each.key].value for report in reports)
    numbers = [float(x) if not isinstance(x, str) else NAN for x in values]
    known = [x for x in numbers if math.isfinite(x)]
    best = -1
    if each.better and len(set(known)) > 1:
        best = numbers.index(max(known) if each.better > 0 else min(known))
    return Compared(title, each, values, best)


def _extreme(values: np.ndarray, side: int) -> float:
    values = values[np.isfinite(values)]
    return float(side * (side * values).max()) if len(values) else NAN


def _share(flags: np.ndarray) -> float:
    return float(np.mean(flags)) if len(flags) else NAN


def _mean(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else NAN
