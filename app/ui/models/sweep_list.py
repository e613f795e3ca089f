"""Sweeps that are kept as records that a table shows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from app.ui import formatting
from app.ui.formatting import DASH
from app.ui.models.sweep_text import share_text, stat_text, stat_title
from app.ui.models.table import Column
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.sweeps.store import SweepSummary

ROW: Final = np.dtype([("at", "<i8"), ("cells", "<i8"), ("efficiency", "<f8")])


class SweepList:
    """What is kept, as it was when last listed."""

    def __init__(self) -> None:
        self.sweeps: list[SweepSummary] = []
        self.rows = np.zeros(0, ROW)

    def show(self, sweeps: "Sequence[SweepSummary]") -> None:
        """Take another listing, newest first; a table shows the last on top."""
        self.sweeps = list(sweeps)[::-1]
        self.rows = np.zeros(len(self.sweeps), ROW)
        for i, each in enumerate(self.sweeps):
            part = each.efficiency
            self.rows[i] = i, each.cells, np.nan if part is None else part

    def sweep(self, record: np.void) -> "SweepSummary":
        """The sweep that a record stands for."""
        return self.sweeps[int(record["at"])]

    def columns(self, theme: Theme) -> tuple[Column, ...]:
        """The table's columns."""

        def text(
            title: str, write: "Callable[[SweepSummary], str]", width: int
        ) -> Column:
            return Column(
                title,
                lambda r: write(self.sweep(r)),
                lambda rows: np.array([write(self.sweep(x)) for x in rows], str),
                is_number=False,
                width=width,
            )

        return (
            text("Run at (UTC)", lambda x: x.created[:16].replace("T", " "), 17),
            text("What", _what, 22),
            text("Varied", lambda x: ", ".join(x.axes), 16),
            Column(
                "Cells",
                lambda r: formatting.count(int(r["cells"])),
                lambda rows: rows["cells"],
                width=8,
            ),
            text("Best", _best, 20),
            Column(
                "Efficiency",
                lambda r: _share(float(r["efficiency"])),
                lambda rows: rows["efficiency"],
                tip="Of its walk forward",
                width=10,
            ),
            Column(
                "",
                lambda r: _state(self.sweep(r)),
                lambda rows: np.array([_state(self.sweep(x)) for x in rows], str),
                lambda _: theme.warning,
                is_number=False,
                width=10,
            ),
        )


def _what(sweep: "SweepSummary") -> str:
    names = ", ".join(Path(each).stem for each in sweep.strategies)
    return f"{names} on {', '.join(sweep.symbols)}" if names else sweep.name


def _best(sweep: "SweepSummary") -> str:
    if not sweep.objective:
        return DASH
    told = stat_text(sweep.objective, sweep.best)
    return f"{stat_title(sweep.objective)} {told}"


def _share(value: float) -> str:
    return share_text(value) if np.isfinite(value) else DASH


def _state(sweep: "SweepSummary") -> str:
    if sweep.damaged:
        return "damaged"
    return "" if sweep.is_whole else "cancelled"
