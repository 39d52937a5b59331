"""Binary operators: arithmetic, comparisons that filter, set operators, and vector matching.

As in Prometheus 2.42 (promql/engine.go, `VectorBinop` and `VectorscalarBinop`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import promql_parser

from twin.errors import UsageError
from twin.monitoring.labels import NAME, LabelMapper, Labels
from twin.monitoring.promql.node import (
    Compiles,
    RoughVector,
    ScalarNode,
    Vector,
    VectorNode,
    refuse,
    without_names,
)

__all__ = ["compile_binary"]

Operation = Callable[[float, float], float]


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _modulo(left: float, right: float) -> float:
    """The remainder with the sign of *left* (Go's math.Mod)."""
    if right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        odd = right % 2 == 1
        return -math.inf if left < 0 and odd else math.inf
    except ValueError:  # 0 to a negative power is infinite; a root of a negative number is none
        return math.inf if left == 0 else math.nan


_ARITHMETIC: Mapping[str, Operation] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _modulo,
    "^": _power,
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_SETS = ("and", "or", "unless")
_SUPPORTED = ", ".join([*_ARITHMETIC, *_COMPARISONS, *_SETS])


def compile_binary(
    compiler: Compiles,
    parsed: Any,
    left: VectorNode | ScalarNode,
    right: VectorNode | ScalarNode,
) -> VectorNode | ScalarNode:
    """Compile the *parsed* operator between two compiled sides."""
    name = str(parsed.op)
    if name not in _ARITHMETIC and name not in _COMPARISONS and name not in _SETS:
        refuse(f"the operator {name}", _SUPPORTED)
    modifier = parsed.modifier
    if modifier is not None and (modifier.fill_values.lhs, modifier.fill_values.rhs) != (
        None,
        None,
    ):
        refuse("fill()", "on, ignoring, group_left, group_right")
    as_bool = modifier is not None and modifier.return_bool
    if isinstance(left, ScalarNode) and isinstance(right, ScalarNode):
        return _scalars(name, left, right)
    if isinstance(left, ScalarNode):
        assert isinstance(right, VectorNode)  # noqa: S101 - the other case returned above
        return _vector_scalar(name, right, left, swapped=True, as_bool=as_bool)
    if isinstance(right, ScalarNode):
        return _vector_scalar(name, left, right, swapped=False, as_bool=as_bool)
    keys = _keys(compiler, modifier)
    if name in _SETS:
        return _set(name, left, right, keys)
    return _Match(compiler, name, modifier, keys, as_bool=as_bool).node(left, right)


def _scalars(name: str, left: ScalarNode, right: ScalarNode) -> ScalarNode:
    function = _ARITHMETIC.get(name) or _COMPARISONS[name]
    if left.constant is not None and right.constant is not None:
        value = float(function(left.constant, right.constant))
        return ScalarNode(lambda _time: value, value)
    one, other = left.run, right.run
    return ScalarNode(lambda time: float(function(one(time), other(time))))


def _vector_scalar(
    name: str, vector: VectorNode, scalar: ScalarNode, *, swapped: bool, as_bool: bool
) -> VectorNode:
    """An operator between a vector and a number; a comparison keeps the vector's own value."""
    inner, number = vector.run, scalar.run
    if name in _ARITHMETIC:
        function = _ARITHMETIC[name]

        def calculate(time: int) -> Vector:
            value = number(time)
            if swapped:
                return [(labels.bare, function(value, own)) for labels, own in inner(time)]
            return [(labels.bare, function(own, value)) for labels, own in inner(time)]

        rough = _shifted(name, vector, scalar, swapped=swapped)
        return without_names(VectorNode(calculate, vector.distinct, rough))
    holds = _COMPARISONS[_MIRROR[name] if swapped else name]
    if as_bool:

        def judge(time: int) -> Vector:
            value = number(time)
            return [(labels.bare, float(holds(own, value))) for labels, own in inner(time)]

        return without_names(VectorNode(judge, vector.distinct))
    return VectorNode(_filter(vector, number, holds), vector.distinct)


def _filter(
    vector: VectorNode, number: Callable[[int], float], holds: Callable[[float, float], bool]
) -> Callable[[int], Vector]:
    """A comparison keeps the elements for which it holds."""
    inner, near = vector.run, vector.rough

    def keep(time: int) -> Vector:
        found = inner(time)
        if not found:
            return found
        value = number(time)
        return [sample for sample in found if holds(sample[1], value)]

    if near is None:
        return keep

    def glance(time: int) -> Vector:
        """Say from rough values that nothing is kept; anything else takes the exact ones."""
        found = near(time)
        if found is None:
            return keep(time)
        value = number(time)
        for own, error in found:
            if not abs(own - value) > error or holds(own, value):
                return keep(time)
        return []

    return glance


def _shifted(
    name: str, vector: VectorNode, scalar: ScalarNode, *, swapped: bool
) -> Callable[[int], RoughVector | None] | None:
    """Return the rough values of a sum, difference, product or quotient with a number."""
    source, number = vector.rough, scalar.run
    if source is None or name not in {"+", "-", "*", "/"} or (name == "/" and swapped):
        return None
    function, scales = _ARITHMETIC[name], name in {"*", "/"}

    def rough(time: int) -> RoughVector | None:
        found, value = source(time), number(time)
        if found is None or not math.isfinite(value) or (scales and value == 0):
            return None
        wider = abs(function(1.0, value)) if scales else 1.0
        return [
            (function(value, own) if swapped else function(own, value),
             error * wider + 1e-15 * (abs(own) + abs(value)) * wider)
            for own, error in found
        ]  # fmt: skip

    return rough


_MIRROR = {"==": "==", "!=": "!=", ">": "<", "<": ">", ">=": "<=", "<=": ">="}


def _keys(compiler: Compiles, modifier: Any) -> LabelMapper:
    """What two elements must share to match: the labels of on(), or all but those of ignoring()."""
    matching = None if modifier is None else modifier.matching
    if matching is not None and matching.type == promql_parser.LabelModifierType.Include:
        wanted = tuple(matching.labels)
        return compiler.store.labels.mapper(
            lambda labels: [pair for pair in labels.pairs if pair[0] in wanted]
        )
    dropped = (NAME, *(() if matching is None else matching.labels))
    return compiler.store.labels.mapper(
        lambda labels: [pair for pair in labels.pairs if pair[0] not in dropped]
    )


def _set(name: str, left: VectorNode, right: VectorNode, keys: LabelMapper) -> VectorNode:
    one, other = left.run, right.run

    def both(time: int) -> Vector:
        found = one(time)
        if not found:
            return found
        there = {keys[labels] for labels, _ in other(time)}
        return [sample for sample in found if keys[sample[0]] in there]

    def either(time: int) -> Vector:
        found = one(time)
        there = {keys[labels] for labels, _ in found}
        return [*found, *(sample for sample in other(time) if keys[sample[0]] not in there)]

    def without(time: int) -> Vector:
        found = one(time)
        if not found:
            return found
        there = {keys[labels] for labels, _ in other(time)}
        return [sample for sample in found if keys[sample[0]] not in there]

    if name == "or":
        return VectorNode(either, distinct=False)
    return VectorNode(both if name == "and" else without, left.distinct)


Pairing = list[tuple[int, int, Labels]]


class _Plan:
    """The pairing of the evaluation before, which holds while the same elements are there."""

    __slots__ = ("_others", "_pairs", "_rows")

    def __init__(self) -> None:
        """Nothing was paired yet."""
        self._rows: list[Labels] = []
        self._others: list[Labels] = []
        self._pairs: Pairing | None = None

    def known(self, rows: Vector, others: Vector) -> Pairing | None:
        """Return the pairing, or None where the elements are not those of the time before."""
        if len(rows) != len(self._rows) or len(others) != len(self._others):
            return None
        for (labels, _value), before in zip(rows, self._rows, strict=True):
            if labels is not before:
                return None
        for (labels, _value), before in zip(others, self._others, strict=True):
            if labels is not before:
                return None
        return self._pairs

    def keep(self, rows: Vector, others: Vector, pairs: Pairing) -> None:
        """Remember *pairs* for these elements."""
        self._rows = [labels for labels, _value in rows]
        self._others = [labels for labels, _value in others]
        self._pairs = pairs


def _sides(many: float, one: float, *, swapped: bool) -> tuple[float, float]:
    return (one, many) if swapped else (many, one)


class _Match:
    """One operator between vectors: how elements pair and which labels the result has."""

    def __init__(
        self, compiler: Compiles, name: str, modifier: Any, keys: LabelMapper, *, as_bool: bool
    ) -> None:
        """Read the cardinality and labels of *modifier*, which may be None."""
        cardinality = promql_parser.VectorMatchCardinality
        card = cardinality.OneToOne if modifier is None else modifier.card
        self.one_to_one = card == cardinality.OneToOne
        self.swapped = card == cardinality.OneToMany
        self.name, self.keys, self.as_bool = name, keys, as_bool
        self.included = tuple(modifier.group_labels or ()) if modifier is not None else ()
        self.drops_name = as_bool or name in _ARITHMETIC
        matching = None if modifier is None else modifier.matching
        self.on = matching is not None and (
            matching.type == promql_parser.LabelModifierType.Include
        )
        self.labels = () if matching is None else tuple(matching.labels)
        self.table = compiler.store.labels
        self.results: dict[tuple[Labels, Labels], Labels] = {}

    def result(self, many: Labels, one: Labels) -> Labels:
        """Return the labels of the result (`resultMetric`), worked out once for each pair."""
        key = (many, one)
        found = self.results.get(key)
        if found is None:
            found = self.results[key] = self.table.intern(self._pairs(many, one))
        return found

    def _pairs(self, many: Labels, one: Labels) -> Iterable[tuple[str, str]]:
        made = dict((many.bare if self.drops_name else many).map)
        if self.one_to_one:
            for name in list(made):
                if (name not in self.labels) if self.on else (name in self.labels):
                    del made[name]
        for name in self.included:
            made[name] = one.map.get(name, "")
        return made.items()

    def node(self, left: VectorNode, right: VectorNode) -> VectorNode:
        """Compile the operator between *left* and *right*."""
        many, one = (right.run, left.run) if self.swapped else (left.run, right.run)
        answer = self._answer()
        plan = _Plan()

        def run(time: int) -> Vector:
            rows = many(time)
            if not rows:
                return []
            others = one(time)
            pairs = plan.known(rows, others)
            if pairs is None:
                pairs = self._pairing(rows, others)
                if not self._unique(pairs):
                    return self._checked(rows, others, pairs, answer)
                plan.keep(rows, others, pairs)
            return answer(rows, others, pairs)

        return VectorNode(run, distinct=self.one_to_one or self.drops_name)

    def _answer(self) -> Callable[[Vector, Vector, Pairing], Vector]:
        """Return the operator on elements that were paired."""
        function, swapped = _ARITHMETIC.get(self.name), self.swapped
        if function is not None:
            if swapped:
                return lambda rows, others, pairs: [
                    (made, function(others[place][1], rows[row][1])) for row, place, made in pairs
                ]
            return lambda rows, others, pairs: [
                (made, function(rows[row][1], others[place][1])) for row, place, made in pairs
            ]
        holds = _COMPARISONS[self.name]
        if self.as_bool:
            return lambda rows, others, pairs: [
                (made, float(holds(*_sides(rows[row][1], others[place][1], swapped=swapped))))
                for row, place, made in pairs
            ]
        if swapped:
            return lambda rows, others, pairs: [
                (made, others[place][1])
                for row, place, made in pairs
                if holds(others[place][1], rows[row][1])
            ]
        return lambda rows, others, pairs: [
            (made, rows[row][1])
            for row, place, made in pairs
            if holds(rows[row][1], others[place][1])
        ]

    def _pairing(self, rows: Vector, others: Vector) -> Pairing:
        """Return (place in *rows*, place in *others*, labels of the result) of what matches."""
        partners = self._partners(others)
        pairs = []
        for row, (labels, _value) in enumerate(rows):
            place = partners.get(self.keys[labels])
            if place is not None:
                pairs.append((row, place, self.result(labels, others[place][0])))
        return pairs

    def _unique(self, pairs: Pairing) -> bool:
        """Say whether no result can be refused, whatever the values are."""
        chosen = {place if self.one_to_one else (place, made) for _row, place, made in pairs}
        return len(chosen) == len(pairs)

    def _checked(
        self,
        rows: Vector,
        others: Vector,
        pairs: Pairing,
        answer: Callable[[Vector, Vector, Pairing], Vector],
    ) -> Vector:
        """Answer pair by pair: a comparison that drops an element has no second match to refuse."""
        used: dict[Labels, list[Labels]] = {}
        out: Vector = []
        for pair in pairs:
            kept = answer(rows, others, [pair])
            if kept:
                self._claim(used, self.keys[rows[pair[0]][0]], pair[2])
                out += kept
        return out

    def _partners(self, vector: Vector) -> dict[Labels, int]:
        """Return the place of each element of *vector* by what it is matched with."""
        partners: dict[Labels, int] = {}
        for place, (labels, _value) in enumerate(vector):
            key = self.keys[labels]
            if key in partners:
                side = "left" if self.swapped else "right"
                raise UsageError(
                    f"PromQL: found duplicate series for the match group {key!r} on the {side} "
                    f"hand-side of {self.name}: {vector[partners[key]][0]!r} and {labels!r}; "
                    "matching labels must be unique on one side"
                )
            partners[key] = place
        return partners

    def _claim(self, used: dict[Labels, list[Labels]], key: Labels, made: Labels) -> None:
        """Refuse a second match that is not declared, or that gives a label set twice."""
        before = used.setdefault(key, [])
        if self.one_to_one and before:
            raise UsageError(
                f"PromQL: multiple matches for labels {key!r}: many-to-one matching must be "
                "explicit (group_left/group_right)"
            )
        if made in before:
            raise UsageError(
                f"PromQL: multiple matches for labels {made!r}: grouping labels must ensure "
                "unique matches"
            )
        before.append(made)
