"""Which models the simulated venue uses for an instrument, and their parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.engine.arena import Arena, Section
from app.engine.venue.latency import LatencyModel
from app.engine.venue.queue import FrontShare, QueueModel
from app.errors import EngineError


class Queue(StrEnum):
    """How the place in the queue is estimated (SEMANTICS 34)."""

    PESSIMISTIC = "pessimistic"
    PROBABILISTIC = "probabilistic"
    EXACT = "exact"


class Through(StrEnum):
    """What a trade through our price fills (SEMANTICS 30)."""

    TRADE_SIZE = "trade_size"
    WHOLE_ORDER = "whole_order"


_QUEUES: Final = {
    Queue.PESSIMISTIC: QueueModel.PESSIMISTIC,
    Queue.PROBABILISTIC: QueueModel.PROBABILISTIC,
    Queue.EXACT: QueueModel.EXACT,
}
_FUNCTIONS: Final = {
    "power": FrontShare.POWER,
    "logarithm": FrontShare.LOGARITHM,
    "fixed": FrontShare.FIXED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueModels:
    """Models of one instrument at the simulated venue (docs/venue.md).

    Invariants, checked on making one: latencies are not negative, the spread neither;
    the front share lies in [0, 1]; recorded round trips ascend in time.
    """

    order_latency_ns: int = 10_000_000
    """From sending a request to its meeting the book: constant, or the median."""
    report_latency_ns: int = 10_000_000
    """From the venue's doing to our knowing: constant, or the median."""
    latency_spread: float = 0.0
    """Standard deviation of the latency's logarithm; above 0 it is log-normal."""
    seed: int = 1
    """Of the log-normal latencies."""
    recorded_latency: Sequence[tuple[int, int, int]] = ()
    """Measured (sent, order latency, report latency), ns; if any, they hold."""
    queue: Queue = Queue.PESSIMISTIC
    """How the place in the queue is estimated."""
    front_function: str = "power"
    """f of the probabilistic queue: power, logarithm, or fixed."""
    front_exponent: float = 3.0
    """Exponent of the power function; fixed: the share of cancels in front, 0 to 1."""
    through: Through = Through.TRADE_SIZE
    """What a trade through our price fills."""

    def __post_init__(self) -> None:
        times = [row[0] for row in self.recorded_latency]
        lowest = min(min(row[1:], default=0) for row in (*self.recorded_latency, (0,)))
        share = self.front_exponent
        rules = (
            ("order_latency_ns must not be negative", self.order_latency_ns >= 0),
            ("report_latency_ns must not be negative", self.report_latency_ns >= 0),
            ("latency_spread must lie in [0, 5]", 0.0 <= self.latency_spread <= 5.0),
            ("recorded_latency must ascend in time", times == sorted(set(times))),
            ("recorded_latency must not be negative", lowest >= 0),
            (
                f"front_function must be one of {', '.join(_FUNCTIONS)}",
                self.front_function in _FUNCTIONS,
            ),
            (
                "front_exponent must be positive, a fixed share in [0, 1]",
                0.0 <= share <= 1.0 if self.front_function == "fixed" else share > 0.0,
            ),
        )
        for rule, holds in rules:
            if not holds:
                raise EngineError(f"simulated venue: {rule}, was {self}")

    @property
    def _latency(self) -> LatencyModel:
        if self.recorded_latency:
            return LatencyModel.RECORDED
        if self.latency_spread > 0.0:
            return LatencyModel.LOG_NORMAL
        return LatencyModel.CONSTANT

    def write(self, arena: Arena, instrument: int) -> None:
        """Set the models of an instrument, by its number.

        Raises
        ------
        EngineError
            If there is no room for the recorded latencies.
        """
        record = arena.records(Section.VENUE_MODELS)[instrument]
        record["latency"] = self._latency
        record["order_latency"] = self.order_latency_ns
        record["report_latency"] = self.report_latency_ns
        record["spread"], record["seed"] = self.latency_spread, self.seed
        record["queue"] = _QUEUES[Queue(self.queue)]
        record["share"] = _FUNCTIONS[self.front_function]
        record["exponent"] = self.front_exponent
        record["whole_order"] = Through(self.through) is Through.WHOLE_ORDER
        self._write_recorded(arena, record)
        for section in (Section.VENUE_MODELS, Section.VENUE_INSTRUMENTS):
            arena.set_used(section, max(arena.used(section), instrument + 1))

    def _write_recorded(self, arena: Arena, record: object) -> None:
        first, count = arena.used(Section.VENUE_LATENCIES), len(self.recorded_latency)
        arena.set_used(Section.VENUE_LATENCIES, first + count)
        rows = arena.records(Section.VENUE_LATENCIES)
        for i, row in enumerate(self.recorded_latency):
            rows[first + i] = row
        record["first_latency"], record["latencies"] = first, count  # type: ignore[index]
