"""A chart's interval as text: ``5s``, ``1m``, ``500t``, ``1000v``, ``8r``.

A number and a letter: s, m, h, d for time, t for trades, v for volume in the
instrument's own quantities, r for a range in ticks.
"""

import re
from decimal import Decimal
from typing import Final

from app.engine.history.records import BarKind
from app.engine.records import NO_PRICE
from app.errors import ConfigError, InstrumentError
from app.instrument import Instrument, exact, plain
from app.sessions.history import BarSpec

PRESETS: Final = (
    *("1s", "5s", "15s", "1m", "5m", "15m", "1h"),
    *("100t", "500t", "1000v", "4r", "8r"),
)
_SECOND: Final = 1_000_000_000
_SPANS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_FORM: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*(s|m|h|d|t|v|r)", re.IGNORECASE)
_MOST: Final = 1 << 53


def parse_interval(text: str, instrument: Instrument, price: int = NO_PRICE) -> BarSpec:
    """Read an interval.

    Parameters
    ----------
    text : str
    instrument : Instrument
    price : int
        About what it trades at, price units: a tick is as wide as it is there.

    Raises
    ------
    ConfigError
        If it is none, in words for the user.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"{text.strip()!r} is no interval: a number and a letter, as in 5s, 1m, "
            "1h, 500t (trades), 1000v (volume), 8r (range in ticks)"
        )
    number, letter = Decimal(found[1]), found[2].lower()
    if letter in _SPANS:
        return _spec(text, BarKind.TIME, number * _SPANS[letter] * _SECOND)
    if letter == "t":
        return _spec(text, BarKind.TICKS, number)
    if letter == "r":
        tick = instrument.step_at(0 if price == NO_PRICE else price)
        return _spec(text, BarKind.RANGE, number * tick)
    try:
        units = Decimal(int(instrument.quantity_units(exact(found[1]))))
    except InstrumentError as error:
        raise ConfigError(f"{text.strip()}: {error}") from error
    return _spec(text, BarKind.VOLUME, units)


def _spec(text: str, kind: BarKind, size: Decimal) -> BarSpec:
    if size != int(size) or not 1 <= size <= _MOST:
        raise ConfigError(f"{text.strip()}: a bar needs a whole size from 1 on")
    if kind is BarKind.TIME and size % (_SECOND // 10):
        raise ConfigError(f"{text.strip()}: a time is a multiple of 0.1 s")
    return BarSpec(kind, int(size))


def interval_text(spec: BarSpec, instrument: Instrument, price: int = NO_PRICE) -> str:
    """Write an interval as `parse_interval` reads it."""
    if spec.kind == BarKind.TICKS:
        return f"{spec.size}t"
    if spec.kind == BarKind.VOLUME:
        return f"{plain(instrument.quantity(spec.size))}v"
    if spec.kind == BarKind.RANGE:
        tick = instrument.step_at(0 if price == NO_PRICE else price)
        return f"{max(1, spec.size // tick)}r"
    for letter, seconds in _SPANS.items():
        if spec.size % (seconds * _SECOND) == 0:
            return f"{spec.size // (seconds * _SECOND)}{letter}"
    return f"{plain(Decimal(spec.size) / _SECOND)}s"
