"""Sweeps in the window: real cells, from the set-up to the report of one of them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.sweeps.axes import Axis
from app.sweeps.stage import Cell
from app.ui import theme as themes
from app.ui.items.panel_area import PanelArea
from app.ui.items.sweep_heatmap import ramp
from app.ui.models.strategy_list import StrategyList
from app.ui.models.sweep_book import BINS, SweepBook
from app.ui.models.sweep_form import AxisDraft, SweepForm
from app.ui.models.sweep_text import cell_text
from app.ui.panel_rows import BY_NAME
from app.ui.panels.backtest import BacktestPanel
from app.ui.panels.sweep import SweepPanel
from tests.bar_catalog import walk, write_bars
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
LONG = 590_000  # what runs gives way to all else
LEFT = Qt.MouseButton.LeftButton
REQUEST = {
    "symbols": ["RSTK"],
    "strategies": [{"name": "SMA Cross", "parameters": {"fast": 3, "slow": 9}}],
}


@pytest.fixture
def panel(qtbot: QtBot, stage: Stage, tmp_path: Path) -> SweepPanel:
    """The panel with a request, over four days of a minute's bars."""
    write_bars(tmp_path, "RSTK", walk(6000, 7))
    stage.context.library.sweeps.show_request(REQUEST)
    made = BY_NAME["sweep"].factory(stage.context)
    assert isinstance(made, SweepPanel)
    qtbot.addWidget(made)
    made.resize(760, 720)
    made.show()
    # The reach of the data is known then.
    qtbot.waitUntil(lambda: bool(made._shelf.by_name))
    return made


def vary(panel: SweepPanel, *drafts: AxisDraft) -> None:
    panel.form.axes = list(drafts)
    panel.setup.show_form()
    panel._judge()


def fast(*values: int) -> AxisDraft:
    return AxisDraft("fast", listed=", ".join(map(str, values)), is_list=True)


def slow(first: int, last: int, step: int) -> AxisDraft:
    return AxisDraft("slow", str(first), str(last), str(step))


def swept(qtbot: QtBot, panel: SweepPanel) -> None:
    sweeps = panel._sweeps
    with qtbot.waitSignal(sweeps.stored, timeout=LONG):
        qtbot.mouseClick(panel.buttons["start"], LEFT)


def test_start_is_in_sight_where_room_is_short(qtbot: QtBot, panel: SweepPanel) -> None:
    """The window as it opens leaves the panel about this much."""
    area = PanelArea()
    qtbot.addWidget(area)
    area.put(panel)
    area.resize(530, 400)
    area.show()

    for page in (panel.setup, panel.map_page, panel.walk_page):
        panel.pages.setCurrentWidget(page)
        QApplication.processEvents()
        start = panel.buttons["start"]
        end = start.mapTo(area, start.rect().bottomRight())
        assert end.y() < area.height()
    area.take()


def test_the_request_is_that_of_the_backtest_panel(
    qtbot: QtBot, stage: Stage, panel: SweepPanel
) -> None:
    backtest = BY_NAME["backtest"].factory(stage.context)
    assert isinstance(backtest, BacktestPanel)
    qtbot.addWidget(backtest)
    backtest.show()
    qtbot.waitUntil(lambda: bool(backtest.form.shelf.by_name))

    backtest.load({**REQUEST, "initialCapital": 5000})

    assert panel.form.table is not None
    assert panel.form.table["initialCapital"] == 5000
    assert "SMA Cross on RSTK" in panel.setup.request.text()
    assert [each.choice.currentText() for each in panel.setup.rows] == ["Fast", "Slow"]
    assert panel.buttons["start"].isEnabled()
    assert panel._said.text() == "25 cells"


def test_what_is_wrong_stands_beside_its_axis(panel: SweepPanel) -> None:
    vary(panel, fast(3, 5), slow(10, 20, 5))
    row = panel.setup.rows[1]

    row.edits["last"].setText("99999")
    assert "must lie in [" in row.wrong.text()
    assert not panel.buttons["start"].isEnabled()
    row.edits["last"].setText("20")
    assert row.wrong.isHidden()
    assert row.hint.text().startswith("3 values, within ")

    row.choice.setCurrentIndex(row.choice.findData("fast"))
    row.choice.activated.emit(row.choice.currentIndex())
    assert row.wrong.text() == "it is varied twice"


def test_cells_are_told_before_the_start(panel: SweepPanel) -> None:
    vary(panel, fast(3, 5), slow(10, 20, 5))
    assert panel._said.text() == "6 cells"

    panel.setup.walks.setChecked(True)
    assert "shorter than one in-sample part" in panel.setup._wrong["walk"].text()
    panel.setup.fields["inside"].editor.setText("2d")  # type: ignore[union-attr]
    panel.setup.fields["outside"].editor.setText("1d")  # type: ignore[union-attr]

    assert panel.setup._wrong["walk"].isHidden()
    windows = panel.form.windows()
    assert windows is not None
    assert f"{6 + 7 * windows} runs" in panel._said.text()


def with_failures() -> tuple[AxisDraft, ...]:
    """Twelve cells, of which the six over bars that are not there have no figures."""
    interval = AxisDraft("interval", listed="1m, 1d", is_list=True)
    return fast(3, 5), slow(10, 20, 5), interval


def test_a_sweep_fills_the_map(qtbot: QtBot, panel: SweepPanel) -> None:
    vary(panel, *with_failures())
    swept(qtbot, panel)

    book, current = panel._sweeps.book, panel._sweeps.current
    assert book is not None
    assert current is not None
    assert panel.pages.currentWidget() is panel.map_page
    assert (len(book.cells), book.failed) == (12, 6)
    assert book.best is not None
    assert book.best is current.result.best
    picture = panel.map.heatmap.picture
    assert picture is not None
    assert picture.values.shape == (3, 2)
    assert np.isfinite(picture.values).all()
    assert not picture.is_due.any()
    assert f"fast {book.best.values['fast']}" in panel.map.facts["best"].text()
    assert panel.map.means["pbo"].text()

    (interval,) = panel.map.others.values()
    interval.setCurrentIndex(interval.findText("1d"))
    interval.activated.emit(interval.currentIndex())
    picture = panel.map.heatmap.picture
    assert picture is not None
    assert picture.failed.all()
    panel.map.up.setCurrentIndex(panel.map.up.findText("interval"))
    panel.map.up.activated.emit(panel.map.up.currentIndex())
    assert [panel.map.book.axes[each].name for each in panel.map.others] == ["slow"]  # type: ignore[union-attr]
    picture = panel.map.heatmap.picture
    assert picture is not None
    assert picture.failed.tolist() == [[False, False], [True, True]]


def test_what_breaks_a_rule_is_hatched_and_told(
    qtbot: QtBot, panel: SweepPanel
) -> None:
    vary(panel, fast(3, 12), slow(10, 20, 10))
    swept(qtbot, panel)
    book, heatmap = panel._sweeps.book, panel.map.heatmap

    assert book is not None
    assert (book.failed, book.refused) == (0, 1)
    picture = heatmap.picture
    assert picture is not None
    assert picture.refused.tolist() == [[False, True], [False, False]]
    assert not picture.failed.any()
    told = cell_text(book.cells[int(picture.numbers[0, 1])], ("sharpe",))
    assert told == "fast 12, slow 10: not run: SMA Cross: fast must be less than slow"
    # It is told from others by its lines, not by its colour alone.
    image = heatmap.grab(heatmap.box(0, 1).adjusted(3, 3, -3, -3).toRect()).toImage()
    colours = {
        image.pixel(x, y) for x in range(image.width()) for y in range(image.height())
    }
    assert len(colours) > 1
    panel.pages.setCurrentWidget(panel.cells)
    panel.cells.failed.setChecked(True)
    view = panel.cells.view
    assert view is not None
    assert view.model.rowCount() == 1


def test_the_table_sorts_and_filters(qtbot: QtBot, panel: SweepPanel) -> None:
    vary(panel, *with_failures())
    swept(qtbot, panel)
    view, book = panel.cells.view, panel._sweeps.book
    assert view is not None
    assert book is not None
    assert book.best is not None

    panel.pages.setCurrentWidget(panel.cells)

    assert view.model.rowCount() == 12
    assert int(view.model.record(0)["number"]) == book.best.number
    panel.cells.failed.setChecked(True)
    assert view.model.rowCount() == 6
    assert "1d" in view.model.cells(0)[-1][0]
    panel.cells.failed.setChecked(False)
    panel.cells.filter.setText("fast=5 interval=1m")
    assert view.model.rowCount() == 3


def test_a_sweep_is_kept_and_written(
    qtbot: QtBot, panel: SweepPanel, tmp_path: Path
) -> None:
    vary(panel, *with_failures())
    swept(qtbot, panel)
    book = panel._sweeps.book
    assert book is not None
    assert book.best is not None

    panel.export(tmp_path / "cells.csv")
    panel.export(tmp_path / "all.json")
    qtbot.waitUntil(lambda: _is_whole(tmp_path / "all.json"))
    with (tmp_path / "cells.csv").open() as file:
        assert len([*csv.DictReader(file)]) == 12

    panel.pages.setCurrentWidget(panel.shelf)
    qtbot.waitUntil(lambda: panel.shelf.table.rowCount() == 1)
    panel.shelf.view.table.selectRow(0)
    with qtbot.waitSignal(panel._sweeps.opened, timeout=LONG):
        qtbot.mouseClick(panel.shelf.buttons["open"], LEFT)
    again = panel._sweeps.book
    assert again is not None
    assert again is not book
    assert again.best is not None
    assert again.best.stats == book.best.stats


def _is_whole(path: Path) -> bool:
    try:
        return len(json.loads(path.read_text())["cells"]) == 12
    except (OSError, ValueError):
        return False


def test_a_cell_is_opened_as_a_run(
    qtbot: QtBot, stage: Stage, panel: SweepPanel
) -> None:
    vary(panel, fast(3, 5), slow(10, 20, 5))
    swept(qtbot, panel)
    library, heatmap = stage.context.library, panel.map.heatmap
    book = panel._sweeps.book
    assert book is not None
    assert heatmap.picture is not None

    with qtbot.waitSignal(library.runs.opened, timeout=LONG):
        place = heatmap.box(2, 1).center()
        qtbot.mouseClick(heatmap, LEFT, pos=QPoint(int(place.x()), int(place.y())))

    run = library.runs.current
    assert run is not None
    given = run.data.card["strategies"][0]["parameters"]
    assert (given["fast"], given["slow"]) == (5, 20)
    cell = book.cells[int(heatmap.picture.numbers[2, 1])]
    assert run.data.equity[-1] == pytest.approx(cell.stats["final_equity"])

    # Again, by the keyboard: it is not run twice.
    heatmap.setFocus()
    with qtbot.waitSignal(library.runs.opened, timeout=LONG):
        qtbot.keyClick(heatmap, Qt.Key.Key_Return)
    assert len(library.runs.store.list()) == 1
    assert "fast 5, slow 20" in heatmap.accessibleDescription()


def test_walking_forward_is_shown_and_kept(qtbot: QtBot, panel: SweepPanel) -> None:
    vary(panel, fast(3, 5), slow(10, 20, 10))
    panel.form.walks, panel.form.inside, panel.form.outside = True, "2d", "1d"
    panel.setup.show_form()
    panel._judge()
    swept(qtbot, panel)

    current = panel._sweeps.current
    assert current is not None
    assert current.walk is not None
    panel.pages.setCurrentWidget(panel.walk_page)
    assert "Walk-forward efficiency" in panel.walk.words.text()
    assert len(panel.walk.windows.text.rows) == len(current.walk["windows"]) > 0
    assert len(panel.walk.plot.boxes()) == 1
    panel._sweeps.open(current.name)
    qtbot.waitUntil(lambda: panel._sweeps.current is not current, timeout=LONG)
    assert panel._sweeps.current is not None
    assert panel._sweeps.current.walk == current.walk


def test_a_sweep_that_is_cancelled_keeps_what_it_has(
    qtbot: QtBot, panel: SweepPanel
) -> None:
    # So many that they are not over before they are cancelled, on any machine.
    vary(panel, fast(*range(2, 42)), slow(50, 1049, 1))
    sweeps = panel._sweeps
    qtbot.mouseClick(panel.buttons["start"], LEFT)
    running = sweeps.running
    assert running is not None
    assert not panel.buttons["start"].isEnabled()
    qtbot.waitUntil(lambda: len(running.book.cells) > 0, timeout=LONG)
    picture = panel.map.heatmap.picture
    assert picture is not None
    assert picture.is_due.any()
    assert "of 40,000 cells" in panel.progress.format()

    with qtbot.waitSignal(sweeps.stored, timeout=LONG):
        qtbot.mouseClick(panel.buttons["cancel"], LEFT)

    assert running.state == "cancelled"
    assert sweeps.current is not None
    assert not sweeps.current.result.is_whole
    assert 0 < len(sweeps.current.result.cells) < 40_000
    assert panel.buttons["start"].isEnabled()

    panel.pages.setCurrentWidget(panel.shelf)
    qtbot.waitUntil(lambda: panel.shelf.table.rowCount() == 1)
    panel.shelf.view.table.selectRow(0)
    qtbot.mouseClick(panel.shelf.buttons["delete"], LEFT)
    assert panel.shelf.dialog is not None
    yes = panel.shelf.dialog.button(QMessageBox.StandardButton.Yes)
    qtbot.mouseClick(yes, LEFT)
    qtbot.waitUntil(lambda: panel.shelf.table.rowCount() == 0)


def test_a_sweep_that_cannot_run_says_why(qtbot: QtBot, panel: SweepPanel) -> None:
    panel.form.take_table({**REQUEST, "symbols": ["NOBODY"]})
    vary(panel, fast(3, 5))

    with qtbot.waitSignal(panel._sweeps.stored, timeout=LONG):
        panel.start()

    assert "NOBODY" in panel._words.text()
    assert panel._words.isVisible()
    assert panel.buttons["start"].isEnabled()


def test_a_file_and_the_form_take_turns(panel: SweepPanel, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**REQUEST, "initialCapital": 7}))

    panel.open(path)
    kept = panel.state()
    assert panel.form.table is not None
    assert panel.form.table["initialCapital"] == 7
    assert panel.setup.use_form.isVisible()
    panel.setup.form_wanted.emit()
    assert "initialCapital" not in panel.form.table
    panel.restore(kept)

    assert panel.form.table["initialCapital"] == 7


# The models.


def cells_of(book: SweepBook, **stats: list[float | None]) -> list[Cell]:
    names = [each.name for each in book.axes]
    return [
        Cell(
            number,
            dict(zip(names, book.points[number], strict=True)),
            {name: each[number] for name, each in stats.items()},
        )
        for number in book.points
    ]


def test_what_falls_together_shows_the_best() -> None:
    axes = [Axis("a", (2, 1)), Axis("b", (1, 2)), Axis("c", ("x", "y"))]
    points = [(a, b, c) for a in (2, 1) for b in (1, 2) for c in "xy"]
    book = SweepBook(axes, dict(enumerate(points)), "max_drawdown", {})
    values: list[float | None] = [0.5, 0.4, None, 0.3, 0.2, 0.2, 0.6, 0.7]
    book.add(cells_of(book, max_drawdown=values)[::-1])

    free = book.picture(0, 1, {}, "max_drawdown")
    fixed = book.picture(0, 1, {2: 0}, "max_drawdown")

    assert free.across.labels == ("1", "2")
    # The less the better; of equal ones the first.
    np.testing.assert_array_equal(free.values, [[0.2, 0.4], [0.6, 0.3]])
    np.testing.assert_array_equal(free.numbers, [[4, 1], [6, 3]])
    np.testing.assert_array_equal(fixed.values, [[0.2, 0.5], [0.6, np.nan]])
    assert fixed.failed.tolist() == [[False, False], [False, True]]
    assert book.best is not None
    assert book.best.number == 4


def test_a_continuous_axis_is_shown_in_parts() -> None:
    axis = Axis("z", (), (0.0, 1.2))
    book = SweepBook([axis], {0: (0.05,), 1: (1.2,), 2: (0.01,)}, "sharpe", {})
    book.add(cells_of(book, sharpe=[1.0, 2.0, 3.0])[:2])

    shown = book.picture(0, 0, {}, "sharpe")

    assert shown.values.shape == (1, BINS)
    assert shown.values[0, 0] == 1.0
    assert shown.values[0, -1] == 2.0
    assert shown.is_due[0, 0]
    assert not shown.is_due[0, 1:].any()


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT], ids=lambda x: x.name)
def test_lightness_alone_tells_what_is_better(theme: themes.Theme) -> None:
    table = ramp(theme).astype(np.int64)
    light = (
        0.2126 * ((table >> 16) & 255)
        + 0.7152 * ((table >> 8) & 255)
        + 0.0722 * (table & 255)
    )

    steps = np.diff(light[::8])

    assert (steps > 0).all() or (steps < 0).all()


def test_new_axes_lie_around_the_request(tmp_path: Path) -> None:
    form = SweepForm(StrategyList(tmp_path))
    form.take_table(
        {**REQUEST, "strategies": [{"name": "SMA Cross", "parameters": {"slow": 100}}]}
    )

    first, last, step = (
        getattr(form.usual("slow"), name) for name in ("first", "last", "step")
    )

    assert (first, last, step) == ("60", "140", "20")
    assert form.usual("fees.taker").is_list


def test_several_strategies_are_told_apart(tmp_path: Path) -> None:
    form = SweepForm(StrategyList(tmp_path))
    form.take_table(
        {
            "symbols": ["RSTK"],
            "strategies": [
                {"id": "a", "name": "SMA Cross", "allocation": 0.5},
                {"id": "b", "name": "SMA Cross", "allocation": 0.5},
            ],
        }
    )

    names = [each.name for each in form.targets()]

    assert {"a.fast", "b.slow", "allocation", "models.participation"} <= set(names)
    form.axes = [AxisDraft("a.fast", listed="3,4", is_list=True)]
    assert form.problems() == {}
    assert form.plan().axes == [Axis("a.fast", (3, 4))]
