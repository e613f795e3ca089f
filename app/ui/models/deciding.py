"""What becomes of a ruling: sent, staged, or kept for a confirm; for all surfaces."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from app.ui.models import judge
from app.ui.models.intent import Intent
from app.ui.models.judge import Verdict
from app.ui.models.situation import Situation

CONFIRM_AFTER_NS: Final = 400_000_000
"""The second click of a double click must not confirm."""
HELD_FOR_NS: Final = 10_000_000_000


@dataclass(slots=True)
class Held:
    """What waits for a confirm, since when (monotonic ns)."""

    intents: list[Intent]
    since: int
    is_staged: bool = False


def _nothing(_: Intent) -> None:
    return None


@dataclass(slots=True)
class Deciding:
    """Passes intentions on, and keeps those that wait for the hand.

    Attributes
    ----------
    make : callable
        Takes an Intent that is to be sent, or that is blocked and to be explained.
    unready : str
        Why nothing can be sent; "" where it can.
    is_staging : bool
        Whether new orders wait, unsent, for a confirm.
    held : Held or None
        What waits.
    """

    make: Callable[[Intent], None] = _nothing
    unready: str = ""
    is_staging: bool = False
    held: Held | None = None

    def decide(self, intents: list[Intent], now: int) -> None:
        """Pass intentions on; stage new risk where the hand says so."""
        good = [each for each in intents if each.verdict is not Verdict.BLOCK]
        if self.is_staging and good and all(each.again for each in good):
            self.held = Held(good, now, is_staged=True)
            intents = [each for each in intents if each.verdict is Verdict.BLOCK]
        self._pass_on(intents, now)

    def ask(self, intent: Intent, now: int) -> str:
        """Decide, or confirm where the same waits; return what it waits for now.

        For what is asked for by one press, which the same press confirms.
        """
        self.forget(now)
        held = self.held
        if held is not None and held.intents[0].asks_what(intent):
            self.confirm(intent.seen, now)
        else:
            self.held = None
            self.decide([intent], now)
        return "" if self.held is None else self.held.intents[0].why or "staged"

    def instead(self, intents: list[Intent], now: int) -> None:
        """Pass on what the hand wants now; what waited before is dropped.

        Who sends B while A waits has left A: a later Enter must not send it.
        """
        self.held = None
        self.decide(intents, now)

    def hold(self, intents: list[Intent], now: int) -> None:
        """Keep intentions for one confirm."""
        self.held = Held(intents, now)

    def confirm(self, at: Situation, now: int) -> None:
        """Send what is held, unless it has only just appeared, or waited too long.

        It is judged anew by what is seen now: what was staged means that, of what
        waited for a confirm nothing is sent that is blocked by now, and a stop that
        would trigger no more is sent as the stop that it was meant to be.
        """
        self.forget(now)
        held = self.held
        if held is None or now - held.since < CONFIRM_AFTER_NS:
            return
        self.held = None
        if held.is_staged:
            staged = [each.again(at) for each in held.intents if each.again]
            self._pass_on(staged, now)
            return
        for intent in held.intents:
            self.make(confirmed(intent, at))

    def forget(self, now: int) -> None:
        """Drop what nobody confirmed in time."""
        held = self.held
        if held and not held.is_staged and now - held.since > HELD_FOR_NS:
            self.held = None

    def _pass_on(self, intents: list[Intent], now: int) -> None:
        """Send intentions, and keep those that need a confirm."""
        waiting = [each for each in intents if each.verdict is Verdict.HOLD]
        for intent in intents:
            if intent.verdict is not Verdict.HOLD:
                self.make(intent)
        if waiting:
            self.hold(waiting, now)


def confirmed(intent: Intent, at: Situation) -> Intent:
    """What a confirm of an intention that waited sends, or why it is blocked by now."""
    anew = intent if intent.again is None else intent.again(at)
    if anew.verdict is Verdict.BLOCK:
        return anew
    if not intent.triggers or _triggers_still(intent, anew, at):
        return intent.confirmed()
    # The market came back: at market it would be what nobody wanted.
    if intent.again is not None:
        return anew.confirmed() if anew.verdict is Verdict.HOLD else anew
    commands = intent.commands.copy()
    commands["book_sequence"] = at.sequence
    return replace(intent, verdict=Verdict.SEND, why="", commands=commands)


def said_now(intent: Intent, at: Situation) -> str:
    """What an intention that waits says, by what is seen now."""
    if intent.again is None or not intent.triggers:
        return intent.text
    return intent.text if (anew := intent.again(at)).triggers else anew.text


def _triggers_still(intent: Intent, anew: Intent, at: Situation) -> bool:
    if intent.again is not None:
        return anew.triggers
    return judge.would_trigger(intent.command, at)
