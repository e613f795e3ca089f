"""Live data move nothing: no pulse lays the window out or dresses a widget anew."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import SafetyState
from app.sessions.session import Mode, Session
from app.ui.arrangements import SHIPPED
from app.ui.items.banner import Banner
from app.ui.items.lines import Cell, Words
from app.ui.items.still import FigureButton, keep_room, put_words
from app.ui.main_window import MainWindow
from app.ui.models.health import Trouble
from app.ui.opening import Sessions
from app.ui.theme import DARK
from tests.ui.scripted_session import ScriptedSession

pytestmark = pytest.mark.gui
_PULSES, _FRAMES_A_PULSE = 10, 12
_MOVES = (QEvent.Type.LayoutRequest, QEvent.Type.StyleChange)
_WARM_UP = 6


class Watch(QObject):
    """Counts what widgets are told, by kind of event and of widget."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[tuple[str, str]] = Counter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        if event.type() in _MOVES and isinstance(watched, QWidget):
            self.seen[event.type().name, type(watched).__name__] += 1
        return False


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    def opens(mode: Mode, feed: str) -> Session:
        return ScriptedSession(mode=mode, feed=feed)

    sessions = Sessions(opens, lambda: ["exchange"], frozenset({Mode.PAPER}))
    made = MainWindow(Settings(), sessions, SystemClock())
    qtbot.addWidget(made)
    made.show()
    with qtbot.waitSignal(made.opening.opened):
        made.open(Mode.PAPER, "exchange")
    qtbot.waitUntil(lambda: made.desk.market.view is not None)
    made.bridge.pause()
    yield made
    made.close()


def pulses(window: MainWindow, times: int) -> None:
    for _ in range(times * _FRAMES_A_PULSE):
        window.bridge.frame()
        QApplication.processEvents()


@pytest.mark.parametrize("name", [row.name for row in SHIPPED])
def test_live_data_lay_nothing_out(qtbot: QtBot, window: MainWindow, name: str) -> None:
    window.workspaces.switch(name)
    window.commands.run("safety.armed")
    pulses(window, 1)
    assert window.desk.market.safety_state is SafetyState.ARMED
    window.commands.run("ladder.buy_market")
    window.commands.run("ladder.join_bid")
    pulses(window, _WARM_UP)
    before = window.bridge.desk.market.view
    watch, application = Watch(), QApplication.instance()
    assert application is not None
    application.installEventFilter(watch)
    pulses(window, _PULSES)
    application.removeEventFilter(watch)

    assert window.bridge.desk.market.view is not before, "data flow"
    assert window.bridge.frames.count > 0
    assert not watch.seen


def told(do: Callable[[], object]) -> Counter[tuple[str, str]]:
    watch, application = Watch(), QApplication.instance()
    assert application is not None
    application.installEventFilter(watch)
    do()
    QApplication.processEvents()
    application.removeEventFilter(watch)
    return watch.seen


def test_a_cell_grows_only_where_its_text_does(qtbot: QtBot) -> None:
    cell = Cell("latency 88.8 µs")
    qtbot.addWidget(cell)
    room = cell.width_kept
    cell.show_light("latency 1 µs", DARK.text, DARK.armed)
    assert cell.width_kept == room
    with qtbot.waitSignal(cell.grown):
        cell.show_text("latency 1234.5 µs / 1234.5 ms", DARK.text)
    wider = cell.width_kept
    cell.show_text("", DARK.text)

    assert cell.width_kept == wider > room
    assert cell.accessibleName() == cell.text == ""


def test_words_keep_the_room_they_took(qtbot: QtBot) -> None:
    words = Words(2)
    qtbot.addWidget(words)
    words.resize(120, 40)
    words.show()
    usual = words.sizeHint().height()
    words.show_text(
        "refused: " + "max order size 50, this order is 51; " * 4, DARK.error
    )
    taken = words.sizeHint().height()
    words.show_text("OK", DARK.text)
    assert words.sizeHint().height() == taken > usual
    words.resize(300, taken)

    assert words.sizeHint().height() == usual, "another width begins anew"
    assert words.text == words.accessibleName() == "OK"


def test_a_button_of_figures_asks_for_no_layout(qtbot: QtBot) -> None:
    row = QWidget()
    qtbot.addWidget(row)
    figure = FigureButton()
    figure.setParent(row)
    row.show()
    qtbot.waitExposed(row)
    room = figure.sizeHint()
    assert not told(lambda: figure.show_words("+1,234,567.25 USD", DARK.bid))
    assert figure.sizeHint() == room
    assert figure.words == "+1,234,567.25 USD"


def test_a_button_never_becomes_narrower(qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    keep_room(button, "● 88.88M")
    room = button.width()
    put_words(button, "●")
    assert button.width() == room
    put_words(button, "● as wide as nobody thought")
    assert button.width() > room
    assert button.text() == "● as wide as nobody thought"


def test_a_banner_watches_its_parent_only_while_it_stands(qtbot: QtBot) -> None:
    passed: list[QEvent.Type] = []

    class Counting(Banner):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
            passed.append(event.type())
            return super().eventFilter(watched, event)

    parent = QWidget()
    qtbot.addWidget(parent)
    banner = Counting(parent, DARK, top=10)
    parent.resize(400, 300)
    parent.show()
    parent.repaint()
    assert not passed
    banner.show_trouble(Trouble("The feed is gone", "since 12:00"))
    parent.resize(500, 300)
    QApplication.processEvents()
    assert QEvent.Type.Resize in passed
    assert banner.width() > 400
    banner.show_trouble(None)
    passed.clear()
    parent.resize(450, 300)
    parent.repaint()
    assert not passed
