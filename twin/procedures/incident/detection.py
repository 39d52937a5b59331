"""Incident detection: from an alert to a classified incident (ND)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twin.catalog import Settings, on, runbook
from twin.desk.port import Desk
from twin.desk.steps import (
    Case,
    Decide,
    Finding,
    Look,
    Notify,
    Runbook,
    Trigger,
    Update,
    Wait,
    Work,
)
from twin.procedures.incident.activation import team_state
from twin.procedures.incident.card import card_of, impact_card
from twin.procedures.incident.impact import alert_facts, oracle_health
from twin.procedures.incident.notices import (
    FIELDS,
    first_notice,
    notice_facts,
    notice_problems,
    voices,
)

__all__ = [
    "Activation",
    "Classification",
    "FirstNotice",
    "Triage",
    "activate_team",
    "assess_impact",
    "classify_incident",
    "notify_stakeholders",
    "triage_alert",
]

AREA = "Incident Management / Incident Detection"


class Triage(Settings):
    """Parameters of ND1: *effort* seconds a person needs; *gap_ppm* confirms an oracle alert."""

    effort: int = 180
    gap_ppm: int = 20_000


def _advice(facts: Mapping[str, Any], domain: str, gap_ppm: int) -> tuple[str, str]:
    """Return the verdict the playbook recommends, and why.

    A domain that can be checked by a second path is checked; any other alert that still fires
    is taken for real: a first wave judged normal cost Iron its reserve (2021-06-16).
    """
    if domain == "oracle":
        gaps = [feed["gap_ppm"] for feed in facts["oracle"].values()]
        if any(gap is None or gap > gap_ppm for gap in gaps):
            return "real", "the oracle is off the independent index, or there is no index"
    if not facts["still_firing"]:
        return "false", "the alert resolved and no second path confirms it"
    return "real", "the alert still fires"


def _attach(case: Case, incident: Mapping[str, Any], severity: str) -> Runbook:
    """Attach the alert to an open incident; one that is worse than it makes it worse."""
    name, key = str(incident["id"]), case.alert or ""
    worse = severity < str(incident["severity"])
    yield Update(incident=name, severity=severity if worse else None, alerts=(key,))
    record = {"alert": key, "incident": name}
    if not worse:
        return Finding("done", f"attached to {name}", record)
    cause = f"{key} is {severity}, {name} was {incident['severity']}"
    yield Trigger("incident", Case(cause, key, name, dict(case.facts)))
    return Finding("done", f"attached to {name}, which is escalated", record)


@runbook(
    "ND1",
    f"{AREA} / Alert triage and verification",
    cadence=on("alert"),
    role="operator",
    effort=180,
    inputs=("alerts", "chain", "index"),
    evidence="verdict log with the facts at the time",
    settings=Triage,
)
def triage_alert(case: Case, settings: Triage) -> Runbook:
    """Alert triage and verification.

    Deduplicate against open incidents of the same family, gather what a second path says, and
    let the operator judge the alert real or false. A real one opens an incident.
    """
    key = case.alert or ""
    domain = str(case.facts.get("domain", "unknown"))
    severity = str(case.facts.get("severity", "P3"))
    facts = yield Look("What does this alert rest on?", alert_facts, (key,))
    known = [item for item in facts["open_incidents"] if item["family"] == domain]
    if known:
        return (yield from _attach(case, known[0], severity))
    yield Work("operator", settings.effort, f"verify {key}")
    facts = yield Look("Does it still hold?", alert_facts, (key,))
    advice, why = _advice(facts, domain, settings.gap_ppm)
    verdict = yield Decide(
        "operator", f"Is {key} real?", ("real", "false"), advice, {"why": why, **facts}
    )
    record = {"alert": key, "verdict": verdict, "advice": advice, "why": why, "facts": facts}
    if verdict == "false":
        return Finding("done", f"judged false: {why}", record)
    incident = yield Update(
        state="open", severity=severity, family=domain, summary=str(case.facts.get("summary", key)),
        alerts=(key,),
    )  # fmt: skip
    yield Trigger("incident", Case(cause=f"{key} is real", alert=key, incident=incident,
                                   facts=dict(case.facts)))  # fmt: skip
    return Finding("done", f"judged real: {incident}", {**record, "incident": incident})


@runbook(
    "ND2",
    f"{AREA} / Initial impact assessment",
    level="A",
    cadence=on("incident"),
    role="operator",
    effort=60,
    inputs=("contract state", "flows of the last hour and day", "alerts that fire beside it"),
    evidence="impact card: assets, units at risk, users, open functions, time to exhaustion",
)
def assess_impact(case: Case, settings: Settings) -> Runbook:
    """Initial impact assessment.

    Standard queries, asked at once and without anybody: what can be lost, who uses it, what is
    open, how long it lasts. The card is kept on the incident for its classification; what could not
    be read stands on it as missing.
    """
    del settings
    incident = case.incident or ""
    card = yield Look("What can it reach?", impact_card, (incident,))
    yield Update(incident=incident, notes={"impact": card})
    problems = {"missing": len(card["missing"]), "assumed": len(card["assumed"])}
    if not card["assets"]:
        return Finding("no-data", f"{incident}: nothing could be measured", card, problems)
    said = f"{incident}: {len(card['assets'])} assets, {card['users']} users"
    return Finding("finding" if card["missing"] else "done", said, card, problems)


class Classification(Settings):
    """Parameters of ND3: a feed off its index by *worst_gap_ppm* is P1 whatever the alert said.

    So is what an asset would not survive for *worst_hours* at the pace of the last hour.
    """

    effort: int = 120
    worst_gap_ppm: int = 100_000
    worst_hours: int = 2


SEVERITIES = ("P1", "P2", "P3", "P4", "P5")


def _card(desk: Desk, incident: str) -> dict[str, Any] | None:
    """Return the impact card of *incident*, or None where none was made."""
    card = card_of(desk.incidents.get(incident))
    return dict(card) if card is not None else None


def _by_card(card: Mapping[str, Any] | None, worst: int) -> tuple[str, str] | None:
    """Return the severity that the impact card asks for, and why; None where it asks for none.

    What is left of a daily cap is a limit that held and no loss: it does not count.
    """
    if card is None:
        return None
    for name, row in card["assets"].items():
        left = row["exhausted_in"]
        if name != "issuance" and left is not None and left <= worst:
            return "P1", f"{name} lasts {left} s at this pace"
    if card["missing"]:
        return "P2", f"the impact on {', '.join(card['missing'])} is not known: assume higher"
    return None


def _severity(
    said: str,
    family: str,
    health: Mapping[str, Any],
    settings: Classification,
    card: Mapping[str, Any] | None,
) -> tuple[str, str]:
    """Return severity and reason by the rule table and the impact card; the higher of the two."""
    table = _by_table(said, family, health, settings.worst_gap_ppm)
    by_card = _by_card(card, settings.worst_hours * 3600)
    return by_card if by_card is not None and by_card[0] < table[0] else table


def _by_table(said: str, family: str, health: Mapping[str, Any], worst: int) -> tuple[str, str]:
    """Return severity and reason by the rule table; when unsure, the higher one."""
    if family == "oracle":
        gaps = [feed["gap_ppm"] for feed in health.values()]
        if any(gap is None for gap in gaps):
            return "P1", "no index to judge by: assume higher"
        if max(gaps, default=0) > worst:
            return "P1", "entitlements are valued by a wrong price"
    if said not in SEVERITIES:
        return "P2", "unknown severity: assume higher"
    return said, "as the alert's rule says"


@runbook(
    "ND3",
    f"{AREA} / Incident classification",
    cadence=on("incident"),
    role="operator",
    effort=120,
    inputs=("impact card", "oracle health", "severity matrix"),
    evidence="class record: severity, family, the rule that decided",
    settings=Classification,
)
def classify_incident(case: Case, settings: Classification) -> Runbook:
    """Incident classification.

    Severity and family by a rule table; when unsure, assume higher (LME nickel, 2022-03-08: a
    P1 handled as routine by junior staff for six hours). The impact card may make it worse, never
    better.
    """
    incident = case.incident or ""
    family = str(case.facts.get("domain", "unknown"))
    yield Work("operator", settings.effort, f"classify {incident}")
    health = yield Look("How far is the oracle off?", oracle_health)
    card = yield Look("What does the impact card say?", _card, (incident,))
    advice, why = _severity(str(case.facts.get("severity", "")), family, health, settings, card)
    grounds = {"why": why, "card": card}
    severity = yield Decide(
        "operator", f"Which severity has {incident}?", SEVERITIES, advice, grounds
    )
    yield Update(incident=incident, state="classified", severity=severity, family=family)
    facts = {**case.facts, "severity": severity, "family": family}
    yield Trigger("classified", Case(f"{incident} is {severity}", case.alert, incident, facts))
    return Finding(
        "done",
        f"{incident}: {severity} {family}, {why}",
        {"incident": incident, "severity": severity, "family": family, "why": why,
         "oracle": health, "card": None if card is None else card["as_of"]},
    )  # fmt: skip


class Activation(Settings):
    """Parameters of ND4, seconds by severity.

    A role that the alert's own pages did not fill within *deadline* is called for, and the next in
    line after another *deadline*, for at most *rounds*. Somebody is to be there within *sla*.
    """

    deadline: Mapping[str, int] = {"P1": 300, "P2": 600, "P3": 1800}
    sla: Mapping[str, int] = {"P1": 900, "P2": 1800, "P3": 7200}
    rounds: int = 6


def _short(state: Mapping[str, Any]) -> dict[str, int]:
    """Return how many people each authority lacks, with those on shift counted as there."""
    found = {}
    for name, row in state["quorums"].items():
        lacking = row["threshold"] - len(row["proved"]) - len(row["likely"])
        if lacking > 0:
            found[name] = lacking
    return found


def _to_call(state: Mapping[str, Any], called: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield whom to call next and for what, each once."""
    chosen = set(called)
    for role, row in state["roles"].items():
        fresh = [name for name in row["line"] if name not in chosen]
        if not row["reached"] and fresh:
            chosen.add(fresh[0])
            yield fresh[0], role
    for authority, lacking in _short(state).items():
        line = [name for name in state["quorums"][authority]["line"] if name not in chosen]
        for name in line[:lacking]:
            chosen.add(name)
            yield name, f"keys of {authority}"


def _gaps(state: Mapping[str, Any], since: int, sla: int) -> dict[str, int]:
    """Count what is missing: roles, quorums, lost pages, roles that were filled too late."""
    late = [role for role, row in state["roles"].items()
            if row["since"] is not None and row["since"] - since > sla]  # fmt: skip
    return {
        "roles": sum(not row["reached"] for row in state["roles"].values()),
        "quorum": len(_short(state)),
        "lost": len(state["lost"]),
        "late": len(late),
    }


@runbook(
    "ND4",
    f"{AREA} / Response team activation",
    level="A",
    cadence=on("classified"),
    role="operator",
    effort=60,
    inputs=("rota with time zones", "quorums of keys", "delivery and answer receipts of pages"),
    evidence="activation timeline: who was there when, whom it called, gaps in roles and keys",
    settings=Activation,
)
def activate_team(case: Case, settings: Activation) -> Runbook:
    """Response team activation.

    Each role that the severity needs has to be filled by somebody who answered, and enough signers
    have to be awake before their keys are needed. Receipts decide, not pages sent: a page that was
    lost is somebody else's page.
    """
    incident, severity = case.incident or "", str(case.facts.get("severity"))
    if severity not in settings.deadline:
        return Finding("ok", f"{incident}: {severity} activates nobody", dict(case.facts))
    state = yield Look("Is the team there already?", team_state, (incident, severity))
    before = state["activation"]
    if before and before["severity"] == severity and not any(before["problems"].values()):
        return Finding("ok", f"{incident}: the team is there already", dict(before))
    timeline: list[dict[str, Any]] = []
    called: dict[str, str] = {}
    for turn in range(settings.rounds + 1):
        yield Wait(settings.deadline[severity], "pages are answered or not")
        state = yield Look("Who is there, and who could sign?", team_state, (incident, severity))
        timeline.append({"at": state["at"], "roles": state["roles"], "short": _short(state),
                         "lost": state["lost"], "silent": state["silent"]})  # fmt: skip
        calls = list(_to_call(state, called))
        if not calls or turn == settings.rounds or state["ended"]:
            break
        for name, why in calls:
            called[name] = why
            yield Notify(f"page:{name}", f"{severity} {incident}: {why}", "you are needed")
    problems = _gaps(state, state["declared"], settings.sla[severity])
    data = {"incident": incident, "severity": severity, "timeline": timeline, "called": called,
            "quorums": state["quorums"], "lost": state["lost"], "silent": state["silent"]}  # fmt: skip
    if not state["ended"]:
        note = {"at": state["at"], "severity": severity, "problems": problems}
        yield Update(incident=incident, notes={"activation": note})
    wrong = [name for name, count in problems.items() if count]
    if wrong:
        return Finding("finding", f"{incident}: team: {', '.join(wrong)}", data, problems)
    return Finding("done", f"{incident}: the team is there", data, problems)


class FirstNotice(Settings):
    """Parameters of ND5: severities with a public notice, due *sla* seconds after the classification.

    Nothing is said before the brake is on or half of that is over: a hole that is told of before it
    is closed is used. *every* is when the next one is promised, *check* when it has to be readable.
    """

    sla: Mapping[str, int] = {"P1": 1800, "P2": 3600}
    every: Mapping[str, int] = {"P1": 3600, "P2": 10_800}
    effort: int = 300
    look: int = 300
    check: int = 60


def _await_brake(incident: str, sla: int, settings: FirstNotice) -> Runbook:
    """Wait until the brake is on or half of *sla* is over; value done with the facts in its data."""
    while True:
        facts = yield Look("What may be said?", notice_facts, (incident,))
        over = facts["now"] - facts["declared"] >= sla // 2
        if over or facts["ended"] or facts["state"] in ("contained", "recovering"):
            return Finding("done", "it may be said", facts)
        yield Wait(settings.look, "nothing is said before the brake is on")


def _desks(desk: Desk) -> list[str]:
    """Return the duty desks that we call where the public channel fails."""
    return [one.name for one in desk.services.contacts.tree() if one.backup is not None]


@runbook(
    "ND5",
    f"{AREA} / Initial stakeholder notification",
    cadence=on("classified"),
    role="liaison",
    effort=300,
    inputs=("incident record", "contract state", "posts that can be read in public"),
    evidence="the notice, its latency, what was wrong with its draft, whether it can be read",
    settings=FirstNotice,
)
def notify_stakeholders(case: Case, settings: FirstNotice) -> Runbook:
    """Initial stakeholder notification.

    The first notice is made from a template, checked against the record and the chain, published
    within its term, and looked for where the public reads. One that cannot be read there goes to
    the duty desks by telephone.
    """
    incident, severity = case.incident or "", str(case.facts.get("severity"))
    if severity not in settings.sla:
        return Finding("ok", f"{incident}: {severity} owes no public notice", dict(case.facts))
    sla, every = settings.sla[severity], settings.every[severity]
    waited = yield from _await_brake(incident, sla, settings)
    if waited.data["ended"] or "first_notice" in waited.data["notes"]:
        return Finding("ok", f"{incident}: nothing more to say first", dict(waited.data))
    facts = waited.data
    text = first_notice(facts, every=every)
    wrong = notice_problems(text, facts, fields=FIELDS)
    grounds = {"wrong": wrong, "text": text}
    choice = yield Decide("liaison", f"Publish the first notice of {incident}?",
                          ("publish", "hold"), "hold" if wrong else "publish", grounds,
                          settings.effort)  # fmt: skip
    facts = yield Look("Is it still so?", notice_facts, (incident,))
    text = first_notice(facts, every=every)  # the world moved while it was read
    wrong += notice_problems(text, facts, fields=FIELDS)
    data = {"incident": incident, "text": text, "wrong": wrong, "opened": facts["opened"]}
    if choice == "hold":
        return Finding("refused", f"{incident}: no first notice", data, {"silent": 1})
    if facts["ended"] or "first_notice" in facts["notes"]:
        return Finding("ok", f"{incident}: somebody said it first", data)
    latency = facts["now"] - facts["declared"]
    note = {"at": facts["now"], "latency": latency}
    yield Update(incident=incident, notes={"first_notice": note})
    sent = yield Notify("market", f"{incident}: first notice", text)
    yield Wait(settings.check, "it has to be readable")
    heard = yield Look("Can it be read, and what else?", voices, (incident, facts["opened"] - 3600))
    silent = [row for row in heard["missing"] if "first notice" in row["subject"]]
    if silent:
        for name in (yield Look("Whom do we call instead?", _desks)):
            yield Notify(f"contact:{name}", f"{incident}: first notice", text)
    problems = {"late": int(latency > sla), "content": len(wrong), "silent": len(silent),
                "leak": len([row for row in heard["leaks"] if row["at"] < sent])}  # fmt: skip
    found = [name for name, count in problems.items() if count]
    said = f"{incident}: first notice after {latency} s"
    return Finding("finding" if found else "done", f"{said}: {', '.join(found)}" if found else said,
                   {**data, "sent": sent, "latency": latency, "voices": heard}, problems)  # fmt: skip
