"""Panels linked by a colour show one instrument; it outlives a session by its name."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QColor, QPalette
from pytestqt.qtbot import QtBot

from app.ui.dock_title import DockTitle
from app.ui.focus import Focus
from app.ui.items.link_chip import LinkChip
from app.ui.links import GROUPS, OWN, Links
from app.ui.models.desk import Desk
from app.ui.panel_dock import on_screen
from app.ui.theme import DARK
from tests.ui.scripted_session import INSTRUMENTS

pytestmark = pytest.mark.gui


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.market.list(INSTRUMENTS)
    return made


@pytest.fixture
def links(qapp: QObject, desk: Desk) -> Iterator[Links]:
    made = Links(desk, qapp)
    made.reset()
    yield made
    made.deleteLater()


def test_choosing_in_one_panel_chooses_in_its_whole_group(links: Links) -> None:
    one, two, other = links.new(), links.new(), links.new("B")
    told: list[int] = []
    two.focus.changed.connect(told.append)

    one.focus.choose(2)

    assert (two.focus.number, links.groups["A"].number) == (2, 2)
    assert told == [2], "once"
    assert other.focus.number == 0


def test_a_panel_that_joins_shows_what_the_group_shows(links: Links) -> None:
    links.groups["C"].choose(1)
    link = links.new(OWN)
    link.focus.choose(2)

    link.join("C")

    assert link.focus.number == 1
    assert links.groups["C"].number == 1, "a group does not follow who joins it"


def test_a_panel_of_its_own_moves_nobody(links: Links) -> None:
    link, other = links.new(), links.new()
    link.join(OWN)

    link.focus.choose(1)

    assert other.focus.number == 0
    other.focus.choose(2)
    assert link.focus.number == 1
    link.join("no such group")
    assert link.group == OWN


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_an_instrument_is_found_by_its_name_in_another_session(
    links: Links, desk: Desk, count: int
) -> None:
    link = links.new()
    link.focus.choose(0)
    name = INSTRUMENTS[0].name
    moved = tuple(reversed(INSTRUMENTS[:count]))

    desk.market.list(())
    links.reset()
    assert link.focus.number == 0
    assert link.instrument == name
    desk.market.list(moved)
    links.reset()

    names = [each.name for each in moved]
    assert link.focus.number == (names.index(name) if name in names else 0)


def test_what_a_session_does_not_have_is_waited_for(links: Links, desk: Desk) -> None:
    focus = links.groups["A"]
    focus.choose(2)
    desk.market.list(INSTRUMENTS[:1])
    links.reset()
    assert focus.number == 0

    desk.market.list(INSTRUMENTS)
    links.reset()

    assert focus.number == 2


def test_a_link_that_is_dropped_hears_nothing_more(qtbot: QtBot, links: Links) -> None:
    link = links.new()
    with qtbot.waitSignal(link.destroyed):
        links.drop(link)

    links.groups["A"].choose(1)
    links.reset()


def test_a_focus_passes_over_what_is_not_there(desk: Desk, qapp: object) -> None:
    focus = Focus(desk)
    focus.reset()
    for number in (-1, 99, 2**61):
        focus.choose(number)

    assert (focus.number, focus.name) == (0, INSTRUMENTS[0].name)


# The title bar.


@pytest.fixture
def title(qtbot: QtBot, desk: Desk, links: Links) -> DockTitle:
    made = DockTitle("Ladder", desk, links.new("B"))
    qtbot.addWidget(made)
    made.dress(DARK, 1.0)
    made.show()
    return made


def test_the_title_bar_says_and_changes_the_group(
    title: DockTitle, links: Links
) -> None:
    assert title.chip.accessibleName() == "Linked: group B"
    menu = title.chip.menu()
    menu.aboutToShow.emit()
    texts = [action.text() for action in menu.actions()]
    assert texts == [*(f"Group &{each}" for each in GROUPS), "&Own instrument"]
    assert [action.isChecked() for action in menu.actions()].index(True) == 1

    menu.actions()[3].trigger()
    assert title.chip.accessibleName() == "Linked: group D"
    menu.actions()[-1].trigger()
    assert title.chip.accessibleName() == "Linked: an instrument of its own"


def test_the_title_bar_chooses_the_instrument(title: DockTitle, links: Links) -> None:
    menu = title.instrument.menu()
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions()] == [each.name for each in INSTRUMENTS]

    menu.actions()[1].trigger()

    assert links.groups["B"].number == 1
    assert title.instrument.text() == INSTRUMENTS[1].name


def test_many_instruments_are_searched_not_listed(
    qtbot: QtBot, title: DockTitle, desk: Desk
) -> None:
    many = tuple(replace(INSTRUMENTS[0], name=f"X{n}") for n in range(300))
    desk.market.list(many)
    menu = title.instrument.menu()
    menu.aboutToShow.emit()

    assert len(menu.actions()) < 30
    assert menu.actions()[-1].text() == "Search 300 instruments…"
    with qtbot.waitSignal(title.search_wanted):
        menu.actions()[-1].trigger()


def test_behind_a_tab_only_the_link_is_left(
    qtbot: QtBot, title: DockTitle, desk: Desk
) -> None:
    title.show_tabbed(True)
    assert not title.title.isVisible()
    assert title.chip.isVisible()

    plain = DockTitle("Risk", desk, None)
    qtbot.addWidget(plain)
    plain.dress(DARK, 1.0)
    assert plain.height() > 0
    plain.show_tabbed(True)
    assert plain.maximumHeight() == 0


# Screens.

MAIN, SECOND = QRect(0, 0, 1920, 1080), QRect(1920, 0, 1280, 1024)


@pytest.mark.parametrize(
    ("wanted", "is_kept"),
    [
        (QRect(100, 100, 600, 400), True),
        (QRect(2000, 50, 600, 400), True),
        (QRect(1700, 1000, 600, 400), True),
        (QRect(4000, 100, 600, 400), False),
        (QRect(100, -300, 600, 400), False),
        (QRect(-590, 100, 600, 400), False),
        (QRect(100, 1079, 600, 400), False),
        (QRect(5000, 5000, 9000, 9000), False),
    ],
)
def test_a_window_is_where_it_can_be_got_hold_of(wanted: QRect, is_kept: bool) -> None:
    place = on_screen(wanted, [MAIN, SECOND])

    assert (place == wanted) is is_kept
    assert MAIN.united(SECOND).contains(place) or is_kept
    assert on_screen(wanted, []) == wanted


def test_the_keyboards_ring_goes_all_the_way_round_a_chip(qtbot: QtBot) -> None:
    chip = LinkChip()
    qtbot.addWidget(chip)
    chip.dress(DARK, 1.0)
    chip.show_group("A")
    chip.setPalette(QPalette(QColor(DARK.window)))
    chip.setAutoFillBackground(True)
    chip.show()
    chip.activateWindow()
    # A window that becomes the active one gives its only widget the keyboard.
    qtbot.waitUntil(chip.isActiveWindow)

    def edges() -> list[int]:
        """How light the middles of its upper and its lower edge are."""
        picture = chip.grab().toImage()
        middle, high = picture.width() // 2, picture.height() - 1
        return [picture.pixelColor(middle, y).lightness() for y in (0, high)]

    chip.resize(chip.sizeHint())
    chip.clearFocus()
    qtbot.waitUntil(lambda: not chip.hasFocus())
    before = edges()
    chip.setFocus()
    qtbot.waitUntil(chip.hasFocus)

    assert min(after - was for was, after in zip(before, edges(), strict=True)) > 40
