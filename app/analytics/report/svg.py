"""Small charts as SVG text: lines, bars, points; colours are classes of the page."""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np

from app.analytics.run_data import Floats

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 10, 24
_DATE: Final = 78
"""Room of a date below."""
_LETTER: Final = 6.6
"""How wide a letter of a tick is, about."""
_BETWEEN: Final = 8
_MOST_POINTS: Final = 1200


class Plot:
    """One chart: scales, a grid, and what is drawn over it.

    Parameters
    ----------
    width, height : int
    x, y : (low, high)
        Range of the values.
    percent : bool
        Whether y is a fraction, told in per cent.
    """

    def __init__(
        self,
        size: tuple[int, int],
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        percent: bool = False,
    ) -> None:
        self.width, self.height = size
        (self.x0, self.x1), (low, high) = x, y
        margin = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
        self.y0, self.y1 = low - margin, high + margin
        self.percent = percent
        self.parts: list[str] = []

    def px(self, x: Floats | float) -> Floats:
        """Values across, in pixels."""
        span = (self.x1 - self.x0) or 1.0
        inner = self.width - _LEFT - _RIGHT
        return np.asarray(_LEFT + (np.asarray(x, float) - self.x0) / span * inner)

    def py(self, y: Floats | float) -> Floats:
        """Values up, in pixels."""
        inner = self.height - _TOP - _BOTTOM
        share = (np.asarray(y, float) - self.y0) / (self.y1 - self.y0)
        return np.asarray(self.height - _BOTTOM - share * inner)

    def grid(self) -> None:
        """Lines across with their values; the one of 0 is stronger."""
        for value in nice_steps(self.y0, self.y1, 5):
            at = float(self.py(value))
            kind = "zero" if value == 0 else "grid"
            self.parts.append(
                f'<line class="{kind}" x1="{_LEFT}" x2="{self.width - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
            )
            self.parts.append(
                f'<text class="tick" x="{_LEFT - 6}" y="{at + 3.5:.1f}" text-anchor="end">{self._told(value)}</text>'
            )

    def _told(self, value: float) -> str:
        if self.percent:
            text = f"{value * 100:.10g}%"
        else:
            size = max(abs(self.y0), abs(self.y1))
            by, unit = (
                (1e6, "M") if size >= 2e6 else (1e3, "k") if size >= 1e4 else (1.0, "")
            )
            text = f"{value / by:.6g}{unit}"
        return text.replace("-", "−")

    def dates(self, days: tuple[int, int]) -> None:
        """Years, months or days below, as many as fit; x counts days since 1970."""
        fit = max(2, int((self.width - _LEFT - _RIGHT) // _DATE))
        first, last = (np.datetime64(each, "D") for each in days)
        months = int(
            (last.astype("datetime64[M]") - first.astype("datetime64[M]")).astype(int)
        )
        unit, step = (
            ("Y", max(1, -(-months // 12 // fit)))
            if months > 30
            else ("M", max(1, -(-months // fit)))
        )
        if months < 2:
            unit, step = "D", max(1, -(-(days[1] - days[0]) // fit))
        start = first.astype(f"datetime64[{unit}]")
        for mark in np.arange(start, last.astype(f"datetime64[{unit}]") + 1, step):
            day = int(mark.astype("datetime64[D]").astype(int))
            if self.x0 <= day <= self.x1:
                self.label(day, str(mark))

    def label(self, x: float, text: str) -> None:
        """A word below the chart."""
        at = float(self.px(x))
        self.parts.append(
            f'<text class="tick" x="{at:.1f}" y="{self.height - 8}" text-anchor="middle">{escape(text)}</text>'
        )

    def labels(self, at: Floats, texts: Sequence[str]) -> None:
        """Words below the chart at even distances: each, or as many as fit."""
        widest = max(map(len, texts), default=0) * _LETTER + _BETWEEN
        apart = float(np.diff(self.px(at[:2]))[0]) if len(at) > 1 else widest
        step = max(1, math.ceil(widest / apart))
        for x, text in zip(at[::step].tolist(), texts[::step], strict=True):
            self.label(x, text)

    def line(self, x: Floats, y: Floats, kind: str, *, fill: bool = False) -> None:
        """A curve; thinned so that each stretch keeps its lowest and highest value."""
        for rows in stretches(y):
            rows = thinned(y, rows)
            px, py = self.px(x[rows]), self.py(y[rows])
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True))
            if fill:
                base = float(self.py(0.0))
                points_down = f"{px[0]:.1f},{base:.1f} {points} {px[-1]:.1f},{base:.1f}"
                self.parts.append(
                    f'<polygon class="{kind} area" points="{points_down}"/>'
                )
            self.parts.append(f'<polyline class="{kind}" points="{points}"/>')

    def bars(
        self,
        left: Floats,
        right: Floats,
        value: Floats,
        titles: Sequence[str] = (),
        kind: str = "",
    ) -> None:
        """Bars from 0, of one class or by their sign."""
        base = float(self.py(0.0))
        for i, (a, b, v) in enumerate(zip(left, right, value, strict=True)):
            if not np.isfinite(v):
                continue
            top = float(self.py(v))
            x, wide = float(self.px(a)), float(self.px(b) - self.px(a))
            title = f"<title>{escape(titles[i])}</title>" if titles else ""
            shade = kind or ("up" if v >= 0 else "down")
            self.parts.append(
                f'<rect class="{shade}" x="{x:.1f}" y="{min(top, base):.1f}" width="{max(wide, 0.5):.1f}" height="{max(abs(top - base), 0.3):.1f}">{title}</rect>'
            )

    def points(
        self, x: Floats, y: Floats, kinds: Sequence[str], titles: Sequence[str]
    ) -> None:
        """Dots with a tip each."""
        for px, py, kind, title in zip(
            self.px(x), self.py(y), kinds, titles, strict=True
        ):
            self.parts.append(
                f'<circle class="{kind}" cx="{px:.1f}" cy="{py:.1f}" r="3"><title>{escape(title)}</title></circle>'
            )

    def svg(self, title: str) -> str:
        """The chart as an SVG element."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" '
            f'viewBox="0 0 {self.width} {self.height}">{"".join(self.parts)}</svg>'
        )


def nice_steps(low: float, high: float, most: int) -> list[float]:
    """Round values in a range, at most so many or one more."""
    raw = (high - low) / most
    if not np.isfinite(raw) or raw <= 0:
        return []
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= raw)
    first = int(np.ceil(low / step))
    return [float(i * step) for i in range(first, int(np.floor(high / step)) + 1)]


def stretches(values: Floats) -> list[np.ndarray]:
    """Rows of each stretch of two or more finite values."""
    known = np.isfinite(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(int), [0]])))
    return [
        np.arange(a, b)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a > 1
    ]


def thinned(values: Floats, rows: np.ndarray) -> np.ndarray:
    """At most some 1,200 rows; of each stretch the lowest and the highest stay."""
    if len(rows) <= _MOST_POINTS:
        return rows
    parts = np.array_split(rows, _MOST_POINTS // 2)
    kept = {int(rows[0]), int(rows[-1])}
    for part in parts:
        kept.add(int(part[np.argmin(values[part])]))
        kept.add(int(part[np.argmax(values[part])]))
    return np.array(sorted(kept))
