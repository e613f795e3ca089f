"""Alerts: what a user wants to be told of, judged once a frame, without Qt.

An alert about a price or an average waits until the value passes its level; one about
P&L or risk goes off as soon as it is beyond; one about an event whenever that happens.
What a value is now, `alert_values` says.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from typing import Any, Final

from app.errors import ConfigError, InstrumentError
from app.instrument import exact
from app.ui import formatting
from app.ui.models.studies import LINES, numbers_of

KINDS: Final[Mapping[str, str]] = {
    "last": "Last price",
    "bid": "Best bid",
    "ask": "Best ask",
    "mid": "Mid price",
    "vwap": "Session VWAP",
    "average": "Mean close of the last minutes",
    "last_vwap": "Last price less VWAP",
    "study": "An indicator",
    "last_study": "Last price less an indicator",
    "pnl": "Total P&L",
    "instrument_pnl": "P&L of the instrument",
    "risk": "Fullest risk limit, %",
    "fill": "A fill",
    "reject": "A refusal",
    "feed": "The feed is lost",
}
PRICES: Final = frozenset({"last", "bid", "ask", "mid", "vwap", "average"})
STUDIES: Final = frozenset({"study", "last_study"})
SLOW: Final = frozenset({"vwap", "average", "last_vwap"}) | STUDIES
EVENTS: Final = frozenset({"fill", "reject", "feed"})
CROSSING: Final = SLOW | {"last", "bid", "ask", "mid"}
WITHOUT_INSTRUMENT: Final = frozenset({"pnl", "risk", "feed"})
MOST: Final = 500
LONGEST_QUIET_S: Final = 86_400
_LONGEST_NOTE: Final = 200
_DIGITS, _DIGITS_SLOW = 10, 7
"""Of a value that is told: prices and money are exact, means and indicators are not."""
_FIRED_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Alert:
    """What is to be told.

    Attributes
    ----------
    kind : str
        Of `KINDS`.
    instrument : str
        Its name; "" = any, or none is needed.
    rises : bool
        Goes off at or above the level, else at or below.
    level : str
        A plain number: a price, money in the base currency, or per cent.
    minutes : int
        How many "average" means; how long the bars of an indicator are.
    line : str
        Of an indicator: a key of `LINES`.
    numbers : str
        An indicator's parameters; "" = the usual ones.
    repeats : bool
        Stays on after it went off.
    quiet_s : int
        One about a value that repeats is told at most once in so many seconds.
    expires : int
        ns since 1970 UTC; 0 = never.
    note : str
    is_on : bool
    """

    kind: str = "last"
    instrument: str = ""
    rises: bool = True
    level: str = "0"
    minutes: int = 5
    line: str = "rsi"
    numbers: str = ""
    repeats: bool = False
    quiet_s: int = 30
    expires: int = 0
    note: str = ""
    is_on: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(
                f"an alert's kind must be one of {', '.join(KINDS)}, was {self.kind!r}"
            )
        if self.kind not in EVENTS:
            number(self.level)
        if not 1 <= self.minutes <= 1440:
            raise ConfigError(f"minutes must be 1 to 1440, was {self.minutes}")
        if not 0 <= self.quiet_s <= LONGEST_QUIET_S:
            raise ConfigError(
                f"quiet_s must be 0 to {LONGEST_QUIET_S}, was {self.quiet_s}"
            )
        if self.kind in STUDIES:
            self._check_study()
        if not self.instrument and self.kind not in WITHOUT_INSTRUMENT | EVENTS:
            raise ConfigError(f"{KINDS[self.kind]}: an instrument is needed")
        if len(self.note) > _LONGEST_NOTE:
            raise ConfigError(f"a note must have at most {_LONGEST_NOTE} letters")

    def _check_study(self) -> None:
        if self.line not in LINES:
            known = ", ".join(LINES)
            raise ConfigError(f"no indicator is {self.line!r}; there are {known}")
        line = LINES[self.line]
        if self.kind == "last_study" and not line.is_over_bars:
            raise ConfigError(f"{line.title} is no price: nothing is less than it")
        numbers_of(line.name, self.numbers)

    @property
    def text(self) -> str:
        """What it waits for, in words."""
        where = f"{self.instrument}: " if self.instrument else ""
        what = KINDS[self.kind]
        if self.kind == "average":
            what = f"Mean close of {formatting.plural(self.minutes, 'minute')}"
        if self.kind in STUDIES:
            less = "Last price less " if self.kind == "last_study" else ""
            numbers = f" ({self.numbers})" if self.numbers else ""
            line = f"{LINES[self.line].title}{numbers}"
            what = f"{less}{line} of {self.minutes}-minute bars"
            verb = "rises to" if self.rises else "falls to"
            return f"{where}{what} {verb} {self.level}"
        if self.kind in EVENTS:
            return f"{where}{what.lower() if where else what}"
        verb = "rises to" if self.rises else "falls to"
        return f"{where}{what.lower() if where else what} {verb} {self.level}"


def number(text: str) -> Fraction:
    """Read a level.

    Raises
    ------
    ConfigError
        If it is no number.
    """
    plain = formatting.plain(text.replace(",", "").strip())
    try:
        return Fraction(exact(plain or "x"))
    except InstrumentError:
        raise ConfigError(f"a level must be a number, was {text!r}") from None


@dataclass(frozen=True, slots=True)
class Silence:
    """Why no alert is heard, in words ("" = they are), and whether that is wanted."""

    words: str = ""
    is_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that went off: when (ns since 1970 UTC), and in which words."""

    ts: int
    text: str


@dataclass(slots=True)
class _Watched:
    alert: Alert
    is_armed: bool | None = None
    told_at: int | None = None
    level: float = 0.0

    def __post_init__(self) -> None:
        if self.alert.kind not in EVENTS:
            self.level = float(number(self.alert.level))

    def is_due(self, value: float, now: int) -> bool:
        """Whether it goes off at a value; then it waits until it is no longer beyond.

        What comes in the quiet time is told at its end, if it is still so.
        """
        alert = self.alert
        is_beyond = value >= self.level if alert.rises else value <= self.level
        if not is_beyond:
            self.is_armed = True
        elif self.is_armed is None:
            self.is_armed = alert.kind not in CROSSING
        is_quiet = alert.repeats and self.told_at is not None
        if is_quiet and self.told_at is not None:
            # A wall clock that is put back must not make it longer.
            is_quiet = 0 <= now - self.told_at < alert.quiet_s * 1_000_000_000
        if not is_beyond or not self.is_armed or is_quiet:
            return False
        self.is_armed, self.told_at = False, now
        return True


class Alerts:
    """The alerts of a user, and those that went off.

    Attributes
    ----------
    fired : list of Fired
        Oldest first, bounded.
    version : int
        Changes with every alert and with every one that goes off.
    silence : callable
        Returns the `Silence` of now.
    """

    def __init__(self) -> None:
        self._watched: list[_Watched] = []
        self.fired: list[Fired] = []
        self.version = 0
        self.silence: Callable[[], Silence] = Silence

    @property
    def rows(self) -> list[Alert]:
        """The alerts, in the order in which they were made."""
        return [each.alert for each in self._watched]

    def put(self, alert: Alert, at: int | None = None) -> None:
        """Add an alert, or set another in the place of one.

        Raises
        ------
        ConfigError
            If there are too many.
        """
        self.version += 1
        if at is not None:
            self._watched[at] = _Watched(alert)
        elif len(self._watched) >= MOST:
            raise ConfigError(f"there are {MOST} alerts already; delete some")
        else:
            self._watched.append(_Watched(alert))

    def delete(self, at: int) -> None:
        """Take an alert away."""
        del self._watched[at]
        self.version += 1

    def turn(self, at: int, is_on: bool) -> None:
        """Turn an alert on or off."""
        self.put(replace(self._watched[at].alert, is_on=is_on), at)

    def forget_values(self) -> None:
        """Begin anew: another session's prices say nothing about these."""
        for each in self._watched:
            each.is_armed = None

    def are_waiting(self, *, is_slow: bool) -> bool:
        """Whether any alert about a value is on (slow: one that needs the history)."""
        return any(
            each.alert.is_on and (each.alert.kind in SLOW) == is_slow
            for each in self._watched
            if each.alert.kind not in EVENTS
        )

    def judge(
        self, read: Callable[[Alert], float | None], now: int, *, is_slow: bool = False
    ) -> list[Fired]:
        """Return the alerts about values that go off now.

        Parameters
        ----------
        read : callable
            What an alert's value is now; None = unknown, which is never beyond.
        now : int
            Wall clock, ns since 1970 UTC.
        """
        gone = []
        for each in self._watched:
            alert = each.alert
            if not alert.is_on or alert.kind in EVENTS:
                continue
            if (alert.kind in SLOW) != is_slow or self._is_over(each, now):
                continue
            value = read(alert)
            if value is None or not math.isfinite(value):
                continue
            if each.is_due(value, now):
                digits = _DIGITS_SLOW if is_slow else _DIGITS
                gone.append(self._fire(each, now, f", now {value:.{digits}g}"))
        return gone

    def take_event(
        self, kind: str, instrument: str, now: int, told: str
    ) -> list[Fired]:
        """Return the alerts about an event that has happened."""
        return [
            self._fire(each, now, f": {told}")
            for each in self._watched
            if each.alert.is_on
            and each.alert.kind == kind
            and each.alert.instrument in ("", instrument)
            and not self._is_over(each, now)
        ]

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {"version": 1, "alerts": [asdict(alert) for alert in self.rows]}

    def load(self, content: Mapping[str, Any]) -> list[str]:
        """Take alerts from a file; what is wrong with it, in words."""
        rows, wrong = content.get("alerts"), []
        for row in rows[:MOST] if isinstance(rows, list) else ():
            try:
                self.put(_from_json(row))
            except ConfigError as error:
                wrong.append(str(error))
        return wrong

    def _is_over(self, each: _Watched, now: int) -> bool:
        alert = each.alert
        if not alert.expires or now < alert.expires:
            return False
        each.alert = replace(alert, is_on=False)
        self.version += 1
        return True

    def _fire(self, each: _Watched, now: int, more: str) -> Fired:
        alert = each.alert
        note = f" ({alert.note})" if alert.note else ""
        self.version += 1
        fired = Fired(now, f"{alert.text}{more}{note}")
        self.fired = [*self.fired, fired][-_FIRED_KEPT:]
        if not alert.repeats:
            each.alert = replace(alert, is_on=False)
        return fired


def _from_json(row: object) -> Alert:
    if not isinstance(row, Mapping):
        raise ConfigError(f"an alert must be an object, was {row!r}")
    values: dict[str, Any] = {}
    for each in fields(Alert):
        value = row.get(each.name, each.default)
        if type(value) is not type(each.default):
            raise ConfigError(f"an alert's {each.name} cannot be {value!r}")
        values[each.name] = value
    return Alert(**values)
