"""The log's files: names, segment headers, and the chain of hashes.

A session's log is a folder of its own:

- ``session.json``: what the events are about (instruments, limits, seeds), written
  before the first of them; its hash is in every segment's header;
- ``segment-000000.log`` and on: the frames, see `log.py`;
- ``chain.log``: an entry of 64 bytes for each block of frames that reached the disk.
  Its hash is SHA-256 over the hash before it, its own fields and the block, and the
  first one starts from the hash of ``session.json``: nothing before the last entry can
  change, or go missing, unseen. Zeros follow the last entry.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.engine.log import (
    BYTES,
    CHECK,
    FIRST_FRAME,
    FIRST_NUMBER,
    FORMAT,
    MAGIC,
    MAGIC_WORD,
    METADATA_HASH,
    NUMBER,
    PREVIOUS_HASH,
    SESSION,
    VERSION,
)
from app.errors import LogError

SESSION_FILE: Final = "session.json"
CHAIN_FILE: Final = "chain.log"

Words = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


class BlockFlag(IntFlag):
    """Bits of a chain entry's `flags`."""

    SEGMENT_END = 1  # the block ends its segment
    CLOSED = 2  # the log was closed in order after this block


CHAIN_ENTRY: Final = np.dtype(
    [
        ("check", "<u4"),  # CRC-32 of what follows in the entry
        ("flags", "<u4"),  # BlockFlag
        ("segment", "<i8"),  # the block's segment; -1: no frame was ever written
        ("end", "<i8"),  # where the block ends in it; it begins where the last ended
        ("frames", "<i8"),  # in the whole log up to there
        ("hash", "u1", (32,)),  # SHA-256
    ]
)
"""One block of frames that is on disk: 64 bytes."""


def segment_file(number: int) -> str:
    """Name of a segment's file."""
    return f"segment-{number:06d}.log"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """What all segments of one session have in common.

    Attributes
    ----------
    metadata_hash : bytes
        SHA-256 of the session file.
    """

    session: int
    segment_bytes: int
    metadata_hash: bytes


def session_text(
    session: int, segment_bytes: int, metadata: Mapping[str, Any]
) -> bytes:
    """Write a session file."""
    fields = {
        "format": FORMAT,
        "session": f"{session:016x}",
        "segment_bytes": segment_bytes,
        "metadata": metadata,
    }
    return json.dumps(fields, indent=1, sort_keys=True, allow_nan=False).encode()


def read_session(directory: Path) -> tuple[SessionKey, dict[str, Any]]:
    """Read a session file: the key of its segments, and the metadata.

    Raises
    ------
    LogError
        If it cannot be read, or is not what `session_text` writes.
    """
    path = directory / SESSION_FILE
    try:
        text = path.read_bytes()
        fields = json.loads(text)
        session, segment_bytes = (
            int(fields["session"], 16),
            int(fields["segment_bytes"]),
        )
        version, metadata = fields["format"], dict(fields["metadata"])
    except OSError as problem:
        raise LogError(f"{path}: {problem.strerror}") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise LogError(f"{path}: this is no session file") from problem
    if version != FORMAT:
        raise LogError(f"{path}: the format must be {FORMAT}, was {version}")
    return SessionKey(session, segment_bytes, hashlib.sha256(text).digest()), metadata


def write_header(header: Words, key: SessionKey, number: int) -> None:
    """Fill a segment's header of 512 zeros but for what is known only later."""
    header[MAGIC], header[VERSION], header[SESSION] = MAGIC_WORD, FORMAT, key.session
    header[NUMBER], header[BYTES] = number, key.segment_bytes
    header[METADATA_HASH : METADATA_HASH + 4] = np.frombuffer(
        key.metadata_hash, np.int64
    )
    header[CHECK] = _header_check(header)


def _header_check(header: Words) -> int:
    hashed = header[METADATA_HASH : METADATA_HASH + 4]
    return zlib.crc32(np.concatenate([header[MAGIC:CHECK], hashed]).tobytes())


def header_fault(header: Words, key: SessionKey, number: int) -> str:
    """Say which rule a segment's header breaks; "" if none."""
    wanted = np.zeros_like(header)
    write_header(wanted, key, number)
    for word, rule in (
        (MAGIC, "it begins with the magic word"),
        (VERSION, f"the format is {FORMAT}"),
        (SESSION, f"it belongs to session {key.session:016x}"),
        (NUMBER, f"it is segment {number}"),
        (BYTES, f"a segment has {key.segment_bytes} bytes"),
    ):
        if header[word] != wanted[word]:
            return rule
    if header[CHECK] != _header_check(header):
        return "the header has the checksum that it states"
    if header[CHECK] != wanted[CHECK]:
        return f"{SESSION_FILE} has the hash that the header states"
    later = [FIRST_FRAME, FIRST_NUMBER, *range(PREVIOUS_HASH, PREVIOUS_HASH + 4)]
    wanted[later] = header[later]
    return "" if np.array_equal(wanted, header) else "unused words are zero"


def link(previous: bytes, entry: npt.NDArray[Any], block: memoryview) -> bytes:
    """Hash of a chain entry: over the hash before it, its fields and its block."""
    digest = hashlib.sha256(previous)
    digest.update(entry.tobytes()[4:32])
    digest.update(block)
    return digest.digest()


def entry_check(entry: npt.NDArray[Any]) -> int:
    """Checksum of a chain entry itself."""
    return zlib.crc32(entry.tobytes()[4:])


def read_chain(directory: Path) -> tuple[npt.NDArray[Any], int]:
    """Read the chain's entries, and find where it is damaged.

    Returns
    -------
    entries : (n,) CHAIN_ENTRY
        Those that are whole.
    damage : int
        Offset of an entry that is not whole though others follow it; -1 if none. A
        last entry that did not reach the disk covers nothing and is no damage.

    Raises
    ------
    LogError
        If the file cannot be read.
    """
    try:
        content = (directory / CHAIN_FILE).read_bytes()
    except OSError as problem:
        raise LogError(f"{directory / CHAIN_FILE}: {problem.strerror}") from problem
    size = CHAIN_ENTRY.itemsize
    entries = np.frombuffer(content, CHAIN_ENTRY, len(content) // size)
    for i, entry in enumerate(entries):
        if entry_check(entry) != entry["check"] or not entry["hash"].any():
            follows = np.frombuffer(content, np.uint8)[(i + 1) * size :].any()
            return entries[:i], i * size if follows else -1
    return entries, -1
