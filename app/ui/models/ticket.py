"""The order ticket as data: what is filled in, what means something, what is sent.

A `TicketForm` holds texts and choices as a user left them. `shown` says which fields
there are for its type (SEMANTICS 27: no more than the venue holds), `read` turns it
into COMMAND records or says what is wrong with which field. No widget, no engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

import numpy as np

from app.engine.records import (
    BUY,
    COMMAND,
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
from app.instrument import Instrument, exact
from app.ui import formatting
from app.ui.models import requests
from app.ui.models.market import Offered
from app.ui.models.pretrade import LASTING, LIMITED, STOPS, TRAILING
from app.ui.models.situation import Situation

_MILLION: Final = 1_000_000
_HOUR: Final = 3_600_000_000_000
_MOST_TICKS: Final = 1_000_000


class Attach(StrEnum):
    """What goes with an order."""

    NOTHING = "Single order"
    BRACKET = "Bracket: target and stop"
    OCO = "OCO: one cancels the other"


class Unit(StrEnum):
    """What a distance counts in."""

    TICKS = "ticks"
    PERCENT = "%"
    PRICE = "price"


@dataclass(slots=True)
class TicketForm:
    """What a ticket says; texts as typed.

    Attributes
    ----------
    side : int
        BUY or SELL.
    expire : int
        GTD: ns since 1970 UTC.
    trail, target, loss : str
        Distances, in `trail_unit` and `exit_unit`.
    offset : str
        Of a trailing stop's limit from its stop, ticks.
    other_type, other_side, other_price
        The second order of an OCO pair.
    """

    side: int = BUY
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    quantity: str = ""
    price: str = ""
    stop: str = ""
    trail: str = ""
    trail_unit: Unit = Unit.TICKS
    offset: str = ""
    display: str = ""
    protection: str = ""
    trigger: Trigger = Trigger.DEFAULT
    expire: int = 0
    post_only: bool = False
    reduce_only: bool = False
    outside_hours: bool = False
    attach: Attach = Attach.NOTHING
    target: str = ""
    loss: str = ""
    exit_unit: Unit = Unit.TICKS
    other_type: OrderType = OrderType.STOP
    other_side: int = BUY
    other_price: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field.

    Attributes
    ----------
    field : str
        Of `TicketForm`.
    text : str
    nearest : int
        Price that would do, price units; NO_PRICE = none.
    """

    field: str
    text: str
    nearest: int = NO_PRICE


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was read.

    Attributes
    ----------
    commands : (n,) COMMAND
        In the order in which they are sent: exits of a bracket before its entry. Their
        ids are blank; see `requests.numbered`. None while anything is missing.
    entry : int
        Row of the order itself.
    faults : tuple of Fault
    """

    commands: np.ndarray = field(default_factory=lambda: np.zeros(0, COMMAND))
    entry: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def order(self) -> np.void | None:
        """The order itself, or None while the form cannot be read."""
        if self.faults or not len(self.commands):
            return None
        order: np.void = self.commands[self.entry]
        return order


def types(offered: Offered) -> tuple[OrderType, ...]:
    """Order types to offer."""
    return tuple(each for each in OrderType if offered.get(each))


def times(offered: Offered, order_type: OrderType) -> tuple[TimeInForce, ...]:
    """Times in force to offer with a type."""
    return tuple(offered.get(order_type, ()))


def shown(form: TicketForm, instrument: Instrument) -> frozenset[str]:
    """Fields that mean something for this form."""
    kind, lasts = form.order_type, form.time_in_force in LASTING
    is_trailing, is_stop = kind in TRAILING, kind in STOPS
    every: Mapping[str, bool] = {
        "price": kind in LIMITED and not is_trailing,
        "stop": is_stop and not is_trailing,
        "trail": is_trailing,
        "offset": kind is OrderType.TRAILING_STOP_LIMIT,
        "trigger": is_stop,
        "expire": form.time_in_force is TimeInForce.GTD,
        "display": kind in LIMITED and lasts,
        "protection": kind not in LIMITED,
        "post_only": kind is OrderType.LIMIT and lasts,
        "reduce_only": form.attach is not Attach.BRACKET,
        "outside_hours": instrument.regular_hours is not None,
        "exits": form.attach is Attach.BRACKET,
        "other": form.attach is Attach.OCO,
    }
    return frozenset(name for name, holds in every.items() if holds)


def settle(form: TicketForm, offered: Offered, now: int) -> None:
    """Bring a form to what the venue offers after a choice was changed.

    Parameters
    ----------
    form : TicketForm
    offered : Offered
    now : int
        The engine's clock, ns since 1970 UTC: an end in the past becomes one in an
        hour.
    """
    kinds = types(offered)
    if kinds and form.order_type not in kinds:
        form.order_type = OrderType.LIMIT if OrderType.LIMIT in kinds else kinds[0]
    terms = times(offered, form.order_type)
    if terms and form.time_in_force not in terms:
        form.time_in_force = terms[0]
    if form.expire <= now:
        form.expire = now + _HOUR


def read(form: TicketForm, at: Situation) -> Draft:
    """Read a form against the instrument and the market."""
    return _Reader(form, at).draft()


def summary(draft: Draft, at: Situation) -> str:
    """Say what is sent: ``BUY 5 RSTK LMT 149.97 DAY``."""
    order, text = draft.order, at.listed.text
    if order is None:
        return ""
    words = [
        formatting.side(int(order["side"])),
        text.quantity(int(order["quantity"])),
        at.listed.instrument.name,
        *_terms(order, at),
    ]
    tail = [word for bit, word in _OPTIONS if int(order["options"]) & bit]
    if order["display_quantity"]:
        tail.append(f"shows {text.quantity(int(order['display_quantity']))}")
    for i, other in enumerate(draft.commands):
        if i != draft.entry:
            tail.append(_member(other, at))
    return " · ".join([" ".join(words), *tail])


def any_price(at: Situation) -> int:
    """A price of the market, the last before the touch; NO_PRICE = none is known."""
    for price in (at.last, at.touch(BUY), at.touch(SELL)):
        if price != NO_PRICE:
            return price
    return NO_PRICE


def number(text: str) -> str:
    """A number as typed, thousands and signs of the screen taken out."""
    return formatting.plain(text.strip())


_OPTIONS: Final = (
    (OrderOption.POST_ONLY, "post-only"),
    (OrderOption.REDUCE_ONLY, "reduce-only"),
    (OrderOption.OUTSIDE_HOURS, "outside hours"),
)


def _terms(order: np.void, at: Situation) -> list[str]:
    """Type, prices and time in force of an order."""
    text, kind = at.listed.text, int(order["order_type"])
    words = [formatting.order_type(kind)]
    stop, price, trail = (int(order[x]) for x in ("stop_price", "price", "trail"))
    if trail:
        words.append(
            f"{-trail / 10_000:g} %" if trail < 0 else f"by {text.price(trail)}"
        )
    elif stop != NO_PRICE:
        words.append(text.price(stop))
    if price != NO_PRICE:
        words.append(text.price(price) if not trail else f"limit {text.price(price)}")
    words.append(formatting.time_in_force(int(order["time_in_force"])))
    return words


def _member(order: np.void, at: Situation) -> str:
    """Another order of a group, in short."""
    role, text = int(order["role"]), at.listed.text
    price = text.price(
        int(order["price" if order["price"] != NO_PRICE else "stop_price"])
    )
    if role == GroupRole.BRACKET_TARGET:
        return f"target {price}"
    if role == GroupRole.BRACKET_STOP:
        return f"stop {price}"
    kind = formatting.order_type(int(order["order_type"]))
    return f"or {formatting.side(int(order['side']))} {kind} {price}"


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
            self._note(name, "a price is needed")
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
