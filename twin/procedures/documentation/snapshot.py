"""The configuration as it stands: addresses, roles, parameters and versions, beside the register."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData, UnknownName
from twin.procedures.routine.audit import CONTROLS
from twin.procedures.routine.state import FEE_KINDS, difference, live_parameters

__all__ = [
    "against_register",
    "config_snapshot",
    "documents_against_register",
    "snapshot_hash",
    "undocumented",
]

STEERED = tuple(f"fee.{kind}.fee" for kind in FEE_KINDS)
ADDRESS = ("contract.", ".address")
ACCOUNT = ("role.", ".account")


def _addresses(desk: Desk) -> dict[str, str]:
    return {name: "0x" + desk.register.address(name).hex() for name in desk.register.contracts()}


def _roles(desk: Desk) -> dict[str, list[str]]:
    """Return who holds each role now, among all who ever did or should."""
    view = desk.at()
    asked = {(role, account) for role, held in desk.register.holders().items() for account in held}
    asked |= {
        (log.args["roleId"], log.args["account"])
        for log in view.logs("Authority", "RoleGranted", since=0)
    }
    found: dict[str, list[str]] = {}
    for role, account in sorted(asked):
        if view.read("Authority", "hasRole", role, account)[0]:
            found.setdefault(str(role), []).append("0x" + account.hex())
    return found


def _versions(desk: Desk) -> tuple[dict[str, str], list[str]]:
    """Return the version of each component and node by place, and what does not answer."""
    found: dict[str, str] = {}
    unread: list[str] = []
    try:
        for item in desk.services.inventory.components():
            found[f"{item.component}@{item.where}"] = item.version
    except NoData as error:
        unread.append(f"inventory: {error}")
    for node in desk.services.operators.nodes():
        try:
            found[f"oracle-node@{node}"] = desk.services.operators.status(node).version
        except NoData as error:
            unread.append(f"{node}: {error}")
    return found, unread


def config_snapshot(desk: Desk) -> dict[str, Any]:
    """Return the whole configuration, with what could not be read."""
    view = desk.at()
    versions, unread = _versions(desk)
    code = {
        name: "0x" + view.account(desk.register.address(name)).code_hash.hex()
        for name in desk.register.contracts()
    }
    return {
        "block": view.block, "addresses": _addresses(desk), "code": code, "roles": _roles(desk),
        "parameters": live_parameters(desk), "versions": versions, "unread": unread,
    }  # fmt: skip


def snapshot_hash(snapshot: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the configuration itself: the block that it was read at is not in it."""
    held = {name: part for name, part in snapshot.items() if name not in {"block", "unread"}}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def documents_against_register(desk: Desk) -> list[str]:
    """Return each address or account in a document that is not the register's."""
    found = []
    for document in desk.services.documents.all():
        for fact, value in document.facts.items():
            for prefix, suffix in (ADDRESS, ACCOUNT):
                if not (fact.startswith(prefix) and fact.endswith(suffix)):
                    continue
                name = fact.removeprefix(prefix).removesuffix(suffix)
                try:
                    approved = "0x" + desk.register.address(name).hex()
                except UnknownName:
                    found.append(f"{document.id}: {fact} is in no register")
                    continue
                if value.lower() != approved:
                    found.append(f"{document.id}: {fact} is {value}, approved is {approved}")
    return found


def against_register(desk: Desk) -> dict[str, list[str]]:
    """Return where roles, parameters and code differ from the register, by the audit's controls."""
    return {name: CONTROLS[name](desk) for name in ("roles", "parameters", "code")}


def undocumented(
    desk: Desk, before: Mapping[str, Any], after: Mapping[str, Any], since: int
) -> list[str]:
    """Return the parameters that moved between two snapshots and that no change entry names.

    A fee that a steward moves inside approved bounds needs none; roles and code have the register.
    """
    moved = difference(before["parameters"], after["parameters"])
    named: set[str] = set()
    for entry in desk.stores.entries("change"):
        if entry.changed >= since:
            named |= set(entry.data.get("intended") or {})
    return [
        f"{name}: {old} became {new}"
        for name, (old, new) in moved.items()
        if name not in STEERED and name not in named
    ]
