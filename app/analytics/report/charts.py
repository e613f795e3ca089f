"""The charts of a report, by name, as SVG."""

import numpy as np

from app.analytics.report.records import Report
from app.analytics.report.svg import Plot, nice_steps
from app.analytics.report.wording import told_value
from app.analytics.run_data import Floats

_WIDE, _HALF = (1140, 300), (560, 230)
_MOST_DOTS = 2000


def equity_chart(report: Report, *, narrow: bool = False) -> str:
    """Equity with the benchmark."""
    series = report.series
    both = np.concatenate([series.day_equity, series.benchmark, [report.run.start]])
    plot = _over_days(report, both, _HALF if narrow else _WIDE)
    plot.line(_days(report), series.benchmark, "b")
    plot.line(_days(report), series.day_equity, "a")
    return plot.svg("Equity")


def underwater_chart(report: Report, *, narrow: bool = False) -> str:
    """How far equity lay below its peak."""
    series = report.series
    x = series.ts / 86_400e9
    low = float(series.underwater.min(initial=-0.01))
    size = (_HALF[0] if narrow else _WIDE[0], 180)
    plot = Plot(size, _range(x), (low, 0.0), percent=True)
    plot.grid()
    plot.dates((int(x[0]), int(x[-1])) if len(x) else (0, 1))
    plot.line(x, series.underwater, "down", fill=True)
    return plot.svg("Underwater")


def rolling_chart(report: Report, name: str) -> str:
    """A rolling figure: sharpe, volatility or beta."""
    values: Floats = getattr(report.series, f"rolling_{name}")
    plot = _over_days(
        report, np.append(values, 0.0), _HALF, percent=name == "volatility"
    )
    plot.line(_days(report), values, "a")
    return plot.svg(f"Rolling {name}")


def exposure_chart(report: Report) -> str:
    """Gross and net exposure as shares of equity."""
    series = report.series
    x = series.ts / 86_400e9
    values = np.concatenate([series.gross_share, series.net_share, [0.0]])
    plot = Plot(_HALF, _range(x), _range(values), percent=True)
    plot.grid()
    plot.dates((int(x[0]), int(x[-1])) if len(x) else (0, 1))
    plot.line(x, series.gross_share, "b")
    plot.line(x, series.net_share, "a")
    return plot.svg("Exposure")


def yearly_chart(report: Report) -> str:
    """Returns of years, with the benchmark's."""
    months = report.months
    held = np.nan_to_num(months.benchmark_yearly)
    plot = Plot(
        _HALF,
        (0.0, max(len(months.years), 1)),
        _range(np.concatenate([months.yearly, held, [0.0]])),
        percent=True,
    )
    plot.grid()
    at = np.arange(len(months.years)).astype(float)
    told = [
        f"{y}: {told_value(float(v), 'percent')}"
        for y, v in zip(months.years, months.yearly, strict=True)
    ]
    plot.bars(at + 0.12, at + 0.5, months.yearly, told)
    plot.bars(at + 0.52, at + 0.88, months.benchmark_yearly, kind="b")
    plot.labels(at + 0.5, [str(year) for year in months.years])
    return plot.svg("Returns of years")


def histogram_chart(report: Report, name: str) -> str:
    """Counts of daily returns (daily) or of trades' profits (pnl)."""
    found = report.daily_histogram if name == "daily" else report.pnl_histogram
    if not len(found.counts):
        return ""
    plot = Plot(_HALF, _range(found.edges), (0.0, float(found.counts.max())))
    plot.grid()
    centre = (found.edges[1:] + found.edges[:-1]) / 2
    for shade, chosen in (("down", centre < 0), ("up", centre >= 0)):
        plot.bars(
            found.edges[:-1][chosen],
            found.edges[1:][chosen],
            found.counts[chosen].astype(float),
            kind=shade,
        )
    for edge in nice_steps(float(found.edges[0]), float(found.edges[-1]), 6):
        text = f"{edge * 100:.6g}%" if name == "daily" else f"{edge:,.6g}"
        plot.label(edge, text.replace("-", "−"))
    return plot.svg(f"Histogram of {name}")


def excursion_chart(report: Report, name: str) -> str:
    """Return of each closed trade against its mae or mfe."""
    closed = report.run.closed_trades
    x, y = closed[f"{name}_return"][-_MOST_DOTS:], closed["return"][-_MOST_DOTS:]
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return ""
    x, y = np.abs(x[known]), y[known]
    numbers = closed["trade"][-_MOST_DOTS:][known]
    plot = Plot(
        _HALF, (0.0, float(x.max()) or 1.0), _range(np.append(y, 0.0)), percent=True
    )
    plot.grid()
    told = [
        f"trade {n}: {name.upper()} {a:.2%}, return {b:.2%}"
        for n, a, b in zip(numbers, x, y, strict=True)
    ]
    plot.points(x, y, ["up" if each >= 0 else "down" for each in y], told)
    for each in nice_steps(0.0, float(x.max()), 5):
        plot.label(each, f"{each * 100:.6g}%")
    return plot.svg(f"Return against {name.upper()}")


def breakdown_chart(report: Report, key: str) -> str:
    """Profit by hour, weekday or month."""
    table = report.breakdown(key).table
    if not len(table):
        return ""
    plot = Plot(_HALF, (0.0, float(len(table))), _range(np.append(table["pnl"], 0.0)))
    plot.grid()
    at = np.arange(len(table)).astype(float)
    told = [
        f"{g}: {p:,.2f} in {n} trades"
        for g, p, n in zip(table["group"], table["pnl"], table["trades"], strict=True)
    ]
    plot.bars(at + 0.15, at + 0.85, table["pnl"], told)
    plot.labels(at + 0.5, table["group"].tolist())
    return plot.svg(report.breakdown(key).title)


def _days(report: Report) -> Floats:
    return report.series.days.astype(np.float64)


def _range(values: Floats) -> tuple[float, float]:
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)


def _over_days(
    report: Report, values: Floats, size: tuple[int, int], *, percent: bool = False
) -> Plot:
    x = _days(report)
    plot = Plot(size, _range(x), _range(values), percent=percent)
    plot.grid()
    if len(x):
        plot.dates((int(x[0]), int(x[-1])))
    return plot
