"""The compiler's options, the compile cache, and building it ahead of use.

Two kinds of compiled function:

- a `kernel` is inner code. It is never cached by itself; it is compiled into whatever
  entry uses it.
- an `entry` is what other units, Python and threads call: a C function of three int64
  that returns an int64, cached on disk, reached by its address. A module with entries
  is a *unit*; units call each other by address only, so each compiles alone, and
  `build` compiles them in parallel subprocesses.

The cache lives in a directory named by the hash of every engine source, the flags,
numba and the CPU. numba's own key sees only the caller's file: with it alone an edited
callee would give stale results without a word (tests/engine/test_compile.py).
"""

import ctypes
import gc
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import llvmlite
import llvmlite.binding
import numba
import numba.extending

from app.errors import CompileError
from app.folders import cache_folder

F = TypeVar("F", bound=Callable[..., object])

BOUNDSCHECK: Final = os.environ.get("RINGSIDE_BOUNDSCHECK", "0") == "1"
_OPTIONS: Final = {"error_model": "numpy", "boundscheck": BOUNDSCHECK}
_SIGNATURE: Final = "int64(int64,int64,int64)"
_entry_options: dict[str, Any] = {}
_ENGINE: Final = Path(__file__).parent
_KEPT_CACHES: Final = 4

UNITS: Final = (
    "app.engine.ring",
    "app.engine.log",
    "app.engine.book",
    "app.engine.gate",
    "app.engine.venue.simulated",
    "app.engine.venue.external",
    "app.engine.exchange.unit",
    "app.engine.kernel",
    "app.engine.view_writer",
    "app.engine.snapshot",
    "app.engine.strategy",
    "app.engine.playback",
)
"""Modules with entries; the longest to compile last is started first by `build`."""


def kernel(function: F) -> F:
    """Compile inner code: no GIL, numpy's error model; the function keeps its type."""
    return numba.njit(nogil=True, **_OPTIONS)(function)


def inlined(function: F) -> F:
    """Compile a `kernel` into its caller: for the steps of a hot path, called once.

    A call between kernels passes its result through memory and checks a status: 2 ns,
    where a whole record of market data has 25.
    """
    return numba.njit(nogil=True, forceinline=True, **_OPTIONS)(function)


intrinsic: Final[Callable[[Callable[..., Any]], Any]] = numba.extending.intrinsic
"""Emit LLVM code for a call; to mypy the result is Any, for its typing context goes."""


class Entry:
    """A compiled function of three int64, called by address from any unit or thread.

    Compiling, or loading from the cache, happens at the first use of `address`.
    Calling an entry from Python releases the GIL while it runs.
    """

    def __init__(self, function: Callable[[int, int, int], int]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self._compiled: Any = None
        self._address = 0
        self._call: Callable[[int, int, int], int] | None = None

    @property
    def address(self) -> int:
        """Address of the compiled function."""
        if not self._address:
            options = {**_OPTIONS, **_entry_options}
            compiled = numba.cfunc(_SIGNATURE, cache=True, **options)(self.function)
            self._compiled = compiled
            self._address = int(compiled.address)
        return self._address

    @property
    def was_cached(self) -> bool:
        """Whether it was loaded and not compiled; False before its first use."""
        return self._compiled is not None and self._compiled.cache_hits > 0

    def __call__(self, first: int = 0, second: int = 0, third: int = 0) -> int:
        """Run with the GIL released."""
        if self._call is None:
            self._call = _PROTOTYPE(self.address)
        return self._call(first, second, third)


# ctypes releases the GIL around a CFUNCTYPE call.
_PROTOTYPE: Final = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64
)


def entry(function: Callable[[int, int, int], int]) -> Entry:
    """Declare an entry; its module must be listed in `UNITS`."""
    return Entry(function)


def entries(module_name: str) -> list[Entry]:
    """Return the entries that a unit declares."""
    module = importlib.import_module(module_name)
    return [
        value
        for value in vars(module).values()
        if isinstance(value, Entry) and value.function.__module__ == module_name
    ]


def source_hash(root: Path = _ENGINE) -> str:
    """Hash every engine source, the flags, numba and the CPU: the cache's name."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    for part in (
        sys.version,
        numba.__version__,
        llvmlite.__version__,
        llvmlite.binding.get_host_cpu_name(),
        str(llvmlite.binding.get_host_cpu_features().flatten()),
        str(BOUNDSCHECK),
    ):
        digest.update(part.encode())
    return digest.hexdigest()[:20]


def cache_root() -> Path:
    """Directory of all compile caches (`RINGSIDE_CACHE`, else the user's cache)."""
    return cache_folder(os.environ) / "kernels"


def _mark(module_name: str) -> Path:
    """File that says a unit is in the cache for the sources in this place.

    numba tells sources apart by place and content; the content names the cache.
    """
    stamp = hashlib.sha256(str(_ENGINE).encode())
    return CACHE / f"{module_name}-{stamp.hexdigest()[:12]}.built"


def is_built(module_name: str) -> bool:
    """Tell whether a unit loads from the cache without compiling."""
    return _mark(module_name).exists()


def compile_unit(module_name: str) -> None:
    """Compile the entries of one unit into the cache, in a process that ends then."""
    from app.engine import lean

    # Nothing made here is ever garbage before the process ends.
    gc.disable()
    lean.install()
    _entry_options["pipeline_class"] = lean.EntryCompiler
    for each in entries(module_name):
        # One that was in the cache has no address here: see `lean.InnerLibrary`.
        assert each.address or each.was_cached
    _mark(module_name).touch()


def build(
    progress: Callable[[str, int, int], None] = lambda unit, done, total: None,
    units: tuple[str, ...] = UNITS,
) -> None:
    """Compile in parallel subprocesses what is not in the cache.

    Parameters
    ----------
    progress : callable
        Told the unit that ended, how many are done and how many there are.

    Raises
    ------
    CompileError
        If a unit does not compile; the message holds the compiler's last lines.
    """
    missing = [unit for unit in units if not is_built(unit)]
    total, done = len(missing), 0
    waiting = list(missing)
    running: dict[str, _Compiler] = {}
    if missing:
        _prune()
        progress("", 0, total)
    try:
        while waiting or running:
            while waiting and len(running) < max(1, os.cpu_count() or 1):
                unit = waiting.pop()
                running[unit] = _Compiler(unit)
            ended = _first_ended(running)
            compiler = running.pop(ended)
            if compiler.end():
                raise CompileError(f"{ended} does not compile: {compiler.complaint}")
            done += 1
            progress(ended, done, total)
    finally:
        for compiler in running.values():
            compiler.process.kill()
            compiler.end()


class _Compiler:
    """A process that compiles one unit.

    What it says goes to a file: a pipe that nobody reads while waiting would stop a
    process that complains at length.
    """

    def __init__(self, unit: str) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - `end` closes it
        self.complaint = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.engine.compile", unit],
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            cwd=_ENGINE.parent.parent,
        )

    def end(self) -> int:
        """Wait, keep the last lines it said, and return its exit status."""
        status = self.process.wait()
        self._said.seek(0)
        self.complaint = self._said.read()[-2000:].decode(errors="replace").strip()
        self._said.close()
        return status


def _first_ended(running: dict[str, _Compiler]) -> str:
    """Wait for whichever child ends first (Linux: pidfd and poll)."""
    import select

    poller = select.poll()
    names: dict[int, str] = {}
    for name, compiler in running.items():
        if compiler.process.poll() is not None:
            return name
        descriptor = os.pidfd_open(compiler.process.pid)
        names[descriptor] = name
        poller.register(descriptor, select.POLLIN)
    try:
        return names[poller.poll()[0][0]]
    finally:
        for descriptor in names:
            os.close(descriptor)


def _prune() -> None:
    """Remove all but the newest caches of earlier sources."""
    root = CACHE.parent
    old = [path for path in root.iterdir() if path.is_dir() and path != CACHE]
    old.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in old[_KEPT_CACHES:]:
        shutil.rmtree(path, ignore_errors=True)


CACHE: Final = cache_root() / source_hash()
"""The compile cache of these sources."""

CACHE.mkdir(parents=True, exist_ok=True)
numba.config.CACHE_DIR = str(CACHE)


def _print(unit: str, done: int, total: int) -> None:
    name = unit.removeprefix("app.engine.") or "start"
    print(f"compiling the engine: {done}/{total} {name}", flush=True)  # noqa: T201


if __name__ == "__main__":
    # As a script this file would be a second module: work in the real one.
    from app.engine import compile as _real

    if len(sys.argv) > 1:
        _real.compile_unit(sys.argv[1])
    else:
        _real.build(_print)
