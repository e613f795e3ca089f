"""A thread that gives way is nicer than before, and no other is."""

import os
import sys
import threading

import pytest

from app.priority import HELPING, QUIET, give_way

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="a thread has a priority of its own on Linux alone"
)


def test_only_the_calling_thread_gives_way_and_no_further_than_there_is() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before, found = niceness(), []

    def work() -> None:
        for by in (HELPING, QUIET, QUIET):
            give_way(by)
            found.append(niceness())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    wanted = [before + HELPING, before + HELPING + QUIET, 19]
    assert found == [min(19, each) for each in wanted]
    assert niceness() == before
