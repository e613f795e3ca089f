"""What came of a sweep, for people and files.

`sweep_table` is the JSON result: `sweep` (what was run), `best`, `overfitting`,
`cells`, and `walk_forward`, if there was one. `store` keeps it.
"""

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from app import __version__
from app.sweeps.axes import Axis
from app.sweeps.objectives import OBJECTIVES
from app.sweeps.sweep import SweepResult, SweepTerms
from app.sweeps.walk_forward import Step, WalkForward
from app.whole_files import write_whole

_SHOWN: Final = (
    ("total_return", "return", "{:+.1%}"),
    ("annual_return", "a year", "{:+.1%}"),
    ("sharpe", "Sharpe", "{:.2f}"),
    ("max_drawdown", "drawdown", "{:.1%}"),
    ("trades", "trades", "{:,}"),
    ("profit_factor", "factor", "{:.2f}"),
)
_DASH: Final = "–"


def sweep_table(result: SweepResult, walk: WalkForward | None = None) -> dict[str, Any]:
    """Make the JSON result."""
    terms, best = result.terms, result.best
    table = {
        "sweep": {
            "ringside": __version__,
            "request": terms.table,
            "axes": [asdict(each) for each in terms.axes],
            "objective": terms.objective,
            "sample_seed": terms.seed,
            "cells": len(terms.points),
            "failed": result.failed,
            "refused": result.refused,
            "is_whole": result.is_whole,
        },
        "best": None if best is None else best.number,
        "overfitting": overfitting_table(result),
        "cells": [
            {
                "number": each.number,
                "values": each.values,
                "stats": each.stats,
                "error": each.error,
                "is_refused": each.is_refused,
            }
            for each in result.cells
        ],
    }
    if walk is not None:
        table["walk_forward"] = _walk_table(walk)
    plain: dict[str, Any] = _plain(table)
    return plain


def overfitting_table(result: SweepResult) -> dict[str, Any]:
    """How much of the best cell is luck."""
    return {
        **asdict(result.overfitting),
        "deflated_sharpe": asdict(result.deflated),
        "deflated_sharpe_independent": asdict(result.deflated_independent),
    }


def walk_table(walk: WalkForward) -> dict[str, Any]:
    """A walk forward as a table that JSON knows."""
    table: dict[str, Any] = _plain(_walk_table(walk))
    return table


def _walk_table(walk: WalkForward) -> dict[str, Any]:
    return {
        "stats": walk.figures(),
        "is_whole": walk.is_whole,
        "windows": [_step_row(each) for each in walk.steps],
        "equity": [
            [str(np.datetime64(day, "D")), value]
            for day, value in zip(walk.days.tolist(), walk.equity.tolist(), strict=True)
        ],
    }


def _step_row(step: Step) -> dict[str, Any]:
    window, best, outside = step.window, step.best, step.outside
    return {
        "in_sample": [window.start, window.split],
        "out_of_sample": [window.split, window.end],
        "values": None if best is None else best.values,
        "in_sample_stats": None if best is None else best.stats,
        "out_of_sample_stats": None if outside is None else outside.stats,
        "error": _why(step),
        "failed": step.failed,
        "refused": step.refused,
    }


def _why(step: Step) -> str:
    if step.best is None:
        return "no cell has a figure in sample"
    if step.outside is None:
        return "cancelled"
    return step.outside.error


def _plain(value: Any) -> Any:
    """A value that JSON knows; what is not defined is None."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def write_json(table: Mapping[str, Any], path: Path) -> None:
    """Write the JSON result."""
    write_whole(path, json.dumps(table, indent=1) + "\n")


def write_csv(result: SweepResult, path: Path) -> None:
    """Write the cells as rows: values, statistics, state and why.

    The state is "run", "failed", or "not run" where parameters break a rule.
    """
    names = [each.name for each in result.terms.axes]
    stats = [*result.known[0].stats] if result.known else []
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["cell", *names, *stats, "state", "error"])
    for each in result.cells:
        figures = [each.stats.get(name) for name in stats]
        values = [each.values[name] for name in names]
        state = ("failed" if each.error else "run", "not run")[each.is_refused]
        writer.writerow([each.number, *values, *figures, state, each.error])
    write_whole(path, text.getvalue())


# Text.


def best_lines(result: SweepResult, count: int = 10) -> list[str]:
    """The best cells as lines of a table, the best first."""
    objective = result.terms.objective
    sign = OBJECTIVES[objective]
    ranked = sorted(
        (each for each in result.known if each.stats[objective] is not None),
        key=lambda cell: (-sign * cell.stats[objective], cell.number),
    )
    shown = list(_SHOWN)
    if objective not in [name for name, _, _ in shown]:
        shown.append((objective, objective, "{:.4g}"))
    rows = [
        [each.name for each in result.terms.axes] + [label for _, label, _ in shown]
    ]
    rows += [
        [
            *(_short(each.values[axis.name]) for axis in result.terms.axes),
            *(_told(each.stats[name], form) for name, _, form in shown),
        ]
        for each in ranked[:count]
    ]
    return _aligned(rows)


def overfitting_lines(result: SweepResult) -> list[str]:
    """What the best is worth, in lines."""
    found, strict = result.overfitting, result.deflated
    loose = result.deflated_independent
    if result.best is None:
        return []
    return [
        "probability of backtest overfitting  "
        f"{_told(found.probability, '{:.1%}')}"
        f"  ({found.combinations:,} ways to halve {found.blocks} blocks of time)",
        f"deflated Sharpe ratio  {_told(strict.probability, '{:.1%}')}"
        f"  ({strict.trials:.0f} trials; {_told(loose.probability, '{:.1%}')} if they "
        f"count as the {loose.trials:.0f} that correlation leaves)",
    ]


def walk_lines(walk: WalkForward, axes: Sequence[Axis], objective: str) -> list[str]:
    """A walk forward as lines: its windows, and the curve out of sample."""
    rows = [
        [
            *("in sample", "out of sample"),
            *(each.name for each in axes),
            *(f"{objective} in", "out", "return out"),
        ]
    ]
    for each in walk.steps:
        window, best = each.window, each.best
        values = [_DASH] * len(axes)
        inside = outside = gained = _DASH
        if best is not None:
            values = [_short(best.values[axis.name]) for axis in axes]
            inside = _told(best.stats[objective], "{:.3g}")
        if each.outside is not None and each.outside.stats:
            outside = _told(each.outside.stats[objective], "{:.3g}")
            gained = _told(each.outside.stats["total_return"], "{:+.1%}")
        rows.append(
            [f"{window.start}", f"{window.split}", *values, inside, outside, gained]
        )
    said = _aligned(rows)
    said += [
        f"  {each.window.split}: {_why(each)}" for each in walk.steps if _why(each)
    ]
    figures = walk.performance
    said.append(
        f"out of sample: return {_told(figures.total_return, '{:+.1%}')}, "
        f"{_told(figures.annual_return, '{:+.1%}')} a year, "
        f"Sharpe {_told(figures.sharpe, '{:.2f}')}, "
        f"drawdown {_told(figures.max_drawdown, '{:.1%}')}; "
        f"walk-forward efficiency {_told(walk.efficiency, '{:.0%}')}"
    )
    return said


def failure_lines(result: SweepResult, count: int = 3) -> list[str]:
    """Why cells were not run or have no figures, each reason once."""
    said = []
    for is_refused, words in (
        (True, "not run, since parameters break a rule:"),
        (False, "without figures:"),
    ):
        reasons = Counter(
            each.error
            for each in result.cells
            if each.error and each.is_refused == is_refused
        )
        if total := reasons.total():
            said.append(f"{total:,} {'cell' if total == 1 else 'cells'} {words}")
            said += _reason_lines(reasons, count)
    return said


def _reason_lines(reasons: Mapping[str, int], count: int) -> list[str]:
    said = [f"  {reason} ({n:,})" for reason, n in [*reasons.items()][:count]]
    if len(reasons) > count:
        said.append(f"  and {len(reasons) - count:,} other reasons")
    return said


def summary_of(terms: SweepTerms) -> str:
    """Say what a sweep varies, in a line."""
    parts = []
    for each in terms.axes:
        if each.bounds is not None:
            parts.append(f"{each.name} {each.bounds[0]:g} to {each.bounds[1]:g}")
        elif len(each.values) > 3:
            first, last = _short(each.values[0]), _short(each.values[-1])
            parts.append(f"{each.name} {first} to {last} ({len(each.values)})")
        else:
            parts.append(f"{each.name} {', '.join(map(_short, each.values))}")
    return f"{len(terms.points):,} cells: {'; '.join(parts)}"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told(value: float | None, form: str) -> str:
    return _DASH if value is None or not math.isfinite(value) else form.format(value)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
