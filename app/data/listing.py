"""What the catalog holds, a line per stream: for the data panel and `ringside data`.

Only the segments' ``meta.json`` are read, no column; so a listing is quick however much
is recorded. What is damaged is listed as such and hides nothing else.
"""

from dataclasses import dataclass

from app.data.catalog import Catalog, Segment, folder_name
from app.errors import CatalogError


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
    metas, damage = [], ""
    for each in sorted(folder.iterdir()):
        if not each.is_dir():
            continue
        try:
            metas.append(Segment(each).meta)
        except CatalogError as error:
            damage = str(error)
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
    )


def bytes_text(size: int) -> str:
    """Write a number of bytes as people read it, in two digits or more."""
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if size >= 10 ** (power + 1):
            return f"{size // 10**power:,} {unit}"
    return f"{size:,} B"
