"""Time & sales: joining loses nothing, filters leave out, the view keeps its place."""

from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.engine.history.records import TAPE, TapeFlag
from app.sessions.history import MarketHistory
from app.ui.models.tape import KEPT, TAPE_ROW, Tape, joined
from app.ui.panels.tape import TapePanel
from tests.ui.conftest import Stage
from tests.ui.scripted_session import START_NS

pytestmark = pytest.mark.gui
_MS = 1_000_000


class Trades:
    """A history that holds trades and nothing else."""

    def __init__(self, trades: np.ndarray) -> None:
        self.every = trades
        self.now = 1 << 62

    def trade_count(self, instrument: int) -> int:
        return len(self.every)

    def trades(self, instrument: int, first: int, last: int) -> np.ndarray:
        return self.every[first:last].copy()


def history(trades: np.ndarray) -> MarketHistory:
    return cast(MarketHistory, Trades(trades))


def tape(rows: list[tuple[int, int, int, int]]) -> np.ndarray:
    """Trades of (ms, price, size, aggressor)."""
    made = np.zeros(len(rows), TAPE)
    for i, (ms, price, size, side) in enumerate(rows):
        made[i]["ts"], made[i]["price"] = START_NS + ms * _MS, price
        made[i]["size"], made[i]["aggressor"] = size, side
    return made


def plain_join(trades: np.ndarray, within: int) -> list[tuple[int, ...]]:
    rows: list[list[int]] = []
    for trade in trades:
        ts, price, side = int(trade["ts"]), int(trade["price"]), int(trade["aggressor"])
        gap = int(trade["flags"]) & TapeFlag.AFTER_GAP
        last = rows[-1] if rows else None
        if (
            last is not None
            and within >= 0
            and not gap
            and (last[1], last[4]) == (price, side)
            and ts - last[0] <= within
        ):
            last[0] = ts
            last[2] += int(trade["size"])
            last[3] += 1
        else:
            rows.append([ts, price, int(trade["size"]), 1, side])
    return [tuple(row) for row in rows]


_TRADE = st.tuples(
    st.integers(0, 3), st.integers(-2, 2), st.integers(1, 9), st.integers(-1, 1)
)


@given(st.lists(_TRADE, max_size=40), st.integers(-1, 3), st.lists(st.integers(0, 40)))
def test_joining_in_any_batches_equals_joining_one_by_one(
    steps: list[tuple[int, int, int, int]], within: int, cuts: list[int]
) -> None:
    now, rows = 0, []
    for step, price, size, side in steps:
        now += step
        rows.append((now, price, size, side))
    trades = tape(rows)
    trades["flags"][::7] = TapeFlag.AFTER_GAP
    edges = sorted({0, len(trades), *(min(cut, len(trades)) for cut in cuts)})

    made = np.zeros(0, TAPE_ROW)
    for first, last in pairwise(edges):
        made = joined(made, trades[first:last], within * _MS)

    got = [
        tuple(int(row[name]) for name in ("ts", "price", "size", "trades", "aggressor"))
        for row in made
    ]
    assert got == plain_join(trades, within * _MS if within >= 0 else -1)


def test_the_filter_leaves_out_small_rows_after_joining() -> None:
    model = Tape(within_ns=_MS, least=10)

    model.take(history(tape([(0, 5, 6, 1), (1, 5, 6, 1), (9, 5, 6, 1)])), 0)

    assert model.rows["size"].tolist() == [12]
    assert model.flow(10**12).bought == 18


def test_what_is_kept_is_bounded_and_newest() -> None:
    many = tape([(i * 10, i, 1, 1) for i in range(KEPT + 500)])
    model = Tape()

    model.take(history(many), 0)

    assert len(model.rows) == KEPT
    assert model.rows["price"][-1] == KEPT + 499


def test_another_session_with_fewer_trades_begins_anew() -> None:
    model = Tape()
    model.take(history(tape([(0, 1, 1, 1), (9, 2, 1, 1)])), 0)

    model.take(history(tape([(0, 7, 1, -1)])), 0)

    assert model.rows["price"].tolist() == [7]


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> TapePanel:
    made = TapePanel(stage.context)
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.show()
    return made


def feed(stage: Stage, rows: list[tuple[int, int, int, int]]) -> Trades:
    trades = Trades(tape(rows))
    stage.session.history = cast(Any, trades)
    return trades


def test_a_panel_without_history_says_that_there_are_no_trades(
    panel: TapePanel, stage: Stage
) -> None:
    stage.session.history = None
    stage.frame(5)

    assert not panel.grab().isNull()
    assert len(panel.tape.rows) == 0


def test_a_tape_scrolled_back_keeps_its_place(panel: TapePanel, stage: Stage) -> None:
    high = 6_500_000_000_000  # of a coin in units of 1e-8: beyond 32 bits
    trades = feed(stage, [(i * 10, high + i, 1, 1) for i in range(200)])
    panel._show()
    clicked: list[int] = []
    panel.view.price_clicked.connect(clicked.append)
    spot = QPoint(40, 200)
    panel.view.scroll(50)
    click(panel, spot)

    trades.every = np.concatenate([trades.every, tape([(9_000, 999, 1, -1)])])
    panel._show()
    click(panel, spot)
    panel.view.scroll(-1000)
    click(panel, QPoint(40, panel.view._head + 2))

    assert clicked[0] == clicked[1] > high
    assert clicked[2] == 999


def test_it_reads_new_trades_every_third_frame(panel: TapePanel, stage: Stage) -> None:
    trades = feed(stage, [(0, 100, 1, 1)])
    stage.frame(3)
    trades.every = tape([(0, 100, 1, 1), (1, 101, 1, 1)])

    found = []
    for _ in range(3):
        stage.frame()
        found.append(len(panel.tape.rows))

    assert found == [1, 1, 2]


def click(panel: TapePanel, spot: QPoint) -> None:
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=spot)


def test_a_filter_that_is_no_size_is_refused_in_words(
    panel: TapePanel, stage: Stage
) -> None:
    feed(stage, [(0, 5, 6, 1)])
    panel.least.setText("0.3")

    assert "least size" in panel._balance.text
    assert panel.tape.least == 0

    panel.least.setText("3")
    assert panel.tape.least == 3


def test_absurd_trades_are_painted(panel: TapePanel, stage: Stage) -> None:
    trades = feed(stage, [(i, (-1) ** i * 2**61, 2**61, i % 3 - 1) for i in range(50)])
    trades.every["flags"] = 255
    trades.every["ts"][3] = -5

    panel._show()

    assert not panel.grab().isNull()


def test_a_workspace_keeps_filter_and_joining(panel: TapePanel, stage: Stage) -> None:
    panel.least.setText("25")
    panel.join.setCurrentIndex(3)
    kept = panel.state()
    panel.restore({"least": 5, "join": ["?"], "other": None})
    panel.restore(kept)

    assert panel.state() == kept
    assert panel.tape.within_ns == 1_000 * _MS
