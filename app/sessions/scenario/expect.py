"""What was expected against what is seen, key by key.

Each key of `expect` has one comparer in `_COMPARERS`; a key that has none is a
difference of its own, never passed over.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.sessions.scenario.expect_handlers import HANDLER_COMPARERS
from app.sessions.scenario.expect_orders import ORDER_COMPARERS
from app.sessions.scenario.expect_state import STATE_COMPARERS
from app.sessions.scenario.expect_time import TIME_COMPARERS
from app.sessions.scenario.seen import Comparer, Difference, Found, Seen


def differences(expected: Mapping[str, Any], seen: Seen) -> Found:
    """Compare everything that is expected."""
    for key, value in expected.items():
        if key == "at":
            continue
        comparer = _COMPARERS.get(key)
        if comparer is None:
            yield Difference(key, value, "unknown key")
        else:
            yield from comparer(value, seen)


_COMPARERS: Final[Mapping[str, Comparer]] = {
    **ORDER_COMPARERS,
    **STATE_COMPARERS,
    **HANDLER_COMPARERS,
    **TIME_COMPARERS,
}
