"""What a strategy does and knows, read from the arena while the engine runs.

Each number is whole; numbers of one reading may be of events that lie microseconds
apart. Where a strategy's own memory is copied, the copy is taken again if a handler ran
meanwhile, a few times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.arena import Arena, Section
from app.engine.control import Control
from app.engine.indicators.rows import KINDS, OUTPUTS
from app.engine.strategy import StrategyState
from app.sessions.hanging import memory_of
from app.sessions.live_strategies import LiveStrategy

_TRIES: Final = 4
_SHOWN: Final = 8
"""Elements of an array, and indicators of a kind, that are shown."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a strategy holds of an instrument, quantity units; signed."""

    instrument: int
    quantity: int
    is_unmanaged: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """How a strategy stands.

    Attributes
    ----------
    state : StrategyState
    calls, requests : int
        Calls of its handlers, and what they asked for, since it was added.
    timed, timed_ns : int
        Calls that were measured, and how long they took together.
    equity, net : int
        Money, base currency; `net` is its P&L after fees.
    realised, unrealised, fees : int
        Money, base currency.
    held : tuple of Holding
    """

    state: StrategyState
    calls: int
    requests: int
    timed: int
    timed_ns: int
    equity: int
    net: int
    realised: int
    unrealised: int
    fees: int
    held: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of a strategy's memory: its name, what it is, its value in words."""

    name: str
    kind: str
    value: str


def read(arena: Arena, control: NDArray[np.int64], live: LiveStrategy) -> Reading:
    """Read how a strategy stands.

    Parameters
    ----------
    control : (CONTROL_WORDS,) int64
        Of the engine's loop.
    """
    number = live.number
    row = arena.records(Section.STRATEGIES)[number]
    account = arena.records(Section.ACCOUNTS)[number]
    every = int(arena.records(Section.ENGINE)[0]["instruments"])
    positions = arena.records(Section.POSITIONS)[number * every : (number + 1) * every]
    quantities, unmanaged = positions["quantity"].copy(), positions["unmanaged"].copy()
    held = tuple(
        Holding(int(each), int(quantities[each]), bool(unmanaged[each]))
        for each in np.flatnonzero(quantities)
    )
    times = Control.HANDLER_TIMES + 2 * number
    realised, unrealised = int(account["realised"]), int(account["unrealised"])
    fees = int(account["fees"])
    return Reading(
        StrategyState(int(row["state"])),
        int(row["calls"]),
        int(row["requests"]),
        int(control[times]),
        int(control[times + 1]),
        int(account["equity"]),
        realised + unrealised - fees,
        realised,
        unrealised,
        fees,
        held,
    )


def fields(arena: Arena, live: LiveStrategy, names: list[str]) -> list[FieldRow]:
    """Read a strategy's memory in words: state, arrays cut short, indicators.

    Parameters
    ----------
    names : list of str
        Of the session's instruments.
    """
    row = arena.records(Section.STRATEGIES)[live.number]
    memory = live.ready.memory
    copy = memory_of(arena, live.number)[: memory.size]
    taken: NDArray[np.uint8] = copy
    for _ in range(_TRIES):
        before = int(row["calls"])
        taken = copy[: memory.state_bytes].copy()
        if int(row["calls"]) == before:
            break
    return list(_rows(taken, live, names))


def _rows(
    taken: NDArray[np.uint8], live: LiveStrategy, names: list[str]
) -> Iterator[FieldRow]:
    memory = live.ready.memory
    shape, record = memory.shape, taken[: memory.dtype.itemsize].view(memory.dtype)[0]
    for name, kind in shape.scalars.items():
        yield FieldRow(name, kind.__name__, worded(record[name].item()))
    parts = memory.parts()
    for name, kind in shape.arrays.items():
        at, size = parts[name]
        values = taken[at : at + size].view(np.float64 if kind is float else np.int64)
        size_told = f"{len(values)}"
        if name in shape.grids:
            size_told = f"{record[f'{name} count']}, {record[f'{name} words']}"
        yield FieldRow(name, f"{kind.__name__}[{size_told}]", _array(values))
    for name, (what, is_each) in shape.indicators.items():
        at, size = parts[name]
        count = int(record[f"{name} count"])
        rows = taken[at : at + size].view(np.float64).reshape(count, -1)
        for index in range(min(count, _SHOWN)):
            label = f"{name}[{names[index]}]" if is_each else name
            yield FieldRow(label, what, _outputs(what, rows[index]))
        if count > _SHOWN:
            yield FieldRow(f"{name}[…]", what, f"{count - _SHOWN} more")


def _outputs(kind: str, row: NDArray[np.float64]) -> str:
    outputs = KINDS[kind].outputs
    if len(outputs) <= 1:
        return worded(float(row[0]))
    values = row[:OUTPUTS].tolist()
    return ", ".join(f"{n} {worded(v)}" for n, v in zip(outputs, values, strict=False))


def _array(values: NDArray[Any]) -> str:
    shown = ", ".join(worded(each) for each in values[:_SHOWN].tolist())
    return f"{shown}, …" if len(values) > _SHOWN else shown


def worded(value: Any) -> str:
    """Put a number into words, short; NaN is a dash."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else str(value)
    return "–" if value != value else f"{value:.6g}"
