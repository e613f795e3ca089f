"""An instrument as a form: a text for each field, and a message beside a wrong one.

Which fields there are is read off `app.instrument`, so that a new one needs no line
here but a title. What a field may hold is judged by the reader of the instruments'
file, never by the form.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.calendar import calendar_name
from app.data.instrument_master import Table, entry_of, parse_entry
from app.errors import CalendarError, InstrumentError
from app.instrument import FIELDS, Fees, Instrument, InstrumentKind, Margin

Texts = dict[str, str]
"""Field, ``fees.maker`` for those of a part, to its text; "" = the default."""
YES: Final = "yes"
NO: Final = "no"
_PARTS: Final[Mapping[str, type[Fees] | type[Margin]]] = {
    "fees": Fees,
    "margin": Margin,
}
_TRUTHS: Final = frozenset(("shortable", "margin.per_contract"))
_DAYS: Final = frozenset(("expiry", "first_notice"))
_WHOLE: Final = frozenset(("settle_days",))
_HINTS: Final[Mapping[str, str]] = {
    "price_unit": "finest step that is quoted or filled: 0.01",
    "tick_table": "step of orders: 0.01, or by price: 0.0001; from 1.00: 0.01",
    "price_bands": "lowest; highest, as the venue accepts today",
    "max_price": "beyond it data are refused as damaged",
    "quantity_unit": "finest fill: 1, or 0.00000001",
    "multiplier": "1; money = price × quantity × multiplier",
    "order_step": "an order is a multiple of it",
    "regular_hours": "09:30-16:00; empty: around the clock",
    "extended_hours": "04:00-20:00; empty: as the regular hours",
    "time_zone": "UTC",
    "calendar": "trading days, as XNYS; empty: every day",
    "expiry": "last trading day, 2024-03-15",
    "first_notice": "2024-02-29",
    "fees.maker": "fraction of the value; below 0: a rebate",
    "fees.taker": "fraction of the value",
    "fees.per_unit": "currency per share, contract, coin",
    "fees.per_order": "currency",
    "fees.minimum": "of an order, currency",
    "fees.maximum": "of an order, currency",
    "margin.initial": "1; to open: fraction of the value, or currency",
    "margin.maintenance": "1; to keep",
    "margin.per_contract": "both are currency per contract",
    "min_value": "of an order, currency",
    "borrow_rate": "a year, fraction of the value",
}
_SECTIONS: Final = (
    ("What it is", ("kind", "venue", "currency")),
    ("Prices", ("price_unit", "tick_table", "price_bands", "max_price")),
    (
        "Quantities",
        (
            *("quantity_unit", "multiplier", "order_step", "order_min", "order_max"),
            "min_value",
        ),
    ),
    ("Hours", ("calendar", "time_zone", "regular_hours", "extended_hours")),
    ("Contract", ("expiry", "first_notice")),
)
_BAND: Final = re.compile(r"from\s+(\S+?)\s*:\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form.

    Attributes
    ----------
    key : str
        As in `Texts`.
    title, hint : str
    choices : tuple of str
        What it may be; empty where any text may be.
    """

    key: str
    title: str
    hint: str
    choices: tuple[str, ...] = ()


def sections() -> list[tuple[str, list[Field]]]:
    """Every field of an instrument but its name, by section."""
    made = [(title, [_field(key) for key in keys]) for title, keys in _SECTIONS]
    for part, kind in _PARTS.items():
        keys = [f"{part}.{each.name}" for each in fields(kind)]
        made.append((part.capitalize(), [_field(key) for key in keys]))
    listed = {key for _, keys in _SECTIONS for key in keys} | {"name", *_PARTS}
    others = [_field(key) for key in FIELDS if key not in listed]
    made.append(("Short sales and settlement", others))
    return made


def _field(key: str) -> Field:
    choices: tuple[str, ...] = ()
    if key == "kind":
        choices = tuple(InstrumentKind)
    if key in _TRUTHS:
        choices = (YES, NO) if _default(key) else (NO, YES)
    title = key.rpartition(".")[2].replace("_", " ").capitalize()
    return Field(key, title, _HINTS.get(key, _default_text(key)), choices)


def _default(key: str) -> Any:
    part, _, name = key.rpartition(".")
    kind: type[Any] = _PARTS[part] if part else Instrument
    return next(each.default for each in fields(kind) if each.name == name)


def _default_text(key: str) -> str:
    default = _default(key)
    is_plain = isinstance(default, Decimal | int | str) and not isinstance(
        default, bool
    )
    return f"{default}" if is_plain else ""


def texts_of(instrument: Instrument) -> Texts:
    """Write an instrument into the form."""
    texts: Texts = {"name": instrument.name}
    entry = entry_of(instrument)
    for _, every in sections():
        for each in every:
            part, _, name = each.key.rpartition(".")
            table: Mapping[str, Any] = (entry.get(part) or {}) if part else entry
            texts[each.key] = _text(each, table.get(name))
    return texts


def _text(field: Field, value: Any) -> str:
    if field.key in _TRUTHS:
        chosen = _default(field.key) if value is None else value
        return YES if chosen else NO
    if value is None:
        return ""
    if field.key == "tick_table":
        bands = [
            f"from {band['from']}: {band['step']}" if "from" in band else band["step"]
            for band in value
        ]
        return "; ".join(bands)
    if field.key == "price_bands":
        return "; ".join(value)
    return str(value)


def blank(name: str) -> Texts:
    """The form of an instrument that is not there yet."""
    texts = {each.key: "" for _, every in sections() for each in every}
    for _, every in sections():
        for each in every:
            if each.key in _TRUTHS:
                texts[each.key] = each.choices[0]
    return texts | {"name": name, "kind": "stock", "currency": "USD"}


def instrument_of(texts: Texts, *, is_final: bool = False) -> Instrument:
    """Read the form.

    Parameters
    ----------
    texts : Texts
    is_final : bool
        Judge the calendar, too: a name that is not among the usual ones is looked up
        in a library that takes seconds to load.

    Raises
    ------
    FieldError
        If a field breaks its rule.
    """
    name = texts["name"].strip()
    if not name:
        raise FieldError("name", "a name is needed: it must not be empty")
    entry: Table = {}
    for key, text in texts.items():
        if key == "name":
            continue
        value = _value(key, text.strip())
        part, _, inner = key.rpartition(".")
        if value is None:
            continue
        if part:
            entry.setdefault(part, {})[inner] = value
        else:
            entry[key] = value
    try:
        if is_final and "calendar" in entry:
            calendar_name(entry["calendar"])
        return parse_entry(name, entry)
    except CalendarError as error:
        raise FieldError("calendar", str(error)) from error
    except InstrumentError as error:
        raise _field_error(name, error, texts) from error


class FieldError(InstrumentError):
    """A field of the form breaks its rule.

    Parameters
    ----------
    field : str
        As in `Texts`; "" where it is no single one.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(rule)
        self.field = field


def _value(key: str, text: str) -> Any:
    """Turn a field's text into what the file would hold; None = nothing."""
    if key in _TRUTHS:
        is_true = text == YES
        return None if is_true == _default(key) else is_true
    if not text:
        return None
    try:
        if key in _DAYS:
            return date.fromisoformat(text)
        if key in _WHOLE:
            return int(text)
    except ValueError:
        wanted = "a date like 2024-03-15" if key in _DAYS else "a whole number"
        raise FieldError(key, f"{wanted} is needed, was {text!r}") from None
    if key == "tick_table":
        return [_band(key, each.strip()) for each in text.split(";") if each.strip()]
    if key == "price_bands":
        return [each.strip() for each in text.split(";")]
    return text


def _band(key: str, text: str) -> Table:
    match = _BAND.fullmatch(text)
    if match is not None:
        return {"from": match[1], "step": match[2]}
    if " " in text:
        raise FieldError(key, f"a band reads like from 1.00: 0.01, was {text!r}")
    return {"step": text}


def _field_error(name: str, error: InstrumentError, texts: Texts) -> FieldError:
    """Find the field that an error of the instrument's own rules is about."""
    words = str(error).removeprefix(f"instrument {name!r}").lstrip(":, ")
    match = re.match(r"field (\w+): (.*)", words, re.DOTALL)
    if match is None:
        field = _named_in(words, texts)
        return FieldError(field, words.removeprefix(f"{field} ") if field else words)
    field, rule = match[1], match[2].removeprefix("is missing") or "is needed"
    if field in _PARTS:
        return FieldError(_part_of(field, texts), rule)
    return FieldError(field, rule)


def _named_in(words: str, texts: Texts) -> str:
    """The field that a rule names first."""
    places = {words.find(key): key for key in texts if key in words}
    if not places:
        return "tick_table" if "band" in words else ""
    return places[min(places)]


def _part_of(part: str, texts: Texts) -> str:
    """The field of a part that cannot be read as a number."""
    for key, text in texts.items():
        if key.startswith(f"{part}.") and key not in _TRUTHS and text.strip():
            try:
                Decimal(text.strip())
            except ArithmeticError:
                return key
    return next(key for key in texts if key.startswith(f"{part}."))
