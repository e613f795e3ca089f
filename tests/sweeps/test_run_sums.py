"""The compiled pass over a run against numpy's: the same sums to the last bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.engine.backtest_block import WORTH
from app.engine.records import REPORT, ReportType
from app.sessions.backtest.brief import Brief, BriefMaker, sums_of
from app.sessions.backtest.figures import figures_table
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import days_of, run_data_of, stats_of
from app.sessions.backtest.run import Backtest, Outcomes
from app.sweeps.stage import Stage, Template
from tests.bar_catalog import UNIT, walk, write_bars

pytestmark = pytest.mark.slow
TABLE: dict[str, Any] = {
    "symbols": ["RSTK", "RFUT"],
    "strategies": [
        {"id": name, "name": "SMA Cross", "parameters": given, "allocation": 0.5}
        for name, given in (
            ("one", {"fast": 3, "slow": 9}),
            ("two", {"fast": 5, "slow": 40}),
        )
    ],
    "initialCapital": 10_000_000,
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("sums")
    write_bars(folder, "RSTK", walk(6000, 2))
    return write_bars(folder, "RFUT", walk(6000, 3, start=4000 * UNIT))


@pytest.fixture(scope="module")
def outcomes(catalog: Catalog) -> Outcomes:
    return Backtest(parse_request(TABLE), catalog).run()


def same(brief: Brief, outcomes: Outcomes) -> None:
    days = days_of(outcomes.composition, outcomes.worths["ts"])
    sums, dates, returns = sums_of(outcomes, days)
    assert brief.stats == figures_table(sums)
    assert brief.days.tobytes() == dates.tobytes()
    assert brief.returns.tobytes() == returns.tobytes()


def made_up(outcomes: Outcomes, seed: int, count: int, times: int) -> Outcomes:
    """The same with fills, and with equity, that are made up."""
    rng = np.random.default_rng(seed)
    fills = np.zeros(count, REPORT)
    fills["report"] = rng.choice(
        [ReportType.FILL, ReportType.PENDING_NEW, ReportType.REJECTED],
        count,
        p=(0.8, 0.15, 0.05),
    )
    fills["instrument"], fills["strategy"] = (
        rng.integers(0, 2, count),
        rng.integers(1, 3, count),
    )
    fills["side"] = rng.choice([-1, 1], count)
    # Long trades of many fills, turns, fills of nothing, and many at one time.
    runs = np.repeat(rng.choice([-1, 1], count // 300 + 1), 300)[:count]
    fills["side"] = np.where(rng.random(count) < 0.3, runs, fills["side"])
    fills["last_quantity"] = rng.integers(0, 40, count)
    fills["last_price"] = rng.integers(9_000, 11_000, count)
    fills["fee"] = rng.integers(-5, 900_000_000, count)
    fills["liquidity"] = rng.integers(-1, 2, count)
    fills["ts_venue"] = 10**18 + np.sort(rng.integers(0, count // 2 + 1, count))
    worths = np.zeros(times, WORTH)
    first = int(outcomes.worths["ts"][0])
    worths["ts"] = first + np.arange(times) * 7_000_000_000_000
    worths["equity"] = 10**15 + np.cumsum(rng.integers(-(10**13), 10**13, times))
    worths["gross_exposure"] = rng.integers(0, 2, times)
    return replace(outcomes, reports=fills, worths=worths)


@pytest.mark.parametrize("count", [0, 1, 7, 60, 3_000, 40_000])
def test_sums_are_numpys_to_the_last_bit(outcomes: Outcomes, count: int) -> None:
    maker = BriefMaker(outcomes.composition)

    for seed, times in enumerate((1, 2, 9, 300, 5_000)):
        case = made_up(outcomes, seed, count, times)

        same(maker.make(case), case)


def test_values_beyond_64_bits_are_summed_up_at_length(outcomes: Outcomes) -> None:
    case = made_up(outcomes, 1, 500, 50)
    case.reports["last_price"] = 4_000_000_000
    case.reports["last_quantity"] = 4_000_000_000

    brief = BriefMaker(outcomes.composition).make(case)

    same(brief, case)
    assert brief.stats["trades"] >= 3


def test_a_run_without_a_trade_or_a_time_has_figures(outcomes: Outcomes) -> None:
    case = made_up(outcomes, 1, 0, 0)

    brief = BriefMaker(outcomes.composition).make(case)

    same(brief, case)
    assert brief.stats["sharpe"] is None


@pytest.mark.parametrize("interpreted", [False, True])
def test_a_cell_of_two_strategies_is_the_run_alone(
    catalog: Catalog, *, interpreted: bool
) -> None:
    stage = Stage(Template(TABLE, catalog, interpreted=interpreted))
    rows: list[dict[str, Any]] = [
        {"one": {"fast": 3, "slow": 9}, "two": {"fast": 5, "slow": 40}},
        {"one": {"fast": 2, "slow": 90}, "two": {"fast": 30, "slow": 41}},
    ]

    # Twice: what a cell leaves behind is in no other.
    cells = [stage.run(i, {}, each) for i, each in enumerate([*rows, *rows])]

    for cell, given in zip(cells, [*rows, *rows], strict=True):
        table = {
            **TABLE,
            "strategies": [
                {**each, "parameters": given[each["id"]]}
                for each in TABLE["strategies"]
            ],
        }
        alone = Backtest(parse_request(table), catalog, interpreted=interpreted)
        assert cell.error == ""
        assert cell.stats == run_stats(alone)
    assert cells[0].stats == cells[2].stats != cells[1].stats == cells[3].stats
    assert cells[0].days is cells[2].days


def run_stats(backtest: Backtest) -> dict[str, Any]:
    return stats_of(run_data_of(backtest.run()))
