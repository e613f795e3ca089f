"""A long seeded walk: batches in one compiled call, against the plain rules.

Usually some thousand commands; two million with HYPOTHESIS_PROFILE=long.
"""

import os
from collections import Counter

import numpy as np
import pytest

from app.engine.arena import Section
from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    SELL,
    Action,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)
from tests.engine.matching_driver import (
    LOWEST,
    TICK_ONE,
    Cmd,
    Driver,
    tuples,
)
from tests.engine.reference_auction import PlainMatching

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
CHUNKS = 1000 if LONG else 4
CHUNK = 2000
TABLES = (TICK_ONE, ((LOWEST, 1), (1000, 5)), ((LOWEST, 100),))
PROTECTION = (5, -1, 0)
CENTRES = (0, 1000, -50_000)
STEPS = (1, 5, 100)
FIELDS_OF_CMD = (
    *("action", "client_order_id", "account", "instrument", "side", "order_type"),
    *("quantity", "price", "time_in_force", "options", "protection_ticks"),
    "display_quantity",
)
"""Fields of COMMAND in the order of `Cmd`."""


def walk(random, count, drift):
    """Commands round a centre: about half of them new, the others changes."""
    records = np.zeros(count, COMMAND)
    number = random.integers(0, 3, count)
    action = random.choice(
        [Action.NEW, Action.CANCEL, Action.REPLACE], count, p=[0.6, 0.15, 0.25]
    )
    is_new = action == Action.NEW
    side = random.integers(0, 2, count) * 2 - 1
    away = np.rint(random.normal(4, 6, count)).astype(np.int64)
    centre, step = np.array(CENTRES)[number], np.array(STEPS)[number]
    records["action"] = action
    records["client_order_id"] = random.integers(1, 40, count)
    records["account"] = random.integers(0, 6, count)
    records["instrument"] = number
    records["side"] = side
    records["order_type"] = np.where(
        is_new,
        random.choice([OrderType.LIMIT, OrderType.MARKET], count, p=[0.85, 0.15]),
        random.choice([0, OrderType.LIMIT, OrderType.MARKET], count, p=[0.7, 0.2, 0.1]),
    )
    records["quantity"] = np.where(
        is_new, random.geometric(0.05, count), random.integers(0, 40, count)
    )
    priced = is_new | (random.random(count) < 0.6)
    price = centre + (drift - side * away) * step
    records["price"] = np.where(priced, price, NO_PRICE)
    records["time_in_force"] = random.choice(
        [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK], count, p=[0.8, 0.12, 0.08]
    )
    post_only = (random.random(count) < 0.1) & (records["order_type"] == 2)
    records["options"] = np.where(post_only, int(OrderOption.POST_ONLY), 0)
    records["time_in_force"][post_only] = TimeInForce.GTC
    records["protection_ticks"] = random.integers(-1, 8, count)
    return records


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_long_walk_gives_what_the_plain_rules_give():
    random = np.random.default_rng(2024)
    driver = Driver(TABLES, PROTECTION, orders=60, outputs=400)
    plain = PlainMatching(TABLES, PROTECTION, max_orders=60)
    seen: Counter[tuple[int, int]] = Counter()

    for number in range(CHUNKS):
        records = walk(random, CHUNK, drift=number % 7 - 3)
        rows = [Cmd(*row) for row in tuples(records, FIELDS_OF_CMD)]
        done = 0
        for upto in driver.batch(records):
            for row in rows[done:upto]:
                plain.act(row)
            done = upto
            assert driver.reports == plain.reports
            assert driver.market == [tuple(row) for row in plain.market]
            seen.update((row[4], row[6]) for row in plain.reports)
            plain.reports.clear()
            plain.market.clear()
        driver.check()
        for instrument in range(3):
            for side in (BUY, SELL):
                own = driver.levels(instrument, side)
                assert own == plain.levels(instrument, side)
        assert driver.state["volume"] == plain.volume

    every = {reason for _, reason in seen}
    assert every >= {
        Reason.DUPLICATE_ORDER_ID,
        Reason.UNKNOWN_ORDER,
        Reason.POOL_FULL,
        Reason.NO_OPPOSITE_SIDE,
        Reason.POST_ONLY_WOULD_CROSS,
        Reason.FOK_NOT_FILLABLE,
        Reason.IOC_REMAINDER,
        Reason.SELF_MATCH,
    }
    assert seen[ReportType.FILL, Reason.NONE] > CHUNKS * 100
    assert seen[ReportType.REPLACED, Reason.NONE] > CHUNKS * 50
    assert driver.arena.used(Section.MATCH_ORDERS) == 61
