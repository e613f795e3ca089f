"""Bars that reach no order of ours that rests stay in the loop of bars: same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.data.catalog import Catalog
from app.engine.arena import Section
from app.engine.backtest_block import Run
from app.engine.records import Reason, ReportType
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import MINUTE, walk, write_bars
from tests.short_ways import (
    BARS,
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
_CLASSES = [["Resting"], ["Exiting"], ["Resting", "Exiting"], ["Resting", "Drawing"]]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return drawing_catalog(tmp_path_factory.mktemp("bars"), _SYMBOLS)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=BARS,
    seed=st.integers(1, 1000),
    symbol=st.sampled_from(["RSTK", "RSTK", "RFUT", "RBTC"]),
    classes=st.sampled_from(_CLASSES),
    limits=LIMITS,
    fees=FEES,
    kind=st.sampled_from(["unbounded", "unbounded", "margin", "cash"]),
    models=st.sampled_from(
        [
            {},
            {},
            {"participation": 0.0001},
            {"participation": None},
            {"limit_rule": "touch"},
        ]
    ),
)
def test_random_orders_that_rest_leave_the_same_bytes(
    catalog: Catalog,
    rows: Sequence[Row],
    seed: int,
    symbol: str,
    classes: list[str],
    limits: Any,
    fees: Any,
    kind: str,
    models: dict[str, Any],
) -> None:
    request = drawing_request(
        catalog,
        classes,
        seed,
        [symbol],
        limits=limits,
        fees=fees,
        account={"kind": kind},
        models=models,
    )

    assert_same(catalog, request, [rows])


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    drawn=st.lists(BARS, min_size=2, max_size=3),
    seed=st.integers(1, 1000),
    order=st.permutations(_SYMBOLS),
    classes=st.sampled_from(
        [*_CLASSES, ["Resting", "Together"], ["Listening", "Resting"]]
    ),
    limits=LIMITS,
)
def test_random_orders_that_rest_in_several_instruments_leave_the_same_bytes(
    catalog: Catalog,
    drawn: list[list[Row]],
    seed: int,
    order: list[str],
    classes: list[str],
    limits: Any,
) -> None:
    request = drawing_request(
        catalog, classes, seed, order[: len(drawn)], limits=limits
    )

    assert_same(catalog, request, drawn)


def _before_the_close(folder: Path) -> Catalog:
    """Bars from half an hour before the exchange closes."""
    catalog = drawing_catalog(folder, ())
    begin = np.datetime64("2023-11-21T20:30:00", "ns").astype(np.int64)
    write_bars(folder, "AMZN", walk(200, 3), ts=begin + MINUTE * np.arange(1, 201))
    return catalog


def test_orders_for_the_day_end_with_it(tmp_path: Path) -> None:
    catalog = _before_the_close(tmp_path)
    night = 1050
    rows = [(i % 7 - 3, night if i == 33 else 1, 0, 1_000_000, 0) for i in range(90)]
    reasons: set[int] = set()

    for seed in range(1, 9):
        request = drawing_request(catalog, ["Resting"], seed, ["AMZN"])
        reasons |= set(assert_same(catalog, request, [rows])["reason"].tolist())

    assert Reason.EXPIRED in reasons


def _rows(count: int) -> list[Row]:
    return [(i % 7 - 3, 1, 0, 1_000_000, 0) for i in range(count)]


@pytest.mark.parametrize("symbols", [["RSTK"], ["RSTK", "RFUT"]])
def test_bars_between_orders_that_rest_stay_in_the_loop(
    catalog: Catalog, symbols: list[str]
) -> None:
    """Else the tests above would compare the whole way with itself."""
    request = drawing_request(catalog, ["Far"], 1, symbols)
    backtest = Backtest(request, catalog)
    data, arena = backtest.composition.data, backtest.composition.arena
    bars = drawn_bars([_rows(300)] * len(symbols), data.first_ts)
    backtest._begin()
    backtest._fold(bars.view(data.read().dtype))

    assert arena.records(Section.WORKING)[0]["count"] == 5
    assert arena.records(Section.CONDITIONAL)[0]["next_expiry"] > 0
    assert backtest._block[Run.TURN] < 8


def test_a_bar_that_touches_a_price_leaves_the_loop(catalog: Catalog) -> None:
    """A limit remembers the bar that touched it, and the next one fills it."""
    request = drawing_request(catalog, ["Far"], 1, ["RSTK"])
    rows = _rows(40)
    # The limit rests at 69.97, 30 below the first close; the bar falls there from 99.97
    # and goes 0.05 lower than its open.
    rows[20] = (0, 1, 700_200 - 999_700, 1_000_000, 0)

    assert_same(catalog, request, [rows[:21]])
    reports = assert_same(catalog, request, [rows])

    fills = reports[reports["report"] == ReportType.FILL]
    assert 699_700 in fills["last_price"]


def test_a_limit_for_the_close_that_is_withdrawn_leaves_nothing(
    catalog: Catalog,
) -> None:
    """The venue counts it until a bar is acted out, as that of the next order is."""
    request = drawing_request(catalog, ["Withdrawing"], 1, ["RSTK"])

    reports = assert_same(catalog, request, [_rows(20)])

    assert ReportType.FILL in reports["report"]
