"""A chart's picture: what stands, what moves with the bars, the newest, what floats.

Four layers, from below: the ground (grid, scales, profile), closed columns as a picture
that is moved by whole pixels and painted on in strips, the newest column, and floats
(last price, orders, crosshair, legend). Each is painted when what it shows has changed,
and of the screen only what differs: a trade costs a column, a tag and some words.
"""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QElapsedTimer, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QRegion, QResizeEvent

from app.ui import formatting
from app.ui.items import chart_axes as axes
from app.ui.items.chart_candles import delta_range
from app.ui.items.chart_cross import LastPrice, cross_floats
from app.ui.items.chart_extras import ChartExtras
from app.ui.items.chart_floats import Float, Floats
from app.ui.items.chart_ground import Ground, Still, Times
from app.ui.items.chart_layer import BarLayer, NewestLayer
from app.ui.items.chart_legend import Legend
from app.ui.items.chart_scale import Pane
from app.ui.items.chart_space import ChartSpace
from app.ui.models.chart_columns import NO_COLUMNS, Columns, moved, with_newest
from app.ui.theme import Theme

_USUAL_TICKS: Final = 12
_NO_BEGINS: Final = np.zeros(0, np.int64)


class ChartSurface(ChartSpace):
    """Paints bars of one instrument.

    Attributes
    ----------
    extras : ChartExtras
    shown : Columns
        What is in view.
    begins : (n,) int64
        Bars at which sessions begin: cumulative delta and VWAP begin anew there.
    now : int
        The session's clock, ns since 1970 UTC; 0 = unknown.
    layer : BarLayer
    times : Times
    paint_ns : int
        How long the last painting took.
    """

    def __init__(self, theme: Theme, scale: float) -> None:
        self.extras = ChartExtras()
        self.shown: Columns = NO_COLUMNS
        self.begins: Any = _NO_BEGINS
        self.now = 0
        self.paint_ns = 0
        self.pointer: QPointF | None = None
        self.linked_ts = 0
        self.layer = BarLayer()
        self._ground, self._newest = Ground(), NewestLayer()
        self._still = Still()
        self._last, self._legend = LastPrice(), Legend()
        self.times, self._floats = Times(), Floats()
        self._sessions = 0, 0
        self._looks = 0
        self._closed = 0
        self._extents: dict[str, tuple[float, float]] = {}
        self._fitted: dict[str, tuple[float, float]] = {}
        self._is_stale = True
        super().__init__(theme, scale)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.rebuild()

    # What is new.

    def rebuild(self) -> None:
        """Something of the look changed: lay out, read and paint everything anew."""
        self._looks += 1
        self._closed = 0
        self._layout()
        self.move_on()

    def move_on(self) -> None:
        """The window or a scale moved: paint what came into view."""
        self._is_stale = True
        self.update()

    def forget(self) -> None:
        """Another instrument or session follows: no scale or window of the past."""
        self._scales.clear()
        self.shown = NO_COLUMNS
        self.span.reset()
        self.rebuild()

    def shift(self, added: int) -> None:
        """Older bars came before all others: what is seen stays where it is."""
        self.span.shift(added)
        self._closed = 0
        self.move_on()

    def refresh(self, now: int) -> None:
        """Take what the bars have; paint the newest, or more where more changed.

        Parameters
        ----------
        now : int
            The session's clock, ns since 1970 UTC.
        """
        is_second = now // 1_000_000_000 != self.now // 1_000_000_000
        self.now = now
        if self.bars.update():
            self.span.show(self.plot.width(), self.bars.count)
            if not self._is_stale and not self._take_newest():
                self.move_on()
        elif is_second and not self._is_stale:
            self._float("last", self._last.floats(self))

    def _take_newest(self) -> bool:
        """Take the newest column alone; False if more than it changed."""
        if not len(self.shown) or self.span.origin != self.shown.origin:
            return False
        if self.shown.last <= self._closed:
            # Bars come past the right edge.
            self._float("last", self._last.floats(self))
            return True
        fresh = with_newest(self.bars, self.span, self.shown)
        if fresh is None:
            return False
        self.shown = fresh
        self.extras.measure_newest(self)
        if self._fit_scales():
            return False
        self._newest.paint(self)
        left = int(self._newest.x / self.span.ratio)
        self.update(QRect(left, 0, int(2 * fresh.width) + 14, int(self.plot.bottom())))
        self._float("last", self._last.floats(self))
        self._float("legend", self._legend.floats(self))
        return True

    def _take(self, shown: Columns) -> None:
        self._find_sessions()
        self.shown = shown.by_session(self.bars, self.begins)
        self._closed = max(0, self.bars.count - 1)

    def _find_sessions(self) -> None:
        """Find the bars at which sessions begin, as more of them do."""
        times, newest = self.extras.trade_dates, self.bars.count - 1
        ends = self.bars.read(newest, newest + 1)["end"]
        begun = int(np.searchsorted(times, ends[0])) if len(ends) else 0
        key = self.bars.generation, begun
        if key != self._sessions:
            self._sessions = key
            found = [self.bars.find(int(each)) for each in times[:begun]]
            # Not np.unique: the first call imports numpy.ma, while a window starts.
            self.begins = np.array(sorted(set(found)), np.int64)

    @property
    def legend_bottom(self) -> float:
        """Where the legend ends, px from the top."""
        return self._legend.bottom

    @property
    def is_newest_in_view(self) -> bool:
        """Whether the newest bar is among the columns."""
        return bool(len(self.shown)) and self.shown.last >= self.bars.count

    def closed(self) -> Columns:
        """The columns that will not change."""
        count = len(self.shown)
        return self.shown.part(0, count - 1) if self.is_newest_in_view else self.shown

    def _float(self, group: str, floats: list[Float]) -> None:
        for box in self._floats.put(group, floats):
            self.update(box)

    # Scales.

    def _measure(self) -> None:
        """Work out the extents of all closed columns in view."""
        shown = self.closed()
        seen = shown.seen()
        shown = shown.part(seen.start, seen.stop)
        self._extents = {pane.name: self._extent(pane, shown) for pane in self.panes}
        self._fitted = {}

    def _fit_scales(self) -> bool:
        """Fit every scale to what is in view; True if one moved."""
        if self.listed is None or not len(self.shown):
            return False
        is_moved = False
        for pane in self.panes:
            low, high = self._extents[pane.name]
            if self.is_newest_in_view:
                least, most = self._newest_extent(pane)
                low = least if not low <= least else low  # NaN: none so far
                high = most if not high >= most else high
            if self._fitted.get(pane.name) != (low, high):
                self._fitted[pane.name] = low, high
                is_moved |= self._fit(pane, low, high)
        return is_moved

    def _newest_extent(self, pane: Pane) -> tuple[float, float]:
        """`_extent` of the newest column alone."""
        row = self.shown.rows[-1]
        if pane.name == "price":
            return float(row["low"]), float(row["high"])
        if pane.name == "volume":
            return 0.0, float(row["volume"])
        if pane.name == "delta":
            base = float(self.shown.cumulative[-1])
            return base + float(row["delta_low"]), base + float(row["delta_high"])
        return self.extras.own_range(pane)

    def _extent(self, pane: Pane, shown: Columns) -> tuple[float, float]:
        """Lowest and highest value of some columns in a pane; NaN = none."""
        rows = shown.rows
        if not len(rows):
            return np.nan, np.nan
        if pane.name == "price":
            return float(rows["low"].min()), float(rows["high"].max())
        if pane.name == "volume":
            return 0.0, float(rows["volume"].max())
        if pane.name == "delta":
            return delta_range(shown)
        return self.extras.own_range(pane)

    def _fit(self, pane: Pane, low: float, high: float) -> bool:
        scale = pane.scale
        if pane.name == "price":
            assert self.listed is not None
            tick = self.listed.instrument.step_at(round(low)) if low == low else 1
            return scale.fit(low, high, float(_USUAL_TICKS * tick))
        if pane.name == "volume":
            most = max(1.0, high)
            if scale.low == 0 and most <= scale.high <= most * 1.6:
                return False
            scale.low, scale.high = 0.0, most * 1.25
            return True
        return scale.fit(low, high, 1.0 if pane.name == "delta" else 1e-9)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        timer = QElapsedTimer()
        timer.start()
        if self.span.ratio != self.devicePixelRatioF():
            self.rebuild()
        region = event.region()
        is_moved = self._is_stale
        if is_moved:
            self._settle()
        profile = self.extras.profile_number
        is_new = self._ground.bring(self, self._key(), profile)
        if is_moved or is_new:
            self._still.bring(self, self._ground.picture, self.layer.picture)
        painter = QPainter(self)
        self.ink.begin()
        self._paint(painter, region)
        painter.end()
        self.paint_ns = timer.nsecsElapsed()

    def settle(self) -> None:
        """Read what a move brought into view now, not with the next paint."""
        if self._is_stale:
            self._settle()
            self.update()

    def _settle(self) -> None:
        """Bring every layer to what is to be seen."""
        self._read()
        self._settle_axis()
        self._is_stale = False
        if self.listed is None or not len(self.shown):
            self._floats.clear()
            return
        self.layer.bring(self, (self._key(), self.extras.begin_keys(self)))
        if self.is_newest_in_view:
            self._newest.paint(self)
        self.times.lay(self)
        for group, floats in self.floats().items():
            self._floats.put(group, floats)

    def show_floats(self, *groups: str) -> None:
        """What floats (of some groups) may have changed: paint what of it did."""
        if not self._is_stale and len(self.shown) and self.listed is not None:
            for group, floats in self.floats().items():
                if not groups or group in groups:
                    self._float(group, floats)

    def show_profile(self) -> None:
        """There is another profile: it lies at the right of the prices."""
        box = self.panes[0].box
        self.update(
            QRectF(
                box.right() * 0.7, box.top(), box.right(), box.height()
            ).toAlignedRect()
        )

    def floats(self) -> dict[str, list[Float]]:
        """All that floats, by group."""
        return {
            "last": self._last.floats(self),
            "cross": cross_floats(self),
            "legend": self._legend.floats(self),
        }

    def _read(self) -> None:
        if not self._is_kept():
            self._take(moved(self.bars, self.span, self.shown, self._closed))
        self.extras.measure(self)
        self._measure()
        self._fit_scales()

    def _is_kept(self) -> bool:
        """Bring the columns up to date by the newest; False if more of them changed."""
        shown, span = self.shown, self.span
        if not self._closed or self._closed != self.bars.count - 1 or not len(shown):
            return False
        before = shown.origin, shown.extent, shown.scale, shown.ratio
        if before != (span.origin, span.extent, span.scale, span.ratio):
            return False
        if shown.last <= self._closed:
            return True
        return with_newest(self.bars, span, shown) is shown

    def _key(self) -> Any:
        """What ground and bars depend on beside the columns."""
        scales = tuple((each.scale.low, each.scale.high) for each in self.panes)
        plot = self.plot.width(), self.plot.height()
        return scales, plot, self.span.scale, self._looks, self.bars.generation

    def _settle_axis(self) -> None:
        """Give the price axis the room its labels need; lay out again if it differs."""
        if self.listed is None or not len(self.shown):
            return
        text, scale = self.listed.text, self.price_scale
        tick = self.listed.instrument.step_at(round(scale.low))
        prices = [round(value / tick) * tick for value in (scale.low, scale.high)]
        width = axes.axis_width(self.ink, [text.price(each) for each in prices])
        if abs(width - self._axis_px) > 1:
            self._axis_px = width
            self._layout()
            self._read()

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        assert self._still.picture is not None
        self._copy(painter, region, self._still.picture.image)
        if self.listed is None or not len(self.shown):
            self._paint_empty(painter)
            return
        if self.is_newest_in_view:
            self._paint_newest(painter, region.intersected(self.plot.toAlignedRect()))
        self._floats.paint(painter, region)

    def _copy(
        self, painter: QPainter, region: QRegion, image: QImage, x: float = 0.0
    ) -> None:
        """Copy a picture's part, box by box.

        Under a clip of several boxes Qt looks at every row of the picture.
        """
        boxes: Any = region
        for box in boxes:
            painter.setClipRect(box)
            painter.drawImage(QPointF(x, 0), image)
        painter.setClipping(False)

    def _paint_newest(self, painter: QPainter, inner: QRegion) -> None:
        picture = self._newest.picture
        if picture is not None:
            x, ratio = self._newest.x / self.span.ratio, self.span.ratio
            width, height = (each / ratio for each in picture.size)
            box = QRectF(x, 0, width, height).toAlignedRect()
            self._copy(painter, inner.intersected(box), picture.image, x)

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setPen(self.ink.pen(self.ink.theme.muted))
        self.ink.write_in(painter, self.ink.usual)
        words = "No trades yet."
        if self.listed is None:
            words = "No instrument."
        elif self.bars.is_loading:
            words = "Reading the past…"
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)

    # The crosshair.

    def values(self) -> str:
        """All that is known at the crosshair, as a line of words."""
        if self.listed is None or not len(self.shown):
            return ""
        at = self.pointed()
        begin = int(self.shown.rows["begin"][at])
        words = [f"{formatting.day(begin)} {formatting.clock_time(begin)}"]
        if self.pointer is not None and self.pane_at(self.pointer.y()).name == "price":
            words.append(self.listed.text.price(self.price_at(self.pointer.y())))
        words += [each for each, _ in self._legend.words(self, at)]
        return ", ".join(words)

    def pointed(self) -> int:
        """Column under the crosshair; the newest in the plot where there is none."""
        x = self.cross_x()
        if x is None:
            return max(0, int(self.shown.seen().stop) - 1)
        at = int(np.searchsorted(self.shown.xs, x, side="right")) - 1
        return max(0, min(len(self.shown) - 1, at))

    def cross_x(self) -> float | None:
        """Where the crosshair's upright line is, px; None = nowhere."""
        if self.pointer is not None:
            return self.pointer.x()
        if self.linked_ts and len(self.shown):
            rows = self.shown.rows
            at = int(np.searchsorted(rows["begin"], self.linked_ts, side="right")) - 1
            if at >= 0 and self.linked_ts <= int(rows["end"][-1]):
                return float(self.shown.xs[at] + self.shown.width / 2)
        return None

    def show_cross(self) -> None:
        """The crosshair moved: paint it, and the values under it."""
        if not self._is_stale and len(self.shown) and self.listed is not None:
            self._float("cross", cross_floats(self))
            self._float("legend", self._legend.floats(self))
