"""What is painted over a heatmap's picture: axes, orders, fills, depth, crosshair."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from app.engine.records import NO_PRICE
from app.ui import formatting
from app.ui.items.ink import Ink
from app.ui.items.spread import spread
from app.ui.models.axis import multiples, price_step, time_step
from app.ui.models.heatmap import HeatFrame, OwnLine
from app.ui.models.ladder_build import bar_scale
from app.ui.models.viewport import Viewport

_TIME_PX: Final = 96.0
_PRICE_PX: Final = 34.0
_PAD: Final = 4.0
_STAMPS: Final = 500
_CHIP_PX: Final = 16.0
_ARM_PX: Final = 8.0
"""From a line to the chip that had to leave it."""
_BUY_SIGN, _SELL_SIGN = "B", "S"


class HeatmapPaint:
    """Draws over the picture; `plot` is where the picture is, `depth` right of it."""

    def __init__(self, ink: Ink) -> None:
        self.ink = ink
        self.plot = QRectF()
        self.depth = QRectF()
        self.scale = QRectF()
        self.times = QRectF()
        self._stamps: dict[tuple[int, bool], str] = {}
        self._dash = QPen(ink.pen(ink.theme.muted))
        self._dash.setStyle(Qt.PenStyle.DashLine)

    def lay_out(self, width: float, height: float, digits: int) -> None:
        """Divide a widget: picture, depth, price axis, time axis."""
        ink = self.ink
        axis = ink.usual.width("0" * max(6, digits)) + 4 * _PAD
        bars = min(90.0, width * 0.14)
        low = round(ink.small.height * 1.5)
        across, down = max(1.0, width - axis - bars), max(1.0, height - low)
        self.plot = QRectF(0, 0, round(across), down)
        self.depth = QRectF(self.plot.right(), 0, round(bars), down)
        self.scale = QRectF(self.depth.right(), 0, width - self.depth.right(), down)
        self.times = QRectF(0, down, width, low)

    # Axes.

    def price_axis(self, painter: QPainter, frame: HeatFrame, port: Viewport) -> None:
        """Draw the price axis with its labels."""
        ink, theme = self.ink, self.ink.theme
        painter.fillRect(self.scale, ink.brush(theme.panel))
        painter.setPen(ink.pen(theme.line))
        painter.drawLine(self.scale.topLeft(), self.scale.bottomLeft())
        self._prices(painter, frame, port)

    def time_axis(self, painter: QPainter, port: Viewport) -> None:
        """Draw the time axis with its labels."""
        ink, theme = self.ink, self.ink.theme
        painter.fillRect(self.times, ink.brush(theme.panel))
        painter.setPen(ink.pen(theme.line))
        painter.drawLine(self.times.topLeft(), self.times.topRight())
        self._times(painter, port)

    def _prices(self, painter: QPainter, frame: HeatFrame, port: Viewport) -> None:
        ink, listed = self.ink, frame.listed
        least = _PRICE_PX * port.units_per_px
        step = price_step(listed.instrument, port.tick, least)
        low, high = port.price_at(port.height), port.top
        ink.write_in(painter, ink.usual)
        painter.setPen(ink.pen(ink.theme.muted))
        height = ink.usual.height
        # The last price's tag would leave half of a label in sight.
        tag = -height if frame.last_price == NO_PRICE else port.y_of(frame.last_price)
        for price in multiples(step, low, high):
            y = port.y_of(price)
            if abs(y - tag) < height + 2:
                continue
            if height / 2 <= y <= port.height - height / 2:
                box = QRectF(self.scale.x(), y - height / 2, self.scale.width(), height)
                ink.usual.draw(painter, box, listed.text.price(price), 1.0, 2 * _PAD)

    def _times(self, painter: QPainter, port: Viewport) -> None:
        ink = self.ink
        step = time_step(_TIME_PX * port.ns_per_px)
        is_fine = step < 1_000_000_000
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(ink.theme.muted))
        for ts in multiples(step, port.begin, port.right):
            text = self._stamp(ts, is_fine)
            x, half = port.x_of(ts), ink.small.width(text) / 2
            if x - half >= 0 and x + half <= self.times.width():
                painter.drawLine(
                    QPointF(x, self.times.top()), QPointF(x, self.times.top() + 3)
                )
                box = QRectF(x - half, self.times.y(), 2 * half, self.times.height())
                ink.small.draw(painter, box, text, 0.5)

    def _stamp(self, ts: int, is_fine: bool) -> str:
        """Write a label's time, which is made once."""
        text = self._stamps.get((ts, is_fine))
        if text is None:
            if len(self._stamps) > _STAMPS:
                self._stamps.clear()
            text = self._stamps[ts, is_fine] = formatting.clock_time(ts, fine=is_fine)
        return text

    def before(
        self, painter: QPainter, port: Viewport, first: int, words: str = ""
    ) -> None:
        """Say, left of the first column, that nothing is known of that time, or why."""
        ink, edge = self.ink, port.x_of(first)
        when = self._stamp(first, is_fine=False)
        text = words or f"Nothing is kept from before {when}"
        wide = ink.small.width(text) + 2 * _PAD
        if edge < wide:
            return
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(ink.theme.muted))
        box = QRectF(edge - wide, self.plot.top(), wide, 2 * ink.small.height)
        ink.small.draw(painter, box, text, 1.0, _PAD)

    def recorded(
        self,
        painter: QPainter,
        port: Viewport,
        spans: Sequence[tuple[int, int]],
        first: int,
    ) -> None:
        """Mark what stands before the session's first column as recorded."""
        ink, theme = self.ink, self.ink.theme
        x = round(port.x_of(first)) + 0.5
        if x < 0:
            return
        for begin, end in spans:
            left, right = max(0.0, port.x_of(begin)), min(x, port.x_of(end))
            if right > left:
                band = QRectF(left, self.plot.top(), right - left, 2)
                painter.fillRect(band, ink.brush(theme.accent))
        if x <= self.plot.right():
            painter.setPen(self._dash)
            painter.drawLine(QPointF(x, 0), QPointF(x, self.plot.height()))
        self._label(painter, "recorded", min(x - 3, self.plot.right()), 1.0)
        if self.plot.right() - x > 0:
            self._label(painter, "session", x + 3, 0.0)

    def _label(self, painter: QPainter, text: str, x: float, side: float) -> None:
        """Write a word left (1) or right (0) of a place, at the picture's foot."""
        ink = self.ink
        wide, tall = ink.small.width(text) + 2 * _PAD, ink.small.height + 2
        left = x - wide * side
        if left < 0 or left + wide > self.plot.right():
            return
        box = QRectF(left, self.plot.bottom() - tall, wide, tall)
        self._chip(painter, box, text, ink.theme.raised, ink.theme.text)

    # Depth now.

    def depth_bars(self, painter: QPainter, frame: HeatFrame, port: Viewport) -> None:
        """Draw what rests now, to the right of the picture, on its price scale."""
        ink, theme, area = self.ink, self.ink.theme, self.depth
        painter.fillRect(area, ink.brush(theme.window))
        sides = ((frame.bids, theme.bid_bar), (frame.asks, theme.ask_bar))
        low, high = port.price_at(port.height), port.top
        seen = [
            levels[(levels["price"] >= low) & (levels["price"] <= high)]
            for levels, _ in sides
        ]
        largest = max(
            (int(each["size"].max()) for each in seen if len(each)), default=0
        )
        if not largest:
            return
        full = bar_scale(largest)
        tall = max(1.0, port.tick / port.units_per_px - 1)
        for levels, (_, colour) in zip(seen, sides, strict=True):
            ys = (port.top - levels["price"]) / port.units_per_px - tall / 2
            wide = (area.width() - 2) * levels["size"] / full
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.brush(colour))
            painter.drawRects(
                [
                    QRectF(area.x() + 1, y, max(1.0, w), tall)
                    for y, w in zip(ys.tolist(), wide.tolist(), strict=True)
                ]
            )
            if tall >= ink.small.height - 2:
                self._sizes(painter, frame, levels, ys.tolist(), tall)

    def _sizes(
        self,
        painter: QPainter,
        frame: HeatFrame,
        levels: "object",
        ys: list[float],
        tall: float,
    ) -> None:
        ink, area = self.ink, self.depth
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(ink.theme.text))
        sizes = levels["size"].tolist()  # type: ignore[index]
        for y, size in zip(ys, sizes, strict=True):
            box = QRectF(area.x(), y, area.width(), tall)
            ink.small.draw(painter, box, frame.listed.text.size(size), 0.0, _PAD)

    # Orders and fills.

    def own(self, painter: QPainter, frame: HeatFrame, port: Viewport) -> None:
        """Draw working orders as lines that end in chips on the price axis."""
        lines = [
            (round(port.y_of(line.price)) + 0.5, line)
            for line in sorted(frame.own, key=lambda each: -each.price)
        ]
        lines = [each for each in lines if 0 <= each[0] <= port.height]
        # Chips that would cover one another stand one below another.
        half = _CHIP_PX / 2
        ys = [y for y, _ in lines]
        middles = spread(ys, _CHIP_PX + 1, half, port.height - half)
        # No line lies over the words of another order.
        for y, line in lines:
            pen = QPen(self.ink.pen(self.ink.theme.side(line.side)))
            if line.is_stop:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.drawLine(QPointF(0, y), QPointF(self.depth.right(), y))
        for middle, (y, line) in zip(middles, lines, strict=True):
            self._order_chip(painter, frame, line, y, middle)

    def _order_chip(
        self,
        painter: QPainter,
        frame: HeatFrame,
        line: OwnLine,
        y: float,
        middle: float,
    ) -> None:
        """Name one price's orders; the middle of their chip is at another height."""
        ink, theme = self.ink, self.ink.theme
        colour = theme.side(line.side)
        sign = _BUY_SIGN if line.side > 0 else _SELL_SIGN
        words = f"{sign} {frame.listed.text.size(line.leaves)}"
        if line.is_stop:
            words += " stop"
        if line.orders > 1:
            words += f" ×{line.orders}"
        wide = ink.small.width(words) + 2 * _PAD
        left = self.plot.right() - 2 - wide
        if abs(middle - y) > 1:  # an arm to its line
            painter.setPen(ink.pen(colour))
            painter.drawLine(QPointF(left - _ARM_PX, y), QPointF(left, middle))
        box = QRectF(left, round(middle - _CHIP_PX / 2), wide, _CHIP_PX)
        self._chip(painter, box, words, colour, theme.on_side)

    def fills(self, painter: QPainter, frame: HeatFrame, port: Viewport) -> None:
        """Draw our fills as triangles: up bought, down sold."""
        ink, theme = self.ink, self.ink.theme
        for ts, price, side in frame.fills:
            x, y = port.x_of(ts), port.y_of(price)
            if not (0 <= x <= port.width and 0 <= y <= port.height):
                continue
            painter.setPen(ink.pen(theme.window))
            painter.setBrush(ink.brush(theme.side(side)))
            down = 7.0 * side
            points = (
                QPointF(x, y),
                QPointF(x - 6, y + 1.6 * down),
                QPointF(x + 6, y + 1.6 * down),
            )
            painter.drawPolygon(QPolygonF(points))

    def last(self, painter: QPainter, frame: HeatFrame, port: Viewport) -> None:
        """Draw the last price as a tag on the price axis."""
        theme = self.ink.theme
        y = port.y_of(frame.last_price)
        if frame.last_price != NO_PRICE and 0 <= y <= port.height:
            text = frame.listed.text.price(frame.last_price)
            self._tag(painter, y, text, theme.last_cell, theme.last)

    def _tag(
        self, painter: QPainter, y: float, text: str, ground: str, colour: str
    ) -> None:
        height = self.ink.usual.height + 3
        top = min(max(0.0, y - height / 2), self.scale.height() - height)
        box = QRectF(self.scale.x() + 1, top, self.scale.width() - 1, height)
        painter.fillRect(box, self.ink.brush(ground))
        painter.setPen(self.ink.pen(colour))
        self.ink.write_in(painter, self.ink.usual)
        self.ink.usual.draw(painter, box, text, 1.0, 2 * _PAD)

    def _chip(
        self, painter: QPainter, box: QRectF, text: str, ground: str, colour: str
    ) -> None:
        painter.fillRect(box, self.ink.brush(ground))
        painter.setPen(self.ink.pen(colour))
        self.ink.write_in(painter, self.ink.small)
        self.ink.small.draw(painter, box, text, 0.5)

    # The pointer.

    def crosshair(
        self, painter: QPainter, frame: HeatFrame, port: Viewport, at: QPointF
    ) -> None:
        """Draw the crosshair with its price and time."""
        theme, ink = self.ink.theme, self.ink
        painter.setPen(self._dash)
        painter.drawLine(QPointF(0, at.y()), QPointF(self.scale.x(), at.y()))
        painter.drawLine(QPointF(at.x(), 0), QPointF(at.x(), self.plot.height()))
        scale = frame.listed.scale
        price = scale.price(scale.index(round(port.price_at(at.y()) + port.tick / 2)))
        text = frame.listed.text.price(price)
        self._tag(painter, at.y(), text, theme.accent, theme.on_accent)
        words = formatting.clock_time(port.time_at(at.x()), fine=True)
        wide = ink.small.width(words) + 2 * _PAD
        left = min(max(0.0, at.x() - wide / 2), self.times.width() - wide)
        box = QRectF(left, self.times.y() + 1, wide, self.times.height() - 1)
        self._chip(painter, box, words, theme.accent, theme.on_accent)
