"""DBN's order-by-order records (MBO) as events of the book.

In DBN a trade is told three times: T by the aggressor, F by each order that was filled,
and a C or M by which the resting order shrinks. In our records it is told once. Where
an order's F and its C or M fit together, they become ORDER_EXECUTE, so that the queue
stays exact; what is left of a T becomes TRADE. F of the aggressor's own order, of
auctions and of icebergs that refill count by their T.

Databento, "MBO" schema and "State management of resting orders".
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.dbn_rows import LAST, MAYBE_BAD, SNAPSHOT, Rows
from app.data.importing import new_records
from app.engine.records import NO_PRICE, EventKind, RecordFlag
from app.instrument import Instrument

_ACTIONS: Final = (b"A", b"C", b"M", b"R", b"T", b"F", b"N")
_MOST_HELD: Final = 1 << 22
_Part = tuple[NDArray[np.int64], int, NDArray[np.void]]
"""Row of each record, rank within its row, the records."""
_BEFORE, _BEGIN, _OWN, _AFTER = range(4)


class OrderTranslator:
    """Translates one instrument's rows; an event that is not whole yet is held back.

    Invariant: `_ids` ascend; `_sizes`, all positive, are what those orders show.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._ids = np.empty(0, np.uint64)
        self._sizes = np.empty(0, np.int64)
        self._held: Rows | None = None
        self._previous_flags: int | None = None
        self._began_midway = False
        self._unknown = 0

    def take(self, rows: Rows) -> NDArray[np.void]:
        """Translate whole events."""
        rows = rows if self._held is None else self._held.joined(rows)
        whole = _whole_events(rows)
        self._held = rows.where(slice(whole, None))
        return self._translated(rows.where(slice(0, whole)))

    def end(self) -> NDArray[np.void]:
        """Translate what was held back; a file's end ends its last event."""
        held, self._held = self._held, None
        records = new_records(0)
        if held is not None and len(held):
            records = self._ended(held)
        if self._previous_flags is not None:
            # A snapshot that the next file begins with is another one.
            self._previous_flags &= ~SNAPSHOT
        return records

    def _ended(self, held: Rows) -> NDArray[np.void]:
        """Translate the rows of an event that the file's end ends."""
        records = self._translated(held)
        flags = int(held.data["flags"][-1])
        if flags & SNAPSHOT and len(records):
            end = _marks(held, np.array([len(held) - 1]), EventKind.SNAPSHOT_END)
            records = np.concatenate([records, end])
        if len(records):
            records["flags"][-1] |= np.uint16(RecordFlag.LAST)
        return records

    def notes(self) -> list[str]:
        """Say what could not be known."""
        if not self._began_midway:
            return []
        return [
            "the data begin without a snapshot: the book is stale until one comes; "
            f"{self._unknown} events were of orders from before"
        ]

    def _translated(self, rows: Rows) -> NDArray[np.void]:
        rows = rows.where(self._sound(rows))
        if not len(rows):
            return new_records(0)
        parts = self._marks_of_state(rows)
        starts = np.flatnonzero(self._clears(rows))
        for low, high in pairwise([0, *starts.tolist(), len(rows)]):
            if low in starts:
                self._ids, self._sizes = self._ids[:0], self._sizes[:0]
            if low < high:
                span = rows.where(slice(low, high))
                records = self._span(span)
                parts.append((np.arange(low, high), _OWN, records))
        self._previous_flags = int(rows.data["flags"][-1])
        return _joined(rows, parts)

    def _sound(self, rows: Rows) -> NDArray[np.bool_]:
        """Return which rows keep the rules that need no memory."""
        good = np.ones(len(rows), np.bool_)
        data, action = rows.data, rows.data["action"]
        rows.refuse(
            ~np.isin(action, _ACTIONS), "action", "must be one of ACMRTFN", good
        )
        rests = np.isin(action, (b"A", b"M"))
        rows.refuse(rests & (rows.sides() == 0), "side", "must be A or B", good)
        sized = np.isin(action, (b"A", b"C", b"T", b"F"))
        rows.refuse(sized & (data["size"] == 0), "size", "must be positive", good)
        prices = rows.prices("price", self._instrument, good)
        priced = rests | np.isin(action, (b"T", b"F"))
        rows.refuse(priced & (prices == NO_PRICE), "price", "must be a price", good)
        return good

    def _clears(self, rows: Rows) -> NDArray[np.bool_]:
        """Return rows before which the book is emptied."""
        in_snapshot = rows.data["flags"] & SNAPSHOT != 0
        before = np.concatenate([[self._was(SNAPSHOT)], in_snapshot[:-1]])
        clears: NDArray[np.bool_] = rows.data["action"] == b"R"
        clears |= in_snapshot & ~before
        return clears

    def _was(self, flag: int) -> bool:
        """Whether the row before these had a flag."""
        return bool((self._previous_flags or 0) & flag)

    def _marks_of_state(self, rows: Rows) -> list[_Part]:
        """Return where snapshots begin and end; a GAP where none begins the data."""
        flags, is_clear = rows.data["flags"], rows.data["action"] == b"R"
        in_snapshot, last = flags & SNAPSHOT != 0, flags & LAST != 0
        was_open = np.concatenate(
            [
                [self._was(SNAPSHOT) and not self._was(LAST)],
                (in_snapshot & ~last)[:-1],
            ]
        )
        found = [
            (_BEFORE, EventKind.SNAPSHOT_END, ~in_snapshot & was_open),
            (_BEGIN, EventKind.SNAPSHOT_BEGIN, self._clears(rows)),
            (
                _AFTER,
                EventKind.SNAPSHOT_END,
                (in_snapshot & last) | (is_clear & ~in_snapshot),
            ),
        ]
        doubtful = flags & MAYBE_BAD != 0
        doubtful[1:] &= flags[:-1] & MAYBE_BAD == 0
        doubtful[:1] &= not self._was(MAYBE_BAD)
        found.append((_BEFORE, EventKind.GAP, doubtful))
        if self._previous_flags is None and not (in_snapshot[0] or is_clear[0]):
            self._began_midway = True
            found.append((_BEFORE, EventKind.GAP, np.arange(len(rows)) == 0))
        return [
            (at, rank, _marks(rows, at, kind))
            for rank, kind, where in found
            for at in (np.flatnonzero(where),)
        ]

    def _span(self, rows: Rows) -> NDArray[np.void]:
        """Translate rows between two clears, one record each."""
        data, action = rows.data, rows.data["action"]
        good = np.ones(len(rows), np.bool_)
        records = rows.records()
        records["kind"] = EventKind.TIMER
        prices = rows.prices("price", self._instrument, good)
        before = self._follow(rows)
        told = _Told.of(rows, before)

        adds = (action == b"A") | ((action == b"M") & (before <= 0))
        rows.refuse(
            (action == b"A") & (before > 0),
            "order_id",
            "must not be in the book already",
            good,
        )
        modifies = np.isin(action, (b"A", b"M")) & (before > 0)
        cancels = action == b"C"
        too_large = cancels & (before > 0) & (data["size"] > before)
        rows.refuse(too_large, "size", "must not be more than the order has", good)
        self._unknown += int(np.count_nonzero(cancels & (before <= 0)))
        cancelled = np.minimum(data["size"], before) - told.taken
        cancels &= cancelled > 0

        sizes = data["size"].astype(np.int64)
        sizes[cancels] = cancelled[cancels]
        sizes[told.trades] = told.left[told.trades]
        for kind, where in (
            (EventKind.ORDER_ADD, adds & (sizes > 0)),
            (EventKind.ORDER_MODIFY, modifies),
            (EventKind.ORDER_CANCEL, cancels),
            (EventKind.ORDER_EXECUTE, told.executes),
            (EventKind.TRADE, told.trades),
        ):
            records["kind"][where] = kind
            records["price"][where] = prices[where]
            records["size"][where] = sizes[where]
        orders = adds | modifies | cancels | told.executes
        records["reference"][orders] = data["order_id"][orders].astype(np.int64)
        records["side"][orders] = rows.sides()[orders]
        records["aggressor"] = told.aggressor
        return records

    def _follow(self, rows: Rows) -> NDArray[np.int64]:
        """Follow the orders' sizes; returns each row's order before it, -1 unknown."""
        acting = np.isin(rows.data["action"], (b"A", b"C", b"M"))
        data = rows.data[acting]
        kept, count = len(self._ids), len(self._ids) + len(data)
        ids = np.concatenate([self._ids, data["order_id"]])
        sets = np.concatenate([np.ones(kept, np.bool_), data["action"] != b"C"])
        sizes = np.concatenate([self._sizes, data["size"].astype(np.int64)])
        by_order = np.argsort(ids, kind="stable")
        ids, sets, sizes = ids[by_order], sets[by_order], sizes[by_order]

        place = np.arange(count)
        is_first = np.append(True, ids[1:] != ids[:-1])[:count]
        last_set = np.maximum.accumulate(np.where(sets, place, -1))
        known = last_set >= np.maximum.accumulate(np.where(is_first, place, 0))
        taken = np.cumsum(np.where(sets, 0, sizes))
        after = np.where(known, sizes[last_set] - (taken - taken[last_set]), -1)
        before_sorted = np.where(is_first, -1, np.append(-1, after[:-1])[:count])

        is_final = np.append(is_first[1:], True)[:count] & (after > 0)
        self._ids, self._sizes = ids[is_final], after[is_final]
        before = np.empty(count, np.int64)
        before[by_order] = before_sorted
        out = np.full(len(rows), -1, np.int64)
        out[acting] = before[kept:]
        return out


@dataclass(frozen=True, slots=True)
class _Told:
    """How the trades of some rows are told, row by row."""

    executes: NDArray[np.bool_]
    """F rows that become ORDER_EXECUTE."""
    trades: NDArray[np.bool_]
    """T rows that become TRADE."""
    left: NDArray[np.int64]
    """Of a T row: its size less what its F rows tell."""
    taken: NDArray[np.int64]
    """Of a C row: what ORDER_EXECUTE took off its order before."""
    aggressor: NDArray[np.int8]

    @classmethod
    def of(cls, rows: Rows, before: NDArray[np.int64]) -> "_Told":
        """Decide for each F whether its C or M fits to it."""
        data, action, side = rows.data, rows.data["action"], rows.sides()
        sizes = data["size"].astype(np.int64)
        event = np.cumsum(np.append(0, data["flags"][:-1] & LAST != 0))
        is_trade, is_fill = action == b"T", action == b"F"
        trade = np.maximum.accumulate(np.where(is_trade, np.arange(len(rows)), -1))
        has_trade = (trade >= 0) & (event[trade] == event)
        aggressor = np.where(has_trade, side[trade], 0).astype(np.int8)
        # The aggressor's own order may have rested: its F is not of the other side.
        clean = is_fill & (aggressor != 0) & (side == -aggressor)

        fits, taken = _fitting(rows, is_fill, clean, event, before)
        executes = clean & fits
        told = np.bincount(trade[executes], sizes[executes], len(rows)).astype(np.int64)
        left = sizes - told
        trades = is_trade & (left > 0)
        return cls(
            executes=executes,
            trades=trades,
            left=left,
            taken=np.where((action == b"C") & fits, taken, 0),
            aggressor=np.where(executes | trades, aggressor, 0).astype(np.int8),
        )


def _fitting(
    rows: Rows,
    is_fill: NDArray[np.bool_],
    clean: NDArray[np.bool_],
    event: NDArray[np.int64],
    before: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Say of each row whether its order's fills fit what follows, and their sum.

    They fit where all fills of the order in the event are of resting size, and one C
    takes at least their sum off, or one M leaves something of what they leave.
    """
    data, action = rows.data, rows.data["action"]
    among = np.isin(data["order_id"], data["order_id"][is_fill])
    among &= np.isin(action, (b"F", b"C", b"M", b"A"))
    at = np.flatnonzero(among)
    _, order = np.unique(data["order_id"][at], return_inverse=True)
    _, group = np.unique(order * (len(rows) + 1) + event[at], return_inverse=True)
    count = int(group.max()) + 1 if len(group) else 0
    sizes = data["size"][at].astype(np.int64)

    def total(where: NDArray[np.bool_], values: NDArray[np.int64]) -> NDArray[np.int64]:
        sums = np.bincount(group[where[at]], values[where[at]], count)
        return sums.astype(np.int64)

    ones = np.ones(len(at), np.int64)
    cancel, modify = action == b"C", action == b"M"
    filled = total(is_fill, sizes)
    had = total(cancel | modify, before[at])
    one_cancel = (total(cancel, ones) == 1) & (
        total(modify | (action == b"A"), ones) == 0
    )
    one_modify = (total(modify, ones) == 1) & (
        total(cancel | (action == b"A"), ones) == 0
    )
    cancelled = total(cancel, sizes)
    fits = (total(is_fill & ~clean, ones) == 0) & (filled > 0)
    fits &= (one_cancel & (filled <= cancelled) & (cancelled <= had)) | (
        one_modify & (total(modify, sizes) > 0) & (filled < had)
    )
    out, taken = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.int64)
    out[at], taken[at] = fits[group], filled[group]
    return out, taken


def _whole_events(rows: Rows) -> int:
    """Return the number of rows up to the last event's end."""
    ends = np.flatnonzero(rows.data["flags"] & LAST)
    if not len(ends) and len(rows) > _MOST_HELD:
        return len(rows)
    return int(ends[-1]) + 1 if len(ends) else 0


def _marks(rows: Rows, at: NDArray[np.int64], kind: EventKind) -> NDArray[np.void]:
    records = rows.records(at)
    records["kind"] = kind
    return records


def _joined(rows: Rows, parts: list[_Part]) -> NDArray[np.void]:
    """Put the parts in order and set the flags."""
    at = np.concatenate([part[0] for part in parts])
    ranks = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
    order = np.lexsort((ranks, at))
    records, at = np.concatenate([part[2] for part in parts])[order], at[order]
    flags = rows.data["flags"][at]
    in_snapshot = (flags & SNAPSHOT != 0) | (
        (ranks[order] == _BEFORE) & (records["kind"] == EventKind.SNAPSHOT_END)
    )
    is_end = np.append(at[1:] != at[:-1], True)
    last = np.where(is_end & (flags & LAST != 0), RecordFlag.LAST, 0)
    records["flags"] = last + np.where(in_snapshot, RecordFlag.SNAPSHOT, 0)
    # A snapshot's orders carry the times they were entered; the book is of now.
    old = flags & SNAPSHOT != 0
    records["ts_venue"][old] = records["ts_received"][old]
    # A row that tells nothing the others do not is only kept where it ends an event.
    tells: NDArray[np.bool_] = (records["kind"] != EventKind.TIMER) | (last != 0)
    return records[tells]
