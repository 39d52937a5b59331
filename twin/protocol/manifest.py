"""The deployment manifest: what stands where, who holds which role, and what was approved.

Everything that needs an address reads it here by name, in the twin and live: a real deployment
is used by writing its own manifest. The JSON form holds addresses as `0x` hex, money and time as
integers, the source hash of each contract, which must be that of the artifacts at hand, and the
hash of the code that stands there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twin.errors import UnknownName, UsageError
from twin.protocol.artifacts import Artifact
from twin.protocol.contract import Contract
from twin.protocol.parameters import Grant
from twin.protocol.reverts import Reverts

__all__ = ["SCHEMA_VERSION", "Deployment"]

SCHEMA_VERSION = 2

_GROUPS = {"accounts": 20, "feeds": 32, "nodes": 20, "sovereigns": 20}
"""Sections of byte strings by name, and the number of bytes of each."""

_KEYS = ("block", "chain_id", "contracts", "holders", "parameters", "roles", *_GROUPS)


@dataclass(frozen=True, slots=True, eq=False)
class Deployment:
    """Contracts, roles and parameters by name, as of *block*.

    *feeds* are feed ids by commodity; *nodes*, *sovereigns* and *accounts* addresses by name.
    *roles* are the accounts that act for a role, *holders* all that hold it, contracts too: the
    register. *code_hashes* are keccaks of the deployed code by contract.
    *parameters* are what was approved, by dotted name: `feed.WTI.max_answer`, `fee.swap.min`.
    *reverts* decodes the payloads of all contracts.
    """

    block: int
    chain_id: int
    contracts: Mapping[str, Contract]
    roles: Mapping[str, Grant]
    holders: Mapping[str, tuple[Grant, ...]]
    accounts: Mapping[str, bytes]
    feeds: Mapping[str, bytes]
    nodes: Mapping[str, bytes]
    sovereigns: Mapping[str, bytes]
    code_hashes: Mapping[str, bytes]
    parameters: Mapping[str, int]
    reverts: Reverts
    _at: dict[bytes, Contract] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the contracts by address: each log of a block is looked up there."""
        at = {contract.address: contract for contract in self.contracts.values()}
        object.__setattr__(self, "_at", at)

    def contract(self, name: str) -> Contract:
        """Return the contract called *name*; UnknownName where there is none."""
        found = self.contracts.get(name)
        if found is None:
            raise UnknownName("contract", name, self.contracts)
        return found

    def at_address(self, address: bytes) -> Contract | None:
        """Return the contract at *address*, or None where none of ours is."""
        return self._at.get(address)

    def address(self, name: str) -> bytes:
        """Return the address of the contract, role, node, sovereign or account called *name*."""
        if name in self.contracts:
            return self.contracts[name].address
        if name in self.roles:
            return self.roles[name].account
        for group in (self.accounts, self.nodes, self.sovereigns):
            if name in group:
                return group[name]
        known = [*self.contracts, *self.roles, *self.accounts, *self.nodes, *self.sovereigns]
        raise UnknownName("contract or account", name, known)

    def parameter(self, name: str) -> int:
        """Return the approved value of *name*; UnknownName where there is none."""
        if name not in self.parameters:
            raise UnknownName("parameter", name, self.parameters)
        return self.parameters[name]

    def to_json(self) -> str:
        """Return the manifest as canonical JSON text: sorted keys, two spaces, newline at the end."""
        body = {
            "schema_version": SCHEMA_VERSION,
            "block": self.block,
            "chain_id": self.chain_id,
            "contracts": {
                name: {
                    "artifact": contract.artifact.name,
                    "address": _hex(contract.address),
                    "code_hash": _hex(self.code_hashes[name]),
                    "source_hash": contract.artifact.source_hash,
                }
                for name, contract in self.contracts.items()
            },
            "roles": {name: _granted(grant) for name, grant in self.roles.items()},
            "holders": {
                name: [_granted(grant) for grant in grants] for name, grants in self.holders.items()
            },
            "accounts": _hexes(self.accounts),
            "feeds": _hexes(self.feeds),
            "nodes": _hexes(self.nodes),
            "sovereigns": _hexes(self.sovereigns),
            "parameters": dict(self.parameters),
        }
        return json.dumps(body, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str, artifacts: Mapping[str, Artifact]) -> Deployment:
        """Return the deployment that *text* describes, coded by *artifacts*.

        UsageError says which part of the manifest is missing or malformed, or which contract was
        compiled from other sources than the artifact at hand.
        """
        raw = _parse(text)
        try:
            contracts = {
                name: _contract(name, item, artifacts) for name, item in raw["contracts"].items()
            }
            roles = {name: _grant(item) for name, item in raw["roles"].items()}
            holders = {
                name: tuple(_grant(item) for item in items)
                for name, items in raw["holders"].items()
            }
            hashes = {
                name: _bytes(item["code_hash"], 32) for name, item in raw["contracts"].items()
            }
            groups = {
                key: {name: _bytes(item, size) for name, item in raw[key].items()}
                for key, size in _GROUPS.items()
            }
            return cls(
                block=int(raw["block"]), chain_id=int(raw["chain_id"]), contracts=contracts,
                roles=roles, holders=holders, code_hashes=hashes, parameters={key: int(n) for key, n in raw["parameters"].items()},
                reverts=reverts_of(contracts), **groups,
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the deployment manifest is malformed: {error!r}") from error


def reverts_of(contracts: Mapping[str, Contract]) -> Reverts:
    """Return the decoder of the revert payloads of *contracts*."""
    return Reverts(contract.artifact.codec for contract in contracts.values())


def _parse(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the deployment manifest is no JSON: {error}") from None
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"the deployment manifest has schema_version {version!r}; "
            f"this version of twin reads {SCHEMA_VERSION}"
        )
    missing = [key for key in _KEYS if key not in raw]
    if missing:
        raise UsageError(f"the deployment manifest lacks {', '.join(missing)}")
    return dict(raw)


def _contract(name: str, item: Mapping[str, Any], artifacts: Mapping[str, Artifact]) -> Contract:
    artifact = artifacts[item["artifact"]]
    if item["source_hash"] != artifact.source_hash:
        raise UsageError(
            f"{name} was deployed from sources {item['source_hash'][:12]}..., the artifact is of "
            f"{artifact.source_hash[:12]}...; use the artifacts it was deployed with"
        )
    return Contract(name, _bytes(item["address"], 20), artifact)


def _granted(grant: Grant) -> dict[str, Any]:
    return {"account": _hex(grant.account), "delay": grant.delay}


def _grant(item: Mapping[str, Any]) -> Grant:
    return Grant(_bytes(item["account"], 20), int(item["delay"]))


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _hexes(group: Mapping[str, bytes]) -> dict[str, str]:
    return {name: _hex(value) for name, value in group.items()}


def _bytes(text: str, size: int) -> bytes:
    value = bytes.fromhex(text.removeprefix("0x"))
    if len(value) != size:
        raise ValueError(f"{text!r} is not {size} bytes of hex")
    return value
