"""The mapping of a CSV file's columns: read from TOML or from one line, and checked."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from app.data.bar_stamps import interval_ns, is_interval
from app.data.csv_wide import LEVEL, MOST_LEVELS, each_level, levels_of
from app.data.instrument_master import nearest
from app.data.local_time import is_zone
from app.data.time_columns import TIME_FORMATS
from app.errors import FileFormatError, InstrumentError
from app.instrument import InstrumentKind, exact

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "trades": ("time", "price", "size"),
    "quotes": ("time", "bid_price", "ask_price"),
    "bars": ("time", "open", "high", "low", "close"),
    "levels": ("time", "side", "price", "size"),
    "book": ("time",),
    "orders": ("time", "order", "action", "side", "price", "size"),
}
_COLUMNS: Final = (
    *("time", "date", "received", "price", "size", "side", "is_snapshot", "symbol"),
    *("bid_price", "bid_size", "ask_price", "ask_size"),
    *("open", "high", "low", "close", "volume"),
    *("bid_count", "ask_count", "action", "order"),
)
_NAMED: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "space": " ", "bar": "|"}
_POINTS: Final = {"point": ".", "comma": ","}
_DAY: Final = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_TRUTHS: Final = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class CsvMap:
    """What a CSV file tells and where; app/data/csv_file.py says what each field is."""

    kind: str
    columns: Mapping[str, str]
    source: Path = field(default_factory=lambda: Path("the mapping"))
    """Where the mapping was read from, for messages."""
    delimiter: str = ","
    header: bool = False
    skip_lines: int = 0
    """Lines before the header, or before the first row."""
    decimal: str = "."
    """Or a comma: 1.234,50 is written for 1234.5."""
    newest_first: bool = False
    """Whether the rows go back in time."""
    instrument: str | None = None
    time_format: str = "iso"
    time_zone: str = "UTC"
    stamped: str = "close"
    interval: str = ""
    buy: tuple[str, ...] = ("buy", "b", "bid", "1", "+1", "buyer", "bought", "long")
    sell: tuple[str, ...] = (
        *("sell", "s", "ask", "a", "offer", "-1", "seller", "sold", "short"),
    )
    price_shift: int = 0
    """Prices are integers x 10**-price_shift."""
    size_shift: int = 0
    """Sizes are integers x 10**-size_shift."""
    assumed_size: str | None = None
    """Size of quotes in a file that tells none."""
    day: str | None = None
    """The day of ms-of-day; else the file's name must hold it."""
    instrument_kind: InstrumentKind | None = None
    """None: a stock, or what a symbol looks like."""
    venue: str = "CSV"
    currency: str | None = None
    """None: USD, or what a symbol looks like."""

    def __post_init__(self) -> None:
        self._check("kind", self.kind in _NEEDED, f"one of {', '.join(_NEEDED)}")
        for name in self.columns:
            if name not in _COLUMNS and not LEVEL.fullmatch(name):
                self._refuse(f"unknown column {name!r}{nearest(name, list(_COLUMNS))}")
        for name in _NEEDED[self.kind]:
            if name not in self.columns:
                self._refuse(f"{self.kind} need a column for {name!r}")
        form = self.time_format
        known = form in TIME_FORMATS or "%" in form
        self._check("time_format", known, f"one of {', '.join(TIME_FORMATS)}")
        self._check("time_zone", is_zone(self.time_zone), "an IANA name")
        self._check("stamped", self.stamped in ("open", "close"), "open or close")
        known = is_interval(self.interval) or self.kind != "bars"
        self._check("interval", known, "an interval of bars like 1m, 4h, 1d")
        self._check("price_shift", 0 <= self.price_shift <= 9, "0 to 9")
        self._check("size_shift", 0 <= self.size_shift <= 9, "0 to 9")
        self._check("decimal", self.decimal in (".", ","), "a point or a comma")
        self._check("skip_lines", 0 <= self.skip_lines <= 10_000, "0 to 10000")
        turned = not (self.newest_first and self.kind in ("levels", "book", "orders"))
        self._check("newest_first", turned, f"left out for {self.kind}")
        if self.kind == "book" and not self.depth:
            sides = "bid_price, bid_size, ask_price and ask_size"
            self._refuse(f"a book needs {sides} of every level, and levels: how many")
        if self.kind == "book" and "action" in self.columns:
            told = {"price", "size"} <= self.columns.keys()
            self._check("columns", told, "with price and size where there is an action")
        self._check("delimiter", len(self.delimiter) == 1, "one character")
        self._check("buy", bool(self.buy and self.sell), "words, as must sell")
        if self.kind == "quotes" and "bid_size" not in self.columns:
            told = self.assumed_size is not None
            self._check("assumed_size", told, "given where no column has sizes")
        if self.assumed_size is not None:
            self._check("assumed_size", exact(self.assumed_size) > 0, "positive")

    def _check(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            self._refuse(f"{name} must be {rule}, was {getattr(self, name)!r}")

    def _refuse(self, rule: str) -> None:
        raise FileFormatError(self.source, rule)

    @property
    def depth(self) -> int:
        """Levels a side in a row that is a whole book."""
        return levels_of(self.columns)

    @property
    def interval_ns(self) -> int:
        """Length of a bar, ns."""
        return interval_ns(self.interval)

    def day_of(self, path: Path) -> date | None:
        """Return the day of ms-of-day: as given, or as the file's name tells."""
        if self.time_format != "ms-of-day":
            return None
        match = _DAY.search(self.day or path.name)
        try:
            return date(*map(int, match.groups())) if match else date(0, 0, 0)
        except ValueError:
            rule = "the name must hold the day as in 20131007_trade, or map day"
            raise FileFormatError(path, rule) from None

    @classmethod
    def from_text(cls, text: str) -> "CsvMap":
        """Read the TOML file of this name, or a mapping in one line."""
        if text.endswith(".toml") or "=" not in text:
            return cls._from_file(Path(text))
        options: dict[str, Any] = {}
        columns: dict[str, str] = {}
        for part in filter(None, text.split(",")):
            key, _, value = part.partition("=")
            key, value = key.strip(), value.strip()
            if key in _COLUMNS or LEVEL.fullmatch(key):
                if key in ("time", "received") and ":" in value:
                    value, _, options["time_format"] = value.partition(":")
                columns[key] = value
            else:
                options[key] = value
        return cls._from_options(options, columns, Path("--map"))

    @classmethod
    def _from_file(cls, path: Path) -> "CsvMap":
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FileFormatError(path, f"is no TOML: {error}") from error
        columns = document.pop("columns", {})
        if not isinstance(columns, dict):
            raise FileFormatError(path, f"columns must be a table, was {columns!r}")
        named = {str(key): _name(value) for key, value in columns.items()}
        return cls._from_options(document, named, path)

    @classmethod
    def _from_options(
        cls, options: Mapping[str, Any], columns: dict[str, str], source: Path
    ) -> "CsvMap":
        known = [each.name for each in fields(cls)]
        options = dict(options)
        if str(options.get("kind")) == "book":
            columns = each_level(columns, _levels(options.pop("levels", 1), source))
        read: dict[str, Any] = {"columns": columns, "source": source}
        for key, value in options.items():
            if key not in known or key in read:
                hint = nearest(key, [*known, *_COLUMNS])
                raise FileFormatError(source, f"unknown key {key!r}{hint}")
            try:
                read[key] = _value(key, value)
            except (ValueError, InstrumentError) as error:
                raise FileFormatError(source, f"{key}: {error}") from None
        if "kind" not in read:
            raise FileFormatError(source, f"must say kind: {', '.join(_NEEDED)}")
        return cls(**read)


def _name(value: Any) -> str:
    """Return a column's name; a list of them, of levels, with bars between."""
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)


def _levels(value: Any, source: Path) -> int:
    """Read how many levels a name with braces stands for."""
    text = str(value)
    if not text.isdecimal() or not 1 <= int(text) <= MOST_LEVELS:
        rule = f"levels must be 1 to {MOST_LEVELS}, was {value!r}"
        raise FileFormatError(source, rule)
    return int(text)


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        if value.lower() not in _TRUTHS:
            raise ValueError(f"must be yes or no, was {value!r}")
        return _TRUTHS[value.lower()]
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, was {value!r}")
    return value


def _value(key: str, value: Any) -> Any:
    """Turn a value of either way of writing into that of the field."""
    if key in ("header", "newest_first"):
        return _truth(value)
    if key in ("buy", "sell"):
        words = value.split("|") if isinstance(value, str) else value
        if not isinstance(words, list):
            raise ValueError(f"must be words, was {value!r}")
        return tuple(str(word).lower() for word in words)
    if key in ("price_shift", "size_shift", "skip_lines"):
        return int(value)

    if key == "instrument_kind":
        return InstrumentKind.named(str(value))
    if key in ("delimiter", "decimal"):
        words = _NAMED if key == "delimiter" else _POINTS
        return words.get(str(value), str(value))
    return str(value)
