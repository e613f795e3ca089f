"""The process that compiles strategies: for one, or staying and forking for each.

``python -m app.strategies.compiler FILE CLASS FOLDER SECONDS`` compiles one strategy in
so much processor time, and writes an `Answer` to its standard output. With ``--stay
SOCKET`` it loads the compiler at the least priority, and what handlers are made of;
then it forks a child for each request that comes over the socket, and ends once nobody
is at the other end.

A child is as good as a process that loaded all by itself: the one that forks has a
single thread, has run no user's file, and holds nothing that a child could change.
"""

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.strategies import slips
from app.strategies.compiling import MEMORY_BYTES, READY, STAY, Answer, no_memory
from app.strategies.program import NotCompilableError

_QUIET: Final = 10
_MOST_ASKED: Final = 1 << 16
_DIE_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


# Compiling one strategy.


def _answer_of(file: str, name: str, folder: Path) -> Answer:
    """Compile a strategy, and keep what comes of it."""
    try:
        return _keep(folder, *_compile(file, name, folder))
    except MemoryError:
        return Answer(error=no_memory())
    except Exception as error:  # noqa: BLE001 - told to the process that asked
        if isinstance(error.__cause__, MemoryError):
            return Answer(error=f"{error}: {no_memory()}")
        return Answer(error=_words(error, file))


def _words(error: Exception, file: str) -> str:
    """What an error says, with its line in the user's file where it has one."""
    from app.errors import RingsideError

    if isinstance(error, RingsideError):
        return str(error)
    line = slips.line_in(error, file)
    if line:
        return f"{file}: line {line}: {slips.words_of(error)}"
    return traceback.format_exc()[-2000:].strip()


def _compile(file: str, name: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Why it has to run as Python, or its entries."""
    from app.engine.compile import compile_all
    from app.strategies.loader import load_file
    from app.strategies.program_making import translate
    from app.strategies.running import compiled_entries

    try:
        entries = compiled_entries(translate(load_file(Path(file), name)), folder)
        compile_all(entries.values())
    except NotCompilableError as error:
        return str(error), {}
    except Exception as error:
        from numba.core.errors import NumbaError, UnsupportedBytecodeError

        if not isinstance(error, NumbaError | UnsupportedBytecodeError):
            raise
        return _told(str(error), Path(file).name), {}
    for each in entries.values():
        if each.foreign:
            return f"it calls what only Python can ({each.foreign})", {}
    return "", entries


def _told(message: str, file: str) -> str:
    """What numba says, in a line: its first word on this file, and its first line."""
    plain = slips.COLOURS.sub("", message)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    place = [line for line in lines if f'{file}", line ' in line]
    where = place[0].partition('", ')[2].rstrip(":") if place else ""
    words = next((line for line in lines if not line.startswith("Failed in")), "")
    return f"{where}: {words}" if where else words


def _keep(folder: Path, reason: str, entries: dict[str, Any]) -> Answer:
    """Put machine code into the cache, or into the answer where that takes nothing."""
    from app.strategies.running import write_verdict
    from app.strategies.whole_files import write_whole

    answer = Answer(reason)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in entries.values():
            write_whole(each.file, each.code)
        write_verdict(folder, reason)
    except OSError as error:
        code = {name: each.code for name, each in entries.items()}
        answer = replace(answer, code=code, unkept=error.strerror or str(error))
    return answer


def _load() -> None:
    """Load the compiler, and tell it where kernels are kept."""
    from app.engine import strategy_calls
    from app.strategies import fresh_arrays, kept_kernels, whole_numbers
    from app.strategies.running import kernels_folder

    kept_kernels.install(kernels_folder())
    strategy_calls.offer()
    whole_numbers.offer()
    fresh_arrays.offer()


def _limit(seconds: str) -> None:
    """Bound memory and processor time of this process, where the system has bounds."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        is_free = most == resource.RLIM_INFINITY
        allowed = int(seconds) if is_free else min(int(seconds), most)
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, most))
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        is_free = most == resource.RLIM_INFINITY
        allowed = MEMORY_BYTES if is_free else min(MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))


def _die_with_parent(parent: int) -> None:
    """End once the thread that began this process has ended (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _once(file: str, name: str, folder: str, seconds: str) -> None:
    """Compile one strategy; what its file prints goes where errors go."""
    _die_with_parent(os.getppid())
    _limit(seconds)
    said = os.dup(1)
    os.dup2(2, 1)
    _load()
    with os.fdopen(said, "wb") as out:
        out.write(_answer_of(file, name, Path(folder)).pack())


# Staying.


class _Child:
    """A child that compiles: its process, and the socket of who waits for it."""

    def __init__(self, process: int, reply: socket.socket) -> None:
        self.process, self.reply = process, reply
        self.ended = os.pidfd_open(process)

    def bury(self) -> None:
        """Tell how it ended."""
        _, status = os.waitpid(self.process, 0)
        os.close(self.ended)
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            self.reply.sendall(f"\n{os.waitstatus_to_exitcode(status)}".encode())
        self.reply.close()


def _warm_up() -> None:
    """Load all that compiling needs, and compile a strategy that uses most of it."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _QUIET)
    _load()
    from app.engine.compile import compile_all
    from app.strategies import compiler_sample
    from app.strategies.program_making import translate
    from app.strategies.running import compiled_entries

    program = translate(compiler_sample.Sample)
    compile_all(compiled_entries(program, Path(os.devnull)).values())


def _is_alone() -> bool:
    """Whether this process has a single thread, so that a fork is whole."""
    return len(os.listdir("/proc/self/task")) == 1


def _stay(control: socket.socket) -> None:
    """Fork a child for each request, until nobody is there to ask."""
    # A thread has a priority of its own: children get that of this one.
    warm = threading.Thread(target=_warm_up)
    warm.start()
    warm.join()
    gc.collect()
    gc.freeze()
    control.send(READY)
    children: list[_Child] = []
    poll = select.poll()
    poll.register(control, select.POLLIN)
    while True:
        happened = dict(poll.poll())
        if control.fileno() in happened:
            told, given, _, _ = socket.recv_fds(control, _MOST_ASKED, 2)
            if not told:
                break
            child = _fork(json.loads(told), given, control, children)
            children.append(child)
            poll.register(child.ended, select.POLLIN)
            poll.register(child.reply, select.POLLIN)
        for child in [*children]:
            if child.ended in happened:
                poll.unregister(child.ended)
                with contextlib.suppress(KeyError):
                    poll.unregister(child.reply)
                child.bury()
                children.remove(child)
            elif child.reply.fileno() in happened:
                # Nobody waits any more.
                poll.unregister(child.reply)
                os.kill(child.process, signal.SIGKILL)
    for child in children:
        os.kill(child.process, signal.SIGKILL)


def _fork(
    told: list[str],
    given: list[int],
    control: socket.socket,
    children: list[_Child],
) -> _Child:
    if not _is_alone():
        raise RuntimeError("a process with threads cannot fork a compiler")
    parent = os.getpid()
    process = os.fork()
    reply = socket.socket(fileno=given[0])
    if process:
        os.close(given[1])
        return _Child(process, reply)
    from app.strategies import kept_kernels

    try:
        _die_with_parent(parent)
        control.close()
        for each in children:
            each.reply.close()
            os.close(each.ended)
        os.dup2(given[1], 1)
        os.dup2(given[1], 2)
        file, name, folder, seconds = told
        _limit(seconds)
        kept_kernels.number_anew()
        reply.sendall(_answer_of(file, name, Path(folder)).pack())
        code = 0
    except BaseException:  # noqa: BLE001 - a child returns nowhere
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] == STAY:
        _stay(socket.socket(fileno=int(sys.argv[2])))
    else:
        _once(*sys.argv[1:5])
