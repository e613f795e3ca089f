"""The peers' workload of bars as a request: the trades and the P&L that it expects.

The expected ones are those of the hand-written loop beside the peers' benchmarks, which
vectorbt, backtesting.py and backtrader are compared with as well.
"""

from pathlib import Path

import numpy as np
import pytest

from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from benchmarks.peer_data import REVERSION, SUMS, write_bars
from benchmarks.peers import bars_request
from benchmarks.shared_peers import peers_folder, workload

pytestmark = pytest.mark.slow

BARS = 100_000


@pytest.fixture(autouse=True)
def _at_hand() -> None:
    if not (peers_folder() / "bars_data.py").exists():
        pytest.skip(f"the peers' benchmarks are absent: {peers_folder()}")


def ran(
    folder: Path, source: str, symbols: int
) -> tuple[Result, dict[str, np.ndarray]]:
    defined = workload("bars_data")
    data = defined.make(BARS, symbols)
    catalog, names = write_bars(folder, data)
    path = folder / "reversion.py"
    path.write_text(source)
    request = bars_request(names, defined.CASH, defined.FEE, path)
    return Result(Backtest(request, catalog).run()), data


@pytest.mark.parametrize("symbols", [1, 3])
def test_trades_and_equity_are_those_of_the_peers_reference(
    tmp_path: Path, symbols: int
) -> None:
    defined, loop = workload("bars_data"), workload("bars_numba_ref")
    result, data = ran(tmp_path, SUMS, symbols)

    fills, trades, equity = loop.run(
        data["open"],
        data["close"],
        defined.LOOKBACK,
        defined.ENTRY,
        defined.EXIT,
        defined.SIZE,
        defined.FEE,
        defined.CASH,
    )
    assert len(result.fills) == fills
    assert np.count_nonzero(result.data.trades["closed"]) == trades
    # After each bar; the loop's own sums of money are off by some 1e-7 at the end.
    np.testing.assert_allclose(result.equity[:-1], equity, rtol=0, atol=1e-5)


def test_the_indicator_that_ships_decides_otherwise_only_where_a_score_is_a_tie(
    tmp_path: Path,
) -> None:
    sums, data = ran(tmp_path / "sums", SUMS, 1)
    shipped, _ = ran(tmp_path / "shipped", REVERSION, 1)

    cents = np.rint(data["close"][:, 0] * 100).astype(np.int64)
    window = np.lib.stride_tricks.sliding_window_view(cents, 20)
    away = 20 * window[:, -1] - window.sum(1)
    spread = 20 * (window * window).sum(1) - window.sum(1) ** 2
    is_tie = (away * away == 4 * spread) | (4 * away * away == spread)
    ties = data["ts"][19:][is_tie]

    one, other = sums.data.fills["decided_ts"], shipped.data.fills["decided_ts"]
    apart = np.setxor1d(one, other)
    # A position that a tie opened or left open is closed later, without a tie.
    begins = apart[np.isin(apart, ties)]
    assert 0 < len(begins) <= len(apart) <= 3 * len(begins)
