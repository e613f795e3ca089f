"""The folder of sweeps: each with its result, its daily returns, and a small card.

A list reads the cards alone: a result of many cells is megabytes.
"""

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.clock import Clock, SystemClock
from app.errors import RunError
from app.sessions.notes import iso
from app.sweeps.axes import Axis
from app.sweeps.report import sweep_table, write_json
from app.sweeps.stage import Cell
from app.sweeps.sweep import SweepResult, SweepTerms
from app.sweeps.walk_forward import WalkForward

_FILE: Final = "sweep.json"
_CARD: Final = "card.json"
_RETURNS: Final = "returns.npz"


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """A kept sweep as a list shows it.

    Attributes
    ----------
    name : str
        Of its folder.
    created : str
        ISO 8601, UTC.
    symbols, strategies, axes : tuple of str
    cells, failed : int
        Planned; without figures.
    refused : int
        Not run, since their parameters break a rule.
    objective : str
    best : float or None
        The best cell's objective.
    efficiency : float or None
        Of the walk forward; None where there was none, or it is not defined.
    walked, is_whole : bool
        Whether it walked forward; False if it was cancelled.
    damaged : str
        Why it cannot be read; "" if it can.
    """

    name: str = ""
    created: str = ""
    symbols: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    cells: int = 0
    failed: int = 0
    refused: int = 0
    objective: str = ""
    best: float | None = None
    efficiency: float | None = None
    walked: bool = False
    is_whole: bool = True
    damaged: str = ""


def _card(result: SweepResult, walk: WalkForward | None, created: str) -> SweepSummary:
    terms, best = result.terms, result.best
    efficiency = (
        None
        if walk is None or walk.efficiency != walk.efficiency
        else (walk.efficiency)
    )
    return SweepSummary(
        created=created,
        symbols=tuple(map(str, terms.table["symbols"])),
        strategies=tuple(str(each["name"]) for each in terms.table["strategies"]),
        axes=tuple(each.name for each in terms.axes),
        cells=len(terms.points),
        failed=result.failed,
        refused=result.refused,
        objective=terms.objective,
        best=None if best is None else best.stats[terms.objective],
        efficiency=efficiency,
        walked=walk is not None,
        is_whole=result.is_whole and (walk is None or walk.is_whole),
    )


def list_sweeps(root: Path) -> list[SweepSummary]:
    """List what is kept, newest first; what is damaged is listed as such."""
    if not root.is_dir():
        return []
    folders = [x for x in root.iterdir() if x.is_dir() and not x.name.startswith(".")]
    return [_summary(each) for each in sorted(folders, reverse=True)]


def _summary(folder: Path) -> SweepSummary:
    known = {each.name for each in fields(SweepSummary)}
    try:
        table = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        given: dict[str, Any] = {
            name: tuple(each) if isinstance(each, list) else each
            for name, each in table.items()
            if name in known
        }
        return SweepSummary(**{**given, "name": folder.name})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return SweepSummary(folder.name, damaged=f"{_CARD} cannot be read: {error}")


def delete_sweep(root: Path, name: str) -> None:
    """Delete a kept sweep.

    Raises
    ------
    RunError
        If there is none, or it cannot be deleted.
    """
    folder = root / name
    if folder.parent != root or not (folder / _FILE).is_file():
        raise RunError(f"there is no sweep {name!r} in {root}")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RunError(f"the sweep {name} cannot be deleted: {error}") from error


def save_sweep(
    root: Path,
    result: SweepResult,
    walk: WalkForward | None = None,
    clock: Clock | None = None,
) -> Path:
    """Keep a sweep; return its folder.

    It is written beside and renamed: a folder that is there is whole.
    """
    created = iso((clock or SystemClock()).wall_ns())
    stamp = re.sub(r"[^0-9T]", "", created)[:15]
    root.mkdir(parents=True, exist_ok=True)
    folder, again = root / stamp, 1
    while folder.exists():
        again += 1
        folder = root / f"{stamp}-{again}"
    beside = root / f".saving-{folder.name}-{os.getpid()}"
    beside.mkdir()
    table = sweep_table(result, walk)
    table["sweep"]["created"] = created
    write_json(table, beside / _FILE)
    known = [each.number for each in result.known]
    days, returns = result.returns
    card = asdict(_card(result, walk, created))
    write_json(card, beside / _CARD)
    np.savez(beside / _RETURNS, days=days, returns=returns, cells=np.array(known, int))
    beside.rename(folder)
    return folder


def load_sweep(folder: Path) -> SweepResult:
    """Read a sweep that was kept.

    Raises
    ------
    RunError
        If it cannot be read.
    """
    try:
        table = load_table(folder)
        with np.load(folder / _RETURNS) as kept:
            days, returns = kept["days"], kept["returns"]
            column = {int(number): i for i, number in enumerate(kept["cells"])}
        told = table["sweep"]
        axes = [
            Axis(
                each["name"],
                tuple(each["values"]),
                None if each["bounds"] is None else tuple(each["bounds"]),
            )
            for each in told["axes"]
        ]
        cells = tuple(
            Cell(
                each["number"],
                each["values"],
                each["stats"],
                days if each["number"] in column else days[:0],
                returns[:, column[each["number"]]]
                if each["number"] in column
                else np.empty(0),
                error=each["error"],
                # Sweeps of older versions do not tell them apart.
                is_refused=bool(each.get("is_refused")),
            )
            for each in table["cells"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"the sweep in {folder} cannot be read: {error}") from error
    points = [tuple(each.values[axis.name] for axis in axes) for each in cells]
    terms = SweepTerms(
        told["request"], axes, points, told["objective"], told["sample_seed"]
    )
    return SweepResult(terms, cells, told["is_whole"])


def load_walk(folder: Path) -> dict[str, Any] | None:
    """Read the walk forward of a kept sweep, as `walk_table` makes it; None: no walk.

    Raises
    ------
    RunError
        If it cannot be read.
    """
    walk: dict[str, Any] | None = load_table(folder).get("walk_forward")
    return walk


def load_table(folder: Path) -> dict[str, Any]:
    """Read the JSON result of a kept sweep.

    Raises
    ------
    RunError
        If it cannot be read.
    """
    try:
        table = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"the sweep in {folder} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise RunError(f"the sweep in {folder} cannot be read: it is no table")
    return table
