"""Finds strategies: those that ship, a user's folder, a file."""

import difflib
import importlib
import importlib.util
import linecache
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

from app.errors import StrategyError
from app.strategies import shipped
from app.strategies.memory import made
from app.strategies.slips import ending_within, line_in, unknown_handlers
from app.strategies.strategy import Strategy, is_abstract, parameters_of, title_of

_LOAD_S: Final = 20.0
"""Longest that a file may take to be loaded."""


def load_file(
    path: Path, name: str | None = None, *, again: bool = False
) -> type[Strategy]:
    """Load one strategy of a file.

    Parameters
    ----------
    name : str, optional
        Its class or title; needed if the file has several.
    again : bool
        Read the file even if it was loaded before (one that ships is kept otherwise).

    Raises
    ------
    StrategyError
        If the file cannot be read or has no such strategy.
    """
    found = strategies_in(path, again=again)
    if name is None and len(found) == 1:
        return found[0]
    for each in found:
        if name in (each.__qualname__, title_of(each)):
            return each
    if not found:
        raise StrategyError(f"{path}: it has no strategy{_why_none(path)}")
    told = ", ".join(each.__qualname__ for each in found)
    if name is None:
        raise StrategyError(f"{path}: name one of its strategies, FILE:CLASS: {told}")
    raise StrategyError(f"{path}: it has no strategy {name!r}; it has {told}")


def strategies_in(path: Path, *, again: bool = False) -> list[type[Strategy]]:
    """Run a file and list its strategies.

    Raises
    ------
    StrategyError
        If it cannot be read, or raises while it runs.
    """
    return _of(_module(path.resolve(), again))


def try_out(path: Path) -> None:
    """Load a file, and make its strategies, in a process of its own that must end.

    What its lines and `__init__` do runs in the caller's process after that.

    Raises
    ------
    StrategyError
        If it does not come to its end.
    """
    root = Path(__file__).parents[2]
    if _is_ours(path.resolve()):
        return
    try:
        subprocess.run(
            [sys.executable, "-m", "app.strategies.loader", str(path.resolve())],
            cwd=root,
            capture_output=True,
            check=False,
            timeout=_LOAD_S,
        )
    except subprocess.TimeoutExpired as error:
        raise StrategyError(
            f"{path}: its lines or an __init__ did not end within {_LOAD_S:g} s"
        ) from error


def _module(path: Path, again: bool) -> ModuleType:
    linecache.checkcache(str(path))
    if _is_ours(path):
        root = Path(__file__).parents[2]
        dotted = ".".join(path.relative_to(root).with_suffix("").parts)
        module = importlib.import_module(dotted)
        return importlib.reload(module) if again else module
    name = _name_of(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise StrategyError(f"{path}: there is no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with ending_within(f"{path}: its lines"):
            spec.loader.exec_module(module)
    except StrategyError:
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = getattr(error, "lineno", None) or line_in(error, path)
        where = f"{path}:{line}" if line else str(path)
        raise StrategyError(f"{where}: {type(error).__name__}: {error}") from error
    return module


def _is_ours(path: Path) -> bool:
    """Whether a file is a module of the program, and not a user's in its folder."""
    return Path(__file__).parents[1] in path.parents and path.is_file()


def _name_of(path: Path) -> str:
    """Name of the module that a user's file becomes."""
    return f"ringside_strategy_{re.sub(r'[^0-9A-Za-z]', '_', str(path))}"


def _of(module: ModuleType) -> list[type[Strategy]]:
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Strategy)
        and each.__module__ == module.__name__
        and not is_abstract(each)
    ]


def _why_none(path: Path) -> str:
    """What a file has that is nearly a strategy, as the end of a message."""
    classes = [
        each
        for each in vars(_module(path.resolve(), False)).values()
        if isinstance(each, type) and each.__module__ == _name_of(path.resolve())
    ]
    for each in classes:
        if not issubclass(each, Strategy):
            return f": {each.__name__} is no subclass of Strategy"
        words = unknown_handlers(each) or "it handles no event (on_bar, on_trade, …)"
        return f": {each.__name__}: {words}"
    return ": it has no class"


def shipped_strategies() -> list[type[Strategy]]:
    """List the strategies that ship, by title."""
    names = [each.name for each in pkgutil.iter_modules(shipped.__path__)]
    modules = [importlib.import_module(f"{shipped.__name__}.{name}") for name in names]
    return sorted((each for m in modules for each in _of(m)), key=title_of)


def find(name: str, folders: Iterable[Path] = ()) -> type[Strategy]:
    """Find a strategy by its title or class, with or without the word Strategy.

    Raises
    ------
    StrategyError
        If there is none of that name; the nearest is named. A file that cannot be read
        is told of only then: it may be the one.
    """
    known: dict[str, type[Strategy]] = {}
    for each in shipped_strategies():
        _enter(known, each)
    broken: StrategyError | None = None
    for path in [path for folder in folders for path in sorted(folder.glob("*.py"))]:
        try:
            for each in strategies_in(path):
                _enter(known, each)
        except StrategyError as error:
            broken = error
    found = known.get(plain_name(name))
    if found is not None:
        return found
    if broken is not None:
        raise broken
    titles = list(dict.fromkeys(title_of(each) for each in known.values()))
    near = difflib.get_close_matches(name, titles, 1, 0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise StrategyError(f"there is no strategy {name!r}{hint}")


def _enter(known: dict[str, type[Strategy]], each: type[Strategy]) -> None:
    known[plain_name(title_of(each))] = known[plain_name(each.__name__)] = each


def plain_name(name: str) -> str:
    """A name without case, blanks and the word Strategy."""
    words = re.sub(r"[^a-z0-9]", "", name.lower())
    return words.removesuffix("strategy") or words


if __name__ == "__main__":
    for found in strategies_in(Path(sys.argv[1])):
        defaults = {n: p.default for n, p in parameters_of(found).items()}
        made(found, defaults, 1)
