"""Fills of resting orders (SEMANTICS 30-37, 40), by rule."""

from typing import Any

import pytest

from app.engine.records import (
    NO_PRICE,
    QUOTE,
    EventKind,
    OrderOption,
    RecordFlag,
    SessionState,
    TradeCondition,
)
from app.engine.venue.simulated import venue_queue
from tests.engine.venue.bench import OUTSIDE_HOURS, Bench

C = TradeCondition


@pytest.fixture
def venue() -> Bench:
    bench = Bench()
    bench.book(1, bids="100x10 99x5", asks="102x4 103x6")
    return bench


# Rule 30: through and at.


def test_rule_30_through_fills_at_our_price_at_most_the_trade_s_size(
    venue: Bench,
) -> None:
    index = venue.rest(2, "buy", 8, 100)

    venue.trade(3, 99, 3, "sell")

    assert venue.fills() == [(index, 100, 3)]
    assert venue.ahead(index) == 0
    assert venue.reports["liquidity"].tolist()[-1] == 1


def test_rule_30_at_the_queue_first_then_we(venue: Bench) -> None:
    index = venue.rest(2, "buy", 8, 100)

    venue.trade(3, 100, 7, "sell")
    venue.trade(4, 100, 5, "sell")

    assert venue.fills() == [(index, 100, 2)]
    assert venue.order(index)["traded_ahead"] == 10


def test_rule_30_a_print_is_shared_best_price_then_time(venue: Bench) -> None:
    late = venue.rest(2, "buy", 4, 100)
    better = venue.rest(3, "buy", 4, 101)
    later = venue.rest(4, "buy", 4, 100)

    venue.trade(5, 99, 9, "sell")

    assert venue.fills() == [(better, 101, 4), (late, 100, 4), (later, 100, 1)]


def test_rule_30_what_went_to_ours_does_not_reach_those_behind(venue: Bench) -> None:
    first = venue.rest(2, "buy", 4, 100)
    second = venue.rest(3, "buy", 4, 100)

    venue.trade(4, 100, 13, "sell")
    venue.trade(5, 100, 2, "sell")

    assert venue.fills() == [(first, 100, 3), (first, 100, 1), (second, 100, 1)]


@pytest.mark.parametrize("by_option", [True, False])
def test_rule_30_choice_the_whole_order(by_option: bool) -> None:
    venue = Bench(through="trade_size" if by_option else "whole_order")
    venue.book(1, bids="100x10")
    options = int(OrderOption.WHOLE_ORDER_FILL) if by_option else 0
    index = venue.rest(2, "buy", 8, 100, options=options)

    venue.trade(3, 100, 12, "sell")
    venue.trade(4, 99, 1, "sell")

    assert venue.fills() == [(index, 100, 2), (index, 100, 6)]


@pytest.mark.parametrize(("side", "price", "print_at"), [("sell", 102, 103)])
def test_rule_30_sells_mirror(
    venue: Bench, side: str, price: int, print_at: int
) -> None:
    index = venue.rest(2, side, 8, price)

    venue.trade(3, price, 5, "buy")
    venue.trade(4, print_at, 2, "buy")

    assert venue.fills() == [(index, price, 1), (index, price, 2)]


# Rule 31: who aggressed.


def test_rule_31_only_opposing_aggressors_count(venue: Bench) -> None:
    venue.rest(2, "buy", 8, 100)

    venue.trade(3, 99, 20, "buy")

    assert venue.fills() == []


@pytest.mark.parametrize(
    ("earlier", "price", "filled"),
    [((), 100, 5), ((), 99, 5), ((), 101, 0), ((102,), 101, 5), ((100,), 101, 0),
     ((100, 101), 101, 0), ((102, 101), 101, 5), ((), 102, 0)],
)  # fmt: skip
def test_rule_31_an_unknown_side_is_inferred_and_flagged(
    venue: Bench, earlier: tuple[int, ...], price: int, filled: int
) -> None:
    for t, each in enumerate(earlier):
        venue.trade(2 + t, each, 1, "buy")
    index = venue.rest(9, "buy", 8, 101)

    venue.trade(10, price, 5, None)

    assert venue.order(index)["filled"] == filled
    flags = venue.reports["flags"].tolist()[1:]
    assert flags == [RecordFlag.INFERRED] * bool(filled)


# Rule 32: the opposite quote.


def test_rule_32_an_opposite_quote_fills_at_our_price_up_to_its_size(
    venue: Bench,
) -> None:
    index = venue.rest(2, "buy", 8, 101)

    venue.level(3, "ask", 101, 3)
    assert venue.fills() == [(index, 101, 3)]
    venue.level(4, "bid", 100, 0)
    venue.level(5, "ask", 99, 2)

    assert venue.fills() == [(index, 101, 3), (index, 101, 2)]


def test_rule_32_the_book_is_judged_when_the_event_is_whole(venue: Bench) -> None:
    venue.rest(2, "buy", 8, 101)
    fields: Any = {"side": -1, "price": 101, "size": 3}

    venue.feed(venue.event(3, EventKind.LEVEL, last=False, **fields))
    assert venue.fills() == []
    venue.feed(venue.event(3, EventKind.LEVEL, **{**fields, "size": 2}))

    assert [each[2] for each in venue.fills()] == [2]


# Rule 33: once.


def test_rule_33_a_trade_and_its_decrease_count_once() -> None:
    venue = Bench(queue="probabilistic")
    venue.book(1, bids="100x10")
    index = venue.rest(2, "buy", 8, 100)
    venue.level(2, "bid", 100, 30)

    venue.trade(3, 100, 4, "sell")
    venue.level(4, "bid", 100, 26)

    assert venue.ahead(index) == 6
    assert venue.order(index)["cancelled_ahead"] == 0


@pytest.mark.parametrize("queue", ["pessimistic", "probabilistic"])
def test_rule_33_the_decrease_may_come_first(queue: str) -> None:
    venue = Bench(queue=queue)
    venue.book(1, bids="100x10")
    index = venue.rest(2, "buy", 8, 100)
    venue.level(2, "bid", 100, 12)

    venue.level(3, "bid", 100, 8)
    venue.trade(3, 100, 4, "sell")

    assert venue.ahead(index) == 6
    assert venue.order(index)["cancelled_ahead"] == 0
    venue.trade(4, 100, 7, "sell")
    assert venue.fills() == [(index, 100, 1)]


def test_rule_33_what_the_trade_does_not_explain_is_cancels() -> None:
    venue = Bench(queue="probabilistic", front_function="fixed", front_exponent=0.5)
    venue.book(1, bids="100x10")
    index = venue.rest(2, "buy", 8, 100)
    venue.level(2, "bid", 100, 20)

    venue.trade(3, 100, 2, "sell")
    venue.level(3, "bid", 100, 14)

    # 10 - 2 traded, then half of the 4 cancelled.
    assert venue.ahead(index) == 6


def test_rule_33_a_decrease_at_an_earlier_time_was_no_trade_s(venue: Bench) -> None:
    index = venue.rest(2, "buy", 8, 100)

    venue.level(3, "bid", 100, 8)
    venue.trade(4, 100, 4, "sell")

    assert venue.ahead(index) == 4


# Rule 34: the queue.


def test_rule_34_queue_ahead_is_displayed_size(venue: Bench) -> None:
    index = venue.rest(2, "buy", 8, 100)

    assert venue.ahead(index) == 10
    assert venue.order(index)["ahead_at_arrival"] == 10
    assert venue_queue(venue.arena.address, 0, index) == 10


def test_rule_34_pessimistic_trades_alone_advance_clipped_to_displayed(
    venue: Bench,
) -> None:
    index = venue.rest(2, "buy", 8, 100)
    venue.level(3, "bid", 100, 30)
    venue.level(4, "bid", 100, 12)
    assert venue.ahead(index) == 10

    venue.level(5, "bid", 100, 7)
    assert venue.ahead(index) == 7
    venue.level(6, "bid", 100, 0)
    assert venue.ahead(index) == 0


@pytest.mark.parametrize(
    ("function", "exponent", "ahead"),
    [
        # 20 ahead, 10 behind, 6 cancelled. x**1: 2/3 of them in front.
        ("power", 1.0, 16.0),
        # x**2: 400 / 500.
        ("power", 2.0, 15.2),
        ("fixed", 0.25, 18.5),
        # log 21 / (log 21 + log 11) = 0.5594062.
        ("logarithm", 1.0, 16.6435625),
    ],
)
def test_rule_34_probabilistic_cancels_are_split(
    function: str, exponent: float, ahead: float
) -> None:
    venue = Bench(
        queue="probabilistic", front_function=function, front_exponent=exponent
    )
    venue.book(1, bids="100x20")
    index = venue.rest(2, "buy", 8, 100)
    venue.level(3, "bid", 100, 30)

    venue.level(4, "bid", 100, 24)

    assert venue.ahead(index) == pytest.approx(ahead, abs=1e-6)


def test_rule_34_the_queue_is_kept_unrounded_fills_round_down() -> None:
    venue = Bench(queue="probabilistic", front_function="power", front_exponent=1.0)
    venue.book(1, bids="100x10")
    index = venue.rest(2, "buy", 8, 100)
    venue.level(3, "bid", 100, 30)
    venue.level(4, "bid", 100, 28)
    assert venue.ahead(index) == pytest.approx(10 - 2 / 3)
    assert venue_queue(venue.arena.address, 0, index) == 10

    venue.trade(5, 100, 10, "sell")
    assert venue.fills() == []
    venue.trade(6, 100, 1, "sell")
    assert venue.fills() == [(index, 100, 1)]


def test_rule_34_no_more_is_cancelled_behind_than_was_there() -> None:
    venue = Bench(queue="probabilistic", front_function="fixed", front_exponent=0.0)
    venue.book(1, bids="100x10")
    index = venue.rest(2, "buy", 8, 100)
    venue.level(3, "bid", 100, 12)

    venue.level(4, "bid", 100, 7)

    # 2 behind, so 3 of the 5 were in front.
    assert venue.ahead(index) == 7


# Rule 34, exact: order by order.


def order(venue: Bench, t: int, kind: EventKind, reference: int, **fields: Any) -> None:
    venue.feed(venue.event(t, kind, reference=reference, **fields))


@pytest.fixture
def by_order() -> Bench:
    bench = Bench(queue="exact")
    bench.book(1)
    for reference, size in ((1, 4), (2, 6)):
        row = {"side": 1, "price": 100, "size": size}
        order(bench, 2, EventKind.ORDER_ADD, reference, **row)
    return bench


def test_rule_34_exact_follows_the_orders_ahead(by_order: Bench) -> None:
    index = by_order.rest(3, "buy", 5, 100)
    row = {"side": 1, "price": 100, "size": 9}
    order(by_order, 4, EventKind.ORDER_ADD, 3, **row)

    order(by_order, 5, EventKind.ORDER_CANCEL, 3, size=2)
    assert by_order.ahead(index) == 10
    order(by_order, 6, EventKind.ORDER_CANCEL, 1, size=1)
    assert by_order.ahead(index) == 9
    order(by_order, 7, EventKind.ORDER_MODIFY, 2, price=100, size=5)
    assert by_order.ahead(index) == 8
    order(by_order, 8, EventKind.ORDER_MODIFY, 2, price=100, size=7)
    assert by_order.ahead(index) == 3
    assert by_order.order(index)["cancelled_ahead"] == 7


def test_rule_34_exact_an_execution_behind_us_would_have_met_us(
    by_order: Bench,
) -> None:
    index = by_order.rest(3, "buy", 5, 100)
    row = {"side": 1, "price": 100, "size": 9}
    order(by_order, 4, EventKind.ORDER_ADD, 3, **row)

    order(by_order, 5, EventKind.ORDER_EXECUTE, 1, price=NO_PRICE, size=4)
    order(by_order, 5, EventKind.ORDER_EXECUTE, 2, price=NO_PRICE, size=6)
    assert by_order.fills() == []
    order(by_order, 5, EventKind.ORDER_EXECUTE, 3, price=NO_PRICE, size=3)

    assert by_order.fills() == [(index, 100, 3)]
    assert by_order.order(index)["traded_ahead"] == 10


def test_rule_33_exact_a_trade_and_the_cancels_that_report_it_count_once(
    by_order: Bench,
) -> None:
    index = by_order.rest(3, "buy", 5, 100)
    by_order.trade(4, 100, 5, "sell")
    order(by_order, 4, EventKind.ORDER_CANCEL, 1)
    order(by_order, 4, EventKind.ORDER_CANCEL, 2, size=1)
    assert by_order.ahead(index) == 5

    order(by_order, 5, EventKind.ORDER_CANCEL, 2, size=2)
    assert by_order.ahead(index) == 3


def test_executions_advance_a_pessimistic_queue_too() -> None:
    venue = Bench()
    venue.book(1)
    order(venue, 2, EventKind.ORDER_ADD, 1, side=1, price=100, size=9)
    index = venue.rest(3, "buy", 5, 100)

    order(venue, 4, EventKind.ORDER_EXECUTE, 1, price=100, size=4)
    order(venue, 5, EventKind.ORDER_ADD, 2, side=1, price=100, size=9)

    assert venue.ahead(index) == 5
    order(venue, 6, EventKind.ORDER_EXECUTE, 1, price=100, size=5)
    order(venue, 6, EventKind.ORDER_EXECUTE, 2, price=100, size=2)
    assert venue.fills() == [(index, 100, 2)]


# Rule 35: depth taken.


def test_rule_35_depth_we_took_is_remembered(venue: Bench) -> None:
    venue.rest(2, "buy", 3, 102)
    assert venue.available("ask", 102) == 1

    venue.level(3, "ask", 102, 9)
    assert venue.available("ask", 102) == 6
    venue.level(4, "ask", 102, 7)
    assert venue.available("ask", 102) == 6
    venue.level(5, "ask", 102, 5)
    assert venue.available("ask", 102) == 5
    venue.level(6, "ask", 102, 0)
    venue.level(7, "ask", 102, 4)
    assert venue.available("ask", 102) == 4


def test_rule_35_an_empty_level_clears_it(venue: Bench) -> None:
    venue.rest(2, "buy", 4, 102)
    venue.level(3, "ask", 102, 0)
    venue.level(4, "ask", 102, 4)

    assert venue.available("ask", 102) == 4


def test_rule_35_all_our_orders_share_it(venue: Bench) -> None:
    first = venue.rest(2, "buy", 3, 102)
    second = venue.rest(3, "buy", 3, 102)

    assert venue.fills() == [(first, 102, 3), (second, 102, 1)]
    venue.level(4, "ask", 102, 4)
    assert len(venue.fills()) == 2


# Rule 36: cut-off depth.


def quote(venue: Bench, t: int, bid: tuple[int, int], ask: tuple[int, int]) -> None:
    record = venue.event(t, EventKind.QUOTE)
    row = record.view(QUOTE)
    row["bid_price"], row["bid_size"] = bid
    row["ask_price"], row["ask_size"] = ask
    venue.feed(record)


def test_rule_36_a_market_order_fills_beyond_a_cut_off_depth() -> None:
    venue = Bench(full_depth=False, protection_ticks=2)
    quote(venue, 1, (100, 10), (102, 4))

    index = venue.submit(2, "buy", 9)
    venue.clock(2)

    assert venue.fills() == [(index, 102, 4), (index, 102, 5)]
    assert venue.order(index)["beyond_depth"] == 5
    flags = venue.reports["flags"].tolist()
    assert flags == [0, 0, RecordFlag.BEYOND_DEPTH]


@pytest.mark.parametrize("price", [102, 109])
def test_rule_36_a_limit_never_fills_beyond_displayed_size(price: int) -> None:
    venue = Bench(full_depth=False)
    quote(venue, 1, (100, 10), (102, 4))

    index = venue.rest(2, "buy", 9, price)

    assert venue.fills() == [(index, 102, 4)]


def test_a_level_out_of_a_cut_off_feed_s_sight_keeps_its_queue() -> None:
    venue = Bench(full_depth=False)
    quote(venue, 1, (100, 10), (102, 4))
    index = venue.rest(2, "buy", 5, 100)

    quote(venue, 3, (101, 3), (102, 4))
    assert venue.ahead(index) == 10
    quote(venue, 4, (100, 8), (102, 4))
    assert venue.ahead(index) == 8
    quote(venue, 5, (99, 5), (102, 4))
    assert venue.ahead(index) == 0


# Rule 37: prints that do not count.


@pytest.mark.parametrize(
    "condition", [C.AVERAGE_PRICE, C.LATE, C.EXTENDED_HOURS, C.ODD_LOT]
)
def test_rule_37_excluded_prints_do_not_fill(condition: TradeCondition) -> None:
    venue = Bench(consolidated=True)
    venue.book(1, bids="100x10")
    usual = venue.rest(2, "buy", 8, 100)
    outside = venue.rest(2, "buy", 8, 100, options=OUTSIDE_HOURS)

    venue.trade(3, 99, 3, "sell", conditions=int(condition))

    allowed = condition == C.EXTENDED_HOURS
    assert venue.fills() == ([(outside, 100, 3)] if allowed else [])
    assert venue.ahead(usual) == 10


def test_rule_37_on_one_venue_s_feed_every_print_counts(venue: Bench) -> None:
    index = venue.rest(2, "buy", 8, 100)

    venue.trade(3, 99, 3, "sell", conditions=int(C.ODD_LOT))

    assert venue.fills() == [(index, 100, 3)]


def test_an_auction_s_print_is_not_continuous_trading(venue: Bench) -> None:
    venue.rest(2, "buy", 8, 100)

    venue.trade(3, 99, 30, "sell", conditions=int(C.AUCTION))

    assert venue.fills() == []


def test_a_hidden_trade_does_not_move_the_displayed_queue(venue: Bench) -> None:
    waiting = venue.rest(2, "buy", 8, 100)
    front = venue.rest(2, "buy", 2, 101)

    venue.trade(3, 101, 1, "sell", conditions=int(C.HIDDEN))
    venue.trade(4, 100, 3, "sell", conditions=int(C.HIDDEN))

    assert venue.fills() == [(front, 101, 1), (front, 101, 1)]
    assert venue.ahead(waiting) == 10


# Rule 40: gaps.


def test_rule_40_nothing_fills_while_stale(venue: Bench) -> None:
    index = venue.rest(2, "buy", 8, 100)
    venue.gap(3)

    venue.trade(4, 99, 5, "sell")
    venue.level(5, "ask", 100, 5)
    arriving = venue.rest(6, "buy", 3, 105)

    assert venue.fills() == []
    assert venue.order(index)["level"] != 0
    assert venue.order(arriving)["level"] != 0


@pytest.mark.parametrize("queue", ["pessimistic", "probabilistic", "exact"])
def test_rule_40_after_a_gap_our_orders_rejoin_at_the_back(queue: str) -> None:
    venue = Bench(queue=queue)
    venue.book(1, bids="100x10")
    index = venue.rest(2, "buy", 8, 100)
    venue.trade(3, 100, 6, "sell")
    assert venue.ahead(index) == 4

    venue.gap(4)
    venue.book(5, bids="100x7", asks="102x1")

    assert venue.ahead(index) == 7
    venue.trade(6, 100, 8, "sell")
    assert venue.fills() == [(index, 100, 1)]


@pytest.mark.parametrize("gap", [True, False])
def test_rule_40_who_came_while_stale_joins_at_the_back(gap: bool) -> None:
    venue = Bench()
    if gap:
        venue.book(1, bids="100x4")
        venue.gap(2)
    index = venue.rest(3, "buy", 8, 100)

    venue.book(4, bids="100x7", asks="102x1")

    assert venue.ahead(index) == 7


def test_a_snapshot_without_a_gap_keeps_the_place(venue: Bench) -> None:
    index = venue.rest(2, "buy", 8, 100)
    venue.trade(3, 100, 6, "sell")

    venue.book(4, bids="100x14", asks="102x1")
    assert venue.ahead(index) == 4
    venue.book(5, bids="100x3", asks="102x1")
    assert venue.ahead(index) == 3


def test_a_crossed_book_fills_nothing_until_it_is_not(venue: Bench) -> None:
    index = venue.rest(2, "buy", 8, 101)

    venue.level(3, "ask", 99, 3)
    assert venue.fills() == []
    venue.level(4, "bid", 100, 0)
    venue.level(5, "bid", 99, 0)

    assert venue.fills() == [(index, 101, 3)]


def test_rule_26_no_match_in_a_halt_then_the_quote_is_met(venue: Bench) -> None:
    venue.enter(2, SessionState.HALTED)
    index = venue.rest(3, "buy", 3, 102)
    venue.trade(4, 101, 9, "sell")
    assert venue.fills() == []

    venue.enter(5, SessionState.OPEN)

    assert venue.fills() == [(index, 102, 3)]
