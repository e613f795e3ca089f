"""How the window looks: whole rows, whole words, figures that fit, contrast."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.ui import formatting
from app.ui.items.facts import Facts
from app.ui.items.figures import Figures
from app.ui.items.form_area import FormArea, whole_rows
from app.ui.items.gauge import Gauge
from app.ui.items.lines import Line
from app.ui.main_window import MainWindow
from app.ui.panel_rows import PANELS
from app.ui.theme import DARK, THEMES, contrast, text_font
from tests.ui.test_window import Opener

pytestmark = pytest.mark.gui


def form() -> QWidget:
    inner = QWidget()
    column = QVBoxLayout(inner)
    for i in range(12):
        column.addWidget(QLabel(f"Row {i}"))
        column.addWidget(QLineEdit())
    column.addWidget(QCheckBox("Last"))
    column.addWidget(Facts(DARK, 1.0, 4))
    return inner


@pytest.mark.parametrize("height", range(120, 420, 7))
def test_a_form_ends_with_a_whole_row_at_any_height(qtbot: QtBot, height: int) -> None:
    area = FormArea(form())
    qtbot.addWidget(area)
    area.resize(240, height)
    area.show()
    qtbot.waitExposed(area)
    for value in (0, 13, area.verticalScrollBar().maximum()):
        area.verticalScrollBar().setValue(value)
        inner = area.widget()
        assert inner is not None
        end = area.verticalScrollBar().value() + area.viewport().height()
        for row in inner.findChildren(QWidget):
            top = row.mapTo(inner, QPoint()).y()
            if not isinstance(row, Facts):
                assert not top < end < top + row.height()
        assert whole_rows(inner, end) == end


def test_all_of_a_form_can_be_reached(qtbot: QtBot) -> None:
    area = FormArea(form())
    qtbot.addWidget(area)
    area.resize(240, 200)
    area.show()
    bar = area.verticalScrollBar()
    for _ in range(200):
        bar.setValue(bar.value() + 7)
    inner = area.widget()
    assert inner is not None
    assert bar.value() + area.viewport().height() == inner.height()


def test_figures_stand_in_two_rows_where_they_have_no_room(qtbot: QtBot) -> None:
    captions = ("Total P&L", "Realised", "Unrealised", "Fees", "Drawdown", "Equity")
    figures = Figures(DARK, 1.0, captions, digits=9)
    qtbot.addWidget(figures)
    figures.show_values([("999,999.30", DARK.text)] * 6)
    figures.resize(700, 40)
    figures.show()
    wide = figures.sizeHint().height()
    figures.resize(320, 80)
    assert figures.sizeHint().height() == 2 * wide
    room = 320 // 3 - 6
    assert QFontMetrics(figures.font()).horizontalAdvance("999,999.30") <= room


def test_a_narrow_gauge_says_its_limit_in_few_figures(qtbot: QtBot) -> None:
    gauge = Gauge(DARK, 1.0, "Symbol exposure")
    qtbot.addWidget(gauge)
    gauge.show_value("2,549.92 of 2,500,000 USD", 0.001, "2.55k of 2.5M USD")
    metrics = QFontMetrics(gauge.font())
    taken = metrics.horizontalAdvance("Symbol exposure2.55k of 2.5M USD") + 12
    assert taken <= 250  # the column of the Risk workspace at 1024 px


def test_a_window_is_written_in_its_own_font_from_its_start(
    qtbot: QtBot, tmp_path: Path
) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyleSheet("")
    application.setFont(QFont("Sans", 9))  # as a desktop has it before the window
    settings = replace(Settings(), ui=replace(Settings().ui, scale=1.25))
    window = MainWindow(settings, Opener().sessions(), SystemClock(), tmp_path)
    window.amenities.sound.programs = ()
    qtbot.addWidget(window)
    window.show()

    wanted = text_font(1.25).pixelSize()
    lines = window.findChildren(Line)
    assert lines
    assert {line.font().pixelSize() for line in lines} == {wanted}
    window.close()


def test_titles_of_the_trade_column_fit_side_by_side() -> None:
    titles = [row.title for row in PANELS if row.name in ("ticket", "tape", "depth")]
    assert titles == ["Ticket", "Tape", "Depth"]


@pytest.mark.parametrize("change", [0.0, 0.00001, -0.00001, -0.000049])
def test_what_rounds_to_nothing_has_no_sign(change: float) -> None:
    assert formatting.percent_change(change) == "0.00 %"


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_words_can_be_read_on_every_ground(theme) -> None:
    for ground in (theme.window, theme.panel, theme.raised, theme.shade):
        assert contrast(theme.text, ground) >= 7
        assert contrast(theme.muted, ground) >= 4.5
        for colour in (theme.bid, theme.ask, theme.gain, theme.loss, theme.accent):
            assert contrast(colour, ground) >= 4.5
    for one, other in pairwise((theme.window, theme.panel)):
        assert one != other
