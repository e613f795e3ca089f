"""A walk forward: the curve out of sample, what it says, and its windows."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from app.ui.items.text_table import TextTable
from app.ui.items.time_plot import Line, PlotPane, TimePlot
from app.ui.models.report_text import money
from app.ui.models.sweep_text import (
    efficiency_text,
    short,
    stat_text,
    stat_title,
    values_text,
)
from app.ui.theme import Theme

_DAY_NS: Final = 86_400_000_000_000
_EMPTY: Final = "This sweep did not walk forward."


class SweepWalk(QWidget):
    """Shows what a walk forward made, as in the JSON result."""

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self._theme = theme
        self.plot = TimePlot(theme, scale, "Equity out of sample", _EMPTY)
        self.words = QLabel()
        self.windows = TextTable("Windows of the walk forward")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setContentsMargins(8, 4, 8, 4)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.plot)
        split.addWidget(self.windows)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.words)
        layout.addWidget(split, 1)
        self.plot.range_moved.connect(self.plot.show_range)
        self.plot.time_pointed.connect(self.plot.show_pointed)

    def show_walk(self, walk: Mapping[str, Any] | None, objective: str) -> None:
        """Show another walk forward; None: there was none."""
        self.words.setVisible(walk is not None)
        self.windows.setVisible(walk is not None)
        if walk is None:
            self.plot.show_panes(np.empty(0, np.int64), ())
            self.windows.show_rows((), ())
            return
        self.words.setText(efficiency_text(walk["stats"]))
        days = np.array([each[0] for each in walk["equity"]], "datetime64[D]")
        ts = days.astype(np.int64) * _DAY_NS
        equity = np.array([each[1] for each in walk["equity"]], float)
        line = Line("Out of sample", self._theme.curve[0], equity, is_filled=False)
        self.plot.show_panes(ts, (PlotPane("Equity", (line,), money),))
        if len(ts):
            self.plot.show_range(int(ts[0]), int(ts[-1]))
        self._show_windows(walk["windows"], objective)

    def _show_windows(self, windows: list[Any], objective: str) -> None:
        title = stat_title(objective)
        names = next((list(x["values"]) for x in windows if x["values"]), [])
        heads = (
            *("In sample from", "Out from", "To (excluded)", *names),
            *(f"{title} in", f"{title} out", "Return out", "Note"),
        )
        rows = []
        for each in windows:
            values = each["values"] or {}
            inside, outside = each["in_sample_stats"], each["out_of_sample_stats"]
            rows.append(
                [
                    *(each["in_sample"][0], each["in_sample"][1]),
                    each["out_of_sample"][1],
                    *(short(values[x]) if x in values else "–" for x in names),
                    stat_text(objective, (inside or {}).get(objective)),
                    stat_text(objective, (outside or {}).get(objective)),
                    stat_text("total_return", (outside or {}).get("total_return")),
                    each["error"],
                ]
            )
        self.windows.show_rows(heads, rows)
        chosen = {values_text(x["values"]) for x in windows if x["values"]}
        self.windows.setAccessibleDescription(f"chosen: {'; '.join(sorted(chosen))}")
