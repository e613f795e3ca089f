"""The commands `ringside data` and `ringside export`."""

# ruff: noqa: T201 - a command prints

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.clock import utc
from app.data.catalog import Catalog
from app.data.cli import Shown
from app.data.export import write_export
from app.data.listing import Entry, bytes_text, entries
from app.data.sql import Rows, query, texts_of, write_rows
from app.errors import CatalogError

if TYPE_CHECKING:
    from app.data.cli import Subparsers

_SHOWN_ROWS = 40


def add_data_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside data``."""
    parser = subparsers.add_parser(
        "data",
        help="list, check, delete and query what was imported",
        description="List what the catalog holds; without a command: all of it.",
    )
    parser.set_defaults(func=run_list_command)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    delete = commands.add_parser("delete", help="delete recordings")
    delete.add_argument("name", metavar="NAME", help="instrument, or NAME@STREAM")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(func=run_delete_command)
    verify = commands.add_parser("verify", help="compare every column's checksum")
    verify.add_argument("name", metavar="NAME", nargs="?", help="all by default")
    verify.set_defaults(func=run_verify_command)
    sql = commands.add_parser(
        "sql",
        help="query the recordings",
        description="Run SQL over the catalog: a view per stream, AMZN@orders in "
        "quotes or amzn_orders without; the view catalog lists them.",
    )
    sql.add_argument("query", metavar="QUERY")
    sql.add_argument("--out", type=Path, metavar="FILE", help=".csv or .parquet")
    sql.add_argument(
        "--rows", type=int, default=_SHOWN_ROWS, help="most rows to show (40)"
    )
    sql.set_defaults(func=run_sql_command)


def add_export_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside export``."""
    parser = subparsers.add_parser(
        "export",
        help="write a recording to Parquet or CSV",
        description="Write a recording's records, exactly, to Parquet or CSV.",
    )
    parser.add_argument("name", metavar="NAME", help="instrument, or NAME@STREAM")
    parser.add_argument("--stream", help="which of its streams; the richest by default")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".parquet or .csv"
    )
    parser.set_defaults(func=run_export_command)


def run_list_command(parsed: argparse.Namespace) -> int:
    """List what the catalog holds."""
    catalog = Catalog(parsed.settings.paths.data)
    listed = entries(catalog)
    if not listed:
        hint = "ringside import FILE, or ringside sample"
        print(f"the catalog {catalog.root} is empty: {hint}")
        return 0
    head = ("instrument", "kind", "stream", "from (UTC)", "to", "rows", "gaps", "size")
    rows = [_line(each) for each in listed]
    for line in aligned(head, rows, right=(5, 6, 7)):
        print(line)
    total = sum(each.size for each in listed)
    print(f"{len(listed)} streams, {bytes_text(total)}, in {catalog.root}")
    for each in listed:
        if each.damage:
            print(f"damaged: {each.name}: {each.damage}")
    return 0


def run_delete_command(parsed: argparse.Namespace) -> int:
    """Delete an instrument's recordings, or one stream of them."""
    catalog = Catalog(parsed.settings.paths.data)
    name, stream = _named(catalog, parsed.name)
    doomed = [
        each
        for each in entries(catalog)
        if each.instrument == name and stream in (None, each.stream)
    ]
    if not doomed:
        catalog.open(name, stream)  # says what is known instead
    told = ", ".join(f"{each.name} ({each.rows:,} rows)" for each in doomed)
    if not parsed.yes and not _confirmed(f"delete {told}?"):
        print("nothing was deleted")
        return 1
    catalog.delete(name, stream)
    print(f"deleted {told}")
    return 0


def run_verify_command(parsed: argparse.Namespace) -> int:
    """Compare the checksums of recordings."""
    catalog = Catalog(parsed.settings.paths.data)
    wanted = None if parsed.name is None else _named(catalog, parsed.name)
    if wanted is not None:
        catalog.open(*wanted)
    damaged = 0
    for each in entries(catalog):
        if wanted is not None and not _is_named(each, *wanted):
            continue
        try:
            catalog.open(each.instrument, each.stream).verify()
            print(f"{each.name}: sound")
        except CatalogError as error:
            damaged += 1
            print(f"{each.name}: {error}")
    return 2 if damaged else 0


def run_sql_command(parsed: argparse.Namespace) -> int:
    """Run a query and print its first rows, or write all of them."""
    if parsed.out is not None and parsed.out.suffix not in (".csv", ".parquet"):
        raise CatalogError(f"{parsed.out} must end with .parquet or .csv")
    rows = query(Catalog(parsed.settings.paths.data), parsed.query)
    try:
        if parsed.out is None:
            _print(rows, parsed.rows)
        else:
            count = write_rows(rows, parsed.out)
            print(f"{parsed.out}: {count:,} rows")
    finally:
        rows.close()
    return 0


def run_export_command(parsed: argparse.Namespace) -> int:
    """Write a recording to a file."""
    recording = Catalog(parsed.settings.paths.data).open(parsed.name, parsed.stream)
    shown = Shown(f"writing {parsed.out.name}")
    try:
        rows = write_export(recording, parsed.out, shown)
    finally:
        shown.end()
    print(f"{parsed.out}: {rows:,} rows of {recording.name}@{recording.stream}")
    return 0


def aligned(
    head: tuple[str, ...], rows: list[tuple[str, ...]], right: tuple[int, ...] = ()
) -> list[str]:
    """Lay rows out in columns of equal width."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if index in right else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def _line(entry: Entry) -> tuple[str, ...]:
    first, last = (
        f"{utc(ts):%Y-%m-%d %H:%M}" for ts in (entry.first_ts, entry.last_ts)
    )
    counts = (f"{entry.rows:,}", f"{entry.gaps:,}" if entry.gaps else "")
    names = (entry.instrument, entry.kind, entry.stream)
    return (*names, first, last, *counts, bytes_text(entry.size))


def _named(catalog: Catalog, text: str) -> tuple[str, str | None]:
    """Split NAME@STREAM; a name may hold an @ of its own."""
    if text in catalog.names() or "@" not in text:
        return text, None
    name, _, stream = text.rpartition("@")
    return name, stream


def _is_named(entry: Entry, name: str, stream: str | None) -> bool:
    return entry.instrument == name and stream in (None, entry.stream)


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise CatalogError(f"{question} say --yes where nobody can be asked")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _print(rows: Rows, most: int) -> None:
    shown: list[tuple[str, ...]] = []
    is_cut = False
    for batch in rows.batches():
        texts = [texts_of(column) for column in batch.columns]
        for row in zip(*texts, strict=True):
            if len(shown) == most:
                is_cut = True
                break
            shown.append(row)
        if is_cut:
            break
    for line in aligned(tuple(rows.names), shown):
        print(line)
    count = f"{len(shown):,} row{'s' * (len(shown) != 1)}"
    print(f"the first {count}: --rows or --out give more" if is_cut else count)
