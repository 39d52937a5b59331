"""The compiler: a parsed expression becomes closures over one store, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import promql_parser

from twin.errors import UsageError
from twin.monitoring.promql.aggregate import compile_aggregate
from twin.monitoring.promql.binary import compile_binary
from twin.monitoring.promql.functions import compile_call
from twin.monitoring.promql.node import ScalarNode, Vector, VectorNode, refuse, without_names
from twin.monitoring.promql.selectors import Selector, make_selector
from twin.monitoring.series import SeriesStore

__all__ = ["Expression", "compile_expression"]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: *text* as written, *selectors* all that it reads.

    `vector` gives interned label sets in the order of evaluation, which is the same in every
    run; a scalar comes as one element without labels, as a rule sees it.
    """

    text: str
    kind: Literal["vector", "scalar"]
    selectors: tuple[Selector, ...]
    vector: Callable[[int], Vector]

    @property
    def names(self) -> list[str]:
        """The metrics that the expression names, sorted."""
        return sorted({one.name for one in self.selectors if one.name is not None})

    def at(self, time: int) -> list[tuple[Mapping[str, str], float]]:
        """Evaluate at unix second *time*: (labels, value), sorted by labels.

        Raises UsageError where Prometheus would fail the query: labels that do not match
        uniquely, or that coincide once names are dropped.
        """
        found = sorted(self.vector(time), key=lambda sample: sample[0].pairs)
        return [(labels.map, value) for labels, value in found]


def compile_expression(text: str, store: SeriesStore) -> Expression:
    """Compile the PromQL *text* against *store*; raises UsageError saying what is wrong."""
    try:
        parsed = promql_parser.parse(text)
    except ValueError as problem:
        raise UsageError(f"PromQL: {problem}: {text!r}") from problem
    compiler = _Compiler(store)
    node = compiler.compile(parsed)
    chosen = tuple(compiler.selectors)
    if isinstance(node, VectorNode):
        return Expression(text, "vector", chosen, node.run)
    empty, number = store.labels.intern(()), node.run
    return Expression(text, "scalar", chosen, lambda time: [(empty, number(time))])


class _Compiler:
    """Walks one parsed expression; *selectors* collects what it reads."""

    def __init__(self, store: SeriesStore) -> None:
        """Start with nothing read."""
        self.store = store
        self.selectors: list[Selector] = []

    def select(self, expression: Any) -> Selector:
        """Return the selector of a parsed one, and remember it."""
        made = make_selector(self.store, expression)
        self.selectors.append(made)
        return made

    def vector(self, expression: Any) -> VectorNode:
        """Compile what must be a vector; the parser has checked types, except for strings."""
        node = self.compile(expression)
        if not isinstance(node, VectorNode):
            raise UsageError("PromQL: a vector is needed where a scalar stands")
        return node

    def scalar(self, expression: Any) -> ScalarNode:
        """Compile what must be a scalar."""
        node = self.compile(expression)
        if not isinstance(node, ScalarNode):
            raise UsageError("PromQL: a scalar is needed where a vector stands")
        return node

    def compile(self, expression: Any) -> VectorNode | ScalarNode:
        """Compile any expression, by its type."""
        handler = _HANDLERS.get(type(expression))
        if handler is None:
            kinds = "instant vectors and scalars"
            refuse(f"{type(expression).__name__} as a value", kinds)
        return handler(self, expression)


def _number(_compiler: _Compiler, expression: Any) -> ScalarNode:
    value = float(expression.val)
    return ScalarNode(lambda _time: value, value)


def _selector(compiler: _Compiler, expression: Any) -> VectorNode:
    selector = compiler.select(expression)
    return VectorNode(selector.instant(), distinct=selector.name is not None)


def _parenthesis(compiler: _Compiler, expression: Any) -> VectorNode | ScalarNode:
    return compiler.compile(expression.expr)


def _minus(compiler: _Compiler, expression: Any) -> VectorNode | ScalarNode:
    node = compiler.compile(expression.expr)
    if isinstance(node, ScalarNode):
        number = node.run
        constant = None if node.constant is None else -node.constant
        return ScalarNode(lambda time: -number(time), constant)
    inner = node.run

    def run(time: int) -> Vector:
        return [(labels.bare, -value) for labels, value in inner(time)]

    return without_names(VectorNode(run, node.distinct))


def _binary(compiler: _Compiler, expression: Any) -> VectorNode | ScalarNode:
    left, right = compiler.compile(expression.lhs), compiler.compile(expression.rhs)
    return compile_binary(compiler, expression, left, right)


_HANDLERS: Mapping[type, Callable[[_Compiler, Any], VectorNode | ScalarNode]] = {
    promql_parser.AggregateExpr: compile_aggregate,
    promql_parser.BinaryExpr: _binary,
    promql_parser.Call: compile_call,
    promql_parser.NumberLiteral: _number,
    promql_parser.ParenExpr: _parenthesis,
    promql_parser.UnaryExpr: _minus,
    promql_parser.VectorSelector: _selector,
}
