"""The system monitor: what the program takes, what it loses, how late it is."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.bars import Bar, Bars
from app.ui.items.histogram import Histogram
from app.ui.items.trend import Trend
from app.ui.laid_out import take_out
from app.ui.models.latency import LatencyWindow

_WIDE_PX: Final = 520
_FRAME_MS: Final = 1000 / 60


class MonitorPanel(QWidget):
    """Cards of figures with their past, once a second: a part of them at each pulse."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        theme, scale = context.theme, context.settings.scale
        self.rate = Trend(theme, scale, "Market records a second")
        self.orders = Trend(theme, scale, "Commands and reports a second")
        self.frame = Trend(
            theme, scale, "Window's work per frame, p50 and p99", _FRAME_MS
        )
        self.memory = Trend(theme, scale, "Resident memory, all and private")
        self.market = Histogram(theme, scale, "Ring → log")
        self.gesture = Histogram(theme, scale, "Gesture → log")
        self.answer = Histogram(theme, scale, "Gesture → answer painted")
        self.way = Bars(theme, scale, "Way of your orders, p50 and p99")
        self.rings = Bars(theme, scale, "Rings between threads")
        self.threads = Bars(theme, scale, "Threads, share of one core")
        self._latencies = _windows()
        self._pulses = 0
        self._parts = (
            self._show_course,
            self._show_latency,
            self._show_rings,
            self._show_threads,
            self._show_memory,
        )
        self._cards = (
            self.rate, self.orders, self.frame, self.memory, self.market, self.gesture,
            self.answer, self.way, self.rings, self.threads,
        )  # fmt: skip
        self._lay_out()
        bridge = context.bridge
        bridge.pulsed.connect(self._on_pulse)
        bridge.session_changed.connect(self._on_session_changed)

    def _lay_out(self) -> None:
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(8, 8, 8, 8)
        self._grid.setSpacing(8)
        self._columns = 0
        self._arrange(2)
        area = QScrollArea()
        area.setAccessibleName("System figures")
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        top = Qt.AlignmentFlag.AlignTop
        for i, card in enumerate(self._cards):
            take_out(self._grid, card)
            if isinstance(card, Bars):
                self._grid.addWidget(card, i // columns, i % columns, top)
            else:
                self._grid.addWidget(card, i // columns, i % columns)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1 if columns > 1 else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange(2 if self.width() >= _WIDE_PX else 1)

    def _on_session_changed(self) -> None:
        self._latencies = _windows()
        self._show()

    def _on_pulse(self) -> None:
        self._pulses += 1
        if self.isVisible():
            self._parts[self._pulses % len(self._parts)]()

    def showEvent(self, event: object) -> None:
        self._show()

    def _show(self) -> None:
        if self.isVisible():
            for part in self._parts:
                part()

    def _show_threads(self) -> None:
        now_s = self._context.clock.monotonic_ns() / 1e9
        rows = self._context.bridge.vitals.threads(now_s)
        self.threads.show_rows(
            tuple(Bar(name, formatting.percent(part), part) for name, part in rows)
        )

    def _newest(self, name: str) -> float:
        course = self._context.bridge.vitals.course
        return float(course.values(name)[-1]) if len(course) else float("nan")

    def _show_course(self) -> None:
        course, t = self._context.bridge.vitals.course, self._context.theme
        number, dash = formatting.short_number, formatting.DASH
        events, commands, reports = (
            number(value) if value == value else dash
            for value in map(self._newest, ("events", "commands", "reports"))
        )
        self.rate.show_lines(events, "", [(course.values("events"), t.accent)])
        lines = [(course.values("commands"), t.bid), (course.values("reports"), t.ask)]
        self.orders.show_lines(f"{commands} / {reports}", "", lines)

    def _show_memory(self) -> None:
        course, t = self._context.bridge.vitals.course, self._context.theme
        if not len(course):
            return
        p50, p99 = self._newest("frame_p50"), self._newest("frame_p99")
        self.frame.show_lines(
            f"{milli(p50)} / {milli(p99)}",
            f"interval p99 {milli(self._newest('interval_p99'))}",
            [(course.values("frame_p99"), t.ask), (course.values("frame_p50"), t.bid)],
        )
        self.memory.show_lines(
            formatting.memory(self._newest("resident")),
            f"{formatting.memory(self._newest('private'))} private",
            [(course.values("resident"), t.bid), (course.values("private"), t.ask)],
        )

    def _show_latency(self) -> None:
        view = self._context.desk.market.view
        if view is None:
            return
        answers = self._context.bridge.answers.histogram
        for window, card, counts in zip(
            self._latencies,
            (self.market, self.gesture, self.answer),
            (view["histogram"], view["command_histogram"], answers),
            strict=True,
        ):
            window.take(counts)
            card.show_counts(window.recent)
        self._show_way()

    def _show_way(self) -> None:
        """Each stage from a click to its answer on the screen, since the start."""
        rows = self._context.bridge.lives.quantiles()
        total = max((p50 for _, count, p50, _ in rows if count), default=1.0)
        write = formatting.duration
        self.way.show_rows(
            tuple(
                Bar(name, f"{write(p50)} / {write(p99)}", p50 / total if count else 0.0)
                for name, count, p50, p99 in rows
            )
        )

    def _show_rings(self) -> None:
        session, count = self._context.bridge.session, formatting.count
        rows = []
        for each in session.rings() if session is not None else ():
            words = f"{count(each.used)} of {count(each.capacity)}"
            if each.dropped:
                words += f", {count(each.dropped)} dropped"
            part = each.used / each.capacity
            rows.append(Bar(each.name, words, part, is_bad=each.dropped > 0))
        self.rings.show_rows(tuple(rows))


def _windows() -> tuple[LatencyWindow, ...]:
    return tuple(LatencyWindow() for _ in range(3))


def milli(value: float) -> str:
    """Write milliseconds."""
    return formatting.duration(value * 1e6)
