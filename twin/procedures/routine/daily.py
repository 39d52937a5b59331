"""Daily work: the morning checklist, the log review, volumes, tickets, the meeting (RD)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from twin.catalog import Settings, check, daily, every, runbook
from twin.desk.port import Desk
from twin.desk.steps import (
    Case,
    Decide,
    File,
    Finding,
    Keep,
    Look,
    Notify,
    Runbook,
    Step,
    Wait,
    Work,
)
from twin.procedures.escalation import escalate
from twin.procedures.routine.agenda import agenda
from twin.procedures.routine.health import arrivals, checklist
from twin.procedures.routine.logreview import hit_rate, opened, sample
from twin.procedures.routine.support import TOPICS, answered, queue
from twin.procedures.routine.volume import compare, dashboards, indexed, recount, venues

__all__ = [
    "Health",
    "LogReview",
    "Meeting",
    "Support",
    "Volume",
    "daily_meeting",
    "log_review",
    "support_tickets",
    "system_health",
    "transaction_volume",
]

DAY = 86_400


class Health(Settings):
    """RD1: an exporter is silent after *max_age* seconds; the alarm has *wait* seconds to arrive."""

    max_age: int = 1200
    wait: int = 120
    effort: int = 600


@runbook(
    "RD1",
    "Routine Operations / Daily Procedures / System health verification",
    level="A",
    cadence=daily("06:30"),
    role="operator",
    effort=600,
    inputs=("all service levels", "chain reads", "Alertmanager API", "receiver log"),
    evidence="signed checklist, misses, the way of the synthetic alarm",
    settings=Health,
)
def system_health(case: Case, settings: Health) -> Runbook:
    """System health verification.

    Each exporter is asked whether it lives and whether what it says is what the chain says; a
    synthetic alarm goes the way of every alert. One that does not arrive is an incident at once:
    no alert would tell of it.
    """
    del case
    start = yield Look("How does every part answer?", checklist, (settings.max_age,))
    yield Wait(settings.wait, "the synthetic alarm is on its way")
    drill = yield Look("Did it arrive?", arrivals, (start["drill"], start["at"]))
    signed = yield Work("operator", settings.effort, "go through the checklist and sign it")
    misses = [line for line in start["lines"] if not line["ok"]]
    problems = dict.fromkeys(("silent", "frozen", "stopped", "rules", "path"), 0)
    for line in misses:
        problems[line["item"]] += 1
    problems |= {"drill": int(not drill["arrived"]), "undelivered": len(drill["undelivered"])}
    if not drill["arrived"]:
        yield from escalate("the alert path is dead", family="monitoring", severity="P2")
    data = {**start, "way": drill, "signed_by": signed["who"],
            "misses": [f"{line['item']} {line['about']}" for line in misses]}  # fmt: skip
    wrong = [name for name, count in problems.items() if count]
    if wrong:
        return Finding("finding", f"health: {', '.join(wrong)}", data, problems)
    return Finding("done", f"{len(start['lines'])} lines are well", data, problems)


class LogReview(Settings):
    """RD2 reads *budget* lines, *per_line* seconds each, and flags from *threshold* points on.

    An actor with *incident_points* in a review is an intrusion until somebody explains it. The
    review itself is too weak below *min_hits_ppm* of at least *min_planted* canaries in *days*.
    """

    budget: int = 60
    per_line: int = 20
    threshold: int = 3
    incident_points: int = 8
    min_hits_ppm: int = 400_000
    min_planted: int = 8
    days: int = 7


def _leads(read: list[dict[str, Any]], planted: list[list[Any]]) -> dict[str, dict[str, Any]]:
    """Return what was flagged and not planted, by actor."""
    known = {(name, number) for name, number in planted}
    leads: dict[str, dict[str, Any]] = {}
    for line in read:
        if not line["flagged"] or (line["journal"], line["line"]) in known:
            continue
        lead = leads.setdefault(line["actor"], {"points": 0, "lines": []})
        lead["points"] += line["points"]
        lead["lines"].append([line["journal"], line["line"], line["what"], line["signs"]])
    return leads


@runbook(
    "RD2",
    "Routine Operations / Daily Procedures / Security log review",
    cadence=daily("09:00"),
    role="security",
    effort=1200,
    inputs=("access, IAM and alert journals", "IAM export", "the envelope, after the review"),
    evidence="review record, canary hit rate, leads, whether the files are whole",
    settings=LogReview,
)
def log_review(case: Case, settings: LogReview) -> Runbook:
    """Security log review.

    The files are proven whole from where the last review left them; the riskiest lines are read
    and flagged, and the review is filed. Then the envelope is opened: what it names measures the
    review, what it does not name is a lead.
    """
    del case
    seen = yield Look("Which lines are risky?", sample, (settings.budget, settings.threshold))
    effort = 300 + settings.per_line * len(seen["read"])
    yield Work("security", effort, f"read {len(seen['read'])} of {seen['lines']} lines")
    flagged = [[line["journal"], line["line"]] for line in seen["read"] if line["flagged"]]
    record = {"since": seen["since"], "until": seen["until"], "heads": seen["heads"],
              "flagged": flagged}  # fmt: skip
    review = yield File(Finding("done", f"{len(flagged)} lines flagged", record))
    planted = yield Look("What was planted?", opened, (review,))
    found = [item for item in planted if item in flagged]
    leads = _leads(seen["read"], planted)
    hits, canaries = yield Look("How good were the last reviews?", _quality, (settings.days,))
    hits, canaries = hits + len(found), canaries + len(planted)
    weak = canaries >= settings.min_planted and hits * 10**6 < settings.min_hits_ppm * canaries
    for journal, why in seen["tampered"].items():
        yield from escalate(f"the journal {journal} was tampered with: {why}",
                             family="security", severity="P2")  # fmt: skip
    for actor, lead in sorted(leads.items()):
        choice = yield Decide(
            "security", f"Is this {actor}?", ("intrusion", "watch"),
            "intrusion" if lead["points"] >= settings.incident_points else "watch", lead,
        )  # fmt: skip
        if choice == "intrusion":
            what = f"{actor}: {len(lead['lines'])} lines that were not planted"
            yield from escalate(what, family="security", severity="P2")
        else:
            yield Keep("ticket", subject=f"log lines of {actor}", data={"about": "log", **lead})
    problems = {"tampered": len(seen["tampered"]), "lead": len(leads), "quality": int(weak)}
    wrong = [name for name, count in problems.items() if count]
    data = {**record, "lines": seen["lines"], "risky": seen["risky"], "read": len(seen["read"]),
            "review": review, "canaries": len(planted), "canaries_found": len(found),
            "week": [hits, canaries], "leads": leads, "tampered": seen["tampered"]}  # fmt: skip
    if wrong:
        return Finding("finding", f"log review: {', '.join(wrong)}", data, problems)
    return Finding("done", f"{len(found)} of {len(planted)} canaries found", data, problems)


def _quality(desk: Desk, days: int) -> list[int]:
    return list(hit_rate(desk, days=days))


class Volume(Settings):
    """RD3: another path may differ by *tolerance_ppm*; near midnight lie *edge* seconds."""

    tolerance_ppm: int = 10_000
    edge: int = 900


@check(
    "RD3",
    "Routine Operations / Daily Procedures / Transaction volume reporting",
    cadence=daily("03:30"),
    inputs=("Swapped logs", "LiquidityPool.swapCount", "dashboard series", "indexer", "venue API"),
    evidence="the day's volume by every path, and the differences",
    settings=Volume,
)
def transaction_volume(desk: Desk, settings: Volume) -> Finding:
    """Transaction volume reporting.

    The last whole UTC day is counted from the chain's logs and held against the dashboards, the
    indexer and the venues; all swaps ever are held against the contract's own counter.
    """
    view = desk.at()
    day = desk.now // DAY * DAY - DAY
    swaps = view.logs("LiquidityPool", "Swapped", since=0)
    ours = recount(swaps, day=day, stable=desk.register.address("StableAsset"))
    edges = [item for item in swaps
             for border in (day, day + DAY) if border - settings.edge <= item.timestamp < border]  # fmt: skip
    counter = view.read("LiquidityPool", "swapCount")
    shown = compare(
        ours, dashboards(desk, day=day), tolerance_ppm=settings.tolerance_ppm, edge=len(edges)
    )
    index = compare(ours, indexed(desk, day=day), tolerance_ppm=settings.tolerance_ppm)
    outside = venues(desk)
    problems = {
        "missed": abs(counter - len(swaps)),
        "dashboard": int(not shown["ok"]),
        "indexer": int(not index["ok"]),
        "venue": len([name for name, item in outside.items() if not item["ok"]]),
    }
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"volumes differ: {', '.join(wrong)}" if wrong else f"{ours.swaps} swaps agree",
        data={**ours.record(), "logs": len(swaps), "counter": counter, "dashboard": shown,
              "indexer": index, "venues": outside, "block": view.block},
        problems=problems,
    )  # fmt: skip


class Support(Settings):
    """RD4 answers *batch* tickets in a round, *per_ticket* seconds each.

    A topic with *mass* tickets is answered for all at once, in *per_mass* seconds. More than
    *backlog* that wait is an overload.
    """

    batch: int = 15
    per_ticket: int = 180
    mass: int = 25
    per_mass: int = 900
    backlog: int = 30


def _promote(topics: Mapping[str, Any], *, staffed: bool) -> Generator[Step, Any, dict[str, str]]:
    """Make an incident of each topic that enough users name and nothing explains."""
    promoted: dict[str, str] = {}
    for name, about in topics.items():
        topic = TOPICS.get(name)
        if topic is None or not about["enough"] or about["incident"] or about["alert"]:
            continue
        what = f"{about['users']} users report {name} and no alert explains it"
        urgent = topic.severity == "P1" or (topic.severity == "P2" and not staffed)
        if urgent:  # what may not wait for a shift is nobody's to decide
            promoted[name] = yield from escalate(what, family=topic.domain, severity=topic.severity)
            continue
        if not staffed:
            continue
        choice = yield Decide(
            "liaison", f"Are {about['users']} users with {name} an incident?",
            ("promote", "watch"), "promote", dict(about),
        )  # fmt: skip
        if choice == "promote":
            promoted[name] = yield from escalate(what, family=topic.domain, severity=topic.severity)
    return promoted


@runbook(
    "RD4",
    "Routine Operations / Daily Procedures / Customer support ticket processing",
    cadence=every(hours=1),
    role="liaison",
    effort=180,
    inputs=("ticket JSON", "alerts", "incidents"),
    evidence="queue with what waits and is late, topics, promoted incidents",
    settings=Support,
)
def support_tickets(case: Case, settings: Support) -> Runbook:
    """Customer support ticket processing.

    The most urgent are answered first; a topic that many write about is answered for all. What
    enough users report and no alert or incident explains is promoted to an incident.
    """
    del case
    seen = yield Look("Which tickets wait?", queue)
    waiting = seen["waiting"]
    done, at_once = answered(waiting, batch=settings.batch, mass=settings.mass)
    took: list[int] = []
    promoted = yield from _promote(seen["topics"], staffed=seen["staffed"])
    if not seen["staffed"]:
        done, at_once = [], []
    if done:
        single = len([item for item in done if item["topic"] not in at_once])
        effort = settings.per_mass * len(at_once) + settings.per_ticket * single
        yield Work("liaison", effort, f"answer {len(done)} tickets")
        for topic in at_once:
            yield Notify("users", f"about {topic}", "we know, and are working on it")
        for item in done:
            if item["topic"] not in at_once:
                yield Notify(f"user {item['user']}", item["id"], f"about your {item['topic']}")
        now = yield Wait(0, "the answers are out")
        took = [now - item["opened"] for item in done]
    ids = {item["id"] for item in done}
    rest = [item for item in waiting if item["id"] not in ids]
    late = [item["id"] for item, took_it in zip(done, took, strict=True)
            if item["opened"] + took_it > item["due"]]  # fmt: skip
    problems = {"late": len(late), "promoted": len(promoted),
                "backlog": max(0, len(rest) - settings.backlog),
                "flood": int(len(waiting) > settings.backlog)}  # fmt: skip
    data = {"until": seen["until"], "waiting": [item["id"] for item in rest],
            "oldest": min((item["opened"] for item in rest), default=seen["until"]),
            "answered": len(done), "at_once": at_once, "late": late, "topics": seen["topics"],
            "promoted_at": seen["promoted_at"] | dict.fromkeys(promoted, seen["until"]),
            "promoted": promoted, "slowest": max(took, default=0)}  # fmt: skip
    wrong = [name for name, count in problems.items() if count]
    if wrong:
        return Finding("finding", f"support: {', '.join(wrong)}", data, problems)
    return Finding("done", f"{len(done)} tickets answered", data, problems)


class Meeting(Settings):
    """RD5 takes *effort* seconds and decides on at most *items*, due *due* seconds later."""

    effort: int = 900
    items: int = 12
    due: int = DAY


def _to_decide(seen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what needs a decision, the worst first, without what an earlier one stands for."""
    found = [
        *({"about": item["id"], "kind": "incident", "why": f"{item['severity']} {item['summary']}"}
          for item in seen["incidents"] if item["severity"] in ("P1", "P2")),
        *seen["waves"],
        *seen["lost"],
        *seen["overdue"],
    ]  # fmt: skip
    known, unique = set(seen["known"]), []
    for item in found:
        if item["about"] not in known:
            known.add(item["about"])
            unique.append(item)
    return unique


@runbook(
    "RD5",
    "Routine Operations / Daily Procedures / Daily operations meeting",
    level="C",
    cadence=daily("09:30"),
    role="commander",
    effort=900,
    inputs=("alerts", "incidents", "changes, risks, decisions, actions, tickets", "evidence"),
    evidence="minutes: agenda, decisions with owner and date, what is carried over",
    settings=Meeting,
)
def daily_meeting(case: Case, settings: Meeting) -> Runbook:
    """Daily operations meeting.

    The agenda is built from what is open. What nobody owns, what is overdue and what was judged
    false and came again is decided on, with an owner and a date; what is not settled is carried.
    """
    del case
    seen = yield Look("What is open?", agenda)
    chair = yield Work("commander", settings.effort, "go through the agenda")
    for entry in seen["settled"]:
        yield Keep("decision", entry=entry, state="done")
    decided = []
    ownerless = {item["about"] for item in seen["lost"] if item["kind"] != "lost"}
    for item in _to_decide(seen)[: settings.items]:
        choice = yield Decide(
            "commander", f"{item['about']}: {item['why']}", ("act", "accept"), "act", item
        )
        if choice == "act" and item["about"] in ownerless:
            yield Keep(item["kind"], entry=item["about"], owner=chair["who"])
        name = yield Keep(
            "decision", subject=f"{choice}: {item['about']}, {item['why']}", owner=chair["who"],
            state="open" if choice == "act" else "done", due=seen["at"] + settings.due,
            data={"about": item["about"], "kind": item["kind"], "choice": choice},
        )  # fmt: skip
        decided.append({"decision": name, "about": item["about"], "choice": choice,
                        "owner": chair["who"]})  # fmt: skip
    carried = [item["id"] for kind in ("changes", "risks", "decisions", "actions", "tickets")
               for item in seen[kind] if item["id"] not in seen["settled"]]  # fmt: skip
    problems = {"lost": len(seen["lost"]), "overdue": len(seen["overdue"]),
                "wave": len(seen["waves"])}  # fmt: skip
    data = {**seen, "chair": chair["who"], "decided": decided, "carried": carried}
    wrong = [name for name, count in problems.items() if count]
    if wrong:
        return Finding("finding", f"meeting: {', '.join(wrong)}", data, problems)
    return Finding("done", f"{len(carried)} items carried, {len(decided)} decided", data, problems)
