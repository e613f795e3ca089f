"""The ladder's picture: one widget, painted by hand, repainting what changed.

`show_frame` takes the newest frame and marks what differs; `paintEvent` draws it, and
from then on it is `painted`: what the user sees and what clicks are judged by. What the
hand does comes in `LadderView`.
"""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QElapsedTimer, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from app.clock import Clock
from app.ui import theme as themes
from app.ui.items.ink import Ink
from app.ui.items.ladder_geometry import Column, Geometry, Spot
from app.ui.items.ladder_gestures import Gestures
from app.ui.items.ladder_overlay import LadderOverlay
from app.ui.items.ladder_paint import LadderPaint
from app.ui.models.intent import Intent
from app.ui.models.ladder import LadderFrame, dirty_rows
from app.ui.models.recentre import Step
from app.ui.theme import Theme

NOTE_NS: Final = 6_000_000_000
_FRAME_PX: Final = 2
_LEAST_ROW_PX: Final = 3  # above the text's height
_ZOOMED_ROW_PX: Final = 5


@dataclass(frozen=True, slots=True)
class Note:
    """Words across a row until an instant (monotonic ns)."""

    text: str
    until: int


class LadderSurface(QWidget):
    """Paints frames.

    Signals
    -------
    scrolled()
        The rows moved or their number changed; a frame is wanted from the new top.

    Attributes
    ----------
    painted : LadderFrame or None
        What is on the screen.
    top : int
        Tick index of the first row.
    paint_ns : int
        How long the last painting took.
    """

    scrolled = Signal()

    def __init__(
        self, theme: Theme, scale: float, wanted_rows: int, clock: Clock
    ) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.gestures = Gestures()
        self.painted: LadderFrame | None = None
        self.top = 0
        self.paint_ns = 0
        self._next: LadderFrame | None = None
        self._theme = theme
        self._scale = scale
        self._zoom = 1.0
        self._wanted_rows = wanted_rows
        self._clock = clock
        self._hover: Spot | None = None
        self._notes: dict[int, Note] = {}
        self._step = Step.STAY
        self._away = 0
        self._set_fonts()

    @property
    def rows(self) -> int:
        """Rows that fit."""
        return self._geometry.rows

    def cell_centre(self, row: int, column: Column) -> QPointF:
        """Middle of a cell, for tests and for tours that point at it."""
        return self._geometry.cell(row, column).center()

    def sizeHint(self) -> QSize:
        return QSize(380, 640)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 160)

    def show_frame(self, frame: LadderFrame) -> None:
        """Take the newest frame and repaint the rows that changed."""
        old, self._next = self._next, frame
        rows = dirty_rows(old, frame)
        self._expire()
        if rows is None or old is None or old.state != frame.state:
            self.update()
        elif rows or _heading(old) != _heading(frame):
            for row in rows:
                self._update_row(row)
            self.update(QRect(0, 0, self.width(), self._geometry.header))
        elif self.painted is old:
            # Nothing to repaint: the picture is that of the newer book, too.
            self.painted = frame

    def forget(self) -> None:
        """Drop the picture: another instrument or session follows."""
        self._next = self.painted = None
        self._notes.clear()
        self.gestures.escape()
        self.update()

    def note(self, index: int, text: str) -> None:
        """Write a refusal across the row of a tick index for a few seconds."""
        self._notes[index] = Note(text, self._clock.monotonic_ns() + NOTE_NS)
        self._update_row(self.top - index)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        timer = QElapsedTimer()
        timer.start()
        painter = QPainter(self)
        frame = self._next
        if frame is None or len(frame.cells) != self.rows:
            painter.fillRect(self.rect(), self.palette().base())
        else:
            self._paint(painter, frame, event.region())
            self.painted = frame
        painter.end()
        self.paint_ns = timer.nsecsElapsed()

    def _paint(self, painter: QPainter, frame: LadderFrame, region: QRegion) -> None:
        geometry = self._geometry
        self._ink.begin()
        ghosts = self.gestures.ghosts(frame)
        if region.intersects(QRect(0, 0, self.width(), geometry.header)):
            self._picture.heading(painter, geometry, frame)
        for first, last in self._blocks(region):
            self._picture.grounds(painter, geometry, frame, first, last)
            for row in range(first, last + 1):
                self._picture.row(painter, geometry, frame, row)
                self._paint_over(painter, frame, row, ghosts)
        self._paint_edges(painter, frame)

    def _blocks(self, region: QRegion) -> list[tuple[int, int]]:
        """Rows to repaint, as first and last of each block."""
        blocks: list[tuple[int, int]] = []
        for row in range(self.rows):
            if not region.intersects(self._geometry.row_rect(row)):
                continue
            if blocks and blocks[-1][1] == row - 1:
                blocks[-1] = (blocks[-1][0], row)
            else:
                blocks.append((row, row))
        return blocks

    def _paint_over(
        self, painter: QPainter, frame: LadderFrame, row: int, ghosts: list[Intent]
    ) -> None:
        """Draw what lies over a row: pointer, cursor, notes, ghosts."""
        geometry, over = self._geometry, self._overlay
        if self._hover is not None and self._hover.row == row:
            over.outline(painter, geometry, self._hover, dashed=False)
        cursor = self.gestures.cursor
        if cursor is not None and cursor.row == row:
            over.outline(painter, geometry, cursor, dashed=True)
        note = self._notes.get(frame.top - row)
        if note is not None:
            over.note(painter, geometry, row, note.text, is_error=True)
        held = self.gestures.held
        if held is not None and frame.row(held.intents[0].at) == row:
            word = "STAGED" if held.is_staged else "CONFIRM"
            words = f"{word} · {held.intents[0].text} · click again or Enter"
            over.note(painter, geometry, row, words, is_error=False)
        for ghost in ghosts:
            if frame.row(ghost.at) == row:
                over.note(painter, geometry, row, ghost.text, is_error=False)

    def _paint_edges(self, painter: QPainter, frame: LadderFrame) -> None:
        """Draw the frame of the safety state, and the bar of a pending recentring."""
        colour = QColor(self._theme.state(frame.state))
        painter.fillRect(0, 0, _FRAME_PX, self.height(), colour)
        painter.fillRect(self.width() - _FRAME_PX, 0, _FRAME_PX, self.height(), colour)
        if self._step in (Step.WAIT, Step.FLASH) and self._away:
            is_flash = self._step is Step.FLASH
            self._overlay.away(painter, self._geometry, self._away, is_flash=is_flash)

    def _expire(self) -> None:
        """Drop notes and held intentions whose time is over."""
        now, held = self._clock.monotonic_ns(), self.gestures.held
        resize = self.gestures.resize
        self.gestures.expire(now, self.painted)
        if (held, resize) != (self.gestures.held, self.gestures.resize):
            self.update()
        for index in [i for i, note in self._notes.items() if note.until < now]:
            del self._notes[index]
            self._update_row(self.top - index)

    def _update_row(self, row: int) -> None:
        if 0 <= row < self.rows:
            self.update(self._geometry.row_rect(row))

    # Geometry.

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    def _zoom_by(self, factor: float) -> None:
        self._zoom = max(0.6, min(2.5, self._zoom * factor))
        self._set_fonts()
        self._lay_out()

    def _set_fonts(self) -> None:
        size = self._scale * self._zoom
        usual, small = themes.text_font(size), themes.text_font(size, 0.85)
        bold = themes.text_font(size, bold=True)
        self._ink = Ink(self._theme, usual, bold, small)
        self._picture = LadderPaint(self._ink)
        self._overlay = LadderOverlay(self._ink)
        self._metrics = QFontMetrics(bold)
        self._header = round(QFontMetrics(small).height() * 1.5)
        self._geometry = self._measured()

    def _measured(self) -> Geometry:
        text, figure = self._metrics.height(), self._metrics.horizontalAdvance("0")
        row = text + _ZOOMED_ROW_PX
        if self._zoom == 1.0:
            fitting = max(1, self.height() - self._header) // self._wanted_rows
            row = max(text + _LEAST_ROW_PX, min(round(text * 1.6), fitting))
        return Geometry(
            self.width(), self.height(), row, self._header, figure * 12, figure * 7
        )

    def _lay_out(self) -> None:
        middle = self.top - self.rows // 2
        self._geometry = self._measured()
        self.top = middle + self.rows // 2
        self.gestures.cursor = None
        self.scrolled.emit()
        self.update()

    def _move_to(self, top: int) -> None:
        if top == self.top:
            return
        moved, self.top = top - self.top, top
        cursor = self.gestures.cursor
        if cursor is not None:
            # The keyboard's cell stays on its price.
            row = cursor.row + moved
            is_seen = 0 <= row < self.rows
            self.gestures.cursor = Spot(row, cursor.column) if is_seen else None
        self.scrolled.emit()


def _heading(frame: LadderFrame) -> tuple[object, ...]:
    return (frame.bid_total, frame.ask_total, frame.spread_ticks)
