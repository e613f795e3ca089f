"""The set-up of a sweep: its request, axes, how cells are chosen, what is best."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.sweeps.objectives import OBJECTIVES
from app.ui.backtests import title_of
from app.ui.items.axis_row import AxisRow
from app.ui.items.form_field import Choice, FormField, NumberEdit, choice_of
from app.ui.laid_out import take_out
from app.ui.models.sweep_form import AxisDraft, SweepForm
from app.ui.models.sweep_text import stat_title
from app.ui.theme import Theme

_GRID, _SAMPLE = "grid", "sample"
_NO_REQUEST = "No request yet: fill in the Backtest panel, or open a file."


class SweepSetup(QScrollArea):
    """Edits a SweepForm.

    Signals
    -------
    edited()
    open_wanted()
        A request's file shall be opened.
    form_wanted()
        The request of the Backtest panel's form is wanted again.
    """

    edited = Signal()
    open_wanted = Signal()
    form_wanted = Signal()

    def __init__(self, theme: Theme, scale: float, form: SweepForm) -> None:
        super().__init__()
        self._theme, self._scale, self.form = theme, scale, form
        self.rows: list[AxisRow] = []
        self.request, self._source = QLabel(), QLabel()
        self.open = QPushButton("Open…")
        self.use_form = QPushButton("Use the form")
        self.add = QPushButton("Add an axis")
        self.walks = QCheckBox("Walk forward")
        self.fields: dict[str, FormField] = {}
        self._wrong = {name: QLabel() for name in ("request", "axes", "walk")}
        self._axes = QVBoxLayout()
        self._lay_out()
        self._connect()
        self.show_form()

    # What it is made of.

    def _lay_out(self) -> None:
        self.setAccessibleName("Set-up of the sweep")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(5)
        for label in (self.request, *self._wrong.values()):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in self._wrong.values():
            label.setProperty("role", "error")
            label.hide()
        self._source.setProperty("role", "small")
        self.open.setToolTip("Take the request of a file, JSON or TOML")
        self.use_form.setToolTip("Take the request of the Backtest panel again")
        column.addWidget(_heading("Request"))
        row = QHBoxLayout()
        row.addWidget(self.request, 1)
        row.addWidget(self.use_form)
        row.addWidget(self.open)
        column.addLayout(row)
        column.addWidget(self._source)
        column.addWidget(self._wrong["request"])
        column.addSpacing(6)
        column.addWidget(_heading("What varies"))
        self._axes.setSpacing(4)
        column.addLayout(self._axes)
        column.addWidget(self._wrong["axes"])
        row = QHBoxLayout()
        self.add.setToolTip("Vary another parameter or term of the request")
        row.addWidget(self.add)
        row.addStretch(1)
        column.addLayout(row)
        column.addSpacing(6)
        column.addWidget(_heading("Cells"))
        column.addLayout(self._cells())
        column.addWidget(self.walks)
        column.addLayout(self._walk())
        column.addWidget(self._wrong["walk"])
        column.addStretch(1)
        self.setWidget(inner)

    def _cells(self) -> QGridLayout:
        objective = choice_of([(stat_title(each), each) for each in OBJECTIVES])
        objective.setToolTip("What the best cell is chosen by")
        kind = choice_of([("All of the grid", _GRID), ("A random sample", _SAMPLE)])
        grid = self._grid()
        at = self._field("objective", "Best by", objective).place(grid, 0)
        at = self._field("kind", "Run", kind).place(grid, at)
        count, seed = NumberEdit(is_whole=True), NumberEdit(is_whole=True)
        seed.setToolTip("The same seed draws the same cells")
        at = self._field("count", "Cells drawn", count).place(grid, at)
        self._field("seed", "Seed", seed).place(grid, at)
        return grid

    def _walk(self) -> QGridLayout:
        self.walks.setToolTip(
            "Choose the best over a stretch of time, run it over the stretch behind "
            "it, and move on"
        )
        inside, outside = QLineEdit(), QLineEdit()
        inside.setPlaceholderText("90d, 8w, 6m, 1y")
        outside.setPlaceholderText("90d, 8w, 6m, 1y")
        inside.setToolTip("What the best is chosen from: 90d, 8w, 6m, 1y")
        outside.setToolTip("What it then runs over, and the step of the windows")
        grid = self._grid()
        at = self._field("inside", "In sample", inside).place(grid, 0)
        at = self._field("outside", "Out of sample", outside).place(grid, at)
        anchored = QCheckBox("Always from the first day")
        self._field("is_anchored", "Anchored", anchored).place(grid, at)
        return grid

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        return grid

    def _field(
        self,
        name: str,
        title: str,
        editor: QLineEdit | Choice | QCheckBox,
        hint: str = "",
    ) -> FormField:
        made = self.fields[name] = FormField(self._theme, title, editor, hint)
        return made

    def _connect(self) -> None:
        self.open.clicked.connect(self.open_wanted)
        self.use_form.clicked.connect(self.form_wanted)
        self.add.clicked.connect(self._on_add)
        self.walks.toggled.connect(self._on_walks)
        for name, field in self.fields.items():
            field.edited.connect(partial(self._on_edited, name))

    # What it shows.

    def show_form(self) -> None:
        """Show all of the form anew."""
        for row in self.rows:
            self._drop(row)
        self.rows = []
        for draft in self.form.axes:
            self._add_row(draft)
        form, fields = self.form, self.fields
        fields["objective"].show_text(form.objective)
        fields["kind"].show_text(_SAMPLE if form.is_sample else _GRID)
        for name in ("count", "seed", "inside", "outside"):
            fields[name].show_text(getattr(form, name))
        fields["is_anchored"].show_text("true" if form.is_anchored else "false")
        self.walks.blockSignals(True)
        self.walks.setChecked(form.walks)
        self.walks.blockSignals(False)
        self._show_parts()

    def show_request(self, source: str, *, is_file: bool) -> None:
        """Say which request it is, and where it comes from."""
        table = self.form.table
        self.request.setText(_NO_REQUEST if table is None else title_of(table))
        self._source.setText(source)
        self._source.setVisible(bool(source))
        self.use_form.setVisible(is_file)

    def show_problems(self, problems: dict[str, str]) -> None:
        """Say what is wrong, beside what it is."""
        for place, row in enumerate(self.rows):
            row.show_problem(problems.get(f"axis.{place}", ""))
        for name in ("count", "seed"):
            self.fields[name].show_wrong(problems.get(name, ""))
        has_request = self.form.table is not None
        for name, label in self._wrong.items():
            words = problems.get(name, "") if has_request else ""
            label.setText(words)
            label.setVisible(bool(words))
        self.add.setEnabled(has_request)

    def _show_parts(self) -> None:
        for names, is_shown in (
            (("count", "seed"), self.form.is_sample),
            (("inside", "outside", "is_anchored"), self.form.walks),
        ):
            for name in names:
                self.fields[name].be_shown(is_shown)

    def _add_row(self, draft: AxisDraft) -> None:
        row = AxisRow(self._theme, self.form, draft, self._scale)
        row.edited.connect(self.edited)
        row.removed.connect(partial(self._on_remove, row))
        self._axes.addWidget(row)
        self.rows.append(row)

    def _drop(self, row: AxisRow) -> None:
        take_out(self._axes, row)
        row.hide()
        row.deleteLater()

    # Events.

    def _on_add(self) -> None:
        draft = self.form.new_axis()
        self.form.axes.append(draft)
        self._add_row(draft)
        self.edited.emit()
        self.rows[-1].choice.setFocus()

    def _on_remove(self, row: AxisRow) -> None:
        self.form.axes.pop(self.rows.index(row))
        self.rows.remove(row)
        self._drop(row)
        self.edited.emit()

    def _on_walks(self, is_on: bool) -> None:
        self.form.walks = is_on
        self._show_parts()
        self.edited.emit()

    def _on_edited(self, name: str, text: str) -> None:
        if name == "kind":
            self.form.is_sample = text == _SAMPLE
        elif name == "is_anchored":
            self.form.is_anchored = text == "true"
        else:
            setattr(self.form, name, text)
        self._show_parts()
        self.edited.emit()


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
