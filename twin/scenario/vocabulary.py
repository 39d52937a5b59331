"""The names that only other packages know, handed to the loader: it imports none of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from twin.catalog import Settings

__all__ = ["Vocabulary"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a scenario may name.

    *agents* and *faults* map a family or kind to the model of its parameters, *procedures* an id
    to its settings. *rules*, *metrics*, *invariants* and *losses* are names.
    """

    agents: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    faults: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    procedures: Mapping[str, type[Settings]] = field(default_factory=dict)
    rules: Collection[str] = ()
    metrics: Collection[str] = ()
    invariants: Collection[str] = ()
    losses: Collection[str] = ()
