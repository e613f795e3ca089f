"""The card of a run: what was run, so that it can be judged and run again."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import numpy as np

from app import __version__
from app.clock import Clock, SystemClock
from app.data.catalog import MADE_UP, Recording
from app.data.spans import zone_of as recording_zone
from app.engine.arena import Section
from app.engine.book_state import Stale
from app.engine.records import ReportType
from app.engine.sources import ROOT, source_hash
from app.instrument import Instrument, InstrumentKind
from app.sessions.backtest.composing import UNITS, Composition, Hung
from app.sessions.backtest.run import Outcomes
from app.sessions.backtest.run_units import reasons_of
from app.sessions.notes import iso
from app.strategies.strategy import files_of, title_of

_CRYPTO: Final = (InstrumentKind.CRYPTO_SPOT, InstrumentKind.PERPETUAL)
_TRADING_DAYS, _CALENDAR_DAYS = 252, 365
_BRIEF: Final = 16
_END: Final = ("failure", "is_compiled", "reason", "calls", "requests")
_BY_CHANGES: Final = ("orders", "depth")
"""Bases of data whose records mean something to a whole book only."""
_SENT: Final = ReportType.PENDING_NEW


def card_of(
    outcomes: Outcomes, digest: str, clock: Clock | None = None
) -> dict[str, Any]:
    """Say what was run; `RunData` lists the keys.

    Parameters
    ----------
    outcomes : Outcomes
    digest : str
        Hash of all that the engine told.
    clock : Clock, optional
        The system's by default.
    """
    composition = outcomes.composition
    data = composition.data
    created = (clock or SystemClock()).wall_ns()
    return {
        "run_id": "",
        "name": _name(composition),
        "note": "",
        "created": iso(created),
        "ringside": __version__,
        "engine": engine_hash(),
        "is_whole": outcomes.is_whole,
        "events": outcomes.events,
        "wall_seconds": outcomes.seconds,
        "currency": composition.base_currency,
        "initial_capital": float(composition.request.initial_capital),
        "start": iso(data.first_ts),
        "end": iso(data.last_ts),
        "time_zone": zone_of(composition),
        "days_per_year": days_per_year(composition.instruments),
        "seed": composition.request.seed,
        "request": plain(composition.request.table),
        "data": [
            _data_row(recording, rows)
            for recording, rows in zip(data.recordings, data.rows, strict=True)
        ],
        "strategies": [
            _strategy_row(each, outcomes) for each in composition.strategies
        ],
        "instruments": {
            each.name: _instrument_row(each, number, composition)
            for number, each in enumerate(composition.instruments)
        },
        "benchmark": _benchmark_row(composition),
        "orders_sent": int(np.count_nonzero(outcomes.reports["report"] == _SENT)),
        "rejects": _rejects(outcomes),
        "no_book": _no_book(outcomes),
        "digest": digest,
    }


def days_per_year(instruments: tuple[Instrument, ...]) -> int:
    """Daily returns of a year: 365 if every market is open every day."""
    always = all(each.kind in _CRYPTO for each in instruments)
    return _CALENDAR_DAYS if always else _TRADING_DAYS


def zone_of(composition: Composition) -> str:
    """Zone of a run's trade dates: that of the first recording's days."""
    return recording_zone(composition.data.recordings[0])


def _name(composition: Composition) -> str:
    """A title for people: strategies and symbols."""
    titles = dict.fromkeys(
        title_of(each.cls).removesuffix(" Strategy") for each in composition.strategies
    )
    symbols = [each.name for each in composition.instruments]
    more = f" and {len(symbols) - 3} more" if len(symbols) > 3 else ""
    return f"{', '.join(titles)} on {', '.join(symbols[:3])}{more}"


def _data_row(recording: Recording, rows: range) -> dict[str, Any]:
    ts = recording.column("ts_received", rows.start, rows.stop)
    metas = [each.meta for each in recording.segments]
    found = hashlib.sha256()
    for meta in metas:
        sums = sorted(meta.crc32.items()), sorted(meta.constants.items())
        found.update(repr((meta.first_ts, meta.rows, sums)).encode())
    return {
        "symbol": recording.name,
        "stream": recording.stream,
        "basis": recording.basis,
        "records": len(rows),
        "first": iso(int(ts[0])) if len(ts) else None,
        "last": iso(int(ts[-1])) if len(ts) else None,
        "gaps": recording.gaps,
        "hash": found.hexdigest()[:_BRIEF],
        "source": ", ".join(dict.fromkeys(each.source for each in metas)),
        "importer": ", ".join(dict.fromkeys(each.importer for each in metas)),
        "is_made_up": any(each.importer == MADE_UP for each in metas),
    }


def _benchmark_row(composition: Composition) -> dict[str, Any]:
    benchmark, _ = composition.benchmark
    return {"symbol": benchmark.name, "stream": benchmark.stream, "held": True}


def _strategy_row(each: Hung, outcomes: Outcomes) -> dict[str, Any]:
    end = outcomes.strategies[each.terms.id]
    return {
        "id": each.terms.id,
        "name": each.cls.title or each.cls.__name__,
        "parameters": plain(each.values),
        "allocation": float(each.terms.allocation),
        "code": code_hash(each.cls),
        **{name: getattr(end, name) for name in _END},
        "fault": plain(asdict(end.fault)) if end.fault else None,
    }


def _instrument_row(
    each: Instrument, number: int, composition: Composition
) -> dict[str, Any]:
    rates = composition.arena.records(Section.INSTRUMENTS)[number]
    fees = {field.name: getattr(each.fees, field.name) for field in fields(each.fees)}
    return {
        "kind": str(each.kind),
        "currency": each.currency,
        "rate": float(rates["conversion"]) * 1e-9,
        "price_unit": str(each.price_unit),
        "quantity_unit": str(each.quantity_unit),
        "price_decimals": each.price_decimals,
        "quantity_decimals": each.quantity_decimals,
        "multiplier": float(each.multiplier),
        "fees": plain({name: value for name, value in fees.items() if value}),
        "models": models_row(composition, number),
    }


def models_row(composition: Composition, number: int) -> dict[str, Any]:
    """The venue's models that were in force for an instrument."""
    models = composition.models(number)
    is_bars = composition.data.bases[number] == "bars"
    row: dict[str, Any] = {
        "order_latency_us": models.order_latency_ns / 1000,
        "report_latency_us": models.report_latency_ns / 1000,
        "latency_spread": models.latency_spread,
    }
    if models.recorded_latency:
        row = {"recorded_latencies": len(models.recorded_latency)}
    row |= {
        "queue": str(models.queue.value),
        "fills_from": "bars" if is_bars else "book",
        "participation": models.participation,
        "slippage": models.slippage,
        "limit_rule": str(models.limit_rule.value),
        "impact": str(models.impact.value),
        "account": composition.request.account.kind,
    }
    if is_bars:
        row["sizing"] = str(models.sizing.value)
    else:
        row["through"] = str(models.through.value)
    if models.queue.value == "probabilistic" and not is_bars:
        row["front_function"] = models.front_function
        row["front_exponent"] = models.front_exponent
    if models.impact.value != "none":
        for name in ("temporary_impact", "permanent_impact", "volatility"):
            row[name] = getattr(models, name)
        row["day_volume"] = models.day_volume
        row["impact_half_life_s"] = models.impact_half_life_ns / 1e9
    return row


def _rejects(outcomes: Outcomes) -> dict[str, int]:
    """How often orders were refused, by the rule that did."""
    reports = outcomes.reports
    refused = reports[reports["report"] == ReportType.REJECTED]
    names, counts = np.unique(reasons_of(refused["reason"]), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(names[i]) or "unknown": int(counts[i]) for i in order}


def _no_book(outcomes: Outcomes) -> dict[str, int]:
    """Orders of each instrument whose book was never whole: none of them could fill.

    Levels and orders say what changes; a book is whole once a snapshot has begun it.
    """
    composition, reports = outcomes.composition, outcomes.reports
    rows = composition.arena.records(Section.INSTRUMENTS)
    books = composition.arena.records(Section.BOOKS)
    is_new = np.isin(reports["report"], (_SENT, ReportType.REJECTED))
    found = {}
    for number, each in enumerate(composition.instruments):
        place = int(rows[number]["venue_book"] or rows[number]["book"])
        if composition.data.bases[number] not in _BY_CHANGES or not place:
            continue
        if books[place]["stale"] == Stale.NO_SNAPSHOT:
            of_it = is_new & (reports["instrument"] == number)
            found[each.name] = len(np.unique(reports["client_order_id"][of_it]))
    return found


def code_hash(cls: type) -> str:
    """Hash of the files of a strategy and of what it derives from, ours left out."""
    found = hashlib.sha256(cls.__qualname__.encode())
    for file in files_of(cls):
        found.update(file.read_bytes())
    return found.hexdigest()[:_BRIEF]


def engine_hash() -> str:
    """Hash of the engine's sources; the same on every machine."""
    found = hashlib.sha256()
    for name in UNITS:
        file = ROOT.joinpath(*name.split("."))
        found.update(source_hash(file.with_suffix(".py")).encode())
    return found.hexdigest()[:_BRIEF]


def plain(value: Any) -> Any:
    """A value of which JSON can be made."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):  # TOML has dates and times; a datetime is a date
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
