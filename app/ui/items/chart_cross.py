"""The last price and the crosshair of a chart, with their tags on the axes."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter

from app.engine.history.records import BarKind
from app.ui import formatting
from app.ui.items import chart_axes as axes
from app.ui.items.chart_floats import Float, around, line_float
from app.ui.models.axis import DAY

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface


class LastPrice:
    """The last price as a line and a tag, with what is left of the bar."""

    def __init__(self) -> None:
        self._key: Any = None
        self._made: list[Float] = []

    def floats(self, chart: "ChartSurface") -> list[Float]:
        """Line and tag; those of before while they say the same at the same place."""
        newest = chart.bars.newest()
        if not len(newest) or chart.listed is None:
            return []
        bar, pane = newest[0], chart.panes[0]
        price = int(bar["close"])
        y = float(pane.scale.y(price))
        if not pane.box.top() <= y <= pane.box.bottom():
            return []
        t, right = chart.ink.theme, chart.plot.right()
        colour = t.gain if price >= bar["open"] else t.loss
        words = [chart.listed.text.price(price), *_left(chart, bar)]
        tag = axes.tag_box(chart.ink, y, right, chart.width() - right, len(words))
        hidden = _touched(chart, tag)
        key = words, colour, y, right, chart.width(), chart.ink, hidden
        if key != self._key:
            self._key = key
            line = QLineF(0, round(y), right, round(y))
            self._made = [
                line_float(line, colour, _DOTS),
                _blank(chart, tag, hidden),
                _tag(chart, tag, words, (colour, t.on_side)),
            ]
        return self._made


def _left(chart: "ChartSurface", bar: Any) -> list[str]:
    """What the open bar has left, where that is known."""
    series = chart.bars.series
    if series is None:
        return []
    if series.spec.kind == BarKind.TICKS:
        return [formatting.count(max(0, series.spec.size - int(bar["trades"])))]
    if series.spec.kind != BarKind.TIME or not chart.now:
        return []
    left = int(bar["end"]) - chart.now
    return [formatting.countdown(left)] if 0 < left <= series.spec.size else []


def cross_floats(chart: "ChartSurface") -> list[Float]:
    """The crosshair's lines and tags; nothing where it is nowhere."""
    x, t, plot = chart.cross_x(), chart.ink.theme, chart.plot
    if x is None or not len(chart.shown):
        return []
    row = chart.shown.rows[chart.pointed()]
    begin = int(row["begin"])
    is_day = int(row["end"]) - begin >= DAY
    words = formatting.day(begin) if is_day else formatting.clock_time(begin, fine=True)
    width = chart.ink.small.width(words) + 10
    left = max(0.0, min(plot.right() - width, x - width / 2))
    box = QRectF(round(left), plot.bottom(), width, chart.ink.small.height + 2)
    line = QLineF(round(x), 0, round(x), plot.bottom())
    made = [
        line_float(line, t.muted, _DASHES),
        _tag(chart, box, [words], (t.raised, t.text)),
    ]
    return made + (_level(chart, chart.pointer.y()) if chart.pointer else [])


def _level(chart: "ChartSurface", y: float) -> list[Float]:
    """The crosshair's level line, and the value there."""
    assert chart.listed is not None
    t, pane = chart.ink.theme, chart.pane_at(y)
    value = pane.scale.value(y)
    if pane.name == "price":
        words = chart.listed.text.price(chart.price_at(y))
    elif pane.name in ("volume", "delta"):
        words = chart.listed.text.size(round(value))
    else:
        words = formatting.axis_number(value, pane.scale.per_px)
    return [
        line_float(QLineF(0, round(y), chart.plot.right(), round(y)), t.muted, _DASHES),
        _tag_at(chart, y, [words], (t.raised, t.text)),
    ]


_DOTS, _DASHES = Qt.PenStyle.DotLine, Qt.PenStyle.DashLine


def _tag_at(
    chart: "ChartSurface", y: float, words: list[str], colours: tuple[str, str]
) -> Float:
    right = chart.plot.right()
    box = axes.tag_box(chart.ink, y, right, chart.width() - right, len(words))
    return _tag(chart, box, words, colours)


def _touched(chart: "ChartSurface", tag: QRectF) -> tuple[float, ...]:
    """Middles of the axis' labels that a tag would cover, wholly or in part."""
    assert chart.listed is not None
    pane, half = chart.panes[0], chart.ink.small.height / 2
    marks = axes.price_marks(chart.ink, pane, chart.listed.text)
    ys = [float(pane.scale.y(mark)) for mark in marks]
    return tuple(y for y in ys if tag.top() - half < y < tag.bottom() + half)


def _blank(chart: "ChartSurface", tag: QRectF, ys: tuple[float, ...]) -> Float:
    """Hide labels of which a tag would leave a part in sight."""
    tall, colour = chart.ink.small.height, chart.ink.theme.panel
    boxes = [QRectF(tag.x() + 1, round(y - tall / 2), tag.width(), tall) for y in ys]

    def paint(painter: QPainter) -> None:
        for box in boxes:
            painter.fillRect(box, chart.ink.brush(colour))

    key = tuple(box.getRect() for box in boxes), colour
    return Float(key, tuple(around(box) for box in boxes), paint)


def _tag(
    chart: "ChartSurface", box: QRectF, words: list[str], colours: tuple[str, str]
) -> Float:
    def paint(painter: QPainter) -> None:
        axes.paint_tag(painter, chart.ink, box, words, colours)

    return Float((box.getRect(), words, colours), (around(box),), paint)
