"""The ladder under the hand: mouse, wheel and keys; the picture is its surface's.

Rows never move while a hand is on them (see models.recentre). What a press means is
decided by `Gestures`, from the frame that is painted.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication

from app.clock import Clock
from app.ui.commands import Command
from app.ui.hotkeys import is_typing
from app.ui.items.ladder_geometry import Spot
from app.ui.items.ladder_surface import LadderSurface
from app.ui.models.deciding import said_now
from app.ui.models.hand import Hand, hand_of
from app.ui.models.intent import waiting_text
from app.ui.models.judge import Verdict
from app.ui.models.ladder import LadderFrame
from app.ui.models.recentre import Recentre, Step
from app.ui.theme import Theme

_WHEEL_ROWS: Final = 3
_NOTCH: Final = 120
_ZOOM_STEP: Final = 1.1
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
_RESIZE: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
_KEYS_OF_HANDS: Final = {
    Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
    Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
    Qt.Key.Key_Alt: Qt.KeyboardModifier.AltModifier,
}
_LEFT, _RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


def _hand(modifiers: Qt.KeyboardModifier) -> Hand | None:
    """What a click means with these modifiers; None where they are bound to nothing."""
    if modifiers & Qt.KeyboardModifier.MetaModifier:
        return None
    return hand_of(
        shift=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
        control=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
        alt=bool(modifiers & Qt.KeyboardModifier.AltModifier),
    )


class LadderView(LadderSurface):
    """Reads the hand.

    Signals
    -------
    hover_changed(object)
        The Intent under the pointer, or None.
    command_pressed(str)
        Id of a ladder command whose key was pressed.
    modifier_clicked()
        A click with a modifier key that is bound to nothing.
    """

    hover_changed = Signal(object)
    command_pressed = Signal(str)
    modifier_clicked = Signal()

    def __init__(
        self, theme: Theme, scale: float, wanted_rows: int, clock: Clock
    ) -> None:
        super().__init__(theme, scale, wanted_rows, clock)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Ladder")
        self.recentre = Recentre()
        # Which command a key press means; the panel knows what keys the user chose.
        self.command_of: Callable[[QKeyEvent], Command | None] = lambda _: None
        self._wheel = 0
        self._pointer: QPoint | None = None  # where it was last seen, on the screen
        self._hand = Hand.PLAIN

    def show_frame(self, frame: LadderFrame) -> None:
        """Take the newest frame; what a click would do may have changed with it."""
        super().show_frame(frame)
        self._tell_hover()

    def forget(self) -> None:
        """Drop the picture: another instrument or session follows."""
        super().forget()
        self.recentre.manual = False

    # Rows.

    def follow(self, touch: int | None) -> None:
        """Keep the market (touch: its tick index) in view, unless a hand is here.

        Called before each frame, which is then made of the rows that it leaves.
        """
        if touch is None:
            return
        if self.painted is None:
            self._centre(touch)
        row = self._row_of(touch)
        step = self.recentre.step(
            self._clock.monotonic_ns(),
            row,
            self.rows,
            is_hovered=self.underMouse(),
            is_busy=self.gestures.is_busy or self._is_modified(),
        )
        self._away = row if row < 0 else max(0, row - self.rows + 1)
        if step is Step.MOVE:
            self._centre(touch)
        if step is not self._step:
            self._step = step
            self.update()

    def _is_modified(self) -> bool:
        """Whether a modifier key is held over the rows: a gesture is about to come."""
        is_here = self.underMouse() or self.hasFocus()
        if not is_here or not self.isActiveWindow():
            return False  # what was held when the window was left is not known
        return bool(QApplication.keyboardModifiers() & _MODIFIERS)

    def centre_on(self, index: int) -> None:
        """Bring a tick index to the middle, and ask for the frame of those rows."""
        if self._centre(index):
            self.scrolled.emit()

    def _centre(self, index: int) -> bool:
        """Bring a tick index to the middle; False where it is there."""
        self.recentre.manual = False
        return self._place(index // self.group + self.rows // 2)

    def regroup(self, group: int) -> None:
        """Show so many ticks in a row, about the same price."""
        middle = (self.top - self.rows // 2) * self.group
        self.group = group
        self._place(middle // group + self.rows // 2)
        self.scrolled.emit()

    def scroll_rows(self, rows: int) -> None:
        """Scroll up (positive) or down; the ladder stays there until asked back."""
        if rows and not self.gestures.is_busy:
            self.recentre.manual = True
            self._move_to(self.top + rows)

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        now = self._clock.monotonic_ns()
        self.recentre.gesture(now)
        spot = self._geometry.spot(event.position())
        if event.button() == Qt.MouseButton.MiddleButton:
            self.command_pressed.emit("ladder.recentre")
        elif spot is None or self.painted is None:
            return
        elif event.button() in (_LEFT, _RIGHT):
            is_right = event.button() == _RIGHT
            hand = _hand(event.modifiers())
            if hand is None or (is_right and hand is not Hand.PLAIN):
                self.modifier_clicked.emit()
            else:
                self.gestures.press(
                    self.painted, spot, is_right=is_right, now=now, hand=hand
                )
                if self.gestures.held is not None:
                    self._tell_hover()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        # Two quick clicks are two clicks.
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.globalPosition().toPoint()
        self.recentre.gesture(self._clock.monotonic_ns())
        spot = self._geometry.spot(event.position())
        if self.gestures.drag is not None:
            self.gestures.move(spot)
            self.update()
        self._hold_hand(event.modifiers())
        self._hover_to(spot)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.painted is not None and event.button() == _LEFT:
            spot = self._geometry.spot(event.position())
            self.gestures.release(self.painted, spot, self._clock.monotonic_ns())
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover_to(None)

    def enterEvent(self, event: QEnterEvent) -> None:
        # The ladder under the pointer gets the keys, unless someone is typing, or the
        # pointer has not moved: what stood over the ladder, the palette, has gone.
        before, self._pointer = self._pointer, event.globalPosition().toPoint()
        if self._pointer != before and not is_typing(QApplication.focusWidget()):
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta()
        delta = notches.y() or notches.x()  # Shift turns the wheel sideways
        if event.modifiers() & _MODIFIERS == _RESIZE:
            self._resize(event, delta)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_by(_ZOOM_STEP if delta > 0 else 1 / _ZOOM_STEP)
        else:
            is_fine = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._wheel += delta * (1 if is_fine else _WHEEL_ROWS)
            rows = int(self._wheel / _NOTCH)
            self._wheel -= rows * _NOTCH
            self.scroll_rows(rows)
        event.accept()

    def _resize(self, event: QWheelEvent, delta: int) -> None:
        """Change the size of the order under the pointer by whole notches."""
        spot = self._geometry.spot(event.position())
        self._wheel += delta
        notches = int(self._wheel / _NOTCH)
        self._wheel -= notches * _NOTCH
        if spot is not None and self.painted is not None:
            now = self._clock.monotonic_ns()
            self.gestures.turn(self.painted, spot, notches, now)
            self._tell_hover()
            self.update()

    # The keyboard.

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        held = _KEYS_OF_HANDS.get(Qt.Key(event.key()))
        if held is not None:
            self._hold_hand(event.modifiers() & ~held)
        super().keyReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _KEYS_OF_HANDS:
            self._hold_hand(event.modifiers() | _KEYS_OF_HANDS[key])
            super().keyPressEvent(event)
            return
        if key in _ARROWS:
            self.gestures.steer(self.rows, *_ARROWS[key])
        elif event.isAutoRepeat() or self.painted is None:
            return  # a held key never sends twice
        elif (known := self.command_of(event)) is not None:
            self.command_pressed.emit(known.id)
        elif not self._press(key, _hand(event.modifiers()), self.painted):
            super().keyPressEvent(event)
            return
        self.update()
        self._tell_hover()

    def _press(self, key: Qt.Key, hand: Hand | None, frame: LadderFrame) -> bool:
        """Do what a key says; False if it says nothing here."""
        if hand is None:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.gestures.enter(frame, self._clock.monotonic_ns(), hand)
        elif hand is not Hand.PLAIN:
            return False
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.gestures.delete(frame)
        elif key == Qt.Key.Key_Escape:
            return self.gestures.escape()
        else:
            return False
        return True

    # The pointer.

    def own_under_pointer(self) -> tuple[int, ...]:
        """Client order ids of the own-order cell under the pointer."""
        if self._hover is None or self.painted is None or not self._hover.column.is_own:
            return ()
        key = (self._hover.row, self._hover.column.side)
        return tuple(self.painted.own.get(key, ()))

    @property
    def pointed(self) -> Spot | None:
        """The cell under the pointer, else the keyboard's."""
        return self._hover or self.gestures.cursor

    def own_chosen(self) -> int:
        """Client order id of our order at the keyboard's cell, else at the pointer.

        The cell's side decides; 0 = none there.
        """
        if self.painted is None:
            return 0
        for spot in (self.gestures.cursor, self._hover):
            if spot is not None and spot.column.side:
                here = self.painted.own.get((spot.row, spot.column.side), ())
                if here:
                    return int(here[0])
        return 0

    def _hold_hand(self, modifiers: Qt.KeyboardModifier) -> None:
        """What a click would do changes with the modifiers that are held."""
        hand = _hand(modifiers) or Hand.PLAIN
        if hand is not self._hand:
            self._hand = hand
            self._point()
            self._tell_hover()
            self.update()

    def _point(self) -> None:
        spot = self._hover or self.gestures.cursor
        self.gestures.pointer = (spot, self._hand) if spot is not None else None

    def _hover_to(self, spot: Spot | None) -> None:
        if spot == self._hover:
            return
        was_ghostly = bool(self.gestures.pointer and self._shows_bracket())
        for each in (self._hover, spot):
            if each is not None:
                self._update_row(each.row)
        self._hover = spot
        self._point()
        if was_ghostly or self._shows_bracket():
            self.update()  # a bracket's exits lie in other rows
        self._tell_hover()

    def _shows_bracket(self) -> bool:
        return Hand.BRACKET in (self._hand, self.gestures.latched)

    def _tell_hover(self) -> None:
        frame, spot = self.painted, self._hover or self.gestures.cursor
        held = self.gestures.held
        if held is not None and frame is not None:  # wherever the pointer is
            first = held.intents[0]
            first = replace(first, text=said_now(first, frame.at))
            words = waiting_text(first, is_staged=held.is_staged)
            self.hover_changed.emit(replace(first, verdict=Verdict.HOLD, text=words))
            return
        if frame is None or spot is None:
            self.hover_changed.emit(None)
            return
        ghosts = self.gestures.ghosts(frame)
        hand = self._hand
        intent = (
            ghosts[0] if ghosts else self.gestures.intent_at(frame, spot, hand=hand)
        )
        self.hover_changed.emit(intent)
