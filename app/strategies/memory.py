"""A strategy's memory: its parameters and state as bytes in the engine's arena.

`Shape` is what the source alone decides, the names and kinds of what it keeps; compiled
handlers depend on nothing else, so another `lookback` needs no compiling. `Memory` is
one strategy of a session, with lengths and values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.indicators.rows import OUTPUTS
from app.engine.strategy_state import HEAD, NOTE
from app.errors import StrategyError
from app.strategies.indicators import Indicator
from app.strategies.strategy import (
    Each,
    RuleError,
    Strategy,
    parameters_of,
    title_of,
)

_OWN: Final = ("instrument_count", "history_length")
_TYPES: Final = {int: "<i8", float: "<f8", bool: "?"}
_FLAGS: Final = (bool, np.bool_)
_WHOLE: Final = (int, np.integer)
_SCALARS: Final = (*_FLAGS, *_WHOLE, float, np.floating)
_HEAD: Final = {name: np.zeros((), HEAD)[name].tolist() for name in HEAD.names or ()}
"""A head that says nothing: 0 in each field, lists of them in fields of several."""
_PLACE: Final = ("at", "words", "count")
"""Where an array or indicators lie: bytes from the memory's begin; words of a row;
rows."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a strategy keeps, by name.

    Attributes
    ----------
    parameters : mapping of name to type
    scalars : mapping of name to type
    arrays : mapping of name to type
        Of the elements, int or float.
    grids : frozenset of str
        Those of the arrays that have two dimensions.
    indicators : mapping of name to (str, bool)
        Kind, and whether there is one for each instrument.
    """

    parameters: Mapping[str, type]
    scalars: Mapping[str, type]
    arrays: Mapping[str, type]
    indicators: Mapping[str, tuple[str, bool]]
    grids: frozenset[str] = frozenset()

    def dtype(self, instruments: Sequence[str]) -> np.dtype[Any]:
        """Lay out its record.

        Parameters
        ----------
        instruments : sequence of str
            Names that its source mentions.
        """
        return _dtype(
            (*self.parameters.items(), *self.scalars.items()),
            tuple(instruments),
            (*self.arrays, *self.indicators),
        )


@lru_cache(maxsize=64)
def _dtype(
    numbers: tuple[tuple[str, type], ...],
    instruments: tuple[str, ...],
    placed: tuple[str, ...],
) -> np.dtype[Any]:
    """A record's layout; it is the same for all cells of a sweep."""
    fields: list[tuple[Any, ...]] = [("head", HEAD)]
    fields += [(name, _TYPES[kind]) for name, kind in numbers]
    fields += [(f"instrument {each}", "<i8") for each in instruments]
    fields += [(f"{name} {place}", "<i8") for name in placed for place in _PLACE]
    return np.dtype(fields, align=True)


def made(cls: type[Strategy], values: Mapping[str, float], count: int) -> Strategy:
    """Make a strategy with its parameters and run its `check` and `__init__`.

    Raises
    ------
    RuleError
        If its parameters break a rule between them.
    StrategyError
        If either raises.
    """
    instance = cls.__new__(cls)
    for name, value in values.items():
        setattr(instance, name, value)
    instance.instrument_count = count
    step = "check"
    try:
        broken = instance.check()
        if broken:
            raise RuleError(f"{title_of(cls)}: {broken}")
        step = "__init__"
        instance.__init__()  # type: ignore[misc]
    except StrategyError:
        raise
    except Exception as error:
        raise StrategyError(
            f"{title_of(cls)}: {step} raised {type(error).__name__}: {error}"
        ) from error
    return instance


def shape_of(instance: Strategy) -> Shape:
    """Sort what a strategy keeps.

    Raises
    ------
    StrategyError
        If it keeps something that is no number, array of numbers, or indicator.
    """
    cls = type(instance)
    parameters = {name: each.kind for name, each in parameters_of(cls).items()}
    scalars: dict[str, type] = {}
    arrays: dict[str, type] = {}
    indicators: dict[str, tuple[str, bool]] = {}
    grids: list[str] = []
    for name, value in vars(instance).items():
        if name in parameters or name in _OWN:
            continue
        if isinstance(value, Indicator):
            indicators[name] = (value.kind, False)
        elif isinstance(value, Each):
            indicators[name] = (value.indicator.kind, True)
        elif isinstance(value, _SCALARS):
            scalars[name] = _scalar(value)
        elif isinstance(value, np.ndarray) and value.ndim in (1, 2):
            arrays[name] = _element(cls, name, value)
            if value.ndim == 2:
                grids.append(name)
        else:
            raise StrategyError(
                f"{title_of(cls)}: self.{name} is a {type(value).__name__}; state is "
                "numbers, arrays of numbers in one or two dimensions, and indicators"
            )
    return Shape(parameters, scalars, arrays, indicators, frozenset(grids))


def _scalar(value: Any) -> type:
    if isinstance(value, _FLAGS):
        return bool
    return int if isinstance(value, _WHOLE) else float


def _element(cls: type[Strategy], name: str, value: NDArray[Any]) -> type:
    if value.dtype == np.float64:
        return float
    if value.dtype == np.int64:
        return int
    raise StrategyError(
        f"{title_of(cls)}: self.{name} has elements of {value.dtype}; "
        "arrays hold float64 or int64"
    )


class Memory:
    """The bytes with which a strategy begins.

    Parameters
    ----------
    instance : Strategy
    mentioned : mapping of name to int
        Instruments that its source mentions, and their numbers.
    seed : int
        Of its random numbers.
    allocation : float
    followed : int
        How many instruments it follows.
    notes : int
        How many notes are kept for whoever reads them; 0 = none.

    Attributes
    ----------
    state_bytes : int
        All but the notes, which stand at the end.
    """

    def __init__(
        self,
        instance: Strategy,
        mentioned: Mapping[str, int],
        *,
        seed: int,
        allocation: float,
        followed: int,
        notes: int = 0,
    ) -> None:
        self.shape = shape_of(instance)
        self.dtype = self.shape.dtype(tuple(mentioned))
        self._instruments = count = instance.instrument_count
        self._parts: list[NDArray[Any]] = []
        self._end = self.dtype.itemsize
        self._head: dict[str, Any] = {
            **_HEAD,
            "seed": seed,
            "allocation": allocation,
            "followed": followed,
        }
        # In the order of the fields, to be written at once: one by one they take longer
        # than all else here.
        self._values: list[Any] = [
            getattr(instance, name)
            for name in (*self.shape.parameters, *self.shape.scalars)
        ]
        self._values += mentioned.values()
        self._head["quotes_at"] = self._put(np.zeros(2 * count, np.int64))
        kept = instance.history_length
        if kept:
            self._head["history_at"] = self._put(np.zeros(count * (2 * kept + 1)))
            self._head["history_length"] = kept
        self._put_arrays(instance)
        self.state_bytes = self._end
        if notes:
            self._head["notes_at"] = self._put(np.zeros(notes, NOTE))
            self._head["notes_room"] = notes
        head = tuple(self._head.values())
        self._row = np.array([(head, *self._values)], self.dtype)

    def _put(self, part: NDArray[Any]) -> int:
        at, self._end = self._end, self._end + part.nbytes
        self._parts.append(part)
        return at

    def _put_arrays(self, instance: Strategy) -> None:
        for name in self.shape.arrays:
            value = np.ascontiguousarray(getattr(instance, name))
            columns = value.shape[1] if value.ndim == 2 else 1
            self._values += self._put(value), columns, len(value)
        for name, (_, is_each) in self.shape.indicators.items():
            value = getattr(instance, name)
            indicator = value.indicator if is_each else value
            count, words = self._instruments if is_each else 1, indicator.words
            rows = np.zeros((count, words))
            given = indicator.parameters
            if given:
                rows[:, OUTPUTS : OUTPUTS + len(given)] = given
            self._values += self._put(rows), words, count

    @property
    def has_notes(self) -> bool:
        """Whether there is room for notes."""
        return self._end > self.state_bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return self._end

    def parts(self) -> dict[str, tuple[int, int]]:
        """Where arrays and indicators lie by name, and what the head points at: bytes.

        Returns
        -------
        dict of name to (int, int)
            First byte and how many.
        """
        row, head = self._row[0], self._row[0]["head"]
        found: dict[str, tuple[int, int]] = {}
        for name in (*self.shape.arrays, *self.shape.indicators):
            at, words, count = (int(row[f"{name} {place}"]) for place in _PLACE)
            found[name] = at, 8 * words * count
        count = self._instruments
        found["head quotes"] = int(head["quotes_at"]), 16 * count
        kept = int(head["history_length"])
        if kept:
            found["head history"] = int(head["history_at"]), 8 * count * (2 * kept + 1)
        return found

    def kind_of(self, name: str) -> object:
        """What an array or indicator of a name is."""
        if name in self.shape.arrays:
            return self.shape.arrays[name], int(self._row[0][f"{name} words"])
        return self.shape.indicators.get(name)

    def bytes(self) -> NDArray[np.uint8]:
        """The memory, to be copied into the arena."""
        parts = [
            self._row.view(np.uint8),
            *(p.view(np.uint8).ravel() for p in self._parts),
        ]
        return np.concatenate([part.ravel() for part in parts])
