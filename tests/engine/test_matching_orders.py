"""The matching engine's orders that are more than plain ones, rule by rule."""

import numpy as np
import pytest

from app.engine.arena import Section
from app.engine.conditional.state import FILLED_KEPT
from app.engine.exchange.unit import match_batch
from app.engine.matching_positions import write_position
from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    SELL,
    Action,
    EventKind,
    GroupRole,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    SessionState as Session,
    TimeInForce as Force,
    TradeCondition,
    Trigger,
)
from app.session_rows import SessionFlag
from tests.engine.matching_driver import (
    MARKET_FIELDS,
    REPORT_FIELDS,
    Cmd,
    Driver,
    cancel,
    market,
    new,
    replace,
)

OTHER = {"account": 2}
THIRD = {"account": 3}
OURS = {"account": 0}
REDUCE = {"options": OrderOption.REDUCE_ONLY, "account": 0}


@pytest.fixture
def engine():
    return Driver(accounts=2)


def named(rows, fields):
    return [dict(zip(fields, row, strict=True)) for row in rows]


def act(engine, *commands):
    """Act on commands; the reports of the last one, by field name."""
    for each in commands:
        engine.act(each)
        engine.check()
    return named(engine.reports, REPORT_FIELDS)


def told(reports, *keys):
    """Some fields of reports."""
    return [tuple(each[key] for key in keys) for each in reports]


def stop(key, side, quantity, at, **more):
    kind = more.pop("kind", OrderType.STOP)
    return Cmd(
        Action.NEW, key, side=side, quantity=quantity, kind=kind, stop=at, **more
    )


def trail(key, side, quantity, distance, **more):
    more.setdefault("kind", OrderType.TRAILING_STOP)
    return Cmd(Action.NEW, key, side=side, quantity=quantity, trail=distance, **more)


def member(key, side, quantity, price, role, group=1, **more):
    return new(key, side, quantity, price, role=role, group=group, **more)


def session(state, instrument=0):
    return Cmd(Action.SET_SESSION, 0, instrument=instrument, value=state)


def trade_at(price, key=900):
    """Two commands of others that trade one unit at a price."""
    return (
        new(key, SELL, 1, price, account=8),
        new(key + 1, BUY, 1, price, account=9, force=Force.IOC),
    )


# Icebergs.


def test_rule_16_an_iceberg_shows_its_peak_and_its_refill_joins_the_back(engine):
    act(engine, new(1, BUY, 6, 100, display=2), new(2, BUY, 3, 100, **OTHER))
    assert engine.levels(0, BUY) == [(100, 5, 2)]

    act(engine, market(3, SELL, 4, **THIRD))

    assert engine.queue(0, BUY) == [(2, 2, 1, 100), (1, 1, 2, 100)]
    kinds = [row["kind"] for row in named(engine.market, MARKET_FIELDS)]
    execute, add = EventKind.ORDER_EXECUTE, EventKind.ORDER_ADD
    assert kinds == [execute, add, execute]


def test_rule_16_an_icebergs_reports_tell_all_that_is_open(engine):
    act(engine, new(1, BUY, 6, 100, display=2))

    maker, _ = act(engine, market(3, SELL, 2, **OTHER))[1:]

    assert (maker["filled"], maker["leaves"]) == (2, 4)
    assert maker["status"] == OrderStatus.PARTIALLY_FILLED


def test_rule_16_a_smaller_iceberg_keeps_its_place_and_its_peak(engine):
    act(engine, new(1, BUY, 9, 100, display=3), new(2, BUY, 3, 100, **OTHER))

    act(engine, replace(1, quantity=4))
    assert engine.market == []
    assert engine.queue(0, BUY) == [(1, 1, 3, 100), (2, 2, 3, 100)]

    act(engine, replace(1, quantity=2))
    assert engine.queue(0, BUY) == [(1, 1, 2, 100), (2, 2, 3, 100)]


def test_rule_18_hidden_size_counts_for_fill_or_kill(engine):
    act(engine, new(1, SELL, 10, 100, display=2))

    reports = act(engine, new(2, BUY, 9, 100, force=Force.FOK, **OTHER))

    assert reports[-1]["status"] == OrderStatus.FILLED
    assert engine.levels(0, SELL) == [(100, 1, 1)]


def test_rule_18_hidden_size_behind_an_own_order_does_not_count(engine):
    act(engine, new(1, SELL, 10, 100, display=2), new(2, SELL, 1, 100, **OTHER))

    reports = act(engine, new(3, BUY, 5, 100, force=Force.FOK, **OTHER))

    assert told(reports, "reason") == [(Reason.FOK_NOT_FILLABLE,)]


def test_the_peaks_of_all_icebergs_are_bounded(engine):
    for key in range(16):
        act(engine, new(1 + key, BUY, 2**12, 50, display=1))

    reports = act(engine, new(50, BUY, 2**12, 50, display=1))

    assert told(reports, "reason") == [(Reason.POOL_FULL,)]


# Stops.


def test_rule_21_a_trade_at_the_stop_triggers_it(engine):
    act(engine, *trade_at(100), stop(1, BUY, 2, 102), new(5, SELL, 5, 103, **OTHER))
    assert act(engine, *trade_at(101))[-1]["report"] == ReportType.FILL

    reports = act(engine, *trade_at(102))

    assert told(reports[3:], "client_order_id", "report", "status") == [
        (1, ReportType.TRIGGERED, OrderStatus.TRIGGERED),
        (5, ReportType.FILL, OrderStatus.PARTIALLY_FILLED),
        (1, ReportType.FILL, OrderStatus.FILLED),
    ]


def test_rule_21_one_sweep_shows_stops_its_first_and_its_last_price(engine):
    act(
        engine,
        *(stop(1, SELL, 1, 95), stop(2, BUY, 1, 105)),
        *(new(10, SELL, 1, 90, **OTHER), new(11, SELL, 1, 106, **OTHER)),
    )

    reports = act(engine, market(12, BUY, 2, **THIRD))

    triggered = [r for r in reports if r["report"] == ReportType.TRIGGERED]
    assert [each["client_order_id"] for each in triggered] == [1, 2]


@pytest.mark.parametrize("trigger", [Trigger.TOUCH, Trigger.MID, Trigger.MARK])
def test_rule_21_touch_mid_and_mark_trigger_without_a_trade(engine, trigger):
    act(engine, new(5, BUY, 5, 99, **OTHER), new(6, SELL, 5, 101, **OTHER))
    act(engine, stop(1, BUY, 2, 104, trigger=trigger))

    reports = act(
        engine, cancel(6, **OTHER), new(7, SELL, 5, 112, **OTHER), cancel(5, **OTHER)
    )
    reports += act(engine, new(8, BUY, 1, 98, **OTHER))

    assert engine.queue(0, BUY)[0][:2] != (1, 1)
    assert engine.queue(0, SELL) == [(2, 7, 3, 112)]


def test_rule_22_a_triggered_stop_is_protected_from_its_stop_price(engine):
    act(engine, *trade_at(100), stop(1, BUY, 5, 102, protection=3))
    act(engine, new(5, SELL, 2, 104, **OTHER), new(6, SELL, 9, 106, **OTHER))

    act(engine, *trade_at(102))

    assert engine.queue(0, BUY) == [(1, 1, 3, 105)]


def test_rule_22_a_stop_through_the_market_is_rejected(engine):
    act(engine, *trade_at(100))

    for each in (stop(1, BUY, 1, 100), stop(2, SELL, 1, 100)):
        reports = act(engine, each)
        assert told(reports, "reason") == [(Reason.STOP_THROUGH_MARKET,)]


def test_rule_22_a_replace_that_puts_a_stop_through_is_refused(engine):
    act(engine, *trade_at(100), stop(1, SELL, 1, 95))

    refused = act(engine, replace(1, stop=100))
    moved = act(engine, replace(1, stop=97))

    assert told(refused, "report", "reason", "stop_price") == [
        (ReportType.REPLACE_REJECTED, Reason.STOP_THROUGH_MARKET, 95)
    ]
    assert told(moved, "report", "status", "stop_price") == [
        (ReportType.REPLACED, OrderStatus.INACTIVE, 97)
    ]


def test_rule_22_a_stop_limit_keeps_its_limit(engine):
    act(engine, *trade_at(100))
    act(engine, stop(1, BUY, 2, 102, kind=OrderType.STOP_LIMIT, price=101))

    act(engine, *trade_at(102))

    assert engine.queue(0, BUY) == [(1, 1, 2, 101)]


def test_a_triggered_stop_may_trigger_others(engine):
    act(engine, *trade_at(100), new(5, BUY, 1, 95, **OTHER))
    act(engine, new(6, BUY, 5, 90, **OTHER))
    act(engine, stop(1, SELL, 1, 98), stop(2, SELL, 1, 95, **THIRD))

    reports = act(engine, *trade_at(98))

    triggered = [r for r in reports if r["report"] == ReportType.TRIGGERED]
    assert [each["client_order_id"] for each in triggered] == [1, 2]
    assert engine.queue(0, BUY) == [(2, 6, 4, 90)]


def test_rule_23_a_trailing_stop_follows_only_in_favour_and_tells(engine):
    act(engine, *trade_at(100), trail(1, SELL, 1, 5))

    moved = act(engine, *trade_at(104))
    assert told(moved[-1:], "report", "reason", "stop_price") == [
        (ReportType.REPLACED, Reason.TRAILED, 99)
    ]

    kept = act(engine, *trade_at(101))
    assert kept[-1]["report"] == ReportType.FILL
    triggered = act(engine, *trade_at(99))
    assert triggered[3]["report"] == ReportType.TRIGGERED


def test_rule_23_a_trail_waits_for_its_triggers_first_price(engine):
    accepted = act(engine, trail(1, BUY, 1, -100_000))
    assert told(accepted, "status", "stop_price") == [(OrderStatus.INACTIVE, NO_PRICE)]

    assert act(engine, *trade_at(95))[-1]["stop_price"] == 105


def test_rule_23_a_trailing_stop_limits_limit_moves_with_it(engine):
    kind = OrderType.TRAILING_STOP_LIMIT
    act(engine, *trade_at(100), trail(1, SELL, 1, 5, price=94, kind=kind))

    moved = act(engine, *trade_at(103))

    assert told(moved[-1:], "stop_price", "price") == [(98, 97)]


# Times and hours.


def test_rule_25_gtd_ends_at_its_time_with_the_next_event(engine):
    act(engine, new(1, BUY, 1, 100, force=Force.GTD, expire=2_000))

    reports = act(engine, new(2, SELL, 1, 100, time=2_000, **OTHER))

    assert told(reports, "client_order_id", "report", "status") == [
        (1, ReportType.EXPIRED, OrderStatus.EXPIRED),
        (2, ReportType.NEW, OrderStatus.NEW),
    ]


def test_rule_25_time_passes_without_commands(engine):
    act(engine, new(1, BUY, 1, 100, force=Force.GTD, expire=2_000))

    match_batch(engine.arena.address, 1_999, 0)
    assert engine.reports == []
    match_batch(engine.arena.address, 2_000, 0)

    assert named(engine.reports, REPORT_FIELDS)[0]["reason"] == Reason.EXPIRED
    engine.check()


def test_rule_24_orders_without_the_flag_leave_and_come_back_in_their_order(engine):
    act(engine, new(1, BUY, 1, 99), new(2, BUY, 1, 100), new(3, BUY, 1, 100, **OTHER))
    flagged = {"options": OrderOption.OUTSIDE_HOURS, "account": 3}
    act(engine, new(4, BUY, 1, 98, **flagged), new(5, BUY, 1, 97, force=Force.DAY))

    gone = act(engine, session(Session.EXTENDED))
    assert told(gone, "client_order_id", "report", "status") == [
        (2, ReportType.REPLACED, OrderStatus.HELD),
        (3, ReportType.REPLACED, OrderStatus.HELD),
        (1, ReportType.REPLACED, OrderStatus.HELD),
        (5, ReportType.EXPIRED, OrderStatus.EXPIRED),
    ]
    assert engine.queue(0, BUY) == [(3, 4, 1, 98)]

    act(engine, session(Session.OPEN))
    assert [each[1] for each in engine.queue(0, BUY)] == [2, 3, 1, 4]


def test_rule_24_a_stop_sees_no_price_outside_its_hours(engine):
    act(engine, *trade_at(100), stop(1, SELL, 1, 95), session(Session.EXTENDED))
    outside = {"options": OrderOption.OUTSIDE_HOURS}
    act(engine, new(7, SELL, 1, 90, account=8, **outside))
    act(engine, new(8, BUY, 1, 90, account=9, **outside))

    back = act(engine, session(Session.OPEN))

    assert told(back, "report", "status") == [
        (ReportType.REPLACED, OrderStatus.INACTIVE)
    ]


@pytest.mark.parametrize("state", [Session.EXTENDED, Session.CLOSED])
def test_rule_24_an_order_outside_its_hours_is_held_or_refused(engine, state):
    act(engine, session(state))

    held = act(engine, new(1, BUY, 1, 100))
    refused = act(engine, new(2, BUY, 1, 100, force=Force.IOC))

    assert told(held, "status") == [(OrderStatus.HELD,)]
    assert told(refused, "reason") == [(Reason.CLOSED,)]


# Halts and auctions.


def test_rule_26_in_a_halt_orders_gather_and_nothing_happens(engine):
    act(engine, *trade_at(100), stop(1, BUY, 1, 102), new(2, SELL, 5, 101, **OTHER))
    act(engine, session(Session.HALTED))

    act(engine, new(3, BUY, 5, 103, **THIRD))
    refused = act(engine, market(4, BUY, 1, **THIRD))
    act(engine, cancel(2, **OTHER))

    assert told(refused, "reason") == [(Reason.HALTED,)]
    assert engine.queue(0, BUY) == [(3, 3, 5, 103)]
    assert engine.queue(0, SELL) == []


def test_rule_26_the_auction_price_has_the_largest_volume_then_is_nearest_the_last(
    engine,
):
    act(engine, *trade_at(101), session(Session.HALTED), new(1, BUY, 5, 103))
    act(engine, new(2, SELL, 4, 100, **OTHER), new(3, SELL, 4, 102, **OTHER))

    reports = act(engine, session(Session.OPEN))

    assert {r["last_price"] for r in reports} == {102}
    assert engine.queue(0, SELL) == [(2, 3, 3, 102)]
    published = named(engine.market, MARKET_FIELDS)
    prints = [row for row in published if row["kind"] == EventKind.TRADE]
    both = TradeCondition.CROSS | TradeCondition.AUCTION
    assert told(prints, "price", "size", "conditions") == [(102, 5, both)]
    taken = [row for row in published if row["kind"] == EventKind.ORDER_CANCEL]
    assert sum(row["size"] for row in taken) == 10
    assert published[-1]["kind"] == EventKind.SESSION


@pytest.mark.parametrize(
    ("last", "price"),
    [(90, 100), (104, 104), (110, 110), (130, 110)],
)
def test_rule_26_prices_between_orders_count(engine, last, price):
    act(engine, *trade_at(last), session(Session.HALTED))
    act(engine, new(1, BUY, 5, 110), new(2, SELL, 5, 100, **OTHER))

    reports = act(engine, session(Session.OPEN))

    assert {r["last_price"] for r in reports} == {price}


def test_rule_26_without_a_last_price_the_lower_of_equal_ones_is_taken(engine):
    act(engine, session(Session.PRE_OPEN))
    act(engine, new(1, BUY, 5, 110), new(2, SELL, 5, 100, **OTHER))

    assert act(engine, session(Session.OPEN))[0]["last_price"] == 100


def test_rule_25_market_orders_go_first_and_what_is_missed_ends(engine):
    at_open = {"force": Force.AT_THE_OPEN}
    act(engine, session(Session.PRE_OPEN), new(1, BUY, 5, 105))
    act(engine, market(2, BUY, 3, **at_open, **OTHER))
    act(engine, new(3, BUY, 2, 99, **at_open, **OTHER), new(4, SELL, 6, 100, **THIRD))

    reports = act(engine, session(Session.OPEN))

    filled = [r["client_order_id"] for r in reports if r["report"] == ReportType.FILL]
    assert filled == [2, 4, 1, 4]
    ended = [r for r in reports if r["report"] == ReportType.CANCELLED]
    assert told(ended, "client_order_id", "reason") == [(3, Reason.AUCTION_MISSED)]
    assert engine.queue(0, BUY) == [(1, 1, 2, 105)]


def test_rule_25_orders_at_the_close_wait_for_it(engine):
    act(engine, session(Session.OPEN), new(1, BUY, 5, 100, force=Force.AT_THE_CLOSE))
    act(engine, new(2, SELL, 5, 100, **OTHER))
    assert engine.levels(0, BUY) == []

    act(engine, session(Session.CLOSING_AUCTION))
    assert engine.levels(0, BUY) == [(100, 5, 1)]
    reports = act(engine, session(Session.CLOSED))

    assert (
        told(reports, "report", "status") == [(ReportType.FILL, OrderStatus.FILLED)] * 2
    )


def test_rule_26_an_accounts_newest_order_is_cancelled_in_an_auction(engine):
    act(engine, session(Session.HALTED), new(1, BUY, 5, 105), new(2, SELL, 5, 100))

    reports = act(engine, session(Session.OPEN))

    assert told(reports, "client_order_id", "reason") == [(2, Reason.SELF_MATCH)]
    assert engine.queue(0, BUY) == [(1, 1, 5, 105)]


def test_rule_26_stops_see_the_auctions_print(engine):
    act(engine, *trade_at(100), stop(1, SELL, 1, 95), session(Session.HALTED))
    act(engine, new(2, BUY, 5, 94, **OTHER), new(3, SELL, 4, 94, **THIRD))

    reports = act(engine, session(Session.OPEN))

    assert [r["client_order_id"] for r in reports[2:]] == [1, 2, 1]
    assert reports[2]["report"] == ReportType.TRIGGERED


# Reduce-only.


def test_rule_20_leaves_are_cut_at_arrival_and_with_the_position():
    engine = Driver(accounts=2)
    write_position(engine.arena, 0, 5)
    reports = act(engine, new(1, SELL, 8, 105, **REDUCE))
    assert told(reports, "report", "leaves", "reason") == [
        (ReportType.NEW, 8, Reason.NONE),
        (ReportType.REPLACED, 5, Reason.NOT_REDUCING),
    ]

    act(engine, new(2, BUY, 3, 99, **OTHER), new(3, SELL, 3, 99, **OURS))
    assert engine.queue(0, SELL) == [(0, 1, 2, 105)]
    act(engine, new(4, BUY, 2, 98, **OTHER))
    ended = act(engine, market(5, SELL, 2, **OURS))

    assert told(ended[-1:], "client_order_id", "report", "reason") == [
        (1, ReportType.CANCELLED, Reason.NOT_REDUCING)
    ]


def test_rule_20_one_sweep_never_flips_a_position():
    engine = Driver(accounts=2)
    write_position(engine.arena, 0, 5)
    act(engine, new(1, SELL, 5, 105, **REDUCE), new(2, SELL, 5, 106, **REDUCE))

    act(engine, new(3, BUY, 9, 110, **OTHER))

    assert engine.position(0, 0) == 0
    assert engine.queue(0, BUY) == [(2, 3, 4, 110)]


def test_rule_42_a_strategys_exit_reduces_what_the_strategy_holds():
    engine = Driver(accounts=1)
    write_position(engine.arena, 0, 5, strategy=1)
    write_position(engine.arena, 0, 0)

    taken = act(engine, new(1, SELL, 3, 105, strategy=1, **REDUCE))
    refused = act(engine, new(2, SELL, 3, 105, strategy=2, **REDUCE))

    assert told(taken, "leaves") == [(3,)]
    assert told(refused, "reason") == [(Reason.NOT_REDUCING,)]


# Groups.


def bracket(entry, target, stop_price):
    """Exits first, then the entry, as the gate sends them."""
    return (
        member(2, SELL, 5, target, GroupRole.BRACKET_TARGET),
        stop(3, SELL, 5, stop_price, role=GroupRole.BRACKET_STOP, group=1),
        member(1, BUY, 5, entry, GroupRole.BRACKET_ENTRY),
    )


def test_rule_28_exits_wait_for_their_entry_and_grow_with_it(engine):
    exits = act(engine, bracket(100, 110, 95)[0])
    assert told(exits, "status", "quantity") == [(OrderStatus.HELD, 0)]
    act(engine, *bracket(100, 110, 95)[1:])

    reports = act(engine, market(9, SELL, 2, **OTHER))

    changes = [r for r in reports if r["report"] == ReportType.REPLACED]
    assert sorted(told(changes, "client_order_id", "status", "leaves", "reason")) == [
        (2, OrderStatus.NEW, 2, Reason.GROUP),
        (3, OrderStatus.INACTIVE, 2, Reason.GROUP),
    ]
    act(engine, new(8, SELL, 3, 100, **OTHER))
    assert engine.queue(0, SELL) == [(1, 2, 5, 110)]


def test_rule_29_exits_of_one_group_change_for_it_and_not_for_the_position(engine):
    legs = bracket(100, 110, 95)
    exits = [each._replace(options=int(OrderOption.REDUCE_ONLY)) for each in legs[:2]]
    act(engine, *(each._replace(account=0) for each in (*exits, legs[2])))
    act(engine, new(8, SELL, 5, 100, **OTHER))

    part = act(engine, new(7, BUY, 2, 110, **OTHER))
    rest = act(engine, new(6, BUY, 3, 110, **OTHER))

    mates = [r for r in (*part, *rest) if r["client_order_id"] == 3]
    assert told(mates, "report", "leaves", "reason") == [
        (ReportType.REPLACED, 3, Reason.GROUP),
        (ReportType.CANCELLED, 0, Reason.GROUP),
    ]


def test_rule_28_an_exit_that_closed_all_waits_while_its_entry_works(engine):
    act(engine, *bracket(100, 110, 95), market(9, SELL, 2, **OTHER))

    reports = act(engine, new(8, BUY, 2, 110, **OTHER))

    fills = [r for r in reports if r["client_order_id"] == 2]
    assert told(fills, "status", "filled", "leaves") == [(OrderStatus.HELD, 2, 0)]
    ended = act(engine, cancel(1))
    assert told(ended, "client_order_id", "report", "status") == [
        (1, ReportType.CANCELLED, OrderStatus.CANCELLED),
        (3, ReportType.CANCELLED, OrderStatus.CANCELLED),
        (2, ReportType.REPLACED, OrderStatus.FILLED),
    ]


def test_rule_28_a_refused_entry_ends_its_exits(engine):
    target, protection, entry = bracket(100, 110, 95)
    act(engine, target, protection)

    reports = act(engine, entry._replace(quantity=0))

    assert [r["client_order_id"] for r in reports] == [1, 3, 2]


def test_rule_28_a_brackets_stop_already_reached_triggers_at_once(engine):
    act(engine, *bracket(100, 110, 99), new(8, BUY, 9, 90, **OTHER))
    act(engine, new(7, BUY, 1, 98, account=5))

    reports = act(engine, new(9, SELL, 6, 98, account=4))

    assert ReportType.TRIGGERED in [r["report"] for r in reports]


def test_rule_29_in_one_sweep_no_more_is_filled_than_the_group_has_left(engine):
    exits = GroupRole.OCO_EXIT
    act(engine, member(1, SELL, 5, 105, exits), member(2, SELL, 5, 106, exits))

    act(engine, new(3, BUY, 9, 110, **OTHER))

    assert engine.queue(0, BUY) == [(2, 3, 4, 110)]


def test_rule_29_the_first_fill_of_an_entry_cancels_the_others_in_the_sweep(engine):
    entries = GroupRole.OCO_ENTRY
    act(engine, member(1, BUY, 5, 99, entries), member(2, BUY, 5, 98, entries))

    reports = act(engine, new(3, SELL, 9, 90, **OTHER))

    cancelled = [r for r in reports if r["report"] == ReportType.CANCELLED]
    assert told(cancelled, "client_order_id", "reason") == [(2, Reason.GROUP)]
    assert engine.queue(0, SELL) == [(2, 3, 4, 90)]


def test_rule_29_an_entry_that_comes_after_the_first_fill_is_cancelled(engine):
    entries = GroupRole.OCO_ENTRY
    act(engine, new(1, SELL, 5, 100, **OTHER))
    act(engine, member(2, BUY, 3, 100, entries))

    late = act(engine, member(3, BUY, 3, 98, entries))
    crossing = act(engine, member(4, BUY, 3, 100, entries))
    fresh = act(engine, member(5, BUY, 3, 98, entries, group=2))

    for reports, key in ((late, 3), (crossing, 4)):
        assert told(reports, "client_order_id", "report", "reason", "filled") == [
            (key, ReportType.CANCELLED, Reason.GROUP, 0)
        ]
    assert told(fresh, "report") == [(ReportType.NEW,)]
    assert [row[1] for row in engine.queue(0, BUY)] == [5]


def test_rule_29_so_many_groups_are_remembered_and_no_more(engine):
    entries = GroupRole.OCO_ENTRY
    for group in range(1, FILLED_KEPT + 2):
        act(engine, new(2 * group, SELL, 1, 100, **OTHER))
        act(engine, member(2 * group + 1, BUY, 1, 100, entries, group=group))

    second = act(engine, member(9001, BUY, 1, 90, entries, group=2))
    first = act(engine, member(9002, BUY, 1, 90, entries, group=1))

    assert told(second, "report") == [(ReportType.CANCELLED,)]
    assert told(first, "report") == [(ReportType.NEW,)]


def test_rule_29_a_manual_change_of_one_exit_changes_the_others(engine):
    exits = GroupRole.OCO_EXIT
    act(engine, member(1, SELL, 5, 105, exits), member(2, SELL, 5, 106, exits))

    act(engine, replace(1, quantity=3))

    assert engine.queue(0, SELL) == [(1, 1, 3, 105), (1, 2, 3, 106)]


def test_rule_24_sessions_tell_where_regular_hours_begin_and_end(engine):
    walk = (
        (Session.OPENING_AUCTION, 0),
        (Session.OPEN, SessionFlag.REGULAR_BEGINS),
        (Session.HALTED, 0),
        (Session.OPEN, 0),
        (Session.CLOSING_AUCTION, 0),
        (Session.CLOSED, SessionFlag.REGULAR_ENDS),
        (Session.EXTENDED, 0),
        (Session.OPEN, SessionFlag.REGULAR_BEGINS),
        (Session.EXTENDED, SessionFlag.REGULAR_ENDS),
    )
    for state, flags in walk:
        engine.act(session(state))
        (row,) = [
            each
            for each in engine.market
            if each[MARKET_FIELDS.index("kind")] == EventKind.SESSION
        ]
        assert row[MARKET_FIELDS.index("reference")] == flags


# Capacity.


@pytest.mark.slow
def test_a_million_orders_at_one_price_trade_in_their_order():
    count = 1_000_000
    engine = Driver(orders=count + 1)
    engine.state["outputs"] = 0
    records = np.zeros(count, COMMAND)
    records["action"], records["order_type"] = Action.NEW, OrderType.LIMIT
    records["time_in_force"], records["side"] = Force.GTC, SELL
    records["client_order_id"] = 1 + np.arange(count)
    records["account"], records["price"], records["quantity"] = 1, 100, 2

    assert match_batch(engine.arena.address, records.ctypes.data, count) == count
    assert engine.levels(0, SELL) == [(100, 2 * count, count)]

    records["action"] = Action.CANCEL
    middle = records[1 : count - 1 : 2].copy()
    match_batch(engine.arena.address, middle.ctypes.data, len(middle))
    engine.act(market(count + 5, BUY, count // 2, **OTHER))

    left = engine.queue(0, SELL)
    assert len(left) == count - len(middle) - count // 4
    assert left[0][1] > count // 2 - 3
    assert engine.arena.used(Section.MATCH_ORDERS) == count + 1
