"""Frames of a window's ladders: what several of them show alike is made once.

Four ladders of one instrument that follow its market show the same rows, so a frame is
kept as long as the view and the orders that it was made of are the newest. The trail of
last prices and the session's marks belong to the instrument, too.
"""

from typing import Final

import numpy as np

from app.engine.records import NO_PRICE
from app.sessions.history import MarketHistory
from app.ui.models.ladder import LadderFrame, touch_index
from app.ui.models.ladder_build import build_frame
from app.ui.models.ladder_history import LadderHistory
from app.ui.models.ladder_own import Placed, place_own
from app.ui.models.market import Listed, Market
from app.ui.models.orders import OwnOrders

_KEPT: Final = 32


class LadderFrames:
    """Makes frames of one desk's market and orders."""

    def __init__(self, market: Market, orders: OwnOrders) -> None:
        self._market, self._orders = market, orders
        self._histories: dict[int, tuple[Listed, LadderHistory]] = {}
        self._frames: dict[tuple[int, ...], LadderFrame] = {}
        self._touches: dict[int, int | None] = {}
        self._placed: dict[tuple[int, ...], tuple[np.ndarray, Placed]] = {}
        self._versions = (-1, -1)

    def touch(self, listed: Listed, *, by_last: bool = False) -> int | None:
        """Tick index that a ladder follows: of the touch, or of the last price."""
        self._bring(listed)
        part = self._market.instrument(listed.number)
        if by_last and part is not None and part["last_price"] != NO_PRICE:
            return listed.scale.index(int(part["last_price"]))
        if listed.number not in self._touches:
            self._touches[listed.number] = touch_index(self._market, listed)
        return self._touches[listed.number]

    def frame(
        self, listed: Listed, top: int, rows: int, group: int, through_ticks: int
    ) -> LadderFrame:
        """Return the frame of these rows.

        Parameters
        ----------
        listed : Listed
        top, rows, group : int
            As in `build_frame`.
        through_ticks : int
            A click further through the market asks for a confirm.
        """
        history = self._bring(listed)
        key = listed.number, top, rows, group, through_ticks
        frame = self._frames.get(key)
        if frame is None:
            market, orders = self._market, self._orders.working(listed.number)
            around = history.gather(market, listed, key)
            placed = self._place(listed, orders, key[:4])
            frame = build_frame(market, listed, orders, top, rows, around, placed)
            self._frames[key] = frame
        return frame

    def _place(
        self, listed: Listed, orders: np.ndarray, shown: tuple[int, ...]
    ) -> Placed:
        """Place our orders, anew where one of them changed.

        Parameters
        ----------
        orders : (n,) OWN_ORDER
            As `OwnOrders.working` gives them: the same array until one changes.
        shown : tuple of int
            Instrument, index of the first row, rows, ticks in a row.
        """
        known, placed = self._placed.get(shown, (None, None))
        if known is not orders or placed is None:
            if len(self._placed) >= _KEPT:
                self._placed.clear()
            placed = place_own(listed, orders, *shown[1:])
            self._placed[shown] = orders, placed
        return placed

    def pulse(self, listed: Listed, history: MarketHistory | None) -> None:
        """Bring what changes slowly up to date; a few times a second."""
        kept = self._bring(listed)
        if kept.pulse(self._market.version, listed, history):
            self._frames.clear()

    def _bring(self, listed: Listed) -> LadderHistory:
        """Drop what is of older views; return what the instrument's frames share."""
        versions = self._market.version, self._orders.version
        if versions != self._versions:
            self._versions = versions
            self._frames.clear()
            self._touches.clear()
        known, history = self._histories.get(listed.number, (None, None))
        if known is not listed or history is None:
            history = LadderHistory()
            self._placed.clear()
            self._histories[listed.number] = listed, history
        part = self._market.instrument(listed.number)
        if part is not None:
            history.follow(int(part["last_price"]))
        return history
