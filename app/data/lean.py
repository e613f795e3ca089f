"""QuantConnect Lean's data folder: ticks, seconds, minutes, hours and days.

Zips of a folder as Lean lays it out (app/data/lean_files.py), of stocks, FX, crypto and
futures; each contract of a future becomes an instrument. Prices stay as they were
traded: the splits and dividends of factor files beside the data, and earlier names of
map files, are stored apart (app/data/corporate_actions.py).

QuantConnect, Lean, Data/*/readme.md (2026).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from app.data.catalog_writer import Target
from app.data.corporate_actions import (
    CorporateActions,
    read_factor_file,
    read_map_file,
    save_actions,
)
from app.data.importing import Grid, Import, Sketch
from app.data.lean_files import LeanFile, Zip, contract, is_lean_path, lean_file
from app.data.lean_rows import (
    PRICE_COLUMNS,
    PRICE_DIGITS,
    SIZE_COLUMNS,
    SIZE_DIGITS,
    RowReader,
    columns_of,
)
from app.data.text_columns import Issues, Table, read_table, scaled
from app.errors import FileFormatError
from app.instrument import Hours, PriceUnits

_FX_SIZE: Final = 1_000_000
"""Assumed size of FX quotes, which come without: a million of the first currency."""
_CURRENCIES: Final = ("USDT", "USDC", "BUSD", "USD", "EUR", "GBP", "JPY", "BTC", "ETH")
_VENUES: Final = {"cme": "XCME", "comex": "XCEC", "cbot": "XCBT", "nymex": "XNYM"}
_BASES: Final = {"trades": "trades", "quotes": "top", "bars": "bars"}


class LeanImporter:
    """Reads zips of a Lean data folder.

    Parameters
    ----------
    told : str, optional
        ``TYPE/MARKET/RESOLUTION/SYMBOL`` of files that lie elsewhere.
    zone : str, optional
        Clock of a market that is not known.
    """

    name = "lean"

    def __init__(self, told: str | None = None, zone: str | None = None) -> None:
        self._told = told
        self._zone = zone

    def sniff(self, path: Path) -> bool:
        """Tell whether a file lies in a Lean data folder."""
        return path.suffix.lower() == ".zip" and is_lean_path(path)

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read zips, those of one symbol in the order of their days."""
        files = [lean_file(each, self._told, self._zone) for each in paths]
        files.sort(key=_order)
        streams = _Streams(files, run)
        for number, file in enumerate(files):
            issues = run.issues(file.path)
            for share, member, table in _tables(file, issues):
                streams.take(file, member, table)
                run.progress((number + share) / len(files))
        streams.end()
        _store_actions(files, streams.names, run)


def lean_paths(paths: Iterable[Path]) -> list[Path]:
    """Replace folders by the zips below them."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.zip")) if path.is_dir() else [path]
    return found


def _order(file: LeanFile) -> tuple[str, ...]:
    place = (file.security, file.market, file.symbol, file.resolution, file.what)
    return (*place, str(file.day or ""))


def _tables(file: LeanFile, issues: Issues) -> Iterator[tuple[float, str, Table]]:
    """Yield the share of a zip that was read, the member, and rows as text."""
    archive = Zip(file.path)
    try:
        for member in archive.members:
            names: tuple[str, ...] | None = None
            row = 1
            for share, block in archive.line_blocks(member):
                names = names or _names(file, member, block)
                yield share, member, read_table(block, names, issues, row)
                row += block.count(b"\n")
            if archive.damage is not None:
                issues.report(archive.damage)
    finally:
        archive.close()


def _names(file: LeanFile, member: str, block: bytes) -> tuple[str, ...]:
    """Return the names of the columns that a member's first line has."""
    width = block.split(b"\n", 1)[0].count(b",") + 1
    names = columns_of(file, width)
    if names is None:
        rule = f"{member}: {width} columns are no {file.what or 'bars'}"
        raise FileFormatError(file.path, f"{rule} of {file.security} {file.resolution}")
    return names


@dataclass(slots=True)
class _Stream:
    """One instrument's rows of one kind, and what they become."""

    reader: RowReader
    targets: dict[str, Target]


class _Streams:
    """The instruments of an import."""

    def __init__(self, files: Sequence[LeanFile], run: Import) -> None:
        self.names: dict[tuple[str, str], str] = {}
        """Name of the instrument by security type and symbol."""
        self._files = files
        self._run = run
        self._streams: dict[tuple[str, str, str], _Stream] = {}
        self._is_one = len({(each.security, each.symbol) for each in files}) == 1

    def take(self, file: LeanFile, member: str, table: Table) -> None:
        """Hand over what a table tells."""
        name = self._named(file, member)
        key = name, file.resolution, "volume" if "volume" in table.names else file.what
        if key not in self._streams:
            self._streams[key] = self._opened(name, file, member)
        stream = self._streams[key]
        for kind, records in stream.reader.take(table, file).items():
            if kind not in stream.targets:
                instrument = self._run.instrument(
                    name, lambda: self._sketch(file, member)
                )
                basis = _BASES.get(kind.partition("-")[0], kind)
                stream.targets[kind] = Target(
                    instrument,
                    kind,
                    basis,
                    time_zone=file.zone,
                    by_year=file.resolution != "tick",
                )
            self._run.emit(stream.targets[kind], records)

    def end(self) -> None:
        """Say what is to be known of each stream."""
        for (name, _, _), stream in self._streams.items():
            for note in stream.reader.notes():
                for target in stream.targets.values():
                    target.notes.append(note)
                self._run.notes.append(f"{name}: {note}")

    def _named(self, file: LeanFile, member: str) -> str:
        told = self._run.options.instrument
        name = contract(file, member)
        if told is not None:
            if not self._is_one or file.security == "future":
                rule = (
                    "several instruments cannot have one name: leave --instrument out"
                )
                raise FileFormatError(file.path, rule)
            name = told
        if file.security != "future":
            self.names[file.security, file.symbol] = name
        return name

    def _opened(self, name: str, file: LeanFile, member: str) -> _Stream:
        instrument = self._run.instrument(name, lambda: self._sketch(file, member))
        has_sizes = file.security != "forex"
        assumed = 0 if has_sizes else int(instrument.quantity_units(_FX_SIZE))
        reader = RowReader(instrument, file, assumed)
        if not has_sizes:
            self._run.notes.append(
                f"{name}: quotes tell no size: {_FX_SIZE:,} is assumed"
            )
        return _Stream(reader, {})

    def _sketch(self, file: LeanFile, member: str) -> Sketch:
        """Read all files of an instrument for how fine its numbers are."""
        if file.security == "equity":
            return _stock(file)
        prices, sizes = Grid(PRICE_DIGITS), Grid(SIZE_DIGITS)
        name = contract(file, member)
        for each in self._files:
            if (each.security, each.symbol) != (file.security, file.symbol):
                continue
            quiet = Issues(each.path, skip_bad=True)
            for _, inner, table in _tables(each, quiet):
                if contract(each, inner) == name:
                    _measure(table, prices, sizes)
        kind, symbol = file.kind, file.symbol.upper()
        more: dict[str, Any] = {"max_price": PriceUnits(prices.bound)}
        unit = Decimal(1)
        if file.security == "forex":
            currency = symbol[3:6]
            more |= {
                "time_zone": "America/New_York",
                "extended_hours": Hours.parse("17:00-17:00"),
            }
        elif file.security == "future":
            currency = "USD"
        else:
            currency = next((c for c in _CURRENCIES if symbol.endswith(c)), "USD")
            unit = Decimal("0.00000001")
        return Sketch(
            kind=kind,
            venue=_VENUES.get(file.market, file.market.upper()),
            currency=currency,
            price_unit=prices.unit(),
            price_step=prices.step,
            quantity_unit=unit,
            more=more,
        )


def _measure(table: Table, prices: Grid, sizes: Grid) -> None:
    for name in table.names:
        if name in PRICE_COLUMNS:
            values, bad = scaled(table.column(name), PRICE_DIGITS)
            prices.add(values[~bad])
        elif name in SIZE_COLUMNS:
            values, bad = scaled(table.column(name), SIZE_DIGITS)
            sizes.add(values[~bad])


def _stock(file: LeanFile) -> Sketch:
    is_us = file.market == "usa"
    return Sketch(
        kind=file.kind,
        venue="US" if is_us else file.market.upper(),
        currency="USD" if is_us else "INR",
        price_unit=Decimal("0.0001"),
        price_step=100,
        more={
            "calendar": "XNYS",
            "time_zone": file.zone,
            "regular_hours": Hours.parse("09:30-16:00"),
            "extended_hours": Hours.parse("04:00-20:00"),
        }
        if is_us
        else {"time_zone": file.zone},
    )


def _store_actions(
    files: Sequence[LeanFile], names: dict[tuple[str, str], str], run: Import
) -> None:
    """Store the splits, dividends and earlier names of the stocks of an import."""
    found: dict[str, CorporateActions] = {}
    for file in files:
        name = names.get((file.security, file.symbol))
        if file.security != "equity" or name is None or name in found:
            continue
        factors, renames = file.beside("factor_files"), file.beside("map_files")
        actions = CorporateActions()
        if factors.exists():
            actions = read_factor_file(factors)
        if renames.exists():
            actions = replace(actions, renames=read_map_file(renames))
        if actions != CorporateActions():
            found[name] = actions
            run.notes.append(
                f"{name}: {len(actions.splits)} splits and {len(actions.dividends)} "
                "dividends of its factor file are stored; prices stay as traded"
            )
    if found:
        save_actions(run.catalog.root, found)
