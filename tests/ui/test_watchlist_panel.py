"""The watchlist: what it shows of each instrument, and its focus both ways."""

from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from app.engine.history.records import SAMPLE, SESSION_STATS
from app.engine.records import NO_PRICE
from app.ui.items.sparkline import line
from app.ui.models.watchlist import WATCH_ROW, changes, sparkline
from app.ui.panels.watchlist import WatchlistPanel
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui


class Samples:
    """A history of samples and statistics."""

    def __init__(self, previous_close: int, opened: int) -> None:
        self.statistics = np.zeros((), SESSION_STATS)
        self.statistics["previous_close"] = previous_close
        self.statistics["open"] = opened

    def stats(self, instrument: int) -> Any:
        return self.statistics

    def samples(self, instrument: int, count: int) -> np.ndarray:
        made = np.zeros(3, SAMPLE)
        made["bid"], made["ask"] = [10, NO_PRICE, 12], [12, 13, 14]
        made["last"] = [11, 12, NO_PRICE]
        return made


def test_change_is_against_the_reference_and_unknown_without() -> None:
    rows = np.zeros(4, WATCH_ROW)
    rows["last"] = [110, 110, NO_PRICE, -50]
    rows["reference"] = [100, NO_PRICE, 100, -100]

    got = changes(rows)

    assert got[0] == pytest.approx(0.1)
    assert np.isnan(got[1:3]).all()
    assert got[3] == pytest.approx(0.5)  # from -100 up to -50


def test_a_sparkline_takes_the_mid_else_the_last() -> None:
    values = sparkline(cast(Any, Samples(1, 1)), 0)

    assert values[0] == 11
    assert values[1] == 12
    assert values[2] == 13


def test_a_flat_sparkline_runs_through_the_middle() -> None:
    points = line(np.full(500, 7.0), QRectF(0, 0, 100, 20))

    assert {points.at(i).y() for i in range(points.size())} == {10.0}


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> WatchlistPanel:
    made = WatchlistPanel(stage.context)
    qtbot.addWidget(made)
    made.resize(900, 200)
    made.show()
    stage.pulse()
    return made


def test_every_instrument_has_a_row_in_the_sessions_order(
    panel: WatchlistPanel, stage: Stage
) -> None:
    names = [panel.table.cell(row, 0)[0] for row in range(panel.table.rowCount())]

    assert names == [x.instrument.name for x in stage.desk.market.listed]


def test_a_chosen_row_is_the_focus_and_the_focus_chooses_a_row(
    panel: WatchlistPanel, stage: Stage
) -> None:
    panel.view.table.selectRow(2)
    assert stage.context.focus.number == 2

    stage.context.focus.choose(1)
    assert panel.view.chosen() == [1]


def test_the_change_is_from_the_previous_close(
    panel: WatchlistPanel, stage: Stage
) -> None:
    last = int(stage.desk.market.view["instrument"][0]["last_price"])  # type: ignore[index]
    stage.session.is_frozen = True
    stage.session.history = cast(Any, Samples(last * 2, 1))
    stage.pulse()

    row = next(i for i in range(3) if panel.table.record(i)["instrument"] == 0)

    assert panel.table.cell(row, 2)[0] == "−50.00 %"
    assert not panel.grab().isNull()


def test_lines_are_there_as_soon_as_the_list_is(
    panel: WatchlistPanel, stage: Stage
) -> None:
    panel.hide()
    stage.session.history = cast(Any, Samples(10, 1))

    panel.show()

    assert [len(panel._line(row)) for row in range(3)] == [3, 3, 3]


def test_a_session_that_ends_empties_the_list(
    panel: WatchlistPanel, stage: Stage
) -> None:
    stage.bridge.detach()

    assert panel.table.rowCount() == 0
    assert not panel.grab().isNull()
