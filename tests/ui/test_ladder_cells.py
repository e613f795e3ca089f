"""The ladder's compiled cells are those of plain numpy, to the word and the pixel."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.ladder_rows import Mark
from app.ui.items.ladder_geometry import Column
from app.ui.items.ladder_paint import LadderPaint
from app.ui.items.ladder_view import LadderView
from app.ui.models.ladder import LadderFrame, touch_index
from app.ui.models.ladder_build import bar_scale, build_frame
from app.ui.models.market import Market
from app.ui.models.orders import OWN_ORDER
from app.ui.theme import DARK
from tests.ui.reference_ladder import ReferenceCells
from tests.ui.scripted_session import ScriptedSession

pytestmark = pytest.mark.gui
_MARKS = [
    Mark.LAST, Mark.BEST_BID, Mark.BEST_ASK, Mark.INSIDE, Mark.POC,
    Mark.TRAIL_1, Mark.TRAIL_2, Mark.TRAIL_3,
]  # fmt: skip


def random_frame(frame: LadderFrame, seed: int) -> LadderFrame:
    """The frame with other sizes, flow, orders and marks in each row."""
    random = np.random.default_rng(seed)
    cells, count = frame.cells.copy(), len(frame.cells)
    for name in ("bid", "ask", "sold", "bought", "volume", "buy", "sell"):
        sizes = random.integers(0, 10 ** random.integers(1, 9), count)
        cells[name] = sizes * (random.random(count) < 0.6)
    for name in ("buy_ahead", "sell_ahead"):
        cells[name] = random.integers(-1, 2_000, count)
    for name in ("bid_change", "ask_change"):
        cells[name] = random.integers(-900, 900, count)
    cells["marks"] = 0
    for mark in _MARKS:
        cells["marks"] |= np.where(random.random(count) < 0.2, int(mark), 0)
    most = int(max(cells["bid"].max(), cells["ask"].max()))
    return replace(
        frame,
        cells=cells,
        top=frame.top + int(random.integers(-9, 9)),
        full=bar_scale(most),
        has_flow=bool(random.integers(0, 4)),
    )


@pytest.mark.parametrize("width", [330, 460, 900])
@pytest.mark.parametrize("ratio", ["1", "1.5"])
def test_cells_and_pictures_are_those_of_plain_numpy(
    qtbot: QtBot, width: int, ratio: str
) -> None:
    session, market = ScriptedSession(), Market()
    market.reset(session.instruments)
    market.view = session.view()
    listed = market.listed[0]
    view = LadderView(DARK, 1.0, Settings().ui.ladder_rows, SystemClock())
    qtbot.addWidget(view)
    view.resize(width, 700)
    view.show()
    touch = touch_index(market, listed)
    assert touch is not None
    geometry, none = view._geometry, np.zeros(0, OWN_ORDER)
    plain = build_frame(market, listed, none, touch + geometry.rows // 2, geometry.rows)
    made, expected = (LadderPaint(view._ink, float(ratio)) for _ in range(2))
    expected._cells = ReferenceCells(
        DARK, expected._lettering, expected._numbers, expected._ink
    )
    expected.arrange(geometry)
    made.arrange(geometry)

    for seed in range(25):
        frame = random_frame(plain, seed)
        made.paint(frame, {})
        expected.paint(frame, {})
        for name in made._grid.cells.dtype.names or ():
            np.testing.assert_array_equal(
                made._grid.cells[name], expected._grid.cells[name], f"{seed} {name}"
            )
        assert made._grid.image == expected._grid.image
    assert geometry.has(Column.VOLUME) or width < 900
