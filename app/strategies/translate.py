"""Rewrites a strategy's methods for the engine.

Both ways of running use the rewritten form: compiled, and as Python. So they differ in
nothing but speed.

- `self.n` is a field of the strategy's record, `self.window` a view of its memory,
  `self.average.update(x)` a call of the indicator's kernel;
- `ctx.position(i)` is `position(ctx, i)` of `app.engine.strategy_context`;
- `/`, `**`, `math.exp`, `np.mean` and the like are calls of `app.engine.strategy_math`;
- `+ - *` that may meet integers are calls of `app.strategies.whole_numbers`, which keep
  to 64 bits;
- `ctx.plot("spread", x)` and `ctx.log("crossed", x)` write a note with the number of
  their text, which stands in `Program.notes`;
- arrays that are made anew, and arithmetic with whole arrays, are what
  `app.strategies.array_forms` makes of them;
- every loop spends from a budget at each turn, so that an endless one ends.

What has no such form is a `NotCompilableError` with the line; such a strategy cannot be
run. What numba cannot compile runs as Python.
"""

import ast
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from app.engine import strategy_context, strategy_state
from app.engine.indicators import rows
from app.engine.strategy_state import NoteKind
from app.strategies.array_forms import ArrayForms, Fresh
from app.strategies.program import METHOD, PREFIX as _P, NotCompilableError, Program
from app.strategies.strategy import Strategy, source_of
from app.strategies.syntax import copied, is_name, parsed

CONTEXT: Final = frozenset(strategy_context.__all__)
"""What `ctx` has. `now`, `equity` and `cash` are attributes, the others are called."""
_ATTRIBUTES: Final = ("now", "equity", "cash", "random", "normal")
_FUNCTIONS: Final[Mapping[str, str]] = {
    **{
        name: name
        for name in (
            *("exp", "log", "log10", "sqrt", "sin", "cos", "tanh", "floor", "ceil"),
            *("isnan", "mean", "std", "dot"),
        )
    },
    "sum": "total",
    "max": "largest",
    "min": "smallest",
    "pow": "power",
}
"""Functions of math and numpy, and methods of arrays, by their compiled form."""
_OPERATORS: Final[Mapping[type, str]] = {
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "modulo",
    ast.Pow: "power",
}
_WHOLE: Final[Mapping[type, str]] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.LShift: "shift",
}
"""Operators that integers must be kept within 64 bits by."""
_UNSIGNED: Final = frozenset(
    getattr(np, name) for name in ("uint64", "uint", "uintp", "ulonglong")
)
"""Kinds of integers that reach beyond 64 bits with a sign, which all others keep to."""
MATHS: Final = frozenset(
    {*_FUNCTIONS.values(), *_OPERATORS.values(), "whole", "number"}
)
"""Functions of `strategy_math` that rewritten source calls."""
_FRESH: Final = {"floats": "fresh_floats", "ints": "fresh_ints"}
_CONVERSIONS: Final = {"int": "integer", "round": "rounded"}
_FLOATS: Final = frozenset(
    (
        *("open", "high", "low", "close", "volume", "bid", "bid_size", "ask"),
        *("ask_size", "price", "size", "quantity", "filled", "leaves", "value"),
    )
)
"""Fields of events that are floats."""
_BUDGET: Final = f"{_P}left = {strategy_state.LOOP_BUDGET}"
_SPEND: Final = f"""
{_P}left -= 1
if {_P}left < 0:
    raise RuntimeError("a loop ran too long")
"""
"""What a function that is no method spends from, and how: it has no strategy."""


def rewritten(
    program: Program, function: Callable[..., Any], *, is_method: bool
) -> ast.FunctionDef:
    """Rewrite a method, or a function of the same file.

    Raises
    ------
    NotCompilableError
        If something in it has no compiled form.
    """
    _, node = source_of(function)
    name, forms = node.name, ArrayForms(program, node)
    program.made_anew += forms.made_anew()
    rewriter = _Rewriter(program, forms, is_method)
    node = rewriter.visit(node)
    assert isinstance(node, ast.FunctionDef)
    node.decorator_list, node.returns = [], None
    node.name = f"{METHOD}{name}" if is_method else name
    for argument in node.args.args:
        argument.annotation = None
    if is_method:
        begin = parsed(f"{_P}s = {_P}state(self)")[0]
        node.body.insert(0, ast.copy_location(begin, node))
    else:
        node.body[:0] = parsed(_BUDGET)
    return ast.fix_missing_locations(node)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, program: Program, forms: ArrayForms, is_method: bool) -> None:
        self.program, self.shape = program, program.shape
        self.forms = forms
        self.is_method = is_method

    # Names.

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id in ("self", "ctx") and self.is_method:
            raise NotCompilableError(
                f"{node.id} can only be used as {node.id}.…", node.lineno
            )
        self._refuse_unsigned(self.program.namespace.get(node.id), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        if is_name(node.value, "self"):
            return self._own(node)
        if is_name(node.value, "ctx"):
            return self._of_context(node)
        row = self._row(node.value)
        if row is not None:
            return self._output(node, row)
        if isinstance(node.value, ast.Name):
            module = self.program.namespace.get(node.value.id)
            if isinstance(module, types.ModuleType):
                self._refuse_unsigned(getattr(module, node.attr, None), node)
        return self.generic_visit(node)

    def _refuse_unsigned(self, value: Any, node: ast.expr) -> None:
        if isinstance(value, type) and value in _UNSIGNED:
            raise NotCompilableError(
                f"{ast.unparse(node)} is no integer of 64 bits with a sign: use "
                "int or np.int64",
                node.lineno,
            )

    def _own(self, node: ast.Attribute) -> Any:
        name, shape = node.attr, self.shape
        if name in shape.parameters or name in shape.scalars:
            if name in shape.parameters and not isinstance(node.ctx, ast.Load):
                raise NotCompilableError(f"self.{name} is a parameter", node.lineno)
            return _at(ast.Subscript(_name("s"), ast.Constant(name), node.ctx), node)
        if name in shape.arrays:
            if not isinstance(node.ctx, ast.Load):
                raise NotCompilableError(
                    f"self.{name} is an array: assign its elements", node.lineno
                )
            place: tuple[str, ...] = ("at", "count")
            is_float = shape.arrays[name] is float
            getter = "floats" if is_float else "ints"
            if name in shape.grids:
                getter = "float_grid" if is_float else "int_grid"
                place = ("at", "words", "count")
            return self._call(getter, [_self(), *self._place(name, *place)], node)
        raise NotCompilableError(f"self.{name} is not set in __init__", node.lineno)

    def _of_context(self, node: ast.Attribute) -> Any:
        if node.attr not in _ATTRIBUTES:
            raise NotCompilableError(f"ctx.{node.attr} is no attribute", node.lineno)
        return self._call(f"ctx_{node.attr}", [_context()], node)

    # Indicators.

    def _row(self, node: ast.AST) -> Any:
        """The row that `self.average` or `self.averages[i]` means; None if none."""
        index: ast.expr | None = None
        if isinstance(node, ast.Subscript):
            index, node = node.slice, node.value
        if not (isinstance(node, ast.Attribute) and is_name(node.value, "self")):
            return None
        if node.attr not in self.shape.indicators:
            return None
        _, is_each = self.shape.indicators[node.attr]
        if is_each != (index is not None):
            words = "one for each instrument" if is_each else "one, not one for each"
            raise NotCompilableError(f"self.{node.attr} is {words}", node.lineno)
        index = self.visit(index) if index is not None else ast.Constant(0)
        place = self._place(node.attr, "at", "words", "count")
        return self._call("row_of", [_self(), *place, index], node)

    def _kind(self, node: ast.AST) -> str:
        if isinstance(node, ast.Subscript):
            node = node.value
        assert isinstance(node, ast.Attribute)
        return self.shape.indicators[node.attr][0]

    def _output(self, node: ast.Attribute, row: Any) -> Any:
        names = rows.KINDS[self._kind(node.value)].outputs
        if node.attr in ("value", "is_ready"):
            place = 0
        elif node.attr in names:
            place = names.index(node.attr)
        else:
            told = ", ".join(dict.fromkeys(("value", *names, "is_ready")))
            raise NotCompilableError(f".{node.attr} is none of {told}", node.lineno)
        value = _at(ast.Subscript(row, ast.Constant(place), ast.Load()), node)
        if node.attr != "is_ready":
            return value
        return _at(ast.UnaryOp(ast.Not(), self._call("isnan", [value], node)), node)

    # Calls.

    def visit_Call(self, node: ast.Call) -> Any:
        function = node.func
        if isinstance(function, ast.Name) and function.id == "sum":
            return self._call("total", self._all(node.args), node)
        if (
            isinstance(function, ast.Name)
            and function.id in _CONVERSIONS
            and len(node.args) == 1
            and not node.keywords
        ):
            return self._call(_CONVERSIONS[function.id], self._all(node.args), node)
        if not isinstance(function, ast.Attribute):
            return self.generic_visit(node)
        if is_name(function.value, "self"):
            return self._method(function, node)
        if is_name(function.value, "ctx"):
            return self._ask(function, node)
        row = self._row(function.value)
        if row is not None:
            if function.attr not in ("update", "reset"):
                raise NotCompilableError(
                    f".{function.attr}() is none of update, reset", node.lineno
                )
            does = "open" if function.attr == "reset" else "update"
            name = f"{self._kind(function.value)}_{does}"
            return self._call(name, [row, *self._all(node.args)], node)
        return self._library(function, node)

    def _method(self, function: ast.Attribute, node: ast.Call) -> Any:
        method = getattr(self.program.cls, function.attr, None)
        if method is None or function.attr in Strategy.__dict__:
            raise NotCompilableError(
                f"self.{function.attr}() is no method", node.lineno
            )
        arguments = [
            _context() if is_name(each, "ctx") else self.visit(each)
            for each in node.args
        ]
        name = ast.Name(METHOD + function.attr, ast.Load())
        return _at(ast.Call(name, [_self(), *arguments], []), node)

    def _ask(self, function: ast.Attribute, node: ast.Call) -> Any:
        if function.attr == "instrument":
            name = node.args[0] if len(node.args) == 1 else None
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                raise NotCompilableError(
                    "ctx.instrument takes a name in quotes", node.lineno
                )
            if name.value not in self.program.mentioned:
                self.program.mentioned.append(name.value)
            key = ast.Constant(f"instrument {name.value}")
            return _at(ast.Subscript(_name("s"), key, ast.Load()), node)
        if function.attr in ("plot", "log"):
            return self._note(function.attr, node)
        if function.attr not in CONTEXT:
            raise NotCompilableError(f"ctx has no {function.attr}", node.lineno)
        given = self._all(_in_order(function.attr, node))
        return self._call(f"ctx_{function.attr}", [_context(), *given], node)

    def _note(self, asked: str, node: ast.Call) -> Any:
        """A value of a curve, or a line of the log."""
        usage = "ctx.plot takes a name in quotes and a value"
        if asked == "log":
            usage = "ctx.log takes a text in quotes, with one value in it or behind it"
        given = list(node.args)
        if not given or len(given) > 2 or node.keywords:
            raise NotCompilableError(usage, node.lineno)
        text, inside = _template(given[0]) if asked == "log" else (None, [])
        if isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
            text = given[0].value if asked == "plot" else _escaped(given[0].value)
        values = [*inside, *given[1:]]
        if text is None or len(values) > 1 or (asked == "plot" and not values):
            raise NotCompilableError(usage, node.lineno)
        if given[1:] and asked == "log":
            text += " {:g}"
        if text not in self.program.notes:
            self.program.notes.append(text)
        kind = NoteKind.PLOT
        if asked == "log":
            kind = NoteKind.LINE if values else NoteKind.TEXT
        value = self.visit(values[0]) if values else ast.Constant(0.0)
        number = ast.Constant(self.program.notes.index(text))
        terms = [
            *(ast.Constant(int(kind)), number),
            self._call("number", [value], node),
        ]
        return self._call("note", [_context(), *terms], node)

    def _library(self, function: ast.Attribute, node: ast.Call) -> Any:
        """Functions of math and numpy, and methods of arrays."""
        module = None
        if isinstance(function.value, ast.Name):
            module = self.program.namespace.get(function.value.id)
        if isinstance(module, types.ModuleType):
            is_known = module.__name__ in ("math", "numpy")
            if not is_known or function.attr not in _FUNCTIONS:
                return self.generic_visit(node)
            return self._call(_FUNCTIONS[function.attr], self._all(node.args), node)
        if function.attr in ("sum", "mean", "std", "max", "min") and not node.args:
            value = self.visit(function.value)
            return self._call(_FUNCTIONS[function.attr], [value], node)
        return self.generic_visit(node)

    # Arithmetic, assignment, loops.

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        name = _OPERATORS.get(type(node.op))
        if isinstance(node.op, ast.MatMult) and self._are_rows(node.left, node.right):
            name = "dot"
        if not (self._is_float(node.left) or self._is_float(node.right)):
            name = name or _WHOLE.get(type(node.op))
        left, right = self.visit(node.left), self.visit(node.right)
        if name is None:
            return _at(ast.BinOp(left, node.op, right), node)
        return self._call(name, [left, right], node)

    def _are_rows(self, *nodes: ast.expr) -> bool:
        return all(self.forms.dimensions(each) == 1 for each in nodes)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        is_known = isinstance(node.operand, ast.Constant) or self._is_float(
            node.operand
        )
        if isinstance(node.op, ast.USub) and not is_known:
            return self._call("negate", [self.visit(node.operand)], node)
        return self.generic_visit(node)

    def _is_float(self, node: ast.AST) -> bool:
        """Whether this is no integer for certain, so that nothing need be checked."""
        shape = self.shape
        if isinstance(node, ast.Constant):
            return isinstance(node.value, float)
        if isinstance(node, ast.UnaryOp):
            return self._is_float(node.operand)
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Div | ast.Pow):
                return True
            return self._is_float(node.left) or self._is_float(node.right)
        if not isinstance(node, ast.Attribute):
            return False
        if is_name(node.value, "self"):
            known = {**shape.parameters, **shape.scalars}
            return known.get(node.attr) is float
        if is_name(node.value, "ctx"):
            return node.attr in ("equity", "cash", "random", "normal")
        return isinstance(node.value, ast.Name) and node.attr in _FLOATS

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        read = copied(node.target)
        value = _at(ast.BinOp(read, node.op, node.value), node)
        return self.visit_Assign(_at(ast.Assign([node.target], value), node))

    def visit_Assign(self, node: ast.Assign) -> Any:
        loop = self.forms.elementwise(node)
        if loop is not None:
            return [self.visit(each) for each in loop]
        fresh = self.forms.fresh.get(id(node))
        if fresh is not None:
            return _at(ast.Assign(node.targets, self._fresh(fresh, node)), node)
        value, target = self.visit(node.value), node.targets[0]
        if isinstance(target, ast.Attribute) and is_name(target.value, "self"):
            kind = self.shape.scalars.get(target.attr)
            if kind is int:
                value = self._call("whole", [value], node)
            elif kind is float:
                value = self._call("number", [value], node)
        targets = [self.visit(each) for each in node.targets]
        return _at(ast.Assign(targets, value), node)

    def _fresh(self, fresh: Fresh, node: ast.AST) -> Any:
        """An array in the function's frame."""
        sizes: list[Any] = [ast.Constant(fresh.rows), ast.Constant(fresh.columns)]
        made = self._call(_FRESH[fresh.kind], sizes, node)
        if fresh.fill is None:
            return made
        name = "filled_grid" if fresh.columns else "filled_row"
        return self._call(name, [made, fresh.fill], node)

    def visit_For(self, node: ast.For) -> Any:
        return self._loop(node)

    def visit_While(self, node: ast.While) -> Any:
        return self._loop(node)

    def _loop(self, node: Any) -> Any:
        self.generic_visit(node)
        if self.is_method:
            spend = ast.Expr(self._call("spend", [_self()], node))
            node.body.insert(0, _at(spend, node))
        else:
            node.body[:0] = parsed(_SPEND)
        return node

    # Pieces.

    def _all(self, nodes: list[ast.expr]) -> list[Any]:
        return [self.visit(each) for each in nodes]

    def _place(self, name: str, *places: str) -> list[Any]:
        return [
            ast.Subscript(_name("s"), ast.Constant(f"{name} {place}"), ast.Load())
            for place in places
        ]

    def _call(self, name: str, arguments: list[Any], node: ast.AST) -> Any:
        return _at(ast.Call(_name(name), arguments, []), node)


def _in_order(name: str, node: ast.Call) -> list[ast.expr]:
    """Arguments of a call of `ctx` by place, those left out by their defaults.

    Raises
    ------
    NotCompilableError
        If they are not what it takes.
    """
    signature = inspect.signature(getattr(strategy_context, name))
    taken = list(signature.parameters.values())[1:]
    usage = f"ctx.{name}({', '.join(str(each).split(':')[0] for each in taken)})"
    given = {each.arg: each.value for each in node.keywords if each.arg is not None}
    is_spread = len(given) < len(node.keywords)
    if is_spread or any(isinstance(each, ast.Starred) for each in node.args):
        raise NotCompilableError(f"{usage} takes its arguments one by one", node.lineno)
    try:
        bound = signature.replace(parameters=taken).bind(*node.args, **given)
    except TypeError as error:
        raise NotCompilableError(f"{usage}: {error}", node.lineno) from None
    return [
        bound.arguments.get(each.name, ast.Constant(each.default)) for each in taken
    ]


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _template(node: ast.expr) -> tuple[str | None, list[ast.expr]]:
    """Template of an f-string and the values in it; None if it is no such."""
    if not isinstance(node, ast.JoinedStr):
        return None, []
    text, values = "", list[ast.expr]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += _escaped(str(part.value))
        elif isinstance(part, ast.FormattedValue) and part.conversion == -1:
            spec = part.format_spec
            if spec is None:
                text += "{:g}"
            else:
                words = spec.values if isinstance(spec, ast.JoinedStr) else [spec]
                if not all(isinstance(each, ast.Constant) for each in words):
                    return None, []
                text += "{:" + "".join(ast.literal_eval(each) for each in words) + "}"
            values.append(part.value)
        else:
            return None, []
    return text, values


def _name(name: str) -> ast.Name:
    return ast.Name(_P + name, ast.Load())


def _self() -> ast.Name:
    return ast.Name("self", ast.Load())


def _context() -> ast.Name:
    return ast.Name("ctx", ast.Load())


def _at(made: Any, node: ast.AST) -> Any:
    return ast.copy_location(made, node)
