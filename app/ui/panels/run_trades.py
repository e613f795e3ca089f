"""Trades of the open run: a table, how far they went, and what was made when."""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.bar_plot import BarPlot
from app.ui.items.blotter_view import BlotterView
from app.ui.items.scatter_plot import ScatterPlot
from app.ui.models.messages import Level
from app.ui.models.report_text import percent, round_money
from app.ui.models.run_trades import RunTrades
from app.ui.models.table import RecordTable

_CHIPS: Final = (
    (("Long", "long"), ("Short", "short")),
    (("Won", "won"), ("Lost", "lost")),
)
_SHOWN: Final = ("hour", "weekday", "month", "symbol", "side", "strategy", "exit")
_WIDE_PX: Final = 900
_HIGH_PX: Final = 380
_SPARE: Final = (
    "Strategy",
    "Fees",
    "MFE",
    "MAE",
    "Held",
    "Exit by",
    "Quantity",
    "Closed",
    "#",
)
"""Columns that go where there is no room, the first one first."""


class RunTradesPanel(QWidget):
    """A row or a point that is chosen is chosen in every panel of the report."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._runs = context, context.library.runs
        theme, scale = context.theme, context.settings.scale
        self.trades = RunTrades()
        self.table = RecordTable(self.trades.columns(theme), lambda: self.trades.rows)
        self.view = BlotterView(self.table, "No trades.")
        self.view.spare_columns(*_SPARE)
        self.view.table.setAccessibleName("Trades of the run")
        self.filter = self.view.add_filter(_CHIPS)
        self.filter.line.setPlaceholderText("Filter: goog long won -stop")
        bridge = context.bridge
        self.view.add_export("trades", lambda words: bridge.tell(words, Level.ERROR))
        self.scatter = ScatterPlot(theme, scale, ("MAE", "return"), percent)
        self.bars = {
            name: BarPlot(theme, scale, f"P&L by {name}", round_money)
            for name in _SHOWN
        }
        self.pages = QTabWidget()
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self._is_telling = False
        self._lay_out()
        self._connect()
        self._on_run()

    def _lay_out(self) -> None:
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setAccessibleName("Pictures of the trades")
        self.pages.addTab(self.scatter, "Excursion")
        for name, bars in self.bars.items():
            self.pages.addTab(bars, name.capitalize())
        self.split.addWidget(self.view)
        self.split.addWidget(self.pages)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.split)

    def _connect(self) -> None:
        runs = self._runs
        runs.opened.connect(self._on_run)
        runs.trade_chosen.connect(self._on_trade)
        self.filter.changed.connect(self._on_filter)
        selection = self.view.table.selectionModel()
        selection.selectionChanged.connect(self._on_row)
        self.view.table.entered_row.connect(lambda _: self._on_row())
        self.scatter.picked.connect(runs.choose_trade)
        self.scatter.stepped.connect(runs.step_trade)
        for name, bars in self.bars.items():
            bars.picked.connect(lambda at, name=name: self._on_group(name, int(at)))

    def state(self) -> dict[str, Any]:
        """Columns, sorting, filter, and which picture is in front."""
        return {"table": self.view.state(), "page": self.pages.currentIndex()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        table, page = state.get("table"), state.get("page")
        if isinstance(table, dict):
            self.view.restore(table)
        if isinstance(page, int):
            self.pages.setCurrentIndex(page)

    def resizeEvent(self, event: QResizeEvent) -> None:
        way = Qt.Orientation
        is_wide = self.width() >= _WIDE_PX * self._context.settings.scale
        self.split.setOrientation(way.Horizontal if is_wide else way.Vertical)
        # In a low panel the table matters most.
        is_high = self.height() >= _HIGH_PX * self._context.settings.scale
        self.pages.setVisible(is_wide or is_high)

    # The run.

    def _on_run(self) -> None:
        run = self._runs.current
        self._is_telling = True
        self.trades.show(run.data if run is not None else None)
        self.view.renew()
        self.view.table.clearSelection()
        self._is_telling = False
        self.view.sync()
        rows = self.trades.rows
        self.scatter.show_points(
            rows["mae_return"],
            rows["return"],
            rows["pnl"],
            lambda at: self._point_words(at),
        )
        self.scatter.choose(-1)
        for i, name in enumerate(self.bars):
            self.pages.setTabVisible(1 + i, self._show_groups(name))

    def _show_groups(self, name: str) -> bool:
        """Show P&L by something; False where there is but one of it."""
        run, bars = self._runs.current, self.bars[name]
        if run is None:
            bars.show_bars((), np.empty(0))
            return True
        groups = run.report.breakdown(name).table
        labels = [str(each) for each in groups["group"]]
        notes = [
            f"{formatting.plural(int(count), 'trade')}, {rate:.0%} won"
            for count, rate in zip(groups["trades"], groups["win_rate"], strict=True)
        ]
        bars.show_bars(labels, groups["pnl"], notes)
        return len(labels) > 1

    def _point_words(self, at: int) -> str:
        record = self.trades.rows[at]
        mae, mfe = (percent(float(record[f"{x}_return"])) for x in ("mae", "mfe"))
        return f"{self.trades.words(record)} · MAE {mae} · MFE {mfe}"

    def _on_filter(self, words: str) -> None:
        self.table.show_where(self.trades.matching(words))
        self.view.sync()
        self._on_trade()

    def _on_group(self, name: str, at: int) -> None:
        """Filter by a bar's symbol, side, strategy or exit."""
        if name in ("symbol", "side", "strategy", "exit"):
            self.filter.line.setText(self.bars[name].labels[at].replace(" ", "_"))

    # What is chosen.

    def _on_row(self, *_: object) -> None:
        chosen = self.view.chosen()
        if not self._is_telling and len(chosen) == 1:
            self._runs.choose_trade(int(self.table.record(chosen[0])["row"]))

    def _on_trade(self) -> None:
        row = self._runs.trade
        self.scatter.choose(row)
        at = self._place_of(row)
        self._is_telling = True
        if at < 0:
            self.view.table.clearSelection()
        elif self.view.chosen() != [at]:
            self.view.table.selectRow(at)
            self.view.table.scrollTo(self.table.index(at, 0))
        self._is_telling = False

    def _place_of(self, row: int) -> int:
        """Where the table shows a trade; -1 = nowhere."""
        places = range(self.table.rowCount())
        return next((at for at in places if self.table.source_row(at) == row), -1)
