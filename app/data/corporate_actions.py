"""Splits and dividends of stocks, kept beside the catalog; prices are never changed.

Trading uses raw prices, adjusted ones serve signals and charts (SEMANTICS 46). So an
import stores what happened, and whoever draws a long chart asks for the factor of a
day. The file ``corporate_actions.toml`` beside the recordings reads::

    [[AAPL.splits]]
    after = 2014-06-06         # last day at the old price
    ratio = "7"                # shares for one
    [[AAPL.dividends]]
    after = 2014-08-06         # last day with the right to it
    amount = "0.47"            # currency a share, unadjusted
    reference = "94.96"        # close of that day

An action takes effect at the first session after its day: which one that is the
instrument's calendar knows. The days are those of Lean's factor files, from which
`read_factor_file` works the actions out.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from app.errors import CatalogError, FileFormatError, InstrumentError
from app.instrument import exact, plain

FILE_NAME: Final = "corporate_actions.toml"
_MOST_PLACES: Final = 7
"""Decimals with which factors are computed; fewer are shown where zeros end them."""
_LARGEST_TERM: Final = 20
_RATIO_ERROR: Final = Fraction(1, 20_000)
"""How far, of itself, a ratio may be from a simple one that it stands for."""


@dataclass(frozen=True, slots=True)
class Split:
    """So many shares for one."""

    after: date
    """Last day at the old price."""
    ratio: Fraction


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash for each share."""

    after: date
    """Last day with the right to it."""
    amount: Decimal
    """Currency a share, unadjusted."""
    reference: Decimal
    """Close of that day, unadjusted."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Until when an instrument traded under a name."""

    until: date
    ticker: str


@dataclass(frozen=True, slots=True)
class CorporateActions:
    """What happened to one stock, in order of time."""

    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    renames: tuple[Rename, ...] = ()

    def split_factor(self, day: date) -> Fraction:
        """Factor by which a day's raw price becomes comparable to today's: splits."""
        factor = Fraction(1)
        for each in self.splits:
            if day <= each.after:
                factor /= each.ratio
        return factor

    def price_factor(self, day: date) -> Fraction:
        """Factor of the dividends: what a holder who reinvests would have had."""
        factor = Fraction(1)
        for each in self.dividends:
            if day <= each.after:
                factor *= 1 - Fraction(each.amount) / Fraction(each.reference)
        return factor

    def __len__(self) -> int:
        return len(self.splits) + len(self.dividends)


def read_factor_file(path: Path) -> CorporateActions:
    """Work out splits and dividends from a factor file of Lean.

    Its rows are: date, price factor, split factor, reference price; they hold up to and
    including their date. A change from one row to the next is an action after the
    former's date. Amounts are the shortest decimals within the factors' rounding.

    Raises
    ------
    FileFormatError
        If a row breaks the format.
    """
    rows = [_factor_row(path, number, line) for number, line in _lines(path)]
    splits: list[Split] = []
    dividends: list[Dividend] = []
    for before, after in pairwise(rows):
        if after.day <= before.day:
            raise FileFormatError(path, f"dates must ascend, {after.day} comes late")
        if before.split != after.split:
            ratio = Fraction(after.split) / Fraction(before.split)
            splits.append(Split(before.day, _simple_ratio(ratio)))
        if before.price != after.price:
            kept = Fraction(before.price) / Fraction(after.price)
            error = (_error(before.price) + _error(after.price)) / Fraction(after.price)
            amount = (1 - kept) * Fraction(before.reference)
            shortest = _shortest_decimal(amount, error * Fraction(before.reference))
            dividends.append(Dividend(before.day, shortest, before.reference))
    return CorporateActions(tuple(splits), tuple(dividends))


def read_map_file(path: Path) -> tuple[Rename, ...]:
    """Read a map file of Lean: until which day a stock traded under which name."""
    found: list[Rename] = []
    for number, line in _lines(path):
        fields = line.split(",")
        if len(fields) < 2 or not fields[1]:
            raise FileFormatError(path, "a row must have a date and a name", row=number)
        found.append(Rename(_day(path, number, fields[0]), fields[1].upper()))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _FactorRow:
    day: date
    price: Decimal
    split: Decimal
    reference: Decimal


def _factor_row(path: Path, number: int, line: str) -> _FactorRow:
    fields = line.split(",")
    if len(fields) != 4:
        rule = f"a row must have four columns, has {len(fields)}"
        raise FileFormatError(path, rule, row=number)
    try:
        price, split, reference = (exact(each) for each in fields[1:])
    except InstrumentError as error:
        raise FileFormatError(path, str(error), row=number) from None
    if not (price > 0 and split > 0 and reference >= 0):
        raise FileFormatError(path, f"factors must be positive: {line}", row=number)
    return _FactorRow(_day(path, number, fields[0]), price, split, reference)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Lines that are not empty, with their numbers; those of a banner are left out."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileFormatError(path, f"is no text: {error}") from error
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1)]
    return [(n, line) for n, line in lines if line]


def _day(path: Path, number: int, text: str) -> date:
    try:
        return date.fromisoformat(text) if len(text) == 8 else date(0, 0, 0)
    except ValueError:
        rule = f"must be a date like 20140606, was {text!r}"
        raise FileFormatError(path, rule, row=number, column="date") from None


def _error(factor: Decimal) -> Fraction:
    """How far a factor may be from what it was before it was written."""
    places = -int(factor.as_tuple().exponent)
    return Fraction(1, 10 ** (places if places >= 5 else _MOST_PLACES))


def _simple_ratio(value: Fraction) -> Fraction:
    """Return the simple ratio that a quotient of two rounded factors stands for.

    Splits are of few shares for few, or of many for one; a spin-off is neither and
    keeps its quotient.
    """
    near = [value.limit_denominator(terms) for terms in range(1, _LARGEST_TERM + 1)]
    near = [each for each in near if 0 < each.numerator <= _LARGEST_TERM]
    near += [Fraction(round(value)), 1 / Fraction(round(1 / value) or 1)]
    for each in near:
        if each > 0 and abs(each / value - 1) <= _RATIO_ERROR:
            return each
    return value


def _shortest_decimal(value: Fraction, error: Fraction) -> Decimal:
    """Return the decimal of the fewest places within an error of a value."""
    for places in range(2, 9):
        near = Fraction(round(value * 10**places), 10**places)
        if abs(near - value) <= error:
            break
    return Decimal(round(value * 10**places)).scaleb(-places)


def load_actions(root: Path) -> dict[str, CorporateActions]:
    """Read what is known of all instruments of a catalog.

    Raises
    ------
    CatalogError
        If the file is damaged.
    """
    path = root / FILE_NAME
    if not path.exists():
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        return {name: _parsed(table) for name, table in document.items()}
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}") from error
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        ZeroDivisionError,
    ) as error:
        raise CatalogError(f"{path} is damaged: {error}") from error
    except InstrumentError as error:
        raise CatalogError(f"{path} is damaged: {error}") from error


def save_actions(root: Path, changed: Mapping[str, CorporateActions]) -> None:
    """Write what is known of some instruments over what was known of them."""
    known = load_actions(root) | dict(changed)
    text = "".join(_written(name, known[name]) for name in sorted(known))
    path = root / FILE_NAME
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CatalogError(f"{path} cannot be written: {error.strerror}") from error


def _parsed(table: Mapping[str, Any]) -> CorporateActions:
    return CorporateActions(
        tuple(Split(each["after"], Fraction(each["ratio"])) for each in _of(table, 0)),
        tuple(
            Dividend(each["after"], exact(each["amount"]), exact(each["reference"]))
            for each in _of(table, 1)
        ),
        tuple(Rename(each["until"], str(each["ticker"])) for each in _of(table, 2)),
    )


_KINDS: Final = ("splits", "dividends", "renames")


def _of(table: Mapping[str, Any], kind: int) -> list[dict[str, Any]]:
    return list(table.get(_KINDS[kind], ()))


def _written(name: str, actions: CorporateActions) -> str:
    parts: list[str] = []
    for split in actions.splits:
        parts += [_head(name, 0), f'after = {split.after}\nratio = "{split.ratio}"\n']
    for paid in actions.dividends:
        amounts = f'amount = "{plain(paid.amount)}"\n'
        amounts += f'reference = "{plain(paid.reference)}"\n'
        parts += [_head(name, 1), f"after = {paid.after}\n", amounts]
    for renamed in actions.renames:
        ticker = renamed.ticker.replace("\\", "").replace('"', "")
        parts += [_head(name, 2), f'until = {renamed.until}\nticker = "{ticker}"\n']
    return "".join(parts)


def _head(name: str, kind: int) -> str:
    key = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'\n[["{key}".{_KINDS[kind]}]]\n'
