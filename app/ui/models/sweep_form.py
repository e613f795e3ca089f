"""A sweep as a form: what varies, how cells are chosen, what is best; judged as typed.

The rules are those of `app.sweeps.axes` and `windows`; bounds are those that a strategy
declares.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from app.errors import RequestError, RingsideError
from app.sessions.backtest.request import parse_request
from app.strategies.strategy import Parameter, parameters_of, title_of
from app.sweeps.axes import (
    MOST_CELLS,
    Axis,
    Point,
    check_names,
    grid,
    normal_table,
    parse_axis,
    sample,
)
from app.sweeps.objectives import OBJECTIVES
from app.sweeps.windows import Scheme, parse_scheme, windows_of
from app.ui import formatting
from app.ui.models.backtest_form import SECTIONS, number, title_of_key
from app.ui.models.strategy_list import StrategyList

_STEPS: Final = 5
"""Values of an axis that is new."""
TERMS: Final = ("allocation", "interval")


@dataclass(frozen=True)
class Plan:
    """A sweep that is to be run; see `SweepTerms`.

    Attributes
    ----------
    scheme : Scheme or None
        Of walking forward.
    """

    table: Mapping[str, Any]
    axes: Sequence[Axis]
    points: Sequence[Point]
    objective: str
    seed: int | None = None
    scheme: Scheme | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What an axis may vary.

    Attributes
    ----------
    name : str
        As an axis names it.
    title : str
    parameter : Parameter or None
        None: a term of the request.
    now : Any
        Its value in the request; None: its default.
    """

    name: str
    title: str
    parameter: Parameter | None = None
    now: Any = None

    @property
    def is_whole(self) -> bool:
        """Whether it takes whole numbers alone."""
        return self.parameter is not None and self.parameter.kind is int


@dataclass
class AxisDraft:
    """An axis as it is edited: a range with a step, or a list."""

    name: str
    first: str = ""
    last: str = ""
    step: str = ""
    listed: str = ""
    is_list: bool = False

    def axis(self) -> Axis:
        """The axis.

        Raises
        ------
        RequestError
            If what is typed is none.
        """
        if self.is_list:
            if not self.listed.strip():
                raise RequestError("type values with commas between them: 5, 10, 20")
            return parse_axis(f"{self.name}={self.listed}")
        parts = [_plain(self.first), _plain(self.last), _plain(self.step)]
        for words, text in zip(("the first", "the last"), parts, strict=False):
            if not text:
                raise RequestError(f"{words} value is missing")
        return parse_axis(f"{self.name}={':'.join(each for each in parts if each)}")

    def problem(self, target: Target | None) -> str:
        """What is wrong with it; "" = nothing."""
        if target is None:
            return f"the request has no {self.name}"
        try:
            axis = self.axis()
            if target.parameter is not None:
                for each in axis.bounds or axis.values:
                    target.parameter.checked(each, "")
        except RingsideError as error:
            return _words(error, self.name)
        return ""

    def state(self) -> dict[str, Any]:
        """What a workspace keeps."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _plain(text: str) -> str:
    return text.strip().replace(",", "").replace("_", "")


def _words(error: RingsideError, name: str) -> str:
    """What an error says, without the names before it."""
    words = str(error)
    for lead in (f"{name}=", f"{name}: ", ": "):
        if words.startswith(lead):
            words = words.partition(": ")[2] or words
    return words


@dataclass
class SweepForm:
    """All that is said of a sweep, but the request's own terms.

    Attributes
    ----------
    offers : StrategyList
    table : dict or None
        The request; None: there is none yet.
    axes : list of AxisDraft
    is_sample, walks, is_anchored : bool
    count, seed, inside, outside : str
        As typed.
    reach : tuple of date or None
        First and last day of the request's data; None = unknown.
    """

    offers: StrategyList
    table: dict[str, Any] | None = None
    axes: list[AxisDraft] = field(default_factory=list)
    is_sample: bool = False
    count: str = "100"
    seed: str = "1"
    walks: bool = False
    inside: str = "2y"
    outside: str = "6m"
    is_anchored: bool = False
    objective: str = "sharpe"
    reach: tuple[date, date] | None = None

    # What can vary.

    def targets(self) -> list[Target]:
        """What an axis may vary: parameters first, then terms of the request."""
        if self.table is None:
            return []
        rows = normal_table(self.table)["strategies"]
        found = [each for row in rows for each in self._parameters(row, len(rows) > 1)]
        found += [Target(name, title_of_key(name)) for name in TERMS]
        for section in ("fees", "models"):
            found += [
                Target(each.key, f"{section.capitalize()}: {each.title}")
                for each in SECTIONS[section]
            ]
        return found

    def target(self, name: str) -> Target | None:
        """One of them by name."""
        return next((each for each in self.targets() if each.name == name), None)

    def _parameters(self, row: Mapping[str, Any], is_one_of_many: bool) -> list[Target]:
        try:
            cls = self.offers.resolve(str(row["name"])).cls
        except RingsideError:
            return []
        lead = f"{row['id']}." if is_one_of_many else ""
        of = f"{title_of(cls)}: " if is_one_of_many else ""
        return [
            Target(
                lead + name,
                of + title_of_key(name),
                parameter,
                row["parameters"].get(name, parameter.default),
            )
            for name, parameter in parameters_of(cls).items()
        ]

    def new_axis(self) -> AxisDraft:
        """An axis over what does not vary yet, from values around the request's."""
        taken = {each.name for each in self.axes}
        free = [each for each in self.targets() if each.name not in taken]
        return self.usual(free[0].name if free else "")

    def usual(self, name: str) -> AxisDraft:
        """An axis as it is before anything is typed."""
        target = self.target(name)
        parameter = None if target is None else target.parameter
        if parameter is None:
            return AxisDraft(name, is_list=True)
        if parameter.kind is bool:
            return AxisDraft(name, listed="false, true", is_list=True)
        now = float(target.now) if target is not None else float(parameter.default)
        low, step = _around(now, is_whole=parameter.kind is int)
        high = low + (_STEPS - 1) * step
        if parameter.bounds is not None:
            low = max(low, parameter.bounds.least)
            high = min(high, parameter.bounds.most)
        first, last, by = (f"{each:.10g}" for each in (low, high, step))
        return AxisDraft(name, first, last, by)

    def take_table(self, table: Mapping[str, Any] | None) -> None:
        """Take another request; axes over what it has stay."""
        self.table = None if table is None else dict(table)
        if self.table is None:
            return
        known = {each.name for each in self.targets()}
        self.axes = [each for each in self.axes if each.name in known]
        if not self.axes and known:
            self.axes = [self.new_axis()]
            if len([x for x in self.targets() if x.parameter is not None]) > 1:
                self.axes.append(self.new_axis())

    # What is wrong, and how much it is.

    def problems(self) -> dict[str, str]:
        """What is wrong, by place: "request", "axis.0", "count", "seed", "walk"."""
        if self.table is None:
            return {"request": "there is no request yet"}
        found = {}
        try:
            parse_request(self.table)
        except RingsideError as error:
            found["request"] = str(error)
        for place, draft in enumerate(self.axes):
            words = draft.problem(self.target(draft.name))
            if not words and any(draft.name == x.name for x in self.axes[:place]):
                words = "it is varied twice"
            if words:
                found[f"axis.{place}"] = words
        if not self.axes:
            found["axes"] = "a sweep varies something: add an axis"
        found |= self._numbers()
        if not found:
            found = self._whole()
        return found

    def _numbers(self) -> dict[str, str]:
        found = {}
        if self.is_sample:
            count, seed = number(self.count), number(self.seed)
            if not isinstance(count, int) or not 1 <= count <= MOST_CELLS:
                found["count"] = f"must lie in [1, {MOST_CELLS:,}], was {self.count}"
            if not isinstance(seed, int) or seed < 0:
                found["seed"] = f"must be a whole number, 0 or more, was {self.seed}"
        if self.walks:
            try:
                windows = self.windows()
            except RingsideError as error:
                found["walk"] = str(error).removeprefix("--walk-forward: ")
            else:
                if windows is not None and not windows:
                    found["walk"] = "no window fits"
        return found

    def _whole(self) -> dict[str, str]:
        axes = [each.axis() for each in self.axes]
        sizes = [len(each.values) for each in axes]
        if not self.is_sample:
            for place, axis in enumerate(axes):
                if axis.bounds is not None:
                    return {f"axis.{place}": "a grid needs a step"}
            if math.prod(sizes) > MOST_CELLS:
                return {
                    "count": f"the grid has {math.prod(sizes):,} cells, "
                    f"{MOST_CELLS:,} are the most; take a sample of it"
                }
        try:
            check_names(axes, self._known())
        except RingsideError as error:
            return {"axes": str(error)}
        return {}

    def _known(self) -> dict[str, list[str]]:
        assert self.table is not None
        return {
            row["id"]: [*parameters_of(self.offers.resolve(str(row["name"])).cls)]
            for row in normal_table(self.table)["strategies"]
        }

    def scheme(self) -> Scheme | None:
        """How windows are cut; None: it does not walk forward."""
        if not self.walks:
            return None
        ending = ":anchored" if self.is_anchored else ""
        try:
            return parse_scheme(f"{self.inside.strip()}:{self.outside.strip()}{ending}")
        except RequestError as error:
            raise RequestError(
                "lengths are like 90d, 8w, 6m or 1y, "
                f"were {self.inside!r} and {self.outside!r}"
            ) from error

    def windows(self) -> int | None:
        """How many windows fit; None where the reach of the data is not known.

        Raises
        ------
        RequestError
            If not even one does.
        """
        scheme, reach = self.scheme(), self._span()
        if scheme is None or reach is None:
            return None
        return len(windows_of(scheme, *reach))

    def _span(self) -> tuple[date, date] | None:
        if self.reach is None or self.table is None:
            return None
        request, (first, last) = parse_request(self.table), self.reach
        if request.start is not None:
            first = max(first, request.start.day)
        if request.end is not None:
            last = min(last, request.end.day)
        return first, last

    def cells(self) -> int:
        """Cells of the sweep; call it where there are no problems."""
        axes = [each.axis() for each in self.axes]
        is_finite = all(each.bounds is None for each in axes)
        total = math.prod(len(each.values) for each in axes) if is_finite else 0
        if not self.is_sample:
            return total
        return min(int(self.count), total) if is_finite else int(self.count)

    def size_text(self) -> str:
        """How much work it is, in words."""
        cells = self.cells()
        said = formatting.plural(cells, "cell")
        if not self.walks:
            return said
        windows = self.windows()
        if windows is None:
            return f"{said}, again in each window, and one run out of each"
        runs = cells + cells * windows + windows
        return (
            f"{said}, again in {formatting.plural(windows, 'window')}, and one run out "
            f"of each: {formatting.count(runs)} runs"
        )

    def plan(self) -> Plan:
        """What is to be run.

        Raises
        ------
        RequestError
            If something breaks a rule.
        """
        for words in self.problems().values():
            raise RequestError(words)
        assert self.table is not None
        axes = [each.axis() for each in self.axes]
        seed = int(self.seed) if self.is_sample else None
        points = grid(axes) if seed is None else sample(axes, int(self.count), seed)
        assert self.objective in OBJECTIVES
        table = normal_table(self.table)
        return Plan(table, axes, points, self.objective, seed, self.scheme())

    # What a workspace keeps.

    def state(self) -> dict[str, Any]:
        """What a workspace keeps, without the request."""
        kept = {name: getattr(self, name) for name in _KEPT}
        return kept | {"axes": [each.state() for each in self.axes]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `state` told; what makes no sense is passed over."""
        for name in _KEPT:
            value = state.get(name)
            if isinstance(value, type(getattr(self, name))):
                setattr(self, name, value)
        if self.objective not in OBJECTIVES:
            self.objective = "sharpe"
        rows = state.get("axes")
        fields = AxisDraft.__dataclass_fields__
        if isinstance(rows, list):
            self.axes = [
                AxisDraft(**{k: v for k, v in each.items() if k in fields})
                for each in rows
                if isinstance(each, dict) and isinstance(each.get("name"), str)
            ]


_KEPT: Final = (
    *("is_sample", "count", "seed", "walks", "inside", "outside"),
    *("is_anchored", "objective"),
)


def _around(now: float, *, is_whole: bool) -> tuple[float, float]:
    """Where values around one begin, and a round step between them."""
    size = abs(now) / 4 or 1.0
    power = 10.0 ** math.floor(math.log10(size))
    step = max(each * power for each in (1, 2, 5) if each * power <= size * 1.0001)
    if is_whole:
        step = float(max(1, round(step)))
    return now - step * (_STEPS // 2), step
