"""Made-up history, for a machine that has no data: plainly labelled, made of a seed.

An importer without files: what it makes goes the way of every import, and its segments
say who made them. Prices are a random walk, so nothing that is tested on them has an
edge: what wins there wins by luck.

A day has a *regime*, which lasts some weeks, and gives the day's volatility and drift.
Returns are a part that all symbols share and one of their own. Within a day volatility
and volume are high at the open and the close and low at noon (Wood, McInish and Ord
1985, "An investigation of transactions data for NYSE stocks"), and volume grows with
the size of a return (Karpoff 1987). Overnight the price gaps. Days, hours and half days
are those of the New York Stock Exchange.
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.calendar import trading_days
from app.data.catalog import MADE_UP, Catalog
from app.data.catalog_writer import Target
from app.data.importing import Import, Progress, Report, Sketch, run_import
from app.data.local_time import midnight_ns
from app.engine.records import BAR, MARKET, EventKind, RecordFlag
from app.errors import CatalogError
from app.exchange_days import FIRST_YEAR, LAST_YEAR, TradingDay
from app.instrument import Fees, Hours, Instrument, InstrumentKind, Margin

SYMBOLS: Final = ("AAPL", "GOOGL", "MSFT", "SAMPLE1", "SAMPLE2")
"""Made by default: those that examples name, and two of no company."""
YEAR: Final = 2023
VENUE: Final = "MADE-UP"
_MINUTE_NS: Final = 60_000_000_000
_KINDS: Final = (InstrumentKind.STOCK, InstrumentKind.ETF)
_PRICES: Final = {"AAPL": 125.0, "GOOGL": 90.0, "MSFT": 240.0, "SAMPLE1": 50.0}
_SHARED: Final = 0.5
"""Share of the variance that all symbols have in common."""
_OVERNIGHT: Final = 0.4
"""Standard deviation of a gap, of the day's."""
_MINUTE_VOLUME: Final = 20_000
"""Shares of a usual minute."""


@dataclass(frozen=True, slots=True)
class Regime:
    """How the market moves for some weeks.

    Attributes
    ----------
    name : str
    volatility, drift : float
        Of a day, from open to close.
    """

    name: str
    volatility: float
    drift: float


REGIMES: Final = (
    Regime("calm", 0.008, 0.0004),
    Regime("rising", 0.011, 0.0025),
    Regime("falling", 0.015, -0.0025),
    Regime("turbulent", 0.028, 0.0),
)
_STAYS: Final = 0.95
"""Probability that a regime lasts another day."""


class SampleImporter:
    """Makes a year of minute and daily bars.

    Parameters
    ----------
    symbols : sequence of str
    seed : int
        The same gives the same bars, whatever other symbols are made with them.
    year : int
    """

    name = MADE_UP

    def __init__(
        self, symbols: Sequence[str] = SYMBOLS, seed: int = 1, year: int = YEAR
    ) -> None:
        if not symbols or not all(symbols):
            raise CatalogError("ringside sample needs the names of symbols")
        if seed < 0:
            raise CatalogError(f"a seed must be 0 or more, was {seed}")
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise CatalogError(
                f"the year must lie in {FIRST_YEAR} to {LAST_YEAR}, was {year}"
            )
        self.symbols = tuple(dict.fromkeys(symbols))
        self.seed = seed
        self.year = year

    @property
    def origin(self) -> tuple[str, str]:
        """What its segments say of where they are from."""
        words = f"made by ringside sample, seed {self.seed}"
        return words, f"{MADE_UP}:{self.seed}:{self.year}"

    def sniff(self, path: Path) -> bool:  # noqa: ARG002 - of the Protocol
        """No file is of this kind."""
        return False

    def read(self, paths: Sequence[Path], run: Import) -> None:  # noqa: ARG002
        """Make the bars of each symbol.

        Raises
        ------
        CatalogError
            If there are recordings of a symbol, or it is no stock.
        """
        for name in self.symbols:
            refuse_recorded(run.catalog, name)
        for number, name in enumerate(self.symbols):
            instrument = run.instrument(name, _stock)
            if instrument.kind not in _KINDS:
                raise CatalogError(
                    f"ringside sample makes stocks; {name} is a {instrument.kind.value}"
                )
            self._make(instrument, run)
            run.progress((number + 1) / len(self.symbols))
        run.notes.append(
            f"{self.origin[0]}: made up, a random walk, of no market's history"
        )

    def _make(self, instrument: Instrument, run: Import) -> None:
        note = f"{self.origin[0]}: made up, of no market's history"
        minutes, days = (
            Target(instrument, stream, "bars", by_year=True, notes=[note])
            for stream in ("bars-1m", "bars-1d")
        )
        begin, end = date(self.year, 1, 1), date(self.year, 12, 31)
        calendar = trading_days(instrument, begin, end)
        bars = bars_of(instrument, calendar, self.seed)
        run.emit(minutes, bars.view(MARKET))
        run.emit(days, daily(bars, instrument.time_zone).view(MARKET))


def refuse_recorded(catalog: Catalog, name: str) -> None:
    """Refuse to put made-up data beside what was recorded."""
    for stream in catalog.streams(name):
        for each in catalog.segments(name, stream):
            if each.meta.importer != MADE_UP:
                raise CatalogError(
                    f"{name} has recordings ({stream} from {each.meta.source}); "
                    "made-up data are not put beside them: --symbols makes others"
                )


def made_up(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield the streams (NAME, STREAM) that this made."""
    for name in catalog.names():
        for stream in catalog.streams(name):
            found = catalog.segments(name, stream)
            if found and all(each.meta.importer == MADE_UP for each in found):
                yield name, stream


def make_sample(
    catalog: Catalog,
    importer: SampleImporter | None = None,
    progress: Progress = lambda _share, _rows: None,
) -> Report:
    """Make sample data and import them; what was made before is replaced.

    Raises
    ------
    CatalogError
        If a symbol has recordings; nothing is made.
    """
    made = importer or SampleImporter()
    return run_import(made, (), catalog, progress=progress, origin=made.origin)


def _stock() -> Sketch:
    return Sketch(
        kind=InstrumentKind.STOCK,
        venue=VENUE,
        currency="USD",
        note="made up by ringside sample: look it over before you import its data",
        price_unit=Decimal("0.0001"),
        price_step=100,
        more={
            "calendar": "XNYS",
            "time_zone": "America/New_York",
            "regular_hours": Hours.parse("09:30-16:00"),
            "extended_hours": Hours.parse("04:00-20:00"),
            "fees": Fees(per_unit=Decimal("0.0035"), minimum=Decimal("0.35")),
            "margin": Margin(initial=Decimal("0.5"), maintenance=Decimal("0.25")),
        },
    )


# What is made.


def bars_of(
    instrument: Instrument, calendar: Sequence[TradingDay], seed: int
) -> NDArray[np.void]:
    """Make the minute bars of some days, regular hours only.

    Returns
    -------
    (n,) BAR
        Stamped at their close.
    """
    own, shared = _random(seed, instrument.name), _random(seed, "")
    days = [each for each in calendar if each.regular is not None]
    spans = [each.regular or (0, 0) for each in days]
    counts = [(closes - opens) // _MINUTE_NS for opens, closes in spans]
    regimes = _regimes(len(days), shared)
    scale = own.uniform(0.8, 1.6)
    price = _PRICES.get(instrument.name) or float(own.uniform(20, 300))
    unit = float(instrument.price_unit)
    blocks = []
    for (opens, _), count, regime in zip(spans, counts, regimes, strict=True):
        shape = _smile(count)
        daily_vol = regime.volatility * scale
        gap = daily_vol * _OVERNIGHT * float(own.standard_t(4))
        price *= float(np.exp(np.clip(gap, -0.12, 0.12)))
        sigma = daily_vol * shape / np.sqrt(np.sum(shape**2))
        normal = np.sqrt(_SHARED) * shared.standard_normal(count)
        normal += np.sqrt(1 - _SHARED) * own.standard_normal(count)
        path = np.cumsum(sigma * normal + regime.drift / count)
        block = _bars(price, path, sigma, normal, shape, own, instrument)
        ends = opens + _MINUTE_NS * np.arange(1, count + 1)
        block["ts_venue"] = block["ts_received"] = ends
        price = float(block["open"][-1] + block["close_offset"][-1]) * unit
        blocks.append(block)
    return np.concatenate(blocks)


def _random(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng((seed, zlib.crc32(name.encode())))


def _regimes(count: int, random: np.random.Generator) -> list[Regime]:
    """One a day; each lasts three or four weeks as a rule."""
    now, found = 0, []
    for leaves in random.uniform(size=count) >= _STAYS:
        if leaves:
            now = (now + int(random.integers(1, len(REGIMES)))) % len(REGIMES)
        found.append(REGIMES[now])
    return found


def _smile(count: int) -> NDArray[np.float64]:
    """Activity by minute of the day, 1 in the mean: high at both ends."""
    at = np.linspace(-1.0, 1.0, count)
    shape = 0.6 + 1.2 * at**2 + 0.8 * np.exp(-12 * (at + 1))
    found: NDArray[np.float64] = shape / shape.mean()
    return found


def _bars(
    price: float,
    path: NDArray[np.float64],
    sigma: NDArray[np.float64],
    normal: NDArray[np.float64],
    shape: NDArray[np.float64],
    random: np.random.Generator,
    instrument: Instrument,
) -> NDArray[np.void]:
    """Bars of a day whose log prices, from the open on, are given."""
    count, step = len(path), instrument.tick_table[-1].step
    tick = float(instrument.price_unit) * step
    ticks = price * np.exp(np.append(0.0, path)) / tick
    marks = np.maximum(np.rint(ticks), 2).astype(np.int64)
    opens, closes = marks[:-1], marks[1:]
    # Extremes of a Brownian bridge between a minute's ends: with longer or shorter ones
    # limits and stops that are filled at them would have an edge.
    drawn = np.abs(random.standard_normal((2, count)))
    chances = np.array([math.erfc(x) for x in (drawn / math.sqrt(2)).ravel().tolist()])
    moves, spread = np.diff(ticks), sigma * opens
    reach = np.sqrt(moves**2 - 2 * spread**2 * np.log(chances.reshape(drawn.shape)))
    up, down = np.rint((reach + [[1.0], [-1.0]] * moves) / 2).astype(np.int64)
    high = np.maximum(opens + up, np.maximum(opens, closes))
    low = np.maximum(np.minimum(opens - down, np.minimum(opens, closes)), 1)
    excited = shape * (0.5 + 0.7 * np.abs(normal))
    noise = np.exp(0.4 * random.standard_normal(count))
    volume = np.maximum(np.rint(_MINUTE_VOLUME * excited * noise), 100)
    bars = np.zeros(count, BAR)
    bars["kind"], bars["flags"] = EventKind.BAR, RecordFlag.LAST
    bars["open"], bars["volume"] = opens * step, volume
    bars["high_offset"] = (high - opens) * step
    bars["low_offset"] = (low - opens) * step
    bars["close_offset"] = (closes - opens) * step
    bars["trades"] = np.maximum(volume // 120, 1)
    return bars


def daily(bars: NDArray[np.void], zone: str) -> NDArray[np.void]:
    """Bars of whole days, made of minute bars; stamped at the midnight that ends each.

    Parameters
    ----------
    bars : (n,) BAR
    zone : str
        Whose midnight.

    Returns
    -------
    (m,) BAR
    """
    stamps = bars["ts_venue"].tolist()
    # All that trade in New York's regular hours end on the UTC day on which they began.
    parts = [
        list(each)
        for _, each in groupby(
            range(len(bars)), lambda i: stamps[i] // (24 * 60 * _MINUTE_NS)
        )
    ]
    made = np.zeros(len(parts), BAR)
    for row, part in zip(made, parts, strict=True):
        day = bars[part[0] : part[-1] + 1]
        first = int(day["open"][0])
        row["kind"], row["flags"] = EventKind.BAR, RecordFlag.LAST
        row["open"] = first
        row["high_offset"] = int((day["open"] + day["high_offset"]).max()) - first
        row["low_offset"] = int((day["open"] + day["low_offset"]).min()) - first
        row["close_offset"] = int(day["open"][-1] + day["close_offset"][-1]) - first
        row["volume"], row["trades"] = day["volume"].sum(), day["trades"].sum()
        on = np.datetime64(stamps[part[0]], "ns").astype("datetime64[D]") + 1
        row["ts_venue"] = row["ts_received"] = midnight_ns(on.item(), zone)
    return made
