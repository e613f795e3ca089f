"""Why a strategy failed: the handler, the line, the traceback.

Compiled code tells no line. So the event at which it failed is run once more as Python,
in a process of its own and a copy of the arena, where it can do no harm and compiles
what it needs without the window waiting; what is said then has happened again. A
running session keeps a strategy's memory as it was before each call. All else may have
moved on since; if it does not happen again, the handler alone is told.
"""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.arena import Arena, Section
from app.engine.snapshot import SnapshotBuffer, load_arena, snapshot_bytes
from app.engine.strategy import Handler, HandlerStatus, Interpreted
from app.sessions.hanging import memory_of
from app.strategies import slips
from app.strategies.loader import load_file
from app.strategies.program import Program
from app.strategies.program_making import translate
from app.strategies.running import LOOP_ENDED, as_python
from app.strategies.strategy import title_of

_PATIENCE_NS: Final = 500_000_000
"""How long loops may take that are run once more since they did not end."""
_LONG_NS: Final = 60_000_000_000
"""How long those of a handler may take that raised: its first calls compile kernels."""
_PROCESS_S: Final = 1800.0
"""How long the process may take, on a machine that is busy with other things."""
_CPU_S: Final = 240
"""How much of the processor it may."""
_GROWTH: Final = 1 << 22
"""Bytes that an arena may grow by until it is copied."""
_MOMENT: Final = "moment.pickle"
_WORDS: Final = {
    HandlerStatus.RAISED: "raised",
    HandlerStatus.OUT_OF_BUDGET: "ran out of budget",
    HandlerStatus.BAD_NUMBER: "made a number that is none",
    HandlerStatus.FLOODED: "sent far more orders than the message rate allows",
}


@dataclass(frozen=True)
class Failure:
    """How a strategy failed.

    Attributes
    ----------
    message : str
        In a line.
    file : str
        Where it stands.
    line : int
        In its file; 0 if it is not known.
    source : str
        That line.
    trace : str
        The traceback; "" if there is none.
    """

    message: str
    file: str
    line: int = 0
    source: str = ""
    trace: str = ""


def _now(action: Callable[[], None]) -> None:
    action()


@dataclass(frozen=True)
class Moment:
    """All of a session that is needed to find out why a strategy failed.

    Attributes
    ----------
    layout : dict
        Of the arena.
    used : bytes
        A snapshot of it.
    number : int
        The strategy's.
    before : bytes
        Its memory before the call; empty: as it stands in the snapshot.
    """

    layout: dict[Section, tuple[np.dtype[Any], int]]
    used: bytes
    number: int
    before: bytes = b""

    @classmethod
    def of(
        cls,
        arena: Arena,
        number: int,
        before: NDArray[np.uint8] | None = None,
        between: Callable[[Callable[[], None]], object] = _now,
    ) -> "Moment":
        """Copy an arena.

        Parameters
        ----------
        between : callable
            Does what it is given while nothing else touches the arena; at once, by
            default.
        """
        room = snapshot_bytes(arena.address, 0, 0) + _GROWTH
        buffer = SnapshotBuffer(room)
        between(lambda: buffer.save(arena))
        kept = b"" if before is None else before.tobytes()
        return cls(arena.layout, buffer.bytes[: buffer.size].tobytes(), number, kept)

    def arena(self) -> Arena:
        """Make an arena of its own from it."""
        used = np.frombuffer(self.used, np.uint8).copy()
        made = Arena(self.layout)
        load_arena(made.address, used.ctypes.data, 0)
        if self.before:
            kept = np.frombuffer(self.before, np.uint8)
            memory_of(made, self.number)[: len(kept)] = kept
        return made


def failure_of(
    moment: Moment, program: Program, error: BaseException | None = None
) -> Failure:
    """Tell why a strategy failed.

    Parameters
    ----------
    error : BaseException, optional
        What it raised, where it ran as Python and that is known.
    """
    if error is not None:
        return _worded(moment.arena(), moment.number, program, error)
    with TemporaryDirectory() as folder:
        (Path(folder) / _MOMENT).write_bytes(pickle.dumps(moment))
        try:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "app.sessions.failures", folder),
                    *(program.file, program.cls.__qualname__),
                ],
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                check=True,
                timeout=_PROCESS_S,
            )
            return Failure(**json.loads(done.stdout.splitlines()[-1]))
        except (subprocess.SubprocessError, OSError, ValueError, IndexError):
            return _worded(moment.arena(), moment.number, program, None)


def _worded(
    arena: Arena, number: int, program: Program, error: BaseException | None
) -> Failure:
    """Put a failure into words."""
    row = arena.records(Section.STRATEGIES)[number]
    title, file = title_of(program.cls), program.file
    status = HandlerStatus(int(row["status"]))
    event, words = int(row["failed_event"]), _WORDS.get(status, status.name.lower())
    if row["failed_handler"] < 0:
        return Failure(f"{title} {words}, at event {event}", file)
    handler = Handler(int(row["failed_handler"]))
    message = f"{title}.{handler.name.lower()} {words} at event {event}"
    if error is None:
        return Failure(message, file)
    told = f"{message}: {slips.words_of(error)}"
    own = [each for each in slips.frames_in(error, file) if each.line]
    trace = slips.trace_of(error, file)
    if not own:
        return Failure(told, file, trace=trace)
    last = own[-1]
    return Failure(
        f"{told} (line {last.lineno})", file, last.lineno or 0, last.line or "", trace
    )


def _again(arena: Arena, number: int, program: Program) -> BaseException | None:
    """Run the failed event as Python; what it raised, None if nothing."""
    row = arena.records(Section.STRATEGIES)[number]
    if row["failed_handler"] < 0:
        return None
    handler = Handler(int(row["failed_handler"]))
    # What ran out of budget is somewhere in its loop; what raised may raise late, for
    # compiled loops make far more turns in that time.
    is_endless = HandlerStatus(int(row["status"])) is HandlerStatus.OUT_OF_BUDGET
    patience_ns = _PATIENCE_NS if is_endless else _LONG_NS
    python = as_python(program, "to find the line", patience_ns, quiet=True)
    again = python.handlers[handler]
    assert isinstance(again, Interpreted)
    record: Any = np.frombuffer(row["failed_record"].tobytes(), np.int64).copy()
    no_event = handler in (Handler.ON_START, Handler.ON_STOP)
    again.function(arena.address, number, 0 if no_event else record.ctypes.data)
    error = python.errors[-1] if python.errors else None
    is_given_up = isinstance(error, RuntimeError) and str(error) == LOOP_ENDED
    return None if is_given_up and not is_endless else error


def serve(folder: Path, file: Path, name: str) -> None:
    """Find out in this process, and print the Failure as JSON."""
    moment: Moment = pickle.loads((folder / _MOMENT).read_bytes())
    program, arena = translate(load_file(file, name)), moment.arena()
    error = _again(arena, moment.number, program)
    found = _worded(arena, moment.number, program, error)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    # The class is to be that of the module, whose name the pickle holds.
    from app.sessions import failures

    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        allowed = _CPU_S if most == resource.RLIM_INFINITY else min(_CPU_S, most)
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, most))
    failures.serve(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
