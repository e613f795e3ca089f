"""An order's life: statuses, late and doubled reports, remembered ids (14-16)."""

import pytest
from hypothesis import given, settings, strategies as st

from app.engine.arena import Section
from app.engine.orders import HALT_OVERFILL
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    OrderStatus,
    Reason,
    ReportType,
)
from app.engine.risk_state import ENDED_KEPT
from tests.engine.gate_session import GateSession


@pytest.fixture
def session():
    made = GateSession()
    made.quote(99_99, 100_01)
    return made.arm()


@pytest.fixture
def resting(session):
    """An order of 10 that the venue has."""
    order = session.new(BUY, 10, 100_00)
    session.accept(order)
    return order


def status(session, order) -> OrderStatus:
    return OrderStatus(session.order(order)["status"])


def test_rule_14_a_new_order_is_pending_until_the_venue_has_it(session):
    order = session.new(BUY, 10, 100_00)
    assert status(session, order) == OrderStatus.PENDING_NEW

    session.accept(order)

    assert status(session, order) == OrderStatus.NEW
    assert session.order(order)["venue_order_id"] == order + 1000


def test_rule_14_a_pending_cancel_can_fill_and_fills_win(session, resting):
    session.cancel(resting)
    assert status(session, resting) == OrderStatus.PENDING_CANCEL

    session.fill(resting, 4, 100_00)
    assert session.last()["status"] == OrderStatus.PENDING_CANCEL
    session.fill(resting, 6, 100_00)
    assert session.last()["status"] == OrderStatus.FILLED
    session.report(ReportType.CANCELLED, resting)

    assert status(session, resting) == OrderStatus.FILLED
    assert session.risk["late_reports"] == 1
    assert session.position()["quantity"] == 10


def test_rule_14_a_fill_after_the_cancel_counts(session, resting):
    session.cancel(resting)
    session.report(ReportType.CANCELLED, resting)
    assert session.last()["status"] == OrderStatus.CANCELLED

    session.fill(resting, 3, 100_00)

    assert session.last()["report"] == ReportType.FILL
    assert session.last()["status"] == OrderStatus.CANCELLED
    assert (session.last()["filled"], session.last()["leaves"]) == (3, 0)
    assert session.position()["quantity"] == 3


def test_rule_14_a_refused_cancel_leaves_the_order_as_it_was(session, resting):
    session.fill(resting, 1, 100_00)
    session.cancel(resting)

    session.report(ReportType.CANCEL_REJECTED, resting)

    assert status(session, resting) == OrderStatus.PARTIALLY_FILLED
    assert session.order(resting)["leaves"] == 9


def test_rule_14_a_trigger_is_a_status(session, resting):
    session.report(ReportType.TRIGGERED, resting)

    assert status(session, resting) == OrderStatus.TRIGGERED


def test_rule_14_an_untriggered_stop_is_inactive(session):
    order = session.new(BUY, 10, 100_00)

    session.report(ReportType.NEW, order, status=OrderStatus.INACTIVE)

    assert status(session, order) == OrderStatus.INACTIVE


def test_rule_15_a_replace_states_the_new_total(session, resting):
    session.fill(resting, 4, 100_00)
    session.replace(resting, quantity=15)
    assert status(session, resting) == OrderStatus.PENDING_REPLACE
    assert session.last()["quantity"] == 10

    session.report(ReportType.REPLACED, resting, quantity=15, price=100_00)

    order = session.order(resting)
    assert (order["quantity"], order["filled"], order["leaves"]) == (15, 4, 11)
    assert status(session, resting) == OrderStatus.PARTIALLY_FILLED


@pytest.mark.parametrize("total", [4, 3, 1])
def test_rule_15_a_replace_at_or_below_filled_ends_as_filled(session, resting, total):
    session.fill(resting, 4, 100_00)
    session.replace(resting, quantity=total)

    session.report(ReportType.REPLACED, resting, quantity=total, price=100_00)

    report = session.last()
    assert report["status"] == OrderStatus.FILLED
    assert (report["quantity"], report["filled"], report["leaves"]) == (4, 4, 0)


def test_rule_15_a_refused_replace_leaves_the_order_as_it_was(session, resting):
    session.replace(resting, price=99_00)

    session.report(ReportType.REPLACE_REJECTED, resting)

    assert status(session, resting) == OrderStatus.NEW
    assert session.order(resting)["price"] == 100_00
    assert session.order(resting)["new_quantity"] == 0


def test_rule_14_several_replaces_are_pending_until_the_last(session, resting):
    session.replace(resting, price=99_00)
    session.replace(resting, price=98_00)

    session.report(ReportType.REPLACED, resting, quantity=10, price=99_00)
    assert status(session, resting) == OrderStatus.PENDING_REPLACE
    session.report(ReportType.REPLACED, resting, quantity=10, price=98_00)

    assert status(session, resting) == OrderStatus.NEW
    assert session.order(resting)["price"] == 98_00


def test_rule_16_a_replace_of_one_thing_leaves_the_others(session, resting):
    session.replace(resting, quantity=5)

    order = session.order(resting)
    assert (order["new_quantity"], order["new_price"]) == (5, NO_PRICE)
    assert session.told()[-1] == ("replace", resting)


def test_a_doubled_fill_counts_once(session, resting):
    for _ in range(2):
        session.report(
            ReportType.FILL, resting, last_quantity=4, last_price=100_00, filled=4
        )

    assert session.position()["quantity"] == 4
    assert session.risk["duplicate_reports"] == 1


def test_a_doubled_acceptance_counts_once(session, resting):
    told = len(session.reports)

    session.accept(resting)

    assert session.risk["duplicate_reports"] == 1
    assert len(session.reports) == told


def test_a_report_about_an_unknown_order_is_counted(session):
    session.fill(4711, 3, 100_00)

    assert session.risk["unknown_reports"] == 1
    assert session.position()["quantity"] == 0


def test_a_fill_beyond_what_is_open_stops_the_engine(session, resting):
    session.fill(resting, 11, 100_00)

    assert session.engine["halted"] == 1
    assert session.engine["halt_code"] == HALT_OVERFILL
    assert session.position()["quantity"] == 11
    session.new(BUY, 1, 100_00)
    assert session.refusal() == Reason.STATE_KILLED


def test_a_client_order_id_that_is_working_or_ended_is_refused(session, resting):
    session.new(BUY, 1, 100_00, client_order_id=resting)
    assert session.refusal() == Reason.DUPLICATE_ORDER_ID

    session.report(ReportType.CANCELLED, resting)
    session.new(BUY, 1, 100_00, client_order_id=resting)

    assert session.refusal() == Reason.DUPLICATE_ORDER_ID


def test_the_oldest_ended_orders_are_forgotten(session):
    first = session.new(BUY, 1, 100_00)
    session.report(ReportType.REJECTED, first, reason=Reason.CLOSED)
    order = first
    for _ in range(ENDED_KEPT):
        order = session.new(BUY, 1, 100_00)
        session.report(ReportType.REJECTED, order, reason=Reason.CLOSED)

    assert session.risk["ended"] == ENDED_KEPT
    assert session.arena.header[16 + 8 * Section.ORDERS + 5] == ENDED_KEPT
    session.new(BUY, 1, 100_00, client_order_id=first)
    assert session.last()["report"] == ReportType.PENDING_NEW
    session.new(BUY, 1, 100_00, client_order_id=order)
    assert session.refusal() == Reason.DUPLICATE_ORDER_ID


def test_cancelling_what_is_unknown_or_ended_is_refused(session, resting):
    session.cancel(4711)
    assert session.refusal() == Reason.UNKNOWN_ORDER
    session.report(ReportType.EXPIRED, resting, reason=Reason.EXPIRED)
    assert session.last()["status"] == OrderStatus.EXPIRED

    session.cancel(resting)

    assert session.refusal() == Reason.ORDER_ENDED


def test_a_strategy_cancels_its_own_orders_only(session, resting):
    session.cancel(resting, strategy=3)

    assert session.refusal() == Reason.UNKNOWN_ORDER


def test_a_replace_comes_too_late_for_a_cancel(session, resting):
    session.cancel(resting)

    session.replace(resting, quantity=20)

    assert session.refusal() == Reason.ORDER_ENDED


STEPS = [
    "accept",
    "fill",
    "cancel",
    "cancelled",
    "cancel_rejected",
    "replace",
    "replaced",
    "replace_rejected",
]
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(1, 12)),
    max_size=25,
)


def apply_step(session, order, what, number):
    record = session.order(order)
    if what == "fill":
        room = int(record["quantity"] - record["filled"])
        if room:
            session.fill(order, min(number, room), 100_00)
    elif what == "accept":
        session.accept(order)
    elif what == "cancel":
        session.cancel(order)
    elif what == "replace":
        session.replace(order, quantity=number)
    elif what == "replaced":
        session.report(
            ReportType.REPLACED, order, quantity=number, price=int(record["price"])
        )
    else:
        session.report(ReportType[what.upper()], order)


_shared = GateSession().arm()
_shared.quote(99_99, 100_01)


@given(steps=steps)
@settings(max_examples=200)
def test_rule_15_quantity_is_filled_and_leaves_while_working(steps):
    session = _shared
    before = int(session.position()["quantity"])
    order = session.new(BUY, 10, 100_00)
    ended = {OrderStatus.FILLED, OrderStatus.CANCELLED}

    for what, number in steps:
        apply_step(session, order, what, number)

        record = session.order(order)
        assert record["filled"] <= record["quantity"]
        if OrderStatus(record["status"]) in ended:
            assert record["leaves"] == 0
            assert record["counted"] == 0
        else:
            assert record["quantity"] == record["filled"] + record["leaves"]
            assert record["counted"] >= record["leaves"] > 0
        held = int(session.position()["quantity"]) - before
        assert held == record["filled"]
        row = session.position()
        assert row["working_buy"] == record["counted"]
        assert row["working_buy_value"] == record["counted"] * record["counted_price"]
    if session.order(order)["leaves"]:
        session.report(ReportType.CANCELLED, order)
    assert session.position()["working_buy"] == 0
    assert session.position()["working_sell"] == 0
    assert session.arena.records(Section.WORKING)[0]["first"] == 0


def test_cancel_all_takes_a_side_or_everything(session):
    buys = [session.new(BUY, 1, 99_00 - i) for i in range(3)]
    sells = [session.new(SELL, 1, 101_00 + i) for i in range(2)]
    session.told()

    session.command(Action.CANCEL_ALL, instrument=0, side=SELL)
    assert {order for _, order in session.told()} == set(sells)
    session.command(Action.CANCEL_ALL)

    assert {order for _, order in session.told()} == set(buys)


def test_rule_16_what_a_replace_leaves_out_is_as_last_asked_for(session, resting):
    session.replace(resting, quantity=5)

    session.replace(resting, price=99_00)
    order = session.order(resting)
    assert (order["new_quantity"], order["new_price"]) == (5, 99_00)
    session.replace(resting, quantity=4)

    order = session.order(resting)
    assert (order["new_quantity"], order["new_price"]) == (4, 99_00)


def test_rule_20_the_venues_own_cut_answers_no_replace_of_ours(session, resting):
    session.replace(resting, price=99_00)

    session.report(
        ReportType.REPLACED,
        resting,
        quantity=6,
        price=100_00,
        reason=Reason.NOT_REDUCING,
    )
    assert status(session, resting) == OrderStatus.PENDING_REPLACE
    assert session.order(resting)["leaves"] == 6
    session.report(ReportType.REPLACED, resting, quantity=6, price=99_00)

    assert status(session, resting) == OrderStatus.NEW
    assert session.order(resting)["price"] == 99_00
