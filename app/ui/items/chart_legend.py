"""The lines on top of a chart: what it shows, and the values under the crosshair."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from app.ui import formatting
from app.ui.items import chart_axes as axes
from app.ui.items.chart_floats import Float, around
from app.ui.items.ink import Ink

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_PAD: Final = 6.0
_GAP: Final = 9.0
_TOP: Final = 2.0
_SHARE: Final = 0.2
"""Of the prices' pane that lines of the legend may begin in."""
_PRICES: Final = (("O", "open"), ("H", "high"), ("L", "low"), ("C", "close"))
_Place = tuple[float, float]


class Legend:
    """Name, interval and the pointed column's values; more lines where narrow.

    What says the same at the same place is kept: a trade changes three words of ten.
    In a small chart the words of the later lines are left out, not its bars.

    Attributes
    ----------
    bottom : float
        Where it ends, px.
    """

    def __init__(self) -> None:
        self.bottom = 0.0
        self._kept: list[tuple[Any, Float, _Place]] = []
        self._heads: dict[str, float] = {}
        self._of: Any = None
        self._texts: dict[str, tuple[int, str]] = {}

    def floats(self, chart: "ChartSurface") -> list[Float]:
        """The words, each a float."""
        if chart.listed is None or not len(chart.shown):
            return []
        of = chart.ink, chart.plot.right(), chart.listed
        kept = self._kept if of == self._of else []
        if of != self._of:
            self._texts.clear()
        self._of, self._kept = of, []
        place = _PAD, _TOP
        room = chart.panes[0].box.height() * _SHARE
        most = max(room, _TOP + chart.ink.small.height)
        for i, (words, colour) in enumerate(self.words(chart, chart.pointed())):
            key = words, colour, place
            if i < len(kept) and kept[i][0] == key:
                made = kept[i]
            else:
                made = key, *self._placed(*of[:2], words, colour, place)
            if i and made[2][1] >= most:
                break
            self._kept.append(made)
            place = made[2]
        self.bottom = self._kept[-1][2][1] + chart.ink.small.height
        return [each[1] for each in self._kept]

    def _placed(
        self, ink: Ink, right: float, words: str, colour: str, place: _Place
    ) -> tuple[Float, _Place]:
        """A word at a place or on the next line, and the place behind it."""
        x, y = place
        width = round(self._width(ink, words))
        if x > _PAD and x + width > right - _PAD:
            x, y = _PAD, y + ink.small.height
        box = QRectF(x - 2, y, width + _GAP, ink.small.height)
        paint = partial(_paint, ink, box, words, colour)
        made = Float((box.getRect(), words, colour), (around(box, 0),), paint)
        return made, (x + width + _GAP, y)

    def _width(self, ink: Ink, words: str) -> float:
        """Width of words: the letter before figures is measured once."""
        head, gap, figures = words.partition(" ")
        if head not in self._heads:
            self._heads[head] = ink.small.width(head + gap)
        return self._heads[head] + ink.small.width(figures)

    def words(self, chart: "ChartSurface", at: int) -> list[tuple[str, str]]:
        """What it says of a column, each with its colour."""
        assert chart.listed is not None
        t, text = chart.ink.theme, chart.listed.text
        row = chart.shown.rows[at]
        delta = int(row["buys"] - row["sells"])
        change = t.gain if row["close"] >= row["open"] else t.loss
        name = f"{chart.listed.instrument.name} · {chart.look.interval}"
        words = [(name, t.text)]
        for letter, field in _PRICES:
            words.append((self._text(letter, int(row[field]), text.price), change))
        words.append((self._text("V", int(row["volume"]), text.size), t.text))
        if row["volume"] and not row["buys"] and not row["sells"]:
            words.append((f"Δ {formatting.DASH}", t.muted))  # nobody told the sides
        else:
            sign = t.side(delta) if delta else t.text
            words.append((f"Δ {text.quantity(delta, signed=True)}", sign))
        if chart.look.delta:
            before = float(chart.shown.cumulative[at])
            total = text.quantity(round(before) + delta, signed=True)
            words.append((f"ΣΔ {total}", t.muted))
        words += chart.extras.legend(chart, at)
        if chart.shown.starts[at] < getattr(chart.bars.series, "recorded", 0):
            words.append(("recorded", t.muted))
        if chart.extras.is_reading:
            words.append(("reading older bars…", chart.ink.theme.muted))
        if at in chart.times.gaps:
            words.append(("data lost before this", t.warning))
        return words

    def _text(self, letter: str, value: int, write: Callable[[int], str]) -> str:
        """A letter and a value, written anew where it differs."""
        kept = self._texts.get(letter)
        if kept is None or kept[0] != value:
            kept = self._texts[letter] = value, f"{letter} {write(value)}"
        return kept[1]


def _paint(ink: Ink, box: QRectF, words: str, colour: str, painter: QPainter) -> None:
    painter.fillRect(box, ink.brush(ink.theme.panel))
    painter.setPen(ink.pen(colour))
    axes.write_passing(painter, ink, box, words, 2.0)
