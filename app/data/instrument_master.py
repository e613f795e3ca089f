"""The instrument master: the files that say what each instrument is (SEMANTICS 6).

Two files are read, the one that ships and, over it, the user's own beside the catalog;
only the latter is written, and its comments stay. An entry reads::

    [instruments.RSTK]
    kind = "stock"
    currency = "USD"
    price_unit = "0.0001"
    tick_table = [{ step = "0.0001" }, { from = "1.00", step = "0.01" }]

Numbers are in currency, and in shares, contracts or coins; as text or as TOML numbers,
both read exactly. A table in `families` holds what the contracts of a future share;
``family = "ES"`` in an instrument takes it over.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import ParseError

from app.errors import InstrumentError
from app.instrument import (
    Fees,
    Hours,
    Instrument,
    InstrumentKind,
    Margin,
    PriceUnits,
    TickBand,
    exact,
    plain,
)

FILE_NAME: Final = "instruments.toml"
_CONTRACT: Final = re.compile(r"([A-Z0-9]{1,6}?)[FGHJKMNQUVXZ]\d{1,2}")

Table = dict[str, Any]


def shipped_file() -> Path:
    """Return the master that ships with the program."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "resources" / FILE_NAME
    return inside if inside.exists() else package.parent / "resources" / FILE_NAME


class InstrumentMaster:
    """Instruments by name.

    Invariant: `instruments` holds only instruments that keep their rules.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.instruments: dict[str, Instrument] = {}
        self.families: dict[str, Table] = {}
        self._added: dict[str, str] = {}
        self._removed: set[str] = set()
        self._of: dict[str, Path] = {}
        self._entries: dict[str, Table] = {}

    @classmethod
    def load(cls, path: Path, shipped: Path | None = None) -> "InstrumentMaster":
        """Read a master; a file that is absent holds nothing.

        Parameters
        ----------
        path : Path
            The user's file, to which `save` writes.
        shipped : Path, optional
            Read before it; the user's entries go over its own.

        Raises
        ------
        InstrumentError
            If a file breaks a rule: file, instrument, field, rule and value.
        """
        master = cls(path)
        for each in (shipped, path):
            if each is not None and each.exists():
                master._read(each)
        return master

    @classmethod
    def beside(cls, catalog: Path) -> "InstrumentMaster":
        """Read what ships and the user's file beside a catalog's recordings."""
        return cls.load(catalog / FILE_NAME, shipped_file())

    def __contains__(self, name: str) -> bool:
        return name in self.instruments

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.instruments.values())

    def __len__(self) -> int:
        return len(self.instruments)

    def instrument(self, name: str) -> Instrument:
        """Look an instrument up.

        Raises
        ------
        InstrumentError
            If it is unknown; the message names the nearest known one.
        """
        try:
            return self.instruments[name]
        except KeyError:
            hint = nearest(name, list(self.instruments))
            raise InstrumentError(f"unknown instrument {name!r}{hint}") from None

    def of_family(self, name: str) -> Instrument | None:
        """Make the instrument of a futures contract whose family is known.

        ``ESU4`` is a contract of ``ES``. Its expiry stays open: no name tells it.
        """
        match = _CONTRACT.fullmatch(name)
        if match is None or match[1] not in self.families:
            return None
        return _parse(name, {"family": match[1]}, self.families)

    def is_users(self, name: str) -> bool:
        """Whether an entry stands in the user's file, perhaps over a shipped one."""
        return self._of.get(name) == self.path

    def family_of(self, name: str) -> str | None:
        """Return the family that an instrument's entry names."""
        family = self._entries.get(name, {}).get("family")
        return None if family is None else str(family)

    def add(self, instrument: Instrument, note: str = "") -> None:
        """Add or replace an instrument; `save` writes it, with the note above it."""
        self.instruments[instrument.name] = instrument
        self._added[instrument.name] = note
        self._removed.discard(instrument.name)

    def remove(self, name: str) -> None:
        """Take an instrument out of the user's file; `save` writes it.

        One that ships comes back as it shipped when the master is next read.

        Raises
        ------
        InstrumentError
            If it does not stand in the user's file.
        """
        if not self.is_users(name) and name not in self._added:
            raise InstrumentError(f"{name} ships with the program and stays")
        self.instruments.pop(name, None)
        self._added.pop(name, None)
        self._removed.add(name)

    def save(self) -> None:
        """Write what was changed to the user's file; all else in it stays as it is."""
        if not self._added and not self._removed:
            return
        try:
            text = self.path.read_text("utf-8") if self.path.exists() else ""
            document = tomlkit.parse(text)
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, UnicodeDecodeError, ParseError) as error:
            raise InstrumentError(f"{self.path} cannot be read: {error}") from error
        section = document.setdefault("instruments", tomlkit.table(True))
        for name in self._removed:
            section.pop(name, None)
        for name, note in self._added.items():
            if name in section:
                self._change(section[name], name)
            else:
                section[name] = _new_table(self.instruments[name], note)
        _replace_file(self.path, tomlkit.dumps(document))
        self._of |= dict.fromkeys(self._added, self.path)
        self._added.clear()
        self._removed.clear()

    def _change(self, table: Any, name: str) -> None:
        """Bring an entry up to date; comments and what has not changed stay."""
        instrument = self.instruments[name]
        entry = entry_of(instrument)
        told = entry_of(_parse(name, _unwrapped(table), self.families))
        family = table.get("family")
        if family is not None:
            shared = entry_of(_parse(name, {"family": str(family)}, self.families))
            if shared.keys() - entry.keys():
                # A default cannot be said over a family's value: it stands alone then.
                table.pop("family")
            else:
                entry = {k: v for k, v in entry.items() if shared.get(k) != v}
                entry["family"] = family
        was = {key: value for key, value in table.items() if key != "family"}
        for key in was.keys() - entry.keys():
            table.pop(key)
        for key, value in entry.items():
            if key not in table or told.get(key) != value:
                _put(table, key, value)

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                document = tomllib.load(file, parse_float=Decimal)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InstrumentError(f"{path} is no TOML: {error}") from error
        except OSError as error:
            raise InstrumentError(f"{path} cannot be read: {error.strerror}") from error
        try:
            _refuse_unknown(document, ("instruments", "families"), "the file")
            self.families |= _tables(document, "families")
            for name, table in _tables(document, "instruments").items():
                self.instruments[name] = _parse(name, table, self.families)
                self._of[name], self._entries[name] = path, table
        except InstrumentError as error:
            raise InstrumentError(f"{path}: {error}") from None


# Reading. Each field has one reader; money-like ones need the units first.


@dataclass(frozen=True, slots=True)
class _Units:
    """What turns currency and coins into units while an entry is being read."""

    base: Instrument

    def price(self, value: Any) -> int:
        return self.base.price_units(_number(value))

    def quantity(self, value: Any) -> int:
        return self.base.quantity_units(_number(value))

    def band(self, value: Any) -> TickBand:
        if not isinstance(value, dict):
            raise InstrumentError(f"a table {{from, step}} is needed, was {value!r}")
        _refuse_unknown(value, ("from", "step"), "a band")
        if "step" not in value:
            raise InstrumentError(f"a band needs a step, was {value!r}")
        low = PriceUnits(self.price(value["from"])) if "from" in value else None
        return TickBand(low, self.price(value["step"]))

    def bands(self, value: Any) -> tuple[TickBand, ...]:
        return tuple(self.band(each) for each in _list(value))

    def pair(self, value: Any) -> tuple[int, int]:
        prices = [self.price(each) for each in _list(value)]
        if len(prices) != 2:
            raise InstrumentError(f"[lowest, highest] is needed, was {value!r}")
        return prices[0], prices[1]


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InstrumentError(f"a number is needed, was {value!r}")
    return exact(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InstrumentError(f"a list is needed, was {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InstrumentError(f"text is needed, was {value!r}")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InstrumentError(f"true or false is needed, was {value!r}")
    return value


def _day(value: Any) -> date:
    if type(value) is not date:
        raise InstrumentError(f"a date like 2024-03-15 is needed, was {value!r}")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InstrumentError(f"a whole number is needed, was {value!r}")
    return value


def _record(kind: type[Fees] | type[Margin], value: Any) -> Fees | Margin:
    if not isinstance(value, dict):
        raise InstrumentError(f"a table is needed, was {value!r}")
    _refuse_unknown(value, tuple(each.name for each in fields(kind)), "it")
    read: Table = {
        key: _truth(each) if key == "per_contract" else _number(each)
        for key, each in value.items()
    }
    return kind(**read)


_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "kind": lambda value: InstrumentKind.named(_text(value)),
    "venue": _text,
    "currency": _text,
    "price_unit": _number,
    "quantity_unit": _number,
    "multiplier": _number,
    "min_value": _number,
    "calendar": _text,
    "time_zone": _text,
    "regular_hours": lambda value: Hours.parse(_text(value)),
    "extended_hours": lambda value: Hours.parse(_text(value)),
    "expiry": _day,
    "first_notice": _day,
    "fees": lambda value: _record(Fees, value),
    "margin": lambda value: _record(Margin, value),
    "shortable": _truth,
    "borrow_rate": _number,
    "rollover": _number,
    "settle_days": _count,
    "consolidated": _truth,
}
_IN_UNITS: Final[Mapping[str, Callable[[_Units, Any], Any]]] = {
    "tick_table": _Units.bands,
    "order_step": _Units.quantity,
    "order_min": _Units.quantity,
    "order_max": _Units.quantity,
    "located": _Units.quantity,
    "max_price": _Units.price,
    "price_bands": _Units.pair,
}
_NEEDED: Final = ("kind", "venue", "currency", "price_unit")


def parse_entry(
    name: str, table: Table, families: Mapping[str, Table] | None = None
) -> Instrument:
    """Make an instrument of an entry as the file has it.

    Raises
    ------
    InstrumentError
        If a field breaks its rule: "instrument 'X', field K: rule".
    """
    return _parse(name, table, families or {})


def _parse(name: str, table: Table, families: Mapping[str, Table]) -> Instrument:
    entry = dict(table)
    family = entry.pop("family", None)
    if family is not None:
        if family not in families:
            hint = nearest(str(family), list(families))
            raise InstrumentError(
                f"instrument {name!r}, field family: unknown family {family!r}{hint}"
            )
        entry = {**families[family], **entry}
    _refuse_unknown(entry, (*_PLAIN, *_IN_UNITS), f"instrument {name!r}")
    for key in _NEEDED:
        if key not in entry:
            raise InstrumentError(f"instrument {name!r}, field {key}: is missing")
    # First what needs no units: the other fields are counted in them.
    first = {key: value for key, value in entry.items() if key in _PLAIN}
    base = Instrument(name=name, **_values(name, first, _PLAIN))
    units = _Units(replace(base, max_price=PriceUnits(2**61)))
    counted = {key: value for key, value in entry.items() if key in _IN_UNITS}
    readers = {key: partial(_IN_UNITS[key], units) for key in counted}
    return replace(base, **_values(name, counted, readers))


def _values(
    name: str, table: Table, readers: Mapping[str, Callable[[Any], Any]]
) -> Table:
    values: Table = {}
    for key, value in table.items():
        try:
            values[key] = readers[key](value)
        except InstrumentError as error:
            raise InstrumentError(
                f"instrument {name!r}, field {key}: {error}"
            ) from None
    return values


def _tables(document: Table, section: str) -> dict[str, Table]:
    tables = document.get(section, {})
    for name, table in tables.items() if isinstance(tables, dict) else [("", tables)]:
        if not isinstance(table, dict):
            raise InstrumentError(f"[{section}.{name}] must be a table, was {table!r}")
    return dict(tables)


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], of: str) -> None:
    for key in table:
        if key not in known:
            hint = nearest(key, list(known))
            raise InstrumentError(f"{of} has an unknown field {key!r}{hint}")


def nearest(name: str, known: list[str]) -> str:
    """Say which known name is nearest: "; the nearest known is 'X'", or ""."""
    upper = {each.upper(): each for each in known}
    close = difflib.get_close_matches(name.upper(), list(upper), n=1, cutoff=0.4)
    return f"; the nearest known is {upper[close[0]]!r}" if close else ""


# Writing.


def entry_of(instrument: Instrument) -> dict[str, Any]:
    """Return the entry of an instrument: what is not a default, in currency."""
    entry: dict[str, Any] = {}
    for each in fields(Instrument):
        value = getattr(instrument, each.name)
        if each.name == "name" or (each.name not in _NEEDED and value == each.default):
            continue
        text = _value(instrument, each.name, value)
        if text is not None:
            entry[each.name] = text
    return entry


def _new_table(instrument: Instrument, note: str) -> Any:
    table = tomlkit.table()
    if note:
        table.add(tomlkit.comment(note))
    for key, value in entry_of(instrument).items():
        table.add(key, value)
    return table


def _put(table: Any, key: str, value: Any) -> None:
    """Set a value; the comment behind the old one stays."""
    comment = ""
    if key in table:
        comment = table.item(key).trivia.comment
    table[key] = value
    if comment:
        table.item(key).comment(comment.lstrip("# "))


def _unwrapped(table: Any) -> Table:
    """Read an entry of tomlkit as the reader of files would, numbers exactly."""
    return tomllib.loads(tomlkit.dumps(table), parse_float=Decimal)


def _value(instrument: Instrument, key: str, value: Any) -> Any:
    if isinstance(value, Fees | Margin):
        return _changed(value)
    if key == "tick_table":
        return [_band(instrument, band) for band in value]
    if key == "price_bands":
        return [plain(instrument.price(each)) for each in value]
    if key == "max_price":
        return plain(instrument.price(value))
    if key in ("order_step", "order_min", "order_max", "located"):
        return plain(instrument.quantity(value))
    if isinstance(value, Decimal):
        return plain(value)
    return str(value) if isinstance(value, Hours | InstrumentKind) else value


def _band(instrument: Instrument, band: TickBand) -> Any:
    table = tomlkit.inline_table()
    if band.from_price is not None:
        table["from"] = plain(instrument.price(band.from_price))
    table["step"] = plain(instrument.price(band.step))
    return table


def _changed(value: Fees | Margin) -> Any:
    table = tomlkit.inline_table()
    for each in fields(value):
        part = getattr(value, each.name)
        if part != each.default:
            table[each.name] = plain(part) if isinstance(part, Decimal) else part
    return table or None


def _replace_file(path: Path, text: str) -> None:
    """Write beside, sync and rename: after a crash one of the two is whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InstrumentError(f"{path} cannot be written: {error.strerror}") from error
