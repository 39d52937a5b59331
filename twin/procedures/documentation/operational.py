"""Operational documentation: the manual, the configuration, the records, playbooks, training (DO)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from twin.catalog import Settings, check, daily, monthly, runbook, weekly
from twin.desk.port import Desk
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Runbook, Work
from twin.procedures.documentation import admin_events as administration
from twin.procedures.documentation import snapshot as configuration
from twin.procedures.documentation.coverage import manual_coverage
from twin.procedures.documentation.rehearsal import rehearse
from twin.procedures.documentation.syllabus import training_facts
from twin.procedures.findings import concluded, named

__all__ = [
    "AdminRecords",
    "ManualUpkeep",
    "Training",
    "document_configuration",
    "keep_change_records",
    "maintain_manual",
    "rehearse_playbooks",
    "update_training",
]

HOUR, DAY = 3600, 86_400
AREA = "Documentation and Reporting / Operational Documentation"


class ManualUpkeep(Settings):
    """Limit of DO1: a procedure whose last *strikes* runs came to nothing no longer works."""

    strikes: int = Field(default=3, ge=1)


@check(
    "DO1",
    f"{AREA} / Procedure manual maintenance",
    cadence=weekly("mon", "08:30"),
    inputs=("procedure manual", "evidence of every run"),
    evidence="coverage and age report: a row of each procedure, what is late, broken or unwritten",
    settings=ManualUpkeep,
)
def maintain_manual(desk: Desk, settings: ManualUpkeep) -> Finding:
    """Procedure manual maintenance.

    Each page of the manual is held against the run log: what promises an interval must have run
    within twice of it, what runs must not fail again and again, what leaves evidence must have a
    page, and a page must say who does it, from what, and what it leaves.
    """
    report = manual_coverage(desk, strikes=settings.strikes)
    if not report["pages"]:
        return Finding("no-data", "the manual has no pages", report)
    problems = {item: len(ids) for item, ids in report["wrong"].items()}
    good = f"{report['pages']} pages, nothing late"
    return concluded(problems, report, head="manual", good=good)


@check(
    "DO2",
    f"{AREA} / System configuration documentation",
    cadence=weekly("tue", "09:00"),
    inputs=("contracts", "signed register", "inventory", "documents", "change store"),
    evidence="configuration snapshot with its hash, and its difference to register and documents",
)
def document_configuration(desk: Desk, settings: Settings) -> Finding:
    """System configuration documentation.

    Addresses, code, roles, parameters and versions are written down at one block and held against
    the register; what moved since the last snapshot must be in a change. Addresses and accounts in
    runbooks and guides must be the register's.
    """
    del settings
    snapshot = configuration.config_snapshot(desk)
    differs = configuration.against_register(desk)
    last = desk.evidence.last("DO2")
    before = desk.evidence.data(last.ref).get("snapshot") if last else None
    moved = configuration.undocumented(desk, before, snapshot, last.at) if last and before else []
    documents = configuration.documents_against_register(desk)
    data = {
        "snapshot": snapshot, "hash": configuration.snapshot_hash(snapshot),
        "compared_with": last.ref if last else None, "register": differs,
        "undocumented": moved, "documents": documents,
    }  # fmt: skip
    problems = {
        **{name: len(found) for name, found in differs.items()},
        "undocumented": len(moved), "document": len(documents), "unread": len(snapshot["unread"]),
    }  # fmt: skip
    if problems["unread"] and named(problems) == "unread":
        return Finding("no-data", f"not read: {', '.join(snapshot['unread'])}", data, problems)
    good = f"as registered at block {snapshot['block']}"
    return concluded(problems, data, head="configuration", good=good)


class AdminRecords(Settings):
    """Limits of DO3, seconds.

    Events of the last *window* are mapped; an emergency change may be entered *grace* after it.
    """

    window: int = Field(default=DAY + HOUR, ge=HOUR)
    grace: int = DAY


@check(
    "DO3",
    f"{AREA} / Change management records",
    cadence=daily("06:30"),
    inputs=("administrative events on chain", "change store", "proposals", "evidence of acts"),
    evidence="list of administrative events with the change id of each, orphans",
    settings=AdminRecords,
)
def keep_change_records(desk: Desk, settings: AdminRecords) -> Finding:
    """Change management records.

    Each administrative event on chain is mapped to a change, an announced proposal, or the signed
    act of a procedure. What maps to nothing was done by somebody without authority, or in an
    emergency and never written down.
    """
    since = max(0, desk.now - settings.window)
    events = administration.admin_events(desk, since=since)
    rows = administration.mapped(desk, events, since=since, grace=settings.grace)
    orphans = [row for row in rows if row["how"] == "orphan"]
    problems = {
        "orphan": len([row for row in orphans if row["event"] not in {"Paused", "Unpaused"}]),
        "emergency": len([row for row in orphans if row["event"] in {"Paused", "Unpaused"}]),
    }
    data = {"since": since, "events": rows, "orphans": orphans}
    return Finding(
        "finding" if orphans else "ok",
        f"{len(orphans)} administrative event(s) without a record" if orphans
        else f"{len(rows)} administrative events, each with its record",
        data, problems,
    )  # fmt: skip


@check(
    "DO4",
    f"{AREA} / Incident response playbooks",
    cadence=monthly(1, "11:00"),
    inputs=("prepared transactions", "signed register", "copy of the present chain state"),
    evidence="pass matrix: each prepared call as it went on the copy",
)
def rehearse_playbooks(desk: Desk, settings: Settings) -> Finding:
    """Incident response playbooks.

    Every prepared transaction is read by today's ABIs, its signer held against the register, and
    sent on a copy of the chain in the state that it is for; the effect must be the one it promises.
    A brake of the containment runbook for which nothing is prepared is a finding too.
    """
    del settings
    calls = desk.services.playbooks.prepared()
    if not calls:
        return Finding("no-data", "no transaction is prepared", {"rows": []})
    matrix = rehearse(desk, calls)
    items = ("stale-calldata", "missing-role", "fails", "no-effect", "blocked")
    problems = {item: sum(row["item"] == item for row in matrix["rows"]) for item in items}
    problems["unprepared"] = len(matrix["unprepared"])
    good = f"{len(calls)} prepared calls go through"
    return concluded(problems, matrix, head="playbooks", good=good)


class Training(Settings):
    """Limits of DO5: a drill counts *valid* seconds from *pass_ppm* on; gaps are due in *within*."""

    valid: int = 200 * DAY
    pass_ppm: int = Field(default=600_000, ge=0, le=1_000_000)
    material_age: int = 400 * DAY
    within: int = 30 * DAY
    effort: int = 1800


@runbook(
    "DO5",
    f"{AREA} / Training material updates",
    level="C",
    cadence=monthly(3, "14:00"),
    role="commander",
    effort=1800,
    inputs=("drill results", "staff and signing wallets", "training material"),
    evidence="training plan: who has drilled what, gaps, who is scheduled and who was waived",
    settings=Training,
)
def update_training(case: Case, settings: Training) -> Runbook:
    """Training material updates.

    Each member of the staff, and each owner of a signing wallet, is held against the syllabus of
    their roles. Who never drilled, whose drill is too old or too weak, and material that nobody
    revised, is put on the plan as an action with a date, or waived by somebody with a name.
    """
    asked = "Who has drilled what?"
    facts = yield Look(asked, _training, (settings.valid, settings.pass_ppm, settings.material_age))
    items = ("never-drilled", "overdue", "weak", "material", "waived")
    problems = dict.fromkeys(items, 0)
    plan: list[dict[str, Any]] = []
    if facts["gaps"]:
        yield Work("commander", settings.effort, "plan the training")
    for gap in facts["gaps"]:
        problems[gap["item"]] += 1
        key = f"{gap['item']} {gap['person']} {','.join(gap['scenarios'])}"
        if key in facts["tracked"]:
            plan.append({"gap": key, "choice": "planned before"})
            continue
        choice = yield Decide("commander", f"Put on the plan: {key}?", ("schedule", "waive"),
                              "schedule", gap)  # fmt: skip
        problems["waived"] += choice == "waive"
        entry = yield Keep(
            "action" if choice == "schedule" else "risk",
            subject=f"training: {key}", owner=gap["person"],
            due=facts["now"] + settings.within, data={"training": key},
        )  # fmt: skip
        plan.append({"gap": key, "choice": choice, "entry": entry})
    data = {"cause": case.cause, **facts, "plan": plan}
    if not facts["people"]:
        return Finding("no-data", "nobody on the staff has a role with a syllabus", data, problems)
    good = f"{len(facts['people'])} people are trained"
    return concluded(problems, data, head="training", good=good)


def _training(desk: Desk, valid: int, pass_ppm: int, material_age: int) -> dict[str, Any]:
    return training_facts(desk, valid=valid, pass_ppm=pass_ppm, material_age=material_age)
