"""The models of a scenario, written into the session's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from app.data.bar_stamps import interval_ns
from app.engine.arena import Arena
from app.engine.bars import BarKind, build_bars
from app.engine.instruments import instrument_records
from app.engine.venue.fees import write_fees
from app.engine.venue.models import (
    Fills,
    Impact,
    LimitRule,
    Queue,
    Through,
    VenueModels,
)
from app.instrument import Instrument
from app.sessions.scenario.schema import Scenario

NO_BOUND = -1
"""Protection of market orders where a scenario gives none."""
_BARS: Final = {
    **dict.fromkeys(("interval", "time", "ns"), BarKind.TIME),
    **dict.fromkeys(("trades", "ticks"), BarKind.TRADES),
    "volume": BarKind.VOLUME,
    "range": BarKind.RANGE,
}
"""What ends a bar, by the words of `build_bars`."""
_IMPACT: Final = {
    "impact": ("model", "kind"),
    "temporary_impact": ("temporary", "coefficient", "y"),
    "permanent_impact": ("permanent",),
    "volatility": ("sigma", "day_volatility"),
    "day_volume": ("volume", "adv"),
    "impact_half_life_ns": ("half_life", "decay"),
}
_AS_IS: Final = ("impact", "impact_half_life_ns")


def bar_length(interval: Any) -> int:
    """Length of bars, ns: an integer, or a text like 1m."""
    return interval if isinstance(interval, int) else interval_ns(str(interval))


def set_models(arena: Arena, table: Sequence[Instrument], scenario: Scenario) -> None:
    """Write fees, protection and what the feed shows; the simulated venue's models."""
    models = None if scenario.venue == "matching" else _venue_models(scenario)
    for index, record in enumerate(instrument_records(arena)):
        write_fees(arena, index, table[index])
        record["protection_ticks"] = NO_BOUND
        record["consolidated"] = scenario.models.get("feed") == "consolidated"
        record["full_depth"] = scenario.models.get("depth", "full") == "full"
        record["by_order"] = scenario.venue in ("matching", "simulated-l3")
        if models is not None:
            models.write(arena, index)


def _venue_models(scenario: Scenario) -> VenueModels:
    given = scenario.models
    latency = given.get("latency", {})
    by_order = scenario.venue == "simulated-l3"
    queue = given.get("queue", "exact" if by_order else "pessimistic")
    plain = VenueModels(
        order_latency_ns=latency.get("order", 0),
        report_latency_ns=latency.get("report", 0),
        queue=Queue(queue),
        through=Through(given.get("through", "trade_size")),
        fills=Fills.BARS if scenario.venue == "simulated-bars" else Fills.BOOK,
        participation=_share(given.get("participation", "0.1")),
        slippage=given.get("slippage", 0),
        limit_rule=LimitRule(given.get("limit_rule", "through")),
        **_impact(given.get("impact")),
    )
    if "front_share" not in given:
        return plain
    share = float(Fraction(str(given["front_share"])))
    return replace(plain, front_function="fixed", front_exponent=share)


def _share(given: Any) -> float | None:
    """Share of a bar's volume: a part of one, or per cent; null for no bound."""
    if given is None:
        return None
    share = Fraction(str(given).rstrip("%"))
    return float(share / 100 if share > 1 or "%" in str(given) else share)


def _impact(given: Any) -> dict[str, Any]:
    """Fields of VenueModels for an impact model: its name, or a table with it."""
    if given is None or given == "none":
        return {}
    if not isinstance(given, Mapping):
        return {"impact": Impact(given)}
    fields = {name: key for key, names in _IMPACT.items() for name in (key, *names)}
    found = {fields[name]: value for name, value in given.items()}
    return {
        key: value if key in _AS_IS else float(Fraction(str(value)))
        for key, value in {"impact": Impact.SQUARE_ROOT, **found}.items()
    }


def begin_bars(arena: Arena, scenario: Scenario, count: int) -> None:
    """Let bars be built as `build_bars` says: an interval, or a table of kinds."""
    given = scenario.models.get("build_bars")
    if not given:
        return
    terms = given if isinstance(given, Mapping) else {"interval": given}
    for name, size in terms.items():
        if name not in _BARS:
            known = ", ".join(_BARS)
            raise ValueError(f"build_bars must name one of {known}, was {name!r}")
        for instrument in range(count):
            length = bar_length(size) if _BARS[name] is BarKind.TIME else size
            build_bars(arena, instrument, length, _BARS[name])
