"""How a strategy comes to hang in an engine: the same way in every mode.

`make_ready` does what takes long (loading, compiling in a process of its own) and
touches no engine; `hang_ready` puts the result into an arena that nothing else touches
meanwhile: a backtest's before it runs, a running session's between two events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine import strategy_calls
from app.engine.arena import Arena, Section
from app.engine.compile import Entry
from app.engine.held import held
from app.engine.records import MONEY_SCALE
from app.engine.strategy import hang, rehang
from app.errors import StrategyError
from app.strategies.loader import find, load_file
from app.strategies.memory import Memory, made
from app.strategies.running import Runnable, prepare
from app.strategies.strategy import Strategy, title_of, values_of

_ACCOUNT_FIELDS: Final = (
    *("cash", "settled_cash", "start_equity", "equity"),
    *("peak_equity", "day_start_equity"),
)


@dataclass(frozen=True)
class Place:
    """Where a strategy is to hang, and with what.

    Attributes
    ----------
    instruments : sequence of str
        Names of the session's instruments, by number.
    symbols : sequence of str
        Those that it follows; none: all.
    allocation : float
        Share of the capital.
    seed : int
        Of its random numbers.
    notes : int
        How many of its notes are kept until somebody reads them.
    interpreted : bool
        Run it as Python whether it could be compiled or not.
    patience_ns : int
        See `prepare`.
    """

    instruments: Sequence[str]
    symbols: Sequence[str] = ()
    allocation: float = 1.0
    seed: int = 0
    notes: int = 0
    interpreted: bool = False
    patience_ns: int = 0


@dataclass(frozen=True)
class Ready:
    """A strategy that can be hung: loaded, compiled, its memory laid out.

    Attributes
    ----------
    cls : type of Strategy
    values : dict
        Its parameters.
    runnable : Runnable
    memory : Memory
    followed : list of int
        Numbers of the instruments that it follows.
    """

    cls: type[Strategy]
    values: dict[str, float]
    runnable: Runnable
    memory: Memory
    followed: list[int]


def strategy_named(
    name: str, folders: Sequence[Path], *, again: bool = False
) -> type[Strategy]:
    """Find a strategy by title or class, or load ``FILE.py`` or ``FILE.py:Class``."""
    file, _, cls = name.rpartition(":") if ".py:" in name else (name, "", "")
    if file.endswith(".py"):
        return load_file(Path(file), cls or None, again=again)
    return find(name, folders)


def make_ready(
    cls: type[Strategy], parameters: Any, place: Place, runnable: Runnable | None = None
) -> Ready:
    """Compile a strategy where that is needed, and lay out its memory.

    Parameters
    ----------
    parameters : mapping of name to value
    runnable : Runnable, optional
        What was made of the same class before: other parameters need no compiling.

    Raises
    ------
    StrategyError
        If it cannot run, a parameter cannot be taken, or an instrument is missing.
    """
    values = values_of(cls, parameters)
    if runnable is None:
        strategy_calls.offer()
        runnable = prepare(
            cls, interpreted=place.interpreted, patience_ns=place.patience_ns
        )
    names = list(place.instruments)
    symbols = [name.partition("@")[0] for name in place.symbols]
    for name in symbols:
        if name not in names:
            raise StrategyError(
                f"{title_of(cls)} shall follow {name!r}, which is not in the session"
            )
    followed = [names.index(each) for each in symbols] or [*range(len(names))]
    mentioned = {}
    for name in runnable.program.mentioned:
        if name not in names:
            raise StrategyError(
                f"{title_of(cls)} asks for {name!r}, which is not among the symbols"
            )
        mentioned[name] = names.index(name)
    memory = Memory(
        made(cls, values, len(names)),
        mentioned,
        seed=place.seed,
        allocation=place.allocation,
        followed=len(followed),
        notes=place.notes if runnable.program.notes else 0,
    )
    return Ready(cls, values, runnable, memory, followed)


def hang_ready(arena: Arena, links: Any, ready: Ready) -> int:
    """Hang a strategy in an arena that nothing else touches; its number.

    Raises
    ------
    StrategyError
        If there is no room for it.
    """
    memory = ready.memory
    number = hang(arena, links, ready.runnable.handlers, ready.followed, memory.size)
    if number == 0:
        raise StrategyError(
            f"{title_of(ready.cls)}: there is no room for another strategy with "
            f"{memory.size} bytes of memory"
        )
    open_memory(arena, number, ready)
    return number


def rehang_ready(
    arena: Arena, links: Any, number: int, ready: Ready, before: Ready | None
) -> "Carried":
    """Put another version of a strategy in its place; it must not run.

    Parameters
    ----------
    before : Ready or None
        The version that hangs there, whose state goes over where it fits; None: the
        new one begins afresh.

    Raises
    ------
    StrategyError
        If there is no room for its memory.
    """
    old = None if before is None else memory_of(arena, number)[: before.memory.size]
    old = None if old is None else old.copy()
    if not rehang(arena, links, number, ready.runnable.handlers, ready.memory.size):
        raise StrategyError(
            f"{title_of(ready.cls)}: there is no room for {ready.memory.size} bytes "
            "of its memory"
        )
    open_memory(arena, number, ready)
    if old is None or before is None:
        return Carried((), ())
    return carry(old, before.memory, memory_of(arena, number), ready.memory)


def memory_of(arena: Arena, number: int) -> NDArray[np.uint8]:
    """The bytes of a strategy's memory, writable."""
    row = arena.records(Section.STRATEGIES)[number]
    first, size = int(row["state_offset"]), int(row["state_bytes"])
    found: NDArray[np.uint8] = arena.records(Section.STRATEGY_STATE)[
        first : first + size
    ]
    return found


def open_memory(arena: Arena, number: int, ready: Ready) -> None:
    """Fill a strategy's memory as it is before its first event."""
    memory_of(arena, number)[: ready.memory.size] = ready.memory.bytes()
    call(ready.runnable.opening, arena.address, number)


def give_capital(arena: Arena, number: int, amount: int) -> None:
    """Give a strategy its part of the capital, money in the base currency."""
    account = arena.records(Section.ACCOUNTS)[number]
    for name in _ACCOUNT_FIELDS:
        account[name] = amount


def call(handler: Any, arena: int, number: int, event: int = 0) -> None:
    """Call an entry, compiled or interpreted, outside of the loop; it keeps the GIL."""
    run = handler if callable(handler) else handler.function
    if isinstance(handler, Entry):
        run = held(handler)
    run(arena, number, event)


def money(amount: Decimal) -> int:
    """An amount of the base currency as the engine counts it."""
    return int((amount * MONEY_SCALE).to_integral_value())


# State that goes over to another version.


@dataclass(frozen=True)
class Carried:
    """What of a strategy's state went over, and what began anew, by name."""

    kept: tuple[str, ...]
    renewed: tuple[str, ...]


def carry(
    source: NDArray[np.uint8],
    before: Memory,
    target: NDArray[np.uint8],
    after: Memory,
) -> Carried:
    """Copy state between two versions of a strategy, where name, kind and size agree.

    An indicator goes over if its parameters are the same.

    Parameters
    ----------
    source, target : uint8
        Memory that was in use, and memory that is fresh.
    before, after : Memory
        How they are laid out.
    """
    old = source[: before.dtype.itemsize].view(before.dtype)[0]
    new = target[: after.dtype.itemsize].view(after.dtype)[0]
    for name in ("draws", "groups"):
        new["head"][name] = old["head"][name]
    kept = []
    for name, kind in after.shape.scalars.items():
        if before.shape.scalars.get(name) is kind:
            new[name] = old[name]
            kept.append(name)
    was, now = before.parts(), after.parts()
    fresh = before.bytes(), after.bytes()
    for name, (at, size) in now.items():
        place = was.get(name)
        if place is None or place[1] != size:
            continue
        first = place[0]
        is_state = name in after.shape.arrays or name.startswith("head ")
        same = is_state or np.array_equal(
            fresh[0][first : first + size], fresh[1][at : at + size]
        )
        if same and before.kind_of(name) == after.kind_of(name):
            target[at : at + size] = source[first : first + size]
            kept.append(name)
    every = [*after.shape.scalars, *after.shape.arrays, *after.shape.indicators]
    return Carried(
        tuple(each for each in every if each in kept),
        tuple(each for each in every if each not in kept),
    )
