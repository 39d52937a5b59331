"""Dispute cases (TF5): what the exhibits show, what a ruling must do, and whether it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk, DisputeForm, LogRecord, View
from twin.procedures.tokens.entitlements import witnesses

__all__ = ["assess", "cases", "review"]

HISTORY = 60 * 86_400
"""Seconds for which a form is looked for: a dispute lapses after half of it."""


def cases(desk: Desk) -> list[dict[str, Any]]:
    """Return the forms whose dispute the chain still holds open, with what is frozen for each."""
    view = desk.at()
    found = []
    for form in desk.services.disputes.forms(since=desk.now - HISTORY):
        by, opened, _bond, frozen = view.read("AllocationBook", "disputes", form.document_hash)
        if int.from_bytes(by, "big") == 0 or opened > form.at:
            continue
        found.append(_case(desk, view, form, frozen))
    return found


def _case(desk: Desk, view: View, form: DisputeForm, frozen: int) -> dict[str, Any]:
    sovereign, _feed, quantity, _at, settled, amount = view.read(
        "AllocationBook", "claims", form.document_hash
    )
    held = view.read("FoundationToken", "held", sovereign)
    return {
        "form": form.id, "document": form.document_hash, "by": form.by,
        "sovereign": form.sovereign, "filed": form.at, "exchange_until": form.exchange_until,
        "deadline": form.deadline, "claimed": quantity, "settled": settled, "amount": amount,
        "frozen": frozen, "held": held, "frozen_enough": held >= frozen,
        "late": desk.now > form.deadline,
    }  # fmt: skip


def assess(desk: Desk, case: Mapping[str, Any]) -> dict[str, Any]:
    """Weigh the exhibits of *case*; return the ruling they lead to, or that it is too early.

    A quantity stands that customs and a majority of those who saw the cargo agree on. Exhibits of
    the parties are weighed as what they are: each side's own.
    """
    document = case["document"]
    document = bytes.fromhex(document[2:]) if isinstance(document, str) else document
    exhibits = desk.services.disputes.exhibits(case["form"])
    parties = {item.party for item in exhibits}
    complete = {case["by"], case["sovereign"]} <= parties
    ready = complete or desk.now >= case["exchange_until"]
    paper, seen = desk.customs.document(document), witnesses(desk, document)
    told = sorted(shown for shown in seen.values() if shown is not None)
    if paper is None or (seen and not told):
        quantity = 0
    else:
        shown = told[(len(told) - 1) // 2] if told else paper["quantity"]
        quantity = min(paper["quantity"], shown, case["claimed"])
    if quantity and abs(quantity - case["claimed"]) * 1000 <= case["claimed"]:
        quantity = case["claimed"]  # within a thousandth: a draft survey is no scale
    return {
        "ready": ready, "complete": complete, "upheld": quantity != case["claimed"],
        "quantity": quantity, "customs": paper["quantity"] if paper else None, "witnesses": seen,
        "exhibits": [
            {"party": item.party, "kind": item.kind, "quantity": item.quantity, "at": item.at}
            for item in exhibits
        ],
    }  # fmt: skip


def review(desk: Desk, ruled: Mapping[str, int], *, since: int) -> dict[str, Any]:
    """Look at each ruling since unix second *since* again: whose it was, how its correction adds up.

    *ruled* is the quantity that the team ruled, by document in hex. A sovereign that is made whole
    twice for one cargo shows as a correction and a second issue for the same bill of lading.
    """
    view = desk.at()
    problems = {"wrong-correction": 0, "lapsed": 0, "double-compensation": 0}
    exceptions: list[dict[str, Any]] = []
    corrected = {
        item.args["documentHash"]: item
        for item in view.logs("AllocationBook", "EntitlementCorrected", since=since)
    }
    for record in view.logs("AllocationBook", "DisputeRuled", since=since):
        document = record.args["documentHash"]
        wrong = _ruling(record, ruled.get(f"0x{document.hex()}"))
        wrong = wrong or _correction(view, record, corrected.get(document))
        if wrong:
            problems["wrong-correction"] += 1
            exceptions.append({"item": "wrong-correction", "document": document, "wrong": wrong})
    for record in view.logs("AllocationBook", "DisputeLapsed", since=since):
        problems["lapsed"] += 1
        exceptions.append({"item": "lapsed", "document": record.args["documentHash"]})
    for document, bill in _paid_twice(desk, view, since):
        problems["double-compensation"] += 1
        exceptions.append({"item": "double-compensation", "document": document, "wrong": bill})
    return {"problems": problems, "exceptions": exceptions, "block": view.block}


def _ruling(record: LogRecord, ours: int | None) -> str | None:
    if ours is None:
        return f"ruled at {record.args['quantity']}, and no case of ours decided it"
    if ours != record.args["quantity"]:
        return f"ruled at {record.args['quantity']}, the case said {ours}"
    return None


def _correction(view: View, ruling: LogRecord, entry: LogRecord | None) -> str | None:
    """Recompute the correction entry of a ruling that changed what had been issued."""
    document = ruling.args["documentHash"]
    issued = [
        item
        for item in view.logs("AllocationBook", "EntitlementIssued", since=0)
        if item.args["documentHash"] == document and item.block <= ruling.block
    ]
    if not issued or not ruling.args["upheld"]:
        return None
    before, claimed = issued[-1].args["amount"], issued[-1].args["quantity"]
    due = before * ruling.args["quantity"] // claimed
    if before == due:
        return None
    if entry is None:
        return f"{before - due} was due back and no correction was entered"
    taken = entry.args["reversed"] + entry.args["owed"]
    if (entry.args["amount"], taken) != (due, before - due):
        return f"corrected to {entry.args['amount']} by {taken}; due {due} by {before - due}"
    return None


def _paid_twice(desk: Desk, view: View, since: int) -> list[tuple[bytes, str]]:
    """Return documents whose cargo, compensated by a ruling, was issued for again under others."""
    bills: dict[str, set[bytes]] = {}
    ruled = {
        item.args["documentHash"]
        for item in view.logs("AllocationBook", "DisputeRuled", since=since)
        if item.args["quantity"] > 0
    }
    for item in view.logs("AllocationBook", "EntitlementIssued", since=since):
        paper = desk.customs.document(item.args["documentHash"])
        if paper is not None:
            bills.setdefault(paper["bill_of_lading"], set()).add(item.args["documentHash"])
    return [
        (document, bill)
        for bill, documents in sorted(bills.items())
        if len(documents) > 1 and documents & ruled
        for document in sorted(documents - ruled)
    ]
