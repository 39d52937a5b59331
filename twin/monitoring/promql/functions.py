"""Functions of vectors and scalars, each compiled to a closure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import promql_parser

from twin.errors import UsageError
from twin.monitoring.labels import Labels
from twin.monitoring.promql.node import (
    Compiles,
    RoughVector,
    ScalarNode,
    Vector,
    VectorNode,
    refuse,
    without_names,
)
from twin.monitoring.promql.quantiles import bucket_quantile, quantile
from twin.monitoring.promql.ranges import RANGE_FUNCTIONS, regression
from twin.monitoring.promql.selectors import RangeFunction
from twin.monitoring.promql.subquery import compile_subquery
from twin.monitoring.series import Series

__all__ = ["SUPPORTED", "compile_call"]


def compile_call(compiler: Compiles, call: Any) -> VectorNode | ScalarNode:
    """Compile the parsed *call*; raises UsageError for a function outside `SUPPORTED`."""
    name = call.func.name
    if name in RANGE_FUNCTIONS:
        return _range(compiler, name, call.args[0])
    if name in _VALUES:
        return _mapped(compiler.vector(call.args[0]), _VALUES[name])
    if name not in _SPECIAL:
        refuse(f"the function {name}()", ", ".join(SUPPORTED))
    return _SPECIAL[name](compiler, call.args)


_SUMS = ("avg_over_time", "sum_over_time")
"""Functions of a range that have rough values."""


def _range(compiler: Compiles, name: str, argument: Any) -> VectorNode:
    """A function of a range alone."""
    return _over(
        compiler, argument, RANGE_FUNCTIONS[name], keep=name == "last_over_time", name=name
    )


def _over(
    compiler: Compiles, argument: Any, function: RangeFunction, *, keep: bool = False,
    name: str = "",
) -> VectorNode:  # fmt: skip
    """Compile *function* of a range of a selector or of a subquery; *keep* the metric's name."""
    argument = _unwrapped(argument)
    if isinstance(argument, promql_parser.SubqueryExpr):
        return compile_subquery(compiler, argument, function, keep_name=keep)
    selector = compiler.select(argument)
    rough = selector.rough(whole=name == "sum_over_time") if name in _SUMS else None
    run = selector.ranged(function, keep_name=keep)
    node = VectorNode(run, distinct=selector.name is not None, rough=rough)
    return node if keep else without_names(node)


def _unwrapped(argument: Any) -> Any:
    while isinstance(argument, promql_parser.ParenExpr):
        argument = argument.expr
    return argument


def _mapped(inner: VectorNode, function: Callable[[float], float]) -> VectorNode:
    run = inner.run

    def mapped(time: int) -> Vector:
        return [(labels.bare, function(value)) for labels, value in run(time)]

    return without_names(VectorNode(mapped, inner.distinct, _absolute(inner, function)))


def _absolute(
    inner: VectorNode, function: Callable[[float], float]
) -> Callable[[int], RoughVector | None] | None:
    """Return the rough values of abs(); no other function keeps the bound on an error."""
    source = inner.rough
    if source is None or function is not abs:
        return None

    def rough(time: int) -> RoughVector | None:
        found = source(time)
        return None if found is None else [(abs(value), error) for value, error in found]

    return rough


def _guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """Let *function* answer with infinity or NaN, as IEEE 754 does, where Python raises."""

    def guarded(value: float) -> float:
        try:
            return float(function(value))
        except OverflowError:
            # exp of much; floor and ceil of an infinity, which stays itself
            return value if math.isinf(value) else math.inf
        except ValueError:
            # ln of 0 and below; sqrt below 0; floor and ceil of NaN
            return -math.inf if value == 0 else math.nan

    return guarded


_VALUES: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": _guarded(math.ceil),
    "exp": _guarded(math.exp),
    "floor": _guarded(math.floor),
    "ln": _guarded(math.log),
    "sgn": lambda value: value if math.isnan(value) else float((value > 0) - (value < 0)),
    "sqrt": _guarded(math.sqrt),
}


def _clamp(compiler: Compiles, arguments: Any, *, low: int, high: int) -> VectorNode:
    """Bound the first argument; *low* and *high* are the positions of the bounds, 0 for none."""
    inner = compiler.vector(arguments[0])
    least = compiler.scalar(arguments[low]).run if low else lambda _time: -math.inf
    most = compiler.scalar(arguments[high]).run if high else lambda _time: math.inf

    def run(time: int) -> Vector:
        bottom, top = least(time), most(time)
        if top < bottom:
            return []
        if math.isnan(top) or math.isnan(bottom):
            return [(labels.bare, math.nan) for labels, _ in inner.run(time)]
        return [
            (labels.bare, value if math.isnan(value) else max(bottom, min(top, value)))
            for labels, value in inner.run(time)
        ]

    return without_names(VectorNode(run, inner.distinct))


def _round(compiler: Compiles, arguments: Any) -> VectorNode:
    """To the nearest multiple, halves up; 1 / nearest is taken first, as Prometheus does."""
    inner = compiler.vector(arguments[0])
    nearest = compiler.scalar(arguments[1]).run if len(arguments) > 1 else lambda _time: 1.0
    floor = _VALUES["floor"]

    def run(time: int) -> Vector:
        step = nearest(time)
        inverse = 1.0 / step if step else math.inf
        return [
            (labels.bare, floor(value * inverse + 0.5) / inverse)
            for labels, value in inner.run(time)
        ]

    return without_names(VectorNode(run, inner.distinct))


def _time(_compiler: Compiles, _arguments: Any) -> ScalarNode:
    return ScalarNode(float)


def _timestamp(compiler: Compiles, arguments: Any) -> VectorNode:
    """The time of each sample: its own for a selector, the evaluation's for anything else."""
    argument = _unwrapped(arguments[0])
    if isinstance(argument, promql_parser.VectorSelector):
        selector = compiler.select(argument)
        stamped = VectorNode(selector.instant(stamps=True), selector.name is not None)
        return _mapped(stamped, float)
    inner = compiler.vector(argument)

    def run(time: int) -> Vector:
        return [(labels.bare, float(time)) for labels, _ in inner.run(time)]

    return without_names(VectorNode(run, inner.distinct))


def _absent(compiler: Compiles, arguments: Any) -> VectorNode:
    inner = compiler.vector(arguments[0]).run
    labels = _absent_labels(compiler, arguments[0])

    def run(time: int) -> Vector:
        return [] if inner(time) else [(labels, 1.0)]

    return VectorNode(run, distinct=True)


def _absent_over_time(compiler: Compiles, arguments: Any) -> VectorNode:
    argument = _unwrapped(arguments[0])
    inner = _over(compiler, argument, RANGE_FUNCTIONS["count_over_time"], keep=True).run
    chosen = getattr(argument, "vector_selector", None)  # a subquery pins no label
    labels = _absent_labels(compiler, chosen)

    def run(time: int) -> Vector:
        return [] if inner(time) else [(labels, 1.0)]

    return VectorNode(run, distinct=True)


def _absent_labels(compiler: Compiles, argument: Any) -> Labels:
    """The labels that a selector pins to one value (`createLabelsForAbsentFunction`)."""
    argument = _unwrapped(argument)
    if not isinstance(argument, promql_parser.VectorSelector):
        return compiler.store.labels.intern(())
    pinned: dict[str, str] = {}
    loose = []
    for matcher in argument.matchers.matchers:
        if matcher.name == "__name__":
            continue
        if matcher.op == promql_parser.MatchOp.Equal and matcher.name not in pinned:
            pinned[matcher.name] = matcher.value
        else:
            loose.append(matcher.name)
    kept = [(name, value) for name, value in pinned.items() if name not in loose]
    return compiler.store.labels.intern(kept)


def _quantile_over_time(compiler: Compiles, arguments: Any) -> VectorNode:
    share = compiler.scalar(arguments[0]).run
    asked = _Asked()

    def function(series: Series, start: int, end: int) -> float | None:
        _, values = series.window(start, end)
        return quantile(share(asked.time), values) if values else None

    return asked.noting(_over(compiler, arguments[1], function))


def _predict_linear(compiler: Compiles, arguments: Any) -> VectorNode:
    """The value so many seconds after the evaluation, on the least-squares line of the range."""
    ahead = compiler.scalar(arguments[1]).run
    asked = _Asked()

    def function(series: Series, start: int, end: int) -> float | None:
        times, values = series.window(start, end)
        if len(values) < 2:
            return None
        slope, intercept = regression(times, values, asked.time)
        return slope * ahead(asked.time) + intercept

    return asked.noting(_over(compiler, arguments[0], function))


class _Asked:
    """The second of the evaluation, for functions of a range that need more than the range."""

    __slots__ = ("time",)

    def __init__(self) -> None:
        self.time = 0

    def noting(self, node: VectorNode) -> VectorNode:
        """Return *node*, noting the second of each evaluation first."""
        inner = node.run

        def run(time: int) -> Vector:
            self.time = time
            return inner(time)

        return VectorNode(run, node.distinct)


def _histogram_quantile(compiler: Compiles, arguments: Any) -> VectorNode:
    """The quantile of each histogram: buckets that differ in nothing but `le` and the name."""
    share, inner = compiler.scalar(arguments[0]).run, compiler.vector(arguments[1]).run
    groups = compiler.store.labels.mapper(
        lambda labels: [pair for pair in labels.bare.pairs if pair[0] != "le"]
    )

    def run(time: int) -> Vector:
        found: dict[Labels, list[tuple[float, float]]] = {}
        for labels, count in inner(time):
            try:
                bound = float(labels.map.get("le", ""))
            except ValueError:
                continue
            found.setdefault(groups[labels], []).append((bound, count))
        wanted = share(time)
        return [(labels, bucket_quantile(wanted, buckets)) for labels, buckets in found.items()]

    return VectorNode(run, distinct=True)


def _scalar(compiler: Compiles, arguments: Any) -> ScalarNode:
    inner = compiler.vector(arguments[0]).run

    def run(time: int) -> float:
        vector = inner(time)
        return vector[0][1] if len(vector) == 1 else math.nan

    return ScalarNode(run)


def _vector(compiler: Compiles, arguments: Any) -> VectorNode:
    inner = compiler.scalar(arguments[0]).run
    labels = compiler.store.labels.intern(())
    return VectorNode(lambda time: [(labels, inner(time))], distinct=True)


def _label_replace(compiler: Compiles, arguments: Any) -> VectorNode:
    """label_replace(v, target, replacement, source, regex): the regex must match all of it."""
    inner = compiler.vector(arguments[0])
    target, replacement, source, pattern = (one.val for one in arguments[1:])
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", target):
        raise UsageError(f"PromQL: label_replace() into {target!r}: that is no label name")
    regex = re.compile(pattern)

    def change(labels: Labels) -> Iterable[tuple[str, str]]:
        match = regex.fullmatch(labels.map.get(source, ""))
        if match is None:
            return labels.pairs
        changed = {**labels.map, target: _expand(replacement, match)}
        return changed.items()

    mapper = compiler.store.labels.mapper(change)

    def run(time: int) -> Vector:
        return [(mapper[labels], value) for labels, value in inner.run(time)]

    return without_names(VectorNode(run, distinct=False))


def _expand(replacement: str, match: re.Match[str]) -> str:
    """Put the groups of *match* for `$1`, `${1}`, `$name` (Go's regexp.Expand); `$$` is `$`."""

    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return "$"
        key: int | str = int(name) if name.isdigit() else name
        try:
            return match[key] or ""
        except IndexError:
            return ""

    return re.sub(r"\$(?:\{(\w+)\}|(\w+)|\$)", group, replacement)


_SPECIAL: Mapping[str, Callable[[Compiles, Any], VectorNode | ScalarNode]] = {
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "clamp": lambda compiler, arguments: _clamp(compiler, arguments, low=1, high=2),
    "clamp_max": lambda compiler, arguments: _clamp(compiler, arguments, low=0, high=1),
    "clamp_min": lambda compiler, arguments: _clamp(compiler, arguments, low=1, high=0),
    "histogram_quantile": _histogram_quantile,
    "label_replace": _label_replace,
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "round": _round,
    "scalar": _scalar,
    "time": _time,
    "timestamp": _timestamp,
    "vector": _vector,
}

SUPPORTED = tuple(sorted([*RANGE_FUNCTIONS, *_VALUES, *_SPECIAL]))
"""Every function that an expression may call."""
