"""A strategy as it is rewritten: what `translate` makes of it, and its refusal."""

import ast
from dataclasses import dataclass, field
from typing import Any, Final

from app.errors import StrategyError
from app.strategies.memory import Shape
from app.strategies.strategy import Strategy

PREFIX: Final = "_r_"
"""Begins every name that the rewriting brings in."""
METHOD: Final = "_m_"
"""Begins the name of a method: a strategy may have one of any name."""


class NotCompilableError(StrategyError):
    """A method has no compiled form: why, and in which line."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason, self.line = reason, line


@dataclass
class Program:
    """A strategy's methods, rewritten.

    Attributes
    ----------
    functions : dict of name to tree
        Methods and functions of the same file that they call.
    entries : dict of handler to tree
        What the engine calls.
    mentioned : list of str
        Instruments named with `ctx.instrument`.
    notes : list of str
        Names of curves, and texts of log lines: `str.format` templates with one place
        at most, for the value.
    made_anew : list of (int, str)
        Lines that make a new array as far as the source says, and what stands there:
        such a strategy runs as Python.
    lent : dict of (function, place) to bool
        Whether an array that a function is given there gets no other name in it.
    namespace : dict
        Globals to run them in.
    file : str
        Where the strategy stands.
    """

    cls: type[Strategy]
    shape: Shape
    file: str
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    entries: dict[str, ast.FunctionDef] = field(default_factory=dict)
    mentioned: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    made_anew: list[tuple[int, str]] = field(default_factory=list)
    lent: dict[tuple[Any, int], bool] = field(default_factory=dict)
    namespace: dict[str, Any] = field(default_factory=dict)
