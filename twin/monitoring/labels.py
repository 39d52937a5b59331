"""Label sets, interned: one object for one set, so that comparing two is comparing identities.

A label set is a tuple of (name, value) pairs sorted by name, without empty values: PromQL
treats an empty label as one that is not there. The metric's name is the label `__name__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

__all__ = ["NAME", "LabelTable", "Labels", "Pairs"]

NAME = "__name__"

Pairs = tuple[tuple[str, str], ...]


class Labels:
    """One label set of a `LabelTable`; *bare* is the same set without the metric's name."""

    __slots__ = ("bare", "map", "pairs")

    def __init__(self, pairs: Pairs, bare: Labels | None) -> None:
        """Made by `LabelTable.intern` alone: equality is identity."""
        self.pairs = pairs
        self.map: Mapping[str, str] = dict(pairs)
        self.bare = self if bare is None else bare

    def __repr__(self) -> str:
        inner = ",".join(f'{name}="{value}"' for name, value in self.bare.pairs)
        return f"{self.map.get(NAME, '')}{{{inner}}}"


class LabelTable:
    """All label sets of one store."""

    __slots__ = ("_sets",)

    def __init__(self) -> None:
        """Start empty."""
        self._sets: dict[Pairs, Labels] = {}

    def intern(self, pairs: Iterable[tuple[str, str]]) -> Labels:
        """Return the one `Labels` of *pairs*; order and empty values do not matter."""
        key = tuple(sorted(pair for pair in pairs if pair[1]))
        found = self._sets.get(key)
        if found is None:
            named = any(name == NAME for name, _ in key)
            bare = self.intern(pair for pair in key if pair[0] != NAME) if named else None
            found = self._sets[key] = Labels(key, bare)
        return found

    def of(self, labels: Mapping[str, str], *, name: str = "") -> Labels:
        """Return the label set of *labels* under the metric *name*, or under none."""
        return self.intern([(NAME, name), *labels.items()])

    def mapper(self, change: Callable[[Labels], Iterable[tuple[str, str]]]) -> LabelMapper:
        """Return *change* as a function of a label set that remembers its answers."""
        return LabelMapper(self, change)


class LabelMapper:
    """A change of label sets, worked out once for each: indexing gives the changed set."""

    __slots__ = ("_change", "_known", "_table")

    def __init__(
        self, table: LabelTable, change: Callable[[Labels], Iterable[tuple[str, str]]]
    ) -> None:
        """Keep *change*, to be asked once for each label set."""
        self._table, self._change = table, change
        self._known: dict[Labels, Labels] = {}

    def __getitem__(self, labels: Labels) -> Labels:
        found = self._known.get(labels)
        if found is None:
            found = self._known[labels] = self._table.intern(self._change(labels))
        return found
