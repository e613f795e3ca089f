"""Cycles die on the window's thread."""

import gc
import threading

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.ui.garbage import Garbage

pytestmark = pytest.mark.gui


class Cycle:
    """Refers to itself, and tells on which thread it died."""

    def __init__(self, deaths: list[str]) -> None:
        self.itself, self._deaths = self, deaths

    def __del__(self) -> None:
        self._deaths.append(threading.current_thread().name)


def allocate_much() -> None:
    kept: list[list[int]] = [[] for _ in range(50_000)]
    assert len(kept) == 50_000


def on_a_thread() -> None:
    other = threading.Thread(target=allocate_much, name="other")
    other.start()
    other.join()


def test_a_cycle_dies_on_this_thread_whoever_allocates(qtbot: QtBot) -> None:
    deaths: list[str] = []
    owner = QObject()
    gc.collect()
    gc.enable()

    # Python's own way, to see that this test can fail.
    Cycle(deaths)
    on_a_thread()
    assert deaths == ["other"]

    garbage = Garbage(SystemClock(), owner)
    Cycle(deaths)
    on_a_thread()
    assert deaths == ["other"]
    qtbot.waitUntil(lambda: len(deaths) == 2)
    garbage.close()
    assert deaths[1] == threading.main_thread().name


def test_the_last_to_close_leaves_things_as_they_were(qtbot: QtBot) -> None:
    owner = QObject()
    gc.enable()
    first, second = Garbage(SystemClock(), owner), Garbage(SystemClock(), owner)
    assert not gc.isenabled()
    first.close()
    assert not gc.isenabled()
    second.close()
    second.close()
    assert gc.isenabled()

    gc.disable()
    Garbage(SystemClock(), owner).close()
    assert not gc.isenabled()
