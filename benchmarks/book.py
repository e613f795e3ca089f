"""Book update: a regression here slows every mode, for all market data pass through it.

Two seeded streams: level updates around a wandering mid (12 % trades), and order by
order with about 10,000 resting orders (46 % add, 34 % cancel, 12 % execute, 8 % modify).
Real recordings are replayed as well where tests/shared_data.py finds them imported.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.engine.book import BookReplay
from app.engine.records import MARKET, NO_PRICE, EventKind

_COUNT: Final = 1_000_000
_ROUNDS: Final = 7
_SEED: Final = 7
_LIVE: Final = 10_000


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


def level_stream(count: int = _COUNT, seed: int = _SEED) -> Any:
    """Level updates: most near the touch, a tenth of them removals, 12 % trades."""
    random = np.random.default_rng(seed)
    records = _opened(count)
    mid = 100_000 + np.cumsum(
        random.integers(-1, 2, count) * (random.random(count) < 0.05)
    )
    side = random.integers(0, 2, count) * 2 - 1
    distance = np.minimum(random.geometric(0.15, count), 60)
    records["side"] = side
    records["price"] = mid - side * distance
    size = random.integers(1, 400, count)
    size[random.random(count) < 0.1] = 0
    records["size"] = size
    kind = np.where(random.random(count) < 0.12, EventKind.TRADE, EventKind.LEVEL)
    records["kind"][2:] = kind[2:]
    records["aggressor"] = np.where(kind == EventKind.TRADE, side, 0)
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
        if len(live) < _LIVE and draw < 0.9 or draw < 0.46:
            row["kind"], row["reference"] = EventKind.ORDER_ADD, i
            row["side"], row["price"], row["size"] = sides[i], prices[i], sizes[i]
            live.append(i)
            left[i] = int(sizes[i])
            continue
        at = int(picks[i] * len(live))
        reference = live[at]
        row["reference"] = reference
        size = left[reference]
        if draw < 0.92 and draw >= 0.84 and size > 1:
            row["kind"], row["size"] = EventKind.ORDER_MODIFY, size // 2
            row["price"] = records[reference]["price"]
            left[reference] = size // 2
            continue
        execute = draw >= 0.88
        row["kind"] = EventKind.ORDER_EXECUTE if execute else EventKind.ORDER_CANCEL
        row["price"], row["size"] = NO_PRICE, size
        live[at] = live[-1]
        live.pop()
        del left[reference]
    return records
