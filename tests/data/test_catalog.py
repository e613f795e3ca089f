"""The catalog: what is written is what is read, wholly or not at all."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.data.catalog import COLUMNS, META, Catalog, Segment
from app.data.catalog_writer import DAY_NS, ImportJob, Target
from app.data.commit import IMPORTS, Commit
from app.data.instrument_master import shipped_file
from app.engine.records import MARKET, EventKind, RecordFlag
from app.errors import CatalogError

HERE = Path(__file__).resolve().parent
T0 = 1_340_285_400_000_000_000  # 2012-06-21 13:30 UTC


def made(count: int, start: int = T0, step: int = 1000, seed: int = 1):
    """Random records, their times rising by `step` nanoseconds."""
    generator = np.random.default_rng(seed)
    raw = generator.integers(0, 256, count * MARKET.itemsize, dtype=np.uint8)
    records = raw.view(MARKET).copy()
    records["ts_received"] = start + np.arange(count) * step
    records["instrument"] = 0
    records["source"] = 0
    records["flags"] |= np.uint16(RecordFlag.REPLAYED)
    records["kind"] = EventKind.LEVEL
    return records


def store(
    catalog: Catalog, *parts, stream="orders", source: Path | None = None, **more
):
    target = Target(catalog.master.instrument("AMZN"), stream, stream, **more)
    with ImportJob(catalog, "test", [source or shipped_file()]) as job:
        for part in parts:
            job.append(target, part)
        return job.commit()


def test_what_is_written_is_read_byte_for_byte(tmp_path: Path):
    records = made(10_000)
    store(Catalog(tmp_path), records[:1], records[1:7000], records[7000:])

    recording = Catalog(tmp_path).open("AMZN")

    assert recording.rows == 10_000
    assert recording.records().tobytes() == records.tobytes()
    assert recording.records(5, 9).tobytes() == records[5:9].tobytes()
    assert np.concatenate(list(recording.batches(999))).tobytes() == records.tobytes()
    assert (recording.first_ts, recording.last_ts) == (T0, T0 + 9_999_000)
    recording.verify()


class Merging(Catalog):
    """What is listed first is elsewhere when it is to be mapped."""

    looks = 0

    def segments(self, name: str, stream: str) -> list[Segment]:
        found = super().segments(name, stream)
        self.looks += 1
        if self.looks == 1:
            folder = found[0].folder
            folder.rename(folder.with_name(f"{folder.name}-merged"))
        return found


def test_what_is_merged_while_it_is_opened_is_looked_for_anew(tmp_path: Path):
    records = made(1_000)
    store(Catalog(tmp_path), records)
    catalog = Merging(tmp_path)

    recording = catalog.open("AMZN")

    recording.verify()
    assert recording.records().tobytes() == records.tobytes()
    assert catalog.looks == 2


def test_what_is_deleted_after_it_was_opened_is_still_read(tmp_path: Path):
    records = made(1_000)
    store(Catalog(tmp_path), records)
    recording = Catalog(tmp_path).open("AMZN")

    Catalog(tmp_path).delete("AMZN")

    assert recording.records().tobytes() == records.tobytes()


_MANY_DAYS = """
import resource
import sys
from pathlib import Path

from app.data.catalog import Catalog
from app.data.merging import Merged

files = len(list(Path("/proc/self/fd").iterdir()))
resource.setrlimit(resource.RLIMIT_NOFILE, (files + 140, files + 140))
recording = Catalog(Path(sys.argv[1])).open("AMZN")
merged, records = Merged([recording]), 0
while len(part := merged.read()):
    records += len(part)
print(len(recording.segments), records, len(recording.columns["ts_received"]))
times = recording.records()["ts_received"]
print(int((recording.column("ts_received") == times).all()))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files")
def test_more_days_are_read_than_files_may_be_open(tmp_path: Path):
    records = made(400, step=DAY_NS // 4)
    store(Catalog(tmp_path), records)

    done = subprocess.run(
        [sys.executable, "-c", _MANY_DAYS, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["101", "400", "400", "1"]


def test_columns_are_mapped_and_constant_ones_cost_no_file(tmp_path: Path):
    records = made(100)
    records["kind"][:50] = EventKind.TRADE
    records["count"] = 7
    store(Catalog(tmp_path), records[:50], records[50:])

    recording = Catalog(tmp_path).open("AMZN")

    files = {each.stem for each in recording.segments[0].folder.glob("*.npy")}
    assert files == set(COLUMNS) - {"count"}
    assert isinstance(recording.columns["price"], np.memmap)
    assert recording.columns["count"].tolist() == [7] * 100
    assert np.load(recording.segments[0].folder / "kind.npy").tolist() == (
        [EventKind.TRADE] * 50 + [EventKind.LEVEL] * 50
    )


def test_days_are_segments_and_are_read_as_one(tmp_path: Path):
    records = made(300, step=DAY_NS // 100)
    store(Catalog(tmp_path), records[:120], records[120:])

    recording = Catalog(tmp_path).open("AMZN")

    assert len(recording.segments) == 4
    assert recording.records().tobytes() == records.tobytes()
    assert recording.records(90, 210).tobytes() == records[90:210].tobytes()
    assert (
        recording.column("price", 90, 210).tolist() == records["price"][90:210].tolist()
    )
    assert recording.columns["size"].tolist() == records["size"].tolist()


def test_streams_may_be_written_in_turns(tmp_path: Path):
    catalog = Catalog(tmp_path)
    amazon = catalog.master.instrument("AMZN")
    targets = [Target(amazon, stream, stream) for stream in ("orders", "trades")]
    days = [made(50, T0 + day * DAY_NS, seed=day) for day in range(4)]
    with ImportJob(catalog, "test", []) as job:
        for day in days:
            for target in targets:
                job.append(target, day)
        job.commit()

    for stream in ("orders", "trades"):
        found = Catalog(tmp_path).open("AMZN", stream).records()
        assert found.tobytes() == np.concatenate(days).tobytes()


def test_bars_are_kept_by_year(tmp_path: Path):
    records = made(500, step=DAY_NS)
    store(Catalog(tmp_path), records, stream="bars-1d", by_year=True)

    assert len(Catalog(tmp_path).open("AMZN").segments) == 2


@given(st.integers(-2000, 302_000))
def test_search_finds_the_first_record_at_or_after(tmp_path_factory, offset: int):
    root = tmp_path_factory.getbasetemp() / "search"
    if not root.exists():
        parts = [made(100), made(100, T0 + 200_000)]
        for number, part in enumerate(parts):
            (tmp_path_factory.getbasetemp() / f"s{number}").write_text(str(number))
            store(
                Catalog(root),
                part,
                source=tmp_path_factory.getbasetemp() / f"s{number}",
            )
    recording = Catalog(root).open("AMZN")
    times = recording.columns["ts_received"]

    assert recording.search(T0 + offset) == np.searchsorted(times, T0 + offset)


def test_an_overlapping_import_replaces_and_a_following_one_adds(tmp_path: Path):
    sources = [tmp_path / name for name in "abc"]
    for each in sources:
        each.write_text(each.name)
    root = tmp_path / "catalog"
    first, after, over = made(100), made(100, T0 + 99_000), made(10, T0 + 150_000)

    store(Catalog(root), first, source=sources[0])
    store(Catalog(root), after, source=sources[1])
    assert Catalog(root).open("AMZN").rows == 200

    store(Catalog(root), over, source=sources[2])
    assert Catalog(root).open("AMZN").rows == 110

    store(Catalog(root), first, source=sources[0])
    assert Catalog(root).open("AMZN").rows == 110


def test_the_stream_that_tells_most_is_opened_unless_named(tmp_path: Path):
    catalog = Catalog(tmp_path)
    for stream in ("trades", "bars-1m", "depth"):
        store(catalog, made(10), stream=stream)

    assert catalog.streams("AMZN") == ["depth", "trades", "bars-1m"]
    assert catalog.open("AMZN").stream == "depth"
    assert catalog.open("AMZN@trades").stream == "trades"
    assert catalog.open("AMZN", "bars-1m").basis == "bars-1m"
    with pytest.raises(CatalogError, match="no stream 'orders' of AMZN; it has depth"):
        catalog.open("AMZN", "orders")


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path):
    with pytest.raises(CatalogError, match="the catalog is empty"):
        Catalog(tmp_path / "none").open("AMZN")
    store(Catalog(tmp_path), made(1))
    with pytest.raises(
        CatalogError, match=r"'AMZM' in .*; the nearest known is 'AMZN'"
    ):
        Catalog(tmp_path).open("AMZM")


def test_deleting_removes_a_stream_then_the_instrument(tmp_path: Path):
    catalog = Catalog(tmp_path)
    store(catalog, made(10))
    store(catalog, made(10), stream="trades")

    catalog.delete("AMZN", "orders")
    assert catalog.streams("AMZN") == ["trades"]
    catalog.delete("AMZN")
    assert catalog.names() == []
    with pytest.raises(CatalogError, match="to delete"):
        catalog.delete("AMZN")


def test_names_that_are_no_file_names_are_kept(tmp_path: Path):
    catalog = Catalog(tmp_path)
    amazon = catalog.master.instrument("AMZN")
    for name in ("../BTC/USD", ".imports", "A B"):
        catalog.master.add(replace(amazon, name=name))
        with ImportJob(catalog, "test", []) as job:
            job.append(Target(replace(amazon, name=name), "orders", "orders"), made(3))
            job.commit()

    assert catalog.names() == sorted(["../BTC/USD", ".imports", "A B"])
    assert catalog.open("../BTC/USD").rows == 3


def test_records_that_go_back_in_time_are_refused(tmp_path: Path):
    with pytest.raises(
        CatalogError, match=r"AMZN \w+ must not go back in time: \S+Z comes after \S+Z"
    ):
        store(Catalog(tmp_path), made(10)[::-1])
    with pytest.raises(CatalogError, match="go back"):
        store(Catalog(tmp_path), made(10), made(10))
    assert Catalog(tmp_path).names() == []
    assert list((tmp_path / IMPORTS).iterdir()) == []


def damage(root: Path, what: str) -> None:
    folder = next((root / "AMZN" / "orders").iterdir())
    meta = json.loads((folder / META).read_text())
    if what == "no meta":
        (folder / META).unlink()
    elif what == "half meta":
        (folder / META).write_text((folder / META).read_text()[:100])
    elif what == "format":
        (folder / META).write_text(json.dumps(meta | {"format": 99}))
    elif what == "no column":
        (folder / "price.npy").unlink()
    elif what == "short column":
        os.truncate(folder / "price.npy", 200)
    elif what == "units":
        (folder / META).write_text(json.dumps(meta | {"price_unit": "0.5"}))
    else:
        block = bytearray((folder / "price.npy").read_bytes())
        block[-1] ^= 1
        (folder / "price.npy").write_bytes(block)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("no meta", r"meta\.json cannot be read"),
        ("half meta", r"meta\.json is damaged"),
        ("format", "has format 99; this version reads 1"),
        ("no column", r"price\.npy is missing"),
        ("short column", r"price\.npy must hold 928 bytes, holds 200"),
        ("units", r"counts in units \('0\.5'"),
        ("one bit", r"price\.npy does not match its crc32"),
    ],
)
def test_damage_is_found_and_named(tmp_path: Path, what: str, says: str):
    store(Catalog(tmp_path), made(100))
    damage(tmp_path, what)

    with pytest.raises(CatalogError, match=says):
        Catalog(tmp_path).open("AMZN").verify()


def child(root: Path, *code: str) -> subprocess.Popen[bytes]:
    prelude = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from app.data.catalog import Catalog\n"
        "from test_catalog import made, store, T0\n"
        f"root = Path({str(root)!r})\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", prelude + "\n".join(code)],
        env=os.environ | {"PYTHONPATH": f"{HERE.parents[1]}{os.pathsep}{HERE}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_full_disk_leaves_the_catalog_as_it_was(tmp_path: Path):
    store(Catalog(tmp_path), made(100))
    before = sorted(tmp_path.rglob("*"))

    process = child(
        tmp_path,
        "import resource",
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))",
        "store(Catalog(root), *[made(5000, T0 + n * 10**7) for n in range(9)])",
    )
    _, errors = process.communicate()

    assert process.returncode == 1
    assert b"CatalogError: File too large" in errors
    assert b"the catalog is as it was" in errors
    assert sorted(tmp_path.rglob("*")) == before
    assert Catalog(tmp_path).open("AMZN").rows == 100
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


@pytest.mark.slow
def test_a_killed_import_is_there_wholly_or_not_at_all(tmp_path: Path):
    generator = np.random.default_rng(7)
    root = tmp_path / "catalog"
    seen = set()
    for trial in range(12):
        process = child(
            root,
            "catalog = Catalog(root)",
            "print('ready', flush=True)",
            f"trial, step = {trial}, 10**12",
            "parts = [made(20_000, T0 + n * step, seed=trial) for n in range(180)]",
            "print('go', flush=True)",
            "store(catalog, *parts)",
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert process.stdout.readline() == b"go\n"
        time.sleep(generator.random() * 1.2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        catalog = Catalog(root)
        if catalog.names():
            recording = catalog.open("AMZN")
            recording.verify()
            assert recording.rows == 20_000 * 180
            seen.add("whole")
        else:
            seen.add("nothing")
        assert not (root / IMPORTS).exists() or not list((root / IMPORTS).iterdir())
    assert seen


def test_a_commit_that_was_cut_short_is_finished_when_opened(tmp_path: Path):
    store(Catalog(tmp_path), made(100))
    old = next((tmp_path / "AMZN" / "orders").iterdir())
    other = tmp_path / "other"
    store(Catalog(other), made(50))
    folder = tmp_path / IMPORTS / "1-0"
    folder.mkdir()
    next((other / "AMZN" / "orders").iterdir()).rename(folder / "0-0")
    Commit((f"AMZN/orders/{old.name}",), (("0-0", f"AMZN/orders/{old.name}"),)).write(
        folder
    )

    assert Catalog(tmp_path).open("AMZN").rows == 50
    assert list((tmp_path / IMPORTS).iterdir()) == []


def test_an_import_under_way_is_left_alone(tmp_path: Path):
    catalog = Catalog(tmp_path)
    target = Target(catalog.master.instrument("AMZN"), "orders", "orders")
    with ImportJob(catalog, "test", []) as job:
        job.append(target, made(100))
        Catalog(tmp_path)  # another reader comes by
        job.commit()

    assert Catalog(tmp_path).open("AMZN").rows == 100
    assert catalog.open("AMZN").instrument.price_unit == Decimal("0.0001")
