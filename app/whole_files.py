"""Files that a user asks for: there whole or not at all, and named where they fail."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.errors import RingsideError

_OPENED: Final = (("/", "dev"), ("/", "proc"))
"""Where links name what is open: another file in its place would not be."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name what is written in an error of the system that names nothing.

    A full disk is met when a file is written to, where Python knows no name of it.

    Raises
    ------
    OSError
        Of the block, with a file.
    """
    try:
        yield
    except OSError as error:
        if error.filename:
            raise
        told = error.strerror or str(error)
        raise OSError(error.errno, told, str(path)) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file that a user has asked for, in UTF-8, whole or not at all.

    A link stays one: what it names is written. Where something lies there that is no
    file, or that the system has opened (``/dev/stdout``), it is written to.

    Raises
    ------
    OSError
        If it cannot be written, with its name; what lay there before stays.
    """
    content = text.encode()
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.part")
    try:
        is_opened = path.parts[:2] in _OPENED
        if path.exists() and (is_opened or not path.is_file()):
            path.write_bytes(content)
            return
        try:
            beside.write_bytes(content)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        told = error.strerror or str(error)
        raise OSError(error.errno, told, str(path)) from error


@contextmanager
def attempting(faults: list[str]) -> Iterator[None]:
    """Note why something could not be written, and go on with what else there is."""
    try:
        yield
    except RingsideError as error:
        faults.append(str(error))
    except OSError as error:
        told = error.strerror or str(error)
        faults.append(f"{error.filename}: {told}" if error.filename else told)
