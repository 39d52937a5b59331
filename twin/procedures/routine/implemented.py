"""Changes that were carried out: whether the chain holds what was intended, and it helped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk, Entry
from twin.procedures.routine.state import live_parameters

__all__ = ["DONE", "implementation_register"]

DONE = frozenset(("done", "executed", "closed"))
"""The states of a change entry that was carried out."""


def _executed(desk: Desk) -> dict[str, int]:
    """Return when each proposal was executed, by its number as text."""
    return {
        str(log.args["proposalId"]): log.timestamp
        for log in desk.at().logs("FictraGovernor", "ProposalExecuted", since=0)
    }


def _criterion(desk: Desk, criterion: Mapping[str, Any]) -> str | None:
    """Say how a success criterion fails, `expr` between `min` and `max`; None where it is met."""
    answer = desk.metrics.query(str(criterion["expr"]))
    if not answer:
        return f"{criterion['expr']} has no data"
    for _labels, value in answer:
        low, high = criterion.get("min"), criterion.get("max")
        if (low is not None and value < float(low)) or (high is not None and value > float(high)):
            return f"{criterion['expr']} is {value:.6g}, wanted {low}..{high}"
    return None


def _latest(entries: list[Entry]) -> dict[str, str]:
    """Return which entry set each parameter last: a later change supersedes an earlier one."""
    found: dict[str, str] = {}
    for entry in sorted(entries, key=lambda item: (item.changed, item.id)):
        found |= dict.fromkeys(entry.data.get("intended") or {}, entry.id)
    return found


def implementation_register(desk: Desk) -> dict[str, Any]:
    """Return every executed proposal and change, and what is wrong with it by item."""
    executed, live = _executed(desk), live_parameters(desk)
    entries = desk.stores.entries("change")
    done = [
        entry
        for entry in entries
        if entry.state in DONE or str(entry.data.get("proposal", "")) in executed
    ]
    latest = _latest(done)
    rows: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for entry in done:
        intended: Mapping[str, Any] = entry.data.get("intended") or {}
        own = {name: value for name, value in intended.items() if latest[name] == entry.id}
        unknown = [name for name in own if name not in live]
        missed = [
            f"{entry.id}: {name} should be {value}, it is {live[name]}"
            for name, value in own.items()
            if name in live and live[name] != value
        ]
        if missed:
            item = "partly" if len(missed) + len(unknown) < len(own) else "not-applied"
            wrong.setdefault(item, []).extend(missed)
        if unknown:
            wrong.setdefault("unverifiable", []).append(f"{entry.id}: {', '.join(unknown)}")
        failed = [
            text
            for criterion in entry.data.get("criteria") or ()
            if desk.now >= int(entry.data.get("horizon_at") or 0)  # nothing is judged too early
            if (text := _criterion(desk, criterion))
        ]
        if failed:
            wrong.setdefault("criteria", []).extend(f"{entry.id}: {text}" for text in failed)
        rows[entry.id] = {
            "subject": entry.subject, "state": entry.state, "intended": dict(intended),
            "superseded": sorted(set(intended) - set(own)), "criteria_failed": failed,
        }  # fmt: skip
    named = {str(entry.data.get("proposal", "")) for entry in entries}
    for proposal, at in executed.items():
        rows[f"proposal {proposal}"] = {"executed": at, "recorded": proposal in named}
        if proposal not in named:
            wrong.setdefault("unrecorded", []).append(f"proposal {proposal} was executed at {at}")
    return {"rows": rows, "wrong": wrong}
