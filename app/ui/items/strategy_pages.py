"""What a strategy knows and says: parameters, state, log, plots, its failure."""

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.engine.arena import Arena
from app.engine.strategy import StrategyState
from app.sessions.failures import Failure
from app.sessions.notes import LINES_KEPT, Notes
from app.sessions.strategy_reading import fields
from app.strategies import shipped
from app.ui import formatting
from app.ui.items.form_area import FormArea
from app.ui.items.parameter_form import ParameterForm
from app.ui.items.text_table import TextTable
from app.ui.laid_out import take_out
from app.ui.models.strategies import Watched, carried_text, interval_text
from app.ui.models.strategy_list import sentence_of
from app.ui.theme import Theme, text_font

_MOST_PLOTS: Final = 8
_SHIPPED: Final = Path(shipped.__path__[0])


class StrategyPages(QTabWidget):
    """The pages of one strategy.

    Signals
    -------
    applied(int, object)
        Other parameters are wanted: the strategy's number, values by name.
    """

    applied = Signal(int, object)

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.setAccessibleName("Details of the strategy")
        self.parameters = _Parameters(theme)
        self.state = TextTable("State of the strategy")
        self.log = _Log()
        self.plots = _Plots(theme, scale)
        self.failure = _Failure()
        self.addTab(self.parameters, "&Parameters")
        self.addTab(self.state, "Stat&e")
        self.addTab(self.log, "Lo&g")
        self.addTab(self.plots, "P&lots")
        self.addTab(self.failure, "&Failure")
        self.parameters.applied.connect(self.applied)
        self._number = 0
        self.setTabVisible(self.indexOf(self.failure), False)

    def show_watched(
        self, watched: Watched | None, arena: Arena | None, names: list[str]
    ) -> None:
        """Show a strategy, or what is new of it; None: nothing.

        Parameters
        ----------
        arena : Arena or None
            The session's, for what the strategy keeps.
        names : list of str
            Of the session's instruments.
        """
        if watched is None or arena is None:
            self.setEnabled(False)
            return
        self.setEnabled(True)
        is_other, self._number = (
            watched.live.number != self._number,
            watched.live.number,
        )
        self.parameters.show_watched(watched)
        failure = watched.live.failure
        at = self.indexOf(self.failure)
        had = self.isTabVisible(at)
        self.setTabVisible(at, failure is not None)
        if failure is not None:
            self.failure.show_failure(failure)
            if is_other or not had:
                self.setCurrentIndex(at)
        shown = self.currentWidget()
        if shown is self.state:
            rows = [
                (f.name, f.kind, f.value) for f in fields(arena, watched.live, names)
            ]
            self.state.show_rows(("Name", "Kind", "Value"), rows)
        elif shown is self.log:
            self.log.show_notes(watched.live.notes, watched.live.reader.lost)
        elif shown is self.plots:
            self.plots.show_notes(watched.live.notes)


class _Parameters(QWidget):
    """A strategy's parameters, which can be changed while it does not run."""

    applied = Signal(int, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.form = ParameterForm(theme)
        self.about, self.told = QLabel(), QLabel()
        for label, role in ((self.about, "muted"), (self.told, "small")):
            label.setProperty("role", role)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.apply = QPushButton("&Apply")
        self.apply.setToolTip("Go on with these parameters; state stays where it fits")
        self.back = QPushButton("&Undo")
        self.back.setToolTip("Show the parameters that it has")
        self._shown: object = None
        self._watched: Watched | None = None
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.about)
        layout.addWidget(self.form)
        line = QHBoxLayout()
        line.addWidget(self.apply)
        line.addWidget(self.back)
        line.addStretch(1)
        layout.addLayout(line)
        layout.addWidget(self.told)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(FormArea(inner, "Parameters of the strategy"))
        self.apply.clicked.connect(self._on_apply)
        self.back.clicked.connect(self._on_back)
        self.form.edited.connect(self._show_buttons)

    def show_watched(self, watched: Watched) -> None:
        """Show a strategy; what is being typed stays while it is the same."""
        self._watched = watched
        if self._shown is not watched.live.ready:
            self._shown = watched.live.ready
            self.about.setText(sentence_of(watched.live.ready.cls))
            self._on_back()
        self.form.setEnabled(watched.state is not StrategyState.RUNNING)
        self.told.setText("\n".join(_told(watched)))
        self._show_buttons()

    def _is_edited(self) -> bool:
        values = self.form.values()
        return self._watched is not None and values != self._watched.live.ready.values

    def _show_buttons(self) -> None:
        may = self._watched is not None and (
            self._watched.state is not StrategyState.RUNNING and not self._watched.busy
        )
        is_edited = self._is_edited()
        self.apply.setEnabled(may and is_edited and self.form.values() is not None)
        self.back.setEnabled(may and is_edited)

    def _on_apply(self) -> None:
        values = self.form.values()
        if self._watched is not None and values is not None:
            self.applied.emit(self._watched.live.number, values)

    def _on_back(self) -> None:
        if self._watched is not None:
            ready = self._watched.live.ready
            self.form.show_strategy(ready.cls, ready.values)
            self._show_buttons()


def _told(watched: Watched) -> list[str]:
    """What else there is to say of a strategy."""
    live, told = watched.live, []
    if watched.state is StrategyState.RUNNING and live.ready.values:
        told.append("Pause it to change its parameters.")
    if live.bar_ns:
        told.append(
            f"Bars of {interval_text(live.bar_ns)}; {live.warmed or 'not started'}."
        )
    share = f"{live.terms.allocation * 100:f}".rstrip("0").rstrip(".")
    told.append(f"It has {share} % of the session's capital.")
    if live.ready.runnable.reason:
        told.append(f"It runs as Python: {live.ready.runnable.reason}")
    if live.carried is not None:
        told.append(f"{carried_text(live)}.")
    ships = _SHIPPED in Path(live.file).parents
    told.append("It ships with Ringside." if ships else live.file)
    return told


class _Log(QWidget):
    """What a strategy logged, oldest first; it follows the end while that is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(LINES_KEPT)
        self.text.setAccessibleName("Log of the strategy")
        self.text.setPlaceholderText("Nothing is logged. ctx.log(…) writes here.")
        self.text.setTabChangesFocus(True)
        self.lost = QLabel()
        self.lost.setProperty("role", "error")
        self.lost.hide()
        self._notes: Notes | None = None
        self._written = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addWidget(self.lost)

    def show_notes(self, notes: Notes, lost: int) -> None:
        """Add the lines that are new."""
        if notes is not self._notes:
            self._notes, self._written = notes, 0
            self.text.clear()
        new = min(notes.written - self._written, len(notes.lines))
        self._written = notes.written
        if new:
            lines = list(notes.lines)[-new:]
            told = [
                f"{formatting.clock_time(e.ts, fine=True)}  {e.text}" for e in lines
            ]
            self.text.appendPlainText("\n".join(told))
        self.lost.setVisible(lost > 0)
        if lost:
            self.lost.setText(
                f"{formatting.count(lost)} notes were lost: it notes faster than they "
                "are read"
            )


class _Plots(QWidget):
    """Curves of `ctx.plot`, each in a pane of its own over common times."""

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self._theme, self._font = theme, text_font(scale, 0.85)
        self._empty = QLabel("Nothing is plotted. ctx.plot(name, value) draws here.")
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._notes: Notes | None = None
        self._version = -1
        self.curves: dict[str, Any] = {}
        self._plots: list[Any] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._empty)

    def show_notes(self, notes: Notes) -> None:
        """Draw what is new."""
        if notes is not self._notes:
            self._forget()
            self._notes = notes
        if notes.version == self._version:
            return
        self._version = notes.version
        for name, curve in list(notes.curves.items())[:_MOST_PLOTS]:
            if name not in self.curves:
                self._add(name)
            self.curves[name].setData(curve.ts / 1e9, curve.values)
        self._empty.setVisible(not self.curves)

    def _forget(self) -> None:
        for plot in self._plots:
            take_out(self._layout, plot)
            plot.hide()
            plot.deleteLater()
        self.curves, self._plots, self._version = {}, [], -1
        self._empty.show()

    def _add(self, name: str) -> None:
        # Late: pyqtgraph takes a third of a second of the first panel.
        import pyqtgraph as pg

        from app.ui.items.time_plots import add_curve, dress, time_axes

        axes = time_axes()
        plot = pg.PlotWidget(background=self._theme.panel, axisItems=axes)
        plot.setAccessibleName(f"Plot of {name}")
        dress(plot, axes, self._theme, self._font)
        plot.setMinimumHeight(70)
        number = len(self._plots)
        colour = self._theme.curve[number % len(self._theme.curve)]
        plot.addLegend(offset=(12, 6), labelTextColor=self._theme.text)
        if self._plots:
            plot.setXLink(self._plots[0])
        self.curves[name] = add_curve(plot, [], [], colour, name)
        self._plots.append(plot)
        self._layout.addWidget(plot)


class _Failure(QWidget):
    """Why a strategy failed: in a line, its source line, the traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.message, self.source = QLabel(), QLabel()
        self.message.setProperty("role", "error")
        for label in (self.message, self.source):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.trace = QPlainTextEdit()
        self.trace.setReadOnly(True)
        self.trace.setAccessibleName("Traceback")
        self.trace.setTabChangesFocus(True)
        self.trace.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._shown: Failure | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.message)
        layout.addWidget(self.source)
        layout.addWidget(self.trace, 1)

    def show_failure(self, failure: Failure) -> None:
        """Show why."""
        if failure is self._shown:
            return
        self._shown = failure
        self.message.setText(failure.message)
        place = f"{Path(failure.file).name}:{failure.line}  {failure.source.strip()}"
        self.source.setText(place if failure.line else failure.file)
        self.trace.setPlainText(
            failure.trace
            or "It did not fail again when it was run once more as Python."
        )
