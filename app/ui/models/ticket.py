"""The order ticket as data: what is filled in, what means something, what is sent.

A `TicketForm` holds texts and choices as a user left them. `shown` says which fields
there are for its type (SEMANTICS 27: no more than the venue holds); `ticket_reading`
turns it into COMMAND records. No widget, no engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    OrderType,
    TimeInForce,
    Trigger,
)
from app.instrument import Instrument
from app.ui.models.market import Offered
from app.ui.models.pretrade import LASTING, LIMITED, STOPS, TRAILING

_HOUR: Final = 3_600_000_000_000


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


def shown(form: TicketForm, instrument: Instrument | None) -> frozenset[str]:
    """Fields that mean something for this form (instrument: None = none is known)."""
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
        "outside_hours": instrument is not None
        and instrument.regular_hours is not None,
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
