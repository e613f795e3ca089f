"""The run store: a folder of runs, each written wholly or not at all.

A run is a folder named by its id: `run.json` (card, summary: all that a list needs),
`equity`, `benchmark`, `fills`, `orders` and `trades` in Arrow's file format (Parquet in
runs of format 1), `notes.json`. It is written beside and renamed. A run that cannot be
read is listed with the reason.
"""

import json
import math
import shutil
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.analytics.run_data import ARRAYS, RunData, Table
from app.clock import SystemClock
from app.data.column_files import read_arrow, read_columns, write_arrow
from app.data.commit import sync_files
from app.errors import RunError

FORMAT: Final = 2
"""Format of runs that are written; those of all in `_SUFFIXES` are read."""
CARD: Final = "run.json"
_NOTES: Final = "notes.json"
_SUFFIXES: Final = {1: "parquet", 2: "arrow"}
_TABLES: Final = ("fills", "orders", "trades")
_COLUMNS: Final = ("equity", "benchmark", *_TABLES)
_OWNED: Final = "strategy:"
_UNFINISHED: Final = ".saving-"
_BIN: Final = ".bin"
_COURSE: Final = 60
_STALE_NS: Final = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as a list shows it.

    Attributes
    ----------
    run_id, name, note, created : str
    symbols, strategies : tuple of str
    start, end, currency : str
    days : tuple of str
        First and last trade date; empty in runs of older versions.
    final_equity, total_return, sharpe, max_drawdown : float or None
        None where it is not defined.
    trades : int
    parameters : str
        Of its strategies, in a line; "" in runs of older versions, as is `course`.
    course : tuple of float
        Equity at some instants, evenly apart.
    is_whole : bool
        False if it was cancelled.
    failures : tuple of str
        Why strategies were stopped.
    damaged : str
        Why it cannot be read; "" if it can.
    """

    run_id: str
    name: str = ""
    note: str = ""
    created: str = ""
    symbols: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    currency: str = ""
    days: tuple[str, ...] = ()
    final_equity: float | None = None
    total_return: float | None = None
    sharpe: float | None = None
    max_drawdown: float | None = None
    trades: int = 0
    parameters: str = ""
    course: tuple[float, ...] = ()
    is_whole: bool = True
    failures: tuple[str, ...] = ()
    damaged: str = ""


class RunStore:
    """Runs that were kept.

    Parameters
    ----------
    root : Path
        Made when the first run is saved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, run: RunData) -> str:
        """Keep a run; return its id.

        Raises
        ------
        RunError
            If it cannot be written; then nothing of it stays.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._clear_unfinished()
            beside = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.root))
        except OSError as error:
            raise RunError(f"{self.root} cannot be written: {_why(error)}") from error
        try:
            return self._save(run, beside)
        except OSError as error:
            raise RunError(
                f"the run cannot be kept in {self.root}: {_why(error)}"
            ) from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _save(self, run: RunData, beside: Path) -> str:
        run_id = self._free_id(run)
        card = {**run.card, "run_id": run_id}
        run = replace(run, card=card)
        _write_files(run, beside)
        sync_files([*beside.iterdir(), beside])
        beside.chmod(0o755)
        # Another process may have taken the name since.
        while True:
            try:
                beside.rename(self.root / run_id)
                break
            except OSError:
                if not (self.root / run_id).exists():
                    raise
            run_id = self._free_id(run)
            run.card["run_id"] = run_id
            _write_card(run.card, summary_of(run), beside)
        sync_files([self.root])
        return run_id

    def _free_id(self, run: RunData) -> str:
        """A new name: when it was made, and a few digits of what came of it."""
        when = str(run.card["created"])[:19].replace("-", "").replace(":", "")
        first = f"{when.replace('T', '-')}-{str(run.card['digest'])[:6]}"
        name, number = first, 1
        while (self.root / name).exists():
            number += 1
            name = f"{first}-{number}"
        return name

    def _clear_unfinished(self) -> None:
        """Remove what a crash left half-written."""
        now = SystemClock().wall_ns()
        for each in self.root.glob(f"{_UNFINISHED}*"):
            if now - each.stat().st_mtime_ns > _STALE_NS:
                shutil.rmtree(each, ignore_errors=True)

    def list(self) -> tuple[RunSummary, ...]:
        """Every run, newest first; those that cannot be read, too."""
        if not self.root.is_dir():
            return ()
        found = [
            self.summary(each.name)
            for each in self.root.iterdir()
            if each.is_dir() and not each.name.startswith(".")
        ]
        return tuple(
            sorted(found, key=lambda each: (each.created, each.run_id), reverse=True)
        )

    def summary(self, run_id: str) -> RunSummary:
        """A run as a list shows it."""
        folder = self._folder(run_id)
        try:
            document = _read_card(folder)
            table = document["summary"]
            known = {each.name for each in fields(RunSummary)}
            values: dict[str, Any] = {
                name: tuple(each) if isinstance(each, list) else each
                for name, each in table.items()
                if name in known
            }
            summary = RunSummary(**{**values, "run_id": run_id})
        except RunError as error:
            return RunSummary(run_id, damaged=str(error))
        except (KeyError, TypeError, AttributeError) as error:
            return RunSummary(run_id, damaged=f"{folder / CARD}: {error!r}")
        names = _files_of(document["format"])
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            return replace(summary, damaged=f"{', '.join(missing)} is missing")
        return summary

    def open(self, run_id: str) -> RunData:
        """Read a run.

        Raises
        ------
        RunError
            If there is none of this id, or it is damaged.
        """
        folder = self._folder(run_id)
        document = _read_card(folder)
        try:
            card = document["card"]
            for name, told in document["crc32"].items():
                if _checksum(folder / name) != told:
                    raise RunError(f"run {run_id} is damaged: {name} was changed")
            equity, benchmark, *others = (
                _read_columns(folder / name) for name in _files_of(document["format"])
            )
            tables: dict[str, Any] = {
                each: _whole(each, columns)
                for each, columns in zip(_TABLES, others, strict=True)
            }
            notes = json.loads((folder / _NOTES).read_text("utf-8"))
            return RunData(
                card={**card, "run_id": run_id},
                **{name: equity[name] for name in ARRAYS},
                strategy_equity={
                    name.removeprefix(_OWNED): each
                    for name, each in equity.items()
                    if name.startswith(_OWNED)
                },
                **tables,
                benchmark_ts=benchmark["ts"],
                benchmark_price=benchmark["price"],
                notes=notes,
            )
        except (OSError, KeyError, ValueError) as error:
            raise RunError(f"run {run_id} is damaged: {error}") from error

    def delete(self, run_id: str) -> None:
        """Remove a run for good, damaged or not."""
        folder = self._folder(run_id)
        aside = folder.with_name(f"{_UNFINISHED}deleted-{run_id}")
        try:
            folder.rename(aside)
            shutil.rmtree(aside)
        except OSError as error:
            raise RunError(f"run {run_id} cannot be deleted: {_why(error)}") from error

    def put_aside(self, run_ids: Iterable[str]) -> None:
        """Remove runs so that `bring_back` returns them; what lay there before is gone.

        Raises
        ------
        RunError
            If there is no such run, or the folder cannot be written.
        """
        folders = [self._folder(each) for each in run_ids]
        kept = self.root / _BIN
        try:
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            for each in folders:
                each.rename(kept / each.name)
        except OSError as error:
            raise RunError(f"runs cannot be deleted: {_why(error)}") from error

    def bring_back(self) -> int:
        """Return the runs that were put aside last; how many."""
        kept, count = self.root / _BIN, 0
        try:
            for each in sorted(kept.iterdir()) if kept.is_dir() else ():
                each.rename(self.root / each.name)
                count += 1
        except OSError as error:
            raise RunError(f"runs cannot be brought back: {_why(error)}") from error
        return count

    def describe(
        self, run_id: str, *, name: str | None = None, note: str | None = None
    ) -> None:
        """Give a run another name or note."""
        folder = self._folder(run_id)
        document = _read_card(folder)
        for key, value in (("name", name), ("note", note)):
            if value is not None:
                document["card"][key] = document["summary"][key] = value
        _write_json(document, folder / CARD)

    def find(self, text: str) -> str:
        """The id that a text begins, or "latest".

        Raises
        ------
        RunError
            If it is none, or several.
        """
        ids = [each.run_id for each in self.list()]
        if text == "latest" and ids:
            return ids[0]
        found = [each for each in ids if each == text] or [
            each for each in ids if each.startswith(text)
        ]
        if len(found) != 1:
            told = f"is {len(found)} runs" if found else "is no run"
            raise RunError(f"{text!r} {told} of {self.root} ({len(ids)} in all)")
        return found[0]

    def _folder(self, run_id: str) -> Path:
        folder = self.root / run_id
        is_name = bool(run_id) and Path(run_id).name == run_id and run_id[0] != "."
        if not is_name or not folder.is_dir():
            raise RunError(f"there is no run {run_id!r} in {self.root}")
        return folder


def summary_of(run: RunData) -> RunSummary:
    """A run as a list shows it."""
    # It makes its statistics as the result does.
    from app.sessions.backtest.result import stats_of

    card, stats = run.card, stats_of(run)
    return RunSummary(
        run_id=run.run_id,
        name=card["name"],
        note=card["note"],
        created=card["created"],
        symbols=tuple(card["instruments"]),
        strategies=tuple(each["name"] for each in card["strategies"]),
        start=card["start"],
        end=card["end"],
        currency=card["currency"],
        days=run.dates,
        final_equity=stats["final_equity"],
        total_return=stats["total_return"],
        sharpe=stats["sharpe"],
        max_drawdown=stats["max_drawdown"],
        trades=stats["trades"],
        parameters="; ".join(map(_parameters, card["strategies"])),
        course=_course(run),
        is_whole=card["is_whole"],
        failures=tuple(e["failure"] for e in card["strategies"] if e["failure"]),
    )


def _parameters(strategy: dict[str, Any]) -> str:
    given = strategy["parameters"].items()
    return ", ".join(
        f"{name} {str(value).lower() if isinstance(value, bool) else f'{value:g}'}"
        for name, value in given
    )


def _course(run: RunData) -> tuple[float, ...]:
    """Equity at `_COURSE` instants, in the unit of money, whole."""
    if not len(run.ts):
        return ()
    wanted = np.linspace(float(run.ts[0]), float(run.ts[-1]), _COURSE)
    at = np.searchsorted(run.ts, wanted, "right") - 1
    return tuple(round(float(each), 2) for each in run.equity[np.maximum(at, 0)])


def _files_of(version: int) -> list[str]:
    """Names of the files of columns, in the order of `_COLUMNS`."""
    return [f"{each}.{_SUFFIXES[version]}" for each in _COLUMNS]


def _read_columns(path: Path) -> dict[str, Any]:
    read = read_columns if path.suffix == ".parquet" else read_arrow
    return dict(read(path))


def _write_files(run: RunData, folder: Path) -> None:
    equity: dict[str, Any] = {name: getattr(run, name) for name in ARRAYS}
    for name, each in run.strategy_equity.items():
        equity[f"{_OWNED}{name}"] = each
    benchmark = {"ts": run.benchmark_ts, "price": run.benchmark_price}
    tables: list[Table] = [getattr(run, name) for name in _TABLES]
    every = [equity, benchmark, *map(dict, tables)]
    for name, columns in zip(_files_of(FORMAT), every, strict=True):
        write_arrow(folder / name, columns)
    _write_json(run.notes, folder / _NOTES)
    _write_card(run.card, summary_of(run), folder)


def _write_card(card: dict[str, Any], summary: RunSummary, folder: Path) -> None:
    sums = {name: _checksum(folder / name) for name in (*_files_of(FORMAT), _NOTES)}
    parts = {"format": FORMAT, "summary": asdict(summary), "card": card}
    document = {**parts, "crc32": sums}
    _write_json(document, folder / CARD)


def _checksum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())


def _write_json(document: Any, path: Path) -> None:
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(
        json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    beside.replace(path)


_ADDED: Final[dict[str, dict[str, float]]] = {
    "orders": {"triggered_ts": 0},
    "trades": {"mark_price": math.nan, "unrealised": 0.0},
}
"""Columns that runs of earlier versions lack, and what stands for them."""


def _whole(name: str, columns: dict[str, Any]) -> Table:
    """A table with the columns of this version."""
    rows = len(next(iter(columns.values()), ()))
    lacking = {
        each: np.full(rows, value)
        for each, value in _ADDED.get(name, {}).items()
        if each not in columns
    }
    return Table({**columns, **lacking})


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        version = document["format"]
    except OSError as error:
        raise RunError(f"{path}: {_why(error)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged: {error}") from error
    if version not in _SUFFIXES:
        known = " and ".join(map(str, _SUFFIXES))
        raise RunError(f"{path} has format {version}; this version reads {known}")
    return document


def _why(error: OSError) -> str:
    return error.strerror or str(error)
