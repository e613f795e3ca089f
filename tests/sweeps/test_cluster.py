"""Sweeps on a Dask cluster of real processes: the same rows, also if one is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.data.catalog import Catalog
from app.errors import RunError
from app.sweeps import cluster
from app.sweeps.axes import grid, parse_axis
from app.sweeps.cluster import Cluster, Job, run_block
from app.sweeps.sweep import Sweep, SweepTerms, pool_over
from tests.bar_catalog import walk, write_bars
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.threads]


def started(kind: str, *words: str) -> "subprocess.Popen[bytes]":
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return write_bars(tmp_path_factory.mktemp("cluster"), "RSTK", walk(4000, 2))


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("distributed", reason="the extra dist is not installed")
    from distributed import Client

    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    where = ("--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard")
    processes = [started("scheduler", *where, "--port", "0")]
    try:
        eventually(file.exists)
        alone = ("--nworkers", "1", "--nthreads", "1", "--no-nanny")
        processes += [
            started(
                *("worker", *where, *alone),
                *(f"--name=worker-{number}", "--local-directory", str(folder)),
            )
            for number in range(2)
        ]
        with Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
            yield client.scheduler.address, processes
    finally:
        for each in processes:
            each.kill()
        for each in processes:
            each.wait()


def terms_of(*axes: str) -> SweepTerms:
    read = [parse_axis(each) for each in axes]
    table = {
        "symbols": ["RSTK"],
        "strategies": [{"id": "one", "name": "SMA Cross"}],
    }
    return SweepTerms(table, read, grid(read))


def rows(sweep: Sweep) -> list[tuple[Any, ...]]:
    return [
        (each.values, each.stats, each.returns.tobytes(), each.error)
        for each in sweep.run().cells
    ]


def test_a_cluster_gives_the_same_rows(workers: Any, catalog: Catalog) -> None:
    address, _ = workers
    terms = terms_of("fast=0:20:2", "slow=30:60:5", "models.participation=0.1,0.2")

    there = rows(Sweep(terms, Cluster(address, catalog.root)))

    here = rows(Sweep(terms, pool_over(catalog, threads=2)))
    assert there == here
    assert sum(not each[3] for each in here) == 140


def test_the_command_sends_its_cells_to_a_scheduler(
    workers: Any, catalog: Catalog, tmp_path: Path
) -> None:
    address, _ = workers
    request = tmp_path / "request.json"
    request.write_text(json.dumps(terms_of("fast=3,5").table))
    words = ["sweep", str(request), "--grid", "fast=3,5,8", "--no-store"]
    words += ["--catalog", str(catalog.root)]

    outs = [tmp_path / "there.json", tmp_path / "here.json"]
    assert main([*words, "--scheduler", address, "--json", str(outs[0])]) == 0
    assert main([*words, "--json", str(outs[1])]) == 0

    there, here = (json.loads(each.read_text())["cells"] for each in outs)
    stats = [[each["stats"] for each in cells] for cells in (there, here)]
    assert stats[0] == stats[1]
    assert len(here) == 3


def test_a_worker_that_cannot_reach_the_catalog_says_so(
    workers: Any, tmp_path: Path
) -> None:
    address, _ = workers
    sweep = Sweep(terms_of("fast=3,5"), Cluster(address, tmp_path / "nowhere"))

    with pytest.raises(RunError, match="nowhere cannot be reached"):
        sweep.run()


def test_a_lost_worker_is_made_good(workers: Any, catalog: Catalog) -> None:
    address, processes = workers
    terms = terms_of("fast=3:12:1", "slow=30:60:1")
    sweep = Sweep(terms, Cluster(address, catalog.root))
    found = []

    for cell in sweep.cells():
        found.append((cell.values, cell.stats))
        if len(found) == 10:
            processes[1].kill()

    assert processes[1].wait() != 0
    here = Sweep(terms, pool_over(catalog, threads=2)).run()
    key = lambda row: (row[0]["fast"], row[0]["slow"])  # noqa: E731
    assert sorted(found, key=key) == [(c.values, c.stats) for c in here.cells]


def test_another_version_is_refused(catalog: Catalog) -> None:
    job = Job("0.0.0", str(catalog.root))

    assert "the sweep is of 0.0.0" in run_block(job, [])[1]


def test_a_scheduler_that_does_not_answer_is_named(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="the extra dist is not installed")
    monkeypatch.setattr(cluster, "_CONNECT_S", 1)

    with pytest.raises(RunError, match=r"127\.0\.0\.1:9 does not answer"):
        Cluster("tcp://127.0.0.1:9", catalog.root)


def test_without_dask_the_extra_is_named(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(RunError, match=r"ringside\[dist\]"):
        Cluster("tcp://127.0.0.1:9", catalog.root)
