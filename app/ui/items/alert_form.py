"""The fields of one alert."""

from PySide6.QtCore import QDateTime, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.errors import ConfigError
from app.ui.items.moment_field import MomentField
from app.ui.items.plain_spin import make_plain
from app.ui.models.alerts import (
    EVENTS,
    KINDS,
    LONGEST_QUIET_S,
    PRICES,
    STUDIES,
    WITHOUT_INSTRUMENT,
    Alert,
)
from app.ui.models.studies import LINES, usual_numbers

_ANY = "any"
_LEVELS = {"risk": "80", "study": ""}
"""What is offered first where it is no price and nought says nothing."""


class AlertForm(QDialog):
    """Asks what is to be told; what is wrong stands below, and why none is heard.

    Attributes
    ----------
    alert : Alert or None
        What was asked for, once accepted.
    """

    def __init__(
        self,
        parent: QWidget | None,
        names: list[str],
        given: Alert,
        silence: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Alert")
        self.alert: Alert | None = None
        self._kinds = list(KINDS)
        self._lines = list(LINES)
        self._make(names, given)
        self._make_sound(silence)
        self._connect()
        self._lay_out()
        self._show_fields()
        self._judge()

    def _make(self, names: list[str], given: Alert) -> None:
        self.kind = QComboBox()
        self.kind.addItems(list(KINDS.values()))
        self.kind.setCurrentIndex(self._kinds.index(given.kind))
        self.instrument = QComboBox()
        known = [*names, *([given.instrument] if given.instrument not in names else [])]
        self.instrument.addItems([each for each in known if each])
        self.instrument.addItem(_ANY)
        self.instrument.setCurrentText(given.instrument or _ANY)
        self.rises = QComboBox()
        self.rises.addItems(["rises to", "falls to"])
        self.rises.setCurrentIndex(0 if given.rises else 1)
        self.level = QLineEdit(given.level)
        self._price = given.level if given.kind in PRICES else "0"
        self.line = QComboBox()
        self.line.addItems([each.title for each in LINES.values()])
        self.line.setCurrentIndex(self._lines.index(given.line))
        self.numbers = QLineEdit(given.numbers)
        self.minutes = QSpinBox()
        self.minutes.setRange(1, 1440)
        self.minutes.setValue(given.minutes)
        make_plain(self.minutes)
        self.repeats = QCheckBox("&Each time, not once")
        self.repeats.setChecked(given.repeats)
        self.quiet = QSpinBox()
        self.quiet.setRange(0, LONGEST_QUIET_S)
        self.quiet.setSuffix(" s")
        self.quiet.setValue(given.quiet_s)
        make_plain(self.quiet)
        self.quiet.setToolTip(
            "What happens in it is told at its end, if it is still so"
        )
        self.ends = QCheckBox("E&xpires at")
        self.ends.setChecked(given.expires > 0)
        self.until = MomentField("yyyy-MM-dd HH:mm")
        tomorrow = QDateTime.currentDateTimeUtc().addDays(1)
        self.until.show_instant(
            given.expires or tomorrow.toMSecsSinceEpoch() * 1_000_000
        )
        self.note = QLineEdit(given.note)
        self.wrong = QLabel()
        self.wrong.setProperty("role", "error")
        self.wrong.setWordWrap(True)
        box = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(box.Ok | box.Cancel)

    def _make_sound(self, silence: str) -> None:
        self.sound = QLabel(f"No sound: {silence}" if silence else "")
        self.sound.setProperty("role", "warning")
        self.sound.setWordWrap(True)
        self.sound.setVisible(bool(silence))

    def _connect(self) -> None:
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        for choice in (self.kind, self.instrument, self.rises, self.line):
            choice.currentIndexChanged.connect(self._show_fields)
            choice.currentIndexChanged.connect(self._judge)
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.repeats.toggled.connect(self._show_fields)
        for line in (self.level, self.note, self.numbers):
            line.textChanged.connect(self._judge)

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        rows = (
            ("&Tell me of", self.kind),
            ("&Instrument", self.instrument),
            ("In&dicator", self.line),
            ("&Parameters", self.numbers),
            ("&When it", self.rises),
            ("&Level", self.level),
            ("&Minutes", self.minutes),
            ("&Note", self.note),
        )
        for label, field in rows:
            self.form.addRow(label, field)
            field.setAccessibleName(label.replace("&", ""))
        self.form.addRow("", self.repeats)
        self.form.addRow("&Quiet after it", self.quiet)
        self.quiet.setAccessibleName("Quiet after it, seconds")
        self.form.addRow(self.ends, self.until)
        self.form.setAlignment(self.ends, Qt.AlignmentFlag.AlignVCenter)
        self.until.setAccessibleName("Expires at")
        layout = QVBoxLayout(self)
        layout.addLayout(self.form)
        layout.addWidget(self.sound)
        layout.addWidget(self.wrong)
        layout.addWidget(self.buttons)

    def _kind(self) -> str:
        return self._kinds[max(0, self.kind.currentIndex())]

    def _line(self) -> str:
        return self._lines[max(0, self.line.currentIndex())]

    def _on_kind(self) -> None:
        """Offer a level of this kind, unless one was typed: a price is no P&L."""
        if not self.level.isModified():
            kind = self._kind()
            self.level.setText(
                self._price if kind in PRICES else _LEVELS.get(kind, "0")
            )

    def _show_fields(self) -> None:
        kind = self._kind()
        self.form.setRowVisible(self.instrument, kind not in WITHOUT_INSTRUMENT)
        for field in (self.rises, self.level):
            self.form.setRowVisible(field, kind not in EVENTS)
        is_spaced = self.repeats.isChecked() and kind not in EVENTS
        self.form.setRowVisible(self.quiet, is_spaced)
        has_line = kind in STUDIES
        self.form.setRowVisible(self.minutes, kind == "average" or has_line)
        for field in (self.line, self.numbers):
            self.form.setRowVisible(field, has_line)
        label = self.form.labelForField(self.minutes)
        assert isinstance(label, QLabel)
        label.setText("&Minutes of a bar" if has_line else "&Minutes")
        name = LINES[self._line()].name
        self.numbers.setPlaceholderText(usual_numbers(name))

    def _made(self) -> Alert:
        name = self.instrument.currentText()
        has_none = self._kind() in WITHOUT_INSTRUMENT or name == _ANY
        return Alert(
            kind=self._kind(),
            instrument="" if has_none else name,
            rises=self.rises.currentIndex() == 0,
            level=self.level.text().strip(),
            minutes=self.minutes.value(),
            line=self._line(),
            numbers=self.numbers.text().strip(),
            repeats=self.repeats.isChecked(),
            quiet_s=self.quiet.value(),
            expires=self.until.instant() if self.ends.isChecked() else 0,
            note=self.note.text().strip(),
        )

    def _judge(self) -> None:
        try:
            self._made()
            words = ""
        except ConfigError as error:
            words = str(error)
        self.wrong.setText(words)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not words)

    def _accept(self) -> None:
        self.alert = self._made()
        self.accept()
