"""Exits, safety states, kill, flatten and loss limits (20, 42, 50-54)."""

import pytest

from app.engine.arena import Section
from app.engine.records import (
    BUY,
    SELL,
    Action,
    GroupRole,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    RiskLimit,
    SafetyState,
    TimeInForce,
)
from app.engine.strategy import StrategyState
from tests.engine.gate_session import MONEY, GateSession, stock

SECOND = 1_000_000_000
REDUCE = {"options": OrderOption.REDUCE_ONLY}
STATES = [SafetyState.VIEW, SafetyState.REDUCE, SafetyState.KILLED]


@pytest.fixture
def session():
    made = GateSession((stock(), stock("OTHER")))
    made.quote(99_99, 100_01)
    made.quote(49_99, 50_01, instrument=1)
    return made.arm()


def set_state(session, state):
    session.command(Action.SET_STATE, value=state)
    session.told()


# What always passes (52).


@pytest.mark.parametrize("state", STATES)
def test_rule_52_cancel_passes_when_not_armed(session, state):
    order = session.new(BUY, 10, 99_00)
    session.accept(order)
    set_state(session, state)

    session.cancel(order)

    assert session.last()["report"] == ReportType.PENDING_CANCEL
    assert session.told() == [("cancel", order)]


def test_rule_52_cancel_passes_when_killed(session):
    test_rule_52_cancel_passes_when_not_armed(session, SafetyState.KILLED)


@pytest.mark.parametrize("state", [SafetyState.VIEW])
def test_rule_52_a_smaller_quantity_passes_when_not_armed(session, state):
    order = session.new(BUY, 10, 99_00)
    session.accept(order)
    set_state(session, state)

    session.replace(order, quantity=4)
    assert session.told() == [("replace", order)]
    session.replace(order, quantity=11)
    assert session.refusal() == Reason.STATE_VIEW
    session.replace(order, price=98_00)
    assert session.refusal() == Reason.STATE_VIEW


@pytest.mark.parametrize("state", STATES)
def test_rule_52_reduce_only_passes_in_every_state(session, state):
    session.trade(BUY, 10, 100_00)
    set_state(session, state)

    session.new(SELL, 10, 100_00, **REDUCE)

    assert session.last()["report"] == ReportType.PENDING_NEW


def test_rule_52_limits_staleness_and_throttles_do_not_block_exits(session):
    session.trade(BUY, 10, 100_00)
    session.limit(RiskLimit.MAX_ORDER_SIZE, 1, instrument=0)
    session.limit(RiskLimit.MAX_ORDER_VALUE, 1)
    session.limit(RiskLimit.MESSAGE_RATE, 1)
    session.limit(RiskLimit.RATE_WINDOW, SECOND)
    session.limit(RiskLimit.STALE_GUARD, 1)
    session.limit(RiskLimit.STALE_AFTER, SECOND)
    session.limit(RiskLimit.SESSION_HOURS, 1)
    session.command(Action.SET_RESTRICTED, instrument=0, value=1)
    session.command(Action.SET_SHORTABLE, instrument=0, value=0)
    session.clock(10 * SECOND)

    for _ in range(2):
        session.new(SELL, 10, 100_00, **REDUCE)
        assert session.last()["report"] == ReportType.PENDING_NEW


def test_rule_52_an_exit_outside_the_collar_is_refused_with_its_price(session):
    session.trade(BUY, 10, 100_00)
    session.limit(RiskLimit.COLLAR, 10_000)

    session.new(SELL, 10, 98_99, **REDUCE)

    assert session.refusal() == Reason.PRICE_COLLAR
    assert session.last()["last_price"] == 99_00


def test_rule_51_every_other_order_is_an_entry_even_if_it_would_reduce(session):
    session.trade(BUY, 10, 100_00)
    set_state(session, SafetyState.REDUCE)

    session.new(SELL, 10, 100_00)

    assert session.refusal() == Reason.STATE_REDUCE


@pytest.mark.parametrize(
    "role", [GroupRole.OCO_EXIT, GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP]
)
def test_rule_51_an_exit_of_a_group_is_an_exit(session, role):
    session.trade(BUY, 10, 100_00)
    set_state(session, SafetyState.KILLED)

    more = {}
    if role == GroupRole.BRACKET_STOP:
        more = {"order_type": OrderType.STOP_LIMIT, "stop_price": 101_00}
    order = session.new(SELL, 10, 101_00, role=role, group=1, **more)

    assert session.last()["report"] == ReportType.PENDING_NEW
    assert session.order(order)["options"] & OrderOption.REDUCE_ONLY


# Reduce-only (20, 42).


def test_rule_20_reduce_only_is_capped_by_the_position(session):
    session.trade(BUY, 10, 100_00)

    order = session.new(SELL, 25, 101_00, **REDUCE)

    assert session.order(order)["quantity"] == 10
    assert session.last()["quantity"] == session.last()["leaves"] == 10


@pytest.mark.parametrize("side", [BUY, SELL])
def test_rule_20_what_does_not_reduce_is_refused(session, side):
    if side == BUY:
        session.trade(BUY, 10, 100_00)

    session.new(side, 5, 100_00, **REDUCE)

    assert session.refusal() == Reason.NOT_REDUCING


def test_rule_20_reduce_only_shrinks_with_the_position_and_ends_when_flat(session):
    session.trade(BUY, 10, 100_00)
    exit_order = session.new(SELL, 10, 101_00, **REDUCE)
    session.accept(exit_order)
    session.told()

    session.trade(SELL, 6, 100_00)
    assert session.told()[-1] == ("replace", exit_order)
    assert session.order(exit_order)["new_quantity"] == 4
    session.report(ReportType.REPLACED, exit_order, quantity=4, price=101_00)
    session.trade(SELL, 4, 100_00)
    assert session.told()[-1] == ("cancel", exit_order)
    session.report(ReportType.CANCELLED, exit_order)

    assert session.last()["status"] == OrderStatus.CANCELLED
    assert session.last()["reason"] == Reason.NOT_REDUCING


def test_rule_20_reduce_only_does_not_grow_back(session):
    session.trade(BUY, 10, 100_00)
    exit_order = session.new(SELL, 10, 101_00, **REDUCE)
    session.trade(SELL, 6, 100_00)
    session.report(ReportType.REPLACED, exit_order, quantity=4, price=101_00)
    session.told()

    session.trade(BUY, 20, 100_00)

    assert ("replace", exit_order) not in session.told()
    assert session.order(exit_order)["leaves"] == 4


def test_rule_20_an_exit_that_fills_needs_no_shrinking(session):
    session.trade(BUY, 10, 100_00)
    exit_order = session.new(SELL, 10, 101_00, **REDUCE)
    session.accept(exit_order)
    session.told()

    session.fill(exit_order, 6, 101_00)

    assert session.told() == []
    assert session.order(exit_order)["leaves"] == 4


def test_rule_20_a_replace_of_an_exit_is_capped_as_well(session):
    session.trade(BUY, 10, 100_00)
    order = session.new(SELL, 5, 101_00, **REDUCE)

    session.replace(order, quantity=50)

    assert session.order(order)["new_quantity"] == 10


def test_rule_42_reduce_only_is_of_the_strategys_own_position(session):
    session.trade(BUY, 10, 100_00, strategy=1)

    session.new(SELL, 5, 100_00, strategy=2, **REDUCE)
    assert session.refusal() == Reason.NOT_REDUCING
    session.new(SELL, 50, 100_00, strategy=1, **REDUCE)
    assert session.last()["quantity"] == 10
    session.new(SELL, 50, 100_00, **REDUCE)
    assert session.last()["quantity"] == 10


# States and kill (53).


def test_a_state_that_changes_is_reported(session):
    session.command(Action.SET_STATE, value=SafetyState.REDUCE)

    report = session.last(ReportType.STATE)
    assert (report["quantity"], report["filled"]) == (
        SafetyState.REDUCE,
        SafetyState.ARMED,
    )
    assert report["reason"] == Reason.USER


def test_an_unknown_state_is_refused(session):
    session.command(Action.SET_STATE, value=9)

    assert session.refusal() == Reason.UNSUPPORTED
    assert session.state == SafetyState.ARMED


def test_a_strategy_may_not_arm(session):
    set_state(session, SafetyState.VIEW)

    session.command(Action.SET_STATE, value=SafetyState.ARMED, strategy=1)

    assert session.refusal() == Reason.UNSUPPORTED
    assert session.state == SafetyState.VIEW


def test_reduce_cancels_entries_and_keeps_exits(session):
    session.trade(BUY, 10, 100_00)
    entry = session.new(BUY, 1, 99_00)
    session.new(SELL, 10, 101_00, **REDUCE)
    session.told()

    session.command(Action.SET_STATE, value=SafetyState.REDUCE)

    assert session.told() == [("cancel", entry)]


def test_rule_53_kill_cancels_entries_and_keeps_exits(session):
    session.trade(BUY, 10, 100_00)
    entries = {session.new(BUY, 1, 99_00), session.new(SELL, 1, 51_00, instrument=1)}
    session.new(SELL, 10, 101_00, **REDUCE)
    session.told()

    session.command(Action.KILL)

    assert session.state == SafetyState.KILLED
    assert {order for _, order in session.told()} == entries
    assert session.last(ReportType.KILL)["leaves"] == 2
    for left, order in zip((1, 0), entries, strict=True):
        session.report(ReportType.CANCELLED, order, reason=Reason.USER)
        assert session.last(ReportType.CANCELLED)["reason"] == Reason.KILLED
        assert session.last(ReportType.KILL)["leaves"] == left
    session.new()
    assert session.refusal() == Reason.STATE_KILLED


def test_rule_53_kill_asks_again_for_a_refused_cancel(session):
    order = session.new(BUY, 1, 99_00)
    session.command(Action.KILL)
    session.report(ReportType.CANCEL_REJECTED, order)
    session.told()

    session.clock(SECOND)

    assert session.told() == [("cancel", order)]
    session.report(ReportType.CANCELLED, order)
    assert session.last(ReportType.KILL)["leaves"] == 0


def test_rule_53_kill_marks_strategies_stopped_and_positions_unmanaged(session):
    session.trade(BUY, 10, 100_00, strategy=1)
    row = session.arena.records(Section.STRATEGIES)
    session.arena.set_used(Section.STRATEGIES, 2)
    row[1]["state"] = StrategyState.STOPPED

    session.command(Action.KILL)

    assert session.position(strategy=1)["unmanaged"] == 1
    report = session.last(ReportType.STRATEGY)
    assert (report["strategy"], report["reason"]) == (1, Reason.KILLED)


def flatten_orders(session):
    return [order for what, order in session.told() if what == "submit"]


def test_rule_53_kill_with_flatten_awaits_confirmations_then_closes(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    session.trade(BUY, 10, 100_00)
    entry = session.new(BUY, 1, 99_00)
    exit_order = session.new(SELL, 10, 101_00, **REDUCE)
    session.told()

    session.command(Action.KILL, value=1)
    assert {order for _, order in session.told()} == {entry, exit_order}
    session.report(ReportType.CANCELLED, exit_order)
    assert flatten_orders(session) == []
    session.report(ReportType.CANCELLED, entry)

    (closing,) = flatten_orders(session)
    order = session.order(closing)
    assert (order["side"], order["quantity"]) == (SELL, 10)
    assert (order["order_type"], order["price"]) == (OrderType.LIMIT, 99_00)
    assert order["time_in_force"] == TimeInForce.IOC
    assert order["options"] & OrderOption.REDUCE_ONLY


def test_rule_53_kill_repeats_until_nothing_is_held(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    session.trade(BUY, 10, 100_00)
    session.told()
    session.command(Action.KILL, value=1)
    (closing,) = flatten_orders(session)
    session.fill(closing, 4, 99_50)
    session.report(ReportType.CANCELLED, closing, reason=Reason.IOC_REMAINDER)

    assert flatten_orders(session) == []
    session.clock(SECOND // 4)
    (closing,) = flatten_orders(session)
    assert session.order(closing)["quantity"] == 6
    session.quote(97_99, 98_01)
    session.report(ReportType.CANCELLED, closing, reason=Reason.IOC_REMAINDER)
    session.clock(SECOND)
    (closing,) = flatten_orders(session)
    assert session.order(closing)["price"] == 97_02
    session.fill(closing, 6, 98_00)

    assert session.position()["quantity"] == 0
    assert session.last(ReportType.KILL)["filled"] == 0
    session.clock(10 * SECOND)
    assert flatten_orders(session) == []


def test_rule_53_without_collar_and_protection_it_closes_at_the_touch(session):
    session.instruments[0]["protection_ticks"] = -1
    session.trade(BUY, 10, 100_00)
    session.told()

    session.command(Action.KILL, value=1)

    (closing,) = flatten_orders(session)
    assert session.order(closing)["price"] == 99_99


def test_rule_42_flatten_closes_the_accounts_position(session):
    session.trade(BUY, 10, 100_00, strategy=1)
    session.trade(SELL, 4, 100_00, strategy=2)
    session.told()

    session.command(Action.FLATTEN, instrument=0)

    (closing,) = flatten_orders(session)
    order = session.order(closing)
    assert (order["side"], order["quantity"], order["strategy"]) == (SELL, 6, 0)


def test_rule_42_flatten_of_a_strategy_closes_its_own(session):
    session.trade(BUY, 10, 100_00, strategy=1)
    session.trade(SELL, 4, 100_00, strategy=2)
    other = session.new(BUY, 1, 99_00, strategy=2)
    session.told()

    session.command(Action.FLATTEN, instrument=0, strategy=2)
    assert session.told() == [("cancel", other)]
    session.report(ReportType.CANCELLED, other)

    (closing,) = flatten_orders(session)
    order = session.order(closing)
    assert (order["side"], order["quantity"], order["strategy"]) == (BUY, 4, 2)


def test_a_flatten_is_the_sole_holders(session):
    session.trade(BUY, 10, 100_00, strategy=3)
    session.told()

    session.command(Action.FLATTEN)

    (closing,) = flatten_orders(session)
    assert session.order(closing)["strategy"] == 3


def test_cancel_all_ends_a_flatten(session):
    session.trade(BUY, 10, 100_00)
    session.command(Action.FLATTEN, instrument=0)
    closing = session.told()[-1][1]

    session.command(Action.CANCEL_ALL)
    session.report(ReportType.CANCELLED, closing)
    session.told()
    session.clock(SECOND)

    assert session.told() == []


def test_leaving_kill_ends_its_flatten(session):
    session.trade(BUY, 10, 100_00)
    entry = session.new(BUY, 1, 99_00)
    session.command(Action.KILL, value=1)
    set_state(session, SafetyState.VIEW)

    session.report(ReportType.CANCELLED, entry)
    session.clock(SECOND)

    assert flatten_orders(session) == []


# Strategies and loss limits (54).


def test_rule_54_a_stopped_strategys_entries_go_and_exits_stay(session):
    session.trade(BUY, 10, 100_00, strategy=1)
    entry = session.new(BUY, 1, 99_00, strategy=1)
    session.new(SELL, 10, 101_00, strategy=1, **REDUCE)
    session.new(BUY, 1, 99_00, strategy=2)
    session.told()

    session.command(Action.STOP_STRATEGY, strategy=1)

    assert session.told() == [("cancel", entry)]
    assert session.position(strategy=1)["unmanaged"] == 1
    session.report(ReportType.CANCELLED, entry)
    assert session.last()["reason"] == Reason.STRATEGY_STOPPED


def test_rule_54_a_fill_while_the_cancel_is_on_its_way_is_unmanaged(session):
    session.arena.records(Section.STRATEGIES)[1]["state"] = StrategyState.RUNNING
    entry = session.new(BUY, 4, 100_00, strategy=1)
    session.accept(entry)
    session.arena.records(Section.STRATEGIES)[1]["state"] = StrategyState.STOPPED
    session.command(Action.STOP_STRATEGY, strategy=1)

    session.fill(entry, 1, 100_00)

    assert session.position(strategy=1)["unmanaged"] == 1


def test_rule_54_a_strategy_that_starts_manages_its_position_again(session):
    session.arena.records(Section.STRATEGIES)[1]["state"] = StrategyState.RUNNING
    session.trade(BUY, 10, 100_00, strategy=1)
    session.command(Action.STOP_STRATEGY, strategy=1)
    assert session.position(strategy=1)["unmanaged"] == 1

    session.command(Action.START_STRATEGY, strategy=1)

    assert session.position(strategy=1)["unmanaged"] == 0
    assert session.last(ReportType.STRATEGY)["quantity"] == StrategyState.RUNNING
    session.command(Action.START_STRATEGY, strategy=2)
    assert session.refusal() == Reason.UNSUPPORTED
    session.command(Action.KILL)
    session.command(Action.START_STRATEGY, strategy=1)
    assert session.refusal() == Reason.STATE_KILLED


def test_rule_54_a_loss_limit_cancels_entries_and_keeps_exits(session):
    session.limit(RiskLimit.MAX_DAILY_LOSS, 10 * MONEY)
    session.trade(BUY, 10, 100_00, strategy=1)
    entry = session.new(BUY, 1, 90_00)
    session.new(SELL, 10, 110_00, strategy=1, **REDUCE)
    session.told()

    session.quote(97_99, 98_01)

    assert session.state == SafetyState.REDUCE
    assert session.told() == [("cancel", entry)]
    assert session.position(strategy=1)["unmanaged"] == 1
    report = session.last(ReportType.STATE)
    assert report["reason"] == Reason.MAX_DAILY_LOSS
    assert (report["last_quantity"], report["fee"]) == (10 * MONEY, 20 * MONEY)


def test_rule_50_after_a_daily_loss_trading_is_rearmed_by_hand(session):
    session.limit(RiskLimit.MAX_DAILY_LOSS, 10 * MONEY)
    session.trade(BUY, 10, 100_00)
    session.quote(97_99, 98_01)
    assert session.state == SafetyState.REDUCE

    session.next_trade_date()
    assert session.account["day_pnl"] == 0
    assert session.state == SafetyState.REDUCE
    session.new()
    assert session.refusal() == Reason.STATE_REDUCE
    session.arm()

    assert session.state == SafetyState.ARMED
    session.new()
    assert session.last()["report"] == ReportType.PENDING_NEW


def test_a_larger_loss_limit_lets_trading_be_armed_again(session):
    session.limit(RiskLimit.MAX_DAILY_LOSS, 10 * MONEY)
    session.trade(BUY, 10, 100_00)
    session.quote(97_99, 98_01)

    session.limit(RiskLimit.MAX_DAILY_LOSS, 30 * MONEY)
    assert session.state == SafetyState.REDUCE
    session.arm()

    assert session.state == SafetyState.ARMED
    session.quote(96_99, 97_01)
    assert session.state == SafetyState.ARMED
    session.quote(96_98, 97_00)
    assert session.state == SafetyState.REDUCE


def test_a_loss_limit_below_the_loss_stops_at_once(session):
    session.trade(BUY, 10, 100_00)
    session.quote(97_99, 98_01)

    session.limit(RiskLimit.MAX_DAILY_LOSS, 10 * MONEY)

    assert session.state == SafetyState.REDUCE


# Marks and gestures.


def test_rule_44_mark_is_mid_then_last_then_settlement():
    session = GateSession()
    session.command(Action.SET_MARK, instrument=0, price=90_00)
    assert session.position()["mark_doubled"] == 2 * 90_00
    session.last_trade(95_00)
    assert session.position()["mark_doubled"] == 2 * 95_00
    session.quote(99_99, 100_02)
    assert session.position()["mark_doubled"] == 99_99 + 100_02
    session.quote(99_99, None)
    assert session.position()["mark_doubled"] == 2 * 95_00


MEANT = OrderOption.GESTURE | OrderOption.RESTING_INTENT


def test_a_gesture_meant_to_rest_is_held_when_it_would_trade(session):
    book = session.arena.records(Section.BOOKS)
    seen = int(book[1]["sequence"])
    gesture = {"options": MEANT, "book_sequence": seen}

    session.new(BUY, 10, 100_00, **gesture)
    assert session.last()["report"] == ReportType.PENDING_NEW
    session.quote(99_98, 99_99)
    session.told()
    session.new(BUY, 10, 100_00, **gesture)
    held = session.last()
    assert (held["report"], held["reason"]) == (
        ReportType.HELD,
        Reason.MEANING_CHANGED,
    )
    assert held["last_price"] == 99_99
    assert session.told() == []
    options = MEANT | OrderOption.CONFIRMED
    session.new(BUY, 10, 100_00, **(gesture | {"options": options}))
    assert session.last()["report"] == ReportType.PENDING_NEW


def test_a_gesture_whose_meaning_is_the_same_passes(session):
    seen = int(session.arena.records(Section.BOOKS)[1]["sequence"])
    session.quote(99_97, 100_03)

    session.new(BUY, 10, 100_00, options=MEANT, book_sequence=seen)

    assert session.last()["report"] == ReportType.PENDING_NEW


# Requests that cross one another.


def test_rule_53_a_second_cancel_does_not_hide_that_kill_waits_for_the_order(session):
    order = session.new(BUY, 1, 99_00)
    session.command(Action.KILL)

    session.cancel(order)
    session.report(ReportType.CANCELLED, order, reason=Reason.USER)

    assert session.last(ReportType.CANCELLED)["reason"] == Reason.KILLED
    assert session.last(ReportType.KILL)["leaves"] == 0


@pytest.mark.parametrize("is_all", [False, True])
def test_a_cancelled_order_tells_whether_its_strategy_or_a_user_asked(session, is_all):
    for strategy, reason in ((1, Reason.STRATEGY), (0, Reason.USER)):
        order = session.new(BUY, 1, 99_00, strategy=1)
        if is_all:
            session.command(Action.CANCEL_ALL, instrument=0, strategy=strategy)
        else:
            session.cancel(order, strategy=strategy)

        session.report(ReportType.CANCELLED, order, reason=Reason.USER)

        assert session.last(ReportType.CANCELLED)["reason"] == reason


def test_a_strategys_refused_cancel_is_not_asked_again_a_loss_limits_is(session):
    order = session.new(BUY, 1, 99_00, strategy=1)
    session.cancel(order, strategy=1)
    session.report(ReportType.CANCEL_REJECTED, order)
    session.told()

    session.clock(SECOND)
    assert session.told() == []
    session.command(Action.STOP_STRATEGY, strategy=1)
    session.report(ReportType.CANCEL_REJECTED, order)
    session.told()
    session.clock(SECOND)

    assert session.told() == [("cancel", order)]
    session.report(ReportType.CANCELLED, order, reason=Reason.USER)
    assert session.last(ReportType.CANCELLED)["reason"] == Reason.STRATEGY_STOPPED


def test_rule_20_an_exit_that_shrinks_keeps_the_price_it_was_moved_to(session):
    session.trade(BUY, 10, 100_00)
    exit_order = session.new(SELL, 10, 101_00, **REDUCE)
    session.accept(exit_order)
    session.replace(exit_order, price=102_00)

    session.trade(SELL, 6, 100_00)

    order = session.order(exit_order)
    assert (order["new_quantity"], order["new_price"]) == (4, 102_00)


def test_rule_53_a_strategys_flatten_does_not_end_the_accounts(session):
    session.trade(BUY, 10, 100_00)
    entry = session.new(BUY, 1, 99_00)
    session.command(Action.KILL, value=1)

    session.command(Action.FLATTEN, instrument=0, strategy=2)
    session.told()
    session.report(ReportType.CANCELLED, entry)

    (closing,) = flatten_orders(session)
    order = session.order(closing)
    assert (order["side"], order["quantity"], order["strategy"]) == (SELL, 10, 0)


def test_rule_42_two_strategies_flatten_side_by_side(session):
    session.trade(BUY, 10, 100_00, strategy=1)
    session.trade(SELL, 4, 100_00, strategy=2)
    session.told()
    for strategy in (1, 2):
        session.command(Action.FLATTEN, instrument=0, strategy=strategy)
    (first,) = flatten_orders(session)
    session.clock(SECOND // 4)
    (second,) = flatten_orders(session)
    assert session.order(first)["strategy"] == 1
    assert session.order(second)["strategy"] == 2

    session.report(ReportType.CANCELLED, first, reason=Reason.IOC_REMAINDER)
    session.fill(second, 4, 100_01)
    session.clock(SECOND)
    (again,) = flatten_orders(session)

    order = session.order(again)
    assert (order["side"], order["quantity"], order["strategy"]) == (SELL, 10, 1)
    session.fill(again, 10, 100_00)
    session.clock(10 * SECOND)
    assert flatten_orders(session) == []


def test_rule_4_a_close_is_priced_within_the_days_bands(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    session.trade(BUY, 10, 100_00)
    session.instruments[0]["price_low"] = 99_50
    session.told()

    session.command(Action.KILL, value=1)

    (closing,) = flatten_orders(session)
    assert session.order(closing)["price"] == 99_50


def test_rule_4_a_market_exit_at_the_collar_is_priced_within_the_bands(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    session.trade(BUY, 10, 100_00)
    session.last_trade(100_00)
    session.quote(96_00, 100_01)
    session.instruments[0]["price_low"] = 99_50

    order = session.new(SELL, 10, None, **REDUCE)

    assert session.order(order)["price"] == 99_50


def test_rule_53_a_refused_close_counts_as_a_try(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    session.trade(BUY, 10, 100_00)
    session.instruments[0]["price_low"] = 120_00
    session.instruments[0]["price_high"] = 90_00

    session.command(Action.KILL, value=1)
    assert session.refusal() == Reason.BAD_PRICE
    for tries in (1, 2, 3):
        session.clock(8 * SECOND)
        assert session.arena.records(Section.WORKING)[0]["flatten_tries"] == tries


def refused_cancel_is_repeated(session, order):
    session.report(ReportType.CANCEL_REJECTED, order)
    session.told()
    session.clock(SECOND)
    assert session.told() == [("cancel", order)]
    session.clock(SECOND)
    assert session.told() == []


def test_rule_54_a_loss_limits_refused_cancel_is_repeated(session):
    session.limit(RiskLimit.MAX_DAILY_LOSS, 10 * MONEY)
    session.trade(BUY, 10, 100_00)
    entry = session.new(BUY, 1, 90_00)
    session.quote(97_99, 98_01)

    refused_cancel_is_repeated(session, entry)


def test_rule_54_a_stopped_strategys_refused_cancel_is_repeated(session):
    entry = session.new(BUY, 1, 99_00, strategy=1)
    session.command(Action.STOP_STRATEGY, strategy=1)

    refused_cancel_is_repeated(session, entry)


def test_rule_42_a_flattens_refused_cancel_is_repeated(session):
    session.trade(BUY, 10, 100_00)
    entry = session.new(BUY, 1, 99_00)
    session.command(Action.FLATTEN, instrument=0)

    refused_cancel_is_repeated(session, entry)


def test_a_users_refused_cancel_is_not_repeated(session):
    order = session.new(BUY, 1, 99_00)
    session.cancel(order)
    session.report(ReportType.CANCEL_REJECTED, order)
    session.told()

    session.clock(2 * SECOND)

    assert session.told() == []


def test_a_held_replace_tells_the_orders_quantity_and_leaves(session):
    order = session.new(BUY, 10, 99_00)
    session.accept(order)
    session.fill(order, 3, 99_00)
    seen = int(session.arena.records(Section.BOOKS)[1]["sequence"])
    session.quote(99_98, 99_99)

    session.replace(order, price=100_00, options=MEANT, book_sequence=seen)

    held = session.last()
    assert held["report"] == ReportType.HELD
    assert (held["quantity"], held["leaves"]) == (10, 7)
