"""Execution of the open run: what it cost, how it was filled, what was refused."""

import numpy as np
from PySide6.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.bar_plot import BarPlot
from app.ui.items.stat_list import StatList
from app.ui.models.execution import SECTIONS, binned, cost_shares
from app.ui.models.report_text import held

_BINS = 31


class RunExecutionPanel(QWidget):
    """Costs and fills, as statistics and as pictures."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._runs = context.library.runs
        theme, scale = context.theme, context.settings.scale
        self.stats = StatList(theme, scale)
        count = formatting.short_number

        def bars(title: str) -> BarPlot:
            return BarPlot(theme, scale, title, count, is_signed=False)

        self.slippage = bars("Fills by slippage against arrival, bp of the value")
        self.time = bars("Orders by time to fill")
        self.rejects = bars("Orders refused, by rule")
        self.costs = BarPlot(theme, scale, "P&L before costs, and what took it", count)
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(8, 8, 8, 8)
        grid.setSpacing(10)
        grid.addWidget(self.stats, 0, 0, 1, 2)
        for i, each in enumerate((self.costs, self.slippage, self.time, self.rejects)):
            each.setMinimumHeight(round(150 * scale))
            grid.addWidget(each, 1 + i // 2, i % 2)
        grid.setRowStretch(3, 1)
        area = QScrollArea()
        area.setAccessibleName("Execution")
        area.setWidget(inner)
        area.setWidgetResizable(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self._runs.opened.connect(self._on_run)
        self._on_run()

    def _on_run(self) -> None:
        run, none = self._runs.current, np.empty(0)
        if run is None:
            self.stats.show_sections(())
            for each in (self.slippage, self.time, self.rejects, self.costs):
                each.show_bars((), none)
            return
        data, report = run.data, run.report
        self.stats.show_sections([x for x in report.sections if x.key in SECTIONS])
        fills, orders = data.fills, data.orders
        value = np.where(fills["value"] > 0, fills["value"], np.nan)
        labels, counts = binned(1e4 * fills["slippage"] / value, _BINS, _points)
        self.slippage.show_bars(labels, counts)
        labels, counts = binned(orders["time_to_fill_s"], _BINS, held)
        self.time.show_bars(labels, counts)
        self.rejects.show_bars(
            [each.replace("_", " ") for each in report.rejects],
            list(report.rejects.values()),
        )
        self.costs.show_bars(*cost_shares(data))


def _points(value: float) -> str:
    return f"{value:.6g}".replace("-", formatting.MINUS)
