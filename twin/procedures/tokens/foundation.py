"""Foundation Token operations: from the export to the vote (TF)."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from pydantic import Field

from twin.catalog import Settings, check, every, runbook
from twin.desk.port import Desk
from twin.desk.steps import Act, Case, Decide, Finding, Keep, Look, Notify, Runbook, Step, Work
from twin.procedures.findings import named
from twin.procedures.tokens import allocation, disputes, issuance, rights, transfer_policy

__all__ = [
    "AllocationVerification",
    "DisputeResolution",
    "Issuance",
    "RightsConfirmation",
    "TransferAuthorization",
    "authorise_transfers",
    "confirm_rights",
    "process_issuance",
    "resolve_disputes",
    "verify_allocations",
]

_HOUR, _DAY = 3600, 86400

Part = Generator[Step, Any, Any]
"""A part of a runbook that hands back what it did."""


def _no_sovereign(desk: Desk) -> str | None:
    """Say that nobody can hold the token, or None."""
    return None if desk.services.transfers.holders() else "no sovereign is registered"


# -- TF1 ------------------------------------------------------------------------------------------


class AllocationVerification(Settings):
    """Limits of TF1, seconds and parts per million.

    Claims and issues of the last *recent* are proved, duplicates sought in those of the last
    *lookback*; feeds beside customs are asked for a cargo *grace* after the claim, and may all err
    by *tolerance_ppm*.
    """

    lookback: int = Field(default=30 * _DAY, ge=_DAY)
    recent: int = Field(default=4 * _DAY, ge=_DAY)
    grace: int = 2 * _DAY
    tolerance_ppm: int = Field(default=20_000, ge=0)


@check(
    "TF1",
    "Token Management / Foundation Token Operations / Sovereign allocation verification",
    cadence=every(hours=1),
    inputs=("ExportVerified, EntitlementIssued and Issued logs", "customs and export feeds",
            "signed register"),
    evidence="entitlement proof of each new issue, totals by sovereign, exceptions",
    settings=AllocationVerification,
    applies=_no_sovereign,
)  # fmt: skip
def verify_allocations(desk: Desk, settings: AllocationVerification) -> Finding:
    """Sovereign allocation verification.

    Each issue is recomputed from the verified quantity, the answer in force at its block and the
    approved schedule, and matched with the token's ledger. Each claim that stands is held against
    its papers: one cargo behind two documents (Qingdao, 2014), a cargo that nobody else saw, papers
    of another exporter.
    """
    last = desk.evidence.last("TF1")
    problems, data = allocation.audit_allocations(
        desk, lookback=settings.lookback, recent=settings.recent, grace=settings.grace,
        tolerance_ppm=settings.tolerance_ppm, prove_since=last.at if last else 0,
    )  # fmt: skip
    wrong = named(problems)
    summary = f"allocations: {wrong}" if wrong else f"{data['issues']} issues proved"
    return Finding("finding" if wrong else "ok", summary, data, problems)


# -- TF2 ------------------------------------------------------------------------------------------


class Issuance(Settings):
    """Parameters of TF2: how many claims one job takes, and what is out of proportion.

    An entitlement above *largest_multiple* times the median of those issued is not proposed.
    *effort* seconds of each of two persons go into a claim.
    """

    batch: int = Field(default=8, ge=1)
    largest_multiple: int = Field(default=20, ge=2)
    effort: int = 300
    window: int = _DAY


def _note_of_last(desk: Desk) -> dict[str, Any] | None:
    """Return what the last job noted about the supply, and when it did."""
    last = desk.evidence.last("TF2")
    if last is None:
        return None
    noted = desk.evidence.data(last.ref).get("after")
    return {**noted, "at": last.at} if noted else None


@runbook(
    "TF2",
    "Token Management / Foundation Token Operations / Token issuance processing",
    cadence=every(hours=1),
    role="issuer",
    effort=300,
    inputs=("claims and export proofs", "customs papers", "caps", "approvals and mint events"),
    evidence="issuance file: what was verified, who approved, the supply's delta, hashes",
    settings=Issuance,
    applies=_no_sovereign,
)
def process_issuance(case: Case, settings: Issuance) -> Runbook:
    """Token issuance processing.

    Where the contract asks for two persons, each verified claim is checked against its papers and
    the caps, proposed by the issuer and confirmed by compliance; anybody settles it then. In any
    case everything that was created since the last job must have its approvals, its place in the
    supply, and nothing may have been minted by one key alone.
    """
    del case
    terms = yield Look("Caps, and does it take two persons?", issuance.terms)
    before = yield Look("What did the last job note?", _note_of_last)
    log: list[dict[str, Any]] = []
    claims = yield Look("What awaits issue?", issuance.open_claims, (settings.largest_multiple,))
    refused = [item for item in claims if item["against"]]
    if terms["two_person"]:
        log = yield from _approve(claims, terms, settings)
    since = before["at"] - _HOUR if before else 0
    after = yield Look("Was all that came to be asked for?", issuance.post_check, (since, before))
    problems: dict[str, int] = {**after["problems"], **_reasons(refused)}
    problems["act"] = sum(not item["success"] for item in log)
    facts = {"terms": terms, "open": len(claims), "refused": refused, "log": log, "after": after}
    wrong = named(problems)
    if wrong:
        return Finding(
            "failed" if problems["act"] else "finding", f"issuance: {wrong}", facts, problems
        )
    done = f"{len(log)} issues approved by two persons"
    return Finding("done" if log else "ok", done if log else "nothing to approve", facts, problems)


def _reasons(refused: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count what speaks against the claims that were not taken up; a dispute is no problem."""
    counted = dict.fromkeys(("papers", "duplicate", "cap", "fat-finger", "witness"), 0)
    for item in refused:
        for reason in item["against"]:
            if reason in counted:
                counted[reason] += 1
    return counted


def _approve(
    claims: Sequence[Mapping[str, Any]], terms: Mapping[str, Any], settings: Issuance
) -> Part:
    """Let two persons approve the claims that nothing speaks against; return what was signed."""
    log: list[dict[str, Any]] = []
    left = terms["left_today"]
    for item in claims:
        amount = item["entitlement"]
        ready = item["verified"] and not item["confirmed"] and not item["against"]
        if not ready or amount is None or amount > left or len(log) >= settings.batch:
            continue
        document = item["document"]
        if not item["proposed"]:
            yield Work("issuer", settings.effort, f"check the papers of {document}")
            made = yield Act("issuer", "AllocationBook", "propose", (document,), f"issue {amount}")
            if not made["success"]:
                log.append({"document": document, "success": False, "reason": made["reason"]})
                continue
        choice = yield Decide(
            "compliance", f"Confirm the issue of {amount} FT wei for {document}?",
            ("confirm", "leave"), "confirm", item, effort=settings.effort,
        )  # fmt: skip
        if choice != "confirm":
            continue
        made = yield Act("compliance", "AllocationBook", "confirm", (document,), f"issue {amount}")
        left -= amount
        log.append({"document": document, "amount": amount, **made})
    return log


# -- TF3 ------------------------------------------------------------------------------------------


class RightsConfirmation(Settings):
    """Limits of TF3.

    Tokens that came by transfer within *window* seconds before a snapshot may be
    *max_borrowed_ppm* of the supply; proposals of the last *history* seconds are tested.
    """

    window: int = 2 * _DAY
    history: int = 14 * _DAY
    max_borrowed_ppm: int = Field(default=20_000, ge=0)


@check(
    "TF3",
    "Token Management / Foundation Token Operations / Governance rights confirmation",
    cadence=every(hours=1),
    inputs=("FT balances, delegation, lock-ups", "Transfer logs", "proposals and snapshots"),
    evidence="rights register, snapshot test of each proposal",
    settings=RightsConfirmation,
    applies=_no_sovereign,
)
def confirm_rights(desk: Desk, settings: RightsConfirmation) -> Finding:
    """Governance rights confirmation.

    Votes must be the balances of those who delegate, account by account; before and after the
    snapshot of each proposal, what came by transfer alone is told apart from what was allocated.
    """
    rows, double = rights.register_of(desk)
    made = rights.proposals(desk, since=desk.now - settings.history)
    tests = [
        rights.snapshot_test(
            desk, item, window=settings.window, rows=rows, limit_ppm=settings.max_borrowed_ppm
        )
        for item in made
    ]
    problems = {
        "double-counted": len(double) + sum(test["twice"] for test in tests),
        "flash": sum(len(test["flash"]) for test in tests),
    }
    data = {"rights": rows, "wrong": double, "proposals": tests}
    wrong = named(problems)
    summary = f"voting rights: {wrong}" if wrong else f"rights of {len(rows)} holders confirmed"
    return Finding("finding" if wrong else "ok", summary, data, problems)


# -- TF4 ------------------------------------------------------------------------------------------


class TransferAuthorization(Settings):
    """Limits of TF4: a sender's day in parts per million of the supply, ages in seconds.

    A negative test on a copy of the chain is made every *sample* seconds.
    """

    daily_limit_ppm: int = Field(default=100_000, ge=0)
    max_list_age: int = 2 * _DAY
    patience: int = 3 * _DAY
    sample: int = _DAY


def _queue(desk: Desk, limit_ppm: int, list_age: int, patience: int) -> list[dict[str, Any]]:
    """Judge what waits for an answer."""
    return [
        {
            "request": item.id, "sender": item.sender, "target": item.target, "amount": item.amount,
            **transfer_policy.judge(
                desk, item, daily_limit_ppm=limit_ppm,
                max_list_age=list_age,
            ),
        }
        for item in transfer_policy.pending(desk, since=desk.now - patience)
    ]  # fmt: skip


def _stale(desk: Desk, max_list_age: int) -> bool:
    """Say whether the sanctions list is older than *max_list_age* seconds."""
    return desk.now - desk.services.transfers.list_updated() > max_list_age


def _sampled(desk: Desk, sample: int) -> list[dict[str, Any]]:
    """Make the negative test where the last one is *sample* seconds old, or went wrong."""
    for item in reversed(desk.evidence.of("TF4", since=desk.now - sample)):
        attempts = desk.evidence.data(item.ref).get("attempts")
        if attempts and all(one["refused"] for one in attempts):
            return []
        if attempts:
            break
    return transfer_policy.negative_test(desk)


def _bypassed(desk: Desk, patience: int) -> list[dict[str, Any]]:
    """Look for transfers that nobody approved since the last time."""
    last = desk.evidence.last("TF4")
    since = (last.at if last else 0) - _DAY
    return transfer_policy.unapproved(desk, since=max(0, since), patience=patience)


@runbook(
    "TF4",
    "Token Management / Foundation Token Operations / Token transfer authorization",
    level="A",
    cadence=every(minutes=30),
    role="compliance",
    effort=60,
    inputs=("transfer requests", "ParticipantRegistry", "sanctions list", "FT Transfer logs"),
    evidence="approve and refuse log with reasons, negative tests on a copy of the chain",
    settings=TransferAuthorization,
    applies=_no_sovereign,
)
def authorise_transfers(case: Case, settings: TransferAuthorization) -> Runbook:
    """Token transfer authorization.

    The policy engine answers every request with all its reasons; what moved on chain must have
    been approved; and once a day a copy of the chain is asked to do what it must refuse.
    """
    del case
    rules = (settings.daily_limit_ppm, settings.max_list_age, settings.patience)
    answers: list[dict[str, Any]] = []
    while True:  # one at a time: an approval counts against the limit of the next
        queue = yield Look("What waits, and what does policy say?", _queue, rules)
        if not queue:
            break
        answer = queue[0]
        said = transfer_policy.subject(answer["request"], approved=answer["approved"])
        yield Notify(answer["sender"], said, "; ".join(answer["reasons"]) or "within policy")
        answers.append(answer)
    moved = yield Look("Did anything move unapproved?", _bypassed, (settings.patience,))
    attempts = yield Look("Does the chain refuse what it must?", _sampled, (settings.sample,))
    stale = yield Look("Is the sanctions list out of date?", _stale, (settings.max_list_age,))
    problems = {
        "bypass": len(moved),
        "listed": sum(item["listed"] for item in moved),
        "negative-test": sum(not item["refused"] for item in attempts),
        "sanctions-list": int(stale),
    }
    data = {"answers": answers, "unapproved": moved, "attempts": attempts}
    wrong = named(problems)
    if wrong:
        return Finding("finding", f"transfers: {wrong}", data, problems)
    return Finding("done" if answers else "ok", f"{len(answers)} requests answered", data, problems)


# -- TF5 ------------------------------------------------------------------------------------------


class DisputeResolution(Settings):
    """Parameters of TF5: *effort* seconds to weigh a case, *warn* before its deadline.

    Rulings of the last *history* seconds are looked at again.
    """

    effort: int = 3600
    warn: int = _DAY
    history: int = 60 * _DAY


def _ruled(desk: Desk) -> dict[str, int]:
    """Return the quantity that the team ruled, by document in hex, out of its own decisions."""
    return {
        entry.data["document"]: entry.data["quantity"]
        for entry in desk.stores.entries("decision")
        if entry.data.get("kind") == "dispute" and entry.state == "done"
    }


def _review(desk: Desk, history: int) -> dict[str, Any]:
    """Review the rulings of the last *history* seconds, and name what has an action already."""
    kept = desk.stores.entries("action")
    actions = [one.data["document"] for one in kept if one.data.get("kind") == "dispute"]
    found = disputes.review(desk, _ruled(desk), since=desk.now - history)
    return {**found, "actions": actions}


@runbook(
    "TF5",
    "Token Management / Foundation Token Operations / Allocation dispute resolution",
    cadence=every(hours=6),
    role="compliance",
    effort=3600,
    inputs=("dispute forms and exhibits", "customs and export feeds", "AllocationBook, FT ledger"),
    evidence="case file: exhibits, what is frozen, ruling, correction entry",
    settings=DisputeResolution,
    applies=_no_sovereign,
)
def resolve_disputes(case: Case, settings: DisputeResolution) -> Runbook:
    """Allocation dispute resolution.

    Each open case: is what was issued frozen, are the exhibits in, is there time left? A case that
    is ready is weighed, decided, ruled on chain by the arbiter, and its correction recomputed. Every
    ruling on chain is looked at again: one that no case of ours decided, a correction that does not
    add up, a cargo that is paid for twice.
    """
    del case
    open_cases = yield Look("Which disputes are open?", disputes.cases)
    problems = {"deadline": 0, "not-frozen": 0, "act": 0}
    log: list[dict[str, Any]] = []
    for item in open_cases:
        problems["deadline"] += item["late"]
        problems["not-frozen"] += not item["frozen_enough"]
        weighed = yield Look(
            f"What do the exhibits of {item['form']} show?", disputes.assess, (item,)
        )
        entry = {**item, **weighed, "ruling": None}
        log.append(entry)
        if weighed["ready"]:
            entry["ruling"] = yield from _rule(item, weighed, settings)
            problems["act"] += entry["ruling"] is not None and not entry["ruling"]["success"]
    seen = yield Look("Do the rulings on chain add up?", _review, (settings.history,))
    problems |= seen["problems"]
    yield from _mend(seen)
    facts = {"cases": log, "review": seen}
    wrong = named(problems)
    if wrong:
        verdict = "failed" if problems["act"] else "finding"
        return Finding(verdict, f"disputes: {wrong}", facts, problems)  # type: ignore[arg-type]
    ruled = sum(entry["ruling"] is not None for entry in log)
    return Finding("done" if ruled else "ok", f"{len(log)} open, {ruled} ruled", facts, problems)


def _mend(seen: Mapping[str, Any]) -> Part:
    """Open an action for each wrong ruling that has none: only a new document can put it right."""
    for item in seen["exceptions"]:
        if item["item"] == "wrong-correction" and item["document"] not in seen["actions"]:
            yield Keep(
                "action", subject=f"put the ruling on {item['document']} right by a new document",
                owner="compliance", data={"kind": "dispute", **item},
            )  # fmt: skip
            yield Notify(
                "governance", "A ruling is contested", f"{item['document']}: {item['wrong']}"
            )


def _rule(item: Mapping[str, Any], weighed: Mapping[str, Any], settings: DisputeResolution) -> Part:
    """Decide a case, keep the decision, and rule on chain; return what came of it."""
    document, quantity = item["document"], weighed["quantity"]
    yield Work("compliance", settings.effort, f"weigh the exhibits of {item['form']}")
    choice = yield Decide(
        "compliance", f"Rule {item['form']} at {quantity} of {item['claimed']}?",
        ("rule", "leave"), "rule", weighed,
    )  # fmt: skip
    if choice != "rule":
        return None
    upheld = weighed["upheld"]
    data = {
        "kind": "dispute", "document": document, "quantity": quantity, "upheld": upheld,
        "form": item["form"],
    }  # fmt: skip
    kept = yield Keep(
        "decision", subject=f"dispute {item['form']}", due=item["deadline"], data=data
    )
    yield Keep("decision", entry=kept, state="done")
    made = yield Act(
        "arbiter", "AllocationBook", "rule", (document, upheld, quantity), f"case {item['form']}"
    )
    if made["success"]:
        outcome = "upheld" if upheld else "dismissed"
        text = f"{item['form']}: {outcome}, {quantity} stands"
        for party in (item["by"], item["sovereign"]):
            yield Notify(party, f"Dispute {item['form']} ruled", text)
    return {**made, "decision": kept, "quantity": quantity}
