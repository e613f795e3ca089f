"""The top bar's selectors and the session they speak of."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from app.sessions.session import Mode
from app.ui.bridge import Bridge
from app.ui.focus import Focus
from app.ui.leaving import Leaving
from app.ui.models.messages import Level
from app.ui.opening import Opening
from app.ui.top_bar import TopBar, unbuilt_text


class SessionBar(QObject):
    """Shows what session is open; opens another when one is chosen.

    Signals
    -------
    named(str)
        What the window is to be called.
    mode_pressed(object)
        A Mode was chosen; the session that is open goes on where it is its own, and
        where it is Backtest, which needs no session.

    Attributes
    ----------
    is_backtest : bool
        The window shows backtests; the session goes on behind them.
    is_replay : bool
        The window shows what is made for recordings.
    """

    named = Signal(str)
    mode_pressed = Signal(object)

    def __init__(
        self, opening: Opening, bridge: Bridge, focus: Focus, leaving: Leaving
    ) -> None:
        super().__init__()
        self._opening, self._bridge = opening, bridge
        self._focus, self._leaving = focus, leaving
        self._bar: TopBar | None = None
        self.is_backtest = self.is_replay = False
        bridge.instruments_changed.connect(self.show_session)
        bridge.session_changed.connect(self.show_session)
        focus.changed.connect(self.show_session)

    def take(self, bar: TopBar) -> None:
        """Speak through another top bar: the one before had another theme."""
        self._bar = bar
        bar.mode_chosen.connect(self._on_mode)
        bar.unbuilt_chosen.connect(self._on_unbuilt)
        bar.feed_chosen.connect(self.choose_feed)
        bar.instrument_chosen.connect(self._focus.choose)
        self.show_session()

    def open(self, mode: Mode, feed: str) -> None:
        """Open a session; what is open is left."""
        self._opening.open(mode, feed)
        self.show_session()

    def choose_feed(self, feed: str) -> None:
        """Open a session on another feed; asks first where something is open."""
        if feed != self._opening.feed:
            self._leave_for(self._opening.mode, feed)

    def show_session(self) -> None:
        """Bring the selectors up to date."""
        opening, bar = self._opening, self._bar
        if bar is None:
            return
        bar.show_mode(Mode.BACKTEST if self.is_backtest else opening.mode)
        bar.show_replay(self.is_replay)
        bar.show_feeds(opening.sessions.feeds(), opening.feed)
        listed = self._bridge.desk.market.listed
        bar.show_instruments(
            [each.instrument.name for each in listed], self._focus.number
        )
        where = f" · {opening.feed}" if opening.feed else ""
        self.named.emit(f"Ringside · {opening.mode.title}{where}")

    def _on_mode(self, mode: Mode) -> None:
        if mode in (self._opening.mode, Mode.BACKTEST):
            self.mode_pressed.emit(mode)
            self.show_session()
        else:
            self._leave_for(mode, self._opening.feed)

    def _on_unbuilt(self, mode: Mode) -> None:
        words = unbuilt_text(mode, self._opening.sessions.built)
        self._bridge.tell(words, Level.WARNING)

    def _leave_for(self, mode: Mode, feed: str) -> None:
        self._leaving.ask(partial(self.open, mode, feed), self.show_session)
