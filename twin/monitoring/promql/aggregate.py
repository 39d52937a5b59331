"""Aggregations, by or without labels.

Sums are exact, so that they do not depend on the order in which series came to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import promql_parser

from twin.monitoring.labels import NAME, LabelMapper, Labels
from twin.monitoring.promql.node import Compiles, Sample, Vector, VectorNode, refuse
from twin.monitoring.promql.quantiles import quantile
from twin.monitoring.promql.ranges import total

__all__ = ["compile_aggregate"]


def _lowest(values: Sequence[float]) -> float:
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def _highest(values: Sequence[float]) -> float:
    return max((value for value in values if not math.isnan(value)), default=math.nan)


def _average(values: Sequence[float]) -> float:
    return total(values) / len(values)


def _count(values: Sequence[float]) -> float:
    return float(len(values))


def _variance(values: Sequence[float]) -> float:
    """The population variance, from exact sums; Prometheus' recurrence depends on the order."""
    mean = total(values) / len(values)
    return total((value - mean) ** 2 for value in values) / len(values)


_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "avg": _average,
    "count": _count,
    "group": lambda _values: 1.0,
    "max": _highest,
    "min": _lowest,
    "stddev": lambda values: math.sqrt(_variance(values)),
    "stdvar": _variance,
    "sum": total,
}


_PARAMETRIC = ("topk", "bottomk", "quantile")


def compile_aggregate(compiler: Compiles, parsed: Any) -> VectorNode:
    """Compile a *parsed* aggregation."""
    name = str(parsed.op)
    if name not in _FUNCTIONS and name not in _PARAMETRIC:
        refuse(f"the aggregation {name}", ", ".join([*_FUNCTIONS, *_PARAMETRIC]))
    inner = compiler.vector(parsed.expr)
    groups = _groups(compiler, parsed.modifier)
    if name in {"topk", "bottomk"}:
        return _ranked(compiler, parsed.param, inner, groups, most=name == "topk")
    distinct = parsed.modifier is None or NAME not in parsed.modifier.labels
    if name == "quantile":
        return _quantile(compiler, parsed.param, inner, groups, distinct=distinct)
    function, source = _FUNCTIONS[name], inner.run

    def run(time: int) -> Vector:
        found: dict[Labels, list[float]] = {}
        for labels, value in source(time):
            key = groups[labels]
            if key in found:
                found[key].append(value)
            else:
                found[key] = [value]
        return [(labels, function(values)) for labels, values in found.items()]

    return VectorNode(run, distinct=distinct)


def _groups(compiler: Compiles, modifier: Any) -> LabelMapper:
    """The labels of the group that an element belongs to."""
    if modifier is None:
        return compiler.store.labels.mapper(lambda _labels: ())
    named = tuple(modifier.labels)
    if modifier.type == promql_parser.AggModifierType.By:

        def chosen(labels: Labels) -> Iterable[tuple[str, str]]:
            return [pair for pair in labels.pairs if pair[0] in named]

    else:

        def chosen(labels: Labels) -> Iterable[tuple[str, str]]:
            return [pair for pair in labels.bare.pairs if pair[0] not in named]

    return compiler.store.labels.mapper(chosen)


def _quantile(
    compiler: Compiles, param: Any, inner: VectorNode, groups: LabelMapper, *, distinct: bool
) -> VectorNode:
    """The quantile of each group."""
    source, share = inner.run, compiler.scalar(param).run

    def run(time: int) -> Vector:
        wanted = share(time)
        found: dict[Labels, list[float]] = {}
        for labels, value in source(time):
            found.setdefault(groups[labels], []).append(value)
        return [(labels, quantile(wanted, values)) for labels, values in found.items()]

    return VectorNode(run, distinct=distinct)


def _ranked(
    compiler: Compiles, param: Any, inner: VectorNode, groups: LabelMapper, *, most: bool
) -> VectorNode:
    """The k greatest or least of each group with their own labels; NaN comes last.

    Ties go to the first.
    """
    source, size = inner.run, compiler.scalar(param).run
    sign = -1.0 if most else 1.0

    def rank(sample: Sample) -> tuple[bool, float]:
        nan = math.isnan(sample[1])
        return nan, 0.0 if nan else sign * sample[1]

    def run(time: int) -> Vector:
        wanted = size(time)
        if not wanted >= 1:
            return []
        found: dict[Labels, Vector] = {}
        for sample in source(time):
            found.setdefault(groups[sample[0]], []).append(sample)
        kept = int(min(wanted, 1 << 62))
        return [sample for group in found.values() for sample in sorted(group, key=rank)[:kept]]

    return VectorNode(run, inner.distinct)
