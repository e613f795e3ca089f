"""Labels that are too near move apart, by as little as can be."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from app.ui.items.spread import spread


def test_labels_with_room_stay():
    assert spread([10.0, 40.0, 90.0], 16, 0, 100) == [10.0, 40.0, 90.0]


def test_two_at_one_place_share_the_way():
    assert spread([50.0, 50.0], 16, 0, 100) == [42.0, 58.0]


def test_a_pool_that_meets_another_takes_it_in():
    made = spread([50.0, 52.0, 60.0], 10, 0, 100)
    assert made == pytest.approx([44.0, 54.0, 64.0])


def test_the_edge_holds():
    assert spread([2.0, 4.0], 10, 3, 100) == [3.0, 13.0]
    assert spread([96.0, 99.0], 10, 0, 97) == [87.0, 97.0]


@given(
    st.lists(st.floats(0, 500), max_size=30).map(sorted),
    st.floats(1, 20),
)
def test_none_lies_on_another_and_their_order_stays(wanted, gap):
    made = spread(wanted, gap, 0, 500)
    assert len(made) == len(wanted)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(made))
    assert all(each >= 0 for each in made)
    if len(wanted) * gap <= 500:
        assert all(each <= 500 + 1e-6 for each in made)
