"""The newest view of the engine, and what belongs to each instrument of a session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.engine.records import OrderType, SafetyState, TimeInForce
from app.engine.views import VIEW, VIEW_INSTRUMENT
from app.instrument import Instrument
from app.ui.formatting import InstrumentText
from app.ui.models.tick_scale import TickScale

Offered = Mapping[OrderType, tuple[TimeInForce, ...]]
"""Times in force by order type, as a venue holds them."""
_FIELDS: Final[Mapping[str, Any]] = VIEW.fields or {}
_INSTRUMENTS, _WORKING = int(_FIELDS["instrument"][1]), int(_FIELDS["working"][1])
ARMED_BY_PRESS: Final = "press ARMED"


@dataclass(frozen=True, slots=True)
class Listed:
    """An instrument of the session with its text and its tick scale."""

    number: int
    instrument: Instrument
    text: InstrumentText
    scale: TickScale


class Market:
    """The newest VIEW, kept until a newer one comes.

    Attributes
    ----------
    listed : tuple of Listed
        Instruments by number.
    version : int
        Grows with every view.
    currency : str
        Base currency of the session.
    offers : callable
        Returns what the session's venue holds; empty = not known yet.
    arming : str
        What the hand does to arm the desk, as it works now.
    """

    def __init__(self) -> None:
        self.listed: tuple[Listed, ...] = ()
        self.version = 0
        self.currency = ""
        self.offers: Callable[[], Offered] = dict
        self.arming = ARMED_BY_PRESS
        self._view: np.void | None = None
        self._parts: dict[int, np.void] = {}
        self._queues: dict[int, tuple[int, int]] | None = None
        self._address = 0
        self._working: int | None = None

    @property
    def view(self) -> np.void | None:
        """The newest VIEW; None until the engine has sent one."""
        return self._view

    @view.setter
    def view(self, view: np.void | None) -> None:
        self._view, self._queues = view, None
        self._parts = {}
        self._address, self._working = 0, None
        self.version += 1

    def reset(self, instruments: tuple[Instrument, ...]) -> None:
        """Begin a session with these instruments."""
        self.view = None
        self.list(instruments)

    def list(self, instruments: tuple[Instrument, ...]) -> None:
        """Take the session's instruments, known once the engine is ready."""
        self.listed = tuple(
            Listed(i, each, InstrumentText(each), TickScale(each))
            for i, each in enumerate(instruments)
        )

    def instrument(self, number: int) -> np.void | None:
        """Return an instrument's part of the view, or None before the first one."""
        part = self._parts.get(number)
        if part is not None:
            return part
        if self._view is None or not 0 <= number < int(self._view["instruments"]):
            return None
        found: np.void = self._view["instrument"][number]
        self._parts[number] = found
        return found

    @property
    def safety_state(self) -> SafetyState:
        """What may pass; VIEW until the engine says otherwise."""
        if self.view is None:
            return SafetyState.VIEW
        return SafetyState(int(self.view["safety_state"]))

    def address(self, number: int) -> int:
        """Address of an instrument's part of the view, which there is."""
        return self._place() + _INSTRUMENTS + number * VIEW_INSTRUMENT.itemsize

    def working(self) -> tuple[int, int]:
        """Address and number of the view's VIEW_ORDERs; 0, 0 without a view."""
        if self._view is None:
            return 0, 0
        if self._working is None:
            self._working = len(self._view["working"][: int(self._view["orders"])])
        return self._place() + _WORKING, self._working

    def _place(self) -> int:
        """Address of the view; asked for once, since asking is dear."""
        if not self._address and self._view is not None:
            self._address = self._view["instrument"].ctypes.data - _INSTRUMENTS
        return self._address

    def queues(self) -> dict[int, tuple[int, int]]:
        """Queue ahead and total of working orders, by client order id."""
        if self.view is None:
            return {}
        if self._queues is None:
            rows = self.view["working"][: int(self.view["orders"])]
            ids, ahead, total = (rows[name].tolist() for name in rows.dtype.names)
            self._queues = dict(zip(ids, zip(ahead, total, strict=True), strict=True))
        return self._queues
