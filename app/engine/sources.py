"""Which sources a unit is made of, and their hash: the name of its compile cache.

A unit can only call what its module imports, directly or through others; so its cache
is named by the hash of all those files. An edit anywhere else leaves it valid.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
"""Folder that holds the package `app`."""
_IMPORT: Final = re.compile(
    r"^\s*(?:from\s+(app[\w.]*)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+(app[\w.]*))",
    re.MULTILINE,
)
_NAME: Final = re.compile(r"\w+")


@cache
def _imported(path: Path, root: Path) -> frozenset[Path]:
    """Files of `app` that a file imports, by its text."""
    found: set[Path] = set()
    for package, names, module in _IMPORT.findall(path.read_text(encoding="utf-8")):
        base = root.joinpath(*(package or module).split("."))
        found.update(_files(base, root))
        for name in _NAME.findall(names):
            found.update(_files(base / name, root))
    return frozenset(found)


def _files(base: Path, root: Path) -> Iterator[Path]:
    """The file of a module, and those of the packages around it."""
    module = base.with_suffix(".py")
    if module.is_file():
        yield module
    folder = base if base.is_dir() else base.parent
    while folder != root and root in folder.parents:
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py"
        folder = folder.parent


def sources(start: Path, root: Path = ROOT) -> list[Path]:
    """List a file and all that it imports of `app`, however far away."""
    found, waiting = {start}, [start]
    while waiting:
        new = _imported(waiting.pop(), root) - found
        found |= new
        waiting.extend(new)
    return sorted(found)


@cache
def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def source_hash(start: Path, root: Path = ROOT) -> str:
    """Hash the sources of a unit, by content and by place below `root`."""
    digest = hashlib.sha256()
    for path in sources(start, root):
        place = path.relative_to(root) if root in path.parents else Path(path.name)
        digest.update(str(place).encode())
        digest.update(_digest(path))
    return digest.hexdigest()
