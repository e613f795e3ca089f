"""What is wrong with what a strategy asked for, by the rule and the value.

Compiled, a call of `ctx` answers with a number that only says that it raised. Where a
handler runs as Python, and a compiled one that failed is run once more so, the
arguments are there and are held to the rules again.
"""

import functools
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from app.engine import strategy_context
from app.engine.records import TimeInForce
from app.engine.strategy_state import known

_LARGE: Final = 1e9
"""What no market has; only such numbers can be too large for their units."""
_REFUSED: Final = "no such instrument, "
"""How the words of a call that raised begin, whatever the rule was."""
REQUESTS: Final = frozenset(strategy_context.__all__) - {
    *("now", "equity", "cash", "random", "normal")
}
"""What of `ctx` is called, with arguments."""
_MEMBERS: Final = "abcdef"
"""Orders of an OCO, which go by place."""
_MOST_SHARE: Final = 100.0


def telling(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of `ctx` that says what was wrong with its arguments.

    Parameters
    ----------
    name : str
        As handlers call it.
    function : callable
        Of `strategy_context`, of the context and these arguments.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except (ValueError, IndexError) as error:
            bound = signature.bind(*given, **named)
            ctx = bound.arguments.pop("ctx")
            told = str(error)
            if told.startswith(_REFUSED):
                told = _fault(ctx, name, bound.arguments)
            values = ", ".join(_values(signature, bound.arguments))
            raise type(error)(f"ctx.{name}({values}): {told}") from error

    return called


def _values(signature: inspect.Signature, given: Mapping[str, Any]) -> Iterator[str]:
    """Arguments as they are written; a term by its name, and no default."""
    for key, value in given.items():
        default = signature.parameters[key].default
        if default is inspect.Parameter.empty:
            yield repr(value)
        elif value != default:
            yield repr(value) if key in _MEMBERS else f"{key}={value!r}"


def _fault(ctx: Any, name: str, given: Mapping[str, Any]) -> str:
    """The first rule that the arguments break, and the value."""
    number = given.get("instrument", -1)
    rules = (
        _instrument(ctx, number) if "instrument" in given else "",
        _numbers(name, given),
        _terms(given),
        _members() if name == "oco" else "",
        _large(given),
    )
    return next((each for each in rules if each), "too many requests in one event")


def _instrument(ctx: Any, number: int) -> str:
    try:
        known(ctx, number)
    except IndexError:
        return f"instrument must be a number of this session's, was {number}"
    return ""


def _numbers(name: str, given: Mapping[str, Any]) -> str:
    for key, value in given.items():
        may_be_none = name == "quote" and key in ("bid", "ask") and math.isnan(value)
        if not math.isfinite(value) and not may_be_none:
            return f"{key} must be a finite number, was {value!r}"
    if name == "trailing_stop" and given["distance"] <= 0.0:
        return f"distance must be positive, was {given['distance']!r}"
    if name == "target_share" and abs(given["share"]) > _MOST_SHARE:
        return f"share must lie in [-100, 100], was {given['share']!r}"
    return ""


def _terms(given: Mapping[str, Any]) -> str:
    force, until = given.get("tif", TimeInForce.GTC), given.get("until", 0)
    offered = {int(each): each.name for each in TimeInForce}
    if force not in offered:
        return f"tif must be one of {', '.join(offered.values())}, was {force!r}"
    if until and force not in (TimeInForce.GTC, TimeInForce.GTD):
        return f"until goes with no other tif, was tif={offered[force]}"
    if force == TimeInForce.GTD and not until:
        return "tif=GTD needs until"
    return ""


def _members() -> str:
    return (
        "takes orders that the same call of the handler has just made, each in no "
        "other group, all of them entries, or all reduce_only and of one instrument, "
        "side and quantity"
    )


def _large(given: Mapping[str, Any]) -> str:
    for key, value in given.items():
        if isinstance(value, float) and abs(value) > _LARGE:
            return f"{key} is more than the instrument's units can count, was {value!r}"
    return ""
