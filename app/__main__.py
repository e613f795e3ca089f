"""The `ringside` command: the composition root.

Each sub-command is a row of `COMMANDS`: a module and the function in it that adds the
command's arguments and says what runs it (``set_defaults(func=...)``, a function of the
parsed arguments that returns the exit status). A module is imported when its command is
given and not before, so that `ringside config` needs no Qt and the window no pandas.
The parsed arguments carry `settings`, the tree of app/config.py.

What goes wrong ends in one line, ``ringside: …``, and exit status 2; ``--debug`` shows
the traceback too.
"""

import argparse
import builtins
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from app import __version__, config
from app.errors import NotBuiltError, RingsideError, SessionError
from app.folders import cache_folder

if TYPE_CHECKING:
    # argparse gives the type of its sub-commands no public name.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

FAILED: Final = 2
INTERRUPTED: Final = 130
_WITH_VALUE: Final = frozenset({"--feed", "--config"})
"""Options before the command whose value is the next word."""
_BEFORE_QT: Final = (
    "numpy",
    "app.crash_reports",
    "app.data.catalog",
    "app.data.recorder",
    "app.engine.book_state",
    "app.settings_file",
)
"""What the window imports that needs no Qt."""


class Command(NamedTuple):
    """A sub-command: what it does, and where its arguments are declared."""

    sentence: str
    module: str
    add_parser: str
    complete: str = ""
    """A function that completes the arguments; none where they stand as given."""


COMMANDS: Final[Mapping[str, Command]] = {
    "config": Command(
        "print the settings and where they came from", __name__, "add_config_parser"
    ),
    "import": Command(
        "import market data into the catalog",
        "app.data.cli",
        "add_import_parser",
        complete="with_format",
    ),
    "sample": Command(
        "make up a year of bars, to try things on without data",
        "app.data.cli_sample",
        "add_sample_parser",
    ),
    "book": Command(
        "write the depth of an imported instrument, a row after each event",
        "app.data.cli",
        "add_book_parser",
    ),
    "data": Command(
        "list, check, delete and query what was imported",
        "app.data.cli_data",
        "add_data_parser",
    ),
    "export": Command(
        "write a recording to Parquet or CSV", "app.data.cli_data", "add_export_parser"
    ),
    "record": Command(
        "record a session's market data into the catalog",
        "app.sessions.record_cli",
        "add_record_parser",
    ),
    "backtest": Command(
        "run a strategy over recorded data",
        "app.sessions.backtest.cli",
        "add_backtest_parser",
    ),
    "runs": Command(
        "list, show, compare, export and delete backtests that were run",
        "app.sessions.backtest.runs_cli",
        "add_runs_parser",
    ),
    "sweep": Command(
        "run a request over many parameters", "app.sweeps.cli", "add_sweep_parser"
    ),
    "scenario": Command(
        "run scenarios: tables of events and of what must be observed",
        "app.sessions.scenario.cli",
        "add_scenario_parser",
    ),
    "bench": Command("run the benchmarks", __name__, "add_bench_parser"),
    "shots": Command(
        "render the window and each panel to PNG files", __name__, "add_shots_parser"
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `ringside` command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.

    Returns
    -------
    int
        The exit status.
    """
    try:
        given = _completed(sys.argv[1:] if arguments is None else list(arguments))
        return _run(build_parser(given).parse_args(given))
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(parsed: argparse.Namespace) -> int:
    """Run a command; what goes wrong is told in a line."""
    try:
        _read_settings(parsed)
        status: int = parsed.func(parsed)
    except (RingsideError, OSError) as error:
        if parsed.debug:
            raise
        print(f"ringside: {_told(error)}", file=sys.stderr)
        return FAILED
    return status


def _completed(given: list[str]) -> list[str]:
    """Let the command that is given complete its arguments."""
    at = _place_of_command(given)
    command = COMMANDS.get(given[at]) if at < len(given) else None
    if command is None or not command.complete:
        return given
    room = importlib.import_module(command.module)
    return [*given[:at], *getattr(room, command.complete)(given[at:])]


def _place_of_command(given: Sequence[str]) -> int:
    """Find the command: the first word that is neither an option nor its value."""
    at = 0
    while at < len(given) and given[at].startswith("-"):
        at += 2 if given[at] in _WITH_VALUE else 1
    return at


def _told(error: RingsideError | OSError) -> str:
    """Say a failure in a line; the system's own without its number."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def build_parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; only the command that is `given` gets its own arguments."""
    parser = argparse.ArgumentParser(
        prog="ringside",
        description="A desktop trading workstation. Without a command: the window.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--feed", help="exchange, or recording:NAME (setting: session.feed)"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings to read")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.set_defaults(func=run_window)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    chosen = given[_place_of_command(given) :][:1]
    for name, command in COMMANDS.items():
        if name in chosen:
            room = importlib.import_module(command.module)
            getattr(room, command.add_parser)(subparsers)
        else:
            subparsers.add_parser(name, help=command.sentence)
    return parser


def _read_settings(parsed: argparse.Namespace) -> None:
    """Read the settings; an option goes before the environment."""
    options = {} if parsed.feed is None else {"session.feed": parsed.feed}
    parsed.loaded = config.load(parsed.config, os.environ, options)
    parsed.settings = parsed.loaded.settings


def run_window(parsed: argparse.Namespace) -> int:
    """Open the window."""
    settings: config.Settings = parsed.settings
    if settings.session.mode == "live":
        raise NotBuiltError("mode live is not built in this version; paper is")
    _require_screen(os.environ)
    prepare_qt()
    from app.settings_file import SettingsFile
    from app.ui.main import run

    options = {} if parsed.feed is None else {"session.feed": parsed.feed}
    file = SettingsFile(parsed.config, os.environ, options)
    return run(settings, settings.session.feed, file)


def _require_screen(environ: Mapping[str, str]) -> None:
    """Say that there is no screen before Qt aborts the process over it."""
    named = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform == "linux" and not any(environ.get(name) for name in named):
        raise SessionError(
            "there is no screen (DISPLAY and WAYLAND_DISPLAY are not set); "
            "QT_QPA_PLATFORM=offscreen runs without one"
        )


def prepare_qt() -> None:
    """Import Qt, its binding fixed before pyqtgraph and qasync choose one."""
    os.environ["QT_API"] = "pyside6"
    os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
    # A busy Python thread gives the GIL back after 0.5 ms instead of 5.
    sys.setswitchinterval(0.0005)
    # Before Qt: PySide reads the source of whatever is imported after it.
    for name in _BEFORE_QT:
        importlib.import_module(name)
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        raise SessionError(
            f"the window cannot start: {error}; "
            "python3 start.py installs what is missing"
        ) from error
    # PySide hooks imports for its `__feature__`, which nobody here asks for: it reads
    # the source of each module, and numpy imports whenever an array's address is asked.
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)


def add_config_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside config``."""
    parser = subparsers.add_parser("config", help=COMMANDS["config"].sentence)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--paths", action="store_true", help="files and folders in use")
    what.add_argument("--example", action="store_true", help="a file of all defaults")
    parser.set_defaults(func=_config)


def _config(parsed: argparse.Namespace) -> int:
    if parsed.example:
        print(config.example(), end="")
    elif parsed.paths:
        for name, path in _paths(parsed):
            print(f"{name:<10}{path}{'' if path.exists() else '  (absent)'}")
    else:
        print(config.described(parsed.loaded), end="")
    return 0


def _paths(parsed: argparse.Namespace) -> list[tuple[str, Path]]:
    settings: config.Settings = parsed.settings
    return [
        ("settings", config.config_file(parsed.config, os.environ)),
        ("catalog", settings.paths.data),
        ("logs", settings.paths.logs),
        ("runs", settings.paths.runs),
        ("limits", settings.risk.file),
        ("compiled", cache_folder(os.environ)),
    ]


def add_bench_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside bench``."""
    parser = subparsers.add_parser("bench", help=COMMANDS["bench"].sentence)
    parser.add_argument("name", nargs="?", help="one benchmark; all by default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.set_defaults(func=_bench)


def _bench(parsed: argparse.Namespace) -> int:
    try:
        from benchmarks.run import main as run
    except ModuleNotFoundError as error:
        if error.name not in {"benchmarks", "benchmarks.run"}:
            raise
        raise NotBuiltError(
            "the benchmarks are part of the repository, not of an installed package"
        ) from error
    return run(parsed.name, parsed.json)


def add_shots_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside shots``."""
    parser = subparsers.add_parser("shots", help=COMMANDS["shots"].sentence)
    parser.add_argument("directory", type=Path, metavar="DIR", help="where they go")
    parser.add_argument(
        "--panel",
        action="append",
        dest="names",
        metavar="NAME",
        help="only this picture: a panel, window or import; may be repeated",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=12.0,
        help="how long data flow before the pictures are taken (12)",
    )
    parser.add_argument(
        "--scale",
        action="append",
        dest="scales",
        type=float,
        metavar="N",
        help="device pixels per pixel; may be repeated (1, 1.5 and 2). One alone is "
        "drawn as a screen of that scale shows it",
    )
    parser.add_argument(
        "--theme",
        action="append",
        dest="themes",
        metavar="NAME",
        help="dark or light; may be repeated (both)",
    )
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("WIDTH", "HEIGHT"),
        help="of the window, pixels",
    )
    parser.set_defaults(func=_shots)


def _shots(parsed: argparse.Namespace) -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if parsed.scales and len(parsed.scales) == 1:
        # What is kept as pixels (ladder, charts) is made for the screen's scale.
        os.environ.setdefault("QT_SCALE_FACTOR", f"{parsed.scales[0]:g}")
    prepare_qt()
    from app.ui.shots import PICTURES, SCALES, THEMES, Wanted, run

    wanted = Wanted(
        names=tuple(parsed.names or PICTURES),
        scales=tuple(parsed.scales or SCALES),
        themes=tuple(parsed.themes or THEMES),
        seconds=parsed.seconds,
        size=tuple(parsed.size) if parsed.size else None,
    )
    return run(parsed.directory, parsed.settings, wanted=wanted)


if __name__ == "__main__":
    sys.exit(main())
