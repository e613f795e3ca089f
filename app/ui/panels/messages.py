"""The log panel: what the user was told, newest at the end, by level, topic, words."""

import csv
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QShowEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.squeeze_bar import SqueezeBar
from app.ui.models.message_filter import MessageFilter
from app.ui.models.messages import Level, Message

_KEPT: Final = 2_000
_WORDS: Final = {Level.INFO: "", Level.WARNING: "warning  ", Level.ERROR: "error  "}
_LEVELS: Final = ("Everything", "Warnings and errors", "Errors")
_TOPICS: Final = "Every topic"


class MessagesPanel(QWidget):
    """Messages as lines; the level stands as a word and a colour."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown = 0
        self._make()
        self._lay_out()
        context.bridge.message_added.connect(self.sync)
        self.sync()

    def _make(self) -> None:
        self.level = QComboBox()
        self.level.addItems(_LEVELS)
        self.level.setAccessibleName("Least grave level that is shown")
        self.topic = QComboBox()
        self.topic.addItem(_TOPICS)
        self.topic.setAccessibleName("Topic that is shown")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search the log")
        self.search.setClearButtonEnabled(True)
        self.copy = QPushButton("&Copy")
        self.copy.setToolTip("Copy the lines that are shown")
        self.export = QPushButton("E&xport…")
        self.export.setToolTip("Write the lines that are shown to a CSV file")
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setMaximumBlockCount(_KEPT)
        self.lines.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.lines.setAccessibleName("Log")
        self.lines.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.level.currentIndexChanged.connect(self._show_anew)
        self.topic.currentIndexChanged.connect(self._show_anew)
        self.search.textChanged.connect(self._show_anew)
        self.copy.clicked.connect(self._copy)
        self.export.clicked.connect(self._export)

    def _lay_out(self) -> None:
        bar = SqueezeBar()
        bar.row.setContentsMargins(0, 2, 6, 2)
        self.search.setMinimumWidth(90)
        for widget in (self.level, self.topic):
            bar.row.addWidget(widget)
        bar.row.addWidget(self.search, 1)
        bar.row.addWidget(self.copy)
        bar.row.addWidget(self.export)
        bar.optional = [self.copy, self.export, self.topic]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(bar)
        layout.addWidget(self.lines)

    def state(self) -> dict[str, Any]:
        """What is filtered."""
        return {"level": self.level.currentIndex(), "search": self.search.text()}

    def restore(self, state: dict[str, Any]) -> None:
        """Filter as before."""
        level, search = state.get("level"), state.get("search")
        if type(level) is int and 0 <= level < len(_LEVELS):
            self.level.setCurrentIndex(level)
        if isinstance(search, str):
            self.search.setText(search)

    def filter(self) -> MessageFilter:
        """What is shown."""
        topic = self.topic.currentText() if self.topic.currentIndex() > 0 else ""
        level = Level(max(0, self.level.currentIndex()))
        return MessageFilter(level, topic, self.search.text())

    def sync(self) -> None:
        """Add the messages that have come since."""
        messages = self._context.desk.messages
        if self.isVisible():
            messages.mark_read()
        new = min(messages.total - self._shown, len(messages.rows), _KEPT)
        self._shown = messages.total
        if new <= 0:
            return
        bar = self.lines.verticalScrollBar()
        was_at_end = bar.value() >= bar.maximum() - 2
        wanted = self.filter()
        newest = [messages.rows[-at] for at in range(new, 0, -1)]
        self._learn_topics(newest)
        self.lines.setUpdatesEnabled(False)
        for message in newest:
            if wanted.takes(message):
                self._add(message)
        self.lines.setUpdatesEnabled(True)
        if was_at_end:
            bar.setValue(bar.maximum())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._context.desk.messages.mark_read()

    def _learn_topics(self, messages: list[Message]) -> None:
        for topic in dict.fromkeys(message.topic for message in messages):
            if self.topic.findText(topic) < 0:
                self.topic.addItem(topic)

    def _show_anew(self) -> None:
        self.lines.clear()
        self._shown = 0
        messages = self._context.desk.messages
        self._shown = messages.total - min(len(messages.rows), _KEPT)
        self.sync()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.lines.toPlainText())

    def _export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export", "log.csv", "CSV (*.csv)")
        if not name:
            return
        try:
            self.write(Path(name))
        except OSError as error:
            words = f"{name} cannot be written: {error.strerror}"
            self._context.bridge.tell(words, Level.ERROR)

    def write(self, path: Path) -> None:
        """Write the messages that are shown as CSV, times in UTC."""
        wanted = self.filter()
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("time", "level", "topic", "text"))
            for row in self._context.desk.messages.rows:
                if wanted.takes(row):
                    when = formatting.date_time(row.ts)
                    writer.writerow((when, row.level.name.lower(), row.topic, row.text))

    def _add(self, message: Message) -> None:
        theme = self._context.theme
        colours = {
            Level.INFO: theme.text,
            Level.WARNING: theme.warning,
            Level.ERROR: theme.error,
        }
        cursor = QTextCursor(self.lines.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if not self.lines.document().isEmpty():
            cursor.insertBlock()
        muted, plain = QTextCharFormat(), QTextCharFormat()
        muted.setForeground(QColor(theme.muted))
        plain.setForeground(QColor(colours[message.level]))
        when = formatting.clock_time(message.ts)
        cursor.insertText(f"{when}  {message.topic}  ", muted)
        cursor.insertText(f"{_WORDS[message.level]}{message.text}", plain)
