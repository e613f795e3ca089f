"""The data panel: what the catalog holds, and SQL over it."""

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.items.recordings_page import RecordingsPage
from app.ui.items.running_line import RunningLine
from app.ui.items.sql_page import SqlPage


class DataPanel(QWidget):
    """Two pages, and a line for the job that runs."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        bridge = context.bridge
        self.running = RunningLine(
            context.library.jobs, lambda text, level: bridge.tell(text, level, "data")
        )
        self.recordings = RecordingsPage(context, self.running)
        self.sql = SqlPage(context, self.running)
        self.pages = QTabWidget()
        self.pages.tabBar().setAccessibleName("Pages of the data panel")
        self.pages.setDocumentMode(True)
        self.pages.addTab(self.recordings, "Recordings")
        self.pages.addTab(self.sql, "SQL")
        self.recordings.query_wanted.connect(self._on_query)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.pages)
        layout.addWidget(self.running)

    def _on_query(self, text: str) -> None:
        self.pages.setCurrentWidget(self.sql)
        self.sql.text.setPlainText(text)
        self.sql.run()
