"""Between a session's columns of depth and a heatmap's view: what to show, and when.

A picture is asked for when it would differ: another stretch of time or prices, a new
column, another contrast. Frames between are a repaint of what lies over it.
"""

from dataclasses import replace
from typing import Any, Final

from app.engine.history.heat_picture import HeatPicture, HeatRequest, quantile_codes
from app.engine.history.heat_tiles import HeatTiles
from app.engine.records import NO_PRICE
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.heatmap_picture import colours_of, request_of
from app.ui.items.heatmap_view import HeatmapView
from app.ui.models.heatmap import Contrast, build_heat_frame
from app.ui.models.ladder_build import bar_scale
from app.ui.models.market import Listed
from app.ui.recorded_depth import RecordedDepth

_WAITING: Final = "No depth yet"
_NONE: Final = "This session keeps no depth over time"


class HeatmapFeed:
    """Feeds one view.

    Attributes
    ----------
    contrast : Contrast
    """

    def __init__(self, context: Context, view: HeatmapView) -> None:
        self._context = context
        self._view = view
        self.contrast = Contrast()
        self._listed: Listed | None = None
        self._asked: Any = None
        self._colours = colours_of(context.theme, "heat")
        self._palette = "heat"
        self._has_bubbles = True
        self._largest = 0
        self.past = RecordedDepth(context.library)
        self.past.loaded.connect(self.take)
        view.picture.painted.connect(self._on_painted)

    @property
    def tiles(self) -> HeatTiles | None:
        """The columns that are shown; None if there are none."""
        session, listed = self._context.bridge.session, self._listed
        history = session.history if session is not None else None
        if history is None or listed is None:
            return None
        return history.heatmap(listed.number)

    def begin(self, listed: Listed | None) -> None:
        """Show another instrument, or another session's."""
        self._listed = listed
        self._asked, self._largest = None, 0
        self.past.begin()
        tick, digits = 1, 6
        if listed is not None:
            tick = listed.instrument.tick_table[0].step
            digits = len(listed.text.price(_last(self._context, listed)))
        self._view.begin(tick, digits)
        self.take()

    def choose(self, palette: str, has_bubbles: bool) -> None:
        """Take other colours, with or without the trades."""
        self._colours = colours_of(self._context.theme, palette)
        self._palette, self._has_bubbles = palette, has_bubbles
        self._asked = None
        self.ask()

    def zoom_to(self, ns_per_px: Any) -> None:
        """Take a zoom that was kept; anything else is passed over."""
        if isinstance(ns_per_px, int | float) and ns_per_px > 0:
            port = self._view.port
            port.zoom_time(ns_per_px / port.ns_per_px, port.width)

    def take(self) -> None:
        """Take the newest view of the market."""
        listed, view = self._listed, self._view
        frame = build_heat_frame(self._context.desk, listed) if listed else None
        session = self._context.bridge.session
        is_there = session is not None and session.history is not None
        tiles = self.tiles
        view.words = "" if tiles is not None else _NONE if is_there else _WAITING
        first = int(tiles.times[0]) if tiles is not None and tiles.count else None
        parts = self.past.parts
        view.session_first = first if parts else None
        view.first = parts[0].begin if parts else first
        view.spans = tuple((each.begin, each.end) for each in parts)
        view.is_loading, view.failure = self.past.is_loading, self.past.failure
        if frame is None:
            view.update()
            return
        port = view.port
        touch = frame.touch
        if touch is not None:
            port.tick = max(1, _step(frame.listed, round(touch)))
        if not port.is_placed and touch is not None:
            low, high = frame.reach or (touch, touch)
            port.fit(min(low, touch), max(high, touch))
        port.follow(frame.now, touch)
        view.frame = frame
        # Painted once, with its picture; but nobody waits for a painter that is late.
        is_late = view.picture.is_busy
        view.show_frame(frame, with_next=self.ask() and not is_late)

    def ask(self) -> bool:
        """Ask for a picture if it would differ from the last one; False if not."""
        tiles, view = self.tiles, self._view
        if tiles is None or view.frame is None or not view.port.is_placed:
            return False
        largest = float(bar_scale(self._largest)) if self._has_bubbles else 0.0
        ratio = view.devicePixelRatioF()
        end = view.frame.now
        codes = self.contrast.codes
        request = request_of(view.port, end, ratio, codes, largest)
        if self._listed is not None:
            self.past.reach(self._listed, tiles, view.port.begin)
        parts = self.past.parts
        key = self._key(request, tiles), len(parts)
        if key == self._asked:
            return False
        self._asked = key
        view.picture.ask(tiles, request, self._colours, parts)
        return True

    def _key(self, request: HeatRequest, tiles: HeatTiles) -> Any:
        """What tells pictures apart: now, in whole pixels of time, is part of it."""
        now = int(request.end / request.ns_per_px)
        return replace(request, end=now), tiles.count, self._palette

    def _on_painted(self, told: tuple[int, HeatPicture | None]) -> None:
        picture = told[1]
        if picture is None:
            return
        low, high = self.contrast.low / 100, self.contrast.high / 100
        found = quantile_codes(picture.histogram, low, high)
        self._largest = picture.largest
        has_moved = self._keep_touch(picture)
        if self.contrast.take(found) or has_moved:
            self.ask()

    def _keep_touch(self, picture: HeatPicture) -> bool:
        """Keep all that the touch did in view, and the book around it."""
        frame, (low, high) = self._view.frame, picture.touch
        if frame is None or NO_PRICE in (low, high):
            return False
        reach = frame.reach or (float(low), float(high))
        return self._view.port.keep_in_view(
            min(float(low), reach[0]), max(float(high), reach[1])
        )

    def words_at(self, ts: int, price: float) -> str:
        """What rested and was traded at a time and price, in words."""
        tiles, listed = self.tiles, self._listed
        if tiles is None or listed is None:
            return ""
        index = tiles.find(ts)
        part = self.past.part_at(ts) if index < 0 else None
        if part is not None:
            tiles = part.tiles
            index = max(0, tiles.find(ts))
        scale, text = listed.scale, listed.text
        port = self._view.port
        row = scale.price(scale.index(round(price + port.tick / 2)))
        when = formatting.clock_time(ts, fine=True)
        words = f" {when} · {text.price(row)}"
        if index < 0 or ts > self._context.desk.market.view["now"]:  # type: ignore[index]
            return f"{words} · no data"
        reach = max(0, int(port.units_per_px))
        size = tiles.size_at(index, row, row + reach)
        column = tiles.column(index)
        touch = f"{text.price(int(column['bid']))} / {text.price(int(column['ask']))}"
        traded = f"bought {text.size(int(column['buys']))} · sold " + text.size(
            int(column["sells"])
        )
        told = " · recorded" if part is not None else ""
        return f"{words} · rested {text.size(size)} · touch {touch} · {traded}{told}"


def _step(listed: Listed, price: int) -> int:
    """Tick at a price, price units."""
    index = listed.scale.index(price)
    return listed.scale.price(index + 1) - listed.scale.price(index)


def _last(context: Context, listed: Listed) -> int:
    part = context.desk.market.instrument(listed.number)
    return int(part["last_price"]) if part is not None else 0
