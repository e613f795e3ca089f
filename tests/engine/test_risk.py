"""Every check of the risk gate with its reason, limit and value (50-52)."""

from decimal import Decimal

import numpy as np
import pytest

from app.engine.arena import Section
from app.engine.gate import gate_view
from app.engine.records import (
    BUY,
    MARKET,
    SELL,
    Action,
    EventKind,
    GroupRole,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    RiskLimit,
    SafetyState,
    SessionState,
    TimeInForce,
)
from app.engine.strategy import StrategyState
from app.engine.views import VIEW
from app.instrument import QuantityUnits, TickBand
from tests.engine.gate_session import MONEY, GateSession, stock

SECOND = 1_000_000_000


@pytest.fixture
def session():
    made = GateSession((stock(), stock("EURO", currency="EUR")))
    made.quote(99_99, 100_01)
    return made.arm()


def passes(session) -> bool:
    return bool(session.last()["report"] == ReportType.PENDING_NEW)


# The instrument's own rules.


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"instrument": 7}, Reason.UNKNOWN_INSTRUMENT),
        ({"instrument": -1}, Reason.UNKNOWN_INSTRUMENT),
        ({"client_order_id": 0}, Reason.UNKNOWN_ORDER),
        ({"strategy": 32}, Reason.UNSUPPORTED),
        ({"side": 0}, Reason.UNSUPPORTED),
        ({"order_type": 9}, Reason.UNSUPPORTED),
        ({"time_in_force": 5}, Reason.UNSUPPORTED),
        ({"quantity": 0}, Reason.BAD_QUANTITY),
        ({"quantity": -5}, Reason.BAD_QUANTITY),
        ({"quantity": 2_000_000}, Reason.QUANTITY_TOO_LARGE),
        ({"display_quantity": 11}, Reason.BAD_QUANTITY),
        ({"price": None, "order_type": OrderType.LIMIT}, Reason.BAD_PRICE),
        ({"order_type": OrderType.STOP, "price": None}, Reason.BAD_PRICE),
        ({"price": 2**40}, Reason.BAD_PRICE),
        ({"time_in_force": TimeInForce.GTD, "expire_ts": 5}, Reason.EXPIRED),
        (
            {"options": OrderOption.POST_ONLY, "time_in_force": TimeInForce.IOC},
            Reason.UNSUPPORTED,
        ),
    ],
)
def test_an_order_that_is_none_is_refused(session, fields, reason):
    session.new(**fields)

    assert session.refusal() == reason
    assert session.told() == []
    assert session.risk["reject_counts"][reason] == 1


@pytest.mark.parametrize(("side", "nearest"), [(BUY, 100), (SELL, 105)])
def test_rule_4_an_off_step_price_is_refused_with_the_nearest(side, nearest):
    session = GateSession([stock(tick_table=(TickBand(None, 5),))]).arm()

    session.new(side, 10, 102 if side == BUY else 103)

    assert session.refusal() == Reason.OFF_TICK
    assert session.last()["last_price"] == nearest


def test_rule_2_step_minimum_and_minimum_value_are_separate():
    session = GateSession(
        [
            stock(
                order_step=QuantityUnits(10),
                order_min=QuantityUnits(20),
                min_value=Decimal(50),
            )
        ]
    ).arm()

    session.new(BUY, 15, 100)
    assert session.refusal() == Reason.BAD_QUANTITY
    assert (session.last()["last_quantity"], session.last()["fee"]) == (10, 15)
    session.new(BUY, 10, 100)
    assert session.refusal() == Reason.QUANTITY_TOO_SMALL
    session.new(BUY, 20, 100)
    assert session.refusal() == Reason.VALUE_TOO_SMALL
    assert session.last()["last_quantity"] == 50 * MONEY
    assert session.last()["fee"] == 20 * MONEY
    session.new(BUY, 50, 100)
    assert passes(session)


# Whether any new risk is wanted.


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (SafetyState.VIEW, Reason.STATE_VIEW),
        (SafetyState.REDUCE, Reason.STATE_REDUCE),
        (SafetyState.KILLED, Reason.STATE_KILLED),
    ],
)
def test_new_risk_passes_when_armed_only(session, state, reason):
    session.command(Action.SET_STATE, value=state)

    session.new()

    assert session.refusal() == reason


def test_a_session_starts_in_view():
    session = GateSession()

    session.new()

    assert session.state == SafetyState.VIEW
    assert session.refusal() == Reason.STATE_VIEW


def test_rule_54_a_stopped_strategy_sends_no_entries(session):
    row = session.arena.records(Section.STRATEGIES)[2]
    row["state"] = StrategyState.FAILED

    session.new(strategy=2)

    assert session.refusal() == Reason.STRATEGY_STOPPED
    session.new(strategy=3)
    assert passes(session)


def test_the_restricted_list_is_set_while_running(session):
    session.command(Action.SET_RESTRICTED, instrument=0, value=1)
    session.new()
    assert session.refusal() == Reason.RESTRICTED

    session.command(Action.SET_RESTRICTED, instrument=0, value=0)
    session.new()

    assert passes(session)


@pytest.mark.parametrize("state", [SessionState.CLOSED, SessionState.PRE_OPEN])
def test_session_hours_are_guarded(session, state):
    session.limit(RiskLimit.SESSION_HOURS, 1)
    session.instruments[0]["session"] = state

    session.new()
    assert session.refusal() == Reason.SESSION_HOURS
    session.new(options=OrderOption.OUTSIDE_HOURS)
    assert passes(session)
    session.new(time_in_force=TimeInForce.AT_THE_OPEN)
    assert passes(session)
    session.instruments[0]["session"] = SessionState.OPEN
    session.new()
    assert passes(session)


def gap(session):
    record = np.zeros(1, MARKET)
    record["kind"], record["flags"] = EventKind.GAP, RecordFlag.LAST
    session.market(record)


def test_a_stale_book_is_guarded(session):
    session.limit(RiskLimit.STALE_GUARD, 1)
    session.new()
    assert passes(session)

    gap(session)
    assert session.last()["report"] == ReportType.STALE
    assert session.last()["quantity"] == 1
    session.new()

    assert session.refusal() == Reason.STALE_BOOK


def test_silence_makes_a_book_stale(session):
    session.limit(RiskLimit.STALE_AFTER, SECOND)
    session.limit(RiskLimit.STALE_GUARD, 1)

    session.clock(SECOND)
    session.new()
    assert passes(session)
    session.clock(1)
    assert session.last()["report"] == ReportType.STALE
    session.new()

    assert session.refusal() == Reason.STALE_BOOK
    session.quote(99_99, 100_01)
    assert session.last()["quantity"] == 0


def test_rule_48_without_a_rate_new_risk_is_refused(session):
    session.new(instrument=1)
    assert session.refusal() == Reason.NO_CONVERSION_RATE

    session.command(Action.SET_CONVERSION, instrument=1, value=1_100_000_000)
    session.new(instrument=1)

    assert passes(session)


# The order by itself.


def test_a_collar_needs_a_reference():
    session = GateSession().arm()
    session.limit(RiskLimit.COLLAR, 10_000)

    session.new()

    assert session.refusal() == Reason.NO_PRICE_REFERENCE


@pytest.mark.parametrize(("side", "bound"), [(BUY, 101_00), (SELL, 99_00)])
def test_rule_52_a_limit_through_the_collar_is_refused(session, side, bound):
    session.limit(RiskLimit.COLLAR, 10_000)

    session.new(side, 10, bound + side)
    assert session.refusal() == Reason.PRICE_COLLAR
    assert session.last()["last_price"] == bound
    assert session.last()["last_quantity"] == 10_000
    session.new(side, 10, bound)
    assert passes(session)


@pytest.mark.parametrize(("side", "price"), [(BUY, 1_00), (SELL, 900_00)])
def test_rule_52_passive_prices_pass_the_collar(session, side, price):
    session.limit(RiskLimit.COLLAR, 10_000)

    session.new(side, 10, price)

    assert passes(session)


def test_rule_52_the_collar_is_against_mid_and_last(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    session.last_trade(90_00)

    session.new(BUY, 10, 91_00)
    assert session.refusal() == Reason.PRICE_COLLAR
    assert session.last()["last_price"] == 90_90
    session.new(SELL, 10, 99_00)
    assert passes(session)


def test_rule_52_the_collar_of_a_negative_price_is_as_wide(session):
    session.quote(-40_01, -39_99)
    session.limit(RiskLimit.COLLAR, 10_000)

    session.new(BUY, 10, -39_60)
    assert passes(session)
    session.new(BUY, 10, -39_59)
    assert session.refusal() == Reason.PRICE_COLLAR
    assert session.last()["last_price"] == -39_60


def test_a_market_order_takes_the_tighter_of_protection_and_collar(session):
    session.new(BUY, 10, None)
    assert session.order(1)["protection_ticks"] == 20

    session.limit(RiskLimit.COLLAR, 1_000)
    session.new(BUY, 10, None)

    # A tenth of a per cent through 100.00 is 100.10, nine ticks from the touch.
    assert session.order(2)["protection_ticks"] == 9


def test_a_market_entry_beyond_the_collar_is_refused(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    session.last_trade(90_00)

    session.new(BUY, 10, None)

    assert session.refusal() == Reason.PRICE_COLLAR
    assert session.last()["last_price"] == 90_90


def test_rule_52_a_market_exit_beyond_the_collar_waits_at_its_price(session):
    session.trade(SELL, 10, 100_00)
    session.limit(RiskLimit.COLLAR, 10_000)
    session.last_trade(90_00)

    order = session.new(BUY, 10, None, options=OrderOption.REDUCE_ONLY)

    assert passes(session)
    assert session.order(order)["order_type"] == OrderType.LIMIT
    assert session.order(order)["price"] == 90_90


def test_a_stop_limit_is_held_to_its_stop(session):
    session.limit(RiskLimit.COLLAR, 10_000)
    stop = {"order_type": OrderType.STOP_LIMIT, "stop_price": 120_00}

    session.new(BUY, 10, 121_20, **stop)
    assert passes(session)
    session.new(BUY, 10, 121_21, **stop)
    assert session.refusal() == Reason.PRICE_COLLAR


def test_rule_50_an_order_of_equal_size_passes(session):
    session.limit(RiskLimit.MAX_ORDER_SIZE, 100, instrument=0)

    session.new(BUY, 100)
    assert passes(session)
    session.new(BUY, 101)
    assert session.refusal() == Reason.MAX_ORDER_SIZE
    assert (session.last()["last_quantity"], session.last()["fee"]) == (100, 101)


def test_rule_50_order_value_counts_the_worse_of_limit_and_mark(session):
    session.limit(RiskLimit.MAX_ORDER_VALUE, 1000 * MONEY)

    session.new(BUY, 10, 99_00)
    assert passes(session)
    session.new(BUY, 10, 100_01)
    assert session.refusal() == Reason.MAX_ORDER_VALUE
    assert session.last()["fee"] == 1000_10 * MONEY // 100
    session.new(BUY, 11, 50_00)
    assert session.refusal() == Reason.MAX_ORDER_VALUE
    assert session.last()["fee"] == 1100 * MONEY


def test_rule_50_a_market_order_counts_at_its_protection_price(session):
    session.limit(RiskLimit.MAX_ORDER_VALUE, 1002_00 * MONEY // 100)

    session.new(BUY, 10, None, protection_ticks=19)
    assert passes(session)
    session.new(BUY, 10, None)
    assert session.refusal() == Reason.MAX_ORDER_VALUE
    assert session.last()["fee"] == 1002_10 * MONEY // 100


# What the account would hold.


def test_short_sales_need_a_shortable_instrument(session):
    session.command(Action.SET_SHORTABLE, instrument=0, value=0)
    session.new(SELL, 1)
    assert session.refusal() == Reason.SHORT_SALE

    session.trade(BUY, 10, 100_00)
    session.new(SELL, 6)
    assert passes(session)
    session.new(SELL, 5)

    assert session.refusal() == Reason.SHORT_SALE


def test_rule_51_position_size_counts_working_and_in_flight(session):
    session.limit(RiskLimit.MAX_POSITION_SIZE, 100, instrument=0)
    session.trade(BUY, 40, 100_00)
    working = session.new(BUY, 40, 99_00)
    session.accept(working)

    session.new(BUY, 20, 99_00)
    assert passes(session)
    session.new(BUY, 1, 99_00)
    assert session.refusal() == Reason.MAX_POSITION_SIZE
    assert (session.last()["last_quantity"], session.last()["fee"]) == (100, 101)
    session.new(SELL, 140, 101_00)
    assert passes(session)
    session.new(SELL, 1, 101_00)
    assert session.refusal() == Reason.MAX_POSITION_SIZE


def test_rule_51_a_pending_replace_counts_its_larger_version(session):
    session.limit(RiskLimit.MAX_POSITION_SIZE, 100, instrument=0)
    order = session.new(BUY, 60, 99_00)
    session.accept(order)

    session.replace(order, quantity=101)
    assert session.refusal() == Reason.MAX_POSITION_SIZE
    session.replace(order, quantity=90)
    session.new(BUY, 11, 99_00)
    assert session.refusal() == Reason.MAX_POSITION_SIZE
    session.replace(order, quantity=50)
    session.new(BUY, 11, 99_00)
    assert session.refusal() == Reason.MAX_POSITION_SIZE
    for total in (90, 50):
        session.report(ReportType.REPLACED, order, quantity=total, price=99_00)
    session.new(BUY, 50, 99_00)

    assert passes(session)


def test_rule_51_an_oco_group_counts_its_largest_member(session):
    session.limit(RiskLimit.MAX_POSITION_SIZE, 100, instrument=0)
    group = {"group": 5, "role": GroupRole.OCO_ENTRY}

    first = session.new(BUY, 60, 99_00, **group)
    session.new(BUY, 100, 98_00, **group)
    assert passes(session)
    session.new(BUY, 101, 98_00, **group)
    assert session.refusal() == Reason.MAX_POSITION_SIZE
    assert session.position()["working_buy"] == 100
    worth = max(60 * 99_00, 100 * 98_00)
    assert session.position()["working_buy_value"] == worth
    session.report(ReportType.CANCELLED, 2)
    assert session.position()["working_buy"] == 60
    session.report(ReportType.CANCELLED, first)
    assert session.position()["working_buy"] == 0


def test_rule_51_exits_that_only_reduce_count_zero(session):
    session.trade(BUY, 50, 100_00)

    session.new(SELL, 50, 101_00, options=OrderOption.REDUCE_ONLY)

    assert session.position()["working_sell"] == 0


def test_rule_50_symbol_exposure_values_positions_at_the_mark(session):
    session.trade(BUY, 10, 100_00)
    session.quote(109_99, 110_01)
    session.limit(RiskLimit.MAX_SYMBOL_EXPOSURE, 2200 * MONEY)

    session.new(BUY, 10, 105_00)
    assert passes(session)
    session.new(BUY, 1, 90_00)
    assert session.refusal() == Reason.MAX_SYMBOL_EXPOSURE
    assert session.last()["last_quantity"] == 2200 * MONEY
    assert session.last()["fee"] == 2310 * MONEY
    session.new(SELL, 29, 110_00)
    assert passes(session)


def test_rule_50_exposure_follows_the_mark(session):
    session.new(SELL, 10, 105_00)
    assert session.position()["exposure"] == 1050 * MONEY

    session.quote(119_99, 120_01)
    assert session.position()["exposure"] == 1200 * MONEY
    session.new(SELL, 10, 130_00)
    assert session.position()["exposure"] == 2500 * MONEY
    session.quote(139_99, 140_01)
    assert session.position()["exposure"] == 2800 * MONEY
    assert session.risk["gross"] == 2800 * MONEY


def test_rule_51_exposure_is_the_worse_side(session):
    session.new(BUY, 10, 90_00)
    session.new(SELL, 20, 110_00)

    assert session.position()["exposure"] == 2200 * MONEY


def test_gross_exposure_sums_instruments(session):
    session.command(Action.SET_CONVERSION, instrument=1, value=2_000_000_000)
    session.limit(RiskLimit.MAX_GROSS_EXPOSURE, 3000 * MONEY)
    session.new(BUY, 10, 100_00)

    session.new(BUY, 10, 100_00, instrument=1)
    assert passes(session)
    session.new(BUY, 1, 1_00)
    assert session.refusal() == Reason.MAX_GROSS_EXPOSURE
    assert session.last()["fee"] == 3100 * MONEY
    session.new(SELL, 10, 100_00)
    assert passes(session)


def test_rule_50_a_daily_loss_beyond_the_limit_is_refused(session):
    session.limit(RiskLimit.MAX_DAILY_LOSS, 10 * MONEY)
    session.trade(BUY, 10, 100_00)
    session.quote(98_99, 99_01)
    session.new()
    assert passes(session)

    session.quote(98_98, 99_00)

    assert session.state == SafetyState.REDUCE
    session.command(Action.SET_STATE, value=SafetyState.ARMED)
    assert session.refusal() == Reason.MAX_DAILY_LOSS
    assert session.last()["last_quantity"] == 10 * MONEY
    assert session.last()["fee"] == 1010 * MONEY // 100


def test_a_drawdown_beyond_the_limit_is_refused(session):
    session.trade(BUY, 10, 100_00)
    session.quote(109_99, 110_01)
    session.limit(RiskLimit.MAX_DRAWDOWN, 50 * MONEY)

    session.quote(104_99, 105_01)
    assert session.state == SafetyState.ARMED
    session.quote(104_98, 105_00)

    assert session.state == SafetyState.REDUCE
    assert session.engine["state_reason"] == Reason.MAX_DRAWDOWN


# The rolling windows.


def test_rule_52_duplicates_are_refused_within_the_window(session):
    session.limit(RiskLimit.DUPLICATE_ALLOWED, 2)
    session.limit(RiskLimit.DUPLICATE_WINDOW, SECOND)

    for _ in range(2):
        session.new(BUY, 10, 99_00)
        assert passes(session)
    session.new(BUY, 10, 99_00)
    assert session.refusal() == Reason.DUPLICATE
    assert (session.last()["last_quantity"], session.last()["fee"]) == (2, 3)
    for different in ({"quantity": 11}, {"price": 99_01}, {"side": SELL}):
        session.new(**({"side": BUY, "quantity": 10, "price": 99_00} | different))
        assert passes(session)
    session.clock(SECOND + 1)
    session.new(BUY, 10, 99_00)
    assert passes(session)


def test_rule_52_exits_are_exempt_from_the_duplicate_check(session):
    session.trade(BUY, 10, 100_00)
    session.limit(RiskLimit.DUPLICATE_ALLOWED, 1)
    session.limit(RiskLimit.DUPLICATE_WINDOW, SECOND)

    for _ in range(3):
        session.new(SELL, 10, 101_00, options=OrderOption.REDUCE_ONLY)
        assert passes(session)


def test_the_message_rate_is_limited_in_a_rolling_window(session):
    session.limit(RiskLimit.MESSAGE_RATE, 3)
    session.limit(RiskLimit.RATE_WINDOW, SECOND)
    for _ in range(3):
        session.new()
    assert passes(session)

    session.clock(SECOND - 1)
    session.new()
    assert session.refusal() == Reason.MESSAGE_RATE
    assert session.last()["last_quantity"] == 3
    session.cancel(1)
    assert session.last()["report"] == ReportType.PENDING_CANCEL
    session.clock(1)
    session.new()
    assert passes(session)


# Limits.


def test_the_tighter_of_account_and_instrument_holds(session):
    session.limit(RiskLimit.MAX_ORDER_VALUE, 2000 * MONEY)
    session.limit(RiskLimit.MAX_ORDER_VALUE, 1000 * MONEY, instrument=0)
    session.new(BUY, 11, 100_00)
    assert session.refusal() == Reason.MAX_ORDER_VALUE
    assert session.last()["last_quantity"] == 1000 * MONEY

    session.limit(RiskLimit.MAX_ORDER_VALUE, 0, instrument=0)
    session.new(BUY, 11, 100_00)

    assert passes(session)


def test_a_limit_that_changes_is_reported(session):
    session.limit(RiskLimit.MAX_ORDER_SIZE, 5, instrument=0)
    session.limit(RiskLimit.MAX_ORDER_SIZE, 7, instrument=0)

    report = session.last()
    assert report["report"] == ReportType.LIMIT
    assert report["group"] == RiskLimit.MAX_ORDER_SIZE
    assert (report["filled"], report["quantity"]) == (5, 7)


@pytest.mark.parametrize(
    ("limit", "value", "instrument", "reason"),
    [
        (0, 1, 0, Reason.UNSUPPORTED),
        (99, 1, 0, Reason.UNSUPPORTED),
        (RiskLimit.MAX_ORDER_SIZE, 1, -1, Reason.UNSUPPORTED),
        (RiskLimit.MAX_DAILY_LOSS, 1, 0, Reason.UNSUPPORTED),
        (RiskLimit.MAX_ORDER_VALUE, -1, 0, Reason.BAD_QUANTITY),
        (RiskLimit.MAX_ORDER_VALUE, 1, 9, Reason.UNKNOWN_INSTRUMENT),
        (RiskLimit.MESSAGE_RATE, 10**6, -1, Reason.QUANTITY_TOO_LARGE),
    ],
)
def test_an_impossible_limit_is_refused(session, limit, value, instrument, reason):
    session.limit(limit, value, instrument)

    assert session.refusal() == reason


def test_the_view_shows_limits_and_what_they_stand_at(session):
    session.limit(RiskLimit.MAX_GROSS_EXPOSURE, 10**6 * MONEY)
    session.limit(RiskLimit.RATE_WINDOW, SECOND)
    session.new(BUY, 10, 100_00)
    session.new(BUY, 0, 100_00)
    view = np.zeros(1, VIEW)

    gate_view(session.arena.address, 0, int(view.ctypes.data))

    assert view["limits"][0][RiskLimit.MAX_GROSS_EXPOSURE] == 10**6 * MONEY
    assert view["used"][0][RiskLimit.MAX_GROSS_EXPOSURE] == 1000 * MONEY
    assert view["used"][0][RiskLimit.MAX_SYMBOL_EXPOSURE] == 1000 * MONEY
    assert view["used"][0][RiskLimit.MESSAGE_RATE] == 1
    assert view["reject_counts"][0][Reason.BAD_QUANTITY] == 1


def test_the_view_shows_the_limits_of_each_instrument(session):
    session.limit(RiskLimit.MAX_POSITION_SIZE, 70, instrument=0)
    session.limit(RiskLimit.MAX_SYMBOL_EXPOSURE, 9_000 * MONEY)
    session.limit(RiskLimit.MAX_SYMBOL_EXPOSURE, 8_000 * MONEY, instrument=0)
    session.trade(SELL, 20, 100_00)
    session.new(SELL, 30, 100_00)
    view = np.zeros(1, VIEW)

    gate_view(session.arena.address, 0, int(view.ctypes.data))

    first, second = view["instrument"][0][:2]
    assert first["limits"][RiskLimit.MAX_POSITION_SIZE] == 70
    assert first["used"][RiskLimit.MAX_POSITION_SIZE] == 50
    assert first["limits"][RiskLimit.MAX_SYMBOL_EXPOSURE] == 8_000 * MONEY
    assert first["used"][RiskLimit.MAX_SYMBOL_EXPOSURE] == 5_000 * MONEY
    assert second["limits"][RiskLimit.MAX_SYMBOL_EXPOSURE] == 9_000 * MONEY


def test_rule_41_the_gate_does_not_refuse_what_would_match_our_own(session):
    session.accept(session.new(SELL, 10, 100_00))

    session.new(BUY, 10, 100_00)

    assert passes(session)


def test_an_absurd_order_does_not_wrap_round(session):
    most = int(session.instruments[0]["order_max"])
    session.limit(RiskLimit.MAX_ORDER_VALUE, 2**62)

    session.new(BUY, most, 2**34)

    assert session.refusal() in (Reason.MAX_ORDER_VALUE, Reason.BAD_PRICE)


def test_a_refused_order_leaves_no_trace(session):
    session.limit(RiskLimit.MAX_ORDER_SIZE, 5, instrument=0)

    session.new(BUY, 6)

    assert session.position()["working_buy"] == 0
    assert session.risk["recent"] == 0
    assert session.last()["status"] == OrderStatus.REJECTED
    assert session.last()["leaves"] == 0


def test_rule_2_a_smaller_quantity_must_lie_on_the_step():
    session = GateSession((stock(order_step=QuantityUnits(5)),)).arm()
    session.quote(99_99, 100_01)
    order = session.new(BUY, 20, 99_00)
    session.accept(order)

    session.replace(order, quantity=12)
    assert session.refusal() == Reason.BAD_QUANTITY
    session.replace(order, quantity=10)

    assert session.last()["report"] == ReportType.PENDING_REPLACE
