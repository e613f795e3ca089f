"""The heatmap: what a column costs to keep, and a picture to paint.

A book of 64 levels a side that keeps changing is folded into a million columns, as the
view thread does; then they are opened, zoomed and panned at 1200 x 700. A regression
here is a heatmap that a session of a day fills the memory or the disk with, or that
stutters under the hand.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np

from app.engine.history.heat_picture import (
    HeatColours,
    HeatPainter,
    HeatRequest,
    code_of,
)
from app.engine.history.heat_state import HEAP_USED, HEAT_ENTRY
from app.engine.history.heat_tiles import HeatTiles
from app.engine.history.history import History
from app.engine.records import MARKET, EventKind, RecordFlag
from app.instrument import Instrument, InstrumentKind

STEP: Final = 100_000_000
COLUMNS: Final = 1_000_000
_CHANGES: Final = 4
_PART: Final = 8192
_MID: Final = 17_000
_REACH: Final = 64
_WIDTH, _HEIGHT = 1200, 700
_FUTURE: Final = Instrument(
    name="RSX",
    kind=InstrumentKind.FUTURE,
    venue="SIM",
    currency="USD",
    price_unit=Decimal("0.25"),
)


def _snapshot() -> Any:
    records = np.zeros(2 + 2 * _REACH, MARKET)
    records["kind"] = EventKind.LEVEL
    records["kind"][0], records["kind"][-1] = (
        EventKind.SNAPSHOT_BEGIN,
        EventKind.SNAPSHOT_END,
    )
    records["flags"] = RecordFlag.LAST
    away = np.arange(_REACH)
    records["side"][1:-1] = np.repeat((1, -1), _REACH)
    records["price"][1:-1] = np.concatenate([_MID - away, _MID + 1 + away])
    records["size"][1:-1] = np.random.default_rng(1).integers(1, 900, 2 * _REACH)
    return records


def _changes(random: np.random.Generator, columns: int) -> Any:
    """Changes of levels, so many in each of some columns."""
    count = _CHANGES * columns
    records = np.zeros(count, MARKET)
    records["kind"], records["flags"] = EventKind.LEVEL, RecordFlag.LAST
    side = random.choice((-1, 1), count)
    records["side"] = side
    away = random.integers(0, _REACH, count)
    records["price"] = np.where(side > 0, _MID - away, _MID + 1 + away)
    records["size"] = random.integers(1, 900, count)
    return records


def fill(columns: int) -> tuple[HeatTiles, float]:
    """Columns of a changing book, and what each cost, ns."""
    history = History((_FUTURE,))
    history.fold(_snapshot())
    changes = _changes(np.random.default_rng(2), _PART)
    stretch = np.repeat(np.arange(_PART), _CHANGES) * STEP
    begun = time.perf_counter_ns()
    for first in range(0, columns + 1, _PART):
        part = changes[: _CHANGES * min(_PART, columns + 1 - first)]
        part["ts_received"] = part["ts_venue"] = first * STEP + stretch[: len(part)]
        history.fold(part)
    spent = time.perf_counter_ns() - begun
    tiles = history.heatmap(0)
    assert tiles is not None
    return tiles, spent / columns


def colours() -> HeatColours:
    """Return any colours: they cost the same."""
    palette = np.arange(512, dtype=np.uint32) | np.uint32(0xFF000000)
    every = (0xFF101010, 0xFF202020, 0xFF303030, 0xFF404040)
    lines = (0xFF0000FF, 0xFFFF0000, 0xFF00FF00, 0xFFFF00FF, 0xFF000000)
    return HeatColours(palette, *every, *lines)


def request(begin: int, ns_per_px: float, units_per_px: float) -> HeatRequest:
    """Return a picture of a stretch of time."""
    return HeatRequest(
        _WIDTH,
        _HEIGHT,
        begin,
        COLUMNS * STEP,
        ns_per_px,
        _MID + units_per_px * _HEIGHT / 2,
        units_per_px,
        1.0,
        code_of(1),
        code_of(1000),
        bubble_volume=100.0,
        bubble_radius=14.0,
    )


def _median_ms(work: Callable[[], object], times: int = 15) -> float:
    spent = []
    for _ in range(times):
        begun = time.perf_counter_ns()
        work()
        spent.append(time.perf_counter_ns() - begun)
    return float(np.median(spent)) / 1e6


def _resident_mb() -> float:
    with open("/proc/self/smaps_rollup") as file:
        rows = dict(line.split(":", 1) for line in file if ":" in line)
    return int(rows["Rss"].split()[0]) / 1e3


def run(columns: int = COLUMNS) -> dict[str, float]:
    """Return figures by name."""
    fill(_PART)  # what is made once is no part of it
    before = _resident_mb()
    tiles, column_ns = fill(columns)
    held = _resident_mb() - before
    painter, shades = HeatPainter(), colours()
    figures = {
        "columns": float(tiles.count),
        "column with its four records, ns": column_ns,
        "entries on disk, MB": int(tiles.control[HEAP_USED])
        * HEAT_ENTRY.itemsize
        / 1e6,
        "resident after the fill, MB": held,
    }
    wanted = request((columns - _WIDTH) * STEP, float(STEP), 0.4)
    figures["opened: the newest 1200 columns, ms"] = _median_ms(
        lambda: painter.paint(tiles, wanted, shades), times=1
    )
    middle = columns // 2 * STEP
    for title, ns_per_px, units in (
        ("a column a pixel", float(STEP), 0.4),
        ("10 pixels a column, tall rows", STEP / 10, 0.06),
        ("20 columns a pixel", 20.0 * STEP, 0.4),
        ("all of it", columns * STEP / _WIDTH, 0.4),
    ):
        wanted = request(middle if title != "all of it" else 0, ns_per_px, units)
        figures[f"picture, {title}, ms"] = _median_ms(
            lambda each=wanted: painter.paint(tiles, each, shades)  # type: ignore[misc]
        )
    tiles.drop()
    position = iter(range(0, columns * STEP, columns * STEP // 64))
    most = 0.0

    def pan() -> None:
        # As the panel does: what was looked at goes after every picture.
        nonlocal most
        painter.paint(tiles, request(next(position), 20.0 * STEP, 0.4), shades)
        most = max(most, _resident_mb() - before)
        tiles.drop()

    figures["picture, panning over all of it, ms"] = _median_ms(pan, times=60)
    figures["resident while panning, at most, MB"] = most
    figures["resident after it, MB"] = _resident_mb() - before
    return figures


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:42} {value:10.2f}")
