"""Every issue of Foundation Tokens, held against papers, witnesses and schedule (TF1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk, LogRecord, View
from twin.procedures.tokens.entitlements import (
    Answers,
    Papers,
    duplicates,
    entitled,
    exporter_address,
    papers_of,
    standing,
    witnesses,
)

__all__ = ["ITEMS", "Audit", "audit_allocations"]

PPM = 1_000_000
ITEMS = ("duplicate", "unbacked", "claimant", "over-allocation", "schedule", "ledger")


class Audit:
    """The issues since a unix second, and what is wrong with them by item."""

    def __init__(self, desk: Desk, view: View, *, lookback: int, recent: int) -> None:
        """Read claims, issues and papers of the last *lookback* seconds.

        Those of the last *recent* seconds are proved, and older ones that were found wrong the last
        time: what was proved once is not proved at every look. Duplicates are sought among all.
        """
        self.desk, self.view = desk, view
        self.since = desk.now - lookback
        last = desk.evidence.last("TF1")
        noted = desk.evidence.data(last.ref).get("exceptions", ()) if last else ()
        self.suspects = {item["document"] for item in noted}
        self.recent = desk.now - (recent if last else lookback)
        self.rate: int = desk.register.parameter("allocation.rate_per_usd")
        self.claims = standing(view, since=self.since)
        self.papers: Papers = papers_of(desk, self.claims)
        every = view.logs("AllocationBook", "EntitlementIssued", since=self.since)
        self.issues = [record for record in every if self.due(record)]
        oldest = min((record.timestamp for record in self.issues), default=desk.now)
        self.answers = Answers.by_feed(view, since=oldest - 2 * 86_400)
        self.offsets = {
            record.args["documentHash"]: record.args["offset"]
            for record in view.logs("AllocationBook", "DebtOffset", since=self.since)
        }
        self.verified = {
            record.args["documentHash"]: record.args["quantity"]
            for record in view.logs(
                "OracleNetwork", "ExportVerified", since=self.since - 30 * 86_400
            )
        }
        self.problems = dict.fromkeys(ITEMS, 0)
        self.exceptions: list[dict[str, Any]] = []

    def due(self, record: LogRecord) -> bool:
        """Say whether a claim, an issue or an entry of the ledger is to be proved now."""
        suspect = f"0x{record.args['documentHash'].hex()}" in self.suspects
        return suspect or record.timestamp >= self.recent

    def note(self, item: str, document: bytes, wrong: str) -> None:
        """Count a problem and keep what it is about."""
        self.problems[item] += 1
        self.exceptions.append({"item": item, "document": document, "wrong": wrong})


def _claims(audit: Audit, *, grace: int, tolerance_ppm: int) -> None:
    """Look behind every claim that stands: one cargo, one claim, and a cargo behind it."""
    for document, firsts in duplicates(audit.papers).items():
        audit.note("duplicate", document, f"the cargo of 0x{firsts[0].hex()}")
    for record in filter(audit.due, audit.claims):
        document, quantity = record.args["documentHash"], record.args["quantity"]
        paper = audit.papers[document]
        if paper is None:
            audit.note("unbacked", document, "customs knows no such document")
            continue
        if record.args["sovereign"] != exporter_address(audit.desk, paper):
            audit.note("claimant", document, f"claimed by another than {paper['exporter']}")
        if audit.desk.now - record.timestamp >= grace:
            wrong = _unseen(witnesses(audit.desk, document), quantity, tolerance_ppm)
            if wrong:
                audit.note("unbacked", document, wrong)


def _unseen(seen: Mapping[str, int | None], quantity: int, tolerance_ppm: int) -> str | None:
    """Say that those who watch cargoes do not bear a claim out, or None where they do.

    One feed that misses a document, or errs, is no proof; all of them together are.
    """
    told = [shown for shown in seen.values() if shown is not None]
    if seen and not told:
        return f"no cargo seen by {', '.join(seen)}"
    enough = quantity - quantity * tolerance_ppm // PPM
    if told and max(told) < enough:
        return f"claimed {quantity}, at most {max(told)} seen"
    return None


def _issue(audit: Audit, record: LogRecord) -> dict[str, Any]:
    """Recompute one issue; return its proof."""
    document, amount = record.args["documentHash"], record.args["amount"]
    quantity = audit.verified.get(document)
    paid = amount + audit.offsets.get(document, 0)
    rounds = audit.answers.get(record.args["feed"])
    answers = rounds.at(record.block) if rounds else ()
    due = [entitled(quantity or 0, answer, audit.rate) for answer in answers]
    if quantity is None:
        audit.note("unbacked", document, "issued without a verified export")
    elif paid not in due:
        audit.note("over-allocation", document, f"issued {paid}, entitled to {due}")
    return {
        "document": document, "sovereign": record.args["sovereign"], "issued": paid,
        "verified": quantity, "answers": list(answers), "entitled": due,
    }  # fmt: skip


def _ledger(audit: Audit) -> None:
    """Match the token's own ledger with the book: what was issued, and to whom."""
    book = {
        record.args["documentHash"]: (record.args["sovereign"], record.args["amount"])
        for record in audit.issues
    }
    issued = audit.view.logs("FoundationToken", "Issued", since=audit.since)
    for record in filter(audit.due, issued):
        document = record.args["documentHash"]
        if book.pop(document, None) != (record.args["to"], record.args["amount"]):
            audit.note("ledger", document, "the token's ledger has what the book has not")
    for document in book:
        audit.note("ledger", document, "the book has what the token's ledger has not")


def audit_allocations(
    desk: Desk, *, lookback: int, recent: int, grace: int, tolerance_ppm: int, prove_since: int
) -> tuple[dict[str, int], dict[str, Any]]:
    """Return problems by item, and the evidence: proofs of issues since *prove_since*, exceptions.

    *grace* seconds pass before feeds are asked for a cargo, *tolerance_ppm* is their error.
    """
    view = desk.at()
    audit = Audit(desk, view, lookback=lookback, recent=recent)
    _claims(audit, grace=grace, tolerance_ppm=tolerance_ppm)
    proofs = [(record.timestamp, _issue(audit, record)) for record in audit.issues]
    _ledger(audit)
    rate = view.read("AllocationBook", "ratePerUsd")
    if rate != audit.rate:
        audit.note("schedule", b"", f"the chain pays {rate} a dollar, approved are {audit.rate}")
    totals: dict[str, int] = {}
    for _at, proof in proofs:
        name = f"0x{proof['sovereign'].hex()}"
        totals[name] = totals.get(name, 0) + proof["issued"]
    return audit.problems, {
        "block": view.block,
        "claims": len(audit.claims),
        "issues": len(audit.issues),
        "issued": totals,
        "proofs": [proof for at, proof in proofs if at >= prove_since],
        "exceptions": audit.exceptions,
    }
