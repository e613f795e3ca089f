"""The hand's safety states above the engine's: hold-to-arm and stage.

The engine knows VIEW, ARMED, REDUCE and KILLED, and it alone decides what passes. Above
it stand two ways of working. HOLD-TO-ARM: the engine is ARMED only while a key is down
and in VIEW otherwise, so that nothing can pass that the shown state forbids. STAGE: the
engine is ARMED, but a gesture makes an order that is not sent before a second one.

The engine is put into VIEW when a feed comes back after a disconnection; a session
starts in VIEW, and KILLED is left to VIEW.
"""

from enum import Enum
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from app.engine.records import SafetyState
from app.sessions.session import SessionStatus
from app.ui.bridge import Bridge
from app.ui.hotkeys import is_typing
from app.ui.models.desk import Desk
from app.ui.models.market import ARMED_BY_PRESS
from app.ui.models.messages import Level
from app.ui.trading import Trading

ARMING_KEY: Final = Qt.Key.Key_QuoteLeft
"""No modifier and bound to nothing else: left of 1, above Tab."""
ARMING_SCAN: Final = 49
"""Its place on a keyboard (X11's number), whatever is printed on it."""


class Way(Enum):
    """How gestures become orders."""

    DIRECT = "DIRECT"
    HOLD = "HOLD-TO-ARM"
    STAGE = "STAGE"


_HELD: Final = "hold the key left of 1"
_SAYS: Final = {
    Way.HOLD: "orders pass only while the key left of 1 is down",
    Way.STAGE: "a click stages an order; a second one, or Enter, sends it",
}


class Safety(QObject):
    """Which way the hand works, and the key that arms while it is down.

    Attributes
    ----------
    way : Way

    Signals
    -------
    changed()
    """

    changed = Signal()

    def __init__(self, desk: Desk, bridge: Bridge, trading: Trading) -> None:
        super().__init__()
        self._desk = desk
        self._bridge = bridge
        self._trading = trading
        self.way = Way.DIRECT
        self._is_down = False
        self._was_connected = True
        self._awaited: SafetyState | None = None
        bridge.status_changed.connect(self._on_status)
        bridge.view_changed.connect(self._on_view)
        bridge.session_changed.connect(self._on_session)

    @property
    def is_staging(self) -> bool:
        """Whether new orders wait, unsent, for a confirm."""
        return self.way is Way.STAGE

    def words(self) -> tuple[str, str]:
        """The state's name and what it means; empty where the engine's own says it."""
        if self.way is Way.HOLD and self._is_down:
            return Way.HOLD.value, "armed while the key is down"
        if self.way is Way.DIRECT:
            return "", ""
        return self.way.value, _SAYS[self.way]

    def choose(self, way: Way) -> None:
        """Work another way; out of KILLED only the risk panel leads."""
        if self._desk.market.safety_state is SafetyState.KILLED:
            self._bridge.tell(
                "KILLED is left in the risk panel, by typing the word it asks for",
                Level.WARNING,
            )
            return
        self._is_down = False
        self._take(way)
        self._ask(SafetyState.ARMED if way is Way.STAGE else SafetyState.VIEW)

    def direct(self) -> None:
        """Work directly: the engine's own state is chosen by somebody else."""
        self._is_down = False
        self._take(Way.DIRECT)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.way is not Way.HOLD:
            return False
        kind = event.type()
        is_left = kind == QEvent.Type.WindowDeactivate
        is_left &= QApplication.activeWindow() is None
        if is_left or kind == QEvent.Type.ApplicationStateChange:
            self._press(False)
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return isinstance(event, QKeyEvent) and self._on_key(event)
        return False

    def _on_key(self, event: QKeyEvent) -> bool:
        """Arm or disarm; True if the key was ours."""
        scan = event.nativeScanCode()
        is_ours = scan == ARMING_SCAN if scan else event.key() == ARMING_KEY
        is_press = event.type() == QEvent.Type.KeyPress
        if not is_ours or (is_press and is_typing(QApplication.focusWidget())):
            return False
        if not event.isAutoRepeat():
            self._press(is_press)
        return True

    def _press(self, is_down: bool) -> None:
        if is_down != self._is_down:
            self._is_down = is_down
            self._ask(SafetyState.ARMED if is_down else SafetyState.VIEW)
            self.changed.emit()

    def _ask(self, state: SafetyState) -> None:
        self._awaited = state
        self._trading.set_state(state)

    def _take(self, way: Way) -> None:
        if way is self.way:
            return
        self.way = way
        is_held = way is Way.HOLD
        self._desk.market.arming = _HELD if is_held else ARMED_BY_PRESS
        application = QApplication.instance()
        assert application is not None
        # Only while it is needed: every event of the program passes through a filter.
        if is_held:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)
        self.changed.emit()

    def _on_view(self) -> None:
        """The engine went elsewhere (a kill, a limit): the hand works directly."""
        state = self._desk.market.safety_state
        if state is self._awaited:
            self._awaited = None
        if self.way is Way.DIRECT:
            return
        if self._awaited is not None and state is not SafetyState.KILLED:
            return
        is_armed = self.way is Way.STAGE or self._is_down
        if state is not (SafetyState.ARMED if is_armed else SafetyState.VIEW):
            self.direct()

    def _on_status(self, status: SessionStatus) -> None:
        is_connected = status.feed_state in ("connected", "paused")
        came_back = is_connected and not self._was_connected
        if status.feed_state in ("connected", "paused", "disconnected"):
            self._was_connected = is_connected
        state = self._desk.market.safety_state
        if came_back and state in (SafetyState.ARMED, SafetyState.REDUCE):
            self.direct()
            self._trading.set_state(SafetyState.VIEW)
            self._bridge.tell(
                "the feed is back: VIEW, press ARMED to trade", Level.WARNING
            )

    def _on_session(self) -> None:
        self._was_connected = True
        self._awaited = None
        self.direct()
