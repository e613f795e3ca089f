"""What a scenario may ask for and this version does not do yet.

A scenario that needs any of it is not run: it fails, and says so. Each row is a
sentence and the question whether a scenario needs it; what is built loses its row.
"""

from collections.abc import Callable, Iterator
from typing import Final

from app.sessions.scenario.schema import Event, Scenario

_AUCTION: Final = frozenset(
    ("OPG", "OPEN", "AT_THE_OPEN", "AT_OPEN", "CLS", "CLOSE", "AT_THE_CLOSE")
)


def _submits(scenario: Scenario) -> Iterator[Event]:
    return (each for each in scenario.events if each["type"] == "submit")


def _any_submit(question: Callable[[Event], object]) -> Callable[[Scenario], bool]:
    return lambda scenario: any(question(each) for each in _submits(scenario))


def _any_event(*kinds: str) -> Callable[[Scenario], bool]:
    return lambda scenario: any(each["type"] in kinds for each in scenario.events)


def _tif(event: Event) -> str:
    return str(event.get("tif", "GTC")).upper()


def _book_events_at_matching(scenario: Scenario) -> bool:
    feed = ("book", "level", "trade", "add", "delete", "reduce", "execute", "snapshot")
    return scenario.venue == "matching" and _any_event(*feed)(scenario)


def _halt_at_matching(scenario: Scenario) -> bool:
    return scenario.venue == "matching" and _any_event("halt")(scenario)


def _foreign_at_simulated(scenario: Scenario) -> bool:
    return scenario.venue != "matching" and _any_event("foreign_order")(scenario)


_UNBUILT: Final[tuple[tuple[str, Callable[[Scenario], bool]], ...]] = (
    ("stop orders", _any_submit(lambda each: each["kind"] == "stop")),
    ("trailing stops", _any_submit(lambda each: each["kind"] == "trail")),
    ("iceberg orders", _any_submit(lambda each: "display" in each)),
    ("GTD orders", _any_submit(lambda each: _tif(each) == "GTD")),
    ("auction orders", _any_submit(lambda each: _tif(each) in _AUCTION)),
    ("OCO groups", _any_submit(lambda each: "group" in each)),
    ("brackets", _any_submit(lambda each: "bracket" in each)),
    ("halts at the matching venue", _halt_at_matching),
    ("market data at the matching venue", _book_events_at_matching),
    ("foreign orders at a simulated venue", _foreign_at_simulated),
)
"""What is missing, and who needs it."""


def unbuilt(scenario: Scenario) -> list[str]:
    """Say what a scenario needs that is missing."""
    return [told for told, needs in _UNBUILT if needs(scenario)]
