"""The frame that market panels share: a bar of choices, a view, a line of words."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.items.squeeze_bar import SqueezeBar


def frame_panel(panel: QWidget, view: QWidget, line: QWidget) -> SqueezeBar:
    """Lay a panel out, with a bar above the view and a line below; the bar."""
    bar = SqueezeBar()
    bar.row.setSpacing(8)
    layout = QVBoxLayout(panel)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    line.setContentsMargins(7, 0, 7, 0)
    layout.addWidget(bar)
    layout.addWidget(view, 1)
    layout.addWidget(line)
    return bar
