"""Every setting of the program, declared once.

A setting is a field of one of the sections below: its type and default, a sentence, its
unit and the rule that a value must keep. Everything else reads the declaration: loading
and checking (app/settings.py), `ringside config`, ``resources/config.example.toml``.

**To add a setting**, add one line to its section; to add a section, add a frozen
dataclass and a field in `Settings`. Then write the example anew (a test compares it)::

    ringside config --example > resources/config.example.toml

Where a value comes from, first found: the option of the command, the variable
``RINGSIDE_<SECTION>_<NAME>``, the TOML file, the default. The file is the one that
``--config`` names, else ``RINGSIDE_CONFIG``, else ``config.toml`` in the user's
configuration folder. An unknown key is refused by name with the nearest known one: a
misspelt limit must not pass in silence.

Files and folders may begin with ``~`` and contain ``{user_config}``, ``{user_data}``,
``{user_state}`` and ``{user_cache}``: where the system keeps such things for this user.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app import settings as _settings
from app.errors import ConfigError
from app.folders import CACHE_VARIABLE, expand, user_folder
from app.settings import Loaded, path_setting, setting

FILE_VARIABLE: Final = "RINGSIDE_CONFIG"
OTHER_VARIABLES: Final = {
    FILE_VARIABLE: "the TOML file to read",
    CACHE_VARIABLE: "folder of the compile cache",
    "RINGSIDE_BOUNDSCHECK": "1 compiles the engine with bounds checks",
    "RINGSIDE_SHARED": "folder of the real market data that tests use",
}
"""Variables that are read before there are settings."""


def _zone_rule(name: str) -> str:
    if name in ("local", "UTC", "exchange"):
        return ""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "must be local, UTC, exchange or an IANA name like Europe/Berlin"
    return ""


@dataclass(frozen=True, slots=True)
class Session:
    """What the window starts with."""

    feed: str = setting(
        "exchange",
        "Where market data comes from: exchange, or recording:NAME from the catalog",
        pattern=r"exchange|recording:\S+",
        pattern_says="exchange or recording:NAME",
    )
    mode: Literal["backtest", "paper", "live"] = setting(
        "paper", "The mode that is entered"
    )


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the program keeps its files."""

    data: Path = path_setting("{user_data}/catalog", "The catalog of market data")
    logs: Path = path_setting(
        "{user_state}/logs", "The engine's logs, one folder a session"
    )
    strategies: Path = path_setting(
        "{user_data}/strategies",
        "Your strategies: those of each Python file in it are offered by name",
    )
    runs: Path = path_setting("{user_data}/runs", "Backtests that were run")
    sweeps: Path = path_setting(
        "{user_data}/sweeps", "Sweeps that were kept, one folder each"
    )


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine thread and the rings around it."""

    nap_us: int = setting(
        50,
        "How long the idle engine sleeps",
        unit="µs",
        at_least=1,
        at_most=10_000,
        applies="session",
    )
    spin_us: int = setting(
        -1,
        "How long the engine spins before it sleeps; -1: 100 with four cores or more, "
        "else not at all, since a thread that spins takes a whole core",
        unit="µs",
        at_least=-1,
        at_most=1_000_000,
        applies="session",
    )


@dataclass(frozen=True, slots=True)
class Exchange:
    """The built-in exchange."""

    seed: int = setting(
        1, "Seed of its agents: same seed, same market", at_least=0, applies="session"
    )
    messages_per_s: int = setting(
        200,
        "Its pace; 200 is one that a person can trade",
        unit="messages per second",
        at_least=1,
        at_most=200_000,
        applies="session",
    )
    instruments: tuple[str, ...] = setting(
        (), "Instruments to trade; empty for all", applies="session"
    )
    day_minutes: float = setting(
        0.0,
        "Length of a trading day with its auctions and halts; 0: it is always open",
        unit="minutes",
        at_least=0,
        at_most=1440,
        applies="session",
    )
    drill_minutes: float = setting(
        0.0,
        "A fire drill that nobody asked for this often; 0 for none",
        unit="minutes",
        at_least=0,
        at_most=1440,
        applies="session",
    )


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a market."""

    speed: float = setting(
        1.0,
        "Pace at the start, times its own",
        at_least=0.01,
        at_most=1e6,
        applies="session",
    )
    skip_idle_s: float = setting(
        60.0,
        "Longer stretches without a record are skipped; 0 skips none",
        unit="seconds",
        at_least=0,
        at_most=86_400,
        applies="session",
    )


@dataclass(frozen=True, slots=True)
class Recorder:
    """The recorder of live feeds."""

    always: bool = setting(
        False, "Whether every session of a live feed is recorded", applies="session"
    )
    commit_s: float = setting(
        60.0,
        "How often what was recorded becomes part of the catalog; the log has the rest",
        unit="seconds",
        at_least=0.1,
        at_most=3600,
        applies="session",
    )


@dataclass(frozen=True, slots=True)
class Venue:
    """The simulated venue, which fills orders against a recording's book."""

    order_latency_us: int = setting(
        500,
        "How long an order takes to the venue",
        unit="µs of the recording's time",
        at_least=0,
        at_most=60_000_000,
        applies="session",
    )
    report_latency_us: int = setting(
        500,
        "How long the venue's answer takes back",
        unit="µs of the recording's time",
        at_least=0,
        at_most=60_000_000,
        applies="session",
    )
    queue: Literal["auto", "pessimistic", "probabilistic", "exact"] = setting(
        "auto",
        "How the place in the queue is told; auto is exact with order-by-order data, "
        "else probabilistic",
        applies="session",
    )


@dataclass(frozen=True, slots=True)
class Risk:
    """The risk gate."""

    file: Path = path_setting(
        "{user_config}/limits.toml",
        "Limits; where there is no such file, those that ship hold",
        applies="session",
    )


@dataclass(frozen=True, slots=True)
class Ui:
    """The window."""

    theme: Literal["dark", "light"] = setting("dark", "Colours", applies="now")
    scale: float = setting(
        1.0, "Size of text", unit="times", at_least=0.5, at_most=4, applies="now"
    )
    ladder_rows: int = setting(
        40, "Prices that the ladder shows", at_least=10, at_most=400, applies="now"
    )
    through_ticks: int = setting(
        5,
        "A click further through the market than this asks for a confirm",
        unit="ticks",
        at_least=0,
        at_most=10_000,
        applies="now",
    )
    drag_to_stop: bool = setting(
        False,
        "A limit that is dragged across the market in a ladder becomes a stop, after a"
        " confirm",
        applies="now",
    )
    frames_per_s: int = setting(
        60,
        "How often the window is brought up to date",
        at_least=5,
        at_most=240,
        applies="now",
    )
    time_zone: str = setting(
        "local",
        "Zone of the times that are shown: local, UTC, exchange (that of the instrument"
        " of group A) or an IANA name",
        judge=_zone_rule,
        applies="now",
    )
    notices: Literal["warnings", "errors", "none"] = setting(
        "warnings",
        "Which messages also rise as a notice in the corner; the log has all of them",
        applies="now",
    )


@dataclass(frozen=True, slots=True)
class Sounds:
    """Sounds of fills, refusals and alerts."""

    on: bool = setting(True, "Whether there are any", applies="now")
    volume: int = setting(
        60, "How loud", unit="%", at_least=0, at_most=100, applies="now"
    )


@dataclass(frozen=True, slots=True)
class History:
    """What is kept of the market for charts, tape and heatmap."""

    column_ms: int = setting(
        100,
        "What a column of the heatmap stands for; shorter ones show more of what came "
        "and went, and take as much more disk",
        unit="ms",
        at_least=10,
        at_most=60_000,
        applies="session",
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections."""

    session: Session = field(default_factory=Session)
    paths: Paths = field(default_factory=Paths)
    engine: Engine = field(default_factory=Engine)
    exchange: Exchange = field(default_factory=Exchange)
    recording: Recording = field(default_factory=Recording)
    recorder: Recorder = field(default_factory=Recorder)
    history: History = field(default_factory=History)
    venue: Venue = field(default_factory=Venue)
    risk: Risk = field(default_factory=Risk)
    ui: Ui = field(default_factory=Ui)
    sounds: Sounds = field(default_factory=Sounds)


def config_file(named: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file that settings are read from, whether it exists or not."""
    if named is not None:
        return named
    if environ.get(FILE_VARIABLE):
        return expand(environ[FILE_VARIABLE])
    return user_folder("user_config") / "config.toml"


def load(
    named: Path | None,
    environ: Mapping[str, str],
    options: Mapping[str, str] | None = None,
) -> Loaded[Settings]:
    """Read the settings from a file and the environment.

    Parameters
    ----------
    named : Path or None
        The file that a user named; it must exist. The default file need not.
    environ : mapping
        The environment.
    options : mapping, optional
        ``section.name`` to text, from the command line.

    Raises
    ------
    ConfigError
        If the file cannot be read, a key is unknown, or a value breaks its rule.
    """
    file = config_file(named, environ)
    is_named = named is not None or bool(environ.get(FILE_VARIABLE))
    table = _table(file) if is_named or file.exists() else {}
    texts = [
        *_settings.from_environment(Settings, environ, OTHER_VARIABLES),
        *_settings.from_options(options or {}),
    ]
    return _settings.load(Settings, table, str(file), texts)


def _table(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is no TOML: {error}") from error


def example() -> str:
    """Return a file with every default, its sentence, unit and rule."""
    return (
        "# Every setting with its default, made by: ringside config --example\n"
        "# A file needs only what it changes; a variable like RINGSIDE_UI_SCALE\n"
        "# overrides it.\n\n" + _settings.written(Settings)
    )


def described(loaded: Loaded[Settings]) -> str:
    """Return the settings that hold, each with its rule and where it came from."""
    return _settings.written(Settings, loaded.settings, loaded.sources)
