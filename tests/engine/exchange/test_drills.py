"""Fire drills in a stepped exchange: a turn is a millisecond of its time."""

import numpy as np
import pytest

from app.engine.arena import Section
from app.engine.exchange.drill_table import DRILLS, Drill
from app.engine.exchange.state import Control
from app.engine.exchange.venue import BuiltInExchange
from app.engine.records import (
    BUY,
    SELL,
    Action,
    EventKind,
    FeedStatus,
    OrderStatus,
    Reason,
    RecordFlag,
    ReportType,
)
from tests.engine.exchange.market_folding import (
    INSTRUMENTS,
    PlainBook,
    best,
    command,
    levels,
    mid,
    order,
)

RSTK, RFUT = 0, 1
SECOND = 1000
SECONDS = {row.drill: row.seconds for row in DRILLS}
ALL = [row.drill for row in DRILLS]


class Floor:
    """An exchange, and all that it has said."""

    def __init__(self, seed=7):
        self.exchange = BuiltInExchange(INSTRUMENTS, seed, 200)
        self.market = []
        self.reports = []

    def step(self, turns):
        """Let agents act; return the reports that came of it."""
        came = []
        for start in range(0, turns, 250):
            self.exchange.turns(min(250, turns - start))
            self.market.append(self.exchange.market.drain())
            came.append(self.exchange.reports.drain())
        told = np.concatenate(came) if came else np.zeros(0)
        self.reports.append(told)
        return told

    def send(self, *records):
        for each in records:
            assert self.exchange.orders.push(each) == 1
        self.exchange.turns(0)
        told = self.exchange.reports.drain()
        self.market.append(self.exchange.market.drain())
        self.reports.append(told)
        return told

    def drill(self, drill, instrument=RSTK):
        return self.send(
            command(Action.FIRE_DRILL, 0, value=drill, instrument=instrument)
        )

    def said(self):
        return np.concatenate(self.market)


@pytest.fixture
def floor():
    return Floor()


def drills(reports):
    mine = reports[reports["report"] == ReportType.DRILL]
    return list(zip(mine["group"].tolist(), mine["quantity"].tolist(), strict=True))


@pytest.mark.parametrize("drill", ALL)
def test_a_drill_says_when_it_begins_and_ends_by_itself(floor, drill):
    begun = floor.drill(drill)
    assert drills(begun) == [(drill, 1)]
    assert floor.exchange.control[Control.DRILL] == drill

    ended = floor.step(SECONDS[drill] * SECOND + 10)

    assert drills(ended) == [(drill, 0)]
    assert floor.exchange.control[Control.DRILL] == 0
    assert floor.step(5 * SECOND).size == 0


@pytest.mark.parametrize("drill", ALL)
def test_a_drill_is_the_same_every_time(drill):
    def run():
        floor = Floor(seed=3)
        floor.send(order(1, RSTK, BUY, 300, best(floor.exchange, RSTK, BUY)))
        floor.drill(drill)
        floor.step(SECONDS[drill] * SECOND + 500)
        return floor.said().tobytes() + np.concatenate(floor.reports).tobytes()

    assert run() == run()


@pytest.mark.parametrize("drill", ALL)
def test_books_are_rebuilt_from_the_data_after_a_drill(drill):
    floor = Floor()
    floor.exchange.push_books()
    floor.drill(drill)
    floor.step(SECONDS[drill] * SECOND + 500)

    said = floor.said()
    said["sequence"] = np.arange(1, len(said) + 1)
    book = PlainBook()
    book.fold(said)
    for instrument in range(len(INSTRUMENTS)):
        for side in (BUY, SELL):
            own = levels(floor.exchange, instrument, side)
            assert book.levels(instrument, side) == own


def test_a_second_drill_is_refused_while_one_runs(floor):
    floor.drill(Drill.GAP)

    told = floor.drill(Drill.LATE_ACKS)

    assert drills(told) == [(Drill.LATE_ACKS, 0)]
    assert told["reason"].tolist() == [Reason.VENUE_BUSY]
    assert floor.exchange.control[Control.DRILL] == Drill.GAP


@pytest.mark.parametrize("number", [0, -1, len(DRILLS) + 1])
def test_an_unknown_drill_is_refused(floor, number):
    told = floor.drill(number)

    assert told["reason"].tolist() == [Reason.UNSUPPORTED]
    assert floor.exchange.control[Control.DRILL] == 0


@pytest.mark.parametrize("instrument", range(4))
def test_a_flash_crash_falls_far_and_recovers(instrument):
    floor = Floor()
    before = mid(floor.exchange, instrument)
    floor.drill(Drill.FLASH_CRASH, instrument)
    fair = floor.exchange.arena.records(Section.AGENTS)[instrument]["fair"]
    floor.step(3900)
    low = mid(floor.exchange, instrument)
    fell = before - low
    assert fell / INSTRUMENTS[instrument].step_at(int(before)) > 20
    assert floor.exchange.arena.records(Section.AGENTS)[instrument]["fair"] < fair

    floor.step(SECONDS[Drill.FLASH_CRASH] * SECOND)

    assert before - mid(floor.exchange, instrument) < 0.3 * fell
    assert len(levels(floor.exchange, instrument, BUY)) >= 4


def test_in_a_one_sided_book_nobody_offers_but_the_user(floor):
    floor.drill(Drill.ONE_SIDED, RFUT)
    for _ in range(20):
        floor.step(300)
        assert levels(floor.exchange, RFUT, SELL) == []
        assert len(levels(floor.exchange, RFUT, BUY)) >= 4
        assert levels(floor.exchange, RSTK, SELL)
    dear = best(floor.exchange, RFUT, BUY) + 40
    floor.send(order(1, RFUT, SELL, 3, dear))
    assert levels(floor.exchange, RFUT, SELL)[0][0] == dear

    floor.step(SECONDS[Drill.ONE_SIDED] * SECOND)

    assert len(levels(floor.exchange, RFUT, SELL)) >= 4


def test_in_a_one_sided_book_a_market_order_finds_nobody(floor):
    floor.drill(Drill.ONE_SIDED, RFUT)

    told = floor.send(order(1, RFUT, BUY, 3))

    assert told["report"].tolist() == [ReportType.REJECTED]
    assert told["reason"].tolist() == [Reason.NO_OPPOSITE_SIDE]


def test_a_gap_is_told_and_ends_with_whole_books(floor):
    floor.drill(Drill.GAP)
    floor.step(SECONDS[Drill.GAP] * SECOND - 100)
    silent = floor.said()
    gaps = silent[silent["kind"] == EventKind.GAP]
    assert gaps["instrument"].tolist() == [0, 1, 2, 3]
    assert (gaps["flags"] == RecordFlag.LAST).all()
    assert len(silent) == len(gaps)

    floor.step(200)

    after = floor.said()[len(silent) :]
    assert (after["kind"] == EventKind.SNAPSHOT_END).sum() == 4
    # What was lost is missing in the numbers as well.
    assert after["sequence"][0] - silent["sequence"][-1] > 1000


def test_orders_are_matched_and_told_while_data_are_lost(floor):
    floor.drill(Drill.GAP)
    ask = best(floor.exchange, RSTK, SELL)

    told = floor.send(order(1, RSTK, BUY, 10, ask))

    assert told["report"].tolist() == [ReportType.NEW, ReportType.FILL]


def test_in_a_reject_storm_orders_and_changes_are_refused_and_cancels_pass(floor):
    low = best(floor.exchange, RSTK, BUY) - 3000
    floor.send(order(1, RSTK, BUY, 10, low))
    floor.drill(Drill.REJECT_STORM)

    told = floor.send(
        order(2, RSTK, BUY, 10, low),
        command(Action.REPLACE, 1, instrument=RSTK, quantity=5),
        command(Action.CANCEL, 1, instrument=RSTK),
    )

    assert told["report"].tolist() == [
        ReportType.REJECTED,
        ReportType.REPLACE_REJECTED,
        ReportType.CANCELLED,
    ]
    assert told["reason"].tolist()[:2] == [Reason.VENUE_BUSY] * 2
    floor.step(SECONDS[Drill.REJECT_STORM] * SECOND + 10)
    again = floor.send(order(3, RSTK, BUY, 10, low))
    assert again["report"].tolist() == [ReportType.NEW]


def test_late_acknowledgements_come_in_order_two_seconds_late(floor):
    low = best(floor.exchange, RSTK, BUY) - 3000
    floor.drill(Drill.LATE_ACKS)
    assert floor.send(order(1, RSTK, BUY, 10, low)).size == 0
    assert floor.step(1000).size == 0
    assert floor.send(command(Action.CANCEL, 1, instrument=RSTK)).size == 0

    first = floor.step(1010)
    second = floor.step(1000)

    assert first["report"].tolist() == [ReportType.NEW]
    assert second["report"].tolist() == [ReportType.CANCELLED]
    late = second["ts_venue"][0] - first["ts_venue"][0]
    assert late == 1_000_000_000


def test_reports_that_wait_when_the_drill_ends_come_first(floor):
    low = best(floor.exchange, RSTK, BUY) - 3000
    floor.drill(Drill.LATE_ACKS)
    floor.step(SECONDS[Drill.LATE_ACKS] * SECOND - 100)
    floor.send(order(1, RSTK, BUY, 10, low))

    told = floor.step(200)

    assert told["report"].tolist() == [ReportType.NEW, ReportType.DRILL]


def test_partial_fills_come_by_bits_at_a_touch_that_holds_next_to_nothing(floor):
    floor.drill(Drill.PARTIAL_FILLS, RSTK)
    floor.step(3000)
    lot = int(floor.exchange.arena.records(Section.AGENTS)[RSTK]["lot"])
    assert min(levels(floor.exchange, RSTK, side)[0][1] for side in (BUY, SELL)) < lot
    price = best(floor.exchange, RSTK, BUY) + 100
    parts = [floor.send(order(1, RSTK, BUY, 900, price))]
    parts += [floor.step(1000) for _ in range(8)]

    told = np.concatenate(parts)
    fills = told[told["report"] == ReportType.FILL]
    assert len(fills) >= 4
    assert (fills["status"][:-1] == OrderStatus.PARTIALLY_FILLED).all()
    assert (fills["filled"] + fills["leaves"] == 900).all()
    assert fills["last_quantity"].sum() == fills["filled"][-1]


def test_a_disconnection_refuses_everything_and_tells_afterwards_what_was_missed(floor):
    bid = best(floor.exchange, RFUT, BUY)
    floor.send(order(1, RFUT, BUY, 4, bid))
    floor.drill(Drill.DISCONNECT)
    refused = floor.send(
        order(2, RFUT, BUY, 1, bid - 10),
        command(Action.CANCEL, 1, instrument=RFUT),
        command(Action.REPLACE, 1, instrument=RFUT, quantity=2),
    )
    assert refused["report"].tolist() == [
        ReportType.REJECTED,
        ReportType.CANCEL_REJECTED,
        ReportType.REPLACE_REJECTED,
    ]
    assert (refused["reason"] == Reason.NOT_CONNECTED).all()
    # Somebody sells to our order meanwhile: we are not told yet.
    market = floor.exchange.arena.records(Section.AGENTS)[RFUT]
    market["fair"] -= 20
    while_cut = floor.step(SECONDS[Drill.DISCONNECT] * SECOND - 200)
    assert while_cut.size == 0

    after = floor.step(400)

    kinds = after["report"].tolist()
    assert kinds[-1] == ReportType.DRILL
    assert set(kinds[:-1]) == {ReportType.FILL}
    assert after["filled"][-2] == 4
    status = floor.said()
    status = status[status["kind"] == EventKind.FEED_STATUS]["count"].tolist()
    assert status == [FeedStatus.DISCONNECTED, FeedStatus.CONNECTED]


def test_surprise_drills_come_at_their_pace_by_the_seed():
    floor = Floor(seed=11)
    floor.exchange.state["surprise_ns"] = 30 * 10**9
    told = floor.step(200 * SECOND)

    begun = [drill for drill, began in drills(told) if began]
    assert len(begun) == 6
    assert len(set(begun)) > 1
    again = Floor(seed=11)
    again.exchange.state["surprise_ns"] = 30 * 10**9
    assert drills(again.step(200 * SECOND)) == drills(told)
