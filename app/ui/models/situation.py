"""What the window knows of one instrument and the account when an order is judged."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from app.config import Ui
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Reason,
    RiskLimit,
    SafetyState,
    Trigger,
)
from app.engine.views import VIEW_LEVEL
from app.instrument import InstrumentKind
from app.ui.models.market import ARMED_BY_PRESS, Listed, Market, Offered
from app.ui.models.orders import OWN_ORDER

if TYPE_CHECKING:
    from app.ui.models.desk import Desk

_NO_LEVELS: Final = np.zeros(0, VIEW_LEVEL)
_CONVERSION: Final = 1_000_000_000
THROUGH_TICKS: Final = Ui().through_ticks


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that an order breaks, with the numbers that its words need.

    Attributes
    ----------
    reason : Reason
    limit, stands : int
        The limit, and what the order would make of it; in the limit's unit.
    bound : int
        Nearest valid price, or the collar's; price units.
    price, quantity : int
        What the rule is about, where it is not the order's own.
    is_certain : bool
        See `pretrade.Finding`.
    """

    reason: Reason
    limit: int = 0
    stands: int = 0
    bound: int = NO_PRICE
    price: int = NO_PRICE
    quantity: int = 0
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Situation:
    """One instrument, the account and the market, as of one view.

    Attributes
    ----------
    listed : Listed
    part : VIEW_INSTRUMENT record or None
    view : VIEW record or None
    offered : mapping
        Times in force by order type; empty = not known.
    currency : str
        Base currency.
    now : int
        ns since 1970 UTC, the engine's clock.
    working : (n,) OWN_ORDER
        Working orders of the instrument.
    through_ticks : int
        A limit further through the market asks for a confirm.
    arming : str
        As in `Market`.
    """

    listed: Listed
    part: np.void | None = None
    view: np.void | None = None
    offered: Offered = field(default_factory=dict)
    currency: str = ""
    now: int = 0
    working: np.ndarray = field(default_factory=lambda: np.zeros(0, OWN_ORDER))
    through_ticks: int = THROUGH_TICKS
    arming: str = ARMED_BY_PRESS

    @property
    def sequence(self) -> int:
        """Sequence of the book that was seen; 0 before the first view."""
        return 0 if self.part is None else int(self.part["book_sequence"])

    @property
    def stale(self) -> int:
        """Why the book may not be trusted (`reasons.stale_text`); 0 = fresh."""
        return 0 if self.part is None else int(self.part["stale"])

    @property
    def position(self) -> int:
        """The account's position, quantity units."""
        return 0 if self.part is None else int(self.part["position"])

    @property
    def state(self) -> SafetyState:
        """What may pass; VIEW until the engine says otherwise."""
        if self.view is None:
            return SafetyState.VIEW
        return SafetyState(int(self.view["safety_state"]))

    def limit(self, which: RiskLimit) -> int:
        """A limit as it holds for this instrument; 0 = off."""
        # An instrument's own row says all that holds for it, once there is one.
        if self.part is not None and self.part["limits"].any():
            return int(self.part["limits"][which])
        return 0 if self.view is None else int(self.view["limits"][which])

    def levels(self, side: int) -> np.ndarray:
        """Displayed levels of a side of the book, best first."""
        if self.part is None:
            return _NO_LEVELS
        names = ("bids", "bid_levels") if side == BUY else ("asks", "ask_levels")
        levels: np.ndarray = self.part[names[0]][: int(self.part[names[1]])]
        return levels

    def touch(self, side: int) -> int:
        """Best price of a side of the book; NO_PRICE = it is empty."""
        levels = self.levels(side)
        return int(levels["price"][0]) if len(levels) else NO_PRICE

    @property
    def last(self) -> int:
        """Last traded price; NO_PRICE = none yet."""
        return NO_PRICE if self.part is None else int(self.part["last_price"])

    @property
    def doubled_mid(self) -> int | None:
        """Twice the mid, price units; None where a side is empty."""
        bid, ask = self.touch(BUY), self.touch(SELL)
        return None if NO_PRICE in (bid, ask) else bid + ask

    @property
    def doubled_mark(self) -> int | None:
        """Twice the mark, price units; None where there is none."""
        if self.part is None or self.part["mark"] == NO_PRICE:
            return None
        return int(self.part["mark"])

    def trigger_price(self, side: int, trigger: Trigger) -> int | None:
        """Twice the price that triggers stops of a side (SEMANTICS 21), or None."""
        if trigger == Trigger.DEFAULT:
            is_fx = self.listed.instrument.kind is InstrumentKind.FX_SPOT
            trigger = Trigger.TOUCH if is_fx else Trigger.LAST
        if trigger == Trigger.MID:
            return self.doubled_mid
        if trigger == Trigger.MARK:
            return self.doubled_mark
        price = self.touch(-side) if trigger == Trigger.TOUCH else self.last
        return None if price == NO_PRICE else 2 * price

    def reach(self, side: int, price: int) -> int:
        """Displayed size that an order would find; NO_PRICE = at any price."""
        opposite = self.levels(-side)
        if price != NO_PRICE:
            opposite = opposite[side * (price - opposite["price"]) >= 0]
        return int(opposite["size"].sum())

    def converted(self, money: int) -> int:
        """Money of the instrument's currency in the base currency."""
        rate = 0 if self.part is None else int(self.part["conversion"])
        return money if rate in (0, _CONVERSION) else round(money * rate / _CONVERSION)


def seen(
    market: Market,
    listed: Listed,
    working: np.ndarray,
    through_ticks: int = THROUGH_TICKS,
) -> Situation:
    """Return an instrument's situation as of the newest view.

    Parameters
    ----------
    market : Market
    listed : Listed
    working : (n,) OWN_ORDER
        Its working orders.
    through_ticks : int
        As in `Situation`.
    """
    view, part = market.view, market.instrument(listed.number)
    now = 0 if view is None else int(view["now"])
    return Situation(
        listed,
        part,
        view,
        market.offers(),
        market.currency,
        now,
        working,
        through_ticks,
        market.arming,
    )


def situation(
    desk: "Desk", number: int, offered: Offered | None = None
) -> Situation | None:
    """Return the situation of an instrument of the session; None if it has no such.

    `offered` in place of what the session's venue holds.
    """
    listed = desk.listed(number)
    if listed is None:
        return None
    made = seen(desk.market, listed, desk.orders.working(number))
    return made if offered is None else replace(made, offered=offered)
