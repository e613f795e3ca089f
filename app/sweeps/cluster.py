"""Runs a sweep's cells on a Dask cluster: the extra ``dist``.

Cells go in blocks of a tenth of a second of work or more, since a task costs the
scheduler milliseconds. Each worker opens the catalog itself, so its path must be
reachable from there. The rows are those of a local run: a cell depends on its request
and on nothing else. A block whose worker is lost is done again by another.
"""

import math
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from app import __version__
from app.data.catalog import Catalog
from app.errors import RingsideError, RunError
from app.sweeps.pool import Runner, Task, Templates
from app.sweeps.stage import Cell

_CONNECT_S: Final = 10
_WORK_S: Final = 0.1
_FIRST_BLOCK: Final = 4
_LARGEST_BLOCK: Final = 1000
_WAITING: Final = 3
"""Blocks that lie ready for each thread of a worker."""


@dataclass(frozen=True)
class Job:
    """What all blocks of a sweep have in common.

    Attributes
    ----------
    version : str
        Of the program that asks.
    catalog : str
        Path of the catalog.
    folders : tuple of str
        Of the user's strategies.
    interpreted : bool
    """

    version: str
    catalog: str
    folders: tuple[str, ...] = ()
    interpreted: bool = False


def run_block(job: Job, tasks: Sequence[Task]) -> tuple[list[Cell], str]:
    """Run cells on a worker.

    Returns
    -------
    list of Cell, str
        The cells, or why this worker can run none.
    """
    if job.version != __version__:
        return [], f"it runs Ringside {__version__}, the sweep is of {job.version}"
    if not Path(job.catalog).is_dir():
        return [], f"the catalog {job.catalog} cannot be reached from it"
    try:
        runner = Runner(_templates(job))
        return [runner.run(task) for task in tasks], ""
    except RingsideError as error:
        return [], str(error)


@lru_cache(maxsize=2)
def _templates(job: Job) -> Templates:
    """What a worker keeps between blocks of a sweep."""
    folders = [Path(each) for each in job.folders]
    return Templates(Catalog(Path(job.catalog)), folders, interpreted=job.interpreted)


class Cluster:
    """Runs tasks on the workers of a scheduler.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT``.
    catalog : Path
        The same for all workers.
    folders : sequence of Path
        Of the user's strategies.
    interpreted : bool

    Raises
    ------
    RunError
        If Dask is not installed, or the scheduler does not answer or has no worker.
    """

    def __init__(
        self,
        address: str,
        catalog: Path,
        folders: Sequence[Path] = (),
        *,
        interpreted: bool = False,
    ) -> None:
        self._job = Job(
            __version__,
            str(catalog.resolve()),
            tuple(str(each.resolve()) for each in folders),
            interpreted,
        )
        self._address = address
        self._cancelled = threading.Event()
        with self._client() as client:
            if not client.nthreads():
                raise RunError(f"the scheduler {address} has no worker")

    def _client(self) -> Any:
        try:
            from distributed import Client
        except ImportError as error:
            raise RunError(
                "a sweep on a cluster needs Dask: install the extra, ringside[dist]"
            ) from error
        try:
            return Client(self._address, timeout=_CONNECT_S)
        except (OSError, ValueError) as error:
            raise RunError(
                f"the scheduler {self._address} does not answer: {error}"
            ) from error

    def cancel(self) -> None:
        """Send no further block, and tell no further cell; from any thread."""
        self._cancelled.set()

    def cells(self, tasks: Sequence[Task]) -> Iterator[Cell]:
        """Run tasks, and yield each as its block ends.

        Raises
        ------
        RunError
            If a worker can run none, or the cluster is lost.
        """
        if not tasks:
            return
        with self._client() as client:
            threads = max(1, sum(client.nthreads().values()))
            blocks = _Blocks(tasks)
            # Futures are held here: one that nobody holds is forgotten by the cluster.
            running: set[Any] = set()
            ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

            def send(most: int) -> None:
                while blocks.left and len(running) < most:
                    future = self._sent(client, blocks.take())
                    running.add(future)
                    future.add_done_callback(ended.put)

            send(threads)
            while running:
                future = ended.get()
                running.discard(future)
                cells = self._cells_of(future)
                blocks.learn(cells)
                send(threads * _WAITING)
                for cell in cells:
                    if self._cancelled.is_set():
                        return
                    yield cell

    def _sent(self, client: Any, tasks: Sequence[Task]) -> Any:
        return client.submit(run_block, self._job, tasks, pure=False)

    def _cells_of(self, future: Any) -> list[Cell]:
        try:
            cells, refusal = future.result()
        except Exception as error:
            raise RunError(
                f"the cluster {self._address} lost a block: "
                f"{type(error).__name__}: {error}"
            ) from error
        if refusal:
            raise RunError(f"a worker of {self._address} can run no cell: {refusal}")
        found: list[Cell] = cells
        return found


class _Blocks:
    """Tasks cut into blocks, by how long the cells before took."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks, self._next, self._size = tasks, 0, _FIRST_BLOCK

    @property
    def left(self) -> int:
        """Tasks that were not taken."""
        return max(0, len(self._tasks) - self._next)

    def take(self) -> Sequence[Task]:
        """Take the next block; empty where none is left."""
        first, self._next = self._next, self._next + self._size
        return self._tasks[first : self._next]

    def learn(self, cells: Sequence[Cell]) -> None:
        """Size the next blocks by the fastest cell: the first one makes a template."""
        took = [each.seconds for each in cells if not each.error]
        if took:
            size = math.ceil(_WORK_S / max(min(took), 1e-6))
            self._size = max(1, min(size, _LARGEST_BLOCK))


__all__ = ["Cluster", "Job", "run_block"]
