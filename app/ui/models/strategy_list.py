"""The strategies that can be chosen: those that ship, and those of a user's folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.errors import RingsideError, StrategyError
from app.strategies.loader import (
    find,
    load_file,
    plain_name,
    shipped_strategies,
    strategies_in,
)
from app.strategies.strategy import Strategy, title_of


@dataclass(frozen=True, slots=True)
class Offer:
    """A strategy that can be chosen.

    Attributes
    ----------
    title : str
    name : str
        As a request names it.
    cls : type of Strategy
    """

    title: str
    name: str
    cls: type[Strategy]

    @property
    def sentence(self) -> str:
        """What it does: the first lines of its class."""
        return sentence_of(self.cls)


def sentence_of(cls: type[Strategy]) -> str:
    """What a strategy does: the first lines of its class."""
    text = (cls.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder of strategies holds.

    Attributes
    ----------
    offers : list of Offer
    broken : dict of file name to str
        Files that cannot be read, and why; by their path those beyond the folder.
    files : tuple of Path
        Files that were asked for by name.
    """

    offers: list[Offer]
    broken: dict[str, str]
    files: tuple[Path, ...] = ()


_SCANNED: dict[Path, tuple[tuple[int, int], list[Offer] | str]] = {}
"""What was found in a file, or why it cannot be read, as it was when last changed."""


def scan(folder: Path, files: Iterable[Path] = ()) -> Found:
    """Run the files of a user's folder, and some others, where they are new or changed.

    A file's own lines run, and may take seconds: not for the window's thread.
    """
    asked = tuple(files)
    found = Found([], {}, asked)
    listed = sorted(folder.glob("*.py")) if folder.is_dir() else []
    for path in (*listed, *(each for each in asked if each not in listed)):
        told = _newest(path, is_asked=path in asked)
        if isinstance(told, str):
            found.broken[path.name if path in listed else str(path)] = told
        else:
            found.offers.extend(told)
    return found


def _newest(path: Path, *, is_asked: bool) -> list[Offer] | str:
    """What a file has, read again only if it has changed."""
    try:
        stat = path.stat()
    except OSError as error:
        return f"{path.name}: {error.strerror}"
    stamp = stat.st_mtime_ns, stat.st_size
    known = _SCANNED.get(path)
    if known is None or known[0] != stamp:
        known = _SCANNED[path] = stamp, _scanned(path)
    if is_asked and not known[1]:
        try:
            load_file(path)
        except RingsideError as error:
            return _brief(error, path)
    return known[1]


def _scanned(path: Path) -> list[Offer] | str:
    try:
        classes = strategies_in(path)
        return [_of_file(path, each, len(classes)) for each in classes]
    except RingsideError as error:
        return _brief(error, path)


def _brief(error: RingsideError, path: Path) -> str:
    return str(error).replace(str(path), path.name)


class StrategyList:
    """What can be chosen, as it was when last read; at first, what ships.

    It runs no file: what is asked for and not read yet stands in `unread`, for a job
    that calls `scan` with `files`.

    Attributes
    ----------
    offers : list of Offer
        Those that ship come first.
    broken : dict of file name to str
        Files of the user's folder that cannot be read, and why; others by their path.
    is_read : bool
        Whether the user's folder was read.
    files : list of Path
        Files that were asked for by name.
    unread : set of Path
        Those of them that were not read yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offers: list[Offer] = []
        self.broken: dict[str, str] = {}
        self.is_read = False
        self.files: list[Path] = []
        self.unread: set[Path] = set()
        self._put([])

    def read(self) -> None:
        """Read what is asked for on this thread."""
        self.take(scan(self.folder, self.files))

    def take(self, found: Found) -> None:
        """Offer what was found."""
        self.is_read, self.broken = True, found.broken
        self.unread -= set(found.files)
        self._put(found.offers)

    def _put(self, own: list[Offer]) -> None:
        shipped = [
            Offer(title_of(each), title_of(each), each) for each in shipped_strategies()
        ]
        self.offers = [*shipped, *own]

    def ask(self, path: Path) -> None:
        """Want the strategies of a file, as it is now."""
        if path not in self.files:
            self.files.append(path)
        self.unread.add(path)

    def resolve(self, name: str, *, first: bool = False) -> Offer:
        """The strategy that a request names.

        Parameters
        ----------
        first : bool
            Of a file that has several, take the first.

        Raises
        ------
        StrategyError
            If there is none, or its file is still to be read.
        """
        for each in self.offers:
            if each.name == name:
                return each
        file = file_of(name)
        if file is not None:
            return self._of_file(name, file, first=first)
        wanted = plain_name(name)
        for each in reversed(self.offers):
            if wanted in (
                plain_name(title_of(each.cls)),
                plain_name(each.cls.__name__),
            ):
                return each
        if not self.is_read:
            raise StrategyError("your folder of strategies is being read")
        # What ships does not have it either: this names the nearest.
        return Offer(name, name, find(name))

    def _of_file(self, name: str, file: Path, *, first: bool) -> Offer:
        own = [each for each in self.offers if file_of(each.name) == file]
        broken = self.broken.get(str(file)) or (
            self.broken.get(file.name) if file.parent == self.folder else None
        )
        if broken:
            raise StrategyError(broken)
        if not own:
            self.ask(file)
            raise StrategyError(f"{file.name} is being read…")
        wanted = name.partition(".py:")[2]
        for each in own:
            if wanted in (each.cls.__qualname__, title_of(each.cls)):
                return Offer(each.title, name, each.cls)
        if not wanted and (first or len(own) == 1):
            return own[0]
        told = ", ".join(each.cls.__qualname__ for each in own)
        words = f"it has no strategy {wanted!r}; it has" if wanted else "name one of"
        raise StrategyError(f"{file.name}: {words} {told}")


def file_of(name: str) -> Path | None:
    """The file that a request's name of a strategy names; None = a title."""
    path, is_one_of, _ = name.partition(".py:")
    if is_one_of:
        return Path(f"{path}.py")
    return Path(name) if name.endswith(".py") else None


def _of_file(path: Path, cls: type[Strategy], count: int) -> Offer:
    name = str(path) if count == 1 else f"{path}:{cls.__qualname__}"
    return Offer(f"{title_of(cls)} · {path.name}", name, cls)
