"""Orders that wait, at the gate: what it asks of them, and what it takes (14-29)."""

import pytest

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    GroupRole,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)
from tests.engine.gate_session import GateSession

K, TIF, S = OrderType, TimeInForce, OrderStatus


@pytest.fixture
def session():
    made = GateSession()
    made.quote(99_99, 100_01)
    return made.arm()


def status(session, order) -> OrderStatus:
    return OrderStatus(session.order(order)["status"])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"order_type": K.STOP}, Reason.BAD_PRICE),
        ({"order_type": K.STOP, "stop_price": 101_00, "price": 100_00}, "BAD_PRICE"),
        ({"order_type": K.STOP_LIMIT, "stop_price": 101_00}, Reason.BAD_PRICE),
        ({"order_type": K.LIMIT, "price": 100_00, "stop_price": 101_00}, "BAD_PRICE"),
        ({"order_type": K.TRAILING_STOP}, Reason.BAD_PRICE),
        ({"order_type": K.TRAILING_STOP, "trail": -1_000_000}, Reason.BAD_PRICE),
        ({"order_type": K.MARKET, "trail": 5}, Reason.BAD_PRICE),
        ({"order_type": K.MARKET, "display_quantity": 2}, Reason.UNSUPPORTED),
        ({"price": 100_00, "display_quantity": 11}, Reason.BAD_QUANTITY),
        ({"price": 100_00, "display_quantity": -1}, Reason.BAD_QUANTITY),
        ({"price": 100_00, "time_in_force": TIF.GTD}, Reason.EXPIRED),
        ({"price": 100_00, "group": 1}, Reason.UNSUPPORTED),
        ({"price": 100_00, "role": GroupRole.OCO_ENTRY}, Reason.UNSUPPORTED),
        ({"price": 100_00, "group": 1, "role": GroupRole.BRACKET_STOP}, "UNSUPPORTED"),
        ({"price": 100_00, "trigger": 5}, Reason.UNSUPPORTED),
        (
            {"order_type": K.STOP, "stop_price": 101_00, "time_in_force": TIF.IOC},
            Reason.UNSUPPORTED,
        ),
    ],
)
def test_rule_27_what_does_not_go_together_is_refused_by_name(session, fields, reason):
    terms = {"order_type": K.LIMIT, **fields}
    session.new(BUY, 10, terms.pop("price", None), **terms)

    expected = Reason[reason] if isinstance(reason, str) else reason
    assert session.refusal() == expected


def exits(session) -> list[int]:
    """A bracket's exits, as the venue has accepted them: asleep, without size."""
    target = session.new(SELL, 10, 110_00, group=4, role=GroupRole.BRACKET_TARGET)
    stop = session.new(
        SELL,
        10,
        None,
        order_type=K.STOP,
        stop_price=95_00,
        group=4,
        role=GroupRole.BRACKET_STOP,
    )
    for each in (target, stop):
        held(session, each, ReportType.NEW)
    return [target, stop]


def held(session, order, kind, **fields) -> None:
    row = session.order(order)
    terms = {
        "status": S.HELD,
        "quantity": 0,
        "leaves": 0,
        "price": row["price"],
        "stop_price": row["stop_price"],
        **fields,
    }
    session.report(kind, order, **terms)


def test_rule_28_exits_sleep_without_size_until_their_entry_is_filled(session):
    target, stop = exits(session)

    assert status(session, target) == status(session, stop) == S.HELD
    assert (session.order(target)["quantity"], session.order(target)["leaves"]) == (
        0,
        0,
    )
    assert session.order(target)["options"] & OrderOption.REDUCE_ONLY

    grown = {"quantity": 4, "leaves": 4, "reason": Reason.GROUP}
    held(session, target, ReportType.REPLACED, status=S.NEW, **grown)
    held(session, stop, ReportType.REPLACED, status=S.INACTIVE, **grown)

    assert (status(session, target), status(session, stop)) == (S.NEW, S.INACTIVE)
    assert session.order(stop)["leaves"] == 4


def test_rule_28_a_refused_entry_takes_its_exits_with_it(session):
    target, stop = exits(session)

    session.new(BUY, 0, 100_00, group=4, role=GroupRole.BRACKET_ENTRY)

    assert status(session, target) == status(session, stop) == S.PENDING_CANCEL


def test_rule_28_a_sleeping_exit_takes_prices_and_no_size(session):
    target, _ = exits(session)

    session.replace(target, quantity=5)
    assert session.last()["reason"] == Reason.GROUP
    session.replace(target, price=111_00)

    assert status(session, target) == S.PENDING_REPLACE
    assert session.order(target)["new_price"] == 111_00
    assert session.order(target)["new_quantity"] == 0


def test_rule_14_a_change_by_the_venue_answers_no_request(session):
    order = session.new(
        SELL, 10, None, order_type=K.TRAILING_STOP, trail=5_00, stop_price=NO_PRICE
    )
    held(session, order, ReportType.NEW, status=S.INACTIVE, quantity=10, leaves=10)
    session.replace(order, quantity=6)
    moved = {"quantity": 10, "leaves": 10, "stop_price": 97_00}
    held(
        session,
        order,
        ReportType.REPLACED,
        status=S.INACTIVE,
        reason=Reason.TRAILED,
        **moved,
    )

    row = session.order(order)
    assert (status(session, order), row["stop_price"]) == (S.PENDING_REPLACE, 97_00)
    assert (row["new_quantity"], row["new_stop_price"]) == (6, NO_PRICE)


def test_rule_14_a_stop_may_trigger_while_its_cancel_is_on_its_way(session):
    order = session.new(
        BUY, 10, None, order_type=K.STOP, stop_price=101_00, protection_ticks=2
    )
    held(session, order, ReportType.NEW, status=S.INACTIVE, quantity=10, leaves=10)
    assert status(session, order) == S.INACTIVE
    session.cancel(order)
    session.report(
        ReportType.TRIGGERED, order, status=S.TRIGGERED, price=101_02, stop_price=101_00
    )

    assert status(session, order) == S.PENDING_CANCEL
    assert session.order(order)["price"] == 101_02
    session.report(ReportType.CANCEL_REJECTED, order, reason=Reason.ORDER_ENDED)
    assert status(session, order) == S.TRIGGERED
