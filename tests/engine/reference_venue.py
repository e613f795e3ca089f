"""A plain simulated venue in lists and dictionaries, to hold the compiled one against.

Level data of one venue with full depth; every event is whole by itself. Written from
SEMANTICS 10, 11, 15-19, 30-35, 40, 41 without regard to speed.
"""

import math
from dataclasses import dataclass, field
from typing import Any

NAN = -(2**63)


@dataclass
class Plain:
    """An order as the plain venue has it."""

    name: int
    side: int
    quantity: int
    price: int
    tif: str = "GTC"
    post_only: bool = False
    is_market: bool = False
    filled: int = 0
    leaves: int = 0
    stage: str = "in flight"
    ahead: float = 0.0
    ahead_before: float | None = None


@dataclass
class Memory:
    """What is remembered of a price where ours rest or where we took depth."""

    shown: int
    taken: int = 0
    traded: int = 0
    traded_ts: int = 0
    cancelled: int = 0
    cancelled_ts: int = 0
    before: int = 0


@dataclass
class PlainVenue:
    """Reports are (venue time, received, order, what, filled, leaves, price, size)."""

    order_latency: int = 0
    report_latency: int = 0
    share: str | None = None  # None: pessimistic; power or fixed
    exponent: float = 1.0
    protection: int | None = None
    book: dict[int, dict[int, int]] = field(default_factory=lambda: {1: {}, -1: {}})
    memory: dict[tuple[int, int], Memory] = field(default_factory=dict)
    orders: dict[int, Plain] = field(default_factory=dict)
    queue: list[Plain] = field(default_factory=list)  # resting, in order of joining
    requests: list[tuple[int, int, Any]] = field(default_factory=list)
    reports: list[tuple[int, ...]] = field(default_factory=list)
    sent: int = 0
    lost: bool = True
    was_lost: bool = False
    crossed: bool = False
    at: int = 0
    last: int | None = None
    direction: int = 0

    # Time.

    def _arrive(self, before: int) -> None:
        self.requests.sort(key=lambda each: each[:2])
        while self.requests and self.requests[0][0] < before:
            time, _, action = self.requests.pop(0)
            self.at = max(self.at, time)
            action()

    def _ask(self, t: int, action: Any) -> None:
        self.sent += 1
        self.requests.append((t + self.order_latency, self.sent, action))

    def clock(self, t: int) -> None:
        self._arrive(t + 1)
        self.at = max(self.at, t)

    def due(self, t: int) -> list[tuple[int, ...]]:
        """Reports that have come by `t`."""
        return [each for each in self.reports if each[1] <= t]

    def _tell(self, order: Plain, what: str, price: int = 0, size: int = 0) -> None:
        row = (self.at, self.at + self.report_latency, order.name, what)
        leaves = order.leaves
        self.reports.append((*row, order.filled, leaves, price, size))  # type: ignore[arg-type]

    # Requests.

    def submit(self, t: int, order: Plain) -> None:
        order.leaves = order.quantity
        self.orders[order.name] = order
        self._ask(t, lambda: self._submitted(order))

    def cancel(self, t: int, name: int) -> None:
        self._ask(t, lambda: self._cancelled(self.orders[name]))

    def replace(self, t: int, name: int, quantity: int, price: int | None) -> None:
        self._ask(t, lambda: self._replaced(self.orders[name], quantity, price))

    def _submitted(self, order: Plain) -> None:
        opposite = self._best(-order.side)
        if order.is_market:
            if opposite is None:
                return self._end(order, "rejected")
            order.price = NAN
            if self.protection is not None:
                order.price = opposite + order.side * self.protection
        elif order.post_only and self._crosses(order, order.price):
            return self._end(order, "rejected")
        self._tell(order, "new")
        if order.tif == "FOK":
            most = sum(size for _, size, _ in self._within(order))
            if self._blocked() or most < order.leaves:
                return self._end(order, "cancelled")
        return self._match(order)

    def _cancelled(self, order: Plain) -> None:
        if order.stage == "resting":
            self._end(order, "cancelled")
        else:
            self._tell(order, "cancel rejected")

    def _replaced(self, order: Plain, quantity: int, price: int | None) -> None:
        if order.stage != "resting":
            return self._tell(order, "replace rejected")
        quantity = quantity or order.quantity
        price = order.price if price is None else price
        moved = price != order.price
        if moved and order.post_only and self._crosses(order, price):
            return self._tell(order, "replace rejected")
        keeps = not moved and quantity <= order.quantity
        if quantity <= order.filled:
            self._leave(order)
            order.stage, order.quantity, order.leaves = "ended", order.filled, 0
            order.price = price
            return self._tell(order, "replaced")
        if not keeps:
            self._leave(order)
        order.price, order.quantity = price, quantity
        order.leaves = quantity - order.filled
        self._tell(order, "replaced")
        return None if keeps else self._match(order)

    def _end(self, order: Plain, what: str) -> None:
        self._leave(order)
        order.stage, order.leaves = "ended", 0
        self._tell(order, what)

    # The book.

    def _best(self, side: int) -> int | None:
        prices = self.book[side]
        return None if not prices else max(prices) if side > 0 else min(prices)

    def _blocked(self) -> bool:
        return self.lost or self.crossed

    def _available(self, side: int, price: int) -> int:
        taken = self.memory[side, price].taken if (side, price) in self.memory else 0
        return max(self.book[side].get(price, 0) - taken, 0)

    def _own_best(self, side: int) -> Plain | None:
        own = [each for each in self.queue if each.side == side]
        return max(own, key=lambda each: side * each.price, default=None)

    def _crosses(self, order: Plain, price: int) -> bool:
        own, touch = self._own_best(-order.side), self._best(-order.side)
        prices = [touch, None if own is None else own.price]
        return any(
            each is not None and order.side * (price - each) >= 0 for each in prices
        )

    def _within(self, order: Plain) -> list[tuple[int, int, bool]]:
        """Price, size to be had and whether the book goes on, until ours come."""
        side = order.side
        own, rows = self._own_best(-side), []
        for price in sorted(self.book[-side], key=lambda each: side * each):
            if order.price != NAN and order.side * (order.price - price) < 0:
                break
            if own is not None and order.side * (own.price - price) < 0:
                break
            size = self._available(-order.side, price)
            if own is not None and own.price == price:
                size = min(size, math.floor(own.ahead))
                rows.append((price, size, False))
                break
            rows.append((price, size, True))
        return rows

    def _match(self, order: Plain) -> None:
        own = False
        if not self._blocked():
            for price, size, _ in self._within(order):
                quantity = min(size, order.leaves)
                if quantity:
                    self._take(-order.side, price, quantity)
                    self._fill(order, price, quantity)
            resting = self._own_best(-order.side)
            own = resting is not None and (
                order.price == NAN or order.side * (order.price - resting.price) >= 0
            )
        if order.leaves == 0:
            return
        if own or order.tif == "IOC" or order.price == NAN:
            self._end(order, "cancelled")
            return
        order.stage, order.ahead_before = "resting", None
        self._remember(order.side, order.price)
        order.ahead = self.book[order.side].get(order.price, 0)
        self.queue.append(order)

    def _remember(self, side: int, price: int) -> Memory:
        shown = self.book[side].get(price, 0)
        return self.memory.setdefault((side, price), Memory(shown))

    def _take(self, side: int, price: int, quantity: int) -> None:
        self._remember(side, price).taken += quantity

    def _forget(self) -> None:
        for (side, price), row in list(self.memory.items()):
            if row.taken == 0 and not self._resting(side, price):
                del self.memory[side, price]

    def _resting(self, side: int, price: int) -> list[Plain]:
        return [each for each in self.queue if (each.side, each.price) == (side, price)]

    def _leave(self, order: Plain) -> None:
        if order in self.queue:
            self.queue.remove(order)
            self._forget()

    def _fill(self, order: Plain, price: int, quantity: int) -> None:
        order.filled += quantity
        order.leaves -= quantity
        if order.leaves == 0:
            order.stage = "ended"
            if order in self.queue:
                self.queue.remove(order)
        self._tell(order, "fill", price, quantity)

    # The market.

    def trade(self, t: int, price: int, size: int, aggressor: int) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        aggressor = aggressor or self._inferred(price)
        if aggressor and not self._blocked():
            self._traded(t, -aggressor, price, size)
        if self.last is not None and price != self.last:
            self.direction = 1 if price > self.last else -1
        self.last = price
        self._judge()

    def _inferred(self, price: int) -> int:
        bid, ask = self._best(1), self._best(-1)
        at_ask, at_bid = (
            ask is not None and price >= ask,
            bid is not None and price <= bid,
        )
        if at_ask != at_bid:
            return 1 if at_ask else -1
        if self.last is None:
            return 0
        return self.direction if price == self.last else 1 if price > self.last else -1

    def _traded(self, t: int, side: int, price: int, size: int) -> None:
        row = self.memory.get((side, price))
        part = self._reclaimed(row, t, side, price, size)
        given = 0
        mine = [each for each in self.queue if each.side == side]
        for order in sorted(mine, key=lambda each: -side * each.price):
            if side * (order.price - price) < 0:
                break
            reached: float = size
            if order.price == price:
                reached = size - order.ahead
                order.ahead = max(order.ahead - size, 0.0)
            else:
                order.ahead, order.ahead_before = 0.0, None
            quantity = min(max(math.floor(reached) - given, 0), order.leaves)
            if quantity:
                given += quantity
                self._fill(order, order.price, quantity)
        if row is not None:
            row.traded += size - part
            row.traded_ts = t
            self._settle(row, side, price, part)
        self._forget()

    def _reclaimed(
        self, row: Memory | None, t: int, side: int, price: int, size: int
    ) -> int:
        if row is None or row.cancelled_ts != t:
            return 0
        part = min(row.cancelled, size)
        row.cancelled -= part
        for order in self._resting(side, price):
            if part and order.ahead_before is not None:
                order.ahead = order.ahead_before
        return part

    def _settle(self, row: Memory, side: int, price: int, part: int) -> None:
        if part == 0:
            return self._final(side, price)
        row.before -= part
        for order in self._resting(side, price):
            order.ahead_before = order.ahead
        return self._cancels(side, price)

    def _final(self, side: int, price: int) -> None:
        row = self.memory[side, price]
        row.cancelled = row.before = 0
        for order in self._resting(side, price):
            order.ahead_before = None

    def _cancels(self, side: int, price: int) -> None:
        row = self.memory[side, price]
        for order in self._resting(side, price):
            if order.ahead_before is None:
                order.ahead_before = order.ahead
            front, cancels = order.ahead_before, row.cancelled
            if self.share is not None:
                back = max(row.before - front, 0.0)
                part = self._front(front, back)
                front -= part * cancels
                front -= max((1.0 - part) * cancels - back, 0.0)
            order.ahead = max(min(front, max(row.before - cancels, 0)), 0.0)

    def _front(self, front: float, back: float) -> float:
        if self.share == "fixed":
            return self.exponent
        ahead, behind = front**self.exponent, back**self.exponent
        return ahead / (ahead + behind) if ahead + behind > 0 else 0.0

    def level(self, t: int, side: int, price: int, size: int) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        self.book[side].pop(price, None)
        if size:
            self.book[side][price] = size
        self._follow(t, side, price)
        self._judge()

    def _follow(self, t: int, side: int, price: int) -> None:
        row = self.memory.get((side, price))
        if row is None:
            return
        size = self.book[side].get(price, 0)
        decrease, row.shown = row.shown - size, size
        if decrease == 0:
            return
        if row.cancelled_ts != t:
            self._final(side, price)
            row.cancelled_ts = t
        explained = min(max(decrease, 0), row.traded)
        row.traded = row.traded - explained if row.traded_ts == t else 0
        if decrease < 0:
            self._final(side, price)
            return
        row.taken = max(row.taken - decrease, 0) if size else 0
        if row.cancelled == 0:
            row.before = size + decrease
        row.before -= explained
        row.cancelled += decrease - explained
        self._cancels(side, price)
        self._forget()

    def gap(self, t: int) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        self.lost = self.was_lost = True
        self.crossed = False

    def snapshot(self, t: int, book: dict[int, dict[int, int]]) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        self.book = book
        for (side, price), row in list(self.memory.items()):
            if self.was_lost:
                size = book[side].get(price, 0)
                row.shown, row.traded, row.cancelled = size, 0, 0
                row.taken = min(row.taken, size)
                for order in self._resting(side, price):
                    order.ahead, order.ahead_before = size, None
            else:
                self._follow(t, side, price)
        self._forget()
        self.lost = self.was_lost = self.crossed = False
        self._judge()

    def _judge(self) -> None:
        bid, ask = self._best(1), self._best(-1)
        if not self.lost:
            self.crossed = bid is not None and ask is not None and bid > ask
        if not self._blocked():
            self._meet_quotes()

    def _meet_quotes(self) -> None:
        for side in (1, -1):
            mine = [each for each in self.queue if each.side == side]
            for order in sorted(mine, key=lambda each: -side * each.price):
                for price in sorted(self.book[-side], key=lambda each: side * each):
                    size = self._available(-side, price)
                    quantity = min(size, order.leaves)
                    if side * (order.price - price) >= 0 and quantity:
                        self._take(-side, price, quantity)
                        self._fill(order, order.price, quantity)
        self._forget()
