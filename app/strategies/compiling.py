"""Having a strategy compiled by another process: asked for, watched, ended.

A compiler that hangs, crashes or takes all memory harms nothing but itself. Where the
program stays (`keep_compiler`), one process keeps the compiler loaded and forks a child
for each strategy, which saves most of a compile's time; where it does not, where the
system has no such fork, or where that process is not there yet, each strategy has a
process of its own from the start. Both run `app.strategies.compiler`.
"""

import atexit
import base64
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from app.clock import SystemClock
from app.engine.build import waits_to_be_read
from app.engine.compile import ENGINE, IN_BUILD_SERVER
from app.engine.sources import sources
from app.errors import StrategyError

_log = logging.getLogger("app.strategies")
_CLOCK: Final = SystemClock()
_LLVM: Final = "LLVM ERROR: "
_NO_MEMORY: Final = "out of memory"
_NEW_ARRAY: Final = "NRT_"
"""In the names of what numba's arrays are counted by."""
CPU_S: Final = 120
"""Most processor time that a compiler may take; what its file does alone counts too.

A machine that is slow or busy takes its time: an endless loop ends all the same."""
COMPILE_S: Final = 1800.0
"""Longest that anyone waits for a compiler, whatever it waits for itself."""
MEMORY_BYTES: Final = 4 << 30
"""Most memory of its own that a compiler may take; the file's own counts too."""
_LOOK_S: Final = 0.1
_MOST_STARTS: Final = 3
"""How often a compiler that stays is started before it is given up."""
STAY: Final = "--stay"
READY: Final = b"ready"


@dataclass(frozen=True)
class Compiling:
    """A strategy that is being compiled, for whoever waits for it.

    Attributes
    ----------
    title : str
    begun_ns : int
        On the monotonic clock.
    """

    title: str
    begun_ns: int


@dataclass(frozen=True)
class Order:
    """What shall be compiled.

    Attributes
    ----------
    title : str
        Its name to people.
    file, name : str
        The source, and the class in it.
    folder : Path
        Where its machine code is kept.
    new_array : str
        The first line that makes a new array, and what stands there; "" if none does.
    """

    title: str
    file: str
    name: str
    folder: Path
    new_array: str = ""

    def told(self) -> list[str]:
        """What the compiler's process is told of it."""
        return [self.file, self.name, str(self.folder), str(CPU_S)]


@dataclass(frozen=True)
class Answer:
    """What became of it.

    Attributes
    ----------
    reason : str
        Why it has to run as Python; "" if it is compiled.
    code : dict of handler to bytes
        Machine code that could not be kept in the cache.
    unkept : str
        Why not; "" if all was kept.
    error : str
        Why it cannot run at all; "" if it can.
    is_guessed : bool
        The reason is taken from how the compiler ended; it has written nothing down.
    """

    reason: str = ""
    code: dict[str, bytes] = field(default_factory=dict)
    unkept: str = ""
    error: str = ""
    is_guessed: bool = False

    def pack(self) -> bytes:
        """Put it into a line."""
        code = {
            name: base64.b64encode(each).decode() for name, each in self.code.items()
        }
        return json.dumps({**vars(self), "code": code}).encode()

    @classmethod
    def unpack(cls, line: bytes) -> "Answer | None":
        """Read it from a line; None if the process that wrote it did not end it."""
        try:
            table = json.loads(line)
        except ValueError:
            return None
        code = {name: base64.b64decode(each) for name, each in table["code"].items()}
        return cls(**{**table, "code": code})


@dataclass(frozen=True)
class _Ended:
    """How a compiler's process ended: its status, its answer, what else it said."""

    status: int
    answer: bytes
    said: str


class _Run(Protocol):
    """A compiler's process under way."""

    def wait(self, seconds: float) -> _Ended | None:
        """How it ended; None if it has not within so long.

        Raises
        ------
        ConnectionError
            If it cannot be known.
        """

    def end(self) -> None:
        """End it, if it has not ended."""


# Whoever waits.


class _Waiting(threading.local):
    told: Callable[[Compiling | None], None] | None = None


_waiting = _Waiting()


def watcher() -> Callable[[Compiling | None], None] | None:
    """Return who watches this thread, for threads that work for it; None: nobody."""
    return _waiting.told


@contextmanager
def watched(told: Callable[[Compiling | None], None] | None) -> Iterator[None]:
    """Watch what this thread has compiled within a block.

    Parameters
    ----------
    told : callable or None
        Called on this thread ten times a second while a strategy is being compiled, and
        with None when that is over. What it raises ends the compiler.
    """
    before, _waiting.told = _waiting.told, told
    try:
        yield
    finally:
        _waiting.told = before


def _tell(what: Compiling | None) -> None:
    if _waiting.told is not None:
        _waiting.told(what)


# Compiling.

_turns: dict[Path, threading.Lock] = {}
_turns_lock: Final = threading.Lock()
_unkept: dict[Path, Answer] = {}
"""What the cache could not take, for as long as this process lives."""


def compile_apart(order: Order, is_there: Callable[[], bool]) -> Answer | None:
    """Have a strategy compiled by a process of its own.

    Parameters
    ----------
    is_there : callable
        Whether another thread or process has compiled it meanwhile.

    Returns
    -------
    Answer or None
        None: it is there.

    Raises
    ------
    StrategyError
        If that cannot be done; why.
    """
    what = Compiling(order.title, _CLOCK.monotonic_ns())
    with _turns_lock:
        turn = _turns.setdefault(order.folder, threading.Lock())
    try:
        while not turn.acquire(timeout=_LOOK_S):
            _tell(what)
        try:
            if is_there():
                return None
            if order.folder not in _unkept:
                answer = _answer(order, _compiled(order, what))
                if answer.unkept:
                    _unkept[order.folder] = answer
                    _tell_unkept(order.folder.parent, answer.unkept)
                return answer
            return _unkept[order.folder]
        finally:
            turn.release()
    finally:
        _tell(None)


def unkept(folder: Path) -> Answer | None:
    """What was compiled in this process's time and could not be kept."""
    return _unkept.get(folder)


_told_unkept: list[str] = []


def _tell_unkept(root: Path, why: str) -> None:
    """Say once that the cache takes nothing."""
    if not _told_unkept:
        _told_unkept.append(why)
        _log.warning(
            "%s takes no compiled strategies (%s): they run, and are compiled anew "
            "at each start of the program",
            root,
            why,
        )


def _compiled(order: Order, what: Compiling) -> _Ended:
    """Let a process compile, within limits, for as long as it is wanted."""
    if (run := _compiler.begin(order)) is not None:
        try:
            return _watch(run, order, what)
        except ConnectionError as error:
            _log.info("the compiler that stays has ended: %s", error)
    return _watch(_Alone(order), order, what)


def _watch(run: _Run, order: Order, what: Compiling) -> _Ended:
    try:
        while (ended := run.wait(_LOOK_S)) is None:
            _tell(what)
            if _CLOCK.monotonic_ns() - what.begun_ns > COMPILE_S * 1e9:
                raise StrategyError(
                    f"{order.title} did not compile within {COMPILE_S:g} s"
                )
    finally:
        run.end()
    return ended


def _answer(order: Order, ended: _Ended) -> Answer:
    """What became of it, by how the process ended.

    Raises
    ------
    StrategyError
        If it was not compiled, and does not run as Python either.
    """
    answer = Answer.unpack(ended.answer)
    if answer is not None and not answer.error:
        return answer
    cannot = f"{order.title} cannot be compiled: "
    if answer is not None:
        raise StrategyError(cannot + answer.error)
    if _LLVM in ended.said:
        # What has no place in our machine code ends the compiler's process.
        words = ended.said.partition(_LLVM)[2].strip().splitlines()[0]
        if _NO_MEMORY not in words:
            reason = f"it makes what only Python can hold ({words})"
            if _NEW_ARRAY in words:
                reason = (
                    f"{order.new_array or 'a handler'} makes a new array, which only "
                    "Python can hold: make it in __init__, and fill it element by "
                    "element or by self.x[:] = … (docs/strategies.md, What compiles)"
                )
            return Answer(reason, is_guessed=True)
        raise StrategyError(cannot + no_memory())
    if ended.status < 0:
        raise StrategyError(cannot + _killed(-ended.status))
    last = ended.said.strip()[-2000:]
    raise StrategyError(
        f"{cannot}the compiler's process ended with status {ended.status}: {last}"
    )


def no_memory() -> str:
    """Say that the memory limit was met."""
    return f"it needs more than the {MEMORY_BYTES >> 30} GiB that a compiler may take"


def _killed(number: int) -> str:
    known = {each.value: each.name for each in signal.Signals}
    if known.get(number) == "SIGXCPU":
        return f"it took more than {CPU_S} s of processor time"
    words = f"signal {number} ({known.get(number, 'unknown')}) ended the compiler"
    if known.get(number) == "SIGKILL":
        words += ": somebody's, or the system's that was short of memory"
    return words


def environment() -> dict[str, str]:
    """The environment of a process that compiles."""
    return {**os.environ, IN_BUILD_SERVER: "1", "OPENBLAS_NUM_THREADS": "1"}


_MODULE: Final = (sys.executable, "-m", "app.strategies.compiler")


class _Alone:
    """A process for one strategy, that loads the compiler first."""

    def __init__(self, order: Order) -> None:
        self._process = subprocess.Popen(
            [*_MODULE, *order.told()],
            cwd=ENGINE.parent.parent,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait(self, seconds: float) -> _Ended | None:
        try:
            answer, said = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        return _Ended(self._process.returncode, answer, said.decode(errors="replace"))

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


# The compiler that stays.


class _Forked:
    """A child of the compiler that stays.

    Over its socket come the child's answer and, in a line behind it, how it ended; once
    the socket is closed at this end the child is killed.
    """

    def __init__(self, reply: socket.socket, said: int) -> None:
        self._reply, self._said, self._got = reply, said, b""

    def wait(self, seconds: float) -> _Ended | None:
        self._reply.settimeout(seconds)
        try:
            while part := self._reply.recv(1 << 16):
                self._got += part
        except TimeoutError:
            return None
        answer, _, status = self._got.rpartition(b"\n")
        if not status:
            raise ConnectionError("it closed its socket")
        os.lseek(self._said, 0, os.SEEK_SET)
        said = os.read(self._said, 1 << 16)
        return _Ended(int(status), answer, said.decode(errors="replace"))

    def end(self) -> None:
        self._reply.close()
        if self._said >= 0:
            os.close(self._said)
            self._said = -1


class _Staying:
    """One process that keeps the compiler loaded, and what it was started with."""

    def __init__(self) -> None:
        self.made_of = _made_of()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [*_MODULE, STAY, str(its.fileno())],
                cwd=ENGINE.parent.parent,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
            )
        self._control, self._is_ready = ours, False
        ours.setblocking(False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_ready(self) -> bool:
        """Whether it has loaded what it needs.

        Raises
        ------
        ConnectionError
            If it has ended.
        """
        try:
            said = self._control.recv(len(READY))
        except ConnectionError:
            said = b""
        except BlockingIOError:
            return self._is_ready
        if not said:
            raise ConnectionError(f"its status is {self._process.poll()}")
        self._is_ready = True
        return True

    def wait(self, seconds: float) -> None:
        """Wait until it says something, or has ended."""
        waits_to_be_read(self._control.fileno(), seconds)

    def begin(self, order: Order) -> _Run:
        """Let it fork a child that compiles."""
        ours, its = socket.socketpair()
        said = os.memfd_create("compiler")
        run = _Forked(ours, said)
        with its:
            told = json.dumps(order.told()).encode()
            try:
                socket.send_fds(self._control, [told], [its.fileno(), said])
            except OSError as error:
                run.end()
                raise ConnectionError(str(error)) from error
        return run

    def end(self) -> None:
        """End it and what it has forked."""
        self._control.close()
        self._process.kill()
        self._process.wait()


def _made_of() -> tuple[Any, ...]:
    """What a compiler's process is made of: the sources as they are, the settings."""
    files = sources(Path(__file__).with_name("compiler.py"))
    stats = [(str(each), each.stat()) for each in files]
    settings = sorted(
        each
        for each in os.environ.items()
        if each[0].startswith(("RINGSIDE_", "NUMBA_", "PYTHON"))
    )
    return tuple((f, s.st_mtime_ns, s.st_size) for f, s in stats), tuple(settings)


class _Compiler:
    """The compiler that stays, if there shall be one; started again where it ended."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._staying: _Staying | None = None
        self._starts = 0
        self.is_wanted = False

    def keep(self) -> None:
        """Have one from now on."""
        with self._turn:
            self.is_wanted = sys.platform == "linux"
            self._look()

    def release(self) -> None:
        """Have none any more."""
        with self._turn:
            self.is_wanted, self._starts = False, 0
            self._drop()

    def pid(self, wait_s: float) -> int:
        """Return its process id; 0 while there is none that is ready."""
        until = _CLOCK.monotonic_ns() + round(wait_s * 1e9)
        while True:
            with self._turn:
                is_ready, staying = self._look(), self._staying
            if staying is None:
                return 0
            left_s = (until - _CLOCK.monotonic_ns()) / 1e9
            if is_ready or left_s <= 0:
                return staying.pid if is_ready else 0
            staying.wait(left_s)

    def begin(self, order: Order) -> _Run | None:
        """Have a strategy compiled by it; None where it cannot."""
        with self._turn:
            if not self._look() or self._staying is None:
                return None
            try:
                return self._staying.begin(order)
            except ConnectionError:
                self._drop()
                return None

    def _look(self) -> bool:
        """Whether it is ready; start it where there is none, or it is out of date."""
        if not self.is_wanted:
            return False
        if self._staying is not None:
            try:
                is_ready = self._staying.is_ready()
            except ConnectionError as error:
                _log.info("the compiler that stays has ended: %s", error)
                self._drop()
            else:
                if self._staying.made_of == _made_of():
                    return is_ready
                self._drop()
                self._starts = 0
        if self._starts < _MOST_STARTS:
            self._starts += 1
            self._staying = _Staying()
        return False

    def _drop(self) -> None:
        if self._staying is not None:
            self._staying.end()
            self._staying = None


_compiler: Final = _Compiler()
atexit.register(_compiler.release)


def keep_compiler() -> None:
    """Keep a process that has the compiler loaded; it loads it at the least priority.

    Until it is ready, and where the system cannot do this (all but Linux), compiling
    goes on as without it. It ends with this process.
    """
    _compiler.keep()


def release_compiler() -> None:
    """End the process that has the compiler loaded."""
    _compiler.release()


def compiler_pid(wait_s: float = 0.0) -> int:
    """Process id of the compiler that stays; 0 if it is not ready within so long."""
    return _compiler.pid(wait_s)
