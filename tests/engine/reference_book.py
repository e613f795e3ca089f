"""A plain market book in dictionaries, to hold the compiled one against."""

from dataclasses import dataclass, field
from typing import Any

from app.engine.book import Stale
from app.engine.records import NO_PRICE, EventKind, RecordFlag, SessionState

LOSSES = (Stale.NO_SNAPSHOT, Stale.GAP, Stale.DISCONNECTED, Stale.BAD_DATA)
BOUND = 2**62
MAX_SIZE = 2**53


@dataclass
class Resting:
    side: int
    price: int
    size: int


@dataclass
class ReferenceBook:
    """Levels by price, orders in the sequence of their queues."""

    consolidated: bool = False
    levels: dict[int, dict[int, int]] = field(default_factory=lambda: {1: {}, -1: {}})
    orders: dict[int, Resting] = field(default_factory=dict)
    stale: Stale = Stale.NO_SNAPSHOT
    session: int = 0
    in_snapshot: bool = False
    last: int | None = None
    direction: int = 0
    high: int | None = None
    low: int | None = None
    volume: int = 0
    bad: int = 0

    def apply(self, record: Any) -> None:
        kind = EventKind(int(record["kind"]))
        if not getattr(self, "_" + kind.name.lower())(record):
            self.bad += 1
            self._lose(Stale.BAD_DATA)
        if record["flags"] & RecordFlag.LAST and not self.in_snapshot:
            self._judge()

    def side(self, side: int) -> list[tuple[int, int]]:
        """Best first."""
        return sorted(self.levels[side].items(), reverse=side > 0)

    def queue(self, side: int, price: int) -> list[tuple[int, int]]:
        return [
            (reference, order.size)
            for reference, order in self.orders.items()
            if (order.side, order.price) == (side, price)
        ]

    def _lose(self, reason: Stale) -> None:
        if self.stale not in LOSSES:
            self.stale = reason

    def _judge(self) -> None:
        if self.stale in LOSSES:
            return
        bids, asks = self.levels[1], self.levels[-1]
        judged = self.session in (SessionState.UNKNOWN, SessionState.OPEN)
        crossed = bool(bids and asks) and max(bids) > min(asks)
        wrong = judged and not self.consolidated and crossed
        self.stale = Stale.CROSSED if wrong else Stale.FRESH

    def _level(self, record: Any) -> bool:
        side, price, size = (int(record[each]) for each in ("side", "price", "size"))
        if not 0 <= size <= MAX_SIZE or abs(price) >= BOUND or side not in (1, -1):
            return False
        self.levels[side].pop(price, None)
        if size:
            self.levels[side][price] = size
        return True

    def _quote(self, record: Any) -> bool:
        # A QUOTE lies over the same bytes as MARKET.
        words = record.tobytes()[32:]
        values = [
            int.from_bytes(words[i : i + 8], "little", signed=True)
            for i in range(0, 32, 8)
        ]
        for side, price, size in ((1, *values[:2]), (-1, *values[2:])):
            if price == NO_PRICE or size == 0:
                self.levels[side] = {}
            elif not 0 <= size <= MAX_SIZE or abs(price) >= BOUND:
                return False
            else:
                self.levels[side] = {price: size}
        if self.stale != Stale.CROSSED:
            self.stale = Stale.FRESH
        return True

    def _shift(self, order: Resting, size: int) -> None:
        here = self.levels[order.side]
        here[order.price] = here.get(order.price, 0) + size
        if here[order.price] == 0:
            del here[order.price]

    def _order_add(self, record: Any) -> bool:
        order = Resting(int(record["side"]), int(record["price"]), int(record["size"]))
        reference = int(record["reference"])
        if reference in self.orders or not 0 < order.size <= MAX_SIZE:
            return False
        if order.side not in (1, -1) or abs(order.price) >= BOUND:
            return False
        self.orders[reference] = order
        self._shift(order, order.size)
        return True

    def _order_modify(self, record: Any) -> bool:
        reference, price = int(record["reference"]), int(record["price"])
        size = int(record["size"])
        order = self.orders.get(reference)
        if order is None or not 0 <= size <= MAX_SIZE or abs(price) >= BOUND:
            return False
        self._shift(order, -order.size)
        if price != order.price or size > order.size or size == 0:
            del self.orders[reference]
        if size:
            order.price, order.size = price, size
            self.orders[reference] = order
            self._shift(order, size)
        return True

    def _order_cancel(self, record: Any) -> bool:
        reference, size = int(record["reference"]), int(record["size"])
        order = self.orders.get(reference)
        if order is None or not 0 <= size <= MAX_SIZE:
            return False
        taken = min(size or order.size, order.size)
        self._shift(order, -taken)
        order.size -= taken
        if order.size == 0:
            del self.orders[reference]
        return size <= taken

    def _order_execute(self, record: Any) -> bool:
        size, reference = int(record["size"]), int(record["reference"])
        order = self.orders.get(reference)
        if order is None or not 0 <= size <= MAX_SIZE:
            return False
        if size == 0:
            return True
        price = int(record["price"])
        price = order.price if price == NO_PRICE else price
        if abs(price) >= BOUND:
            return False
        self._traded(price, min(size, order.size))
        return self._order_cancel(record)

    def _trade(self, record: Any) -> bool:
        price, size = int(record["price"]), int(record["size"])
        if not 0 <= size <= MAX_SIZE or abs(price) >= BOUND:
            return False
        if size:
            self._traded(price, size)
        return True

    def _traded(self, price: int, size: int) -> None:
        self.volume += size
        if self.last is not None and price != self.last:
            self.direction = 1 if price > self.last else -1
        self.last = price
        self.high = price if self.high is None else max(self.high, price)
        self.low = price if self.low is None else min(self.low, price)

    def _snapshot_begin(self, record: Any) -> bool:
        self.levels, self.orders = {1: {}, -1: {}}, {}
        self.in_snapshot = True
        self._lose(Stale.NO_SNAPSHOT)
        return True

    def _snapshot_end(self, record: Any) -> bool:
        self.in_snapshot = False
        if self.stale != Stale.CROSSED:
            self.stale = Stale.FRESH
        return True

    def _gap(self, record: Any) -> bool:
        if self.stale != Stale.NO_SNAPSHOT:
            self.stale = Stale.GAP
        return True

    def _session(self, record: Any) -> bool:
        state = int(record["count"])
        if state == self.session:
            return True
        if state == SessionState.PRE_OPEN or self.session == SessionState.CLOSED:
            self.high = self.low = None
            self.volume = 0
        self.session = state
        return True
