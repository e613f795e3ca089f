"""Own orders, fills, position on a chart: lines with chips, triangles, an average."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.engine.records import NO_PRICE
from app.ui import formatting
from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink
from app.ui.models.chart_columns import Columns
from app.ui.models.intent import Intent
from app.ui.models.market import Listed
from app.ui.models.orders import PENDING, priced_at

CROSS: Final = "×"
_PAD: Final = 6.0
_GAP: Final = 4.0
_MOST_FILLS: Final = 400
_FILL_PX: Final = 6.0


@dataclass(frozen=True, slots=True)
class Chip:
    """An order's label: what it covers, and the part of it that cancels."""

    order: int
    box: QRectF
    cross: QRectF


def lay_chips(
    ink: Ink, pane: Pane, orders: np.ndarray, listed: Listed, right: float
) -> list[tuple[Chip, np.void, str]]:
    """Place the chips of orders whose price is in view; none lies on another."""
    placed: list[tuple[Chip, np.void, str]] = []
    height = ink.small.height + 3
    for order in orders:
        price = priced_at(order)
        y = float(pane.scale.y(price)) if price != NO_PRICE else math.nan
        if not pane.box.top() <= y <= pane.box.bottom():
            continue
        words = order_words(order, listed)
        cross = ink.small.width(CROSS) + 2 * _PAD
        width = ink.small.width(words) + 2 * _PAD + cross
        box = QRectF(right - 46.0 - width, round(y - height / 2), width, height)
        while hit := [c.box for c, _, _ in placed if c.box.intersects(box)]:
            box.moveRight(min(each.left() for each in hit) - _GAP)
        part = QRectF(box.right() - cross, box.top(), cross, height)
        chip = Chip(int(order["client_order_id"]), box, part)
        placed.append((chip, order, words))
    return placed


def order_words(order: np.void, listed: Listed) -> str:
    """An order on its chip: ``BUY 5 LMT``."""
    side = formatting.side(int(order["side"]))
    quantity = listed.text.size(int(order["leaves"]))
    kind = formatting.order_type(int(order["order_type"]))
    waits = " …" if int(order["status"]) in PENDING else ""
    return f"{side} {quantity} {kind}{waits}"


def paint_orders(
    painter: QPainter, ink: Ink, chips: list[tuple[Chip, np.void, str]], right: float
) -> None:
    """Paint a line at each order's price, and its chip; stops are dashed."""
    t = ink.theme
    for chip, order, words in chips:
        colour = t.side(int(order["side"]))
        y = chip.box.center().y()
        is_stop = order["price"] == NO_PRICE
        style = Qt.PenStyle.DashLine if is_stop else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(colour), 1, style))
        painter.drawLine(QLineF(0, y, right, y))
        painter.fillRect(chip.box, ink.brush(colour))
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(t.on_side))
        ink.small.draw(painter, chip.box, words, 0.0, _PAD)
        ink.small.draw(painter, chip.cross, CROSS, 0.5)
        painter.drawLine(QLineF(chip.cross.topLeft(), chip.cross.bottomLeft()))


def paint_ghost(
    painter: QPainter, ink: Ink, pane: Pane, price: int, intent: Intent, right: float
) -> None:
    """Paint where an order would go, or what waits for a confirm, with its words."""
    y = float(pane.scale.y(price))
    t = ink.theme
    painter.setPen(QPen(QColor(t.warning), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QLineF(0, y, right, y))
    words = ink.small.elided(intent.text, max(40.0, right - 60))
    width = ink.small.width(words) + 2 * _PAD
    box = QRectF(8, y - ink.small.height - 5, width, ink.small.height + 3)
    if box.top() < pane.box.top():
        box.moveTop(y + 3)
    painter.fillRect(box, ink.brush(t.warning_cell))
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(t.warning))
    ink.small.draw(painter, box, words, 0.0, _PAD)


def paint_position(
    painter: QPainter, ink: Ink, pane: Pane, part: Any, listed: Listed
) -> None:
    """Paint a line at the position's average price with its size and profit."""
    position, average = int(part["position"]), float(part["average_price"])
    if not position or not math.isfinite(average):
        return
    y, t = float(pane.scale.y(average)), ink.theme
    if not pane.box.top() <= y <= pane.box.bottom():
        return
    pnl = int(part["unrealised"])
    colour = t.change(pnl)
    painter.setPen(QPen(QColor(colour), 1, Qt.PenStyle.DashDotLine))
    painter.drawLine(QLineF(0, y, pane.box.right(), y))
    words = (
        f"{listed.text.quantity(position, signed=True)} @ "
        f"{listed.text.average(average)} · {listed.text.money(pnl, signed=True)}"
    )
    width = ink.small.width(words) + 2 * _PAD
    height = ink.small.height + 3
    box = QRectF(8, round(y - height / 2), width, height)
    painter.setBrush(ink.brush(t.panel))
    painter.drawRect(box)
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(colour))
    ink.small.draw(painter, box, words, 0.0, _PAD)


def paint_fills(
    painter: QPainter, ink: Ink, pane: Pane, shown: Columns, fills: np.ndarray
) -> None:
    """Paint fills as triangles: up from below for buys, down from above for sells."""
    rows = shown.rows
    begin, end = int(rows["begin"][0]), int(rows["end"][-1])
    ts = fills["ts_received"]
    fills = fills[(ts >= begin) & (ts <= end)][-_MOST_FILLS:]
    if not len(fills):
        return
    at = np.searchsorted(rows["begin"], fills["ts_received"], side="right") - 1
    xs = shown.centres()[np.clip(at, 0, len(rows) - 1)]
    ys = pane.scale.y(fills["last_price"])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(ink.pen(ink.theme.last))
    for side in (1, -1):
        painter.setBrush(ink.brush(ink.theme.side(side)))
        chosen = fills["side"] == side
        for x, y in zip(xs[chosen].tolist(), ys[chosen].tolist(), strict=True):
            base = y + side * _FILL_PX * 1.5
            painter.drawPolygon(
                QPolygonF(
                    [
                        QPointF(x, y),
                        QPointF(x - _FILL_PX, base),
                        QPointF(x + _FILL_PX, base),
                    ]
                )
            )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
