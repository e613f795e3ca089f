"""Walking the frames of ITCH: from bytes to the messages that are wanted."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.itch_layout import LENGTHS
from app.data.itch_records import LOCATES, Messages
from app.data.text_columns import Issues
from app.engine.itch_frames import (
    FAULT_LENGTH,
    FAULT_MESSAGE,
    FAULT_TYPE,
    FAULT_WIDTH,
    SHORTEST,
    WALK_BYTES,
    WALK_CHOICE,
    WALK_FAULT_CAPACITY,
    WALK_FAULT_COUNT,
    WALK_FAULTS,
    WALK_JOB_WORDS,
    WALK_LENGTHS,
    WALK_MESSAGE,
    WALK_NUMBER,
    WALK_OFFSET,
    WALK_OUT,
    WALK_POSITION,
    WALK_SPAN,
    WALK_SPAN_COUNT,
    WALK_SPANS,
    WALK_WIDTH,
    WALK_WRITTEN,
    walk_messages,
)

_MOST_FAULTS: Final = 1 << 12


@dataclass(slots=True)
class Batch:
    """Frames of one block of a file.

    Attributes
    ----------
    data : (m,) uint8
    spans : (n, SPAN_WIDTH) int64
        Where frames lie (see `app.engine.itch_frames`).
    times : (n,) int64 or None
        Received time of each span, ns since 1970 UTC; None where it is not told.
    gaps : (k, 2) int64
        Before which span messages are missing, and how many.
    first : int
        Number of the session's first message; 0 or less where it has none.
    begins : bool
        Whether a new file or session begins here.
    consumed, next_number : int
        After the walk: bytes of the last span that were whole frames, and the number
        of the frame that follows.
    """

    data: NDArray[np.uint8]
    spans: NDArray[np.int64]
    times: NDArray[np.int64] | None = None
    gaps: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    first: int = 0
    begins: bool = False
    consumed: int = 0
    next_number: int = 1


class Walker:
    """Lists the messages of batches.

    Attributes
    ----------
    choice : (65536,) uint8
        By locate number, whether messages are listed; `SKIPPED` ones are not.
    """

    def __init__(self) -> None:
        self.choice = np.zeros(LOCATES, np.uint8)
        self._faults = np.zeros((_MOST_FAULTS, FAULT_WIDTH), np.int64)
        self._job = np.zeros(WALK_JOB_WORDS, np.int64)

    def walk(self, batch: Batch, issues: Issues) -> tuple[Messages, NDArray[np.int64]]:
        """Return the messages and the span of each; what is none is reported."""
        data = np.ascontiguousarray(batch.data)
        spans = np.ascontiguousarray(batch.spans)
        out = np.empty((len(data) // (SHORTEST + 2) + 1, WALK_WIDTH), np.int64)
        job = self._job
        job[WALK_BYTES], job[WALK_SPANS] = data.ctypes.data, spans.ctypes.data
        job[WALK_SPAN_COUNT], job[WALK_OUT] = len(spans), out.ctypes.data
        job[WALK_LENGTHS] = LENGTHS.ctypes.data
        job[WALK_CHOICE] = self.choice.ctypes.data
        job[WALK_FAULTS] = self._faults.ctypes.data
        job[WALK_FAULT_CAPACITY], job[WALK_FAULT_COUNT] = _MOST_FAULTS, 0
        walk_messages(job.ctypes.data)
        batch.consumed = int(job[WALK_POSITION])
        batch.next_number = int(job[WALK_NUMBER])
        self._report(issues)
        rows = out[: int(job[WALK_WRITTEN])]
        span = rows[:, WALK_SPAN]
        received = None if batch.times is None else batch.times[span]
        messages = Messages.at(
            data, rows[:, WALK_OFFSET], rows[:, WALK_MESSAGE], received
        )
        return messages, span

    def _report(self, issues: Issues) -> None:
        count = int(self._job[WALK_FAULT_COUNT])
        for row in self._faults[: min(count, _MOST_FAULTS)]:
            code, length = int(row[FAULT_TYPE]), int(row[FAULT_LENGTH])
            letter = chr(code) if 32 < code < 127 else f"0x{code:02x}"
            rule = f"a message of type {letter} must have {LENGTHS[code]} bytes"
            if not LENGTHS[code]:
                rule = f"there is no message of type {letter}"
            issues.bad(f"{rule}, has {length}", int(row[FAULT_MESSAGE]))
        issues.count += max(0, count - _MOST_FAULTS)
