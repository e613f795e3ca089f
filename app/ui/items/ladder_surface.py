"""The ladder's picture: one widget, painted by hand, repainting what changed.

`show_frame` takes the newest frame and marks what differs; `paintEvent` draws it, and
from then on it is `painted`: what the user sees and what clicks are judged by. What the
hand does comes in `LadderView`.
"""

from typing import Final

from PySide6.QtCore import QElapsedTimer, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from app.clock import Clock
from app.engine.records import NO_PRICE
from app.ui import theme as themes
from app.ui.items.ink import Ink
from app.ui.items.ladder_chips import Chip
from app.ui.items.ladder_geometry import Column, Geometry, Spot
from app.ui.items.ladder_gestures import Gestures
from app.ui.items.ladder_overlay import NOTE_NS, LadderOverlay, Note
from app.ui.items.ladder_paint import LadderPaint
from app.ui.models.intent import Intent, row_of, waiting_text
from app.ui.models.ladder import Away, LadderFrame, Shape
from app.ui.models.recentre import Step
from app.ui.theme import Theme

_LEAST_ROW_PX: Final = 3  # above the text's height
_ZOOMED_ROW_PX: Final = 5


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
        Index of the first row: tick index // ticks in a row.
    group : int
        Ticks in a row.
    paint_ns : int
        How long the last frame took: its picture, and its way to the screen.
    columns : tuple of Column
        Wanted, left to right; a narrow ladder leaves the least of them out.
    price_notes : dict
        The user's words by price (price units).
    veil : str
        Why nothing trades, across the rows; "" while it does.
    is_live : bool
        Whether orders go to a real venue: the frame is barred.
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
        self.group = 1
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
        self.columns: tuple[Column, ...] = tuple(Column)
        self.price_notes: dict[int, str] = {}
        self.veil = ""
        self.is_live = False
        self._price_figures = 6
        self._fitted: tuple[object, ...] = ()
        self._render_ns = 0
        self._ratio = self.devicePixelRatioF()
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
        """Take the newest frame and repaint the cells that changed."""
        self._fit(frame)
        old, self._next = self._next, frame
        self._expire()
        if len(frame.cells) != self.rows:
            self.update()  # it was made for another size: the next one fits
            return
        changed = self._render(frame)
        if old is None or _edges(old) != _edges(frame):
            self.update()
        elif not changed.isNull():
            self.update(changed)
        elif self.painted is old:
            # Nothing to repaint: the picture is that of the newer book, too.
            self.painted = frame

    def show_columns(self, columns: tuple[Column, ...]) -> None:
        """Show other columns, left to right."""
        self.columns = columns
        self._lay_out()

    def show_condition(self, veil: str, *, is_live: bool) -> None:
        """Say why nothing trades ("" = it does), and whether orders are real."""
        if (veil, is_live) != (self.veil, self.is_live):
            self.veil, self.is_live = veil, is_live
            self.update()

    def repaint_all(self) -> None:
        """Paint every cell anew, for measurements and after a change of colours."""
        self._picture.forget()
        if self._next is not None and len(self._next.cells) == self.rows:
            self._render(self._next)
        self.update()

    def badges(self) -> list[tuple[QRectF, Away]]:
        """Where the arrows to orders out of view are."""
        frame, geometry = self.painted, self._geometry
        if frame is None:
            return []
        own = {1: Column.OWN_BUYS, -1: Column.OWN_SELLS}
        return [
            (geometry.cell(0 if a.is_above else geometry.rows - 1, own[a.side]), a)
            for a in frame.away
            if geometry.has(own[a.side])
        ]

    def heading_at(self, point: QPointF) -> Column | None:
        """The column whose heading lies under a point."""
        is_above = 0 <= point.y() < self._geometry.header
        return self._geometry.column_at(point.x()) if is_above else None

    def spot_at(self, point: QPointF) -> Spot | None:
        """The cell under a point."""
        return self._geometry.spot(point)

    def forget(self) -> None:
        """Drop the picture: another instrument or session follows."""
        self._next = self.painted = None
        self._notes.clear()
        self.gestures.escape()
        self._price_figures, self._fitted = 6, ()
        self.update()

    def note(self, index: int, text: str) -> None:
        """Write a refusal across the row of a tick index for a few seconds."""
        self._notes[index] = Note(text, self._clock.monotonic_ns() + NOTE_NS)
        self._update_row(self._row_of(index))

    # Painting.

    def _render(self, frame: LadderFrame) -> QRect:
        """Bring the picture to a frame; return what changed."""
        timer = QElapsedTimer()
        timer.start()
        notes = {}
        if self.price_notes:
            notes = {frame.row(price): text for price, text in self.price_notes.items()}
        changed = self._picture.paint(frame, notes)
        self._render_ns = timer.nsecsElapsed()
        return changed

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
        self.paint_ns = self._render_ns + timer.nsecsElapsed()
        self._render_ns = 0

    def _paint(self, painter: QPainter, frame: LadderFrame, region: QRegion) -> None:
        geometry, bounds = self._geometry, region.boundingRect()
        self._ink.begin()
        ghosts = self.gestures.ghosts(frame)
        if not bounds.isEmpty():  # Qt would take an empty source for the whole picture
            self._picture.blit(painter, bounds)
        self._overlay.groups(painter, geometry, frame)
        for row in self._rows_over(frame, ghosts):
            if geometry.row_rect(row).intersects(bounds):
                self._paint_over(painter, frame, row, ghosts)
        self._overlay.badges(painter, frame, self.badges())
        self._paint_edges(painter, frame)

    def _rows_over(self, frame: LadderFrame, ghosts: list[Intent]) -> set[int]:
        """Rows that something lies over."""
        spots = (self._hover, self.gestures.cursor)
        rows = {spot.row for spot in spots if spot is not None}
        rows.update(self._row_of(index) for index in self._notes)
        rows.update(frame.row(ghost.at) for ghost in ghosts)
        if self.gestures.held is not None:
            rows.update(row_of(frame, each) for each in self.gestures.held.intents)
        return {row for row in rows if 0 <= row < self.rows}

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
        for index, note in self._notes.items():
            if self._row_of(index) == row:
                over.note(painter, geometry, row, note.text, is_error=True)
        held = self.gestures.held
        for intent in held.intents if held is not None else ():
            if held is not None and row_of(frame, intent) == row:
                self._paint_waiting(painter, frame, intent, is_staged=held.is_staged)
        for ghost in ghosts:
            if frame.row(ghost.at) == row:
                over.note(painter, geometry, row, ghost.text, is_error=False)

    def _paint_waiting(
        self, painter: QPainter, frame: LadderFrame, intent: Intent, *, is_staged: bool
    ) -> None:
        """Draw what waits for the hand as a chip among our orders."""
        row = row_of(frame, intent)
        column = Column.OWN_BUYS if intent.side > 0 else Column.OWN_SELLS
        if not self._geometry.has(column):
            words = waiting_text(intent, is_staged=is_staged)
            self._overlay.note(painter, self._geometry, row, words, is_error=False)
            return
        size = frame.listed.text.size(intent.size)
        shape = Shape.WAITING | (0 if intent.stop == NO_PRICE else Shape.STOP)
        chip = Chip(f"{size} {'stg' if is_staged else '?'}", intent.side, int(shape))
        box = self._geometry.cell(row, column).adjusted(3, 1.5, -3, -1.5)
        self._picture.chips.draw(painter, box, chip)

    def _paint_edges(self, painter: QPainter, frame: LadderFrame) -> None:
        """Draw the veil, the safety state's frame, the bar of a pending recentring."""
        if self.veil:
            self._overlay.veil(painter, self._geometry, self.veil)
        self._overlay.frame(
            painter, self._geometry, frame.state, is_barred=self.is_live
        )
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
            self._update_row(self._row_of(index))

    def _row_of(self, index: int) -> int:
        """Row of a tick index."""
        return self.top - index // self.group

    def _update_row(self, row: int) -> None:
        if 0 <= row < self.rows:
            self.update(self._geometry.row_rect(row))

    # Geometry.

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    @property
    def zoom(self) -> float:
        """Size of text and rows, times what the settings say."""
        return self._zoom

    @property
    def spot_chosen(self) -> Spot | None:
        """The keyboard's cell, else the pointer's."""
        return self.gestures.cursor or self._hover

    def zoom_to(self, zoom: float) -> None:
        """Show text and rows so many times as large, within reason."""
        self._zoom = max(0.6, min(2.5, zoom))
        self._set_fonts()
        self._lay_out()

    def _zoom_by(self, factor: float) -> None:
        self.zoom_to(self._zoom * factor)

    def _set_fonts(self) -> None:
        size = self._scale * self._zoom
        usual, small = themes.text_font(size), themes.text_font(size, 0.85)
        bold = themes.text_font(size, bold=True)
        self._ink = Ink(self._theme, usual, bold, small)
        self._picture = LadderPaint(self._ink, self._ratio)
        self._overlay = LadderOverlay(self._ink)
        self._metrics = QFontMetrics(bold)
        self._figure = QFontMetricsF(bold).horizontalAdvance("0")
        self._header = round(QFontMetrics(small).height() * 1.5)
        self._geometry = self._measured()
        self._picture.arrange(self._geometry)

    def _measured(self) -> Geometry:
        text = self._metrics.height()
        row = text + _ZOOMED_ROW_PX
        if self._zoom == 1.0:
            fitting = max(1, self.height() - self._header) // self._wanted_rows
            row = max(text + _LEAST_ROW_PX, min(round(text * 1.6), fitting))
        return Geometry(
            self.width(),
            self.height(),
            row,
            self._header,
            self._figure,
            self._price_figures,
            self.columns,
        )

    def _fit(self, frame: LadderFrame) -> None:
        """Make room for the longest price, and for another screen's pixels."""
        ratio = self.devicePixelRatioF()
        if ratio != self._ratio:
            self._ratio = ratio
            self._set_fonts()
        shown = frame.listed, frame.top, frame.group, len(frame.cells)
        if shown == self._fitted:
            return
        self._fitted = shown
        write, prices = frame.listed.text.price, frame.cells["price"]
        longest = max(len(write(int(prices[i]))) for i in (0, -1))
        # It only grows while an instrument is shown: columns must not jitter.
        if longest > self._price_figures:
            self._price_figures = longest
            self._geometry = self._measured()
            self._picture.arrange(self._geometry)

    def _lay_out(self) -> None:
        middle = self.top - self.rows // 2
        self._geometry = self._measured()
        self._picture.arrange(self._geometry)
        self.top = middle + self.rows // 2
        self.gestures.cursor = None
        self.scrolled.emit()
        self.update()

    def _move_to(self, top: int) -> None:
        """Show rows from another one on, and ask for their frame."""
        if self._place(top):
            self.scrolled.emit()

    def _place(self, top: int) -> bool:
        """Let the rows begin elsewhere; their frame is to come. False if they do."""
        if top == self.top:
            return False
        moved, self.top = top - self.top, top
        cursor = self.gestures.cursor
        if cursor is not None:
            # The keyboard's cell stays on its price.
            row = cursor.row + moved
            is_seen = 0 <= row < self.rows
            self.gestures.cursor = Spot(row, cursor.column) if is_seen else None
        return True


def _edges(frame: LadderFrame) -> tuple[object, ...]:
    """What lies over many rows: a change of it repaints all."""
    return (frame.listed, frame.top, frame.state, frame.away, frame.groups)
