"""What an order would cost if the displayed book stood still: fills, fees, margin.

The displayed size is walked level by level; what it does not cover rests at the
order's limit, or is priced at the last level that is shown and counted as unknown.
Fees are the instrument's own model, of one order (`engine.venue.fees`).
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from app.engine.records import NO_PRICE, OrderOption, OrderType, TimeInForce
from app.instrument import MONEY_SCALE, Instrument
from app.ui.models.pretrade_limits import added_margin
from app.ui.models.situation import Situation

_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)
_AUCTIONS = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)


@dataclass(frozen=True, slots=True)
class Fills:
    """What of a quantity the displayed book would take at once.

    Attributes
    ----------
    quantity : int
        Quantity units.
    value : int
        Sum of price times quantity, units; exact.
    worst : int
        Last price that is reached; NO_PRICE = none.
    """

    quantity: int
    value: int
    worst: int

    @property
    def average(self) -> float:
        """Average price, price units; NaN where nothing is taken."""
        return self.value / self.quantity if self.quantity else float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order would cost.

    Attributes
    ----------
    taken : Fills
        What is filled at once.
    resting : int
        What rests then, quantity units.
    unseen : int
        What lies beyond the displayed book, quantity units.
    average : float
        Expected average price of all of it, price units; NaN = unknown.
    slippage_ticks : float
        Of what is taken, against the touch; NaN = nothing is taken.
    slippage, spread : int
        What is paid beyond the touch, and from the mid to the touch; money,
        instrument's currency.
    fee : int
        Money, instrument's currency.
    notional : int
        At the expected price; money, instrument's currency.
    margin : int
        Initial margin that it adds; money, base currency.
    position : int
        After all of it is filled, quantity units.
    ahead : int
        Displayed at the price at which it would rest; -1 = it rests nowhere, or
        beyond what is shown.
    is_at_stop : bool
        It waits for its stop first: priced from there.
    is_at_auction : bool
        It waits for an auction, whose price nobody knows: priced at its limit, else at
        the last.
    """

    taken: Fills
    resting: int
    unseen: int
    average: float
    slippage_ticks: float
    slippage: int
    spread: int
    fee: int
    notional: int
    margin: int
    position: int
    ahead: int
    is_at_stop: bool
    is_at_auction: bool


def walk(levels: np.ndarray, side: int, quantity: int, limit: int) -> Fills:
    """Take a quantity from displayed levels, best first, within a limit.

    Parameters
    ----------
    levels : (n,) VIEW_LEVEL
        Of the opposite side.
    side : int
        BUY or SELL.
    quantity : int
        Quantity units.
    limit : int
        Price units; NO_PRICE = any.
    """
    left, value, worst = quantity, 0, NO_PRICE
    for price, size in zip(
        levels["price"].tolist(), levels["size"].tolist(), strict=True
    ):
        if left <= 0 or (limit != NO_PRICE and side * (limit - price) < 0):
            break
        taken = min(left, size)
        left, value, worst = left - taken, value + price * taken, price
    return Fills(quantity - left, value, worst)


def fee_of(
    instrument: Instrument, taker: tuple[int, int], maker: tuple[int, int]
) -> int:
    """Fee of one order, money in the instrument's currency, within its bounds (45).

    Parameters
    ----------
    instrument : Instrument
    taker, maker : (int, int)
        Quantity units, and price times quantity in units, by role.
    """
    fees, (numerator, denominator) = instrument.fees, instrument.money_ratio
    if taker[0] + maker[0] == 0:
        return 0
    one = Fraction(numerator, denominator)
    units = Fraction(instrument.quantity_unit) * (taker[0] + maker[0])
    fee = abs(taker[1]) * one * Fraction(fees.taker)
    fee += abs(maker[1]) * one * Fraction(fees.maker)
    fee += (units * Fraction(fees.per_unit) + Fraction(fees.per_order)) * MONEY_SCALE
    traded = (abs(taker[1]) + abs(maker[1])) * one
    if fees.minimum:
        fee = max(fee, Fraction(fees.minimum) * MONEY_SCALE)
    if fees.maximum is not None:
        fee = min(fee, Fraction(fees.maximum) * MONEY_SCALE)
    if fees.maximum_share is not None:
        fee = min(fee, traded * Fraction(fees.maximum_share))
    return round(fee)


def estimate(order: np.void, at: Situation) -> Estimate:
    """Say what an order would cost.

    Parameters
    ----------
    order : COMMAND record
        Of `Action.NEW`, its prices valid.
    at : Situation
    """
    side, quantity = int(order["side"]), _quantity(order, at)
    start = _start(order)
    is_at_auction = int(order["time_in_force"]) in _AUCTIONS
    is_at_stop = start != NO_PRICE or order["order_type"] >= OrderType.STOP
    is_waiting = is_at_stop or is_at_auction
    limit = int(order["price"])
    taken = Fills(0, 0, NO_PRICE)
    if not is_waiting and not int(order["options"]) & OrderOption.POST_ONLY:
        taken = walk(at.levels(-side), side, quantity, limit)
    left = quantity - taken.quantity
    rests_at = _rest_price(order, at, taken, start)
    goes_on = int(order["time_in_force"]) not in _IMMEDIATE
    resting = left if limit != NO_PRICE and goes_on and not is_waiting else 0
    unseen = left if limit == NO_PRICE and not is_waiting else 0
    later = left if resting or unseen or is_waiting else 0
    value = taken.value + (later * rests_at if rests_at != NO_PRICE else 0)
    counted = taken.quantity + (later if rests_at != NO_PRICE else 0)
    # What waits for a stop takes when it is triggered; what rests at a limit makes.
    as_maker = (0, 0) if is_waiting or unseen else (resting, value - taken.value)
    as_taker = (counted - as_maker[0], value - as_maker[1])
    slippage, spread, ticks = _paid(at, side, taken)
    return Estimate(
        taken=taken,
        resting=resting,
        unseen=unseen,
        average=value / counted if counted else float("nan"),
        slippage_ticks=ticks,
        slippage=slippage,
        spread=spread,
        fee=fee_of(at.listed.instrument, as_taker, as_maker),
        notional=abs(at.listed.instrument.money(value, 1)),
        margin=added_margin(order, at),
        position=at.position + side * quantity,
        ahead=_ahead(at, side, limit) if resting else -1,
        is_at_stop=bool(is_at_stop),
        is_at_auction=is_at_auction,
    )


def _quantity(order: np.void, at: Situation) -> int:
    """What the order would be: an exit is cut to what is held (20)."""
    quantity = int(order["quantity"])
    if int(order["options"]) & OrderOption.REDUCE_ONLY:
        return min(quantity, max(0, -int(order["side"]) * at.position))
    return quantity


def _start(order: np.void) -> int:
    """Price from which a stop works; NO_PRICE for orders that work at once."""
    return int(order["stop_price"])


def _rest_price(order: np.void, at: Situation, taken: Fills, start: int) -> int:
    """Price of what is not taken at once; NO_PRICE = unknown."""
    limit = int(order["price"])
    if start != NO_PRICE:
        return start if limit == NO_PRICE else limit
    if limit != NO_PRICE:
        return limit
    waits = int(order["time_in_force"]) in _AUCTIONS
    if waits or order["order_type"] >= OrderType.STOP:
        return at.last
    return taken.worst


def _paid(at: Situation, side: int, taken: Fills) -> tuple[int, int, float]:
    """Slippage and half-spread of what is taken, money; slippage in ticks."""
    touch, instrument = at.touch(-side), at.listed.instrument
    if not taken.quantity or touch == NO_PRICE:
        return 0, 0, float("nan")
    beyond = side * (taken.value - touch * taken.quantity)
    mid = at.doubled_mid
    spread = 0
    if mid is not None:
        spread = instrument.money(side * (2 * touch - mid), taken.quantity) // 2
    ticks = beyond / taken.quantity / instrument.step_at(touch)
    return instrument.money(beyond, 1), spread, ticks


def _ahead(at: Situation, side: int, price: int) -> int:
    """Displayed at a price of the order's own side; 0 inside the shown depth."""
    levels = at.levels(side)
    here = levels["size"][levels["price"] == price]
    if len(here):
        return int(here[0])
    is_shown = not len(levels) or side * (price - int(levels["price"][-1])) > 0
    return 0 if is_shown else -1
