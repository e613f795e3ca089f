"""What a heatmap picture is asked for, and what it needs while it is painted."""

from enum import IntEnum
from typing import Final

import numpy as np

BLOCK: Final = 16
"""Columns of pixels that are painted at a time."""
BUCKET_BITS: Final = 20
HISTOGRAM: Final = 2048
"""Buckets of codes, by `code >> BUCKET_BITS`: eight to a doubling of the size."""


class Ground(IntEnum):
    """What lies behind a column of pixels."""

    OUTSIDE = 0  # before the first column, or after now
    MARKET = 1
    GAP = 2  # the book was not to be trusted


HEAT_VIEW: Final = np.dtype(
    [
        ("control", "<i8"),  # address of the columns' control block
        ("image", "<i8"),  # address of uint32 pixels, 0xffrrggbb, row by row
        ("palette", "<i8"),  # address of 2 x 256 colours: bids, asks
        ("histogram", "<i8"),  # address of HISTOGRAM int32, counted anew
        ("rows", "<i8"),  # address of height x BLOCK int32, to work in
        ("pixels", "<i8"),  # address of width PIXEL, to work in
        ("stride", "<i8"),  # pixels from row to row
        ("width", "<i8"),
        ("height", "<i8"),
        ("begin", "<i8"),  # time at the left edge, ns
        ("end", "<i8"),  # where time ends: now, ns
        ("ns_per_px", "<f8"),
        ("top", "<f8"),  # price at the upper edge, price units
        ("units_per_px", "<f8"),
        ("tick", "<f8"),  # price units; a level is at least so tall
        ("bubble_volume", "<f8"),  # that has the largest radius; 0 = draw none
        ("bubble_radius", "<f8"),  # the largest, px
        ("touch_low", "<i8"),  # out: lowest bid and highest ask; NO_PRICE = none
        ("touch_high", "<i8"),
        ("largest", "<i8"),  # out: volume of the largest bubble
        ("low", "<i4"),  # codes of the ramp's ends
        ("high", "<i4"),
        ("line_px", "<i4"),
        ("bubble_px", "<i4"),  # trades are summed over so many px of time
        ("phase", "<i4"),  # keeps the hatching still while time moves
        ("ground", "<u4"),
        ("outside", "<u4"),
        ("gap", "<u4"),
        ("gap_line", "<u4"),
        ("bid_line", "<u4"),
        ("ask_line", "<u4"),
        ("buy", "<u4"),
        ("sell", "<u4"),
        ("rim", "<u4"),  # around bubbles
    ],
    align=True,
)

PIXEL: Final = np.dtype(
    [
        ("bid", "<i8"),  # at its end; NO_PRICE = none
        ("ask", "<i8"),
        ("low", "<i8"),  # lowest bid, highest ask within it
        ("high", "<i8"),
        ("flags", "<i4"),
        ("ground", "<i4"),  # Ground
    ],
    align=True,
)
"""What one column of pixels shows besides levels."""
