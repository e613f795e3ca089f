"""What a ladder takes from the session's history: flow, far levels, session marks."""

from typing import Final

import numpy as np

from app.engine.ladder_rows import Mark
from app.engine.records import NO_PRICE
from app.sessions.history import MarketHistory
from app.ui.models.ladder import Surroundings
from app.ui.models.ladder_build import prices_shown, reaches_beyond
from app.ui.models.market import Listed, Market

_TRAIL: Final = (int(Mark.TRAIL_1), int(Mark.TRAIL_2), int(Mark.TRAIL_3))
GROUPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""Ticks in a row that may be chosen."""


def next_group(group: int, step: int) -> int:
    """The next larger (+1) or smaller (-1) number of ticks in a row."""
    at = GROUPS.index(group) if group in GROUPS else 0
    return GROUPS[max(0, min(len(GROUPS) - 1, at + step))]


class LadderHistory:
    """Gathers, for the ladders of one instrument."""

    def __init__(self) -> None:
        self._history: MarketHistory | None = None
        self._last = NO_PRICE
        self._trail: tuple[int, ...] = ()
        self._marks: tuple[tuple[int, int], ...] = ()
        self._pulsed: tuple[int, MarketHistory | None] = -1, None

    def follow(self, last: int) -> None:
        """Take the last price; the ones before it are the trail."""
        if last in (self._last, NO_PRICE):
            return
        older = (self._last, *self._trail)
        kept = [price for price in older if price not in (last, NO_PRICE)]
        self._trail, self._last = tuple(kept[: len(_TRAIL)]), last

    def pulse(
        self, version: int, listed: Listed, history: MarketHistory | None
    ) -> bool:
        """Bring the session's marks up to date; False where they are (version: view's).

        `history` is the session's; None where it has none yet.
        """
        if self._pulsed == (version, history):
            return False
        self._pulsed, self._history = (version, history), history
        self._marks = () if history is None else self._marked(listed, history)
        return True

    @staticmethod
    def _marked(listed: Listed, history: MarketHistory) -> tuple[tuple[int, int], ...]:
        """Marks of the session so far."""
        stats = history.stats(listed.number)
        marks = [
            (int(Mark.OPEN), int(stats["open"])),
            (int(Mark.PREVIOUS_CLOSE), int(stats["previous_close"])),
        ]
        volume, turnover = int(stats["volume"]), float(stats["turnover"])
        if volume > 0 and np.isfinite(turnover):
            marks.append((int(Mark.VWAP), round(turnover / volume)))
        profile = history.profile(listed.number)
        if len(profile):
            most = int(np.argmax(profile["buys"] + profile["sells"]))
            marks.append((int(Mark.POC), int(profile["price"][most])))
        return tuple(marks)

    def gather(
        self, market: Market, listed: Listed, shown: tuple[int, int, int, int, int]
    ) -> Surroundings:
        """What a frame shows besides the view.

        Parameters
        ----------
        shown : tuple of int
            Instrument, index of the first row, rows, ticks in a row, ticks through the
            market that ask for a confirm.
        """
        number, top, rows, group, through = shown
        marks = (*self._marks, *zip(_TRAIL, self._trail, strict=False))
        history, part = self._history, market.instrument(number)
        if history is None or part is None:
            return Surroundings(group, None, None, marks, through)
        low, high = prices_shown(listed, top, rows, group)
        flow = history.flow(number, low, high)
        deep = None
        if reaches_beyond(part, low, high):
            _, bids, asks = history.depth(number, low, high)
            deep = bids, asks
        return Surroundings(group, flow, deep, marks, through)
