"""The data panel on a real catalog: list, filter, sort, export, verify, delete, SQL."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.data.catalog import Catalog
from app.data.guess import Answers
from app.data.importing import Options, run_import
from app.data.recognise import Given, recognise
from app.ui.items.recordings_page import RecordingsPage
from app.ui.panels.data import DataPanel
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
ROWS = "time,price,size,side\n2024-01-02T09:30:00Z,{0},5,buy\n"
MORE = "2024-01-02T09:30:01Z,{0},2,sell\n"


def brought(stage: Stage, folder: Path) -> None:
    """Three recordings: BBB with two rows, AAA and EURUSD with one."""
    library = stage.context.library
    for name, text in (
        ("BBB", (ROWS + MORE).format("20.25")),
        ("AAA", ROWS.format("10.25")),
        ("EURUSD", ROWS.format("1.0725")),
    ):
        path = folder / f"{name}.csv"
        path.write_text(text)
        catalog = Catalog(library.root)
        found = recognise([path], catalog, Given(Answers(instrument=name)))
        run_import(found.importer, [path], catalog, Options(name))


@pytest.fixture
def panel(qtbot: QtBot, stage: Stage, tmp_path: Path) -> DataPanel:
    brought(stage, tmp_path)
    return opened(qtbot, stage)


def opened(qtbot: QtBot, stage: Stage) -> DataPanel:
    made = DataPanel(stage.context)
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    settle(qtbot, made)
    return made


def settle(qtbot: QtBot, panel: DataPanel) -> None:
    jobs = panel.recordings._library.jobs
    qtbot.waitUntil(lambda: not jobs._running)


def names(page: RecordingsPage) -> list[str]:
    table = page.table
    return [
        page.recordings.entry(table.record(row)).instrument
        for row in range(table.rowCount())
    ]


def press(qtbot: QtBot, panel: DataPanel, button: str) -> None:
    qtbot.mouseClick(panel.recordings.buttons[button], LEFT)
    settle(qtbot, panel)


def told(stage: Stage) -> str:
    newest = stage.desk.messages.newest
    return "" if newest is None else newest.text


def test_an_empty_catalog_says_what_to_do(qtbot: QtBot, stage: Stage):
    panel = opened(qtbot, stage)
    page = panel.recordings

    assert page.view._empty.isVisible()
    assert "Drop a file on the window" in page.view._empty.text()
    qtbot.mouseClick(page.buttons["import"], LEFT)
    assert stage.ran == ["file.import"]


def test_an_empty_catalog_offers_made_up_data(qtbot: QtBot, stage: Stage):
    panel = opened(qtbot, stage)
    offer = panel.recordings.sample
    assert offer.isVisible()

    qtbot.mouseClick(offer.button, LEFT)
    assert not offer.button.isEnabled()
    assert offer.words.text().startswith("making up sample data")

    qtbot.waitUntil(lambda: not offer.isVisible())
    settle(qtbot, panel)
    assert {"AAPL", "GOOGL", "MSFT"} < set(names(panel.recordings))
    assert told(stage).endswith("were made up: made by ringside sample, seed 1")


def test_recordings_are_listed_sorted_and_filtered(qtbot: QtBot, panel: DataPanel):
    page = panel.recordings
    assert names(page) == ["AAA", "BBB", "EURUSD"]
    cells = [page.table.cell(1, column)[0] for column in range(6)]
    assert cells == [
        *("BBB", "stock", "trades", "2024-01-02 09:30", "2024-01-02 09:30", "2")
    ]

    page.table.sort(5, Qt.SortOrder.DescendingOrder)
    assert names(page)[0] == "BBB"
    page.filter.setText("fx")
    assert names(page) == ["EURUSD"]
    page.filter.setText("trades b")
    assert set(names(page)) == {"AAA", "BBB"} - {"AAA"}
    page.filter.clear()
    assert len(names(page)) == 3
    assert page._total.text().startswith("3 streams, ")


def test_buttons_wait_for_a_selection(qtbot: QtBot, panel: DataPanel):
    page = panel.recordings
    assert not page.buttons["delete"].isEnabled()

    page.view.table.selectRow(1)
    assert page.buttons["delete"].isEnabled()
    assert page.buttons["export"].isEnabled()
    page.view.table.selectAll()
    assert not page.buttons["export"].isEnabled()


def test_a_recording_is_played_alone_or_with_others(qtbot: QtBot, panel: DataPanel):
    page = panel.recordings
    page.view.table.selectRow(1)
    with qtbot.waitSignal(page._library.play_wanted) as wanted:
        press(qtbot, panel, "play")
    assert wanted.args == ["recording:BBB@trades"]

    page.view.table.selectAll()
    with qtbot.waitSignal(page._library.play_wanted) as wanted:
        press(qtbot, panel, "play")
    assert wanted.args == ["recording:AAA@trades,BBB@trades,EURUSD@trades"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_export(
    qtbot: QtBot, panel: DataPanel, stage: Stage, tmp_path: Path, suffix: str
):
    page = panel.recordings
    page.view.table.selectRow(1)
    (entry,) = page.chosen()

    page.export(entry, tmp_path / f"out{suffix}")
    settle(qtbot, panel)

    assert (tmp_path / f"out{suffix}").stat().st_size > 0
    assert told(stage).startswith("2 rows of BBB@trades are in ")
    assert not panel.running.is_busy


def test_an_export_that_fails_is_told(
    qtbot: QtBot, panel: DataPanel, stage: Stage, tmp_path: Path
):
    panel.recordings.view.table.selectRow(0)
    (entry,) = panel.recordings.chosen()

    panel.recordings.export(entry, tmp_path / "none" / "out.csv")
    settle(qtbot, panel)

    assert "cannot be written" in told(stage)
    assert panel.recordings.buttons["export"].isEnabled()


def test_verify_tells_the_sound_and_the_damaged(
    qtbot: QtBot, panel: DataPanel, stage: Stage
):
    page = panel.recordings
    (segment,) = Catalog(page._library.root).open("BBB").segments
    path = segment.folder / "ts_received.npy"
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    page.view.table.selectAll()

    press(qtbot, panel, "verify")

    texts = [each.text for each in stage.desk.messages.rows]
    assert any("BBB@trades: " in each and "crc32" in each for each in texts)
    assert texts[-1] == "sound, every checksum fits: AAA@trades, EURUSD@trades"


def test_delete_asks_first(qtbot: QtBot, panel: DataPanel, stage: Stage):
    page = panel.recordings
    page.view.table.selectRow(1)

    press(qtbot, panel, "delete")
    assert page._question is not None
    assert page._question.text() == "BBB@trades: 2 rows will be gone for good."
    qtbot.mouseClick(page._question.button(QMessageBox.StandardButton.Cancel), LEFT)
    settle(qtbot, panel)
    assert len(names(page)) == 3
    press(qtbot, panel, "delete")
    qtbot.mouseClick(page._question.button(QMessageBox.StandardButton.Yes), LEFT)
    settle(qtbot, panel)

    qtbot.waitUntil(lambda: names(page) == ["AAA", "EURUSD"])
    assert told(stage) == "deleted BBB@trades"
    assert Catalog(page._library.root).names() == ["AAA", "EURUSD"]


def test_sql_over_the_catalog(qtbot: QtBot, panel: DataPanel):
    page = panel.sql
    panel.pages.setCurrentWidget(page)
    page.text.setPlainText("SELECT price, sum(size) AS n FROM bbb_trades GROUP BY 1")
    panel.activateWindow()
    page.text.setFocus()
    qtbot.waitUntil(page.text.hasFocus)

    qtbot.keyClick(page.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, panel)

    assert page.answer.text.heads == ["price", "n"]
    assert [float(each) for each in page.answer.text.rows[0]] == [20.25, 7.0]
    assert page.says.text() == "1 row"


def test_a_wrong_query_is_told_beside_it(qtbot: QtBot, panel: DataPanel):
    page = panel.sql
    page.text.setPlainText("SELECT nothing FROM nowhere")

    page.run()
    settle(qtbot, panel)

    assert "nowhere" in page.says.text()
    assert page.start.isEnabled()


def test_the_whole_answer_is_saved(qtbot: QtBot, panel: DataPanel, tmp_path: Path):
    page = panel.sql
    page.text.setPlainText("SELECT * FROM bbb_trades")

    page.write(tmp_path / "answer.csv")
    settle(qtbot, panel)

    assert len((tmp_path / "answer.csv").read_text().splitlines()) == 3
    assert page.says.text().startswith("2 rows in ")


def test_rows_of_a_recording_are_one_press_away(qtbot: QtBot, panel: DataPanel):
    panel.recordings.view.table.selectRow(1)

    press(qtbot, panel, "query")
    settle(qtbot, panel)

    assert panel.pages.currentWidget() is panel.sql
    assert panel.sql.text.toPlainText() == "SELECT * FROM bbb_trades LIMIT 200"
    assert len(panel.sql.answer.text.rows) == 2


def test_what_others_change_is_listed_anew(
    qtbot: QtBot, panel: DataPanel, stage: Stage
):
    Catalog(stage.context.library.root).delete("AAA")

    stage.context.library.changed.emit()
    settle(qtbot, panel)

    qtbot.waitUntil(lambda: names(panel.recordings) == ["BBB", "EURUSD"])
