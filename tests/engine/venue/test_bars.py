"""Our orders against bars (SEMANTICS 38, 39 and their readings), by rule."""

from typing import Any

import pytest

from app.engine.arena import Section
from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
)
from tests.engine.venue.bench import POST_ONLY, REDUCE_ONLY, Bench

FORCE = TimeInForce


def bars(**models: Any) -> Bench:
    """A venue that fills from bars; the bar of time 0 is behind us."""
    venue = Bench(fills="bars", **models)
    venue.bar(1, "100 100 100 100")
    return venue


def sent(
    venue: Bench, side: str, quantity: int, price: int = NO_PRICE, **more: Any
) -> int:
    """Send an order at the close of the first bar."""
    return venue.rest(1, side, quantity, price, **more)


# Rule 38: where an order fills.


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_rule_38_a_market_order_fills_at_the_next_open(side: str) -> None:
    venue = bars()
    index = sent(venue, side, 5)

    venue.bar(60, "104 106 103 105")

    assert venue.fills() == [(index, 104, 5)]
    assert venue.reports["ts_venue"].tolist()[-1] == 60


def test_rule_38_an_order_decided_at_a_close_does_not_meet_that_bar() -> None:
    venue = Bench(fills="bars")
    venue.submit(10, "buy", 5)

    venue.bar(10, "104 106 103 105")

    assert venue.fills() == []


@pytest.mark.parametrize(
    ("side", "limit", "bar", "price"),
    [
        ("buy", 98, "100 101 98 99", None),  # touched is not through
        ("buy", 98, "100 101 97 99", 98),
        ("buy", 98, "95 101 94 99", 95),
        ("sell", 102, "100 102 99 101", None),
        ("sell", 102, "100 103 99 101", 102),
        ("sell", 102, "104 105 99 101", 104),
    ],
)
def test_rule_38_a_limit_fills_where_the_bar_went_through_it(
    side: str, limit: int, bar: str, price: int | None
) -> None:
    venue = bars()
    index = sent(venue, side, 5, limit)

    venue.bar(60, bar)

    assert venue.fills() == ([] if price is None else [(index, price, 5)])


def test_rule_38_choice_touch() -> None:
    venue = bars(limit_rule="touch")
    index = sent(venue, "buy", 5, 98)

    venue.bar(60, "100 101 98 99")

    assert venue.fills() == [(index, 98, 5)]
    assert venue.reports["liquidity"].tolist()[-1] == 1


def test_rule_38_what_opens_beyond_the_limit_takes_the_open() -> None:
    venue = bars()
    sent(venue, "buy", 5, 98)

    venue.bar(60, "95 101 94 99")

    assert venue.reports["liquidity"].tolist()[-1] == -1


def test_rule_38_a_cancel_and_a_replace_hold_from_the_next_bar() -> None:
    venue = bars()
    first, second = sent(venue, "buy", 5), sent(venue, "buy", 5, 90)

    venue.cancel(2, first)
    venue.replace(2, second, price=99)
    venue.bar(60, "100 101 98 99")

    assert venue.fills() == [(second, 99, 5)]
    assert venue.last(first) == (ReportType.CANCELLED, Reason.USER)


def test_rule_38_a_bar_that_lasts_is_not_met_by_what_is_decided_within_it() -> None:
    venue = bars(bar_interval_ns=59)
    early = venue.submit(1, "buy", 1)
    late = venue.submit(2, "buy", 2)
    limit = venue.rest(1, "buy", 3, 50)
    venue.replace(30, limit, price=103)

    venue.bar(60, "104 106 102 105")
    assert venue.fills() == [(early, 104, 1)]

    venue.bar(119, "100 106 99 105")
    assert venue.fills()[1:] == [(late, 100, 2), (limit, 100, 3)]


def test_rule_38_a_latency_does_not_make_an_order_miss_its_bar() -> None:
    venue = bars(bar_interval_ns=59, order_latency_ns=10)
    index = venue.submit(1, "buy", 1)

    venue.bar(60, "104 106 103 105")

    assert venue.fills() == [(index, 104, 1)]


def test_rule_26_nothing_meets_a_bar_in_a_halt() -> None:
    venue = bars()
    index = sent(venue, "buy", 5)
    venue.enter(2, SessionState.HALTED)

    venue.bar(60, "104 106 103 105")
    assert venue.fills() == []

    venue.enter(61, SessionState.OPEN)
    venue.bar(120, "105 106 103 105")
    assert venue.fills() == [(index, 105, 5)]


# Rule 39: how much.


def test_rule_39_at_most_a_tenth_rounded_down_the_rest_waits() -> None:
    venue = bars()
    index = sent(venue, "buy", 25)

    venue.bar(60, "104 106 103 105", volume=100)
    venue.bar(120, "105 106 103 105", volume=109)
    venue.bar(180, "107 108 106 107")

    assert venue.fills() == [(index, 104, 10), (index, 105, 10), (index, 107, 5)]


def test_rule_39_market_orders_then_limits_by_price_and_time() -> None:
    venue = bars()
    low = sent(venue, "buy", 5, 103)
    high = sent(venue, "buy", 5, 104)
    later = sent(venue, "buy", 5, 104)
    market = sent(venue, "buy", 4)

    venue.bar(60, "102 106 100 105", volume=110)

    assert venue.fills() == [(market, 102, 4), (high, 102, 5), (later, 102, 2)]
    assert venue.order(low)["leaves"] == 5


def test_rule_39_without_a_bound_all_is_filled() -> None:
    venue = bars(participation=None)
    index = sent(venue, "buy", 500)

    venue.bar(60, "104 106 103 105", volume=0)

    assert venue.fills() == [(index, 104, 500)]


def test_rule_39_a_bar_without_volume_fills_nothing() -> None:
    venue = bars()
    index = sent(venue, "buy", 5)

    venue.bar(60, "104 106 103 105", volume=9)

    assert venue.fills() == []
    assert venue.order(index)["met_ts"] == 60


# What is judged at arrival elsewhere is judged at the first open.


def test_rule_18_ioc_takes_the_open_and_its_rest_ends() -> None:
    venue = bars()
    index = sent(venue, "buy", 25, tif=FORCE.IOC)
    limit = sent(venue, "buy", 5, 103, tif=FORCE.IOC)

    venue.bar(60, "104 106 99 105", volume=100)

    assert venue.fills() == [(index, 104, 10)]
    assert venue.last(index) == (ReportType.CANCELLED, Reason.IOC_REMAINDER)
    assert venue.last(limit) == (ReportType.CANCELLED, Reason.IOC_REMAINDER)


def test_rule_18_fok_fills_whole_at_the_open_or_not_at_all() -> None:
    venue = bars()
    much = sent(venue, "buy", 11, 104, tif=FORCE.FOK)
    little = sent(venue, "buy", 10, 104, tif=FORCE.FOK)

    venue.bar(60, "104 106 99 105", volume=100)

    assert venue.fills() == [(little, 104, 10)]
    assert venue.last(much) == (ReportType.CANCELLED, Reason.FOK_NOT_FILLABLE)


def test_rule_19_post_only_is_judged_by_the_first_open() -> None:
    venue = bars()
    crossing = sent(venue, "buy", 5, 104, options=POST_ONLY)
    resting = sent(venue, "buy", 5, 103, options=POST_ONLY)

    venue.bar(60, "104 106 103 105")
    assert venue.fills() == []
    assert venue.last(crossing) == (
        ReportType.REJECTED,
        Reason.POST_ONLY_WOULD_CROSS,
    )

    venue.bar(120, "102 106 101 105")
    assert venue.fills() == [(resting, 102, 5)]


# Rule 25: auctions.


def test_rule_25_at_the_open_and_at_the_close() -> None:
    venue = bars()
    opening = sent(venue, "buy", 5, tif=FORCE.AT_THE_OPEN)
    closing = sent(venue, "sell", 5, tif=FORCE.AT_THE_CLOSE)

    venue.bar(60, "104 106 103 105")

    assert venue.fills() == [(opening, 104, 5), (closing, 105, 5)]


def test_rule_25_a_limit_that_the_auction_does_not_reach_ends() -> None:
    venue = bars()
    missed = sent(venue, "buy", 5, 103, tif=FORCE.AT_THE_OPEN)
    met = sent(venue, "buy", 5, 104, tif=FORCE.AT_THE_OPEN)
    closing = sent(venue, "sell", 5, 106, tif=FORCE.AT_THE_CLOSE)

    venue.bar(60, "104 107 102 105")

    assert venue.fills() == [(met, 104, 5)]
    for index in (missed, closing):
        assert venue.last(index) == (ReportType.CANCELLED, Reason.AUCTION_MISSED)


# The rest.


def test_rule_20_reduce_only_is_capped_at_the_match() -> None:
    venue = bars()
    positions = venue.arena.records(Section.POSITIONS)
    positions[32]["quantity"] = 5
    first = sent(venue, "sell", 4, options=REDUCE_ONLY)
    second = sent(venue, "sell", 4, 101, options=REDUCE_ONLY)
    positions[32]["quantity"] = 5

    venue.bar(60, "104 106 103 105")

    assert [fill for fill in venue.fills() if fill[0] == first] == [(first, 104, 4)]
    assert sum(quantity for _, _, quantity in venue.fills()) <= 8
    assert venue.order(second)["leaves"] <= 4


def test_rule_44_a_bar_s_close_is_the_last_price() -> None:
    venue = bars()

    venue.bar(60, "104 106 103 105")

    state = venue.book_state
    assert (state["last_price"], state["high"], state["low"]) == (105, 106, 100)
    assert (state["stale"], state["volume"]) == (0, 2000)


def test_a_bar_that_cannot_be_true_fills_nothing_and_is_told() -> None:
    venue = bars()
    index = sent(venue, "buy", 5)

    venue.bar(60, "104 103 102 103")
    assert venue.fills() == []
    assert venue.book_state["stale"] != 0

    venue.bar(120, "104 106 103 105")
    assert venue.fills() == [(index, 104, 5)]
    assert venue.book_state["stale"] == 0


def test_rule_41_ours_trade_with_the_bar_and_not_with_each_other() -> None:
    venue = bars()
    buyer, seller = sent(venue, "buy", 5, 104), sent(venue, "sell", 5, 101)

    venue.bar(60, "102 105 100 103")

    assert venue.fills() == [(buyer, 102, 5), (seller, 102, 5)]


# Rules 21-23: stops.


def stop(venue: Bench, side: str, quantity: int, price: int, **more: Any) -> int:
    more = {"kind": OrderType.STOP, "stop_price": price, **more}
    return venue.rest(1, side, quantity, NO_PRICE, **more)


@pytest.mark.parametrize(
    ("side", "price", "bar", "filled"),
    [
        ("buy", 103, "100 102 99 101", None),
        ("buy", 103, "100 103 99 101", 104),  # the stop, and slippage
        ("buy", 103, "105 106 104 106", 106),  # the open, and slippage
        ("sell", 97, "100 101 97 99", 96),
        ("sell", 97, "95 96 94 96", 94),
    ],
)
def test_rule_38_a_stop_fills_no_better_than_its_price(
    side: str, price: int, bar: str, filled: int | None
) -> None:
    venue = bars(slippage=1)
    index = stop(venue, side, 5, price)

    venue.bar(60, bar)

    assert venue.fills() == ([] if filled is None else [(index, filled, 5)])


def test_rule_22_a_stop_through_the_last_close_is_rejected() -> None:
    venue = bars()

    index = stop(venue, "buy", 5, 100)

    assert venue.last(index) == (ReportType.REJECTED, Reason.STOP_THROUGH_MARKET)


def test_rule_22_what_a_stop_leaves_is_a_market_order() -> None:
    venue = bars()
    index = stop(venue, "sell", 15, 97)

    venue.bar(60, "100 101 96 99", volume=100)
    venue.bar(120, "99 101 98 100", volume=100)

    assert venue.fills() == [(index, 97, 10), (index, 99, 5)]
    assert ReportType.TRIGGERED in [each.report for each in venue.told()]


def test_rule_39_stops_go_before_market_orders_and_limits() -> None:
    venue = bars()
    limit, market = sent(venue, "buy", 5, 104), sent(venue, "buy", 4)
    late = stop(venue, "buy", 3, 105)
    near = stop(venue, "buy", 3, 101)

    venue.bar(60, "102 106 100 105", volume=110)

    assert venue.fills() == [
        (near, 102, 3),
        (late, 105, 3),
        (market, 102, 4),
        (limit, 102, 1),
    ]


def test_a_stop_limit_that_the_open_reached_works_from_then_on() -> None:
    venue = bars()
    kind = OrderType.STOP_LIMIT
    index = sent(venue, "buy", 5, 104, kind=kind, stop_price=103)

    venue.bar(60, "106 107 103 105")

    assert venue.fills() == [(index, 104, 5)]


def test_a_stop_limit_reached_later_takes_its_stop_if_its_limit_allows() -> None:
    venue = bars(slippage=3)
    kind = OrderType.STOP_LIMIT
    takes = sent(venue, "buy", 5, 104, kind=kind, stop_price=103)
    rests = sent(venue, "buy", 5, 102, kind=kind, stop_price=103)

    venue.bar(60, "100 104 99 101")
    assert venue.fills() == [(takes, 104, 5)]

    venue.bar(120, "103 104 101 101")
    assert venue.fills()[1:] == [(rests, 102, 5)]


def test_rule_23_in_a_bar_the_old_stop_is_tested_first() -> None:
    venue = bars()
    kind = OrderType.TRAILING_STOP
    index = sent(venue, "sell", 3, kind=kind, trail=5)

    venue.bar(60, "100 110 96 104")
    assert venue.fills() == []
    assert venue.order(index)["stop_price"] == 105

    venue.bar(120, "104 104 103 103")
    assert venue.fills() == [(index, 104, 3)]


def test_rule_23_a_bought_stop_follows_the_low() -> None:
    venue = bars()
    index = sent(venue, "buy", 3, kind=OrderType.TRAILING_STOP, trail=5)

    venue.bar(60, "100 104 90 92")
    venue.bar(120, "92 94 91 93")
    venue.bar(180, "93 96 92 96")

    assert venue.fills() == [(index, 95, 3)]


# Rules 28, 29, 39: groups.

ROLE = GroupRole
EXIT = {"role": ROLE.OCO_EXIT, "group": 1, "options": REDUCE_ONLY}


def held(quantity: int, **models: Any) -> Bench:
    venue = bars(**models)
    venue.arena.records(Section.POSITIONS)[32]["quantity"] = quantity
    return venue


def test_rule_39_in_one_bar_the_stop_goes_before_the_target() -> None:
    venue = held(5)
    target = sent(venue, "sell", 5, 110, **EXIT)
    loss = stop(venue, "sell", 5, 95, **EXIT)

    venue.bar(60, "100 112 94 100")

    assert venue.fills() == [(loss, 95, 5)]
    assert venue.last(target) == (ReportType.CANCELLED, Reason.GROUP)


@pytest.mark.parametrize("opened", [110, 111])
def test_rule_39_unless_the_bar_opens_at_or_beyond_the_target(opened: int) -> None:
    venue = held(5)
    target = sent(venue, "sell", 5, 110, **EXIT)
    loss = stop(venue, "sell", 5, 95, **EXIT)

    venue.bar(60, f"{opened} 112 94 100")

    assert venue.fills() == [(target, opened, 5)]
    assert venue.last(loss) == (ReportType.CANCELLED, Reason.GROUP)


def test_rule_29_what_the_stop_took_the_target_loses() -> None:
    venue = held(25)
    target = sent(venue, "sell", 25, 110, **EXIT)
    loss = stop(venue, "sell", 25, 95, **EXIT)

    venue.bar(60, "100 101 94 100", volume=100)

    assert venue.fills() == [(loss, 95, 10)]
    assert venue.order(target)["leaves"] == venue.order(loss)["leaves"] == 15


def test_rule_29_the_first_of_two_entries_cancels_the_other() -> None:
    venue = bars()
    entry = {"role": ROLE.OCO_ENTRY, "group": 1}
    up = stop(venue, "buy", 5, 105, **entry)
    down = stop(venue, "sell", 5, 95, **entry)

    venue.bar(60, "100 106 94 100")

    assert venue.fills() == [(up, 105, 5)]
    assert venue.last(down) == (ReportType.CANCELLED, Reason.GROUP)


def bracket(venue: Bench, entry: dict[str, Any], target: int, loss: int) -> list[int]:
    """Target and stop are sent first, for a buyer."""
    exits = {"group": 1, "options": REDUCE_ONLY}
    first = sent(venue, "sell", 5, target, role=ROLE.BRACKET_TARGET, **exits)
    second = stop(venue, "sell", 5, loss, role=ROLE.BRACKET_STOP, **exits)
    third = sent(venue, "buy", 5, role=ROLE.BRACKET_ENTRY, group=1, **entry)
    return [third, first, second]


def test_rule_39_an_entry_s_target_does_not_fill_in_its_own_bar() -> None:
    venue = bars()
    entry, target, _ = bracket(venue, {"price": 99}, 110, 95)

    venue.bar(60, "100 111 98 100")
    assert venue.fills() == [(entry, 99, 5)]

    venue.arena.records(Section.POSITIONS)[32]["quantity"] = 5  # the gate booked it
    venue.bar(120, "100 111 99 100")
    assert venue.fills()[1:] == [(target, 110, 5)]


@pytest.mark.parametrize(
    ("terms", "bar", "filled", "closed"),
    [
        ({"price": 99}, "100 111 94 100", 99, 95),
        ({"price": 99}, "94 96 93 95", 94, 94),  # entered below the stop
        ({}, "100 101 94 100", 100, 95),
        ({"kind": OrderType.STOP, "stop_price": 105}, "100 106 94 100", 105, 95),
    ],
)
def test_rule_39_an_entry_s_stop_may_fill_in_its_own_bar(
    terms: dict[str, Any], bar: str, filled: int, closed: int
) -> None:
    venue = bars()
    entry, target, loss = bracket(venue, terms, 110, 95)

    venue.bar(60, bar)

    assert venue.fills() == [(entry, filled, 5), (loss, closed, 5)]
    assert venue.order(target)["leaves"] == 0


# Rules 24, 25: hours and auctions by a calendar.


def test_rule_24_extended_hours_are_met_only_by_who_works_there() -> None:
    venue = bars()
    venue.arena.records(Section.INSTRUMENTS)[0]["always"] = 0  # as of a stock
    outside = int(OrderOption.OUTSIDE_HOURS)
    regular, always = sent(venue, "buy", 1), sent(venue, "buy", 2, options=outside)
    venue.enter(2, SessionState.EXTENDED)

    venue.bar(60, "100 101 99 100")
    assert venue.fills() == [(always, 100, 2)]

    venue.enter(61, SessionState.OPEN)
    venue.bar(120, "101 101 99 100")
    assert venue.fills()[1:] == [(regular, 101, 1)]


def test_rule_25_an_order_at_the_close_waits_for_the_bar_that_ends_with_it() -> None:
    venue = bars()
    venue.arena.records(Section.INSTRUMENTS)[0]["regular_close"] = 180
    index = sent(venue, "buy", 5, tif=FORCE.AT_THE_CLOSE)
    limit = sent(venue, "buy", 5, 90, tif=FORCE.AT_THE_CLOSE)

    venue.bar(60, "100 101 80 102")
    venue.bar(180, "102 103 101 103")

    assert venue.fills() == [(index, 103, 5)]
    assert venue.last(limit) == (ReportType.CANCELLED, Reason.AUCTION_MISSED)


def test_rule_25_an_order_at_the_open_waits_for_the_next_open() -> None:
    venue = bars()
    record = venue.arena.records(Section.INSTRUMENTS)[0]
    record["at_open_until"] = 0
    venue.enter(2, SessionState.EXTENDED)
    index = venue.rest(3, "buy", 5, tif=FORCE.AT_THE_OPEN, price=NO_PRICE)

    venue.bar(60, "100 101 99 100")
    venue.enter(61, SessionState.OPEN)
    venue.bar(120, "102 103 101 103")

    assert venue.fills() == [(index, 102, 5)]
