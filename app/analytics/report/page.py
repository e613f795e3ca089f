"""A report as one HTML file that needs nothing else: no script, no font, no picture."""

import json
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.analytics.report import charts
from app.analytics.report.records import Report, Section
from app.analytics.report.wording import (
    signed,
    told,
    told_seconds,
    told_time,
    told_value,
)
from app.analytics.run_data import Table
from app.whole_files import write_whole

_CSS: Final = Path(__file__).with_name("page.css")
_TILES: Final = (
    *("total_return", "annual_return", "sharpe", "sortino", "max_drawdown"),
    *("volatility", "trades", "win_rate", "profit_factor", "fees"),
)
ROLLING: Final = {"sharpe": "Sharpe", "volatility": "volatility", "beta": "beta"}
"""What is told over a rolling window, in words."""
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_MOST_TRADES: Final = 2000


def page_of(report: Report) -> str:
    """The report as HTML."""
    run = report.run
    card = run.card
    parts = [
        _head(report),
        _tiles(report),
        _block(
            f"Equity, {run.currency}",
            _key(report) + _for_each_width(charts.equity_chart, report),
        ),
        _block("Underwater", _for_each_width(charts.underwater_chart, report)),
        _block("Before you believe it", _flags(report)),
        _block("Returns of months, %", _months(report)),
        _pair(
            ("Returns of years", _held_key(report) + charts.yearly_chart(report)),
            ("Daily returns", charts.histogram_chart(report, "daily")),
        ),
        _pair(
            *(
                (
                    f"Rolling {ROLLING[name]}, {report.series.window} trade dates",
                    charts.rolling_chart(report, name),
                )
                for name in ROLLING
            ),
            (
                "Exposure, of equity",
                '<p class="key"><i class="b"></i>gross<i></i>net</p>'
                + charts.exposure_chart(report),
            ),
        ),
        _pair(
            *((part.title, _statistics(part)) for part in report.sections), kind="flow"
        ),
        _block("Worst drawdowns", _drawdowns(report)),
        _pair(
            ("Return against MAE", charts.excursion_chart(report, "mae")),
            ("Return against MFE", charts.excursion_chart(report, "mfe")),
        ),
        _pair(
            *(
                (
                    f"{report.breakdown(key).title}, {run.currency}",
                    charts.breakdown_chart(report, key),
                )
                for key in ("hour", "weekday", "month")
            ),
            ("Profit of trades", charts.histogram_chart(report, "pnl")),
        ),
        _pair(
            *(
                (report.breakdown(key).title, _breakdown(report.breakdown(key).table))
                for key in ("symbol", "side", "strategy", "exit")
            )
        ),
        _rejects(report),
        _block("Trades", _trades(report)),
        _block("Run card", _card(card)),
    ]
    title = escape(card["name"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<style>{_CSS.read_text('utf-8')}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def write_page(report: Report, path: Path) -> None:
    """Write the report as one HTML file, wholly or not at all."""
    write_whole(path, page_of(report))


def _head(report: Report) -> str:
    card = report.run.card
    note = f"<p>{escape(card['note'])}</p>" if card["note"] else ""
    return (
        f"<header><h1>{escape(card['name'])}</h1><p>{report.run.period} · {escape(report.run.currency)} · "
        f"run {escape(report.run.run_id or '(not kept)')} · made {card['created'][:19].replace('T', ' ')} UTC</p>{note}</header>"
    )


def _tiles(report: Report) -> str:
    tiles = (
        f'<div class="tile" title="{escape(each.definition)}"><span>{escape(each.label)}</span><b>{told(each)}</b></div>'
        for each in (report[key] for key in _TILES)
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _key(report: Report) -> str:
    return f'<p class="key"><i></i>run{_held(report)}</p>'


def _held_key(report: Report) -> str:
    """Of bars whose colour is that of a gain or a loss where they are the run's."""
    held = _held(report)
    return f'<p class="key">{held}</p>' if held else ""


def _held(report: Report) -> str:
    symbol = (report.run.card["benchmark"] or {}).get("symbol", "")
    is_known = np.isfinite(report.series.benchmark).any()
    return f'<i class="b"></i>{escape(symbol)} held' if is_known else ""


def _block(title: str, inner: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{inner}</section>" if inner else ""


def _for_each_width(chart: Callable[..., str], report: Report) -> str:
    """A chart twice: on a narrow screen words of the wide one could not be read."""
    wide, narrow = chart(report), chart(report, narrow=True)
    return f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>'


def _pair(*blocks: tuple[str, str], kind: str = "two") -> str:
    return f'<div class="{kind}">{"".join(_block(*each) for each in blocks)}</div>'


def _table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    scroll: bool = False,
    kind: str = "",
) -> str:
    top = "".join(f"<th>{each}</th>" for each in head)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    made = f'<table class="{kind}">' if kind else "<table>"
    made += f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{made}</div>' if scroll else made


def _cell(text: str, kind: str = "") -> str:
    return (
        f'<td class="{kind}">{escape(text)}</td>'
        if kind
        else f"<td>{escape(text)}</td>"
    )


def _money(value: float, form: str = "money") -> str:
    kind = (
        ""
        if not np.isfinite(value) or value == 0
        else "up-t"
        if value > 0
        else "down-t"
    )
    return _cell(told_value(value, form), kind)


def _statistics(part: Section) -> str:
    rows = []
    for each in part.statistics:
        tip = each.definition + (f" Source: {each.source}." if each.source else "")
        rows.append(
            (
                f'<td><dfn title="{escape(tip)}">{escape(each.label)}</dfn></td>',
                _cell(told(each)),
            )
        )
    return _table(("", ""), rows)


def _months(report: Report) -> str:
    months = report.months
    top = (
        float(np.nanmax(np.abs(months.returns)))
        if np.isfinite(months.returns).any()
        else 1.0
    )
    rows = []
    for year, returns, whole in zip(
        months.years, months.returns, months.yearly, strict=True
    ):
        cells = [_shaded(float(each), top or 1.0) for each in returns]
        rows.append(
            [_cell(str(year)), *cells, f"<td><b>{_hundred(float(whole))}</b></td>"]
        )
    table = _table(("", *_MONTHS, "Year"), rows, kind="months")
    return f'<div class="across">{table}</div>'


def _shaded(value: float, top: float) -> str:
    if not np.isfinite(value):
        return "<td></td>"
    name = "--upbg" if value >= 0 else "--downbg"
    depth = 0.08 + 0.6 * min(1.0, abs(value) / top)
    return (
        f'<td style="background:rgba(var({name}),{depth:.2f})">{_hundred(value)}</td>'
    )


def _hundred(value: float) -> str:
    return signed(f"{value * 100:.1f}") if np.isfinite(value) else ""


def _drawdowns(report: Report) -> str:
    rows = [
        [
            _cell(str(i + 1)),
            _cell(told_value(-each.depth, "percent"), "down-t"),
            *(
                _cell(told_time(ts, is_day=True))
                for ts in (each.peak_ts, each.trough_ts)
            ),
            _cell(
                told_time(each.recovered_ts, is_day=True)
                if each.recovered_ts
                else "not yet"
            ),
            _cell(f"{each.to_trough_days:,.0f}"),
            _cell(f"{each.days:,.0f}"),
        ]
        for i, each in enumerate(report.drawdowns)
    ]
    return _table(
        ("", "Depth", "Peak", "Trough", "Recovered", "Days down", "Days in all"), rows
    )


def _breakdown(table: Table) -> str:
    rows = [
        [
            _cell(each["group"] or "–"),
            _cell(f"{each['trades']:,}"),
            _cell(told_value(each["win_rate"], "percent")),
            _money(each["pnl"]),
            _money(each["average"]),
            _cell(told_value(each["profit_factor"], "ratio")),
            _cell(told_seconds(each["hold_s"])),
        ]
        for each in table.rows()
    ]
    return (
        _table(("", "Trades", "Winners", "Profit", "Average", "Factor", "Held"), rows)
        if rows
        else ""
    )


def _rejects(report: Report) -> str:
    rows = [
        [_cell(name.replace("_", " ")), _cell(f"{count:,}")]
        for name, count in report.rejects.items()
    ]
    return (
        _block("Orders refused, by rule", _table(("Rule", "Orders"), rows))
        if rows
        else ""
    )


def _flags(report: Report) -> str:
    return "".join(
        f'<div class="flag"><b class="level {each.level}">{each.level}</b><span><b>{escape(each.title)}</b>: {escape(each.found)}</span><small>{escape(each.why)}</small></div>'
        for each in report.flags
    )


def _trades(report: Report) -> str:
    trades, decimals = report.run.trades, report.run.card["instruments"]
    rows = []
    for each in trades.take(np.arange(len(trades))[:_MOST_TRADES]).rows():
        places = decimals[each["symbol"]]["price_decimals"]
        rows.append([
            _cell(str(each["trade"])), _cell(each["symbol"], "t"), _cell("long" if each["side"] > 0 else "short", "t"), _cell(f"{each['quantity']:,.10g}"),
            _cell(told_time(each["opened"])), _cell(told_time(each["closed"]) if each["closed"] else "open"),
            _cell(_price(each["entry_price"], places)), _cell(_price(each["exit_price"] if each["closed"] else each["mark_price"], places)), _money(each["pnl"]), _money(each["return"], "percent"),
            _cell(told_value(each["mae_return"], "percent")), _cell(told_value(each["mfe_return"], "percent")), _cell(told_seconds(each["hold_s"])), _cell(each["exit_reason"].replace("_", " "), "t"),
        ])  # fmt: skip
    if not rows:
        return ""
    more = (
        f"<p class='key'>The first {_MOST_TRADES:,} of {len(trades):,}; exports have all.</p>"
        if len(trades) > _MOST_TRADES
        else ""
    )
    head = (
        "#",
        "Symbol",
        "Side",
        "Quantity",
        "Opened, UTC",
        "Closed, UTC",
        "Entry",
        "Exit",
        "Profit",
        "Return",
        "MAE",
        "MFE",
        "Held",
        "Exit by",
    )
    return more + _table(head, rows, scroll=True)


def _price(value: float, places: int) -> str:
    return f"{value:,.{places}f}".replace("-", "−") if np.isfinite(value) else "–"


def _card(card: dict[str, Any]) -> str:
    rows = [
        [_cell("Ringside"), _cell(f"{card['ringside']}, engine {card['engine']}", "w")],
        [_cell("Seed"), _cell(str(card["seed"]), "w")],
        [_cell("Result"), _cell(card["digest"], "w")],
        [
            _cell("Run in"),
            _cell(f"{card['events']:,} events, {card['wall_seconds']:.3f} s", "w"),
        ],
    ]
    rows += [
        [
            _cell("Data"),
            _cell(
                f"{each['symbol']}@{each['stream']}: {each['records']:,} records, hash {each['hash']}, from {each['source']}",
                "w",
            ),
        ]
        for each in card["data"]
    ]
    for each in card["strategies"]:
        given = ", ".join(
            f"{name} = {value}" for name, value in each["parameters"].items()
        )
        how = "compiled" if each["is_compiled"] else f"interpreted: {each['reason']}"
        rows.append(
            [
                _cell(each["id"]),
                _cell(f"{each['name']} ({given}); code {each['code']}, {how}", "w"),
            ]
        )
    for name, each in card["instruments"].items():
        models = ", ".join(
            f"{key.replace('_', ' ')} {value}" for key, value in each["models"].items()
        )
        rows.append([_cell(f"{name}, models"), _cell(models, "w")])
        fees = ", ".join(
            f"{key.replace('_', ' ')} {value}" for key, value in each["fees"].items()
        )
        rows.append([_cell(f"{name}, fees"), _cell(fees or "none", "w")])
    request = escape(json.dumps(card["request"], indent=1))
    return (
        _table(("", ""), rows)
        + f"<details><summary>The request</summary><pre>{request}</pre></details>"
    )
