"""Columns of the audit trail: every command and report, who did it, what and why."""

import numpy as np

from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.order_life import REFUSALS, is_asked, told
from app.ui.models.table import Column
from app.ui.models.telling import Subject
from app.ui.theme import Theme


class Audit:
    """Makes the columns over `OrderLives.trail`."""

    def __init__(self, desk: Desk, theme: Theme) -> None:
        self._desk = desk
        self._theme = theme

    def columns(self) -> tuple[Column, ...]:
        """Time, instrument, order, who, what."""
        return (
            Column(
                "Time",
                lambda r: formatting.clock_time(int(r["ts_received"]), fine=True),
                lambda r: r["ts_received"],
                is_number=False,
                width=13,
            ),
            Column(
                "Instrument",
                self._name,
                lambda r: r["instrument"],
                is_number=False,
                width=10,
            ),
            Column(
                "Order",
                lambda r: formatting.order_number(int(r["client_order_id"])),
                lambda r: r["client_order_id"],
                width=8,
                tip="Number of the order; with an e, of a strategy or the engine",
            ),
            Column(
                "Who",
                lambda r: self._told(r)[0],
                lambda r: np.where(is_asked(r), 0, r["report"]),
                is_number=False,
                width=8,
                tip="You, the gate (our own checks), the venue, the engine",
            ),
            Column(
                "What",
                lambda r: self._told(r)[1],
                lambda r: r["report"],
                self._colour,
                is_number=False,
                width=42,
            ),
        )

    def subject(self, record: np.void) -> Subject:
        """What a row speaks of."""
        listed = self._desk.listed(int(record["instrument"]))
        return Subject(listed, self._desk.currency)

    def _told(self, record: np.void) -> tuple[str, str]:
        return told(record, self.subject(record))

    def _name(self, record: np.void) -> str:
        listed = self._desk.listed(int(record["instrument"]))
        return "" if listed is None else listed.instrument.name

    def _colour(self, record: np.void) -> str:
        refused = REFUSALS[record["report"]]
        return self._theme.warning if refused else self._theme.text
