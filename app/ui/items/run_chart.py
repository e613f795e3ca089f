"""A chart of the market that a run traded in, with its trades from entry to exit."""

from functools import partial
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from app.analytics.run_data import Table
from app.ui.items.chart_floats import GROUPS, Float, around
from app.ui.items.chart_view import ChartView
from app.ui.theme import Theme

_MARK_PX: Final = 5.5
_REACH_PX: Final = 12.0
_MOST_MARKS: Final = 1_500
_MOST_LINES: Final = 20_000
assert "trading" in GROUPS


class RunChart(ChartView):
    """Adds trades: a triangle at the entry, a cross at the exit, a line between.

    Signals
    -------
    trade_clicked(int)
        Row of a trade.
    trade_stepped(int)
        +1 or -1: the next trade is wanted, or the one before.
    """

    trade_clicked = Signal(int)
    trade_stepped = Signal(int)

    def __init__(self, theme: Theme, scale: float) -> None:
        self._rows: Any = np.empty(0, np.int64)
        self._trades: dict[str, Any] = {}
        self._unit = 1.0
        self._places: Any = np.empty((0, 4))
        self._seen: Any = np.empty(0, np.int64)
        self._version = 0
        self._pressed: QPointF | None = None
        self.chosen = -1
        super().__init__(theme, scale)

    def show_trades(self, trades: Table | None, symbol: str, unit: float) -> None:
        """Show the trades of a symbol.

        Parameters
        ----------
        unit : float
            Currency of a price unit.
        """
        self._version += 1
        self._unit = unit
        if trades is None:
            self._rows, self._trades = np.empty(0, np.int64), {}
        else:
            self._rows = np.flatnonzero(trades["symbol"] == symbol)
            self._trades = {
                name: trades[name][self._rows]
                for name in (
                    *("side", "opened", "closed", "entry_price", "exit_price"),
                    *("pnl",),
                )
            }
        self.show_floats("trading")

    def choose(self, row: int) -> None:
        """Mark a trade, by its row in the run's trades."""
        if row != self.chosen:
            self.chosen = row
            self.show_floats("trading")

    def floats(self) -> dict[str, list[Float]]:
        made = super().floats()
        made["trading"] = self._trade_floats()
        return made

    def _trade_floats(self) -> list[Float]:
        self._find_trades()
        if not len(self._seen):
            return []
        pane = self.panes[0]
        key = (
            *(self._version, self.chosen, self.span.origin, self.span.scale),
            *(pane.scale.low, pane.scale.high, pane.box.height()),
        )
        box = around(pane.box)
        return [Float(key, (box,), partial(self._paint_trades))]

    def _find_trades(self) -> None:
        """Find the trades in view, and where they stand."""
        self._seen = np.empty(0, np.int64)
        if not len(self._rows) or not self.bars.count:
            return
        first, last = self.time_at(0.0), self.time_at(self.plot.right())
        opened, closed = self._trades["opened"], self._trades["closed"]
        ends = np.where(closed > 0, closed, np.iinfo(np.int64).max)
        self._seen = np.flatnonzero((opened <= last) & (ends >= first))[:_MOST_LINES]
        seen, scale = self._seen, self.panes[0].scale
        exits = np.where(closed[seen] > 0, closed[seen], last)
        prices = [self._trades[n][seen] / self._unit for n in _PRICES]
        prices[1] = np.where(np.isfinite(prices[1]), prices[1], prices[0])
        xs = [self._xs(each) for each in (opened[seen], exits)]
        self._places = np.column_stack(
            [xs[0], scale.y(prices[0]), xs[1], scale.y(prices[1])]
        )

    def _xs(self, ts: Any) -> Any:
        """Middles of the bars that some instants are in, px."""
        rows = self.shown.rows
        at = np.searchsorted(rows["end"], ts, side="right")
        inside = np.clip(at, 0, len(rows) - 1)
        xs = self.shown.xs[inside] + self.shown.width / 2
        outer = (at >= len(rows)) | (ts < rows["begin"][0])
        for i in np.flatnonzero(outer).tolist():
            xs[i] = self.place_of((int(ts[i]), 0.0)).x()
        return np.clip(xs, -1e6, 1e6)

    def _paint_trades(self, painter: QPainter) -> None:
        box = self.panes[0].box
        painter.save()
        painter.setClipRect(box)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pnl = self._trades["pnl"][self._seen]
        theme = self.ink.theme
        for is_gain, colour in ((True, theme.gain), (False, theme.loss)):
            pen = QPen(QColor(colour), 1.2, Qt.PenStyle.DashLine)
            painter.setPen(pen)
            lines = self._places[(pnl >= 0) == is_gain]
            painter.drawLines([QLineF(*each) for each in lines.tolist()])
        if len(self._seen) <= _MOST_MARKS:
            for i in range(len(self._seen)):
                self._paint_marks(painter, i)
        self._paint_chosen(painter)
        painter.restore()

    def _paint_marks(self, painter: QPainter, i: int) -> None:
        theme, trade = self.ink.theme, self._seen[i]
        x, y, end_x, end_y = self._places[i].tolist()
        side = int(self._trades["side"][trade])
        painter.setPen(QPen(QColor(theme.panel), 1.0))
        painter.setBrush(QColor(theme.side(side)))
        painter.drawPolygon(_triangle(x, y, side))
        if self._trades["closed"][trade]:
            painter.setBrush(QColor(theme.change(float(self._trades["pnl"][trade]))))
            painter.drawEllipse(QPointF(end_x, end_y), 3.6, 3.6)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_chosen(self, painter: QPainter) -> None:
        for i in np.flatnonzero(self._rows[self._seen] == self.chosen).tolist():
            x, y, end_x, end_y = self._places[i].tolist()
            painter.setPen(QPen(QColor(self.ink.theme.accent), 2.2))
            painter.drawLine(QLineF(x, y, end_x, end_y))
            self._paint_marks(painter, i)
            painter.setPen(QPen(QColor(self.ink.theme.accent), 1.6))
            for at in (QPointF(x, y), QPointF(end_x, end_y)):
                painter.drawEllipse(at, _REACH_PX * 0.75, _REACH_PX * 0.75)

    # The hand.

    def trade_at(self, at: QPointF) -> int:
        """The trade whose mark is at a point; -1 = none."""
        if not len(self._seen):
            return -1
        away = np.minimum(
            np.hypot(self._places[:, 0] - at.x(), self._places[:, 1] - at.y()),
            np.hypot(self._places[:, 2] - at.x(), self._places[:, 3] - at.y()),
        )
        nearest = int(np.argmin(away))
        is_near = away[nearest] <= _REACH_PX
        return int(self._rows[self._seen[nearest]]) if is_near else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        if pressed is not None and (event.position() - pressed).manhattanLength() < 4:
            row = self.trade_at(event.position())
            if row >= 0:
                self.trade_clicked.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_N: 1, Qt.Key.Key_P: -1}
        step = steps.get(Qt.Key(event.key()))
        if step is not None:
            self.trade_stepped.emit(step)
        else:
            super().keyPressEvent(event)


_PRICES: Final = ("entry_price", "exit_price")


def _triangle(x: float, y: float, side: int) -> QPolygonF:
    """A triangle that points at an entry: up from below where it was bought."""
    low = y + side * 2 * _MARK_PX
    return QPolygonF(
        [QPointF(x, y), QPointF(x - _MARK_PX, low), QPointF(x + _MARK_PX, low)]
    )
