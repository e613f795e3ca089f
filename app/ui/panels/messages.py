"""The log panel: what the user was told, newest at the end."""

from typing import Final

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from app.ui import formatting
from app.ui.context import Context
from app.ui.models.messages import Level, Message

_KEPT: Final = 2_000
_WORDS: Final = {Level.INFO: "", Level.WARNING: "warning  ", Level.ERROR: "error  "}


class MessagesPanel(QWidget):
    """Messages as lines; the level stands as a word and a colour."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown = 0
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setMaximumBlockCount(_KEPT)
        self.lines.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.lines.setAccessibleName("Log")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 0, 0)
        layout.addWidget(self.lines)
        context.bridge.message_added.connect(self.sync)
        self.sync()

    def sync(self) -> None:
        """Add the messages that have come since."""
        messages = self._context.desk.messages
        new = min(messages.total - self._shown, len(messages.rows))
        self._shown = messages.total
        if new <= 0:
            return
        bar = self.lines.verticalScrollBar()
        was_at_end = bar.value() >= bar.maximum() - 2
        for message in list(messages.rows)[-new:]:
            self._add(message)
        if was_at_end:
            bar.setValue(bar.maximum())

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
