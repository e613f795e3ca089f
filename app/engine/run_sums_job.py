"""What summing up a run shares with its session: a job of words, and floats."""

from enum import IntEnum
from typing import Final


class Sums(IntEnum):
    """Words of a job: what it is given, and the whole numbers that came of it."""

    REPORTS = 0  # address of REPORT records
    REPORTS_COUNT = 1
    WORTHS = 2  # address of WORTH records
    WORTHS_COUNT = 3
    TIMES = 4  # address of int64: the worths' times for which `DAYS` stand
    TIMES_COUNT = 5
    DAYS = 6  # address of int64: trade date of each worth
    RATIOS = 7  # address of float64: money of a price unit × quantity unit, 1e-8
    INSTRUMENTS = 8
    STRATEGIES = 9  # one above the greatest number
    SCRATCH = 10  # address
    SCRATCH_WORDS = 11
    FLOATS = 12  # address of float64: `Start` in, `SumsOut` out
    DATES = 13  # address of int64, out: trade dates; room for one a worth
    RETURNS = 14  # address of float64, out: their returns; as much room
    # out
    DAYS_COUNT = 15
    BELOW_NS = 16  # longest time below a peak
    EXPOSED = 17  # worths with a position
    FILLS = 18
    MAKERS = 19
    ORDERS = 20
    REJECTS = 21
    TRADES = 22
    CLOSED = 23
    WINNERS = 24
    LOSERS = 25
    WIN_STREAK = 26
    LOSS_STREAK = 27
    WANTED = 28


SUMS_WORDS: Final = 29


class SumsOut(IntEnum):
    """Floats of a job."""

    START = 0  # in: equity at the beginning
    END = 1
    DRAWDOWN = 2  # worst, a fraction of the peak
    TOTAL = 3  # of returns
    SQUARES = 4  # about their mean, and so the next two
    CUBES = 5
    FOURTHS = 6
    LOSSES = 7  # squares of those below 0
    BEST_DAY = 8
    WORST_DAY = 9
    GAINED = 10  # of closed trades
    LOST = 11
    PNL = 12
    BEST = 13
    WORST = 14
    HOLD = 15  # ns
    FEES = 16


SUMS_FLOATS: Final = 17


class Told(IntEnum):
    """What became of a job."""

    DONE = 0
    OTHER_TIMES = 1  # `DAYS` stand for other times than the run's
    NO_ROOM = 2  # scratch is short: `WANTED` says how many words it takes
    INEXACT = 3  # a sum of values does not fit into 64 bits
