"""Recordings of real venues whose stylised facts the built-in exchange is held to.

`stylised_facts.toml` beside this file has their figures; the data stay where they are.
Where the data are at hand, a test measures them again.
"""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.analytics.stylised_facts import StylisedFacts, observe, stylised_facts
from app.data.binance import BinanceImporter
from app.data.catalog import Catalog
from app.data.dbn import DbnImporter
from app.data.importing import Importer, Options, run_import
from app.data.lobster import LobsterImporter
from tests.shared_data import shared_data

FIGURES = Path(__file__).with_name("stylised_facts.toml")
_AMZN = "AMZN_2012-06-21"
_DAY = f"{_AMZN}_34200000_57600000"


@dataclass(frozen=True)
class Recorded:
    """A recording: what, when, where it lies, and what it cannot tell."""

    says: str
    name: str
    stream: str
    files: tuple[tuple[str, str], ...]


RECORDED = {
    "amzn_day": Recorded(
        "AMZN, NASDAQ, 2012-06-21, whole day, best level (LOBSTER)",
        "AMZN",
        "orders",
        (
            ("lobster", f"{_DAY}_message_1.csv.gz"),
            ("lobster", f"{_DAY}_orderbook_1.csv.gz"),
        ),
    ),
    "amzn_depth": Recorded(
        "AMZN, NASDAQ, 2012-06-21, 09:30 to 10:02, ten levels (LOBSTER)",
        "AMZN",
        "orders",
        (
            ("lobster", f"{_AMZN}_first20000_message_10.csv.gz"),
            ("lobster", f"{_AMZN}_first20000_orderbook_10.csv.gz"),
        ),
    ),
    "es": Recorded(
        "ESH4, CME, 2023-12-25, first hour of the evening, by order (Databento MBO)",
        "ESH4",
        "orders",
        (("databento", "esh4-glbx-mdp3-20231225.mbo.dbn.zst"),),
    ),
    "btc_spot": Recorded(
        "BTCUSDT spot, Binance, 2024-08-08 23:54 to 2024-08-09 00:05",
        "BTCUSDT",
        "depth",
        (
            ("crypto_ws", "spot_btcusdt_20240808.gz"),
            ("crypto_ws", "spot_btcusdt_20240809.gz"),
        ),
    ),
    "btc_perpetual": Recorded(
        "BTCUSDT perpetual, Binance, 2024-08-08 23:54 to 24:00",
        "BTCUSDT-PERP",
        "depth",
        (("crypto_ws", "usdm_btcusdt_20240808.gz"),),
    ),
}


def measure(key: str, folder: Path) -> StylisedFacts:
    """Import a recording into a catalog of its own and measure it."""
    recorded = RECORDED[key]
    paths = [shared_data(*parts) for parts in recorded.files]
    importer: Importer = BinanceImporter(None)
    if recorded.files[0][0] == "lobster":
        importer, paths = LobsterImporter(paths[1], None), paths[:1]
    elif recorded.files[0][0] == "databento":
        importer = DbnImporter()
    catalog = Catalog(folder)
    run_import(importer, paths, catalog, Options())
    recording = catalog.open(recorded.name, recorded.stream)
    records = np.concatenate(list(recording.batches()))
    price = int(np.median(records["price"][records["price"] > 0]))
    step = recording.instrument.step_at(price)
    return stylised_facts(observe(records, recorded.stream, step))


def figures() -> dict[str, StylisedFacts]:
    """The figures as they were measured, by recording."""
    table: dict[str, dict[str, Any]] = tomllib.loads(FIGURES.read_text())
    for row in table.values():
        for name, value in row.items():
            if isinstance(value, list):
                row[name] = tuple(value)
    return {key: StylisedFacts(**row) for key, row in table.items()}


def written(facts: dict[str, StylisedFacts]) -> str:
    """The figures as the file has them."""
    parts = []
    for key, each in facts.items():
        parts.append(f"# {RECORDED[key].says}\n[{key}]")
        for name, value in asdict(each).items():
            if isinstance(value, tuple):
                value = "[" + ", ".join(f"{v:.4f}" for v in value) + "]"
            elif isinstance(value, float):
                value = f"{value:.4f}"
            parts.append(f"{name} = {value}")
        parts.append("")
    return "\n".join(parts)


ROWS = {
    "spread": ("mean spread, price steps", 2),
    "spread_bps": ("mean spread, 1e-4 of the mid", 2),
    "tight": ("share of the time at one step", 2),
    "spread_to_volatility": ("spread / volatility of one trade", 1),
    "sign_exponent": ("decay exponent of the signs' memory", 2),
    "return_memory": ("autocorrelation of returns, lags 1–10", 2),
    "clustering": ("autocorrelation of absolute returns, lags 1–10", 2),
    "kurtosis": ("excess kurtosis of returns", 1),
    "tail": ("tail exponent of returns (Hill)", 1),
    "cancels_to_adds": ("cancels for each order added", 2),
    "trades_to_adds": ("executions for each order added", 2),
    "size_mean": ("trade size: mean / median", 1),
    "size_99": ("trade size: 99th percentile / median", 0),
    "size_tail": ("trade size: tail exponent (Hill)", 1),
}
"""Figures that the documentation shows, in words, and their digits."""
SHOWN = {"AMZN": "amzn_day", "ES": "es", "BTC spot": "btc_spot"}
"""Recordings that the documentation shows."""
LAG_1, LAG_20 = 0, 6


def mean_of(rows: list[StylisedFacts], name: str) -> float:
    """Mean of a figure over runs."""
    return float(np.mean([getattr(row, name) for row in rows]))


def table(ours: dict[str, list[StylisedFacts]]) -> str:
    """The documentation's table: recordings, then the exchange's instruments."""
    real = {title: [figures()[key]] for title, key in SHOWN.items()}
    columns = {**real, **ours}
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for place, lag in ((LAG_1, 1), (LAG_20, 20)):
        cells = [
            f"{np.mean([row.sign_memory[place] for row in rows]):.2f}"
            for rows in columns.values()
        ]
        label = f"autocorrelation of trade signs, lag {lag}"
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    for name, (label, digits) in ROWS.items():
        values = [mean_of(rows, name) for rows in columns.values()]
        cells = ["–" if value != value else f"{value:.{digits}f}" for value in values]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
