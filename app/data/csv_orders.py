"""Rows that create, change and delete orders, as order-by-order feeds tell them.

A row has an order's id, what happened to it and what is left of it. Such feeds tell no
trades: a trade shows as two orders that shrink. So an order that is changed to a
smaller size, or deleted with nothing left, was filled; where two of opposite sides
shrink by the same size within a second, the older one rested and is told as executed,
the other was the aggressor's and is taken back as far. Deleted with something left is
cancelled.

Orders from before the file's beginning are unknown until a change tells of them. A feed
that loses deletes leaves orders behind that cross the book; that shows as stale.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.csv_wide import Numbers
from app.data.importing import new_records
from app.data.text_columns import Table, scaled
from app.engine.records import EventKind, RecordFlag

CREATED, CHANGED, DELETED = 1, 2, 3
ACTIONS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("created", "create", "add", "added", "new", "insert"), CREATED),
    **dict.fromkeys(("changed", "change", "modify", "modified", "update"), CHANGED),
    **dict.fromkeys(("deleted", "delete", "cancel", "removed", "remove"), DELETED),
}
"""Words for what happened to an order."""
_PAIRED_NS: Final = 1_000_000_000
"""How far apart the two sides of a trade may be told."""


class OrderEvents:
    """Follows the orders of one instrument.

    Invariant: `_orders` has side, price and size, positive, of what rests.

    Parameters
    ----------
    sides : mapping of str to int
        Words for the side of the book.
    """

    def __init__(self, sides: Mapping[str, int]) -> None:
        self._sides = sides
        self._orders: dict[int, tuple[int, int, int]] = {}
        self._actions = np.empty(0, np.int64)
        self._table: Table | None = None
        self._held = new_records(0)
        self._fills: dict[tuple[int, int], deque[int]] = {}
        self._base = 0
        self._has_begun = False
        self._unknown = 0

    def read(
        self,
        table: Table,
        records: NDArray[np.void],
        numbers: Numbers,
        good: NDArray[np.bool_],
    ) -> None:
        """Read a table into `records`; `good` is cleared where a row is no event."""
        self._table = table
        words = [each.strip().lower() for each in table.column("action").to_pylist()]
        self._actions = np.array([ACTIONS.get(word, 0) for word in words], np.int64)
        rule = "must be created, changed or deleted"
        table.refuse(self._actions == 0, "action", rule, good)
        records["reference"], bad = scaled(table.column("order"), 0)
        bad |= records["reference"] <= 0
        table.refuse(bad, "order", "must be a whole number", good)
        words = [each.strip().lower() for each in table.column("side").to_pylist()]
        records["side"] = [self._sides.get(word, 0) for word in words]
        table.refuse(records["side"] == 0, "side", "must be bid or ask", good)
        records["price"] = numbers.prices(table, "price", good)
        records["size"] = numbers.sizes(table, "size", good, 0)

    def records(
        self, read: NDArray[np.void], good: NDArray[np.bool_]
    ) -> NDArray[np.void]:
        """Return what is certain of the rows that were read: one event a row."""
        assert self._table is not None
        told = read[good]
        told["flags"] = RecordFlag.LAST
        start = len(self._held)
        held = self._held = np.concatenate([self._held, told])
        rows = zip(
            self._actions[good].tolist(),
            *(told[name].tolist() for name in ("reference", "side", "price", "size")),
            strict=True,
        )
        numbers = self._table.rows[good].tolist()
        for at, (number, row) in enumerate(zip(numbers, rows, strict=True), start):
            rule = self._broken(*row[:3])
            if rule:
                self._table.issues.bad(f"{rule}, was {row[1]}", number, "order")
                self._tell(at, EventKind.TIMER, 0)
            else:
                self._follow(at, *row)
        if not len(held):
            return held
        since = held["ts_received"][-1] - _PAIRED_NS
        return self._released(int(np.searchsorted(held["ts_received"], since)))

    def end(self) -> NDArray[np.void]:
        """Return what was held back."""
        return self._released(len(self._held))

    def notes(self) -> list[str]:
        """Say what could not be known."""
        notes = ["the file tells no trades: orders that shrink were filled"]
        if self._unknown:
            notes.append(
                "the book starts empty; "
                f"{self._unknown:,} events were of orders that it does not tell of"
            )
        return notes

    def _released(self, count: int) -> NDArray[np.void]:
        released, self._held = self._held[:count], self._held[count:]
        self._base += count
        if self._has_begun or not count:
            return released
        self._has_begun = True
        marks = new_records(2)
        for name in ("ts_venue", "ts_received"):
            marks[name] = released[name][0]
        marks["kind"] = EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END
        marks["flags"] = RecordFlag.SNAPSHOT
        return np.concatenate([marks, released])

    def _broken(self, action: int, order: int, side: int) -> str:
        """Return the rule that an event of a known order breaks; "" where none."""
        known = self._orders.get(order)
        if known is not None and action == CREATED:
            return "must not be in the book already"
        is_other = known is not None and known[0] != side
        return "must stay on its side of the book" if is_other else ""

    def _follow(
        self, at: int, action: int, order: int, side: int, price: int, size: int
    ) -> None:
        """Say what a row does to the book, and remember it."""
        known = self._orders.get(order)
        self._unknown += known is None and action != CREATED
        if action == DELETED:
            self._orders.pop(order, None)
            if known is None:
                self._tell(at, EventKind.TIMER, 0)
            elif size:
                self._tell(at, EventKind.ORDER_CANCEL, 0, known)
            else:
                self._fill(at, order, known, known[2])
            return
        if not size:
            self._orders.pop(order, None)
            kind = EventKind.TIMER if known is None else EventKind.ORDER_CANCEL
            self._tell(at, kind, 0, known)
            return
        self._orders[order] = side, price, size
        if known is None:
            self._tell(at, EventKind.ORDER_ADD, size)
        elif known == (side, price, size):
            self._tell(at, EventKind.TIMER, 0)
        elif known[:2] == (side, price) and size < known[2]:
            self._fill(at, order, known, known[2] - size)
        else:
            self._tell(at, EventKind.ORDER_MODIFY, size)

    def _tell(
        self,
        at: int,
        kind: EventKind,
        size: int,
        known: tuple[int, int, int] | None = None,
    ) -> None:
        record = self._held[at]
        record["kind"], record["size"] = kind, size
        if known is not None:
            record["side"], record["price"], _ = known
        if kind == EventKind.TIMER:
            for name in ("side", "price", "reference"):
                record[name] = 0

    def _fill(
        self, at: int, order: int, known: tuple[int, int, int], size: int
    ) -> None:
        """Tell of a fill, once: by the order of its two that rested."""
        side = known[0]
        self._tell(at, EventKind.ORDER_EXECUTE, size, known)
        self._held[at]["aggressor"] = -side
        earliest = self._held[at]["ts_received"] - _PAIRED_NS
        others = self._fills.get((size, -side), deque())
        while others:
            other = others.popleft() - self._base
            if other < 0 or self._held[other]["ts_received"] < earliest:
                continue
            # Ids are given in order: the newer one came to the older.
            is_newer = order > self._held[other]["reference"]
            taker = self._held[at if is_newer else other]
            taker["kind"], taker["aggressor"] = EventKind.ORDER_CANCEL, 0
            return
        self._fills.setdefault((size, side), deque()).append(at + self._base)
