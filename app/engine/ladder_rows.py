"""A ladder's rows made from a view: each thing that is known to the row of its price.

One call makes what a ladder shows in a frame: sizes of both sides, the flow at each
price, our orders with what is ahead of them, and marks. Rows count downwards from the
first one's tick index; a row may hold several ticks, and what falls into one adds up.
Bids and asks share the code.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.history.records import FLOW
from app.engine.memory import view
from app.engine.records import BUY, NO_PRICE, SELL
from app.engine.views import DEPTH, VIEW_INSTRUMENT, VIEW_LEVEL, VIEW_ORDER

LADDER_ROW: Final = np.dtype(
    [
        ("price", "<i8"),  # lowest of the row, price units
        ("bid", "<i8"),  # displayed size, quantity units
        ("ask", "<i8"),
        ("buy", "<i8"),  # our leaves, quantity units
        ("sell", "<i8"),
        ("buy_ahead", "<i8"),  # queue ahead of our first order; -1 = unknown
        ("sell_ahead", "<i8"),
        ("last_size", "<i8"),  # of the last trade, where it was here
        ("sold", "<i8"),  # volume of selling aggressors since the flow's reset
        ("bought", "<i8"),
        ("bid_change", "<i8"),  # stacked less pulled since the flow's reset
        ("ask_change", "<i8"),
        ("volume", "<i8"),  # of the session
        ("marks", "<i8"),  # Mark
    ]
)


class Mark(IntEnum):
    """What else there is to show in a row: bits, as plain integers for speed."""

    LAST = 1  # the last trade was here
    LAST_BUY = 2  # its aggressor bought
    LAST_SELL = 4
    BEST_BID = 8
    BEST_ASK = 16
    INSIDE = 32  # between bid and ask
    AVERAGE = 64  # average price of the position
    HIGH = 128  # of the session
    LOW = 256
    OPEN = 1 << 13  # of the session
    PREVIOUS_CLOSE = 1 << 14
    VWAP = 1 << 15
    BREAK_EVEN = 1 << 16  # where the day's P&L after fees is zero
    POC = 1 << 17  # most volume of the session
    UNKNOWN_BID = 1 << 18  # beyond the levels that are known
    UNKNOWN_ASK = 1 << 19
    TRAIL_1 = 1 << 20  # the last price but one; the others are older
    TRAIL_2 = 1 << 21
    TRAIL_3 = 1 << 22


TICK_BAND: Final = np.dtype([("start", "<i8"), ("step", "<i8"), ("base", "<i8")])
"""A band of the tick table: prices from its start, their step, the start's index."""
LADDER_SPOT: Final = np.dtype([("mark", "<i8"), ("price", "<i8")])
"""A mark at a price; NO_PRICE is passed over."""
LADDER_OWN: Final = np.dtype(
    [
        ("row", "<i8"),
        ("side", "<i8"),
        ("leaves", "<i8"),  # of all our orders there, quantity units
        ("first", "<i8"),  # client order id of the oldest
    ]
)
"""Our orders of one side in one row, which is one of the ladder's."""

(
    ROWS, COUNT, TOP, GROUP, BANDS, BAND_COUNT, OWN, OWN_COUNT, WORKING, WORKING_COUNT,
    PART, BIDS, BID_COUNT, ASKS, ASK_COUNT, DEEP_BIDS, DEEP_BID_COUNT, DEEP_ASKS,
    DEEP_ASK_COUNT, FLOWS, FLOW_COUNT, SPOTS, SPOT_COUNT,
    LARGEST, BID_TOTAL, ASK_TOTAL,
) = range(26)  # fmt: skip
"""Words of a job: addresses and lengths, then the answers: the largest size of a row
and the sum of each side. TOP is the first row's tick index // GROUP, the ticks in a
row. PART is 0 where nothing is known of the market, DEEP_*_COUNT -1 where nothing is of
what lies beyond the view's levels."""
ROWS_WORDS: Final = 26

_LAST: Final = int(Mark.LAST)
_LAST_BUY, _LAST_SELL = int(Mark.LAST_BUY), int(Mark.LAST_SELL)
_HIGH, _LOW, _INSIDE = int(Mark.HIGH), int(Mark.LOW), int(Mark.INSIDE)
_BEST_BID, _BEST_ASK = int(Mark.BEST_BID), int(Mark.BEST_ASK)
_UNKNOWN_BID, _UNKNOWN_ASK = int(Mark.UNKNOWN_BID), int(Mark.UNKNOWN_ASK)


@kernel
def _price_of(bands: Any, index: int) -> int:
    """Valid price of a tick index, price units."""
    band = 0
    while band + 1 < len(bands) and index >= bands[band + 1]["base"]:
        band += 1
    found = bands[band]
    return int(found["start"] + (index - found["base"]) * found["step"])


@kernel
def _row_of(job: Any, bands: Any, price: int) -> int:
    """Row of the highest valid price at or below this one; may lie outside."""
    band = 0
    while band + 1 < len(bands) and price >= bands[band + 1]["start"]:
        band += 1
    found = bands[band]
    index = found["base"] + (price - found["start"]) // found["step"]
    return int(job[TOP] - index // job[GROUP])


@kernel
def _mark(job: Any, bands: Any, rows: Any, mark: int, price: int) -> int:
    """Set a mark in a price's row; return the row, or -1 outside."""
    if price == NO_PRICE:
        return -1
    row = _row_of(job, bands, price)
    if row < 0 or row >= len(rows):
        return -1
    rows[row]["marks"] |= mark
    return row


@kernel
def _begin(job: Any, bands: Any, rows: Any) -> None:
    """Write prices, and our orders with the queue ahead of them."""
    for i in range(len(rows)):
        rows[i]["price"] = _price_of(bands, (job[TOP] - i) * job[GROUP])
        rows[i]["buy_ahead"] = rows[i]["sell_ahead"] = -1
    own = view(job[OWN], job[OWN_COUNT], LADDER_OWN)
    working = view(job[WORKING], job[WORKING_COUNT], VIEW_ORDER)
    for i in range(len(own)):
        each, ahead = own[i], -1
        for k in range(len(working)):
            # As a mapping of them would have it: the last one counts.
            if working[k]["client_order_id"] == each["first"]:
                ahead = working[k]["queue_ahead"]
        row = rows[each["row"]]
        if each["side"] > 0:
            row["buy"], row["buy_ahead"] = each["leaves"], ahead
        else:
            row["sell"], row["sell_ahead"] = each["leaves"], ahead


@kernel
def _add(row: Any, side: int, size: int) -> None:
    if side > 0:
        row["bid"] += size
    else:
        row["ask"] += size


@kernel
def _side(job: Any, bands: Any, rows: Any, side: int, at: int, deep_at: int) -> int:
    """Write a side's sizes, see `_book`; return their sum.

    Parameters
    ----------
    at, deep_at : int
        Words of the job where the side's levels and those beyond them are told.
    """
    levels = view(job[at], job[at + 1], VIEW_LEVEL)
    total = 0
    for i in range(len(levels)):
        total += levels[i]["size"]
        row = _row_of(job, bands, levels[i]["price"])
        if 0 <= row < len(rows):
            _add(rows[row], side, levels[i]["size"])
    if len(levels) < DEPTH:
        return total  # the whole side is known
    last = levels[len(levels) - 1]["price"]
    if job[deep_at + 1] < 0:
        unknown = _UNKNOWN_BID if side > 0 else _UNKNOWN_ASK
        for i in range(len(rows)):
            if (last - rows[i]["price"]) * side > 0:
                rows[i]["marks"] |= unknown
        return total
    more = view(job[deep_at], job[deep_at + 1], VIEW_LEVEL)
    for i in range(len(more)):
        row = _row_of(job, bands, more[i]["price"])
        if (last - more[i]["price"]) * side > 0 and 0 <= row < len(rows):
            _add(rows[row], side, more[i]["size"])
    return total


@kernel
def _book(job: Any, bands: Any, rows: Any) -> None:
    """Both sides' sizes; what lies beyond the view's levels is unknown without deep."""
    bid_side, ask_side = integer(BUY), integer(SELL)
    job[BID_TOTAL] = _side(job, bands, rows, bid_side, BIDS, DEEP_BIDS)
    job[ASK_TOTAL] = _side(job, bands, rows, ask_side, ASKS, DEEP_ASKS)
    largest = 0
    for i in range(len(rows)):
        largest = max(largest, rows[i]["bid"], rows[i]["ask"])
    job[LARGEST] = largest


@kernel
def _flow(job: Any, bands: Any, rows: Any) -> None:
    """Traded, stacked and pulled sizes."""
    flow = view(job[FLOWS], job[FLOW_COUNT], FLOW)
    for i in range(len(flow)):
        found, at = flow[i], _row_of(job, bands, flow[i]["price"])
        if 0 <= at < len(rows):
            row = rows[at]
            row["sold"] += found["sold"]
            row["bought"] += found["bought"]
            row["bid_change"] += found["bid_change"]
            row["ask_change"] += found["ask_change"]
            row["volume"] += found["volume"]


@kernel
def _touch(job: Any, bands: Any, rows: Any) -> None:
    """Mark the best prices and what lies between them."""
    bids = view(job[BIDS], job[BID_COUNT], VIEW_LEVEL)
    asks = view(job[ASKS], job[ASK_COUNT], VIEW_LEVEL)
    if len(bids):
        _mark(job, bands, rows, _BEST_BID, bids[0]["price"])
    if len(asks):
        _mark(job, bands, rows, _BEST_ASK, asks[0]["price"])
    if len(bids) and len(asks):
        low, high = bids[0]["price"], asks[0]["price"]
        for i in range(len(rows)):
            if low < rows[i]["price"] < high:
                rows[i]["marks"] |= _INSIDE


@kernel
def _marks(job: Any, bands: Any, rows: Any) -> None:
    """Mark the last trade, the session's prices and what else is asked for."""
    part = view(job[PART], 1, VIEW_INSTRUMENT)[0]
    aggressor = part["last_aggressor"]
    mark = _LAST
    if aggressor == 1:
        mark |= _LAST_BUY
    elif aggressor == -1:
        mark |= _LAST_SELL
    row = _mark(job, bands, rows, mark, part["last_price"])
    if row >= 0:
        rows[row]["last_size"] = part["last_size"]
    _mark(job, bands, rows, _HIGH, part["high"])
    _mark(job, bands, rows, _LOW, part["low"])
    spots = view(job[SPOTS], job[SPOT_COUNT], LADDER_SPOT)
    for i in range(len(spots)):
        _mark(job, bands, rows, spots[i]["mark"], spots[i]["price"])


@kernel
def make_rows(job: Any) -> int:
    """Make a ladder's rows, which are zeros before.

    Parameters
    ----------
    job : (ROWS_WORDS,) int64
    """
    rows = view(job[ROWS], job[COUNT], LADDER_ROW)
    bands = view(job[BANDS], job[BAND_COUNT], TICK_BAND)
    _begin(job, bands, rows)
    if job[PART]:
        _book(job, bands, rows)
        _touch(job, bands, rows)
        _marks(job, bands, rows)
        _flow(job, bands, rows)
    return len(rows)
