"""What keys and clicks do, read from the commands and the ladder's gestures."""

import html
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from app.ui.commands import COMMANDS, Commands
from app.ui.theme import Theme

GESTURES: Final = (
    ("click on a bid size of a ladder", "buy limit at that price, size L"),
    ("click on an ask size of a ladder", "sell limit at that price, size L"),
    ("right click on a size", "the same with size R"),
    ("drag an own order", "replace it; Esc or a drop outside sends nothing"),
    ("click or right click on an own order", "cancel it"),
    ("drag the position's line on a chart", "leave there: by a limit or a stop"),
    ("Shift + arrows on charts, heatmaps", "the crosshair by a bar, by a tick"),
    ("wheel, Shift + wheel", "scroll, scroll one row"),
    ("Ctrl + wheel", "larger or smaller rows"),
    ("middle click, Space", "recentre"),
    ("arrows, Enter, Delete", "move the cell, place an order, cancel there"),
    ("Esc", "drop whatever is dragged or held for a confirm"),
)
_TITLES: Final = {"safety": "Safety", "trade": "Trade", "ladder": "Ladder keys"}


class HelpWindow(QDialog):
    """A list of keys and gestures; it blocks nothing."""

    def __init__(self, parent: QWidget, theme: Theme, commands: Commands) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and gestures")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 640)
        browser = QTextBrowser()
        browser.setHtml(_page(theme, commands))
        self.change = QPushButton("Change keys…")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(browser)
        layout.addWidget(self.change)


def _page(theme: Theme, commands: Commands) -> str:
    groups: dict[str, list[tuple[str, str]]] = {"Mouse": list(GESTURES)}
    for command in COMMANDS:
        key = commands.keys.chord(command.id)
        if key:
            title = _TITLES.get(command.group, command.group.capitalize())
            groups.setdefault(title, []).append((key, command.sentence))
    parts = [f"<h3>{name}</h3>{_table(rows, theme)}" for name, rows in groups.items()]
    return "".join(parts)


def _table(rows: list[tuple[str, str]], theme: Theme) -> str:
    lines = (
        f'<tr><td style="color:{theme.accent}; padding:2px 18px 2px 0">'
        f"{html.escape(key)}</td>"
        f'<td style="padding:2px 0">{html.escape(does)}</td></tr>'
        for key, does in rows
    )
    return f"<table>{''.join(lines)}</table>"
