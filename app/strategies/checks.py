"""Finds slips in a strategy before it runs, and says where they stand.

What would only come up at some event, or as a page of numba's words, is told at once
with file, line and the nearest right name: a handler with other parameters, a field
that its event does not have, something that `ctx` does not have, a method of a name
that is `Strategy`'s own.
"""

import ast
import builtins
import inspect
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.engine import handler_events
from app.engine.strategy import Handler
from app.errors import StrategyError
from app.strategies.memory import made
from app.strategies.program import NotCompilableError, Program
from app.strategies.program_making import translate
from app.strategies.slips import ending_within, line_in, near, unknown_handlers
from app.strategies.strategy import (
    Strategy,
    handlers_of,
    parameters_of,
    source_of,
    title_of,
)
from app.strategies.translate import CONTEXT

_EVENTS: Final[Mapping[str, Any]] = {
    "on_bar": handler_events.Bar,
    "on_bars": handler_events.Update,
    "on_quote": handler_events.Quote,
    "on_trade": handler_events.Trade,
    "on_book": handler_events.Update,
    "on_timer": handler_events.Timer,
    "on_fill": handler_events.OrderEvent,
    "on_order": handler_events.OrderEvent,
    "on_signal": handler_events.Signal,
    "on_session": handler_events.Session,
}
"""What a handler is given behind `ctx`; those that are not here get nothing."""
_OWN: Final = ("each",)
"""Methods of `Strategy` that a strategy calls and may not replace."""
_ASKED: Final = frozenset({*CONTEXT, "instrument", "plot", "log"})


_KEPT: Final = "_ringside_rewritten"
"""Attribute of a class that keeps what it was rewritten to: it lives as long."""


def translated(cls: type[Strategy]) -> Program:
    """Check a strategy and rewrite it, once for a class that was loaded.

    Raises
    ------
    StrategyError
        If it cannot run; the message begins with file and line, where there is one.
    """
    if _KEPT in vars(cls):
        kept: Program = vars(cls)[_KEPT]
        return kept
    file = inspect.getsourcefile(cls) or ""
    try:
        with ending_within(f"{file}: an __init__"):
            _check(cls, file)
            program = translate(cls)
            setattr(cls, _KEPT, program)
            return program
    except NotCompilableError as error:
        raise StrategyError(f"{file}: {error}") from error
    except StrategyError as error:
        line = line_in(error.__cause__, file) or _line_of_state(cls, str(error))
        if not line:
            raise
        raise StrategyError(f"{file}: line {line}: {error}") from error
    except SystemExit as error:
        line = line_in(error, file)
        words = f"{title_of(cls)}: __init__ ends the program"
        raise StrategyError(f"{file}: line {line}: {words}") from error


def _line_of_state(cls: type[Strategy], message: str) -> int:
    """Line in which `__init__` assigns the state that a message names; 0 if none."""
    named = re.search(r": self\.(\w+) (is a|has elements)", message)
    if named is None:
        return 0
    return next(
        (
            each.lineno
            for each in ast.walk(source_of(cls.__init__)[1])
            if isinstance(each, ast.Attribute)
            and each.attr == named[1]
            and isinstance(each.ctx, ast.Store)
        ),
        0,
    )


def _check_own(cls: type[Strategy], title: str) -> None:
    """Refuse what would replace methods of `Strategy`, or take their names."""
    for name in _OWN:
        if getattr(cls, name) is not getattr(Strategy, name):
            line = source_of(getattr(cls, name))[1].lineno
            raise NotCompilableError(
                f"{title}.{name} replaces a method of Strategy: give it another name",
                line,
            )
    if cls.check is not Strategy.check:
        _, node = source_of(cls.check)
        if len(inspect.signature(cls.check).parameters) != 1:
            raise NotCompilableError(
                f"{title}.check takes self alone: it says which rule the parameters "
                "break; give another method another name",
                node.lineno,
            )


def _check(cls: type[Strategy], file: str) -> None:
    title, wrong = title_of(cls), unknown_handlers(cls)
    if wrong:
        raise StrategyError(f"{file}: {title}: {wrong}")
    _check_own(cls, title)
    for name, kind in handlers_of(cls).items():
        _, node = source_of(getattr(cls, name))
        _check_parameters(title, kind, node)
        for found in _slips(node):
            raise found
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if name == "__init__" or name in Strategy.__dict__:
            continue
        _, node = source_of(method)
        for found in (
            *_context_slips(node),
            *_texts_for_numbers(node),
            *_unknown_names(node, method),
        ):
            raise found
    _check_history(cls)


def _check_parameters(title: str, kind: Handler, node: ast.FunctionDef) -> None:
    given = [each.arg for each in node.args.args]
    event = _EVENTS.get(node.name)
    word = {"OnBars": "update", "OrderEvent": "event"}
    wanted = ["self", "ctx"]
    if event is not None:
        wanted.append(word.get(event.__name__, event.__name__.lower()))
    if len(given) == len(wanted) and given[:2] == wanted[:2]:
        return
    raise NotCompilableError(
        f"{title}.{kind.name.lower()} takes ({', '.join(wanted)}), "
        f"was ({', '.join(given)})",
        node.lineno,
    )


def _slips(node: ast.FunctionDef) -> Iterator[NotCompilableError]:
    """Fields that the event of a handler does not have."""
    event = _EVENTS.get(node.name)
    if event is None:
        return
    name, fields = node.args.args[2].arg, event._fields
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    if any(each.id == name and isinstance(each.ctx, ast.Store) for each in names):
        return
    for each in ast.walk(node):
        if (
            isinstance(each, ast.Attribute)
            and isinstance(each.value, ast.Name)
            and each.value.id == name
            and each.attr not in fields
        ):
            yield NotCompilableError(
                f"{name} has no {each.attr!r}, it has {', '.join(fields)}"
                f"{near(each.attr, fields)}",
                each.lineno,
            )


def _context_slips(node: ast.FunctionDef) -> Iterator[NotCompilableError]:
    """What is asked of `ctx` and it does not have."""
    for each in ast.walk(node):
        if (
            isinstance(each, ast.Attribute)
            and isinstance(each.value, ast.Name)
            and each.value.id == "ctx"
            and each.attr not in _ASKED
        ):
            yield NotCompilableError(
                f"ctx has no {each.attr!r}{near(each.attr, sorted(_ASKED))}",
                each.lineno,
            )


def _texts_for_numbers(node: ast.FunctionDef) -> Iterator[NotCompilableError]:
    """An instrument's name where its number is asked for."""
    for each in ast.walk(node):
        if (
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Attribute)
            and isinstance(each.func.value, ast.Name)
            and each.func.value.id == "ctx"
            and each.func.attr not in ("instrument", "plot", "log")
            and each.args
            and isinstance(each.args[0], ast.Constant)
            and isinstance(each.args[0].value, str)
        ):
            name = each.args[0].value
            yield NotCompilableError(
                f"ctx.{each.func.attr} takes numbers, not {name!r}; an instrument's "
                f"is ctx.instrument({name!r})",
                each.lineno,
            )


def _unknown_names(
    node: ast.FunctionDef, method: types.FunctionType
) -> Iterator[NotCompilableError]:
    """Names that nothing of the method, its file or Python has."""
    known = {*method.__globals__, *vars(builtins), *method.__code__.co_freevars}
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            known.add(each.id)
        elif isinstance(each, ast.arg):
            known.add(each.arg)
        elif isinstance(each, ast.alias):
            known.add((each.asname or each.name).partition(".")[0])
        elif isinstance(each, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            known.add(each.name or "")
    for each in _loads(node.body):
        if each.id not in known:
            told = _of_self(each.id, method) or near(each.id, known - {*vars(builtins)})
            yield NotCompilableError(
                f"name {each.id!r} is not defined{told}", each.lineno
            )


def _loads(body: list[ast.stmt]) -> Iterator[ast.Name]:
    for statement in body:
        for each in ast.walk(statement):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
                yield each


def _of_self(name: str, method: types.FunctionType) -> str:
    """Where a bare name is a field of the event that the method handles."""
    event = _EVENTS.get(method.__name__)
    if event is None or name not in event._fields:
        return ""
    return f"; did you mean '{method.__code__.co_varnames[2]}.{name}'?"


def _check_history(cls: type[Strategy]) -> None:
    """Refuse `ctx.history` where nothing is kept."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if name in Strategy.__dict__ or name == "__init__":
            continue
        for each in ast.walk(source_of(method)[1]):
            if not (
                isinstance(each, ast.Attribute)
                and each.attr == "history"
                and isinstance(each.value, ast.Name)
                and each.value.id == "ctx"
            ):
                continue
            defaults = {n: p.default for n, p in parameters_of(cls).items()}
            if not made(cls, defaults, 1).history_length:
                raise NotCompilableError(
                    "ctx.history needs history_length: set in the class how many "
                    "closes are kept",
                    each.lineno,
                )
            return


def python_only(program: Program) -> str:
    """Why a strategy can only run as Python, with the line; "" where nothing says so.

    Machine code is loaded without Python's objects, which ``print`` would need, and
    holds a file's globals as constants.
    """
    for tree in program.functions.values():
        for each in ast.walk(tree):
            if isinstance(each, ast.Global):
                return (
                    f"line {each.lineno}: global {', '.join(each.names)} is not "
                    "compiled; what changes is kept as self.…"
                )
            if (
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Name)
                and each.func.id in ("print", "input", "open")
            ):
                return (
                    f"line {each.lineno}: {each.func.id} is not compiled; "
                    "ctx.log writes a line, ctx.plot a curve"
                )
    return ""
