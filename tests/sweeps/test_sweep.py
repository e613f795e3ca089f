"""Sweeps over made bars: the rows of single runs, whatever the number of threads."""

import csv
import json
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.__main__ import main
from app.data.catalog import Catalog
from app.errors import RequestError, RunError
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from app.strategies.compiling import watched
from app.sweeps.axes import Axis, grid, parse_axis, sample
from app.sweeps.report import failure_lines, sweep_table, walk_table, write_csv
from app.sweeps.stage import Cell, Stage, Template
from app.sweeps.store import (
    delete_sweep,
    list_sweeps,
    load_sweep,
    load_walk,
    save_sweep,
)
from app.sweeps.sweep import Sweep, SweepResult, SweepTerms, best_of, pool_over
from app.sweeps.walk_forward import span_of, walk_forward
from app.sweeps.windows import parse_scheme, windows_of
from tests.bar_catalog import UNIT, walk, write_bars

pytestmark = pytest.mark.slow
BARS = 6000


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("sweeps")
    write_bars(folder, "RSTK", walk(BARS, 2))
    return write_bars(folder, "RFUT", walk(BARS, 3, start=4000 * UNIT))


def terms_of(*axes: str, name: str = "SMA Cross", **more: Any) -> SweepTerms:
    table = {
        "symbols": ["RSTK", "RFUT"],
        "strategies": [{"id": "one", "name": name}],
        "initialCapital": 10_000_000,
        **more,
    }
    read = [parse_axis(each) for each in axes]
    return SweepTerms(table, read, grid(read))


def run(catalog: Catalog, terms: SweepTerms, threads: int = 2) -> SweepResult:
    return Sweep(terms, pool_over(catalog, threads=threads)).run()


def rows(cells: Sequence[Cell]) -> list[tuple[Any, ...]]:
    return [
        (c.number, c.values, c.stats, c.days.tobytes(), c.returns.tobytes(), c.error)
        for c in cells
    ]


def test_a_cell_is_the_run_of_its_request(catalog: Catalog) -> None:
    result = run(catalog, terms_of("fast=3:9:3", "slow=12,40", "interval=1m"))

    assert len(result.cells) == 6
    for cell in result.cells:
        alone = Result(Backtest(result.request_of(cell), catalog).run())
        assert cell.stats == alone.stats()
        assert cell.stats["trades"] > 5
        assert math.prod(1.0 + cell.returns) == pytest.approx(
            1.0 + cell.stats["total_return"]
        )


def test_a_cell_over_several_instruments_has_room_for_each(tmp_path: Path) -> None:
    """The loop of bars keeps a row for each, in memory that Python owns."""
    write_bars(tmp_path, "RSTK", walk(400, 0))
    several = write_bars(tmp_path, "REUR", walk(400, 1))
    terms = terms_of("fast=3,5")
    table = {**terms.table, "symbols": ["RSTK", "REUR"], "rates": {"EUR": 1.1}}
    template = Template(table, several)

    result = run(several, replace(terms, table=table))

    assert len(Stage(template)._backtest._lanes) == 2
    for cell in result.cells:
        alone = Result(Backtest(result.request_of(cell), several).run())
        assert cell.stats == alone.stats()
        assert cell.stats["trades"] > 5


def test_threads_change_nothing(catalog: Catalog) -> None:
    terms = terms_of("fast=2:21:1", "slow=30:50:10", "models.participation=0.1,0.01")

    one, four = run(catalog, terms, 1), run(catalog, terms, 4)

    assert rows(one.cells) == rows(four.cells)
    assert [each.number for each in four.cells] == [*range(120)]
    assert one.best is not None
    assert len({each.stats["final_equity"] for each in one.cells}) > 60


def test_terms_of_the_request_are_varied(catalog: Catalog) -> None:
    result = run(catalog, terms_of("one.allocation=0.5,1", "fees.taker=0,0.001"))

    fees = [each.stats["fees"] for each in result.cells]
    assert fees[0] == fees[2] == 0.0 < fees[1] < fees[3]
    alone = Backtest(result.request_of(result.cells[3]), catalog).run()
    assert Result(alone).stats() == result.cells[3].stats


def test_a_cell_that_breaks_a_rule_is_a_row_with_its_reason(catalog: Catalog) -> None:
    result = run(catalog, terms_of("fast=0,5", "models.queue=exact,soon"))

    errors = [each.error for each in result.cells]
    assert "fast must lie in [1, 5000], was 0" in errors[0]
    assert "models.queue must be one of" in errors[1]
    assert errors[2] == ""
    assert result.best is result.cells[2]
    assert result.cells[0].stats == {}


def test_cells_whose_parameters_break_a_rule_are_not_run(
    catalog: Catalog, tmp_path: Path
) -> None:
    terms = terms_of("fast=5,12,40", "slow=12,50")
    names = "fast must be less than slow"

    result = run(catalog, terms)

    assert [each.is_refused for each in result.cells] == [False] * 2 + [True, False] * 2
    assert result.cells[2].error == result.cells[4].error == f"SMA Cross: {names}"
    assert (result.refused, result.failed, len(result.known)) == (2, 0, 4)
    assert result.returns[1].shape[1] == 4
    assert result.deflated.trials == 4
    assert failure_lines(result) == [
        "2 cells not run, since parameters break a rule:",
        f"  SMA Cross: {names} (2)",
    ]
    told = sweep_table(result)
    assert (told["sweep"]["refused"], told["sweep"]["failed"]) == (2, 0)
    assert [each["is_refused"] for each in told["cells"]].count(True) == 2
    write_csv(result, tmp_path / "cells.csv")
    with (tmp_path / "cells.csv").open() as file:
        states = [each["state"] for each in csv.DictReader(file)]
    assert states == ["run", "run", "not run", "run", "not run", "run"]
    kept = save_sweep(tmp_path / "kept", result)
    assert load_sweep(kept).refused == list_sweeps(kept.parent)[0].refused == 2


def test_a_sample_and_a_walk_forward_go_past_what_is_not_run(catalog: Catalog) -> None:
    terms = terms_of("fast=5,40", "slow=12,50")
    drawn = replace(terms, points=sample(terms.axes, 3, 1), seed=1)
    windows = windows_of(parse_scheme("2d:1d"), *span_of(terms, catalog))

    result = run(catalog, drawn)
    walk = walk_forward(terms, windows, pool_over(catalog, threads=2))

    for cell in result.cells:
        assert cell.is_refused == (cell.values["fast"] >= cell.values["slow"])
    assert walk.is_whole
    assert [(each.refused, each.failed) for each in walk.steps] == [(1, 0)] * len(
        walk.steps
    )
    assert all(each.outside and each.outside.stats for each in walk.steps)


FAILING = """from app.strategies import *


class Own(Strategy):
    after: int = 5
    length: int = 3

    def __init__(self):
        if self.length > 100:
            raise ValueError("too long")
        self.seen = 0
        self.kept = np.zeros(self.length)

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen > self.after:
            raise ValueError("enough")
        ctx.target(bar.instrument, 1.0)
"""


@pytest.mark.parametrize("interpreted", [False, True])
def test_a_strategy_that_fails_is_a_row(
    catalog: Catalog, tmp_path: Path, *, interpreted: bool
) -> None:
    own = tmp_path / "own.py"
    own.write_text("import numpy as np\n" + FAILING)
    terms = terms_of("after=7,100000", "length=3,2000,50", name=str(own))

    result = Sweep(terms, pool_over(catalog, threads=2, interpreted=interpreted)).run()

    errors = [each.error for each in result.cells]
    assert all("on_bar" in each and "event" in each for each in (errors[0], errors[2]))
    assert "too long" in errors[1]
    assert "too long" in errors[4]
    assert errors[3] == errors[5] == ""
    assert result.cells[3].stats == result.cells[5].stats


def test_a_sweep_is_cancelled(catalog: Catalog) -> None:
    terms = terms_of("fast=2:101:1", "slow=30:200:1")
    sweep = Sweep(terms, pool_over(catalog, threads=2))

    def told(cell: Cell, done: int, total: int) -> None:
        assert total == 17_100
        if done == 5:
            sweep.cancel()

    result = sweep.run(told)

    assert not result.is_whole
    assert 5 <= len(result.cells) < 17_100


def test_who_stops_reading_stops_the_sweep(catalog: Catalog) -> None:
    cells = Sweep(terms_of("fast=2:101:1"), pool_over(catalog, threads=2)).cells()

    next(cells)
    cells.close()  # type: ignore[attr-defined]


def test_names_are_checked_before_anything_runs() -> None:
    with pytest.raises(RequestError, match="no parameter 'lookback'"):
        terms_of("lookback=1,2").check()
    with pytest.raises(RequestError, match="objective must be one of"):
        SweepTerms({}, [Axis("a", (1,))], [(1,)], "luck")


def test_the_best_is_the_first_of_the_best() -> None:
    cells = [
        Cell(number, {}, {"sharpe": sharpe, "max_drawdown": drawdown})
        for number, (sharpe, drawdown) in enumerate(
            [(None, None), (1.0, 0.2), (2.0, 0.1), (2.0, 0.1)]
        )
    ]

    best, calm = best_of(cells, "sharpe"), best_of(cells[::-1], "max_drawdown")

    assert best is not None
    assert calm is not None
    assert (best.number, calm.number) == (2, 2)
    assert best_of(cells[:1], "sharpe") is None


def test_a_kept_sweep_is_read_again(catalog: Catalog, tmp_path: Path) -> None:
    result = run(catalog, terms_of("fast=0:9:3", "slow=12,40"))

    again = load_sweep(save_sweep(tmp_path / "kept", result))

    assert sweep_table(again) == sweep_table(result)
    assert again.best is not None
    assert result.best is not None
    assert again.request_of(again.best) == result.request_of(result.best)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_what_is_kept_is_listed_and_deleted(catalog: Catalog, tmp_path: Path) -> None:
    terms, kept = terms_of("fast=0:9:3", "slow=12,40"), tmp_path / "kept"
    windows = windows_of(parse_scheme("2d:1d"), *span_of(terms, catalog))
    walk = walk_forward(terms, windows, pool_over(catalog, threads=2))
    assert list_sweeps(kept) == []

    folder = save_sweep(kept, run(catalog, terms), walk)
    (kept / "broken").mkdir()

    broken, whole = sorted(list_sweeps(kept), key=lambda each: not each.damaged)
    assert "card.json cannot be read" in broken.damaged
    assert (whole.name, whole.cells, whole.failed) == (folder.name, 8, 0)
    assert whole.refused == 2
    assert whole.axes == ("fast", "slow")
    assert whole.walked
    assert load_walk(folder) == walk_table(walk)
    delete_sweep(kept, folder.name)
    assert [each.name for each in list_sweeps(kept)] == ["broken"]
    with pytest.raises(RunError, match="there is no sweep"):
        delete_sweep(kept, "../kept")


def test_the_best_of_chance_is_told_to_be_chance(catalog: Catalog) -> None:
    # A walk without drift: two months of minutes are too few days, so days are made.
    rng = np.random.default_rng(5)
    days = np.arange(500)
    cells = tuple(
        Cell(i, {"a": i}, {"sharpe": float(r.mean() / r.std())}, days, r)
        for i, r in enumerate(rng.normal(0.0, 0.01, (40, 500)))
    )
    terms = SweepTerms({}, [Axis("a", tuple(range(40)))], [(i,) for i in range(40)])

    result = SweepResult(terms, cells)

    assert result.overfitting.probability > 0.2
    assert result.deflated.probability < 0.9
    assert result.deflated.trials == 40


def test_walking_forward_chooses_in_sample_and_runs_out_of_it(catalog: Catalog) -> None:
    terms = terms_of("fast=3:9:3", "slow=12,40")
    windows = windows_of(parse_scheme("2d:1d"), *span_of(terms, catalog))

    walk_one = walk_forward(terms, windows, pool_over(catalog, threads=1))
    walk_two = walk_forward(terms, windows, pool_over(catalog, threads=3))

    assert len(walk_one.steps) >= 2
    assert walk_one.is_whole
    assert walk_one.equity.tobytes() == walk_two.equity.tobytes()
    step = walk_one.steps[0]
    assert step.best is not None
    assert step.outside is not None
    assert step.best.values == step.outside.values
    table = {
        **terms.table_of(step.best.values),
        "start_date": step.window.start.isoformat(),
        "end_date": str(np.datetime64(step.window.split) - 1),
    }
    inside = run(catalog, SweepTerms(table, terms.axes, terms.points))
    assert inside.best is not None
    assert inside.best.values == step.best.values
    assert walk_one.performance.total_return == pytest.approx(
        math.prod(1.0 + each.outside.stats["total_return"] for each in walk_one.steps)  # type: ignore[union-attr]
        - 1.0
    )


INTERRUPTED = """import signal

from app.strategies import Strategy


class Interrupted(Strategy):
    number: int = 0

    def __init__(self):
        self.seen = 0

    def on_stop(self, ctx):
        if self.number == 20:
            signal.raise_signal(signal.SIGINT)
"""


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_keeps_the_cells_that_have_ended(
    catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request, out = tmp_path / "request.json", tmp_path / "r.json"
    (tmp_path / "own.py").write_text(INTERRUPTED)
    table = {**terms_of("fast=1").table, "strategies": [{"name": "own.py"}]}
    request.write_text(json.dumps(table))
    words = ["--catalog", str(catalog.root), "--no-store", "--interpreted"]
    words += ["--threads", "1", "--json", str(out), "--grid", "number=1:2000"]

    assert main(["sweep", str(request), *words]) == 130

    kept = json.loads(out.read_text())
    assert not kept["sweep"]["is_whole"]
    assert 19 <= len(kept["cells"]) < 2000
    assert "of 2,000: interrupted" in capsys.readouterr().out


def test_the_command_tells_and_writes(
    catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(terms_of("fast=1").table))
    where = ["--catalog", str(catalog.root), "--no-store"]
    files = ["--json", str(tmp_path / "r.json"), "--csv", str(tmp_path / "r.csv")]

    axes = ["--grid", "fast=3,5", "--grid", "slow=12:20:4"]
    walk = ["--walk-forward", "2d:1d:anchored", "--threads", "2"]
    status = main(["sweep", str(request), *axes, *where, *files, *walk])

    said = capsys.readouterr().out
    assert status == 0
    assert "6 cells: fast 3, 5; slow 12, 16, 20" in said
    assert "deflated Sharpe ratio" in said
    assert "walk-forward efficiency" in said
    told = json.loads((tmp_path / "r.json").read_text())
    assert len(told["cells"]) == 6
    assert told["cells"][told["best"]]["stats"]["sharpe"] == max(
        each["stats"]["sharpe"] for each in told["cells"]
    )
    assert told["walk_forward"]["windows"][0]["values"] is not None
    with (tmp_path / "r.csv").open() as file:
        read = [*csv.DictReader(file)]
    assert [each["fast"] for each in read] == ["3"] * 3 + ["5"] * 3


def test_who_watches_a_sweep_is_told_what_its_threads_compile(
    catalog: Catalog, tmp_path: Path
) -> None:
    # A source that no cache knows.
    path = tmp_path / "fresh.py"
    path.write_text(
        "from app.strategies import Strategy\n\n\n"
        "class Fresh(Strategy):\n    fast: int = 1\n\n"
        "    def on_bar(self, ctx, bar):\n"
        f"        if bar.ts != {time.time_ns()}:\n"
        "            ctx.target(bar.instrument, float(self.fast))\n"
    )
    table = {**terms_of("fast=1").table}
    table["strategies"] = [{"id": "one", "name": str(path)}]
    axes = [parse_axis("fast=1,2")]
    told: list[str] = []

    with watched(lambda what: told.append("" if what is None else what.title)):
        result = run(catalog, SweepTerms(table, axes, grid(axes)))

    assert [each.error for each in result.cells] == ["", ""]
    assert "Fresh" in told
    assert told[-1] == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--grid NAME=VALUES"),
        (["--grid", "slwo=1,2"], "no parameter 'slwo'"),
        (["--grid", "fast=1,2", "--threads", "0"], "--threads must be 1 or more"),
        (["--grid", "fast=1,2", "--walk-forward", "2d"], "--walk-forward takes"),
        (["--grid", "fast=1,2", "--walk-forward", "9y:1y"], "shorter than one"),
        (["--grid", "fast=1,2", "--objective", "luck"], "objective must be one of"),
    ],
)
def test_the_command_refuses_by_name(
    catalog: Catalog,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(terms_of("fast=1").table))

    where = ["--catalog", str(catalog.root), "--no-store"]
    status = main(["sweep", str(request), *where, *arguments])

    assert status == 2
    assert words in capsys.readouterr().err
