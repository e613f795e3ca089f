"""Pictures are made of the window and each panel, at each scale, and are not blank."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from app.config import Settings
from app.errors import ConfigError, SessionError
from app.sessions.session import EngineState, Mode, SessionStatus
from app.ui import shots
from app.ui.opening import Sessions
from app.ui.shots import Wanted
from tests.ui.scripted_session import ScriptedSession

pytestmark = [pytest.mark.gui, pytest.mark.slow]


def sessions(session: ScriptedSession) -> Sessions:
    return Sessions(
        lambda mode, feed: session, lambda: ["exchange"], frozenset({Mode.PAPER})
    )


def colours(image: QImage) -> int:
    return len(
        {
            image.pixel(x, y)
            for x in range(0, image.width(), 7)
            for y in range(0, image.height(), 5)
        }
    )


def test_shots_show_every_panel(qapp: object, tmp_path: Path) -> None:
    session = ScriptedSession()
    # The checks before the tests take the dark ones (start.py).
    wanted = Wanted(scales=(1.0, 2.0), themes=("light",), seconds=0.3)

    status = shots.run(tmp_path, Settings(), sessions(session), wanted)

    assert status == 0
    assert session.stops == 1
    names = {f"{name}-light" for name in shots.PICTURES}
    assert {each.name for each in tmp_path.iterdir()} == {
        f"{name}{suffix}.png" for name in names for suffix in ("", "@2x")
    }
    for name in names:
        one = QImage(str(tmp_path / f"{name}.png"))
        two = QImage(str(tmp_path / f"{name}@2x.png"))
        assert colours(one) > 3, name
        assert two.width() == 2 * one.width()


def test_one_panel_can_be_shot_alone(qapp: object, tmp_path: Path) -> None:
    wanted = Wanted(names=("ladder",), scales=(1.5,), themes=("dark",), seconds=0.1)

    shots.run(tmp_path, Settings(), sessions(ScriptedSession()), wanted)

    assert [each.name for each in tmp_path.iterdir()] == ["ladder@1.5x.png"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"names": ("laddre",)}, "no picture is called 'laddre'; there are window"),
        ({"themes": ("pink",)}, "no theme is called 'pink'"),
        ({"scales": (0.0,)}, "a picture's scale is 0.25 to 8"),
    ],
)
def test_a_picture_that_is_not_there_is_told(
    given: dict[str, tuple[str, ...]], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        Wanted(**given)  # type: ignore[arg-type]


def test_a_dead_session_is_told(qapp: object, tmp_path: Path) -> None:
    session = ScriptedSession()
    session.given = SessionStatus(EngineState.FAILED, "no compiler")

    with pytest.raises(SessionError, match="no compiler"):
        shots.run(tmp_path, replace(Settings()), sessions(session))

    assert list(tmp_path.iterdir()) == []
    assert session.stops == 1
