"""A question over a window: do it, or leave things as they are."""

from collections.abc import Callable
from typing import Final

from PySide6.QtWidgets import QMessageBox, QWidget

_YES: Final = QMessageBox.StandardButton.Yes
_NO: Final = QMessageBox.StandardButton.Cancel


def ask(
    over: QWidget,
    title: str,
    words: str,
    does: str,
    yes: Callable[[], object],
    *,
    keeps: str = "Cancel",
    no: Callable[[], object] | None = None,
) -> QMessageBox:
    """Ask, and do `yes` once the user has pressed the button that says `does`.

    Enter and Escape leave things as they are: `no`, where it is given. The question
    does not wait: it is returned while it stands open.
    """
    box = QMessageBox(over)
    box.setWindowTitle(title)
    box.setText(words)
    box.setStandardButtons(_YES | _NO)
    box.button(_YES).setText(does)
    box.button(_NO).setText(keeps)
    box.setDefaultButton(_NO)

    def over_with(answer: int) -> None:
        if answer == _YES.value:
            yes()
        elif no is not None:
            no()

    box.finished.connect(over_with)
    box.open()
    return box
