"""Bars that concern no order take a short way through the venue: to the same bytes."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.data.catalog import Catalog
from app.engine.arena import Section
from app.engine.records import BAR, EventKind, Reason, RecordFlag, ReportType
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.run import Backtest, Outcomes
from tests.arena_bytes import arena_bytes
from tests.bar_catalog import UNIT, walk, write_bars
from tests.short_ways import on_the_whole_way

pytestmark = pytest.mark.slow


def _ran(catalog: Catalog, request: Any, *, short: bool) -> Outcomes:
    backtest = Backtest(request, catalog)
    with nullcontext() if short else on_the_whole_way(backtest):
        return backtest.run()


def _assert_same(catalog: Catalog, request: Any) -> Outcomes:
    short = _ran(catalog, request, short=True)
    whole = _ran(catalog, request, short=False)
    assert short.reports.tobytes() == whole.reports.tobytes()
    assert short.worths.tobytes() == whole.worths.tobytes()
    ours, theirs = (arena_bytes(each.composition.arena) for each in (short, whole))
    assert [name for name in ours if ours[name] != theirs[name]] == []
    return short


def _request(names: list[str], symbols: list[str], **terms: Any) -> Any:
    each = [{"id": name, "name": name, "allocation": 0.4} for name in names]
    return parse_request({"symbols": symbols, "strategies": each, **terms})


@pytest.mark.parametrize("name", ["Mean Reversion", "SMA Cross", "Donchian Breakout"])
def test_shipped_strategies_leave_the_same_bytes(tmp_path: Path, name: str) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(3000, 5))

    outcomes = _assert_same(catalog, _request([name], ["RSTK"]))

    assert len(outcomes.reports) > 10


def test_two_strategies_in_two_instruments_with_limits(tmp_path: Path) -> None:
    write_bars(tmp_path, "RSTK", walk(3000, 6))
    catalog = write_bars(tmp_path, "RFUT", walk(3000, 7, start=4000 * UNIT))
    names = ["Mean Reversion", "Donchian Breakout"]
    request = _request(names, ["RSTK", "RFUT"], limits={"max_drawdown": 3000})

    _assert_same(catalog, request)


@pytest.mark.parametrize("names", [["Mean Reversion"], ["Mean Reversion", "SMA Cross"]])
def test_a_loss_limit_that_breaks_between_orders(
    tmp_path: Path, names: list[str]
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(3000, 5))
    request = _request(names, ["RSTK"], limits={"max_drawdown": 20})

    outcomes = _assert_same(catalog, request)

    told = outcomes.reports["report"] == ReportType.STATE
    reasons = set(outcomes.reports["reason"][told])
    assert Reason.MAX_DRAWDOWN in reasons


@pytest.mark.parametrize("names", [["Donchian Breakout"] * 2, ["SMA Cross"] * 3])
def test_strategies_that_hold_the_same_instrument(
    tmp_path: Path, names: list[str]
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(2000, 9))
    each = [
        {"id": f"{name} {i}", "name": name, "allocation": 0.1 + 0.1 * i}
        for i, name in enumerate(names)
    ]
    request = parse_request({"symbols": ["RSTK"], "strategies": each})

    outcomes = _assert_same(catalog, request)

    account = outcomes.composition.arena.records(Section.ACCOUNTS)
    assert account[0]["unrealised"] == account["unrealised"][1:].sum()
    assert account[0]["realised"] == account["realised"][1:].sum()


_BARS = st.lists(
    st.tuples(
        st.integers(-50, 50),  # close less open
        st.integers(-20, 60),  # high above the higher of both; below it is unsound
        st.integers(-20, 60),  # low below the lower of both
        st.integers(0, 3),  # minutes since the bar before: several of one time
        st.booleans(),  # a gap before the open
    ),
    min_size=40,
    max_size=120,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=_BARS)
def test_random_bars_leave_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("bars")
    catalog = write_bars(folder, "RSTK", walk(len(rows), 8))
    bars = _made(rows)
    backtests = []
    for short in (True, False):
        request = _request(["Mean Reversion"], ["RSTK"])
        backtest = Backtest(request, catalog)
        bars["ts_received"] += backtest.composition.data.first_ts
        bars["ts_venue"] = bars["ts_received"]
        with nullcontext() if short else on_the_whole_way(backtest):
            backtest._begin()
            backtest._fold(bars.view(backtest.composition.data.read().dtype))
            backtest._end()
        bars["ts_received"] -= backtest.composition.data.first_ts
        backtests.append(arena_bytes(backtest.composition.arena))
    ours, theirs = backtests
    assert [name for name in ours if ours[name] != theirs[name]] == []


def _made(rows: list[tuple[int, ...]]) -> Any:
    """BAR records of what Hypothesis drew."""
    bars = np.zeros(len(rows), BAR)
    price, ts = 1_000_000, 0
    for bar, (change, above, below, minutes, gaps) in zip(bars, rows, strict=True):
        opened = price + 700 * gaps
        ts += minutes * 60_000_000_000
        bar["kind"], bar["flags"] = EventKind.BAR, RecordFlag.LAST
        bar["volume"] = 100_000
        bar["ts_received"], bar["open"] = ts, opened
        bar["close_offset"] = 100 * change
        bar["high_offset"] = max(0, 100 * change) + 100 * above
        bar["low_offset"] = min(0, 100 * change) - 100 * below
        price = opened + 100 * change
    return bars


def test_more_bars_of_one_time_than_may_wait_leave_the_same_bytes(
    tmp_path: Path,
) -> None:
    rows: list[tuple[int, ...]] = [(i % 7 - 3, 5, 5, 0, False) for i in range(5_000)]
    rows += [(1, 5, 5, 1, False)] * 3
    catalog = write_bars(tmp_path, "RSTK", walk(len(rows), 8))
    bars = _made(rows)
    found = []
    for short in (True, False):
        request = _request(["Mean Reversion"], ["RSTK"])
        backtest = Backtest(request, catalog, interpreted=True)
        arena, data = backtest.composition.arena, backtest.composition.data
        made = bars.copy()
        made["ts_received"] += data.first_ts
        made["ts_venue"] = made["ts_received"]
        with nullcontext() if short else on_the_whole_way(backtest):
            backtest._begin()
            backtest._fold(made.view(data.read().dtype))
            backtest._end()
        calls = int(arena.records(Section.STRATEGIES)["calls"][1])
        found.append((calls, arena_bytes(arena)))
    (calls, ours), (expected, theirs) = found
    assert calls == expected == len(rows)
    assert [name for name in ours if ours[name] != theirs[name]] == []
