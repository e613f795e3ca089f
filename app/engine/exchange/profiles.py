"""How the agents trade each instrument: where it starts, how wide, deep and lively.

A profile is written in the instrument's currency and units, as a trader would say it;
`open_market` turns it into the agents' numbers. An instrument without a profile of its
own takes its kind's.
"""

from dataclasses import dataclass
from typing import Any, Final

from app.engine.matching_state import QUANTITY_BOUND
from app.errors import InstrumentError
from app.instrument import Instrument, InstrumentKind

_PULL: Final = 0.02
"""Deviation that `fair` would have for ever, as a share of the price."""
_FIRST_HIDDEN: Final = 8000
"""Messages of an instrument before its first hidden trader."""
_BAND: Final = 4
"""Agents keep to prices between anchor / _BAND and anchor * _BAND."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How one instrument is traded."""

    price: str
    """Where it starts and is drawn back to, currency."""
    lot: str
    """Usual size of an order: shares, contracts or coins."""
    half_spread: float
    """From the middle to a calm maker's best quote, order price steps."""
    spacing: float
    """Between two quotes of a maker, order price steps."""
    reach: float
    """Median distance of noise traders behind the touch, order price steps."""
    noise: float
    """Deviation of the fair price per message, order price steps."""
    joining: float
    """Share of noise traders who join the touch."""
    impact: float
    """Move of the fair price by one lot traded, order price steps."""
    taking: float
    """Share of messages that take, while all is calm."""
    clip: str
    """Usual size of a trade, in the instrument's quantity."""
    round_share: float
    """Share of takers that trade just that."""
    longest: float
    """Largest trade, usual ones."""
    wild: float = 0.0
    """0: sizes of trades have a tail that falls as 1/x; 1: as x ** -0.8."""


PROFILES: Final = {
    "RSTK": Profile(
        "150", "100", 0.8, 1.0, 8.0, 0.09, 0.0, 0.12, 0.04, "100", 0.35, 6.0
    ),
    "RFUT": Profile("5000", "8", 0.35, 1.0, 6.0, 0.06, 0.0, 0.1, 0.06, "1", 0.2, 120.0),
    "RBTC": Profile(
        "60000",
        "0.25",
        35.0,
        50.0,
        150.0,
        3.0,
        0.3,
        2.0,
        0.06,
        "0.003",
        0.05,
        8000.0,
        1.3,
    ),
    "REUR": Profile(
        "1.08", "250000", 0.5, 1.0, 6.0, 0.07, 0.0, 0.12, 0.05, "100000", 0.3, 20.0
    ),
}
"""Of the instruments that ship."""

_BY_KIND: Final = {
    InstrumentKind.STOCK: PROFILES["RSTK"],
    InstrumentKind.ETF: PROFILES["RSTK"],
    InstrumentKind.FUTURE: PROFILES["RFUT"],
    InstrumentKind.FX_SPOT: PROFILES["REUR"],
    InstrumentKind.CRYPTO_SPOT: PROFILES["RBTC"],
    InstrumentKind.PERPETUAL: PROFILES["RBTC"],
}


def open_market(row: Any, instrument: Instrument) -> None:
    """Write the agents' numbers of one instrument into its AGENT_MARKET record.

    Raises
    ------
    InstrumentError
        If its units or bounds do not suit the profile.
    """
    profile = PROFILES.get(instrument.name, _BY_KIND[instrument.kind])
    anchor = int(instrument.price_units(profile.price))
    step = instrument.step_at(anchor)
    if anchor * _BAND > instrument.price_bound:
        raise InstrumentError(
            f"the built-in exchange trades {instrument.name} up to "
            f"{instrument.price(anchor * _BAND)}, beyond its largest price"
        )
    lot = int(instrument.quantity_units(profile.lot))
    largest = min(instrument.quantity_bound, QUANTITY_BOUND)
    if not instrument.order_min <= lot <= largest // 100:
        raise InstrumentError(
            f"the built-in exchange trades {instrument.name} by {profile.lot}, which "
            "its order_min or a hundredth of its order_max does not allow"
        )
    noise = profile.noise * step
    row["fair"], row["anchor"] = anchor, anchor
    row["noise"], row["spacing"] = noise, profile.spacing * step
    row["half_spread"] = profile.half_spread * step
    row["reach"], row["impact"] = profile.reach * step, profile.impact * step
    # A walk pulled back by k has the deviation noise / sqrt(2 k) in the long run.
    row["reversion"] = 0.5 * (noise / (_PULL * anchor)) ** 2
    row["trend"], row["heat"] = anchor, 1.0
    row["volatility"], row["mood"] = 1.0, 1.0
    row["hidden_wait"] = _FIRST_HIDDEN
    row["taking"], row["round"] = profile.taking, profile.round_share
    row["clip"] = instrument.quantity_units(profile.clip) / lot
    row["longest"], row["wild"] = profile.longest, profile.wild
    row["joining"] = profile.joining
    row["lowest"], row["highest"] = max(anchor // _BAND, step), anchor * _BAND
    row["lot"], row["quantity_step"] = lot, instrument.order_step
    row["quantity_min"] = _least(instrument)


def _least(instrument: Instrument) -> int:
    """Smallest order: the minimum, brought up to the order step."""
    step = instrument.order_step
    return -(-instrument.order_min // step) * step
