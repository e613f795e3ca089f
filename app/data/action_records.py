"""Corporate actions among the records of a playback, each on its ex-date.

The catalog keeps what happened beside the prices (`corporate_actions`); a session books
it from a DIVIDEND or SPLIT record, put before the instrument's first record of the day
after the action's (SEMANTICS 46). What happened before the first record is over: nobody
held anything.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from app.data.corporate_actions import CorporateActions
from app.data.importing import new_records
from app.data.local_time import begins_ns
from app.engine.records import MONEY_SCALE, EventKind
from app.instrument import Instrument


class ActionRecords:
    """Puts corporate actions into a playback's blocks.

    Parameters
    ----------
    instruments : sequence of Instrument
        Records name them by place.
    actions : mapping of name to CorporateActions
        What is known of each.
    first_ts : int
        Received time of the playback's first record, ns since 1970 UTC.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        actions: Mapping[str, CorporateActions],
        first_ts: int,
    ) -> None:
        self._waiting: list[tuple[int, int, NDArray[np.void]]] = []
        for number, each in enumerate(instruments):
            for day, record in _records(actions.get(each.name, CorporateActions())):
                record["instrument"] = number
                begins = begins_ns(day + timedelta(days=1), each.time_zone)
                if begins > first_ts:
                    self._waiting.append((begins, number, record))
        self._waiting.sort(key=lambda row: row[:2])

    def put(self, records: NDArray[np.void]) -> NDArray[np.void]:
        """Return a block with what takes effect in it, before the day's records."""
        if not self._waiting or not len(records):
            return records
        last = int(records["ts_received"][-1])
        places: list[int] = []
        found: list[NDArray[np.void]] = []
        for row in [each for each in self._waiting if each[0] <= last]:
            begins, number, record = row
            start = int(np.searchsorted(records["ts_received"], begins))
            behind = records[start:]
            # A bar of the day before is stamped at its end, the midnight itself.
            is_before = (behind["kind"] == EventKind.BAR) & (
                behind["ts_received"] == begins
            )
            own = np.flatnonzero((behind["instrument"] == number) & ~is_before)
            if not len(own):
                continue
            place = start + int(own[0])
            for field in ("ts_venue", "ts_received", "source"):
                record[field] = records[field][place]
            places.append(place)
            found.append(record)
            self._waiting.remove(row)
        if not found:
            return records
        joined: NDArray[np.void] = np.insert(records, places, np.concatenate(found))
        return joined


def _records(actions: CorporateActions) -> list[tuple[date, NDArray[np.void]]]:
    """Records of the actions of one instrument, each with its day; splits go first."""
    found = []
    for split in actions.splits:
        record = new_records(1)
        record["kind"] = EventKind.SPLIT
        record["size"], record["reference"] = split.ratio.as_integer_ratio()
        found.append((split.after, record))
    for paid in actions.dividends:
        record = new_records(1)
        record["kind"] = EventKind.DIVIDEND
        record["price"] = round(Fraction(paid.amount) * MONEY_SCALE)
        found.append((paid.after, record))
    return found
