"""Own orders, fills, position on a chart: lines with chips, triangles, an average."""

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from app.engine.records import NO_PRICE
from app.ui import formatting
from app.ui.items.chart_axes import hairline
from app.ui.items.chart_floats import Float, around, level, line_float
from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink
from app.ui.items.spread import spread
from app.ui.models.gains import exit_money
from app.ui.models.intent import Intent
from app.ui.models.market import Listed
from app.ui.models.orders import PENDING, priced_at, sizes, waits_for_stop
from app.ui.models.situation import Situation

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

CROSS: Final = "×"
_PAD: Final = 6.0
_GAP: Final = 4.0
_MOST_FILLS: Final = 400
_FILL_PX: Final = 5.0
_AWAY_PX: Final = 4.0
"""From a bar to the triangle of a fill in it."""
_EDGE: Final = 4.0
_ARM: Final = 10.0
"""From a line to the chip that had to leave it."""


@dataclass(frozen=True, slots=True)
class Chip:
    """An order's label: its line, what it covers, and the part of it that cancels.

    Attributes
    ----------
    away : float
        Px that it stands below its line, to leave room to others.
    """

    order: int
    y: int
    box: QRectF
    cross: QRectF
    away: float = 0.0


def lay_chips(
    chart: "ChartSurface",
    orders: np.ndarray,
    listed: Listed,
    at: Situation | None = None,
) -> list[tuple[Chip, np.void, str]]:
    """Place the chips of orders whose price is in view; none lies on another.

    They stand at the right, where no bars are, and below the legend: those of near
    prices one below another, and only where these fill the height side by side.

    Parameters
    ----------
    at : Situation, optional
        With it exits say what they bring.
    """
    ink, pane = chart.ink, chart.panes[0]
    height = round(ink.small.height) + 3
    found: list[tuple[float, np.void, str]] = []
    for order, size in zip(orders, sizes(orders).tolist(), strict=True):
        price = priced_at(order)
        y = float(pane.scale.y(price)) if price != NO_PRICE else math.nan
        if pane.box.top() <= y <= pane.box.bottom():
            words = order_words(order, size, listed)
            if at is not None:
                gained = exit_money(listed, order, size, orders, at)
                if gained is not None:
                    words += f" {listed.text.money(gained, signed=True)}"
            found.append((y, order, words))
    found.sort(key=lambda each: each[0])
    low = max(pane.box.top(), chart.legend_bottom)
    high = max(low, pane.box.bottom() - height)
    fit = max(1, int((high - low) // (height + 1)) + 1)
    placed: list[tuple[Chip, np.void, str]] = []
    right = chart.plot.right() - _EDGE
    columns = -(-len(found) // fit)
    for column in range(columns):
        part = found[column::columns]
        tops = spread([y - height / 2 for y, _, _ in part], height + 1, low, high)
        made = [
            _chip(ink, order, words, y, QPointF(right, round(top)), chart.legend_bottom)
            for (y, order, words), top in zip(part, tops, strict=True)
        ]
        placed += made
        right = min(chip.box.left() for chip, _, _ in made) - _GAP
    return placed


def _chip(
    ink: Ink, order: np.void, words: str, y: float, corner: QPointF, least: float
) -> tuple[Chip, np.void, str]:
    """A chip whose upper right corner is given, and how far up an arm may go."""
    height = round(ink.small.height) + 3
    cross = round(ink.small.width(CROSS) + 2 * _PAD)
    width = round(ink.small.width(words) + 2 * _PAD) + cross
    box = QRectF(corner.x() - width, corner.y(), width, height)
    part = QRectF(box.right() - cross, box.top(), cross, height)
    # What lies behind the legend has no arm: it would cross the words.
    away = box.center().y() - y if y >= least else 0.0
    away = away if abs(away) > 1 else 0.0
    return Chip(int(order["client_order_id"]), round(y), box, part, away), order, words


def order_words(order: np.void, size: int, listed: Listed) -> str:
    """An order on its chip: ``BUY 5 LMT``."""
    side = formatting.side(int(order["side"]))
    quantity = listed.text.size(size)
    kind = formatting.order_kind(order)
    waits = " …" if int(order["status"]) in PENDING else ""
    return f"{side} {quantity} {kind}{waits}"


def order_lines(
    chart: "ChartSurface", chips: list[tuple[Chip, np.void, str]]
) -> list[Float]:
    """A line at each order's price; those of stops are dashed."""
    made: list[Float] = []
    for chip, order, _ in chips:
        is_stop = bool(waits_for_stop(order))
        style = Qt.PenStyle.DashLine if is_stop else Qt.PenStyle.SolidLine
        colour = chart.ink.theme.side(int(order["side"]))
        line = QLineF(0, chip.y, chart.plot.right(), chip.y)
        made.append(line_float(line, colour, style))
    return made


def order_chips(
    chart: "ChartSurface", chips: list[tuple[Chip, np.void, str]]
) -> list[Float]:
    """Each order's chip, over all but the hand."""
    made: list[Float] = []
    for chip, order, words in chips:
        colour = chart.ink.theme.side(int(order["side"]))
        paint = partial(_paint_chip, chart.ink, chip, words, colour)
        key = chip.box.getRect(), chip.y, words, colour
        made.append(Float(key, (around(_reach(chip)),), paint))
    return made


def _reach(chip: Chip) -> QRectF:
    """What a chip and its arm cover."""
    if not chip.away:
        return chip.box
    arm = QRectF(chip.box.left() - _ARM, chip.y, _ARM, 1)
    return chip.box.united(arm)


def _paint_chip(
    ink: Ink, chip: Chip, words: str, colour: str, painter: QPainter
) -> None:
    if chip.away:  # an arm to its line
        painter.setPen(ink.pen(colour))
        left = QPointF(chip.box.left(), round(chip.box.center().y()))
        painter.drawLine(QLineF(QPointF(left.x() - _ARM, chip.y), left))
    painter.fillRect(chip.box, ink.brush(colour))
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(ink.theme.on_side))
    ink.small.draw(painter, chip.box, words, 0.0, _PAD)
    ink.small.draw(painter, chip.cross, CROSS, 0.5)
    painter.drawLine(QLineF(chip.cross.topLeft(), chip.cross.bottomLeft()))


def ghost_lines(chart: "ChartSurface", ghosts: list[Intent]) -> list[Float]:
    """Lines where orders would go, or wait for a confirm; chips lie over them."""
    pane, right = chart.panes[0], chart.plot.right()
    colour, dashed = chart.ink.theme.warning, Qt.PenStyle.DashLine
    ys = [round(float(pane.scale.y(ghost.at))) for ghost in ghosts]
    return [line_float(QLineF(0, y, right, y), colour, dashed) for y in ys]


def ghost_label(chart: "ChartSurface", intent: Intent) -> Float:
    """The words of a ghost, over its line."""
    ink, pane, right = chart.ink, chart.panes[0], chart.plot.right()
    y = round(float(pane.scale.y(intent.at)))
    words = ink.small.elided(intent.text, max(40.0, right - 60))
    height = round(ink.small.height) + 3
    box = QRectF(8, y - height - 2, round(ink.small.width(words) + 2 * _PAD), height)
    if box.top() < pane.box.top():
        box.moveTop(y + 3)
    colours = ink.theme.warning, ink.theme.warning_cell

    def paint(painter: QPainter) -> None:
        painter.fillRect(box, ink.brush(colours[1]))
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(colours[0]))
        ink.small.draw(painter, box, words, 0.0, _PAD)

    return Float((box.getRect(), words), (around(box),), paint)


@dataclass(frozen=True, slots=True)
class PositionMark:
    """The position's line at its average price, and its box with size and P&L."""

    y: float
    box: QRectF
    words: str
    pnl: int


def position_mark(
    chart: "ChartSurface", part: Any, listed: Listed
) -> PositionMark | None:
    """Place the position; None where there is none in view."""
    position = int(part["position"]) if part is not None else 0
    average = float(part["average_price"]) if part is not None else math.nan
    if not position or not math.isfinite(average):
        return None
    ink, pane = chart.ink, chart.panes[0]
    y = float(pane.scale.y(average))
    if not pane.box.top() <= y <= pane.box.bottom():
        return None
    pnl = int(part["unrealised"])
    words = (
        f"{listed.text.quantity(position, signed=True)} @ "
        f"{listed.text.average(average)} · {listed.text.money(pnl, signed=True)}"
    )
    height = round(ink.small.height) + 3
    highest = max(pane.box.top(), chart.legend_bottom)
    top = max(highest, min(y - height / 2, pane.box.bottom() - height))
    wide = round(ink.small.width(words) + 2 * _PAD)
    box = QRectF(8, math.ceil(top), wide, height)
    return PositionMark(y, box, words, pnl)


def position_floats(chart: "ChartSurface", mark: PositionMark | None) -> list[Float]:
    """A line at the position's average price with its size and profit."""
    if mark is None:
        return []
    ink = chart.ink
    line = QLineF(0, round(mark.y), chart.plot.right(), round(mark.y))
    given = mark.words, ink.theme.change(mark.pnl)
    boxes = level(line.y1(), line.x2()), around(mark.box)
    paint = partial(_paint_position, ink, line, mark.box, *given)
    return [Float((line.toTuple(), *given), boxes, paint)]


def _paint_position(
    ink: Ink, line: QLineF, box: QRectF, words: str, colour: str, painter: QPainter
) -> None:
    painter.setPen(hairline(painter, colour, Qt.PenStyle.DashDotLine))
    painter.drawLine(line)
    painter.setPen(hairline(painter, colour))
    painter.setBrush(ink.brush(ink.theme.panel))
    painter.drawRect(box)
    ink.write_in(painter, ink.small)
    ink.small.draw(painter, box, words, 0.0, _PAD)


def fill_floats(chart: "ChartSurface", fills: np.ndarray) -> list[Float]:
    """Fills as triangles: buys below their bar, sells above it; a tick at the price."""
    rows, pane = chart.shown.rows, chart.panes[0]
    ts = fills["ts_received"]
    is_in = (ts >= rows["begin"][0]) & (ts <= rows["end"][-1])
    fills = fills[is_in][-_MOST_FILLS:]
    if not len(fills):
        return []
    at = np.searchsorted(rows["begin"], fills["ts_received"], side="right") - 1
    at = np.clip(at, 0, len(rows) - 1)
    xs, ys = chart.shown.centres()[at], pane.scale.y(fills["last_price"])
    edges = np.where(fills["side"] > 0, rows["low"][at], rows["high"][at])
    # A fill in a bar that has no such trade yet is still clear of its price.
    sides = fills["side"].astype(np.int64)
    tips = sides * np.maximum(sides * pane.scale.y(edges), sides * ys)
    tips += sides * _AWAY_PX
    drawn = (xs.tolist(), ys.tolist(), tips.tolist(), sides.tolist())
    places = list(dict.fromkeys(zip(*drawn, strict=True)))
    every = np.concatenate([ys, tips])
    seen = QRectF(xs.min(), every.min(), np.ptp(xs), np.ptp(every))
    far = 2 * _FILL_PX + 1
    box = around(seen.adjusted(-far, -far, far, far).intersected(pane.box))
    return [Float(places, (box,), partial(_paint_fills, chart.ink, pane, places))]


def _paint_fills(
    ink: Ink,
    pane: Pane,
    places: list[tuple[float, float, float, int]],
    painter: QPainter,
) -> None:
    painter.save()
    painter.setClipRect(pane.box, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(ink.pen(ink.theme.last))
    for x, price_y, y, side in places:
        base = y + side * _FILL_PX * 1.5
        painter.setBrush(ink.brush(ink.theme.side(side)))
        painter.drawLine(QLineF(x - _FILL_PX, price_y, x - 1, price_y))
        corners = (x, y), (x - _FILL_PX, base), (x + _FILL_PX, base)
        painter.drawPolygon(QPolygonF([QPointF(*each) for each in corners]))
    painter.restore()
    ink.begin()
