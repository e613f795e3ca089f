"""A chart's picture: a still layer of closed bars, the live bar, and what floats above.

The still layer (grid, bars, panes, profiles, drawings) is a pixmap that is painted anew
only when the window, the scales or a closed bar change. A new price paints the live bar
and the tags over it; the crosshair paints itself alone.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QElapsedTimer, QLineF, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from app.engine.history.records import BarKind
from app.ui import formatting, theme as themes
from app.ui.items import (
    chart_axes as axes,
    chart_candles as candles,
    chart_volume as volumes,
)
from app.ui.items.chart_extras import ChartExtras
from app.ui.items.chart_legend import paint_legend
from app.ui.items.chart_scale import Pane, Scale, lay_panes
from app.ui.items.ink import Ink
from app.ui.models import chart_ticks
from app.ui.models.chart_bars import ChartBars
from app.ui.models.chart_columns import NO_COLUMNS, Columns, columns
from app.ui.models.chart_look import ChartLook
from app.ui.models.chart_window import ChartWindow
from app.ui.models.market import Listed
from app.ui.theme import Theme

_USUAL_TICKS: Final = 12
_LIVE_MARGIN: Final = 3


class ChartSurface(QWidget):
    """Paints bars of one instrument.

    Attributes
    ----------
    bars : ChartBars
    span : ChartWindow
    look : ChartLook
    extras : ChartExtras
    listed : Listed or None
    shown : Columns
        What the still layer was painted of.
    panes : list of Pane
        From top to bottom; the first one is that of prices.
    now : int
        The session's clock, ns since 1970 UTC; 0 = unknown.
    paint_ns : int
        How long the last painting took.
    """

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        usual, small = themes.text_font(scale), themes.text_font(scale, 0.88)
        self.ink = Ink(theme, usual, themes.text_font(scale, bold=True), small)
        self.bars = ChartBars()
        self.span = ChartWindow()
        self.look = ChartLook()
        self.extras = ChartExtras()
        self.listed: Listed | None = None
        self.shown: Columns = NO_COLUMNS
        self.panes: list[Pane] = []
        self.now = 0
        self.paint_ns = 0
        self.pointer: QPointF | None = None
        self.linked_ts = 0
        self._scales: dict[str, Scale] = {}
        self._still: QPixmap | None = None
        self._axis_px = 60.0
        self._layout()

    # Geometry.

    @property
    def plot(self) -> QRectF:
        """Where bars are painted, all panes together."""
        bottom = self.height() - round(self.ink.small.height * 1.5)
        return QRectF(0, 0, max(20.0, self.width() - self._axis_px), max(20.0, bottom))

    @property
    def price_scale(self) -> Scale:
        """Scale of the prices."""
        return self.panes[0].scale

    def pane_at(self, y: float) -> Pane:
        """The pane at a height."""
        for pane in self.panes:
            if y < pane.box.bottom():
                return pane
        return self.panes[-1]

    def sizeHint(self) -> QSize:
        return QSize(760, 460)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 110)

    def pane_names(self) -> list[str]:
        """Panes that are wanted, the prices' first."""
        names = ["price"]
        names += ["volume"] if self.look.volume else []
        names += ["delta"] if self.look.delta else []
        names += [each.title for each in self.look.indicators if not each.is_over_bars]
        return names

    def _layout(self) -> None:
        self.panes = lay_panes(self.pane_names(), self.plot, self._scales)
        self.span.show(self.plot.width(), self.bars.count)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.rebuild()

    # What is new.

    def rebuild(self) -> None:
        """Lay out and paint everything anew."""
        self._layout()
        self._still = None
        self.update()

    def forget(self) -> None:
        """Another instrument or session follows: no scale or window of the past."""
        self._scales.clear()
        self.shown = NO_COLUMNS
        self.span.reset()
        self.rebuild()

    def refresh(self, now: int) -> None:
        """Take what the bars have; paint the live bar, or all where more changed.

        Parameters
        ----------
        now : int
            The session's clock, ns since 1970 UTC.
        """
        is_second = now // 1_000_000_000 != self.now // 1_000_000_000
        self.now = now
        count = self.bars.count
        if self.bars.update():
            if self.bars.count != count or not self._take_live():
                self.span.show(self.plot.width(), self.bars.count)
                self._still = None
                self.update()
            else:
                self.update(self._live_box())
        elif is_second and self.span.is_following:
            self.update(self._axis_box())

    def _take_live(self) -> bool:
        """Take the open bar alone; False if the scales must move for it."""
        shown = self.shown
        if shown.last < self.bars.count or not len(shown.rows):
            return True  # it is out of view
        if not shown.is_each:
            return False
        fresh = self.bars.read(shown.last - 1, shown.last)
        if len(fresh) != 1:
            return False
        shown.rows[-1:] = fresh
        return not self._fit_scales()

    def _live_box(self) -> QRect:
        if not len(self.shown.xs):
            return self.rect()
        x = int(self.plot.left() + self.shown.xs[-1]) - _LIVE_MARGIN
        return QRect(x, 0, self.width() - x, self.height()).united(self._legend_box())

    def _legend_box(self) -> QRect:
        return QRect(0, 0, self.width(), round(self.ink.small.height * 2.6))

    def _axis_box(self) -> QRect:
        left = int(self.plot.right())
        return QRect(left, 0, self.width() - left, self.height())

    # Scales.

    def _fit_scales(self) -> bool:
        """Fit every scale to the bars in view; True if one moved."""
        shown = self.shown
        if not len(shown.rows) or self.listed is None:
            return False
        moved = [self._fit(pane, shown.rows) for pane in self.panes]
        return any(moved)

    def _fit(self, pane: Pane, rows: Any) -> bool:
        scale = pane.scale
        if pane.name == "price":
            assert self.listed is not None
            low, high = float(rows["low"].min()), float(rows["high"].max())
            tick = self.listed.instrument.step_at(round(low))
            return scale.fit(low, high, float(_USUAL_TICKS * tick))
        if pane.name == "volume":
            most = float(max(1, rows["volume"].max()))
            if scale.low == 0 and most <= scale.high <= most * 1.6:
                return False
            scale.low, scale.high = 0.0, most * 1.12
            return True
        if pane.name == "delta":
            return scale.fit(*volumes.delta_range(self.shown), 1.0)
        return scale.fit(*self.extras.own_range(pane), 1e-9)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        timer = QElapsedTimer()
        timer.start()
        still = self._still
        ratio = self.devicePixelRatioF()
        if still is None or still.devicePixelRatio() != ratio:
            still = self._still = self._paint_still(ratio)
        painter = QPainter(self)
        self.ink.begin()
        box = QRectF(event.rect())
        painter.setClipRect(event.rect())
        source = QRectF(box.topLeft() * ratio, box.size() * ratio)
        painter.drawPixmap(box, still, source)
        if self.listed is not None and len(self.shown.rows):
            self._paint_live(painter)
        self._paint_above(painter)
        painter.end()
        self.paint_ns = timer.nsecsElapsed()

    def _paint_still(self, ratio: float) -> QPixmap:
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(self.ink.theme.panel))
        painter = QPainter(picture)
        self.ink.begin()
        self._read_columns()
        self._settle_axis()
        if self.listed is None or not len(self.shown.rows):
            self._paint_empty(painter)
        else:
            self._paint_frame(painter)
            painter.setClipRect(self.plot)
            self.extras.under(self, painter)
            self._paint_columns(painter, _without_live(self.shown, self.bars.count))
            self.extras.over(self, painter)
        painter.end()
        return picture

    def anchor(self) -> int:
        """Bar at which the session began: cumulative delta and VWAP begin there."""
        begin = self.extras.session_begin
        return self.bars.find(begin) if begin > 0 else 0

    def _read_columns(self) -> None:
        self.shown = columns(self.bars, self.span, self.anchor())
        self.extras.measure(self)
        self._fit_scales()

    def _settle_axis(self) -> None:
        """Give the price axis the room its labels need; lay out again if it differs."""
        if self.listed is None or not len(self.shown.rows):
            return
        text, scale = self.listed.text, self.price_scale
        tick = self.listed.instrument.step_at(round(scale.low))
        prices = [round(value / tick) * tick for value in (scale.low, scale.high)]
        width = axes.axis_width(self.ink, [text.price(each) for each in prices])
        if abs(width - self._axis_px) > 1:
            self._axis_px = width
            self._layout()
            self._read_columns()

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setPen(self.ink.pen(self.ink.theme.muted))
        self.ink.write_in(painter, self.ink.usual)
        words = "No trades yet."
        if self.listed is None:
            words = "No instrument."
        elif self.bars.is_loading:
            words = "Reading the past…"
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)

    def _paint_frame(self, painter: QPainter) -> None:
        assert self.listed is not None
        ink, plot = self.ink, self.plot
        for pane in self.panes:
            if pane.name == "price":
                axes.paint_prices(painter, ink, pane, self.listed.text, plot.right())
            else:
                labels = self._labels(pane)
                axes.paint_values(painter, ink, pane, labels, plot.right())
        axes.paint_times(painter, ink, self.shown, plot, float(self.height()))
        painter.setPen(ink.pen(ink.theme.line))
        painter.drawLine(QLineF(plot.right(), 0, plot.right(), plot.bottom()))
        painter.drawLine(QLineF(0, plot.bottom(), self.width(), plot.bottom()))

    def _labels(self, pane: Pane) -> list[tuple[float, str]]:
        assert self.listed is not None
        room = max(1, int(pane.box.height() / (self.ink.small.height * 2.4)))
        marks = chart_ticks.value_marks(pane.scale.low, pane.scale.high, room)
        if pane.name not in ("volume", "delta"):
            room_px = (pane.scale.high - pane.scale.low) / room
            return [(mark, formatting.axis_number(mark, room_px)) for mark in marks]
        text = self.listed.text
        return [(mark, text.size(round(mark))) for mark in marks]

    def _paint_columns(self, painter: QPainter, shown: Columns) -> None:
        """Paint bars and panes of what was traded; of the live bar alone, too."""
        if not len(shown.rows):
            return
        left = self.plot.left()
        for pane in self.panes:
            if pane.name == "price":
                self._paint_prices(painter, shown, pane)
            elif pane.name == "volume":
                volumes.paint_volume(painter, self.ink, shown, pane.scale, left)
            elif pane.name == "delta":
                volumes.paint_delta(painter, self.ink, shown, pane.scale, left)

    def _paint_prices(self, painter: QPainter, shown: Columns, pane: Pane) -> None:
        left, style = self.plot.left(), self.look.style
        painter.save()
        painter.setClipRect(pane.box, Qt.ClipOperation.IntersectClip)
        if style == "line" and len(shown.rows) == 1 and len(self.shown.rows) > 1:
            shown = _tail(self.shown, 2)
        shown = self.extras.slim(self, shown)
        candles.paint_bars(painter, self.ink, shown, pane.scale, left, style)
        painter.restore()
        self.ink.begin()

    def _paint_above(self, painter: QPainter) -> None:
        """What floats above everything: crosshair, orders, legend."""
        if self.listed is None or not len(self.shown.rows):
            return
        self.extras.drawings.paint_hand(painter, self)
        self._paint_crosshair(painter)
        paint_legend(painter, self.ink, self, self._pointed())

    def _paint_live(self, painter: QPainter) -> None:
        if self.shown.last >= self.bars.count:
            painter.save()
            painter.setClipRect(self.plot, Qt.ClipOperation.IntersectClip)
            self._paint_columns(painter, _tail(self.shown, 1))
            self.extras.live(self, painter)
            painter.restore()
            self.ink.begin()
        self._paint_last(painter)

    def _paint_last(self, painter: QPainter) -> None:
        """The last price as a line and a tag, with the time that the bar has left."""
        assert self.listed is not None
        newest = self.bars.read(self.bars.count - 1, self.bars.count)
        if not len(newest):
            return
        bar, t, plot = newest[0], self.ink.theme, self.plot
        pane, price = self.panes[0], int(bar["close"])
        y = float(pane.scale.y(price))
        if not pane.box.top() <= y <= pane.box.bottom():
            return
        is_up = bar["close"] >= bar["open"]
        colour = t.gain if is_up else t.loss
        painter.setPen(QPen(QColor(colour), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(0, round(y), plot.right(), round(y)))
        words = [self.listed.text.price(price), *self._left(bar)]
        width = self.width() - plot.right()
        box = axes.tag_box(self.ink, y, plot.right(), width, len(words))
        axes.paint_tag(painter, self.ink, box, words, (colour, t.on_side))

    def _left(self, bar: Any) -> list[str]:
        """What the open bar has left, where that is known."""
        series = self.bars.series
        if series is None or series.spec.kind != BarKind.TIME or not self.now:
            if series is not None and series.spec.kind == BarKind.TICKS:
                return [formatting.count(max(0, series.spec.size - int(bar["trades"])))]
            return []
        left = int(bar["end"]) - self.now
        return [formatting.countdown(left)] if 0 < left <= series.spec.size else []

    def legend_values(self, at: int) -> list[tuple[str, str]]:
        """More words of a column for the legend, with their colours."""
        return self.extras.legend(self, at)

    # The crosshair.

    def _pointed(self) -> int:
        """Column under the crosshair; the newest where there is none."""
        x = self._cross_x()
        if x is None:
            return len(self.shown.rows) - 1
        at = int(np.searchsorted(self.shown.xs, x, side="right")) - 1
        return max(0, min(len(self.shown.rows) - 1, at))

    def _cross_x(self) -> float | None:
        if self.pointer is not None:
            return self.pointer.x()
        if self.linked_ts and len(self.shown.rows):
            rows = self.shown.rows
            at = int(np.searchsorted(rows["begin"], self.linked_ts, side="right")) - 1
            if at >= 0 and self.linked_ts <= int(rows["end"][-1]):
                return float(self.shown.xs[at] + self.shown.width / 2)
        return None

    def _paint_crosshair(self, painter: QPainter) -> None:
        x, t, plot = self._cross_x(), self.ink.theme, self.plot
        if x is None:
            return
        painter.setPen(QPen(QColor(t.muted), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(round(x), 0, round(x), plot.bottom()))
        rows, at = self.shown.rows, self._pointed()
        words = formatting.clock_time(int(rows["begin"][at]), fine=True)
        width = self.ink.small.width(words) + 10
        left = max(0.0, min(plot.right() - width, x - width / 2))
        box = QRectF(left, plot.bottom(), width, self.ink.small.height + 2)
        axes.paint_tag(painter, self.ink, box, [words], (t.raised, t.text))
        if self.pointer is not None:
            self._paint_level(painter, self.pointer.y())

    def _paint_level(self, painter: QPainter, y: float) -> None:
        assert self.listed is not None
        t, plot = self.ink.theme, self.plot
        pane = self.pane_at(y)
        painter.setPen(QPen(QColor(t.muted), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(0, round(y), plot.right(), round(y)))
        value = pane.scale.value(y)
        if pane.name == "price":
            words = self.listed.text.price(self.price_at(y))
        elif pane.name in ("volume", "delta"):
            words = self.listed.text.size(round(value))
        else:
            words = formatting.axis_number(value, pane.scale.per_px)
        width = self.width() - plot.right()
        box = axes.tag_box(self.ink, y, plot.right(), width, 1)
        axes.paint_tag(painter, self.ink, box, [words], (t.raised, t.text))

    def point_of(self, at: QPointF) -> tuple[int, float]:
        """Time (ns since 1970 UTC) and price at a point, in or past the bars."""
        return self.time_at(at.x()), self.panes[0].scale.value(at.y())

    def place_of(self, point: tuple[int, float]) -> QPointF:
        """Where a time and a price are painted."""
        bound = 1e6
        x = self.plot.left() + self.span.x(self._index_of(point[0]))
        y = float(self.panes[0].scale.y(point[1]))
        return QPointF(max(-bound, min(bound, x)), max(-bound, min(bound, y)))

    def time_at(self, x: float) -> int:
        """Time at a pixel, ns since 1970 UTC; past the newest bar it goes on evenly."""
        index = self.span.index_at(x - self.plot.left())
        whole = max(0, min(self.bars.count - 1, int(index)))
        row = self.bars.read(whole, whole + 1)
        if not len(row):
            return 0
        begin, length = int(row["begin"][0]), self._length(row)
        return begin + round((index - whole) * length)

    def _index_of(self, ts: int) -> float:
        whole = max(0, min(self.bars.find(ts), self.bars.count - 1))
        row = self.bars.read(whole, whole + 1)
        if not len(row):
            return 0.0
        part = (ts - int(row["begin"][0])) / self._length(row)
        is_outer = whole in (0, self.bars.count - 1)
        return whole + (part if is_outer else max(0.0, min(1.0, part)))

    def _length(self, row: Any) -> int:
        """How long a bar is, ns; an open one of ticks as long as it is so far."""
        return max(1, int(row["end"][0] - row["begin"][0]))

    def price_at(self, y: float) -> int:
        """Valid price nearest to a height, price units."""
        assert self.listed is not None
        value = self.panes[0].scale.value(y)
        scale = self.listed.scale
        bound = 1 << 60
        index = scale.index(round(max(-bound, min(bound, value))))
        below, above = scale.price(index), scale.price(index + 1)
        return below if value - below <= above - value else above


def _tail(shown: Columns, count: int) -> Columns:
    return replace(
        shown,
        rows=shown.rows[-count:],
        xs=shown.xs[-count:],
        cumulative=shown.cumulative[-count:],
    )


def _without_live(shown: Columns, count: int) -> Columns:
    """Columns that will not change: the open bar is painted over them."""
    if shown.last < count:
        return shown
    return replace(
        shown, rows=shown.rows[:-1], xs=shown.xs[:-1], cumulative=shown.cumulative[:-1]
    )
