"""The policy engine for transfers of Foundation Tokens (TF4): allow, or refuse with every reason.

The contract refuses the unregistered and what is locked; sanctions and limits are known to nobody
but the team. Each rule is asked, so that a refusal names all that is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, TransferRequest
from twin.procedures.reading import read_all

__all__ = ["answered", "judge", "negative_test", "pending", "subject", "unapproved"]

HOLDERS = 1 | 8
"""Sovereigns and custodians, by the bits of `ParticipantRegistry`."""

PPM = 1_000_000
ZERO = bytes(20)
STRANGER = bytes(19) + b"\x7f"
"""An address that nobody ever registered: a transfer to it must revert."""


def subject(request: str, *, approved: bool) -> str:
    """Return the subject of the notice that answers a request."""
    return f"FT transfer {request}: {'approved' if approved else 'refused'}"


def answered(desk: Desk, *, since: int) -> dict[str, bool]:
    """Return what was answered from unix second *since* on: approved or not, by request."""
    said: dict[str, bool] = {}
    for notice in desk.notices.published(since=since):
        if notice.subject.startswith("FT transfer "):
            request, _, answer = notice.subject.removeprefix("FT transfer ").partition(": ")
            said[request] = answer == "approved"
    return said


def pending(desk: Desk, *, since: int) -> list[TransferRequest]:
    """Return the requests from unix second *since* on that nobody has answered."""
    done = answered(desk, since=since)
    return [item for item in desk.services.transfers.requests(since=since) if item.id not in done]


def judge(
    desk: Desk, request: TransferRequest, *, daily_limit_ppm: int, max_list_age: int
) -> dict[str, Any]:
    """Return the answer to *request* with its reasons: {approved, reasons, facts}."""
    source_ok, target_ok, balance, locked, held, supply = read_all(
        desk.at(),
        [
            ("ParticipantRegistry", "isActive", (request.source, HOLDERS)),
            ("ParticipantRegistry", "isActive", (request.target, HOLDERS)),
            ("FoundationToken", "balanceOf", (request.source,)),
            ("FoundationToken", "locked", (request.source,)),
            ("FoundationToken", "held", (request.source,)),
            ("FoundationToken", "totalSupply", ()),
        ],
    )
    listed = [party.address for party in desk.services.transfers.listed()]
    free, day = max(0, balance - locked - held), desk.now - 86_400
    moved = _approved_of(desk, request, since=day)
    limit = supply * daily_limit_ppm // PPM
    rules = {
        "sender is not an approved holder": not source_ok,
        "receiver is not an approved holder": not target_ok,
        "sender is on the sanctions list": request.source in listed,
        "receiver is on the sanctions list": request.target in listed,
        "the sanctions list is out of date": (
            desk.now - desk.services.transfers.list_updated() > max_list_age
        ),
        "locked up, held by a dispute, or not there": request.amount > free,
        "above the day's limit of the sender": moved + request.amount > limit,
        "the request does not name its sender's account": (
            desk.services.transfers.holders().get(request.sender) != request.source
        ),
    }
    reasons = [rule for rule, broken in rules.items() if broken]
    facts = {"free": free, "moved_today": moved, "limit": limit}
    return {"approved": not reasons, "reasons": reasons, "facts": facts}


def _approved_of(desk: Desk, request: TransferRequest, *, since: int) -> int:
    """Return what of the same sender was approved since unix second *since*."""
    said = answered(desk, since=since)
    return sum(
        item.amount
        for item in desk.services.transfers.requests(since=since)
        if item.sender == request.sender and item.id != request.id and said.get(item.id)
    )


def unapproved(desk: Desk, *, since: int, patience: int) -> list[dict[str, Any]]:
    """Return the transfers on chain from unix second *since* on that nobody approved.

    Each approved request (at most *patience* seconds older) covers one transfer. What goes to a
    contract of ours is no transfer between holders: a conversion, an escrow.
    """
    said = answered(desk, since=since - patience)
    cover = [
        (item.source, item.target, item.amount)
        for item in desk.services.transfers.requests(since=since - patience)
        if said.get(item.id)
    ]
    listed = {party.address for party in desk.services.transfers.listed()}
    ours = {desk.register.address(name) for name in ("Conversion", "AllocationBook")}
    found = []
    for record in desk.at().logs("FoundationToken", "Transfer", since=since - patience):
        move = (record.args["from"], record.args["to"], record.args["value"])
        if ZERO in move[:2] or move[1] in ours:
            continue
        if move in cover:
            cover.remove(move)
        elif record.timestamp >= since:
            found.append(
                {
                    "block": record.block,
                    "from": move[0],
                    "to": move[1],
                    "amount": move[2],
                    "listed": bool(listed & {move[0], move[1]}),
                }
            )
    return found


def negative_test(desk: Desk) -> list[dict[str, Any]]:
    """Try on a copy of the chain what must not go through; return what each attempt did."""
    fork = desk.lab.fork("TF4")
    holders = desk.services.transfers.holders()
    balances = {name: fork.read("FoundationToken", "balanceOf", at) for name, at in holders.items()}
    rich = next((name for name in sorted(holders) if balances[name] > 0), None)
    if rich is None:
        return []
    sender, amount = holders[rich], balances[rich]
    target = next(holders[name] for name in sorted(holders) if name != rich)
    tries: Sequence[tuple[str, bytes, bytes, int, str]] = (
        ("to somebody who is not registered", sender, STRANGER, 1, "NotAuthorised"),
        ("from somebody who is not registered", STRANGER, target, 1, "NotAuthorised"),
        ("more than there is", sender, target, amount + 1, "InsufficientBalance"),
        ("to a suspended holder", sender, target, 1, "NotAuthorised"),
    )
    results = []
    for what, source, to, value, rule in tries:
        if what == "to a suspended holder":
            fork.act("compliance", "ParticipantRegistry", "suspend", (target,))
        made = fork.call(source, "FoundationToken", "transfer", (to, value))
        refused = not made.success and rule in made.reason
        results.append({"attempt": what, "refused": refused, "reason": made.reason})
    return results
