"""The cells of a sweep as records that a table shows."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from app.sweeps.objectives import OBJECTIVES
from app.ui.models.sweep_book import SweepBook
from app.ui.models.sweep_text import (
    SHOWN,
    reason_text,
    short,
    stat_text,
    stat_title,
)
from app.ui.models.table import Column
from app.ui.theme import Theme

if TYPE_CHECKING:
    from app.sweeps.stage import Cell


class CellRows:
    """Rows of a book's cells, in the order in which they ended.

    Parameters
    ----------
    book : SweepBook
    """

    def __init__(self, book: SweepBook) -> None:
        self._book = book
        self.names = tuple(dict.fromkeys((book.objective, *SHOWN)))
        kinds: list[tuple[str, str]] = [("number", "<i8"), ("failed", "<i8")]
        kinds += [(f"axis{i}", "<f8") for i in range(len(book.axes))]
        kinds += [(name, "<f8") for name in self.names]
        self._rows = np.zeros(book.total, np.dtype(kinds))
        self._count = 0

    def rows(self) -> Any:
        """Records of all that have ended."""
        order = self._book.order
        for i in range(self._count, len(order)):
            self._fill(self._rows[i], order[i])
        self._count = len(order)
        return self._rows[: self._count]

    def _fill(self, row: Any, cell: "Cell") -> None:
        row["number"], row["failed"] = cell.number, bool(cell.error)
        for i, axis in enumerate(self._book.axes):
            value = cell.values[axis.name]
            is_number = isinstance(value, int | float)
            row[f"axis{i}"] = (
                value if is_number else self._book.scales[i].codes[cell.number]
            )
        for name in self.names:
            value = cell.stats.get(name)
            row[name] = np.nan if value is None else value

    def cell(self, record: np.void) -> "Cell":
        """The cell that a record stands for."""
        return self._book.cells[int(record["number"])]

    def matching(
        self, text: str, *, is_failed: bool
    ) -> Callable[[np.ndarray], np.ndarray] | None:
        """A filter: cells whose words hold all that is typed; None for all."""
        wanted = text.lower().split()
        if not wanted and not is_failed:
            return None

        def holds(record: np.void) -> bool:
            cell = self.cell(record)
            said = [f"{k}={short(v)} {k} {short(v)}" for k, v in cell.values.items()]
            heap = " ".join([*said, reason_text(cell)]).lower()
            return (not is_failed or bool(cell.error)) and all(
                x in heap for x in wanted
            )

        return lambda rows: np.array([holds(each) for each in rows], np.bool_)

    def columns(self, theme: Theme) -> tuple[Column, ...]:
        """The table's columns: axes, the objective, other figures, a reason."""

        def value(name: str, record: np.void) -> str:
            return short(self.cell(record).values[name])

        def figure(name: str, record: np.void) -> str:
            return stat_text(name, float(record[name]))

        def sorted_by(name: str, rows: np.ndarray) -> np.ndarray:
            # What has no figure is never the best.
            worst = -np.inf if OBJECTIVES.get(name, 1) > 0 else np.inf
            found: np.ndarray = np.where(np.isfinite(rows[name]), rows[name], worst)
            return found

        return (
            Column("Cell", lambda r: f"{r['number']}", lambda r: r["number"], width=6),
            *(
                Column(
                    axis.name,
                    partial(value, axis.name),
                    partial(_column, f"axis{i}"),
                    width=max(7, len(axis.name) + 1),
                )
                for i, axis in enumerate(self._book.axes)
            ),
            *(
                Column(
                    stat_title(name),
                    partial(figure, name),
                    partial(sorted_by, name),
                    width=max(12, len(stat_title(name)) + 3),
                )
                for name in self.names
            ),
            Column(
                "Why it has no figures",
                lambda r: reason_text(self.cell(r)),
                lambda rows: np.array([self.cell(each).error for each in rows], str),
                lambda r: theme.muted if self.cell(r).is_refused else theme.error,
                is_number=False,
                width=20,
            ),
        )


def _column(name: str, rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = rows[name]
    return found
