"""What is wrong just now, in plain words, with the way out; the gravest thing first."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.sessions.session import EngineState, SessionStatus
from app.ui import formatting, reasons


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong.

    Attributes
    ----------
    title, text : str
    progress : tuple of int
        Done and total; (0, 0) = no progress to show.
    command : str
        Id of the command that is the way out; "" = waiting is.
    is_grave : bool
        An error, not a mere wait.
    """

    title: str
    text: str
    progress: tuple[int, int] = (0, 0)
    command: str = ""
    is_grave: bool = False


_FEED: Final = {
    "disconnected": "Feed {name} is disconnected",
    "ended": "Feed {name} has ended",
    "waiting": "No market data from {name} yet",
}


def trouble(
    status: SessionStatus,
    feed: str,
    view: np.void | None,
    number: int,
    now: int,
    behind: int = 0,
) -> Trouble | None:
    """Say what keeps an instrument from being traded.

    Parameters
    ----------
    status : SessionStatus
    feed : str
        The feed's name.
    view : VIEW or None
    number : int
        The instrument's number.
    now : int
        Wall clock, ns since 1970 UTC.
    behind : int
        How far the market's history is behind the engine, ns.
    """
    engine = _engine_trouble(status)
    if engine is not None:
        return engine
    if view is not None and view["halted"]:
        return Trouble(
            "The engine has halted",
            "Something that must always hold did not. Nothing but cancels passes; the "
            f"log is in {status.log_path}. Restart the session to go on.",
            command="session.restart",
            is_grave=True,
        )
    has_data = view is not None and _has_book(view, number)
    if status.feed_state in _FEED and not (status.feed_state == "waiting" and has_data):
        return _feed_trouble(status, feed, now)
    if view is None or number >= int(view["instruments"]):
        return Trouble(
            f"No market data from {feed} yet", _since(status.feed_since, now)
        )
    part = view["instrument"][number]
    if part["stale"]:
        return Trouble(
            f"Stale book: {reasons.stale_text(int(part['stale']))}",
            # In the engine's time, which a recording sets.
            f"{_since(int(part['stale_since']), int(view['now']))} New orders are "
            "refused; cancels and exits pass.",
        )
    if behind > 0:
        return Trouble(
            f"Data behind by {formatting.duration(behind)}",
            "Charts, tape and heatmap are catching up. Orders and positions are not "
            "behind.",
        )
    return None


def _engine_trouble(status: SessionStatus) -> Trouble | None:
    message = status.engine_message
    if status.engine is EngineState.COMPILING:
        done, total = status.progress
        how_far = f": {done} of {total}" if total else ""
        return Trouble(
            f"Engine not ready, compiling{how_far}",
            message or "The first start takes a while; later ones find it compiled.",
            progress=status.progress,
        )
    if status.engine is EngineState.FAILED:
        return Trouble(
            "The engine failed", message, command="session.restart", is_grave=True
        )
    if status.engine is EngineState.STOPPED:
        return Trouble(
            "The session has stopped",
            message or "Restart it, or choose a feed.",
            command="session.restart",
        )
    return None


def _feed_trouble(status: SessionStatus, feed: str, now: int) -> Trouble:
    words = [_since(status.feed_since, now), status.feed_message]
    is_over = status.feed_state in ("disconnected", "ended")
    return Trouble(
        _FEED[status.feed_state].format(name=feed),
        " ".join(word for word in words if word),
        command="session.restart" if is_over else "",
    )


def _has_book(view: np.void, number: int) -> bool:
    if number >= int(view["instruments"]):
        return False
    part = view["instrument"][number]
    return bool(part["bid_levels"] or part["ask_levels"])


def _since(since: int, now: int) -> str:
    if since <= 0:
        return ""
    ago = formatting.duration(max(0, now - since))
    return f"Since {formatting.clock_time(since)} ({ago})."
