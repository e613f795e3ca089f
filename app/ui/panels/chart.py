"""The chart panel: bars of the focused instrument at an interval of one's choice."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.errors import InstrumentError
from app.instrument import exact
from app.ui import formatting
from app.ui.chart_feed import ChartFeed
from app.ui.chart_menu import ChartMenu
from app.ui.chart_orders import ChartOrders
from app.ui.context import Context
from app.ui.focus import TimeRange
from app.ui.items.chart_trading import TradingChart
from app.ui.items.lines import Line
from app.ui.items.squeeze_bar import SqueezeBar
from app.ui.models import ladder_text
from app.ui.models.chart_drawings import Drawings
from app.ui.models.chart_interval import PRESETS
from app.ui.models.chart_look import STYLES
from app.ui.models.sizes import size_pads


class ChartPanel(QWidget):
    """Follows the focus; at most twenty updates a second while it is seen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        theme, scale = context.theme, context.settings.scale
        self.view = TradingChart(theme, scale, context.clock)
        self.view.accept_hand()
        self.interval = QComboBox()
        self.style_box = QComboBox()
        self.size_field = QLineEdit()
        self.options = QPushButton("Show")
        self.said = Line()
        self._followed: Drawings | None = None
        self._is_telling = self._is_drawing = False
        self.feed = ChartFeed(context, self.view, self.said.show_text)
        self.orders = ChartOrders(context, self.view, self._warn)
        self.menu = ChartMenu(self.view, self.orders, self._warn, self._on_look)
        self._lay_out()
        self._connect()
        self._on_other()

    def _lay_out(self) -> None:
        self.interval.setEditable(True)
        self.interval.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.interval.addItems(PRESETS)
        self.interval.setCurrentText(self.view.look.interval)
        self.interval.setAccessibleName("Interval")
        self.interval.setToolTip("5s, 1m, 1h · 500t trades · 1000v volume · 8r ticks")
        self.interval.setMinimumContentsLength(5)
        self.style_box.addItems(STYLES)
        self.style_box.setAccessibleName("Style of the bars")
        self.size_field.setAccessibleName("Size of orders from the chart")
        self.size_field.setToolTip("Size of an order that is placed from the chart")
        self.size_field.setFixedWidth(round(64 * self._context.settings.scale))
        self.options.setToolTip("Panes, profile, footprint, indicators")
        self.options.setMenu(QMenu(self))
        bar = SqueezeBar()
        bar.row.setContentsMargins(4, 3, 4, 3)
        size = QLabel("size")
        size.setProperty("role", "muted")
        choices = self.interval, self.style_box, self.options
        for widget in (*choices, size, self.size_field):
            bar.row.addWidget(widget)
        bar.row.addWidget(self.said, 1)
        bar.optional = [size, self.style_box]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(bar)
        layout.addWidget(self.view, 1)

    def _connect(self) -> None:
        bridge, focus, view = self._context.bridge, self._context.focus, self.view
        self.interval.activated.connect(self._on_interval)
        line = self.interval.lineEdit()
        if line is not None:
            line.returnPressed.connect(self._on_entered)
        self.style_box.currentTextChanged.connect(self._on_style)
        self.size_field.textChanged.connect(self._on_size)
        menu = self.options.menu()
        if menu is not None:
            menu.aboutToShow.connect(lambda: self.menu.fill_look(menu))
        view.menu_wanted.connect(self.menu.open_at)
        view.order_pointed.connect(self._on_order)
        view.time_pointed.connect(lambda ts: focus.point(ts or 0))
        focus.time_pointed.connect(view.show_linked)
        view.range_moved.connect(self._on_moved)
        focus.range_shown.connect(self._on_range)
        focus.changed.connect(self._on_other)
        bridge.pictures_due.connect(self._on_due)
        bridge.reports_arrived.connect(self._on_reports)
        bridge.session_changed.connect(self._on_other)
        bridge.instruments_changed.connect(self._on_other)

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return self.view.look.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept; what is not sound is passed over."""
        look = self.view.look
        look.restore(state)
        self.interval.setCurrentText(look.interval)
        self.style_box.setCurrentText(look.style)
        self._on_other()

    # What is shown.

    def _on_other(self) -> None:
        """Another instrument, session or state."""
        view, desk = self.view, self._context.desk
        listed = desk.listed(self._context.focus.number)
        view.listed = listed
        self._follow_drawings(listed.instrument.name if listed is not None else "")
        if not self.feed.follow():
            view.bars.follow(None)  # what was shown is of another instrument
        view.hand.plan = None
        view.hand.escape()
        view.forget()
        self.size_field.setEnabled(listed is not None)
        if listed is not None:
            price = ladder_text.last_price(desk, listed)
            sizes = size_pads(listed.instrument, price)
            self.size_field.setText(listed.text.quantity(sizes[0]))

    def _follow_drawings(self, instrument: str) -> None:
        if self._followed is not None:
            self._followed.leave(self.view.rebuild)
        self._followed = None
        if instrument:
            self._followed = self._context.library.drawings.of(instrument)
            self._followed.follow(self.view.rebuild)
        layer = self.view.extras.drawings
        layer.escape()
        layer.drawings = self._followed

    def _on_interval(self) -> None:
        before, look = self.view.look.interval, self.view.look
        wanted = self.interval.currentText().strip()
        if wanted == before:
            return  # the box says so whenever the keyboard leaves it
        look.interval = wanted
        if not self.feed.follow():
            look.interval = before
        self.view.forget()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_entered(self) -> None:
        """Take what was typed; what is typed next takes its place, and no key trades.

        The box has moved the keyboard on where it knows the interval.
        """
        self._on_interval()
        self.interval.setFocus(Qt.FocusReason.OtherFocusReason)
        line = self.interval.lineEdit()
        if line is not None:
            line.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.interval.hasFocus():
            self.interval.setCurrentText(self.view.look.interval)
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)

    def _on_style(self, style: str) -> None:
        self.view.look.style = style
        self.view.rebuild()

    def _on_look(self) -> None:
        self.feed.stale()
        self.view.rebuild()

    def _on_size(self, words: str) -> None:
        listed, hand = self.view.listed, self.view.hand
        hand.quantity = 0
        text = formatting.plain(words.strip())  # the field itself shows thousands
        try:
            if listed is not None and text:
                hand.quantity = int(listed.instrument.quantity_units(exact(text)))
        except InstrumentError as error:
            self._warn(f"size: {error}")
            return
        if self.said.text.startswith("size:"):
            self._warn("")

    # The time that is shown, with other charts.

    def _on_moved(self, stretch: TimeRange) -> None:
        if self.view.look.moves_along:
            self._is_telling = True
            self._context.focus.show_range(stretch)
            self._is_telling = False

    def _on_range(self, stretch: TimeRange) -> None:
        if self.view.look.moves_along and not self._is_telling:
            self.view.show_range(stretch)

    # Frames.

    def _on_due(self) -> None:
        if self.isVisible():
            self.show_news()

    def showEvent(self, event: object) -> None:
        self.show_news()

    def show_news(self) -> None:
        """Bring the picture up to date."""
        is_drawing = bool(self.view.extras.drawings.tool)
        if self._is_drawing and not is_drawing:
            self._warn("")  # how to draw was said while there was something to draw
        self._is_drawing = is_drawing
        self.feed.update()
        self.orders.show()
        self.view.tell_pointed()

    def _on_order(self, order: int) -> None:
        """Say all that is known of the order under the pointer, as the ladder does."""
        listed, session = self.view.listed, self._context.bridge.session
        words = ""
        if order and listed is not None:
            desk = self._context.desk
            does = "drag moves, × cancels"
            words = ladder_text.own_orders(desk, listed, (order,), session, does)
        self.said.show_text(words, self._context.theme.text)

    def _on_reports(self, reports: np.ndarray) -> None:
        self.orders.take(reports)

    def _warn(self, words: str) -> None:
        self.said.show_text(words, self._context.theme.warning)
