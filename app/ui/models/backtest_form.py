"""A backtest's request as a form: texts to edit, judged as they are typed.

It knows no setting by name: fees and models are the fields of the request's own tables,
parameters are those that a strategy declares. The rules are those of `parse_request`
and `Parameter.checked`, in their words.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from app.engine.limits import snake_case
from app.engine.venue.models import Impact, LimitRule, Queue, Sizing, Through
from app.errors import RequestError, RingsideError
from app.sessions.backtest.request import (
    FeeTerms,
    ModelTerms,
    parse_request,
)
from app.strategies.strategy import Parameter, Strategy, parameters_of, title_of
from app.ui.models.backtest_data import Shelf

_ABOUT: Final[Mapping[str, str]] = {
    "start_date": "First day or time that is read (UTC); empty: from the beginning",
    "end_date": "Last day or time that is read (UTC); empty: to the end",
    "initial_capital": "In the base currency",
    "currency": "Base currency; empty: that of the first symbol",
    "seed": "Of random latencies and of the strategies' generators",
    "fees.maker": "Fraction of the value of a fill that rested",
    "fees.taker": "Fraction of the value of a fill that took",
    "fees.per_unit": "Currency for each share, contract or coin",
    "fees.per_order": "Currency for each order",
    "fees.minimum": "Least fee of an order, currency",
    "fees.maximum": "Greatest fee of an order, currency; empty: none",
    "models.order_latency_us": "To the venue; empty: 0 over bars, else 10 ms",
    "models.report_latency_us": "From the venue; empty: as to it",
    "models.latency_spread": "How much latencies vary: sigma of a log-normal",
    "models.latencies": "A CSV file of measured latencies, in place of those",
    "models.queue": "Where a limit order stands in its queue",
    "models.front_function": "How cancels are split before and behind us",
    "models.front_exponent": "Of the power; fixed: the share that was before us",
    "models.through": "What a trade beyond our price fills",
    "models.sizing": "By which price a share of the equity is sized, over bars",
    "models.participation": "Share of a bar's volume for us; none: no bound",
    "models.slippage": "Price units by which a stop is filled worse",
    "models.limit_rule": "Whether a limit fills at a touch, or past its price",
    "models.impact": "How our orders move the price",
}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "models.queue": ("", *(each.value for each in Queue)),
    "models.limit_rule": tuple(each.value for each in LimitRule),
    "models.front_function": ("power", "logarithm", "fixed"),
    "models.through": tuple(each.value for each in Through),
    "models.sizing": tuple(each.value for each in Sizing),
    "models.impact": tuple(each.value for each in Impact),
}
GENERAL: Final = ("start_date", "end_date", "initial_capital", "currency", "seed")
_DEFAULTS: Final = {"initial_capital": "100000", "seed": "1"}
_UNITS: Final = {"_us": " (µs)", "_s": " (s)", "_ms": " (ms)"}
_NONE: Final = "none"
_STANDS: Final[Mapping[str, Any]] = {"symbols": ["X"], "strategies": [{"name": "x"}]}
"""A request that breaks no rule, to judge one key by."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of the form.

    Attributes
    ----------
    key : str
        ``start_date``, ``fees.maker``; of a parameter its name alone.
    default : str
        Its text where it is not given.
    choices : tuple of str
        None: it is typed.
    sentence : str
    """

    key: str
    default: str = ""
    choices: tuple[str, ...] = ()
    sentence: str = ""

    @property
    def title(self) -> str:
        """Its name in words."""
        return title_of_key(self.key)


def title_of_key(key: str) -> str:
    """A key as people read it, its unit in brackets."""
    name = key.rpartition(".")[2]
    unit = ""
    for ending, words in _UNITS.items():
        if name.endswith(ending):
            name, unit = name.removesuffix(ending), words
    return name.replace("_", " ").capitalize() + unit


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


def _fields_of(cls: type[Any], section: str) -> tuple[Field, ...]:
    made = []
    for each in fields(cls):
        key = f"{section}.{each.name}"
        default = "" if each.default is None else _text(each.default)
        made.append(Field(key, default, _CHOICES.get(key, ()), _ABOUT.get(key, "")))
    return tuple(made)


SECTIONS: Final[Mapping[str, tuple[Field, ...]]] = {
    "general": tuple(
        Field(key, _DEFAULTS.get(key, ""), sentence=_ABOUT[key]) for key in GENERAL
    ),
    "fees": _fields_of(FeeTerms, "fees"),
    "models": _fields_of(ModelTerms, "models"),
}
_FIELDS: Final = {each.key: each for part in SECTIONS.values() for each in part}


@dataclass
class Draft:
    """A strategy of the form.

    Attributes
    ----------
    name : str
        As the request names it: a title, or a file.
    cls : type of Strategy or None
        None: it is not found.
    why : str
        Why it is not found; "" = there is none of that name.
    texts : dict
        Parameters as edited; one that is not there has its default.
    allocation : str
        Share of the capital; "" = all, or an even share of it.
    kept : dict
        What a request that was opened says besides: id, enabled, symbols.
    """

    name: str
    cls: type[Strategy] | None = None
    texts: dict[str, str] = field(default_factory=dict)
    allocation: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    why: str = ""

    def parameters(self) -> dict[str, Parameter]:
        """What it declares."""
        return parameters_of(self.cls) if self.cls is not None else {}

    def problems(self) -> dict[str, str]:
        """What is wrong, by parameter; "name" where there is no such strategy."""
        if self.cls is None:
            words = self.why or f"there is no strategy {self.name!r}"
            return {"name": words if self.name else "choose a strategy"}
        found = {}
        known = self.parameters()
        for name, text in self.texts.items():
            if name not in known:
                found[name] = f"{title_of(self.cls)} has no such parameter"
                continue
            try:
                known[name].checked(number(text), "")
            except RingsideError as error:
                found[name] = str(error).partition(": ")[2]
        if self.allocation:
            words = _judged({"strategies": [{"name": "x", **self._share()}]})
            if words:
                found["allocation"] = words
        return found

    def _share(self) -> dict[str, Any]:
        return {"allocation": number(self.allocation)} if self.allocation else {}

    def table(self) -> dict[str, Any]:
        """What the request says of it."""
        given = {name: number(text) for name, text in self.texts.items()}
        share = self._share()
        made: dict[str, Any] = {"name": self.name, **self.kept, **share}
        return made | ({"parameters": given} if given else {})


class BacktestForm:
    """All that a request says.

    Attributes
    ----------
    shelf : Shelf
        What the catalog holds.
    texts : dict
        Fields that are not as by default, by key.
    symbols : list of str
        Instruments, without streams.
    stream : str
        What is read of each; "" = the coarsest bars, or what tells most.
    drafts : list of Draft
    kept : dict
        Keys of a request that was opened which the form does not show.
    """

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.texts: dict[str, str] = {}
        self.symbols: list[str] = []
        self.stream = ""
        self.drafts: list[Draft] = [Draft("")]
        self.kept: dict[str, Any] = {}

    def text(self, key: str) -> str:
        """A field's text."""
        return self.texts.get(key, _FIELDS[key].default)

    def put(self, key: str, text: str) -> None:
        """Edit a field; the default's text means that it is not given."""
        text = text.strip()
        if text == _FIELDS[key].default:
            self.texts.pop(key, None)
        else:
            self.texts[key] = text

    # The request.

    def table(self) -> dict[str, Any]:
        """The request as a table, keys as the documents write them."""
        made: dict[str, Any] = {"symbols": self._named()}
        if self.stream.startswith("bars-"):
            made["interval"] = self.stream.removeprefix("bars-")
        for key in GENERAL:
            if key in self.texts:
                is_date = key.endswith("_date") or key == "currency"
                text = self.texts[key]
                made[_camel(key)] = text if is_date else number(text)
        made["strategies"] = [each.table() for each in self.drafts]
        for section in ("fees", "models"):
            given = {
                _camel(each.key.partition(".")[2]): self._value(each)
                for each in SECTIONS[section]
                if each.key in self.texts
            }
            if given:
                made[section] = given
        return made | self.kept

    def _named(self) -> list[str]:
        if not self.stream or self.stream.startswith("bars-"):
            return list(self.symbols)
        return [f"{each}@{self.stream}" for each in self.symbols]

    def _value(self, each: Field) -> Any:
        text = self.texts[each.key]
        if text in ("", _NONE):
            return None
        return text if each.choices else number(text)

    def load(self, table: Mapping[str, Any]) -> None:
        """Take a request; strategies are looked up by who asks.

        Raises
        ------
        RequestError
            If it breaks a rule.
        """
        parse_request(table)
        given = {snake_case(key): value for key, value in table.items()}
        self.texts, self.kept, self.stream = {}, {}, ""
        for key in ("mode", "venue"):
            given.pop(key, None)
        self._load_symbols(given.pop("symbols"), given.pop("interval", ""))
        self.drafts = [_draft(each) for each in given.pop("strategies")]
        for name, value in given.items():
            if name in ("fees", "models"):
                for key, each in value.items():
                    text = _NONE if each is None else _text(each)
                    self.put(f"{name}.{snake_case(key)}", text)
            elif name in GENERAL:
                self.put(name, _text(value))
            else:
                self.kept[_camel(name)] = value

    def _load_symbols(self, symbols: Sequence[str], interval: str) -> None:
        self.symbols = [each.partition("@")[0] for each in symbols]
        streams = {each.partition("@")[2] for each in symbols}
        self.stream = f"bars-{interval}" if interval else streams.pop()

    # What is wrong.

    def problems(self) -> dict[str, str]:
        """What is wrong, by field; a draft's are named ``0.fast``."""
        found: dict[str, str] = {}
        for key in self.texts:
            words = self._problem(key)
            if words:
                found[key] = words
        if not self.symbols:
            found["symbols"] = "choose at least one symbol"
        else:
            words = self.shelf.problem(self.symbols, self.stream)
            if words:
                found["symbols"] = words
        for i, draft in enumerate(self.drafts):
            found |= {f"{i}.{name}": words for name, words in draft.problems().items()}
        if not found:
            words = _judged(self.table()) or self._out_of_reach()
            if words:
                found["start_date" if "date" in words else "request"] = words
        return found

    def _problem(self, key: str) -> str:
        section, _, name = key.rpartition(".")
        is_text = key in GENERAL and not re.search("capital|seed", key)
        value = self.texts[key] if is_text else self._value(_FIELDS[key])
        if value is None and _is_optional(key):
            return ""
        return _judged({section: {name: value}} if section else {key: value})

    def _out_of_reach(self) -> str:
        request = parse_request(self.table())
        bounds = request.start, request.end
        if self.shelf.is_between(self.symbols, self.stream, *bounds):
            return ""
        told = self.shelf.reach_text(self.symbols, self.stream)
        return f"no data between these dates: they reach {told}"


def _is_optional(key: str) -> bool:
    section, _, name = key.partition(".")
    cls = {"fees": FeeTerms, "models": ModelTerms}.get(section)
    kinds = {each.name: str(each.type) for each in fields(cls)} if cls else {}
    return "None" in kinds.get(name, "")


def _draft(table: Mapping[str, Any]) -> Draft:
    given = {snake_case(key): value for key, value in table.items()}
    texts = {
        snake_case(name): _text(value)
        for name, value in given.pop("parameters", {}).items()
    }
    share = given.pop("allocation", "")
    return Draft(str(given.pop("name")), None, texts, _text(share), given)


def _judged(table: Mapping[str, Any]) -> str:
    """What `parse_request` says of a request, without saying where; "" = good."""
    try:
        parse_request({**_STANDS, **table}, "")
    except RequestError as error:
        words = str(error).removeprefix(": ")
        return re.sub(r"^[\w.\[\]]+: (?=\w+ must)", "", words)
    return ""


def number(text: str) -> Any:
    """What a text is in JSON: a number, true or false; else itself."""
    try:
        value = json.loads(text.strip().replace("_", "").replace(",", ""))
    except ValueError:
        return text.strip()
    return value if isinstance(value, int | float) else text.strip()


def _camel(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(each.capitalize() for each in more)
