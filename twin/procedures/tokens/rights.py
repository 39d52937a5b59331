"""Votes derived from the ledger (TF3): who may vote with what, and what came only for a vote.

A delegate's votes are the balances of those who delegate to it, no more. Tokens that arrive shortly
before the snapshot of a proposal, and were not allocated, are borrowed votes: a flash of them
decided on Beanstalk (2022-04-17).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, LogRecord, View
from twin.procedures.reading import read_all

__all__ = ["Proposal", "holders_of", "net_arrivals", "proposals", "register_of", "snapshot_test"]

ZERO = bytes(20)
PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal whose votes are counted as of unix second *snapshot*; it ends at *end*."""

    id: int
    snapshot: int
    end: int


def holders_of(view: View) -> list[bytes]:
    """Return every account that ever received tokens, or votes, in the order of its address."""
    accounts = {item.args["to"] for item in view.logs("FoundationToken", "Transfer", since=0)}
    named = view.logs("FoundationToken", "DelegateChanged", since=0)
    accounts |= {item.args["toDelegate"] for item in named}
    return sorted(accounts - {ZERO})


def register_of(desk: Desk) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the register of rights, and the accounts whose votes it does not bear out."""
    view = desk.at()
    accounts = holders_of(view)
    asked = ("balanceOf", "delegates", "getVotes", "locked", "held")
    found = read_all(
        view, [("FoundationToken", name, (one,)) for one in accounts for name in asked]
    )
    rows = [
        dict(zip(("account", "balance", "delegate", "votes", "locked", "held"),
                 (one, *found[5 * place : 5 * place + 5]), strict=True))
        for place, one in enumerate(accounts)
    ]  # fmt: skip
    derived = dict.fromkeys(accounts, 0)
    for row in rows:
        if row["delegate"] != ZERO:
            derived[row["delegate"]] += row["balance"]
    wrong = [
        {"account": row["account"], "votes": row["votes"], "derived": derived[row["account"]]}
        for row in rows
        if row["votes"] != derived[row["account"]]
    ]
    return rows, wrong


def proposals(desk: Desk, *, since: int) -> list[Proposal]:
    """Return the proposals made from unix second *since* on."""
    made = desk.at().logs("FictraGovernor", "ProposalCreated", since=since)
    return [
        Proposal(item.args["proposalId"], item.args["voteStart"], item.args["voteEnd"])
        for item in made
    ]


def net_arrivals(moves: Iterable[LogRecord], *, since: int, until: int) -> dict[bytes, int]:
    """Return what each account gained by transfers between two unix seconds, both included.

    Allocations and retirements are no transfers.
    """
    gained: dict[bytes, int] = {}
    for item in moves:
        source, target, amount = item.args["from"], item.args["to"], item.args["value"]
        if ZERO in (source, target) or not since <= item.timestamp <= until:
            continue
        gained[target] = gained.get(target, 0) + amount
        gained[source] = gained.get(source, 0) - amount
    return gained


def snapshot_test(
    desk: Desk, proposal: Proposal, *, window: int, rows: Sequence[dict[str, Any]], limit_ppm: int
) -> dict[str, Any]:
    """Test the votes of *proposal*: borrowed before its snapshot, returned after, counted twice.

    Before the snapshot it is the present that is tested: a vote that is about to be bought is
    found before it is cast.
    """
    view, now = desk.at(), desk.now
    taken = min(proposal.snapshot, now)
    moves = view.logs("FoundationToken", "Transfer", since=taken - window)
    before = net_arrivals(moves, since=taken - window, until=taken)
    after = net_arrivals(moves, since=taken + 1, until=now)
    supply = view.read("FoundationToken", "totalSupply")
    limit = supply * limit_ppm // PPM
    flash = [
        {"account": one, "borrowed": amount, "returned": max(0, -after.get(one, 0))}
        for one, amount in sorted(before.items())
        if amount > limit
    ]
    counted: int | None = None
    if proposal.snapshot < view.timestamp:
        past = [
            ("FoundationToken", "getPastVotes", (row["account"], proposal.snapshot)) for row in rows
        ]
        *votes, total = read_all(
            view, [*past, ("FoundationToken", "getPastTotalSupply", (proposal.snapshot,))]
        )
        counted = sum(votes)
        twice = counted > total
    else:
        twice = sum(row["votes"] for row in rows) > supply
    return {
        "proposal": str(proposal.id), "snapshot": proposal.snapshot, "flash": flash,
        "votes_counted": counted, "twice": twice,
    }  # fmt: skip
