"""A blotter: a table of fixed rows with a filter and buttons above it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QElapsedTimer, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.items.blotter_table import BlotterTable
from app.ui.items.filter_bar import FilterBar
from app.ui.items.squeeze_bar import SqueezeBar
from app.ui.models.table import RecordTable

if TYPE_CHECKING:
    from app.ui.bridge import Bridge

_LEAST_MS: Final = 100
_NARROWEST: Final = 12
_WIDEST: Final = 2_000


class BlotterView(QWidget):
    """Shows a RecordTable; sorts on a click on a heading, exports to CSV.

    Parameters
    ----------
    model : RecordTable
    empty : str
        What to say while there are no rows.

    Attributes
    ----------
    bar : QHBoxLayout
        The line above the table, for a panel's own buttons.
    table : BlotterTable
    filter : FilterBar or None

    Signals
    -------
    action_pressed(int, str)
        A cell of a column that does something was clicked: row, what.
    menu_wanted(int, QPoint)
        A row's menu, at a place on the screen.
    """

    action_pressed = Signal(int, str)
    menu_wanted = Signal(int, QPoint)

    def __init__(self, model: RecordTable, empty: str) -> None:
        super().__init__()
        self.model = model
        self._since = QElapsedTimer()
        self._since.start()
        self._line = SqueezeBar()
        self.bar = self._line.row
        self.filter: FilterBar | None = None
        self.table = BlotterTable(model)
        self._empty_text = empty
        self._spare: list[int] = []
        self._dropped: set[int] = set()
        self._empty = QLabel(empty, self.table)
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._dress()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._line)
        layout.addWidget(self.table)

    def add_filter(self, groups: Sequence[Sequence[tuple[str, str]]]) -> FilterBar:
        """Add a line to filter by; the panel says what its words mean."""
        self.filter = FilterBar(groups)
        self.bar.addWidget(self.filter.line, 1)
        for chip in self.filter.chips.values():
            self.bar.addWidget(chip)
        self._line.optional.extend(reversed(self.filter.chips.values()))
        return self.filter

    def add_button(
        self, title: str, tip: str, pressed: Callable[[], None]
    ) -> QPushButton:
        """Add a button to the line above the table."""
        button = QPushButton(title)
        button.setToolTip(tip)
        button.clicked.connect(pressed)
        self.bar.addWidget(button)
        return button

    def spare(self, *widgets: QWidget) -> None:
        """Let these go where room is short, the last one before the others."""
        self._line.optional.extend(reversed(widgets))

    def add_export(self, name: str, failed: Callable[[str], None]) -> None:
        """Add the buttons that choose columns, and write the rows to a CSV file."""
        self.bar.addStretch(1)
        columns = self.add_button("Columns", "Show and hide columns", self._on_columns)
        export = self.add_button(
            "Export CSV…",
            "Write the rows as shown to a file",
            lambda: self._export(name, failed),
        )
        self._line.optional.extend((columns, export))

    def follow(self, bridge: "Bridge") -> None:
        """Show what a session's desk holds: at the beat of tables, anew for another."""
        bridge.tables_due.connect(self.sync)
        bridge.session_changed.connect(self.renew)
        bridge.instruments_changed.connect(self.renew)

    def on_news(self) -> None:
        """Bring the table up to date, at most ten times a second."""
        if self._since.hasExpired(_LEAST_MS):
            self.sync()

    def sync(self) -> None:
        """Bring the table up to date, if anyone can see it."""
        if self.isVisible() and self.table.holds_still:
            self.model.sync_values(self.table.visible_rows())
        elif self.isVisible():
            self._since.start()
            self.model.sync(self.table.visible_rows())
            self._empty.setVisible(self.model.rowCount() == 0)
            is_filtered = self.filter is not None and bool(self.filter.words)
            self._empty.setText("Nothing matches." if is_filtered else self._empty_text)

    def say_empty(self, words: str) -> None:
        """Say something else where there is no row."""
        self._empty_text = words
        self.sync()

    def renew(self) -> None:
        """Write everything anew: another session, other instruments."""
        self.model.forget()
        self.model.sync()

    def chosen(self) -> list[int]:
        """Rows that are selected."""
        return [index.row() for index in self.table.selectionModel().selectedRows()]

    def copy(self) -> None:
        """Copy the selected rows as text with tabs, headings first."""
        columns = [i for i in self.columns() if not self.model.columns[i].does]
        lines = ["\t".join(self.model.columns[i].title for i in columns)]
        for row in sorted(self.chosen()):
            cells = self.model.cells(row)
            lines.append("\t".join(cells[i][0] for i in columns))
        QGuiApplication.clipboard().setText("\n".join(lines))

    # Columns.

    def columns(self) -> list[int]:
        """Columns that are shown, or would be in a wide panel, from left to right."""
        heading = self.table.horizontalHeader()
        every = (heading.logicalIndex(i) for i in range(heading.count()))
        return [i for i in every if not self._is_hidden(i)]

    def spare_columns(self, *titles: str) -> None:
        """Let these go where the panel is narrow, the first one before the others."""
        self._spare = [self._titles().index(each) for each in titles]

    def _is_hidden(self, column: int) -> bool:
        """Whether a user, and not a narrow panel, hides a column."""
        is_hidden = self.table.isColumnHidden(column)
        return is_hidden and column not in self._dropped

    def _width_of(self, column: int) -> int:
        """Width of a column as it was given: the last one is widened."""
        shown = [each for each in self.columns() if each not in self._dropped]
        is_wide = self.table.horizontalHeader().stretchLastSection()
        if column in self._dropped or (is_wide and shown[-1:] == [column]):
            return self._widths[column]
        return self.table.columnWidth(column)

    def _fit_columns(self) -> None:
        """Show as many of the spare columns as there is room for."""
        columns = self.columns()
        if not columns:
            return
        wanted = {each: self._width_of(each) for each in columns}
        room, drop = self.table.viewport().width(), set[int]()
        for each in self._spare:
            if sum(wanted.values()) <= room:
                break
            if wanted.pop(each, 0):
                drop.add(each)
        changed, self._dropped = drop ^ self._dropped, drop
        for each in changed:
            self.table.setColumnHidden(each, each in drop)
        # Words take what is left; a number would stand alone at the far edge.
        is_number = self.model.columns[[*wanted][-1]].is_number
        self.table.horizontalHeader().setStretchLastSection(not is_number)

    def show_column(self, column: int, *, is_shown: bool) -> None:
        """Show or hide a column; the last one stays."""
        if is_shown or len(self.columns()) > 1:
            self.table.setColumnHidden(column, not is_shown)
            self._dropped.discard(column)

    def state(self) -> dict[str, Any]:
        """Columns, their widths and order, the sorting and the filter, by title."""
        heading, titles = self.table.horizontalHeader(), self._titles()
        order = [titles[heading.logicalIndex(i)] for i in range(heading.count())]
        kept: dict[str, Any] = {
            "order": order,
            "widths": {t: self._width_of(i) for i, t in enumerate(titles)},
            "figure": self._figure,  # px: widths are meant for text of that size
            "hidden": [t for i, t in enumerate(titles) if self._is_hidden(i)],
            "sort": self._sorting(),
        }
        return kept if self.filter is None else kept | {"filter": self.filter.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told; what makes no sense is passed over."""
        heading, titles = self.table.horizontalHeader(), self._titles()
        order, widths, hidden = (state.get(x) for x in ("order", "widths", "hidden"))
        figure, grown = state.get("figure"), 1.0
        if isinstance(figure, int) and 1 <= figure <= 200:
            grown = self._figure / figure
        for title, width in widths.items() if isinstance(widths, dict) else ():
            is_width = isinstance(width, int) and _NARROWEST <= width <= _WIDEST
            if title in titles and is_width:
                heading.resizeSection(titles.index(title), round(width * grown))
        for place, title in enumerate(order if isinstance(order, list) else ()):
            if title in titles and place < heading.count():
                heading.moveSection(heading.visualIndex(titles.index(title)), place)
        if isinstance(hidden, list):
            for i, title in enumerate(titles):
                self.show_column(i, is_shown=title not in hidden)
        self._restore_sorting(state.get("sort"), titles)
        if self.filter is not None:
            self.filter.restore(state.get("filter"))
        self._fit_columns()

    def _restore_sorting(self, sort: object, titles: list[str]) -> None:
        if isinstance(sort, list) and len(sort) == 2 and sort[0] in titles:
            order = Qt.SortOrder
            way = order.DescendingOrder if sort[1] is True else order.AscendingOrder
            self.table.sortByColumn(titles.index(sort[0]), way)

    def _titles(self) -> list[str]:
        return [column.title for column in self.model.columns]

    def _sorting(self) -> list[Any]:
        heading = self.table.horizontalHeader()
        section = heading.sortIndicatorSection()
        if not 0 <= section < heading.count():
            return []
        is_down = heading.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        return [self._titles()[section], is_down]

    def _on_columns(self) -> None:
        self.column_menu().popup(self.mapToGlobal(self.rect().topRight()))

    def column_menu(self) -> QMenu:
        """A menu of all columns, each to show or hide."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for i, title in enumerate(self._titles()):
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(not self.table.isColumnHidden(i))
            action.toggled.connect(
                lambda is_on, i=i: self._choose_column(i, is_shown=is_on)
            )
        return menu

    def _choose_column(self, column: int, *, is_shown: bool) -> None:
        """Do as a user says: what was asked for stays however narrow it is."""
        self._spare = [each for each in self._spare if each != column]
        self.show_column(column, is_shown=is_shown)
        self._fit_columns()

    # Events.

    def showEvent(self, event: object) -> None:
        self._fit_columns()
        self.sync()
        self._empty.setGeometry(self.table.rect())

    def resizeEvent(self, event: object) -> None:
        self._empty.setGeometry(0, 0, self.width(), max(40, self.table.height()))
        self._fit_columns()

    def _on_clicked(self, index: QModelIndex) -> None:
        does = self.model.columns[index.column()].does
        if does and self.model.cells(index.row())[index.column()][0]:
            self.action_pressed.emit(index.row(), does)

    def _on_menu(self, place: QPoint) -> None:
        row = self.table.rowAt(place.y())
        if row >= 0:
            self.menu_wanted.emit(row, self.table.viewport().mapToGlobal(place))

    def _dress(self) -> None:
        table = self.table
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._on_menu)
        table.clicked.connect(self._on_clicked)
        table.copied.connect(self.copy)
        table.verticalHeader().hide()
        row = round(QFontMetrics(self.font()).height() * 1.55)
        vertical = table.verticalHeader()
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setMinimumSectionSize(row)
        vertical.setDefaultSectionSize(row)
        self._dress_heading(table.horizontalHeader())

    def _dress_heading(self, heading: QHeaderView) -> None:
        heading.setHighlightSections(False)
        heading.setMinimumSectionSize(_NARROWEST)
        heading.setSectionsMovable(True)
        heading.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        heading.setSortIndicatorClearable(True)
        heading.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        heading.customContextMenuRequested.connect(
            partial(self._on_heading_menu, heading)
        )
        self.table.setSortingEnabled(True)
        self._figure = QFontMetrics(self.font()).horizontalAdvance("0")
        self._widths = [self._figure * each.width + 8 for each in self.model.columns]
        for section, width in enumerate(self._widths):
            heading.resizeSection(section, width)

    def _on_heading_menu(self, heading: QHeaderView, place: QPoint) -> None:
        self.column_menu().popup(heading.mapToGlobal(place))

    def _export(self, name: str, failed: Callable[[str], None]) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Export", f"{name}.csv", "CSV (*.csv)"
        )
        if not path:
            return
        try:
            with open(path, "w", newline="", encoding="utf-8") as file:
                self.model.export(file, self.columns())
        except OSError as error:
            failed(f"{name} not exported: {error}")
