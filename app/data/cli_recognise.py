"""``ringside import FILE``: the format is recognised, what is missing is asked.

It says what the file is and why, shows the first ten rows as they would be imported,
with their time zone and the stamp of bars, and asks what no file can tell. Where nobody
can be asked, it names the options that answer.
"""

# ruff: noqa: T201 - a command prints

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from app.data.catalog import Catalog
from app.data.guess import Answers, Question
from app.data.importing import Options
from app.data.itch import ItchImporter
from app.data.lean import lean_paths
from app.data.lobster import LobsterImporter
from app.data.recognise import Given, Recognised, preview, recognise
from app.errors import FileFormatError

_ANSWERS = ("time_zone", "time_format", "stamped", "interval", "assumed_size")


def add_recognise_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be said of a file of any format."""
    table = parser.add_argument_group("of files of columns (CSV, Parquet)")
    table.add_argument("--map", metavar="MAP", help="a whole mapping (docs/data.md)")
    table.add_argument("--time-zone", metavar="ZONE", help="of times without an offset")
    table.add_argument("--time-format", metavar="FORM", help="s, ms, us, ns, iso, %%Y…")
    table.add_argument(
        "--stamped", choices=("open", "close"), help="where bars are stamped"
    )
    table.add_argument("--interval", metavar="1m", help="how long a bar is")
    table.add_argument("--assumed-size", metavar="SIZE", help="of quotes without one")
    itch = parser.add_argument_group("of ITCH and LOBSTER files")
    itch.add_argument(
        "--date", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the trading day"
    )
    itch.add_argument("--all", action="store_true", help="every instrument")
    itch.add_argument("--session", metavar="NAME", help="of MoldUDP64")
    itch.add_argument(
        "--orderbook", type=Path, metavar="FILE", help="LOBSTER's second file"
    )
    other = parser.add_argument_group("of other files")
    other.add_argument("--market", choices=("spot", "usdm"), help="of Binance")
    other.add_argument(
        "--as", dest="place", metavar="PLACE", help="of Lean: equity/usa/minute/spy"
    )
    parser.set_defaults(func=run_recognise_command)


def run_recognise_command(parsed: argparse.Namespace) -> int:
    """Recognise, show, ask, import."""
    from app.data.cli import run_import_command

    files: Sequence[Path] = lean_paths(parsed.files)
    catalog = Catalog(parsed.settings.paths.data)
    found, given = _settled(files, catalog, parsed)
    parsed.files = files
    parsed.instrument = given.table.instrument or found.instrument
    parsed.importer = lambda _parsed: found.importer
    return run_import_command(parsed)


def _settled(
    files: Sequence[Path], catalog: Catalog, parsed: argparse.Namespace
) -> tuple[Recognised, Given]:
    """Return what the files are when nothing is left to be asked."""
    if not files:
        raise FileFormatError(parsed.files[0], "holds no files to import")
    from app.data.cli import compile_for

    for each in (ItchImporter(), LobsterImporter()):
        if each.sniff(files[0]):
            compile_for(each)
    given = _given(parsed)
    options = Options(given.table.instrument, parsed.skip_bad)
    found = recognise(files, catalog, given)
    _show(found, files, catalog, options)
    while found.questions:
        if not sys.stdin.isatty():
            missing = " ".join(each.option for each in found.questions)
            raise FileFormatError(files[0], f"more must be said of it: {missing}")
        given = _answered(given, _asked(found.questions[0]))
        found = recognise(files, catalog, given)
        if not found.questions:
            _show(
                found, files, catalog, Options(given.table.instrument, parsed.skip_bad)
            )
    return found, given


def _given(parsed: argparse.Namespace) -> Given:
    told = {name: getattr(parsed, name) for name in _ANSWERS}
    return Given(
        table=Answers(instrument=parsed.instrument, **told),
        mapping=parsed.map,
        day=parsed.date,
        every=parsed.all,
        session=parsed.session,
        place=parsed.place,
        market=parsed.market,
        orderbook=parsed.orderbook,
    )


def _show(
    found: Recognised, files: Sequence[Path], catalog: Catalog, options: Options
) -> None:
    """Say what a file is, and the first rows as they would be imported."""
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    print(f"{files[0].name}{more}: {found.title}")
    for reason in found.reasons:
        print(f"  {reason}")
    for assumed in found.assumed:
        print(f"  assumed: {assumed}")
    seen = preview(found, files, catalog, options)
    print(f"the first rows of {seen.target.instrument.name} {seen.target.stream}:")
    lines = seen.lines()
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())
    for question in found.questions:
        choices = f" ({', '.join(question.choices[:6])} …)" if question.choices else ""
        print(f"not known: {question.text}{choices}: {question.option}")


def _asked(question: Question) -> tuple[str, str]:
    choices = f" [{'/'.join(question.choices[:6])}]" if question.choices else ""
    answer = ""
    while not answer:
        answer = input(f"{question.text}{choices}: ").strip()
    return question.option, answer


def _answered(given: Given, said: tuple[str, str]) -> Given:
    """Take an answer; one that cannot be is asked again by the next look."""
    option, answer = said
    name = option.removeprefix("--").replace("-", "_")
    if name == "date":
        try:
            return replace(given, day=date.fromisoformat(answer))
        except ValueError:
            print(f"a date reads like 2019-07-30, not {answer}")
            return given
    if name == "instrument" and answer == "--all":
        return replace(given, every=True)
    changed: dict[str, Any] = {name: answer}
    return replace(given, table=replace(given.table, **changed))
