"""Summary of the open run: key figures, flags, statistics, what was run."""

import json
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.analytics.report.records import Flag, Report, Statistic
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.kpi_tiles import KpiTiles, Tile
from app.ui.items.stat_list import StatList
from app.ui.laid_out import clear
from app.ui.models import report_text
from app.ui.runs import OpenRun
from app.ui.theme import Theme

_TILES: Final = (
    ("total_return", "annual_return", "{} a year"),
    ("sharpe", "sortino", "Sortino {}"),
    ("max_drawdown", "max_drawdown_days", "longest {}"),
    ("volatility", "calmar", "Calmar {}"),
    ("trades", "win_rate", "{} won"),
    ("profit_factor", "expectancy", "{} a trade"),
    ("fees", "exposure_time", "invested {}"),
)
"""Keys of a tile's figure and of the one below it, and the words around that."""
_EMPTY: Final = "No run is open.\n\nRun a backtest, or open a run of the Runs panel."
_MARKS: Final = {"good": "✓", "note": "i", "warning": "!", "bad": "✗"}


class RunSummaryPanel(QWidget):
    """What a run came to, and whether to believe it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._runs = context, context.library.runs
        theme, scale = context.theme, context.settings.scale
        self._title, self._when = QLabel(), QLabel()
        self.copy = QPushButton("Copy the request")
        self.copy.setToolTip("Copy the run's request as JSON")
        self.copy.clicked.connect(self._on_copy)
        self.tiles = KpiTiles(theme, scale)
        self.stats = StatList(theme, scale)
        self._flags, self._card = QGridLayout(), QGridLayout()
        self._empty = QLabel(_EMPTY)
        self._area = QScrollArea()
        self._lay_out()
        self._runs.opened.connect(self._on_run)
        self._on_run()

    def _lay_out(self) -> None:
        self._title.setProperty("role", "heading")
        self._when.setProperty("role", "muted")
        self._when.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.copy)
        for grid in (self._flags, self._card):
            grid.setHorizontalSpacing(10)
            grid.setVerticalSpacing(3)
            grid.setColumnStretch(1, 1)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._when)
        column.addWidget(self.tiles)
        column.addWidget(_head("Before you believe it"))
        column.addLayout(self._flags)
        column.addSpacing(4)
        column.addWidget(self.stats)
        column.addSpacing(4)
        column.addWidget(_head("What was run"))
        column.addLayout(self._card)
        column.addStretch(1)
        self._area.setWidget(inner)
        self._area.setWidgetResizable(True)
        # Read by keyboard: arrows and pages scroll.
        self._area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Summary of the open run")
        self._area.setAccessibleName("Flags and figures")
        self._area.setAccessibleName("Summary of the run")
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._area)
        layout.addWidget(self._empty)

    def _on_run(self) -> None:
        run = self._runs.current
        self._area.setVisible(run is not None)
        self._empty.setVisible(run is None)
        if run is None:
            return
        card = run.data.card
        created = card["created"][:16].replace("T", " ")
        self._title.setText(run.title)
        self._when.setText(
            f"{run.data.period} · {card['currency']} "
            f"{report_text.money(run.data.start)} · run {created} UTC"
        )
        self.tiles.show_tiles(tiles_of(run.report, self._context.theme))
        self.stats.show_sections(run.report.sections)
        self._show_flags(run.report.flags)
        self._show_card(run)

    def _show_flags(self, flags: tuple[Flag, ...]) -> None:
        clear(self._flags)
        t = self._context.theme
        colours = {"good": t.armed, "note": t.muted, "warning": t.warning}
        for row, each in enumerate(flags):
            mark, found = QLabel(_MARKS[each.level]), QLabel()
            colour = colours.get(each.level, t.error)
            mark.setStyleSheet(f"color: {colour}; font-weight: 700;")
            mark.setAccessibleName(each.level)
            mark.setAlignment(Qt.AlignmentFlag.AlignTop)
            found.setText(f"{each.title}: {each.found}")
            found.setTextFormat(Qt.TextFormat.PlainText)
            found.setWordWrap(True)
            found.setToolTip(each.why)
            self._flags.addWidget(mark, row, 0)
            self._flags.addWidget(found, row, 1)

    def _show_card(self, run: OpenRun) -> None:
        clear(self._card)
        for row, (caption, words) in enumerate(card_rows(run.data.card)):
            name, value = QLabel(caption), QLabel(words)
            name.setProperty("role", "muted")
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._card.addWidget(name, row, 0)
            self._card.addWidget(value, row, 1)

    def _on_copy(self) -> None:
        run = self._runs.current
        if run is not None:
            text = json.dumps(run.data.card["request"], indent=2, ensure_ascii=False)
            QGuiApplication.clipboard().setText(text)


def tiles_of(report: Report, theme: Theme) -> list[Tile]:
    """The key figures of a report that has them."""
    known = {each.key: each for part in report.sections for each in part.statistics}
    made = []
    for key, below, form in _TILES:
        each, other = known.get(key), known.get(below)
        if each is None:
            continue
        value = _told(each)
        words = form.format(_told(other)) if other is not None else ""
        colour = report_text.colour(each, theme)
        made.append(Tile(each.label, value, colour, words, report_text.tip(each)))
    return made


def _told(each: Statistic) -> str:
    return report_text.told(each.value, each.format)


def card_rows(card: dict[str, Any]) -> list[tuple[str, str]]:
    """What was run, as captions and words."""
    rows = []
    for each in card["strategies"]:
        given = ", ".join(f"{k} {v:g}" for k, v in each["parameters"].items())
        how = "compiled" if each["is_compiled"] else f"interpreted: {each['reason']}"
        words = f"{each['name']} ({given}) · {each['allocation']:.0%} of the capital"
        rows.append(("Strategy", f"{words} · {how} · code {each['code']}"))
        if each["failure"]:
            rows.append(("Stopped", each["failure"]))
    for each in card["data"]:
        count = formatting.count(each["records"])
        words = f"{each['symbol']}@{each['stream']}: {count} records"
        gaps = f", {formatting.plural(each['gaps'], 'gap')}" if each["gaps"] else ""
        rows.append(("Data", f"{words}{gaps} · hash {each['hash']}"))
    for name, each in card["instruments"].items():
        models = ", ".join(
            f"{k.replace('_', ' ')} {_plain(v)}" for k, v in each["models"].items()
        )
        fees = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in each["fees"].items())
        rows.append((f"{name}: venue", models))
        rows.append((f"{name}: fees", fees or "none"))
    seconds = float(card["wall_seconds"])
    rate = card["events"] / seconds if seconds else 0.0
    events = formatting.count(card["events"])
    rows.append(("Events", f"{events} in {seconds:.3g} s, {rate:,.0f} a second"))
    rows.append(("Seed", str(card["seed"])))
    rows.append(("Version", f"Ringside {card['ringside']} · engine {card['engine']}"))
    return rows


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _head(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
