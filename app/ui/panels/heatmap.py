"""The depth heatmap of one instrument: what rested where, over time."""

from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QSlider,
    QWidget,
)

from app.ui.context import Context
from app.ui.heatmap_feed import HeatmapFeed
from app.ui.items.heatmap_picture import PALETTES
from app.ui.items.heatmap_view import HeatmapView
from app.ui.items.lines import Line
from app.ui.items.panel_frame import frame_panel
from app.ui.items.spoken import tell
from app.ui.models.heatmap import HIGH, LOW
from app.ui.models.market import Listed
from app.ui.throttle import Throttle
from app.ui.trouble import TroubleBanner

_SLIDER_PX: Final = 90
_EVERY_NS: Final = 30_000_000
_SELDOM_NS: Final = 100_000_000
"""A frame when time has moved by a pixel, but so often and so seldom at most."""


class HeatmapPanel(QWidget):
    """Follows the focus; the picture is painted on a thread of its own."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.view = HeatmapView(context.theme, context.settings.scale)
        self.feed = HeatmapFeed(context, self.view)
        self.trouble = TroubleBanner(context, self.view)
        self.low, self.high = self._slider(LOW), self._slider(HIGH)
        self.low.setAccessibleName("Dim below, per cent of what is seen")
        self.high.setAccessibleName("Brightest from, per cent of what is seen")
        self.low.setToolTip("Smaller sizes are dim")
        self.high.setToolTip("Larger sizes are brightest")
        self.hold = QCheckBox("hold")
        self.hold.setToolTip("Keep the contrast, whatever comes into view")
        self.bubbles = QCheckBox("trades")
        self.bubbles.setChecked(True)
        self.palette_box = QComboBox()
        self.palette_box.setAccessibleName("Colours")
        for name, title in PALETTES.items():
            self.palette_box.addItem(title, name)
        self.now = QPushButton("Follow")
        self.now.setToolTip("Return to now and to the touch (Home, double click)")
        self.now.setCheckable(True)
        self._line = Line()
        self._shown: Listed | None = None
        self._throttle = Throttle(context.clock, _EVERY_NS)
        self._lay_out()
        self._connect()
        self._on_other()

    def _slider(self, value: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(value)
        slider.setMaximumWidth(_SLIDER_PX)
        return slider

    def _lay_out(self) -> None:
        bar = frame_panel(self, self.view, self._line)
        contrast = QLabel("contrast")
        bar.row.addWidget(contrast)
        for widget in (self.low, self.high, self.hold, self.bubbles, self.palette_box):
            bar.row.addWidget(widget)
        bar.row.addStretch(1)
        bar.row.addWidget(self.now)
        bar.optional = [contrast, self.palette_box, self.hold, self.bubbles]

    def _connect(self) -> None:
        bridge = self._context.bridge
        for slider in (self.low, self.high):
            slider.valueChanged.connect(self._on_chosen)
        for box in (self.hold, self.bubbles):
            box.toggled.connect(self._on_chosen)
        self.palette_box.currentIndexChanged.connect(self._on_chosen)
        self.now.clicked.connect(self._on_now)
        self.view.hovered.connect(self._on_hovered)
        self.view.stepped.connect(self._on_stepped)
        self.view.moved.connect(self._on_moved)
        bridge.pictures_due.connect(self._on_picture)
        bridge.pulsed.connect(self._on_pulse)
        bridge.session_changed.connect(self._on_other)
        bridge.instruments_changed.connect(self._on_other)
        self._context.focus.changed.connect(self._on_other)

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {
            "low": self.low.value(),
            "high": self.high.value(),
            "trades": self.bubbles.isChecked(),
            "palette": self.palette_box.currentData(),
            "ns_per_px": self.view.port.ns_per_px,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept; what it does not know is passed over."""
        for name, slider in (("low", self.low), ("high", self.high)):
            value = state.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                slider.setValue(min(max(value, 0), 100))
        self.bubbles.setChecked(state.get("trades", True) is not False)
        at = self.palette_box.findData(str(state.get("palette", "")))
        if at >= 0:
            self.palette_box.setCurrentIndex(at)
        self.feed.zoom_to(state.get("ns_per_px"))

    def _listed(self) -> Listed | None:
        return self._context.desk.listed(self._context.focus.number)

    def _on_other(self, *_: object) -> None:
        listed = self._listed()
        if listed is not self._shown:
            self._shown = listed
            self.hold.setChecked(False)  # one instrument's sizes say nothing of another
        self.feed.begin(listed)
        self._on_chosen()
        self._on_pulse()

    def _on_chosen(self, *_: object) -> None:
        contrast = self.feed.contrast
        contrast.choose(self.low.value(), self.high.value())
        contrast.is_held = self.hold.isChecked()
        self.feed.choose(str(self.palette_box.currentData()), self.bubbles.isChecked())

    def _on_picture(self) -> None:
        pixel = round(self.view.port.ns_per_px)
        self._throttle.every_ns = min(max(pixel, _EVERY_NS), _SELDOM_NS)
        if self.isVisible() and self._throttle.is_due():
            self.feed.take()

    def _on_moved(self) -> None:
        self.now.setChecked(self.view.port.is_following)
        if self.view.port.is_placed:
            self.feed.ask()
        else:
            self.feed.take()  # it returns to now

    def _on_now(self) -> None:
        self.view.follow()

    def _on_hovered(self, place: tuple[int, float] | None) -> None:
        words = self.feed.words_at(*place) if place is not None else ""
        self._line.show_text(words, self._context.theme.text)

    def _on_stepped(self) -> None:
        tell(self.view, self._line.text)

    def _on_pulse(self, *_: object) -> None:
        self.now.setChecked(self.view.port.is_following)

    def showEvent(self, event: object) -> None:
        self.feed.take()
