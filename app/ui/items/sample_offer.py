"""What a window without data offers: to make some up."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app.data.importing import Report
from app.data.sample import YEAR, make_sample
from app.ui.library import Library
from app.ui.models.messages import Level

_OFFER = (
    f"No data yet? Ringside can make up minute and daily bars of {YEAR}, "
    "a random walk to try things on."
)
Tell = Callable[[str, Level], None]


class SampleOffer(QWidget):
    """A sentence and a button; shown while the catalog is empty.

    Parameters
    ----------
    library : Library
        Whose catalog they go to; its `changed` says that they are there.
    tell : callable
        Told in words what became of it.
    inset : int
        Pixels to the left and right of it.
    """

    def __init__(self, library: Library, tell: Tell, inset: int = 8) -> None:
        super().__init__()
        self._library, self._tell = library, tell
        self._is_busy = False
        self.words = QLabel(_OFFER)
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.button = QPushButton("Make sample data")
        self.button.setToolTip("The same as the command ringside sample")
        self.button.clicked.connect(self.make)
        row = QHBoxLayout(self)
        row.setContentsMargins(inset, 6, inset, 6)
        row.setSpacing(10)
        row.addWidget(self.words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def offer(self, *, is_empty: bool) -> None:
        """Show it while there is nothing, and until what is being made is there."""
        self.setVisible(is_empty or self._is_busy)

    def make(self) -> None:
        """Make them up, on the thread of the catalog."""
        if self._is_busy:
            return
        self._is_busy = True
        self.button.setEnabled(False)
        self.words.setText("making up sample data …")
        library = self._library
        job = library.jobs.watch(
            lambda report: make_sample(library.catalog(), progress=report),
            self._on_done,
            self._on_failed,
        )
        job.progressed.connect(self._on_progress)

    def _on_progress(self, share: float, _count: Any) -> None:
        self.words.setText(f"making up sample data … {share:.0%}")

    def _on_done(self, report: Report) -> None:
        names = ", ".join(dict.fromkeys(each.instrument for each in report.segments))
        self._end()
        self.hide()
        self._tell(f"{names} were made up: {report.segments[0].source}", Level.INFO)
        self._library.changed.emit()

    def _on_failed(self, error: BaseException) -> None:
        self._end()
        self._tell(f"no sample data were made: {error}", Level.ERROR)

    def _end(self) -> None:
        self._is_busy = False
        self.button.setEnabled(True)
        self.words.setText(_OFFER)
