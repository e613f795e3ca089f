"""Market orders that the next bar fills whole take a short way: to the same bytes."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.data.catalog import Catalog
from app.engine.arena import Section
from app.engine.records import REPORT, ReportType
from app.sessions.backtest.pages import SparePages
from app.sessions.backtest.run import Backtest
from tests.short_ways import (
    BARS,
    FEES,
    LIMITS,
    assert_same,
    drawing_catalog,
    drawing_request,
    drawn_bars,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("bars")
    return drawing_catalog(folder, ("RFUT", "RBTC", "RSTK"))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=BARS,
    seed=st.integers(1, 1000),
    symbol=st.sampled_from(["RSTK", "RSTK", "RFUT", "RBTC"]),
    classes=st.sampled_from(
        [["Drawing"]] * 3
        + [["Hearing"], ["Watching"], ["Listening"], ["Drawing", "Drawing"]]
    ),
    limits=LIMITS,
    fees=FEES,
    kind=st.sampled_from(["unbounded", "unbounded", "margin", "cash"]),
    participation=st.sampled_from([0.1, 0.1, None, 0.0001]),
)
def test_random_orders_leave_the_same_bytes(
    catalog: Catalog,
    rows: Sequence[tuple[int, ...]],
    seed: int,
    symbol: str,
    classes: list[str],
    limits: Any,
    fees: Any,
    kind: str,
    participation: float | None,
) -> None:
    request = drawing_request(
        catalog,
        classes,
        seed,
        [symbol],
        limits=limits,
        fees=fees,
        account={"kind": kind},
        models={"participation": participation},
    )

    assert_same(catalog, request, [rows])


def test_orders_of_a_quiet_run_never_come_to_the_queues(catalog: Catalog) -> None:
    """Else the test above would compare the whole way with itself."""
    request = drawing_request(catalog, ["Drawing"], 5, ["RSTK"])
    backtest = Backtest(request, catalog)
    rows = [(i % 7 - 3, 1, 0, 1_000_000, 0) for i in range(9)]
    data, arena = backtest.composition.data, backtest.composition.arena
    backtest._begin()
    backtest._fold(drawn_bars([rows], data.first_ts).view(data.read().dtype))

    reports = backtest._outcomes(len(rows), 0.0).reports

    assert (reports["report"] == ReportType.FILL).sum() > 1
    assert arena.used(Section.PENDING) == 1


def test_a_page_of_reports_that_is_full_is_turned(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SparePages(0, (8192 + 40) * REPORT.itemsize)
    monkeypatch.setattr("app.sessions.backtest.pages._SPARE", small)
    request = drawing_request(catalog, ["Drawing"], 7, ["RSTK"])
    rows = [(i % 9 - 4, 1, 0, 1_000_000, 0) for i in range(150)]

    assert len(assert_same(catalog, request, [rows])) > 100


def test_a_fee_at_a_price_beyond_32_bits_leaves_the_same_bytes(
    catalog: Catalog,
) -> None:
    request = drawing_request(
        catalog, ["Drawing"], 7, ["RSTK"], fees={"taker": "0.0005"}
    )
    rows = [(i % 9 - 4, 1, 2**33 * (i == 5), 1_000_000, 0) for i in range(40)]

    reports = assert_same(catalog, request, [rows])

    assert reports["fee"].max() > 2**31
