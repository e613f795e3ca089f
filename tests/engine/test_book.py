"""The market book against plain dictionaries, and rule by rule."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine.arena import Arena, Section
from app.engine.book import (
    BookReplay,
    Stale,
    book_market,
    check_silence,
    depth_into,
    layout,
    open_book,
    row_dtype,
)
from app.engine.records import (
    MARKET,
    NO_PRICE,
    QUOTE,
    EventKind,
    FeedStatus,
    RecordFlag,
    SessionState,
)
from app.engine.state import fixed_layout
from app.engine.views import VIEW_LEVEL
from app.errors import EngineError
from tests.engine.reference_book import ReferenceBook

K = EventKind
LAST = int(RecordFlag.LAST)


def market(*events: tuple[EventKind, dict[str, int]]) -> Any:
    """Records, each the last of its venue event unless told otherwise."""
    records = np.zeros(len(events), MARKET)
    for i, (kind, fields) in enumerate(events):
        records[i]["kind"] = kind
        records[i]["ts_venue"] = records[i]["ts_received"] = i + 1
        records[i]["flags"] = LAST
        if kind == K.QUOTE:
            quote = records[i : i + 1].view(QUOTE)
            for name, value in fields.items():
                quote[name] = value
        else:
            for name, value in fields.items():
                records[i][name] = value
    return records


WHOLE: tuple[Any, ...] = ((K.SNAPSHOT_BEGIN, {}), (K.SNAPSHOT_END, {}))


def level(side: int, price: int, size: int) -> tuple[EventKind, dict[str, int]]:
    return K.LEVEL, {"side": side, "price": price, "size": size}


def add(reference: int, side: int, price: int, size: int) -> Any:
    fields = {"reference": reference, "side": side, "price": price, "size": size}
    return K.ORDER_ADD, fields


def of(kind: EventKind, reference: int, **fields: int) -> Any:
    return kind, {"reference": reference, **fields}


def replayed(*events: Any, basis: str = "orders", consolidated: bool = False) -> Any:
    replay = BookReplay(basis, consolidated=consolidated)
    replay.apply(market(*events), 1)
    return replay


def side_of(replay: Any, side: int) -> list[tuple[int, int]]:
    """Price and size by the links, best first; checks the links on the way."""
    arena = replay.arena
    levels = arena.records(Section.BOOK_LEVELS)
    half = replay.state["sides"][(1 - side) // 2]
    rows, index, before = [], int(half["best"]), 0
    while index:
        row = levels[index]
        assert row["better"] == before
        assert row["side"] == side
        assert row["size"] > 0
        rows.append((int(row["price"]), int(row["size"])))
        before, index = index, int(row["worse"])
    assert half["levels"] == len(rows)
    assert rows == sorted(rows, reverse=side > 0)
    return rows


def queue_at(replay: Any, side: int, price: int) -> list[tuple[int, int]]:
    """Reference and size from the front of a level's queue."""
    levels = replay.arena.records(Section.BOOK_LEVELS)
    orders = replay.arena.records(Section.BOOK_ORDERS)
    index = int(replay.state["sides"][(1 - side) // 2]["best"])
    while index and levels[index]["price"] != price:
        index = int(levels[index]["worse"])
    rows, order = [], int(levels[index]["first"]) if index else 0
    while order:
        rows.append((int(orders[order]["reference"]), int(orders[order]["size"])))
        order = int(orders[order]["next"])
    return rows


def check(replay: Any, plain: ReferenceBook) -> None:
    """Everything that can be seen of both books, and the invariants."""
    state = replay.state
    for side in (1, -1):
        rows = side_of(replay, side)
        assert rows == plain.side(side)
        for price, size in rows:
            queue = queue_at(replay, side, price)
            assert queue == plain.queue(side, price)
            assert not queue or sum(each for _, each in queue) == size
    assert Stale(int(state["stale"])) == plain.stale
    assert state["volume"] == plain.volume
    assert state["bad_records"] == plain.bad
    assert state["tick_direction"] == plain.direction
    for name, value in (("last_price", plain.last), ("high", plain.high),
                        ("low", plain.low)):  # fmt: skip
        assert state[name] == (NO_PRICE if value is None else value)


def assert_uncrossed(plain: ReferenceBook) -> None:
    bids, asks = plain.side(1), plain.side(-1)
    judged = plain.session in (SessionState.UNKNOWN, SessionState.OPEN)
    if bids and asks and judged and not plain.consolidated:
        assert bids[0][0] <= asks[0][0]


# Random records.

far = st.sampled_from([2**62, -(2**62) + 1, 2**40, NO_PRICE, -64, 63, 64, 4096])
prices = st.one_of(st.integers(-5, 5), st.integers(-5, 5), far)
sizes = st.one_of(st.integers(0, 9), st.sampled_from([-1, 2**53, 2**53 + 1]))
sides = st.sampled_from([1, -1, 1, -1, 1, -1, 0])
few = st.integers(1, 12)
status: Any = st.tuples(
    st.sampled_from([K.SNAPSHOT_BEGIN, K.SNAPSHOT_END, K.SNAPSHOT_END, K.GAP]),
    st.just({}),
)
sessions = st.tuples(
    st.just(K.SESSION),
    st.fixed_dictionaries({"count": st.integers(0, 6)}),
)
trades = st.tuples(
    st.just(K.TRADE),
    st.fixed_dictionaries({"price": prices, "size": sizes}),
)
level_events = st.tuples(
    st.just(K.LEVEL),
    st.fixed_dictionaries({"side": sides, "price": prices, "size": sizes}),
)
quote_events = st.tuples(
    st.just(K.QUOTE),
    st.fixed_dictionaries(
        {"bid_price": prices, "bid_size": sizes, "ask_price": prices, "ask_size": sizes}
    ),
)
order_events = st.tuples(
    st.sampled_from(
        [K.ORDER_ADD, K.ORDER_ADD, K.ORDER_MODIFY, K.ORDER_CANCEL, K.ORDER_EXECUTE]
    ),
    st.fixed_dictionaries(
        {"reference": few, "side": sides, "price": prices, "size": sizes}
    ),
)
flags = st.sampled_from([LAST, LAST, LAST, 0])


def streams(events: Any) -> Any:
    """Lists of events, mostly of the shape, now and then a status."""
    one = st.one_of(events, events, events, events, trades, status, sessions)
    return st.lists(st.tuples(one, flags), max_size=60)


def run(stream: Any, consolidated: bool) -> None:
    replay = BookReplay("orders", consolidated=consolidated)
    plain = ReferenceBook(consolidated)
    events = [(*WHOLE[0], 0), (*WHOLE[1], LAST), *((*e, f) for e, f in stream)]
    records = market(*[(kind, fields) for kind, fields, _ in events])
    for i, (_, _, flag) in enumerate(events):
        records[i]["flags"] = flag
        replay.apply(records[i : i + 1], 3)
        plain.apply(records[i])
        check(replay, plain)
        if flag and plain.stale == Stale.FRESH and not plain.in_snapshot:
            assert_uncrossed(plain)


@given(streams(level_events), st.booleans())
def test_levels_equal_the_reference(stream: Any, consolidated: bool) -> None:
    run(stream, consolidated)


@given(streams(order_events), st.booleans())
def test_orders_equal_the_reference(stream: Any, consolidated: bool) -> None:
    run(stream, consolidated)


@given(streams(quote_events), st.booleans())
def test_quotes_equal_the_reference(stream: Any, consolidated: bool) -> None:
    run(stream, consolidated)


@given(streams(order_events))
def test_same_records_give_the_same_bytes(stream: Any) -> None:
    records = market(*[event for event, _ in stream])
    first, second = BookReplay("orders"), BookReplay("orders")

    first.apply(records, 1)
    second.apply(records, 1)

    for section in first.arena.layout:
        used = first.arena.used(section)
        assert used == second.arena.used(section)
        first_bytes = first.arena.records(section)[:used].tobytes()
        assert first_bytes == second.arena.records(section)[:used].tobytes()


@given(streams(st.one_of(level_events, order_events, quote_events)))
def test_mixed_shapes_never_break_the_book(stream: Any) -> None:
    replay = BookReplay("orders")
    records = market(*[event for event, _ in stream])

    for i in range(len(records)):
        replay.apply(records[i : i + 1], 2)
        side_of(replay, 1), side_of(replay, -1)


# Rules.


def test_a_row_after_each_last_record() -> None:
    events = [*WHOLE, level(1, 100, 5), level(1, 99, 7), level(-1, 102, 3)]
    records = market(*events)
    records["flags"][[0, 2]] = 0

    rows = BookReplay("depth").apply(records, 2)

    assert rows.dtype == row_dtype(2)
    assert rows["ts"].tolist() == [2, 4, 5]
    assert rows["bid_price"].tolist() == [[NO_PRICE] * 2, [100, 99], [100, 99]]
    assert rows["bid_size"].tolist() == [[0, 0], [5, 7], [5, 7]]
    assert rows["ask_price"].tolist()[2] == [102, NO_PRICE]
    assert rows["ask_size"].tolist()[2] == [3, 0]


def test_rule_5_crossed_is_stale_until_uncrossed_and_locked_is_not() -> None:
    replay = replayed(*WHOLE, level(1, 100, 5), level(-1, 100, 5))
    assert replay.state["stale"] == Stale.FRESH

    replay.apply(market(level(1, 101, 5)), 1)
    assert replay.state["stale"] == Stale.CROSSED

    replay.apply(market(level(1, 101, 0)), 1)
    assert replay.state["stale"] == Stale.FRESH
    assert replay.state["crossings"] == 1


def test_rule_5_a_consolidated_book_may_cross() -> None:
    crossed = (*WHOLE, level(1, 101, 5), level(-1, 100, 5))

    assert replayed(*crossed, consolidated=True).state["stale"] == Stale.FRESH


def test_rule_5_prices_may_be_negative() -> None:
    replay = replayed(*WHOLE, level(1, -3, 5), level(-1, 0, 4))

    assert side_of(replay, 1) == [(-3, 5)]
    assert replay.state["stale"] == Stale.FRESH


@pytest.mark.parametrize(
    "state",
    [SessionState.PRE_OPEN, SessionState.OPENING_AUCTION, SessionState.HALTED],
)
def test_orders_may_rest_crossed_where_nothing_matches(state: SessionState) -> None:
    session = (K.SESSION, {"count": int(state)})
    crossed = (*WHOLE, session, level(1, 101, 5), level(-1, 100, 5))
    opened = (K.SESSION, {"count": int(SessionState.OPEN)})

    assert replayed(*crossed).state["stale"] == Stale.FRESH
    assert replayed(*crossed, opened).state["stale"] == Stale.CROSSED


def test_rule_16_smaller_keeps_the_place_larger_goes_to_the_back() -> None:
    queue = add(1, 1, 100, 5), add(2, 1, 100, 5), add(3, 1, 100, 5)
    smaller = of(K.ORDER_MODIFY, 1, price=100, size=4)
    larger = of(K.ORDER_MODIFY, 2, price=100, size=6)

    replay = replayed(*WHOLE, *queue, smaller, larger)

    assert queue_at(replay, 1, 100) == [(1, 4), (3, 5), (2, 6)]


def test_rule_40_a_gap_is_stale_until_the_snapshot_is_whole() -> None:
    replay = replayed(*WHOLE, level(1, 100, 5), (K.GAP, {}))
    assert replay.state["stale"] == Stale.GAP

    replay.apply(market(level(1, 99, 5), WHOLE[0], level(1, 98, 1)), 1)
    assert replay.state["stale"] == Stale.GAP
    assert side_of(replay, 1) == [(98, 1)]

    replay.apply(market(WHOLE[1]), 1)
    assert replay.state["stale"] == Stale.FRESH


def test_a_quote_is_a_whole_book() -> None:
    quote = (K.QUOTE, {"bid_price": 9, "bid_size": 1, "ask_price": 11, "ask_size": 2})
    gone = (K.QUOTE, {"bid_price": NO_PRICE, "ask_price": 11, "ask_size": 2})

    replay = replayed((K.GAP, {}), quote)
    assert replay.state["stale"] == Stale.FRESH
    assert (side_of(replay, 1), side_of(replay, -1)) == ([(9, 1)], [(11, 2)])

    replay.apply(market(gone), 1)
    assert side_of(replay, 1) == []


@pytest.mark.parametrize(
    "wrong",
    [
        level(1, 100, -1),
        level(0, 100, 1),
        level(1, NO_PRICE, 1),
        add(1, 1, 100, 5),
        add(9, 1, 100, 0),
        of(K.ORDER_CANCEL, 7, size=1),
        of(K.ORDER_CANCEL, 1, size=6),
        of(K.ORDER_EXECUTE, 1, size=6, price=100),
        (K.TRADE, {"price": 100, "size": -4}),
    ],
)
def test_what_cannot_be_true_marks_the_book_and_breaks_nothing(wrong: Any) -> None:
    replay = replayed(*WHOLE, add(1, 1, 100, 5), wrong)

    assert replay.state["stale"] == Stale.BAD_DATA
    assert replay.state["bad_records"] == 1
    assert all(size > 0 for _, size in side_of(replay, 1))


def test_an_execution_is_a_trade_against_the_resting_side() -> None:
    executed = of(K.ORDER_EXECUTE, 1, size=2, price=NO_PRICE)

    state = replayed(*WHOLE, add(1, 1, 100, 5), executed).state

    assert (state["last_price"], state["last_size"]) == (100, 2)
    assert state["last_aggressor"] == -1
    assert state["volume"] == 2


def test_rule_37_odd_prints_do_not_set_the_last_price_of_a_consolidated_feed() -> None:
    odd = (K.TRADE, {"price": 90, "size": 2, "conditions": 8})
    usual = (K.TRADE, {"price": 100, "size": 5})

    merged = replayed(*WHOLE, usual, odd, consolidated=True).state
    single = replayed(*WHOLE, usual, odd).state

    assert (merged["last_price"], merged["low"], merged["volume"]) == (100, 100, 7)
    assert (single["last_price"], single["low"]) == (90, 90)


def test_any_price_may_stand_in_one_book() -> None:
    ends = 2**62 - 1, 0, -7, -(2**62) + 1
    replay = replayed(*WHOLE, *[level(1, price, 1) for price in ends])

    assert [price for price, _ in side_of(replay, 1)] == list(ends)


def test_depth_is_copied_from_a_price_on() -> None:
    replay = replayed(*WHOLE, *[level(1, price, price) for price in (9, 7, 5, 3)])
    rows = np.zeros(8, VIEW_LEVEL)

    def prices_from(price: int, most: int) -> list[int]:
        count = depth_into(replay.arena.address, 1, 1, price, most, rows)
        return [int(each) for each in rows["price"][:count]]

    assert prices_from(NO_PRICE, 8) == [9, 7, 5, 3]
    assert prices_from(7, 2) == [7, 5]
    assert prices_from(6, 8) == [5, 3]
    assert prices_from(2, 8) == []


def test_a_full_pool_marks_the_book_and_refuses() -> None:
    replay = BookReplay("depth")
    replay.arena.header[16 + 8 * Section.BOOK_LEVELS + 1] = 3

    replay.apply(market(*WHOLE, *[level(1, price, 1) for price in (1, 2, 3)]), 1)

    assert side_of(replay, 1) == [(2, 1), (1, 1)]
    assert replay.state["stale"] == Stale.POOL_FULL


@pytest.mark.parametrize("basis", ["trades", "bars", "candles"])
def test_no_book_is_made_of(basis: str) -> None:
    with pytest.raises(EngineError, match=basis):
        BookReplay(basis)


# The session's books.


@pytest.fixture
def session() -> Any:
    """Two instruments with a book each."""
    arena = Arena({**fixed_layout(2), **layout(2)})
    arena.records(Section.ENGINE)[0]["instruments"] = 2
    arena.set_used(Section.INSTRUMENTS, 2)
    for instrument in range(2):
        record = arena.records(Section.INSTRUMENTS)[instrument]
        record["book"] = open_book(arena, instrument)
    return arena


def move(arena: Any, instrument: int, *events: Any) -> None:
    records = market(*events)
    records["instrument"] = instrument
    for i in range(len(records)):
        book_market(arena.address, 0, records[i : i + 1].ctypes.data)


def test_records_move_their_instrument_s_book(session: Any) -> None:
    opened = (K.SESSION, {"count": int(SessionState.OPEN)})
    move(session, 0, *WHOLE, add(1, 1, 100, 5), opened)
    move(session, 1, *WHOLE, add(1, 1, 200, 5), of(K.ORDER_CANCEL, 1))

    books = session.records(Section.BOOKS)
    assert books["stale"][1:].tolist() == [Stale.FRESH, Stale.FRESH]
    assert books[1]["sides"][0]["levels"] == 1
    assert books[2]["sides"][0]["levels"] == 0
    assert session.records(Section.INSTRUMENTS)["session"].tolist() == [3, 0]


def test_a_lost_feed_marks_all_its_books(session: Any) -> None:
    move(session, 0, *WHOLE)
    move(session, 1, *WHOLE)
    move(session, -1, (K.FEED_STATUS, {"count": int(FeedStatus.DISCONNECTED)}))

    stale = session.records(Section.BOOKS)["stale"][1:]
    assert stale.tolist() == [Stale.DISCONNECTED] * 2

    move(session, 1, *WHOLE)
    assert stale.tolist() == [Stale.DISCONNECTED, Stale.FRESH]


def test_silence_beyond_the_feed_s_bound_is_stale_until_the_next_record(
    session: Any,
) -> None:
    status = {"count": int(FeedStatus.CONNECTED), "reference": 10}
    move(session, 0, (K.FEED_STATUS, status), *WHOLE)
    book = session.records(Section.BOOKS)[1:2]

    check_silence(session.address, 1, 13)
    assert book["stale"][0] == Stale.FRESH
    check_silence(session.address, 1, 14)
    assert book["stale"][0] == Stale.SILENT
    move(session, 0, level(1, 5, 5))
    assert book["stale"][0] == Stale.FRESH
