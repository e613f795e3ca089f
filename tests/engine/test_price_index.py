"""The price index beside a sorted list: any price, any order of calls."""

import bisect

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from app.engine.arena import LIVE, Arena, Section, section, section_words
from app.engine.compile import entry
from app.engine.price_index import (
    NODE,
    TREE_FIELDS,
    insert_level,
    level_at,
    neighbour,
    remove_level,
)

TREE = np.dtype([("unused", "<i8"), *TREE_FIELDS], align=True)
LOWEST, HIGHEST = -(2**63), 2**63 - 1

trees = section(Section.BOOKS, TREE)


@entry
def insert(arena: int, price: int, level: int) -> int:
    return insert_level(arena, trees(arena)[1], price, level)


@entry
def remove(arena: int, price: int, _c: int) -> int:
    remove_level(arena, trees(arena)[1], price)
    return 0


@entry
def at(arena: int, price: int, _c: int) -> int:
    return level_at(arena, trees(arena)[1], price)


@entry
def beside(arena: int, price: int, direction: int) -> int:
    return neighbour(arena, trees(arena)[1], price, direction)


@entry
def nodes_in_use(arena: int, _b: int, _c: int) -> int:
    return int(section_words(arena, Section.INDEX_NODES)[LIVE])


class Index:
    """A tree in an arena of its own, beside a dict and a sorted list."""

    def __init__(self, nodes: int = 1000) -> None:
        layout = {Section.INDEX_NODES: (NODE, nodes), Section.BOOKS: (TREE, 2)}
        self.arena = Arena(layout)
        self.levels: dict[int, int] = {}
        self.prices: list[int] = []
        self.next = 1

    def insert(self, price: int) -> bool:
        done = bool(insert(self.arena.address, price, self.next))
        if done:
            self.levels[price] = self.next
            bisect.insort(self.prices, price)
        self.next += 1
        return done

    def remove(self, price: int) -> None:
        remove(self.arena.address, price)
        self.prices.remove(price)
        del self.levels[price]

    def expected_neighbour(self, price: int, direction: int) -> int:
        if direction > 0:
            place = bisect.bisect_right(self.prices, price)
            return self.levels[self.prices[place]] if place < len(self.prices) else 0
        place = bisect.bisect_left(self.prices, price)
        return self.levels[self.prices[place - 1]] if place else 0

    def check_at(self, price: int) -> None:
        address = self.arena.address
        assert at(address, price) == self.levels.get(price, 0)
        for direction in (1, -1):
            expected = self.expected_neighbour(price, direction)
            assert beside(address, price, direction) == expected, (price, direction)

    def check(self) -> None:
        """All levels are found, also by walking from either end."""
        for price in (*self.prices, LOWEST, HIGHEST, 0):
            self.check_at(price)
        for direction, prices in ((1, self.prices), (-1, self.prices[::-1])):
            price = LOWEST if direction > 0 else HIGHEST
            if price in self.levels:
                prices = prices[1:]
            for following in prices:
                level = beside(self.arena.address, price, direction)
                assert level == self.levels[following]
                price = following
            assert beside(self.arena.address, price, direction) == 0

    @property
    def nodes(self) -> int:
        return nodes_in_use(self.arena.address)


# Prices close together, at powers of 64 (where nodes change), far apart, extreme.
EDGES = st.builds(
    lambda digit, power, step, sign: sign * (digit * 64**power) + step,
    st.integers(0, 63),
    st.integers(0, 9),
    st.integers(-2, 2),
    st.sampled_from([1, -1]),
)
PRICES = st.one_of(
    st.integers(99_900, 100_100),
    st.integers(-70, 70),
    EDGES,
    st.integers(LOWEST, HIGHEST),
    st.sampled_from([LOWEST, LOWEST + 1, HIGHEST - 1, HIGHEST, 0, -1]),
)


class IndexMachine(RuleBasedStateMachine):
    """Random insertions, removals and look-ups; few nodes, so that they run out."""

    @initialize(nodes=st.sampled_from([3, 12, 40, 2000]))
    def make(self, nodes):
        self.index = Index(nodes)
        self.room = nodes - 1

    @rule(price=PRICES)
    def insert(self, price):
        if price in self.index.levels:
            return
        before = self.index.nodes
        if not self.index.insert(price):
            # Refused for want of nodes, of which it may keep those of a higher root.
            assert before > self.room - 22
            assert self.index.nodes >= before

    @precondition(lambda self: self.index.prices)
    @rule(data=st.data())
    def remove(self, data):
        self.index.remove(data.draw(st.sampled_from(self.index.prices)))

    @rule(price=PRICES)
    def look(self, price):
        self.index.check_at(price)

    @invariant()
    def is_whole(self):
        self.index.check()
        if not self.index.prices:
            assert self.index.nodes == 0


TestIndex = IndexMachine.TestCase
TestIndex.settings = settings(max_examples=80, stateful_step_count=40)


@given(st.lists(PRICES, unique=True, min_size=1, max_size=40), st.randoms())
@example([LOWEST, HIGHEST], None)
@example([-1, 0], None)
def test_all_nodes_come_back_whatever_the_order(prices, chance):
    index = Index()
    for price in prices:
        assert index.insert(price)
    if chance:
        chance.shuffle(prices)

    for price in prices:
        index.remove(price)
        index.check()

    assert index.nodes == 0


def test_neighbours_of_the_extremes():
    index = Index()
    index.insert(LOWEST)
    index.insert(HIGHEST)

    index.check()

    assert beside(index.arena.address, LOWEST, 1) == 2
    assert beside(index.arena.address, HIGHEST, -1) == 1
    assert beside(index.arena.address, LOWEST, -1) == 0
    assert beside(index.arena.address, HIGHEST, 1) == 0


def test_prices_close_together_share_their_nodes():
    index = Index()
    first = 64 * 1000

    for price in range(first, first + 64):
        index.insert(price)
    assert index.nodes == 1
    for price in range(first + 64, first + 128):
        index.insert(price)

    assert index.nodes == 3
    index.check()


def test_a_refused_price_leaves_the_tree_as_it_was():
    index = Index(nodes=3)
    index.insert(100)

    assert not index.insert(HIGHEST)

    index.check()
    index.remove(100)
    assert index.nodes == 0
    assert index.insert(-5)
    index.check()


def test_nodes_that_a_refused_price_took_are_given_back():
    index = Index(nodes=8)
    index.insert(0)
    index.insert(64**2)
    before = index.nodes

    assert not index.insert(64**2 * 5 + 64**5)
    assert index.nodes >= before

    index.remove(0)
    index.remove(64**2)
    assert index.nodes == 0


def test_two_trees_share_a_pool():
    one = Index()
    one.insert(5)
    assert one.arena.records(Section.BOOKS)[0]["tree_root"] == 0
    assert one.arena.records(Section.BOOKS)[1]["tree_root"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("spread", [50, 5000, 2**40, 2**63 - 1])
def test_many_prices_over_a_long_time(spread):
    index = Index(nodes=60_000)
    chance = np.random.default_rng(spread)

    for step in range(4000):
        price = int(chance.integers(-spread, spread))
        if price in index.levels:
            index.remove(price)
        else:
            assert index.insert(price)
        index.check_at(price)
        if step % 500 == 0:
            index.check()
    for price in list(index.prices):
        index.remove(price)

    assert index.nodes == 0
