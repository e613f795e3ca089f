"""The import dialog: recognised, asked, shown, imported, cancelled, played."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.data.catalog import Catalog
from app.data.lobster import LobsterImporter
from app.data.recognise import Given
from app.ui import theme as themes
from app.ui.import_dialog import ImportDialog
from app.ui.jobs import JobCancelled
from app.ui.library import Library
from app.ui.models.importing import look, missing_roles
from tests.data.test_odd_csv import GERMAN, MANY
from tests.shared_data import shared_data

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
BARS = """,Open,High,Low,Close,Volume
2024-01-02 09:30:00,10.25,10.5,10,10.25,7
2024-01-02 09:31:00,10.25,10.5,10,10.25,8
2024-01-02 09:32:00,10.25,10.5,10,10.25,9
"""
TRADES = """time,price,size,side
2024-01-02T09:30:00Z,10.25,5,buy
2024-01-02T09:30:01Z,ten,2,sell
2024-01-02T09:30:02Z,10.50,2,sell
"""


class Desk:
    """Opens dialogs on files."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.folder = folder
        self.library = Library(folder / "catalog")

    def opened(self, *paths: Path) -> ImportDialog:
        dialog = ImportDialog(None, themes.DARK, self.library, paths)
        self.qtbot.addWidget(dialog)
        dialog.show()
        self.settle()
        return dialog

    def made(self, text: str, name: str = "ACME.csv") -> ImportDialog:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return self.opened(path)

    def settle(self) -> None:
        """Wait until no look and no import is under way."""
        self.qtbot.wait(350)
        self.qtbot.waitUntil(lambda: not self.library.jobs._running)

    def choose(self, dialog: ImportDialog, option: str, text: str) -> None:
        field = dialog.fields[option]
        line = field.lineEdit()
        if line is None:
            field.setCurrentText(text)
            field.activated.emit(field.currentIndex())
        else:
            line.clear()
            self.qtbot.keyClicks(line, text)
        self.settle()

    def start(self, dialog: ImportDialog) -> None:
        self.qtbot.mouseClick(dialog.start, LEFT)
        self.settle()

    def catalog(self) -> Catalog:
        return Catalog(self.library.root)


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(qtbot, tmp_path)
    yield made
    made.library.jobs.close()


def shown(dialog: ImportDialog) -> list[str]:
    """Options that are asked for."""
    return [o for o, field in dialog.fields.items() if field.isVisible()]


def test_only_what_is_missing_is_asked_and_then_it_is_imported(desk: Desk):
    dialog = desk.made(BARS)
    assert dialog.title.text() == "ACME.csv  ·  CSV, bars"
    assert shown(dialog) == ["--time-zone", "--stamped"]
    assert not dialog.start.isEnabled()
    assert "Still to be said: the time zone, where bars are stamped" in (
        dialog.caption.text()
    )

    desk.choose(dialog, "--time-zone", "America/New_York")
    desk.choose(dialog, "--stamped", "open")

    assert dialog.preview.text.heads[:2] == ["Close (America/New_York)", "UTC"]
    assert dialog.preview.text.rows[0][:3] == (
        *("2024-01-02 09:31:00", "2024-01-02 14:31:00", "10.25"),
    )
    desk.start(dialog)
    recording = desk.catalog().open("ACME@bars-1m")
    assert (len(recording), recording.first_ts) == (3, 1_704_205_860 * 10**9)
    assert "ACME bars-1m: 3 records" in dialog.preview.text.rows[1][0]
    assert dialog.play.isVisible()


def test_what_was_imported_can_be_played(qtbot: QtBot, desk: Desk):
    dialog = desk.made(BARS)
    desk.choose(dialog, "--time-zone", "UTC")
    desk.choose(dialog, "--stamped", "close")
    desk.start(dialog)

    with qtbot.waitSignal(desk.library.play_wanted) as wanted:
        qtbot.mouseClick(dialog.play, LEFT)

    assert wanted.args == ["recording:ACME@bars-1m"]
    assert not dialog.isVisible()


def test_a_bad_row_is_named_and_the_sound_ones_can_be_imported(desk: Desk):
    dialog = desk.made(TRADES)
    assert "row 3, column price: must be a number" in dialog.problem.text()
    assert not dialog.start.isEnabled()

    dialog.skip_bad.setChecked(True)
    desk.settle()
    assert not dialog.problem.isVisible()
    desk.start(dialog)

    assert len(desk.catalog().open("ACME")) == 2
    said = [row[0] for row in dialog.preview.text.rows]
    assert "Left out 1 bad rows, the first of them:" in said
    assert any("row 3, column price" in each for each in said)


def test_columns_of_an_unknown_table_are_said_by_hand(qtbot: QtBot, desk: Desk):
    dialog = desk.made(GERMAN.replace("Datum", "Stichtag").replace("Open", "Erster"))
    assert dialog.title.text().endswith("not recognised")
    assert "say below what its columns are" in dialog.problem.text()
    mapper = dialog.mapper
    assert mapper.isVisible()
    assert mapper.missing == ["time", "open", "high", "low", "close"]

    roles = ("time", "open", "high", "low", "close", "volume")
    for choice, role in zip(mapper.choices, roles, strict=True):
        choice.setCurrentIndex(choice.findData(role))
        choice.activated.emit(choice.currentIndex())
    desk.settle()
    assert mapper.missing == []
    desk.choose(dialog, "--time-zone", "Europe/Berlin")
    desk.choose(dialog, "--stamped", "open")
    assert dialog.preview.text.rows[0][2] == "1234.50"
    desk.start(dialog)

    assert len(desk.catalog().open("ACME")) == 2


def test_a_column_is_of_one_kind_only(qtbot: QtBot, desk: Desk):
    dialog = desk.made(BARS)
    dialog.more.click()
    mapper = dialog.mapper
    high = mapper.choices[2]
    assert (mapper.columns["high"], mapper.columns["open"]) == ("High", "Open")

    high.setCurrentIndex(high.findData("open"))
    high.activated.emit(high.currentIndex())

    assert mapper.columns["open"] == "High"
    assert mapper.missing == ["high"]
    assert not dialog.start.isEnabled()


def test_what_is_no_market_data_is_told(desk: Desk):
    dialog = desk.made("once upon a time\nthere was no table\n", "tale.txt")

    assert "is of no format that is recognised" in dialog.problem.text()
    assert not dialog.start.isEnabled()
    assert not dialog.mapper.isVisible()


def test_an_import_that_is_cancelled_leaves_nothing(qtbot: QtBot, desk: Desk):
    rows = "".join(f"{1_700_000_000_000 + i},10.25,1\n" for i in range(600_000))
    dialog = desk.made(f"ts,price,size\n{rows}")
    job_seen: list[BaseException] = []

    qtbot.mouseClick(dialog.start, LEFT)
    assert dialog._job is not None
    dialog._job.failed.connect(job_seen.append)
    qtbot.mouseClick(dialog.leave, LEFT)
    desk.settle()

    assert isinstance(job_seen[0], JobCancelled)
    assert dialog.isVisible()
    assert dialog.caption.text() == "Cancelled; the catalog is as it was."
    assert desk.catalog().names() == []
    qtbot.mouseClick(dialog.leave, LEFT)
    assert not dialog.isVisible()


def test_a_dialog_that_is_closed_while_it_looks_is_forgotten(qtbot: QtBot, desk: Desk):
    path = desk.folder / "ACME.csv"
    path.write_text(BARS)
    dialog = ImportDialog(None, themes.DARK, desk.library, [path])
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()

    dialog.close()
    desk.settle()


def test_every_symbol_of_a_file_is_imported(desk: Desk):
    dialog = desk.made(MANY, "all.csv")
    assert "Each of its symbols becomes a recording" in _capitals(dialog.reasons.text())

    desk.choose(dialog, "--time-zone", "America/New_York")
    desk.start(dialog)

    assert desk.catalog().names() == ["AAA", "BBB"]


def _capitals(text: str) -> str:
    return text.replace("Assumed: each", "Each")


def test_lobster_is_given_the_book_that_lies_beside_it(tmp_path: Path):
    path = shared_data("lobster", "AMZN_2012-06-21_first20000_message_10.csv.gz")

    seen = look([path], tmp_path / "catalog", Given())

    assert seen.can_import
    beside = path.with_name(path.name.replace("_message_", "_orderbook_"))
    has_book = beside.exists()
    assert seen.found is not None
    importer = seen.found.importer
    assert isinstance(importer, LobsterImporter)
    assert (importer._orderbook is not None) == has_book


def test_what_a_kind_of_table_needs():
    assert missing_roles("levels", {"time": "t", "price": "p"}) == ["side", "size"]
    assert missing_roles("quotes", {"time": "t"}) == ["bid_price", "ask_price"]
    assert missing_roles("trades", {"time": "t", "price": "p", "size": "q"}) == []
