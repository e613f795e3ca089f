"""Indicators over the newest bars: their lines, and how many bars they need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.engine.indicators.series import INDICATORS, checked
from app.errors import ConfigError, EngineError

_WARM_UP: Final = 8
_LEAST_WARM_UP: Final = 64
_IN_PRICE: Final = ("atr", "macd")


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One line of an indicator.

    Attributes
    ----------
    name : str
        A key of `INDICATORS`.
    column : int
        Which of its lines.
    title : str
        ``Bollinger bands, upper``.
    is_over_bars : bool
        It is a price.
    is_in_price : bool
        It is counted in price units.
    """

    name: str
    column: int
    title: str
    is_over_bars: bool
    is_in_price: bool


def _lines() -> dict[str, StudyLine]:
    made = {}
    for name, what in INDICATORS.items():
        if name == "vwap":  # the session's own needs no bars
            continue
        is_price = what.pane == "price"
        for column, line in enumerate(what.lines):
            is_alone = len(what.lines) == 1
            key = name if is_alone else f"{name}.{line.lower()}"
            title = what.title if is_alone else f"{what.title}, {line}"
            in_price = is_price or name in _IN_PRICE
            made[key] = StudyLine(name, column, title, is_price, in_price)
    return made


LINES: Final[Mapping[str, StudyLine]] = _lines()
"""Lines that an alert may be about, by key: ``rsi``, ``bollinger.upper``."""


def numbers_of(name: str, text: str) -> tuple[float, ...]:
    """Read an indicator's parameters, separated by spaces; "" = the usual ones.

    Raises
    ------
    ConfigError
        If there are too many, or one is no number or out of its bounds.
    """
    declared = INDICATORS[name].parameters
    words = text.split()
    if len(words) > len(declared):
        names = ", ".join(each.name for each in declared)
        raise ConfigError(f"{name} takes {names}; was {text!r}")
    try:
        values = [float(word) for word in words]
        given = dict(zip([each.name for each in declared], values, strict=False))
        return checked(name, given)
    except ValueError:
        raise ConfigError(f"numbers with spaces between, was {text!r}") from None
    except EngineError as error:
        raise ConfigError(str(error)) from None


def usual_numbers(name: str) -> str:
    """What `numbers_of` takes for nothing, with names: ``fast 12, slow 26``."""
    declared = INDICATORS[name].parameters
    return ", ".join(f"{each.name} {each.default:g}" for each in declared)


def warm_up(numbers: Sequence[float]) -> int:
    """Bars before the first that is shown, so that its value is settled."""
    longest = max(numbers, default=1.0)
    return max(_LEAST_WARM_UP, round(_WARM_UP * longest))
