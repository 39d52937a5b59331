"""The committee's brief: risks without a decision, decisions without a deed, actions, drill gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk, Entry
from twin.procedures.documentation.syllabus import training_facts

__all__ = ["brief_of"]


def _row(entry: Entry, now: int) -> dict[str, Any]:
    return {"id": entry.id, "subject": entry.subject, "owner": entry.owner, "state": entry.state,
            "age": now - entry.opened, "due": entry.due, "data": dict(entry.data)}  # fmt: skip


def brief_of(desk: Desk, patience: int, limits: Mapping[str, int]) -> dict[str, Any]:
    """Return what the committee has to know, and what of it is overdue.

    A risk that is older than *patience* seconds and that no decision names was known and left. A
    decision whose date has passed and that is not done was taken and left. Drill gaps are found
    anew, by the *limits* of the syllabus.
    """
    now = desk.now
    decisions = desk.stores.entries("decision")
    decided = {str(entry.data["risk"]) for entry in decisions if "risk" in entry.data}
    risks = desk.stores.entries("risk", unended=True)
    actions = desk.stores.entries("action", unended=True)
    last = desk.evidence.last("DO5")
    trained = training_facts(desk, **limits)
    undecided = [entry for entry in risks if entry.id not in decided]
    return {
        "now": now,
        "risks": [_row(entry, now) for entry in risks],
        "undecided": [_row(entry, now) for entry in undecided],
        "left": [entry.id for entry in undecided if now - entry.opened > patience],
        "actions": [_row(entry, now) for entry in actions],
        "late": [item.id for item in actions if item.due is not None and item.due < now],
        "decisions": [_row(entry, now) for entry in decisions if not entry.ended],
        "undone": [item.id for item in decisions
                   if not item.ended and item.due is not None and item.due < now],
        "drills": {"ref": last.ref if last else None, "gaps": trained["gaps"],
                   "people": len(trained["people"])},
    }  # fmt: skip
