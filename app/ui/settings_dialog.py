"""The settings dialog, made from what app/config.py declares; it blocks nothing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.config import Settings
from app.errors import ConfigError
from app.settings import Loaded
from app.settings_file import SettingsFile
from app.ui import formatting
from app.ui.items.question import ask
from app.ui.items.setting_editor import SettingEditor
from app.ui.models.settings_form import WHEN, SettingsForm, section_title

_SIZE: Final = (820, 640)
_EVERYTHING: Final = "All"


class SettingsDialog(QDialog):
    """Every setting with its rule; what breaks one is told below its field.

    Signals
    -------
    saved(object, object)
        The settings that hold now (`Loaded`), and the names of those changed.

    Parameters
    ----------
    parent : QWidget or None
    file : SettingsFile
    loaded : Loaded
    notes : mapping of str to str, optional
        What is to be said of a section: why its settings do nothing here.
    """

    saved = Signal(object, object)

    def __init__(
        self,
        parent: QWidget | None,
        file: SettingsFile,
        loaded: Loaded[Settings],
        notes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(parent)
        self._file, self._notes = file, notes
        self.question: QMessageBox | None = None
        self.form = SettingsForm(loaded, file.path)
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self._make()
        self._lay_out()
        self._show_rows()
        self._judge()
        self.search.setFocus()

    # What it is made of.

    def _make(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search settings")
        self.search.setAccessibleName("Search settings")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._show_rows)
        self.sections = QListWidget()
        self.sections.setAccessibleName("Sections")
        self.sections.setFrameShape(QFrame.Shape.NoFrame)
        self.sections.setSpacing(2)
        self.sections.addItem(_EVERYTHING)
        self._names = ["", *(name for name, _ in self.form.sections())]
        for name in self._names[1:]:
            self.sections.addItem(section_title(name))
        self.sections.setCurrentRow(0)
        self.sections.currentRowChanged.connect(self._show_rows)
        self.editors = {
            key: SettingEditor(row, self._judge) for key, row in self.form.rows.items()
        }
        self.heads = {
            name: _heading(f"{section_title(name)}: {sentence}")
            for name, sentence in self.form.sections()
        }
        self.notes = {name: _warning(words) for name, words in self._notes.items()}
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.none = _muted("No setting has these words.")
        self.save = QPushButton("&Save")
        self.save.setDefault(True)
        self.save.clicked.connect(self._save)
        self.leave = QPushButton("&Close")
        self.leave.clicked.connect(self.reject)

    def _lay_out(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(10)
        for name, head in self.heads.items():
            column.addWidget(head)
            if name in self.notes:
                column.addWidget(self.notes[name])
            for key, editor in self.editors.items():
                if key.startswith(f"{name}."):
                    column.addWidget(editor)
        column.addWidget(self.none)
        column.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setWidget(page)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.sections.setFixedWidth(self.fontMetrics().averageCharWidth() * 20)
        middle = QHBoxLayout()
        middle.addWidget(self.sections)
        middle.addWidget(self.area, 1)
        below = QHBoxLayout()
        below.addWidget(self.words, 1)
        below.addWidget(self.leave)
        below.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addLayout(middle, 1)
        layout.addWidget(_muted(f"Written to {self._file.path}"))
        layout.addLayout(below)

    # What it shows.

    def _show_rows(self) -> None:
        words = self.search.text()
        section = self._names[max(0, self.sections.currentRow())]
        shown = set()
        for key, editor in self.editors.items():
            own = key.partition(".")[0]
            # A search looks everywhere: the section is what one does not know.
            is_shown = editor.row.matches(words) and (
                bool(words) or section in ("", own)
            )
            editor.setVisible(is_shown)
            if is_shown:
                shown.add(own)
        for name, head in self.heads.items():
            head.setVisible(name in shown)
            if name in self.notes:
                self.notes[name].setVisible(name in shown)
        self.none.setVisible(not shown)
        self.area.verticalScrollBar().setValue(0)

    def _judge(self) -> None:
        wrong = self.form.wrong()
        for key, editor in self.editors.items():
            editor.show_wrong(wrong.get(key, ""))
        changed = [row for row in self.form.rows.values() if row.is_changed]
        self.save.setEnabled(bool(changed) and not wrong)
        if wrong:
            self._tell(next(iter(wrong.values())), "error")
        elif changed:
            when = {row.declared.rule.applies for row in changed}
            told = [words for key, words in WHEN.items() if key in when]
            self._tell(f"Takes effect {', '.join(told)}", "muted")
        else:
            self._tell("", "muted")

    def _tell(self, words: str, role: str) -> None:
        self.words.setText(words)
        self.words.setProperty("role", role)
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)

    # What it does.

    def reject(self) -> None:
        """Close; what was changed and not saved is asked about first."""
        changed = [row for row in self.form.rows.values() if row.is_changed]
        if not changed:
            super().reject()
            return
        count = formatting.plural(len(changed), "setting")
        words = f"{count} changed and not saved. Close without saving?"
        leave = super().reject
        self.question = ask(
            self, "Settings", words, "Close without saving", leave, keeps="Go on"
        )

    def _save(self) -> None:
        changed = [key for key, row in self.form.rows.items() if row.is_changed]
        try:
            loaded = self._file.change(self.form.changes())
        except ConfigError as error:
            self._tell(str(error), "error")
            return
        self.saved.emit(loaded, changed)
        self.accept()


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def _muted(text: str) -> QLabel:
    return _words("muted", text)


def _warning(text: str) -> QLabel:
    return _words("warning", text)


def _words(role: str, text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
