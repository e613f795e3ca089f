"""Made ITCH: messages, frames, datagrams and captures, byte by byte."""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from app.data.itch_layout import MESSAGES

CAPTURED_NS = 1_692_711_000_000_000_000  # 2023-08-22 09:30:00 New York
MIDNIGHT_NS = CAPTURED_NS - (9 * 3600 + 1800) * 10**9
OPEN_NS = (9 * 3600 + 1800) * 10**9
"""09:30, ns since midnight."""


def message(code: str, time: int = OPEN_NS, locate: int = 1, **fields: Any) -> bytes:
    """Make one message; fields that are not given are 0 or blank."""
    row = np.zeros(1, MESSAGES[ord(code)])[0]
    row["type"], row["locate"] = code.encode(), locate
    row["time_high"], row["time_low"] = time >> 32, time & 0xFFFFFFFF
    for name, value in fields.items():
        width = row.dtype[name].itemsize
        row[name] = value.encode().ljust(width) if isinstance(value, str) else value
    return bytes(row.tobytes())


def framed(messages: Iterable[bytes]) -> bytes:
    """Put two bytes of length before each message."""
    return b"".join(struct.pack(">H", len(each)) + each for each in messages)


def begin(stock: str = "AMZN", locate: int = 1) -> list[bytes]:
    """A day's begin: messages begin, the directory, trading, the market opens."""
    return [
        message("S", 3 * 3600 * 10**9, 0, event="O"),
        message("R", 3 * 3600 * 10**9, locate, stock=stock, lot=100, etp="N"),
        message("H", 3 * 3600 * 10**9, locate, stock=stock, state="T"),
        message("S", 4 * 3600 * 10**9, 0, event="S"),
        message("S", OPEN_NS, 0, event="Q"),
    ]


def added(
    reference: int, side: str, size: int, price: int, time: int = OPEN_NS, **more: Any
) -> bytes:
    """An order of AMZN that rests; the price counts 1e-4."""
    fields = {"stock": "AMZN", **more}
    return message(
        "A", time, reference=reference, side=side, size=size, price=price, **fields
    )


def datagram(
    messages: Sequence[bytes], sequence: int, session: str = "000010059D"
) -> bytes:
    """A MoldUDP64 datagram."""
    head = session.encode().ljust(10) + struct.pack(">QH", sequence, len(messages))
    return head + framed(messages)


def packet(payload: bytes, *, tags: int = 0, is_6: bool = False) -> bytes:
    """An Ethernet packet with a UDP datagram."""
    udp = struct.pack(">HHHH", 26400, 26400, len(payload) + 8, 0) + payload
    if is_6:
        ip = struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) + bytes(32)
    else:
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0)
        ip += bytes(8)
    kind = b"\x86\xdd" if is_6 else b"\x08\x00"
    return bytes(12) + b"\x81\x00\x00\x07" * tags + kind + ip + udp


def pcap(
    packets: Sequence[tuple[int, bytes]], *, big: bool = False, micro: bool = False
) -> bytes:
    """A pcap file of packets, each with its time in ns."""
    order = ">" if big else "<"
    magic = 0xA1B2C3D4 if micro else 0xA1B23C4D
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1)
    for time, data in packets:
        fraction = time % 10**9 // (1000 if micro else 1)
        size = len(data)
        out += struct.pack(order + "IIII", time // 10**9, fraction, size, size) + data
    return out


def pcapng(packets: Sequence[tuple[int, bytes]], *, big: bool = False) -> bytes:
    """A pcapng file of packets, in nanoseconds, with a block that tells nothing."""
    order = ">" if big else "<"
    out = _block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    options = struct.pack(order + "HHB3x", 9, 1, 9) + struct.pack(order + "HH", 0, 0)
    out += _block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + options)
    out += _block(order, 4, struct.pack(order + "HH", 0, 0))
    for time, data in packets:
        head = (0, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
        out += _block(order, 6, struct.pack(order + "IIIII", *head) + data)
    return out


def _block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size
