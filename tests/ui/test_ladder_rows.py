"""A ladder's compiled rows are those of the plain reference, word for word."""

import numpy as np
import pytest

from app.engine.history.records import FLOW
from app.engine.ladder_rows import Mark
from app.engine.records import BUY, NO_PRICE, SELL, OrderStatus, OrderType
from app.engine.views import DEPTH, VIEW_LEVEL
from app.ui.models.ladder import Surroundings
from app.ui.models.ladder_build import bar_scale, build_frame
from app.ui.models.market import Listed, Market
from app.ui.models.orders import OWN_ORDER
from tests.ui.reference_rows import reference_rows
from tests.ui.scripted_session import ScriptedSession

Random = np.random.Generator
_ROWS = 41
_MARKS = (Mark.OPEN, Mark.VWAP, Mark.POC, Mark.TRAIL_1, Mark.TRAIL_2)


def prices(random: Random, touch: int, step: int, count: int) -> np.ndarray:
    """Prices around the touch, some off the tick table and some far away."""
    near = touch + random.integers(-60 * step, 60 * step, count)
    far = random.integers(0, 2**40, count)
    return np.where(random.random(count) < 0.9, near, far)


def fill(part: np.void, random: Random, touch: int, step: int) -> None:
    """Write a random book, trade and position into a part of a view."""
    for levels, count, side in (
        ("bids", "bid_levels", BUY),
        ("asks", "ask_levels", SELL),
    ):
        part[count] = random.choice((0, 1, 7, DEPTH - 1, DEPTH))
        steps = np.cumsum(random.integers(0, 4, DEPTH))
        part[levels]["price"] = touch - side * step * steps
        part[levels]["size"] = random.integers(0, 10 ** random.integers(1, 12), DEPTH)
    for name in ("last_price", "high", "low"):
        part[name] = (
            prices(random, touch, step, 1)[0] if random.random() < 0.8 else NO_PRICE
        )
    part["last_size"] = random.integers(1, 90)
    part["last_aggressor"] = random.integers(-1, 2)
    part["position"] = random.integers(-3, 4)
    part["average_price"] = random.choice([np.nan, touch + 0.5, touch - 3.25])
    part["realised"], part["fees"] = random.integers(-(10**12), 10**12, 2)


def own_orders(random: Random, touch: int, step: int) -> np.ndarray:
    """Random working orders, several at a price, some stops, some without a price."""
    count = int(random.integers(0, 12))
    orders = np.zeros(count, OWN_ORDER)
    orders["client_order_id"] = np.arange(1, count + 1)
    orders["side"] = random.choice((BUY, SELL), count)
    orders["leaves"] = random.integers(0, 9, count)
    orders["status"] = OrderStatus.NEW
    orders["order_type"] = random.choice((OrderType.LIMIT, OrderType.STOP), count)
    orders["price"] = touch + step * random.integers(-9, 9, count)
    is_stop = orders["order_type"] == OrderType.STOP
    orders["stop_price"] = np.where(is_stop, orders["price"] + 2 * step, NO_PRICE)
    orders["price"][random.random(count) < 0.1] = NO_PRICE
    return orders


def surroundings(random: Random, touch: int, step: int) -> Surroundings:
    """Random flow, far levels, marks and ticks in a row."""
    flow = np.zeros(int(random.integers(0, 50)), FLOW)
    flow["price"] = prices(random, touch, step, len(flow))
    for name in (FLOW.names or ())[1:]:
        flow[name] = random.integers(-900, 900, len(flow))
    deep = tuple(np.zeros(int(random.integers(0, 80)), VIEW_LEVEL) for _ in range(2))
    for side, levels in zip((BUY, SELL), deep, strict=True):
        levels["price"] = touch - side * step * np.arange(len(levels))
        levels["size"] = random.integers(1, 500, len(levels))
    return Surroundings(
        group=int(random.choice((1, 1, 2, 5))),
        flow=flow if random.random() < 0.8 else None,
        deep=(deep[0], deep[1]) if random.random() < 0.5 else None,
        marks=tuple(
            (int(m), int(p))
            for m, p in zip(_MARKS, prices(random, touch, step, 5), strict=True)
        ),
    )


@pytest.fixture
def market() -> Market:
    session, made = ScriptedSession(), Market()
    made.reset(session.instruments)
    made.view = session.view()
    return made


def middle(market: Market, listed: Listed) -> int:
    part = market.instrument(listed.number)
    assert part is not None
    return int(part["bids"]["price"][0])


@pytest.mark.parametrize("number", [0, 1, 2])
def test_rows_are_those_of_the_reference(market: Market, number: int) -> None:
    listed, seen = market.listed[number], 0
    touch = middle(market, listed)
    step = listed.instrument.step_at(touch)
    for seed in range(40):
        random = np.random.default_rng(seed)
        part = market.instrument(number)
        assert part is not None
        assert market.view is not None
        fill(part, random, touch, step)
        orders = own_orders(random, touch, step)
        around = surroundings(random, touch, step)
        view = market.view
        view["orders"] = random.integers(0, 9)
        view["working"]["client_order_id"][:9] = random.integers(1, 9, 9)
        view["working"]["queue_ahead"][:9] = random.integers(0, 700, 9)
        market.view = view  # as when a newer one comes
        index = listed.scale.index(touch) + int(random.integers(-70, 70))
        top = index // around.group + _ROWS // 2

        frame = build_frame(market, listed, orders, top, _ROWS, around)

        expected = reference_rows(market, listed, orders, top, _ROWS, around)
        for name in expected.dtype.names or ():
            np.testing.assert_array_equal(
                frame.cells[name], expected[name], f"{seed} {name}"
            )
        largest = int(max(expected["bid"].max(), expected["ask"].max()))
        assert frame.full == bar_scale(largest)
        assert frame.bid_total == frame.bids["size"].sum()
        assert frame.ask_total == frame.asks["size"].sum()
        seen += int(np.count_nonzero(expected["bid"]))
    assert seen > 100


def test_without_a_view_there_are_prices_and_our_orders(market: Market) -> None:
    listed, random = market.listed[0], np.random.default_rng(4)
    touch = middle(market, listed)
    market.view = None
    orders = own_orders(random, touch, listed.instrument.step_at(touch))
    top = listed.scale.index(touch) + _ROWS // 2

    frame = build_frame(market, listed, orders, top, _ROWS)

    expected = reference_rows(market, listed, orders, top, _ROWS, Surroundings())
    np.testing.assert_array_equal(frame.cells, expected)
    assert frame.cells["buy"].any()


@pytest.mark.parametrize("levels", [-3, DEPTH + 40, 2**63 - 1])
def test_no_count_of_levels_reads_beyond_them(market: Market, levels: int) -> None:
    listed, part = market.listed[0], market.instrument(0)
    assert part is not None
    part["bid_levels"] = part["ask_levels"] = levels
    part["last_price"] = 2**63 - 1
    around, none = Surroundings(), np.zeros(0, OWN_ORDER)
    top = listed.scale.index(middle(market, listed)) + 9

    frame = build_frame(market, listed, none, top, _ROWS, around)

    expected = reference_rows(market, listed, none, top, _ROWS, around)
    np.testing.assert_array_equal(frame.cells, expected)
