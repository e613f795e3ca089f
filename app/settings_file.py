"""The user's file of settings: read, and changed without losing a word of it.

Comments and what is not changed stay as they are. The new file is judged before it
takes the old one's place, and takes it whole or not at all.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app import config
from app.config import Settings
from app.errors import ConfigError
from app.settings import Declared, Loaded, declared

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

DECLARED: Final[Mapping[str, Declared]] = {
    each.key: each for each in declared(Settings)
}


class SettingsFile:
    """Where settings come from, and the way to change those of the file.

    Attributes
    ----------
    path : Path
        The file, whether it exists or not.

    Parameters
    ----------
    named : Path or None
        The file that a user named; None = the one of the environment, else the usual.
    environ : mapping
    options : mapping, optional
        ``section.name`` to text, from the command line.
    """

    def __init__(
        self,
        named: Path | None,
        environ: Mapping[str, str],
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._environ, self._options = environ, options or {}
        self.path = config.config_file(named, environ)

    def load(self) -> Loaded[Settings]:
        """Read the settings that hold.

        Raises
        ------
        ConfigError
            If the file cannot be read or a value breaks its rule.
        """
        # An absent file has nothing to say; one that was named is looked for elsewhere.
        named = self.path if self.path.exists() else None
        environ = dict(self._environ)
        environ.pop(config.FILE_VARIABLE, None)
        return config.load(named, environ, self._options)

    def overrides(self, loaded: Loaded[Settings]) -> dict[str, str]:
        """Settings that a variable or an option holds, and its name."""
        return {
            key: source
            for key, source in loaded.sources.items()
            if source != str(self.path)
        }

    def change(self, values: Mapping[str, object | None]) -> Loaded[Settings]:
        """Write settings; None takes one out of the file, so that its default holds.

        Parameters
        ----------
        values : mapping
            ``section.name`` to a value of the setting's type.

        Raises
        ------
        ConfigError
            If the file cannot be read or written, or would then break a rule.
        """
        import tomlkit  # late: a start without a change needs none of it

        document = tomlkit.parse(self._text())
        for key, value in values.items():
            _put(document, key, value)
        text = tomlkit.dumps(document)
        try:
            self._replace(text)
        except OSError as error:
            raise ConfigError(
                f"{self.path} cannot be written: {error.strerror}"
            ) from error
        return self.load()

    def _text(self) -> str:
        if not self.path.exists():
            return ""
        self.load()  # says what is wrong with it, rather than to write over it
        return self.path.read_text(encoding="utf-8")

    def _replace(self, text: str) -> None:
        """Write beside, judge, sync and rename."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        target = self.path.resolve()  # a link stays a link
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            config.load(beside, {})
            if target.exists():
                beside.chmod(target.stat().st_mode)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


def _put(document: "TOMLDocument", key: str, value: object | None) -> None:
    import tomlkit

    section, name = key.split(".")
    if value is None:
        if section in document and name in _table(document, section):
            del _table(document, section)[name]
        return
    if section not in document:
        document[section] = tomlkit.table()
    _table(document, section)[name] = _written(value)


def _table(document: "TOMLDocument", section: str) -> Any:
    return document[section]


def _written(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
