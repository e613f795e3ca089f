"""What the palette offers: commands, panels, workspaces, instruments, themes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from app.ui.commands import COMMANDS
from app.ui.links import Link
from app.ui.panel_rows import PANELS
from app.ui.theme import THEMES

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be done.

    Attributes
    ----------
    id : str
        The same in every run, for what was used lately.
    title : str
        What is searched and shown.
    kind : str
        What it is, in one word.
    sentence : str
    key : str
        The chord that does the same; "" = none.
    run : Callable
    """

    id: str
    title: str
    kind: str
    sentence: str
    key: str
    run: Callable[[], object]


def entries(window: "MainWindow") -> list[Entry]:
    """Everything that can be done in a window just now."""
    return [
        *_commands(window),
        *_panels(window),
        *_workspaces(window),
        *instruments(window, None),
        *_themes(window),
    ]


def instruments(window: "MainWindow", link: Link | None) -> Iterator[Entry]:
    """The session's instruments, to be shown in a panel's link or in group A."""
    choose = window.focus.choose if link is None else link.choose
    group = "A" if link is None else link.group
    where = f"in group {group}" if group else "in this panel alone"
    for listed in window.desk.market.listed:
        name = listed.instrument.name
        yield Entry(
            f"instrument:{name}",
            name,
            "instrument",
            f"Show {name} {where}",
            "",
            partial(choose, listed.number),
        )


def _commands(window: "MainWindow") -> Iterator[Entry]:
    commands = window.commands
    for command in COMMANDS:
        # Workspaces are offered by their names, below.
        is_number = command.id.startswith("workspace.go_")
        if commands.is_enabled(command.id) and not is_number:
            yield Entry(
                command.id,
                f"{command.group.capitalize()}: {commands.title(command.id)}",
                "command",
                command.sentence,
                commands.keys.chord(command.id),
                partial(commands.run, command.id),
            )


def _panels(window: "MainWindow") -> Iterator[Entry]:
    for dock in window.panels.ordered():
        title = dock.windowTitle().replace("&&", "&")
        yield Entry(
            f"show:{dock.name}",
            f"Show {title}",
            "panel",
            dock.row.sentence,
            "",
            partial(window.panels.go_to, dock.name),
        )
    for row in PANELS:
        first = window.panels.by_name.get(row.name)
        is_new = first is None or first.isHidden()
        if row.is_many or is_new:
            yield Entry(
                f"add:{row.name}",
                # Longer, so that whoever types a panel's name is brought to it first.
                f"Add {row.title}" if is_new else f"Add another {row.title}",
                "panel",
                row.sentence,
                "",
                partial(window.panels.add, row.name),
            )


def _workspaces(window: "MainWindow") -> Iterator[Entry]:
    spaces = window.workspaces
    for number, name in enumerate(spaces.names(), start=1):
        command_id = f"workspace.go_{number}"
        key = window.commands.keys.chord(command_id) if number < 10 else ""
        yield Entry(
            f"workspace:{name}",
            f"Workspace {name}",
            "workspace",
            spaces.sentence(name),
            key,
            partial(spaces.switch, name),
        )


def _themes(window: "MainWindow") -> Iterator[Entry]:
    for name, theme in THEMES.items():
        yield Entry(
            f"theme:{name}",
            f"{name.capitalize()} theme",
            "theme",
            "Change the colours of the whole window",
            "",
            partial(window.look.choose, theme),
        )
