"""Selectors: which series an expression reads, matched once and again only when one is born."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

import promql_parser

from twin.errors import UsageError
from twin.monitoring.labels import NAME, Labels
from twin.monitoring.promql.node import RoughVector, Vector, refuse
from twin.monitoring.promql.windows import Rough, Sliding
from twin.monitoring.series import LOOKBACK, Matcher, Series, SeriesStore, is_stale

__all__ = ["RangeFunction", "Selector", "make_selector", "seconds_of"]

RangeFunction = Callable[[Series, int, int], float | None]
"""A function of the samples of a series in [start, end]; None leaves the series out."""

_OPERATORS = (
    ("=", promql_parser.MatchOp.Equal),
    ("!=", promql_parser.MatchOp.NotEqual),
    ("=~", promql_parser.MatchOp.Re),
    ("!~", promql_parser.MatchOp.NotRe),
)


def seconds_of(duration: timedelta | None) -> int:
    """Return *duration* in whole seconds, the grain of virtual time; raises UsageError below it."""
    if duration is None:
        return 0
    if duration.microseconds:
        raise UsageError(f"PromQL: a duration of {duration}: time is whole seconds here")
    return duration.days * 86400 + duration.seconds


def _order(entry: tuple[Series, Labels, Labels]) -> Any:
    return entry[1].pairs


@dataclass(slots=True)
class Selector:
    """The series that one selector reads: *span* is its range in seconds, 0 for an instant."""

    store: SeriesStore
    name: str | None
    matchers: tuple[Matcher, ...]
    offset: int
    span: int

    def matched(self) -> Callable[[], list[tuple[Series, Labels, Labels]]]:
        """Return a function that gives (series, full labels, labels without the name), in order."""
        # Store and group only grow, at their end: what was looked at stays as it was.
        pool = self.store if self.name is None else self.store.group(self.name)
        seen = 0
        found: list[tuple[Series, Labels, Labels]] = []

        def matched() -> list[tuple[Series, Labels, Labels]]:
            nonlocal seen
            if len(pool) != seen:
                more = [one for one in islice(pool, seen, None) if self._accepts(one)]
                seen = len(pool)
                if more:
                    found.extend((one, one.id, one.id.bare) for one in more)
                    found.sort(key=_order)
            return found

        return matched

    def _accepts(self, one: Series) -> bool:
        return all(rule.accepts(one.id.map) for rule in self.matchers)

    def instant(self, *, stamps: bool = False) -> Callable[[int], Vector]:
        """Return the samples that stand at a second, or with *stamps* their times."""
        matched, offset = self.matched(), self.offset

        def run(time: int) -> Vector:
            when = time - offset
            oldest = when - LOOKBACK
            out: Vector = []
            for series, labels, _ in matched():
                stamp = series.last_time
                if stamp <= when:
                    value = series.last_value
                    if stamp >= oldest and (value == value or not is_stale(value)):  # noqa: PLR0124
                        out.append((labels, stamp if stamps else value))
                elif (sample := series.at(when)) is not None:
                    out.append((labels, sample[0] if stamps else sample[1]))
            return out

        return run

    def ranged(self, function: RangeFunction, *, keep_name: bool) -> Callable[[int], Vector]:
        """Return *function* over the window [time - offset - span, time - offset] of each series."""
        matched, offset, span = self.matched(), self.offset, self.span
        if isinstance(function, Sliding):
            function = function.keeping()

        def run(time: int) -> Vector:
            end = time - offset
            start = end - span
            out: Vector = []
            for series, full, bare in matched():
                if series.last_time >= start:
                    value = function(series, start, end)
                    if value is not None:
                        out.append((full if keep_name else bare, value))
            return out

        return run

    def rough(self, *, whole: bool) -> Callable[[int], RoughVector | None]:
        """Return the means (*whole*: the sums) of the windows with a bound on their error.

        None where one of them must be looked at sample by sample.
        """
        matched, offset, span, near = self.matched(), self.offset, self.span, Rough(whole=whole)

        def run(time: int) -> RoughVector | None:
            end = time - offset
            start = end - span
            out: RoughVector = []
            for series, _full, _bare in matched():
                if series.last_time >= start:
                    value = near(series, start, end)
                    if value is not None:
                        out.append(value)
                    elif series.nans or series.bounds(start, end)[0] < series.bounds(start, end)[1]:
                        return None
            return out

        return run


def make_selector(store: SeriesStore, expression: Any) -> Selector:
    """Make the selector of a parsed vector or matrix selector; raises UsageError for `@` and `or`."""
    span = 0
    if isinstance(expression, promql_parser.MatrixSelector):
        span = seconds_of(expression.range)
        expression = expression.vector_selector
    if expression.at is not None:
        refuse("the @ modifier", "offset")
    if expression.matchers.or_matchers:
        refuse("`or` between matchers", "matchers joined by commas")
    matchers = tuple(_matcher(one) for one in expression.matchers.matchers)
    name = expression.name
    exact = [one.value for one in matchers if one.name == NAME and one.op == "="]
    return Selector(store, name or (exact[0] if exact else None), matchers,
                    seconds_of(expression.offset), span)  # fmt: skip


def _matcher(parsed: Any) -> Matcher:
    operator = next(text for text, known in _OPERATORS if parsed.op == known)
    return Matcher(parsed.name, operator, parsed.value)
