"""Lines on a chart: indicators and VWAP, as polylines broken where nothing is known."""

from typing import Any

import numpy as np
from PySide6.QtCore import QLineF
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink
from app.ui.items.polygon import polygon


def paint_line(
    painter: QPainter, pane: Pane, xs: Any, values: Any, colour: str, width: float = 1.3
) -> None:
    """Paint values at pixels, with gaps where they are NaN."""
    is_known = np.isfinite(values)
    if not is_known.any():
        return
    painter.setPen(QPen(QColor(colour), width))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_known.view(np.int8), [0]])))
    bound = 1e6
    for begin, end in edges.reshape(-1, 2).tolist():
        ys = np.clip(pane.scale.y(values[begin:end]), -bound, bound)
        painter.drawPolyline(polygon(xs[begin:end], ys))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_levels(
    painter: QPainter, ink: Ink, pane: Pane, levels: tuple[float, ...]
) -> None:
    """Paint the levels that an indicator is read by."""
    painter.setPen(QPen(QColor(ink.theme.muted), 1))
    for level in levels:
        y = float(pane.scale.y(level))
        if pane.box.top() <= y <= pane.box.bottom():
            painter.drawLine(QLineF(pane.box.left(), y, pane.box.right(), y))
