"""The picture under a heatmap: asked for on the window's thread, painted on another.

At most one is being painted; what was asked for meanwhile is the next, and only the
newest of it. The painter has two buffers by turns, so the one on the screen is never
written to.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.engine.history.heat_picture import (
    MOST_PX,
    HeatColours,
    HeatPainter,
    HeatPart,
    HeatPicture,
    HeatRequest,
)
from app.engine.history.heat_tiles import HeatTiles
from app.ui.models.viewport import Viewport
from app.ui.theme import Theme, number, ramp

_log = logging.getLogger("app.ui")
PALETTES: Final = {"heat": "Heat", "sides": "By side"}
_BEND: Final = 1.7
_RADIUS: Final = 13.0
_BUBBLE_PX: Final = 14
_Wanted = tuple[HeatTiles, HeatRequest, HeatColours, tuple[HeatPart, ...]]


class HeatmapPicture(QObject):
    """The newest picture of an instrument's columns.

    Signals
    -------
    painted(object)
        A HeatPicture; `image` is it.

    Attributes
    ----------
    is_busy : bool
        Whether one is being painted.
    """

    painted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.image: QImage | None = None
        self.shown: HeatPicture | None = None
        self._painter = HeatPainter()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="heatmap")
        self._wanted: _Wanted | None = None
        self._held = 0
        self.is_busy = False
        self._generation = 0
        self.painted.connect(self._on_painted)

    def ask(
        self,
        tiles: HeatTiles,
        request: HeatRequest,
        colours: HeatColours,
        past: tuple[HeatPart, ...] = (),
    ) -> None:
        """Have a picture painted; newer requests replace older ones."""
        self._wanted = tiles, request, colours, past
        self._next()

    def forget(self) -> None:
        """Show nothing: other columns follow."""
        self._generation += 1
        self._wanted = self.image = self.shown = None

    def close(self) -> None:
        """End the thread, once what it paints is done."""
        self._wanted = None
        self._pool.shutdown(wait=True)

    def _next(self) -> None:
        if self.is_busy or self._wanted is None:
            return
        wanted, self._wanted = self._wanted, None
        self.is_busy = True
        self._pool.submit(self._paint, self._generation, *wanted)

    def _paint(
        self,
        generation: int,
        tiles: HeatTiles,
        request: HeatRequest,
        colours: HeatColours,
        past: tuple[HeatPart, ...],
    ) -> None:
        try:
            picture = self._painter.paint(tiles, request, colours, past)
            self._give_back(tiles, request)
            self._give_back_past(past, request)
            self.painted.emit((generation, picture))
        except Exception:  # noqa: BLE001 - a job: told, not lost
            _log.exception("a heatmap could not be painted")
            self.painted.emit((generation, None))

    def _give_back(self, tiles: HeatTiles, request: HeatRequest) -> None:
        """Drop the past from memory once a picture has looked at it."""
        if tiles.is_past(request.begin):
            tiles.drop()

    def _give_back_past(self, past: tuple[HeatPart, ...], request: HeatRequest) -> None:
        """Drop what was read before the session, once the picture is elsewhere."""
        wide = request.width * request.ns_per_px
        if past and abs(request.begin - self._held) > wide / 2:
            self._held = request.begin
            for each in past:
                each.tiles.release()

    def _on_painted(self, told: tuple[int, HeatPicture | None]) -> None:
        generation, picture = told
        self.is_busy = False
        if picture is not None and generation == self._generation:
            height, width = picture.pixels.shape
            self.shown = picture
            self.image = QImage(
                picture.pixels.data,
                width,
                height,
                4 * width,
                QImage.Format.Format_RGB32,
            )
        self._next()


def request_of(
    port: Viewport, now: int, ratio: float, codes: tuple[int, int], largest: float
) -> HeatRequest:
    """What a viewport wants to see.

    Parameters
    ----------
    port : Viewport
    now : int
        Where the data end, ns.
    ratio : float
        Device pixels per pixel.
    codes : tuple of int
        Ends of the ramp.
    largest : float
        Volume of the largest bubble; 0 = no bubbles.

    Notes
    -----
    The left edge lies on whole pixels of time: so nothing wobbles while time runs, and
    equal requests, of which there are many between two columns, are equal.
    """
    ns_per_px = port.ns_per_px / ratio
    begin = round(port.begin / ns_per_px) * ns_per_px
    return HeatRequest(
        width=min(MOST_PX, max(1, round(port.width * ratio))),
        height=min(MOST_PX, max(1, round(port.height * ratio))),
        begin=round(begin),
        end=now,
        ns_per_px=ns_per_px,
        top=port.top,
        units_per_px=port.units_per_px / ratio,
        tick=float(port.tick),
        low=codes[0],
        high=codes[1],
        bubble_volume=largest,
        bubble_radius=_RADIUS * ratio,
        bubble_px=round(_BUBBLE_PX * ratio),
        line_px=max(1, round(1.5 * ratio)),
    )


def colours_of(theme: Theme, palette: str) -> HeatColours:
    """Colours of a picture in a theme."""
    # Sizes lie on a scale of doublings; a bent ramp keeps the usual ones dark.
    bend = (255 * np.linspace(0, 1, 256) ** _BEND).round().astype(int)
    if palette == "sides":
        stops = [
            (theme.heat[0], bar, own, side)
            for bar, own, side in (
                (theme.bid_bar, theme.bid_own, theme.bid),
                (theme.ask_bar, theme.ask_own, theme.ask),
            )
        ]
        both = [np.array(ramp(each, 256), np.uint32)[bend] for each in stops]
    else:
        both = [np.array(ramp(theme.heat, 256), np.uint32)[bend]] * 2
    return HeatColours(
        palette=np.concatenate(both),
        ground=number(theme.window),
        outside=number(theme.panel),
        gap=number(theme.raised),
        gap_line=number(theme.line),
        bid_line=number(theme.bid),
        ask_line=number(theme.ask),
        buy=number(theme.bid),
        sell=number(theme.ask),
        rim=number(theme.window),
    )
