"""Set Ringside up and start it; the one file to run on a fresh machine.

::

    python3 start.py              set up, compile the engine, open the window
    python3 start.py test [...]   the same set-up, then every check and test
    python3 start.py ANYTHING     the same set-up, then: ringside ANYTHING

Only the standard library is used. Everything goes into ``.venv`` beside this file but
system packages that are missing: those are installed where that is allowed, else named
in a line to paste. What is done is not done again: a stamp names the lock file, the
Python and the folder that the environment was made for. Interrupted, it goes on from
where it was.
"""

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

OLDEST = (3, 11)
NEWEST = (3, 13)


def python_refusal(version: "tuple[int, ...]") -> str:
    """Say why a Python does not do, or return "" where it does."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    return "Ringside needs Python {}.{} to {}.{}, this is Python {}.{} ({})".format(
        *OLDEST, *NEWEST, *version[:2], sys.executable
    )


def other_python() -> str:
    """Find a Python that does among the usual names, or return ""."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}") or ""
        probe = [found, "-c", "import ensurepip, venv"]
        if found and subprocess.call(probe, stderr=subprocess.DEVNULL) == 0:
            return found
    return ""


def run_in_place(command: "list[str]") -> int:
    """Become another program; on Windows, which cannot, run it and wait."""
    if os.name != "nt":
        os.execv(command[0], command)
    return subprocess.call(command)


# Here, because an older Python stops at the annotations below. Until here this file is
# written for any Python 3.
if __name__ == "__main__" and python_refusal(sys.version_info[:3]):
    OTHER = other_python()
    if not OTHER:
        sys.exit(python_refusal(sys.version_info[:3]))
    sys.exit(run_in_place([OTHER, *sys.argv]))


ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = ENVIRONMENT / "ringside-stamp"
ENGINE_STAMP = ENVIRONMENT / "ringside-engine-stamp"
LOG = ENVIRONMENT / "ringside-install.log"
IS_WINDOWS = os.name == "nt"
SCRIPTS = ENVIRONMENT / ("Scripts" if IS_WINDOWS else "bin")
PYTHON = SCRIPTS / ("python.exe" if IS_WINDOWS else "python")

QT_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libglib-2.0.so.0": "libglib2.0-0",
}
"""System libraries that Qt needs wherever it paints, and their Debian packages."""

X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""Those that it needs besides for a window on an X screen."""

# Two at once: a file's tests stay together, and those with threads keep a core each.
# A process that dies or hangs is the run's failure, and no reason to wait for ever: one
# that is replaced makes the others wait (pytest-xdist 3.8, issue 1378), and a test that
# holds Python's lock natively cannot be ended by a signal, but by ending its process.
IN_PARALLEL = ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "0"]
IN_PARALLEL += ["-o", "faulthandler_timeout=1300"]
IN_PARALLEL += ["-o", "faulthandler_exit_on_timeout=true"]
WITHOUT_ENGINE = {"config", "--version", "--help", "-h"}
WITHOUT_WINDOW = WITHOUT_ENGINE | {
    "backtest",
    "runs",
    "sample",
    "sweep",
    "import",
    "export",
    "data",
    "book",
    "record",
    "scenario",
    "bench",
    "shots",
    "test",
}


class SetUpError(Exception):
    """The set-up cannot go on; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Set up what is missing, then run what was asked for."""
    try:
        set_up(arguments)
        if arguments[:1] == ["test"]:
            return run_checks(arguments[1:])
    except SetUpError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nThe set-up cannot go on: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nstopped; the same command goes on from here")
        return 130
    return run_program(arguments)


def say(text: str) -> None:
    """Tell of progress; not on stdout, which belongs to the program."""
    print(text, file=sys.stderr, flush=True)


def set_up(arguments: list[str]) -> None:
    """Bring system, environment and compiled engine to what the sources ask for."""
    needed = needed_libraries(arguments, dict(os.environ))
    install_packages(missing_packages(needed))
    still_missing = missing_packages(needed)
    if still_missing:
        raise SetUpError(f"installed, but cannot be loaded: {', '.join(still_missing)}")
    with one_at_a_time():
        if not (PYTHON.exists() and read(STAMP) == stamp()):
            make_environment()
            install()
            STAMP.write_text(stamp(), encoding="utf-8")
        if not WITHOUT_ENGINE.intersection(arguments):
            compile_engine()


def stamp() -> str:
    """Name what the environment is made from, with and for."""
    digest = hashlib.sha256(LOCK.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    return f"{digest.hexdigest()} {sys.version} {ENVIRONMENT}"


def read(path: Path) -> str:
    """Return a file's text, or "" where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other start.py sets this folder up."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(__file__, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another start.py is setting this folder up; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


# The system's packages.


def needed_libraries(arguments: list[str], environ: dict[str, str]) -> dict[str, str]:
    """Return the system libraries that a command needs, with their packages."""
    if not sys.platform.startswith("linux") or WITHOUT_ENGINE.intersection(arguments):
        return {}
    if WITHOUT_WINDOW.intersection(arguments[:1]):
        return QT_LIBRARIES
    platform = environ.get("QT_QPA_PLATFORM", "")
    is_x11 = platform.startswith("xcb") or (
        not platform and "DISPLAY" in environ and "WAYLAND_DISPLAY" not in environ
    )
    return {**QT_LIBRARIES, **X11_LIBRARIES} if is_x11 else QT_LIBRARIES


def missing_packages(libraries: dict[str, str]) -> list[str]:
    """Return the packages of those libraries that this system cannot load."""
    missing = []
    for library, package in libraries.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def install_packages(packages: list[str]) -> None:
    """Install system packages where that is allowed, else say how.

    Raises
    ------
    SetUpError
        With the line to paste, if they are not installed afterwards.
    """
    if not packages:
        return
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    advice = (
        f"These packages of the system are missing: {', '.join(packages)}.\n"
        "Install them, with the system's own names for them if it is no Debian or "
        "Ubuntu, then run this again:\n\n"
        f"    sudo apt-get update && sudo {line}\n"
    )
    prefix = root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        raise SetUpError(advice)
    say(f"installing packages of the system: {', '.join(packages)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("apt-get update", line):
        done = captured([*prefix, *command.split()], environ)
        if done.returncode:
            raise SetUpError(f"{tail(done.stdout)}\n\n{advice}")


def root_prefix() -> list[str] | None:
    """Return what makes a command run as root without asking, or None."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    if shutil.which("sudo") and not captured(["sudo", "-n", "true"]).returncode:
        return ["sudo", "-n"]
    return None


# The environment.


def make_environment() -> None:
    """Make ``.venv``, unless there is one that can be kept."""
    if is_sound():
        return
    if not importlib.util.find_spec("ensurepip"):
        major, minor = sys.version_info[:2]
        install_packages([f"python{major}.{minor}-venv"])
    say(f"making the environment in {ENVIRONMENT}")
    done = captured([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
    if done.returncode:
        raise SetUpError(f"{tail(done.stdout)}\n\n{ENVIRONMENT} cannot be made.")


def is_sound() -> bool:
    """Tell whether ``.venv`` belongs to this Python and this folder and has pip."""
    if not PYTHON.exists():
        return False
    # INSTALLER is what pip's own installation writes last: see remove_half_installed.
    probe = (
        "import sys, importlib.metadata as metadata;"
        "installer = metadata.distribution('pip').read_text('INSTALLER');"
        "print(sys.version, sys.prefix, installer is not None)"
    )
    done = captured([str(PYTHON), "-c", probe])
    return done.stdout.strip() == f"{sys.version} {ENVIRONMENT} True"


def install() -> None:
    """Install what is locked, then the project itself, editable."""
    remove_half_installed()
    total = sum("==" in line for line in read(LOCK).splitlines())
    say(f"installing {total} packages, about 1.3 GB; the first time takes minutes")
    pip(["--require-hashes", "-r", str(LOCK)], total)
    pip(["--no-deps", "--no-build-isolation", "-e", str(ROOT)], 1)


def remove_half_installed() -> None:
    """Forget packages that an interrupted pip left, so that it installs them anew.

    pip copies a package's files, metadata among them, and writes INSTALLER last but
    one; metadata without it would pass for an installed package.
    """
    for metadata in ENVIRONMENT.glob("[Ll]ib/**/site-packages/*.dist-info"):
        if not (metadata / "INSTALLER").exists():
            shutil.rmtree(metadata)


def pip(arguments: list[str], total: int) -> None:
    """Run pip's install; its words go to a log, a count of packages to the user."""
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar=off", *arguments]
    environ = {
        **os.environ,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
    }
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        with process:
            tell_progress(process.stdout or (), log, total)
    if process.returncode:
        raise SetUpError(f"{tail(read(LOG))}\n\nThe installation failed; see {LOG}")


def tell_progress(lines: Iterable[str], log: TextIO, total: int) -> None:
    """Keep pip's words in a log and tell how far it is."""
    count = 0
    for line in lines:
        log.write(line)
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            count += 1
            if count % 10 == 0 or count == total > 1:
                say(f"  {count} of {total} at hand")
        elif line.startswith("Installing collected packages") and total > 1:
            say("  unpacking")


def compile_engine() -> None:
    """Compile what the engine's sources changed; its own progress is shown."""
    if read(ENGINE_STAMP) == engine_stamp():
        return
    command = [str(PYTHON), "-m", "app.engine.build"]
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode:
        raise SetUpError("The engine cannot be compiled; the lines above say why.")
    ENGINE_STAMP.write_text(engine_stamp(), encoding="utf-8")


def engine_stamp() -> str:
    """Name what was compiled and where to, without asking numba, which takes a second.

    Should the cache have gone since, the program compiles once more by itself.
    """
    digest = hashlib.sha256(stamp().encode())
    for path in sorted((ROOT / "app" / "engine").rglob("*.py")):
        state = path.stat()
        digest.update(f"{path} {state.st_mtime_ns} {state.st_size}\n".encode())
    places = ("HOME", "XDG_CACHE_HOME", "RINGSIDE_CACHE", "RINGSIDE_BOUNDSCHECK")
    digest.update(repr([os.environ.get(name) for name in places]).encode())
    return digest.hexdigest()


# What was asked for.


def run_program(arguments: list[str]) -> int:
    """Become the `ringside` command."""
    # -P: a folder named app where the user happens to be is not ours.
    return run_in_place([str(PYTHON), "-P", "-m", "app", *arguments])


def run_checks(arguments: list[str]) -> int:
    """Run every check, then the tests; a failed check does not stop the others.

    Without arguments of its own pytest runs all tests, several at once.
    """
    python = str(PYTHON)
    window = [python, "-P", "-m", "app", "shots"]
    with tempfile.TemporaryDirectory(prefix="ringside-shots-") as shots:
        checks = {
            "format": [python, "-m", "ruff", "format", "--check", "."],
            "lint": [python, "-m", "ruff", "check", "."],
            "types": [python, "-m", "mypy"],
            "imports": [str(SCRIPTS / "lint-imports")],
            # Every panel on a real session; tests take the other scales and themes.
            "window": [*window, "--scale", "1", "--theme", "dark", shots],
        }
        failed = failed_of(checks)
    pytest = [python, "-m", "pytest", *(arguments or IN_PARALLEL)]
    tests = subprocess.call(pytest, cwd=ROOT)
    if failed:
        print(f"checks that failed: {', '.join(failed)}", flush=True)
    return tests or int(bool(failed))


def failed_of(checks: dict[str, list[str]]) -> list[str]:
    """Run checks, two at once, and tell of each; return the names of those that failed.

    Words of a check are shown only where it fails.
    """
    failed = []
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(captured, checks.values())
        for name in checks:
            done = next(results)
            print(f"{name:<10}{'failed' if done.returncode else 'ok'}", flush=True)
            if done.returncode:
                print(done.stdout, flush=True)
                failed.append(name)
    return failed


def captured(
    command: list[str], environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in this folder and keep what it says."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def tail(text: str) -> str:
    """Return the last lines of what a command said."""
    return "\n".join(text.splitlines()[-15:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
