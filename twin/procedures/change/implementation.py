"""Implementation coordination: schedule, notice, oversight, verification, way back (CI)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import Field

from twin.catalog import Settings, every, runbook
from twin.desk.port import Desk
from twin.desk.steps import Case, Decide, Keep, Look, Notify, Runbook, Work
from twin.procedures.change import gates
from twin.procedures.change.carrying import carry_out
from twin.procedures.change.plan import calls_of
from twin.procedures.change.planning import windows_hit
from twin.procedures.change.register import (
    approvals_of,
    bound,
    counted,
    ended,
    in_state,
    no_desk,
    plain_entry,
    stress,
)
from twin.procedures.change.trial import try_out

__all__ = ["Notifying", "Overseeing", "Rehearsing", "Scheduling", "Verifying", "notify", "oversee",
           "rehearse", "schedule", "verify"]  # fmt: skip

AREA = "Change Management / Implementation Coordination"
HALF_HOUR = every(minutes=30)


class Scheduling(Settings):
    """CI1 holds changes while the pool is further than *max_gap_ppm* off its peg."""

    max_gap_ppm: int = 20_000


@runbook(
    "CI1", f"{AREA} / Change schedule management", level="A", cadence=HALF_HOUR, role="operator",
    effort=60, inputs=("calendar", "change store", "incidents", "alerts", "pool"),
    evidence="schedule: which change is due, which is held and by what", settings=Scheduling,
    applies=no_desk,
)  # fmt: skip
def schedule(case: Case, settings: Scheduling) -> Runbook:
    """Change schedule management.

    A change that is due goes ahead alone, outside freezes, and not while the network is under
    stress; one whose window has passed is taken off the calendar.
    """
    seen = yield Look("What is due?", partial(_due, settings=settings))
    totals = dict.fromkeys(("collision", "stress", "freeze", "expired"), 0)
    rows: dict[str, Any] = {}
    for one in seen:
        rows[one["id"]] = one
        if one["hold"]:
            totals[one["item"]] += 1
        state = {"expired": "rejected"}.get(one["item"], None if one["hold"] else "scheduled")
        yield Keep("change", one["id"], state=state, data={"hold": one["hold"]})
    return ended("due", rows, totals, case.cause)


def _due(desk: Desk, settings: Scheduling) -> list[dict[str, Any]]:
    under_way = [entry["id"] for entry in in_state(desk, ("scheduled", "executing"))]
    tense = stress(desk, settings.max_gap_ppm)
    found = []
    for entry in in_state(desk, ("approved",)):
        planning, slot = entry["planning"], entry["slot"]
        if slot > desk.now:
            continue
        emergency = entry["class"] == "emergency"
        frozen = windows_hit(desk, desk.now, desk.now + planning["delay"] + 3600)
        item, hold = "", list[str]()
        if desk.now > planning["last"]:
            item, hold = "expired", [f"its window ended at {planning['last']}"]
        elif under_way:
            item, hold = "collision", [f"{under_way[0]} is under way"]
        elif tense and not emergency:
            item, hold = "stress", tense
        elif frozen and not emergency:
            item, hold = "freeze", frozen
        else:
            under_way.append(entry["id"])
        found.append({"id": entry["id"], "slot": slot, "item": item, "hold": hold})
    return found


class Notifying(Settings):
    """CI2: who is told, by class of change."""

    audiences: Mapping[str, tuple[str, ...]] = Field(
        default={
            "standard": ("integrators",),
            "normal": ("integrators", "stakeholders"),
            "emergency": ("integrators", "stakeholders", "guardians"),
        }
    )


PHASES = {"before": ("approved", "scheduled"), "during": ("executing",),
          "after": ("executed", "failed", "rolled-back")}  # fmt: skip


@runbook(
    "CI2", f"{AREA} / Stakeholder notification", level="A", cadence=HALF_HOUR, role="operator",
    effort=60, inputs=("change store", "published notices"),
    evidence="notice log: which audience was told what, when, and which phase was missed",
    settings=Notifying, applies=no_desk,
)  # fmt: skip
def notify(case: Case, settings: Notifying) -> Runbook:
    """Stakeholder notification.

    Each audience of the change's class is told before, during and after it; one that began without
    the notice it promised is a finding.
    """
    seen = yield Look("Who is to be told?", partial(_untold, settings=settings))
    totals = {"late": 0}
    rows: dict[str, Any] = {}
    for one in seen:
        totals["late"] += one["late"]
        sent = {}
        for audience in one["audiences"]:
            sent[audience] = yield Notify(audience, one["subject"], one["text"])
        rows[one["id"]] = {**one, "sent": sent}
        yield Keep("change", one["id"], data={f"told_{one['phase']}": sent})
    return ended("notices", rows, totals, case.cause)


def _untold(desk: Desk, settings: Notifying) -> list[dict[str, Any]]:
    found = []
    for phase, states in PHASES.items():
        for entry in in_state(desk, states):
            if f"told_{phase}" in entry:
                continue
            plan = entry["plan"]
            began = entry.get("began_at")
            text = (f"{plan['title']} ({phase}): {', '.join(plan['expect'])}. {plan['intent']} "
                    f"State: {entry['state']}.")  # fmt: skip
            found.append(
                {"id": entry["id"], "phase": phase, "audiences": list(settings.audiences[entry["class"]]),
                 "subject": f"change {entry['id']} {phase}: {plan['title']}", "text": text,
                 "late": int(phase == "before" and began is not None)}
            )  # fmt: skip
        if phase == "before":
            found += _surprised(desk)
    return found


def _surprised(desk: Desk) -> list[dict[str, Any]]:
    """Return the changes that began before the notice that they promised had run."""
    found = []
    for entry in in_state(desk, ("executing", "executed")):
        told, began = entry.get("told_before"), entry.get("began_at")
        if "told_late" in entry or began is None or entry["class"] == "emergency":
            continue
        first = min(told.values()) if told else None
        if first is None or began - first < entry["plan"]["notice"]:
            found.append({"id": entry["id"], "phase": "late", "audiences": [], "subject": "", "text": "",
                          "late": 1})  # fmt: skip
    return found


class Verifying(Settings):
    """CI4: it certifies what is due, again and again until it is executed."""


ITEMS_CI4 = ("binding", "code", "approval", "resimulate")


@runbook(
    "CI4", f"{AREA} / Testing verification", level="A", cadence=every(minutes=10), role="operator",
    effort=60, inputs=("signing device", "latest state", "code", "approvals"),
    evidence="verification certificate: hash of what is staged, block, gates", settings=Verifying,
    applies=no_desk,
)  # fmt: skip
def verify(case: Case, settings: Verifying) -> Runbook:
    """Testing verification.

    What is staged to be signed must hash to what was approved, call the code that was reviewed, and
    do on the state of now what the assessment said; the certificate is good for a short time.
    """
    del settings
    entries = yield Look("What is about to be executed?", in_state, (("approved", "scheduled"),))
    totals = dict.fromkeys(ITEMS_CI4, 0)
    rows: dict[str, Any] = {}
    for entry in entries:
        found = yield Look(f"Is {entry['id']} still what was approved?", certify, (entry,))
        rows[entry["id"]] = found
        for item, count in counted(found["wrong"], ITEMS_CI4).items():
            totals[item] += count
        if found["wrong"]:
            yield Keep("change", entry["id"], state="rejected", data={"refused": found["wrong"]})
        else:
            yield Keep("change", entry["id"], data={"certificate": found["certificate"]})
    return ended("certificates", rows, totals, case.cause)


def certify(desk: Desk, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the certificate of *entry* as of now, and what is wrong by gate."""
    plan, hashed = entry["plan"], bound(entry)
    calls = calls_of(plan)
    staged = desk.services.changes.staged(entry["request"])
    wrong = {
        "binding": gates.binding(staged, authority=plan["authority"], approved=hashed),
        "code": gates.code(desk, calls, entry["code"]),
        "approval": gates.approval(plan, approvals_of(desk, entry), author=entry["author"],
                                   approved=hashed, now=desk.now),
        "resimulate": gates.resimulate(desk, plan, blessed=entry["diff"]),
    }  # fmt: skip
    certificate = {"payload": hashed, "block": desk.at().block, "at": desk.now}
    return {"certificate": certificate, "wrong": {k: v for k, v in wrong.items() if v}}


class Rehearsing(Settings):
    """CI5: the way back must be rehearsed within *age* seconds before the change."""

    age: int = 86_400


@runbook(
    "CI5", f"{AREA} / Rollback preparation", level="A", cadence=HALF_HOUR, role="operator", effort=60,
    inputs=("copy of the chain state", "change store"),
    evidence="rehearsal report: seconds, gas, what would be left, what is lost", settings=Rehearsing,
    applies=no_desk,
)  # fmt: skip
def rehearse(case: Case, settings: Rehearsing) -> Runbook:
    """Rollback preparation.

    The change and its way back are carried out on a copy: everything must be as it was, within the
    time that the file allows, delays of governance included.
    """
    entries = yield Look("What may have to be undone?", in_state, (("approved", "scheduled"),))
    totals = {"rollback": 0}
    rows: dict[str, Any] = {}
    for entry in entries:
        if entry["changed"] - entry.get("rehearsal", {}).get("at", 0) < settings.age:
            continue
        found = yield Look(f"Can {entry['id']} be undone?", rehearsed, (entry,))
        rows[entry["id"]] = found
        totals["rollback"] += len(found["wrong"])
        state = "rejected" if found["wrong"] else None
        yield Keep("change", entry["id"], state=state, data={"rehearsal": found})
    return ended("rehearsals", rows, totals, case.cause)


def rehearsed(desk: Desk, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rehearsal of the way back of *entry* gives on the state of now."""
    trial = try_out(desk, entry["plan"], calls_of(entry["plan"]))
    return {**gates.rollback(desk, entry["plan"], trial), "at": desk.now}


class Overseeing(Settings):
    """CI3: a certificate older than *fresh* seconds is none; the market must be calm."""

    fresh: int = 3600
    effort: int = 600
    max_gap_ppm: int = 50_000


ITEMS_CI3 = ("uncertified", "binding", "resimulate", "stopped", "half-applied", "postcheck",
             "failed")  # fmt: skip


@runbook(
    "CI3", f"{AREA} / Implementation oversight", level="B", cadence=HALF_HOUR, role="commander",
    effort=600, inputs=("certificate", "signing device", "contracts", "alerts", "incidents"),
    evidence="step log: each call with its block, checks on chain before and after, what stopped it",
    settings=Overseeing, applies=no_desk,
)  # fmt: skip
def oversee(case: Case, settings: Overseeing) -> Runbook:
    """Implementation oversight.

    What was certified is carried out step by step: checked on chain before, simulated again when
    its delay has passed, checked after each call. What stops half-way is taken back.
    """
    entries = yield Look("What is to be carried out?", ready, (settings.fresh,))
    totals = dict.fromkeys(ITEMS_CI3, 0)
    rows: dict[str, Any] = {}
    for entry in entries:
        if entry["unready"]:
            totals["uncertified"] += entry["overdue"]
            rows[entry["id"]] = {"unready": entry["unready"]}
            continue
        yield Work("commander", settings.effort, f"read the plan of {entry['id']}")
        choice = yield Decide("commander", f"Carry out {entry['id']}?", ("go", "stop"), "go",
                              {"points": entry["points"], "certificate": entry["certificate"]})  # fmt: skip
        if choice == "stop":
            totals["stopped"] += 1
            rows[entry["id"]] = {"choice": choice}
            yield Keep("change", entry["id"], state="rejected", data={"refused": "stopped by hand"})
            continue
        outcome = yield from carry_out(entry, max_gap_ppm=settings.max_gap_ppm)
        rows[entry["id"]] = outcome
        for item in outcome["items"]:
            totals[item] += 1
    return ended("carried out", rows, totals, case.cause)


def ready(desk: Desk, fresh: int) -> list[dict[str, Any]]:
    """Return what is scheduled, each with what it still lacks."""
    found = []
    for entry in in_state(desk, ("scheduled",)):
        unready = []
        if desk.now - entry.get("certificate", {}).get("at", 0) > fresh:
            unready.append("no fresh certificate")
        if "rehearsal" not in entry:
            unready.append("the way back was not rehearsed")
        told = entry.get("told_before")
        if entry["class"] != "emergency":
            if not told:
                unready.append("nobody was told")
            elif desk.now - min(told.values()) < entry["plan"]["notice"]:
                unready.append("the notice has not run")
        overdue = int(bool(unready) and desk.now - desk.stores.get(entry["id"]).changed > 2 * fresh)
        found.append(
            {**plain_entry(desk.stores.get(entry["id"])), "unready": unready, "overdue": overdue}
        )
    return found
