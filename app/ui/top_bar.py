"""The top bar: mode, feed, instrument; the safety state in colour and word; KILL."""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.engine.records import SafetyState
from app.sessions.session import Mode
from app.ui import reasons
from app.ui.context import Context
from app.ui.items.pace_box import PaceBox
from app.ui.items.still import dress, keep_room, put_words
from app.ui.recording import Recording, words_of

_STATES: Final = (
    (SafetyState.VIEW, "safety.view", "VIEW"),
    (SafetyState.ARMED, "safety.armed", "ARMED"),
    (SafetyState.REDUCE, "safety.reduce", "REDUCE"),
)

_UNPLAYED: Final = (
    "What is shown is the market of the feed beside. To replay: choose a recording in "
    "Data and press Play"
)
_LEVELS: Final = (1, 2)
"""Of narrowness: without words that the rest says; without what cannot be chosen."""
_BOXES: Final = ((170, 110, 84), (130, 90, 72))
"""Least widths of the boxes of feed and instrument, by level, pixels."""
_GAP_PX: Final = 6
_NOT_BUILT: Final = " · not built"
_BY_LENGTH: Final = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon


class TopBar(QWidget):
    """Selectors of the session and the safety state.

    Signals
    -------
    mode_chosen(object)
        A Mode that is built.
    unbuilt_chosen(object)
        A Mode that is not.
    feed_chosen(str)
    instrument_chosen(int)
    """

    mode_chosen = Signal(object)
    unbuilt_chosen = Signal(object)
    feed_chosen = Signal(str)
    instrument_chosen = Signal(int)

    def __init__(
        self, context: Context, built: frozenset[Mode], recording: Recording
    ) -> None:
        super().__init__()
        self._recording = recording
        self._context = context
        self._built = built | {Mode.BACKTEST}
        self._state: SafetyState | None = None
        self.modes: dict[Mode, QPushButton] = {}
        self.states: dict[SafetyState, QPushButton] = {}
        self.feed = QComboBox()
        self.instrument = QComboBox()
        self.pace = PaceBox()
        self.unplayed = QPushButton("No recording plays")
        self._is_replay = False
        self.record = QPushButton("Record")
        self._word = QLabel()
        self._stripe = QFrame()
        self.kill = QPushButton("KILL")
        self._labels: list[QLabel] = []
        self._level = 0
        self._lay_out()
        self._connect()
        self._on_state()

    def show_feeds(self, names: Iterable[str], current: str) -> None:
        """Offer these feeds."""
        self.feed.blockSignals(True)
        self.feed.clear()
        every = list(dict.fromkeys([*names, current]))
        self.feed.addItems(every)
        self.feed.setCurrentText(current)
        self.feed.setToolTip(current)  # a recording's name may be longer than the box
        self.feed.blockSignals(False)

    def show_mode(self, mode: Mode) -> None:
        """Show which mode is entered."""
        for each, button in self.modes.items():
            button.setChecked(each is mode)

    def show_replay(self, is_replay: bool) -> None:
        """Tell whether what is shown is made for recordings."""
        self._is_replay = is_replay
        self._on_played()

    def show_instruments(self, names: Iterable[str], current: int) -> None:
        """Offer these instruments."""
        self.instrument.blockSignals(True)
        self.instrument.clear()
        self.instrument.addItems(list(names))
        self.instrument.setCurrentIndex(current)
        self.instrument.setEnabled(self.instrument.count() > 0)
        self.instrument.blockSignals(False)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(10, 6, 10, 6)
        row.setSpacing(_GAP_PX)
        row.addLayout(self._modes())
        row.addSpacing(12)
        for name, box, widths in (
            ("Feed", self.feed, _BOXES[0]),
            ("Instrument", self.instrument, _BOXES[1]),
        ):
            label = QLabel(name)
            label.setProperty("role", "muted")
            label.setBuddy(box)
            self._labels.append(label)
            box.setMinimumWidth(widths[0])
            box.setSizeAdjustPolicy(_BY_LENGTH)
            box.setMinimumContentsLength(8)
            box.setAccessibleName(name)
            row.addWidget(label)
            row.addWidget(box)
            row.addSpacing(8)
        row.addWidget(self.pace)
        row.addWidget(self.unplayed)
        self.unplayed.setToolTip(_UNPLAYED)
        self.record.setCheckable(True)
        self.record.setToolTip(self._context.commands.tip("session.record"))
        keep_room(self.record, "● 88.88M", "Record")
        row.addWidget(self.record)
        row.addStretch(1)
        row.addWidget(self._word)
        row.addSpacing(8)
        row.addLayout(self._safety())
        row.addSpacing(12)
        row.addWidget(self.kill)
        self.kill.setProperty("role", "danger")
        self.kill.setToolTip(self._context.commands.tip("safety.kill"))
        self.kill.setMinimumWidth(84)
        self._stripe.setFixedHeight(3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self._stripe)

    def _modes(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        group = QButtonGroup(self)
        group.setExclusive(False)
        for mode in Mode:
            is_built = mode in self._built
            button = QPushButton(self._mode_text(mode))
            button.setCheckable(is_built)
            button.setProperty("role", "" if is_built else "unbuilt")
            button.setToolTip(self._mode_tip(mode))
            button.clicked.connect(lambda _=False, mode=mode: self._on_mode(mode))
            group.addButton(button)
            self.modes[mode] = button
            row.addWidget(button)
        return row

    def _safety(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        theme = self._context.theme
        for state, command_id, title in _STATES:
            button = QPushButton(title)
            button.setCheckable(True)
            button.setToolTip(self._context.commands.tip(command_id))
            colour = theme.state(state)
            button.setStyleSheet(
                f"QPushButton:checked {{ background: {colour}; color: {theme.on_state};"
                f" border-color: {colour}; }}"
            )
            button.clicked.connect(
                lambda _=False, command_id=command_id: self._on_safety(command_id)
            )
            self.states[state] = button
            row.addWidget(button)
        more = QToolButton()
        more.setText("▾")
        more.setAccessibleName("Other ways to arm")
        more.setToolTip("Other ways to arm: while a key is down, or staged orders")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(more)
        for command_id in ("safety.hold", "safety.stage"):
            menu.addAction(self._context.commands.action(command_id))
        more.setMenu(menu)
        row.addWidget(more)
        return row

    def minimumSizeHint(self) -> QSize:
        left = sum(self._spared(level) for level in _LEVELS if level > self._level)
        return super().minimumSizeHint() - QSize(left, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()  # a word more, of the desk's state or of a recording
        return done

    def _fit(self) -> None:
        """Leave out words, then more, where the window is too narrow for all."""
        layout = self.layout()
        if layout is None:  # Qt asks while the bar is made
            return
        needed = layout.totalMinimumSize().width()
        needed += sum(self._spared(level) for level in _LEVELS if level <= self._level)
        wanted = 0
        for level in _LEVELS:
            if needed > self.width():
                wanted = level
                needed -= self._spared(level)
        if wanted == self._level:
            return
        self._level = wanted
        for label in self._labels:
            label.setHidden(wanted > 0)
        for mode, button in self.modes.items():
            button.setText(self._mode_text(mode))
            button.setHidden(wanted > 1 and mode not in self._built)
        for box, widths in zip((self.feed, self.instrument), _BOXES, strict=True):
            box.setMinimumWidth(widths[wanted])

    def _spared(self, level: int) -> int:
        """Room that a level of narrowness leaves out beside the one before, pixels."""
        boxes = sum(widths[level - 1] - widths[level] for widths in _BOXES)
        unbuilt = [
            button for mode, button in self.modes.items() if mode not in self._built
        ]
        if level == 1:
            words = self.fontMetrics().horizontalAdvance(_NOT_BUILT)
            labels = sum(label.sizeHint().width() + _GAP_PX for label in self._labels)
            return labels + boxes + len(unbuilt) * words
        # As they are then: without the words.
        return boxes + sum(button.sizeHint().width() for button in unbuilt)

    def _mode_tip(self, mode: Mode) -> str:
        if mode is Mode.BACKTEST:
            return "Show backtests and their reports; the open session goes on"
        if mode in self._built:
            return f"Enter {mode.title}"
        return unbuilt_text(mode, self._built - {Mode.BACKTEST})

    def _mode_text(self, mode: Mode) -> str:
        is_short = mode in self._built or self._level > 0
        return mode.title if is_short else f"{mode.title}{_NOT_BUILT}"

    def _connect(self) -> None:
        bridge, commands = self._context.bridge, self._context.commands
        self.feed.activated.connect(
            lambda _: self.feed_chosen.emit(self.feed.currentText())
        )
        self.instrument.currentIndexChanged.connect(self.instrument_chosen)
        self.kill.clicked.connect(lambda: commands.run("safety.kill"))
        self.record.clicked.connect(lambda: commands.run("session.record"))
        self.record.clicked.connect(self._on_recording)
        self._recording.changed.connect(self._on_recording)
        bridge.status_changed.connect(self._on_recording)
        self._on_recording()
        self.pace.pause_pressed.connect(lambda: commands.run("session.pause"))
        self.pace.speed_chosen.connect(bridge.set_speed)
        self.pace.show_status(bridge.status)
        bridge.status_changed.connect(self.pace.show_status)
        self.unplayed.clicked.connect(lambda: commands.run("file.data"))
        bridge.status_changed.connect(self._on_played)
        self._on_played()
        bridge.view_changed.connect(self._on_state)
        self._context.safety.changed.connect(self._on_way)
        bridge.session_changed.connect(self._on_state)

    def _on_recording(self) -> None:
        """Show whether this session is recorded; a recording needs no button."""
        status = self._recording.status
        theme = self._context.theme
        self.record.setChecked(status is not None)
        put_words(self.record, words_of(status))
        is_full = status is not None and status.state == "waiting"
        colour = theme.warning if is_full else theme.killed
        dress(
            self.record,
            f"QPushButton:checked {{ background: {theme.raised}; color: {colour};"
            f" border-color: {colour}; }}",
        )
        self.record.setVisible(self._context.bridge.status.speed is None)

    def _on_played(self) -> None:
        """Say where a recording is looked for and none plays."""
        is_played = self._context.bridge.status.speed is not None
        self.unplayed.setVisible(self._is_replay and not is_played)

    def _on_mode(self, mode: Mode) -> None:
        if mode in self._built:
            self.mode_chosen.emit(mode)
        else:
            self.unbuilt_chosen.emit(mode)

    def _on_safety(self, command_id: str) -> None:
        self._context.commands.run(command_id)
        # The engine decides; until it has, the buttons show what holds.
        self._state = None
        self._on_state()

    def _on_way(self) -> None:
        self._state = None
        self._on_state()

    def _on_state(self) -> None:
        state = self._context.desk.market.safety_state
        if state is self._state:
            return
        self._state = state
        theme = self._context.theme
        colour = theme.state(state)
        for each, button in self.states.items():
            button.setChecked(each is state)
        is_killed = state is SafetyState.KILLED
        way, means = self._context.safety.words()
        self._word.setText("KILLED" if is_killed else way)
        dress(self._word, f"color: {colour}; font-weight: 700;")
        self._word.setToolTip(means or reasons.state_text(state))
        dress(self._stripe, f"background: {colour};")
        self.kill.setEnabled(not is_killed)


def unbuilt_text(mode: Mode, built: frozenset[Mode]) -> str:
    """Say plainly that a mode is not there."""
    there = " and ".join(sorted(each.title for each in built))
    return (
        f"{mode.title} is not built in this version and cannot be entered; {there} is."
    )
