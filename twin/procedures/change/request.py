"""Change request processing: documentation, impact, risk, planning, approval (CR)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from twin.catalog import Settings, every, runbook
from twin.desk.port import Desk
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Notify, Runbook, Work
from twin.procedures.change import gates
from twin.procedures.change.inbox import inbox
from twin.procedures.change.plan import calls_of
from twin.procedures.change.planning import planned
from twin.procedures.change.register import approvals_of, bound, counted, ended, in_state, no_desk
from twin.procedures.change.risk import calibration, rated

__all__ = ["Approving", "Assessing", "Documenting", "Planning", "Rating", "assess", "document",
           "organise", "plan", "rate"]  # fmt: skip

AREA = "Change Management / Change Request Processing"
HALF_HOUR = every(minutes=30)


class Documenting(Settings):
    """CR1 wants an intent of at least *min_words* words."""

    min_words: int = 6


ITEMS_CR1 = ("schema", "vague", "author", "decode", "altered")


@runbook(
    "CR1", f"{AREA} / Change request documentation", level="A", cadence=HALF_HOUR, role="operator",
    effort=60, inputs=("change files", "register", "ABIs", "change store"),
    evidence="validated record: plan, hash of the text, hash of what would be executed",
    settings=Documenting, applies=no_desk,
)  # fmt: skip
def document(case: Case, settings: Documenting) -> Runbook:
    """Change request documentation.

    Each change file is held against its schema, its calldata against what it says in words; what
    is right becomes an entry bound to its hashes, and an entry whose file reads otherwise later
    is refused.
    """
    seen = yield Look("What is asked for?", inbox, (settings.min_words,))
    rows: dict[str, Any] = {}
    totals: dict[str, int] = dict.fromkeys(ITEMS_CR1, 0)
    for one in seen["new"]:
        state = "rejected" if one["wrong"] else "requested"
        data = {key: one[key] for key in ("request", "author", "sha256", "wrong", "class")}
        about = one["about"]
        entry = yield Keep("change", state=state, owner=one["author"], subject=one["title"],
                           data={**data, **about})  # fmt: skip
        rows[one["request"]] = {"entry": entry, **data}
        if one["wrong"]:
            text = "; ".join(reason for found in one["wrong"].values() for reason in found)
            yield Notify(f"requester:{one['author']}", f"{one['request']} is refused", text)
        for item, count in counted(one["wrong"], ITEMS_CR1).items():
            totals[item] += count
    for one in seen["altered"]:
        totals["altered"] += 1
        rows[one["request"]] = one
        yield Keep("change", one["entry"], state="rejected", data={"refused": one["reason"]})
    return ended("requests", rows, totals, case.cause)


class Assessing(Settings):
    """CR2 needs no limits of its own: a gate passes or says what is wrong."""


ITEMS_CR2 = ("decode", "authority", "conflict", "run", "diff", "invariants", "smoke", "rollback")


@runbook(
    "CR2", f"{AREA} / Impact assessment", level="A", cadence=HALF_HOUR, role="operator", effort=60,
    inputs=("exact calldata", "copy of the chain state", "register"),
    evidence="impact report: calls, difference, smoke matrix, way back, reasons by gate",
    settings=Assessing, applies=no_desk,
)  # fmt: skip
def assess(case: Case, settings: Assessing) -> Runbook:
    """Impact assessment.

    The exact calldata is carried out on a copy of the public state: what it moves must be what was
    announced, invariants must hold, a transaction per function and role must do what it did.
    """
    del settings
    entries = yield Look("What is to be assessed?", in_state, (("requested",),))
    rows: dict[str, Any] = {}
    totals: dict[str, int] = dict.fromkeys(ITEMS_CR2, 0)
    for entry in entries:
        found = yield Look(f"What would {entry['id']} do?", _impact, (entry,))
        rows[entry["id"]] = found
        for item, count in counted(found["wrong"], ITEMS_CR2).items():
            totals[item] += count
        state = "rejected" if found["wrong"] else "assessed"
        data = {key: found[key] for key in ("diff", "code", "gas", "seconds", "payload")}
        yield Keep("change", entry["id"], state=state,
                   data={**data, "refused": found["wrong"]} if found["wrong"] else data)  # fmt: skip
    return ended("assessments", rows, totals, case.cause)


def _impact(desk: Desk, entry: Mapping[str, Any]) -> dict[str, Any]:
    return gates.impact(desk, entry["plan"], entry=entry["id"])


class Rating(Settings):
    """CR3: points up to which a change may be standard, and from which on it needs a second look."""

    standard: int = 3
    high: int = 7
    max_gap_ppm: int = 20_000
    effort: int = 900


@runbook(
    "CR3", f"{AREA} / Risk evaluation", level="B", cadence=HALF_HOUR, role="security", effort=900,
    inputs=("impact report", "change history", "incidents", "market state"),
    evidence="risk score by part, and its calibration on past changes", settings=Rating,
    applies=no_desk,
)  # fmt: skip
def rate(case: Case, settings: Rating) -> Runbook:
    """Risk evaluation.

    Blast radius, reversibility, novelty and the state of the market give points; a risky change
    that calls itself standard is taken as normal, and a high one is let pass by somebody or not.
    """
    entries = yield Look("What is to be rated?", in_state, (("assessed",),))
    past = yield Look("What became of rated changes?", calibration)
    rows: dict[str, Any] = {}
    totals = {"understated": 0, "high": 0, "declined": 0}
    for entry in entries:
        found = yield Look("How risky is it?", rated, (entry, settings.max_gap_ppm))
        points, grade = found["points"], entry["class"]
        totals["high"] += points >= settings.high
        if grade == "standard" and points > settings.standard:
            totals["understated"] += 1
            grade = "normal"
        choice = "go-on"
        if points > settings.standard:
            yield Work("security", settings.effort, f"read the impact of {entry['id']}")
            choice = yield Decide("security", f"Is {entry['id']} worth its risk?", ("go-on", "decline"),
                                  "go-on" if points < settings.high or grade == "emergency" else "decline",
                                  found)  # fmt: skip
        totals["declined"] += choice == "decline"
        rows[entry["id"]] = {**found, "class": grade, "choice": choice}
        yield Keep("change", entry["id"], state="rated" if choice == "go-on" else "rejected",
                   data={"risk": found, "class": grade, "points": points})  # fmt: skip
    finding = ended("ratings", rows, totals, case.cause)
    data = {**finding.data, "calibration": past}
    return Finding(finding.verdict, finding.summary, data, totals)


class Planning(Settings):
    """CR4: seconds between two changes, least signers active, gas in multiples of what is needed."""

    apart: int = 7200
    min_gas: int = 5
    step: int = 1800


ITEMS_CR4 = ("freeze", "conflict", "signers", "gas", "too-late")


@runbook(
    "CR4", f"{AREA} / Implementation planning", level="A", cadence=HALF_HOUR, role="operator",
    effort=60, inputs=("calendar", "identities", "change store", "balances"),
    evidence="plan: slot, latest end with the delay, signers at hand, gas, conflicts",
    settings=Planning, applies=no_desk,
)  # fmt: skip
def plan(case: Case, settings: Planning) -> Runbook:
    """Implementation planning.

    The first slot is taken that keeps the notice, lies in the change's own window and outside
    freezes, apart from other changes, with signers at work and gas in the account.
    """
    entries = yield Look("What is to be planned?", in_state, (("rated",),))
    rows: dict[str, Any] = {}
    totals: dict[str, int] = dict.fromkeys(ITEMS_CR4, 0)
    for entry in entries:
        found = yield Look(f"When can {entry['id']} be done?", partial(planned, settings=settings),
                           (entry,))  # fmt: skip
        rows[entry["id"]] = found
        blocked = found["slot"] is None
        if blocked:
            totals[found["blocked"]] += 1
        yield Keep("change", entry["id"], state="rejected" if blocked else "planned",
                   due=found["slot"], data={"slot": found["slot"], "planning": found})  # fmt: skip
    return ended("plans", rows, totals, case.cause)


class Approving(Settings):
    """CR5: seconds that an approver reads; after so many *rounds* without a quorum it is refused."""

    effort: int = 600
    rounds: int = 3


ITEMS_CR5 = ("self", "stale", "quorum", "bypass", "authority")


@runbook(
    "CR5", f"{AREA} / Approval workflow management", level="B", cadence=HALF_HOUR, role="commander",
    effort=600, inputs=("portal", "roles on chain", "incidents", "change store"),
    evidence="approval trail: who, as what, when, of which payload; what was refused and why",
    settings=Approving, applies=no_desk,
)  # fmt: skip
def organise(case: Case, settings: Approving) -> Runbook:
    """Approval workflow management.

    The right authority, four eyes, a quorum of current approvals of exactly this payload, none of
    one's own; the emergency path is open only while an emergency is.
    """
    entries = yield Look("What is to be approved?", in_state, (("planned",),))
    rows: dict[str, Any] = {}
    totals: dict[str, int] = dict.fromkeys(ITEMS_CR5, 0)
    for entry in entries:
        given: list[dict[str, Any]] = list(entry.get("approvals", ()))
        rounds = entry.get("rounds", 0) + 1
        before = yield Look("What does the portal hold?", _standing, (entry, given))
        for role in before["missing"]:
            worked = yield Work(role, settings.effort, f"read {entry['id']} as {role}")
            choice = yield Decide(role, f"Approve {entry['id']}?", ("approve", "refuse"),
                                  "approve", before)  # fmt: skip
            if choice == "approve" and worked["who"] not in {one["who"] for one in given}:
                given.append({"who": worked["who"], "role": role, "at": worked.get("ended", 0),
                              "payload": bound(entry)})  # fmt: skip
        after = yield Look("Is that a quorum?", _standing, (entry, given))
        rows[entry["id"]] = {"given": given, "round": rounds, **after}
        for item, count in counted(after["wrong"], ITEMS_CR5).items():
            totals[item] += count
        state = "approved" if not after["wrong"] else None
        if after["refused"] or (after["wrong"] and rounds >= settings.rounds):
            state = "rejected"
        refused = {"refused": after["wrong"]} if after["wrong"] else {}
        yield Keep("change", entry["id"], state=state,
                   data={"approvals": given, "rounds": rounds, **refused})  # fmt: skip
    return ended("approvals", rows, totals, case.cause)


def _standing(desk: Desk, entry: Mapping[str, Any], given: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the roles that have not approved, and why what was given is not enough."""
    wanted = entry["plan"]
    every_one = approvals_of(desk, {**entry, "approvals": given})
    said = gates.approval(
        wanted, every_one, author=entry["author"], approved=bound(entry), now=desk.now
    )
    wrong: dict[str, list[str]] = {}
    for reason in said:
        item = (
            "self"
            if "their own" in reason
            else "quorum"
            if "different people" in reason
            else "stale"
        )
        wrong.setdefault(item, []).append(reason)
    grave = [item for item in desk.incidents.open() if item.severity in {"P1", "P2"}]
    if entry["class"] == "emergency" and not grave:
        wrong["bypass"] = ["the emergency path is asked for, and no P1 or P2 incident is open"]
    may = gates.authority(desk, wanted, calls_of(wanted))
    if may:
        wrong["authority"] = may
    good = {
        one.role for one in every_one if one.payload == bound(entry) and one.who != entry["author"]
    }
    refused = any(item in wrong for item in ("self", "stale", "bypass", "authority"))
    missing = [] if refused else [role for role in wanted["approvers"] if role not in good]
    return {"missing": missing, "wrong": wrong, "refused": refused}
