"""Limits that become stops: cancelled first, and a stop once that is confirmed.

Never both at once: an order that fills while its cancel is on its way is no stop, and
one that fills in part leaves a stop for the rest.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from app.engine.records import OrderOption, OrderStatus, ReportType
from app.ui.models.desk import Desk
from app.ui.models.intent import Intent
from app.ui.models.judge import Verdict
from app.ui.models.order_text import order_text
from app.ui.models.orders import ENDED
from app.ui.trading import Trading


class Turning:
    """Turns limits into stops for one panel.

    Parameters
    ----------
    desk : Desk
    trading : Trading
    send : callable
        Sends an intention and remembers it.
    """

    def __init__(
        self,
        desk: Desk,
        trading: Trading,
        send: Callable[[Intent], tuple[int, ...]],
    ) -> None:
        self._desk, self._trading, self._send = desk, trading, send
        self._waiting: dict[int, Intent] = {}

    def begin(self, intent: Intent) -> None:
        """Cancel the limit that an intent is about; its stop waits for the answer."""
        if intent.turns not in self._waiting:
            self._waiting[intent.turns] = intent
            self._trading.cancel((intent.turns,))

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
        order = self._desk.orders.order(number)
        has_ended = order is None or int(order["status"]) in ENDED
        if not has_ended and number not in kept:
            return ""
        intent = self._waiting.pop(number)
        listed = self._desk.listed(intent.seen.listed.number)
        if order is None or listed is None:
            return ""
        left = int(order["quantity"]) - int(order["filled"])
        if order["status"] == OrderStatus.CANCELLED and left > 0:
            # Judged like any new stop: one that would trigger by now is asked about.
            commands = intent.commands.copy()
            commands["options"] &= ~np.uint16(OrderOption.CONFIRMED)
            commands["quantity"] = left
            self._send(
                replace(
                    intent,
                    verdict=Verdict.SEND,
                    commands=commands,
                    size=left,
                    turns=0,
                    again=None,  # the limit that it was made from is gone
                )
            )
            return ""
        why = "it could not be cancelled" if number in kept else "it has ended"
        return f"no stop for {order_text(order, listed)}: {why}"
