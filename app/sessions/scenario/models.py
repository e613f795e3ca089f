"""The models of a scenario, written into the session's tables."""

from collections.abc import Sequence
from fractions import Fraction

from app.engine.arena import Arena
from app.engine.instruments import instrument_records
from app.engine.venue.fees import write_fees
from app.engine.venue.models import Queue, Through, VenueModels
from app.instrument import Instrument
from app.sessions.scenario.schema import Scenario

NO_BOUND = -1
"""Protection of market orders where a scenario gives none."""


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
    )
    if "front_share" not in given:
        return plain
    return VenueModels(
        order_latency_ns=plain.order_latency_ns,
        report_latency_ns=plain.report_latency_ns,
        queue=plain.queue,
        through=plain.through,
        front_function="fixed",
        front_exponent=float(Fraction(str(given["front_share"]))),
    )
