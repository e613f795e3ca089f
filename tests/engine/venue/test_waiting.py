"""Stops, trailing stops, icebergs, times and groups (SEMANTICS 16, 20-29)."""

from typing import Any

import pytest

from app.engine.arena import LIVE, Section
from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
    TradeCondition,
    Trigger,
)
from app.engine.state import MAX_STRATEGIES
from tests.engine.venue.bench import OUTSIDE_HOURS, POST_ONLY, REDUCE_ONLY, Bench

T, R, S, TIF, G = ReportType, Reason, OrderStatus, TimeInForce, GroupRole


@pytest.fixture
def venue() -> Bench:
    bench = Bench()
    bench.book(1, bids="99x9", asks="101x9")
    bench.trade(1, 100, 1, "buy")
    return bench


@pytest.fixture
def stock(venue: Bench) -> Bench:
    """The same, of a kind whose orders do not work outside regular hours."""
    venue.arena.records(Section.INSTRUMENTS)["always"] = 0
    return venue


def conditions(venue: Bench) -> int:
    """How many conditions are in use: none may be left behind."""
    return int(venue.arena.header[16 + 8 * Section.CONDITIONS + LIVE])


# Rule 21: what triggers.


def test_rule_21_a_trade_at_or_through_the_stop_triggers_it(venue: Bench) -> None:
    buy = venue.stop(2, "buy", 3, 103)
    sell = venue.stop(2, "sell", 2, 97)
    assert venue.status(buy) == S.INACTIVE

    venue.trade(3, 102, 1, "buy")
    assert venue.fills() == []
    venue.trade(4, 103, 1, "buy")
    venue.trade(5, 90, 1, "sell")

    assert venue.fills() == [(buy, 101, 3), (sell, 99, 2)]
    kinds = [each.report for each in venue.told() if each.order == buy]
    assert kinds == [T.NEW, T.TRIGGERED, T.FILL]
    assert conditions(venue) == 0


def test_rule_21_each_trigger_sees_its_own_price(venue: Bench) -> None:
    touch = venue.stop(2, "buy", 1, 103, trigger=Trigger.TOUCH)
    mid = venue.stop(2, "buy", 1, 103, trigger=Trigger.MID)
    venue.trade(3, 110, 1, "buy")
    assert venue.fills() == []

    venue.level(4, "ask", 101, 0)
    venue.level(5, "ask", 104, 9)
    assert venue.fills() == [(touch, 104, 1)]
    venue.level(6, "bid", 102, 9)

    assert venue.fills()[1:] == [(mid, 104, 1)]


def test_rule_21_a_stop_that_comes_later_sees_every_new_price(venue: Bench) -> None:
    first = venue.stop(2, "buy", 1, 105)
    venue.trade(3, 105, 1, "buy")
    venue.trade(4, 100, 1, "sell")
    second = venue.stop(5, "buy", 1, 105)

    venue.trade(6, 105, 1, "buy")

    assert [order for order, _, _ in venue.fills()] == [first, second]


def test_rule_37_prints_that_set_no_last_price_do_not_trigger() -> None:
    venue = Bench(consolidated=True)
    venue.book(1, bids="99x9", asks="101x9")
    venue.trade(1, 100, 1, "buy")
    plain = venue.stop(2, "sell", 1, 97)
    outside = venue.stop(2, "sell", 1, 97, options=OUTSIDE_HOURS)

    for condition in (TradeCondition.LATE, TradeCondition.ODD_LOT):
        venue.trade(3, 95, 1, "sell", int(condition))
    assert venue.fills() == []
    venue.trade(4, 95, 1, "sell", int(TradeCondition.EXTENDED_HOURS))

    assert venue.fills() == [(outside, 99, 1)]
    assert venue.status(plain) == S.INACTIVE


def test_rule_26_nothing_triggers_in_a_halt_what_comes_after_does(venue: Bench) -> None:
    index = venue.stop(2, "sell", 1, 97)
    venue.enter(3, SessionState.HALTED)
    venue.trade(4, 95, 1, "sell")
    venue.enter(5, SessionState.OPEN)
    assert venue.status(index) == S.INACTIVE

    venue.trade(6, 95, 1, "sell")

    assert venue.fills() == [(index, 99, 1)]


def test_rule_40_nothing_triggers_while_the_book_is_stale(venue: Bench) -> None:
    touch = venue.stop(2, "buy", 1, 103, trigger=Trigger.TOUCH)
    last = venue.stop(2, "buy", 1, 103)
    venue.gap(3)
    venue.trade(4, 104, 1, "buy")
    assert venue.status(last) == S.INACTIVE

    venue.book(5, bids="102x9", asks="104x9")

    assert venue.fills() == [(touch, 104, 1)]


# Rule 22: where it fills.


def test_rule_22_it_is_protected_from_its_stop_and_the_rest_waits(venue: Bench) -> None:
    index = venue.stop(2, "buy", 9, 103, protection_ticks=2)
    venue.level(3, "ask", 101, 0)
    for price, size in ((104, 2), (105, 3), (106, 9)):
        venue.level(3, "ask", price, size)
    venue.trade(5, 103, 1, "buy")

    assert venue.fills() == [(index, 104, 2), (index, 105, 3)]
    assert venue.order(index)["price"] == 105
    assert venue.status(index) == S.PARTIALLY_FILLED


@pytest.mark.parametrize(
    ("side", "stop", "told"),
    [
        ("buy", 100, T.REJECTED),
        ("buy", 99, T.REJECTED),
        ("buy", 101, T.NEW),
        ("sell", 100, T.REJECTED),
        ("sell", 99, T.NEW),
    ],
)
def test_rule_22_a_stop_through_the_market_is_rejected(
    venue: Bench, side: str, stop: int, told: ReportType
) -> None:
    index = venue.stop(2, side, 3, stop)

    assert venue.last(index)[0] == told
    if told == T.REJECTED:
        assert venue.last(index)[1] == R.STOP_THROUGH_MARKET
        assert conditions(venue) == 0


def test_rule_22_a_replace_that_would_put_it_through_is_refused(venue: Bench) -> None:
    index = venue.stop(2, "buy", 3, 105)

    venue.replace(3, index, stop=100)
    venue.clock(3)
    assert venue.last(index) == (T.REPLACE_REJECTED, R.STOP_THROUGH_MARKET)
    venue.replace(4, index, 2, stop=102)
    venue.clock(4)
    assert venue.last(index) == (T.REPLACED, R.NONE)
    assert venue.stop_of(index) == 102
    venue.trade(5, 102, 1, "buy")

    assert venue.fills() == [(index, 101, 2)]


def test_rule_22_a_stop_limit_keeps_its_limit(venue: Bench) -> None:
    index = venue.stop(2, "buy", 9, 103, price=104)
    venue.book(3, bids="99x9", asks="104x2 105x9")
    venue.trade(5, 103, 1, "buy")

    assert venue.fills() == [(index, 104, 2)]
    assert venue.order(index)["price"] == 104
    venue.replace(6, index, stop=110)
    venue.clock(6)
    assert venue.last(index) == (T.REPLACE_REJECTED, R.STOP_THROUGH_MARKET)


def test_rule_36_a_triggered_stop_reaches_beyond_a_depth_that_is_cut_off() -> None:
    venue = Bench(full_depth=False)
    venue.book(1, bids="99x9", asks="101x2")
    venue.trade(1, 100, 1, "buy")
    index = venue.stop(2, "buy", 5, 103)
    venue.trade(3, 103, 1, "buy")

    assert venue.fills() == [(index, 101, 2), (index, 101, 3)]
    assert venue.order(index)["beyond_depth"] == 3


def test_rule_35_a_triggered_stop_shares_the_depth_that_is_left(venue: Bench) -> None:
    venue.submit(2, "buy", 7, 101)
    index = venue.stop(3, "buy", 5, 103, protection_ticks=0)
    venue.trade(4, 103, 1, "buy")

    assert venue.fills()[1:] == [(index, 101, 2)]


# Rule 23: trailing.


def test_rule_23_it_follows_its_own_price_only_in_favour(venue: Bench) -> None:
    index = venue.trail(2, "sell", 3, 5)
    assert venue.stop_of(index) == 95

    venue.trade(3, 104, 1, "buy")
    assert venue.last(index) == (T.REPLACED, R.TRAILED)
    assert venue.stop_of(index) == 99
    venue.trade(5, 102, 1, "sell")
    assert venue.stop_of(index) == 99
    venue.trade(7, 99, 1, "sell")

    assert venue.fills() == [(index, 99, 3)]


def test_rule_23_without_a_price_it_begins_with_the_first() -> None:
    venue = Bench()
    venue.book(1, bids="99x9", asks="101x9")
    index = venue.trail(2, "buy", 1, -25_000)
    assert (venue.status(index), venue.stop_of(index)) == (S.INACTIVE, NO_PRICE)

    venue.trade(3, 150, 1, "buy")
    assert venue.stop_of(index) == 154
    venue.trade(4, 154, 1, "buy")

    assert venue.fills() == [(index, 101, 1)]


def test_rule_23_a_trailing_limit_moves_with_its_stop(venue: Bench) -> None:
    index = venue.trail(2, "sell", 3, 5, price=94)
    venue.trade(3, 104, 1, "buy")
    assert (venue.stop_of(index), venue.order(index)["price"]) == (99, 98)

    venue.level(4, "bid", 99, 0)
    venue.level(4, "bid", 97, 9)
    venue.trade(5, 99, 1, "sell")

    assert venue.fills() == []
    assert venue.status(index) == S.TRIGGERED
    assert venue.order(index)["level"] != 0


def test_rule_23_another_distance_is_followed_from_now(venue: Bench) -> None:
    index = venue.trail(2, "sell", 3, 5)
    venue.replace(3, index, trail=2)
    venue.clock(3)
    assert venue.stop_of(index) == 98

    venue.trade(4, 103, 1, "buy")

    assert venue.stop_of(index) == 101


# Rule 16: icebergs.


def test_rule_16_an_icebergs_refill_joins_the_back() -> None:
    venue = Bench()
    venue.book(1, bids="100x4", asks="103x9")
    index = venue.rest(2, "buy", 6, 100, display_quantity=2)
    venue.level(3, "bid", 100, 7)
    assert venue.ahead(index) == 4

    venue.trade(4, 100, 5, "sell")  # 4 ahead, 1 of the peak
    assert venue.fills() == [(index, 100, 1)]
    venue.level(4, "bid", 100, 2)
    venue.trade(5, 100, 1, "sell")  # the peak is gone: behind the 2 that are shown

    assert venue.fills()[1:] == [(index, 100, 1)]
    assert venue.ahead(index) == 1.0
    assert venue.order(index)["peaks"] == 1


def test_rule_16_one_print_may_meet_several_peaks() -> None:
    venue = Bench()
    venue.book(1, bids="99x9", asks="103x9")
    index = venue.rest(2, "buy", 6, 100, display_quantity=2)

    venue.trade(3, 100, 5, "sell")

    assert venue.fills() == [(index, 100, 2), (index, 100, 2), (index, 100, 1)]
    assert venue.order(index)["leaves"] == 1


def test_rule_16_a_peak_stands_before_what_came_later() -> None:
    venue = Bench()
    venue.book(1, bids="99x9", asks="103x9")
    iceberg = venue.rest(2, "buy", 6, 100, display_quantity=2)
    plain = venue.rest(3, "buy", 3, 100)

    venue.trade(4, 100, 6, "sell")

    fills = [(iceberg, 100, 2), (plain, 100, 3), (iceberg, 100, 1)]
    assert venue.fills() == fills


def test_rule_30_a_trade_through_takes_the_hidden_part_too() -> None:
    venue = Bench()
    venue.book(1, bids="100x4", asks="103x9")
    index = venue.rest(2, "buy", 6, 100, display_quantity=2)

    venue.trade(4, 99, 5, "sell")

    assert venue.fills() == [(index, 100, 5)]


def test_rule_16_a_smaller_iceberg_keeps_its_place() -> None:
    venue = Bench()
    venue.book(1, bids="100x4", asks="103x9")
    index = venue.rest(2, "buy", 6, 100, display_quantity=2)
    venue.level(3, "bid", 100, 9)

    venue.replace(4, index, 1)
    venue.clock(4)
    assert venue.ahead(index) == 4
    venue.trade(5, 100, 9, "sell")

    assert venue.fills() == [(index, 100, 1)]
    assert conditions(venue) == 0


# Rules 24 to 26: times.


def test_rule_25_gtd_ends_at_its_time_after_the_data_of_it(venue: Bench) -> None:
    index = venue.rest(2, "buy", 3, 100, tif=TIF.GTD, expire_ts=50)
    late = venue.rest(2, "buy", 3, 98, tif=TIF.GTD, expire_ts=60)
    venue.trade(50, 100, 1, "sell")
    assert venue.status(index) == S.PARTIALLY_FILLED

    venue.trade(51, 100, 5, "sell")

    assert venue.last(index) == (T.EXPIRED, R.EXPIRED)
    assert venue.reports["ts_venue"][-1] == 50
    assert venue.status(late) == S.NEW
    venue.clock(60)
    assert venue.last(late) == (T.EXPIRED, R.EXPIRED)
    assert conditions(venue) == 0


def test_rule_24_outside_its_hours_an_order_is_held_until_they_begin(
    stock: Bench,
) -> None:
    venue = stock
    venue.enter(2, SessionState.EXTENDED)
    limit = venue.rest(3, "buy", 3, 101)
    market = venue.rest(3, "buy", 2)
    stop = venue.stop(3, "sell", 1, 98)
    outside = venue.rest(3, "buy", 1, 101, options=OUTSIDE_HOURS)
    fok = venue.rest(3, "buy", 1, 101, tif=TIF.FOK)

    assert venue.fills() == [(outside, 101, 1)]
    assert {venue.status(i) for i in (limit, market, stop)} == {S.HELD}
    assert venue.last(fok) == (T.REJECTED, R.CLOSED)
    venue.trade(4, 97, 1, "sell")
    venue.enter(5, SessionState.OPEN)

    assert venue.fills()[1:] == [(limit, 101, 3), (market, 101, 2)]
    assert venue.status(stop) == S.INACTIVE
    venue.trade(6, 97, 1, "sell")
    assert venue.fills()[-1] == (stop, 99, 1)


def test_rule_24_at_the_end_of_their_hours_orders_are_held_and_come_back(
    stock: Bench,
) -> None:
    venue = stock
    plain = venue.rest(2, "buy", 3, 99)
    stop = venue.stop(2, "sell", 1, 98)
    day = venue.rest(2, "buy", 3, 98, tif=TIF.DAY)
    longer = venue.rest(2, "buy", 3, 98, tif=TIF.DAY, options=OUTSIDE_HOURS)

    venue.enter(3, SessionState.EXTENDED)
    assert venue.last(day) == (T.EXPIRED, R.EXPIRED)
    assert (venue.status(plain), venue.status(stop)) == (S.HELD, S.HELD)
    venue.trade(4, 90, 99, "sell")
    assert venue.fills() == [(longer, 98, 3)]
    venue.level(5, "bid", 99, 12)
    venue.enter(6, SessionState.OPEN)

    assert (venue.status(plain), venue.status(stop)) == (S.NEW, S.INACTIVE)
    assert venue.ahead(plain) == 12


AUCTION = int(TradeCondition.CROSS)


def test_rule_25_orders_at_the_open_fill_at_its_print(venue: Bench) -> None:
    venue.enter(2, SessionState.PRE_OPEN)
    market = venue.rest(3, "buy", 5, tif=TIF.AT_THE_OPEN)
    limit = venue.rest(3, "buy", 5, 103, tif=TIF.AT_THE_OPEN)
    low = venue.rest(3, "buy", 5, 102, tif=TIF.AT_THE_OPEN)
    close = venue.rest(3, "buy", 5, tif=TIF.AT_THE_CLOSE)
    venue.trade(4, 103, 8, None, AUCTION)

    assert venue.fills() == [(market, 103, 5), (limit, 103, 3)]
    assert venue.last(limit) == (T.CANCELLED, R.AUCTION_MISSED)
    assert venue.last(low) == (T.CANCELLED, R.AUCTION_MISSED)
    venue.enter(5, SessionState.OPEN)
    venue.enter(6, SessionState.CLOSING_AUCTION)
    venue.trade(7, 104, 9, None, AUCTION)

    assert venue.fills()[2:] == [(close, 104, 5)]
    assert conditions(venue) == 0


def test_rule_25_an_auction_that_never_came_is_missed(venue: Bench) -> None:
    opening = venue.rest(2, "buy", 5, tif=TIF.AT_THE_OPEN)
    closing = venue.rest(2, "buy", 5, tif=TIF.AT_THE_CLOSE)
    venue.enter(3, SessionState.OPEN)
    venue.enter(4, SessionState.EXTENDED)
    assert venue.last(opening) == (T.CANCELLED, R.AUCTION_MISSED)
    assert venue.status(closing) == S.NEW
    later = venue.rest(5, "buy", 5, tif=TIF.AT_THE_OPEN)
    venue.enter(6, SessionState.CLOSED)

    assert venue.last(closing) == (T.CANCELLED, R.AUCTION_MISSED)
    assert venue.status(later) == S.NEW


# Rules 28 and 29: groups.


def bracket(venue: Bench, t: int, quantity: int = 5, **entry: Any) -> list[int]:
    """Entry (a buy limit of 99), target 110, stop 95; the exits first."""
    group: dict[str, Any] = {"group": 7, "options": REDUCE_ONLY}
    target = venue.rest(t, "sell", quantity, 110, role=G.BRACKET_TARGET, **group)
    stop = venue.stop(t, "sell", quantity, 95, role=G.BRACKET_STOP, **group)
    terms = {"group": 7, "role": G.BRACKET_ENTRY, **entry}
    return [venue.rest(t, "buy", quantity, 99, **terms), target, stop]


def leaves(venue: Bench, *indices: int) -> list[int]:
    return [int(venue.order(index)["leaves"]) for index in indices]


def hold_what_filled(venue: Bench) -> None:
    """The gate's part: the position is what the reports say."""
    rows = venue.reports[venue.reports["report"] == T.FILL]
    held = int((rows["side"] * rows["last_quantity"]).sum())
    for row in (0, MAX_STRATEGIES):
        venue.arena.records(Section.POSITIONS)[row]["quantity"] = held


def test_rule_28_exits_grow_with_their_entry(venue: Bench) -> None:
    venue.level(1, "bid", 99, 0)
    entry, target, stop = bracket(venue, 2)
    assert (venue.status(target), venue.status(stop)) == (S.HELD, S.HELD)
    assert leaves(venue, entry, target, stop) == [5, 0, 0]

    venue.trade(3, 99, 2, "sell")
    hold_what_filled(venue)
    assert leaves(venue, entry, target, stop) == [3, 2, 2]
    assert (venue.status(target), venue.status(stop)) == (S.NEW, S.INACTIVE)
    venue.trade(4, 99, 3, "sell")
    hold_what_filled(venue)

    assert leaves(venue, entry, target, stop) == [0, 5, 5]
    venue.trade(5, 111, 9, "buy")
    assert venue.fills()[2:] == [(target, 110, 5)]
    assert venue.last(stop) == (T.CANCELLED, R.GROUP)
    assert conditions(venue) == 0


def test_rule_28_cancelling_the_entry_leaves_exits_for_what_was_filled(
    venue: Bench,
) -> None:
    venue.level(1, "bid", 99, 0)
    entry, target, stop = bracket(venue, 2)
    venue.trade(3, 99, 2, "sell")
    hold_what_filled(venue)
    venue.cancel(4, entry)
    venue.clock(4)

    assert leaves(venue, target, stop) == [2, 2]
    venue.replace(5, target, 1)
    venue.clock(5)
    assert leaves(venue, target, stop) == [1, 1]


@pytest.mark.parametrize("options", [0, POST_ONLY])
def test_rule_28_an_entry_that_ends_unfilled_takes_its_exits(
    venue: Bench, options: int
) -> None:
    if options:
        venue.level(1, "ask", 99, 4)
        venue.level(1, "bid", 99, 0)
    entry, target, stop = bracket(venue, 2, options=options)
    if not options:
        venue.cancel(3, entry)
        venue.clock(3)
    else:
        assert venue.last(entry) == (T.REJECTED, R.POST_ONLY_WOULD_CROSS)

    assert venue.last(target) == venue.last(stop) == (T.CANCELLED, R.GROUP)
    assert conditions(venue) == 0


def test_rule_28_an_exit_that_closed_all_waits_for_more_of_its_entry(
    venue: Bench,
) -> None:
    venue.level(1, "bid", 99, 0)
    entry, target, stop = bracket(venue, 2)
    venue.trade(3, 99, 2, "sell")
    hold_what_filled(venue)
    venue.trade(4, 111, 9, "buy")
    hold_what_filled(venue)

    assert venue.status(target) == S.HELD
    assert leaves(venue, entry, target, stop) == [3, 0, 0]
    venue.trade(5, 99, 1, "sell")
    hold_what_filled(venue)
    assert leaves(venue, entry, target, stop) == [2, 1, 1]
    assert venue.order(target)["quantity"] == 3
    venue.trade(6, 111, 9, "buy")

    assert venue.fills()[-1] == (target, 110, 1)
    assert leaves(venue, entry, target, stop) == [2, 0, 0]
    assert (venue.status(target), venue.status(stop)) == (S.HELD, S.HELD)
    venue.cancel(7, entry)
    venue.clock(7)
    assert (venue.status(target), venue.status(stop)) == (S.FILLED, S.CANCELLED)
    assert conditions(venue) == 0


def test_rule_28_a_stop_that_its_price_has_passed_triggers_at_once(
    venue: Bench,
) -> None:
    venue.level(1, "bid", 99, 0)
    venue.level(1, "bid", 94, 9)
    _, target, stop = bracket(venue, 2)

    venue.trade(3, 94, 9, "sell")

    assert (stop, 94, 5) in venue.fills()
    assert venue.last(target) == (T.CANCELLED, R.GROUP)


def test_rule_29_a_partial_fill_of_one_exit_reduces_the_others(venue: Bench) -> None:
    for row in (0, MAX_STRATEGIES):
        venue.arena.records(Section.POSITIONS)[row]["quantity"] = 5
    more: dict[str, Any] = {"group": 3, "role": G.OCO_EXIT, "options": REDUCE_ONLY}
    target = venue.rest(2, "sell", 5, 110, **more)
    stop = venue.stop(2, "sell", 5, 90, **more)

    venue.trade(3, 110, 2, "buy")

    assert leaves(venue, target, stop) == [3, 3]
    assert venue.status(stop) == S.INACTIVE


@pytest.mark.parametrize("size", [1, 9])
def test_rule_29_the_first_fill_of_an_entry_cancels_the_others(
    venue: Bench, size: int
) -> None:
    more: dict[str, Any] = {"group": 3, "role": G.OCO_ENTRY}
    venue.level(1, "bid", 99, 0)
    first = venue.rest(2, "buy", 5, 99, **more)
    second = venue.rest(2, "buy", 5, 98, **more)

    venue.trade(3, 97 if size > 5 else 99, size, "sell")

    assert venue.fills() == [(first, 99, min(size, 5))]
    assert venue.last(second) == (T.CANCELLED, R.GROUP)


def test_rule_20_a_stop_that_waits_is_cut_to_the_position(venue: Bench) -> None:
    for row in (0, MAX_STRATEGIES):
        venue.arena.records(Section.POSITIONS)[row]["quantity"] = 5
    stop = venue.stop(2, "sell", 5, 90, options=REDUCE_ONLY)

    venue.submit(3, "sell", 3, 99)
    venue.clock(3)

    assert leaves(venue, stop) == [2]
    assert venue.last(stop) == (T.REPLACED, R.NOT_REDUCING)


def test_a_stop_that_waits_can_be_cancelled_and_leaves_nothing(venue: Bench) -> None:
    index = venue.stop(2, "buy", 3, 105)
    venue.cancel(3, index)
    venue.clock(3)

    assert venue.last(index) == (T.CANCELLED, R.USER)
    venue.trade(4, 106, 1, "buy")
    assert venue.fills() == []
    assert conditions(venue) == 0


def test_rule_15_a_stop_replaced_to_what_is_filled_is_filled(venue: Bench) -> None:
    index = venue.stop(2, "buy", 3, 103, price=101)
    venue.book(3, bids="99x9", asks="101x1")
    venue.trade(4, 103, 1, "buy")
    assert venue.order(index)["filled"] == 1
    venue.replace(5, index, 1)
    venue.clock(5)

    assert venue.status(index) == S.FILLED
    assert venue.order(index)["order_type"] == OrderType.STOP_LIMIT
