"""Book update: a regression here slows every mode, for all market data pass through.

Two seeded streams: level by level in a book that is never crossed (12 % trades at the
touch, each followed by the decrease that reports it), and order by order with about
10,000 resting orders (46 % add, 38 % cancel, 8 % each execute and modify).
"""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.engine.book import BookReplay
from app.engine.compile import kernel
from app.engine.records import MARKET, NO_PRICE, EventKind

_COUNT: Final = 1_000_000
_ROUNDS: Final = 7
_SEED: Final = 7
_LIVE: Final = 10_000
_PRICES: Final = 1 << 16


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Replay both streams, best and median of several rounds, without writing rows."""
    figures: dict[str, Any] = {"records": _COUNT, "rounds": _ROUNDS, "seed": _SEED}
    streams: dict[str, tuple[str, Callable[[], Any]]] = {
        "level": ("depth", level_stream),
        "order": ("orders", order_stream),
    }
    for name, (basis, make) in streams.items():
        records = make()
        rounds = [_replayed(basis, records) for _ in range(_ROUNDS)]
        figures[f"{name}_ns_per_record"] = min(rounds)
        figures[f"{name}_median_ns_per_record"] = float(np.median(rounds))
    return figures


def _replayed(basis: str, records: Any) -> float:
    replay = BookReplay(basis)
    replay.apply(records[:1000], 1)
    start = time.perf_counter_ns()
    replay.apply(records[1000:], 1)
    elapsed = time.perf_counter_ns() - start
    assert replay.state["bad_records"] == 0
    return elapsed / (len(records) - 1000)


def _opened(count: int) -> Any:
    """Records with times, the first two a whole empty book."""
    records = np.zeros(count, MARKET)
    records["ts_venue"] = records["ts_received"] = np.arange(count) * 200_000
    records["kind"][:2] = EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END
    return records


@kernel
def _draw_levels(records: Any, first: int, draws: Any, sizes: Any) -> None:
    """Fill in records from `first` on: level updates and trades of a living book."""
    shown = np.zeros((2, _PRICES), np.int64)
    best = np.array([_PRICES // 2, _PRICES // 2 + 1])
    i = first
    while i < len(records):
        row, draw = records[i], draws[i]
        half = 0 if draw[0] < 0.5 else 1
        side = 1 - 2 * half
        touch: Any = best[half]
        row["side"] = side
        if draw[1] < 0.12 and shown[half, touch] > 0 and i + 1 < len(records):
            size = min(1 + np.int64(draw[2] * sizes[i]), shown[half, touch])
            row["kind"], row["price"], row["size"] = EventKind.TRADE, touch, size
            row["aggressor"] = -side
            shown[half, touch] -= size
            # The decrease that reports it, at the same venue time.
            row = records[i + 1]
            row["ts_venue"] = row["ts_received"] = records[i]["ts_venue"]
            row["side"], row["price"] = side, touch
            i += 1
        else:
            distance: Any = min(np.int64(-np.log(1.0 - draw[2]) * 5.0), 24)
            inside = best[1] - best[0] > 1 and draw[3] < 0.35
            touch = touch + side if inside else touch - side * distance
            gone = draw[3] > 0.92 and shown[half, touch] > 0
            shown[half, touch] = 0 if gone else sizes[i]
            row["price"] = touch
        row["kind"], row["size"] = EventKind.LEVEL, shown[half, touch]
        i += 1
        if shown[half, touch] > 0:
            if side * (touch - best[half]) > 0:
                best[half] = touch
        elif touch == best[half]:
            while shown[half, touch] == 0 and touch * side > -_PRICES and touch > 0:
                touch -= side
                if abs(touch - best[half]) > 200:
                    break
            best[half] = touch


def level_stream(count: int = _COUNT, seed: int = _SEED) -> Any:
    """Level updates, most near the touch, in a book whose touch wanders."""
    random = np.random.default_rng(seed)
    records = _opened(count)
    _draw_levels(records, 2, random.random((count, 4)), random.integers(1, 60, count))
    return records


def order_stream(count: int = _COUNT, seed: int = _SEED) -> Any:
    """Order events around a fixed mid, so that about `_LIVE` orders rest."""
    random = np.random.default_rng(seed)
    records = _opened(count)
    draws, picks = random.random(count), random.random(count)
    sides = random.integers(0, 2, count) * 2 - 1
    prices = 100_000 - sides * np.minimum(random.geometric(0.05, count), 400)
    sizes = random.integers(1, 100, count)
    live: list[int] = []
    left: dict[int, int] = {}
    for i in range(2, count):
        row, draw = records[i], draws[i]
        if (len(live) < _LIVE and draw < 0.9) or draw < 0.46:
            row["kind"], row["reference"] = EventKind.ORDER_ADD, i
            row["side"], row["price"], row["size"] = sides[i], prices[i], sizes[i]
            live.append(i)
            left[i] = int(sizes[i])
            continue
        at = int(picks[i] * len(live))
        reference = live[at]
        row["reference"] = reference
        size = left[reference]
        if 0.84 <= draw < 0.92 and size > 1:
            row["kind"], row["size"] = EventKind.ORDER_MODIFY, size // 2
            row["price"] = records[reference]["price"]
            left[reference] = size // 2
            continue
        execute = draw >= 0.92
        row["kind"] = EventKind.ORDER_EXECUTE if execute else EventKind.ORDER_CANCEL
        row["price"], row["size"] = NO_PRICE, size
        live[at] = live[-1]
        live.pop()
        del left[reference]
    return records
