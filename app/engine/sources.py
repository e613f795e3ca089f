"""Which sources a unit is made of, and their hash: the name of its compile cache.

A unit can only call what its module imports, directly or through others; so its cache
is named by the hash of all those files. An edit anywhere else leaves it valid.

Every start asks it of every unit before the engine runs; so files are found in listings
of folders and paths are plain strings, which is ten times faster than asking the
system about each path.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
"""Folder that holds the package `app`."""
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+(app[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(app[\w.]*))",
    re.MULTILINE,
)
_NAME: Final = re.compile(r"\w+")
_PACKAGE: Final = "__init__.py"


@cache
def _read(path: str) -> tuple[bytes, list[tuple[str, str, str]]]:
    """A file's hash, and its imports of `app` as they are written."""
    content = Path(path).read_bytes()
    return hashlib.sha256(content).digest(), _IMPORT.findall(content.decode())


@cache
def _listing(folder: str) -> frozenset[str]:
    """Names in a folder; none where there is no such folder."""
    try:
        return frozenset(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


@cache
def _imported(path: str, root: str) -> frozenset[str]:
    """Files of `app` that a file imports, by its text."""
    found: set[str] = set()
    for package, names, module in _read(path)[1]:
        base = os.path.join(root, *(package or module).split("."))
        found.update(_packages(base, root), _module(base))
        for name in _NAME.findall(names):
            if name in _listing(base):
                found.update(_packages(os.path.join(base, name), root))
            found.update(_module(os.path.join(base, name)))
    return frozenset(found)


def _module(base: str) -> Iterator[str]:
    """The file of a module, if it is one and not a name in it."""
    folder, name = os.path.split(base)
    if f"{name}.py" in _listing(folder):
        yield f"{base}.py"


@cache
def _packages(folder: str, root: str) -> frozenset[str]:
    """The files of the packages that a module or package stands in."""
    found = set()
    while len(folder) > len(root):
        if _PACKAGE in _listing(folder):
            found.add(os.path.join(folder, _PACKAGE))
        folder = os.path.dirname(folder)
    return frozenset(found)


def _closure(start: str, root: str) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        new = _imported(waiting.pop(), root) - found
        found |= new
        waiting.extend(new)
    return found


def sources(start: Path, root: Path = ROOT) -> list[Path]:
    """List a file and all that it imports of `app`, however far away."""
    return sorted(Path(each) for each in _closure(str(start), str(root)))


def source_hash(start: Path, root: Path = ROOT) -> str:
    """Hash the sources of a unit, by content and by place below `root`."""
    digest = hashlib.sha256()
    inside = os.path.join(root, "")
    for path in sorted(_closure(str(start), str(root))):
        is_inside = path.startswith(inside)
        place = path.removeprefix(inside) if is_inside else os.path.basename(path)
        digest.update(place.encode())
        digest.update(_read(path)[0])
    return digest.hexdigest()
