"""Risk limits from a file: names, units, checks (SEMANTICS 50).

A file is TOML or JSON. Its own keys hold for the whole account, those of a table
``instruments.NAME`` for one instrument; of two the tighter holds. A key is one of
`NAMES`, in snake_case or camelCase. Units are those a person speaks: shares, contracts
or coins; the base currency; per cent; seconds. Nothing is rounded on the way to the
engine's integers, except a size to the instrument's quantity unit below it.

A key that is absent is a limit that is off, and so is 0.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from app.engine.arena import Arena, Section
from app.engine.records import MONEY_SCALE, RiskLimit
from app.engine.risk_state import MESSAGE_CAPACITY
from app.errors import InstrumentError, LimitsError
from app.instrument import Instrument, exact

NAMES: Final = {limit.name.lower(): limit for limit in RiskLimit}
"""Every key that a file may hold, in snake_case."""
SIZES: Final = frozenset({RiskLimit.MAX_ORDER_SIZE, RiskLimit.MAX_POSITION_SIZE})
"""Limits in shares, contracts or coins; quantity units of the instrument inside."""
ACCOUNT_ONLY: Final = frozenset(
    {
        RiskLimit.MAX_GROSS_EXPOSURE,
        RiskLimit.MAX_DAILY_LOSS,
        RiskLimit.MAX_DRAWDOWN,
        RiskLimit.MESSAGE_RATE,
        RiskLimit.RATE_WINDOW,
        RiskLimit.CASH_ACCOUNT,
        RiskLimit.MARGIN,
    }
)
"""Limits that an instrument cannot have for itself."""
_FLAGS: Final = frozenset(
    {
        RiskLimit.STALE_GUARD,
        RiskLimit.SESSION_HOURS,
        RiskLimit.CASH_ACCOUNT,
        RiskLimit.MARGIN,
    }
)
_PER_CENT: Final = 10_000
_SECOND: Final = 1_000_000_000
_SCALES: Final = {
    RiskLimit.MAX_ORDER_VALUE: MONEY_SCALE,
    RiskLimit.MAX_SYMBOL_EXPOSURE: MONEY_SCALE,
    RiskLimit.MAX_GROSS_EXPOSURE: MONEY_SCALE,
    RiskLimit.MAX_DAILY_LOSS: MONEY_SCALE,
    RiskLimit.MAX_DRAWDOWN: MONEY_SCALE,
    RiskLimit.COLLAR: _PER_CENT,
    RiskLimit.MESSAGE_RATE: 1,
    RiskLimit.RATE_WINDOW: _SECOND,
    RiskLimit.DUPLICATE_ALLOWED: 1,
    RiskLimit.DUPLICATE_WINDOW: _SECOND,
    RiskLimit.STALE_AFTER: _SECOND,
}
"""The engine's units in one of a file's."""
_MOST: Final = {
    RiskLimit.COLLAR: 100 * _PER_CENT,
    RiskLimit.MESSAGE_RATE: MESSAGE_CAPACITY,
}
_WINDOWS: Final = {
    RiskLimit.MESSAGE_RATE: RiskLimit.RATE_WINDOW,
    RiskLimit.DUPLICATE_ALLOWED: RiskLimit.DUPLICATE_WINDOW,
}
"""Limits that count within a window; one second where none is given."""
_BOUND: Final = 2**62
_BEFORE_WORD: Final = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"

Values = Mapping[RiskLimit, int | Decimal]
"""Limits as the engine counts them; sizes in shares, contracts or coins."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an account and of its instruments.

    Attributes
    ----------
    account : mapping of RiskLimit to value
        What holds for the account, and for each instrument.
    instruments : mapping of name to such a mapping
        What holds for one instrument besides.
    """

    account: Values = field(default_factory=dict)
    instruments: Mapping[str, Values] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Limits":
        """Read a TOML or JSON file (by its suffix).

        Raises
        ------
        LimitsError
            If it cannot be read, a key is unknown, or a value breaks its rule.
        """
        return cls.parse(_table(path), str(path))

    @classmethod
    def load_or_default(cls, path: Path) -> "Limits":
        """Read a file if there is one, else return the limits that ship."""
        return cls.load(path) if path.exists() else cls.default()

    @classmethod
    def default(cls) -> "Limits":
        """Return the limits that ship: careful ones for the built-in exchange."""
        return cls.parse(tomllib.loads(DEFAULT, parse_float=Decimal), "the default")

    @classmethod
    def parse(cls, table: Mapping[str, object], source: str) -> "Limits":
        """Make limits of a file's content; `source` names it in messages."""
        every = dict(table)
        tables = every.pop("instruments", {})
        if not isinstance(tables, Mapping):
            raise LimitsError(f"{source}: instruments must be tables, was {tables!r}")
        account = _values(every, source)
        own = {}
        for name, values in tables.items():
            place = f"{source}: instruments.{name}"
            if not isinstance(values, Mapping):
                raise LimitsError(f"{place} must be a table, was {values!r}")
            own[str(name)] = _values(values, place, ACCOUNT_ONLY)
        return cls(account, own)

    def apply(self, arena: Arena, instruments: Sequence[Instrument]) -> None:
        """Set the limits of a session, all of them.

        Raises
        ------
        LimitsError
            If a size is smaller than an instrument's quantity unit.
        """
        rows = arena.records(Section.RISK_LIMITS)["value"]
        rows[: len(instruments) + 1] = 0
        for limit, value in self.account.items():
            if limit not in SIZES:
                rows[0][limit] = value
        for index, instrument in enumerate(instruments):
            own = self.instruments.get(instrument.name, {})
            for limit, value in own.items():
                if limit not in SIZES:
                    rows[1 + index][limit] = value
            for limit in SIZES:
                rows[1 + index][limit] = self._size(limit, own, instrument)

    def _size(self, limit: RiskLimit, own: Values, instrument: Instrument) -> int:
        """Return the tighter of two sizes, in the instrument's quantity units."""
        units = [
            _size_units(limit, Decimal(values[limit]), instrument)
            for values in (self.account, own)
            if values.get(limit)
        ]
        return min(units, default=0)


def _table(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            table = json.loads(text, parse_float=Decimal, object_pairs_hook=_no_twice)
        else:
            table = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise LimitsError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise LimitsError(f"{path} cannot be parsed: {error}") from error
    if not isinstance(table, dict):
        raise LimitsError(f"{path} must hold an object of limits, was {table!r}")
    return table


def _no_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of its pairs; JSON itself would keep the last of two equals."""
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key stands there twice")
    return table


def snake_case(name: str) -> str:
    """Turn a name in camelCase into snake_case; others stay."""
    return re.sub(_BEFORE_WORD, "_", name).lower()


def _values(
    table: Mapping[str, object], source: str, refused: Iterable[RiskLimit] = ()
) -> Values:
    """Check and scale the limits of one table."""
    values: dict[RiskLimit, int | Decimal] = {}
    for key, raw in table.items():
        limit = _limit(key, source)
        if limit in refused:
            raise LimitsError(f"{source}: {key} is a limit of the whole account")
        if limit in values:
            raise LimitsError(f"{source}: {key} is given twice, in two spellings")
        values[limit] = _value(limit, raw, f"{source}: {key}")
    for limit, window in _WINDOWS.items():
        if values.get(limit):
            values.setdefault(window, _SECOND)
    return values


def _limit(key: str, source: str) -> RiskLimit:
    name = snake_case(key)
    if name in NAMES:
        return NAMES[name]
    close = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.0)
    raise LimitsError(f"{source}: unknown limit {key!r}, the nearest is {close[0]!r}")


def _value(limit: RiskLimit, raw: object, place: str) -> int | Decimal:
    """Turn a file's value into the engine's; sizes stay as they are."""
    if limit in _FLAGS:
        if not isinstance(raw, bool):
            raise LimitsError(f"{place} must be true or false, was {raw!r}")
        return int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal | str):
        raise LimitsError(f"{place} must be a number, was {raw!r}")
    try:
        number = exact(raw)
    except InstrumentError as error:
        raise LimitsError(f"{place}: {error}") from None
    if number < 0:
        raise LimitsError(f"{place} must not be negative, was {raw}")
    if limit in SIZES:
        return number
    scaled = Fraction(number) * _SCALES[limit]
    if scaled.denominator != 1:
        raise LimitsError(
            f"{place} must be a multiple of 1/{_SCALES[limit]}, was {raw}"
        )
    most = _MOST.get(limit, _BOUND)
    if scaled > most:
        raise LimitsError(
            f"{place} must be at most {most / _SCALES[limit]:g}, was {raw}"
        )
    return scaled.numerator


def _size_units(limit: RiskLimit, size: Decimal, instrument: Instrument) -> int:
    units = Fraction(size) / Fraction(instrument.quantity_unit)
    whole = units.numerator // units.denominator
    if not 0 < whole < _BOUND:
        raise LimitsError(
            f"{limit.name.lower()} {size} must be at least the quantity unit "
            f"{instrument.quantity_unit} of {instrument.name}, and below 2**62 of them"
        )
    return whole


DEFAULT: Final = """\
# Risk limits. Copy this file, change what you need, and name it in config.toml:
# risk.file. Without a file these limits hold. What is absent, or 0, is off.
# Keys may also be spelt in camelCase: maxPositionSize, maxDailyLoss …

# The whole account, and each instrument. Money is in the base currency.
max_order_value = 1_000_000      # of one order, at the worse of its price and the mark
max_symbol_exposure = 2_500_000  # in one instrument, if all its orders filled
max_gross_exposure = 5_000_000   # in all of them together
max_daily_loss = 20_000          # then entries are cancelled, until re-armed by hand
max_drawdown = 50_000            # from the equity's peak; the same follows
collar = 3                       # per cent through mid or last that a limit may lie
message_rate = 50                # orders, replaces and cancels within rate_window
rate_window = 1                  # seconds
duplicate_allowed = 10           # orders of one side, quantity and price …
duplicate_window = 1             # … within so many seconds
stale_guard = true               # no new risk on a book that cannot be trusted
stale_after = 0                  # seconds of silence that make it so; 0: the feed says
session_hours = true             # no new risk outside the session
margin = false                   # no new risk beyond the equity's initial margin
cash_account = false             # no borrowing: settled cash for purchases, no shorts

# One instrument: sizes in shares, contracts or coins; the tighter limit holds.
[instruments.RSTK]
max_order_size = 5_000
max_position_size = 20_000

[instruments.RFUT]
max_order_size = 10
max_position_size = 25

[instruments.RBTC]
max_order_size = 5
max_position_size = 20

[instruments.REUR]
max_order_size = 500_000
max_position_size = 2_000_000
"""
"""The limits that ship; resources/limits.example.toml is this text."""
