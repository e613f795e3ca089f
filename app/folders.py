"""Where a user's files belong, and what to do where nothing may be written.

Each system has its own places for configuration, data and state; platformdirs knows
them. Where the place cannot be written (a read-only home, a service account), a folder
in the system's temporary directory stands in, so that the program still runs.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

from app.errors import ConfigError

KINDS: Final = ("user_config", "user_data", "user_state", "user_cache")
CACHE_VARIABLE: Final = "RINGSIDE_CACHE"


def user_folder(kind: str) -> Path:
    """Return the user's folder of a kind, or its stand-in where that is read-only.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    """
    folders = platformdirs.PlatformDirs("ringside", appauthor=False)
    folder = Path(getattr(folders, f"{kind}_dir"))
    return folder if is_writable(folder) else stand_in() / kind.removeprefix("user_")


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of what can be made again: the compiled engine."""
    named = environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_folder("user_cache")


def stand_in() -> Path:
    """Return the folder that is used where the user's own cannot be written.

    Raises
    ------
    ConfigError
        If another user's folder is in its place: what it holds is not to be trusted.
    """
    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"ringside-{owner}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != owner:
        raise ConfigError(f"{folder} belongs to another user; remove it")
    return folder


def is_writable(folder: Path) -> bool:
    """Tell whether a folder can be written, or made and then written."""
    while not folder.exists() and folder.parent != folder:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def expand(text: str) -> Path:
    """Turn a folder as it is written in a setting into a path.

    Parameters
    ----------
    text : str
        May begin with ``~`` and contain ``{user_config}``, ``{user_data}``,
        ``{user_state}`` and ``{user_cache}``.
    """
    for kind in KINDS:
        if f"{{{kind}}}" in text:
            text = text.replace(f"{{{kind}}}", str(user_folder(kind)))
    return Path(os.path.expanduser(text))
