"""A bracket that is drawn on a chart: three lines with labels, its risk and reward.

The entry's label ends with two parts: one sends it, the other drops it.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from app.ui.items.chart_axes import hairline
from app.ui.items.chart_floats import Float, around, line_float
from app.ui.items.ink import Ink
from app.ui.items.spread import spread
from app.ui.models.exits import ENTRY, STOP, TARGET
from app.ui.models.intent import Intent
from app.ui.models.judge import Verdict

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

SEND: Final = "Send"
CROSS: Final = "×"
CHOSEN: Final = "▸ "
_LEFT: Final = 8.0
_PAD: Final = 6.0
_VEIL: Final = 30


@dataclass(frozen=True, slots=True)
class Label:
    """The label of one line: its height, what it covers, and the parts that act.

    Attributes
    ----------
    leg : str
        Of `exits.LEGS`.
    y : float
        Of its line, px.
    words, colour : str
    box : QRectF
    send, cross : QRectF
        Null but in the entry's.
    """

    leg: str
    y: float
    words: str
    colour: str
    box: QRectF
    send: QRectF
    cross: QRectF


def lay_labels(
    chart: "ChartSurface", lines: list[tuple[str, Intent]], chosen: str
) -> list[Label]:
    """Place the labels of a plan one below another, each near its line.

    The line that keys move (`chosen`) has a mark before its words.
    """
    if not lines:
        return []
    ink, pane = chart.ink, chart.panes[0]
    height = round(ink.small.height) + 5
    ys = [float(pane.scale.y(intent.at)) for _, intent in lines]
    order = sorted(range(len(lines)), key=ys.__getitem__)
    low = max(pane.box.top(), chart.legend_bottom)
    high = max(low, pane.box.bottom() - height)
    wanted = [ys[i] - height / 2 for i in order]
    tops = dict(zip(order, spread(wanted, height + 2, low, high), strict=True))
    made = []
    for i, (leg, intent) in enumerate(lines):
        send = round(ink.small.width(SEND) + 2 * _PAD) if leg == ENTRY else 0
        cross = round(ink.small.width(CROSS) + 2 * _PAD) if leg == ENTRY else 0
        room = max(40.0, chart.plot.right() - 2 * _LEFT - send - cross - 2 * _PAD)
        mark = CHOSEN if leg == chosen else ""
        words = ink.small.elided(f"{mark}{intent.text}", room)
        width = round(ink.small.width(words) + 2 * _PAD)
        box = QRectF(_LEFT, round(tops[i]), width + send + cross, height)
        made.append(
            Label(
                leg,
                ys[i],
                words,
                _colour(ink, leg, intent),
                box,
                QRectF(box.left() + width, box.top(), send, height),
                QRectF(box.right() - cross, box.top(), cross, height),
            )
        )
    return made


def _colour(ink: Ink, leg: str, intent: Intent) -> str:
    t = ink.theme
    if intent.verdict in (Verdict.BLOCK, Verdict.HOLD):
        return t.warning
    return {ENTRY: t.text, TARGET: t.gain, STOP: t.loss}[leg]


def plan_zones(chart: "ChartSurface", labels: list[Label]) -> list[Float]:
    """What is to win and to lose, as veils over the prices."""
    ys = {label.leg: label.y for label in labels}
    if not ys:
        return []
    t = chart.ink.theme
    return [
        zone(chart, ys[ENTRY], ys[TARGET], t.gain),
        zone(chart, ys[ENTRY], ys[STOP], t.loss),
    ]


def zone(chart: "ChartSurface", one: float, other: float, colour: str) -> Float:
    """A veil between two heights."""
    pane = chart.panes[0].box
    top = max(pane.top(), min(one, other))
    bottom = max(top, min(pane.bottom(), max(one, other)))
    box = QRectF(0, round(top), chart.plot.right(), round(bottom) - round(top))
    veil = QColor(colour)
    veil.setAlpha(_VEIL)
    return Float(
        (box.getRect(), colour),
        (around(box),),
        lambda painter: painter.fillRect(box, veil),
    )


def plan_lines(chart: "ChartSurface", labels: list[Label]) -> list[Float]:
    """The lines that are in view; orders' chips lie over them."""
    pane, right = chart.panes[0].box, chart.plot.right()
    made = []
    for label in labels:
        if pane.top() <= label.y <= pane.bottom():
            y = round(label.y)
            line = QLineF(0, y, right, y)
            made.append(line_float(line, label.colour, Qt.PenStyle.DashLine))
    return made


def plan_labels(chart: "ChartSurface", labels: list[Label]) -> list[Float]:
    """The labels."""
    made = []
    for label in labels:
        key = label.leg, label.words, label.colour, label.box.getRect()
        paint = partial(_paint, chart.ink, label)
        made.append(Float(key, (around(label.box),), paint))
    return made


def _paint(ink: Ink, label: Label, painter: QPainter) -> None:
    t = ink.theme
    painter.setPen(hairline(painter, label.colour))
    painter.setBrush(ink.brush(t.panel))
    painter.drawRect(label.box)
    ink.write_in(painter, ink.small)
    if label.leg == ENTRY:
        painter.fillRect(label.send, ink.brush(t.accent))
        painter.setPen(ink.pen(t.on_accent))
        ink.small.draw(painter, label.send, SEND, 0.5)
        painter.setPen(ink.pen(t.text))
        ink.small.draw(painter, label.cross, CROSS, 0.5)
    painter.setPen(ink.pen(label.colour))
    ink.small.draw(painter, label.box, label.words, 0.0, _PAD)
