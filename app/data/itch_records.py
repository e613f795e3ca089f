"""ITCH messages as MARKET records, a type of message at a time.

What a message cannot tell by itself (side and price of an order that rests) is filled
in by `app.data.itch_orders`. Until then a replacement is an ORDER_MODIFY.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.importing import new_records
from app.data.itch_layout import HEADER, MESSAGES, PRICE_DIGITS
from app.data.local_time import DAY_NS
from app.data.text_columns import Issues
from app.engine.itch_frames import (
    ROWS_BYTES,
    ROWS_COUNT,
    ROWS_JOB_WORDS,
    ROWS_OFFSETS,
    ROWS_OUT,
    ROWS_WIDTH,
    gather_rows,
)
from app.engine.records import NO_PRICE, EventKind, RecordFlag, TradeCondition
from app.instrument import Instrument

Ints = NDArray[np.int64]
LOCATES: Final = 1 << 16
_PRINTABLE_NO: Final = b"N"
_CROSS: Final = int(TradeCondition.CROSS | TradeCondition.AUCTION)


class Units:
    """How the prices of each stock, by its locate number, become price units."""

    def __init__(self) -> None:
        self._up = np.ones(LOCATES, np.int64)
        self._down = np.ones(LOCATES, np.int64)
        self._bound = np.zeros(LOCATES, np.int64)

    def learn(self, locate: int, instrument: Instrument) -> None:
        """Take an instrument's price unit and bound."""
        ratio = Fraction(1, 10**PRICE_DIGITS) / Fraction(instrument.price_unit)
        self._up[locate], self._down[locate] = ratio.numerator, ratio.denominator
        self._bound[locate] = instrument.price_bound

    def price(self, locate: Ints, price: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Return price units, and where the price is off the grid or beyond bounds."""
        grown = price * self._up[locate]
        units = grown // self._down[locate]
        off = units * self._down[locate] != grown
        return units, off | (units > self._bound[locate])


@dataclass(slots=True)
class Messages:
    """Messages of one walk that are wanted.

    Attributes
    ----------
    view : (m,) uint8
        The bytes they lie in.
    offset, number : (n,) int64
        Where each begins, and its number in file or session.
    kind : (n,) uint8
        Code of its letter.
    locate : (n,) int64
        Number of its stock; 0 = none.
    time : (n,) int64
        ns since midnight New York.
    received : (n,) int64 or None
        ns since 1970 UTC.
    """

    view: NDArray[np.uint8]
    offset: Ints
    number: Ints
    kind: NDArray[np.uint8]
    locate: Ints
    time: Ints
    received: Ints | None

    @classmethod
    def at(
        cls,
        data: NDArray[np.uint8],
        offset: Ints,
        number: Ints,
        received: Ints | None,
    ) -> "Messages":
        """Read the headers of the messages at these offsets."""
        head = rows_at(data, HEADER, offset)
        high, low = head["time_high"].astype(np.int64), head["time_low"]
        time = high << 32 | low.astype(np.int64)
        locate = head["locate"].astype(np.int64)
        return cls(data, offset, number, data[offset], locate, time, received)

    def __len__(self) -> int:
        return len(self.offset)

    def where(self, keep: NDArray[np.bool_] | Ints) -> "Messages":
        """Return some of them."""
        return Messages(
            self.view,
            self.offset[keep],
            self.number[keep],
            self.kind[keep],
            self.locate[keep],
            self.time[keep],
            None if self.received is None else self.received[keep],
        )

    def rows(self, code: str, at: Ints) -> NDArray[np.void]:
        """Return the messages at some indices in their type's layout."""
        return rows_at(self.view, MESSAGES[ord(code)], self.offset[at])


def rows_at(
    data: NDArray[np.uint8], layout: np.dtype[Any], offset: Ints
) -> NDArray[np.void]:
    """Copy the records of a layout that begin at some offsets; all lie in the data."""
    out = np.empty(len(offset), layout)
    job = np.zeros(ROWS_JOB_WORDS, np.int64)
    at = np.ascontiguousarray(offset)
    job[ROWS_BYTES], job[ROWS_OFFSETS] = data.ctypes.data, at.ctypes.data
    job[ROWS_COUNT], job[ROWS_WIDTH] = len(at), layout.itemsize
    job[ROWS_OUT] = out.ctypes.data
    gather_rows(job.ctypes.data)
    return out


class Translator:
    """Turns the messages of a day into records.

    Parameters
    ----------
    midnight : int
        The day's midnight in New York, ns since 1970 UTC.
    units : Units
    """

    def __init__(self, midnight: int, units: Units) -> None:
        self._midnight = midnight
        self._units = units
        self._latest = -1

    def take(
        self, messages: Messages, issues: Issues
    ) -> tuple[NDArray[np.void], Ints, NDArray[np.bool_]]:
        """Translate messages; what breaks a rule is reported.

        Returns
        -------
        records : (n,) MARKET
            One each; `instrument` holds the locate number.
        new : (n,) int64
            Reference after a replacement.
        good : (n,) bool
            Which of them keep the format's rules.
        """
        job = _Job(messages, self._units, issues)
        self._times(messages, job)
        for code, fill in _FILLERS.items():
            at = np.flatnonzero(messages.kind == ord(code))
            if len(at):
                fill(job, at, messages.rows(code, at))
        return job.records, job.new, job.good

    def _times(self, messages: Messages, job: "_Job") -> None:
        every = np.arange(len(messages))
        time = messages.time
        job.refuse(every, time >= DAY_NS, "time", "must lie within a day", time)
        shown = np.where(job.good, time, 0)
        latest = np.maximum.accumulate(np.append(self._latest, shown))
        job.refuse(every, time < latest[:-1], "time", "must not go back", time)
        self._latest = int(latest[-1])
        records = job.records
        records["ts_venue"] = self._midnight + time
        received = messages.received
        records["ts_received"] = records["ts_venue"] if received is None else received
        records["sequence"] = messages.number
        records["instrument"] = messages.locate
        records["kind"] = EventKind.TIMER
        records["flags"] = RecordFlag.LAST


class _Job:
    """One batch of messages on its way to records."""

    def __init__(self, messages: Messages, units: Units, issues: Issues) -> None:
        count = len(messages)
        self.records = new_records(count)
        self.new = np.zeros(count, np.int64)
        self.good = np.ones(count, np.bool_)
        self._messages = messages
        self._units = units
        self._issues = issues

    def refuse(
        self, at: Ints, bad: NDArray[np.bool_], name: str, rule: str, found: Any
    ) -> None:
        """Report the messages that break a rule and clear them in `good`."""
        for index in np.flatnonzero(bad & self.good[at]):
            shown = found[index]
            text = shown.decode("latin-1") if isinstance(shown, bytes) else shown
            number = int(self._messages.number[at[index]])
            self._issues.bad(f"{rule}, was {text!s}", number, name)
            self.good[at[index]] = False

    def reference(self, at: Ints, values: Any, name: str = "reference") -> Ints:
        """References as int64; none is 0."""
        found = values.astype(np.int64)
        self.refuse(at, found <= 0, name, "must be positive and below 2**63", values)
        return np.asarray(found, np.int64)

    def size(self, at: Ints, rows: NDArray[np.void]) -> Ints:
        """Sizes, which must be positive."""
        found = rows["size"].astype(np.int64)
        self.refuse(at, found <= 0, "size", "must be positive", found)
        return np.asarray(found, np.int64)

    def price(self, at: Ints, rows: NDArray[np.void]) -> Ints:
        """Prices in the units of each stock."""
        found = rows["price"].astype(np.int64)
        self.refuse(at, found == 0, "price", "must be positive", found)
        units, off = self._units.price(self._messages.locate[at], found)
        rule = "must be on the price unit and within the bound (x 10000)"
        self.refuse(at, off, "price", rule, found)
        return np.where(off, 0, units)

    def put(self, at: Ints, **fields: Any) -> None:
        """Set fields of records."""
        for name, values in fields.items():
            self.records[name][at] = values


def _added(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    side = rows["side"]
    known = (side == b"B") | (side == b"S")
    job.refuse(at, ~known, "side", "must be B or S", side)
    job.put(
        at,
        kind=EventKind.ORDER_ADD,
        reference=job.reference(at, rows["reference"]),
        side=np.where(side == b"B", 1, -1),
        size=job.size(at, rows),
        price=job.price(at, rows),
    )


def _executed(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    job.put(
        at,
        kind=EventKind.ORDER_EXECUTE,
        reference=job.reference(at, rows["reference"]),
        size=job.size(at, rows),
        price=NO_PRICE,
    )


def _executed_at(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    """Executions at another price; those of a cross are told by the cross again."""
    printable = rows["printable"] != _PRINTABLE_NO
    price = job.price(at, rows)
    kind = np.where(printable, EventKind.ORDER_EXECUTE, EventKind.ORDER_CANCEL)
    job.put(
        at,
        kind=kind,
        reference=job.reference(at, rows["reference"]),
        size=job.size(at, rows),
        price=price,
    )


def _cancelled(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    job.put(
        at,
        kind=EventKind.ORDER_CANCEL,
        reference=job.reference(at, rows["reference"]),
        size=job.size(at, rows),
    )


def _deleted(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    reference = job.reference(at, rows["reference"])
    job.put(at, kind=EventKind.ORDER_CANCEL, reference=reference)


def _replaced(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    job.new[at] = job.reference(at, rows["new_reference"], "new_reference")
    job.put(
        at,
        kind=EventKind.ORDER_MODIFY,
        reference=job.reference(at, rows["reference"]),
        size=job.size(at, rows),
        price=job.price(at, rows),
    )


def _hidden(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    # Whose order rested is not told since 2014, so there is no aggressor.
    job.put(
        at,
        kind=EventKind.TRADE,
        size=job.size(at, rows),
        price=job.price(at, rows),
        conditions=TradeCondition.HIDDEN,
    )


def _crossed(job: _Job, at: Ints, rows: NDArray[np.void]) -> None:
    """Crosses; one without shares says that there was none."""
    size = rows["size"]
    job.refuse(at, size >= 1 << 53, "size", "must be below 2**53", size)
    some = size > 0
    if np.any(some):
        kept = at[some]
        job.put(
            kept,
            kind=EventKind.TRADE,
            size=size[some],
            price=job.price(kept, rows[some]),
            conditions=_CROSS,
        )


_FILLERS: Final[dict[str, Callable[[_Job, Ints, NDArray[np.void]], None]]] = {
    "A": _added,
    "F": _added,
    "E": _executed,
    "C": _executed_at,
    "X": _cancelled,
    "D": _deleted,
    "U": _replaced,
    "P": _hidden,
    "Q": _crossed,
}
MARKET_TYPES: Final = tuple(ord(code) for code in (*_FILLERS, "S", "H", "h"))
"""Types that become records; the rest tell of reports, collars and imbalances."""
