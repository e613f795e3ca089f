"""What the catalog holds, a line per stream: for the data panel and `ringside data`.

Only the segments' ``meta.json`` are read, no column; so a listing is quick however much
is recorded. What is damaged is listed as such and hides nothing else.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date

from app.data.catalog import Catalog, Recording, Segment, folder_name
from app.data.local_time import Bound
from app.data.spans import day_of, rows_between
from app.errors import CatalogError


class Ends(Recording):
    """A recording as its two ends: what `spans` says of them needs no column."""

    def __len__(self) -> int:
        return 2

    def search(self, ts: int) -> int:
        """Which of the two is the first at or after a time, ns since 1970 UTC."""
        return bisect_left((self.first_ts, self.last_ts), ts)

    def days(self) -> tuple[date, date]:
        """Day of the first and of the last record."""
        return day_of(self, self.first_ts), day_of(self, self.last_ts)

    def is_between(self, start: Bound | None, end: Bound | None) -> bool:
        """Tell whether it reaches into the time from a start to an end."""
        return bool(rows_between(self, start) and rows_between(self, None, end))


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream of one instrument.

    Attributes
    ----------
    instrument, stream, kind, basis : str
        The kind is the instrument's; "unknown" where the master has it no more.
    rows, gaps : int
    first_ts, last_ts : int
        Received time of the first and last row, ns since 1970 UTC.
    size : int
        Bytes on disk.
    segments : int
    damage : str
        What is wrong with it; "" as a rule.
    ends : Ends or None
        None where it is damaged, or the master has its instrument no more.
    """

    instrument: str
    stream: str
    kind: str
    basis: str
    rows: int
    gaps: int
    first_ts: int
    last_ts: int
    size: int
    segments: int
    damage: str = ""
    ends: Ends | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """How the stream is opened: NAME@STREAM."""
        return f"{self.instrument}@{self.stream}"


def entries(catalog: Catalog) -> list[Entry]:
    """List what a catalog holds, by instrument, the stream that tells most first."""
    return [
        _entry(catalog, name, stream)
        for name in catalog.names()
        for stream in catalog.streams(name)
    ]


def _entry(catalog: Catalog, name: str, stream: str) -> Entry:
    folder = catalog.root / folder_name(name) / stream
    size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    master = catalog.master
    kind = str(master.instrument(name).kind) if name in master else "unknown"
    segments, damage = [], ""
    for each in sorted(folder.iterdir()):
        if not each.is_dir():
            continue
        try:
            segments.append(Segment(each))
        except CatalogError as error:
            damage = str(error)
    metas = [each.meta for each in segments]
    is_whole = bool(segments) and name in master and not damage
    return Entry(
        instrument=name,
        stream=stream,
        kind=kind,
        basis=metas[0].basis if metas else "",
        rows=sum(each.rows for each in metas),
        gaps=sum(each.gaps for each in metas),
        first_ts=min((each.first_ts for each in metas), default=0),
        last_ts=max((each.last_ts for each in metas), default=0),
        size=size,
        segments=len(metas),
        damage=damage,
        ends=Ends(master.instrument(name), segments) if is_whole else None,
    )


def bytes_text(size: int) -> str:
    """Write a number of bytes as people read it, in two digits or more."""
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if size >= 10 ** (power + 1):
            return f"{size // 10**power:,} {unit}"
    return f"{size:,} B"
