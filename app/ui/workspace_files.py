"""Workspaces on the disk: one file each, and one for what belongs to no workspace.

Files are written whole on a thread of their own, in the order in which they were asked
for, so that no frame waits for the disk. A file that cannot be read is set aside and
told, never fatal.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from app.errors import LayoutError
from app.ui import json_file
from app.ui.jobs import Jobs
from app.ui.models.workspace import Workspace, from_json

_log = logging.getLogger("app.ui")
_SUFFIX: Final = ".json"
_LONGEST: Final = 40
_LONGEST_FILE: Final = 200


class WorkspaceFiles:
    """The user's folder of workspaces; without one nothing is kept.

    Parameters
    ----------
    folder : Path or None
        Made when the first file is written.
    tell : Callable
        Told in words what is damaged or cannot be written.
    """

    def __init__(self, folder: Path | None, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._jobs = Jobs()
        self._has_failed = False

    def names(self) -> list[str]:
        """Names of the workspaces that have a file."""
        if self._folder is None or not (self._folder / "workspaces").is_dir():
            return []
        files = (self._folder / "workspaces").glob(f"*{_SUFFIX}")
        return sorted(unquote(each.name.removesuffix(_SUFFIX)) for each in files)

    def load(self, name: str) -> Workspace | None:
        """Read a workspace; None if it has no file, or one that says nothing."""
        content = self.read(self._path(name))
        if content is None:
            return None
        try:
            return from_json(content, name)
        except ValueError as error:
            self._set_aside(self._path(name), error)
            return None

    def save(self, workspace: Workspace) -> None:
        """Write a workspace, soon."""
        self.write(self._path(workspace.name), workspace.to_json())

    def delete(self, name: str) -> None:
        """Take a workspace's file away, after what is still to be written."""
        path = self._path(name)
        if path is not None:
            self._run(lambda: path.unlink(missing_ok=True))

    def path(self, name: str) -> Path | None:
        """Where a file that belongs to no workspace is kept."""
        return None if self._folder is None else self._folder / name

    def read(self, path: Path | None) -> dict[str, Any] | None:
        """Read a file; None if there is none or it is damaged, which is told."""
        if path is None:
            return None
        try:
            return json_file.read(path)
        except (ValueError, OSError) as error:
            self._set_aside(path, error)
            return None

    def write(self, path: Path | None, content: dict[str, Any]) -> None:
        """Write a file, soon."""
        if path is not None:
            self._run(lambda: _write(path, content))

    def close(self) -> None:
        """Wait until everything is written."""
        self._jobs.close()

    def _path(self, name: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / "workspaces" / file_name(name)

    def _run(self, work: Callable[[], object]) -> None:
        self._jobs.run(work, self._on_written, self._on_failed)

    def _on_written(self, _: object) -> None:
        self._has_failed = False

    def _on_failed(self, error: BaseException) -> None:
        # Once, until it works again: a full disk would tell it each minute.
        if not self._has_failed:
            self._has_failed = True
            self._tell(f"the layout of the window cannot be kept: {error}")

    def _set_aside(self, path: Path | None, error: Exception) -> None:
        assert path is not None
        try:
            aside = json_file.set_aside(path)
        except OSError as worse:
            self._tell(f"{path.name} cannot be read ({error}) nor moved ({worse})")
            return
        _log.warning("%s: %s; it is now %s", path, error, aside)
        self._tell(f"{path.name} is damaged and was set aside as {aside.name}: {error}")


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        json_file.write(path, content)
    except OSError as error:
        raise LayoutError(str(error)) from error


def file_name(name: str) -> str:
    """The file's name of a workspace: any letters become safe ones."""
    return quote(name, safe=" ") + _SUFFIX


def refusal(name: str, taken: list[str]) -> str:
    """Say why a workspace cannot be called so; "" if it can."""
    if not name.strip():
        return "a workspace needs a name"
    if name != name.strip() or not name.isprintable():
        return "a name has no blanks at its ends and no control characters"
    if len(name) > _LONGEST or len(file_name(name)) > _LONGEST_FILE:
        return f"a name has at most {_LONGEST} letters, this has {len(name)}"
    if name.casefold() in (each.casefold() for each in taken):
        return f"there is already a workspace {name!r}"
    return ""
