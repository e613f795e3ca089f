"""Changes one limit: type, read what it would be, confirm."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from app.engine.records import RiskLimit
from app.errors import ConfigError
from app.ui.models.market import Listed
from app.ui.models.risk import limit_question, limit_value
from app.ui.theme import Theme


class LimitEditor(QFrame):
    """Asks for a limit's new value; nothing is sent before "Change" is pressed.

    Signals
    -------
    value_confirmed(object, object)
        RiskLimit and its value in the engine's units.
    """

    value_confirmed = Signal(object, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._limit = RiskLimit.MAX_POSITION_SIZE
        self._listed: Listed | None = None
        self.setProperty("role", "card")
        self._name = QLabel()
        self.field = QLineEdit()
        self.field.setAccessibleName("The limit's new value")
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.confirm = QPushButton("Change")
        self._drop = QPushButton("Keep")
        self._says = QLabel()
        self._says.setWordWrap(True)
        row = QHBoxLayout()
        for widget in (self.field, self.confirm, self._drop):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.addWidget(self._name)
        layout.addLayout(row)
        layout.addWidget(self._says)
        self.field.textEdited.connect(self._on_edited)
        self.field.returnPressed.connect(self._on_confirmed)
        self.confirm.clicked.connect(self._on_confirmed)
        self._drop.clicked.connect(self.hide)
        self.hide()

    def edit(self, limit: RiskLimit, text: str, listed: Listed | None) -> None:
        """Begin to change a limit that stands at `text`."""
        self._limit, self._listed = limit, listed
        self._name.setText(limit_question(limit, listed))
        self.field.setText(text)
        self.show()
        self._on_edited()
        self.field.setFocus()
        self.field.selectAll()

    def _on_edited(self) -> None:
        value = self._value()
        self.confirm.setEnabled(value is not None)
        if value is not None:
            self._says.setText("")

    def _value(self) -> int | None:
        try:
            return limit_value(self.field.text(), self._limit, self._listed)
        except ConfigError as error:
            self._says.setText(str(error))
            self._says.setStyleSheet(f"color: {self._theme.error};")
            return None

    def _on_confirmed(self) -> None:
        value = self._value()
        if value is not None:
            self.hide()
            self.value_confirmed.emit(self._limit, value)
