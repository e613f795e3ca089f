"""The risk panel: limits and their use, the kill switch, refusals counted by reason."""

from typing import Final

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.engine.records import RiskLimit, SafetyState
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.form_area import FormArea
from app.ui.items.gauge import Gauge
from app.ui.items.kill_box import KillBox
from app.ui.items.limit_editor import LimitEditor
from app.ui.models import risk
from app.ui.models.risk_text import kill_progress, kill_words

_EVERY: Final = (*risk.SHOWN, *risk.RULES)


class RiskPanel(QWidget):
    """Shows what is used of each limit; a limit is changed here, with a confirm."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        theme, scale = context.theme, context.settings.scale
        self.kill_box = KillBox(theme)
        self.editor = LimitEditor(theme)
        self._edited = -1  # the instrument whose limit is edited; -1 = the account's
        self.gauges = {limit: Gauge(theme, scale, _name(limit)) for limit in _EVERY}
        self._rejects = QLabel()
        self._rejects.setProperty("role", "muted")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(3)
        layout.addWidget(self.kill_box)
        layout.addWidget(self._heading("Limits"))
        for limit in risk.SHOWN:
            layout.addWidget(self.gauges[limit])
        layout.addWidget(self._heading("Rules"))
        for limit in risk.RULES:
            layout.addWidget(self.gauges[limit])
        layout.addWidget(self._heading("Refused, by reason"))
        layout.addWidget(self._rejects)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(FormArea(inner, "Limits", keeps_width=True), 1)
        outer.addWidget(self.editor)  # in view, whichever limit it is about

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("role", "heading")
        label.setContentsMargins(0, 8, 0, 2)
        return label

    def _connect(self) -> None:
        trading, bridge = self._context.trading, self._context.bridge
        run = self._context.commands.run
        self.kill_box.kill_pressed.connect(lambda: run("safety.kill"))
        self.kill_box.flatten_pressed.connect(lambda: run("safety.flatten_all"))
        self.kill_box.resumed.connect(lambda: trading.set_state(SafetyState.VIEW))
        for limit, gauge in self.gauges.items():
            gauge.edit_requested.connect(lambda limit=limit: self._on_edit(limit))
        self.editor.value_confirmed.connect(self._on_confirmed)
        bridge.pulsed.connect(self._on_pulse)
        bridge.session_changed.connect(self._on_pulse)
        self._on_pulse()

    def _on_pulse(self) -> None:
        desk = self._context.desk
        state = desk.market.safety_state
        self.kill_box.show_state(state, kill_words(desk), kill_progress(desk))
        for limit, gauge in self.gauges.items():
            row = risk.limit_row(desk, limit, self._context.focus.number)
            gauge.show_value(row.text, row.part, row.short)
        rows = risk.reject_rows(desk)
        lines = [f"{formatting.count(number)}  {reason}" for reason, number in rows]
        self._rejects.setText("\n".join(lines) or "none")

    def _on_edit(self, limit: RiskLimit) -> None:
        desk = self._context.desk
        number = self._context.focus.number
        words = risk.limit_input(desk, limit, number)
        self._edited = number if limit in risk.OF_INSTRUMENT else -1
        self.editor.edit(limit, words, desk.listed(number))

    def _on_confirmed(self, limit: RiskLimit, value: object) -> None:
        assert isinstance(value, int)
        self._context.trading.set_limit(limit, value, self._edited)


def _name(limit: RiskLimit) -> str:
    """A limit's name under the heading "Limits": that it is a maximum is said there."""
    name = formatting.limit_name(limit).removeprefix("Max ")
    return name[0].upper() + name[1:]
