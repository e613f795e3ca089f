"""The base class of strategies, and what one declares.

A strategy is a plain class. Its parameters are annotated class attributes with a
default, bounded where that makes sense:

    class Cross(Strategy):
        '''Buys when the fast average crosses above the slow one.'''

        title = "SMA Cross"
        fast: Annotated[int, Range(1, 5000)] = 10
        slow: Annotated[int, Range(2, 5000)] = 30

Its state is what `__init__` assigns: ints, floats, bools, arrays of fixed size and
indicators. Its handlers (`HANDLERS`) are compiled where they can be and run interpreted
where not; both give the same results.
"""

import ast
import inspect
import math
import textwrap
import typing
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import numpy as np

from app.engine.strategy import Handler
from app.errors import StrategyError
from app.strategies.indicators import Indicator
from app.strategies.syntax import parsed


class RuleError(StrategyError):
    """Parameters break a rule of their strategy: it is not run with them."""


HANDLERS: Final[Mapping[str, Handler]] = {
    handler.name.lower(): handler for handler in Handler
}
"""Names of the methods that are called for events."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a parameter, both included; for `typing.Annotated`."""

    least: float
    most: float


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a strategy.

    Attributes
    ----------
    name : str
    kind : type
        int, float or bool.
    default : int, float or bool
    bounds : Range or None
    """

    name: str
    kind: type
    default: float
    bounds: Range | None = None

    def checked(self, value: Any, strategy: str) -> float:
        """Return the value as this parameter takes it.

        Raises
        ------
        RuleError
            If it is of another kind, or out of bounds.
        """
        is_number = isinstance(value, _NUMBERS)
        fits = (is_number and not isinstance(value, bool)) or self.kind is bool
        if fits and self.kind is int:
            fits = _is_finite(value) and value == int(value)
        if fits and self.kind is float:
            # A float may be infinite, but an integer that none can hold is no number.
            fits = isinstance(value, float) or _is_finite(value)
        if fits and self.kind is bool:
            fits = isinstance(value, bool)
        if not fits or value != value:
            raise RuleError(
                f"{strategy}: {self.name} must be {_A[self.kind]}, was {value!r}"
            )
        bounds = self.bounds
        if bounds is not None and not bounds.least <= value <= bounds.most:
            raise RuleError(
                f"{strategy}: {self.name} must lie in [{bounds.least:g}, "
                f"{bounds.most:g}], was {value:g}"
            )
        result: float = self.kind(value)
        return result


_NUMBERS: Final = (int, float, np.number)
_A: Final = {int: "an integer", float: "a number", bool: "true or false"}


class Each:
    """A value or an indicator for each instrument of the session."""

    def __init__(self, indicator: Indicator) -> None:
        self.indicator = indicator


class Strategy:
    """What a strategy is; see the module.

    Attributes
    ----------
    title : str
        Its name to people; by default the class's.
    runs : "compiled" or "interpreted"
        "interpreted" keeps its handlers from being compiled.
    history_length : int
        Closes that `ctx.history` keeps of each instrument; may be set in `__init__`.
    instrument_count : int
        How many instruments the session has; set before `__init__`.
    """

    title: ClassVar[str] = ""
    runs: ClassVar[Literal["compiled", "interpreted"]] = "compiled"
    history_length = 0
    instrument_count = 1

    def check(self) -> str:
        """Say which rule the parameters break between them; "" if none.

        It is asked before `__init__`: ``return "fast must be less than slow" if
        self.fast >= self.slow else ""``.
        """
        return ""

    def each(self, what: Any, *parameters: float) -> Any:
        """Make one of something for each instrument, indexed by `bar.instrument`.

        Parameters
        ----------
        what : type of Indicator, float, int or bool
        *parameters : float
            Of the indicator.
        """
        if isinstance(what, type) and issubclass(what, Indicator):
            return Each(what(*parameters))
        # Arrays hold float64 or int64: a flag is kept as 0 or 1.
        return np.full(
            self.instrument_count, int(what) if isinstance(what, bool) else what
        )


def parameters_of(cls: type[Strategy]) -> dict[str, Parameter]:
    """List a strategy's parameters, in the order of their declaration.

    Raises
    ------
    StrategyError
        If one has no default, or a type that is none of int, float and bool.
    """
    return {**_parameters_of(cls)}


def _parameters_of(cls: type[Strategy]) -> dict[str, Parameter]:
    found = _listed.get(cls)
    if found is None:
        found = _listed[cls] = _list_parameters(cls)
    return found


_listed: "weakref.WeakKeyDictionary[type[Strategy], dict[str, Parameter]]" = (
    weakref.WeakKeyDictionary()
)
"""What was read of classes: their annotations are evaluated once, not for each cell."""


def _list_parameters(cls: type[Strategy]) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for base in reversed(cls.__mro__):
        if base in (Strategy, object):
            continue
        hints = typing.get_type_hints(base, include_extras=True)
        for name in inspect.get_annotations(base):
            hint = hints[name]
            if typing.get_origin(hint) is ClassVar:
                continue
            kind, bounds = _split(hint)
            if kind not in _A:
                raise StrategyError(
                    f"{cls.__name__}: parameter {name} must be an int, float or bool"
                )
            if not hasattr(cls, name):
                raise StrategyError(f"{cls.__name__}: parameter {name} has no default")
            default = getattr(cls, name)
            parameter = Parameter(name, kind, default, bounds)
            parameter.checked(default, cls.__name__)
            found[name] = parameter
    return found


def _split(hint: Any) -> tuple[Any, Range | None]:
    if typing.get_origin(hint) is not typing.Annotated:
        return hint, None
    kind, *more = typing.get_args(hint)
    bounds = [each for each in more if isinstance(each, Range)]
    return kind, bounds[0] if bounds else None


def files_of(cls: type) -> list[Path]:
    """Source files of a strategy and of what it derives from, but for `Strategy`."""
    found = []
    for base in cls.__mro__:
        if base not in (Strategy, object):
            file = inspect.getsourcefile(base)
            assert file is not None
            found.append(Path(file))
    return found


def title_of(cls: type[Strategy]) -> str:
    """A strategy's name to people."""
    return cls.title or cls.__name__


def values_of(cls: type[Strategy], given: Mapping[str, Any]) -> dict[str, float]:
    """Check parameters that were given, and put defaults for the others.

    Raises
    ------
    StrategyError
        If one is unknown (the nearest known one is named) or cannot be taken.
    """
    known, title = _parameters_of(cls), title_of(cls)
    for name in given:
        if name not in known:
            raise StrategyError(
                f"{title} has no parameter {name!r}; "
                f"it has {', '.join(known) or 'none'}"
            )
    return {
        name: each.checked(given.get(name, each.default), title)
        for name, each in known.items()
    }


def handlers_of(cls: type[Strategy]) -> dict[str, Handler]:
    """Which events a strategy has handlers for."""
    return {name: kind for name, kind in HANDLERS.items() if hasattr(cls, name)}


def is_abstract(cls: type[Strategy]) -> bool:
    """Whether a class is a base of strategies and none itself: it handles nothing."""
    return not handlers_of(cls)


def source_of(function: Any) -> tuple[str, ast.FunctionDef]:
    """File of a function, and its syntax tree with the file's line numbers.

    Raises
    ------
    StrategyError
        If its source is not to be had.
    """
    file, text = _texts.get(function) or _text_of(function)
    node = parsed(text)[0]
    if not isinstance(node, ast.FunctionDef):
        raise StrategyError(f"{function.__qualname__} is no plain function")
    return file, node


_texts: "weakref.WeakKeyDictionary[Any, tuple[str, str]]" = weakref.WeakKeyDictionary()
"""Of functions: file and source. Each check asks for it; to find its end takes long."""


def _text_of(function: Any) -> tuple[str, str]:
    """File of a function, and its source behind as many lines as stand before it."""
    try:
        file = inspect.getsourcefile(function)
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError) as error:
        raise StrategyError(f"the source of {function.__qualname__} is gone") from error
    text = "\n" * (first - 1) + textwrap.dedent("".join(lines))
    found = file or "", text
    _texts[function] = found
    return found
