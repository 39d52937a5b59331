"""Recovery in steps: put back what drifted, wait until the cause is gone, release with notice.

Each gate is a generator of steps that ends in a finding; `response` strings them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.catalog import Settings
from twin.desk.port import Desk
from twin.desk.steps import Act, Case, Decide, Finding, Look, Notify, Runbook, Wait, Work
from twin.errors import NoData, Reverted
from twin.procedures.incident.impact import cause_facts, containable, holders, paused

__all__ = [
    "BRAKES",
    "Brake",
    "Recovery",
    "await_cause",
    "gone",
    "hold_objective",
    "release",
    "restore",
]


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


class Recovery(Settings):
    """Parameters of NR3, seconds and parts per million.

    The cause counts as gone when every feed has been sane for *hold* seconds: within *gap_ppm*
    of the index, fresh, at quorum and on *min_sources* sources. After *patience* seconds the
    runbook gives up and leaves the brake on. *grace* passes between notice and release. Bounds
    that drifted are put back in at most *attempts* tries. After the release the objective has to
    hold for *watch* seconds, looked at every *look*.
    """

    every: int = 600
    hold: int = 3600
    gap_ppm: int = 20_000
    min_sources: int = 2
    patience: int = 129_600
    grace: int = 1800
    watch: int = 1800
    attempts: int = 3
    look: int = 600


def gone(facts: Mapping[str, Any], case: Case, settings: Recovery) -> bool:
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


def restore(incident: str, settings: Recovery) -> Runbook:
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


def await_cause(case: Case, settings: Recovery) -> Runbook:
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
        gone_for = gone_for + settings.every if gone(facts, case, settings) else 0
        if gone_for > settings.hold:
            return Finding("done", "the cause is gone", {"waited": waited, **facts})
        yield Wait(settings.every, "the hold period of the recovery gate")
        waited += settings.every
    return Finding("failed", "the cause is not gone", {"waited": waited, **facts})


def rehearsed(desk: Desk, contract: str) -> dict[str, Any]:
    """Release *contract* on a copy of the chain and see that it is open there, as a canary.

    A copy that cannot be had is no reason to stay stopped: the call was simulated already.
    """
    try:
        fork = desk.lab.fork("canary of a release")
        done = fork.act("unpauser", contract, "unpause", ())
        opened = not fork.read(contract, "paused")
    except (NoData, Reverted) as error:
        return {"fits": True, "tried": False, "why": str(error)}
    return {"fits": done.success and opened, "tried": True, "why": done.reason}


def release(case: Case, contract: str, settings: Recovery) -> Runbook:
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
    if not gone(again, case, settings):
        return Finding("failed", "the cause came back", {"again": again}, {"relapse": 1})
    canary = yield Look("Would the release go through?", containable,
                        (contract, "unpauser", "unpause"))  # fmt: skip
    tried = yield Look("What does a release do on a copy?", rehearsed, (contract,))
    canary = {**canary, "copy": tried}
    choice = yield Decide("commander", f"Release {contract}?", ("release", "hold"),
                          "release" if canary["success"] and tried["fits"] else "hold",
                          canary)  # fmt: skip
    if choice == "hold":
        return Finding("refused", f"{contract} stays paused", {"canary": canary})
    result = yield Act("unpauser", contract, "unpause", (), f"recover {incident}")
    facts = {"canary": canary, "release": result}
    if not result["success"]:
        return Finding("failed", f"{contract} not released: {result['reason']}", facts, {"act": 1})
    return Finding("done", f"{contract} released", facts)


def _objective(desk: Desk, incident: str, contract: str | None) -> dict[str, Any]:
    """Return what closing rests on: the cause, the brake, and what fires in the family."""
    facts = cause_facts(desk, incident)
    family = desk.incidents.get(incident).family
    beside = sorted(
        alert.key
        for alert in desk.alerts.firing()
        if alert.labels.get("domain") == family and alert.severity in ("P1", "P2")
    )
    return {**facts, "at": desk.now, "family_firing": beside,
            "stopped": paused(desk, contract) if contract else False}  # fmt: skip


def hold_objective(case: Case, contract: str | None, settings: Recovery) -> Runbook:
    """See that the objective holds for the whole watch: a look at its end alone would miss a relapse.

    The objective is that the cause is gone, nothing bad fires in the family, and what was stopped
    runs. Without a brake there is nothing to watch after: the hold period has just passed.
    """
    incident = case.incident or ""
    seen: list[dict[str, Any]] = []
    watched = 0
    while True:
        facts = yield Look("Does the objective hold?", _objective, (incident, contract))
        seen.append({"at": facts["at"], "firing": [*facts["firing"], *facts["family_firing"]],
                     "stopped": facts["stopped"]})  # fmt: skip
        if not gone(facts, case, settings) or facts["family_firing"] or facts["stopped"]:
            return Finding("failed", "the cause came back", {"watch": seen, "after": facts},
                           {"relapse": 1})  # fmt: skip
        if contract is None or watched >= settings.watch:
            return Finding("done", "the objective has held", {"watch": seen})
        step = min(settings.look, settings.watch - watched)
        yield Wait(step, "watch after the release")
        watched += step
