"""The catch matrix: seeded mistakes and attacks on changes, each against the gate that caught it.

`scenarios/changes/matrix.yml` holds a world, a good change and rows that differ from both. Each row
is played as a world of its own by the change procedures and nothing else; which gate refused it is
read from what they kept. A row that nothing caught is a hole, one that is the control must have none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from twin.bundled import folder
from twin.catalog import Catalog
from twin.desk.records import Records
from twin.errors import UsageError
from twin.events import EventLog
from twin.procedures.change.gates import GATES
from twin.proof.case import merged
from twin.scenario import Vocabulary, loads
from twin.world import Parts, World

__all__ = ["NONE", "Caught", "Row", "play", "prove", "rows"]

NONE = "none"
"""What is expected to catch the control."""

HELD_BY: Mapping[str, str] = {
    "schema": "schema", "vague": "schema", "author": "schema", "altered": "binding",
    "self": "approval", "stale": "approval", "quorum": "approval", "bypass": "approval",
    "half-applied": "postcheck", "failed": "postcheck",
}  # fmt: skip
"""The gate behind each item that the procedures count, where it has another name."""

ORDER = ("CR1", "CR2", "CR3", "CR4", "CR5", "CI1", "CI4", "CI5", "CI3", "CV1")
"""The procedures whose items are gates, in the order in which a change meets them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the scenario's *tree*, and the gate that must catch it first."""

    name: str
    title: str
    tree: Mapping[str, Any]
    caught_by: str


@dataclass(frozen=True, slots=True)
class Caught:
    """What caught *row*: the *first* gate with its *procedure* and reason, *gates* all of them.

    *state* is what became of the change.
    """

    row: Row
    first: str
    procedure: str
    reason: str
    gates: tuple[str, ...]
    state: str

    @property
    def passed(self) -> bool:
        """Whether it was caught by the gate that must, or the control by none."""
        return self.first == self.row.caught_by


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise UsageError(f"{value!r} has no place in a change matrix: write it in quotes")


def rows(path: Path | None = None) -> tuple[Row, ...]:
    """Return the rows of the matrix at *path*, or of the one that the twin ships."""
    where = path or folder("scenarios") / "changes" / "matrix.yml"
    try:
        tree = yaml.safe_load(where.read_text("utf-8"))
        return tuple(_row(tree, one) for one in tree["rows"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as problem:
        raise UsageError(f"{where} is no change matrix: {problem!r}") from None


def _row(tree: Mapping[str, Any], one: Mapping[str, Any]) -> Row:
    other = one.get("change") or {}
    made = merged(tree["change"], other)
    if "expect" in other:  # what one change announces is no part of what another does
        made["expect"] = other["expect"]
    change = json.dumps(made, indent=1, default=_instant)
    requests = [{"at": "30m", "author": "norland", "text": change}]
    if one.get("twice"):
        requests.append({**requests[0], "at": "31m"})
    world = merged(tree["world"], one.get("world") or {})
    world |= {
        "name": one["name"], "title": one["title"], "description": one["title"],
        "sealed": {"faults": one.get("faults") or []},
        "services": merged(world.get("services") or {}, {"changes": {"requests": requests}}),
    }  # fmt: skip
    return Row(one["name"], one["title"], world, one["caught_by"])


def play(row: Row, parts: Parts, vocabulary: Vocabulary) -> Caught:
    """Run the world of *row* and say what caught its last change."""
    scenario = loads(json.dumps(row.tree, default=_instant), f"{row.name}.twin.yaml", vocabulary)
    catalog = Catalog(item for name, item in parts.catalog.items() if name in {*ORDER, "CI2"})
    world = World(scenario, replace(parts, catalog=catalog), log=EventLog(), records=Records())
    world.run(scenario.end)
    entries = [item for item in world.stores.entries("change") if "request" in item.data]
    found = _found(world)
    first = found[0] if found else (NONE, "", "")
    gates = dict.fromkeys(gate for gate, _procedure, _reason in found)
    return Caught(row, *first, gates=tuple(gates), state=entries[-1].state if entries else "")


def _found(world: World) -> list[tuple[str, str, str]]:
    """Return (gate, procedure, summary) of everything that was found, in the order of time."""
    records = world.desk.evidence
    found = []
    for record in records.of():
        if record.procedure not in ORDER or record.verdict in {"ok", "done"}:
            continue
        items = [item for item, count in record.problems.items() if count] or [record.verdict]
        for item in items:
            gate = HELD_BY.get(item, item)
            if record.procedure == "CV1":
                gate = "horizon"
            reason = _reason(records.data(record.ref), item) or record.summary
            found.append((gate, record.procedure, reason))
    return sorted(found, key=lambda one: _place(one[0])) if _same_moment(found) else found


def _same_moment(found: Sequence[tuple[str, str, str]]) -> bool:
    """Say whether one procedure alone found something: then the order of the gates counts."""
    return len({procedure for _gate, procedure, _reason in found}) == 1


def _place(gate: str) -> int:
    return GATES.index(gate) if gate in GATES else len(GATES)


def _reason(data: Mapping[str, Any], item: str) -> str:
    """Return the first reason that evidence gives for *item*."""
    for change in (data.get("changes") or {}).values():
        wrong = change.get("wrong") if isinstance(change, dict) else None
        if isinstance(wrong, dict) and wrong.get(item):
            return str(wrong[item][0])
    return ""


def prove(
    chosen: Sequence[Row], parts: Parts, vocabulary: Vocabulary, *,
    tell: Callable[[str, bool], object] = lambda _name, _ended: None,
) -> tuple[Caught, ...]:  # fmt: skip
    """Play *chosen*; *tell* hears of each beginning and end."""
    found = []
    for row in chosen:
        tell(row.name, False)
        found.append(play(row, parts, vocabulary))
        tell(row.name, True)
    return tuple(found)
