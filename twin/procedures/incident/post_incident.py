"""After an incident: its facts, its causes, what is done about them, and who is told what (NP)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.catalog import Settings, daily, on, runbook
from twin.desk.port import Desk, RuleStatus
from twin.desk.steps import (
    Case,
    Decide,
    Finding,
    Keep,
    Look,
    Notify,
    Runbook,
    Trigger,
    Wait,
    Work,
)
from twin.errors import NoData
from twin.procedures.incident.analysis import analysis, latest
from twin.procedures.incident.causes import causal_graph, proximate
from twin.procedures.incident.exercises import exercise_for, run_exercise
from twin.procedures.incident.variants import (
    Variant,
    candidates,
    catches,
    disturbed,
    recorded,
    variants,
)
from twin.procedures.incident.versions import (
    AUDIENCES,
    checked_report,
    report_facts,
    version_of,
)

__all__ = [
    "Analysis",
    "CauseRecord",
    "Corrective",
    "Preventive",
    "Reports",
    "analyse_incident",
    "correct",
    "document_cause",
    "prevent",
    "report_incident",
]

AREA = "Incident Management / Post-Incident Procedures"
HOUR = 3600
DAY = 86_400
PPM = 1_000_000


class Analysis(Settings):
    """Parameters of NP1: records may come in for *settle* seconds, a diagnosis for *patience*."""

    settle: int = 2 * HOUR
    patience: int = 3 * DAY
    look: int = 4 * HOUR


@runbook(
    "NP1",
    f"{AREA} / Comprehensive incident analysis",
    level="A",
    cadence=on("closed", unhurried=True),
    role="analyst",
    effort=60,
    inputs=("incident history", "evidence with hashes", "pages", "notices", "chain", "posts"),
    evidence="the facts: timeline with a link a line, marks, decisions with what was known, gaps",
    settings=Analysis,
)
def analyse_incident(case: Case, settings: Analysis) -> Runbook:
    """Comprehensive incident analysis.

    The timeline is put together from what was recorded at the time, each line with a link to its
    data. Records that should be there and are not are named; a decision is shown with what was on
    record before it, so that nobody is judged by what came to light afterwards.
    """
    incident = case.incident or ""
    yield Wait(settings.settle, "records come in")
    waited = settings.settle
    facts = yield Look("What is on record?", analysis, (incident,))
    while "NR2" in facts["missing"] and waited < settings.patience:
        yield Wait(settings.look, "the diagnosis is not there yet")
        waited += settings.look
        facts = yield Look("What is on record?", analysis, (incident,))
    yield Trigger(
        "analysed", Case(f"{incident} is analysed", case.alert, incident, dict(case.facts))
    )
    problems = {"missing": len(facts["missing"]), "unlinked": len(facts["unlinked"])}
    said = f"{incident}: {len(facts['timeline'])} lines, {len(facts['decisions'])} decisions"
    if facts["missing"]:
        return Finding(
            "finding", f"{said}; missing: {', '.join(facts['missing'])}", facts, problems
        )
    return Finding("done", said, facts, problems)


class CauseRecord(Settings):
    """Parameters of NP2: an analyst takes *effort* seconds, and twice that where they dig."""

    effort: int = 1800


@runbook(
    "NP2",
    f"{AREA} / Root cause documentation",
    cadence=on("analysed", unhurried=True),
    role="analyst",
    effort=1800,
    inputs=("hypothesis board", "recovery log", "earlier findings", "barriers' records", "cards"),
    evidence="causal graph: latent conditions, trigger, failed barriers, harm; evidence of each node",
    settings=CauseRecord,
)
def document_cause(case: Case, settings: CauseRecord) -> Runbook:
    """Root cause documentation.

    Harm is followed back through the trigger to what had lain there before. A graph that ends at the
    trigger has stopped at the proximate cause: the analyst digs again, and where nothing latent is
    found the record says so.
    """
    incident = case.incident or ""
    graph = yield Look("What led to what?", causal_graph, (incident,))
    yield Work("analyst", settings.effort, f"go through the causes of {incident}")
    advice = "dig" if proximate(graph) or not graph["diagnosed"] else "accept"
    choice = yield Decide("analyst", f"Is the cause of {incident} found?", ("accept", "dig"), advice,
                          {"nodes": [node["id"] for node in graph["nodes"]]})  # fmt: skip
    if choice == "dig":
        yield Work("analyst", settings.effort, f"ask why once more about {incident}")
        graph = yield Look("What led to what, again?", causal_graph, (incident,))
    unsupported = [node["id"] for node in graph["nodes"] if not node["evidence"]]
    problems = {"proximate": int(proximate(graph)), "unsupported": len(unsupported),
                "undiagnosed": int(not graph["diagnosed"])}  # fmt: skip
    yield Trigger("documented", Case(f"{incident} is documented", case.alert, incident,
                                     dict(case.facts)))  # fmt: skip
    data = {**graph, "dug": choice == "dig", "unsupported": unsupported}
    wrong = [name for name, count in problems.items() if count]
    if wrong:
        return Finding("finding", f"{incident}: {', '.join(wrong)}", data, problems)
    latent = [node["id"] for node in graph["nodes"] if node["kind"] == "latent"]
    return Finding("done", f"{incident}: {', '.join(latent)} let it through", data, problems)


class Corrective(Settings):
    """Parameters of NP3: actions are due in *within* seconds, by the incident's severity.

    Causes that were documented in the last *horizon* seconds are acted on.
    """

    within: Mapping[str, int] = {"P1": 14 * DAY, "P2": 30 * DAY, "P3": 60 * DAY}
    horizon: int = 90 * DAY


def _watching(desk: Desk, family: str) -> str:
    """Return the procedure that watches *family*, by the rules about it; ND1 where none does."""
    skipped = ("", "ND1", "NR1", "NR3")
    names = [rule.procedure for rule in desk.alerts.rules() if rule.domain == family]
    return next((name for name in names if name not in skipped), "ND1")


def _action_state(desk: Desk, horizon: int) -> dict[str, Any]:
    """Return the causes without an action, the actions to prove, and those closed without a proof."""
    actions = desk.stores.entries("action")
    of_incidents = [entry for entry in actions if "exercise" in entry.data]
    known = {(entry.data.get("incident"), entry.data.get("node")) for entry in of_incidents}
    reopened = {entry.data.get("reopens") for entry in of_incidents}
    fresh: list[dict[str, Any]] = []
    for record in desk.evidence.of("NP2", since=max(0, desk.now - horizon)):
        graph = desk.evidence.data(record.ref)
        for node in graph.get("nodes", ()):
            key = (graph["incident"], node["id"])
            if node["kind"] == "harm" or key in known:
                continue
            known.add(key)
            planned = exercise_for(node, graph, _watching(desk, graph["family"]))
            fresh.append({"incident": graph["incident"], "node": node["id"], "text": node["text"],
                          "severity": graph["severity"], "source": record.ref, **planned})  # fmt: skip
    proofs = [
        {"entry": entry.id, "subject": entry.subject, "due": entry.due, "owner": entry.owner,
         "proof": run_exercise(desk, str(entry.data["exercise"]), entry.data.get("args", {}))}
        for entry in of_incidents if not entry.ended
    ]  # fmt: skip
    unproved = [
        {"entry": entry.id, "subject": entry.subject, "owner": entry.owner, "data": dict(entry.data)}
        for entry in of_incidents
        if entry.ended and not entry.data.get("proof") and entry.id not in reopened
    ]  # fmt: skip
    return {"at": desk.now, "fresh": fresh, "proofs": proofs, "unproved": unproved}


@runbook(
    "NP3",
    f"{AREA} / Corrective action implementation",
    level="A",
    cadence=daily("11:00", business=True),
    role="commander",
    effort=60,
    inputs=("causal graphs", "action store", "exercises on copies of the chain"),
    evidence="closure proof of each action: exercise, result, when; actions that were only ticked off",
    settings=Corrective,
)
def correct(case: Case, settings: Corrective) -> Runbook:
    """Corrective action implementation.

    Every cause that was documented becomes an action with an owner, a date and an exercise. It is
    done when the exercise turns green, and not before; one that was closed without is opened again.
    """
    del case
    seen = yield Look("Which causes have no action, and which actions a proof?", _action_state,
                      (settings.horizon,))  # fmt: skip
    opened = []
    for one in seen["fresh"]:
        due = seen["at"] + settings.within.get(one["severity"], 60 * DAY)
        entry = yield Keep("action", subject=f"{one['incident']}: {one['text']}", owner=one["owner"],
                           due=due, data={name: one[name] for name in
                           ("incident", "node", "exercise", "args", "source")})  # fmt: skip
        opened.append(entry)
    for one in seen["unproved"]:
        data = {**one["data"], "reopens": one["entry"]}
        entry = yield Keep("action", subject=f"again: {one['subject']}", owner=one["owner"],
                           due=seen["at"] + 7 * DAY, data=data)  # fmt: skip
        opened.append(entry)
    done, red = [], []
    for one in seen["proofs"]:
        if one["proof"]["green"]:
            yield Keep("action", entry=one["entry"], state="done", data={"proof": one["proof"]})
            done.append(one["entry"])
        else:
            red.append(one)
    overdue = [one["entry"] for one in red if one["due"] is not None and one["due"] < seen["at"]]
    problems = {"no-effect": len(seen["unproved"]), "overdue": len(overdue),
                "ownerless": len([one for one in red if not one["owner"]])}  # fmt: skip
    data = {"opened": opened, "done": done, "proofs": seen["proofs"], "overdue": overdue,
            "unproved": [one["entry"] for one in seen["unproved"]]}  # fmt: skip
    wrong = [name for name, count in problems.items() if count]
    said = f"{len(opened)} actions opened, {len(done)} proved, {len(red)} red"
    return Finding("finding" if wrong else "done", f"{said}; {', '.join(wrong)}" if wrong else said,
                   data, problems)  # fmt: skip


class Preventive(Settings):
    """Parameters of NP4: a measure catches *share_ppm* of the variants; *quiet* seconds of record."""

    effort: int = 1800
    share_ppm: int = 700_000
    quiet: int = 12 * HOUR
    during: int = 3 * HOUR


def _rules_of(desk: Desk, incident: str) -> list[RuleStatus]:
    """Return the rules behind the alerts of *incident*."""
    names = {key.partition("{")[0] for key in desk.incidents.get(incident).alerts}
    return [rule for rule in desk.alerts.rules() if rule.name in names and rule.query]


def _tried(desk: Desk, incident: str, settings: Preventive) -> dict[str, Any]:
    """Return what present, proposed and new rules catch of the variants of *incident*."""
    item, rules = desk.incidents.get(incident), _rules_of(desk, incident)
    told = latest(desk, incident, "NP1")
    sign = told[1]["marks"]["sign"] if told is not None else None
    began = min(item.opened, sign) if sign is not None else item.opened
    metrics = sorted({metric for rule in rules for metric in rule.metrics})
    if not metrics:
        raise NoData(f"no rule fired in {incident}: there is no series to make variants of")
    start, calm = began - settings.quiet, began - 600
    quiet = [one for metric in metrics for one in recorded(desk, metric, start=start, end=calm)]
    loud = [one for metric in metrics
            for one in recorded(desk, metric, start=began, end=min(desk.now, began + settings.during))]  # fmt: skip
    what = disturbed(quiet, loud)
    if what is None:
        raise NoData(f"no series that the rules of {incident} read left its quiet range")
    cases = variants(quiet, what)
    train, held = cases[::2], cases[1::2]
    still = [Variant("quiet", tuple(quiet), 0)]
    before = {name for rule in rules for name in catches(desk, (rule.query, rule.hold), cases)}
    best: dict[str, Any] | None = None
    for rule in candidates(what, rules):
        if catches(desk, rule, still):
            continue
        caught = set(catches(desk, rule, train))
        if best is None or len(caught | before) > best["score"]:
            best = {"expression": rule[0], "hold": rule[1], "score": len(caught | before),
                    "caught": sorted({*caught, *catches(desk, rule, held)})}  # fmt: skip
    proposed = []
    for entry in desk.stores.entries("ticket", unended=True):
        if entry.state == "proposed" and "expression" in entry.data:
            rule = (str(entry.data["expression"]), int(entry.data.get("hold", 0)))
            proposed.append({"entry": entry.id, "false": len(catches(desk, rule, still)),
                             "caught": catches(desk, rule, cases)})  # fmt: skip
    return {
        "incident": incident, "at": desk.now, "of": len(cases), "held": [case.name for case in held],
        "disturbed": {"metric": what.metric, "labels": dict(what.labels),
                      "quiet": repr(what.quiet), "worst": repr(what.worst)},
        "rules": [rule.name for rule in rules], "before": sorted(before), "new": best,
        "proposed": proposed,
    }  # fmt: skip


def _judge_proposals(found: Mapping[str, Any], needed: int) -> Runbook:
    """Accept what is proposed and catches enough; reject what is fitted to one case."""
    rejected = []
    for one in found["proposed"]:
        fits = len(one["caught"]) >= needed and not one["false"]
        result = {"caught": len(one["caught"]), "of": found["of"], "false": one["false"]}
        yield Keep(
            "ticket", entry=one["entry"], state="accepted" if fits else "rejected", data=result
        )
        if not fits:
            rejected.append(one["entry"])
    return Finding("done", "proposals are judged", {"rejected": rejected})


@runbook(
    "NP4",
    f"{AREA} / Preventive measure development",
    level="A",
    cadence=on("documented", unhurried=True),
    role="analyst",
    effort=1800,
    inputs=(
        "recorded series",
        "rules behind the alerts",
        "proposed rules",
        "the lab's rule engine",
    ),
    evidence="variants and what caught them: present rules, proposals, a new rule; before and after",
    settings=Preventive,
)
def prevent(case: Case, settings: Preventive) -> Runbook:
    """Preventive measure development.

    Variants of the incident in other sizes and shapes are made on the quiet record before it. A
    measure has to catch enough of them, those among them by which it was not chosen, and to keep
    still on the quiet record: a rule that catches only the last incident is refused.
    """
    incident = case.incident or ""
    found: dict[str, Any] = yield Look(
        "What catches the variants?", _try_or_say, (incident, settings)
    )
    after = Case(f"{incident} has its measures", case.alert, incident, dict(case.facts))
    if "why" in found:
        yield Trigger("prevented", after)
        return Finding("no-data", f"{incident}: {found['why']}", found, {"no-data": 1})
    needed = -(-found["of"] * settings.share_ppm // PPM)
    judged = yield from _judge_proposals(found, needed)
    before, new = found["before"], found["new"]
    together = sorted({*before, *(new["caught"] if new else ())})
    held = [name for name in found["held"] if name in together]
    fits = len(together) >= needed and len(held) * PPM >= len(found["held"]) * settings.share_ppm
    entry = None
    if len(before) < needed and fits and new:
        yield Work(
            "analyst", settings.effort, f"write the rule that catches variants of {incident}"
        )
        entry = yield Keep("action", subject=f"{incident}: load the rule {new['expression']}",
                           owner="analyst", due=found["at"] + 14 * DAY,
                           data={"incident": incident, "node": "rule", "exercise": "rule-loaded",
                                 "args": {"expression": new["expression"]}})  # fmt: skip
    yield Trigger("prevented", after)
    met = len(before) >= needed or fits
    problems = {"missed": int(not met), "overfitted": len(judged.data["rejected"])}
    data = {**found, "needed": needed, "caught_before": len(before), "caught_after": len(together),
            "action": entry, "rejected": judged.data["rejected"]}  # fmt: skip
    said = f"{incident}: {len(before)} of {found['of']} variants caught, {len(together)} with a new rule"
    return Finding("finding" if any(problems.values()) else "done", said, data, problems)


def _try_or_say(desk: Desk, incident: str, settings: Preventive) -> dict[str, Any]:
    """Return `_tried`, or why nothing could be tried: the next procedure is begun all the same."""
    try:
        return _tried(desk, incident, settings)
    except NoData as error:
        return {"incident": incident, "why": str(error)}


class Reports(Settings):
    """Parameters of NP5: incidents of these *severities* are told to a regulator and in public."""

    severities: Sequence[str] = ("P1", "P2")
    effort: int = 1800


def _drafted(desk: Desk, incident: str) -> dict[str, Any]:
    """Return the statements, the three texts made of them, and what the fact check says."""
    facts = report_facts(desk, incident)
    if facts["missing"]:
        return {**facts, "texts": {}, "check": {}}
    texts = {audience: version_of(facts, audience) for audience in AUDIENCES}
    return {**facts, "texts": texts,
            "severity": desk.incidents.get(incident).severity,
            "check": checked_report(desk, incident, facts["statements"], texts)}  # fmt: skip


@runbook(
    "NP5",
    f"{AREA} / Incident report preparation",
    cadence=on("prevented", unhurried=True),
    role="liaison",
    effort=1800,
    inputs=("analysis", "causal graph", "actions", "a second path to each number"),
    evidence="three reports: internal with lineage, regulator, public; redaction and fact check",
    settings=Reports,
)
def report_incident(case: Case, settings: Reports) -> Runbook:
    """Incident report preparation.

    One set of statements, three versions: for us with the source of each, for a regulator, for
    everybody. Numbers are taken a second time by another way; names, addresses and weaknesses that
    are still open stay with us.
    """
    incident = case.incident or ""
    draft = yield Look("What can be reported?", _drafted, (incident,))
    if draft["missing"]:
        return Finding("no-data", f"{incident}: {', '.join(draft['missing'])} is missing", draft,
                       {"missing": len(draft["missing"])})  # fmt: skip
    yield Work("liaison", settings.effort, f"read the reports on {incident}")
    draft = yield Look("Is it still so?", _drafted, (incident,))
    check = draft["check"]
    wrong = [*check["wrong"], *check["leaks"], *check["unsourced"]]
    choice = yield Decide("liaison", f"File the reports on {incident}?", ("file", "hold"),
                          "hold" if wrong else "file", {"wrong": wrong})  # fmt: skip
    problems = {"wrong": len(check["wrong"]), "leak": len(check["leaks"]),
                "unsourced": len(check["unsourced"]), "denied": len(draft["denied"])}  # fmt: skip
    if choice == "hold":
        return Finding("refused", f"{incident}: the reports are held", draft, problems)
    sent = []
    if draft["severity"] in settings.severities:
        for audience in ("regulator", "public"):
            yield Notify(audience, f"{incident}: report", draft["texts"][audience])
            sent.append(audience)
    found = [name for name, count in problems.items() if count]
    said = f"{incident}: reports for {', '.join(['internal', *sent])}"
    return Finding("finding" if found else "done", said + (f"; {', '.join(found)}" if found else ""),
                   {**draft, "sent": sent}, problems)  # fmt: skip
