"""The live P&L: in total, by instrument and by strategy, with drawdown."""

import csv
from typing import Any, Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.equity_chart import Curve, EquityChart
from app.ui.items.figures import Figures
from app.ui.items.lines import Line
from app.ui.models import account
from app.ui.models.messages import Level

_TOTAL: Final = "Total"
_DIGITS: Final = 11
"""Of a figure: in a narrow panel they stand in two rows."""
_WIDE_DIGITS: Final = 90
"""Digits that the account's line and the buttons need side by side."""


class PnlPanel(QWidget):
    """Figures of the account above curves that can be chosen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        theme, settings = context.theme, context.settings
        self._figures = Figures(theme, settings.scale, account.CAPTIONS, _DIGITS)
        self._others = Line()
        self.chart = EquityChart(theme, settings.scale)
        self.chosen: list[str] = [_TOTAL]
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self._lay_out()
        bridge = context.bridge
        bridge.charts_due.connect(self._show)
        bridge.session_changed.connect(self._show)
        bridge.instruments_changed.connect(self._show)

    def _lay_out(self) -> None:
        curves = QPushButton("Curves")
        curves.setMenu(self.menu)
        curves.setToolTip("Choose what is drawn: total, instruments, strategies")
        self._bar = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._bar.setSpacing(4)
        self._bar.addWidget(self._others, 1)
        bar = QHBoxLayout()
        self._bar.addLayout(bar)
        bar.addWidget(curves)
        for title, tip, pressed in (
            ("Explore…", "The whole course in a window of its own", self.explore),
            ("Export CSV…", "Write the curves as shown to a file", self._on_export),
        ):
            button = QPushButton(title)
            button.setToolTip(tip)
            button.clicked.connect(pressed)
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.setSpacing(4)
        layout.addWidget(self._figures)
        layout.addLayout(self._bar)
        layout.addWidget(self.chart, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow, the account has a line of its own above the buttons."""
        sample = self.fontMetrics().horizontalAdvance("0")
        is_narrow = event.size().width() < _WIDE_DIGITS * sample
        direction = QBoxLayout.Direction
        self._bar.setDirection(
            direction.TopToBottom if is_narrow else direction.LeftToRight
        )

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {"curves": self.chosen}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept."""
        names = state.get("curves")
        if isinstance(names, list) and all(isinstance(each, str) for each in names):
            self.chosen = names
            self._show()

    # Curves.

    def _columns(self) -> dict[str, int]:
        """Name of each curve to its column in the history."""
        desk = self._context.desk
        columns = {_TOTAL: 0}
        for listed in desk.market.listed:
            columns[listed.instrument.name] = 1 + listed.number
        if desk.market.view is not None:
            for number in desk.pnl.strategies(desk.market.view):
                columns[self._title(number)] = desk.pnl.strategy_column(number)
        return columns

    def _title(self, number: int) -> str:
        """A strategy by its title and number; one that was taken out by its number."""
        watched = self._context.strategies.watched.get(number)
        return f"{watched.live.title} ({number})" if watched else f"Strategy {number}"

    def _curves(self) -> tuple[Curve, ...]:
        pnl, theme = self._context.desk.pnl, self._context.theme
        made = []
        for i, (name, column) in enumerate(self._columns().items()):
            if name in self.chosen:
                colour = (
                    theme.text if not i else theme.curve[(i - 1) % len(theme.curve)]
                )
                made.append(Curve(name, colour, pnl.values(column)))
        return tuple(made)

    def _fill_menu(self) -> None:
        self.menu.clear()
        for name in self._columns():
            action = self.menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(name in self.chosen)
            action.toggled.connect(lambda is_on, name=name: self.choose(name, is_on))

    def choose(self, name: str, is_on: bool) -> None:
        """Draw a curve, or leave it out."""
        if is_on and name not in self.chosen:
            self.chosen.append(name)
        elif not is_on and name in self.chosen:
            self.chosen.remove(name)
        self._show()

    def _show(self) -> None:
        if not self.isVisible():
            return
        desk, theme = self._context.desk, self._context.theme
        view, base = desk.market.view, desk.currency
        self._figures.show_values(account.figures(view, base, theme))
        currencies = [each.instrument.currency for each in desk.market.listed]
        others = account.other_figures(view, currencies, base)
        self._others.show_text(others, theme.muted)
        self.chart.show_curves(desk.pnl.times, self._curves())

    def showEvent(self, event: object) -> None:
        self._show()

    def explore(self) -> None:
        """Open the course so far in a window of its own."""
        # Late: pyqtgraph takes a third of a second of every start.
        from app.ui.items.explorer import Explorer

        theme, scale = self._context.theme, self._context.settings.scale
        times = self._context.desk.pnl.times.copy()
        curves = tuple(Curve(c.name, c.colour, c.values.copy()) for c in self._curves())
        self.explorer = Explorer(self, theme, scale, times, curves)
        self.explorer.show()

    def _on_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export", "pnl.csv", "CSV (*.csv)")
        if not path:
            return
        curves, times = self._curves(), self._context.desk.pnl.times
        try:
            with open(path, "w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(["time", *(curve.name for curve in curves)])
                for i, time in enumerate(times.tolist()):
                    when = formatting.date_time(round(time * 1e9))
                    writer.writerow([when, *(float(c.values[i]) for c in curves)])
        except OSError as error:
            self._context.bridge.tell(f"P&L not exported: {error}", Level.ERROR)
