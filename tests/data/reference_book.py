"""A plain book of dictionaries, to hold the importers and the engine's book to.

It takes MARKET records one by one and knows nothing of speed. What a record may not
say (an unknown order, a size beyond what rests) raises.
"""

import heapq
from collections.abc import Iterator
from typing import Any

from app.engine.records import BUY, SELL, EventKind, RecordFlag

K = EventKind
FIELDS = ("kind", "side", "price", "size", "reference", "aggressor")


class ReferenceBook:
    """Levels by side and price; orders by reference."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
        self.orders: dict[int, list[int]] = {}  # reference: side, price, size
        self.trades: list[tuple[int, int, int]] = []  # price, size, aggressor
        self.gaps = 0
        self.is_stale = True

    def apply(self, record: Any) -> None:
        """Take one MARKET record."""
        self.take(*(int(record[name]) for name in FIELDS))

    def take(  # noqa: C901 - one branch per kind
        self,
        kind: int,
        side: int,
        price: int,
        size: int,
        reference: int,
        aggressor: int,
    ) -> None:
        """Take the fields of one record."""
        if kind == K.LEVEL:
            assert size >= 0
            self.levels[side].pop(price, None)
            if size:
                self.levels[side][price] = size
        elif kind == K.ORDER_ADD:
            assert size > 0
            assert reference not in self.orders
            self.orders[reference] = [side, price, 0]
            self._change(reference, size)
        elif kind == K.ORDER_MODIFY:
            side, _, left = self.orders[reference]
            self._change(reference, -left)
            self.orders[reference] = [side, price, 0]
            self._change(reference, size)
        elif kind in (K.ORDER_CANCEL, K.ORDER_EXECUTE):
            left = self.orders[reference][2]
            taken = left if kind == K.ORDER_CANCEL and size == 0 else size
            assert 0 < taken <= left
            self._change(reference, -taken)
            if kind == K.ORDER_EXECUTE:
                self.trades.append((price, size, aggressor))
        elif kind == K.TRADE:
            assert size > 0
            self.trades.append((price, size, aggressor))
        elif kind == K.SNAPSHOT_BEGIN:
            self.levels = {BUY: {}, SELL: {}}
            self.orders = {}
        elif kind == K.SNAPSHOT_END:
            self.is_stale = False
        elif kind == K.GAP:
            self.gaps += 1
            self.is_stale = True

    def _change(self, reference: int, by: int) -> None:
        order = self.orders[reference]
        side, price, _ = order
        order[2] += by
        total = self.levels[side].get(price, 0) + by
        assert total >= 0
        self.levels[side][price] = total
        if not total:
            del self.levels[side][price]
        if not order[2]:
            del self.orders[reference]

    def top(self, side: int, count: int) -> list[tuple[int, int]]:
        """Best prices and their sizes."""
        best = heapq.nlargest if side == BUY else heapq.nsmallest
        held = self.levels[side]
        return [(price, held[price]) for price in best(count, held)]

    def take_all(self, records: Any) -> "ReferenceBook":
        """Take an array of records."""
        for fields in zip(*(records[name].tolist() for name in FIELDS), strict=True):
            self.take(*fields)
        return self


def rows(
    records: Any, count: int
) -> Iterator[tuple[Any, list[tuple[int, int]], list[tuple[int, int]]]]:
    """The last record, bids and asks after each venue event."""
    book = ReferenceBook()
    columns = [records[name].tolist() for name in FIELDS]
    last = (records["flags"] & RecordFlag.LAST != 0).tolist()
    for index, fields in enumerate(zip(*columns, strict=True)):
        book.take(*fields)
        if last[index]:
            yield records[index], book.top(BUY, count), book.top(SELL, count)
