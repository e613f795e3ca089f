"""The impact model against published numbers and its own promises."""

import math
from typing import Any

import pytest

from app.engine.arena import Section
from app.engine.records import NO_PRICE, RecordFlag
from app.engine.venue.impact import almgren_coefficients, note_impact
from app.errors import EngineError
from tests.engine.venue.bench import Bench

DAY = 86_400_000_000_000

# Almgren, Thum, Hauptmann and Li (2005), the table of example impact costs: a trade
# of a tenth of the day's volume in IBM and DRI, over T days. Costs in basis points.
STOCKS = {
    "IBM": {"inverse_turnover": 263, "volatility": 0.0157},
    "DRI": {"inverse_turnover": 87, "volatility": 0.0226},
}
REALISED = [
    ("IBM", 0.1, 32),
    ("IBM", 0.2, 25),
    ("IBM", 0.5, 18),
    ("DRI", 0.1, 43),
    ("DRI", 0.2, 32),
    ("DRI", 0.5, 23),
]
PERMANENT = {"IBM": 20, "DRI": 22}
VOLUME = 10_000_000.0
PRICE = 10_000


def venue_of(**fields: Any) -> tuple[Bench, int]:
    """A venue with an impact model, and an order to trade with."""
    given = {"impact": "square_root", "volatility": 0.02, "day_volume": VOLUME}
    venue = Bench(**{**given, **fields})
    return venue, venue.submit(1, "buy", 1)


def traded(venue: Bench, index: int, t: int, quantity: int) -> int:
    """Money that a fill pays at a time; sold is negative."""
    venue.order(index)["side"] = 1 if quantity > 0 else -1
    state = venue.arena.records(Section.VENUE)[0]
    state["at"], state["impact"] = t, 0
    note_impact(venue.arena.address, index, PRICE, abs(quantity))
    return int(state["impact"])


def basis_points(venue: Bench, paid: float, quantity: float) -> float:
    record = venue.arena.records(Section.INSTRUMENTS)[0]
    unit = int(record["money_numerator"]) / int(record["money_denominator"])
    return 1e4 * paid / (PRICE * unit * quantity)


@pytest.mark.parametrize(("stock", "days", "realised"), REALISED)
def test_a_steady_trade_costs_what_almgren_et_al_print(
    stock: str, days: float, realised: int
) -> None:
    half_life = 2e-4
    terms = STOCKS[stock]
    found = almgren_coefficients(terms["inverse_turnover"], half_life)
    venue, index = venue_of(
        impact="three_fifths",
        volatility=terms["volatility"],
        temporary_impact=found.temporary,
        permanent_impact=found.permanent,
        impact_half_life_ns=round(half_life * DAY),
    )
    slices = round(20 * days / half_life)
    each = round(VOLUME / 10 / slices)

    paid = sum(
        traded(venue, index, DAY + round(i * days / slices * DAY), each)
        for i in range(slices)
    )

    cost = basis_points(venue, paid, slices * each)
    assert cost == pytest.approx(realised, abs=0.7)


@pytest.mark.parametrize("stock", STOCKS)
def test_permanent_impact_is_what_almgren_et_al_print(stock: str) -> None:
    terms = STOCKS[stock]
    found = almgren_coefficients(terms["inverse_turnover"], 1.0)

    moved = 1e4 * found.permanent * terms["volatility"] * 0.1

    assert round(moved) == PERMANENT[stock]


def test_the_square_root_law() -> None:
    # A hundredth of the day's volume moves the price by a tenth of a day's volatility
    # (Y = 1); what is paid is two thirds of it, the mean of a square root.
    venue, index = venue_of()

    paid = traded(venue, index, 5, round(VOLUME / 100))

    assert basis_points(venue, paid, VOLUME / 100) == pytest.approx(200 / 10 * 2 / 3)


def test_pieces_at_one_instant_cost_what_the_whole_does() -> None:
    whole, pieces = venue_of(permanent_impact=0.3), venue_of(permanent_impact=0.3)

    once = traded(*whole, 5, 90_000)
    often = sum(traded(*pieces, 5, 30_000) for _ in range(3))

    assert often == pytest.approx(once, abs=3)


def test_a_round_trip_at_one_instant_costs_nothing() -> None:
    venue = venue_of(permanent_impact=0.3)

    there = traded(*venue, 5, 90_000)
    back = traded(*venue, 5, -90_000)

    assert there > 0
    assert there + back == pytest.approx(0, abs=2)


def test_later_the_temporary_part_is_gone_and_a_round_trip_costs() -> None:
    venue = venue_of(impact_half_life_ns=100)

    there = traded(*venue, 5, 90_000)
    back = traded(*venue, 5 + 100_000, -90_000)

    assert back == there > 0


def test_half_is_left_after_the_half_life() -> None:
    venue, index = venue_of(impact_half_life_ns=100)
    traded(venue, index, 5, 80_000)

    paid = traded(venue, index, 105, 1)

    left = 0.02 * math.sqrt(40_000 / VOLUME)
    assert basis_points(venue, paid, 1) == pytest.approx(1e4 * left, rel=0.01)


def test_rule_36_only_the_share_beyond_known_depth_pays_and_it_is_told() -> None:
    venue = Bench(
        full_depth=False, impact="square_root", volatility=0.02, day_volume=1e4
    )
    venue.book(1, bids="9999x5", asks="10000x100")
    within = venue.rest(2, "buy", 60, NO_PRICE)
    beyond = venue.rest(3, "buy", 140, NO_PRICE)

    assert venue.order(within)["impact"] == 0
    # 100 units beyond at 100.00 each: 2 % x sqrt(100 / 10000) x 2/3 of 10 000.00.
    assert venue.order(beyond)["impact"] == pytest.approx(13.33333333e8, abs=1)
    flags = venue.reports["flags"][-1]
    assert flags & RecordFlag.BEYOND_DEPTH
    assert (
        venue.arena.records(Section.IMPACTS)[0]["paid"] == venue.order(beyond)["impact"]
    )


def test_without_a_model_nothing_is_paid() -> None:
    venue = Bench(full_depth=False)
    venue.book(1, bids="9999x5", asks="10000x100")

    index = venue.rest(3, "buy", 140, NO_PRICE)

    assert venue.order(index)["impact"] == 0
    assert venue.fills()[-1] == (index, 10000, 40)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"impact": "square_root"}, "volatility"),
        ({"impact": "square_root", "volatility": 0.1}, "day_volume"),
        ({"participation": 0.0}, "participation"),
        ({"slippage": -1}, "slippage"),
        ({"bar_interval_ns": -1}, "bar_interval_ns"),
        ({"permanent_impact": -1.0}, "coefficients"),
        ({"impact_half_life_ns": -1}, "half_life"),
    ],
)
def test_bad_parameters_are_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(EngineError, match=named):
        Bench(**fields)
