"""The live P&L: total and per instrument, over the session."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.figures import Figures
from app.ui.items.pnl_chart import PnlChart
from app.ui.models import account


class PnlPanel(QWidget):
    """Figures of the account above curves that can be shown and hidden."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        theme, settings = context.theme, context.settings
        self._figures = Figures(theme, settings.scale, account.CAPTIONS)
        self._others = QLabel()
        self._others.setProperty("role", "muted")
        self._others.setContentsMargins(12, 0, 10, 0)
        self._others.setWordWrap(True)
        self.chart = PnlChart(theme, settings.scale)
        self.toggles: list[QPushButton] = []
        self._bar = QHBoxLayout()
        self._bar.setContentsMargins(8, 0, 8, 0)
        self._bar.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.setSpacing(2)
        padded = QHBoxLayout()
        padded.setContentsMargins(10, 0, 10, 0)
        padded.addWidget(self._figures)
        layout.addLayout(padded)
        layout.addWidget(self._others)
        layout.addWidget(self.chart, 1)
        layout.addLayout(self._bar)
        bridge = context.bridge
        bridge.charts_due.connect(self._on_pulse)
        bridge.session_changed.connect(self._on_session_changed)
        bridge.instruments_changed.connect(self._on_session_changed)
        self._on_session_changed()

    def _on_session_changed(self) -> None:
        for button in self.toggles:
            button.hide()
            self._bar.removeWidget(button)
            button.deleteLater()
        names = [
            "Total",
            *(x.instrument.name for x in self._context.desk.market.listed),
        ]
        self.toggles = [self._toggle(i, name) for i, name in enumerate(names)]
        self.chart.clear()
        self._on_pulse()

    def _toggle(self, number: int, name: str) -> QPushButton:
        button = QPushButton(f"● {name}")
        button.setCheckable(True)
        button.setChecked(number == 0)
        colour, ground = self._colour(number), self._context.theme.raised
        button.setStyleSheet(
            f"QPushButton {{ color: {self._context.theme.muted}; padding: 2px 8px; }}"
            f"QPushButton:checked {{ color: {colour}; background: {ground};"
            f" border-color: {colour}; }}"
        )
        button.toggled.connect(self._on_pulse)
        self._bar.insertWidget(number, button)
        return button

    def _colour(self, number: int) -> str:
        theme = self._context.theme
        return (
            theme.text if number == 0 else theme.curve[(number - 1) % len(theme.curve)]
        )

    def _on_pulse(self) -> None:
        if not self.isVisible():
            return
        desk, theme = self._context.desk, self._context.theme
        values = account.figures(desk.market.view, desk.currency, theme)
        self._figures.show_values(values)
        currencies = [each.instrument.currency for each in desk.market.listed]
        view, base = desk.market.view, desk.currency
        others = account.other_figures(view, currencies, base)
        self._others.setText(others)
        self._others.setVisible(bool(others))
        pnl = desk.pnl
        self.chart.show_curves(
            [
                (pnl.times, pnl.values(number), self._colour(number))
                for number, button in enumerate(self.toggles)
                if button.isChecked()
            ]
        )

    def showEvent(self, event: object) -> None:
        self._on_pulse()
