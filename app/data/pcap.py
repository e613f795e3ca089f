"""Captures of network traffic: the UDP datagrams in pcap and pcapng files.

Two steps. `Capture` lists the packets of a file in blocks, by a kernel; `datagrams`
finds each one's UDP payload with NumPy, through VLAN tags, IPv4 or IPv6. What is no
UDP is left out; a datagram that the capture cut short is reported.

libpcap, "Per-packet record"; IETF, "PCAP Next Generation Capture File Format" (2024).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.local_time import SECOND_NS
from app.data.source import Source
from app.data.text_columns import Issues
from app.engine.itch_frames import (
    DAMAGED,
    IS_FULL,
    OTHER_BLOCK,
    PACKET_BYTES,
    PACKET_CAPACITY,
    PACKET_CAPTURED,
    PACKET_FRACTION,
    PACKET_INTERFACE,
    PACKET_IS_BIG,
    PACKET_IS_BLOCKS,
    PACKET_JOB_WORDS,
    PACKET_LENGTH,
    PACKET_OFFSET,
    PACKET_ORIGINAL,
    PACKET_OUT,
    PACKET_POSITION,
    PACKET_TIME,
    PACKET_WIDTH,
    PACKET_WRITTEN,
    walk_packets,
)
from app.errors import FileFormatError

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

_MAGICS: Final = {
    b"\xa1\xb2\xc3\xd4": (1, 1000),
    b"\xd4\xc3\xb2\xa1": (0, 1000),
    b"\xa1\xb2\x3c\x4d": (1, 1),
    b"\x4d\x3c\xb2\xa1": (0, 1),
}
"""First bytes of a pcap file: whether it is big-endian, nanoseconds a fraction."""
_SECTION: Final = b"\x0a\x0d\x0d\x0a"
_FILE_HEADER: Final = 24
_INTERFACE, _SIMPLE_PACKET = 1, 3
_TIME_RESOLUTION: Final = 9
_LARGEST_BLOCK: Final = 16 << 20
_CAPACITY: Final = 1 << 17

_ETHERNET, _LOOPBACK, _COOKED, _COOKED_2 = 1, 0, 113, 276
_RAW_IP: Final = (12, 14, 101, 228, 229)
_TAGS: Final = (0x8100, 0x88A8, 0x9100)
_IP4, _IP6, _UDP = 0x0800, 0x86DD, 17


def is_capture(head: bytes) -> bool:
    """Tell whether a file's first four bytes are those of a capture."""
    return head[:4] in _MAGICS or head[:4] == _SECTION


@dataclass(frozen=True, slots=True)
class Packets:
    """Packets of one block of a capture.

    Attributes
    ----------
    data : (m,) uint8
        The bytes they lie in.
    offset, captured, original : (n,) int64
        Where each lies, how much of it was kept, how long it was.
    time : (n,) int64
        ns since 1970 UTC.
    link : (n,) int64
        Type of the link layer [tcpdump.org, "Link-layer header types"].
    first : int
        Number of the first in its file, from 1.
    """

    data: Bytes
    offset: Ints
    captured: Ints
    original: Ints
    time: Ints
    link: Ints
    first: int


@dataclass(frozen=True, slots=True)
class _Interface:
    link: int
    ticks: int
    """Units of its times in a second; 0 = a power of two that is not whole."""


class Capture:
    """One capture file."""

    def __init__(self, path: Path, issues: Issues) -> None:
        self._issues = issues
        self._source = Source(path)
        self._path = path
        self._rest = b""
        self._number = 1
        self._interfaces: list[_Interface] = []
        self._job = np.zeros(PACKET_JOB_WORDS, np.int64)
        self._out = np.zeros((_CAPACITY, PACKET_WIDTH), np.int64)
        self._is_ready = False
        self.passed_over = 0
        """Blocks with a packet but no time."""

    def blocks(self) -> Iterator[tuple[float, Packets]]:
        """Yield the share that was read, and packets."""
        for block in self._source.blocks():
            data = self._rest + block
            if not self._is_ready:
                if len(data) < _FILE_HEADER:
                    self._rest = data
                    continue
                data = data[self._begin(data) :]
            share = self._source.read / max(1, self._source.total)
            for packets in self._walk(data):
                yield share, packets
        if self._source.damage is not None:
            self._issues.report(self._source.damage)
        elif self._rest:
            self._issues.bad("the file ends inside a packet", self._number)

    def _begin(self, data: bytes) -> int:
        """Read the file's header; return how many bytes it has."""
        self._is_ready = True
        if data.startswith(_SECTION):
            self._job[PACKET_IS_BLOCKS] = 1
            return 0
        if data[:4] not in _MAGICS:
            rule = f"must begin as pcap or pcapng do, begins with {data[:4]!r}"
            raise FileFormatError(self._path, rule)
        is_big, ns = _MAGICS[data[:4]]
        self._job[PACKET_IS_BIG] = is_big
        link = struct.unpack_from(">I" if is_big else "<I", data, 20)[0] & 0xFFFF
        self._interfaces = [_Interface(link, SECOND_NS // ns)]
        return _FILE_HEADER

    def _walk(self, data: bytes) -> Iterator[Packets]:
        array = np.frombuffer(data, np.uint8)
        job = self._job
        job[PACKET_BYTES], job[PACKET_LENGTH] = array.ctypes.data, len(array)
        job[PACKET_OUT], job[PACKET_CAPACITY] = self._out.ctypes.data, _CAPACITY
        job[PACKET_POSITION] = 0
        while True:
            status = walk_packets(job.ctypes.data)
            if job[PACKET_WRITTEN]:
                yield self._packets(array)
            at = int(job[PACKET_POSITION])
            if status == DAMAGED:
                rule = "the length of a packet is absurd: the rest is not read"
                self._issues.bad(rule, self._number)
                self._rest = b""
                return
            if status == OTHER_BLOCK:
                length = self._other_block(data, at)
                if length:
                    job[PACKET_POSITION] += length
                    continue
            elif status == IS_FULL:
                continue
            break
        self._rest = data[at:]

    def _packets(self, data: Bytes) -> Packets:
        rows = self._out[: int(self._job[PACKET_WRITTEN])].copy()
        first = self._number
        self._number += len(rows)
        faces = rows[:, PACKET_INTERFACE]
        known = faces < len(self._interfaces)
        for index in np.flatnonzero(~known):
            rule = f"interface {faces[index]} of the packet is not declared"
            self._issues.bad(rule, first + int(index))
        rows = rows[known]
        links = [each.link for each in self._interfaces]
        return Packets(
            data=data,
            offset=rows[:, PACKET_OFFSET],
            captured=rows[:, PACKET_CAPTURED],
            original=rows[:, PACKET_ORIGINAL],
            time=self._times(rows),
            link=np.array(links, np.int64)[rows[:, PACKET_INTERFACE]],
            first=first,
        )

    def _times(self, rows: Ints) -> Ints:
        """Times in ns; the two forms of file write them differently."""
        high, low = rows[:, PACKET_TIME], rows[:, PACKET_FRACTION]
        ticks = np.array([each.ticks for each in self._interfaces], np.int64)
        ticks = ticks[rows[:, PACKET_INTERFACE]]
        if not self._job[PACKET_IS_BLOCKS]:
            return high * SECOND_NS + low * (SECOND_NS // ticks)
        whole = (high << 32) | low
        seconds, rest = whole // ticks, whole % ticks
        return seconds * SECOND_NS + rest * SECOND_NS // ticks

    def _other_block(self, data: bytes, at: int) -> int:
        """Read what is no packet; return its length, 0 if it is not whole yet."""
        order = ">" if self._job[PACKET_IS_BIG] else "<"
        if data[at : at + 4] == _SECTION:
            order = ">" if data[at + 8 : at + 12] == b"\x1a\x2b\x3c\x4d" else "<"
            self._job[PACKET_IS_BIG] = order == ">"
            self._interfaces = []
        kind, length = struct.unpack_from(order + "II", data, at)
        if not 12 <= length <= _LARGEST_BLOCK or length % 4:
            rule = f"a block must have 12 bytes or more, in fours, has {length}"
            raise FileFormatError(self._path, rule, row=self._number)
        if at + length > len(data):
            return 0
        if kind == _INTERFACE and length >= 20:
            body = data[at + 8 : at + length - 4]
            self._interfaces.append(_interface(body, order))
        self.passed_over += kind == _SIMPLE_PACKET
        return int(length)


def _interface(body: bytes, order: str) -> _Interface:
    """Read an interface's description: its link and the unit of its times."""
    link = struct.unpack_from(order + "H", body)[0]
    at, ticks = 8, 1_000_000
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == _TIME_RESOLUTION and value:
            exponent = value[0] & 0x7F
            ticks = 2**exponent if value[0] & 0x80 else 10**exponent
        at += 4 + (length + 3) // 4 * 4
    # Finer units than these leave int64 on the way to nanoseconds.
    return _Interface(link, ticks if 1 <= ticks <= 2**33 else 1_000_000)


@dataclass(frozen=True, slots=True)
class Datagrams:
    """UDP payloads, in the order of the capture."""

    data: Bytes
    start: Ints
    stop: Ints
    time: Ints
    """ns since 1970 UTC."""
    others: int
    """Packets that are no UDP."""


def datagrams(packets: Packets, issues: Issues) -> Datagrams:
    """Find the UDP payloads of packets."""
    end = packets.offset + packets.captured
    kind, at = _network(packets)
    first = _byte(packets.data, at)
    is_4 = (kind == _IP4) & (first >> 4 == 4)
    is_6 = (kind == _IP6) & (first >> 4 == 6)
    udp = at + np.where(is_4, (first & 15) * 4, 40)
    protocol = _byte(packets.data, at + np.where(is_4, 9, 6))
    # A fragment has no ports, or not all of its datagram.
    whole = is_6 | (_pair(packets.data, at + 6) & 0x3FFF == 0)
    length = _pair(packets.data, udp + 4)
    is_udp = (is_4 | is_6) & (protocol == _UDP) & (length >= 8) & (udp + 8 <= end)
    kept = is_udp & whole & (udp + length <= end)
    short = is_udp & ~kept & whole & (packets.captured < packets.original)
    for index in np.flatnonzero(short):
        rule = f"the capture kept {packets.captured[index]} bytes of the packet's "
        issues.bad(f"{rule}{packets.original[index]}", packets.first + int(index))
    return Datagrams(
        data=packets.data,
        start=(udp + 8)[kept],
        stop=(udp + length)[kept],
        time=packets.time[kept],
        others=int(np.count_nonzero(~kept & ~short)),
    )


def _network(packets: Packets) -> tuple[Ints, Ints]:
    """Return the network protocol of each packet and where it begins."""
    data, link, at = packets.data, packets.link, packets.offset
    is_ip = np.isin(link, (*_RAW_IP, _LOOPBACK))
    cooked, cooked_2 = link == _COOKED, link == _COOKED_2
    kind_at = at + np.where(cooked_2, 0, np.where(cooked, 14, 12))
    kind = _pair(data, kind_at)
    begins = at + np.where(cooked_2, 20, np.where(cooked, 16, 14))
    for _ in range(3):
        tagged = np.isin(kind, _TAGS) & (link == _ETHERNET)
        kind = np.where(tagged, _pair(data, begins + 2), kind)
        begins = np.where(tagged, begins + 4, begins)
    begins = np.where(is_ip, at + np.where(link == _LOOPBACK, 4, 0), begins)
    version = _byte(data, begins) >> 4
    kind = np.where(is_ip, np.where(version == 6, _IP6, _IP4), kind)
    known = is_ip | cooked | cooked_2 | (link == _ETHERNET)
    return np.where(known, kind, 0), begins


def _byte(data: Bytes, at: Ints) -> Any:
    # Reading past the end gives the last byte: the bounds are judged afterwards.
    return data.take(at, mode="clip").astype(np.int64)


def _pair(data: Bytes, at: Ints) -> Any:
    return _byte(data, at) << 8 | _byte(data, at + 1)
