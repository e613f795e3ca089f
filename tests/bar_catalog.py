"""A catalog of bars or quotes that a test made, from prices that a seed gives."""

from pathlib import Path

import numpy as np

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.records import BAR, MARKET, QUOTE, EventKind, RecordFlag
from app.instrument import Instrument

START = 1_700_000_040_000_000_000
MINUTE = 60_000_000_000
UNIT = 10_000
"""Price units of one in the currency, for the instruments that ship."""


def write_bars(
    folder: Path,
    name: str,
    closes: np.ndarray,
    *,
    stream: str = "bars-1m",
    ts: np.ndarray | None = None,
) -> Catalog:
    """Write bars that open at the close before, into the catalog below a folder.

    Parameters
    ----------
    closes : (n,) int64
        Price units.
    ts : (n,) int64, optional
        When each bar closes; by default one a minute from `START` on.
    """
    instrument = InstrumentMaster.beside(folder / "catalog").instrument(name)
    ends = START + MINUTE * np.arange(len(closes)) if ts is None else ts
    opens = np.concatenate([closes[:1], closes[:-1]])
    highs = np.maximum(closes, opens) + 100
    lows = np.minimum(closes, opens) - 100
    prices = np.stack([opens, highs, lows, closes], axis=1)
    return write_ohlc(folder, instrument, ends, prices, stream=stream)


def write_ohlc(
    folder: Path,
    instrument: Instrument,
    ts: np.ndarray,
    prices: np.ndarray,
    *,
    stream: str = "bars-1d",
) -> Catalog:
    """Write bars of an instrument, which becomes known if it is not.

    Parameters
    ----------
    ts : (n,) int64
        When each bar closes, ns since 1970 UTC.
    prices : (n, 4) int64
        Open, high, low, close, price units.
    """
    catalog = Catalog(folder / "catalog")
    master = InstrumentMaster.beside(catalog.root)
    if instrument.name not in master:
        master.add(instrument)
        master.save()
    opens, highs, lows, closes = prices.T
    bars = np.zeros(len(ts), BAR)
    bars["kind"], bars["flags"] = EventKind.BAR, RecordFlag.LAST
    bars["ts_received"] = bars["ts_venue"] = ts
    bars["open"], bars["volume"] = opens, 1_000_000
    bars["close_offset"] = closes - opens
    bars["high_offset"], bars["low_offset"] = highs - opens, lows - opens
    source = folder / f"{instrument.name}-{stream}.csv"
    source.write_text(f"made by a test: {instrument.name} {stream} {closes.sum()}")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(instrument, stream, "bars"), bars.view(MARKET))
        job.commit()
    return catalog


def walk(count: int, seed: int, *, start: int = 100 * UNIT) -> np.ndarray:
    """Random closes on a tick of a hundred units."""
    steps = np.random.default_rng(seed).integers(-30, 31, count)
    return np.maximum(start + 100 * np.cumsum(steps), 100 * 100)


def write_quotes(
    folder: Path, name: str, count: int, seed: int, *, turned_from: int | None = None
) -> Catalog:
    """Write quotes, ten a second; sizes lean before prices move.

    From the row `turned_from` on, the price goes its steps in the opposite order.
    """
    catalog = Catalog(folder / "catalog")
    instrument = InstrumentMaster.beside(catalog.root).instrument(name)
    random = np.random.default_rng(seed)
    steps = random.choice([-1, 0, 0, 0, 1], count)
    if turned_from is not None:
        steps[turned_from:] = steps[turned_from:][::-1].copy()
    bids = 100 * UNIT + 100 * np.cumsum(steps)
    quotes = np.zeros(count, QUOTE)
    quotes["kind"], quotes["flags"] = EventKind.QUOTE, RecordFlag.LAST
    quotes["ts_received"] = quotes["ts_venue"] = START + 100_000_000 * np.arange(count)
    quotes["bid_price"], quotes["ask_price"] = bids, bids + 200
    lean = np.concatenate([steps[1:], [0]])
    quotes["bid_size"] = 200 + 500 * (lean > 0) + random.integers(0, 50, count)
    quotes["ask_size"] = 200 + 500 * (lean < 0) + random.integers(0, 50, count)
    source = folder / f"{name}-quotes.csv"
    source.write_text(f"made by a test: {name} {seed}")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(instrument, "quotes", "top"), quotes.view(MARKET))
        job.commit()
    return catalog
