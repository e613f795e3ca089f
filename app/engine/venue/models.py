"""Which models the simulated venue uses for an instrument, and their parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.engine.arena import Arena, Section
from app.engine.conditional.state import open_conditions
from app.engine.venue.bars import FillSource
from app.engine.venue.impact import ImpactModel
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


class Fills(StrEnum):
    """What our orders are filled from."""

    BOOK = "book"
    BARS = "bars"


class LimitRule(StrEnum):
    """What a bar must do to fill a limit (SEMANTICS 38)."""

    THROUGH = "through"
    TOUCH = "touch"


class Sizing(StrEnum):
    """When a share of the equity becomes a quantity, over bars (sizing.py)."""

    AT_DECISION = "at_decision"
    AT_FILL = "at_fill"


class Impact(StrEnum):
    """How our size beyond known depth moves the price (impact.py)."""

    NONE = "none"
    SQUARE_ROOT = "square_root"
    THREE_FIFTHS = "three_fifths"


_IMPACTS: Final = {
    Impact.NONE: ImpactModel.NONE,
    Impact.SQUARE_ROOT: ImpactModel.SQUARE_ROOT,
    Impact.THREE_FIFTHS: ImpactModel.THREE_FIFTHS,
}
_MILLION: Final = 1_000_000
_QUEUES: Final = {
    Queue.PESSIMISTIC: QueueModel.PESSIMISTIC,
    Queue.PROBABILISTIC: QueueModel.PROBABILISTIC,
    Queue.EXACT: QueueModel.EXACT,
}
_BY_INSTRUMENT: Final = (
    Section.VENUE_MODELS,
    Section.VENUE_INSTRUMENTS,
    Section.IMPACTS,
)
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
    fills: Fills = Fills.BOOK
    """What orders are filled from: the book and its trades, or bars."""
    participation: float | None = 0.1
    """Share of a bar's volume that all our orders may have; None: no bound."""
    slippage: int = 0
    """Price units that a stop which a bar triggers is filled worse by."""
    limit_rule: LimitRule = LimitRule.THROUGH
    """What a bar must do to fill a limit."""
    bar_interval_ns: int = 0
    """How long a bar lasts; 0: unknown. Where known, what is decided within a bar meets
    the next one, and not a past that the bar began with."""
    sizing: Sizing = Sizing.AT_DECISION
    """By which price a bar sizes an order for a share of the equity."""
    impact: Impact = Impact.NONE
    """How temporary impact grows with our size."""
    temporary_impact: float = 1.0
    """Y of the temporary part, about 1 for the square root."""
    permanent_impact: float = 0.0
    """Coefficient of the permanent part."""
    volatility: float = 0.0
    """Of a day, as a share of the price."""
    day_volume: float = 0.0
    """Of a day, quantity units; needed by an impact model."""
    impact_half_life_ns: int = 0
    """Until half of the temporary part is gone; 0: it is gone with the instant."""

    def __post_init__(self) -> None:
        for rule, holds in (*self._book_rules(), *self._bar_rules()):
            if not holds:
                raise EngineError(f"simulated venue: {rule}, was {self}")

    def _book_rules(self) -> tuple[tuple[str, bool], ...]:
        times = [row[0] for row in self.recorded_latency]
        lowest = min(min(row[1:], default=0) for row in (*self.recorded_latency, (0,)))
        share = self.front_exponent
        return (
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

    def _bar_rules(self) -> tuple[tuple[str, bool], ...]:
        share, has_impact = self.participation, self.impact != Impact.NONE
        amounts = self.temporary_impact, self.permanent_impact, self.volatility
        return (
            ("participation must lie in (0, 1]", share is None or 0.0 < share <= 1.0),
            ("slippage must not be negative", self.slippage >= 0),
            ("bar_interval_ns must not be negative", self.bar_interval_ns >= 0),
            ("impact coefficients must not be negative", min(amounts) >= 0.0),
            ("impact_half_life_ns must not be negative", self.impact_half_life_ns >= 0),
            ("impact needs a volatility", not has_impact or self.volatility > 0.0),
            ("impact needs a day_volume", not has_impact or self.day_volume > 0.0),
        )

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
        self._write_bars(record)
        self._write_recorded(arena, record)
        open_conditions(arena, instrument + 1)
        for section in _BY_INSTRUMENT:
            arena.set_used(section, max(arena.used(section), instrument + 1))

    def _write_bars(self, record: Any) -> None:
        bars = Fills(self.fills) is Fills.BARS
        record["fills_from"] = FillSource.BARS if bars else FillSource.BOOK
        share = self.participation
        record["participation"] = -1 if share is None else round(share * _MILLION)
        record["slippage"] = self.slippage
        record["touch_fills"] = LimitRule(self.limit_rule) is LimitRule.TOUCH
        record["bar_interval"] = self.bar_interval_ns
        record["sized_at_fill"] = Sizing(self.sizing) is Sizing.AT_FILL
        record["impact"] = _IMPACTS[Impact(self.impact)]
        record["temporary_impact"] = self.temporary_impact
        record["permanent_impact"] = self.permanent_impact
        record["volatility"], record["day_volume"] = self.volatility, self.day_volume
        record["impact_decay"] = self.impact_half_life_ns

    def _write_recorded(self, arena: Arena, record: object) -> None:
        first, count = arena.used(Section.VENUE_LATENCIES), len(self.recorded_latency)
        arena.set_used(Section.VENUE_LATENCIES, first + count)
        rows = arena.records(Section.VENUE_LATENCIES)
        for i, row in enumerate(self.recorded_latency):
            rows[first + i] = row
        record["first_latency"], record["latencies"] = first, count  # type: ignore[index]
