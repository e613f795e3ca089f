"""The run that is open: one for all panels of a report, and what is chosen in it.

Panels do not know each other; a trade that is chosen in one, an instant under the
crosshair or a stretch of time is told from here. `open` takes a run from the store.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.sessions.backtest.store import RunStore
from app.ui.jobs import Jobs

if TYPE_CHECKING:
    from app.analytics.report.records import Report
    from app.analytics.run_data import RunData

NONE: Final = -1


@dataclass(frozen=True)
class OpenRun:
    """A run with what its report says."""

    data: "RunData"
    report: "Report"

    @property
    def title(self) -> str:
        """Its name to people."""
        card = self.data.card
        return str(card.get("name") or card.get("run_id", ""))


class Runs(QObject):
    """The current run.

    Parameters
    ----------
    root : Path
        Of the store.

    Attributes
    ----------
    store : RunStore
    current : OpenRun or None
    trade : int
        Row of the chosen trade in its trades; -1 = none.
    ts : int
        Instant under a crosshair, ns since 1970 UTC; 0 = none.
    stretch : tuple of int
        First and last instant that time axes show, ns since 1970 UTC.

    Signals
    -------
    opened()
        Another run is current, or none.
    failed(str)
        A run could not be opened, and why.
    stored()
        The store holds others, or says other things of them.
    trade_chosen()
    time_pointed()
    range_shown(object)
        The stretch changed; who changed it is given, and passes it over.
    """

    opened = Signal()
    failed = Signal(str)
    stored = Signal()
    trade_chosen = Signal()
    time_pointed = Signal()
    range_shown = Signal(object)

    def __init__(self, jobs: Jobs, root: Path) -> None:
        super().__init__()
        self._jobs, self.store = jobs, RunStore(root)
        self._asked = ""
        self.current: OpenRun | None = None
        self.trade = NONE
        self.ts = 0
        self.stretch = (0, 0)

    def keep(self, outcomes: Any) -> str:
        """Store what a run left behind; its name in the store. On any thread."""
        # Late: the engine's units are loaded with it.
        from app.sessions.backtest.result import run_data_of

        return self.store.save(run_data_of(outcomes))

    def read(self, run_id: str) -> OpenRun:
        """Take a run from the store, with its report; on any thread.

        Raises
        ------
        RunError
            If there is none, or it is damaged.
        """
        from app.analytics.report import report_of

        data = self.store.open(run_id)
        return OpenRun(data, report_of(data))

    def open(self, run_id: str) -> None:
        """Make a stored run the current one; it is read in the background."""
        self._asked = run_id

        def done(run: OpenRun) -> None:
            if self._asked == run_id:  # else another was asked for meanwhile
                self.show(run)

        def failed(error: BaseException) -> None:
            self.failed.emit(f"{run_id} cannot be opened: {error}")

        self._jobs.run(lambda: self.read(run_id), done, failed)

    def show(self, run: OpenRun | None) -> None:
        """Make a run the current one, or none."""
        self.current, self.trade, self.ts = run, NONE, 0
        ts = run.data.ts if run is not None else np.empty(0, np.int64)
        self.stretch = (int(ts[0]), int(ts[-1])) if len(ts) else (0, 0)
        self.opened.emit()

    def forget(self, run_ids: set[str]) -> None:
        """Some runs were deleted: show none of them."""
        if self.current is not None and self.current.data.run_id in run_ids:
            self.show(None)

    # What is chosen in it.

    def choose_trade(self, row: int) -> None:
        """Choose a trade everywhere; a stretch that does not hold it is moved."""
        run = self.current
        if run is None or row == self.trade or row >= len(run.data.trades):
            return
        self.trade = row
        self.trade_chosen.emit()
        if row >= 0:
            trades = run.data.trades
            opened, closed = int(trades["opened"][row]), int(trades["closed"][row])
            self.point(opened)
            self._bring(opened, closed or opened)

    def step_trade(self, steps: int) -> None:
        """Choose the next trade, or one before."""
        run = self.current
        if run is not None and len(run.data.trades):
            wanted = 0 if self.trade < 0 else self.trade + steps
            self.choose_trade(max(0, min(len(run.data.trades) - 1, wanted)))

    def trade_near(self, ts: int) -> int:
        """The trade that was open at an instant, else the nearest entry; -1 = none."""
        run = self.current
        if run is None or not len(run.data.trades):
            return NONE
        opened, closed = run.data.trades["opened"], run.data.trades["closed"]
        is_held = (opened <= ts) & ((closed >= ts) | (closed == 0))
        if is_held.any():
            return int(np.flatnonzero(is_held)[-1])
        return int(np.argmin(np.abs(opened - ts)))

    def point(self, ts: int) -> None:
        """Put every crosshair at an instant; 0 takes them away."""
        if ts != self.ts:
            self.ts = ts
            self.time_pointed.emit()

    def show_range(self, begin: int, end: int, by: object = None) -> None:
        """Let every time axis show a stretch."""
        if end > begin and (begin, end) != self.stretch:
            self.stretch = begin, end
            self.range_shown.emit(by)

    def _bring(self, first: int, last: int) -> None:
        """Move the stretch so that an interval is in it; widen it if it must be."""
        begin, end = self.stretch
        if begin <= first and last <= end:
            return
        width = max(end - begin, round(1.5 * (last - first)))
        middle = (first + last) // 2
        self.show_range(middle - width // 2, middle + width // 2)
