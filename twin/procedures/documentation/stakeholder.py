"""Stakeholder reporting: to governance, sovereigns, the market, the public, the committee (DS)."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

from pydantic import Field

from twin.catalog import Settings, every, monthly, runbook
from twin.desk.port import Desk
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Notify, Runbook, Step, Wait, Work
from twin.procedures.documentation import lineage, market_notices
from twin.procedures.documentation.brief import brief_of
from twin.procedures.documentation.pack import assembled
from twin.procedures.documentation.statements import MAIL, received, statements
from twin.procedures.documentation.transparency import published, transparency
from twin.procedures.findings import concluded, named

__all__ = [
    "Brief",
    "GovernancePack",
    "MarketNotices",
    "PublicReport",
    "SovereignStatements",
    "brief_committee",
    "inform_market",
    "inform_sovereigns",
    "report_performance",
    "report_publicly",
]

HOUR, DAY = 3600, 86_400
AREA = "Documentation and Reporting / Stakeholder Reporting"

Part = Generator[Step, Any, Any]


def _closing(
    problems: Mapping[str, int], data: Mapping[str, Any], *, head: str, good: str
) -> Finding:
    """Return the finding of a report: a number without data behind it is no data."""
    if problems.get("unsupported") and not any(
        problems.get(item) for item in ("wrong", "mean-only", "cherry-picked")
    ):
        return Finding("no-data", f"{head}: {named(problems)}", data, problems)
    return concluded(problems, data, head=head, good=good)


def _release(
    report: str, wrong: Mapping[str, list[str]], *, audience: str, subject: str, text: str
) -> Part:
    """Let the liaison decide whether *report* goes out; value whether it did."""
    clean = not any(wrong.values())
    choice = yield Decide("liaison", f"Publish the {report}?", ("publish", "withhold"),
                          "publish" if clean else "withhold", dict(wrong))  # fmt: skip
    if choice != "publish":
        return False
    yield Notify(audience, subject, text)
    return True


class GovernancePack(Settings):
    """Parameters of DS1: *days* that it covers, seconds of work, the age of its newest sample."""

    days: int = Field(default=31, ge=1)
    effort: int = 5400
    max_age: int = 2 * HOUR


@runbook(
    "DS1",
    f"{AREA} / Performance reports for governance bodies",
    level="A",
    cadence=monthly(5, "11:00"),
    role="liaison",
    effort=5400,
    inputs=("metrics", "incidents", "changes", "judged alerts", "proof of the editors"),
    evidence="governance pack: each figure with its query, intervals, counter-metrics; the check",
    settings=GovernancePack,
)
def report_performance(case: Case, settings: GovernancePack) -> Runbook:
    """Performance reports for governance bodies.

    Service levels and response times are given as medians with the interval of their order
    statistics, the 90 % quantile and the worst, each beside the figure that it could have been
    bought with. The proof is held against the figures as they are found again: one that was changed,
    lost its interval or its counter-metric, or has no data behind it, keeps the pack back.
    """
    yield Work("liaison", settings.effort, "assemble the governance pack")
    asked = "What are the figures, and are they printed as they are?"
    report = yield Look(asked, assembled, (settings.days, settings.max_age))
    problems = {item: len(found) for item, found in report["wrong"].items()}
    out = yield from _release(
        "governance pack", report["wrong"], audience="governance", subject="monthly pack",
        text=lineage.lines(report["proof"]),
    )  # fmt: skip
    problems["withheld"] = int(not out)
    data = {"cause": case.cause, **report, "published": out}
    return _closing(problems, data, head="governance pack", good=f"{len(report['proof'])} figures")


class SovereignStatements(Settings):
    """Parameters of DS2, seconds: the period, the work, and how long mail may take."""

    period: int = 31 * DAY
    effort: int = 3600
    max_age: int = 2 * HOUR
    arrival: int = HOUR


def _no_sovereign(desk: Desk) -> str | None:
    """Say that nobody is to be told anything, or None."""
    return None if desk.services.transfers.holders() else "no sovereign is registered"


@runbook(
    "DS2",
    f"{AREA} / Sovereign participant updates",
    level="A",
    cadence=monthly(2, "13:00"),
    role="liaison",
    effort=3600,
    inputs=("FT ledger", "claims and issues", "dispute forms", "notices", "mail receipts"),
    evidence="statement of each sovereign with its check, delivery log",
    settings=SovereignStatements,
    applies=_no_sovereign,
)
def inform_sovereigns(case: Case, settings: SovereignStatements) -> Runbook:
    """Sovereign participant updates.

    Each sovereign gets a statement of exports, allocation, ledger, disputes and notices, when its
    numbers are right and the balance is what the token's transfers add up to. What does not arrive
    is sent once more; what still does not, and any earlier notice that was lost, becomes a ticket.
    """
    yield Work("liaison", settings.effort, "prepare the statements")
    found = yield Look("What has each sovereign to be told?", _statements,
                       (settings.period, settings.max_age))  # fmt: skip
    problems = dict.fromkeys((*lineage.ITEMS, "withheld", "undelivered", "lost-notice"), 0)
    sent: list[str] = []
    for name, row in found["rows"].items():
        for item, reasons in row["wrong"].items():
            problems[item] += len(reasons)
        problems["lost-notice"] += len(row["lost"])
        out = yield from _release(
            f"statement of {name}", row["wrong"], audience=MAIL + name, subject="statement",
            text=lineage.lines(row["proof"]),
        )  # fmt: skip
        if out:
            sent.append(name)
        problems["withheld"] += not out
    log = yield from _delivered(found, sent, settings)
    problems["undelivered"] = len(log["undelivered"])
    for name in log["undelivered"]:
        yield Keep("ticket", subject=f"statement does not reach {name}", owner="liaison",
                   data={"sovereign": name})  # fmt: skip
    data = {"cause": case.cause, **found, "deliveries": log}
    return _closing(problems, data, head="statements", good=f"{len(sent)} statements delivered")


def _delivered(found: Mapping[str, Any], sent: list[str], settings: SovereignStatements) -> Part:
    """Wait for the receipts of *sent*, send once more what has none; value the delivery log."""
    yield Wait(settings.arrival, "mail is on its way")
    first = yield Look("What has arrived?", received, (found["until"],))
    again = [name for name in sent if first.get(name) is None]
    for name in again:
        text = lineage.lines(found["rows"][name]["proof"])
        yield Notify(MAIL + name, "statement (sent again)", text)
    second = first
    if again:
        yield Wait(settings.arrival, "mail is on its way again")
        second = yield Look("What has arrived now?", received, (found["until"],))
    missing = [name for name in sent if second.get(name) is None]
    return {"first": first, "again": again, "second": second, "undelivered": missing}


def _statements(desk: Desk, period: int, max_age: int) -> dict[str, Any]:
    return statements(desk, period, max_age)


class MarketNotices(Settings):
    """Limits of DS3, seconds: what is looked at, and how soon each kind has to be told."""

    window: int = 2 * DAY
    within: Mapping[str, int] = {
        "halt": 2700,
        "release": 2700,
        "fee": 12 * HOUR,
        "listing": 12 * HOUR,
    }
    effort: int = 300


@runbook(
    "DS3",
    f"{AREA} / Market participant communications",
    cadence=every(minutes=30),
    role="liaison",
    effort=300,
    inputs=("halts, releases and fee changes on chain", "listings of venues", "published notices"),
    evidence="notice log: each trigger, when it was told, what was late or contradicted itself",
    settings=MarketNotices,
)
def inform_market(case: Case, settings: MarketNotices) -> Runbook:
    """Market participant communications.

    Each halt, release, change of a fee and change of a listing has to be told to the market in time.
    What nobody has told is told now; a notice that says the contrary of what is so is corrected.
    """
    seen = yield Look("What had to be told, and was it?", market_notices.triggers,
                      (settings.window,))  # fmt: skip
    problems = dict.fromkeys(("late", "untold", "contradiction"), 0)
    log: list[dict[str, Any]] = []
    for row in seen["rows"]:
        told = row["told"]
        if told is None:
            yield Work("liaison", settings.effort, f"write the notice on {row['object']}")
            told = yield from _tell(row)
            problems["untold"] += told is None
            late = told is None or told - row["at"] > settings.within[row["kind"]]
        else:
            late = told - row["at"] > settings.within[row["kind"]] and told > seen["last"]
        problems["late"] += late
        log.append({**row, "told": told, "late": bool(late)})
    for row in seen["contradictions"]:
        problems["contradiction"] += 1
        told = yield from _tell({**row, "text": f"the notice '{row['said']}' no longer holds"})
        log.append({**row, "kind": "correction", "told": told})
    data = {"cause": case.cause, "log": log, "listings": seen["listings"]}
    return concluded(problems, data, head="notices", good=f"{len(log)} told in time")


def _tell(row: Mapping[str, Any]) -> Part:
    """Let the liaison decide whether the notice of *row* goes out; value when it did, or None."""
    choice = yield Decide("liaison", f"Tell the market: {row['subject']}?", ("tell", "hold"),
                          "tell", dict(row))  # fmt: skip
    if choice != "tell":
        return None
    return (yield Notify("market", str(row["subject"]), str(row["text"])))


class PublicReport(Settings):
    """Parameters of DS4, seconds."""

    period: int = 31 * DAY
    effort: int = 1800
    max_age: int = 2 * HOUR


@runbook(
    "DS4",
    f"{AREA} / Public transparency reports",
    level="A",
    cadence=monthly(2, "15:00"),
    role="liaison",
    effort=1800,
    inputs=("public events and views of the contracts",),
    evidence="report with a recipe for each figure, its second path, what was withheld",
    settings=PublicReport,
)
def report_publicly(case: Case, settings: PublicReport) -> Runbook:
    """Public transparency reports.

    Supplies, reserve, exports, redemptions and halts are published with the recipe by which an
    outsider finds each of them from public events alone. Each is found by a second path before, and
    one that was printed otherwise, or that cannot be found again, keeps the report back.
    """
    yield Work("liaison", settings.effort, "prepare the transparency report")
    report = yield Look("What do public data say?", transparency,
                        (settings.period, settings.max_age))  # fmt: skip
    problems = {item: len(found) for item, found in report["wrong"].items()}
    text = json.dumps(published(report), sort_keys=True, separators=(",", ":"))
    out = yield from _release("transparency report", report["wrong"], audience="public",
                              subject="transparency report", text=text)  # fmt: skip
    problems["withheld"] = int(not out)
    data = {"cause": case.cause, **report, "published": out}
    return _closing(problems, data, head="transparency report",
                    good=f"{len(report['proof'])} figures at block {report['block']}")  # fmt: skip


class Brief(Settings):
    """Limits of DS5, seconds: a risk is decided within *patience*, a decision done *within*."""

    patience: int = 35 * DAY
    within: int = 30 * DAY
    effort: int = 3600
    valid: int = 200 * DAY
    pass_ppm: int = Field(default=600_000, ge=0, le=1_000_000)
    material_age: int = 400 * DAY


@runbook(
    "DS5",
    f"{AREA} / Technical committee briefings",
    level="C",
    cadence=monthly(6, "10:00"),
    role="analyst",
    effort=3600,
    inputs=("risks", "actions", "decisions", "drill gaps"),
    evidence="brief and decision log: each risk with its decision, what was known and left",
    settings=Brief,
)
def brief_committee(case: Case, settings: Brief) -> Runbook:
    """Technical committee briefings.

    The brief is built from open risks, actions, decisions and drill gaps. Each risk without a
    decision is put to the committee: it is mitigated, accepted, or deferred, which decides nothing;
    a decision has an owner and a date, and one that was not carried out comes back.
    """
    brief = yield Look("What has the committee to know?", _brief,
                       (settings.patience, settings.valid, settings.pass_ppm, settings.material_age))  # fmt: skip
    yield Work("analyst", settings.effort, "write the brief")
    log: list[dict[str, Any]] = []
    for risk in brief["undecided"]:
        choice = yield Decide(
            "commander", f"What is done about {risk['id']}?", ("mitigate", "accept", "defer"),
            "mitigate", risk,
        )  # fmt: skip
        row = {"risk": risk["id"], "choice": choice, "decision": None}
        if choice != "defer":
            row["decision"] = yield Keep(
                "decision", subject=f"{choice} {risk['id']}: {risk['subject']}",
                owner=risk["owner"] or "commander", due=brief["now"] + settings.within,
                state="open" if choice == "mitigate" else "done",
                data={"risk": risk["id"], "choice": choice},
            )  # fmt: skip
        log.append(row)
    yield Notify("committee", "technical brief", _told(brief, log))
    deferred = {row["risk"] for row in log if row["choice"] == "defer"}
    problems = {
        "undecided": len(brief["left"]), "deferred": len(deferred & set(brief["left"])),
        "undone": len(brief["undone"]), "late-action": len(brief["late"]),
        "drill-gap": len(brief["drills"]["gaps"]),
    }  # fmt: skip
    data = {"cause": case.cause, **brief, "log": log}
    if not brief["drills"]["people"]:
        return Finding("no-data", "nobody on the staff is known to have drilled", data, problems)
    good = f"{len(brief['risks'])} risks, {len(log)} put to the committee"
    return concluded(problems, data, head="brief", good=good)


def _brief(
    desk: Desk, patience: int, valid: int, pass_ppm: int, material_age: int
) -> dict[str, Any]:
    limits = {"valid": valid, "pass_ppm": pass_ppm, "material_age": material_age}
    return brief_of(desk, patience, limits)


def _told(brief: Mapping[str, Any], log: list[dict[str, Any]]) -> str:
    """Return the brief as text: what is open, and what was decided."""
    gaps = brief["drills"]["gaps"]
    rows = [
        f"{len(brief['risks'])} risks, {len(brief['left'])} of them left without a decision",
        f"{len(brief['actions'])} actions open, late: {', '.join(brief['late']) or 'none'}",
        f"decisions not carried out: {', '.join(brief['undone']) or 'none'}",
        f"drill gaps: {len(gaps)} (last plan: {brief['drills']['ref']})",
    ]
    rows += [f"{row['risk']}: {row['choice']} ({row['decision']})" for row in log]
    return "\n".join(rows)
