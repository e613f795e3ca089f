"""Shows the crash reports that are kept on this machine."""

from typing import Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.crash_reports import CrashReports

_SIZE: Final = (860, 560)
_LARGEST: Final = 400_000


class CrashDialog(QDialog):
    """A list of reports beside the text of one; it blocks nothing."""

    def __init__(self, parent: QWidget | None, reports: CrashReports) -> None:
        super().__init__(parent)
        self._reports = reports
        self.setWindowTitle("Crash reports")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.list = QListWidget()
        self.list.setAccessibleName("Crash reports")
        self.list.setFixedWidth(self.fontMetrics().averageCharWidth() * 34)
        self.list.currentRowChanged.connect(self._show)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The report")
        self.text.setTabChangesFocus(True)
        self.copy = QPushButton("&Copy")
        self.copy.clicked.connect(self._copy)
        self.folder = QPushButton("Open &folder")
        self.folder.clicked.connect(self._open_folder)
        self.delete = QPushButton("&Delete")
        self.delete.clicked.connect(self._delete)
        self.leave = QPushButton("C&lose")
        self.leave.clicked.connect(self.reject)
        self._lay_out()
        self._fill()

    def _lay_out(self) -> None:
        words = QLabel(
            "Reports stay on this machine; nothing is ever sent. They hold the "
            "traceback, versions, your settings and the last lines of the log."
        )
        words.setProperty("role", "muted")
        words.setWordWrap(True)
        middle = QHBoxLayout()
        middle.addWidget(self.list)
        middle.addWidget(self.text, 1)
        below = QHBoxLayout()
        for button in (self.copy, self.folder, self.delete):
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(self.leave)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addLayout(middle, 1)
        layout.addLayout(below)

    def _fill(self) -> None:
        self._paths = self._reports.paths()
        self.list.clear()
        for path in self._paths:
            self.list.addItem(f"{path.stem[:19].replace('T', '  ').replace('.', ':')}")
        self.list.setCurrentRow(0)
        self._show()

    def _show(self) -> None:
        row = self.list.currentRow()
        has_one = 0 <= row < len(self._paths)
        self.copy.setEnabled(has_one)
        self.delete.setEnabled(has_one)
        self.folder.setEnabled(self._reports.folder.is_dir())
        if not has_one:
            self.text.setPlainText("There is no report: nothing has failed.")
            return
        try:
            text = self._paths[row].read_text("utf-8", "replace")[:_LARGEST]
        except OSError as error:
            text = f"The report cannot be read: {error.strerror}"
        self.text.setPlainText(text)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._reports.folder)))

    def _delete(self) -> None:
        self._paths[self.list.currentRow()].unlink(missing_ok=True)
        self._fill()
