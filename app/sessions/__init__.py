"""Sessions: feed, engine, venue and log, composed for one mode."""

from app.config import Settings
from app.errors import NotBuiltError
from app.sessions.session import Mode, Session


def open_session(mode: Mode, feed_name: str, settings: Settings) -> Session:
    """Compose a session that has not started.

    Raises
    ------
    NotBuiltError
        If this version has no such mode.
    """
    if mode is not Mode.PAPER:
        raise NotBuiltError(
            f"{mode.title} mode is not in this version: only Paper can be entered"
        )
    from app.sessions.paper import PaperSession

    return PaperSession(feed_name, settings)
