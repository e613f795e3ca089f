"""Compiling a unit without compiling its parts twice.

numba makes a finished library of every function it meets: it links in all that the
function calls, optimises the whole and emits machine code, and its caller does the same
with a copy. In a unit of small kernels, several calls deep, nearly all of that is
thrown away: only entries are ever run. In a process that does nothing but compile (see
`compile.build`) `install` keeps inner functions as plain LLVM modules; the entry links
each once and is optimised once. The result is the same entry, several times sooner.

It leans on numba's code libraries, which are not a public interface: the tests compile
an entry both ways and compare what it does.
"""

from collections.abc import Iterator
from typing import Any

from numba import _dynfunc
from numba.core import compiler, types
from numba.core.callconv import PythonErrorModel
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.cpu import CPUContext
from numba.np import arrayobj

from app.engine.compile import BOUNDSCHECK


class InnerLibrary(JITCodeLibrary):  # type: ignore[misc]
    """A function that only entries will use: linked there, never run by itself."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """Close the module as it is."""
        self._raise_if_finalized()
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002
        """Return no address: there is no machine code."""
        self._ensure_finalized()
        return 0


class EntryLibrary(JITCodeLibrary):  # type: ignore[misc]
    """An entry: everything below it is linked in once, then optimised."""

    def finalize(self) -> None:
        """Link, optimise and emit."""
        self._raise_if_finalized()
        for library in _below(self._linking_libraries, set()):
            self._reload_init.update(library._reload_init)
            module = library._get_module_for_linking()
            self._final_module.link_in(module, preserve=True)
        _keep_inside(self._final_module)
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()


def _keep_inside(module: Any) -> None:
    """Let nobody outside call what an entry is made of.

    LLVM then takes what has one caller into it and drops what nobody reads: a third of
    a handler's time, a tenth of the engine's, and some of the compiling as well.
    """
    for function in module.functions:
        if not function.is_declaration and function.linkage.name == "linkonce_odr":
            function.linkage = "internal"


def _below(libraries: list[Any], seen: set[Any]) -> Iterator[Any]:
    """Yield libraries and all that they call, each once."""
    for library in libraries:
        if library in seen:
            continue
        seen.add(library)
        yield library
        yield from _below(library._linking_libraries, seen)


class EntryCompiler(compiler.Compiler):  # type: ignore[misc]
    """numba's pipeline, into an `EntryLibrary`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        codegen = self.state.targetctx.codegen()
        self.state.library = EntryLibrary(codegen, "entry")
        self.state.library.enable_object_caching()


def install() -> None:
    """Make every function of this process, entries excepted, an `InnerLibrary`."""
    finished = CPUContext.get_executable

    def get_executable(context: Any, library: Any, fndesc: Any, env: Any) -> Any:
        if not isinstance(library, InnerLibrary):
            return finished(context, library, fndesc, env)
        name = fndesc.qualname.split(".")[-1]
        module = fndesc.lookup_module()
        return _dynfunc.make_function(module, name, "", 0, env, (library,))

    CPUContext.get_executable = get_executable
    JITCPUCodegen._library_class = InnerLibrary
    if BOUNDSCHECK:
        _forbid_negative()


def _forbid_negative() -> None:
    """Let an index below 0 be out of bounds in kernels, where bounds are checked.

    Without checks nothing is added to it, see `arena.section`. In the code of handlers
    it counts from the end, as in Python.
    """
    finished = arrayobj.fix_integer_index

    def fix(context: Any, builder: Any, kind: Any, index: Any, size: Any) -> Any:
        if isinstance(context.error_model, PythonErrorModel):
            return finished(context, builder, kind, index, size)
        return context.cast(builder, index, kind, types.intp)

    arrayobj.fix_integer_index = fix
