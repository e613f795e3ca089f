"""The banner over a market panel: what is wrong with its instrument, as it stands."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.ui.context import Context
from app.ui.items.banner import Banner
from app.ui.models.health import trouble
from app.ui.models.history_lag import HistoryLag


class TroubleBanner(QObject):
    """Keeps a banner over a view up to date, five times a second and at every change.

    Parameters
    ----------
    context : Context
        The panel's: its focus says which instrument.
    view : QWidget
        What the banner lies over.

    Attributes
    ----------
    banner : Banner
    """

    def __init__(self, context: Context, view: QWidget) -> None:
        super().__init__(view)
        self._context = context
        self._lag = HistoryLag()
        self.banner = Banner(view, context.theme, top=0)
        self.banner.command_pressed.connect(context.commands.run)
        bridge = context.bridge
        for signal in (bridge.pulsed, bridge.status_changed, bridge.session_changed):
            signal.connect(self.show_now)
        context.focus.changed.connect(self.show_now)
        self.show_now()

    def show_now(self, *_: object) -> None:
        """Show what is wrong just now."""
        context, bridge = self._context, self._context.bridge
        feed = bridge.session.feed_name if bridge.session else "the feed"
        view, number = context.desk.market.view, context.focus.number
        behind = self._behind()
        found = trouble(bridge.status, feed, view, number, context.now(), behind)
        self.banner.show_trouble(found)

    def _behind(self) -> int:
        """How far the session's history is behind, ns; 0 where there is none."""
        session, view = self._context.bridge.session, self._context.desk.market.view
        history = session.history if session is not None else None
        if history is None or view is None:
            return 0
        when = self._context.clock.monotonic_ns()
        return self._lag.take(when, int(view["now"]), history.now)
