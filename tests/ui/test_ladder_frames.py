"""What ladders of one instrument show alike is made once, and once a frame: counted."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.engine.records import SafetyState
from app.ui.items.ladder_view import LadderView
from app.ui.models import ladder_frames, requests
from app.ui.models.ladder import LadderFrame
from app.ui.models.ladder_build import build_frame
from app.ui.panels.ladder import LadderPanel
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui


@pytest.fixture
def panels(qtbot: QtBot, stage: Stage) -> list[LadderPanel]:
    made = [LadderPanel(stage.context) for _ in range(3)]
    for panel in made:
        qtbot.addWidget(panel)
        panel.resize(440, 700)
        panel.show()
    stage.session.state = SafetyState.ARMED
    stage.session.is_frozen = True
    stage.pulse()
    return made


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(number, top) of each frame that is built."""
    calls: list[tuple[int, int]] = []

    def counted(*parts: object, **more: object) -> object:
        calls.append((parts[1].number, parts[3]))  # type: ignore[attr-defined, arg-type]
        return build_frame(*parts, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ladder_frames, "build_frame", counted)
    return calls


def test_ladders_that_show_the_same_rows_share_a_frame(
    stage: Stage, panels: list[LadderPanel], built: list[tuple[int, int]]
) -> None:
    stage.frame()

    assert len(built) == 1
    first, second, third = (panel.view.painted for panel in panels)
    assert first is not None
    assert first is second is third


def test_ladders_that_show_other_rows_have_frames_of_their_own(
    stage: Stage, panels: list[LadderPanel], built: list[tuple[int, int]]
) -> None:
    panels[1].view.scroll_rows(2)
    built.clear()

    stage.frame()

    tops = [panel.view.top for panel in panels]
    assert tops[1] == tops[0] + 2
    assert sorted(built) == [(0, tops[0]), (0, tops[1])]


def test_a_recentring_paints_the_rows_once(
    stage: Stage,
    panels: list[LadderPanel],
    built: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[int] = []
    show = LadderView.show_frame

    def counted(view: LadderView, frame: LadderFrame) -> None:
        shown.append(frame.top)
        show(view, frame)

    monkeypatch.setattr(LadderView, "show_frame", counted)
    for panel in panels:
        panel.view.top += 500

    stage.frame()

    assert len(built) == 1
    assert shown == [panel.view.top for panel in panels]
    touch = panels[0].view.rows // 2
    assert all(abs(p.view._row_of(_mid(stage)) - touch) <= 1 for p in panels)


def test_news_of_orders_make_a_new_frame_of_the_same_view(
    stage: Stage, panels: list[LadderPanel]
) -> None:
    frame = panels[0].view.painted
    assert frame is not None
    price = frame.best_bid - 3
    order = requests.new_order(
        stage.clock.wall_ns(),
        instrument=0,
        client_order_id=stage.bridge.next_order_id(),
        side=1,
        quantity=1,
        price=price,
    )
    assert stage.bridge.send(order)

    stage.frame(2)

    for panel in panels:
        assert panel.view.painted is not None
        row = panel.view.painted.row(price)
        assert panel.view.painted.cells["buy"][row] == 1


def test_working_orders_are_chosen_once_and_read_only(stage: Stage) -> None:
    orders = stage.desk.orders
    chosen = orders.working(0)

    assert orders.working(0) is chosen
    with pytest.raises(ValueError, match="read-only"):
        chosen["leaves"] = np.zeros(len(chosen))


def _mid(stage: Stage) -> int:
    listed = stage.desk.market.listed[0]
    touch = stage.desk.ladder_frames.touch(listed)
    assert touch is not None
    return touch
