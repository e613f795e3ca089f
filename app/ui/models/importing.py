"""What an import dialog shows: what files are, their first rows, what must be asked."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from app.data.catalog import Catalog
from app.data.cli import units_of
from app.data.guess import Answers
from app.data.importing import Options, Progress, Report, run_import
from app.data.itch import ItchImporter
from app.data.lean import lean_paths
from app.data.lobster import LobsterImporter
from app.data.recognise import (
    Given,
    Preview,
    Recognised,
    TableHead,
    preview,
    recognise,
    table_head,
)
from app.engine.build import build
from app.errors import FileFormatError, RingsideError

KINDS: Final = ("bars", "trades", "quotes", "levels")
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "bars": ("time", "date", "open", "high", "low", "close", "volume", "symbol"),
    "trades": ("time", "date", "price", "size", "side", "received", "symbol"),
    "quotes": (
        *("time", "date", "bid_price", "bid_size", "ask_price", "ask_size"),
        *("received", "symbol"),
    ),
    "levels": (
        *("time", "date", "side", "price", "size", "is_snapshot", "received"),
        "symbol",
    ),
}
"""What a column may be, by the kind of table."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at a look at some files.

    Attributes
    ----------
    found : Recognised or None
    seen : Preview or None
        The first rows as they would be imported.
    problem : str
        Why there is no preview; "" where there is one.
    table : TableHead or None
        The rows as they stand, of a file of columns.
    """

    paths: tuple[Path, ...]
    found: Recognised | None = None
    seen: Preview | None = None
    problem: str = ""
    table: TableHead | None = None

    @property
    def can_import(self) -> bool:
        """Whether nothing is left to be asked."""
        return (
            self.found is not None
            and not self.found.questions
            and self.seen is not None
            and not self.problem
        )


def look(
    paths: Sequence[Path], root: Path, given: Given, *, skip_bad: bool = False
) -> Look:
    """Look at files; what is wrong with them is told, not raised."""
    files: tuple[Path, ...] = tuple(paths)
    found, table = None, None
    try:
        files = tuple(lean_paths(paths))
        if not files:
            return Look(files, problem="there are no files to import in it")
        catalog = Catalog(root)
        for each in (ItchImporter(), LobsterImporter()):
            if each.sniff(files[0]):
                build(units=units_of(each))
        given = with_orderbook(given, files[0])
        with suppress(FileFormatError):
            table = table_head(files[0])
        found = recognise(files, catalog, given)
        options = Options(given.table.instrument, skip_bad)
        seen = preview(found, files, catalog, options)
    except (RingsideError, OSError) as error:
        return Look(files, found, None, words_of(error, files), table)
    return Look(files, found, seen, "", table)


def bring(
    seen: Look, root: Path, given: Given, progress: Progress, *, skip_bad: bool
) -> Report:
    """Import what was looked at; errors are raised."""
    assert seen.found is not None
    name = given.table.instrument or seen.found.instrument
    options = Options(name, skip_bad)
    build(units=units_of(seen.found.importer))
    return run_import(seen.found.importer, seen.paths, Catalog(root), options, progress)


def with_orderbook(given: Given, path: Path) -> Given:
    """Add LOBSTER's second file where it lies beside the first."""
    beside = path.with_name(path.name.replace("_message_", "_orderbook_"))
    if given.orderbook is None and beside != path and beside.exists():
        return replace(given, orderbook=beside)
    return given


def words_of(error: Exception, paths: Sequence[Path]) -> str:
    """Say an error without the folders of the file it is about."""
    words = str(error)
    for each in paths:
        words = words.replace(str(each), each.name)
    if isinstance(error, FileFormatError) and "no format that is recognised" in words:
        return (
            f"{paths[0].name} is of no format that is recognised. If it is a table, "
            "say below what its columns are."
        )
    return words


def answered(given: Given, option: str, text: str) -> Given:
    """Take the answer to a question; an empty one withdraws it.

    Raises
    ------
    ValueError
        If it is no answer, in words.
    """
    name = option.removeprefix("--").replace("-", "_")
    if name == "date":
        if not text:
            return replace(given, day=None)
        try:
            return replace(given, day=date.fromisoformat(text))
        except ValueError:
            raise ValueError(f"a date reads like 2019-07-30, not {text}") from None
    if name == "instrument" and text == "--all":
        return replace(given, every=True)
    changed: dict[str, Any] = {name: text or None}
    return replace(given, every=False, table=replace(given.table, **changed))


def with_columns(given: Given, kind: str, columns: dict[str, str]) -> Given:
    """Take what a user has said of a table's columns: ours to the file's."""
    table: Answers = replace(given.table, kind=kind, columns=dict(columns))
    return replace(given, table=table)


def missing_roles(kind: str, columns: dict[str, str]) -> list[str]:
    """Return the columns that a kind needs and that are not said yet."""
    optional = {"date", "volume", "symbol", "side", "received", "bid_size", "ask_size"}
    optional.add("is_snapshot")
    if kind == "levels":
        optional.remove("side")
    return [
        each for each in ROLES[kind] if each not in optional and each not in columns
    ]
