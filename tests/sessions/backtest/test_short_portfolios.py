"""Orders in several instruments whose bars close together take the short way as well.

To the same bytes, whatever their calendars: bars that are missing, come late or twice,
and an instrument whose data end early.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.data.catalog import Catalog
from app.data.instrument_master import InstrumentMaster
from app.engine.arena import Section
from app.engine.records import ReportType
from app.sessions.backtest.run import Backtest
from tests.short_ways import (
    FEES,
    LIMITS,
    Row,
    assert_same,
    drawing_catalog,
    drawing_request,
    drawn_bars,
)

pytestmark = pytest.mark.slow

_SYMBOLS = ["RSTK", "RFUT", "RBTC"]
_STOCKS = ["RSTK", "RSTK2"]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("bars")
    master = InstrumentMaster.beside(folder / "catalog")
    master.add(replace(master.instrument(_STOCKS[0]), name=_STOCKS[1]))
    master.save()
    return drawing_catalog(folder, [*_SYMBOLS, _STOCKS[1]])


def _rows(count: int, seed: int, odd: float) -> list[Row]:
    """Bars of an instrument; `odd` is how often one is not like the others."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for change in random.integers(-50, 51, count).tolist():
        minutes, gap, volume, late = 1, 0, 1_000_000, 0
        if random.random() < odd:
            which = int(random.integers(4))
            minutes = int(random.choice([0, 2, 3])) if which == 0 else 1
            gap = int(random.choice([-700, 700])) if which == 1 else 0
            volume = int(random.choice([0, 300])) if which == 2 else volume
            late = 30 if which == 3 else 0
        rows.append((change, minutes, gap, volume, late))
    return rows


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lengths=st.lists(st.integers(20, 90), min_size=2, max_size=3),
    seed=st.integers(1, 10_000),
    odd=st.sampled_from([0.0, 0.02, 0.2]),
    order=st.permutations(_SYMBOLS),
    classes=st.sampled_from(
        [
            ["Drawing"],
            ["Together"],
            ["Hearing"],
            ["Watching"],
            ["Listening"],
            ["Drawing", "Together"],
            ["Listening", "Watching"],
        ]
    ),
    limits=LIMITS,
    fees=FEES,
    kind=st.sampled_from(["unbounded", "unbounded", "margin", "cash"]),
)
def test_random_orders_in_several_instruments_leave_the_same_bytes(
    catalog: Catalog,
    lengths: list[int],
    seed: int,
    odd: float,
    order: list[str],
    classes: list[str],
    limits: Any,
    fees: Any,
    kind: str,
) -> None:
    symbols = order[: len(lengths)]
    request = drawing_request(
        catalog,
        classes,
        seed,
        symbols,
        limits=limits,
        fees=fees,
        account={"kind": kind},
    )
    drawn = [_rows(count, seed + i, odd) for i, count in enumerate(lengths)]

    assert_same(catalog, request, drawn)


@pytest.mark.parametrize("name", ["Steady", "Counting"])
def test_orders_of_a_quiet_portfolio_never_come_to_the_queues(
    catalog: Catalog, name: str
) -> None:
    """Else the test above would compare the whole way with itself."""
    request = drawing_request(catalog, [name], 3, _STOCKS)
    backtest = Backtest(request, catalog)
    data, arena = backtest.composition.data, backtest.composition.arena
    drawn = [_rows(5, seed, 0.0) for seed in range(2)]
    bars = drawn_bars(drawn, data.first_ts)
    backtest._begin()
    backtest._fold(bars.view(data.read().dtype))

    reports = backtest._outcomes(len(bars), 0.0).reports

    filled = reports[reports["report"] == ReportType.FILL]
    assert np.unique(filled["ts_received"], return_counts=True)[1].tolist() == [2] * 4
    assert arena.used(Section.PENDING) == 1


def test_an_order_whose_bar_is_missing_hands_over_those_before_it(
    catalog: Catalog,
) -> None:
    """A bar too small for the third order: the two before it are on their way."""
    request = drawing_request(catalog, ["Together"], 3, _SYMBOLS[:2])
    rows = _rows(60, 7, 0.0)
    small = [(*row[:3], 1 if i % 3 else 1_000_000, 0) for i, row in enumerate(rows)]

    reports = assert_same(catalog, request, [rows, small])

    assert (reports["report"] == ReportType.FILL).sum() > 10
