"""Weekly procedures: performance, patches, proposals, stakeholder drafts, backups (RW)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from twin.catalog import Settings, daily, runbook, weekly
from twin.desk.port import Desk
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Notify, Runbook, Wait, Work
from twin.procedures.routine.drafts import checked, draft, rendered
from twin.procedures.routine.inventory import fleet, known_holes
from twin.procedures.routine.patches import advice_on, matches
from twin.procedures.routine.proposals import open_proposals, review
from twin.procedures.routine.restore import newest, restored
from twin.procedures.routine.trends import SLIS, Sli, daily_record, trend, without_seasons

__all__ = [
    "BackupVerification",
    "Patches",
    "Performance",
    "Proposals",
    "StakeholderDraft",
    "assess_patches",
    "performance_analysis",
    "prepare_communication",
    "review_proposals",
    "verify_backups",
]

DAY = 86_400
AREA = "Routine Operations / Weekly Procedures"


class Performance(Settings):
    """Limits of RW1: a trend counts from *z_milli* and *weekly_ppm* of the level on.

    At least *min_days* and at most *days* are looked at; a capacity that is reached within
    *horizon_days* at the present slope is a finding.
    """

    days: int = 28
    min_days: int = 7
    z_milli: int = 2330
    weekly_ppm: int = 50_000
    horizon_days: int = 60
    max_missing: int = 2
    effort: int = 900


def _analysis(desk: Desk, settings: Performance) -> dict[str, Any]:
    """Test every indicator for a trend: its slope, its significance, days until its capacity."""
    found: dict[str, Any] = {}
    for sli in SLIS:
        record = daily_record(desk, sli, days=settings.days)
        about: dict[str, Any] = {"days": len(record.values), "missing": record.missing}
        if len(record.values) >= settings.min_days:
            about |= _judged(sli, record_values=without_seasons(record), settings=settings)
        found[sli.name] = about
    proposed = desk.stores.entries("change", unended=True)
    return {"slis": found, "proposed": [str(entry.data.get("sli", "")) for entry in proposed]}


def _judged(sli: Sli, *, record_values: tuple[int, ...], settings: Performance) -> dict[str, Any]:
    tested = trend(record_values)
    weekly_ppm = tested.weekly_ppm()
    worse = tested.z_milli >= settings.z_milli and weekly_ppm >= settings.weekly_ppm
    left = None
    if sli.capacity is not None and tested.slope_milli > 0:
        left = max(0, sli.capacity - record_values[-1]) * 1000 // tested.slope_milli
    full = worse and left is not None and left <= settings.horizon_days
    return {
        "slope_milli": tested.slope_milli, "z_milli": tested.z_milli, "level": tested.level,
        "weekly_ppm": weekly_ppm, "worse": worse, "days_to_capacity": left, "full": full,
    }  # fmt: skip


@runbook(
    "RW1",
    f"{AREA} / Performance analysis and optimization",
    level="A",
    cadence=weekly("mon", "09:00"),
    role="analyst",
    effort=900,
    inputs=("service level indicators, day by day", "change store"),
    evidence="analysis note: slope, significance and capacity forecast of each indicator",
    settings=Performance,
)
def performance_analysis(case: Case, settings: Performance) -> Runbook:
    """Performance analysis and optimization.

    Each indicator's daily values, less what the weekday adds, are tested for a trend by Theil-Sen
    and Mann-Kendall; one that grows worse, or will use up its capacity, becomes a proposed change.
    """
    seen = yield Look("Which indicator grows worse?", partial(_analysis, settings=settings))
    slis: Mapping[str, Mapping[str, Any]] = seen["slis"]
    problems = {"trend": 0, "capacity": 0, "holes": 0}
    for name, about in slis.items():
        problems["holes"] += about["missing"] > settings.max_missing
        if not about.get("worse"):
            continue
        problems["trend"] += 1
        problems["capacity"] += bool(about["full"])
        if name not in seen["proposed"]:
            yield Work("analyst", settings.effort, f"sketch a change for {name}")
            yield Keep(
                "change", state="proposed", subject=f"{name} grows by {about['weekly_ppm']} ppm a week",
                data={"sli": name, "kind": "optimization", "analysis": dict(about)},
            )  # fmt: skip
    data = {"cause": case.cause, "slis": {name: dict(about) for name, about in slis.items()}}
    if problems["holes"]:
        return Finding("no-data", "days are missing in the record", data, problems)
    if not any("worse" in about for about in slis.values()):
        days = max((about["days"] for about in slis.values()), default=0)
        return Finding("refused", f"the record is {days} days long: no trend can be told", data)
    worse = [name for name, about in slis.items() if about.get("worse")]
    return Finding(
        "finding" if worse else "ok",
        f"grows worse: {', '.join(worse)}" if worse else "no indicator grows worse",
        data,
        problems,
    )


class Patches(Settings):
    """Parameters of RW2: seconds that judging one match takes a person."""

    effort: int = 600


def _late(decided: Mapping[str, Any] | None, now: int) -> bool:
    """Say whether what was decided had to be carried out by *now* and was not."""
    return bool(decided and not decided["ended"] and decided["due"] and decided["due"] <= now)


def _patches(desk: Desk) -> dict[str, Any]:
    """Match what runs with what is known, and say what was decided already."""
    components, unread = fleet(desk)
    holes = known_holes(desk)
    decided = {
        str(entry.data["match"]): {"id": entry.id, "state": entry.state, "due": entry.due,
                                   "ended": entry.ended, "opened": entry.opened}
        for entry in desk.stores.entries("change")
        if "match" in entry.data
    }  # fmt: skip
    found = []
    for one in matches(components, holes):
        key = f"{one.advisory.id} {one.component.where} {one.component.version}"
        found.append(
            {
                "key": key, "advisory": one.advisory.id, "severity": one.advisory.severity,
                "component": one.component.component, "version": one.component.version,
                "fixed_in": one.advisory.fixed_in, "where": one.component.where,
                "exposure": one.component.exposure, "rank": one.rank, "due": one.due,
                "age": desk.now - one.advisory.published, "overdue": _late(decided.get(key), desk.now),
                "advice": advice_on(one, desk.now), "decided": decided.get(key),
            }
        )  # fmt: skip
    expired = [
        one.where
        for one in components
        if one.supported_until is not None and one.supported_until < desk.now
    ]
    return {"components": len(components), "advisories": len(holes), "unread": unread,
            "expired": expired, "matches": found}  # fmt: skip


@runbook(
    "RW2",
    f"{AREA} / Security patch assessment",
    cadence=weekly("tue", "09:30"),
    role="security",
    effort=600,
    inputs=("versions of what runs", "advisories", "change store"),
    evidence="patch decision record: match, exposure, rank, age, decision",
    settings=Patches,
)
def assess_patches(case: Case, settings: Patches) -> Runbook:
    """Security patch assessment.

    Versions of what runs are matched with advisories, worst exposure first; somebody decides on
    each match that has no decision yet, and a decision that was not carried out in time is told.
    """
    seen = yield Look("What runs with a known hole?", _patches)
    record: list[dict[str, Any]] = []
    for one in seen["matches"]:
        if one["decided"]:
            record.append({**one, "decision": one["decided"]["id"]})
            continue
        yield Work("security", settings.effort, f"assess {one['key']}")
        choice = yield Decide("security", f"Patch {one['where']} for {one['advisory']}?",
                              ("patch-now", "schedule", "accept"), one["advice"], one)  # fmt: skip
        kind = "risk" if choice == "accept" else "change"
        entry = yield Keep(
            kind, state="open" if kind == "risk" else "proposed", due=one["due"],
            subject=f"{choice}: {one['component']} {one['version']} at {one['where']}",
            data={"match": one["key"], "kind": "patch", "decision": choice},
        )  # fmt: skip
        record.append({**one, "decision": entry, "choice": choice})
    problems = {
        "unpatched": len(seen["matches"]),
        "overdue": sum(bool(one["overdue"]) for one in seen["matches"]),
        "unsupported": len(seen["expired"]),
        "unread": len(seen["unread"]),
    }
    data = {**seen, "matches": record, "cause": case.cause}
    if not seen["components"]:
        return Finding("no-data", "no component tells its version", data, {"no-data": 1})
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"{', '.join(wrong)}" if wrong else "everything that runs is patched", data, problems,
    )  # fmt: skip


class Proposals(Settings):
    """Limits of RW3: a delegate above *max_share_ppm* of the votes, votes gained in *recent* s."""

    effort: int = 1800
    max_share_ppm: int = 330_000
    recent: int = 7 * DAY


def _reviews(desk: Desk, settings: Proposals) -> list[dict[str, Any]]:
    """Review every proposal that may yet be executed, against the code of its first review."""
    pinned: dict[str, dict[str, str]] = {}
    for evidence in desk.evidence.of("RW3"):
        for old in desk.evidence.data(evidence.ref).get("reviews", ()):
            pinned.setdefault(old["proposal"], old["code_hashes"])
    asked: dict[str, list[str]] = {}
    for entry in desk.stores.entries("decision"):
        if "proposal" in entry.data:
            asked.setdefault(str(entry.data["proposal"]), []).extend(entry.data["items"])
    found = []
    for record, state in open_proposals(desk):
        name = str(record.args["proposalId"])
        about = review(
            desk, record, state, pinned=pinned.get(name, {}), recent=settings.recent,
            max_share_ppm=settings.max_share_ppm,
        )  # fmt: skip
        news = sorted(set(about["reasons"]) - set(asked.get(name, ())))
        found.append({**about, "news": news})
    return found


@runbook(
    "RW3",
    f"{AREA} / Governance proposal review",
    # A vote is over in 36 hours and its timelock in 24 more: a weekly look would come too late.
    cadence=daily("09:30"),
    role="security",
    effort=1800,
    inputs=("Governor events", "calldata", "code", "voting power", "change store"),
    evidence="review file per proposal: calls, simulated difference, voting power, code hashes",
    settings=Proposals,
)
def review_proposals(case: Case, settings: Proposals) -> Runbook:
    """Governance proposal review.

    Every open proposal is decoded, carried out on a copy, and held against what its change entry
    announced, the register's code, the code of its first review and the spread of the votes. What
    speaks against it goes to somebody who may ask for a veto (Beanstalk, 2022-04-17).
    """
    reviews = yield Look("What would each open proposal do?", partial(_reviews, settings=settings))
    problems: dict[str, int] = {}
    vetoes = []
    for one in reviews:
        for item, reasons in one["reasons"].items():
            problems[item] = problems.get(item, 0) + len(reasons)
        if not one["news"]:
            continue
        yield Work("security", settings.effort, f"read proposal {one['proposal']}")
        choice = yield Decide("security", f"Ask for a veto of {one['proposal']}?",
                              ("veto", "let-pass"), "veto", one["reasons"])  # fmt: skip
        text = "; ".join(reason for found in one["reasons"].values() for reason in found)
        if choice == "veto":
            yield Notify("guardians", f"veto request: proposal {one['proposal']}", text)
            vetoes.append(one["proposal"])
        yield Keep("decision", state="requested" if choice == "veto" else "closed",
                   subject=f"{choice}: proposal {one['proposal']}", due=one["vote_end"],
                   data={"proposal": one["proposal"], "items": one["news"], "reasons": text})  # fmt: skip
    problems["veto"] = len(vetoes)
    data = {"cause": case.cause, "reviews": reviews, "vetoes": vetoes}
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"{len(reviews)} open: {', '.join(wrong)}"
        if wrong
        else f"{len(reviews)} open, none refused",
        data,
        {item: problems.get(item, 0) for item in {**dict.fromkeys(ITEMS, 0), **problems}},
    )


ITEMS = ("unknown-call", "no-code", "code", "code-swapped", "fails", "role", "funds", "unannounced",
         "unintended", "concentration", "veto")  # fmt: skip
"""What can speak against a proposal."""


class StakeholderDraft(Settings):
    """Parameters of RW4: seconds of editing; a supply may be rounded by *tolerance_ppm*."""

    effort: int = 2700
    tolerance_ppm: int = 10
    rounds: int = 2


@runbook(
    "RW4",
    f"{AREA} / Stakeholder communication preparation",
    cadence=weekly("thu", "14:00"),
    role="liaison",
    effort=2700,
    inputs=("metrics", "incidents", "changes", "published notices", "chain"),
    evidence="draft and fact check: each statement, the second path's value, what was wrong",
    settings=StakeholderDraft,
)
def prepare_communication(case: Case, settings: StakeholderDraft) -> Runbook:
    """Stakeholder communication preparation.

    The draft is made from data; after it was edited each of its numbers is checked by a second
    path, and what is published already is held against the present. A draft that fails is made
    anew; one that fails twice is not released.
    """
    attempts: list[dict[str, Any]] = []
    for _round in range(settings.rounds):
        statements = yield Look("What is there to say?", draft)
        yield Work("liaison", settings.effort, "edit the draft")
        result = yield Look("Is every number right?", checked, (statements, settings.tolerance_ppm))
        attempts.append({"statements": statements, "check": result})
        if not result["wrong"] and not result["unsupported"]:
            break
    result = attempts[-1]["check"]
    clean = not result["wrong"] and not result["unsupported"]
    problems = {
        "wrong": sum(len(one["check"]["wrong"]) for one in attempts),
        "unsupported": len(result["unsupported"]),
        "contradiction": len(result["contradiction"]),
        "withheld": 0,
    }
    data = {"cause": case.cause, "attempts": attempts}
    release = clean and not result["contradiction"]
    choice = yield Decide("liaison", "Release the draft?", ("release", "withhold"),
                          "release" if release else "withhold", result)  # fmt: skip
    if choice == "release":
        yield Notify("stakeholders", "weekly statement", rendered(attempts[-1]["statements"]))
    else:
        problems["withheld"] = 1
    if result["unsupported"] and not result["wrong"]:
        return Finding("no-data", "numbers without support", data, problems)
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"draft: {', '.join(wrong)}" if wrong else "every number was confirmed", data, problems,
    )  # fmt: skip


class BackupVerification(Settings):
    """Limits of RW5, seconds: how much may be lost (RPO), how long a restore may take (RTO)."""

    effort: int = 900
    max_rpo: int = 26 * 3600
    max_rto: int = 4 * 3600


@runbook(
    "RW5",
    f"{AREA} / System backup verification",
    level="A",
    cadence=weekly("wed", "10:00"),
    role="operator",
    effort=900,
    inputs=("backup files", "state root", "signed register", "escrow devices"),
    evidence="restore report: hashes, roots, measured RTO and RPO of each kind",
    settings=BackupVerification,
)
def verify_backups(case: Case, settings: BackupVerification) -> Runbook:
    """System backup verification.

    The newest backup of each kind is fetched and restored into an empty twin: the state's root
    must be the chain's, the configuration the register's, a quorum of key shares must give the
    role's address, the evidence must be one chain. RTO is measured by the clock, RPO is the age.
    """
    found = yield Look("What is the newest backup of each kind?", newest)
    there = {kind: about for kind, about in found.items() if about}
    problems: dict[str, int] = {"missing": len(found) - len(there)}
    if not there:
        return Finding("no-data", "there is no backup at all", {"files": found}, problems)
    begun = yield Work("operator", settings.effort, "set up an empty twin to restore into")
    yield Wait(max(about["transfer"] for about in there.values()), "fetch and load the files")
    names = {kind: about["name"] for kind, about in there.items()}
    result = yield Look("Do they restore to what they should?", restored, (names,))
    done = yield Wait(0, "the restore is complete")
    rto = done - begun.get("started", done)
    problems |= {item: len(reasons) for item, reasons in result["problems"].items()}
    problems["stale"] = sum(about["age"] > settings.max_rpo for about in there.values())
    problems["rto"] = int(rto > settings.max_rto)
    data = {
        "cause": case.cause, "files": found, "rto": rto,
        "rpo": {kind: about["age"] for kind, about in there.items()}, **result,
    }  # fmt: skip
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"backups: {', '.join(wrong)}" if wrong else f"every backup restores, in {rto} s",
        data,
        {**dict.fromkeys(RESTORE_ITEMS, 0), **problems},
    )


RESTORE_ITEMS = ("missing", "stale", "corrupt", "unusable", "root", "config", "keyshares",
                 "evidence", "rto")  # fmt: skip
"""What can be wrong with backups."""
