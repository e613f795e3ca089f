"""What a report is made of; plain frozen values that window, page and file read."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.analytics.run_data import Floats, RunData, Table, Times

Format = Literal[
    "money",  # base currency
    "percent",  # a fraction, told in per cent
    "ratio",  # a plain number
    "count",  # whole
    "days",
    "seconds",
    "bps",  # a fraction, told in 1/10,000
    "text",
    "date",  # ns since 1970 UTC
]
Level = Literal["good", "note", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One figure.

    Attributes
    ----------
    key : str
        Its name in files, unique in a report.
    label : str
        Its name for people.
    value : float, int or str
        NaN where it is not defined.
    format : Format
        What the value is.
    definition : str
        How it is worked out, in a sentence.
    source : str
        Author and year; "" where there is nothing to cite.
    better : int
        +1 if more is better, -1 if less is, 0 if neither.
    """

    key: str
    label: str
    value: float | str
    format: Format
    definition: str
    source: str = ""
    better: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """Statistics that belong together, as return, risk or costs do."""

    key: str
    title: str
    statistics: tuple[Statistic, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that a reader of a run should know before believing it.

    Attributes
    ----------
    key, title : str
    level : Level
    found : str
        What was found, with its figures.
    why : str
        Why it matters.
    """

    key: str
    title: str
    level: Level
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall of the equity from a peak, until the peak was reached again.

    Attributes
    ----------
    peak_ts, trough_ts, recovered_ts : int
        ns since 1970 UTC; recovered 0 if it was not.
    depth : float
        Positive fraction of the peak.
    days : float
        From the peak until it was reached again, or the end; calendar days.
    to_trough_days : float
    """

    peak_ts: int
    trough_ts: int
    recovered_ts: int
    depth: float
    days: float
    to_trough_days: float


@dataclass(frozen=True, slots=True)
class Months:
    """Returns of months.

    Attributes
    ----------
    years : (y,) int64
        Ascending.
    returns : (y, 12) float64
        NaN where there is none.
    yearly : (y,) float64
    benchmark_yearly : (y,) float64
        NaN where there is no benchmark.
    """

    years: NDArray[np.int64]
    returns: Floats
    yearly: Floats
    benchmark_yearly: Floats


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between edges: `counts` (n,), `edges` (n + 1,)."""

    edges: Floats
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """Curves of a report; daily ones have one value for each trade date.

    Attributes
    ----------
    ts, equity, underwater : (n,)
        At each time of the run; underwater ≤ 0, a fraction of the peak.
    gross_share, net_share : (n,) float64
        Exposure as a fraction of equity.
    day_ts : (d,) int64
        Time of the last value of each trade date.
    days : (d,) int64
        Trade dates, days since 1970.
    day_equity, day_returns : (d,) float64
    benchmark, benchmark_returns, benchmark_underwater : (d,) float64
        The initial capital held in the benchmark; NaN where there is no price.
    window : int
        Trade dates that the rolling figures look back over.
    rolling_sharpe, rolling_volatility, rolling_beta : (d,) float64
        Of a year; NaN until the window is full.
    """

    ts: Times
    equity: Floats
    underwater: Floats
    gross_share: Floats
    net_share: Floats
    day_ts: Times
    days: Times
    day_equity: Floats
    day_returns: Floats
    benchmark: Floats
    benchmark_returns: Floats
    benchmark_underwater: Floats
    window: int
    rolling_sharpe: Floats
    rolling_volatility: Floats
    rolling_beta: Floats


@dataclass(frozen=True)
class Breakdown:
    """Closed trades by something: hour, weekday, month, symbol, side, strategy, exit.

    Attributes
    ----------
    key, title : str
    table : Table
        Columns: group (text), trades, win_rate, pnl, average, fees, hold_s,
        profit_factor.
    """

    key: str
    title: str
    table: Table


@dataclass(frozen=True)
class Report:
    """All that is told of a run.

    Attributes
    ----------
    run : RunData
    sections : tuple of Section
    series : Series
    months : Months
    daily_histogram : Histogram
        Of daily returns.
    pnl_histogram : Histogram
        Of closed trades, base currency.
    drawdowns : tuple of Drawdown
        Deepest first.
    breakdowns : tuple of Breakdown
        hour, weekday, month, symbol, side, strategy, exit.
    rejects : dict of reason to count
    flags : tuple of Flag
    risk_free : float
        A year, a fraction.
    trials : int
        Runs that this one was chosen from.
    """

    run: RunData
    sections: tuple[Section, ...]
    series: Series
    months: Months
    daily_histogram: Histogram
    pnl_histogram: Histogram
    drawdowns: tuple[Drawdown, ...]
    breakdowns: tuple[Breakdown, ...]
    rejects: dict[str, int]
    flags: tuple[Flag, ...]
    risk_free: float = 0.0
    trials: int = 1
    _by_key: dict[str, Statistic] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {each.key: each for part in self.sections for each in part.statistics}
        object.__setattr__(self, "_by_key", found)

    def __getitem__(self, key: str) -> Statistic:
        """A statistic by its key."""
        return self._by_key[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def value(self, key: str) -> Any:
        """Value of a statistic by its key."""
        return self._by_key[key].value

    def breakdown(self, key: str) -> Breakdown:
        """A breakdown by its key."""
        return next(each for each in self.breakdowns if each.key == key)


@dataclass(frozen=True, slots=True)
class Compared:
    """One statistic of several runs.

    Attributes
    ----------
    section : str
        Title of its section.
    statistic : Statistic
        Of the first run; its words hold for all.
    values : tuple
        One a run, in their order.
    best : int
        Which is best; -1 where none is.
    """

    section: str
    statistic: Statistic
    values: tuple[float | str, ...]
    best: int
