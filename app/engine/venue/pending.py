"""What is on its way: requests to the venue, reports from it, each due at a time.

Two queues by (time, sequence): requests in the venue's time, reports in ours. Each is a
skew heap: a tree whose parents are due before their children, merged along the right
spine, whose children change sides on the way.

Sleator and Tarjan (1986), "Self-adjusting heaps", SIAM Journal on Computing 15(1):
any sequence of operations costs O(log n) each on average.
"""

from app.engine.arena import Section, give, take
from app.engine.compile import kernel
from app.engine.venue.state import pending, venue


@kernel
def _is_before(arena: int, a: int, b: int) -> bool:
    first, second = pending(arena)[a], pending(arena)[b]
    if first["time"] != second["time"]:
        return first["time"] < second["time"]
    return first["sequence"] < second["sequence"]


@kernel
def merged(arena: int, a: int, b: int) -> int:
    """Root of one heap with the records of both; 0 is the empty heap."""
    every = pending(arena)
    root, parent = 0, 0
    while a and b:
        if _is_before(arena, b, a):
            a, b = b, a
        if parent:
            every[parent]["left"] = a
        else:
            root = a
        parent = a
        right = every[a]["right"]
        every[a]["right"] = every[a]["left"]
        a = right
    rest = a or b
    if parent == 0:
        return rest
    every[parent]["left"] = rest
    return root


@kernel
def new_pending(arena: int, time: int, message: int, order: int) -> int:
    """Take a record that is due at `time`; 0, a scratch record, if there is no room."""
    index = take(arena, Section.PENDING)
    state = venue(arena)[0]
    state["sequence"] += 1
    record = pending(arena)[index]
    record["time"], record["sequence"] = time, state["sequence"]
    record["left"], record["right"] = 0, 0
    record["message"], record["order"] = message, order
    record["impact"] = 0
    return index


@kernel
def without_first(arena: int, root: int) -> int:
    """Root once the first record is taken out; the record is still the caller's."""
    record = pending(arena)[root]
    return merged(arena, record["left"], record["right"])


@kernel
def release(arena: int, index: int) -> None:
    """Give a record back; nothing is on its way in it any more."""
    pending(arena)[index]["message"] = 0
    give(arena, Section.PENDING, index)
