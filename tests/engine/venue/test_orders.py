"""Order types at arrival, cancels and replaces (SEMANTICS 10, 11, 15-19, 41)."""

import pytest

from app.engine.arena import Section
from app.engine.records import (
    NO_PRICE,
    OrderOption,
    OrderStatus,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
)
from app.engine.state import MAX_STRATEGIES
from tests.engine.venue.bench import POST_ONLY, REDUCE_ONLY, Bench

T, R, TIF = ReportType, Reason, TimeInForce


@pytest.fixture
def venue() -> Bench:
    bench = Bench()
    bench.book(1, bids="100x10 99x5", asks="102x4 103x6")
    return bench


def test_rule_10_an_order_meets_the_book_of_decision_plus_latency() -> None:
    venue = Bench(order_latency_ns=10, report_latency_ns=5)
    venue.book(1, bids="100x10", asks="102x4")
    index = venue.submit(20, "buy", 3, 102)

    venue.level(29, "ask", 102, 0)
    venue.level(30, "ask", 101, 2)
    assert venue.order(index)["filled"] == 0
    venue.clock(35)

    assert venue.order(index)["arrived_ts"] == 30
    assert venue.fills() == [(index, 101, 2)]
    assert venue.reports["ts_venue"].tolist() == [30, 30]
    assert venue.reports["ts_received"].tolist() == [35, 35]


def test_rule_11_at_equal_time_the_market_first_then_orders_as_sent(
    venue: Bench,
) -> None:
    first = venue.submit(5, "buy", 4, 102)
    second = venue.submit(5, "buy", 4, 102)

    venue.level(5, "ask", 102, 5)
    assert venue.told() == []
    venue.level(6, "ask", 109, 1)

    assert venue.fills() == [(first, 102, 4), (second, 102, 1)]


def test_a_later_request_never_overtakes(venue: Bench) -> None:
    jittery = Bench(order_latency_ns=1000, latency_spread=2.0)
    jittery.book(1, bids="100x10")
    sent = [jittery.submit(10 + i, "buy", 1, 90 + i) for i in range(20)]

    jittery.clock(10**9)

    accepted = [each.order for each in jittery.told() if each.report == T.NEW]
    assert accepted == sent


def test_reports_come_as_new_then_fills(venue: Bench) -> None:
    index = venue.rest(2, "buy", 6, 103)

    assert [(each.report, each.filled, each.leaves) for each in venue.told()] == [
        (T.NEW, 0, 6),
        (T.FILL, 4, 2),
        (T.FILL, 6, 0),
    ]
    assert venue.reports["status"].tolist() == [
        OrderStatus.NEW,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.FILLED,
    ]
    assert venue.reports["liquidity"].tolist() == [0, -1, -1]
    assert venue.reports["venue_order_id"].tolist() == [1, 1, 1]
    assert venue.fills() == [(index, 102, 4), (index, 103, 2)]


def test_rule_15_replace_states_the_new_total(venue: Bench) -> None:
    index = venue.rest(2, "sell", 5, 101)
    venue.trade(3, 101, 2, "buy")
    venue.replace(4, index, quantity=4)
    venue.clock(4)

    order = venue.order(index)
    assert (order["quantity"], order["filled"], order["leaves"]) == (4, 2, 2)
    assert venue.last(index) == (T.REPLACED, R.NONE)


@pytest.mark.parametrize("total", [2, 1])
def test_rule_15_at_or_below_filled_it_ends_as_filled(venue: Bench, total: int) -> None:
    index = venue.rest(2, "sell", 5, 101)
    venue.trade(3, 101, 2, "buy")
    venue.replace(4, index, quantity=total)
    venue.clock(4)

    report = venue.reports[-1]
    assert report["status"] == OrderStatus.FILLED
    assert (report["quantity"], report["filled"], report["leaves"]) == (2, 2, 0)
    venue.trade(5, 101, 9, "buy")
    assert len(venue.fills()) == 1


@pytest.mark.parametrize(
    ("quantity", "price", "ahead"),
    [(3, NO_PRICE, 6), (5, NO_PRICE, 6), (6, NO_PRICE, 20), (3, 99, 5), (0, 100, 6)],
)
def test_rule_16_only_a_smaller_quantity_keeps_the_place(
    venue: Bench, quantity: int, price: int, ahead: int
) -> None:
    index = venue.rest(2, "buy", 5, 100)
    venue.trade(3, 100, 4, "sell")
    venue.level(3, "bid", 100, 20)

    venue.replace(4, index, quantity=quantity, price=price)
    venue.clock(4)

    assert venue.ahead(index) == ahead


def test_rule_16_a_replace_may_trade_at_once(venue: Bench) -> None:
    index = venue.rest(2, "buy", 5, 100)

    venue.replace(3, index, price=102)
    venue.clock(3)

    assert venue.fills() == [(index, 102, 4)]
    assert venue.order(index)["leaves"] == 1


def test_rule_17_a_market_order_rests_at_its_protection_price() -> None:
    venue = Bench(protection_ticks=1)
    venue.book(1, bids="100x10", asks="102x4 103x6 104x9")

    index = venue.submit(2, "buy", 15)
    venue.clock(2)

    assert venue.fills() == [(index, 102, 4), (index, 103, 6)]
    assert venue.order(index)["leaves"] == 5
    assert venue.reports["price"].tolist() == [103, 103, 103]
    assert venue.order(index)["level"] != 0


def test_rule_17_the_order_s_own_protection_goes_first() -> None:
    venue = Bench(protection_ticks=5)
    venue.book(1, bids="100x10", asks="102x4 103x6")

    index = venue.submit(2, "buy", 9, protection_ticks=0)
    venue.clock(2)

    assert venue.fills() == [(index, 102, 4)]
    assert venue.order(index)["price"] == 102


def test_rule_17_without_an_opposite_side_it_is_rejected(venue: Bench) -> None:
    venue.book(2, bids="100x10")
    index = venue.submit(3, "buy", 1)
    venue.clock(3)

    assert venue.last(index) == (T.REJECTED, R.NO_OPPOSITE_SIDE)


def test_a_market_order_without_a_bound_takes_all_there_is(venue: Bench) -> None:
    index = venue.submit(2, "buy", 15)
    venue.clock(2)

    assert venue.fills() == [(index, 102, 4), (index, 103, 6)]
    assert venue.last(index) == (T.CANCELLED, R.NO_OPPOSITE_SIDE)


def test_rule_18_ioc_takes_what_is_displayed_and_not_taken(venue: Bench) -> None:
    venue.rest(2, "buy", 1, 102)
    index = venue.rest(3, "buy", 9, 102, tif=TIF.IOC)

    assert venue.fills()[1:] == [(index, 102, 3)]
    assert venue.last(index) == (T.CANCELLED, R.IOC_REMAINDER)


def test_rule_18_fok_is_filled_whole_or_not_at_all(venue: Bench) -> None:
    venue.rest(2, "buy", 1, 102)
    too_much = venue.rest(3, "buy", 10, 103, tif=TIF.FOK)
    enough = venue.rest(4, "buy", 9, 103, tif=TIF.FOK)

    assert venue.last(too_much) == (T.CANCELLED, R.FOK_NOT_FILLABLE)
    assert venue.fills()[1:] == [(enough, 102, 3), (enough, 103, 6)]


def test_rule_19_post_only_that_would_cross_is_rejected(venue: Bench) -> None:
    crossing = venue.rest(2, "buy", 1, 102, options=POST_ONLY)
    resting = venue.rest(2, "buy", 1, 101, options=POST_ONLY)

    assert venue.last(crossing) == (T.REJECTED, R.POST_ONLY_WOULD_CROSS)
    assert venue.last(resting) == (T.NEW, R.NONE)


def test_rule_19_a_replace_that_would_cross_leaves_the_order(venue: Bench) -> None:
    index = venue.rest(2, "buy", 1, 100, options=POST_ONLY)
    venue.replace(3, index, price=102)
    venue.clock(3)

    assert venue.last(index) == (T.REPLACE_REJECTED, R.POST_ONLY_WOULD_CROSS)
    assert (venue.order(index)["price"], venue.ahead(index)) == (100, 10)


def test_what_a_gesture_meant_to_rest_takes_nothing(venue: Bench) -> None:
    to_rest = int(OrderOption.RESTING_INTENT)
    fresh = venue.rest(2, "buy", 1, 102, options=to_rest)
    moved = venue.rest(2, "buy", 1, 100, options=to_rest)
    venue.replace(3, moved, price=102, options=to_rest)
    venue.clock(3)

    assert venue.last(fresh) == (T.REJECTED, R.MEANING_CHANGED)
    assert venue.last(moved) == (T.REPLACE_REJECTED, R.MEANING_CHANGED)
    assert (venue.order(moved)["price"], venue.ahead(moved)) == (100, 10)
    assert not venue.fills()


def test_what_was_confirmed_takes(venue: Bench) -> None:
    to_rest, confirmed = OrderOption.RESTING_INTENT, OrderOption.CONFIRMED
    index = venue.rest(2, "buy", 1, 100, options=int(to_rest))
    venue.replace(3, index, price=102, options=int(to_rest | confirmed))
    venue.clock(3)

    assert venue.fills() == [(index, 102, 1)]


def test_rule_41_the_newest_is_cancelled_where_it_meets_our_own(venue: Bench) -> None:
    resting = venue.rest(2, "sell", 5, 103)
    index = venue.rest(3, "buy", 20, 110)

    # 4 at 102, and the 6 that stand before ours at 103.
    assert venue.fills() == [(index, 102, 4), (index, 103, 6)]
    assert venue.last(index) == (T.CANCELLED, R.SELF_MATCH)
    assert venue.order(resting)["leaves"] == 5


def test_rule_41_ours_may_stand_before_the_market(venue: Bench) -> None:
    resting = venue.rest(2, "sell", 5, 101)
    index = venue.rest(3, "buy", 2, 105)
    whole = venue.rest(3, "buy", 2, 105, tif=TIF.FOK)

    assert venue.fills() == []
    assert venue.last(index) == (T.CANCELLED, R.SELF_MATCH)
    assert venue.last(whole) == (T.CANCELLED, R.FOK_NOT_FILLABLE)
    assert venue.order(resting)["leaves"] == 5


def test_cancels(venue: Bench) -> None:
    index = venue.rest(2, "buy", 5, 100)
    venue.cancel(3, index)
    venue.cancel(3, index)
    venue.replace(3, index, quantity=9)
    venue.clock(3)
    venue.trade(4, 90, 99, "sell")

    assert [(each.report, each.reason) for each in venue.told()] == [
        (T.NEW, R.NONE),
        (T.CANCELLED, R.USER),
        (T.CANCEL_REJECTED, R.ORDER_ENDED),
        (T.REPLACE_REJECTED, R.ORDER_ENDED),
    ]
    assert venue.reports["leaves"].tolist() == [5, 0, 0, 0]


def test_a_fill_wins_over_a_cancel_on_its_way() -> None:
    venue = Bench(order_latency_ns=10)
    venue.book(1, bids="100x2")
    index = venue.submit(2, "buy", 1, 100)
    venue.clock(12)
    venue.cancel(13, index)
    venue.trade(20, 99, 5, "sell")
    venue.clock(30)

    assert venue.fills() == [(index, 100, 1)]
    assert venue.last(index) == (T.CANCEL_REJECTED, R.ORDER_ENDED)


def test_rule_26_in_a_halt_orders_gather_cancels_pass_nothing_matches(
    venue: Bench,
) -> None:
    venue.enter(2, SessionState.HALTED)
    limit = venue.rest(3, "buy", 5, 102)
    market = venue.submit(3, "buy", 5)
    venue.clock(3)
    venue.trade(4, 90, 99, "sell")

    assert venue.last(limit) == (T.NEW, R.NONE)
    assert venue.last(market) == (T.REJECTED, R.HALTED)
    venue.cancel(5, limit)
    venue.clock(5)
    assert venue.last(limit) == (T.CANCELLED, R.USER)
    assert venue.fills() == []


def test_rule_24_day_orders_end_with_the_session(venue: Bench) -> None:
    day = venue.rest(2, "buy", 5, 100, tif=TIF.DAY)
    lasting = venue.rest(2, "buy", 5, 99)
    venue.enter(3, SessionState.CLOSED)

    assert venue.last(day) == (T.EXPIRED, R.EXPIRED)
    assert venue.last(lasting) == (T.NEW, R.NONE)
    late = venue.rest(4, "buy", 5, 99)
    assert venue.status(late) == OrderStatus.HELD


# Rule 20: reduce-only.


def held(venue: Bench, quantity: int, strategy: int = 0) -> None:
    """Let the gate's books show a position."""
    for row in {strategy, MAX_STRATEGIES}:
        venue.arena.records(Section.POSITIONS)[row]["quantity"] = quantity


def test_rule_20_cut_to_the_position_at_arrival(venue: Bench) -> None:
    held(venue, 3)
    index = venue.rest(2, "sell", 5, 101, options=REDUCE_ONLY)

    assert venue.order(index)["leaves"] == 3
    assert [each.report for each in venue.told()] == [T.NEW, T.REPLACED]
    assert venue.reports["quantity"].tolist() == [5, 3]


def test_rule_20_what_does_not_reduce_is_rejected(venue: Bench) -> None:
    held(venue, -3)
    flat = venue.rest(2, "sell", 5, 101, options=REDUCE_ONLY)
    own = venue.rest(2, "buy", 2, 99, options=REDUCE_ONLY, strategy=1)
    manual = venue.rest(2, "buy", 2, 99, options=REDUCE_ONLY)

    assert venue.last(flat) == (T.REJECTED, R.NOT_REDUCING)
    # Rule 42: a strategy's own position is flat.
    assert venue.last(own) == (T.REJECTED, R.NOT_REDUCING)
    assert venue.last(manual) == (T.NEW, R.NONE)


@pytest.mark.parametrize("report_latency", [0, 50])
def test_rule_20_the_cap_holds_at_the_match(report_latency: int) -> None:
    venue = Bench(report_latency_ns=report_latency)
    venue.book(1, bids="100x10", asks="104x4")
    held(venue, 5)
    entry = venue.rest(2, "sell", 3, 101)
    exits = [venue.rest(3, "sell", 5, 101 + i, options=REDUCE_ONLY) for i in range(2)]

    venue.session["now"] = 4
    venue.trade(4, 103, 20, "buy")
    venue.clock(100)

    first, second = exits
    assert venue.fills() == [(entry, 101, 3), (first, 101, 2)]
    assert venue.last(first) == (T.CANCELLED, R.NOT_REDUCING)
    assert venue.last(second) == (T.CANCELLED, R.NOT_REDUCING)


def test_rule_20_it_shrinks_with_the_position_in_its_place(venue: Bench) -> None:
    held(venue, 5)
    index = venue.rest(2, "sell", 5, 103, options=REDUCE_ONLY)
    venue.session["now"] = 3
    other = venue.submit(3, "sell", 3, 100)
    venue.clock(3)

    assert venue.fills() == [(other, 100, 3)]
    assert (venue.order(index)["leaves"], venue.ahead(index)) == (2, 6)
