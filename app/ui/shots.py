"""Pictures of the window and of each panel, with data flowing, without a screen.

A real session is opened and traded a little (`shot_scene`); then every panel is
rendered in each theme and at each scale. docs/ and the README show what this makes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from app.clock import SystemClock
from app.config import Settings
from app.errors import ConfigError, SessionError
from app.sessions.session import Mode
from app.ui import shot_scene, theme as themes
from app.ui.arrangements import BACKTEST, SHIPPED
from app.ui.main import application, sessions_of
from app.ui.main_window import MainWindow
from app.ui.opening import Sessions
from app.ui.panel_rows import BY_NAME

SCALES: Final = (1.0, 1.5, 2.0)
THEMES: Final = ("dark", "light")
_WINDOW, _IMPORT = "window", "import"
_WORKSPACES: Final = {f"workspace-{row.name.lower()}": row.name for row in SHIPPED}
PICTURES: Final = (_WINDOW, _IMPORT, *_WORKSPACES, *BY_NAME)
_BACKTESTS: Final = {
    f"workspace-{BACKTEST.lower()}",
    *(row.name for row in BY_NAME.values() if row.category == BACKTEST),
}
"""Pictures that need a run."""
_SETTLE_MS: Final = 400
_CALM_NS: Final = 30_000_000
"""Work of a frame that is quick."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures to make.

    Attributes
    ----------
    names : tuple of str
        Of `PICTURES`: the window, the import dialog, workspaces, panels.
    scales : tuple of float
        Device pixels per pixel.
    themes : tuple of str
    seconds : float
        How long data flow before the pictures are taken.
    size : tuple of int or None
        Of the window, pixels; None = as it ships.
    """

    names: tuple[str, ...] = PICTURES
    scales: tuple[float, ...] = SCALES
    themes: tuple[str, ...] = THEMES
    seconds: float = 12.0
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in PICTURES:
                known = ", ".join(PICTURES)
                raise ConfigError(f"no picture is called {name!r}; there are {known}")
        for name in self.themes:
            if name not in themes.THEMES:
                raise ConfigError(f"no theme is called {name!r}: dark, light")
        if not all(0.25 <= scale <= 8 for scale in self.scales):
            raise ConfigError("a picture's scale is 0.25 to 8")


def run(
    directory: Path,
    settings: Settings,
    sessions: Sessions | None = None,
    wanted: Wanted | None = None,
) -> int:
    """Render ``window.png``, ``ladder@2x.png``, ``ladder-light.png``, ….

    Parameters
    ----------
    directory : Path
        Made if it is missing.
    settings : Settings
    sessions : Sessions, optional
        Where the session comes from; the program's own by default.
    wanted : Wanted, optional
        Which pictures; all by default.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    SessionError
        If the session does not come to life.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        if settings.session.feed == "exchange":
            # A catalog of its own: a picture shows nobody's data.
            data, runs = Path(folder) / "catalog", Path(folder) / "runs"
            sweeps = Path(folder) / "sweeps"
            paths = replace(settings.paths, data=data, runs=runs, sweeps=sweeps)
            settings = replace(settings, paths=paths)
        given = sessions_of(settings) if sessions is None else sessions
        _shoot(directory, settings, given, wanted or Wanted())
    return 0


def _shoot(
    directory: Path, settings: Settings, sessions: Sessions, wanted: Wanted
) -> None:
    application()
    window = MainWindow(settings, sessions, SystemClock())
    if wanted.size is not None:
        window.resize(*wanted.size)
    window.amenities.sound.is_on = False
    window.show()
    try:
        window.open(Mode.PAPER, settings.session.feed)
        shot_scene.play(window, round(1000 * wanted.seconds))
        if "strategies" in wanted.names:
            shot_scene.run_strategy(window, round(1000 * wanted.seconds))
        for name in wanted.themes:
            if name != window.theme.name:
                window.look.choose(themes.THEMES[name])
                _settle(window)
            _render_all(window, directory, wanted, settings.paths.data.parent)
    finally:
        window.close()


def _render_all(
    window: MainWindow, directory: Path, wanted: Wanted, folder: Path
) -> None:
    suffix = "" if window.theme.name == "dark" else f"-{window.theme.name}"
    if _IMPORT in wanted.names:
        dialog = shot_scene.import_files(window, folder)
        _render(dialog, directory / f"{_IMPORT}{suffix}", wanted.scales)
        dialog.reject()
    if _BACKTESTS.intersection(wanted.names):
        shot_scene.backtest(window, folder)
    _calm(window, wanted)
    window.setFocus()
    shot_scene.hover(window)
    if _WINDOW in wanted.names:
        _render(window, directory / f"{_WINDOW}{suffix}", wanted.scales)
    for name in wanted.names:
        if name in BY_NAME:
            dock = window.docks[name]
            if dock.isHidden():
                dock.setFloating(True)
                dock.resize(QSize(*dock.row.size))
            window.panels.show(name)
            shot_scene.READY.get(name, shot_scene.leave)(window)
            _settle(window)
            _render(dock.host, directory / f"{name}{suffix}", wanted.scales)
    _render_workspaces(window, directory, suffix, wanted)


def _render_workspaces(
    window: MainWindow, directory: Path, suffix: str, wanted: Wanted
) -> None:
    window.workspaces.reset()
    for picture, name in _WORKSPACES.items():
        if picture in wanted.names:
            window.workspaces.switch(name)
            if name == BACKTEST:
                shot_scene.show_request(window)
            _settle(window)
            _calm(window, wanted)
            _render(window, directory / f"{picture}{suffix}", wanted.scales)
    window.workspaces.switch(SHIPPED[0].name)
    _settle(window)


def _settle(window: MainWindow) -> None:
    QApplication.processEvents()
    shot_scene.wait(window, lambda: False, _SETTLE_MS)


def _calm(window: MainWindow, wanted: Wanted) -> None:
    """Wait a while for quick frames.

    The status bar tells the slowest, which were of opening it all and of pictures.
    """
    frames, patience = window.bridge.frames, round(1000 * wanted.seconds)
    shot_scene.wait(window, lambda: frames.quantile(0.99) < _CALM_NS, patience)


def _render(widget: QWidget, path: Path, scales: Iterable[float]) -> None:
    for scale in scales:
        picture = QPixmap(widget.size() * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(widget.palette().window().color())
        widget.render(picture)
        name = path.name if scale == 1 else f"{path.name}@{scale:g}x"
        if not picture.save(str(path.with_name(f"{name}.png"))):
            raise SessionError(f"{path.with_name(name)}.png cannot be written")
