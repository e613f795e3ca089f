"""Taking heatmap columns while history is folded: one at every cut that changed a book.

A column holds the book as it stood at the end of its stretch. That is what rested and
could be traded against; what came and went within a stretch of a tenth of a second is
in the flow of the ladder, and folding it into columns would cost every record.

Stretches without records cost nothing, however long: the column before them stands.
"""

from typing import Any, Final

from app.engine.compile import kernel, rare
from app.engine.history.heat import append_column, lacks_room
from app.engine.history.heat_state import CONTROL_WORDS
from app.engine.history.state import NEVER, heads, tracks
from app.engine.memory import words
from app.engine.rare import out_of_line

INTERVAL_NS: Final = 100_000_000
"""A column stands for so much received time, at least."""


@kernel
def columns_lack_room(arena: int) -> bool:
    """Whether any instrument's next column needs disk first."""
    for number in range(heads(arena)[0]["instruments"]):
        place = tracks(arena)[number]["heat"]
        if place and lacks_room(words(place, CONTROL_WORDS)):
            return True
    return False


@kernel
def _begin_stretch(head: Any, ts: int) -> int:
    """Begin the stretch that a time is in; when the last began, -NEVER at the first."""
    interval, since = head["cut_interval"], head["cut_since"]
    begins = ts - ts % interval
    is_first = head["next_cut"] == -NEVER
    head["next_cut"] = begins + interval if begins < NEVER - interval else NEVER
    head["cut_since"] = begins
    return -NEVER if is_first else int(since)


@rare
def take_columns(arena: int, ts: int) -> None:
    """Take every instrument's column as a stretch ends, before what comes after it."""
    out_of_line()
    begin = _begin_stretch(heads(arena)[0], ts)
    if begin == -NEVER:
        return
    for number in range(heads(arena)[0]["instruments"]):
        track = tracks(arena)[number]
        if track["heat"]:
            tape, trades = track["trades"], track["trade_count"]
            append_column(arena, track["heat"], track["book"], begin, tape, trades)
