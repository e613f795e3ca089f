"""The matching rules of SEMANTICS, one by one, as a trader would write them."""

import pytest

from app.engine.arena import Section
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    EventKind,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    TimeInForce,
)
from tests.engine.matching_driver import (
    LOWEST,
    MARKET_FIELDS,
    REPORT_FIELDS,
    TICK_ONE,
    Cmd,
    Driver,
    cancel,
    market,
    new,
    replace,
)

IOC = {"force": TimeInForce.IOC}
FOK = {"force": TimeInForce.FOK}
POST_ONLY = {"options": OrderOption.POST_ONLY}
OTHER = {"account": 2}
STEP_FIVE = ((LOWEST, 1), (100, 5))
"""Prices below 100 go by 1, from there on by 5."""


@pytest.fixture
def engine():
    return Driver()


def named(rows, fields):
    return [dict(zip(fields, row, strict=True)) for row in rows]


def act(engine, *commands):
    """Act on commands; the reports of the last one, by field name."""
    for each in commands:
        engine.act(each)
        engine.check()
    return named(engine.reports, REPORT_FIELDS)


def told(reports):
    """(report, reason) of each."""
    return [(each["report"], each["reason"]) for each in reports]


def fills(reports, client=None):
    """(quantity, price) of each fill, of one order if named."""
    return [
        (each["last_quantity"], each["last_price"])
        for each in reports
        if each["report"] == ReportType.FILL
        and client in (None, each["client_order_id"])
    ]


def published(engine):
    return named(engine.market, MARKET_FIELDS)


# Price-time priority.


def test_best_price_trades_first_then_the_longest_waiting(engine):
    act(
        engine,
        new(1, SELL, 5, 102),
        new(2, SELL, 5, 101),
        new(3, SELL, 5, 101),
        new(4, SELL, 5, 100),
    )

    reports = act(engine, new(9, BUY, 17, 102, **OTHER))

    assert fills(reports, 9) == [(5, 100), (5, 101), (5, 101), (2, 102)]
    makers = [r["client_order_id"] for r in reports if r["liquidity"] == 1]
    assert makers == [4, 2, 3, 1]
    assert engine.queue(0, SELL) == [(1, 1, 3, 102)]


def test_a_trade_happens_at_the_price_of_the_order_that_rests(engine):
    act(engine, new(1, BUY, 5, 103))

    reports = act(engine, new(2, SELL, 5, 100, **OTHER))

    assert fills(reports, 2) == [(5, 103)]


def test_both_owners_are_told_of_a_fill(engine):
    act(engine, new(1, BUY, 5, 100))

    reports = act(engine, new(2, SELL, 3, 100, **OTHER))

    maker, taker = reports[1:]
    assert (maker["sequence"], maker["liquidity"], maker["leaves"]) == (1, 1, 2)
    assert maker["status"] == OrderStatus.PARTIALLY_FILLED
    assert (taker["sequence"], taker["liquidity"], taker["leaves"]) == (2, -1, 0)
    assert taker["status"] == OrderStatus.FILLED


def test_market_data_tell_an_event_order_by_order(engine):
    act(engine, new(1, SELL, 5, 100), new(2, SELL, 5, 101))

    act(engine, new(3, BUY, 12, 101, **OTHER))

    rows = published(engine)
    assert [row["kind"] for row in rows] == [
        EventKind.ORDER_EXECUTE,
        EventKind.ORDER_EXECUTE,
        EventKind.ORDER_ADD,
    ]
    assert [row["reference"] for row in rows] == [1, 2, 3]
    assert [row["size"] for row in rows] == [5, 5, 2]
    assert [row["side"] for row in rows] == [SELL, SELL, BUY]
    assert [row["aggressor"] for row in rows] == [BUY, BUY, 0]
    assert [row["flags"] for row in rows] == [0, 0, RecordFlag.LAST]


def test_nothing_is_written_that_nobody_wants(engine):
    engine.state["outputs"] = 0

    act(engine, new(1, SELL, 5, 100), new(2, BUY, 5, 100, **OTHER), cancel(7))

    assert engine.reports == []
    assert engine.market == []
    assert engine.state["volume"] == 5


# 15: quantity = filled + leaves; a replace states the new total.


def test_rule_15_replace_states_the_new_total(engine):
    act(engine, new(1, BUY, 10, 100), new(2, SELL, 4, 100, **OTHER))

    (report,) = act(engine, replace(1, quantity=7))

    assert report["report"] == ReportType.REPLACED
    assert (report["quantity"], report["filled"], report["leaves"]) == (7, 4, 3)
    assert report["status"] == OrderStatus.PARTIALLY_FILLED


@pytest.mark.parametrize("total", [4, 3, 1])
def test_rule_15_a_total_at_or_below_filled_ends_the_order_as_filled(engine, total):
    act(engine, new(1, BUY, 10, 100), new(2, SELL, 4, 100, **OTHER))

    (report,) = act(engine, replace(1, quantity=total))

    assert report["report"] == ReportType.REPLACED
    assert report["status"] == OrderStatus.FILLED
    assert (report["quantity"], report["filled"], report["leaves"]) == (4, 4, 0)
    assert engine.queue(0, BUY) == []
    assert published(engine)[0]["kind"] == EventKind.ORDER_CANCEL
    assert published(engine)[0]["size"] == 6


def test_rule_15_the_ended_order_is_unknown_from_then_on(engine):
    act(engine, new(1, BUY, 10, 100), new(2, SELL, 4, 100, **OTHER))
    act(engine, replace(1, quantity=4))

    assert told(act(engine, cancel(1))) == [
        (ReportType.CANCEL_REJECTED, Reason.UNKNOWN_ORDER)
    ]


# 16: only a smaller quantity keeps the queue place.


@pytest.fixture
def queue(engine):
    """Orders 1, 2, 3 wait at 100."""
    act(engine, *(new(i, BUY, 10, 100) for i in (1, 2, 3)))
    return engine


def waiting(engine, price=100):
    return [key for _, key, _, at in engine.queue(0, BUY) if at == price]


def test_rule_16_a_smaller_quantity_keeps_the_place(queue):
    act(queue, replace(1, quantity=4))

    assert waiting(queue) == [1, 2, 3]
    (row,) = published(queue)
    assert (row["kind"], row["size"]) == (EventKind.ORDER_MODIFY, 4)


def test_rule_16_a_larger_quantity_goes_to_the_back(queue):
    act(queue, replace(1, quantity=11))

    assert waiting(queue) == [2, 3, 1]
    kinds = [row["kind"] for row in published(queue)]
    assert kinds == [EventKind.ORDER_CANCEL, EventKind.ORDER_ADD]
    assert [row["reference"] for row in published(queue)] == [1, 1]


def test_rule_16_another_price_goes_to_the_back(queue):
    act(queue, replace(1, price=101), replace(1, price=100))

    assert waiting(queue) == [2, 3, 1]


def test_rule_16_another_type_goes_to_the_back(engine):
    act(engine, new(1, SELL, 5, 99), new(2, SELL, 1, 120))
    act(engine, market(3, BUY, 10, protection=1, **OTHER))
    act(engine, new(4, BUY, 10, 100, account=3))
    assert waiting(engine) == [3, 4]

    act(engine, replace(3, kind=OrderType.LIMIT, **OTHER))

    assert waiting(engine) == [4, 3]


def test_rule_16_anything_else_keeps_the_place(queue):
    (report,) = act(queue, replace(1, force=TimeInForce.DAY))

    assert report["report"] == ReportType.REPLACED
    assert waiting(queue) == [1, 2, 3]
    assert published(queue) == []


def test_a_replace_that_crosses_trades(queue):
    act(queue, new(9, SELL, 15, 102, **OTHER))

    reports = act(queue, replace(2, price=102, quantity=12))

    assert fills(reports, 2) == [(12, 102)]
    assert waiting(queue) == [1, 3]
    assert queue.queue(0, SELL) == [(2, 9, 3, 102)]


# 17: a market order takes up to its protection price; the rest stays there.


def test_rule_17_a_market_order_takes_up_to_its_protection_price(engine):
    act(engine, *(new(i, SELL, 5, 99 + i) for i in (1, 2, 3, 4)))

    reports = act(engine, market(9, BUY, 100, protection=2, **OTHER))

    assert fills(reports, 9) == [(5, 100), (5, 101), (5, 102)]
    assert engine.queue(0, BUY) == [(2, 9, 85, 102)]
    assert reports[-1]["price"] == 102


def test_rule_17_the_rest_stays_as_a_limit_that_others_can_hit(engine):
    act(engine, new(1, SELL, 5, 100), market(2, BUY, 8, protection=0, **OTHER))

    reports = act(engine, new(3, SELL, 3, 90, account=3))

    assert fills(reports, 2) == [(3, 100)]
    assert reports[-1]["status"] == OrderStatus.FILLED


def test_rule_17_ticks_are_steps_of_the_tick_table():
    engine = Driver(tables=(STEP_FIVE,))
    act(engine, new(1, SELL, 5, 98), new(2, SELL, 5, 105))

    reports = act(engine, market(9, BUY, 20, protection=3, **OTHER))

    # 98, then 99, 100 and 105.
    assert fills(reports, 9) == [(5, 98), (5, 105)]
    assert engine.queue(0, BUY) == [(2, 9, 10, 105)]


def test_rule_17_the_default_protection_is_the_instruments():
    engine = Driver(protection=(1,))
    act(engine, new(1, BUY, 5, 100), new(2, BUY, 5, 99), new(3, BUY, 5, 98))

    reports = act(engine, market(9, SELL, 20, **OTHER))

    assert fills(reports, 9) == [(5, 100), (5, 99)]
    assert engine.queue(0, SELL) == [(2, 9, 10, 99)]


def test_rule_17_no_opposite_side_is_rejected(engine):
    act(engine, new(1, BUY, 5, 100))

    assert told(act(engine, market(9, BUY, 5, **OTHER))) == [
        (ReportType.REJECTED, Reason.NO_OPPOSITE_SIDE)
    ]


def test_rule_17_without_protection_the_rest_is_cancelled(engine):
    act(engine, new(1, SELL, 5, 100))

    reports = act(engine, market(9, BUY, 8, **OTHER))

    assert reports[-1]["report"] == ReportType.CANCELLED
    assert reports[-1]["reason"] == Reason.NO_OPPOSITE_SIDE
    assert (reports[-1]["filled"], reports[-1]["leaves"]) == (5, 0)
    assert reports[-1]["price"] == NO_PRICE


def test_rule_17_a_limit_may_become_a_market_order(engine):
    act(engine, new(1, SELL, 5, 110), new(2, BUY, 8, 100, **OTHER))

    reports = act(engine, replace(2, kind=OrderType.MARKET, protection=3, **OTHER))

    assert fills(reports, 2) == [(5, 110)]
    assert engine.queue(0, BUY) == [(2, 2, 3, 113)]


# 18: IOC and FOK are judged at arrival, on all size.


def test_rule_18_ioc_takes_what_is_there_and_the_rest_is_cancelled(engine):
    act(engine, new(1, SELL, 5, 100), new(2, SELL, 5, 101))

    reports = act(engine, new(9, BUY, 8, 100, **IOC, **OTHER))

    assert fills(reports, 9) == [(5, 100)]
    assert reports[-1]["reason"] == Reason.IOC_REMAINDER
    assert engine.queue(0, BUY) == []


def test_rule_18_fok_is_filled_whole_over_several_levels(engine):
    act(engine, new(1, SELL, 5, 100), new(2, SELL, 5, 101))

    reports = act(engine, new(9, BUY, 10, 101, **FOK, **OTHER))

    assert fills(reports, 9) == [(5, 100), (5, 101)]


@pytest.mark.parametrize(("quantity", "price"), [(11, 101), (6, 100), (1, 99)])
def test_rule_18_fok_that_cannot_be_filled_whole_changes_nothing(
    engine, quantity, price
):
    act(engine, new(1, SELL, 5, 100), new(2, SELL, 5, 101))

    reports = act(engine, new(9, BUY, quantity, price, **FOK, **OTHER))

    assert told(reports) == [(ReportType.REJECTED, Reason.FOK_NOT_FILLABLE)]
    assert engine.levels(0, SELL) == [(100, 5, 1), (101, 5, 1)]
    assert published(engine) == []


def test_rule_18_size_behind_ones_own_order_does_not_count_for_fok(engine):
    act(engine, new(1, SELL, 5, 100), new(2, SELL, 5, 100, **OTHER))
    act(engine, new(3, SELL, 5, 100))

    reports = act(engine, new(9, BUY, 10, 100, **FOK, **OTHER))

    assert told(reports) == [(ReportType.REJECTED, Reason.FOK_NOT_FILLABLE)]


# 19: a post-only order that would cross is rejected.


@pytest.mark.parametrize("price", [100, 105])
def test_rule_19_post_only_that_would_cross_is_rejected(engine, price):
    act(engine, new(1, SELL, 5, 100))

    reports = act(engine, new(9, BUY, 5, price, **POST_ONLY, **OTHER))

    assert told(reports) == [(ReportType.REJECTED, Reason.POST_ONLY_WOULD_CROSS)]


def test_rule_19_post_only_that_does_not_cross_rests(engine):
    act(engine, new(1, SELL, 5, 100), new(9, BUY, 5, 99, **POST_ONLY, **OTHER))

    assert engine.queue(0, BUY) == [(2, 9, 5, 99)]


TO_REST = {"options": int(OrderOption.RESTING_INTENT)}
CONFIRMED = {"options": int(OrderOption.RESTING_INTENT | OrderOption.CONFIRMED)}


def test_what_a_gesture_meant_to_rest_takes_nothing(engine):
    act(engine, new(1, SELL, 5, 100), new(9, BUY, 5, 98, **OTHER))

    (fresh,) = act(engine, new(8, BUY, 5, 100, **TO_REST, **OTHER))
    (moved,) = act(engine, replace(9, price=100, **TO_REST, **OTHER))

    assert (fresh["report"], fresh["reason"]) == (
        ReportType.REJECTED, Reason.MEANING_CHANGED,
    )  # fmt: skip
    assert (moved["report"], moved["reason"]) == (
        ReportType.REPLACE_REJECTED, Reason.MEANING_CHANGED,
    )  # fmt: skip
    assert engine.queue(0, BUY) == [(2, 9, 5, 98)]
    act(engine, replace(9, price=99, **TO_REST, **OTHER))
    assert engine.queue(0, BUY) == [(2, 9, 5, 99)]


def test_what_was_confirmed_takes(engine):
    act(engine, new(1, SELL, 5, 100), new(9, BUY, 5, 98, **TO_REST, **OTHER))

    reports = act(engine, replace(9, price=100, **CONFIRMED, **OTHER))

    assert (ReportType.FILL, 0) in told(reports)
    assert not engine.queue(0, BUY)


def test_rule_19_a_replace_that_would_cross_is_rejected_and_the_order_stays(engine):
    act(engine, new(1, SELL, 5, 100), new(9, BUY, 5, 99, **POST_ONLY, **OTHER))

    (report,) = act(engine, replace(9, price=100, quantity=7, **OTHER))

    assert report["report"] == ReportType.REPLACE_REJECTED
    assert report["reason"] == Reason.POST_ONLY_WOULD_CROSS
    assert (report["status"], report["leaves"]) == (OrderStatus.NEW, 5)
    assert engine.queue(0, BUY) == [(2, 9, 5, 99)]


# 41: self-match within the account: the newest is cancelled.


def test_rule_41_the_newest_is_cancelled_at_the_match(engine):
    act(engine, new(1, SELL, 5, 100))

    reports = act(engine, new(2, BUY, 5, 100))

    assert told(reports) == [
        (ReportType.NEW, Reason.NONE),
        (ReportType.CANCELLED, Reason.SELF_MATCH),
    ]
    assert engine.queue(0, SELL) == [(1, 1, 5, 100)]
    assert engine.queue(0, BUY) == []


def test_rule_41_what_the_newest_filled_with_others_before_stays(engine):
    act(engine, new(1, SELL, 5, 100, **OTHER), new(2, SELL, 5, 100))
    act(engine, new(3, SELL, 5, 100, **OTHER))

    reports = act(engine, new(9, BUY, 12, 100))

    assert fills(reports, 9) == [(5, 100)]
    last = reports[-1]
    assert last["reason"] == Reason.SELF_MATCH
    assert (last["quantity"], last["filled"], last["leaves"]) == (12, 5, 0)
    assert engine.levels(0, SELL) == [(100, 10, 2)]


def test_rule_41_a_replace_that_meets_its_own_account_is_the_newest(engine):
    act(engine, new(1, SELL, 5, 100), new(2, BUY, 5, 99))

    reports = act(engine, replace(2, price=100))

    assert told(reports) == [
        (ReportType.REPLACED, Reason.NONE),
        (ReportType.CANCELLED, Reason.SELF_MATCH),
    ]
    assert engine.queue(0, SELL) == [(1, 1, 5, 100)]


def test_rule_41_accounts_may_trade_with_each_other(engine):
    act(engine, new(1, SELL, 5, 100))

    assert fills(act(engine, new(1, BUY, 5, 100, **OTHER))) == [(5, 100)] * 2


# Identity, room, bounds.


def test_an_id_is_unique_within_its_account(engine):
    act(engine, new(1, BUY, 5, 100))

    again = act(engine, new(1, BUY, 5, 90))
    other = act(engine, new(1, BUY, 5, 90, **OTHER))

    assert told(again) == [(ReportType.REJECTED, Reason.DUPLICATE_ORDER_ID)]
    assert told(other) == [(ReportType.NEW, Reason.NONE)]


def test_another_account_cannot_touch_an_order(engine):
    act(engine, new(1, BUY, 5, 100))

    for command in (cancel(1, **OTHER), replace(1, quantity=2, **OTHER)):
        assert act(engine, command)[0]["reason"] == Reason.UNKNOWN_ORDER
    assert engine.queue(0, BUY) == [(1, 1, 5, 100)]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_full_pool_rejects_and_has_room_again(side):
    engine = Driver(orders=3)
    act(engine, *(new(i, side, 5, 100 - side * i) for i in (1, 2, 3)))

    full = act(engine, new(4, side, 5, 100))
    taker = act(engine, new(5, -side, 5, 100 - side, **OTHER))
    act(engine, cancel(2))
    after = act(engine, new(6, side, 5, 100))

    assert told(full) == [(ReportType.REJECTED, Reason.POOL_FULL)]
    assert told(taker) == [(ReportType.REJECTED, Reason.POOL_FULL)]
    assert told(after) == [(ReportType.NEW, Reason.NONE)]


def test_every_order_may_have_a_price_of_its_own_far_apart():
    engine = Driver(orders=120)
    for i in range(60):
        act(engine, new(i + 1, BUY, 1, -(2**62) + 1 + 2**i))
        act(engine, new(i + 101, SELL, 1, 2**62 - 1 - 2**i))

    assert len(engine.levels(0, BUY)) == 60
    assert len(engine.levels(0, SELL)) == 60
    assert engine.act(new(999, BUY, 1, 0)) == Reason.POOL_FULL


@pytest.mark.parametrize("price", [2**62, -(2**62), 2**63 - 1, NO_PRICE])
def test_a_price_out_of_bounds_is_rejected(engine, price):
    assert engine.act(new(1, BUY, 5, price)) == Reason.BAD_PRICE


def test_prices_at_the_bounds_zero_and_negative_trade(engine):
    lowest, highest = 1 - 2**62, 2**62 - 1
    for maker, taker in ((lowest, lowest), (highest, highest), (0, -3), (-7, -7)):
        act(engine, new(1, BUY, 5, maker))
        reports = act(engine, new(2, SELL, 5, taker, **OTHER))
        assert fills(reports, 2) == [(5, maker)]
    act(engine, new(1, BUY, 5, lowest), new(2, SELL, 5, highest))
    assert engine.levels(0, BUY) == [(lowest, 5, 1)]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_protection_stays_within_the_bounds(side):
    engine = Driver(tables=(((LOWEST, 7),),))
    edge = side * ((2**62 - 1) // 7 * 7)
    act(engine, new(1, -side, 5, edge - side * 7))

    act(engine, market(2, side, 9, protection=50, **OTHER))

    assert engine.queue(0, side) == [(2, 2, 4, edge)]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (new(1, BUY, 0, 100), Reason.BAD_QUANTITY),
        (new(1, BUY, -5, 100), Reason.BAD_QUANTITY),
        (new(1, BUY, 2**42 + 1, 100), Reason.QUANTITY_TOO_LARGE),
        (new(1, BUY, 5, 100, instrument=1), Reason.UNKNOWN_INSTRUMENT),
        (new(1, BUY, 5, 100, instrument=-1), Reason.UNKNOWN_INSTRUMENT),
        (new(1, 0, 5, 100), Reason.UNSUPPORTED),
        (new(1, BUY, 5, 100, kind=OrderType.STOP), Reason.BAD_PRICE),
        (new(1, BUY, 5, 100, kind=OrderType.STOP, **IOC), Reason.UNSUPPORTED),
        (new(1, BUY, 5, 100, trail=3), Reason.UNSUPPORTED),
        (new(1, BUY, 5, 100, kind=OrderType.TRAILING_STOP), Reason.UNSUPPORTED),
        (new(1, BUY, 5, 100, kind=7), Reason.UNSUPPORTED),
        (new(1, BUY, 5, 100, force=TimeInForce.GTD), Reason.EXPIRED),
        (new(1, BUY, 5, 100, display=2, **IOC), Reason.UNSUPPORTED),
        (new(1, BUY, 2**40, 100, display=1), Reason.BAD_QUANTITY),
        (new(1, BUY, 5, 100, options=OrderOption.REDUCE_ONLY), Reason.UNSUPPORTED),
        (new(1, BUY, 5, 100, role=1), Reason.UNSUPPORTED),
        (new(1, BUY, 5, 100, **POST_ONLY, **IOC), Reason.UNSUPPORTED),
        (market(1, BUY, 5, **POST_ONLY), Reason.UNSUPPORTED),
        (Cmd(99, 1), Reason.UNSUPPORTED),
    ],
)
def test_what_cannot_be_an_order_is_rejected(engine, command, reason):
    reports = act(engine, new(9, SELL, 5, 100, account=7), command)

    assert told(reports) == [(ReportType.REJECTED, reason)]
    assert engine.levels(0, SELL) == [(100, 5, 1)]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (replace(1, quantity=-1), Reason.BAD_QUANTITY),
        (replace(1, quantity=2**42 + 1), Reason.QUANTITY_TOO_LARGE),
        (replace(1, price=2**62), Reason.BAD_PRICE),
        (replace(1, kind=OrderType.MARKET), Reason.NO_OPPOSITE_SIDE),
    ],
)
def test_a_refused_replace_leaves_the_order(engine, command, reason):
    act(engine, new(1, BUY, 5, 100))

    assert told(act(engine, command)) == [(ReportType.REPLACE_REJECTED, reason)]
    assert engine.queue(0, BUY) == [(1, 1, 5, 100)]


def test_instruments_do_not_meet():
    engine = Driver(tables=(TICK_ONE, TICK_ONE), protection=(-1, -1))

    act(engine, new(1, BUY, 5, 100), new(2, SELL, 5, 100, instrument=1, **OTHER))

    assert engine.queue(0, BUY) == [(1, 1, 5, 100)]
    assert engine.queue(1, SELL) == [(2, 2, 5, 100)]


def test_the_book_is_restored_by_copying_its_bytes(engine):
    act(engine, *(new(i, BUY, 5, 100 - i % 3) for i in range(1, 20)))
    kept = engine.arena.bytes.copy()
    before = engine.queue(0, BUY)
    act(engine, new(50, SELL, 60, 98, **OTHER), cancel(5), new(70, BUY, 1, 1))

    engine.arena.bytes[:] = kept

    assert engine.queue(0, BUY) == before
    engine.check()
    assert engine.arena.used(Section.MATCH_ORDERS) == 20
