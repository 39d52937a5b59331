"""Governance proposals: what one would do if it were executed now, and who could decide it.

The calldata is decoded by our ABIs and carried out on a fork in the timelock's name; parameters,
holdings and roles before and after are the difference that the proposal must have announced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from twin.desk.port import Desk, Entry, LogRecord
from twin.procedures.routine.state import difference, fork_parameters, holdings

__all__ = ["OPEN", "STATES", "announced", "open_proposals", "review", "roles_held"]

PPM = 1_000_000
STATES = ("pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed")
"""The states of OpenZeppelin's Governor, in the order of its enum."""

OPEN = frozenset(("pending", "active", "succeeded", "queued"))
ROLE_IDS = range(13)
"""The roles of `Authority`: ADMIN and those that it declares."""


def open_proposals(desk: Desk) -> list[tuple[LogRecord, str]]:
    """Return the proposals that may yet be executed, oldest first, each with its state."""
    view = desk.at()
    found = []
    for record in view.logs("FictraGovernor", "ProposalCreated", since=0):
        state = STATES[view.read("FictraGovernor", "state", record.args["proposalId"])]
        if state in OPEN:
            found.append((record, state))
    return found


def announced(desk: Desk, proposal: int) -> Entry | None:
    """Return the change entry that announced *proposal*, the last one, or None."""
    found = [
        entry
        for entry in desk.stores.entries("change")
        if str(entry.data.get("proposal", "")) == str(proposal)
    ]
    return found[-1] if found else None


def roles_held(read: Any, accounts: Sequence[bytes]) -> dict[str, bool]:
    """Return, by `role.account`, which of *accounts* hold which role, by *read*."""
    return {
        f"role.{role}.0x{account.hex()}": True
        for account in accounts
        for role in ROLE_IDS
        if read("Authority", "hasRole", role, account)[0]
    }


def _accounts(desk: Desk, record: LogRecord, decoded: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Return everybody a role could move to or from: proposer, arguments, targets, holders."""
    named = {record.args["proposer"], *record.args["targets"]}
    for call in decoded:
        named |= {arg for arg in call["args"] if isinstance(arg, bytes) and len(arg) == 20}
        for data in call["args"]:
            if isinstance(data, (list, tuple)):
                named |= {item for item in data if isinstance(item, bytes) and len(item) == 20}
    for accounts in desk.register.holders().values():
        named |= set(accounts)
    return sorted(named)


def _decode(desk: Desk, record: LogRecord) -> list[dict[str, Any]]:
    """Read each call of the proposal: contract and function by name, or None where unknown."""
    view = desk.at()
    calls = []
    pairs = zip(record.args["targets"], record.args["calldatas"], strict=True)
    for target, data in pairs:
        found = view.decode(target, data)
        account = view.account(target)
        calls.append(
            {
                "target": target,
                "contract": found.contract if found else None,
                "function": found.function if found else None,
                "args": list(found.args) if found else [data],
                "code_hash": account.code_hash,
                "has_code": account.has_code,
            }
        )
    return calls


def _simulated(desk: Desk, record: LogRecord, accounts: Sequence[bytes]) -> dict[str, Any]:
    """Carry the calls out on a fork as the timelock would, and take the difference."""
    fork = desk.lab.fork("review of a proposal")
    timelock = desk.register.address("FictraTimelock")

    def picture() -> dict[str, Any]:
        return {
            **fork_parameters(desk, fork), **holdings(fork.read, desk),
            **roles_held(fork.read, accounts),
        }  # fmt: skip

    before, results = picture(), []
    calls = zip(
        record.args["targets"], record.args["values"], record.args["calldatas"], strict=True
    )
    for target, value, data in calls:
        done = fork.send(timelock, target, data, value=value)
        results.append({"success": done.success, "gas": done.gas_used, "reason": done.reason})
        if not done.success:
            break
    return {"calls": results, "diff": difference(before, picture())}


def _power(desk: Desk, record: LogRecord, recent: int) -> dict[str, Any]:
    """Say who could decide: votes of each delegate over the supply, and what moved lately."""
    view = desk.at()
    votes: dict[bytes, int] = {}
    moved: dict[bytes, int] = {}
    for change in view.logs("FoundationToken", "DelegateVotesChanged", since=0):
        who = change.args["delegate"]
        votes[who] = change.args["newVotes"]
        if change.timestamp >= desk.now - recent:
            gain = change.args["newVotes"] - change.args["previousVotes"]
            moved[who] = moved.get(who, 0) + gain
    supply = view.read("FoundationToken", "totalSupply")
    largest = max(votes.values(), default=0)
    proposer = votes.get(record.args["proposer"], 0)
    return {
        "supply": supply,
        "delegates": sum(1 for number in votes.values() if number),
        "largest_ppm": largest * PPM // supply if supply else 0,
        "proposer_ppm": proposer * PPM // supply if supply else 0,
        "gained_ppm": max(moved.values(), default=0) * PPM // supply if supply else 0,
    }


Reasons = dict[str, list[str]]
"""What speaks against a proposal, by the item that it is counted under."""


def _of_calls(
    calls: Sequence[Mapping[str, Any]], pinned: Mapping[str, str], code: Mapping[str, bytes]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with whom the proposal calls."""
    for call in calls:
        target = f"0x{call['target'].hex()}"
        if call["contract"] is None:
            yield "unknown-call", f"{target} is called with what no contract of ours reads"
            if not call["has_code"]:
                yield "no-code", f"{target} has no code yet: what will stand there is open"
        elif call["code_hash"] != code.get(call["contract"]):
            yield "code", f"{call['contract']} is not the code that the register approves"
        if target in pinned and pinned[target] != f"0x{call['code_hash'].hex()}":
            yield "code-swapped", f"{target} is not the code of the first review"


def _of_outcome(
    outcome: Mapping[str, Any], intended: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with what it would do: power and money that move, and surprises."""
    for number, result in enumerate(outcome["calls"]):
        if not result["success"]:
            yield "fails", f"call {number} would revert: {result['reason']}"
    for name, (before, after) in outcome["diff"].items():
        if intended is not None and intended.get(name) == after:
            continue
        if name.startswith("role."):
            yield "role", f"{name}: {'granted' if after else 'taken away'}"
        elif name.startswith(("held.", "supply.")):
            yield "funds", f"{name} goes from {before} to {after}"
    if intended is None:
        yield "unannounced", "no change entry names this proposal and what it intends"
        return
    changed = {name: after for name, (_before, after) in outcome["diff"].items()}
    for name, (wanted, got) in difference(intended, changed).items():
        yield "unintended", f"{name}: announced {wanted}, would become {got}"


def _reasons(found: Iterable[tuple[str, str]]) -> Reasons:
    reasons: Reasons = {}
    for item, reason in found:
        reasons.setdefault(item, []).append(reason)
    return reasons


def review(
    desk: Desk, record: LogRecord, state: str, *, pinned: Mapping[str, str], recent: int,
    max_share_ppm: int,
) -> dict[str, Any]:  # fmt: skip
    """Return the review file of one proposal, JSON-like but for bytes.

    *pinned* are code hashes by target of the first review; votes gained in the last *recent*
    seconds, and any delegate's share above *max_share_ppm*, count as concentration.
    """
    calls = _decode(desk, record)
    outcome = _simulated(desk, record, _accounts(desk, record, calls))
    entry = announced(desk, record.args["proposalId"])
    intended = entry.data.get("intended") if entry else None
    code = desk.register.contracts()
    reasons = _reasons([*_of_calls(calls, pinned, code), *_of_outcome(outcome, intended)])
    power = _power(desk, record, recent)
    for part in ("largest_ppm", "gained_ppm"):
        if power[part] > max_share_ppm:
            reasons.setdefault("concentration", []).append(f"{part} {power[part]}")
    return {
        "proposal": str(record.args["proposalId"]),
        "proposer": record.args["proposer"],
        "description": record.args["description"],
        "state": state,
        "vote_end": record.args["voteEnd"],
        "calls": calls,
        "outcome": outcome,
        "power": power,
        "change": entry.id if entry else None,
        "reasons": reasons,
        "code_hashes": {
            f"0x{call['target'].hex()}": f"0x{call['code_hash'].hex()}" for call in calls
        },
    }
