"""The lines on top of a chart: what it shows, and the values under the crosshair."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from app.ui.items.ink import Ink

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_PAD = 6.0
_GAP = 9.0


def paint_legend(painter: QPainter, ink: Ink, chart: "ChartSurface", at: int) -> None:
    """Paint name, interval and the pointed column's values; more lines where narrow."""
    assert chart.listed is not None
    t, text = ink.theme, chart.listed.text
    row, before = chart.shown.rows[at], float(chart.shown.cumulative[at])
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
        total = text.quantity(round(before) + delta, signed=True)
        words.append((f"ΣΔ {total}", t.muted))
    words += chart.legend_values(at)
    _write(painter, ink, words, chart.plot.right())


def _write(
    painter: QPainter, ink: Ink, words: list[tuple[str, str]], right: float
) -> None:
    glyphs, height = ink.small, ink.small.height
    ink.write_in(painter, glyphs)
    x, y = _PAD, 2.0
    for line, colour in words:
        width = glyphs.width(line)
        if x > _PAD and x + width > right - _PAD:
            x, y = _PAD, y + height
        ground = QRectF(x - 2, y, width + _GAP, height)
        painter.fillRect(ground, ink.brush(ink.theme.panel))
        painter.setPen(ink.pen(colour))
        glyphs.draw(painter, ground, line, 0.0, 2.0)
        x += width + _GAP
