"""The engine's kernels as handlers use them, compiled once for all strategies.

Nearly all of a handler's compiling is numba's work on the sixty kernels below it, which
are the same for every strategy. So the process that compiles keeps each, typed and
lowered, as LLVM bitcode in a folder named by the hash of their sources; the next one
reads it and compiles no more than the strategy's own functions. Kernels are linked into
the handler before it is optimised, as they were: the machine code is the same.

It leans on the cache that numba's dispatchers ask, which is not a public interface. A
file that is not whole is passed over, and its kernel compiled again.
"""

import contextlib
import hashlib
import itertools
import pickle
import secrets
from pathlib import Path
from typing import Any, Final

import llvmlite.binding as llvm
import numpy as np
from numba.core import compiler, dispatcher
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import NullCache
from numba.core.sigutils import normalize_signature
from numba.core.targetconfig import ConfigStack

from app.engine.late import Late
from app.engine.lean import InnerLibrary
from app.strategies.whole_files import write_whole

_SAME: Final = ("app.engine.", "app.strategies.whole_numbers")
"""Modules whose functions are the same in every strategy."""
_DIGEST: Final = hashlib.sha256().digest_size


class Store:
    """A folder of kernels and of the LLVM modules that they are made of.

    Processes may read and write it at the same time: a file is there whole or not at
    all, and none is ever changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._libraries: dict[str, Any] = {}
        self._names: dict[Any, str] = {}
        self._takes_more = True

    def load(self, key: str, context: Any) -> Any:
        """Return a kernel as numba's result of compiling; None if it is not there."""
        content = self._read(f"{key}.kernel")
        if content is None:
            return None
        library, descriptor, environment, signature = pickle.loads(content)
        code = self._library(library, context.codegen())
        if code is None:
            return None
        function = context.get_executable(code, descriptor, environment)
        return compiler.CompileResult(
            typing_context=context.typing_context,
            target_context=context,
            entry_point=function,
            typing_error=None,
            type_annotation="",
            signature=signature,
            objectmode=False,
            lifted=(),
            fndesc=descriptor,
            library=code,
            call_helper=None,
            environment=environment,
            metadata=None,
            reload_init=[],
            referenced_envs=(),
        )

    def save(self, key: str, result: Any) -> None:
        """Keep a kernel, unless it holds what only this process has."""
        if not _can_be_kept(result):
            return
        result.fndesc.typemap = result.fndesc.calltypes = None
        library = self._save_library(result.library)
        kept = (library, result.fndesc, result.environment, result.signature)
        self._write(f"{key}.kernel", pickle.dumps(kept))

    def _library(self, name: str, codegen: Any) -> Any:
        """A library and all that it calls, each once in this process."""
        if name in self._libraries:
            return self._libraries[name]
        content = self._read(f"{name}.library")
        if content is None:
            return None
        title, bitcode, below = pickle.loads(content)
        called = [self._library(each, codegen) for each in below]
        if None in called:
            return None
        library = InnerLibrary(codegen, title)
        library._final_module = llvm.parse_bitcode(bitcode)
        library._linking_libraries = called
        library._finalized = True
        self._libraries[name], self._names[library] = library, name
        return library

    def _save_library(self, library: Any) -> str:
        """Keep a library and all that it calls; its name in the folder."""
        if library in self._names:
            return self._names[library]
        below = dict.fromkeys(library._linking_libraries)
        bitcode = library._final_module.as_bitcode()
        kept = (library.name, bitcode, [self._save_library(each) for each in below])
        content = pickle.dumps(kept)
        name = hashlib.sha256(content).hexdigest()[:32]
        self._write(f"{name}.library", content)
        self._libraries[name], self._names[library] = library, name
        return name

    def _read(self, name: str) -> bytes | None:
        """A file's content; None where there is none or it is not whole."""
        try:
            content = (self.folder / name).read_bytes()
        except OSError:
            return None
        digest, content = content[:_DIGEST], content[_DIGEST:]
        return content if hashlib.sha256(content).digest() == digest else None

    def _write(self, name: str, content: bytes) -> None:
        """Keep a file, as long as there is room; what is not kept is compiled again."""
        if not self._takes_more:
            return
        try:
            write_whole(self.folder / name, hashlib.sha256(content).digest() + content)
        except OSError:
            self._takes_more = False


def _can_be_kept(result: Any) -> bool:
    """Whether a kernel is the same in another process.

    Addresses of Python's objects may stand in it (numba writes them for a dtype or
    another kernel): no code reads them, as no cached entry does.
    """
    return not (
        result.objectmode
        or result.lifted
        or result.reload_init
        or any(each._reload_init for each in _all(result))
    )


def _all(result: Any) -> list[Any]:
    """The libraries that a kernel is made of."""
    found, waiting = dict[Any, None](), [result.library]
    while waiting:
        library = waiting.pop()
        if library not in found:
            library._ensure_finalized()
            found[library] = None
            waiting += library._linking_libraries
    return list(found)


class _Kept(NullCache):  # type: ignore[misc]
    """What numba asks for one kernel before it compiles it."""

    def __init__(self, store: Store, title: str) -> None:
        self._store, self._title = store, title

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the kernel for these types, if it is kept."""
        return self._store.load(self._key(sig), target_context)

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep the kernel for these types."""
        self._store.save(self._key(sig), cres)

    def _key(self, sig: Any) -> str:
        # Callers lend it the flags that it leaves open.
        flags = ConfigStack.top_or_none()
        lent = (flags.forceinline, str(flags.fastmath)) if flags is not None else ()
        types = normalize_signature(sig)
        told = f"{self._title} {types} {lent}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def _title(function: Any) -> str:
    """What a kernel is, with what it has captured; "" if that cannot be told."""
    line = function.__code__.co_firstlineno
    told = [function.__module__, function.__qualname__, str(line)]
    for cell in function.__closure__ or ():
        value = cell.cell_contents
        if isinstance(value, np.dtype):
            value = (value.descr, value.itemsize, value.isalignedstruct)
        elif isinstance(value, Late) and hasattr(value, "__wrapped__"):
            value = _title(value.__wrapped__)
        elif not isinstance(value, int | float | str):
            return ""
        if value == "":
            return ""
        told.append(repr(value))
    return " ".join(told)


def install(folder: Path) -> None:
    """Let every kernel of this process be read from a folder, and kept there."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder)
    number_anew()
    kind: Any = dispatcher.Dispatcher
    plain = kind.__init__

    def begin(made: Any, py_func: Any, *arguments: Any, **options: Any) -> None:
        plain(made, py_func, *arguments, **options)
        if py_func.__module__.startswith(_SAME) and (title := _title(py_func)):
            made._cache = _Kept(store, title)

    kind.__init__ = begin


def number_anew() -> None:
    """Number functions of this process from where no other does.

    Their symbols have those numbers, and kernels of several processes are put together.
    """
    FunctionIdentity._unique_ids = itertools.count(secrets.randbits(48) << 16)
