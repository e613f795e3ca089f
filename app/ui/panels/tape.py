"""Time & sales of one instrument: size filter, joining, the last minute's balance."""

from typing import Any, Final

from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget

from app.errors import InstrumentError
from app.instrument import exact
from app.ui.context import Context
from app.ui.items.lines import Line
from app.ui.items.panel_frame import frame_panel
from app.ui.items.tape_view import TapeView
from app.ui.models.market import Listed
from app.ui.models.tape import Tape
from app.ui.trouble import TroubleBanner

_MINUTE_NS: Final = 60_000_000_000
_LARGE: Final = 5
"""A row of so many times the usual size is heavy."""
_JOINS: Final = (
    ("each trade", -1),
    ("same instant", 0),
    ("100 ms", 100_000_000),
    ("1 s", 1_000_000_000),
)


class TapePanel(QWidget):
    """Follows the focus; twenty updates a second while it is seen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.tape = Tape()
        self.view = TapeView(context.theme, context.settings.scale)
        self.trouble = TroubleBanner(context, self.view)
        self.least = QLineEdit()
        self.least.setPlaceholderText("min size")
        self.least.setAccessibleName("Least size shown")
        self.least.setToolTip("Smaller rows are left out")
        self.join = QComboBox()
        self.join.setAccessibleName("Trades joined")
        self.join.setToolTip("Trades at one price from one side become one row")
        for title, within in _JOINS:
            self.join.addItem(title, within)
        self.join.setCurrentIndex(1)
        self._balance = Line()
        self._lay_out()
        self.least.textChanged.connect(self._on_chosen)
        self.join.currentIndexChanged.connect(self._on_chosen)
        context.bridge.pictures_due.connect(self._on_picture)
        context.bridge.session_changed.connect(self._on_other)
        context.focus.changed.connect(self._on_other)

    def _lay_out(self) -> None:
        bar = frame_panel(self, self.view, self._balance)
        join = QLabel("join")
        bar.row.addWidget(self.least, 1)
        bar.row.addWidget(join)
        bar.row.addWidget(self.join, 1)
        bar.optional = [join]

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {"least": self.least.text(), "join": self.join.currentText()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept; what it does not know is passed over."""
        self.least.setText(str(state.get("least", "")))
        at = self.join.findText(str(state.get("join", "")))
        if at >= 0:
            self.join.setCurrentIndex(at)

    def _listed(self) -> Listed | None:
        return self._context.desk.listed(self._context.focus.number)

    def _on_other(self) -> None:
        self.tape.clear()
        self.view.forget()
        self._on_chosen()

    def _on_chosen(self) -> None:
        listed, words = self._listed(), self.least.text().strip()
        least = 0
        try:
            if listed is not None and words:
                least = int(listed.instrument.quantity_units(exact(words)))
            self._balance.show_text("", self._context.theme.text)
        except InstrumentError as error:
            told = f"least size: {error}"
            self._balance.show_text(told, self._context.theme.warning)
            return
        self.tape.choose(int(self.join.currentData()), max(0, least))
        self._show()

    def _on_picture(self) -> None:
        if self.isVisible():
            self._show()

    def showEvent(self, event: object) -> None:
        self._show()

    def _show(self) -> None:
        session, listed = self._context.bridge.session, self._listed()
        history = session.history if session is not None else None
        if history is None or listed is None:
            return
        before = self.tape.version
        self.tape.take(history, listed.number)
        if before == self.tape.version and self.view.is_fed(listed):
            return
        self.view.show_rows(listed, self.tape.rows, _LARGE * self.tape.usual_size())
        self._show_balance(listed)

    def _show_balance(self, listed: Listed) -> None:
        flow = self.tape.flow(_MINUTE_NS)
        t, text = self._context.theme, listed.text
        difference = flow.bought - flow.sold
        words = (
            f"1 min: bought {text.size(flow.bought)} · sold "
            f"{text.size(flow.sold)} · {text.quantity(difference, signed=True)}"
        )
        self._balance.show_text(words, t.side(difference) if difference else t.muted)
