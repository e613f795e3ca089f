"""What the window remembers from one run to the next that belongs to no workspace."""

from typing import Any, Final

from app.ui.commands import Commands
from app.ui.workspace_files import WorkspaceFiles

_WINDOW: Final = "window.json"
_KEYS: Final = "keys.json"
VERSION: Final = 1


class Memory:
    """A few values in a file; each is judged by who asks for it.

    Parameters
    ----------
    files : WorkspaceFiles
    """

    def __init__(self, files: WorkspaceFiles) -> None:
        self._files = files
        self._path = files.path(_WINDOW)
        self._values = files.read(self._path) or {}

    def text(self, name: str) -> str:
        """A text; "" where there is none."""
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty where there is none."""
        value = self._values.get(name)
        if not isinstance(value, list):
            return []
        return [each for each in value if isinstance(each, str)]

    def table(self, name: str) -> dict[str, Any]:
        """A table; empty where there is none."""
        value = self._values.get(name)
        return value if isinstance(value, dict) else {}

    def put(self, **values: Any) -> None:
        """Remember values; the file is written if they are other than before."""
        changed = self._values | values | {"version": VERSION}
        if changed != self._values:
            self._values = changed
            self._files.write(self._path, dict(changed))


def keep_keys(commands: Commands, files: WorkspaceFiles) -> list[str]:
    """Read the user's keys and keep them from now on; what is wrong, in words."""
    path = files.path(_KEYS)
    content = files.read(path)
    wrong = [] if content is None else commands.keys.load(content.get("keys"))
    commands.keys.changed.connect(
        lambda: files.write(path, {"version": VERSION, "keys": commands.keys.changes()})
    )
    return wrong
