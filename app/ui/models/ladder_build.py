"""How a ladder's frame is made from the newest view: each thing to its row.

The rows are written by compiled code (`app.engine.ladder_rows`) in one call; here it is
told where everything lies.
"""

import ctypes
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from app.engine import ladder_rows as rows_of
from app.engine.history.records import FLOW
from app.engine.ladder_rows import LADDER_SPOT, ROWS_WORDS, Mark
from app.engine.raster import ladder_rows
from app.engine.records import NO_PRICE
from app.engine.views import DEPTH, VIEW_INSTRUMENT, VIEW_LEVEL
from app.ui.models.ladder import CELL, NOTHING_ELSE, LadderFrame, Surroundings
from app.ui.models.ladder_own import Placed, place_own
from app.ui.models.market import Listed, Market
from app.ui.models.situation import seen

_Job: Final = ctypes.c_int64 * ROWS_WORDS
_FIELDS: Final[Mapping[str, Any]] = VIEW_INSTRUMENT.fields or {}
_BIDS, _ASKS = int(_FIELDS["bids"][1]), int(_FIELDS["asks"][1])
_NO_LEVELS: Final = np.zeros(0, VIEW_LEVEL)


def build_frame(
    market: Market,
    listed: Listed,
    orders: np.ndarray,
    top: int,
    rows: int,
    around: Surroundings = NOTHING_ELSE,
    placed: Placed | None = None,
) -> LadderFrame:
    """Build a frame from the newest view.

    Parameters
    ----------
    market : Market
    listed : Listed
        The instrument.
    orders : (n,) OWN_ORDER
        Its working orders, oldest first.
    top : int
        Index of the first row: tick index // ticks in a row.
    rows : int
    around : Surroundings
        What no view says.
    placed : Placed, optional
        The orders in these rows, where that is known.
    """
    group = max(1, around.group)
    if placed is None:
        placed = place_own(listed, orders, top, rows, group)
    at = seen(market, listed, orders, around.through_ticks)
    part = None if market.view is None else at.part
    cells = np.zeros(rows, CELL)
    job = _Job()
    job[rows_of.TOP], job[rows_of.GROUP] = top, group
    _tell(job, rows_of.ROWS, cells)
    _tell(job, rows_of.BANDS, listed.scale.table)
    if len(placed.table):
        _tell(job, rows_of.OWN, placed.table)
        job[rows_of.WORKING], job[rows_of.WORKING_COUNT] = market.working()
    if part is None:
        ladder_rows(ctypes.addressof(job))
        return LadderFrame(
            at,
            top,
            cells,
            1,
            own=placed.own,
            looks=placed.looks,
            group=group,
            away=placed.away,
        )
    bids = part["bids"][: int(part["bid_levels"])]
    asks = part["asks"][: int(part["ask_levels"])]
    place = job[rows_of.PART] = market.address(listed.number)
    job[rows_of.BIDS], job[rows_of.BID_COUNT] = place + _BIDS, len(bids)
    job[rows_of.ASKS], job[rows_of.ASK_COUNT] = place + _ASKS, len(asks)
    marks = [*around.marks, *_position_marks(part, listed)]
    kept = _surround(job, around, marks)
    ladder_rows(ctypes.addressof(job))
    del kept
    return LadderFrame(
        at,
        top,
        cells,
        full=bar_scale(job[rows_of.LARGEST]),
        sequence=int(part["book_sequence"]),
        bids=bids,
        asks=asks,
        bid_total=job[rows_of.BID_TOTAL],
        ask_total=job[rows_of.ASK_TOTAL],
        stale=int(part["stale"]),
        stale_since=int(part["stale_since"]),
        state=market.safety_state,
        position=int(part["position"]),
        last=int(part["last_price"]),
        own=placed.own,
        looks=placed.looks,
        group=group,
        has_flow=around.flow is not None,
        away=placed.away,
        groups=placed.groups,
    )


def _surround(
    job: Any, around: Surroundings, marks: list[tuple[int, int]]
) -> list[np.ndarray]:
    """Tell a job what no view says; return what must live until it is done."""
    kept = [np.array(marks, LADDER_SPOT)]
    _tell(job, rows_of.SPOTS, kept[0])
    if around.flow is not None:
        kept.append(np.ascontiguousarray(around.flow, FLOW))
        _tell(job, rows_of.FLOWS, kept[-1])
    if around.deep is None:
        job[rows_of.DEEP_BID_COUNT] = job[rows_of.DEEP_ASK_COUNT] = -1
        return kept
    for word, levels in zip(
        (rows_of.DEEP_BIDS, rows_of.DEEP_ASKS), around.deep, strict=True
    ):
        kept.append(np.ascontiguousarray(levels, VIEW_LEVEL))
        _tell(job, word, kept[-1])
    return kept


def _tell(job: Any, word: int, array: np.ndarray) -> None:
    """Write an array's address and, behind it, its length into a job."""
    job[word + 1] = len(array)
    if len(array):
        # A third of the time that `array.ctypes.data` takes.
        is_open = array.flags.writeable
        place = ctypes.c_char.from_buffer(array.data) if is_open else None
        job[word] = array.ctypes.data if place is None else ctypes.addressof(place)


def _position_marks(part: np.void, listed: Listed) -> list[tuple[int, int]]:
    """Marks of the position's average price and break-even."""
    average = float(part["average_price"])
    if not part["position"] or not np.isfinite(average) or abs(average) >= 2.0**62:
        return []
    return [
        (int(Mark.AVERAGE), round(average)),
        (int(Mark.BREAK_EVEN), break_even(part, listed)),
    ]


def bar_scale(largest: int) -> int:
    """Size that fills a bar: the next 1, 1.5, 2, 3, 5 or 7 times a power of ten.

    Coarse on purpose: the bars keep their meaning while the largest size flickers.
    """
    power = 1
    while True:
        for step in (10, 15, 20, 30, 50, 70):
            if step * power >= largest * 10:
                return max(1, step * power // 10)
        power *= 10


def break_even(part: np.void, listed: Listed) -> int:
    """Price at which the session's P&L after fees is zero; NO_PRICE when flat."""
    position = int(part["position"])
    average = float(part["average_price"])
    if not position or not np.isfinite(average):
        return NO_PRICE
    numerator, denominator = listed.instrument.money_ratio
    made = int(part["realised"]) - int(part["fees"])
    worth = position * numerator / denominator
    price = average - made / worth
    return round(price) if abs(price) < 2.0**62 else NO_PRICE


def reaches_beyond(part: np.void, low: int, high: int) -> bool:
    """Whether rows from `low` to `high` (prices) lie beyond the view's levels."""
    for side, levels, is_bid in (
        ("bids", "bid_levels", True),
        ("asks", "ask_levels", False),
    ):
        if part[levels] < DEPTH:
            continue  # the whole side is known
        last = int(part[side]["price"][DEPTH - 1])
        if (low < last) if is_bid else (high > last):
            return True
    return False


def prices_shown(listed: Listed, top: int, rows: int, group: int) -> tuple[int, int]:
    """Lowest and highest price of the rows, price units."""
    scale = listed.scale
    low = scale.price((top - rows + 1) * group)
    return low, scale.price(top * group + group - 1)
