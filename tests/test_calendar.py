"""Calendars against what venues published, and what must hold of every schedule."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.calendar import (
    Schedule,
    calendar_name,
    first_notice,
    last_trading,
    schedule_of,
)
from app.engine.records import SessionState
from app.errors import CalendarError
from app.instrument import Hours, Instrument, InstrumentKind
from app.session_rows import Phase, SessionFlag
from app.sessions.hours import calendar_folder


def listed(calendar: str | None, kind: str = "stock", **fields: Any) -> Instrument:
    """An instrument of a calendar."""
    return Instrument(
        name="X",
        kind=InstrumentKind(kind),
        venue="V",
        currency="USD",
        price_unit=Decimal("0.01"),
        calendar=calendar,
        **fields,
    )


def es(**fields: Any) -> Instrument:
    """A stock index future with regular hours of its own."""
    return listed(
        "CME_Equity",
        "future",
        time_zone="America/Chicago",
        regular_hours=Hours.parse("08:30-15:00"),
        extended_hours=Hours.parse("17:00-16:00"),
        **fields,
    )


def ns(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 10**9


def of(instrument: Instrument, begin: str, end: str) -> Schedule:
    return schedule_of(instrument, ns(begin), ns(end), calendar_folder())


def regular(schedule: Schedule, day: str) -> tuple[str, str] | None:
    """Regular hours of a trade date, UTC; None for a day that is none."""
    number = (date.fromisoformat(day) - date(1970, 1, 1)).days
    rows = schedule.rows[schedule.rows["trade_date"] == number]
    if not len(rows):
        return None
    opens, closes = rows[-1]["regular_open"], rows[-1]["regular_close"]
    return shown(opens), shown(closes)


def shown(ts: int) -> str:
    return f"{datetime.fromtimestamp(int(ts) // 10**9, UTC):%d %H:%M}"


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2024-11-27", ("27 14:30", "27 21:00")),
        ("2024-11-28", None),  # Thanksgiving
        ("2024-11-29", ("29 14:30", "29 18:00")),
        ("2024-12-24", ("24 14:30", "24 18:00")),
        ("2024-12-25", None),
        ("2025-01-01", None),
        ("2025-01-09", None),  # a day of mourning
        ("2024-03-08", ("08 14:30", "08 21:00")),
        ("2024-03-11", ("11 13:30", "11 20:00")),  # summer time since the 10th
        ("2024-03-29", None),  # Good Friday
        ("2024-07-03", ("03 13:30", "03 17:00")),
    ],
)
def test_new_york_trades_as_published(day, hours):
    around = date.fromisoformat(day)
    begin, end = around - timedelta(days=5), around + timedelta(days=5)
    schedule = of(listed("XNYS"), str(begin), str(end))

    assert regular(schedule, day) == hours


def test_new_york_has_late_hours_shortened_with_the_day():
    schedule = of(listed("NYSE"), "2024-11-27", "2024-12-02")

    assert schedule.state_at(ns("2024-11-27T09:00")) == Phase.EXTENDED
    assert schedule.state_at(ns("2024-11-27T08:59")) == Phase.CLOSED
    assert schedule.state_at(ns("2024-11-28T00:59")) == Phase.EXTENDED
    assert schedule.state_at(ns("2024-11-29T21:59")) == Phase.EXTENDED
    assert schedule.state_at(ns("2024-11-29T22:00")) == Phase.CLOSED


@pytest.mark.parametrize(
    ("at", "day", "state"),
    [
        ("2024-03-10T21:59", "2024-03-11", Phase.CLOSED),  # Sunday before 17:00
        ("2024-03-10T22:00", "2024-03-11", Phase.OPEN),
        ("2024-03-11T20:59", "2024-03-11", Phase.OPEN),
        ("2024-03-11T21:30", "2024-03-11", Phase.CLOSED),  # the daily break
        ("2024-03-11T22:00", "2024-03-12", Phase.OPEN),
        ("2024-03-04T22:59", "2024-03-04", Phase.CLOSED),  # winter time
        ("2024-03-08T23:00", "2024-03-11", Phase.CLOSED),  # Friday evening
        ("2024-11-28T15:00", "2024-11-29", Phase.OPEN),  # Thanksgiving is no trade date
        ("2024-11-28T18:00", "2024-11-29", Phase.PAUSED),
        ("2024-11-29T18:14", "2024-11-29", Phase.OPEN),
        ("2024-11-29T18:15", "2024-11-29", Phase.CLOSED),
        ("2024-12-24T18:15", "2024-12-24", Phase.CLOSED),
        ("2024-12-25T23:00", "2024-12-26", Phase.OPEN),
        ("2025-01-01T15:00", "2025-01-02", Phase.CLOSED),
        ("2025-01-09T14:29", "2025-01-09", Phase.OPEN),  # mourning: until 8:30
        ("2025-01-09T14:30", "2025-01-09", Phase.CLOSED),
        ("2024-03-29T12:00", "2024-04-01", Phase.CLOSED),  # Good Friday
        ("2023-04-07T13:14", "2023-04-07", Phase.OPEN),  # with the employment report
        ("2023-04-07T13:15", "2023-04-07", Phase.CLOSED),
        ("2021-06-25T20:20", "2021-06-25", Phase.PAUSED),  # the pause of old
        ("2021-06-28T20:20", "2021-06-28", Phase.OPEN),
    ],
)
def test_rule_13_the_cme_trades_as_published(at, day, state):
    around = date.fromisoformat(at[:10])
    begin, end = around - timedelta(days=3), around + timedelta(days=3)
    schedule = of(listed("CME", "future"), str(begin), str(end))

    assert str(schedule.trade_date_at(ns(at))) == day
    assert schedule.state_at(ns(at)) == state


def test_an_index_future_has_regular_hours_within_its_day():
    schedule = of(es(), "2024-11-26", "2024-12-03")

    assert regular(schedule, "2024-11-27") == ("27 14:30", "27 21:00")
    assert regular(schedule, "2024-11-29") == ("29 14:30", "29 18:15")
    assert schedule.state_at(ns("2024-11-27T21:30")) == Phase.EXTENDED
    assert schedule.state_at(ns("2024-11-28T15:00")) == Phase.EXTENDED


@pytest.mark.parametrize(
    ("at", "day", "state"),
    [
        ("2024-03-07T21:59", "2024-03-07", Phase.OPEN),
        ("2024-03-07T22:00", "2024-03-08", Phase.OPEN),
        ("2024-03-08T22:00", "2024-03-11", Phase.CLOSED),  # Friday 17:00 in New York
        ("2024-03-10T20:59", "2024-03-11", Phase.CLOSED),
        ("2024-03-10T21:00", "2024-03-11", Phase.OPEN),  # summer time
    ],
)
def test_rule_13_fx_rolls_at_seventeen_in_new_york(at, day, state):
    schedule = of(listed("FX", "fx_spot"), "2024-03-06", "2024-03-13")

    assert str(schedule.trade_date_at(ns(at))) == day
    assert schedule.state_at(ns(at)) == state


def test_rule_13_coins_trade_always_by_the_day_of_utc():
    schedule = of(listed(None, "crypto_spot"), "2024-03-06", "2024-03-13")

    assert set(schedule.rows["state"].tolist()) == {Phase.OPEN}
    assert str(schedule.trade_date_at(ns("2024-03-09T23:59"))) == "2024-03-09"
    assert str(schedule.trade_date_at(ns("2024-03-10T00:00"))) == "2024-03-10"


def test_a_lunch_break_is_a_pause_of_the_day():
    schedule = of(listed("JPX"), "2024-03-07", "2024-03-09")

    assert schedule.state_at(ns("2024-03-08T02:30")) == Phase.PAUSED
    assert schedule.state_at(ns("2024-03-08T03:30")) == Phase.OPEN


@pytest.mark.parametrize(
    ("calendar", "until"),
    [("NYSE", (0, 600)), ("XNAS", (120, 300)), ("CME", (0, 0)), (None, (0, 0))],
)
def test_rule_25_cut_offs_are_the_calendars(calendar, until):
    cutoffs = of(listed(calendar), "2024-03-06", "2024-03-07").cutoffs
    found = cutoffs.market_open // 10**9, cutoffs.market_close // 10**9

    assert found == until


def test_nasdaq_takes_limits_later_than_market_orders():
    cutoffs = of(listed("NASDAQ"), "2024-03-06", "2024-03-07").cutoffs

    assert cutoffs.limit_open == 30 * 10**9
    assert cutoffs.limit_close == 120 * 10**9


def test_own_days_are_closed_or_short():
    exceptions = {date(2024, 3, 7): None, date(2024, 3, 8): time(12)}
    instrument = listed("WEEKDAYS", regular_hours=Hours.parse("09:00-17:30"))
    begin, end = ns("2024-03-05"), ns("2024-03-09")
    schedule = schedule_of(instrument, begin, end, exceptions=exceptions)

    assert regular(schedule, "2024-03-06") == ("06 09:00", "06 17:30")
    assert regular(schedule, "2024-03-07") is None
    assert regular(schedule, "2024-03-08") == ("08 09:00", "08 12:00")
    assert str(schedule.trade_date_at(ns("2024-03-07T10:00"))) == "2024-03-08"


def test_rule_8_trading_ends_with_the_last_day():
    contract = listed("CME", "future", expiry=date(2024, 3, 15))
    assert last_trading(contract) == ns("2024-03-15T21:00")

    on_a_holiday = listed("CME", "future", expiry=date(2024, 3, 29))
    assert last_trading(on_a_holiday) == ns("2024-03-28T21:00")
    assert last_trading(listed("CME", "future")) == 0


def test_first_notice_begins_with_its_trade_date():
    contract = listed("NYMEX", "future", first_notice=date(2024, 3, 4))

    assert first_notice(contract) == ns("2024-03-01T23:00")
    assert first_notice(listed("NYMEX", "future")) == 0


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("xnys", "NYSE"),
        ("CMES", "CME Globex Equity"),
        ("24/7", "24/7"),
        ("forex", "FX"),
        ("XLON", "XLON"),
    ],
)
def test_calendars_have_several_names(name, found):
    assert calendar_name(name) == found


def test_an_unknown_calendar_is_told_with_the_nearest():
    with pytest.raises(CalendarError, match="'NYZE'; the nearest is 'NYSE'"):
        calendar_name("NYZE")


def test_a_year_that_cannot_be_known_is_refused():
    with pytest.raises(CalendarError, match="from 1990 to 2100"):
        of(listed("NYSE"), "1980-01-05", "1980-01-09")


def test_a_year_is_kept_and_read_again(tmp_path):
    instrument, span = listed("SIX"), (ns("2024-03-05"), ns("2024-03-09"))
    made = schedule_of(instrument, *span, tmp_path).rows
    (file,) = tmp_path.iterdir()

    from app import exchange_days

    exchange_days._year.cache_clear()
    assert np.array_equal(schedule_of(instrument, *span, tmp_path).rows, made)

    file.write_bytes(b"damaged")
    exchange_days._year.cache_clear()
    assert np.array_equal(schedule_of(instrument, *span, tmp_path).rows, made)


def test_phases_are_the_engines_states():
    names = {"PAUSED": "HALTED"}

    assert {names.get(each.name, each.name): int(each) for each in Phase} == {
        each.name: int(each)
        for each in (
            SessionState.OPEN,
            SessionState.CLOSED,
            SessionState.HALTED,
            SessionState.EXTENDED,
        )
    }


CALENDARS = ["NYSE", "CME", "NYMEX", "FX", "24/5", "24/7", "JPX", "LSE", None]


@given(st.sampled_from(CALENDARS), st.integers(0, 5000), st.integers(1, 400))
def test_rule_13_what_holds_of_every_schedule(calendar, first, length):
    begin = ns("2012-01-03") + first * 86_400 * 10**9
    end = begin + length * 86_400 * 10**9
    schedule = schedule_of(listed(calendar), begin, end, calendar_folder())
    rows = schedule.rows

    assert rows[0]["ts"] <= begin
    assert rows[-1]["ts"] >= end - 5 * 86_400 * 10**9
    assert np.all(np.diff(rows["ts"]) > 0)
    assert np.all(np.diff(rows["trade_date"]) >= 0)
    for before, after in itertools.pairwise(rows):
        changes = before["state"] != after["state"]
        assert changes or before["trade_date"] != after["trade_date"]
    begins = rows[rows["flags"] & SessionFlag.DAY_BEGINS != 0]
    assert np.all(np.diff(begins["trade_date"]) > 0)
    ends = rows[rows["flags"] & SessionFlag.DAY_ENDS != 0]
    assert abs(len(begins) - len(ends)) <= 1
    for row in rows:
        if row["state"] == Phase.OPEN:
            assert row["regular_open"] <= row["ts"] < row["regular_close"]
