"""The command `ringside sample`."""

import argparse
from typing import TYPE_CHECKING

from app.data.catalog import Catalog
from app.data.cli import Shown, report_lines
from app.data.sample import SYMBOLS, YEAR, SampleImporter, made_up, make_sample

if TYPE_CHECKING:
    # argparse gives the type of its sub-commands no public name.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001


def add_sample_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside sample``."""
    parser = subparsers.add_parser(
        "sample",
        help="make up a year of bars, to try things on without data",
        description="Make up a year of minute and daily bars and import them: a random "
        "walk with regimes, labelled as made up. Recordings are never replaced.",
    )
    parser.add_argument("--seed", type=int, default=1, help="another history (1)")
    parser.add_argument(
        "--symbols",
        default=",".join(SYMBOLS),
        metavar="A,B",
        help=f"stocks to make ({','.join(SYMBOLS)})",
    )
    parser.add_argument("--year", type=int, default=YEAR, help=f"({YEAR})")
    parser.add_argument(
        "--remove", action="store_true", help="delete all that was made up, and end"
    )
    parser.set_defaults(func=run_sample_command)


def run_sample_command(parsed: argparse.Namespace) -> int:
    """Make sample data, or take them out again."""
    catalog = Catalog(parsed.settings.paths.data)
    if parsed.remove:
        return _remove(catalog)
    symbols = [each.strip() for each in parsed.symbols.split(",")]
    importer = SampleImporter(symbols, parsed.seed, parsed.year)
    shown = Shown("making up")
    try:
        report = make_sample(catalog, importer, shown)
    finally:
        shown.end()
    for line in report_lines(report):
        print(line)
    print(f"the catalog is {catalog.root}; ringside sample --remove takes it out again")
    return 0


def _remove(catalog: Catalog) -> int:
    found = list(made_up(catalog))
    for name, stream in found:
        catalog.delete(name, stream)
        print(f"deleted {name}@{stream}")
    if not found:
        print(f"nothing in {catalog.root} was made up")
    return 0
