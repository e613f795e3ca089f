"""Runs side by side: where their requests differ, every statistic, their equity."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont
from PySide6.QtWidgets import (
    QHeaderView,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.analytics.report import compare
from app.ui.items.time_plot import Line, PlotPane, TimePlot
from app.ui.models import report_text
from app.ui.models.run_list import as_run, differing
from app.ui.runs import OpenRun
from app.ui.theme import Theme

_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunCompare(QWidget):
    """A table with a column a run; what differs is marked, and what is best."""

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self._theme = theme
        self.table = QTreeWidget()
        self.table.setAccessibleName("Runs side by side")
        self.table.setUniformRowHeights(True)
        self.table.setAlternatingRowColors(True)
        self.table.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.plot = TimePlot(
            theme, scale, "Equity of the runs", "Select two runs or more, and compare."
        )
        self.plot.setMinimumHeight(round(130 * scale))
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.plot)
        split.addWidget(self.table)
        split.setStretchFactor(1, 2)
        split.setSizes([150, 400])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def show_runs(self, runs: Sequence[OpenRun]) -> None:
        """Show two runs or more."""
        self.table.clear()
        heads = [f"{i + 1} · {run.title}" for i, run in enumerate(runs)]
        self.table.setHeaderLabels(["", *heads])
        self._show_requests(runs)
        self._show_statistics(runs)
        self.table.expandAll()
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._show_equity(runs)

    def _show_requests(self, runs: Sequence[OpenRun]) -> None:
        group = self._group("Requests: where they differ")
        tables = [as_run(run.data.card) for run in runs]
        rows = differing(tables)
        if not rows:
            group.setText(0, "Requests: all the same")
        for key, values in rows:
            item = QTreeWidgetItem(group, [key, *values])
            for column in range(1, len(values) + 1):
                item.setForeground(column, QBrush(QColor(self._theme.warning)))

    def _show_statistics(self, runs: Sequence[OpenRun]) -> None:
        groups: dict[str, QTreeWidgetItem] = {}
        bold = QFont(self.table.font())
        bold.setBold(True)
        for each in compare([run.report for run in runs]):
            group = groups.get(each.section)
            if group is None:
                group = groups[each.section] = self._group(each.section)
            statistic = each.statistic
            texts = [report_text.told(x, statistic.format) for x in each.values]
            item = QTreeWidgetItem(group, [statistic.label, *texts])
            item.setToolTip(0, report_text.tip(statistic))
            is_same = len(set(texts)) == 1
            for column in range(1, len(texts) + 1):
                item.setTextAlignment(column, _RIGHT)
                if is_same:
                    item.setForeground(column, QBrush(QColor(self._theme.muted)))
                elif column - 1 == each.best:
                    item.setForeground(column, QBrush(QColor(self._theme.accent)))
                    item.setFont(column, bold)

    def _group(self, title: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self.table, [title])
        item.setFirstColumnSpanned(True)
        font = QFont(self.table.font())
        font.setBold(True)
        item.setFont(0, font)
        return item

    def _show_equity(self, runs: Sequence[OpenRun]) -> None:
        """Each run's equity as a return, so that capitals may differ."""
        t = self._theme
        lines = tuple(
            Line(
                str(i + 1),
                t.curve[i % len(t.curve)],
                run.data.equity / run.data.start - 1.0,
                ts=run.data.ts,
            )
            for i, run in enumerate(runs)
        )
        every = np.unique(np.concatenate([run.data.ts for run in runs]))
        pane = PlotPane("Return", lines, report_text.percent, base=0.0)
        self.plot.show_panes(every, (pane,))
        if len(every) > 1:
            self.plot.show_range(int(every[0]), int(every[-1]))
