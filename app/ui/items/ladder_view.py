"""The ladder: one widget, painted by hand, repainting only the rows that changed.

`show_frame` takes the newest frame and marks what differs; `paintEvent` draws it, and
from then on it is `painted`: what the user sees and what clicks are judged by. Rows
never move while a hand is on them (see models.recentre).
"""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QElapsedTimer, QEvent, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.clock import Clock
from app.ui import commands, theme as themes
from app.ui.items.ladder_geometry import Column, Geometry, Spot
from app.ui.items.ladder_gestures import Gestures
from app.ui.items.ladder_paint import LadderPaint
from app.ui.models.ladder import LadderFrame, dirty_rows
from app.ui.models.recentre import Recentre, Step
from app.ui.theme import Theme

NOTE_NS: Final = 6_000_000_000
_WHEEL_ROWS: Final = 3
_NOTCH: Final = 120
_FRAME_PX: Final = 2
_ARROWS: Final = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_PageUp: (-10, 0),
    Qt.Key.Key_PageDown: (10, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_MODIFIERS: Final = (
    Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


@dataclass(frozen=True, slots=True)
class Note:
    """Words across a row until an instant (monotonic ns)."""

    text: str
    until: int


class LadderView(QWidget):
    """Paints frames and reads the hand.

    Signals
    -------
    hover_changed(object)
        The Intent under the pointer, or None.
    command_pressed(str)
        Id of a ladder command whose key was pressed.
    scrolled()
        The rows moved; the next frame is wanted from the new top.
    modifier_clicked()
        A click with a modifier key that is bound to nothing.
    """

    hover_changed = Signal(object)
    command_pressed = Signal(str)
    scrolled = Signal()
    modifier_clicked = Signal()

    def __init__(
        self, theme: Theme, scale: float, wanted_rows: int, clock: Clock
    ) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Ladder")
        self.gestures = Gestures()
        self.recentre = Recentre()
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
        self._wheel = 0
        self._set_fonts()

    # What is shown.

    @property
    def rows(self) -> int:
        """Rows that fit."""
        return self._geometry.rows

    def sizeHint(self) -> QSize:
        return QSize(380, 640)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 160)

    def show_frame(self, frame: LadderFrame) -> None:
        """Take the newest frame and repaint the rows that changed."""
        old, self._next = self._next, frame
        rows = dirty_rows(old, frame)
        self._expire()
        if rows is None:
            self.update()
        elif rows or old is None or _heading(old) != _heading(frame):
            for row in rows:
                self.update(self._geometry.row_rect(row))
            self.update(QRect(0, 0, self.width(), self._geometry.header))
        elif self.painted is old:
            # Nothing to repaint: the picture is that of the newer book, too.
            self.painted = frame
        if frame.state != (old.state if old else None):
            self.update()
        self._tell_hover()

    def follow(self, touch: int | None, *, is_busy: bool = False) -> None:
        """Keep the market (touch: its tick index) in view, unless a hand is here."""
        if touch is None:
            return
        row = self.top - touch
        step = self.recentre.step(
            self._clock.monotonic_ns(),
            row,
            self.rows,
            is_hovered=self.underMouse(),
            is_busy=is_busy or self.gestures.is_busy,
        )
        self._away = row if row < 0 else max(0, row - self.rows + 1)
        if step is Step.MOVE:
            self.centre_on(touch)
        if step is not self._step:
            self._step = step
            self.update()

    def centre_on(self, index: int) -> None:
        """Bring a tick index to the middle."""
        self.recentre.manual = False
        self._move_to(index + self.rows // 2)

    def forget(self) -> None:
        """Drop the picture: another instrument or session follows."""
        self._next = self.painted = None
        self._notes.clear()
        self.gestures.escape()
        self.recentre.manual = False
        self.update()

    def note(self, index: int, text: str) -> None:
        """Write a refusal across the row of a tick index for a few seconds."""
        self._notes[index] = Note(text, self._clock.monotonic_ns() + NOTE_NS)
        self._update_index(index)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        timer = QElapsedTimer()
        timer.start()
        painter = QPainter(self)
        frame = self._next
        if frame is None or len(frame.cells) != self.rows:
            painter.fillRect(self.rect(), self.palette().base())
        else:
            self._paint(painter, frame, event)
            self.painted = frame
        painter.end()
        self.paint_ns = timer.nsecsElapsed()

    def _paint(self, painter: QPainter, frame: LadderFrame, event: QPaintEvent) -> None:
        geometry, region = self._geometry, event.region()
        self._paint_rows.begin()
        if region.intersects(QRect(0, 0, self.width(), geometry.header)):
            self._paint_rows.heading(painter, geometry, frame)
        for first, last in self._blocks(region):
            self._paint_rows.grounds(painter, geometry, frame, first, last)
            for row in range(first, last + 1):
                self._paint_rows.row(painter, geometry, frame, row)
                self._paint_over(painter, frame, row)
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

    def _paint_over(self, painter: QPainter, frame: LadderFrame, row: int) -> None:
        """Draw what lies over a row: pointer, cursor, notes, ghosts."""
        geometry, paint = self._geometry, self._paint_rows
        if self._hover is not None and self._hover.row == row:
            paint.outline(painter, geometry, self._hover, dashed=False)
        cursor = self.gestures.cursor
        if cursor is not None and cursor.row == row:
            paint.outline(painter, geometry, cursor, dashed=True)
        note = self._notes.get(frame.top - row)
        if note is not None:
            paint.note(painter, geometry, row, note.text, is_error=True)
        held = self.gestures.held
        if held is not None and frame.row(held.intents[0].price) == row:
            words = f"CONFIRM · {held.intents[0].text} · click again or Enter"
            paint.note(painter, geometry, row, words, is_error=False)
        for ghost in self.gestures.ghosts(frame):
            if frame.row(ghost.price) == row:
                paint.note(painter, geometry, row, ghost.text, is_error=False)

    def _paint_edges(self, painter: QPainter, frame: LadderFrame) -> None:
        """Draw the frame of the safety state, and the bar of a pending recentring."""
        colour = QColor(self._theme.state(frame.state))
        painter.fillRect(0, 0, _FRAME_PX, self.height(), colour)
        painter.fillRect(self.width() - _FRAME_PX, 0, _FRAME_PX, self.height(), colour)
        if self._step in (Step.WAIT, Step.FLASH) and self._away:
            self._paint_rows.away(
                painter, self._geometry, self._away, is_flash=self._step is Step.FLASH
            )

    # The hand.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.recentre.gesture(self._clock.monotonic_ns())
        spot = self._geometry.spot(event.position())
        if event.button() == Qt.MouseButton.MiddleButton:
            self.command_pressed.emit("ladder.recentre")
        elif spot is None or self.painted is None:
            return
        elif event.modifiers() & _MODIFIERS:
            self.modifier_clicked.emit()
        elif event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            is_right = event.button() == Qt.MouseButton.RightButton
            self.gestures.press(
                self.painted, spot, is_right=is_right, now=self._clock.monotonic_ns()
            )
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        # Two quick clicks are two clicks.
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.recentre.gesture(self._clock.monotonic_ns())
        spot = self._geometry.spot(event.position())
        if self.gestures.drag is not None:
            self.gestures.move(spot)
            self.update()
        self._hover_to(spot)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.painted is not None and event.button() == Qt.MouseButton.LeftButton:
            spot = self._geometry.spot(event.position())
            self.gestures.release(self.painted, spot, self._clock.monotonic_ns())
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover_to(None)

    def enterEvent(self, event: QEnterEvent) -> None:
        # The ladder under the pointer gets the keys, unless someone is typing.
        if not isinstance(QApplication.focusWidget(), QLineEdit):
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta()
        delta = notches.y() or notches.x()  # Shift turns the wheel sideways
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom = max(
                0.6, min(2.5, self._zoom * (1.1 if delta > 0 else 1 / 1.1))
            )
            self._set_fonts()
            self._lay_out()
        else:
            is_fine = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._wheel += delta * (1 if is_fine else _WHEEL_ROWS)
            rows, self._wheel = int(self._wheel / _NOTCH), self._wheel % _NOTCH
            self.scroll_rows(rows)
        event.accept()

    def scroll_rows(self, rows: int) -> None:
        """Scroll up (positive) or down; the ladder stays there until asked back."""
        if rows and not self.gestures.is_busy:
            self.recentre.manual = True
            self._move_to(self.top + rows)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _ARROWS:
            self.gestures.steer(self.rows, *_ARROWS[key])
        elif event.isAutoRepeat() or self.painted is None:
            return  # a held key never sends twice
        elif event.modifiers() & _MODIFIERS:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.gestures.enter(self.painted, self._clock.monotonic_ns())
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.gestures.delete(self.painted)
        elif key == Qt.Key.Key_Escape:
            self.gestures.escape()
        else:
            known = commands.by_ladder_key(QKeySequence(key).toString())
            if known is None:
                super().keyPressEvent(event)
                return
            self.command_pressed.emit(known.id)
        self.update()
        self._tell_hover()

    # Geometry.

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    def _set_fonts(self) -> None:
        size = self._scale * self._zoom
        fonts = (
            themes.text_font(size, 1.0),
            themes.text_font(size, 1.0, bold=True),
            themes.text_font(size, 0.85),
        )
        self._paint_rows = LadderPaint(self._theme, *fonts)
        self._metrics = QFontMetrics(fonts[1])
        self._header = round(QFontMetrics(fonts[2]).height() * 1.5)
        self._geometry = self._measured()

    def _measured(self) -> Geometry:
        text = self._metrics.height()
        room = max(1, self.height() - self._header)
        fitting = room // self._wanted_rows
        row = (
            max(text + 3, min(round(text * 1.6), fitting))
            if self._zoom == 1.0
            else text + 5
        )
        figure = self._metrics.horizontalAdvance("0")
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
        moved = top - self.top
        self.top = top
        cursor = self.gestures.cursor
        if cursor is not None:
            # The keyboard's cell stays on its price.
            row = cursor.row + moved
            self.gestures.cursor = (
                Spot(row, cursor.column) if 0 <= row < self.rows else None
            )
        self.scrolled.emit()

    # The pointer.

    def _hover_to(self, spot: Spot | None) -> None:
        if spot == self._hover:
            return
        for each in (self._hover, spot):
            if each is not None:
                self.update(self._geometry.row_rect(each.row))
        self._hover = spot
        self._tell_hover()

    def _tell_hover(self) -> None:
        frame = self.painted
        spot = self._hover or self.gestures.cursor
        if frame is None or spot is None:
            self.hover_changed.emit(None)
            return
        ghosts = self.gestures.ghosts(frame)
        self.hover_changed.emit(
            ghosts[0] if ghosts else self.gestures.intent_at(frame, spot)
        )

    def own_under_pointer(self) -> tuple[int, ...]:
        """Client order ids of the own-order cell under the pointer."""
        if self._hover is None or self.painted is None or not self._hover.column.is_own:
            return ()
        key = (self._hover.row, self._hover.column.side)
        return tuple(self.painted.own.get(key, ()))

    def _expire(self) -> None:
        now = self._clock.monotonic_ns()
        held = self.gestures.held
        self.gestures.expire(now)
        if held is not self.gestures.held:
            self.update()
        for index in [i for i, note in self._notes.items() if note.until < now]:
            del self._notes[index]
            self._update_index(index)

    def _update_index(self, index: int) -> None:
        row = self.top - index
        if 0 <= row < self.rows:
            self.update(self._geometry.row_rect(row))

    def cell_centre(self, row: int, column: Column) -> QPointF:
        """Middle of a cell, for tests and for tours that point at it."""
        return self._geometry.cell(row, column).center()


def _heading(frame: LadderFrame) -> tuple[object, ...]:
    return (frame.bid_total, frame.ask_total, frame.spread_ticks, frame.state)
