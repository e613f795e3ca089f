"""The import dialog: what a file is, its first rows, what only a person can say.

A look at the files runs as a job whenever an answer changes; the newest counts. The
import itself is a job with progress and cancel, after which the recording can be
played.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final
from zoneinfo import available_timezones

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.data.cli import report_lines
from app.data.guess import Question
from app.data.importing import Report
from app.data.recognise import Given
from app.errors import RingsideError
from app.ui import formatting
from app.ui.items.column_mapper import ColumnMapper
from app.ui.items.text_table import TextTable
from app.ui.jobs import Job, JobCancelled
from app.ui.library import Library
from app.ui.models.importing import (
    Look,
    answered,
    bring,
    look,
    with_columns,
    words_of,
)
from app.ui.theme import Theme

_LABELS: Final = {
    "--instrument": "Instrument",
    "--date": "Trading day",
    "--time-zone": "Time zone",
    "--time-format": "Times are written",
    "--stamped": "Bars are stamped at their",
    "--interval": "A bar lasts",
    "--assumed-size": "Size of quotes",
}
_SHORT: Final = {
    "--time-zone": "the time zone",
    "--stamped": "where bars are stamped",
    "--time-format": "how times are written",
    "--interval": "how long a bar lasts",
}
_OF_KIND: Final = {
    "--stamped": "bars",
    "--interval": "bars",
    "--assumed-size": "quotes",
}
_EVERY: Final = "all of them"
_USUAL_ZONES: Final = (
    *("UTC", "America/New_York", "America/Chicago", "Europe/London"),
    *("Europe/Berlin", "Asia/Tokyo", "Asia/Hong_Kong", "Australia/Sydney"),
)
_LATER_MS: Final = 300
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ImportDialog(QDialog):
    """Asks what is missing of some files and imports them.

    Signals
    -------
    imported(object)
        The `Report` of an import that has ended.
    """

    imported = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        theme: Theme,
        library: Library,
        paths: Sequence[Path],
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._library = library
        self._paths = tuple(paths)
        self.given = Given()
        self.look = Look(self._paths)
        self._newest = 0
        self._asked: dict[str, Question] = {}
        self._job: Job | None = None
        self._report: Report | None = None
        self._later = QTimer(self, singleShot=True, interval=_LATER_MS)
        self._later.timeout.connect(self._start_look)
        self._make()
        self._lay_out()
        self._start_look()

    # What it is made of.

    def _make(self) -> None:
        self.setWindowTitle("Import")
        self.title = QLabel()
        self.title.setProperty("role", "heading")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.reasons = self._text("muted")
        self.fields: dict[str, QComboBox] = {}
        self._make_fields()
        self._make_rest()

    def _make_fields(self) -> None:
        self._form = QFormLayout()
        self._form.setLabelAlignment(_LEFT)
        self._form.setHorizontalSpacing(14)
        for option, label in _LABELS.items():
            field = QComboBox()
            field.setEditable(option != "--stamped")
            field.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            field.setMinimumWidth(240)
            field.setAccessibleName(label)
            if option == "--time-zone":
                others = sorted(available_timezones() - set(_USUAL_ZONES))
                field.addItems([*_USUAL_ZONES, *others])
            if option == "--stamped":
                field.addItems(("open", "close"))
            field.setCurrentIndex(-1)
            field.activated.connect(lambda _, option=option: self._on_answer(option))
            line = field.lineEdit()
            if line is not None:
                line.textEdited.connect(
                    lambda _, option=option: self._on_answer(option)
                )
            self.fields[option] = field
            self._form.addRow(label, field)

    def _make_rest(self) -> None:
        self.more = QPushButton("Change what was recognised")
        self.more.setCheckable(True)
        self.more.toggled.connect(self._on_more)
        self.mapper = ColumnMapper()
        self.mapper.changed.connect(self._on_columns)
        self.caption = QLabel()
        self.preview = TextTable("First rows")
        self.preview.setMinimumHeight(150)
        self.problem = self._text("error")
        self.problem.setAccessibleName("Problem")
        self.skip_bad = QCheckBox("Import the sound rows, leave bad ones out")
        self.skip_bad.toggled.connect(self._start_look)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.hide()
        self.start = QPushButton("Import")
        self.start.setDefault(True)
        self.start.clicked.connect(self._on_start)
        self.play = QPushButton("Play it")
        self.play.setToolTip("Open a session on what was imported")
        self.play.clicked.connect(self._on_play)
        self.play.hide()
        self.leave = QPushButton("Cancel")
        self.leave.clicked.connect(self.reject)

    def _text(self, role: str) -> QLabel:
        label = QLabel()
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.skip_bad)
        buttons.addStretch(1)
        for each in (self.play, self.start, self.leave):
            buttons.addWidget(each)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addWidget(self.reasons)
        layout.addLayout(self._form)
        layout.addWidget(self.mapper)
        layout.addWidget(self.caption)
        layout.addWidget(self.preview, 1)
        layout.addWidget(self.problem)
        layout.addWidget(self.progress)
        layout.addLayout(buttons)
        self.mapper.hide()
        self._show_fields()
        self.resize(860, 640)

    # Looking.

    def _start_look(self) -> None:
        self._later.stop()
        self._newest += 1
        number, given, skip = self._newest, self.given, self.skip_bad.isChecked()
        paths, root = self._paths, self._library.root
        self.start.setEnabled(False)
        self.title.setText(self._title_words(self._kind_words() or "looking …"))
        # Bound methods: what a dialog that is gone has asked for reaches nobody.
        self._library.jobs.run(
            lambda: (number, look(paths, root, given, skip_bad=skip)),
            self._on_looked,
            self._on_look_failed,
        )

    def _on_looked(self, result: tuple[int, Look]) -> None:
        self._on_look(*result)

    def _on_look_failed(self, error: BaseException) -> None:
        self._on_look(self._newest, Look(self._paths, problem=repr(error)))

    def _kind_words(self) -> str:
        found = self.look.found
        return found.title.replace(": ", ", ") if found is not None else ""

    def _kind(self) -> str:
        """The kind of a table: bars or trades, say."""
        found = self.look.found
        mapping = found.mapping if found is not None else None
        return mapping.kind if mapping is not None else self.mapper.kind.currentText()

    def _title_words(self, rest: str) -> str:
        paths = self.look.paths
        names = ", ".join(each.name for each in paths[:3])
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        return f"{names}{more}  ·  {rest}"

    def _on_look(self, number: int, seen: Look) -> None:
        if number != self._newest or self._job is not None:
            return
        self.look = seen
        found = seen.found
        self.title.setText(self._title_words(self._kind_words() or "not recognised"))
        lines = []
        if found is not None:
            lines = [f"{each}." for each in map(_capital, found.reasons)]
            lines += [f"Assumed: {each}." for each in found.assumed]
            for question in found.questions:
                self._ask(question)
        self.reasons.setText("\n".join(lines))
        self._show_table(seen)
        self.reasons.setVisible(bool(lines) and not self.more.isChecked())
        self._show_fields()
        self._show_preview(seen)
        self.start.setEnabled(seen.can_import)

    def _ask(self, question: Question) -> None:
        if question.option in self._asked:
            return
        self._asked[question.option] = question
        field = self.fields.get(question.option)
        if field is None or question.option == "--time-zone":
            return
        text = field.currentText()
        field.clear()
        field.addItems(question.choices)
        if question.option == "--instrument" and question.choices:
            field.addItem(_EVERY)
        field.setCurrentIndex(field.findText(text) if text else -1)
        if field.isEditable():
            field.setEditText(text)

    def _show_fields(self) -> None:
        every = self.more.isChecked()
        for option, field in self.fields.items():
            fits = _OF_KIND.get(option, self._kind()) == self._kind()
            is_shown = option in self._asked or (every and fits and option != "--date")
            self._form.setRowVisible(field, is_shown)
            question = self._asked.get(option)
            if question is not None:
                text = question.text.replace("--all", _EVERY)
                field.setToolTip(text[:1].upper() + text[1:])
                line = field.lineEdit()
                if line is not None:
                    line.setPlaceholderText(text)
        self.more.setVisible(self.look.table is not None)

    def _show_table(self, seen: Look) -> None:
        table = seen.table
        is_lost = table is not None and seen.found is None
        if is_lost:
            self.more.setChecked(True)
        self.mapper.setVisible(table is not None and self.more.isChecked())
        if table is None:
            return
        mapping = seen.found.mapping if seen.found is not None else None
        if mapping is not None:
            self.mapper.show_table(table, mapping.kind, dict(mapping.columns))
        elif self.given.table.columns is None:
            self.mapper.show_table(table, "bars", {})

    def _show_preview(self, seen: Look) -> None:
        words = seen.problem
        if ", row " in words and not self.skip_bad.isChecked():
            words += ". The choice below leaves such rows out, and counts them."
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        if seen.seen is None:
            self.caption.setText("")
            self.preview.show_rows((), ())
            return
        target = seen.seen.target
        name = target.instrument.name
        words = f"The first rows, as {name if name != 'UNNAMED' else 'they'} would be "
        words += f"imported ({formatting.words(target.stream)})"
        if seen.found is not None and seen.found.questions:
            options = [each.option for each in seen.found.questions]
            left = [
                _SHORT.get(option, f"the {_LABELS.get(option, option).lower()}")
                for option in options
            ]
            words += f". Still to be said: {', '.join(left)}"
        self.caption.setText(words)
        head, *rows = seen.seen.lines()
        self.preview.show_rows(
            [_capital(each) for each in head],
            [tuple(_lowered(each) for each in row) for row in rows],
        )

    # Answers.

    def answer(self, option: str, text: str) -> None:
        """Answer a question as if it were typed."""
        field = self.fields[option]
        if field.isEditable():
            field.setEditText(text)
        else:
            field.setCurrentText(text)
        self._on_answer(option)

    def _on_answer(self, option: str) -> None:
        field = self.fields[option]
        try:
            text = field.currentText().strip()
            text = "--all" if text == _EVERY else text
            self.given = answered(self.given, option, text)
        except ValueError as error:
            self.problem.setText(str(error))
            self.problem.show()
            self.start.setEnabled(False)
            return
        self.start.setEnabled(False)
        self._later.start()

    def _on_more(self, is_on: bool) -> None:
        self._show_table(self.look)
        self._show_fields()
        self.reasons.setVisible(bool(self.reasons.text()) and not is_on)

    def _on_columns(self) -> None:
        mapper = self.mapper
        if mapper.missing:
            self.start.setEnabled(False)
            return
        given = with_columns(self.given, mapper.kind.currentText(), mapper.columns)
        table = replace(given.table, buyer_is_maker=mapper.buyer_is_maker)
        self.given = replace(given, table=table)
        self._start_look()

    # Importing.

    def _on_start(self) -> None:
        seen, given, skip = self.look, self.given, self.skip_bad.isChecked()
        if not seen.can_import:
            return
        root = self._library.root
        self._show_running(True)
        self._job = self._library.jobs.watch(
            lambda report: bring(seen, root, given, report, skip_bad=skip),
            self._on_done,
            self._on_failed,
        )
        self._job.progressed.connect(self._on_progress)

    def _show_running(self, is_on: bool) -> None:
        for each in (*self.fields.values(), self.mapper, self.more, self.skip_bad):
            each.setEnabled(not is_on)
        self.start.setEnabled(not is_on)
        self.progress.setVisible(is_on)
        self.progress.setValue(0)
        self.progress.setFormat("importing …")
        self.problem.setVisible(False)

    def _on_progress(self, share: float, rows: int) -> None:
        self.progress.setValue(round(share * 1000))
        self.progress.setFormat(f"{share:.0%}, {formatting.count(rows)} rows")

    def _on_done(self, report: Report) -> None:
        self._job = None
        self._report = report
        self.progress.hide()
        self.start.hide()
        self.play.show()
        self.play.setDefault(True)
        self.play.setFocus()
        self.leave.setText("Close")
        for each in (self.more, self.mapper, self.reasons, self.skip_bad):
            each.hide()
        for field in self.fields.values():
            self._form.setRowVisible(field, False)
        lines = report_lines(report)
        self.caption.setText("")
        self.preview.show_rows(
            ("What was imported",), [(_capital(line.strip()),) for line in lines]
        )
        self.preview.horizontalHeader().setStretchLastSection(True)
        self.imported.emit(report)
        self._library.changed.emit()

    def _on_failed(self, error: BaseException) -> None:
        self._job = None
        self._show_running(False)
        if isinstance(error, JobCancelled):
            self.caption.setText("Cancelled; the catalog is as it was.")
            return
        is_ours = isinstance(error, RingsideError)
        words = words_of(error, self.look.paths) if is_ours else repr(error)  # type: ignore[arg-type]
        self.problem.setText(f"Not imported, the catalog is as it was. {words}")
        self.problem.show()

    def _on_play(self) -> None:
        report = self._report
        assert report is not None
        first = report.segments[0]
        self.accept()
        self._library.play(f"{first.instrument}@{first.stream}")

    def reject(self) -> None:
        """Cancel what runs; else close."""
        if self._job is not None:
            self._job.cancel()
        else:
            super().reject()


def _lowered(text: str) -> str:
    """Write a kind of record, SNAPSHOT_BEGIN, in words."""
    return formatting.words(text) if text.isupper() else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
