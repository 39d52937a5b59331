"""What an expression compiles to: closures from a unix second to a vector or a scalar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from twin.errors import UsageError
from twin.monitoring.labels import Labels
from twin.monitoring.series import SeriesStore

__all__ = [
    "Compiles",
    "RoughVector",
    "Sample",
    "ScalarNode",
    "Vector",
    "VectorNode",
    "refuse",
    "without_names",
]

Sample = tuple[Labels, float]
Vector = list[Sample]
RoughVector = list[tuple[float, float]]
"""Values with a bound on the error of each, without labels."""


@dataclass(frozen=True, slots=True)
class VectorNode:
    """An expression of type instant vector.

    *distinct* says that its label sets stay distinct when their names are dropped, so that
    nobody needs to look. *rough* gives the values cheaply, for comparisons that are not close;
    None where it cannot.
    """

    run: Callable[[int], Vector]
    distinct: bool
    rough: Callable[[int], RoughVector | None] | None = None


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """An expression of type scalar; *constant* is its value where it is the same at all times."""

    run: Callable[[int], float]
    constant: float | None = None


class Compiles(Protocol):
    """What the parts of the compiler ask of the whole."""

    @property
    def store(self) -> SeriesStore:
        """The store that the closures will read."""

    def vector(self, expression: Any) -> VectorNode:
        """Compile an *expression* of type instant vector."""

    def scalar(self, expression: Any) -> ScalarNode:
        """Compile an *expression* of type scalar."""

    def select(self, expression: Any) -> Any:
        """Return the `Selector` of a vector or matrix selector, noted for the lint."""


def refuse(what: str, supported: str) -> NoReturn:
    """Raise the UsageError for a construct outside the subset."""
    raise UsageError(f"PromQL: {what} is not supported here; supported: {supported}")


def without_names(node: VectorNode) -> VectorNode:
    """Guard *node*, whose run has dropped names, against two elements of one label set.

    Prometheus fails such a query: `vector cannot contain metrics with the same labelset`.
    """
    if node.distinct:
        return node
    inner = node.run

    def run(time: int) -> Vector:
        vector = inner(time)
        if len({labels for labels, _ in vector}) < len(vector):
            raise UsageError(
                "PromQL: vector cannot contain metrics with the same labelset; "
                "select one metric or aggregate before the operation that drops the name"
            )
        return vector

    return VectorNode(run, distinct=True)
