"""A picture that compiled code paints boxes and lines into, and that moves sideways."""

from functools import cache
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from app.engine import plot
from app.engine.plot import BOX, draw_line, fill_boxes, move_picture
from app.engine.plot_bars import BAR_JOB, draw_bars

_LINE_UNIT: Final = 128
_BOUND: Final = 1e6


class PlotPicture:
    """A picture in px of the device.

    Parameters
    ----------
    width, height : int
        Px of the device.
    ratio : float
        Device px for one logical px.
    is_opaque : bool
        Every pixel covers what is below.

    Attributes
    ----------
    image : QImage
    clip : tuple of int
        Left, top, right, bottom: nothing else is painted.
    bar_job : (1,) BAR_JOB
        What `bars` are painted by.
    """

    def __init__(
        self, width: int, height: int, ratio: float, *, is_opaque: bool = False
    ) -> None:
        width, height = max(1, width), max(1, height)
        form = QImage.Format.Format_ARGB32_Premultiplied
        self.image = QImage(
            width, height, QImage.Format.Format_RGB32 if is_opaque else form
        )
        self.image.setDevicePixelRatio(ratio)
        self._size = width, height
        # The address is taken once: nothing else may share the picture's memory.
        bits = np.frombuffer(self.image.bits(), np.uint32)
        self._pixels = bits.reshape(height, -1)
        self._job = np.zeros(plot.JOB_WORDS, np.int64)
        self._job[plot.PICTURE] = bits.ctypes.data
        self._job[plot.PITCH] = self.image.bytesPerLine() // 4
        self._address = self._job.ctypes.data
        self.bar_job = np.zeros(1, BAR_JOB)
        self._bar_address = self.bar_job.ctypes.data
        self._asked: tuple[int, int, int, int] | None = None
        self.clip_to(0, 0, width, height)
        self.fill(0)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px of the device."""
        return self._size

    def clip_to(self, left: int, top: int, right: int, bottom: int) -> None:
        """Paint only there, and within the picture, from now on."""
        asked = left, top, right, bottom
        if asked == self._asked:
            return
        self._asked = asked
        width, height = self.size
        left, right = max(0, min(left, width)), max(0, min(right, width))
        top, bottom = max(0, min(top, height)), max(0, min(bottom, height))
        self.clip = (left, top, max(left, right), max(top, bottom))
        self._job[plot.LEFT : plot.BOTTOM + 1] = self.clip

    def fill(self, pixel: int) -> None:
        """Fill the clip with a pixel (0 = nothing is there)."""
        left, top, right, bottom = self.clip
        self._pixels[top:bottom, left:right] = pixel

    def copy(self, other: "PlotPicture") -> None:
        """Become another picture of the same size."""
        self._pixels[:] = other._pixels  # noqa: SLF001 - of the same kind

    def move(self, shift: int) -> None:
        """Move what is in the clip to the left by px; to the right where negative."""
        left, _, right, _ = self.clip
        if 0 < abs(shift) < right - left:
            self._job[plot.SHIFT] = shift
            move_picture(self._address)

    def boxes(self, boxes: Any) -> None:
        """Fill (n,) BOX."""
        if len(boxes):
            self._job[plot.COUNT] = len(boxes)
            self._job[plot.BOXES] = boxes.ctypes.data
            fill_boxes(self._address)

    def bars(self) -> None:
        """Paint the bars of `bar_job`."""
        draw_bars(self._address, self._bar_address)

    def line(self, xs: Any, ys: Any, ink: int, width: float) -> None:
        """Draw a line of a width through points with ascending x; NaN breaks it."""
        is_known = np.isfinite(ys)
        if is_known.all():
            self._stretch(xs, ys, ink, width)
            return
        steps = np.diff(np.concatenate([[0], is_known.view(np.int8), [0]]))
        for begin, end in np.flatnonzero(steps).reshape(-1, 2).tolist():
            self._stretch(xs[begin:end], ys[begin:end], ink, width)

    def _stretch(self, xs: Any, ys: Any, ink: int, width: float) -> None:
        xs = np.ascontiguousarray(xs, np.float64)
        ys = np.ascontiguousarray(np.clip(ys, -_BOUND, _BOUND))
        job = self._job
        job[plot.COUNT], job[plot.INK] = len(xs), ink
        job[plot.XS], job[plot.YS] = xs.ctypes.data, ys.ctypes.data
        job[plot.HALF] = round(_LINE_UNIT * width)
        draw_line(self._address)

    def painter(self) -> QPainter:
        """A painter in logical px, clipped alike; end it before anything else."""
        painter = QPainter(self.image)
        left, top, right, bottom = self.clip
        ratio = self.image.devicePixelRatio()
        painter.scale(1 / ratio, 1 / ratio)
        painter.setClipRect(QRect(left, top, right - left, bottom - top))
        painter.scale(ratio, ratio)
        return painter


def boxes_of(lefts: Any, tops: Any, rights: Any, bottoms: Any, ink: Any) -> Any:
    """Make (n,) BOX of arrays or numbers; edges are cut off far outside of pictures."""
    made = np.empty(len(lefts), BOX)
    for name, values in (
        ("left", lefts), ("top", tops), ("right", rights), ("bottom", bottoms),
    ):  # fmt: skip
        made[name] = np.minimum(np.maximum(values, -_BOUND), _BOUND)
    made["ink"] = ink
    return made


@cache
def argb(colour: str, alpha: int = 255) -> int:
    """A colour of the theme as a pixel."""
    return (int(QColor(colour).rgb()) & 0xFFFFFF) | (alpha << 24)
