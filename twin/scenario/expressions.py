"""PromQL in a scenario: it parses, it gives numbers, and its metrics exist."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from twin.scenario.problems import Place, Report, hint

__all__ = ["check_expression"]

_LONGEST = 2_000
"""Characters; the parser recurses, and a scenario is no place for more."""


def check_expression(
    text: str, place: Place, *, what: str, metrics: Collection[str], report: Report
) -> None:
    """Report what is wrong with the PromQL *text* of the field *what*, which stands at *place*."""
    import promql_parser

    if len(text) > _LONGEST:
        report.add(place, f"{what}: the expression is longer than {_LONGEST} characters")
        return
    try:
        tree = promql_parser.parse(text)
    except ValueError as error:
        report.add(place, f"{what}: this is no PromQL: {error}")
        return
    inner = tree
    while isinstance(inner, promql_parser.ParenExpr):
        inner = inner.expr
    no_samples = (
        promql_parser.MatrixSelector, promql_parser.SubqueryExpr, promql_parser.StringLiteral,
    )  # fmt: skip
    if isinstance(inner, no_samples):
        report.add(place, f"{what}: the expression gives no instant values: take a function of it")
    for name in _metrics(tree):
        if name is None:
            report.add(place, f"{what}: a selector names no metric: write fictra_...{{...}}")
        elif name not in metrics:
            report.add(place, f"{what}: there is no metric {name!r}", hint(name, metrics))


def _metrics(tree: Any) -> list[str | None]:
    """Return the metric of each selector in *tree*, in order; None where one names no metric."""
    import promql_parser

    found: dict[str | None, None] = {}

    def visit(expr: Any) -> bool:
        if isinstance(expr, promql_parser.VectorSelector):
            equal = promql_parser.MatchOp.Equal
            named = (
                m.value for m in expr.matchers.matchers if m.name == "__name__" and m.op == equal
            )
            found.setdefault(expr.name or next(named, None))
        return True

    promql_parser.walk(tree, visit)
    return list(found)
