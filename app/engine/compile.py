"""The compiler's options and the compile cache.

Two kinds of compiled function:

- a `kernel` is inner code. It is never cached by itself; it is compiled into whatever
  entry uses it.
- an `entry` is what other units, Python and threads call: a C function of three int64
  that returns an int64, cached on disk, reached by its address. A module with entries
  is a *unit*; units call each other by address only, so each compiles alone, and
  `app.engine.build` compiles them in parallel, ahead of use.

A unit's cache lives in a directory named by the hash of every source that the unit
imports, however far away, the flags, numba and the CPU. numba's own key sees only the
caller's file: with it alone an edited callee would give stale results without a word
(tests/engine/test_compile.py).
"""

import ctypes
import hashlib
import importlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import llvmlite
import llvmlite.binding
import numba
import numba.extending

from app.engine.sources import source_hash
from app.folders import cache_folder

F = TypeVar("F", bound=Callable[..., object])

BOUNDSCHECK: Final = os.environ.get("RINGSIDE_BOUNDSCHECK", "0") == "1"
_OPTIONS: Final = {"error_model": "numpy", "boundscheck": BOUNDSCHECK}
_SIGNATURE: Final = "int64(int64,int64,int64)"
_entry_options: dict[str, Any] = {}
IN_BUILD_SERVER: Final = "RINGSIDE_BUILD_SERVER"
"""Set in processes that only compile: there Python calls no kernel."""
_INNER_OPTIONS: Final = (
    {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    if IN_BUILD_SERVER in os.environ
    else _OPTIONS
)
ENGINE: Final = Path(__file__).parent
"""Folder of the engine's sources."""

UNITS: Final = (
    "app.engine.gate",
    "app.engine.book",
    "app.engine.venue.simulated",
    "app.engine.exchange.unit",
    "app.engine.kernel",
    "app.engine.venue.external",
    "app.engine.view_writer",
    "app.engine.log",
    "app.engine.strategy",
    "app.engine.ring",
    "app.engine.playback",
    "app.engine.snapshot",
)
"""Modules with entries, the longest to compile first."""


def kernel(function: F) -> F:
    """Compile inner code: no GIL, numpy's error model; the function keeps its type."""
    return numba.njit(nogil=True, **_INNER_OPTIONS)(function)


def inlined(function: F) -> F:
    """Compile a `kernel` into its caller: for the steps of a hot path, called once.

    A call between kernels passes its result through memory and checks a status: 2 ns,
    where a whole record of market data has 25.
    """
    return numba.njit(nogil=True, forceinline=True, **_INNER_OPTIONS)(function)


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
            # Read when the function is declared to numba, on the next line.
            numba.config.CACHE_DIR = str(cache_of(self.function.__code__.co_filename))
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


@cache
def cache_of(file: str) -> Path:
    """Directory of the compile cache of a unit, by its sources and the compiler."""
    digest = hashlib.sha256(source_hash(Path(file)).encode())
    for part in (
        sys.version,
        numba.__version__,
        llvmlite.__version__,
        llvmlite.binding.get_host_cpu_name(),
        str(llvmlite.binding.get_host_cpu_features().flatten()),
        str(BOUNDSCHECK),
    ):
        digest.update(part.encode())
    folder = cache_root() / f"{Path(file).stem}-{digest.hexdigest()[:20]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cache_root() -> Path:
    """Directory of all compile caches (`RINGSIDE_CACHE`, else the user's cache)."""
    return cache_folder(os.environ) / "kernels"


def _mark(module_name: str) -> Path:
    """File that says a unit is in the cache for the sources in this place.

    numba tells sources apart by place and content; the content names the cache.
    """
    file = ENGINE.parent.parent.joinpath(*module_name.split(".")).with_suffix(".py")
    stamp = hashlib.sha256(str(ENGINE).encode())
    return cache_of(str(file)) / f"{module_name}-{stamp.hexdigest()[:12]}.built"


def is_built(module_name: str) -> bool:
    """Tell whether a unit loads from the cache without compiling."""
    return _mark(module_name).exists()


def compile_unit(module_name: str) -> None:
    """Compile the entries of one unit into the cache, in a process that ends then."""
    from app.engine import lean

    if not _entry_options:
        lean.install()
        _entry_options["pipeline_class"] = lean.EntryCompiler
    for each in entries(module_name):
        # One that was in the cache has no address here: see `lean.InnerLibrary`.
        assert each.address or each.was_cached
    _mark(module_name).touch()
