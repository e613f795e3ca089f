"""Makes a strategy's program: its methods and functions rewritten, and its entries.

What each of them becomes is `translate.py`'s; here is which, what they call, and what
the engine calls.
"""

import ast
import inspect
import types
from collections.abc import Mapping
from typing import Any, Final

from app.engine import (
    handler_events,
    strategy_arrays,
    strategy_context,
    strategy_math,
    strategy_state,
)
from app.engine.indicators import market, rows
from app.errors import StrategyError
from app.strategies import fresh_arrays, whole_numbers
from app.strategies.memory import Shape, made, shape_of
from app.strategies.program import METHOD, PREFIX as _P, NotCompilableError, Program
from app.strategies.strategy import Strategy, handlers_of, parameters_of, title_of
from app.strategies.syntax import parsed
from app.strategies.translate import CONTEXT, MATHS, rewritten

_STATE: Final = (
    *("begin", "failed", "spend", "floats", "ints", "row_of", "keep_close", "note"),
)
_OF_BOOK: Final = ("imbalance", "microprice", "fitted_microprice")
"""Functions that a strategy calls by these names, imported or not."""
_READERS: Final[Mapping[str, str]] = {
    "on_bar": "read_bar",
    "on_bars": "read_update",
    "on_quote": "read_quote",
    "on_trade": "read_trade",
    "on_book": "read_update",
    "on_timer": "read_timer",
    "on_fill": "read_report",
    "on_order": "read_report",
    "on_signal": "read_signal",
    "on_session": "read_session",
}
"""What the third argument of a handler is read by; the others have two arguments."""


def translate(cls: type[Strategy]) -> Program:
    """Rewrite a strategy.

    Raises
    ------
    NotCompilableError
        If something in it has no compiled form.
    StrategyError
        If it breaks a rule in any form.
    """
    defaults = {name: each.default for name, each in parameters_of(cls).items()}
    instance = made(cls, defaults, 1)
    file = inspect.getsourcefile(cls) or ""
    program = Program(cls, shape_of(instance), file)
    program.namespace = _names(cls)
    for name in _methods(cls):
        program.functions[name] = rewritten(program, getattr(cls, name), is_method=True)
    _take_functions(program)
    _refuse_recursion(program)
    for handler in handlers_of(cls):
        program.entries[handler] = _entry(handler, True)
    if instance.history_length and "on_bar" not in program.entries:
        program.entries["on_bar"] = _entry("on_bar", False)
    program.entries["open"] = _opening(program.shape)
    return program


def _methods(cls: type[Strategy]) -> list[str]:
    """Names of the methods that run in the engine."""
    found = []
    for name, _ in inspect.getmembers(cls, inspect.isfunction):
        if name == "__init__" or name in Strategy.__dict__:
            continue
        if name.startswith("on_") and name not in handlers_of(cls):
            raise StrategyError(f"{title_of(cls)}: there is no event for {name}")
        found.append(name)
    return found


def _names(cls: type[Strategy]) -> dict[str, Any]:
    """Globals of the rewritten source: those of the file, and what it calls."""
    names = dict(vars(inspect.getmodule(cls) or types.ModuleType("none")))
    for each in CONTEXT:
        names[f"{_P}ctx_{each}"] = getattr(strategy_context, each)
    for each in _STATE:
        names[_P + each] = getattr(strategy_state, each)
    for each in ("float_grid", "int_grid"):
        names[_P + each] = getattr(strategy_arrays, each)
    for each in MATHS:
        names[_P + each] = getattr(strategy_math, each)
    for each in fresh_arrays.NAMES:
        names[_P + each] = getattr(fresh_arrays, each)
    for each in whole_numbers.NAMES:
        names[_P + each] = getattr(whole_numbers, each)
    for each in set(_READERS.values()):
        names[_P + each] = getattr(handler_events, each)
    for kind in rows.KINDS:
        names[f"{_P}{kind}_open"] = getattr(rows, f"{kind}_open")
        names[f"{_P}{kind}_update"] = getattr(rows, f"{kind}_update")
    for each in _OF_BOOK:
        names[each] = getattr(market, each)
    return names


def _take_functions(program: Program) -> None:
    """Rewrite the functions of the strategy's file that its methods call."""
    waiting = list(program.functions.values())
    while waiting:
        for node in ast.walk(waiting.pop()):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            found = program.namespace.get(node.func.id)
            if not isinstance(found, types.FunctionType):
                continue
            name = node.func.id
            if name in program.functions or found.__module__ != program.cls.__module__:
                continue
            program.functions[name] = rewritten(program, found, is_method=False)
            waiting.append(program.functions[name])


def _refuse_recursion(program: Program) -> None:
    """Refuse functions that call themselves: compiled, they would end the stack."""
    trees = {tree.name: tree for tree in program.functions.values()}
    calls = {
        name: {
            each.func.id
            for each in ast.walk(tree)
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        for name, tree in trees.items()
    }
    for name, tree in trees.items():
        reached, waiting = set[str](), [name]
        while waiting:
            new = calls.get(waiting.pop(), set()) - reached
            reached |= new
            waiting += new
        if name in reached:
            plain = name.removeprefix(METHOD)
            raise NotCompilableError(f"{plain} calls itself", tree.lineno)


def _entry(handler: str, has_method: bool) -> ast.FunctionDef:
    """The function that the engine calls for a handler."""
    reader = _READERS.get(handler)
    event = f"    event = {_P}{reader}(arena, address)\n" if reader else ""
    kept = f"    {_P}keep_close(ctx, event.instrument, event.close)\n"
    given = "ctx, ctx, event" if reader else "ctx, ctx"
    call = f"{METHOD}{handler}({given})" if has_method else "pass"
    text = (
        f"def {_P}{handler}_entry(arena, strategy, address):\n"
        f"    ctx = {_P}begin(arena, strategy)\n"
        f"{event}{kept if handler == 'on_bar' else ''}"
        f"    try:\n        {call}\n"
        f"    except Exception:\n        return {_P}failed(ctx)\n"
        "    return 0\n"
    )
    node = parsed(text)[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def _opening(shape: Shape) -> ast.FunctionDef:
    """The function that opens the indicators in a new memory."""
    lines = [
        f"def {_P}open_entry(arena, strategy, address):",
        f"    ctx = {_P}begin(arena, strategy)",
        f"    {_P}s = {_P}state(ctx)",
    ]
    for name, (kind, _) in shape.indicators.items():
        at, words, count = (f'{_P}s["{name} {p}"]' for p in ("at", "words", "count"))
        lines += [
            f"    for i in range({count}):",
            f"        {_P}{kind}_open({_P}row_of(ctx, {at}, {words}, {count}, i))",
        ]
    node = parsed("\n".join([*lines, "    return 0"]))[0]
    assert isinstance(node, ast.FunctionDef)
    return node
