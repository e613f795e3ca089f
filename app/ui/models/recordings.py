"""The catalog's listing as records that a table shows."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from app.clock import utc
from app.data.listing import Entry, bytes_text
from app.data.local_time import DAY_NS
from app.data.spans import bar_length
from app.ui import formatting
from app.ui.models.table import Column
from app.ui.theme import Theme

ROW: Final = np.dtype(
    [
        ("entry", "<i8"),  # place in the listing
        *((name, "<i8") for name in ("rows", "gaps", "size", "first_ts", "last_ts")),
        ("segments", "<i8"),
    ]
)
_REACH: Final = (
    "Of bars of a day their days, of shorter ones the first open, the last close"
)


class Recordings:
    """What the catalog holds, as it was when last listed."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.rows = np.zeros(0, ROW)

    def show(self, entries: Sequence[Entry]) -> None:
        """Take another listing; the last comes first, as in a blotter."""
        self.entries = list(entries)[::-1]
        self.rows = np.zeros(len(self.entries), ROW)
        for i, each in enumerate(self.entries):
            row = self.rows[i]
            row["entry"] = i
            for name in ROW.names[1:]:  # type: ignore[index]
                row[name] = getattr(each, name)

    def entry(self, record: np.void) -> Entry:
        """The stream that a record stands for."""
        return self.entries[int(record["entry"])]

    def matching(self, text: str) -> Callable[[np.ndarray], np.ndarray] | None:
        """A filter: rows whose words contain every word of the text; None for all."""
        wanted = text.lower().split()
        if not wanted:
            return None

        def holds(record: np.void) -> bool:
            each = self.entry(record)
            words = f"{each.name} {each.kind} {each.basis} {each.damage}".lower()
            return all(word in words for word in wanted)

        return lambda rows: np.array([holds(each) for each in rows], np.bool_)

    def columns(self, theme: Theme) -> tuple[Column, ...]:
        """The table's columns."""

        def texts(name: str) -> Callable[[np.ndarray], np.ndarray]:
            return lambda rows: np.array(
                [getattr(self.entry(each), name) for each in rows]
            )

        def numbers(name: str) -> Callable[[np.ndarray], np.ndarray]:
            return lambda rows: rows[name]

        def state(record: np.void) -> str:
            return "damaged" if self.entry(record).damage else ""

        return (
            Column(
                "Instrument",
                lambda r: self.entry(r).instrument,
                texts("instrument"),
                is_number=False,
                width=10,
            ),
            Column(
                "Kind",
                lambda r: formatting.words(self.entry(r).kind),
                texts("kind"),
                is_number=False,
                width=10,
            ),
            Column(
                "Stream",
                lambda r: self.entry(r).stream,
                texts("stream"),
                is_number=False,
                tip="What was recorded; orders tell most of a book, trades the least",
                width=11,
            ),
            Column(
                "From (UTC)",
                lambda r: reach(self.entry(r))[0],
                numbers("first_ts"),
                is_number=False,
                tip=_REACH,
                width=15,
            ),
            Column(
                "To",
                lambda r: reach(self.entry(r))[1],
                numbers("last_ts"),
                is_number=False,
                tip=_REACH,
                width=15,
            ),
            Column(
                "Rows", lambda r: formatting.count(r["rows"]), numbers("rows"), width=8
            ),
            Column(
                "Gaps",
                lambda r: formatting.count(r["gaps"]) if r["gaps"] else "",
                numbers("gaps"),
                colour=lambda _: theme.warning,
                tip="Places where the source lost data",
                width=5,
            ),
            Column(
                "On disk",
                lambda r: bytes_text(int(r["size"])),
                numbers("size"),
                width=8,
            ),
            Column(
                "",
                state,
                lambda rows: np.array([state(each) for each in rows]),
                colour=lambda _: theme.error,
                is_number=False,
                width=8,
            ),
        )


def reach(entry: Entry) -> tuple[str, str]:
    """From when to when a stream reaches, as a run counts it (app/data/spans.py)."""
    first, ends = entry.first_ts, entry.ends
    if ends is not None:
        length = bar_length(ends)
        if length >= DAY_NS:
            low, high = ends.days()
            return str(low), str(high)
        first -= length
    return _when(first), _when(entry.last_ts)


def _when(ns: int) -> str:
    return f"{utc(ns):%Y-%m-%d %H:%M}" if ns else formatting.DASH
