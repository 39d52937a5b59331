"""How the team did: times to detect, acknowledge, contain and restore, alert and change quality.

Time to detect starts at the first sign that the monitoring had, as the triage kept it: when harm
began nobody on the desk knows, and the report says so by what it measures.
"""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk, Incident
from twin.procedures.routine.distributions import distribution, share

__all__ = ["PHASES", "operating_facts"]

PHASES = ("detect", "acknowledge", "contain", "restore")
FAILED = frozenset(("failed", "rolled-back"))
CARRIED_OUT = frozenset(("done", "executed", "closed")) | FAILED


def _signs(desk: Desk) -> dict[str, int]:
    """Return the first sign of each incident: since when the alert behind it held."""
    found: dict[str, int] = {}
    for record in desk.evidence.of("ND1"):
        data = desk.evidence.data(record.ref)
        facts = data.get("facts") or {}
        if data.get("incident") and facts.get("since") is not None:
            found.setdefault(str(data["incident"]), int(facts["since"]))
    return found


def _first(item: Incident, *states: str) -> int | None:
    """Return when *item* came into one of *states* first, or None."""
    return next((at for state, at in item.history if state in states), None)


def _phases(item: Incident, sign: int | None, now: int) -> dict[str, tuple[int, bool]]:
    """Return (seconds, whether it ended) of each phase of one incident that can be told.

    An incident that was dismissed was none: nothing had to be contained or restored.
    """
    found: dict[str, tuple[int, bool]] = {}
    if sign is not None:
        found["detect"] = (item.opened - sign, True)
    taken = _first(item, "classified", "contained", "recovering", "closed", "dismissed")
    found["acknowledge"] = ((taken or now) - item.opened, taken is not None)
    if item.state == "dismissed":
        return found
    contained = _first(item, "contained", "recovering", "closed")
    found["contain"] = ((contained or now) - item.opened, contained is not None)
    found["restore"] = ((item.closed or now) - item.opened, item.closed is not None)
    return found


def operating_facts(desk: Desk, *, since: int) -> dict[str, Any]:
    """Return the distributions over the incidents opened from unix second *since* on."""
    signs = _signs(desk)
    incidents = [item for item in desk.incidents.all() if item.opened >= since]
    ended: dict[str, list[int]] = {phase: [] for phase in PHASES}
    running: dict[str, list[int]] = {phase: [] for phase in PHASES}
    for item in incidents:
        for phase, (seconds, over) in _phases(item, signs.get(item.id), desk.now).items():
            (ended if over else running)[phase].append(seconds)
    judged = [
        desk.evidence.data(record.ref).get("verdict")
        for record in desk.evidence.of("ND1", since=since)
    ]
    changes = [
        entry
        for entry in desk.stores.entries("change")
        if entry.state in CARRIED_OUT and entry.changed >= since
    ]
    pages = desk.metrics.query(f"increase(fictra_pages_total[{max(60, desk.now - since)}s])")
    return {
        "incidents": len(incidents),
        "by_severity": {
            severity: sum(item.severity == severity for item in incidents)
            for severity in ("P1", "P2", "P3", "P4", "P5")
        },
        "times": {phase: distribution(ended[phase], running[phase]) for phase in PHASES},
        "alerts_real": share(judged.count("real"), judged.count("real") + judged.count("false")),
        "changes_failed": share(sum(entry.state in FAILED for entry in changes), len(changes)),
        "pages": round(pages[0][1]) if pages else None,
    }
