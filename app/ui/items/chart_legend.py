"""The lines on top of a chart: what it shows, and the values under the crosshair."""

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from app.ui.items import chart_axes as axes
from app.ui.items.chart_floats import Float, around
from app.ui.items.ink import Ink

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_PAD: Final = 6.0
_GAP: Final = 9.0
_TOP: Final = 2.0


def legend_floats(chart: "ChartSurface") -> list[Float]:
    """Name, interval and the pointed column's values; more lines where narrow."""
    if chart.listed is None or not len(chart.shown):
        return []
    made: list[Float] = []
    ink, right = chart.ink, chart.plot.right()
    x, y = _PAD, _TOP
    for words, colour in _words(chart, chart.pointed()):
        width = round(ink.small.width(words))
        if x > _PAD and x + width > right - _PAD:
            x, y = _PAD, y + ink.small.height
        box = QRectF(x - 2, y, width + _GAP, ink.small.height)
        key = box.getRect(), words, colour
        paint = partial(_paint, ink, box, words, colour)
        made.append(Float(key, (around(box, 0),), paint))
        x += width + _GAP
    return made


def _words(chart: "ChartSurface", at: int) -> list[tuple[str, str]]:
    assert chart.listed is not None
    t, text = chart.ink.theme, chart.listed.text
    row = chart.shown.rows[at]
    delta = int(row["buys"] - row["sells"])
    change = t.gain if row["close"] >= row["open"] else t.loss
    name = f"{chart.listed.instrument.name} · {chart.look.interval}"
    words = [(name, t.text)]
    for letter, field in (("O", "open"), ("H", "high"), ("L", "low"), ("C", "close")):
        words.append((f"{letter} {text.price(int(row[field]))}", change))
    words.append((f"V {text.size(int(row['volume']))}", t.text))
    sign = t.side(delta) if delta else t.text
    words.append((f"Δ {text.quantity(delta, signed=True)}", sign))
    if chart.look.delta:
        before = float(chart.shown.part(at, at + 1).cumulative[0])
        total = text.quantity(round(before) + delta, signed=True)
        words.append((f"ΣΔ {total}", t.muted))
    return words + chart.extras.legend(chart, at)


def _paint(ink: Ink, box: QRectF, words: str, colour: str, painter: QPainter) -> None:
    painter.fillRect(box, ink.brush(ink.theme.panel))
    painter.setPen(ink.pen(colour))
    axes.write_passing(painter, ink, box, words, 2.0)
