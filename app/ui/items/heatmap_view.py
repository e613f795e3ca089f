"""The heatmap under the hand: the picture, what lies over it, drag, wheel and keys."""

from typing import Final

from PySide6.QtCore import QElapsedTimer, QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.ui import theme as themes
from app.ui.items.heatmap_paint import HeatmapPaint
from app.ui.items.heatmap_picture import HeatmapPicture
from app.ui.items.ink import Ink
from app.ui.models.heatmap import HeatFrame
from app.ui.models.viewport import Viewport
from app.ui.theme import Theme

_NOTCH: Final = 120
_ZOOM: Final = 1.25
_SIDE_MS: Final = 100
_STEP_PX: Final = 60.0
_CTRL: Final = Qt.KeyboardModifier.ControlModifier
_SHIFT: Final = Qt.KeyboardModifier.ShiftModifier
_PANS: Final = {
    Qt.Key.Key_Left: (_STEP_PX, 0.0),
    Qt.Key.Key_Right: (-_STEP_PX, 0.0),
    Qt.Key.Key_Up: (0.0, _STEP_PX),
    Qt.Key.Key_Down: (0.0, -_STEP_PX),
    Qt.Key.Key_PageUp: (480.0, 0.0),
    Qt.Key.Key_PageDown: (-480.0, 0.0),
}
_CROSS_PX: Final = 8.0
_MANY: Final = 10
"""Steps of the crosshair with Ctrl."""
_STEPS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_ZOOMS: Final = {
    Qt.Key.Key_Plus: 1 / _ZOOM,
    Qt.Key.Key_Equal: 1 / _ZOOM,
    Qt.Key.Key_Minus: _ZOOM,
}


class HeatmapView(QWidget):
    """Shows the newest picture and frame.

    Signals
    -------
    moved()
        Another stretch of time or prices is wanted.
    hovered(object)
        (time ns, price in price units) under the pointer, or None.
    stepped()
        The crosshair was moved by keys; `hovered` has told where.

    Attributes
    ----------
    first : int or None
        When the first column begins, ns; None while there is none.
    session_first : int or None
        When the session's own first one does, where recorded ones stand before it.
    spans : tuple of (begin, end)
        When what stands before the session was recorded, ns.
    is_loading : bool
        Whether more of it is being loaded.
    failure : str
        Why it could not be loaded.
    paint_ns : int
        How long the last painting took.
    """

    moved = Signal()
    hovered = Signal(object)
    stepped = Signal()

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Depth heatmap")
        self.setMinimumSize(240, 140)
        usual, small = themes.text_font(scale, 0.92), themes.text_font(scale, 0.85)
        self._ink = Ink(theme, usual, themes.text_font(scale, bold=True), small)
        self._over = HeatmapPaint(self._ink)
        self.picture = HeatmapPicture()
        self.picture.painted.connect(self._on_painted)
        self.port = Viewport()
        self.frame: HeatFrame | None = None
        self.first: int | None = None
        self.session_first: int | None = None
        self.spans: tuple[tuple[int, int], ...] = ()
        self.is_loading = False
        self.failure = ""
        self.words = ""
        self.paint_ns = 0
        self._digits = 6
        self._side = QPixmap()
        self._side_key: tuple[float, ...] = ()
        self._side_since = QElapsedTimer()
        self._side_since.start()
        self._pointer: QPointF | None = None
        self._pressed: QPointF | None = None
        self._is_on_axis = False

    def sizeHint(self) -> QSize:
        return QSize(720, 460)

    def show_frame(self, frame: HeatFrame, *, with_next: bool = False) -> None:
        """Show the newest frame, at once or with the picture that is to come."""
        self.frame = frame
        if not with_next:
            self.update()

    def begin(self, tick: int, digits: int) -> None:
        """Begin with another instrument: its tick, the digits of its prices."""
        kept = self.port
        self.port = Viewport(tick)
        self.port.ns_per_px = kept.ns_per_px
        self._digits = digits
        self.frame = None
        self._side_key = ()
        self.picture.forget()
        self._lay_out()

    def follow(self) -> None:
        """Return to now, and to the touch."""
        self.port.is_following = self.port.is_fitting = True
        self.port.is_placed = False
        self.moved.emit()

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        timer = QElapsedTimer()
        timer.start()
        painter = QPainter(self)
        self._ink.begin()
        if self.frame is None or not self.port.is_placed:
            self._paint_empty(painter)
        else:
            self._paint(painter, self.frame)
        painter.end()
        self.paint_ns = timer.nsecsElapsed()

    def _paint_empty(self, painter: QPainter) -> None:
        theme = self._ink.theme
        painter.fillRect(self.rect(), self._ink.brush(theme.panel))
        self._write(painter, self.words)

    def _paint(self, painter: QPainter, frame: HeatFrame) -> None:
        over, port = self._over, self.port
        self._paint_picture(painter)
        painter.setClipRect(over.plot)
        if self.session_first is not None:
            over.recorded(painter, port, self.spans, self.session_first)
        if self.first is not None:
            over.before(painter, port, self.first, self._before_words())
        over.fills(painter, frame, port)
        painter.setClipping(False)
        self._paint_side(painter, frame)
        over.own(painter, frame, port)
        over.time_axis(painter, port)
        over.last(painter, frame, port)
        if self._pointer is not None and over.plot.contains(self._pointer):
            over.crosshair(painter, frame, port, self._pointer)
        if self.words:
            self._write(painter, self.words)

    def _before_words(self) -> str:
        """What is said left of the first column."""
        if self.failure:
            return f"What was recorded before cannot be shown: {self.failure}"
        return "Loading what was recorded before …" if self.is_loading else ""

    def _paint_side(self, painter: QPainter, frame: HeatFrame) -> None:
        """Draw depth and prices; painted anew when they move, else ten times a second.

        Nobody reads sizes faster, and their text costs more than all the rest.
        """
        over, port = self._over, self.port
        area = over.depth.united(over.scale)
        key = port.top, port.units_per_px, area.width(), area.height()
        if key != self._side_key or self._side_since.hasExpired(_SIDE_MS):
            ratio = self.devicePixelRatioF()
            self._side = QPixmap((area.size() * ratio).toSize())
            self._side.setDevicePixelRatio(ratio)
            inner = QPainter(self._side)
            inner.translate(-area.topLeft())
            self._ink.begin()
            over.depth_bars(inner, frame, port)
            over.price_axis(inner, frame, port)
            inner.end()
            self._ink.begin()
            self._side_key = key
            self._side_since.start()
        painter.drawPixmap(area.topLeft(), self._side)

    def _paint_picture(self, painter: QPainter) -> None:
        """Draw the picture where its time and prices are by now."""
        plot, picture, image = self._over.plot, self.picture.shown, self.picture.image
        if picture is None or image is None:
            painter.fillRect(plot, self._ink.brush(self._ink.theme.panel))
            return
        wanted, port = picture.request, self.port
        ratio = self.devicePixelRatioF()
        x = port.x_of(wanted.begin)
        y = port.y_of(wanted.top)
        wide = wanted.width * wanted.ns_per_px / port.ns_per_px
        tall = wanted.height * wanted.units_per_px / port.units_per_px
        is_same = (
            abs(wide - plot.width()) < 0.5
            and abs(tall - plot.height()) < 0.5
            and abs(x) < 1.5
            and abs(y) < 0.01
        )
        if is_same:
            image.setDevicePixelRatio(ratio)
            painter.drawImage(plot.topLeft(), image)
            return
        # Until the next picture comes: this one, moved and stretched.
        image.setDevicePixelRatio(1.0)
        painter.fillRect(plot, self._ink.brush(self._ink.theme.panel))
        painter.setClipRect(plot)
        painter.drawImage(QRectF(x, y, wide, tall), image)
        painter.setClipping(False)

    def _write(self, painter: QPainter, words: str) -> None:
        """Write a line across the middle."""
        if not words:
            return
        ink = self._ink
        wide, tall = ink.usual.width(words) + 24, ink.usual.height + 12
        middle = self._over.plot.center()
        box = QRectF(middle.x() - wide / 2, middle.y() - tall / 2, wide, tall)
        painter.fillRect(box, ink.brush(ink.theme.raised))
        painter.setPen(ink.pen(ink.theme.muted))
        ink.write_in(painter, ink.usual)
        ink.usual.draw(painter, box, words, 0.5)

    def _on_painted(self) -> None:
        self.update()

    # Geometry.

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        self._over.lay_out(self.width(), self.height(), self._digits)
        self.port.resize(self._over.plot.width(), self._over.plot.height())
        self.moved.emit()

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            self._is_on_axis = event.position().x() >= self._over.scale.x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is not None:
            moved = at - self._pressed
            self._pressed = at
            if self._is_on_axis:
                middle = self.port.height / 2
                self.port.zoom_price(1.01 ** moved.y(), middle)
            else:
                self.port.pan(moved.x(), moved.y())
            self.moved.emit()
        self._point(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.follow()

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        factor = _ZOOM ** (-(turned.y() or turned.x()) / _NOTCH)
        at = event.position()
        is_price = bool(event.modifiers() & _CTRL) or at.x() >= self._over.scale.x()
        if is_price:
            self.port.zoom_price(factor, at.y())
        else:
            self.port.zoom_time(factor, at.x())
        event.accept()
        self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Home:
            self.follow()
            return
        if key in _STEPS and event.modifiers() & _SHIFT:
            many = _MANY if event.modifiers() & _CTRL else 1
            right, up = _STEPS[key]
            self.step_cross(right * many, up * many)
            return
        if key == Qt.Key.Key_Escape and self._pointer is not None:
            self._point(None)
            return
        if key in _PANS:
            self.port.pan(*_PANS[key])
        elif key in _ZOOMS and event.modifiers() & _CTRL:
            self.port.zoom_price(_ZOOMS[key], self.port.height / 2)
        elif key in _ZOOMS:
            self.port.zoom_time(_ZOOMS[key], self.port.width / 2)
        else:
            super().keyPressEvent(event)
            return
        self.moved.emit()

    def step_cross(self, right: int, up: int) -> None:
        """Move the crosshair by steps of time and by ticks; it begins at the newest.

        At an edge the picture moves instead.
        """
        if self.frame is None or not self.port.is_placed:
            return
        port, plot = self.port, self._over.plot
        scale = self.frame.listed.scale
        if self._pointer is None or not plot.contains(self._pointer):
            right = up = 0
            at = QPointF(port.x_of(self.frame.now) - _CROSS_PX, port.y_of(port.centre))
        else:
            at = self._pointer
        x = at.x() + right * _CROSS_PX
        index = scale.index(round(port.price_at(at.y()) + port.tick / 2)) + up
        y = port.y_of(scale.price(index))
        inner = plot.adjusted(1, 1, -2, -2)
        wanted = QPointF(
            min(max(x, inner.left()), inner.right()),
            min(max(y, inner.top()), inner.bottom()),
        )
        if (right or up) and wanted != QPointF(x, y):
            port.pan(wanted.x() - x, wanted.y() - y)
            self.moved.emit()
        self._point(wanted)
        self.stepped.emit()

    def _point(self, at: QPointF | None) -> None:
        self._pointer = at
        if at is None or not self._over.plot.contains(at):
            self.hovered.emit(None)
        else:
            told = self.port.time_at(at.x()), self.port.price_at(at.y())
            self.hovered.emit(told)
        self.update()
