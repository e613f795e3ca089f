"""Compiling apart: by a process for each strategy, and by one that stays and forks."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engine.compile import IN_BUILD_SERVER, cache_root
from app.errors import StrategyError
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from app.strategies import compiling
from app.strategies.loader import load_file
from app.strategies.running import Runnable, folder_of, prepare
from app.strategies.strategy import Strategy
from tests.bar_catalog import walk, write_bars
from tests.waiting import eventually

STAYS = pytest.param(
    "staying",
    marks=pytest.mark.skipif(sys.platform != "linux", reason="it forks on Linux alone"),
)
HEAD = "import os, pathlib, time\nfrom app.strategies import Strategy\n"
HERE = Path(__file__).parents[2]
BODY = """

class Own(Strategy):
    def __init__(self):
        self.bars = 0

    def on_bar(self, ctx, bar):
        self.bars += 1
        if self.bars % 7 == 0:
            ctx.market(bar.instrument, 1.0)
        elif self.bars % 7 == 3:
            ctx.close(bar.instrument)
"""


@pytest.fixture(scope="module")
def kept() -> Iterator[None]:
    compiling.keep_compiler()
    yield
    compiling.release_compiler()


@pytest.fixture(params=["alone", STAYS])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of compiling; the one that stays is ready then."""
    request.getfixturevalue("kept")
    if request.param == "staying":
        assert compiling.compiler_pid(300)
    else:
        monkeypatch.setattr(compiling._compiler, "is_wanted", False)
    return str(request.param)


def written(folder: Path, first: str = "", body: str = BODY) -> type[Strategy]:
    """A strategy that nobody compiled before; `first` runs in the compiler alone."""
    lines = f"if {IN_BUILD_SERVER!r} in os.environ:\n    {first or 'pass'}\n"
    path = folder / "own.py"
    path.write_text(f"{HEAD}# {folder}\n{lines}{body}")
    return load_file(path, "Own")


def compiled(cls: type[Strategy]) -> Runnable:
    runnable = prepare(cls)
    assert runnable.is_compiled, runnable.reason
    assert all(each.address for each in runnable.handlers.values())
    return runnable


def refused(cls: type[Strategy]) -> str:
    with pytest.raises(StrategyError) as caught:
        prepare(cls)
    return str(caught.value)


def told_pid(path: Path) -> str:
    """Lines that write the compiler's process id, and wait where nothing ends it."""
    return (
        f"own = pathlib.Path({str(path)!r}); to = own.with_suffix('.new'); "
        "to.write_text(str(os.getpid())); to.replace(own); time.sleep(1000)"
    )


def has_ended(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return words.rpartition(")")[2].split()[0] in "ZX"


def test_a_strategy_is_compiled_kept_and_read_again(tmp_path: Path, way: str) -> None:
    cls = written(tmp_path)

    compiled(cls)

    assert (folder_of(cls) / "verdict.json").exists()
    assert (folder_of(cls) / "_r_on_bar_entry.object").exists()
    again = compiled(load_file(tmp_path / "own.py", "Own"))
    assert all(each.was_cached for each in again.handlers.values())  # type: ignore[union-attr]


@pytest.mark.parametrize("left", ["a file cut off", "a file gone", "no verdict"])
def test_what_is_not_whole_in_the_cache_is_compiled_again(
    tmp_path: Path, way: str, left: str
) -> None:
    cls = written(tmp_path)
    compiled(cls)
    code, verdict = folder_of(cls) / "_r_on_bar_entry.object", "verdict.json"
    whole = code.stat().st_size
    if left == "a file cut off":
        code.write_bytes(code.read_bytes()[:100])
    elif left == "a file gone":
        code.unlink()
    else:
        # As a compiler leaves it that is ended between its code and its word on it.
        (folder_of(cls) / verdict).unlink()

    compiled(load_file(tmp_path / "own.py", "Own"))

    assert code.stat().st_size == pytest.approx(whole, rel=0.1)
    assert (folder_of(cls) / verdict).exists()


def test_what_is_compiled_runs_as_python_does(tmp_path: Path, way: str) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(200, 8))
    written(tmp_path)
    terms = {"id": "one", "name": str(tmp_path / "own.py")}
    request = parse_request({"symbols": ["RSTK"], "strategies": [terms]})

    compiled, python = (
        Result(Backtest(request, catalog, interpreted=each).run())
        for each in (False, True)
    )

    assert compiled.run_rows()["strategies"][0]["is_compiled"]
    assert len(compiled.fill_rows()) > 10
    assert compiled.fill_rows() == python.fill_rows()


def test_what_a_file_raises_in_the_compiler_is_told_with_its_line(
    tmp_path: Path, way: str
) -> None:
    words = refused(written(tmp_path, "raise KeyError('not here')"))

    assert "Own cannot be compiled" in words
    assert "own.py:5: KeyError: 'not here'" in words


def test_what_numba_cannot_do_runs_as_python_with_its_line(
    tmp_path: Path, way: str
) -> None:
    body = BODY.replace("self.bars += 1", "x = bar.close.hex()")
    runnable = prepare(written(tmp_path, body=body))

    assert "line 13" in runnable.reason


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_compiler_that_is_killed_is_told(
    tmp_path: Path, way: str, number: signal.Signals
) -> None:
    pid = tmp_path / "pid"
    cls = written(tmp_path, told_pid(pid))

    killed: list[int] = []

    def kill(what: compiling.Compiling | None) -> None:
        # Once: it is asked again until the end is known.
        if what is not None and pid.exists() and not killed:
            killed.append(int(pid.read_text()))
            os.kill(killed[0], number)

    with compiling.watched(kill):
        words = refused(cls)

    assert f"signal {number.value} ({number.name}) ended the compiler" in words
    compiled(written(tmp_path))


def test_a_compiler_that_never_ends_is_given_up(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    cls = written(tmp_path, told_pid(pid))

    def wait(what: compiling.Compiling | None) -> None:
        if what is not None and pid.exists():
            monkeypatch.setattr(compiling, "COMPILE_S", 0.5)

    with compiling.watched(wait):
        words = refused(cls)

    assert words == "Own did not compile within 0.5 s"
    eventually(lambda: has_ended(int(pid.read_text())))


def test_a_compiler_that_takes_too_much_of_the_processor_is_given_up(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "CPU_S", 1)
    cls = written(tmp_path, "sum(iter(int, 1))")

    assert refused(cls).endswith("it took more than 1 s of processor time")


RESHAPES = """

import numpy as np


class Own(Strategy):
    def __init__(self):
        self.x = np.zeros(4)

    def on_bar(self, ctx, bar):
        self.x[1] = bar.close
        ctx.plot("there", self.x.reshape((2, 2))[0, 1])
"""


def test_what_calls_numbas_own_library_runs_as_python(tmp_path: Path, way: str) -> None:
    # Loaded where numba is not, it would end the program.
    runnable = prepare(written(tmp_path, body=RESHAPES))

    assert not runnable.is_compiled
    assert "only Python can (attempt_nocopy_reshape)" in runnable.reason


class Enough(Exception):  # noqa: N818
    """Ends a wait from within."""


def test_whoever_watches_can_end_it(tmp_path: Path, way: str) -> None:
    pid = tmp_path / "pid"
    cls = written(tmp_path, told_pid(pid))
    told = []

    def end(what: compiling.Compiling | None) -> None:
        told.append(what)
        if pid.exists() and what is not None:
            raise Enough

    with compiling.watched(end), pytest.raises(Enough):
        prepare(cls)

    assert told[0] is not None
    assert told[0].title == "Own"
    assert told[-1] is None
    eventually(lambda: has_ended(int(pid.read_text())))


def test_a_file_that_takes_all_memory_is_told(tmp_path: Path, way: str) -> None:
    cls = written(tmp_path, f"kept = bytearray({compiling.MEMORY_BYTES + (1 << 30)})")

    words = refused(cls)

    assert "own.py:5: MemoryError" in words
    assert words.endswith("needs more than the 4 GiB that a compiler may take")


def test_two_that_want_the_same_compile_it_once(tmp_path: Path, way: str) -> None:
    counted = tmp_path / "counted"
    first = f"open({str(counted)!r}, 'a').write('once ')"
    cls = written(tmp_path, first)
    made: list[Runnable] = []
    threads = [
        threading.Thread(target=lambda: made.append(prepare(cls))) for _ in range(3)
    ]

    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert [each.is_compiled for each in made] == [True] * 3
    assert counted.read_text() == "once "


@pytest.mark.skipif(sys.platform != "linux", reason="it forks on Linux alone")
def test_a_compiler_that_stays_is_made_anew_where_it_dies_or_is_out_of_date(
    tmp_path: Path, kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiling.compiler_pid(300)
    assert first
    pid = tmp_path / "pid"
    marker = tmp_path / "marker"
    cls = written(
        tmp_path,
        f"os.path.exists({str(marker)!r}) or exec({told_pid(pid)!r})",
    )

    def kill(_: compiling.Compiling | None) -> None:
        if pid.exists() and not marker.exists():
            marker.touch()
            os.kill(first, signal.SIGKILL)

    with compiling.watched(kill):
        compiled(cls)

    eventually(lambda: has_ended(int(pid.read_text())))
    second = compiling.compiler_pid(300)
    assert second not in (0, first)
    monkeypatch.setenv("NUMBA_DEBUG_INFO", "0")
    assert compiling.compiler_pid() == 0
    assert has_ended(second)
    files = [Path(each[0]).name for each in compiling._made_of()[0]]
    assert {"translate.py", "whole_numbers.py", "compiler_sample.py"} <= set(files)
    assert {"kept_kernels.py", "strategy_context.py", "lean.py"} <= set(files)


# A cache that takes nothing.

SCRIPT = """
import resource, sys
from pathlib import Path
from app.strategies import compiling
from app.strategies.loader import load_file
from app.strategies.running import prepare

if sys.argv[2] == "limited":
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, resource.RLIM_INFINITY))
for path in sys.argv[3:]:
    for turn in range(2):
        runnable = prepare(load_file(Path(path), "Own"))
        assert runnable.is_compiled, runnable.reason
        assert all(each.address for each in runnable.handlers.values())
print("compiled")
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB, mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "ringside-test", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def ran(tmp_path: Path, cache: Path, how: str) -> str:
    """What is said where two strategies are compiled, each twice."""
    root = cache / "kernels"
    root.mkdir(parents=True)
    for each in cache_root().iterdir():
        # The engine's units, which are there; kernels and strategies come anew.
        if not each.name.startswith(("kernels-", "strategy-")):
            (root / each.name).symlink_to(each)
    paths = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written(tmp_path / name)
        paths.append(str(tmp_path / name / "own.py"))
    if how == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", str(cache)], check=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "", how, *paths],
        cwd=HERE,
        env={**os.environ, "RINGSIDE_CACHE": str(cache), "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "compiled\n"
    return done.stderr


@pytest.mark.parametrize(
    ("how", "why"),
    [("full", "No space left on device"), ("read-only", "Read-only file system")],
)
def test_a_full_or_read_only_disk_stops_no_strategy_and_is_told_once(
    tmp_path: Path, small_disk: Path, how: str, why: str
) -> None:
    said = ran(tmp_path, small_disk, how)

    assert said.count("takes no compiled strategies") == 1
    assert why in said
    left = [each for each in small_disk.rglob("*") if each.name.startswith("tmp")]
    assert not left


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_files_that_may_not_grow_stop_no_strategy(tmp_path: Path) -> None:
    said = ran(tmp_path, tmp_path / "cache", "limited")

    assert said.count("takes no compiled strategies") == 1
    assert "File too large" in said
