"""Alerts go off when they should, once or each time, and are kept; sounds are brief."""

import os
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.errors import ConfigError
from app.ui.main_window import MainWindow
from app.ui.models.alert_values import Readings
from app.ui.models.alerts import MOST, Alert, Alerts
from app.ui.panels.alerts import AlertsPanel
from app.ui.sound import SOUNDS, Sound, shape
from tests.ui.conftest import Stage
from tests.ui.test_window import Opener, opened

S = 1_000_000_000


def texts(alerts: Alerts, value: float | None, now: int = S) -> list[str]:
    return [each.text for each in alerts.judge(lambda _: value, now)]


def test_a_price_must_pass_its_level() -> None:
    alerts = Alerts()
    alerts.put(Alert("last", "ES", level="100", note="buy the dip"))

    assert texts(alerts, 101) == []  # it was beyond when it was made
    assert texts(alerts, 99) == []
    assert texts(alerts, None) == []
    assert texts(alerts, float("nan")) == []
    assert texts(alerts, 100) == ["ES: last price rises to 100, now 100 (buy the dip)"]
    assert not alerts.rows[0].is_on
    assert texts(alerts, 99) == texts(alerts, 101) == []


def test_a_falling_price_and_each_time() -> None:
    alerts = Alerts()
    alerts.put(Alert("bid", "ES", rises=False, level="1,000.5", repeats=True))

    gone = [len(texts(alerts, value)) for value in (1001, 1000.5, 1000, 1001, 1000)]
    assert gone == [0, 1, 0, 0, 1]


def test_pnl_and_risk_go_off_when_they_are_beyond_already() -> None:
    alerts = Alerts()
    alerts.put(Alert("risk", level="80"))
    alerts.put(Alert("pnl", rises=False, level="-500"))

    assert len(texts(alerts, 90)) == 1
    assert len(texts(alerts, -900)) == 1


def test_an_alert_that_is_over_or_off_is_silent() -> None:
    alerts = Alerts()
    alerts.put(Alert("risk", level="1", expires=5 * S))
    alerts.put(Alert("risk", level="1", is_on=False))

    assert texts(alerts, 50, now=5 * S) == []
    assert [each.is_on for each in alerts.rows] == [False, False]


def test_another_session_says_nothing_about_a_price() -> None:
    alerts = Alerts()
    alerts.put(Alert("last", "ES", level="100"))
    texts(alerts, 50)
    alerts.forget_values()

    assert texts(alerts, 150) == []


def test_events_are_of_an_instrument_or_of_any() -> None:
    alerts = Alerts()
    alerts.put(Alert("fill", "ES", repeats=True))
    alerts.put(Alert("fill"))
    alerts.put(Alert("reject"))

    assert len(alerts.take_event("fill", "NQ", S, "BUY 1")) == 1
    gone = alerts.take_event("fill", "ES", S, "BUY 1")
    assert [each.text for each in gone] == ["ES: a fill: BUY 1"]


def test_alerts_come_back_from_a_file_and_damage_is_told() -> None:
    alerts, again = Alerts(), Alerts()
    alerts.put(Alert("average", "ES", rises=False, level="4321.25", minutes=20))
    alerts.put(Alert("feed", note="ring me"))
    content = alerts.to_json()
    content["alerts"] += [3, {"kind": "moon"}, {"kind": "last", "level": "x"}]
    content["alerts"] += [{"kind": "pnl", "minutes": True}]

    wrong = again.load(content)
    assert again.rows == alerts.rows
    assert len(wrong) == 4
    assert "an alert's kind must be one of" in wrong[1]
    assert again.load({"alerts": 5}) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"level": "high"}, "a level must be a number, was 'high'"),
        ({"instrument": ""}, "an instrument is needed"),
        ({"minutes": 0}, "minutes must be 1 to 1440, was 0"),
        ({"level": "inf"}, "must be a number"),
    ],
)
def test_an_alert_that_cannot_be_is_told(values: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Alert(**{"kind": "last", "instrument": "ES", "level": "1"} | values)  # type: ignore[arg-type]


def test_there_is_a_bound() -> None:
    alerts = Alerts()
    for _ in range(MOST):
        alerts.put(Alert("feed"))
    with pytest.raises(ConfigError, match="already"):
        alerts.put(Alert("feed"))


@pytest.mark.gui
def test_values_are_those_on_the_screen(stage: Stage) -> None:
    stage.frame(3)
    listed, part = stage.desk.market.listed[0], stage.desk.market.instrument(0)
    assert part is not None
    name, unit = listed.instrument.name, float(listed.instrument.price_unit)
    read = Readings(stage.desk, None)

    def value(kind: str) -> float | None:
        return read(Alert(kind, name))

    bid, ask = int(part["bids"]["price"][0]), int(part["asks"]["price"][0])
    assert value("bid") == pytest.approx(bid * unit)
    assert value("mid") == pytest.approx((bid + ask) / 2 * unit)
    assert value("last") == pytest.approx(int(part["last_price"]) * unit)
    assert value("risk") == 0.0
    assert value("vwap") is None
    assert read(Alert("last", "NOSUCH")) is None


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(), Opener().sessions(), SystemClock(), tmp_path)
    made.amenities.sound.program = ""
    qtbot.addWidget(made)
    made.show()
    opened(qtbot, made)
    yield made
    made.close()


@pytest.mark.gui
def test_an_alert_rises_is_logged_and_kept(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    window.desk.alerts.put(Alert("risk", level="0", note="always"))
    with qtbot.waitSignal(window.amenities.alerts.went_off):
        pass
    assert window.amenities.notices.isVisible()
    newest = [m.text for m in window.desk.messages.rows if m.topic == "alert"]
    assert newest == ["Fullest risk limit, % rises to 0, now 0 (always)"]
    qtbot.waitUntil((tmp_path / "alerts.json").exists)

    window.close()
    again = MainWindow(Settings(), Opener().sessions(), SystemClock(), tmp_path)
    qtbot.addWidget(again)
    assert [(a.note, a.is_on) for a in again.desk.alerts.rows] == [("always", False)]
    again.close()


@pytest.mark.gui
def test_the_panel_makes_turns_and_deletes(qtbot: QtBot, stage: Stage) -> None:
    stage.frame()
    panel = AlertsPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.mouseClick(panel.new, Qt.MouseButton.LeftButton)
    form = panel.form
    form.level.setText("soon")
    assert form.wrong.text() == "a level must be a number, was 'soon'"
    form.level.setText("4400")
    form.note.setText("mine")
    form.buttons.accepted.emit()

    (alert,) = stage.desk.alerts.rows
    assert (alert.level, alert.note) == ("4400", "mine")
    panel.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert not stage.desk.alerts.rows[0].is_on
    panel.list.setCurrentRow(0)
    panel.delete.click()
    assert stage.desk.alerts.rows == []


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_short_and_as_loud_as_asked(name: str) -> None:
    loud, soft = shape(name, 100), shape(name, 20)

    assert len(loud) < 44_100
    assert 0.15 < abs(soft.astype(int)).max() / abs(loud.astype(int)).max() < 0.25
    assert abs(int(loud[0])) < 100
    assert shape(name, 0).max() == 0


@pytest.mark.gui
def test_sounds_never_pile_up(qtbot: QtBot, tmp_path: Path) -> None:
    program = tmp_path / "player"
    program.write_text('#!/bin/sh\necho "$1" >> "$0.log"\n')
    os.chmod(program, 0o755)
    sound = Sound(tmp_path / "sounds", str(program))

    started = [sound.play("fill", i * 1_000_000) for i in range(1000)]
    assert sum(started) <= 4
    qtbot.waitUntil((tmp_path / "player.log").exists)
    with wave.open(str(tmp_path / "sounds" / "fill-60.wav")) as file:
        assert file.getframerate() == 44_100
    sound.is_on = False
    assert not sound.play("kill", 10**12)
    sound.close()
    assert not Sound(tmp_path, "").play("kill", 10**12)
