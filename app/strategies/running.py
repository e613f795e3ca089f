"""A strategy ready to hang in an engine: compiled, or interpreted with the reason.

Compiling is done in a process of its own, once for a source: machine code is kept in
the compile cache under the hash of the strategy's file and of everything that it is
compiled with, and is loaded from there without numba.
"""

import ast
import contextlib
import copy
import ctypes
import hashlib
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from app.clock import thread_ns
from app.engine import objects, strategy_calls, strategy_state
from app.engine.compile import (
    Entry,
    cache_root,
    checked_kernel,
    compiler_hash,
    kernel,
)
from app.engine.memory import view
from app.engine.sources import source_hash
from app.engine.strategy import Handler, HandlerStatus, Interpreted
from app.engine.strategy_state import BUDGET_AT, STATUS_AT
from app.errors import StrategyError
from app.strategies import compiling, program_making, slips
from app.strategies.checks import python_only, translated
from app.strategies.compiling import Answer, Order
from app.strategies.program import PREFIX as _P, Program
from app.strategies.request_faults import REQUESTS, telling
from app.strategies.strategy import HANDLERS, Strategy, files_of, title_of
from app.strategies.whole_files import write_whole

_log = logging.getLogger("app.strategies")
_VERDICT: Final = "verdict.json"
_TRIES: Final = 2
_LOOK_EVERY: Final = 1024
"""Turns of an interpreted loop between two looks at the time."""
LOOP_ENDED: Final = "a loop ran too long"
"""What a loop raises that has used up its budget or the time it may take."""


@dataclass
class Runnable:
    """A strategy's handlers.

    Attributes
    ----------
    handlers : dict of Handler to Entry or Interpreted
    opening : Entry or Interpreted
        Opens the indicators of a new memory.
    reason : str
        Why it is interpreted, with the line; "" if it is compiled.
    errors : list
        What interpreted handlers raised.
    """

    program: Program
    handlers: dict[Handler, Entry | Interpreted]
    opening: Entry | Interpreted
    reason: str = ""
    errors: list[BaseException] = field(default_factory=list)

    @property
    def is_compiled(self) -> bool:
        """Whether its handlers are machine code."""
        return not self.reason


def prepare(
    cls: type[Strategy], *, interpreted: bool = False, patience_ns: int = 0
) -> Runnable:
    """Make a strategy ready, compiling it where that is needed and possible.

    Parameters
    ----------
    interpreted : bool
        Run it as Python whether it could be compiled or not.
    patience_ns : int
        Processor time that the loops of one call may take where it runs as Python, for
        a session that a market does not wait for; 0 = as long as their budget lasts.

    Raises
    ------
    StrategyError
        If it cannot run at all.
    """
    program = translated(cls)
    if interpreted or cls.runs == "interpreted":
        return as_python(program, "asked for", patience_ns)
    if (reason := python_only(program)) != "":
        return as_python(program, reason, patience_ns)
    folder = folder_of(cls)
    for _ in range(_TRIES):
        answer = _kept(folder) or _compile(program, folder)
        if answer.reason:
            return as_python(program, answer.reason, patience_ns)
        strategy_calls.offer()
        entries = compiled_entries(program, folder, answer.code)
        if _are_whole(entries.values()):
            handlers: dict[Handler, Entry | Interpreted] = {
                HANDLERS[name]: each for name, each in entries.items() if name != "open"
            }
            return Runnable(program, handlers, entries["open"])
        with contextlib.suppress(OSError):
            (folder / _VERDICT).unlink()
    raise StrategyError(f"{title_of(cls)}: machine code in {folder} is not whole")


def folder_of(cls: type[Strategy]) -> Path:
    """Folder of a strategy's machine code: by all that it is made of."""
    digest = hashlib.sha256(compiler_hash().encode())
    for file in files_of(cls):
        digest.update(file.read_bytes())
    digest.update(source_hash(Path(program_making.__file__)).encode())
    digest.update(cls.__qualname__.encode())
    return cache_root() / f"strategy-{cls.__name__}-{digest.hexdigest()[:20]}"


def kernels_folder() -> Path:
    """Folder of the kernels that handlers are made of: by their sources and form."""
    digest = hashlib.sha256(compiler_hash().encode())
    rewriting = Path(program_making.__file__)
    for each in (rewriting, rewriting.with_name("kept_kernels.py")):
        digest.update(source_hash(each).encode())
    return cache_root() / f"kernels-{digest.hexdigest()[:20]}"


def _kept(folder: Path) -> Answer | None:
    """What is in the cache, or was made in this process's time; None if nothing."""
    try:
        found = json.loads((folder / _VERDICT).read_text())
    except (OSError, ValueError):
        # A disk that was full may have cut it off.
        return compiling.unkept(folder)
    return Answer(found["reason"])


def write_verdict(folder: Path, reason: str) -> None:
    """Say that a strategy is in the cache, or why it has to run as Python.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"reason": reason}).encode()
    write_whole(folder / _VERDICT, content)


def _are_whole(entries: Iterable[Entry]) -> bool:
    """Load machine code; False if some of it is not there, or not as it was written.

    It is compiled where the compiler is, which knows more than this process.
    """
    try:
        return all(each.address for each in entries)
    except (FileNotFoundError, objects.DamagedError):
        return False


def _compile(program: Program, folder: Path) -> Answer:
    """Compile in another process; what became of it."""
    cls = program.cls
    line, text = min(program.made_anew, default=(0, ""))
    new_array = f"line {line}: {text}" if line else ""
    order = Order(title_of(cls), program.file, cls.__qualname__, folder, new_array)
    answer = compiling.compile_apart(order, lambda: _kept(folder) is not None)
    if answer is not None and answer.is_guessed:
        with contextlib.suppress(OSError):
            write_verdict(folder, answer.reason)
    return answer or _kept(folder) or Answer()


# Names of the rewritten source.


def _namespace(program: Program, *, is_mute: bool = False) -> dict[str, Any]:
    """Run the rewritten source: its functions, not yet compiled.

    Parameters
    ----------
    is_mute : bool
        Errors lose their words, for the compiler.
    """
    body = [*program.functions.values(), *_entries_in_place(program)]
    if is_mute:
        body = [_Mute().visit(copy.deepcopy(each)) for each in body]
    module = ast.fix_missing_locations(ast.Module(list(body), []))
    namespace = dict(program.namespace)
    exec(compile(module, program.file, "exec"), namespace)
    return namespace


class _Mute(ast.NodeTransformer):
    """Takes the words out of errors: machine code cannot put any together.

    They come up when the event that failed is run once more as Python.
    """

    def visit_Raise(self, node: ast.Raise) -> Any:
        error = node.exc
        if isinstance(error, ast.Call) and not all(
            isinstance(each, ast.Constant) for each in error.args
        ):
            error.args, error.keywords = [], []
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        if not isinstance(node.msg, ast.Constant):
            node.msg = None
        return node


def _entries_in_place(program: Program) -> list[ast.FunctionDef]:
    """What the engine calls, as if it stood in the line of the method that it calls."""
    found = []
    for handler, tree in program.entries.items():
        method = program.functions.get(handler)
        for each in ast.walk(tree):
            if method is not None and isinstance(each, ast.stmt | ast.expr):
                each.lineno = each.end_lineno = method.lineno
                each.col_offset, each.end_col_offset = 0, 1
        found.append(tree)
    return found


def _function_names(program: Program) -> list[str]:
    return [tree.name for tree in program.functions.values()]


_NUMBAS: Final = "numba_"
_THERE: Final = frozenset(re.findall(r"define \w+ @(\w+)", objects._RUNTIME))  # noqa: SLF001
"""Of numba's library, what stands in for itself where machine code is loaded."""


def _foreign(name: str) -> str:
    return "" if name in _THERE else name.removeprefix(_NUMBAS)


def _named(name: str) -> Any:
    """A function of a name, for one whose machine code is there: it is never run."""

    def absent(arena: int, strategy: int, address: int) -> int:
        raise NotImplementedError

    absent.__name__ = absent.__qualname__ = name
    return absent


class HandlerEntry(Entry):
    """A handler's entry: from the cache, or out of what the compiler has answered.

    Attributes
    ----------
    code : bytes
        Its machine code, as its file has it; empty where it is loaded from the file.
    foreign : str
        Function of numba's own library that it calls, once it is compiled; "" if none.
        Loaded without numba, such code would end the program.
    """

    foreign = ""

    def __init__(
        self, name: str, source: Callable[[], Any], folder: Path, code: bytes = b""
    ) -> None:
        super().__init__(_named(name), folder)
        self.code, self._source = code, source

    def _load(self) -> None:
        code = self.code or self.file.read_bytes()
        self._address, self._keeper = objects.load(code)
        self._was_cached = not self.code

    def compile(self, *, keep: bool) -> None:  # noqa: ARG002
        """Compile; whoever asked for it keeps its code."""
        self.function = self._source()
        super().compile(keep=False)
        compiled = self._keeper
        library = compiled._library  # noqa: SLF001
        code = library._get_compiled_object()  # noqa: SLF001
        for each in library._final_module.functions:  # noqa: SLF001
            if each.is_declaration and each.name.startswith(_NUMBAS):
                self.foreign = self.foreign or _foreign(each.name)
        self.code = objects.packed(compiled.native_name, code)


def compiled_entries(
    program: Program, folder: Path, code: Mapping[str, bytes] = MappingProxyType({})
) -> dict[str, HandlerEntry]:
    """Entries of a strategy's handlers, compiled or to be compiled.

    Parameters
    ----------
    folder : Path
        Of its machine code in the cache.
    code : mapping of handler to bytes
        Machine code that is not there.
    """

    @cache
    def namespace() -> dict[str, Any]:
        """What is compiled; rewriting it takes longer than loading machine code."""
        made = _namespace(program, is_mute=True)
        dtype = program.shape.dtype(program.mentioned)

        def state(ctx: Any) -> Any:
            return view(ctx.memory, 1, dtype)[0]

        made[f"{_P}state"] = kernel(state)
        for name in _function_names(program):
            made[name] = checked_kernel(made[name])
        return made

    def source(name: str) -> Callable[[], Any]:
        return lambda: namespace()[name]

    return {
        handler: HandlerEntry(
            tree.name, source(tree.name), folder, code.get(handler, b"")
        )
        for handler, tree in program.entries.items()
    }


class _State:
    """A strategy's record to interpreted code: values are Python's own."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getitem__(self, name: str) -> Any:
        return self._row[name].item()

    def __setitem__(self, name: str, value: Any) -> None:
        self._row[name] = value


class _Patience:
    """Spends the budget of an interpreted handler's loops, and of their time.

    That is processor time: to wait for a core, or for the GIL, is no fault of theirs.
    It counts as `strategy_state.spend` does, so both ways of running end at one turn.
    """

    def __init__(self, allowed_ns: int) -> None:
        self._allowed_ns, self._until = allowed_ns, 0

    def begin(self, arena: int, strategy: int) -> Any:
        """Begin a handler's call."""
        if self._allowed_ns:
            self._until = thread_ns() + self._allowed_ns
        return strategy_state.begin(arena, strategy)

    def spend(self, ctx: Any) -> None:
        """Take one turn of a loop off the budget."""
        left = ctypes.c_int64.from_address(ctx.memory + BUDGET_AT)
        left.value -= 1
        is_late = (
            self._until and left.value % _LOOK_EVERY == 0 and thread_ns() > self._until
        )
        if left.value < 0 or is_late:
            status = ctypes.c_int64.from_address(ctx.memory + STATUS_AT)
            status.value = HandlerStatus.OUT_OF_BUDGET
            raise RuntimeError(LOOP_ENDED)


def as_python(
    program: Program, reason: str, patience_ns: int = 0, *, quiet: bool = False
) -> Runnable:
    """Make a strategy's handlers that run as Python; see `prepare`.

    Parameters
    ----------
    quiet : bool
        What they raise is kept, not logged.
    """
    namespace = _namespace(program)
    dtype = program.shape.dtype(program.mentioned)

    def state(ctx: Any) -> _State:
        memory: Any = (ctypes.c_char * dtype.itemsize).from_address(ctx.memory)
        return _State(np.frombuffer(memory, dtype)[0])

    errors: list[BaseException] = []

    def failed(ctx: Any) -> int:
        error = sys.exc_info()[1]
        assert error is not None
        errors.append(error)
        if not quiet:
            told = slips.trace_of(error, program.file)
            _log.error("%s raised\n%s", title_of(program.cls), told.rstrip())
        return int(strategy_state.failed(ctx))

    patience = _Patience(patience_ns)
    namespace[f"{_P}state"] = state
    namespace[f"{_P}failed"] = failed
    for each in REQUESTS:
        name = f"{_P}ctx_{each}"
        namespace[name] = telling(each, namespace[name])
    namespace[f"{_P}begin"], namespace[f"{_P}spend"] = patience.begin, patience.spend

    def kept(entry: Callable[[int, int, int], Any]) -> Callable[[int, int, int], Any]:
        """Keep what an entry, which takes exceptions only, lets pass."""

        def called(arena: int, strategy: int, address: int) -> Any:
            try:
                return entry(arena, strategy, address)
            except SystemExit as error:
                errors.append(error)
                raise

        return called

    handlers = {
        name: Interpreted(kept(namespace[tree.name]))
        for name, tree in program.entries.items()
    }
    opening = handlers.pop("open")
    return Runnable(
        program,
        {HANDLERS[name]: each for name, each in handlers.items()},
        opening,
        reason,
        errors,
    )
