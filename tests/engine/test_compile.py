"""The compile cache: what is edited is compiled again, what is not is loaded.

The tests work on a copy of `app` with two small units of their own, in processes of
their own, with a cache of their own.
"""

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.engine.atomics import load_acquire, pause, store_release
from app.engine.compile import Entry, entries, entry, kernel
from app.engine.sources import source_hash, sources

APP = Path(__file__).parents[2] / "app"
UNIT = "app.engine.sample_unit"
OTHER = "app.engine.other_unit"
BROKEN = "app.engine.broken_unit"

CALLEE = """
from app.engine.compile import kernel

@kernel
def step(value):
    return value + {step}
"""
CALLER = """
from app.engine.compile import entry
from app.engine.sample_callee import step

@entry
def stepped(value: int, _b: int, _c: int) -> int:
    return step(value)
"""
REPORT = """
from app.engine import sample_unit
print(sample_unit.stepped(100), int(sample_unit.stepped.was_cached))
"""
QUIET = """
import sys, io, os, tempfile
from app.engine import sample_unit
with tempfile.TemporaryFile() as said:
    kept = os.dup(2)
    os.dup2(said.fileno(), 2)
    failed = sample_unit.stepped(1)
    sys.stderr.flush()
    os.dup2(kept, 2)
    said.seek(0)
    assert b"raised" in said.read()
print(failed, sample_unit.stepped(0))
"""
STALE = """
import pathlib
from app.engine import compile
folder = pathlib.Path({folder!r})
folder.mkdir(exist_ok=True)
compile.cache_of = lambda file: folder
"""
BUILD = """
from app.engine.build import build
from app.engine.compile import is_built
from app.errors import CompileError
units = {units!r}
try:
    build(lambda *told: print(*told), units)
except CompileError as problem:
    print("CompileError", problem)
print([is_built(unit) for unit in units])
"""


class Copy:
    """A copy of the engine that a test may edit, and processes that use it."""

    def __init__(self, folder: Path, *, made: bool = False) -> None:
        self.folder = folder
        self.engine = folder / "app" / "engine"
        self.cache = str(folder / "cache")
        if made:
            return
        ignored = shutil.ignore_patterns("__pycache__", "ui", "data", "sessions")
        shutil.copytree(APP, folder / "app", ignore=ignored)
        self.write("sample_callee", CALLEE.format(step=1))
        self.write("sample_unit", CALLER)
        self.write("other_unit", CALLER.replace("step(value)", "step(step(value))"))

    def write(self, module: str, text: str) -> None:
        (self.engine / f"{module}.py").write_text(text)

    def run(self, code: str, **settings: str) -> list[str]:
        """Run Python in the copy; the lines it printed."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "RINGSIDE_CACHE": self.cache,
            # Python tells bytecode apart by second and size: too coarse for a test.
            "PYTHONDONTWRITEBYTECODE": "1",
            **settings,
        }
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def report(self, **settings: str) -> tuple[int, int]:
        """Call the unit: its result, and how often numba's cache was hit."""
        (line,) = self.run(REPORT, **settings)
        result, hits = line.split()
        return int(result), int(hits)

    def build(self, *units: str) -> list[str]:
        return self.run(BUILD.format(units=units))

    @property
    def caches(self) -> list[Path]:
        return sorted((self.folder / "cache" / "kernels").iterdir())


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


@pytest.mark.slow
def test_an_edited_callee_is_seen(copy):
    assert copy.report() == (101, 0)

    copy.write("sample_callee", CALLEE.format(step=7))

    assert copy.report() == (107, 0)


@pytest.mark.slow
def test_a_cache_by_name_alone_would_not_see_it(copy):
    """The danger is real: with one folder for all sources the result is stale."""
    stale = STALE.format(folder=str(copy.folder / "one")) + REPORT
    assert copy.run(stale) == ["101 0"]

    copy.write("sample_callee", CALLEE.format(step=7))

    assert copy.run(stale) == ["101 1"]


@pytest.mark.slow
def test_a_second_process_loads_and_does_not_compile(copy):
    assert copy.report() == (101, 0)
    assert copy.report() == (101, 1)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["nothing", "half", "another"])
def test_a_file_that_is_damaged_is_compiled_anew(copy, part):
    """As after the power went: LLVM would crash the process that loads it."""
    copy.report()
    (path,) = (copy.folder / "cache" / "kernels").rglob("*.object")
    whole = path.read_bytes()
    changed = whole[:-9] + bytes(9)
    kept = {"nothing": b"", "half": whole[: len(whole) // 2], "another": changed}
    path.write_bytes(kept[part])

    assert copy.report() == (101, 0)
    assert copy.report() == (101, 1)


@pytest.mark.slow
def test_sources_that_come_back_find_their_cache_again(copy):
    copy.report()
    copy.write("sample_callee", CALLEE.format(step=7))
    copy.report()

    copy.write("sample_callee", CALLEE.format(step=1))

    assert copy.report() == (101, 1)


@pytest.mark.slow
def test_checked_code_has_a_cache_of_its_own(copy):
    copy.report()

    assert copy.report(RINGSIDE_BOUNDSCHECK="1") == (101, 0)
    assert len(copy.caches) == 2


@pytest.mark.slow
def test_build_compiles_what_is_missing_and_tells_its_progress(copy):
    lines = copy.build(UNIT, OTHER)

    assert lines[0].split() == ["0", "2"]
    assert sorted(line.split()[0] for line in lines[1:3]) == sorted([UNIT, OTHER])
    assert [line.split()[1:] for line in lines[1:3]] == [["1", "2"], ["2", "2"]]
    assert lines[3] == "[True, True]"
    assert copy.report() == (101, 1)
    assert copy.build(UNIT, OTHER) == ["[True, True]"]


@pytest.mark.slow
def test_two_builds_at_a_time_compile_a_unit_once(copy):
    counted = "import pathlib\npathlib.Path(__file__ + '.seen').open('a').write('x')\n"
    copy.write("sample_unit", counted + CALLER)

    with ThreadPoolExecutor() as pool:
        ends = list(pool.map(copy.build, [UNIT, UNIT]))

    assert [lines[-1] for lines in ends] == ["[True]", "[True]"]
    assert (copy.engine / "sample_unit.py.seen").read_text() == "x"


@pytest.mark.slow
def test_a_touched_source_is_not_built_again(copy):
    """The content counts: a fresh clone or a branch and back costs nothing."""
    copy.build(UNIT)
    path = copy.engine / "sample_unit.py"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))

    assert copy.build(UNIT) == ["[True]"]
    assert copy.report() == (101, 1)


@pytest.mark.slow
def test_a_build_that_was_broken_off_is_taken_up_again(copy):
    """Its units are in the cache, and nothing says so."""
    copy.build(UNIT)
    (mark,) = copy.caches[0].glob("*.built")
    mark.unlink()

    assert copy.build(UNIT)[1:] == [f"{UNIT} 1 1", "[True]"]
    assert copy.report() == (101, 1)


@pytest.mark.slow
def test_a_copy_elsewhere_with_the_same_sources_shares_the_cache(copy, tmp_path):
    copy.build(UNIT)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(copy.folder / "app", elsewhere / "app")

    twin = Copy(elsewhere, made=True)
    twin.cache = copy.cache

    assert twin.run(BUILD.format(units=(UNIT,))) == ["[True]"]
    assert twin.report() == (101, 1)


@pytest.mark.slow
def test_what_is_in_the_cache_is_loaded_without_the_compiler(copy):
    """numba takes a second and a half to start; a warm start does not pay for it."""
    copy.build(UNIT)
    lines = copy.run(REPORT + "import sys\nprint('numba' in sys.modules)\n")

    assert lines == ["101 1", "False"]


@pytest.mark.slow
def test_compiled_code_that_raises_says_so_and_returns_zero(copy):
    """Loaded without numba as well, where its runtime's part stands in for itself."""
    raising = CALLER.replace("return step(value)", "assert value == 0\n    return 7")
    copy.write("sample_unit", raising.replace("from app.engine.sample_callee", "#"))
    assert copy.report() == (0, 0)

    assert copy.report() == (0, 1)
    assert copy.run(QUIET) == ["0 7"]


@pytest.mark.slow
def test_a_unit_that_does_not_compile_is_named_with_the_compilers_words(copy):
    copy.write("broken_unit", CALLER.replace("step(value)", "value.no_such_field"))

    lines = copy.build(UNIT, BROKEN)

    message = "\n".join(lines)
    assert f"CompileError {BROKEN} does not compile" in message
    assert "no_such_field" in message
    assert "False]" in lines[-1]


@pytest.mark.slow
def test_a_module_that_cannot_be_imported_is_named(copy):
    copy.write("broken_unit", "import no_such_module\n")

    message = "\n".join(copy.build(BROKEN))

    assert f"CompileError {BROKEN} does not compile" in message
    assert "no_such_module" in message


@pytest.mark.slow
def test_a_compiler_that_complains_at_length_does_not_hang_the_build(copy):
    """More than a pipe holds."""
    copy.write(
        "broken_unit",
        'import sys\nsys.stderr.write("x" * 1_000_000)\nraise SystemExit("the end")\n',
    )

    message = "\n".join(copy.build(BROKEN))

    assert "the end" in message
    assert len(message) < 5000


@pytest.mark.slow
def test_a_compiler_that_is_killed_is_an_error(copy):
    copy.write("broken_unit", "import os\nos.kill(os.getpid(), 9)\n")

    assert f"CompileError {BROKEN} does not compile" in copy.build(BROKEN)[1]


@pytest.mark.slow
def test_a_failed_build_leaves_no_process_behind(copy):
    copy.write("broken_unit", "raise SystemExit(1)\n")
    copy.write("slow_unit", "import threading\nthreading.Event().wait()\n")
    children = (
        BUILD
        + """
import psutil
print(len(psutil.Process().children(recursive=True)))
"""
    )

    # The last is started first, so both run when one fails.
    lines = copy.run(children.format(units=(BROKEN, "app.engine.slow_unit")))

    assert lines[-1] == "0"


@pytest.mark.slow
def test_a_build_that_nobody_wants_any_more_is_broken_off(copy):
    copy.write("slow_unit", "import threading\nthreading.Event().wait()\n")
    code = """
import psutil
from app.engine.build import build
looks = iter([True, True, True])
build(units=("app.engine.slow_unit",), is_wanted=lambda: next(looks, False))
print(len(psutil.Process().children(recursive=True)))
"""

    assert copy.run(code) == ["0"]


@pytest.mark.slow
def test_caches_of_old_sources_are_removed_but_for_the_newest(copy):
    kernels = Path(copy.cache) / "kernels"
    for age in range(200):
        (kernels / f"old{age}").mkdir(parents=True)
        os.utime(kernels / f"old{age}", (1000 - age, 1000 - age))

    copy.build(UNIT)

    names = {path.name for path in copy.caches}
    assert {"old0", "old1", "old2", "old3"} < names
    assert "old199" not in names
    assert copy.report() == (101, 1)


@pytest.fixture
def package(tmp_path):
    root = tmp_path / "one"
    texts = {
        "app/__init__.py": "",
        "app/errors.py": "",
        "app/engine/__init__.py": "",
        "app/engine/unit.py": "from app.engine import near\nx = 1\n",
        "app/engine/near.py": "from app.engine.inner.far import (\n  a,\n  b,\n)\n",
        "app/engine/inner/__init__.py": "",
        "app/engine/inner/far.py": "    import app.errors\n",
        "app/engine/stranger.py": "z = 1\n",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_unit_is_made_of_all_that_it_imports_however_far_away(package):
    found = sources(package / "app/engine/unit.py", package)

    names = {str(path.relative_to(package / "app")) for path in found}
    assert names >= {"engine/unit.py", "engine/near.py", "engine/inner/far.py"}
    assert names >= {"errors.py", "engine/inner/__init__.py"}
    assert "engine/stranger.py" not in names


def test_the_hash_sees_every_source_and_nothing_of_the_place(package, tmp_path):
    def hashed(root):
        for cached in ("_imported", "_read", "_listing"):
            sources.__globals__[cached].cache_clear()
        return source_hash(root / "app/engine/unit.py", root)

    other = tmp_path / "other"
    shutil.copytree(package, other)
    before = hashed(package)
    assert hashed(other) == before

    (other / "app/engine/inner/far.py").write_text("    import app.errors  # edited\n")
    assert hashed(other) != before
    (package / "app/engine/stranger.py").write_text("z = 2\n")
    assert hashed(package) == before


def test_a_unit_has_its_own_entries_and_not_those_it_imports():
    found = entries("app.engine.ring")

    assert {each.__name__ for each in found} >= {"ring_push_entry", "ring_drain_entry"}
    assert all(each.function.__module__ == "app.engine.ring" for each in found)
    from app.engine import log

    assert not [each for each in entries("app.engine.log") if each in found]
    assert log.log_append_entry in entries("app.engine.log")


@entry
def three(first: int, second: int, third: int) -> int:
    """Weigh three numbers."""
    return first + 10 * second + 100 * third


def test_an_entry_takes_three_numbers_and_those_left_out_are_zero():
    assert three(1, 2, 3) == 321
    assert three(1) == 1
    assert three(-(2**63)) == -(2**63)
    assert three.__doc__ == "Weigh three numbers."
    assert three.address == three.address != 0
    assert isinstance(three, Entry)


@entry
def wait_for_cell(cell: int, begun: int, _c: int) -> int:
    """Spin until another thread sets the cell."""
    store_release(begun, 1)
    while load_acquire(cell) == 0:
        pause()
    return int(load_acquire(cell))


@pytest.mark.threads
def test_an_entry_runs_without_the_gil():
    """Else this thread would never get to set what the entry waits for."""
    cells = np.zeros(32, np.int64)
    results = []
    assert wait_for_cell.address

    def wait():
        results.append(wait_for_cell(cells.ctypes.data, cells.ctypes.data + 128))

    thread = threading.Thread(target=wait)
    thread.start()
    while cells[16] == 0:
        pass
    cells[0] = 42
    thread.join()

    assert results == [42]


def test_a_kernel_wraps_around_like_the_machine_and_divides_like_numpy():
    @kernel
    def sums(a, b):
        return a + b

    @kernel
    def ratio(a, b):
        return a / b

    assert sums(2**63 - 1, 1) == -(2**63)
    assert ratio(1.0, 0.0) == np.inf
