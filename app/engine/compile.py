"""The compiler's options and the compile cache.

Two kinds of compiled function:

- a `kernel` is inner code. It is never cached by itself; it is compiled into whatever
  entry uses it.
- an `entry` is what other units, Python and threads call: a C function of three int64
  that returns an int64, cached on disk, reached by its address. A module with entries
  is a *unit*; units call each other by address only, so each compiles alone, and
  `app.engine.build` compiles them in parallel, ahead of use.

A unit's cache lives in a directory named by the hash of every source that the unit
imports, however far away, the flags, numba and the CPU. (numba's own cache is not used:
its key sees only the caller's file, so that an edited callee gives stale results.) What
is in the cache is loaded without numba, which is not even imported then (late.py,
objects.py).
"""

import ctypes
import hashlib
import importlib
import importlib.metadata
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import llvmlite
import llvmlite.binding

from app.engine import objects
from app.engine.late import Late, introduce
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
    "app.engine.strategy_calls",
    "app.engine.backtest",
    "app.engine.history.fold",
    "app.engine.history.reading",
    "app.engine.history.series",
    "app.engine.history.heat",
    "app.engine.history.heat_render",
    "app.engine.plot",
    "app.engine.plot_bars",
    "app.engine.raster",
    "app.engine.ring",
    "app.engine.playback",
    "app.engine.snapshot",
    "app.engine.indicators.series",
)
"""Modules with entries, the longest to compile first."""


def _jit(function: F, **options: Any) -> F:
    def make() -> Any:
        import numba

        return numba.njit(nogil=True, **{**_INNER_OPTIONS, **options})(function)

    return cast(F, Late(make, function))


def kernel(function: F) -> F:
    """Compile inner code: no GIL, numpy's error model; the function keeps its type.

    What an `inlined` function calls is inlined as well (numba lets flags be inherited),
    as far as a `rare` one.
    """
    return _jit(function)


def checked_kernel(function: F) -> F:
    """Compile a handler's code: as Python would run it, indices and zeros checked."""
    return _jit(function, boundscheck=True, error_model="python")


def rare(function: F) -> F:
    """Compile a `kernel` that hot code seldom calls: never inlined, nor what it calls.

    Its body begins with `rare.out_of_line()`: LLVM would take a function with one
    caller into it all the same.
    """
    return _jit(function, forceinline=False)


def inlined(function: F) -> F:
    """Compile a `kernel` into its caller: for the steps of a hot path, called once.

    A call between kernels passes its result through memory and checks a status: 2 ns,
    where a whole record of market data has 25.
    """
    return _jit(function, forceinline=True)


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Emit LLVM code for a call; to mypy its result is Any: its typing context goes."""

    def make() -> Any:
        from numba.extending import intrinsic as made

        return made(function)

    return Late(make, function)


_LOADING: Final = threading.RLock()


class Entry:
    """A compiled function of three int64, called by address from any unit or thread.

    Compiling, or loading from the cache (or from `folder`), happens at the first use of
    `address`.
    Calling an entry from Python releases the GIL while it runs. An entry that is a
    closure is never cached: what it has captured is in no source.
    """

    signature = _SIGNATURE

    def __init__(
        self, function: Callable[[int, int, int], int], folder: Path | None = None
    ) -> None:
        self.function = function
        self._folder = folder
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self._keeper: Any = None
        self._address = 0
        self._was_cached = False
        self._call: Callable[..., Any] | None = None

    @property
    def file(self) -> Path:
        """File of its machine code in the cache."""
        name = re.sub(r"\W+", "-", self.function.__qualname__)
        folder = self._folder or cache_of(self.function.__code__.co_filename)
        return folder / f"{name}.object"

    @property
    def address(self) -> int:
        """Address of the compiled function."""
        if not self._address:
            # LLVM takes one at a time, and an entry once.
            with _LOADING:
                if not self._address:
                    self._load()
        return self._address

    def _load(self) -> None:
        """Take it from the cache, or compile it."""
        may_cache = self.function.__closure__ is None
        if may_cache:
            with suppress(FileNotFoundError, objects.DamagedError):
                self._address, self._keeper = objects.load(self.file.read_bytes())
                self._was_cached = True
                return
        self.compile(keep=may_cache)

    def compile(self, *, keep: bool) -> None:
        """Compile, and put it into the cache if asked to."""
        import numba

        introduce()
        options = {**_OPTIONS, **_entry_options}
        compiled = numba.cfunc(self.signature, **options)(self.function)
        self._keeper, self._address = compiled, int(compiled.address)
        if keep:
            code = compiled._library._get_compiled_object()  # noqa: SLF001
            objects.save(self.file, compiled.native_name, code)

    @property
    def was_cached(self) -> bool:
        """Whether it was loaded and not compiled; False before its first use."""
        return self._was_cached

    def __call__(self, first: int = 0, second: int = 0, third: int = 0) -> int:
        """Run with the GIL released."""
        if self._call is None:
            self._call = _PROTOTYPE(self.address)
        return self._call(first, second, third)


# ctypes releases the GIL around a CFUNCTYPE call.
_PROTOTYPE: Final = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64
)


class Exported(Entry):
    """An entry of any numbers that handlers call by its name.

    A handler compiles no more of it than the call; its machine code is linked to it by
    `symbol`, so `offer` comes before a handler's code is compiled or loaded.
    """

    def __init__(self, function: Callable[..., Any], signature: str) -> None:
        super().__init__(function)
        self.signature = signature
        self.symbol = f"ringside_{function.__name__}"

    def offer(self) -> None:
        """Let machine code be linked to it."""
        llvmlite.binding.add_symbol(self.symbol, self.address)

    def external(self) -> Any:
        """What it is to numba."""
        from numba import types
        from numba.core.sigutils import normalize_signature

        arguments, result = normalize_signature(self.signature)
        return types.ExternalFunction(self.symbol, result(*arguments))

    def __call__(self, *arguments: float) -> Any:
        """Run with the GIL released."""
        if self._call is None:
            result, _, rest = self.signature.rstrip(")").partition("(")
            kinds = [_C_TYPES[name] for name in rest.split(",")]
            self._call = ctypes.CFUNCTYPE(_C_TYPES[result], *kinds)(self.address)
        return self._call(*arguments)


_C_TYPES: Final[Mapping[str, Any]] = {
    "int64": ctypes.c_int64,
    "float64": ctypes.c_double,
}


def exported(signature: str) -> Callable[[Callable[..., Any]], Exported]:
    """Declare an entry that handlers call by name; its module is one of `UNITS`."""
    return lambda function: Exported(function, signature)


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
    digest.update(compiler_hash().encode())
    folder = cache_root() / f"{Path(file).stem}-{digest.hexdigest()[:20]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def compiler_hash() -> str:
    """Hash of what compiles: Python, numba, LLVM, the processor and the flags."""
    digest = hashlib.sha256()
    for part in (
        sys.version,
        importlib.metadata.version("numba"),
        llvmlite.__version__,
        llvmlite.binding.get_host_cpu_name(),
        str(llvmlite.binding.get_host_cpu_features().flatten()),
        str(BOUNDSCHECK),
    ):
        digest.update(part.encode())
    return digest.hexdigest()


def cache_root() -> Path:
    """Directory of all compile caches (`RINGSIDE_CACHE`, else the user's cache)."""
    return cache_folder(os.environ) / "kernels"


def _mark(module_name: str) -> Path:
    """File that says a unit is in the cache for these sources."""
    file = ENGINE.parent.parent.joinpath(*module_name.split(".")).with_suffix(".py")
    return cache_of(str(file)) / f"{module_name}.built"


def is_built(module_name: str) -> bool:
    """Tell whether a unit loads from the cache without compiling."""
    return _mark(module_name).exists()


def compile_unit(module_name: str) -> None:
    """Compile the entries of one unit into the cache, in a process that ends then."""
    compile_all(each for each in entries(module_name) if not each.file.exists())
    _mark(module_name).touch()


def compile_all(wanted: Iterable[Entry]) -> None:
    """Compile entries into the cache, in a process that does nothing else."""
    from app.engine import lean

    if not _entry_options:
        lean.install()
        _entry_options["pipeline_class"] = lean.EntryCompiler
    for each in wanted:
        each.compile(keep=True)
