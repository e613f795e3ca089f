"""Contrast of every text colour on every ground it stands on (WCAG 2.2, 1.4.3)."""

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.engine.records import SafetyState
from app.ui.theme import THEMES, Theme, apply, contrast, text_font

GROUNDS = ("window", "panel", "raised", "shade")
ON_GROUNDS = (
    "text", "muted", "bid", "ask", "gain", "loss", "warning", "error",
    "view", "armed", "reduce", "killed", "accent",
)  # fmt: skip
PAIRS = [
    *((text, ground) for text in ON_GROUNDS for ground in GROUNDS),
    *(("text", ground) for ground in ("bid_cell", "ask_cell", "bid_bar", "ask_bar")),
    *(("text", ground) for ground in ("price_cell", "warning_cell")),
    *((text, "price_cell") for text in ("bid", "ask", "muted")),
    ("last", "last_cell"),
    ("text", "last_cell"),
    ("bid", "last_cell"),
    ("ask", "last_cell"),
    ("warning", "warning_cell"),
    ("error", "warning_cell"),
    ("on_side", "bid"),
    ("on_side", "ask"),
    ("on_accent", "accent"),
    *(("on_state", state) for state in ("view", "armed", "reduce", "killed")),
    *(("muted", ground) for ground in ("last_cell",)),
]


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_has_contrast(name: str, text: str, ground: str) -> None:
    theme = THEMES[name]
    ratio = contrast(getattr(theme, text), getattr(theme, ground))
    assert ratio >= 4.5, f"{text} on {ground}: {ratio:.2f}"


@pytest.mark.gui
@pytest.mark.parametrize("role", ["buy", "sell", "danger", "primary", "checked"])
def test_a_button_in_a_colour_shows_that_it_has_the_keyboard(
    qtbot: QtBot, role: str
) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply(app, THEMES["dark"], 1.0)
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    other, button = QPushButton("Other"), QPushButton("Send")
    button.setProperty("role", role)
    button.setCheckable(role == "checked")
    button.setChecked(role == "checked")
    for each in (other, button):
        layout.addWidget(each)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    edges = []
    for each in (other, button):
        each.setFocus()
        image = button.grab().toImage()
        edges.append(image.pixelColor(image.width() // 2, 0).name())
    assert edges[0] != edges[1] == THEMES["dark"].text


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
def test_curves_stand_out_from_the_panel(name: str) -> None:
    theme: Theme = THEMES[name]
    assert all(contrast(colour, theme.panel) >= 3 for colour in theme.curve)


@pytest.mark.parametrize("name", THEMES)
def test_letters_of_link_groups_can_be_read(name: str) -> None:
    theme: Theme = THEMES[name]
    assert len(set(theme.link)) == 6
    assert all(contrast(theme.on_link, colour) >= 4.5 for colour in theme.link)


@pytest.mark.parametrize("name", THEMES)
def test_every_safety_state_has_a_colour_of_its_own(name: str) -> None:
    theme = THEMES[name]
    assert len({theme.state(state) for state in SafetyState}) == len(SafetyState)


def test_figures_are_of_one_width(qapp: object) -> None:
    from PySide6.QtGui import QFontMetricsF

    for bold in (False, True):
        metrics = QFontMetricsF(text_font(1.0, bold=bold))
        widths = {
            round(metrics.horizontalAdvance(figure), 3) for figure in "0123456789"
        }
        assert len(widths) == 1
