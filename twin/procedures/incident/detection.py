"""Incident detection: from an alert to a classified incident (ND)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings, on, runbook
from twin.desk.steps import Case, Decide, Finding, Look, Runbook, Trigger, Update, Work
from twin.procedures.incident.impact import alert_facts, oracle_health

__all__ = ["Classification", "Triage", "classify_incident", "triage_alert"]


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
    "Incident Management / Incident Detection / Alert triage and verification",
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


class Classification(Settings):
    """Parameters of ND3: a feed off its index by *worst_gap_ppm* is P1 whatever the alert said."""

    effort: int = 120
    worst_gap_ppm: int = 100_000


SEVERITIES = ("P1", "P2", "P3", "P4", "P5")


def _severity(said: str, family: str, health: Mapping[str, Any], worst: int) -> tuple[str, str]:
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
    "Incident Management / Incident Detection / Incident classification",
    cadence=on("incident"),
    role="operator",
    effort=120,
    inputs=("incident", "oracle health", "severity matrix"),
    evidence="class record: severity, family, the rule that decided",
    settings=Classification,
)
def classify_incident(case: Case, settings: Classification) -> Runbook:
    """Incident classification.

    Severity and family by a rule table; when unsure, assume higher (LME nickel, 2022-03-08: a
    P1 handled as routine by junior staff for six hours).
    """
    incident = case.incident or ""
    family = str(case.facts.get("domain", "unknown"))
    yield Work("operator", settings.effort, f"classify {incident}")
    health = yield Look("How far is the oracle off?", oracle_health)
    advice, why = _severity(
        str(case.facts.get("severity", "")), family, health, settings.worst_gap_ppm
    )
    severity = yield Decide(
        "operator", f"Which severity has {incident}?", SEVERITIES, advice, {"why": why}
    )
    yield Update(incident=incident, state="classified", severity=severity, family=family)
    facts = {**case.facts, "severity": severity, "family": family}
    yield Trigger("classified", Case(f"{incident} is {severity}", case.alert, incident, facts))
    return Finding(
        "done",
        f"{incident}: {severity} {family}, {why}",
        {"incident": incident, "severity": severity, "family": family, "why": why,
         "oracle": health},
    )  # fmt: skip
