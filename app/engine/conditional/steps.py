"""What is to happen, in order, until the venue has done it.

A venue performs steps after each event, until there is none; what a step causes (a
fill, an end) may line up more. A step whose order has ended meanwhile is left out.
"""

from app.engine.arena import Section, give, take
from app.engine.bits import integer
from app.engine.compile import inlined, kernel, rare
from app.engine.conditional.state import (
    Step,
    condition,
    condition_steps,
    conditional,
)
from app.engine.rare import out_of_line
from app.engine.records import Reason


@rare
def line_up(arena: int, index: int, step: int, reason: int) -> None:
    """Append a step for the order of a condition, unless it waits there already."""
    out_of_line()
    row = condition(arena, index)
    bit = integer(1) << step
    if integer(row["lined_up"]) & bit:
        return
    row["lined_up"] = integer(row["lined_up"]) | bit
    here = take(arena, Section.CONDITION_STEPS)
    every, state = condition_steps(arena), conditional(arena)
    every[here]["next"], every[here]["step"] = 0, step
    every[here]["condition"], every[here]["number"] = index, row["number"]
    every[here]["reason"] = reason
    if state["last_step"]:
        every[state["last_step"]]["next"] = here
    else:
        state["first_step"] = here
    state["last_step"] = here


@inlined
def has_steps(arena: int) -> bool:
    """Whether anything is to be done."""
    return conditional(arena)["first_step"] != 0


@rare
def next_step(arena: int) -> tuple[int, int, int]:
    """Take the next step out.

    Returns
    -------
    (int, int, int)
        Step (NONE: there is no more), condition, records.Reason.
    """
    out_of_line()
    every, state = condition_steps(arena), conditional(arena)
    while state["first_step"]:
        here = integer(state["first_step"])
        row = every[here]
        state["first_step"] = row["next"]
        if row["next"] == 0:
            state["last_step"] = 0
        step, index = integer(row["step"]), integer(row["condition"])
        reason = integer(row["reason"])
        owner = condition(arena, index)
        lives = owner["number"] == row["number"]
        give(arena, Section.CONDITION_STEPS, here)
        if lives:
            owner["lined_up"] = integer(owner["lined_up"]) & ~(integer(1) << step)
            return step, index, reason
    return integer(Step.NONE), integer(0), integer(Reason.NONE)


@kernel
def is_to_change(arena: int, index: int) -> bool:
    """Whether a CANCEL or RESIZE of a condition's order is lined up."""
    lined_up = integer(condition(arena, index)["lined_up"])
    return ((lined_up >> Step.CANCEL) | (lined_up >> Step.RESIZE)) & 1 != 0


@rare
def next_change(arena: int) -> tuple[int, int, int]:
    """Take out the next CANCEL or RESIZE, past what is lined up before it.

    A venue that fills several orders in one event performs these after each fill, so
    that nobody is filled beyond what the group has left. Returns as `next_step`.
    """
    out_of_line()
    every, state = condition_steps(arena), conditional(arena)
    before, here = integer(0), integer(state["first_step"])
    while here:
        row = every[here]
        step, index = integer(row["step"]), integer(row["condition"])
        following = integer(row["next"])
        if step == Step.CANCEL or step == Step.RESIZE:
            if before:
                every[before]["next"] = following
            else:
                state["first_step"] = following
            if following == 0:
                state["last_step"] = before
            reason = integer(row["reason"])
            owner = condition(arena, index)
            lives = owner["number"] == row["number"]
            give(arena, Section.CONDITION_STEPS, here)
            if lives:
                owner["lined_up"] = integer(owner["lined_up"]) & ~(integer(1) << step)
                return step, index, reason
        else:
            before = here
        here = following
    return integer(Step.NONE), integer(0), integer(Reason.NONE)
