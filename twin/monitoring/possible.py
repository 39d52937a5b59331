"""What an expression can never do: match labels that one side lacks, cross a bound that is none.

A declared metric has all of its labels on every series, so that the labels of an expression
follow from its text. Where they do not (a recorded series, `ALERTS`), nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser

from twin.monitoring.metrics import Metrics

__all__ = ["impossible"]

_COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
_MIRROR = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
_KEEPING = (
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "last_over_time",
    "quantile_over_time",
)
"""Functions of a range whose value lies between the least and the greatest of it."""

_SHARE = 2.0
"""No ratio that is declared reaches it: what is compared with more is meant in percent."""

Labels = frozenset[str] | None


def impossible(text: str, metrics: Metrics) -> list[str]:
    """Return what is impossible in the PromQL *text*, which parses, over declared *metrics*."""
    return list(_Looking(metrics).visit(promql_parser.parse(text)))


class _Looking:
    """One look at an expression."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def visit(self, expression: Any) -> Iterator[str]:
        """Yield every problem of *expression* and of what it is made of."""
        if isinstance(expression, promql_parser.BinaryExpr):
            yield from self._matching(expression)
            yield from self._threshold(expression)
        for child in _children(expression):
            yield from self.visit(child)

    def _matching(self, expression: Any) -> Iterator[str]:
        name, modifier = str(expression.op), expression.modifier
        left, right = self.labels(expression.lhs), self.labels(expression.rhs)
        if name == "or" or left is None or right is None:
            return
        if _scalar(expression.lhs) or _scalar(expression.rhs):
            return
        matching = None if modifier is None else modifier.matching
        if matching is not None and matching.type == promql_parser.LabelModifierType.Include:
            lone = frozenset(one for one in matching.labels if (one in left) != (one in right))
        else:
            dropped: frozenset[str] = frozenset(() if matching is None else matching.labels)
            lone = (left ^ right) - dropped
        if lone:
            names = ", ".join(sorted(lone))
            yield f"the sides of {name!r} never match: only one of them has the label(s) {names}"

    def _threshold(self, expression: Any) -> Iterator[str]:
        name = str(expression.op)
        if name not in _COMPARISONS:
            return
        left, right = _bare(expression.lhs), _bare(expression.rhs)
        number = _number(right)
        if number is None:
            left, number, name = right, _number(left), _MIRROR.get(name, name)
        metric = self._kept(left)
        if number is None or metric is None or metric not in self._metrics:
            return
        unit = self._metrics[metric].unit
        if unit == "bool" and not _two_sided(name, number):
            yield f"{metric} is 0 or 1: {name} {number:g} always holds or never does"
        if unit == "ratio" and (number >= _SHARE or number < 0):
            yield f"{metric} is a share, 1.0 is the whole: it is never near {number:g}"

    def _kept(self, expression: Any) -> str | None:
        """The metric whose own values *expression* gives, if it is one."""
        if isinstance(expression, promql_parser.Call) and expression.func.name in _KEEPING:
            return self._kept(_bare(expression.args[-1]))
        if isinstance(expression, promql_parser.MatrixSelector):
            expression = expression.vector_selector
        if isinstance(expression, promql_parser.VectorSelector):
            name: str | None = expression.name
            return name
        return None

    def labels(self, expression: Any) -> Labels:
        """Return the labels that every element of *expression* has, None where that is not known."""
        expression = _bare(expression)
        handler = _LABELS.get(type(expression))
        return None if handler is None else handler(self, expression)

    def of_selector(self, expression: Any) -> Labels:
        """Those of the metric."""
        if isinstance(expression, promql_parser.MatrixSelector):
            expression = expression.vector_selector
        name = expression.name
        return frozenset(self._metrics[name].labels) if name in self._metrics else None

    def of_call(self, call: Any) -> Labels:
        """Those of the vector that it is a function of; it is the last but for some functions."""
        name = call.func.name
        if name in {"absent", "absent_over_time", "vector", "label_replace", "label_join",
                    "histogram_quantile"}:  # fmt: skip
            return None
        known = [self.labels(one) for one in call.args if not _scalar(one)]
        return known[0] if known else frozenset()

    def of_aggregate(self, expression: Any) -> Labels:
        """Those that it is grouped by; topk and bottomk keep all."""
        inner, modifier = self.labels(expression.expr), expression.modifier
        if str(expression.op) in {"topk", "bottomk"}:
            return inner
        if modifier is None:
            return frozenset()
        named = frozenset(modifier.labels)
        if modifier.type == promql_parser.AggModifierType.By:
            return None if inner is None else named & inner
        return None if inner is None else inner - named

    def of_binary(self, expression: Any) -> Labels:
        """Those of the side that is kept."""
        left, right = self.labels(expression.lhs), self.labels(expression.rhs)
        if _scalar(expression.lhs):
            return right
        if _scalar(expression.rhs) or str(expression.op) in {"and", "unless"}:
            return left
        if str(expression.op) == "or":
            return left if left == right else None
        return self._matched(left, expression.modifier)

    @staticmethod
    def _matched(left: Labels, modifier: Any) -> Labels:
        """What arithmetic and comparisons leave of the labels on the *left*."""
        if modifier is None or left is None:
            return left
        if modifier.card != promql_parser.VectorMatchCardinality.OneToOne:
            return None
        if modifier.matching is None:
            return left
        named = frozenset(modifier.matching.labels)
        include = modifier.matching.type == promql_parser.LabelModifierType.Include
        return left & named if include else left - named


_LABELS: Mapping[type, Callable[[_Looking, Any], Labels]] = {
    promql_parser.AggregateExpr: _Looking.of_aggregate,
    promql_parser.BinaryExpr: _Looking.of_binary,
    promql_parser.Call: _Looking.of_call,
    promql_parser.MatrixSelector: _Looking.of_selector,
    promql_parser.NumberLiteral: lambda _self, _expression: frozenset(),
    promql_parser.SubqueryExpr: lambda self, expression: self.labels(expression.expr),
    promql_parser.UnaryExpr: lambda self, expression: self.labels(expression.expr),
    promql_parser.VectorSelector: _Looking.of_selector,
}


def _bare(expression: Any) -> Any:
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    return expression


def _number(expression: Any) -> float | None:
    if isinstance(expression, promql_parser.NumberLiteral):
        return float(expression.val)
    if isinstance(expression, promql_parser.UnaryExpr):
        inner = _number(_bare(expression.expr))
        return None if inner is None else -inner
    return None


def _scalar(expression: Any) -> bool:
    """Whether *expression* is a number rather than a vector."""
    expression = _bare(expression)
    if isinstance(expression, promql_parser.BinaryExpr):
        return _scalar(expression.lhs) and _scalar(expression.rhs)
    if isinstance(expression, promql_parser.Call):
        return expression.func.name in {"time", "scalar", "pi"}
    if isinstance(expression, promql_parser.UnaryExpr):
        return _scalar(expression.expr)
    return isinstance(expression, promql_parser.NumberLiteral | promql_parser.StringLiteral)


def _two_sided(name: str, number: float) -> bool:
    """Whether one of 0 and 1 satisfies the comparison and the other does not."""
    holds: Mapping[str, Callable[[float], bool]] = {
        "==": lambda value: value == number, "!=": lambda value: value != number,
        ">": lambda value: value > number, "<": lambda value: value < number,
        ">=": lambda value: value >= number, "<=": lambda value: value <= number,
    }  # fmt: skip
    return holds[name](0) != holds[name](1)


def _children(expression: Any) -> list[Any]:
    if isinstance(expression, promql_parser.BinaryExpr):
        return [expression.lhs, expression.rhs]
    if isinstance(expression, promql_parser.Call):
        return list(expression.args)
    inner = getattr(expression, "expr", None)
    return [] if inner is None else [inner]
