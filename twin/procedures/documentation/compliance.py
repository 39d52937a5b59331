"""Compliance reporting: filings, control tests, screening, the audit pack, new rules (DC)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from twin.catalog import Settings, check, daily, monthly, runbook, weekly
from twin.desk.port import Desk
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Notify, Runbook, Work
from twin.procedures.documentation.audit_pack import audit_pack
from twin.procedures.documentation.controls import control_tests
from twin.procedures.documentation.filing import filing
from twin.procedures.documentation.lineage import lines
from twin.procedures.documentation.regulation import rules_of
from twin.procedures.documentation.screening import screening
from twin.procedures.findings import concluded

__all__ = [
    "AuditSupport",
    "ControlTests",
    "Filing",
    "Regulation",
    "Screening",
    "monitor_regulation",
    "monitor_screening",
    "prepare_filing",
    "support_audit",
    "verify_compliance",
]

HOUR, DAY = 3600, 86_400
AREA = "Documentation and Reporting / Compliance Reporting"


def _no_list(desk: Desk) -> str | None:
    """Say that no sanctions list is kept here, or None."""
    return None if desk.services.transfers.holders() else "no sovereign is registered"


class Filing(Settings):
    """Parameters of DC1, seconds: the *period*, the work, and the time from period end to *due*."""

    period: int = 31 * DAY
    effort: int = 7200
    due: int = 4 * DAY
    every: int = 40 * DAY
    max_age: int = DAY


@runbook(
    "DC1",
    f"{AREA} / Regulatory reporting preparation",
    cadence=monthly(6, "09:00"),
    role="compliance",
    effort=7200,
    inputs=("chain", "incidents", "evidence of TR1", "proof of the editors", "earlier filings"),
    evidence="filing with the query of each figure, when it was due and when it left",
    settings=Filing,
)
def prepare_filing(case: Case, settings: Filing) -> Runbook:
    """Regulatory reporting preparation.

    The filing is assembled from chain, incidents and evidence, each figure with its query. Its
    proof is held against the figures as they are found again. What is inconsistent is held back by
    somebody in compliance; the clock runs on all the same.
    """
    asked = "What must be filed, and is it printed as it is?"
    begun = yield Look("When did the clock start?", _clock)
    yield Work("compliance", settings.effort, "assemble the regulatory filing")
    report = yield Look(asked, filing, (settings.period, settings.max_age))
    problems = {item: len(found) for item, found in report["wrong"].items()}
    clean = not any(problems.values())
    choice = yield Decide("compliance", "File the report with the regulator?", ("file", "hold"),
                          "file" if clean else "hold", report["wrong"])  # fmt: skip
    left: int | None = None
    if choice == "file":
        left = yield Notify("regulator", "monthly filing", lines(report["proof"]))
    due = begun["now"] + settings.due
    last = begun["last"]
    problems["held"] = int(left is None)
    problems["late"] = int(left is not None and left > due)
    problems["missed"] = int(last is not None and begun["now"] - last > settings.every)
    data = {"cause": case.cause, **report, "due": due, "filed": left, "before": last}
    return concluded(problems, data, head="filing", good=f"{len(report['proof'])} figures filed")


def _clock(desk: Desk) -> dict[str, Any]:
    last = desk.evidence.last("DC1")
    return {"now": desk.now, "last": last.at if last else None}


class ControlTests(Settings):
    """Parameters of DC2: the *period*, records drawn of each control, the least share that worked."""

    period: int = 31 * DAY
    sample: int = Field(default=5, ge=1)
    rate_ppm: int = Field(default=900_000, ge=0, le=1_000_000)


@check(
    "DC2",
    f"{AREA} / Compliance verification",
    cadence=weekly("fri", "09:00"),
    inputs=("procedure manual", "evidence store"),
    evidence="control test log: population, pass rate and sample of each control",
    settings=ControlTests,
)
def verify_compliance(desk: Desk, settings: ControlTests) -> Finding:
    """Compliance verification.

    Each control that we claim is tested by what its procedure left: it must have run as the manual
    promises, it must have been able to look, and records drawn from it must still be readable. A
    control that is claimed and left nothing does not operate (Ronin, 2022: a right that was to be
    taken back, and nobody looked).
    """
    log = control_tests(
        desk, period=settings.period, size=settings.sample, rate_ppm=settings.rate_ppm
    )
    items = ("silent", "thin", "unable", "sample")
    problems = {
        item: sum(item in row["wrong"] for row in log["controls"].values()) for item in items
    }
    problems["unwritten"] = len(log["unwritten"])
    if not log["controls"]:
        return Finding("no-data", "no control could be tested", log, problems)
    return concluded(
        problems, log, head="controls", good=f"{len(log['controls'])} controls operate"
    )


class Screening(Settings):
    """Limits of DC3: seconds from listing to freeze, of the list itself; *dust* in PT units."""

    window: int = 31 * DAY
    sla: int = 6 * HOUR
    list_age: int = 2 * DAY
    dust: int = 5 * 10**6
    ring: int = Field(default=3, ge=2)


@check(
    "DC3",
    f"{AREA} / AML/KYC process monitoring",
    cadence=daily("07:30"),
    inputs=("sanctions list", "PT transfers", "freezes and their reasons", "stores"),
    evidence="screening report: latency, hits, freezes and releases, case queue",
    settings=Screening,
    applies=_no_list,
)
def monitor_screening(desk: Desk, settings: Screening) -> Finding:
    """AML/KYC process monitoring.

    Parties on the list are held against who moves PT: how long from listing to freeze, who was
    served after it. Accounts that are frozen and on no list, in no incident and in no decision are
    bystanders, the more so where somebody listed had sent them dust (Tornado Cash, 2022-08). Money
    of a listed party that is dealt out and gathered again is a ring.
    """
    report = screening(desk, window=settings.window, sla=settings.sla, dust=settings.dust,
                       ring=settings.ring, list_age=settings.list_age)  # fmt: skip
    problems = {item: len(found) for item, found in report["cases"].items()}
    return concluded(problems, report, head="screening", good=f"{report['listed']} listed parties")


class AuditSupport(Settings):
    """Parameters of DC4: the period, time to enter an emergency change, how many are drawn."""

    window: int = 31 * DAY
    grace: int = DAY
    sample: int = Field(default=20, ge=1)


@check(
    "DC4",
    f"{AREA} / Audit support documentation",
    cadence=monthly(7, "10:00"),
    inputs=("administrative events", "change store", "evidence store", "log reviews"),
    evidence="audit pack: drawn actions with their trail, list of missing trails, chain of hashes",
    settings=AuditSupport,
)
def support_audit(desk: Desk, settings: AuditSupport) -> Finding:
    """Audit support documentation.

    Actions on chain are drawn and followed to the change, the approval and the evidence behind
    them. Records are drawn and read. A broken chain of hashes, or a log that its review found
    altered, means that the pack cannot be relied on.
    """
    pack = audit_pack(desk, window=settings.window, grace=settings.grace, size=settings.sample)
    problems = {
        "missing-trail": len(pack["missing"]),
        "altered": int(not pack["intact"]) + len(pack["unreadable"]) + pack["tampered"],
    }
    if not pack["population"]["records"]:
        return Finding("no-data", "there are no records to audit", pack, problems)
    drawn = len(pack["trails"]) + len(pack["records"])
    return concluded(problems, pack, head="audit pack", good=f"{drawn} trails are whole")


class Regulation(Settings):
    """Limits of DC5, seconds: to an owner after publication, of work, of notice that is short."""

    sla: int = 8 * DAY
    effort: int = 3600
    lead: int = 14 * DAY


@runbook(
    "DC5",
    f"{AREA} / Regulatory change monitoring",
    level="C",
    cadence=weekly("thu", "10:00"),
    role="compliance",
    effort=3600,
    inputs=("regulators' bulletins", "decision store"),
    evidence="impact register: each rule with owner, effective date and what was decided",
    settings=Regulation,
)
def monitor_regulation(case: Case, settings: Regulation) -> Runbook:
    """Regulatory change monitoring.

    Every rule that a regulator publishes gets an entry with an owner and its effective date, and
    somebody in compliance says what it means for us. A rule that nobody took up in time, one that
    is in force and not carried out, and one that leaves too little time are told.
    """
    facts = yield Look("Which rules are new, and how do the others stand?", rules_of,
                       (settings.sla, settings.lead))  # fmt: skip
    problems = {item: len(found) for item, found in facts["wrong"].items()}
    made = []
    for rule in facts["new"]:
        yield Work("compliance", settings.effort, f"read {rule['name']}")
        choice = yield Decide("compliance", f"Does '{rule['name']}' concern us?",
                              ("adopt", "not-applicable"), rule["advice"], rule)  # fmt: skip
        entry = yield Keep("decision", subject=f"rule: {rule['name']}", owner="compliance",
                           due=rule["effective"], state="open" if choice == "adopt" else "done",
                           data={"regulation": rule["id"], "choice": choice,
                                 "published": rule["published"]})  # fmt: skip
        made.append({"rule": rule["id"], "entry": entry, "choice": choice})
    for entry in facts["ready"]:
        yield Work("compliance", settings.effort, f"put {entry['subject']} into effect")
        yield Keep("decision", entry["id"], "done")
    data = {"cause": case.cause, **facts, "made": made}
    return concluded(problems, data, head="rules", good=f"{len(facts['rules'])} rules known")
