"""One day of one ITCH feed: which stocks there are, what of them is kept.

Locate numbers stand for stocks on their day only; so do the references of orders. The
first record of each instrument says how its book begins: empty and whole where the data
begin with the day, unknown (a GAP) where they join midway.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.catalog_writer import Target
from app.data.importing import Import, Sketch, new_records
from app.data.itch_layout import NAMES_A_STOCK
from app.data.itch_orders import OrderTable
from app.data.itch_records import MARKET_TYPES, Messages, Translator, Units
from app.data.itch_walk import Batch, Walker
from app.data.local_time import SECOND_NS, midnight_ns
from app.data.text_columns import Issues
from app.engine.itch_frames import FINE, SKIPPED, TAKEN, UNKNOWN
from app.engine.records import EventKind, RecordFlag, SessionState
from app.errors import FileFormatError
from app.instrument import Hours, Instrument, InstrumentKind

ZONE: Final = "America/New_York"
_UNSEEN, _WANTED = 0, 1
_OPENS, _CLOSES = (9 * 3600 + 1800) * SECOND_NS, 16 * 3600 * SECOND_NS
_HELD_ROWS: Final = 1 << 21
"""Records of several instruments are sorted apart so many at a time: 128 MB."""
_MARKETS: Final = {"XNAS": b"Q", "XBOS": b"B", "XPSX": b"X"}
_PHASES: Final = {
    b"O": SessionState.CLOSED,
    b"S": SessionState.PRE_OPEN,
    b"Q": SessionState.OPEN,
    b"M": SessionState.CLOSED,
    b"E": SessionState.CLOSED,
    b"C": SessionState.CLOSED,
}
_HALTS: Final = {
    b"H": SessionState.HALTED,
    b"P": SessionState.HALTED,
    b"Q": SessionState.PRE_OPEN,
}
_Part = tuple[NDArray[np.int64], NDArray[np.void]]
"""Before which message each record goes, and the records."""


class Streams:
    """The instruments of an import, over all its days.

    Parameters
    ----------
    run : Import
    venue : str
    every : bool
        Whether all instruments are wanted.
    """

    def __init__(self, run: Import, venue: str, *, every: bool) -> None:
        self.run = run
        self._venue = venue
        named = run.options.instrument
        self.wanted = set(named.upper().split(",")) if named else set()
        self.every = every
        self.found: dict[str, Target] = {}

    def instrument(self, name: str, *, is_etf: bool) -> Instrument:
        """Open the stream of an instrument."""
        if name not in self.found:
            made = self.run.instrument(name, lambda: _sketch(self._venue, is_etf))
            self.found[name] = Target(made, "orders", "orders", time_zone=ZONE)
        return self.found[name].instrument

    def emit(self, name: str, records: NDArray[np.void]) -> None:
        """Take records of one instrument."""
        self.run.emit(self.found[name], records)

    def end(self, path: Path) -> None:
        """Say which instruments were not there."""
        missing = sorted(self.wanted - {name.upper() for name in self.found})
        if missing or not self.found:
            names = ", ".join(missing) or "no instrument that a message names"
            raise FileFormatError(path, f"holds nothing of {names}")

    def note(self, names: Iterable[str], text: str) -> None:
        """Say something of some instruments."""
        for name in names:
            self.found[name].notes.append(text)


class MarketDay:
    """One day under way."""

    def __init__(self, day: date, venue: str, streams: Streams) -> None:
        self._streams = streams
        self._walker = Walker()
        self._units = Units()
        self._midnight = midnight_ns(day, ZONE)
        self._translator = Translator(self._midnight, self._units)
        self._orders = OrderTable()
        self._market = _MARKETS.get(venue, b"")
        self._names: dict[int, str] = {}
        self._begun = np.zeros(len(self._walker.choice), np.bool_)
        self._phase: SessionState | None = None
        self._halts: dict[int, SessionState] = {}
        self._joined_midway: bool | None = None
        self._missed = 0
        self._unknown = 0
        self._gaps = 0
        self._held: list[NDArray[np.void]] = []
        self._held_rows = 0

    def take(self, batch: Batch, issues: Issues) -> None:
        """Take a batch of frames."""
        messages, span = self._walker.walk(batch, issues)
        if not len(messages):
            return
        if self._joined_midway is None:
            self._begin(messages, batch)
        self._learn(messages, issues)
        choice = self._walker.choice[messages.locate]
        wanted = (choice == _WANTED) | (messages.kind == ord("S"))
        wanted &= np.isin(messages.kind, MARKET_TYPES)
        messages, span = messages.where(wanted), span[wanted]
        records, new, good = self._translator.take(messages, issues)
        gaps = self._lost(batch, span, records)
        parts = [*gaps, *self._sessions(messages, records, good)]
        at = np.flatnonzero(good)
        records, new = _merged((at, records[good]), new[good], parts)
        records, new = self._with_beginnings(records, new)
        self._missed += int(batch.gaps[:, 1].sum())
        self._hand_over(records, new, issues)

    def end(self) -> None:
        """Hand over what was held, and say what is to be known of the day."""
        self._sort_apart()
        streams = self._streams
        names = [self._names[each] for each in np.flatnonzero(self._begun).tolist()]
        if self._joined_midway and names:
            text = (
                "the data begin midway: books are stale, for no snapshot follows; "
                f"{self._unknown:,} events were of orders from before"
            )
            streams.note(names, text)
            streams.run.notes.append(text)

    def _begin(self, messages: Messages, batch: Batch) -> None:
        first = messages.where(np.zeros(1, np.int64))
        is_event = first.kind[0] == ord("S")
        begins = is_event and first.rows("S", np.zeros(1, np.int64))["event"][0] == b"O"
        self._joined_midway = not begins
        self._missed = max(0, batch.first - 1)

    # Which stocks there are.

    def _learn(self, messages: Messages, issues: Issues) -> None:
        """Learn the names of locate numbers that were not seen before."""
        choice = self._walker.choice
        new = choice[messages.locate] == _UNSEEN
        new &= np.isin(messages.kind, NAMES_A_STOCK) & (messages.locate > 0)
        at = np.flatnonzero(new)
        _, first = np.unique(messages.locate[at], return_index=True)
        for index in np.sort(at[first]).tolist():
            self._learn_one(messages, index, issues)

    def _learn_one(self, messages: Messages, index: int, issues: Issues) -> None:
        letter = chr(messages.kind[index])
        row = messages.rows(letter, np.array([index]))[0]
        locate, text = int(messages.locate[index]), row["stock"]
        name = text.decode("latin-1").strip()
        if not name or not name.isascii() or not name.isprintable():
            issues.bad(
                f"must be a name, was {text!r}", int(messages.number[index]), "stock"
            )
            return
        if not self._is_wanted(name, issues):
            self._walker.choice[locate] = SKIPPED
            return
        is_etf = "etp" in (row.dtype.names or ()) and row["etp"] == b"Y"
        instrument = self._streams.instrument(name, is_etf=is_etf)
        self._units.learn(locate, instrument)
        self._names[locate] = name
        self._walker.choice[locate] = _WANTED

    def _is_wanted(self, name: str, issues: Issues) -> bool:
        streams = self._streams
        if streams.every:
            return True
        if streams.wanted:
            return name.upper() in streams.wanted
        if streams.found and name not in streams.found:
            some = ", ".join([*streams.found, name])
            rule = f"holds several instruments ({some} …): --instrument NAME, or --all"
            raise FileFormatError(issues.path, rule)
        return True

    # What belongs between the messages.

    def _lost(
        self, batch: Batch, span: NDArray[np.int64], records: NDArray[np.void]
    ) -> list[_Part]:
        """Return GAP records where messages were lost, for all that are known."""
        parts: list[_Part] = []
        for at, missing in batch.gaps.tolist():
            self._gaps += 1
            gaps = new_records(len(self._names))
            index = int(np.searchsorted(span, at))
            assert batch.times is not None
            gaps["ts_received"] = gaps["ts_venue"] = batch.times[at]
            if index < len(records):
                gaps["ts_venue"] = records["ts_venue"][index]
            gaps["instrument"] = sorted(self._names)
            gaps["kind"], gaps["reference"] = EventKind.GAP, missing
            gaps["sequence"] = batch.spans[at, 2]
            parts.append((np.full(len(gaps), index), gaps))
        return parts

    def _sessions(
        self, messages: Messages, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> list[_Part]:
        """Turn S, H and h into SESSION records; S goes to all instruments."""
        parts: list[_Part] = []
        special = np.isin(messages.kind, [ord(each) for each in "SHh"]) & good
        for index in np.flatnonzero(special).tolist():
            letter = chr(messages.kind[index])
            row = messages.rows(letter, np.array([index]))[0]
            if letter == "S":
                good[index] = False
                self._phase = _PHASES.get(row["event"], self._phase)
                parts.append(self._told_to_all(index, records[index]))
                continue
            locate = int(messages.locate[index])
            if letter == "h" and row["market"] != self._market:
                good[index] = False
                continue
            state = row["state"] if letter == "H" else row["action"]
            self._halts.pop(locate, None)
            if state in _HALTS:
                self._halts[locate] = _HALTS[state]
            records["kind"][index] = EventKind.SESSION
            records["count"][index] = self._state(locate, int(messages.time[index]))
        return parts

    def _told_to_all(self, index: int, record: np.void) -> _Part:
        locates = np.array(sorted(self._names), np.int64)
        told = np.repeat(np.array([record]), len(locates))
        time = int(record["ts_venue"]) - self._midnight
        told["kind"], told["instrument"] = EventKind.SESSION, locates
        told["count"] = [self._state(each, time) for each in locates.tolist()]
        return np.full(len(told), index), told

    def _state(self, locate: int, time: int) -> SessionState:
        """State of an instrument: its halt, else the market's phase, else the clock."""
        if locate in self._halts:
            return self._halts[locate]
        if self._phase is not None:
            return self._phase
        if time < _OPENS:
            return SessionState.PRE_OPEN
        return SessionState.OPEN if time < _CLOSES else SessionState.CLOSED

    def _with_beginnings(
        self, records: NDArray[np.void], new: NDArray[np.int64]
    ) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """Put before each instrument's first record how its book begins."""
        locates, first = np.unique(records["instrument"], return_index=True)
        fresh = ~self._begun[locates]
        if not fresh.any():
            return records, new
        at = first[fresh]
        self._begun[locates[fresh]] = True
        kinds = [EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END]
        flags = int(RecordFlag.SNAPSHOT)
        if self._joined_midway or self._missed:
            kinds, flags = [EventKind.GAP], 0
        parts: list[_Part] = []
        for kind in kinds:
            marks = new_records(len(at))
            for name in ("ts_venue", "ts_received", "sequence", "instrument"):
                marks[name] = records[name][at]
            marks["kind"], marks["flags"] = kind, flags
            marks["reference"] = self._missed if kind == EventKind.GAP else 0
            parts.append((at, marks))
        return _merged((np.arange(len(records)), records), new, parts)

    # What becomes of it.

    def _hand_over(
        self, records: NDArray[np.void], new: NDArray[np.int64], issues: Issues
    ) -> None:
        resolved = self._orders.resolve(records, new)
        self._judge(records, resolved.verdicts, issues)
        out = resolved.records
        if len(self._names) == 1:
            out["instrument"] = 0
            self._streams.emit(next(iter(self._names.values())), out)
            return
        self._held.append(out)
        self._held_rows += len(out)
        if self._held_rows >= _HELD_ROWS:
            self._sort_apart()

    def _sort_apart(self) -> None:
        """Hand over what was held, each instrument's records together."""
        if not self._held_rows:
            return
        records = np.concatenate(self._held)
        self._held, self._held_rows = [], 0
        locates = records["instrument"].astype(np.uint16)
        order = np.argsort(locates, kind="stable")
        records, locates = records[order], locates[order]
        records["instrument"] = 0
        cuts = [0, *(np.flatnonzero(np.diff(locates)) + 1).tolist(), len(records)]
        for low, high in pairwise(cuts):
            self._streams.emit(self._names[int(locates[low])], records[low:high])

    def _judge(
        self, records: NDArray[np.void], verdicts: NDArray[np.uint8], issues: Issues
    ) -> None:
        """Report what cannot be; after a loss an unknown order is no fault."""
        unknown = verdicts == UNKNOWN
        self._unknown += int(np.count_nonzero(unknown))
        bad = verdicts != FINE
        if self._joined_midway or self._gaps:
            bad &= ~unknown
        for index in np.flatnonzero(bad).tolist():
            record, verdict = records[index], verdicts[index]
            number = int(record["sequence"])
            if verdict == UNKNOWN:
                rule = f"must be of an order in the book, was {record['reference']}"
            elif verdict == TAKEN:
                rule = "must not be of an order in the book"
            else:
                rule = f"must not pass what the order has left, was {record['size']}"
            is_size = verdict not in (UNKNOWN, TAKEN)
            issues.bad(rule, number, "size" if is_size else "reference")


def _merged(
    base: _Part, new: NDArray[np.int64], parts: list[_Part]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Put records before the messages they belong to; those come with their `new`."""
    if not parts:
        return base[1], new
    every = [*parts, base]
    at = np.concatenate([part[0] for part in every])
    records = np.concatenate([part[1] for part in every])
    references = np.concatenate([np.zeros(len(at) - len(new), np.int64), new])
    order = np.argsort(at, kind="stable")
    return records[order], references[order]


def _sketch(venue: str, is_etf: bool) -> Sketch:
    return Sketch(
        kind=InstrumentKind.ETF if is_etf else InstrumentKind.STOCK,
        venue=venue,
        currency="USD",
        price_unit=Decimal("0.0001"),
        price_step=100,
        more={
            "calendar": "XNAS",
            "time_zone": ZONE,
            "regular_hours": Hours.parse("09:30-16:00"),
            "extended_hours": Hours.parse("04:00-20:00"),
        },
    )
