"""Feeds: live sources of events. A new feed is one file that meets `protocol.Feed`."""

from app.config import Settings
from app.errors import FeedError
from app.feeds.protocol import Feed


def open_feed(name: str, settings: Settings) -> Feed:
    """Make the feed of this name; it has not started.

    Parameters
    ----------
    name : str
        "exchange", or "recording:NAME" with a NAME of the catalog; several names
        with commas between them are played together.

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
        from app.data.corporate_actions import load_actions
        from app.feeds.recording import RecordingFeed

        catalog = Catalog(settings.paths.data)
        # A name may hold a comma of its own.
        names = [detail] if detail in catalog.names() else detail.split(",")
        recordings = [catalog.open(each.strip()) for each in names]
        pace = settings.recording
        return RecordingFeed(
            *recordings,
            speed=pace.speed,
            skip_idle_s=pace.skip_idle_s,
            actions=load_actions(settings.paths.data),
        )
    raise FeedError(f"no feed {name!r}: there are exchange and recording:NAME")
