"""The commands `ringside import` and `ringside book`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.clock import Clock, SystemClock, utc
from app.data.binance import BinanceImporter
from app.data.bybit import bybit_importer
from app.data.catalog import Catalog, Meta
from app.data.cli_recognise import add_recognise_arguments
from app.data.csv_file import CsvImporter
from app.data.dbn import DbnImporter
from app.data.depth import write_depth
from app.data.hyperliquid import hyperliquid_importer
from app.data.importing import Importer, Options, Report, run_import
from app.data.itch import ItchImporter
from app.data.lean import LeanImporter, lean_paths
from app.data.lobster import LobsterImporter
from app.data.parquet_file import parquet_importer
from app.engine.build import build

if TYPE_CHECKING:
    # argparse gives the type of its sub-commands no public name.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

_EVERY_NS: Final = 200_000_000
FORMATS: Final = (
    *("lobster", "dbn", "binance", "bybit", "hyperliquid", "itch", "lean", "parquet"),
    *("auto", "csv"),
)
"""Words that name a format after ``ringside import``."""


def add_import_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside import``."""
    parser = subparsers.add_parser(
        "import",
        help="import market data into the catalog",
        description="Import market data into the catalog, wholly or not at all.",
    )
    formats = parser.add_subparsers(title="formats", metavar="FORMAT", required=True)

    lobster = _format(formats, "lobster", "a LOBSTER message file", one=True)
    lobster.add_argument(
        "--orderbook", type=Path, metavar="FILE", help="its orderbook file"
    )
    lobster.add_argument(
        "--date",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="trading day, where the file's name does not tell it",
    )
    lobster.set_defaults(
        importer=lambda parsed: LobsterImporter(parsed.orderbook, parsed.date)
    )

    dbn = _format(formats, "dbn", "Databento DBN files")
    dbn.set_defaults(importer=lambda _parsed: DbnImporter())

    binance = _format(formats, "binance", "raw Binance websocket recordings")
    binance.add_argument(
        "--market", choices=("spot", "usdm"), help="which rules hold; sniffed if absent"
    )
    binance.set_defaults(importer=lambda parsed: BinanceImporter(parsed.market))

    bybit = _format(formats, "bybit", "raw Bybit websocket recordings")
    bybit.set_defaults(importer=lambda _parsed: bybit_importer())

    hyperliquid = _format(formats, "hyperliquid", "raw Hyperliquid recordings")
    hyperliquid.set_defaults(importer=lambda _parsed: hyperliquid_importer())

    itch = _format(formats, "itch", "Nasdaq ITCH 5.0, raw or captured (pcap)")
    itch.add_argument("--date", type=date.fromisoformat, metavar="YYYY-MM-DD")
    itch.add_argument("--all", action="store_true", help="every instrument")
    itch.add_argument("--session", metavar="NAME", help="of MoldUDP64")
    itch.set_defaults(
        importer=lambda parsed: ItchImporter(
            parsed.date, every=parsed.all, session=parsed.session
        )
    )

    lean = _format(formats, "lean", "zips or folders of QuantConnect Lean's data")
    lean.add_argument("--as", dest="place", metavar="equity/usa/minute/spy")
    lean.add_argument("--time-zone", metavar="ZONE", help="clock of an unknown market")
    lean.set_defaults(
        importer=lambda parsed: LeanImporter(parsed.place, parsed.time_zone)
    )

    parquet = _format(formats, "parquet", "Parquet files with a mapping of columns")
    parquet.add_argument("--map", metavar="MAP", help="none for what was exported")
    parquet.set_defaults(
        importer=lambda parsed: parquet_importer(parsed.files, parsed.map)
    )

    auto = _format(formats, "auto", "files whose format is recognised; the default")
    add_recognise_arguments(auto)

    csv = _format(formats, "csv", "CSV files with a mapping of columns")
    csv.add_argument(
        "--map",
        required=True,
        metavar="MAP",
        help="a TOML file, or kind=trades,time=0:s,price=1,size=2 (docs/data.md)",
    )
    csv.set_defaults(importer=lambda parsed: CsvImporter.from_text(parsed.map))


def _format(
    formats: Any, name: str, sentence: str, *, one: bool = False
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = formats.add_parser(name, help=sentence)
    parser.add_argument("files", type=Path, nargs=1 if one else "+", metavar="FILE")
    parser.add_argument("--instrument", metavar="NAME", help="how to call it")
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="import what is sound and report the rest",
    )
    parser.set_defaults(func=run_import_command)
    return parser


def with_format(given: Sequence[str]) -> list[str]:
    """Complete ``import FILE`` to ``import auto FILE``."""
    at = list(given).index("import") + 1
    rest = given[at:]
    named = next((each for each in rest if not each.startswith("-")), None)
    is_help = any(each in ("-h", "--help") for each in rest[:1])
    if named is None or is_help or named in FORMATS:
        return list(given)
    return [*given[:at], "auto", *rest]


def add_book_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside book``."""
    parser = subparsers.add_parser(
        "book",
        help="write the depth of an imported instrument, a row after each event",
        description="Write the depth of a recording, a row after each event.",
    )
    parser.add_argument("name", metavar="NAME", help="instrument, or NAME@STREAM")
    parser.add_argument("--levels", type=int, default=10, help="levels a side (10)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".parquet or .csv"
    )
    parser.set_defaults(func=run_book_command)


def run_import_command(parsed: argparse.Namespace) -> int:
    """Import the files that were named, and say what was done."""
    importer: Importer = parsed.importer(parsed)
    compile_for(importer)
    files: Sequence[Path] = lean_paths(parsed.files)
    catalog = Catalog(parsed.settings.paths.data)
    shown = Shown(f"importing {files[0].name}")
    options = Options(parsed.instrument, parsed.skip_bad)
    try:
        report = run_import(importer, files, catalog, options, shown)
    finally:
        shown.end()
    for line in report_lines(report):
        print(line)
    print(f"the catalog is {catalog.root}")
    return 0


def run_book_command(parsed: argparse.Namespace) -> int:
    """Write the depth of a recording."""
    recording = Catalog(parsed.settings.paths.data).open(parsed.name)
    if recording.window is not None and recording.window < parsed.levels:
        print(
            f"{recording.name} shows {recording.window} levels a side; "
            "those beyond stay empty"
        )
    compile_first("app.engine.book")
    shown = Shown(f"writing {parsed.out.name}")
    try:
        rows = write_depth(recording, parsed.levels, parsed.out, shown)
    finally:
        shown.end()
    print(f"{parsed.out}: {rows:,} rows of {parsed.levels} levels a side")
    return 0


def compile_for(importer: Importer) -> None:
    """Compile the kernels of an importer that has some."""
    for unit in units_of(importer):
        compile_first(unit)


def units_of(importer: Importer) -> tuple[str, ...]:
    """Return the units that an importer needs compiled."""
    if isinstance(importer, LobsterImporter):
        return ("app.data.lobster_book",)
    return ("app.engine.itch_frames",) if isinstance(importer, ItchImporter) else ()


def compile_first(unit: str) -> None:
    """Compile what is not in the cache, and say so: it takes some seconds once."""

    def told(_unit: str, done: int, total: int) -> None:
        if total and not done:
            print("compiling, once …", file=sys.stderr, flush=True)

    build(told, (unit,))


class Shown:
    """Progress as one line that is written over; silent where nobody watches."""

    def __init__(self, title: str, clock: Clock | None = None) -> None:
        self._title = title
        self._clock = clock or SystemClock()
        self._last = 0
        self._width = 0

    def __call__(self, share: float, rows: int) -> None:
        """Show the share that is done and the rows so far."""
        now = self._clock.monotonic_ns()
        if sys.stderr.isatty() and now - self._last >= _EVERY_NS:
            self._last = now
            self._write(f"{self._title}: {share:4.0%}, {rows:,} rows")

    def end(self) -> None:
        """Clear the line."""
        if self._width:
            self._write("")

    def _write(self, text: str) -> None:
        print(f"\r{text:<{self._width}}\r{text}", end="", file=sys.stderr, flush=True)
        self._width = len(text)


def report_lines(report: Report) -> list[str]:
    """Say what an import did, a line each."""
    lines = [f"new instrument {each}" for each in report.created]
    lines += [_segment_line(each) for each in report.segments]
    lines += [f"replaced {each}" for each in report.replaced]
    lines += [f"note: {each}" for each in report.notes]
    if report.skipped:
        lines.append(f"left out {report.skipped:,} bad rows, the first of them:")
        lines += [f"  {each}" for each in report.problems]
    return lines


def _segment_line(meta: Meta) -> str:
    first, last = utc(meta.first_ts), utc(meta.last_ts)
    gaps = f", {meta.gaps} gaps" if meta.gaps else ""
    return (
        f"{meta.instrument} {meta.stream}: {meta.rows:,} records, "
        f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC{gaps}"
    )
