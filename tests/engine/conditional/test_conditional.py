"""Orders that wait: triggers, trailing stops, times, groups (SEMANTICS 20-29)."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.engine.arena import LIVE, Section
from app.engine.conditional.state import Step, Wait
from app.engine.records import GroupRole, SessionState, TimeInForce, Trigger
from tests.engine.conditional.desk import Desk

BUY, SELL = 1, -1


@pytest.fixture
def desk():
    return Desk()


def live(desk, section):
    return int(desk.arena.header[16 + 8 * section + LIVE])


# Rule 21, 22: triggers.


def test_rule_21_a_stop_triggers_at_its_price_or_through_it(desk):
    desk.stop(1, BUY, 105)
    desk.stop(2, SELL, 95)
    desk.see(104)
    desk.see(96)
    assert desk.steps() == []
    desk.see(105)
    assert desk.steps() == [(Step.TRIGGER, 1)]
    desk.see(80)
    assert desk.steps() == [(Step.TRIGGER, 2)]


def test_rule_21_nearest_first_then_oldest(desk):
    for number, price in ((1, 103), (2, 101), (3, 102), (4, 101)):
        desk.stop(number, BUY, price)
    desk.see(103)
    assert [order for _, order in desk.steps()] == [2, 4, 3, 1]


def test_rule_21_each_trigger_has_its_own_price(desk):
    desk.stop(1, BUY, 105, trigger=int(Trigger.TOUCH))
    desk.see(110, Trigger.LAST)
    assert desk.steps() == []
    desk.see(105, Trigger.TOUCH)
    assert desk.steps() == [(Step.TRIGGER, 1)]


def test_a_stop_that_ended_does_not_trigger(desk):
    index = desk.stop(1, BUY, 105)
    desk.stop(2, BUY, 105)
    desk.see(105)
    desk.end(index)
    assert desk.steps() == [(Step.TRIGGER, 2)]


def test_a_shelf_leaves_nothing_behind(desk):
    for number in range(20):
        desk.stop(number, SELL, 90 - number % 3)
    desk.see(80)
    for _, order in desk.steps():
        desk.end(int(np.flatnonzero(desk.rows["order"][1:] == order)[0]) + 1)
    for section in (Section.CONDITIONS, Section.CONDITION_LEVELS, Section.INDEX_NODES):
        assert live(desk, section) == 0


# Rule 23: trailing.


def test_rule_23_a_trailing_stop_follows_only_in_favour(desk):
    desk.see(100)
    index = desk.stop(1, SELL, 95, trail=5)
    desk.see(104)
    assert desk.steps() == [(Step.MOVED, 1)]
    assert desk.rows[index]["stop_price"] == 99
    desk.see(102)
    assert desk.steps() == []
    assert desk.rows[index]["stop_price"] == 99
    desk.see(99)
    assert desk.steps() == [(Step.TRIGGER, 1)]


def test_rule_23_several_trailing_stops_move_together(desk):
    desk.see(100)
    indices = [desk.stop(i, BUY, 100 + i, trail=i) for i in range(1, 9)]
    desk.see(90)
    assert len(desk.steps()) == len(indices)
    assert [int(desk.rows[i]["stop_price"]) for i in indices] == list(range(91, 99))


@pytest.mark.parametrize(
    ("side", "price", "trail", "stop"),
    [
        (SELL, 150, -25_000, 146),  # 146.25, away from the market: down
        (BUY, 150, -25_000, 154),  # 153.75: up
        (SELL, 100, 5, 95),
        (SELL, -100, -100_000, -110),  # ten per cent of a hundred
        (BUY, 10**15, -1, 10**15 + 10**9),
    ],
)
def test_rule_23_the_stop_is_rounded_away_from_the_market(
    desk, side, price, trail, stop
):
    assert desk.trailing(side, price, trail) == stop


# Rules 24 to 26: times.


def test_rule_25_gtd_ends_at_its_time(desk):
    first = desk.order(1, BUY, expire_ts=50)
    second = desk.order(2, BUY, expire_ts=70)
    desk.watch_time(second)
    desk.watch_time(first)
    desk.expire(49)
    assert desk.steps() == []
    desk.expire(50)
    assert desk.steps() == [(Step.EXPIRE, 1)]
    desk.end(first)
    desk.expire(100)
    assert desk.steps() == [(Step.EXPIRE, 2)]


@pytest.mark.parametrize(
    ("outside", "before", "after", "ends"),
    [
        (0, SessionState.OPEN, SessionState.EXTENDED, True),
        (0, SessionState.OPEN, SessionState.CLOSED, True),
        (0, SessionState.OPEN, SessionState.HALTED, False),
        (0, SessionState.HALTED, SessionState.OPEN, False),
        (0, SessionState.CLOSING_AUCTION, SessionState.CLOSED, True),
        (0, SessionState.EXTENDED, SessionState.CLOSED, False),
        (0, SessionState.EXTENDED, SessionState.OPEN, False),
        (0, SessionState.CLOSED, SessionState.EXTENDED, False),
        (0, SessionState.UNKNOWN, SessionState.OPEN, False),
        (0, SessionState.UNKNOWN, SessionState.CLOSED, True),
        (1, SessionState.OPEN, SessionState.EXTENDED, False),
        (1, SessionState.EXTENDED, SessionState.CLOSED, True),
        (1, SessionState.CLOSED, SessionState.EXTENDED, False),
    ],
)
def test_rule_24_day_ends_with_the_hours_allowed(desk, outside, before, after, ends):
    desk.order(1, BUY, time_in_force=int(TimeInForce.DAY), outside=outside)
    desk.order(2, BUY, time_in_force=int(TimeInForce.GTC), outside=outside)
    desk.session(before, after)
    assert desk.steps() == ([(Step.EXPIRE, 1)] if ends else [])


def test_rule_24_held_orders_are_released_in_their_order(desk):
    for number in (3, 1, 2):
        outside = int(number == 1)
        desk.wait(desk.order(number, BUY, outside=outside), Wait.HOURS)
    desk.session(SessionState.CLOSED, SessionState.EXTENDED)
    assert desk.steps() == [(Step.RELEASE, 1)]
    desk.session(SessionState.EXTENDED, SessionState.OPEN)
    released = [order for _, order in desk.steps()]
    assert released == [3, 1, 2]


# Rules 28, 29: groups.


def bracket(desk):
    target = desk.member(2, SELL, GroupRole.BRACKET_TARGET)
    stop = desk.member(3, SELL, GroupRole.BRACKET_STOP)
    entry = desk.member(1, BUY, GroupRole.BRACKET_ENTRY, leaves=5)
    return entry, target, stop


def test_rule_28_exits_grow_with_the_entry(desk):
    entry, target, stop = bracket(desk)
    assert (desk.leaves(target), desk.leaves(stop)) == (0, 0)
    desk.fill(entry, 2)
    assert sorted(desk.steps()) == [(Step.ACTIVATE, 2), (Step.ACTIVATE, 3)]
    for index in (target, stop):
        desk.wait(index, Wait.HOURS)  # anywhere but for its entry
    desk.fill(entry, 3)
    assert sorted(desk.steps()) == [(Step.RESIZE, 2), (Step.RESIZE, 3)]
    assert (desk.leaves(target), desk.leaves(stop)) == (5, 5)


def test_rule_28_without_a_fill_the_exits_end_with_the_entry(desk):
    entry, *_ = bracket(desk)
    desk.end(entry)
    assert sorted(desk.steps()) == [(Step.CANCEL, 2), (Step.CANCEL, 3)]


def test_rule_28_the_entrys_end_leaves_exits_for_what_was_filled(desk):
    entry, target, _ = bracket(desk)
    desk.fill(entry, 2)
    desk.steps()
    desk.end(entry)
    assert desk.steps() == []
    assert desk.leaves(target) == 2


def test_rule_28_an_exit_that_closed_all_waits_while_its_entry_works(desk):
    entry, target, stop = bracket(desk)
    desk.fill(entry, 2)
    desk.steps()
    for index in (target, stop):
        desk.wait(index, Wait.HOURS)
    desk.fill(target, 2)
    assert desk.steps() == [(Step.RESIZE, 3)]
    for index in (target, stop):
        desk.wait(index, Wait.ENTRY)
    desk.fill(entry, 3)
    assert sorted(desk.steps()) == [(Step.ACTIVATE, 2), (Step.ACTIVATE, 3)]
    assert (desk.leaves(target), desk.leaves(stop)) == (3, 3)


def test_rule_28_a_manual_change_of_one_exit_changes_the_other(desk):
    entry, target, stop = bracket(desk)
    desk.fill(entry, 5)
    desk.steps()
    for index in (target, stop):
        desk.wait(index, Wait.HOURS)
    desk.resize(target, 3)
    assert desk.steps() == [(Step.RESIZE, 3)]
    assert desk.leaves(stop) == 3


def test_rule_29_a_partial_fill_of_an_exit_reduces_the_others(desk):
    exits = [
        desk.member(number, SELL, GroupRole.OCO_EXIT, leaves=5) for number in (1, 2, 3)
    ]
    desk.fill(exits[0], 2)
    assert sorted(desk.steps()) == [(Step.RESIZE, 2), (Step.RESIZE, 3)]
    assert [desk.leaves(each) for each in exits] == [3, 3, 3]
    desk.fill(exits[1], 3)
    assert sorted(desk.steps()) == [(Step.CANCEL, 1), (Step.CANCEL, 3)]


def test_rule_29_the_first_fill_of_an_entry_cancels_the_others(desk):
    first, *_ = [
        desk.member(number, side, GroupRole.OCO_ENTRY, leaves=5)
        for number, side in ((1, BUY), (2, BUY), (3, SELL))
    ]
    desk.fill(first, 1)
    desk.fill(first, 1)
    assert sorted(desk.steps()) == [(Step.CANCEL, 2), (Step.CANCEL, 3)]


def test_a_group_ends_with_its_last_member(desk):
    for index in bracket(desk):
        desk.end(index)
    desk.steps()
    for section in (Section.CONDITIONS, Section.CONDITION_GROUPS):
        assert live(desk, section) == 0


# Random sequences beside a list.

STOPS = st.tuples(st.sampled_from((BUY, SELL)), st.integers(-8, 8))
EVENTS = st.lists(
    st.one_of(STOPS, st.integers(-12, 12), st.just("end")), min_size=1, max_size=60
)


def reached(waiting, price):
    """Stops of a list that a price reaches: buys, then sells; nearest, then oldest."""
    found = []
    for side in (BUY, SELL):
        hit = [each for each in waiting if each[1] == side]
        hit = [each for each in hit if side * (price - each[2]) >= 0]
        found += sorted(hit, key=lambda each: (side * each[2], each[0]))
    return found


@given(EVENTS)
@settings(max_examples=150, deadline=None)
def test_rule_21_random_stops_trigger_as_a_list_does(events):
    desk = Desk()
    waiting: list[tuple[int, int, int, int]] = []
    last, number = None, 0
    for event in events:
        if event == "end":
            if waiting:
                desk.end(waiting.pop(0)[3])
        elif isinstance(event, tuple):
            side, price = event
            if last is not None and side * (last - price) >= 0:
                continue  # through the market: refused by the venue (22)
            number += 1
            waiting.append((number, side, price, desk.stop(number, side, price)))
        else:
            desk.see(event)
            last = event
            expected = reached(waiting, event)
            assert desk.steps() == [(Step.TRIGGER, each[0]) for each in expected]
            waiting = [each for each in waiting if each not in expected]
            for each in expected:
                desk.end(each[3])
    assert live(desk, Section.CONDITIONS) == len(waiting)
