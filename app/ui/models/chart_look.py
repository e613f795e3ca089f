"""What a chart shows and how: kept in a workspace, read back with suspicion."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.engine.indicators.series import INDICATORS, checked
from app.errors import EngineError

STYLES: Final = ("candles", "hollow", "bars", "line")
PROFILES: Final = ("", "session", "visible")
USUAL_INTERVAL: Final = "5s"
MOST_INDICATORS: Final = 8


@dataclass(slots=True)
class Drawn:
    """An indicator on a chart.

    Attributes
    ----------
    name : str
        A key of `INDICATORS`.
    parameters : dict of str to float
    """

    name: str
    parameters: dict[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name with its numbers: ``EMA 20``."""
        short = self.name.upper().replace("_", "-")
        return " ".join([short, *(f"{each:g}" for each in self.numbers())])

    def numbers(self) -> tuple[float, ...]:
        """Its parameters in order."""
        return checked(self.name, self.parameters)

    @property
    def is_over_bars(self) -> bool:
        """Whether it is drawn on the prices."""
        return INDICATORS[self.name].pane == "price"


@dataclass(slots=True)
class ChartLook:
    """Settings of one chart.

    Attributes
    ----------
    interval : str
        As typed.
    style : str
        Of `STYLES`.
    volume, delta, footprint, vwap, trading : bool
        Sub-panes; bid x ask inside wide bars; session VWAP; own orders and fills.
    moves_along : bool
        Pans and zooms with the other charts of its link.
    regimes : bool
        Bands behind bars that are wild or calm.
    profile : str
        Of `PROFILES`; "" = none.
    indicators : list of Drawn
    """

    interval: str = USUAL_INTERVAL
    style: str = "candles"
    volume: bool = True
    delta: bool = True
    footprint: bool = True
    vwap: bool = True
    trading: bool = True
    drawings: bool = True
    moves_along: bool = False
    regimes: bool = False
    profile: str = "session"
    indicators: list[Drawn] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    def restore(self, state: dict[str, Any]) -> None:
        """Take what is sound in a kept state; the rest stays as it is."""
        for name, is_sound in _SOUND.items():
            value = state.get(name)
            if is_sound(value):
                setattr(self, name, value)
        kept = state.get("indicators")
        if isinstance(kept, list):
            made = [_drawn(each) for each in kept[:MOST_INDICATORS]]
            self.indicators = [each for each in made if each is not None]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


_SOUND: Final[dict[str, Callable[[Any], bool]]] = {
    "interval": lambda value: isinstance(value, str) and 0 < len(value) < 24,
    "style": lambda value: value in STYLES,
    "volume": _is_bool,
    "delta": _is_bool,
    "footprint": _is_bool,
    "vwap": _is_bool,
    "trading": _is_bool,
    "drawings": _is_bool,
    "moves_along": _is_bool,
    "regimes": _is_bool,
    "profile": lambda value: isinstance(value, str) and value in PROFILES,
}


def _drawn(kept: object) -> Drawn | None:
    if not isinstance(kept, dict) or str(kept.get("name")) not in INDICATORS:
        return None
    given = kept.get("parameters")
    numbers = given if isinstance(given, dict) else {}
    try:
        made = Drawn(str(kept["name"]), {str(k): float(v) for k, v in numbers.items()})
        made.numbers()
    except (EngineError, TypeError, ValueError):
        return None
    return made
