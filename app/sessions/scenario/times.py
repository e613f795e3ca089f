"""Times of a scenario: integers, or ISO 8601 where a calendar matters."""

from datetime import UTC, datetime
from typing import Final

EPOCH: Final = 1_709_650_800_000_000_000
"""Tuesday 5 March 2024, 15:00 UTC, ns: 10:00 in New York, 9:00 in Chicago.

Integer times are nanoseconds after this, an instant inside everyone's regular hours.
"""


def nanoseconds(time: int | str) -> int:
    """Turn a scenario's time into nanoseconds since 1970 UTC."""
    if isinstance(time, int):
        return EPOCH + time
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 10**9 + moment.microsecond * 1000
