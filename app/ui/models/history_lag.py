"""Whether a session's history keeps up with its engine."""

from collections import deque
from typing import Final

_GRACE_NS: Final = 1_000_000_000
"""What the engine told so long ago the history must have by now."""


class HistoryLag:
    """Compares what is folded with where the engine was a second ago.

    In the session's own time, which a recording may run fast: so only what the user
    waits for counts, and a market that is quiet or paused is not behind.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[int, int]] = deque()

    def take(self, when: int, engine: int, history: int) -> int:
        """Look once more; how far the history is behind, ns of the session, or 0.

        Parameters
        ----------
        when : int
            A clock that never steps, ns.
        engine, history : int
            The session's time by the newest view, and of the newest record folded.
        """
        marks = self._marks
        if marks and engine < marks[-1][1]:
            marks.clear()  # another session
        if not marks or engine > marks[-1][1]:
            marks.append((when, engine))
        while len(marks) > 1 and when - marks[1][0] >= _GRACE_NS:
            marks.popleft()
        since, then = marks[0]
        if when - since < _GRACE_NS or history >= then:
            return 0
        # A history that has nothing yet is as late as we have waited for it.
        return engine - (history or then)
