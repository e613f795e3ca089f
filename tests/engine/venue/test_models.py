"""Latency, fees and the queues of messages, each by itself."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine.arena import Arena, Section
from app.engine.records import ReportType
from app.engine.venue.fees import fill_fee
from app.engine.venue.latency import latency, standard_normal
from app.engine.venue.pending import merged, new_pending, release, without_first
from app.engine.venue.simulated import VenueModels, venue_due
from app.engine.venue.state import layout
from app.errors import EngineError, InstrumentError
from app.instrument import Fees
from tests.engine.venue.bench import Bench, instrument

MONEY = 100_000_000


# Latency.


def test_constant_latency() -> None:
    venue = Bench(order_latency_ns=7, report_latency_ns=3)

    assert latency(venue.arena.address, 0, 100, False) == 7
    assert latency(venue.arena.address, 0, 100, True) == 3


def test_log_normal_latency_has_the_median_and_the_spread_asked_for() -> None:
    venue = Bench(order_latency_ns=1_000_000, latency_spread=0.5, seed=3)

    drawn = [latency(venue.arena.address, 0, 0, False) for _ in range(4000)]

    logarithms = np.log(np.array(drawn) / 1e6)
    # Four standard errors of a mean and of a standard deviation of 4000.
    assert abs(logarithms.mean()) < 4 * 0.5 / math.sqrt(4000)
    assert abs(logarithms.std() - 0.5) < 4 * 0.5 / math.sqrt(8000)


def test_random_numbers_follow_the_seed_and_the_counter() -> None:
    first, second, other = Bench(seed=1), Bench(seed=1), Bench(seed=2)

    drawn = [standard_normal(first.arena.address, 0) for _ in range(5)]

    assert drawn == [standard_normal(second.arena.address, 0) for _ in range(5)]
    assert drawn != [standard_normal(other.arena.address, 0) for _ in range(5)]
    first.arena.records(Section.VENUE_INSTRUMENTS)[0]["draws"] = 0
    assert standard_normal(first.arena.address, 0) == drawn[0]


@pytest.mark.parametrize(
    ("now", "order", "report"),
    [(0, 10, 100), (100, 10, 100), (150, 15, 50), (175, 18, 25), (200, 20, 0),
     (250, 20, 0), (999, 20, 0)],
)  # fmt: skip
def test_recorded_latency_is_interpolated(now: int, order: int, report: int) -> None:
    venue = Bench(recorded_latency=[(100, 10, 100), (200, 20, 0)])

    assert latency(venue.arena.address, 0, now, False) == order
    assert latency(venue.arena.address, 0, now, True) == report


def test_each_instrument_has_its_own_recorded_latency() -> None:
    venue = Bench(count=2, recorded_latency=[(100, 10, 1)])
    VenueModels(recorded_latency=[(5, 77, 1), (6, 77, 1)]).write(venue.arena, 1)

    assert latency(venue.arena.address, 0, 0, False) == 10
    assert latency(venue.arena.address, 1, 0, False) == 77


@pytest.mark.parametrize(
    "fields",
    [
        {"order_latency_ns": -1},
        {"report_latency_ns": -1},
        {"latency_spread": -0.1},
        {"recorded_latency": [(2, 1, 1), (1, 1, 1)]},
        {"recorded_latency": [(1, -1, 1)]},
        {"front_function": "cubic"},
        {"front_function": "fixed", "front_exponent": 1.5},
        {"front_exponent": 0.0},
    ],
)
def test_models_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=next(iter(fields)).split("_")[0]):
        VenueModels(**fields)


def test_what_is_due_next() -> None:
    venue = Bench(order_latency_ns=10, report_latency_ns=4)
    venue.book(1, bids="100x1")
    assert venue_due(venue.arena.address) == 0

    venue.submit(5, "buy", 1, 99)
    assert venue_due(venue.arena.address) == 15
    venue.submit(8, "buy", 1, 98)
    venue.clock(15)
    assert venue_due(venue.arena.address) == 18
    venue.clock(18)
    assert venue_due(venue.arena.address) == 19


# The queues of messages.


@given(st.lists(st.one_of(st.integers(0, 20), st.none()), max_size=120))
def test_messages_come_out_by_time_then_as_sent(steps: list[int | None]) -> None:
    arena = Arena(layout(1))
    waiting: list[tuple[int, int]] = []
    root = 0
    for number, time in enumerate(steps):
        if time is not None:
            index = new_pending(arena.address, time, 1, number)
            root = merged(arena.address, root, index)
            waiting.append((time, number))
        elif waiting:
            first = arena.records(Section.PENDING)[root]
            waiting.sort()
            assert (first["time"], first["order"]) == waiting.pop(0)
            index, root = root, without_first(arena.address, root)
            release(arena.address, index)
    assert (root != 0) == bool(waiting)


def test_without_room_a_request_is_refused_and_a_report_comes_at_once() -> None:
    venue = Bench(order_latency_ns=10, report_latency_ns=10)
    venue.book(1, bids="100x1", asks="102x1")
    start = 16 + 8 * Section.PENDING
    venue.arena.header[start + 1] = 2
    venue.submit(2, "buy", 1, 102)
    refused = venue.submit(2, "buy", 1, 102)

    assert [each.order for each in venue.told()] == [refused]
    assert venue.told()[0].report == ReportType.REJECTED
    venue.clock(12)
    # The pool's one record carries NEW; the fill finds no room.
    assert venue.fills() == [(1, 102, 1)]


# Fees.


def fees_of(fees: Fees, *fills: tuple[int, str]) -> list[int]:
    """Fees of an order's fills: (quantity, role) at 100.00, in cents."""
    venue = Bench(fees=fees)
    venue.book(1, bids="10000x1000000", asks="10002x1000000")
    total = sum(quantity for quantity, _ in fills)
    takes = [quantity for quantity, role in fills if role == "taker"]
    if takes:
        venue.book(2, bids="9000x1", asks=f"10000x{sum(takes)}")
    else:
        venue.book(2, bids="9000x1")
    venue.rest(3, "buy", total, 10000)
    for t, (quantity, role) in enumerate(fills):
        if role == "maker":
            venue.trade(4 + t, 9999, quantity, "sell")
    assert int(venue.order(1)["fee"]) == int(venue.reports["fee"].sum())
    return [int(each) for each in venue.reports["fee"][1:]]


def cents(*values: int) -> list[int]:
    return [value * MONEY // 100 for value in values]


def test_fees_by_value_for_maker_and_taker() -> None:
    fees = Fees(maker=Decimal("-0.0001"), taker=Decimal("0.0005"))

    # 3 x 100.00 x 0.0005 = 0.15; 2 x 100.00 x -0.0001 = -0.02.
    assert fees_of(fees, (3, "taker"), (2, "maker")) == cents(15, -2)


def test_fees_per_unit_and_per_order() -> None:
    fees = Fees(per_unit=Decimal("0.25"), per_order=Decimal("0.10"))

    assert fees_of(fees, (3, "maker"), (2, "maker")) == cents(85, 50)


def test_rule_45_the_minimum_applies_per_order_not_per_fill() -> None:
    fees = Fees(per_unit=Decimal("0.25"), minimum=Decimal(1))

    filled = [(2, "maker"), (1, "maker"), (3, "maker")]
    assert fees_of(fees, *filled) == cents(100, 0, 50)


def test_rule_45_the_maximum_applies_per_order_not_per_fill() -> None:
    fees = Fees(per_unit=Decimal("0.25"), maximum=Decimal(1))

    filled = [(2, "maker"), (3, "maker"), (3, "maker")]
    assert fees_of(fees, *filled) == cents(50, 50, 0)


def test_rule_45_where_minimum_exceeds_maximum_the_maximum_holds() -> None:
    fees = Fees(minimum=Decimal(2), maximum=Decimal(1))

    assert fees_of(fees, (2, "maker"), (3, "maker")) == cents(100, 0)


def test_a_fee_is_rounded_once_half_even() -> None:
    # A quantity of 1 at 100.00 times 2.5e-10 is 2.5 money units, times 3.5e-10 is 3.5.
    for rate, fee in (("0.00000000025", 2), ("0.00000000035", 4)):
        assert fees_of(Fees(maker=Decimal(rate)), (1, "maker")) == [fee]


def test_fees_beyond_int64_are_refused() -> None:
    with pytest.raises(InstrumentError, match="digits"):
        Bench(fees=Fees(maker=Decimal("0.0001234567890123456789")))


def test_an_external_venue_s_fills_pay_the_same_fees() -> None:
    fees = Fees(per_unit=Decimal("0.25"), minimum=Decimal(1))
    venue = Bench(fees=fees)
    order = venue.arena.records(Section.ORDERS)[1]
    charged = []
    report = np.zeros(1, venue.reports.dtype)
    report["last_price"], report["liquidity"] = 10000, 1
    for quantity in (2, 1, 3):
        report["last_quantity"] = quantity
        fee = fill_fee(venue.arena.address, 1, report[0])
        order["filled"] += quantity
        order["fee"] += fee
        charged.append(int(fee))

    assert charged == cents(100, 0, 50)


def test_the_bench_s_instrument_is_what_the_figures_assume() -> None:
    assert instrument().money_ratio == (MONEY // 100, 1)
