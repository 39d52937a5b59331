"""The names that a scenario may use: those of the vocabulary, and those it declares itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import twin.events
from twin.events import Event
from twin.scenario.positions import Node, find, reach
from twin.scenario.vocabulary import Vocabulary

__all__ = ["event_fields", "names_of", "texts"]

_MOST = 100_000
"""Agents of one population; more are an error of their own."""


def event_fields() -> dict[str, Collection[str] | None]:
    """Return the fields of each kind of event; None for those that carry free arguments."""
    kinds = [
        kind
        for kind in vars(twin.events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    ]
    return {
        kind.kind: None if "args" in kind.__slots__ else tuple(kind.__slots__) for kind in kinds
    }


def texts(root: Node, pattern: str) -> Iterator[str]:
    """Yield the text at each place below *root* that the dotted *pattern* names."""
    for _path, node in find(root, pattern):
        if isinstance(node.scalar, str) and not node.broken:
            yield node.scalar


def names_of(root: Node, vocabulary: Vocabulary) -> Mapping[str, Collection[str]]:
    """Return the valid names by the kind of thing that they name."""
    return {
        "agent": frozenset(_agents(root)),
        "authority": _keys(root, "team.authorities"),
        "bank": _keys(root, "market.banks"),
        "bank account": tuple(_accounts(root)),
        "commodity": _keys(root, "market.commodities"),
        "custodian": _keys(root, "market.custodians"),
        "event": event_fields(),
        "export feed": _keys(root, "market.exports.feeds"),
        "family of agents": vocabulary.agents,
        "invariant": vocabulary.invariants,
        "kind of fault": vocabulary.faults,
        "measure of loss": vocabulary.losses,
        "person": tuple(texts(root, "team.people.*.name")),
        "procedure": vocabulary.procedures,
        "rule": vocabulary.rules,
        "source": _keys(root, "market.sources"),
        "venue": _keys(root, "market.venues"),
    }


def _keys(root: Node, path: str) -> Collection[str]:
    node = reach(root, path.split("."))
    return tuple(node.fields or ()) if node is not None else ()


def _accounts(root: Node) -> Iterator[str]:
    """Yield every account as `bank/account`."""
    for bank in _keys(root, "market.banks"):
        for account in _keys(root, f"market.banks.{bank}.accounts"):
            yield f"{bank}/{account}"


def _agents(root: Node) -> Iterator[str]:
    """Yield the name of every agent, those of a population one by one (see `AgentSpec.names`)."""
    for _path, node in find(root, "agents.*"):
        name, count = reach(node, ("name",)), reach(node, ("count",))
        if name is None or not isinstance(name.scalar, str):
            continue
        number = count.scalar if count is not None and isinstance(count.scalar, int) else 1
        if number == 1:
            yield name.scalar
        else:
            yield from (f"{name.scalar}-{one}" for one in range(1, min(number, _MOST) + 1))
