"""Monthly procedures: audit, implementation, long trends, security posture, metrics (RM)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings, check, monthly, runbook
from twin.desk.port import Desk
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Runbook, Work
from twin.procedures.routine.audit import CONTROLS, audit
from twin.procedures.routine.implemented import implementation_register
from twin.procedures.routine.operating import PHASES, operating_facts
from twin.procedures.routine.posture import scored, summary_of
from twin.procedures.routine.trends import (
    SLIS,
    Record,
    change_points,
    daily_record,
    median,
    seasons,
    without_seasons,
)

__all__ = [
    "Assessment",
    "OperationalMetrics",
    "TrendAnalysis",
    "assess_posture",
    "comprehensive_audit",
    "report_metrics",
    "review_implementation",
    "trend_analysis",
]

DAY = 86_400
PPM = 1_000_000
AREA = "Routine Operations / Monthly Procedures"


@check(
    "RM1",
    f"{AREA} / Comprehensive system audit",
    cadence=monthly(2, "10:00"),
    inputs=("contracts", "signed register", "change store", "statements", "rules", "evidence"),
    evidence="audit pack: every control of the list with its exceptions",
)
def comprehensive_audit(desk: Desk, settings: Settings) -> Finding:
    """Comprehensive system audit.

    The whole control list is run: supply, reserve, custody statements, roles, parameters and code
    against the register and the recorded changes, rules, checks and evidence. What differs is an
    exception, and so is what could not be looked at.
    """
    del settings
    pack = audit(desk)
    problems = {name: len(pack["exceptions"].get(name, ())) for name in CONTROLS}
    problems["unread"] = len(pack["unread"])
    wrong = [name for name, count in problems.items() if count]
    if pack["unread"] and wrong == ["unread"]:
        return Finding("no-data", f"not audited: {', '.join(pack['unread'])}", pack, problems)
    return Finding(
        "finding" if wrong else "ok",
        f"exceptions: {', '.join(wrong)}" if wrong else f"{len(CONTROLS)} controls, no exception",
        pack,
        problems,
    )


@check(
    "RM2",
    f"{AREA} / Governance implementation review",
    cadence=monthly(3, "10:00"),
    inputs=("ProposalExecuted logs", "change store", "contracts", "metrics"),
    evidence="implementation register: intended and actual values, criteria, what was not recorded",
)
def review_implementation(desk: Desk, settings: Settings) -> Finding:
    """Governance implementation review.

    Each executed proposal and change: the chain holds what it intended, unless a later one set it
    anew, and its success criteria are met. What was applied in part is told from what was not.
    """
    del settings
    register = implementation_register(desk)
    items = ("partly", "not-applied", "unverifiable", "criteria", "unrecorded")
    problems = {item: len(register["wrong"].get(item, ())) for item in items}
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"implementation: {', '.join(wrong)}" if wrong else f"{len(register['rows'])} implemented",
        register,
        problems,
    )


class TrendAnalysis(Settings):
    """Limits of RM3: a shift of the level by *min_shift_ppm*; a change *near* it, in days."""

    days: int = 56
    min_days: int = 14
    min_shift_ppm: int = 100_000
    near: int = 1
    max_missing: int = 3


def _shifts(
    record: Record, changes: Mapping[str, int], settings: TrendAnalysis
) -> list[dict[str, Any]]:
    """Return where the level of *record* moved, by how much, and which changes lie near."""
    values = without_seasons(record)
    marks = change_points(values)
    bounds = [0, *marks, len(values)]
    found = []
    for place, mark in enumerate(marks, 1):
        before = median(values[bounds[place - 1] : mark])
        after = median(values[mark : bounds[place + 1]])
        at = record.end - (len(values) - mark) * DAY
        near = [
            name for name, when in changes.items() if abs(when - at) <= (settings.near + 1) * DAY
        ]
        found.append(
            {"at": at, "before": before, "after": after, "changes": sorted(near),
             "shift_ppm": (after - before) * PPM // max(1, abs(before))}
        )  # fmt: skip
    return found


@check(
    "RM3",
    f"{AREA} / Performance trend analysis",
    cadence=monthly(3, "11:00"),
    inputs=("service level indicators, day by day", "change store"),
    evidence="trend report: weekday seasons, change points, and the changes that lie near them",
    settings=TrendAnalysis,
)
def trend_analysis(desk: Desk, settings: TrendAnalysis) -> Finding:
    """Performance trend analysis.

    Each indicator is taken apart into what its weekdays add and what is left; where the rest moved
    to another level for the worse, the changes carried out near that day are laid over it.
    """
    changes = {
        entry.id: entry.changed
        for entry in desk.stores.entries("change")
        if entry.state not in {"proposed", "rejected"}
    }
    report: dict[str, Any] = {}
    problems = {"shift": 0, "after-change": 0, "holes": 0}
    told = 0
    for sli in SLIS:
        record = daily_record(desk, sli, days=settings.days)
        about: dict[str, Any] = {"days": len(record.values), "missing": record.missing}
        problems["holes"] += record.missing > settings.max_missing
        if len(record.values) >= settings.min_days:
            told += 1
            shifts = _shifts(record, changes, settings)
            seasonal = {str(day): gap for day, gap in seasons(record).items()}
            about |= {"level": median(record.values), "seasons": seasonal, "shifts": shifts}
            worse = [one for one in shifts if one["shift_ppm"] >= settings.min_shift_ppm]
            problems["shift"] += bool(worse)
            problems["after-change"] += any(one["changes"] for one in worse)
        report[sli.name] = about
    if problems["holes"]:
        return Finding("no-data", "days are missing in the record", report, problems)
    if not told:
        return Finding("refused", "the record is too short for a trend", report)
    worse_ones = [name for name, count in problems.items() if count]
    return Finding(
        "finding" if worse_ones else "ok",
        f"levels moved: {', '.join(worse_ones)}" if worse_ones else "no level moved for the worse",
        report,
        problems,
    )


class Assessment(Settings):
    """Parameters of RM4: evidence older than *horizon* seconds is stale; gaps are due in *within*."""

    horizon: int = 35 * DAY
    within: int = 30 * DAY
    effort: int = 3600


@runbook(
    "RM4",
    f"{AREA} / Security posture assessment",
    cadence=monthly(4, "10:00"),
    role="security",
    effort=3600,
    inputs=("evidence", "incidents", "actions", "rules", "brakes tried on the present state"),
    evidence="scored checklist: points and reason of each control, gaps as actions",
    settings=Assessment,
)
def assess_posture(case: Case, settings: Assessment) -> Runbook:
    """Security posture assessment.

    Each control of the list is scored from evidence: 2 where it is proved and recent, 1 where it is
    stale or failed, 0 where nothing shows that it exists. A gap becomes an action with an owner,
    once, or is accepted as a risk by somebody.
    """
    found = yield Look("What does the evidence show?", scored, (settings.horizon,))
    now = yield Look("When?", _now)
    yield Work("security", settings.effort, "go through the checklist")
    gaps = {name: row for name, row in found["rows"].items() if row["points"] < 2}
    decided: dict[str, str] = {}
    for name, row in gaps.items():
        if name in found["tracked"]:
            decided[name] = found["tracked"][name]
            continue
        choice = yield Decide("security", f"What is done about {name}?", ("close", "accept"),
                              "close", row)  # fmt: skip
        kind = "action" if choice == "close" else "risk"
        decided[name] = yield Keep(
            kind, subject=f"{name}: {row['reason']}", due=now + settings.within,
            data={"control": name, "points": row["points"]},
        )  # fmt: skip
    return summary_of(found["rows"], {"cause": case.cause, **found, "decided": decided})


def _now(desk: Desk) -> int:
    return desk.now


class OperationalMetrics(Settings):
    """Limits of RM5: seconds by phase that 90 % should keep to; a tail is *tail* medians long."""

    period: int = 31 * DAY
    p90: Mapping[str, int] = {
        "detect": 1800,
        "acknowledge": 900,
        "contain": 3600,
        "restore": 259_200,
    }
    tail: int = 5
    min_real_ppm: int = 500_000
    max_failed_ppm: int = 300_000


@check(
    "RM5",
    f"{AREA} / Operational metrics reporting",
    cadence=monthly(5, "10:00"),
    inputs=("incident histories", "triage evidence", "change store", "pages"),
    evidence="metrics report: quantiles with intervals, censored times, shares with intervals",
    settings=OperationalMetrics,
)
def report_metrics(desk: Desk, settings: OperationalMetrics) -> Finding:
    """Operational metrics reporting.

    Times to detect, acknowledge, contain and restore as medians and 90 % quantiles with the
    interval of their order statistics, incidents that still run counted as censored; how many
    alerts were real, how many changes failed. No mean is given: it would hide the tail.
    """
    facts = operating_facts(desk, since=desk.now - settings.period)
    problems = {"slow": 0, "tail": 0, "alerts": 0, "changes": 0}
    for phase in PHASES:
        times = facts["times"][phase]
        if not times["count"]:
            continue
        problems["slow"] += times["p90"]["seconds"] > settings.p90[phase]
        long = settings.tail * max(60, times["median"]["seconds"])
        problems["tail"] += times["worst"]["seconds"] > long
    real, failed = facts["alerts_real"], facts["changes_failed"]
    problems["alerts"] = int(real.get("high_ppm", PPM) < settings.min_real_ppm)
    problems["changes"] = int(failed.get("low_ppm", 0) > settings.max_failed_ppm)
    if not facts["incidents"] and not real["whole"] and not failed["whole"]:
        return Finding(
            "refused", "nothing happened in this period: there is nothing to report", facts
        )
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"metrics: {', '.join(wrong)}" if wrong else f"{facts['incidents']} incidents in bounds",
        facts,
        problems,
    )
