"""Where the cells of a sweep run: a backtest composed once and put back for each.

Most of what a backtest costs before its first record (calendars, opening recordings,
compiling) does not depend on the strategies' parameters. A `Template` does it once and
keeps a snapshot of the arena before any strategy hangs in it; a `Stage` is one thread's
copy of it. A cell is a copy of some hundred kilobytes, strategies hung with the cell's
parameters, and the records folded, which all threads read where they lie.
"""

import copy
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.analytics.performance import TRADING_DAYS
from app.data.action_records import ActionRecords
from app.data.catalog import Catalog
from app.data.corporate_actions import load_actions
from app.engine import strategy_calls
from app.engine.arena import HEADER_BYTES, Arena, Section
from app.engine.build import build
from app.engine.control import CONTROL_WORDS
from app.engine.links import Link
from app.engine.snapshot import SnapshotBuffer, load_arena, snapshot_bytes
from app.errors import RingsideError
from app.sessions.backtest import composing
from app.sessions.backtest.brief import BriefMaker
from app.sessions.backtest.composing import Composition, open_data
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.run import Backtest
from app.sessions.hanging import strategy_named
from app.strategies.running import Runnable, prepare
from app.strategies.strategy import RuleError, Strategy, parameters_of

UNITS: Final = (*composing.UNITS, "app.engine.run_sums")
"""Units of the engine that a sweep needs."""
SHARED_RECORDS: Final = 1 << 24
"""Records that are merged once and kept for all cells: a gigabyte. More are read from
the catalog's mapped columns by each cell, whose run then takes far longer than that."""

Parameters = Mapping[str, Mapping[str, Any]]
"""Parameters of each strategy, by its id."""


class _Arena(Arena):
    """An arena whose sections are looked up once: it is put back thousands of times."""

    @cached_property
    def header(self) -> Any:
        """The header's int64 words."""
        return self.bytes[:HEADER_BYTES].view(np.int64)

    @cached_property
    def _sections(self) -> dict[Section, Any]:
        return {}

    def records(self, section: Section) -> Any:
        """All records of a section."""
        found = self._sections.get(section)
        if found is None:
            found = self._sections[section] = super().records(section)
        return found


@dataclass(frozen=True)
class Cell:
    """One run of a sweep.

    Attributes
    ----------
    number : int
        Its place in the sweep, from 0.
    values : dict
        Of each axis.
    stats : dict
        As in the JSON result of a backtest; empty if the run failed.
    days : (m,) int64
        Trade dates, days since 1970.
    returns : (m,) float64
        Of each day.
    days_per_year : int
        Daily returns of a year.
    error : str
        Why there are no figures; "" if there are.
    is_refused : bool
        It was not run, since its parameters break a rule of a strategy; `error` is
        the rule.
    seconds, fold_seconds : float
        That it took, and that the engine folded; no part of its result.
    """

    number: int
    values: dict[str, Any]
    stats: dict[str, Any] = field(default_factory=dict)
    days: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    returns: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    days_per_year: int = TRADING_DAYS
    error: str = ""
    is_refused: bool = False
    seconds: float = 0.0
    fold_seconds: float = 0.0


class Template:
    """What all cells have in common that differ in strategies' parameters alone.

    Parameters
    ----------
    table : mapping
        The request's.
    catalog : Catalog
    folders : sequence of Path
        Of the user's strategies.
    interpreted : bool
        Whether strategies run as Python.

    Raises
    ------
    RingsideError
        If the request cannot be run.
    """

    def __init__(
        self,
        table: Mapping[str, Any],
        catalog: Catalog,
        folders: Sequence[Path] = (),
        *,
        interpreted: bool = False,
    ) -> None:
        build(units=UNITS)
        self.request = parse_request(table)
        self.catalog, self.interpreted = catalog, interpreted
        self.composition = Composition(
            self.request, catalog, folders, interpreted=interpreted, is_hung=False
        )
        self.classes: dict[str, type[Strategy]] = {
            each.id: strategy_named(each.name, folders)
            for each in self.composition.enabled
        }
        # Once: doing it for each cell took a tenth of what a cell costs in Python.
        strategy_calls.offer()
        self.runnables = self.make_runnables()
        for runnable in self.runnables.values():
            for handler in (*runnable.handlers.values(), runnable.opening):
                assert handler.address
        arena = self.composition.arena
        self.snapshot = SnapshotBuffer(snapshot_bytes(arena.address, 0, 0))
        self.snapshot.save(arena)
        self.blocks: list[NDArray[Any]] | None = None
        if len(self.composition.data) <= SHARED_RECORDS:
            self.blocks = [*Backtest.of(self.composition).blocks()]

    def make_runnables(self) -> dict[str, Runnable]:
        """Make handlers of the strategies: interpreted ones keep errors of a thread."""
        return {
            name: prepare(cls, interpreted=self.interpreted)
            for name, cls in self.classes.items()
        }

    @property
    def names(self) -> dict[str, list[str]]:
        """Parameters of each strategy, by its id."""
        return {name: [*parameters_of(cls)] for name, cls in self.classes.items()}


class Stage:
    """One thread's place to run cells of a template.

    Parameters
    ----------
    template : Template
    """

    def __init__(self, template: Template) -> None:
        self._template = template
        composition = copy.copy(template.composition)
        composition.arena = _Arena(template.composition.arena.layout)
        composition.control = np.zeros(CONTROL_WORDS, np.int64)
        composition.links = template.composition.links.copy()
        composition.links[Link.CONTROL] = composition.control.ctypes.data
        composition.strategies = []
        self._composition = composition
        self._backtest = Backtest.of(composition, is_lent=True)
        self._brief = BriefMaker(composition)
        is_compiled = all(each.is_compiled for each in template.runnables.values())
        self._runnables = (
            template.runnables if is_compiled else template.make_runnables()
        )

    def cancel(self) -> None:
        """Let the run in hand end; from any thread."""
        self._backtest.cancel()

    def run(
        self,
        number: int,
        values: dict[str, Any],
        parameters: Parameters,
        begun: float | None = None,
    ) -> Cell:
        """Run a cell.

        Parameters
        ----------
        parameters : mapping
            All of each strategy that are not to have their defaults.
        begun : float, optional
            When the cell's time began, by `time.perf_counter`; now by default.

        Returns
        -------
        Cell
            With the reason in `error` if it could not run, or a strategy was stopped.
        """
        begun = time.perf_counter() if begun is None else begun
        composition, backtest = self._composition, self._backtest
        # Its layout is the template's: `restore` would compare them for each cell.
        load_arena(composition.arena.address, self._template.snapshot.address, 0)
        composition.strategies.clear()
        try:
            for terms in composition.enabled:
                runnable = self._runnables[terms.id]
                runnable.errors.clear()
                given = parameters.get(terms.id, terms.parameters)
                cls = self._template.classes[terms.id]
                composition.hang(terms, cls, given, runnable)
            backtest.renew()
            outcomes = backtest.run(blocks=self._blocks())
        except RuleError as error:
            return Cell(number, values, error=str(error), is_refused=True)
        except RingsideError as error:
            return Cell(number, values, error=str(error))
        for each in outcomes.strategies.values():
            if each.failure:
                return Cell(number, values, error=each.failure)
        brief = self._brief.make(outcomes)
        return Cell(
            number,
            values,
            brief.stats,
            brief.days,
            brief.returns,
            brief.days_per_year,
            seconds=time.perf_counter() - begun,
            fold_seconds=outcomes.seconds,
        )

    def _blocks(self) -> Iterable[NDArray[Any]]:
        """Records to fold: those that are shared, else the catalog's, read anew."""
        template, composition = self._template, self._composition
        if template.blocks is not None:
            return template.blocks
        composition.data = open_data(template.request, template.catalog)
        composition.actions = ActionRecords(
            composition.instruments,
            load_actions(template.catalog.root),
            composition.data.first_ts,
        )
        return self._backtest.blocks()
