"""Backtests under way: how far each is, how fast, how long it will take; a way out."""

import math
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.clock import SystemClock
from app.ui import formatting
from app.ui.backtests import Backtests, RunningBacktest
from app.ui.laid_out import take_out
from app.ui.models.strategies import compiling_text

_MOST = 6
_CLOCK = SystemClock()


class _Row(QWidget):
    """One of them."""

    def __init__(self, running: RunningBacktest) -> None:
        super().__init__()
        self.running = running
        self.title, self.words = QLabel(running.title), QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "error")
        self.words.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(f"Progress of {running.title}")
        self.cancel = QPushButton("Cancel")
        self.cancel.setAccessibleName(f"Cancel {running.title}")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.title)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.words)
        running.changed.connect(self.show_state)
        self.show_state()

    def show_state(self) -> None:
        each = self.running
        if each.state == "failed":
            self.bar.hide()
            self.words.setText(each.words)
            self.words.show()
            self.cancel.setText("Dismiss")
            self.cancel.setEnabled(True)
            return
        self.bar.setValue(round(1000 * each.share))
        self.bar.setFormat(words_of(each))


def words_of(each: RunningBacktest) -> str:
    """How far one is, in words."""
    if each.state == "waiting":
        return "waits for the others"
    if each.state == "preparing":
        if each.compiling is None:
            return "opening data"
        return compiling_text(each.compiling, _CLOCK.monotonic_ns())
    if each.state == "storing":
        return "storing"
    left = each.left_s
    told = "" if math.isnan(left) else f" · {formatting.countdown(round(left * 1e9))}"
    rate = formatting.short_number(each.rate)
    return f"{each.share:.0%} · {rate} events/s{told} left" if told else "running"


class RunningList(QWidget):
    """All that run, and those that failed until they are dismissed."""

    def __init__(self, backtests: Backtests) -> None:
        super().__init__()
        self.rows: list[_Row] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 2, 0, 2)
        self._layout.setSpacing(0)
        for each in backtests.running:
            self._on_begun(each)
        backtests.begun.connect(self._on_begun)
        backtests.ended.connect(self._on_ended)
        self.setVisible(bool(self.rows))

    def _on_begun(self, running: RunningBacktest) -> None:
        row = _Row(running)
        row.cancel.clicked.connect(partial(self._on_cancel, row))
        self.rows.append(row)
        self._layout.addWidget(row)
        failed = [each for each in self.rows if each.running.state == "failed"]
        for each in failed[: max(0, len(self.rows) - _MOST)]:
            self._drop(each)
        self.show()

    def _on_cancel(self, row: _Row, *_: object) -> None:
        if row.running.is_over:
            self._drop(row)
        else:
            row.cancel.setEnabled(False)
            row.running.cancel()

    def _on_ended(self, running: RunningBacktest, _: str) -> None:
        if running.state != "failed":
            for row in [each for each in self.rows if each.running is running]:
                self._drop(row)

    def _drop(self, row: _Row) -> None:
        self.rows.remove(row)
        take_out(self._layout, row)
        row.hide()
        row.deleteLater()
        self.setVisible(bool(self.rows))
