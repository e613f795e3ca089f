"""Rows of a DBN file, and what all their translations share."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.data.importing import new_records
from app.data.text_columns import Issues, to_units
from app.engine.records import NO_PRICE
from app.instrument import Instrument, plain

PRICE_DIGITS: Final = 9
NO_PRICE_DBN: Final = 2**63 - 1
LAST, SNAPSHOT, MAYBE_BAD = 128, 32, 4
"""Bits of a record's flags."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Records of one layout, with the number of each in its file."""

    data: NDArray[np.void]
    numbers: NDArray[np.int64]
    issues: Issues

    def __len__(self) -> int:
        return len(self.data)

    @property
    def names(self) -> tuple[str, ...]:
        """Fields of the layout."""
        return self.data.dtype.names or ()

    def where(self, keep: "NDArray[Any] | slice[Any, Any, Any]") -> "Rows":
        """Return some of the rows, by mask or by slice."""
        return Rows(self.data[keep], self.numbers[keep], self.issues)

    def joined(self, after: "Rows") -> "Rows":
        """Return these rows and those after them."""
        return Rows(
            np.concatenate([self.data, after.data]),
            np.concatenate([self.numbers, after.numbers]),
            after.issues,
        )

    def refuse(
        self, bad: NDArray[np.bool_], name: str, rule: str, good: NDArray[np.bool_]
    ) -> None:
        """Report the rows that break a rule and clear them in `good`."""
        for index in np.flatnonzero(bad & good):
            found = self.data[name][index]
            shown = found.decode("latin-1") if isinstance(found, bytes) else found
            self.issues.bad(f"{rule}, was {shown}", int(self.numbers[index]), name)
            good[index] = False

    def prices(
        self, name: str, instrument: Instrument, good: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Prices of a field in the instrument's units; `NO_PRICE` where there is none.

        Rows whose price is off the grid or beyond the bound are refused.
        """
        values = self.data[name]
        absent = values == NO_PRICE_DBN
        units, off = to_units(
            np.where(absent, 0, values), PRICE_DIGITS, instrument.price_unit
        )
        off |= np.abs(units) > instrument.price_bound
        unit = plain(instrument.price_unit)
        self.refuse(off, name, f"must be on price unit {unit} (x 1e-9)", good)
        return np.where(absent, NO_PRICE, units)

    def sides(self) -> NDArray[np.int8]:
        """Sides: +1 bid, -1 ask, 0 none."""
        side = self.data["side"]
        sides: NDArray[np.int8] = (side == b"B").astype(np.int8)
        sides -= (side == b"A").astype(np.int8)
        return sides

    def records(self, keep: NDArray[Any] | None = None) -> NDArray[np.void]:
        """Return a record per row with its times and sequence."""
        data = self.data if keep is None else self.data[keep]
        records = new_records(len(data))
        records["ts_venue"] = data["ts_event"]
        records["ts_received"] = data["ts_recv"]
        records["sequence"] = data["sequence"]
        return records


class Translator(Protocol):
    """Turns rows of one instrument into MARKET records."""

    def take(self, rows: Rows) -> NDArray[np.void]:
        """Translate rows; some may be held back until the next come."""
        ...

    def end(self) -> NDArray[np.void]:
        """Translate what was held back."""
        ...

    def notes(self) -> list[str]:
        """Say what is to be known of the data."""
        ...
