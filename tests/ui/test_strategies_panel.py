"""The strategies panel, over a real paper session on the built-in exchange."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox

from app import config
from app.clock import SystemClock
from app.engine.records import SafetyState
from app.engine.strategy import StrategyState
from app.sessions.live_strategies import LiveTerms
from app.sessions.session import EngineState, Mode
from app.ui.items.strategy_form import StrategyForm
from app.ui.main import sessions_of
from app.ui.main_window import MainWindow
from app.ui.panels.strategies import StrategiesPanel
from app.ui.shot_scene import has_market

pytestmark = [pytest.mark.gui, pytest.mark.threads, pytest.mark.slow]

OWN = '''
from typing import Annotated
from app.strategies import *


class Own(Strategy):
    """Plots the last price and logs each third trade."""

    step: Annotated[int, Range(1, 10)] = 1
    loud: bool = True

    def __init__(self):
        self.seen = 0
        self.average = SMA(3)

    def on_trade(self, ctx, trade):
        self.seen += self.step
        self.average.update(trade.price)
        ctx.plot("last", trade.price)
        ctx.plot("seen", self.seen)
        if self.loud:
            ctx.log(f"trade at {trade.price:.2f}")
'''
HANGS = """
import os, time
from app.strategies import *

if "RINGSIDE_BUILD_SERVER" in os.environ:
    time.sleep(1000)


class Hangs(Strategy):
    def on_trade(self, ctx, trade):
        ctx.plot("x", trade.price)
"""
FAULTY = """
from app.strategies import *


class Faulty(Strategy):
    def on_trade(self, ctx, trade):
        ctx.plot("x", 1.0 / (trade.size - trade.size))
"""


@pytest.fixture
def window(qtbot, tmp_path: Path) -> Iterator[MainWindow]:
    own = tmp_path / "own"
    own.mkdir()
    (own / "own.py").write_text(OWN)
    (own / "broken.py").write_text("def (:\n")
    environment = {
        "RINGSIDE_PATHS_LOGS": str(tmp_path / "logs"),
        "RINGSIDE_PATHS_DATA": str(tmp_path / "catalog"),
        "RINGSIDE_PATHS_STRATEGIES": str(own),
        "RINGSIDE_RISK_FILE": str(tmp_path / "limits.toml"),
        "RINGSIDE_EXCHANGE_MESSAGES_PER_S": "2000",
    }
    settings = config.load(None, environment).settings
    made = MainWindow(settings, sessions_of(settings), SystemClock())
    qtbot.addWidget(made)
    made.show()
    made.open(Mode.PAPER, "exchange")
    qtbot.waitUntil(
        lambda: made.bridge.status.engine is EngineState.READY, timeout=590_000
    )
    qtbot.waitUntil(lambda: has_market(made))
    made.commands.run("safety.armed")
    qtbot.waitUntil(lambda: made.desk.market.safety_state is SafetyState.ARMED)
    yield made
    made.close()


@pytest.fixture
def panel(window: MainWindow) -> StrategiesPanel:
    window.panels.show("strategies")
    found = window.hosts["strategies"].panel
    assert isinstance(found, StrategiesPanel)
    return found


def state(panel: StrategiesPanel, number: int) -> StrategyState | None:
    watched = panel._watch.watched.get(number)
    return watched.state if watched is not None else None


def add(qtbot, panel: StrategiesPanel, source: str) -> int:
    number = 1 + max(panel._watch.watched, default=0)
    panel._watch.add(LiveTerms(source, ("RSTK",)), start=True)
    qtbot.waitUntil(lambda: state(panel, number) is not None)
    return number


def test_what_is_being_compiled_is_told_and_can_be_cancelled(
    qtbot, panel, tmp_path: Path
) -> None:
    path = tmp_path / "hangs.py"
    path.write_text(f"# {tmp_path}\n{HANGS}")

    panel._watch.add(LiveTerms(str(path), ("RSTK",)), start=True)
    qtbot.waitUntil(lambda: panel.cancel.isVisible())
    assert re.fullmatch(r"compiling Hangs · \d+ s", panel.told.text())
    panel.cancel.click()
    qtbot.waitUntil(lambda: not panel.cancel.isVisible())

    assert panel.told.text() == ""
    assert not panel._watch.watched
    number = add(qtbot, panel, "VWAP Execution")
    qtbot.waitUntil(lambda: state(panel, number) is StrategyState.RUNNING)


def test_one_is_added_by_the_form_and_shows_what_it_does(qtbot, window, panel) -> None:
    panel.buttons["add"].click()
    form = panel.form
    assert isinstance(form, StrategyForm)
    # The folder is read on a thread of its own.
    qtbot.waitUntil(lambda: "broken.py:1: SyntaxError" in form.wrong.text())
    titles = [form.choice.itemText(i) for i in range(form.choice.count())]
    form.choice.setCurrentIndex(titles.index("Own · own.py"))
    form.choice.activated.emit(form.choice.currentIndex())
    assert not form.bars.isVisibleTo(form)
    step = form.parameters.fields["step"]
    step.show_text("11")
    assert form.terms() is None
    assert "must lie in [1, 10]" in step.wrong.text()
    step.show_text("2")
    form.at_once.setChecked(True)
    form.add.click()

    qtbot.waitUntil(lambda: state(panel, 1) is StrategyState.RUNNING)
    panel.pages.setCurrentWidget(panel.pages.state)
    rows = panel.pages.state.text
    qtbot.waitUntil(lambda: [row[0] for row in rows.rows] == ["seen", "average"])
    qtbot.waitUntil(lambda: rows.rows[0][2] not in ("", "0"))
    panel.pages.setCurrentWidget(panel.pages.log)
    log = panel.pages.log.text
    qtbot.waitUntil(lambda: "trade at" in log.toPlainText())
    panel.pages.setCurrentWidget(panel.pages.plots)
    plots = panel.pages.plots
    qtbot.waitUntil(lambda: list(plots.curves) == ["last", "seen"])
    assert panel.buttons["pause"].isEnabled()
    assert not panel.buttons["reload"].isEnabled()
    assert not panel.pages.parameters.form.isEnabled()


def test_pause_other_parameters_and_on(qtbot, window, panel) -> None:
    number = add(qtbot, panel, f"{panel._watch.folder}/own.py")
    qtbot.waitUntil(lambda: state(panel, number) is StrategyState.RUNNING)
    qtbot.waitUntil(lambda: panel.buttons["pause"].isEnabled())

    panel.buttons["pause"].click()
    qtbot.waitUntil(lambda: state(panel, number) is StrategyState.PAUSED)
    page = panel.pages.parameters
    qtbot.waitUntil(lambda: page.form.isEnabled())
    loud = page.form.fields["loud"].editor
    assert isinstance(loud, QCheckBox)
    loud.click()
    assert page.apply.isEnabled()
    page.apply.click()

    qtbot.waitUntil(lambda: "kept seen, average" in page.told.text())
    assert panel.chosen().live.ready.values == {"step": 1, "loud": False}
    qtbot.waitUntil(lambda: panel.buttons["start"].isEnabled())
    panel.buttons["start"].click()
    qtbot.waitUntil(lambda: state(panel, number) is StrategyState.RUNNING)
    panel.buttons["stop"].menu().actions()[0].trigger()
    qtbot.waitUntil(lambda: state(panel, number) is StrategyState.STOPPED)
    qtbot.waitUntil(lambda: panel.buttons["remove"].isEnabled())
    qtbot.keyClick(panel.view.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not panel._watch.watched)
    assert panel.table.rowCount() == 0


def test_one_that_fails_shows_its_traceback_and_the_other_lives_on(
    qtbot, window, panel, tmp_path
) -> None:
    sound = add(qtbot, panel, f"{panel._watch.folder}/own.py")
    (tmp_path / "faulty.py").write_text(FAULTY)
    faulty = add(qtbot, panel, str(tmp_path / "faulty.py"))
    qtbot.waitUntil(lambda: state(panel, faulty) is StrategyState.FAILED)
    panel.choose(faulty)

    page = panel.pages.failure
    qtbot.waitUntil(lambda: "ZeroDivisionError" in page.message.text(), timeout=180_000)
    assert page.source.text().startswith("faulty.py:7  ctx.plot")
    assert "line 7, in on_trade" in page.trace.toPlainText()
    assert panel.pages.currentWidget() is page
    rows = window.desk.messages.rows
    qtbot.waitUntil(lambda: any("ZeroDivisionError" in each.text for each in rows))
    assert state(panel, sound) is StrategyState.RUNNING
    calls = panel._watch.watched[sound].reading.calls
    qtbot.waitUntil(lambda: panel._watch.watched[sound].reading.calls > calls)


def test_what_cannot_be_added_is_said(qtbot, window, panel) -> None:
    panel._watch.add(LiveTerms("SMA Cross", ("NONE",)))

    qtbot.waitUntil(lambda: "not in the session" in panel.told.text())
    assert panel.buttons["add"].isEnabled()
