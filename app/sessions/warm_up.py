"""Warming a strategy up: past bars through its handlers, before it trades.

The bars come from the catalog and from the session's own history. They run through a
copy of the session's arena, with orders that go nowhere; what the strategy knows then
is put into the session. So the engine does not wait, and nothing is traded.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.clock import SystemClock
from app.data.catalog import Catalog
from app.engine.arena import Arena, Section
from app.engine.history.records import BAR_ROW, BarKind
from app.engine.records import BAR, REPORT, EventKind, RecordFlag
from app.engine.snapshot import SnapshotBuffer, snapshot_bytes
from app.engine.strategy import Handler, Interpreted
from app.engine.strategy_state import HEAD, NOTE, NoteKind
from app.errors import CatalogError, StrategyError
from app.instrument import Instrument
from app.sessions.hanging import Ready, memory_of, open_memory
from app.sessions.history import BarSeries, BarSpec, MarketHistory
from app.strategies.running import as_python
from app.strategies.strategy import title_of

MOST_BARS: Final = 2000
"""Past bars of an instrument at most."""
_STREAM: Final = {
    60_000_000_000: "bars-1m",
    300_000_000_000: "bars-5m",
    900_000_000_000: "bars-15m",
    3_600_000_000_000: "bars-1h",
    86_400_000_000_000: "bars-1d",
}
_CLOCK: Final = SystemClock()
_PATIENCE_NS: Final = 3_000_000_000
_TRY_NS: Final = 100_000_000
_LOOK_S: Final = 0.01
"""Between two looks whether the history has made the bars."""
_ORDERS_FROM: Final = 1 << 60
"""Ids of orders that are asked for while warming up: no real one will have them."""


def past_bars(
    numbers: Sequence[int],
    instruments: Sequence[Instrument],
    interval_ns: int,
    history: MarketHistory | None,
    catalog: Path,
    until: int,
) -> NDArray[Any]:
    """Bars that closed by a time, of the catalog and then of the session, by time.

    Returns
    -------
    (n,) BAR
    """
    found = []
    for number in numbers:
        own = _of_history(number, interval_ns, history, until)
        before = int(own["ts_venue"][0]) - interval_ns if len(own) else until
        name = instruments[number].name
        kept = _of_catalog(name, interval_ns, catalog, before)
        both = np.concatenate([kept, own])[-MOST_BARS:]
        both["instrument"] = number
        found.append(both)
    bars = np.concatenate(found) if found else np.empty(0, BAR)
    return bars[np.argsort(bars["ts_venue"], kind="stable")]


def _of_history(
    number: int, interval_ns: int, history: MarketHistory | None, until: int
) -> NDArray[Any]:
    if history is None:
        return np.empty(0, BAR)
    series = history.bars(number, BarSpec(BarKind.TIME, interval_ns))
    try:
        _wait(series)
        rows = series.read(series.count - MOST_BARS, series.count)
    finally:
        series.release()
    return _records(rows[rows["end"] <= until])


def _wait(series: BarSeries) -> None:
    """Wait until bars that nobody followed before are made of the tape."""
    until, never = _CLOCK.monotonic_ns() + _PATIENCE_NS, threading.Event()
    while not series.is_complete and _CLOCK.monotonic_ns() < until:
        never.wait(_LOOK_S)


def _records(rows: NDArray[Any]) -> NDArray[Any]:
    """BAR records of BAR_ROW."""
    assert rows.dtype == BAR_ROW
    made = np.zeros(len(rows), BAR)
    made["ts_venue"] = made["ts_received"] = rows["end"]
    made["kind"], made["flags"] = EventKind.BAR, RecordFlag.LAST
    made["open"], made["volume"] = rows["open"], rows["volume"]
    for name in ("high", "low", "close"):
        made[f"{name}_offset"] = rows[name] - rows["open"]
    made["trades"] = rows["trades"]
    return made


def _of_catalog(name: str, interval_ns: int, catalog: Path, until: int) -> NDArray[Any]:
    stream, kept = _STREAM.get(interval_ns), Catalog(catalog)
    if stream is None or stream not in kept.streams(name):
        return np.empty(0, BAR)
    try:
        recording = kept.open(name, stream)
        end = recording.search(until + 1)
        records = recording.records(max(0, end - MOST_BARS), end)
    except CatalogError:
        return np.empty(0, BAR)
    bars: NDArray[Any] = np.ascontiguousarray(records).view(BAR)
    wanted: NDArray[Any] = bars[bars["kind"] == EventKind.BAR]
    return wanted


def warm(arena: Arena, number: int, ready: Ready, bars: NDArray[Any]) -> int:
    """Run past bars through a strategy's handlers, in a copy of its session's arena.

    Returns
    -------
    int
        How many bars it took.

    Raises
    ------
    StrategyError
        If a handler fails at one of them.
    """
    open_memory(arena, number, ready)
    on_bar = ready.runnable.handlers.get(Handler.ON_BAR)
    on_bars = ready.runnable.handlers.get(Handler.ON_BARS)
    session = arena.records(Section.ENGINE)[0]
    session["next_engine_order_id"] = _ORDERS_FROM
    closes = bars["ts_venue"]
    for index in range(len(bars)):
        session["now"] = closes[index]
        is_last = index + 1 == len(bars) or closes[index + 1] != closes[index]
        address = int(bars.ctypes.data) + index * BAR.itemsize
        _run(on_bar, arena, number, address, ready, bars[index])
        if is_last:
            _run(on_bars, arena, number, address, ready, bars[index])
    _forget_quotes(arena, number, ready)
    _forget_lines(arena, number)
    return len(bars)


def warm_in_place(arena: Arena, number: int, ready: Ready, bars: NDArray[Any]) -> None:
    """Run past bars through a strategy's handlers; of it all its memory alone stays.

    Raises
    ------
    StrategyError
        If a handler fails at one of them.
    """
    before = SnapshotBuffer(snapshot_bytes(arena.address, 0, 0))
    before.save(arena)
    warm(arena, number, ready, bars)
    known = memory_of(arena, number).copy()
    before.restore(arena)
    memory_of(arena, number)[:] = known


def try_python(arena: Arena, number: int, ready: Ready) -> None:
    """Call handlers that run as Python with blank events, in a copy of the arena.

    What they call of the engine is compiled then, on this thread, and not at their
    first event, on the engine's. Branches that a blank event does not reach are not.
    """
    if ready.runnable.is_compiled:
        return
    python = as_python(ready.runnable.program, "", _TRY_NS, quiet=True)
    event = np.zeros(1, REPORT)
    event["instrument"] = ready.followed[0]
    open_memory(arena, number, ready)
    for kind, handler in python.handlers.items():
        has_none = kind in (Handler.ON_START, Handler.ON_STOP)
        _call(handler, arena, number, 0 if has_none else int(event.ctypes.data))


def _call(handler: Any, arena: Arena, number: int, address: int) -> int:
    """Call a handler, and forget what it asks for."""
    run = handler.function if isinstance(handler, Interpreted) else handler
    status = int(run(arena.address, number, address) or 0)
    arena.set_used(Section.REQUESTS, 1)
    return status


def _run(
    handler: Any, arena: Arena, number: int, address: int, ready: Ready, bar: Any
) -> None:
    if handler is None:
        return
    if _call(handler, arena, number, address):
        errors = ready.runnable.errors
        why = f": {type(errors[-1]).__name__}: {errors[-1]}" if errors else ""
        when = np.datetime64(int(bar["ts_venue"]), "ns").astype("datetime64[s]")
        raise StrategyError(
            f"{title_of(ready.cls)} failed as it warmed up, at the bar of {when}{why}"
        )


def _forget_lines(arena: Arena, number: int) -> None:
    """Leave of its notes the curves: lines of a log would look like live ones."""
    memory = memory_of(arena, number)
    head = memory[: HEAD.itemsize].view(HEAD)[0]
    room, written = int(head["notes_room"]), int(head["notes"])
    if min(room, written) == 0:
        return
    at = int(head["notes_at"])
    ring = memory[at : at + room * NOTE.itemsize].view(NOTE)
    notes = ring[np.arange(max(0, written - room), written) % room]
    curves = notes[notes["kind"] == NoteKind.PLOT]
    ring[: len(curves)] = curves
    head["notes"] = len(curves)


def _forget_quotes(arena: Arena, number: int, ready: Ready) -> None:
    at, size = ready.memory.parts()["head quotes"]
    memory_of(arena, number)[at : at + size] = 0
