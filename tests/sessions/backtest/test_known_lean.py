"""Answers of Lean's regression suite, from its own daily bars of SPY.

QuantConnect/Lean keeps the statistics that its algorithms must give beside them:
BasicTemplateDailyAlgorithm (Algorithm.CSharp, "ExpectedStatistics") buys SPY with all
it has on 2013-10-08; MACDTrendAlgorithm follows a MACD of 12, 26 and 9 days from 2004
to 2014. Both read adjusted prices: raw ones times the factor file's price and split
factors. Its models, named in the requests here: an order decided at a close is filled
whole at the next open, 0.005 a share are paid, at least 1 an order, and a quantity is
the largest whose value and fee fit into 99.75 % of the equity at the last close.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.data.time_columns import to_utc
from app.instrument import Instrument, InstrumentKind
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import write_ohlc
from tests.shared_data import shared_data

pytestmark = pytest.mark.slow

UNITS = 10**8
"""Price units of a dollar: adjusted prices are not on a tick."""
CLOSE_NS = 16 * 3_600_000_000_000
SIZING = """
import math

from app.strategies import EMA, MACD, Strategy


def affordable(equity, price):
    spare = equity * (1.0 - 0.0025)
    quantity = math.floor(spare / price)
    while quantity * price + max(1.0, 0.005 * quantity) > spare:
        quantity -= 1
    return float(quantity)
"""
BUY = """

class Buy(Strategy):
    def on_bar(self, ctx, bar):
        i = bar.instrument
        if ctx.position(i) == 0.0:
            ctx.market(i, affordable(ctx.equity, bar.close))
"""
MACD_TREND = """

class MacdTrend(Strategy):
    tolerance: float = 0.0025

    def __init__(self):
        self.macd = self.each(MACD, 12, 26, 9)
        self.fast = self.each(EMA, 12)

    def on_bar(self, ctx, bar):
        i = bar.instrument
        fast = self.fast[i].update(bar.close)
        self.macd[i].update(bar.close)
        if not self.macd[i].is_ready:
            return
        change = self.macd[i].histogram / fast
        held = ctx.position(i)
        if held == 0.0 and change > self.tolerance:
            ctx.market(i, affordable(ctx.equity, bar.close))
        elif held > 0.0 and change < -self.tolerance:
            ctx.close(i)
"""


def raw_days() -> Iterator[tuple[str, list[Decimal]]]:
    """Day (``20131008``) and open, high, low, close as traded."""
    with zipfile.ZipFile(shared_data("lean", "equity", "usa", "daily", "spy.zip")) as z:
        text = io.TextIOWrapper(z.open(z.namelist()[0]), "ascii")
        for row in csv.reader(text):
            yield row[0][:8], [Decimal(each) / 10_000 for each in row[1:5]]


def adjusted_days() -> tuple[list[str], np.ndarray]:
    """Days, and their prices times the factors that hold up to and with each row's."""
    file = shared_data("lean", "equity", "usa", "factor_files", "spy.csv")
    with file.open() as text:
        rows = [(row[0], Decimal(row[1]) * Decimal(row[2])) for row in csv.reader(text)]
    days, prices, at = [], [], 0
    for day, raw in raw_days():
        while rows[at][0] < day:
            at += 1
        days.append(day)
        prices.append([round(each * rows[at][1] * UNITS) for each in raw])
    return days, np.array(prices, np.int64)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    days, prices = adjusted_days()
    local = np.array(
        [np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:]}", "ns") for day in days]
    ).astype(np.int64)
    spy = Instrument(
        name="SPY-ADJ",
        kind=InstrumentKind.ETF,
        venue="ARCX",
        currency="USD",
        price_unit=Decimal(1) / UNITS,
        time_zone="America/New_York",
    )
    return write_ohlc(tmp_path, spy, to_utc(local + CLOSE_NS, spy.time_zone), prices)


def ran(catalog: Catalog, folder: Path, strategy: str, **dates: Any) -> Result:
    path = folder / "lean.py"
    path.write_text(SIZING + strategy)
    request = parse_request(
        {
            "symbols": ["SPY-ADJ"],
            "initial_capital": 100_000,
            "strategies": [{"id": "one", "name": str(path)}],
            "fees": {"per_unit": "0.005", "minimum": "1"},
            "models": {
                "order_latency_us": 0,
                "report_latency_us": 0,
                "participation": None,
                "slippage": 0,
            },
            **dates,
        }
    )
    return Result(Backtest(request, catalog).run())


def test_buying_and_holding_ends_with_what_lean_expects(
    catalog: Catalog, tmp_path: Path
) -> None:
    # Lean begins on the 8th with what is known then: the bar of the 7th.
    result = ran(catalog, tmp_path, BUY, start_date="2013-10-07", end_date="2013-10-17")
    assert len(result.data.orders) == 1
    assert result.equity[-1] == pytest.approx(103_463.69, abs=0.005)
    assert result.stats()["fees"] == pytest.approx(3.45, abs=0.005_001)
    assert result.stats()["max_drawdown"] == pytest.approx(0.012, abs=0.000_5)


def test_the_macd_trend_ends_with_what_lean_expects(
    catalog: Catalog, tmp_path: Path
) -> None:
    result = ran(
        catalog, tmp_path, MACD_TREND, start_date="2003-12-31", end_date="2014-12-31"
    )
    assert len(result.data.orders) == 84
    assert len(result.data.trades) == 42
    assert result.equity[-1] == pytest.approx(137_751.04, abs=0.005)
    assert result.stats()["fees"] == pytest.approx(468.54, abs=0.005)
    assert result.stats()["max_drawdown"] == pytest.approx(0.349, abs=0.000_5)
    assert result.stats()["annual_return"] == pytest.approx(0.029_52, abs=0.000_2)
