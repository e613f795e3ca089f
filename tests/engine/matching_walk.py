"""A long walk of random commands, the engine against the plain rules.

Reports and market data are compared of every command, the books every few thousand.
``python tests/engine/matching_walk.py 10000000 --seed 7`` walks from a shell, in the
repository's root; where the two part it says at which command, and how.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    SELL,
    Action,
    OrderOption,
    OrderType,
    SessionState,
    TimeInForce,
)

if __name__ == "__main__":
    # Site-packages may hold a package `tests` too.
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.modules["tests"] = ModuleType("tests")
    sys.modules["tests"].__path__ = [str(Path(__file__).parents[1])]

from tests.engine.matching_driver import (
    FIELDS_OF_CMD,
    LOWEST,
    TICK_ONE,
    Cmd,
    Driver,
    tuples,
)
from tests.engine.reference_auction import PlainMatching
from tests.engine.reference_matching import ACCOUNTS

CHUNK = 2000
TABLES = (TICK_ONE, ((LOWEST, 1), (1000, 5)), ((LOWEST, 100),))
PROTECTION = (5, -1, 0)
ALWAYS = (1, 0, 1)
CENTRES = np.array([0, 1000, -50_000])
STEPS = np.array([1, 5, 100])
ORDERS = 60
_POST_ONLY = int(OrderOption.POST_ONLY)
_TO_REST = int(OrderOption.RESTING_INTENT)
_CONFIRMED = int(OrderOption.CONFIRMED)
_REDUCE_ONLY = int(OrderOption.REDUCE_ONLY)
_OUTSIDE = int(OrderOption.OUTSIDE_HOURS)


def commands(random, count, drift, first):
    """Commands round a centre: about half of them new, the others changes."""
    records = np.zeros(count, COMMAND)
    number = random.integers(0, 3, count)
    action = random.choice(
        [Action.NEW, Action.CANCEL, Action.REPLACE, Action.SET_SESSION],
        count,
        p=[0.6, 0.13, 0.25, 0.02],
    )
    side = random.integers(0, 2, count) * 2 - 1
    centre, step = CENTRES[number], STEPS[number]
    records["action"] = action
    records["client_order_id"] = random.integers(1, 40, count)
    records["account"] = random.integers(0, 6, count)
    records["strategy"] = random.integers(0, 3, count)
    records["instrument"] = number
    records["side"] = side
    records["ts_venue"] = first + np.arange(count)
    records["protection_ticks"] = random.integers(-1, 8, count)
    price = centre + (drift - side * _away(random, count)) * step
    records["price"] = price
    records["quantity"] = random.geometric(0.05, count)
    _types(random, records, price, centre, step, drift)
    _options(random, records)
    _groups(random, records)
    _changes(random, records)
    _sessions(random, records)
    return records


def _away(random, count):
    return np.rint(random.normal(4, 6, count)).astype(np.int64)


def _types(random, records, price, centre, step, drift):
    """Types, times in force, stops and trails; one in four is more than plain."""
    count = len(records)
    special = random.random(count) < 0.25
    records["order_type"] = random.choice([1, 2], count, p=[0.15, 0.85])
    records["time_in_force"] = random.choice(
        [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK], count, p=[0.8, 0.12, 0.08]
    )
    kinds = random.choice([1, 2, 3, 4, 5, 6], count, p=[0.1, 0.4, 0.2, 0.1, 0.1, 0.1])
    forces = random.choice(list(TimeInForce), count)
    records["order_type"][special] = kinds[special]
    records["time_in_force"][special] = forces[special]
    stops = records["order_type"] >= OrderType.STOP
    lasting = np.isin(records["time_in_force"], [0, 1, 6])
    records["time_in_force"][stops & ~lasting] = TimeInForce.GTC
    away = np.abs(_away(random, count))
    records["stop_price"] = centre + (drift + records["side"] * away) * step
    trails = records["order_type"] >= OrderType.TRAILING_STOP
    bare = trails & (random.random(count) < 0.7)
    records["stop_price"][bare] = NO_PRICE
    records["trail"] = np.where(
        trails, random.choice([1, 3, 700, -20_000, -300_000], count), 0
    )
    records["trigger"] = random.integers(0, 5, count)
    records["expire_ts"] = records["ts_venue"] + random.integers(-5, 400, count)
    shown = np.isin(records["order_type"], [2, 4, 6]) & (random.random(count) < 0.15)
    records["display_quantity"] = np.where(shown, random.integers(1, 9, count), 0)
    immediate = np.isin(records["time_in_force"], [2, 3, 4, 7])
    records["display_quantity"][immediate] = 0


def _options(random, records):
    count = len(records)
    limited = records["order_type"] == OrderType.LIMIT
    lasting = np.isin(records["time_in_force"], [0, 1, 6])
    post_only = limited & lasting & (random.random(count) < 0.1)
    reducing = (records["account"] < ACCOUNTS) & (random.random(count) < 0.2)
    outside = random.random(count) < 0.3
    meant = random.random(count)
    records["options"] = (
        np.where(post_only, _POST_ONLY, 0)
        | np.where(reducing, _REDUCE_ONLY, 0)
        | np.where(outside, _OUTSIDE, 0)
        | np.where(meant < 0.1, _TO_REST, 0)
        | np.where(meant < 0.02, _CONFIRMED, 0)
    )


def _groups(random, records):
    """Some orders are members: entries buy, exits sell, so that they fit."""
    count = len(records)
    member = random.random(count) < 0.15
    role = random.integers(1, 6, count)
    records["role"] = np.where(member, role, 0)
    records["group"] = np.where(member, random.integers(1, 5, count), 0)
    exits = member & np.isin(role, [2, 4, 5])
    records["side"][exits] = SELL
    records["side"][member & ~exits] = BUY
    legs = member & np.isin(role, [4, 5])
    lasting = np.isin(records["time_in_force"], [0, 1, 6])
    records["time_in_force"][legs & ~lasting] = TimeInForce.GTC


def _changes(random, records):
    """Replaces change what they name; most name one thing."""
    change = records["action"] != Action.NEW
    count = len(records)
    kind = random.choice([0, 1, 2], count, p=[0.75, 0.1, 0.15])
    records["order_type"][change] = kind[change]
    records["quantity"][change] = random.integers(0, 40, count)[change]
    for name, share in (("price", 0.5), ("stop_price", 0.2)):
        left = change & (random.random(count) > share)
        records[name][left] = NO_PRICE
    records["trail"][change & (random.random(count) < 0.9)] = 0
    same = change & (random.random(count) < 0.4)
    records["quantity"][same] = 0


def _sessions(random, records):
    """Sessions change seldom; most of the time an instrument is open."""
    chosen = records["action"] == Action.SET_SESSION
    count = int(chosen.sum())
    states = [int(each) for each in SessionState if each != SessionState.UNKNOWN]
    value = np.where(
        random.random(count) < 0.5, SessionState.OPEN, random.choice(states, count)
    )
    records["value"][chosen] = value


class Walk:
    """The engine and the plain rules, on the same way."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.driver = Driver(
            TABLES,
            PROTECTION,
            orders=ORDERS,
            outputs=4000,
            accounts=ACCOUNTS,
            always=ALWAYS,
        )
        self.plain = PlainMatching(TABLES, PROTECTION, max_orders=ORDERS, always=ALWAYS)
        self.done = 0
        self.seen: Counter[tuple[int, int]] = Counter()

    def chunk(self) -> None:
        """Act on the next commands; AssertionError where the two part."""
        drift = self.done // CHUNK % 7 - 3
        records = commands(self.random, CHUNK, drift, 1 + self.done)
        self.both(records, [Cmd(*row) for row in tuples(records, FIELDS_OF_CMD)])
        self.driver.check()
        self.compare_books()

    def both(self, records: Any, rows: list[Cmd]) -> None:
        """Give the same commands to both, and compare what they tell."""
        done = 0
        for upto in self.driver.batch(records):
            for row in rows[done:upto]:
                self.plain.act(row)
            self.done += upto - done
            done = upto
            told = self.plain.reports
            assert self.driver.reports == told
            assert self.driver.market == [tuple(row) for row in self.plain.market]
            self.seen.update((row[4], row[6]) for row in told)
            self.plain.reports.clear()
            self.plain.market.clear()

    def compare_books(self) -> None:
        """Compare levels, counts and positions."""
        for instrument in range(len(TABLES)):
            for side in (BUY, SELL):
                own = self.driver.levels(instrument, side)
                assert own == self.plain.levels(instrument, side)
        assert self.driver.state["volume"] == self.plain.volume
        assert self.driver.state["executions"] == self.plain.executions
        for owner, quantity in self.plain.position.items():
            assert self.driver.position(*owner) == quantity


def _part(seed: int, begin: int) -> str:
    """Walk again up to a chunk, then step by step; say where the two part, and how."""
    walk = Walk(seed)
    while walk.done < begin:
        walk.chunk()
    drift = walk.done // CHUNK % 7 - 3
    records = commands(walk.random, CHUNK, drift, 1 + walk.done)
    for at, row in enumerate(tuples(records, FIELDS_OF_CMD)):
        command = Cmd(*row)
        try:
            walk.both(records[at : at + 1], [command])
            walk.driver.check()
            walk.compare_books()
        except AssertionError as error:
            return (
                f"command {walk.done}: {command}\n"
                f"engine {walk.driver.reports}\n"
                f"plain  {walk.plain.reports}\n"
                f"engine {walk.driver.market}\n"
                f"plain  {walk.plain.market}\n{str(error)[:400]}"
            )
    return f"the two part after {begin} commands, and not step by step"


def main() -> int:
    """Walk as far as asked; 1 if the two part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args()
    walk, begun = Walk(parsed.seed), time.perf_counter()
    while walk.done < parsed.count:
        begin = walk.done
        try:
            walk.chunk()
        except AssertionError:
            print(_part(parsed.seed, begin))  # noqa: T201
            return 1
        if walk.done % 100_000 == 0:
            pace = walk.done / (time.perf_counter() - begun)
            print(f"{walk.done} commands, {pace:.0f} /s", flush=True)  # noqa: T201
    print(f"{walk.done} commands, the same")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
