"""Leaving a position at a price of one's choice, and a bracket that is being drawn.

Like `intent` and `protective`, from what was seen alone.
"""

from dataclasses import dataclass, replace
from typing import Final

from app.engine.records import BUY, NO_PRICE, SELL, OrderOption
from app.ui import formatting
from app.ui.models.gains import average_of, result, result_words
from app.ui.models.intent import (
    SEPARATOR,
    Intent,
    position_words,
    proposal,
    ruled,
)
from app.ui.models.judge import through_ticks
from app.ui.models.protective import bracket_ghosts, bracket_intent, exit_stop_intent
from app.ui.models.situation import Situation

ENTRY: Final = "entry"
TARGET: Final = "target"
STOP: Final = "stop"
LEGS: Final = (ENTRY, TARGET, STOP)
"""As `bracket_ghosts` returns them."""


def exit_intent(at: Situation, price: int, unready: str = "") -> Intent:
    """Say what leaving the position at a price would be: a limit, or a stop.

    Where the price would rest in the book it is a limit, else a stop; both only reduce
    (SEMANTICS 20, 52). In a book without that side the last price, then the average
    says which.
    """
    side = SELL if at.position > 0 else BUY
    reference = float(at.touch(-side))
    if reference == NO_PRICE:
        reference = float(at.last)
    if reference == NO_PRICE:
        reference = average_of(at)
    if side * (price - reference) < 0:
        return limit_exit_intent(at, price, unready)
    return exit_stop_intent(at, price, unready)


def limit_exit_intent(at: Situation, price: int, unready: str = "") -> Intent:
    """Say what a limit that closes the position would do."""
    text, side = at.listed.text, SELL if at.position > 0 else BUY
    quantity = abs(at.position)
    parts = [
        f"{formatting.side(side)} {text.quantity(quantity)} LMT {text.price(price)}, "
        "reduce only",
        result_words(at.listed, at.position, average_of(at), price),
        position_words(at, side, quantity),
    ]
    options = int(OrderOption.REDUCE_ONLY)
    return ruled(
        proposal(at, side, quantity, price=price, options=options),
        at,
        parts,
        unready or ("" if at.position else "there is no position to close"),
        # It stays a limit, wherever the market is by then.
        again=lambda other: limit_exit_intent(other, price, unready),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A bracket that is drawn on a chart and not sent.

    Attributes
    ----------
    side : int
        Of its entry: BUY or SELL.
    price : int
        Of its entry, price units.
    ticks : tuple of int
        From the entry to its target and to its stop.
    is_stop : bool
        Whether the entry is a stop, else a limit.
    """

    side: int
    price: int
    ticks: tuple[int, int]
    is_stop: bool = False

    def intent(self, at: Situation, quantity: int, unready: str = "") -> Intent:
        """What is sent, as it is judged by what is seen."""
        return bracket_intent(
            at,
            self.side,
            self.price,
            quantity,
            self.ticks,
            unready,
            is_stop=self.is_stop,
        )

    def moved(self, at: Situation, leg: str, price: int) -> "Plan":
        """The plan with one of its lines elsewhere; its entry takes all along.

        A target or a stop stays on its side of the entry, a tick away at least.
        """
        if leg == ENTRY:
            is_stop = through_ticks(at, self.side, price) >= 0
            return replace(self, price=price, is_stop=is_stop)
        scale = at.listed.scale
        away = self.side * (scale.index(price) - scale.index(self.price))
        target, stop = self.ticks
        if leg == TARGET:
            return replace(self, ticks=(max(1, away), stop))
        return replace(self, ticks=(target, max(1, -away)))

    def risk_words(self, at: Situation, quantity: int) -> str:
        """What is risked for what: ``risk 20.00 for 40.00, 1 : 2.00``."""
        listed, scale = at.listed, at.listed.scale
        index, held = scale.index(self.price), self.side * quantity
        target = scale.price(index + self.side * self.ticks[0])
        stop = scale.price(index - self.side * self.ticks[1])
        won = result(listed, held, float(self.price), target)
        lost = result(listed, held, float(self.price), stop)
        ratio = f"1 : {self.ticks[0] / self.ticks[1]:.2f}"
        if won is None or lost is None:
            return f"risk to reward {ratio}"
        money = listed.text.money
        return f"risk {money(abs(lost[1]))} for {money(won[1])}, {ratio}"

    def lines(
        self, at: Situation, quantity: int, unready: str = ""
    ) -> list[tuple[str, Intent]]:
        """Its lines by name, each with the words that stand at it."""
        intent = self.intent(at, quantity, unready)
        made = []
        for leg, ghost in zip(LEGS, bracket_ghosts(intent), strict=True):
            held = self.side * quantity
            words = [ghost.text]
            if leg == ENTRY:
                verdict = intent.verdict.value
                ruling = f"{verdict}: {intent.why}" if intent.why else verdict
                first = intent.text.partition(SEPARATOR)[0]
                words = [first, self.risk_words(at, quantity), ruling]
            else:
                words.append(result_words(at.listed, held, float(self.price), ghost.at))
            text = SEPARATOR.join(each for each in words if each)
            made.append((leg, replace(ghost, text=text)))
        return made


def plan_at(at: Situation, price: int, side: int, ticks: tuple[int, int]) -> Plan:
    """Begin a bracket at a price: a limit that rests there, else a stop, enters."""
    return Plan(side, price, ticks, is_stop=through_ticks(at, side, price) >= 0)
