"""What is due is spread over frames, and nobody waits for ever."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.exceptions import capture_exceptions

from app.ui.turns import LATE, SHARE, Beat, Turns

pytestmark = pytest.mark.gui

FRAME_NS = 16_000_000
REST_NS = 2_000_000


class Load:
    """Frames that cost what their receivers do."""

    def __init__(self) -> None:
        self.owner = QObject()
        self.turns = Turns(self.owner)
        self.turns.frame_ns = FRAME_NS
        self.work = self.now = 0
        self.calls: Counter[str] = Counter()

    def costing(self, name: str, ns: int) -> Callable[[], None]:
        return partial(self._spend, name, ns)

    def _spend(self, name: str, ns: int) -> None:
        self.calls[name] += 1
        self.work += ns

    def strike(self, beat: Beat) -> None:
        self.turns.strike(beat, self.now)

    def frame(self) -> int:
        self.work = REST_NS
        self.now += FRAME_NS
        self.turns.take(self.now)
        self.turns.learn(self.work)
        return self.work


@pytest.fixture
def load(qapp: object) -> Load:
    return Load()


def test_heavy_ones_that_are_due_together_come_in_different_frames(load: Load) -> None:
    pictures = load.turns.beat()
    pictures.frames = 4
    for number in range(4):
        pictures.connect(load.costing(f"chart {number}", 4_000_000))

    worst = []
    for frame in range(800):
        if frame % 4 == 0:
            load.strike(pictures)
        worst.append(load.frame())

    # Once their cost is known no two of them meet; none loses a turn.
    assert max(worst[400:]) == REST_NS + 4_000_000 < SHARE * FRAME_NS
    assert set(load.calls.values()) == {200}


def test_light_ones_share_a_frame(load: Load) -> None:
    pulses = load.turns.beat()
    pulses.frames = 12
    for number in range(8):
        pulses.connect(load.costing(str(number), 100_000))
    for _ in range(100):
        load.strike(pulses)
        for _ in range(12):
            load.frame()
    load.calls.clear()

    load.strike(pulses)
    load.frame()

    assert load.calls.total() == 8


def test_whoever_costs_more_than_a_frame_has_is_called_all_the_same(load: Load) -> None:
    pictures, pulses = load.turns.beat(), load.turns.beat()
    pictures.frames, pulses.frames = 3, 12
    for number in range(6):
        pictures.connect(load.costing(f"chart {number}", 30_000_000))
    pulses.connect(load.costing("gauge", 20_000_000))

    for frame in range(700):
        if frame % 3 == 0:
            load.strike(pictures)
        if frame % 12 == 0:
            load.strike(pulses)
        load.frame()

    # One a frame: charts as often as each other, and the gauge among them.
    charts = [load.calls[f"chart {number}"] for number in range(6)]
    assert min(charts) > 100
    assert max(charts) - min(charts) <= 3
    assert load.calls["gauge"] > 20


def test_late_frames_take_more_each(load: Load) -> None:
    ladders = load.turns.beat()
    for number in range(4):
        ladders.connect(load.costing(f"ladder {number}", 2_500_000))
    for _ in range(200):
        load.strike(ladders)
        load.frame()
    load.strike(ladders)
    load.frame()
    load.calls.clear()

    load.strike(ladders)
    load.now += 2 * LATE * FRAME_NS
    late = load.frame()

    assert load.calls.total() == 4
    assert late == REST_NS + 4 * 2_500_000 > SHARE * FRAME_NS


def test_all_are_called_at_once_where_nothing_is_to_be_spread(load: Load) -> None:
    load.turns.is_spread = False
    beat = load.turns.beat()
    for number in range(4):
        beat.connect(load.costing(str(number), 30_000_000))

    load.strike(beat)
    load.frame()

    assert load.calls.total() == 4


def test_a_receiver_that_is_gone_leaves_the_line(load: Load) -> None:
    class Panel(QObject):
        def show(self) -> None:
            load.calls["panel"] += 1

    beat, panel = load.turns.beat(), Panel()
    beat.connect(panel.show)
    beat.connect(load.costing("other", 0))
    shiboken6.delete(panel)

    load.strike(beat)
    load.frame()

    assert load.calls == {"other": 1}
    assert len(beat.places) == 1


def test_one_that_fails_does_not_stop_the_others(load: Load) -> None:
    def fail() -> None:
        raise ValueError("a panel")

    beat = load.turns.beat()
    beat.connect(fail)
    beat.connect(load.costing("other", 0))

    with capture_exceptions() as failures:
        load.strike(beat)
        load.frame()
        load.frame()

    assert load.calls == {"other": 1}
    assert [str(each[1]) for each in failures] == ["a panel"]
