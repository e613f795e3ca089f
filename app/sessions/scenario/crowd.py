"""Market events at the matching venue, acted out by other participants.

There the book is what rests and a trade is a match, so a level is an order of the
crowd's, and a print its taker's. Ours meet both as they would meet anybody.
"""

from collections.abc import Iterator
from typing import Any, Final

from app.engine.records import Action, OrderType, TimeInForce
from app.sessions.scenario.commands import OrderNames
from app.sessions.scenario.opening import blank_command
from app.sessions.scenario.orders import Known
from app.sessions.scenario.schema import SIDES, Event
from app.sessions.scenario.world import World

_MAKER: Final = "(crowd)"
_TAKER: Final = "(taker)"


class Crowd:
    """Orders of the others, by what they stand for in the feed.

    Parameters
    ----------
    world : World
    names : OrderNames
        Gives them numbers among the scenario's orders.
    known : Known
        Orders as the venue tells them.
    """

    def __init__(self, world: World, names: OrderNames, known: Known) -> None:
        self._world = world
        self._names = names
        self._known = known
        self._made = 0
        self._levels: dict[tuple[int, int, int], int] = {}
        self._orders: dict[str, tuple[int, int, int]] = {}

    def commands(self, event: Event) -> Iterator[Any]:
        """Commands (arrays of one) that act an event out."""
        instrument = self._world.instrument(event.get("instrument"))
        yield from getattr(self, f"_{event['type']}")(event, instrument)

    def _number(self, account: str) -> tuple[int, int]:
        self._made += 1
        number = self._names.id_of(f"{account} {self._made}")
        return number, self._names.account({"account": account})

    def _new(
        self, account: str, instrument: int, side: int, price: int, size: int
    ) -> Any:
        number, owner = self._number(account)
        command = blank_command(Action.NEW, instrument)
        command["client_order_id"], command["account"] = number, owner
        command["side"], command["quantity"] = side, size
        command["order_type"], command["price"] = OrderType.LIMIT, price
        taker = account == _TAKER
        command["time_in_force"] = TimeInForce.IOC if taker else TimeInForce.GTC
        return command

    def _change(self, action: Action, instrument: int, number: int, total: int) -> Any:
        command = blank_command(action, instrument)
        command["client_order_id"], command["quantity"] = number, total
        command["account"] = self._names.account({"account": _MAKER})
        return command

    # The book by level.

    def _set(self, instrument: int, side: int, price: int, size: int) -> Iterator[Any]:
        before = self._levels.pop((instrument, side, price), 0)
        if before:
            yield self._change(Action.CANCEL, instrument, before, 0)
        if size:
            command = self._new(_MAKER, instrument, side, price, size)
            number = int(command["client_order_id"][0])
            self._levels[instrument, side, price] = number
            yield command

    def _book(self, event: Event, instrument: int) -> Iterator[Any]:
        wanted = {
            (side, price): size
            for side, key in ((1, "bids"), (-1, "asks"))
            for price, size in event[key]
        }
        for owner, side, price in list(self._levels):
            if owner == instrument and (side, price) not in wanted:
                yield from self._set(instrument, side, price, 0)
        for (side, price), size in wanted.items():
            yield from self._set(instrument, side, price, size)

    def _level(self, event: Event, instrument: int) -> Iterator[Any]:
        side = SIDES[event["side"]]
        yield from self._set(instrument, side, event["price"], event["size"])

    def _trade(self, event: Event, instrument: int) -> Iterator[Any]:
        """Take what is there; where there is not enough, of an order made for it."""
        side, price = SIDES[event.get("aggressor") or "buy"], event["price"]
        there = sum(
            size
            for level, size in self._world.depth(instrument, -side)
            if side * (price - level) >= 0
        )
        if event["size"] > there:
            missing = event["size"] - there
            yield self._new(_MAKER, instrument, -side, price, missing)
        yield self._new(_TAKER, instrument, side, price, event["size"])

    # The book by order.

    def _add(self, event: Event, instrument: int) -> Iterator[Any]:
        side, size = SIDES[event["side"]], event["size"]
        command = self._new(_MAKER, instrument, side, event["price"], size)
        number = int(command["client_order_id"][0])
        self._orders[str(event["ref"])] = number, side, event["price"]
        yield command

    def _delete(self, event: Event, instrument: int) -> Iterator[Any]:
        number, _, _ = self._orders[str(event["ref"])]
        yield self._change(Action.CANCEL, instrument, number, 0)

    def _reduce(self, event: Event, instrument: int) -> Iterator[Any]:
        number, _, _ = self._orders[str(event["ref"])]
        total = self._known.orders[number].quantity - event["size"]
        yield self._change(Action.REPLACE, instrument, number, total)

    def _execute(self, event: Event, instrument: int) -> Iterator[Any]:
        _, side, price = self._orders[str(event["ref"])]
        yield self._new(_TAKER, instrument, -side, price, event["size"])
