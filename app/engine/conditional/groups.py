"""OCO groups and brackets: what a fill, a change or an end means to the other members.

SEMANTICS 28, 29 and their readings in section 10. A bracket's exits are sized to what
of its entry is filled and grow with it; a partial fill of an exit takes as much off the
others; exits of a group hold the same leaves. The first fill of an OCO entry cancels
the other entries, those of linked groups (`app.engine.group_numbers`) too: an OCO may
have brackets as members. What is sent together arrives apart: the newest OCOs are
remembered after their first fill, and a venue cancels an entry that comes after it
(`comes_late`). A bracket's exits are sent before its entry; one that finds the entry
part filled begins with what is open of it.
"""

from app.engine.arena import Section, give, take
from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.queues import stop_waiting
from app.engine.conditional.state import (
    FILLED_KEPT,
    Step,
    Wait,
    condition,
    condition_groups,
    conditional,
    find_group,
    give_condition,
    is_exit_role,
    link_group,
    unlink_group,
)
from app.engine.conditional.steps import line_up
from app.engine.group_numbers import LINKED, MEMBERS, alternatives, first_linked
from app.engine.rare import out_of_line
from app.engine.records import GroupRole, Reason

_ACCOUNT_SHIFT = 32
_NUMBER_BITS = (1 << _ACCOUNT_SHIFT) - 1


@kernel
def _is_bracket_exit(role: int) -> bool:
    return role == GroupRole.BRACKET_TARGET or role == GroupRole.BRACKET_STOP


@rare
def join_group(arena: int, index: int, account: int, role: int) -> bool:
    """Put an order into its group (`group_number`), made if need be; False = no room.

    A bracket's exit gets its `leaves` here: 0 before the entry's first fill.
    """
    out_of_line()
    row = condition(arena, index)
    key = (account << _ACCOUNT_SHIFT) + integer(row["group_number"])
    group = find_group(arena, key)
    if group == 0:
        group = take(arena, Section.CONDITION_GROUPS)
        if group == 0:
            return False
        made = condition_groups(arena)[group]
        made["key"], made["first"], made["entry"], made["open"] = key, 0, 0, 0
        link_group(arena, group)
    every = condition_groups(arena)[group]
    row["group"], row["role"] = group, role
    row["next_member"] = every["first"]
    every["first"] = index
    if role == GroupRole.BRACKET_ENTRY:
        every["entry"] = index
    elif _is_bracket_exit(role):
        row["leaves"] = every["open"]
    return True


@rare
def _leave_group(arena: int, index: int) -> None:
    out_of_line()
    row = condition(arena, index)
    group = integer(row["group"])
    every = condition_groups(arena)[group]
    if every["first"] == index:
        every["first"] = row["next_member"]
    else:
        before = integer(every["first"])
        while condition(arena, before)["next_member"] != index:
            before = integer(condition(arena, before)["next_member"])
        condition(arena, before)["next_member"] = row["next_member"]
    row["group"] = 0
    if every["first"] == 0:
        unlink_group(arena, group)
        give(arena, Section.CONDITION_GROUPS, group)


@rare
def _resize_exits(arena: int, group: int, without: int, change: int) -> None:
    """Change the leaves of a group's exits but one, and line up what that means."""
    out_of_line()
    every = condition_groups(arena)[group]
    reason = integer(Reason.GROUP)
    index = integer(every["first"])
    while index:
        row = condition(arena, index)
        if index != without and is_exit_role(integer(row["role"])):
            row["leaves"] = max(row["leaves"] + change, 0)
            waits = row["wait"] == Wait.ENTRY
            if row["leaves"] == 0 and every["entry"] == 0:
                line_up(arena, index, integer(Step.CANCEL), reason)
            elif waits and row["leaves"]:
                line_up(arena, index, integer(Step.ACTIVATE), reason)
            else:
                line_up(arena, index, integer(Step.RESIZE), reason)
        index = integer(row["next_member"])


@kernel
def _cancel_entries_of(arena: int, group: int, without: int) -> None:
    every = condition_groups(arena)[group]
    has_linked = every["key"] & LINKED != 0
    index = integer(every["first"])
    while index:
        row = condition(arena, index)
        is_bracket = has_linked and row["role"] == GroupRole.BRACKET_ENTRY
        is_entry = is_bracket or row["role"] == GroupRole.OCO_ENTRY
        if index != without and is_entry:
            line_up(arena, index, integer(Step.CANCEL), integer(Reason.GROUP))
        index = integer(row["next_member"])


@rare
def _cancel_entries(arena: int, group: int, without: int) -> None:
    """Line up the cancels of an OCO's other entries."""
    out_of_line()
    key = integer(condition_groups(arena)[group]["key"])
    if not key & LINKED:
        _cancel_entries_of(arena, group, without)
        return
    first = first_linked(key)
    for number in range(first, first + MEMBERS):
        linked = find_group(arena, number)
        if linked:
            _cancel_entries_of(arena, linked, without)


@kernel
def _was_filled(arena: int, key: int) -> bool:
    """Whether an entry of an OCO was filled; `key` is the account and its number."""
    state = conditional(arena)
    for place in range(min(state["filled_groups"], FILLED_KEPT)):
        if state["filled"][place] == key:
            return True
    return False


@rare
def _first_fill(arena: int, group: int, role: int) -> None:
    """Remember that an entry of an OCO was filled."""
    out_of_line()
    key = integer(condition_groups(arena)[group]["key"])
    shared = alternatives(role, key & _NUMBER_BITS)
    key = key - (key & _NUMBER_BITS) + shared
    if not _was_filled(arena, key):
        state = conditional(arena)
        state["filled"][state["filled_groups"] % FILLED_KEPT] = key
        state["filled_groups"] += 1


@rare
def comes_late(arena: int, account: int, role: int, number: int) -> bool:
    """Whether an entry arrives after the first fill of another of its OCO (29).

    Parameters
    ----------
    role : int
        GroupRole.
    number : int
        Of the group, as its owner says. Owners do not use one again.
    """
    out_of_line()
    shared = alternatives(role, number)
    return shared != 0 and _was_filled(arena, (account << _ACCOUNT_SHIFT) + shared)


@rare
def note_fill(arena: int, index: int, quantity: int) -> None:
    """Let a fill of an order, quantity units, act on its group."""
    out_of_line()
    row = condition(arena, index)
    row["leaves"] -= quantity
    group, role = integer(row["group"]), integer(row["role"])
    if group == 0:
        return
    every = condition_groups(arena)[group]
    if role == GroupRole.BRACKET_ENTRY:
        every["open"] += quantity
        _resize_exits(arena, group, index, quantity)
        if every["key"] & LINKED:
            _first_fill(arena, group, role)
            _cancel_entries(arena, group, index)
    elif role == GroupRole.OCO_ENTRY:
        _first_fill(arena, group, role)
        _cancel_entries(arena, group, index)
    elif is_exit_role(role):
        every["open"] = max(every["open"] - quantity, 0)
        _resize_exits(arena, group, index, -quantity)


@rare
def note_resize(arena: int, index: int, leaves: int) -> None:
    """Let a change of what is open of an order act on its group: exits stay equal."""
    out_of_line()
    row = condition(arena, index)
    group = integer(row["group"])
    row["leaves"] = leaves
    if group == 0 or not is_exit_role(integer(row["role"])):
        return
    condition_groups(arena)[group]["open"] = leaves
    member = integer(condition_groups(arena)[group]["first"])
    while member:
        mate = condition(arena, member)
        works = is_exit_role(integer(mate["role"])) and mate["wait"] != Wait.ENTRY
        if works and member != index and mate["leaves"] != leaves:
            mate["leaves"] = leaves
            line_up(arena, member, integer(Step.RESIZE), integer(Reason.GROUP))
        member = integer(mate["next_member"])


@kernel
def awaits_entry(arena: int, index: int) -> bool:
    """Whether a bracket's exit with nothing open may grow again: its entry works."""
    row = condition(arena, index)
    group = integer(row["group"])
    if group == 0 or not _is_bracket_exit(integer(row["role"])):
        return False
    return condition_groups(arena)[group]["entry"] != 0


@rare
def await_entry(arena: int, index: int) -> None:
    """Let a bracket's exit wait, off the book, for (more of) its entry to be filled."""
    out_of_line()
    stop_waiting(arena, index)
    condition(arena, index)["wait"] = Wait.ENTRY


@rare
def _entry_ended(arena: int, group: int) -> None:
    """Line up the ends of exits with nothing to close: no more will be filled."""
    out_of_line()
    index = integer(condition_groups(arena)[group]["first"])
    while index:
        row = condition(arena, index)
        if is_exit_role(integer(row["role"])) and row["leaves"] == 0:
            line_up(arena, index, integer(Step.CANCEL), integer(Reason.GROUP))
        index = integer(row["next_member"])


@rare
def entry_refused(arena: int, account: int, number: int) -> None:
    """Line up the ends of a bracket's exits whose entry the venue has refused."""
    out_of_line()
    group = find_group(arena, (account << _ACCOUNT_SHIFT) + number)
    if group and condition_groups(arena)[group]["entry"] == 0:
        _entry_ended(arena, group)


@rare
def end_condition(arena: int, index: int) -> None:
    """Forget a condition whose order has ended, however; the group learns of it."""
    out_of_line()
    row = condition(arena, index)
    stop_waiting(arena, index)
    group = integer(row["group"])
    if group:
        if condition_groups(arena)[group]["entry"] == index:
            condition_groups(arena)[group]["entry"] = 0
            _entry_ended(arena, group)
        _leave_group(arena, index)
    give_condition(arena, index)
