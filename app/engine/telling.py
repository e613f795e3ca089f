"""What every report of the engine goes through, wherever it is written to."""

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.memory import view
from app.engine.records import REPORT, EventKind, ReportType
from app.engine.state import MAX_STRATEGIES, engine
from app.engine.strategy import Handler, call_handler, has_handler, strategies


@kernel
def number_report(arena: int, address: int) -> None:
    """Number a REPORT and count what it tells."""
    report = view(address, 1, REPORT)[0]
    session = engine(arena)[0]
    session["reports"] += 1
    report["kind"] = EventKind.REPORT
    report["sequence"] = session["reports"]
    kind = integer(report["report"])
    rejected = (
        kind == ReportType.REJECTED
        or kind == ReportType.CANCEL_REJECTED
        or kind == ReportType.REPLACE_REJECTED
    )
    if rejected:
        session["rejects"] += 1
    if kind == ReportType.FILL:
        session["fills"] += 1


@kernel
def tell_owner(arena: int, links: int, address: int) -> None:
    """Call the handlers of the strategy whose order a REPORT is about."""
    report = view(address, 1, REPORT)[0]
    strategy, kind = integer(report["strategy"]), integer(report["report"])
    if 0 < strategy < MAX_STRATEGIES and kind < ReportType.STATE:
        record = strategies(arena)[strategy]
        if kind == ReportType.FILL and has_handler(record, Handler.ON_FILL):
            call_handler(arena, links, strategy, Handler.ON_FILL, address)
        if has_handler(record, Handler.ON_ORDER):
            call_handler(arena, links, strategy, Handler.ON_ORDER, address)
