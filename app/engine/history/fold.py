"""Folding on and on without Python: records in memory, or the log while it grows.

The view thread is in here nearly always: it walks along the log where it lies mapped,
folds the market's records, brings the bars that are followed up, and naps. It comes
back, and takes the GIL, when a file needs room, at a segment's end, and twice a second.
"""

from enum import IntEnum
from typing import Any, Final

from app.engine.atomics import load_acquire
from app.engine.bits import integer
from app.engine.compile import entry, kernel
from app.engine.history.fold_record import fold_next, pass_time, take_resets
from app.engine.history.series import BEHIND
from app.engine.history.state import Need, heads
from app.engine.history.turns import begin_folding, end_folding
from app.engine.log import FRAME, SCAN_STOP, SCAN_WORDS, Stop, Stream
from app.engine.memory import call, record_address, view, words
from app.engine.native import monotonic_ns, nap_us
from app.engine.records import MARKET, MARKET_BYTES, EventKind

TURN: Final = 256
"""Records in one turn: some 15 µs."""
SLICE: Final = 65_536
"""Rows that bars are brought up by before there is another look at the market."""


class FoldJob(IntEnum):
    """Words of a job of `history_fold`."""

    RECORDS = 0  # address
    COUNT = 1
    DONE = 2  # how many are folded
    NEED = 3  # out: Need


class FollowJob(IntEnum):
    """Words of a job of `history_follow`."""

    SCAN = 0  # address of a scan's state, see `log.SCAN_CURSOR`
    SCANNER = 1  # address of the entry `log_scan_entry`
    BATCH = 2  # address of `TURN` of FRAME
    COUNT = 3  # frames in the batch,
    DONE = 4  # and how many of them are folded
    FRAMES = 5  # folded in all
    ADVANCE = 6  # address of the entry `series_advance`
    TABLE = 7  # address of its table
    NAP_US = 8  # between two looks at a log that has not grown; 0 = return there
    SPELL_NS = 9  # return after so long
    STOPPING = 10  # 1: return as soon as may be; another thread writes it
    NEED = 11  # out: Need


JOB_WORDS: Final = 12


@entry
def history_fold(arena: int, unused: int, address: int) -> int:
    """Fold what is left of a batch, or as much as there is room for; see `FoldJob`."""
    job = words(address, JOB_WORDS)
    count = job[FoldJob.COUNT]
    records = view(job[FoldJob.RECORDS], count, MARKET)
    head = heads(arena)[0]
    place = record_address(head)
    done, need = job[FoldJob.DONE], integer(Need.NOTHING)
    while done < count and need == Need.NOTHING:
        last = min(done + TURN, count)
        begin_folding(place)
        take_resets(arena)
        while done < last:
            need = fold_next(arena, head, records[done])
            if need != Need.NOTHING:
                break
            done += 1
        end_folding(place)
    job[FoldJob.DONE], job[FoldJob.NEED] = done, need
    return done


@kernel
def _fold_frame(arena: int, head: Any, frame: Any) -> int:
    """Fold a frame's record if it is the market's; a `Need`."""
    if frame["stream"] != Stream.INBOUND or frame["length"] != MARKET_BYTES:
        return integer(Need.NOTHING)
    record = view(frame["address"], 1, MARKET)[0]
    kind = record["kind"]
    if kind == EventKind.TIMER:
        return pass_time(arena, head, record["ts_received"])
    if kind < EventKind.TIMER or kind > EventKind.SIGNAL:
        return fold_next(arena, head, record)
    return integer(Need.NOTHING)


@kernel
def _take_turn(arena: int, job: Any) -> int:
    """Fold what is left of the batch, else the next one; a `Need`."""
    head = heads(arena)[0]
    place, need = record_address(head), integer(Need.NOTHING)
    if job[FollowJob.DONE] == job[FollowJob.COUNT]:
        scan, batch = job[FollowJob.SCAN], job[FollowJob.BATCH]
        job[FollowJob.COUNT] = call(job[FollowJob.SCANNER], scan, batch, TURN)
        job[FollowJob.DONE] = 0
    frames = view(job[FollowJob.BATCH], job[FollowJob.COUNT], FRAME)
    done = job[FollowJob.DONE]
    if done == len(frames):
        return need
    begin_folding(place)
    take_resets(arena)
    while done < len(frames):
        need = _fold_frame(arena, head, frames[done])
        if need != Need.NOTHING:
            break
        done += 1
    end_folding(place)
    job[FollowJob.FRAMES] += done - job[FollowJob.DONE]
    job[FollowJob.DONE] = done
    return need


@kernel
def _is_written_out(stop: int) -> bool:
    """Whether a scan is where the log ends for now.

    Zeros: not written yet. A wrong checksum or length there is a torn tail, or a frame
    that will be whole when it is looked at again.
    """
    return stop in (Stop.ZEROS, Stop.CHECKSUM, Stop.LENGTH)


@kernel
def _nap(address: int, job: Any) -> bool:
    """Wait for the log to grow; False if it is not to be waited for."""
    if job[FollowJob.NAP_US] == 0 or load_acquire(address + 8 * FollowJob.STOPPING):
        return False
    nap_us(job[FollowJob.NAP_US])
    return True


@entry
def history_follow(arena: int, unused: int, address: int) -> int:
    """Follow a mapped log; the `Stop` at which it came back. See `FollowJob`."""
    job = words(address, JOB_WORDS)
    scan = words(job[FollowJob.SCAN], SCAN_WORDS)
    table = words(job[FollowJob.TABLE], BEHIND + 1)
    until = monotonic_ns() + job[FollowJob.SPELL_NS]
    while True:
        need = _take_turn(arena, job)
        stop = scan[SCAN_STOP]
        if need == Need.NOTHING:
            need = call(job[FollowJob.ADVANCE], arena, job[FollowJob.TABLE], SLICE)
        job[FollowJob.NEED] = need
        is_at_end = _is_written_out(stop)
        if need != Need.NOTHING or not (is_at_end or stop == Stop.LIMIT):
            return stop
        if is_at_end and not table[BEHIND] and not _nap(address, job):
            return stop
        if monotonic_ns() >= until:
            return stop
