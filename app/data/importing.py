"""What an import is: importers read files, this module does the rest.

An importer is one file that meets `Importer`. It reads its sources in blocks, asks the
`Import` for the target of each instrument it meets, and hands over MARKET records in
that instrument's units, in order of received time. Finding or making the instrument,
the catalog, progress, errors and the report are the same for all.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.data.catalog import Catalog, Meta
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.data.text_columns import Issues
from app.engine.records import MARKET
from app.errors import FileFormatError
from app.instrument import Instrument, InstrumentKind, TickBand

Progress = Callable[[float, int], None]
"""Told the share of the sources that was read, 0 to 1, and the rows so far."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may say about an import.

    Attributes
    ----------
    instrument : str or None
        Name to give to what the files call otherwise, or do not name at all.
    skip_bad : bool
        Import what is sound; bad rows are counted and reported.
    more : mapping
        What one importer alone understands.
    """

    instrument: str | None = None
    skip_bad: bool = False
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a file tells of an instrument that the master does not know."""

    kind: InstrumentKind
    venue: str
    currency: str
    price_unit: Decimal
    price_step: int = 1
    """Step of order prices, in price units."""
    quantity_unit: Decimal = Decimal(1)
    more: dict[str, Any] = field(default_factory=dict)
    """Other fields of the instrument."""
    note: str = "fields were read off the data: look them over"
    """Written beside it in the master."""


class Importer(Protocol):
    """Reads one format."""

    name: str

    def sniff(self, path: Path) -> bool:
        """Tell whether a file looks like this format."""
        ...

    def read(self, paths: Sequence[Path], run: "Import") -> None:
        """Read the files and hand over their records."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did."""

    segments: tuple[Meta, ...]
    replaced: tuple[str, ...]
    created: tuple[str, ...]
    """New instruments, each with what is to be known of it."""
    skipped: int
    """Bad rows that were left out."""
    problems: tuple[str, ...]
    """The first of them."""
    notes: tuple[str, ...]


class Import:
    """One import under way: what an importer talks to."""

    def __init__(
        self,
        job: ImportJob,
        master: InstrumentMaster,
        options: Options,
        progress: Progress,
    ) -> None:
        self.options = options
        self.catalog = job.catalog
        self.notes: list[str] = []
        self._job = job
        self._master = master
        self._progress = progress
        self._issues: list[Issues] = []
        self._created: list[str] = []
        self._rows = 0

    def issues(self, path: Path) -> Issues:
        """Start the list of what is wrong with a file."""
        self._issues.append(Issues(path, skip_bad=self.options.skip_bad))
        return self._issues[-1]

    def instrument(self, name: str, sketch: Callable[[], Sketch]) -> Instrument:
        """Find an instrument, or make it from what the data tell."""
        if name in self._master:
            return self._master.instrument(name)
        known = self._master.of_family(name)
        if known is not None:
            return self._made(known, "of a known family; its expiry is not known")
        told = sketch()
        made = Instrument(
            name=name,
            kind=told.kind,
            venue=told.venue,
            currency=told.currency,
            price_unit=told.price_unit,
            quantity_unit=told.quantity_unit,
            tick_table=(TickBand(None, told.price_step),),
            **told.more,
        )
        return self._made(made, told.note)

    def _made(self, instrument: Instrument, note: str) -> Instrument:
        self._master.add(instrument, note)
        self._created.append(f"{instrument.name}: {note}")
        return instrument

    def emit(self, target: Target, records: NDArray[np.void]) -> None:
        """Hand over records of one stream, in order of received time."""
        self._job.append(target, records)
        self._rows += len(records)

    def progress(self, share: float) -> None:
        """Tell how much of the sources was read, 0 to 1."""
        self._progress(share, self._rows)

    def finish(self) -> Report:
        """Commit and report."""
        if not self._rows:
            paths = ", ".join(str(each.path) for each in self._issues)
            raise FileFormatError(Path(paths), "there is nothing to import in it")
        self._master.save()
        segments = self._job.commit()
        return Report(
            segments=tuple(segments),
            replaced=tuple(self._job.replaced),
            created=tuple(self._created),
            skipped=sum(each.count for each in self._issues),
            problems=tuple(text for each in self._issues for text in each.reported),
            notes=tuple(self.notes),
        )


def run_import(
    importer: Importer,
    paths: Sequence[Path],
    catalog: Catalog,
    options: Options | None = None,
    progress: Progress = lambda _share, _rows: None,
    origin: tuple[str, str] | None = None,
) -> Report:
    """Import files into the catalog, wholly or not at all.

    Parameters
    ----------
    origin : tuple of str, optional
        Where records come from, and their identity, of an importer without files.

    Raises
    ------
    FileFormatError
        If a file breaks its format; the catalog is as it was.
    CatalogError
        If the catalog cannot be written; it is as it was.
    InstrumentError
        If the data do not fit the instrument as the master has it.
    """
    options = options or Options()
    # A master of its own: what a failed import added must not stay in memory either.
    master = InstrumentMaster.beside(catalog.root)
    with ImportJob(catalog, importer.name, paths, origin) as job:
        run = Import(job, master, options, progress)
        importer.read(paths, run)
        report = run.finish()
    catalog.__dict__.pop("master", None)
    return report


def new_records(count: int) -> NDArray[np.void]:
    """Return records of zeros."""
    return np.zeros(count, MARKET)


_FEWEST: Final = 20
_STEPS: Final = (25, 125, *(digit * 10**n for n in range(10) for digit in (1, 2, 5)))


class Grid:
    """How fine the numbers of an unknown instrument are; told all of them.

    Parameters
    ----------
    digits : int
        Decimals of the scaled integers that are added.
    """

    def __init__(self, digits: int) -> None:
        self._digits = digits
        self._places = 0
        self._divisor = 0
        self._highest = 0
        self._distinct = np.empty(0, np.int64)

    def add(self, values: NDArray[np.int64]) -> None:
        """Take numbers x 10**digits; zeros tell nothing."""
        known = np.unique(np.abs(values))
        known = known[known > 0]
        if not len(known):
            return
        while self._places < self._digits:
            unit = 10 ** (self._digits - self._places)
            if not np.any(known % unit):
                break
            self._places += 1
        self._divisor = math.gcd(self._divisor, int(np.gcd.reduce(known)))
        self._highest = max(self._highest, int(known[-1]))
        if len(self._distinct) < _FEWEST:
            self._distinct = np.union1d(self._distinct, known[:_FEWEST])

    def unit(self, shift: int = 0) -> Decimal:
        """Return the finest power of ten in use; numbers are x 10**-shift."""
        return Decimal(1).scaleb(-self._places - shift)

    @property
    def step(self) -> int:
        """The usual step that all are multiples of, in units; 1 where few are known."""
        if len(self._distinct) < _FEWEST:
            return 1
        shared = self._divisor // 10 ** (self._digits - self._places)
        return max((step for step in _STEPS if shared % step == 0), default=1)

    @property
    def bound(self) -> int:
        """Return a bound, in units, an order of magnitude beyond the highest."""
        highest = self._highest // 10 ** (self._digits - self._places)
        return int(10 ** (len(str(highest)) + 1))
