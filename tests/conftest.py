"""What every test stands on: no screen, no user's files, no user's settings."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before Qt is imported anywhere: it reads these once.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

# A user's settings must not reach a test, nor a test a user's files. The compile cache
# (XDG_CACHE_HOME, RINGSIDE_CACHE) stays where it is: it is keyed by what was compiled.
KEPT = {"RINGSIDE_SHARED", "RINGSIDE_CACHE", "RINGSIDE_BOUNDSCHECK"}
KEPT |= {"RINGSIDE_WALK", "RINGSIDE_SEED"}
for _name in [name for name in os.environ if name.startswith("RINGSIDE_")]:
    if _name not in KEPT:
        del os.environ[_name]
_HOME = Path(tempfile.mkdtemp(prefix="ringside-tests-"))
for _kind in ("CONFIG", "DATA", "STATE"):
    os.environ[f"XDG_{_kind}_HOME"] = str(_HOME / _kind.lower())

from hypothesis import HealthCheck, settings  # noqa: E402 - after the environment
from pytestqt.qtbot import QtBot  # noqa: E402

# No deadline, because the first example pays for compiling. `long` is for the nights.
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("usual", deadline=None, suppress_health_check=_QUIET)
settings.register_profile(
    "long", deadline=None, suppress_health_check=_QUIET, max_examples=100_000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

# A wait ends with what it waits for; how long that may take is no claim of a test's.
for _wait in (QtBot.waitSignal, QtBot.waitSignals, QtBot.waitUntil, QtBot.waitExposed):
    _wait.__kwdefaults__ = {**(_wait.__kwdefaults__ or {}), "timeout": 240_000}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the temporary home."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let Ctrl-C be heard: what a script begins in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
