"""An answer of backtesting.py's test suite over its monthly bars of BTCUSD.

`test_FractionalBacktest` runs averages of 2 and 3 closes from 2015 on with 100 in cash,
all of the equity in each trade, in millionths of a coin: 41 trades that ended, the
first entered at 236.69 where the fast average stands at 234.14. Its models, named in
the request: filled whole at the next open, sized by the price of the fill, no fees.
Run here, version 0.6.6 ended with 2493.75635; the trade that is still open is in it.
"""

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.instrument import Instrument, InstrumentKind
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import write_ohlc
from tests.shared_data import shared_data

pytestmark = pytest.mark.slow


def months() -> tuple[np.ndarray, np.ndarray]:
    """Ends of the months from 2015 on, ns, and prices in cents, (n, 4)."""
    with shared_data("backtestingpy", "BTCUSD.csv").open() as text:
        rows = [row for row in [*csv.reader(text)][1:] if row[0] >= "2015"]
    ends = np.array([row[0] for row in rows], "datetime64[ns]").astype(np.int64)
    prices = [[round(Decimal(each) * 100) for each in row[1:5]] for row in rows]
    return ends, np.array(prices, np.int64)


def test_a_reversing_cross_in_millionths_gives_what_backtesting_py_says(
    tmp_path: Path,
) -> None:
    coin = Instrument(
        name="BTC-MONTHS",
        kind=InstrumentKind.CRYPTO_SPOT,
        venue="BITSTAMP",
        currency="USD",
        price_unit=Decimal("0.01"),
        quantity_unit=Decimal("0.000001"),
    )
    ends, prices = months()
    catalog = write_ohlc(tmp_path, coin, ends, prices)
    request = parse_request(
        {
            "symbols": [coin.name],
            "initial_capital": 100,
            "strategies": [{"name": "SMA Cross", "parameters": {"fast": 2, "slow": 3}}],
            "models": {
                "order_latency_us": 0,
                "report_latency_us": 0,
                "participation": None,
                "sizing": "at_fill",
            },
        }
    )
    result = Result(Backtest(request, catalog).run())
    trades = result.data.trades

    assert np.count_nonzero(trades["closed"]) == 41
    assert result.data.fills["price"][0] == pytest.approx(236.69)
    entry = int(np.searchsorted(ends, trades["opened"][0]))
    assert prices[entry - 1 : entry + 1, 3].mean() / 100 == pytest.approx(234.14)
    assert result.equity[-1] == pytest.approx(2493.75635, rel=1e-6)
