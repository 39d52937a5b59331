"""A laboratory for changes: change files with calldata that really encodes what they say."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from twin.bundled import folder
from twin.protocol.artifacts import Artifacts
from twin.protocol.contract import Contract

__all__ = ["CAP", "TEAM", "call", "change", "requested", "text"]

UNIT = 10**6
CAP = "settlement.max_amount"
"""The parameter that the example changes."""


@cache
def _artifacts() -> Artifacts:
    return Artifacts(folder("contracts_abi"))


def call(contract: str, function: str, *args: Any, **other: Any) -> dict[str, Any]:
    """Return a call whose calldata encodes *args*; *other* fields replace its own."""
    data = Contract(contract, bytes(20), _artifacts()[contract]).encode(function, *args)
    shown = [f"0x{arg.hex()}" if isinstance(arg, bytes) else arg for arg in args]
    return {"contract": contract, "function": function, "args": shown,
            "data": f"0x{data.hex()}", **other}  # fmt: skip


def change(*, to: int = 1_000_000_000, was: int = 500_000_000, **fields: Any) -> dict[str, Any]:
    """Return a change of the largest deal from *was* to *to* million units, with *fields* of its own."""
    return {
        "class": "normal", "id": "larger-deals", "title": "Larger cargoes may be settled",
        "intent": "Two cargoes in one deal: the largest deal is doubled for the winter.",
        "requester": "norland", "authority": "governance",
        "calls": [call("Settlement", "setMaxAmount", to * UNIT)],
        "expect": {CAP: {"before": was * UNIT, "after": to * UNIT}},
        "risk": {"level": "low", "reversible": True, "why": "one limit, inside what was seen"},
        "back": {"kind": "rollback", "within": "2d", "loses": "nothing",
                 "calls": [call("Settlement", "setMaxAmount", was * UNIT)]},
        "schedule": {"earliest": 0, "latest": "6d"},
        "approvers": ["security", "commander"], "quorum": 2,
        "success": {"horizon": "2h", "criteria": [
            {"expr": 'fictra_contract_paused{contract="Settlement"}', "max": 0}]},
        **fields,
    }  # fmt: skip


def text(**fields: Any) -> str:
    """Return a change file."""
    return json.dumps(change(**fields), indent=1)


PEOPLE = {
    "amara": ["operator"],
    "bruno": ["security"],
    "chen": ["commander"],
    "dalia": ["liaison", "analyst"],
}
TEAM: dict[str, Any] = {
    "policy": "playbook",
    "people": [
        {"name": name, "roles": roles, "ack_median": "1m", "ack_p95": "1m"}
        for name, roles in PEOPLE.items()
    ],
    "authorities": {
        name: {"signers": list(PEOPLE), "threshold": 2}
        for name in ("governance", "oracle_admin", "fee_steward")
    },
}
"""Four people with a role each, so that two who approve are two."""


def requested(*files: str, at: int = 3600, **changes: Any) -> dict[str, Any]:
    """Return the sections of a scenario in which *files* are handed in by norland."""
    requests = [{"at": at, "author": "norland", "text": item} for item in files]
    return {"services": {"changes": {"requests": requests}}, "team": TEAM, **changes}
