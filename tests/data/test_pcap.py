"""Captures: packets through tags and both IPs; MoldUDP64 in order, losses known."""

import struct
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.data.catalog import Catalog, Recording
from app.data.importing import Options, Report, run_import
from app.data.itch import ItchImporter
from app.data.moldudp import WAIT_NS
from app.data.pcap import Capture, datagrams, is_capture
from app.data.text_columns import Issues
from app.engine.records import EventKind
from app.errors import FileFormatError, RingsideError
from tests.data.itch_made import (
    CAPTURED_NS,
    OPEN_NS,
    added,
    begin,
    datagram,
    message,
    packet,
    pcap,
    pcapng,
)
from tests.data.reference_book import ReferenceBook
from tests.shared_data import shared_data

K = EventKind
COUNTS = {
    "AddOrderMpidAttribution": {"F": 5},
    "AddOrderNoMpidAttribution": {"A": 5},
    "NonCrossTrade": {"P": 5},
    "OrderCancel": {"X": 5},
    "OrderDelete": {"D": 5},
    "OrderExecutedMessage": {"E": 5},
    "OrderExecutedWithPrice": {"C": 5},
    "OrderReplace": {"U": 5},
    "RegSho": {"Y": 5},
    "RetailInterest": {"N": 5},
    "StockTradingAction": {"H": 5},
    "SystemEvent": {"S": 1},
}
"""Messages of each real capture of 2023-08-22: 56; the three without a date have 1."""


def run(
    root: Path, *bodies: bytes, session: str | None = None, skip_bad: bool = False
) -> Report:
    root.mkdir(exist_ok=True)
    paths = []
    for number, body in enumerate(bodies):
        paths.append(root / f"{number}.pcap")
        paths[-1].write_bytes(body)
    options = Options("AMZN", skip_bad)
    return run_import(ItchImporter(session=session), paths, Catalog(root), options)


def recording(root: Path) -> Recording:
    return Catalog(root).open("AMZN")


def day(count: int) -> list[bytes]:
    """A day's begin and so many orders, one a message."""
    orders = (added(k + 1, "B", k + 1, 1_000_000) for k in range(count))
    return [*begin(), *orders]


def sent(messages: Sequence[bytes], each: int = 1) -> list[bytes]:
    """Packets of so many messages, numbered from 1."""
    return [
        packet(datagram(messages[at : at + each], at + 1), tags=1)
        for at in range(0, len(messages), each)
    ]


def timed(packets: Sequence[bytes], gap_ns: int = 1000) -> list[tuple[int, bytes]]:
    return [(CAPTURED_NS + k * gap_ns, each) for k, each in enumerate(packets)]


def sizes(root: Path) -> list[int]:
    columns = recording(root).columns
    return [int(each) for each in columns["size"][columns["kind"] == K.ORDER_ADD]]


@pytest.mark.parametrize("name", COUNTS)
def test_the_real_captures_hold_what_their_names_say(name: str):
    folder = shared_data("itch", "pcap")
    (path,) = folder.glob(f"*20230822__{name}*.pcap")
    issues, found = Issues(path), Counter[str]()

    for _, packets in Capture(path, issues).blocks():
        payloads = datagrams(packets, issues)
        assert payloads.others == 0
        for start, stop in zip(payloads.start, payloads.stop, strict=True):
            assert stop - start == 22 + int(payloads.data[start + 21])
            found[chr(payloads.data[start + 22])] += 1

    assert found == COUNTS[name]


def test_a_real_capture_becomes_an_order_with_both_times(tmp_path: Path):
    path = shared_data(
        "itch",
        "pcap",
        "Bx.Equities.TotalView.Itch.v5.0__AddOrderNoMpidAttributionMessage.pcap",
    )
    run_import(ItchImporter(), [path], Catalog(tmp_path))

    gap, order = Catalog(tmp_path).open("AMZU").records()

    assert (gap["kind"], gap["reference"]) == (K.GAP, 0x18BED5 - 1)
    assert (order["kind"], order["size"], order["price"]) == (K.ORDER_ADD, 300, 242_700)
    assert (order["sequence"], order["side"]) == (0x18BED5, 1)
    assert order["ts_venue"] == 1_692_710_999_999_357_223
    assert order["ts_received"] == 1_692_711_000_000_086_608
    assert Catalog(tmp_path).open("AMZU").instrument.venue == "XBOS"


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("form", [pcap, pcapng])
def test_both_forms_in_both_byte_orders_are_read(tmp_path: Path, form, big: bool):
    body = form(timed(sent(day(9), 3)), big=big)
    assert is_capture(body)

    run(tmp_path, body)

    assert sizes(tmp_path) == list(range(1, 10))
    assert recording(tmp_path).last_ts == CAPTURED_NS + 4000


def test_microseconds_are_told_from_nanoseconds(tmp_path: Path):
    run(tmp_path, pcap(timed(sent(day(3)), 2_000_000), micro=True))

    assert recording(tmp_path).last_ts == CAPTURED_NS + 7 * 2_000_000


@pytest.mark.parametrize(
    ("tags", "is_6"), [(0, False), (2, False), (0, True), (1, True)]
)
def test_tags_and_both_versions_of_ip_are_passed(tmp_path: Path, tags: int, is_6: bool):
    messages = day(2)
    payload = datagram(messages, 1)

    run(tmp_path, pcap([(CAPTURED_NS, packet(payload, tags=tags, is_6=is_6))]))

    assert sizes(tmp_path) == [1, 2]


def test_the_second_line_of_a_feed_counts_once(tmp_path: Path):
    packets = sent(day(20), 2)
    both = [each for pair in zip(packets, packets, strict=True) for each in pair]

    report = run(tmp_path, pcap(timed(both)))

    assert sizes(tmp_path) == list(range(1, 21))
    assert recording(tmp_path).gaps == 0
    assert f"{len(packets)} datagrams came twice" in report.notes


def test_datagrams_that_overlap_in_part_count_once(tmp_path: Path):
    messages = day(10)
    packets = [packet(datagram(messages[:9], 1)), packet(datagram(messages[4:], 5))]

    run(tmp_path, pcap(timed(packets)))

    assert sizes(tmp_path) == list(range(1, 11))


def test_late_datagrams_are_put_in_order_at_the_time_they_came(tmp_path: Path):
    packets = sent(day(10))
    packets[8], packets[11] = packets[11], packets[8]

    run(tmp_path, pcap(timed(packets)))

    assert sizes(tmp_path) == list(range(1, 11))
    times = recording(tmp_path).columns["ts_received"][-10:] - CAPTURED_NS
    assert times.tolist() == [5000, 6000, 7000, *[11_000] * 4, 12_000, 13_000, 14_000]


def test_rule_40_lost_datagrams_become_a_gap_with_their_number(tmp_path: Path):
    packets = sent(day(10))
    del packets[7:10]

    report = run(tmp_path, pcap(timed(packets)))

    records = recording(tmp_path).records()
    (gap,) = np.flatnonzero(records["kind"] == K.GAP)
    assert records["reference"][gap] == 3
    assert records["size"][gap - 1 : gap + 2].tolist() == [2, 0, 6]
    assert recording(tmp_path).gaps == 1
    assert "3 messages are missing" in report.notes


def test_a_late_datagram_is_waited_for_but_not_for_ever(tmp_path: Path):
    packets = timed(sent(day(12)))
    late = packets.pop(8)
    for wait, gaps in ((WAIT_NS // 2, 0), (3 * WAIT_NS, 0)):
        # One capture file is one block, and in a block all that is there is seen.
        root = tmp_path / str(wait)
        run(root, pcap([*packets, (CAPTURED_NS + wait, late[1])]))
        assert recording(root).gaps == gaps


@pytest.mark.parametrize(("wait_ns", "gaps"), [(WAIT_NS // 2, 0), (3 * WAIT_NS, 1)])
def test_over_the_end_of_a_file_a_late_datagram_is_waited_for(
    tmp_path: Path, wait_ns: int, gaps: int
):
    packets = timed(sent(day(12)))
    late = packets.pop(8)[1]
    clock = packets.pop()[1]
    after = pcap([(CAPTURED_NS + wait_ns, late)])
    between = pcap([(CAPTURED_NS + wait_ns - 1, clock)])

    report = run(tmp_path, pcap(packets), between, after)

    assert recording(tmp_path).gaps == gaps
    assert len(sizes(tmp_path)) == 12 - gaps
    assert ("1 messages are missing" in report.notes) == bool(gaps)


def test_a_heartbeat_shows_what_is_lost(tmp_path: Path):
    packets = [*sent(day(3)), packet(datagram([], 20))]
    more = packet(datagram([added(99, "B", 77, 1_000_000)], 20))

    run(tmp_path, pcap([*timed(packets), (CAPTURED_NS + 5 * WAIT_NS, more)]))

    records = recording(tmp_path).records()
    assert records["kind"][-2:].tolist() == [K.GAP, K.ORDER_ADD]
    assert records["reference"][-2] == 11


def test_the_end_of_a_session_is_no_message(tmp_path: Path):
    messages = day(3)
    end = datagram([], len(messages) + 1)[:18] + b"\xff\xff"

    run(tmp_path, pcap(timed([*sent(messages), packet(end)])))

    assert sizes(tmp_path) == [1, 2, 3]
    assert recording(tmp_path).gaps == 0


def test_captures_that_join_midway_begin_with_a_gap(tmp_path: Path):
    messages = [added(1, "B", 5, 1_000_000), message("D", OPEN_NS, reference=77)]

    report = run(tmp_path, pcap([(CAPTURED_NS, packet(datagram(messages, 1000)))]))

    records = recording(tmp_path).records()
    assert records["kind"].tolist() == [K.GAP, K.ORDER_ADD, K.TIMER]
    assert records["reference"][0] == 999
    assert "begin midway" in report.notes[0]


def test_captures_of_one_session_continue_each_other(tmp_path: Path):
    packets = timed(sent(day(12)))

    report = run(tmp_path, pcap(packets[:9]), pcap(packets[7:]))

    assert sizes(tmp_path) == list(range(1, 13))
    assert recording(tmp_path).gaps == 0
    assert "2 datagrams came twice" in report.notes


def test_of_several_sessions_one_is_asked_for(tmp_path: Path):
    ours, other = day(3), [added(9, "S", 5, 1)]
    packets = [packet(datagram(ours, 1)), packet(datagram(other, 1, "OTHER"))]
    body = pcap(timed(packets))

    with pytest.raises(FileFormatError, match=r"several sessions.*--session"):
        run(tmp_path, body)
    run(tmp_path, body, session="000010059D")
    assert sizes(tmp_path) == [1, 2, 3]
    with pytest.raises(FileFormatError, match="no MoldUDP64 datagrams of session 'X'"):
        run(tmp_path, body, session="X")


def test_other_traffic_is_passed_over_and_counted(tmp_path: Path):
    strange = [
        bytes(60),  # no IP
        packet(b"hello"),  # no MoldUDP64
        packet(datagram(day(1), 1)[:-1]),  # its frames do not fill it
        b"",
    ]
    report = run(tmp_path, pcap(timed([*sent(day(3)), *strange])))

    assert sizes(tmp_path) == [1, 2, 3]
    assert "4 packets are no MoldUDP64" in report.notes


def test_packets_that_the_capture_cut_short_are_reported(tmp_path: Path):
    body = bytearray(pcap(timed(sent(day(3)))))
    size = struct.unpack_from("<I", body, 32)[0]
    struct.pack_into("<I", body, 32, size - 10)
    del body[40 + size - 10 : 40 + size]

    with pytest.raises(FileFormatError, match=r"row 1: the capture kept \d+ bytes"):
        run(tmp_path, bytes(body))
    assert run(tmp_path, bytes(body), skip_bad=True).skipped == 1


@pytest.mark.parametrize("form", [pcap, pcapng])
def test_a_capture_that_ends_inside_a_packet_is_reported(tmp_path: Path, form):
    body = form(timed(sent(day(3))))

    with pytest.raises(FileFormatError, match="row 8: the file ends inside a packet"):
        run(tmp_path, body[:-5])
    assert run(tmp_path, body[:-5], skip_bad=True).skipped == 1


def test_absurd_lengths_are_reported(tmp_path: Path):
    body = bytearray(pcap(timed(sent(day(3)))))
    struct.pack_into("<I", body, 32, 1 << 30)

    with pytest.raises(FileFormatError, match="length of a packet is absurd"):
        run(tmp_path, bytes(body))


def test_a_capture_without_messages_says_so(tmp_path: Path):
    with pytest.raises(FileFormatError, match="holds no MoldUDP64 datagrams"):
        run(tmp_path, pcap([]))


@given(st.integers(0, 2**32), st.integers(1, 60))
@settings(max_examples=40)
def test_two_lossy_lines_give_each_message_once_or_a_gap(
    tmp_path_factory, seed: int, count: int
):
    generator = np.random.default_rng(seed)
    messages = day(count)
    cuts = np.unique(generator.integers(1, len(messages), 12)).tolist()
    parts = list(pairwise([0, *cuts, len(messages)]))
    arrivals: list[tuple[int, int]] = []
    for index in range(len(parts)):
        for _ in range(2):
            at = index * 1000 + int(generator.integers(0, 5000))
            arrivals += [(at, index)] * (generator.random() < 0.6 or index == 0)
    arrivals.sort()
    came = {index for _, index in arrivals}
    packets = [
        (
            CAPTURED_NS + at,
            packet(datagram(messages[slice(*parts[index])], 1 + parts[index][0])),
        )
        for at, index in arrivals
    ]
    root = tmp_path_factory.mktemp("lines")
    run(root, pcap(packets))

    there = [k for k in sorted(came) for k in range(*parts[k])]
    expected = [k - len(begin()) + 1 for k in there if k >= len(begin())]
    lost = sum(b - a - 1 for a, b in pairwise(there))
    records = recording(root).records()
    gaps = records["reference"][records["kind"] == K.GAP]
    assert sizes(root) == expected
    assert int(gaps.sum()) == lost


@given(st.data())
@settings(max_examples=80)
def test_damaged_captures_never_crash_it(tmp_path_factory, data: st.DataObject):
    form = data.draw(st.sampled_from([pcap, pcapng]))
    body = bytearray(form(timed(sent(day(5), 2))))
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(4, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(4, len(body)))
    root = tmp_path_factory.mktemp("fuzz")

    with suppress(RingsideError):
        run(root, bytes(body[:cut]), skip_bad=data.draw(st.booleans()))

    for name in Catalog(root).names():
        book = ReferenceBook()
        for record in Catalog(root).open(name).records():
            book.apply(record)
