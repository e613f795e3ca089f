"""Frames and intents against plainly written expectations."""

import numpy as np
import pytest

from app.engine.ladder_rows import Mark
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    OrderOption,
    OrderStatus,
    OrderType,
    SafetyState,
)
from app.engine.views import DEPTH, VIEW_LEVEL
from app.ui.models.intent import order_intent
from app.ui.models.judge import Verdict, through_ticks
from app.ui.models.ladder import (
    Away,
    LadderFrame,
    Surroundings,
    touch_index,
)
from app.ui.models.ladder_build import bar_scale, break_even, build_frame
from app.ui.models.market import Market
from app.ui.models.orders import OWN_ORDER
from tests.ui.scripted_session import LEVELS, ScriptedSession

NO_ORDERS = np.zeros(0, OWN_ORDER)


@pytest.fixture
def session() -> ScriptedSession:
    made = ScriptedSession()
    made.state = SafetyState.ARMED
    made.is_frozen = True
    return made


def frame_of(session: ScriptedSession, number: int = 0, rows: int = 40) -> LadderFrame:
    market = Market()
    market.reset(session.instruments)
    market.view = session.view()
    listed = market.listed[number]
    touch = touch_index(market, listed)
    assert touch is not None
    return build_frame(market, listed, NO_ORDERS, touch + rows // 2, rows)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_level_stands_in_the_row_of_its_price(
    session: ScriptedSession, number: int
) -> None:
    frame, book = frame_of(session, number), session.books[number]
    shown = {BUY: "bid", SELL: "ask"}

    for row in range(len(frame.cells)):
        for side, name in shown.items():
            level = side * (book.price(side, 0) - frame.price(row)) // book.step
            expected = book.size(side, level) if 0 <= level < LEVELS else 0
            assert frame.cells[name][row] == expected


def test_rows_follow_the_tick_table(session: ScriptedSession) -> None:
    frame = frame_of(session, 1)
    instrument = frame.listed.instrument

    for row in range(len(frame.cells) - 1):
        below = instrument.previous_valid_price(frame.price(row))
        assert frame.price(row + 1) == below


def test_marks_of_touch_last_and_average(session: ScriptedSession) -> None:
    book = session.books[0]
    session.position[0], session.cost[0] = 2, 2.0 * book.price(BUY, 3)
    frame = frame_of(session)

    assert frame.cells["marks"][frame.row(book.price(BUY, 0))] & Mark.BEST_BID
    assert frame.cells["marks"][frame.row(book.price(SELL, 0))] & Mark.BEST_ASK
    assert frame.cells["marks"][frame.row(book.last)] & Mark.LAST
    assert frame.cells["marks"][frame.row(book.price(BUY, 3))] & Mark.AVERAGE
    assert frame.spread_ticks == 1


def test_a_row_of_several_ticks_adds_up_and_means_the_nearest_price(
    session: ScriptedSession,
) -> None:
    market = Market()
    market.reset(session.instruments)
    market.view = session.view()
    listed, touch = market.listed[0], touch_index(market, market.listed[0])
    assert touch is not None
    one = build_frame(market, listed, NO_ORDERS, touch + 100, 200)
    five = build_frame(
        market, listed, NO_ORDERS, touch // 5 + 20, 40, Surroundings(group=5)
    )

    assert five.cells["bid"].sum() == one.cells["bid"].sum()
    for row in range(40):
        low, high = five.price(row, SELL), five.price(row, BUY)
        assert listed.scale.index(high) - listed.scale.index(low) == 4
        assert five.row(low) == five.row(high) == row
        inside = (one.cells["price"] >= low) & (one.cells["price"] <= high)
        assert five.cells["ask"][row] == one.cells["ask"][inside].sum()


def test_levels_beyond_the_view_are_unknown_until_the_history_tells(
    session: ScriptedSession,
) -> None:
    market = Market()
    market.reset(session.instruments)
    market.view = session.view()
    listed, part = market.listed[0], market.view["instrument"][0]
    best = int(part["bids"]["price"][0])
    part["bid_levels"] = DEPTH
    part["bids"]["price"] = best - np.arange(DEPTH)
    part["bids"]["size"] = 3
    deep = np.zeros(1, VIEW_LEVEL)
    deep["price"], deep["size"] = best - DEPTH - 2, 77
    top = listed.scale.index(best) - DEPTH

    unknown = build_frame(market, listed, NO_ORDERS, top, 10)
    known = build_frame(
        market, listed, NO_ORDERS, top, 10, Surroundings(deep=(deep, deep[:0]))
    )

    assert (unknown.cells["marks"] & Mark.UNKNOWN_BID).all()
    assert not (known.cells["marks"] & Mark.UNKNOWN_BID).any()
    assert known.cells["bid"].tolist() == [0, 0, 77, 0, 0, 0, 0, 0, 0, 0]


def test_orders_out_of_view_and_groups_are_told(session: ScriptedSession) -> None:
    market = Market()
    market.reset(session.instruments)
    market.view = session.view()
    listed = market.listed[0]
    orders = np.zeros(3, OWN_ORDER)
    orders["client_order_id"] = (1, 2, 3)
    orders["side"], orders["leaves"] = (BUY, SELL, SELL), 4
    orders["group"] = 9
    orders["order_type"] = (OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP)
    orders["status"] = OrderStatus.NEW
    orders["price"] = [listed.scale.price(each) for each in (95, 500, 0)]
    orders["price"][2] = NO_PRICE
    orders["stop_price"] = listed.scale.price(92)

    frame = build_frame(market, listed, orders, 100, 20)

    assert frame.away == (Away(SELL, True, 4, listed.scale.price(500)),)
    assert frame.own == {(5, BUY): [1], (8, SELL): [3]}
    assert [letter for _, _, letter in frame.groups[0]] == ["E", "T", "S"]


def test_break_even_counts_what_was_made_and_paid(session: ScriptedSession) -> None:
    market = Market()
    market.reset(session.instruments)
    market.view = session.view()
    listed, part = market.listed[0], market.view["instrument"][0]
    part["position"], part["average_price"] = 2, 1000.0
    part["realised"], part["fees"] = 0, listed.instrument.money(10, 2)

    assert break_even(part, listed) == 1010
    part["position"] = -2
    assert break_even(part, listed) == 990
    part["position"] = 0
    assert break_even(part, listed) == NO_PRICE


@pytest.mark.parametrize(
    ("largest", "full"),
    [(0, 1), (1, 1), (2, 2), (4, 5), (99, 100), (101, 150), (701, 1000)],
)
def test_bar_scale(largest: int, full: int) -> None:
    assert bar_scale(largest) == full


def test_no_data_shows_prices_and_nothing_else(session: ScriptedSession) -> None:
    market = Market()
    market.reset(session.instruments)
    frame = build_frame(market, market.listed[0], NO_ORDERS, 100, 20)

    assert frame.sequence == 0
    assert not frame.cells["bid"].any()
    assert frame.best_bid == NO_PRICE
    assert frame.spread_ticks is None
    assert touch_index(market, market.listed[0]) is None


def test_intent_says_queue_and_position(session: ScriptedSession) -> None:
    session.position[0] = 3
    frame = frame_of(session)
    price, size = session.books[0].price(BUY, 2), session.books[0].size(BUY, 2)

    intent = order_intent(frame.at, BUY, price, 5)

    assert intent.verdict is Verdict.SEND
    text = frame.listed.text
    assert intent.text == (
        f"BUY 5 LMT {text.price(price)} · joins {size} ahead · pos 3→8 of 100 · OK"
    )


def test_intent_through_the_market_says_what_it_takes(session: ScriptedSession) -> None:
    frame, book = frame_of(session), session.books[0]
    first, second = book.size(SELL, 0), book.size(SELL, 1)
    price = book.price(SELL, 1)

    intent = order_intent(frame.at, BUY, price, first + second + 7)

    text = frame.listed.text
    assert f"takes {first + second} up to {text.price(price)}, 7 rests" in intent.text
    assert not intent.options & OrderOption.RESTING_INTENT


def test_intent_sell_mirrors_buy(session: ScriptedSession) -> None:
    frame, book = frame_of(session), session.books[0]

    intent = order_intent(frame.at, SELL, book.price(BUY, 0), 1)

    assert f"takes 1 at {frame.listed.text.price(book.price(BUY, 0))}" in intent.text


def test_stale_book_blocks_and_says_why(session: ScriptedSession) -> None:
    session.stale = 2
    frame = frame_of(session)

    intent = order_intent(frame.at, BUY, frame.best_bid, 1)

    assert intent.verdict is Verdict.BLOCK
    assert "stale book: data were lost" in intent.text


@pytest.mark.parametrize("state", [SafetyState.VIEW, SafetyState.KILLED])
@pytest.mark.parametrize("position", [-5, 0, 5])
def test_states_that_forbid_every_click(
    session: ScriptedSession, state: SafetyState, position: int
) -> None:
    session.state, session.position[0] = state, position
    frame = frame_of(session)

    for side in (BUY, SELL):
        assert order_intent(frame.at, side, frame.best_bid, 1).verdict is Verdict.BLOCK


@pytest.mark.parametrize(
    ("side", "quantity", "verdict"),
    [
        (SELL, 5, Verdict.SEND),
        (SELL, 6, Verdict.BLOCK),
        (BUY, 1, Verdict.BLOCK),
    ],
)
def test_reduce_passes_what_shrinks(
    session: ScriptedSession, side: int, quantity: int, verdict: Verdict
) -> None:
    session.state, session.position[0] = SafetyState.REDUCE, 5
    frame = frame_of(session)

    intent = order_intent(frame.at, side, frame.best_ask, quantity)

    assert intent.verdict is verdict
    if verdict is Verdict.SEND:
        assert intent.options & OrderOption.REDUCE_ONLY


def test_through_ticks_of_both_sides(session: ScriptedSession) -> None:
    frame, book = frame_of(session), session.books[0]

    assert through_ticks(frame.at, BUY, book.price(SELL, 0)) == 0
    assert through_ticks(frame.at, BUY, book.price(SELL, 3)) == 3
    assert through_ticks(frame.at, SELL, book.price(BUY, 3)) == 3
    assert through_ticks(frame.at, SELL, book.price(SELL, 0)) == -1


def test_no_size_is_blocked(session: ScriptedSession) -> None:
    frame = frame_of(session)

    assert order_intent(frame.at, BUY, frame.best_bid, 0).why == "choose a size first"
