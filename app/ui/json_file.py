"""Files that the window keeps: written whole or not at all, read with suspicion."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

_LARGEST: Final = 8_000_000


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path) -> dict[str, Any] | None:
    """Read a file; None if there is none.

    Raises
    ------
    ValueError
        If it holds anything but one JSON object.
    OSError
        If it cannot be read.
    """
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
    if size > _LARGEST:
        raise ValueError(f"it has {size} bytes, more than {_LARGEST}")
    try:
        content = json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not an object")
    return content


def set_aside(path: Path) -> Path:
    """Rename a damaged file, so that it can be looked at; return its new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    os.replace(path, aside)
    return aside
