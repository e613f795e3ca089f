"""An engine's arena for a session: instruments, books, accounts, calendars, venue.

Every mode makes its arena here, so that a rule of an instrument or a model of the
venue means the same in all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from app.engine import bars, book_state, gate, schedule, strategy
from app.engine.arena import Arena, Section
from app.engine.instruments import load_instruments
from app.engine.limits import Limits
from app.engine.rates import write_rates
from app.engine.records import NO_PRICE
from app.engine.state import fixed_layout
from app.engine.venue import external, simulated
from app.engine.venue.fees import write_fees
from app.engine.venue.models import Fills, VenueModels
from app.instrument import Instrument
from app.sessions.hours import open_schedules

_BY_ORDER: Final = ("orders", "by order")


@dataclass(frozen=True, slots=True)
class DataTerms:
    """What a session's data tell of an instrument.

    Attributes
    ----------
    basis : str
        Of the book: orders, depth, top, trades or bars.
    is_full : bool
        Whether they show every level.
    bar_interval_ns : int
        How long its bars last, where they are all there is; 0 = unknown.
    """

    basis: str
    is_full: bool
    bar_interval_ns: int = 0

    @property
    def is_by_order(self) -> bool:
        """Whether each order is told."""
        return self.basis in _BY_ORDER


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """What an arena is made for.

    Attributes
    ----------
    instruments : sequence of Instrument
        In the order of their numbers.
    data : sequence of DataTerms
        For each instrument.
    base_currency : str
    begin, end : int
        The session's span, ns since 1970 UTC.
    equity : int
        Capital, money in the base currency.
    limits : Limits
    models : callable or None
        Models of the simulated venue by the data's terms; None: the venue is not ours.
    rates : mapping, optional
        Currency to base currency for one unit of it.
    """

    instruments: Sequence[Instrument]
    data: Sequence[DataTerms]
    base_currency: str
    begin: int
    end: int
    equity: int
    limits: Limits
    models: Callable[[DataTerms], VenueModels] | None
    rates: Mapping[str, Decimal] | None = None


def make_arena(terms: SessionTerms) -> Arena:
    """Make the arena of a session.

    Raises
    ------
    InstrumentError, CalendarError, LimitsError
        If an instrument, a calendar or a limit cannot be taken.
    """
    count = len(terms.instruments)
    layout = {
        **fixed_layout(count),
        **book_state.layout(count),
        **gate.layout(count),
        **strategy.LAYOUT,
        **schedule.LAYOUT,
        **bars.layout(count),
        **(simulated.layout(count) if terms.models else external.LAYOUT),
    }
    arena = Arena(layout)
    base = terms.base_currency
    load_instruments(arena, terms.instruments, base_currency=base, rates=terms.rates)
    write_rates(arena, terms.instruments, base)
    for number in range(count):
        _open_instrument(arena, terms, number)
    gate.open_session(arena, terms.equity)
    bars.open_bars(arena)
    open_schedules(arena, terms.instruments, terms.begin, terms.end)
    terms.limits.apply(arena, terms.instruments)
    return arena


def _open_instrument(arena: Arena, terms: SessionTerms, number: int) -> None:
    """Give an instrument its book, its fees and, if simulated, its venue."""
    instrument, data = terms.instruments[number], terms.data[number]
    book = book_state.open_book(arena, number, consolidated=instrument.consolidated)
    record = arena.records(Section.INSTRUMENTS)[number]
    record["book"] = record["venue_book"] = book
    record["window_price"] = NO_PRICE
    record["by_order"], record["full_depth"] = data.is_by_order, data.is_full
    write_fees(arena, number, instrument)
    if terms.models is not None:
        models = terms.models(data)
        if data.basis == "bars":
            models = replace(
                models, fills=Fills.BARS, bar_interval_ns=data.bar_interval_ns
            )
        models.write(arena, number)
