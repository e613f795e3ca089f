"""Nasdaq TotalView-ITCH 5.0: a whole market order by order, raw or captured.

Raw files hold messages with two bytes of length before each, as Nasdaq gives them out;
captures (pcap, pcapng) hold them in MoldUDP64 datagrams, whose numbers show what is
lost. A kernel walks the frames, NumPy decodes each type of message as a whole
(app/data/itch_records.py), a kernel with the table of orders fills in what a message
leaves out (app/data/itch_orders.py).

Every message that concerns an instrument's market is one event: A F E C X D U P Q, and
S H h as SESSION. U becomes a cancel and an add, last in its queue. An event of an order
from before the data began is a tick of time. Times are New York's; a capture's own are
the received ones.

Nasdaq, "Nasdaq TotalView-ITCH 5.0" and "MoldUDP64 Protocol Specification".
"""

import re
import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from app.data.importing import Import
from app.data.itch_day import ZONE, MarketDay, Streams
from app.data.itch_layout import LENGTHS, NAMES_A_STOCK
from app.data.itch_walk import Batch, Walker
from app.data.local_time import local_day
from app.data.moldudp import Sequenced, Session, sessions
from app.data.pcap import Capture, datagrams, is_capture
from app.data.source import Source
from app.data.text_columns import Issues
from app.errors import FileFormatError

_DATES: Final = (
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)-?(?P<m>\d\d)-?(?P<d>\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<m>\d\d)(?P<d>\d\d)(?P<y>20\d\d)(?!\d)"),
    re.compile(r"(?<![A-Za-z\d])S(?P<m>\d\d)(?P<d>\d\d)(?P<y>\d\d)-v50"),
)
_VENUES: Final = (
    (re.compile(r"(?<![A-Za-z])bx(?![a-z])", re.IGNORECASE), "XBOS"),
    (re.compile(r"(?<![A-Za-z])psx(?![a-z])", re.IGNORECASE), "XPSX"),
)
_SNIFFED_FRAMES: Final = 8
_BLOCK_BYTES: Final = 1 << 20


class ItchImporter:
    """Reads raw ITCH files and captures of MoldUDP64.

    Parameters
    ----------
    day : date, optional
        The trading day; a file's name or a capture's clock tells it as a rule.
    every : bool
        Whether all instruments are wanted; else those that the options name, or the
        only one there is.
    session : str, optional
        Which session of MoldUDP64 to read where a capture holds several.
    """

    name = "itch"

    def __init__(
        self,
        day: date | None = None,
        *,
        every: bool = False,
        session: str | None = None,
    ) -> None:
        self._day = day
        self._every = every
        self._session = session

    def sniff(self, path: Path) -> bool:
        """Tell whether a file begins as ITCH does, or is a capture of it."""
        try:
            head = next(Source(path).blocks(1 << 12), b"")
        except FileFormatError:
            return False
        return is_capture(head) or begins_with_messages(head)

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read files; captures of one session continue each other."""
        streams: Streams | None = None
        market: MarketDay | None = None
        captured = _Captured(self._session)
        if self._every:
            _allow_many_files()
        for index, path in enumerate(paths):
            issues = run.issues(path)
            streams = streams or Streams(run, venue_of(path), every=self._every)
            is_last = index + 1 == len(paths)
            source = (
                captured.batches(path, issues, is_last=is_last)
                if is_capture(_head(path))
                else _raw_batches(path, issues)
            )
            for share, batch in source:
                if market is None or batch.begins:
                    if market is not None:
                        market.end()
                    day = self._trading_day(path, batch)
                    market = MarketDay(day, venue_of(path), streams)
                market.take(batch, issues)
                run.progress((index + share) / len(paths))
        if market is not None and streams is not None:
            market.end()
            streams.end(paths[-1])
        run.notes.extend(captured.notes())

    def _trading_day(self, path: Path, batch: Batch) -> date:
        day = self._day or _captured_day(batch) or day_of(path)
        if day is None:
            rule = "the name must tell the day as in 01302020.NASDAQ_ITCH50: --date"
            raise FileFormatError(path, rule)
        return day


def begins_of(path: Path) -> tuple[date | None, list[str]]:
    """Look at a file's first block: its day, where told, and the stocks it names.

    Raises
    ------
    FileFormatError
        If the file is neither frames nor a capture of them.
    """
    issues = Issues(path, skip_bad=True)
    is_captured = is_capture(_head(path))
    found = (
        _Captured(None).batches(path, issues, is_last=True)
        if is_captured
        else _raw_batches(path, issues)
    )
    batch = next((each for _, each in found), None)
    if batch is None:
        return day_of(path), []
    messages, _ = Walker().walk(batch, issues)
    names: dict[str, None] = {}
    for code in NAMES_A_STOCK:
        at = np.flatnonzero(messages.kind == code)
        stocks = np.unique(messages.rows(chr(code), at)["stock"])
        names |= {text.decode("latin-1").strip(): None for text in stocks}
    return _captured_day(batch) or day_of(path), sorted(names)


def _captured_day(batch: Batch) -> date | None:
    """Return the day that a capture's clock tells."""
    if batch.times is None or not len(batch.times) or batch.times[0] <= 0:
        return None
    return local_day(int(batch.times[0]), ZONE)


def day_of(path: Path) -> date | None:
    """Return the day that a file's name tells."""
    for pattern in _DATES:
        match = pattern.search(path.name)
        if match is not None:
            year = int(match["y"])
            try:
                return date(
                    year + 2000 if year < 100 else year,
                    int(match["m"]),
                    int(match["d"]),
                )
            except ValueError:
                continue
    return None


def venue_of(path: Path) -> str:
    """Return the venue that a file's name tells: Nasdaq, unless it names another."""
    for pattern, venue in _VENUES:
        if pattern.search(path.name):
            return venue
    return "XNAS"


def begins_with_messages(head: bytes) -> bool:
    """Tell whether bytes begin with whole ITCH messages in frames."""
    at = found = 0
    while found < _SNIFFED_FRAMES and at + 3 <= len(head):
        length = int.from_bytes(head[at : at + 2], "big")
        if not length or LENGTHS[head[at + 2]] != length:
            return False
        at += 2 + length
        found += 1
    return found > 0


def _allow_many_files() -> None:
    """Let the process hold the columns of thousands of instruments open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _head(path: Path) -> bytes:
    return next(Source(path).blocks(1), b"")


def _raw_batches(path: Path, issues: Issues) -> Iterator[tuple[float, Batch]]:
    """Yield the share that was read, and frames; the last of a block may be cut."""
    source = Source(path)
    rest, number = b"", 1
    for block in source.blocks(_BLOCK_BYTES):
        data = np.frombuffer(rest + block, np.uint8)
        spans = np.array([[0, len(data), number, 0]], np.int64)
        batch = Batch(data, spans, begins=number == 1)
        yield source.read / max(1, source.total), batch
        rest, number = data[batch.consumed :].tobytes(), batch.next_number
    if source.damage is not None:
        issues.report(source.damage)
    elif rest:
        issues.bad("the file ends inside a message", number)


class _Captured:
    """The captures of an import, whose datagrams are put in order.

    Parameters
    ----------
    wanted : str or None
        Which session to read where there are several.
    """

    def __init__(self, wanted: str | None) -> None:
        self._wanted = None if wanted is None else wanted.strip()
        self._session: Session | None = None
        self._ended: list[Session] = []
        self._others = 0

    def batches(
        self, path: Path, issues: Issues, *, is_last: bool
    ) -> Iterator[tuple[float, Batch]]:
        """Yield the share that was read, and messages in order."""
        capture = Capture(path, issues)
        has_any = False
        for share, packets in capture.blocks():
            found = datagrams(packets, issues)
            by_session, others = sessions(found)
            self._others += others + found.others
            for name, pieces in by_session.items():
                if self._wanted not in (None, _text(name)):
                    continue
                before = self._session
                if before is None or before.name != name:
                    if has_any and before is not None:
                        rule = f"{_text(before.name)!r} and {_text(name)!r}: --session"
                        raise FileFormatError(path, f"holds several sessions, {rule}")
                    yield from self._ends(share)
                    self._session = Session(name)
                assert self._session is not None
                has_any = True
                begins = self._session.first == 0
                yield share, _batch(self._session.take(pieces), self._session, begins)
        if not has_any:
            rule = "holds no MoldUDP64 datagrams"
            if self._wanted is not None:
                rule += f" of session {self._wanted!r}"
            raise FileFormatError(path, rule)
        if is_last:
            yield from self._ends(1.0)

    def _ends(self, share: float) -> Iterator[tuple[float, Batch]]:
        """End a session: nothing that is missing can come any more."""
        session, self._session = self._session, None
        held = None if session is None else session.end()
        if session is not None:
            self._ended.append(session)
            if held is not None:
                yield share, _batch(held, session, begins=False)

    def notes(self) -> list[str]:
        """Say what the network did."""
        said = []
        twice = sum(each.duplicates for each in self._ended)
        lost = sum(each.lost for each in self._ended)
        if twice:
            said.append(f"{twice:,} datagrams came twice")
        if lost:
            said.append(f"{lost:,} messages are missing")
        if self._others:
            said.append(f"{self._others:,} packets are no MoldUDP64")
        return said


def _text(name: bytes) -> str:
    return name.decode("latin-1").strip()


def _batch(found: Sequenced, session: Session, begins: bool) -> Batch:
    return Batch(
        found.data,
        found.spans,
        times=found.times,
        gaps=found.gaps,
        first=session.first,
        begins=begins,
    )
