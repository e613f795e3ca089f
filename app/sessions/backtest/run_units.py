"""What a run's reports count in, and the words for what they name by numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arena import Section
from app.engine.records import MONEY_SCALE, NO_PRICE, Reason
from app.engine.state import MAX_STRATEGIES
from app.instrument import Instrument
from app.sessions.backtest.composing import Composition
from app.sessions.backtest.price_tracks import PriceTrack

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """What a run's reports count in.

    Attributes
    ----------
    instruments : sequence of Instrument
    rates : (k,) float64
        Base currency for one unit of each instrument's.
    ids : dict of number to id
        Of strategies.
    tracks : sequence of PriceTrack
    exact_queue : (k,) bool
        Whether the place in the queue is known and no estimate.
    marks : (k,) float64
        At which positions were valued at the end, price units; NaN where there is none.
    """

    instruments: Sequence[Instrument]
    rates: Floats
    ids: dict[int, str]
    tracks: Sequence[PriceTrack]
    exact_queue: NDArray[np.bool_]
    marks: Floats

    def names(self, number: NDArray[Any]) -> NDArray[np.str_]:
        """Symbols by instrument."""
        found: NDArray[np.str_] = np.array([each.name for each in self.instruments])[
            number
        ]
        return found

    def owners(self, number: NDArray[Any]) -> NDArray[np.str_]:
        """Strategies' ids; "" is none."""
        size = max([int(number.max(initial=0)), *self.ids]) + 1
        names = np.array([self.ids.get(each, "") for each in range(size)])
        found: NDArray[np.str_] = names[number]
        return found

    def prices(self, number: NDArray[Any], units: NDArray[Any]) -> Floats:
        """Price units to currency; NO_PRICE is NaN."""
        known = units != NO_PRICE
        step = np.array([float(each.price_unit) for each in self.instruments])
        whole = _whole([each.price_unit for each in self.instruments])
        found = _scaled(np.where(known, units, 0), number, step, whole)
        found[~known] = np.nan
        return found

    def quoted(self, number: NDArray[Any], units: Floats) -> Floats:
        """Price units that may be halves, as mids are, to currency."""
        step = np.array([float(each.price_unit) for each in self.instruments])
        whole = _whole([each.price_unit for each in self.instruments])
        return _scaled(units, number, step, whole)

    def quantities(self, number: NDArray[Any], units: NDArray[Any]) -> Floats:
        """Quantity units to shares, contracts or coins."""
        step = np.array([float(each.quantity_unit) for each in self.instruments])
        whole = _whole([each.quantity_unit for each in self.instruments])
        return _scaled(units, number, step, whole)

    def money_of(self, number: NDArray[Any]) -> Floats:
        """Base currency for a price of 1 times a quantity of 1."""
        multipliers = [float(each.multiplier) for each in self.instruments]
        found: Floats = (np.array(multipliers) * self.rates)[number]
        return found

    def fees(self, fills: NDArray[Any]) -> Floats:
        """Fees of FILL reports, base currency."""
        found: Floats = fills["fee"] / MONEY_SCALE * self.rates[fills["instrument"]]
        return found

    def price_at(
        self, number: NDArray[Any], ts: Ints, *, mid: bool = False, before: bool = False
    ) -> Floats:
        """What the market stood at; with `mid` NaN where there are no quotes."""
        found = np.full(len(ts), np.nan)
        for place, track in enumerate(self.tracks):
            here = number == place
            if here.any() and (track.is_quoted or not mid):
                found[here] = track.at(ts[here], before=before)
        return found


def rates_of(composition: Composition) -> Floats:
    """Each instrument's currency to the base currency, as a run left it."""
    rows = composition.arena.records(Section.INSTRUMENTS)
    count = len(composition.instruments)
    return np.array([float(rows[i]["conversion"]) * 1e-9 for i in range(count)])


def marks_of(composition: Composition) -> Floats:
    """At what a run left positions in each instrument valued, price units or NaN."""
    arena = composition.arena
    # Behind those of the strategies stand the account's (engine/accounts.py).
    first = MAX_STRATEGIES * int(arena.records(Section.ENGINE)[0]["instruments"])
    rows = arena.records(Section.POSITIONS)
    marks = [
        rows[first + i]["mark_doubled"] for i in range(len(composition.instruments))
    ]
    return np.array([np.nan if x == NO_PRICE else int(x) / 2 for x in marks])


def _whole(units: Sequence[Any]) -> Floats:
    """1 ÷ unit where that is a whole number, else 0: dividing by it is exact."""
    inverse = [1 / each for each in units]
    return np.array([float(x) if x == x.to_integral_value() else 0.0 for x in inverse])


def _scaled(
    units: NDArray[Any], number: NDArray[Any], step: Floats, whole: Floats
) -> Floats:
    inverse = whole[number]
    by = np.where(inverse > 0, inverse, 1.0)
    found: Floats = np.where(inverse > 0, units / by, units * step[number])
    return found


def words_of(kind: type[IntEnum], values: NDArray[Any]) -> NDArray[np.str_]:
    """Names of an enumeration's values, in lower case; 0 that has no name is ""."""
    names = {int(each): each.name.lower() for each in kind}
    size = max(int(values.max(initial=0)), *names) + 1
    found: NDArray[np.str_] = np.array([names.get(i, "") for i in range(size)])[values]
    return found


def reasons_of(values: NDArray[Any]) -> NDArray[np.str_]:
    """Why orders were refused or ended; "" is no reason."""
    found: NDArray[np.str_] = np.where(values == 0, "", words_of(Reason, values))
    return found
