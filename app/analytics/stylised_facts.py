"""Stylised facts: what all markets have in common, measured on one recording.

`observe` runs MARKET records through a book and keeps the arrays that matter;
`stylised_facts` reduces them to figures. Both are the same for a recording of a real
venue and for the built-in exchange, so that one can be held to the other.

Time is counted in trades, not in seconds: a trade is all that one aggressor did at one
venue time. The built-in exchange sends messages at an even pace that a user chooses, so
its seconds mean nothing, and its trades do.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.book import BookReplay
from app.engine.records import MARKET, NO_PRICE, EventKind, RecordFlag, TradeCondition

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEVELS: Final = 40
"""Levels per side that `observe` keeps."""
PROFILE: Final = 10
"""Distances of the depth profile."""
RETURN_TRADES: Final = 10
"""Trades that one return spans."""
SIGN_LAGS: Final = (1, 2, 3, 5, 8, 12, 20, 30, 50)
"""Lags, in trades, at which the autocorrelation of signs is fitted."""
_TAIL: Final = 0.05
_TRADES: Final = (EventKind.TRADE, EventKind.ORDER_EXECUTE)
_OUTSIDE: Final = int(
    TradeCondition.AVERAGE_PRICE
    | TradeCondition.LATE
    | TradeCondition.HIDDEN
    | TradeCondition.AUCTION
    | TradeCondition.CROSS
)


@dataclass(frozen=True, slots=True)
class Observations:
    """One instrument's market as arrays; n books, m trades."""

    step: int
    """Price step of orders, price units."""
    bids: Integers
    """(n, LEVELS) prices of bids, best first, price units; NO_PRICE = none."""
    bid_sizes: Integers
    """(n, LEVELS) quantity units."""
    asks: Integers
    ask_sizes: Integers
    trade_book: Integers
    """(m,) the book that each trade met, an index of the rows above."""
    trade_sign: Integers
    """(m,) +1: the aggressor bought."""
    trade_size: Integers
    """(m,) quantity units."""
    adds: int
    """Orders added, replaced ones included; 0 where the data are not by order."""
    cancels: int
    """Orders withdrawn, wholly or in part, replaced ones included."""
    executions: int
    """Resting orders met by a trade."""


@dataclass(frozen=True, slots=True)
class StylisedFacts:
    """Figures of one recording; NaN where its data cannot tell."""

    trades: int
    spread: float
    """Mean spread over all books, price steps."""
    spread_bps: float
    """The same, in 1e-4 of the mid."""
    tight: float
    """Share of books whose spread is one step."""
    spread_to_volatility: float
    """Mean spread over the deviation of the mid from one trade to the next."""
    depth: tuple[float, ...]
    """Mean size by distance from the touch, in spreads; 1 = mean of all distances."""
    sign_memory: tuple[float, ...]
    """Autocorrelation of trade signs at `SIGN_LAGS`."""
    sign_exponent: float
    """Its decay: autocorrelation ~ lag ** -exponent."""
    return_memory: float
    """Autocorrelation of returns, mean of lags 1 to 10."""
    clustering: float
    """Autocorrelation of absolute returns, mean of lags 1 to 10."""
    kurtosis: float
    """Excess kurtosis of returns; 0 = normal."""
    tail: float
    """Hill exponent of absolute returns, largest 5 %."""
    cancels_to_adds: float
    trades_to_adds: float
    """Executions of resting orders for each order added."""
    size_mean: float
    """Mean size of a trade over its median."""
    size_99: float
    """99th percentile of a trade's size over its median."""
    size_tail: float
    """Hill exponent of trade sizes, largest 5 %."""
    size_round: float
    """Share of trades that have the commonest size."""


def autocorrelation(values: Floats, lag: int) -> float:
    """Return the sample autocorrelation at one lag; NaN for a constant series.

    Parameters
    ----------
    values : (n,) float64
        Oldest first.
    lag : int
        From 1; must be less than n.

    Notes
    -----
    Standard error about 1 / sqrt(n) for a series without memory (Bartlett 1946). The
    divisor is n at every lag: Box, Jenkins and Reinsel (2008), equation 2.1.13.
    """
    if not 0 < lag < len(values):
        raise ValueError(f"lag must lie in [1, {len(values) - 1}], was {lag}")
    centred = values - values.mean()
    variance = float(centred @ centred)
    if variance == 0.0:
        return float("nan")
    return float(centred[lag:] @ centred[:-lag]) / variance


def hill_exponent(values: Floats, share: float = _TAIL) -> float:
    """Return the tail exponent of the largest `share` of positive values.

    Notes
    -----
    Hill (1975), "A simple general approach to inference about the tail of a
    distribution", equation 3.2: the inverse of the mean log excess over the largest
    value left out. Standard error exponent / sqrt(k) with k values in the tail.
    """
    ordered = np.sort(values[values > 0])[::-1]
    count = int(share * len(ordered))
    if count < 2:
        return float("nan")
    excess = np.log(ordered[:count] / ordered[count])
    mean = float(excess.mean())
    return 1.0 / mean if mean > 0 else float("nan")


def excess_kurtosis(values: Floats) -> float:
    """Return m4 / m2**2 - 3, moments about the mean (Cont 2001, section 2.2)."""
    centred = values - values.mean()
    second = float(np.mean(centred**2))
    return float(np.mean(centred**4)) / second**2 - 3.0 if second else float("nan")


def decay_exponent(lags: tuple[int, ...], correlations: tuple[float, ...]) -> float:
    """Fit ``c * lag ** -exponent`` by least squares of logarithms.

    Lags from the first non-positive correlation on are left out. Lillo and Farmer
    (2004), "The long memory of the efficient market", find 0.6 on average for shares;
    Bouchaud, Gefen, Potters and Wyart (2004) find 0.2 to 0.7.
    """
    values = np.asarray(correlations)
    end = int(np.argmax(values <= 0)) if (values <= 0).any() else len(values)
    if end < 3:
        return float("nan")
    slope, _ = np.polyfit(np.log(lags[:end]), np.log(values[:end]), 1)
    return -float(slope)


def observe(records: Any, basis: str, step: int) -> Observations:
    """Run one instrument's records through a book.

    Parameters
    ----------
    records : (k,) MARKET
        Of one instrument, in order; trades that are no part of a book's change
        (`TradeCondition`: hidden, auction, late, average price) are left out.
    basis : str
        As `BookReplay` takes it: ``orders`` or ``depth``.
    step : int
        Price step of orders, price units.
    """
    records = np.ascontiguousarray(records, MARKET)
    rows = BookReplay(basis).apply(records, LEVELS)
    kinds = records["kind"]
    live = (records["flags"] & np.uint16(RecordFlag.SNAPSHOT)) == 0
    is_last = (records["flags"] & np.uint16(RecordFlag.LAST)) != 0
    row_before = np.cumsum(is_last) - is_last - 1
    ordinary = (records["conditions"] & np.uint16(_OUTSIDE)) == 0
    matched = np.isin(kinds, _TRADES) & (records["aggressor"] != 0) & ordinary
    places = np.flatnonzero(matched & (row_before >= 0))
    trades = records[places]
    begins = np.ones(len(trades), bool)
    begins[1:] = (np.diff(trades["ts_venue"]) != 0) | (
        np.diff(trades["aggressor"]) != 0
    )
    starts = np.flatnonzero(begins)
    sizes = np.add.reduceat(trades["size"], starts) if len(starts) else starts
    # A modify replaces: it counts as an order withdrawn and an order added.
    added = np.isin(kinds, (EventKind.ORDER_ADD, EventKind.ORDER_MODIFY))
    withdrawn = np.isin(kinds, (EventKind.ORDER_CANCEL, EventKind.ORDER_MODIFY))
    return Observations(
        step=step,
        bids=rows["bid_price"],
        bid_sizes=rows["bid_size"],
        asks=rows["ask_price"],
        ask_sizes=rows["ask_size"],
        trade_book=row_before[places][starts],
        trade_sign=trades["aggressor"][starts].astype(np.int64),
        trade_size=sizes.astype(np.int64),
        adds=int((added & live).sum()),
        cancels=int((withdrawn & live).sum()),
        executions=int((kinds == EventKind.ORDER_EXECUTE).sum()),
    )


def _two_sided(seen: Observations) -> NDArray[np.bool_]:
    bids, asks = seen.bids[:, 0], seen.asks[:, 0]
    good: NDArray[np.bool_] = (bids != NO_PRICE) & (asks != NO_PRICE) & (bids < asks)
    return good


def depth_profile(seen: Observations, width: int) -> tuple[float, ...]:
    """Return mean sizes by distance from the own side's best, over their mean.

    Parameters
    ----------
    width : int
        Of one distance, price steps. Distance j holds prices that are j * width to
        (j + 1) * width - 1 steps behind the best.

    Notes
    -----
    Bouchaud, Mézard and Potters (2002), "Statistical properties of stock order books":
    the mean size rises from the touch to a hump behind it, then falls slowly.
    """
    totals = np.zeros(PROFILE)
    sides = ((seen.bids, seen.bid_sizes), (seen.asks, seen.ask_sizes))
    for prices, sizes in sides:
        there = (prices != NO_PRICE) & (prices[:, :1] != NO_PRICE)
        behind = np.abs(np.where(there, prices - prices[:, :1], 0)) // seen.step
        place = behind // width
        kept = there & (place < PROFILE)
        totals += np.bincount(place[kept], sizes[kept], PROFILE)
    mean = totals.mean()
    return tuple(float(each) for each in totals / mean) if mean else ()


def stylised_facts(seen: Observations) -> StylisedFacts:
    """Reduce one instrument's market to its figures.

    Raises
    ------
    ValueError
        If there are fewer trades than the figures need.

    Notes
    -----
    Cont (2001), "Empirical properties of asset returns: stylized facts and statistical
    issues"; Wyart, Bouchaud, Kockelkoren, Potters and Vettorazzo (2008), "Relation
    between bid-ask spread, impact and volatility in order-driven markets", for the
    ratio of the spread to the volatility of one trade.
    """
    if len(seen.trade_sign) < 30 * RETURN_TRADES:
        raise ValueError(
            f"stylised facts need {30 * RETURN_TRADES} trades, "
            f"there were {len(seen.trade_sign)}"
        )
    good = _two_sided(seen)
    bids = seen.bids[:, 0].astype(np.float64)
    asks = seen.asks[:, 0].astype(np.float64)
    spreads = (asks - bids)[good] / seen.step
    mids = (bids + asks)[good] / 2
    met = good[seen.trade_book]
    at_trade = ((bids + asks) / 2)[seen.trade_book][met]
    per_trade = float(np.diff(at_trade).std()) / seen.step
    returns = np.diff(np.log(at_trade[::RETURN_TRADES]))
    signs = seen.trade_sign.astype(np.float64)
    memory = tuple(autocorrelation(signs, lag) for lag in SIGN_LAGS)
    sizes = seen.trade_size.astype(np.float64)
    median = float(np.median(sizes))
    spread = float(spreads.mean())
    lags = range(1, 11)
    adds = seen.adds or float("nan")
    return StylisedFacts(
        trades=len(signs),
        spread=spread,
        spread_bps=float((spreads * seen.step / mids).mean()) * 1e4,
        tight=float((spreads <= 1.0).mean()),
        spread_to_volatility=spread / per_trade if per_trade else float("nan"),
        depth=depth_profile(seen, max(round(spread), 1)),
        sign_memory=memory,
        sign_exponent=decay_exponent(SIGN_LAGS, memory),
        return_memory=float(np.mean([autocorrelation(returns, lag) for lag in lags])),
        clustering=float(
            np.mean([autocorrelation(np.abs(returns), lag) for lag in lags])
        ),
        kurtosis=excess_kurtosis(returns),
        tail=hill_exponent(np.abs(returns)),
        cancels_to_adds=seen.cancels / adds,
        trades_to_adds=seen.executions / adds,
        size_mean=float(sizes.mean()) / median,
        size_99=float(np.percentile(sizes, 99)) / median,
        size_tail=hill_exponent(sizes),
        size_round=float(np.unique(sizes, return_counts=True)[1].max()) / len(sizes),
    )
