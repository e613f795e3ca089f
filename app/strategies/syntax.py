"""Small questions about the syntax trees of a strategy's functions."""

import ast
import threading
from typing import Final

_PARSES: Final = threading.RLock()


def parsed(text: str) -> list[ast.stmt]:
    """The statements of a text.

    One thread at a time: CPython 3.11 counts how deep it is for all threads at once,
    and where one comes between (an object that dies lets go of the GIL) both raise
    SystemError.
    """
    with _PARSES:
        return ast.parse(text).body


def expression(text: str) -> ast.expr:
    """The expression of a text; see `parsed`."""
    with _PARSES:
        return ast.parse(text, mode="eval").body


def bindings(node: ast.FunctionDef) -> dict[str, list[ast.expr | None]]:
    """What local names are assigned; None for what is known by no expression."""
    found: dict[str, list[ast.expr | None]] = {
        each.arg: [None] for each in node.args.args
    }
    for each in ast.walk(node):
        for target, value in assigned(each):
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    known = value if name is target else None
                    found.setdefault(name.id, []).append(known)
    return found


def assigned(node: ast.AST) -> list[tuple[ast.expr, ast.expr | None]]:
    """Targets of a statement, and what each is assigned where that is known."""
    if isinstance(node, ast.Assign):
        is_one = len(node.targets) == 1
        return [(each, node.value if is_one else None) for each in node.targets]
    if isinstance(node, ast.AugAssign):
        return [(node.target, node.value)]
    if isinstance(node, ast.For):
        counts = isinstance(node.iter, ast.Call) and is_name(node.iter.func, "range")
        return [(node.target, ast.Constant(0) if counts else None)]
    if isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.comprehension):
        return [(node.target, None)]
    return []


def copied(node: ast.expr) -> ast.expr:
    """A tree like it, all of it new."""
    return expression(ast.unparse(node))


def base(node: ast.expr) -> ast.expr:
    """What a subscript is of; anything else is itself."""
    return node.value if isinstance(node, ast.Subscript) else node


def is_all(node: ast.AST) -> bool:
    """Whether this is `x[:]`."""
    if not (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)):
        return False
    part = node.slice
    return part.lower is None and part.upper is None and part.step is None


def has_slice(node: ast.AST) -> bool:
    """Whether there is a slice anywhere in it."""
    return any(isinstance(each, ast.Slice) for each in ast.walk(node))


def is_name(node: ast.AST, name: str) -> bool:
    """Whether this is a name by itself."""
    return isinstance(node, ast.Name) and node.id == name


def is_own(node: ast.AST) -> bool:
    """Whether this is `self.x`."""
    return isinstance(node, ast.Attribute) and is_name(node.value, "self")
