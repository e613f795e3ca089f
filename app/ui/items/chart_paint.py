"""What moves sideways with the bars: bars, panes of volume, lines, footprints.

One painter for all columns, whole or in a strip, and for the newest one alone. It
paints what a picture's clip lets through.
"""

from typing import TYPE_CHECKING, Any, Final

from app.ui.items.chart_candles import paint_bars
from app.ui.items.chart_scale import Pane
from app.ui.items.plot_picture import PlotPicture, argb
from app.ui.models.chart_columns import Columns

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_LINE_PX: Final = 1.4


def paint_columns(
    chart: "ChartSurface", picture: PlotPicture, shown: Columns, near: Columns
) -> None:
    """Paint columns into a picture.

    Parameters
    ----------
    chart : ChartSurface
        Its scales, look and colours are taken.
    picture : PlotPicture
        Its left edge is at the columns' origin.
    shown : Columns
        Whose boxes are painted.
    near : Columns
        Through which lines go: those and their neighbours at least.
    """
    left, top, right, bottom = picture.clip
    for pane in chart.panes:
        above, below = span_of(pane, shown.ratio)
        picture.clip_to(left, max(top, above), right, min(bottom, below))
        if pane.name == "price":
            _prices(chart, picture, shown, near, pane)
        elif pane.name in ("volume", "delta"):
            paint_bars(picture, chart.ink.theme, shown, pane, "candles")
    for pane, values, colour, width in chart.extras.lines(chart, near):
        above, below = span_of(pane, shown.ratio)
        picture.clip_to(left, max(top, above), right, min(bottom, below))
        paint_line(picture, near, pane, values, (argb(colour), width))
    picture.clip_to(left, top, right, bottom)


def span_of(pane: Pane, ratio: float) -> tuple[int, int]:
    """Top and bottom of a pane, px of the device."""
    return round(pane.box.top() * ratio), round(pane.box.bottom() * ratio)


def _prices(
    chart: "ChartSurface",
    picture: PlotPicture,
    shown: Columns,
    near: Columns,
    pane: Pane,
) -> None:
    theme, style = chart.ink.theme, chart.look.style
    if style == "line":
        paint_line(
            picture, near, pane, near.rows["close"], (argb(theme.accent), _LINE_PX)
        )
        return
    paint_bars(picture, theme, shown, pane, style, chart.extras.slim(chart, shown))
    chart.extras.footprints(chart, picture, shown)


def paint_line(
    picture: PlotPicture,
    near: Columns,
    pane: Pane,
    values: Any,
    drawn: tuple[int, float],
) -> None:
    """Paint values at the middles of columns, in a colour and width (px)."""
    width = near.pen if near.is_thin else near.scale
    # Eighths: they add without rounding, so a line is the same wherever it moves.
    xs = near.places - near.origin + round(4 * width) / 8
    ys = pane.scale.y(values) * near.ratio
    picture.line(xs, ys, drawn[0], drawn[1] * near.ratio)
