"""Subqueries: an expression as a range, at every multiple of a step.

The steps are multiples of the step since 1970, as in Prometheus (promql/engine.go), so that two
evaluations share most of theirs. What an expression gave at a past second stays true, since
samples come in order of time; it is kept until the range has left it behind. The present second
is never kept: a rule of the same evaluation may still write to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.errors import UsageError
from twin.monitoring.labels import Labels
from twin.monitoring.promql.node import Compiles, Vector, VectorNode, refuse, without_names
from twin.monitoring.promql.selectors import RangeFunction, seconds_of
from twin.monitoring.series import Series

__all__ = ["compile_subquery"]


def compile_subquery(
    compiler: Compiles, parsed: Any, function: RangeFunction, *, keep_name: bool
) -> VectorNode:
    """Compile *function* of the *parsed* subquery; raises UsageError without a step, and for `@`."""
    if parsed.at is not None:
        refuse("the @ modifier", "offset")
    step = seconds_of(parsed.step)
    if not step:
        raise UsageError("PromQL: a subquery without a step: write it, as in [30m:1m]")
    points = _Points(compiler.vector(parsed.expr).run, step)
    span, offset = seconds_of(parsed.range), seconds_of(parsed.offset)

    def run(time: int) -> Vector:
        end = time - offset
        start = end - span
        out: Vector = []
        for labels, series in points.series(start, end, time).items():
            value = function(series, start, end)
            if value is not None:
                out.append((labels if keep_name else labels.bare, value))
        return out

    node = VectorNode(run, distinct=False)
    return node if keep_name else without_names(node)


class _Points:
    """What an expression gave at the multiples of *step*."""

    def __init__(self, run: Callable[[int], Vector], step: int) -> None:
        self._run, self._step = run, step
        self._kept: dict[int, Vector] = {}

    def series(self, start: int, end: int, now: int) -> dict[Labels, Series]:
        """Return a series for each element seen at a step in [start, end], in order of sight."""
        first = -(-start // self._step) * self._step
        for second in [second for second in self._kept if second < first]:
            del self._kept[second]
        found: dict[Labels, Series] = {}
        for second in range(first, end + 1, self._step):
            vector = self._kept.get(second)
            if vector is None:
                vector = self._run(second)
                if second < now:
                    self._kept[second] = vector
            for labels, value in vector:
                series = found.get(labels)
                if series is None:
                    series = found[labels] = Series("", labels)
                series.append(second, value)
        return found
