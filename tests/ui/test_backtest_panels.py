"""Backtests in the window: a real run from the form to every panel of its report."""

import gc
import json
import re
import sys
import threading
import weakref
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPdfWriter
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.analytics.report.page import page_of
from app.data.catalog import Catalog
from app.data.local_time import begins_ns
from app.sessions.backtest.request import load_request
from app.ui.models.run_list import RunList
from app.ui.panel_rows import BY_NAME
from app.ui.panels.backtest import BacktestPanel
from app.ui.panels.run_equity import RunEquityPanel
from app.ui.panels.run_price import RunPricePanel
from app.ui.panels.run_returns import RunReturnsPanel
from app.ui.panels.run_summary import RunSummaryPanel
from app.ui.panels.run_trades import RunTradesPanel
from app.ui.panels.runs import RunsPanel
from app.ui.report_pdf import Pages, draw
from app.ui.theme import DARK
from tests.bar_catalog import walk, write_bars
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
LONG = 590_000  # what runs gives way to all else
LEFT = Qt.MouseButton.LeftButton
REQUEST = {
    "symbols": ["RSTK"],
    "strategies": [{"name": "SMA Cross", "parameters": {"fast": 3, "slow": 9}}],
}
REPORT = ("summary", "equity", "returns", "trades", "execution", "price", "runs")


@pytest.fixture
def shelf(stage: Stage, tmp_path: Path) -> Stage:
    """A catalog with a day and a half of a minute's bars."""
    write_bars(tmp_path, "RSTK", walk(900, 7))
    return stage


def shown(qtbot: QtBot, stage: Stage, name: str) -> QWidget:
    panel = BY_NAME[name].factory(stage.context)
    qtbot.addWidget(panel)
    panel.resize(900, 620)
    panel.show()
    return panel


def ran(qtbot: QtBot, stage: Stage, table: dict[str, object] | None = None) -> None:
    """Run a request to its end, and wait for its report."""
    library = stage.context.library
    with qtbot.waitSignal(library.runs.opened, timeout=LONG):
        library.backtests.start(table or REQUEST)


def test_from_the_form_to_the_report(qtbot: QtBot, shelf: Stage) -> None:
    library = shelf.context.library
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    qtbot.waitUntil(lambda: panel.picker.list.topLevelItemCount() == 1)
    assert not panel.buttons["run"].isEnabled()
    box = panel.boxes[0]
    box.choice.setCurrentIndex(box.choice.findData("SMA Cross"))
    box.choice.activated.emit(box.choice.currentIndex())
    item = panel.picker.list.topLevelItem(0)
    assert item is not None
    item.setCheckState(0, Qt.CheckState.Checked)
    box.fields["fast"].editor.setText("3")  # type: ignore[union-attr]
    box.fields["slow"].editor.setText("9")  # type: ignore[union-attr]

    with qtbot.waitSignal(library.runs.opened, timeout=LONG):
        qtbot.mouseClick(panel.buttons["run"], LEFT)

    run = library.runs.current
    assert run is not None
    assert run.title == "SMA Cross on RSTK"
    assert run.data.card["strategies"][0]["parameters"] == {"fast": 3, "slow": 9}
    assert [each.run_id for each in library.runs.store.list()] == [run.data.run_id]
    assert panel.running.isHidden()


def test_fields_end_at_one_edge(qtbot: QtBot, shelf: Stage) -> None:
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    general = [panel.fields[name].editor for name in ("initial_capital", "seed")]
    dates = [panel.fields[name].editor for name in ("stream", "end_date")]
    for editors, above in ((general, panel.boxes[0].choice), (dates, panel.picker)):
        ends = [
            each.mapTo(panel, each.rect().topRight()).x() for each in (*editors, above)
        ]
        assert len(set(ends)) == 1


def test_what_is_wrong_stands_beside_its_field(qtbot: QtBot, shelf: Stage) -> None:
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    panel.load(dict(REQUEST))
    qtbot.waitUntil(panel.buttons["run"].isEnabled)
    field = panel.boxes[0].fields["fast"]

    field.editor.setText("9999")  # type: ignore[union-attr]

    assert field.wrong.isVisible()
    assert "must lie in [1, 5000]" in field.wrong.text()
    assert not panel.buttons["run"].isEnabled()
    qtbot.keyClick(field.editor, Qt.Key.Key_Down)
    assert field.entered == "5000"
    assert field.wrong.isHidden()
    assert panel.buttons["run"].isEnabled()


def test_a_file_that_never_ends_keeps_the_window_free(
    qtbot: QtBot, shelf: Stage
) -> None:
    folder = shelf.context.library.strategies
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "endless.py").write_text("while True: pass\n")
    mine = "class Mine(Strategy):\n    def on_bar(self, ctx, bar): pass\n"
    (folder / "mine.py").write_text(f"from app.strategies import Strategy\n{mine}")

    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    assert not panel.offers.is_read
    panel.load({**REQUEST, "strategies": [{"name": "Mine"}]})
    assert "being read" in panel.boxes[0].wrong.text()

    qtbot.waitUntil(lambda: panel.offers.is_read)
    said = panel.page.wrong["files"].text()
    assert said == "endless.py: its lines did not end within 5 s"
    qtbot.waitUntil(panel.buttons["run"].isEnabled)
    assert panel.form.drafts[0].name == str(folder / "mine.py")


SLOW = """import threading
READ_ON = threading.current_thread().name
from app.strategies import Strategy

class {name}(Strategy):
    steps: int = {steps}

    def on_bar(self, ctx, bar):
        pass
"""


def test_a_chosen_file_is_read_beside_the_window(
    qtbot: QtBot, shelf: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "chosen.py"
    path.write_text(SLOW.format(name="First", steps=3) + SLOW.format(name="B", steps=4))
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    panel.load(REQUEST)
    box = panel.boxes[0]

    box.take_file(path)
    assert box.wrong.text() == "chosen.py is being read…"
    assert not panel.buttons["run"].isEnabled()

    qtbot.waitUntil(panel.buttons["run"].isEnabled)
    draft = panel.form.drafts[0]
    assert draft.name == f"{path}:First"
    assert box.fields["steps"].entered == "3"
    assert draft.cls is not None
    module = sys.modules[draft.cls.__module__]
    assert module.READ_ON.startswith("strategy-files")

    # Saved anew, it is read again when the panel is next looked at.
    path.write_text(SLOW.format(name="First", steps=30))
    panel.hide()
    panel.show()
    qtbot.waitUntil(lambda: "name one of" not in box.wrong.text())
    panel.load({**REQUEST, "strategies": [{"name": str(path)}]})
    qtbot.waitUntil(
        lambda: (
            "steps" in panel.boxes[0].fields
            and panel.boxes[0].fields["steps"].entered == "30"
        ),
    )


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def (:\n", "bad.py:1: SyntaxError"),
        ("x = 1\n", "bad.py: it has no strategy"),
        ("while True: pass\n", "bad.py: its lines did not end within 5 s"),
    ],
)
def test_what_is_wrong_with_a_chosen_file_stands_at_it(
    qtbot: QtBot, shelf: Stage, tmp_path: Path, text: str, words: str, is_own: bool
) -> None:
    folder = shelf.context.library.strategies if is_own else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bad.py"
    path.write_text(text)
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    panel.load(REQUEST)

    panel.boxes[0].take_file(path)

    qtbot.waitUntil(lambda: not panel.offers.unread)
    assert words in panel.boxes[0].wrong.text()
    assert panel.page.wrong["files"].isHidden()
    assert not panel.buttons["run"].isEnabled()


OWN = """import math
from typing import Annotated
from app.strategies import Range, Strategy


class Own(Strategy):
    lookback: Annotated[int, Range(2, 500)] = 20

    def __init__(self):
        self.n = 0
        self.w = 0.0

    def on_bar(self, ctx, bar):
        self.n += 1
        {line}
"""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ctx.target(bar.instrument, math.nan)", ("ValueError", "line 15")),
        (
            "for k in range(10000): ctx.buy(bar.instrument, 1.0)",
            ("raised", "too many requests", "line 15"),
        ),
        ("while self.w < 1.0: self.w *= 1.0", ("a loop ran too long", "line 15")),
        (
            "self.w = 1.0 / (500 - self.n)",
            ("ZeroDivisionError", "event 503", "line 15"),
        ),
    ],
)
def test_what_a_strategy_did_wrong_is_told_with_its_line(
    qtbot: QtBot, shelf: Stage, tmp_path: Path, line: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN.format(line=line))

    ran(qtbot, shelf, {"symbols": ["RSTK"], "strategies": [{"name": str(path)}]})

    run = shelf.context.library.runs.current
    assert run is not None
    (flag,) = [each for each in run.report.flags if each.key == "failed"]
    for each in ("Own.on_bar", *words):
        assert each in flag.found
    panel = shown(qtbot, shelf, "summary")
    assert isinstance(panel, RunSummaryPanel)


@pytest.mark.parametrize("typed", ["2.5", "0", "501", "1e30", "nan", "many", "1e400"])
def test_an_absurd_parameter_waits_at_its_field(
    qtbot: QtBot, shelf: Stage, tmp_path: Path, typed: str
) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN.format(line="pass"))
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    panel.load({"symbols": ["RSTK"], "strategies": [{"name": str(path)}]})
    qtbot.waitUntil(panel.buttons["run"].isEnabled)

    box = panel.boxes[0]
    box._on_edited("lookback", typed)

    assert "must" in box.fields["lookback"].wrong.text()
    assert not panel.buttons["run"].isEnabled()


def test_without_data_some_are_made_up_and_run(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, "backtest")
    assert isinstance(panel, BacktestPanel)
    qtbot.waitUntil(panel.sample.isVisible)

    panel.sample.button.click()
    qtbot.waitUntil(lambda: "AAPL" in panel.form.shelf.by_name)
    assert not panel.sample.isVisible()
    panel.load({**REQUEST, "symbols": ["AAPL"]})
    assert panel.buttons["run"].isEnabled()
    ran(qtbot, stage, panel.form.table())

    run = stage.context.library.runs.current
    assert run is not None
    assert "made_up" in [each.key for each in run.report.flags]


def test_the_text_is_the_request_both_ways(qtbot: QtBot, shelf: Stage) -> None:
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    panel.load(dict(REQUEST))
    assert '"fast": 3' in panel.text.toPlainText()

    panel.text.setPlainText(panel.text.toPlainText().replace('"fast": 3', '"fast": 4'))
    qtbot.waitUntil(lambda: panel.boxes[0].fields["fast"].entered == "4")
    panel.text.setPlainText("{")
    qtbot.waitUntil(lambda: "no JSON" in panel._wrong["text"].text())

    assert not panel.buttons["run"].isEnabled()


def test_several_strategies_share_the_capital(qtbot: QtBot, shelf: Stage) -> None:
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    panel.load(dict(REQUEST))

    qtbot.mouseClick(panel.buttons["add"], LEFT)
    assert [each.allocation for each in panel.form.drafts] == ["0.5", "0.5"]
    panel.boxes[1].removed.emit()

    assert [each.allocation for each in panel.form.drafts] == [""]


def test_a_backtest_that_is_cancelled_leaves_nothing(
    qtbot: QtBot, shelf: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = shelf.context.library
    opens, is_cancelled = library.backtests._catalog, threading.Event()

    def opens_later() -> Catalog:
        # It would be over before it is cancelled where this thread gets no turn.
        is_cancelled.wait()
        return opens()

    monkeypatch.setattr(library.backtests, "_catalog", opens_later)
    with qtbot.waitSignal(library.backtests.ended, timeout=LONG):
        running = library.backtests.start(REQUEST)
        running.cancel()
        is_cancelled.set()

    assert running.state == "cancelled"
    assert library.runs.store.list() == ()
    assert library.runs.current is None


def test_a_failure_is_told_and_stays_until_dismissed(
    qtbot: QtBot, shelf: Stage
) -> None:
    library = shelf.context.library
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)

    with qtbot.waitSignal(library.backtests.ended, timeout=LONG):
        library.backtests.start({**REQUEST, "symbols": ["NOBODY"]})

    (row,) = panel.running.rows
    assert "NOBODY" in row.words.text()
    qtbot.mouseClick(row.cancel, LEFT)
    assert panel.running.rows == []


def test_a_trade_is_chosen_everywhere(qtbot: QtBot, shelf: Stage) -> None:
    runs = shelf.context.library.runs
    trades = shown(qtbot, shelf, "trades")
    price, equity = (shown(qtbot, shelf, name) for name in ("price", "equity"))
    assert isinstance(trades, RunTradesPanel)
    assert isinstance(price, RunPricePanel)
    assert isinstance(equity, RunEquityPanel)
    ran(qtbot, shelf)
    qtbot.waitUntil(lambda: price.market is not None)
    assert runs.current is not None
    table = runs.current.data.trades
    assert trades.table.rowCount() == len(table) > 5

    trades.view.table.selectRow(2)

    row = int(trades.table.record(2)["row"])
    assert runs.trade == row
    assert price.view.chosen == row
    assert trades.scatter.chosen == row
    assert equity.plot.band[0] == int(table["opened"][row])
    assert equity.plot.pointed == int(table["opened"][row])

    trades.scatter.picked.emit(1)
    assert price.view.chosen == 1
    assert int(trades.table.record(trades.view.chosen()[0])["row"]) == 1
    price.view.setFocus()
    qtbot.keyClick(price.view, Qt.Key.Key_N)
    assert runs.trade == 2


def test_a_click_on_a_mark_of_the_chart_chooses_its_trade(
    qtbot: QtBot, shelf: Stage
) -> None:
    runs = shelf.context.library.runs
    price = shown(qtbot, shelf, "price")
    assert isinstance(price, RunPricePanel)
    ran(qtbot, shelf)
    qtbot.waitUntil(lambda: price.market is not None)
    price.view.grab()
    place = price.view._places[3]

    at = QPoint(round(place[0]), round(place[1]))
    qtbot.mousePress(price.view, LEFT, pos=at)
    qtbot.mouseRelease(price.view, LEFT, pos=at)

    assert runs.trade in (2, 3)  # one ends where the other begins
    assert price.view.chosen == runs.trade


def test_time_axes_move_together(qtbot: QtBot, shelf: Stage) -> None:
    runs = shelf.context.library.runs
    equity, returns = (shown(qtbot, shelf, name) for name in ("equity", "returns"))
    assert isinstance(equity, RunEquityPanel)
    assert isinstance(returns, RunReturnsPanel)
    ran(qtbot, shelf)
    whole = runs.stretch

    qtbot.keyClick(equity.plot, Qt.Key.Key_Plus)

    assert runs.stretch[1] - runs.stretch[0] < whole[1] - whole[0]
    assert (returns.rolling.begin, returns.rolling.end) == runs.stretch
    qtbot.keyClick(equity.plot, Qt.Key.Key_Home)
    assert runs.stretch == whole
    qtbot.keyClick(equity.plot, Qt.Key.Key_Left)
    assert runs.ts == equity.plot.pointed > 0
    equity.plot.picked.emit(equity.plot.pointed)
    assert runs.trade >= 0


def test_a_filter_leaves_what_is_asked_for(qtbot: QtBot, shelf: Stage) -> None:
    trades = shown(qtbot, shelf, "trades")
    assert isinstance(trades, RunTradesPanel)
    ran(qtbot, shelf)
    whole = trades.table.rowCount()

    trades.filter.line.setText("long")
    longs = trades.table.rowCount()
    trades.filter.line.setText("-long")

    assert longs + trades.table.rowCount() == whole
    assert 0 < longs < whole


def test_the_summary_says_what_the_report_says(qtbot: QtBot, shelf: Stage) -> None:
    summary = shown(qtbot, shelf, "summary")
    assert isinstance(summary, RunSummaryPanel)
    ran(qtbot, shelf)
    run = shelf.context.library.runs.current
    assert run is not None

    named = {each.caption: each.value for each in summary.tiles.tiles}
    closed = len(run.data.closed_trades)
    assert named["Trades"] == f"{closed:,}"
    assert summary.stats.texts["trades"] == f"{closed:,}"


class Noted(Pages):
    """Pages that keep what was written on them."""

    said = ""

    def text(self, html: str, x: float = 0.0, width: float | None = None) -> float:
        self.said += html
        return super().text(html, x, width)


def test_the_pdf_tells_in_the_order_of_the_page(
    qtbot: QtBot, shelf: Stage, tmp_path: Path
) -> None:
    ran(qtbot, shelf)
    run = shelf.context.library.runs.current
    assert run is not None
    pages = Noted(QPdfWriter(str(tmp_path / "a.pdf")), "")
    draw(pages, run.report)
    pages.painter.end()

    titles = dict.fromkeys(re.findall("<h2>(.*?)</h2>", page_of(run.report)))
    both = [each for each in titles if f"<b>{each}</b>" in pages.said]
    assert "Before you believe it" in both
    assert len(both) > 8
    assert both == sorted(both, key=lambda x: pages.said.index(f"<b>{x}</b>"))


def test_the_period_of_a_run_is_that_of_its_days(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    day = 86_400_000_000_000
    ends = begins_ns(date(2024, 1, 9), "America/New_York") + day * np.arange(40)
    write_bars(tmp_path, "RSTK", walk(40, 7), stream="bars-1d", ts=ends)
    summary = shown(qtbot, stage, "summary")
    assert isinstance(summary, RunSummaryPanel)

    ran(qtbot, stage)

    run = stage.context.library.runs.current
    assert run is not None
    assert run.data.card["end"].startswith("2024-02-17")
    assert run.data.dates == ("2024-01-08", "2024-02-16")
    listing = RunList()
    listing.show(stage.context.library.runs.store.list())
    told = {each.title: each.text(listing.rows[0]) for each in listing.columns(DARK)}
    assert (told["From"], told["To"]) == run.data.dates
    assert summary._when.text().startswith("2024-01-08 – 2024-02-16 · USD")
    assert "2024-01-08 – 2024-02-16 · USD" in page_of(run.report)


def test_runs_are_listed_compared_and_deleted(qtbot: QtBot, shelf: Stage) -> None:
    runs = shelf.context.library.runs
    panel = shown(qtbot, shelf, "runs")
    assert isinstance(panel, RunsPanel)
    ran(qtbot, shelf)
    other = {"name": "SMA Cross", "parameters": {"fast": 5, "slow": 20}}
    ran(qtbot, shelf, {**REQUEST, "strategies": [other]})
    qtbot.waitUntil(lambda: panel.table.rowCount() == 2)
    panel.view.table.selectAll()
    assert panel.buttons["compare"].isEnabled()

    panel.compare_runs()
    qtbot.waitUntil(lambda: panel.compare.table.topLevelItemCount() > 1, timeout=LONG)

    first = panel.compare.table.topLevelItem(0)
    assert first is not None
    children = [first.child(i) for i in range(first.childCount())]
    keys = [each.text(0) for each in children if each is not None]
    assert keys == ["strategies.1.parameters.fast", "strategies.1.parameters.slow"]
    panel.view.table.selectRow(1)
    with qtbot.waitSignal(runs.opened, timeout=LONG):
        panel.open()
    opened = [panel.table.cells(row)[0][0].startswith("▸") for row in range(2)]
    assert opened == [False, True], "the run whose report is shown is marked"
    panel.ask_delete()
    assert isinstance(panel.dialog, QMessageBox)
    panel.dialog.button(QMessageBox.StandardButton.Yes).click()
    qtbot.waitUntil(lambda: panel.table.rowCount() == 1, timeout=LONG)
    assert runs.current is None
    assert len(runs.store.list()) == 1

    # Nothing that was deleted by mistake is lost.
    panel.buttons["undo"].click()
    qtbot.waitUntil(lambda: panel.table.rowCount() == 2, timeout=LONG)
    assert not panel.buttons["undo"].isVisible()
    (newest, _) = runs.store.list()
    assert newest.parameters == "fast 5, slow 20"
    assert len(newest.course) == 60
    assert newest.course[-1] == pytest.approx(newest.final_equity, abs=0.01)
    panel.filter.setText("fast 5,")
    qtbot.waitUntil(lambda: panel.table.rowCount() == 1)


@pytest.mark.parametrize("suffix", ["html", "pdf", "json", "csv", "parquet"])
def test_a_run_is_exported_by_the_suffix(
    qtbot: QtBot, shelf: Stage, tmp_path: Path, suffix: str
) -> None:
    runs = shelf.context.library.runs
    panel = shown(qtbot, shelf, "runs")
    assert isinstance(panel, RunsPanel)
    ran(qtbot, shelf)
    run_id = runs.store.list()[0].run_id
    path = tmp_path / f"out.{suffix}"
    to = path if suffix in ("html", "pdf", "json") else tmp_path / "out"

    panel.export(run_id, path)
    qtbot.waitUntil(lambda: not panel.running.is_busy, timeout=LONG)

    assert to.is_dir() == (suffix in ("csv", "parquet"))
    files = [*to.iterdir()] if to.is_dir() else [to]
    assert files
    assert all(each.stat().st_size > 0 for each in files)
    if suffix == "json":
        assert json.loads(to.read_text())["stats"]["trades"] > 0
    if suffix == "csv":
        assert (to / "trades.csv").read_text().count("\n") > 1


def test_an_export_that_cannot_be_written_is_told(
    qtbot: QtBot, shelf: Stage, tmp_path: Path
) -> None:
    panel = shown(qtbot, shelf, "runs")
    assert isinstance(panel, RunsPanel)
    ran(qtbot, shelf)
    run_id = shelf.context.library.runs.store.list()[0].run_id

    panel.export(run_id, tmp_path / "no" / "such" / "out.json")
    qtbot.waitUntil(lambda: not panel.running.is_busy, timeout=LONG)
    panel.export(run_id, tmp_path / "out.doc")

    told = [each.text for each in shelf.desk.messages.rows]
    assert any("out.json" in each for each in told)
    assert any("suffix is none of" in each for each in told)


@pytest.mark.parametrize("suffix", ["json", "toml"])
def test_a_request_is_saved_and_opened_again(
    qtbot: QtBot, shelf: Stage, tmp_path: Path, suffix: str
) -> None:
    panel = shown(qtbot, shelf, "backtest")
    assert isinstance(panel, BacktestPanel)
    panel.load({**REQUEST, "initialCapital": 5000, "seed": 3})
    path = tmp_path / f"request.{suffix}"

    panel.save(path)
    panel.load(dict(REQUEST))
    assert panel.fields["seed"].entered != "3"
    panel.open(path)

    assert panel.fields["seed"].entered == "3"
    assert panel.boxes[0].fields["fast"].entered == "3"
    assert load_request(path).initial_capital == 5000


@pytest.mark.parametrize("name", ["backtest", *REPORT])
def test_a_panel_leaves_nothing_behind(qtbot: QtBot, shelf: Stage, name: str) -> None:
    panel = BY_NAME[name].factory(shelf.context)
    panel.show()
    panel.grab()
    shelf.context.library.runs.show(None)
    kept = weakref.ref(panel)

    panel.hide()
    panel.deleteLater()
    del panel
    shelf.frame(2)
    QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    gc.collect()

    assert kept() is None
    shelf.context.library.runs.point(5)
