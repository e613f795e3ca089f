"""The strategies that can be chosen: those that ship, and those of a user's folder."""

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
        Files that cannot be read, and why.
    """

    offers: list[Offer]
    broken: dict[str, str]


_SCANNED: dict[Path, tuple[tuple[int, int], list[Offer] | str]] = {}
"""What was found in a file, or why it cannot be read, as it was when last changed."""


def scan(folder: Path) -> Found:
    """Run the files of a user's folder, where they are new or have changed.

    A file's own lines run, and may take seconds: not for the window's thread.
    """
    found = Found([], {})
    for path in sorted(folder.glob("*.py")) if folder.is_dir() else ():
        stat = path.stat()
        stamp = stat.st_mtime_ns, stat.st_size
        known = _SCANNED.get(path)
        if known is None or known[0] != stamp:
            known = _SCANNED[path] = stamp, _scanned(path)
        if isinstance(known[1], str):
            found.broken[path.name] = known[1]
        else:
            found.offers.extend(known[1])
    return found


def _scanned(path: Path) -> list[Offer] | str:
    try:
        classes = strategies_in(path)
        return [_of_file(path, each, len(classes)) for each in classes]
    except RingsideError as error:
        return str(error).replace(str(path), path.name)


class StrategyList:
    """What can be chosen, as it was when last read; at first, what ships.

    Attributes
    ----------
    offers : list of Offer
        Those that ship come first.
    broken : dict of file name to str
        Files of the user's folder that cannot be read, and why.
    is_read : bool
        Whether the user's folder was read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offers: list[Offer] = []
        self.broken: dict[str, str] = {}
        self.is_read = False
        self._own: list[Offer] = []
        self._put([])

    def read(self) -> None:
        """Read the user's folder on this thread."""
        self.take(scan(self.folder))

    def take(self, found: Found) -> None:
        """Offer what was found in the user's folder; files that were chosen stay."""
        self.is_read, self.broken = True, found.broken
        self._put(found.offers)

    def _put(self, own: list[Offer]) -> None:
        gone = {each.name for each in self._own}
        files = [e for e in self.offers if ".py" in e.name and e.name not in gone]
        shipped = [
            Offer(title_of(each), title_of(each), each) for each in shipped_strategies()
        ]
        known = {each.name for each in own}
        self._own = own
        self.offers = [*shipped, *own, *(e for e in files if e.name not in known)]

    def add_file(self, path: Path) -> Offer:
        """Offer the strategies of a file; the first of them.

        Raises
        ------
        StrategyError
            If there is none in it.
        """
        found = strategies_in(path) or [load_file(path)]
        made = [_of_file(path, each, len(found)) for each in found]
        names = {each.name for each in made}
        self.offers = [each for each in self.offers if each.name not in names] + made
        return made[0]

    def resolve(self, name: str) -> Offer:
        """The strategy that a request names.

        Raises
        ------
        StrategyError
            If there is none.
        """
        for each in self.offers:
            if each.name == name:
                return each
        path, _, wanted = name.partition(".py:")
        if wanted or name.endswith(".py"):
            file = Path(f"{path}.py" if wanted else name)
            cls = load_file(file, wanted or None)
            made = Offer(title_of(cls), name, cls)
            self.offers.append(made)
            return made
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


def _of_file(path: Path, cls: type[Strategy], count: int) -> Offer:
    name = str(path) if count == 1 else f"{path}:{cls.__qualname__}"
    return Offer(f"{title_of(cls)} · {path.name}", name, cls)
