"""Which of the engine's reasons a scenario's hint may mean.

Hints are words of whoever wrote the scenario: ``post_only``, "would cross",
``max_position``. A hint names a Reason, or a word of it stands in the table below; one
that says nothing to us is not asserted.
"""

import re
from typing import Final

from app.engine.records import Reason

_WORDS: Final[tuple[tuple[str, tuple[Reason, ...]], ...]] = (
    (r"post.?only|would.?cross", (Reason.POST_ONLY_WOULD_CROSS,)),
    (r"fok|fill.?or.?kill|not.?fillable", (Reason.FOK_NOT_FILLABLE,)),
    (r"ioc|immediate", (Reason.IOC_REMAINDER,)),
    (r"self.?(match|trade)", (Reason.SELF_MATCH,)),
    (r"tick|off.?step", (Reason.OFF_TICK, Reason.BAD_QUANTITY)),
    (r"(no|empty).*(opposite|liquidity|side|book)", (Reason.NO_OPPOSITE_SIDE,)),
    (r"stop.*through|through.*market", (Reason.STOP_THROUGH_MARKET,)),
    (r"not.?reduc|reduce.?only|would.?(increase|open)", (Reason.NOT_REDUCING,)),
    (r"flat", (Reason.NOT_REDUCING, Reason.KILLED)),
    (r"halt", (Reason.HALTED,)),
    (r"closed|hours|session", (Reason.CLOSED, Reason.SESSION_HOURS)),
    (r"expir", (Reason.EXPIRED, Reason.MARKET_CLOSED_CUTOFF)),
    (r"cut.?off", (Reason.MARKET_CLOSED_CUTOFF,)),
    (r"oco|group|bracket", (Reason.GROUP,)),
    (r"order.?size", (Reason.MAX_ORDER_SIZE, Reason.QUANTITY_TOO_LARGE)),
    (r"order.?value", (Reason.MAX_ORDER_VALUE, Reason.VALUE_TOO_SMALL)),
    (r"min.*value|notional", (Reason.VALUE_TOO_SMALL, Reason.MAX_ORDER_VALUE)),
    (r"order.?min|too.?small|minimum", (Reason.QUANTITY_TOO_SMALL,)),
    (r"order.?max|too.?large|maximum", (Reason.QUANTITY_TOO_LARGE,)),
    (r"order.?step|quantity.?step|off.?lot", (Reason.BAD_QUANTITY,)),
    (r"position", (Reason.MAX_POSITION_SIZE,)),
    (r"symbol", (Reason.MAX_SYMBOL_EXPOSURE,)),
    (r"gross", (Reason.MAX_GROSS_EXPOSURE,)),
    (r"exposure", (Reason.MAX_SYMBOL_EXPOSURE, Reason.MAX_GROSS_EXPOSURE)),
    (r"loss", (Reason.MAX_DAILY_LOSS, Reason.LOSS_LIMIT, Reason.STATE_REDUCE)),
    (r"drawdown", (Reason.MAX_DRAWDOWN,)),
    (r"collar", (Reason.PRICE_COLLAR,)),
    (r"rate|throttle", (Reason.MESSAGE_RATE, Reason.NO_CONVERSION_RATE)),
    (r"conver|currency", (Reason.NO_CONVERSION_RATE,)),
    (r"duplicate", (Reason.DUPLICATE, Reason.DUPLICATE_ORDER_ID)),
    (r"short|borrow|locate", (Reason.SHORT_SALE,)),
    (r"stale|gap", (Reason.STALE_BOOK,)),
    (r"view", (Reason.STATE_VIEW,)),
    (r"kill", (Reason.STATE_KILLED, Reason.KILLED)),
    (r"reduce", (Reason.STATE_REDUCE, Reason.NOT_REDUCING)),
    (r"strategy.*rais", (Reason.STRATEGY_RAISED, Reason.STRATEGY_STOPPED)),
    (
        r"strategy",
        (Reason.STRATEGY_STOPPED, Reason.STRATEGY_RAISED, Reason.STRATEGY),
    ),
    (r"user|asked", (Reason.USER,)),
    (r"unknown|ended|too.?late", (Reason.UNKNOWN_ORDER, Reason.ORDER_ENDED)),
    (r"unsupported|not.?offered|capab", (Reason.UNSUPPORTED,)),
    (r"price", (Reason.OFF_TICK, Reason.BAD_PRICE, Reason.PRICE_COLLAR)),
)


def reasons_of(hint: str) -> frozenset[Reason]:
    """Reasons that a hint may mean; none where it says nothing to us."""
    plain = hint.strip().lower().replace("-", "_").replace(" ", "_")
    if plain.upper() in Reason.__members__:
        return frozenset((Reason[plain.upper()],))
    found: set[Reason] = set()
    for pattern, reasons in _WORDS:
        if re.search(pattern, plain):
            found.update(reasons)
    return frozenset(found)
