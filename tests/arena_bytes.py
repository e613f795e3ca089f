"""What stands in an arena, to compare two ways that came to the same."""

import numpy as np

from app.engine.arena import HEADER_BYTES, USED, Arena, Section
from app.engine.venue.state import Message

_PLACES = ["left", "right"]
"""Of PENDING: where else in the pool a message hangs."""


def _header(arena: Arena) -> bytes:
    """The header without which records of two pools are free, and ever were used."""
    words = arena.header.copy()
    for section in (Section.PENDING, Section.BARS):
        if section in arena.layout:
            entry = 16 + 8 * int(section)
            words[entry + USED : entry + USED + 2] = 0
    return bytes(words[: HEADER_BYTES // 8].tobytes())


def _on_their_way(arena: Arena) -> bytes:
    """Messages that are on their way, in order; not which record each stands in.

    A request carries no report: where one stands is what the record held before.
    """
    rows = arena.records(Section.PENDING)[: arena.used(Section.PENDING)].copy()
    rows = rows[rows["message"] != 0]
    for name in _PLACES:
        rows[name] = 0
    rows["report"][rows["message"] != Message.REPORT] = 0
    return bytes(rows[np.lexsort((rows["sequence"], rows["time"]))].tobytes())


def _venue(arena: Arena) -> bytes:
    """The venue's record, with whether messages are on their way, not where."""
    row = arena.records(Section.VENUE)[:1].copy()
    for name in ("arrivals", "deliveries"):
        row[name] = row[name] != 0
    return bytes(row.tobytes())


def _bars(arena: Arena) -> bytes:
    """Builders of bars, and the bars that wait, in order; not which record each has."""
    rows = arena.records(Section.BARS)
    count = 1 + int(rows[0]["instruments"])
    found, waits = rows[:count].copy(), int(rows[0]["next"])
    found["next"][0] = found["last"][0] = waits != 0
    parts = [found.tobytes()]
    while waits:
        row = rows[waits : waits + 1].copy()
        waits = int(row["next"][0])
        row["next"] = 0
        parts.append(row.tobytes())
    return b"".join(parts)


def arena_bytes(arena: Arena) -> dict[str, bytes]:
    """All that is in use, by section, and the header.

    Left out is a scratch record, the report that the gate wrote last. Messages take any
    record of their pool that is free, and leave their bytes behind when they have
    arrived; so do bars that waited for their handlers. Nobody reads either.
    """
    found = {"header": _header(arena)}
    for section in arena.layout:
        if section == Section.GATE_REPORTS:
            continue
        if section == Section.PENDING:
            found[section.name] = _on_their_way(arena)
        elif section == Section.BARS:
            found[section.name] = _bars(arena)
        elif section == Section.VENUE:
            found[section.name] = _venue(arena)
        else:
            rows = arena.records(section)[: max(1, arena.used(section))]
            found[section.name] = rows.tobytes()
    return found
