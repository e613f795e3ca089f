"""Numbers of groups of orders, and which of them belong together.

Owners number their groups from 1. From `LINKED` on, sixteen numbers in a row, which
differ in their last four bits, are linked: the first fill of an entry in one of them
cancels the other entries in all (SEMANTICS 29). So brackets can be members of an OCO,
each a group with exits of its own, and neither orders nor reports need a field for it.
"""

from typing import Final

from app.engine.compile import kernel
from app.engine.records import GroupRole

LINKED: Final = 1 << 30
MEMBERS: Final = 16
"""Groups that can be linked with one another."""


@kernel
def first_linked(number: int) -> int:
    """Return the least number of the linked groups with this one; 0: it is alone."""
    return number - number % MEMBERS if number & LINKED else 0


@kernel
def alternatives(role: int, group: int) -> int:
    """Return a number that entries share of which one at most is to be filled; 0: none.

    Parameters
    ----------
    role : int
        GroupRole.
    group : int
        Number of the group.
    """
    linked = first_linked(group)
    if role == GroupRole.BRACKET_ENTRY or role == GroupRole.OCO_ENTRY:
        return linked or (group if role == GroupRole.OCO_ENTRY else 0)
    return 0
