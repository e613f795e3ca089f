"""Which format a file has, why, and what must still be asked.

For `ringside import FILE`, and for a file that is dropped on the window.

`recognise` looks at magic bytes, then at the place and name, then at columns. What it
returns has an importer that can run as soon as no question is left; `preview` shows the
first records that the importer would make, without importing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.data.binance import BinanceImporter
from app.data.bybit import bybit_importer
from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.csv_file import CsvImporter
from app.data.csv_map import CsvMap
from app.data.csv_tidy import undressed
from app.data.dbn import DbnImporter
from app.data.export import HEADER
from app.data.guess import Answers, Guess, Question, guess
from app.data.hyperliquid import hyperliquid_importer
from app.data.importing import Import, Importer, Options
from app.data.instrument_master import InstrumentMaster
from app.data.itch import ItchImporter, begins_of, begins_with_messages
from app.data.lean import LeanImporter
from app.data.lobster import LobsterImporter
from app.data.parquet_file import (
    MAGIC,
    ExportImporter,
    ParquetImporter,
    columns_and_rows,
)
from app.data.pcap import is_capture
from app.data.preview_lines import count_of, first_of, lines_of
from app.data.source import Source
from app.data.text_columns import fields_of
from app.errors import FileFormatError

PREVIEW_ROWS: Final = 10
_HEAD_BYTES: Final = 1 << 16
_GUESSED_ROWS: Final = 200
_SOME_DAY: Final = date(2000, 1, 3)
_JSON: Final = re.compile(rb"\s*(\d{12,20} )?\s*\{")
"""How a line with a message begins: with it, or with a local time before."""
_DELIMITERS: Final = ("\t", ";", "|", ",", " ")
"""The comma comes late: with the others it may stand in numbers."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a user has said beforehand; each is an option of ``ringside import``.

    Attributes
    ----------
    table : Answers
        Of files of columns.
    mapping : str or None
        A whole mapping of columns, instead of a guess.
    day : date or None
        Trading day of ITCH and LOBSTER files.
    every : bool
        All instruments of an ITCH file.
    session : str or None
        Session of MoldUDP64.
    place : str or None
        Place in a Lean data folder.
    market : "spot", "usdm" or None
        Which rules hold, of a Binance recording.
    orderbook : Path or None
        LOBSTER's second file.
    """

    table: Answers = field(default_factory=Answers)
    mapping: str | None = None
    day: date | None = None
    every: bool = False
    session: str | None = None
    place: str | None = None
    market: Literal["spot", "usdm"] | None = None
    orderbook: Path | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file was found to be.

    Attributes
    ----------
    title : str
        The format, for people.
    importer : Importer
        Reads it; where questions are left, for a preview only.
    reasons, assumed : tuple of str
        What tells it; what was taken for granted.
    questions : tuple of Question
        What must be answered before it can be imported.
    is_bars : bool
        Whether it holds bars, whose stamp matters.
    instrument : str or None
        The instrument that is meant, where the file does not name it itself.
    mapping : CsvMap or None
        Of files of columns: what each is taken for.
    """

    title: str
    importer: Importer
    reasons: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    is_bars: bool = False
    instrument: str | None = None
    mapping: CsvMap | None = None


@dataclass(frozen=True, slots=True)
class TableHead:
    """The beginning of a file of columns, as it stands there.

    Attributes
    ----------
    names : list of str
        Of the header; numbers from 0 where there is none.
    rows : list of lists of str
    delimiter : str
    has_header : bool
    skipped : int
        Lines before the header.
    time_type : str or None
        Zone of a column that is typed as time (Parquet), "" where it has none.
    """

    names: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    has_header: bool = True
    skipped: int = 0
    time_type: str | None = None


def recognise(
    paths: Sequence[Path], catalog: Catalog, given: Given | None = None
) -> Recognised:
    """Find out what files are, by the first of them.

    Raises
    ------
    FileFormatError
        If it is of no known format; the message says how to tell what it is.
    """
    given = given or Given()
    path = paths[0]
    head = _head(path)
    found = _by_magic(path, head, given) or _by_place(path, given)
    found = found or _by_table(paths, head, catalog, given)
    if found is not None:
        return found
    messages = path.name.replace("_orderbook_", "_message_")
    if messages != path.name and LobsterImporter().sniff(path.with_name(messages)):
        rule = (
            "is LOBSTER's order book: import its messages, with --orderbook this file"
        )
        raise FileFormatError(path, rule)
    raise FileFormatError(
        path,
        "is of no format that is recognised (ITCH, DBN, Parquet, Lean, LOBSTER, "
        "Binance, Bybit, Hyperliquid, CSV with a header); name it: "
        "ringside import FORMAT …, "
        "or for columns --map",
    )


def _head(path: Path) -> bytes:
    source = Source(path)
    try:
        head = next(source.blocks(_HEAD_BYTES), b"")
    finally:
        source.close()
    if not head and source.damage is None:
        raise FileFormatError(path, "is empty")
    return head


def _by_magic(path: Path, head: bytes, given: Given) -> Recognised | None:
    if is_capture(head):
        why = "it begins as a capture of network traffic does (pcap)"
        return _itch(path, "Nasdaq ITCH 5.0 in MoldUDP64", why, given)
    if head.startswith(b"DBN"):
        return Recognised("Databento DBN", DbnImporter(), ("it begins with DBN",))
    if head.startswith(MAGIC):
        if ExportImporter().sniff(path):
            why = "it is Parquet that ringside export wrote"
            return Recognised("export of Ringside", ExportImporter(), (why,))
        return None
    if begins_with_messages(head):
        why = "it begins with whole ITCH messages, each with its length"
        return _itch(path, "Nasdaq ITCH 5.0", why, given)
    return _by_lines(path, head, given)


def _by_lines(path: Path, head: bytes, given: Given) -> Recognised | None:
    """Tell whose messages lines of JSON are."""
    if not _JSON.match(head):
        return None
    importers: tuple[tuple[str, Importer], ...] = (
        ("Binance", BinanceImporter(given.market)),
        ("Bybit", bybit_importer()),
        ("Hyperliquid", hyperliquid_importer()),
    )
    for title, importer in importers:
        if importer.sniff(path):
            return Recognised(f"{title} recording", importer, ("its lines are such",))
    names = ", ".join(title for title, _ in importers)
    rule = f"holds JSON messages of none of the exchanges that are read ({names})"
    raise FileFormatError(path, rule)


def _itch(path: Path, title: str, why: str, given: Given) -> Recognised:
    """Ask for the day and for which of several instruments, where neither is told."""
    day, stocks = begins_of(path)
    questions: list[Question] = []
    if given.day is None and day is None:
        questions.append(Question("--date", "the trading day, as 2019-07-30"))
    if not given.every and given.table.instrument is None and len(stocks) > 1:
        some = ", ".join(stocks[:5])
        text = f"which of its instruments ({some} …), or --all"
        questions.append(Question("--instrument", text, tuple(stocks)))
    # For a first look any day will do.
    first = given.day or day or _SOME_DAY
    every = given.every or any(each.option == "--instrument" for each in questions)
    importer = ItchImporter(first, every=every, session=given.session)
    return Recognised(title, importer, (why,), questions=tuple(questions))


def _by_place(path: Path, given: Given) -> Recognised | None:
    lean = LeanImporter(given.place, given.table.time_zone)
    if given.place is not None or lean.sniff(path):
        why = "it lies in a Lean data folder"
        told = "it was said to be of " + given.place if given.place else why
        return Recognised("QuantConnect Lean", lean, (told,))
    lobster = LobsterImporter(given.orderbook, given.day)
    if lobster.sniff(path):
        return Recognised("LOBSTER", lobster, ("its name is one of a message file",))
    return None


def _by_table(
    paths: Sequence[Path], head: bytes, catalog: Catalog, given: Given
) -> Recognised | None:
    path, is_parquet = paths[0], head.startswith(MAGIC)
    title = "Parquet" if is_parquet else "CSV"
    if given.mapping is not None:
        mapping = CsvMap.from_text(given.mapping)
        return Recognised(
            title,
            _mapped(paths, mapping, is_parquet=is_parquet),
            ("its mapping was given",),
            is_bars=mapping.kind == "bars",
            instrument=given.table.instrument or mapping.instrument,
        )
    table = _table_of(path, head)
    if table is None:
        return None
    names = table.names
    if tuple(names[: len(HEADER)]) == HEADER:
        rule = "was exported as CSV; exports are read back as Parquet, this with --map"
        raise FileFormatError(path, rule)
    master = InstrumentMaster.beside(catalog.root)
    typed = table.time_type
    made = guess(path, names, table.rows, given.table, master, typed_time=typed)
    if made is None:
        return None
    made.fields |= {
        "delimiter": table.delimiter,
        "header": table.has_header,
        "skip_lines": table.skipped,
    }
    return _guessed(title, made, paths, is_parquet=is_parquet)


def _guessed(
    title: str, made: Guess, paths: Sequence[Path], *, is_parquet: bool
) -> Recognised:
    mapping = made.mapping()
    return Recognised(
        f"{title}: {made.kind}",
        _mapped(paths, mapping, is_parquet=is_parquet),
        tuple(made.reasons),
        tuple(made.assumed),
        tuple(made.questions),
        is_bars=made.kind == "bars",
        instrument=made.fields.get("instrument"),
        mapping=mapping,
    )


def _mapped(paths: Sequence[Path], mapping: CsvMap, *, is_parquet: bool) -> Importer:
    if is_parquet:
        return ParquetImporter.for_files(mapping, paths)
    return CsvImporter(mapping)


def table_head(path: Path) -> TableHead | None:
    """Return the beginning of a file of columns; None where it is none."""
    return _table_of(path, _head(path))


def _table_of(path: Path, head: bytes) -> TableHead | None:
    if head.startswith(MAGIC):
        names, rows, typed = columns_and_rows(path, _GUESSED_ROWS)
        return TableHead(names, rows, time_type=typed) if names else None
    return _table(head)


def _table(head: bytes) -> TableHead | None:
    """Split the first lines of text into a header, where it has one, and rows."""
    if b"\x00" in head:
        return None
    lines = head.decode("utf-8-sig", "replace").splitlines()
    if len(head) >= _HEAD_BYTES:
        lines = lines[:-1]
    lines = lines[: _GUESSED_ROWS + 1]
    for delimiter in _DELIMITERS:
        split = [[each.strip() for each in fields_of(x, delimiter)] for x in lines]
        widths = Counter(len(row) for row, x in zip(split, lines, strict=True) if x)
        width = max(widths, key=lambda each: (widths[each], each), default=0)
        if width < 3:
            continue
        first = next(i for i, row in enumerate(split) if len(row) == width)
        rows = [row for row in split[first:] if len(row) == width]
        # A row may be damaged; a table has most of one width.
        if len(rows) * 10 < sum(map(bool, lines[first:])) * 8:
            continue
        is_header = not any(_is_number(each) for each in rows[0])
        names = rows[0] if is_header else [str(i) for i in range(width)]
        rows = rows[1:] if is_header else rows
        if rows and any(undressed(each) is not None for each in rows[0]):
            return TableHead(names, rows, delimiter, is_header, first)
    return None


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


# Looking at what would be imported.


@dataclass(frozen=True, slots=True)
class Preview:
    """The first records that an import would make.

    Attributes
    ----------
    target : Target
        The stream they are of, with instrument and time zone.
    records : (n,) MARKET
    """

    target: Target
    records: NDArray[np.void]

    def lines(self) -> list[tuple[str, ...]]:
        """Say them in words: a header, then a line each."""
        return lines_of(self.target, self.records)


class _Enough(Exception):  # noqa: N818 - no error: it ends the reading
    """Ends the reading of a preview."""


class _Look(Import):
    """An import that keeps the first records and stores nothing."""

    def __init__(
        self, catalog: Catalog, paths: Sequence[Path], options: Options
    ) -> None:
        master = InstrumentMaster.beside(catalog.root)
        job = ImportJob(catalog, "preview", paths)
        super().__init__(job, master, options, lambda _share, _rows: None)
        self.seen: Preview | None = None

    def emit(self, target: Target, records: NDArray[np.void]) -> None:
        """Keep the records of the first stream until there are enough."""
        if not len(records):
            return
        if self.seen is None:
            self.seen = Preview(target, records[:0])
        if target is self.seen.target:
            more = first_of(target, records, PREVIEW_ROWS)
            joined = np.concatenate([self.seen.records, more])
            kept = first_of(target, joined, PREVIEW_ROWS)
            self.seen = replace(self.seen, records=kept)
        if count_of(self.seen.target, self.seen.records) == PREVIEW_ROWS:
            raise _Enough


def preview(
    found: Recognised, paths: Sequence[Path], catalog: Catalog, options: Options
) -> Preview:
    """Return the first records that an import would make; nothing is stored.

    Raises
    ------
    FileFormatError
        If the files break their format before there are any.
    """
    name = options.instrument or found.instrument
    run = _Look(catalog, paths, replace(options, instrument=name))
    with suppress(_Enough):
        found.importer.read(paths, run)
    if run.seen is None:
        raise FileFormatError(paths[0], "there is nothing to import in it")
    return run.seen
