"""Price with trades: the market of the open run, and every trade on it."""

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.errors import RingsideError
from app.ui import formatting
from app.ui.context import Context
from app.ui.focus import TimeRange
from app.ui.items.form_field import Choice
from app.ui.items.lines import Line
from app.ui.items.run_chart import RunChart
from app.ui.models.chart_look import STYLES
from app.ui.models.market import Listed
from app.ui.models.run_bars import RunMarket, load_market
from app.ui.models.tick_scale import TickScale
from app.ui.runs import NONE


class RunPricePanel(QWidget):
    """Follows the run that is open, and the trade that is chosen in it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._runs = context.library.runs
        theme, scale = context.theme, context.settings.scale
        self.view = RunChart(theme, scale)
        self.view.accept_hand()
        self.view.setAccessibleName("Price of the run with its trades")
        look = self.view.look
        look.footprint = look.delta = look.vwap = False
        look.profile = ""
        self.symbol, self.interval, self.style_box = Choice(), Choice(), Choice()
        self.said = Line()
        self.market: RunMarket | None = None
        self._wanted: dict[str, Any] = {}
        self._is_stale = True
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.style_box.addItems(STYLES)
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 3, 6, 3)
        bar.setSpacing(4)
        for box, name, tip in (
            (self.symbol, "Symbol of the run", "Which of the run's symbols"),
            (self.interval, "Interval", "How long a bar is"),
            (self.style_box, "Style of the bars", "How bars are drawn"),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            bar.addWidget(box)
        bar.addWidget(self.said, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self.view, 1)

    def _connect(self) -> None:
        runs, view = self._runs, self.view
        runs.opened.connect(self._on_run)
        runs.trade_chosen.connect(self._on_trade)
        runs.time_pointed.connect(self._on_pointed)
        runs.range_shown.connect(self._on_range)
        self.symbol.activated.connect(self._load)
        self.interval.activated.connect(self._show_bars)
        self.style_box.currentTextChanged.connect(self._on_style)
        view.trade_clicked.connect(runs.choose_trade)
        view.trade_stepped.connect(runs.step_trade)
        view.time_pointed.connect(lambda ts: runs.point(ts or 0))
        view.range_moved.connect(self._on_moved)

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {"style": self.view.look.style}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept."""
        if state.get("style") in STYLES:
            self.style_box.setCurrentText(state["style"])

    def showEvent(self, event: object) -> None:
        if self._is_stale:
            self._on_run()

    def resizeEvent(self, event: object) -> None:
        # The chart keeps the width of its bars; a report keeps its stretch of time.
        QTimer.singleShot(0, self, lambda: self._show_stretch(self._runs.stretch))

    # The run.

    def _on_run(self) -> None:
        """Another run is open; its market is read once it can be seen."""
        self._is_stale = True
        if not self.isVisible():
            return
        self._is_stale = False
        run = self._runs.current
        self.symbol.clear()
        self.view.chosen = NONE
        if run is None:
            self._clear("No run is open.")
            return
        traded = run.data.trades["symbol"]
        for row in run.data.card["data"]:
            count = int(np.count_nonzero(traded == row["symbol"]))
            words = f"{row['symbol']} · {formatting.plural(count, 'trade')}"
            if self.symbol.findData(row["symbol"]) < 0:
                self.symbol.addItem(words, row["symbol"])
        self._load()

    def _clear(self, words: str) -> None:
        self.market = None
        self.view.listed = None
        self.view.bars.follow(None)
        self.view.show_trades(None, "", 1.0)
        self.view.forget()
        self.said.show_text(words, self._context.theme.muted)

    def _load(self) -> None:
        """Read the market of the symbol in the background."""
        run, symbol = self._runs.current, str(self.symbol.currentData())
        if run is None:
            return
        row = next(x for x in run.data.card["data"] if x["symbol"] == symbol)
        self._wanted = row
        self._clear(f"reading {symbol}@{row['stream']} …")
        library = self._context.library
        times = run.data.ts
        edges = (int(times[0]), int(times[-1])) if len(times) else (0, 0)
        library.jobs.run(
            partial(load_market, library.catalog(), symbol, row["stream"], *edges),
            partial(self._on_market, row),
            self._on_failed,
        )

    def _on_failed(self, error: BaseException) -> None:
        self.said.show_text(f"no prices: {error}", self._context.theme.warning)

    def _on_market(self, row: dict[str, Any], market: RunMarket) -> None:
        if row is not self._wanted:
            return  # another run or symbol is shown by now
        self.market = market
        self.interval.clear()
        self.interval.addItems(list(market.intervals))
        instrument = market.instrument
        text = formatting.InstrumentText(instrument)
        self.view.listed = Listed(0, instrument, text, TickScale(instrument))
        self._show_bars()

    def _show_bars(self) -> None:
        run, market, view = self._runs.current, self.market, self.view
        if run is None or market is None:
            return
        interval = self.interval.currentText()
        try:
            view.bars.follow(market.series(interval))
        except RingsideError as error:
            self._on_failed(error)
            return
        self.said.show_text("", self._context.theme.text)
        view.look.interval = interval
        view.bars.update()
        view.forget()
        unit = float(market.instrument.price_unit)
        view.show_trades(run.data.trades, market.instrument.name, unit)
        view.choose(self._runs.trade)
        self._show_stretch(self._runs.stretch)
        self._on_trade()

    def _on_style(self, style: str) -> None:
        self.view.look.style = style
        self.view.rebuild()

    # What is chosen.

    def _show_stretch(self, stretch: tuple[int, int]) -> None:
        if stretch[1] > stretch[0] and self.view.bars.count:
            self.view.show_range(TimeRange(*stretch, False))

    def _on_pointed(self) -> None:
        self.view.show_linked(self._runs.ts)

    def _on_range(self, by: object) -> None:
        if by is not self:
            self._show_stretch(self._runs.stretch)

    def _on_moved(self, stretch: TimeRange) -> None:
        self._runs.show_range(stretch.begin, stretch.end, self)

    def _on_trade(self) -> None:
        run, row = self._runs.current, self._runs.trade
        if run is None or self.market is None:
            return
        if row >= 0:
            symbol = str(run.data.trades["symbol"][row])
            if symbol != self.market.instrument.name:
                at = self.symbol.findData(symbol)
                if at >= 0:
                    self.symbol.setCurrentIndex(at)
                    self._load()
                return
        self.view.choose(row)
