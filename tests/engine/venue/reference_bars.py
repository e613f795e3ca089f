"""A plain venue that fills from bars: lists, sorted anew for every bar."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class PlainBar:
    open: int
    high: int
    low: int
    close: int
    volume: int


@dataclass
class PlainOrder:
    name: int
    side: int
    quantity: int
    price: int | None
    tif: str = "GTC"
    post_only: bool = False
    stop: int | None = None
    filled: int = 0
    leaves: int = 0
    ended: bool = False
    arrived: int = 0
    joined: int = 0
    fresh: bool = True
    """It has met no bar yet since it was sent or replaced."""

    def __post_init__(self) -> None:
        self.leaves = self.quantity


ENDS = ("IOC", "FOK", "AT_THE_OPEN", "AT_THE_CLOSE")


@dataclass
class PlainBars:
    """Orders in a list; each bar sorts them into those that go first."""

    touch: bool = False
    slippage: int = 0
    part: tuple[int, int] = (1, 10)
    orders: dict[int, PlainOrder] = field(default_factory=dict)
    fills: list[tuple[int, int, int]] = field(default_factory=list)
    room: int = 0
    last: int | None = None
    count: int = 0

    def submit(self, t: int, order: PlainOrder) -> None:
        order.arrived = t
        self._join(order)
        self.orders[order.name] = order
        through = order.stop is not None and self.last is not None
        if through and order.side * (self.last - order.stop) >= 0:  # type: ignore[operator]
            self._end(order)

    def cancel(self, t: int, name: int) -> None:
        order = self.orders[name]
        if not order.ended:
            self._end(order)

    def replace(self, t: int, name: int, quantity: int, price: int | None) -> None:
        order = self.orders[name]
        if order.ended or order.stop is not None:
            return
        moved = price is not None and price != order.price
        total = quantity or order.quantity
        if total <= order.filled:
            order.quantity = order.filled
            self._end(order)
        elif moved or total > order.quantity:
            order.arrived, order.fresh = t, True
            self._join(order)
        if not order.ended:
            order.price = price if moved else order.price
            order.quantity, order.leaves = total, total - order.filled

    def bar(self, t: int, bar: PlainBar) -> None:
        self.room = bar.volume * self.part[0] // self.part[1]
        there = [each for each in self.orders.values() if self._meets(each, t)]
        for order in self._stops(there, bar):
            self._stop(order, bar)
        markets = [each for each in there if self._is_market(each)]
        for order in sorted(markets, key=lambda each: each.joined):
            self._at_once(order, bar)
        limits = [each for each in there if each.price is not None and not each.stop]
        limits.sort(key=lambda each: (-each.side, -each.side * each.price, each.joined))  # type: ignore[operator]
        for order in limits:
            if order.tif in ENDS:
                self._at_once(order, bar)
            elif not order.ended:
                self._limit(order, bar)
        for order in there:
            order.fresh = False
        self.last = bar.close

    def _join(self, order: PlainOrder) -> None:
        self.count += 1
        order.joined = self.count

    def _end(self, order: PlainOrder) -> None:
        order.ended, order.leaves = True, 0

    def _meets(self, order: PlainOrder, t: int) -> bool:
        return not order.ended and order.arrived < t

    def _is_market(self, order: PlainOrder) -> bool:
        return order.price is None and order.stop is None and not order.ended

    def _fill(self, order: PlainOrder, price: int, most: int) -> None:
        quantity = min(most, self.room)
        if quantity:
            self.room -= quantity
            order.filled += quantity
            order.leaves -= quantity
            self.fills.append((order.name, price, quantity))
        order.ended = order.ended or order.leaves == 0

    def _stops(self, there: list[PlainOrder], bar: PlainBar) -> list[PlainOrder]:
        """Stops that a bar reaches: buyers first, then the nearest, then time."""
        found = []
        for order in there:
            extreme = bar.high if order.side > 0 else bar.low
            if order.stop is None or order.ended:
                continue
            if order.side * (extreme - order.stop) >= 0:
                found.append(order)
        key: Any = lambda each: (-each.side, each.side * each.stop, each.joined)  # noqa: E731
        return sorted(found, key=key)

    def _stop(self, order: PlainOrder, bar: PlainBar) -> None:
        """Fill a stop, worse than its price or the open; its rest is a market order."""
        assert order.stop is not None
        worse = max if order.side > 0 else min
        price = worse(bar.open, order.stop) + order.side * self.slippage
        order.stop = None
        self._join(order)
        self._fill(order, price, order.leaves)
        order.arrived = 10**9 if not order.ended else 0

    def _at_once(self, order: PlainOrder, bar: PlainBar) -> None:
        if order.arrived == 10**9:
            order.arrived = 0  # a stop's rest waits for the next bar
            return
        price = bar.close if order.tif == "AT_THE_CLOSE" else bar.open
        limit, most = order.price, order.leaves
        if limit is not None and order.side * (limit - price) < 0:
            most = 0
        if order.tif == "FOK" and min(most, self.room) < order.leaves:
            most = 0
        self._fill(order, price, most)
        if order.tif in ENDS and not order.ended:
            self._end(order)

    def _limit(self, order: PlainOrder, bar: PlainBar) -> None:
        side, limit = order.side, order.price
        assert limit is not None
        extreme = bar.low if side > 0 else bar.high
        if order.post_only and order.fresh and side * (limit - bar.open) >= 0:
            self._end(order)
            return
        through = side * (limit - extreme)
        if through > 0 or (through == 0 and self.touch):
            better = min if side > 0 else max
            self._fill(order, better(bar.open, limit), order.leaves)
