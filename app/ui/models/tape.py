"""Time & sales: the newest trades of one instrument, joined and filtered, newest first.

Trades that follow one another at one price from one side within a moment are one row.
Work goes by what is new since the last look, and what is kept is bounded.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.engine.history.records import TapeFlag
from app.sessions.history import MarketHistory

KEPT: Final = 5_000
"""Rows kept for scrolling back."""
_MOST_READ: Final = 50_000
"""Trades looked at in one step; what lies further back would not be kept anyway."""
TAPE_ROW: Final = np.dtype(
    [
        ("ts", "<i8"),  # of the last trade in the row, ns since 1970 UTC
        ("price", "<i8"),  # price units
        ("size", "<i8"),  # sum, quantity units
        ("trades", "<i8"),
        ("aggressor", "<i8"),  # +1 buyer, -1 seller, 0 unknown
        ("flags", "<i8"),  # TapeFlag of all of them
        ("conditions", "<i8"),
    ]
)
"""One row."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Volume by aggressor in a span, quantity units."""

    bought: int
    sold: int


class Tape:
    """Rows of one instrument.

    Attributes
    ----------
    rows : (n,) TAPE_ROW
        Oldest first, at most `KEPT`.
    version : int
        Changes with the rows.
    """

    def __init__(self, within_ns: int = 0, least: int = 0) -> None:
        self.within_ns = within_ns
        self.least = least
        self.rows = np.zeros(0, TAPE_ROW)
        self.version = 0
        self._seen = 0
        self._all = np.zeros(0, TAPE_ROW)

    def clear(self) -> None:
        """Begin with another instrument or session."""
        self._all = self.rows = np.zeros(0, TAPE_ROW)
        self._seen = 0
        self.version += 1

    def choose(self, within_ns: int, least: int) -> None:
        """Join and filter differently: the kept span is read again.

        Parameters
        ----------
        within_ns : int
            Trades no further apart are joined; negative joins none.
        least : int
            Smaller rows are left out, quantity units.
        """
        if (within_ns, least) == (self.within_ns, self.least):
            return
        is_joined_anew = within_ns != self.within_ns
        self.within_ns, self.least = within_ns, least
        if is_joined_anew:
            self.clear()
        self._filter()

    def take(self, history: MarketHistory, instrument: int) -> bool:
        """Read what is new; True if the rows changed."""
        count = history.trade_count(instrument)
        if count < self._seen:
            self.clear()
        if count == self._seen:
            return False
        first = max(self._seen, count - _MOST_READ)
        if first > self._seen:
            self._all = np.zeros(0, TAPE_ROW)
        trades = history.trades(instrument, first, count)
        self._seen = count
        self._all = joined(self._all, trades, self.within_ns)[-KEPT:]
        self._filter()
        return True

    def flow(self, span_ns: int) -> Flow:
        """Volume of the newest span, of all rows that are kept."""
        if not len(self._all):
            return Flow(0, 0)
        recent = self._all[self._all["ts"] > self._all["ts"][-1] - span_ns]
        sides = recent["aggressor"]
        return Flow(
            int(recent["size"][sides > 0].sum()), int(recent["size"][sides < 0].sum())
        )

    def usual_size(self) -> int:
        """Mean size of the newest rows, filtered or not, quantity units."""
        return int(self._all["size"][-500:].mean()) if len(self._all) else 0

    def _filter(self) -> None:
        is_big = self._all["size"] >= self.least
        self.rows = self._all[is_big] if self.least > 0 else self._all
        self.version += 1


def joined(rows: np.ndarray, trades: np.ndarray, within_ns: int) -> np.ndarray:
    """Append trades to rows; those that belong together become one row.

    Parameters
    ----------
    rows : (n,) TAPE_ROW
    trades : (m,) TAPE
    within_ns : int
        At most between two trades of one row; negative joins none.

    Returns
    -------
    (k,) TAPE_ROW
    """
    new = np.zeros(len(trades), TAPE_ROW)
    for name in ("ts", "price", "size", "aggressor", "flags", "conditions"):
        new[name] = trades[name]
    new["trades"] = 1
    if within_ns < 0 or not len(new):
        return np.concatenate([rows, new])
    every = np.concatenate([rows[-1:], new])
    before, after = every[:-1], every[1:]
    parts = (
        (before["price"] != after["price"])
        | (before["aggressor"] != after["aggressor"])
        | (after["ts"] - before["ts"] > within_ns)
        | (after["flags"] & TapeFlag.AFTER_GAP > 0)
    )
    starts = np.concatenate([[0], np.nonzero(parts)[0] + 1])
    made = every[starts]
    ends = np.concatenate([starts[1:], [len(every)]]) - 1
    made["ts"] = every["ts"][ends]
    made["size"] = np.add.reduceat(every["size"], starts)
    made["trades"] = np.add.reduceat(every["trades"], starts)
    for name in ("flags", "conditions"):
        made[name] = np.bitwise_or.reduceat(every[name], starts)
    return np.concatenate([rows[:-1], made])
