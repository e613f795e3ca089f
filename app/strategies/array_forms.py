"""What a handler does with whole arrays, in a form that takes no memory.

Three things become loops or places in the function's own frame, in both ways of
running: `x = np.zeros(3)` where `x` gets no other name, `self.x[:] = a - b`
element by element, and both again in the source's own functions. All else that makes a
new array runs as Python; `made_anew` says where that is.
"""

import ast
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.strategies.program import PREFIX as _P, Program
from app.strategies.strategy import Strategy, source_of
from app.strategies.syntax import (
    base,
    bindings,
    copied,
    expression,
    has_slice,
    is_all,
    is_name,
    is_own,
    parsed,
)

MOST: Final = 1024
"""Elements that an array may have in a function's frame: 8 KiB."""
_FILLS: Final = {"zeros": 0.0, "empty": 0.0, "ones": 1.0}
_KINDS: Final = {float: "floats", np.float64: "floats", int: "ints", np.int64: "ints"}
_REDUCING: Final = frozenset(
    ("sum", "mean", "std", "max", "min", "len", "dot", "abs", "range")
)
_OF_EACH: Final = frozenset(("exp", "log", "log10", "sqrt", "sin", "cos", "tanh"))
_OPERATORS: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_MAKERS: Final = frozenset(
    (
        *("zeros", "ones", "full", "empty", "array", "arange", "linspace", "copy"),
        *("zeros_like", "ones_like", "empty_like", "full_like", "concatenate", "where"),
        *("asarray", "append", "diff", "cumsum", "sort", "argsort", "abs", "clip"),
        *(
            "maximum",
            "minimum",
            "outer",
            "vstack",
            "hstack",
            "stack",
            "eye",
            "identity",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Fresh:
    """An array that an assignment makes: rows, columns (0: one dimension), kind, fill.

    `fill` is what its elements are, None for zeros.
    """

    rows: int
    columns: int
    kind: str
    fill: ast.expr | None


class ArrayForms:
    """What the arrays in a function are.

    Parameters
    ----------
    program : Program
    node : FunctionDef
        As it was written.

    Attributes
    ----------
    fresh : dict of id of an assignment to Fresh
    """

    def __init__(self, program: Program, node: ast.FunctionDef) -> None:
        self._program, self._node = program, node
        self._parents = {
            id(child): each
            for each in ast.walk(node)
            for child in ast.iter_child_nodes(each)
        }
        self._bound = bindings(node)
        self._asking: set[str] = set()
        self.fresh: dict[int, Fresh] = {}
        self._dimensions: dict[str, int] = {}
        self._find_fresh()

    # Arrays that are made anew, and stay here.

    def _find_fresh(self) -> None:
        found: dict[str, dict[int, Fresh]] = {}
        for name, values in self._bound.items():
            made = {
                id(parent): self._made(value)
                for value in values
                if value is not None
                and isinstance(parent := self._parents.get(id(value)), ast.Assign)
            }
            whole = {key: each for key, each in made.items() if each is not None}
            dimensions = {1 + (each.columns > 0) for each in whole.values()}
            if len(whole) == len(values) and len(dimensions) == 1:
                found[name] = whole
                self._dimensions[name] = dimensions.pop()
        for name, whole in found.items():
            if self._stays(name):
                self.fresh.update(whole)
            else:
                del self._dimensions[name]

    def _made(self, value: ast.expr) -> Fresh | None:
        """The array of constant size that an expression makes."""
        if not isinstance(value, ast.Call) or (name := self._numpy(value.func)) == "":
            return None
        given = {each.arg: each.value for each in value.keywords}
        places = (
            ("shape", "fill_value", "dtype") if name == "full" else ("shape", "dtype")
        )
        given.update(zip(places, value.args, strict=False))
        if len(value.args) > len(places) or not set(given) <= set(places):
            return None
        sizes = self._sizes(given.get("shape"))
        kind = self._kind(given.get("dtype"))
        if sizes is None or kind == "":
            return None
        fill: ast.expr | None = None
        if name == "full":
            fill = given.get("fill_value")
            if not (isinstance(fill, ast.Constant) and isinstance(fill.value, float)):
                return None
        elif name not in _FILLS:
            return None
        elif _FILLS[name]:
            fill = ast.Constant(_FILLS[name])
        return Fresh(*sizes, kind, fill)

    def _sizes(self, shape: ast.expr | None) -> tuple[int, int] | None:
        parts = shape.elts if isinstance(shape, ast.Tuple) else [shape]
        sizes = [self._constant(each) for each in parts]
        if not 1 <= len(sizes) <= 2 or min(sizes) < 1:
            return None
        rows, columns = (*sizes, 0)[:2]
        return (rows, columns) if rows * max(columns, 1) <= MOST else None

    def _constant(self, node: ast.expr | None) -> int:
        """A whole number that the source says, 0 for none."""
        value: Any = None
        if isinstance(node, ast.Constant):
            value = node.value
        elif isinstance(node, ast.Name) and node.id not in self._bound:
            value = self._program.namespace.get(node.id)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    def _kind(self, node: ast.expr | None) -> str:
        if node is None:
            return "floats"
        kind: Any = None
        if isinstance(node, ast.Name):
            kind = {"float": float, "int": int}.get(node.id)
        elif isinstance(node, ast.Attribute) and self._numpy(node):
            kind = getattr(np, node.attr, None)
        return _KINDS.get(kind, "") if isinstance(kind, type) else ""

    def _numpy(self, node: ast.expr) -> str:
        """The name of something of numpy's; "" for anything else."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = self._program.namespace.get(node.value.id)
            if isinstance(module, types.ModuleType) and module.__name__ == "numpy":
                return node.attr
        return ""

    def _stays(self, name: str) -> bool:
        """Whether a local array has no other name, and never leaves the function."""
        for each in ast.walk(self._node):
            if not (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)):
                continue
            if each.id == name and not self._is_kept(each):
                return False
        return name not in {each.arg for each in self._node.args.args}

    def _is_kept(self, node: ast.expr) -> bool:
        """Whether an array that is read here gets no other name by it."""
        parent = self._parents[id(node)]
        if isinstance(parent, ast.Subscript) and parent.value is node:
            is_whole = isinstance(self._parents[id(parent)], ast.Assign)
            return not has_slice(parent.slice) or (
                is_whole and isinstance(parent.ctx, ast.Store)
            )
        if isinstance(parent, ast.Call) and node in parent.args:
            function = parent.func
            called = function.id if isinstance(function, ast.Name) else ""
            if (called or self._numpy(function)) in _REDUCING:
                return True
            if self._is_lent(parent, node):
                return True
        if isinstance(parent, ast.Attribute):
            call = self._parents[id(parent)]
            return isinstance(call, ast.Call) and parent.attr in _REDUCING
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.MatMult):
            return True
        # It may be part of what is assigned element by element.
        top: ast.AST = parent
        while isinstance(top, ast.BinOp | ast.UnaryOp | ast.Call):
            top = self._parents[id(top)]
        return isinstance(top, ast.Assign | ast.AugAssign) and self._is_each(top)

    def _is_lent(self, call: ast.Call, given: ast.expr) -> bool:
        """Whether a call of the strategy's own function gives an array no other name.

        It lies in the caller's frame, which is there as long as the function runs.
        """
        function, taken = self._own_function(call.func)
        if function is None or call.keywords:
            return False
        place = taken + call.args.index(given)
        lent, key = self._program.lent, (function, place)
        if key not in lent:
            # What calls itself is refused, wherever it begins to.
            lent[key] = False
            _, node = source_of(function)
            names = [each.arg for each in node.args.args]
            inner = ArrayForms(self._program, node)
            lent[key] = place < len(names) and inner._keeps(names[place])
        return lent[key]

    def _own_function(self, called: ast.expr) -> tuple[types.FunctionType | None, int]:
        """A method or function of the strategy's file, and how many `self` it takes."""
        cls, found = self._program.cls, None
        if isinstance(called, ast.Attribute) and is_own(called):
            is_known = called.attr not in Strategy.__dict__
            found = getattr(cls, called.attr, None) if is_known else None
        elif isinstance(called, ast.Name) and called.id not in self._bound:
            found = self._program.namespace.get(called.id)
            if getattr(found, "__module__", "") != cls.__module__:
                found = None
        is_method = isinstance(called, ast.Attribute)
        return found if isinstance(found, types.FunctionType) else None, int(is_method)

    def _keeps(self, name: str) -> bool:
        """Whether an argument that is an array keeps to this one name."""
        return self._bound.get(name) == [None] and all(
            self._is_kept(each)
            for each in ast.walk(self._node)
            if is_name(each, name) and isinstance(each, ast.Name)
        )

    # Arrays that are written element by element.

    def _is_each(self, node: ast.Assign | ast.AugAssign) -> bool:
        target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
        size = self.dimensions(base(target))
        return size > 0 and is_all(target) and self._fits(node.value, size)

    def dimensions(self, node: ast.expr) -> int:
        """Dimensions of an array that is named here; 0 if this names none."""
        if is_all(node):
            node = base(node)
        if isinstance(node, ast.Name):
            return self._dimensions.get(node.id, 0)
        shape = self._program.shape
        if is_own(node) and node.attr in shape.arrays:  # type: ignore[attr-defined]
            return 2 if node.attr in shape.grids else 1  # type: ignore[attr-defined]
        return 0

    def _fits(self, node: ast.expr, size: int) -> bool:
        """Whether an expression can be had element by element, in `size` dimensions."""
        found = self.dimensions(node)
        if found:
            return found == size
        if isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATORS):
            return self._fits(node.left, size) and self._fits(node.right, size)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self._fits(node.operand, size)
        if isinstance(node, ast.Call) and self._numpy(node.func) in _OF_EACH:
            return len(node.args) == 1 and self._fits(node.args[0], size)
        return self._is_number(node)

    def _is_number(self, node: ast.expr) -> bool:
        """Whether an expression is a number for certain."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int | float)
        if isinstance(node, ast.Subscript):
            return not has_slice(node.slice) and self.dimensions(node.value) > 0
        if isinstance(node, ast.Attribute):
            return self._is_number_of(node)
        if isinstance(node, ast.UnaryOp):
            return self._is_number(node.operand)
        if isinstance(node, ast.BinOp):
            return self._is_number(node.left) and self._is_number(node.right)
        if isinstance(node, ast.Call):
            return self._is_called_number(node)
        return isinstance(node, ast.Name) and self._is_number_name(node.id)

    def _is_number_of(self, node: ast.Attribute) -> bool:
        shape = self._program.shape
        if is_own(node):
            return node.attr in shape.parameters or node.attr in shape.scalars
        arguments = [each.arg for each in self._node.args.args]
        return isinstance(node.value, ast.Name) and node.value.id in arguments[1:]

    def _is_called_number(self, node: ast.Call) -> bool:
        function = node.func
        if isinstance(function, ast.Attribute) and is_name(function.value, "ctx"):
            return function.attr != "history"
        if isinstance(function, ast.Attribute) and is_own(function.value):
            return function.attr == "update" or function.attr in _REDUCING
        called = function.id if isinstance(function, ast.Name) else ""
        module = ""
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            found = self._program.namespace.get(function.value.id)
            module = found.__name__ if isinstance(found, types.ModuleType) else ""
        if module == "math" or called in ("len", "float", "int", "round", "sum"):
            return True
        return module == "numpy" and function.attr in _REDUCING - {"abs"}  # type: ignore[attr-defined]

    def _is_number_name(self, name: str) -> bool:
        if name in self._asking:
            return True
        values = self._bound.get(name)
        if values is None:
            return isinstance(self._program.namespace.get(name), int | float)
        if any(each is None for each in values):
            return False
        self._asking.add(name)
        try:
            return all(self._is_number(each) for each in values if each is not None)
        finally:
            self._asking.discard(name)

    def elementwise(self, node: ast.Assign) -> list[ast.stmt] | None:
        """Return the loop that an assignment to a whole array is; None for others."""
        target = node.targets[0]
        if len(node.targets) > 1 or not is_all(target):
            return None
        array = base(target)
        size = self.dimensions(array)
        if not size or not self._fits(node.value, size):
            return None
        places = [f"{_P}i{node.lineno}", f"{_P}j{node.lineno}"][:size]
        parts = _Parts(self, places, node.lineno)
        value = parts.visit(copied(node.value))
        own = ast.unparse(array)
        lines = [f"{name} = {text}" for name, text in parts.numbers]
        for other in dict.fromkeys(parts.arrays):
            if other != own:
                apart = " or ".join(
                    f"{other}.shape[{k}] != {own}.shape[{k}]" for k in range(size)
                )
                words = "arrays of different lengths"
                lines += [f"if {apart}:", f'    raise ValueError("{words}")']
        for k, place in enumerate(places):
            lines.append(f"{'    ' * k}for {place} in range({own}.shape[{k}]):")
        index = ", ".join(places)
        lines.append(f"{'    ' * size}{own}[{index}] = {ast.unparse(value)}")
        body = parsed("\n".join(lines))
        for each in body:
            for inner in ast.walk(each):
                ast.copy_location(inner, node)
        return body

    # What is told of all else.

    def made_anew(self) -> Iterator[tuple[int, str]]:
        """Lines that make a new array, as far as the source says it, and their text."""
        handled = {
            id(inner)
            for each in ast.walk(self._node)
            if isinstance(each, ast.Assign | ast.AugAssign)
            and (id(each) in self.fresh or self._is_each(each))
            for inner in ast.walk(each)
        }
        for each in ast.walk(self._node):
            if id(each) in handled or not isinstance(each, ast.expr):
                continue
            makes = isinstance(each, ast.List | ast.ListComp)
            if isinstance(each, ast.Call):
                name = self._numpy(each.func)
                is_copy = isinstance(each.func, ast.Attribute) and not each.args
                makes = name in _MAKERS or (is_copy and each.func.attr == "copy")  # type: ignore[attr-defined]
            elif isinstance(each, ast.BinOp | ast.UnaryOp):
                makes = self._may_be_array(each)
            if makes:
                handled |= {id(inner) for inner in ast.walk(each)}
                yield each.lineno, ast.unparse(each)

    def _may_be_array(self, node: ast.expr) -> bool:
        if self.dimensions(node):
            return True
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.MatMult):
                # Of two rows it is a number.
                return (
                    self.dimensions(node.left) != 1 or self.dimensions(node.right) != 1
                )
            return self._may_be_array(node.left) or self._may_be_array(node.right)
        if isinstance(node, ast.UnaryOp):
            return self._may_be_array(node.operand)
        if isinstance(node, ast.Subscript):
            return has_slice(node.slice) and self._may_be_array(node.value)
        if isinstance(node, ast.Call):
            is_asked = (
                isinstance(node.func, ast.Attribute) and node.func.attr == "history"
            )
            return is_asked or self._numpy(node.func) in _MAKERS
        if isinstance(node, ast.Name) and node.id not in self._asking:
            self._asking.add(node.id)
            values = [each for each in self._bound.get(node.id, []) if each is not None]
            found = any(self._may_be_array(each) for each in values)
            self._asking.discard(node.id)
            return found
        return False


class _Parts(ast.NodeTransformer):
    """Puts elements in the place of arrays, and names in that of numbers."""

    def __init__(self, forms: ArrayForms, places: list[str], line: int) -> None:
        self._forms, self._index = forms, ", ".join(places)
        self._line = line
        self.numbers: list[tuple[str, str]] = []
        self.arrays: list[str] = []

    def visit(self, node: Any) -> Any:
        if self._forms.dimensions(node):
            whole = base(node) if is_all(node) else node
            self.arrays.append(ast.unparse(whole))
            return expression(f"{self.arrays[-1]}[{self._index}]")
        if isinstance(node, ast.BinOp):
            node.left, node.right = self.visit(node.left), self.visit(node.right)
            return node
        if isinstance(node, ast.UnaryOp):
            node.operand = self.visit(node.operand)
            return node
        is_called = isinstance(node, ast.Call) and len(node.args) == 1
        if is_called and self._forms._numpy(node.func) in _OF_EACH:  # noqa: SLF001
            node.args = [self.visit(node.args[0])]
            return node
        name = f"{_P}e{self._line}_{len(self.numbers)}"
        self.numbers.append((name, ast.unparse(node)))
        return ast.Name(name, ast.Load())
