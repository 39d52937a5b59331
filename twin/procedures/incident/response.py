"""Incident response: containment and recovery (NR)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings, on, runbook
from twin.desk.port import Desk
from twin.desk.steps import (
    Act,
    Case,
    Decide,
    File,
    Finding,
    Look,
    Notify,
    Runbook,
    Trigger,
    Update,
    Wait,
    Work,
)
from twin.procedures.incident.hypotheses import board, merged, ranked
from twin.procedures.incident.impact import containable, paused
from twin.procedures.incident.notices import notice_problems, update_notice
from twin.procedures.incident.recovery import (
    BRAKES,
    Brake,
    Recovery,
    await_cause,
    hold_objective,
    release,
    restore,
)
from twin.procedures.incident.upkeep import (
    comms_state,
    escalation_state,
    helpers,
    late_helpers,
)

__all__ = [
    "BRAKES",
    "Brake",
    "Communication",
    "Containment",
    "Escalation",
    "Investigation",
    "Recovery",
    "communicate",
    "contain_incident",
    "escalate_incident",
    "investigate_cause",
    "recover",
]

AREA = "Incident Management / Incident Response"


class Containment(Settings):
    """Parameters of NR1: which severities are contained, and how often a failed act is retried.

    A brake that would not go through is looked at again *retry* seconds later.
    """

    severities: tuple[str, ...] = ("P1",)
    attempts: int = 3
    effort: int = 120
    retry: int = 60


@runbook(
    "NR1",
    f"{AREA} / Containment measures implementation",
    cadence=on("classified"),
    role="commander",
    effort=120,
    inputs=("incident", "authorised actions", "eth_call", "receipts"),
    evidence="action log with the block in which each action took effect",
    settings=Containment,
)
def contain_incident(case: Case, settings: Containment) -> Runbook:
    """Containment measures implementation.

    Choose the authorised brake of the incident's family, check that it is still needed and would
    go through, decide, sign m-of-n, submit, and confirm the effect on chain.
    """
    incident, family = case.incident or "", str(case.facts.get("family"))
    brake = BRAKES.get(family)
    if str(case.facts.get("severity")) not in settings.severities or brake is None:
        yield Trigger("contained", case)
        return Finding("ok", f"{incident}: no brake for this family and severity", dict(case.facts))
    log: list[dict[str, Any]] = []
    yield Work("commander", settings.effort, f"choose the brake for {incident}")
    for attempt in range(1, settings.attempts + 1):
        check = yield Look("Needed, and would it go through?", containable,
                           (brake.contract, "pauser", "pause"))  # fmt: skip
        log.append({"attempt": attempt, "check": check})
        if check["paused"]:
            break
        if not check["success"]:
            yield Wait(settings.retry, f"the brake would not go through: {check['reason']}")
            continue
        choice = yield Decide("commander", f"Pause {brake.contract}? It stops {brake.stops}.",
                              ("pause", "wait"), "pause", check)  # fmt: skip
        if choice == "wait":
            return Finding("refused", "the commander decided to wait", {"log": log})
        result = yield Act("pauser", brake.contract, "pause", (), f"contain {incident}")
        log[-1]["result"] = result
        if result["success"]:
            break
    effective = yield Look("Did it take effect?", paused, (brake.contract,))
    facts = {"incident": incident, "contract": brake.contract, "log": log, "paused": effective}
    if not effective:
        return Finding("failed", f"{brake.contract} is not paused", facts, {"containment": 1})
    yield Update(incident=incident, state="contained")
    yield Notify("market", f"{brake.contract} paused", f"{brake.stops} stopped for {incident}")
    after = Case(f"{incident} contained", case.alert, incident,
                 {**case.facts, "contract": brake.contract})  # fmt: skip
    yield Trigger("contained", after)
    return Finding("done", f"{brake.contract} paused: {brake.stops} stopped", facts)


@runbook(
    "NR3",
    f"{AREA} / Recovery plan execution",
    cadence=on("contained"),
    role="commander",
    effort=1800,
    inputs=("incident", "oracle health", "signed register", "receipts"),
    evidence="recovery log: gates, hold period, canary, release, watch",
    settings=Recovery,
)
def recover(case: Case, settings: Recovery) -> Runbook:
    """Recovery plan execution.

    Restore what drifted from the register, wait until the cause has been gone for the hold
    period, give users notice, try the release as a canary, release under the unpausers' quorum,
    watch, and close only when the objective has held.
    """
    incident, family = case.incident or "", str(case.facts.get("family"))
    contract = case.facts.get("contract")
    yield Update(incident=incident, state="recovering")
    log: dict[str, Any] = {"incident": incident}
    if family == "oracle":
        restored = yield from restore(incident, settings)
        log |= restored.data
        if restored.verdict != "done":
            return Finding("failed", f"{incident}: {restored.summary}", log, {"restore": 1})
    gate = yield from await_cause(case, settings)
    log["gate"] = gate.data
    if gate.verdict != "done":
        return Finding(gate.verdict, f"{incident}: {gate.summary}", log, {"gate": 1})
    if contract:
        opened = yield from release(case, str(contract), settings)
        log |= opened.data
        if opened.verdict != "done":
            if "relapse" in opened.problems:
                yield Trigger("classified", case)
            return Finding(opened.verdict, opened.summary, log, opened.problems)
    left = str(contract) if contract and "left_to" not in log else None
    held = yield from hold_objective(case, left, settings)
    log |= held.data
    if held.verdict != "done":
        yield Trigger("classified", case)
        return Finding("failed", held.summary, log, held.problems)
    yield Update(incident=incident, state="closed")
    yield Notify("market", f"{incident} closed", "the objective has held")
    yield Trigger("closed", case)
    return Finding("done", f"{incident} recovered and closed", log)


class Investigation(Settings):
    """Parameters of NR2: the *top* causes are kept; the first is one when it leads by *lead_ppm*."""

    effort: int = 1800
    parts: int = 6
    top: int = 3
    lead_ppm: int = 50_000


@runbook(
    "NR2",
    f"{AREA} / Root cause investigation",
    cadence=on("contained", unhurried=True),
    role="analyst",
    effort=1800,
    inputs=("metrics", "vendors' and nodes' records", "register", "events of power", "changes"),
    evidence="hypothesis board: each query with its answer and points; the top causes with weights",
    settings=Investigation,
)
def investigate_cause(case: Case, settings: Investigation) -> Runbook:
    """Root cause investigation.

    All hypotheses are asked about at once, while the traces are fresh, and again when an analyst has
    looked; the first suspect has no head start. Two causes that stay close are left undecided.
    """
    incident = case.incident or ""
    first = yield Look("What speaks for each cause?", board, (incident,))
    yield File(Finding("done", f"{incident}: the board as it was found", first))
    for _part in range(settings.parts):  # who is needed for the response is not held for long
        effort = settings.effort // settings.parts
        yield Work("analyst", effort, f"go through the board of {incident}")
    second = yield Look("And now?", board, (incident,))
    rows = merged(first, second)
    causes = ranked(rows, settings.top)
    unread = [name for name, row in rows.items() if row["unread"]]
    data = {"incident": incident, "family": first["family"], "opened": first["opened"], "rows": rows,
            "causes": causes, "unread": unread}  # fmt: skip
    if not causes:
        return Finding("no-data", f"{incident}: nothing speaks for any cause", data,
                       {"unread": len(unread), "unknown": 1})  # fmt: skip
    lead = causes[0]["weight_ppm"] - (causes[1]["weight_ppm"] if len(causes) > 1 else 0)
    names = tuple(row["cause"] for row in causes)
    choice = yield Decide("analyst", f"What caused {incident}?", (*names, "undecided"),
                          names[0] if lead >= settings.lead_ppm else "undecided",
                          {"causes": causes, "lead_ppm": lead})  # fmt: skip
    data |= {
        "cause": choice,
        "lead_ppm": lead,
        "against_board": choice not in (names[0], "undecided"),
    }
    if not second["ended"]:
        yield Update(incident=incident, notes={"cause": {"cause": choice, "causes": causes}})
    problems = {"undecided": int(choice == "undecided"), "unread": len(unread),
                "bias": int(data["against_board"])}  # fmt: skip
    wrong = [name for name, count in problems.items() if count and name != "unread"]
    said = f"{incident}: {choice}, {causes[0]['weight_ppm'] // 10_000} % for {names[0]}"
    return Finding("finding" if wrong else "done", said, data, problems)


class Communication(Settings):
    """Parameters of NR4, seconds by severity: updates come every *every*, once contained *slow*.

    Public channels are read every *look*; *rumours* strangers who say the same are answered.
    """

    every: Mapping[str, int] = {"P1": 3600, "P2": 10_800}
    slow: Mapping[str, int] = {"P1": 14_400, "P2": 28_800}
    look: int = 900
    rumours: int = 3


COMMS = ("contradictions", "leaks", "rumours", "off_source", "missing")
"""What is listened for in public."""


def _correct(incident: str, fresh: Mapping[str, list[Any]], settings: Communication) -> Runbook:
    """Answer what was said past the one source: somebody decides, the notice board speaks."""
    done = []
    for kind, count in (("contradictions", 1), ("leaks", 1), ("rumours", settings.rumours)):
        if len(fresh[kind]) < count:
            continue
        choice = yield Decide("liaison", f"Answer {len(fresh[kind])} {kind} about {incident}?",
                              ("answer", "leave"), "answer", {"posts": fresh[kind]})  # fmt: skip
        if choice == "answer":
            yield Notify("market", f"{incident}: about {kind}",
                         f"incident: {incident}\nwhat others say is not confirmed; what holds is "
                         "on this page and nowhere else")  # fmt: skip
            done.append(kind)
    return Finding("done", f"answered: {', '.join(done)}", {"answered": done})


@runbook(
    "NR4",
    f"{AREA} / Ongoing communication management",
    cadence=on("classified"),
    role="liaison",
    effort=60,
    inputs=("incident record", "contract state", "posts that can be read in public"),
    evidence="comms log: updates with their times, voices past the source, what was answered",
    settings=Communication,
)
def communicate(case: Case, settings: Communication) -> Runbook:
    """Ongoing communication management.

    One source, at a cadence by severity, until the incident ends: an update leaves by itself, from
    the record. What is said past it is found and answered: a denial of ours, a leak, a rumour.
    """
    incident, severity = case.incident or "", str(case.facts.get("severity"))
    if severity not in settings.every:
        return Finding("ok", f"{incident}: {severity} owes no updates", dict(case.facts))
    facts = yield Look("What may be said?", comms_state, (incident, 0))
    if facts["ended"] or "comms" in facts["notes"]:
        return Finding("ok", f"{incident}: somebody keeps it", {"incident": incident})
    yield Update(incident=incident, notes={"comms": {"since": facts["now"]}})
    log: list[dict[str, Any]] = []
    heard: dict[str, list[Any]] = {kind: [] for kind in COMMS}
    read, gap = facts["opened"] - 3600, 0
    while True:
        facts = yield Look("What is so, and what is said?", comms_state, (incident, read))
        now, over = facts["now"], facts["ended"]
        fresh = {kind: [row for row in facts["voices"][kind] if row["at"] < now or over]
                 for kind in COMMS}  # fmt: skip
        read = now  # what is said in this second is read with the next look
        for kind, rows in fresh.items():
            heard[kind] += rows
        told = [at for at, audience, _subject in facts["said"] if audience == "market"]
        pace = settings.slow if facts["state"] in ("contained", "recovering") else settings.every
        every = pace.get(facts["severity"], settings.every[severity])
        last = max(told, default=facts["opened"])
        gap = max(gap, facts["now"] - last - every)
        if facts["ended"]:
            break
        answered = yield from _correct(incident, fresh, settings)
        text = update_notice(facts, every=every)
        due = facts["now"] - last >= every and bool(told)
        if due and not notice_problems(text, facts, fields=("incident", "state", "affected")):
            yield Notify("market", f"{incident}: update {len(log) + 1}", text)
            log.append({"at": facts["now"], "text": text})
        if answered.data["answered"]:
            log.append({"at": facts["now"], "answered": answered.data["answered"]})
        yield Wait(settings.look, "the next look at what is said")
    problems = {**{kind: len(rows) for kind, rows in heard.items()},
                "missed": int(gap > 2 * settings.look)}  # fmt: skip
    data = {"incident": incident, "log": log, "heard": heard, "longest_gap_over": gap}
    wrong = [name for name, count in problems.items() if count]
    said = f"{incident}: {len(log)} messages" + (f"; {', '.join(wrong)}" if wrong else "")
    return Finding("finding" if wrong else "done", said, data, problems)


class Escalation(Settings):
    """Parameters of NR5, seconds by severity: looked at every *look*, contained within *contain*.

    An incident that did not move for *stall* is stalled; *notice* is until it must be told of. Where
    a condition still holds after *step*, the level rises by one, to 3. Runbooks that gave up are
    begun again at most *retries* times.
    """

    look: Mapping[str, int] = {"P1": 600, "P2": 1800, "P3": 7200}
    contain: Mapping[str, int] = {"P1": 1800, "P2": 7200}
    stall: Mapping[str, int] = {"P1": 129_600, "P2": 172_800, "P3": 604_800}
    notice: Mapping[str, int] = {"P1": 2700, "P2": 5400}
    step: Mapping[str, int] = {"P1": 1800, "P2": 7200, "P3": 86_400}
    retries: int = 3


OUTSIDE: Mapping[int, tuple[str, ...]] = {2: ("emergency", "auditor"), 3: ("counsel",)}
"""The kinds of help from outside that are asked at each level."""


def _raise_level(
    incident: str, seen: Mapping[str, Any], level: int, asked: dict[str, int]
) -> Runbook:
    """Tell whoever a level stands for: commanders, then governance and outside help, then counsel."""
    why = "; ".join(f"{name}: {text}" for name, text in seen["found"].items())
    subject = f"{incident} {seen['severity']} level {level}"
    whom = yield Look("Who can help?", helpers, (incident, 0))
    told: list[str] = []
    if level == 1 and seen["severity"] in ("P1", "P2"):
        told = [f"page:{name}" for name in whom["commanders"]]
    if level > 1:
        told = ["governance"]
        for one in whom["outside"]:
            if one["kind"] in OUTSIDE.get(level, ()) and one["name"] not in asked:
                asked[one["name"]] = seen["at"]
                told.append(f"responder:{one['name']}")
    for audience in told or ["operations"]:
        yield Notify(audience, subject, why)
    data = {"incident": incident, "level": level, "at": seen["at"], "why": seen["found"],
            "told": told or ["operations"]}  # fmt: skip
    yield File(Finding("finding", f"{subject}: {why}", data, {"escalated": 1}))
    return Finding("done", subject, data)


@runbook(
    "NR5",
    f"{AREA} / Escalation procedures when required",
    level="A",
    cadence=on("classified"),
    role="operator",
    effort=60,
    inputs=("incident timers", "impact card", "activation", "evidence of NR1 and NR3", "helpers"),
    evidence="escalation trace: each level with its conditions, whom it told, what helpers said",
    settings=Escalation,
)
def escalate_incident(case: Case, settings: Escalation) -> Runbook:
    """Escalation procedures when required.

    Timers and conditions raise the level, nobody has to dare: not contained in time, a runbook that
    gave up, no commander, silence, losses beyond the card. First commanders, then governance and
    help from outside, then counsel (LME nickel, 2022-03-08: junior staff alone for hours).
    """
    incident, severity = case.incident or "", str(case.facts.get("severity"))
    if severity not in settings.look:
        return Finding("ok", f"{incident}: {severity} is not escalated", dict(case.facts))
    trace: list[dict[str, Any]] = []
    asked: dict[str, int] = {}
    level, raised, retried, begun = 0, 0, 0, False
    while True:
        seen = yield Look("Does it have to be escalated?", _conditions, (incident, settings))
        keeper = seen["keeper"]
        taken = keeper != severity if begun else keeper is not None and keeper <= severity
        if seen["ended"] or taken:
            break
        now, found = seen["at"], seen["found"]
        if not begun:  # whoever keeps the timers of a lesser severity hands them over
            begun = True
            note = {"since": now, "severity": severity}
            yield Update(incident=incident, notes={"escalation": note})
        step = settings.step.get(seen["severity"], 86_400)
        if found and level < 3 and (level == 0 or now - raised >= step):
            level, raised = level + 1, now
            yield Update(incident=incident, notes={"level": level})
            told = yield from _raise_level(incident, seen, level, asked)
            trace.append(dict(told.data))
            again = "abandoned" in found or (level > 1 and "not-contained" in found)
            if again and retried < settings.retries:
                retried += 1
                facts = {**case.facts, "family": seen["family"], "severity": seen["severity"]}
                yield Trigger("classified", Case(f"{incident} is begun again", case.alert, incident,
                                                 facts))  # fmt: skip
        if not found:
            level = 0
        yield Wait(settings.look.get(seen["severity"], 7200), "the timers of the incident run")
    if not begun:
        return Finding("ok", f"{incident}: somebody keeps its timers", {"incident": incident})
    helped = yield Look("What did helpers say?", helpers, (incident, 0))
    late = late_helpers(asked, helped, seen["at"])
    data = {"incident": incident, "trace": trace, "answers": helped["answers"], "late": late}
    problems = {"escalated": len(trace), "helper-late": len(late)}
    if trace:
        return Finding("finding", f"{incident}: escalated {len(trace)} times", data, problems)
    return Finding("done", f"{incident}: never escalated", data, problems)


def _conditions(desk: Desk, incident: str, settings: Escalation) -> dict[str, Any]:
    """Return what `escalation_state` finds at the incident's severity of now."""
    severity = desk.incidents.get(incident).severity
    return escalation_state(
        desk, incident, contain=settings.contain.get(severity),
        stall=settings.stall.get(severity, 604_800), notice=settings.notice.get(severity),
    )  # fmt: skip
