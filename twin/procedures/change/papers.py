"""Papers after a change: register, runbooks and rules that still say what was, and lone changes."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk
from twin.procedures.change.register import in_state
from twin.procedures.routine.state import FEE_KINDS, live_parameters

__all__ = ["drift"]

STEERED = frozenset(f"fee.{kind}.fee" for kind in FEE_KINDS)
"""What the controller moves within its bounds: its own log of steps is the record."""


def _due(desk: Desk, names: list[str]) -> list[str]:
    """Return the papers that a change of *names* makes out of date."""
    approved = desk.register.parameters()
    live = live_parameters(desk)
    papers = [
        f"register:{name}"
        for name in names
        if name in approved and name in live and approved[name] != live[name]
    ]
    contracts = {name.split(".")[1] for name in names if name.startswith(("wire.", "paused."))}
    for document in desk.services.documents.all():
        touched = [
            fact for fact in document.facts if any(f".{name}." in fact for name in contracts)
        ]
        if touched:
            papers.append(f"document:{document.id}")
    return papers


def drift(desk: Desk) -> dict[str, Any]:
    """Return the papers each new change makes due, papers that contradict, and lone changes."""
    schema = desk.services.documents.schema()
    documents = [
        f"{one.id}: {fact} says {said}, it is {schema.get(fact)}"
        for one in desk.services.documents.all()
        for fact, said in one.facts.items()
        if schema.get(fact) != said
    ]
    changes = [
        {"id": entry["id"], "papers": _due(desk, list(entry["intended"]))}
        for entry in in_state(desk, ("executed",))
        if "papers" not in entry
    ]
    overdue = [
        entry.id
        for entry in desk.stores.entries("action", unended=True)
        if "paper" in entry.data and entry.due is not None and entry.due < desk.now
    ]
    return {"documents": documents, "changes": changes, "overdue": overdue, "now": desk.now,
            "unrecorded": _unrecorded(desk)}  # fmt: skip


def _unrecorded(desk: Desk) -> list[str]:
    """Return parameters that are neither approved nor what any recorded change made them."""
    live = live_parameters(desk)
    approved = {name: {value} for name, value in desk.register.parameters().items()
                if name in live and isinstance(value, int)}  # fmt: skip
    for entry in desk.stores.entries("change"):
        for name, value in (entry.data.get("intended") or {}).items():
            carried = entry.state in {"executing", "executed", "done", "closed"}
            if name in approved and (carried or "proposal" in entry.data):
                approved[name].add(value)
    return [
        f"{name} is {live[name]}, which no change recorded"
        for name, values in approved.items()
        if name not in STEERED and live[name] not in values
    ]
