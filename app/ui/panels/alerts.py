"""The alerts panel: what is waited for, what went off."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.errors import ConfigError
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.alert_form import AlertForm
from app.ui.items.lines import Line
from app.ui.models.alerts import EVENTS, Alert
from app.ui.models.messages import Level

_ON: Final = Qt.CheckState.Checked
_OFF: Final = Qt.CheckState.Unchecked
_FIRED: Final = 100
_NO_ALERTS: Final = (
    "No alerts. New… makes one: a price, an indicator, a fill, a lost feed."
)


class AlertsPanel(QWidget):
    """A list with a tick for those that are on, and below it what went off."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._alerts = context.desk.alerts
        self._shown = -1
        self.list = QListWidget()
        self.list.setAccessibleName("Alerts; Space turns one on or off")
        self.list.itemChanged.connect(self._on_tick)
        self.list.itemDoubleClicked.connect(lambda _: self.edit())
        self.list.currentRowChanged.connect(lambda _: self._show_buttons())
        self._empty = _words_in(self.list, _NO_ALERTS)
        self.fired = QListWidget()
        self.fired.setAccessibleName("Alerts that went off, newest first")
        self.fired.setWordWrap(True)
        self._quiet = _words_in(self.fired, "Nothing yet.")
        self.new = _button("&New…", self.ask)
        self.change = _button("&Edit…", self.edit)
        self.delete = _button("&Delete", self._delete)
        self.hear = _button("Hea&r", lambda: context.commands.run("window.try_sound"))
        self.hear.setToolTip("Play the sound of an alert")
        self.silent = Line()
        for rows in (self.list, self.fired):
            rows.setFrameShape(QListWidget.Shape.NoFrame)
            rows.setMinimumHeight(2 * rows.fontMetrics().height())
        self._lay_out()
        context.bridge.tables_due.connect(self.sync)
        context.bridge.message_added.connect(self.sync)
        self.sync()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for button in (self.new, self.change, self.delete, self.hear):
            row.addWidget(button)
        row.addWidget(self.silent, 1)
        head = QLabel("Went off")
        head.setProperty("role", "heading")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addLayout(row)
        layout.addWidget(self.list, 2)
        layout.addWidget(head)
        layout.addWidget(self.fired, 1)

    def sync(self) -> None:
        """Show what has changed."""
        silence, theme = self._alerts.silence(), self._context.theme
        colour = theme.muted if silence.is_wanted else theme.warning
        words = f"No sound: {silence.words}" if silence.words else ""
        self.silent.show_text(words, colour)
        if self._shown == self._alerts.version:
            return
        self._shown = self._alerts.version
        at = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        for alert in self._alerts.rows:
            item = QListWidgetItem(_text(alert))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(_ON if alert.is_on else _OFF)
            self.list.addItem(item)
        self.list.setCurrentRow(min(at, self.list.count() - 1))
        self.list.blockSignals(False)
        self.fired.clear()
        for each in reversed(self._alerts.fired[-_FIRED:]):
            self.fired.addItem(f"{formatting.clock_time(each.ts)}  {each.text}")
        self._empty.setVisible(not self.list.count())
        self._quiet.setVisible(not self.fired.count())
        self._show_buttons()

    def _show_buttons(self) -> None:
        has_one = self.list.currentRow() >= 0
        self.change.setEnabled(has_one)
        self.delete.setEnabled(has_one)

    def ask(self) -> None:
        """Ask for a new alert, at the price of now."""
        context = self._context
        listed = context.desk.listed(context.focus.number)
        part = context.desk.market.instrument(context.focus.number)
        level, name = "0", ""
        if listed is not None:
            name = listed.instrument.name
            if part is not None:
                shown = formatting.plain(listed.text.price(int(part["last_price"])))
                level = shown or "0"
        self._open(Alert(instrument=name or "?", level=level), None)

    def edit(self) -> None:
        """Change the alert that is chosen."""
        at = self.list.currentRow()
        if at >= 0:
            self._open(self._alerts.rows[at], at)

    def _open(self, given: Alert, at: int | None) -> None:
        names = [each.instrument.name for each in self._context.desk.market.listed]
        self.form = AlertForm(self, names, given, self._alerts.silence().words)
        self.form.accepted.connect(lambda: self._put(at))
        self.form.finished.connect(self.form.deleteLater)
        self.form.open()

    def _put(self, at: int | None) -> None:
        alert = self.form.alert
        assert alert is not None
        try:
            self._alerts.put(alert, at)
        except ConfigError as error:
            self._context.bridge.tell(str(error), Level.WARNING, "alerts")
        self.sync()

    def _delete(self) -> None:
        self._alerts.delete(self.list.currentRow())
        self.sync()

    def _on_tick(self, item: QListWidgetItem) -> None:
        self._alerts.turn(self.list.row(item), item.checkState() == _ON)
        self.sync()


def _text(alert: Alert) -> str:
    facts = ["each time" if alert.repeats else "once"]
    if alert.repeats and alert.quiet_s and alert.kind not in EVENTS:
        facts = [f"each time, at most every {alert.quiet_s:,} s"]
    if alert.expires:
        facts.append(
            f"until {formatting.day(alert.expires)} "
            f"{formatting.clock_time(alert.expires)}"
        )
    facts += [alert.note] if alert.note else []
    state = "" if alert.is_on else "  (off)"
    return f"{alert.text}  · {' · '.join(facts)}{state}"


def _words_in(listed: QListWidget, words: str) -> QLabel:
    """Words in the middle of a list that has no rows."""
    label = QLabel(words)
    label.setProperty("role", "muted")
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    layout = QVBoxLayout(listed.viewport())
    layout.setContentsMargins(8, 0, 8, 0)
    layout.addWidget(label)
    return label


def _button(text: str, pressed: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.clicked.connect(lambda: pressed())
    return button
