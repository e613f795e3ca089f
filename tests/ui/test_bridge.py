"""The bridge: one drain a frame, one signal a stream, jobs that end on this thread."""

import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.engine.records import NO_PRICE, SafetyState
from app.ui.jobs import Jobs
from app.ui.models import requests
from tests.ui.conftest import Stage
from tests.ui.scripted_session import INSTRUMENTS

pytestmark = pytest.mark.gui


def test_at_most_one_signal_per_stream_and_frame(stage: Stage) -> None:
    counts = {"view": 0, "reports": 0, "message": 0}

    def count(name: str) -> None:
        counts[name] += 1

    stage.bridge.view_changed.connect(lambda: count("view"))
    stage.bridge.reports_arrived.connect(lambda _: count("reports"))
    stage.bridge.message_added.connect(lambda: count("message"))
    for number in range(50):
        stage.session.submit(
            requests.new_order(
                1,
                instrument=0,
                client_order_id=number + 1,
                side=1,
                quantity=1,
                price=NO_PRICE,
            )
        )

    stage.frame()

    assert counts == {"view": 1, "reports": 1, "message": 1}
    assert len(stage.desk.messages.rows) >= 50


def test_the_feeds_rate_alone_is_no_news_of_the_status(stage: Stage) -> None:
    told: list[float] = []
    stage.pulse()
    stage.bridge.status_changed.connect(lambda new: told.append(new.messages_per_s))

    stage.session.given = replace(stage.session.given, messages_per_s=7.0)
    stage.pulse()
    assert stage.bridge.status.messages_per_s == 7.0
    assert told == []

    stage.session.given = replace(stage.session.given, feed_state="disconnected")
    stage.pulse()
    assert told == [7.0]


def test_reports_reach_the_desk_before_the_signal(stage: Stage) -> None:
    seen: list[int] = []
    stage.bridge.reports_arrived.connect(
        lambda _: seen.append(len(stage.desk.orders.rows))
    )
    stage.session.state = SafetyState.ARMED
    stage.session.submit(
        requests.new_order(
            1, instrument=0, client_order_id=5, side=1, quantity=1, price=NO_PRICE
        )
    )

    stage.frame()

    assert seen == [1]


def test_reports_of_the_first_frame_name_their_instruments(stage: Stage) -> None:
    stage.session.instruments = ()
    stage.bridge.attach(stage.session)
    stage.session.instruments = INSTRUMENTS
    stage.session.submit(
        requests.new_order(
            1, instrument=1, client_order_id=5, side=1, quantity=1, price=NO_PRICE
        )
    )

    stage.frame()

    refused = stage.desk.messages.rows[-1]
    assert refused.topic == INSTRUMENTS[1].name


def test_frame_times_cover_drain_and_paint(stage: Stage) -> None:
    stage.frame(30)

    assert stage.bridge.frames.count == 30
    assert np.isfinite(stage.bridge.frames.quantile(0.99))


def test_nothing_is_sent_without_a_session(stage: Stage) -> None:
    stage.bridge.detach()

    sent = stage.bridge.send(requests.cancel_all(1))

    assert not sent
    newest = stage.desk.messages.newest
    assert newest is not None
    assert newest.text.startswith("not sent:")


def test_jobs_end_on_the_main_thread_in_order(qtbot: QtBot) -> None:
    jobs = Jobs()
    ends: list[tuple[str, object, bool]] = []
    main = QThread.currentThread()
    workers: set[str] = set()

    def work(value: int) -> int:
        workers.add(threading.current_thread().name)
        if value == 2:
            raise ValueError("two")
        return value

    for value in (1, 2, 3):
        jobs.run(
            lambda value=value: work(value),  # type: ignore[misc]  # a default is not a parameter
            lambda result: ends.append(
                ("done", result, QThread.currentThread() is main)
            ),
            lambda error: ends.append(
                ("failed", str(error), QThread.currentThread() is main)
            ),
        )
    qtbot.waitUntil(lambda: len(ends) == 3)
    jobs.close()

    assert ends == [("done", 1, True), ("failed", "two", True), ("done", 3, True)]
    assert threading.current_thread().name not in workers


HEAVY = ("pandas", "scipy", "numba", "pyarrow", "sklearn", "matplotlib", "ib_insync")


def test_start_up_imports_nothing_heavy() -> None:
    code = (
        "import sys, app.ui.main, app.ui.shots\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_none_keeps_its_references_over_many_qt_calls(qapp: QApplication) -> None:
    """Canary: PySide6 6.12.0 drops a reference of None per call on Python 3.11."""
    from PySide6.QtWidgets import QWidget

    widget = QWidget()
    before = sys.getrefcount(None)
    for _ in range(200):
        widget.update()

    assert sys.getrefcount(None) - before > -100
    widget.deleteLater()
