"""What panels ask of the engine, as calls: each builds a command and sends it.

The one place where anything leaves for the engine. It judges nothing: what may be sent
was said by the judge (`models.judge`), what passes is decided by the engine's gate.
"""

from collections.abc import Iterable

import numpy as np

from app.clock import Clock
from app.engine.records import OrderOption, SafetyState
from app.errors import InvariantError
from app.ui.bridge import Bridge
from app.ui.models import requests
from app.ui.models.desk import Desk
from app.ui.models.intent import Intent
from app.ui.models.judge import SENT
from app.ui.models.orders import STOPS


class Trading:
    """Sends commands for the panels."""

    def __init__(self, desk: Desk, bridge: Bridge, clock: Clock) -> None:
        self._desk = desk
        self._bridge = bridge
        self._clock = clock

    def send(self, intent: Intent) -> tuple[int, ...]:
        """Send what an intent says: the one way of new orders and replaces.

        Returns
        -------
        tuple of int
            Client order ids, the order's own first; empty where nothing was sent.

        Raises
        ------
        InvariantError
            If the judge did not let it pass: what sends has asked nobody.
        """
        if intent.verdict not in SENT:
            raise InvariantError(
                f"an order was to be sent that is {intent.verdict.value}"
            )
        now, commands = self._clock.wall_ns(), intent.commands
        if intent.order:
            commands = commands.copy()
            commands["ts_received"] = now
        else:
            given = [self._bridge.next_order_id() for _ in commands]
            commands = requests.numbered(commands, given, now)
        if not self._bridge.send(commands):
            return ()
        ids = commands["client_order_id"].tolist()
        return (ids.pop(intent.entry), *ids)

    def cancel(self, client_order_ids: Iterable[int]) -> None:
        """Cancel orders by their ids."""
        for each in client_order_ids:
            order = self._desk.orders.order(each)
            if order is not None:
                self._bridge.send(requests.cancel(self._clock.wall_ns(), order))

    def cancel_all(self, instrument: int = -1) -> None:
        """Cancel every order of an instrument (-1: all)."""
        self._bridge.send(requests.cancel_all(self._clock.wall_ns(), instrument))

    def close(self, instrument: int, strategy: int = 0) -> None:
        """Close the position of an instrument, or a strategy's part of it."""
        now = self._clock.wall_ns()
        self._bridge.send(requests.flatten(now, instrument, strategy))

    def set_state(self, state: SafetyState) -> None:
        """Ask for a safety state."""
        self._bridge.send(requests.set_state(self._clock.wall_ns(), state))

    def kill(self, *, flatten: bool = False) -> None:
        """Refuse all new risk and cancel entries; with `flatten` close everything."""
        self._bridge.send(requests.kill(self._clock.wall_ns(), flatten=flatten))

    def fire_drill(self, drill: int, instrument: int) -> None:
        """Let the built-in exchange practise a mishap."""
        now = self._clock.wall_ns()
        self._bridge.send(requests.fire_drill(now, drill, instrument))

    def set_limit(self, limit: int, value: int, instrument: int = -1) -> None:
        """Change a risk limit."""
        now = self._clock.wall_ns()
        self._bridge.send(requests.set_limit(now, limit, value, instrument))

    def cancel_entries(self, instrument: int) -> None:
        """Cancel the orders of an instrument that are no exits."""
        orders = self._desk.orders.working(instrument)
        is_exit = orders["options"] & OrderOption.REDUCE_ONLY > 0
        self.cancel(orders["client_order_id"][~is_exit].tolist())

    def cancel_stops(self, instrument: int) -> None:
        """Cancel the stops of an instrument that have not triggered."""
        orders = self._desk.orders.working(instrument)
        is_stop = np.isin(orders["order_type"], STOPS) & ~orders["has_triggered"]
        self.cancel(orders["client_order_id"][is_stop].tolist())
