"""How an import becomes part of the catalog: wholly, or not at all.

An import writes below ``.imports`` and holds a lock there. Its last step is a list of
renames, synced to disk before the first is done. Whoever finds the folder of a dead
import finishes the list where there is one, since each rename may be tried again, and
clears the folder away where there is none.
"""

import ctypes
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

IMPORTS: Final = ".imports"
"""Folder of imports under way, below the catalog's root."""
LOCK: Final = "lock"
_LIST: Final = "commit.json"
_MOST_SINGLE: Final = 64
"""More files than these are synced in one call: a recorder writes ten a instrument."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Renames that end an import; paths are relative to the catalog's root."""

    remove: tuple[str, ...]
    """Segments that are replaced."""
    add: tuple[tuple[str, str], ...]
    """Folders below the import's own, and where they go."""

    def write(self, folder: Path) -> None:
        """Write the list; from here on the import is certain to be finished."""
        beside = folder / f"{_LIST}.part"
        with beside.open("w", encoding="utf-8") as file:
            json.dump({"remove": self.remove, "add": self.add}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(folder / _LIST)
        sync_folder(folder)


def finish(root: Path, folder: Path) -> None:
    """Do what is left of a written list of renames, then clear the folder away."""
    listed = json.loads((folder / _LIST).read_text("utf-8"))
    for number, each in enumerate(listed["remove"]):
        aside = folder / f"removed-{number}"
        if not aside.exists() and (root / each).exists():
            (root / each).rename(aside)
    touched: dict[Path, None] = {}
    for staged, final in listed["add"]:
        target = root / final
        target.parent.mkdir(parents=True, exist_ok=True)
        if (folder / staged).exists():
            (folder / staged).rename(target)
        touched |= dict.fromkeys((target.parent, target.parent.parent, root))
    sync_files(list(touched))
    shutil.rmtree(folder, ignore_errors=True)


def finish_interrupted(root: Path) -> None:
    """Finish or clear away imports that a crash cut short."""
    folder = root / IMPORTS
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        with locked(each) as is_ours:
            if is_ours and (each / _LIST).exists():
                finish(root, each)
            elif is_ours:
                shutil.rmtree(each, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Try to lock an import's folder; the system frees the lock of a dead process."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


def sync_files(paths: Sequence[Path]) -> None:
    """Make files and folders durable, together where they are many."""
    if len(paths) > _MOST_SINGLE and _sync_file_system(paths[0]):
        return
    for each in paths:
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_file_system(path: Path) -> bool:
    """Sync all of a file system; False where the system has no such call."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if call(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)
    return True


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
