"""A strategy ready to hang in an engine: compiled, or interpreted with the reason.

Compiling is done in a process of its own, once for a source: machine code is kept in
the compile cache under the hash of the strategy's file and of everything that it is
compiled with, and is loaded from there without numba.
"""

import ast
import copy
import ctypes
import hashlib
import inspect
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.clock import SystemClock
from app.engine import strategy_calls, strategy_state
from app.engine.compile import (
    ENGINE,
    IN_BUILD_SERVER,
    Entry,
    cache_root,
    checked_kernel,
    compile_all,
    compiler_hash,
    kernel,
)
from app.engine.memory import view
from app.engine.sources import source_hash
from app.engine.strategy import Handler, HandlerStatus, Interpreted
from app.engine.strategy_state import BUDGET_AT, STATUS_AT
from app.errors import StrategyError
from app.strategies import slips, translate as translating, whole_numbers
from app.strategies.checks import python_only, translated
from app.strategies.strategy import HANDLERS, Strategy, title_of
from app.strategies.translate import NotCompilableError, Program, translate

_P: Final = translating._P  # noqa: SLF001  (one package)
_log = logging.getLogger("app.strategies")
_VERDICT: Final = "verdict.json"
_CLOCK: Final = SystemClock()
_LLVM: Final = "LLVM ERROR: "
_LOOK_EVERY: Final = 1024
"""Turns of an interpreted loop between two looks at the clock."""
LOOP_ENDED: Final = "a loop ran too long"
"""What a loop raises that has used up its budget or the time it may take."""
_COMPILE_S: Final = 120.0
"""Longest that a strategy may take to compile; what its file does alone counts too."""


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
        How long the loops of one call may take where it runs as Python, for a session
        that a market does not wait for; 0 = as long as their budget lasts.

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
    verdict = _verdict(folder) or _compile(program, folder)
    if verdict["reason"]:
        return as_python(program, verdict["reason"], patience_ns)
    strategy_calls.offer()
    entries = compiled_entries(program, folder)
    return Runnable(
        program,
        {HANDLERS[name]: each for name, each in entries.items() if name != "open"},
        entries["open"],
    )


def folder_of(cls: type[Strategy]) -> Path:
    """Folder of a strategy's machine code: by all that it is made of."""
    digest = hashlib.sha256(compiler_hash().encode())
    for base in cls.__mro__:
        if base in (Strategy, object):
            continue
        file = inspect.getsourcefile(base)
        assert file is not None
        digest.update(Path(file).read_bytes())
    digest.update(source_hash(Path(translating.__file__)).encode())
    digest.update(cls.__qualname__.encode())
    return cache_root() / f"strategy-{cls.__name__}-{digest.hexdigest()[:20]}"


def kernels_folder() -> Path:
    """Folder of the kernels that handlers are made of: by their sources and form."""
    digest = hashlib.sha256(compiler_hash().encode())
    translator = Path(translating.__file__)
    for each in (translator, translator.with_name("kept_kernels.py")):
        digest.update(source_hash(each).encode())
    return cache_root() / f"kernels-{digest.hexdigest()[:20]}"


def _verdict(folder: Path) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads((folder / _VERDICT).read_text())
    except FileNotFoundError:
        return None
    return found


def _write_verdict(folder: Path, reason: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _VERDICT).write_text(json.dumps({"reason": reason}))


def _compile(program: Program, folder: Path) -> dict[str, str]:
    """Compile in a process of its own; what became of it."""
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "app.strategies.running"),
                *(program.file, program.cls.__qualname__, str(folder)),
            ],
            cwd=ENGINE.parent.parent,
            env={**os.environ, IN_BUILD_SERVER: "1", "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMPILE_S,
        )
    except subprocess.TimeoutExpired as error:
        raise StrategyError(
            f"{title_of(program.cls)} did not compile within {_COMPILE_S:g} s"
        ) from error
    verdict = _verdict(folder)
    if done.returncode and _LLVM in done.stderr:
        # What has no place in our machine code ends the compiler's process.
        words = done.stderr.partition(_LLVM)[2].strip().splitlines()[0]
        verdict = {"reason": f"it makes what only Python can hold ({words})"}
        _write_verdict(folder, verdict["reason"])
        return verdict
    if done.returncode < 0:
        raise StrategyError(
            f"{title_of(program.cls)} cannot be compiled: signal {-done.returncode} "
            "ended the compiler's process"
        )
    if done.returncode or verdict is None:
        raise StrategyError(
            f"{title_of(program.cls)} cannot be compiled: {done.stderr.strip()[-2000:]}"
        )
    return verdict


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


def compiled_entries(program: Program, folder: Path) -> dict[str, Entry]:
    """Entries of a strategy's handlers, compiled or to be compiled into a folder."""
    namespace = _namespace(program, is_mute=True)
    dtype = program.shape.dtype(program.mentioned)

    def state(ctx: Any) -> Any:
        return view(ctx.memory, 1, dtype)[0]

    namespace[f"{_P}state"] = kernel(state)
    for name in _function_names(program):
        namespace[name] = checked_kernel(namespace[name])
    return {
        handler: Entry(namespace[tree.name], folder)
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
    """Spends the budget of an interpreted handler's loops, and looks at the clock.

    It counts as `strategy_state.spend` does, so both ways of running end at one turn.
    """

    def __init__(self, allowed_ns: int) -> None:
        self._allowed_ns, self._until = allowed_ns, 0

    def begin(self, arena: int, strategy: int) -> Any:
        """Begin a handler's call."""
        if self._allowed_ns:
            self._until = _CLOCK.monotonic_ns() + self._allowed_ns
        return strategy_state.begin(arena, strategy)

    def spend(self, ctx: Any) -> None:
        """Take one turn of a loop off the budget."""
        left = ctypes.c_int64.from_address(ctx.memory + BUDGET_AT)
        left.value -= 1
        is_late = (
            self._until
            and left.value % _LOOK_EVERY == 0
            and _CLOCK.monotonic_ns() > self._until
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
    namespace[f"{_P}begin"], namespace[f"{_P}spend"] = patience.begin, patience.spend
    handlers = {
        name: Interpreted(namespace[tree.name])
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


# The process that compiles.


def _serve(file: str, name: str, folder: Path) -> None:
    from app.strategies import kept_kernels
    from app.strategies.loader import load_file

    kept_kernels.install(kernels_folder())
    strategy_calls.offer()
    cls = load_file(Path(file), name)
    reason = ""
    folder.mkdir(parents=True, exist_ok=True)
    whole_numbers.offer()
    try:
        compile_all(compiled_entries(translate(cls), folder).values())
    except NotCompilableError as error:
        reason = str(error)
    except Exception as error:
        from numba.core.errors import NumbaError

        if not isinstance(error, NumbaError):
            raise
        reason = _told(str(error), Path(file).name)
    _write_verdict(folder, reason)


def _told(message: str, file: str) -> str:
    """What numba says, in a line: its first word on this file, and its first line."""
    plain = slips.COLOURS.sub("", message)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    place = [line for line in lines if f'{file}", line ' in line]
    where = place[0].partition('", ')[2].rstrip(":") if place else ""
    words = next((line for line in lines if not line.startswith("Failed in")), "")
    return f"{where}: {words}" if where else words


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
