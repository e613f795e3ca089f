"""The ladder panel: one instrument, its sizes, its book, its orders, one click away."""

from collections.abc import Callable
from typing import Final

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.engine.records import BUY, NO_PRICE, SELL, OrderOption, ReportType
from app.ui import reasons
from app.ui.commands import by_id, tool_tip
from app.ui.context import Context
from app.ui.items.banner import Banner
from app.ui.items.figures import Figures
from app.ui.items.ladder_view import LadderView
from app.ui.items.lines import Line
from app.ui.items.size_pads import SizePads
from app.ui.models import ladder_text
from app.ui.models.desk import order_text
from app.ui.models.health import trouble
from app.ui.models.intent import SEPARATOR, Intent, Verdict, order_intent
from app.ui.models.ladder import LadderFrame, build_frame, touch_index
from app.ui.models.market import Listed

_FOOTER: Final = (
    ("ladder.buy_market", "Buy MKT", "buy"),
    ("ladder.cancel", "Cancel", ""),
    ("ladder.close", "Close", ""),
    ("ladder.sell_market", "Sell MKT", "sell"),
)
_REFUSED: Final = (
    ReportType.REJECTED,
    ReportType.CANCEL_REJECTED,
    ReportType.REPLACE_REJECTED,
)


class LadderPanel(QWidget):
    """Shows the selected instrument and trades it.

    The view paints and reads the hand; this panel feeds it a frame when the engine has
    a newer view, and turns its intentions into orders.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._desk, self._bridge = context.desk, context.bridge
        self._listed: Listed | None = None
        self._pads_known = False
        theme, settings = context.theme, context.settings
        self._figures = Figures(theme, settings.scale, ladder_text.CAPTIONS)
        self._state = Line(is_centred=True)
        self.pads = SizePads(theme)
        self.view = LadderView(theme, settings.scale, settings.ladder_rows, context.clock)
        self.banner = Banner(self.view, theme, top=22)
        self._hover = Line()
        self._runs = self._runnable()
        self._lay_out()
        self._connect()
        self.select(self._desk.selected)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(5)
        for widget in (self._figures, self._state, self.pads):
            layout.addWidget(widget)
        layout.addWidget(self.view, 1)
        layout.addWidget(self._hover)
        footer = QHBoxLayout()
        footer.setSpacing(4)
        for command_id, title, role in _FOOTER:
            footer.addWidget(self._button(command_id, title, role), 1)
        layout.addLayout(footer)

    def _button(self, command_id: str, title: str, role: str) -> QPushButton:
        button = QPushButton(title)
        button.setProperty("role", role)
        button.setToolTip(tool_tip(by_id(command_id)))
        button.clicked.connect(lambda: self.run(command_id))
        return button

    def _connect(self) -> None:
        view, bridge = self.view, self._bridge
        view.gestures.make = self._on_intent
        view.gestures.cancel = self._on_cancel
        view.gestures.order = self._desk.orders.order
        view.hover_changed.connect(self._on_hover)
        view.command_pressed.connect(self.run)
        view.scrolled.connect(self._show_frame)
        view.modifier_clicked.connect(self._on_modifier)
        self.pads.sizes_chosen.connect(self._on_sizes)
        self.banner.command_pressed.connect(self._context.commands.run)
        bridge.session_changed.connect(self._on_session_changed)
        bridge.instruments_changed.connect(self._on_session_changed)
        bridge.view_changed.connect(self._on_view)
        bridge.reports_arrived.connect(self._on_reports)
        bridge.status_changed.connect(self._on_pulse)
        bridge.pulsed.connect(self._on_pulse)

    # What may be asked of it.

    def select(self, number: int) -> None:
        """Show another instrument of the session."""
        self._listed = self._desk.listed(number)
        self._pads_known = False
        self.view.forget()
        if self._listed is not None:
            self.pads.offer(self._listed.text)
        self._on_view()
        self._on_pulse()

    def run(self, command_id: str) -> None:
        """Do a command of the group "ladder"."""
        if self._listed is not None:
            self._runs[command_id]()

    def _runnable(self) -> dict[str, Callable[[], None]]:
        number = lambda: self._listed.number if self._listed else -1  # noqa: E731
        trading = self._context.trading
        runs: dict[str, Callable[[], None]] = {
            "ladder.recentre": self._recentre,
            "ladder.join_bid": lambda: self._at_touch(BUY, BUY),
            "ladder.join_ask": lambda: self._at_touch(SELL, SELL),
            "ladder.lift": lambda: self._at_touch(BUY, SELL),
            "ladder.hit": lambda: self._at_touch(SELL, BUY),
            "ladder.buy_market": lambda: self._at_market(BUY),
            "ladder.sell_market": lambda: self._at_market(SELL),
            "ladder.cancel": lambda: trading.cancel_all(number()),
            "ladder.close": lambda: trading.close(number()),
        }
        for pad in range(4):
            runs[f"ladder.size_{pad + 1}"] = lambda pad=pad: self.pads.choose(pad)
        return runs

    # Frames.

    def _on_view(self) -> None:
        if self._listed is None or not self.isVisible():
            return
        touch = touch_index(self._desk.market, self._listed)
        if touch is not None and self.view.painted is None:
            self.view.centre_on(touch)
        self.view.follow(touch)
        self._show_frame()

    def _show_frame(self) -> None:
        if self._listed is None:
            return
        orders = self._desk.orders.working(self._listed.number)
        self.view.show_frame(
            build_frame(
                self._desk.market, self._listed, orders, self.view.top, self.view.rows
            )
        )

    def _on_pulse(self) -> None:
        """Bring text up to date that nobody reads faster."""
        bridge, theme, now = self._bridge, self._context.theme, self._context.now()
        session, view = bridge.session, self._desk.market.view
        number = self._listed.number if self._listed else 0
        feed = session.feed_name if session else "the feed"
        self.banner.show_trouble(trouble(bridge.status, feed, view, number, now))
        self.view.gestures.unready = bridge.unready()
        state = self._desk.market.safety_state
        words = f"{state.name} · {reasons.state_text(state)}"
        self._state.show_text(words, theme.state(state))
        if self._listed is None:
            return
        self._figures.show_values(ladder_text.figures(self._desk, self._listed, theme))
        price = ladder_text.last_price(self._desk, self._listed)
        if not self._pads_known and price != NO_PRICE:
            self._pads_known = True
            self.pads.offer(self._listed.text, price)

    def showEvent(self, event: object) -> None:
        self._on_view()
        self._on_pulse()

    # The hand.

    def _on_intent(self, intent: Intent) -> None:
        if self._listed is None:
            return
        if intent.verdict is Verdict.SEND:
            self._context.trading.place(intent, self._listed.number)
        elif intent.verdict is Verdict.BLOCK:
            self._explain(intent.price, f"blocked: {intent.why}")

    def _on_cancel(self, orders: tuple[int, ...]) -> None:
        self._context.trading.cancel(orders)

    def _on_sizes(self, sizes: tuple[int, int]) -> None:
        self.view.gestures.quantities = sizes

    def _on_modifier(self) -> None:
        self._hover.show_text(
            "no order: a click with a modifier key is bound to nothing",
            self._context.theme.warning,
        )

    def _on_hover(self, intent: Intent | None) -> None:
        theme = self._context.theme
        own = self.view.own_under_pointer()
        if intent is not None:
            colour = theme.text if intent.verdict is Verdict.SEND else theme.warning
            self._hover.show_text(intent.text, colour)
        elif own and self._listed is not None:
            words = ladder_text.own_orders(
                self._desk, self._listed, own, self._context.now()
            )
            self._hover.show_text(words, theme.text)
        else:
            self._hover.show_text("", theme.text)

    def _recentre(self) -> None:
        touch = self._listed and touch_index(self._desk.market, self._listed)
        if touch is not None:
            self.view.centre_on(touch)

    def _at_touch(self, side: int, book: int) -> None:
        """Place a limit at the painted best price of a side of the book."""
        frame = self.view.painted
        if frame is not None:
            price = frame.best_bid if book == BUY else frame.best_ask
            if price != NO_PRICE:
                self._decide(frame, side, price)

    def _at_market(self, side: int) -> None:
        if self.view.painted is not None:
            self._decide(self.view.painted, side, NO_PRICE)

    def _decide(self, frame: LadderFrame, side: int, price: int) -> None:
        gestures = self.view.gestures
        self._on_intent(
            order_intent(frame, side, price, gestures.quantities[0], gestures.unready)
        )

    # What comes back.

    def _on_reports(self, reports: np.ndarray) -> None:
        if self._listed is None:
            return
        here = reports[reports["instrument"] == self._listed.number]
        for report in here[np.isin(here["report"], _REFUSED)]:
            words = reasons.outcome_text(report, self._listed.text, self._desk.currency)
            self._explain(int(report["price"]), words)
        held = here[here["report"] == ReportType.HELD]
        if len(held):
            now = self._context.clock.monotonic_ns()
            self.view.gestures.hold([self._held(each) for each in held], now)
        self._show_frame()

    def _held(self, report: np.void) -> Intent:
        """What the engine holds for a confirm, as it would be sent again."""
        assert self._listed is not None
        why = reasons.reason_text(report, self._listed.text, self._desk.currency)
        known = self._desk.orders.order(int(report["client_order_id"]))
        is_replace = known is not None and known["sent_ts"] < report["ts_received"]
        frame = self.view.painted
        return Intent(
            Verdict.HOLD,
            SEPARATOR.join([order_text(report, self._listed), why]),
            why,
            int(report["side"]),
            int(report["price"]),
            int(report["quantity"]),
            frame.sequence if frame else 0,
            int(report["options"]) & OrderOption.REDUCE_ONLY,
            int(report["client_order_id"]) if is_replace else 0,
        )

    def _explain(self, price: int, words: str) -> None:
        """Write a refusal into the row of its price, or of the touch."""
        assert self._listed is not None
        scale = self._listed.scale
        touch = touch_index(self._desk.market, self._listed)
        index = touch if price == NO_PRICE else scale.index(price)
        if index is not None:
            self.view.note(index, words)
        self._hover.show_text(words, self._context.theme.warning)

    def _on_session_changed(self) -> None:
        self.select(self._desk.selected)
