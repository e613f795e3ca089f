"""Frames and intents against plainly written expectations."""

import numpy as np
import pytest

from app.engine.records import BUY, NO_PRICE, SELL, OrderOption, SafetyState
from app.ui.models.intent import Verdict, order_intent, through_ticks
from app.ui.models.ladder import (
    LadderFrame,
    Mark,
    bar_scale,
    build_frame,
    dirty_rows,
    touch_index,
)
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


def test_dirty_rows_are_those_that_differ(session: ScriptedSession) -> None:
    old = frame_of(session)
    session.books[0].sizes[1, 4] += 5
    new = frame_of(session)

    assert dirty_rows(old, new) is None or dirty_rows(None, new) is None
    same_listed = LadderFrame(old.listed, old.top, new.cells, old.full)
    assert dirty_rows(old, same_listed) == [old.row(session.books[0].price(SELL, 4))]


def test_another_top_repaints_all(session: ScriptedSession) -> None:
    frame = frame_of(session)
    moved = LadderFrame(frame.listed, frame.top + 1, frame.cells, frame.full)

    assert dirty_rows(frame, moved) is None


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

    intent = order_intent(frame, BUY, price, 5)

    assert intent.verdict is Verdict.SEND
    text = frame.listed.text
    assert intent.text == (
        f"BUY 5 LMT {text.price(price)} · joins {size} ahead · pos 3→8 of 100 · OK"
    )


def test_intent_through_the_market_says_what_it_takes(session: ScriptedSession) -> None:
    frame, book = frame_of(session), session.books[0]
    first, second = book.size(SELL, 0), book.size(SELL, 1)
    price = book.price(SELL, 1)

    intent = order_intent(frame, BUY, price, first + second + 7)

    text = frame.listed.text
    assert f"takes {first + second} up to {text.price(price)}, 7 rests" in intent.text
    assert not intent.options & OrderOption.RESTING_INTENT


def test_intent_sell_mirrors_buy(session: ScriptedSession) -> None:
    frame, book = frame_of(session), session.books[0]

    intent = order_intent(frame, SELL, book.price(BUY, 0), 1)

    assert f"takes 1 at {frame.listed.text.price(book.price(BUY, 0))}" in intent.text


def test_stale_book_blocks_and_says_why(session: ScriptedSession) -> None:
    session.stale = 2
    frame = frame_of(session)

    intent = order_intent(frame, BUY, frame.best_bid, 1)

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
        assert order_intent(frame, side, frame.best_bid, 1).verdict is Verdict.BLOCK


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

    intent = order_intent(frame, side, frame.best_ask, quantity)

    assert intent.verdict is verdict
    if verdict is Verdict.SEND:
        assert intent.options & OrderOption.REDUCE_ONLY


def test_through_ticks_of_both_sides(session: ScriptedSession) -> None:
    frame, book = frame_of(session), session.books[0]

    assert through_ticks(frame, BUY, book.price(SELL, 0)) == 0
    assert through_ticks(frame, BUY, book.price(SELL, 3)) == 3
    assert through_ticks(frame, SELL, book.price(BUY, 3)) == 3
    assert through_ticks(frame, SELL, book.price(SELL, 0)) == -1


def test_no_size_is_blocked(session: ScriptedSession) -> None:
    frame = frame_of(session)

    assert order_intent(frame, BUY, frame.best_bid, 0).why == "choose a size first"
