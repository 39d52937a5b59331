"""The issuance job (TF2): what is verified before two persons sign, and what is proved after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Desk, LogRecord, View
from twin.errors import NoData, Reverted, UnknownName
from twin.procedures.reading import read_all
from twin.procedures.tokens.entitlements import (
    duplicates,
    exporter_address,
    papers_of,
    standing,
    witnesses,
)

__all__ = ["open_claims", "post_check", "terms"]

CLAIM_TERM = 30 * 86_400
"""Claims older than this (seconds) that nobody settled are left to their sovereign."""

WITNESS_TERM = 2 * 86_400
"""Seconds after which somebody beside customs must have seen the cargo of a claim."""


def terms(desk: Desk) -> dict[str, Any]:
    """Return caps, what is left of the day's, and whether two persons are asked for."""
    two, cap, daily, today, supply, issued = read_all(
        desk.at(),
        [
            ("AllocationBook", "twoPerson", ()),
            ("AllocationBook", "settlementCap", ()),
            ("AllocationBook", "dailyCap", ()),
            ("AllocationBook", "issuedToday", ()),
            ("FoundationToken", "totalSupply", ()),
            ("FoundationToken", "totalIssued", ()),
        ],
    )
    return {
        "two_person": two, "settlement_cap": cap, "left_today": max(0, daily - today),
        "supply": supply, "total_issued": issued,
    }  # fmt: skip


def open_claims(desk: Desk, largest_multiple: int) -> list[dict[str, Any]]:
    """Return every claim that is verified or awaits it, with what speaks against issuing it.

    An entitlement above *largest_multiple* times the median of those issued is a slip of a finger
    until somebody has looked.
    """
    view = desk.at()
    since = desk.now - CLAIM_TERM
    issued = view.logs("AllocationBook", "EntitlementIssued", since=since)
    settled = {record.args["documentHash"] for record in issued}
    claims = standing(view, since=since)
    twice = duplicates(papers_of(desk, claims))
    usual = _median([record.args["amount"] for record in issued])
    limit = usual * largest_multiple if usual else None
    cap = view.read("AllocationBook", "settlementCap")
    return [
        _judged(desk, view, record, cap=cap, limit=limit, twice=twice)
        for record in claims
        if record.args["documentHash"] not in settled
    ]


def _median(amounts: Sequence[int]) -> int:
    return sorted(amounts)[len(amounts) // 2] if amounts else 0


def _judged(
    desk: Desk, view: View, record: LogRecord, *, cap: int, limit: int | None,
    twice: Mapping[bytes, Sequence[bytes]],
) -> dict[str, Any]:  # fmt: skip
    """Return one claim with its state and the reasons against it."""
    document, quantity = record.args["documentHash"], record.args["quantity"]
    verified, approval, dispute, worth = view.batch(
        [
            ("OracleNetwork", "verified", (document,)),
            ("AllocationBook", "approval", (document,)),
            ("AllocationBook", "disputes", (document,)),
            ("AllocationBook", "entitlement", (document,)),
        ]
    )
    for answer in (verified, approval, dispute):
        if isinstance(answer, Reverted):
            raise answer
    amount = None if isinstance(worth, Reverted) else worth
    paper = desk.customs.document(document)
    against = _against(desk, record, paper) | _unseen(desk, record)
    if document in twice:
        against["duplicate"] = f"the cargo of 0x{twice[document][0].hex()}"
    if amount is not None and amount > cap:
        against["cap"] = f"{amount} above the cap of a settlement, {cap}"
    elif amount is not None and limit is not None and amount > limit:
        against["fat-finger"] = f"{amount} is out of all proportion: above {limit}"
    if int.from_bytes(dispute[0], "big"):
        against["disputed"] = "somebody disputes it"
    return {
        "document": document, "sovereign": record.args["sovereign"], "quantity": quantity,
        "claimed_at": record.timestamp, "entitlement": amount,
        "verified": bool(verified[0]) and verified[1] == quantity,
        "proposed": int.from_bytes(approval[0], "big") != 0, "confirmed": approval[1],
        "against": against,
    }  # fmt: skip


def _against(desk: Desk, record: LogRecord, paper: Mapping[str, Any] | None) -> dict[str, str]:
    """Hold a claim against its papers."""
    quantity = record.args["quantity"]
    if paper is None:
        return {"papers": "customs knows no such document"}
    found: dict[str, str] = {}
    shown = paper["quantity"]
    if quantity != shown:
        wide = quantity >= 5 * shown
        found["fat-finger" if wide else "papers"] = f"claimed {quantity}, the papers show {shown}"
    if record.args["sovereign"] != exporter_address(desk, paper):
        found["papers"] = f"claimed by another than {paper['exporter']}"
    return found


def _unseen(desk: Desk, record: LogRecord) -> dict[str, str]:
    """Say that nobody beside customs has seen the cargo: to be waited for, and then a reason."""
    seen = witnesses(desk, record.args["documentHash"])
    if not seen or any(shown is not None for shown in seen.values()):
        return {}
    late = desk.now - record.timestamp >= WITNESS_TERM
    return {"witness" if late else "awaited": f"no cargo seen by {', '.join(seen)}"}


def post_check(desk: Desk, since: int, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Prove what was created since unix second *since*: who approved it, and the supply's delta.

    *before* is what the last job noted, {block, total_issued}; None for the first one.
    """
    view = desk.at()
    problems = {"one-person": 0, "two-person-off": 0, "supply-delta": 0, "single-key": 0}
    exceptions: list[dict[str, Any]] = []
    approved = desk.register.parameter("allocation.two_person")
    if approved and not view.read("AllocationBook", "twoPerson"):
        problems["two-person-off"] = 1
        exceptions.append({"item": "two-person-off", "wrong": "the chain asks for one person"})
    issues = view.logs("AllocationBook", "EntitlementIssued", since=since)
    for record in issues if approved else ():
        wrong = _approval(view, record)
        if wrong:
            problems["one-person"] += 1
            exceptions.append(
                {"item": "one-person", "document": record.args["documentHash"], "wrong": wrong}
            )
    total = view.read("FoundationToken", "totalIssued")
    told = sum(
        record.args["amount"] for record in issues if before and record.block > before["block"]
    )
    if before and total - before["total_issued"] != told:
        problems["supply-delta"] = 1
        delta = total - before["total_issued"]
        exceptions.append(
            {"item": "supply-delta", "wrong": f"{delta} FT came to be, the book issued {told}"}
        )
    for mint in _unasked(desk, view, since):
        problems["single-key"] += 1
        exceptions.append({"item": "single-key", **mint})
    return {
        "block": view.block, "total_issued": total, "issues": len(issues),
        "problems": problems, "exceptions": exceptions,
    }  # fmt: skip


def _approval(view: View, record: LogRecord) -> str | None:
    """Say what the approvals of an issue lack, or None."""
    document = record.args["documentHash"]
    named: dict[str, bytes] = {}
    for event in ("IssuanceProposed", "IssuanceConfirmed"):
        for item in view.logs("AllocationBook", event, since=record.timestamp - CLAIM_TERM):
            if item.args["documentHash"] == document and item.block <= record.block:
                named[event] = item.args["by"]
    if len(named) < 2:
        return "issued without a proposal and a confirmation"
    if named["IssuanceProposed"] == named["IssuanceConfirmed"]:
        return "proposed and confirmed by one account"
    return None


def _unasked(desk: Desk, view: View, since: int) -> list[dict[str, Any]]:
    """Return the PT that the issuer's key minted by itself, without an approved change."""
    try:
        issuer = desk.register.address("issuer")
    except UnknownName:
        raise NoData("the register names no issuer") from None
    allowed = [
        entry.data["mint"]
        for entry in desk.stores.entries("change")
        if "mint" in entry.data and entry.state != "rejected"
    ]
    found = []
    for record in view.logs("PaymentToken", "Minted", since=since):
        if record.args["by"] != issuer or record.block == 0:
            continue
        mint = {"to": f"0x{record.args['to'].hex()}", "amount": record.args["amount"]}
        if mint in allowed:
            allowed.remove(mint)
        else:
            found.append({**mint, "block": record.block, "wrong": "minted by one key, unasked"})
    return found
