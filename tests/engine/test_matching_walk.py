"""A long seeded walk: batches in one compiled call, against the plain rules.

Usually some thousand commands; two million with HYPOTHESIS_PROFILE=long, or as many as
RINGSIDE_WALK says, from the seed RINGSIDE_SEED.
"""

import os

import pytest

from app.engine.arena import Section
from app.engine.records import Reason, ReportType
from tests.engine.matching_walk import CHUNK, ORDERS, Walk

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
COMMANDS = int(os.environ.get("RINGSIDE_WALK", "2000000" if LONG else "40000"))
SEED = int(os.environ.get("RINGSIDE_SEED", "2024"))


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600)
def test_a_long_walk_gives_what_the_plain_rules_give():
    walk = Walk(SEED)

    while walk.done < COMMANDS:
        walk.chunk()

    seen = walk.seen
    assert {reason for _, reason in seen} >= {
        *(Reason.DUPLICATE_ORDER_ID, Reason.UNKNOWN_ORDER, Reason.POOL_FULL),
        *(Reason.NO_OPPOSITE_SIDE, Reason.POST_ONLY_WOULD_CROSS),
        *(Reason.FOK_NOT_FILLABLE, Reason.IOC_REMAINDER, Reason.SELF_MATCH),
        *(Reason.STOP_THROUGH_MARKET, Reason.NOT_REDUCING, Reason.HALTED),
        *(Reason.EXPIRED, Reason.GROUP, Reason.TRAILED, Reason.AUCTION_MISSED),
    }
    assert seen[ReportType.FILL, Reason.NONE] > COMMANDS // 20
    assert seen[ReportType.REPLACED, Reason.NONE] > COMMANDS // 40
    assert seen[ReportType.TRIGGERED, Reason.NONE] > COMMANDS // 400
    assert seen[ReportType.REPLACED, Reason.GROUP] > COMMANDS // 4000
    assert seen[ReportType.REPLACED, Reason.NOT_REDUCING] > COMMANDS // 4000
    assert walk.driver.arena.used(Section.MATCH_ORDERS) == ORDERS + 1
    assert walk.done % CHUNK == 0
