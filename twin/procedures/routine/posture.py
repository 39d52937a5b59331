"""Incident-response controls, in our words, each scored from evidence and from nothing else.

The list follows what published incident-response frameworks for protocols ask of a team: that
somebody can be reached, that brakes and keys are tried out, that everything is watched, and that
what was found is closed. A control that leaves no evidence counts as not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk
from twin.desk.steps import Finding
from twin.errors import Reverted, UnknownName

__all__ = ["CONTROLS", "Posture", "scored"]

DAY = 86_400
BRAKES = ("AllocationBook", "FoundationToken", "LiquidityPool", "OracleNetwork", "PaymentToken")


@dataclass(frozen=True, slots=True)
class Posture:
    """One control: what *asks*, and how it is *scored*: 0 (not there) to 2 (proved), with a reason."""

    name: str
    asks: str
    score: Callable[[Desk, int], tuple[int, str]]


def _drilled(*procedures: str) -> Callable[[Desk, int], tuple[int, str]]:
    """Score whether any of *procedures* left evidence of an exercise within the *horizon*."""

    def score(desk: Desk, horizon: int) -> tuple[int, str]:
        last = [found for name in procedures if (found := desk.evidence.last(name))]
        if not last:
            return 0, f"no evidence of {' or '.join(procedures)}"
        newest = max(last, key=lambda item: item.at)
        age = desk.now - newest.at
        if age > horizon:
            return 1, f"{newest.ref} is {age // DAY} days old"
        if newest.verdict in {"failed", "no-data", "refused"}:
            return 1, f"{newest.ref} ended {newest.verdict}"
        return 2, newest.ref

    return score


def _brakes(desk: Desk, horizon: int) -> tuple[int, str]:
    """Score whether every brake would go through now, by trying it on a copy."""
    del horizon
    view = desk.at()
    stuck = []
    for contract in BRAKES:
        if view.read(contract, "paused"):
            continue
        try:
            tried = view.simulate("pauser", contract, "pause", ())
        except (Reverted, UnknownName) as error:
            stuck.append(f"{contract}: {error}")
            continue
        if not tried.success:
            stuck.append(f"{contract}: {tried.reason}")
    return (1, "; ".join(stuck)) if stuck else (2, f"{len(BRAKES)} brakes would go through")


def _reachable(desk: Desk, horizon: int) -> tuple[int, str]:
    """Score whether signers answered: incidents contained, and no action that lacked signatures."""
    missed = []
    for record in desk.evidence.of("NR1", since=max(0, desk.now - horizon)):
        text = str(desk.evidence.data(record.ref))
        if "signatures of" in text:
            missed.append(record.ref)
    called = desk.evidence.of("ND4", since=max(0, desk.now - horizon))
    missed += [record.ref for record in called if any(record.problems.values())]
    if missed:
        return 1, f"signers could not be reached: {', '.join(missed)}"
    tried = desk.evidence.of("NR1") or desk.evidence.of("ND4")
    return (2, tried[-1].ref) if tried else (0, "no call of the signers was ever tried")


def _coverage(desk: Desk, horizon: int) -> tuple[int, str]:
    """Score whether every contract with a brake is watched by a rule that pages."""
    del horizon
    rules = [rule for rule in desk.alerts.rules() if rule.severity in {"P1", "P2", "P3"}]
    domains = {rule.domain for rule in rules}
    holes = sorted({"oracle", "pool", "allocation", "tokens", "chain", "governance"} - domains)
    if not rules:
        return 0, "no rule pages anybody"
    return (
        (1, f"nothing pages for {', '.join(holes)}") if holes else (2, f"{len(rules)} rules page")
    )


def _followed(desk: Desk, horizon: int) -> tuple[int, str]:
    """Score whether actions are closed in time."""
    del horizon
    late = [
        entry.id
        for entry in desk.stores.entries("action", unended=True)
        if entry.due is not None and entry.due < desk.now
    ]
    return (1, f"overdue: {', '.join(late)}") if late else (2, "no action is overdue")


def _closed(desk: Desk, horizon: int) -> tuple[int, str]:
    """Score whether incidents come to an end."""
    old = [
        item.id for item in desk.incidents.open() if desk.now - item.opened > min(horizon, 14 * DAY)
    ]
    return (1, f"open for weeks: {', '.join(old)}") if old else (2, "no incident is left open")


CONTROLS: Sequence[Posture] = (
    Posture("reach", "people who may sign can be reached at any hour", _reachable),
    Posture("brakes", "each emergency stop would work now", _brakes),
    Posture("coverage", "every part that can lose money pages somebody", _coverage),
    Posture("triage", "alerts are judged, and the judgement is kept", _drilled("ND1")),
    Posture("restore", "backups were restored in an exercise", _drilled("RW5")),
    Posture("playbooks", "containment was carried out or rehearsed", _drilled("NR1", "DO4")),
    Posture("governance", "open proposals are read before they pass", _drilled("RW3")),
    Posture("patches", "what runs is held against advisories", _drilled("RW2", "MS5")),
    Posture("audit", "the whole control list was run", _drilled("RM1")),
    Posture("followed", "what was found has an owner and is closed in time", _followed),
    Posture("closed", "incidents are brought to an end", _closed),
)
"""The list, in the order of the scored checklist."""


def scored(desk: Desk, horizon: int) -> dict[str, Any]:
    """Return score and reason of each control, and which gaps are tracked already."""
    rows: dict[str, Mapping[str, Any]] = {}
    for control in CONTROLS:
        points, reason = control.score(desk, horizon)
        rows[control.name] = {"asks": control.asks, "points": points, "reason": reason}
    tracked = {
        str(entry.data["control"]): entry.id
        for entry in desk.stores.entries("action", unended=True)
        if "control" in entry.data
    }
    return {"rows": rows, "tracked": tracked}


def summary_of(rows: Mapping[str, Mapping[str, Any]], data: Mapping[str, Any]) -> Finding:
    """Return the finding of the assessment: gaps by how bad they are."""
    absent = [name for name, row in rows.items() if row["points"] == 0]
    weak = [name for name, row in rows.items() if row["points"] == 1]
    problems = {"absent": len(absent), "weak": len(weak)}
    total = sum(row["points"] for row in rows.values())
    return Finding(
        "finding" if absent or weak else "ok",
        f"{total} of {2 * len(rows)} points; gaps: {', '.join([*absent, *weak]) or 'none'}",
        data,
        problems,
    )
