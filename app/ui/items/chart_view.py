"""A chart under the hand: pan, zoom, scales by dragging the axis, keys, crosshair."""

from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from app.ui.focus import TimeRange
from app.ui.items.chart_surface import ChartSurface
from app.ui.items.spoken import tell

_NOTCH: Final = 120
_ZOOM: Final = 1.22
_STEP_PX: Final = 60.0
_STRETCH_PX: Final = 180.0
_PAN_KEYS: Final = {
    Qt.Key.Key_Left: _STEP_PX,
    Qt.Key.Key_Right: -_STEP_PX,
    Qt.Key.Key_PageUp: 6 * _STEP_PX,
    Qt.Key.Key_PageDown: -6 * _STEP_PX,
}
_CROSS_KEYS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_SHIFT, _CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
_MANY: Final = 10
"""Bars or ticks of a step with Ctrl."""
_ZOOM_KEYS: Final = {
    Qt.Key.Key_Plus: _ZOOM,
    Qt.Key.Key_Equal: _ZOOM,
    Qt.Key.Key_Minus: 1 / _ZOOM,
}


class ChartView(ChartSurface):
    """Reads the hand.

    Signals
    -------
    time_pointed(object)
        Time under the crosshair, ns since 1970 UTC; None when it leaves.
    range_moved(object)
        The TimeRange that the hand moved it to.
    """

    time_pointed = Signal(object)
    range_moved = Signal(object)
    _drag: tuple[str, QPointF] | None = None
    _pointed_ts: int | None = None

    def accept_hand(self) -> None:
        """Take mouse and keys."""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Chart")
        self.setCursor(Qt.CursorShape.CrossCursor)

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = (self._place(event.position()), event.position())
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def begin_pan(self, at: QPointF) -> None:
        """Let the pointer, which was pressed there, move the chart."""
        self._drag = ("plot", at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            where, before = self._drag
            self._drag = (where, event.position())
            self._drag_by(where, event.position() - before, before)
        self.point_at(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.reset_view(self._place(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.point_at(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or (
            abs(turned.x()) > abs(turned.y())
        ):
            self.pan((turned.y() or turned.x()) / _NOTCH * _STEP_PX)
        elif self._place(event.position()) == "prices":
            pane = self.pane_at(event.position().y())
            pane.scale.stretch(_ZOOM ** (-turned.y() / _NOTCH))
            self.move_on()
        else:
            self.zoom(_ZOOM ** (turned.y() / _NOTCH), event.position().x())
        event.accept()

    def _place(self, at: QPointF) -> str:
        if at.x() >= self.plot.right():
            return "prices"
        return "times" if at.y() >= self.plot.bottom() else "plot"

    def _drag_by(self, where: str, moved: QPointF, before: QPointF) -> None:
        if where == "prices":
            pane = self.pane_at(before.y())
            if pane.name != "volume":
                pane.scale.stretch(2 ** (moved.y() / _STRETCH_PX))
            self.move_on()
        elif where == "times":
            self.zoom(2 ** (-moved.x() / _STRETCH_PX), self.plot.right())
        else:
            if self.price_scale.is_manual:
                self.price_scale.drag(moved.y())
            self.pan(moved.x())

    # What gestures and keys do.

    def pan(self, px: float) -> None:
        """Move the picture to the right."""
        self.span.pan(px)
        self._tell_range()

    def _tell_range(self) -> None:
        self.move_on()
        if self.bars.count:
            edges = self.time_at(0.0), self.time_at(self.plot.right())
            self.range_moved.emit(TimeRange(*edges, self.span.is_following))

    def show_range(self, stretch: TimeRange) -> None:
        """Show a stretch of time, as another chart does."""
        if not self.bars.count or stretch.end <= stretch.begin:
            return
        self.span.show_range(self.index_of(stretch.begin), self.index_of(stretch.end))
        if stretch.is_following:
            self.span.to_end()
        self.move_on()

    def zoom(self, factor: float, x: float) -> None:
        """Widen bars around a pixel."""
        self.span.zoom(factor, x)
        self._tell_range()

    def reset_view(self, where: str = "plot") -> None:
        """Scales fit by themselves again; in the plot, the newest bars are shown."""
        for pane in self.panes:
            pane.scale.is_manual = False
        if where != "prices":
            self.span.reset()
        self._tell_range()

    def point_at(self, at: QPointF | None) -> None:
        """Put the crosshair somewhere, or take it away."""
        if at is not None and self._place(at) != "plot":
            at = None
        if at == self.pointer:
            return
        self.pointer = at
        self.tell_pointed()
        self.show_cross()

    def tell_pointed(self) -> None:
        """Tell which bar the crosshair is on: bars move on below a pointer at rest."""
        ts = None
        if self.pointer is not None and len(self.shown):
            ts = int(self.shown.rows["begin"][self.pointed()])
        if ts != self._pointed_ts:
            self._pointed_ts = ts
            self.time_pointed.emit(ts)

    def show_linked(self, ts: int) -> None:
        """Show where a linked chart points; 0 = nowhere."""
        if ts != self.linked_ts:
            self.linked_ts = ts
            self.show_cross()

    # The keyboard.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _CROSS_KEYS and event.modifiers() & _SHIFT:
            many = _MANY if event.modifiers() & _CTRL else 1
            columns, ticks = _CROSS_KEYS[key]
            self.step_cross(columns * many, ticks * many)
        elif key == Qt.Key.Key_Escape and self.pointer is not None:
            self.point_at(None)
        elif key in _PAN_KEYS:
            self.pan(_PAN_KEYS[key])
        elif key in _ZOOM_KEYS:
            self.zoom(_ZOOM_KEYS[key], self._zoom_centre())
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._shift(1 if key == Qt.Key.Key_Up else -1)
        elif key == Qt.Key.Key_Home:
            self.span.to_begin()
            self._tell_range()
        elif key == Qt.Key.Key_End:
            self.reset_scales()
            self.span.to_end()
            self._tell_range()
        else:
            super().keyPressEvent(event)

    def step_cross(self, columns: int, ticks: int) -> None:
        """Move the crosshair by bars and ticks, and tell what stands there.

        It begins at the newest bar's close. At an edge the bars move instead.
        """
        if self.listed is None or not len(self.shown):
            return
        if self.pointer is None:
            columns = ticks = 0
        xs, at = self.shown.centres(), self.pointed() + columns
        inner = max(0, min(len(xs) - 1, at))
        x, beyond = float(xs[inner]), at - inner
        if self.is_newest_in_view if beyond > 0 else int(self.shown.starts[0]) <= 0:
            beyond = 0  # there are no more bars
        edge = min(max(x, 1.0), self.plot.right() - 1)
        moved = edge - x - beyond * float(self.shown.width)
        if moved:
            self.pan(moved)
            self.settle()
            xs = self.shown.centres()
            x = float(xs[int(np.argmin(np.abs(xs - edge)))])
        x = min(max(x, 1.0), self.plot.right() - 1)
        self.point_at(QPointF(x, self._stepped_y(ticks)))
        tell(self, self.values())

    def _stepped_y(self, ticks: int) -> float:
        """Height of the crosshair some ticks up; of the close, where it is no price."""
        assert self.listed is not None
        pane, scale = self.panes[0], self.listed.scale
        pointer = self.pointer
        if pointer is None or not pane.box.contains(pointer):
            price = int(self.shown.rows["close"][self.pointed()])
        else:
            price = self.price_at(pointer.y())
        y = float(pane.scale.y(scale.price(scale.index(price) + ticks)))
        return min(max(y, pane.box.top() + 1), pane.box.bottom() - 1)

    def reset_scales(self) -> None:
        """Let every scale fit by itself."""
        for pane in self.panes:
            pane.scale.is_manual = False

    def _zoom_centre(self) -> float:
        return self.pointer.x() if self.pointer is not None else self.plot.right()

    def _shift(self, direction: int) -> None:
        scale = self.price_scale
        scale.drag(direction * (scale.bottom - scale.top) / 10)
        self.move_on()
