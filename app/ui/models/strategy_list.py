"""The strategies that can be chosen: those that ship, and those of a user's folder."""

from dataclasses import dataclass
from pathlib import Path

from app.errors import RingsideError
from app.strategies.loader import find, load_file, shipped_strategies, strategies_in
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


class StrategyList:
    """What can be chosen, as it was when last read.

    Attributes
    ----------
    offers : list of Offer
        Those that ship come first.
    broken : dict of file name to str
        Files of the user's folder that cannot be read, and why.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offers: list[Offer] = []
        self.broken: dict[str, str] = {}
        self.read()

    def read(self) -> None:
        """Read the user's folder anew; files that were chosen stay."""
        files = [each for each in self.offers if ".py" in each.name]
        self.offers = [
            Offer(title_of(each), title_of(each), each) for each in shipped_strategies()
        ]
        self.broken = {}
        for path in sorted(self.folder.glob("*.py")) if self.folder.is_dir() else ():
            try:
                found = strategies_in(path)
            except RingsideError as error:
                self.broken[path.name] = str(error).removeprefix(f"{path}:")
                continue
            self.offers += [_of_file(path, each, len(found)) for each in found]
        known = {each.name for each in self.offers}
        self.offers += [each for each in files if each.name not in known]

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
        cls = find(name, [self.folder])
        known = [each for each in self.offers if title_of(each.cls) == title_of(cls)]
        return known[-1] if known else Offer(title_of(cls), name, cls)


def _of_file(path: Path, cls: type[Strategy], count: int) -> Offer:
    name = str(path) if count == 1 else f"{path}:{cls.__qualname__}"
    return Offer(f"{title_of(cls)} · {path.name}", name, cls)
