"""Orders through the gate: from a command to the venue and back to a position."""

import pytest

from app.engine.records import (
    BUY,
    OrderStatus,
    ReportType,
)
from tests.engine.gate_session import GateSession


@pytest.fixture
def session():
    made = GateSession()
    made.quote(99_99, 100_01)
    return made.arm()


def test_an_order_goes_to_the_venue_and_comes_back_as_a_position(session):
    order = session.new(BUY, 10, 100_01)

    assert session.told() == [("submit", order)]
    assert session.last()["report"] == ReportType.PENDING_NEW
    session.accept(order)
    assert session.last()["status"] == OrderStatus.NEW
    session.fill(order, 4, 100_01, fee=50)
    assert session.last()["status"] == OrderStatus.PARTIALLY_FILLED
    session.fill(order, 6, 100_00, fee=50)
    report = session.last()
    assert report["status"] == OrderStatus.FILLED
    assert (report["filled"], report["leaves"]) == (10, 0)
    assert session.position()["quantity"] == 10
    assert session.position()["fees"] == 100
    assert session.position(strategy=0)["quantity"] == 10
