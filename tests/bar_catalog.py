"""A catalog of bars that a test made, from prices that a seed gives."""

from pathlib import Path

import numpy as np

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.records import BAR, MARKET, EventKind, RecordFlag

START = 1_700_000_040_000_000_000
MINUTE = 60_000_000_000
UNIT = 10_000
"""Price units of one in the currency, for the instruments that ship."""


def write_bars(
    folder: Path, name: str, closes: np.ndarray, *, stream: str = "bars-1m"
) -> Catalog:
    """Write bars that open at the close before, into the catalog below a folder.

    Parameters
    ----------
    closes : (n,) int64
        Price units.
    """
    catalog = Catalog(folder / "catalog")
    instrument = InstrumentMaster.beside(catalog.root).instrument(name)
    bars = np.zeros(len(closes), BAR)
    bars["kind"], bars["flags"] = EventKind.BAR, RecordFlag.LAST
    bars["ts_received"] = bars["ts_venue"] = START + MINUTE * np.arange(len(closes))
    opens = np.concatenate([closes[:1], closes[:-1]])
    bars["open"], bars["volume"] = opens, 1_000_000
    bars["close_offset"] = closes - opens
    bars["high_offset"] = np.maximum(bars["close_offset"], 0) + 100
    bars["low_offset"] = np.minimum(bars["close_offset"], 0) - 100
    source = folder / f"{name}-{stream}.csv"
    source.write_text(f"made by a test: {name} {stream} {closes.sum()}")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(instrument, stream, "bars"), bars.view(MARKET))
        job.commit()
    return catalog


def walk(count: int, seed: int, *, start: int = 100 * UNIT) -> np.ndarray:
    """Random closes on a tick of a hundred units."""
    steps = np.random.default_rng(seed).integers(-30, 31, count)
    return np.maximum(start + 100 * np.cumsum(steps), 100 * 100)
