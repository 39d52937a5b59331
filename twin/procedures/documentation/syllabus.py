"""Who has to have drilled what, who has, and what the syllabus is therefore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk

__all__ = ["SYLLABUS", "training_facts"]

SYLLABUS: Mapping[str, tuple[str, ...]] = {
    "operator": ("oracle-failure",),
    "commander": ("oracle-failure", "key-compromise"),
    "oracle-admin": ("oracle-failure",),
    "security": ("key-compromise",),
    "fee-steward": ("parameter-error",),
    "signer": ("signing",),
}
"""The scenarios of each role. Whoever owns a share of a signing wallet is a signer."""


def _wanted(desk: Desk) -> dict[str, list[str]]:
    """Return what each active member of the staff has to have drilled."""
    signers = {name for quorum in desk.services.identities.quorums() for name in quorum.owners}
    found: dict[str, list[str]] = {}
    for person in desk.services.identities.people():
        if person.kind != "staff" or person.status != "active":
            continue
        roles = [*person.roles, *(("signer",) if person.name in signers else ())]
        wanted = {scenario for role in roles for scenario in SYLLABUS.get(role, ())}
        if wanted:
            found[person.name] = sorted(wanted)
    for name in sorted(signers - {person.name for person in desk.services.identities.people()}):
        found[name] = list(SYLLABUS["signer"])
    return found


def training_facts(desk: Desk, *, valid: int, pass_ppm: int, material_age: int) -> dict[str, Any]:
    """Return the results by person, and each gap: who lacks which scenario, and why.

    A drill counts for *valid* seconds if it reached *pass_ppm*. Material that is older than
    *material_age*, or that is missing for a scenario on the syllabus, is a gap of its own.
    """
    drills = desk.services.drills
    last: dict[tuple[str, str], tuple[int, int]] = {}
    ever: set[str] = set()
    for result in drills.results():
        ever.add(result.person)
        last[result.person, result.scenario] = (result.at, result.score_ppm)
    gaps: list[dict[str, Any]] = []
    people: dict[str, Any] = {}
    for name, wanted in _wanted(desk).items():
        people[name] = {one: list(last[name, one]) for one in wanted if (name, one) in last}
        if name not in ever:
            gaps.append({"item": "never-drilled", "person": name, "scenarios": wanted})
            continue
        for one in wanted:
            at, score = last.get((name, one), (None, 0))
            if at is None or desk.now - at > valid:
                gaps.append({"item": "overdue", "person": name, "scenarios": [one]})
            elif score < pass_ppm:
                gaps.append({"item": "weak", "person": name, "scenarios": [one]})
    taught = {item.scenario: item.revised for item in drills.material()}
    on_syllabus = {scenario for wanted in SYLLABUS.values() for scenario in wanted}
    gaps += [
        {"item": "material", "person": "", "scenarios": [one]}
        for one in sorted(on_syllabus)
        if one not in taught or desk.now - taught[one] > material_age
    ]
    tracked = [
        str(entry.data["training"])
        for entry in desk.stores.entries("action", unended=True)
        if "training" in entry.data
    ]
    return {"people": people, "gaps": gaps, "tracked": tracked, "now": desk.now}
