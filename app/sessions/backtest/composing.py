"""A backtest composed: what is read, the arena, and the strategies that hang in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.action_records import ActionRecords
from app.data.bar_stamps import interval_ns, is_interval
from app.data.catalog import Catalog, Recording
from app.data.corporate_actions import load_actions
from app.data.importing import new_records
from app.data.latencies import load_latencies
from app.data.merging import Merged
from app.data.signals import SignalRecords, load_signals
from app.data.spans import rows_between
from app.engine import gate
from app.engine.arena import Arena
from app.engine.backtest import keep_report
from app.engine.control import CONTROL_WORDS
from app.engine.limits import Limits, snake_case
from app.engine.links import Link, link_entries, new_links
from app.engine.records import BAR
from app.engine.venue import simulated
from app.engine.venue.models import (
    Impact,
    LimitRule,
    Queue,
    Sizing,
    Through,
    VenueModels,
)
from app.errors import RequestError
from app.instrument import Fees, Instrument
from app.sessions.arena_making import DataTerms, SessionTerms, make_arena
from app.sessions.backtest.request import BacktestRequest, ModelTerms, StrategyTerms
from app.sessions.hanging import (
    Place,
    give_capital,
    hang_ready,
    make_ready,
    money,
    strategy_named,
)
from app.sessions.warm_up import warm_in_place
from app.strategies.memory import Memory
from app.strategies.running import Runnable
from app.strategies.strategy import Strategy

UNITS: Final = (
    "app.engine.gate",
    "app.engine.book",
    "app.engine.venue.simulated",
    "app.engine.strategy",
    "app.engine.strategy_calls",
    "app.engine.backtest",
)
"""Units of the engine that a backtest needs."""
_BARS: Final = "bars-"
_ACCOUNTS: Final = {"margin": "margin", "cash": "cash_account"}
"""The limit that an account of a kind switches on."""
NOTES_KEPT: Final = 1 << 18
"""Notes of a strategy between two blocks of records; older ones are lost, and told."""


def open_data(request: BacktestRequest, catalog: Catalog) -> Merged:
    """Open what a request reads.

    Raises
    ------
    RequestError
        If something is missing; it is named.
    """
    stream = f"{_BARS}{request.interval}" if request.interval else None
    if stream is None:
        stream = _coarsest(request, catalog)
    recordings = [_opened(catalog, symbol, stream) for symbol in request.symbols]
    rows = [rows_between(each, request.start, request.end) for each in recordings]
    for each, kept in zip(recordings, rows, strict=True):
        if not kept:
            raise RequestError(
                f"{each.name}@{each.stream} has no records between "
                f"{_given(request, 'start_date')} and {_given(request, 'end_date')}; "
                f"they are stamped {_day(each.first_ts)} to {_day(each.last_ts)}"
            )
    return Merged(recordings, rows=rows)


def _given(request: BacktestRequest, name: str) -> str:
    """A date as the request has it."""
    table = {snake_case(key): value for key, value in request.table.items()}
    return str(table.get(name, name))


def _day(ts: int) -> str:
    return str(np.datetime64(ts, "ns").astype("datetime64[s]"))


def _opened(catalog: Catalog, symbol: str, stream: str | None) -> Recording:
    if "@" in symbol and symbol not in catalog.names():
        return catalog.open(symbol)
    return catalog.open(symbol, stream)


def _coarsest(request: BacktestRequest, catalog: Catalog) -> str | None:
    """The coarsest bars that all symbols have; None where there are no bars at all.

    Raises
    ------
    RequestError
        If some have bars, and no interval is common to all.
    """
    plain = [each for each in request.symbols if "@" not in each]
    kept = {
        symbol: {
            each.removeprefix(_BARS)
            for each in catalog.streams(symbol)
            if each.startswith(_BARS) and is_interval(each.removeprefix(_BARS))
        }
        for symbol in plain
    }
    if not any(kept.values()):
        return None
    common = set.intersection(*kept.values())
    if not common:
        told = "; ".join(
            f"{name} has {', '.join(sorted(each)) or 'none'}"
            for name, each in kept.items()
        )
        raise RequestError(f"no interval of bars is common to all symbols: {told}")
    return _BARS + max(common, key=interval_ns)


def with_terms(instrument: Instrument, request: BacktestRequest) -> Instrument:
    """An instrument with the request's fees and its terms of shorts, if it has any."""
    account, terms = request.account, request.fees
    if account.shortable is not None:
        instrument = replace(instrument, shortable=account.shortable)
    if account.borrow_rate is not None:
        instrument = replace(instrument, borrow_rate=account.borrow_rate)
    if terms is None:
        return instrument
    fees = Fees(
        maker=terms.maker,
        taker=terms.taker,
        per_unit=terms.per_unit,
        per_order=terms.per_order,
        minimum=terms.minimum,
        maximum=terms.maximum,
    )
    return replace(instrument, fees=fees)


def models_of(
    terms: ModelTerms,
    data: DataTerms,
    seed: int,
    measured: tuple[tuple[int, int, int], ...] = (),
) -> VenueModels:
    """Models of the venue for an instrument, from the request and from its data.

    Parameters
    ----------
    measured : tuple of (int, int, int)
        Recorded latencies, which hold if there are any (`load_latencies`).
    """
    at_once = data.basis == "bars"
    latency = 0 if at_once else 10_000_000
    queue = terms.queue
    if queue is None:
        queue = Queue.EXACT if data.is_by_order else Queue.PROBABILISTIC
    return VenueModels(
        order_latency_ns=_ns(terms.order_latency_us, latency),
        report_latency_ns=_ns(terms.report_latency_us, latency),
        latency_spread=terms.latency_spread,
        seed=seed,
        recorded_latency=measured,
        queue=_one_of(Queue, queue, "queue"),
        front_function=terms.front_function,
        front_exponent=terms.front_exponent,
        through=_one_of(Through, terms.through, "through"),
        participation=terms.participation,
        slippage=terms.slippage,
        limit_rule=_one_of(LimitRule, terms.limit_rule, "limit_rule"),
        sizing=_one_of(Sizing, terms.sizing, "sizing"),
        impact=_one_of(Impact, terms.impact, "impact"),
        temporary_impact=terms.temporary_impact,
        permanent_impact=terms.permanent_impact,
        volatility=terms.volatility,
        day_volume=terms.day_volume,
        impact_half_life_ns=round(terms.impact_half_life_s * 1e9),
    )


def _ns(us: float | None, default: int) -> int:
    return default if us is None else round(us * 1000)


def _one_of(kind: Any, value: str, name: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(each.value for each in kind)
        raise RequestError(
            f"models.{name} must be one of {known}, was {value!r}"
        ) from error


@dataclass
class Hung:
    """A strategy that hangs in an engine.

    Attributes
    ----------
    number : int
        Its row in STRATEGIES.
    terms : StrategyTerms
    cls : type of Strategy
    values : dict
        Its parameters.
    runnable : Runnable
    memory : Memory
    """

    number: int
    terms: StrategyTerms
    cls: type[Strategy]
    values: dict[str, float]
    runnable: Runnable
    memory: Memory


class Composition:
    """One backtest: arena, links, data.

    Parameters
    ----------
    request : BacktestRequest
    catalog : Catalog
    folders : sequence of Path
        Of the user's strategies.
    interpreted : bool
        Whether strategies run as Python.
    is_hung : bool
        False leaves the strategies out, for `hang` to hang them with other parameters.
    """

    def __init__(
        self,
        request: BacktestRequest,
        catalog: Catalog,
        folders: Sequence[Path] = (),
        *,
        interpreted: bool = False,
        is_hung: bool = True,
    ) -> None:
        self.request = request
        self._interpreted = interpreted
        self.data = open_data(request, catalog)
        self.instruments = tuple(
            with_terms(each, request) for each in self.data.instruments
        )
        self.base_currency = request.currency or self.instruments[0].currency
        self.actions = ActionRecords(
            self.instruments,
            load_actions(catalog.root),
            self.data.first_ts,
        )
        latencies = request.models.latencies
        self._measured = load_latencies(Path(latencies)) if latencies else ()
        self.signals = SignalRecords(self._load_signals(), self.begin_ts)
        self.past_bars = self._read_past()
        self.benchmark = self._open_benchmark(catalog)
        self.arena = self._make_arena()
        self.control = np.zeros(CONTROL_WORDS, np.int64)
        self.links = self._make_links()
        self.strategies: list[Hung] = []
        if is_hung:
            for each in self.enabled:
                cls = strategy_named(each.name, folders)
                self.hang(each, cls, each.parameters, notes=NOTES_KEPT)

    @cached_property
    def begin_ts(self) -> int:
        """When the session begins, ns: before the first record, or its bar's open."""
        return self.data.first_ts - max(self.data.bar_intervals) - 1

    def _read_past(self) -> NDArray[Any]:
        """Bars before the start that strategies warm up with, by time, BAR.

        Raises
        ------
        RequestError
            If there are fewer than asked for, or the data are no bars.
        """
        data, wanted = self.data, self.request.warm_up
        if not wanted:
            return np.empty(0, BAR)
        found = []
        for place, each, rows in zip(
            data.places, data.recordings, data.rows, strict=True
        ):
            if each.basis != "bars":
                raise RequestError(
                    f"warm_up needs bars, and {each.name}@{each.stream} has none"
                )
            if rows.start < wanted:
                raise RequestError(
                    f"warm_up asks for {wanted} bars before the start, and "
                    f"{each.name}@{each.stream} has {rows.start}"
                )
            found.append(
                each.records(rows.start - wanted, rows.start, instrument=place)
            )
        bars = np.concatenate(found).view(BAR)
        return bars[np.argsort(bars["ts_venue"], kind="stable")]

    def _load_signals(self) -> NDArray[np.void]:
        names = [each.name for each in self.instruments]
        files = [load_signals(Path(each), names) for each in self.request.signals]
        every = np.concatenate([new_records(0), *files])
        return every[np.argsort(every["ts_received"], kind="stable")]

    @property
    def enabled(self) -> list[StrategyTerms]:
        """Terms of the strategies that take part."""
        return [each for each in self.request.strategies if each.enabled]

    def _open_benchmark(self, catalog: Catalog) -> tuple[Recording, range]:
        """What it would have been to hold, and the rows of it; the first symbol."""
        data, named = self.data, self.request.benchmark
        first = data.recordings[0], data.rows[0]
        if not named:
            return first
        for each, rows in zip(data.recordings, data.rows, strict=True):
            if named in (each.name, f"{each.name}@{each.stream}"):
                return each, rows
        stream = first[0].stream if first[0].basis == "bars" else None
        recording = _opened(catalog, named, stream)
        rows = range(
            recording.search(data.first_ts), recording.search(data.last_ts + 1)
        )
        if not rows:
            raise RequestError(
                f"the benchmark {recording.name}@{recording.stream} has no records "
                f"between {_day(data.first_ts)} and {_day(data.last_ts)}"
            )
        return recording, rows

    def data_terms(self) -> list[DataTerms]:
        """What the data tell of each instrument."""
        data = self.data
        return [
            DataTerms(basis, full, lasts)
            for basis, full, lasts in zip(
                data.bases, data.full_depths, data.bar_intervals, strict=True
            )
        ]

    def models(self, number: int) -> VenueModels:
        """The venue's models for an instrument, by its number."""
        request = self.request
        data = self.data_terms()[number]
        return models_of(request.models, data, request.seed, self._measured)

    def _make_arena(self) -> Arena:
        request, data = self.request, self.data
        given = dict(request.limits or {})
        if request.account.kind != "unbounded":
            given[_ACCOUNTS[request.account.kind]] = True
        limits = Limits.parse(given, "the request's limits")
        return make_arena(
            SessionTerms(
                instruments=self.instruments,
                data=self.data_terms(),
                base_currency=self.base_currency,
                begin=self.begin_ts,
                end=data.last_ts,
                equity=money(request.initial_capital),
                limits=limits,
                models=lambda data: models_of(
                    request.models, data, request.seed, self._measured
                ),
                rates=request.rates,
            )
        )

    def _make_links(self) -> Any:
        links = new_links()
        link_entries(links, gate.LINKS)
        link_entries(links, simulated.LINKS)
        links[Link.EMIT] = keep_report.address
        links[Link.CONTROL] = self.control.ctypes.data
        return links

    def hang(
        self,
        terms: StrategyTerms,
        cls: type[Strategy],
        parameters: Mapping[str, Any],
        runnable: Runnable | None = None,
        *,
        notes: int = 0,
    ) -> None:
        """Hang a strategy in the engine.

        Parameters
        ----------
        cls : type of Strategy
            What the terms name.
        parameters : mapping
            In place of those of its terms.
        runnable : Runnable, optional
            What was made of the class before.
        notes : int
            How many of its notes are kept between two blocks of records.

        Raises
        ------
        StrategyError
            If it cannot run, its parameters break a rule, or there is no room.
        """
        place = Place(
            [each.name for each in self.instruments],
            terms.symbols,
            float(terms.allocation),
            self.request.seed,
            notes,
            self._interpreted,
        )
        ready = make_ready(cls, parameters, place, runnable)
        number = hang_ready(self.arena, self.links, ready)
        capital = money(self.request.initial_capital * terms.allocation)
        give_capital(self.arena, number, capital)
        if len(self.past_bars):
            warm_in_place(self.arena, number, ready, self.past_bars)
        self.strategies.append(
            Hung(number, terms, cls, ready.values, ready.runnable, ready.memory)
        )
