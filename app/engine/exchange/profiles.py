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
    impact: float
    """Move of the fair price by one lot traded, order price steps."""


PROFILES: Final = {
    "RSTK": Profile("150", "100", 0.4, 1.0, 4.0, 0.06, 0.04),
    "RFUT": Profile("5000", "8", 0.5, 1.0, 3.0, 0.045, 0.03),
    "RBTC": Profile("60000", "0.25", 60.0, 45.0, 150.0, 8.0, 5.0),
    "REUR": Profile("1.08", "250000", 1.0, 1.0, 5.0, 0.1, 0.05),
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
    row["momentum"], row["heat"] = 0.0, 1.0
    row["lowest"], row["highest"] = max(anchor // _BAND, step), anchor * _BAND
    row["lot"], row["quantity_step"] = lot, instrument.order_step
    row["quantity_min"] = _least(instrument)


def _least(instrument: Instrument) -> int:
    """Smallest order: the minimum, brought up to the order step."""
    step = instrument.order_step
    return -(-instrument.order_min // step) * step
