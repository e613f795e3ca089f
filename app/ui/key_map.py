"""Which key runs which command: the declared ones, and what the user changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.ui.physical_keys import parse_chord

if TYPE_CHECKING:
    from app.ui.commands import Command


class KeyMap(QObject):
    """Chords (see `physical_keys`) of commands.

    A command of the window has its key everywhere; one of a panel's scope only while
    that panel has the keyboard. Two commands are in conflict where one press would mean
    both; the first declared has it until the user decides.

    Signals
    -------
    changed()
        A key was given, taken or reset.
    """

    changed = Signal()

    def __init__(self, commands: Iterable["Command"], parent: QObject) -> None:
        super().__init__(parent)
        self._commands = {command.id: command for command in commands}
        self._own: dict[str, str] = {}
        self._by_scope: dict[tuple[str, str], str] = {}
        self._index()

    def chord(self, command_id: str) -> str:
        """The key of a command; "" = none."""
        return self._own.get(command_id, self._commands[command_id].key)

    def command(self, chord: str, scope: str) -> str | None:
        """Id of the command that a chord runs in a scope, or None."""
        return self._by_scope.get((scope, chord)) if chord else None

    def is_changed(self, command_id: str) -> bool:
        """Tell whether the user gave it another key than it is declared with."""
        return command_id in self._own

    def rivals(self, command_id: str, chord: str) -> list[str]:
        """Ids of other commands that a chord would run as well as this one."""
        scope = self._commands[command_id].scope
        return [
            other.id
            for other in self._commands.values()
            if chord
            and other.id != command_id
            and self.chord(other.id) == chord
            and (scope == other.scope or "window" in (scope, other.scope))
        ]

    def conflicts(self) -> dict[str, list[str]]:
        """Every command whose key means another as well, with those others."""
        found = {each: self.rivals(each, self.chord(each)) for each in self._commands}
        return {each: rivals for each, rivals in found.items() if rivals}

    def give(self, command_id: str, chord: str) -> None:
        """Give a command a key ("" = none); others keep theirs, also in conflict."""
        if chord == self._commands[command_id].key:
            self._own.pop(command_id, None)
        else:
            self._own[command_id] = chord
        self._index()
        self.changed.emit()

    def reset(self, command_id: str) -> None:
        """Give a command the key that it is declared with."""
        self.give(command_id, self._commands[command_id].key)

    def reset_all(self) -> None:
        """Forget every change."""
        self._own.clear()
        self._index()
        self.changed.emit()

    def changes(self) -> dict[str, str]:
        """What the user changed, for a file: command id to chord."""
        return dict(self._own)

    def load(self, changes: object) -> list[str]:
        """Take what a file holds; return what is wrong with it, in words."""
        if not isinstance(changes, dict):
            return ["keys: a table of commands and keys is expected"]
        self._own.clear()
        wrong = []
        for command_id, text in changes.items():
            chord = parse_chord(text) if isinstance(text, str) else ""
            if command_id not in self._commands:
                wrong.append(f"no command is called {command_id!r}")
            elif not isinstance(text, str) or (text and not chord):
                wrong.append(f"{command_id}: {text!r} is no key")
            else:
                self._own[command_id] = chord
        self._index()
        self.changed.emit()
        return wrong

    def _index(self) -> None:
        self._by_scope.clear()
        for command in self._commands.values():
            self._by_scope.setdefault(
                (command.scope, self.chord(command.id)), command.id
            )
