"""The audit pack: sampled actions with their whole trail, and records that still are what they were."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk
from twin.errors import UnknownName
from twin.procedures.documentation.admin_events import admin_events, mapped
from twin.procedures.documentation.controls import readable, sampled

__all__ = ["audit_pack"]


def _trail(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    """Return *row* with every document that stands behind it, and what is missing."""
    by, missing = row["by"], []
    documents: list[str] = []
    if by is None:
        missing.append("nothing stands behind it")
    elif row["how"] == "evidence":
        documents.append(by)
        if not desk.evidence.data(by):
            missing.append(f"{by} is empty")
    else:
        try:
            entry = desk.stores.get(by)
        except UnknownName:
            missing.append(f"{by} is not in the store")
        else:
            documents += [entry.id, *(str(item) for item in entry.data.get("evidence", ()))]
            if not (entry.owner or entry.data.get("requester")):
                missing.append(f"{by} names nobody")
            if entry.data.get("class") and not entry.data.get("approvals"):
                missing.append(f"{by} has no approval")
    return {**row, "documents": documents, "missing": missing}


def audit_pack(desk: Desk, *, window: int, grace: int, size: int) -> dict[str, Any]:
    """Return the pack of the last *window* seconds: *size* events and *size* records are drawn.

    A record that cannot be read, or a chain of hashes that does not hold, was altered.
    """
    since = max(0, desk.now - window)
    events = admin_events(desk, since=since)
    rows = mapped(desk, events, since=since, grace=grace)
    trails = [_trail(desk, row) for row in sampled(rows, size)]
    records = desk.evidence.of(since=since)
    drawn = [
        {"ref": record.ref, "hash": record.hash, "readable": readable(desk, record)}
        for record in sampled(records, size)
    ]
    review = desk.evidence.last("RD2")
    return {
        "since": since, "population": {"events": len(rows), "records": len(records)},
        "trails": trails, "missing": [item for item in trails if item["missing"]],
        "records": drawn, "intact": desk.evidence.intact(),
        "unreadable": [item["ref"] for item in drawn if not item["readable"]],
        "tampered": int(review.problems.get("tampered", 0)) if review else 0,
        "logs_reviewed": review.ref if review else None,
    }  # fmt: skip
