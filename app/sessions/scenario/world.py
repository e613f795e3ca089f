"""A session put together for one scenario: arena, links, gate, venue, and its clock.

It is composed as the program's own sessions are (app/sessions/composition.py), without
threads: records are folded one by one by the kernel. Two things differ by venue: with
``matching`` orders leave through a ring to a matching engine in an arena of its own
(wire.py); with ``simulated-…`` the kernel's simulated venue fills them.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

import numpy as np

from app.calendar import zone_of
from app.engine import bars, book_state, gate, schedule, strategy
from app.engine.arena import Arena, Section
from app.engine.compile import Entry
from app.engine.control import CONTROL_WORDS
from app.engine.instruments import instrument_records, load_instruments
from app.engine.kernel import emit, fold_record
from app.engine.links import Link, link_entries, new_links
from app.engine.money import CONVERSION_SCALE
from app.engine.rates import write_rates
from app.engine.records import COMMAND, NO_PRICE, REPORT
from app.engine.ring import Ring
from app.engine.risk_state import ORDER_CAPACITY
from app.engine.state import MAX_STRATEGIES, fixed_layout
from app.engine.strategy import Interpreted, timer_entry
from app.engine.venue import external, simulated
from app.instrument import Instrument, InstrumentKind, exact
from app.sessions.hours import YEAR_NS, open_schedules
from app.sessions.scenario.hours import hours_of
from app.sessions.scenario.instruments import build_instrument, currency, money
from app.sessions.scenario.models import begin_bars, set_models
from app.sessions.scenario.schema import Event, Scenario
from app.sessions.scenario.times import EPOCH

REFUSED: Final = -1
"""Number of an instrument that is not traded."""
START_CASH: Final = 10**9 * 10**8
"""Ample: a thousand million of the base currency, money."""
_PRICES: Final = ("price", "stop", "open", "high", "low", "close")
_DAY_NS: Final = 86_400_000_000_000
_ORDERS_OUT: Final = 1 << 10
_EVENTS_OUT: Final = 1 << 14


def _tradable(scenario: Scenario) -> tuple[Instrument, ...]:
    """Instruments of a session: kinds that cannot be traded are left out (SEMANTICS 7).

    An order in one of those is refused by the gate; so that there is a session at all,
    something else stands in where nothing is left.
    """
    fees = scenario.models.get("fees", {})
    most = _largest_price(scenario.events)
    found = tuple(
        build_instrument(name, source, fees, most)
        for name, source in scenario.instruments.items()
        if source["kind"] in set(InstrumentKind)
    )
    if found:
        return found
    (first, *_) = scenario.instruments.values()
    plain = {**first, "kind": InstrumentKind.FUTURE}
    return (build_instrument("stands in", plain, fees, most),)


def _currency(name: str, base: str) -> str:
    """Currency of a rate that is called EUR, EURUSD or EUR/USD."""
    pair = name.replace("/", "")
    if base and pair.endswith(base) and len(pair) > len(base):
        return pair.removesuffix(base)
    return name


def _largest_price(events: Iterable[Event]) -> int:
    """Largest |price| of a scenario's events, price units."""
    every = [0]
    for event in events:
        every += [abs(event[key]) for key in _PRICES if key in event]
        for side in ("bids", "asks"):
            for row in event.get(side, ()):
                every.append(abs(row["price"] if isinstance(row, dict) else row[-2]))
    return max(every)


class World:
    """Arena, links and rings of one scenario.

    Parameters
    ----------
    scenario : Scenario

    Attributes
    ----------
    start : int
        When the session begins, before the first event, ns.
    names : tuple of str
        Instruments that the scenario names.
    numbers : dict of str to int
        Numbers of those that are traded, by name.
    strategies : dict of str to int
        Numbers of the strategies that a scenario names, by name.
    handlers : list
        Their handlers, kept alive as long as the links.
    raising : set of int
        Strategies whose next handler raises.
    calls : list of Call
        What watched strategies were told (watching.py).
    timers : list of (int, int)
        Timers that have woken a strategy: when (ns), and their number.
    timer_names : list of str
        Names of timers; a timer's number is its place, counted from 1.
    trade_dates : list of (str or None, str)
        Answers to the questions for it: the question's id, the date.
    daily : dict of str to Fraction
        The account's P&L of trade dates that are over, base currency.
    foreign : dict of int to int
        Index in VENUE_ORDERS of orders that went to the simulated venue past the gate.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.instruments = _tradable(scenario)
        self.names = tuple(scenario.instruments)
        self.numbers = {each.name: i for i, each in enumerate(self.instruments)}
        self.is_external = scenario.venue == "matching"
        self.start = scenario.first - 1000 if scenario.has_dates else EPOCH - _DAY_NS
        self.arena = self._make_arena(scenario)
        self.commands = Ring(COMMAND, _ORDERS_OUT)
        self.events = Ring(REPORT, _EVENTS_OUT)
        self.control: Any = np.zeros(CONTROL_WORDS, np.int64)
        self.links = self._make_links()
        self.strategies: dict[str, int] = {}
        self.handlers: list[Entry | Interpreted] = []
        self.raising: set[int] = set()
        self.calls: list[Any] = []
        self.timers: list[tuple[int, int]] = []
        self.timer_names: list[str] = []
        self.trade_dates: list[tuple[str | None, str]] = []
        self.daily: dict[str, Fraction] = {}
        self.foreign: dict[int, int] = {}

    def _make_arena(self, scenario: Scenario) -> Arena:
        count = len(self.instruments)
        venue = external.LAYOUT if self.is_external else simulated.layout(count)
        arena = Arena(
            {
                **fixed_layout(count),
                **book_state.layout(count),
                **gate.layout(count),
                **strategy.LAYOUT,
                **bars.layout(count),
                **schedule.LAYOUT,
                **venue,
            }
        )
        rates = {
            _currency(name, scenario.base or ""): exact(rate)
            for name, rate in scenario.rates.items()
        }
        load_instruments(
            arena, self.instruments, base_currency=scenario.base, rates=rates
        )
        if scenario.base is not None:
            write_rates(arena, self.instruments, scenario.base)
        consolidated = scenario.models.get("feed") == "consolidated"
        for index, record in enumerate(instrument_records(arena)):
            record["book"] = book_state.open_book(
                arena, index, consolidated=consolidated
            )
        cash = scenario.start.get("cash")
        gate.open_session(arena, START_CASH if cash is None else money(cash))
        bars.open_bars(arena)
        set_models(arena, self.instruments, scenario)
        begin_bars(arena, scenario, count)
        self._open_schedules(arena, scenario)
        return arena

    def _open_schedules(self, arena: Arena, scenario: Scenario) -> None:
        """Follow calendars where times are dates; else all is inside regular hours."""
        arena.records(Section.ENGINE)[0]["trade_date"] = self.start // _DAY_NS
        if not scenario.has_dates:
            return
        exceptions = {
            name: hours_of(source, InstrumentKind(source["kind"])).exceptions
            for name, source in scenario.instruments.items()
            if name in self.numbers
        }
        end = scenario.last + YEAR_NS
        open_schedules(arena, self.instruments, self.start, end, exceptions)

    def _make_links(self) -> Any:
        links = new_links()
        link_entries(links, gate.LINKS)
        link_entries(links, external.LINKS if self.is_external else simulated.LINKS)
        links[Link.EMIT] = emit.address
        links[Link.EVENTS_OUT] = self.events.address
        links[Link.CONTROL] = self.control.ctypes.data
        if self.is_external:
            links[Link.ORDERS_OUT] = self.commands.address
            links[Link.VENUE_SESSION] = external.external_session.address
        return links

    # Folding.

    def fold(self, record: Any) -> None:
        """Fold one record (an array of one) into state."""
        address = record.ctypes.data
        date, pnl = self.date(), self.day_pnl
        fold_record(self.arena.address, self.links.ctypes.data, address)
        if self.date() != date:
            self.daily[date] = pnl

    def submit_foreign(self, command: Any) -> None:
        """Send an order of the account to the simulated venue past the gate.

        Its ORDER stands at the pool's far end and on no list: to the gate it is none.
        """
        index = ORDER_CAPACITY - len(self.foreign)
        terms = command[0]
        record = self.arena.records(Section.ORDERS)[index : index + 1]
        record[:] = np.zeros((), record.dtype)
        for name in set(record.dtype.names) & set(command.dtype.names):
            record[name] = terms[name]
        record["leaves"] = terms["quantity"]
        record["new_price"] = record["new_stop_price"] = NO_PRICE
        self.foreign[int(terms["client_order_id"])] = index
        self.session["now"] = max(self.session["now"], terms["ts_received"])
        simulated.venue_submit(self.arena.address, self.links.ctypes.data, index)

    def due(self) -> int:
        """When venue, calendar or a timer is due next, ns; 0 = nothing waits."""
        scheduled = int(self.session["schedule_due"])
        scheduled = 0 if scheduled == schedule.NEVER else scheduled
        if self.is_external:
            return scheduled
        address = self.links.ctypes.data
        due = simulated.venue_due(self.arena.address, address, 0)
        return min(due or scheduled, scheduled or due)

    def set_timer(self, strategy: int, terms: tuple[int, int, int, int]) -> int:
        """Set a timer (see `strategy.timer_entry`); return when it will be, 0 = never.

        It is set as the strategy's own handler would, between two events.
        """
        words = np.array(terms, np.int64)
        return timer_entry(self.arena.address, strategy, words.ctypes.data)

    def queue_ahead(self, index: int) -> Fraction | None:
        """Size ahead of the order at an index, quantity units, not rounded."""
        address = self.links.ctypes.data
        if not self.is_external:
            rests = simulated.venue_queue(self.arena.address, address, index) >= 0
            ahead = float(self.record(Section.VENUE_ORDERS, index)["ahead"])
            return Fraction(ahead).limit_denominator(10**6) if rests else None
        known = external.external_queue(self.arena.address, address, index)
        return Fraction(known) if known >= 0 else None

    @property
    def is_flattening(self) -> bool:
        """Whether a position is being closed and something is still held."""
        rows = self.arena.records(Section.WORKING)
        return any(
            rows[i]["flatten"] and self.position(i)["quantity"]
            for i in range(len(self.instruments))
        )

    # Reading.

    def record(self, section: Section, index: int) -> Any:
        """One record of a section, as it stands."""
        return self.arena.records(section)[index]

    @property
    def session(self) -> Any:
        """The ENGINE record."""
        return self.record(Section.ENGINE, 0)

    def date(self, instrument: int = -1) -> str:
        """Trade date of an instrument, or of the session (-1), ISO."""
        source = self.session
        if instrument >= 0 and instrument_records(self.arena)[instrument]["calendar"]:
            source = instrument_records(self.arena)[instrument]
        return str(np.datetime64(int(source["trade_date"]), "D"))

    def zone(self, instrument: int) -> str:
        """Zone of an instrument's calendar; UTC for one that is refused."""
        if instrument == REFUSED:
            return "UTC"
        return zone_of(self.instruments[instrument])

    @property
    def day_pnl(self) -> Fraction:
        """The account's P&L since the trade date began, base currency."""
        return currency(int(self.record(Section.ACCOUNTS, 0)["day_pnl"]))

    def instrument(self, name: str | None) -> int:
        """Number of an instrument; without a name the only one, or X; -1 = refused."""
        if name is None:
            name = "X" if "X" in self.names else next(iter(self.names))
        return self.numbers.get(name, REFUSED)

    def position(self, instrument: int, strategy: int | None = None) -> Any:
        """A POSITION: a strategy's own, or the account's."""
        count = len(self.instruments)
        owner = MAX_STRATEGIES if strategy is None else strategy
        return self.record(Section.POSITIONS, owner * count + instrument)

    def book(self, instrument: int) -> Any:
        """The BOOK of an instrument."""
        number = int(instrument_records(self.arena)[instrument]["book"])
        return self.record(Section.BOOKS, number)

    def depth(self, instrument: int, side: int) -> list[list[int]]:
        """Displayed levels of a side, best first: price, size."""
        every = self.arena.records(Section.BOOK_LEVELS)
        level = int(self.book(instrument)["sides"][0 if side > 0 else 1]["best"])
        shown = []
        while level:
            shown.append([int(every[level]["price"]), int(every[level]["size"])])
            level = int(every[level]["worse"])
        return shown

    def step(self, instrument: int) -> int:
        """Tick at the last price, else at the touch, price units; 1 if refused."""
        if instrument < 0:
            return 1
        price = int(self.book(instrument)["last_price"])
        shown = self.depth(instrument, 1) or self.depth(instrument, -1)
        if price == NO_PRICE:
            price = shown[0][0] if shown else 0
        bands = self.instruments[instrument].tick_table
        below = [
            each.step
            for each in bands
            if each.from_price is None or each.from_price <= price
        ]
        return below[-1] if below else bands[0].step

    def in_base(self, instrument: int, amount: Fraction) -> Fraction | None:
        """An amount of an instrument's currency in the base's; None without a rate."""
        rate = int(instrument_records(self.arena)[instrument]["conversion"])
        return amount * Fraction(rate, CONVERSION_SCALE) if rate else None

    def account(self, field: str) -> Fraction:
        """Money of the whole account, base currency."""
        return currency(int(self.record(Section.ACCOUNTS, 0)[field]))

    def cost(self, instrument: int, position: Any) -> Fraction:
        """Open cost of a position, price x quantity units, exact."""
        numerator, _ = self.instruments[instrument].money_ratio
        whole = (int(position["cost_high"]) << 64) + int(position["cost_low"])
        return Fraction(whole, numerator)
