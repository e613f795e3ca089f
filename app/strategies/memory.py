"""A strategy's memory: its parameters and state as bytes in the engine's arena.

`Shape` is what the source alone decides, the names and kinds of what it keeps; compiled
handlers depend on nothing else, so another `lookback` needs no compiling. `Memory` is
one strategy of a session, with lengths and values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.indicators.rows import OUTPUTS
from app.engine.strategy_state import HEAD, NOTE
from app.errors import StrategyError
from app.strategies.indicators import Indicator
from app.strategies.strategy import Each, Strategy, parameters_of, title_of

_OWN: Final = ("instrument_count", "history_length")
_TYPES: Final = {int: "<i8", float: "<f8", bool: "?"}
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
    indicators : mapping of name to (str, bool)
        Kind, and whether there is one for each instrument.
    """

    parameters: Mapping[str, type]
    scalars: Mapping[str, type]
    arrays: Mapping[str, type]
    indicators: Mapping[str, tuple[str, bool]]

    def dtype(self, instruments: Sequence[str]) -> np.dtype[Any]:
        """Lay out its record.

        Parameters
        ----------
        instruments : sequence of str
            Names that its source mentions.
        """
        fields: list[tuple[Any, ...]] = [("head", HEAD)]
        for name, kind in {**self.parameters, **self.scalars}.items():
            fields.append((name, _TYPES[kind]))
        fields += [(f"instrument {each}", "<i8") for each in instruments]
        for name in (*self.arrays, *self.indicators):
            fields += [(f"{name} {place}", "<i8") for place in _PLACE]
        return np.dtype(fields, align=True)


def made(cls: type[Strategy], values: Mapping[str, float], count: int) -> Strategy:
    """Make a strategy with its parameters and run its `__init__`."""
    instance = cls.__new__(cls)
    for name, value in values.items():
        setattr(instance, name, value)
    instance.instrument_count = count
    try:
        instance.__init__()  # type: ignore[misc]
    except StrategyError:
        raise
    except Exception as error:
        raise StrategyError(
            f"{title_of(cls)}: __init__ raised {type(error).__name__}: {error}"
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
    for name, value in vars(instance).items():
        if name in parameters or name in _OWN:
            continue
        if isinstance(value, Indicator):
            indicators[name] = (value.kind, False)
        elif isinstance(value, Each):
            indicators[name] = (value.indicator.kind, True)
        elif isinstance(
            value, bool | int | float | np.bool_ | np.integer | np.floating
        ):
            scalars[name] = _scalar(value)
        elif isinstance(value, np.ndarray) and value.ndim == 1:
            arrays[name] = _element(cls, name, value)
        else:
            raise StrategyError(
                f"{title_of(cls)}: self.{name} is a {type(value).__name__}; state is "
                "numbers, one-dimensional arrays of numbers, and indicators"
            )
    return Shape(parameters, scalars, arrays, indicators)


def _scalar(value: Any) -> type:
    if isinstance(value, bool | np.bool_):
        return bool
    return int if isinstance(value, int | np.integer) else float


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
        self._instruments = instance.instrument_count
        self._parts: list[NDArray[Any]] = []
        self._end = self.dtype.itemsize
        self._row = np.zeros(1, self.dtype)
        row, head = self._row[0], self._row["head"]
        for name in (*self.shape.parameters, *self.shape.scalars):
            row[name] = getattr(instance, name)
        for name, number in mentioned.items():
            row[f"instrument {name}"] = number
        head["seed"], head["allocation"], head["followed"] = seed, allocation, followed
        head["quotes_at"] = self._put(np.zeros(2 * instance.instrument_count, np.int64))
        kept = instance.history_length
        if kept:
            words = instance.instrument_count * (2 * kept + 1)
            head["history_at"] = self._put(np.zeros(words))
            head["history_length"] = kept
        self._put_arrays(instance)
        self.state_bytes = self._end
        if notes:
            head["notes_at"] = self._put(np.zeros(notes, NOTE))
            head["notes_room"] = notes

    def _put(self, part: NDArray[Any]) -> int:
        at, self._end = self._end, self._end + part.nbytes
        self._parts.append(part)
        return at

    def _put_arrays(self, instance: Strategy) -> None:
        for name in self.shape.arrays:
            value = np.ascontiguousarray(getattr(instance, name))
            self._place(name, self._put(value), 1, len(value))
        for name, (_, is_each) in self.shape.indicators.items():
            value = getattr(instance, name)
            indicator = value.indicator if is_each else value
            rows = np.zeros(
                (instance.instrument_count if is_each else 1, indicator.words)
            )
            given = indicator.parameters
            rows[:, OUTPUTS : OUTPUTS + len(given)] = given
            self._place(name, self._put(rows), rows.shape[1], rows.shape[0])

    def _place(self, name: str, *values: int) -> None:
        for place, value in zip(_PLACE, values, strict=True):
            self._row[f"{name} {place}"] = value

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
        return self.shape.arrays.get(name) or self.shape.indicators.get(name)

    def bytes(self) -> NDArray[np.uint8]:
        """The memory, to be copied into the arena."""
        parts = [
            self._row.view(np.uint8),
            *(p.view(np.uint8).ravel() for p in self._parts),
        ]
        return np.concatenate([part.ravel() for part in parts])
