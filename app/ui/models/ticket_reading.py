"""Reading a ticket's form: COMMAND records, or what is wrong with which field."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import numpy as np

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    GroupRole,
    OrderOption,
    OrderType,
    TimeInForce,
    Trigger,
)
from app.errors import InstrumentError
from app.instrument import exact
from app.ui import formatting
from app.ui.models import requests
from app.ui.models.pretrade import LASTING
from app.ui.models.situation import Situation
from app.ui.models.ticket import Attach, Draft, Fault, TicketForm, Unit, shown

_MILLION: Final = 1_000_000
_PRICES: Final = {"stop": "stop price"}
_MOST_TICKS: Final = 1_000_000


def read(form: TicketForm, at: Situation) -> Draft:
    """Read a form against the instrument and the market."""
    return _Reader(form, at).draft()


def any_price(at: Situation) -> int:
    """A price of the market, the last before the touch; NO_PRICE = none is known."""
    for price in (at.last, at.touch(BUY), at.touch(SELL)):
        if price != NO_PRICE:
            return price
    return NO_PRICE


def number(text: str) -> str:
    """A number as typed, thousands and signs of the screen taken out."""
    return formatting.plain(text.strip())


class _Reader:
    """Reads one form; collects what is wrong."""

    def __init__(self, form: TicketForm, at: Situation) -> None:
        self._form = form
        self._at = at
        self._instrument = at.listed.instrument
        self._shown = shown(form, self._instrument)
        self._faults: list[Fault] = []

    def draft(self) -> Draft:
        order = self._order()
        members = {
            Attach.NOTHING: lambda _: [],
            Attach.BRACKET: self._exits,
            Attach.OCO: self._other,
        }[self._form.attach](order)
        commands = np.concatenate([*members, order])
        is_oco = self._form.attach is Attach.OCO
        if is_oco:
            commands = commands[::-1].copy()
        entry = 0 if is_oco else len(commands) - 1
        return Draft(commands, entry, tuple(self._faults))

    def _order(self) -> np.ndarray:
        form = self._form
        values = {
            "price": self._price("price") if self._has("price") else NO_PRICE,
            "stop_price": self._price("stop") if self._has("stop") else NO_PRICE,
            "trail": self._trail() if self._has("trail") else 0,
            "quantity": self._quantity("quantity", is_needed=True),
            "display_quantity": self._quantity("display")
            if self._has("display")
            else 0,
            "protection_ticks": self._protection(),
            "expire_ts": form.expire if self._has("expire") else 0,
            "trigger": form.trigger if self._has("trigger") else Trigger.DEFAULT,
            "order_type": form.order_type,
            "time_in_force": form.time_in_force,
            "options": self._options(),
        }
        if self._has("offset") and not self._faults:
            values |= self._trailing_limit(int(values["trail"]))
        return self._command(form.side, values)

    def _command(self, side: int, values: Mapping[str, int]) -> np.ndarray:
        return requests.command(
            Action.NEW, 0, instrument=self._at.listed.number, side=side, **values
        )

    def _has(self, name: str) -> bool:
        return name in self._shown

    def _options(self) -> int:
        form, bits = self._form, 0
        for name, bit in (
            ("post_only", OrderOption.POST_ONLY),
            ("reduce_only", OrderOption.REDUCE_ONLY),
            ("outside_hours", OrderOption.OUTSIDE_HOURS),
        ):
            if self._has(name) and getattr(form, name):
                bits |= bit
        return bits

    # Numbers.

    def _price(self, name: str) -> int:
        text = number(getattr(self._form, name))
        if not text:
            self._note(name, f"a {_PRICES.get(name, 'price')} is needed")
            return NO_PRICE
        try:
            return int(self._instrument.price_units(text))
        except InstrumentError as error:
            self._note(name, *self._near(text, str(error)))
            return NO_PRICE

    def _near(self, text: str, why: str) -> tuple[str, int]:
        """Words for a price that no order can have, and the nearest that one can."""
        try:
            ratio = Fraction(exact(text)) / Fraction(self._instrument.price_unit)
        except InstrumentError:
            return f"a price is needed, was {text!r}", NO_PRICE
        units = round(ratio)
        if abs(units) > self._instrument.price_bound:
            return why, NO_PRICE
        nearest = self._instrument.nearest_valid_price(units, self._form.side)
        words = f"price {text} is off the tick table; the nearest is "
        return words + self._at.listed.text.price(int(nearest)), int(nearest)

    def _quantity(self, name: str, *, is_needed: bool = False) -> int:
        text = number(getattr(self._form, name))
        try:
            if text or not is_needed:
                return int(self._instrument.quantity_units(text or "0"))
            self._note(name, "a quantity is needed")
        except InstrumentError as error:
            is_number = text.replace(".", "", 1).lstrip("-").isdigit()
            words = str(error) if is_number else f"a quantity is needed, was {text!r}"
            self._note(name, words)
        return 0

    def _ticks(self, name: str) -> int:
        """A whole number of ticks, from 1."""
        text = number(getattr(self._form, name))
        if not text.isdigit() or not 0 < int(text) <= _MOST_TICKS:
            was = f", was {text!r}" if text else ""
            self._note(name, f"ticks are needed, 1 or more{was}")
            return 0
        return int(text)

    def _protection(self) -> int:
        if not self._has("protection") or not self._form.protection.strip():
            return -1
        text = self._form.protection.strip()
        if text.isdigit() and int(text) <= _MOST_TICKS:
            return int(text)
        self._note("protection", f"ticks are needed, was {text!r}")
        return -1

    def _trail(self) -> int:
        """Distance: price units, or parts per million below zero."""
        if self._form.trail_unit is Unit.TICKS:
            ticks, near = self._ticks("trail"), any_price(self._at)
            if ticks and near == NO_PRICE:
                self._note("trail", "no price is known to count ticks from")
                return 0
            return ticks * self._instrument.step_at(near) if ticks else 0
        text = number(self._form.trail)
        try:
            parts = round(Fraction(exact(text or "x")) * 10_000)
        except InstrumentError:
            parts = 0
        if not 0 < parts < _MILLION:
            was = f", was {text!r}" if text else ""
            self._note("trail", f"a per cent above 0 and below 100 is needed{was}")
            return 0
        return -parts

    def _trailing_limit(self, trail: int) -> dict[str, int]:
        """First stop and limit of a trailing stop-limit: they then move together."""
        ticks, side = self._ticks("offset"), self._form.side
        seen = self._at.trigger_price(side, self._form.trigger)
        if seen is None:
            self._note("offset", "the price that it follows is not known yet")
        if self._faults or seen is None:
            return {}
        distance = trail if trail > 0 else -(-abs(seen) * -trail // (2 * _MILLION))
        scale = self._at.listed.scale
        first = scale.index((seen >> 1) + side * distance)
        stop, price = scale.price(first), scale.price(first + side * ticks)
        return {"stop_price": stop, "price": price}

    def _note(self, name: str, text: str, nearest: int = NO_PRICE) -> None:
        self._faults.append(Fault(name, text, nearest))

    # Groups.

    def _exits(self, order: np.ndarray) -> list[np.ndarray]:
        """Target and stop of a bracket, sized to what its entry fills (28)."""
        side = self._form.side
        target, loss = self._exit("target", side), self._exit("loss", -side)
        order["role"] = GroupRole.BRACKET_ENTRY
        made = []
        for role, kind, where, price in (
            (GroupRole.BRACKET_TARGET, OrderType.LIMIT, "price", target),
            (GroupRole.BRACKET_STOP, OrderType.STOP, "stop_price", loss),
        ):
            values = self._lasting(order) | {
                "role": role,
                "order_type": kind,
                "options": OrderOption.REDUCE_ONLY,
                where: price,
            }
            made.append(self._command(-side, values))
        self._judge_exits(target, loss)
        return made

    def _lasting(self, order: np.ndarray) -> dict[str, int]:
        """What the orders of a group have in common: they last."""
        force = int(order["time_in_force"][0])
        is_lasting = force in LASTING
        return {
            "quantity": int(order["quantity"][0]),
            "time_in_force": force if is_lasting else TimeInForce.DAY,
            "expire_ts": int(order["expire_ts"][0]),
        }

    def _exit(self, name: str, towards: int) -> int:
        """Price of an exit: as typed, or so many ticks from the entry."""
        if self._form.exit_unit is Unit.PRICE:
            return self._price(name)
        ticks, start = self._ticks(name), self._entry_price()
        if not ticks:
            return NO_PRICE
        if start == NO_PRICE and not self._faults:
            self._note(name, "no price is known to count ticks from")
        if start == NO_PRICE:
            return NO_PRICE
        scale = self._at.listed.scale
        return scale.price(scale.index(start) + towards * ticks)

    def _entry_price(self) -> int:
        """Price from which the exits of a bracket count."""
        form = self._form
        for name in ("price", "stop"):
            if self._has(name):
                try:
                    return int(
                        self._instrument.price_units(number(getattr(form, name)))
                    )
                except InstrumentError:
                    return NO_PRICE  # the field itself is told of
        touch = self._at.touch(-form.side)
        return touch if touch != NO_PRICE else self._at.last

    def _judge_exits(self, target: int, loss: int) -> None:
        """An exit on the wrong side of its entry would be filled at once."""
        start, side = self._entry_price(), self._form.side
        if start == NO_PRICE or self._faults:
            return
        above, below = ("above", "below") if side == BUY else ("below", "above")
        if side * (target - start) <= 0:
            self._note("target", f"the target must lie {above} the entry")
        if side * (start - loss) <= 0:
            self._note("loss", f"the stop must lie {below} the entry")

    def _other(self, order: np.ndarray) -> list[np.ndarray]:
        """The second order of an OCO pair."""
        form = self._form
        role = GroupRole.OCO_EXIT if form.reduce_only else GroupRole.OCO_ENTRY
        order["role"] = role
        where = "price" if form.other_type is OrderType.LIMIT else "stop_price"
        values = self._lasting(order) | {
            "role": role,
            "order_type": form.other_type,
            "options": int(order["options"][0]) & ~OrderOption.POST_ONLY,
            where: self._price("other_price"),
        }
        side = form.side if form.reduce_only else form.other_side
        return [self._command(side, values)]
