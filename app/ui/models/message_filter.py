"""Which messages of the log are shown."""

from dataclasses import dataclass
from typing import Final

from app.ui.models.messages import Level, Message

EVERY: Final = ""


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """At least this grave, of this topic ("" = any), with each of these words."""

    level: Level = Level.INFO
    topic: str = EVERY
    words: str = ""

    def takes(self, message: Message) -> bool:
        """Whether a message is shown."""
        if message.level < self.level:
            return False
        if self.topic and message.topic != self.topic:
            return False
        heap = f"{message.topic} {message.text}".lower()
        return all(word in heap for word in self.words.lower().split())
