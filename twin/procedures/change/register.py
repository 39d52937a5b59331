"""The change entries that the pipeline keeps, and what it asks of the desk about them.

An entry goes requested, assessed, rated, planned, approved, scheduled, executing, executed, done;
or it ends rejected, or stays failed or rolled back until its lesson is learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Approval, Desk, Entry
from twin.desk.steps import Finding
from twin.procedures.change.plan import calls_of, payload
from twin.procedures.findings import concluded, named

__all__ = ["approvals_of", "bound", "counted", "ended", "in_state", "no_desk", "plain_entry", "stress",
           "tallied"]  # fmt: skip


def no_desk(desk: Any) -> str | None:
    """Say why the pipeline has no object: nobody asks for changes in this world."""
    return None if desk.services.changes.connected() else "no change desk is declared"


def plain_entry(entry: Entry) -> dict[str, Any]:
    """Return *entry* as JSON-like data."""
    return {"id": entry.id, "state": entry.state, "changed": entry.changed, "due": entry.due,
            "subject": entry.subject, **dict(entry.data)}  # fmt: skip


def in_state(desk: Desk, states: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the entries of the pipeline in one of *states*, oldest first."""
    return [
        plain_entry(entry)
        for entry in desk.stores.entries("change")
        if entry.state in states and "plan" in entry.data
    ]


def approvals_of(desk: Desk, entry: Mapping[str, Any]) -> list[Approval]:
    """Return the approvals of *entry*: in the portal, and those that the team gave."""
    given = [
        Approval(one["who"], one["role"], one["at"], one["payload"])
        for one in entry.get("approvals", ())
    ]
    return [*desk.services.changes.approvals(entry["request"]), *given]


def stress(desk: Desk, max_gap_ppm: int) -> list[str]:
    """Say why nothing should be changed now: a grave incident or alert, a price off its peg."""
    found = [
        f"incident {item.id} ({item.severity}) is open"
        for item in desk.incidents.open()
        if item.severity in {"P1", "P2"}
    ]
    found += [
        f"{alert.rule} fires"
        for alert in desk.alerts.firing()
        if alert.labels.get("severity") in {"P1", "P2"}
    ]
    pt, stable, _at = desk.at().read("LiquidityPool", "reserves")
    gap = abs(stable - pt) * 1_000_000 // max(1, pt)
    if gap > max_gap_ppm:
        found.append(f"the pool is {gap} ppm off its peg")
    return found


def counted(wrong: Mapping[str, Any], items: tuple[str, ...]) -> dict[str, int]:
    """Count the reasons in *wrong* by item: every item has its count, also where it is 0."""
    return {item: len(wrong.get(item, ())) for item in items}


def tallied(
    seen: Sequence[Mapping[str, Any]], items: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the rows of *seen* by their id, and how often each of *items* is among theirs."""
    rows = {one["id"]: one for one in seen}
    return rows, {item: sum(one["items"].count(item) for one in seen) for item in items}


def ended(what: str, rows: Mapping[str, Any], problems: Mapping[str, int], cause: str) -> Finding:
    """Return the finding on *rows*, by change: where data alone are missing it is no data."""
    data = {"changes": dict(rows), "cause": cause}
    finding = concluded(problems, data, head=what, good=f"{len(rows)} {what}, nothing wrong")
    if named(problems) == "no-data":
        return Finding("no-data", finding.summary, data, problems)
    return finding


def bound(entry: Mapping[str, Any]) -> str:
    """Return the hash of what *entry* would execute, from the plan that was registered."""
    return payload(entry["plan"]["authority"], calls_of(entry["plan"]))
