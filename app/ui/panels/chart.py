"""The chart panel: bars of the focused instrument at an interval of one's choice."""

from typing import Any, Final

from PySide6.QtCore import QElapsedTimer, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.errors import RingsideError
from app.ui.context import Context
from app.ui.items.chart_view import ChartView
from app.ui.items.lines import Line
from app.ui.models import ladder_text
from app.ui.models.chart_interval import PRESETS, parse_interval
from app.ui.models.chart_look import STYLES
from app.ui.models.market import Listed

_EVERY_MS: Final = 50


class ChartPanel(QWidget):
    """Follows the focus; at most twenty updates a second while it is seen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._since = QElapsedTimer()
        self._since.start()
        self.view = ChartView(context.theme, context.settings.scale)
        self.view.accept_hand()
        self.interval = QComboBox()
        self.style_box = QComboBox()
        self._said = Line()
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
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 3, 4, 3)
        bar.setSpacing(4)
        bar.addWidget(self.interval)
        bar.addWidget(self.style_box)
        bar.addWidget(self._said, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.view, 1)

    def _connect(self) -> None:
        bridge, focus = self._context.bridge, self._context.focus
        self.interval.activated.connect(self._on_interval)
        line = self.interval.lineEdit()
        if line is not None:
            line.returnPressed.connect(self._on_interval)
        self.style_box.currentTextChanged.connect(self._on_style)
        bridge.drained.connect(self._on_frame)
        bridge.session_changed.connect(self._on_other)
        bridge.instruments_changed.connect(self._on_other)
        focus.changed.connect(self._on_other)

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

    def _listed(self) -> Listed | None:
        return self._context.desk.listed(self._context.focus.number)

    def _on_other(self) -> None:
        self.view.listed = self._listed()
        self.view.bars.follow(None)
        self._follow()
        self.view.forget()

    def _on_interval(self) -> None:
        before, look = self.view.look.interval, self.view.look
        wanted = self.interval.currentText().strip()
        if wanted == before:
            return  # the box says so whenever the keyboard leaves it
        look.interval = wanted
        if not self._follow():
            look.interval = before
        self.view.forget()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_style(self, style: str) -> None:
        self.view.look.style = style
        self.view.rebuild()

    def _follow(self) -> bool:
        """Follow bars of the chosen interval; False if there are none such."""
        session, listed = self._context.bridge.session, self._listed()
        history = session.history if session is not None else None
        if history is None or listed is None:
            return True
        price = ladder_text.last_price(self._context.desk, listed)
        try:
            spec = parse_interval(self.view.look.interval, listed.instrument, price)
            self.view.bars.follow(history.bars(listed.number, spec))
        except RingsideError as error:
            self._said.show_text(str(error), self._context.theme.warning)
            return False
        self._said.show_text("", self._context.theme.text)
        return True

    # Frames.

    def _on_frame(self) -> None:
        if self.isVisible() and self._since.hasExpired(_EVERY_MS):
            self._since.start()
            self._show()

    def showEvent(self, event: object) -> None:
        self._show()

    def _show(self) -> None:
        if self.view.bars.series is None:
            self._follow()
        view = self._context.desk.market.view
        self.view.refresh(int(view["now"]) if view is not None else 0)
