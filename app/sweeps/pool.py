"""Runs cells on threads: the engine folds without the GIL, records are shared.

Cells are taken in order, and told by batches as they end: whoever reads them wants the
GIL, which those that run need as well. What a cell says does not depend on who
ran it, so the rows of a sweep are the same whatever the number of threads.
"""

import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.data.catalog import Catalog
from app.engine.native import lower_priority
from app.errors import RingsideError
from app.strategies.compiling import watched, watcher
from app.sweeps.stage import Cell, Parameters, Stage, Template

_TEMPLATES_KEPT: Final = 2
_TOLD_S: Final = 0.02
"""How long a thread keeps to itself what has ended, s, while there is more to run."""


@dataclass(frozen=True, slots=True)
class Task:
    """A cell that is to be run.

    Attributes
    ----------
    number : int
    table : mapping
        The request's, apart from what is varied of the strategies' parameters.
    values : dict
        Of each axis.
    parameters : mapping
        Of each strategy, by its id.
    """

    number: int
    table: Mapping[str, Any]
    values: dict[str, Any]
    parameters: Parameters

    @property
    def key(self) -> str:
        """The same for tasks that can share a template."""
        return json.dumps(self.table, sort_keys=True, default=str)


class Templates:
    """Templates by key, made once each by the first thread that asks; the newest stay.

    Parameters
    ----------
    catalog : Catalog
    folders : sequence of Path
        Of the user's strategies.
    interpreted : bool
    """

    def __init__(
        self, catalog: Catalog, folders: Sequence[Path] = (), *, interpreted: bool
    ) -> None:
        self._catalog, self._folders = catalog, folders
        self._interpreted = interpreted
        self._lock = threading.Lock()
        self._kept: dict[str, Future[Template]] = {}

    def of(self, key: str, table: Mapping[str, Any]) -> Template:
        """Return the template of a key, made of a request's table.

        Raises
        ------
        RingsideError
            If the request cannot be run.
        """
        with self._lock:
            future = self._kept.get(key)
            is_mine = future is None
            if future is None:
                future = self._kept[key] = Future()
                for old in [*self._kept][:-_TEMPLATES_KEPT]:
                    del self._kept[old]
        if is_mine:
            try:
                future.set_result(self._made(table))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _made(self, table: Mapping[str, Any]) -> Template:
        return Template(
            table, self._catalog, self._folders, interpreted=self._interpreted
        )


class Runner:
    """Runs tasks one after another on the calling thread.

    Parameters
    ----------
    templates : Templates
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._stage: Stage | None = None
        self._refusal = ""
        self._key = ""
        self._table: Mapping[str, Any] | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """Let the run in hand end; from any thread."""
        self._cancelled = True
        if self._stage is not None:
            self._stage.cancel()

    def run(self, task: Task) -> Cell:
        """Run a cell; one that cannot be run has the reason in `error`."""
        begun = time.perf_counter()
        self._enter(task)
        if self._stage is None:
            return Cell(task.number, task.values, error=self._refusal)
        return self._stage.run(task.number, task.values, task.parameters, begun)

    def _enter(self, task: Task) -> None:
        if task.table is self._table:
            return
        key, self._table = task.key, task.table
        if key == self._key:
            return
        self._key, self._refusal, self._stage = key, "", None
        try:
            self._stage = Stage(self._templates.of(key, task.table))
        except RingsideError as error:
            self._refusal = str(error)
        if self._cancelled and self._stage is not None:
            self._stage.cancel()


class Pool:
    """Runs tasks on threads.

    Parameters
    ----------
    templates : Templates
    threads : int, optional
        By default one for each core.
    """

    def __init__(self, templates: Templates, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1
        self._templates = templates
        self._cancelled = threading.Event()
        self._runners: list[Runner] = []

    def cancel(self) -> None:
        """Run no further cell, and break off those in hand; from any thread."""
        self._cancelled.set()
        for each in [*self._runners]:
            each.cancel()

    def cells(self, tasks: Sequence[Task]) -> Iterator[Cell]:
        """Run tasks, and yield each as it ends.

        Who watches the calling thread (`compiling.watched`) is told what is compiled.
        """
        waiting = iter(tasks)
        taking = threading.Lock()
        done: queue.SimpleQueue[list[Cell] | BaseException | None] = queue.SimpleQueue()
        self._runners = [
            Runner(self._templates) for _ in range(min(self.threads, len(tasks)))
        ]

        def work(runner: Runner) -> None:
            lower_priority()
            ended: list[Cell] = []
            told = time.perf_counter()
            try:
                while not self._cancelled.is_set():
                    with taking:
                        task = next(waiting, None)
                    if task is None:
                        break
                    cell = runner.run(task)
                    # What was broken off says nothing.
                    if not self._cancelled.is_set():
                        ended.append(cell)
                    if (now := time.perf_counter()) - told > _TOLD_S:
                        done.put(ended)
                        ended, told = [], now
            except BaseException as error:  # noqa: BLE001  (raised by the caller)
                done.put(error)
            finally:
                done.put(ended)
                done.put(None)

        workers = [
            threading.Thread(
                target=_watched_as_here(work), args=[each], name=f"sweep-{number}"
            )
            for number, each in enumerate(self._runners)
        ]
        for worker in workers:
            worker.start()
        try:
            yield from _until_all(done, len(workers))
        except BaseException:
            self.cancel()
            raise
        finally:
            for worker in workers:
                worker.join()


def _watched_as_here(work: Callable[[Runner], None]) -> Callable[[Runner], None]:
    """Let what another thread has compiled be told to who watches this one."""
    told = watcher()

    def watched_work(runner: Runner) -> None:
        with watched(told):
            work(runner)

    return watched_work


def _until_all(
    done: "queue.SimpleQueue[list[Cell] | BaseException | None]", workers: int
) -> Iterator[Cell]:
    while workers:
        told = done.get()
        if told is None:
            workers -= 1
        elif isinstance(told, BaseException):
            raise told
        else:
            yield from told
