"""Incident response: containment and recovery (NR)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.catalog import Settings, on, runbook
from twin.desk.port import Desk
from twin.desk.steps import (
    Act,
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
from twin.procedures.incident.impact import cause_facts, containable, holders, paused

__all__ = ["BRAKES", "Brake", "Containment", "Recovery", "contain_incident", "recover"]


@dataclass(frozen=True, slots=True)
class Brake:
    """An authorised emergency stop: which *contract* is paused, and what that stops."""

    contract: str
    stops: str


BRAKES: Mapping[str, Brake] = {
    "oracle": Brake("AllocationBook", "issuance valued by the oracle"),
    "allocation": Brake("AllocationBook", "issuance"),
    "pool": Brake("LiquidityPool", "swaps and liquidity moves"),
}
"""The brake per family. The oracle itself keeps running: recovery needs its answers."""


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
    "Incident Management / Incident Response / Containment measures implementation",
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


class Recovery(Settings):
    """Parameters of NR3, seconds and parts per million.

    The cause counts as gone when every feed has been sane for *hold* seconds: within *gap_ppm*
    of the index, fresh, at quorum and on *min_sources* sources. After *patience* seconds the
    runbook gives up and leaves the brake on. *grace* passes between notice and release. Bounds
    that drifted are put back in at most *attempts* tries.
    """

    every: int = 600
    hold: int = 3600
    gap_ppm: int = 20_000
    min_sources: int = 2
    patience: int = 129_600
    grace: int = 1800
    watch: int = 1800
    attempts: int = 3


def _gone(facts: Mapping[str, Any], case: Case, settings: Recovery) -> bool:
    """Say whether the cause is gone: no alert behind the incident, and of an oracle a sane one."""
    oracle = case.facts.get("family") == "oracle"
    return not facts["firing"] and (not oracle or _sane(facts["oracle"], settings))


def _sane(health: Mapping[str, Any], settings: Recovery) -> bool:
    return bool(health) and all(
        feed["gap_ppm"] is not None
        and feed["gap_ppm"] <= settings.gap_ppm
        and feed["age"] <= feed["max_age"]
        and feed["reporters"] >= feed["quorum"]
        and len(feed["sources"]) >= settings.min_sources
        for feed in health.values()
    )


def _drift(desk: Desk) -> list[dict[str, Any]]:
    """Return the feeds whose bounds on chain differ from the signed register."""
    drifted = []
    for name in desk.register.commodities():
        config = desk.at().read("OracleNetwork", "feedConfig", desk.register.feed_id(name))
        approved = desk.register.parameter(f"feed.{name}")
        if tuple(config) != tuple(approved):
            drifted.append(
                {
                    "commodity": name,
                    "feed": desk.register.feed_id(name),
                    "config": list(config),
                    "approved": list(approved),
                }
            )
    return drifted


def _restore(incident: str, settings: Recovery) -> Runbook:
    """Put drifted feed bounds back to the register, and see that they are back."""
    tried: list[dict[str, Any]] = []
    drifted = yield Look("Do the feeds' bounds match the register?", _drift)
    for _attempt in range(settings.attempts):
        for item in drifted:
            yield Work("oracle-admin", 600, f"prepare the bounds of {item['commodity']}")
            result = yield Act(
                "oracle_admin", "OracleNetwork", "configureFeed",
                (item["feed"], tuple(item["approved"])), f"restore bounds for {incident}",
            )  # fmt: skip
            tried.append({"commodity": item["commodity"], "result": result})
        if drifted:
            drifted = yield Look("Do they match it now?", _drift)
    facts = {"restored": tried, "drifted": drifted}
    if drifted:
        return Finding("failed", "the feeds' bounds differ from the register", facts)
    return Finding("done", "the feeds' bounds match the register", facts)


def _await_cause(case: Case, settings: Recovery) -> Runbook:
    """Wait until the cause of the incident has been gone for the whole hold period.

    An incident that was escalated meanwhile has a recovery of its own: this one then stands back.
    """
    incident = case.incident or ""
    waited, gone_for = 0, 0
    facts: dict[str, Any] = {}
    while waited <= settings.patience:
        facts = yield Look("Is the cause gone?", cause_facts, (incident,))
        if facts["severity"] != case.facts.get("severity"):
            return Finding("refused", "escalated: another recovery has taken over", facts)
        gone_for = gone_for + settings.every if _gone(facts, case, settings) else 0
        if gone_for > settings.hold:
            return Finding("done", "the cause is gone", {"waited": waited, **facts})
        yield Wait(settings.every, "the hold period of the recovery gate")
        waited += settings.every
    return Finding("failed", "the cause is not gone", {"waited": waited, **facts})


def _release(case: Case, contract: str, settings: Recovery) -> Runbook:
    """Give notice, try the release as a canary, and release under the unpausers' quorum.

    A brake that another open incident needs stays on: whoever recovers last releases it. It stays
    on too where the cause comes back while the notice runs.
    """
    incident = case.incident or ""
    sharing = [family for family, brake in BRAKES.items() if brake.contract == contract]
    others = yield Look("Who else needs the brake?", holders, (incident, sharing))
    if others:
        return Finding("done", f"brake left to {others[0]}", {"left_to": others})
    yield Notify("market", f"{contract} reopens", f"release in {settings.grace} s for {incident}")
    yield Wait(settings.grace, "users may act before the release")
    again = yield Look("Is the cause still gone?", cause_facts, (incident,))
    if not _gone(again, case, settings):
        return Finding("failed", "the cause came back", {"again": again}, {"relapse": 1})
    canary = yield Look("Would the release go through?", containable,
                        (contract, "unpauser", "unpause"))  # fmt: skip
    choice = yield Decide("commander", f"Release {contract}?", ("release", "hold"),
                          "release" if canary["success"] else "hold", canary)  # fmt: skip
    if choice == "hold":
        return Finding("refused", f"{contract} stays paused", {"canary": canary})
    result = yield Act("unpauser", contract, "unpause", (), f"recover {incident}")
    facts = {"canary": canary, "release": result}
    if not result["success"]:
        return Finding("failed", f"{contract} not released: {result['reason']}", facts, {"act": 1})
    return Finding("done", f"{contract} released", facts)


@runbook(
    "NR3",
    "Incident Management / Incident Response / Recovery plan execution",
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
    log: dict[str, Any] = {}
    if family == "oracle":
        restored = yield from _restore(incident, settings)
        log |= restored.data
        if restored.verdict != "done":
            return Finding("failed", f"{incident}: {restored.summary}", log, {"restore": 1})
    gate = yield from _await_cause(case, settings)
    log["gate"] = gate.data
    if gate.verdict != "done":
        return Finding(gate.verdict, f"{incident}: {gate.summary}", log, {"gate": 1})
    if contract:
        release = yield from _release(case, str(contract), settings)
        log |= release.data
        if release.verdict != "done":
            if "relapse" in release.problems:
                yield Trigger("classified", case)
            return Finding(release.verdict, release.summary, log, release.problems)
        yield Wait(settings.watch, "watch after the release")
        after = yield Look("Does the objective hold?", cause_facts, (incident,))
        if not _gone(after, case, settings):
            yield Trigger("classified", case)
            return Finding("failed", "the cause came back", {**log, "after": after}, {"relapse": 1})
    yield Update(incident=incident, state="closed")
    yield Notify("market", f"{incident} closed", "the objective has held")
    return Finding("done", f"{incident} recovered and closed", log)
