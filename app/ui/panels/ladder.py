"""The ladder panel: one instrument, its sizes, its book, its orders, one click away."""

from functools import partial
from typing import Any, Final

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.engine.records import NO_PRICE
from app.ui import reasons
from app.ui.context import Context
from app.ui.items.banner import Banner
from app.ui.items.exit_ticks import ExitTicks
from app.ui.items.figures import Figures
from app.ui.items.ladder_view import LadderView
from app.ui.items.lines import Line
from app.ui.items.size_pads import SizePads
from app.ui.items.still import FigureButton
from app.ui.ladder_orders import LadderOrders
from app.ui.ladder_show import LadderShow
from app.ui.models import ladder_text
from app.ui.models.health import trouble
from app.ui.models.intent import SEPARATOR, Intent
from app.ui.models.judge import Verdict
from app.ui.models.risk_text import killed_by

_LEFT: Final = (
    ("ladder.buy_market", "Buy MKT", "buy"),
    ("ladder.cancel", "Cancel", ""),
)
SAID_FOR_NS: Final = 2_500_000_000
_RIGHT: Final = (
    ("ladder.close", "Close", ""),
    ("ladder.sell_market", "Sell MKT", "sell"),
)


class LadderPanel(QWidget):
    """Shows the selected instrument; feeds its view a frame whenever there is news."""

    is_whole = True

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._desk, self._bridge = context.desk, context.bridge
        self._pads_known = False
        self._said: tuple[int, object] | None = None  # when, and where the hand was
        theme, settings, clock = context.theme, context.settings, context.clock
        self._figures = Figures(theme, settings.scale, ladder_text.CAPTIONS)
        self._state = Line(is_centred=True)
        self.pads = SizePads(theme)
        self.exits = ExitTicks()
        self.view = LadderView(theme, settings.scale, settings.ladder_rows, clock)
        self.view.command_of = context.commands.by_ladder_key_event
        self.shown = LadderShow(context, self.view)
        self.pnl = FigureButton()
        self.pnl.setToolTip("P&L: a click shows it in another unit")
        self.pnl.clicked.connect(self._on_pnl)
        self.banner = Banner(self.view, theme, top=22)
        self._hover = Line()
        self._orders = LadderOrders(context, self.view, self.pads, self._say)
        self._lay_out()
        self._connect()
        self.select(self._context.focus.number)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(5)
        layout.addWidget(self._figures)
        line = QHBoxLayout()
        line.addWidget(self._state, 1)
        line.addWidget(self.exits)
        layout.addLayout(line)
        layout.addWidget(self.pads)
        layout.addWidget(self.view, 1)
        layout.addWidget(self._hover)
        footer = QHBoxLayout()
        footer.setSpacing(4)
        for each in _LEFT:
            footer.addWidget(self._button(*each), 1)
        footer.addWidget(self.pnl, 2)
        for each in _RIGHT:
            footer.addWidget(self._button(*each), 1)
        layout.addLayout(footer)

    def _button(self, command_id: str, title: str, role: str) -> QPushButton:
        button = QPushButton(title)
        button.setProperty("role", role)
        button.setToolTip(self._context.commands.tip(command_id))
        button.clicked.connect(partial(self._on_button, command_id))
        return button

    def _connect(self) -> None:
        view, bridge = self.view, self._bridge
        view.hover_changed.connect(self._on_hover)
        view.command_pressed.connect(self.run)
        view.scrolled.connect(self.shown.build)
        view.modifier_clicked.connect(self._on_modifier)
        self.pads.sizes_chosen.connect(self._on_sizes)
        self.exits.ticks_chosen.connect(self._on_ticks)
        self._context.safety.changed.connect(self._on_pulse)
        self.banner.command_pressed.connect(self._context.commands.run)
        self._context.focus.changed.connect(self.select)
        bridge.session_changed.connect(self._on_session_changed)
        bridge.instruments_changed.connect(self._on_session_changed)
        bridge.ladders_due.connect(self._on_view)
        bridge.reports_arrived.connect(self._on_reports)
        bridge.status_changed.connect(self._on_pulse)
        bridge.pulsed.connect(self._on_pulse)

    def select(self, number: int) -> None:
        """Show another instrument of the session."""
        listed = self._orders.listed = self._desk.listed(number)
        self._pads_known = False
        self.shown.select(listed)
        if listed is not None:
            self.pads.offer(listed.text)
        self._on_view()
        self._on_pulse()

    def run(self, command_id: str) -> None:
        """Do a command of the group "ladder"."""
        if not self.shown.run(command_id):
            self._orders.run(command_id)

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return self.shown.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept."""
        self.shown.restore(state)

    # Frames.

    def _on_view(self) -> None:
        if self.isVisible():
            self.shown.frame()

    def _on_pulse(self) -> None:
        """Bring text up to date that nobody reads faster."""
        bridge, theme = self._bridge, self._context.theme
        self._show_trouble()
        self.view.gestures.unready = bridge.unready()
        self.view.gestures.is_turning = self._context.turns_limits()
        state = self._desk.market.safety_state
        safety = self._context.safety
        self.view.gestures.is_staging = safety.is_staging
        way, means = safety.words()
        means = means or killed_by(self._desk) or reasons.state_text(state)
        words = f"{way or state.name} · {means}"
        self._state.show_text(words, theme.state(state))
        listed = self._orders.listed
        self.shown.pulse()
        self._show_pnl()
        self._figures.show_values(ladder_text.figures(self._desk, listed, theme))
        self.pads.setEnabled(listed is not None)
        if listed is None:
            return
        price = ladder_text.last_price(self._desk, listed)
        if not self._pads_known and price != NO_PRICE:
            self._pads_known = True
            self.pads.offer(listed.text, price)

    def _show_trouble(self) -> None:
        bridge, listed = self._bridge, self._orders.listed
        feed = bridge.session.feed_name if bridge.session else "the feed"
        number = listed.number if listed else 0
        view = self._desk.market.view
        now = self._context.now()
        self.banner.show_trouble(trouble(bridge.status, feed, view, number, now))

    def showEvent(self, event: QShowEvent) -> None:
        self._on_view()
        self._on_pulse()

    # The hand, and what comes back.

    def _on_button(self, command_id: str, is_checked: bool = False) -> None:
        self.run(command_id)

    def _on_pnl(self) -> None:
        self.shown.cycle_unit()
        self._show_pnl()

    def _show_pnl(self) -> None:
        self.pnl.show_words(*self.shown.pnl())

    def _on_sizes(self, sizes: tuple[int, int]) -> None:
        self.view.gestures.quantities = sizes
        self.view.gestures.step = self.pads.least

    def _on_ticks(self, ticks: tuple[int, int]) -> None:
        self.view.gestures.exit_ticks = ticks

    def _on_modifier(self) -> None:
        self._say("no order: a click with these modifier keys is bound to nothing")

    def _on_hover(self, intent: Intent | None) -> None:
        if self._keeps_said(intent):
            return
        theme, listed = self._context.theme, self._orders.listed
        own = self.view.own_under_pointer()
        if intent is not None:
            if intent.verdict is Verdict.SEND:
                end = f"{SEPARATOR}{Verdict.SEND.value}"
                self._hover.show_text(intent.text, theme.text, end)
            else:
                self._hover.show_text(intent.text, theme.warning)
        elif own and listed is not None:
            session = self._bridge.session
            words = ladder_text.own_orders(self._desk, listed, own, session)
            self._hover.show_text(words, theme.text)
        else:
            self._hover.show_text("", theme.text)

    def _on_reports(self, reports: np.ndarray) -> None:
        self._orders.take(reports)

    def _on_session_changed(self) -> None:
        self.select(self._context.focus.number)

    def _say(self, words: str) -> None:
        self._said = self._context.clock.monotonic_ns(), self.view.pointed
        self._hover.show_text(words, self._context.theme.warning)

    def _keeps_said(self, intent: Intent | None) -> bool:
        """Whether what was said stays: for a while, unless the hand moves or must act.

        Every frame tells anew what a click would do; an answer would be gone before it
        is read.
        """
        if self._said is None:
            return False
        since, pointed = self._said
        is_due = self._context.clock.monotonic_ns() - since < SAID_FOR_NS
        must_act = self.view.gestures.held is not None and intent is not None
        if not is_due or must_act or pointed != self.view.pointed:
            self._said = None
        return self._said is not None
