"""Alerts go off when they should, once or each time, and are kept; sounds are brief."""

import os
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialogButtonBox
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.history.history import History
from app.engine.history.records import BarKind
from app.engine.indicators.series import INDICATORS, indicator_series
from app.engine.records import MARKET, EventKind, RecordFlag
from app.errors import ConfigError
from app.sessions.history import BarSpec
from app.ui import formatting
from app.ui.items.alert_form import AlertForm
from app.ui.main_window import MainWindow
from app.ui.models.alert_bars import AlertBars
from app.ui.models.alert_values import Readings
from app.ui.models.alerts import MOST, Alert, Alerts
from app.ui.models.studies import LINES
from app.ui.panels.alerts import AlertsPanel
from app.ui.sound import SOUNDS, Sound, shape
from app.ui.theme import apply
from tests.ui.conftest import Stage
from tests.ui.scripted_session import INSTRUMENTS
from tests.ui.scripted_window import opened
from tests.ui.test_window import Opener

S = 1_000_000_000


def texts(alerts: Alerts, value: float | None, now: int = S) -> list[str]:
    return [each.text for each in alerts.judge(lambda _: value, now)]


def test_an_indicator_is_told_in_as_many_digits_as_say_something() -> None:
    alerts = Alerts()
    alerts.put(Alert("study", "ES", level="50", line=next(iter(LINES))))
    assert alerts.judge(lambda _: 49.0, S, is_slow=True) == []
    gone = alerts.judge(lambda _: 52.173913043478, S, is_slow=True)
    assert [each.text.partition("now ")[2] for each in gone] == ["52.17391"]


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
    given = Alert("bid", "ES", rises=False, level="1,000.5", repeats=True, quiet_s=0)
    alerts.put(given)

    gone = [len(texts(alerts, value)) for value in (1001, 1000.5, 1000, 1001, 1000)]
    assert gone == [0, 1, 0, 0, 1]


def test_a_value_that_swings_about_its_level_is_told_once_in_a_while() -> None:
    alerts = Alerts()
    alerts.put(Alert("last", "ES", level="100", repeats=True, quiet_s=30))
    swings = [(second, 99 + second % 2) for second in range(60)]

    gone = [at for at, value in swings if texts(alerts, value, at * S)]

    assert gone == [1, 31]


def test_what_passes_in_the_quiet_time_and_stays_is_told_at_its_end() -> None:
    alerts = Alerts()
    alerts.put(Alert("last", "ES", level="100", repeats=True, quiet_s=30))
    course = {0: 99, 1: 101, 2: 99, 3: 102, 30: 103, 31: 104, 90: 105}

    gone = [at for at, value in course.items() if texts(alerts, value, at * S)]
    assert gone == [1, 31], "told again, and then not while it stays beyond"

    texts(alerts, 99, 91 * S)
    assert texts(alerts, 101, 20 * S), "the wall clock was put back"


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
    alerts.put(Alert("study", "ES", line="macd.signal", numbers="12 26 9", level="0"))
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
        ({"quiet_s": -1}, "quiet_s must be 0 to 86400, was -1"),
        ({"level": "high"}, "a level must be a number, was 'high'"),
        ({"instrument": ""}, "an instrument is needed"),
        ({"minutes": 0}, "minutes must be 1 to 1440, was 0"),
        ({"level": "inf"}, "must be a number"),
        ({"kind": "study", "line": "moon"}, "no indicator is 'moon'; there are sma"),
        ({"kind": "last_study", "line": "rsi"}, "RSI is no price"),
        ({"kind": "study", "numbers": "1.5"}, "rsi: length is a whole number"),
        ({"kind": "study", "numbers": "14 2"}, "rsi takes length; was '14 2'"),
        ({"kind": "study", "numbers": "long"}, "numbers with spaces between"),
    ],
)
def test_an_alert_that_cannot_be_is_told(
    values: dict[str, str | int], words: str
) -> None:
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
    read = Readings(stage.desk, None, AlertBars())

    def value(kind: str) -> float | None:
        return read(Alert(kind, name))

    bid, ask = int(part["bids"]["price"][0]), int(part["asks"]["price"][0])
    assert value("bid") == pytest.approx(bid * unit)
    assert value("mid") == pytest.approx((bid + ask) / 2 * unit)
    assert value("last") == pytest.approx(int(part["last_price"]) * unit)
    assert value("risk") == 0.0
    assert value("vwap") is None
    assert read(Alert("last", "NOSUCH")) is None


def market(count: int = 4_000) -> np.ndarray:
    """A quarter of an hour of trades that go up and down."""
    made = np.zeros(count, MARKET)
    made["kind"], made["size"], made["flags"] = EventKind.TRADE, 1, RecordFlag.LAST
    steps = np.random.default_rng(7).choice([-1, 1], count)
    made["price"], made["aggressor"] = 17_000 + np.cumsum(steps), steps
    made["ts_received"] = made["ts_venue"] = np.arange(count) * 225_000_000 + 1
    return made


def settle(history: History) -> None:
    history.fold(np.zeros(0, MARKET))
    while history.is_behind:
        history.fold(np.zeros(0, MARKET))


@pytest.mark.gui
@pytest.mark.parametrize("key", LINES)
def test_an_alert_reads_every_line_of_an_indicator(stage: Stage, key: str) -> None:
    stage.frame(3)
    listed, line, bars = stage.desk.market.listed[0], LINES[key], AlertBars()
    history = History(INSTRUMENTS)
    history.fold(market())
    read = Readings(stage.desk, history, bars)
    numbers = "3 5 2" if line.name == "macd" else "4"
    name = listed.instrument.name
    alert = Alert("study", name, minutes=1, line=key, numbers=numbers)
    assert read(alert) is None, "nothing is folded yet"
    bars.sweep()
    settle(history)
    value = read(alert)

    series = history.bars(0, BarSpec(BarKind.TIME, 60 * S))
    rows = series.read(0, series.count)
    assert len(rows) == 15
    declared = [each.name for each in INDICATORS[line.name].parameters]
    given = dict(zip(declared, map(float, numbers.split()), strict=False))
    column = indicator_series(line.name, given, rows)[:, line.column]
    unit = float(listed.instrument.price_unit) if line.is_in_price else 1.0
    assert value == pytest.approx(column[-1] * unit)
    if line.is_over_bars:
        part = stage.desk.market.instrument(0)
        assert part is not None
        less = read(replace(alert, kind="last_study"))
        assert less == pytest.approx((int(part["last_price"]) - column[-1]) * unit)


@pytest.mark.gui
def test_bars_are_followed_as_long_as_an_alert_reads_them(stage: Stage) -> None:
    history, bars = History(INSTRUMENTS), AlertBars()
    history.fold(market())
    for _ in range(3):
        bars.newest(history, 0, 1, 5)
        bars.sweep()
        settle(history)
    assert len(bars.newest(history, 0, 1, 5)) == 5
    kept = history.bars(0, BarSpec(BarKind.TIME, 60 * S))
    kept.release()
    assert kept.count == 15
    bars.sweep()
    bars.sweep()

    assert history.bars(0, BarSpec(BarKind.TIME, 60 * S)) is not kept
    assert len(bars.newest(None, 0, 1, 5)) == 0


@pytest.mark.gui
def test_the_form_asks_for_an_indicator(qtbot: QtBot) -> None:
    form = AlertForm(None, ["ES"], Alert("last", "ES"))
    qtbot.addWidget(form)
    form.kind.setCurrentText("Last price less an indicator")
    form.line.setCurrentText("RSI")
    ok = form.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    assert "RSI is no price" in form.wrong.text()
    form.line.setCurrentText("Bollinger bands, upper")
    assert form.numbers.placeholderText() == "length 20, width 2"
    form.numbers.setText("1")
    assert "from 2 to" in form.wrong.text()
    form.numbers.setText("30 2.5")
    assert ok.isEnabled()
    form.level.setText("0")
    form.minutes.setValue(3)
    ok.click()

    assert form.alert is not None
    assert form.alert.text == (
        "ES: Last price less Bollinger bands, upper (30 2.5) of 3-minute bars"
        " rises to 0"
    )


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(), Opener().sessions(), SystemClock(), tmp_path)
    made.amenities.sound.programs = ()
    qtbot.addWidget(made)
    made.show()
    opened(qtbot, made)
    yield made
    made.close()


@pytest.mark.gui
def test_a_number_and_a_time_can_be_read(qtbot: QtBot, stage: Stage) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply(application, stage.context.theme, 1.0)
    form = AlertForm(None, ["ES"], Alert("study", "ES"))
    qtbot.addWidget(form)

    form.show()

    for field in (form.minutes, form.until):
        text = field.fontMetrics().horizontalAdvance(field.text())
        margins = field.lineEdit().textMargins()
        assert margins.left() > 0, "it begins where the text of other fields does"
        assert field.lineEdit().width() > text + margins.left() + margins.right()
    middles = [each.geometry().center().y() for each in (form.ends, form.until)]
    assert abs(middles[0] - middles[1]) <= 1, "a tick beside its field"


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
def test_an_alerts_end_is_typed_in_the_zone_of_the_times_shown(qtbot: QtBot) -> None:
    ends = 1_790_000_040 * 10**9
    given = Alert("last", "ES", level="1", expires=ends)
    formatting.use_zone("Asia/Kolkata")
    try:
        form = AlertForm(None, ["ES"], given)
        qtbot.addWidget(form)
        told = form.until.dateTime().toString("HH:mm")
        assert told == formatting.clock_time(ends)[:5]

        form.until.setDateTime(form.until.dateTime().addSecs(60))
        form._accept()

        assert form.alert is not None
        assert form.alert.expires == ends + 60 * 10**9
    finally:
        formatting.use_zone("local")


@pytest.mark.gui
def test_another_kind_offers_another_level_until_one_is_typed(qtbot: QtBot) -> None:
    form = AlertForm(None, ["ES"], Alert("last", "ES", level="4400"))
    qtbot.addWidget(form)
    offered = []
    for title in ("Total P&L", "Fullest risk limit, %", "Best bid"):
        form.kind.setCurrentText(title)
        offered.append(form.level.text())
    assert offered == ["0", "80", "4400"]

    form.level.selectAll()
    qtbot.keyClicks(form.level, "250")
    form.kind.setCurrentText("Total P&L")
    assert form.level.text() == "250"


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
    program = player(tmp_path, "player", 'echo "$1" >> "$0.log"')
    sound = Sound(tmp_path / "sounds", (program,))

    started = [sound.play("fill", i * 1_000_000) for i in range(1000)]
    assert sum(started) <= 4
    qtbot.waitUntil((tmp_path / "player.log").exists)
    with wave.open(str(tmp_path / "sounds" / "fill-60.wav")) as file:
        assert file.getframerate() == 44_100
    sound.is_on = False
    assert not sound.play("kill", 10**12)
    assert sound.silence == "sounds are off in the settings"
    sound.close()


def player(folder: Path, name: str, does: str) -> str:
    """A program in the place of a system's player."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{does}\n")
    os.chmod(program, 0o755)
    return str(program)


@pytest.mark.gui
def test_silence_is_told_once(qtbot: QtBot, tmp_path: Path) -> None:
    mute = Sound(tmp_path, ())
    told: list[str] = []
    mute.failed.connect(told.append)
    assert not mute.play("kill", 10**12)
    assert not mute.play("fill", 10**13)
    assert told == ["none of pw-play, paplay, afplay, aplay is here to play one"]

    deaf = Sound(
        tmp_path / "sounds",
        (player(tmp_path, "player", "echo no sound card >&2; exit 1"),),
    )
    with qtbot.waitSignal(deaf.failed) as failed:
        assert deaf.play("kill", 10**12)
    assert failed.args == ["player cannot play one: no sound card"]
    assert deaf.silence == failed.args[0]
    deaf.close()


@pytest.mark.gui
def test_a_player_that_cannot_gives_way_to_the_next(
    qtbot: QtBot, tmp_path: Path
) -> None:
    deaf = player(tmp_path, "deaf", "exit 1")
    able = player(tmp_path, "able", 'touch "$0.heard"')
    sound = Sound(tmp_path / "sounds", (str(tmp_path / "gone"), deaf, able))

    assert sound.play("alert", 10**12)
    qtbot.waitUntil(lambda: sound.programs[0] == able)

    assert (tmp_path / "able.heard").exists()
    assert not sound.silence
    sound.close()


@pytest.mark.gui
def test_a_player_that_would_wait_is_asked_not_to(qtbot: QtBot, tmp_path: Path) -> None:
    program = player(tmp_path, "paplay", 'echo "$@" > "$0.part"; mv "$0.part" "$0.log"')
    sound = Sound(tmp_path / "sounds", (program,))
    assert sound.play("fill", S)
    qtbot.waitUntil((tmp_path / "paplay.log").exists)

    given = (tmp_path / "paplay.log").read_text().split()
    assert given == ["--latency-msec=50", str(tmp_path / "sounds" / "fill-60.wav")]
    sound.close()


@pytest.mark.gui
def test_a_player_that_hangs_silences_nothing_for_long(
    qtbot: QtBot, tmp_path: Path
) -> None:
    sound = Sound(
        tmp_path / "sounds", (player(tmp_path, "stuck", "exec tail -f /dev/null"),)
    )
    assert sound.play("fill", S)
    assert sound.play("alert", S)
    assert not sound.play("reject", 2 * S), "two at once are enough"

    assert sound.play("reject", 10 * S)
    assert sound.silence == "stuck cannot play one: it does not come to an end"
    sound.close()


@pytest.mark.gui
def test_a_window_without_a_player_says_so_where_alerts_are_made(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.commands.run("window.alerts")
    panel = window.docks["alerts"].findChild(AlertsPanel)
    assert panel is not None
    panel.sync()
    assert panel.silent.text.startswith("No sound: none of pw-play")
    panel.hear.click()
    assert "no sound: none of pw-play" in window.desk.messages.rows[-1].text
    panel.new.click()
    assert panel.form.sound.isVisible()
    assert panel.form.sound.text() == panel.silent.text
    assert panel.form.quiet.isHidden()
    panel.form.repeats.setChecked(True)
    panel.form.quiet.setValue(5)
    panel.form.buttons.accepted.emit()
    assert panel.list.item(0).text().endswith("each time, at most every 5 s")

    window.amenities.sound.programs = ("player",)
    panel.sync()
    assert not panel.silent.text
