"""Equity of the open run with its benchmark, how far it was under water, exposure."""

from typing import Any

import numpy as np
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.time_plot import Line, PlotPane, TimePlot
from app.ui.models.report_text import money, percent, round_money
from app.ui.runs import OpenRun

_EMPTY = "No run is open: run a backtest, or open a run."


class RunEquityPanel(QWidget):
    """Three panes over one axis of time, which the report's panels share."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._runs = context, context.library.runs
        theme, scale = context.theme, context.settings.scale
        self.plot = TimePlot(theme, scale, "Equity of the run", _EMPTY)
        self.switches = {
            "benchmark": QCheckBox("Benchmark"),
            "strategies": QCheckBox("Strategies"),
            "exposure": QCheckBox("Exposure"),
        }
        self._title = QLabel()
        self.whole = QPushButton("All")
        self._lay_out()
        runs, plot = self._runs, self.plot
        runs.opened.connect(self._on_run)
        runs.trade_chosen.connect(self._on_trade)
        runs.time_pointed.connect(self._on_pointed)
        runs.range_shown.connect(self._on_range)
        plot.time_pointed.connect(runs.point)
        plot.range_moved.connect(lambda a, b: runs.show_range(a, b, self))
        plot.picked.connect(lambda ts: runs.choose_trade(runs.trade_near(ts)))
        self.whole.clicked.connect(plot.reset_view)
        self._on_run()

    def _lay_out(self) -> None:
        self._title.setProperty("role", "muted")
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 3, 6, 3)
        bar.setSpacing(12)
        bar.addWidget(self._title, 1)
        for name, tip in (
            ("benchmark", "The capital held in the first symbol instead"),
            ("strategies", "Each strategy's share of the capital"),
            ("exposure", "Gross and net exposure, as a share of equity"),
        ):
            switch = self.switches[name]
            switch.setToolTip(tip)
            switch.setChecked(name != "strategies")
            switch.toggled.connect(self._show)
            bar.addWidget(switch)
        self.whole.setToolTip("Show the whole run (Home, or a double click)")
        bar.addWidget(self.whole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.plot, 1)

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {name: each.isChecked() for name, each in self.switches.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept."""
        for name, switch in self.switches.items():
            if isinstance(state.get(name), bool):
                switch.setChecked(state[name])

    # What is bound to a run outlives a panel: no lambda would be let go with it.

    def _on_pointed(self) -> None:
        self.plot.show_pointed(self._runs.ts)

    def _on_range(self, _: object) -> None:
        self.plot.show_range(*self._runs.stretch)

    def _on_run(self) -> None:
        run = self._runs.current
        many = run is not None and len(run.data.strategy_equity) > 1
        self.switches["strategies"].setVisible(many)
        self._title.setText(run.title if run is not None else "")
        self.plot.show_band(0, 0)
        self._show()
        self.plot.show_range(*self._runs.stretch)

    def _show(self) -> None:
        run = self._runs.current
        if run is None:
            self.plot.show_panes(np.empty(0, np.int64), ())
            return
        panes = [self._equity(run), self._underwater(run)]
        if self.switches["exposure"].isChecked():
            panes.append(self._exposure(run))
        self.plot.show_panes(run.data.ts, panes)
        last = float(run.data.equity[-1]) if len(run.data.equity) else run.data.start
        told = (
            f"{money(last)} {run.data.currency}, {percent(last / run.data.start - 1)}"
        )
        self.plot.setAccessibleName(f"Equity of {run.title}: {told}")

    def _equity(self, run: OpenRun) -> PlotPane:
        t, data = self._context.theme, run.data
        lines = []
        prices = data.benchmark_price
        if self.switches["benchmark"].isChecked() and len(prices):
            held = data.start * prices / prices[0]
            name = str((data.card.get("benchmark") or {}).get("symbol", "benchmark"))
            lines.append(Line(f"{name} held", t.muted, held, ts=data.benchmark_ts))
        if self.switches["strategies"].isChecked():
            for i, (name, values) in enumerate(data.strategy_equity.items()):
                colour = t.curve[(1 + i) % len(t.curve)]
                lines.append(Line(name, colour, values, width=1.1))
        lines.append(Line("equity", t.accent, data.equity, width=1.8))
        return PlotPane("Equity", tuple(lines), round_money, share=2.6)

    def _underwater(self, run: OpenRun) -> PlotPane:
        values = run.report.series.underwater
        line = Line("below the peak", self._context.theme.loss, values, is_filled=True)
        return PlotPane("Under water", (line,), percent, share=1.0, base=0.0)

    def _exposure(self, run: OpenRun) -> PlotPane:
        t, series = self._context.theme, run.report.series
        lines = (
            Line("gross", t.curve[2], series.gross_share, is_filled=True),
            Line("net", t.curve[3], series.net_share),
        )
        return PlotPane("Exposure", lines, formatting.percent, share=0.8, base=0.0)

    def _on_trade(self) -> None:
        run, row = self._runs.current, self._runs.trade
        if run is None or row < 0:
            self.plot.show_band(0, 0)
            return
        trades = run.data.trades
        opened, closed = int(trades["opened"][row]), int(trades["closed"][row])
        self.plot.show_band(opened, closed or int(run.data.ts[-1]))
