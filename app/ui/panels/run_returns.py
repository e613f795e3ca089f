"""Returns of the open run: by month, rolling, their spread, the worst falls."""

from itertools import pairwise
from typing import Any, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.analytics.report.records import Drawdown, Report
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.bar_plot import BarPlot
from app.ui.items.month_grid import MonthGrid
from app.ui.items.time_plot import Line, PlotPane, TimePlot
from app.ui.laid_out import take_out
from app.ui.models.report_text import percent, ratio

_WIDE_PX: Final = 720
_NUMBERS: Final = (0, 4, 5)
"""Columns of the falls that hold numbers."""
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_HEADS: Final = ("Depth", "Peak", "Trough", "Recovered", "Days", "To the trough")
_ROOMY: Final = (
    "QTreeWidget::item { padding: 3px 4px; } QHeaderView::section { padding: 4px 7px; }"
)
_TIGHT: Final = 6


class RunReturnsPanel(QWidget):
    """Each cell, bar and row shows its time in the other panels."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._runs = context, context.library.runs
        theme, scale = context.theme, context.settings.scale
        self.months = MonthGrid(theme, scale)
        self.years = BarPlot(theme, scale, "By year (mark: benchmark)", percent)
        self.daily = BarPlot(
            theme, scale, "Daily returns", formatting.short_number, is_signed=False
        )
        self.rolling = TimePlot(theme, scale, "Rolling figures", "Too short a run.")
        self.rolling.setMinimumHeight(round(240 * scale))
        self.falls = QTreeWidget()
        self._drawdowns: tuple[Drawdown, ...] = ()
        self._edges: Any = np.empty(0)
        self._lay_out()
        self._connect()
        self._on_run()

    def _lay_out(self) -> None:
        self.falls.setAccessibleName("Worst drawdowns")
        self.falls.setHeaderLabels(list(_HEADS))
        self.falls.setRootIsDecorated(False)
        self.falls.setUniformRowHeights(True)
        self.falls.setAlternatingRowColors(True)
        self.falls.setStyleSheet(_ROOMY)
        self.falls.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.falls.header().setSectionResizeMode(
            QHeaderView.ResizeMode.ResizeToContents
        )
        self.falls.header().setStretchLastSection(False)
        head = self.falls.headerItem()
        for column in _NUMBERS:
            head.setTextAlignment(column, _RIGHT)
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(8, 6, 8, 8)
        self._grid.setSpacing(8)
        self._is_wide: bool | None = None
        self._arrange(is_wide=True)
        area = QScrollArea()
        area.setAccessibleName("Returns")
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def _arrange(self, *, is_wide: bool) -> None:
        if is_wide is self._is_wide:
            return
        self._is_wide, row = is_wide, 0
        for widget in (self.months, self.years, self.daily, self.rolling, self.falls):
            take_out(self._grid, widget)
        self._grid.addWidget(self._head("Returns by month, per cent"), row, 0, 1, 2)
        self._grid.addWidget(self.months, row + 1, 0, 1, 2)
        if is_wide:
            self._grid.addWidget(self.years, row + 2, 0)
            self._grid.addWidget(self.daily, row + 2, 1)
        else:
            self._grid.addWidget(self.years, row + 2, 0, 1, 2)
            self._grid.addWidget(self.daily, row + 3, 0, 1, 2)
        self._grid.addWidget(self.rolling, row + 4, 0, 1, 2)
        self._grid.addWidget(self.falls, row + 5, 0, 1, 2)

    def _head(self, words: str) -> QLabel:
        kept = getattr(self, "_title", None)
        if isinstance(kept, QLabel):
            return kept
        self._title = QLabel(words)
        self._title.setProperty("role", "heading")
        return self._title

    def resizeEvent(self, event: QResizeEvent) -> None:
        scale = self._context.settings.scale
        self._arrange(is_wide=self.width() >= _WIDE_PX * scale)

    def _connect(self) -> None:
        runs, rolling = self._runs, self.rolling
        runs.opened.connect(self._on_run)
        runs.time_pointed.connect(self._on_pointed)
        runs.range_shown.connect(self._on_range)
        rolling.time_pointed.connect(runs.point)
        rolling.range_moved.connect(lambda a, b: runs.show_range(a, b, self))
        self.months.picked.connect(self._on_month)
        self.years.picked.connect(self._on_year)
        self.falls.itemActivated.connect(self._on_fall)
        self.falls.itemClicked.connect(self._on_fall)

    def _on_pointed(self) -> None:
        self.rolling.show_pointed(self._runs.ts)

    def _on_range(self, _: object) -> None:
        self.rolling.show_range(*self._runs.stretch)

    # The run.

    def _on_run(self) -> None:
        run = self._runs.current
        self.falls.clear()
        if run is None:
            none = np.empty(0)
            self.months.show_months(none.astype(int), np.empty((0, 12)), none)
            self.years.show_bars((), none)
            self.daily.show_bars((), none)
            self.rolling.show_panes(none, ())
            self._drawdowns = ()
            return
        report: Report = run.report
        months = report.months
        self.months.show_months(months.years, months.returns, months.yearly)
        names = [str(each) for each in months.years.tolist()]
        self.years.show_bars(names, months.yearly, others=months.benchmark_yearly)
        edges = report.daily_histogram.edges
        middles = (edges[:-1] + edges[1:]) / 2
        notes = [
            f"of {percent(float(a))} to {percent(float(b))}"
            for a, b in pairwise(edges.tolist())
        ]
        labels = [f"{x * 100:.1f} %".replace("-", "−") for x in middles.tolist()]
        self.daily.show_bars(labels, report.daily_histogram.counts, notes)
        self._show_rolling(report)
        self._show_falls(report.drawdowns)

    def _show_rolling(self, report: Report) -> None:
        t, series = self._context.theme, report.series
        back = f"over {series.window} days"
        panes = [
            PlotPane(
                f"Sharpe {back}",
                (Line("", t.accent, series.rolling_sharpe),),
                ratio,
                base=0.0,
            ),
            PlotPane(
                f"Volatility {back}",
                (Line("", t.curve[2], series.rolling_volatility, is_filled=True),),
                percent,
                base=0.0,
            ),
        ]
        if np.isfinite(series.rolling_beta).any():
            line = Line("", t.curve[3], series.rolling_beta)
            panes.append(PlotPane(f"Beta {back}", (line,), ratio, base=0.0))
        is_known = np.isfinite(series.rolling_volatility).any()
        self.rolling.show_panes(series.day_ts, panes if is_known else ())
        self.rolling.show_range(*self._runs.stretch)

    def _show_falls(self, drawdowns: tuple[Drawdown, ...]) -> None:
        self._drawdowns = drawdowns
        for each in drawdowns:
            days = [
                formatting.day(ts) if ts else "not yet"
                for ts in (each.peak_ts, each.trough_ts, each.recovered_ts)
            ]
            lengths = [f"{x:,.0f}" for x in (each.days, each.to_trough_days)]
            item = QTreeWidgetItem([percent(-each.depth), *days, *lengths])
            for column in _NUMBERS:
                item.setTextAlignment(column, _RIGHT)
            self.falls.addTopLevelItem(item)
        # All of them: the page scrolls, not a list within it.
        row = self.falls.sizeHintForRow(0) if drawdowns else 0
        head = self.falls.header().sizeHint().height()
        self.falls.setFixedHeight(head + max(1, len(drawdowns)) * row + 2)

    # Links.

    def _show(self, first: str, last: str) -> None:
        begin, end = (
            int(np.datetime64(x, "ns").astype(np.int64)) for x in (first, last)
        )
        self._runs.show_range(begin, end)

    def _on_month(self, year: int, month: int) -> None:
        if month:
            after = (year + month // 12, month % 12 + 1)
            self._show(f"{year}-{month:02d}-01", f"{after[0]}-{after[1]:02d}-01")
        else:
            self._show(f"{year}-01-01", f"{year + 1}-01-01")

    def _on_year(self, at: int) -> None:
        self._on_month(int(self.years.labels[at]), 0)

    def _on_fall(self, item: QTreeWidgetItem) -> None:
        run, at = self._runs.current, self.falls.indexOfTopLevelItem(item)
        if run is None or not 0 <= at < len(self._drawdowns):
            return
        each = self._drawdowns[at]
        end = each.recovered_ts or int(run.data.ts[-1])
        room = max(1, (end - each.peak_ts) // _TIGHT)
        self._runs.show_range(each.peak_ts - room, end + room)
        self._runs.point(each.trough_ts)
