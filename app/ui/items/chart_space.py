"""Where things are on a chart: panes, scales, times and prices at pixels, and back."""

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtWidgets import QWidget

from app.ui import theme as themes
from app.ui.items.chart_scale import Pane, Scale, lay_panes
from app.ui.items.ink import Ink
from app.ui.models.chart_bars import ChartBars
from app.ui.models.chart_look import ChartLook
from app.ui.models.chart_window import ChartWindow
from app.ui.models.market import Listed
from app.ui.theme import Theme


class ChartSpace(QWidget):
    """The room in which a chart is painted.

    Attributes
    ----------
    bars : ChartBars
    span : ChartWindow
    look : ChartLook
    listed : Listed or None
    panes : list of Pane
        From top to bottom; the first one is that of prices.
    """

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        usual, small = themes.text_font(scale), themes.text_font(scale, 0.88)
        self.ink = Ink(theme, usual, themes.text_font(scale, bold=True), small)
        self.bars = ChartBars()
        self.span = ChartWindow()
        self.look = ChartLook()
        self.listed: Listed | None = None
        self.panes: list[Pane] = []
        self._scales: dict[str, Scale] = {}
        self._axis_px = 60.0
        self._layout()

    @property
    def plot(self) -> QRectF:
        """Where bars are painted, all panes together."""
        return self._plot

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
        bottom = max(20.0, self.height() - round(self.ink.small.height * 1.5))
        self._plot = QRectF(0, 0, max(20.0, self.width() - self._axis_px), bottom)
        self.panes = lay_panes(self.pane_names(), self.plot, self._scales)
        # The legend's first line lies over no bar.
        self.panes[0].scale.top += round(self.ink.small.height)
        self.span.ratio = self.devicePixelRatioF()
        self.span.show(self.plot.width(), self.bars.count)

    def point_of(self, at: QPointF) -> tuple[int, float]:
        """Time (ns since 1970 UTC) and price at a point, in or past the bars."""
        return self.time_at(at.x()), self.panes[0].scale.value(at.y())

    def place_of(self, point: tuple[int, float]) -> QPointF:
        """Where a time and a price are painted."""
        bound = 1e6
        x = self.plot.left() + self.span.x(self.index_of(point[0]))
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

    def index_of(self, ts: int) -> float:
        """Bar at a time, in parts of it; before and past all bars it goes on evenly."""
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
