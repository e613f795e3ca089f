"""The window's side of the catalog: where it lies, its jobs, and what was changed.

Panels do not know each other; what one does to the catalog the others hear from here.
Jobs of the catalog have a thread of their own, so that an import of hours keeps no
session from being opened.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.data.catalog import Catalog
from app.ui.backtests import Backtests
from app.ui.jobs import Jobs
from app.ui.models.chart_drawings import DrawingBook
from app.ui.models.strategy_list import Found, StrategyList, scan
from app.ui.runs import Runs
from app.ui.sweeps import Sweeps


class Library(QObject):
    """The catalog, for panels.

    Attributes
    ----------
    root : Path
    jobs : Jobs
    past : Jobs
        Of what is loaded from recordings to be looked at; they give way to all else.
    reading : Jobs
        Read the user's files of strategies.
    drawings : DrawingBook
        Drawings on charts, kept beside the catalog.
    strategies : Path
        The user's folder of strategies.
    runs : Runs
        The run whose report is open, and the store of runs.
    backtests : Backtests
        What runs.
    sweeps : Sweeps
        The sweep that runs or is shown, and those that are kept.

    Parameters
    ----------
    root : Path
        Of the catalog.
    strategies, runs, sweeps : Path, optional
        Beside the catalog by default.

    Signals
    -------
    changed()
        Recordings came, went or were replaced.
    instruments_changed()
        The instrument master was written.
    play_wanted(str)
        A feed that is to be opened: ``recording:NAME@STREAM``.
    import_wanted(object)
        Paths to import; none: ask for them.
    """

    changed = Signal()
    instruments_changed = Signal()
    play_wanted = Signal(str)
    import_wanted = Signal(object)

    def __init__(
        self,
        root: Path,
        strategies: Path | None = None,
        runs: Path | None = None,
        sweeps: Path | None = None,
    ) -> None:
        super().__init__()
        self.root = root
        self.jobs = Jobs()
        self.past = Jobs(1, "recorded-past", is_quiet=True)
        # A file of strategies may run for seconds, an import for hours.
        self.reading = Jobs(1, "strategy-files", is_quiet=True)
        self.drawings = DrawingBook(root.parent / "drawings")
        self.strategies = strategies or root.parent / "strategies"
        self.runs = Runs(self.jobs, runs or root.parent / "runs")
        self.backtests = Backtests(self.catalog, self.strategies, self.runs.keep)
        self.backtests.ended.connect(self._on_ended)
        self.sweeps = Sweeps(
            self.jobs, self.catalog, self.strategies, sweeps or root.parent / "sweeps"
        )

    def _on_ended(self, _: object, run_id: str) -> None:
        if run_id:
            self.runs.stored.emit()
            self.runs.open(run_id)

    def close(self) -> None:
        """End what runs, and wait for it."""
        self.backtests.close()
        self.sweeps.close()
        self.past.close()
        self.reading.close()
        self.jobs.close()

    def catalog(self) -> Catalog:
        """Open the catalog anew, as it lies on the disk now."""
        return Catalog(self.root)

    def play(self, name: str) -> None:
        """Ask for a session on a recording, NAME or NAME@STREAM."""
        self.play_wanted.emit(f"recording:{name}")

    def ask_import(self, paths: Sequence[Path] = ()) -> None:
        """Ask for files to be imported."""
        self.import_wanted.emit(list(paths))

    def read_strategies(
        self,
        offers: StrategyList,
        done: Callable[[Found], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Read the user's strategies beside the window, where they have changed."""
        folder, files = self.strategies, tuple(offers.files)
        self.reading.run(lambda: scan(folder, files), done, failed)
