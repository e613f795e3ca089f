"""Building the compile cache ahead of use, on all cores, outside our process.

Compiling in a thread freezes the window; so a *build server*, a process of its own,
compiles. It loads numba once and forks a worker per core; a worker takes the next unit
from the queue until none is left, and keeps what it has compiled of shared kernels for
its next unit. On its standard output it says ``begin UNIT`` and ``end UNIT``.

``python -m app.engine.build`` builds everything, with a line of progress for each unit.
"""

import fcntl
import gc
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Final

from app.clock import SystemClock
from app.engine.compile import (
    ENGINE,
    IN_BUILD_SERVER,
    UNITS,
    cache_root,
    compile_unit,
    is_built,
)
from app.errors import CompileError

ALL_UNITS: Final = (*UNITS, "app.engine.run_sums")
"""What is compiled ahead of use. A unit that no session needs to begin is named here:
`compile.py` is a source of each unit, so that an edit there compiles them all again."""
_KEPT_CACHES: Final = 8 * len(UNITS)
_KEPT_NS: Final = 86_400_000_000_000
"""A cache of the last day is kept however many there are: another build may fill it."""
_MOST_UNITS: Final = 255
_LOOK_S: Final = 0.2


def build(
    progress: Callable[[str, int, int], None] = lambda unit, done, total: None,
    units: tuple[str, ...] = ALL_UNITS,
    is_wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Compile what is not in the cache.

    Parameters
    ----------
    progress : callable
        Told the unit that ended, how many are done and how many there are.
    is_wanted : callable
        Asked several times a second; once it says False, the build is broken off.

    Raises
    ------
    CompileError
        If a unit does not compile; the message holds the compiler's last lines.
    """
    missing = [unit for unit in units if not is_built(unit)]
    if not missing:
        return
    _prune()
    progress("", 0, len(missing))
    # What it says goes to a file: a pipe that nobody reads would stop it.
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "app.engine.build", *missing],
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=ENGINE.parent.parent,
            env={**os.environ, IN_BUILD_SERVER: "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
        try:
            begun = _follow(_lines(server, is_wanted), len(missing), progress)
        finally:
            _end(server)
        if server.returncode and is_wanted():
            raise CompileError(f"{begun} does not compile: {_last_words(said)}")


def _lines(
    server: "subprocess.Popen[bytes]", is_wanted: Callable[[], bool]
) -> Iterator[str]:
    """Yield what the server says, until it ends or nobody wants it any more."""
    assert server.stdout is not None
    descriptor, rest = server.stdout.fileno(), b""
    while is_wanted():
        if not waits_to_be_read(descriptor, _LOOK_S):
            continue
        said = os.read(descriptor, 4096)
        if not said:
            return
        *whole, rest = (rest + said).split(b"\n")
        yield from (line.decode() for line in whole)
    _kill_group(server.pid)


def waits_to_be_read(descriptor: int, seconds: float) -> bool:
    """Wait until there is something to read, or the end; False if neither came.

    ``select.select`` refuses descriptors from 1,024 on, which a program with many
    recordings mapped has.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1_000))


def _follow(
    lines: Iterable[str],
    total: int,
    progress: Callable[[str, int, int], None],
) -> str:
    """Tell progress until the server ends; return the unit that was not finished."""
    done = 0
    open_units: list[str] = []
    failed = ""
    for line in lines:
        word, _, unit = line.strip().partition(" ")
        if word == "begin":
            open_units.append(unit)
        elif word == "end":
            open_units.remove(unit)
            done += 1
            progress(unit, done, total)
        elif word == "failed":
            failed = unit
    return failed or ", ".join(open_units)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """Leave no process behind."""
    try:
        if server.poll() is None and sys.exc_info()[0] is None:
            # It has said all: a moment to end by itself keeps its exit status.
            server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
    finally:
        _kill_group(server.pid)
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _last_words(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read()[-2000:].decode(errors="replace").strip()


def serve(units: list[str]) -> int:
    """Compile units in forked workers; the exit status."""
    gc.disable()
    assert len(units) <= _MOST_UNITS
    queue, filled = os.pipe()
    os.write(filled, bytes(range(len(units))))
    os.close(filled)
    workers: dict[int, int] = {}
    for _ in range(min(len(units), max(1, os.cpu_count() or 1))):
        status, says = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(status)
            _work(units, queue, says)
        os.close(says)
        workers[child] = status
    return _await(units, workers)


def _work(units: list[str], queue: int, says: int) -> None:
    """Compile units from the queue until it is empty; never returns."""
    code = 1
    try:
        while taken := os.read(queue, 1):
            # One byte to the parent names the unit that a dying worker leaves open.
            os.write(says, taken)
            unit = units[taken[0]]
            _say("begin", unit)
            with _turn(unit):
                if not is_built(unit):
                    compile_unit(unit)
            _say("end", unit)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def _turn(unit: str) -> Iterator[None]:
    """Wait until no other process compiles a unit: it is then there for both."""
    locks = cache_root().parent / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / unit).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _await(units: list[str], workers: dict[int, int]) -> int:
    """Wait for the workers; the first to fail ends all."""
    while workers:
        child, status = os.wait()
        taken = os.read(workers.pop(child), len(units))
        if status:
            _say("failed", units[taken[-1]])
            for other in workers:
                os.kill(other, signal.SIGKILL)
            return 1
    return 0


def _say(word: str, unit: str) -> None:
    # One write of a short line is one piece, whichever worker it comes from.
    os.write(1, f"{word} {unit}\n".encode())


def _prune() -> None:
    """Remove caches that were not used for long: those of earlier sources."""
    root = cache_root()
    folders = [path for path in root.iterdir() if path.is_dir()]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    now = SystemClock().wall_ns()
    for path in folders[_KEPT_CACHES:]:
        if now - path.stat().st_mtime_ns > _KEPT_NS:
            shutil.rmtree(path, ignore_errors=True)


def _print(unit: str, done: int, total: int) -> None:
    name = unit.removeprefix("app.engine.") or "start"
    print(f"compiling the engine: {done}/{total} {name}", flush=True)  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(serve(sys.argv[1:]))
    build(_print)
