"""Rebuilding a LOBSTER book order by order, held to the orderbook file.

A message file tells only what happens inside the top N levels. So orders exist that
it never announced, and a level that returns into view may have changed unseen. The
kernel here keeps every order it knows of, and after each message compares the top N
levels with the file's row. What the file shows of a level that has just come into view
is put right with *made-up orders* (references from `MADE_UP` on) or with cancels;
events of unknown orders act on the made-up ones. A difference at a level that was in
view before cannot be explained by the messages: it is reported with row and level.

State is arrays: a node per order, and each side's levels sorted with the best at the
end, where nearly all changes are.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.compile import entry, kernel
from app.engine.memory import words
from app.engine.records import EventKind

MADE_UP: Final = 1 << 62
"""References of orders that no message announced start here."""
EMPTY: Final = -(2**63)
"""Price of a level that the file leaves empty."""

# Columns of an output row.
ROW, KIND, PRICE, SIZE, REFERENCE, SIDE = range(6)
WIDTH: Final = 6
NOTHING: Final = 0
"""KIND of a message that changes nothing; those of types 5 to 7 have -type."""

# The job: one int64 array; addresses of arrays first.
(
    MESSAGES,  # kind, order node, size, price, side: (n, 5)
    BOOK_ROWS,  # the file's prices and sizes: (n, 2 sides, N, 2), bids first
    OUT,  # (capacity, WIDTH)
    NODES,  # (nodes, 6)
    LEVEL_ROWS,  # (2, capacity, 4)
    COUNTS,  # levels in use per side: (2,)
    START,  # first message to work on
    STOP,
    DEPTH,  # N; 0 = there is no orderbook file
    CAPACITY,  # of OUT
    NODE_CAPACITY,
    LEVEL_CAPACITY,
    NODES_USED,
    MADE,  # made-up orders so far
    CORRECTED,  # messages after which the book was put right
    STRICT,  # 1 = stop at a difference that nothing explains
    FAULT_ROW,  # -1, or the message whose row differs inexplicably
    FAULT_SIDE,
    FAULT_LEVEL,
    FAULT_FOUND,
    FAULT_EXPECTED,
    FAULTS,  # how many
    WRITTEN,
    SIDE_NOW,  # index of the side being worked on
    ROW_NOW,
    UNKNOWN,  # events whose order is not known
    LIVE,  # orders in the book
    EXCUSED,  # 1 = a cross or halt, or the message after one: the book may jump
) = range(28)
JOB_WORDS: Final = 28

NODE_SIZE, NODE_PRICE, NODE_NEXT, NODE_PREVIOUS, NODE_REFERENCE = range(5)
NODE_WIDTH: Final = 5
LEVEL_PRICE, LEVEL_TOTAL, LEVEL_FIRST, LEVEL_LAST = range(4)
LEVEL_WIDTH: Final = 4
_CROSS: Final = 6
"""Type of a message that tells a cross; 7 tells a halt."""
_SPARE: Final = 64
"""Rows that one message may need beside what its depth and the book ask for."""


@kernel
def _level(job: Any, position: int, count: int = 1) -> Any:
    """Words of the levels from a position on, of the side being worked on."""
    offset = (job[SIDE_NOW] * job[LEVEL_CAPACITY] + position) * LEVEL_WIDTH
    return words(job[LEVEL_ROWS] + 8 * offset, LEVEL_WIDTH * count)


@kernel
def _node(job: Any, node: int) -> Any:
    return words(job[NODES] + 8 * node * NODE_WIDTH, NODE_WIDTH)


@kernel
def _count(job: Any) -> int:
    count: int = words(job[COUNTS], 2)[job[SIDE_NOW]]
    return count


@kernel
def _sign(job: Any) -> int:
    """+1 while bids are worked on, -1 for asks."""
    sign: int = 1 - 2 * job[SIDE_NOW]
    return sign


@kernel
def _emit(job: Any, kind: int, price: int, size: int, reference: int) -> None:
    out = words(job[OUT] + 8 * job[WRITTEN] * WIDTH, WIDTH)
    out[ROW], out[KIND], out[PRICE] = job[ROW_NOW], kind, price
    out[SIZE], out[REFERENCE], out[SIDE] = size, reference, _sign(job)
    job[WRITTEN] += 1


@kernel
def _position(job: Any, price: int) -> int:
    """Position of the first level from the worst that is not worse than a price."""
    sign = _sign(job)
    low, high = 0, _count(job)
    while low < high:
        middle = (low + high) // 2
        if sign * (_level(job, middle)[LEVEL_PRICE] - price) < 0:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _is_at(job: Any, position: int, price: int) -> bool:
    return position < _count(job) and _level(job, position)[LEVEL_PRICE] == price


@kernel
def _move_levels(job: Any, position: int, by: int) -> None:
    """Make room for a level at a position, or close the gap it leaves."""
    count = _count(job)
    every = _level(job, 0, count + 1)
    first, end = LEVEL_WIDTH * position, LEVEL_WIDTH * count
    if by > 0:
        for i in range(end + LEVEL_WIDTH - 1, first + LEVEL_WIDTH - 1, -1):
            every[i] = every[i - LEVEL_WIDTH]
    else:
        for i in range(first, end - LEVEL_WIDTH):
            every[i] = every[i + LEVEL_WIDTH]
    words(job[COUNTS], 2)[job[SIDE_NOW]] += by


@kernel
def _add(job: Any, node: int, price: int, size: int) -> None:
    """Put an order at the back of its level and tell so."""
    position = _position(job, price)
    if not _is_at(job, position, price):
        _move_levels(job, position, 1)
        fresh = _level(job, position)
        fresh[LEVEL_PRICE], fresh[LEVEL_TOTAL] = price, 0
        fresh[LEVEL_FIRST], fresh[LEVEL_LAST] = -1, -1
    level, order = _level(job, position), _node(job, node)
    order[NODE_SIZE], order[NODE_PRICE] = size, price
    order[NODE_NEXT], order[NODE_PREVIOUS] = -1, level[LEVEL_LAST]
    if level[LEVEL_LAST] < 0:
        level[LEVEL_FIRST] = node
    else:
        _node(job, level[LEVEL_LAST])[NODE_NEXT] = node
    level[LEVEL_LAST] = node
    level[LEVEL_TOTAL] += size
    job[LIVE] += 1
    _emit(job, EventKind.ORDER_ADD, price, size, order[NODE_REFERENCE])


@kernel
def _make_up(job: Any, price: int, size: int) -> None:
    """Add an order that no message announced."""
    node = job[NODES_USED]
    job[NODES_USED] += 1
    _node(job, node)[NODE_REFERENCE] = MADE_UP + job[MADE]
    job[MADE] += 1
    _add(job, node, price, size)


@kernel
def _take(job: Any, position: int, node: int, size: int, kind: int) -> int:
    """Take up to `size` off an order, tell so; returns how much it had."""
    level, order = _level(job, position), _node(job, node)
    had: int = order[NODE_SIZE]
    taken = min(size, had)
    order[NODE_SIZE] -= taken
    level[LEVEL_TOTAL] -= taken
    _emit(job, kind, level[LEVEL_PRICE], taken, order[NODE_REFERENCE])
    if order[NODE_SIZE] == 0:
        job[LIVE] -= 1
        before, after = order[NODE_PREVIOUS], order[NODE_NEXT]
        if before < 0:
            level[LEVEL_FIRST] = after
        else:
            _node(job, before)[NODE_NEXT] = after
        if after < 0:
            level[LEVEL_LAST] = before
        else:
            _node(job, after)[NODE_PREVIOUS] = before
        if level[LEVEL_FIRST] < 0:
            _move_levels(job, position, -1)
    return taken


@kernel
def _someone(job: Any, position: int) -> int:
    """Order of a level that an event of an unknown order acts on: a made-up one."""
    first: int = _level(job, position)[LEVEL_FIRST]
    node = first
    while node >= 0:
        order = _node(job, node)
        if order[NODE_REFERENCE] >= MADE_UP:
            return node
        node = order[NODE_NEXT]
    return first


@kernel
def _take_at(job: Any, price: int, size: int, kind: int) -> int:
    """Take a size off a level whoever it belongs to; returns what was not there."""
    while size > 0:
        position = _position(job, price)
        if not _is_at(job, position, price):
            break
        size -= _take(job, position, _someone(job, position), size, kind)
    return size


@kernel
def _take_order(job: Any, node: int, price: int, size: int, kind: int) -> int:
    """Take a size off an order, then off its level; returns what was not there."""
    order = _node(job, node)
    if order[NODE_SIZE] == 0:
        job[UNKNOWN] += 1
    elif order[NODE_PRICE] == price:
        position = _position(job, price)
        size -= _take(job, position, node, size, kind)
    return _take_at(job, price, size, kind)


@kernel
def _drop_order(job: Any, node: int) -> None:
    """Cancel whatever is left of an order."""
    order = _node(job, node)
    if order[NODE_SIZE] > 0:
        position = _position(job, order[NODE_PRICE])
        _take(job, position, node, order[NODE_SIZE], EventKind.ORDER_CANCEL)


@kernel
def _message(job: Any, kind: int, node: int, size: int, price: int) -> None:
    """Apply one message of types 1 to 4."""
    if kind == 1:
        _drop_order(job, node)
        _add(job, node, price, size)
    elif kind == 4:
        missing = _take_order(job, node, price, size, EventKind.ORDER_EXECUTE)
        if missing > 0:
            _emit(job, EventKind.TRADE, price, missing, 0)
    else:
        _take_order(job, node, price, size, EventKind.ORDER_CANCEL)
        if kind == 3:
            _drop_order(job, node)


@kernel
def _fault(job: Any, level: int, found: int, expected: int) -> None:
    """Note a difference that the messages do not explain; the first one in full.

    An auction fills orders that no message of its own tells, so what it changes is
    believed.
    """
    if job[EXCUSED]:
        return
    if job[FAULTS] == 0:
        job[FAULT_ROW], job[FAULT_SIDE] = job[ROW_NOW], job[SIDE_NOW]
        job[FAULT_LEVEL] = level
        job[FAULT_FOUND], job[FAULT_EXPECTED] = found, expected
    job[FAULTS] += 1


@kernel
def _side_row(job: Any, row: int) -> Any:
    """The file's prices and sizes of the side being worked on: N pairs."""
    depth = job[DEPTH]
    offset = ((row - job[START]) * 2 + job[SIDE_NOW]) * depth * 2
    return words(job[BOOK_ROWS] + 8 * offset, 2 * depth)


@kernel
def _was_visible(job: Any, row: int, price: int) -> bool:
    """Whether the file's row before this one shows a price."""
    if row == 0:
        return False
    before = _side_row(job, row - 1)
    visible = False
    for k in range(job[DEPTH]):
        visible |= before[2 * k] == price
    return visible


@kernel
def _matches(job: Any, shown: Any) -> bool:
    """Whether the top N levels are as the file shows them."""
    top = _count(job) - 1
    for k in range(job[DEPTH]):
        price = shown[2 * k]
        if price == EMPTY:
            return top - k < 0
        if top - k < 0:
            return False
        level = _level(job, top - k)
        if level[LEVEL_PRICE] != price or level[LEVEL_TOTAL] != shown[2 * k + 1]:
            return False
    return True


@kernel
def _remove_better(job: Any, row: int, k: int, price: int, outermost: bool) -> None:
    """Remove levels better than the file's k-th but not in it; EMPTY: all the rest."""
    sign = _sign(job)
    while _count(job) - 1 - k >= 0:
        position = _count(job) - 1 - k
        level = _level(job, position)
        mine = level[LEVEL_PRICE]
        if price != EMPTY and sign * (mine - price) <= 0:
            return
        total = level[LEVEL_TOTAL]
        if not outermost or _was_visible(job, row, mine):
            _fault(job, k, 0, total)
        _take_at(job, mine, total, EventKind.ORDER_CANCEL)


@kernel
def _put_right(job: Any, row: int, shown: Any) -> None:
    """Make the top N levels what the file shows."""
    depth = job[DEPTH]
    for k in range(depth):
        price, size = shown[2 * k], shown[2 * k + 1]
        outermost = k == depth - 1 or price == EMPTY or shown[2 * k + 2] == EMPTY
        _remove_better(job, row, k, price, outermost)
        if price == EMPTY:
            return
        position = _count(job) - 1 - k
        have = 0
        if position >= 0 and _level(job, position)[LEVEL_PRICE] == price:
            have = _level(job, position)[LEVEL_TOTAL]
        if have == size:
            continue
        if row > 0 and (not outermost or _was_visible(job, row, price)):
            _fault(job, k, size, have)
        if have < size:
            _make_up(job, price, size - have)
        else:
            _take_at(job, price, have - size, EventKind.ORDER_CANCEL)


@kernel
def _hold_to_file(job: Any, row: int) -> None:
    """Compare both sides with the file's row and put right what differs."""
    corrected = False
    for side in range(2):
        job[SIDE_NOW] = side
        shown = _side_row(job, row)
        if not _matches(job, shown):
            corrected = True
            _put_right(job, row, shown)
    job[CORRECTED] += corrected


@kernel
def _is_full(job: Any) -> bool:
    """Whether an array may not hold what the next message needs."""
    counts = words(job[COUNTS], 2)
    # At worst every order is cancelled and each level of the file made up.
    few = 4 * job[DEPTH] + _SPARE
    return bool(
        job[WRITTEN] + job[LIVE] + 2 * few > job[CAPACITY]
        or job[NODES_USED] + few > job[NODE_CAPACITY]
        or max(counts[0], counts[1]) + few > job[LEVEL_CAPACITY]
    )


@entry
def rebuild(address: int, _second: int, _third: int) -> int:
    """Work through messages from ROW_NOW to STOP; returns the first one not done.

    It returns early when an array may not hold another message, or, if STRICT, at a
    difference that nothing explains.
    """
    job = words(address, JOB_WORDS)
    row: int = job[ROW_NOW]
    is_cross = bool(job[EXCUSED])
    while row < job[STOP]:
        if _is_full(job) or (job[STRICT] and job[FAULTS]):
            break
        before = job[WRITTEN]
        was_cross = is_cross
        message = words(job[MESSAGES] + 8 * 5 * (row - job[START]), 5)
        is_cross = message[0] >= _CROSS
        job[EXCUSED] = is_cross or was_cross
        job[ROW_NOW] = row
        job[SIDE_NOW] = 0 if message[4] > 0 else 1
        if 1 <= message[0] <= 4:
            _message(job, message[0], message[1], message[2], message[3])
        else:
            # What the book does not show goes through as it is, its type negative.
            _emit(job, -message[0], message[3], message[2], 0)
        if job[DEPTH] > 0:
            _hold_to_file(job, row)
        if job[WRITTEN] == before:
            # Nothing is known of its order; yet each message is an event.
            _emit(job, NOTHING, message[3], message[2], 0)
        row += 1
    job[ROW_NOW] = row
    return row


class BookBuilder:
    """Runs `rebuild` over a message file, chunk by chunk.

    Parameters
    ----------
    orders : (m,) int64
        References of the orders that occur, by node.
    depth : int
        Levels of the orderbook file; 0 where there is none.
    strict : bool
        Whether to stop at what the messages do not explain.
    """

    def __init__(self, orders: NDArray[np.int64], depth: int, *, strict: bool) -> None:
        self.job = np.zeros(JOB_WORDS, np.int64)
        self._nodes = np.zeros((len(orders) + 4096, NODE_WIDTH), np.int64)
        self._nodes[: len(orders), NODE_REFERENCE] = orders
        self._levels = np.zeros((2, 4096, LEVEL_WIDTH), np.int64)
        self._counts = np.zeros(2, np.int64)
        self._out = np.zeros((1 << 17, WIDTH), np.int64)
        # The row before a chunk stays in front of it: what was in view decides.
        self._before = np.full((1, 2, depth, 2), EMPTY, np.int64)
        self.job[NODES_USED] = len(orders)
        self.job[DEPTH] = depth
        self.job[STRICT] = strict
        self.job[FAULT_ROW] = -1

    @property
    def corrected(self) -> int:
        """Messages after which the book was put right from the file."""
        return int(self.job[CORRECTED])

    @property
    def unknown(self) -> int:
        """Events of orders that no message had announced."""
        return int(self.job[UNKNOWN])

    @property
    def faults(self) -> int:
        """Differences that the messages do not explain."""
        return int(self.job[FAULTS])

    def fault(self) -> tuple[int, int, int, int, int]:
        """Return row, side (0 bid, 1 ask), level from 0, size found and expected."""
        row, side, level, found, expected = self.job[FAULT_ROW : FAULT_EXPECTED + 1]
        return int(row), int(side), int(level), int(found), int(expected)

    def run(
        self, messages: NDArray[np.int64], book_rows: NDArray[np.int64]
    ) -> Iterator[NDArray[np.int64]]:
        """Work through a chunk; yields rows of `WIDTH` columns, copies of its own.

        Parameters
        ----------
        messages : (n, 5) int64
            Type, node of the order, size, price and direction.
        book_rows : (n, 2, depth, 2) int64
            The file's rows, bids first: price (`EMPTY` = none) and size.
        """
        rows = np.concatenate([self._before, book_rows])
        start = int(self.job[ROW_NOW])
        self.job[START], self.job[STOP] = start, start + len(messages)
        self.job[MESSAGES] = messages.ctypes.data
        self.job[BOOK_ROWS] = rows.ctypes.data + rows[0].nbytes
        while self.job[ROW_NOW] < self.job[STOP]:
            self._bind()
            rebuild(self.job.ctypes.data)
            yield self._out[: self.job[WRITTEN]].copy()
            self.job[WRITTEN] = 0
            if self.job[STRICT] and self.job[FAULTS]:
                return
            self._grow()
        self._before = rows[-1:].copy()

    def _bind(self) -> None:
        job = self.job
        job[OUT], job[CAPACITY] = self._out.ctypes.data, len(self._out)
        job[NODES] = self._nodes.ctypes.data
        job[NODE_CAPACITY] = len(self._nodes)
        job[LEVEL_ROWS] = self._levels.ctypes.data
        job[LEVEL_CAPACITY] = self._levels.shape[1]
        job[COUNTS] = self._counts.ctypes.data

    def _grow(self) -> None:
        few = 8 * int(self.job[DEPTH]) + 2 * _SPARE
        if self.job[LIVE] + few > len(self._out) // 2:
            self._out = np.zeros((2 * len(self._out), WIDTH), np.int64)
        if self.job[NODES_USED] + few > len(self._nodes):
            self._nodes = np.concatenate([self._nodes, np.zeros_like(self._nodes)])
        if self._counts.max() + few > self._levels.shape[1]:
            more = np.zeros_like(self._levels)
            self._levels = np.concatenate([self._levels, more], axis=1)
