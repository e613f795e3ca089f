"""The system monitor: samples in bounded memory, cards that show what is."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.engine.records import COMMAND, REPORT, Action, ReportType
from app.ui.formatting import latency_quantile
from app.ui.items.trend import Trend
from app.ui.models.course import Course
from app.ui.models.latency import AnswerTimes
from app.ui.models.vitals import Vitals
from app.ui.panels.monitor import MonitorPanel
from app.ui.theme import DARK
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui


def test_a_course_keeps_its_span_in_bounded_memory() -> None:
    course = Course(("x",), 1.0, capacity=8)

    for second in range(1000):
        if course.is_due(second):
            course.take(second, x=second)

    assert len(course) <= 8
    assert course.times[0] == 0
    assert course.times[-1] >= 1000 - 2 * course.interval_s
    assert np.array_equal(course.times, course.values("x"))
    assert np.all(np.diff(course.times) > 0)


def test_a_gesture_is_timed_until_its_answer_is_painted() -> None:
    times, millisecond = AnswerTimes(), 1_000_000
    command = np.zeros(2, COMMAND)
    command["action"], command["client_order_id"] = Action.NEW, (7, 8)
    report = np.zeros(1, REPORT)
    report["client_order_id"], report["report"] = 7, ReportType.PENDING_NEW

    times.sent(command, 0)
    times.take(report)
    times.painted(millisecond)
    assert times.histogram.sum() == 0, "the engine's own word is no answer"
    report["report"] = ReportType.NEW
    times.take(report)
    assert times.histogram.sum() == 0, "it is not on the screen yet"
    times.painted(20 * millisecond)
    times.take(report)
    times.painted(30 * millisecond)

    assert times.histogram.sum() == 1
    assert 20e6 <= latency_quantile(times.histogram, 0.5) <= 30e6


def test_what_a_row_leaves_out_is_unknown() -> None:
    course = Course(("x", "y"), 1.0)

    course.take(0.0, y=2.0)

    assert np.isnan(course.values("x")[0])
    assert course.values("y")[0] == 2.0


def test_rates_are_per_second_and_begin_anew_with_a_session(stage: Stage) -> None:
    vitals, none = Vitals(), np.zeros(0, np.int64)
    view = stage.session.view().copy()
    view["market_records"] = 1_000
    vitals.take(0.0, view, none, none)
    view["market_records"] = 3_000
    vitals.take(2.0, view, none, none)
    vitals.forget_counters()
    view["market_records"] = 10
    vitals.take(3.0, view, none, none)

    events = vitals.course.values("events")

    assert events[1] == 1_000
    assert np.isnan(events[[0, 2]]).all()
    assert (vitals.course.values("resident") > 1e6).all()


def test_threads_are_named_and_their_shares_are_of_a_core() -> None:
    vitals = Vitals()
    vitals.threads(0.0)

    rows = dict(vitals.threads(1e9))

    assert "window" in rows
    assert all(0 <= share < 1 for share in rows.values())


def test_the_panel_shows_rings_rates_and_losses(stage: Stage, qtbot: QtBot) -> None:
    panel = MonitorPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(760, 520)
    panel.show()

    for _ in range(12):
        stage.pulse()

    assert "of 1,024" in panel.rings.accessibleName()
    assert "ms" in panel.frame.accessibleName() or "µs" in panel.frame.accessibleName()
    assert "MB" in panel.memory.accessibleName()
    assert not panel.grab().isNull()


def test_a_ring_that_dropped_says_so(stage: Stage, qtbot: QtBot) -> None:
    full = replace(stage.session.rings()[0], used=1024, dropped=7)
    stage.session.rings = lambda: (full,)  # type: ignore[method-assign]
    panel = MonitorPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()

    assert "7 dropped" in panel.rings.accessibleName()


def test_narrow_and_wide_arrange_the_same_cards(stage: Stage, qtbot: QtBot) -> None:
    panel = MonitorPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    panel.resize(400, 600)
    stage.frame()
    narrow = {panel.rate.x(), panel.orders.x()}
    panel.resize(900, 600)
    stage.frame()

    assert len(narrow) == 1
    assert panel.rate.x() < panel.orders.x()
    assert panel.rate.width() == pytest.approx(panel.orders.width(), abs=2)


@pytest.mark.parametrize(
    "values", [[], [np.nan], [0.0], [-1.0, np.inf], [1e300, 5.0], [np.nan, 3.0]]
)
def test_a_trend_paints_whatever_it_is_given(values: list[float], qtbot: QtBot) -> None:
    trend = Trend(DARK, 1.0, "rate", bound=2.0)
    qtbot.addWidget(trend)
    trend.resize(240, 100)

    trend.show_lines("1", "", [(np.array(values, float), DARK.accent)])

    assert not trend.grab().isNull()
