"""A backtest's request: JSON or TOML, checked by name, rule and value.

camelCase and snake_case are one name. What is not given has the default that its
attribute names; what is unknown is refused with the nearest known name.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from app.data.bar_stamps import is_interval
from app.data.local_time import DAY_NS, SECOND_NS, Bound, day_ns
from app.engine.limits import snake_case
from app.errors import RequestError

_MOST_CAPITAL: Final = 50_000_000_000
"""Money is counted in 1e-8 in 64 bits; half of that is left to be won."""
_BEYOND_64_BITS: Final = 2**63
_LARGE: Final = 1e9
_FEES: Final = {
    **dict.fromkeys(("maker", "taker"), (-1, 1)),
    **dict.fromkeys(("per_unit", "per_order", "minimum"), (-_LARGE, _LARGE)),
    "maximum": (0, _LARGE),
}
_MODELS: Final = {
    **dict.fromkeys(("order_latency_us", "report_latency_us"), (0, 1e12)),
    "latency_spread": (0, 5),
    "participation": (1e-9, 1),
    **dict.fromkeys(("slippage", "impact_half_life_s"), (0, _LARGE)),
    **dict.fromkeys(("temporary_impact", "permanent_impact"), (0, _LARGE)),
    "volatility": (0, _LARGE),
    "day_volume": (0, 1e15),
}
ACCOUNTS: Final = ("unbounded", "margin", "cash")
"""Kinds of an account: what new risk asks for."""


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """Fees in place of the instruments' own (SEMANTICS 45)."""

    maker: Decimal = Decimal(0)
    taker: Decimal = Decimal(0)
    per_unit: Decimal = Decimal(0)
    per_order: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """Models of the simulated venue (docs/venue.md); None is what fits the data."""

    order_latency_us: float | None = None
    report_latency_us: float | None = None
    latency_spread: float = 0.0
    latencies: str | None = None
    queue: str | None = None
    front_function: str = "power"
    front_exponent: float = 3.0
    through: str = "trade_size"
    participation: float | None = 0.1
    slippage: int = 0
    limit_rule: str = "through"
    sizing: str = "at_decision"
    impact: str = "none"
    temporary_impact: float = 1.0
    permanent_impact: float = 0.0
    volatility: float = 0.0
    day_volume: float = 0.0
    impact_half_life_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """Cash, margin and shorting (SEMANTICS 47); None is what the instruments say.

    Attributes
    ----------
    kind : str
        ``unbounded``, ``margin`` (initial margin is asked for) or ``cash`` (purchases
        are paid in full of settled cash, nothing is sold short).
    shortable : bool or None
    borrow_rate : Decimal or None
        What a short pays a year, a fraction of its value.
    """

    kind: str = "unbounded"
    shortable: bool | None = None
    borrow_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StrategyTerms:
    """One strategy of a request.

    Attributes
    ----------
    id : str
        Tells it from the others of the request.
    name : str
        Title or class of a strategy, or ``FILE.py`` / ``FILE.py:Class``.
    enabled : bool
    allocation : Decimal
        Share of the initial capital.
    symbols : tuple of str
        Those of the request by default.
    parameters : mapping
    """

    id: str
    name: str
    enabled: bool = True
    allocation: Decimal = Decimal(1)
    symbols: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What is to be run.

    Attributes
    ----------
    start, end : Bound or None
        From where to where records are read (app/data/spans.py); None: as far as the
        data reach.
    symbols : tuple of str
        Instruments; ``NAME@STREAM`` names what is read of one.
    initial_capital : Decimal
        Base currency.
    strategies : tuple of StrategyTerms
    interval : str
        Bars to read (``1m``, ``1d``); "" is the coarsest that all symbols have.
    currency : str
        The base currency; "" is that of the first symbol.
    fees : FeeTerms or None
        None: the instruments' own.
    seed : int
    account : AccountTerms
    rates : mapping of str to Decimal
        Base currency for one unit of a currency; pairs among the symbols give theirs.
    limits : mapping or None
        Risk limits, as in a file of them; None: none.
    signals : tuple of str
        Files of signals (docs/backtest.md).
    warm_up : int
        Bars before the start that strategies see without trading.
    benchmark : str
        Instrument that the run is compared with holding; "" is the first symbol.
    """

    symbols: tuple[str, ...]
    strategies: tuple[StrategyTerms, ...]
    start: Bound | None = None
    end: Bound | None = None
    initial_capital: Decimal = Decimal(100_000)
    interval: str = ""
    currency: str = ""
    fees: FeeTerms | None = None
    models: ModelTerms = field(default_factory=ModelTerms)
    seed: int = 1
    account: AccountTerms = field(default_factory=AccountTerms)
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    limits: Mapping[str, Any] | None = None
    signals: tuple[str, ...] = ()
    warm_up: int = 0
    benchmark: str = ""
    table: Mapping[str, Any] = field(default_factory=dict)


def load_request(path: Path) -> BacktestRequest:
    """Read a request from a JSON or TOML file, by its suffix.

    Raises
    ------
    RequestError
        If it cannot be read, or breaks a rule.
    """
    try:
        # Some editors begin a file with a mark of its encoding.
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".toml":
            table: Any = tomllib.loads(text, parse_float=Decimal)
        else:
            table = json.loads(text, parse_float=Decimal, object_pairs_hook=_each_once)
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise RequestError(f"{path}: {error}") from error
    if not isinstance(table, Mapping):
        raise RequestError(f"{path}: a request is a table, was {type(table).__name__}")
    return parse_request(_beside(table, path), str(path))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of JSON, whose keys are each there once, as TOML demands."""
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return table


def _beside(table: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Files that a request names lie beside it, where they are there."""

    def there(name: Any) -> Any:
        file = (path.parent / name).resolve() if isinstance(name, str) else None
        return str(file) if file is not None and file.is_file() else name

    def placed(each: Any) -> Any:
        name = each.get("name") if isinstance(each, Mapping) else None
        if not isinstance(name, str):
            return each
        file, is_file, cls = name.partition(".py")
        if not is_file or (cls and cls[0] != ":"):
            return each
        return {**each, "name": f"{there(file + is_file)}{cls}"}

    made = dict(table)
    for key, value in table.items():
        if key in ("strategies", "signals") and isinstance(value, list):
            made[key] = [(placed if key == "strategies" else there)(x) for x in value]
        elif key == "models" and isinstance(value, Mapping) and "latencies" in value:
            made[key] = {**value, "latencies": there(value["latencies"])}
    return made


def parse_request(
    table: Mapping[str, Any], source: str = "the request"
) -> BacktestRequest:
    """Make a request of a table.

    Raises
    ------
    RequestError
        If it breaks a rule; the message names key, rule and value.
    """
    given = _snake(table)
    mode = given.pop("mode", "backtest")
    if mode != "backtest":
        raise RequestError(f"{source}: mode must be backtest, was {mode!r}")
    venue = given.pop("venue", "simulated")
    if venue != "simulated":
        raise RequestError(f"{source}: venue must be simulated, was {venue!r}")
    known = {
        "start_date": ("start", lambda value, at: _time(value, at, is_end=False)),
        "end_date": ("end", lambda value, at: _time(value, at, is_end=True)),
        "symbols": ("symbols", _names),
        "initial_capital": ("initial_capital", _capital),
        "strategies": ("strategies", _strategies),
        "interval": ("interval", _interval),
        "currency": ("currency", _text),
        "fees": ("fees", lambda value, at: _bounded(FeeTerms, value, at, _FEES)),
        "models": (
            "models",
            lambda value, at: _bounded(ModelTerms, value, at, _MODELS),
        ),
        "seed": ("seed", _integer),
        "account": ("account", _account),
        "rates": ("rates", _rates),
        "limits": ("limits", _table),
        "signals": ("signals", _names),
        "warm_up": ("warm_up", _count),
        "benchmark": ("benchmark", _text),
    }
    values = _values(given, known, source)
    for name in ("symbols", "strategies"):
        if not values.get(name):
            raise RequestError(f"{source}: {name} must name at least one")
    request = BacktestRequest(**values, table=table)
    start, end = request.start, request.end
    if start is not None and end is not None and start.ts > end.ts:
        raise RequestError(
            f"{source}: start_date must not lie after end_date, were "
            f"{given['start_date']} and {given['end_date']}"
        )
    _check_strategies(request, source)
    return request


def _check_strategies(request: BacktestRequest, source: str) -> None:
    ids = [each.id for each in request.strategies]
    for name in ids:
        if ids.count(name) > 1:
            raise RequestError(f"{source}: two strategies have the id {name!r}")
    for each in request.strategies:
        for symbol in each.symbols:
            if symbol not in request.symbols:
                raise RequestError(
                    f"{source}: strategy {each.id!r} names {symbol!r}, which is not "
                    "among the request's symbols"
                )
    if not any(each.enabled for each in request.strategies):
        raise RequestError(f"{source}: no strategy is enabled")
    total = sum(each.allocation for each in request.strategies if each.enabled)
    if total > 1:
        raise RequestError(
            f"{source}: allocations must add up to 1 at most, were {total}"
        )


_Reader = Callable[[Any, str], Any]


def _values(
    given: Mapping[str, Any], known: Mapping[str, tuple[str, _Reader]], source: str
) -> dict[str, Any]:
    values = {}
    for name, raw in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise RequestError(f"{source}: unknown key {name!r}{hint}")
        target, read = known[name]
        values[target] = read(raw, f"{source}: {name}")
    return values


def _snake(table: Mapping[str, Any]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for key, value in table.items():
        name = snake_case(key)
        if name in names:
            raise RequestError(f"{key!r} is given twice, in both spellings")
        names[name] = value
    return names


def _bounded(
    cls: type[Any], raw: Any, at: str, bounds: Mapping[str, tuple[float, float]]
) -> Any:
    """Make a dataclass of a table, whose numbers keep within bounds, both included."""
    terms = _record(cls, raw, at)
    for name, (least, most) in bounds.items():
        value = getattr(terms, name)
        if value is not None and not least <= value <= most:
            rule = f"must lie in [{least:,g}, {most:,g}]"
            raise RequestError(f"{at}.{name} {rule}, was {value}")
    return terms


def _record(cls: type[Any], raw: Any, at: str) -> Any:
    """Make a dataclass of a table, each value by the type of its default."""
    given = _snake(_table(raw, at))
    known: dict[str, tuple[str, _Reader]] = {}
    for each in fields(cls):
        known[each.name] = (each.name, _READERS[str(each.type)])
    return cls(**_values(given, known, at))


def _account(raw: Any, at: str) -> AccountTerms:
    terms: AccountTerms = _record(AccountTerms, raw, at)
    if terms.kind not in ACCOUNTS:
        raise RequestError(
            f"{at}.kind must be one of {', '.join(ACCOUNTS)}, was {terms.kind!r}"
        )
    if terms.borrow_rate is not None and terms.borrow_rate < 0:
        raise RequestError(
            f"{at}.borrow_rate must not be negative, was {terms.borrow_rate}"
        )
    return terms


def _rates(raw: Any, at: str) -> dict[str, Decimal]:
    return {
        name: _positive(value, f"{at}.{name}")
        for name, value in _table(raw, at).items()
    }


def _strategies(raw: Any, at: str) -> tuple[StrategyTerms, ...]:
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise RequestError(f"{at} must be a list of tables, was {raw!r}")
    found = []
    for number, each in enumerate(raw):
        place = f"{at}[{number}]"
        table = _snake(_table(each, place))
        table.setdefault("id", f"strategy_{number + 1}")
        if "name" not in table:
            raise RequestError(f"{place}: name is missing")
        known: dict[str, tuple[str, _Reader]] = {
            "id": ("id", _text),
            "name": ("name", _text),
            "enabled": ("enabled", _flag),
            "allocation": ("allocation", _share),
            "symbols": ("symbols", _names),
            "parameters": ("parameters", _parameters),
        }
        found.append(StrategyTerms(**_values(table, known, place)))
    return tuple(found)


def _parameters(raw: Any, at: str) -> dict[str, Any]:
    """Values of parameters: a file's decimal numbers are floats to a strategy."""
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in _snake(_table(raw, at)).items()
    }


def _time(raw: Any, at: str, *, is_end: bool) -> Bound:
    """Read a time; a date alone is its first instant, or its last."""
    if isinstance(raw, datetime):
        moment = raw
    elif isinstance(raw, date):
        return _of_day(raw, is_end=is_end)
    else:
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", str(raw)):
                return _of_day(date.fromisoformat(str(raw)), is_end=is_end)
            moment = datetime.fromisoformat(str(raw))
        except ValueError as error:
            raise RequestError(
                f"{at} must be like 2023-01-31 or 2023-01-31T09:30:00Z, was {raw!r}"
            ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    ts = (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1000
    return Bound(ts, moment.date())


def _of_day(day: date, *, is_end: bool) -> Bound:
    return Bound(day_ns(day) + is_end * (DAY_NS - 1), day)


def _decimal(raw: Any, at: str) -> Decimal:
    try:
        if isinstance(raw, bool):
            raise InvalidOperation
        value = Decimal(str(raw))
    except InvalidOperation as error:
        raise RequestError(f"{at} must be a number, was {raw!r}") from error
    if not value.is_finite():
        raise RequestError(f"{at} must be a finite number, was {raw!r}")
    return value


def _positive(raw: Any, at: str) -> Decimal:
    value = _decimal(raw, at)
    if value <= 0:
        raise RequestError(f"{at} must be positive, was {value}")
    return value


def _capital(raw: Any, at: str) -> Decimal:
    value = _positive(raw, at)
    if value > _MOST_CAPITAL:
        raise RequestError(f"{at} must be {_MOST_CAPITAL:,} at most, was {value}")
    return value


def _share(raw: Any, at: str) -> Decimal:
    value = _decimal(raw, at)
    if not 0 < value <= 1:
        raise RequestError(f"{at} must lie in (0, 1], was {value}")
    return value


def _integer(raw: Any, at: str) -> int:
    value = _decimal(raw, at)
    if value != int(value):
        raise RequestError(f"{at} must be an integer, was {raw}")
    if abs(value) >= _BEYOND_64_BITS:
        raise RequestError(f"{at} must fit into 64 bits, was {raw}")
    return int(value)


def _count(raw: Any, at: str) -> int:
    value = _integer(raw, at)
    if value < 0:
        raise RequestError(f"{at} must not be negative, was {value}")
    return value


def _float(raw: Any, at: str) -> float:
    return float(_decimal(raw, at))


def _flag(raw: Any, at: str) -> bool:
    if not isinstance(raw, bool):
        raise RequestError(f"{at} must be true or false, was {raw!r}")
    return raw


def _text(raw: Any, at: str) -> str:
    if not isinstance(raw, str) or not raw:
        raise RequestError(f"{at} must be a text, was {raw!r}")
    return raw


def _interval(raw: Any, at: str) -> str:
    if not is_interval(_text(raw, at)):
        raise RequestError(f"{at} must be like 1m, 4h or 1d, was {raw!r}")
    return str(raw)


def _names(raw: Any, at: str) -> tuple[str, ...]:
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise RequestError(f"{at} must be a list of names, was {raw!r}")
    names = tuple(_text(each, at) for each in raw)
    if len(set(names)) < len(names):
        raise RequestError(f"{at} names one twice: {', '.join(names)}")
    return names


def _table(raw: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise RequestError(f"{at} must be a table, was {raw!r}")
    return raw


def _or_none(reader: _Reader) -> _Reader:
    return lambda raw, at: None if raw is None else reader(raw, at)


_READERS: Final[Mapping[str, _Reader]] = {
    str(Decimal): _decimal,
    str(Decimal | None): _or_none(_decimal),
    str(float): _float,
    str(float | None): _or_none(_float),
    str(int): _integer,
    str(str): _text,
    str(str | None): _or_none(_text),
    str(bool | None): _or_none(_flag),
}
