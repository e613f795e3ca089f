"""The command `ringside runs`: what was kept of backtests."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.analytics.run_data import ARRAYS, RunData
from app.errors import RunError
from app.sessions.backtest.store import RunStore, RunSummary
from app.whole_files import naming, write_whole

if TYPE_CHECKING:
    from app.analytics.report import Report

    # argparse gives the type of its sub-commands no public name.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

TABLES = ("fills", "orders", "trades")


def add_runs_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside runs``."""
    parser = subparsers.add_parser(
        "runs", help="list, show, compare, export and delete backtests that were run"
    )
    parser.set_defaults(func=_list)
    parts = parser.add_subparsers(title="what to do", metavar="ACTION")
    parts.add_parser("list", help="all runs, newest first").set_defaults(func=_list)
    named = {
        "show": ("every statistic of a run, and its flags", _show),
        "compare": ("statistics of several runs side by side", _compare),
        "delete": ("remove runs for good", _delete),
        "export": ("write a run as a page, a PDF or tables", _export),
    }
    for name, (sentence, function) in named.items():
        part = parts.add_parser(name, help=sentence)
        is_many = name in ("compare", "delete")
        text = "id, its beginning, or latest"
        if is_many:
            part.add_argument("ids", nargs="+", metavar="ID", help=text)
        else:
            part.add_argument("id", metavar="ID", help=text)
        if name in ("show", "compare", "export"):
            add_report_options(part)
        if name == "export":
            _add_targets(part)
        part.set_defaults(func=function)


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Declare what a report is made with."""
    parser.add_argument(
        "--risk-free",
        type=float,
        default=0.0,
        metavar="RATE",
        help="a year, 0.03 = 3%%",
    )
    parser.add_argument(
        "--trials", type=int, default=1, metavar="N", help="runs it was chosen from"
    )


def _add_targets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--html", type=Path, metavar="FILE", help="one page")
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="to print")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the JSON result")
    parser.add_argument("--csv", type=Path, metavar="FOLDER", help="tables")
    parser.add_argument("--parquet", type=Path, metavar="FOLDER", help="tables")


def _store(parsed: argparse.Namespace) -> RunStore:
    return RunStore(parsed.settings.paths.runs)


def _opened(parsed: argparse.Namespace, text: str) -> RunData:
    store = _store(parsed)
    return store.open(store.find(text))


def _report(parsed: argparse.Namespace, text: str) -> "Report":
    from app.analytics.report import report_of

    return report_of(_opened(parsed, text), parsed.risk_free, trials=parsed.trials)


def _list(parsed: argparse.Namespace) -> int:
    store = _store(parsed)
    runs = store.list()
    if runs:
        figures = "  ".join(f"{each:>9}" for each in ("return", "Sharpe", "drawdown"))
        print(f"{'run':24}  {figures}  {'trades':>7}  name (parameters)")
    for each in runs:
        print(line_of(each))
    if not runs:
        print(f"no runs in {store.root}")
    return 0


def line_of(each: RunSummary) -> str:
    """A run in a line."""
    if each.damaged:
        return f"{each.run_id:24}  DAMAGED: {each.damaged}"
    from app.analytics.report.wording import told_value

    drawdown = -each.max_drawdown if each.max_drawdown is not None else None
    figures = (
        (each.total_return, "percent"),
        (each.sharpe, "ratio"),
        (drawdown, "percent"),
    )
    told = "  ".join(
        f"{told_value(float('nan') if value is None else value, form):>9}"
        for value, form in figures
    )
    state = "" if each.is_whole and not each.failures else "  (stopped)"
    given = f" ({each.parameters})" if each.parameters else ""
    return f"{each.run_id:24}  {told}  {each.trades:>7,}  {each.name}{given}{state}"


def _show(parsed: argparse.Namespace) -> int:
    from app.analytics.report.wording import told

    report = _report(parsed, parsed.id)
    card = report.run.card
    print(f"{card['name']}  ({report.run.run_id})")
    print(f"{card['start']} – {card['end']}, {card['currency']}")
    for section in report.sections:
        print(f"\n{section.title}")
        for each in section.statistics:
            print(f"  {each.label:34}{told(each):>20}")
    for key in ("exit", "symbol", "side"):
        groups = report.breakdown(key)
        if len(groups.table):
            print(f"\nClosed trades, {groups.title.lower()}")
        for row in groups.table.rows():
            name = str(row["group"]).replace("_", " ")
            print(
                f"  {name:20}{row['trades']:>8,} trades{row['win_rate']:>8.1%} won"
                f"{row['pnl']:>16,.2f}{row['average']:>12,.2f} each"
            )
    if report.rejects:
        print("\nOrders refused, by rule")
    for rule, count in report.rejects.items():
        print(f"  {rule.replace('_', ' '):34}{count:>20,}")
    print("\nBefore you believe it")
    for flag in report.flags:
        print(f"  {flag.level:8}{flag.title}: {flag.found}")
    return 0


def _compare(parsed: argparse.Namespace) -> int:
    from app.analytics.report import compare
    from app.analytics.report.wording import told_value

    reports = [_report(parsed, each) for each in parsed.ids]
    print(" " * 34 + "".join(f"{each.run.run_id:>26}" for each in reports))
    print(" " * 34 + "".join(f"{each.run.card['name'][:24]:>26}" for each in reports))
    section = ""
    for row in compare(reports):
        if row.section != section:
            section = row.section
            print(f"\n{section}")
        cells = (
            told_value(value, row.statistic.format) + (" *" if i == row.best else "  ")
            for i, value in enumerate(row.values)
        )
        label = row.statistic.label
        print(f"  {label:32}" + "".join(f"{each:>26}" for each in cells))
    return 0


def _delete(parsed: argparse.Namespace) -> int:
    store = _store(parsed)
    for run_id in [store.find(each) for each in parsed.ids]:
        store.delete(run_id)
        print(f"{run_id} is deleted")
    return 0


def _export(parsed: argparse.Namespace) -> int:
    targets = export_targets()
    wanted = {name: getattr(parsed, name) for name in targets}
    if not any(wanted.values()):
        options = ", ".join(f"--{name}" for name in targets)
        raise RunError(f"export needs one of {options}")
    report = _report(parsed, parsed.id)
    for name, path in wanted.items():
        if path is not None:
            with naming(path):
                targets[name](report, path)
            print(f"{path} is written")
    return 0


def export_targets() -> dict[str, Callable[["Report", Path], None]]:
    """What writes a report, by form; CSV and Parquet are folders of tables."""
    return {
        "html": write_html,
        "pdf": write_pdf,
        "json": _write_json,
        "csv": lambda report, path: write_csv(report.run, path),
        "parquet": lambda report, path: write_parquet(report.run, path),
    }


def write_html(report: "Report", path: Path) -> None:
    """Write the report as one page."""
    from app.analytics.report.page import write_page

    write_page(report, path)


def write_pdf(report: "Report", path: Path) -> None:
    """Write the report as PDF, by a program of its own that has Qt."""
    import pickle
    import subprocess
    import sys

    # Qt is the window's alone: what draws with it is told of, not imported.
    done = subprocess.run(
        [sys.executable, "-m", "app.ui.report_pdf", str(path.absolute())],
        input=pickle.dumps(report),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise RunError(f"{path} cannot be written: {told[-1] if told else 'no reason'}")


def _write_json(report: "Report", path: Path) -> None:
    from app.sessions.backtest.result import as_table

    table = {**as_table(report.run), "report": report_table(report)}
    write_whole(path, json.dumps(table, indent=1, allow_nan=False) + "\n")


def report_table(report: "Report") -> dict[str, Any]:
    """Statistics and flags as plain JSON; what is not defined is None."""
    return {
        "statistics": {
            each.key: None if each.value != each.value else each.value
            for section in report.sections
            for each in section.statistics
        },
        "flags": [
            {"key": e.key, "level": e.level, "found": e.found} for e in report.flags
        ],
    }


def columns_of(run: RunData) -> dict[str, dict[str, Any]]:
    """The tables of a run's export, by name."""
    equity = {name: getattr(run, name) for name in ARRAYS}
    equity.update({f"equity_{n}": each for n, each in run.strategy_equity.items()})
    tables = {name: dict(getattr(run, name).items()) for name in TABLES}
    return {**tables, "equity": equity}


def write_csv(run: RunData, folder: Path) -> None:
    """Write fills, orders, trades and equity as CSV; times are ns since 1970 UTC."""
    import csv

    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in columns_of(run).items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(columns)
            lists = [
                ["" if x != x else x for x in each.tolist()]
                for each in columns.values()
            ]
            rows.writerows(zip(*lists, strict=True))


def write_parquet(run: RunData, folder: Path) -> None:
    """Write fills, orders, trades and equity as Parquet."""
    from app.data.column_files import write_columns

    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in columns_of(run).items():
        write_columns(folder / f"{name}.parquet", columns)
