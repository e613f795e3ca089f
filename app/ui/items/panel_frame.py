"""The frame that market panels share: a bar of choices, a view, a line of words."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget


def frame_panel(panel: QWidget, view: QWidget, line: QWidget) -> QHBoxLayout:
    """Lay a panel out, with a bar above the view and a line below; the bar."""
    bar = QHBoxLayout()
    bar.setContentsMargins(6, 4, 6, 4)
    bar.setSpacing(8)
    layout = QVBoxLayout(panel)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addLayout(bar)
    layout.addWidget(view, 1)
    layout.addWidget(line)
    return bar
