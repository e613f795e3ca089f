"""The command `ringside backtest`."""

import argparse
import math
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.data.catalog import Catalog
from app.errors import RequestError, RunError
from app.sessions.backtest.progress import (
    compile_teller,
    interruptible,
    tell_build,
)
from app.sessions.backtest.request import BacktestRequest, load_request
from app.strategies.compiling import watched
from app.whole_files import attempting

if TYPE_CHECKING:
    from app.sessions.backtest.result import Result

    # argparse gives the type of its sub-commands no public name.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

_SHOWN = (
    ("final_equity", "final equity", "{:,.2f}"),
    ("total_return", "return", "{:+.2%}"),
    ("annual_return", "return a year", "{:+.2%}"),
    ("volatility", "volatility a year", "{:.2%}"),
    ("sharpe", "Sharpe", "{:.2f}"),
    ("sortino", "Sortino", "{:.2f}"),
    ("max_drawdown", "largest drawdown", "{:.2%}"),
    ("trades", "trades", "{:,}"),
    ("win_rate", "winners", "{:.1%}"),
    ("profit_factor", "profit factor", "{:.2f}"),
    ("fees", "fees", "{:,.2f}"),
    ("rejects", "orders refused", "{:,}"),
)


def add_backtest_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside backtest``."""
    parser = subparsers.add_parser(
        "backtest",
        help="run a strategy over recorded data",
        description="Run a request (JSON or TOML, see docs/backtest.md).",
    )
    parser.add_argument("request", type=Path, metavar="REQUEST")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another value of a strategy's parameter; ID.NAME for one of several",
    )
    parser.add_argument(
        "--interpreted", action="store_true", help="run strategies as Python"
    )
    parser.add_argument("--catalog", type=Path, metavar="FOLDER", help="other data")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report")
    parser.add_argument(
        "--no-store", action="store_true", help="do not keep the run (ringside runs)"
    )
    parser.set_defaults(func=run_backtest_command)


def run_backtest_command(parsed: argparse.Namespace) -> int:
    """Run a request and tell what came of it; 1 if a strategy was stopped."""
    request = with_values(load_request(parsed.request), parsed.set)
    catalog = Catalog(parsed.catalog or parsed.settings.paths.data)
    # The engine's units are loaded with it: not before a request that stands.
    from app.engine.build import build
    from app.sessions.backtest.composing import UNITS
    from app.sessions.backtest.result import Result
    from app.sessions.backtest.run import Backtest

    folders = [parsed.settings.paths.strategies]
    build(tell_build, UNITS)
    with watched(compile_teller()):
        backtest = Backtest(request, catalog, folders, interpreted=parsed.interpreted)
    with interruptible(backtest.cancel) as asked:
        outcomes = backtest.run()
    if asked.is_set():
        print("nothing of the run is kept", file=sys.stderr)
        raise KeyboardInterrupt
    result = Result(outcomes)
    print("\n".join(lines(result)))
    _keep(parsed, result)
    return 1 if any(e.failure for e in result.outcomes.strategies.values()) else 0


def _keep(parsed: argparse.Namespace, result: "Result") -> None:
    """Store a run and write its files: each of them, though another cannot be.

    Raises
    ------
    RunError
        If some could not be, with the reasons.
    """
    run, faults = result.data, list[str]()
    if not parsed.no_store:
        from app.sessions.backtest.store import RunStore

        root = parsed.settings.paths.runs
        with attempting(faults):
            run_id = RunStore(root).save(run)
            print(f"kept as {run_id}; ringside runs show {run_id}")
            if root.is_relative_to(tempfile.gettempdir()):
                print(f"it is in {root}, which the system may clear (paths.runs)")
            run = replace(run, card={**run.card, "run_id": run_id})
    if parsed.json is not None:
        with attempting(faults):
            result.write_json(parsed.json)
    if parsed.html is not None:
        from app.analytics.report import report_of
        from app.analytics.report.page import write_page

        with attempting(faults):
            write_page(report_of(run), parsed.html)
    if faults:
        raise RunError("; ".join(faults))


def with_values(request: BacktestRequest, given: list[str]) -> BacktestRequest:
    """Put ``NAME=VALUE`` or ``ID.NAME=VALUE`` into a request.

    Raises
    ------
    RequestError
        If it is none of these, or names no strategy.
    """
    for text in given:
        name, is_set, value = text.partition("=")
        if not is_set or not name:
            raise RequestError(f"--set takes NAME=VALUE, was {text!r}")
        owner, _, name = name.rpartition(".")
        ids = [each.id for each in request.strategies]
        if owner and owner not in ids:
            raise RequestError(f"--set {text}: there is no strategy {owner!r}")
        changed = tuple(
            replace(each, parameters={**each.parameters, name: _number(value)})
            if owner in ("", each.id)
            else each
            for each in request.strategies
        )
        request = replace(request, strategies=changed)
    return request


def _number(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    try:
        value = float(text)
    except ValueError as error:
        raise RequestError(f"--set: {text!r} is no number") from error
    if not math.isfinite(value):
        raise RequestError(f"--set: a value must be finite, was {text!r}")
    return int(value) if value == int(value) and "." not in text else value


def lines(result: "Result") -> list[str]:
    """Say in lines what came of a run."""
    from app.analytics.report.flags import no_fills

    outcomes, stats = result.outcomes, result.stats()
    run = result.run_rows()
    said = [f"{run['start']} – {run['end']}, {run['currency']}"]
    said += [
        f"  {each['symbol']}@{each['stream']}: {each['records']:,} records"
        + (", MADE UP" if each["is_made_up"] else "")
        for each in run["data"]
    ]
    for each in run["strategies"]:
        given = ", ".join(f"{k}={v:g}" for k, v in each["parameters"].items())
        said.append(f"  {each['id']}: {each['name']} ({given})")
        if each["reason"]:
            said.append(f"    interpreted: {each['reason']}")
        if each["failure"]:
            said.append(f"    STOPPED: {each['failure']}")
        elif not outcomes.strategies[each["id"]].calls:
            said.append(
                "    none of its handlers was called: the data have no such events"
            )
    width = max(len(label) for _, label, _ in _SHOWN)
    for name, label, form in _SHOWN:
        value = stats[name]
        told = form.format(value) if value is not None else "–"
        said.append(f"{label:{width}}  {told:>16}")
    said += [
        f"  {rule.replace('_', ' '):{width}}{count:>16,}"
        for rule, count in run["rejects"].items()
    ]
    said += [f"{each.title}: {each.found}" for each in no_fills(result.data)]
    rate = outcomes.events / outcomes.seconds if outcomes.seconds else 0.0
    said.append(
        f"{outcomes.events:,} events in {outcomes.seconds:.3f} s: {rate:,.0f}/s"
    )
    return said
