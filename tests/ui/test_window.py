"""The window: modes, feeds, instruments, keys, kill, theme, layout, failures."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMenu,
    QMessageBox,
    QTextBrowser,
)
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.exchange.drill_table import Drill
from app.engine.records import (
    REPORT,
    Action,
    OrderStatus,
    Reason,
    ReportType,
    SafetyState,
)
from app.engine.views import VIEW
from app.errors import FeedError
from app.sessions.session import EngineState, Mode, Session, SessionStatus
from app.ui.arrangements import SHIPPED
from app.ui.commands import COMMANDS
from app.ui.help import HelpWindow
from app.ui.main_window import MainWindow
from app.ui.models.order_path import order_path
from app.ui.models.orders import OWN_ORDER
from app.ui.opening import Sessions
from app.ui.panel_dock import is_in_sight
from app.ui.panel_host import PanelHost
from app.ui.panel_rows import PANELS
from app.ui.panels.ladder import LadderPanel
from app.ui.status_bar import StatusBar
from tests.ui.scripted_session import INSTRUMENTS, ScriptedSession
from tests.ui.scripted_window import opened

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


class Opener:
    """Opens scripted sessions, and keeps them."""

    def __init__(self) -> None:
        self.opened: list[ScriptedSession] = []
        self.refuses = ""

    def open(self, mode: Mode, feed: str) -> Session:
        if self.refuses:
            raise FeedError(self.refuses)
        self.opened.append(ScriptedSession(mode=mode, feed=feed))
        return self.opened[-1]

    def sessions(self) -> Sessions:
        feeds = ["exchange", "recording:AMZN"]
        return Sessions(self.open, lambda: feeds, frozenset({Mode.PAPER}))


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def window(qtbot: QtBot, opener: Opener) -> Iterator[MainWindow]:
    made = MainWindow(Settings(), opener.sessions(), SystemClock())
    qtbot.addWidget(made)
    made.show()
    opened(qtbot, made)
    yield made
    made.close()


def arm(qtbot: QtBot, window: MainWindow) -> None:
    window.commands.run("safety.armed")
    ladder = window.ladder()
    assert ladder is not None

    def shows_it() -> bool:
        painted = ladder.view.painted
        return painted is not None and painted.state is SafetyState.ARMED

    qtbot.waitUntil(shows_it)


def test_every_panel_is_there_and_alive(window: MainWindow) -> None:
    for row in PANELS:
        window.panels.show(row.name)
        assert window.hosts[row.name].panel is not None
    names = [window.top_bar.instrument.itemText(i) for i in range(3)]
    assert names == [each.name for each in INSTRUMENTS]
    assert window.windowTitle() == "Ringside · Paper · exchange"


def test_a_session_starts_in_view(window: MainWindow) -> None:
    assert window.desk.market.safety_state is SafetyState.VIEW
    assert window.top_bar.states[SafetyState.VIEW].isChecked()


def test_backtests_are_shown_while_the_session_goes_on(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    modes = window.top_bar.modes
    before = window.workspaces.current

    qtbot.mouseClick(modes[Mode.BACKTEST], LEFT)

    assert window.workspaces.current == "Backtest"
    assert modes[Mode.BACKTEST].isChecked()
    assert not modes[Mode.PAPER].isChecked()
    assert window.opening.mode is Mode.PAPER
    assert len(opener.opened) == 1
    qtbot.mouseClick(modes[Mode.PAPER], LEFT)
    assert window.workspaces.current == before
    assert modes[Mode.PAPER].isChecked()
    assert len(opener.opened) == 1


@pytest.mark.parametrize("mode", [Mode.LIVE])
def test_a_mode_that_is_not_built_says_so_and_is_not_entered(
    qtbot: QtBot, window: MainWindow, opener: Opener, mode: Mode
) -> None:
    button = window.top_bar.modes[mode]

    qtbot.mouseClick(button, LEFT)

    assert "not built" in button.text()
    newest = window.desk.messages.newest
    assert newest is not None
    assert newest.text == (
        f"{mode.title} is not built in this version and cannot be entered; Paper is."
    )
    assert window.opening.mode is Mode.PAPER
    assert window.top_bar.modes[Mode.PAPER].isChecked()
    assert not button.isChecked()
    assert len(opener.opened) == 1


def test_another_feed_is_another_session(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    with qtbot.waitSignal(window.opening.opened):
        window.top_bar.feed.setCurrentIndex(1)
        window.top_bar.feed.activated.emit(1)

    first, second = opener.opened
    assert (first.stops, second.starts, second.feed_name) == (1, 1, "recording:AMZN")
    assert window.bridge.session is second


def answer(window: MainWindow, which: QMessageBox.StandardButton) -> QAbstractButton:
    question = window.leaving.question
    assert question is not None
    return question.button(which)


def test_leaving_open_orders_asks_first(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    arm(qtbot, window)
    ladder = window.ladder()
    assert ladder is not None
    ladder.run("ladder.buy_market")
    qtbot.waitUntil(lambda: len(window.desk.fills) == 1)

    window.session.choose_feed("recording:AMZN")
    question = window.leaving.question
    assert question is not None
    assert "1 open position ends with this session" in question.text()
    qtbot.mouseClick(answer(window, QMessageBox.StandardButton.Cancel), LEFT)
    assert len(opener.opened) == 1
    assert window.top_bar.feed.currentText() == "exchange"
    window.session.choose_feed("recording:AMZN")
    with qtbot.waitSignal(window.opening.opened):
        qtbot.mouseClick(answer(window, QMessageBox.StandardButton.Yes), LEFT)

    assert len(opener.opened) == 2


class ByTheCross(QCloseEvent):
    """As the window system sends it."""

    def spontaneous(self) -> bool:
        return True


@pytest.mark.parametrize("by_key", [True, False])
def test_quitting_with_an_open_position_asks_first(
    qtbot: QtBot, window: MainWindow, by_key: bool
) -> None:
    arm(qtbot, window)
    ladder = window.ladder()
    assert ladder is not None
    ladder.run("ladder.buy_market")
    qtbot.waitUntil(lambda: len(window.desk.fills) == 1)

    def leave() -> None:
        if by_key:
            window.commands.run("session.quit")
        else:
            event = ByTheCross()
            window.closeEvent(event)
            assert not event.isAccepted()

    leave()
    question = window.leaving.question
    assert question is not None
    assert question.text() == "1 open position ends with this session."
    leave()
    assert window.leaving.question is question, "asked once"
    qtbot.mouseClick(answer(window, QMessageBox.StandardButton.Cancel), LEFT)
    assert window.isVisible()
    leave()
    qtbot.mouseClick(answer(window, QMessageBox.StandardButton.Yes), LEFT)
    assert not window.isVisible()


def test_quitting_with_nothing_open_asks_nothing(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.commands.run("session.quit")

    assert window.leaving.question is None
    assert not window.isVisible()


def test_a_feed_that_cannot_be_opened_is_told(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    opener.refuses = "no recording of AMZN"

    window.open(Mode.PAPER, "recording:AMZN")
    qtbot.waitUntil(lambda: window.bridge.status.engine is EngineState.FAILED)

    ladder = window.ladder()
    assert ladder is not None
    assert ladder.banner.isVisible()
    assert ladder.banner._text.text() == "no recording of AMZN"
    opener.refuses = ""
    with qtbot.waitSignal(window.opening.opened):
        qtbot.mouseClick(ladder.banner._button, LEFT)
    assert window.bridge.session is opener.opened[-1]


def test_the_newest_of_two_requests_wins(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    window.open(Mode.PAPER, "recording:AMZN")
    with qtbot.waitSignal(window.opening.opened):
        window.open(Mode.PAPER, "exchange")
    qtbot.waitUntil(lambda: opener.opened[-2].stops == 1)

    assert window.bridge.session is opener.opened[-1]
    assert opener.opened[-1].feed_name == "exchange"


def test_the_instrument_selector_moves_the_ladder(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.top_bar.instrument.setCurrentIndex(2)

    ladder = window.ladder()
    assert ladder is not None
    painted = lambda: ladder.view.painted  # noqa: E731
    qtbot.waitUntil(lambda: painted() is not None)
    assert painted().listed.instrument.name == "COIN-USD"  # type: ignore[union-attr]


def test_kill_key_works_while_a_text_field_has_the_focus(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    ladder = window.ladder()
    assert ladder is not None
    field = ladder.pads._fields[0]
    window.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)

    qtbot.keyClick(
        field,
        Qt.Key.Key_F12,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )

    assert opener.opened[0].sent[-1]["action"] == Action.KILL
    qtbot.waitUntil(lambda: window.desk.market.safety_state is SafetyState.KILLED)
    assert not window.top_bar.kill.isEnabled()


def test_killed_is_not_left_by_one_press(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    window.commands.run("safety.kill")
    qtbot.waitUntil(lambda: window.desk.market.safety_state is SafetyState.KILLED)

    qtbot.mouseClick(window.top_bar.states[SafetyState.ARMED], LEFT)

    assert opener.opened[0].state is SafetyState.KILLED
    newest = window.desk.messages.newest
    assert newest is not None
    assert "risk panel" in newest.text


def test_state_buttons_show_what_holds_not_what_was_asked(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    opener.opened[0].is_full = True

    qtbot.mouseClick(window.top_bar.states[SafetyState.ARMED], LEFT)

    assert window.top_bar.states[SafetyState.VIEW].isChecked()
    assert not window.top_bar.states[SafetyState.ARMED].isChecked()


def test_every_command_is_in_a_menu_once(window: MainWindow) -> None:
    menus = window.menuBar().findChildren(QMenu)
    titles = [
        action.objectName()
        for menu in menus
        for action in menu.actions()
        if "." in action.objectName()
    ]

    assert sorted(titles) == sorted(command.id for command in COMMANDS)
    sometimes = ("drill", "workspace")
    usual = [each.id for each in COMMANDS if each.group not in sometimes]
    assert all(window.commands.action(each).isEnabled() for each in usual)


def drills_menu(window: MainWindow) -> QAction:
    (menu,) = [a for a in window.menuBar().actions() if a.text() == "&Drills"]
    return menu


def test_fire_drills_are_offered_by_the_built_in_exchange_alone(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    assert not drills_menu(window).isVisible()
    session = opener.opened[-1]

    session.given = replace(session.given, seed=7)
    qtbot.waitUntil(lambda: drills_menu(window).isVisible())

    bar = window.statusBar()
    assert isinstance(bar, StatusBar)
    assert "seed 7" in bar.cells["feed"].text
    window.select(1)
    window.commands.action("drill.flash_crash").trigger()
    sent = session.sent[-1]
    assert sent["action"] == Action.FIRE_DRILL
    assert (sent["value"], sent["instrument"]) == (Drill.FLASH_CRASH, 1)


@pytest.mark.parametrize(
    ("reason", "quantity", "words"),
    [
        (Reason.NONE, 1, "FIRE DRILL: flash crash in RSX"),
        (Reason.NONE, 0, "fire drill is over: flash crash in RSX"),
        (Reason.VENUE_BUSY, 0, "fire drill refused, flash crash: another is running"),
    ],
)
def test_a_fire_drill_is_told_of(
    window: MainWindow, reason: Reason, quantity: int, words: str
) -> None:
    report = np.zeros(1, REPORT)
    report["report"], report["group"] = ReportType.DRILL, Drill.FLASH_CRASH
    report["quantity"], report["reason"] = quantity, reason

    window.desk.take_reports(report, 1)

    newest = window.desk.messages.newest
    assert newest is not None
    assert newest.text.startswith(words)


def test_no_key_is_given_twice() -> None:
    keys = [command.key for command in COMMANDS if command.key]
    assert len(keys) == len(set(keys))


def test_the_theme_changes_while_the_session_lives(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    window.commands.run("window.theme")
    qtbot.waitUntil(lambda: window.theme.name == "light")

    assert window.bridge.session is opener.opened[0]
    shown = [dock for dock in window.docks.values() if is_in_sight(dock)]
    assert all(dock.host.panel is not None for dock in shown)
    qtbot.waitUntil(lambda: window.ladder().view.painted is not None)  # type: ignore[union-attr]


def test_a_panel_that_raises_shows_it_and_the_rest_lives(
    qtbot: QtBot, window: MainWindow
) -> None:
    host = window.hosts["positions"]
    panel = host.panel
    assert panel is not None

    def raise_inside(self: object) -> None:
        raise ZeroDivisionError("by nothing")

    for _ in range(2):
        try:
            raise_inside(panel)
        except ZeroDivisionError as broken:
            window.failures.hook(type(broken), broken, broken.__traceback__)

    qtbot.waitUntil(lambda: host.panel is None)
    told = [m.text for m in window.desk.messages.rows if "by nothing" in m.text]
    assert len(told) == 1, "told once"
    assert window.ladder() is not None
    host.retry()
    assert host.panel is not None


def test_a_panel_that_cannot_be_built_is_fenced_off(
    qtbot: QtBot, window: MainWindow
) -> None:
    host = window.hosts["fills"]

    def broken(context: object) -> object:
        raise ValueError("no such thing")

    host._factory = broken  # type: ignore[assignment]
    with pytest.raises(ValueError, match="no such thing"):
        host.build(window.context)

    assert host.panel is None
    assert host._shown is not None


def test_closing_stops_the_session(qtbot: QtBot, opener: Opener) -> None:
    window = MainWindow(Settings(), opener.sessions(), SystemClock())
    qtbot.addWidget(window)
    window.show()
    opened(qtbot, window)

    window.close()

    assert opener.opened[0].stops == 1
    assert window.bridge.session is None


def test_status_bar_says_how_things_are(qtbot: QtBot, window: MainWindow) -> None:
    bar = window.statusBar()
    cells = bar.cells  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: "engine ready" in cells["engine"].text)

    qtbot.waitUntil(lambda: "0 lost" in cells["drops"].text)
    assert "feed connected" in cells["feed"].text
    qtbot.waitUntil(lambda: "not yet on disk" in cells["log"].text)
    assert "latency" in cells["latency"].text


def test_help_lists_every_key(qtbot: QtBot, window: MainWindow) -> None:
    help_window = HelpWindow(window, window.theme, window.commands)
    qtbot.addWidget(help_window)
    browser = help_window.findChild(QTextBrowser)
    assert browser is not None
    text = browser.toPlainText()

    assert all(command.key in text for command in COMMANDS if command.key)


def test_scale_makes_text_larger(qtbot: QtBot, opener: Opener) -> None:
    settings = Settings()
    large = replace(settings, ui=replace(settings.ui, scale=2.0))
    window = MainWindow(large, opener.sessions(), SystemClock())
    qtbot.addWidget(window)
    window.show()

    ladder = window.ladder()
    assert ladder is not None
    assert ladder.view._geometry.row_height >= 28
    window.close()


def test_a_recording_is_paused_and_paced(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    session, pace = opener.opened[0], window.top_bar.pace
    assert not pace.isVisible(), "a market waits for no one"
    session.given = replace(session.given, speed=1.0)
    qtbot.waitUntil(pace.isVisible)

    qtbot.mouseClick(pace.pause, LEFT)
    assert session.given.feed_state == "paused"
    assert pace.pause.text() == "▶ Play"
    window.commands.run("session.faster")
    assert session.given.speed == 2.0
    assert pace.speeds.currentText() == "2×"
    pace.speeds.activated.emit(0)
    assert session.given.speed == 0.1
    window.commands.run("session.pause")

    assert session.given.feed_state == "connected"


def test_a_market_cannot_be_paused_and_says_so(
    qtbot: QtBot, window: MainWindow, opener: Opener
) -> None:
    window.commands.run("session.pause")
    window.commands.run("session.slower")

    texts = [message.text for message in window.desk.messages.rows]
    assert texts[-2].startswith("this feed cannot be paused")
    assert texts[-1].startswith("this feed has no pace")
    assert opener.opened[0].given.feed_state == "connected"


def is_shown(host: PanelHost) -> bool:
    return host.panel is not None and host.panel.isVisible()


def test_a_panel_is_made_when_it_is_first_seen_and_hidden_behind_a_tab(
    window: MainWindow,
) -> None:
    data, pnl = window.docks["data"].host, window.docks["pnl"].host
    assert not is_shown(data), "behind the tab of P&L"
    assert data.panel is None
    for name, front, behind in (("data", data, pnl), ("pnl", pnl, data)):
        window.panels.show(name)
        assert is_shown(front)
        assert not is_shown(behind)


def test_a_panel_may_be_open_several_times(qtbot: QtBot, window: MainWindow) -> None:
    second = window.panels.add("ladder")
    third = window.panels.add("ladder")

    assert (second.name, third.name) == ("ladder-2", "ladder-3")
    assert second.windowTitle() == "Ladder 2"
    assert second.host.panel is not None
    assert second.host.panel is not window.hosts["ladder"].panel
    second.close()
    assert "ladder-2" not in window.docks
    assert window.panels.add("ladder").name == "ladder-2"
    assert window.panels.add("risk").name == "risk", "there is but one"
    assert window.panels.add("risk").name == "risk"


def test_ladder_keys_go_to_the_ladder_that_was_used_last(
    qtbot: QtBot, window: MainWindow
) -> None:
    first = window.ladder()
    second = window.panels.add("ladder").host.panel
    assert isinstance(second, LadderPanel)
    window.activateWindow()

    second.view.setFocus()
    qtbot.waitUntil(second.view.hasFocus)

    assert window.ladder() is second
    window.docks["ladder-2"].close()
    assert window.ladder() is first


@pytest.mark.parametrize("workspace", [each.name for each in SHIPPED])
def test_a_small_screen_is_enough(
    qtbot: QtBot, window: MainWindow, workspace: str
) -> None:
    window.workspaces.switch(workspace)
    window.resize(1024, 640)
    qtbot.waitUntil(lambda: window.width() == 1024)

    assert window.height() == 640
    bar = window.top_bar
    assert bar.modes[Mode.LIVE].text() == "Live"
    assert bar.kill.geometry().right() <= bar.width()
    status = window.statusBar()
    assert isinstance(status, StatusBar)
    shown = [cell for cell in status.cells.values() if cell.isVisible()]
    assert shown
    assert all(
        cell.mapTo(status, cell.rect().topRight()).x() <= status.width()
        for cell in shown
    )
    window.resize(1480, 640)
    qtbot.waitUntil(lambda: "not built" in bar.modes[Mode.LIVE].text())


def test_a_small_window_stays_small_in_another_workspace(
    qtbot: QtBot, window: MainWindow
) -> None:
    for each in SHIPPED:
        window.workspaces.switch(each.name)
    window.resize(1024, 640)
    for each in SHIPPED:
        window.workspaces.switch(each.name)
        QApplication.processEvents()
        assert window.size() == QSize(1024, 640), each.name


def test_text_becomes_larger_and_smaller_at_run_time(
    qtbot: QtBot, window: MainWindow
) -> None:
    def size() -> int:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        return application.font().pixelSize()

    usual = size()
    for _ in range(3):
        window.commands.run("window.larger")
    qtbot.waitUntil(lambda: size() > usual)
    assert window.context.settings.scale == pytest.approx(1.33, abs=0.01)
    for _ in range(60):
        window.commands.run("window.smaller")
    assert window.look.settings.scale == 0.5
    window.commands.run("window.usual_size")
    qtbot.waitUntil(lambda: size() == usual)
    assert is_shown(window.hosts["ladder"])


def test_the_look_is_remembered_until_the_settings_change(
    qtbot: QtBot, opener: Opener, tmp_path: Path
) -> None:
    def window(settings: Settings) -> MainWindow:
        made = MainWindow(settings, opener.sessions(), SystemClock(), tmp_path)
        qtbot.addWidget(made)
        made.show()
        return made

    first = window(Settings())
    first.commands.run("window.theme")
    first.commands.run("window.larger")
    qtbot.waitUntil(lambda: first.context.theme.name == "light")
    first.close()

    second = window(Settings())
    assert (second.theme.name, second.look.settings.scale) == ("light", 1.1)
    second.close()
    settings = Settings()
    third = window(replace(settings, ui=replace(settings.ui, scale=1.5)))
    assert (third.theme.name, third.look.settings.scale) == ("light", 1.5)
    third.close()


def test_panels_are_reached_by_key(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    seen = []
    for _ in range(4):
        window.commands.run("window.next_panel")
        dock = window.panels.worked_in()
        assert dock is not None
        worked_in = QApplication.focusWidget()
        assert worked_in is not None
        assert dock.isAncestorOf(worked_in)
        seen.append(dock.name)

    assert len(set(seen)) == 4
    window.commands.run("window.previous_panel")
    dock = window.panels.worked_in()
    assert dock is not None
    assert dock.name == seen[-2]
    window.commands.run("window.float_panel")
    assert dock.isFloating()
    window.commands.run("window.close_panel")
    assert not dock.isVisible()


def test_panels_begin_where_their_titles_end(window: MainWindow) -> None:
    seen = set()
    for dock in window.docks.values():
        title = dock.titleBarWidget()
        if dock.isVisible() and not dock.host.isHidden():
            assert dock.host.y() == title.height(), dock.name
            assert dock.host.geometry().bottom() == dock.rect().bottom(), dock.name
            seen.add(title.height())

    assert 0 in seen
    assert len(seen) == 2


ORDER = np.zeros(1, OWN_ORDER)


@pytest.mark.parametrize(
    ("engine", "halted", "log", "waited_s", "words"),
    [
        (EngineState.READY, 0, "", 0.5, ("well", "orders ready")),
        (EngineState.READY, 0, "", 3.2, ("waiting", "1 unanswered, 3 s")),
        (EngineState.READY, 1, "", 0, ("broken", "orders halted")),
        (EngineState.READY, 0, "disk full", 0, ("broken", "orders held")),
        (EngineState.FAILED, 0, "", 0, ("broken", "orders: no engine")),
        (EngineState.COMPILING, 0, "", 0, ("waiting", "orders wait")),
    ],
)
def test_the_order_path_has_a_light_of_its_own(
    engine: EngineState, halted: int, log: str, waited_s: float, words: tuple[str, str]
) -> None:
    working = ORDER.copy()
    working["status"], working["updated_ts"] = OrderStatus.PENDING_NEW, 10**9
    view = np.zeros(1, VIEW)[0]
    view["halted"], view["now"] = halted, 10**9 + round(waited_s * 1e9)

    assert order_path(SessionStatus(engine, log_status=log), view, working) == words
    assert order_path(SessionStatus(EngineState.READY), None, working)[0] == "waiting"
    cut = SessionStatus(engine, feed_state="disconnected", log_status=log, seed=1)
    assert order_path(cut, view, working)[0] != "well"


@pytest.mark.parametrize("is_ready", [True, False])
def test_a_session_that_is_opened_while_the_window_closes_is_stopped(
    qtbot: QtBot, *, is_ready: bool
) -> None:
    made, gate, came = ScriptedSession(), threading.Event(), threading.Event()

    def open_late(mode: Mode, feed: str) -> Session:
        came.set()
        gate.wait(30)
        return made

    sessions = Sessions(open_late, lambda: ["exchange"], frozenset({Mode.PAPER}))
    window = MainWindow(Settings(), sessions, SystemClock())
    qtbot.addWidget(window)
    window.open(Mode.PAPER, "exchange")
    assert came.wait(30)
    if is_ready:
        gate.set()
        window.jobs._pool.submit(lambda: None).result(30)  # after it, unseen as yet
    else:
        threading.Timer(0.05, gate.set).start()

    window.close()
    QApplication.processEvents()

    assert (made.starts, made.stops) == (1, 1)
    assert window.bridge.session is None
