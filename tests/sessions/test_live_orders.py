"""Orders and groups of strategies in a paper session, at the built-in exchange."""

from typing import Any

import pytest

from app.engine.records import OrderStatus, Reason
from app.sessions.live_strategies import LiveStrategy
from tests.sessions.test_live_strategies import Desk, desk  # noqa: F401  (a fixture)
from tests.waiting import eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]

TERMS = """
    def __init__(self):
        self.sent = False

    def on_trade(self, ctx, trade):
        if self.sent:
            return
        self.sent = True
        i = trade.instrument
        bid, ask = ctx.bid(i), ctx.ask(i)
        soon = ctx.now + 300_000_000
        ctx.oco(
            ctx.limit(i, 100.0, ask + 0.05, tif=IOC),
            ctx.limit(i, 100.0, bid - 5.0),
            ctx.stop_bracket(i, -100.0, bid - 5.0, bid - 9.0, ask + 9.0),
        )
        ctx.limit(i, 50.0, ask + 0.02, post_only=True)
        ctx.limit(i, 5000.0, ask, tif=FOK)
        ctx.limit(i, 50.0, bid - 5.0, until=soon)
        ctx.limit_bracket(i, 50.0, bid - 5.0, ask, bid - 9.0, until=soon)
        ctx.limit_bracket(i, 50.0, ask + 0.5, ask + 1.0, bid - 1.0, post_only=True)
"""
BRACKETS = """
    def __init__(self):
        self.sent = False

    def on_trade(self, ctx, trade):
        if self.sent:
            return
        self.sent = True
        i = trade.instrument
        bid, ask = ctx.bid(i), ctx.ask(i)
        ctx.oco(
            ctx.stop_bracket(i, 100.0, ask + 0.01, ask + 9.0, bid - 9.0),
            ctx.stop_bracket(i, -100.0, bid - 0.01, bid - 9.0, ask + 9.0),
        )
"""


def told(desk: Desk, live: LiveStrategy) -> list[tuple[OrderStatus, Reason, int]]:  # noqa: F811
    """Newest status and reason of each order, as they were sent, and what it filled."""
    found: dict[int, Any] = {}
    for each in desk.all_reports(live.number):
        if each["client_order_id"]:
            found[int(each["client_order_id"])] = each
    return [
        (OrderStatus(row["status"]), Reason(row["reason"]), int(row["filled"]))
        for _, row in sorted(found.items())
    ]


def test_terms_and_groups_of_a_strategy_are_the_exchanges(desk: Desk) -> None:  # noqa: F811
    live = desk.run(desk.own(TERMS))
    ended = (OrderStatus.EXPIRED, Reason.EXPIRED, 0)
    eventually(lambda: told(desk, live)[7:11].count(ended) == 2)

    rows = told(desk, live)
    # The first of the OCO is filled at once, so that the others come late.
    assert rows[0][2] > 0
    late = (OrderStatus.CANCELLED, Reason.GROUP, 0)
    assert rows[1:5] == [late] * 4
    crossing = (OrderStatus.REJECTED, Reason.POST_ONLY_WOULD_CROSS, 0)
    assert rows[5:7] == [crossing, (OrderStatus.REJECTED, Reason.FOK_NOT_FILLABLE, 0)]
    # A plain order and a bracket's entry end at their time, with its exits.
    assert rows[7] == ended
    assert rows[8:11] == [late, late, ended]
    assert rows[11:14] == [late, late, crossing]


def test_rule_29_of_two_resting_brackets_the_first_filled_cancels_the_other(
    desk: Desk,  # noqa: F811
) -> None:
    live = desk.run(desk.own(BRACKETS))
    eventually(lambda: sum(row[2] for row in told(desk, live)) == 100)

    rows = told(desk, live)
    up, down = rows[:3], rows[3:]
    filled, other = (up, down) if up[2][2] else (down, up)
    assert [row[:2] for row in other] == [(OrderStatus.CANCELLED, Reason.GROUP)] * 3
    assert filled[2][0] is OrderStatus.FILLED
    assert filled[0][0] is OrderStatus.NEW
    assert filled[1][0] is OrderStatus.INACTIVE
