"""The depth profile: its sums are those of the book, its words those of arithmetic."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.engine.views import VIEW_LEVEL
from app.ui.items.depth_view import words_at
from app.ui.models.depth_profile import DepthSide, build_depth, side_of
from app.ui.panels.depth_profile import DepthProfilePanel
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui


def levels(side: int, sizes: list[int]) -> DepthSide:
    rows = np.zeros(len(sizes), VIEW_LEVEL)
    rows["price"] = 100 - side * np.arange(1, len(sizes) + 1)
    rows["size"] = sizes
    return side_of(side, rows)


@given(
    st.sampled_from((1, -1)),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=20),
    st.integers(1, 10**7),
)
def test_the_average_is_that_of_taking_level_by_level(
    side: int, sizes: list[int], wanted: int
) -> None:
    depth = levels(side, sizes)
    left, value = wanted, 0
    for price, size in zip(depth.prices.tolist(), sizes, strict=True):
        taken = min(left, size)
        value += taken * price
        left -= taken
    if left:
        assert np.isnan(depth.average_of(wanted))
    else:
        assert depth.average_of(wanted) == pytest.approx(value / wanted)


@pytest.mark.parametrize("side", [1, -1])
def test_levels_up_to_a_price_are_counted_from_the_touch(side: int) -> None:
    depth = levels(side, [5, 6, 7])
    assert [depth.upto(100 - side * away) for away in range(5)] == [0, 1, 2, 3, 3]
    assert depth.average(2) == pytest.approx(
        (5 * depth.prices[0] + 6 * depth.prices[1]) / 11
    )
    assert np.isnan(depth.average(0))


@pytest.fixture
def panel(qtbot: QtBot, stage: Stage) -> DepthProfilePanel:
    made = DepthProfilePanel(stage.context)
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.show()
    stage.pulse()
    return made


def test_it_shows_the_view_where_there_is_no_history(
    stage: Stage, panel: DepthProfilePanel
) -> None:
    part = stage.desk.market.instrument(0)
    listed = stage.desk.listed(0)
    assert part is not None
    assert listed is not None
    frame = build_depth(stage.desk.market, listed, None, 10_000)
    assert frame is not None
    count = int(part["bid_levels"])
    assert frame.bids.sums[-1] == part["bids"]["size"][:count].sum()
    assert panel.view.frame is not None
    assert not panel.grab().isNull()


def test_words_tell_sum_levels_and_average(
    stage: Stage, panel: DepthProfilePanel
) -> None:
    frame = panel.view.frame
    assert frame is not None
    words = words_at(frame, float(frame.asks.prices[2]))
    assert "in 3 levels" in words
    assert "buy it all at" in words
    assert "inside" in words_at(frame, (frame.low + frame.high) / 2)


def test_imbalance_and_sums_are_told_whole_where_it_is_narrow(
    qtbot: QtBot, stage: Stage, panel: DepthProfilePanel
) -> None:
    panel.resize(380, 400)
    qtbot.mouseMove(panel.kind)
    panel._on_hovered(None)
    stage.pulse()

    lines = panel._balance, panel._line
    told = [each.text for each in lines]
    assert told[0].startswith("imbalance ")
    assert [each.split(" ")[0] for each in told[1].split(" · ")] == ["bids", "asks"]
    for line in lines:
        assert line.fontMetrics().horizontalAdvance(line.text) <= line.width()


def test_wheel_keys_and_pointer(stage: Stage, panel: DepthProfilePanel) -> None:
    before = panel.state()["ticks"]
    QTest.keyClick(panel.view, Qt.Key.Key_Plus)
    assert panel.state()["ticks"] < before
    for _ in range(60):
        QTest.keyClick(panel.view, Qt.Key.Key_Minus)
    for _ in range(120):
        QTest.keyClick(panel.view, Qt.Key.Key_Plus)
    QTest.mouseMove(panel.view, QPoint(40, 50))
    stage.frame(3)
    panel.kind.setCurrentIndex(1)
    assert not panel.view.is_summed
    assert not panel.grab().isNull()


def test_what_a_workspace_keeps(stage: Stage, panel: DepthProfilePanel) -> None:
    panel.restore({"summed": False, "ticks": 9})
    assert panel.state() == {"summed": False, "ticks": 9}
    panel.restore({"summed": "?", "ticks": -3})
    assert panel.state()["ticks"] == 9


def test_an_empty_book_is_told(stage: Stage, panel: DepthProfilePanel) -> None:
    part = stage.desk.market.instrument(0)
    assert part is not None
    part["bid_levels"] = part["ask_levels"] = 0
    panel.view.show_frame(None)
    listed = stage.desk.listed(0)
    assert listed is not None
    assert build_depth(stage.desk.market, listed, None, 10) is None
    assert not panel.grab().isNull()
