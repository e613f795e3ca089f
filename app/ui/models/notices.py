"""Which messages rise as a notice in the corner: few, brief, never the same twice.

A storm of refusals must not paper the window: at most `SHOWN` stand at once, the same
words rise once in `QUIET_NS`, and what is left out is counted in the newest.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from app.ui.models.messages import Level, Message

SHOWN: Final = 3
QUIET_NS: Final = 10_000_000_000
_STAYS_NS: Final = {
    Level.INFO: 5_000_000_000,
    Level.WARNING: 6_000_000_000,
    Level.ERROR: 12_000_000_000,
}
_APART_NS: Final = 400_000_000
_LEAST: Final = {"warnings": Level.WARNING, "errors": Level.ERROR}


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that stands in the corner until `until` (monotonic, ns)."""

    message: Message
    until: int
    left_out: int = 0


class Notices:
    """The notices that stand now, oldest first.

    Attributes
    ----------
    standing : list of Notice
    """

    def __init__(self) -> None:
        self.standing: list[Notice] = []
        self._rose: dict[str, int] = {}
        self._newest = -_APART_NS

    def take(self, messages: Iterable[Message], now: int, wanted: str) -> bool:
        """Let messages rise; True if what stands has changed.

        Parameters
        ----------
        now : int
            Monotonic, ns.
        wanted : str
            "warnings", "errors" or "none", as the setting ``ui.notices``. What has the
            topic "alert" rises in any case: it was asked for.
        """
        changed = False
        for message in messages:
            is_grave = wanted != "none" and message.level >= _LEAST[wanted]
            if is_grave or message.topic == "alert":
                changed |= self._rise(message, now)
        return changed

    def expire(self, now: int) -> bool:
        """Drop those whose time is over; True if there were any."""
        standing = [each for each in self.standing if each.until > now]
        changed = len(standing) != len(self.standing)
        self.standing = standing
        return changed

    def dismiss(self, notice: Notice) -> None:
        """Drop one."""
        self.standing = [each for each in self.standing if each is not notice]

    def _rise(self, message: Message, now: int) -> bool:
        if now - self._rose.get(message.text, -QUIET_NS) < QUIET_NS:
            return False
        is_crowded = now - self._newest < _APART_NS and message.level < Level.ERROR
        if is_crowded and self.standing:
            newest = self.standing[-1]
            self.standing[-1] = replace(newest, left_out=newest.left_out + 1)
            return True
        self._rose = {t: ts for t, ts in self._rose.items() if now - ts < QUIET_NS}
        self._rose[message.text] = self._newest = now
        self.standing.append(Notice(message, now + _STAYS_NS[message.level]))
        self.standing = self.standing[-SHOWN:]
        return True
