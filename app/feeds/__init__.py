"""Feeds: live sources of events. A new feed is one file that meets `protocol.Feed`."""

from app.config import Settings
from app.errors import FeedError
from app.feeds.protocol import Feed


def open_feed(name: str, settings: Settings) -> Feed:
    """Make the feed of this name; it has not started.

    Parameters
    ----------
    name : str
        "exchange", or "recording:NAME" with a NAME of the catalog.

    Raises
    ------
    FeedError, CatalogError
        If there is no such feed or recording.
    """
    kind, _, detail = name.partition(":")
    if name == "exchange":
        from app.feeds.exchange import open_exchange

        return open_exchange(settings)
    if kind == "recording" and detail:
        from app.data.catalog import Catalog
        from app.feeds.recording import RecordingFeed

        recording = Catalog(settings.paths.data).open(detail)
        pace = settings.recording
        return RecordingFeed(recording, pace.speed, pace.skip_idle_s)
    raise FeedError(f"no feed {name!r}: there are exchange and recording:NAME")
