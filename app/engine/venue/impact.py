"""Impact: what our own size would have moved the price by, as money (SEMANTICS 36).

A recorded market does not know of us, so beyond the size it shows a fill's price is too
good. The fill keeps its price; what it is too good by is booked as a separate amount.

Temporary part. Our signed volume Q weighs on the price by

    Y s (|Q| / V) ** d

of the price, towards the side we traded, and Q halves every `impact_decay`. s is the
volatility of a day, V a day's volume, d is 1/2 (square root) or 3/5. A fill moves Q to
Q + q and pays the mean over that stretch, so cutting an order into pieces at one
instant changes nothing, and a round trip at one instant costs nothing but its fees.

Permanent part. g s q / V of the price, linear and for good: half of it is paid by the
fill that makes it, later fills meet all of it.

Sources: Tóth et al. (2011), "Anomalous price impact and the critical nature of
liquidity in financial markets", Physical Review X 1, 021006: the square root, Y about
1. Almgren, Thum, Hauptmann and Li (2005), "Direct estimation of equity market impact",
Risk 18(7): the 3/5 power, and linear permanent impact. Alfonsi, Fruth and Schied
(2010), "Optimal execution strategies in limit order books with general shape
functions", Quantitative Finance 10(2): volume that recovers exponentially.
"""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.links import Link, call_link
from app.engine.memory import record_address, view, words
from app.engine.records import COMMAND, NO_PRICE, Action, EventKind
from app.engine.state import engine, instruments
from app.engine.venue.state import (
    impacts,
    models,
    pending,
    venue,
    venue_orders,
)


class ImpactModel(IntEnum):
    """How temporary impact grows with size."""

    NONE = 0
    SQUARE_ROOT = 1
    THREE_FIFTHS = 2


_WORDS: Final = COMMAND.itemsize // 8
_GAMMA: Final = 0.314
_ETA: Final = 0.142


@dataclass(frozen=True, slots=True)
class AlmgrenCoefficients:
    """What `VenueModels` takes of the model of Almgren et al. for one stock."""

    temporary: float
    permanent: float


def almgren_coefficients(
    inverse_turnover: float, half_life_days: float
) -> AlmgrenCoefficients:
    """Coefficients of US stocks as Almgren et al. (2005) fitted them.

    Their permanent impact is 0.314 s (X / V) (N / V) ** (1/4), their temporary one
    0.142 s (X / (V T)) ** (3/5) at a rate of X / T a day; N are the shares outstanding.
    At a steady rate our Q stands at rate x half-life / ln 2, which gives Y.

    Parameters
    ----------
    inverse_turnover : float
        Shares outstanding by a day's volume.
    half_life_days : float
        The model's `impact_decay`, in trading days.
    """
    lasts = half_life_days / math.log(2.0)
    return AlmgrenCoefficients(_ETA / lasts**0.6, _GAMMA * inverse_turnover**0.25)


@kernel
def _exponent(kind: int) -> float:
    return 0.5 if kind == ImpactModel.SQUARE_ROOT else 0.6


@kernel
def decayed(volume: float, elapsed: int, half_life: float) -> float:
    """What of a signed volume still weighs after `elapsed` ns."""
    if elapsed <= 0:
        return volume
    return volume * 2.0 ** (-elapsed / half_life) if half_life > 0.0 else 0.0


@kernel
def temporary_impact(model: Any, volume: float) -> float:
    """Share of the price by which a weighing volume has moved it; its sign."""
    size = (abs(volume) / model["day_volume"]) ** _exponent(model["impact"])
    return math.copysign(model["temporary_impact"] * model["volatility"] * size, volume)


@kernel
def _paid(model: Any, volume: float, total: float, signed: float) -> float:
    """Sum over a fill of the share of the price that each unit of it is too good by.

    Parameters
    ----------
    volume, total : float
        What weighs for a while and for good before the fill, signed.
    signed : float
        The fill: bought > 0, quantity units.
    """
    power = 1.0 + _exponent(model["impact"])
    after = temporary_impact(model, volume + signed) * (volume + signed)
    before = temporary_impact(model, volume) * volume
    scale = model["permanent_impact"] * model["volatility"] / model["day_volume"]
    return (after - before) / power + scale * signed * (total + signed / 2.0)


@kernel
def note_impact(arena: int, index: int, price: int, quantity: int) -> None:
    """Work out what the next fill of an order pays for its impact, money.

    It stands in VENUE's `impact` for `reports.fill`; 0 without a model. A fill that
    gets better what earlier ones of the other side moved is paid, not charged.
    """
    order = venue_orders(arena)[index]
    instrument = order["instrument"]
    model = models(arena)[instrument]
    if model["impact"] == ImpactModel.NONE:
        return
    state, at = impacts(arena)[instrument], venue(arena)[0]["at"]
    volume = decayed(state["volume"], at - state["ts"], model["impact_decay"])
    signed = float(order["side"] * quantity)
    shares = _paid(model, volume, state["total"], signed)
    definition = instruments(arena)[instrument]
    unit = definition["money_numerator"] / definition["money_denominator"]
    venue(arena)[0]["impact"] = round(abs(price) * unit * shares)
    state["volume"], state["ts"] = volume + signed, at
    state["total"] += signed
    state["paid"] += venue(arena)[0]["impact"]


@kernel
def book_impact(arena: int, links: int, waiting: int) -> None:
    """Book what the fill in a PENDING record pays, once its report was delivered.

    The gate books it as P&L of the fill's strategy and instrument; the command is
    written over the report, which nobody needs any more.
    """
    amount = pending(arena)[waiting]["impact"]
    if amount == 0:
        return
    report = pending(arena)[waiting]["report"]
    instrument, strategy = integer(report["instrument"]), integer(report["strategy"])
    address = record_address(report)
    words(address, _WORDS)[:] = 0
    command = view(address, 1, COMMAND)[0]
    command["kind"], command["action"] = EventKind.COMMAND, Action.BOOK_PNL
    command["ts_received"] = engine(arena)[0]["now"]
    command["instrument"], command["strategy"] = instrument, strategy
    command["price"], command["stop_price"] = NO_PRICE, NO_PRICE
    command["value"] = -amount
    call_link(arena, links, Link.GATE_COMMAND, address)
