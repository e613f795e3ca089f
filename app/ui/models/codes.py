"""Sets of codes as tables of bits: a look-up is a tenth of what `np.isin` takes.

A frame has a handful of reports, and each of its readers asks which kinds they are of.
"""

from collections.abc import Iterable

import numpy as np

CODES = 256


def mask_of(codes: Iterable[int]) -> np.ndarray:
    """Make a table of which codes of a byte are in a set, (256,) bool.

    ``mask_of(ENDED)[orders["status"]]`` is the mask of the orders that have ended.
    """
    mask = np.zeros(CODES, bool)
    mask[[int(code) for code in codes]] = True
    return mask
