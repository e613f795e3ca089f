"""The status bar: how the program is doing, in words and figures."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStatusBar, QToolButton

from app.sessions.session import EngineState
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.lines import Cell, Line
from app.ui.models.latency import LatencyWindow
from app.ui.models.messages import Level
from app.ui.models.order_path import order_path

_CELLS: Final = (
    (
        "clock",
        "The time now, in the zone of all times that are shown (ui.time_zone)",
        "88:88:88 UTC",
    ),
    (
        "orders",
        "The way of orders: engine, log, the venue's answers",
        "● orders: 8 open",
    ),
    ("engine", "The engine of this session", "● engine starting"),
    (
        "feed",
        "The connection to the market data; the built-in exchange's seed",
        "● feed connected",
    ),
    ("rate", "Market records the engine takes per second", "88.8k/s"),
    ("drops", "Records lost because a reader was too slow; none should be", "0 lost"),
    (
        "frame",
        "The window's own work per frame, 99th percentile: drain and paint",
        "frame 88.8 ms",
    ),
    (
        "latency",
        "From the ring to the log, median and 99th percentile",
        "latency 88.8 µs / 88.8 ms",
    ),
    (
        "log",
        "Records in the session's log, and how many are not yet on the disk",
        "log 88.8M, 888 not yet on disk",
    ),
)
"""Name, what it says, and a text as wide as those that are usual."""

_SPARED: Final = ("log", "rate", "frame", "engine", "latency", "drops", "clock")
"""Left out one after the other where the window is too narrow."""
_UNREAD: Final = "⚠ {} unread"
_LEAST_MESSAGE: Final = 48
"""Letters of the newest message that are always in sight."""
_GAP_PX: Final = 8


class StatusBar(QStatusBar):
    """The newest message to the left, health to the right; five updates a second."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._latency = LatencyWindow()
        self.setSizeGripEnabled(False)
        self.message = Line()
        self.unread = QToolButton()
        self.unread.setAutoRaise(True)
        self.unread.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.unread.clicked.connect(lambda: context.commands.run("window.log"))
        # Qt counts a hidden button, too: without words the bar would be higher, and the
        # ladder's rows would move with the first warning.
        self.unread.setText(_UNREAD.format(0))
        self.unread.hide()
        self.addWidget(self.unread)
        self.addWidget(self.message, 1)
        self.cells: dict[str, Cell] = {}
        for name, tip, sample in _CELLS:
            cell = Cell(sample)
            cell.setToolTip(tip)
            cell.grown.connect(self._fit)
            self.cells[name] = cell
            self.addPermanentWidget(cell)
        bridge = context.bridge
        bridge.pulsed.connect(self._on_pulse)
        bridge.status_changed.connect(self._on_pulse)
        bridge.session_changed.connect(self._on_pulse)
        bridge.message_added.connect(self._on_message)
        self._on_pulse()
        self._on_message()

    def _on_message(self) -> None:
        theme, newest = self._context.theme, self._context.desk.messages.newest
        if newest is not None:
            colours = {
                Level.INFO: theme.muted,
                Level.WARNING: theme.warning,
                Level.ERROR: theme.error,
            }
            when = formatting.clock_time(newest.ts)
            listed = self._context.desk.market.listed
            is_named = any(each.instrument.name == newest.topic for each in listed)
            whose = f"{newest.topic}: " if is_named else ""
            words = f"  {when}  {whose}{newest.text}"
            self.message.show_text(words, colours[newest.level])

    def _show_unread(self) -> None:
        """Count the warnings and errors that came while no log was shown."""
        count = self._context.desk.messages.unread
        is_other = self.unread.isHidden() != (count == 0)
        if is_other:
            self.unread.setVisible(count > 0)
        words = _UNREAD.format(formatting.count(count))
        if count and words != self.unread.text():
            self.unread.setText(words)
            self.unread.setAccessibleName(
                f"{formatting.plural(count, 'unread warning')}: show the log"
            )
            self.unread.setToolTip(self._context.commands.tip("window.log"))
            is_other = True
        if is_other:
            self._fit()

    def _on_pulse(self) -> None:
        self._show_unread()
        self._show_clock()
        bridge, theme = self._context.bridge, self._context.theme
        status, view = bridge.status, self._context.desk.market.view
        is_ready = status.engine is EngineState.READY
        done, total = status.progress
        engine = f"engine {status.engine.value}"
        if status.engine is EngineState.COMPILING and total:
            engine += f" {done}/{total}"
        failed = status.engine is EngineState.FAILED
        engine_colour = (
            theme.armed if is_ready else theme.error if failed else theme.warning
        )
        self._light("engine", engine, engine_colour)
        working = self._context.desk.orders.working()
        state, words = order_path(status, view, working)
        path_colours = {
            "well": theme.armed,
            "waiting": theme.warning,
            "broken": theme.error,
        }
        self._light("orders", words, path_colours[state])
        is_connected = status.feed_state == "connected"
        feed_colour = theme.armed if is_connected else theme.warning
        seed = "" if status.seed is None else f", seed {status.seed}"
        self._light("feed", f"feed {status.feed_state}{seed}", feed_colour)
        frame = formatting.duration(bridge.frames.quantile(0.99))
        self._show("frame", f"frame {frame}", theme.muted)
        self._show("rate", formatting.rate(bridge.events_per_s), theme.muted)
        if view is None:
            for name in ("drops", "latency", "log"):
                self._show(name, f"{name} {formatting.DASH}", theme.muted)
            return
        lost = int(view["events_lost"]) + int(view["market_lost"]) + status.unlogged
        self._show(
            "drops",
            f"{formatting.count(lost)} lost" if lost else "0 lost",
            theme.error if lost else theme.muted,
        )
        self._latency.take(view["histogram"])
        median, worst = (self._latency.quantile(q) for q in (0.5, 0.99))
        words = f"latency {formatting.duration(median)} / {formatting.duration(worst)}"
        self._show("latency", words, theme.muted)
        self._show_log(int(view["log_records"]), int(view["log_durable"]))

    def _show_clock(self) -> None:
        """Show the wall's time; a recording's own where one is played."""
        context = self._context
        view, is_recording = context.desk.market.view, context.bridge.status.speed
        now, whose = context.now(), ""
        if is_recording is not None and view is not None:
            now = int(view["now"])
            whose = f"{formatting.day(now)} "
        words = f"{whose}{formatting.clock_time(now)} {formatting.zone_name(now)}"
        self._show("clock", words, context.theme.text)

    def _show_log(self, records: int, durable: int) -> None:
        theme, status = self._context.theme, self._context.bridge.status
        if status.log_status:
            self._show("log", f"log: {status.log_status}", theme.error)
            return
        words = f"log {formatting.short_number(records)}"
        if durable:
            behind = formatting.short_number(records - durable)
            words += f", {behind} not yet on disk" if records > durable else ", on disk"
        self._show("log", words, theme.muted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        """Leave out what is least missed, until the message has room."""
        letters = _LEAST_MESSAGE * self.fontMetrics().averageCharWidth()
        told = 0 if self.unread.isHidden() else self.unread.sizeHint().width()
        room = self.width() - letters - told
        widths = {name: cell.width_kept + _GAP_PX for name, cell in self.cells.items()}
        needed = sum(widths.values())
        hidden = set()
        for name in _SPARED:
            if needed > room:
                hidden.add(name)
                needed -= widths[name]
        for name, cell in self.cells.items():
            if cell.isHidden() != (name in hidden):
                cell.setVisible(name not in hidden)

    def _light(self, name: str, words: str, colour: str) -> None:
        self.cells[name].show_light(words, self._context.theme.text, colour)

    def _show(self, name: str, words: str, colour: str) -> None:
        self.cells[name].show_text(words, colour)
