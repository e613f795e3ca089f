"""The order ticket: every order type, judged and priced while it is typed."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.engine.records import NO_PRICE
from app.ui.context import Context
from app.ui.items.facts import Facts
from app.ui.items.form_area import FormArea
from app.ui.items.lines import Line, Words
from app.ui.items.ticket_view import TicketView
from app.ui.models import ticket, ticket_steps, ticket_text
from app.ui.models.judge import Verdict
from app.ui.models.judgement import Judgement
from app.ui.models.situation import Situation
from app.ui.ticket_desk import TicketDesk

_FACT_ROWS = 4
_COMPACT_LINES = 21
"""A panel of fewer lines of text stands closer together: the fields come first."""
_SEND_LINES, _SEND_COMPACT = 2.2, 1.8
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class TicketPanel(QWidget):
    """A form, what it would cost, and a button that says exactly what it sends."""

    is_whole = True

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._is_begun = self._is_compact = False
        theme, scale = context.theme, context.settings.scale
        self.desk = TicketDesk(context)
        self.view = TicketView(theme)
        self._market = Line()
        self.facts = Facts(theme, scale, _FACT_ROWS)
        self.says = Words(1)
        self.nearest = QPushButton()
        self.nearest.setAccessibleName("Take the nearest value that is allowed")
        self.nearest.hide()
        self.send = QPushButton("Send")
        self._lay_out()
        self._connect()
        self._on_instrument()

    def _lay_out(self) -> None:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.view)
        layout.addWidget(self.facts)
        layout.addStretch(1)
        told = QHBoxLayout()
        told.addWidget(self.says, 1)
        told.addWidget(self.nearest, 0, Qt.AlignmentFlag.AlignTop)
        area = self._area = FormArea(inner, "Fields of the order", keeps_width=True)
        area.verticalScrollBar().valueChanged.connect(lambda _: self.facts.update())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(10, 6, 10, 6)
        outer.setSpacing(4)
        outer.addWidget(self._market)
        outer.addWidget(area, 1)
        outer.addLayout(told)
        outer.addWidget(self.send)
        self._outer = outer
        self._be_compact(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        lines = event.size().height() / self.fontMetrics().height()
        if (lines < _COMPACT_LINES) is not self._is_compact:
            self._be_compact(not self._is_compact)
        sides = self._outer.contentsMargins()
        bar = self._area.verticalScrollBar().sizeHint().width()
        self.view.fit(event.size().width() - sides.left() - sides.right() - bar)
        self.facts.update()

    def _be_compact(self, is_compact: bool) -> None:
        """Give the fields the room, where there is little: the ladder has the market.

        The button and what is said of the order are in sight at any height.
        """
        self._is_compact = is_compact
        self._market.setVisible(not is_compact)
        self.view.be_compact(is_compact)
        self._outer.setContentsMargins(10, *((2, 10, 2) if is_compact else (6, 10, 6)))
        self._outer.setSpacing(2 if is_compact else 4)
        lines = _SEND_COMPACT if is_compact else _SEND_LINES
        self.send.setMinimumHeight(round(lines * self.fontMetrics().height()))

    def _connect(self) -> None:
        bridge, focus = self._context.bridge, self._context.focus
        self.view.edited.connect(self._on_edited)
        self.view.stepped.connect(self._on_stepped)
        self.view.price_wanted.connect(self._on_quick)
        self.nearest.clicked.connect(self._on_nearest)
        self.send.clicked.connect(self._on_send)
        bridge.tables_due.connect(self._on_due)
        bridge.reports_arrived.connect(self._on_reports)
        bridge.session_changed.connect(self._on_instrument)
        bridge.instruments_changed.connect(self._on_instrument)
        focus.changed.connect(self._on_instrument)
        focus.price_picked.connect(self._on_picked)

    # What a user does.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER and not event.isAutoRepeat():
            self._on_send()
        elif event.key() == Qt.Key.Key_Escape and self.desk.hand.held is not None:
            self.desk.drop()
            self._show()
        else:
            super().keyPressEvent(event)

    def _on_edited(self) -> None:
        self._is_begun = True
        self.desk.drop()
        self._settle()
        self._show()

    def _settle(self) -> None:
        at = self.desk.situation()
        ticket.settle(self.view.form, self.desk.offered, 0 if at is None else at.now)

    def _on_stepped(self, name: str, steps: int) -> None:
        at = self.desk.situation()
        if at is not None:
            self.view.put(name, ticket_steps.stepped(self.view.form, at, name, steps))

    def _on_quick(self, name: str) -> None:
        at = self.desk.situation()
        if at is not None:
            self._on_picked(ticket_text.quick_price(name, at))

    def _on_picked(self, price: int) -> None:
        """Take a price from a button or from the book."""
        at = self.desk.situation()
        if at is None or price == NO_PRICE:
            return
        name = ticket_steps.price_field(self.view.form, at.listed.instrument)
        if name:
            self.view.put(name, at.listed.text.price(price))

    def _on_nearest(self) -> None:
        judged, at = self.desk.judgement, self.desk.situation()
        if judged is not None and at is not None and judged.field in self.view.fields:
            self.view.put(judged.field, at.listed.text.price(judged.nearest))

    def _on_send(self) -> None:
        self.desk.judge(self.view.form)
        self.desk.send()
        self._show()

    # What happens.

    def _on_instrument(self, *_: object) -> None:
        self._is_begun = False
        self.desk.drop()
        self._settle()
        self._show()

    def _begin(self, at: Situation) -> None:
        """Fill in what is usual, once there is a market to take it from."""
        if not self._is_begun:
            ticket_steps.begin(self.view.form, at)
            self._is_begun = at.part is not None

    def _on_reports(self, reports: Any) -> None:
        if self.desk.take(reports) and self.isVisible():
            self._show()

    def _on_due(self) -> None:
        if self.isVisible():
            self._show()

    def showEvent(self, event: QShowEvent) -> None:
        self._show()

    def _show(self) -> None:
        """Judge the form anew and show all that follows."""
        self.desk.hand.forget(self._context.clock.monotonic_ns())
        view, form, offered = self.view, self.view.form, self.desk.offered
        at = self.desk.situation()
        if at is not None:
            self._begin(at)
        judged = self.desk.judge(form)
        theme = self._context.theme
        self.setEnabled(at is not None)
        if at is None or judged is None:
            # While the engine is compiled, too, it looks as it is going to.
            view.show_form(ticket.shown(form, None))
            return
        view.offer(ticket.types(offered), ticket.times(offered, form.order_type))
        view.show_form(ticket.shown(form, at.listed.instrument))
        view.show_faults(judged.draft.faults)
        self._market.show_text(ticket_text.market_line(at), theme.text)
        self.facts.show_facts(ticket_text.facts(judged.cost, at, theme))
        self._show_verdict(judged, at)

    def _show_verdict(self, judged: Judgement, at: Situation) -> None:
        theme, held = self._context.theme, self.desk.hand.held is not None
        told = self.desk.outcome or self.desk.waiting
        words, colour = ticket_text.verdict(judged, told, theme)
        self.says.show_text(words, colour)
        is_near = judged.nearest != NO_PRICE and bool(judged.field)
        if self.nearest.isHidden() == is_near:
            self.nearest.setVisible(is_near)
        if judged.nearest != NO_PRICE:
            self.nearest.setText(f"Use {at.listed.text.price(judged.nearest)}")
        title = ticket_text.summary(judged.draft, at) or "Nothing to send yet"
        self.send.setText(f"Confirm: {title}" if held else title)
        self.send.setToolTip(title)
        self.send.setEnabled(held or judged.verdict is not Verdict.BLOCK)
        role = "buy" if self.view.form.side > 0 else "sell"
        if self.send.property("role") != role:
            self.send.setProperty("role", role)
            self.send.style().polish(self.send)

    # Workspaces.

    def state(self) -> dict[str, Any]:
        """The choices, for the next start; prices and quantities are of a moment."""
        return ticket_steps.choices(self.view.form)

    def in_hand(self) -> dict[str, Any]:
        """What is being typed: for another look, or until its workspace is back."""
        return {
            "form": replace(self.view.form),
            "instrument": self._context.focus.number,
            "is_begun": self._is_begun,
        }

    def take_in_hand(self, kept: dict[str, Any]) -> None:
        """Go on with what was being typed, if it is still the same instrument's."""
        if kept["is_begun"] and kept["instrument"] == self._context.focus.number:
            self.view.form = kept["form"]
            self._on_edited()

    def restore(self, state: dict[str, Any]) -> None:
        """Take the choices that were kept; what makes no sense is passed over."""
        ticket_steps.choose(self.view.form, state)
        self._on_edited()
