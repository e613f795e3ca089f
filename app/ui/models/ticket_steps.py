"""What keys, buttons and workspaces do to a ticket's form: steps, prices, choices."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from app.engine.records import NO_PRICE, OrderType, TimeInForce, Trigger
from app.errors import InstrumentError
from app.instrument import Instrument, exact
from app.ui import formatting
from app.ui.models.situation import Situation
from app.ui.models.sizes import size_pads
from app.ui.models.ticket import Attach, TicketForm, Unit, shown
from app.ui.models.ticket_reading import any_price, number

_PRICES: Final = ("price", "stop", "other_price")
_EXITS: Final = ("target", "loss")
_OF_A_MOMENT: Final = (*_PRICES, *_EXITS, "trail", "offset", "display", "quantity")
_CHOICES: Final[Mapping[str, type[Enum]]] = {
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "trail_unit": Unit,
    "exit_unit": Unit,
    "trigger": Trigger,
    "attach": Attach,
    "other_type": OrderType,
}
_SWITCHES: Final = ("post_only", "reduce_only", "outside_hours")


def begin(form: TicketForm, at: Situation) -> None:
    """Begin with another instrument: its usual size, at the touch of the own side."""
    for name in _OF_A_MOMENT:
        setattr(form, name, "")
    size = size_pads(at.listed.instrument, at.last)[0]
    form.quantity = formatting.plain(at.listed.text.quantity(size))
    touch = at.touch(form.side)
    if touch != NO_PRICE:
        form.price = at.listed.text.price(touch)


def stepped(form: TicketForm, at: Situation, name: str, steps: int) -> str:
    """Text of a field after so many steps up."""
    text: str = getattr(form, name)
    is_price = name in _PRICES or (name in _EXITS and form.exit_unit is Unit.PRICE)
    if is_price:
        return step_price(text, at, steps)
    if name in ("quantity", "display"):
        step = size_pads(at.listed.instrument, at.last)[0]
        return step_quantity(text, at, steps, step)
    return step_count(text, steps)


def price_field(form: TicketForm, instrument: Instrument) -> str:
    """Field that a price picked from the book belongs into; "" = there is none."""
    fields = shown(form, instrument)
    for name in ("price", "stop"):
        if name in fields:
            return name
    return ""


def step_price(text: str, at: Situation, steps: int) -> str:
    """A price some ticks further; from the touch where there is none yet."""
    listed = at.listed
    try:
        price = _units(text, listed.instrument.price_unit)
    except InstrumentError:
        price = any_price(at)
        return listed.text.price(price) if price != NO_PRICE else text
    if not listed.instrument.is_valid_price(price):
        near = listed.instrument.next_valid_price(price)
        price = near if steps > 0 else listed.instrument.previous_valid_price(price)
        return listed.text.price(int(price))
    return listed.text.price(listed.scale.price(listed.scale.index(price) + steps))


def step_quantity(text: str, at: Situation, steps: int, step: int) -> str:
    """A quantity some steps further, never below one step."""
    instrument = at.listed.instrument
    try:
        quantity = _units(text, instrument.quantity_unit)
    except InstrumentError:
        quantity = 0
    wanted = (quantity // step + steps) * step
    if quantity % step and steps < 0:
        wanted += step
    least = -(-instrument.order_min // instrument.order_step) * instrument.order_step
    most = instrument.quantity_bound
    return formatting.plain(at.listed.text.quantity(min(max(wanted, least), most)))


def step_count(text: str, steps: int) -> str:
    """A whole number from 1 so many steps further."""
    text = number(text)
    return str(max(1, (int(text) if text.isdigit() else 0) + steps))


def choices(form: TicketForm) -> dict[str, Any]:
    """What of a form is worth keeping, as plain values."""
    kept: dict[str, Any] = {name: getattr(form, name).value for name in _CHOICES}
    return kept | {name: getattr(form, name) for name in _SWITCHES}


def choose(form: TicketForm, kept: Mapping[str, Any]) -> None:
    """Take what was kept; what makes no sense is passed over."""
    for name, kind in _CHOICES.items():
        values = [each.value for each in kind]
        value = kept.get(name)
        if not isinstance(value, bool) and value in values:
            setattr(form, name, kind(value))
    for name in _SWITCHES:
        if isinstance(kept.get(name), bool):
            setattr(form, name, kept[name])


def _units(text: str, unit: Decimal) -> int:
    """Count a number in a unit, to the nearest below.

    Raises
    ------
    InstrumentError
        If it is no number.
    """
    return int(Fraction(exact(number(text))) // Fraction(unit))
