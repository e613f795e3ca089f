"""A field for a moment, in the zone of the times that are shown."""

from PySide6.QtCore import QDateTime, QTimeZone
from PySide6.QtWidgets import QDateTimeEdit

from app.ui import formatting
from app.ui.items.plain_spin import make_plain

_MS = 1_000_000
_S = 1_000_000_000


class MomentField(QDateTimeEdit):
    """Shows and takes instants, ns since 1970 UTC.

    The field itself knows no zone but UTC: what it shows is that far ahead.

    Parameters
    ----------
    form : str
        As `QDateTimeEdit.displayFormat`.
    """

    def __init__(self, form: str) -> None:
        super().__init__()
        self.setDisplayFormat(form)
        make_plain(self)
        self.setTimeZone(QTimeZone(QTimeZone.Initialization.UTC))

    def show_instant(self, instant: int) -> None:
        """Show an instant; its tip names the zone."""
        shown = instant // _MS + 1_000 * formatting.zone_offset(instant)
        when = QDateTime.fromMSecsSinceEpoch(
            shown, QTimeZone(QTimeZone.Initialization.UTC)
        )
        if when != self.dateTime():
            self.setDateTime(when)
        self.setToolTip(f"In {formatting.zone_name(instant)}")

    def instant(self) -> int:
        """What it says."""
        guess = self.dateTime().toMSecsSinceEpoch() * _MS
        # The offset of the instant itself, which is known once one is taken off.
        near = guess - _S * formatting.zone_offset(guess)
        return guess - _S * formatting.zone_offset(near)
