"""Several recordings are read as one: in order of time, then in the order given."""

from pathlib import Path

import numpy as np

from app.data.catalog import Catalog
from app.data.merging import Merged
from tests.bar_catalog import MINUTE, START, walk, write_bars


def _merged(folder: Path, counts: list[int]) -> Merged:
    names = ["RSTK", "RFUT", "RUSD"][: len(counts)]
    catalog = Catalog(folder / "catalog")
    for seed, (name, count) in enumerate(zip(names, counts, strict=True)):
        steps = np.random.default_rng(seed).integers(0, 3, count)
        ts = START + MINUTE * np.cumsum(steps)
        write_bars(folder, name, walk(count, seed), ts=ts)
    return Merged([catalog.open(name) for name in names])


def test_records_of_all_come_whole_and_in_order(tmp_path: Path) -> None:
    merged = _merged(tmp_path, [40_000, 3_000])

    blocks = []
    while len(block := merged.read()):
        blocks.append(block)

    parts = [
        each.records(instrument=place, source=place)
        for place, each in enumerate(merged.recordings)
    ]
    every = np.array([row for part in parts for row in part], parts[0].dtype)
    order = np.argsort(every["ts_received"], kind="stable")
    assert len(blocks) > 2
    assert b"".join(block.tobytes() for block in blocks) == every[order].tobytes()


def test_one_recording_comes_as_it_is(tmp_path: Path) -> None:
    merged = _merged(tmp_path, [20_000])

    found = b""
    while len(block := merged.read()):
        found += block.tobytes()

    assert found == merged.recordings[0].records().tobytes()
