"""Lessons: what failed, what it became, what came again."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk
from twin.procedures.change.register import in_state

__all__ = ["artefact_exists", "lessons"]

REVIEWS = ("success", "effect", "feedback", "papers")
"""What a change that was carried out must have before it is closed."""


def _cause(entry: dict[str, Any]) -> str:
    """Return the first gate that refused *entry*."""
    refused = entry.get("refused") or entry.get("wrong") or {}
    if isinstance(refused, dict):
        return next(iter(refused), "unknown")
    return "by hand"


def lessons(desk: Desk) -> dict[str, Any]:
    """Return failed changes without a lesson, how often each cause came, and what may be closed."""
    told = {entry.data["change"] for entry in desk.stores.entries("action")
            if "artefact_kind" in entry.data}  # fmt: skip
    new, causes = [], dict[str, int]()
    every_one = [
        {"id": entry.id, "state": entry.state, **dict(entry.data)}
        for entry in desk.stores.entries("change")
        if "request" in entry.data
    ]
    for entry in every_one:
        bad = entry["state"] in {"rejected", "failed", "rolled-back"}
        if not bad and not (entry.get("success") or {}).get("items"):
            continue
        cause = _cause(entry) if bad else "criteria"
        causes[cause] = causes.get(cause, 0) + 1
        if entry["id"] not in told:
            new.append({"id": entry["id"], "cause": cause, "artefact": f"gate:{cause}"})
    reviewed = [
        entry["id"]
        for entry in in_state(desk, ("executed",))
        if all(part in entry for part in REVIEWS)
    ]
    return {
        "new": new,
        "causes": dict(sorted(causes.items())),
        "reviewed": reviewed,
        "now": desk.now,
    }


def artefact_exists(desk: Desk) -> list[str]:
    """Return the lessons that became nothing: no artefact named, or a rule that is not loaded."""
    rules = {f"rule:{rule.name}" for rule in desk.alerts.rules()}
    found = []
    for entry in desk.stores.entries("action"):
        if "artefact_kind" not in entry.data:
            continue
        artefact = str(entry.data.get("artefact") or "")
        kind, _, name = artefact.partition(":")
        known = kind in {"gate", "scenario"} and bool(name)
        if not known and artefact not in rules:
            found.append(entry.id)
    return found
