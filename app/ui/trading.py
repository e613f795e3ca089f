"""What panels ask of the engine, as calls: each builds a command and sends it.

The one place where an intention becomes a record. It judges nothing: what may be sent
was said by the intent, what passes is decided by the engine's gate.
"""

from collections.abc import Iterable

import numpy as np

from app.clock import Clock
from app.engine.records import BUY, NO_PRICE, SELL, OrderOption, SafetyState
from app.ui.bridge import Bridge
from app.ui.models import requests
from app.ui.models.desk import Desk
from app.ui.models.intent import Intent
from app.ui.models.orders import STOPS
from app.ui.models.replacing import Change


class Trading:
    """Sends commands for the panels."""

    def __init__(self, desk: Desk, bridge: Bridge, clock: Clock) -> None:
        self._desk = desk
        self._bridge = bridge
        self._clock = clock

    def place(self, intent: Intent, instrument: int) -> tuple[int, ...]:
        """Send what an intent says: a new order, a bracket, or a replace.

        Returns
        -------
        tuple of int
            Client order ids, the entry's first; empty where nothing was sent.
        """
        now = self._clock.wall_ns()
        if intent.order:
            return (intent.order,) if self._replace(intent, now) else ()
        order = requests.new_order(
            now,
            instrument=instrument,
            client_order_id=self._bridge.next_order_id(),
            side=intent.side,
            quantity=intent.quantity,
            price=intent.price,
            stop=intent.stop,
            sequence=intent.sequence,
            options=intent.options,
        )
        like = self._desk.orders.order(intent.like) if intent.like else None
        if like is not None:
            for name in ("time_in_force", "expire_ts"):
                order[name] = like[name]
        ids: tuple[int, ...] = (int(order["client_order_id"][0]),)
        if intent.exits:
            target, stop = intent.exits
            exits = self._bridge.next_order_id(), self._bridge.next_order_id()
            order = requests.bracket(order, exits, target, stop)
            ids += exits
        return ids if self._bridge.send(order) else ()

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

    def close_part(self, instrument: int, held: int) -> bool:
        """Close what the hand holds beside strategies, at the market.

        An exit where it takes the account nearer to nothing, else an entry like others.
        """
        part = self._desk.market.instrument(instrument)
        account = 0 if part is None else int(part["position"])
        is_exit = account * held > 0 and abs(account) >= abs(held)
        options = OrderOption.REDUCE_ONLY if is_exit else 0
        return self._turn(instrument, -held, options)

    def change(self, client_order_id: int, change: Change) -> bool:
        """Replace what a change names of a working order."""
        order = self._desk.orders.order(client_order_id)
        if order is None:
            return False
        command = requests.replace(
            self._clock.wall_ns(),
            order,
            price=change.price,
            quantity=change.quantity,
            sequence=0,
        )
        command["stop_price"] = change.stop_price
        return self._bridge.send(command)

    def reverse(self, instrument: int, held: int | None = None) -> bool:
        """Turn a position round at the market: the account's, or what is `held`."""
        if held is None:
            part = self._desk.market.instrument(instrument)
            held = 0 if part is None else int(part["position"])
        return self._turn(instrument, -2 * held)

    def _turn(self, instrument: int, change: int, options: int = 0) -> bool:
        """Change a position by a signed quantity at the market; 0 sends nothing."""
        if change == 0:
            return False
        return self._bridge.send(
            requests.new_order(
                self._clock.wall_ns(),
                instrument=instrument,
                client_order_id=self._bridge.next_order_id(),
                side=BUY if change > 0 else SELL,
                quantity=abs(change),
                options=options,
            )
        )

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
        is_stop = np.isin(orders["order_type"], STOPS)
        self.cancel(orders["client_order_id"][is_stop].tolist())

    def _replace(self, intent: Intent, now: int) -> bool:
        order = self._desk.orders.order(intent.order)
        if order is None:
            return False
        is_resized = intent.total > 0
        command = requests.replace(
            now,
            order,
            price=NO_PRICE if is_resized else intent.price,
            stop=NO_PRICE if is_resized else intent.stop,
            quantity=intent.total,
            sequence=intent.sequence,
        )
        command["options"] |= intent.options
        return self._bridge.send(command)
