"""The system's clocks."""

from datetime import UTC, datetime

from app.clock import SystemClock, utc


def test_monotonic_time_never_steps_back():
    clock = SystemClock()
    readings = [clock.monotonic_ns() for _ in range(1000)]

    assert readings == sorted(readings)


def test_wall_time_is_nanoseconds_since_1970():
    before = datetime.now(UTC).timestamp()
    read = SystemClock().wall_ns() / 1e9
    after = datetime.now(UTC).timestamp()

    assert before - 1 <= read <= after + 1


def test_nanoseconds_become_a_date_exact_to_the_microsecond():
    assert utc(1_340_285_400_123_456_789) == datetime(
        2012, 6, 21, 13, 30, 0, 123456, tzinfo=UTC
    )
