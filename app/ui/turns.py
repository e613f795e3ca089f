"""Taking turns: what is to be brought up to date now and then, spread over frames.

Panels, tables and gauges are each refreshed some times a second. Were all of them
refreshed at their beat, one frame would bear what several could share, and the ladder
would wait for it. So a beat only says that they are due. Each frame takes those who
wait longest by their beat, as long as what they are thought to cost fits into it; the
rest waits for the frames that follow. Nobody is passed over: who waits comes first in
the end, and the first in line is taken whatever it costs. Where all of it is too much,
every beat becomes slower by the same factor. Where frames themselves come late, since
the machine is busy with other things, a frame may take twice as much: a picture that is
some beats old is worse than a frame that takes a little longer.

What each costs, with the painting that it asks for, cannot be measured by itself, since
Qt paints all of a frame together. It is learned from whole frames: normalised least
mean squares (Widrow & Hoff 1960; Nagumo & Noda 1967) over who was taken in each.
"""

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QMetaMethod, QObject, Signal

SHARE: Final = 0.45
"""Of a frame's time may be work in all before what is due has to wait."""
LEAST: Final = 0.12
"""Of a frame's time is left to what is due, however long the rest of it takes."""
LATE: Final = 3
"""Beats, by the clock, after which who waits is late."""
_RATE: Final = 0.1
_FIRST_NS: Final = 500_000


class _Place(QObject):
    """One receiver's place in the line.

    A signal of its own: who fails does not stop the others, and is told as any slot.
    """

    came = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.since = self.taken = self.late_at = 0
        self.frames = 1
        self.is_due = False
        self.cost = float(_FIRST_NS)
        self._signal = QMetaMethod.fromSignal(self.came)

    @property
    def is_left(self) -> bool:
        """Whether its receiver is gone."""
        return not self.isSignalConnected(self._signal)


class Beat:
    """Like a signal, but its receivers come in turn.

    Attributes
    ----------
    frames : int
        Frames from beat to beat: within so many a receiver is to be called.
    """

    def __init__(self, owner: QObject) -> None:
        self._owner = owner
        self.frames = 1
        self.places: list[_Place] = []

    def connect(self, slot: Callable[..., Any]) -> None:
        """Have a slot called at each beat, until its object is gone."""
        place = _Place(self._owner)
        place.came.connect(slot)
        self.places.append(place)


class Turns(QObject):
    """Takes who is due.

    Attributes
    ----------
    frame_ns : int
        Time from frame to frame.
    is_spread : bool
        False: all that are due are taken at once.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.frame_ns = 16_000_000
        self.is_spread = True
        self._beats: list[Beat] = []
        self._taken: list[_Place] = []
        self._frame = 0
        self._rest = float(_FIRST_NS)

    def beat(self) -> Beat:
        """Make another beat."""
        made = Beat(self)
        self._beats.append(made)
        return made

    def strike(self, beat: Beat, now: int) -> None:
        """Say that all of a beat are due; who is still waiting keeps its place.

        Parameters
        ----------
        beat : Beat
        now : int
            Monotonic, ns.
        """
        late_at = now + LATE * beat.frames * self.frame_ns
        for place in list(beat.places):
            if place.is_left:
                beat.places.remove(place)
                place.deleteLater()
            elif not place.is_due:
                place.is_due = True
                place.since, place.late_at = self._frame, late_at
                place.frames = beat.frames

    def take(self, now: int) -> None:
        """Call who is due in this frame (now: monotonic, ns)."""
        self._frame += 1
        due = [each for beat in self._beats for each in beat.places if each.is_due]
        due.sort(key=self._order)
        left = max(SHARE * self.frame_ns - self._rest, LEAST * self.frame_ns)
        for number, place in enumerate(due):
            more = SHARE * self.frame_ns if place.late_at < now else 0.0
            if self.is_spread and number and place.cost > left + more:
                continue
            left -= place.cost
            self._call(place)

    def _order(self, place: _Place) -> tuple[float, int]:
        """How long it has waited by its beat, the longest first; then by turns."""
        return (place.since - self._frame) / place.frames, place.taken

    def call(self, beat: Beat) -> None:
        """Call all of a beat in this frame, due or not: what they show cannot wait."""
        for place in list(beat.places):
            self._call(place)

    def _call(self, place: _Place) -> None:
        place.is_due, place.taken = False, self._frame
        self._taken.append(place)
        place.came.emit()

    def learn(self, work_ns: int) -> None:
        """Tell what the frame cost in all.

        Parameters
        ----------
        work_ns : int
            Processor time of this thread: waiting for a core says nothing of anybody.
        """
        taken, self._taken = self._taken, []
        thought = self._rest + sum(place.cost for place in taken)
        # One frame that does something else, too, does not upset what is known.
        error = min(work_ns - thought, 2 * thought)
        step = _RATE * error / (1 + len(taken))
        self._rest = max(0.0, self._rest + step)
        for place in taken:
            place.cost = max(0.0, place.cost + step)
