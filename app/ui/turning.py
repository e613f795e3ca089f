"""Limits that become stops: cancelled first, and a stop once that is confirmed.

Never both at once: an order that fills while its cancel is on its way is no stop, and
one that fills in part leaves a stop for the rest.
"""

from dataclasses import replace

import numpy as np

from app.engine.records import OrderOption, OrderStatus, ReportType
from app.ui.asking import Asking
from app.ui.context import Context
from app.ui.models.intent import Intent
from app.ui.models.order_text import order_text
from app.ui.models.orders import ENDED


class Turning:
    """Turns limits into stops for one panel."""

    def __init__(self, context: Context, asking: Asking) -> None:
        self._context, self._asking = context, asking
        self._waiting: dict[int, tuple[Intent, int]] = {}

    def begin(self, intent: Intent, instrument: int) -> None:
        """Cancel the limit that an intent is about; its stop waits for the answer."""
        if intent.like not in self._waiting:
            self._waiting[intent.like] = intent, instrument
            self._context.trading.cancel((intent.like,))

    def take(self, reports: np.ndarray) -> list[str]:
        """Send the stops of what is cancelled; say of which limits no stop was made."""
        if not self._waiting:
            return []
        refused = reports[reports["report"] == ReportType.CANCEL_REJECTED]
        kept = set(refused["client_order_id"].tolist())
        told = [self._settle(each, kept) for each in list(self._waiting)]
        return [words for words in told if words]

    def _settle(self, number: int, kept: set[int]) -> str:
        """Do what the newest report of an order asks for; say where it is no stop."""
        order = self._context.desk.orders.order(number)
        has_ended = order is None or int(order["status"]) in ENDED
        if not has_ended and number not in kept:
            return ""
        intent, instrument = self._waiting.pop(number)
        listed = self._context.desk.listed(instrument)
        if order is None or listed is None:
            return ""
        left = int(order["quantity"]) - int(order["filled"])
        if order["status"] == OrderStatus.CANCELLED and left > 0:
            # Judged like any new stop: one that would trigger by now is asked about.
            options = intent.options & ~OrderOption.CONFIRMED
            stop = replace(intent, quantity=left, options=options, turns=False)
            self._asking.place(stop, instrument)
            return ""
        why = "it could not be cancelled" if number in kept else "it has ended"
        return f"no stop for {order_text(order, listed)}: {why}"
